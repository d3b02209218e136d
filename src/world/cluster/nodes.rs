//! Nodes: their heartbeats, and what becomes of one that falls silent.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::events::From;
use super::store::Key;
use super::value::{Dig, condition, float, leaves, mark, met, name, stamp};
use crate::world::base::seconds;

/// Silent for this long is not ready.
const GRACE: f64 = 40.0;
const FROM: From = ("node-controller", "");
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
        let Some(beat) = self.beats.get_mut(name) else { return false };
        if state != NodeState::Silent {
            beat.heard = Timestamp::MIN;
        }
        beat.state = state;
        self.beat();
        true
    }

    /// Heartbeats, and what follows when one is missing.
    pub(super) fn beat(&mut self) {
        let (nodes, now) = (self.store.list("Node"), self.now);
        self.beats.retain(|known, _| nodes.iter().any(|node| name(node) == known));
        for node in nodes {
            let fresh = Beat { state: NodeState::Ready, heard: Timestamp::MIN, lost: None };
            let beat = self.beats.entry(name(&node).to_owned()).or_insert(fresh);
            let over = seconds(beat.heard, now);
            match (beat.is_alive(), beat.lost) {
                (true, _) if over >= 10.0 => {
                    beat.heard = now;
                    let (state, back) = (beat.state.clone(), beat.lost.take().is_some());
                    self.report_node(&node, &state, back);
                }
                (false, None) if over >= GRACE => {
                    beat.lost = Some(now);
                    self.lose(&node);
                }
                (false, Some(since)) => self.give_up(name(&node), seconds(since, now)),
                _ => {}
            }
        }
    }

    fn report_node(&mut self, node: &Value, state: &NodeState, back: bool) {
        let now = self.now;
        self.store.edit(&Key::of(node), |node| {
            for (kind, key, good) in PRESSURES {
                let under =
                    matches!(state, NodeState::Pressure(all) if all.split(',').any(|one| one == *kind));
                let (is, how, reason) = if under { ("True", "", *kind) } else { ("False", "no ", *good) };
                let says = format!("kubelet has {how}pressure");
                condition(node, now, kind, is, &format!("KubeletHas{reason}"), &says);
                taint(node, key, "NoSchedule", under.then_some(now));
            }
            condition(node, now, "Ready", "True", "KubeletReady", "kubelet is posting ready status");
            for effect in ["NoSchedule", "NoExecute"] {
                taint(node, UNREACHABLE, effect, None);
            }
            furnish(node);
        });
        for pod in self.pods_of(name(node)).iter().filter(|_| back) {
            if let Some(life) = self.lives.get_mut(&Key::of(pod)) {
                life.dirty = true;
            }
        }
    }

    /// Nobody knows how a silent node's pods are: they serve no longer.
    fn lose(&mut self, node: &Value) {
        let (now, name) = (self.now, name(node));
        self.store.edit(&Key::of(node), |node| {
            let why = "Kubelet stopped posting node status.";
            for kind in PRESSURES.iter().map(|(kind, ..)| *kind).chain(["Ready"]) {
                condition(node, now, kind, "Unknown", "NodeStatusUnknown", why);
            }
            for effect in ["NoSchedule", "NoExecute"] {
                taint(node, UNREACHABLE, effect, Some(now));
            }
        });
        self.event(node, FROM, "NodeNotReady", &format!("Node {name} status is now: NodeNotReady"));
        for pod in self.pods_of(name).iter().filter(|pod| met(pod, "Ready")) {
            self.store.edit(&Key::of(pod), |pod| condition(pod, now, "Ready", "False", "NodeNotReady", ""));
            self.event(pod, FROM, "!NodeNotReady", "Node is not ready");
        }
    }

    /// Pods are deleted that do not put up with a lost node for so long. Nobody there hears of it.
    fn give_up(&mut self, node: &str, lost: f64) {
        for pod in self.pods_of(node).iter().filter(|pod| !leaves(pod)) {
            let meant = |one: &&Value| {
                ["", UNREACHABLE].contains(&one.text("/key")) && one.text("/effect") != "NoSchedule"
            };
            let forever = |one: &Value| one.int("/tolerationSeconds").map_or(f64::INFINITY, float);
            let toleration = pod.list("/spec/tolerations").iter().find(meant);
            if lost >= toleration.map_or(0.0, forever) {
                self.drop(&Key::of(pod));
                let why = format!("Marking for deletion Pod {}/{}", super::value::namespace(pod), name(pod));
                self.event(pod, FROM, "TaintManagerEviction", &why);
            }
        }
    }

    pub(super) fn pods_of(&self, node: &str) -> Vec<Arc<Value>> {
        self.store.pods("", |pod| pod.text("/spec/nodeName") == node)
    }
}

pub(super) fn address(node: &str) -> String {
    format!("10.0.{}.{}", mark(node) % 16, mark(node) / 16 % 250 + 2)
}

/// Sets a taint since a time, or takes it away.
fn taint(node: &mut Value, key: &str, effect: &str, since: Option<Timestamp>) {
    let mut all = node.list("/spec/taints").to_vec();
    let known = all.iter().position(|one| one.text("/key") == key && one.text("/effect") == effect);
    match (since, known) {
        (Some(since), None) => all.push(json!({"key": key, "effect": effect, "timeAdded": stamp(since)})),
        (None, Some(at)) => drop(all.remove(at)),
        _ => return,
    }
    node.put("/spec/taints", all);
}

/// What a kubelet says of its machine, where the scenario says nothing.
fn furnish(node: &mut Value) {
    let name = name(node).to_owned();
    let (address, id) = (address(&name), format!("{:032x}", mark(&name)));
    let room = json!({"cpu": "4", "memory": "16Gi", "pods": "110", "ephemeral-storage": "100Gi"});
    node.fill("/status/capacity", room);
    let capacity = node.pointer("/status/capacity").cloned().unwrap_or_default();
    node.fill("/status/allocatable", capacity);
    let addresses =
        json!([{"type": "InternalIP", "address": address}, {"type": "Hostname", "address": name}]);
    node.fill("/status/addresses", addresses);
    node.fill("/metadata/labels/kubernetes.io~1hostname", name);
    node.fill("/status/nodeInfo", json!({
        "kubeletVersion": super::discovery::VERSION, "kubeProxyVersion": "", "osImage": "Debian GNU/Linux 12 (bookworm)",
        "kernelVersion": "6.1.0-28-amd64", "containerRuntimeVersion": "containerd://2.1.4", "operatingSystem": "linux",
        "architecture": "amd64", "machineID": id, "systemUUID": id, "bootID": id,
    }));
}
