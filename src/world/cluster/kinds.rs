//! The kinds that the server knows: a table of those that are built in, and those that definitions add.
use serde_json::{Value, json};

use super::value::Dig;

/// One resource of the API.
#[derive(Debug, Clone, Default)]
pub struct Kind {
    pub group: String,
    pub version: String,
    pub kind: String,
    pub plural: String,
    pub short: Vec<String>,
    pub namespaced: bool,
    /// Has its status apart, and a generation.
    pub status: bool,
    pub scale: bool,
    /// Part of `kubectl get all`.
    pub all: bool,
    pub verbs: Verbs,
    /// Of a defined kind: title, pointer, priority.
    pub columns: Vec<(String, String, i64)>,
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

    pub fn singular(&self) -> String {
        self.kind.to_lowercase()
    }

    /// As errors call it: `deployments.apps`.
    pub fn resource(&self) -> String {
        if self.group.is_empty() { self.plural.clone() } else { format!("{}.{}", self.plural, self.group) }
    }

    /// What lies below an object of it.
    pub fn parts(&self) -> Vec<(&'static str, Value)> {
        let mut parts = Vec::new();
        if self.status {
            parts.push(("status", json!({"kind": self.kind, "verbs": ["get", "patch", "update"]})));
        }
        if self.scale {
            let scale = json!({"group": "autoscaling", "version": "v1", "kind": "Scale", "verbs": ["get", "patch", "update"]});
            parts.push(("scale", scale));
        }
        if self.kind == "Pod" && self.group.is_empty() {
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

/// Group and version, kind, plural, short names, and letters: n(amespaced) s(tatus) x (scale) a(ll) r(ead) q(uestion).
const BUILT_IN: &[(&str, &str, &str, &str, &str)] = &[
    ("v1", "Pod", "pods", "po", "nsa"),
    ("v1", "Node", "nodes", "no", "s"),
    ("v1", "Namespace", "namespaces", "ns", "s"),
    ("v1", "Event", "events", "ev", "n"),
    ("apps/v1", "Deployment", "deployments", "deploy", "nsxa"),
    ("apps/v1", "ReplicaSet", "replicasets", "rs", "nsxa"),
    ("apps/v1", "StatefulSet", "statefulsets", "sts", "nsxa"),
    ("apps/v1", "DaemonSet", "daemonsets", "ds", "nsa"),
    ("batch/v1", "Job", "jobs", "", "nsa"),
    ("batch/v1", "CronJob", "cronjobs", "cj", "nsa"),
    ("autoscaling/v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "nsa"),
    ("policy/v1", "PodDisruptionBudget", "poddisruptionbudgets", "pdb", "ns"),
    ("v1", "Service", "services", "svc", "nsa"),
    ("discovery.k8s.io/v1", "EndpointSlice", "endpointslices", "", "n"),
    ("coordination.k8s.io/v1", "Lease", "leases", "", "n"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition", "customresourcedefinitions", "crd,crds", "s"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole", "clusterroles", "", ""),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "clusterrolebindings", "", ""),
    ("rbac.authorization.k8s.io/v1", "Role", "roles", "", "n"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "rolebindings", "", "n"),
    ("v1", "PersistentVolumeClaim", "persistentvolumeclaims", "pvc", "ns"),
    ("v1", "PersistentVolume", "persistentvolumes", "pv", "s"),
    ("v1", "ResourceQuota", "resourcequotas", "quota", "ns"),
    ("v1", "ServiceAccount", "serviceaccounts", "sa", "n"),
    ("v1", "ConfigMap", "configmaps", "cm", "n"),
    ("v1", "Secret", "secrets", "", "n"),
    ("v1", "LimitRange", "limitranges", "limits", "n"),
    ("v1", "Endpoints", "endpoints", "ep", "n"),
    ("v1", "ReplicationController", "replicationcontrollers", "rc", "nsxa"),
    ("apps/v1", "ControllerRevision", "controllerrevisions", "", "n"),
    ("networking.k8s.io/v1", "Ingress", "ingresses", "ing", "ns"),
    ("networking.k8s.io/v1", "NetworkPolicy", "networkpolicies", "netpol", "n"),
    ("networking.k8s.io/v1", "IngressClass", "ingressclasses", "", ""),
    ("storage.k8s.io/v1", "StorageClass", "storageclasses", "sc", ""),
    ("storage.k8s.io/v1", "CSINode", "csinodes", "", ""),
    ("storage.k8s.io/v1", "VolumeAttachment", "volumeattachments", "", "s"),
    ("scheduling.k8s.io/v1", "PriorityClass", "priorityclasses", "pc", ""),
    ("metrics.k8s.io/v1beta1", "PodMetrics", "pods", "", "nr"),
    ("metrics.k8s.io/v1beta1", "NodeMetrics", "nodes", "", "r"),
    ("authorization.k8s.io/v1", "SelfSubjectAccessReview", "selfsubjectaccessreviews", "", "q"),
    ("authorization.k8s.io/v1", "SelfSubjectRulesReview", "selfsubjectrulesreviews", "", "q"),
    ("authentication.k8s.io/v1", "SelfSubjectReview", "selfsubjectreviews", "", "q"),
];

pub fn built_in() -> Vec<Kind> {
    let of = |&(version, kind, plural, short, letters): &(&str, &str, &str, &str, &str)| {
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        Kind {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            plural: plural.into(),
            short: short.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect(),
            namespaced: letters.contains('n'),
            status: letters.contains('s'),
            scale: letters.contains('x'),
            all: letters.contains('a'),
            verbs: match letters {
                _ if letters.contains('r') => Verbs::Read,
                _ if letters.contains('q') => Verbs::Ask,
                _ => Verbs::All,
            },
            ..Kind::default()
        }
    };
    BUILT_IN.iter().map(of).collect()
}

/// The kind that a definition serves, if it serves one.
pub fn defined(definition: &Value) -> Option<Kind> {
    let version = definition.list("/spec/versions").iter().find(|one| one.flag("/served"))?;
    let column = |one: &Value| {
        // Paths of definitions are like `.status.conditions[?(@.type=="Ready")].status`.
        (one.text("/name").to_owned(), one.text("/jsonPath").to_owned(), one.int("/priority").unwrap_or(0))
    };
    let names =
        |place: &str| definition.list(place).iter().filter_map(Value::as_str).map(str::to_owned).collect();
    Some(Kind {
        group: definition.text("/spec/group").into(),
        version: version.text("/name").into(),
        kind: definition.text("/spec/names/kind").into(),
        plural: definition.text("/spec/names/plural").into(),
        short: names("/spec/names/shortNames"),
        namespaced: definition.text("/spec/scope") == "Namespaced",
        status: version.at("/subresources/status").is_some(),
        columns: version.list("/additionalPrinterColumns").iter().map(column).collect(),
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
    let ready = json!({"name": "Ready", "type": "string", "jsonPath": ".status.conditions[?(@.type==\"Ready\")].status"});
    let status = json!({"name": "Status", "type": "string", "priority": 1, "jsonPath": ".status.conditions[?(@.type==\"Ready\")].message"});
    let secret = json!({"name": "Secret", "type": "string", "jsonPath": ".spec.secretName"});
    let issuer =
        json!({"name": "Issuer", "type": "string", "priority": 1, "jsonPath": ".spec.issuerRef.name"});
    let state = json!({"name": "State", "type": "string", "jsonPath": ".status.state"});
    let age = json!({"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"});
    let columns = match kind {
        "Certificate" => json!([ready, secret, issuer, status, age]),
        "CertificateRequest" => json!([ready, issuer, status, age]),
        "Issuer" | "ClusterIssuer" => json!([ready, status, age]),
        "Order" | "Challenge" => json!([state, age]),
        _ => json!([age]),
    };
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
            assert_eq!(all[at].kind, kind);
        }
    }
}
