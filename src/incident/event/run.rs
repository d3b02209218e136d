//! The events of a runbook's run: opened, values given, steps started, ended, ticked, skipped.
//!
//! A step and a command are named by their place in the runbook as it was when the run began, counted from 0; the
//! document is kept beside the journal, so that the places stay true when the file changes.
use serde::{Deserialize, Serialize};

use super::{Output, Target, Tier};

/// A runbook was opened to be worked through.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunOpened {
    /// Unique wherever the journal is read.
    pub run: String,
    /// The document's path as the settings name it, and its title.
    pub path: String,
    pub document: String,
    pub runbook: String,
    pub line: u32,
    /// The document as it was.
    #[serde(default)]
    pub kept: Option<Output>,
    /// The box on which its steps run when nothing else is said.
    pub host: String,
    /// The alert it was opened for.
    #[serde(default)]
    pub alert: Option<Target>,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunClosed {
    pub run: String,
    /// All of it was done, or it was left.
    pub done: bool,
    #[serde(default)]
    pub why: String,
    pub by: String,
}

/// A value for a placeholder; the last one of a name stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ValueGiven {
    pub run: String,
    pub name: String,
    /// Empty for a secret: it is never written.
    pub value: String,
    #[serde(default)]
    pub secret: bool,
    /// `alert`, `selection`, `candidate`, `environment`, `default`, `operator`.
    pub origin: String,
    pub by: String,
}

/// Which command of which step; without `command`, one that the operator wrote there.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct At {
    pub run: String,
    pub step: u32,
    #[serde(default)]
    pub command: Option<u32>,
}

/// Which statement of which runner's session; the session is the name of the runner's directory.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Order {
    pub session: String,
    /// Counts from 1 in a session.
    pub statement: u64,
}

/// A command was sent to its runner; written before it is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepStarted {
    #[serde(flatten)]
    pub at: At,
    #[serde(flatten)]
    pub order: Order,
    /// The step's number as the document has it, and the command's lines there.
    pub n: String,
    pub line: u32,
    pub end_line: u32,
    /// As it runs, with its values, secrets hidden.
    pub text: String,
    /// The operator changed it.
    #[serde(default)]
    pub edited: bool,
    pub tier: Tier,
    pub why: String,
    /// Where it runs.
    pub host: String,
    #[serde(default)]
    pub workdir: String,
    #[serde(default)]
    pub context: String,
    #[serde(default)]
    pub namespace: String,
    #[serde(default)]
    pub namespace_origin: String,
    /// Which revision of which question was answered; none for what only reads.
    #[serde(default)]
    pub question: Option<u64>,
    #[serde(default)]
    pub revision: u32,
    #[serde(default)]
    pub typed: Option<String>,
    #[serde(default)]
    pub reason: Option<String>,
    pub by: String,
}

/// How a statement came to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The exit codes of the parts of its last pipe, the last part's last.
    Exit(Vec<i32>),
    /// Stopped by the operator; the session is gone with it.
    Stopped,
    /// The shell itself ended: `exit`, `exec`, a signal; its variables are gone.
    ShellGone,
    /// The runner is dead, and nobody knows what became of it.
    Interrupted,
    /// It was never started.
    NotStarted,
}

/// What a command came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    Ok,
    /// A search that found nothing, of which every other part went well.
    NoMatches,
    /// Nothing is known; never good.
    NoData,
    /// Done; whether it helped is not yet seen.
    Accepted,
    Failed,
    /// Stopped by the operator.
    Stopped,
    /// Ended with its shell.
    Lost,
    /// Its runner is dead.
    Interrupted,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepEnded {
    #[serde(flatten)]
    pub at: At,
    #[serde(flatten)]
    pub order: Order,
    pub end: End,
    pub verdict: Verdict,
    /// Why so, or the result in a few words.
    #[serde(default)]
    pub says: String,
    pub milliseconds: u64,
    /// Standard output and standard error, as files beside the journal.
    #[serde(default)]
    pub output: Vec<Output>,
}

/// What was `accepted` is now known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSettled {
    #[serde(flatten)]
    pub at: At,
    pub verdict: Verdict,
    #[serde(default)]
    pub says: String,
}

/// Done by hand, or not done after all; without an item, the whole step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepTicked {
    pub run: String,
    pub step: u32,
    #[serde(default)]
    pub item: Option<u32>,
    pub ticked: bool,
    pub by: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StepSkipped {
    pub run: String,
    pub step: u32,
    pub reason: String,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}

/// Of alternatives, this one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BranchChosen {
    pub run: String,
    /// The step that asks to choose; none where the whole runbook is a menu.
    #[serde(default)]
    pub step: Option<u32>,
    pub chosen: u32,
    pub by: String,
    /// Taken back again.
    #[serde(default)]
    pub no_longer: bool,
}
