//! Whether one may, asked of the server; and who the server says we are.
use std::collections::BTreeSet;

use kube::Client;
use serde_json::{Value, json};

use crate::domain::action::{Check, Native, Verb};
use crate::domain::object::{Kind, ObjectRef};
use crate::sources::kubernetes::deeds::api::{self, Fault};
use crate::sources::kubernetes::deeds::pick::{flag, text};

/// One right: `patch deployments/scale` in a namespace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Right {
    verb: &'static str,
    group: &'static str,
    resource: &'static str,
    subresource: &'static str,
    /// Empty for all.
    namespace: String,
    /// Empty for any.
    name: String,
}

impl Right {
    fn new(verb: &'static str, target: &ObjectRef, subresource: &'static str) -> Right {
        Right {
            verb,
            group: target.kind.group(),
            resource: target.kind.plural(),
            subresource,
            namespace: target.namespace.to_string(),
            name: target.name.to_string(),
        }
    }

    /// `patch deployments/scale in lego-mcp`
    pub(super) fn says(&self) -> String {
        let slash = if self.subresource.is_empty() { "" } else { "/" };
        let place =
            if self.namespace.is_empty() { String::new() } else { format!(" in `{}`", self.namespace) };
        format!("{} {}{slash}{}{place}", self.verb, self.resource, self.subresource)
    }
}

/// What an action needs.
pub(super) fn rights(native: &Native) -> BTreeSet<Right> {
    let target = &native.target;
    let evict = || {
        let pod = ObjectRef { kind: Kind::Pod, namespace: "".into(), name: "".into(), ..target.clone() };
        Right::new("create", &pod, "eviction")
    };
    let own = |verb, subresource| Right::new(verb, target, subresource);
    match native.verb {
        Verb::Restart | Verb::Undo { .. } | Verb::SetImage { .. } | Verb::Cordon | Verb::Uncordon => {
            BTreeSet::from([own("patch", "")])
        }
        Verb::Scale { .. } => BTreeSet::from([own("patch", "scale")]),
        Verb::Delete { .. } => BTreeSet::from([own("delete", "")]),
        Verb::Drain { .. } => BTreeSet::from([own("patch", ""), evict()]),
        Verb::Shell { .. } => BTreeSet::from([own("create", "exec")]),
        _ => BTreeSet::new(),
    }
}

/// Asks for one right.
pub(super) async fn review(client: &Client, right: &Right) -> Result<Check, Fault> {
    let body = json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": right.verb,
            "group": right.group,
            "resource": right.resource,
            "subresource": right.subresource,
            "namespace": right.namespace,
            "name": right.name,
        }},
    });
    let answer = api::ask(client, "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &body).await?;
    if flag(&answer, "/status/allowed") {
        return Ok(Check::Yes);
    }
    let reason = match text(&answer, "/status/reason") {
        "" => String::new(),
        reason => format!(" ({reason})"),
    };
    Ok(Check::No(format!("needs {}{reason}", right.says())))
}

/// As the server sees us; servers before 1.28 do not say.
pub(super) async fn identity(client: &Client) -> Result<Option<String>, Fault> {
    let body = json!({"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"});
    match api::ask(client, "/apis/authentication.k8s.io/v1/selfsubjectreviews", &body).await {
        Ok(answer) => Ok(Some(name(&answer)).filter(|name| !name.is_empty())),
        Err(Fault::Gone | Fault::Forbidden(_)) => Ok(None),
        Err(fault) => Err(fault),
    }
}

fn name(review: &Value) -> String {
    text(review, "/status/userInfo/username").to_owned()
}

/// Many answers as one: a single no is a no, a single missing one is not checked.
pub(super) fn together(all: impl IntoIterator<Item = Check>) -> Check {
    let mut sum = Check::Yes;
    let mut refused: Vec<String> = Vec::new();
    for check in all {
        match check {
            Check::No(why) if !refused.contains(&why) => refused.push(why),
            Check::Yes | Check::No(_) => {}
            Check::NotChecked => sum = Check::NotChecked,
        }
    }
    if refused.is_empty() { sum } else { Check::No(refused.join("; ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn native(kind: Kind, verb: Verb) -> Native {
        let target = ObjectRef { context: "c".into(), kind, namespace: "n".into(), name: "x".into() };
        Native { target, uid: "u".into(), verb }
    }

    #[test]
    fn each_action_asks_for_exactly_the_right_it_needs() {
        let says = |native: &Native| rights(native).iter().map(Right::says).collect::<Vec<_>>().join(", ");
        assert_eq!(says(&native(Kind::Deployment, Verb::Restart)), "patch deployments in `n`");
        let scale = Verb::Scale { from: 1, to: 2 };
        assert_eq!(says(&native(Kind::StatefulSet, scale)), "patch statefulsets/scale in `n`");
        let shell = Verb::Shell { container: "a".into(), command: Vec::new() };
        assert_eq!(says(&native(Kind::Pod, shell)), "create pods/exec in `n`");
    }

    #[test]
    fn one_no_among_many_is_a_no_and_a_silence_is_never_a_yes() {
        assert_eq!(together([Check::Yes, Check::NotChecked]), Check::NotChecked);
        assert_eq!(together([Check::NotChecked, Check::No("a".into())]), Check::No("a".into()));
        assert_eq!(together([Check::Yes, Check::Yes]), Check::Yes);
    }
}
