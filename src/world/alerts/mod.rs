//! An Alertmanager: what it has been told, which of it is held back by whom, and who would be told.
mod api;
mod config;
mod matcher;
pub mod serve;
mod silences;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use jiff::{SignedDuration, Timestamp};

pub use config::{Config, Inhibition, Route};
pub use matcher::{Labels, Matcher};
pub use silences::{Deed, Did, Silence};

use super::base::Dice;
use matcher::all;

/// The world's clock moves in steps: what begins or ends within one does so now.
const STEP: SignedDuration = SignedDuration::from_secs(1);
/// So many alerts are held; what comes beyond is dropped.
const MOST: usize = 12_000;

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
    pub since: Timestamp,
    pub silenced: bool,
    pub inhibited: bool,
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
            let mut new = self.dated(one);
            if let Some(old) = old {
                new.follow(old, self.now);
            }
            self.known.insert(print, new);
        }
    }

    /// An alert that says only half of when it is.
    fn dated(&self, sent: Sent) -> Alert {
        let now = self.now;
        let starts = sent.starts.unwrap_or_else(|| sent.ends.map_or(now, |ends| ends.min(now)));
        let wait = SignedDuration::from_secs(i64::from(self.config.resolve_timeout));
        let ends = sent.ends.unwrap_or_else(|| now.saturating_add(wait).unwrap_or(now));
        let filled = |mut pairs: Labels| {
            pairs.retain(|_, value| !value.is_empty());
            pairs
        };
        Alert {
            labels: filled(sent.labels),
            annotations: filled(sent.annotations),
            starts,
            ends,
            updated: now,
            open: sent.ends.is_none(),
            generator: sent.generator,
        }
    }

    pub fn tick(&mut self, now: Timestamp) {
        self.now = now;
        self.known.retain(|_, alert| alert.ends > now);
        self.forget_silences();
    }

    pub fn facts(&self) -> Vec<Fact> {
        let standing = Standing::of(self);
        let fact = |alert: &Alert| Fact {
            labels: alert.labels.clone(),
            since: alert.starts,
            silenced: !standing.silences(&alert.labels).is_empty(),
            inhibited: standing.inhibitor(&alert.labels).is_some(),
        };
        self.firing().map(|(_, alert)| fact(alert)).collect()
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
}

type Sources<'a> = HashMap<Vec<&'a str>, Vec<(u64, &'a Alert)>>;

/// What holds alerts back at this instant.
struct Standing<'a> {
    config: &'a Config,
    silences: Vec<&'a Silence>,
    /// For each rule, by the labels that have to be equal: those that hold others back.
    sources: Vec<Sources<'a>>,
}

impl<'a> Standing<'a> {
    fn of(alerts: &'a Alerts) -> Standing<'a> {
        let sources = |rule: &'a Inhibition| {
            let mut sources: Sources<'a> = HashMap::new();
            for (print, alert) in alerts.firing().filter(|(_, alert)| all(&rule.source, &alert.labels)) {
                sources.entry(values(&rule.equal, &alert.labels)).or_default().push((print, alert));
            }
            sources
        };
        let active = alerts.silences.iter().filter(|silence| silence.state(alerts.now) == "active");
        let sources = alerts.config.inhibit.iter().map(sources).collect();
        Standing { config: &alerts.config, silences: active.collect(), sources }
    }

    fn silences(&self, labels: &Labels) -> Vec<&'a str> {
        let hitting = self.silences.iter().filter(|silence| all(&silence.matchers, labels));
        hitting.map(|silence| &*silence.id).collect()
    }

    /// The fingerprint of an alert that holds this one back. What is of both sides is not held back by its like.
    fn inhibitor(&self, labels: &Labels) -> Option<u64> {
        self.config.inhibit.iter().zip(&self.sources).find_map(|(rule, sources)| {
            if !all(&rule.target, labels) {
                return None;
            }
            let two_sided = all(&rule.source, labels);
            let others = sources.get(&values(&rule.equal, labels))?;
            let holds = |alert: &Alert| !(two_sided && all(&rule.target, &alert.labels));
            others.iter().find(|(_, alert)| holds(alert)).map(|(print, _)| *print)
        })
    }

    fn routes(&self, labels: &Labels) -> Vec<&'a Route> {
        let mut taken = Vec::new();
        self.config.route.taken(labels, &mut taken);
        taken
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
