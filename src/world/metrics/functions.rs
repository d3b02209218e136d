//! Functions of expressions: most are a line in a table.
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use jiff::civil::{DateTime, Weekday};
use jiff::tz::TimeZone;
use promql_parser::label::MatchOp;
use promql_parser::parser::Expr;
use regex::RegexBuilder;

use super::eval::{AGGREGATES, Fault, Query, Result, Sample, Value, Window, count, nameless, unknown};
use super::series::{Labels, NAME, Point, seconds};

type OfNumber = fn(f64) -> f64;
type OfTime = fn(DateTime) -> i16;
type OfWindow = fn(&Window) -> Option<f64>;

const NUMBERS: &[(&str, OfNumber)] = &[
    ("abs", f64::abs),
    ("ceil", f64::ceil),
    ("floor", f64::floor),
    ("exp", f64::exp),
    ("sqrt", f64::sqrt),
    ("ln", f64::ln),
    ("log2", f64::log2),
    ("log10", f64::log10),
    ("sgn", |value| if value == 0.0 || value.is_nan() { value } else { value.signum() }),
];

const TIMES: &[(&str, OfTime)] = &[
    ("minute", |time| time.minute().into()),
    ("hour", |time| time.hour().into()),
    ("day_of_week", |time| match time.weekday() {
        Weekday::Sunday => 0,
        other => other.to_monday_one_offset().into(),
    }),
    ("day_of_month", |time| time.day().into()),
    ("day_of_year", DateTime::day_of_year),
    ("days_in_month", |time| time.days_in_month().into()),
    ("month", |time| time.month().into()),
    ("year", DateTime::year),
];

const WINDOWS: &[(&str, OfWindow)] = &[
    ("rate", |window| Some(grown(window, true)? / seconds(window.to - window.from))),
    ("increase", |window| grown(window, true)),
    ("delta", |window| grown(window, false)),
    ("irate", |window| last_step(window, true).map(|(value, time)| value / time)),
    ("idelta", |window| last_step(window, false).map(|(value, _)| value)),
    ("deriv", |window| line(&window.points, window.points.first()?.0).map(|(slope, _)| slope)),
    ("changes", |window| {
        Some(steps(window, |a, b| a.to_bits() != b.to_bits() && !(a.is_nan() && b.is_nan())))
    }),
    ("resets", |window| Some(steps(window, |a, b| b < a))),
    ("present_over_time", |_| Some(1.0)),
];

/// What reading a pattern costs, in samples.
const PATTERN: usize = 1_500;

impl Query<'_> {
    pub fn call(&self, name: &str, args: &[Box<Expr>], at: i64) -> Result<Value> {
        let few = || Fault::Execution(format!("{name} wants more arguments"));
        let arg = |nth: usize| args.get(nth).map(|arg| &**arg).ok_or_else(few);
        let scalar = |nth: usize| self.scalar(arg(nth)?, at);
        let samples = |nth: usize| self.vector(arg(nth)?, at);
        if let Some((_, value)) = NUMBERS.iter().find(|(known, _)| *known == name) {
            return Ok(Value::Vector(nameless(samples(0)?, |one| Some(value(one)))));
        }
        if let Some((_, value)) = TIMES.iter().find(|(known, _)| *known == name) {
            let now = || vec![Sample { labels: Labels::new(), value: seconds(at) }];
            let times = if args.is_empty() { now() } else { samples(0)? };
            return Ok(Value::Vector(nameless(times, |one| civil(one).map(|time| value(time).into()))));
        }
        let over = |op: &str| AGGREGATES.iter().find(|known| known.0 == op).map(|known| known.1);
        if let Some(value) = name.strip_suffix("_over_time").and_then(over) {
            return self.windows(arg(0)?, at, |window| Some(value(&values(window)))).map(Value::Vector);
        }
        if let Some((_, value)) = WINDOWS.iter().find(|(known, _)| *known == name) {
            return self.windows(arg(0)?, at, value).map(Value::Vector);
        }
        let vector = match name {
            "time" => return Ok(Value::Scalar(seconds(at))),
            "scalar" => {
                let all = samples(0)?;
                return Ok(Value::Scalar(if let [one] = all.as_slice() { one.value } else { f64::NAN }));
            }
            "vector" => vec![Sample { labels: Labels::new(), value: scalar(0)? }],
            "absent" => absent(samples(0)?.is_empty(), arg(0)?),
            "absent_over_time" => absent(self.ranges(arg(0)?, at)?.is_empty(), arg(0)?),
            "timestamp" => self.timestamps(arg(0)?, at)?,
            "last_over_time" | "first_over_time" => {
                let last = name == "last_over_time";
                let of = |all: &[Point]| if last { all.last() } else { all.first() }.map(|(_, value)| *value);
                let windows = self.ranges(arg(0)?, at)?.into_iter();
                windows
                    .filter_map(|one| Some(Sample { value: of(&one.points)?, labels: one.labels }))
                    .collect()
            }
            "predict_linear" => {
                let ahead = scalar(1)?;
                let predicted =
                    |window: &Window| line(&window.points, at).map(|(slope, now)| slope * ahead + now);
                self.windows(arg(0)?, at, predicted)?
            }
            "quantile_over_time" => {
                let q = scalar(0)?;
                self.windows(arg(1)?, at, |window| Some(quantile(q, values(window))))?
            }
            "clamp" | "clamp_min" | "clamp_max" => {
                let low = if name == "clamp_max" { f64::NEG_INFINITY } else { scalar(1)? };
                let high = match name {
                    "clamp" => scalar(2)?,
                    "clamp_max" => scalar(1)?,
                    _ => f64::INFINITY,
                };
                let within = |value: f64| if value.is_nan() { value } else { value.min(high).max(low) };
                nameless(samples(0)?, |value| (low <= high).then(|| within(value)))
            }
            "round" => {
                let to = if args.len() > 1 { scalar(1)? } else { 1.0 };
                nameless(samples(0)?, |value| Some((value / to + 0.5).floor() * to))
            }
            "sort" | "sort_desc" => {
                let sign = if name == "sort" { 1.0 } else { -1.0 };
                let mut all = samples(0)?;
                all.sort_by(|a, b| (sign * a.value).total_cmp(&(sign * b.value)));
                all
            }
            "histogram_quantile" => buckets(scalar(0)?, samples(1)?),
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

    /// When each sample was taken.
    fn timestamps(&self, expr: &Expr, at: i64) -> Result<Vec<Sample>> {
        let Expr::VectorSelector(selector) = expr else {
            return Ok(nameless(self.vector(expr, at)?, |_| Some(seconds(at))));
        };
        let at = self.moved(at, selector.at.as_ref(), selector.offset.as_ref());
        let taken = self.instants(selector, at)?.into_iter();
        let taken =
            taken.map(|(series, (time, _))| Sample { labels: series.labels.clone(), value: seconds(time) });
        Ok(nameless(taken.collect(), Some))
    }
}

fn values(window: &Window) -> Vec<f64> {
    window.points.iter().map(|(_, value)| *value).collect()
}

/// By how much a series has grown, carried on to the ends of the window where its samples come near them.
fn grown(window: &Window, counter: bool) -> Option<f64> {
    let (&(begin, first), &(end, last)) = (window.points.first()?, window.points.last()?);
    let all = values(window);
    let falls = all.iter().zip(all.iter().skip(1)).filter(|(a, b)| counter && b < a);
    let growth = last - first + falls.map(|(a, _)| a).sum::<f64>();
    let sampled = seconds(end - begin);
    if window.points.len() < 2 || sampled <= 0.0 {
        return None;
    }
    let step = sampled / (count(&all) - 1.0);
    let mut before = seconds(begin - window.from);
    if counter && growth > 0.0 && first >= 0.0 {
        // A counter was not below zero.
        before = before.min(sampled * (first / growth));
    }
    let carried = |gap: f64| if gap < step * 1.1 { gap } else { step / 2.0 };
    Some(growth * (sampled + carried(before) + carried(seconds(window.to - end))) / sampled)
}

/// From the last but one sample to the last: by how much, in how many seconds.
fn last_step(window: &Window, counter: bool) -> Option<(f64, f64)> {
    let mut newest = window.points.iter().rev();
    let (&(end, last), &(begin, before)) = (newest.next()?, newest.next()?);
    let step = if counter && last < before { last } else { last - before };
    Some((step, seconds(end - begin)))
}

/// How often one sample and the next are so.
fn steps(window: &Window, so: impl Fn(f64, f64) -> bool) -> f64 {
    let all = values(window);
    let found = all.iter().zip(all.iter().skip(1)).filter(|(a, b)| so(**a, **b));
    found.fold(0.0, |sum, _| sum + 1.0)
}

/// The line through the points: its slope, and where it is at an instant.
fn line(points: &[Point], at: i64) -> Option<(f64, f64)> {
    let (_, first) = points.first()?;
    if points.len() < 2 {
        return None;
    }
    if points.iter().all(|(_, value)| value.to_bits() == first.to_bits()) {
        return Some((0.0, *first));
    }
    let spots: Vec<(f64, f64)> = points.iter().map(|(time, value)| (seconds(time - at), *value)).collect();
    let sum = |of: fn(&(f64, f64)) -> f64| spots.iter().map(of).sum::<f64>();
    let (n, x, y) = (sum(|_| 1.0), sum(|spot| spot.0), sum(|spot| spot.1));
    let slope = (sum(|spot| spot.0 * spot.1) - x * y / n) / (sum(|spot| spot.0 * spot.0) - x * x / n);
    Some((slope, y / n - slope * x / n))
}

pub fn quantile(q: f64, mut values: Vec<f64>) -> f64 {
    if values.is_empty() || q.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&q) {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    values.sort_by(f64::total_cmp);
    let rank = q * (count(&values) - 1.0);
    let from =
        |rank: f64| values.iter().zip(0..).find(|(_, nth)| f64::from(*nth) >= rank).map(|(value, _)| *value);
    let low = from(rank.floor()).unwrap_or(f64::NAN);
    let high = from(rank.floor() + 1.0).unwrap_or(low);
    low * (1.0 - rank.fract()) + high * rank.fract()
}

/// The quantile of each histogram, from the counts of its buckets.
fn buckets(q: f64, samples: Vec<Sample>) -> Vec<Sample> {
    let mut all: BTreeMap<Labels, Vec<(f64, f64)>> = BTreeMap::new();
    for mut sample in samples {
        let bound = sample.labels.remove("le").and_then(|le| le.trim_start_matches('+').parse().ok());
        sample.labels.remove(NAME);
        if let Some(bound) = bound {
            all.entry(sample.labels).or_default().push((bound, sample.value));
        }
    }
    let found =
        all.into_iter().map(|(labels, buckets)| Sample { labels, value: bucket_quantile(q, buckets) });
    found.collect()
}

fn bucket_quantile(q: f64, mut buckets: Vec<(f64, f64)>) -> f64 {
    if q.is_nan() {
        return f64::NAN;
    }
    if !(0.0..=1.0).contains(&q) {
        return if q < 0.0 { f64::NEG_INFINITY } else { f64::INFINITY };
    }
    buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
    // Buckets with one bound are one; a larger one counts no less than a smaller one.
    let mut merged: Vec<(f64, f64)> = Vec::new();
    for (bound, count) in buckets {
        match merged.last_mut() {
            Some((last, sum)) if last.total_cmp(&bound).is_eq() => *sum += count,
            _ => merged.push((bound, count)),
        }
    }
    let mut most = 0.0_f64;
    for (_, count) in &mut merged {
        most = most.max(*count);
        *count = most;
    }
    let Some((&(f64::INFINITY, all), below)) = merged.split_last() else { return f64::NAN };
    let Some(&(largest, _)) = below.last() else { return f64::NAN };
    if all == 0.0 || all.is_nan() {
        return f64::NAN;
    }
    let rank = q * all;
    let mut start = (0.0, 0.0);
    for (nth, &(bound, count)) in below.iter().enumerate() {
        if count >= rank {
            if nth == 0 && bound <= 0.0 {
                return bound;
            }
            return start.0 + (bound - start.0) * ((rank - start.1) / (count - start.1));
        }
        start = (bound, count);
    }
    largest
}

/// One sample where there was none, with the labels that were asked for.
fn absent(none: bool, expr: &Expr) -> Vec<Sample> {
    let selector = match expr {
        Expr::VectorSelector(selector) => Some(selector),
        Expr::MatrixSelector(matrix) => Some(&matrix.vs),
        _ => None,
    };
    let matchers = selector.map_or(&[][..], |selector| &selector.matchers.matchers);
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

fn civil(seconds: f64) -> Option<DateTime> {
    #[expect(clippy::cast_possible_truncation, reason = "it saturates, and is checked")]
    let time = Timestamp::from_second(seconds.floor() as i64).ok()?;
    Some(time.to_zoned(TimeZone::UTC).datetime())
}
