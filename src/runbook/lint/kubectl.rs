//! kubectl calls that fail, or do more or less than they say.
use super::call::Call;
use super::scene::{Line, Scene};
use super::word::{Kind, Word};
use super::{Findings, Rule, Severity};

/// Options whose value is the next word.
const VALUED: &[&str] = &[
    "-n",
    "--namespace",
    "-l",
    "--selector",
    "-c",
    "--container",
    "-o",
    "--output",
    "--context",
    "--cluster",
    "--user",
    "--kubeconfig",
    "-f",
    "--filename",
    "-k",
    "--kustomize",
    "--tail",
    "--since",
    "--since-time",
    "--image",
    "--replicas",
    "-p",
    "--patch",
    "--type",
    "--field-selector",
    "--sort-by",
    "--timeout",
    "--for",
    "--from-literal",
    "--from-file",
    "--from-env-file",
    "--to-revision",
    "--revision",
    "--grace-period",
    "--as",
    "--as-group",
    "-s",
    "--server",
    "--token",
    "--request-timeout",
    "-L",
    "--label-columns",
    "--template",
    "--limits",
    "--requests",
    "--min",
    "--max",
    "--cpu-percent",
    "--port",
    "--target-port",
    "--overrides",
    "--env",
    "-e",
    "--cert",
    "--key",
    "--schedule",
    "--current-replicas",
    "--pod-selector",
    "-v",
    "--chunk-size",
    "--profile",
    "--target",
    "--copy-to",
    "--patch-file",
];

const VERBS: &[&str] = &[
    "annotate",
    "api-resources",
    "api-versions",
    "apply",
    "attach",
    "auth",
    "autoscale",
    "certificate",
    "cluster-info",
    "completion",
    "config",
    "cordon",
    "cp",
    "create",
    "debug",
    "delete",
    "describe",
    "diff",
    "drain",
    "edit",
    "events",
    "exec",
    "explain",
    "expose",
    "get",
    "kustomize",
    "label",
    "logs",
    "options",
    "patch",
    "plugin",
    "port-forward",
    "proxy",
    "replace",
    "rollout",
    "run",
    "scale",
    "set",
    "taint",
    "top",
    "uncordon",
    "version",
    "wait",
    "kuberc",
];

/// Verbs that people expect, and what to write.
const EXPECTED: &[(&str, &str)] = &[
    ("list", "get"),
    ("show", "get"),
    ("restart", "rollout restart"),
    ("rollback", "rollout undo"),
    ("remove", "delete"),
    ("rm", "delete"),
    ("log", "logs"),
    ("start", "scale"),
    ("stop", "scale"),
    ("rolling-update", "rollout"),
    ("update", "apply"),
    ("status", "get"),
    ("desribe", "describe"),
    ("descibe", "describe"),
    ("decribe", "describe"),
    ("discribe", "describe"),
    ("lgos", "logs"),
    ("delte", "delete"),
    ("ge", "get"),
    ("aply", "apply"),
    ("pods", "get pods"),
];

/// What `kubectl create` makes besides files.
const CREATED: &[&str] = &[
    "clusterrole",
    "clusterrolebinding",
    "configmap",
    "cm",
    "cronjob",
    "cj",
    "deployment",
    "deploy",
    "ingress",
    "ing",
    "job",
    "namespace",
    "ns",
    "poddisruptionbudget",
    "pdb",
    "priorityclass",
    "pc",
    "quota",
    "resourcequota",
    "role",
    "rolebinding",
    "secret",
    "service",
    "svc",
    "serviceaccount",
    "sa",
    "token",
];

/// A call of kubectl or oc, taken apart.
pub(super) struct Kube<'a> {
    pub verb: &'a str,
    /// Words behind the verb that are neither options nor their values.
    pub plain: Vec<&'a Word>,
    pub oc: bool,
    /// It has words that may hold anything, such as `$OPTIONS`.
    pub open: bool,
}

pub(super) fn kube(call: &Call) -> Option<Kube<'_>> {
    let tool = call.tool();
    if !matches!(tool, "kubectl" | "oc" | "k") {
        return None;
    }
    let mut plain = Vec::new();
    let mut open = false;
    let mut words = call.words.iter().skip(1);
    while let Some(word) = words.next() {
        if word.text == "--" {
            break;
        }
        if word.text.starts_with('-') {
            if VALUED.contains(&word.text.as_str()) {
                words.next();
            }
            continue;
        }
        let lone = word.pieces.iter().all(|piece| {
            matches!(piece.kind, Kind::Variable { .. } | Kind::Command(_))
                && piece.quote == super::word::Quote::Bare
        });
        open |= lone;
        plain.push(word);
    }
    let verb = plain.first()?.text.as_str();
    plain.remove(0);
    Some(Kube { verb, plain, oc: tool == "oc", open })
}

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for (line, call) in scene.calls() {
        if let Some(kube) = kube(call) {
            verb(line, call, &kube, out);
            target(line, call, &kube, out);
            logs(line, call, &kube, out);
        }
        terminal(line, call, out);
    }
}

fn verb(line: &Line<'_>, call: &Call, kube: &Kube<'_>, out: &mut Findings) {
    if kube.oc || kube.open {
        return;
    }
    let known = VERBS.contains(&kube.verb);
    let meant = EXPECTED.iter().find(|(wrong, _)| *wrong == kube.verb).map(|(_, right)| *right);
    if let Some(right) = meant.filter(|_| !known) {
        out.say(
            Rule::UnknownVerb,
            line.at(call),
            format!("kubectl has no `{}`", kube.verb),
            format!("write `kubectl {right}`"),
        );
    }
    let files = call.has(&["-f", "--filename", "-k", "--kustomize", "--raw"]);
    let made = kube.plain.first().filter(|word| word.literal());
    if let Some(made) = made.filter(|_| kube.verb == "create" && !files) {
        let name = made.text.split('/').next().unwrap_or_default();
        // A name with a dot is a kind of its own; that fails too, but a plugin may read it.
        if !CREATED.contains(&name) && name.chars().all(|c| c.is_ascii_alphabetic()) {
            out.say(
                Rule::UnknownVerb,
                line.at(call),
                format!("`kubectl create` knows no `{name}`: the command fails"),
                "create it from a file (`kubectl create -f FILE`), or with the tool that it belongs to",
            );
        }
    }
}

fn target(line: &Line<'_>, call: &Call, kube: &Kube<'_>, out: &mut Findings) {
    if kube.open {
        return;
    }
    let selected = call.has(&["-l", "--selector", "-f", "--filename", "--all", "-k"]);
    let piped = call.words.iter().any(|word| word.text == "{}") || line.text().contains("xargs");
    if matches!(kube.verb, "logs" | "exec" | "attach" | "port-forward")
        && kube.plain.is_empty()
        && !selected
        && !piped
    {
        out.say(
            Rule::NoTarget,
            line.at(call),
            format!("`kubectl {}` names no pod, and fails", kube.verb),
            "name a pod or workload (`deploy/NAME`), or select with `-l`",
        );
    }
    let restart = kube.verb == "rollout" && kube.plain.first().is_some_and(|word| word.text == "restart");
    let kinds = [
        "deployment",
        "deployments",
        "deploy",
        "statefulset",
        "statefulsets",
        "sts",
        "daemonset",
        "daemonsets",
        "ds",
    ];
    let kind = kube.plain.get(1).filter(|word| kinds.contains(&word.text.as_str()));
    if let (true, Some(kind), 2, false, false) = (restart, kind, kube.plain.len(), selected, piped) {
        out.say(
            Rule::WholeNamespace,
            line.at(call),
            format!(
                "without a name, every {} of the namespace is restarted",
                kind.text.trim_end_matches('s')
            ),
            format!("name it: `kubectl rollout restart {}/NAME`", kind.text),
        );
    }
}

fn logs(line: &Line<'_>, call: &Call, kube: &Kube<'_>, out: &mut Findings) {
    let selected = call.has(&["-l", "--selector"]);
    let follows = call.has(&["-f", "--follow"]);
    if kube.verb != "logs" || !selected || follows || call.has(&["--tail"]) {
        return;
    }
    let filtered = line.calls.iter().any(|other| other.pipe == call.pipe && !std::ptr::eq(other, call));
    let kept = call.redirects.iter().any(|redirect| redirect.sign.starts_with('>'));
    let severity = if filtered || kept { Severity::Warning } else { Severity::Note };
    out.say_as(
        severity,
        Rule::LogsCut,
        line.at(call),
        "with a selector, `kubectl logs` reads only the last ten lines of each pod",
        "say how many lines you mean, `--tail=-1` for all",
    );
}

/// Tools that need no terminal when they are called like this.
fn needs_none(call: &Call) -> bool {
    let arguments = call.words.len() > 1;
    match call.tool() {
        "curl" | "wget" | "nslookup" | "dig" | "cat" | "ls" | "npm" | "env" | "printenv" | "ps" | "df"
        | "du" | "grep" | "date" | "pg_isready" | "pg_ctl" | "nc" | "ping" | "getent" | "hostname"
        | "find" | "head" | "tail" | "free" | "netstat" | "ss" => arguments,
        "node" | "python" | "python3" | "ruby" | "perl" => call.has(&["-e", "-c", "--eval"]),
        "psql" => call.has(&["-c", "--command", "-f", "-l"]) || super::health::flag(call, 'c'),
        "mysql" => call.has(&["-e", "--execute"]),
        // A word that is no option is a command for redis.
        "redis-cli" => {
            let valued = ["-h", "-p", "-a", "-n", "-u", "--user", "--pass"];
            let mut skip = false;
            call.words.iter().skip(1).any(|word| {
                let value = std::mem::replace(&mut skip, valued.contains(&word.text.as_str()));
                !value && (!word.text.starts_with('-') || word.text == "--rdb" || word.text == "--bigkeys")
            })
        }
        _ => false,
    }
}

fn terminal(line: &Line<'_>, call: &Call, out: &mut Findings) {
    let asks = matches!(call.tool(), "kubectl" | "oc" | "docker" | "podman") && !call.elsewhere && {
        let until = call.words.iter().position(|word| word.text == "--").unwrap_or(call.words.len());
        call.words
            .iter()
            .take(until)
            .any(|word| matches!(word.text.as_str(), "-it" | "-ti" | "-t" | "--tty" | "-tty" | "-i -t"))
    };
    let execs = call.words.iter().any(|word| word.text == "exec");
    if !asks || !execs {
        return;
    }
    let inner = line.calls.iter().find(|inner| inner.elsewhere && inner.start == call.start);
    let Some(inner) = inner.filter(|inner| needs_none(inner)) else { return };
    let piped = line
        .calls
        .iter()
        .any(|other| other.pipe == call.pipe && !other.elsewhere && !std::ptr::eq(other, call));
    let severity = if piped || !call.redirects.is_empty() { Severity::Warning } else { Severity::Note };
    out.say_as(
        severity,
        Rule::TerminalForNothing,
        line.at(call),
        format!("`{}` needs no terminal; `-t` fails in a script and spoils piped output", inner.tool()),
        "leave `-it` out",
    );
}
