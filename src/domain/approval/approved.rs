//! The one thing that may be performed.
use super::{Place, QuestionId, Tier};
use crate::domain::action::{Findings, Looked};

/// A plan that the operator has seen and agreed to. Performing it consumes it.
///
/// There is no other way to make one than to answer a [`Question`](super::Question): no constructor, no
/// `Clone`, no `Default`, nothing that reads it from a file.
#[derive(Debug)]
pub struct Approved {
    pub(super) question: QuestionId,
    pub(super) revision: u32,
    pub(super) tier: Tier,
    pub(super) reason: String,
    pub(super) actions: Vec<Looked>,
    pub(super) findings: Option<Box<Findings>>,
    pub(super) unchecked: Vec<String>,
    pub(super) place: Place,
}

impl Approved {
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
    /// Takes the actions out, which is the only way to perform them.
    #[must_use]
    pub fn into_actions(self) -> Vec<Looked> {
        self.actions
    }
}
