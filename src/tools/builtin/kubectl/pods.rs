//! The pods of a workload, and which container of a pod is meant.
use serde_json::Value;

use super::api::{escaped, list, text};
use super::pick::{Picked, groups, of_list};
use super::table::joined;
use super::{Fault, Kubectl};

/// A selector of a workload or a service, as a request has it.
pub fn selector(object: &Value) -> Option<String> {
    let spec = object.pointer("/spec/selector")?;
    let labels = spec.get("matchLabels").or_else(|| spec.get("matchExpressions").is_none().then_some(spec));
    let mut parts: Vec<String> =
        labels.map(|labels| joined(Some(labels))).into_iter().filter(|one| one != "<none>").collect();
    for one in list(spec, "matchExpressions") {
        let (key, values) = (text(one, "/key"), list(one, "values"));
        let values: Vec<&str> = values.iter().filter_map(Value::as_str).collect();
        let values = values.join(",");
        parts.push(match text(one, "/operator") {
            "In" => format!("{key} in ({values})"),
            "NotIn" => format!("{key} notin ({values})"),
            "Exists" => key.to_owned(),
            _ => format!("!{key}"),
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

/// The pods that a workload selects; the one that serves best stands first.
pub async fn of(kubectl: &mut Kubectl<'_>, owner: &Picked) -> Result<Vec<Picked>, Fault> {
    let pods = kubectl.api.kind("pods").await?;
    let selector = selector(&owner.object).ok_or_else(|| {
        let kind = text(&owner.object, "/kind");
        Fault::error(format!("cannot get the logs or a shell from {kind}: it selects no pods"))
    })?;
    let path = format!("{}?labelSelector={}", pods.path(Some(owner.namespace()), None), escaped(&selector));
    let mut found = of_list(kubectl, &pods, &path).await?;
    found.sort_by_key(|pod| {
        let ready = condition(pod, "Ready").filter(|one| text(one, "/status") == "True");
        let phase =
            ["Running", "Unknown", "Pending"].iter().position(|one| *one == text(pod, "/status/phase"));
        let since = ready.map(|one| text(one, "/lastTransitionTime").to_owned()).unwrap_or_default();
        let unset = text(pod, "/spec/nodeName").is_empty();
        (unset, phase, ready.is_none(), since, text(pod, "/metadata/creationTimestamp").to_owned())
    });
    Ok(found.into_iter().map(|object| Picked { kind: pods.clone(), object }).collect())
}

/// Objects of a kind that it selects and controls.
pub async fn below(kubectl: &mut Kubectl<'_>, one: &Picked, kind: &str) -> Result<Vec<Value>, Fault> {
    let kind = kubectl.api.kind(kind).await?;
    let selector = selector(&one.object).unwrap_or_default();
    let path = format!("{}?labelSelector={}", kind.path(Some(one.namespace()), None), escaped(&selector));
    let mut found = of_list(kubectl, &kind, &path).await?;
    let uid = text(&one.object, "/metadata/uid");
    found.retain(|below| {
        list(below, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/uid") == uid)
    });
    Ok(found)
}

/// `POD`, or `KIND/NAME`, as `logs` and `exec` have it.
pub async fn named(kubectl: &mut Kubectl<'_>, word: &str) -> Result<Picked, Fault> {
    let words =
        if word.contains('/') { vec![word.to_owned()] } else { vec!["pods".to_owned(), word.to_owned()] };
    let (kind, names) =
        groups(kubectl, &words).await?.pop().ok_or_else(|| Fault::error("no pod is named"))?;
    let path = kind.path(Some(&kubectl.api.namespace), names.first().map(String::as_str));
    let object = kubectl.api.get(&path).await?;
    Ok(Picked { kind, object })
}

pub fn condition<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    list(object, "/status/conditions").iter().find(|one| text(one, "/type") == name)
}

/// The names of its containers: those that start it first.
pub fn containers(pod: &Value) -> Vec<String> {
    let name = |one: &Value| text(one, "/name").to_owned();
    ["/spec/initContainers", "/spec/containers", "/spec/ephemeralContainers"]
        .iter()
        .flat_map(|part| list(pod, part).iter().map(name))
        .collect()
}

/// The container that is meant where none is named; what is left out is said.
pub fn usual(kubectl: &mut Kubectl<'_>, pod: &Value) -> Result<String, Fault> {
    let annotated = text(pod, "/metadata/annotations/kubectl.kubernetes.io~1default-container");
    let first = list(pod, "/spec/containers").first().map_or("", |one| text(one, "/name"));
    let all = containers(pod);
    if all.iter().any(|one| one == annotated) {
        return Ok(annotated.to_owned());
    }
    if all.len() > 1 && !kubectl.call.on("quiet") {
        let init: Vec<&str> =
            list(pod, "/spec/initContainers").iter().map(|one| text(one, "/name")).collect();
        let plain = list(pod, "/spec/containers").iter().map(|one| text(one, "/name").to_owned());
        let named: Vec<String> = plain.chain(init.iter().map(|name| format!("{name} (init)"))).collect();
        kubectl.warn(&format!("Defaulted container \"{first}\" out of: {}", named.join(", ")))?;
    }
    Ok(first.to_owned())
}
