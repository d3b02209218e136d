//! From a request to what is done: who asks, for what, and whether they may; and everything that is only read.
use std::sync::Arc;

use serde_json::{Value, json};

use super::facts::measured;
use super::kinds::{Kind, NODES, PODS, Verbs};
use super::refusal::Refusal;
use super::rights::{User, Wish};
use super::select::Selector;
use super::store::Key;
use super::table::table;
use super::value::{Dig, count, float, name, stamp};
use super::{Cluster, discovery, wire};

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

    pub(super) fn json(&self) -> Result<Value, Refusal> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        if wire::is_binary(&self.body) {
            return wire::read(&self.body).map_err(|why| Refusal::new(415, "UnsupportedMediaType", why));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::bad(format!("the object provided is unrecognized: {error}")))
    }

    /// How much of each object is wanted beside its row, where a table is.
    pub(super) fn table(&self) -> Option<&str> {
        self.accept.contains("as=Table").then(|| self.asked("includeObject"))
    }

    pub(super) fn dry(&self) -> bool {
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

/// A request that is understood and allowed.
pub(super) struct Work {
    pub user: User,
    pub kind: Kind,
    pub key: Key,
    /// A sub-resource, or nothing.
    pub part: String,
    pub verb: &'static str,
    /// As rules name it: `deployments/scale`.
    pub resource: String,
    pub call: Call,
}

pub(super) fn reply(code: u16, body: &Value) -> Reply {
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
        let (key, part) = self.target(group, version, rest).ok_or_else(Refusal::no_such_path)?;
        let kind = self.kind(key.kind)?.clone();
        let verb = verb(&call, &key.name, &part)?;
        let resource = [&*kind.plural, &part].join("/").trim_end_matches('/').to_owned();
        // A namespace is also of itself.
        let place = if kind.title == "Namespace" { &key.name } else { &key.namespace };
        let wish = Wish { verb, group, resource: &resource, namespace: place, name: &key.name, path: "" };
        self.check(&user, &wish)?;
        let work = Work { user, kind, key, part, verb, resource, call };
        match (work.kind.verbs, verb) {
            (verbs, verb) if !verbs.words().contains(&verb) => Err(Refusal::method()),
            (Verbs::Ask, _) => Ok(reply(201, &self.review(&work.user, &work.kind.title, work.call.json()?))),
            (Verbs::Read, _) => self.measure(&work),
            (_, "list") => self.list(&work),
            (_, "watch") => self.watch(work),
            (_, "get") => self.read(work),
            _ => self.change(work),
        }
    }

    pub(super) fn who(&self, call: &Call) -> Result<User, Refusal> {
        let groups = vec!["system:authenticated".to_owned()];
        let called = |name: &str| {
            let known = self.users.iter().find(|user| user.name == name).cloned();
            known.unwrap_or_else(|| User {
                name: name.to_owned(),
                token: String::new(),
                groups: groups.clone(),
            })
        };
        let user = match (call.token.as_str(), call.usual.as_str()) {
            ("", "") => Some(User { name: "system:anonymous".into(), ..User::default() }),
            ("", usual) => Some(called(usual)),
            (token, _) => self.users.iter().find(|user| user.token == token).cloned(),
        };
        let user = user.ok_or_else(|| Refusal::new(401, "Unauthorized", "Unauthorized"))?;
        let Some(other) = Some(&*call.acts_as).filter(|other| !other.is_empty()) else { return Ok(user) };
        let resource = if other.starts_with("system:serviceaccount:") { "serviceaccounts" } else { "users" };
        self.check(&user, &Wish { verb: "impersonate", resource, name: other, ..Wish::default() })?;
        Ok(called(other))
    }

    /// What is no resource.
    fn page_of(&self, parts: &[&str], call: &Call) -> Option<Reply> {
        if call.method != "GET" {
            return None;
        }
        Some(match parts {
            ["healthz" | "livez" | "readyz", ..] => Reply::Text("ok".into()),
            ["api" | "apis"] if call.accept.contains("as=APIGroupDiscoveryList") => {
                Reply::Discovery(self.discover(parts == ["api"], true).to_string())
            }
            _ => reply(200, &self.described(parts)?),
        })
    }

    fn described(&self, parts: &[&str]) -> Option<Value> {
        match parts {
            ["version"] => Some(discovery::version()),
            ["api" | "apis"] => Some(self.discover(parts == ["api"], false)),
            ["api", version] => self.resources("", version),
            ["apis", group] => self.group(group),
            ["apis", group, version] => self.resources(group, version),
            ["openapi", "v3"] => Some(self.descriptions()),
            ["openapi", "v3", "api", version] => self.description("", version),
            ["openapi", "v3", "apis", group, version] => self.description(group, version),
            _ => None,
        }
    }

    /// What a path names: an object or a list of them, and which part of it.
    fn target(&self, group: &str, version: &str, rest: &[&str]) -> Option<(Key, String)> {
        let served = |plural: &str| self.store.served(group, version, plural);
        let (place, rest) = match rest {
            ["namespaces", place, rest @ ..] if rest.first().is_some_and(|one| served(one).is_some()) => {
                (*place, rest)
            }
            _ => ("", rest),
        };
        let (plural, name, part) = match rest {
            [plural] => (plural, "", ""),
            [plural, name] => (plural, *name, ""),
            [plural, name, part] => (plural, *name, *part),
            _ => return None,
        };
        let at = served(plural)?;
        let kind = self.store.kind(at)?;
        let placed = if kind.namespaced { !place.is_empty() || name.is_empty() } else { place.is_empty() };
        let known = part.is_empty() || kind.parts().iter().any(|(one, _)| *one == part);
        let decoded = crate::world::http::decoded;
        (placed && known).then(|| (Key::new(at, &decoded(place), &decoded(name)), part.to_owned()))
    }

    pub(super) fn selector(work: &Work) -> Result<Selector, Refusal> {
        let selector = Selector::parse(work.call.asked("labelSelector"), work.call.asked("fieldSelector"))?;
        match selector.unknown_field(&work.kind.title) {
            Some(field) => Err(Refusal::bad(format!("field label not supported: {field}"))),
            None => Ok(selector),
        }
    }

    fn list(&self, work: &Work) -> Result<Reply, Refusal> {
        let (selector, call) = (Self::selector(work)?, &work.call);
        let limit = call.asked("limit").parse().unwrap_or(0);
        let (items, meta) = self.store.page(&work.key, &selector, limit, call.asked("continue"))?;
        let items: Vec<&Value> = items.iter().map(AsRef::as_ref).collect();
        Ok(self.listed(work, &items, &meta))
    }

    fn watch(&self, work: Work) -> Result<Reply, Refusal> {
        let (selector, call) = (Self::selector(&work)?, &work.call);
        let asked = call.asked("resourceVersion").parse::<u64>().unwrap_or(0);
        let tells_end = call.says("sendInitialEvents");
        let all = tells_end || asked == 0;
        let first = if all { self.store.page(&work.key, &selector, 0, "")?.0 } else { Vec::new() };
        Ok(Reply::Watch(Watch {
            kind: work.key.kind,
            place: work.key.namespace,
            selector,
            version: if all { self.store.version() } else { asked },
            first,
            tells_end,
            bookmarks: call.says("allowWatchBookmarks"),
            table: call.table().map(str::to_owned),
            seconds: call.asked("timeoutSeconds").parse().unwrap_or(1800).clamp(1, 3600),
        }))
    }

    pub(super) fn listed(&self, work: &Work, items: &[&Value], meta: &Value) -> Reply {
        let kind = &work.kind;
        if let Some(include) = work.call.table() {
            return reply(200, &table(kind, items, meta, include, self.now, true));
        }
        // Written out without copying every object.
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let (list, version, items) = (&kind.title, kind.api_version(), items.join(","));
        Reply::Json(
            200,
            format!(
                r#"{{"kind":"{list}List","apiVersion":"{version}","metadata":{meta},"items":[{items}]}}"#
            ),
        )
    }

    fn read(&self, work: Work) -> Result<Reply, Refusal> {
        let object = self.existing(&work.key)?;
        Ok(match work.part.as_str() {
            "scale" => reply(200, &super::change::scale(&object)),
            "log" => Reply::Log(work.key, work.call),
            _ if work.call.table().is_some() => {
                let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
                self.listed(&work, &[&object], &meta)
            }
            _ => reply(200, &object),
        })
    }

    /// The metrics API: what pods and nodes use.
    fn measure(&self, work: &Work) -> Result<Reply, Refusal> {
        let (kind, key) = (&work.kind, &work.key);
        let selector = Selector::parse(work.call.asked("labelSelector"), work.call.asked("fieldSelector"))?;
        let nodes = kind.plural == "nodes";
        let of = |object: &Arc<Value>| {
            let usage = if nodes {
                self.beats.get(name(object)).filter(|beat| beat.is_alive())?;
                ("/usage", measured(self.used(name(object))))
            } else {
                let life = self.lives.get(&Key::of(PODS, object)).filter(|life| life.memory > 0.0)?;
                let mains: Vec<&str> =
                    life.containers.iter().filter(|one| !one.init).map(|one| &*one.name).collect();
                let parts = float(count(mains.len()));
                let each = |name: &&str| json!({"name": name, "usage": measured((life.cpu / parts, life.memory / parts))});
                ("/containers", mains.iter().map(each).collect())
            };
            let at = stamp(self.now);
            let mut meta = json!({"name": name(object), "creationTimestamp": at});
            for field in ["/namespace", "/labels"] {
                if let Some(value) = object.at(&format!("/metadata{field}")) {
                    meta.put(field, value.clone());
                }
            }
            let mut one = json!({"kind": kind.title, "apiVersion": kind.api_version(), "metadata": meta, "timestamp": at, "window": "15.021s"});
            one.put(usage.0, usage.1);
            Some(one)
        };
        let from = if nodes { NODES } else { PODS };
        if !key.name.is_empty() {
            let object = self.store.find(from, &key.namespace, &key.name);
            return Ok(reply(200, &object.and_then(of).ok_or_else(|| Refusal::not_found(kind, &key.name))?));
        }
        let all = self.store.all(from, &key.namespace).filter(|one| selector.fits(one));
        let items: Vec<Value> = all.filter_map(of).collect();
        Ok(self.listed(work, &items.iter().collect::<Vec<_>>(), &json!({})))
    }
}

fn verb(call: &Call, name: &str, part: &str) -> Result<&'static str, Refusal> {
    Ok(match (call.method.as_str(), name.is_empty()) {
        ("GET", true) if call.says("watch") => "watch",
        ("GET", true) => "list",
        // A terminal is asked for by a GET, and is not only a look.
        ("GET", false) if part == "exec" => "create",
        ("GET", false) => "get",
        ("POST", empty) if empty == part.is_empty() => "create",
        ("PUT", false) => "update",
        ("PATCH", false) => "patch",
        ("DELETE", true) => "deletecollection",
        ("DELETE", false) => "delete",
        _ => return Err(Refusal::method()),
    })
}
