//! How objects come to be, change and go, with the conditions that a request carries, and what is remembered of it.
use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::api::{Reply, Work, asked, body, reply};
use super::facts::Deed;
use super::kinds::Kind;
use super::refusal::Refusal;
use super::select::Selector;
use super::store::Key;
use super::value::{
    Dig, count, float, later, leaves, met, name, namespace, quantity, serves, stamp, uid, whole,
};
use super::{Cluster, defaults, kinds, patch};
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
            ("create", "") => (201, self.create(key, body(request)?, Part::Main, dry)?),
            ("delete", "") => (200, self.delete(key, &body(request)?, dry)?),
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
        let says = |value: &Value| match value {
            Value::Null => "none".to_owned(),
            Value::String(text) => text.clone(),
            other => other.to_string(),
        };
        return vec![format!("{place}: {} → {}", says(old), says(new))];
    }
    let keys = was.keys().chain(is.keys().filter(|key| !was.contains_key(*key)));
    let of = |map: &BTreeMap<String, Value>, key: &String| map.get(key).cloned().unwrap_or_default();
    keys.flat_map(|key| differences(&format!("{place}.{key}"), &of(&was, key), &of(&is, key))).collect()
}

pub type Written = Result<Value, Refusal>;

/// Which part of an object a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Main,
    Status,
    /// Nothing is looked at: the world itself writes.
    Whole,
}

/// These namespaces are always there.
pub const NAMESPACES: [&str; 3] = ["default", "kube-system", "kube-public"];

fn kind_of(title: &str) -> Result<&'static Kind, Refusal> {
    kinds::titled(title).ok_or_else(Refusal::no_such_path)
}

impl Cluster {
    pub(super) fn existing(&self, key: &Key) -> Result<Arc<Value>, Refusal> {
        match self.store.get(key) {
            Some(object) => Ok(Arc::clone(object)),
            None => Err(Refusal::not_found(kind_of(&key.kind)?, &key.name)),
        }
    }

    /// Makes an object of a kind, in a namespace.
    pub fn create(&mut self, at: &Key, mut body: Value, part: Part, dry: bool) -> Written {
        let (kind, namespace) = (kind_of(&at.kind)?, &*at.namespace);
        let said = body.text("/metadata/namespace");
        if !said.is_empty() && said != namespace && kind.is("namespaced") {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad(why));
        }
        typed(kind, &mut body)?;
        if kind.is("namespaced") {
            body.put("/metadata/namespace", namespace);
        }
        let prefix = body.text("/metadata/generateName").to_owned();
        if name(&body).is_empty() && !prefix.is_empty() {
            let end = self.store.dice.letters(5);
            body.put("/metadata/name", format!("{prefix}{end}"));
        }
        let key = Key::of(&body);
        named(kind, &key.name)?;
        if self.store.get(&key).is_some() {
            return Err(Refusal::exists(kind, &key.name));
        }
        self.has_room(kind, &key)?;
        for field in ["deletionTimestamp", "resourceVersion", "managedFields"] {
            body.cut(&format!("/metadata/{field}"));
        }
        if part != Part::Whole {
            body.cut("/metadata/creationTimestamp");
            if kind.is("status") {
                body.cut("/status");
            }
        }
        body.fill("/metadata/creationTimestamp", stamp(self.now));
        body.put("/metadata/uid", self.store.new_uid());
        if body.at("/spec").is_some() && kind.is("status") {
            body.put("/metadata/generation", 1);
        }
        if kind.title == "Service" {
            let (a, b) = (self.store.dice.below(256), self.store.dice.below(254) + 1);
            body.fill("/spec/clusterIP", format!("10.96.{a}.{b}"));
        }
        defaults::apply(&mut body);
        valid(kind, &body)?;
        Ok(if dry { body } else { Value::clone(&self.store.set(body)) })
    }

    /// Whether something new may come here.
    fn has_room(&self, kind: &Kind, key: &Key) -> Result<(), Refusal> {
        if self.store.is_full() {
            return Err(Refusal::internal("the world is full"));
        }
        if !kind.is("namespaced") {
            return Ok(());
        }
        let (place, of) = (&key.namespace, &key.name);
        if leaves(&*self.existing(&Key::new("Namespace", "", place))?) {
            let why =
                format!("unable to create new content in namespace {place} because it is being terminated");
            return Err(Refusal::forbidden(kind, of, &why));
        }
        for quota in self.store.all("ResourceQuota", place) {
            let used = count(self.store.pods(place, serves).len());
            let hard = whole(quantity(quota.pointer("/spec/hard/pods")));
            if kind.title == "Pod" && hard > 0 && used >= hard {
                let why = format!(
                    "exceeded quota: {}, requested: pods=1, used: pods={used}, limited: pods={hard}",
                    name(quota)
                );
                return Err(Refusal::forbidden(kind, of, &why));
            }
        }
        Ok(())
    }

    /// Puts a new version in the place of an old one.
    pub fn update(&mut self, key: &Key, mut body: Value, part: Part, dry: bool) -> Written {
        let (kind, old) = (kind_of(&key.kind)?, self.existing(key)?);
        same(kind, &old, uid(&body), body.text("/metadata/resourceVersion"))?;
        typed(kind, &mut body)?;
        let fixed =
            "name namespace uid creationTimestamp deletionTimestamp deletionGracePeriodSeconds generation";
        for field in fixed.split(' ') {
            keep(&mut body, &old, &format!("/metadata/{field}"));
        }
        if part == Part::Status {
            let status = body.cut("/status").unwrap_or_default();
            body = Value::clone(&old);
            body.put("/status", status);
        } else if part == Part::Main && kind.is("status") {
            keep(&mut body, &old, "/status");
        }
        defaults::apply(&mut body);
        valid(kind, &body)?;
        let selector = "/spec/selector";
        if kind.group == "apps" && old.pointer(selector) != body.pointer(selector) {
            let value = body.pointer(selector).cloned().unwrap_or_default();
            let why = format!("Invalid value: {value}: field is immutable");
            return Err(Refusal::invalid(kind, &key.name, "spec.selector", &why));
        }
        let generation = old.int("/metadata/generation").filter(|_| old.get("spec") != body.get("spec"));
        if let Some(generation) = generation {
            body.put("/metadata/generation", generation + 1);
        }
        Ok(if dry { body } else { Value::clone(&self.store.set(body)) })
    }

    /// Deletes under the conditions of `options`; the answer is what the client gets.
    pub fn delete(&mut self, key: &Key, options: &Value, dry: bool) -> Written {
        let (kind, old) = (kind_of(&key.kind)?, self.existing(key)?);
        let condition = |field: &str| options.text(&format!("/preconditions/{field}"));
        same(kind, &old, condition("uid"), condition("resourceVersion"))?;
        let waits = key.kind == "Namespace";
        if waits && NAMESPACES.contains(&&*key.name) {
            return Err(Refusal::forbidden(kind, &key.name, "this namespace may not be deleted"));
        }
        if dry {
            return Ok(Value::clone(&old));
        }
        if options.text("/propagationPolicy") == "Orphan" {
            let mine = |one: &Value| one.text("/ownerReferences/0/uid") == uid(&old);
            for key in self.store.those(|object| object.get("metadata").is_some_and(mine)) {
                self.store.edit(&key, |object| drop(object.cut("/metadata/ownerReferences")));
            }
        }
        let grace = if key.kind == "Pod" { grace(&old, options) } else { 0 };
        if grace > 0 || waits {
            let mut body = Value::clone(&old);
            let known = old.int("/metadata/deletionGracePeriodSeconds").filter(|_| leaves(&old));
            if known.is_none_or(|known| grace < known) {
                body.put("/metadata/deletionTimestamp", stamp(later(self.now, float(grace))));
                body.put("/metadata/deletionGracePeriodSeconds", grace);
            }
            if waits {
                body.put("/status/phase", "Terminating");
            }
            return Ok(Value::clone(&self.store.set(body)));
        }
        let gone = self.store.take(key).unwrap_or(old);
        if key.kind == "Pod" {
            return Ok(Value::clone(&gone));
        }
        let details = json!({"name": key.name, "group": kind.group, "kind": kind.plural, "uid": uid(&gone)});
        Ok(
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details}),
        )
    }

    /// Deletes without conditions, as controllers do.
    pub(super) fn drop(&mut self, key: &Key) {
        let _ = self.delete(key, &Value::Null, false);
    }

    /// Deletes a pod unless a budget would be broken.
    pub fn evict(&mut self, key: &Key, eviction: &Value, dry: bool) -> Written {
        let pod = self.existing(key)?;
        let counts = met(&pod, "Ready") && !leaves(&pod);
        let over = |one: &&Arc<Value>| counts && Selector::at(one, "/spec/selector").fits(&pod);
        let budgets = self.store.all("PodDisruptionBudget", &key.namespace).filter(over).cloned();
        for budget in budgets.collect::<Vec<_>>() {
            let of = |field: &str| budget.count(&format!("/status/{field}"));
            let allowed = of("disruptionsAllowed");
            if allowed <= 0 {
                let (of, needs, has) = (name(&budget), of("desiredHealthy"), of("currentHealthy"));
                let why =
                    format!("The disruption budget {of} needs {needs} healthy pods and has {has} currently");
                let message = "Cannot evict pod as it would violate the pod's disruption budget.";
                let details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
                return Err(Refusal { details, ..Refusal::new(429, "TooManyRequests", message) });
            }
            if !dry {
                self.store.edit(&Key::of(&budget), |one| one.put("/status/disruptionsAllowed", allowed - 1));
            }
        }
        self.delete(key, eviction.pointer("/deleteOptions").unwrap_or(&Value::Null), dry)?;
        Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
    }
}

/// An object is of the kind that its path says.
fn typed(kind: &Kind, body: &mut Value) -> Result<(), Refusal> {
    if !body.is_object() {
        return Err(Refusal::bad("the object provided is unrecognized (must be of type object)"));
    }
    body.put("/apiVersion", kind.api_version());
    body.put("/kind", kind.title);
    Ok(())
}

/// Takes over from the old what a client cannot change.
fn keep(body: &mut Value, old: &Value, place: &str) {
    match old.at(place) {
        Some(value) => body.put(place, value.clone()),
        None => drop(body.cut(place)),
    }
}

/// Refuses what was meant for another object, or another version of it.
fn same(kind: &Kind, old: &Value, wanted: &str, version: &str) -> Result<(), Refusal> {
    let why = if !wanted.is_empty() && wanted != uid(old) {
        format!("Precondition failed: UID in precondition: {wanted}, UID in object meta: {}", uid(old))
    } else if !version.is_empty() && version != old.text("/metadata/resourceVersion") {
        "the object has been modified; please apply your changes to the latest version and try again".into()
    } else {
        return Ok(());
    };
    Err(Refusal::conflict(kind, name(old), &why))
}

/// How long a pod may take to end.
fn grace(pod: &Value, options: &Value) -> i64 {
    let asked = options.int("/gracePeriodSeconds").or_else(|| pod.int("/spec/terminationGracePeriodSeconds"));
    let over = !serves(pod) || pod.text("/spec/nodeName").is_empty();
    if over { 0 } else { asked.unwrap_or(30).max(0) }
}

fn named(kind: &Kind, name: &str) -> Result<(), Refusal> {
    let more = if kind.group.starts_with("rbac") { "-.:_" } else { "-." };
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || more.contains(c);
    if !name.is_empty() && name.len() < 254 && name.chars().all(fits) && name.trim_matches(['-', '.']) == name
    {
        return Ok(());
    }
    let must = "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
    let why = format!("Invalid value: \"{name}\": {must}");
    Err(Refusal::invalid(kind, name, "metadata.name", &why))
}

/// What an object must be like to be written.
fn valid(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let no = |field: &str, why: &str| Err(Refusal::invalid(kind, name(object), field, why));
    if let Some(place) = defaults::pod_spec(kind.title)
        && object.list(&format!("{place}/containers")).is_empty()
    {
        let field = place.trim_start_matches('/').replace('/', ".");
        return no(&format!("{field}.containers"), "Required value");
    }
    if let Some(count) = object.int("/spec/replicas").filter(|count| !(0..1 << 31).contains(count)) {
        return no("spec.replicas", &format!("Invalid value: {count}: must be greater than or equal to 0"));
    }
    let template = object.pointer("/spec/template").unwrap_or(&Value::Null);
    let selector = Selector::at(object, "/spec/selector");
    if kind.group == "apps"
        && kind.is("status")
        && (selector == Selector::default() || !selector.fits(template))
    {
        let why = "Invalid value: `selector` does not match template `labels`";
        return no("spec.template.metadata.labels", why);
    }
    Ok(())
}
