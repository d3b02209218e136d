//! Draining a node: cordon it, then ask for every pod's eviction, as far as disruption budgets let us.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::act::{Report, judge, tell};
use super::api::{self, Fault};
use super::look::drain::{Fate, What, fates};
use super::orders;
use crate::domain::action::{Looked, Outcome};
use crate::domain::object::Kind;
use crate::sources::kubernetes::connect::Cluster;

/// Where nothing moved for so long, nothing will: a budget that has not given way by then does not.
const WITHIN: Duration = Duration::from_mins(2);
const ROUND: Duration = Duration::from_secs(2);

/// What is known of a drain under way.
#[derive(Default)]
struct Course {
    /// Identities of the pods that were there; a pod made anew elsewhere is none of ours.
    all: BTreeSet<String>,
    asked: BTreeSet<String>,
    /// By pod, why it is not evicted yet.
    waits: BTreeMap<String, String>,
    said: String,
    /// Pods left and pods asked for, and since when it is these.
    moved: Option<((usize, usize), Instant)>,
}

impl Course {
    /// Whether it is over because nothing moves. Many pods under one budget go one after the other, and each
    /// may take the time it was given to leave.
    fn stuck(&mut self, left: &[&Fate], now: Instant) -> bool {
        let state = (left.len(), self.asked.len());
        let since = match self.moved {
            Some((same, since)) if same == state => since,
            _ => {
                self.moved = Some((state, now));
                now
            }
        };
        let leave = left.iter().filter_map(|fate| fate.leaving).max().unwrap_or_default();
        now.duration_since(since) >= WITHIN + leave
    }
}

pub(super) async fn drain(
    cluster: &Cluster,
    looked: &Looked,
    grace_seconds: Option<u32>,
    force: bool,
    report: &Report,
) -> Outcome {
    let path = api::path(&looked.native.target);
    if let Err(fault) = api::patch(&cluster.actions, &path, &orders::cordon(looked, true)).await {
        return judge(cluster, looked, fault).await;
    }
    tell(report, Outcome::Accepted { says: "cordoned; evicting its pods".into() }).await;
    let began = Instant::now();
    let mut course = Course::default();
    let mut failed = 0;
    loop {
        match on_node(cluster, looked, force).await {
            Ok(fates) => {
                failed = 0;
                let (left, unseen): (Vec<&Fate>, Vec<&Fate>) =
                    fates.iter().filter(|fate| fate.goes()).partition(|fate| shown(looked, fate));
                course.all.extend(left.iter().map(|fate| fate.uid.clone()));
                if left.is_empty() {
                    return Outcome::Settled { says: summary(&course, &fates, unseen.len()) };
                }
                if let Err(outcome) = round(cluster, looked, &left, grace_seconds, &mut course).await {
                    return outcome;
                }
                progress(&mut course, left.len(), report).await;
                let now = Instant::now();
                if course.stuck(&left, now) {
                    return Outcome::Failed { why: held(&course, &left, now.duration_since(began)) };
                }
            }
            Err(fault) => {
                failed += 1;
                if failed > 5 || matches!(fault, Fault::Forbidden(_)) {
                    let why = fault.says("the pods of the node");
                    return Outcome::Failed {
                        why: format!("cordoned, but {why}; what is left there is not known"),
                    };
                }
            }
        }
        sleep(ROUND).await;
    }
}

async fn on_node(cluster: &Cluster, looked: &Looked, force: bool) -> Result<Vec<Fate>, Fault> {
    let node = &looked.native.target.name;
    let query = format!("fieldSelector={}", api::encode(&format!("spec.nodeName={node}")));
    let (pods, _) = api::list(&cluster.client, &api::collection(Kind::Pod, ""), &query).await?;
    Ok(fates(&pods, &[], force))
}

/// Asks once for every pod that was not asked for yet, or that its budget held back.
async fn round(
    cluster: &Cluster,
    looked: &Looked,
    left: &[&Fate],
    grace_seconds: Option<u32>,
    course: &mut Course,
) -> Result<(), Outcome> {
    for fate in left.iter().filter(|fate| fate.leaving.is_none()) {
        if course.asked.contains(&fate.uid) {
            continue;
        }
        let pod = looked.native.target.sibling(Kind::Pod, fate.name.as_str().into());
        let path =
            api::path(&crate::domain::object::ObjectRef { namespace: fate.namespace.as_str().into(), ..pod });
        let order = orders::evict(&fate.namespace, &fate.name, &fate.uid, grace_seconds);
        match api::ask(&cluster.actions, &format!("{path}/eviction"), &order).await {
            // Gone, or another pod by now: either way this one is no longer there.
            Ok(_) | Err(Fault::Gone | Fault::Changed(_)) => {
                course.asked.insert(fate.uid.clone());
                course.waits.remove(&fate.uid);
            }
            Err(Fault::Busy { why, .. }) => {
                course.waits.insert(fate.uid.clone(), format!("{}/{}: {why}", fate.namespace, fate.name));
            }
            Err(Fault::Forbidden(why)) => {
                let why = format!("cordoned, but forbidden: grant create pods/eviction: {why}");
                return Err(Outcome::Failed { why });
            }
            Err(fault) => {
                let why = fault.says(&format!("{}/{}", fate.namespace, fate.name));
                course.waits.insert(fate.uid.clone(), why);
            }
        }
    }
    Ok(())
}

async fn progress(course: &mut Course, left: usize, report: &Report) {
    let all = course.all.len();
    let mut says = format!("{} of {all} pods gone", all - left.min(all));
    if let Some(first) = course.waits.values().next() {
        let more = course.waits.len() - 1;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        let _ = write!(says, "; waits for {first}{more}");
    }
    if says != course.said {
        course.said.clone_from(&says);
        tell(report, Outcome::Progress { says }).await;
    }
}

/// Only what the question named is evicted. What came to the node after it was asked stays, and is told.
fn shown(looked: &Looked, fate: &Fate) -> bool {
    looked.also.as_ref().is_none_or(|pods| pods.iter().any(|uid| **uid == *fate.uid))
}

fn summary(course: &Course, fates: &[Fate], unseen: usize) -> String {
    let mut says = format!("{} pods evicted", course.all.len());
    let daemons = fates.iter().filter(|fate| fate.what == What::DaemonStays).count();
    if daemons > 0 {
        let _ = write!(says, ", {daemons} of daemon sets stay");
    }
    if unseen > 0 {
        let _ = write!(says, ", {unseen} that came after the question stay: ask again");
    }
    let lone: Vec<&str> = fates
        .iter()
        .filter(|fate| fate.what == What::UnmanagedStays)
        .map(|fate| fate.name.as_str())
        .collect();
    if !lone.is_empty() {
        let _ = write!(says, "; owned by nothing and still there: {}", lone.join(", "));
    }
    says
}

fn held(course: &Course, left: &[&Fate], after: Duration) -> String {
    let minutes = after.as_secs() / 60;
    let why: Vec<&str> = course.waits.values().map(String::as_str).collect();
    if why.is_empty() {
        let names: Vec<&str> = left.iter().map(|fate| fate.name.as_str()).collect();
        return format!("cordoned, but still there after {minutes} min: {}", names.join(", "));
    }
    format!("cordoned, but held after {minutes} min: {}", why.join("; "))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_drain_that_moves_is_not_given_up() {
        let pod = |name: &str, leaves: Option<u32>| {
            let mut pod = json!({"metadata": {"name": name, "namespace": "n", "uid": name,
                "ownerReferences": [{"kind": "ReplicaSet", "name": "o", "uid": "u", "controller": true}]}});
            if let Some(seconds) = leaves {
                pod["metadata"]["deletionTimestamp"] = json!("2026-01-02T03:04:05Z");
                pod["metadata"]["deletionGracePeriodSeconds"] = json!(seconds);
            }
            pod
        };
        let start = Instant::now();
        let after = |seconds| start + Duration::from_secs(seconds);
        let mut course = Course::default();
        let all = fates(&[pod("a", Some(600)), pod("b", None), pod("c", None)], &[], false);
        let all: Vec<&Fate> = all.iter().collect();
        assert!(!course.stuck(&all, after(0)));
        // One of them was given ten minutes to leave.
        assert!(!course.stuck(&all, after(719)));
        // It left, and the budget lets the next one go only after a while.
        let left = all.get(1..).unwrap_or_default();
        assert!(!course.stuck(left, after(719)) && !course.stuck(left, after(838)));
        course.asked.insert("b".into());
        assert!(!course.stuck(left, after(839)));
        // Nothing moves any more.
        assert!(!course.stuck(left, after(958)) && course.stuck(left, after(959)));
        course.waits.insert("c".into(), "n/c: held by PDB".into());
        assert_eq!(
            held(&course, left, Duration::from_secs(959)),
            "cordoned, but held after 15 min: n/c: held by PDB"
        );
    }
}
