//! Pods: what is read of them, and how it becomes a `domain::Pod`.
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Deserialize;

use super::intern::{Interner, message, own};
use super::lean::{
    Amount, Lean, LeanCondition, Moment, at, created, identity, lean_meta, moment, owner, resource,
};
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::{News, Seen};
use crate::domain::object::Kind;
use crate::domain::pod::{Container, ContainerRole, ContainerState, Phase, Pod, Resources, Termination};

/// A pod without all that is not shown of it.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct PodLite {
    #[serde(deserialize_with = "lean_meta")]
    metadata: ObjectMeta,
    #[serde(default)]
    spec: Spec,
    #[serde(default)]
    status: Status,
}

resource!(PodLite, Kind::Pod);

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    node_name: Option<String>,
    init_containers: Option<Vec<SpecContainer>>,
    containers: Option<Vec<SpecContainer>>,
    ephemeral_containers: Option<Vec<SpecContainer>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct SpecContainer {
    name: String,
    image: Option<String>,
    restart_policy: Option<String>,
    resources: Option<SpecResources>,
}

#[derive(Debug, Clone, Deserialize)]
struct SpecResources {
    requests: Option<Amounts>,
    limits: Option<Amounts>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
struct Amounts {
    cpu: Amount,
    memory: Amount,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    phase: Option<String>,
    reason: Option<String>,
    message: Option<String>,
    /// As Kubernetes spells it.
    #[serde(rename = "podIP")]
    pod_ip: Option<String>,
    conditions: Option<Vec<LeanCondition>>,
    init_container_statuses: Option<Vec<ContainerStatus>>,
    container_statuses: Option<Vec<ContainerStatus>>,
    ephemeral_container_statuses: Option<Vec<ContainerStatus>>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ContainerStatus {
    name: String,
    #[serde(default)]
    ready: bool,
    #[serde(default)]
    restart_count: i64,
    state: Option<State>,
    last_state: Option<State>,
}

#[derive(Debug, Clone, Deserialize)]
struct State {
    waiting: Option<Waiting>,
    running: Option<Running>,
    terminated: Option<Terminated>,
}

#[derive(Debug, Clone, Deserialize)]
struct Waiting {
    reason: Option<String>,
    message: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Running {
    started_at: Option<Moment>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Terminated {
    reason: Option<String>,
    #[serde(default)]
    exit_code: i32,
    signal: Option<i32>,
    finished_at: Option<Moment>,
}

impl Lean for PodLite {
    const KIND: Kind = Kind::Pod;
    type Fact = Pod;

    fn reduce(self, context: &Text, known: &mut Interner) -> Pod {
        let PodLite { metadata, spec, status } = self;
        let id = identity(Kind::Pod, &metadata, context, known);
        let labels = metadata.labels.as_ref();
        let pairs = labels.into_iter().flatten().map(|(key, value)| (key.as_str(), value.as_str()));
        let unplaced = condition(&status, "PodScheduled").filter(|condition| condition.met() == Some(false));
        let reason =
            status.reason.as_deref().or_else(|| unplaced.and_then(|condition| condition.reason.as_deref()));
        let said = unplaced.and_then(|condition| condition.message.as_deref()).or(status.message.as_deref());
        Pod {
            uid: own(metadata.uid.as_deref().unwrap_or_default()),
            created: created(&metadata),
            owner: owner(&metadata, known),
            labels: known.labels(pairs),
            node: known.some(spec.node_name.as_deref()),
            // Each has its own: nothing is shared.
            ip: status.pod_ip.as_deref().filter(|ip| !ip.is_empty()).map(Text::from),
            deleting: metadata.deletion_timestamp.as_ref().map(moment),
            phase: phase(status.phase.as_deref()),
            reason: known.some(reason),
            message: message(said),
            ready: condition(&status, "Ready").and_then(LeanCondition::met),
            containers: containers(&spec, &status, known),
            id,
        }
    }

    fn news(feed: Feed, seen: Vec<Seen<Pod>>) -> News {
        News::Pods(feed, seen)
    }
}

fn condition<'s>(status: &'s Status, kind: &str) -> Option<&'s LeanCondition> {
    status.conditions.as_ref()?.iter().find(|condition| condition.kind == kind)
}

fn phase(text: Option<&str>) -> Phase {
    match text {
        Some("Pending") => Phase::Pending,
        Some("Running") => Phase::Running,
        Some("Succeeded") => Phase::Succeeded,
        Some("Failed") => Phase::Failed,
        _ => Phase::Unknown,
    }
}

/// In the order of the specification: init, main, ephemeral.
fn containers(spec: &Spec, status: &Status, known: &mut Interner) -> Box<[Container]> {
    let groups = [
        (&spec.init_containers, &status.init_container_statuses, ContainerRole::Init),
        (&spec.containers, &status.container_statuses, ContainerRole::Main),
        (&spec.ephemeral_containers, &status.ephemeral_container_statuses, ContainerRole::Ephemeral),
    ];
    let count = groups.iter().map(|(specs, ..)| specs.as_ref().map_or(0, Vec::len)).sum();
    let mut all = Vec::with_capacity(count);
    for (specs, statuses, role) in groups {
        for spec in specs.iter().flatten() {
            let status = statuses.iter().flatten().find(|status| status.name == spec.name);
            all.push(container(spec, status, role, known));
        }
    }
    all.into_boxed_slice()
}

fn container(
    spec: &SpecContainer,
    status: Option<&ContainerStatus>,
    role: ContainerRole,
    known: &mut Interner,
) -> Container {
    let keeps_running = role == ContainerRole::Init && spec.restart_policy.as_deref() == Some("Always");
    let last = status.and_then(|status| status.last_state.as_ref()?.terminated.as_ref());
    let resources = spec.resources.as_ref();
    Container {
        name: known.text(&spec.name),
        role: if keeps_running { ContainerRole::Sidecar } else { role },
        image: known.text(spec.image.as_deref().unwrap_or_default()),
        ready: status.is_some_and(|status| status.ready),
        restarts: status.map_or(0, |status| u32::try_from(status.restart_count).unwrap_or(0)),
        state: state(status.and_then(|status| status.state.as_ref()), known),
        last: last.map(|last| termination(last, known)),
        requests: amounts(resources.and_then(|resources| resources.requests.as_ref())),
        limits: amounts(resources.and_then(|resources| resources.limits.as_ref())),
    }
}

fn state(from: Option<&State>, known: &mut Interner) -> ContainerState {
    let Some(state) = from else { return ContainerState::Unknown };
    if let Some(ended) = &state.terminated {
        ContainerState::Terminated(termination(ended, known))
    } else if let Some(running) = &state.running {
        ContainerState::Running { since: at(running.started_at.as_ref()).unwrap_or_default() }
    } else if let Some(waiting) = &state.waiting {
        let reason = known.text(waiting.reason.as_deref().unwrap_or_default());
        ContainerState::Waiting { reason, message: message(waiting.message.as_deref()) }
    } else {
        ContainerState::Unknown
    }
}

fn termination(from: &Terminated, known: &mut Interner) -> Termination {
    Termination {
        reason: known.text(from.reason.as_deref().unwrap_or_default()),
        code: from.exit_code,
        signal: from.signal.filter(|signal| *signal != 0),
        finished: at(from.finished_at.as_ref()),
    }
}

fn amounts(from: Option<&Amounts>) -> Resources {
    let from = from.cloned().unwrap_or_default();
    Resources {
        cpu_milli: from.cpu.0.map(crate::domain::quantity::Quantity::milli),
        memory: from.memory.0.map(crate::domain::quantity::Quantity::units),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reduced(text: &str, known: &mut Interner) -> Pod {
        serde_json::from_str::<PodLite>(text).unwrap().reduce(&"lab".into(), known)
    }

    const CRASHING: &str = r#"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"api-1","namespace":"shop","uid":"u1",
        "creationTimestamp":"2026-11-20T10:00:00Z","labels":{"app":"api","tier":"front"},
        "managedFields":[{"manager":"kubelet"}],
        "ownerReferences":[{"apiVersion":"apps/v1","kind":"ReplicaSet","name":"api-7f","uid":"r1","controller":true}]},
      "spec":{"nodeName":"n1","initContainers":[{"name":"mesh","image":"mesh:2","restartPolicy":"Always"}],
        "containers":[{"name":"api","image":"api:7","resources":{"requests":{"cpu":"250m","memory":"64Mi"},
        "limits":{"memory":"128Mi"}},"env":[{"name":"SECRET","value":"x"}]}]},
      "status":{"phase":"Running","podIP":"10.1.0.7","conditions":[{"type":"Ready","status":"False"}],
        "containerStatuses":[{"name":"api","ready":false,"restartCount":4,
          "state":{"waiting":{"reason":"CrashLoopBackOff","message":"back-off 40s"}},
          "lastState":{"terminated":{"reason":"OOMKilled","exitCode":137,"finishedAt":"2026-11-20T10:05:00Z"}}}],
        "initContainerStatuses":[{"name":"mesh","ready":true,"restartCount":0,
          "state":{"running":{"startedAt":"2026-11-20T10:00:05Z"}}}]}}"#;

    #[test]
    fn a_crashing_pod_keeps_all_that_tells_why() {
        let pod = reduced(CRASHING, &mut Interner::default());
        assert_eq!((pod.id.to_string().as_str(), pod.node.as_deref()), ("shop/api-1", Some("n1")));
        assert_eq!(pod.ip.as_deref(), Some("10.1.0.7"));
        assert_eq!(pod.owner.as_ref().map(|owner| &*owner.name), Some("api-7f"));
        assert_eq!((pod.phase, pod.ready), (Phase::Running, Some(false)));
        let [mesh, api] = &*pod.containers else { panic!("two containers") };
        assert_eq!((mesh.role, mesh.ready), (ContainerRole::Sidecar, true));
        assert_eq!(
            (api.restarts, api.requests.cpu_milli, api.limits.memory),
            (4, Some(250), Some(128 << 20))
        );
        assert_eq!(api.limits.cpu_milli, None, "what is not set is not zero");
        let last = api.last.as_ref().unwrap();
        assert_eq!((&*last.reason, last.code), ("OOMKilled", 137));
    }

    #[test]
    fn a_pod_without_a_place_says_why() {
        let pod = reduced(
            r#"{"metadata":{"name":"a"},"spec":{"containers":[{"name":"a"}]},"status":{"phase":"Pending","conditions":
            [{"type":"PodScheduled","status":"False","reason":"Unschedulable","message":"0/6 nodes are available"}]}}"#,
            &mut Interner::default(),
        );
        assert_eq!(pod.reason.as_deref(), Some("Unschedulable"));
        assert_eq!(pod.message.as_deref(), Some("0/6 nodes are available"));
        assert_eq!(pod.containers[0].state, ContainerState::Unknown);
    }

    #[test]
    fn two_pods_of_one_template_share_their_strings() {
        let mut known = Interner::default();
        let (one, two) = (reduced(CRASHING, &mut known), reduced(CRASHING, &mut known));
        assert!(crate::domain::pod::Labels::ptr_eq(&one.labels, &two.labels));
        assert!(Text::ptr_eq(&one.containers[1].image, &two.containers[1].image));
    }

    #[test]
    fn a_pod_of_nothing_but_nulls_is_still_a_pod() {
        let pod = reduced(
            r#"{"metadata":{"name":"a","labels":null,"ownerReferences":null},"spec":{"containers":null},"status":{}}"#,
            &mut Interner::default(),
        );
        assert_eq!((pod.phase, pod.containers.len()), (Phase::Unknown, 0));
    }
}
