//! Why a rollout does not move, in words.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::time::Duration;

use super::progress::{Progress, plural, progress};
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

/// One reason.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cause {
    Unseen,
    Paused,
    Quota {
        name: String,
        detail: String,
    },
    NotCreated(String),
    Image {
        image: String,
        reason: String,
        message: String,
    },
    /// What ended it: `OOMKilled 137`.
    Crash {
        pods: u32,
        container: String,
        ended: String,
    },
    Config {
        container: String,
        message: String,
    },
    NoNode {
        pods: u32,
        message: String,
    },
    DeadNodes {
        pods: u32,
        nodes: Vec<String>,
        evicted: Eviction,
    },
    Volume(String),
    Probe(String),
    Deadline(Option<u32>),
}

/// When pods on a dead node are given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Eviction {
    In {
        seconds: u64,
        about: bool,
    },
    /// It was asked for, and only the dead node could confirm it.
    Waits,
}

impl Cause {
    /// It will not go away by waiting.
    pub fn is_lasting(&self) -> bool {
        matches!(
            self,
            Cause::Paused
                | Cause::Image { .. }
                | Cause::Crash { .. }
                | Cause::Config { .. }
                | Cause::Deadline(_)
        )
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Cause::Unseen => out.write_str("the controller has not seen the change yet"),
            Cause::Paused => out.write_str("paused: nothing moves until it is resumed"),
            Cause::Quota { name, detail } => write!(out, "quota `{name}` is used up: {detail}"),
            Cause::NotCreated(why) => write!(out, "pods cannot be created: {why}"),
            Cause::Image { image, reason, message } if message.is_empty() => {
                write!(out, "image `{image}` cannot be pulled ({reason})")
            }
            Cause::Image { image, reason, message } => {
                write!(out, "image `{image}` cannot be pulled ({reason}): {message}")
            }
            Cause::Crash { pods, container, ended } => {
                write!(
                    out,
                    "{pods} new {} in `{container}`: {ended}",
                    plural(*pods, "pod crashes", "pods crash")
                )
            }
            Cause::Config { container, message } => write!(out, "`{container}` cannot be set up: {message}"),
            Cause::NoNode { pods, message } => {
                write!(out, "no node fits {pods} {}: {message}", plural(*pods, "pod", "pods"))
            }
            Cause::DeadNodes { pods, nodes, evicted } => dead_nodes(out, *pods, nodes, *evicted),
            Cause::Volume(why) => write!(out, "a volume cannot be mounted: {why}"),
            Cause::Probe(why) => write!(out, "a readiness probe fails: {why}"),
            Cause::Deadline(Some(seconds)) => write!(out, "the deadline of {seconds} s passed"),
            Cause::Deadline(None) => out.write_str("the deadline passed"),
        }
    }
}

fn dead_nodes(out: &mut fmt::Formatter<'_>, pods: u32, nodes: &[String], evicted: Eviction) -> fmt::Result {
    let (word, they) = if pods == 1 { ("pod waits", "it is") } else { ("pods wait", "they are") };
    let which = plural(u32::try_from(nodes.len()).unwrap_or(2), "node", "nodes");
    write!(out, "{pods} {word} for dead {which} {}; ", nodes.join(", "))?;
    match evicted {
        Eviction::In { seconds, about } => {
            write!(out, "{they} evicted in {}{seconds} s", if about { "about " } else { "" })
        }
        Eviction::Waits => write!(out, "{they} gone only when the node is back or by force"),
    }
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
mod tests {
    use super::*;
    use crate::domain::object::{Condition, Kind, ObjectRef, Owner};
    use crate::domain::pod::{ContainerRole, Resources};

    fn id(kind: Kind, name: &str) -> ObjectRef {
        ObjectRef { context: "c".into(), kind, namespace: "n".into(), name: name.into() }
    }

    fn object(kind: Kind, name: &str, facts: Facts) -> Object {
        let uid = format!("uid-{name}").as_str().into();
        Object { id: id(kind, name), uid, created: Timestamp(0), deleting: false, owner: None, facts }
    }

    fn set(name: &str, revision: u64) -> Object {
        let facts = Workload { revision: Some(revision), ..Workload::default() };
        object(Kind::ReplicaSet, name, Facts::Workload(facts))
    }

    fn pod(name: &str, set: &str, state: ContainerState) -> Pod {
        let uid = format!("uid-{set}").as_str().into();
        Pod {
            id: id(Kind::Pod, name),
            uid: name.into(),
            created: Timestamp(0),
            owner: Some(Owner { kind: "ReplicaSet".into(), name: set.into(), uid }),
            labels: std::sync::Arc::new([]),
            node: Some("node-1".into()),
            deleting: None,
            phase: Phase::Running,
            reason: None,
            message: None,
            ready: Some(false),
            containers: Box::new([Container {
                name: "web".into(),
                role: ContainerRole::Main,
                image: "x:7.3.0".into(),
                ready: false,
                restarts: 3,
                state,
                last: Some(Termination {
                    reason: "OOMKilled".into(),
                    code: 137,
                    signal: None,
                    finished: None,
                }),
                requests: Resources::default(),
                limits: Resources::default(),
            }]),
        }
    }

    fn waits(reason: &str) -> ContainerState {
        ContainerState::Waiting { reason: reason.into(), message: None }
    }

    fn why(workload: &Workload, pods: &[Pod], nodes: &[NodeReady], events: &[Object]) -> Vec<String> {
        let of = object(Kind::Deployment, "web", Facts::Workload(workload.clone()));
        let sets = [set("old", 13), set("new", 14)];
        let now = Timestamp::from_seconds(1_000);
        why_stuck(&Scene { workload, of: &of, sets: &sets, pods, nodes, events, patience: Some(300), now })
    }

    fn stuck() -> Workload {
        Workload {
            desired: 3,
            current: 4,
            updated: 1,
            available: 3,
            revision: Some(14),
            ..Workload::default()
        }
    }

    #[test]
    fn an_image_that_cannot_be_pulled_is_named() {
        let pods = [pod("a", "new", waits("ImagePullBackOff")), pod("b", "new", waits("ImagePullBackOff"))];
        assert_eq!(why(&stuck(), &pods, &[], &[]), ["image `x:7.3.0` cannot be pulled (ImagePullBackOff)"]);
    }

    #[test]
    fn crashes_of_new_pods_are_told_and_those_of_old_ones_are_not() {
        let new = [pod("a", "new", waits("CrashLoopBackOff"))];
        assert_eq!(why(&stuck(), &new, &[], &[]), ["1 new pod crashes in `web`: OOMKilled 137"]);
        let old = [pod("a", "old", waits("CrashLoopBackOff"))];
        assert!(why(&stuck(), &old, &[], &[]).is_empty());
    }

    #[test]
    fn pods_on_dead_nodes_say_when_they_are_evicted() {
        let pods = [
            pod("a", "new", ContainerState::Running { since: Timestamp(0) }),
            pod("b", "old", ContainerState::Running { since: Timestamp(0) }),
        ];
        let mut pods = pods.map(|mut pod| {
            pod.containers[0].restarts = 0;
            pod
        });
        let node =
            NodeReady { name: "node-1".into(), ready: None, since: Some(Timestamp::from_seconds(793)) };
        let nodes = [node];
        assert_eq!(
            why(&stuck(), &pods, &nodes, &[]),
            ["2 pods wait for dead node node-1; they are evicted in 93 s"]
        );
        pods[0].deleting = Some(Timestamp(1));
        assert_eq!(why(&stuck(), &pods, &nodes, &[]).len(), 2);
    }

    #[test]
    fn a_used_up_quota_is_named_with_its_numbers() {
        let mut workload = stuck();
        workload.conditions.push(Condition {
            kind: "ReplicaFailure".into(),
            met: Some(true),
            reason: "FailedCreate".into(),
            message: "pods \"x\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4"
                .into(),
            since: None,
        });
        assert_eq!(
            why(&workload, &[], &[], &[]),
            ["quota `compute` is used up: requested pods=1, used pods=4, limited pods=4"]
        );
    }

    #[test]
    fn pods_without_a_node_repeat_what_the_scheduler_says() {
        let mut lost = pod("a", "new", ContainerState::Unknown);
        (lost.phase, lost.node) = (Phase::Pending, None);
        lost.message = Some("0/6 nodes are available: 6 Insufficient cpu. preemption: 0/6 nodes".into());
        let text = "no node fits 1 pod: 0/6 nodes are available: 6 Insufficient cpu";
        assert_eq!(why(&stuck(), &[lost], &[], &[]), [text]);
    }

    #[test]
    fn a_failing_readiness_probe_is_told_from_its_latest_event() {
        let mut unready = pod("a", "new", ContainerState::Running { since: Timestamp(0) });
        unready.containers[0].restarts = 0;
        let event = Event {
            warning: true,
            reason: "Unhealthy".into(),
            message: "Readiness probe failed: HTTP 503".into(),
            about_kind: "Pod".into(),
            about: "a".into(),
            about_uid: "a".into(),
            count: 4,
            first: Timestamp::from_seconds(900),
            last: Timestamp::from_seconds(990),
            from: "kubelet".into(),
        };
        let events = [object(Kind::Event, "a.1", Facts::Event(event))];
        assert_eq!(why(&stuck(), &[unready], &[], &events), ["a readiness probe fails: HTTP 503"]);
    }

    #[test]
    fn a_pause_and_a_passed_deadline_are_told() {
        let mut workload = Workload { paused: true, deadline_seconds: Some(600), ..stuck() };
        workload.conditions.push(Condition {
            kind: "Progressing".into(),
            met: Some(false),
            reason: "ProgressDeadlineExceeded".into(),
            message: "".into(),
            since: None,
        });
        assert_eq!(
            why(&workload, &[], &[], &[]),
            ["paused: nothing moves until it is resumed", "the deadline of 600 s passed"]
        );
    }

    #[test]
    fn a_finished_rollout_has_no_reasons() {
        let done = Workload { desired: 1, current: 1, updated: 1, available: 1, ..Workload::default() };
        let pods = [pod("a", "new", waits("CrashLoopBackOff"))];
        assert!(why(&done, &pods, &[], &[]).is_empty());
    }
}
