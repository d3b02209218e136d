//! Finds why a rollout does not move, from everything that stands around it.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::cause::{Cause, Eviction};
use super::progress::{Progress, progress};
use crate::domain::Text;
use crate::domain::object::{Event, Facts, Object, Workload};
use crate::domain::pod::{Container, ContainerState, Phase, Pod, Termination};
use crate::domain::time::Timestamp;

/// How long pods stay on a node that is gone, unless their template says otherwise.
const PATIENCE: u64 = 300;

/// What is known of a node's readiness, and since when.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeReady {
    pub name: Text,
    /// `None`: the kubelet no longer says.
    pub ready: Option<bool>,
    pub since: Option<Timestamp>,
}

impl NodeReady {
    /// Reads it from a node; nothing for other kinds.
    pub fn of(object: &Object) -> Option<NodeReady> {
        let Facts::Node(node) = &object.facts else { return None };
        let since = node.conditions.iter().find(|c| &*c.kind == "Ready").and_then(|c| c.since);
        Some(NodeReady { name: object.id.name.clone(), ready: node.ready, since })
    }
}

/// Everything around one workload.
#[derive(Debug, Clone)]
pub struct Scene<'s> {
    pub workload: &'s Workload,
    pub of: &'s Object,
    /// Its replica sets; none for stateful and daemon sets.
    pub sets: &'s [Object],
    pub pods: &'s [Pod],
    pub nodes: &'s [NodeReady],
    pub events: &'s [Object],
    /// Seconds that the template tolerates a node that is gone; `None` when not known.
    pub patience: Option<u64>,
    pub now: Timestamp,
}

/// The reasons as sentences; empty when nothing is wrong.
pub fn why_stuck(scene: &Scene<'_>) -> Vec<String> {
    causes(scene).iter().map(Cause::to_string).collect()
}

/// Every reason that can be seen, the most telling first.
pub fn causes(scene: &Scene<'_>) -> Vec<Cause> {
    let workload = scene.workload;
    let mut found = Vec::new();
    if progress(scene.of.id.kind, workload) == Progress::Done {
        return found;
    }
    if workload.paused {
        found.push(Cause::Paused);
    }
    let fresh: Vec<&Pod> = newest(scene);
    found.extend(images(&fresh));
    found.extend(crashes(&fresh));
    found.extend(configs(&fresh));
    found.extend(not_created(scene));
    found.extend(no_node(scene));
    found.extend(on_dead_nodes(scene));
    found.extend(from_events(scene, &fresh));
    let timed_out = workload.conditions.iter().any(|c| &*c.reason == "ProgressDeadlineExceeded");
    if timed_out {
        found.push(Cause::Deadline(workload.deadline_seconds));
    }
    if found.is_empty() && workload.observed < workload.generation {
        found.push(Cause::Unseen);
    }
    found
}

/// The pods of the revision that is being rolled out; all of them where revisions cannot be told apart.
fn newest<'s>(scene: &Scene<'s>) -> Vec<&'s Pod> {
    let revision = |set: &Object| match &set.facts {
        Facts::Workload(workload) => workload.revision,
        _ => None,
    };
    let set = scene
        .sets
        .iter()
        .find(|set| scene.workload.revision.is_some() && revision(set) == scene.workload.revision)
        .or_else(|| scene.sets.iter().max_by_key(|set| revision(set)));
    let live = scene.pods.iter().filter(|pod| pod.deleting.is_none());
    match set {
        Some(set) => {
            live.filter(|pod| pod.owner.as_ref().is_some_and(|owner| owner.uid == set.uid)).collect()
        }
        None => live.collect(),
    }
}

fn waiting(container: &Container) -> Option<(&str, &str)> {
    match &container.state {
        ContainerState::Waiting { reason, message } => Some((reason, message.as_deref().unwrap_or_default())),
        _ => None,
    }
}

fn images(pods: &[&Pod]) -> Vec<Cause> {
    const REASONS: &[&str] =
        &["ErrImagePull", "ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull", "RegistryUnavailable"];
    let mut seen: BTreeMap<&str, Cause> = BTreeMap::new();
    for container in pods.iter().flat_map(|pod| pod.containers.iter()) {
        if let Some((reason, message)) = waiting(container).filter(|(reason, _)| REASONS.contains(reason)) {
            // "Back-off pulling image" repeats what the reason says already.
            let message = if message.starts_with("Back-off") { "" } else { message };
            let cause = Cause::Image {
                image: container.image.to_string(),
                reason: reason.into(),
                message: message.into(),
            };
            let told = seen.entry(&container.image).or_insert_with(|| cause.clone());
            if matches!(told, Cause::Image { message, .. } if message.is_empty()) {
                *told = cause;
            }
        }
    }
    seen.into_values().collect()
}

fn crashes(pods: &[&Pod]) -> Vec<Cause> {
    let mut seen: BTreeMap<(&str, String), u32> = BTreeMap::new();
    for pod in pods {
        for container in &pod.containers {
            if let Some(end) = crashed(container) {
                *seen.entry((&container.name, ended(end))).or_default() += 1;
            }
        }
    }
    seen.into_iter()
        .map(|((container, ended), pods)| Cause::Crash { pods, container: container.into(), ended })
        .collect()
}

/// The end of a container that is down, or up again but not for the first time.
fn crashed(container: &Container) -> Option<&Termination> {
    let last = match &container.state {
        ContainerState::Terminated(end) => Some(end),
        ContainerState::Waiting { reason, .. } if &**reason == "CrashLoopBackOff" => container.last.as_ref(),
        ContainerState::Running { .. } if container.restarts > 0 && !container.ready => {
            container.last.as_ref()
        }
        _ => None,
    };
    last.filter(|end| end.code != 0 || waiting(container).is_some())
}

fn ended(end: &Termination) -> String {
    format!("{} {}", end.reason, end.code)
}

fn configs(pods: &[&Pod]) -> Option<Cause> {
    const REASONS: &[&str] = &["CreateContainerConfigError", "CreateContainerError", "RunContainerError"];
    pods.iter().flat_map(|pod| pod.containers.iter()).find_map(|container| {
        let (reason, message) = waiting(container).filter(|(reason, _)| REASONS.contains(reason))?;
        let message = if message.is_empty() { reason } else { message };
        Some(Cause::Config { container: container.name.to_string(), message: message.into() })
    })
}

fn not_created(scene: &Scene<'_>) -> Option<Cause> {
    let conditions =
        scene.workload.conditions.iter().chain(scene.sets.iter().flat_map(|set| match &set.facts {
            Facts::Workload(workload) => workload.conditions.as_slice(),
            _ => &[],
        }));
    let mut failure = conditions
        .filter(|c| &*c.kind == "ReplicaFailure" && c.met == Some(true))
        .map(|c| c.message.to_string());
    let message = failure.next().or_else(|| {
        // Stateful sets have no such condition: their latest event tells.
        let about = recent(scene, "FailedCreate").max_by_key(|event| event.last)?;
        Some(about.message.to_string())
    })?;
    Some(quota(&message).unwrap_or(Cause::NotCreated(message)))
}

/// `… exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4`
fn quota(message: &str) -> Option<Cause> {
    let (_, rest) = message.split_once("exceeded quota: ")?;
    let (name, detail) = rest.split_once(", ").unwrap_or((rest, "nothing more fits"));
    Some(Cause::Quota { name: name.into(), detail: detail.replace(": ", " ") })
}

fn no_node(scene: &Scene<'_>) -> Option<Cause> {
    let homeless = |pod: &&Pod| {
        pod.phase == Phase::Pending && pod.node.is_none() && pod.deleting.is_none() && pod.message.is_some()
    };
    let pods: Vec<&Pod> = scene.pods.iter().filter(homeless).collect();
    let message = pods.first()?.message.as_deref()?;
    // What preemption has to say comes after the part that tells.
    let message = message.split(" preemption:").next().unwrap_or(message).trim_end_matches('.');
    Some(Cause::NoNode { pods: count(pods.len()), message: message.into() })
}

fn on_dead_nodes(scene: &Scene<'_>) -> Vec<Cause> {
    let dead: BTreeMap<&str, &NodeReady> =
        scene.nodes.iter().filter(|node| node.ready != Some(true)).map(|node| (&*node.name, node)).collect();
    let mut leaving: BTreeMap<bool, (u32, BTreeSet<String>, Option<u64>)> = BTreeMap::new();
    for pod in scene.pods.iter().filter(|pod| !matches!(pod.phase, Phase::Succeeded | Phase::Failed)) {
        let Some(node) = pod.node.as_deref().and_then(|name| dead.get(name)) else { continue };
        let entry = leaving.entry(pod.deleting.is_some()).or_default();
        entry.0 += 1;
        entry.1.insert(node.name.to_string());
        let left = left(scene, node);
        entry.2 = Some(entry.2.map_or(left, |longest| longest.max(left)));
    }
    leaving
        .into_iter()
        .map(|(waits, (pods, nodes, seconds))| Cause::DeadNodes {
            pods,
            nodes: nodes.into_iter().collect(),
            evicted: match seconds {
                Some(seconds) if !waits => Eviction::In { seconds, about: scene.patience.is_none() },
                _ => Eviction::Waits,
            },
        })
        .collect()
}

fn left(scene: &Scene<'_>, node: &NodeReady) -> u64 {
    let patience = Duration::from_secs(scene.patience.unwrap_or(PATIENCE));
    let since = node.since.unwrap_or(scene.now);
    since.plus(patience).since(scene.now).as_secs()
}

fn from_events(scene: &Scene<'_>, fresh: &[&Pod]) -> Vec<Cause> {
    let names: BTreeSet<&str> =
        fresh.iter().filter(|pod| pod.ready != Some(true)).map(|pod| &*pod.id.name).collect();
    let latest = |reason: &'static str| {
        let about_fresh = recent(scene, reason).filter(|event| names.contains(&*event.about));
        about_fresh.max_by_key(|event| event.last).map(|event| event.message.to_string())
    };
    let volume = latest("FailedMount").or_else(|| latest("FailedAttachVolume")).map(Cause::Volume);
    let probe = latest("Unhealthy").filter(|message| !message.starts_with("Liveness")).map(|message| {
        Cause::Probe(message.strip_prefix("Readiness probe failed: ").unwrap_or(&message).to_owned())
    });
    volume.into_iter().chain(probe).collect()
}

/// Events of the last ten minutes: older ones tell of another rollout.
fn recent<'s>(scene: &Scene<'s>, reason: &'static str) -> impl Iterator<Item = &'s Event> {
    let now = scene.now;
    scene.events.iter().filter_map(move |object| match &object.facts {
        Facts::Event(event)
            if &*event.reason == reason && now.since(event.last) < Duration::from_mins(10) =>
        {
            Some(event)
        }
        _ => None,
    })
}

fn count(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
