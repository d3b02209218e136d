//! What happened and what was done, for the debrief.
use jiff::Timestamp;

use super::base::seconds;
use super::scenario::{Deed, Scenario};

/// So much of it is kept.
const MOST: usize = 5_000;
/// It has to be well for so long before it is over.
const HOLD: f64 = 15.0;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    World,
    Operator,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    pub at: Timestamp,
    pub who: Who,
    pub says: String,
}

/// A deed that the scenario judges.
#[derive(Debug)]
struct Judged {
    pattern: Option<regex::Regex>,
    says: String,
    /// What has to come of it, before it counts.
    so: String,
    /// When it was done last, while nothing has come of it.
    tried: Option<Timestamp>,
    done: Vec<Timestamp>,
}

fn judged(all: &[Deed]) -> Vec<Judged> {
    all.iter()
        .map(|deed| Judged {
            pattern: regex::Regex::new(&deed.did).ok(),
            says: deed.says.clone(),
            so: deed.so.clone(),
            tried: None,
            done: Vec::new(),
        })
        .collect()
}

#[derive(Debug)]
pub struct Tape {
    entries: Vec<Entry>,
    right: Vec<Judged>,
    worse: Vec<Judged>,
    paged: Option<Timestamp>,
    /// Since when nothing is wrong any more.
    well: Option<Timestamp>,
    healed: Option<Timestamp>,
}

impl Tape {
    pub fn new(scenario: &Scenario) -> Tape {
        Tape {
            entries: Vec::new(),
            right: judged(&scenario.right),
            worse: judged(&scenario.worse),
            paged: None,
            well: None,
            healed: None,
        }
    }

    fn note(&mut self, at: Timestamp, who: Who, says: String) {
        if self.entries.len() < MOST {
            self.entries.push(Entry { at, who, says });
        }
    }

    pub fn happens(&mut self, at: Timestamp, says: &str) {
        if !says.is_empty() {
            self.note(at, Who::World, says.to_owned());
        }
    }

    /// Something that was done to the world, in one line.
    pub fn did(&mut self, at: Timestamp, says: String) {
        for one in self.right.iter_mut().chain(&mut self.worse) {
            if one.pattern.as_ref().is_some_and(|pattern| pattern.is_match(&says)) {
                if one.so.is_empty() { one.done.push(at) } else { one.tried = Some(at) }
            }
        }
        self.note(at, Who::Operator, says);
    }

    /// What was done counts once what should come of it is so.
    pub fn weighs(&mut self, holds: impl Fn(&str) -> bool) {
        for one in self.right.iter_mut().chain(&mut self.worse).filter(|one| one.tried.is_some()) {
            if holds(&one.so) {
                one.done.extend(one.tried.take());
            }
        }
    }

    /// Whether something that fits was done.
    pub fn has(&self, pattern: &str) -> bool {
        let Ok(pattern) = regex::Regex::new(pattern) else { return false };
        let mut did = self.entries.iter().filter(|entry| entry.who == Who::Operator);
        did.any(|entry| pattern.is_match(&entry.says))
    }

    /// Whether the page fires, and whether all is well.
    pub fn looks(&mut self, now: Timestamp, fires: bool, well: bool) {
        if fires && self.paged.is_none() {
            self.paged = Some(now);
            self.note(now, Who::World, "the page goes out".into());
        }
        // What only went away for a while comes back: it is over when something right was done, and it stays well.
        let done = self.right.is_empty() || self.right.iter().any(|one| !one.done.is_empty());
        if self.paged.is_none() || !done {
            return;
        }
        self.well = well.then(|| self.well.unwrap_or(now));
        let healed = self.well.filter(|since| seconds(*since, now) >= HOLD);
        match (self.healed, healed) {
            (None, Some(since)) => self.note(since, Who::World, "it is over".into()),
            (Some(_), None) => self.note(now, Who::World, "it is back".into()),
            _ => {}
        }
        self.healed = healed;
    }

    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub fn paged(&self) -> Option<Timestamp> {
        self.paged
    }

    pub fn healed(&self) -> Option<Timestamp> {
        self.healed
    }

    /// What was right to do, with when it was done first.
    pub fn right(&self) -> impl Iterator<Item = (&str, Option<Timestamp>)> {
        self.right.iter().map(|one| (one.says.as_str(), one.done.first().copied()))
    }

    /// What made it worse and was done, with how often.
    pub fn worse(&self) -> impl Iterator<Item = (&str, usize)> {
        let done = self.worse.iter().filter(|one| !one.done.is_empty());
        done.map(|one| (one.says.as_str(), one.done.len()))
    }
}
