//! How much has to be asked for a plan, and why that much.
use std::fmt;

use super::Tier;
use crate::domain::action::{Findings, Looked, Verb};
use crate::domain::object::Kind;

/// From here on nobody reads every name.
const MANY: usize = 10;

/// Why a question asks for more than a `y`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The deed itself is hard to take back.
    Deed(&'static str),
    /// The look found nothing that would bring the pod back.
    NotComingBack,
    /// More than one is destroyed at once.
    Together(usize),
    Many(usize),
    Protected,
    NotChecked,
    /// It was asked like this before the look's late answer, and a question never gets easier.
    Late,
}

impl fmt::Display for Why {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Deed(words) => out.write_str(words),
            Why::NotComingBack => out.write_str("nothing brings it back"),
            Why::Together(n) => write!(out, "{n} at once"),
            Why::Many(n) => write!(out, "{n} at once are more than anyone reads"),
            Why::Protected => out.write_str("the profile is protected"),
            Why::NotChecked => out.write_str("not everything could be checked"),
            Why::Late => out.write_str("the answer of a check came late"),
        }
    }
}

/// The tier of these actions, and what made it so.
pub(super) fn rate(
    actions: &[Looked],
    findings: Option<&Findings>,
    unchecked: bool,
    protected: bool,
) -> (Tier, Vec<Why>) {
    let mut tier = Tier::Read;
    let mut why = Vec::new();
    let mut because = |reason: Why| {
        if !why.contains(&reason) {
            why.push(reason);
        }
    };
    let count = actions.len();
    for action in actions {
        let danger =
            deed(action).map(Why::Deed).or_else(|| lost(action, findings).then_some(Why::NotComingBack));
        tier = tier.max(if danger.is_some() { Tier::Danger } else { Tier::Change });
        if let Some(reason) = danger {
            because(reason);
        }
    }
    let destroys = |action: &Looked| matches!(action.native.verb, Verb::Delete { .. } | Verb::Drain { .. });
    if count > MANY {
        tier = Tier::Danger;
        because(Why::Many(count));
    } else if count > 1 && actions.iter().any(destroys) {
        tier = Tier::Danger;
        because(Why::Together(count));
    }
    for (raises, reason) in [(protected, Why::Protected), (unchecked, Why::NotChecked)] {
        if raises {
            tier = tier.raised();
            because(reason);
        }
    }
    (tier, why)
}

/// What makes the deed itself dangerous.
fn deed(action: &Looked) -> Option<&'static str> {
    match &action.native.verb {
        Verb::Drain { .. } => Some("it evicts every pod of the node"),
        Verb::Delete { .. } if action.native.target.kind != Kind::Pod => Some("what it owns goes with it"),
        Verb::Delete { force: true, .. } => Some("by force: the pod may go on running unseen on its node"),
        Verb::Delete { grace_seconds: Some(0), .. } => Some("without grace: nothing is finished or saved"),
        Verb::Scale { to: 0, .. } => Some("with 0 replicas nothing serves"),
        _ => None,
    }
}

/// Whether the look found that a deleted pod stays away. An empty `undo` is how it says so.
fn lost(action: &Looked, findings: Option<&Findings>) -> bool {
    matches!(action.native.verb, Verb::Delete { .. })
        && findings.is_some_and(|findings| findings.undo.trim().is_empty())
}
