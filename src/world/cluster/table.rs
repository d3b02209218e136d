//! Lists as `kubectl` shows them: the server makes the columns.
//!
//! `columns.txt` says what each kind shows: a title and where its cell comes from. A star stands for a wide column,
//! `#` for a number, `~` for how long ago, `&` for pairs, `+` for the items of a list, `'` for a text that may be
//! empty, `?` for one that may not apply, `!` for itself and `@` for what is told by a function here.
use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts::{restarts, status};
use super::kinds::Kind;
use super::value::{Dig, age, met, name};
use crate::world::base::seconds;

struct Column {
    title: String,
    wide: i64,
    from: String,
}

impl Column {
    fn read(text: &str) -> Column {
        let (text, wide) = text.strip_prefix('*').map_or((text, 0), |text| (text, 1));
        let (title, from) = match text {
            "Name" => ("Name", "'/metadata/name"),
            "Age" => ("Age", "~/metadata/creationTimestamp"),
            other => other.split_once('=').unwrap_or((other, "/none")),
        };
        Column { title: title.into(), wide, from: from.into() }
    }

    fn definition(&self) -> Value {
        let format = if self.title == "Name" && self.wide == 0 { "name" } else { "" };
        let number = self.from.starts_with('#') && !self.from.contains('%')
            || matches!(&*self.from, "@data" | "@active");
        let kind = if number { "integer" } else { "string" };
        json!({"name": self.title, "type": kind, "format": format, "description": self.title, "priority": self.wide})
    }

    fn cell(&self, object: &Value, now: Timestamp) -> Value {
        let mut signs = self.from.chars();
        let (sign, place) = (signs.next().unwrap_or('/'), signs.as_str());
        match sign {
            '#' => match place.split_once(" %") {
                Some((part, whole)) => {
                    format!("{}/{}", object.int(part).unwrap_or(0), object.int(whole).unwrap_or(0)).into()
                }
                None => object.int(place).unwrap_or(0).into(),
            },
            '~' => {
                let none = if place.contains("Schedule") { "<none>" } else { "<unknown>" };
                object.time(place).map_or_else(|| none.into(), |at| age(seconds(at, now)).into())
            }
            '&' => none(&pairs(object.pointer(place).unwrap_or(&Value::Null))),
            '+' => {
                let (list, field) = place.split_once(' ').unwrap_or((place, ""));
                none(
                    &object
                        .list(list)
                        .iter()
                        .filter_map(|one| plain(one.at(field)?))
                        .collect::<Vec<_>>()
                        .join(","),
                )
            }
            '\'' => object.text(place).trim().into(),
            '?' => object.at(place).and_then(plain).unwrap_or_else(|| "N/A".into()).into(),
            '!' => place.into(),
            '@' => told(place, object, now),
            '.' => defined(object, &self.from),
            _ => none(object.text(&self.from)),
        }
    }
}

static COLUMNS: LazyLock<BTreeMap<&str, Vec<Column>>> = LazyLock::new(|| {
    let lines = include_str!("columns.txt").lines().filter_map(|line| line.split_once(": "));
    lines.map(|(plural, all)| (plural, all.split("; ").map(Column::read).collect())).collect()
});

/// The whole answer; `include` is how much of each object stands beside its row.
pub fn table(
    kind: &Kind,
    items: &[&Value],
    meta: &Value,
    include: &str,
    now: Timestamp,
    head: bool,
) -> Value {
    let own: Vec<Column> = kind.columns.iter().map(|text| Column::read(text)).collect();
    let usual = || ["Name", "Age"].map(Column::read).into();
    let rest: Vec<Column> = if own.is_empty() { usual() } else { own };
    let columns = COLUMNS.get(kind.plural.as_str()).filter(|_| !kind.defined).unwrap_or(&rest);
    let row = |object: &&Value| {
        let cells: Vec<Value> = columns.iter().map(|column| column.cell(object, now)).collect();
        let beside = match include {
            "None" => Value::Null,
            "Object" => (*object).clone(),
            _ => {
                json!({"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object.get("metadata")})
            }
        };
        json!({"cells": cells, "object": beside})
    };
    let rows: Vec<Value> = items.iter().map(row).collect();
    let head: Option<Vec<Value>> = head.then(|| columns.iter().map(Column::definition).collect());
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": head, "rows": rows})
}

fn none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn plain(value: &Value) -> Option<String> {
    Some(value.as_str().map_or_else(|| value.to_string(), str::to_owned)).filter(|text| !text.is_empty())
}

fn pairs(map: &Value) -> String {
    map.map("")
        .map(|(key, value)| format!("{key}={}", plain(value).unwrap_or_default()))
        .collect::<Vec<_>>()
        .join(",")
}

/// What takes more than a place in the object.
fn told(what: &str, object: &Value, now: Timestamp) -> Value {
    let list = |place: &str| object.list(place);
    let text = |place: &str| object.text(place);
    match what {
        "ready" => {
            let ready = list("/status/containerStatuses").iter().filter(|one| one.flag("/ready")).count();
            format!("{ready}/{}", list("/spec/containers").len()).into()
        }
        "status" => status(object).into(),
        "restarts" => {
            let ends = |one: &Value| one.time("/lastState/terminated/finishedAt");
            match (restarts(object), list("/status/containerStatuses").iter().filter_map(ends).max()) {
                (0, _) | (_, None) => restarts(object).to_string().into(),
                (count, Some(end)) => format!("{count} ({} ago)", age(seconds(end, now))).into(),
            }
        }
        "node" => {
            let ready = if met(object, "Ready") { "Ready" } else { "NotReady" };
            format!("{ready}{}", if object.flag("/spec/unschedulable") { ",SchedulingDisabled" } else { "" })
                .into()
        }
        "roles" => {
            let role =
                |(key, _): (&String, &Value)| key.strip_prefix("node-role.kubernetes.io/").map(str::to_owned);
            none(&object.map("/metadata/labels").filter_map(role).collect::<Vec<_>>().join(","))
        }
        "InternalIP" | "ExternalIP" => none(
            list("/status/addresses")
                .iter()
                .find(|one| one.text("/type") == what)
                .map_or("", |one| one.text("/address")),
        ),
        "about" => {
            format!("{}/{}", text("/involvedObject/kind").to_lowercase(), text("/involvedObject/name")).into()
        }
        "source" => {
            [text("/source/component"), text("/source/host")].join(", ").trim_end_matches(", ").into()
        }
        "job" => ["Complete", "Failed", "Suspended"]
            .into_iter()
            .find(|one| met(object, one))
            .unwrap_or("Running")
            .into(),
        "took" => {
            let ended = object.time("/status/completionTime").unwrap_or(now);
            object
                .time("/status/startTime")
                .map_or_else(|| "".into(), |began| age(seconds(began, ended)).into())
        }
        "suspend" => if object.flag("/spec/suspend") { "True" } else { "False" }.into(),
        "active" => list("/status/active").len().into(),
        "target" => {
            format!("{}/{}", text("/spec/scaleTargetRef/kind"), text("/spec/scaleTargetRef/name")).into()
        }
        "targets" => {
            let metric = |wanted: &Value| {
                let resource = wanted.text("/resource/name");
                let is =
                    list("/status/currentMetrics").iter().find(|one| one.text("/resource/name") == resource);
                let is = is.and_then(|one| one.int("/resource/current/averageUtilization"));
                let is = is.map_or_else(|| "<unknown>".to_owned(), |is| format!("{is}%"));
                format!(
                    "{resource}: {is}/{}%",
                    wanted.int("/resource/target/averageUtilization").unwrap_or(0)
                )
            };
            none(&list("/spec/metrics").iter().map(metric).collect::<Vec<_>>().join(", "))
        }
        _ => told_too(what, object),
    }
}

fn told_too(what: &str, object: &Value) -> Value {
    let list = |place: &str| object.list(place);
    let text = |place: &str| object.text(place);
    match what {
        "outside" => match text("/spec/type") {
            "ExternalName" => none(text("/spec/externalName")),
            "LoadBalancer" if list("/status/loadBalancer/ingress").is_empty() => "<pending>".into(),
            _ => none(text("/status/loadBalancer/ingress/0/ip")),
        },
        "ports" => {
            let port = |port: &Value| {
                let node = port.int("/nodePort").map(|port| format!(":{port}")).unwrap_or_default();
                format!("{}{node}/{}", port.int("/port").unwrap_or(0), port.text("/protocol"))
            };
            none(&list("/spec/ports").iter().map(port).collect::<Vec<_>>().join(","))
        }
        "data" => (object.map("/data").count() + object.map("/binaryData").count()).into(),
        "tls" => if list("/spec/tls").is_empty() { "80" } else { "80, 443" }.into(),
        "modes" => {
            let short = |mode: &Value| {
                plain(mode).unwrap_or_default().chars().filter(char::is_ascii_uppercase).collect::<String>()
            };
            // Of `ReadWriteMany` the second word is spelled with an X.
            let all: Vec<String> = list("/spec/accessModes").iter().map(short).collect();
            all.join(",").replace("RWM", "RWX").replace("ROM", "ROX").into()
        }
        "claim" => {
            [text("/spec/claimRef/namespace"), text("/spec/claimRef/name")].join("/").trim_matches('/').into()
        }
        "quota" => {
            let used = |key: &str| {
                object
                    .pointer("/status/used")
                    .and_then(|used| used.get(key))
                    .and_then(plain)
                    .unwrap_or_else(|| "0".into())
            };
            let hard = object
                .map("/status/hard")
                .map(|(key, hard)| format!("{key}: {}/{}", used(key), plain(hard).unwrap_or_default()));
            hard.collect::<Vec<_>>().join(", ").into()
        }
        "owner" => {
            let (kind, owner, _) = super::value::controller(object).unwrap_or_default();
            format!("{}.apps/{owner}", kind.to_lowercase()).into()
        }
        "role" => format!("{}/{}", text("/roleRef/kind"), text("/roleRef/name")).into(),
        _ => name(object).into(),
    }
}

/// What a definition's path leads to: `.spec.a`, or `.status.conditions[?(@.type=="Ready")].status`.
fn defined(object: &Value, path: &str) -> Value {
    let place = |path: &str| path.replace('.', "/");
    match path.split_once("[?(@.type==\"").and_then(|(list, rest)| Some((list, rest.split_once("\")]")?))) {
        Some((list, (kind, field))) => {
            let found = object.list(&place(list)).iter().find(|one| one.text("/type") == kind);
            found.map_or("", |one| one.text(&place(field))).into()
        }
        None => object.pointer(&place(path)).cloned().unwrap_or_default(),
    }
}
