//! How objects come to be, change and go, with the conditions that a request carries.
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{
    self, BUDGETS, CLAIMS, DEFINITIONS, EVENTS, JOBS, Kind, NAMESPACES, PODS, QUOTAS, SERVICES, VOLUMES,
};
use super::refusal::Refusal;
use super::select::Selector;
use super::store::Key;
use super::value::{Dig, controller, leaves, name, stamp, uid};
use super::{Cluster, defaults};

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
        if !body.is_object() {
            return Err(Refusal::bad("the object provided is unrecognized (must be of type object)"));
        }
        let said = body.text("/metadata/namespace").to_owned();
        if !said.is_empty() && said != namespace && kind.namespaced {
            let why = "the namespace of the provided object does not match the namespace sent on the request";
            return Err(Refusal::bad(why));
        }
        body.put("/apiVersion", kind.api_version());
        body.put("/kind", kind.kind.clone());
        if kind.namespaced {
            body.put("/metadata/namespace", namespace);
        }
        let prefix = body.text("/metadata/generateName").to_owned();
        if name(&body).is_empty() && !prefix.is_empty() {
            let end = self.store.dice().letters(5);
            body.put("/metadata/name", format!("{prefix}{end}"));
        }
        let key = Key::of(at, &body);
        named(&kind, &key.name)?;
        if self.store.get(&key).is_some() {
            return Err(Refusal::exists(&kind, &key.name));
        }
        if kind.namespaced {
            self.open_namespace(&kind, &key)?;
        }
        if self.store.is_full() {
            return Err(Refusal::new(507, "StorageError", "the world is full"));
        }
        for place in ["/metadata/deletionTimestamp", "/metadata/resourceVersion", "/metadata/managedFields"] {
            body.cut(place);
        }
        if part != Part::Whole && kind.status {
            body.cut("/status");
        }
        if part != Part::Whole || body.at("/metadata/creationTimestamp").is_none() {
            body.put("/metadata/creationTimestamp", stamp(self.now));
        }
        let identity = self.store.new_uid();
        body.put("/metadata/uid", identity);
        if body.at("/spec").is_some() && (kind.status || at == PODS) {
            body.put("/metadata/generation", 1);
        }
        if at == JOBS {
            job_labels(&mut body);
        }
        self.place(at, &mut body);
        defaults::apply(&mut body);
        valid(&kind, &body)?;
        if at == PODS {
            self.within_quota(&kind, &key)?;
        }
        if !dry {
            body = Value::clone(&self.store.set(at, body));
            if at == DEFINITIONS {
                self.define();
            }
            if at == NAMESPACES {
                self.furnish(&key.name);
            }
        }
        Ok(body)
    }

    /// What every namespace has from its beginning.
    fn furnish(&mut self, namespace: &str) {
        let account = json!({"metadata": {"name": "default"}});
        let authority = json!({"metadata": {"name": "kube-root-ca.crt"}, "data": {"ca.crt": ""}});
        let maps = self.store.served("", "v1", "configmaps").unwrap_or_default();
        let _ = self.create(kinds::ACCOUNTS, namespace, account, Part::Whole, false);
        let _ = self.create(maps, namespace, authority, Part::Whole, false);
    }

    fn open_namespace(&self, kind: &Kind, key: &Key) -> Result<(), Refusal> {
        match self.store.find(NAMESPACES, "", &key.namespace) {
            None => Err(Refusal::not_found(self.kind(NAMESPACES)?, &key.namespace)),
            Some(open) if leaves(open) => {
                let why = "because it is being terminated";
                let message = format!(
                    "{} \"{}\" is forbidden: unable to create new content in namespace {} {why}",
                    kind.resource(),
                    key.name,
                    key.namespace
                );
                Err(Refusal::new(403, "Forbidden", message))
            }
            Some(_) => Ok(()),
        }
    }

    fn within_quota(&self, kind: &Kind, key: &Key) -> Result<(), Refusal> {
        let used = self
            .store
            .all(PODS, &key.namespace)
            .filter(|pod| !matches!(pod.text("/status/phase"), "Succeeded" | "Failed"));
        let used = i64::try_from(used.count()).unwrap_or(i64::MAX);
        for quota in self.store.all(QUOTAS, &key.namespace) {
            let hard = super::value::quantity(quota.pointer("/spec/hard/pods")).map(super::value::whole);
            if let Some(hard) = hard.filter(|hard| used >= *hard) {
                let message = format!(
                    "{} \"{}\" is forbidden: exceeded quota: {}, requested: pods=1, used: pods={used}, limited: pods={hard}",
                    kind.resource(),
                    key.name,
                    name(quota)
                );
                return Err(Refusal::new(403, "Forbidden", message));
            }
        }
        Ok(())
    }

    /// Gives an address to a service and a volume to a claim, as controllers of a real cluster would at once.
    fn place(&mut self, at: usize, body: &mut Value) {
        if at == SERVICES && body.text("/spec/type") != "ExternalName" && body.at("/spec/clusterIP").is_none()
        {
            let (a, b) = (self.store.dice().below(256), self.store.dice().below(254) + 1);
            body.put("/spec/clusterIP", format!("10.96.{a}.{b}"));
        }
        if at == SERVICES && body.text("/spec/type") != "ExternalName" {
            let address = body.text("/spec/clusterIP").to_owned();
            body.fill("/spec/clusterIPs", json!([address]));
        }
        if at == CLAIMS && body.at("/status").is_none() {
            let volume = format!("pvc-{}", uid(body));
            let size = body.pointer("/spec/resources/requests/storage").cloned().unwrap_or_default();
            let modes =
                body.pointer("/spec/accessModes").cloned().unwrap_or_else(|| json!(["ReadWriteOnce"]));
            body.fill("/spec/storageClassName", "standard");
            body.put("/spec/volumeName", volume.clone());
            body.put(
                "/status",
                json!({"phase": "Bound", "accessModes": modes, "capacity": {"storage": size}}),
            );
            let claim = json!({"kind": "PersistentVolumeClaim", "apiVersion": "v1", "namespace": body.text("/metadata/namespace"),
                "name": name(body), "uid": uid(body)});
            let made = json!({"metadata": {"name": volume}, "status": {"phase": "Bound"}, "spec": {"capacity": {"storage": size},
                "accessModes": modes, "claimRef": claim, "persistentVolumeReclaimPolicy": "Delete",
                "storageClassName": body.text("/spec/storageClassName")}});
            let _ = self.create(VOLUMES, "", made, Part::Whole, false);
        }
    }

    /// Puts a new version in the place of an old one.
    pub fn update(&mut self, key: &Key, mut body: Value, part: Part, dry: bool) -> Written {
        let kind = self.kind(key.kind)?.clone();
        let old = self.existing(key)?;
        if !body.is_object() {
            return Err(Refusal::bad("the object provided is unrecognized (must be of type object)"));
        }
        let said = body.text("/metadata/resourceVersion");
        if !said.is_empty() && said != old.text("/metadata/resourceVersion") {
            return Err(Refusal::outdated(&kind, &key.name));
        }
        let said = uid(&body);
        if !said.is_empty() && said != uid(&old) {
            let why = format!(
                "Precondition failed: UID in precondition: {said}, UID in object meta: {}",
                uid(&old)
            );
            return Err(Refusal::conflict(&kind, &key.name, &why));
        }
        if name(&body) != key.name {
            let why = format!(
                "the name of the object ({}) does not match the name on the URL ({})",
                name(&body),
                key.name
            );
            return Err(Refusal::bad(why));
        }
        body.put("/apiVersion", kind.api_version());
        body.put("/kind", kind.kind.clone());
        let fixed = [
            "namespace",
            "uid",
            "creationTimestamp",
            "deletionTimestamp",
            "deletionGracePeriodSeconds",
            "generation",
        ];
        for field in fixed {
            let place = format!("/metadata/{field}");
            match old.at(&place) {
                Some(value) => body.put(&place, value.clone()),
                None => {
                    body.cut(&place);
                }
            }
        }
        match part {
            Part::Status => {
                let status = body.cut("/status").unwrap_or_default();
                body = Value::clone(&old);
                body.put("/status", status);
            }
            Part::Main if kind.status => match old.get("status") {
                Some(status) => body.put("/status", status.clone()),
                None => {
                    body.cut("/status");
                }
            },
            _ => {}
        }
        defaults::apply(&mut body);
        valid(&kind, &body)?;
        unchanged(&kind, &old, &body)?;
        if old.get("spec") != body.get("spec")
            && let Some(generation) = old.int("/metadata/generation")
        {
            body.put("/metadata/generation", generation + 1);
        }
        if dry {
            return Ok(body);
        }
        if leaves(&old)
            && body.list("/metadata/finalizers").is_empty()
            && !old.list("/metadata/finalizers").is_empty()
            && key.kind != PODS
        {
            self.store.take(key);
            self.orphaned = true;
            return Ok(body);
        }
        let written = Value::clone(&self.store.set(key.kind, body));
        if key.kind == DEFINITIONS {
            self.define();
        }
        Ok(written)
    }

    /// Deletes under the conditions of `options`; the answer is what the client gets.
    pub fn delete(&mut self, key: &Key, options: &Value, dry: bool) -> Written {
        let kind = self.kind(key.kind)?.clone();
        let old = self.existing(key)?;
        for (field, title, is) in [
            ("uid", "UID", uid(&old)),
            ("resourceVersion", "ResourceVersion", old.text("/metadata/resourceVersion")),
        ] {
            let wanted = options.text(&format!("/preconditions/{field}"));
            if !wanted.is_empty() && wanted != is {
                let why = format!(
                    "Precondition failed: {title} in precondition: {wanted}, {title} in object meta: {is}"
                );
                return Err(Refusal::conflict(&kind, &key.name, &why));
            }
        }
        if key.kind == NAMESPACES && matches!(key.name.as_str(), "default" | "kube-system" | "kube-public") {
            let message =
                format!("namespaces \"{}\" is forbidden: this namespace may not be deleted", key.name);
            return Err(Refusal::new(403, "Forbidden", message));
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
                body.put(
                    "/metadata/deletionTimestamp",
                    stamp(super::value::later(self.now, super::value::float(grace))),
                );
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

    fn release_all(&mut self, owner: &str) {
        let of = |object: &Value| {
            object.list("/metadata/ownerReferences").iter().any(|one| one.text("/uid") == owner)
        };
        let mine: Vec<Key> =
            self.store.keys().filter(|(_, object)| of(object)).map(|(key, _)| key.clone()).collect();
        for key in mine {
            self.store.edit(&key, |object| {
                if let Some(Value::Array(all)) = object.pointer_mut("/metadata/ownerReferences") {
                    all.retain(|one| one.text("/uid") != owner);
                }
            });
        }
    }

    /// Deletes a pod unless a budget would be broken.
    pub fn evict(&mut self, key: &Key, eviction: &Value, dry: bool) -> Written {
        let pod = self.existing(key)?;
        let serves = super::value::met(&pod, "Ready") && !leaves(&pod);
        let budgets: Vec<Arc<Value>> = self.store.all(BUDGETS, &key.namespace).cloned().collect();
        for budget in budgets
            .iter()
            .filter(|one| Selector::of(one.pointer("/spec/selector").unwrap_or(&Value::Null)).fits(&pod))
        {
            let allowed = budget.int("/status/disruptionsAllowed").unwrap_or(0);
            if serves && allowed <= 0 {
                let (needs, has) = (
                    budget.int("/status/desiredHealthy").unwrap_or(0),
                    budget.int("/status/currentHealthy").unwrap_or(0),
                );
                let why = format!(
                    "The disruption budget {} needs {needs} healthy pods and has {has} currently",
                    name(budget)
                );
                let message = "Cannot evict pod as it would violate the pod's disruption budget.";
                let refusal = Refusal::new(429, "TooManyRequests", message);
                return Err(Refusal {
                    details: json!({"causes": [{"reason": "DisruptionBudget", "message": why}]}),
                    ..refusal
                });
            }
            if serves && !dry {
                self.store.edit(&Key::of(BUDGETS, budget), |budget| {
                    budget.put("/status/disruptionsAllowed", allowed - 1)
                });
            }
        }
        self.delete(key, eviction.pointer("/deleteOptions").unwrap_or(&Value::Null), dry)?;
        Ok(json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}))
    }

    /// Serves what the definitions define, and nothing that they no longer do.
    pub(super) fn define(&mut self) {
        let fixed = self.store.kinds.iter().position(|kind| kind.defined).unwrap_or(self.store.kinds.len());
        let definitions: Vec<Arc<Value>> = self.store.all(DEFINITIONS, "").cloned().collect();
        for definition in &definitions {
            let names = (definition.text("/spec/group"), definition.text("/spec/names/plural"));
            let known =
                self.store.kinds.iter().position(|kind| (kind.group.as_str(), kind.plural.as_str()) == names);
            let kind = kinds::defined(definition);
            match (known, kind) {
                (Some(at), Some(kind)) if at >= fixed => {
                    if let Some(place) = self.store.kinds.get_mut(at) {
                        *place = kind;
                    }
                }
                // It keeps its number and its objects, but no path leads there.
                (Some(at), None) if at >= fixed => {
                    if let Some(place) = self.store.kinds.get_mut(at) {
                        place.version.clear();
                    }
                }
                (None, Some(kind)) => self.store.kinds.push(kind),
                _ => {}
            }
        }
        let lives = |kind: &Kind| {
            definitions.iter().any(|one| {
                one.text("/spec/group") == kind.group && one.text("/spec/names/plural") == kind.plural
            })
        };
        self.store
            .kinds
            .iter_mut()
            .filter(|kind| kind.defined && !lives(kind))
            .for_each(|kind| kind.version.clear());
        let now = self.now;
        for definition in definitions {
            self.store.edit(&Key::of(DEFINITIONS, &definition), |one| {
                super::value::condition(
                    one,
                    now,
                    "NamesAccepted",
                    "True",
                    "NoConflicts",
                    "no conflicts found",
                );
                super::value::condition(
                    one,
                    now,
                    "Established",
                    "True",
                    "InitialNamesAccepted",
                    "the initial names have been accepted",
                );
            });
        }
    }

    /// Deletes what lost its owner, empties namespaces that go, and forgets the oldest events.
    pub(super) fn sweep(&mut self) {
        let leaving: Vec<Arc<Value>> =
            self.store.all(NAMESPACES, "").filter(|one| leaves(one)).cloned().collect();
        for namespace in leaving {
            let inside = self.store.inside(name(&namespace));
            if inside.is_empty() {
                self.store.take(&Key::of(NAMESPACES, &namespace));
            }
            for key in inside {
                if self.store.get(&key).is_some_and(|one| !leaves(one)) {
                    let _ = self.delete(&key, &Value::Null, false);
                }
            }
        }
        if std::mem::take(&mut self.orphaned) {
            let alive: std::collections::BTreeSet<&str> =
                self.store.keys().map(|(_, object)| uid(object)).collect();
            let lost = |object: &Value| {
                controller(object).is_some_and(|(_, _, uid)| !alive.contains(uid)) && !leaves(object)
            };
            let lost: Vec<Key> =
                self.store.keys().filter(|(_, object)| lost(object)).map(|(key, _)| key.clone()).collect();
            for key in lost {
                let _ = self.delete(&key, &Value::Null, false);
            }
        }
        if self.touched.is_some() {
            return;
        }
        let old = stamp(super::value::later(self.now, -3600.0));
        let mut all: Vec<(&str, Key)> = self
            .store
            .all(EVENTS, "")
            .map(|one| (one.text("/lastTimestamp"), Key::of(EVENTS, one)))
            .collect();
        all.sort();
        let most = all.len().saturating_sub(super::MOST_EVENTS);
        let over: Vec<Key> = all
            .into_iter()
            .enumerate()
            .filter(|(at, (seen, _))| *at < most || *seen < &*old)
            .map(|(_, (_, key))| key)
            .collect();
        for key in over {
            self.store.take(&key);
        }
    }
}

/// How long a pod may take to end.
fn grace(pod: &Value, options: &Value) -> i64 {
    let over =
        matches!(pod.text("/status/phase"), "Succeeded" | "Failed") || pod.text("/spec/nodeName").is_empty();
    let asked = options.int("/gracePeriodSeconds").or_else(|| pod.int("/spec/terminationGracePeriodSeconds"));
    if over { 0 } else { asked.unwrap_or(30).max(0) }
}

fn named(kind: &Kind, name: &str) -> Result<(), Refusal> {
    if name.is_empty() {
        return Err(Refusal::invalid(
            kind,
            "",
            "metadata.name",
            "Required value: name or generateName is required",
        ));
    }
    let loose = kind.group.starts_with("rbac") || kind.kind == "Event";
    let fits = |c: char| {
        c.is_ascii_lowercase()
            || c.is_ascii_digit()
            || matches!(c, '-' | '.')
            || (loose && matches!(c, ':' | '_'))
    };
    if name.len() > 253
        || !name.chars().all(fits)
        || name.starts_with(['-', '.'])
        || name.ends_with(['-', '.'])
    {
        let why = format!(
            "Invalid value: \"{name}\": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character"
        );
        return Err(Refusal::invalid(kind, name, "metadata.name", &why));
    }
    Ok(())
}

fn valid(kind: &Kind, object: &Value) -> Result<(), Refusal> {
    let no = |field: &str, why: &str| Err(Refusal::invalid(kind, name(object), field, why));
    if let Some(place) = defaults::pod_spec(&kind.kind) {
        let field = place.trim_start_matches('/').replace('/', ".");
        let all = object.list(&format!("{place}/containers"));
        if all.is_empty() {
            return no(&format!("{field}.containers"), "Required value");
        }
        if let Some(at) = all.iter().position(|one| one.text("/image").trim().is_empty()) {
            return no(&format!("{field}.containers[{at}].image"), "Required value");
        }
    }
    if let Some(replicas) = object.int("/spec/replicas").filter(|count| *count < 0) {
        return no(
            "spec.replicas",
            &format!("Invalid value: {replicas}: must be greater than or equal to 0"),
        );
    }
    if kind.kind == "HorizontalPodAutoscaler"
        && object.int("/spec/maxReplicas") < object.int("/spec/minReplicas")
    {
        let max = object.int("/spec/maxReplicas").unwrap_or(0);
        return no(
            "spec.maxReplicas",
            &format!("Invalid value: {max}: must be greater than or equal to `minReplicas`"),
        );
    }
    if matches!(kind.kind.as_str(), "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet") {
        let selector = Selector::of(object.pointer("/spec/selector").unwrap_or(&Value::Null));
        if selector.is_empty() || !selector.fits(object.pointer("/spec/template").unwrap_or(&Value::Null)) {
            let labels = object.pointer("/spec/template/metadata/labels").cloned().unwrap_or_default();
            return no(
                "spec.template.metadata.labels",
                &format!("Invalid value: {labels}: `selector` does not match template `labels`"),
            );
        }
    }
    Ok(())
}

/// What may not be changed once it is there.
fn unchanged(kind: &Kind, old: &Value, new: &Value) -> Result<(), Refusal> {
    let place = match kind.kind.as_str() {
        "Deployment" | "ReplicaSet" | "DaemonSet" | "StatefulSet" => "/spec/selector",
        "Job" => "/spec/template",
        "Pod" => {
            let loose = |pod: &Value| {
                let mut spec = pod.get("spec").cloned().unwrap_or_default();
                [
                    "/activeDeadlineSeconds",
                    "/terminationGracePeriodSeconds",
                    "/tolerations",
                    "/ephemeralContainers",
                    "/nodeName",
                ]
                .iter()
                .for_each(|place| {
                    spec.cut(place);
                });
                for list in ["containers", "initContainers"] {
                    if let Some(Value::Array(all)) = spec.get_mut(list) {
                        all.iter_mut().for_each(|one| {
                            one.cut("/image");
                            one.cut("/resources");
                            one.cut("/imagePullPolicy");
                        });
                    }
                }
                spec
            };
            if loose(old) != loose(new) {
                let why = "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)";
                return Err(Refusal::invalid(kind, name(new), "spec", why));
            }
            return Ok(());
        }
        _ => return Ok(()),
    };
    if old.pointer(place) != new.pointer(place) {
        let field = place.trim_start_matches('/').replace('/', ".");
        let value = new.pointer(place).cloned().unwrap_or_default();
        return Err(Refusal::invalid(
            kind,
            name(new),
            &field,
            &format!("Invalid value: {value}: field is immutable"),
        ));
    }
    Ok(())
}

/// Where pods of a job begin: its selector and labels come from its identity.
fn job_labels(body: &mut Value) {
    let (uid, name) = (uid(body).to_owned(), name(body).to_owned());
    body.fill("/spec/selector", json!({"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}));
    let labels = [
        ("batch.kubernetes.io/controller-uid", &uid),
        ("batch.kubernetes.io/job-name", &name),
        ("controller-uid", &uid),
        ("job-name", &name),
    ];
    for (key, value) in labels {
        body.put(&format!("/spec/template/metadata/labels/{}", super::value::escaped(key)), value.as_str());
    }
}
