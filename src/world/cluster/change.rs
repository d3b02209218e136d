//! The requests that change something, and what is remembered of them.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::api::{Reply, Work, asked, body, reply};
use super::facts::Deed;
use super::refusal::Refusal;
use super::store::Key;
use super::value::{Dig, name, namespace, uid};
use super::write::Part;
use super::{Cluster, patch};
use crate::world::http::Request;

impl Cluster {
    pub(super) fn change(&mut self, work: Work) -> Result<Reply, Refusal> {
        let Work { kind, key, request, .. } = &work;
        let (old, dry) = (self.store.get(key).cloned(), dry(request));
        let there = || old.as_deref().ok_or_else(|| Refusal::not_found(kind, &key.name));
        let part = if work.part == "status" { Part::Status } else { Part::Main };
        let (code, written) = match (work.verb, work.part.as_str()) {
            ("create", "exec") => return Ok(Reply::Exec(work.key)),
            ("create", "eviction") => (201, self.evict(key, &body(request)?, dry)?),
            ("create", "") => {
                (201, self.create(kind.title, &key.namespace, body(request)?, Part::Main, dry)?)
            }
            ("delete", "") => (200, self.delete(key, &options(request)?, dry)?),
            ("update", "scale") => (200, self.rescale(key, there()?, &body(request)?, dry)?),
            ("patch", "scale") => {
                (200, self.rescale(key, there()?, &patched(&scale(there()?), request)?, dry)?)
            }
            ("update", _) => (200, self.update(key, body(request)?, part, dry)?),
            ("patch", _) => (200, self.update(key, patched(there()?, request)?, part, dry)?),
            _ => return Err(Refusal::method()),
        };
        let mut changed = key.clone();
        if changed.name.is_empty() {
            name(&written).clone_into(&mut changed.name);
        }
        let new = self.store.get(&changed).filter(|_| kind.title != "Secret");
        let differ = |place: &str| {
            let at = |object: &Value| {
                object.pointer(&format!("/{}", place.replace('.', "/"))).cloned().unwrap_or_default()
            };
            old.iter()
                .zip(new)
                .flat_map(|(old, new)| differences(place, &at(old), &at(new)))
                .collect::<Vec<_>>()
        };
        let all = ["metadata.labels", "metadata.annotations", "spec", "data"].into_iter().flat_map(differ);
        let detail = all.take(4).collect::<Vec<_>>().join(", ");
        // Who only tries changes nothing, and a status is no deed of an operator.
        if !dry && work.part != "status" {
            self.remember(work.verb, &work.resource, &changed, detail);
        }
        Ok(reply(code, &written))
    }

    pub(super) fn remember(&mut self, verb: &'static str, resource: &str, key: &Key, detail: String) {
        if self.deeds.len() >= super::MOST_DEEDS {
            self.deeds.pop_front();
        }
        let (resource, key) = (resource.to_owned(), key.clone());
        let (namespace, name) = (key.namespace, key.name);
        self.deeds.push_back(Deed { at: self.now, verb, resource, namespace, name, detail });
    }

    fn rescale(&mut self, key: &Key, old: &Value, body: &Value, dry: bool) -> Result<Value, Refusal> {
        let mut new = old.clone();
        for place in ["/metadata/resourceVersion", "/metadata/uid"] {
            new.put(place, body.text(place));
        }
        new.put("/spec/replicas", body.count("/spec/replicas"));
        self.update(key, new, Part::Main, dry).map(|written| scale(&written))
    }
}

fn dry(request: &Request) -> bool {
    asked(request, "dryRun") == "All"
}

/// How something shall be deleted, by the body and by the query.
fn options(request: &Request) -> Result<Value, Refusal> {
    let mut options = body(request)?;
    if let Ok(seconds) = asked(request, "gracePeriodSeconds").parse::<i64>() {
        options.put("/gracePeriodSeconds", seconds);
    }
    Ok(options)
}

fn patched(old: &Value, request: &Request) -> Result<Value, Refusal> {
    let (change, mut new) = (body(request)?, old.clone());
    match request.header("content-type").unwrap_or_default().split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => {
            let why = "the server rejected our request due to an error in our request";
            return patch::operations(old, &change).ok_or_else(|| Refusal::new(422, "Invalid", why));
        }
        "application/strategic-merge-patch+json" => patch::merge(&mut new, &change, true),
        "application/merge-patch+json" => patch::merge(&mut new, &change, false),
        _ => {
            return Err(Refusal::form(
                "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json",
            ));
        }
    }
    // Who sends no version means the one that is there.
    if change.text("/metadata/resourceVersion").is_empty() {
        new.put("/metadata/resourceVersion", old.text("/metadata/resourceVersion"));
    }
    Ok(new)
}

/// How many replicas of an object there shall be and are.
pub(super) fn scale(object: &Value) -> Value {
    let labels = object
        .map("/spec/selector/matchLabels")
        .map(|(key, value)| format!("{key}={}", value.as_str().unwrap_or_default()));
    json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": name(object), "namespace": namespace(object), "uid": uid(object),
        "resourceVersion": object.text("/metadata/resourceVersion"), "creationTimestamp": object.text("/metadata/creationTimestamp")},
        "spec": {"replicas": object.count("/spec/replicas")},
        "status": {"replicas": object.count("/status/replicas"), "selector": labels.collect::<Vec<_>>().join(",")}})
}

/// Which leaves differ.
fn differences(place: &str, old: &Value, new: &Value) -> Vec<String> {
    let parts = |value: &Value| -> BTreeMap<String, Value> {
        match value {
            Value::Object(map) => map.iter().map(|(key, one)| (key.clone(), one.clone())).collect(),
            Value::Array(all) => {
                all.iter().enumerate().map(|(at, one)| (at.to_string(), one.clone())).collect()
            }
            _ => BTreeMap::new(),
        }
    };
    let (was, is) = (parts(old), parts(new));
    if old == new || place.contains("last-applied-configuration") {
        return Vec::new();
    }
    if was.is_empty() && is.is_empty() {
        let says = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        return vec![format!("{place}: {} → {}", says(old), says(new))];
    }
    let keys = was.keys().chain(is.keys().filter(|key| !was.contains_key(*key)));
    let of = |map: &BTreeMap<String, Value>, key: &String| map.get(key).cloned().unwrap_or_default();
    keys.flat_map(|key| differences(&format!("{place}.{key}"), &of(&was, key), &of(&is, key))).collect()
}
