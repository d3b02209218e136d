//! What the server says it is and has.
use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Cluster;
use super::kinds::{Kind, Verbs};
use super::value::{Dig, escaped, mark};

pub const VERSION: &str = "v1.36.3";

pub fn version() -> Value {
    json!({"major": "1", "minor": "36", "gitVersion": VERSION, "gitCommit": "", "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "", "compiler": "", "platform": "linux/amd64"})
}

impl Cluster {
    fn groups(&self) -> BTreeMap<&str, BTreeMap<&str, Vec<&Kind>>> {
        let mut groups: BTreeMap<&str, BTreeMap<&str, Vec<&Kind>>> = BTreeMap::new();
        for kind in self.store.kinds.iter().filter(|kind| !kind.version.is_empty()) {
            groups.entry(&kind.group).or_default().entry(&kind.version).or_default().push(kind);
        }
        groups
    }

    /// The groups under `/apis`, or the core under `/api`, in the form that was asked for.
    pub(super) fn discover(&self, core: bool, aggregated: bool) -> Value {
        let groups = self.groups();
        let groups = groups.iter().filter(|(group, _)| group.is_empty() == core);
        if aggregated {
            let items: Vec<Value> = groups
                .map(|(group, versions)| {
                    let versions: Vec<Value> = versions
                        .iter()
                        .map(|(version, kinds)| {
                            let resources: Vec<Value> = kinds.iter().map(|kind| whole(kind)).collect();
                            json!({"version": version, "resources": resources, "freshness": "Current"})
                        })
                        .collect();
                    let meta = if core { json!({}) } else { json!({"name": group}) };
                    json!({"metadata": meta, "versions": versions})
                })
                .collect();
            return json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
        }
        if core {
            return json!({"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": []});
        }
        let all: Vec<Value> = groups
            .map(|(group, versions)| {
                let versions: Vec<Value> = versions
                    .keys()
                    .map(|version| json!({"groupVersion": format!("{group}/{version}"), "version": version}))
                    .collect();
                json!({"name": group, "versions": versions, "preferredVersion": versions.first()})
            })
            .collect();
        json!({"kind": "APIGroupList", "apiVersion": "v1", "groups": all})
    }

    pub(super) fn group(&self, group: &str) -> Option<Value> {
        let all = self.discover(false, false);
        let mut found = all.list("/groups").iter().find(|one| one.text("/name") == group)?.clone();
        found.put("/kind", "APIGroup");
        found.put("/apiVersion", "v1");
        Some(found)
    }

    /// The resources of one group and version.
    pub(super) fn resources(&self, group: &str, version: &str) -> Option<Value> {
        let groups = self.groups();
        let kinds = groups.get(group)?.get(version)?;
        let mut all = Vec::new();
        for kind in kinds {
            let mut one = json!({"name": kind.plural, "singularName": kind.singular(), "namespaced": kind.namespaced, "kind": kind.title, "verbs": kind.verbs.words()});
            if !kind.short.is_empty() {
                one.put("/shortNames", kind.short.clone());
            }
            if kind.all {
                one.put("/categories", json!(["all"]));
            }
            all.push(one);
            for (part, mut about) in kind.parts() {
                about.put("/name", format!("{}/{part}", kind.plural));
                about.put("/singularName", "");
                about.put("/namespaced", kind.namespaced);
                all.push(about);
            }
        }
        let of = if group.is_empty() { version.to_owned() } else { format!("{group}/{version}") };
        Some(json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": of, "resources": all}))
    }

    /// Where the descriptions of the groups stand.
    pub(super) fn descriptions(&self) -> Value {
        let mut paths = json!({});
        for kind in self.store.kinds.iter().filter(|kind| !kind.version.is_empty()) {
            let place = kind.place();
            let at = format!("/openapi/v3{place}?hash={:016X}", mark(&place));
            let place = escaped(place.trim_start_matches('/'));
            paths.put(&format!("/paths/{place}"), json!({"serverRelativeURL": at}));
        }
        paths
    }

    /// As much of a description as a client needs to know that objects are checked here.
    pub(super) fn description(&self, group: &str, version: &str) -> Option<Value> {
        let groups = self.groups();
        let kinds = groups.get(group)?.get(version)?;
        let parameter = |name: &str| json!({"name": name, "in": "query", "schema": {"type": "string"}});
        let parameters: Vec<Value> =
            "dryRun fieldManager fieldValidation force".split(' ').map(parameter).collect();
        let mut paths = json!({});
        for kind in kinds.iter().filter(|kind| kind.verbs == Verbs::All) {
            let place = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
            let place = [&*kind.place(), place, "/", &kind.plural, "/{name}"].concat();
            let about = json!({"group": kind.group, "version": kind.version, "kind": kind.title});
            let patch = json!({"x-kubernetes-action": "patch", "x-kubernetes-group-version-kind": about, "parameters": parameters, "responses": {}});
            paths.put(&format!("/{}", escaped(&place)), json!({"patch": patch}));
        }
        Some(json!({"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": paths}))
    }
}

/// One resource as aggregated discovery has it.
fn whole(kind: &Kind) -> Value {
    let about = |kind: &Kind| json!({"group": kind.group, "version": kind.version, "kind": kind.title});
    let parts: Vec<Value> = kind.parts().into_iter().map(|(part, of)| {
        let (group, version) = match of.text("/version") {
            "" => (kind.group.as_str(), kind.version.as_str()),
            version => (of.text("/group"), version),
        };
        json!({"subresource": part, "responseKind": {"group": group, "version": version, "kind": of.text("/kind")}, "verbs": of.get("verbs")})
    }).collect();
    let mut one = json!({"resource": kind.plural, "responseKind": about(kind), "scope": if kind.namespaced { "Namespaced" } else { "Cluster" },
        "singularResource": kind.singular(), "verbs": kind.verbs.words()});
    for (place, words) in [
        ("/shortNames", json!(kind.short)),
        ("/categories", json!(if kind.all { &["all"][..] } else { &[] })),
        ("/subresources", json!(parts)),
    ] {
        if words.as_array().is_some_and(|words| !words.is_empty()) {
            one.put(place, words);
        }
    }
    one
}
