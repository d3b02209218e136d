//! What has to be looked at before something that was done counts as good.
use std::time::Duration;

use super::super::types::Command;
use super::call::Call;
use crate::commands::Lang;
use crate::domain::approval::Tier;
use crate::domain::secret;

/// So long it has to hold.
pub const HOLD: Duration = Duration::from_mins(1);

/// What settles a change; each has to be so for [`HOLD`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Watch {
    /// The pods of this workload are new, as many as wanted, and ready: `deployment/web`. Empty for all of a kind.
    RolledOut { object: String, namespace: Option<String> },
    /// These are gone, and what replaces them is ready.
    PodsGone { object: String, namespace: Option<String> },
    /// Slots of the database are free again.
    SlotsFree,
    /// The setting has this value.
    ValueAsSet { name: String, value: String },
    /// Nothing that could be looked at: the operator's word settles it.
    Nothing,
}

/// What settles a command; none where its exit code says all.
pub fn of(command: &Command, calls: &[Call]) -> Option<Watch> {
    let one = &command.statement;
    if one.risk == Tier::Read {
        return None;
    }
    let watch = match one.lang {
        Lang::Sql => sql(&one.text),
        Lang::Redis => Some(redis(&one.text.split_whitespace().map(str::to_owned).collect::<Vec<_>>())),
        // What changes another box without a word that is known is not seen from here.
        _ => calls.iter().find_map(call).or_else(|| one.traits.remote.then_some(Watch::Nothing)),
    };
    // A secret is not compared with anything: it would be told.
    watch.map(|watch| match watch {
        Watch::ValueAsSet { name, value } if is_secret(&name, &value) => Watch::Nothing,
        watch => watch,
    })
}

fn is_secret(name: &str, value: &str) -> bool {
    let known = ["requirepass", "masterauth", "primary_conninfo"];
    known.contains(&name.to_ascii_lowercase().as_str())
        || secret::looks_secret(name)
        || secret::carries_password(value)
}

fn call(call: &Call) -> Option<Watch> {
    let bare: Vec<&str> = bare(call);
    let word = |at: usize| bare.get(at).copied().unwrap_or_default();
    let namespace = call.values(&["-n", "--namespace"]).into_iter().next();
    if call.has(&["--dry-run"]) || call.words.iter().any(|word| word.starts_with("--dry-run")) {
        return None;
    }
    let object = |from: usize| {
        let (first, second) = (word(from), word(from + 1));
        if first.contains('/') || second.is_empty() || second.contains('=') {
            first.to_owned()
        } else {
            format!("{first}/{second}")
        }
    };
    match call.tool.as_str() {
        "kubectl" | "oc" => match (word(0), word(1)) {
            ("rollout", "restart" | "undo") | ("set", "env" | "image" | "resources" | "serviceaccount") => {
                Some(Watch::RolledOut { object: object(2), namespace })
            }
            ("scale" | "patch" | "edit", kind) if word(0) == "scale" || is_workload(kind) => {
                Some(Watch::RolledOut { object: object(1), namespace })
            }
            ("delete", kind) if matches!(kind.split('/').next(), Some("pod" | "pods" | "po")) => {
                Some(Watch::PodsGone { object: object(1), namespace })
            }
            ("drain", node) => Some(Watch::PodsGone { object: format!("node/{node}"), namespace: None }),
            ("label" | "annotate", _) => {
                let set = bare.iter().find_map(|word| word.split_once('='))?;
                Some(Watch::ValueAsSet { name: set.0.to_owned(), value: set.1.to_owned() })
            }
            ("cordon" | "uncordon", node) => Some(Watch::ValueAsSet {
                name: format!("node/{node} schedulable"),
                value: if word(0) == "cordon" { "no" } else { "yes" }.to_owned(),
            }),
            ("exec" | "cp" | "config" | "logs" | "get", _) => None,
            _ => Some(Watch::Nothing),
        },
        "docker" | "podman" | "nerdctl" | "docker-compose" => {
            let verbs = ["restart", "up", "start", "stop", "down", "kill", "rm", "update", "scale"];
            let verb = bare.iter().position(|word| verbs.contains(word))?;
            match word(verb) {
                "stop" | "down" | "kill" | "rm" => Some(Watch::Nothing),
                _ => Some(Watch::RolledOut {
                    object: format!("container/{}", word(verb + 1)),
                    namespace: None,
                }),
            }
        }
        "psql" => call.values(&["-c", "--command"]).iter().find_map(|text| sql(text)),
        "redis-cli" | "valkey-cli" => {
            Some(redis(&bare.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>()))
        }
        "helm" => match word(0) {
            "upgrade" | "install" | "rollback" => {
                Some(Watch::RolledOut { object: word(1).to_owned(), namespace })
            }
            "uninstall" | "delete" => Some(Watch::Nothing),
            _ => None,
        },
        "systemctl" | "service" | "az" | "aws" | "gcloud" | "terraform" | "tofu" | "ansible"
        | "ansible-playbook" | "pg_ctl" | "patronictl" | "supervisorctl" => Some(Watch::Nothing),
        _ => None,
    }
}

/// The words that are neither options nor their values.
fn bare(call: &Call) -> Vec<&str> {
    const VALUES: &[&str] = &[
        "-n",
        "--namespace",
        "--context",
        "--kubeconfig",
        "-l",
        "--selector",
        "-f",
        "--filename",
        "--file",
        "-p",
        "--patch",
        "-c",
        "--timeout",
        "-o",
        "--output",
        "-H",
        "--host",
        "-h",
        "-a",
        "-u",
        "--user",
        "--project-name",
        "--field-selector",
        "--grace-period",
        "--type",
        "-t",
        "--time",
        "-s",
    ];
    let mut out = Vec::new();
    let mut skip = false;
    for word in &call.words {
        if std::mem::take(&mut skip) {
            continue;
        }
        if word.starts_with('-') && word.len() > 1 {
            // `-p 6380` of redis-cli, `-p '{…}'` of kubectl.
            skip = VALUES.contains(&word.as_str());
        } else {
            out.push(word.as_str());
        }
    }
    out
}

fn is_workload(kind: &str) -> bool {
    let kind = kind.split('/').next().unwrap_or_default();
    ["deployment", "deploy", "statefulset", "sts", "daemonset", "ds", "replicaset", "rs"]
        .iter()
        .any(|known| kind.trim_end_matches('s') == known.trim_end_matches('s'))
}

fn sql(text: &str) -> Option<Watch> {
    let lower = text.to_lowercase();
    if lower.contains("pg_terminate_backend") {
        return Some(Watch::SlotsFree);
    }
    if lower.contains("pg_cancel_backend") {
        return Some(Watch::Nothing);
    }
    let words: Vec<&str> =
        text.split(|c: char| c.is_whitespace() || c == '=').filter(|w| !w.is_empty()).collect();
    let head: Vec<String> = words.iter().take(3).map(|word| word.to_lowercase()).collect();
    match head.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["alter", "system", "set"] => {
            let value = words.get(4).map_or("", |word| {
                if word.eq_ignore_ascii_case("to") { words.get(5).copied().unwrap_or_default() } else { word }
            });
            Some(Watch::ValueAsSet {
                name: words.get(3).copied().unwrap_or_default().to_owned(),
                value: value.trim_matches(['\'', ';']).to_owned(),
            })
        }
        _ => None,
    }
}

fn redis(words: &[String]) -> Watch {
    let lower: Vec<String> = words.iter().map(|word| word.to_lowercase()).collect();
    let config = lower.iter().position(|word| word == "config");
    match config.filter(|at| lower.get(at + 1).is_some_and(|word| word == "set")) {
        Some(at) => Watch::ValueAsSet {
            name: words.get(at + 2).cloned().unwrap_or_default(),
            value: words.get(at + 3).cloned().unwrap_or_default(),
        },
        None => Watch::Nothing,
    }
}
