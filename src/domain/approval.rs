//! Questions and their answers: the only maker of an [`Approved`].
use super::action::{Findings, Looked, Native};
use super::time::Timestamp;

/// How much has to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    Read,
    /// Asks once; the key is `y`.
    Change,
    /// Asks for the target's name, typed.
    Danger,
}

/// What would be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Firedeck's own actions: one, or one for each marked row.
    Native(Vec<Native>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub u64);

/// A plan on the screen, waiting for its answer.
#[derive(Debug)]
pub struct Question {
    id: QuestionId,
    plan: Plan,
    tier: Tier,
    findings: Option<Findings>,
    opened: Timestamp,
}

impl Question {
    pub fn id(&self) -> QuestionId {
        self.id
    }
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    pub fn tier(&self) -> Tier {
        self.tier
    }
    pub fn findings(&self) -> Option<&Findings> {
        self.findings.as_ref()
    }
    pub fn opened(&self) -> Timestamp {
        self.opened
    }
}

/// A plan that the operator has seen and agreed to. Performing it consumes it.
#[derive(Debug)]
pub struct Approved {
    actions: Vec<Looked>,
}

impl Approved {
    /// Takes the actions out, which is the only way to perform them.
    #[must_use]
    pub fn into_actions(self) -> Vec<Looked> {
        self.actions
    }
}
