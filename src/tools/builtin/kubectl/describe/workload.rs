//! What keeps pods running.
use serde_json::Value;

use super::super::api::{escaped, list, text};
use super::super::pick::{Picked, of_list};
use super::super::pods::selector;
use super::super::print::go;
use super::super::time::{human, long};
use super::super::{Done, Fault, Kubectl};
use super::{Page, containers, number, or};

pub async fn workload(kubectl: &mut Kubectl<'_>, page: &mut Page, one: &Picked) -> Done {
    let object = &one.object;
    let selects = selector(object).unwrap_or("<unset>".to_owned());
    let template = object.pointer("/spec/template").unwrap_or(&Value::Null);
    let n = |pointer: &str| number(object, pointer);
    page.put(0, "Name", one.name());
    let kind = text(object, "/kind");
    if kind != "DaemonSet" {
        page.put(0, "Namespace", one.namespace());
    }
    match kind {
        "Deployment" => {
            page.put(0, "CreationTimestamp", long(text(object, "/metadata/creationTimestamp")));
            page.signs(object);
            page.put(0, "Selector", selects);
            let (wanted, updated) = (n("/spec/replicas"), n("/status/updatedReplicas"));
            let (total, free, down) =
                (n("/status/replicas"), n("/status/availableReplicas"), n("/status/unavailableReplicas"));
            let counts = format!(
                "{wanted} desired | {updated} updated | {total} total | {free} available | {down} unavailable"
            );
            page.put(0, "Replicas", counts);
            page.put(0, "StrategyType", text(object, "/spec/strategy/type"));
            page.put(0, "MinReadySeconds", n("/spec/minReadySeconds"));
            if let Some(rolling) = object.pointer("/spec/strategy/rollingUpdate") {
                let most = |name: &str| rolling.get(name).map(go).unwrap_or_default();
                let said =
                    format!("{} max unavailable, {} max surge", most("maxUnavailable"), most("maxSurge"));
                page.put(0, "RollingUpdateStrategy", said);
            }
            containers::template(page, template);
            conditions(page, object);
            replica_sets(kubectl, page, one).await?;
            return Ok(());
        }
        "ReplicaSet" => {
            page.put(0, "Selector", selects);
            page.signs(object);
            page.owner(object);
            page.put(
                0,
                "Replicas",
                format!("{} current / {} desired", n("/status/replicas"), n("/spec/replicas")),
            );
        }
        "StatefulSet" => {
            page.put(0, "CreationTimestamp", long(text(object, "/metadata/creationTimestamp")));
            page.put(0, "Selector", selects);
            page.signs(object);
            page.put(
                0,
                "Replicas",
                format!("{} desired | {} total", n("/spec/replicas"), n("/status/replicas")),
            );
            page.put(0, "Update Strategy", text(object, "/spec/updateStrategy/type"));
            if object.pointer("/spec/updateStrategy/rollingUpdate/partition").is_some() {
                page.put(1, "Partition", n("/spec/updateStrategy/rollingUpdate/partition"));
            }
        }
        "DaemonSet" => {
            page.put(0, "Selector", selects);
            page.put(0, "Node-Selector", "<none>");
            page.signs(object);
            for (name, count) in [
                ("Desired Number of Nodes Scheduled", "/status/desiredNumberScheduled"),
                ("Current Number of Nodes Scheduled", "/status/currentNumberScheduled"),
                ("Number of Nodes Scheduled with Up-to-date Pods", "/status/updatedNumberScheduled"),
                ("Number of Nodes Scheduled with Available Pods", "/status/numberAvailable"),
                ("Number of Nodes Misscheduled", "/status/numberMisscheduled"),
            ] {
                page.line(0, format!("{name}: {}", n(count)));
            }
        }
        _ => job(page, object, &selects),
    }
    if kind != "Job" {
        let pods = owned(kubectl, one).await?;
        let count = |phase: &str| pods.iter().filter(|pod| text(pod, "/status/phase") == phase).count();
        let (running, waiting) = (count("Running"), count("Pending"));
        let (good, bad) = (count("Succeeded"), count("Failed"));
        page.put(
            0,
            "Pods Status",
            format!("{running} Running / {waiting} Waiting / {good} Succeeded / {bad} Failed"),
        );
    }
    containers::template(page, template);
    if kind == "ReplicaSet" {
        conditions(page, object);
    }
    if kind == "StatefulSet" {
        claims(page, object);
    }
    Ok(())
}

fn job(page: &mut Page, object: &Value, selects: &str) {
    page.put(0, "Selector", selects);
    page.signs(object);
    page.owner(object);
    page.put(0, "Parallelism", number(object, "/spec/parallelism"));
    page.put(0, "Completions", object.pointer("/spec/completions").map_or("<unset>".to_owned(), go));
    page.put_some(0, "Completion Mode", text(object, "/spec/completionMode"));
    page.put(0, "Suspend", object.pointer("/spec/suspend") == Some(&Value::Bool(true)));
    page.put(0, "Backoff Limit", number(object, "/spec/backoffLimit"));
    let (start, end) = (text(object, "/status/startTime"), text(object, "/status/completionTime"));
    if !start.is_empty() {
        page.put(0, "Start Time", long(start));
    }
    if let (Ok(from), Ok(to)) = (start.parse::<jiff::Timestamp>(), end.parse::<jiff::Timestamp>()) {
        page.put(0, "Completed At", long(end));
        page.put(0, "Duration", human(to.as_second() - from.as_second()));
    }
    let n = |pointer: &str| number(object, pointer);
    let (active, ready) = (n("/status/active"), n("/status/ready"));
    let (good, bad) = (n("/status/succeeded"), n("/status/failed"));
    page.put(
        0,
        "Pods Statuses",
        format!("{active} Active ({ready} Ready) / {good} Succeeded / {bad} Failed"),
    );
}

fn claims(page: &mut Page, object: &Value) {
    let claims = list(object, "/spec/volumeClaimTemplates");
    if claims.is_empty() {
        return page.put(0, "Volume Claims", "<none>");
    }
    page.line(0, "Volume Claims:");
    for claim in claims {
        page.put(1, "Name", text(claim, "/metadata/name"));
        page.put(1, "StorageClass", text(claim, "/spec/storageClassName"));
        page.labels("  ", "Labels", claim.pointer("/metadata/labels"));
        page.annotations("  ", claim);
        page.put(1, "Capacity", or(text(claim, "/spec/resources/requests/storage"), "<default>"));
        page.put(1, "Access Modes", go(claim.pointer("/spec/accessModes").unwrap_or(&Value::Null)));
    }
}

fn conditions(page: &mut Page, object: &Value) {
    if list(object, "/status/conditions").is_empty() {
        return;
    }
    page.line(0, "Conditions:\n  Type\tStatus\tReason\n  ----\t------\t------");
    for one in list(object, "/status/conditions") {
        page.line(1, format!("{} \t{}\t{}", text(one, "/type"), text(one, "/status"), text(one, "/reason")));
    }
}

/// The pods that it controls.
async fn owned(kubectl: &mut Kubectl<'_>, one: &Picked) -> Result<Vec<Value>, Fault> {
    below(kubectl, one, "pods").await
}

/// Objects of a kind that it selects and controls.
pub async fn below(kubectl: &mut Kubectl<'_>, one: &Picked, kind: &str) -> Result<Vec<Value>, Fault> {
    let kind = kubectl.api.kind(kind).await?;
    let selector = selector(&one.object).unwrap_or_default();
    let path = format!("{}?labelSelector={}", kind.path(Some(one.namespace()), None), escaped(&selector));
    let mut found = of_list(kubectl, &kind, &path).await?;
    let uid = text(&one.object, "/metadata/uid");
    found.retain(|below| {
        list(below, "/metadata/ownerReferences").iter().any(|owner| text(owner, "/uid") == uid)
    });
    Ok(found)
}

async fn replica_sets(kubectl: &mut Kubectl<'_>, page: &mut Page, one: &Picked) -> Done {
    const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
    let mut sets = below(kubectl, one, "replicasets.apps").await?;
    sets.sort_by_key(|set| text(set, "/metadata/creationTimestamp").to_owned());
    let now = text(&one.object, REVISION);
    let (new, old): (Vec<&Value>, Vec<&Value>) = sets.iter().partition(|set| text(set, REVISION) == now);
    for (name, sets) in [("OldReplicaSets", old), ("NewReplicaSet", new)] {
        let said = |set: &&Value| {
            let (there, wanted) = (number(set, "/status/replicas"), number(set, "/spec/replicas"));
            format!("{} ({there}/{wanted} replicas created)", text(set, "/metadata/name"))
        };
        let sets: Vec<String> = sets.iter().map(said).collect();
        page.put(0, name, or(&sets.join(", "), "<none>"));
    }
    Ok(())
}
