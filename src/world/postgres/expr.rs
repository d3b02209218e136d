//! Expressions: bound once to names and types, which is where most mistakes show, then worked out row by row.
use std::cmp::Ordering;

use sqlparser::ast::{
    BinaryOperator as Op, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments, Ident,
    InTarget, ObjectName, Query, UnaryOperator, Value as Literal,
};

use super::code::{Binder, Code, Column, Scope, all, becomes, common, convert, unified};
use super::command::too_deep;
use super::function::{call, missing};
use super::select::aggregate;
use super::value::kind::{BOOL, FLOAT8, INT4, INT8, INTERVAL, TEXT, UNKNOWN};
use super::value::{self, Fault, Res, Value, array, category, element, order, parse};

/// What nests deeper is not looked at.
const DEEPEST: usize = 100;

/// A name as it is meant: what is not quoted is in small letters.
pub fn ident(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

pub fn last(name: &ObjectName) -> String {
    name.0.last().and_then(|part| part.as_ident()).map(ident).unwrap_or_default()
}

fn symbol(op: &Op) -> String {
    match op {
        Op::PGCustomBinaryOperator(parts) => parts.last().cloned().unwrap_or_default(),
        other => other.to_string(),
    }
}

impl Binder<'_> {
    pub fn expr(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        let depth = self.depth.get();
        if depth > DEEPEST {
            return Err(too_deep());
        }
        self.depth.set(depth + 1);
        let code = self.bound(e, s);
        self.depth.set(depth);
        code
    }

    fn bound(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        if !s.inside.get()
            && let Some(grouped) = &s.grouped
            && grouped.iter().any(|(_, text)| *text == e.to_string())
        {
            s.inside.set(true);
            let code = self.expr(e, s);
            s.inside.set(false);
            return code;
        }
        match e {
            Expr::Identifier(name) => Self::column(None, name, s),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => Self::column(Some(&ident(table)), name, s),
                _ => Err(Fault::unsupported(e)),
            },
            Expr::Nested(inner) => self.expr(inner, s),
            Expr::Value(value) => self.literal(&value.value),
            Expr::Cast { expr, data_type, .. } => {
                let (code, ty) = (self.expr(expr, s)?, data_type.to_string());
                let known = value::named(&ty);
                let known = known.ok_or_else(|| Fault::missing("42704", "type", &ty.to_lowercase()));
                convert(code, known?)
            }
            Expr::Interval(interval) if interval.leading_field.is_none() => {
                convert(self.expr(&interval.value, s)?, INTERVAL)
            }
            Expr::BinaryOp { left, op: op @ (Op::And | Op::Or), right } => {
                Ok(both(self.truth(left, s)?, self.truth(right, s)?, *op == Op::Or))
            }
            Expr::BinaryOp { left, op, right } => {
                binary(&symbol(op), self.expr(left, s)?, self.expr(right, s)?)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(not(self.truth(expr, s)?)),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                call("-", vec![Code::constant(INT4, 0_i64), self.expr(expr, s)?])
            }
            Expr::Function(call) => self.function(call, s),
            Expr::Extract { field, expr, .. } => {
                let field = Code::constant(TEXT, field.to_string().to_lowercase());
                call("extract", vec![field, self.expr(expr, s)?])
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                let (mut tests, mut results) = (Vec::new(), Vec::new());
                for when in conditions {
                    tests.push(match operand {
                        Some(operand) => binary("=", self.expr(operand, s)?, self.expr(&when.condition, s)?)?,
                        None => self.truth(&when.condition, s)?,
                    });
                    results.push(self.expr(&when.result, s)?);
                }
                let null = || Ok(Code::constant(UNKNOWN, Value::Null));
                results.push(else_result.as_ref().map_or_else(null, |e| self.expr(e, s))?);
                let (results, ty) = unified("CASE", results)?;
                Ok(Code::new(ty, move |env| {
                    for (test, result) in tests.iter().zip(&results) {
                        if (test.run)(env)?.is_true() {
                            return (result.run)(env);
                        }
                    }
                    results.last().map_or(Ok(Value::Null), |result| (result.run)(env))
                }))
            }
            Expr::Subquery(query) => self.scalar(query, s),
            _ => self.condition(e, s),
        }
    }

    pub fn truth(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        let code = self.expr(e, s)?;
        if !becomes(code.ty, BOOL) {
            let from = value::name(code.ty);
            return Err(Fault::new("42804", format!("argument must be type boolean, not type {from}")));
        }
        convert(code, BOOL)
    }

    /// What is true or false.
    fn condition(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        let (is_not, code) = match e {
            Expr::IsNull(of) | Expr::IsNotNull(of) => {
                let code = self.expr(of, s)?;
                let is_null = Code::new(BOOL, move |env| Ok((code.run)(env)?.is_null().into()));
                (matches!(e, Expr::IsNotNull(_)), is_null)
            }
            Expr::Between { expr, negated, low, high } => {
                let part = |op: &str, bound: &Expr| binary(op, self.expr(expr, s)?, self.expr(bound, s)?);
                (*negated, both(part(">=", low)?, part("<=", high)?, false))
            }
            Expr::Like { negated, expr, pattern, .. } => {
                (*negated, call("~~", vec![self.expr(expr, s)?, self.expr(pattern, s)?])?)
            }
            Expr::ILike { negated, expr, pattern, .. } => {
                (*negated, call("~~*", vec![self.expr(expr, s)?, self.expr(pattern, s)?])?)
            }
            Expr::In { expr, target: InTarget::List(list), negated, .. } => {
                let codes = list.iter().map(|e| self.expr(e, s)).collect::<Res<_>>()?;
                let (codes, ty) = unified("IN", codes)?;
                let list = Code::new(array(ty), move |env| Ok(all(&codes, env)?.into()));
                (*negated, any("=", self.expr(expr, s)?, list)?)
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                (false, any(&symbol(compare_op), self.expr(left, s)?, self.expr(right, s)?)?)
            }
            Expr::Exists { subquery, negated } => {
                let plan = self.query(subquery, Some(s))?;
                (*negated, Code::new(BOOL, move |env| Ok((!(plan.rows)(env)?.is_empty()).into())))
            }
            _ => return Err(Fault::unsupported(format!("`{e}`"))),
        };
        Ok(if is_not { not(code) } else { code })
    }

    fn scalar(&self, query: &Query, s: &Scope<'_>) -> Res<Code> {
        let plan = self.query(query, Some(s))?;
        let [(_, ty)] = plan.columns.as_slice() else {
            return Err(Fault::new("42601", "subquery must return only one column"));
        };
        Ok(Code::new(*ty, move |env| {
            let mut rows = (plan.rows)(env)?;
            if rows.len() > 1 {
                let why = "more than one row returned by a subquery used as an expression";
                return Err(Fault::new("21000", why));
            }
            Ok(rows.pop().and_then(|mut row| row.pop()).unwrap_or(Value::Null))
        }))
    }

    /// A column by its name, from the innermost names outwards.
    fn column(table: Option<&str>, name: &Ident, scope: &Scope<'_>) -> Res<Code> {
        let wanted = ident(name);
        let mut knows_table = table.is_none();
        for (depth, s) in std::iter::successors(Some(scope), |s| s.outer).enumerate() {
            let named = |c: &Column| c.name == wanted && table.is_none_or(|table| c.table == table);
            let mut found = s.columns.iter().enumerate().filter(|(_, column)| named(column));
            knows_table |= s.columns.iter().any(|column| Some(&*column.table) == table);
            let Some((at, column)) = found.next() else { continue };
            if found.next().is_some() {
                return Err(Fault::new("42702", format!("column reference \"{wanted}\" is ambiguous")));
            }
            let keys = s.grouped.as_ref().filter(|_| !s.inside.get());
            if keys.is_some_and(|keys| !keys.iter().any(|(column, _)| *column == Some(at))) {
                let why = "must appear in the GROUP BY clause or be used in an aggregate function";
                return Err(Fault::new("42803", format!("column \"{}.{wanted}\" {why}", column.table)));
            }
            return Ok(Code::cell(column.ty, depth, at));
        }
        Err(match table {
            Some(table) if !knows_table => {
                Fault::new("42P01", format!("missing FROM-clause entry for table \"{table}\""))
            }
            Some(table) => Fault::new("42703", format!("column {table}.{wanted} does not exist")),
            None => Fault::missing("42703", "column", &wanted),
        })
    }

    fn literal(&self, value: &Literal) -> Res<Code> {
        Ok(match value {
            Literal::Number(text, _) => match text.parse::<i64>() {
                Ok(n) => Code::constant(if i32::try_from(n).is_ok() { INT4 } else { INT8 }, n),
                Err(_) => Code::constant(FLOAT8, parse(text, FLOAT8)?),
            },
            Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => {
                Code::constant(UNKNOWN, text)
            }
            Literal::Boolean(is) => Code::constant(BOOL, *is),
            Literal::Null => Code::constant(UNKNOWN, Value::Null),
            Literal::Placeholder(name) => {
                let at = name.trim_start_matches('$').parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                let typed = at.and_then(|at| Some((at, *self.types.get(at)?)));
                let (at, ty) = typed.ok_or_else(|| {
                    Fault::new("42P18", format!("could not determine data type of parameter {name}"))
                })?;
                Code::new(ty, move |env| Ok(env.params.get(at).cloned().unwrap_or(Value::Null)))
            }
            other => return Err(Fault::unsupported(format!("`{other}`"))),
        })
    }

    fn function(&self, call: &Call, s: &Scope<'_>) -> Res<Code> {
        let name = last(&call.name);
        let list = match &call.args {
            FunctionArguments::None => &[][..],
            FunctionArguments::List(list) if list.clauses.is_empty() => list.args.as_slice(),
            _ => return Err(Fault::unsupported(call)),
        };
        if call.over.is_some() {
            return Err(Fault::unsupported("a window function"));
        }
        let mut args = Vec::new();
        for arg in list {
            match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e)) => args.push(e),
                FunctionArg::Unnamed(FunctionArgExpr::Wildcard) if name == "count" => {}
                _ => return Err(Fault::unsupported(call)),
            }
        }
        let Some(fold) = aggregate(&name) else {
            return super::function::call(
                &name,
                args.into_iter().map(|e| self.expr(e, s)).collect::<Res<_>>()?,
            );
        };
        let Some(gathered) = &s.aggregates else {
            return Err(Fault::new("42803", format!("aggregate functions are not allowed here: {name}")));
        };
        if s.inside.replace(true) {
            return Err(Fault::new("42803", "aggregate function calls cannot be nested"));
        }
        let made = self.aggregate(call, &args, fold, s);
        s.inside.set(false);
        let (ty, made) = made?;
        let mut gathered = gathered.borrow_mut();
        gathered.push(made);
        // What is gathered of a group stands behind the cells of its first row.
        Ok(Code { column: None, ..Code::cell(ty, 0, s.columns.len() + gathered.len() - 1) })
    }
}

fn comparison(op: &str) -> Option<fn(Ordering) -> bool> {
    Some(match op {
        "=" => Ordering::is_eq,
        "<>" | "!=" => Ordering::is_ne,
        "<" => Ordering::is_lt,
        "<=" => Ordering::is_le,
        ">" => Ordering::is_gt,
        ">=" => Ordering::is_ge,
        _ => return None,
    })
}

fn binary(op: &str, a: Code, b: Code) -> Res<Code> {
    let texts = [a.ty, b.ty].iter().any(|ty| matches!(category(*ty), 'S' | 'X'));
    match (op, comparison(op)) {
        (_, Some(is)) => {
            let refused = missing(op, &[a.ty, b.ty]);
            let (both, _) = unified(op, vec![a, b]).map_err(|_| refused)?;
            Ok(Code::new(BOOL, move |env| match all(&both, env)?.as_slice() {
                [a, b] if !a.is_null() && !b.is_null() => Ok(is(order(a, b)).into()),
                _ => Ok(Value::Null),
            }))
        }
        ("||", _) if texts => call(op, vec![convert(a, TEXT)?, convert(b, TEXT)?]),
        ("!~" | "!~*" | "!~~" | "!~~*", _) => Ok(not(call(op.trim_start_matches('!'), vec![a, b])?)),
        _ => call(op, vec![a, b]),
    }
}

/// `expr op ANY (list)`.
fn any(op: &str, one: Code, list: Code) -> Res<Code> {
    let is = comparison(op).ok_or_else(|| Fault::unsupported(format!("ANY with {op}")))?;
    let list = if list.ty == UNKNOWN { convert(list, array(one.ty))? } else { list };
    let wrong = || Fault::new("42809", "op ANY/ALL (array) requires array on right side");
    let inner = element(list.ty).ok_or_else(wrong)?;
    let ty = common(one.ty, inner).ok_or_else(|| missing(op, &[one.ty, inner]))?;
    let (one, list) = (convert(one, ty)?, convert(list, array(ty))?);
    Ok(Code::new(BOOL, move |env| {
        let (one, list) = ((one.run)(env)?, (list.run)(env)?);
        env.step(list.list().len())?;
        let known = list.list().iter().filter(|each| !one.is_null() && !each.is_null());
        let all = !list.is_null() && known.clone().count() == list.list().len();
        let found = known.into_iter().any(|each| is(order(&one, each)));
        Ok((found || all).then_some(found).into())
    }))
}

/// AND, and OR, of what may be unknown.
fn both(a: Code, b: Code, or: bool) -> Code {
    Code::new(BOOL, move |env| {
        let first = (a.run)(env)?;
        if matches!(first, Value::Bool(is) if is == or) {
            return Ok(or.into());
        }
        let second = (b.run)(env)?;
        let decided = matches!(second, Value::Bool(is) if is == or);
        Ok(if first.is_null() && !decided { first } else { second })
    })
}

fn not(code: Code) -> Code {
    Code::new(BOOL, move |env| {
        let value = (code.run)(env)?;
        Ok(if value.is_null() { value } else { (!value.is_true()).into() })
    })
}
