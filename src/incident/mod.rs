//! What happened, as events that outlive the program, and what is made of them: incidents, clocks, the time line,
//! handovers and reports.
pub mod acknowledged;
pub mod bound;
pub mod chain;
pub mod clock;
pub mod event;
pub mod handover;
pub mod line;
pub mod name;
pub mod order;
pub mod paper;
pub mod record;
pub mod report;
pub mod state;
#[cfg(test)]
mod story;
pub mod suspects;
pub mod timeline;
pub mod words;

pub use event::{Event, EventId, What};

use crate::domain::time::Timestamp;

/// Whether events reach a disk, and which.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Keeping {
    #[default]
    Opening,
    /// The file in the usual place.
    Good(String),
    /// The usual place refused; events go here until it takes them again.
    Moved { to: String, why: String },
    /// Nowhere.
    Failed { why: String },
}

/// The journal of a day without an incident. UTC, so that two boxes name the same day.
pub fn day(at: Timestamp) -> String {
    let text = at.rfc3339();
    format!("day-{}", text.split('T').next().unwrap_or(&text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_an_incident_is_named_by_its_date_in_utc() {
        let at = Timestamp::parse("2026-03-01T00:30:00+02:00").expect("a time");
        assert_eq!(day(at), "day-2026-02-28");
    }
}
