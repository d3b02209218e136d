//! What keeps pods up: replica sets, stateful sets, daemon sets and jobs. Each has places for pods: any, by name, by
//! node, or as many as there is work; a place without a pod gets one, and a pod without a place goes.
use std::cmp::Reverse;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, count, float, found, leaves, mark, met, name, namespace, owner, serves, size, stamp, uid,
};
use super::write::Part;
use crate::world::base::{Dice, seconds};

pub(super) const KINDS: [&str; 4] = ["ReplicaSet", "StatefulSet", "DaemonSet", "Job"];
const HASH: &str = "controller-revision-hash";

fn phase(pods: &[Arc<Value>], phase: &str) -> i64 {
    count(pods.iter().filter(|pod| pod.text("/status/phase") == phase).count())
}

/// Of named places a pod has its own, by its name or its node.
fn place<'p>(kind: &str, pod: &'p Value) -> &'p str {
    match kind {
        "StatefulSet" => name(pod),
        "DaemonSet" => pod.text("/spec/nodeName"),
        _ => "",
    }
}

impl Cluster {
    /// Takes in pods that fit and are nobody's, and lets go those whose labels were changed.
    fn adopt(&mut self, set: &Value) {
        let selector = Selector::at(set, "/spec/selector");
        for pod in self.store.pods(namespace(set), |pod| serves(pod) && !leaves(pod)) {
            let mine = super::value::controller(&pod).map(|(_, _, of)| of == uid(set));
            let owners = match (mine, selector.fits(&pod)) {
                (Some(true), false) => json!([]),
                (None, true) => json!([owner(set)]),
                _ => continue,
            };
            self.store.edit(&Key::of(&pod), |pod| pod.put("/metadata/ownerReferences", owners));
        }
    }

    /// The places that a set has for pods.
    fn places(&self, set: &Value, pods: &[Arc<Value>]) -> Vec<String> {
        let wanted = size(set.count("/spec/replicas"));
        match set.text("/kind") {
            "StatefulSet" => (0..wanted).map(|number| format!("{}-{number}", name(set))).collect(),
            "DaemonSet" => {
                let spec = set.pointer("/spec/template/spec").unwrap_or(&Value::Null);
                let selector = Selector::pairs(spec, "/nodeSelector");
                let fits = |node: &&Arc<Value>| {
                    selector.fits(node) && super::schedule::untolerated(spec, node, true).is_none()
                };
                self.store.all("Node", "").filter(fits).map(|node| name(node).to_owned()).collect()
            }
            "Job" => {
                let over = ["Complete", "Failed"].iter().any(|one| met(set, one));
                let left = set.count("/spec/completions") - phase(pods, "Succeeded");
                let many = set.count("/spec/parallelism").min(left);
                vec![String::new(); if over || set.flag("/spec/suspend") { 0 } else { size(many) }]
            }
            _ => vec![String::new(); wanted],
        }
    }

    pub(super) fn keep_up(&mut self, set: &Arc<Value>) {
        let kind = set.text("/kind");
        self.adopt(set);
        let mut pods = self.store.owned("Pod", set);
        let mut free = self.places(set, &pods);
        // Those go first that are of least use, and of equals the youngest.
        pods.sort_by_key(|pod| {
            let age = pod.time("/metadata/creationTimestamp").map(|at| at.as_second());
            (!met(pod, "Ready"), Reverse(pod.text("/spec/nodeName").len()), age)
        });
        let (mut kept, mut extra) = (Vec::new(), Vec::new());
        for pod in &pods {
            let (own, named) = (place(kind, pod), !place(kind, pod).is_empty());
            if !named && (leaves(pod) || !serves(pod)) {
                continue;
            }
            match free.iter().position(|one| one == own).filter(|_| serves(pod)) {
                Some(at) => {
                    free.remove(at);
                    kept.push(pod);
                }
                None => extra.push(pod),
            }
        }
        let settled = free.is_empty() && kept.iter().all(|pod| met(pod, "Ready") && !leaves(pod));
        let label = format!("/metadata/labels/{HASH}");
        let hash =
            Dice::new(mark(&set.pointer("/spec/template").unwrap_or(&Value::Null).to_string())).letters(9);
        let named = matches!(kind, "StatefulSet" | "DaemonSet");
        let by_itself = named && set.text("/spec/updateStrategy/type") != "OnDelete";
        // One after the other, from the last; one that does not serve is replaced in any case.
        let stale = kept.iter().rev().find(|pod| by_itself && pod.text(&label) != hash);
        extra.extend(stale.filter(|pod| settled || !met(pod, "Ready")));
        let from = format!("{}-controller", kind.to_lowercase());
        for pod in extra.into_iter().filter(|pod| !leaves(pod)) {
            self.drop(&Key::of(pod));
            self.event(set, (&from, ""), "SuccessfulDelete", &format!("Deleted pod: {}", name(pod)));
        }
        // The pods of a stateful set come one after the other.
        let ordered = kind == "StatefulSet" && set.text("/spec/podManagementPolicy") != "Parallel";
        let ready = kept.iter().all(|pod| met(pod, "Ready"));
        free.truncate(if ordered { usize::from(ready) } else { usize::MAX });
        for place in &free {
            match self.new_pod(set, place, named.then_some(&*hash)) {
                Ok(pod) => {
                    self.event(set, (&from, ""), "SuccessfulCreate", &format!("Created pod: {}", name(&pod)))
                }
                Err(why) => self.event(set, (&from, ""), "!FailedCreate", &format!("Error creating: {why}")),
            }
        }
        self.report_set(set, &hash);
    }

    /// Makes a pod of a set's template, for a place.
    fn new_pod(&mut self, set: &Value, place: &str, hash: Option<&str>) -> Result<Value, String> {
        let mut pod = set.pointer("/spec/template").cloned().unwrap_or_default();
        pod.put("/metadata/ownerReferences", json!([owner(set)]));
        if let Some(hash) = hash {
            pod.put(&format!("/metadata/labels/{HASH}"), hash);
        }
        match set.text("/kind") {
            "StatefulSet" => pod.put("/metadata/name", place),
            kind => {
                pod.put("/metadata/generateName", format!("{}-", name(set)));
                if kind == "DaemonSet" {
                    pod.put("/spec/nodeName", place);
                    pod.fill("/spec/tolerations", json!([{"operator": "Exists"}]));
                }
            }
        }
        self.create("Pod", namespace(set), pod, Part::Main, false).map_err(|refusal| refusal.message)
    }

    fn report_set(&mut self, set: &Value, hash: &str) {
        let now = self.now;
        let all = self.store.owned("Pod", set);
        let live: Vec<&Arc<Value>> = all.iter().filter(|pod| serves(pod) && !leaves(pod)).collect();
        let least = float(set.count("/spec/minReadySeconds"));
        let ready: Vec<&Value> =
            live.iter().filter_map(|pod| found(pod, "Ready").filter(|_| met(pod, "Ready"))).collect();
        let lasts =
            |one: &&&Value| one.time("/lastTransitionTime").is_none_or(|since| seconds(since, now) >= least);
        let available = ready.iter().filter(lasts).count();
        let of_hash = |pod: &&&Arc<Value>| pod.text(&format!("/metadata/labels/{HASH}")) == hash;
        let updated = live.iter().filter(of_hash).count();
        let (many, ready) = (live.len(), ready.len());
        let (succeeded, failed) = (phase(&all, "Succeeded"), phase(&all, "Failed"));
        let wanted = self.places(set, &all).len();
        self.store.edit(&Key::of(set), |set| {
            let status = match set.text("/kind") {
                "StatefulSet" => json!({"replicas": many, "readyReplicas": ready, "availableReplicas": available, "updatedReplicas": updated,
                    "currentReplicas": updated, "currentRevision": hash, "updateRevision": hash}),
                "DaemonSet" => json!({"desiredNumberScheduled": wanted, "currentNumberScheduled": many, "numberReady": ready,
                    "numberAvailable": available, "updatedNumberScheduled": updated, "numberMisscheduled": 0,
                    "numberUnavailable": wanted.saturating_sub(available)}),
                "Job" => json!({"active": many, "ready": ready, "succeeded": succeeded, "failed": failed}),
                _ => json!({"replicas": many, "readyReplicas": ready, "availableReplicas": available, "fullyLabeledReplicas": many}),
            };
            for (field, value) in status.map("") {
                set.put(&format!("/status/{field}"), value.clone());
            }
            set.put("/status/observedGeneration", set.count("/metadata/generation"));
            if set.text("/kind") == "Job" {
                set.fill("/status/startTime", stamp(now));
                if succeeded >= set.count("/spec/completions") {
                    set.fill("/status/completionTime", stamp(now));
                    let why = "Reached expected number of succeeded pods";
                    condition(set, now, "Complete", "True", "CompletionsReached", why);
                } else if failed > set.count("/spec/backoffLimit") {
                    let why = "Job has reached the specified backoff limit";
                    condition(set, now, "Failed", "True", "BackoffLimitExceeded", why);
                }
            }
        });
    }
}
