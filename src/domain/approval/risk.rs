//! How much has to be asked for a plan, and why that much.
use std::fmt;

use super::Tier;
use crate::domain::action::{Findings, Looked, Verb};
use crate::domain::object::Kind;
use crate::domain::shell::ShellCommand;

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
    /// More than one ends, though one after another.
    InTurn(usize),
    Many(usize),
    Protected,
    NotChecked,
    /// What the document's command is like.
    Said(String),
    /// It was asked like this before the look's late answer, and a question never gets easier.
    Late,
}

impl fmt::Display for Why {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Why::Deed(words) => out.write_str(words),
            Why::NotComingBack => out.write_str("nothing brings it back"),
            Why::Together(n) => write!(out, "{n} at once"),
            Why::InTurn(n) => write!(out, "{n} of them, one after another"),
            Why::Many(n) => write!(out, "{n} at once are more than anyone reads"),
            Why::Protected => out.write_str("the profile is protected"),
            Why::NotChecked => out.write_str("not everything could be checked"),
            Why::Said(words) => out.write_str(words),
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
    // A silence is one request, and hits all that it was seen to hit.
    let hits = |action: &Looked| match (&action.native.verb, &action.also) {
        (Verb::Silence { .. }, Some(hit)) => hit.len().max(1),
        _ => 1,
    };
    let count: usize = actions.iter().map(hits).sum();
    for action in actions {
        let danger =
            deed(action).map(Why::Deed).or_else(|| lost(action, findings).then_some(Why::NotComingBack));
        tier = tier.max(if danger.is_some() { Tier::Danger } else { Tier::Change });
        if let Some(reason) = danger {
            because(reason);
        }
    }
    let destroys = |action: &Looked| {
        // A rollout goes pod by pod; a container that others need takes them down with it.
        let serves = action.native.verb == Verb::Restart && action.native.target.kind == Kind::Container;
        serves || matches!(action.native.verb, Verb::Delete { .. } | Verb::Drain { .. } | Verb::Disconnect)
    };
    if count > MANY {
        tier = Tier::Danger;
        because(Why::Many(count));
    } else if count > 1 && actions.iter().any(destroys) {
        tier = Tier::Danger;
        let in_turn = actions.iter().all(|action| action.native.target.kind == Kind::Container);
        because(if in_turn { Why::InTurn(count) } else { Why::Together(count) });
    }
    for (raises, reason) in [(protected, Why::Protected), (unchecked, Why::NotChecked)] {
        if raises {
            tier = tier.raised();
            because(reason);
        }
    }
    (tier, why)
}

/// The same for a command of a shell. What cannot be looked at at all is said, and raises nothing: of most commands
/// nobody could say beforehand what they hit, and a name typed for each would be typed unread.
pub(super) fn rate_shell(command: &ShellCommand, missed: bool, protected: bool) -> (Tier, Vec<Why>) {
    let mut tier = command.tier.max(command.risk).max(Tier::Change);
    let mut why: Vec<Why> = command.why.iter().cloned().map(Why::Said).collect();
    if command.risk > Tier::Read {
        for (raises, reason) in [(protected, Why::Protected), (missed, Why::NotChecked)] {
            if raises {
                tier = tier.raised();
                why.push(reason);
            }
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
        Verb::Terminate { .. } => Some("what the session had not committed is lost"),
        Verb::Stop { .. } => Some("what it serves is gone until it is started again"),
        Verb::Scale { to: 0, .. } => Some("with 0 replicas nothing serves"),
        Verb::Query { risk: Tier::Danger, .. } => Some("the statements destroy or end what others use"),
        _ => None,
    }
}

/// Whether the look found that a deleted pod stays away. An empty `undo` is how it says so.
fn lost(action: &Looked, findings: Option<&Findings>) -> bool {
    matches!(action.native.verb, Verb::Delete { .. })
        && findings.is_some_and(|findings| findings.undo.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::Native;
    use crate::domain::object::ObjectRef;

    fn looked(kind: Kind, verb: Verb) -> Looked {
        let target = ObjectRef { context: "c".into(), kind, namespace: "yard".into(), name: "crane".into() };
        Looked { native: Native { target, uid: "u".into(), verb }, generation: None, also: None }
    }

    #[test]
    fn each_deed_has_its_tier() {
        let delete = |grace_seconds, force| Verb::Delete { grace_seconds, force };
        let query = |risk| Verb::Query { sql: vec!["SELECT 1".into()], risk, meant: String::new() };
        let found = Findings { undo: "a new one comes".into(), ..Findings::default() };
        for (kind, verb, tier) in [
            (Kind::Deployment, Verb::Restart, Tier::Change),
            (Kind::Deployment, Verb::Scale { from: 3, to: 5 }, Tier::Change),
            (Kind::Deployment, Verb::Scale { from: 3, to: 0 }, Tier::Danger),
            (Kind::Deployment, Verb::Undo { to: None }, Tier::Change),
            (Kind::Node, Verb::Cordon, Tier::Change),
            (Kind::Node, Verb::Drain { grace_seconds: None, force: false }, Tier::Danger),
            (Kind::Pod, delete(None, false), Tier::Change),
            (Kind::Pod, delete(Some(0), false), Tier::Danger),
            (Kind::Pod, delete(None, true), Tier::Danger),
            (Kind::Deployment, delete(None, false), Tier::Danger),
            (Kind::Pod, Verb::Shell { container: "app".into(), command: vec![] }, Tier::Change),
            (Kind::Session, Verb::Cancel, Tier::Change),
            (Kind::Session, Verb::Terminate { frees: 2 }, Tier::Danger),
            (Kind::Client, Verb::Disconnect, Tier::Change),
            (Kind::RedisNode, Verb::EndScript { function: false }, Tier::Change),
            (Kind::Container, Verb::Restart, Tier::Change),
            (Kind::Container, Verb::Start, Tier::Change),
            (Kind::Container, Verb::Stop { grace_seconds: None }, Tier::Danger),
            (Kind::Silence, Verb::Expire, Tier::Change),
            (Kind::Server, query(Tier::Read), Tier::Change),
            (Kind::Server, query(Tier::Change), Tier::Change),
            (Kind::Server, query(Tier::Danger), Tier::Danger),
        ] {
            let action = looked(kind, verb);
            let (rated, why) = rate(std::slice::from_ref(&action), Some(&found), false, false);
            assert_eq!((rated, why.is_empty()), (tier, tier == Tier::Change), "{action:?}");
        }
    }

    #[test]
    fn a_silence_counts_for_every_alert_that_it_hits_and_several_containers_are_danger() {
        let silence = |hits: usize| {
            let verb = Verb::Silence { matchers: Vec::new(), seconds: 60, comment: "x".into() };
            Looked { also: Some(vec!["a".into(); hits]), ..looked(Kind::Alert, verb) }
        };
        let tier = |actions: &[Looked]| rate(actions, Some(&Findings::default()), false, false).0;
        assert_eq!((tier(&[silence(3)]), tier(&[silence(300)])), (Tier::Change, Tier::Danger));
        let restart = looked(Kind::Container, Verb::Restart);
        assert_eq!(tier(&[restart.clone(), restart]), Tier::Danger);
    }

    #[test]
    fn a_pod_that_nothing_brings_back_is_danger() {
        let pod = looked(Kind::Pod, Verb::Delete { grace_seconds: None, force: false });
        let (tier, why) = rate(&[pod], Some(&Findings::default()), false, false);
        assert_eq!((tier, why), (Tier::Danger, vec![Why::NotComingBack]));
    }
}
