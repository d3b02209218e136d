//! Clocks: how long there is left of the time that a document gives, told in the document's words.
//!
//! What cannot be read as a time is no clock, and says so: nothing is in time without data.
pub mod calendar;
pub mod limit;

use std::time::Duration;

use super::words;
use crate::domain::level::Level;
use crate::domain::time::Timestamp;
pub use calendar::Calendar;
pub use limit::Limit;

/// Of a longer span than this, no more than this is amber at its end.
const AMBER: Duration = Duration::from_hours(1);

/// One clock.
#[derive(Debug, Clone, PartialEq)]
pub struct Clock {
    /// `response`, `recovery`, or the step whose budget it is.
    pub what: String,
    /// As the document says it, made harmless.
    pub words: String,
    pub since: Timestamp,
    pub term: Term,
}

/// When a clock ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    Due {
        due: Timestamp,
        amber: Timestamp,
        /// What the words leave open and a rule of ours decides.
        rule: String,
    },
    /// There is no end, and why.
    Unknown(String),
}

/// How a clock stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    Running {
        left: Duration,
    },
    /// Not much is left.
    Ending {
        left: Duration,
    },
    Overdue {
        by: Duration,
    },
    Met {
        after: Duration,
    },
    Missed {
        by: Duration,
    },
    Unknown {
        why: String,
    },
}

impl Clock {
    /// `words` are the document's; none where it says nothing.
    pub fn new(what: &str, words: Option<&str>, since: Timestamp, calendar: &Calendar) -> Clock {
        let said = words.map(words::plain).filter(|words| !words.is_empty());
        let term = match &said {
            None => Term::Unknown(format!("no {what} time is named")),
            Some(said) => match limit::read(said) {
                None => Term::Unknown(format!("`{said}` is not a time")),
                Some(limit) => term(limit, since, calendar)
                    .unwrap_or_else(|| Term::Unknown(format!("`{said}` has no end in this calendar"))),
            },
        };
        Clock { what: what.to_owned(), words: said.unwrap_or_default(), since, term }
    }

    pub fn due(&self) -> Option<Timestamp> {
        match self.term {
            Term::Due { due, .. } => Some(due),
            Term::Unknown(_) => None,
        }
    }

    /// The rule that the due time rests on, where the words alone do not give it.
    pub fn rule(&self) -> Option<&str> {
        match &self.term {
            Term::Due { rule, .. } if !rule.is_empty() => Some(rule),
            _ => None,
        }
    }

    /// `met` is when what it waits for came about.
    pub fn standing(&self, now: Timestamp, met: Option<Timestamp>) -> Standing {
        let (due, amber) = match &self.term {
            Term::Due { due, amber, .. } => (*due, *amber),
            Term::Unknown(why) => return Standing::Unknown { why: why.clone() },
        };
        match met {
            Some(met) if met <= due => Standing::Met { after: met.since(self.since) },
            Some(met) => Standing::Missed { by: met.since(due) },
            None if now > due => Standing::Overdue { by: now.since(due) },
            None if now >= amber => Standing::Ending { left: due.since(now) },
            None => Standing::Running { left: due.since(now) },
        }
    }
}

impl Standing {
    pub fn level(&self) -> Level {
        match self {
            Standing::Running { .. } => Level::Fine,
            Standing::Ending { .. } | Standing::Missed { .. } => Level::Warn,
            Standing::Overdue { .. } => Level::Bad,
            Standing::Met { .. } => Level::Done,
            Standing::Unknown { .. } => Level::Unknown,
        }
    }

    /// `11 min left`, `overdue by 3 min`.
    pub fn says(&self) -> String {
        match self {
            Standing::Running { left } | Standing::Ending { left } => format!("{} left", words::span(*left)),
            Standing::Overdue { by } => format!("overdue by {}", words::span(*by)),
            Standing::Met { after } => format!("met after {}", words::span(*after)),
            Standing::Missed { by } => format!("missed by {}", words::span(*by)),
            Standing::Unknown { why } => format!("unknown: {why}"),
        }
    }

    /// As a clock on the wall: `14:59`, `+3:20` when it is over; `–` where nothing is known.
    pub fn face(&self) -> String {
        match self {
            Standing::Running { left } | Standing::Ending { left } => face(*left),
            Standing::Overdue { by } | Standing::Missed { by } => format!("+{}", face(*by)),
            Standing::Met { after } => face(*after),
            Standing::Unknown { .. } => "–".to_owned(),
        }
    }
}

/// `14:59`, `3:59:59`, `2d 03:59`.
fn face(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes}:{:02}", seconds % 60),
        (0, _) => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        _ => format!("{days}d {hours:02}:{minutes:02}"),
    }
}

fn term(limit: Limit, since: Timestamp, calendar: &Calendar) -> Option<Term> {
    let (due, amber, rule) = match limit {
        Limit::Within { least, most } => {
            let due = since.plus(most);
            let quarter = (most / 4).min(AMBER);
            // Of `2-4 hours` the second half is already more than was hoped for.
            let early = if least.is_zero() { due } else { since.plus(least) };
            let amber = early.min(Timestamp(due.0.saturating_sub(millis(quarter))));
            (due, amber, String::new())
        }
        Limit::TimeOfDay { minutes } => {
            let due = calendar.next_time(since, minutes)?;
            let quarter = (due.since(since) / 4).min(AMBER);
            let rule = format!("in the time zone {}", words::zone_name(since, &calendar.zone));
            (due, Timestamp(due.0.saturating_sub(millis(quarter))), rule)
        }
        Limit::BusinessDays(days) => {
            let day = calendar.day_after(since, days)?;
            (day.closes, day.opens.max(since), calendar.said(since))
        }
        Limit::BusinessTime(time) => {
            let due = calendar.open_for(since, time)?;
            let quarter = (time / 4).min(AMBER);
            (due, Timestamp(due.0.saturating_sub(millis(quarter))), calendar.said(since))
        }
    };
    Some(Term::Due { due, amber, rule })
}

fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: i64 = 60_000;

    fn clock(words: &str) -> Clock {
        Clock::new("response", Some(words), Timestamp(0), &Calendar::default())
    }

    fn standing(words: &str, minutes: i64) -> Standing {
        clock(words).standing(Timestamp(minutes * MINUTE), None)
    }

    fn minutes(count: u64) -> Duration {
        Duration::from_mins(count)
    }

    #[test]
    fn a_quarter_of_an_hour_is_amber_in_its_last_quarter_and_then_overdue() {
        assert_eq!(standing("15 minutes", 5), Standing::Running { left: minutes(10) });
        assert_eq!(standing("15 minutes", 12), Standing::Ending { left: minutes(3) });
        assert_eq!(standing("15 minutes", 15), Standing::Ending { left: minutes(0) });
        let over = standing("15 minutes", 18);
        assert_eq!((over.level(), over.says()), (Level::Bad, "overdue by 3 min".to_owned()));
        assert_eq!(over.face(), "+3:00");
        assert_eq!(standing("15:00", 0).face(), "15:00");
    }

    #[test]
    fn of_a_long_span_only_the_last_hour_is_amber() {
        assert_eq!(standing("24 hours", 22 * 60).level(), Level::Fine);
        assert_eq!(standing("24 hours", 23 * 60 + 1).level(), Level::Warn);
    }

    #[test]
    fn a_range_is_amber_once_its_lower_end_is_reached() {
        assert_eq!(standing("2-4 hours", 119).level(), Level::Fine);
        assert_eq!(standing("2-4 hours", 121).level(), Level::Warn);
        assert_eq!(standing("2-4 hours", 241).level(), Level::Bad);
        assert_eq!(standing("0-5 min", 1).level(), Level::Fine);
    }

    #[test]
    fn what_came_about_stops_the_clock_in_time_or_too_late() {
        let clock = clock("15 minutes");
        let now = Timestamp(99 * MINUTE);
        let met = clock.standing(now, Some(Timestamp(4 * MINUTE)));
        assert_eq!((met.level(), met.says()), (Level::Done, "met after 4 min".to_owned()));
        let missed = clock.standing(now, Some(Timestamp(20 * MINUTE)));
        assert_eq!((missed.level(), missed.says()), (Level::Warn, "missed by 5 min".to_owned()));
    }

    #[test]
    fn without_a_time_nothing_is_in_time() {
        let none = Clock::new("response", None, Timestamp(0), &Calendar::default());
        assert_eq!(none.standing(Timestamp(0), None).level(), Level::Unknown);
        assert_eq!(none.standing(Timestamp(0), Some(Timestamp(0))).level(), Level::Unknown);
        let words = clock("as agreed\x1b[2J");
        let says = words.standing(Timestamp(0), None).says();
        assert_eq!(says, "unknown: `as agreed` is not a time");
        assert_eq!(words.standing(Timestamp(0), None).face(), "–");
    }

    #[test]
    fn the_next_business_day_says_the_rule_that_it_rests_on() {
        let friday = Timestamp::parse("2026-11-27T15:00:00Z").expect("a time");
        let clock = Clock::new("response", Some("Next business day"), friday, &Calendar::default());
        let monday = Timestamp::parse("2026-11-30T17:00:00Z").expect("a time");
        assert_eq!(clock.due(), Some(monday));
        let rule = clock.rule().expect("a rule");
        assert!(rule.contains("Monday to Friday, 09:00 to 17:00 UTC"), "{rule}");
        assert!(rule.contains("holidays are not known"), "{rule}");
        let sunday = Timestamp::parse("2026-11-29T15:00:00Z").expect("a time");
        assert_eq!(clock.standing(sunday, None).level(), Level::Fine);
        let morning = Timestamp::parse("2026-11-30T09:00:00Z").expect("a time");
        assert_eq!(clock.standing(morning, None).level(), Level::Warn);
    }

    #[test]
    fn no_time_of_the_world_makes_a_clock_panic() {
        for since in [i64::MIN, -1, 0, i64::MAX] {
            for words in ["15 min", "next business day", "by 15:00", "3 business hours", "520 weeks"] {
                let clock = Clock::new("x", Some(words), Timestamp(since), &Calendar::default());
                for now in [i64::MIN, 0, i64::MAX] {
                    let _ = clock.standing(Timestamp(now), Some(Timestamp(since))).says();
                    let _ = clock.standing(Timestamp(now), None).face();
                }
            }
        }
    }
}
