//! The kinds that the server knows: a table.
use std::sync::LazyLock;

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
/// `status` apart and a generation, among `all`, only `read`, to
/// `ask`, and with what below it; then the columns.
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
