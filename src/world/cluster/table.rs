//! Lists as `kubectl` shows them: the server makes the columns.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts::{restarts, status};
use super::kinds::Kind;
use super::value::{Dig, age, met, name};
use crate::world::base::seconds;

/// By plural: the columns; those after the bar are wide.
const COLUMNS: &[(&str, &str)] = &[
    ("pods", "Name,Ready,Status,Restarts,Age|IP,Node,Nominated Node,Readiness Gates"),
    (
        "nodes",
        "Name,Status,Roles,Age,Version|Internal-IP,External-IP,OS-Image,Kernel-Version,Container-Runtime",
    ),
    ("namespaces", "Name,Status,Age"),
    ("events", "Last Seen,Type,Reason,Object|Subobject,Source|Message|First Seen,Count,Name"),
    ("deployments", "Name,Ready,Up-to-date,Available,Age|Containers,Images,Selector"),
    ("replicasets", "Name,Desired,Current,Ready,Age|Containers,Images,Selector"),
    ("replicationcontrollers", "Name,Desired,Current,Ready,Age|Containers,Images,Selector"),
    ("statefulsets", "Name,Ready,Age|Containers,Images"),
    (
        "daemonsets",
        "Name,Desired,Current,Ready,Up-to-date,Available,Node Selector,Age|Containers,Images,Selector",
    ),
    ("jobs", "Name,Status,Completions,Duration,Age|Containers,Images,Selector"),
    ("cronjobs", "Name,Schedule,Timezone,Suspend,Active,Last Schedule,Age|Containers,Images,Selector"),
    ("horizontalpodautoscalers", "Name,Reference,Targets,MinPods,MaxPods,Replicas,Age"),
    ("poddisruptionbudgets", "Name,Min Available,Max Unavailable,Allowed Disruptions,Age"),
    ("services", "Name,Type,Cluster-IP,External-IP,Port(s),Age|Selector"),
    ("endpointslices", "Name,AddressType,Ports,Endpoints,Age"),
    ("configmaps", "Name,Data,Age"),
    ("secrets", "Name,Type,Data,Age"),
    ("ingresses", "Name,Class,Hosts,Address,Ports,Age"),
    ("networkpolicies", "Name,Pod-Selector,Age"),
    (
        "persistentvolumeclaims",
        "Name,Status,Volume,Capacity,Access Modes,StorageClass,VolumeAttributesClass,Age|VolumeMode",
    ),
    (
        "persistentvolumes",
        "Name,Capacity,Access Modes,Reclaim Policy,Status,Claim,StorageClass,VolumeAttributesClass,Reason,Age|VolumeMode",
    ),
    ("storageclasses", "Name,Provisioner,ReclaimPolicy,VolumeBindingMode,AllowVolumeExpansion,Age"),
    ("serviceaccounts", "Name,Age"),
    ("resourcequotas", "Name,Request,Limit,Age"),
    ("leases", "Name,Holder,Age"),
    ("controllerrevisions", "Name,Controller,Revision,Age"),
    ("clusterroles", "Name,Created At"),
    ("customresourcedefinitions", "Name,Created At"),
    ("clusterrolebindings", "Name,Role,Age|Users,Groups,ServiceAccounts"),
    ("rolebindings", "Name,Role,Age|Users,Groups,ServiceAccounts"),
    ("roles", "Name,Created At"),
];

/// The whole answer; `include` is how much of each object stands beside its row.
pub fn table(kind: &Kind, items: &[&Value], meta: Value, include: &str, now: Timestamp, head: bool) -> Value {
    let rows: Vec<Value> = items.iter().map(|object| {
        let mut row = json!({"cells": cells(kind, object, now)});
        match include {
            "None" => {}
            "Object" => row.put("/object", (*object).clone()),
            _ => {
                let meta = object.get("metadata").cloned().unwrap_or_default();
                row.put("/object", json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": meta}));
            }
        }
        row
    }).collect();
    let columns = if head { Value::Array(columns(kind)) } else { Value::Null };
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": columns, "rows": rows})
}

fn columns(kind: &Kind) -> Vec<Value> {
    let column = |title: &str, priority: i64| {
        let format = if title == "Name" { "name" } else { "" };
        let number = [
            "Desired",
            "Current",
            "Ready",
            "Up-to-date",
            "Available",
            "Active",
            "Data",
            "Count",
            "Replicas",
            "Revision",
        ]
        .contains(&title);
        let number = number
            && !matches!((kind.plural.as_str(), title), ("pods" | "deployments" | "statefulsets", "Ready"));
        json!({"name": title, "type": if number { "integer" } else { "string" }, "format": format, "description": title, "priority": priority})
    };
    if kind.defined {
        let own = kind.columns.iter().map(|(title, _, priority)| column(title, *priority));
        return std::iter::once(column("Name", 0)).chain(own).collect();
    }
    let titles =
        COLUMNS.iter().find(|(plural, _)| *plural == kind.plural).map_or("Name,Age", |(_, titles)| titles);
    let parts = titles.split('|').enumerate();
    parts
        .flat_map(|(at, titles)| titles.split(',').map(move |title| (title, i64::from(at % 2 == 1))))
        .map(|(title, wide)| column(title, wide))
        .collect()
}

fn none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn joined(items: &[Value], place: &str, by: &str) -> String {
    items.iter().map(|one| one.text(place)).collect::<Vec<_>>().join(by)
}

fn containers(spec: &Value) -> [Value; 2] {
    let all = spec.list("/containers");
    [joined(all, "/name", ",").into(), joined(all, "/image", ",").into()]
}

fn pairs(map: &Value) -> String {
    let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    map.map("").map(|(key, value)| format!("{key}={}", text(value))).collect::<Vec<_>>().join(",")
}

fn selector(object: &Value) -> Value {
    none(&pairs(object.pointer("/spec/selector/matchLabels").unwrap_or(&Value::Null)))
}

fn modes(object: &Value) -> Value {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        _ => "RWOP",
    };
    object.list("/spec/accessModes").iter().map(short).collect::<Vec<_>>().join(",").into()
}

fn cells(kind: &Kind, object: &Value, now: Timestamp) -> Vec<Value> {
    let ago = |place: &str| object.time(place).map(|at| age(seconds(at, now)));
    let aged = || Value::from(ago("/metadata/creationTimestamp").unwrap_or_else(|| "<unknown>".into()));
    let n = |place: &str| Value::from(object.int(place).unwrap_or(0));
    let t = |place: &str| none(object.text(place));
    let of = |part: &str, whole: &str| {
        Value::from(format!("{}/{}", object.int(part).unwrap_or(0), object.int(whole).unwrap_or(0)))
    };
    let own = Value::from(name(object));
    let template = object.pointer("/spec/template/spec").unwrap_or(&Value::Null);
    let [names, images] = containers(template);
    if kind.defined {
        let column = |(_, path, _): &(String, String, i64)| defined(object, path, now);
        return std::iter::once(own).chain(kind.columns.iter().map(column)).collect();
    }
    match kind.plural.as_str() {
        "pods" => {
            let all = object.list("/status/containerStatuses");
            let ready = all.iter().filter(|one| one.flag("/ready")).count();
            let last = all.iter().filter_map(|one| one.time("/lastState/terminated/finishedAt")).max();
            let restarted = match (restarts(object), last) {
                (0, _) | (_, None) => restarts(object).to_string(),
                (count, Some(last)) => format!("{count} ({} ago)", age(seconds(last, now))),
            };
            let whole = object.list("/spec/containers").len();
            vec![
                own,
                format!("{ready}/{whole}").into(),
                status(object).into(),
                restarted.into(),
                aged(),
                t("/status/podIP"),
                t("/spec/nodeName"),
                t("/status/nominatedNodeName"),
                "<none>".into(),
            ]
        }
        "nodes" => {
            let ready = object
                .list("/status/conditions")
                .iter()
                .find(|one| one.text("/type") == "Ready")
                .map(|one| one.text("/status"));
            let word = match ready {
                Some("True") => "Ready",
                Some(_) => "NotReady",
                None => "Unknown",
            };
            let cordoned = if object.flag("/spec/unschedulable") { ",SchedulingDisabled" } else { "" };
            let role =
                |(key, _): (&String, &Value)| key.strip_prefix("node-role.kubernetes.io/").map(str::to_owned);
            let roles = object.map("/metadata/labels").filter_map(role).collect::<Vec<_>>().join(",");
            let address = |kind: &str| {
                none(
                    object
                        .list("/status/addresses")
                        .iter()
                        .find(|one| one.text("/type") == kind)
                        .map_or("", |one| one.text("/address")),
                )
            };
            vec![
                own,
                format!("{word}{cordoned}").into(),
                none(&roles),
                aged(),
                t("/status/nodeInfo/kubeletVersion"),
                address("InternalIP"),
                address("ExternalIP"),
                t("/status/nodeInfo/osImage"),
                t("/status/nodeInfo/kernelVersion"),
                t("/status/nodeInfo/containerRuntimeVersion"),
            ]
        }
        "namespaces" => vec![own, t("/status/phase"), aged()],
        "events" => {
            let about = format!(
                "{}/{}",
                object.text("/involvedObject/kind").to_lowercase(),
                object.text("/involvedObject/name")
            );
            let source = [object.text("/source/component"), object.text("/source/host")]
                .into_iter()
                .filter(|one| !one.is_empty())
                .collect::<Vec<_>>()
                .join(", ");
            let seen = |place: &str| {
                Value::from(ago(place).or_else(|| ago("/eventTime")).unwrap_or_else(|| "<unknown>".into()))
            };
            vec![
                seen("/lastTimestamp"),
                t("/type"),
                t("/reason"),
                about.into(),
                object.text("/involvedObject/fieldPath").into(),
                source.into(),
                object.text("/message").trim().into(),
                seen("/firstTimestamp"),
                object.int("/count").unwrap_or(1).into(),
                own,
            ]
        }
        "deployments" => vec![
            own,
            of("/status/readyReplicas", "/spec/replicas"),
            n("/status/updatedReplicas"),
            n("/status/availableReplicas"),
            aged(),
            names,
            images,
            selector(object),
        ],
        "replicasets" | "replicationcontrollers" => vec![
            own,
            n("/spec/replicas"),
            n("/status/replicas"),
            n("/status/readyReplicas"),
            aged(),
            names,
            images,
            selector(object),
        ],
        "statefulsets" => vec![own, of("/status/readyReplicas", "/spec/replicas"), aged(), names, images],
        "daemonsets" => {
            let nodes = none(&pairs(template.pointer("/nodeSelector").unwrap_or(&Value::Null)));
            vec![
                own,
                n("/status/desiredNumberScheduled"),
                n("/status/currentNumberScheduled"),
                n("/status/numberReady"),
                n("/status/updatedNumberScheduled"),
                n("/status/numberAvailable"),
                nodes,
                aged(),
                names,
                images,
                selector(object),
            ]
        }
        "jobs" => {
            let word = ["Complete", "Failed", "Suspended"]
                .into_iter()
                .find(|one| met(object, one))
                .unwrap_or("Running");
            let (began, ended) =
                (object.time("/status/startTime"), object.time("/status/completionTime").unwrap_or(now));
            let took = began.map_or(String::new(), |began| age(seconds(began, ended)));
            vec![
                own,
                word.into(),
                of("/status/succeeded", "/spec/completions"),
                took.into(),
                aged(),
                names,
                images,
                selector(object),
            ]
        }
        "cronjobs" => {
            let [names, images] =
                containers(object.pointer("/spec/jobTemplate/spec/template/spec").unwrap_or(&Value::Null));
            let suspended = if object.flag("/spec/suspend") { "True" } else { "False" };
            vec![
                own,
                t("/spec/schedule"),
                t("/spec/timeZone"),
                suspended.into(),
                object.list("/status/active").len().into(),
                none(&ago("/status/lastScheduleTime").unwrap_or_default()),
                aged(),
                names,
                images,
                "<none>".into(),
            ]
        }
        "horizontalpodautoscalers" => {
            let target = format!(
                "{}/{}",
                object.text("/spec/scaleTargetRef/kind"),
                object.text("/spec/scaleTargetRef/name")
            );
            let now = object.list("/status/currentMetrics");
            let metric = |wanted: &Value| {
                let resource = wanted.text("/resource/name");
                let is = now
                    .iter()
                    .find(|one| one.text("/resource/name") == resource)
                    .and_then(|one| one.int("/resource/current/averageUtilization"));
                let is = is.map_or_else(|| "<unknown>".to_owned(), |is| format!("{is}%"));
                format!(
                    "{resource}: {is}/{}%",
                    wanted.int("/resource/target/averageUtilization").unwrap_or(0)
                )
            };
            let metrics = object.list("/spec/metrics").iter().map(metric).collect::<Vec<_>>().join(", ");
            vec![
                own,
                target.into(),
                none(&metrics),
                n("/spec/minReplicas"),
                n("/spec/maxReplicas"),
                n("/status/currentReplicas"),
                aged(),
            ]
        }
        "poddisruptionbudgets" => {
            let bound = |place: &str| match object.at(place) {
                Some(Value::String(text)) => text.clone(),
                Some(other) => other.to_string(),
                None => "N/A".into(),
            };
            vec![
                own,
                bound("/spec/minAvailable").into(),
                bound("/spec/maxUnavailable").into(),
                n("/status/disruptionsAllowed"),
                aged(),
            ]
        }
        "services" => {
            let port = |port: &Value| {
                let node = port.int("/nodePort").map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}{node}/{}", port.int("/port").unwrap_or(0), port.text("/protocol"))
            };
            let ports = object.list("/spec/ports").iter().map(port).collect::<Vec<_>>().join(",");
            let outside = match object.text("/spec/type") {
                "ExternalName" => object.text("/spec/externalName").to_owned(),
                "LoadBalancer" => {
                    let all = object.list("/status/loadBalancer/ingress");
                    if all.is_empty() { "<pending>".into() } else { joined(all, "/ip", ",") }
                }
                _ => String::new(),
            };
            vec![
                own,
                t("/spec/type"),
                t("/spec/clusterIP"),
                none(&outside),
                none(&ports),
                aged(),
                none(&pairs(object.pointer("/spec/selector").unwrap_or(&Value::Null))),
            ]
        }
        "endpointslices" => {
            let ports = object
                .list("/ports")
                .iter()
                .filter_map(|port| port.int("/port"))
                .map(|port| port.to_string())
                .collect::<Vec<_>>()
                .join(",");
            let unset = |text: String| if text.is_empty() { "<unset>".into() } else { Value::from(text) };
            vec![
                own,
                t("/addressType"),
                unset(ports),
                unset(joined(object.list("/endpoints"), "/addresses/0", ",")),
                aged(),
            ]
        }
        "configmaps" => {
            vec![own, (object.map("/data").count() + object.map("/binaryData").count()).into(), aged()]
        }
        "secrets" => vec![own, t("/type"), object.map("/data").count().into(), aged()],
        "ingresses" => {
            let hosts = joined(object.list("/spec/rules"), "/host", ",");
            let ports = if object.list("/spec/tls").is_empty() { "80" } else { "80, 443" };
            vec![
                own,
                t("/spec/ingressClassName"),
                if hosts.is_empty() { "*".into() } else { hosts.into() },
                joined(object.list("/status/loadBalancer/ingress"), "/ip", ",").into(),
                ports.into(),
                aged(),
            ]
        }
        "networkpolicies" => vec![
            own,
            none(&pairs(object.pointer("/spec/podSelector/matchLabels").unwrap_or(&Value::Null))),
            aged(),
        ],
        "persistentvolumeclaims" => vec![
            own,
            t("/status/phase"),
            object.text("/spec/volumeName").into(),
            object.text("/status/capacity/storage").into(),
            modes(object),
            object.text("/spec/storageClassName").into(),
            "<unset>".into(),
            aged(),
            t("/spec/volumeMode"),
        ],
        "persistentvolumes" => {
            let claim =
                [object.text("/spec/claimRef/namespace"), object.text("/spec/claimRef/name")].join("/");
            vec![
                own,
                object.text("/spec/capacity/storage").into(),
                modes(object),
                t("/spec/persistentVolumeReclaimPolicy"),
                t("/status/phase"),
                claim.trim_matches('/').into(),
                object.text("/spec/storageClassName").into(),
                "<unset>".into(),
                object.text("/status/reason").into(),
                aged(),
                t("/spec/volumeMode"),
            ]
        }
        "storageclasses" => vec![
            own,
            t("/provisioner"),
            t("/reclaimPolicy"),
            t("/volumeBindingMode"),
            object.flag("/allowVolumeExpansion").into(),
            aged(),
        ],
        "resourcequotas" => {
            let hard = object.map("/status/hard").map(|(key, hard)| {
                let used = object
                    .pointer("/status/used")
                    .and_then(|used| used.get(key))
                    .and_then(Value::as_str)
                    .unwrap_or("0");
                format!("{key}: {used}/{}", hard.as_str().unwrap_or_default())
            });
            vec![own, hard.collect::<Vec<_>>().join(", ").into(), "".into(), aged()]
        }
        "leases" => vec![own, object.text("/spec/holderIdentity").into(), aged()],
        "controllerrevisions" => {
            let (kind, owner, _) = super::value::controller(object).unwrap_or_default();
            vec![own, format!("{}.apps/{owner}", kind.to_lowercase()).into(), n("/revision"), aged()]
        }
        "clusterroles" | "roles" | "customresourcedefinitions" => vec![own, t("/metadata/creationTimestamp")],
        "clusterrolebindings" | "rolebindings" => {
            let of = |kind: &str| {
                Value::from(
                    object
                        .list("/subjects")
                        .iter()
                        .filter(|one| one.text("/kind") == kind)
                        .map(|one| one.text("/name"))
                        .collect::<Vec<_>>()
                        .join(", "),
                )
            };
            vec![
                own,
                format!("{}/{}", object.text("/roleRef/kind"), object.text("/roleRef/name")).into(),
                aged(),
                of("User"),
                of("Group"),
                of("ServiceAccount"),
            ]
        }
        _ => vec![own, aged()],
    }
}

/// What a definition's path leads to: `.spec.a`, or `.status.conditions[?(@.type=="Ready")].status`.
fn defined(object: &Value, path: &str, now: Timestamp) -> Value {
    if path == ".metadata.creationTimestamp" {
        return object
            .time("/metadata/creationTimestamp")
            .map_or_else(|| "<unknown>".into(), |at| age(seconds(at, now)).into());
    }
    let place = |path: &str| path.replace('.', "/");
    match path.split_once("[?(@.type==\"").and_then(|(list, rest)| Some((list, rest.split_once("\")]")?))) {
        Some((list, (kind, field))) => {
            let found = object.list(&place(list)).iter().find(|one| one.text("/type") == kind);
            found.map_or("", |one| one.text(&place(field))).into()
        }
        None => object.pointer(&place(path)).cloned().unwrap_or_default(),
    }
}
