//! Alerts, silences and scrape targets: what Alertmanagers and Prometheis say, merged.
mod group;
pub mod matcher;
pub mod merge;
mod verdict;

use std::sync::Arc;

use super::Text;
use super::time::Timestamp;

pub use group::Group;
pub use matcher::Matcher;

/// Labels or annotations, sorted, shared by all who tell of them.
pub type Pairs = Arc<[(Text, Text)]>;

/// What the alerts pane has rows of.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertFacts {
    Alert(Box<Alert>),
    Silence(Box<Silence>),
    Target(Box<Target>),
    /// Alerts that share a label, as one line; made here, told by nobody.
    Group(Box<Group>),
}

/// One alert, however many servers tell of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Alert {
    /// Of the labels as the server has them, in hexadecimal, as Alertmanager computes it.
    pub fingerprint: Text,
    pub name: Text,
    pub labels: Pairs,
    pub annotations: Pairs,
    /// The labels that tell it from others of its name, the most telling first.
    pub apart: Text,
    pub state: AlertState,
    pub severity: Text,
    pub since: Option<Timestamp>,
    /// As Prometheus last computed it; not every value is a number.
    pub value: Option<Text>,
    /// The rule's expression.
    pub expression: Option<Text>,
    pub receivers: Vec<Text>,
    /// Ids of silences.
    pub silenced_by: Vec<Text>,
    /// When the last of them ends.
    pub silenced_until: Option<Timestamp>,
    /// Fingerprints of alerts.
    pub inhibited_by: Vec<Text>,
    /// Names of time intervals.
    pub muted_by: Vec<Text>,
    pub generator: Option<Text>,
    pub runbook: Option<Text>,
    /// Endpoints that tell of it.
    pub seen_by: Vec<Text>,
    /// Endpoints that should and do not, although they answer.
    pub not_seen_by: Vec<Text>,
    /// A dead man's switch: it should fire always, and this row stands for it when it does not.
    pub missing_watchdog: bool,
    /// Nobody who told of it answers now: it is what was, not what is.
    pub stale: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum AlertState {
    #[default]
    Firing,
    Pending,
    Silenced,
    Inhibited,
    Muted,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Silence {
    pub id: Text,
    pub matchers: Vec<Matcher>,
    pub starts: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    pub by: Text,
    pub comment: Text,
    /// `active`, `pending`, `expired`.
    pub state: Text,
    /// How many alerts it holds back now.
    pub holds: u32,
    /// It ends within a few minutes.
    pub ends_soon: bool,
    /// Endpoints that have it.
    pub seen_by: Vec<Text>,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Target {
    pub job: Text,
    pub instance: Text,
    pub url: Text,
    /// `None`: not scraped yet.
    pub up: Option<bool>,
    pub error: Text,
    pub last: Option<Timestamp>,
    pub took_ms: u32,
}

impl Silence {
    /// It ended, by itself or by somebody.
    pub fn is_over(&self) -> bool {
        &*self.state == "expired"
    }
}

impl Alert {
    pub fn label(&self, name: &str) -> Option<&Text> {
        self.labels.iter().find(|(key, _)| &**key == name).map(|(_, value)| value)
    }
}

/// How urgent a severity is, whatever its team calls it: 0 wakes people, 1 wants them, 2 tells them.
pub fn urgency(severity: &str) -> u8 {
    const WAKES: &[&str] = &[
        "critical",
        "crit",
        "page",
        "emergency",
        "fatal",
        "disaster",
        "high",
        "error",
        "p0",
        "p1",
        "sev0",
        "sev1",
    ];
    const TELLS: &[&str] = &["info", "information", "informational", "none", "notice", "debug", "ok", "low"];
    let is = |word: &&str| severity.eq_ignore_ascii_case(word);
    if WAKES.iter().any(is) {
        0
    } else if TELLS.iter().any(is) {
        2
    } else {
        1
    }
}

/// Whether an alert of this name fires always, so that its absence is the alarm.
pub fn is_watchdog(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "watchdog",
        "deadmansswitch",
        "deadmanswitch",
        "deadmanssnitch",
        "alwaysfiring",
        "heartbeat",
        "prometheusalertmanagere2edeadmanswitch",
    ];
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    let flat: String = plain.take(64).map(|c| c.to_ascii_lowercase()).collect();
    NAMES.contains(&&*flat)
}

/// The hash by which Alertmanager names a set of labels: FNV-1a over the sorted names and values.
pub fn fingerprint<'l>(sorted: impl Iterator<Item = (&'l str, &'l str)>) -> u64 {
    let mut sum = 0xcbf2_9ce4_8422_2325_u64;
    let mut add = |byte: u8| {
        sum ^= u64::from(byte);
        sum = sum.wrapping_mul(0x0100_0000_01b3);
    };
    for (name, value) in sorted {
        for part in [name, value] {
            part.bytes().for_each(&mut add);
            add(0xff);
        }
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_have_the_fingerprint_that_alertmanager_gives_them() {
        let none = fingerprint(std::iter::empty());
        assert_eq!(format!("{none:016x}"), "cbf29ce484222325");
        let labels = [("alertname", "Watchdog"), ("severity", "none")];
        assert_eq!(format!("{:016x}", fingerprint(labels.into_iter())), WATCHDOG);
    }

    /// As Alertmanager 0.25 and 0.35 say it of these two labels.
    const WATCHDOG: &str = "448881ef475b9b26";

    #[test]
    fn a_severity_is_understood_whatever_its_team_calls_it() {
        for (severity, rank) in
            [("critical", 0), ("Page", 0), ("P1", 0), ("warning", 1), ("", 1), ("x", 1), ("none", 2)]
        {
            assert_eq!(urgency(severity), rank, "{severity}");
        }
    }

    #[test]
    fn a_dead_mans_switch_is_known_by_its_usual_names() {
        for name in ["Watchdog", "DeadMansSwitch", "Dead-Mans_Switch", "always_firing"] {
            assert!(is_watchdog(name), "{name}");
        }
        assert!(!is_watchdog("WatchdogTimerExpired") && !is_watchdog(""));
    }
}
