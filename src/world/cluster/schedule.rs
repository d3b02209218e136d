//! Which node a pod comes to, or why to none.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use super::Cluster;
use super::events::From;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, controller, count, float, found, leaves, name, namespace, quantity, serves,
};

const FROM: From = ("default-scheduler", "");
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
        let mut best: Option<(f64, &str)> = None;
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
                best = Some((score, name(node)));
            }
        }
        if let Some((_, node)) = best {
            self.store.edit(&key, |pod| {
                pod.put("/spec/nodeName", node);
                condition(pod, now, "PodScheduled", "True", "", "");
            });
            let why = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
            return self.event(pod, FROM, "Scheduled", &why);
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
            self.event(pod, FROM, "!FailedScheduling", &why);
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
