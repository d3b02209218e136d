//! An incident as it stands: a fold over the events of all who worked on it.
//!
//! The events are folded in the order of [`order`](super::order), so whoever reads the same ones sees the same, and
//! what contradicts itself settles the same way everywhere. Words of people and programs are harmless here and
//! without secrets; only a measure's revert command is kept as it was written.
mod fold;
mod live;
pub mod measure;
pub mod run;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::clock::{Calendar, Clock, Standing};
use super::event::{OpenedFrom, Outcome, Target};
use super::words::{stamp, stamp_option};
use crate::domain::level::Level;
use crate::domain::time::Timestamp;
pub use live::{Live, all, events, names, of, unfinished};
pub use measure::Measure;
pub use run::{Progress, Run};

/// Everything that is known of one incident.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct State {
    /// The name of its journal.
    pub name: String,
    pub title: String,
    /// `None` where nothing says that it was opened: a day, or a journal whose beginning is lost.
    pub opened: Option<Opened>,
    pub severity: Option<Severity>,
    pub milestones: Milestones,
    /// Who does what, by role.
    pub roles: BTreeMap<String, Held>,
    /// Everybody who had a part in it.
    pub people: BTreeSet<String>,
    pub measures: Vec<Measure>,
    pub runs: Vec<Run>,
    pub notes: Vec<Noted>,
    /// What was changed, by its name.
    pub touched: BTreeMap<String, Touched>,
    pub handed: Vec<Handed>,
    /// The entries of the time line that matter, by their names.
    pub pinned: BTreeSet<String>,
    /// How often it was opened; more than once is a conflict.
    pub openings: u32,
    #[serde(serialize_with = "stamp_option")]
    pub first: Option<Timestamp>,
    #[serde(serialize_with = "stamp_option")]
    pub last: Option<Timestamp>,
    /// Who is behind a writer, as its session said.
    #[serde(skip)]
    writers: BTreeMap<String, String>,
    #[serde(skip)]
    places: Places,
}

/// Where runs and measures stand in their lists, by name.
#[derive(Debug, Clone, PartialEq, Default)]
struct Places {
    runs: BTreeMap<String, usize>,
    measures: BTreeMap<String, usize>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opened {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    /// When it was first known.
    #[serde(serialize_with = "stamp")]
    pub detected: Timestamp,
    pub from: OpenedFrom,
    pub profile: String,
    pub by: String,
    /// Within what time of its end the document wants it looked back upon, in its words.
    pub review: Option<String>,
}

/// How bad it is, in the words of its document.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Severity {
    /// Empty where the document has no scale.
    pub name: String,
    /// Where the scale stands: `docs/oncall.md:12`.
    pub scale: Option<String>,
    pub response: Option<String>,
    pub rto: Option<String>,
}

/// A moment that somebody named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Said {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub by: String,
    pub says: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Milestones {
    /// The first of those that were named: who comes second has not answered later.
    pub acknowledged: Option<Said>,
    /// Of these the last word stands.
    pub mitigated: Option<Said>,
    pub resolved: Option<Said>,
    pub closed: Option<Said>,
    pub reopened: Vec<Said>,
}

/// How far an incident has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stage {
    /// Nobody has said that they care for it.
    Open,
    Acknowledged,
    Mitigated,
    Resolved,
    Closed,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    pub person: String,
    #[serde(serialize_with = "stamp")]
    pub since: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Noted {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub by: String,
    pub text: String,
}

/// What was done to one thing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Touched {
    #[serde(skip)]
    pub target: Target,
    #[serde(serialize_with = "stamp")]
    pub last: Timestamp,
    /// How many actions were begun on it.
    pub actions: u32,
    /// The last of them, and what became of it as far as it is known.
    pub verb: String,
    pub outcome: Option<Outcome>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Handed {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub to: String,
    pub by: String,
    pub says: String,
}

/// Two that do not know of each other.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Conflict {
    /// One runbook is being worked through twice.
    Runs {
        runbook: String,
        runs: Vec<String>,
        people: Vec<String>,
    },
    OpenedTwice {
        times: u32,
    },
}

impl Conflict {
    pub fn says(&self) -> String {
        match self {
            Conflict::Runs { runbook, runs, people } => {
                format!("`{runbook}` is being worked through {} times: {}", runs.len(), people.join(", "))
            }
            Conflict::OpenedTwice { times } => format!("this incident was opened {times} times"),
        }
    }
}

impl Stage {
    pub fn name(self) -> &'static str {
        match self {
            Stage::Open => "open",
            Stage::Acknowledged => "acknowledged",
            Stage::Mitigated => "mitigated",
            Stage::Resolved => "resolved",
            Stage::Closed => "closed",
        }
    }

    pub fn level(self) -> Level {
        match self {
            Stage::Open | Stage::Acknowledged => Level::Bad,
            Stage::Mitigated => Level::Warn,
            Stage::Resolved => Level::Fine,
            Stage::Closed => Level::Done,
        }
    }
}

impl State {
    pub fn stage(&self) -> Stage {
        let marks = &self.milestones;
        match () {
            () if marks.closed.is_some() => Stage::Closed,
            () if marks.resolved.is_some() => Stage::Resolved,
            () if marks.mitigated.is_some() => Stage::Mitigated,
            // Whoever reopens it cares for it.
            () if marks.acknowledged.is_some() || !marks.reopened.is_empty() => Stage::Acknowledged,
            () => Stage::Open,
        }
    }

    /// It was opened, and nobody has closed it.
    pub fn is_unfinished(&self) -> bool {
        self.opened.is_some() && self.stage() != Stage::Closed
    }

    /// Whether it was known then, and not over.
    pub fn was_open(&self, at: Timestamp) -> bool {
        let marks = &self.milestones;
        let over = [&marks.resolved, &marks.closed].into_iter().flatten().map(|said| said.at).min();
        self.opened.is_some() && self.detected() <= at && over.is_none_or(|over| at < over)
    }

    /// When it was first known.
    pub fn detected(&self) -> Timestamp {
        self.opened.as_ref().map(|opened| opened.detected).or(self.first).unwrap_or_default()
    }

    /// The clock of the first answer, and how it stands.
    pub fn response(&self, now: Timestamp, calendar: &Calendar) -> (Clock, Standing) {
        let words = self.severity.as_ref().and_then(|severity| severity.response.as_deref());
        let clock = Clock::new("response", words, self.detected(), calendar);
        let marks = &self.milestones;
        let answered = [&marks.acknowledged, &marks.mitigated, &marks.resolved, &marks.closed];
        let reopened = marks.reopened.first();
        let met = answered.into_iter().flatten().chain(reopened).map(|said| said.at).min();
        let standing = clock.standing(now, met);
        (clock, standing)
    }

    /// The clock of the recovery: until it no longer hurts, and anew when it came back.
    pub fn recovery(&self, now: Timestamp, calendar: &Calendar) -> (Clock, Standing) {
        let marks = &self.milestones;
        let words = self.severity.as_ref().and_then(|severity| severity.rto.as_deref());
        let since = marks.reopened.last().map_or(self.detected(), |said| said.at);
        let clock = Clock::new("recovery", words, since, calendar);
        let over = [&marks.mitigated, &marks.resolved, &marks.closed];
        let met = over.into_iter().flatten().map(|said| said.at).min();
        let standing = clock.standing(now, met);
        (clock, standing)
    }

    pub fn open_measures(&self) -> impl Iterator<Item = &Measure> {
        self.measures.iter().filter(|measure| measure.closed.is_none())
    }

    /// Runs that nobody has closed.
    pub fn open_runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().filter(|run| run.closed.is_none())
    }

    /// Who is behind a writer: as the session said, else the writer's name.
    pub fn who(&self, writer: &str) -> String {
        self.writers.get(writer).cloned().unwrap_or_else(|| super::words::plain(writer))
    }

    pub fn conflicts(&self) -> Vec<Conflict> {
        let mut books: BTreeMap<(&str, u32, &str), Vec<&Run>> = BTreeMap::new();
        for run in self.open_runs().filter(|run| run.opened.is_some()) {
            books.entry((&run.path, run.line, &run.runbook)).or_default().push(run);
        }
        let twice = books.into_iter().filter(|(_, runs)| runs.len() > 1);
        let mut conflicts: Vec<Conflict> = twice
            .map(|((_, _, runbook), runs)| {
                let people: BTreeSet<&str> = runs.iter().map(|run| run.by.as_str()).collect();
                Conflict::Runs {
                    runbook: runbook.to_owned(),
                    runs: runs.iter().map(|run| run.run.clone()).collect(),
                    people: people.into_iter().map(str::to_owned).collect(),
                }
            })
            .collect();
        if self.openings > 1 {
            conflicts.push(Conflict::OpenedTwice { times: self.openings });
        }
        conflicts
    }
}

#[cfg(test)]
mod tests;
