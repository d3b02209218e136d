//! Our own description of an object: the trouble first and in words, then what it is made of.
mod container;
mod others;
mod pod;
mod workload;

use serde_json::Value;

use super::pick::{bytes, cores, items, milli, pairs, text, time, whole};
use super::wrote::Wrote;
use crate::domain::level::Level;
use crate::domain::news::{Section, SectionLine};
use crate::domain::object::{Condition, Kind};
use crate::domain::time::{Age, Timestamp};

/// What stands around an object and helps to describe it.
#[derive(Debug, Default)]
pub(super) struct Around<'a> {
    /// Why its rollout does not move.
    pub stuck: Vec<String>,
    /// Of a rollout: each revision, the newest first, and how it differs from the one before.
    pub revisions: Vec<(u64, Vec<String>)>,
    /// Of a node: its pods.
    pub pods: Option<&'a [Value]>,
    /// Of a pod: its node.
    pub node: Option<&'a Value>,
    /// Of a pod: what its crashing containers wrote last.
    pub wrote: Vec<Wrote>,
}

/// The sections for any kind.
pub(super) fn describe(kind: Kind, object: &Value, around: &Around<'_>, now: Timestamp) -> Vec<Section> {
    let mut sections = match kind {
        Kind::Pod => pod::describe(object, around, now),
        Kind::Deployment | Kind::ReplicaSet | Kind::StatefulSet | Kind::DaemonSet => {
            workload::describe(kind, object, around, now)
        }
        Kind::Node => others::node(object, around, now),
        Kind::Job => others::job(object, now),
        Kind::CronJob => others::cron_job(object, now),
        Kind::Hpa => others::hpa(object, now),
        Kind::Event => others::event(object, now),
        Kind::Certificate => others::certificate(object, now),
        Kind::Namespace => others::namespace(object),
        Kind::Volume => others::volume(object),
        // Of no cluster.
        _ => Vec::new(),
    };
    sections.push(identity(object, now));
    sections.retain(|section| !section.lines.is_empty());
    sections
}

/// Builds one section.
pub(super) struct Draft(Section);

impl Draft {
    pub(super) fn new(title: &str) -> Draft {
        Draft(Section { title: title.into(), lines: Vec::new() })
    }

    /// A line, left out when there is nothing to say.
    pub(super) fn line(&mut self, label: &str, value: impl Into<String>) -> &mut Draft {
        self.put(label, value.into(), Level::Fine, 0)
    }

    pub(super) fn graded(&mut self, label: &str, value: impl Into<String>, level: Level) -> &mut Draft {
        self.put(label, value.into(), level, 0)
    }

    pub(super) fn inner(&mut self, label: &str, value: impl Into<String>, level: Level) -> &mut Draft {
        self.put(label, value.into(), level, 1)
    }

    fn put(&mut self, label: &str, value: String, level: Level, indent: u8) -> &mut Draft {
        if !value.is_empty() {
            self.0.lines.push(SectionLine { label: label.into(), value, level, indent });
        }
        self
    }

    pub(super) fn done(self) -> Section {
        self.0
    }
}

fn identity(object: &Value, now: Timestamp) -> Section {
    let mut draft = Draft::new("Identity");
    draft.line("name", text(object, "/metadata/name"));
    draft.line("namespace", text(object, "/metadata/namespace"));
    draft.line("uid", text(object, "/metadata/uid"));
    draft.line("created", ago(time(object, "/metadata/creationTimestamp"), now));
    if let Some(at) = time(object, "/metadata/deletionTimestamp") {
        draft.graded("being deleted", ago(Some(at), now), Level::Warn);
        draft.line("held by", list(items(object, "/metadata/finalizers")));
    }
    for (n, (key, value)) in pairs(object, "/metadata/labels").into_iter().enumerate() {
        draft.line(if n == 0 { "labels" } else { "" }, format!("{key}={value}"));
    }
    let annotations = pairs(object, "/metadata/annotations").into_iter().filter(|(key, _)| {
        *key != "kubectl.kubernetes.io/last-applied-configuration"
            && !key.starts_with("deployment.kubernetes.io/")
    });
    for (n, (key, value)) in annotations.enumerate() {
        let value =
            if crate::domain::secret::looks_secret(key) { crate::domain::secret::HIDDEN } else { value };
        draft.line(if n == 0 { "annotations" } else { "" }, format!("{key}={}", short(value, 200)));
    }
    draft.done()
}

/// Conditions: those that are as they should be in one line each, the others in words.
pub(super) fn conditions(all: &[Condition], now: Timestamp) -> Section {
    let mut draft = Draft::new("Conditions");
    for condition in all {
        let state = match condition.met {
            Some(true) => "yes",
            Some(false) => "no",
            None => "unknown",
        };
        let since = condition.since.map(|at| since(at, now)).unwrap_or_default();
        let reason =
            if condition.reason.is_empty() { String::new() } else { format!(" · {}", condition.reason) };
        let level = condition_level(condition);
        draft.graded(&condition.kind, format!("{state}{since}{reason}"), level);
        if level != Level::Fine {
            draft.inner("", &*condition.message, level);
        }
    }
    draft.done()
}

/// Conditions such as `MemoryPressure` are good when they are not met.
fn condition_level(condition: &Condition) -> Level {
    const BAD_WHEN_MET: &[&str] =
        &["Pressure", "Unavailable", "Failure", "Failed", "DisruptionTarget", "Problem"];
    let bad_when_met = BAD_WHEN_MET.iter().any(|word| condition.kind.contains(word));
    match condition.met {
        None => Level::Unknown,
        Some(met) if met == bad_when_met => Level::Bad,
        Some(_) => Level::Fine,
    }
}

/// ` for 12m`, after a state.
pub(super) fn since(at: Timestamp, now: Timestamp) -> String {
    format!(" {}", Age(now.since(at)).lasting())
}

/// `12m ago`; nothing when it is not known.
pub(super) fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    match at {
        Some(at) if at > now => format!("in {}", Age(at.since(now))),
        Some(at) => Age(now.since(at)).past(),
        None => String::new(),
    }
}

/// `cpu 50m–200m, memory 64 MiB–256 MiB` from requests and limits.
pub(super) fn resources(container: &Value) -> String {
    let of = |kind: &str, what: &str| text(container, &format!("/resources/{kind}/{what}")).to_owned();
    let mut parts = Vec::new();
    for what in ["cpu", "memory"] {
        let shown = |quantity: String| match what {
            "cpu" => milli(&quantity).map(cores).unwrap_or(quantity),
            _ => whole(&quantity).map(bytes).unwrap_or(quantity),
        };
        let (request, limit) = (shown(of("requests", what)), shown(of("limits", what)));
        match (request.is_empty(), limit.is_empty()) {
            (true, true) => {}
            (false, true) => parts.push(format!("{what} {request}, no limit")),
            (true, false) => parts.push(format!("{what} at most {limit}")),
            (false, false) => parts.push(format!("{what} {request} to {limit}")),
        }
    }
    if parts.is_empty() { "none asked for, no limits".into() } else { parts.join("; ") }
}

pub(super) fn list(items: &[Value]) -> String {
    items.iter().filter_map(Value::as_str).collect::<Vec<_>>().join(", ")
}

pub(super) fn short(value: &str, longest: usize) -> String {
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= longest {
        return line;
    }
    line.chars().take(longest.saturating_sub(1)).chain(['…']).collect()
}

/// A number or a percentage, as a budget or a strategy writes it.
pub(super) fn either(value: Option<&Value>) -> String {
    match value {
        Some(Value::String(text)) => text.clone(),
        Some(Value::Number(number)) => number.to_string(),
        _ => String::new(),
    }
}
