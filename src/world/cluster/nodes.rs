//! Nodes: their heartbeats, and what becomes of one that falls silent.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::events::controller;
use super::kinds::{LEASES, NODES, PODS};
use super::store::Key;
use super::value::{Dig, condition, float, leaves, mark, met, micro, name, stamp};
use crate::world::base::seconds;

/// Silent for this long is not ready, and for five minutes more is given up.
const GRACE: f64 = 40.0;

const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
/// What a node can be short of: its condition, its taint, and the condition's reason when all is well.
const PRESSURES: &[(&str, &str, &str)] = &[
    ("MemoryPressure", "node.kubernetes.io/memory-pressure", "SufficientMemory"),
    ("DiskPressure", "node.kubernetes.io/disk-pressure", "NoDiskPressure"),
    ("PIDPressure", "node.kubernetes.io/pid-pressure", "SufficientPID"),
];

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NodeState {
    #[default]
    Ready,
    /// Its kubelet says nothing any more.
    Silent,
    /// Such as `MemoryPressure` or `DiskPressure`.
    Pressure(String),
}

#[derive(Debug)]
pub(super) struct Beat {
    state: NodeState,
    /// When the kubelet was heard last.
    heard: Timestamp,
    /// Since when it was given up.
    lost: Option<Timestamp>,
}

impl Beat {
    pub(super) fn is_alive(&self) -> bool {
        self.state != NodeState::Silent
    }
}

impl Cluster {
    /// How a node is from now on; false when there is none of that name.
    pub fn node_state(&mut self, name: &str, state: NodeState) -> bool {
        self.beat();
        let Some(beat) = self.beats.get_mut(name) else { return false };
        let back = beat.state == NodeState::Silent && state != NodeState::Silent;
        (beat.state, beat.heard) = (state, if back { Timestamp::MIN } else { beat.heard });
        self.beat();
        true
    }

    /// Heartbeats, and what follows when one is missing.
    pub(super) fn beat(&mut self) {
        let nodes: Vec<Arc<Value>> = self.store.all(NODES, "").cloned().collect();
        self.beats.retain(|name, _| nodes.iter().any(|node| super::value::name(node) == name));
        for node in nodes {
            let now = self.now;
            let fresh = Beat { state: NodeState::Ready, heard: Timestamp::MIN, lost: None };
            let beat = self.beats.entry(name(&node).to_owned()).or_insert(fresh);
            if beat.state == NodeState::Silent {
                let over = seconds(beat.heard, now);
                match beat.lost {
                    None if over >= GRACE => {
                        beat.lost = Some(now);
                        self.lose(&node);
                    }
                    Some(since) => self.give_up(name(&node), seconds(since, now)),
                    None => {}
                }
                continue;
            }
            if seconds(beat.heard, now) >= 10.0 {
                beat.heard = now;
                let state = beat.state.clone();
                let back = beat.lost.take().is_some();
                self.report_node(&node, &state, back);
            }
        }
    }

    fn report_node(&mut self, node: &Value, state: &NodeState, back: bool) {
        let (now, name) = (self.now, name(node).to_owned());
        self.store.edit(&Key::of(NODES, node), |node| {
            for (kind, key, good) in PRESSURES {
                let under =
                    matches!(state, NodeState::Pressure(all) if all.split(',').any(|one| one == *kind));
                let is = if under { ("True", "pressure") } else { ("False", "no pressure") };
                let reason = if under { format!("KubeletHas{kind}") } else { format!("KubeletHas{good}") };
                condition(node, now, kind, is.0, &reason, &format!("kubelet has {}", is.1));
                taint(node, key, "NoSchedule", under.then_some(now));
            }
            condition(node, now, "Ready", "True", "KubeletReady", "kubelet is posting ready status");
            for effect in ["NoSchedule", "NoExecute"] {
                taint(node, UNREACHABLE, effect, None);
            }
            furnish(node, &name);
        });
        if back {
            self.report_all(&name);
        }
        let lease = Key::new(LEASES, "kube-node-lease", &name);
        if self.store.get(&lease).is_some() {
            return self.store.edit(&lease, |lease| lease.put("/spec/renewTime", micro(now)));
        }
        let spec = json!({"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micro(now)});
        let body = json!({"metadata": {"name": name}, "spec": spec});
        let _ = self.create(LEASES, "kube-node-lease", body, super::write::Part::Whole, false);
    }

    /// Nobody knows how a silent node's pods are: they serve no longer.
    fn lose(&mut self, node: &Value) {
        let now = self.now;
        self.store.edit(&Key::of(NODES, node), |node| {
            let why = "Kubelet stopped posting node status.";
            for kind in PRESSURES.iter().map(|(kind, ..)| *kind).chain(["Ready"]) {
                condition(node, now, kind, "Unknown", "NodeStatusUnknown", why);
            }
            for effect in ["NoSchedule", "NoExecute"] {
                taint(node, UNREACHABLE, effect, Some(now));
            }
        });
        let (from, name) = (controller("node-controller"), name(node));
        self.event(node, from, "NodeNotReady", &format!("Node {name} status is now: NodeNotReady"), "");
        for pod in self.pods_of(name) {
            if met(&pod, "Ready") {
                self.store.edit(&Key::of(PODS, &pod), |pod| {
                    condition(pod, now, "Ready", "False", "NodeNotReady", "");
                });
                self.event(&pod, from, "!NodeNotReady", "Node is not ready", "");
            }
        }
    }

    /// Pods are deleted that do not put up with a lost node for so long. Nobody there hears of it.
    fn give_up(&mut self, node: &str, lost: f64) {
        for pod in self.pods_of(node) {
            let meant = |one: &&Value| ["", UNREACHABLE].contains(&one.text("/key"));
            let mut all = pod.list("/spec/tolerations").iter().filter(meant);
            let toleration = all.find(|one| matches!(one.text("/effect"), "NoExecute" | ""));
            let forever = |one: &Value| one.int("/tolerationSeconds").map_or(f64::INFINITY, float);
            let patience = toleration.map_or(0.0, forever);
            if lost >= patience && !leaves(&pod) {
                let key = Key::of(PODS, &pod);
                self.drop(&key);
                let now = self.now;
                self.store.edit(&key, |pod| {
                    let why = "Taint manager: deleting due to NoExecute taint";
                    condition(pod, now, "DisruptionTarget", "True", "DeletionByTaintManager", why);
                });
                let place = format!("Marking for deletion Pod {}/{}", key.namespace, key.name);
                self.event(&pod, controller("taint-eviction-controller"), "TaintManagerEviction", &place, "");
            }
        }
    }

    pub(super) fn pods_of(&self, node: &str) -> Vec<Arc<Value>> {
        self.store.all(PODS, "").filter(|pod| pod.text("/spec/nodeName") == node).cloned().collect()
    }
}

/// Sets a taint since a time, or takes it away.
fn taint(node: &mut Value, key: &str, effect: &str, since: Option<Timestamp>) {
    let mut all = node.list("/spec/taints").to_vec();
    let is = |one: &Value| one.text("/key") == key && one.text("/effect") == effect;
    match since {
        Some(_) if all.iter().any(is) => {}
        Some(since) => all.push(json!({"key": key, "effect": effect, "timeAdded": stamp(since)})),
        None => all.retain(|one| !is(one)),
    }
    if all.is_empty() {
        node.cut("/spec/taints");
    } else {
        node.put("/spec/taints", all);
    }
}

/// What a kubelet says of its machine, where the scenario says nothing.
fn furnish(node: &mut Value, name: &str) {
    let (address, id) = (super::pods::host(name), format!("{:032x}", mark(name)));
    let room = json!({"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    node.fill("/status/capacity", room);
    let capacity = node.pointer("/status/capacity").cloned().unwrap_or_default();
    node.fill("/status/allocatable", capacity);
    let addresses =
        json!([{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]);
    node.fill("/status/addresses", addresses);
    for (key, value) in [("hostname", name), ("os", "linux"), ("arch", "amd64")] {
        node.fill(&format!("/metadata/labels/kubernetes.io~1{key}"), value);
    }
    node.fill("/spec/podCIDR", format!("10.244.{}.0/24", mark(name) % 200));
    node.fill("/status/nodeInfo", json!({
        "kubeletVersion": super::discovery::VERSION, "kubeProxyVersion": "", "osImage": "Debian GNU/Linux 12 (bookworm)",
        "kernelVersion": "6.1.0-28-amd64", "containerRuntimeVersion": "containerd://2.1.4", "operatingSystem": "linux",
        "architecture": "amd64", "machineID": id, "systemUUID": id, "bootID": id,
    }));
}
