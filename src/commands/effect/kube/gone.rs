//! Objects that are deleted, and nodes that are emptied.
use super::super::answer::{columns, count};
use super::super::at::spaced;
use super::super::{Answer, At, Reading, Undo};
use super::{COLUMNS, HOST, Object, get, objects};
use crate::domain::text::quoted;

const PODS: &str = "custom-columns=NS:.metadata.namespace,NAME:.metadata.name,OWNER:.metadata.ownerReferences[*].kind,PHASE:.status.phase";
const BUDGETS: &str =
    "custom-columns=NS:.metadata.namespace,NAME:.metadata.name,ALLOWED:.status.disruptionsAllowed";
const CONTENTS: &str = "custom-columns=KIND:.kind,NAME:.metadata.name";
const NODES: &str =
    "custom-columns=NAME:.metadata.name,CLOSED:.spec.unschedulable,TAINTS:.spec.taints[*].key";

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sort {
    Delete,
    /// What lies in a namespace.
    Contents(String),
    /// Pods of a node; `drained` says that they are evicted.
    Pods {
        drained: bool,
        forced: bool,
    },
    Budgets,
    Nodes {
        close: Option<bool>,
        undo: Option<String>,
    },
}

impl Sort {
    pub(super) fn what(&self) -> &'static str {
        match self {
            Sort::Delete => "what it would delete",
            Sort::Contents(_) => "what lies in the namespace",
            Sort::Pods { .. } => "the pods of the node",
            Sort::Budgets => "the disruption budgets",
            Sort::Nodes { .. } => "the nodes",
        }
    }
}

fn kube(sort: Sort) -> super::super::Sort {
    super::super::Sort::Kube(super::Sort::Gone(sort))
}

pub(super) fn look(at: &mut At<'_>) {
    match at.args.operand(0) {
        "delete" => delete(at),
        "drain" => nodes(at, 1, true),
        "cordon" | "uncordon" | "taint" => nodes(at, 1, false),
        "adm" => nodes(at, 2, at.args.operand(1) == "drain"),
        _ => at.unlooked(),
    }
}

fn delete(at: &mut At<'_>) {
    let (ask, place) = (get(at, 1, COLUMNS), super::named(at, 1));
    at.ask_in(&place, &ask, kube(Sort::Delete));
    let objects = at.objects(1);
    let namespaces = |text: &str| matches!(text, "ns" | "namespace" | "namespaces" | "project" | "projects");
    let first = objects.first().map_or("", |arg| arg.text.as_str());
    let named: Vec<_> = match first.split_once('/') {
        Some((kind, _)) if namespaces(kind) => objects
            .iter()
            .filter_map(|arg| arg.text.split_once('/').map(|(_, name)| name.to_owned()))
            .collect(),
        None if namespaces(first) => objects.iter().skip(1).map(|arg| arg.text.clone()).collect(),
        _ => Vec::new(),
    };
    at.beyond(named.len(), 3, "namespaces");
    for name in named.iter().filter(|name| !name.is_empty()).take(3) {
        let Some(word) = at.quote(name) else { continue };
        let host = at.options(HOST);
        let ask = format!(
            "{} get{host} pods,deployments,statefulsets,daemonsets,services,ingresses,persistentvolumeclaims,secrets,configmaps -n {word} --no-headers -o {}",
            at.program(),
            quoted(CONTENTS)
        );
        at.ask(&ask, kube(Sort::Contents(name.clone())));
    }
    // Names that come in go into a question, not into evidence; a secret is kept nowhere.
    let secret = objects.iter().any(|arg| arg.text.to_ascii_lowercase().contains("secret"));
    let named = at.args.get("-f --filename -k --kustomize").is_none() && first != "all";
    if objects.iter().all(|arg| !arg.source.is_empty()) && !secret && named {
        let yaml = get(at, 1, "yaml").replace(" --no-headers", "");
        at.evidence(&yaml);
        let words = spaced(&objects);
        if matches!(first.split('/').next(), Some("pod" | "pods" | "po")) && !first.is_empty() {
            let options = format!("{}{}", at.options(super::PLACE), at.options("-l --selector"));
            at.evidence(&format!("{} describe{options}{words}", at.program()));
        }
    }
}

fn nodes(at: &mut At<'_>, from: usize, drained: bool) {
    let verb = at.args.operand(from - 1);
    let host = at.options(HOST);
    let selector = at.options("-l --selector");
    let named: Vec<_> = at.objects(from).into_iter().filter(|arg| !is_taint(&arg.text)).collect();
    let named: Vec<_> =
        named.into_iter().filter(|arg| !matches!(arg.text.as_str(), "node" | "nodes" | "no")).collect();
    let words = spaced(&named);
    let close = match verb {
        "cordon" | "drain" => Some(true),
        "uncordon" => Some(false),
        _ => None,
    };
    let back = if close == Some(false) { "cordon" } else { "uncordon" };
    let admin = if from > 1 { " adm" } else { "" };
    let undo = close.and_then(|_| at.inverse(&format!("{}{admin} {back}{host}", at.program())));
    let ask = format!("{} get node{host}{selector} --no-headers -o {}{words}", at.program(), quoted(NODES));
    let taints: Vec<_> = at.objects(from).into_iter().filter(|arg| is_taint(&arg.text)).collect();
    if verb == "taint" {
        let given: Vec<_> = taints.iter().map(|arg| arg.text.as_str()).collect();
        at.looks.said.hits.push(super::super::said(&format!("taints: {}", given.join(" "))));
    }
    at.ask(&ask, kube(Sort::Nodes { close, undo }));
    let evicts = taints.iter().any(|arg| arg.text.contains("NoExecute") && !arg.text.ends_with('-'));
    if !(drained || evicts) {
        return;
    }
    at.beyond(named.len(), 4, "nodes");
    for node in named.iter().take(4) {
        let name = node.text.rsplit('/').next().unwrap_or_default();
        let Some(field) = at.quote(&format!("spec.nodeName={name}")) else { continue };
        let pods = format!(
            "{} get pods{host} -A --field-selector {field} --no-headers -o {}",
            at.program(),
            quoted(PODS)
        );
        at.ask(&pods, kube(Sort::Pods { drained, forced: at.has("--force") }));
    }
    if named.is_empty() {
        at.unknown("which pods run on the selected nodes is not looked at");
    }
    let ask = format!("{} get pdb{host} -A --no-headers -o {}", at.program(), quoted(BUDGETS));
    at.ask(&ask, kube(Sort::Budgets));
}

fn is_taint(text: &str) -> bool {
    text.contains('=') || text.contains(':') || text.ends_with('-')
}

pub(super) fn read(sort: &Sort, answer: &Answer, reading: &mut Reading) {
    match sort {
        Sort::Delete => {
            for object in objects(answer, sort.what(), reading).unwrap_or_default() {
                deleted(&object, reading);
                object.keepers(reading);
                reading.objects.push(object);
            }
        }
        Sort::Contents(namespace) => contents(namespace, answer, reading),
        Sort::Pods { drained, forced } => pods(*drained, *forced, answer, reading),
        Sort::Budgets => budgets(answer, reading),
        Sort::Nodes { close, undo } => nodes_read(*close, undo.as_deref(), answer, reading),
    }
}

fn deleted(object: &Object, reading: &mut Reading) {
    let title = object.title();
    let pods = |reading: &mut Reading| {
        let many = object.ready.parse().or(object.replicas.parse()).unwrap_or(0);
        reading.hit(format!("{title}: {} end with it", count(many, "ready pod", "ready pods")));
        reading.drop(format!("{title}, with its pods"));
    };
    match object.kind.as_str() {
        "pod" if !object.owner.is_empty() => {
            let phase = if object.phase.is_empty() { "unknown" } else { &object.phase };
            let (owner, name) = (&object.owner, &object.owner_name);
            reading.hit(format!("{title} ({phase}): {owner} {name} starts another one"));
            reading.drop(format!("the logs of {title}"));
        }
        "pod" => {
            reading.hit(format!("{title} ({}): nobody starts it again", object.phase));
            reading.drop(title);
        }
        "deployment" | "replicaset" | "daemonset" | "job" => pods(reading),
        "statefulset" => {
            pods(reading);
            reading.hit(format!("{title}: its volume claims stay, unless it says otherwise"));
        }
        "persistentvolumeclaim" => {
            reading.hit(format!("{title} ({}, {})", object.size, object.phase));
            reading.drop(format!("the data of {title}, unless its volume is kept"));
        }
        "namespace" => {
            reading.hit(title.clone());
            reading.drop(format!("everything in {title}"));
        }
        "customresourcedefinition" => {
            reading.hit(title.clone());
            reading.drop(format!("{title}, and every object of its kind in every namespace"));
        }
        _ => {
            reading.hit(title.clone());
            reading.drop(title);
        }
    }
    if object.kind != "pod" {
        reading.undo(Undo::Words("make it anew from what is kept of it: what it held is gone".to_owned()));
    } else if !object.owner.is_empty() {
        reading.undo(Undo::Words("none is needed: its owner starts another one".to_owned()));
    }
}

fn contents(namespace: &str, answer: &Answer, reading: &mut Reading) {
    if answer.failed(&format!("what lies in namespace {namespace}"), reading) {
        return;
    }
    let mut kinds: Vec<(String, u64)> = Vec::new();
    for row in answer.rows() {
        let [kind, _] = columns(row)[..] else { continue };
        match kinds.iter_mut().find(|(known, _)| known == kind) {
            Some((_, count)) => *count += 1,
            None => {
                if kinds.len() < 20 {
                    kinds.push((kind.to_owned(), 1));
                }
            }
        }
    }
    for (kind, many) in kinds {
        let kind = kind.to_lowercase();
        reading.drop(format!("in namespace {namespace}: {}", count(many, &kind, &format!("{kind}s"))));
    }
}

fn pods(drained: bool, forced: bool, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the pods of the node", reading) {
        return;
    }
    let verb = if drained { "is evicted" } else { "is evicted, unless it tolerates the taint" };
    for row in answer.rows() {
        let [namespace, name, owner, phase] = columns(row)[..] else { continue };
        match owner {
            "DaemonSet" | "Node" => {}
            "" if forced => {
                reading.hit(format!("pod {namespace}/{name} ({phase}) {verb}: nobody starts it again"));
                reading.drop(format!("pod {namespace}/{name}"));
            }
            "" if drained => reading.unknown(format!(
                "pod {namespace}/{name} has no owner: without `--force` the drain stops at it"
            )),
            owner => {
                reading.hit(format!("pod {namespace}/{name} ({phase}) {verb}: {owner} starts another one"));
            }
        }
    }
    if !reading.has_hit() {
        reading.zero("no pod runs there that would be evicted");
    }
}

fn budgets(answer: &Answer, reading: &mut Reading) {
    if answer.failed("the disruption budgets", reading) {
        return;
    }
    for row in answer.rows() {
        if let [namespace, name, "0"] = columns(row)[..] {
            reading.unknown(format!(
                "budget {namespace}/{name} allows no eviction now: its pods would be waited for"
            ));
        }
    }
}

fn nodes_read(close: Option<bool>, undo: Option<&str>, answer: &Answer, reading: &mut Reading) {
    if answer.failed("the nodes", reading) {
        return;
    }
    let mut any = false;
    for row in answer.rows() {
        let [name, closed, taints] = columns(row)[..] else { continue };
        any = true;
        let open = closed != "true";
        match close {
            Some(true) if !open => reading.hit(format!("node {name}: takes no new pods already")),
            Some(true) => reading.hit(format!("node {name}: takes no new pods")),
            Some(false) => reading.hit(format!("node {name}: takes new pods again")),
            None => reading.hit(format!(
                "node {name}: has the taints {}",
                if taints.is_empty() { "none" } else { taints }
            )),
        }
        let changes = close.is_some_and(|close| close == open);
        if let Some(undo) = undo.filter(|_| changes) {
            reading.undo(Undo::Command(format!("{undo} {}", quoted(name))));
        }
    }
    if !any {
        reading.zero("no such node is selected");
    }
}
