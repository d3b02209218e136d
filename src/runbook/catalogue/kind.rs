//! What a runbook is for, by the words of its title and section and by what it does.
use super::super::types::{Kind, Step};
use super::super::words::Pairs;
use super::finish::{by_hand, is_reference};
use super::pick::Plan;
use crate::commands::Role;
use crate::domain::approval::Tier;

const WORDS: &[(Kind, &[&str])] = &[
    (
        Kind::Security,
        &[
            "security",
            "secret",
            "secrets",
            "credential",
            "password",
            "key rotation",
            "breach",
            "vulnerabilit",
            "audit log",
            "api key",
            "compromis",
            "intrusion",
            "scan docker",
        ],
    ),
    (
        Kind::Deployment,
        &[
            "deploy",
            "rolling update",
            "rollback",
            "roll back",
            "rollout",
            "release",
            "version update",
            "upgrade",
            "image verification",
            "blue-green",
            "canary",
        ],
    ),
    (
        Kind::Recovery,
        &[
            "restore",
            "recovery",
            "recover",
            "failover",
            "fail over",
            "region failure",
            "system failure",
            "disaster",
            "corruption",
            "promote",
        ],
    ),
    (Kind::Backup, &["backup", "back up", "snapshot", "export database", "dump"]),
    (
        Kind::Scaling,
        &[
            "scale",
            "scaling",
            "autoscal",
            "auto-scal",
            "storage increase",
            "increase storage",
            "resize",
            "capacity",
        ],
    ),
    (Kind::Daily, &["daily", "morning", "shift", "handover", "start of day", "hourly"]),
    (
        Kind::Maintenance,
        &[
            "maintenance",
            "renewal",
            "renew",
            "rotation",
            "rotate",
            "cleanup",
            "clean up",
            "optimiz",
            "tuning",
            "tune",
            "vacuum",
            "weekly",
            "monthly",
            "quarterly",
            "checklist",
            "configuration",
            "environment variable",
            "patching",
            "verification",
        ],
    ),
    (
        Kind::Incident,
        &[
            "outage",
            "incident",
            "p0",
            "p1",
            "sev1",
            "sev-1",
            "emergency",
            "degradation",
            "unavailable",
            "exhaustion",
        ],
    ),
    (
        Kind::Diagnosis,
        &[
            "issue",
            "troubleshoot",
            "diagnos",
            "high cpu",
            "high memory",
            "slow",
            "error",
            "leak",
            "debug",
            "log ",
            "logs",
            "metric",
            "analyze",
            "monitoring",
            "health",
            "status",
            "investigat",
            "fail",
            "problem",
            "exhausted",
            "not ready",
            "crash",
            "down",
        ],
    ),
];

/// Words of a title under which configuration is written or applied.
pub fn is_work(title: &str) -> bool {
    let title = title.to_lowercase();
    let more = ["config", "test", "setup", "manifest", "policy", "polic", "limit", "resources", "quota"];
    let work =
        WORDS.iter().filter(|(kind, _)| !matches!(kind, Kind::Diagnosis | Kind::Incident | Kind::Daily));
    more.iter().any(|w| title.contains(w))
        || work.flat_map(|(_, words)| words.iter()).any(|w| title.contains(w))
}

/// The first kind that has a word in the text.
fn said(text: &str) -> Option<Kind> {
    let pairs = Pairs::of(text);
    let known = |word: &&str| pairs.may_hold(word) && text.contains(word);
    WORDS.iter().find(|(_, words)| words.iter().any(known)).map(|(kind, _)| *kind)
}

/// The kind.
pub fn of(
    plan: &Plan,
    steps: &[Step],
    frequency: Option<&str>,
    severity: Option<&str>,
    symptoms: bool,
) -> Kind {
    if is_reference(steps) && !by_hand(steps) {
        return Kind::Reference;
    }
    let title = plan.title.to_lowercase();
    let by_title = said(&title);
    if severity.is_some() && !matches!(by_title, Some(Kind::Security)) {
        return Kind::Incident;
    }
    if symptoms {
        return if plan.section.to_lowercase().contains("incident") {
            Kind::Incident
        } else {
            Kind::Diagnosis
        };
    }
    if frequency
        .is_some_and(|often| often.to_lowercase().contains("daily") || often.to_lowercase().contains("shift"))
        && by_title != Some(Kind::Security)
    {
        return Kind::Daily;
    }
    let around = format!("{} {}", plan.section, plan.parent.clone().unwrap_or_default()).to_lowercase();
    let weak = matches!(by_title, None | Some(Kind::Diagnosis));
    if weak && said(&around) == Some(Kind::Daily) {
        return Kind::Daily;
    }
    by_title.or_else(|| said(&around)).unwrap_or_else(|| {
        let changes = steps
            .iter()
            .flat_map(|step| &step.commands)
            .any(|c| c.statement.role == Role::Action && c.statement.risk > Tier::Read);
        if changes { Kind::Maintenance } else { Kind::Diagnosis }
    })
}
