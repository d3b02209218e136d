//! Bound expressions, the names they are bound to, what they are worked out in, and how one type becomes another.
use std::cell::{Cell, RefCell};

use regex::Regex;

use super::select::Aggregate;
use super::state::Database;
use super::value::kind::{ANY, BOOL, FLOAT8, OID, REGCLASS, TEXT, UNKNOWN};
use super::value::{self, Fault, Oid, Res, Row, Value, array, category, element, parse, rank, shown};

/// What a statement may work on: rows and bytes, weighed together.
const MOST_STEPS: usize = 1_500_000;

/// Where a statement is worked out.
pub struct Env<'a> {
    pub db: &'a mut Database,
    /// Of the session that asks.
    pub pid: i32,
    pub params: &'a [Value],
    pub stack: Vec<Row>,
    pub steps: usize,
    /// The pattern that was looked for last.
    pub pattern: Option<(String, Regex)>,
    /// Seconds for which the answer is held back.
    pub sleep: f64,
    pub notices: Vec<Fault>,
}

impl Env<'_> {
    pub fn step(&mut self, weight: usize) -> Res<()> {
        self.steps = self.steps.saturating_add(weight);
        if self.steps > MOST_STEPS {
            return Err(Fault::new("53400", "the statement works on more than this server is made for"));
        }
        Ok(())
    }

    /// With a row that the innermost names stand for.
    pub fn within<T>(&mut self, row: Row, work: impl FnOnce(&mut Self) -> Res<T>) -> Res<(Row, T)> {
        self.step(1)?;
        self.stack.push(row);
        let result = work(self);
        let row = self.stack.pop().unwrap_or_default();
        Ok((row, result?))
    }

    /// The rows for which a condition is true.
    pub fn kept(&mut self, rows: Vec<Row>, condition: Option<&Code>) -> Res<Vec<Row>> {
        let Some(condition) = condition else { return Ok(rows) };
        let mut kept = Vec::new();
        for row in rows {
            let (row, keeps) = self.within(row, |env| Ok((condition.run)(env)?.is_true()))?;
            kept.extend(keeps.then_some(row));
        }
        Ok(kept)
    }
}

type Run = Box<dyn Fn(&mut Env<'_>) -> Res<Value>>;

/// An expression with its type.
pub struct Code {
    pub ty: Oid,
    pub run: Run,
    /// The place of the column that it is.
    pub column: Option<usize>,
}

impl Code {
    pub fn new(ty: Oid, run: impl Fn(&mut Env<'_>) -> Res<Value> + 'static) -> Code {
        Code { ty, run: Box::new(run), column: None }
    }

    pub fn constant(ty: Oid, value: impl Into<Value>) -> Code {
        let value = value.into();
        Code::new(ty, move |_| Ok(value.clone()))
    }

    /// A cell of the row that stands so many rows further out.
    pub fn cell(ty: Oid, depth: usize, at: usize) -> Code {
        let run = move |env: &mut Env<'_>| {
            let row = env.stack.iter().rev().nth(depth);
            Ok(row.and_then(|row| row.get(at).cloned()).unwrap_or(Value::Null))
        };
        Code { column: (depth == 0).then_some(at), ..Code::new(ty, run) }
    }
}

pub fn all(codes: &[Code], env: &mut Env<'_>) -> Res<Row> {
    codes.iter().map(|code| (code.run)(env)).collect()
}

#[derive(Debug, Clone)]
pub struct Column {
    pub table: String,
    pub name: String,
    pub ty: Oid,
}

/// The names that can be used, and what may be made of them.
#[derive(Default)]
pub struct Scope<'s> {
    pub columns: Vec<Column>,
    pub outer: Option<&'s Scope<'s>>,
    /// Where aggregates may stand they are gathered here.
    pub aggregates: Option<RefCell<Vec<Aggregate>>>,
    /// What rows are grouped by: columns by their place, and whole expressions.
    pub grouped: Option<Vec<(Option<usize>, String)>>,
    /// Inside of an aggregate there is no other, and inside of a key every column may be used.
    pub inside: Cell<bool>,
}

/// What the names and the parameters of a statement are bound to.
pub struct Binder<'b> {
    pub db: &'b Database,
    pub pid: i32,
    /// The types of its parameters.
    pub types: &'b [Oid],
    pub depth: Cell<usize>,
}

/// Several expressions brought to one type.
pub fn unified(what: &str, all: Vec<Code>) -> Res<(Vec<Code>, Oid)> {
    let mut ty = UNKNOWN;
    for code in &all {
        ty = common(ty, code.ty).ok_or_else(|| unmatched(what, ty, code.ty))?;
    }
    let ty = if ty == UNKNOWN { TEXT } else { ty };
    Ok((all.into_iter().map(|code| convert(code, ty)).collect::<Res<_>>()?, ty))
}

/// Whether a type becomes another without being asked to.
pub fn becomes(from: Oid, to: Oid) -> bool {
    to == ANY || common(from, to) == Some(to)
}

/// As it is asked to.
pub fn convert(code: Code, to: Oid) -> Res<Code> {
    let (from, to) = (code.ty, if to == ANY && code.ty == UNKNOWN { TEXT } else { to });
    if from == to || to == ANY {
        return Ok(code);
    }
    if !castable(from, to) {
        let (from, to) = (value::name(from), value::name(to));
        return Err(Fault::new("42846", format!("cannot cast type {from} to {to}")));
    }
    Ok(Code::new(to, move |env| {
        let value = (code.run)(env)?;
        cast(env, value, from, to)
    }))
}

pub fn unmatched(what: &str, a: Oid, b: Oid) -> Fault {
    let (a, b) = (value::name(a), value::name(b));
    Fault::new("42804", format!("{what} types {a} and {b} cannot be matched"))
}

/// The type that two are compared in.
pub fn common(a: Oid, b: Oid) -> Option<Oid> {
    match (category(a), category(b)) {
        _ if a == b => Some(a),
        ('X', _) => Some(b),
        (_, 'X') => Some(a),
        ('S', 'S') => Some(TEXT),
        ('N', 'N') => Some(if rank(a) > rank(b) { a } else { b }),
        ('O', 'O' | 'N') | ('N', 'O') => Some(OID),
        ('A', 'A') => Some(array(common(element(a)?, element(b)?)?)),
        _ => None,
    }
}

fn castable(from: Oid, to: Oid) -> bool {
    let inner = element(from).zip(element(to));
    let kinds = (category(from), category(to));
    common(from, to).is_some()
        || matches!(kinds, ('S', _) | (_, 'S') | ('N' | 'O' | 'B', 'N' | 'O') | ('N', 'B') | ('O', 'C'))
        || inner.is_some_and(|(from, to)| castable(from, to))
}

/// A value of one type as one of another.
fn cast(env: &mut Env<'_>, value: Value, from: Oid, to: Oid) -> Res<Value> {
    if let (Value::List(all), Some(to)) = (&value, element(to)) {
        let from = element(from).unwrap_or(TEXT);
        return Ok(all.iter().map(|one| cast(env, one.clone(), from, to)).collect::<Res<Row>>()?.into());
    }
    Ok(match (&value, to) {
        (Value::Null, _) => value,
        (Value::Bool(is), _) if category(to) == 'S' => is.to_string().into(),
        (Value::Int(oid), REGCLASS) => {
            env.db.numbered(*oid).map_or_else(|| oid.to_string(), |one| one.name.clone()).into()
        }
        (Value::Text(name), REGCLASS) => env.db.relation(env.pid, name)?.name.as_str().into(),
        _ if category(to) == 'S' => shown(&value, from).into(),
        (Value::Text(text), _) => parse(text, to)?,
        (_, FLOAT8) => Value::Float(value.float()),
        (_, BOOL) => (value.int() != 0).into(),
        _ => value::fits(value.int(), to)?,
    })
}
