//! A fact worth watching, with its limits, the answer to it, and what the answer means.
mod certificate;
pub mod describe;
mod judge;
mod lines;
mod pick;
mod statement;
mod trend;
mod value;

use std::borrow::Cow;

pub use certificate::{Certificate, Fault};
pub use judge::{Which, meets, worst};
pub use lines::{LinesAsked, Whose};
pub use pick::{Path, word};
pub use statement::one_read;
pub use trend::{Trend, chart};
pub use value::{amount, number};

use super::Text;
use super::level::Level;
use super::object::Kind;
use super::settings::limit::{Bound, Fact, FactSource, Limit};
use super::time::Timestamp;

/// How the section begins that quotes the document: `Document 000: Pool is full`.
pub const PASSAGE: &str = "Document ";

/// How many values are remembered.
pub const REMEMBERED: usize = 32;

/// One row: what is asked, what was answered, and how bad that is.
#[derive(Debug, Clone, PartialEq)]
pub struct Vital {
    /// Its place among all, in the order of the documents.
    pub order: u32,
    pub name: Text,
    pub source: FactSource,
    /// The endpoint that is asked; empty where there is none.
    pub on: Text,
    pub query: Text,
    pub unit: Text,
    /// The number of the document; empty for a question of the profile's own.
    pub document: Text,
    /// `28, 30, 95-96`.
    pub lines: Text,
    pub ok: Option<Bound>,
    pub warning: Option<Bound>,
    pub critical: Option<Bound>,
    pub answer: Answer,
    /// What the answer itself says beside its value: the worst series, the chain's fault.
    pub note: Text,
    /// Whatever the limits say, it is at least this bad.
    pub floor: Level,
    pub took_ms: Option<u32>,
    pub at: Option<Timestamp>,
    /// The last values, the newest last.
    pub past: Vec<(Timestamp, f64)>,
    /// Since when the warning, and the critical limit, are crossed without a break.
    pub held: [Option<Timestamp>; 2],
    pub level: Level,
    /// What is wrong, in words; empty while nothing is.
    pub says: Text,
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Default)]
pub enum Answer {
    /// It was not asked yet.
    #[default]
    Waiting,
    Value(f64),
    Text(Text),
    /// A value of a JSON body: it is compared whole.
    Word(Text),
    /// `broken`: not answering is itself what the question is about.
    Error {
        why: Text,
        broken: bool,
    },
    /// It is known elsewhere, or from here it cannot be asked: says where, or why.
    NotAsked(Text),
    /// The document names no way to ask.
    NoSource,
}

/// One answer, as a source brings it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Heard {
    pub answer: Answer,
    pub note: String,
    /// `None`: the limits alone decide.
    pub floor: Option<Level>,
    pub took_ms: Option<u32>,
    /// Earlier values, the oldest first, where the server remembers them.
    pub past: Vec<(Timestamp, f64)>,
}

impl Heard {
    pub fn of(answer: Answer) -> Heard {
        Heard { answer, ..Heard::default() }
    }

    pub fn value(value: f64) -> Heard {
        Heard::of(Answer::Value(value))
    }

    pub fn text(text: &str) -> Heard {
        Heard::of(Answer::Text(text.into()))
    }

    /// The question could not be put, so that nothing is known.
    pub fn error(why: &str) -> Heard {
        Heard::of(Answer::Error { why: why.into(), broken: false })
    }

    /// What was asked about does not answer.
    pub fn broken(why: &str) -> Heard {
        Heard::of(Answer::Error { why: why.into(), broken: true })
    }

    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Heard {
        self.note = note.into();
        self
    }

    pub fn failed(&self) -> bool {
        matches!(self.answer, Answer::Error { .. })
    }
}

impl Vital {
    /// A question before it is asked.
    pub fn new(order: u32, fact: &Fact, place: Option<&Limit>) -> Vital {
        let lines = place.map_or_else(String::new, |limit| {
            limit.lines.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
        });
        let answer = match fact.source {
            FactSource::None => Answer::NoSource,
            source => Vital::elsewhere(source, &fact.query)
                .map_or(Answer::Waiting, |says| Answer::NotAsked(says.into())),
        };
        let mut vital = Vital {
            order,
            name: (&*fact.name).into(),
            source: fact.source,
            on: fact.on.as_deref().unwrap_or_default().into(),
            query: (&*fact.query).into(),
            unit: fact.unit.as_deref().unwrap_or_default().into(),
            document: place.map_or("", |limit| &limit.document).into(),
            lines: lines.into(),
            ok: fact.ok.clone(),
            warning: fact.warning.clone(),
            critical: fact.critical.clone(),
            answer,
            // Nothing is ever heard of what has no source: its note is why.
            note: place.and_then(|limit| limit.why.as_deref()).unwrap_or_default().into(),
            floor: Level::Done,
            took_ms: None,
            at: None,
            past: Vec::new(),
            held: [None; 2],
            level: Level::Unknown,
            says: "".into(),
        };
        vital.judge();
        vital
    }

    /// Which other pane knows, or who else has to be asked; `None` for what is asked here.
    pub fn elsewhere(source: FactSource, query: &str) -> Option<String> {
        let first = query.split([' ', ',']).next().unwrap_or_default();
        Some(match (source, Kind::parse(first)) {
            (FactSource::Kubernetes, Some(Kind::Hpa)) => "see autoscalers".into(),
            (FactSource::Kubernetes, Some(kind)) => format!("see {}", kind.plural()),
            (FactSource::Kubernetes, None) => match first {
                "usage" if query.contains("nodes") => "see nodes".into(),
                "usage" => "see pods".into(),
                "rollout" => "see deployments".into(),
                _ => "on no pane: run its statement".into(),
            },
            (FactSource::Logs, _) if LinesAsked::parse(query).is_some() => return None,
            (FactSource::Logs, _) => "see logs".into(),
            (FactSource::Docker, _) => "see containers".into(),
            (FactSource::Alertmanager, _) => "see alerts".into(),
            (FactSource::Statement, _) => "run its statement".into(),
            _ => return None,
        })
    }

    /// Takes an answer and judges it.
    pub fn hear(&mut self, heard: Heard, at: Timestamp) {
        if self.past.is_empty() {
            self.past = heard.past;
        }
        self.answer = heard.answer;
        self.note = heard.note.into();
        self.floor = heard.floor.unwrap_or(Level::Done);
        self.took_ms = heard.took_ms;
        self.at = Some(at);
        if let Answer::Value(value) = self.answer
            && value.is_finite()
        {
            self.past.push((at, value));
        }
        let old = self.past.len().saturating_sub(REMEMBERED);
        self.past.drain(..old);
        self.hold(at);
        self.judge();
    }

    /// Where the document says so: `003:55`; empty for a question of the profile's own.
    pub fn place(&self) -> String {
        let first = self.lines.split([',', '-']).next().unwrap_or_default();
        if self.document.is_empty() { String::new() } else { format!("{}:{first}", self.document) }
    }

    /// Every place: `003:52, 99-101`.
    pub fn places(&self) -> String {
        if self.document.is_empty() { String::new() } else { format!("{}:{}", self.document, self.lines) }
    }

    /// The limit that is worth showing: the one that is crossed, else the first to come.
    pub fn limit(&self) -> Option<(Which, &Bound)> {
        let warning = self.warning.as_ref().map(|bound| (Which::Warning, bound));
        let critical = self.critical.as_ref().map(|bound| (Which::Critical, bound));
        let ok = self.ok.as_ref().map(|bound| (Which::Ok, bound));
        if critical.is_some() && self.held[1].is_some() {
            return critical;
        }
        warning.or(critical).or(ok)
    }

    /// What the answer is, in the room of a cell; a dash where there is none.
    pub fn shown(&self) -> Cow<'_, str> {
        match &self.answer {
            Answer::Value(value) => amount(*value, &self.unit).into(),
            Answer::Text(text) | Answer::Word(text) => (&**text).into(),
            Answer::NotAsked(_) | Answer::Waiting | Answer::Error { .. } | Answer::NoSource => "–".into(),
        }
    }

    /// Whether anybody here could ever answer it.
    pub fn is_asked(&self) -> bool {
        !matches!(self.answer, Answer::NotAsked(_) | Answer::NoSource)
    }

    pub fn level(&self) -> Level {
        self.level
    }

    pub fn status(&self) -> Cow<'_, str> {
        match (&self.answer, self.level) {
            (Answer::NoSource, _) => "no source".into(),
            (Answer::NotAsked(_), _) => "not asked here".into(),
            (Answer::Waiting, _) => "waiting".into(),
            (Answer::Error { .. }, _) => "no answer".into(),
            (_, Level::Bad) => "critical".into(),
            (_, Level::Warn) => "warning".into(),
            (_, Level::Unknown) => "unknown".into(),
            _ => "ok".into(),
        }
    }
}

#[cfg(test)]
mod tests;
