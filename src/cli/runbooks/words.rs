//! What the parts of a runbook are called, and small helpers for text.
use crate::domain::approval::Tier;
use crate::domain::text::clean;
use crate::runbook::{Kind, Runbook, StepKind};

/// Every kind by its name.
pub(super) const KINDS: [(Kind, &str); 10] = [
    (Kind::Incident, "incident"),
    (Kind::Daily, "daily"),
    (Kind::Maintenance, "maintenance"),
    (Kind::Scaling, "scaling"),
    (Kind::Backup, "backup"),
    (Kind::Recovery, "recovery"),
    (Kind::Security, "security"),
    (Kind::Deployment, "deployment"),
    (Kind::Diagnosis, "diagnosis"),
    (Kind::Reference, "reference"),
];

pub(super) fn kind(kind: Kind) -> &'static str {
    KINDS.iter().find(|(known, _)| *known == kind).map_or("", |(_, name)| name)
}

/// The highest risk of its commands; `None` when it has none.
pub(super) fn highest(runbook: &Runbook) -> Option<Tier> {
    let commands = runbook.steps.iter().flat_map(|step| &step.commands);
    commands.map(|command| command.statement.risk).max()
}

/// How many steps are counted: a script's preamble and plain notes are none.
pub(super) fn steps(runbook: &Runbook) -> usize {
    runbook.steps.iter().filter(|step| step.n != "0" && step.kind != StepKind::Note).count()
}

/// `1 runbook`, `2 runbooks`.
pub(super) fn counted(count: usize, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{} {noun}{end}", crate::domain::text::grouped(count as u64))
}

/// Letters and digits alone, in lower case: what two writings of one name have in common.
pub(super) fn bare(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

/// A document's text as one harmless line.
pub(super) fn line(text: &str) -> String {
    let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
    clean(&joined).into_owned()
}
