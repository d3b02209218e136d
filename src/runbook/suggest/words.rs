//! Text cut into words that mean something, with one name for words that mean the same.
use std::collections::HashMap;

/// Longer texts are cut here; what an alert says stands at the beginning.
const LONGEST: usize = 4_000;

/// Words that say nothing about what is wrong.
const EMPTY: &[&str] = &[
    "a", "about", "after", "all", "an", "and", "any", "are", "as", "at", "back", "backoff", "be", "been",
    "before", "being", "but", "by", "can", "do", "does", "during", "each", "for", "from", "get", "has",
    "have", "how", "if", "in", "into", "is", "it", "its", "last", "more", "most", "no", "not", "of", "off",
    "on", "one", "only", "or", "other", "our", "out", "over", "per", "should", "so", "some", "than", "that",
    "the", "then", "there", "these", "this", "to", "too", "up", "use", "used", "using", "very", "via", "was",
    "what", "when", "which", "while", "will", "with", "within", "you", "your",
];

/// Words of which a whole catalogue is full: they order hits, but make none.
const WEAK: &[&str] = &[
    "abnormal",
    "action",
    "alert",
    "app",
    "application",
    "check",
    "cluster",
    "common",
    "condition",
    "container",
    "critical",
    "current",
    "daily",
    "detail",
    "detected",
    "guide",
    "health",
    "high",
    "incident",
    "info",
    "instance",
    "issue",
    "job",
    "kubernetes",
    "large",
    "less",
    "level",
    "long",
    "low",
    "main",
    "maintenance",
    "many",
    "metric",
    "minute",
    "monitoring",
    "name",
    "namespace",
    "normal",
    "number",
    "operation",
    "operational",
    "ops",
    "performance",
    "pod",
    "present",
    "problem",
    "procedure",
    "process",
    "prod",
    "production",
    "rate",
    "regular",
    "resource",
    "response",
    "run",
    "runbook",
    "second",
    "server",
    "service",
    "severity",
    "state",
    "status",
    "step",
    "system",
    "task",
    "team",
    "threshold",
    "time",
    "total",
    "triggered",
    "usage",
    "user",
    "value",
    "warning",
];

/// Words that mean the same; the first one is the name of all.
const SAME: &[&[&str]] = &[
    &[
        "memory",
        "mem",
        "oom",
        "oomkill",
        "oomkilled",
        "oomkilling",
        "oomkiller",
        "ram",
        "heap",
        "outofmemory",
    ],
    &["crashloop", "crashlooping", "crashloopbackoff", "crashing", "crash", "crashed", "crashes"],
    &["database", "db", "dbs", "databases", "pg", "pgsql", "postgres", "postgresql", "psql"],
    &["connection", "connections", "conn", "conns", "connect", "connecting", "connectivity"],
    &["certificate", "certificates", "cert", "certs", "tls", "ssl", "x509"],
    &["latency", "latencies", "lat", "slow", "slowness", "slower"],
    &["error", "errors", "err", "errs", "5xx", "500s"],
    &["fail", "fails", "failed", "failing", "failure", "failures"],
    &["cpu", "cpus", "processor"],
    &[
        "disk",
        "disks",
        "filesystem",
        "filesystems",
        "fs",
        "storage",
        "volume",
        "volumes",
        "pv",
        "pvc",
        "persistentvolume",
    ],
    &[
        "full",
        "exhausted",
        "exhaustion",
        "exhaust",
        "exhausting",
        "saturated",
        "saturation",
        "filling",
        "space",
    ],
    &["kubernetes", "kube", "k8s"],
    &["replication", "replicating", "repl", "standby"],
    &["replica", "replicas"],
    &["down", "outage", "unavailable", "unreachable", "offline", "notready", "absent", "missing"],
    &["deployment", "deployments", "deploy", "deploying", "rollout", "rollouts", "release", "releases"],
    &["node", "nodes"],
    &["pending", "unschedulable", "failedscheduling", "unscheduled"],
    &["imagepull", "imagepullbackoff", "errimagepull", "errimageneverpull", "invalidimagename"],
    &["evicted", "eviction", "evictions", "evict", "evicting"],
    &["restart", "restarts", "restarting", "restarted"],
    &["throttling", "throttled", "throttle", "ratelimit", "ratelimiting"],
    &["network", "networks", "networking", "net"],
    &["queue", "queues", "backlog"],
    &["backup", "backups"],
    &["expiry", "expire", "expires", "expired", "expiring", "expiration", "expirations"],
    &["scale", "scaling", "autoscaling", "autoscaler", "hpa"],
    &["load", "traffic"],
    &["auth", "authentication", "authenticate", "login", "logins"],
    &["secret", "secrets", "credential", "credentials", "password", "passwords"],
    &["lock", "locks", "locked", "blocking", "blocked", "deadlock", "deadlocks"],
    &["lag", "lags", "lagging", "behind"],
    &["api", "apis"],
];

/// Pairs of words that are one.
const PAIRS: &[(&str, &str, &str)] = &[
    ("crash", "loop", "crashloop"),
    ("crash", "looping", "crashloop"),
    ("image", "pull", "imagepull"),
    ("image", "pulling", "imagepull"),
    ("response", "time", "latency"),
    ("response", "times", "latency"),
    ("not", "ready", "down"),
    ("too", "many", "full"),
    ("out", "space", "full"),
    ("rate", "limit", "throttling"),
    ("rate", "limiting", "throttling"),
    ("rate", "limits", "throttling"),
    ("file", "system", "disk"),
    ("oom", "killed", "memory"),
    ("oom", "killer", "memory"),
    // Names that their makers write with humps.
    ("postgre", "sql", "database"),
    ("my", "sql", "mysql"),
    ("maria", "db", "mariadb"),
    ("mongo", "db", "mongodb"),
    ("dynamo", "db", "dynamodb"),
    ("rabbit", "mq", "rabbitmq"),
    ("git", "lab", "gitlab"),
    ("git", "hub", "github"),
    ("open", "shift", "openshift"),
];

/// A word, and how it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meant {
    /// The one name of all words that mean the same.
    pub name: String,
    /// Such as `crash looping`.
    pub written: String,
}

impl Meant {
    /// The catalogue is full of it: it orders hits, but makes none.
    pub fn weak(&self) -> bool {
        weak(&self.name)
    }
}

pub(super) fn weak(name: &str) -> bool {
    WEAK.binary_search(&name).is_ok() || name.chars().all(|c| c.is_ascii_digit()) || name.chars().count() < 2
}

/// The names of words that mean the same, by every such word.
#[derive(Debug)]
pub(super) struct Names(HashMap<&'static str, &'static str>);

impl Names {
    pub fn new() -> Names {
        let pairs = SAME.iter().filter_map(|group| Some((group, *group.first()?)));
        Names(pairs.flat_map(|(group, name)| group.iter().map(move |word| (*word, name))).collect())
    }

    /// The words of a text that say something.
    pub fn read(&self, text: &str) -> Vec<Meant> {
        let split = split(text);
        let mut out: Vec<Meant> = Vec::new();
        let mut at = 0;
        while let Some(word) = split.get(at) {
            let next = split.get(at + 1).map(String::as_str);
            let pair = PAIRS.iter().find(|(first, second, _)| word == first && next == Some(*second));
            if let Some((_, second, name)) = pair {
                out.push(Meant { name: (*name).to_owned(), written: format!("{word} {second}") });
                at += 2;
                continue;
            }
            at += 1;
            if EMPTY.binary_search(&word.as_str()).is_err() {
                out.push(Meant { name: self.name(word), written: word.clone() });
            }
        }
        out
    }

    fn name(&self, word: &str) -> String {
        if let Some(name) = self.0.get(word) {
            return (*name).to_owned();
        }
        let stem = stem(word);
        self.0.get(stem).map_or(stem, |name| name).to_owned()
    }
}

/// Without the ending of a plural.
fn stem(word: &str) -> &str {
    let long = word.chars().count() > 3;
    let kept = ["ss", "us", "is", "ies"].iter().any(|end| word.ends_with(end));
    if long && !kept { word.strip_suffix('s').unwrap_or(word) } else { word }
}

/// `KubePodCrashLooping` → `kube`, `pod`, `crash`, `looping`, in lower case. `HTTPErrors` → `http`, `errors`.
pub(super) fn split(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word = String::new();
    let mut chars = text.chars().take(LONGEST).peekable();
    let mut before: Option<char> = None;
    while let Some(c) = chars.next() {
        if !c.is_alphanumeric() {
            push(&mut out, &mut word);
            before = None;
            continue;
        }
        let lower_next = chars.peek().is_some_and(|next| next.is_lowercase());
        let hump =
            before.is_some_and(|b| b.is_lowercase() || b.is_numeric() || (b.is_uppercase() && lower_next));
        // `OOMKilled` and `PVCs`: the plural of an acronym is no new word.
        if c.is_uppercase() && hump && !(lower_next && plural(&mut chars.clone())) {
            push(&mut out, &mut word);
        }
        // `Rate5xx` is two words, `p95`, `k8s` and `x509` are one.
        if c.is_ascii_digit() && word.len() > 3 && word.chars().all(char::is_alphabetic) {
            push(&mut out, &mut word);
        }
        word.extend(c.to_lowercase());
        before = Some(c);
    }
    push(&mut out, &mut word);
    out
}

/// What follows a capital is `s` and the end of the word.
fn plural(rest: &mut impl Iterator<Item = char>) -> bool {
    rest.next() == Some('s') && rest.next().is_none_or(|c| !c.is_lowercase())
}

fn push(out: &mut Vec<String>, word: &mut String) {
    if !word.is_empty() {
        out.push(std::mem::take(word));
    }
}

/// Only letters and digits, in lower case: two names that differ in their marks are the same.
pub(super) fn squash(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_are_in_order_as_they_are_searched_by_halves() {
        assert!(EMPTY.is_sorted() && WEAK.is_sorted());
    }

    #[test]
    fn an_alert_name_falls_into_its_words() {
        let words = |text| split(text).join(" ");
        assert_eq!(words("KubePodCrashLooping"), "kube pod crash looping");
        assert_eq!(words("HTTPErrorRate5xx P95Latency k8s"), "http error rate 5xx p95 latency k8s");
        assert_eq!(words("etcd_no_leader"), "etcd no leader");
        assert_eq!(words("PVCs are full"), "pvcs are full");
        assert_eq!(words("OOMKilled"), "oom killed");
    }

    #[test]
    fn words_that_mean_the_same_have_one_name() {
        let names = Names::new();
        let read = |text| names.read(text).into_iter().map(|m| m.name).collect::<Vec<_>>().join(" ");
        assert_eq!(read("Postgres conns too many"), "database connection full");
        assert_eq!(read("KubePodCrashLooping"), "kubernetes pod crashloop");
        assert_eq!(read("If pods are crashlooping"), "pod crashloop");
        assert_eq!(read("the response times of the API"), "latency api");
    }
}
