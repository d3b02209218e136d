//! The revisions of a workload: replica sets of a deployment, controller revisions of the others.
use kube::Client;
use serde_json::Value;

use super::api::{self, Fault};
use super::facts::{revision_of_history, selector};
use super::pick::{annotation, controller, uid};
use crate::domain::object::{Kind, ObjectRef};

/// A revision with the template that its pods are made from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Revision {
    pub number: u64,
    pub template: Value,
}

/// Reads what there is of the object's own.
pub(super) async fn revisions(
    client: &Client,
    target: &ObjectRef,
    object: &Value,
) -> Result<Vec<Revision>, Fault> {
    let query = selector(object).map(|s| format!("labelSelector={}", api::encode(&s))).unwrap_or_default();
    let path = match target.kind {
        Kind::Deployment => api::collection(Kind::ReplicaSet, &target.namespace),
        _ => api::within("/apis/apps/v1", &target.namespace, "controllerrevisions"),
    };
    let (items, _) = api::list(client, &path, &query).await?;
    let own = items.iter().filter(|item| controller(item).is_some_and(|(_, _, owner)| owner == uid(object)));
    Ok(own
        .filter_map(|item| if target.kind == Kind::Deployment { of_set(item) } else { of_history(item) })
        .collect())
}

/// A replica set as a revision.
pub(super) fn of_set(set: &Value) -> Option<Revision> {
    let number = annotation(set, "deployment.kubernetes.io/revision").parse().ok()?;
    let mut template = set.pointer("/spec/template")?.clone();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        // The controller's own; it would make the next replica set fight the old one.
        labels.remove("pod-template-hash");
    }
    Some(Revision { number, template })
}

fn of_history(history: &Value) -> Option<Revision> {
    let number = revision_of_history(history)?;
    let mut template = history.pointer("/data/spec/template")?.clone();
    if let Some(template) = template.as_object_mut() {
        template.remove("$patch");
    }
    Some(Revision { number, template })
}

/// The revision that is current, and the one to go back to.
pub(super) fn choose<'r>(
    kind: Kind,
    object: &Value,
    all: &'r [Revision],
    to: Option<u64>,
) -> Result<(Option<u64>, &'r Revision), String> {
    let newest = all.iter().map(|revision| revision.number).max();
    let current = match kind {
        Kind::Deployment => annotation(object, "deployment.kubernetes.io/revision").parse().ok().or(newest),
        _ => newest,
    };
    let found = match to {
        Some(wanted) => all.iter().find(|revision| revision.number == wanted).ok_or_else(|| {
            let mut kept: Vec<u64> = all.iter().map(|revision| revision.number).collect();
            kept.sort_unstable();
            let kept: Vec<String> = kept.iter().map(u64::to_string).collect();
            format!("revision {wanted} is not kept any more; there are {}", kept.join(", "))
        }),
        None => all
            .iter()
            .filter(|revision| Some(revision.number) < current)
            .max_by_key(|revision| revision.number)
            .ok_or_else(|| "there is no earlier revision to go back to".to_owned()),
    };
    found.map(|found| (current, found))
}
