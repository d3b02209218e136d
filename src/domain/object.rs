//! What identifies a thing, wherever it lives, and the facts of every kind but pods.
mod verdict;

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Text;
use super::alert::AlertFacts;
use super::change::Change;
use super::container::Container;
use super::database::DatabaseFacts;
use super::redis::RedisFacts;
use super::time::Timestamp;
use super::vital::Vital;

macro_rules! kinds {
    ($($variant:ident $title:literal $group:literal $version:literal $plural:literal $namespaced:literal [$($alias:literal),*],)*) => {
        /// The kinds that firedeck knows columns for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum Kind { $($variant,)* }

        impl Kind {
            pub const ALL: &'static [Kind] = &[$(Kind::$variant,)*];

            /// `Deployment`, as the API writes it.
            pub fn title(self) -> &'static str { match self { $(Kind::$variant => $title,)* } }
            pub fn group(self) -> &'static str { match self { $(Kind::$variant => $group,)* } }
            pub fn version(self) -> &'static str { match self { $(Kind::$variant => $version,)* } }
            /// `deployments`, as the API's paths and RBAC write it.
            pub fn plural(self) -> &'static str { match self { $(Kind::$variant => $plural,)* } }
            pub fn namespaced(self) -> bool { match self { $(Kind::$variant => $namespaced,)* } }

            /// Reads what people type: `deploy`, `deployment`, `Deployments`.
            pub fn parse(text: &str) -> Option<Kind> {
                let text = text.to_lowercase();
                Kind::ALL.iter().copied().find(|kind| {
                    kind.plural() == text || kind.title().to_lowercase() == text || kind.aliases().contains(&text.as_str())
                })
            }

            pub fn aliases(self) -> &'static [&'static str] { match self { $(Kind::$variant => &[$($alias),*],)* } }
        }
    };
}

kinds! {
    Pod         "Pod"                     ""                "v1"    "pods"                     true  ["po"],
    Deployment  "Deployment"              "apps"            "v1"    "deployments"              true  ["deploy", "dp"],
    ReplicaSet  "ReplicaSet"              "apps"            "v1"    "replicasets"              true  ["rs"],
    StatefulSet "StatefulSet"             "apps"            "v1"    "statefulsets"             true  ["sts"],
    DaemonSet   "DaemonSet"               "apps"            "v1"    "daemonsets"               true  ["ds"],
    Job         "Job"                     "batch"           "v1"    "jobs"                     true  [],
    CronJob     "CronJob"                 "batch"           "v1"    "cronjobs"                 true  ["cj"],
    Hpa         "HorizontalPodAutoscaler" "autoscaling"     "v2"    "horizontalpodautoscalers" true  ["hpa"],
    Node        "Node"                    ""                "v1"    "nodes"                    false ["no"],
    Event       "Event"                   ""                "v1"    "events"                   true  ["ev"],
    Certificate "Certificate"             "cert-manager.io" "v1"    "certificates"             true  ["cert", "certs"],
    Namespace   "Namespace"               ""                "v1"    "namespaces"               false ["ns"],
    Volume      "PersistentVolume"        ""                "v1"    "persistentvolumes"        false ["pv", "volumes"],
    ConfigMap   "ConfigMap"               ""                "v1"    "configmaps"               true  ["cm"],
    Secret      "Secret"                  ""                "v1"    "secrets"                  true  [],
    Alert       "Alert"                   ""                ""      "alerts"                   false ["al"],
    Silence     "Silence"                 ""                ""      "silences"                 false [],
    Target      "Target"                  ""                ""      "targets"                  false [],
    AlertGroup  "AlertGroup"              ""                ""      "alert-groups"             false [],
    Session     "Session"                 ""                ""      "sessions"                 false ["db", "pg", "database"],
    SessionGroup "SessionGroup"           ""                ""      "groups"                   false ["by"],
    Operation   "Operation"               ""                ""      "operations"               false ["progress"],
    Server      "Server"                  ""                ""      "servers"                  false [],
    Database    "Database"                ""                ""      "databases"                false ["dbs"],
    Relation    "Table"                   ""                ""      "tables"                   false [],
    Statement   "Statement"               ""                ""      "statements"               false ["slow"],
    Replica     "Replica"                 ""                ""      "replicas"                 false ["replication"],
    RedisNode   "RedisNode"               ""                ""      "redis"                    false ["valkey", "cache"],
    Client      "Client"                  ""                ""      "clients"                  false [],
    SlowCall    "SlowCall"                ""                ""      "slow-calls"               false ["slowlog"],
    KeyGroup    "KeyGroup"                ""                ""      "keys"                     false [],
    Container   "Container"               ""                ""      "containers"               false ["docker", "ps"],
    Vital       "Vital"                   ""                ""      "vitals"                   false ["health"],
    Change      "Change"                  ""                ""      "changes"                  false [],
}

/// Where kinds live: what they share is a backend, a key and a lamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Realm {
    Kubernetes,
    Containers,
    Alerts,
    Database,
    Redis,
    Vitals,
    Changes,
}

impl Realm {
    pub const ALL: &'static [Realm] = &[
        Realm::Kubernetes,
        Realm::Containers,
        Realm::Alerts,
        Realm::Database,
        Realm::Redis,
        Realm::Vitals,
        Realm::Changes,
    ];
}

impl Kind {
    /// The kind that the Kubernetes API calls so.
    pub fn of_api(title: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.realm() == Realm::Kubernetes && kind.title() == title)
    }

    pub fn realm(self) -> Realm {
        match self {
            Kind::Pod
            | Kind::Deployment
            | Kind::ReplicaSet
            | Kind::StatefulSet
            | Kind::DaemonSet
            | Kind::Job
            | Kind::CronJob
            | Kind::Hpa
            | Kind::Node
            | Kind::Event
            | Kind::Certificate
            | Kind::Namespace
            | Kind::Volume
            | Kind::ConfigMap
            | Kind::Secret => Realm::Kubernetes,
            Kind::Alert | Kind::Silence | Kind::Target | Kind::AlertGroup => Realm::Alerts,
            Kind::Session
            | Kind::SessionGroup
            | Kind::Operation
            | Kind::Server
            | Kind::Database
            | Kind::Relation
            | Kind::Statement
            | Kind::Replica => Realm::Database,
            Kind::RedisNode | Kind::Client | Kind::SlowCall | Kind::KeyGroup => Realm::Redis,
            Kind::Container => Realm::Containers,
            Kind::Vital => Realm::Vitals,
            Kind::Change => Realm::Changes,
        }
    }
}

/// The lower-case singular that people type: `deployment`, `hpa`.
impl fmt::Display for Kind {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Hpa => out.write_str("hpa"),
            Kind::AlertGroup => out.write_str("group of alerts"),
            Kind::SessionGroup => out.write_str("group of sessions"),
            kind => out.write_str(&kind.title().to_lowercase()),
        }
    }
}

/// Which object, everywhere in the program. Never an index.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ObjectRef {
    /// The kubeconfig context; for what lives elsewhere, the name of its endpoint.
    pub context: Text,
    pub kind: Kind,
    /// Empty for things that have none.
    pub namespace: Text,
    pub name: Text,
}

impl ObjectRef {
    /// The same place, another thing.
    #[must_use]
    pub fn sibling(&self, kind: Kind, name: Text) -> ObjectRef {
        let namespace = if kind.namespaced() { self.namespace.clone() } else { "".into() };
        ObjectRef { context: self.context.clone(), kind, namespace, name }
    }
}

/// `namespace/name`, or the name alone.
impl fmt::Display for ObjectRef {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.namespace.is_empty() {
            write!(out, "{}", self.name)
        } else {
            write!(out, "{}/{}", self.namespace, self.name)
        }
    }
}

/// Who owns an object. The kind is free text: any controller may own a pod.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner {
    pub kind: Text,
    pub name: Text,
    pub uid: Text,
}

/// One object of any kind but pods.
#[derive(Debug, Clone, PartialEq)]
pub struct Object {
    pub id: ObjectRef,
    pub uid: Text,
    pub created: Timestamp,
    pub deleting: bool,
    pub owner: Option<Owner>,
    pub facts: Facts,
}

/// What each kind has to say.
#[derive(Debug, Clone, PartialEq)]
pub enum Facts {
    Workload(Workload),
    Job(Job),
    CronJob(CronJob),
    Hpa(Hpa),
    Node(Node),
    Event(Event),
    Certificate(Certificate),
    Namespace { phase: Text },
    Volume(Volume),
    Configuration(Configuration),
    Alerts(AlertFacts),
    Database(DatabaseFacts),
    Redis(RedisFacts),
    Container(Box<Container>),
    Vital(Box<Vital>),
    Change(Box<Change>),
}

/// Deployments, replica sets, stateful sets and daemon sets.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Workload {
    /// What is asked for; for daemon sets, how many nodes want one.
    pub desired: u32,
    pub current: u32,
    pub updated: u32,
    pub ready: u32,
    pub available: u32,
    pub unavailable: u32,
    pub paused: bool,
    pub generation: i64,
    pub observed: i64,
    /// `deployment.kubernetes.io/revision`.
    pub revision: Option<u64>,
    /// Container name and image, of the template.
    pub images: Vec<(Text, Text)>,
    /// `matchLabels` of the selector.
    pub selector: Vec<(Text, Text)>,
    pub conditions: Vec<Condition>,
    /// Of the template: changes whenever anything a rollout would replace pods for changes.
    pub strategy: Text,
    /// `spec.progressDeadlineSeconds`.
    pub deadline_seconds: Option<u32>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Condition {
    pub kind: Text,
    /// `None` is the API's `Unknown`.
    pub met: Option<bool>,
    pub reason: Text,
    pub message: Text,
    pub since: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Job {
    pub wanted: u32,
    pub active: u32,
    pub succeeded: u32,
    pub failed: u32,
    pub suspended: bool,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct CronJob {
    pub schedule: Text,
    pub suspended: bool,
    pub active: u32,
    pub last: Option<Timestamp>,
    pub last_success: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Hpa {
    /// `deployment/web`.
    pub target: Text,
    pub min: u32,
    pub max: u32,
    pub current: u32,
    pub desired: u32,
    /// `cpu 43% of 70%`, one each.
    pub metrics: Vec<Text>,
    pub conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Node {
    /// `None`: the kubelet no longer says.
    pub ready: Option<bool>,
    /// Pressures that are on, and other conditions that speak of trouble.
    pub conditions: Vec<Condition>,
    pub unschedulable: bool,
    pub roles: Text,
    pub version: Text,
    pub cpu_milli: u64,
    pub memory: u64,
    pub pods: u32,
    pub taints: Vec<Text>,
    pub usage: Option<Usage>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub warning: bool,
    pub reason: Text,
    pub message: Text,
    /// What it is about; the kind is free text.
    pub about_kind: Text,
    pub about: Text,
    pub about_uid: Text,
    pub count: u32,
    pub first: Timestamp,
    pub last: Timestamp,
    pub from: Text,
}

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Certificate {
    pub ready: Option<bool>,
    pub reason: Text,
    pub message: Text,
    pub secret: Text,
    pub names: Vec<Text>,
    pub not_after: Option<Timestamp>,
    pub renewal: Option<Timestamp>,
}

/// A persistent volume.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Volume {
    /// `Bound`, `Available`, `Released`, `Failed`, `Pending`.
    pub phase: Text,
    /// As it is written: `10Gi`.
    pub size: Text,
    /// `namespace/name` of who has it, or had it last.
    pub claim: Text,
    pub class: Text,
    /// What becomes of it when its claim is gone: `Retain`, `Delete`.
    pub then: Text,
    pub message: Text,
}

/// What a config map or a secret holds, without the values: enough to see that one was edited.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Configuration {
    /// Each key with a number that changes with its value.
    pub keys: Vec<(Text, u64)>,
    /// What kind of secret it is.
    pub of: Text,
}

/// What something uses now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Usage {
    pub cpu_milli: u64,
    pub memory: u64,
}
