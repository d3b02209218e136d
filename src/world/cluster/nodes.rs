//! Nodes: their heartbeats, and what becomes of one that falls silent.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::events::From;
use super::store::Key;
use super::value::{Dig, condition, float, leaves, met, name, stamp};
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

impl Cluster {
    /// How a node is from now on.
    pub fn node_state(&mut self, name: &str, state: NodeState) {
        self.states.insert(name.to_owned(), (state, self.now));
    }

    pub(super) fn is_silent(&self, node: &str) -> bool {
        self.states.get(node).is_some_and(|(state, _)| *state == NodeState::Silent)
    }

    /// Heartbeats, and what follows when one is missing.
    pub(super) fn beat(&mut self) {
        for node in self.store.list("Node") {
            let (state, since) = self.states.get(name(&node)).cloned().unwrap_or_default();
            let over = seconds(since, self.now) - GRACE;
            if state != NodeState::Silent {
                self.report_node(&node, &state);
            } else if over >= 0.0 && met(&node, "Ready") {
                self.lose(&node);
            } else if over >= 0.0 {
                self.give_up(name(&node), over);
            }
        }
    }

    fn report_node(&mut self, node: &Value, state: &NodeState) {
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
        });
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
        for pod in self.pods_of(name) {
            self.store.edit(&Key::of(&pod), |pod| condition(pod, now, "Ready", "False", "NodeNotReady", ""));
            self.event(&pod, FROM, "!NodeNotReady", "Node is not ready");
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
