//! The requests that change something, and what is remembered of them.
use serde_json::{Value, json};

use super::api::{Call, Reply, Work, reply};
use super::facts::{Deed, differences};
use super::kinds::Kind;
use super::refusal::Refusal;
use super::store::Key;
use super::value::{Dig, name, namespace, uid};
use super::write::Part;
use super::{Cluster, patch};

impl Cluster {
    pub(super) fn change(&mut self, work: Work) -> Result<Reply, Refusal> {
        let Work { kind, key, call, .. } = &work;
        let (old, dry) = (self.store.get(key).cloned(), call.dry());
        let part = if work.part == "status" { Part::Status } else { Part::Main };
        let there = || old.as_deref().ok_or_else(|| Refusal::not_found(kind, &key.name));
        let applies = call.content.contains("apply-patch") && old.is_none();
        let (code, body) = match (work.verb, work.part.as_str()) {
            ("create", "exec") => return Ok(Reply::Exec(work.key, work.call)),
            ("create", "eviction") => (201, self.evict(key, &call.json()?, dry)?),
            ("create", "") => (201, self.create(key.kind, &key.namespace, call.json()?, Part::Main, dry)?),
            ("patch", "") if applies => {
                (201, self.create(key.kind, &key.namespace, call.json()?, Part::Main, dry)?)
            }
            ("delete", "") => (200, self.delete(key, &options(call)?, dry)?),
            ("deletecollection", "") => return self.delete_all(&work),
            ("update", "scale") => (200, self.rescale(key, there()?, &call.json()?, dry)?),
            ("patch", "scale") => {
                (200, self.rescale(key, there()?, &patched(kind, &scale(there()?), call)?, dry)?)
            }
            ("update", _) => (200, self.update(key, call.json()?, part, dry)?),
            ("patch", _) => (200, self.update(key, patched(kind, there()?, call)?, part, dry)?),
            _ => return Err(Refusal::method()),
        };
        let mut changed = key.clone();
        if changed.name.is_empty() {
            name(&body).clone_into(&mut changed.name);
        }
        let detail = match (&old, self.store.get(&changed)) {
            (Some(old), Some(new)) => differences(old, new, kind.title == "Secret"),
            _ => String::new(),
        };
        self.done(&work, &changed, detail);
        if call.table().is_some() && kind.title == body.text("/kind") {
            return Ok(self.listed(&work, &[&body], &json!({})));
        }
        Ok(reply(code, &body))
    }

    fn delete_all(&mut self, work: &Work) -> Result<Reply, Refusal> {
        let (items, meta) = self.store.page(&work.key, &Self::selector(work)?, 0, "")?;
        let options = options(&work.call)?;
        for one in &items {
            self.delete(&Key::of(work.key.kind, one), &options, work.call.dry())?;
        }
        let names: Vec<&str> = items.iter().map(|one| name(one)).collect();
        self.done(work, &work.key, names.join(", "));
        Ok(self.listed(work, &items.iter().map(AsRef::as_ref).collect::<Vec<_>>(), &meta))
    }

    fn done(&mut self, work: &Work, key: &Key, detail: String) {
        // Who only tries changes nothing, and a status is no deed of an operator.
        if !work.call.dry() && work.part != "status" {
            self.remember(&work.user.name, work.verb, &work.resource, key, detail);
        }
    }

    pub(super) fn remember(
        &mut self,
        user: &str,
        verb: &'static str,
        resource: &str,
        key: &Key,
        detail: String,
    ) {
        if self.deeds.len() >= super::MOST_DEEDS {
            self.deeds.pop_front();
        }
        self.deeds.push_back(Deed {
            at: self.now,
            user: user.to_owned(),
            verb,
            resource: resource.to_owned(),
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            detail,
        });
    }

    fn rescale(&mut self, key: &Key, old: &Value, body: &Value, dry: bool) -> Result<Value, Refusal> {
        let mut new = old.clone();
        for place in ["/metadata/resourceVersion", "/metadata/uid"] {
            if !body.text(place).is_empty() {
                new.put(place, body.text(place));
            }
        }
        new.put("/spec/replicas", body.int("/spec/replicas").unwrap_or(0));
        self.update(key, new, Part::Main, dry).map(|written| scale(&written))
    }
}

fn options(call: &Call) -> Result<Value, Refusal> {
    let mut options = call.json()?;
    if let Ok(seconds) = call.asked("gracePeriodSeconds").parse::<i64>() {
        options.put("/gracePeriodSeconds", seconds);
    }
    if !call.asked("propagationPolicy").is_empty() {
        options.put("/propagationPolicy", call.asked("propagationPolicy"));
    }
    Ok(options)
}

fn patched(kind: &Kind, old: &Value, call: &Call) -> Result<Value, Refusal> {
    let change = call.json()?;
    let mut new = old.clone();
    match call.content.split(';').next().unwrap_or_default().trim() {
        "application/json-patch+json" => {
            let why = "the server rejected our request due to an error in our request";
            let done = patch::operations(old, &change);
            return done.ok_or_else(|| Refusal::new(422, "Invalid", why));
        }
        "application/strategic-merge-patch+json" | "application/apply-patch+yaml" if !kind.defined => {
            patch::strategic(&mut new, &change);
        }
        "application/merge-patch+json" | "application/apply-patch+yaml" => patch::merge(&mut new, &change),
        _ => {
            let why = "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
            return Err(Refusal::new(415, "UnsupportedMediaType", why));
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
    let mut scale = json!({"kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": {"name": name(object), "namespace": namespace(object), "uid": uid(object),
        "resourceVersion": object.text("/metadata/resourceVersion"), "creationTimestamp": object.text("/metadata/creationTimestamp")},
        "spec": {}, "status": {"replicas": object.int("/status/replicas").unwrap_or(0), "selector": labels.collect::<Vec<_>>().join(",")}});
    // Nought is not written.
    if let Some(replicas) = object.int("/spec/replicas").filter(|count| *count > 0) {
        scale.put("/spec/replicas", replicas);
    }
    scale
}
