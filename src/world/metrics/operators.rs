//! Operators between numbers, and between series that belong together by their labels.
use std::cmp::Ordering;
use std::collections::{HashMap, HashSet};

use promql_parser::label::Labels as Names;
use promql_parser::parser::{BinModifier, LabelModifier, VectorMatchCardinality as Card};

use super::eval::{Fault, Result, Sample, Value, part, vector};
use super::series::{Labels, NAME};

/// What comes out, and of a comparison whether it holds.
fn operate(op: &str, left: f64, right: f64) -> Result<(f64, bool)> {
    let holds = |holds| Ok((left, holds));
    let is = |value| Ok((value, true));
    match op {
        "+" => is(left + right),
        "-" => is(left - right),
        "*" => is(left * right),
        "/" => is(left / right),
        "%" => is(left % right),
        "^" => is(left.powf(right)),
        "==" => holds(left.partial_cmp(&right) == Some(Ordering::Equal)),
        "!=" => holds(left.partial_cmp(&right) != Some(Ordering::Equal)),
        ">" => holds(left > right),
        "<" => holds(left < right),
        ">=" => holds(left >= right),
        "<=" => holds(left <= right),
        _ => Err(Fault::Execution(format!("operator {op:?} is not known"))),
    }
}

fn compares(op: &str) -> bool {
    matches!(op, "==" | "!=" | ">" | "<" | ">=" | "<=")
}

pub fn apply(op: &str, left: Value, right: Value, modifier: Option<&BinModifier>) -> Result<Value> {
    let one_to_one =
        |one: &BinModifier| !one.return_bool && !matches!(one.card, Card::ManyToOne(_) | Card::OneToMany(_));
    if !modifier.is_none_or(one_to_one) {
        return Err(Fault::Expression("1:1: parse error: neither `bool` nor `group_` is known here".into()));
    }
    match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => {
            let (value, holds) = operate(op, left, right)?;
            let truth = if holds { 1.0 } else { 0.0 };
            Ok(Value::Scalar(if compares(op) { truth } else { value }))
        }
        (Value::Vector(samples), Value::Scalar(number)) => {
            each(samples, op, |value| operate(op, value, number))
        }
        (Value::Scalar(number), Value::Vector(samples)) => each(samples, op, |value| {
            let (result, holds) = operate(op, number, value)?;
            Ok((if compares(op) { value } else { result }, holds))
        }),
        (left, right) => {
            let (left, right) = (vector(left)?, vector(right)?);
            let matching = modifier.and_then(|one| one.matching.as_ref());
            let all = |samples: &[Sample]| -> HashSet<Labels> {
                samples.iter().map(|one| signature(&one.labels, matching)).collect()
            };
            let among = |all: &HashSet<Labels>, one: &Sample| all.contains(&signature(&one.labels, matching));
            match op {
                "and" | "unless" => {
                    let others = all(&right);
                    let kept = left.into_iter().filter(|one| among(&others, one) == (op == "and"));
                    Ok(Value::Vector(kept.collect()))
                }
                "or" => {
                    let known = all(&left);
                    let new = right.into_iter().filter(|one| !among(&known, one));
                    Ok(Value::Vector(left.into_iter().chain(new).collect()))
                }
                _ => pairs(op, &left, &right, matching),
            }
        }
    }
}

/// Each sample with a number.
fn each(samples: Vec<Sample>, op: &str, result: impl Fn(f64) -> Result<(f64, bool)>) -> Result<Value> {
    let mut kept = Vec::new();
    for mut sample in samples {
        let (value, holds) = result(sample.value)?;
        sample.value = value;
        if !compares(op) {
            sample.labels.remove(NAME);
        }
        kept.extend(Some(sample).filter(|_| holds));
    }
    Ok(Value::Vector(kept))
}

/// The labels by which series find each other.
fn signature(labels: &Labels, matching: Option<&LabelModifier>) -> Labels {
    part(labels, matching.unwrap_or(&LabelModifier::Exclude(Names { labels: Vec::new() })))
}

/// What belongs together by its labels, one of the left to one of the right.
fn pairs(op: &str, left: &[Sample], right: &[Sample], matching: Option<&LabelModifier>) -> Result<Value> {
    let mut ones: HashMap<Labels, &Sample> = HashMap::new();
    for sample in right {
        let key = signature(&sample.labels, matching);
        if let Some(first) = ones.insert(key.clone(), sample) {
            return Err(Fault::Execution(format!(
                "found duplicate series for the match group {} on the right hand-side of the operation: [{}, {}];\
                 many-to-many matching not allowed: matching labels must be unique on one side",
                shown(&key),
                shown(&sample.labels),
                shown(&first.labels)
            )));
        }
    }
    let (mut seen, mut kept) = (HashSet::new(), Vec::new());
    for sample in left {
        let key = signature(&sample.labels, matching);
        let Some(other) = ones.get(&key) else { continue };
        let (value, holds) = operate(op, sample.value, other.value)?;
        if !holds {
            continue;
        }
        let mut labels = sample.labels.clone();
        if !compares(op) {
            labels.remove(NAME);
        }
        if let Some(matching) = matching {
            labels.retain(|name, _| matching.labels().labels.contains(name) == matching.is_include());
        }
        if !seen.insert(key) {
            let why = "many-to-one matching must be explicit (group_left/group_right)";
            return Err(Fault::Execution(format!("multiple matches for labels: {why}")));
        }
        kept.push(Sample { labels, value });
    }
    Ok(Value::Vector(kept))
}

fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}
