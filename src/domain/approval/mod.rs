//! Questions and their answers: the only maker of an [`Approved`].
mod approved;
mod hint;
mod question;
mod risk;
mod words;

pub use approved::Approved;
pub use hint::{Hint, Obstacle};
pub use question::{Answer, Field, Look, Press, Question, READING, Verdict};
pub use risk::Why;
pub use words::{commands, effect, headline, phrase, statements};

use std::fmt;
use std::time::Duration;

use super::action::Native;
use super::object::Kind;
use super::shell::ShellCommand;

/// How long a question waits for its look. What was not found out by then is said to be unchecked, because
/// a safety check must never block the rescue.
pub const PATIENCE: Duration = Duration::from_secs(2);

/// How much has to be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Tier {
    /// Runs on Enter.
    Read,
    /// Asks once; the key is `y`.
    Change,
    /// Asks for the target's name, typed.
    Danger,
}

impl Tier {
    /// One tier up; there is none above danger.
    #[must_use]
    pub fn raised(self) -> Tier {
        match self {
            Tier::Read => Tier::Change,
            Tier::Change | Tier::Danger => Tier::Danger,
        }
    }
}

impl fmt::Display for Tier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.pad(match self {
            Tier::Read => "read",
            Tier::Change => "change",
            Tier::Danger => "danger",
        })
    }
}

/// What would be done.
#[derive(Debug, Clone, PartialEq)]
pub enum Plan {
    /// Firedeck's own actions: one, or one for each marked row.
    Native(Vec<Native>),
    /// A command of a runbook, or one that the operator wrote.
    Shell(Box<ShellCommand>),
}

impl Plan {
    pub fn actions(&self) -> &[Native] {
        match self {
            Plan::Native(actions) => actions,
            Plan::Shell(_) => &[],
        }
    }

    pub fn shell(&self) -> Option<&ShellCommand> {
        match self {
            Plan::Native(_) => None,
            Plan::Shell(command) => Some(command),
        }
    }

    /// Containers of an engine begin and end one after another, in the order of the plan: one may need the other.
    pub fn in_turn(&self) -> bool {
        let actions = self.actions();
        actions.len() > 1 && actions.iter().all(|action| action.target.kind == Kind::Container)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct QuestionId(pub u64);

/// From where, and as whom; context and namespace are the target's own.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Place {
    /// The box firedeck runs on; empty when it has no name.
    pub host: String,
    /// The API server.
    pub server: String,
    /// Where the namespace in view comes from: `kubeconfig`, `profile`, `flag`.
    pub origin: String,
    /// Until the look has asked the server.
    pub identity: Option<String>,
}

/// What holds for every question, and may change while one stands.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Ground {
    /// The profile asks for one tier more, and for a reason.
    pub protected: bool,
    pub read_only: bool,
    /// Why nothing can be recorded now; what cannot be recorded does not run.
    pub unrecorded: Option<String>,
}
