//! Commands that name no namespace.
use super::call::Call;
use super::kubectl::{Kube, kube};
use super::scene::Scene;
use super::{Findings, Rule, Severity};
use crate::domain::approval::Tier;

/// Kinds that live in a namespace, singular and short forms.
const NAMESPACED: &[&str] = &[
    "all",
    "certificate",
    "certificaterequest",
    "cj",
    "cm",
    "configmap",
    "cronjob",
    "daemonset",
    "deploy",
    "deployment",
    "ds",
    "endpoint",
    "endpoints",
    "ep",
    "ev",
    "event",
    "horizontalpodautoscaler",
    "hpa",
    "ing",
    "ingress",
    "ingresses",
    "issuer",
    "job",
    "limitrange",
    "netpol",
    "networkpolicies",
    "networkpolicy",
    "pdb",
    "persistentvolumeclaim",
    "po",
    "pod",
    "poddisruptionbudget",
    "pvc",
    "quota",
    "replicaset",
    "resourcequota",
    "role",
    "rolebinding",
    "rs",
    "sa",
    "secret",
    "service",
    "serviceaccount",
    "statefulset",
    "sts",
    "svc",
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let mut named = Vec::new();
    let mut missing = Vec::new();
    let mut switched =
        scene.says(&["set-context --current", "kubens ", "config set-context", "oc project", "kubectl ns "]);
    for (line, call) in scene.calls() {
        switched |= switches(call);
        let Some(kube) = kube(call) else { continue };
        if named_in(call) {
            named.extend(call.option(&["-n", "--namespace"]).map(|word| word.text));
        } else if wants(call, &kube) && !call.elsewhere {
            missing.push((line, call));
        }
    }
    if switched || missing.is_empty() {
        return;
    }
    if named.is_empty() {
        if let Some((line, call)) = missing.first() {
            out.say_as(
                Severity::Note,
                Rule::NamespaceMissing,
                line.at(call),
                format!(
                    "no kubectl command of the document names a namespace ({} do without)",
                    missing.len()
                ),
                "say once which namespace is meant, or add `-n NAMESPACE`",
            );
        }
        return;
    }
    let usual = most(&named);
    let mut last = None;
    for (line, call) in missing {
        // A pipe of create and apply is one matter.
        let place = line.at(call);
        if last.replace(place) == Some(place) {
            continue;
        }
        let severity =
            if line.command.statement.risk > Tier::Read { Severity::Warning } else { Severity::Note };
        out.say_as(
            severity,
            Rule::NamespaceMissing,
            place,
            "it runs in whichever namespace is current; other commands of the document name one",
            format!("add `-n {usual}`, or whichever is meant"),
        );
    }
}

/// Whether a text has a kubectl command that goes to whichever namespace is current.
pub fn names_none(text: &str) -> bool {
    super::through::read(text).iter().any(|call| {
        let wanting = kube(call).is_some_and(|kube| wants(call, &kube));
        wanting && !named_in(call) && !call.elsewhere
    })
}

/// The value that stands most often.
fn most(values: &[String]) -> String {
    let count = |value: &String| values.iter().filter(|other| *other == value).count();
    let mut best: Option<&String> = None;
    for value in values.iter().take(200) {
        if best.is_none_or(|best| count(value) > count(best)) {
            best = Some(value);
        }
    }
    best.cloned().unwrap_or_default()
}

fn switches(call: &Call) -> bool {
    let says = |word: &str| call.words.iter().any(|w| w.text == word);
    match call.tool() {
        "kubectl" | "oc" => {
            (says("config") && (says("set-context") || says("use-context"))) || says("project")
        }
        "kubens" | "kubectx" => true,
        _ => false,
    }
}

fn named_in(call: &Call) -> bool {
    let glued = |text: &str| text.starts_with("-n") && !text.starts_with("--") && text.len() > 2;
    call.has(&["-n", "--namespace", "-A", "--all-namespaces", "--context", "--raw"])
        || call.words.iter().take_while(|word| word.text != "--").any(|word| glued(&word.text))
}

/// Whether it needs a namespace to mean one thing.
fn wants(call: &Call, kube: &Kube<'_>) -> bool {
    let from_file = call.has(&["-f", "--filename", "-k", "--kustomize"]);
    if kube.open || from_file {
        return false;
    }
    let kind = |at: usize| {
        kube.plain.get(at).is_some_and(|word| {
            let mut kinds = word
                .text
                .split(',')
                .map(|part| part.split(['/', '.']).next().unwrap_or_default().to_lowercase());
            kinds.all(|kind| known(&kind))
        })
    };
    match kube.verb {
        "logs" | "exec" | "attach" | "port-forward" => !kube.plain.is_empty(),
        "get" | "describe" | "delete" | "edit" | "patch" | "label" | "annotate" | "scale" | "autoscale"
        | "expose" | "wait" => kind(0),
        "create" => kube.plain.first().is_some_and(|word| known(&word.text.to_lowercase())),
        "rollout" | "set" => kind(1),
        "top" => kube.plain.first().is_some_and(|word| matches!(word.text.as_str(), "pod" | "pods" | "po")),
        "cp" | "run" => true,
        _ => false,
    }
}

fn known(kind: &str) -> bool {
    let has = |kind: &str| NAMESPACED.contains(&kind);
    has(kind) || kind.strip_suffix('s').is_some_and(has)
}
