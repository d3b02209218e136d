//! Commands that run elsewhere than their reader thinks.
use std::collections::HashMap;

use super::call::Call;
use super::scene::{Line, Scene, has_word};
use super::{Findings, Rule, Severity};
use crate::runbook::types::Status;

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    future(scene, out);
    switches(scene, out);
    compose(scene, out);
    for (lines, _) in scene.runbooks() {
        ssh(lines, out);
    }
}

/// Statements of another platform, told once for each step.
fn future(scene: &Scene<'_>, out: &mut Findings) {
    for lines in scene.steps() {
        let foreign = || lines.iter().filter(|line| line.command.future && line.acts());
        let (Some(first), Some(last)) = (foreign().next(), foreign().next_back()) else { continue };
        if first.owner.status == Status::Aspirational {
            continue;
        }
        out.say(
            Rule::OtherPlatform,
            (first.lines().0, last.lines().1),
            format!(
                "`{}` belongs to a platform that the document says is not in use, or not yet",
                first.command.statement.tool
            ),
            "write the command for the platform in use, or mark the section as future",
        );
    }
}

/// What a command redirects: the tools whose later calls go elsewhere.
fn redirects(call: &Call) -> Option<(&'static str, &'static [&'static str])> {
    let says = |words: &[&str]| words.iter().all(|word| call.words.iter().any(|w| w.text == *word));
    let kube: &[&str] = &["kubectl", "oc", "helm", "k"];
    match call.tool() {
        "kubectl" | "oc" if says(&["config", "use-context"]) || says(&["config", "set-context"]) => {
            Some(("kubectl", kube))
        }
        "oc" if says(&["project"]) || says(&["login"]) => Some(("oc", kube)),
        "kubectx" | "kubens" if call.words.len() > 1 => Some(("kubectl", kube)),
        "az" if says(&["aks", "get-credentials"]) => Some(("kubectl", kube)),
        "aws" if says(&["eks", "update-kubeconfig"]) => Some(("kubectl", kube)),
        "gcloud" if says(&["clusters", "get-credentials"]) => Some(("kubectl", kube)),
        "az" if says(&["account", "set"]) => Some(("az", &["az"])),
        "gcloud" if says(&["config", "set", "project"]) => Some(("gcloud", &["gcloud", "gsutil", "bq"])),
        "terraform" if says(&["workspace", "select"]) => Some(("terraform", &["terraform"])),
        _ => None,
    }
}

fn switches(scene: &Scene<'_>, out: &mut Findings) {
    // The first and the last statement that each tool has without naming a place.
    let mut used: HashMap<&str, (usize, usize)> = HashMap::new();
    let explicit = ["--context", "--kube-context", "--kubeconfig", "--subscription", "--project"];
    for (at, line) in scene.lines.iter().enumerate() {
        for call in line.calls.iter().filter(|call| redirects(call).is_none() && !call.has(&explicit)) {
            used.entry(call.tool()).and_modify(|(_, last)| *last = at).or_insert((at, at));
        }
    }
    for (at, line) in scene.lines.iter().enumerate() {
        for call in &line.calls {
            let Some((what, tools)) = redirects(call).filter(|_| !call.elsewhere) else { continue };
            let ranges = || tools.iter().filter_map(|tool| used.get(tool));
            let before = ranges().map(|(first, _)| *first).filter(|first| *first < at).min();
            let before = before.and_then(|first| scene.lines.get(first));
            let after = ranges().any(|(_, last)| *last > at);
            let (severity, seen) = match before {
                Some(before) => {
                    (Severity::Warning, format!("line {} and others ran in the old place", before.lines().0))
                }
                None if !after => continue,
                None => (Severity::Note, "also in runbooks that do not expect it".to_owned()),
            };
            out.say_as(
                severity,
                Rule::ContextSwitch,
                line.at(call),
                format!("every later `{what}` command goes to another place; {seen}"),
                "name the place in each command (`--context`), and say how to switch back",
            );
        }
    }
}

/// Names of environments, and how they are shortened.
const SHORT: &[(&str, &str)] = &[("production", "prod"), ("staging", "stage"), ("development", "dev")];

/// `compose.prod.yml` here, `compose.production.yml` there.
fn compose(scene: &Scene<'_>, out: &mut Findings) {
    // Each file's first statement, and how often it is named.
    let mut files: Vec<(String, &Line<'_>, usize)> = Vec::new();
    for (line, call) in scene.calls() {
        let docker = call.tool() == "docker" && call.words.iter().any(|word| word.text == "compose");
        if call.tool() != "docker-compose" && !docker {
            continue;
        }
        let Some(name) = call.option(&["-f", "--file"]).map(|word| word.text) else { continue };
        if let Some((_, _, count)) = files.iter_mut().find(|(old, _, _)| *old == name) {
            *count += 1;
        } else if files.len() < 20 {
            files.push((name, line, 1));
        }
    }
    for (name, line, count) in &files {
        let long = SHORT
            .iter()
            .find(|(_, short)| has_word(name, short))
            .map(|(long, short)| name.replacen(short, long, 1));
        let other = files.iter().find(|(other, _, _)| Some(other) == long.as_ref());
        if let Some((other, place, times)) = other {
            out.say(
                Rule::ComposeFiles,
                line.lines(),
                format!(
                    "`{name}` is named {count} times, `{other}` (line {}) {times} times",
                    place.lines().0
                ),
                "if they are one file, write one name",
            );
        }
    }
}

/// `ssh host` alone, with more behind it in its fence.
fn ssh(lines: &[Line<'_>], out: &mut Findings) {
    for (at, line) in lines.iter().enumerate() {
        let [call] = line.calls.as_slice() else { continue };
        if call.tool() != "ssh"
            || call.heredoc.is_some()
            || !call.redirects.is_empty()
            || call.has(&["-N", "-f", "-L", "-D", "-R", "-fN", "-NL"])
        {
            continue;
        }
        let after = lines.get(at + 1..).unwrap_or_default();
        let same = |other: &&Line<'_>| line.fence.is_some() && other.fence == line.fence;
        let rest = after.iter().take_while(same).filter(|other| other.acts());
        let rest: Vec<u32> = rest.map(|other| other.lines().0).collect();
        if let (Some(first), Some(last)) = (rest.first(), rest.last()) {
            let lines = if first == last {
                format!("line {first} is")
            } else {
                format!("lines {first} to {last} are")
            };
            out.say(
                Rule::BareSsh,
                line.lines(),
                format!("{lines} meant for the other machine; pasted or run as a script they run here"),
                "hand them over: `ssh HOST 'bash -s' <<'EOF'`, or give them a fence of their own",
            );
        }
    }
}
