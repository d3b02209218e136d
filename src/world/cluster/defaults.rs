//! What the server adds to an object that does not say it.
use std::sync::LazyLock;

use serde_json::{Value, json};

use super::value::{Dig, escaped, quantity};

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
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" | "Job" | "ReplicationController" => {
            "/spec/template/spec"
        }
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
        template(spec);
    }
    match kind.as_str() {
        "Pod" => pod(object),
        "Namespace" => {
            let name = super::value::name(object).to_owned();
            object.put("/metadata/labels/kubernetes.io~1metadata.name", name);
        }
        "Service" => each(object, "/spec/ports", |port| {
            port.fill("/protocol", "TCP");
            let own = port.get("port").cloned().unwrap_or_default();
            port.fill("/targetPort", own);
        }),
        "Secret" => {
            // What is written in the clear is kept encoded.
            for (key, value) in object.cut("/stringData").unwrap_or_default().map("") {
                let encoded = base64(value.as_str().unwrap_or_default().as_bytes());
                object.put(&format!("/data/{}", escaped(key)), encoded);
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

fn template(spec: &mut Value) {
    fill(spec, "of pods");
    for list in ["/initContainers", "/containers"] {
        each(spec, list, |container| {
            fill(container, "of containers");
            let image = container.text("/image").to_owned();
            let tag = image.rsplit_once(':').map(|(_, tag)| tag).filter(|tag| !tag.contains('/'));
            let policy = if tag.is_none_or(|tag| tag == "latest") { "Always" } else { "IfNotPresent" };
            container.fill("/imagePullPolicy", policy);
            each(container, "/ports", |port| port.fill("/protocol", "TCP"));
            // Who gives a limit alone asks for that much.
            for (resource, value) in container.at("/resources/limits").cloned().unwrap_or_default().map("") {
                container.fill(&format!("/resources/requests/{}", escaped(resource)), value.clone());
            }
            for probe in ["/livenessProbe", "/readinessProbe", "/startupProbe"] {
                if let Some(probe) = container.pointer_mut(probe) {
                    fill(probe, "of probes");
                    if probe.get("httpGet").is_some() {
                        probe.fill("/httpGet/scheme", "HTTP");
                    }
                }
            }
        });
    }
}

fn pod(object: &mut Value) {
    let all = object.list("/spec/containers");
    let has = |place: &str| all.iter().all(|one| quantity(one.pointer(place)).is_some());
    let same = |resource: &str| {
        let of = |side: &str| format!("/resources/{side}/{resource}");
        all.iter().all(|one| {
            one.at(&of("limits")).is_some() && one.pointer(&of("limits")) == one.pointer(&of("requests"))
        })
    };
    let none = all.iter().all(|one| one.map("/resources").next().is_none());
    let class = match () {
        () if same("cpu") && same("memory") && has("/resources/limits/cpu") => "Guaranteed",
        () if none => "BestEffort",
        () => "Burstable",
    };
    object.fill("/status/qosClass", class);
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = object.list("/spec/tolerations").iter().any(|one| {
            let effect = one.text("/effect");
            (one.text("/key") == key || one.text("/key").is_empty())
                && (effect.is_empty() || effect == "NoExecute")
        });
        if let (false, Some(Value::Array(all))) = (tolerated, object.pointer_mut("/spec/tolerations")) {
            all.push(
                json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
            );
        }
    }
}

pub fn base64(bytes: &[u8]) -> String {
    const SIGNS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::new();
    for chunk in bytes.chunks(3) {
        let byte = |at: usize| u32::from(chunk.get(at).copied().unwrap_or(0));
        let bits = byte(0) << 16 | byte(1) << 8 | byte(2);
        for place in 0..4 {
            let sign = SIGNS.get((bits >> (18 - 6 * place) & 63) as usize).copied().unwrap_or(b'=');
            out.push(char::from(if place > chunk.len() { b'=' } else { sign }));
        }
    }
    out
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

    #[test]
    fn secrets_are_kept_encoded() {
        let all = ["", "t", "to", "too", "took"].map(|text| base64(text.as_bytes()));
        assert_eq!(all, ["", "dA==", "dG8=", "dG9v", "dG9vaw=="]);
    }
}
