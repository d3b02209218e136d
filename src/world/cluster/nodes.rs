//! Nodes: their heartbeats, which pods come to them, and what becomes of one that falls silent.
use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::facts::From;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, controller, count, float, found, leaves, met, name, namespace, quantity, serves, stamp,
};
use crate::world::base::seconds;

/// Silent for this long is not ready.
const GRACE: f64 = 40.0;
const FROM: From = ("node-controller", "");
const SCHEDULER: From = ("default-scheduler", "");
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

/// What a node can run out of, and how that is said.
const ROOM: [(&str, &str); 3] =
    [("cpu", "Insufficient cpu"), ("memory", "Insufficient memory"), ("pods", "Too many pods")];

impl Cluster {
    pub(super) fn schedule(&mut self) {
        let waits = |pod: &Value| pod.text("/spec/nodeName").is_empty() && !leaves(pod) && serves(pod);
        let mut waiting = self.store.pods("", waits);
        waiting.sort_by_key(|pod| pod.text("/metadata/creationTimestamp").to_owned());
        for pod in waiting {
            self.place(&pod);
        }
    }

    fn place(&mut self, pod: &Value) {
        let (now, key, nodes) = (self.now, Key::of(pod), self.store.list("Node"));
        let mut against: BTreeMap<String, usize> = BTreeMap::new();
        let mut best: Option<(f64, &Value)> = None;
        for node in &nodes {
            let there: Vec<Arc<Value>> =
                self.pods_of(name(node)).into_iter().filter(|pod| serves(pod)).collect();
            if let Some(why) = unfit(pod, node, &there) {
                *against.entry(why).or_default() += 1;
                continue;
            }
            // The emptiest first; pods of one owner spread.
            let owner = |pod: &Value| controller(pod).map(|(_, name, _)| name.to_owned());
            let kin = |one: &&Arc<Value>| namespace(one) == namespace(pod) && owner(one) == owner(pod);
            let full = |what: &str| share(&there, node, what, 0.0);
            let score = full("cpu") + full("memory") + float(count(there.iter().filter(kin).count()));
            if best.is_none_or(|(least, _)| score < least) {
                best = Some((score, node));
            }
        }
        if let Some((_, node)) = best {
            self.store.edit(&key, |pod| {
                pod.put("/spec/nodeName", name(node));
                pod.put("/status/hostIP", node.text("/status/addresses/0/address"));
                condition(pod, now, "PodScheduled", "True", "", "");
            });
            let node = name(node);
            let why = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
            return self.event(pod, SCHEDULER, "Scheduled", &why);
        }
        let reasons: Vec<String> = against.iter().map(|(why, count)| format!("{count} {why}")).collect();
        let why = match nodes.len() {
            0 => "no nodes available to schedule pods".to_owned(),
            total => format!(
                "0/{total} nodes are available: {}. preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling.",
                reasons.join(", ")
            ),
        };
        if found(pod, "PodScheduled").is_none_or(|old| old.text("/message") != why) {
            self.store.edit(&key, |pod| condition(pod, now, "PodScheduled", "False", "Unschedulable", &why));
            self.event(pod, SCHEDULER, "!FailedScheduling", &why);
        }
    }
}

/// What a pod asks for.
fn need(pod: &Value, what: &str) -> f64 {
    let place = format!("/resources/requests/{what}");
    let asked = pod.list("/spec/containers").iter().map(|one| quantity(one.pointer(&place)));
    if what == "pods" { 1.0 } else { asked.sum() }
}

/// Which share of a node is taken by the pods there, and by so much more.
fn share(there: &[Arc<Value>], node: &Value, what: &str, more: f64) -> f64 {
    let room = quantity(node.pointer(&format!("/status/allocatable/{what}")));
    (there.iter().map(|pod| need(pod, what)).sum::<f64>() + more) / room.max(1e-9)
}

/// Why a pod cannot come to a node, in the scheduler's words.
fn unfit(pod: &Value, node: &Value, there: &[Arc<Value>]) -> Option<String> {
    if node.flag("/spec/unschedulable") {
        return Some("node(s) were unschedulable".into());
    }
    if !Selector::pairs(pod, "/spec/nodeSelector").fits(node) {
        return Some("node(s) didn't match Pod's node affinity/selector".into());
    }
    if let Some(taint) = untolerated(pod.get("spec").unwrap_or(&Value::Null), node, false) {
        let (key, value) = (taint.text("/key"), taint.text("/value"));
        return Some(format!("node(s) had untolerated taint {{{key}: {value}}}"));
    }
    let short = |(what, _): &&(&str, &str)| {
        let more = need(pod, what);
        more > 0.0 && share(there, node, what, more) > 1.0 + 1e-9
    };
    ROOM.iter().find(short).map(|(_, why)| (*why).to_owned())
}

/// The taint that a pod's specification does not put up with, if there is one. Those that a node has by itself may
/// be passed over.
pub(super) fn untolerated<'n>(spec: &Value, node: &'n Value, own_too: bool) -> Option<&'n Value> {
    let fits = |one: &Value, taint: &Value, field: &str| {
        one.text(field).is_empty() || one.text(field) == taint.text(field)
    };
    let tolerated = |taint: &Value| {
        let by = |one: &Value| {
            fits(one, taint, "/key")
                && fits(one, taint, "/effect")
                && (one.text("/operator") == "Exists" || one.text("/value") == taint.text("/value"))
        };
        own_too && taint.text("/key").starts_with("node.kubernetes.io/")
            || spec.list("/tolerations").iter().any(by)
    };
    node.list("/spec/taints").iter().find(|one| one.text("/effect") != "PreferNoSchedule" && !tolerated(one))
}
