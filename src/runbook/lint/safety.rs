//! Dangerous steps without a warning, a check afterwards, or a way back.
use super::scene::{Line, Scene, has_any};
use super::{Findings, Rule};
use crate::commands::statement::Role;
use crate::domain::approval::Tier;
use crate::runbook::types::{Command, Kind};

const WARNS: &[&str] = &[
    "warning",
    "caution",
    "danger",
    "dangerous",
    "careful",
    "carefully",
    "irreversible",
    "cannot",
    "destructive",
    "destroys",
    "overwrite",
    "overwrites",
    "downtime",
    "interruption",
    "disrupt",
    "disruptive",
    "only if",
    "make sure",
    "ensure",
    "confirm",
    "important",
    "risk",
    "lose",
    "loss",
    "data loss",
    "last resort",
    "if needed",
    "if necessary",
    "if corrupted",
    "attention",
    "note",
    "be aware",
    "permanently",
    "before you",
    "must",
    "never",
    "approval",
    "backup",
    "affects",
    "will",
];

const CHECKS: &[&str] = &[
    "verify",
    "check",
    "confirm",
    "validate",
    "monitor",
    "ensure",
    "test",
    "smoke",
    "watch",
    "status",
    "observe",
    "make sure",
    "should",
    "expected",
    "review",
];

const UNDOES: &[&str] = &[
    "rollback",
    "roll back",
    "rolled back",
    "rolling back",
    "undo",
    "revert",
    "restore",
    "back out",
    "backout",
    "previous version",
    "recover",
    "recovery",
    "backup",
    "back up",
];

pub(super) fn check(scene: &Scene<'_>, out: &mut Findings) {
    for (lines, _) in scene.runbooks() {
        unwarned(lines, out);
        unchecked(lines, out);
    }
    way_back(scene, out);
}

/// The first dangerous statement of a runbook without anything that makes a reader stop.
fn unwarned(lines: &[Line<'_>], out: &mut Findings) {
    let Some(owner) = lines.first().map(|line| line.owner) else { return };
    let warns = |text: &str| has_any(&text.to_lowercase(), WARNS);
    if warns(&owner.title) || owner.notes.iter().any(|note| warns(&note.text)) {
        return;
    }
    for step in lines.chunk_by(|a, b| a.step_at == b.step_at) {
        // A guard or a word on the screen before it.
        let guards = |line: &&Line<'_>| matches!(line.command.statement.role, Role::Narration | Role::Guard);
        if step.iter().filter(guards).any(|line| warns(line.text())) {
            return;
        }
        let Some(own) = step.first().map(|line| line.step) else { continue };
        let told = own.branch.is_some() || !own.notes.is_empty() || warns(&own.title) || warns(&own.text);
        let bare = |line: &&Line<'_>| {
            let statement = &line.command.statement;
            statement.risk == Tier::Danger
                && line.acts()
                && !line.command.future
                && statement.condition.is_none()
                && !warns(&line.heading)
        };
        if let Some(line) = step.iter().find(bare).filter(|_| !told) {
            out.say(
                Rule::DangerUnwarned,
                line.lines(),
                format!("nothing in the text warns before it: {}", line.command.statement.why),
                "say what it destroys, and when it must not be run",
            );
            return;
        }
    }
}

/// Something looks at the outcome: a later step, or a later reading command.
fn unchecked(lines: &[Line<'_>], out: &mut Findings) {
    let Some((at, last)) = lines
        .iter()
        .enumerate()
        .rfind(|(_, line)| line.command.statement.risk == Tier::Danger && line.acts())
    else {
        return;
    };
    if last.command.future
        || matches!(last.owner.kind, Kind::Reference | Kind::Daily)
        || last.step.expected.is_some()
    {
        return;
    }
    let after = lines.get(at + 1..).unwrap_or_default();
    let reads = after.iter().any(|line| line.command.statement.risk == Tier::Read && line.acts());
    let steps = last.owner.steps.get(last.step_at..).unwrap_or_default();
    let told = steps.iter().enumerate().any(|(n, step)| {
        let titled = n > 0 && has_any(&step.title.to_lowercase(), CHECKS);
        titled
            || has_any(&step.text.to_lowercase(), CHECKS)
            || step.notes.iter().any(|note| has_any(&note.text.to_lowercase(), CHECKS))
    });
    let noted = last.owner.notes.iter().any(|note| has_any(&note.text.to_lowercase(), CHECKS));
    if !reads && !told && !noted {
        out.say(
            Rule::DangerUnchecked,
            last.lines(),
            "nothing after it looks whether it worked",
            "add a step that shows the outcome, with what is expected",
        );
    }
}

/// A document that changes a system and never says how to undo it.
fn way_back(scene: &Scene<'_>, out: &mut Findings) {
    let changing = scene.document.runbooks.iter().find(|runbook| {
        let changes = |command: &Command| command.statement.risk > Tier::Read && !command.future;
        let changes = runbook.steps.iter().flat_map(|step| &step.commands).any(changes);
        runbook.kind == Kind::Deployment && changes
    });
    let Some(runbook) = changing else { return };
    let says = |text: &str| {
        let text = text.to_lowercase();
        UNDOES.iter().any(|word| text.contains(word))
    };
    let steps = scene.document.runbooks.iter().flat_map(|runbook| &runbook.steps);
    let told = scene.says(UNDOES)
        || scene.document.runbooks.iter().any(|runbook| says(&runbook.title))
        || steps.into_iter().any(|step| says(&step.title) || says(&step.text))
        || scene.lines.iter().any(|line| says(line.text()) || says(&line.heading));
    if !told {
        out.say(
            Rule::NoWayBack,
            (runbook.line, runbook.line),
            format!("\"{}\" changes a system, and the document says nowhere how to undo it", runbook.title),
            "add how to roll back, or that there is no way back",
        );
    }
}
