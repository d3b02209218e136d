//! Temporary measures: what was set for a while, whether it still stands, and who takes it back.
use serde::Serialize;

use crate::domain::level::Level;
use crate::domain::time::Timestamp;
use crate::incident::event::{At, Ended, MeasureClosed, MeasureOpened, MeasureSeen, Stands};
use crate::incident::words::{self, plain, stamp, stamp_option};

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Measure {
    pub measure: String,
    pub what: String,
    pub target: Option<String>,
    pub prior: String,
    pub now: String,
    /// As it was written, so that it can be run. It is made harmless by whoever shows it.
    #[serde(serialize_with = "shown")]
    pub revert: String,
    pub owner: String,
    #[serde(serialize_with = "stamp_option")]
    pub due: Option<Timestamp>,
    pub made_by: Option<At>,
    pub by: String,
    /// When it was first told of.
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub seen: Option<Seen>,
    pub closed: Option<Closed>,
}

/// Whether it was in force when the system was last asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Seen {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub stands: Stands,
    pub says: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Closed {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    pub ended: Ended,
    pub why: String,
    pub by: String,
}

fn shown<S: serde::Serializer>(command: &str, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(&words::command(command))
}

impl Measure {
    /// One of which only its name is known: it was closed or seen, and its opening is in another file.
    pub(super) fn unknown(measure: &str, at: Timestamp) -> Measure {
        Measure {
            measure: measure.to_owned(),
            what: String::new(),
            target: None,
            prior: String::new(),
            now: String::new(),
            revert: String::new(),
            owner: String::new(),
            due: None,
            made_by: None,
            by: String::new(),
            at,
            seen: None,
            closed: None,
        }
    }

    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.closed.is_none() && self.due.is_some_and(|due| now > due)
    }

    /// An open measure is never fine: it has to be taken back, or somebody has to say that it may stay.
    pub fn level(&self, now: Timestamp) -> Level {
        match &self.seen {
            _ if self.closed.is_some() => Level::Done,
            _ if self.is_overdue(now) => Level::Bad,
            None => Level::Unknown,
            Some(seen) if seen.stands == Stands::Unknown => Level::Unknown,
            Some(_) => Level::Warn,
        }
    }

    /// `stands`, `no longer stands`, `not known: forbidden`, `nobody has looked`.
    pub fn standing(&self) -> String {
        let Some(seen) = &self.seen else { return "nobody has looked whether it stands".to_owned() };
        let word = match seen.stands {
            Stands::Yes => "stands",
            Stands::No => "no longer stands",
            Stands::Unknown => "not known whether it stands",
        };
        if seen.says.is_empty() { word.to_owned() } else { format!("{word}: {}", seen.says) }
    }
}

/// The last word on each part stands; what was closed stays closed, whichever clock was ahead.
pub(super) fn opened(measure: Option<&mut Measure>, told: &MeasureOpened) {
    let Some(measure) = measure else { return };
    measure.what = plain(&told.what);
    measure.target = told.target.as_ref().map(words::target);
    measure.prior = words::value(&told.what, &told.prior);
    measure.now = words::value(&told.what, &told.now);
    measure.revert.clone_from(&told.revert);
    measure.owner = plain(&told.owner);
    measure.due = told.due;
    measure.made_by.clone_from(&told.made_by);
    measure.by = plain(&told.by);
}

pub(super) fn closed(measure: Option<&mut Measure>, told: &MeasureClosed, at: Timestamp) {
    let Some(measure) = measure else { return };
    measure.closed = Some(Closed { at, ended: told.ended, why: plain(&told.why), by: plain(&told.by) });
}

pub(super) fn seen(measure: Option<&mut Measure>, told: &MeasureSeen, at: Timestamp) {
    let Some(measure) = measure else { return };
    measure.seen = Some(Seen { at, stands: told.stands, says: plain(&told.says) });
}
