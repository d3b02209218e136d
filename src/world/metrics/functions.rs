//! Functions of expressions: those that rules, runbooks and the cockpit ask for.
use std::collections::BTreeSet;

use promql_parser::label::MatchOp;
use promql_parser::parser::Expr;
use regex::RegexBuilder;

use super::eval::{AGGREGATES, Fault, Query, Result, Sample, Value, Window, count, nameless, unknown};
use super::series::{Labels, NAME, seconds};

/// What reading a pattern costs, in samples.
const PATTERN: usize = 1_500;

impl Query<'_> {
    pub fn call(&self, name: &str, args: &[Box<Expr>], at: i64) -> Result<Value> {
        let few = || Fault::Execution(format!("{name} wants more arguments"));
        let arg = |nth: usize| args.get(nth).map(|arg| &**arg).ok_or_else(few);
        let scalar = |nth: usize| self.scalar(arg(nth)?, at);
        let samples = |nth: usize| self.vector(arg(nth)?, at);
        let over = |op: &str| AGGREGATES.iter().find(|known| known.0 == op).map(|known| known.1);
        if let Some(value) = name.strip_suffix("_over_time").and_then(over) {
            return self.windows(arg(0)?, at, |window| Some(value(&values(window)))).map(Value::Vector);
        }
        let grown = |window: &Window| Some((grown(window)?, seconds(window.to - window.from)));
        let vector = match name {
            "increase" => self.windows(arg(0)?, at, |window| grown(window).map(|(growth, _)| growth))?,
            "rate" => {
                self.windows(arg(0)?, at, |window| grown(window).map(|(growth, time)| growth / time))?
            }
            "time" => return Ok(Value::Scalar(seconds(at))),
            "scalar" => {
                let all = samples(0)?;
                return Ok(Value::Scalar(if let [one] = all.as_slice() { one.value } else { f64::NAN }));
            }
            "vector" => vec![Sample { labels: Labels::new(), value: scalar(0)? }],
            "absent" => absent(samples(0)?.is_empty(), arg(0)?),
            // Nothing here is measured in buckets.
            "histogram_quantile" => samples(1).map(|_| Vec::new())?,
            "label_replace" => {
                let texts: Vec<String> = args.iter().skip(1).filter_map(|arg| text(arg)).collect();
                // The pattern is read anew at each step.
                self.spend(PATTERN)?;
                let [name, new, source, pattern] = texts.as_slice() else { return Err(unknown(name)) };
                relabelled(samples(0)?, (name, new), (source, pattern))?
            }
            _ => return Err(unknown(name)),
        };
        Ok(Value::Vector(vector))
    }

    /// A value for each range; what is computed has no name.
    fn windows(&self, expr: &Expr, at: i64, value: impl Fn(&Window) -> Option<f64>) -> Result<Vec<Sample>> {
        let windows = self.ranges(expr, at)?.into_iter();
        let found =
            windows.filter_map(|window| Some(Sample { value: value(&window)?, labels: window.labels }));
        Ok(nameless(found.collect(), Some))
    }
}

fn values(window: &Window) -> Vec<f64> {
    window.points.iter().map(|(_, value)| *value).collect()
}

/// By how much a series has grown, carried on to the ends of the window where its samples come near them.
fn grown(window: &Window) -> Option<f64> {
    let (&(begin, first), &(end, last)) = (window.points.first()?, window.points.last()?);
    let all = values(window);
    let falls = all.iter().zip(all.iter().skip(1)).filter(|(a, b)| b < a);
    let growth = last - first + falls.map(|(a, _)| a).sum::<f64>();
    let sampled = seconds(end - begin);
    if window.points.len() < 2 || sampled <= 0.0 {
        return None;
    }
    let step = sampled / (count(&all) - 1.0);
    let mut before = seconds(begin - window.from);
    if growth > 0.0 && first >= 0.0 {
        // A counter was not below zero.
        before = before.min(sampled * (first / growth));
    }
    let carried = |gap: f64| if gap < step * 1.1 { gap } else { step / 2.0 };
    Some(growth * (sampled + carried(before) + carried(seconds(window.to - end))) / sampled)
}

/// One sample where there was none, with the labels that were asked for.
fn absent(none: bool, expr: &Expr) -> Vec<Sample> {
    let matchers = match expr {
        Expr::VectorSelector(selector) => selector.matchers.matchers.as_slice(),
        _ => &[],
    };
    let wanted = matchers.iter().filter(|one| one.op == MatchOp::Equal && one.name != NAME);
    let labels = wanted.map(|one| (one.name.clone(), one.value.clone())).collect();
    if none { vec![Sample { labels, value: 1.0 }] } else { Vec::new() }
}

fn text(expr: &Expr) -> Option<String> {
    match expr {
        Expr::StringLiteral(text) => Some(text.val.clone()),
        Expr::Paren(inner) => text(&inner.expr),
        _ => None,
    }
}

/// Where a label is as the pattern wants it, another label becomes what is written with its parts.
fn relabelled(
    mut samples: Vec<Sample>,
    (name, new): (&str, &str),
    (source, pattern): (&str, &str),
) -> Result<Vec<Sample>> {
    let wrong = |_| Fault::Execution(format!("invalid regular expression in label_replace(): {pattern}"));
    let pattern =
        RegexBuilder::new(&format!("^(?s:{pattern})$")).size_limit(1 << 17).build().map_err(wrong)?;
    let mut seen = BTreeSet::new();
    for sample in &mut samples {
        if let Some(found) = pattern.captures(sample.labels.get(source).map_or("", String::as_str)) {
            let mut value = String::new();
            found.expand(new, &mut value);
            sample.labels.insert(name.to_owned(), value);
            sample.labels.retain(|_, value| !value.is_empty());
        }
        if !seen.insert(sample.labels.clone()) {
            let why = "vector cannot contain metrics with the same labelset";
            return Err(Fault::Execution(why.into()));
        }
    }
    Ok(samples)
}
