//! What the server adds to an object that does not say it.
use std::sync::LazyLock;

use base64::Engine;
use serde_json::{Value, json};

use super::value::{Dig, escaped, mark, name};

/// By kind: where, and which value.
static DEFAULTS: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("defaults.json")).unwrap_or_default());

fn fill(object: &mut Value, of: &str) {
    for (place, value) in DEFAULTS.get(of).into_iter().flat_map(|table| table.map("")) {
        object.fill(place, value.clone());
    }
}

/// The place of the pods' specification in an object that has pods.
pub fn pod_spec(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Pod" => "/spec",
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" => "/spec/template/spec",
        "CronJob" => "/spec/jobTemplate/spec/template/spec",
        _ => return None,
    })
}

/// Fills in what is not said. Once filled, an object stays as it is.
pub fn apply(object: &mut Value) {
    let kind = object.text("/kind").to_owned();
    fill(object, &kind);
    let strategy = [object.text("/spec/strategy/type"), object.text("/spec/updateStrategy/type")].concat();
    fill(object, &format!("{kind} {strategy}"));
    if let Some(spec) = pod_spec(&kind).and_then(|place| object.pointer_mut(place)) {
        fill(spec, "of pods");
        each(spec, "/containers", container);
    }
    match kind.as_str() {
        "Pod" => {
            let all = object.list("/spec/containers");
            let none = all.iter().all(|one| one.map("/resources").next().is_none());
            object.fill("/status/qosClass", if none { "BestEffort" } else { "Burstable" });
        }
        "Namespace" => {
            let name = name(object).to_owned();
            object.put("/metadata/labels/kubernetes.io~1metadata.name", name);
        }
        "Service" => each(object, "/spec/ports", |port| {
            port.fill("/protocol", "TCP");
            let own = port.get("port").cloned().unwrap_or_default();
            port.fill("/targetPort", own);
        }),
        "Node" => {
            let (name, mark) = (name(object).to_owned(), mark(name(object)));
            let address = format!("10.0.{}.{}", mark % 16, mark / 16 % 250 + 2);
            let capacity = object.pointer("/status/capacity").cloned().unwrap_or_default();
            object.fill("/status/allocatable", capacity);
            object.fill("/status/addresses", json!([{"type": "InternalIP", "address": address}]));
            object.fill("/metadata/labels/kubernetes.io~1hostname", name);
        }
        "Secret" => {
            // What is written in the clear is kept encoded.
            for (key, value) in object.cut("/stringData").unwrap_or_default().map("") {
                let clear = value.as_str().unwrap_or_default();
                let encoded = base64::engine::general_purpose::STANDARD.encode(clear);
                object.put(&format!("/data/{}", escaped(key)), encoded);
            }
        }
        "Job" => {
            let labels = json!({"job-name": name(object), "batch.kubernetes.io/job-name": name(object)});
            object.fill("/spec/selector", json!({"matchLabels": {"job-name": name(object)}}));
            for (key, value) in labels.map("") {
                object.fill(&format!("/spec/template/metadata/labels/{}", escaped(key)), value.clone());
            }
        }
        _ => {}
    }
}

fn each(object: &mut Value, place: &str, change: impl Fn(&mut Value)) {
    if let Some(Value::Array(items)) = object.pointer_mut(place) {
        items.iter_mut().for_each(change);
    }
}

fn container(one: &mut Value) {
    fill(one, "of containers");
    let image = one.text("/image");
    let tag = image.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
    let policy = if tag.is_none_or(|tag| tag == "latest") { "Always" } else { "IfNotPresent" };
    one.fill("/imagePullPolicy", policy);
    each(one, "/ports", |port| port.fill("/protocol", "TCP"));
    // Who gives a limit alone asks for that much.
    for (resource, value) in one.at("/resources/limits").cloned().unwrap_or_default().map("") {
        one.fill(&format!("/resources/requests/{}", escaped(resource)), value.clone());
    }
    for probe in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
        if let Some(probe) = one.pointer_mut(probe) {
            fill(probe, "of probes");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filled_object_stays_as_it_is() {
        let mut one = json!({"kind": "Deployment", "metadata": {"name": "a"}, "spec": {"template": {"spec": {"containers":
            [{"name": "a", "image": "x/a:1", "resources": {"limits": {"memory": "1Mi"}}, "readinessProbe": {"httpGet": {}}}]}}}});
        apply(&mut one);
        assert_eq!(one.text("/spec/template/spec/containers/0/imagePullPolicy"), "IfNotPresent");
        assert_eq!(one.text("/spec/template/spec/containers/0/resources/requests/memory"), "1Mi");
        let mut two = one.clone();
        apply(&mut two);
        assert_eq!(one, two);
    }
}
