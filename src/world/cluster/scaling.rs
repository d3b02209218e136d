//! Autoscalers, disruption budgets, quotas and the endpoints of services: what follows from how pods are.
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::deployments::{owner, serves};
use super::events::controller;
use super::kinds::{AUTOSCALERS, BUDGETS, DEPLOYMENTS, PODS, QUOTAS, SERVICES, SLICES, STATEFUL_SETS};
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, float, later, leaves, met, name, namespace, quantity, share, stamp, whole,
};
use super::write::Part;
use crate::world::base::seconds;

const EVERY: f64 = 15.0;
/// So long it must be right to scale down before it is done.
const STEADY: f64 = 300.0;

impl Cluster {
    pub(super) fn scale(&mut self) {
        if seconds(self.scaled, self.now) >= EVERY {
            self.scaled = self.now;
            let all: Vec<Arc<Value>> = self.store.all(AUTOSCALERS, "").cloned().collect();
            for one in all {
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
                quota.put("/status/hard", hard);
                quota.put("/status/used/pods", used.to_string());
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
        let kind = match hpa.text("/spec/scaleTargetRef/kind") {
            "Deployment" => DEPLOYMENTS,
            "StatefulSet" => STATEFUL_SETS,
            _ => return,
        };
        let key = Key::new(kind, namespace(hpa), hpa.text("/spec/scaleTargetRef/name"));
        let (now, own, from) = (self.now, Key::of(AUTOSCALERS, hpa), controller("horizontal-pod-autoscaler"));
        let Some(target) = self.store.get(&key).cloned() else {
            let why = format!(
                "the HPA controller was unable to get the target's current scale: {}",
                super::refusal::Refusal::not_found(
                    &self.store.kind(kind).cloned().unwrap_or_default(),
                    &key.name
                )
                .message
            );
            self.event(hpa, from, "!FailedGetScale", &why, "");
            self.store.edit(&own, |hpa| {
                condition(hpa, now, "AbleToScale", "False", "FailedGetScale", &why);
            });
            return;
        };
        let selector = Selector::of(target.pointer("/spec/selector").unwrap_or(&Value::Null));
        let pods = self.selected(namespace(hpa), &selector);
        let count = target.int("/spec/replicas").unwrap_or(1);
        let (least, most) =
            (hpa.int("/spec/minReplicas").unwrap_or(1), hpa.int("/spec/maxReplicas").unwrap_or(1));
        let mut wish = count;
        let (mut measured, mut blind) = (Vec::new(), None);
        for metric in hpa.list("/spec/metrics") {
            let resource = metric.text("/resource/name");
            let uses = |pod: &Arc<Value>| {
                let life = self.lives.get(&Key::of(PODS, pod)).filter(|life| life.ready)?;
                let asked = pod
                    .list("/spec/containers")
                    .iter()
                    .filter_map(|one| quantity(one.pointer(&format!("/resources/requests/{resource}"))));
                Some(match resource {
                    "cpu" => (life.cpu, asked.sum::<f64>() * 1000.0),
                    _ => (life.memory, asked.sum::<f64>()),
                })
            };
            let all: Vec<(f64, f64)> = pods.iter().filter_map(uses).collect();
            let (used, asked) = all.iter().fold((0.0, 0.0), |sum, one| (sum.0 + one.0, sum.1 + one.1));
            let Some(aim) = metric
                .int("/resource/target/averageUtilization")
                .map(float)
                .filter(|aim| asked > 0.0 && *aim > 0.0)
            else {
                blind = Some(format!("failed to get {resource} utilization: missing request for {resource}"));
                continue;
            };
            let percent = used / asked * 100.0;
            let average = used / float(i64::try_from(all.len()).unwrap_or(1));
            let shown =
                if resource == "cpu" { format!("{}m", whole(average)) } else { whole(average).to_string() };
            measured.push(json!({"type": "Resource", "resource": {"name": resource, "current": {"averageUtilization": whole(percent.floor()), "averageValue": shown}}}));
            let ratio = percent / aim;
            let wanted = if (ratio - 1.0).abs() <= 0.1 {
                count
            } else {
                whole((ratio * float(i64::try_from(all.len()).unwrap_or(1))).ceil())
            };
            wish = if measured.len() == 1 { wanted } else { wish.max(wanted) };
        }
        let raw = wish;
        // The highest of the last minutes, so that it does not swing.
        let wishes = self.wishes.entry(own.clone()).or_default();
        wishes.push_back((now, wish));
        wishes.retain(|(at, _)| *at > later(now, -STEADY));
        let held = wishes.iter().map(|(_, wish)| *wish).max().unwrap_or(wish);
        wish =
            if count == 0 { 0 } else { held.min(count.max(raw)).clamp(least, most).min((2 * count).max(4)) };
        let limited = match raw {
            _ if raw > most => {
                Some(("TooManyReplicas", "the desired replica count is more than the maximum replica count"))
            }
            _ if raw < least => {
                Some(("TooFewReplicas", "the desired replica count is less than the minimum replica count"))
            }
            _ => None,
        };
        if wish != count {
            self.store.edit(&key, |target| {
                target.put("/spec/replicas", wish);
                let generation = target.int("/metadata/generation").unwrap_or(1);
                target.put("/metadata/generation", generation + 1);
            });
            let way = if wish > count { "above" } else { "below" };
            let reason = if blind.is_some() && measured.is_empty() {
                "Current number of replicas outside of limits".into()
            } else {
                if way == "above" {
                    "cpu resource utilization (percentage of request) above target".to_owned()
                } else {
                    "All metrics below target".to_owned()
                }
            };
            self.event(hpa, from, "SuccessfulRescale", &format!("New size: {wish}; reason: {reason}"), "");
        }
        self.store.edit(&own, |hpa| {
            hpa.put("/status/currentReplicas", count);
            hpa.put("/status/desiredReplicas", wish);
            if wish != count {
                hpa.put("/status/lastScaleTime", stamp(now));
            }
            let (reason, why) = if wish == count {
                ("ReadyForNewScale", "recommended size matches current size".to_owned())
            } else {
                ("SucceededRescale", format!("the HPA controller was able to update the target scale to {wish}"))
            };
            condition(hpa, now, "AbleToScale", "True", reason, &why);
            match &blind {
                Some(why) if measured.is_empty() => {
                    let why = format!("the HPA was unable to compute the replica count: {why}");
                    condition(hpa, now, "ScalingActive", "False", "FailedGetResourceMetric", &why)
                }
                _ if count == 0 => condition(hpa, now, "ScalingActive", "False", "ScalingDisabled", "scaling is disabled since the replica count of the target is zero"),
                _ => condition(hpa, now, "ScalingActive", "True", "ValidMetricFound", "the HPA was able to successfully calculate a replica count from cpu resource utilization (percentage of request)"),
            };
            match limited {
                Some((reason, why)) => condition(hpa, now, "ScalingLimited", "True", reason, why),
                None => condition(hpa, now, "ScalingLimited", "False", "DesiredWithinRange", "the desired count is within the acceptable range"),
            };
            hpa.put("/status/currentMetrics", measured);
        });
    }

    fn budget(&mut self, budget: &Value) {
        let pods = self.selected(
            namespace(budget),
            &Selector::of(budget.pointer("/spec/selector").unwrap_or(&Value::Null)),
        );
        let healthy =
            i64::try_from(pods.iter().filter(|pod| met(pod, "Ready") && !leaves(pod)).count()).unwrap_or(0);
        // Counted by what their owners want, as far as that is known.
        let mut expected = i64::try_from(pods.len()).unwrap_or(0);
        let sets: std::collections::BTreeMap<&str, i64> = pods
            .iter()
            .filter_map(|pod| {
                let (_, owner, uid) = super::value::controller(pod)?;
                let set = self
                    .store
                    .all(super::kinds::REPLICA_SETS, namespace(pod))
                    .chain(self.store.all(STATEFUL_SETS, namespace(pod)))
                    .find(|one| name(one) == owner)?;
                Some((uid, set.int("/spec/replicas")?))
            })
            .collect();
        if !sets.is_empty() {
            expected = expected.max(sets.values().sum());
        }
        let least = share(budget.pointer("/spec/minAvailable"), expected, true);
        let most = share(budget.pointer("/spec/maxUnavailable"), expected, true);
        let wanted = least.or(most.map(|most| (expected - most).max(0))).unwrap_or(0);
        let allowed = (healthy - wanted).max(0);
        let now = self.now;
        self.store.edit(&Key::of(BUDGETS, budget), |budget| {
            let observed = budget.int("/metadata/generation").unwrap_or(1);
            for (field, count) in [
                ("currentHealthy", healthy),
                ("desiredHealthy", wanted),
                ("disruptionsAllowed", allowed),
                ("expectedPods", expected),
                ("observedGeneration", observed),
            ] {
                budget.put(&format!("/status/{field}"), count);
            }
            let (status, reason) =
                if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
            condition(budget, now, "DisruptionAllowed", status, reason, "");
        });
    }

    /// One slice with all pods behind a service.
    fn endpoints(&mut self, service: &Value) {
        let pods = self.selected(
            namespace(service),
            &Selector::pairs(service.pointer("/spec/selector").unwrap_or(&Value::Null)),
        );
        let placed = pods.iter().filter(|pod| !pod.text("/status/podIP").is_empty());
        let endpoints: Vec<Value> = placed.map(|pod| {
            let ready = met(pod, "Ready");
            json!({"addresses": [pod.text("/status/podIP")], "nodeName": pod.text("/spec/nodeName"),
                "conditions": {"ready": ready && !leaves(pod), "serving": ready, "terminating": leaves(pod)},
                "targetRef": {"kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": super::value::uid(pod)}})
        }).collect();
        let own = self.store.owned(SLICES, service);
        let Some(slice) = own.first() else {
            let ports: Vec<Value> = service
                .list("/spec/ports")
                .iter()
                .map(|port| {
                    let number = port.int("/targetPort").or_else(|| port.int("/port")).unwrap_or(0);
                    json!({"name": port.text("/name"), "port": number, "protocol": port.text("/protocol")})
                })
                .collect();
            let body = json!({"metadata": {"generateName": format!("{}-", name(service)), "ownerReferences": [owner(service)],
                "labels": {"kubernetes.io/service-name": name(service), "endpointslice.kubernetes.io/managed-by": "endpointslice-controller.k8s.io"}},
                "addressType": "IPv4", "endpoints": endpoints, "ports": ports});
            let _ = self.create(SLICES, namespace(service), body, Part::Main, false);
            return;
        };
        self.store.edit(&Key::of(SLICES, slice), |slice| slice.put("/endpoints", endpoints));
    }
}
