//! What takes long and says how far it is: vacuum, new indexes, copies, backups.
use std::borrow::Cow;

use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

#[derive(Debug, Clone, PartialEq)]
pub struct Operation {
    pub pid: i32,
    /// `VACUUM`, `CREATE INDEX CONCURRENTLY`, `COPY FROM`; empty when hidden from us.
    pub what: Text,
    pub user: Text,
    pub database: Text,
    /// Known for what is in our own database; a number elsewhere.
    pub on: Text,
    pub phase: Text,
    pub done: Option<u64>,
    pub total: Option<u64>,
    pub unit: Text,
    /// Since when its statement runs.
    pub since: Option<Timestamp>,
    /// What else it says: whom it waits for, how often it went over the indexes.
    pub notes: Text,
}

impl Operation {
    /// In percent of this phase.
    pub fn percent(&self) -> Option<u64> {
        Some(self.done?.saturating_mul(100).checked_div(self.total?)?.min(100))
    }

    pub fn level(&self) -> Level {
        // It waits for others' transactions, maybe for ever.
        if self.phase.starts_with("waiting for") {
            return Level::Warn;
        }
        if self.what.is_empty() { Level::Unknown } else { Level::Fine }
    }

    pub fn status(&self) -> Cow<'_, str> {
        if self.what.is_empty() { "hidden".into() } else { (&*self.phase).into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_it_is_is_told_of_a_phase_that_has_an_end() {
        let operation = Operation {
            pid: 1,
            what: "CREATE INDEX".into(),
            user: "web".into(),
            database: "shop".into(),
            on: "orders".into(),
            phase: "building index: scanning table".into(),
            done: Some(250),
            total: Some(1_000),
            unit: "blocks".into(),
            since: None,
            notes: "".into(),
        };
        assert_eq!((operation.percent(), operation.level()), (Some(25), Level::Fine));
        assert_eq!(Operation { total: Some(0), ..operation.clone() }.percent(), None);
        assert_eq!(Operation { done: Some(2_000), ..operation.clone() }.percent(), Some(100));
        let waits = Operation { phase: "waiting for writers before build".into(), ..operation.clone() };
        assert_eq!(waits.level(), Level::Warn);
        let hidden = Operation { what: "".into(), ..operation };
        assert_eq!((hidden.level(), &*hidden.status()), (Level::Unknown, "hidden"));
    }
}
