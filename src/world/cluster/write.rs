//! How objects come to be, change and go, with the conditions that a request carries.
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{
    self, BUDGETS, CLAIMS, DEFINITIONS, JOBS, Kind, NAMESPACES, PODS, QUOTAS, SERVICES, VOLUMES,
};
use super::refusal::Refusal;
use super::select::Selector;
use super::store::Key;
use super::value::{Dig, count, escaped, float, later, leaves, met, name, quantity, stamp, uid, whole};
use super::{Cluster, check, defaults};

pub type Written = Result<Value, Refusal>;

/// Which part of an object a request is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    Main,
    Status,
    /// Nothing is looked at: the world itself writes.
    Whole,
}

impl Cluster {
    pub(super) fn kind(&self, at: usize) -> Result<&Kind, Refusal> {
        self.store.kind(at).ok_or_else(Refusal::no_such_path)
    }

    pub(super) fn existing(&self, key: &Key) -> Result<Arc<Value>, Refusal> {
        match self.store.get(key) {
            Some(object) => Ok(Arc::clone(object)),
            None => Err(Refusal::not_found(self.kind(key.kind)?, &key.name)),
        }
    }

    pub fn create(&mut self, at: usize, namespace: &str, mut body: Value, part: Part, dry: bool) -> Written {
        let kind = self.kind(at)?.clone();
        let said = body.text("/metadata/namespace");
        if !said.is_empty() && said != namespace && kind.namespaced {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad(why));
        }
        typed(&kind, &mut body)?;
        if kind.namespaced {
            body.put("/metadata/namespace", namespace);
        }
        let prefix = body.text("/metadata/generateName").to_owned();
        if name(&body).is_empty() && !prefix.is_empty() {
            let end = self.store.dice().letters(5);
            body.put("/metadata/name", format!("{prefix}{end}"));
        }
        let key = Key::of(at, &body);
        check::named(&kind, &key.name)?;
        if self.store.get(&key).is_some() {
            return Err(Refusal::exists(&kind, &key.name));
        }
        self.has_room(&kind, &key)?;
        for field in ["deletionTimestamp", "resourceVersion", "managedFields"] {
            body.cut(&format!("/metadata/{field}"));
        }
        if part != Part::Whole {
            body.cut("/metadata/creationTimestamp");
            if kind.status {
                body.cut("/status");
            }
        }
        body.fill("/metadata/creationTimestamp", stamp(self.now));
        body.put("/metadata/uid", self.store.new_uid());
        if body.at("/spec").is_some() && kind.status {
            body.put("/metadata/generation", 1);
        }
        self.complete(at, &mut body);
        defaults::apply(&mut body);
        check::valid(&kind, &body)?;
        if dry {
            return Ok(body);
        }
        let made = self.store.set(at, body);
        match at {
            DEFINITIONS => self.define(),
            // What every namespace has from its beginning.
            NAMESPACES => {
                let authority = json!({"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}});
                let account = json!({"metadata": {"name": "default"}});
                let _ = self.create(kinds::ACCOUNTS, &key.name, account, Part::Whole, false);
                let _ = self.create(kinds::CONFIG_MAPS, &key.name, authority, Part::Whole, false);
            }
            _ => {}
        }
        Ok(Value::clone(&made))
    }

    /// Whether something new may come here.
    fn has_room(&self, kind: &Kind, key: &Key) -> Result<(), Refusal> {
        if self.store.is_full() {
            return Err(Refusal::internal("the world is full"));
        }
        if !kind.namespaced {
            return Ok(());
        }
        let open = self.existing(&Key::new(NAMESPACES, "", &key.namespace))?;
        if leaves(&open) {
            let place = &key.namespace;
            let why =
                format!("unable to create new content in namespace {place} because it is being terminated");
            return Err(Refusal::forbidden(kind, &key.name, &why));
        }
        let quotas = self.store.all(QUOTAS, &key.namespace).filter(|_| key.kind == PODS);
        for quota in quotas {
            let pods = self.store.all(PODS, &key.namespace).filter(|pod| super::deployments::serves(pod));
            let (used, hard) = (count(pods.count()), quantity(quota.pointer("/spec/hard/pods")).map(whole));
            if let Some(hard) = hard.filter(|hard| used >= *hard) {
                let of = name(quota);
                let why = format!(
                    "exceeded quota: {of}, requested: pods=1, used: pods={used}, limited: pods={hard}"
                );
                return Err(Refusal::forbidden(kind, &key.name, &why));
            }
        }
        Ok(())
    }

    /// What controllers of a real cluster would add at once: an address, a volume, the labels of a job's pods.
    fn complete(&mut self, at: usize, body: &mut Value) {
        let (own, uid) = (name(body).to_owned(), uid(body).to_owned());
        if at == SERVICES && body.text("/spec/type") != "ExternalName" {
            let (a, b) = (self.store.dice().below(256), self.store.dice().below(254) + 1);
            body.fill("/spec/clusterIP", format!("10.96.{a}.{b}"));
            let address = body.text("/spec/clusterIP").to_owned();
            body.fill("/spec/clusterIPs", json!([address]));
        } else if at == JOBS {
            body.fill("/spec/selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
            for (key, value) in [("controller-uid", &uid), ("job-name", &own)] {
                for key in [key, &format!("batch.kubernetes.io/{key}")] {
                    body.put(&format!("/spec/template/metadata/labels/{}", escaped(key)), value.as_str());
                }
            }
        } else if at == CLAIMS && body.at("/status").is_none() {
            let size = body.pointer("/spec/resources/requests/storage").cloned().unwrap_or_default();
            body.fill("/spec/accessModes", json!(["ReadWriteOnce"]));
            body.fill("/spec/storageClassName", "standard");
            body.put("/spec/volumeName", format!("pvc-{uid}"));
            let mut volume = json!({"metadata": {"name": format!("pvc-{uid}")}, "status": {"phase": "Bound"},
                "spec": {"capacity": {"storage": size}, "persistentVolumeReclaimPolicy": "Delete", "claimRef": {
                    "kind": "PersistentVolumeClaim", "apiVersion": "v1", "name": own, "uid": uid,
                    "namespace": body.text("/metadata/namespace")}}});
            for field in ["/spec/accessModes", "/spec/storageClassName"] {
                volume.put(field, body.pointer(field).cloned().unwrap_or_default());
            }
            body.put("/status", json!({"phase": "Bound", "capacity": {"storage": size}, "accessModes": volume.pointer("/spec/accessModes")}));
            let _ = self.create(VOLUMES, "", volume, Part::Whole, false);
        }
    }

    /// Puts a new version in the place of an old one.
    pub fn update(&mut self, key: &Key, mut body: Value, part: Part, dry: bool) -> Written {
        let kind = self.kind(key.kind)?.clone();
        let old = self.existing(key)?;
        let said = body.text("/metadata/resourceVersion");
        if !said.is_empty() && said != old.text("/metadata/resourceVersion") {
            return Err(Refusal::outdated(&kind, &key.name));
        }
        if !uid(&body).is_empty() {
            same(&kind, &old, "UID", uid(&body), uid(&old))?;
        }
        if name(&body) != key.name {
            let (is, url) = (name(&body), &key.name);
            let why = format!("the name of the object ({is}) does not match the name on the URL ({url})");
            return Err(Refusal::bad(why));
        }
        typed(&kind, &mut body)?;
        let fixed = "namespace uid creationTimestamp deletionTimestamp deletionGracePeriodSeconds generation";
        for field in fixed.split(' ') {
            keep(&mut body, &old, &format!("/metadata/{field}"));
        }
        if part == Part::Status {
            let status = body.cut("/status").unwrap_or_default();
            body = Value::clone(&old);
            body.put("/status", status);
        } else if part == Part::Main && kind.status {
            keep(&mut body, &old, "/status");
        }
        defaults::apply(&mut body);
        check::valid(&kind, &body)?;
        check::unchanged(&kind, &old, &body)?;
        let generation = old.int("/metadata/generation").filter(|_| old.get("spec") != body.get("spec"));
        if let Some(generation) = generation {
            body.put("/metadata/generation", generation + 1);
        }
        if dry {
            return Ok(body);
        }
        let held = |object: &Value| !object.list("/metadata/finalizers").is_empty();
        if leaves(&old) && held(&old) && !held(&body) && key.kind != PODS {
            self.store.take(key);
            self.orphaned = true;
            return Ok(body);
        }
        let written = self.store.set(key.kind, body);
        if key.kind == DEFINITIONS {
            self.define();
        }
        Ok(Value::clone(&written))
    }

    /// Deletes under the conditions of `options`; the answer is what the client gets.
    pub fn delete(&mut self, key: &Key, options: &Value, dry: bool) -> Written {
        let kind = self.kind(key.kind)?.clone();
        let old = self.existing(key)?;
        let version = old.text("/metadata/resourceVersion");
        for (field, title, is) in [("uid", "UID", uid(&old)), ("resourceVersion", "ResourceVersion", version)]
        {
            let wanted = options.text(&format!("/preconditions/{field}"));
            if !wanted.is_empty() {
                same(&kind, &old, title, wanted, is)?;
            }
        }
        if key.kind == NAMESPACES && matches!(&*key.name, "default" | "kube-system" | "kube-public") {
            return Err(Refusal::forbidden(&kind, &key.name, "this namespace may not be deleted"));
        }
        if dry {
            return Ok(Value::clone(&old));
        }
        if options.text("/propagationPolicy") == "Orphan" || options.flag("/orphanDependents") {
            self.release_all(uid(&old));
        }
        let waits = key.kind == NAMESPACES || !old.list("/metadata/finalizers").is_empty();
        let grace = if key.kind == PODS { grace(&old, options) } else { 0 };
        if grace > 0 || waits {
            let mut body = Value::clone(&old);
            let known = old.int("/metadata/deletionGracePeriodSeconds").filter(|_| leaves(&old));
            if known.is_none_or(|known| grace < known) {
                body.put("/metadata/deletionTimestamp", stamp(later(self.now, float(grace))));
                body.put("/metadata/deletionGracePeriodSeconds", grace);
            }
            if key.kind == NAMESPACES {
                body.put("/status/phase", "Terminating");
            }
            return Ok(Value::clone(&self.store.set(key.kind, body)));
        }
        let gone = self.store.take(key).unwrap_or(old);
        self.orphaned = true;
        if key.kind == DEFINITIONS {
            self.define();
        }
        if key.kind == PODS {
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

    fn release_all(&mut self, owner: &str) {
        let mine = |one: &Value| one.text("/uid") == owner;
        for key in self.store.those(|object| object.list("/metadata/ownerReferences").iter().any(mine)) {
            self.store.edit(&key, |object| {
                if let Some(Value::Array(all)) = object.pointer_mut("/metadata/ownerReferences") {
                    all.retain(|one| !mine(one));
                }
            });
        }
    }

    /// Deletes a pod unless a budget would be broken.
    pub fn evict(&mut self, key: &Key, eviction: &Value, dry: bool) -> Written {
        let pod = self.existing(key)?;
        let serves = met(&pod, "Ready") && !leaves(&pod);
        let over = |one: &&Arc<Value>| serves && Selector::at(one, "/spec/selector").fits(&pod);
        let budgets: Vec<Arc<Value>> =
            self.store.all(BUDGETS, &key.namespace).filter(over).cloned().collect();
        for budget in &budgets {
            let of = |field: &str| budget.int(&format!("/status/{field}")).unwrap_or(0);
            let (allowed, needs, has) =
                (of("disruptionsAllowed"), of("desiredHealthy"), of("currentHealthy"));
            if allowed <= 0 {
                let of = name(budget);
                let why =
                    format!("The disruption budget {of} needs {needs} healthy pods and has {has} currently");
                let message = "Cannot evict pod as it would violate the pod's disruption budget.";
                let details = json!({"causes": [{"reason": "DisruptionBudget", "message": why}]});
                return Err(Refusal { details, ..Refusal::new(429, "TooManyRequests", message) });
            }
            if !dry {
                let key = Key::of(BUDGETS, budget);
                self.store.edit(&key, |budget| budget.put("/status/disruptionsAllowed", allowed - 1));
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
    body.put("/kind", kind.title.clone());
    Ok(())
}

/// Takes over from the old what a client cannot change.
fn keep(body: &mut Value, old: &Value, place: &str) {
    match old.at(place) {
        Some(value) => body.put(place, value.clone()),
        None => drop(body.cut(place)),
    }
}

fn same(kind: &Kind, old: &Value, title: &str, wanted: &str, is: &str) -> Result<(), Refusal> {
    if wanted == is {
        return Ok(());
    }
    let why = format!("Precondition failed: {title} in precondition: {wanted}, {title} in object meta: {is}");
    Err(Refusal::conflict(kind, name(old), &why))
}

/// How long a pod may take to end.
fn grace(pod: &Value, options: &Value) -> i64 {
    let asked = options.int("/gracePeriodSeconds").or_else(|| pod.int("/spec/terminationGracePeriodSeconds"));
    let over = !super::deployments::serves(pod) || pod.text("/spec/nodeName").is_empty();
    if over { 0 } else { asked.unwrap_or(30).max(0) }
}
