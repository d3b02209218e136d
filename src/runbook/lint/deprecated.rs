//! Forms that were replaced or removed.
use std::collections::HashSet;

use super::call::Call;
use super::kubectl::kube;
use super::scene::{Line, Scene};
use super::{Findings, Rule, Severity};

/// API versions that current clusters do not serve, and what took their place.
const APIS: &[(&str, &str)] = &[
    ("extensions/v1beta1", "apps/v1 or networking.k8s.io/v1"),
    ("apps/v1beta1", "apps/v1"),
    ("apps/v1beta2", "apps/v1"),
    ("networking.k8s.io/v1beta1", "networking.k8s.io/v1"),
    ("policy/v1beta1", "policy/v1"),
    ("batch/v1beta1", "batch/v1"),
    ("batch/v2alpha1", "batch/v1"),
    ("autoscaling/v2beta1", "autoscaling/v2"),
    ("autoscaling/v2beta2", "autoscaling/v2"),
    ("rbac.authorization.k8s.io/v1beta1", "rbac.authorization.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "apiextensions.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", "admissionregistration.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "certificates.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "coordination.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "storage.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "scheduling.k8s.io/v1"),
    ("discovery.k8s.io/v1beta1", "discovery.k8s.io/v1"),
];

/// redis settings with a new name.
const REDIS: &[(&str, &str)] = &[
    ("slave-priority", "replica-priority"),
    ("slave-read-only", "replica-read-only"),
    ("slave-serve-stale-data", "replica-serve-stale-data"),
    ("slave-lazy-flush", "replica-lazy-flush"),
    ("min-slaves-to-write", "min-replicas-to-write"),
    ("min-slaves-max-lag", "min-replicas-max-lag"),
    ("hash-max-ziplist-entries", "hash-max-listpack-entries"),
    ("hash-max-ziplist-value", "hash-max-listpack-value"),
    ("zset-max-ziplist-entries", "zset-max-listpack-entries"),
    ("zset-max-ziplist-value", "zset-max-listpack-value"),
    ("list-max-ziplist-size", "list-max-listpack-size"),
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    // Once for each form and document.
    let mut said: HashSet<&str> = HashSet::new();
    for (line, call) in scene.calls() {
        if let Some((what, remedy, severity)) = old(call).filter(|(what, _, _)| said.insert(what)) {
            out.say_as(severity, Rule::Deprecated, line.at(call), what, remedy);
        }
        redis(line, call, out);
    }
    for (block, fence) in scene.fences() {
        for row in &fence.body {
            let Some(version) = row.text.trim().trim_start_matches("- ").strip_prefix("apiVersion:") else {
                continue;
            };
            let version = version.trim().trim_matches(['"', '\'']);
            if let Some((old, new)) = APIS.iter().find(|(old, _)| *old == version) {
                out.say(
                    Rule::Deprecated,
                    (row.no, row.no.min(block.end_line)),
                    format!("current clusters do not serve `{old}`"),
                    format!("write `{new}`"),
                );
            }
        }
    }
}

type Old = (&'static str, &'static str, Severity);

fn old(call: &Call) -> Option<Old> {
    let says = |word: &str| call.words.iter().any(|w| w.text == word);
    match call.tool() {
        "docker-compose" => Some((
            "`docker-compose` is the first version, which is no longer maintained",
            "write `docker compose`",
            Severity::Note,
        )),
        "helm" if says("delete") && call.has(&["--purge"]) => {
            Some(("helm 3 has no `--purge`", "write `helm uninstall`", Severity::Warning))
        }
        "helm" if says("init") || call.has(&["--tiller-namespace"]) => {
            Some(("helm 3 has no tiller", "leave it out", Severity::Warning))
        }
        "helm" if says("install") && call.has(&["--name"]) => {
            Some(("helm 3 has no `--name`", "write the name as the first word", Severity::Warning))
        }
        "apt-key" => Some(("`apt-key` was removed", "put the key in `/etc/apt/keyrings`", Severity::Note)),
        _ => kubectl(call),
    }
}

fn kubectl(call: &Call) -> Option<Old> {
    let kube = kube(call)?;
    let dry = call.words.iter().any(|word| word.text == "--dry-run");
    let first = kube.plain.first().map_or("", |word| word.text.as_str());
    match kube.verb {
        "run" if call.has(&["--generator"]) => Some((
            "`kubectl run --generator` was removed",
            "use `kubectl create deployment`",
            Severity::Warning,
        )),
        "get" if call.has(&["--export"]) => Some((
            "`kubectl get --export` was removed",
            "clean the output of `-o yaml` by hand",
            Severity::Warning,
        )),
        "get" if matches!(first, "cs" | "componentstatus" | "componentstatuses") => Some((
            "componentstatuses is deprecated and often wrong",
            "ask `kubectl get --raw /readyz?verbose`",
            Severity::Note,
        )),
        "drain" if call.has(&["--delete-local-data"]) => {
            Some(("`--delete-local-data` was renamed", "write `--delete-emptydir-data`", Severity::Warning))
        }
        _ if dry && !kube.oc => Some((
            "`--dry-run` alone is deprecated",
            "write `--dry-run=client` or `--dry-run=server`",
            Severity::Note,
        )),
        _ => None,
    }
}

fn redis(line: &Line<'_>, call: &Call, out: &mut Findings) {
    if call.tool() != "redis-cli" {
        return;
    }
    for word in &call.words {
        let text = word.text.to_lowercase();
        let renamed = REDIS.iter().find(|(old, _)| *old == text).copied();
        let renamed = renamed.or_else(|| (text == "slaveof").then_some(("slaveof", "replicaof")));
        if let Some((old, new)) = renamed {
            out.say_as(
                Severity::Note,
                Rule::Deprecated,
                line.at(call),
                format!("redis renamed `{old}`"),
                format!("write `{new}`"),
            );
        }
    }
}
