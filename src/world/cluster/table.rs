//! Lists as `kubectl` shows them: the server makes the columns.
//!
//! `kinds.txt` says what each kind shows: a title and where its cell comes from. A star stands for a wide column,
//! `#` for a number, `~` for how long ago, `&` for pairs, `+` for the items of a list, `^` for a condition's field,
//! `'` for a text that may be empty, `?` for one that may not apply, `!` for itself and `@` for what is told here.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::facts::{restarts, status};
use super::kinds::Kind;
use super::value::{Dig, age, found, met, name};
use crate::world::base::seconds;

/// The whole answer; `include` is how much of each object stands beside its row.
pub fn table(kind: &Kind, items: &[&Value], meta: &Value, include: &str, now: Timestamp) -> Value {
    let columns = || std::iter::once("Name='/metadata/name").chain(kind.columns.split("; "));
    let row = |object: &&Value| {
        let cells: Vec<Value> = columns().map(|column| cell(source(column), object, now)).collect();
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
    let head: Vec<Value> = columns().map(definition).collect();
    json!({"kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": meta, "columnDefinitions": head, "rows": rows})
}

fn source(column: &str) -> &str {
    column.split_once('=').map_or("~/metadata/creationTimestamp", |(_, from)| from)
}

fn definition(column: &str) -> Value {
    let (title, from) = (column.split('=').next().unwrap_or_default(), source(column));
    let plain = title.trim_start_matches('*');
    let kind = if from.starts_with('#') && !from.contains('%') { "integer" } else { "string" };
    let format = if title == "Name" { "name" } else { "" };
    json!({"name": plain, "type": kind, "format": format, "description": plain, "priority": title.len() - plain.len()})
}

fn cell(from: &str, object: &Value, now: Timestamp) -> Value {
    let place = from.get(1..).unwrap_or_default();
    match from.chars().next() {
        Some('#') => match place.split_once(" %") {
            Some((part, whole)) => format!("{}/{}", object.count(part), object.count(whole)).into(),
            None => object.count(place).into(),
        },
        Some('~') => object.time(place).map_or("<unknown>".into(), |at| age(seconds(at, now)).into()),
        Some('&') => {
            let pairs = object.map(place).map(|(key, value)| format!("{key}={}", plain(value)));
            none(&pairs.collect::<Vec<_>>().join(","))
        }
        Some('+') => {
            let (list, field) = place.split_once(' ').unwrap_or((place, ""));
            let all = object.list(list).iter().filter_map(|one| one.at(field)).map(plain);
            none(&all.collect::<Vec<_>>().join(","))
        }
        Some('^') => {
            let (kind, field) = place.split_once(' ').unwrap_or((place, ""));
            found(object, kind).map_or("", |one| one.text(&format!("/{field}"))).into()
        }
        Some('\'') => object.text(place).trim().into(),
        Some('?') => object.at(place).map_or("N/A".into(), plain).into(),
        Some('!') => place.into(),
        Some('@') => told(place, object, now).into(),
        _ => none(object.text(from)),
    }
}

fn none(text: &str) -> Value {
    if text.is_empty() { "<none>".into() } else { text.into() }
}

fn plain(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// What takes more than a place in the object.
fn told(what: &str, object: &Value, now: Timestamp) -> String {
    let (list, text) = (|place: &str| object.list(place), |place: &str| object.text(place));
    match what {
        "ready" => {
            let ready = list("/status/containerStatuses").iter().filter(|one| one.flag("/ready")).count();
            format!("{ready}/{}", list("/spec/containers").len())
        }
        "status" => status(object),
        "restarts" => {
            let ends = |one: &Value| one.time("/lastState/terminated/finishedAt");
            match (restarts(object), list("/status/containerStatuses").iter().filter_map(ends).max()) {
                (count @ 1.., Some(end)) => format!("{count} ({} ago)", age(seconds(end, now))),
                (count, _) => count.to_string(),
            }
        }
        "node" => {
            let ready = if met(object, "Ready") { "Ready" } else { "NotReady" };
            let cordoned = if object.flag("/spec/unschedulable") { ",SchedulingDisabled" } else { "" };
            [ready, cordoned].concat()
        }
        "about" => {
            format!("{}/{}", text("/involvedObject/kind").to_lowercase(), text("/involvedObject/name"))
        }
        "job" => {
            let ended = ["Complete", "Failed", "Suspended"].into_iter().find(|one| met(object, one));
            ended.unwrap_or("Running").into()
        }
        "took" => {
            let ended = object.time("/status/completionTime").unwrap_or(now);
            object.time("/status/startTime").map_or_else(String::new, |began| age(seconds(began, ended)))
        }
        "target" => format!("{}/{}", text("/spec/scaleTargetRef/kind"), text("/spec/scaleTargetRef/name")),
        "targets" => {
            let metric = |wanted: &Value| {
                let resource = wanted.text("/resource/name");
                let mut all = list("/status/currentMetrics").iter();
                let is = all.find(|one| one.text("/resource/name") == resource);
                let is = is.and_then(|one| one.int("/resource/current/averageUtilization"));
                let is = is.map_or_else(|| "<unknown>".to_owned(), |is| format!("{is}%"));
                format!("{resource}: {is}/{}%", wanted.count("/resource/target/averageUtilization"))
            };
            list("/spec/metrics").iter().map(metric).collect::<Vec<_>>().join(", ")
        }
        "ports" => {
            let port = |port: &Value| format!("{}/{}", port.count("/port"), port.text("/protocol"));
            list("/spec/ports").iter().map(port).collect::<Vec<_>>().join(",")
        }
        "data" => (object.map("/data").count() + object.map("/binaryData").count()).to_string(),
        _ => name(object).into(),
    }
}
