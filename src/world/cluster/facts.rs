//! What the rest of the world asks about the cluster.
use jiff::Timestamp;
use serde_json::Value;

use super::Cluster;
use super::behaviour;
use super::kinds::{DEPLOYMENTS, NODES, PODS};
use super::store::Key;
use super::value::{Dig, amount, controller, label, leaves, met, name, namespace, whole};

#[derive(Debug, Clone, PartialEq)]
pub struct PodFact {
    pub namespace: String,
    pub name: String,
    pub labels: Vec<(String, String)>,
    /// The name of the deployment, stateful set, daemon set or job that it belongs to.
    pub app: String,
    pub container: String,
    pub image: String,
    pub phase: String,
    /// As `kubectl get pods` shows it.
    pub status: String,
    pub ready: bool,
    pub deleting: bool,
    pub restarts: i64,
    pub node: String,
    pub address: String,
    pub since: Option<Timestamp>,
    pub cpu_milli: f64,
    pub memory: f64,
    pub memory_limit: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFact {
    pub namespace: String,
    pub name: String,
    pub image: String,
    pub revision: String,
    pub desired: i64,
    pub updated: i64,
    pub ready: i64,
    pub available: i64,
}

#[derive(Debug, Clone, PartialEq)]
pub struct NodeFact {
    pub name: String,
    pub ready: bool,
    pub schedulable: bool,
    pub pods: usize,
    pub cpu_milli: f64,
    pub memory: f64,
    pub cpu_milli_capacity: f64,
    pub memory_capacity: f64,
}

/// Something that a user did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub at: Timestamp,
    pub user: String,
    pub verb: &'static str,
    /// With its sub-resource: `deployments/scale`.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub detail: String,
}

/// The names under which a pod's app is known: its workload first, then its labels.
pub(super) fn apps(pod: &Value) -> impl Iterator<Item = &str> {
    let (kind, owner, _) = controller(pod).unwrap_or_default();
    // A replica set is called after its deployment and the mark of its template.
    let hash = label(pod, "pod-template-hash");
    let workload = match kind {
        "ReplicaSet" => owner.strip_suffix(hash).and_then(|name| name.strip_suffix('-')).unwrap_or(owner),
        _ => owner,
    };
    std::iter::once(workload).chain(behaviour::names(pod)).filter(|name| !name.is_empty())
}

/// The word that people know the state of a pod by.
pub(super) fn status(pod: &Value) -> String {
    let mut word = match pod.text("/status/reason") {
        "" => pod.text("/status/phase").to_owned(),
        reason => reason.to_owned(),
    };
    let said = |state: &Value| {
        let ended = state.at("/state/terminated")?;
        Some(match (ended.text("/reason"), ended.int("/signal")) {
            ("", Some(signal)) => format!("Signal:{signal}"),
            ("", None) => format!("ExitCode:{}", ended.int("/exitCode").unwrap_or(0)),
            (reason, _) => reason.to_owned(),
        })
    };
    let (inits, all) = (pod.list("/status/initContainerStatuses"), pod.list("/status/containerStatuses"));
    let undone = inits.iter().enumerate().find(|(_, one)| one.int("/state/terminated/exitCode") != Some(0));
    if let Some((at, one)) = undone {
        word = match (said(one), one.text("/state/waiting/reason")) {
            (Some(said), _) => format!("Init:{said}"),
            (None, "" | "PodInitializing") => format!("Init:{at}/{}", inits.len()),
            (None, waits) => format!("Init:{waits}"),
        };
    } else {
        for one in all.iter().rev() {
            match one.text("/state/waiting/reason") {
                "" => word = said(one).unwrap_or(word),
                reason => reason.clone_into(&mut word),
            }
        }
        let running = all.iter().any(|one| one.at("/state/running").is_some() && one.flag("/ready"));
        if word == "Completed" && running {
            word = if met(pod, "Ready") { "Running" } else { "NotReady" }.into();
        }
    }
    if leaves(pod) && super::deployments::serves(pod) { "Terminating".into() } else { word }
}

pub(super) fn restarts(pod: &Value) -> i64 {
    pod.list("/status/containerStatuses").iter().filter_map(|one| one.int("/restartCount")).sum()
}

impl Cluster {
    pub(super) fn pod_fact(&self, pod: &Value) -> PodFact {
        let life = self.lives.get(&Key::of(PODS, pod));
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        PodFact {
            namespace: namespace(pod).into(),
            name: name(pod).into(),
            labels: pod.map("/metadata/labels").map(|(key, value)| (key.clone(), text(value))).collect(),
            app: apps(pod).next().unwrap_or(name(pod)).into(),
            container: pod.text("/spec/containers/0/name").into(),
            image: pod.text("/spec/containers/0/image").into(),
            phase: pod.text("/status/phase").into(),
            status: status(pod),
            ready: met(pod, "Ready"),
            deleting: leaves(pod),
            restarts: restarts(pod),
            node: pod.text("/spec/nodeName").into(),
            address: pod.text("/status/podIP").into(),
            since: pod.time("/metadata/creationTimestamp"),
            cpu_milli: life.map_or(0.0, |life| life.cpu),
            memory: life.map_or(0.0, |life| life.memory),
            memory_limit: life.and_then(|life| life.limit),
        }
    }

    pub fn pods(&self) -> Vec<PodFact> {
        self.store.all(PODS, "").map(|pod| self.pod_fact(pod)).collect()
    }

    pub fn deployments(&self) -> Vec<DeploymentFact> {
        let fact = |one: &std::sync::Arc<Value>| {
            let count = |field: &str| one.int(&format!("/status/{field}")).unwrap_or(0);
            DeploymentFact {
                namespace: namespace(one).into(),
                name: name(one).into(),
                image: one.text("/spec/template/spec/containers/0/image").into(),
                revision: super::value::annotation(one, super::deployments::REVISION).into(),
                desired: one.int("/spec/replicas").unwrap_or(1),
                updated: count("updatedReplicas"),
                ready: count("readyReplicas"),
                available: count("availableReplicas"),
            }
        };
        self.store.all(DEPLOYMENTS, "").map(fact).collect()
    }

    pub fn nodes(&self) -> Vec<NodeFact> {
        let fact = |node: &std::sync::Arc<Value>| {
            let (cpu, memory) = self.used(name(node));
            let room = |what: &str| amount(node.text(&format!("/status/capacity/{what}"))).unwrap_or(0.0);
            NodeFact {
                name: name(node).into(),
                ready: met(node, "Ready"),
                schedulable: !node.flag("/spec/unschedulable"),
                pods: self.pods_of(name(node)).len(),
                cpu_milli: cpu,
                memory,
                cpu_milli_capacity: room("cpu") * 1000.0,
                memory_capacity: room("memory"),
            }
        };
        self.store.all(NODES, "").map(fact).collect()
    }

    /// CPU in thousandths and memory that a node uses, the system's part included.
    pub(super) fn used(&self, node: &str) -> (f64, f64) {
        let uses = |pod: &std::sync::Arc<Value>| {
            self.lives.get(&Key::of(PODS, pod)).map(|life| (life.cpu, life.memory))
        };
        self.pods_of(node)
            .iter()
            .filter_map(uses)
            .fold((140.0, 900e6), |sum, one| (sum.0 + one.0, sum.1 + one.1))
    }

    /// What users did since this was asked last.
    pub fn deeds(&mut self) -> Vec<Deed> {
        self.deeds.drain(..).collect()
    }
}

/// Which leaves differ, as far as they are worth telling; values of secrets are not.
pub(super) fn differences(old: &Value, new: &Value, secret: bool) -> String {
    fn walk(place: &str, old: &Value, new: &Value, secret: bool, out: &mut Vec<String>) {
        let apart = ["metadata.managedFields", "metadata.resourceVersion", "metadata.generation", "status"];
        let told = !place.starts_with("metadata.deletion") && !place.contains("last-applied-configuration");
        if old == new || apart.contains(&place) || !told {
            return;
        }
        let below = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
        match (old, new) {
            (Value::Object(was), Value::Object(is)) => {
                for key in was.keys().chain(is.keys().filter(|key| !was.contains_key(*key))) {
                    let of =
                        |map: &'_ serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or_default();
                    walk(&below(key), &of(was), &of(is), secret, out);
                }
            }
            (Value::Array(was), Value::Array(is)) if was.len() == is.len() => {
                for (at, (was, is)) in was.iter().zip(is).enumerate() {
                    walk(&below(&at.to_string()), was, is, secret, out);
                }
            }
            _ if secret => out.push(place.to_owned()),
            _ => {
                let short = |value: &Value| match value {
                    Value::Null => "none".to_owned(),
                    Value::String(text) => text.chars().take(60).collect(),
                    other => other.to_string().chars().take(60).collect(),
                };
                out.push(format!("{place}: {} → {}", short(old), short(new)));
            }
        }
    }
    let mut out = Vec::new();
    walk("", old, new, secret, &mut out);
    out.truncate(4);
    out.join(", ")
}

/// CPU and memory as the metrics API writes them.
pub(super) fn measured((cpu_milli, memory): (f64, f64)) -> Value {
    serde_json::json!({"cpu": format!("{}n", whole(cpu_milli * 1e6)), "memory": format!("{}Ki", whole(memory / 1024.0))})
}
