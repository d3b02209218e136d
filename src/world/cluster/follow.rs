//! What follows from how pods are: autoscalers, disruption budgets, the endpoints of services; and what is swept away.
use std::sync::Arc;

use serde_json::{Value, json};

use super::Cluster;
use super::facts::From;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, condition, controller, count, float, later, leaves, met, name, namespace, owner, quantity, serves,
    share, stamp, uid, whole,
};
use super::write::Part;
use crate::world::base::seconds;

/// So long it must be right to scale down before it is done.
const STEADY: f64 = 300.0;
const EVERY: f64 = 15.0;
const FROM: From = ("horizontal-pod-autoscaler", "");

impl Cluster {
    fn selected(&self, place: &str, selector: &Selector) -> Vec<Arc<Value>> {
        self.store.pods(place, |pod| selector.fits(pod) && serves(pod))
    }

    pub(super) fn autoscale(&mut self, hpa: &Arc<Value>) {
        let of = |field: &str| hpa.text(&format!("/spec/scaleTargetRef/{field}"));
        let key = Key::new(of("kind"), namespace(hpa), of("name"));
        let (now, own) = (self.now, Key::of(hpa));
        let Some(target) = self.store.get(&key).cloned() else { return };
        let has = target.count("/spec/replicas");
        let (asked, metrics) = self.asked(hpa, &target, has);
        let (least, most) = (hpa.int("/spec/minReplicas").unwrap_or(1), hpa.count("/spec/maxReplicas"));
        // The highest of the last minutes, so that it does not swing.
        let wishes = self.wishes.entry(own.clone()).or_default();
        if wishes.back().is_none_or(|(at, _)| seconds(*at, now) >= EVERY) {
            wishes.push_back((now, asked));
        }
        wishes.retain(|(at, _)| seconds(*at, now) < STEADY);
        let held = wishes.iter().map(|(_, wish)| *wish).max().unwrap_or(has).max(asked);
        let wish = held.min(has.max(asked)).min(most).min((2 * has).max(4)).max(least);
        if wish != has && has > 0 {
            self.resize(&key, wish);
            let how = if wish > has { "above target" } else { "below target" };
            self.event(
                hpa,
                FROM,
                "SuccessfulRescale",
                &format!("New size: {wish}; reason: All metrics {how}"),
            );
        }
        self.store.edit(&own, |hpa| {
            hpa.put("/status/currentReplicas", has);
            hpa.put("/status/desiredReplicas", wish);
            if wish != has {
                hpa.put("/status/lastScaleTime", stamp(now));
            }
            let active = if metrics.is_empty() {
                ("False", "FailedGetResourceMetric")
            } else {
                ("True", "ValidMetricFound")
            };
            let limited = match asked {
                asked if asked > most => ("True", "TooManyReplicas"),
                asked if asked < least => ("True", "TooFewReplicas"),
                _ => ("False", "DesiredWithinRange"),
            };
            condition(hpa, now, "AbleToScale", "True", "ReadyForNewScale", "");
            condition(hpa, now, "ScalingActive", active.0, active.1, "");
            condition(hpa, now, "ScalingLimited", limited.0, limited.1, "");
            hpa.put("/status/currentMetrics", metrics);
        });
    }

    /// How many replicas the metrics of an autoscaler ask for, and the metrics, as far as pods are measured.
    fn asked(&self, hpa: &Value, target: &Value, has: i64) -> (i64, Vec<Value>) {
        let pods = self.selected(namespace(hpa), &Selector::at(target, "/spec/selector"));
        let (mut wish, mut metrics) = (None, Vec::new());
        for metric in hpa.list("/spec/metrics") {
            let resource = metric.text("/resource/name");
            let (mut used, mut wanted, mut many) = (0.0, 0.0, 0.0);
            for pod in &pods {
                let Some(life) = self.lives.get(&Key::of(pod)).filter(|life| life.ready) else { continue };
                let place = format!("/resources/requests/{resource}");
                let each = pod.list("/spec/containers").iter();
                wanted += each.map(|one| quantity(one.pointer(&place))).sum::<f64>();
                used += if resource == "cpu" { life.cpu / 1000.0 } else { life.memory };
                many += 1.0;
            }
            let aim = float(metric.count("/resource/target/averageUtilization"));
            if wanted <= 0.0 || aim <= 0.0 {
                continue;
            }
            let percent = used / wanted * 100.0;
            let average = format!("{}m", whole(used / many * 1000.0));
            let now = json!({"averageUtilization": whole(percent.floor()), "averageValue": average});
            metrics.push(json!({"type": "Resource", "resource": {"name": resource, "current": now}}));
            let off = percent / aim;
            let asks = if (off - 1.0).abs() <= 0.1 { has } else { whole((off * many).ceil()) };
            wish = wish.max(Some(asks));
        }
        (wish.unwrap_or(has), metrics)
    }

    pub(super) fn budget(&mut self, budget: &Arc<Value>) {
        let pods = self.selected(namespace(budget), &Selector::at(budget, "/spec/selector"));
        let healthy = count(pods.iter().filter(|pod| met(pod, "Ready") && !leaves(pod)).count());
        let expected = count(pods.len());
        let least = share(budget.pointer("/spec/minAvailable"), expected, true);
        let most = share(budget.pointer("/spec/maxUnavailable"), expected, true);
        let wanted = least.or(most.map(|most| (expected - most).max(0))).unwrap_or(0);
        let (now, allowed) = (self.now, (healthy - wanted).max(0));
        self.store.edit(&Key::of(budget), |budget| {
            budget.put("/status/observedGeneration", budget.count("/metadata/generation"));
            budget.put("/status/expectedPods", expected);
            budget.put("/status/currentHealthy", healthy);
            budget.put("/status/desiredHealthy", wanted);
            budget.put("/status/disruptionsAllowed", allowed);
            let (met, why) =
                if allowed > 0 { ("True", "SufficientPods") } else { ("False", "InsufficientPods") };
            condition(budget, now, "DisruptionAllowed", met, why, "");
        });
    }

    /// One slice with all pods behind a service.
    pub(super) fn endpoints(&mut self, service: &Arc<Value>) {
        let selector = Selector::pairs(service, "/spec/selector");
        if selector == Selector::default() {
            return;
        }
        let endpoint = |pod: &Arc<Value>| {
            let (ready, going) = (met(pod, "Ready"), leaves(pod));
            let about =
                json!({"kind": "Pod", "namespace": namespace(pod), "name": name(pod), "uid": uid(pod)});
            json!({"addresses": [pod.text("/status/podIP")], "nodeName": pod.text("/spec/nodeName"), "targetRef": about,
                "conditions": {"ready": ready && !going, "serving": ready, "terminating": going}})
        };
        let pods = self.selected(namespace(service), &selector);
        let placed = pods.iter().filter(|pod| !pod.text("/status/podIP").is_empty());
        let endpoints: Vec<Value> = placed.map(endpoint).collect();
        if let Some(slice) = self.store.owned("EndpointSlice", service).first() {
            return self.store.edit(&Key::of(slice), |slice| slice.put("/endpoints", endpoints));
        }
        let port = |port: &Value| json!({"name": port.text("/name"), "port": port.get("targetPort"), "protocol": port.text("/protocol")});
        let ports: Vec<Value> = service.list("/spec/ports").iter().map(port).collect();
        let labels = json!({"kubernetes.io/service-name": name(service)});
        let meta = json!({"generateName": format!("{}-", name(service)), "ownerReferences": [owner(service)], "labels": labels});
        let body = json!({"metadata": meta, "addressType": "IPv4", "endpoints": endpoints, "ports": ports});
        let _ = self.create(&Key::new("EndpointSlice", namespace(service), ""), body, Part::Main, false);
    }

    /// Orphans, and what is in namespaces that go.
    pub(super) fn sweep(&mut self) {
        for namespace in self.store.list("Namespace").iter().filter(|one| leaves(one)) {
            let inside = self.store.those(|one| one.text("/metadata/namespace") == name(namespace));
            if inside.is_empty() {
                self.store.take(&Key::of(namespace));
            }
            for key in &inside {
                self.drop(key);
            }
        }
        let lost = |object: &Value| {
            controller(object).is_some_and(|(kind, name, of)| {
                let found = self.store.find(kind, namespace(object), name);
                !leaves(object) && found.is_none_or(|one| uid(one) != of)
            })
        };
        for key in self.store.those(lost) {
            self.drop(&key);
        }
    }

    /// Old events, and the pods of a node that is gone.
    pub(super) fn age(&mut self) {
        let homeless = |pod: &Value| {
            let node = pod.text("/spec/nodeName");
            !node.is_empty() && self.store.find("Node", "", node).is_none()
        };
        for pod in self.store.pods("", homeless) {
            let _ = self.delete(&Key::of(&pod), &json!({"gracePeriodSeconds": 0}), false);
        }
        self.wishes.retain(|key, _| self.store.get(key).is_some());
        let old = stamp(later(self.now, -3600.0));
        // Those of clients may not say when they were seen.
        let seen = |one: &Value| {
            let places = ["/lastTimestamp", "/metadata/creationTimestamp"];
            places.map(|place| one.text(place).to_owned()).into_iter().max().unwrap_or_default()
        };
        let mut all: Vec<(String, Key)> =
            self.store.all("Event", "").map(|one| (seen(one), Key::of(one))).collect();
        all.sort();
        let most = all.len().saturating_sub(super::MOST_EVENTS);
        for (_, (_, key)) in all.iter().enumerate().filter(|(at, (seen, _))| *at < most || *seen < old) {
            self.store.take(key);
        }
    }
}
