//! Operators between numbers, and between series that belong together by their labels.
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
        "atan2" => is(left.atan2(right)),
        "==" => holds(same(left, right)),
        "!=" => holds(!same(left, right)),
        ">" => holds(left > right),
        "<" => holds(left < right),
        ">=" => holds(left >= right),
        "<=" => holds(left <= right),
        _ => Err(Fault::Execution(format!("operator {op:?} is not known"))),
    }
}

/// Values are compared to the last bit, as the original does.
fn same(left: f64, right: f64) -> bool {
    left.partial_cmp(&right) == Some(std::cmp::Ordering::Equal)
}

fn compares(op: &str) -> bool {
    matches!(op, "==" | "!=" | ">" | "<" | ">=" | "<=")
}

pub fn apply(op: &str, left: Value, right: Value, modifier: Option<&BinModifier>) -> Result<Value> {
    let as_bool = modifier.is_some_and(|one| one.return_bool);
    let truth = |holds| if holds { 1.0 } else { 0.0 };
    match (left, right) {
        (Value::Scalar(left), Value::Scalar(right)) => {
            let (value, holds) = operate(op, left, right)?;
            Ok(Value::Scalar(if compares(op) { truth(holds) } else { value }))
        }
        (Value::Vector(samples), Value::Scalar(number)) => {
            each(samples, op, as_bool, |value| operate(op, value, number))
        }
        (Value::Scalar(number), Value::Vector(samples)) => each(samples, op, as_bool, |value| {
            let (result, holds) = operate(op, number, value)?;
            Ok((if compares(op) { value } else { result }, holds))
        }),
        (left, right) => {
            let (left, right) = (vector(left)?, vector(right)?);
            let matching = modifier.and_then(|one| one.matching.as_ref());
            match op {
                "and" | "unless" => {
                    let others: HashSet<Labels> =
                        right.iter().map(|one| signature(&one.labels, matching)).collect();
                    let found = |one: &Sample| others.contains(&signature(&one.labels, matching));
                    let kept = left.into_iter().filter(|one| found(one) == (op == "and"));
                    Ok(Value::Vector(kept.collect()))
                }
                "or" => {
                    let known: HashSet<Labels> =
                        left.iter().map(|one| signature(&one.labels, matching)).collect();
                    let new = |one: &Sample| !known.contains(&signature(&one.labels, matching));
                    Ok(Value::Vector(
                        left.iter().chain(right.iter().filter(|one| new(one))).cloned().collect(),
                    ))
                }
                _ => pairs(op, &left, &right, modifier, as_bool),
            }
        }
    }
}

/// Each sample with a number.
fn each(
    samples: Vec<Sample>,
    op: &str,
    as_bool: bool,
    result: impl Fn(f64) -> Result<(f64, bool)>,
) -> Result<Value> {
    let mut kept = Vec::new();
    for mut sample in samples {
        let (value, holds) = result(sample.value)?;
        sample.value = if as_bool { f64::from(u8::from(holds)) } else { value };
        if as_bool || !compares(op) {
            sample.labels.remove(NAME);
        }
        if holds || as_bool {
            kept.push(sample);
        }
    }
    Ok(Value::Vector(kept))
}

/// The labels by which series find each other.
fn signature(labels: &Labels, matching: Option<&LabelModifier>) -> Labels {
    part(labels, matching.unwrap_or(&LabelModifier::Exclude(Names { labels: Vec::new() })))
}

fn pairs(
    op: &str,
    left: &[Sample],
    right: &[Sample],
    modifier: Option<&BinModifier>,
    as_bool: bool,
) -> Result<Value> {
    let matching = modifier.and_then(|one| one.matching.as_ref());
    let card = modifier.map_or(&Card::OneToOne, |one| &one.card);
    let turned = matches!(card, Card::OneToMany(_));
    let (many, one, side) = if turned { (right, left, "left") } else { (left, right, "right") };
    let mut ones: HashMap<Labels, &Sample> = HashMap::new();
    for sample in one {
        let key = signature(&sample.labels, matching);
        if let Some(first) = ones.insert(key.clone(), sample) {
            return Err(Fault::Execution(format!(
                "found duplicate series for the match group {} on the {side} hand-side of the operation: [{}, {}];\
                 many-to-many matching not allowed: matching labels must be unique on one side",
                shown(&key),
                shown(&sample.labels),
                shown(&first.labels)
            )));
        }
    }
    let (mut seen, mut kept) = (HashSet::new(), Vec::new());
    for sample in many {
        let key = signature(&sample.labels, matching);
        let Some(other) = ones.get(&key) else { continue };
        let (left, right) = if turned { (*other, sample) } else { (sample, *other) };
        let (value, holds) = operate(op, left.value, right.value)?;
        if !holds && !as_bool {
            continue;
        }
        let mut labels = sample.labels.clone();
        if as_bool || !compares(op) {
            labels.remove(NAME);
        }
        match card {
            Card::OneToOne => labels = joined(labels, matching),
            Card::ManyToOne(names) | Card::OneToMany(names) => {
                for name in &names.labels {
                    match other.labels.get(name) {
                        Some(value) => labels.insert(name.clone(), value.clone()),
                        None => labels.remove(name),
                    };
                }
            }
            Card::ManyToMany => {}
        }
        let (fresh, why) = match card {
            Card::OneToOne => {
                (seen.insert(key), "many-to-one matching must be explicit (group_left/group_right)")
            }
            _ => (seen.insert(labels.clone()), "grouping labels must ensure unique matches"),
        };
        if !fresh {
            return Err(Fault::Execution(format!("multiple matches for labels: {why}")));
        }
        kept.push(Sample { labels, value: if as_bool { f64::from(u8::from(holds)) } else { value } });
    }
    Ok(Value::Vector(kept))
}

/// What two that belong together have in common by their labels.
fn joined(mut labels: Labels, matching: Option<&LabelModifier>) -> Labels {
    if let Some(matching) = matching {
        labels.retain(|name, _| matching.labels().labels.contains(name) == matching.is_include());
    }
    labels
}

fn shown(labels: &Labels) -> String {
    let pairs: Vec<String> = labels.iter().map(|(name, value)| format!("{name}={value:?}")).collect();
    format!("{{{}}}", pairs.join(", "))
}
