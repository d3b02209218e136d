//! From a request to what is done: who asks, for what, and whether they may; and everything that is only read.
use std::sync::Arc;

use serde_json::{Value, json};

use super::kinds::{self, Kind};
use super::refusal::Refusal;
use super::rights::{User, Wish};
use super::select::Selector;
use super::serve::Watch;
use super::store::Key;
use super::table::table;
use super::value::{Dig, name, stamp};
use super::{Cluster, wire};
use crate::world::http::Request;

/// The first value of a name in the query; empty where there is none.
pub fn asked(request: &Request, name: &str) -> String {
    request.asked(name).unwrap_or_default()
}

pub fn says(request: &Request, name: &str) -> bool {
    matches!(&*asked(request, name), "true" | "1")
}

fn header<'r>(request: &'r Request, name: &str) -> &'r str {
    request.header(name).unwrap_or_default()
}

/// The object that a request brings; nothing where it brings none.
pub fn body(request: &Request) -> Result<Value, Refusal> {
    if request.body.is_empty() {
        return Ok(Value::Null);
    }
    if header(request, "content-type").contains("protobuf") {
        return wire::read(&request.body).map_err(|why| Refusal::form(&why));
    }
    serde_json::from_slice(&request.body)
        .map_err(|error| Refusal::bad(format!("the object provided is unrecognized: {error}")))
}

/// How much of each object stands beside its row, where a table is wanted.
pub fn table_of(request: &Request) -> Option<String> {
    header(request, "accept").contains("as=Table").then(|| asked(request, "includeObject"))
}

pub enum Reply {
    /// The code, the type and the text.
    Whole(u16, &'static str, String),
    Watch(&'static Kind, Watch),
    Log(Key),
    Exec(Key),
}

/// A request that is understood and allowed.
pub(super) struct Work<'r> {
    pub kind: &'static Kind,
    pub key: Key,
    /// A sub-resource, or nothing.
    pub part: String,
    pub verb: &'static str,
    /// As rules name it: `deployments/scale`.
    pub resource: String,
    pub request: &'r Request,
}

pub(super) fn reply(code: u16, body: &Value) -> Reply {
    Reply::Whole(code, "application/json", body.to_string())
}

impl Cluster {
    pub(super) fn call(&mut self, user: &str, request: &Request) -> Result<Reply, Refusal> {
        let user = self.who(user, header(request, "impersonate-user"))?;
        let path = request.path();
        let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let Some((kind, key, part)) = target(&parts) else {
            let verb = request.parts.method.as_str().to_lowercase();
            self.check(&user, &Wish { verb: &verb, path, ..Wish::default() })?;
            return page_of(&parts, request);
        };
        let verb = verb(request, &key.name, &part)?;
        let resource = [kind.plural, &part].join("/").trim_end_matches('/').to_owned();
        // A namespace is also of itself.
        let namespace = if kind.title == "Namespace" { &key.name } else { &key.namespace };
        let wish =
            Wish { verb, group: kind.group, resource: &resource, namespace, name: &key.name, path: "" };
        self.check(&user, &wish)?;
        let work = Work { kind, key, part, verb, resource, request };
        match verb {
            verb if !kind.verbs().contains(&verb) => Err(Refusal::method()),
            _ if kind.verbs() == ["create"] => {
                Ok(reply(201, &self.review(&user, kind.title, body(request)?)))
            }
            _ if kind.is("read") => self.measure(&work),
            "list" => self.list(&work),
            "watch" => Ok(Reply::Watch(kind, Watch::of(&work, self)?)),
            "get" => self.read(work),
            _ => self.change(work),
        }
    }

    fn who(&self, user: &str, other: &str) -> Result<User, Refusal> {
        let user = User::named(user);
        if other.is_empty() {
            return Ok(user);
        }
        let resource = if other.starts_with("system:serviceaccount:") { "serviceaccounts" } else { "users" };
        self.check(&user, &Wish { verb: "impersonate", resource, name: other, ..Wish::default() })?;
        Ok(User::named(other))
    }

    fn list(&self, work: &Work) -> Result<Reply, Refusal> {
        let asked = |name: &str| asked(work.request, name);
        let limit = asked("limit").parse().unwrap_or(0);
        let (items, meta) =
            self.store.page(&work.key, &selector(work.request)?, limit, &asked("continue"))?;
        let items: Vec<&Value> = items.iter().map(AsRef::as_ref).collect();
        Ok(self.listed(work, &items, &meta))
    }

    pub(super) fn listed(&self, work: &Work, items: &[&Value], meta: &Value) -> Reply {
        if let Some(include) = table_of(work.request) {
            return reply(200, &table(work.kind, items, meta, &include, self.now));
        }
        // Written out without copying every object.
        let items: Vec<String> = items.iter().map(ToString::to_string).collect();
        let (list, version, items) = (work.kind.title, work.kind.api_version(), items.join(","));
        let head = format!(r#""kind":"{list}List","apiVersion":"{version}","metadata":{meta}"#);
        Reply::Whole(200, "application/json", format!(r#"{{{head},"items":[{items}]}}"#))
    }

    fn read(&self, work: Work) -> Result<Reply, Refusal> {
        let object = self.existing(&work.key)?;
        Ok(match work.part.as_str() {
            "scale" => reply(200, &super::write::scale(&object)),
            "log" => Reply::Log(work.key),
            _ if table_of(work.request).is_some() => {
                let meta = json!({"resourceVersion": object.text("/metadata/resourceVersion")});
                self.listed(&work, &[&object], &meta)
            }
            _ => reply(200, &object),
        })
    }

    /// The metrics API: what pods and nodes use.
    fn measure(&self, work: &Work) -> Result<Reply, Refusal> {
        let (kind, key, selector) = (work.kind, &work.key, selector(work.request)?);
        let of = |object: &Arc<Value>| {
            let mut one = self.measured(object)?;
            let (at, meta) = (stamp(self.now), object.get("metadata"));
            let part = |place: &str| meta.and_then(|meta| meta.pointer(place));
            one.put(
                "/metadata",
                json!({"name": name(object), "labels": part("/labels"), "creationTimestamp": at}),
            );
            if let Some(place) = part("/namespace") {
                one.put("/metadata/namespace", place.clone());
            }
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

pub(super) fn selector(request: &Request) -> Result<Selector, Refusal> {
    Selector::parse(&asked(request, "labelSelector"), &asked(request, "fieldSelector"))
}

/// What is no resource.
fn page_of(parts: &[&str], request: &Request) -> Result<Reply, Refusal> {
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    Ok(match parts {
        _ if request.parts.method != "GET" => return Err(Refusal::no_such_path()),
        ["healthz" | "livez" | "readyz", ..] => Reply::Whole(200, "text/plain", "ok".into()),
        ["version"] => reply(200, &kinds::version()),
        ["api" | "apis"] if header(request, "accept").contains("as=APIGroupDiscoveryList") => {
            Reply::Whole(200, aggregated, kinds::groups(parts == ["api"]).to_string())
        }
        ["openapi", "v3"] => reply(200, &kinds::descriptions()),
        ["openapi", "v3", "api", _] => reply(200, &kinds::description("")),
        ["openapi", "v3", "apis", group, _] => reply(200, &kinds::description(group)),
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
    let placed = if kind.is("namespaced") { !place.is_empty() || name.is_empty() } else { place.is_empty() };
    let known = part.is_empty() || kind.parts().any(|(one, ..)| *one == part);
    let decoded = crate::world::http::decoded;
    (placed && known).then(|| (kind, Key::new(kind.title, &decoded(place), &decoded(name)), part.to_owned()))
}

fn verb(request: &Request, name: &str, part: &str) -> Result<&'static str, Refusal> {
    Ok(match (request.parts.method.as_str(), name.is_empty()) {
        ("GET", true) if says(request, "watch") => "watch",
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
