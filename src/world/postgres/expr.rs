//! Expressions: bound once to names and types, which is where most mistakes show, then worked out row by row.
use sqlparser::ast::{
    BinaryOperator as Op, CaseWhen, Expr, Function as Call, FunctionArg, FunctionArgExpr, FunctionArguments,
    Ident, InTarget, ObjectName, Query, Spanned, UnaryOperator, Value as Literal,
};

use super::aggregate;
use super::code::{Binder, Code, Column, Scope, all};
use super::fault::{Fault, Res};
use super::operator::{both, not};
use super::value::kind::{BOOL, INT4, INT8, INTERVAL, NUMERIC, TEXT, UNKNOWN};
use super::value::{Value, array, order, parse};

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
        if !s.inside.get()
            && let Some(grouped) = &s.grouped
            && grouped.iter().any(|(_, text)| *text == e.to_string())
        {
            s.inside.set(true);
            let code = self.expr(e, s);
            s.inside.set(false);
            return code;
        }
        let code = match e {
            Expr::Identifier(name) => Self::column(None, name, s),
            Expr::CompoundIdentifier(parts) => match parts.as_slice() {
                [.., table, name] => Self::column(Some(&ident(table)), name, s),
                _ => Err(Fault::unsupported(e)),
            },
            Expr::Nested(inner) => self.expr(inner, s),
            Expr::Value(value) => self.literal(&value.value),
            Expr::Cast { expr, data_type, .. } => {
                let (code, ty) = (self.expr(expr, s)?, data_type.to_string());
                let known = super::value::named(&ty);
                let known = known.ok_or_else(|| Fault::missing("42704", "type", &ty.to_lowercase()));
                self.convert(code, known?)
            }
            Expr::Interval(interval) => match (&*interval.value, &interval.leading_field) {
                (Expr::Value(text), None) => {
                    let text = text.value.clone().into_string().unwrap_or_default();
                    Ok(Code::constant(INTERVAL, parse(&text, INTERVAL)?))
                }
                _ => Err(Fault::unsupported(e)),
            },
            Expr::BinaryOp { left, op: op @ (Op::And | Op::Or), right } => {
                let (left, right) = (self.truth(left, s)?, self.truth(right, s)?);
                Ok(both(left, right, *op == Op::Or))
            }
            Expr::BinaryOp { left, op, right } => {
                self.binary(&symbol(op), self.expr(left, s)?, self.expr(right, s)?)
            }
            Expr::UnaryOp { op: UnaryOperator::Not, expr } => Ok(not(self.truth(expr, s)?)),
            Expr::UnaryOp { op: UnaryOperator::Minus, expr } => {
                self.binary("-", Code::constant(INT4, 0_i64), self.expr(expr, s)?)
            }
            Expr::Function(call) => self.function(call, s),
            Expr::Extract { field, expr, .. } => {
                let field = Code::constant(TEXT, field.to_string().to_lowercase());
                self.call("extract", vec![field, self.expr(expr, s)?])
            }
            Expr::Case { operand, conditions, else_result, .. } => {
                self.case(operand.as_deref(), conditions, else_result.as_deref(), s)
            }
            Expr::Subquery(query) => self.scalar(query, s),
            _ => self.condition(e, s),
        };
        code.map_err(|fault| fault.at(e.span()))
    }

    pub fn truth(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        self.coerce(self.expr(e, s)?, BOOL).map_err(|fault| fault.at(e.span()))
    }

    /// What is true or false.
    fn condition(&self, e: &Expr, s: &Scope<'_>) -> Res<Code> {
        let negated = |is: &bool, code: Code| if *is { not(code) } else { code };
        Ok(match e {
            Expr::IsNull(e) => self.test(e, s, Value::is_null)?,
            Expr::IsNotNull(e) => self.test(e, s, |v| !v.is_null())?,
            Expr::IsTrue(e) => self.test(e, s, Value::is_true)?,
            Expr::IsNotTrue(e) => self.test(e, s, |v| !v.is_true())?,
            Expr::IsDistinctFrom(a, b) => self.distinct(a, b, s)?,
            Expr::IsNotDistinctFrom(a, b) => not(self.distinct(a, b, s)?),
            Expr::Between { expr, negated: is, low, high } => {
                let part =
                    |op: &str, bound: &Expr| self.binary(op, self.expr(expr, s)?, self.expr(bound, s)?);
                negated(is, both(part(">=", low)?, part("<=", high)?, false))
            }
            Expr::Like { negated: is, expr, pattern, .. } => {
                negated(is, self.binary("~~", self.expr(expr, s)?, self.expr(pattern, s)?)?)
            }
            Expr::ILike { negated: is, expr, pattern, .. } => {
                negated(is, self.binary("~~*", self.expr(expr, s)?, self.expr(pattern, s)?)?)
            }
            Expr::In { expr, target, negated: is, .. } => {
                let list = match target {
                    InTarget::List(list) => self.list(list, s)?,
                    InTarget::Subquery(query) => self.gathered(query, s)?,
                    _ => return Err(Fault::unsupported(e)),
                };
                negated(is, self.any("=", self.expr(expr, s)?, list, false)?)
            }
            Expr::AnyOp { left, compare_op, right, .. } => {
                self.quantified(left, compare_op, right, false, s)?
            }
            Expr::AllOp { left, compare_op, right } => self.quantified(left, compare_op, right, true, s)?,
            Expr::Exists { subquery, negated: is } => {
                let plan = self.query(subquery, Some(s))?;
                negated(is, Code::new(BOOL, move |env| Ok((!(plan.rows)(env)?.is_empty()).into())))
            }
            Expr::Array(array) => self.list(&array.elem, s)?,
            _ => return Err(Fault::unsupported(format!("`{e}`"))),
        })
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

    fn case(
        &self,
        operand: Option<&Expr>,
        conditions: &[CaseWhen],
        otherwise: Option<&Expr>,
        s: &Scope<'_>,
    ) -> Res<Code> {
        let (mut tests, mut results) = (Vec::new(), Vec::new());
        for when in conditions {
            tests.push(match operand {
                Some(operand) => self.binary("=", self.expr(operand, s)?, self.expr(&when.condition, s)?)?,
                None => self.truth(&when.condition, s)?,
            });
            results.push(self.expr(&when.result, s)?);
        }
        let null = || Ok(Code::constant(UNKNOWN, Value::Null));
        results.push(otherwise.map_or_else(null, |e| self.expr(e, s))?);
        let (results, ty) = self.unified("CASE", results)?;
        Ok(Code::new(ty, move |env| {
            for (test, result) in tests.iter().zip(&results) {
                if (test.run)(env)?.is_true() {
                    return (result.run)(env);
                }
            }
            results.last().map_or(Ok(Value::Null), |result| (result.run)(env))
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
                Err(_) => Code::constant(NUMERIC, parse(text, NUMERIC)?),
            },
            Literal::SingleQuotedString(text) | Literal::EscapedStringLiteral(text) => {
                Code::constant(UNKNOWN, text)
            }
            Literal::Boolean(is) => Code::constant(BOOL, *is),
            Literal::Null => Code::constant(UNKNOWN, Value::Null),
            Literal::Placeholder(name) => {
                let at = name.trim_start_matches('$').parse::<usize>().ok().and_then(|n| n.checked_sub(1));
                let at = at.filter(|at| *at < 1000);
                let at = at.ok_or_else(|| Fault::new("42P02", format!("there is no parameter {name}")))?;
                let mut params = self.params.borrow_mut();
                if params.len() <= at {
                    params.resize(at + 1, UNKNOWN);
                }
                let ty = params.get(at).copied().unwrap_or(UNKNOWN);
                let code = Code::new(ty, move |env| Ok(env.params.get(at).cloned().unwrap_or(Value::Null)));
                Code { param: Some(at), ..code }
            }
            other => return Err(Fault::unsupported(format!("`{other}`"))),
        })
    }

    fn test(&self, e: &Expr, s: &Scope<'_>, is: fn(&Value) -> bool) -> Res<Code> {
        let code = self.expr(e, s)?;
        Ok(Code::new(BOOL, move |env| Ok(is(&(code.run)(env)?).into())))
    }

    fn distinct(&self, a: &Expr, b: &Expr, s: &Scope<'_>) -> Res<Code> {
        let (both, _) = self.unified("IS DISTINCT FROM", vec![self.expr(a, s)?, self.expr(b, s)?])?;
        Ok(Code::new(BOOL, move |env| {
            let values = all(&both, env)?;
            Ok(values.first().zip(values.get(1)).is_some_and(|(a, b)| order(a, b).is_ne()).into())
        }))
    }

    fn quantified(&self, left: &Expr, op: &Op, right: &Expr, all: bool, s: &Scope<'_>) -> Res<Code> {
        let list = match right {
            Expr::Subquery(query) => self.gathered(query, s)?,
            other => self.expr(other, s)?,
        };
        self.any(&symbol(op), self.expr(left, s)?, list, all)
    }

    /// All rows of a query as one array.
    fn gathered(&self, query: &Query, s: &Scope<'_>) -> Res<Code> {
        let plan = self.query(query, Some(s))?;
        let ty = plan.columns.first().map_or(TEXT, |(_, ty)| *ty);
        Ok(Code::new(array(ty), move |env| {
            Ok((plan.rows)(env)?.into_iter().filter_map(|mut row| row.pop()).collect::<Vec<_>>().into())
        }))
    }

    fn list(&self, list: &[Expr], s: &Scope<'_>) -> Res<Code> {
        let codes = list.iter().map(|e| self.expr(e, s)).collect::<Res<_>>()?;
        let (codes, ty) = self.unified("ARRAY", codes)?;
        Ok(Code::new(array(ty), move |env| Ok(all(&codes, env)?.into())))
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
        if !aggregate::is_one(&name) {
            return self.call(&name, args.into_iter().map(|e| self.expr(e, s)).collect::<Res<_>>()?);
        }
        let Some(gathered) = &s.aggregates else {
            return Err(Fault::new("42803", format!("aggregate functions are not allowed here: {name}")));
        };
        if s.inside.replace(true) {
            return Err(Fault::new("42803", "aggregate function calls cannot be nested"));
        }
        let made = self.aggregate(&name, call, &args, s);
        s.inside.set(false);
        let (ty, made) = made?;
        let mut gathered = gathered.borrow_mut();
        gathered.push(made);
        // What is gathered of a group stands behind the cells of its first row.
        Ok(Code { column: None, ..Code::cell(ty, 0, s.columns.len() + gathered.len() - 1) })
    }
}
