//! One container of a pod: how it is, how it ended last, and what it runs with.
use serde_json::Value;

use super::{Draft, ago, list, resources};
use crate::domain::level::Level;
use crate::domain::pod::{Container, ContainerRole, ContainerState, Termination};
use crate::domain::secret::{HIDDEN, carries_password, looks_secret};
use crate::domain::time::Timestamp;
use crate::sources::kubernetes::deeds::pick::{flag, items, number, text};
use crate::sources::kubernetes::deeds::wrote::Wrote;

pub(super) fn describe(
    container: &Container,
    spec: &Value,
    status: Option<&Value>,
    wrote: Option<&Wrote>,
    now: Timestamp,
) -> Draft {
    let role = match container.role {
        ContainerRole::Init => "Init container",
        ContainerRole::Sidecar => "Sidecar",
        ContainerRole::Main => "Container",
        ContainerRole::Ephemeral => "Debug container",
    };
    let mut draft = Draft::new(&format!("{role} {}", container.name));
    let (says, level) = state(container, now);
    draft.graded("state", says, level);
    if let Some(end) = &container.last {
        let level = if end.code == 0 { Level::Fine } else { Level::Warn };
        draft.graded("ended before", ended(end, now), level);
        let message = status.map(|s| text(s, "/lastState/terminated/message")).unwrap_or_default();
        draft.inner("it said", super::short(message, 400), level);
    }
    if let Some(wrote) = wrote {
        last_lines(wrote, &mut draft);
    }
    let restarts = container.restarts;
    draft.graded("restarts", restarts.to_string(), if restarts > 0 { Level::Warn } else { Level::Fine });
    draft.line("image", &*container.image);
    draft.line("command", command(spec));
    draft.line("resources", resources(spec));
    draft.line("ports", ports(spec));
    for (name, path) in
        [("ready when", "readinessProbe"), ("alive when", "livenessProbe"), ("started when", "startupProbe")]
    {
        draft.line(name, spec.get(path).map(probe).unwrap_or_default());
    }
    environment(spec, &mut draft);
    for (n, mount) in items(spec, "/volumeMounts").iter().enumerate() {
        let only = if flag(mount, "/readOnly") { " (read only)" } else { "" };
        let line = format!("{} from {}{only}", text(mount, "/mountPath"), text(mount, "/name"));
        draft.line(if n == 0 { "mounts" } else { "" }, line);
    }
    draft
}

/// The last lines of the run that crashed; the whole log is a key away.
fn last_lines(wrote: &Wrote, draft: &mut Draft) {
    match &wrote.lines {
        Ok(lines) if lines.is_empty() => {
            draft.graded("wrote last", "nothing", Level::Warn);
        }
        Ok(lines) => {
            for (n, line) in lines.iter().enumerate() {
                draft.graded(if n == 0 { "wrote last" } else { "" }, line.as_str(), Level::Warn);
            }
        }
        Err(why) => {
            draft.graded("wrote last", format!("not known: {why}"), Level::Unknown);
        }
    }
}

fn state(container: &Container, now: Timestamp) -> (String, Level) {
    match &container.state {
        ContainerState::Running { since } => {
            let since = ago(Some(*since), now);
            let ready = container.ready || container.role == ContainerRole::Ephemeral;
            let (word, level) = if ready { ("ready", Level::Fine) } else { ("not ready", Level::Warn) };
            (format!("running, {word}, started {since}"), level)
        }
        ContainerState::Waiting { reason, message } => {
            let message = message.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
            let starting = matches!(&**reason, "ContainerCreating" | "PodInitializing");
            (format!("waiting: {reason}{message}"), if starting { Level::Warn } else { Level::Bad })
        }
        ContainerState::Terminated(end) => {
            let level = if end.code == 0 { Level::Done } else { Level::Bad };
            (format!("ended: {}", ended(end, now)), level)
        }
        ContainerState::Unknown => ("the kubelet has not said".into(), Level::Unknown),
    }
}

/// `OOMKilled, exit code 137 (out of memory: …), 40s ago`
pub(super) fn ended(end: &Termination, now: Timestamp) -> String {
    let meaning = meaning(&end.reason, end.code).map(|m| format!(" ({m})")).unwrap_or_default();
    let when = ago(end.finished, now);
    let when = if when.is_empty() { when } else { format!(", {when}") };
    format!("{}, exit code {}{meaning}{when}", end.reason, end.code)
}

/// What an exit code means where shells and kernels agree on it.
fn meaning(reason: &str, code: i32) -> Option<&'static str> {
    Some(match (reason, code) {
        ("OOMKilled", _) => "out of memory: it used more than its limit",
        (_, 137) => "killed: by force, or out of memory",
        (_, 143) => "asked to stop",
        (_, 139) => "memory fault",
        (_, 134) => "aborted itself",
        (_, 130) => "interrupted",
        (_, 126) => "the command cannot be executed",
        (_, 127) => "the command was not found",
        (_, 128) => "it could not be started",
        (_, 1) => "a failure of the program",
        (_, 2) => "wrong usage, or a failure of the program",
        _ => return None,
    })
}

fn command(spec: &Value) -> String {
    let words = items(spec, "/command").iter().chain(items(spec, "/args")).filter_map(Value::as_str);
    let mut follows = false;
    let shown = words.map(|word| {
        let next = word.starts_with('-') && !word.contains('=') && looks_secret(word);
        let hidden = std::mem::replace(&mut follows, next) && !word.starts_with('-');
        if hidden { HIDDEN.to_owned() } else { hide(word) }
    });
    shown.collect::<Vec<_>>().join(" ")
}

fn hide(word: &str) -> String {
    match word.split_once('=') {
        Some((flag, _)) if looks_secret(flag) => format!("{flag}={HIDDEN}"),
        _ if carries_password(word) => HIDDEN.into(),
        _ => word.to_owned(),
    }
}

fn ports(spec: &Value) -> String {
    let each = items(spec, "/ports").iter().map(|port| {
        let number = number(port, "/containerPort").unwrap_or(0);
        match text(port, "/name") {
            "" => number.to_string(),
            name => format!("{number} {name}"),
        }
    });
    each.collect::<Vec<_>>().join(", ")
}

/// `GET /ready on 8080 every 5 s, 3 failures`
fn probe(probe: &Value) -> String {
    let port = |at: &str| super::either(probe.pointer(at));
    let what = if probe.get("httpGet").is_some() {
        format!("GET {} on {}", text(probe, "/httpGet/path"), port("/httpGet/port"))
    } else if probe.get("tcpSocket").is_some() {
        format!("port {} answers", port("/tcpSocket/port"))
    } else if probe.get("grpc").is_some() {
        format!("gRPC on {}", port("/grpc/port"))
    } else {
        format!("`{}` exits 0", list(items(probe, "/exec/command")).replace(", ", " "))
    };
    let every = number(probe, "/periodSeconds").unwrap_or(10);
    let within = number(probe, "/timeoutSeconds").unwrap_or(1);
    let failures = number(probe, "/failureThreshold").unwrap_or(3);
    let delay = number(probe, "/initialDelaySeconds").filter(|d| *d > 0);
    let delay = delay.map(|d| format!(", first after {d} s")).unwrap_or_default();
    format!("{what} within {within} s, every {every} s, gives up after {failures}{delay}")
}

/// Names and where values come from; values only where neither name nor text looks secret.
fn environment(spec: &Value, draft: &mut Draft) {
    let mut first = true;
    let mut put = |line: String| {
        draft.line(if first { "environment" } else { "" }, line);
        first = false;
    };
    for from in items(spec, "/envFrom") {
        let (kind, name) = match text(from, "/secretRef/name") {
            "" => ("config map", text(from, "/configMapRef/name")),
            name => ("secret", name),
        };
        put(format!("everything in {kind} {name}"));
    }
    for variable in items(spec, "/env") {
        let name = text(variable, "/name");
        let key = |at: &str| text(variable, &format!("/valueFrom/{at}"));
        let value = if variable.pointer("/valueFrom/secretKeyRef").is_some() {
            format!("from secret {} key {}", key("secretKeyRef/name"), key("secretKeyRef/key"))
        } else if variable.pointer("/valueFrom/configMapKeyRef").is_some() {
            format!("from config map {} key {}", key("configMapKeyRef/name"), key("configMapKeyRef/key"))
        } else if variable.get("valueFrom").is_some() {
            format!("from {}{}", key("fieldRef/fieldPath"), key("resourceFieldRef/resource"))
        } else if looks_secret(name) || carries_password(text(variable, "/value")) {
            HIDDEN.into()
        } else {
            super::short(text(variable, "/value"), 120)
        };
        put(format!("{name}={value}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exit_code_says_what_it_means() {
        let end = Termination { reason: "OOMKilled".into(), code: 137, signal: None, finished: None };
        assert_eq!(
            ended(&end, Timestamp(0)),
            "OOMKilled, exit code 137 (out of memory: it used more than its limit)"
        );
        let end =
            Termination { reason: "Error".into(), code: 42, signal: None, finished: Some(Timestamp(0)) };
        assert_eq!(ended(&end, Timestamp::from_seconds(60)), "Error, exit code 42, 1m ago");
    }
}
