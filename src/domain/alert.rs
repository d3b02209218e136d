//! Alerts, silences and scrape targets: what Alertmanagers and Prometheis say, merged.
use std::borrow::Cow;
use std::fmt;

use super::Text;
use super::level::Level;
use super::time::Timestamp;

/// What the alerts pane has rows of.
#[derive(Debug, Clone, PartialEq)]
pub enum AlertFacts {
    Alert(Box<Alert>),
    Silence(Box<Silence>),
    Target(Box<Target>),
}

/// One alert, however many servers tell of it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Alert {
    pub fingerprint: Text,
    pub name: Text,
    pub labels: Vec<(Text, Text)>,
    pub annotations: Vec<(Text, Text)>,
    pub state: AlertState,
    pub severity: Text,
    pub since: Option<Timestamp>,
    pub ends: Option<Timestamp>,
    /// As Prometheus last computed it; not every value is a number.
    pub value: Option<Text>,
    /// The rule's expression.
    pub expression: Option<Text>,
    pub receivers: Vec<Text>,
    /// Ids of silences.
    pub silenced_by: Vec<Text>,
    /// Fingerprints of alerts.
    pub inhibited_by: Vec<Text>,
    pub generator: Option<Text>,
    pub runbook: Option<Text>,
    /// Endpoints that tell of it.
    pub seen_by: Vec<Text>,
    /// Endpoints that should and do not, although they answer.
    pub not_seen_by: Vec<Text>,
    /// A dead man's switch: it should fire always, and this row stands for it when it does not.
    pub missing_watchdog: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum AlertState {
    #[default]
    Firing,
    Pending,
    Silenced,
    Inhibited,
    Muted,
}

#[derive(Debug, Clone, PartialEq, Default)]
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
}

#[derive(Debug, Clone, PartialEq, Default)]
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

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    pub name: Text,
    pub value: Text,
    pub regex: bool,
    pub equal: bool,
}

/// `name="value"`, as Alertmanager writes it.
impl fmt::Display for Matcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.equal, self.regex) {
            (true, false) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (false, true) => "!~",
        };
        write!(out, "{}{sign}{:?}", self.name, self.value)
    }
}

impl AlertFacts {
    pub fn level(&self) -> Level {
        Level::Unknown
    }

    pub fn status(&self) -> Cow<'_, str> {
        "".into()
    }
}
