//! From a request to what is done: paths, rights, and each verb.
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::facts::{Deed, differences, measured};
use super::kinds::{Kind, NODES, PODS, Verbs};
use super::refusal::Refusal;
use super::rights::{User, Wish};
use super::select::Selector;
use super::store::Key;
use super::table::table;
use super::value::{Dig, name, namespace, stamp, uid};
use super::write::Part;
use super::{Cluster, discovery, patch, wire};

/// A request, as far as it matters.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub method: String,
    pub path: String,
    pub query: Vec<(String, String)>,
    pub token: String,
    /// Who it is from when it brings no token.
    pub usual: String,
    pub acts_as: String,
    pub accept: String,
    pub content: String,
    pub body: Vec<u8>,
}

impl Call {
    pub fn asked(&self, name: &str) -> &str {
        self.query.iter().find(|(one, _)| one == name).map(|(_, value)| value.as_str()).unwrap_or_default()
    }

    pub fn says(&self, name: &str) -> bool {
        matches!(self.asked(name), "true" | "1")
    }

    fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        if wire::is_binary(&self.body) {
            return wire::read(&self.body).map_err(|why| Refusal::new(415, "UnsupportedMediaType", why));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::bad(format!("the object provided is unrecognized: {error}")))
    }

    fn dry(&self) -> bool {
        self.asked("dryRun") == "All"
    }
}

/// What a request asks to be told from now on.
#[derive(Debug, Clone)]
pub struct Watch {
    pub kind: usize,
    pub place: String,
    pub selector: Selector,
    pub version: u64,
    /// What is there already, and whether its end is told.
    pub first: Vec<Arc<Value>>,
    pub tells_end: bool,
    pub bookmarks: bool,
    pub table: Option<String>,
    pub seconds: u64,
}

#[derive(Debug)]
pub enum Reply {
    Json(u16, String),
    Discovery(String),
    Text(String),
    Watch(Watch),
    Log(Key, Call),
    Exec(Key, Call),
}

/// What a path names.
#[derive(Debug, Clone, Default)]
struct Target {
    kind: usize,
    namespace: String,
    name: String,
    part: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct List<'a> {
    kind: String,
    api_version: String,
    metadata: Value,
    items: Vec<&'a Value>,
}

fn reply(code: u16, body: &Value) -> Reply {
    Reply::Json(code, body.to_string())
}

impl Cluster {
    pub(super) fn call(&mut self, call: Call) -> Result<Reply, Refusal> {
        let user = self.who(&call)?;
        let path = call.path.clone();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let (group, version, rest) = match &parts[..] {
            ["api", version, rest @ ..] if !rest.is_empty() => ("", *version, rest),
            ["apis", group, version, rest @ ..] if !rest.is_empty() => (*group, *version, rest),
            _ => {
                let verb = call.method.to_lowercase();
                self.check(&user, &Wish { verb: &verb, path: &path, ..Wish::default() })?;
                return self.page_of(&parts, &call).ok_or_else(Refusal::no_such_path);
            }
        };
        let target = self.target(group, version, rest).ok_or_else(Refusal::no_such_path)?;
        let kind = self.kind(target.kind)?.clone();
        let verb = verb(&call, &target)?;
        let resource = if target.part.is_empty() {
            kind.plural.clone()
        } else {
            format!("{}/{}", kind.plural, target.part)
        };
        let wish = Wish {
            verb,
            group,
            resource: &resource,
            namespace: &target.namespace,
            name: &target.name,
            path: "",
        };
        if kind.verbs == Verbs::Ask || kind.title != "Namespace" || target.name.is_empty() {
            self.check(&user, &wish)?;
        } else {
            // A namespace is also of itself.
            self.check(&user, &Wish { namespace: &target.name, ..wish })?;
        }
        if !kind.verbs.words().contains(&verb) {
            return Err(Refusal::method());
        }
        match kind.verbs {
            Verbs::Ask => return Ok(reply(201, &self.review(&user, &kind.title, call.json()?))),
            Verbs::Read => return self.measure(&kind, &target, &call),
            Verbs::All => {}
        }
        match verb {
            "list" | "watch" => self.list(&kind, &target, &call, verb == "watch"),
            "get" => self.read(&kind, target, call),
            _ => self.change(&kind, &target, call, &user, verb, resource),
        }
    }

    fn who(&self, call: &Call) -> Result<User, Refusal> {
        let user = match (call.token.as_str(), call.usual.as_str()) {
            ("", "") => Some(User { name: "system:anonymous".into(), ..User::default() }),
            ("", usual) => self.users.iter().find(|user| user.name == usual).cloned(),
            (token, _) => self.known(token),
        };
        let user = user.ok_or_else(|| Refusal::new(401, "Unauthorized", "Unauthorized"))?;
        if call.acts_as.is_empty() {
            return Ok(user);
        }
        let kind =
            if call.acts_as.starts_with("system:serviceaccount:") { "serviceaccounts" } else { "users" };
        self.check(
            &user,
            &Wish { verb: "impersonate", resource: kind, name: &call.acts_as, ..Wish::default() },
        )?;
        let known = self.users.iter().find(|user| user.name == call.acts_as);
        let groups =
            known.map_or_else(|| vec!["system:authenticated".to_owned()], |known| known.groups.clone());
        Ok(User { name: call.acts_as.clone(), token: String::new(), groups })
    }

    /// What is no resource.
    fn page_of(&self, parts: &[&str], call: &Call) -> Option<Reply> {
        if call.method != "GET" {
            return None;
        }
        Some(match parts {
            ["version"] => reply(200, &discovery::version()),
            ["healthz" | "livez" | "readyz", ..] => Reply::Text("ok".into()),
            ["api" | "apis"] if call.accept.contains("as=APIGroupDiscoveryList") => {
                Reply::Discovery(self.discover(parts == ["api"], true).to_string())
            }
            ["api"] => reply(200, &self.discover(true, false)),
            ["apis"] => reply(200, &self.discover(false, false)),
            ["api", version] => reply(200, &self.resources("", version)?),
            ["apis", group] => reply(200, &self.group(group)?),
            ["apis", group, version] => reply(200, &self.resources(group, version)?),
            ["openapi", "v3"] => reply(200, &self.descriptions()),
            ["openapi", "v3", "api", version] => reply(200, &self.description("", version)?),
            ["openapi", "v3", "apis", group, version] => reply(200, &self.description(group, version)?),
            _ => return None,
        })
    }

    fn target(&self, group: &str, version: &str, rest: &[&str]) -> Option<Target> {
        let (place, rest) = match rest {
            ["namespaces", place, plural, rest @ ..]
                if self.store.served(group, version, plural).is_some() =>
            {
                (*place, [&[*plural], rest].concat())
            }
            _ => ("", rest.to_vec()),
        };
        let (plural, name, part) = match rest[..] {
            [plural] => (plural, "", ""),
            [plural, name] => (plural, name, ""),
            [plural, name, part] => (plural, name, part),
            _ => return None,
        };
        let at = self.store.served(group, version, plural)?;
        let kind = self.store.kind(at)?;
        let fits = (kind.namespaced || place.is_empty())
            && (!kind.namespaced || !place.is_empty() || name.is_empty());
        let known = part.is_empty() || kind.parts().iter().any(|(one, _)| *one == part);
        let decoded = crate::world::http::decoded;
        (fits && known).then(|| Target {
            kind: at,
            namespace: decoded(place),
            name: decoded(name),
            part: part.into(),
        })
    }

    fn selector(kind: &Kind, call: &Call) -> Result<Selector, Refusal> {
        let selector = Selector::parse(call.asked("labelSelector"), call.asked("fieldSelector"))?;
        match selector.unknown_field(&kind.title) {
            Some(field) => Err(Refusal::bad(format!("field label not supported: {field}"))),
            None => Ok(selector),
        }
    }

    fn list(&self, kind: &Kind, target: &Target, call: &Call, watches: bool) -> Result<Reply, Refusal> {
        let selector = Self::selector(kind, call)?;
        let tabled = call.accept.contains("as=Table").then(|| call.asked("includeObject").to_owned());
        if watches {
            let asked = call.asked("resourceVersion").parse::<u64>().unwrap_or(0);
            let tells_end = call.says("sendInitialEvents");
            let all = tells_end || asked == 0;
            let (first, _) = if all {
                self.store.page(target.kind, &target.namespace, &selector, 0, "")?
            } else {
                Default::default()
            };
            return Ok(Reply::Watch(Watch {
                kind: target.kind,
                place: target.namespace.clone(),
                selector,
                version: if all { self.store.version() } else { asked },
                first,
                tells_end,
                bookmarks: call.says("allowWatchBookmarks"),
                table: tabled,
                seconds: call.asked("timeoutSeconds").parse().unwrap_or(1800).clamp(1, 3600),
            }));
        }
        let limit = call.asked("limit").parse().unwrap_or(0);
        let (items, meta) =
            self.store.page(target.kind, &target.namespace, &selector, limit, call.asked("continue"))?;
        let items: Vec<&Value> = items.iter().map(AsRef::as_ref).collect();
        Ok(self.listed(kind, &items, meta, tabled.as_deref()))
    }

    fn listed(&self, kind: &Kind, items: &[&Value], meta: Value, tabled: Option<&str>) -> Reply {
        if let Some(include) = tabled {
            return reply(200, &table(kind, items, &meta, include, self.now, true));
        }
        let list = List {
            kind: format!("{}List", kind.title),
            api_version: kind.api_version(),
            metadata: meta,
            items: items.to_vec(),
        };
        Reply::Json(200, serde_json::to_string(&list).unwrap_or_default())
    }

    fn read(&self, kind: &Kind, target: Target, call: Call) -> Result<Reply, Refusal> {
        let key = Key { kind: target.kind, namespace: target.namespace, name: target.name };
        let object = self.existing(&key)?;
        Ok(match target.part.as_str() {
            "scale" => reply(200, &scale(&object)),
            "log" => Reply::Log(key, call),
            "exec" => Reply::Exec(key, call),
            _ if call.accept.contains("as=Table") => {
                let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
                self.listed(kind, &[&object], meta, Some(call.asked("includeObject")))
            }
            _ => reply(200, &object),
        })
    }

    fn change(
        &mut self,
        kind: &Kind,
        target: &Target,
        call: Call,
        user: &User,
        verb: &'static str,
        resource: String,
    ) -> Result<Reply, Refusal> {
        let key = Key { kind: target.kind, namespace: target.namespace.clone(), name: target.name.clone() };
        let (old, dry) = (self.store.get(&key).cloned(), call.dry());
        let part = if target.part == "status" { Part::Status } else { Part::Main };
        let mut detail = String::new();
        let (code, body) = match (verb, target.part.as_str()) {
            ("create", "exec") => return Ok(Reply::Exec(key, call)),
            ("create", "eviction") => (201, self.evict(&key, &call.json()?, dry)?),
            ("create", "") => {
                let body = call.json()?;
                (201, self.create(target.kind, &target.namespace, body, Part::Main, dry)?)
            }
            ("deletecollection", "") => {
                let selector = Self::selector(kind, &call)?;
                let (items, meta) = self.store.page(target.kind, &target.namespace, &selector, 0, "")?;
                let options = options(&call)?;
                for one in &items {
                    self.delete(&Key::of(target.kind, one), &options, dry)?;
                }
                detail = items.iter().map(|one| name(one)).collect::<Vec<_>>().join(", ");
                let items: Vec<&Value> = items.iter().map(AsRef::as_ref).collect();
                self.done(&key, user, verb, resource, detail, dry);
                return Ok(self.listed(kind, &items, meta, None));
            }
            ("delete", "") => (200, self.delete(&key, &options(&call)?, dry)?),
            ("update", "scale") => {
                let body = call.json()?;
                (200, self.rescale(&key, &body, dry)?)
            }
            ("patch", "scale") => {
                let before = scale(&*self.existing(&key)?);
                let body = patched(kind, &before, &call)?;
                (200, self.rescale(&key, &body, dry)?)
            }
            ("update", _) => (200, self.update(&key, call.json()?, part, dry)?),
            ("patch", _) => {
                let applies = call.content.contains("apply-patch");
                match &old {
                    None if applies => {
                        (201, self.create(target.kind, &target.namespace, call.json()?, Part::Main, dry)?)
                    }
                    None => return Err(Refusal::not_found(kind, &key.name)),
                    Some(old) => (200, self.update(&key, patched(kind, old, &call)?, part, dry)?),
                }
            }
            _ => return Err(Refusal::method()),
        };
        let changed =
            Key { name: if key.name.is_empty() { name(&body).to_owned() } else { key.name.clone() }, ..key };
        if let (Some(old), Some(new)) = (old, self.store.get(&changed)) {
            detail = differences(&old, new, kind.title == "Secret");
        }
        self.done(&changed, user, verb, resource, detail, dry);
        if call.accept.contains("as=Table") && kind.title == body.text("/kind") {
            return Ok(self.listed(kind, &[&body], json!({}), Some(call.asked("includeObject"))));
        }
        Ok(reply(code, &body))
    }

    pub(super) fn done(
        &mut self,
        key: &Key,
        user: &User,
        verb: &'static str,
        resource: String,
        detail: String,
        dry: bool,
    ) {
        // Who only tries changes nothing; a kubelet's or a test's status is no deed of an operator.
        if dry || resource.ends_with("/status") || user.name.starts_with("system:") {
            return;
        }
        let deed = Deed {
            at: self.now,
            user: user.name.clone(),
            verb,
            resource,
            namespace: key.namespace.clone(),
            name: key.name.clone(),
            detail,
        };
        self.record(deed);
    }

    pub(super) fn done_by(&mut self, key: &Key, call: &Call, resource: &str, detail: String) {
        if let Ok(user) = self.who(call) {
            self.done(key, &user, "create", resource.to_owned(), detail, false);
        }
    }

    fn rescale(&mut self, key: &Key, body: &Value, dry: bool) -> Result<Value, Refusal> {
        let old = self.existing(key)?;
        let mut new = Value::clone(&old);
        for field in ["resourceVersion", "uid"] {
            let place = format!("/metadata/{field}");
            if !body.text(&place).is_empty() {
                new.put(&place, body.text(&place));
            }
        }
        new.put("/spec/replicas", body.int("/spec/replicas").unwrap_or(0));
        let written = self.update(key, new, Part::Main, dry)?;
        Ok(scale(&written))
    }

    fn measure(&self, kind: &Kind, target: &Target, call: &Call) -> Result<Reply, Refusal> {
        let selector = Selector::parse(call.asked("labelSelector"), call.asked("fieldSelector"))?;
        let (nodes, at) = (kind.plural == "nodes", stamp(self.now));
        let of = |object: &Value| -> Option<Value> {
            let mut meta = json!({"name": name(object), "creationTimestamp": at});
            for place in ["namespace", "labels"] {
                if let Some(value) = object.at(&format!("/metadata/{place}")) {
                    meta.put(&format!("/{place}"), value.clone());
                }
            }
            let mut one = json!({"metadata": meta, "timestamp": at, "window": "15.021s", "kind": kind.title, "apiVersion": kind.api_version()});
            if nodes {
                self.beats.get(name(object)).filter(|beat| beat.is_alive())?;
                let (cpu, memory) = self.used(name(object));
                one.put("/usage", measured(cpu, memory));
                return Some(one);
            }
            let life = self.lives.get(&Key::of(PODS, object)).filter(|life| life.memory > 0.0)?;
            let mains: Vec<&str> =
                life.containers.iter().filter(|one| !one.init).map(|one| one.name.as_str()).collect();
            let parts = super::value::float(i64::try_from(mains.len()).unwrap_or(1));
            let all: Vec<Value> = mains
                .iter()
                .map(|name| json!({"name": name, "usage": measured(life.cpu / parts, life.memory / parts)}))
                .collect();
            one.put("/containers", all);
            Some(one)
        };
        let from = if nodes { NODES } else { PODS };
        if !target.name.is_empty() {
            let object = self.store.find(from, &target.namespace, &target.name);
            let found =
                object.and_then(|object| of(object)).ok_or_else(|| Refusal::not_found(kind, &target.name))?;
            return Ok(reply(200, &found));
        }
        let items: Vec<Value> = self
            .store
            .all(from, &target.namespace)
            .filter(|one| selector.fits(one))
            .filter_map(|one| of(one))
            .collect();
        Ok(self.listed(kind, &items.iter().collect::<Vec<_>>(), json!({}), None))
    }
}

fn verb(call: &Call, target: &Target) -> Result<&'static str, Refusal> {
    Ok(match (call.method.as_str(), target.name.is_empty()) {
        ("GET", true) if call.says("watch") => "watch",
        ("GET", true) => "list",
        // An upgrade to a terminal is asked for by a GET, and is not only a look.
        ("GET", false) if target.part == "exec" => "create",
        ("GET", false) => "get",
        ("POST", empty) if empty == target.part.is_empty() => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => return Err(Refusal::method()),
    })
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
            return patch::operations(old, &change).map_err(|why| {
                let message = "the server rejected our request due to an error in our request";
                let causes = json!([{"reason": "UnexpectedServerResponse", "message": why}]);
                Refusal { details: json!({"causes": causes}), ..Refusal::new(422, "Invalid", message) }
            });
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
fn scale(object: &Value) -> Value {
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
