//! From a request to what is done: who asks, for what, and whether they may; and everything that is only read.
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{self, Kind};
use super::refusal::Refusal;
use super::rights::{User, Wish};
use super::select::Selector;
use super::store::Key;
use super::table::table;
use super::value::{Dig, name, stamp};
use super::{Cluster, discovery};

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
        if self.content.contains("protobuf") {
            return Err(Refusal::form(
                "the body of the request was in an unknown format - accepted media types include: application/json",
            ));
        }
        serde_json::from_slice(&self.body)
            .map_err(|error| Refusal::bad(format!("the object provided is unrecognized: {error}")))
    }

    pub(super) fn dry(&self) -> bool {
        self.asked("dryRun") == "All"
    }
}

/// What a request asks to be told from now on.
#[derive(Debug, Clone)]
pub struct Watch {
    pub kind: &'static Kind,
    pub place: Key,
    pub selector: Selector,
    pub version: u64,
    /// What is there already, and whether its end is told.
    pub first: Vec<Arc<Value>>,
    pub tells_end: bool,
    pub bookmarks: bool,
    /// How much of each object stands beside its row, where a table is wanted.
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
    pub kind: &'static Kind,
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
        let Some((kind, key, part)) = target(&parts) else {
            let verb = call.method.to_lowercase();
            self.check(&user, &Wish { verb: &verb, path: &path, ..Wish::default() })?;
            return page_of(&parts, &call);
        };
        let verb = verb(&call, &key.name, &part)?;
        let resource = [kind.plural, &part].join("/").trim_end_matches('/').to_owned();
        // A namespace is also of itself.
        let namespace = if kind.title == "Namespace" { &key.name } else { &key.namespace };
        let wish =
            Wish { verb, group: kind.group, resource: &resource, namespace, name: &key.name, path: "" };
        self.check(&user, &wish)?;
        let work = Work { kind, key, part, verb, resource, call };
        match verb {
            verb if !kind.verbs().contains(&verb) => Err(Refusal::method()),
            _ if kind.verbs() == ["create"] => {
                Ok(reply(201, &self.review(&user, kind.title, work.call.json()?)))
            }
            _ if kind.is_measured() => self.measure(&work),
            "list" => self.list(&work),
            "watch" => self.watch(work),
            "get" => self.read(work),
            _ => self.change(work),
        }
    }

    fn who(&self, call: &Call) -> Result<User, Refusal> {
        let named = |name: &str| self.users.iter().find(|user| user.name == name).cloned();
        let user = match (call.token.as_str(), call.usual.as_str()) {
            ("", "") => Some(User { name: "system:anonymous".into(), ..User::default() }),
            ("", usual) => named(usual),
            (token, _) => self.users.iter().find(|user| user.token == token).cloned(),
        };
        let user = user.ok_or_else(|| Refusal::new(401, "Unauthorized", "Unauthorized"))?;
        let Some(other) = Some(&*call.acts_as).filter(|other| !other.is_empty()) else { return Ok(user) };
        let resource = if other.starts_with("system:serviceaccount:") { "serviceaccounts" } else { "users" };
        self.check(&user, &Wish { verb: "impersonate", resource, name: other, ..Wish::default() })?;
        let groups = vec!["system:authenticated".to_owned()];
        Ok(named(other).unwrap_or_else(|| User { name: other.to_owned(), token: String::new(), groups }))
    }

    pub(super) fn selector(call: &Call) -> Result<Selector, Refusal> {
        Selector::parse(call.asked("labelSelector"), call.asked("fieldSelector"))
    }

    fn list(&self, work: &Work) -> Result<Reply, Refusal> {
        let (selector, call) = (Self::selector(&work.call)?, &work.call);
        let limit = call.asked("limit").parse().unwrap_or(0);
        let (items, meta) = self.store.page(&work.key, &selector, limit, call.asked("continue"))?;
        let items: Vec<&Value> = items.iter().map(AsRef::as_ref).collect();
        Ok(self.listed(work, &items, &meta))
    }

    fn watch(&self, work: Work) -> Result<Reply, Refusal> {
        let (selector, call) = (Self::selector(&work.call)?, &work.call);
        let asked = call.asked("resourceVersion").parse::<u64>().unwrap_or(0);
        let tells_end = call.says("sendInitialEvents");
        let all = tells_end || asked == 0;
        let first = if all { self.store.page(&work.key, &selector, 0, "")?.0 } else { Vec::new() };
        Ok(Reply::Watch(Watch {
            kind: work.kind,
            version: if all { self.store.version() } else { asked },
            first,
            tells_end,
            bookmarks: call.says("allowWatchBookmarks"),
            table: table_of(call).map(str::to_owned),
            seconds: call.asked("timeoutSeconds").parse().unwrap_or(1800).clamp(1, 3600),
            selector,
            place: work.key,
        }))
    }

    pub(super) fn listed(&self, work: &Work, items: &[&Value], meta: &Value) -> Reply {
        if let Some(include) = table_of(&work.call) {
            return reply(200, &table(work.kind, items, meta, include, self.now, true));
        }
        // Written out without copying every object.
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let (list, version, items) = (work.kind.title, work.kind.api_version(), items.join(","));
        let head = format!(r#""kind":"{list}List","apiVersion":"{version}","metadata":{meta}"#);
        Reply::Json(200, format!(r#"{{{head},"items":[{items}]}}"#))
    }

    fn read(&self, work: Work) -> Result<Reply, Refusal> {
        let object = self.existing(&work.key)?;
        Ok(match work.part.as_str() {
            "scale" => reply(200, &super::change::scale(&object)),
            "log" => Reply::Log(work.key, work.call),
            _ if table_of(&work.call).is_some() => {
                let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
                self.listed(&work, &[&object], &meta)
            }
            _ => reply(200, &object),
        })
    }

    /// The metrics API: what pods and nodes use.
    fn measure(&self, work: &Work) -> Result<Reply, Refusal> {
        let (kind, key, selector) = (work.kind, &work.key, Self::selector(&work.call)?);
        let of = |object: &Arc<Value>| {
            let mut one = self.measured(object)?;
            let (at, meta) = (stamp(self.now), object.get("metadata"));
            let part = |place: &str| meta.and_then(|meta| meta.pointer(place));
            one.put("/metadata", json!({"name": name(object), "namespace": part("/namespace"), "labels": part("/labels"), "creationTimestamp": at}));
            for (place, text) in [
                ("/kind", kind.title),
                ("/apiVersion", &kind.api_version()),
                ("/timestamp", &at),
                ("/window", "15.021s"),
            ] {
                one.put(place, text);
            }
            Some(one)
        };
        let from = if kind.plural == "nodes" { "Node" } else { "Pod" };
        if !key.name.is_empty() {
            let object = self.store.find(from, &key.namespace, &key.name);
            return Ok(reply(200, &object.and_then(of).ok_or_else(|| Refusal::not_found(kind, &key.name))?));
        }
        let all = self.store.all(from, &key.namespace).filter(|one| selector.fits(one));
        let items: Vec<Value> = all.filter_map(of).collect();
        Ok(self.listed(work, &items.iter().collect::<Vec<_>>(), &json!({})))
    }
}

fn table_of(call: &Call) -> Option<&str> {
    call.accept.contains("as=Table").then(|| call.asked("includeObject"))
}

/// What is no resource.
fn page_of(parts: &[&str], call: &Call) -> Result<Reply, Refusal> {
    if call.method != "GET" {
        return Err(Refusal::no_such_path());
    }
    Ok(match parts {
        ["healthz" | "livez" | "readyz", ..] => Reply::Text("ok".into()),
        ["version"] => reply(200, &discovery::version()),
        ["api" | "apis"] if call.accept.contains("as=APIGroupDiscoveryList") => {
            Reply::Discovery(discovery::groups(parts == ["api"]).to_string())
        }
        ["api" | "apis"] => {
            let why = "only the following media types are accepted: application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
            return Err(Refusal::new(406, "NotAcceptable", why));
        }
        ["openapi", "v3"] => reply(200, &discovery::descriptions()),
        ["openapi", "v3", "api", _] => reply(200, &discovery::description("")),
        ["openapi", "v3", "apis", group, _] => reply(200, &discovery::description(group)),
        _ => return Err(Refusal::no_such_path()),
    })
}

/// What a path names: an object or a list of them, and which part of it.
fn target(parts: &[&str]) -> Option<(&'static Kind, Key, String)> {
    let (group, version, rest) = match parts {
        ["api", version, rest @ ..] => ("", *version, rest),
        ["apis", group, version, rest @ ..] => (*group, *version, rest),
        _ => return None,
    };
    let served = |plural: &str| {
        kinds::all().find(|one| one.group == group && one.version == version && one.plural == plural)
    };
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
    let kind = served(plural)?;
    let placed = if kind.namespaced() { !place.is_empty() || name.is_empty() } else { place.is_empty() };
    let known = part.is_empty() || kind.parts().iter().any(|(one, ..)| *one == part);
    let decoded = crate::world::http::decoded;
    (placed && known).then(|| (kind, Key::new(kind.title, &decoded(place), &decoded(name)), part.to_owned()))
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
