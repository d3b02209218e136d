//! The event: what a line of the journal holds, for good.
//!
//! Rules that keep old journals readable: a kind's name never changes, fields are only ever added and then
//! have a default, and a changed meaning is a new kind. A kind that this version does not know, or whose body
//! it cannot read, is [`What::Other`] and goes through untouched.
pub mod run;
pub mod told;

use serde::{Deserialize, Serialize};

use crate::domain::time::Timestamp;
pub use run::{
    At, BranchChosen, End, Order, RunClosed, RunOpened, ShellEnded, StepEnded, StepSettled, StepSkipped,
    StepStarted, StepTicked, ValueGiven, Verdict,
};
pub use told::{
    Ended, EntryPinned, HandedOver, IncidentOpened, MeasureClosed, MeasureOpened, MeasureSeen, Milestone,
    MilestoneSet, OpenedFrom, Place, RoleSet, RunJoined, SeveritySet, Stands,
};

/// What makes an event unique, wherever its line is kept.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId {
    pub incident: String,
    pub writer: String,
    pub n: u64,
}

/// One thing that happened, as one writer saw it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    pub incident: String,
    /// One run of the program on one box.
    pub writer: String,
    /// Counts from 1 for each writer of an incident, without a gap.
    pub n: u64,
    /// The SHA-256 of the writer's previous line without its line end, in hex; empty for the first.
    pub prev: String,
    #[serde(with = "instant")]
    pub at: Timestamp,
    #[serde(flatten)]
    pub what: What,
    /// Texts and lists that were too long for the line: it holds their beginning, a file the whole.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rest: Vec<Rest>,
}

impl Event {
    /// An event of this program's own writing, as far as its meaning goes: its place in the chain is the file's.
    pub fn known(id: EventId, at: Timestamp, what: What) -> Event {
        let EventId { incident, writer, n } = id;
        Event { incident, writer, n, prev: String::new(), at, what, rest: Vec::new() }
    }

    pub fn id(&self) -> EventId {
        EventId { incident: self.incident.clone(), writer: self.writer.clone(), n: self.n }
    }
}

/// The whole of something that was cut in the line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rest {
    /// A JSON pointer into the body: `/plan/0`.
    pub of: String,
    #[serde(flatten)]
    pub output: Output,
}

/// A file beside the journal, and how to know that it is still the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Its name in the journal's directory, never a path.
    pub file: String,
    pub size: u64,
    pub sha256: String,
}

/// Every kind of event, in the words of the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "body", rename_all = "kebab-case")]
pub enum What {
    SessionOpened(SessionOpened),
    SessionClosed(SessionClosed),
    QuestionAsked(Box<QuestionAsked>),
    QuestionDeclined(QuestionDeclined),
    ActionStarted(Box<ActionStarted>),
    ActionOutcome(ActionOutcome),
    EvidenceKept(EvidenceKept),
    Note(Note),
    AlertsAcknowledged(AlertsAcknowledged),
    SuspectMarked(Box<SuspectMarked>),
    RunOpened(Box<RunOpened>),
    RunClosed(RunClosed),
    ValueGiven(ValueGiven),
    StepStarted(Box<StepStarted>),
    StepEnded(Box<StepEnded>),
    StepSettled(StepSettled),
    ShellEnded(ShellEnded),
    StepTicked(StepTicked),
    StepSkipped(StepSkipped),
    BranchChosen(BranchChosen),
    IncidentOpened(Box<IncidentOpened>),
    SeveritySet(SeveritySet),
    MilestoneSet(MilestoneSet),
    RoleSet(RoleSet),
    MeasureOpened(Box<MeasureOpened>),
    MeasureClosed(MeasureClosed),
    MeasureSeen(MeasureSeen),
    EntryPinned(EntryPinned),
    RunJoined(RunJoined),
    HandedOver(HandedOver),
    JournalMoved(JournalMoved),
    JournalRepaired(JournalRepaired),
    JournalDamaged(JournalDamaged),
    /// Written by a later version.
    #[serde(untagged)]
    Other(Other),
}

impl What {
    /// The kind as the file names it.
    pub fn kind(&self) -> &str {
        match self {
            What::SessionOpened(_) => "session-opened",
            What::SessionClosed(_) => "session-closed",
            What::QuestionAsked(_) => "question-asked",
            What::QuestionDeclined(_) => "question-declined",
            What::ActionStarted(_) => "action-started",
            What::ActionOutcome(_) => "action-outcome",
            What::EvidenceKept(_) => "evidence-kept",
            What::Note(_) => "note",
            What::AlertsAcknowledged(_) => "alerts-acknowledged",
            What::SuspectMarked(_) => "suspect-marked",
            What::RunOpened(_) => "run-opened",
            What::RunClosed(_) => "run-closed",
            What::ValueGiven(_) => "value-given",
            What::StepStarted(_) => "step-started",
            What::StepEnded(_) => "step-ended",
            What::StepSettled(_) => "step-settled",
            What::ShellEnded(_) => "shell-ended",
            What::StepTicked(_) => "step-ticked",
            What::StepSkipped(_) => "step-skipped",
            What::BranchChosen(_) => "branch-chosen",
            What::IncidentOpened(_) => "incident-opened",
            What::SeveritySet(_) => "severity-set",
            What::MilestoneSet(_) => "milestone-set",
            What::RoleSet(_) => "role-set",
            What::MeasureOpened(_) => "measure-opened",
            What::MeasureClosed(_) => "measure-closed",
            What::MeasureSeen(_) => "measure-seen",
            What::EntryPinned(_) => "entry-pinned",
            What::RunJoined(_) => "run-joined",
            What::HandedOver(_) => "handed-over",
            What::JournalMoved(_) => "journal-moved",
            What::JournalRepaired(_) => "journal-repaired",
            What::JournalDamaged(_) => "journal-damaged",
            What::Other(other) => &other.kind,
        }
    }

    /// The run that it tells of.
    pub fn run(&self) -> Option<&str> {
        Some(match self {
            What::RunOpened(said) => &said.run,
            What::RunClosed(said) => &said.run,
            What::ValueGiven(said) => &said.run,
            What::StepStarted(said) => &said.at.run,
            What::StepEnded(said) => &said.at.run,
            What::StepSettled(said) => &said.at.run,
            What::ShellEnded(said) => &said.run,
            What::StepTicked(said) => &said.run,
            What::StepSkipped(said) => &said.run,
            What::BranchChosen(said) => &said.run,
            What::RunJoined(said) => &said.run,
            _ => return None,
        })
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionOpened {
    pub version: String,
    pub host: String,
    pub user: String,
    pub pid: u32,
    #[serde(default)]
    pub profile: String,
    #[serde(default)]
    pub contexts: Vec<String>,
    #[serde(default)]
    pub read_only: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionClosed {
    /// `quit`, `SIGTERM`, `SIGHUP`, `terminal lost`, or an error.
    pub how: String,
}

/// How much had to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    Read,
    Change,
    Danger,
}

/// One revision of a question, as it was put on the screen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionAsked {
    /// Unique within its writer.
    pub question: u64,
    pub revision: u32,
    /// What would be run, a line for each action.
    pub plan: Vec<String>,
    pub tier: Tier,
    #[serde(default)]
    pub targets: Vec<Target>,
    /// `None` while the look was still on its way.
    #[serde(default)]
    pub findings: Option<Findings>,
}

/// What a look before the question found out.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Findings {
    /// `yes`, `no: …` or `not checked`.
    pub allowed: String,
    pub identity: Option<String>,
    pub effect: Vec<String>,
    pub warnings: Vec<String>,
    pub undo: String,
    pub kept: Vec<String>,
    pub unchecked: Vec<String>,
    pub drift: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct QuestionDeclined {
    pub question: u64,
    #[serde(default)]
    pub plan: Vec<String>,
}

/// Which object, and which one of that name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Target {
    pub context: String,
    /// The lower-case singular: `pod`, `deployment`.
    pub kind: String,
    /// Empty for things that have none.
    #[serde(default)]
    pub namespace: String,
    pub name: String,
    /// Empty when it was not known.
    #[serde(default)]
    pub uid: String,
}

/// An approved action, written before it is performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionStarted {
    /// Unique within its writer.
    pub action: u64,
    pub target: Target,
    /// `restart`, `scale`, `delete`.
    pub verb: String,
    /// The whole of what is done, as it was shown.
    pub plan: String,
    /// The box that does it.
    pub host: String,
    /// Where the namespace came from: `kubeconfig`, `flag`, `profile`.
    #[serde(default)]
    pub namespace_origin: String,
    /// Who the server says we are.
    #[serde(default)]
    pub identity: Option<String>,
    pub tier: Tier,
    #[serde(default)]
    pub reason: Option<String>,
    /// What had to be typed to approve it.
    #[serde(default)]
    pub typed: Option<String>,
    /// Which revision of which question was answered.
    pub question: u64,
    pub revision: u32,
}

/// What became of an action on one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ActionOutcome {
    pub action: u64,
    pub target: Target,
    pub outcome: Outcome,
    #[serde(default)]
    pub says: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// Sent; no answer yet.
    Started,
    /// The server took it.
    Accepted,
    Progress,
    /// Seen to have done what it was meant to do.
    Settled,
    /// Nothing was changed.
    Refused,
    /// It may have been done.
    Uncertain,
    /// Done, without what it was meant to bring.
    Failed,
}

/// What was kept of a target before it was changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct EvidenceKept {
    pub target: Target,
    pub files: Vec<Output>,
    /// What could not be had, and why.
    #[serde(default)]
    pub missing: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Note {
    pub text: String,
}

/// Somebody has seen these and cares for them; nobody else was told, and nothing was silenced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AlertsAcknowledged {
    pub alerts: Vec<Target>,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}

/// Somebody holds a change for the cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SuspectMarked {
    /// The same for whoever sees the same change.
    pub change: String,
    pub target: Target,
    /// `rollout`, `scaling`, as the time line names it.
    pub what: String,
    #[serde(with = "instant")]
    pub happened: Timestamp,
    pub says: String,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}

/// The writer goes on in another directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalMoved {
    pub from: String,
    pub to: String,
    pub why: String,
}

/// The end of a dead writer's file was torn; what was torn off is kept aside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalRepaired {
    pub file: String,
    /// Its last event that is whole.
    pub last: u64,
    /// The torn bytes.
    pub torn: Output,
}

/// A file of this incident is not what its writer wrote. It is left as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JournalDamaged {
    pub file: String,
    /// The event at which it stops being true.
    pub n: u64,
    pub why: String,
}

/// An event whose kind this version does not know.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Other {
    pub kind: String,
    #[serde(default, skip_serializing_if = "serde_json::Value::is_null")]
    pub body: serde_json::Value,
}

/// RFC 3339 in the file, so that people and `jq` can read it; a number where no calendar reaches.
mod instant {
    use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

    use crate::domain::time::Timestamp;

    pub(super) fn serialize<T, S>(at: &T, to: S) -> Result<S::Ok, S::Error>
    where
        T: Copy + Into<Timestamp>,
        S: Serializer,
    {
        let at: Timestamp = (*at).into();
        let text = at.rfc3339();
        if Timestamp::parse(&text) == Some(at) { text.serialize(to) } else { at.0.serialize(to) }
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Timestamp, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Text(String),
            Number(i64),
        }
        match Written::deserialize(from)? {
            Written::Number(number) => Ok(Timestamp(number)),
            Written::Text(text) => Timestamp::parse(&text)
                .ok_or_else(|| D::Error::custom(format!("`{text}` is not a time in RFC 3339"))),
        }
    }
}
