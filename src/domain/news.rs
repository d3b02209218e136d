//! What sources say. One page, so that everything that can arrive is seen at a glance.
use super::Text;
use super::action::{Findings, Outcome};
use super::approval::QuestionId;
use super::feed::{Feed, FeedState};
use super::log::LogNews;
use super::object::{Kind, Object, ObjectRef, Usage};
use super::pod::Pod;

/// Batched: one message carries what arrived together.
#[derive(Debug)]
pub enum News {
    /// A feed's state changed. `Live` is also sent when a quiet feed was heard from again.
    Feed(Feed, FeedState),
    /// Who and where we are, once a context is connected.
    Cluster(ClusterFacts),
    /// The same for any other server, by the feed that is its own.
    Place(Feed, PlaceFacts),
    Pods(Feed, Vec<Seen<Pod>>),
    Objects(Feed, Vec<Seen<Object>>),
    /// The same for a kind that is no feed of its own: one endpoint feeds several.
    Rows(Feed, Kind, Vec<Seen<Object>>),
    /// CPU and memory by pod of one context; what is not named has none.
    PodUsage(Text, Vec<(ObjectRef, Usage)>),
    NodeUsage(Text, Vec<(Text, Usage)>),
    Logs(LogNews),
    /// What was asked for with `Effect::Inspect`.
    Inspected(Box<Inspection>),
    /// A question's look is done.
    Looked(QuestionId, Box<Findings>),
    /// Progress of an action; the target names which, as one approval may hold many.
    Acted(ActionId, ObjectRef, Outcome),
}

/// One change to a set of things that is kept whole by its feed.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen<T> {
    /// A full picture begins; what stands stays until `End`.
    Begin,
    Is(T),
    Gone(ObjectRef),
    /// The full picture is complete: what it did not name is gone.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ActionId(pub u64);

/// What a connected context says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ClusterFacts {
    pub context: Text,
    pub server: String,
    pub version: Option<String>,
    /// As the server sees us, or as the kubeconfig names the user.
    pub identity: Option<String>,
    /// The namespaces in view; empty means all.
    pub namespaces: Vec<Text>,
    /// Where they come from: `kubeconfig`, `profile`, `flag`, `default, none given`.
    pub namespace_origin: String,
    /// The namespace that the kubeconfig names for this context, whoever else has said one; empty where it names none.
    pub own_namespace: String,
    /// `edit`, `view`, `everything`, worked out from access reviews; `None` when not known.
    pub rights: Option<String>,
}

/// What a connected server says of itself.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PlaceFacts {
    /// Its address without secrets: `db.example:5432/shop`.
    pub server: String,
    /// `PostgreSQL 15.18`, `Valkey 9.1.2`.
    pub version: Option<String>,
    /// As the server sees us.
    pub identity: Option<String>,
    /// What we may there, in a few words: `reads all`, `sees 12 of 40 sessions`.
    pub rights: Option<String>,
    /// What is not seen, and the exact statement that would show it; a line each.
    pub missing: Vec<String>,
}

/// Everything about one object that is shown when it is opened.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    pub target: ObjectRef,
    /// Present when the object could be read.
    pub uid: Option<Text>,
    /// Our own description: headed sections of label and value.
    pub sections: Vec<Section>,
    /// The object as YAML, without managed fields, secrets masked.
    pub yaml: String,
    /// The newest last.
    pub events: Vec<Object>,
    /// From the topmost owner down to the object and its children.
    pub owners: Vec<Branch>,
    /// What could not be had, and what would have to be granted.
    pub missing: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Section {
    pub title: String,
    pub lines: Vec<SectionLine>,
}

#[derive(Debug, Clone, PartialEq)]
pub struct SectionLine {
    pub label: String,
    pub value: String,
    pub level: super::level::Level,
    pub indent: u8,
}

/// One line of the tree of owners.
#[derive(Debug, Clone, PartialEq)]
pub struct Branch {
    pub depth: u8,
    /// Free text: any controller may own a pod.
    pub kind: Text,
    pub name: Text,
    pub status: String,
    pub level: super::level::Level,
    /// Where Enter leads.
    pub target: Option<ObjectRef>,
}
