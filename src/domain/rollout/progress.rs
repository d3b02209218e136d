//! How far a rollout is, by the rules that `kubectl rollout status` goes by.
use crate::domain::object::{Kind, Workload};

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// Everything asked for is there.
    Done,
    /// In words with counts: `2 of 3 pods replaced`.
    Going(String),
    /// The deadline passed, as the server says itself.
    TimedOut,
}

/// Reads the state from a workload's own counts.
pub fn progress(kind: Kind, workload: &Workload) -> Progress {
    let Workload { desired, current, updated, ready, available, .. } = *workload;
    if workload.observed < workload.generation {
        return Progress::Going("the controller has not seen the change yet".into());
    }
    if timed_out(workload) {
        return Progress::TimedOut;
    }
    let there = match kind {
        Kind::StatefulSet | Kind::ReplicaSet => ready,
        _ => available,
    };
    // A replica set has no notion of updated pods: all of its pods are of its one template.
    if kind != Kind::ReplicaSet && updated < desired {
        return Progress::Going(format!("{updated} of {desired} pods replaced"));
    }
    if current > desired {
        let old = current - desired;
        return Progress::Going(format!("{old} old {} still to go", plural(old, "pod", "pods")));
    }
    if there < desired {
        return Progress::Going(format!("{there} of {desired} pods ready"));
    }
    Progress::Done
}

fn timed_out(workload: &Workload) -> bool {
    workload.conditions.iter().any(|c| {
        &*c.kind == "Progressing" && c.met == Some(false) && &*c.reason == "ProgressDeadlineExceeded"
    })
}

pub(super) fn plural<'w>(count: u32, one: &'w str, many: &'w str) -> &'w str {
    if count == 1 { one } else { many }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workload(desired: u32, current: u32, updated: u32, available: u32) -> Workload {
        Workload { desired, current, updated, ready: available, available, ..Workload::default() }
    }

    #[test]
    fn a_rollout_counts_replaced_pods_then_old_ones_then_ready_ones() {
        let says = |w: &Workload| match progress(Kind::Deployment, w) {
            Progress::Going(text) => text,
            other => format!("{other:?}"),
        };
        assert_eq!(says(&workload(3, 4, 2, 3)), "2 of 3 pods replaced");
        assert_eq!(says(&workload(3, 4, 3, 3)), "1 old pod still to go");
        assert_eq!(says(&workload(3, 3, 3, 2)), "2 of 3 pods ready");
        assert_eq!(says(&workload(3, 3, 3, 3)), "Done");
    }

    #[test]
    fn nothing_is_done_before_the_controller_has_seen_it() {
        let unseen = Workload { generation: 5, observed: 4, ..workload(3, 3, 3, 3) };
        assert_ne!(progress(Kind::Deployment, &unseen), Progress::Done);
    }
}
