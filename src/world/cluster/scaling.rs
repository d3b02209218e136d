//! Autoscalers, disruption budgets, quotas and the endpoints of services: what follows from how pods are.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::deployments::{owner, serves};
use super::events::controller;
use super::kinds::{
    AUTOSCALERS, BUDGETS, DEPLOYMENTS, PODS, QUOTAS, REPLICA_SETS, SERVICES, SLICES, STATEFUL_SETS,
};
use super::refusal::Refusal;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, count, float, later, leaves, met, name, namespace, quantity, share, stamp, whole,
};
use super::write::Part;
use crate::world::base::seconds;

const EVERY: f64 = 15.0;
/// So long it must be right to scale down before it is done.
const STEADY: f64 = 300.0;

/// What an autoscaler sees: how many replicas each metric asks for, the metrics, and what it cannot see.
struct Seen {
    wish: i64,
    metrics: Vec<Value>,
    blind: Option<String>,
}

impl Cluster {
    pub(super) fn scale(&mut self) {
        if seconds(self.scaled, self.now) >= EVERY {
            self.scaled = self.now;
            for one in self.store.all(AUTOSCALERS, "").cloned().collect::<Vec<_>>() {
                self.autoscale(&one);
            }
        }
        for one in self.beside_pods(BUDGETS) {
            self.budget(&one);
        }
        for quota in self.beside_pods(QUOTAS) {
            let used = self.store.all(PODS, namespace(&quota)).filter(|pod| serves(pod)).count();
            self.store.edit(&Key::of(QUOTAS, &quota), |quota| {
                let hard = quota.pointer("/spec/hard").cloned().unwrap_or_default();
                quota.put("/status", json!({"hard": hard, "used": {"pods": used.to_string()}}));
            });
        }
        for service in self.beside_pods(SERVICES).iter().filter(|one| one.at("/spec/selector").is_some()) {
            self.endpoints(service);
        }
    }

    fn selected(&self, place: &str, selector: &Selector) -> Vec<Arc<Value>> {
        self.store.all(PODS, place).filter(|pod| selector.fits(pod) && serves(pod)).cloned().collect()
    }

    fn autoscale(&mut self, hpa: &Arc<Value>) {
        let of = |field: &str| hpa.text(&format!("/spec/scaleTargetRef/{field}"));
        let kind = if of("kind") == "StatefulSet" { STATEFUL_SETS } else { DEPLOYMENTS };
        let key = Key::new(kind, namespace(hpa), of("name"));
        let (now, own, from) = (self.now, Key::of(AUTOSCALERS, hpa), controller("horizontal-pod-autoscaler"));
        let Some(target) = self.store.get(&key).cloned() else {
            let gone = self.store.kind(kind).map(|kind| Refusal::not_found(kind, &key.name).message);
            let why = "the HPA controller was unable to get the target's current scale";
            let why = format!("{why}: {}", gone.unwrap_or_default());
            self.event(hpa, from, "!FailedGetScale", &why, "");
            return self.store.edit(&own, |hpa| {
                condition(hpa, now, "AbleToScale", "False", "FailedGetScale", &why);
            });
        };
        let has = target.int("/spec/replicas").unwrap_or(1);
        let seen = self.measured(hpa, &target, has);
        let (least, most) =
            (hpa.int("/spec/minReplicas").unwrap_or(1), hpa.int("/spec/maxReplicas").unwrap_or(1));
        // The highest of the last minutes, so that it does not swing.
        let wishes = self.wishes.entry(own.clone()).or_default();
        wishes.push_back((now, seen.wish));
        wishes.retain(|(at, _)| *at > later(now, -STEADY));
        let held = wishes.iter().map(|(_, wish)| *wish).max().unwrap_or(has);
        let wish = held.min(has.max(seen.wish)).min(most.max(least)).max(least).min((2 * has).max(4));
        let wish = if has == 0 { 0 } else { wish };
        if wish != has {
            self.resize(&key, wish);
            let why = match seen.metrics.is_empty() {
                true => "Current number of replicas outside of limits",
                false if wish > has => "cpu resource utilization (percentage of request) above target",
                false => "All metrics below target",
            };
            self.event(hpa, from, "SuccessfulRescale", &format!("New size: {wish}; reason: {why}"), "");
        }
        self.store.edit(&own, |hpa| {
            hpa.put("/status/currentReplicas", has);
            hpa.put("/status/desiredReplicas", wish);
            if wish != has {
                hpa.put("/status/lastScaleTime", stamp(now));
            }
            let done = format!("the HPA controller was able to update the target scale to {wish}");
            let ready = ("ReadyForNewScale", "recommended size matches current size");
            let able = if wish == has { ready } else { ("SucceededRescale", &*done) };
            condition(hpa, now, "AbleToScale", "True", able.0, able.1);
            let active = match &seen.blind {
                Some(why) if seen.metrics.is_empty() => ("False", "FailedGetResourceMetric", why.as_str()),
                _ if has == 0 => ("False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero"),
                _ => ("True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"),
            };
            condition(hpa, now, "ScalingActive", active.0, active.1, active.2);
            let limited = match seen.wish {
                wish if wish > most => ("True", "TooManyReplicas", "the desired replica count is more than the maximum replica count"),
                wish if wish < least => ("True", "TooFewReplicas", "the desired replica count is less than the minimum replica count"),
                _ => ("False", "DesiredWithinRange", "the desired count is within the acceptable range"),
            };
            condition(hpa, now, "ScalingLimited", limited.0, limited.1, limited.2);
            hpa.put("/status/currentMetrics", seen.metrics);
        });
    }

    /// What the pods of a target use, against what an autoscaler aims at.
    fn measured(&self, hpa: &Value, target: &Value, has: i64) -> Seen {
        let pods = self.selected(namespace(hpa), &Selector::at(target, "/spec/selector"));
        let mut seen = Seen { wish: has, metrics: Vec::new(), blind: None };
        for metric in hpa.list("/spec/metrics") {
            let resource = metric.text("/resource/name");
            let of_pod = |pod: &Arc<Value>| {
                let life = self.lives.get(&Key::of(PODS, pod)).filter(|life| life.ready)?;
                let place = format!("/resources/requests/{resource}");
                let asked =
                    pod.list("/spec/containers").iter().filter_map(|one| quantity(one.pointer(&place)));
                let cpu = resource == "cpu";
                Some(if cpu { (life.cpu, asked.sum::<f64>() * 1000.0) } else { (life.memory, asked.sum()) })
            };
            let all: Vec<(f64, f64)> = pods.iter().filter_map(of_pod).collect();
            let (used, wanted) = all.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            let aim = metric.int("/resource/target/averageUtilization").map_or(0.0, float);
            if wanted <= 0.0 || aim <= 0.0 {
                let why = format!(
                    "the HPA was unable to compute the replica count: failed to get {resource} utilization: missing request for {resource}"
                );
                seen.blind = Some(why);
                continue;
            }
            let (percent, many) = (used / wanted * 100.0, float(count(all.len())));
            let average = whole(used / many);
            let average = if resource == "cpu" { format!("{average}m") } else { average.to_string() };
            let now = json!({"averageUtilization": whole(percent.floor()), "averageValue": average});
            seen.metrics.push(json!({"type": "Resource", "resource": {"name": resource, "current": now}}));
            let off = percent / aim;
            let wanted = if (off - 1.0).abs() <= 0.1 { has } else { whole((off * many).ceil()) };
            seen.wish = if seen.metrics.len() == 1 { wanted } else { seen.wish.max(wanted) };
        }
        seen
    }

    /// Sets the replicas of what has some.
    pub(super) fn resize(&mut self, key: &Key, to: i64) {
        self.store.edit(key, |one| {
            one.put("/spec/replicas", to);
            let generation = one.int("/metadata/generation").unwrap_or(1);
            one.put("/metadata/generation", generation + 1);
        });
    }

    fn budget(&mut self, budget: &Value) {
        let pods = self.selected(namespace(budget), &Selector::at(budget, "/spec/selector"));
        let healthy = count(pods.iter().filter(|pod| met(pod, "Ready") && !leaves(pod)).count());
        // Counted by what their owners want, as far as that is known.
        let wants = |pod: &Arc<Value>| {
            let (_, owner, uid) = super::value::controller(pod)?;
            let of = |kind: usize| self.store.find(kind, namespace(pod), owner);
            Some((uid.to_owned(), of(REPLICA_SETS).or_else(|| of(STATEFUL_SETS))?.int("/spec/replicas")?))
        };
        let owners: BTreeMap<String, i64> = pods.iter().filter_map(wants).collect();
        let expected = count(pods.len()).max(owners.values().sum());
        let least = share(budget.pointer("/spec/minAvailable"), expected, true);
        let most = share(budget.pointer("/spec/maxUnavailable"), expected, true);
        let wanted = least.or(most.map(|most| (expected - most).max(0))).unwrap_or(0);
        let (now, allowed) = (self.now, (healthy - wanted).max(0));
        self.store.edit(&Key::of(BUDGETS, budget), |budget| {
            let observed = budget.int("/metadata/generation").unwrap_or(1);
            let counts =
                [("currentHealthy", healthy), ("desiredHealthy", wanted), ("disruptionsAllowed", allowed)];
            for (field, count) in
                counts.into_iter().chain([("expectedPods", expected), ("observedGeneration", observed)])
            {
                budget.put(&format!("/status/{field}"), count);
            }
            let (met, why) =
                if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
            condition(budget, now, "DisruptionAllowed", met, why, "");
        });
    }

    /// One slice with all pods behind a service.
    fn endpoints(&mut self, service: &Value) {
        let pods = self.selected(namespace(service), &Selector::pairs(service, "/spec/selector"));
        let endpoint = |pod: &Arc<Value>| {
            let (ready, going) = (met(pod, "Ready"), leaves(pod));
            let about = json!({"kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": super::value::uid(pod)});
            json!({"addresses": [pod.text("/status/podIP")], "nodeName": pod.text("/spec/nodeName"), "targetRef": about,
                "conditions": {"ready": ready && !going, "serving": ready, "terminating": going}})
        };
        let placed = pods.iter().filter(|pod| !pod.text("/status/podIP").is_empty());
        let endpoints: Vec<Value> = placed.map(endpoint).collect();
        if let Some(slice) = self.store.owned(SLICES, service).first() {
            return self.store.edit(&Key::of(SLICES, slice), |slice| slice.put("/endpoints", endpoints));
        }
        let port = |port: &Value| {
            let number = port.int("/targetPort").or_else(|| port.int("/port"));
            json!({"name": port.text("/name"), "port": number, "protocol": port.text("/protocol")})
        };
        let ports: Vec<Value> = service.list("/spec/ports").iter().map(port).collect();
        let labels = json!({"kubernetes.io/service-name": name(service), "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"});
        let meta = json!({"generateName": format!("{}-", name(service)), "ownerReferences": [owner(service)], "labels": labels});
        let body = json!({"metadata": meta, "addressType": "IPv4", "endpoints": endpoints, "ports": ports});
        let _ = self.create(SLICES, namespace(service), body, Part::Main, false);
    }
}
