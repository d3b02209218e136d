//! The one thing that may be performed.
use super::{Ground, Place, QuestionId, Tier};
use crate::domain::action::{Findings, Looked};
use crate::domain::shell::ShellCommand;

/// A plan that the operator has seen and agreed to. Performing it consumes it.
///
/// There is no other way to make one than to answer a [`Question`](super::Question): no constructor, no
/// `Clone`, no `Default`, nothing that reads it from a file. Only what changes nothing needs no question:
/// [`Approved::reading`].
#[derive(Debug)]
pub struct Approved {
    pub(super) question: QuestionId,
    pub(super) revision: u32,
    pub(super) tier: Tier,
    pub(super) reason: String,
    pub(super) actions: Vec<Looked>,
    pub(super) command: Option<Box<ShellCommand>>,
    pub(super) findings: Option<Box<Findings>>,
    pub(super) unchecked: Vec<String>,
    pub(super) place: Place,
}

impl Approved {
    /// A command that only reads runs on Enter; everything else comes back, to be asked about.
    pub fn reading(command: Box<ShellCommand>, ground: &Ground) -> Result<Approved, Box<ShellCommand>> {
        if !command.only_reads() {
            return Err(command);
        }
        Ok(Approved {
            question: QuestionId(0),
            revision: 0,
            tier: Tier::Read,
            reason: String::new(),
            actions: Vec::new(),
            command: Some(command),
            findings: None,
            unchecked: ground.unrecorded.iter().map(|why| format!("it is not recorded: {why}")).collect(),
            place: Place::default(),
        })
    }

    /// 0 where nothing was asked.
    pub fn question(&self) -> QuestionId {
        self.question
    }
    /// Which revision of it was answered.
    pub fn revision(&self) -> u32 {
        self.revision
    }
    pub fn tier(&self) -> Tier {
        self.tier
    }
    /// Why it is done, in the operator's words; may be empty.
    pub fn reason(&self) -> &str {
        &self.reason
    }
    /// What was shown, to be recorded before it begins.
    pub fn actions(&self) -> &[Looked] {
        &self.actions
    }
    /// What the look said; `None` when it did not answer in time.
    pub fn findings(&self) -> Option<&Findings> {
        self.findings.as_deref()
    }
    /// What was agreed to without a check.
    pub fn unchecked(&self) -> &[String] {
        &self.unchecked
    }
    /// Where it was shown to happen: the server is that of the first action's context.
    pub fn place(&self) -> &Place {
        &self.place
    }
    /// What was shown, where it is for a shell.
    pub fn command(&self) -> Option<&ShellCommand> {
        self.command.as_deref()
    }
    /// Takes the command out, which is the only way to give it to a shell.
    #[must_use]
    pub fn into_command(self) -> Option<ShellCommand> {
        self.command.map(|command| *command)
    }
    /// Takes the actions out, which is the only way to perform them.
    #[must_use]
    pub fn into_actions(self) -> Vec<Looked> {
        self.actions
    }
}
