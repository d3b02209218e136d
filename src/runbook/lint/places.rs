//! Commands that run elsewhere than their reader thinks.
use super::call::Call;
use super::scene::{Line, Scene};
use super::{Findings, Rule, Severity};
use crate::runbook::types::Status;

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    future(scene, out);
    switches(scene, out);
    for lines in scene.runbooks() {
        ssh(lines, out);
    }
}

/// Statements of another platform, told once for each step.
fn future(scene: &Scene<'_>, out: &mut Findings) {
    let mut last: Option<(usize, usize)> = None;
    for line in &scene.lines {
        if !line.command.future || line.owner.status == Status::Aspirational || !line.acts() {
            continue;
        }
        let place = (line.runbook, line.step_at);
        if last.replace(place) == Some(place) {
            continue;
        }
        let until =
            scene.lines.iter().rfind(|other| (other.runbook, other.step_at) == place && other.command.future);
        out.say(
            Rule::OtherPlatform,
            (line.lines().0, until.map_or(line.lines().1, |line| line.lines().1)),
            format!(
                "`{}` belongs to a platform that the document says is not in use, or not yet",
                line.command.statement.tool
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
    for (at, line) in scene.lines.iter().enumerate() {
        for call in &line.calls {
            let Some((what, tools)) = redirects(call).filter(|_| !call.elsewhere) else { continue };
            // A document that switches back and forth knows what it does.
            let uses = |line: &&Line<'_>| {
                line.calls.iter().any(|call| {
                    tools.contains(&call.tool())
                        && redirects(call).is_none()
                        && !call.has(&[
                            "--context",
                            "--kube-context",
                            "--kubeconfig",
                            "--subscription",
                            "--project",
                        ])
                })
            };
            let before = scene.lines.get(..at).unwrap_or_default().iter().find(uses);
            let after = scene.lines.get(at + 1..).unwrap_or_default().iter().filter(uses).count();
            let (severity, seen) = match before {
                Some(before) => {
                    (Severity::Warning, format!("line {} and others ran in the old place", before.lines().0))
                }
                None => (Severity::Note, "also in runbooks that do not expect it".to_owned()),
            };
            if before.is_none() && after == 0 {
                continue;
            }
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
        let same = |other: &&Line<'_>| line.fence.is_some() && other.fence == line.fence && other.acts();
        let rest: Vec<u32> = after.iter().filter(same).map(|other| other.lines().0).collect();
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
