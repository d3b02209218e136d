//! Which node a pod comes to, or why to none.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::deployments::serves;
use super::events::controller;
use super::kinds::{NODES, PODS};
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, controller as controlled, count, float, leaves, name, namespace, quantity,
};

/// What is taken on a node: CPU, memory, pods.
type Room = [f64; 3];

impl Cluster {
    pub(super) fn schedule(&mut self) {
        let waiting =
            |pod: &&Arc<Value>| pod.text("/spec/nodeName").is_empty() && !leaves(pod) && serves(pod);
        let mut waiting: Vec<Arc<Value>> = self.store.all(PODS, "").filter(waiting).cloned().collect();
        if waiting.is_empty() {
            return;
        }
        waiting
            .sort_by(|a, b| a.text("/metadata/creationTimestamp").cmp(b.text("/metadata/creationTimestamp")));
        let nodes: Vec<Arc<Value>> = self.store.all(NODES, "").cloned().collect();
        let mut taken: BTreeMap<String, Room> = BTreeMap::new();
        for pod in self.store.all(PODS, "").filter(|pod| serves(pod)) {
            add(taken.entry(pod.text("/spec/nodeName").to_owned()).or_default(), needs(pod));
        }
        for pod in waiting {
            self.place_pod(&pod, &nodes, &mut taken);
        }
    }

    fn place_pod(&mut self, pod: &Value, nodes: &[Arc<Value>], taken: &mut BTreeMap<String, Room>) {
        let (now, key) = (self.now, Key::of(PODS, pod));
        let from = controller("default-scheduler");
        let mut against: BTreeMap<String, usize> = BTreeMap::new();
        let mut best: Option<(f64, &str)> = None;
        for node in nodes {
            let used = taken.get(name(node)).copied().unwrap_or_default();
            if let Some(why) = unfit(pod, node, used) {
                *against.entry(why).or_default() += 1;
                continue;
            }
            // The emptiest first; pods of one owner spread.
            let owner = |pod: &Value| controlled(pod).map(|(_, name, _)| name.to_owned());
            let here =
                |one: &&Arc<Value>| one.text("/spec/nodeName") == name(node) && owner(one) == owner(pod);
            let kin = count(self.store.all(PODS, namespace(pod)).filter(here).count());
            let room = room(node);
            let score = used[0] / room[0].max(1e-9) + used[1] / room[1].max(1.0) + float(kin);
            if best.is_none_or(|(least, _)| score < least) {
                best = Some((score, name(node)));
            }
        }
        if let Some((_, node)) = best {
            let node = node.to_owned();
            add(taken.entry(node.clone()).or_default(), needs(pod));
            self.store.edit(&key, |pod| {
                pod.put("/spec/nodeName", node.clone());
                condition(pod, now, "PodScheduled", "True", "", "");
            });
            let why = format!("Successfully assigned {}/{} to {node}", key.namespace, key.name);
            self.event(pod, from, "Scheduled", &why, "");
            return;
        }
        let mut reasons: Vec<String> = against.iter().map(|(why, count)| format!("{count} {why}")).collect();
        reasons.sort();
        let total = nodes.len();
        let why = if total == 0 {
            "no nodes available to schedule pods".to_owned()
        } else {
            format!(
                "0/{total} nodes are available: {}. preemption: 0/{total} nodes are available: {total} Preemption is not helpful for scheduling.",
                reasons.join(", ")
            )
        };
        let old = pod.list("/status/conditions").iter().find(|one| one.text("/type") == "PodScheduled");
        if old.is_none_or(|old| old.text("/message") != why) {
            self.store.edit(&key, |pod| {
                condition(pod, now, "PodScheduled", "False", "Unschedulable", &why);
            });
            self.event(pod, from, "!FailedScheduling", &why, "");
        }
    }
}

fn add(room: &mut Room, needs: Room) {
    room.iter_mut().zip(needs).for_each(|(room, need)| *room += need);
}

/// What a pod asks for.
pub(super) fn needs(pod: &Value) -> Room {
    let all = pod.list("/spec/containers");
    let sum = |what: &str| {
        all.iter()
            .filter_map(|one| quantity(one.pointer(&format!("/resources/requests/{what}"))))
            .sum::<f64>()
    };
    [sum("cpu"), sum("memory"), 1.0]
}

fn room(node: &Value) -> Room {
    ["cpu", "memory", "pods"]
        .map(|what| quantity(node.pointer(&format!("/status/allocatable/{what}"))).unwrap_or(0.0))
}

/// Why a pod cannot come to a node, in the scheduler's words.
fn unfit(pod: &Value, node: &Value, used: Room) -> Option<String> {
    if node.flag("/spec/unschedulable") {
        return Some("node(s) were unschedulable".into());
    }
    if !Selector::pairs(pod, "/spec/nodeSelector").fits(node) {
        return Some("node(s) didn't match Pod's node affinity/selector".into());
    }
    if let Some(why) = tolerates(pod.pointer("/spec").unwrap_or(&Value::Null), node, false) {
        return Some(why);
    }
    let (needs, room) = (needs(pod), room(node));
    let short = ["Insufficient cpu", "Insufficient memory", "Too many pods"]
        .into_iter()
        .zip(needs.iter().zip(used).zip(room));
    short
        .into_iter()
        .find(|(_, ((need, used), room))| **need > 0.0 && used + **need > *room + 1e-9)
        .map(|(why, _)| why.into())
}

/// The taint that a pod's specification does not put up with, if there is one. Those that a node has by itself may
/// be passed over.
pub(super) fn tolerates(spec: &Value, node: &Value, own_too: bool) -> Option<String> {
    let taints = node.list("/spec/taints").iter().filter(|taint| taint.text("/effect") != "PreferNoSchedule");
    let tolerated = |taint: &&Value| {
        (own_too && taint.text("/key").starts_with("node.kubernetes.io/"))
            || spec.list("/tolerations").iter().any(|one| {
                let key = one.text("/key");
                let (effect, exists) = (one.text("/effect"), one.text("/operator") == "Exists");
                (key == taint.text("/key") || key.is_empty() && exists)
                    && (effect.is_empty() || effect == taint.text("/effect"))
                    && (exists || one.text("/value") == taint.text("/value"))
            })
    };
    let taint = taints.clone().find(|taint| !tolerated(taint))?;
    let shown = json!({"key": taint.text("/key"), "value": taint.text("/value")});
    Some(format!("node(s) had untolerated taint {{{}: {}}}", shown.text("/key"), shown.text("/value")))
}
