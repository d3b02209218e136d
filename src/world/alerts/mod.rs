//! An Alertmanager: what it has been told, which of it is held back by whom, and who would be told.
mod api;
mod matcher;
pub mod serve;
mod silences;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

pub use matcher::{Labels, Matcher};
pub use silences::{Deed, Did, Silence};

use super::base::Dice;
use matcher::all;

/// The world's clock moves in steps: what begins or ends within one does so now.
const STEP: SignedDuration = SignedDuration::from_secs(1);
/// An alert is over after so long that nobody sends again.
const RESOLVED: SignedDuration = SignedDuration::from_secs(300);
/// So many alerts are held; what comes beyond is dropped.
const MOST: usize = 12_000;

/// One receiver for all alerts; and a critical one holds back the warnings that have the same values of some labels.
#[derive(Debug, Clone)]
pub struct Config {
    receiver: String,
    /// Labels whose values make a group.
    group_by: Vec<String>,
    equal: Vec<String>,
}

impl Config {
    pub fn simple(receiver: &str, group_by: &[&str], equal: &[&str]) -> Config {
        let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect();
        Config { receiver: receiver.into(), group_by: owned(group_by), equal: owned(equal) }
    }

    /// As a server shows the file that it has read.
    fn original(&self) -> String {
        let Config { receiver, group_by, equal } = self;
        let list = |all: &[String]| all.iter().map(|one| format!("  - {one}\n")).collect::<Vec<_>>().concat();
        format!(
            "global:\n  resolve_timeout: {}s\nroute:\n  receiver: {receiver}\n  group_by:\n{}inhibit_rules:\n\
             - source_matchers:\n  - severity=\"critical\"\n  target_matchers:\n  - severity=\"warning\"\n  equal:\n{}\
             receivers:\n- name: {receiver}\ntemplates: []\n",
            RESOLVED.as_secs(),
            list(group_by),
            list(equal),
        )
    }
}

/// An alert as somebody sends it.
#[derive(Debug, Clone, Default)]
pub struct Sent {
    pub labels: Labels,
    pub annotations: Labels,
    pub starts: Option<Timestamp>,
    /// Without one it is over when nobody has sent it again for a while.
    pub ends: Option<Timestamp>,
    pub generator: String,
}

#[derive(Debug, Clone)]
struct Alert {
    labels: Labels,
    annotations: Labels,
    starts: Timestamp,
    ends: Timestamp,
    updated: Timestamp,
    /// Nobody has said when it ends.
    open: bool,
    generator: String,
}

/// What others may know of an alert.
#[derive(Debug, Clone)]
pub struct Fact {
    pub labels: Labels,
}

pub struct Alerts {
    config: Config,
    began: Timestamp,
    now: Timestamp,
    dice: Dice,
    /// By fingerprint.
    known: BTreeMap<u64, Alert>,
    silences: Vec<Silence>,
    deeds: Vec<Deed>,
}

impl Alerts {
    pub fn new(config: Config, seed: u64, now: Timestamp) -> Alerts {
        let (known, silences, deeds) = (BTreeMap::new(), Vec::new(), Vec::new());
        Alerts { config, began: now, now, dice: Dice::new(seed), known, silences, deeds }
    }

    /// Takes in what fires, and what has ended.
    pub fn receive(&mut self, sent: Vec<Sent>) {
        for one in sent {
            let print = fingerprint(&one.labels);
            let old = self.known.get(&print);
            if old.is_none() && self.known.len() >= MOST {
                continue;
            }
            let mut new = Alert::new(one, self.now);
            if let Some(old) = old {
                new.follow(old, self.now);
            }
            self.known.insert(print, new);
        }
    }

    pub fn tick(&mut self, now: Timestamp) {
        self.now = now;
        self.known.retain(|_, alert| alert.ends > now);
        self.forget_silences();
    }

    pub fn facts(&self) -> Vec<Fact> {
        self.firing().map(|(_, alert)| Fact { labels: alert.labels.clone() }).collect()
    }

    /// What people have done since this was asked last.
    pub fn deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    fn firing(&self) -> impl Iterator<Item = (u64, &Alert)> {
        let firing = self.known.iter().filter(|(_, alert)| alert.ends > self.now);
        firing.map(|(print, alert)| (*print, alert))
    }
}

impl Alert {
    /// Of one that may say only half of when it is.
    fn new(sent: Sent, now: Timestamp) -> Alert {
        let filled = |mut pairs: Labels| {
            pairs.retain(|_, value| !value.is_empty());
            pairs
        };
        Alert {
            labels: filled(sent.labels),
            annotations: filled(sent.annotations),
            starts: sent.starts.unwrap_or_else(|| sent.ends.map_or(now, |ends| ends.min(now))),
            ends: sent.ends.unwrap_or_else(|| now.saturating_add(RESOLVED).unwrap_or(now)),
            updated: now,
            open: sent.ends.is_none(),
            generator: sent.generator,
        }
    }

    /// Goes on from what was known of it, where the two touch.
    fn follow(&mut self, old: &Alert, now: Timestamp) {
        let inside = |at: Timestamp| at > old.starts && at < old.ends;
        if !(inside(self.starts) || inside(self.ends) || self.starts == old.starts) {
            return;
        }
        self.starts = self.starts.min(old.starts);
        if self.ends > now + STEP && old.ends > self.ends && !old.open {
            self.ends = old.ends;
        }
    }

    fn is(&self, severity: &str) -> bool {
        self.labels.get("severity").is_some_and(|own| own == severity)
    }
}

/// What holds alerts back at this instant.
struct Standing<'a> {
    equal: &'a [String],
    silences: Vec<&'a Silence>,
    /// Critical alerts, by the labels that have to be equal.
    critical: HashMap<Vec<&'a str>, u64>,
}

impl<'a> Standing<'a> {
    fn of(alerts: &'a Alerts) -> Standing<'a> {
        let equal = &alerts.config.equal;
        let critical = alerts.firing().filter(|(_, alert)| alert.is("critical"));
        let active = alerts.silences.iter().filter(|silence| silence.state(alerts.now) == "active");
        Standing {
            equal,
            silences: active.collect(),
            critical: critical.map(|(print, alert)| (values(equal, &alert.labels), print)).collect(),
        }
    }

    fn silences(&self, alert: &Alert) -> Vec<&'a str> {
        let hitting = self.silences.iter().filter(|silence| all(&silence.matchers, &alert.labels));
        hitting.map(|silence| &*silence.id).collect()
    }

    /// The fingerprint of an alert that holds this one back.
    fn inhibitor(&self, alert: &Alert) -> Option<u64> {
        let key = values(self.equal, &alert.labels);
        self.critical.get(&key).copied().filter(|_| alert.is("warning"))
    }
}

fn values<'a>(names: &[String], labels: &'a Labels) -> Vec<&'a str> {
    names.iter().map(|name| labels.get(name).map_or("", String::as_str)).collect()
}

/// FNV-1a over the names and values in their order, each with 0xff behind it.
fn fingerprint(labels: &Labels) -> u64 {
    let parts = labels.iter().filter(|(_, value)| !value.is_empty()).flat_map(|(name, value)| [name, value]);
    let bytes = parts.flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
