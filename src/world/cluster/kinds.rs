//! The kinds that the server knows: a table of those that are built in, and those that definitions add.
use serde_json::{Value, json};

use super::value::Dig;

/// One resource of the API. `title` is what its objects call their kind.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    pub group: String,
    pub version: String,
    pub title: String,
    pub plural: String,
    pub short: Vec<String>,
    pub namespaced: bool,
    /// Has its status apart, and a generation.
    pub status: bool,
    pub scale: bool,
    /// Part of `kubectl get all`.
    pub all: bool,
    pub verbs: Verbs,
    /// Of a defined kind, as the table reads them.
    pub columns: Vec<String>,
    /// Made by a definition.
    pub defined: bool,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Verbs {
    #[default]
    All,
    /// Computed, only to be read.
    Read,
    /// A question.
    Ask,
}

impl Verbs {
    pub fn words(self) -> &'static [&'static str] {
        match self {
            Verbs::All => {
                &["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]
            }
            Verbs::Read => &["get", "list"],
            Verbs::Ask => &["create"],
        }
    }
}

impl Kind {
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Where its paths begin.
    pub fn place(&self) -> String {
        let above = if self.group.is_empty() { "/api" } else { "/apis" };
        format!("{above}/{}", self.api_version())
    }

    pub fn singular(&self) -> String {
        self.title.to_lowercase()
    }

    /// As errors call it: `deployments.apps`.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// What lies below an object of it.
    pub fn parts(&self) -> Vec<(&'static str, Value)> {
        let mut parts = Vec::new();
        if self.status {
            parts.push(("status", json!({"kind": self.title, "verbs": ["get", "patch", "update"]})));
        }
        if self.scale {
            let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"]});
            parts.push(("scale", scale));
        }
        if self.title == "Pod" && self.group.is_empty() {
            let evict = json!({"group": "policy", "version": "v1", "kind": "Eviction", "verbs": ["create"]});
            parts.push(("eviction", evict));
            parts.push(("exec", json!({"kind": "PodExecOptions", "verbs": ["create", "get"]})));
            parts.push(("log", json!({"kind": "Pod", "verbs": ["get"]})));
        }
        parts
    }
}

pub const PODS: usize = 0;
pub const NODES: usize = 1;
pub const NAMESPACES: usize = 2;
pub const EVENTS: usize = 3;
pub const DEPLOYMENTS: usize = 4;
pub const REPLICA_SETS: usize = 5;
pub const STATEFUL_SETS: usize = 6;
pub const DAEMON_SETS: usize = 7;
pub const JOBS: usize = 8;
pub const CRON_JOBS: usize = 9;
pub const AUTOSCALERS: usize = 10;
pub const BUDGETS: usize = 11;
pub const SERVICES: usize = 12;
pub const SLICES: usize = 13;
pub const LEASES: usize = 14;
pub const DEFINITIONS: usize = 15;
pub const CLUSTER_ROLES: usize = 16;
pub const CLUSTER_BINDINGS: usize = 17;
pub const ROLES: usize = 18;
pub const BINDINGS: usize = 19;
pub const CLAIMS: usize = 20;
pub const VOLUMES: usize = 21;
pub const QUOTAS: usize = 22;
pub const ACCOUNTS: usize = 23;
pub const CONFIG_MAPS: usize = 24;
pub const REVISIONS: usize = 25;

/// From a line of `kinds.txt`: group and version, kind, plural, short names, and letters for namespaced, with a
/// status, with a scale (x), among all, only read, and a question.
fn read(line: &str) -> Option<Kind> {
    let mut words = line.split(' ');
    let (version, kind, plural) = (words.next()?, words.next()?, words.next()?);
    let (short, letters) = (words.next()?, words.next()?);
    let (group, version) = version.split_once('/').unwrap_or(("", version));
    let has = |letter| letters.contains(letter);
    Some(Kind {
        group: group.into(),
        version: version.into(),
        title: kind.into(),
        plural: plural.into(),
        short: short.split(',').filter(|one| *one != "-").map(str::to_owned).collect(),
        namespaced: has('n'),
        status: has('s'),
        scale: has('x'),
        all: has('a'),
        verbs: if has('r') {
            Verbs::Read
        } else if has('q') {
            Verbs::Ask
        } else {
            Verbs::All
        },
        ..Kind::default()
    })
}

pub fn built_in() -> Vec<Kind> {
    include_str!("kinds.txt").lines().filter_map(read).collect()
}

/// The kind that a definition serves, if it serves one.
pub fn defined(definition: &Value) -> Option<Kind> {
    let version = definition.list("/spec/versions").iter().find(|one| one.flag("/served"))?;
    let column = |one: &Value| {
        let (wide, path) = (if one.int("/priority") > Some(0) { "*" } else { "" }, one.text("/jsonPath"));
        match one.text("/type") {
            "date" => format!("{wide}{}=~{}", one.text("/name"), path.replace('.', "/")),
            _ => format!("{wide}{}={path}", one.text("/name")),
        }
    };
    let own = version.list("/additionalPrinterColumns").iter().map(column);
    let names =
        |place: &str| definition.list(place).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(Kind {
        group: definition.text("/spec/group").into(),
        version: version.text("/name").into(),
        title: definition.text("/spec/names/kind").into(),
        plural: definition.text("/spec/names/plural").into(),
        short: names("/spec/names/shortNames"),
        namespaced: definition.text("/spec/scope") == "Namespaced",
        status: version.at("/subresources/status").is_some(),
        columns: std::iter::once("Name".to_owned()).chain(own).collect(),
        defined: true,
        ..Kind::default()
    })
}

/// A definition for an object of a kind that nobody defined, so that a scenario need not bring one.
pub fn definition_for(object: &Value) -> Option<Value> {
    let (group, version) = object.text("/apiVersion").split_once('/')?;
    let kind = object.text("/kind");
    let lower = kind.to_lowercase();
    let plural = match lower.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None if lower.ends_with('s') => format!("{lower}es"),
        None => format!("{lower}s"),
    };
    let short: &[&str] = match kind {
        "Certificate" => &["cert", "certs"],
        "CertificateRequest" => &["cr", "crs"],
        _ => &[],
    };
    let column = |text: &&str| {
        let (title, path) = text.split_once('=').unwrap_or((text, ".metadata.creationTimestamp"));
        let (title, wide) = title.strip_prefix('*').map_or((title, 0), |title| (title, 1));
        let kind = if path.ends_with("Timestamp") { "date" } else { "string" };
        json!({"name": title, "type": kind, "priority": wide, "jsonPath": path})
    };
    let ready = r#"Ready=.status.conditions[?(@.type=="Ready")].status"#;
    let why = r#"*Status=.status.conditions[?(@.type=="Ready")].message"#;
    let columns: &[&str] = match kind {
        "Certificate" => &[ready, "Secret=.spec.secretName", "*Issuer=.spec.issuerRef.name", why, "Age"],
        "CertificateRequest" | "Issuer" | "ClusterIssuer" => {
            &[ready, "*Issuer=.spec.issuerRef.name", why, "Age"]
        }
        "Order" | "Challenge" => &["State=.status.state", "Age"],
        _ => &["Age"],
    };
    let columns: Vec<Value> = columns.iter().map(column).collect();
    let namespaced = object.at("/metadata/namespace").is_some();
    Some(json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": format!("{plural}.{group}")},
        "spec": {
            "group": group, "scope": if namespaced { "Namespaced" } else { "Cluster" },
            "names": {"kind": kind, "listKind": format!("{kind}List"), "plural": plural, "singular": lower, "shortNames": short},
            "versions": [{"name": version, "served": true, "storage": true, "subresources": {"status": {}},
                "additionalPrinterColumns": columns,
                "schema": {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true}}}],
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_names_its_kind() {
        let all = built_in();
        let named = [
            (PODS, "Pod"),
            (NODES, "Node"),
            (EVENTS, "Event"),
            (JOBS, "Job"),
            (BUDGETS, "PodDisruptionBudget"),
            (LEASES, "Lease"),
            (BINDINGS, "RoleBinding"),
            (QUOTAS, "ResourceQuota"),
            (ACCOUNTS, "ServiceAccount"),
        ];
        for (at, kind) in named {
            assert_eq!(all.get(at).map(|one| &*one.title), Some(kind));
        }
    }
}
