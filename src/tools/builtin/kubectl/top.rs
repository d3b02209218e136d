//! `top`: what pods and nodes use.
use serde_json::Value;

use super::api::{list, text};
use super::info::none;
use super::pick::{namespace, of_list, query};
use super::print::go;
use super::quantity::Quantity;
use super::table::Table;
use super::{Done, Fault, Kubectl};

/// CPU and memory.
type Usage = [Quantity; 2];

fn usage(of: &Value) -> Usage {
    ["cpu", "memory"].map(|name| Quantity::read(text(of, &format!("/usage/{name}"))).unwrap_or_default())
}

fn shown([cpu, memory]: Usage) -> [String; 2] {
    [format!("{}m", cpu.thousandths()), format!("{}Mi", memory.whole() >> 20)]
}

pub async fn top(kubectl: &mut Kubectl<'_>) -> Done {
    let nodes = kubectl.call.verb == "top nodes";
    let (each, everywhere) = (kubectl.call.on("containers"), kubectl.call.on("all-namespaces"));
    let by = match kubectl.call.value("sort-by") {
        None => None,
        Some("cpu") => Some(0),
        Some("memory") => Some(1),
        Some(_) => return Err(Fault::error("--sort-by accepts only cpu or memory")),
    };
    let absent = |fault: Fault| {
        if fault.says.contains("resource type") { Fault::error("Metrics API not available") } else { fault }
    };
    let name = if nodes { "nodes.metrics.k8s.io" } else { "pods.metrics.k8s.io" };
    let kind = kubectl.api.kind(name).await.map_err(absent)?;
    let (space, word) = (namespace(kubectl), kubectl.call.words.first().cloned());
    let path = kind.path(space.as_deref(), word.as_deref());
    let found = match &word {
        Some(_) => vec![kubectl.api.get(&path).await?],
        None => of_list(kubectl, &kind, &format!("{path}{}", query(kubectl))).await?,
    };
    if found.is_empty() {
        return if nodes {
            Err(Fault::error("metrics not available yet"))
        } else {
            none(kubectl, "resources")
        };
    }
    let all = if nodes {
        let kind = kubectl.api.kind("nodes").await?;
        match &word {
            Some(name) => vec![kubectl.api.get(&kind.path(None, Some(name))).await?],
            None => of_list(kubectl, &kind, &format!("{}{}", kind.path(None, None), query(kubectl))).await?,
        }
    } else {
        Vec::new()
    };
    // What each uses: the pod, and the container by itself.
    let mut rows: Vec<(Usage, Usage, Vec<String>)> = Vec::new();
    for one in &found {
        let space = everywhere.then(|| text(one, "/metadata/namespace").to_owned());
        let cells: Vec<String> = space.into_iter().chain([text(one, "/metadata/name").to_owned()]).collect();
        if nodes {
            let used = usage(one);
            let node = all.iter().find(|node| text(node, "/metadata/name") == text(one, "/metadata/name"));
            let both =
                shown(used).into_iter().zip(shares(node, used)).flat_map(|(used, share)| [used, share]);
            rows.push((used, used, cells.into_iter().chain(both).collect()));
            continue;
        }
        let mut sum = Usage::default();
        for used in list(one, "containers").iter().map(usage) {
            sum.iter_mut().zip(used).for_each(|(sum, used)| sum.add(used));
        }
        if each {
            for container in list(one, "containers") {
                let name = [text(container, "/name").to_owned()];
                let used = usage(container);
                rows.push((sum, used, cells.iter().cloned().chain(name).chain(shown(used)).collect()));
            }
        } else {
            rows.push((sum, sum, cells.into_iter().chain(shown(sum)).collect()));
        }
    }
    let most = |usage: &Usage| by.and_then(|by: usize| usage.get(by)).map_or(0, |amount| -amount.parts);
    rows.sort_by(|a, b| match by {
        Some(_) => (most(&a.0), most(&a.1)).cmp(&(most(&b.0), most(&b.1))),
        None => a.2.cmp(&b.2),
    });
    let head: &[&str] = match (nodes, each) {
        (true, _) => &["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"],
        (false, true) => &["POD", "NAME", "CPU(cores)", "MEMORY(bytes)"],
        (false, false) => &["NAME", "CPU(cores)", "MEMORY(bytes)"],
    };
    let mut table = Table::default();
    // Every cell ends in a gap, the last one too.
    if !kubectl.call.on("no-headers") {
        let space = everywhere.then_some("NAMESPACE");
        table.head = space.into_iter().chain(head.iter().copied()).chain([""]).map(str::to_owned).collect();
    }
    table.rows = rows.into_iter().map(|row| row.2.into_iter().chain([String::new()]).collect()).collect();
    // A node that says nothing stands last.
    for node in &all {
        let name = text(node, "/metadata/name");
        if !found.iter().any(|one| text(one, "/metadata/name") == name) {
            let unknown = ["<unknown>"; 4];
            table.rows.push([name].into_iter().chain(unknown).chain([""]).map(str::to_owned).collect());
        }
    }
    Ok(kubectl.io.stdout.write_all(table.take().as_bytes())?)
}

/// How much of a node's that is.
fn shares(node: Option<&Value>, [cpu, memory]: Usage) -> [String; 2] {
    let all = |name: &str| node?.pointer(&format!("/status/allocatable/{name}")).map(go);
    let of = |name: &str| all(name).and_then(|all| Quantity::read(&all)).unwrap_or_default();
    [(cpu, "cpu"), (memory, "memory")].map(|(used, name)| format!("{}%", used.share(of(name))))
}
