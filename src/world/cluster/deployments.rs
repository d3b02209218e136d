//! Deployments and their replica sets: rollouts, revisions and the pods they keep up.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::events::{self, controller};
use super::kinds::{DEPLOYMENTS, PODS, REPLICA_SETS};
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, annotation, condition, count, counted, float, found, leaves, mark, met, name, namespace, share,
    stamp, uid,
};
use super::write::Part;
use crate::world::base::{Dice, seconds};

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_AT: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
/// Who tells of rollouts, and who of pods.
const FROM: events::From = controller("deployment-controller");
const FROM_SET: events::From = controller("replicaset-controller");
/// More replicas than this are not made.
const MOST: usize = 500;
const HASH_AT: &str = "/metadata/labels/pod-template-hash";

impl Cluster {
    pub(super) fn deploy(&mut self) {
        for one in self.busy(DEPLOYMENTS) {
            self.roll(&one);
        }
        for set in self.busy(REPLICA_SETS) {
            self.keep_up(&set);
        }
    }

    fn roll(&mut self, deployment: &Arc<Value>) {
        let mut sets = self.store.owned(REPLICA_SETS, deployment);
        sets.sort_by_key(|set| revision(set));
        let template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
        let wanted = deployment.int("/spec/replicas").unwrap_or(1);
        let paused = deployment.flag("/spec/paused");
        let newest = sets.last().map_or(0, |set| revision(set));
        let current = match sets.iter().rev().find(|set| same_template(set, &template)).cloned() {
            Some(set) if revision(&set) < newest && !paused => {
                // An older template is in use again: it becomes the newest revision.
                let (key, next) = (Key::of(REPLICA_SETS, &set), (newest + 1).to_string());
                self.store.edit(&key, |set| set.put(REVISION_AT, next));
                self.progressing(
                    deployment,
                    "FoundNewReplicaSet",
                    &format!("Found new replica set \"{}\"", key.name),
                );
                self.store.get(&key).cloned()
            }
            None if !paused => self.new_set(deployment, &template, newest + 1),
            known => known,
        };
        let shown = current.as_ref().map(|set| revision(set).to_string());
        if let Some(shown) = shown.filter(|shown| annotation(deployment, REVISION) != shown) {
            self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| one.put(REVISION_AT, shown));
        }
        let bounds = bounds(deployment, wanted);
        let is_old = |set: &&Arc<Value>| current.as_ref().is_none_or(|now| uid(now) != uid(set));
        let old: Vec<Arc<Value>> = sets.iter().filter(is_old).cloned().collect();
        if let Some(current) = current.as_ref().filter(|_| !paused) {
            if deployment.text("/spec/strategy/type") != "Recreate" {
                self.roll_on(deployment, current, &old, wanted, bounds);
            } else if old.iter().all(|set| self.store.owned(PODS, set).is_empty()) {
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
        self.report_rollout(deployment, wanted, bounds.1);
    }

    /// One step of a rolling update, which may have so many pods more or fewer than wanted.
    fn roll_on(
        &mut self,
        deployment: &Value,
        current: &Value,
        old: &[Arc<Value>],
        wanted: i64,
        bounds: (i64, i64),
    ) {
        let (surge, unavailable) = bounds;
        let has = |set: &Value| set.int("/spec/replicas").unwrap_or(0);
        // What was told to go serves no longer, even if it has not been counted yet.
        let serve = |set: &Value| set.int("/status/availableReplicas").unwrap_or(0).min(has(set));
        let (new, olds) = (has(current), old.iter().map(|set| has(set)).sum::<i64>());
        let room = (wanted + surge - new - olds).max(0);
        self.scale_set(deployment, current, if new >= wanted { wanted } else { wanted.min(new + room) });
        let least = wanted - unavailable;
        // First those that do not serve anyway.
        let mut most = (serve(current) + olds - least).max(0);
        let mut left: Vec<i64> = old.iter().map(|set| has(set)).collect();
        for (set, left) in old.iter().zip(&mut left) {
            let idle = (*left - serve(set)).min(most);
            *left -= idle;
            most -= idle;
        }
        let mut spare = (serve(current) + old.iter().map(|set| serve(set)).sum::<i64>() - least).max(0);
        for (set, left) in old.iter().zip(left) {
            let down = left.min(spare);
            spare -= down;
            self.scale_set(deployment, set, left - down);
        }
    }

    fn new_set(&mut self, deployment: &Value, template: &Value, revision: i64) -> Option<Arc<Value>> {
        let hash = Dice::new(mark(&template.to_string())).letters(10);
        let (mut template, named) = (template.clone(), format!("{}-{hash}", name(deployment)));
        template.put(HASH_AT, hash.as_str());
        let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
        selector.put("/matchLabels/pod-template-hash", hash);
        let mut annotations = deployment.at("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
        annotations.cut("/kubectl.kubernetes.io~1last-applied-configuration");
        let patience = deployment.int("/spec/minReadySeconds").unwrap_or(0);
        let mut body = json!({
            "metadata": {"name": named, "annotations": annotations, "ownerReferences": [owner(deployment)],
                "labels": template.pointer("/metadata/labels")},
            "spec": {"replicas": 0, "selector": selector, "template": template, "minReadySeconds": patience},
        });
        body.put(REVISION_AT, revision.to_string());
        let made = self.create(REPLICA_SETS, namespace(deployment), body, Part::Main, false).ok()?;
        self.progressing(deployment, "NewReplicaSetCreated", &format!("Created new replica set \"{named}\""));
        Some(Arc::new(made))
    }

    fn progressing(&mut self, deployment: &Value, reason: &str, why: &str) {
        let now = self.now;
        self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| {
            condition(one, now, "Progressing", "True", reason, why);
        });
    }

    fn scale_set(&mut self, deployment: &Value, set: &Value, to: i64) {
        let from = set.int("/spec/replicas").unwrap_or(0);
        if from != to {
            self.resize(&Key::of(REPLICA_SETS, set), to);
            let way = if to > from { "up" } else { "down" };
            let why = format!("Scaled {way} replica set {} from {from} to {to}", name(set));
            self.event(deployment, FROM, "ScalingReplicaSet", &why, "");
        }
    }

    fn forget_old(&mut self, deployment: &Value, old: &[Arc<Value>]) {
        let limit = usize::try_from(deployment.int("/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(0);
        let nought = |set: &Value, place: &str| set.int(place).unwrap_or(0) == 0;
        let empty = |set: &&Arc<Value>| nought(set, "/spec/replicas") && nought(set, "/status/replicas");
        let idle: Vec<&Arc<Value>> = old.iter().filter(empty).collect();
        for set in idle.iter().take(idle.len().saturating_sub(limit)) {
            self.drop(&Key::of(REPLICA_SETS, set));
        }
    }

    fn report_rollout(&mut self, deployment: &Value, wanted: i64, unavailable: i64) {
        let sets = self.store.owned(REPLICA_SETS, deployment);
        let template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
        let current = sets.iter().filter(|set| same_template(set, &template)).max_by_key(|set| revision(set));
        let sum =
            |field: &str| sets.iter().filter_map(|set| set.int(&format!("/status/{field}"))).sum::<i64>();
        let updated = current.and_then(|set| set.int("/status/replicas")).unwrap_or(0);
        let (total, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
        let failure = sets.iter().find_map(|set| found(set, "ReplicaFailure"));
        let (now, named) = (self.now, current.map_or("", |set| name(set)));
        self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| {
            let before = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"];
            let before = before.map(|field| one.int(&format!("/status/{field}")).unwrap_or(0));
            let observed = one.int("/metadata/generation").unwrap_or(1);
            one.put("/status/observedGeneration", observed);
            let missing = (wanted.max(total) - available).max(0);
            counted(
                one,
                &[("replicas", total), ("updatedReplicas", updated), ("unavailableReplicas", missing)],
            );
            counted(one, &[("readyReplicas", ready), ("availableReplicas", available)]);
            let (is, reason, has) = if available >= wanted - unavailable {
                ("True", "MinimumReplicasAvailable", "has")
            } else {
                ("False", "MinimumReplicasUnavailable", "does not have")
            };
            condition(one, now, "Available", is, reason, &format!("Deployment {has} minimum availability."));
            if let Some(failure) = failure {
                condition(one, now, "ReplicaFailure", "True", "FailedCreate", failure.text("/message"));
            } else if let Some(Value::Array(all)) = one.pointer_mut("/status/conditions") {
                all.retain(|one| one.text("/type") != "ReplicaFailure");
            }
            let complete = updated == wanted && total == wanted && available >= wanted;
            progress(one, now, named, complete, before != [total, updated, ready, available]);
        });
    }

    /// As many pods as a replica set asks for.
    fn keep_up(&mut self, set: &Arc<Value>) {
        let selector = Selector::at(set, "/spec/selector");
        let (own, all) = (owner(set), self.store.all(PODS, namespace(set)).cloned().collect::<Vec<_>>());
        for pod in &all {
            let mine = super::value::controller(pod).map(|(_, _, of)| of == uid(set));
            match (mine, selector.fits(pod)) {
                // A pod whose labels were changed is on its own from then on, and one that fits is taken in.
                (Some(true), false) => self
                    .store
                    .edit(&Key::of(PODS, pod), |pod| pod.put("/metadata/ownerReferences", json!([]))),
                (None, true) if !leaves(pod) && serves(pod) => {
                    self.store
                        .edit(&Key::of(PODS, pod), |pod| pod.put("/metadata/ownerReferences", json!([own])));
                }
                _ => {}
            }
        }
        let mut pods = self.store.owned(PODS, set);
        pods.retain(|pod| !leaves(pod) && serves(pod));
        let wanted = usize::try_from(set.int("/spec/replicas").unwrap_or(1)).unwrap_or(0).min(MOST);
        let failed = found(set, "ReplicaFailure").map(|one| one.text("/message").to_owned());
        let mut failure = failed.filter(|_| pods.len() < wanted);
        // What was refused is tried again after a while.
        let tries = failure.is_none() || (self.touched.is_none() && self.now.as_second() % 20 < 2);
        while tries && pods.len() < wanted {
            match self.pod_of(set, &format!("{}-", name(set)), "") {
                Ok(pod) => {
                    self.event(
                        set,
                        FROM_SET,
                        "SuccessfulCreate",
                        &format!("Created pod: {}", name(&pod)),
                        "",
                    );
                    pods.push(Arc::new(pod));
                }
                Err(why) => {
                    self.event(set, FROM_SET, "!FailedCreate", &format!("Error creating: {why}"), "");
                    failure = Some(why);
                    break;
                }
            }
        }
        // Those go first that are of least use, and of equals the youngest.
        let worth = |pod: &Arc<Value>| {
            let placed = !pod.text("/spec/nodeName").is_empty();
            let age = pod.time("/metadata/creationTimestamp").map(|at| std::cmp::Reverse(at.as_second()));
            (placed, pod.text("/status/phase") == "Running", met(pod, "Ready"), age)
        };
        pods.sort_by_key(worth);
        for pod in pods.drain(..pods.len().saturating_sub(wanted)) {
            self.drop(&Key::of(PODS, &pod));
            self.event(set, FROM_SET, "SuccessfulDelete", &format!("Deleted pod: {}", name(&pod)), "");
        }
        let (now, least) = (self.now, float(set.int("/spec/minReadySeconds").unwrap_or(0)));
        let lasting = |pod: &Arc<Value>| found(pod, "Ready").and_then(|one| one.time("/lastTransitionTime"));
        let ready: Vec<Option<Timestamp>> =
            pods.iter().filter(|pod| met(pod, "Ready")).map(lasting).collect();
        let available =
            ready.iter().filter(|since| since.is_none_or(|since| seconds(since, now) >= least)).count();
        self.store.edit(&Key::of(REPLICA_SETS, set), |set| {
            let conditions = set.at("/status/conditions").cloned().filter(|_| failure.is_some());
            set.put(
                "/status",
                json!({"replicas": pods.len(), "observedGeneration": set.int("/metadata/generation")}),
            );
            let counts = [
                ("readyReplicas", ready.len()),
                ("availableReplicas", available),
                ("fullyLabeledReplicas", pods.len()),
            ];
            counted(set, &counts.map(|(field, size)| (field, count(size))));
            if let Some(why) = &failure {
                set.put("/status/conditions", conditions.unwrap_or_default());
                condition(set, now, "ReplicaFailure", "True", "FailedCreate", why);
            }
        });
    }

    /// Makes a pod of an owner's template.
    pub(super) fn pod_of(&mut self, set: &Value, prefix: &str, exact: &str) -> Result<Value, String> {
        let mut pod = set.pointer("/spec/template").cloned().unwrap_or_default();
        if exact.is_empty() {
            pod.put("/metadata/generateName", prefix);
        } else {
            pod.put("/metadata/name", exact);
        }
        pod.put("/metadata/ownerReferences", json!([owner(set)]));
        self.create(PODS, namespace(set), pod, Part::Main, false).map_err(|refusal| refusal.message)
    }
}

/// Neither ended well nor badly.
pub(super) fn serves(pod: &Value) -> bool {
    !matches!(pod.text("/status/phase"), "Succeeded" | "Failed")
}

/// The reference to an object that controls another.
pub(super) fn owner(of: &Value) -> Value {
    json!({"apiVersion": of.text("/apiVersion"), "kind": of.text("/kind"), "name": name(of), "uid": uid(of), "controller": true,
        "blockOwnerDeletion": true})
}

fn revision(set: &Value) -> i64 {
    annotation(set, REVISION).parse().unwrap_or(0)
}

fn same_template(set: &Value, template: &Value) -> bool {
    let mut own = set.pointer("/spec/template").cloned().unwrap_or_default();
    own.cut(HASH_AT);
    let mut other = template.clone();
    other.cut(HASH_AT);
    own == other
}

/// How many pods more, and how many less, a rollout may make of it.
fn bounds(deployment: &Value, wanted: i64) -> (i64, i64) {
    if deployment.text("/spec/strategy/type") == "Recreate" {
        return (0, wanted);
    }
    let of = |field: &str, up: bool| {
        share(deployment.pointer(&format!("/spec/strategy/rollingUpdate/{field}")), wanted, up).unwrap_or(1)
    };
    match (of("maxSurge", true), of("maxUnavailable", false)) {
        (0, 0) => (0, 1),
        (surge, unavailable) => (surge, unavailable.min(wanted)),
    }
}

/// How far a rollout is, and whether it takes too long.
fn progress(one: &mut Value, now: Timestamp, set: &str, complete: bool, moved: bool) {
    let known = found(one, "Progressing");
    let reason = known.map_or("", |known| known.text("/reason")).to_owned();
    let since = known.and_then(|known| known.time("/lastUpdateTime")).unwrap_or(now);
    let late = seconds(since, now) > float(one.int("/spec/progressDeadlineSeconds").unwrap_or(600));
    let settled = reason == "NewReplicaSetAvailable";
    let (is, reason, how) = match &*reason {
        _ if one.flag("/spec/paused") => ("Unknown", "DeploymentPaused", "Deployment is paused"),
        "DeploymentPaused" => ("Unknown", "DeploymentResumed", "Deployment is resumed"),
        _ if complete => ("True", "NewReplicaSetAvailable", "has successfully progressed."),
        _ if settled && !moved => return,
        "" => ("True", "ReplicaSetUpdated", "is progressing."),
        _ if moved && !settled => {
            // The deadline counts from the last progress.
            let all = one.pointer_mut("/status/conditions").and_then(Value::as_array_mut);
            for one in all.into_iter().flatten().filter(|one| one.text("/type") == "Progressing") {
                one.put("/lastUpdateTime", stamp(now));
            }
            ("True", "ReplicaSetUpdated", "is progressing.")
        }
        _ if late && !settled => ("False", "ProgressDeadlineExceeded", "has timed out progressing."),
        _ => return,
    };
    let why = if how.starts_with("Deployment") { how.into() } else { format!("ReplicaSet \"{set}\" {how}") };
    condition(one, now, "Progressing", is, reason, &why);
}
