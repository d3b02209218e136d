//! What runs often or long, by `pg_stat_statements`: totals, and what was added since the last look.
use std::collections::HashMap;
use std::time::Duration;

use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

/// A statement that takes this share of one processor all the time is worth a look.
const BUSY_WARN: u32 = 100;

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub database: Text,
    pub user: Text,
    pub query: Text,
    pub total: Counted,
    /// What was added since the look before, with how long that was; `None` at the first look and after a reset.
    pub lately: Option<(Counted, Duration)>,
}

/// What the server counts. Times are in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counted {
    pub calls: u64,
    pub time: u64,
    pub rows: u64,
    /// Shared blocks found in memory, and read.
    pub hit: u64,
    pub read: u64,
}

impl Counted {
    /// Microseconds a call.
    pub fn mean(&self) -> Option<u64> {
        self.time.checked_div(self.calls)
    }

    /// `None` when any number went back: the statistics were reset, or the server restarted.
    fn since(&self, before: &Counted) -> Option<Counted> {
        Some(Counted {
            calls: self.calls.checked_sub(before.calls)?,
            time: self.time.checked_sub(before.time)?,
            rows: self.rows.checked_sub(before.rows)?,
            hit: self.hit.checked_sub(before.hit)?,
            read: self.read.checked_sub(before.read)?,
        })
    }
}

impl Statement {
    /// Thousandths of one processor that it took lately.
    pub fn load(&self) -> Option<u32> {
        let (lately, span) = self.lately?;
        let micros = u64::try_from(span.as_micros()).ok()?;
        u32::try_from(lately.time.saturating_mul(1000).checked_div(micros)?).ok()
    }

    /// Calls a minute, lately.
    pub fn calls_per_minute(&self) -> Option<u64> {
        let (lately, span) = self.lately?;
        lately.calls.saturating_mul(60_000).checked_div(u64::try_from(span.as_millis()).ok()?)
    }

    pub fn level(&self) -> Level {
        // A whole processor, all the time.
        if self.load().is_some_and(|load| load >= BUSY_WARN * 10) { Level::Warn } else { Level::Fine }
    }
}

/// The look before, to tell what was added since.
#[derive(Debug, Clone, Default)]
pub struct Deltas {
    at: Option<Timestamp>,
    before: HashMap<Text, Counted>,
}

impl Deltas {
    /// What each added since the look before, in the order given; the new look takes its place.
    pub fn since(&mut self, now: Timestamp, look: &[(Text, Counted)]) -> Vec<Option<(Counted, Duration)>> {
        let span = self.at.map(|at| now.since(at)).filter(|span| !span.is_zero());
        // One that went back tells that all began anew.
        let reset = look
            .iter()
            .any(|(id, counted)| self.before.get(id).is_some_and(|before| counted.since(before).is_none()));
        let added = look.iter().map(|(id, counted)| {
            let before = self.before.get(id).filter(|_| !reset)?;
            Some((counted.since(before)?, span?))
        });
        let added = added.collect();
        self.at = Some(now);
        self.before = look.iter().cloned().collect();
        added
    }

    pub fn forget(&mut self) {
        *self = Deltas::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(calls: u64, time: u64) -> Counted {
        Counted { calls, time, ..Counted::default() }
    }

    fn look(deltas: &mut Deltas, at: i64, calls: &[(&str, u64)]) -> Vec<Option<u64>> {
        let look: Vec<_> = calls.iter().map(|(id, n)| ((*id).into(), counted(*n, n * 10))).collect();
        let added = deltas.since(Timestamp::from_seconds(at), &look);
        added.into_iter().map(|added| added.map(|(counted, _)| counted.calls)).collect()
    }

    #[test]
    fn what_was_added_is_told_from_the_second_look_on() {
        let mut deltas = Deltas::default();
        assert_eq!(look(&mut deltas, 0, &[("a", 5)]), [None]);
        assert_eq!(look(&mut deltas, 10, &[("a", 8), ("b", 1)]), [Some(3), None]);
        assert_eq!(look(&mut deltas, 20, &[("b", 1)]), [Some(0)]);
    }

    #[test]
    fn after_a_reset_nothing_is_told_of_any() {
        let mut deltas = Deltas::default();
        look(&mut deltas, 0, &[("a", 5), ("b", 5)]);
        assert_eq!(look(&mut deltas, 10, &[("a", 1), ("b", 6)]), [None, None]);
        assert_eq!(look(&mut deltas, 20, &[("a", 2), ("b", 6)]), [Some(1), Some(0)]);
    }

    #[test]
    fn a_statement_that_keeps_a_processor_busy_is_worth_a_look() {
        let mut statement = Statement {
            database: "d".into(),
            user: "u".into(),
            query: "select".into(),
            total: counted(4, 10),
            lately: Some((counted(30, 9_000_000), Duration::from_secs(10))),
        };
        assert_eq!((statement.load(), statement.level()), (Some(900), Level::Fine));
        assert_eq!((statement.calls_per_minute(), statement.total.mean()), (Some(180), Some(2)));
        statement.lately = Some((counted(1, 10_000_000), Duration::from_secs(10)));
        assert_eq!(statement.level(), Level::Warn);
        assert_eq!(counted(0, 0).mean(), None);
    }
}
