//! What a document says: its runbooks, their steps and commands, and its facts.
use std::sync::Arc;

use crate::commands::Statement;

use super::placeholder::Placeholder;

/// A file that was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Document {
    pub path: String,
    /// The first heading of level 1, or the front matter's title, or the file's name.
    pub title: String,
    /// How many lines the file has.
    pub lines: u32,
    pub runbooks: Vec<Arc<Runbook>>,
    pub facts: Vec<Fact>,
    /// Sections that are marked as not there yet, and hold nothing that could be done.
    pub planned: Vec<Note>,
    /// What stood wrong in its form and was read all the same: an unclosed fence, bytes that are not UTF-8.
    pub defects: Vec<Note>,
    /// From the front matter; unknown keys are not kept.
    pub tags: Vec<String>,
}

/// What a runbook is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Incident,
    Daily,
    Maintenance,
    Scaling,
    Backup,
    Recovery,
    Security,
    Deployment,
    #[default]
    Diagnosis,
    /// Nothing in it can be executed.
    Reference,
}

impl Kind {
    pub const ALL: [Kind; 10] = [
        Kind::Incident,
        Kind::Daily,
        Kind::Maintenance,
        Kind::Scaling,
        Kind::Backup,
        Kind::Recovery,
        Kind::Security,
        Kind::Deployment,
        Kind::Diagnosis,
        Kind::Reference,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Incident => "incident",
            Kind::Daily => "daily",
            Kind::Maintenance => "maintenance",
            Kind::Scaling => "scaling",
            Kind::Backup => "backup",
            Kind::Recovery => "recovery",
            Kind::Security => "security",
            Kind::Deployment => "deployment",
            Kind::Diagnosis => "diagnosis",
            Kind::Reference => "reference",
        }
    }
}

/// How its steps belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    #[default]
    Sequence,
    /// Choose one.
    Menu,
}

/// Whether it can be used as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    #[default]
    Current,
    /// Parts of it are of another platform, or not yet built.
    Mixed,
    /// Marked as future or not implemented.
    Aspirational,
}

/// One runbook.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runbook {
    /// As the heading says it, without its marks, numbers in front of it kept.
    pub title: String,
    /// The nearest heading above that is not part of the runbook; empty when there is none.
    pub section: String,
    /// The heading between the section and the runbook.
    pub parent: Option<String>,
    pub line: u32,
    /// The last line that belongs to it.
    pub end_line: u32,
    pub kind: Kind,
    pub severity: Option<String>,
    pub response_time: Option<String>,
    pub frequency: Option<String>,
    pub trigger: Option<String>,
    pub purpose: Option<String>,
    pub rto: Option<String>,
    pub rpo: Option<String>,
    pub mode: Mode,
    pub status: Status,
    pub symptoms: Vec<String>,
    /// Alerts that it is for, as the document names them.
    pub alerts: Vec<String>,
    /// Notes and warnings that hold for the whole runbook.
    pub notes: Vec<Note>,
    pub steps: Vec<Step>,
    /// Positional arguments of its scripts that have to be given.
    pub arguments: Vec<crate::commands::statement::Argument>,
}

impl Runbook {
    /// The highest risk of its commands; `None` when it has none.
    pub fn highest(&self) -> Option<crate::domain::approval::Tier> {
        self.steps.iter().flat_map(|step| &step.commands).map(|command| command.statement.risk).max()
    }

    /// A script's preamble and plain notes are none.
    pub fn counted_steps(&self) -> usize {
        self.steps.iter().filter(|step| step.is_counted()).count()
    }
}

/// A remark with its line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Note {
    pub line: u32,
    pub text: String,
}

/// What a step asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum StepKind {
    #[default]
    Command,
    /// Done by hand and ticked.
    Manual,
    /// Choose one of the sub-steps that follow.
    Branch,
    Note,
}

/// One step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Step {
    /// `1`, and `3a` for a sub-step of a branch; `0` is a preamble and not counted.
    pub n: String,
    pub title: String,
    pub line: u32,
    pub kind: StepKind,
    /// What is to be done by hand, one item a line; notes of the step.
    pub text: String,
    /// The condition under which it is done: `If database issues`, `if needed`.
    pub branch: Option<String>,
    /// Of an issue or a process: `Diagnosis`, `Solutions`.
    pub phase: Option<String>,
    pub expected: Option<String>,
    pub time_budget: Option<String>,
    /// Has a checkbox, and whether the document has it ticked.
    pub checkbox: Option<bool>,
    pub notes: Vec<Note>,
    pub commands: Vec<Command>,
}

impl Step {
    /// `3a`: it stands below the branch that it belongs to.
    pub fn is_arm(&self) -> bool {
        self.n.ends_with(|c: char| c.is_ascii_alphabetic())
    }

    /// Not counted: what only prepares, and what only says something.
    pub fn is_counted(&self) -> bool {
        self.n != "0" && self.kind != StepKind::Note
    }
}

/// A statement as a step has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    pub statement: Statement,
    pub placeholders: Vec<Placeholder>,
    /// Marked or implied as not of the present platform, or not yet built.
    pub future: bool,
    /// The line of the document that says that this command's platform is not the present one.
    pub elsewhere: Option<u32>,
    /// From a fence's or the front matter's attributes.
    pub attributes: Attributes,
}

/// Of the code block that a command stands in: where it is, and what its author may add to a fence,
/// `{name= risk= timeout= undo= expect=}`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attributes {
    /// The line of the block's first line of code: the commands of one block share one shell. 0 for a command in a
    /// sentence, which stands alone.
    pub block: u32,
    pub name: Option<String>,
    pub timeout: Option<String>,
    pub undo: Option<String>,
    pub expect: Option<String>,
}

/// A table or list that other parts of the program use.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fact {
    /// `severity`, `contacts`, `thresholds`, `metrics` (how a number is asked for), `capacity` (sizes now and
    /// planned), `alert-rules`, `objectives` (RTO and RPO), `schedule`, `endpoints`, `meta`.
    pub kind: &'static str,
    pub title: String,
    pub line: u32,
    pub end_line: u32,
    pub rows: Vec<Row>,
}

/// One row of a fact: its line and its named values in the document's order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub line: u32,
    pub values: Vec<(String, String)>,
}

impl Row {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
