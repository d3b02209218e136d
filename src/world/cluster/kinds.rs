//! The kinds that the server knows: a table.
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

/// From a line of `kinds.txt`: group and version, kind, plural, short names, what it is: namespaced, with a
/// `status` apart and a generation, with a `scale`, among `all`, only `read`, to `ask`; then the columns.
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

    /// What lies below an object of it: its name, the kind of what is said there, and verbs.
    pub fn parts(&self) -> Vec<(&'static str, Value, &'static [&'static str])> {
        let own = |kind: &str| json!({"group": self.group, "version": self.version, "kind": kind});
        let other = |group: &str, kind: &str| json!({"group": group, "version": "v1", "kind": kind});
        let mut parts: Vec<(_, _, &[&str])> = Vec::new();
        if self.is("status") {
            parts.push(("status", own(self.title), &["get", "patch", "update"]));
        }
        if self.is("scale") {
            parts.push(("scale", other("autoscaling", "Scale"), &["get", "patch", "update"]));
        }
        if self.title == "Pod" {
            parts.push(("eviction", other("policy", "Eviction"), &["create"]));
            parts.push(("exec", own("PodExecOptions"), &["create", "get"]));
            parts.push(("log", own("Pod"), &["get"]));
        }
        parts
    }
}
