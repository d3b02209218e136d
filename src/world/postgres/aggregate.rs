//! Aggregates: gathered over the rows of a group, then worked out in one go.
use std::collections::BTreeSet;

use sqlparser::ast::{DuplicateTreatment, Expr, Function as Call, FunctionArgumentClause, FunctionArguments};

use super::expr::{Binder, Code, Env, Scope};
use super::fault::{Fault, Res};
use super::operator;
use super::select::{Key, Way, sorted};
use super::value::kind::{BOOL, FLOAT4, FLOAT8, INT2, INT4, INT8, INTERVAL, NUMERIC, TEXT, UNKNOWN};
use super::value::{Oid, Row, Span, Value, array, category, order, rounded};

type Fold = fn(&mut Env<'_>, &[Row]) -> Res<Value>;

pub struct Aggregate {
    args: Vec<Code>,
    filter: Option<Code>,
    keys: Vec<(Code, Way)>,
    distinct: bool,
    /// Rows whose first value is null do not count.
    skips: bool,
    fold: Fold,
}

const NAMES: [&str; 10] =
    ["count", "sum", "avg", "min", "max", "string_agg", "array_agg", "bool_and", "bool_or", "every"];

pub fn is_one(name: &str) -> bool {
    NAMES.contains(&name)
}

impl Aggregate {
    /// Over the rows of one group.
    pub fn of(&self, env: &mut Env<'_>, rows: &mut [Row]) -> Res<Value> {
        let mut gathered = Vec::new();
        for row in rows {
            let (back, kept) = env.within(std::mem::take(row), |env| {
                if let Some(filter) = &self.filter
                    && !(filter.run)(env)?.is_true()
                {
                    return Ok(None);
                }
                let args = self.args.iter().map(|code| (code.run)(env)).collect::<Res<Row>>()?;
                let keys = self.keys.iter().map(|(code, _)| (code.run)(env)).collect::<Res<Row>>()?;
                Ok(Some((args, keys)))
            })?;
            *row = back;
            gathered
                .extend(kept.filter(|(args, _)| !self.skips || !args.first().is_some_and(Value::is_null)));
        }
        if self.distinct {
            let mut seen = BTreeSet::new();
            gathered.retain(|(args, _)| seen.insert(Key(args.clone())));
            gathered.sort_by_key(|(args, _)| Key(args.clone()));
        }
        let ways: Vec<Way> = self.keys.iter().map(|(_, way)| *way).collect();
        let rows: Vec<Row> = sorted(gathered, &ways).collect();
        (self.fold)(env, &rows)
    }
}

fn first(row: &Row) -> &Value {
    row.first().unwrap_or(&Value::Null)
}

fn summed(rows: &[Row]) -> Res<Value> {
    let scale = |value: &Value| if let Value::Num(_, scale) = value { *scale } else { 0 };
    let widest = rows.iter().map(|row| scale(first(row))).max().unwrap_or(0);
    let mut sum = 0_i128;
    for row in rows {
        sum = sum
            .checked_add(rounded(first(row), widest))
            .ok_or_else(|| Fault::new("22003", "out of range"))?;
    }
    Ok(match i64::try_from(sum) {
        Ok(n) if widest == 0 => Value::Int(n),
        _ => Value::Num(sum, widest),
    })
}

fn total(rows: &[Row]) -> f64 {
    rows.iter().map(|row| first(row).float()).sum()
}

fn length(rows: &[Row]) -> i64 {
    rows.iter().fold(0, |all, row| match first(row) {
        Value::Span(span) => span.length().saturating_add(all),
        _ => all,
    })
}

fn extreme(rows: &[Row], wanted: std::cmp::Ordering) -> Value {
    let better =
        |best: Value, row: &Row| if order(first(row), &best) == wanted { first(row).clone() } else { best };
    rows.split_first().map_or(Value::Null, |(row, rest)| rest.iter().fold(first(row).clone(), better))
}

impl Binder<'_> {
    pub fn aggregate(
        &self,
        name: &str,
        call: &Call,
        args: &[&Expr],
        star: bool,
        s: &Scope<'_>,
    ) -> Res<(Oid, Aggregate)> {
        let mut codes = args.iter().map(|e| self.expr(e, s)).collect::<Res<Vec<_>>>()?;
        let ty = codes.first().map_or(UNKNOWN, |code| code.ty);
        let (mut distinct, mut keys) = (false, Vec::new());
        if let FunctionArguments::List(list) = &call.args {
            distinct = list.duplicate_treatment == Some(DuplicateTreatment::Distinct);
            for clause in &list.clauses {
                let FunctionArgumentClause::OrderBy(all) = clause else {
                    return Err(Fault::unsupported(clause));
                };
                for key in all {
                    keys.push((self.settled(self.expr(&key.expr, s)?)?, Way::of(&key.options)));
                }
            }
        }
        let filter = match &call.filter {
            Some(e) => Some(self.coerce(self.expr(e, s)?, BOOL)?),
            None => None,
        };
        let number = matches!(ty, INT2 | INT4 | INT8 | NUMERIC | FLOAT4 | FLOAT8);
        let float = matches!(ty, FLOAT4 | FLOAT8);
        let (result, fold): (Oid, Fold) = match (name, codes.len()) {
            ("count", 0) if star => (INT8, |_, rows| Ok(rows.len().into())),
            ("count", 1) => (INT8, |_, rows| Ok(rows.len().into())),
            ("min", 1) => (ty, |_, rows| Ok(extreme(rows, std::cmp::Ordering::Less))),
            ("max", 1) => (ty, |_, rows| Ok(extreme(rows, std::cmp::Ordering::Greater))),
            ("sum" | "avg" | "bool_and" | "bool_or" | "every", 1) if float && name == "sum" => {
                (ty, |_, rows| Ok(if rows.is_empty() { Value::Null } else { Value::Float(total(rows)) }))
            }
            ("avg", 1) if float => (FLOAT8, |_, rows| {
                let count = Value::from(rows.len()).float();
                Ok(if rows.is_empty() { Value::Null } else { Value::Float(total(rows) / count) })
            }),
            ("sum", 1) if number => {
                let result = if matches!(ty, INT2 | INT4) { INT8 } else { NUMERIC };
                (result, |_, rows| if rows.is_empty() { Ok(Value::Null) } else { summed(rows) })
            }
            ("avg", 1) if number => (NUMERIC, |_, rows| {
                if rows.is_empty() {
                    Ok(Value::Null)
                } else {
                    operator::quotient(&summed(rows)?, &rows.len().into())
                }
            }),
            ("sum", 1) if ty == INTERVAL => {
                (ty, |_, rows| Ok(if rows.is_empty() { Value::Null } else { Span::of(length(rows)).into() }))
            }
            ("avg", 1) if ty == INTERVAL => (ty, |_, rows| {
                let count = i64::try_from(rows.len()).unwrap_or(i64::MAX);
                Ok(length(rows).checked_div(count).map(Span::of).into())
            }),
            ("array_agg", 1) => (array(ty), |env, rows| {
                env.step(rows.len())?;
                let all: Row = rows.iter().map(|row| first(row).clone()).collect();
                Ok(if all.is_empty() { Value::Null } else { all.into() })
            }),
            ("string_agg", 2) => (TEXT, |env, rows| {
                let mut out = String::new();
                for (at, row) in rows.iter().enumerate() {
                    if at > 0 {
                        out.push_str(&row.get(1).unwrap_or(&Value::Null).text());
                    }
                    let text = first(row).text();
                    env.step(1 + text.len() / 16)?;
                    out.push_str(&text);
                }
                if rows.is_empty() { Ok(Value::Null) } else { super::expr::limited(env, out) }
            }),
            ("bool_and" | "every", 1) if ty == BOOL => (BOOL, |_, rows| {
                Ok((!rows.is_empty()).then(|| rows.iter().all(|row| first(row).is_true())).into())
            }),
            ("bool_or", 1) if ty == BOOL => (BOOL, |_, rows| {
                Ok((!rows.is_empty()).then(|| rows.iter().any(|row| first(row).is_true())).into())
            }),
            _ => return Err(super::function::missing(name, &codes)),
        };
        if name == "string_agg" || category(ty) == 'X' {
            codes = codes.into_iter().map(|code| self.coerce(code, TEXT)).collect::<Res<Vec<_>>>()?;
        }
        let result = if result == UNKNOWN { TEXT } else { result };
        Ok((
            result,
            Aggregate { args: codes, filter, keys, distinct, skips: name != "array_agg" && !star, fold },
        ))
    }
}
