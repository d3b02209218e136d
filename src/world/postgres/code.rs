//! Bound expressions, the names they are bound to, and what they are worked out in.
use std::cell::{Cell, RefCell};
use std::sync::Arc;

use sqlparser::tokenizer::Span;

use super::aggregate::Aggregate;
use super::fault::{Fault, Res};
use super::state::Database;
use super::value::kind::UNKNOWN;
use super::value::{Oid, Row, Value};

/// What a statement may work on: rows and bytes, weighed together.
const MOST_STEPS: usize = 1_500_000;
const LONGEST: usize = 1 << 20;

/// Where a statement is worked out.
pub struct Env<'a> {
    pub db: &'a mut Database,
    /// Of the session that asks.
    pub pid: i32,
    pub params: &'a [Value],
    pub stack: Vec<Row>,
    pub aggregates: Vec<Vec<Value>>,
    pub steps: usize,
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
}

pub type Run = Box<dyn Fn(&mut Env<'_>) -> Res<Value>>;

/// An expression with its type.
pub struct Code {
    pub ty: Oid,
    pub run: Run,
    /// What may still become any type: a text without one, or a parameter.
    pub literal: Option<Value>,
    pub span: Span,
    pub param: Option<usize>,
}

impl Code {
    pub fn new(ty: Oid, run: impl Fn(&mut Env<'_>) -> Res<Value> + 'static) -> Code {
        Code { ty, run: Box::new(run), literal: None, span: Span::empty(), param: None }
    }

    pub fn constant(ty: Oid, value: Value) -> Code {
        let kept = value.clone();
        Code { literal: Some(kept), ..Code::new(ty, move |_| Ok(value.clone())) }
    }

    pub fn null() -> Code {
        Code::constant(UNKNOWN, Value::Null)
    }
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
    pub grouped: Option<(Vec<usize>, Vec<String>)>,
    pub free: Cell<bool>,
    /// Inside of an aggregate there is no other.
    pub nested: Cell<bool>,
}

/// Texts have a limit, so that no statement doubles one for ever.
pub fn limited(env: &mut Env<'_>, text: String) -> Res<Value> {
    if text.len() > LONGEST {
        return Err(Fault::new("54000", "a text is longer than this server is made for"));
    }
    env.step(text.len() / 16)?;
    Ok(Value::Text(Arc::from(text)))
}
