//! Aggregates: gathered over the rows of a group, then worked out in one go.
use std::cmp::Ordering;

use sqlparser::ast::{DuplicateTreatment, Expr, Function as Call, FunctionArguments};

use super::code::{Binder, Code, Env, Scope};
use super::fault::Res;
use super::function::missing;
use super::value::kind::{FLOAT8, INT4, INT8, NUMERIC, TEXT, UNKNOWN};
use super::value::{Oid, Row, Value, category, order};

pub struct Aggregate {
    /// Of every row; without one rows are counted as they are.
    arg: Option<Code>,
    filter: Option<Code>,
    distinct: bool,
    fold: fn(&[Value]) -> Value,
}

pub fn is_one(name: &str) -> bool {
    matches!(name, "count" | "sum" | "avg" | "min" | "max")
}

fn sum(all: &[Value]) -> Value {
    let whole = all.iter().all(|value| matches!(value, Value::Int(_)));
    let exact = || all.iter().try_fold(0_i64, |sum, value| sum.checked_add(value.int()));
    match (all, if whole { exact() } else { None }) {
        ([], _) => Value::Null,
        (_, Some(sum)) => sum.into(),
        _ => all.iter().map(Value::float).sum::<f64>().into(),
    }
}

fn average(all: &[Value]) -> Value {
    if all.is_empty() { Value::Null } else { (sum(all).float() / Value::from(all.len()).float()).into() }
}

/// The least or the greatest of those that are known.
pub fn extreme(all: &[Value], wanted: Ordering) -> Value {
    let known = all.iter().filter(|value| !value.is_null());
    known.reduce(|best, one| if order(one, best) == wanted { one } else { best }).cloned().into()
}

impl Aggregate {
    /// Over the rows of one group.
    pub fn of(&self, env: &mut Env<'_>, rows: &[Row]) -> Res<Value> {
        let mut all = Vec::new();
        for row in env.kept(rows.to_vec(), self.filter.as_ref())? {
            let value = match &self.arg {
                Some(arg) => env.within(row, |env| (arg.run)(env))?.1,
                None => true.into(),
            };
            all.extend(Some(value).filter(|value| !value.is_null()));
        }
        if self.distinct {
            all.sort_by(order);
            all.dedup_by(|a, b| order(a, b).is_eq());
        }
        Ok((self.fold)(&all))
    }
}

impl Binder<'_> {
    /// An aggregate with the type of what it gives.
    pub fn aggregate(&self, name: &str, call: &Call, args: &[&Expr], s: &Scope<'_>) -> Res<(Oid, Aggregate)> {
        let mut codes = args.iter().map(|e| self.expr(e, s)).collect::<Res<Vec<_>>>()?;
        let ty = codes.first().map_or(UNKNOWN, |code| code.ty);
        let number = category(ty) == 'N';
        let total = if ty == INT4 { INT8 } else { NUMERIC };
        type Fold = fn(&[Value]) -> Value;
        let (gives, fold): (Oid, Fold) = match (name, codes.len()) {
            ("count", 0 | 1) => (INT8, |all| all.len().into()),
            ("min", 1) => (ty, |all| extreme(all, Ordering::Less)),
            ("max", 1) => (ty, |all| extreme(all, Ordering::Greater)),
            ("sum", 1) if number => (if ty == FLOAT8 { ty } else { total }, sum),
            ("avg", 1) if number => (if ty == FLOAT8 { ty } else { NUMERIC }, average),
            _ => return Err(missing(name, &codes)),
        };
        let distinct = matches!(&call.args, FunctionArguments::List(list)
            if list.duplicate_treatment == Some(DuplicateTreatment::Distinct));
        let filter = call.filter.as_ref().map(|e| self.truth(e, s)).transpose()?;
        let gives = if gives == UNKNOWN { TEXT } else { gives };
        Ok((gives, Aggregate { arg: codes.pop(), filter, distinct, fold }))
    }
}
