//! What an object must be like to be written, and what of it may not change.
use serde_json::Value;

use super::defaults;
use super::kinds::Kind;
use super::refusal::Refusal;
use super::select::Selector;
use super::value::{Dig, name};

pub fn named(kind: &Kind, name: &str) -> Result<(), Refusal> {
    let no = |why: &str| Err(Refusal::invalid(kind, name, "metadata.name", why));
    if name.is_empty() {
        return no("Required value: name or generateName is required");
    }
    let more = if kind.group.starts_with("rbac") || kind.title == "Event" { "-.:_" } else { "-." };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c);
    if name.len() > 253 || !name.chars().all(fits) || name.trim_matches(['-', '.']) != name {
        let must = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
        return no(&format!("Invalid value: \"{name}\": {must}"));
    }
    Ok(())
}

pub fn valid(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let no = |field: &str, why: &str| Err(Refusal::invalid(kind, name(object), field, why));
    if let Some(place) = defaults::pod_spec(&kind.title) {
        let field = format!("{}.containers", dotted(place));
        let all = object.list(&format!("{place}/containers"));
        if all.is_empty() {
            return no(&field, "Required value");
        }
        if let Some(at) = all.iter().position(|one| one.text("/image").trim().is_empty()) {
            return no(&format!("{field}[{at}].image"), "Required value");
        }
    }
    let (replicas, most) = (object.int("/spec/replicas"), object.int("/spec/maxReplicas"));
    if let Some(count) = replicas.filter(|count| !(0..=i64::from(i32::MAX)).contains(count)) {
        let limit = if count < 0 { "greater than or equal to 0" } else { "a number of 32 bits" };
        return no("spec.replicas", &format!("Invalid value: {count}: must be {limit}"));
    }
    if let Some(most) = most.filter(|most| Some(*most) < object.int("/spec/minReplicas")) {
        let why = format!("Invalid value: {most}: must be greater than or equal to `minReplicas`");
        return no("spec.maxReplicas", &why);
    }
    if matches!(&*kind.title, "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") {
        let selector = Selector::at(object, "/spec/selector");
        if selector.is_empty() || !selector.fits(object.pointer("/spec/template").unwrap_or(&Value::Null)) {
            let labels = object.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
            let why = format!("Invalid value: {labels}: `selector` does not match template `labels`");
            return no("spec.template.metadata.labels", &why);
        }
    }
    Ok(())
}

fn dotted(place: &str) -> String {
    place.trim_start_matches('/').replace('/', ".")
}

/// A pod's specification without what may be changed of it.
fn fixed(pod: &Value) -> Value {
    let mut spec = pod.get("spec").cloned().unwrap_or_default();
    for field in "activeDeadlineSeconds terminationGracePeriodSeconds tolerations nodeName".split(' ') {
        spec.cut(&format!("/{field}"));
    }
    for list in ["containers", "initContainers"] {
        let all = spec.get_mut(list).and_then(Value::as_array_mut);
        for one in all.into_iter().flatten() {
            for field in ["/image", "/resources", "/imagePullPolicy"] {
                one.cut(field);
            }
        }
    }
    spec
}

/// What may not be changed once it is there.
pub fn unchanged(kind: &Kind, old: &Value, new: &Value) -> Result<(), Refusal> {
    let no = |field: &str, why: &str| Err(Refusal::invalid(kind, name(new), field, why));
    let place = match &*kind.title {
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => "/spec/selector",
        "Job" => "/spec/template",
        "Pod" if fixed(old) != fixed(new) => {
            return no(
                "spec",
                "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
            );
        }
        _ => return Ok(()),
    };
    if old.pointer(place) != new.pointer(place) {
        let value = new.pointer(place).cloned().unwrap_or_default();
        return no(&dotted(place), &format!("Invalid value: {value}: field is immutable"));
    }
    Ok(())
}
