//! What changes, from counters that only grow: per second, per minute, and when it will be full.
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::info::Info;
use crate::domain::Text;
use crate::domain::time::Timestamp;

/// How far back the growth of memory is worked out from.
const WINDOW: Duration = Duration::from_mins(5);
/// Rates are those of the last few looks.
const RECENT: Duration = Duration::from_secs(10);
/// The hit rate is calmer: a single miss in a quiet second is no news.
const LOOKUPS: Duration = Duration::from_mins(1);
/// Before this nothing is said of growth.
const LEAST: Duration = Duration::from_secs(15);
/// And before this, a burst is not called filling.
const STEADY: Duration = Duration::from_secs(30);
/// What fills later than this is not filling.
const FAR: Duration = Duration::from_hours(7 * 24);
/// What is drawn is remembered for an hour.
const POINT: Duration = Duration::from_secs(20);
const MOST_POINTS: usize = 180;
/// So many pings are remembered.
const PINGS: usize = 31;
/// More names of errors than any server has.
const MOST_ERRORS: usize = 32;

/// The counters of one look.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Sample {
    pub at: Timestamp,
    run_id: Text,
    uptime: u64,
    used: Option<u64>,
    max: Option<u64>,
    ops: Option<u64>,
    evicted: Option<u64>,
    expired: Option<u64>,
    hits: Option<u64>,
    misses: Option<u64>,
    rejected: Option<u64>,
    errors: Vec<(Text, u64)>,
}

/// Lookups that we made ourselves, and that are not the clients' doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Own {
    pub hits: u64,
    pub misses: u64,
}

impl Sample {
    pub fn of(info: &Info, at: Timestamp, own: Own) -> Sample {
        let errors = info.beginning("errorstat_").take(MOST_ERRORS).filter_map(|(code, said)| {
            let count = said.split(',').find_map(|part| part.strip_prefix("count="))?.parse().ok()?;
            Some((code.into(), count))
        });
        Sample {
            at,
            run_id: info.text("run_id").unwrap_or_default().into(),
            uptime: info.number("uptime_in_seconds").unwrap_or(0),
            used: info.number("used_memory"),
            max: info.number("maxmemory").filter(|max| *max > 0),
            ops: info.number("instantaneous_ops_per_sec"),
            evicted: info.number("evicted_keys"),
            expired: info.number("expired_keys"),
            hits: info.number("keyspace_hits").map(|hits| hits.saturating_sub(own.hits)),
            misses: info.number("keyspace_misses").map(|misses| misses.saturating_sub(own.misses)),
            rejected: info.number("rejected_connections"),
            errors: errors.collect(),
        }
    }

    /// Whether the server has been the same one since `earlier`, and its counters were not set back.
    fn follows(&self, earlier: &Sample) -> bool {
        let grew = |now: Option<u64>, then: Option<u64>| now.zip(then).is_none_or(|(now, then)| now >= then);
        self.run_id == earlier.run_id
            && self.uptime >= earlier.uptime
            && self.at > earlier.at
            && grew(self.evicted, earlier.evicted)
            && grew(self.expired, earlier.expired)
            && grew(self.hits, earlier.hits)
            && grew(self.misses, earlier.misses)
            && grew(self.rejected, earlier.rejected)
    }
}

/// What is worked out of several looks; `None` where there were too few.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rates {
    /// Of memory, in bytes.
    pub growth_per_minute: Option<i64>,
    /// Only where there is a limit and it comes nearer.
    pub full_in: Option<Duration>,
    pub evicted: Option<f64>,
    pub expired: Option<f64>,
    /// Of every hundred lookups; `None` while there are none.
    pub hit_rate: Option<f64>,
    pub rejected: Option<f64>,
    /// What clients are refused with, per second: `OOM`, `MISCONF`, `READONLY`.
    pub errors: Vec<(Text, f64)>,
    /// How it came about; the newest last.
    pub past: Arc<[Point]>,
}

/// How it was at one time.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    pub at: Timestamp,
    pub used: Option<u64>,
    pub ops: Option<u64>,
    /// Since the point before.
    pub hit_rate: Option<f64>,
    pub evicted: Option<f64>,
}

/// The looks at one node that are still of use.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    samples: VecDeque<Sample>,
    /// The look that the last point was made of.
    marked: Option<Sample>,
    past: Arc<[Point]>,
    pings: VecDeque<u32>,
}

impl History {
    /// Takes a look in; a restart and a reset of the counters make everything before it worthless.
    pub fn push(&mut self, sample: Sample) {
        if self.samples.back().is_some_and(|last| !sample.follows(last)) {
            self.samples.clear();
            self.marked = None;
        }
        self.mark(&sample);
        while self.samples.front().is_some_and(|first| sample.at.since(first.at) > WINDOW) {
            self.samples.pop_front();
        }
        self.samples.push_back(sample);
    }

    /// A point for every so many looks; what a restart leaves behind stays to be seen.
    fn mark(&mut self, sample: &Sample) {
        let Some(then) = &self.marked else {
            self.marked = Some(sample.clone());
            return;
        };
        let span = sample.at.since(then.at);
        if span < POINT {
            return;
        }
        let more = |of: fn(&Sample) -> Option<u64>| of(sample)?.checked_sub(of(then)?);
        let (hits, misses) = (more(|sample| sample.hits), more(|sample| sample.misses));
        let lookups = hits.zip(misses).and_then(|(hits, misses)| hits.checked_add(misses));
        let point = Point {
            at: sample.at,
            used: sample.used,
            ops: sample.ops,
            hit_rate: hits
                .zip(lookups.filter(|all| *all > 0))
                .map(|(hits, all)| float(hits) * 100.0 / float(all)),
            evicted: more(|sample| sample.evicted).and_then(|more| rate(more, span)),
        };
        let skipped = (self.past.len() + 1).saturating_sub(MOST_POINTS);
        self.past = self.past.iter().skip(skipped).cloned().chain([point]).collect();
        self.marked = Some(sample.clone());
    }

    pub fn ping(&mut self, took: Duration) {
        if self.pings.len() >= PINGS {
            self.pings.pop_front();
        }
        self.pings.push_back(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
    }

    /// The last answer to our own ping, and the middle one of the last minute, in microseconds of two digits.
    pub fn pings(&self) -> Option<(u32, u32)> {
        let last = *self.pings.back()?;
        let mut all: Vec<u32> = self.pings.iter().copied().collect();
        all.sort_unstable();
        let middle = all.get(all.len() / 2).copied().unwrap_or(last);
        Some((rounded(last), rounded(middle)))
    }

    pub fn rates(&self) -> Rates {
        let Some(last) = self.samples.back() else { return Rates::default() };
        let recent = self.before(last.at, RECENT);
        let per_second = |of: fn(&Sample) -> Option<u64>| {
            let then = recent?;
            rate(of(last)?.checked_sub(of(then)?)?, last.at.since(then.at))
        };
        let growth = self.growth();
        let steady = self.samples.front().is_some_and(|first| last.at.since(first.at) >= STEADY);
        Rates {
            growth_per_minute: growth,
            full_in: full_in(last, growth).filter(|_| steady),
            evicted: per_second(|sample| sample.evicted),
            expired: per_second(|sample| sample.expired),
            hit_rate: self.hit_rate(last),
            rejected: per_second(|sample| sample.rejected),
            errors: recent.map(|then| errors(then, last)).unwrap_or_default(),
            past: self.past.clone(),
        }
    }

    /// The newest look that lies at least `span` back, or else the oldest there is.
    fn before(&self, at: Timestamp, span: Duration) -> Option<&Sample> {
        let older = self.samples.iter().rev().skip(1);
        let mut found = None;
        for sample in older {
            found = Some(sample);
            if at.since(sample.at) >= span {
                break;
            }
        }
        found
    }

    fn hit_rate(&self, last: &Sample) -> Option<f64> {
        let then = self.before(last.at, LOOKUPS)?;
        let hits = last.hits?.checked_sub(then.hits?)?;
        let misses = last.misses?.checked_sub(then.misses?)?;
        let all = hits.checked_add(misses).filter(|all| *all > 0)?;
        Some(float(hits) * 100.0 / float(all))
    }

    /// The straight line that lies nearest to all looks: one that caught a burst does not bend it much.
    fn growth(&self) -> Option<i64> {
        let (first, last) = (self.samples.front()?, self.samples.back()?);
        if last.at.since(first.at) < LEAST {
            return None;
        }
        let points: Vec<(f64, f64)> = self
            .samples
            .iter()
            .filter_map(|sample| Some((sample.at.since(first.at).as_secs_f64(), float(sample.used?))))
            .collect();
        let count = float(u64::try_from(points.len()).unwrap_or(u64::MAX));
        if points.len() < 3 {
            return None;
        }
        let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
        let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
        let over: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
        let under: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
        (under > 0.0).then(|| whole(over / under * 60.0))
    }
}

fn errors(then: &Sample, last: &Sample) -> Vec<(Text, f64)> {
    let span = last.at.since(then.at);
    let grown = last.errors.iter().filter_map(|(code, now)| {
        let before = then.errors.iter().find(|(other, _)| other == code).map_or(0, |(_, count)| *count);
        let more = now.checked_sub(before).filter(|more| *more > 0)?;
        Some((code.clone(), rate(more, span)?))
    });
    grown.collect()
}

fn full_in(last: &Sample, growth: Option<i64>) -> Option<Duration> {
    let left = last.max?.checked_sub(last.used?)?;
    let growth = u64::try_from(growth?).ok().filter(|growth| *growth > 0)?;
    let seconds = u128::from(left) * 60 / u128::from(growth);
    let span = Duration::from_secs(u64::try_from(seconds).ok()?);
    (span <= FAR).then_some(span)
}

fn rate(more: u64, span: Duration) -> Option<f64> {
    let seconds = span.as_secs_f64();
    // To a tenth: finer is noise, and would make a quiet row a changed one.
    (seconds > 0.0).then(|| (float(more) / seconds * 10.0).round() / 10.0)
}

/// Two digits that count.
fn rounded(micros: u32) -> u32 {
    let mut unit = 1;
    while micros / unit >= 100 {
        unit *= 10;
    }
    micros / unit * unit
}

/// Exact up to 2^53, which no counter here reaches in use.
#[expect(clippy::cast_precision_loss, reason = "a rate needs no more digits")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

/// Of what was counted once; below zero there is nothing.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
pub(super) fn counted(value: f64) -> u64 {
    value.round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const MB: u64 = 1 << 20;

    #[test]
    fn how_it_came_about_is_remembered_a_point_at_a_time_for_an_hour() {
        let mut history = History::default();
        for second in (0..=60).step_by(2) {
            let quiet = look(second, u64::try_from(second).expect("a second") * MB);
            history.push(Sample { hits: Some(3 * quiet.uptime), misses: Some(quiet.uptime), ..quiet });
        }
        let past = history.rates().past;
        let told: Vec<_> =
            past.iter().map(|point| (point.used, point.ops, point.hit_rate, point.evicted)).collect();
        let point = |used| (Some(used * MB), Some(7), Some(75.0), Some(0.0));
        assert_eq!(told, [point(20), point(40), point(60)]);
        for second in (62..10_000).step_by(10) {
            history.push(look(second, MB));
        }
        assert_eq!(history.rates().past.len(), MOST_POINTS);
    }

    fn look(second: i64, used: u64) -> Sample {
        Sample {
            at: Timestamp::from_seconds(1_000 + second),
            run_id: "a".into(),
            uptime: u64::try_from(second).unwrap_or(0),
            used: Some(used),
            max: Some(100 * MB),
            ops: Some(7),
            evicted: Some(0),
            expired: Some(0),
            hits: Some(0),
            misses: Some(0),
            rejected: Some(0),
            errors: Vec::new(),
        }
    }

    fn after(samples: impl IntoIterator<Item = Sample>) -> Rates {
        let mut history = History::default();
        for sample in samples {
            history.push(sample);
        }
        history.rates()
    }

    #[test]
    fn steady_growth_tells_when_it_is_full() {
        // 1 MB a second from 10 MB on: 60 MB a minute, and 60 MB are left after 30 s.
        let rates = after((0_u32..=15).map(|n| look(i64::from(n) * 2, 10 * MB + u64::from(n) * 2 * MB)));
        assert_eq!(rates.growth_per_minute, i64::try_from(60 * MB).ok());
        assert_eq!(rates.full_in, Some(Duration::from_mins(1)));
    }

    #[test]
    fn too_few_looks_say_nothing_and_shrinking_is_never_full() {
        assert_eq!(after([look(0, MB)]), Rates::default());
        let short = after([look(0, MB), look(2, 2 * MB), look(4, 3 * MB)]);
        assert_eq!((short.growth_per_minute, short.full_in), (None, None));
        let burst = after((0_u32..=10).map(|n| look(i64::from(n) * 2, 10 * MB + u64::from(n) * 5 * MB)));
        assert_eq!((burst.growth_per_minute > Some(0), burst.full_in), (true, None));
        let shrinking = after((0_u32..10).map(|n| look(i64::from(n) * 2, 50 * MB - u64::from(n) * MB)));
        assert!(shrinking.growth_per_minute < Some(0));
        assert_eq!(shrinking.full_in, None);
    }

    #[test]
    fn without_a_limit_nothing_gets_full_and_a_crawl_is_none() {
        let unlimited =
            after((0_u32..10).map(|n| Sample { max: None, ..look(i64::from(n) * 2, u64::from(n) * MB) }));
        assert_eq!((unlimited.growth_per_minute > Some(0), unlimited.full_in), (true, None));
        let crawl = after((0_u32..10).map(|n| look(i64::from(n) * 2, MB + u64::from(n) * 10)));
        assert_eq!((crawl.growth_per_minute, crawl.full_in), (Some(300), None));
    }

    #[test]
    fn counters_become_rates_of_the_last_seconds() {
        let rates = after((0_u32..=20).map(|n| {
            let n64 = u64::from(n);
            let errors = vec![("OOM".into(), n64 * 4), ("WRONGPASS".into(), 7)];
            // Half a minute ago nothing was evicted; now ten keys go in every second.
            let evicted = Some(n64.saturating_sub(10) * 20);
            Sample { evicted, hits: Some(n64 * 9), misses: Some(n64), errors, ..look(i64::from(n) * 2, MB) }
        }));
        assert_eq!(rates.evicted, Some(10.0));
        assert_eq!(rates.hit_rate, Some(90.0));
        assert_eq!(rates.errors, [("OOM".into(), 2.0)]);
        assert_eq!(rates.rejected, Some(0.0));
    }

    #[test]
    fn without_lookups_there_is_no_hit_rate() {
        assert_eq!(after((0..5).map(|n| look(n * 2, MB))).hit_rate, None);
    }

    #[test]
    fn a_restart_begins_anew_and_never_gives_a_negative_rate() {
        let before = (0..10).map(|n| Sample { evicted: Some(5_000), ..look(100 + n * 2, 90 * MB) });
        let restarted = Sample { run_id: "b".into(), uptime: 1, ..look(122, MB) };
        let rates = after(before.clone().chain([restarted]));
        assert_eq!(rates, Rates::default());
        // The same server, whose counters somebody set back.
        let reset = Sample { evicted: Some(3), ..look(122, 90 * MB) };
        assert_eq!(after(before.chain([reset])), Rates::default());
    }

    #[test]
    fn a_clock_that_is_set_back_divides_by_nothing() {
        let rates = after([look(10, MB), look(10, 2 * MB), look(5, 3 * MB)]);
        assert_eq!(rates, Rates::default());
    }

    #[test]
    fn old_looks_are_forgotten() {
        let mut history = History::default();
        for n in 0..400 {
            history.push(look(n * 2, MB));
        }
        assert!(history.samples.len() <= 151, "{}", history.samples.len());
    }

    #[test]
    fn the_middle_ping_is_calmer_than_the_last() {
        let mut history = History::default();
        assert_eq!(history.pings(), None);
        for micros in [210, 220, 230, 240, 90_123] {
            history.ping(Duration::from_micros(micros));
        }
        assert_eq!(history.pings(), Some((90_000, 230)));
        for _ in 0..100 {
            history.ping(Duration::from_micros(55));
        }
        assert_eq!(history.pings(), Some((55, 55)));
    }
}
