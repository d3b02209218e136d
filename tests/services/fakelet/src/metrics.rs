//! metrics.k8s.io/v1beta1, from pretend usage.
use crate::clock::{hash, now_ms, secs};
use crate::hub::{Book, Hub};
use crate::pod::{CState, Pod};
use serde_json::{Value, json};
use std::collections::BTreeMap;

fn amounts(cpu_m: f64, mem_mi: f64) -> Value {
    json!({"cpu": format!("{}n", (cpu_m * 1e6) as u64), "memory": format!("{}Ki", (mem_mi * 1024.0) as u64)})
}

pub fn pod_metrics(p: &Pod, now: i64) -> Option<Value> {
    let cs: Vec<Value> = (0..p.ctrs.len())
        .filter(|i| matches!(p.ctrs[*i].state, CState::Running))
        .map(|i| {
            let (c, m) = p.usage(i, now);
            json!({"name": p.ctrs[i].name, "usage": amounts(c, m)})
        })
        .collect();
    (!cs.is_empty()).then(|| {
        json!({"kind": "PodMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
            "metadata": {"name": p.name, "namespace": p.ns, "creationTimestamp": secs(now), "labels": p.labels},
            "timestamp": secs(now - 5000), "window": "15s", "containers": cs})
    })
}

/// Equality and set-based label selectors.
fn matches(sel: &str, labels: &BTreeMap<String, String>) -> bool {
    let (mut depth, mut parts, mut cur) = (0, vec![], String::new());
    for ch in sel.chars() {
        match ch {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(std::mem::take(&mut cur));
                continue;
            }
            _ => {}
        }
        cur.push(ch);
    }
    parts.push(cur);
    parts.iter().map(|p| p.trim()).filter(|p| !p.is_empty()).all(|p| {
        let set = |s: &str| {
            s.trim().trim_matches(['(', ')']).split(',').map(|v| v.trim().to_string()).collect::<Vec<_>>()
        };
        let get = |k: &str| labels.get(k.trim()).cloned();
        if let Some((k, v)) = p.split_once(" notin ") {
            return get(k).is_none_or(|x| !set(v).contains(&x));
        }
        if let Some((k, v)) = p.split_once(" in ") {
            return get(k).is_some_and(|x| set(v).contains(&x));
        }
        if let Some((k, v)) = p.split_once("!=") {
            return get(k).as_deref() != Some(v.trim());
        }
        if let Some((k, v)) = p.split_once("==").or(p.split_once('=')) {
            return get(k).as_deref() == Some(v.trim());
        }
        match p.strip_prefix('!') {
            Some(k) => get(k).is_none(),
            None => get(p).is_some(),
        }
    })
}

pub fn api(hub: &Hub, path: &[&str], selector: &str) -> Option<Value> {
    let now = now_ms();
    let book = hub.book.lock().unwrap();
    let list = |kind: &str, items: Vec<Value>| json!({"kind": kind, "apiVersion": "metrics.k8s.io/v1beta1", "metadata": {}, "items": items});
    let pods = |ns: Option<&str>| -> Vec<Value> {
        book.pods
            .values()
            .filter(|p| ns.is_none_or(|n| p.ns == n) && (selector.is_empty() || matches(selector, &p.labels)))
            .filter_map(|p| pod_metrics(p, now))
            .collect()
    };
    match path {
        [] => Some(
            json!({"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": "metrics.k8s.io/v1beta1", "resources": [
            {"name": "nodes", "singularName": "", "namespaced": false, "kind": "NodeMetrics", "verbs": ["get", "list"]},
            {"name": "pods", "singularName": "", "namespaced": true, "kind": "PodMetrics", "verbs": ["get", "list"]}]}),
        ),
        ["pods"] => Some(list("PodMetricsList", pods(None))),
        ["namespaces", ns, "pods"] => Some(list("PodMetricsList", pods(Some(ns)))),
        ["namespaces", ns, "pods", name] => {
            let uid = book.names.get(&format!("{ns}/{name}"))?;
            pod_metrics(book.pods.get(uid)?, now)
        }
        ["nodes"] => {
            let mut names: Vec<&String> = hub.nodes.iter().filter(|n| !hub.is_down(n)).collect();
            names.sort();
            Some(list("NodeMetricsList", names.iter().map(|n| node(&book, n, now)).collect()))
        }
        ["nodes", n] if hub.nodes.contains(*n) => Some(node(&book, n, now)),
        _ => None,
    }
}

fn node(book: &Book, name: &str, now: i64) -> Value {
    let (mut cpu, mut mem) = (180.0 + (hash(name) % 200) as f64, 900.0 + (hash(name) % 400) as f64);
    for p in book.pods.values().filter(|p| p.node == name) {
        for i in 0..p.ctrs.len() {
            let (c, m) = p.usage(i, now);
            cpu += c;
            mem += m;
        }
    }
    json!({"kind": "NodeMetrics", "apiVersion": "metrics.k8s.io/v1beta1",
        "metadata": {"name": name, "creationTimestamp": secs(now), "labels": {"kubernetes.io/hostname": name}},
        "timestamp": secs(now - 5000), "window": "15s", "usage": amounts(cpu, mem)})
}
