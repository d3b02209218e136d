//! Deployments: rollouts from one replica set to the next, and revisions to go back to.
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::events::From;
use super::store::Key;
use super::value::{Dig, condition, count, float, found, mark, name, namespace, owner, share, stamp, uid};
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
            let key = Key::of(set);
            self.store.edit(&key, |set| set.put(REVISION_AT, (newest + 1).to_string()));
            self.progressing(
                deployment,
                "FoundNewReplicaSet",
                &format!("Found new replica set \"{}\"", key.name),
            );
            current = self.store.get(&key).cloned();
        }
        let bounds = bounds(deployment, wanted);
        let is_old = |set: &&Arc<Value>| current.as_ref().is_none_or(|now| uid(now) != uid(set));
        let old: Vec<Arc<Value>> = sets.iter().filter(is_old).cloned().collect();
        if let Some(current) = current.as_ref().filter(|_| !paused) {
            let gone = || old.iter().all(|set| self.store.owned("Pod", set).is_empty());
            if deployment.text("/spec/strategy/type") != "Recreate" {
                self.roll_on(deployment, current, &old, wanted, bounds);
            } else if gone() {
                self.scale_set(deployment, current, wanted);
            } else {
                old.iter().for_each(|set| self.scale_set(deployment, set, 0));
            }
            self.forget_old(deployment, &old);
        } else if let [only] = &sets[..] {
            self.scale_set(deployment, only, wanted);
        }
        self.report_rollout(deployment, current.as_deref(), wanted, bounds.1);
    }

    /// One step of a rolling update, which may have so many pods more or fewer than wanted.
    fn roll_on(
        &mut self,
        deployment: &Value,
        current: &Value,
        old: &[Arc<Value>],
        wanted: i64,
        (surge, unavailable): (i64, i64),
    ) {
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
        let made = self.create("ReplicaSet", namespace(deployment), body, Part::Main, false).ok()?;
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
        let (now, named) = (self.now, set.map_or("", |set| name(set)));
        self.store.edit(&Key::of(deployment), |one| {
            if let Some(set) = set {
                one.put(REVISION_AT, set.text(REVISION_AT));
            }
            let counts = [
                ("replicas", total),
                ("updatedReplicas", updated),
                ("readyReplicas", ready),
                ("availableReplicas", available),
                ("unavailableReplicas", (wanted.max(total) - available).max(0)),
                ("observedGeneration", one.count("/metadata/generation")),
            ];
            let mut moved = false;
            for (field, count) in counts {
                let place = format!("/status/{field}");
                moved |= field != "observedGeneration" && one.count(&place) != count;
                one.put(&place, count);
            }
            let (is, reason, has) = if available >= wanted - unavailable {
                ("True", "MinimumReplicasAvailable", "has")
            } else {
                ("False", "MinimumReplicasUnavailable", "does not have")
            };
            condition(one, now, "Available", is, reason, &format!("Deployment {has} minimum availability."));
            progress(one, now, named, updated == wanted && total == wanted && available >= wanted, moved);
        });
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
