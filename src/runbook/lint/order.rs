//! Things done too late, never ended, or never done.
use super::call::Call;
use super::kubectl::kube;
use super::scene::{Line, Scene, has_any};
use super::{Findings, Rule};
use crate::runbook::types::Mode;

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    let told = scene.says(&["kill %", "ctrl-c", "ctrl+c", "kill the ", "stop the capture"]);
    for (lines, _) in scene.runbooks() {
        evidence(lines, out);
        let stopped = lines.iter().rposition(stops);
        for (at, line) in lines.iter().enumerate() {
            endless(lines, at, line, out);
            if !told && stopped.is_none_or(|last| at > last) {
                running(line, out);
            }
            asks(line, out);
        }
    }
    comments(scene, out);
}

/// Ends processes, and what only they knew.
fn destroys_evidence(call: &Call) -> bool {
    let says = |word: &str| call.words.iter().any(|w| w.text == word);
    if let Some(kube) = kube(call) {
        let kind = kube.plain.first().map_or("", |word| word.text.as_str());
        let pods = kind.starts_with("pod")
            || kind.starts_with("deploy")
            || kind.starts_with("statefulset")
            || kind.starts_with("po/")
            || kind == "po";
        return match kube.verb {
            "delete" => pods,
            "scale" => true,
            "rollout" => says("restart") || says("undo"),
            _ => false,
        };
    }
    match call.tool() {
        "docker" | "podman" => says("rm") || says("stop") || says("kill") || says("restart") || says("prune"),
        "docker-compose" => says("down") || says("rm") || says("restart"),
        "reboot" | "shutdown" | "poweroff" => true,
        "systemctl" | "service" => says("restart") || says("stop"),
        "aws" => says("terminate-instances"),
        _ => false,
    }
}

/// Whether a step of this title keeps what may be looked into afterwards.
pub fn gathers(title: &str) -> bool {
    let title = title.to_lowercase();
    has_any(&title, &["evidence", "forensic", "forensics"])
        && has_any(&title, &["collect", "preserve", "capture", "gather", "save", "secure", "record"])
}

/// Whether a text ends processes, and what only they knew.
pub fn ends_processes(text: &str) -> bool {
    super::through::read(text).iter().any(destroys_evidence)
}

fn evidence(lines: &[Line<'_>], out: &mut Findings) {
    let mut gone: Option<u32> = None;
    for line in lines {
        let gathers = gathers(&line.heading);
        if let Some(gone) = gone.filter(|_| gathers && line.owner.mode == Mode::Sequence) {
            out.say(
                Rule::EvidenceDestroyed,
                line.lines(),
                format!("line {gone} has already ended processes and their logs"),
                "collect the evidence first",
            );
            return;
        }
        if gathers {
            return;
        }
        if gone.is_none() && line.calls.iter().any(destroys_evidence) {
            gone = Some(line.lines().0);
        }
    }
}

fn endless(lines: &[Line<'_>], at: usize, line: &Line<'_>, out: &mut Findings) {
    let traits = line.command.statement.traits;
    if !traits.endless || traits.background || line.owner.mode == Mode::Menu {
        return;
    }
    let after = lines.get(at + 1..).unwrap_or_default();
    let same = |next: &&Line<'_>| match line.fence {
        Some(fence) => next.fence == Some(fence),
        None => next.step_at == line.step_at,
    };
    let next = after.iter().take_while(same).next();
    // The arms of a branch exclude each other.
    let other = next
        .filter(|next| next.acts() && next.command.statement.condition == line.command.statement.condition);
    if let Some(next) = other {
        out.say(
            Rule::EndlessInSequence,
            line.lines(),
            format!(
                "`{}` goes on until somebody stops it; line {} is not reached by itself",
                line.command.statement.tool,
                next.lines().0
            ),
            "give it an end, or put it last or in a fence of its own",
        );
    }
}

/// Something ends what was started in the background.
fn stops(line: &Line<'_>) -> bool {
    let stop = |call: &Call| matches!(call.tool(), "kill" | "pkill" | "killall" | "wait" | "fg" | "trap");
    line.calls.iter().any(stop) || line.text().contains("$!")
}

fn running(line: &Line<'_>, out: &mut Findings) {
    if !line.command.statement.traits.background {
        return;
    }
    // A daemon is meant to go on, a bounded call ends.
    let meant = line.calls.iter().any(|call| {
        call.has(&["--daemon", "-d", "--detach", "-c", "--count"])
            || matches!(call.tool(), "nohup" | "rm" | "cp" | "sleep" | "rsync" | "pg_dump")
    }) || line.text().contains("nohup")
        || line.text().contains("timeout ");
    if meant {
        return;
    }
    out.say(
        Rule::LeftRunning,
        line.lines(),
        format!(
            "`{}` goes on behind the shell, and nothing in the runbook stops it",
            line.command.statement.tool
        ),
        "keep its number (`PID=$!`), and say when to `kill $PID` and where its result is",
    );
}

fn asks(line: &Line<'_>, out: &mut Findings) {
    for call in &line.calls {
        let prompts = call.tool() == "read"
            && call.words.iter().skip(1).any(|word| word.text.starts_with('-') && word.text.contains('p'));
        if prompts && !call.elsewhere {
            out.say(
                Rule::AsksInScript,
                line.at(call),
                "the script waits for somebody to type",
                "take the answer as an argument, or say in the text that it asks",
            );
        }
    }
}

/// What a reader is told to do.
const DEEDS: &[&str] = &[
    "regenerate",
    "rotate",
    "revoke",
    "notify",
    "inform",
    "contact",
    "escalate",
    "disable",
    "enable",
    "remove",
    "delete",
    "restore",
    "reboot",
    "repeat",
    "uncordon",
    "invalidate",
    "failover",
    "reset",
];

/// Deeds that stand only in comments at the end of a fence with commands.
fn comments(scene: &Scene<'_>, out: &mut Findings) {
    for (_, fence) in scene.fences() {
        if !matches!(fence.lang.as_str(), "bash" | "sh" | "shell" | "console" | "zsh") {
            continue;
        }
        let text = |at: usize| fence.body.get(at).map_or("", |line| line.text.trim());
        let Some(last) =
            (0..fence.body.len()).rev().find(|at| !text(*at).is_empty() && !text(*at).starts_with('#'))
        else {
            continue;
        };
        // The comment directly under a command may speak of it.
        let gap = (last + 1..fence.body.len()).find(|at| text(*at).is_empty());
        for at in gap.into_iter().flat_map(|gap| gap..fence.body.len()) {
            let words = text(at).trim_start_matches('#').trim();
            let verb = words.split_whitespace().next().unwrap_or_default().to_lowercase();
            let Some(line) = fence.body.get(at).filter(|_| DEEDS.contains(&verb.as_str())) else { continue };
            out.say(
                Rule::ActionInComment,
                (line.no, line.no),
                format!("\"{words}\" has no command, and is easily overlooked behind those that have"),
                "write it as a step of its own",
            );
        }
    }
}
