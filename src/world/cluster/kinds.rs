//! The kinds that the server knows, a table, and what it says of them and of itself.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde_json::{Value, json};

/// One resource of the API. `title` is what its objects call their kind.
#[derive(Debug, PartialEq)]
pub struct Kind {
    pub group: &'static str,
    pub version: &'static str,
    pub title: &'static str,
    pub plural: &'static str,
    pub short: Vec<&'static str>,
    /// Where a cell of its table comes from, by title.
    pub columns: &'static str,
    traits: Vec<&'static str>,
}

/// From a line of `kinds.txt`: group and version, kind, plural, short names, what it is, and its columns. It may be
/// `namespaced`, have a `status` apart and a generation, be among `all`, be there only to `read` or to `ask`, and have
/// parts below it.
static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let read = |line: &'static str| {
        let (kind, columns) = line.split_once(": ")?;
        let mut words = kind.split(' ');
        let (version, title, plural) = (words.next()?, words.next()?, words.next()?);
        let (short, traits) = (words.next()?, words.next()?.split(',').collect());
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let short = short.split(',').filter(|one| *one != "-").collect();
        Some(Kind { group, version, title, plural, short, columns, traits })
    };
    include_str!("kinds.txt").lines().filter_map(read).collect()
});

/// What lies below an object: its name, the group and the kind of what is said there, where they are others, and verbs.
type Below = (&'static str, &'static str, &'static str, &'static [&'static str]);
const PARTS: [Below; 5] = [
    ("status", "", "", &["get", "patch", "update"]),
    ("scale", "autoscaling", "Scale", &["get", "patch", "update"]),
    ("eviction", "policy", "Eviction", &["create"]),
    ("exec", "", "PodExecOptions", &["create", "get"]),
    ("log", "", "Pod", &["get"]),
];

pub fn all() -> impl Iterator<Item = &'static Kind> {
    KINDS.iter()
}

pub fn titled(title: &str) -> Option<&'static Kind> {
    all().find(|kind| kind.title == title)
}

impl Kind {
    pub fn is(&self, what: &str) -> bool {
        self.traits.contains(&what)
    }

    pub fn verbs(&self) -> &'static [&'static str] {
        match () {
            () if self.is("read") => &["get", "list"],
            () if self.is("ask") => &["create"],
            () => &["create", "delete", "get", "list", "patch", "update", "watch"],
        }
    }

    pub fn api_version(&self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Where its paths begin.
    pub fn place(&self) -> String {
        let above = if self.group.is_empty() { "/api" } else { "/apis" };
        format!("{above}/{}", self.api_version())
    }

    /// With its group: `deployments.apps`.
    pub fn full(&self, word: &str) -> String {
        if self.group.is_empty() { word.to_owned() } else { format!("{word}.{}", self.group) }
    }

    pub fn parts(&self) -> impl Iterator<Item = &'static Below> {
        PARTS.iter().filter(|(part, ..)| self.is(part))
    }
}

pub const VERSION: &str = "v1.36.3";

pub fn version() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64"})
}

/// The groups under `/apis`, or the core under `/api`, with everything in them.
pub fn groups(core: bool) -> Value {
    let mut groups: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for kind in all().filter(|kind| kind.group.is_empty() == core) {
        groups.entry((kind.group, kind.version)).or_default().push(resource(kind));
    }
    let group = |((group, version), resources): (&(&str, &str), &Vec<Value>)| {
        let meta = if core { json!({}) } else { json!({"name": group}) };
        json!({"metadata": meta, "versions": [{"version": version, "resources": resources, "freshness": "Current"}]})
    };
    let items: Vec<Value> = groups.iter().map(group).collect();
    json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items})
}

fn about(kind: &Kind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.title})
}

fn resource(kind: &Kind) -> Value {
    let parts = kind.parts().map(|(part, group, other, verbs)| {
        let own = json!({"group": kind.group, "version": kind.version, "kind": if other.is_empty() { kind.title } else { other }});
        let of = if group.is_empty() { own } else { json!({"group": group, "version": "v1", "kind": other}) };
        json!({"subresource": part, "responseKind": of, "verbs": verbs})
    });
    let parts: Vec<Value> = parts.collect();
    let categories: &[&str] = if kind.is("all") { &["all"] } else { &[] };
    json!({"resource": kind.plural, "responseKind": about(kind), "scope": if kind.is("namespaced") { "Namespaced" } else { "Cluster" },
        "singularResource": kind.title.to_lowercase(), "verbs": kind.verbs(), "shortNames": kind.short, "categories": categories,
        "subresources": parts})
}

/// Where the descriptions of the groups stand.
pub fn descriptions() -> Value {
    let place = |kind: &Kind| {
        let at = json!({"serverRelativeURL": format!("/openapi/v3{}?hash=1", kind.place())});
        (kind.place().trim_start_matches('/').to_owned(), at)
    };
    json!({"paths": all().map(place).collect::<serde_json::Map<_, _>>()})
}

/// As much of a description as `kubectl` needs to know that objects are checked here.
pub fn description(group: &str) -> Value {
    let parameter = json!({"name": "fieldValidation", "in": "query", "schema": {"type": "string"}});
    let path = |kind: &Kind| {
        let path = format!("{}/{}/{{name}}", kind.place(), kind.plural);
        let does = json!({"x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": about(kind),
            "parameters": [parameter], "responses": {}});
        (path, json!({"patch": does}))
    };
    let kinds = all().filter(|kind| kind.group == group);
    let paths: serde_json::Map<_, _> = kinds.map(path).collect();
    json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths})
}
