//! Deployments and their kin: counts, why a rollout does not move, revisions, and what their pods are made of.
use serde_json::Value;
use std::fmt::Write as _;

use super::{Around, Draft, conditions, either, resources};
use crate::domain::level::Level;
use crate::domain::news::Section;
use crate::domain::object::{Kind, Workload};
use crate::domain::rollout::{Progress, progress};
use crate::domain::time::Timestamp;
use crate::sources::kubernetes::deeds::facts::{self, containers, selector};
use crate::sources::kubernetes::deeds::pick::{controller, number, text};

pub(super) fn describe(kind: Kind, object: &Value, around: &Around<'_>, now: Timestamp) -> Vec<Section> {
    let workload = facts::workload(kind, object);
    vec![
        status(kind, object, &workload, around),
        revisions(around),
        template(object),
        conditions(&workload.conditions, now),
    ]
}

fn status(kind: Kind, object: &Value, workload: &Workload, around: &Around<'_>) -> Section {
    let mut draft = Draft::new("Status");
    match progress(kind, workload) {
        Progress::Done if workload.desired == 0 => {
            draft.graded("in words", "scaled to 0: nothing runs", Level::Warn);
        }
        Progress::Done => {
            draft.line("in words", "as it should be");
        }
        Progress::Going(says) => {
            draft.graded("in words", says, Level::Warn);
        }
        Progress::TimedOut => {
            draft.graded("in words", "the rollout failed: its deadline passed", Level::Bad);
        }
    }
    for (n, why) in around.stuck.iter().enumerate() {
        draft.graded(if n == 0 { "why" } else { "" }, why, Level::Bad);
    }
    let Workload { desired, current, updated, ready, available, .. } = workload;
    let asked = if kind == Kind::DaemonSet { "nodes" } else { "replicas" };
    let level = if ready < desired { Level::Warn } else { Level::Fine };
    let words = match kind {
        Kind::ReplicaSet => {
            format!("{desired} wanted, {current} there, {ready} ready, {available} available")
        }
        _ => format!(
            "{desired} wanted, {current} there, {updated} updated, {ready} ready, {available} available"
        ),
    };
    draft.graded(asked, words, level);
    if workload.paused {
        draft.graded("paused", "yes: changes wait until it is resumed", Level::Warn);
    }
    draft.line("strategy", strategy(object, workload));
    draft.line("deadline", workload.deadline_seconds.map(|s| format!("{s} s")).unwrap_or_default());
    draft.line("selector", selector(object).unwrap_or_default());
    if let Some((kind, name, _)) = controller(object) {
        draft.line("owner", format!("{kind} {name}"));
    }
    draft.done()
}

fn strategy(object: &Value, workload: &Workload) -> String {
    let part = |at: &str| {
        either(
            object
                .pointer(&format!("/spec/strategy{at}"))
                .or_else(|| object.pointer(&format!("/spec/updateStrategy{at}"))),
        )
    };
    let (away, more) = (part("/rollingUpdate/maxUnavailable"), part("/rollingUpdate/maxSurge"));
    let mut out = workload.strategy.to_string();
    if !away.is_empty() {
        let _ = write!(out, ", at most {away} away");
    }
    if !more.is_empty() && more != "0" {
        let _ = write!(out, ", at most {more} more");
    }
    if let Some(partition) = number(object, "/spec/updateStrategy/rollingUpdate/partition").filter(|p| *p > 0)
    {
        let _ = write!(out, ", only numbers from {partition} on");
    }
    out
}

fn revisions(around: &Around<'_>) -> Section {
    let mut draft = Draft::new("Revisions");
    for (n, (revision, differs)) in around.revisions.iter().enumerate() {
        let label = if n == 0 { format!("{revision} now") } else { revision.to_string() };
        let first = differs.first().cloned().unwrap_or_else(|| "the first that is kept".into());
        draft.line(&label, first);
        for more in differs.iter().skip(1) {
            draft.inner("", more, Level::Fine);
        }
    }
    draft.done()
}

fn template(object: &Value) -> Section {
    let mut draft = Draft::new("Pods");
    for (_, container) in containers(object, "/spec/template/spec") {
        draft.line(text(container, "/name"), text(container, "/image"));
        draft.inner("", resources(container), Level::Fine);
    }
    draft.line("account", text(object, "/spec/template/spec/serviceAccountName"));
    draft.line("priority", text(object, "/spec/template/spec/priorityClassName"));
    draft.done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_stuck_rollout_says_why_before_its_counts() {
        let deployment = json!({
            "spec": {"replicas": 3, "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": "25%", "maxSurge": 1}}},
            "status": {"replicas": 4, "updatedReplicas": 1, "readyReplicas": 3, "availableReplicas": 3},
        });
        let around = Around { stuck: vec!["image `x` cannot be pulled".into()], ..Around::default() };
        let sections = describe(Kind::Deployment, &deployment, &around, Timestamp(0));
        let lines: Vec<&str> = sections[0].lines.iter().map(|l| l.value.as_str()).collect();
        assert_eq!(
            lines[..4],
            [
                "1 of 3 pods replaced",
                "image `x` cannot be pulled",
                "3 wanted, 4 there, 1 updated, 3 ready, 3 available",
                "RollingUpdate, at most 25% away, at most 1 more"
            ]
        );
    }
}
