//! Time as the program sees it: a message from `app`, never a call.
use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Milliseconds since the Unix epoch. Below `app` and the sources it only ever arrives in messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// How long ago `earlier` was; zero when the clocks disagree.
    pub fn since(self, earlier: Timestamp) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    #[must_use]
    pub fn plus(self, span: Duration) -> Timestamp {
        Timestamp(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }

    pub fn from_seconds(seconds: i64) -> Timestamp {
        Timestamp(seconds.saturating_mul(1000))
    }

    /// Reads RFC 3339, as Kubernetes writes it.
    pub fn parse(text: &str) -> Option<Timestamp> {
        text.parse::<jiff::Timestamp>().ok().map(|t| Timestamp(t.as_millisecond()))
    }

    /// RFC 3339 with milliseconds, in UTC.
    pub fn rfc3339(self) -> String {
        jiff::Timestamp::from_millisecond(self.0).map_or_else(|_| self.0.to_string(), |t| format!("{t:.3}"))
    }

    /// The clock on the wall at `zone`, as `HH:MM:SS`.
    pub fn clock(self, zone: &Zone) -> String {
        match jiff::Timestamp::from_millisecond(self.0) {
            Ok(t) => t.to_zoned(zone.0.clone()).strftime("%H:%M:%S").to_string(),
            Err(_) => "??:??:??".into(),
        }
    }
}

/// The time zone that clocks are shown in; `app` reads it once.
#[derive(Debug, Clone, PartialEq)]
pub struct Zone(pub jiff::tz::TimeZone);

impl Default for Zone {
    fn default() -> Self {
        Zone(jiff::tz::TimeZone::UTC)
    }
}

/// An age in at most three characters of number and one of unit, which moves only in coarse steps:
/// ten seconds below a minute, then minutes, hours, days.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Age(pub Duration);

impl Age {
    /// How long ago something was: `12m ago`.
    pub fn past(self) -> String {
        if self.0.as_secs() < 10 { "just now".into() } else { format!("{self} ago") }
    }

    /// After a state, how long it has lasted: `for 12m`.
    pub fn lasting(self) -> String {
        if self.0.as_secs() < 10 { "since just now".into() } else { format!("for {self}") }
    }
}

impl fmt::Display for Age {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let text = match seconds {
            0..10 => "now".to_owned(),
            10..60 => format!("{}s", seconds / 10 * 10),
            60..3_600 => format!("{}m", seconds / 60),
            3_600..86_400 => format!("{}h", seconds / 3_600),
            _ => format!("{}d", seconds / 86_400),
        };
        out.pad(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_moves_in_coarse_steps() {
        for (seconds, text) in [
            (0, "now"),
            (9, "now"),
            (10, "10s"),
            (59, "50s"),
            (60, "1m"),
            (3_599, "59m"),
            (7_200, "2h"),
            (90_000, "1d"),
        ] {
            assert_eq!(Age(Duration::from_secs(seconds)).to_string(), text);
        }
    }

    #[test]
    fn what_has_just_begun_has_not_lasted() {
        assert_eq!(Age(Duration::from_secs(9)).lasting(), "since just now");
        assert_eq!(Age(Duration::from_secs(70)).lasting(), "for 1m");
    }

    #[test]
    fn a_clock_behind_ours_gives_an_age_of_zero() {
        assert_eq!(Timestamp(5).since(Timestamp(9)), Duration::ZERO);
    }
}
