//! What is told of the cluster: events to its users, and facts to the rest of the world.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::store::Key;
use super::value::{Dig, controller, leaves, mark, met, name, namespace, serves, stamp, uid, whole};

#[derive(Debug, Clone, PartialEq)]
pub struct PodFact {
    pub namespace: String,
    pub name: String,
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
    pub cpu_milli: f64,
    pub memory: f64,
    pub memory_limit: Option<f64>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeploymentFact {
    pub namespace: String,
    pub name: String,
    pub image: String,
    pub desired: i64,
    pub available: i64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeFact {
    pub name: String,
    pub ready: bool,
}

/// Something that a user did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deed {
    pub at: Timestamp,
    pub verb: &'static str,
    /// With its sub-resource: `deployments/scale`.
    pub resource: String,
    pub namespace: String,
    pub name: String,
    pub detail: String,
}

/// What a pod's app is called: its workload, else its label.
pub(super) fn app(pod: &Value) -> &str {
    let label = |key: &str| pod.text(&format!("/metadata/labels/{key}"));
    match controller(pod) {
        // A replica set is called after its deployment and the mark of its template.
        Some(("ReplicaSet", owner, _)) => {
            let stem = owner.strip_suffix(label("pod-template-hash"));
            stem.and_then(|name| name.strip_suffix('-')).unwrap_or(owner)
        }
        Some((_, owner, _)) => owner,
        None if label("app").is_empty() => name(pod),
        None => label("app"),
    }
}

/// The word that people know the state of a pod by.
pub(super) fn status(pod: &Value) -> String {
    let first = |place: &str| {
        let mut all = pod.list("/status/containerStatuses").iter().map(|one| one.text(place));
        all.find(|text| !text.is_empty()).unwrap_or_default()
    };
    if leaves(pod) && serves(pod) {
        return "Terminating".into();
    }
    let running = pod.list("/status/containerStatuses").iter().any(|one| one.at("/state/running").is_some());
    let words = [
        pod.text("/status/reason"),
        first("/state/waiting/reason"),
        if running && serves(pod) { "" } else { first("/state/terminated/reason") },
        pod.text("/status/phase"),
    ];
    words.into_iter().find(|word| !word.is_empty()).unwrap_or_default().to_owned()
}

pub(super) fn restarts(pod: &Value) -> i64 {
    pod.list("/status/containerStatuses").iter().map(|one| one.count("/restartCount")).sum()
}

impl Cluster {
    pub(super) fn pod_fact(&self, pod: &Value) -> PodFact {
        let life = self.lives.get(&Key::of(pod));
        PodFact {
            namespace: namespace(pod).into(),
            name: name(pod).into(),
            app: app(pod).into(),
            container: pod.text("/spec/containers/0/name").into(),
            image: pod.text("/spec/containers/0/image").into(),
            phase: pod.text("/status/phase").into(),
            status: status(pod),
            ready: met(pod, "Ready"),
            deleting: leaves(pod),
            restarts: restarts(pod),
            node: pod.text("/spec/nodeName").into(),
            address: pod.text("/status/podIP").into(),
            cpu_milli: life.map_or(0.0, |life| life.cpu),
            memory: life.map_or(0.0, |life| life.memory),
            memory_limit: life.and_then(|life| life.limit),
        }
    }

    pub fn pods(&self) -> Vec<PodFact> {
        self.store.all("Pod", "").map(|pod| self.pod_fact(pod)).collect()
    }

    pub fn deployments(&self) -> Vec<DeploymentFact> {
        let fact = |one: &Arc<Value>| DeploymentFact {
            namespace: namespace(one).into(),
            name: name(one).into(),
            image: one.text("/spec/template/spec/containers/0/image").into(),
            desired: one.count("/spec/replicas"),
            available: one.count("/status/availableReplicas"),
        };
        self.store.all("Deployment", "").map(fact).collect()
    }

    pub fn nodes(&self) -> Vec<NodeFact> {
        let fact = |node: &Arc<Value>| NodeFact { name: name(node).into(), ready: met(node, "Ready") };
        self.store.all("Node", "").map(fact).collect()
    }

    /// What users did since this was asked last.
    pub fn deeds(&mut self) -> Vec<Deed> {
        self.deeds.drain(..).collect()
    }

    /// What pods and nodes use, as the metrics API tells of one; nothing where nobody measures.
    pub(super) fn measured(&self, object: &Value) -> Option<Value> {
        let usage = |cpu_milli: f64, memory: f64| json!({"cpu": format!("{}n", whole(cpu_milli * 1e6)), "memory": format!("{}Ki", whole(memory / 1024.0))});
        if object.text("/kind") == "Node" {
            if self.is_silent(name(object)) {
                return None;
            }
            let pods = self.pods_of(name(object));
            let lives = pods.iter().filter_map(|pod| self.lives.get(&Key::of(pod)));
            // The system's own part is included.
            let (cpu, memory) =
                lives.fold((140.0, 900e6), |sum, life| (sum.0 + life.cpu, sum.1 + life.memory));
            return Some(json!({"usage": usage(cpu, memory)}));
        }
        let life = self.lives.get(&Key::of(object)).filter(|life| life.memory > 0.0)?;
        // The first does the work.
        let each = |(at, one): (usize, &super::kubelet::Container)| {
            let part = if at == 0 { 1.0 } else { 0.1 };
            json!({"name": one.status.get("name"), "usage": usage(life.cpu * part, life.memory * part)})
        };
        Some(json!({"containers": life.containers.iter().enumerate().map(each).collect::<Vec<_>>()}))
    }
}

/// Who says it: a component, and its node if it is on one.
pub type From<'a> = (&'a str, &'a str);

impl Cluster {
    /// A sign at the front of the reason is a warning: `!BackOff`.
    pub(super) fn event(&mut self, about: &Value, (component, host): From, reason: &str, message: &str) {
        let (kind, reason) =
            reason.strip_prefix('!').map_or(("Normal", reason), |reason| ("Warning", reason));
        let place = if namespace(about).is_empty() { "default" } else { namespace(about) };
        let id = mark(&format!("{}/{reason}/{message}", uid(about)));
        let key = Key::new("Event", place, &format!("{}.{id:016x}", name(about)));
        let now = stamp(self.now);
        if self.store.get(&key).is_some() {
            return self.store.edit(&key, |event| {
                event.put("/count", event.count("/count") + 1);
                event.put("/lastTimestamp", now);
            });
        }
        let mut object = json!({"kind": about.text("/kind"), "name": name(about), "uid": uid(about), "apiVersion": about.text("/apiVersion"),
            "resourceVersion": about.text("/metadata/resourceVersion")});
        if !namespace(about).is_empty() {
            object.put("/namespace", namespace(about));
        }
        let identity = self.store.new_uid();
        self.store.set(json!({
            "kind": "Event", "apiVersion": "v1",
            "metadata": {"name": key.name, "namespace": place, "uid": identity, "creationTimestamp": now},
            "involvedObject": object, "reason": reason, "message": message, "source": {"component": component, "host": host},
            "firstTimestamp": now, "lastTimestamp": now, "count": 1, "type": kind, "eventTime": null,
            "reportingComponent": component, "reportingInstance": host,
        }));
    }
}
