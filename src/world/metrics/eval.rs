//! Evaluates an expression at an instant: selectors, aggregations; operators and functions stand beside.
use std::cell::Cell;
use std::collections::BTreeMap;
use std::time::Duration;

use promql_parser::parser::{AggregateExpr, AtModifier, Expr, LabelModifier, Offset, VectorSelector};

use super::operators;
use super::series::{Labels, NAME, Point, Series, Store};

/// So many samples may be looked at for one answer; each step of an expression counts as some.
const MOST_SAMPLES: usize = 2_000_000;
const STEP: usize = 8;
/// Deeper and longer expressions nobody writes.
const DEEPEST: usize = 100;
const LONGEST: usize = 4_096;
/// Each may take some megabytes.
const MOST_PATTERNS: usize = 12;

#[derive(Debug, Clone)]
pub struct Sample {
    pub labels: Labels,
    pub value: f64,
}

#[derive(Debug, Clone)]
pub enum Value {
    Scalar(f64),
    Vector(Vec<Sample>),
    Text(String),
}

/// What a series was during a time.
#[derive(Debug)]
pub struct Window {
    pub labels: Labels,
    pub points: Vec<Point>,
    pub from: i64,
    pub to: i64,
}

/// Why there is no value.
#[derive(Debug, Clone, PartialEq)]
pub enum Fault {
    Expression(String),
    Execution(String),
}

pub type Result<T> = std::result::Result<T, Fault>;

/// Reads an expression.
pub fn parse(text: &str) -> std::result::Result<Expr, String> {
    if text.trim().is_empty() {
        return Err("1:1: parse error: no expression found in input".into());
    }
    if text.len() > LONGEST {
        return Err(format!("1:1: parse error: longer than {LONGEST} bytes"));
    }
    if text.matches("=~").count() + text.matches("!~").count() > MOST_PATTERNS {
        return Err(format!("1:1: parse error: more than {MOST_PATTERNS} patterns"));
    }
    if !spans_fit(text) {
        return Err("1:1: parse error: duration out of range".into());
    }
    let expr = promql_parser::parser::parse(text).map_err(|why| format!("1:1: parse error: {why}"))?;
    let mut below = vec![(&expr, 0)];
    while let Some((one, depth)) = below.pop() {
        if depth > DEEPEST {
            return Err(format!("1:1: parse error: nested deeper than {DEEPEST}"));
        }
        match one {
            Expr::Aggregate(one) => {
                below.extend(one.param.iter().chain([&one.expr]).map(|one| (&**one, depth + 1)));
            }
            Expr::Unary(one) => below.push((&one.expr, depth + 1)),
            Expr::Paren(one) => below.push((&one.expr, depth + 1)),
            Expr::Subquery(one) => below.push((&one.expr, depth + 1)),
            Expr::Binary(one) => below.extend([(&*one.lhs, depth + 1), (&*one.rhs, depth + 1)]),
            Expr::Call(one) => below.extend(one.args.args.iter().map(|one| (&**one, depth + 1))),
            _ => {}
        }
    }
    Ok(expr)
}

/// Whether no span of time is a number that the parser breaks on: endless, none, or of more digits than a year has.
fn spans_fit(text: &str) -> bool {
    let (mut quote, mut word, mut spans) = (None, String::new(), false);
    let mut letters = text.chars().chain([' ']);
    while let Some(letter) = letters.next() {
        if let Some(end) = quote {
            if letter == '\\' && matches!(end, '"' | '\'') {
                letters.next();
            }
            quote = Some(end).filter(|end| *end != letter);
            continue;
        }
        if letter.is_ascii_alphanumeric() || letter == '_' || letter == '.' {
            word.push(letter.to_ascii_lowercase());
            continue;
        }
        if !word.is_empty() {
            let digits = word.starts_with(|c: char| c.is_ascii_digit() || c == '.');
            let odd = digits && (word.len() > 12 || word.contains('e')) || word == "inf" || word == "nan";
            if spans && odd {
                return false;
            }
            spans = word == "offset";
            word.clear();
        }
        spans |= matches!(letter, '[' | ':');
        quote = Some(letter).filter(|letter| matches!(letter, '"' | '\'' | '`' | '#'));
        quote = quote.map(|letter| if letter == '#' { '\n' } else { letter });
    }
    true
}

/// What is asked of the series, and how much it may still look at.
pub struct Query<'s> {
    store: &'s Store,
    left: Cell<usize>,
}

impl<'s> Query<'s> {
    pub fn new(store: &'s Store) -> Query<'s> {
        Query { store, left: Cell::new(MOST_SAMPLES) }
    }

    pub fn eval(&self, expr: &Expr, at: i64) -> Result<Value> {
        self.spend(STEP)?;
        match expr {
            Expr::NumberLiteral(number) => Ok(Value::Scalar(number.val)),
            Expr::StringLiteral(text) => Ok(Value::Text(text.val.clone())),
            Expr::Paren(inner) => self.eval(&inner.expr, at),
            Expr::Unary(inner) => Ok(match self.eval(&inner.expr, at)? {
                Value::Scalar(value) => Value::Scalar(-value),
                other => Value::Vector(nameless(vector(other)?, |value| Some(-value))),
            }),
            Expr::VectorSelector(selector) => {
                let at = Self::moved(at, selector.at.as_ref(), selector.offset.as_ref())?;
                let found = self.instants(selector, at)?.into_iter();
                let sample =
                    |(series, (_, value)): (&Series, Point)| Sample { labels: series.labels.clone(), value };
                Ok(Value::Vector(found.map(sample).collect()))
            }
            Expr::Aggregate(aggregate) => self.aggregate(aggregate, at),
            Expr::Binary(binary) => {
                let (left, right) = (self.eval(&binary.lhs, at)?, self.eval(&binary.rhs, at)?);
                operators::apply(&binary.op.to_string(), left, right, binary.modifier.as_ref())
            }
            Expr::Call(call) => self.call(call.func.name, &call.args.args, at),
            Expr::MatrixSelector(_) | Expr::Subquery(_) | Expr::Extension(_) => {
                Err(Fault::Execution("a range has no one value, and subqueries are not known".into()))
            }
        }
    }

    /// The series that a selector finds, with the sample of an instant.
    pub fn instants(&self, selector: &VectorSelector, at: i64) -> Result<Vec<(&'s Series, Point)>> {
        let mut found = Vec::new();
        for series in self.store.select(selector) {
            self.spend(1)?;
            found.extend(series.at(at).map(|point| (series, point)));
        }
        Ok(found)
    }

    pub fn spend(&self, samples: usize) -> Result<()> {
        let too_many = "query processing would load too many samples into memory in query execution";
        let left = self.left.get().checked_sub(samples);
        self.left.set(left.ok_or_else(|| Fault::Execution(too_many.into()))?);
        Ok(())
    }

    pub fn vector(&self, expr: &Expr, at: i64) -> Result<Vec<Sample>> {
        vector(self.eval(expr, at)?)
    }

    pub fn scalar(&self, expr: &Expr, at: i64) -> Result<f64> {
        match self.eval(expr, at)? {
            Value::Scalar(value) => Ok(value),
            _ => Err(Fault::Execution("expected a scalar".into())),
        }
    }

    /// The samples of a range, for each series that has any.
    pub fn ranges(&self, expr: &Expr, at: i64) -> Result<Vec<Window>> {
        match expr {
            Expr::Paren(inner) => self.ranges(&inner.expr, at),
            Expr::MatrixSelector(matrix) => {
                let to = Self::moved(at, matrix.vs.at.as_ref(), matrix.vs.offset.as_ref())?;
                let from = to.saturating_sub(milliseconds(matrix.range));
                let mut found = Vec::new();
                for series in self.store.select(&matrix.vs) {
                    let points = series.between(from, to);
                    self.spend(points.len() + 1)?;
                    found.push(Window { labels: series.labels.clone(), points, from, to });
                }
                found.retain(|window| !window.points.is_empty());
                Ok(found)
            }
            _ => Err(Fault::Execution("expected a range".into())),
        }
    }

    fn moved(at: i64, modifier: Option<&AtModifier>, offset: Option<&Offset>) -> Result<i64> {
        match (modifier, offset) {
            (Some(_), _) => Err(Fault::Expression("1:1: parse error: `@` is not known here".into())),
            (None, None) => Ok(at),
            (None, Some(Offset::Pos(back))) => Ok(at.saturating_sub(milliseconds(*back))),
            (None, Some(Offset::Neg(ahead))) => Ok(at.saturating_add(milliseconds(*ahead))),
        }
    }

    fn aggregate(&self, aggregate: &AggregateExpr, at: i64) -> Result<Value> {
        let op = aggregate.op.to_string();
        let parameter = aggregate.param.as_ref().map(|expr| self.eval(expr, at)).transpose()?;
        let mut groups: BTreeMap<Labels, Vec<Sample>> = BTreeMap::new();
        for sample in self.vector(&aggregate.expr, at)? {
            let labels = match &aggregate.modifier {
                None => Labels::new(),
                Some(by) => part(&sample.labels, by),
            };
            groups.entry(labels).or_default().push(sample);
        }
        let mut found = Vec::new();
        for (labels, mut members) in groups {
            if let ("topk" | "bottomk", Some(Value::Scalar(many))) = (&*op, &parameter) {
                let sign = if op == "topk" { -1.0 } else { 1.0 };
                let last = |value: f64| if value.is_nan() { f64::INFINITY } else { sign * value };
                members.sort_by(|a, b| last(a.value).total_cmp(&last(b.value)));
                let first = members.into_iter().zip(1..).take_while(|(_, nth)| f64::from(*nth) <= *many);
                found.extend(first.map(|(one, _)| one));
                continue;
            }
            let known = AGGREGATES.iter().find(|(name, _)| *name == op).ok_or_else(|| unknown(&op))?;
            let values: Vec<f64> = members.iter().map(|one| one.value).collect();
            found.push(Sample { labels, value: known.1(&values) });
        }
        Ok(Value::Vector(found))
    }
}

type Aggregating = fn(&[f64]) -> f64;

pub const AGGREGATES: &[(&str, Aggregating)] = &[
    ("sum", |all| all.iter().sum()),
    ("avg", |all| all.iter().sum::<f64>() / count(all)),
    ("count", count),
    ("min", |all| all.iter().copied().fold(f64::NAN, f64::min)),
    ("max", |all| all.iter().copied().fold(f64::NAN, f64::max)),
    ("group", |_| 1.0),
];

#[expect(clippy::cast_precision_loss, reason = "there are not so many")]
pub fn count(all: &[f64]) -> f64 {
    all.len() as f64
}

pub fn unknown(name: &str) -> Fault {
    Fault::Expression(format!("1:1: parse error: unknown function with name {name:?}"))
}

pub fn vector(value: Value) -> Result<Vec<Sample>> {
    match value {
        Value::Vector(samples) => Ok(samples),
        _ => Err(Fault::Execution("expected an instant vector".into())),
    }
}

/// The samples with other values; none where there is none. What is computed has no name.
pub fn nameless(samples: Vec<Sample>, value: impl Fn(f64) -> Option<f64>) -> Vec<Sample> {
    let other = |mut sample: Sample| {
        sample.labels.remove(NAME);
        sample.value = value(sample.value)?;
        Some(sample)
    };
    samples.into_iter().filter_map(other).collect()
}

/// Some of the labels: those that are named, or the others without the name.
pub fn part(labels: &Labels, modifier: &LabelModifier) -> Labels {
    let named = |name: &String| modifier.labels().labels.contains(name);
    let keeps = |name: &String| {
        if modifier.is_include() { named(name) } else { !named(name) && name != NAME }
    };
    labels.iter().filter(|(name, _)| keeps(name)).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// Reads a span of time with its units.
pub fn span(text: &str) -> Option<i64> {
    let fits = spans_fit(&format!("[{text}]"));
    promql_parser::util::parse_duration(if fits { text } else { "" }).ok().map(milliseconds)
}

/// Never more than some thousands of years: a hundred of these on each other are still a time.
pub fn milliseconds(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX).min(100_000_000_000_000)
}
