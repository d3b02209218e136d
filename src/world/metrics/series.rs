//! Series: what was measured, and the hours before the start, when all was as it was then.
use std::collections::{BTreeMap, VecDeque};

use promql_parser::label::{MatchOp, Matcher};
use promql_parser::parser::VectorSelector;

pub type Labels = BTreeMap<String, String>;
pub const NAME: &str = "__name__";

/// Milliseconds of the epoch, and a value.
pub type Point = (i64, f64);

/// An instant looks so far back for a sample.
pub const LOOKBACK: i64 = 300_000;
/// So many series are held, and so many samples of each: then every second of the older ones goes.
const MOST_SERIES: usize = 5_000;
const MOST: usize = 1_440;
/// The past has a sample every so often, and so many.
const PAST_STEP: i64 = 15_000;
const PAST_STEPS: i64 = 960;
/// Says that a series has ended; no measurement has these bits.
const STALE: u64 = 0x7ff0_0000_0000_0002;

#[derive(Debug)]
pub struct Series {
    pub labels: Labels,
    /// It was as it is for hours before it was measured first.
    old: bool,
    first: Option<Point>,
    kept: VecDeque<Point>,
    /// Set since the last scrape.
    next: Option<f64>,
    /// It is measured, and has not ended.
    lives: bool,
}

impl Series {
    /// The newest sample that an instant sees, unless the series has ended by then.
    pub fn at(&self, at: i64) -> Option<Point> {
        let after = self.kept.partition_point(|(time, _)| *time <= at);
        let kept = after.checked_sub(1).and_then(|last| self.kept.get(last)).copied();
        let found = kept.or_else(|| self.guesses(at - PAST_STEP, at).last().copied());
        found.filter(|(time, value)| *time >= at - LOOKBACK && !is_stale(*value))
    }

    /// The samples from one instant to another, both with it.
    pub fn between(&self, from: i64, to: i64) -> Vec<Point> {
        let mut points = self.guesses(from, to);
        let first = self.kept.partition_point(|(time, _)| *time < from);
        let own = self.kept.range(first..).take_while(|(time, _)| *time <= to);
        points.extend(own.filter(|(_, value)| !is_stale(*value)));
        points
    }

    /// What would have been measured in a time before the first sample.
    fn guesses(&self, from: i64, to: i64) -> Vec<Point> {
        let Some((first, value)) = self.first.filter(|_| self.old) else { return Vec::new() };
        let oldest = first.saturating_sub(from).div_euclid(PAST_STEP).min(PAST_STEPS);
        let newest = (first - to.min(first - 1)).saturating_add(PAST_STEP - 1).div_euclid(PAST_STEP);
        (newest.max(1)..=oldest).rev().map(|back| (first - back * PAST_STEP, value)).collect()
    }

    fn keep(&mut self, at: i64, value: f64) {
        if self.kept.len() >= MOST {
            let mut nth = 0;
            self.kept.retain(|_| {
                nth += 1;
                nth % 2 == 0 || nth > MOST / 2
            });
        }
        self.first.get_or_insert((at, value));
        self.kept.push_back((at, value));
    }
}

fn is_stale(value: f64) -> bool {
    value.to_bits() == STALE
}

/// All series, by their name and their labels.
#[derive(Debug, Default)]
pub struct Store {
    series: BTreeMap<String, BTreeMap<Labels, Series>>,
    count: usize,
}

impl Store {
    pub fn set(&mut self, labels: Labels, value: f64) {
        if let Some(series) = self.find(labels) {
            (series.next, series.lives) = (Some(value), true);
        }
    }

    /// A sample that is no measurement, as the ones that rules make.
    pub fn keep(&mut self, labels: Labels, at: i64, value: f64) {
        if let Some(series) = self.find(labels) {
            series.keep(at, value);
        }
    }

    pub fn end(&mut self, labels: &Labels, at: i64) {
        let name = labels.get(NAME).map_or("", String::as_str);
        if let Some(series) = self.series.get_mut(name).and_then(|all| all.get_mut(labels)) {
            series.keep(at, f64::from_bits(STALE));
        }
    }

    /// Takes in what was set since the last time; what was not has ended. What is there from the start has long been
    /// as it is.
    pub fn scrape(&mut self, at: i64, start: bool, up: impl Fn(&Labels) -> bool) {
        for series in self.series.values_mut().flat_map(BTreeMap::values_mut) {
            match series.next.take().filter(|_| up(&series.labels)) {
                Some(value) => {
                    series.old |= start;
                    series.keep(at, value);
                }
                None if std::mem::take(&mut series.lives) => series.keep(at, f64::from_bits(STALE)),
                // Rules keep their own.
                None => {}
            }
        }
    }

    fn find(&mut self, mut labels: Labels) -> Option<&mut Series> {
        labels.retain(|_, value| !value.is_empty());
        let name = labels.get(NAME).cloned().unwrap_or_default();
        let all = self.series.entry(name).or_default();
        if !all.contains_key(&labels) {
            if self.count >= MOST_SERIES {
                return None;
            }
            self.count += 1;
        }
        let new = Series {
            labels: labels.clone(),
            old: false,
            first: None,
            kept: VecDeque::new(),
            next: None,
            lives: false,
        };
        Some(all.entry(labels).or_insert(new))
    }

    /// The series that a selector finds: all its matchers match, or all of one of its lists.
    pub fn select(&self, selector: &VectorSelector) -> Vec<&Series> {
        let wanted = &selector.matchers;
        let exact = wanted.matchers.iter().find(|one| one.name == NAME && one.op == MatchOp::Equal);
        let name = selector.name.as_ref().or(exact.map(|one| &one.value));
        let within = self.series.iter().filter(|(own, _)| name.is_none_or(|name| name == *own));
        let hit = within.flat_map(|(_, all)| all.values()).filter(|series| {
            let value = |one: &Matcher| series.labels.get(&one.name).map_or("", String::as_str);
            let hits = |all: &Vec<Matcher>| all.iter().all(|one| one.is_match(value(one)));
            let lists = &wanted.or_matchers;
            if lists.is_empty() { hits(&wanted.matchers) } else { lists.iter().any(hits) }
        });
        hit.collect()
    }
}

#[expect(clippy::cast_precision_loss, reason = "no time of a world is that long")]
pub fn seconds(milliseconds: i64) -> f64 {
    milliseconds as f64 / 1_000.0
}
