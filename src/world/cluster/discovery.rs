//! What the server says it is and has.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::kinds::{self, Kind};

pub const VERSION: &str = "v1.36.3";

pub fn version() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64"})
}

/// The groups under `/apis`, or the core under `/api`, with everything in them.
pub fn groups(core: bool) -> Value {
    let mut groups: BTreeMap<(&str, &str), Vec<Value>> = BTreeMap::new();
    for kind in kinds::all().filter(|kind| kind.group.is_empty() == core) {
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
    let part = |(part, of, verbs): &(&str, Value, &[&str])| json!({"subresource": part, "responseKind": of, "verbs": verbs});
    let parts: Vec<Value> = kind.parts().iter().map(part).collect();
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
    json!({"paths": kinds::all().map(place).collect::<serde_json::Map<_, _>>()})
}

/// As much of a description as `kubectl` needs to know that objects are checked here.
pub fn description(group: &str) -> Value {
    let parameter = json!({"name": "fieldValidation", "in": "query", "schema": {"type": "string"}});
    let path = |kind: &Kind| {
        let path = format!("{}/{}/{{name}}", kind.place(), kind.plural);
        let patch = json!({"x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": about(kind),
            "parameters": [parameter], "responses": {}});
        (path, json!({"patch": patch}))
    };
    let kinds = kinds::all().filter(|kind| kind.group == group);
    let paths: serde_json::Map<_, _> = kinds.map(path).collect();
    json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths})
}
