//! Everything about one object: described, as YAML, with its events and its tree of owners.
use kube::Client;
use serde_json::Value;

use super::api::{self, Fault};
use super::describe::{Around, describe};
use super::facts::{self, selector};
use super::pick::{controller, harmless, name, text, uid};
use super::revisions::{Revision, of_set, revisions};
use super::tree;
use super::wrote::wrote;
use super::yaml::yaml;
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::news::{Branch, Inspection};
use crate::domain::object::{Kind, Object, ObjectRef};
use crate::domain::rollout::{Progress, Scene, differ, progress, why_stuck};
use crate::domain::text::clean;
use crate::domain::time::Timestamp;
use crate::sources::now;

/// Reads all there is to say. What cannot be had is named in `missing`; the rest stands.
pub async fn inspect(client: &Client, target: &ObjectRef) -> Inspection {
    let now = now();
    let mut missing = Vec::new();
    let path = api::path(target);
    let (object, events) = tokio::join!(api::read(client, &path), events(client, target));
    let mut object = match object {
        Ok(object) => object,
        Err(fault) => {
            missing.push(refused(target, &fault));
            Value::Null
        }
    };
    harmless(&mut object);
    let events = kept(events, "events", &mut missing);
    // An object of the same name that was there before has its events too; they are not about this one.
    let events: Vec<Object> = events
        .into_iter()
        .filter(|event| object.is_null() || uid(event).is_empty() || about(event, uid(&object)))
        .map(|event| facts::event(&target.context, &event))
        .collect();
    let mut inspection = Inspection {
        target: target.clone(),
        uid: Some(uid(&object)).filter(|uid| !uid.is_empty()).map(Text::from),
        sections: Vec::new(),
        yaml: String::new(),
        events,
        owners: Vec::new(),
        missing,
    };
    facts::by_time(&mut inspection.events);
    if object.is_null() {
        return inspection;
    }
    let around = surroundings(client, target, &object, &mut inspection.missing).await;
    let stuck = stuck(target, &object, &around, &inspection.events, now);
    let revisions = history(client, target, &object, &around, &mut inspection.missing).await;
    let words = Around {
        stuck,
        revisions,
        pods: (target.kind == Kind::Node).then_some(around.pods.as_slice()),
        node: around.nodes.first().filter(|_| target.kind == Kind::Pod),
        wrote: if target.kind == Kind::Pod { wrote(client, target, &object).await } else { Vec::new() },
    };
    inspection.sections = describe(target.kind, &object, &words, now);
    inspection.yaml = yaml(&object);
    let sprouts = if target.kind == Kind::Node { &[][..] } else { &around.pods };
    let grown = tree::grow(client, target, &object, &around.sets, sprouts).await;
    inspection.owners = grown.branches;
    let itself = std::iter::once(&object).filter(|_| target.kind == Kind::Pod);
    lost(&mut inspection.owners, sprouts.iter().chain(itself), &around.nodes);
    inspection.missing.extend(grown.missing);
    inspection
}

/// What a dead node last said of its pods is not true any more.
fn lost<'v>(branches: &mut [Branch], pods: impl Iterator<Item = &'v Value>, nodes: &[Value]) {
    let dead = |node: &str| nodes.iter().any(|n| name(n) == node && facts::node_ready(n).ready != Some(true));
    for pod in pods {
        let node = text(pod, "/spec/nodeName");
        let found = branches.iter_mut().find(|branch| &*branch.kind == "Pod" && &*branch.name == name(pod));
        if let Some(branch) = found.filter(|_| dead(node)) {
            branch.status = format!("unknown: {node} not ready");
            branch.level = Level::Unknown;
        }
    }
}

fn refused(target: &ObjectRef, fault: &Fault) -> String {
    match fault {
        Fault::Gone => format!("{} `{target}` is gone", target.kind),
        Fault::Forbidden(_) => {
            format!("{} `{target}`: forbidden: needs get {}", target.kind, target.kind.plural())
        }
        other => other.says(&format!("{} `{target}`", target.kind)),
    }
}

/// Keeps what was had, and names what was not.
fn kept(answer: Result<(Vec<Value>, bool), Fault>, what: &str, missing: &mut Vec<String>) -> Vec<Value> {
    match answer {
        Ok((mut items, more)) => {
            if more {
                missing.push(format!("{what}: only the first {} were read", items.len()));
            }
            items.iter_mut().for_each(harmless);
            items
        }
        // The server has no such thing, so there is none.
        Err(Fault::Gone) => Vec::new(),
        Err(Fault::Forbidden(_)) => {
            missing.push(format!("{what}: forbidden: needs list {what}"));
            Vec::new()
        }
        Err(fault) => {
            missing.push(fault.says(what));
            Vec::new()
        }
    }
}

async fn events(client: &Client, target: &ObjectRef) -> Result<(Vec<Value>, bool), Fault> {
    let fields = format!("involvedObject.name={},involvedObject.kind={}", target.name, target.kind.title());
    let path = api::collection(Kind::Event, &target.namespace);
    api::list(client, &path, &format!("fieldSelector={}", api::encode(&fields))).await
}

/// Events of nodes carry the node's name for its uid.
fn about(event: &Value, object_uid: &str) -> bool {
    let about = text(event, "/involvedObject/uid");
    about.is_empty() || about == object_uid || about == text(event, "/involvedObject/name")
}

/// What stands around it in the cluster.
#[derive(Debug, Default)]
pub(super) struct Surroundings {
    pub sets: Vec<Value>,
    pub pods: Vec<Value>,
    pub nodes: Vec<Value>,
    /// Events about its pods and replica sets.
    pub events: Vec<Value>,
}

pub(super) async fn surroundings(
    client: &Client,
    target: &ObjectRef,
    object: &Value,
    missing: &mut Vec<String>,
) -> Surroundings {
    match target.kind {
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet | Kind::Job => {
            around_workload(client, target, object, missing).await
        }
        Kind::Pod => {
            let node = text(object, "/spec/nodeName");
            let place = target.sibling(Kind::Node, node.into());
            let nodes = if node.is_empty() {
                Vec::new()
            } else {
                let node = api::read(client, &api::path(&place)).await;
                kept(node.map(|node| (vec![node], false)), "nodes", missing)
            };
            Surroundings { nodes, ..Surroundings::default() }
        }
        Kind::Node => {
            let query = format!("fieldSelector={}", api::encode(&format!("spec.nodeName={}", target.name)));
            let pods = api::list(client, &api::collection(Kind::Pod, ""), &query).await;
            Surroundings { pods: kept(pods, "pods", missing), ..Surroundings::default() }
        }
        _ => Surroundings::default(),
    }
}

async fn around_workload(
    client: &Client,
    target: &ObjectRef,
    object: &Value,
    missing: &mut Vec<String>,
) -> Surroundings {
    let Some(selector) = selector(object) else { return Surroundings::default() };
    let query = format!("labelSelector={}", api::encode(&selector));
    let place = |kind: Kind| api::collection(kind, &target.namespace);
    let (pods_at, sets_at, events_at, nodes_at) =
        (place(Kind::Pod), place(Kind::ReplicaSet), place(Kind::Event), api::collection(Kind::Node, ""));
    let workload = facts::workload(target.kind, object);
    let moves = target.kind != Kind::Job && progress(target.kind, &workload) != Progress::Done;
    // Only what does not move needs reasons.
    let events = async {
        let warnings = format!("fieldSelector={}", api::encode("type=Warning"));
        if moves { api::list(client, &events_at, &warnings).await } else { Ok((Vec::new(), false)) }
    };
    let nodes =
        async { if moves { api::list(client, &nodes_at, "").await } else { Ok((Vec::new(), false)) } };
    let sets = async {
        match target.kind {
            Kind::Deployment => api::list(client, &sets_at, &query).await,
            _ => Ok((Vec::new(), false)),
        }
    };
    let pods = api::list(client, &pods_at, &query);
    let (pods, sets, events, nodes) = tokio::join!(pods, sets, events, nodes);
    let (mut pods, mut sets) = (kept(pods, "pods", missing), kept(sets, "replicasets", missing));
    // A selector may match what belongs to others.
    sets.retain(|set| controller(set).is_some_and(|(_, _, owner)| owner == uid(object)));
    let owners: Vec<&str> = sets.iter().map(uid).chain([uid(object)]).collect();
    let owners: Vec<String> = owners.into_iter().map(str::to_owned).collect();
    pods.retain(|pod| controller(pod).is_some_and(|(_, _, owner)| owners.iter().any(|o| o == owner)));
    Surroundings { sets, pods, events: kept(events, "events", missing), nodes: kept(nodes, "nodes", missing) }
}

/// Why the rollout of a workload does not move; empty for everything else.
pub(super) fn stuck(
    target: &ObjectRef,
    object: &Value,
    around: &Surroundings,
    own: &[Object],
    now: Timestamp,
) -> Vec<String> {
    scene(target, object, around, own, now, why_stuck).unwrap_or_default()
}

/// Puts the facts together and shows them to `look`.
pub(super) fn scene<R>(
    target: &ObjectRef,
    object: &Value,
    around: &Surroundings,
    own: &[Object],
    now: Timestamp,
    look: impl FnOnce(&Scene<'_>) -> R,
) -> Option<R> {
    if !matches!(target.kind, Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet) {
        return None;
    }
    let context = &target.context;
    let of = facts::workload_object(context, target.kind, object);
    let workload = facts::workload(target.kind, object);
    let sets: Vec<Object> =
        around.sets.iter().map(|set| facts::workload_object(context, Kind::ReplicaSet, set)).collect();
    let pods: Vec<_> = around.pods.iter().map(|pod| facts::pod(context, pod)).collect();
    let nodes: Vec<_> = around.nodes.iter().map(facts::node_ready).collect();
    let mut events: Vec<Object> = around.events.iter().map(|event| facts::event(context, event)).collect();
    events.extend(own.iter().cloned());
    let names: Vec<&str> = pods
        .iter()
        .map(|p| &*p.id.name)
        .chain(sets.iter().map(|s| &*s.id.name))
        .chain([&*target.name])
        .collect();
    events.retain(|event| match &event.facts {
        crate::domain::object::Facts::Event(event) => names.contains(&&*event.about),
        _ => false,
    });
    let patience = facts::patience(object, "/spec/template/spec");
    Some(look(&Scene {
        workload: &workload,
        of: &of,
        sets: &sets,
        pods: &pods,
        nodes: &nodes,
        events: &events,
        patience,
        now,
    }))
}

/// Each revision with how it differs from the one before it, the newest first.
async fn history(
    client: &Client,
    target: &ObjectRef,
    object: &Value,
    around: &Surroundings,
    missing: &mut Vec<String>,
) -> Vec<(u64, Vec<String>)> {
    let mut known = match target.kind {
        Kind::Deployment => around.sets.iter().filter_map(of_set).collect(),
        Kind::StatefulSet | Kind::DaemonSet => {
            revisions(client, target, object).await.unwrap_or_else(|fault| {
                missing.push(fault.says("controllerrevisions"));
                Vec::new()
            })
        }
        _ => Vec::new(),
    };
    known.sort_by_key(|revision: &Revision| std::cmp::Reverse(revision.number));
    let before = known.iter().skip(1).map(Some).chain([None]);
    let told = known.iter().zip(before).take(10).map(|(revision, before)| {
        let lines = before.map(|before| differ(&before.template, &revision.template)).unwrap_or_default();
        (revision.number, lines.iter().map(|line| clean(line).into_owned()).collect())
    });
    told.collect()
}
