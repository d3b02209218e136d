//! What a drain would do to each pod of a node.
use std::time::Duration;

use serde_json::Value;

use crate::sources::kubernetes::deeds::facts::selects;
use crate::sources::kubernetes::deeds::pick::{annotation, controller, count, items, name, text};

/// What becomes of one pod.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sources::kubernetes::deeds) struct Fate {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub what: What,
    /// Data in it that is lost with it.
    pub empty_dir: bool,
    /// The disruption budgets that watch over it and allow none now.
    pub blocked: Option<String>,
    /// It was told to go, and may take so long.
    pub leaving: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::sources::kubernetes::deeds) enum What {
    Evicted,
    /// Its owner runs one on every node, tainted or not.
    DaemonStays,
    /// The kubelet's own; the API cannot evict it.
    MirrorStays,
    /// Owned by nothing: evicted only by force, and then it is lost.
    UnmanagedStays,
    UnmanagedLost,
}

impl Fate {
    pub(in crate::sources::kubernetes::deeds) fn goes(&self) -> bool {
        matches!(self.what, What::Evicted | What::UnmanagedLost)
    }
}

/// Judges every pod that is on the node.
pub(in crate::sources::kubernetes::deeds) fn fates(
    pods: &[Value],
    budgets: &[Value],
    force: bool,
) -> Vec<Fate> {
    let mut all: Vec<Fate> = pods.iter().map(|pod| fate(pod, budgets, force)).collect();
    all.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
    all
}

fn fate(pod: &Value, budgets: &[Value], force: bool) -> Fate {
    let over = matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let mirror = !annotation(pod, "kubernetes.io/config.mirror").is_empty();
    let what = match controller(pod) {
        _ if mirror => What::MirrorStays,
        Some(("DaemonSet", _, _)) if !over => What::DaemonStays,
        None if !over && !force => What::UnmanagedStays,
        None if !over => What::UnmanagedLost,
        _ => What::Evicted,
    };
    Fate {
        namespace: text(pod, "/metadata/namespace").into(),
        name: name(pod).into(),
        uid: text(pod, "/metadata/uid").into(),
        what,
        empty_dir: items(pod, "/spec/volumes").iter().any(|volume| volume.get("emptyDir").is_some()),
        blocked: budgets.iter().filter(|_| !over).find_map(|budget| blocks(budget, pod)),
        leaving: pod
            .pointer("/metadata/deletionTimestamp")
            .map(|_| Duration::from_secs(count(pod, "/metadata/deletionGracePeriodSeconds").into())),
    }
}

/// A budget that allows no disruption now, with its numbers.
fn blocks(budget: &Value, pod: &Value) -> Option<String> {
    let same = text(budget, "/metadata/namespace") == text(pod, "/metadata/namespace");
    let selector = budget.pointer("/spec/selector")?;
    if !same || !selects(selector, pod) || count(budget, "/status/disruptionsAllowed") > 0 {
        return None;
    }
    let (healthy, wanted) =
        (count(budget, "/status/currentHealthy"), count(budget, "/status/desiredHealthy"));
    Some(format!("PDB `{}` allows none now: {healthy} healthy, {wanted} wanted", name(budget)))
}

/// The lines of the question: every pod that goes, by name, then what stays and what is lost.
pub(super) fn lines(fates: &[Fate]) -> (Vec<String>, Vec<String>) {
    let going: Vec<&Fate> = fates.iter().filter(|fate| fate.goes()).collect();
    let mut effect = vec![format!("cordoned, then {} evicted", pods(going.len()))];
    for fate in &going {
        let lost = if fate.what == What::UnmanagedLost { " (lost: owned by nothing)" } else { "" };
        effect.push(format!("evicts {}/{}{lost}", fate.namespace, fate.name));
    }
    let daemons = fates.iter().filter(|f| f.what == What::DaemonStays).count();
    if daemons > 0 {
        effect.push(format!("{} of daemon sets stay", pods(daemons)));
    }
    let mirrors = fates.iter().filter(|f| f.what == What::MirrorStays).count();
    if mirrors > 0 {
        effect.push(format!("{} of the kubelet itself stay", pods(mirrors)));
    }
    let mut warnings = Vec::new();
    for fate in &going {
        if let Some(why) = &fate.blocked {
            warnings.push(format!("{}/{} waits: {why}", fate.namespace, fate.name));
        }
    }
    let emptied: Vec<&str> = going.iter().filter(|f| f.empty_dir).map(|f| f.name.as_str()).collect();
    if !emptied.is_empty() {
        warnings.push(format!("data in emptyDir is lost: {}", emptied.join(", ")));
    }
    for fate in fates.iter().filter(|f| f.what == What::UnmanagedStays) {
        warnings.push(format!(
            "{}/{} is owned by nothing and stays; by force it is lost",
            fate.namespace, fate.name
        ));
    }
    (effect, warnings)
}

fn pods(count: usize) -> String {
    if count == 1 { "1 pod".into() } else { format!("{count} pods") }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(name: &str, owner: Option<&str>) -> Value {
        let owners = owner.map(|kind| json!([{"kind": kind, "name": "o", "uid": "u", "controller": true}]));
        json!({"metadata": {"name": name, "namespace": "n", "uid": name, "labels": {"app": name},
            "ownerReferences": owners.unwrap_or(json!([]))}, "status": {"phase": "Running"}})
    }

    #[test]
    fn a_drain_names_every_pod_it_takes_and_every_one_it_leaves() {
        let mut data = pod("data", Some("StatefulSet"));
        data["spec"] = json!({"volumes": [{"name": "tmp", "emptyDir": {}}]});
        let pods = [pod("web", Some("ReplicaSet")), pod("agent", Some("DaemonSet")), pod("lone", None), data];
        let (effect, warnings) = lines(&fates(&pods, &[], false));
        assert_eq!(
            effect,
            ["cordoned, then 2 pods evicted", "evicts n/data", "evicts n/web", "1 pod of daemon sets stay"]
        );
        assert_eq!(
            warnings,
            ["data in emptyDir is lost: data", "n/lone is owned by nothing and stays; by force it is lost"]
        );
        let (effect, _) = lines(&fates(&pods, &[], true));
        assert!(effect.contains(&"evicts n/lone (lost: owned by nothing)".to_owned()));
    }

    #[test]
    fn a_budget_that_allows_none_blocks_its_pods_and_says_its_numbers() {
        let budget = |allowed: u32| {
            json!({"metadata": {"name": "web", "namespace": "n"}, "spec": {"selector": {"matchLabels": {"app": "web"}}},
                "status": {"disruptionsAllowed": allowed, "currentHealthy": 2, "desiredHealthy": 2}})
        };
        let pods = [pod("web", Some("ReplicaSet")), pod("api", Some("ReplicaSet"))];
        let (_, warnings) = lines(&fates(&pods, &[budget(0)], false));
        assert_eq!(warnings, ["n/web waits: PDB `web` allows none now: 2 healthy, 2 wanted"]);
        assert!(lines(&fates(&pods, &[budget(1)], false)).1.is_empty());
    }
}
