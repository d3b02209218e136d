//! Stateful sets and daemon sets: pods that keep their name or their node.
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::deployments::{owner, serves};
use super::events::controller;
use super::kinds::{DAEMON_SETS, NODES, PODS, REVISIONS, STATEFUL_SETS};
use super::select::Selector;
use super::store::Key;
use super::value::{Dig, escaped, label, leaves, mark, met, name, namespace};
use super::write::Part;

const HASH: &str = "controller-revision-hash";

impl Cluster {
    pub(super) fn daemons(&mut self) {
        for (kind, stateful) in [(STATEFUL_SETS, true), (DAEMON_SETS, false)] {
            // A new node is news for every daemon set.
            for set in if stateful { self.busy(kind) } else { self.store.all(kind, "").cloned().collect() } {
                let hash = self.revision_of(&set);
                if stateful {
                    self.keep_named(&set, &hash);
                } else {
                    self.keep_everywhere(&set, &hash);
                }
            }
        }
    }

    /// The mark of the present template, kept as a revision that one can go back to.
    fn revision_of(&mut self, set: &Value) -> String {
        let template = set.pointer("/spec/template").cloned().unwrap_or_default();
        let hash = crate::world::base::Dice::new(mark(&template.to_string())).letters(9);
        let kind = REVISIONS;
        let own = self.store.owned(kind, set);
        let newest = own.iter().filter_map(|one| one.int("/revision")).max().unwrap_or(0);
        let key = Key::new(kind, namespace(set), &format!("{}-{hash}", name(set)));
        match self.store.get(&key).and_then(|one| one.int("/revision")) {
            Some(revision) if revision == newest => {}
            Some(_) => self.store.edit(&key, |one| one.put("/revision", newest + 1)),
            None => {
                let mut labels = template.pointer("/metadata/labels").cloned().unwrap_or_else(|| json!({}));
                labels.put(&format!("/{}", escaped(HASH)), hash.clone());
                let mut kept = template;
                kept.put("/$patch", "replace");
                let body = json!({"metadata": {"name": key.name, "labels": labels, "ownerReferences": [owner(set)]},
                    "data": {"spec": {"template": kept}}, "revision": newest + 1});
                let _ = self.create(kind, namespace(set), body, Part::Main, false);
            }
        }
        hash
    }

    fn made(&mut self, set: &Value, hash: &str, exact: &str, node: Option<&str>) {
        let mut plan = set.clone();
        plan.put(&format!("/spec/template/metadata/labels/{HASH}"), hash);
        if let Some(node) = node {
            plan.put("/spec/template/spec/nodeName", node);
            plan.fill("/spec/template/spec/tolerations", json!([]));
            let all = plan.pointer_mut("/spec/template/spec/tolerations").and_then(Value::as_array_mut);
            let own =
                "not-ready unreachable disk-pressure memory-pressure pid-pressure unschedulable".split(' ');
            let tolerated = |key| json!({"key": format!("node.kubernetes.io/{key}"), "operator": "Exists"});
            if let Some(all) = all {
                all.extend(own.map(tolerated));
            }
        } else {
            plan.put("/spec/template/metadata/labels/statefulset.kubernetes.io~1pod-name", exact);
            plan.fill("/spec/template/spec/hostname", exact);
        }
        let from = controller(if node.is_some() { "daemonset-controller" } else { "statefulset-controller" });
        match self.pod_of(&plan, &format!("{}-", name(set)), exact) {
            Ok(pod) if node.is_some() => {
                self.event(set, from, "SuccessfulCreate", &format!("Created pod: {}", name(&pod)), "");
            }
            Ok(pod) => {
                let why = format!("create Pod {} in StatefulSet {} successful", name(&pod), name(set));
                self.event(set, from, "SuccessfulCreate", &why, "");
            }
            Err(why) => self.event(set, from, "!FailedCreate", &format!("Error creating: {why}"), ""),
        }
    }

    fn keep_named(&mut self, set: &Arc<Value>, hash: &str) {
        let wanted = set.int("/spec/replicas").unwrap_or(1);
        let ordinal =
            |pod: &Value| name(pod).rsplit_once('-').and_then(|(_, number)| number.parse::<i64>().ok());
        let mut pods = self.store.owned(PODS, set);
        pods.sort_by_key(|pod| ordinal(pod));
        for pod in pods.iter().filter(|pod| !serves(pod) && !leaves(pod)) {
            self.drop(&Key::of(PODS, pod));
        }
        let one_by_one = set.text("/spec/podManagementPolicy") != "Parallel";
        let well = |pod: &Value| met(pod, "Ready") && !leaves(pod);
        let mut in_order = true;
        for number in 0..wanted.min(500) {
            let pod = pods.iter().find(|pod| ordinal(pod) == Some(number));
            if pod.is_none() && in_order {
                self.made(set, hash, &format!("{}-{number}", name(set)), None);
            }
            in_order &= !one_by_one || pod.is_some_and(|pod| well(pod));
        }
        let settled = pods.iter().all(|pod| well(pod));
        let extra = pods.iter().rev().find(|pod| ordinal(pod).is_some_and(|number| number >= wanted));
        let stale = pods.iter().rev().find(|pod| label(pod, HASH) != hash);
        let rolls = set.text("/spec/updateStrategy/type") != "OnDelete";
        // One at a time from the last; a stale one that does not serve is replaced in any case.
        let next = extra.or(stale.filter(|pod| rolls && (settled || !met(pod, "Ready"))));
        if let Some(pod) = next.filter(|pod| !leaves(pod)) {
            self.drop(&Key::of(PODS, pod));
            let why = format!("delete Pod {} in StatefulSet {} successful", name(pod), name(set));
            self.event(set, controller("statefulset-controller"), "SuccessfulDelete", &why, "");
        }
        let pods = self.store.owned(PODS, set);
        let ready = pods.iter().filter(|pod| well(pod)).count();
        let updated = pods.iter().filter(|pod| label(pod, HASH) == hash).count();
        let revision = format!("{}-{hash}", name(set));
        self.store.edit(&Key::of(STATEFUL_SETS, set), |set| {
            let observed = set.int("/metadata/generation").unwrap_or(1);
            let before = set.text("/status/currentRevision").to_owned();
            let current = if before.is_empty() || updated == pods.len() { revision.clone() } else { before };
            set.put("/status", json!({"observedGeneration": observed, "replicas": pods.len(), "readyReplicas": ready,
                "availableReplicas": ready, "currentReplicas": pods.len().min(updated), "updatedReplicas": updated, "currentRevision": current,
                "updateRevision": revision, "collisionCount": 0}));
        });
    }

    fn keep_everywhere(&mut self, set: &Arc<Value>, hash: &str) {
        let selector = Selector::pairs(set, "/spec/template/spec/nodeSelector");
        let nodes: Vec<Arc<Value>> =
            self.store.all(NODES, "").filter(|node| selector.fits(node)).cloned().collect();
        let pods = self.store.owned(PODS, set);
        let on =
            |node: &Value| pods.iter().find(|pod| pod.text("/spec/nodeName") == name(node) && !leaves(pod));
        for pod in pods.iter().filter(|pod| !leaves(pod)) {
            let lost = !nodes.iter().any(|node| name(node) == pod.text("/spec/nodeName"));
            if lost || !serves(pod) {
                self.drop(&Key::of(PODS, pod));
            }
        }
        for node in &nodes {
            let known = pods.iter().any(|pod| pod.text("/spec/nodeName") == name(node));
            if !known
                && super::schedule::tolerates(
                    set.pointer("/spec/template/spec").unwrap_or(&Value::Null),
                    node,
                    true,
                )
                .is_none()
            {
                self.made(set, hash, "", Some(name(node)));
            }
        }
        let stale = pods.iter().find(|pod| label(pod, HASH) != hash && !leaves(pod));
        let settled = pods.len() >= nodes.len() && pods.iter().all(|pod| met(pod, "Ready") && !leaves(pod));
        if let Some(pod) = stale.filter(|pod| {
            set.text("/spec/updateStrategy/type") != "OnDelete" && (settled || !met(pod, "Ready"))
        }) {
            self.drop(&Key::of(PODS, pod));
            self.event(
                set,
                controller("daemonset-controller"),
                "SuccessfulDelete",
                &format!("Deleted pod: {}", name(pod)),
                "",
            );
        }
        let present = nodes.iter().filter_map(|node| on(node));
        let (mut current, mut ready, mut updated) = (0, 0, 0);
        for pod in present {
            current += 1;
            ready += usize::from(met(pod, "Ready"));
            updated += usize::from(label(pod, HASH) == hash);
        }
        let wanted = nodes.len();
        self.store.edit(&Key::of(DAEMON_SETS, set), |set| {
            let observed = set.int("/metadata/generation").unwrap_or(1);
            set.put("/status", json!({"observedGeneration": observed, "desiredNumberScheduled": wanted, "currentNumberScheduled": current,
                "numberMisscheduled": 0, "numberReady": ready, "numberAvailable": ready, "updatedNumberScheduled": updated,
                "numberUnavailable": wanted.saturating_sub(ready)}));
        });
    }
}
