//! Deployments and their replica sets: rollouts, revisions and the pods they keep up.
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::events::controller;
use super::kinds::{DEPLOYMENTS, PODS, REPLICA_SETS};
use super::select::Selector;
use super::store::Key;
use super::value::{Dig, annotation, condition, leaves, met, name, namespace, share, uid};
use super::write::Part;
use crate::world::base::seconds;

pub(super) const REVISION: &str = "deployment.kubernetes.io/revision";
const REVISION_AT: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const DESIRED_AT: &str = "/metadata/annotations/deployment.kubernetes.io~1desired-replicas";
const MOST_AT: &str = "/metadata/annotations/deployment.kubernetes.io~1max-replicas";
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
        let newest = sets.iter().map(|set| revision(set)).max().unwrap_or(0);
        let current = sets.iter().rev().find(|set| same_template(set, &template)).cloned();
        let (surge, unavailable) = bounds(deployment, wanted);
        let current = match current {
            Some(set) if revision(&set) < newest && !paused => {
                // An older template is in use again: it becomes the newest revision.
                self.store
                    .edit(&Key::of(REPLICA_SETS, &set), |set| set.put(REVISION_AT, (newest + 1).to_string()));
                let (now, why) = (self.now, format!("Found new replica set \"{}\"", name(&set)));
                self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| {
                    condition(one, now, "Progressing", "True", "FoundNewReplicaSet", &why);
                });
                self.store.find(REPLICA_SETS, namespace(&set), name(&set)).cloned()
            }
            Some(set) => Some(set),
            None if paused => None,
            None => self.new_set(deployment, &template, newest + 1, wanted + surge),
        };
        if let Some(current) = &current {
            let shown = revision(current).to_string();
            if annotation(deployment, REVISION) != shown {
                self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| one.put(REVISION_AT, shown));
            }
        }
        let old: Vec<Arc<Value>> = sets
            .iter()
            .filter(|set| current.as_ref().is_none_or(|now| uid(now) != uid(set)))
            .cloned()
            .collect();
        let total =
            |sets: &[Arc<Value>], field: &str| sets.iter().filter_map(|set| set.int(field)).sum::<i64>();
        if let Some(current) = current.as_ref().filter(|_| !paused) {
            let recreate = deployment.text("/spec/strategy/type") == "Recreate";
            if recreate {
                for set in &old {
                    self.scale_set(deployment, set, 0);
                }
                if total(&old, "/status/replicas") == 0
                    && old.iter().all(|set| self.store.owned(PODS, set).is_empty())
                {
                    self.scale_set(deployment, current, wanted);
                }
            } else {
                self.roll_on(deployment, current, &old, (wanted, surge, unavailable));
            }
            self.forget_old(deployment, &old);
        } else if let [only] = &sets[..] {
            self.scale_set(deployment, only, wanted);
        }
        self.report_rollout(deployment, wanted, unavailable);
    }

    fn roll_on(
        &mut self,
        deployment: &Value,
        current: &Value,
        old: &[Arc<Value>],
        (wanted, surge, unavailable): (i64, i64, i64),
    ) {
        let has = |set: &Value, field: &str| set.int(field).unwrap_or(0);
        let new = has(current, "/spec/replicas");
        let olds: i64 = old.iter().map(|set| has(set, "/spec/replicas")).sum();
        let room = wanted + surge - new - olds;
        let next = if new >= wanted { wanted } else { new + room.max(0).min(wanted - new) };
        self.scale_set(deployment, current, next);
        if olds == 0 {
            return;
        }
        let least = wanted - unavailable;
        let missing = new - has(current, "/status/availableReplicas");
        let mut most = new + olds - least - missing;
        // First those that do not serve anyway.
        let mut left: Vec<i64> = old.iter().map(|set| has(set, "/spec/replicas")).collect();
        for (set, left) in old.iter().zip(&mut left) {
            let idle = (*left - has(set, "/status/availableReplicas")).clamp(0, most.max(0));
            *left -= idle;
            most -= idle;
        }
        let available = has(current, "/status/availableReplicas")
            + old.iter().map(|set| has(set, "/status/availableReplicas")).sum::<i64>();
        let mut spare = (available - least).max(0);
        for (set, left) in old.iter().zip(left) {
            let down = left.min(spare);
            spare -= down;
            self.scale_set(deployment, set, left - down);
        }
    }

    fn new_set(
        &mut self,
        deployment: &Value,
        template: &Value,
        revision: i64,
        most: i64,
    ) -> Option<Arc<Value>> {
        let hash = super::value::mark(&template.to_string());
        let hash = crate::world::base::Dice::new(hash).letters(10);
        let mut template = template.clone();
        template.put(HASH_AT, hash.clone());
        let mut selector = deployment.pointer("/spec/selector").cloned().unwrap_or_default();
        selector.put("/matchLabels/pod-template-hash", hash.clone());
        let mut annotations =
            deployment.pointer("/metadata/annotations").cloned().unwrap_or_else(|| json!({}));
        annotations.cut("/kubectl.kubernetes.io~1last-applied-configuration");
        let mut body = json!({
            "metadata": {"name": format!("{}-{hash}", name(deployment)), "annotations": annotations,
                "labels": template.pointer("/metadata/labels"), "ownerReferences": [owner(deployment)]},
            "spec": {"replicas": 0, "selector": selector, "template": template, "minReadySeconds": deployment.int("/spec/minReadySeconds").unwrap_or(0)},
        });
        body.put(REVISION_AT, revision.to_string());
        body.put(DESIRED_AT, deployment.int("/spec/replicas").unwrap_or(1).to_string());
        body.put(MOST_AT, most.to_string());
        let made = self.create(REPLICA_SETS, namespace(deployment), body, Part::Main, false).ok()?;
        let now = self.now;
        let why = format!("Created new replica set \"{}\"", name(&made));
        self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| {
            condition(one, now, "Progressing", "True", "NewReplicaSetCreated", &why);
        });
        Some(Arc::new(made))
    }

    fn scale_set(&mut self, deployment: &Value, set: &Value, to: i64) {
        let from = set.int("/spec/replicas").unwrap_or(0);
        let wanted = deployment.int("/spec/replicas").unwrap_or(1);
        let key = Key::of(REPLICA_SETS, set);
        let (surge, _) = bounds(deployment, wanted);
        if annotation(set, "deployment.kubernetes.io/desired-replicas") != wanted.to_string() {
            self.store.edit(&key, |set| {
                set.put(DESIRED_AT, wanted.to_string());
                set.put(MOST_AT, (wanted + surge).to_string());
            });
        }
        if from == to {
            return;
        }
        self.store.edit(&key, |set| {
            set.put("/spec/replicas", to);
            let generation = set.int("/metadata/generation").unwrap_or(0);
            set.put("/metadata/generation", generation + 1);
        });
        let way = if to > from { "up" } else { "down" };
        let why = format!("Scaled {way} replica set {} from {from} to {to}", name(set));
        self.event(deployment, controller("deployment-controller"), "ScalingReplicaSet", &why, "");
    }

    fn forget_old(&mut self, deployment: &Value, old: &[Arc<Value>]) {
        let limit = usize::try_from(deployment.int("/spec/revisionHistoryLimit").unwrap_or(10)).unwrap_or(0);
        let empty = |set: &&Arc<Value>| {
            set.int("/spec/replicas") == Some(0) && set.int("/status/replicas").unwrap_or(0) == 0
        };
        let idle: Vec<&Arc<Value>> = old.iter().filter(empty).collect();
        for set in idle.iter().take(idle.len().saturating_sub(limit)) {
            let _ = self.delete(&Key::of(REPLICA_SETS, set), &Value::Null, false);
        }
    }

    fn report_rollout(&mut self, deployment: &Value, wanted: i64, unavailable: i64) {
        let sets = self.store.owned(REPLICA_SETS, deployment);
        let template = deployment.pointer("/spec/template").cloned().unwrap_or_default();
        let current =
            sets.iter().filter(|set| same_template(set, &template)).max_by_key(|set| revision(set)).cloned();
        let sum =
            |field: &str| sets.iter().filter_map(|set| set.int(&format!("/status/{field}"))).sum::<i64>();
        let updated = current.as_ref().and_then(|set| set.int("/status/replicas")).unwrap_or(0);
        let (total, ready, available) = (sum("replicas"), sum("readyReplicas"), sum("availableReplicas"));
        let failure = sets.iter().find_map(|set| {
            set.list("/status/conditions").iter().find(|one| one.text("/type") == "ReplicaFailure").cloned()
        });
        let now = self.now;
        let named = current.as_ref().map(|set| name(set).to_owned()).unwrap_or_default();
        self.store.edit(&Key::of(DEPLOYMENTS, deployment), |one| {
            let before = ["replicas", "updatedReplicas", "readyReplicas", "availableReplicas"]
                .map(|field| one.int(&format!("/status/{field}")).unwrap_or(0));
            let observed = one.int("/metadata/generation").unwrap_or(1);
            one.put("/status/observedGeneration", observed);
            let counts = [
                ("replicas", total),
                ("updatedReplicas", updated),
                ("readyReplicas", ready),
                ("availableReplicas", available),
                ("unavailableReplicas", (wanted.max(total) - available).max(0)),
            ];
            for (field, count) in counts {
                // What is nought is not written.
                let place = format!("/status/{field}");
                if count == 0 {
                    one.cut(&place);
                } else {
                    one.put(&place, count);
                }
            }
            if available >= wanted - unavailable {
                condition(
                    one,
                    now,
                    "Available",
                    "True",
                    "MinimumReplicasAvailable",
                    "Deployment has minimum availability.",
                );
            } else {
                condition(
                    one,
                    now,
                    "Available",
                    "False",
                    "MinimumReplicasUnavailable",
                    "Deployment does not have minimum availability.",
                );
            }
            match &failure {
                Some(failure) => {
                    condition(one, now, "ReplicaFailure", "True", "FailedCreate", failure.text("/message"));
                }
                None => {
                    if let Some(Value::Array(all)) = one.pointer_mut("/status/conditions") {
                        all.retain(|one| one.text("/type") != "ReplicaFailure");
                    }
                }
            }
            let moved = before != [total, updated, ready, available];
            progress(one, now, &named, (wanted, total, updated, available), moved);
        });
    }

    /// As many pods as a replica set asks for.
    fn keep_up(&mut self, set: &Arc<Value>) {
        let selector = Selector::of(set.pointer("/spec/selector").unwrap_or(&Value::Null));
        for pod in self.store.owned(PODS, set).iter().filter(|pod| !selector.fits(pod)) {
            // A pod whose labels were changed is on its own from then on.
            self.store.edit(&Key::of(PODS, pod), |pod| {
                pod.cut("/metadata/ownerReferences");
            });
        }
        let alone = |pod: &&Arc<Value>| {
            super::value::controller(pod).is_none() && selector.fits(pod) && !leaves(pod) && serves(pod)
        };
        let alone: Vec<Arc<Value>> = self.store.all(PODS, namespace(set)).filter(alone).cloned().collect();
        for pod in alone {
            self.store
                .edit(&Key::of(PODS, &pod), |pod| pod.put("/metadata/ownerReferences", json!([owner(set)])));
        }
        let mut pods: Vec<Arc<Value>> =
            self.store.owned(PODS, set).into_iter().filter(|pod| !leaves(pod) && serves(pod)).collect();
        let wanted =
            usize::try_from(set.int("/spec/replicas").unwrap_or(1)).unwrap_or(0).min(super::MOST_EVENTS);
        let failed = set.list("/status/conditions").iter().find(|one| one.text("/type") == "ReplicaFailure");
        let mut failure = failed.map(|one| one.text("/message").to_owned()).filter(|_| pods.len() < wanted);
        // What was refused is tried again after a while.
        let tries = failure.is_none() || self.now.as_second() % 20 < 2;
        while tries && pods.len() < wanted {
            match self.pod_of(set, &format!("{}-", name(set)), "") {
                Ok(pod) => {
                    self.event(
                        set,
                        controller("replicaset-controller"),
                        "SuccessfulCreate",
                        &format!("Created pod: {}", name(&pod)),
                        "",
                    );
                    pods.push(Arc::new(pod));
                }
                Err(why) => {
                    self.event(
                        set,
                        controller("replicaset-controller"),
                        "!FailedCreate",
                        &format!("Error creating: {why}"),
                        "",
                    );
                    failure = Some(why);
                    break;
                }
            }
        }
        // Those go first that are of least use, and of equals the youngest.
        let worth = |pod: &Arc<Value>| {
            let (placed, runs) =
                (!pod.text("/spec/nodeName").is_empty(), pod.text("/status/phase") == "Running");
            let age = pod.time("/metadata/creationTimestamp").map(|at| std::cmp::Reverse(at.as_second()));
            (placed, runs, met(pod, "Ready"), age)
        };
        pods.sort_by_key(worth);
        let extra = pods.len().saturating_sub(wanted);
        for pod in pods.drain(..extra) {
            let _ = self.delete(&Key::of(PODS, &pod), &Value::Null, false);
            self.event(
                set,
                controller("replicaset-controller"),
                "SuccessfulDelete",
                &format!("Deleted pod: {}", name(&pod)),
                "",
            );
        }
        let (now, least) = (self.now, super::value::float(set.int("/spec/minReadySeconds").unwrap_or(0)));
        let ready = pods.iter().filter(|pod| met(pod, "Ready")).count();
        let available = pods.iter().filter(|pod| ready_for(pod, now) >= least).count();
        self.store.edit(&Key::of(REPLICA_SETS, set), |set| {
            let observed = set.int("/metadata/generation").unwrap_or(1);
            let mut status = json!({"replicas": pods.len(), "observedGeneration": observed});
            for (field, count) in [
                ("/fullyLabeledReplicas", pods.len()),
                ("/readyReplicas", ready),
                ("/availableReplicas", available),
            ] {
                if count > 0 {
                    status.put(field, count);
                }
            }
            if let Some(old) = set.at("/status/conditions").filter(|_| failure.is_some()) {
                status.put("/conditions", old.clone());
            }
            set.put("/status", status);
            if let Some(why) = &failure {
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

/// How long it has been ready; less than nothing where it is not.
fn ready_for(pod: &Value, now: jiff::Timestamp) -> f64 {
    let ready = pod
        .list("/status/conditions")
        .iter()
        .find(|one| one.text("/type") == "Ready" && one.text("/status") == "True");
    ready.map_or(-1.0, |one| one.time("/lastTransitionTime").map_or(0.0, |at| seconds(at, now)))
}

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
fn progress(
    one: &mut Value,
    now: jiff::Timestamp,
    set: &str,
    (wanted, total, updated, available): (i64, i64, i64, i64),
    moved: bool,
) {
    let known = one.list("/status/conditions").iter().find(|one| one.text("/type") == "Progressing").cloned();
    let reason = known.as_ref().map(|known| known.text("/reason").to_owned()).unwrap_or_default();
    if one.flag("/spec/paused") {
        condition(one, now, "Progressing", "Unknown", "DeploymentPaused", "Deployment is paused");
        return;
    }
    if reason == "DeploymentPaused" {
        condition(one, now, "Progressing", "Unknown", "DeploymentResumed", "Deployment is resumed");
        return;
    }
    let complete = updated == wanted && total == wanted && available >= wanted;
    let since = known.as_ref().and_then(|known| known.time("/lastUpdateTime")).unwrap_or(now);
    let deadline = super::value::float(one.int("/spec/progressDeadlineSeconds").unwrap_or(600));
    if complete {
        let why = format!("ReplicaSet \"{set}\" has successfully progressed.");
        condition(one, now, "Progressing", "True", "NewReplicaSetAvailable", &why);
    } else if moved && reason != "NewReplicaSetAvailable" || reason.is_empty() {
        let why = format!("ReplicaSet \"{set}\" is progressing.");
        condition(one, now, "Progressing", "True", "ReplicaSetUpdated", &why);
        touched(one, now);
    } else if seconds(since, now) > deadline && reason != "NewReplicaSetAvailable" {
        let why = format!("ReplicaSet \"{set}\" has timed out progressing.");
        condition(one, now, "Progressing", "False", "ProgressDeadlineExceeded", &why);
    }
}

/// The deadline counts from the last progress.
fn touched(one: &mut Value, now: jiff::Timestamp) {
    if let Some(Value::Array(all)) = one.pointer_mut("/status/conditions") {
        all.iter_mut()
            .filter(|one| one.text("/type") == "Progressing")
            .for_each(|one| one.put("/lastUpdateTime", super::value::stamp(now)));
    }
}
