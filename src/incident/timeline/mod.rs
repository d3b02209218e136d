//! The time line: what happened, when, to what, by whom, from the journal and from what was seen to change.
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde::Serialize;

use super::event::Event;
use super::order::Rank;
use super::paper::Block;
use super::words::{self, plain, stamp};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::level::Level;
use crate::domain::time::{Timestamp, Zone};

/// Longer without a line is said.
const GAP: Duration = Duration::from_hours(1);
/// What was done here is seen as a change too, within this time of its record.
const SAME: i64 = 120_000;

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Opened, judged, milestones, roles.
    Incident,
    Alert,
    Change,
    Action,
    Run,
    Step,
    Note,
    Measure,
    Evidence,
    Handover,
    /// Cockpits that came and went.
    Session,
    /// The journal itself: moved, torn, damaged.
    Journal,
    /// Nothing was recorded.
    Gap,
    /// Written by a later version.
    Other,
}

impl Kind {
    pub const ALL: &'static [Kind] = &[
        Kind::Incident,
        Kind::Alert,
        Kind::Change,
        Kind::Action,
        Kind::Run,
        Kind::Step,
        Kind::Note,
        Kind::Measure,
        Kind::Evidence,
        Kind::Handover,
        Kind::Session,
        Kind::Journal,
        Kind::Gap,
        Kind::Other,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Incident => "incident",
            Kind::Alert => "alert",
            Kind::Change => "change",
            Kind::Action => "action",
            Kind::Run => "run",
            Kind::Step => "step",
            Kind::Note => "note",
            Kind::Measure => "measure",
            Kind::Evidence => "evidence",
            Kind::Handover => "handover",
            Kind::Session => "session",
            Kind::Journal => "journal",
            Kind::Gap => "gap",
            Kind::Other => "other",
        }
    }
}

/// One line, harmless and without secrets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// What a pin names it by; the same wherever the journal is read.
    pub entry: String,
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub kind: Kind,
    /// Empty where nobody did it.
    pub who: String,
    pub words: String,
    /// Which command or action it tells of, where others may tell of the same; else nothing.
    #[serde(skip)]
    pub of: String,
    pub level: Level,
    /// Something was changed by it.
    pub changes: bool,
    pub pinned: bool,
}

/// What a line of the journal is called.
pub fn name(event: &Event) -> String {
    format!("{}/{}/{}", event.incident, event.writer, event.n)
}

/// What steps are called in their documents, by run and place.
pub type Steps = BTreeMap<(String, u32), String>;

/// All lines in the order of time. `changes` have the names by which everybody knows them.
pub fn build<'e>(
    events: impl IntoIterator<Item = (&'e Rank, &'e Event)>,
    changes: &[(String, Change)],
    steps: &Steps,
) -> Vec<Entry> {
    let events: Vec<(&Rank, &Event)> = events.into_iter().collect();
    let mut teller = told::Teller::of(steps, events.iter().map(|(_, event)| *event));
    let mut entries: Vec<Entry> =
        events.into_iter().filter_map(|(rank, event)| teller.tell(rank, event)).collect();
    entries.extend(changes.iter().filter(|(_, change)| !teller.has_done(change, SAME)).map(of_change));
    pin(&mut entries, &teller.pinned);
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn pin(entries: &mut [Entry], pinned: &BTreeSet<String>) {
    for entry in entries {
        entry.pinned = pinned.contains(&entry.entry);
    }
}

fn of_change((name, change): &(String, Change)) -> Entry {
    let kind = match change.what {
        ChangeKind::Alert => Kind::Alert,
        ChangeKind::Deed => Kind::Action,
        _ => Kind::Change,
    };
    let target = words::target(&super::event::Target::new(&change.target, ""));
    let suspect = if change.suspect { " (suspect)" } else { "" };
    // An alert of an alert says it twice.
    let what = match change.what.name() {
        what if what == change.target.kind.to_string() => String::new(),
        what => format!("{what} of "),
    };
    Entry {
        entry: format!("change/{name}"),
        at: change.at,
        kind,
        who: String::new(),
        words: plain(&format!("{what}{target}: {}{suspect}", change.says)),
        of: String::new(),
        level: change.level,
        changes: false,
        pinned: false,
    }
}

/// Puts a line wherever for an hour nothing was recorded, from where one looks, and until now while it is not over.
pub fn with_gaps(entries: Vec<Entry>, from: Option<Timestamp>, until: Option<Timestamp>) -> Vec<Entry> {
    let mut told: Vec<Entry> = Vec::with_capacity(entries.len());
    let mut last = from;
    for entry in entries {
        told.extend(last.and_then(|last| gap(last, entry.at)));
        last = Some(entry.at);
        told.push(entry);
    }
    told.extend(last.zip(until).and_then(|(last, until)| gap(last, until)));
    told
}

fn gap(from: Timestamp, to: Timestamp) -> Option<Entry> {
    let quiet = to.since(from);
    (quiet >= GAP).then(|| Entry {
        entry: format!("gap/{}", from.0),
        at: from,
        kind: Kind::Gap,
        who: String::new(),
        words: format!("nothing was recorded for {}", words::span(quiet)),
        of: String::new(),
        level: Level::Unknown,
        changes: false,
        pinned: false,
    })
}

/// Which lines are wanted. What is empty wants everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    pub kinds: Vec<Kind>,
    /// Somebody, or a part of the name.
    pub who: String,
    /// All of these stand in it.
    pub words: String,
    pub pinned: bool,
    pub since: Option<Timestamp>,
}

impl Filter {
    pub fn fits(&self, entry: &Entry) -> bool {
        let has = |text: &str, part: &str| text.to_lowercase().contains(&part.to_lowercase());
        // A gap is between all lines, not between those that are left.
        let asks_for_lines = !self.who.is_empty() || !self.words.trim().is_empty() || self.pinned;
        let kind = match entry.kind {
            Kind::Gap if asks_for_lines => false,
            kind => self.kinds.is_empty() || self.kinds.contains(&kind),
        };
        let text = || format!("{} {} {}", entry.kind.name(), entry.who, entry.words).to_lowercase();
        kind && (!self.pinned || entry.pinned)
            && self.since.is_none_or(|since| entry.at >= since)
            && (self.who.is_empty() || has(&entry.who, &self.who))
            && (self.words.trim().is_empty() || {
                let text = text();
                self.words.to_lowercase().split_whitespace().all(|word| text.contains(word))
            })
    }
}

/// Lines as a table of a report.
pub fn table<'e>(entries: impl IntoIterator<Item = &'e Entry>, zone: &Zone) -> Block {
    let row = |entry: &Entry| {
        let mark = if entry.pinned { "★ " } else { "" };
        let sign = match entry.level {
            Level::Fine | Level::Done => String::new(),
            level => format!("{} ", level.sign()),
        };
        let words = format!("{mark}{sign}{}", entry.words);
        vec![words::second(entry.at, zone), entry.kind.name().to_owned(), entry.who.clone(), words]
    };
    let rows: Vec<Vec<String>> = entries.into_iter().map(row).collect();
    if rows.is_empty() {
        return Block::Text("Nothing was recorded.".to_owned());
    }
    Block::Table { head: vec!["Time", "Kind", "Who", "What"], rows }
}

#[cfg(test)]
mod tests;
