//! The program's own facts in the words of the journal, which outlive the program's types.
use super::event::{ActionOutcome, Findings, Outcome, Target, Tier};
use crate::domain::action::{self, Check, Native};
use crate::domain::approval;
use crate::domain::news::ActionId;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::text::clean;

impl Target {
    /// The uid is empty when it is not known.
    pub fn new(object: &ObjectRef, uid: &str) -> Target {
        Target {
            context: object.context.to_string(),
            kind: object.kind.to_string(),
            namespace: object.namespace.to_string(),
            name: object.name.to_string(),
            uid: uid.to_owned(),
        }
    }

    /// The thing that it names, made harmless; `None` where a later version knew a kind that this one does not.
    pub fn thing(&self) -> Option<ObjectRef> {
        let safe = |text: &str| clean(text).into_owned().into();
        Some(ObjectRef {
            context: safe(&self.context),
            kind: Kind::parse(&self.kind)?,
            namespace: safe(&self.namespace),
            name: safe(&self.name),
        })
    }
}

impl From<&Native> for Target {
    fn from(native: &Native) -> Target {
        Target::new(&native.target, &native.uid)
    }
}

impl From<approval::Tier> for Tier {
    fn from(tier: approval::Tier) -> Tier {
        match tier {
            approval::Tier::Read => Tier::Read,
            approval::Tier::Change => Tier::Change,
            approval::Tier::Danger => Tier::Danger,
        }
    }
}

impl From<&action::Findings> for Findings {
    fn from(found: &action::Findings) -> Findings {
        Findings {
            allowed: match &found.allowed {
                Check::Yes => "yes".into(),
                Check::No(why) => format!("no: {why}"),
                Check::NotChecked => "not checked".into(),
            },
            identity: found.identity.clone(),
            effect: found.effect.clone(),
            warnings: found.warnings.clone(),
            undo: found.undo.clone(),
            kept: found.kept.clone(),
            unchecked: found.unchecked.clone(),
            drift: found.drift.clone(),
        }
    }
}

impl ActionOutcome {
    pub fn new(action: ActionId, target: Target, outcome: &action::Outcome) -> ActionOutcome {
        let (outcome, says) = match outcome {
            action::Outcome::Started => (Outcome::Started, ""),
            action::Outcome::Accepted { says } => (Outcome::Accepted, says.as_str()),
            action::Outcome::Progress { says } => (Outcome::Progress, says.as_str()),
            action::Outcome::Settled { says } => (Outcome::Settled, says.as_str()),
            action::Outcome::Refused { why } => (Outcome::Refused, why.as_str()),
            action::Outcome::Uncertain { why } => (Outcome::Uncertain, why.as_str()),
            action::Outcome::Failed { why } => (Outcome::Failed, why.as_str()),
        };
        ActionOutcome { action: action.0, target, outcome, says: says.to_owned() }
    }
}
