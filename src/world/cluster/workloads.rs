//! Deployments: rollouts from one replica set to the next, and revisions to go back to.
//!
//! And what keeps pods up: replica sets, stateful sets, daemon sets and jobs. Each has places for pods: any, by name,
//! by node, or as many as there is work; a place without a pod gets one, and a pod without a place goes.
use std::cmp::Reverse;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::facts::From;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, count, float, found, leaves, mark, met, name, namespace, owner, serves, share, size,
    stamp, uid,
};
use super::write::Part;
use crate::world::base::{Dice, seconds};

const REVISION_AT: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const HASH_AT: &str = "/metadata/labels/pod-template-hash";
const FROM: From = ("deployment-controller", "");

impl Cluster {
    pub(super) fn roll(&mut self, deployment: &Arc<Value>) {
        let mut sets = self.store.owned("ReplicaSet", deployment);
        sets.sort_by_key(|set| revision(set));
        let template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
        let (wanted, paused) = (deployment.count("/spec/replicas"), deployment.flag("/spec/paused"));
        let newest = sets.last().map_or(0, |set| revision(set));
        let mut current = sets.iter().rev().find(|set| same_template(set, &template)).cloned();
        if !paused && current.is_none() {
            current = self.new_set(deployment, template, newest + 1);
        } else if let Some(set) = current.as_ref().filter(|set| !paused && revision(set) < newest) {
            // An older template is in use again: it becomes the newest revision.
            self.store.edit(&Key::of(set), |set| set.put(REVISION_AT, (newest + 1).to_string()));
            self.progressing(deployment, "FoundNewReplicaSet", "Found new replica set");
        }
        let bounds = bounds(deployment, wanted);
        let is_old = |set: &&Arc<Value>| current.as_ref().is_none_or(|now| uid(now) != uid(set));
        let old: Vec<Arc<Value>> = sets.iter().filter(is_old).cloned().collect();
        if let Some(current) = current.as_ref().filter(|_| !paused) {
            let gone = || old.iter().all(|set| self.store.owned("Pod", set).is_empty());
            if deployment.text("/spec/strategy/type") != "Recreate" {
                self.roll_on(deployment, current, &old, bounds);
            } else if gone() {
                self.scale_set(deployment, current, wanted);
            } else {
                for set in &old {
                    self.scale_set(deployment, set, 0);
                }
            }
            self.forget_old(deployment, &old);
        } else if let [only] = &sets[..] {
            self.scale_set(deployment, only, wanted);
        }
        self.report_rollout(deployment, current.as_deref(), wanted, bounds.1);
    }

    /// One step of a rolling update, which may have so many pods more or fewer than wanted.
    fn roll_on(&mut self, deployment: &Value, current: &Value, old: &[Arc<Value>], bounds: (i64, i64)) {
        let (wanted, (surge, unavailable)) = (deployment.count("/spec/replicas"), bounds);
        let has = |set: &Value| set.count("/spec/replicas");
        // What was told to go serves no longer, even if it has not been counted yet.
        let serve = |set: &Value| set.count("/status/availableReplicas").min(has(set));
        let (new, olds) = (has(current), old.iter().map(|set| has(set)).sum::<i64>());
        let room = (wanted + surge - new - olds).max(0);
        self.scale_set(deployment, current, if new >= wanted { wanted } else { wanted.min(new + room) });
        let least = wanted - unavailable;
        let mut most = (serve(current) + olds - least).max(0);
        let mut spare = (serve(current) + old.iter().map(|set| serve(set)).sum::<i64>() - least).max(0);
        for set in old {
            // First those that do not serve anyway.
            let idle = (has(set) - serve(set)).min(most);
            most -= idle;
            let down = (has(set) - idle).min(spare);
            spare -= down;
            self.scale_set(deployment, set, has(set) - idle - down);
        }
    }

    fn new_set(&mut self, deployment: &Value, mut template: Value, revision: i64) -> Option<Arc<Value>> {
        let hash = Dice::new(mark(&template.to_string())).letters(10);
        let named = format!("{}-{hash}", name(deployment));
        template.put(HASH_AT, hash.as_str());
        let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
        selector.put("/matchLabels/pod-template-hash", hash);
        let mut annotations = deployment.at("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
        annotations.cut("/kubectl.kubernetes.io~1last-applied-configuration");
        let mut body = json!({
            "metadata": {"name": named, "annotations": annotations, "ownerReferences": [owner(deployment)],
                "labels": template.pointer("/metadata/labels")},
            "spec": {"replicas": 0, "selector": selector, "template": template, "minReadySeconds": deployment.count("/spec/minReadySeconds")},
        });
        body.put(REVISION_AT, revision.to_string());
        let made =
            self.create(&Key::new("ReplicaSet", namespace(deployment), ""), body, Part::Main, false).ok()?;
        self.progressing(deployment, "NewReplicaSetCreated", &format!("Created new replica set \"{named}\""));
        Some(Arc::new(made))
    }

    fn progressing(&mut self, deployment: &Value, reason: &str, why: &str) {
        let now = self.now;
        self.store.edit(&Key::of(deployment), |one| condition(one, now, "Progressing", "True", reason, why));
    }

    fn scale_set(&mut self, deployment: &Value, set: &Value, to: i64) {
        let from = set.count("/spec/replicas");
        if from != to {
            self.resize(&Key::of(set), to);
            let way = if to > from { "up" } else { "down" };
            let why = format!("Scaled {way} replica set {} from {from} to {to}", name(set));
            self.event(deployment, FROM, "ScalingReplicaSet", &why);
        }
    }

    /// Sets the replicas of what has some.
    pub(super) fn resize(&mut self, key: &Key, to: i64) {
        self.store.edit(key, |one| {
            one.put("/spec/replicas", to);
            one.put("/metadata/generation", one.count("/metadata/generation") + 1);
        });
    }

    fn forget_old(&mut self, deployment: &Value, old: &[Arc<Value>]) {
        let empty = |set: &&Arc<Value>| set.count("/spec/replicas") + set.count("/status/replicas") == 0;
        let idle: Vec<&Arc<Value>> = old.iter().filter(empty).collect();
        let many = count(idle.len()) - deployment.int("/spec/revisionHistoryLimit").unwrap_or(10);
        for set in idle.iter().take(super::value::size(many)) {
            self.drop(&Key::of(set));
        }
    }

    fn report_rollout(&mut self, deployment: &Value, current: Option<&Value>, wanted: i64, unavailable: i64) {
        let sets = self.store.owned("ReplicaSet", deployment);
        let sum = |field: &str| sets.iter().map(|set| set.count(&format!("/status/{field}"))).sum::<i64>();
        let (total, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
        let set = sets.iter().find(|set| current.is_some_and(|current| uid(current) == uid(set)));
        let updated = set.map_or(0, |set| set.count("/status/replicas"));
        let failure =
            sets.iter().filter(|set| met(set, "ReplicaFailure")).find_map(|set| found(set, "ReplicaFailure"));
        let failure = failure.map(|one| one.text("/message").to_owned());
        let (now, named) = (self.now, set.map_or("", |set| name(set)));
        self.store.edit(&Key::of(deployment), |one| {
            if let Some(set) = set {
                one.put(REVISION_AT, set.text(REVISION_AT));
            }
            let mut moved = false;
            for (field, count) in [
                ("replicas", total),
                ("updatedReplicas", updated),
                ("readyReplicas", ready),
                ("availableReplicas", available),
            ] {
                let place = format!("/status/{field}");
                moved |= one.count(&place) != count;
                one.put(&place, count);
            }
            one.put("/status/unavailableReplicas", (wanted.max(total) - available).max(0));
            one.put("/status/observedGeneration", one.count("/metadata/generation"));
            let (is, reason, has) = if available >= wanted - unavailable {
                ("True", "MinimumReplicasAvailable", "has")
            } else {
                ("False", "MinimumReplicasUnavailable", "does not have")
            };
            condition(one, now, "Available", is, reason, &format!("Deployment {has} minimum availability."));
            fails(one, now, failure.as_deref());
            progress(one, now, named, updated == wanted && total == wanted && available >= wanted, moved);
        });
    }
}

/// Tells why no pods can be made, as long as it is so.
fn fails(one: &mut Value, now: Timestamp, failure: Option<&str>) {
    if failure.is_some() || met(one, "ReplicaFailure") {
        let is = if failure.is_some() { "True" } else { "False" };
        condition(one, now, "ReplicaFailure", is, "FailedCreate", failure.unwrap_or_default());
    }
}

fn revision(set: &Value) -> i64 {
    set.text(REVISION_AT).parse().unwrap_or(0)
}

fn same_template(set: &Value, template: &Value) -> bool {
    let mut own = set.pointer("/spec/template").cloned().unwrap_or_default();
    own.cut(HASH_AT);
    own == *template
}

/// How many pods more, and how many less, a rollout may make of it.
fn bounds(deployment: &Value, wanted: i64) -> (i64, i64) {
    let of = |field: &str, up: bool| {
        share(deployment.pointer(&format!("/spec/strategy/rollingUpdate/{field}")), wanted, up)
    };
    match (of("maxSurge", true), of("maxUnavailable", false)) {
        _ if deployment.text("/spec/strategy/type") == "Recreate" => (0, wanted),
        (Some(0), Some(0)) => (0, 1),
        (surge, unavailable) => (surge.unwrap_or(1), unavailable.unwrap_or(1).min(wanted)),
    }
}

/// How far a rollout is, and whether it takes too long.
fn progress(one: &mut Value, now: Timestamp, set: &str, complete: bool, moved: bool) {
    let known = found(one, "Progressing").cloned().unwrap_or_default();
    let since = known.time("/lastUpdateTime").unwrap_or(now);
    let late = seconds(since, now) > float(one.int("/spec/progressDeadlineSeconds").unwrap_or(600));
    let settled = known.text("/reason") == "NewReplicaSetAvailable";
    let (is, reason, how) = match known.text("/reason") {
        _ if one.flag("/spec/paused") => ("Unknown", "DeploymentPaused", "is paused."),
        "DeploymentPaused" => ("Unknown", "DeploymentResumed", "is resumed."),
        _ if complete => ("True", "NewReplicaSetAvailable", "has successfully progressed."),
        _ if moved && !settled => ("True", "ReplicaSetUpdated", "is progressing."),
        _ if late && !settled => ("False", "ProgressDeadlineExceeded", "has timed out progressing."),
        _ => return,
    };
    condition(one, now, "Progressing", is, reason, &format!("ReplicaSet \"{set}\" {how}"));
    // The deadline counts from the last progress.
    let all = one.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
    let known = all.into_iter().flatten().find(|one| moved && one.text("/type") == "Progressing");
    if let Some(known) = known {
        known.put("/lastUpdateTime", stamp(now));
    }
}

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
                    selector.fits(node) && super::nodes::untolerated(spec, node, true).is_none()
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
            let age = pod.time("/metadata/creationTimestamp").map(Timestamp::as_second);
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
        let mut failure = None;
        for place in &free {
            match self.new_pod(set, place, named.then_some(&*hash)) {
                Ok(pod) => {
                    let why = format!("Created pod: {}", name(&pod));
                    self.event(set, (&from, ""), "SuccessfulCreate", &why);
                }
                Err(why) => failure = Some(why),
            }
        }
        let told = found(set, "ReplicaFailure").map_or("", |one| one.text("/message"));
        if let Some(why) = failure.as_deref().filter(|why| *why != told) {
            self.event(set, (&from, ""), "!FailedCreate", &format!("Error creating: {why}"));
        }
        self.report_set(set, &hash, failure.as_deref());
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
        self.create(&Key::new("Pod", namespace(set), ""), pod, Part::Main, false)
            .map_err(|refusal| refusal.message)
    }

    fn report_set(&mut self, set: &Value, hash: &str, failure: Option<&str>) {
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
            fails(set, now, failure);
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
