//! The runs of an incident with their progress as counts. What may be done next is not told here.
use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::domain::level::Level;
use crate::domain::time::Timestamp;
use crate::incident::event::{At, Order, RunOpened, Verdict};
use crate::incident::words::{self, plain, stamp, stamp_option};

/// A runbook that was opened to be worked through.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Run {
    pub run: String,
    pub runbook: String,
    pub document: String,
    pub path: String,
    pub line: u32,
    pub host: String,
    pub alert: Option<String>,
    pub by: String,
    /// `None` where its opening is in another file.
    #[serde(serialize_with = "stamp_option")]
    pub opened: Option<Timestamp>,
    #[serde(serialize_with = "stamp_option")]
    pub last: Option<Timestamp>,
    /// How many steps its runbook has, where that is known.
    pub steps: Option<u32>,
    pub closed: Option<Closed>,
    /// The last start of each command, and how each start ended.
    #[serde(skip)]
    started: BTreeMap<(u32, Option<u32>), Order>,
    #[serde(skip)]
    ended: BTreeMap<Order, Verdict>,
    #[serde(skip)]
    ticked: BTreeSet<(u32, Option<u32>)>,
    #[serde(skip)]
    skipped: BTreeMap<u32, String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub done: bool,
    pub why: String,
    pub by: String,
}

/// How many of a run's steps have come how far. Each step is counted once, by the worst of its commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Progress {
    pub steps: Option<u32>,
    pub running: u32,
    pub failed: u32,
    /// Nobody knows what came of it.
    pub unknown: u32,
    /// Done; whether it helped is not yet seen.
    pub accepted: u32,
    /// They only read, and found something bad.
    pub trouble: u32,
    pub ok: u32,
    pub ticked: u32,
    pub skipped: u32,
    /// Not begun; `None` where nobody said how many there are.
    pub left: Option<u32>,
}

impl Progress {
    /// `5 of 7 steps: 3 ok, 1 failed, 1 skipped`.
    pub fn says(&self) -> String {
        let parts = [
            (self.running, "running"),
            (self.failed, "failed"),
            (self.unknown, "not known"),
            (self.accepted, "accepted"),
            (self.trouble, "found trouble"),
            (self.ok, "ok"),
            (self.ticked, "ticked"),
            (self.skipped, "skipped"),
        ];
        let begun: u32 = parts.iter().map(|(count, _)| count).sum();
        let told: Vec<String> = parts
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, word)| format!("{count} {word}"))
            .collect();
        let whole = match self.steps {
            Some(steps) => format!("{begun} of {}", words::counted(steps as usize, "step")),
            None => words::counted(begun as usize, "step"),
        };
        if told.is_empty() { whole } else { format!("{whole}: {}", told.join(", ")) }
    }
}

impl Run {
    pub(super) fn named(name: &str) -> Run {
        Run { run: name.to_owned(), ..Run::default() }
    }

    pub fn progress(&self) -> Progress {
        let mut progress = Progress { steps: self.steps, ..Progress::default() };
        let worst = self.classes();
        for class in worst.values() {
            let count = match *class {
                RUNNING => &mut progress.running,
                FAILED => &mut progress.failed,
                UNKNOWN => &mut progress.unknown,
                ACCEPTED => &mut progress.accepted,
                TROUBLE => &mut progress.trouble,
                SKIPPED => &mut progress.skipped,
                OK => &mut progress.ok,
                _ => &mut progress.ticked,
            };
            *count += 1;
        }
        let begun = u32::try_from(worst.len()).unwrap_or(u32::MAX);
        progress.left = self.steps.map(|steps| steps.saturating_sub(begun));
        progress
    }

    /// Whether a step was worked through, ticked or skipped.
    pub fn is_done(&self, step: u32) -> bool {
        self.classes().get(&step).is_some_and(|class| *class >= ACCEPTED)
    }

    /// Every step that was begun, by the worst of its commands.
    fn classes(&self) -> BTreeMap<u32, u8> {
        let mut worst: BTreeMap<u32, u8> = BTreeMap::new();
        for ((step, _), order) in &self.started {
            let class = class(self.ended.get(order).copied());
            let known = worst.entry(*step).or_insert(class);
            *known = (*known).min(class);
        }
        for (step, _) in &self.ticked {
            worst.entry(*step).or_insert(TICKED);
        }
        for step in self.skipped.keys() {
            // What failed before it was skipped has failed all the same.
            let known = worst.entry(*step).or_insert(SKIPPED);
            *known = (*known).min(SKIPPED);
        }
        worst
    }

    /// The reason of each step that was left out.
    pub fn skipped(&self) -> impl Iterator<Item = (u32, &str)> {
        self.skipped.iter().map(|(step, why)| (*step, why.as_str()))
    }

    pub(super) fn open(&mut self, told: &RunOpened, at: Timestamp) {
        self.runbook = plain(&told.runbook);
        self.document = plain(&told.document);
        self.path = plain(&told.path);
        self.line = told.line;
        self.host = plain(&told.host);
        self.alert = told.alert.as_ref().map(words::target);
        self.by = plain(&told.by);
        self.opened = Some(self.opened.map_or(at, |known| known.min(at)));
    }

    pub(super) fn start(&mut self, at: &At, order: &Order) {
        self.started.insert((at.step, at.command), order.clone());
    }

    pub(super) fn end(&mut self, at: &At, order: &Order, verdict: Verdict) {
        self.started.entry((at.step, at.command)).or_insert_with(|| order.clone());
        self.ended.insert(order.clone(), verdict);
    }

    pub(super) fn settle(&mut self, at: &At, verdict: Verdict, held: bool) {
        if held {
            // What went over the session of a pane may have no start.
            let none = || Order { session: format!("{}-{}", at.step, at.command.unwrap_or(0)), statement: 0 };
            self.started.entry((at.step, at.command)).or_insert_with(none);
        }
        if let Some(order) = self.started.get(&(at.step, at.command)) {
            self.ended.insert(order.clone(), verdict);
        }
    }

    pub(super) fn tick(&mut self, step: u32, item: Option<u32>, ticked: bool) {
        if ticked {
            self.ticked.insert((step, item));
        } else {
            self.ticked.remove(&(step, item));
        }
    }

    pub(super) fn skip(&mut self, step: u32, why: &str, no_longer: bool) {
        if no_longer {
            self.skipped.remove(&step);
        } else {
            self.skipped.insert(step, plain(why));
        }
    }
}

const RUNNING: u8 = 0;
const FAILED: u8 = 1;
const UNKNOWN: u8 = 2;
const ACCEPTED: u8 = 3;
const TROUBLE: u8 = 4;
const SKIPPED: u8 = 5;
const OK: u8 = 6;
const TICKED: u8 = 7;

fn class(verdict: Option<Verdict>) -> u8 {
    match verdict {
        None => RUNNING,
        Some(Verdict::Failed | Verdict::Stopped) => FAILED,
        Some(Verdict::NoData | Verdict::Lost | Verdict::Interrupted) => UNKNOWN,
        Some(Verdict::Accepted) => ACCEPTED,
        Some(Verdict::Trouble) => TROUBLE,
        Some(Verdict::Ok | Verdict::NoMatches) => OK,
    }
}

/// What a verdict is called.
pub fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Ok => "ok",
        Verdict::NoMatches => "no matches",
        Verdict::Trouble => "found trouble",
        Verdict::NoData => "no data",
        Verdict::Accepted => "accepted",
        Verdict::Failed => "failed",
        Verdict::Stopped => "stopped",
        Verdict::Lost => "lost",
        Verdict::Interrupted => "interrupted",
    }
}

/// How bad a verdict is, wherever it is listed. What was accepted is told there as what a pane has done is.
pub fn level(verdict: Verdict, accepted: Level) -> Level {
    match verdict {
        Verdict::Ok | Verdict::NoMatches => Level::Fine,
        Verdict::Accepted => accepted,
        Verdict::Trouble | Verdict::Stopped => Level::Warn,
        Verdict::Failed => Level::Bad,
        Verdict::NoData | Verdict::Lost | Verdict::Interrupted => Level::Unknown,
    }
}
