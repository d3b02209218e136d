//! What happened, as events that outlive the program; later the timeline, the clock and the reports.
pub mod acknowledged;
pub mod bound;
pub mod chain;
pub mod event;
pub mod line;
pub mod record;
pub mod suspects;

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
