//! Expressions: bound once to names and types, which is where most mistakes show, then worked out row by row.
use std::cell::RefCell;

use sqlparser::ast::{
    AccessExpr, BinaryOperator as Op, CaseWhen, Expr, Function as Call, FunctionArg, FunctionArgExpr,
    FunctionArguments, Ident, InTarget, Query, Spanned, Subscript, UnaryOperator, Value as Literal,
};

use sqlparser::tokenizer::Span;

use super::aggregate::{self};
use super::cast::scale_of;
pub use super::code::{Code, Column, Env, Scope, limited};
use super::fault::{Fault, Res};
use super::function;
use super::operator;
use super::state::Database;
use super::value::kind::{BOOL, INT4, INT8, INTERVAL, NUMERIC, TEXT, TIMESTAMP, TIMESTAMPTZ, UNKNOWN};
use super::value::{self, Oid, Value, array, element, order, parse};

pub struct Binder<'b> {
    pub db: &'b Database,
    pub pid: i32,
    pub params: RefCell<Vec<Oid>>,
    pub ctes: RefCell<Vec<(String, Vec<String>, Query)>>,
}

/// A name as it is meant: what is not quoted is in small letters.
pub fn ident(ident: &Ident) -> String {
    if ident.quote_style.is_some() { ident.value.clone() } else { ident.value.to_lowercase() }
}

impl Binder<'_> {
    pub fn expr(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        if let Some((_, whole)) = &s.grouped
            && !s.free.get()
            && whole.contains(&e.to_string())
        {
            return self.freely(e, s);
        }
        match e {
            Expr::Identifier(name) => {
                Self::column(None, name, name.span, s).or_else(|fault| match &*ident(name) {
                    word @ ("current_schema" | "current_catalog" | "localtimestamp") => {
                        function::call(self, word, Vec::new())
                    }
                    _ => Err(fault),
                })
            }
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => Self::column(Some(&ident(table)), name, e.span(), s),
                _ => Err(Fault::unsupported(e)),
            },
            Expr::Nested(inner) | Expr::Collate { expr: inner, .. } => self.expr(inner, s),
            Expr::Value(value) => match self.literal(&value.value) {
                Ok(code) => Ok(Code { span: value.span, ..code }),
                Err(fault) => Err(fault.at(value.span)),
            },
            Expr::Cast { expr, data_type, .. } => {
                let scale = scale_of(&data_type.to_string());
                self.cast(self.expr(expr, s)?, &data_type.to_string(), scale).map_err(|f| f.at(e.span()))
            }
            Expr::TypedString(typed) => {
                let text = self.literal(&typed.value.value)?;
                self.cast(text, &typed.data_type.to_string(), None)
            }
            Expr::Interval(interval) => {
                let unit = interval.leading_field.as_ref().map(|unit| format!(" {unit}")).unwrap_or_default();
                let text =
                    self.expr(&interval.value, s)?.literal.map(|text| format!("{}{unit}", text.text()));
                let text = text.ok_or_else(|| Fault::unsupported(e))?;
                Ok(Code::constant(INTERVAL, parse(&text, INTERVAL)?))
            }
            Expr::BinaryOp { left, op: Op::And, right } => self.logic(left, right, false, s),
            Expr::BinaryOp { left, op: Op::Or, right } => self.logic(left, right, true, s),
            Expr::BinaryOp { left, op, right } => {
                let symbol = symbol(op);
                operator::binary(self, &symbol, self.expr(left, s)?, self.expr(right, s)?)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => {
                let code = self.coerce(self.expr(expr, s)?, BOOL)?;
                Ok(Code::new(BOOL, move |env| {
                    Ok(match (code.run)(env)? {
                        Value::Bool(is) => (!is).into(),
                        _ => Value::Null,
                    })
                }))
            }
            Expr::UnaryOp { op: UnaryOperator::Plus, expr } => self.expr(expr, s),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                let code = self.expr(expr, s)?;
                if let Some(Value::Int(n)) = code.literal {
                    return Ok(Code::constant(code.ty, Value::Int(n.saturating_neg())));
                }
                operator::binary(self, "*", Code::constant(INT4, Value::Int(-1)), code)
            }
            Expr::Function(call) => self.function(call, s).map_err(|fault| fault.at(e.span())),
            _ => self.condition(e, s),
        }
    }

    /// What is true or false.
    fn condition(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        match e {
            Expr::IsNull(e) => self.test(e, s, Value::is_null),
            Expr::IsNotNull(e) => self.test(e, s, |v| !v.is_null()),
            Expr::IsTrue(e) => self.test(e, s, Value::is_true),
            Expr::IsNotTrue(e) => self.test(e, s, |v| !v.is_true()),
            Expr::IsFalse(e) => self.test(e, s, |v| matches!(v, Value::Bool(false))),
            Expr::IsNotFalse(e) => self.test(e, s, |v| !matches!(v, Value::Bool(false))),
            Expr::IsDistinctFrom(a, b) => self.distinct(a, b, true, s),
            Expr::IsNotDistinctFrom(a, b) => self.distinct(a, b, false, s),
            Expr::Between { expr, negated, low, high } => {
                let part = |op: &str, bound: &Expr| {
                    operator::binary(self, op, self.expr(expr, s)?, self.expr(bound, s)?)
                };
                let both = operator::both(part(">=", low)?, part("<=", high)?, false);
                Ok(if *negated { operator::not(both) } else { both })
            }
            Expr::Like { negated, expr, pattern, .. } => {
                self.match_of(if *negated { "!~~" } else { "~~" }, expr, pattern, s)
            }
            Expr::ILike { negated, expr, pattern, .. } => {
                self.match_of(if *negated { "!~~*" } else { "~~*" }, expr, pattern, s)
            }
            Expr::In { expr, target, negated, .. } => {
                let found = match target {
                    InTarget::List(list) => {
                        let list = list.iter().map(|e| self.expr(e, s)).collect::<Res<Vec<_>>>()?;
                        operator::any(self, "=", self.expr(expr, s)?, self.array(list)?, false)?
                    }
                    InTarget::Subquery(query) => {
                        let all = self.gathered(query, s)?;
                        operator::any(self, "=", self.expr(expr, s)?, all, false)?
                    }
                    _ => return Err(Fault::unsupported(e)),
                };
                Ok(if *negated { operator::not(found) } else { found })
            }
            Expr::AnyOp { left, compare_op, right, .. } => self.quantified(left, compare_op, right, false, s),
            Expr::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, true, s),
            Expr::Exists { subquery, negated } => {
                let (plan, negated) = (self.query(subquery, Some(s))?, *negated);
                Ok(Code::new(BOOL, move |env| Ok(((plan.run)(env)?.is_empty() == negated).into())))
            }
            _ => self.form(e, s),
        }
    }

    /// Queries as values, choices, and forms with words of their own.
    fn form(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        match e {
            Expr::Subquery(query) => {
                let plan = self.query(query, Some(s))?;
                let [(_, ty)] = plan.columns.as_slice() else {
                    return Err(Fault::new("42601", "subquery must return only one column"));
                };
                Ok(Code::new(*ty, move |env| {
                    let mut rows = (plan.run)(env)?;
                    if rows.len() > 1 {
                        let why = "more than one row returned by a subquery used as an expression";
                        return Err(Fault::new("21000", why));
                    }
                    Ok(rows.pop().and_then(|mut row| row.pop()).unwrap_or(Value::Null))
                }))
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), s)
            }
            Expr::Extract { field, expr, .. } => {
                let field = Code::constant(TEXT, field.to_string().to_lowercase().into());
                let what = self.expr(expr, s)?;
                function::call(self, "extract", vec![field, what]).map_err(|f| f.at(e.span()))
            }
            Expr::AtTimeZone { timestamp, .. } => {
                let code = self.expr(timestamp, s)?;
                let ty = if code.ty == TIMESTAMPTZ { TIMESTAMP } else { TIMESTAMPTZ };
                self.convert(code, ty, None)
            }
            Expr::Ceil { expr, .. } => function::call(self, "ceil", vec![self.expr(expr, s)?]),
            Expr::Floor { expr, .. } => function::call(self, "floor", vec![self.expr(expr, s)?]),
            Expr::Position { expr, r#in } => {
                function::call(self, "strpos", vec![self.expr(r#in, s)?, self.expr(expr, s)?])
            }
            Expr::Substring { expr, substring_from, substring_for, .. } => {
                let parts = [Some(expr), substring_from.as_ref(), substring_for.as_ref()];
                let parts = parts.into_iter().flatten().map(|e| self.expr(e, s)).collect::<Res<Vec<_>>>()?;
                function::call(self, "substring", parts)
            }
            Expr::Trim { expr, trim_where: None, trim_what: None, .. } => {
                function::call(self, "btrim", vec![self.expr(expr, s)?])
            }
            Expr::Array(all) => {
                self.array(all.elem.iter().map(|e| self.expr(e, s)).collect::<Res<Vec<_>>>()?)
            }
            Expr::CompoundFieldAccess { root, access_chain } => {
                let [AccessExpr::Subscript(Subscript::Index { index })] = access_chain.as_slice() else {
                    return Err(Fault::unsupported(e));
                };
                let (list, index) = (self.expr(root, s)?, self.coerce(self.expr(index, s)?, INT4)?);
                let ty = element(list.ty).ok_or_else(|| {
                    let ty = value::name(list.ty);
                    Fault::new(
                        "42804",
                        format!("cannot subscript type {ty} because it does not support subscripting"),
                    )
                })?;
                Ok(Code::new(ty, move |env| {
                    let (list, index) = ((list.run)(env)?, (index.run)(env)?);
                    let at = usize::try_from(index.int()).ok().and_then(|n| n.checked_sub(1));
                    Ok(at.and_then(|at| list.list().get(at).cloned()).unwrap_or(Value::Null))
                }))
            }
            _ => Err(Fault::unsupported(format!("`{e}`"))),
        }
    }

    fn case(
        &self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        else_result: Option<&Expr>,
        s: &Scope<'_>,
    ) -> Res<Code> {
        let mut branches = Vec::new();
        for when in conditions {
            let condition = match operand {
                Some(operand) => {
                    let (left, right) = (self.expr(operand, s)?, self.expr(&when.condition, s)?);
                    operator::binary(self, "=", left, right)?
                }
                None => self.coerce(self.expr(&when.condition, s)?, BOOL)?,
            };
            branches.push((condition, self.expr(&when.result, s)?));
        }
        let last = else_result.map_or_else(|| Ok(Code::null()), |e| self.expr(e, s))?;
        let (conditions, mut results): (Vec<Code>, Vec<Code>) = branches.into_iter().unzip();
        results.push(last);
        let (results, ty) = self.unified("CASE", results)?;
        Ok(Code::new(ty, move |env| {
            for (condition, result) in conditions.iter().zip(&results) {
                if (condition.run)(env)?.is_true() {
                    return (result.run)(env);
                }
            }
            results.last().map_or(Ok(Value::Null), |result| (result.run)(env))
        }))
    }

    fn freely(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        let before = s.free.replace(true);
        let code = self.expr(e, s);
        s.free.set(before);
        code
    }

    /// A column by its name, from the innermost names outwards.
    fn column(table: Option<&str>, name: &Ident, span: Span, scope: &Scope<'_>) -> Res<Code> {
        let wanted = ident(name);
        let (mut scope, mut depth, mut knows_table) = (Some(scope), 0, table.is_none());
        while let Some(s) = scope {
            let matches = |c: &Column| c.name == wanted && table.is_none_or(|table| c.table == table);
            let mut found = s.columns.iter().enumerate().filter(|(_, column)| matches(column));
            knows_table |= s.columns.iter().any(|column| Some(&*column.table) == table);
            if let Some((at, column)) = found.next() {
                if found.next().is_some() {
                    let why = format!("column reference \"{wanted}\" is ambiguous");
                    return Err(Fault::new("42702", why).at(span));
                }
                if s.grouped.as_ref().is_some_and(|(columns, _)| !columns.contains(&at)) && !s.free.get() {
                    let why = format!(
                        "column \"{}.{wanted}\" must appear in the GROUP BY clause or be used in an aggregate function",
                        column.table
                    );
                    return Err(Fault::new("42803", why).at(span));
                }
                return Ok(Code::new(column.ty, move |env| {
                    let row = env.stack.len().checked_sub(depth + 1).and_then(|n| env.stack.get(n));
                    Ok(row.and_then(|row| row.get(at).cloned()).unwrap_or(Value::Null))
                }));
            }
            depth += 1;
            scope = s.outer;
        }
        Err(match table {
            Some(table) if !knows_table => {
                Fault::new("42P01", format!("missing FROM-clause entry for table \"{table}\""))
            }
            Some(table) => Fault::new("42703", format!("column {table}.{wanted} does not exist")),
            None => Fault::new("42703", format!("column \"{wanted}\" does not exist")),
        }
        .at(span))
    }

    fn literal(&self, value: &Literal) -> Res<Code> {
        Ok(match value {
            Literal::Number(text, _) => match text.parse::<i64>() {
                Ok(n) => Code::constant(if i32::try_from(n).is_ok() { INT4 } else { INT8 }, n.into()),
                Err(_) => Code::constant(NUMERIC, parse(text, NUMERIC)?),
            },
            Literal::SingleQuotedString(text)
            | Literal::EscapedStringLiteral(text)
            | Literal::UnicodeStringLiteral(text)
            | Literal::NationalStringLiteral(text) => Code::constant(UNKNOWN, text.into()),
            Literal::DollarQuotedString(text) => Code::constant(UNKNOWN, (&text.value).into()),
            Literal::Boolean(is) => Code::constant(BOOL, (*is).into()),
            Literal::Null => Code::null(),
            Literal::Placeholder(name) => {
                let at = name.trim_start_matches('$').parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                let at = at.filter(|at| *at < 1000);
                let at = at.ok_or_else(|| Fault::new("42P02", format!("there is no parameter {name}")))?;
                let mut params = self.params.borrow_mut();
                if params.len() <= at {
                    params.resize(at + 1, UNKNOWN);
                }
                let ty = params.get(at).copied().unwrap_or(UNKNOWN);
                let run = move |env: &mut Env<'_>| Ok(env.params.get(at).cloned().unwrap_or(Value::Null));
                Code { param: Some(at), ..Code::new(ty, run) }
            }
            other => return Err(Fault::unsupported(format!("`{other}`"))),
        })
    }

    fn test(&self, e: &Expr, s: &Scope<'_>, is: fn(&Value) -> bool) -> Res<Code> {
        let code = self.settled(self.expr(e, s)?)?;
        Ok(Code::new(BOOL, move |env| Ok(is(&(code.run)(env)?).into())))
    }

    fn logic(&self, left: &Expr, right: &Expr, or: bool, s: &Scope<'_>) -> Res<Code> {
        let (left, right) = (self.expr(left, s)?, self.expr(right, s)?);
        Ok(operator::both(self.coerce(left, BOOL)?, self.coerce(right, BOOL)?, or))
    }

    fn distinct(&self, a: &Expr, b: &Expr, is: bool, s: &Scope<'_>) -> Res<Code> {
        let (all, _) = self.unified("IS DISTINCT FROM", vec![self.expr(a, s)?, self.expr(b, s)?])?;
        Ok(Code::new(BOOL, move |env| {
            let both = all.iter().map(|code| (code.run)(env)).collect::<Res<Vec<_>>>()?;
            let differs = both.first().zip(both.get(1)).is_some_and(|(a, b)| order(a, b).is_ne());
            Ok((differs == is).into())
        }))
    }

    fn match_of(&self, op: &str, expr: &Expr, pattern: &Expr, s: &Scope<'_>) -> Res<Code> {
        operator::binary(self, op, self.expr(expr, s)?, self.expr(pattern, s)?)
    }

    fn quantified(&self, left: &Expr, op: &Op, right: &Expr, all: bool, s: &Scope<'_>) -> Res<Code> {
        let list = match right {
            Expr::Subquery(query) => self.gathered(query, s)?,
            Expr::Nested(inner) => match &**inner {
                Expr::Subquery(query) => self.gathered(query, s)?,
                other => self.expr(other, s)?,
            },
            other => self.expr(other, s)?,
        };
        operator::any(self, &symbol(op), self.expr(left, s)?, list, all)
    }

    /// All rows of a query as one array.
    fn gathered(&self, query: &Query, s: &Scope<'_>) -> Res<Code> {
        let plan = self.query(query, Some(s))?;
        let ty = plan.columns.first().map_or(TEXT, |(_, ty)| *ty);
        Ok(Code::new(array(ty), move |env| {
            let rows = (plan.run)(env)?;
            let each = rows.into_iter().map(|row| row.into_iter().next().unwrap_or(Value::Null));
            Ok(each.collect::<Vec<_>>().into())
        }))
    }

    fn array(&self, all: Vec<Code>) -> Res<Code> {
        let (all, ty) = self.unified("ARRAY", all)?;
        Ok(Code::new(array(ty), move |env| {
            Ok(all.iter().map(|code| (code.run)(env)).collect::<Res<Vec<_>>>()?.into())
        }))
    }

    fn function(&self, call: &Call, s: &Scope<'_>) -> Res<Code> {
        let name = call.name.0.last().and_then(|part| part.as_ident()).map(ident).unwrap_or_default();
        if call.over.is_some() {
            return Err(Fault::unsupported("a window function"));
        }
        let list = match &call.args {
            FunctionArguments::None => &[][..],
            FunctionArguments::Subquery(query) if name == "array" => return self.gathered(query, s),
            FunctionArguments::Subquery(_) => return Err(Fault::unsupported(call)),
            FunctionArguments::List(list) => list.args.as_slice(),
        };
        let mut star = false;
        let args: Vec<&Expr> = list
            .iter()
            .filter_map(|arg| match arg {
                FunctionArg::Unnamed(FunctionArgExpr::Expr(e))
                | FunctionArg::Named { arg: FunctionArgExpr::Expr(e), .. } => Some(e),
                _ => {
                    star = true;
                    None
                }
            })
            .collect();
        if aggregate::is_one(&name) {
            let Some(gathered) = &s.aggregates else {
                return Err(Fault::new("42803", format!("aggregate functions are not allowed here: {name}")));
            };
            if s.nested.replace(true) {
                return Err(Fault::new("42803", "aggregate function calls cannot be nested"));
            }
            let before = s.free.replace(true);
            let made = self.aggregate(&name, call, &args, star, s);
            s.free.set(before);
            s.nested.set(false);
            let (ty, made) = made?;
            let at = gathered.borrow().len();
            gathered.borrow_mut().push(made);
            return Ok(Code::new(ty, move |env| {
                Ok(env.aggregates.last().and_then(|all| all.get(at).cloned()).unwrap_or(Value::Null))
            }));
        }
        let args = args.into_iter().map(|e| self.expr(e, s)).collect::<Res<Vec<_>>>()?;
        function::call(self, &name, args)
    }
}

fn symbol(op: &Op) -> String {
    match op {
        Op::PGCustomBinaryOperator(parts) => parts.last().cloned().unwrap_or_default(),
        other => other.to_string(),
    }
}
