//! What has to be filled in before a runbook can run, each name once.
use super::super::placeholder::fallback;
use super::super::types::Runbook;
use super::key;
use crate::domain::secret;
use crate::domain::text::one_line;

/// What a value is, as far as its name tells: who knows the candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sort {
    Pod,
    /// The address of a pod.
    PodAddress,
    Deployment,
    Node,
    Namespace,
    Container,
    Service,
    Context,
    /// The number of a process or of a session.
    Process,
    /// When a session began: the other half of its identity.
    SessionStart,
    Secret,
    Other,
}

/// One value to be given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    pub name: String,
    /// Each way in which the document writes it.
    pub texts: Vec<String>,
    pub lines: Vec<u32>,
    pub default: Option<String>,
    pub sort: Sort,
}

impl Wanted {
    /// How it is asked for: the way the document writes it, and its name where that tells more.
    pub fn asked_as(&self, text: &str) -> String {
        let place = text.strip_prefix('$').is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit()));
        if place && !self.name.starts_with('$') && self.name != text.trim_start_matches('$') {
            format!("{} ({text})", one_line(&self.name))
        } else {
            one_line(text)
        }
    }
}

/// In the order of their first lines.
pub fn wanted(runbook: &Runbook) -> Vec<Wanted> {
    let mut all: Vec<Wanted> = Vec::new();
    let commands = runbook.steps.iter().flat_map(|step| &step.commands).filter(|command| !command.future);
    for command in commands {
        for one in &command.placeholders {
            let own = key(&one.name);
            let at = all.iter().position(|known| key(&known.name) == own);
            let at = at.unwrap_or_else(|| {
                all.push(Wanted {
                    name: one.name.clone(),
                    texts: Vec::new(),
                    lines: Vec::new(),
                    default: None,
                    sort: sort(&one.name),
                });
                all.len() - 1
            });
            let Some(known) = all.get_mut(at) else { continue };
            if !known.texts.contains(&one.text) {
                known.texts.push(one.text.clone());
            }
            if known.lines.last() != Some(&command.statement.line) {
                known.lines.push(command.statement.line);
            }
            let default = one.default.as_ref().filter(|default| fallback::is_fixed(default));
            known.default = known.default.take().or_else(|| default.cloned());
        }
    }
    all
}

fn sort(name: &str) -> Sort {
    if secret::looks_secret(name) {
        return Sort::Secret;
    }
    let own = key(name);
    let words: Vec<&str> = own.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let any = |of: &[&str]| words.iter().any(|word| of.contains(word));
    if any(&["pod", "pods"]) && any(&["ip", "address", "addr"]) {
        Sort::PodAddress
    } else if any(&["pid", "pids"]) {
        Sort::Process
    } else if own.contains("backend-start") || own.contains("session-start") {
        Sort::SessionStart
    } else if any(&["ip", "cidr", "port", "selector", "label"]) {
        Sort::Other
    } else if any(&["namespace", "ns"]) {
        Sort::Namespace
    } else if any(&["pod", "pods", "podname"]) {
        Sort::Pod
    } else if any(&["deployment", "deploy", "workload"]) {
        Sort::Deployment
    } else if any(&["node", "nodename"]) {
        Sort::Node
    } else if any(&["container"]) {
        Sort::Container
    } else if any(&["context", "cluster"]) {
        Sort::Context
    } else if any(&["service", "svc", "app"]) {
        Sort::Service
    } else {
        Sort::Other
    }
}
