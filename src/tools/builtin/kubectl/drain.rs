//! `delete` and `drain`: what takes objects away and waits until they are gone.
use std::time::Duration;

use http::Method;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::api::{escaped, list, text};
use super::change::{Dry, close_node, nodes};
use super::pick::{Picked, Unnamed, filed, of_list, pick};
use super::{Done, Fault, Kubectl};

const LOOK: Duration = Duration::from_millis(300);

pub async fn delete(kubectl: &mut Kubectl<'_>) -> Done {
    let dry = Dry::of(kubectl)?;
    let call = &kubectl.call;
    let (force, now, selects) = (call.on("force"), call.on("now"), call.selects() || call.on("all"));
    let said = call.number("grace-period").filter(|seconds| *seconds >= 0);
    let grace = match said {
        Some(_) if now => return Err(Fault::error("--now and --grace-period cannot be specified together")),
        Some(1..) if force => {
            let why = "--force and --grace-period greater than 0 cannot be specified together";
            return Err(Fault::error(why));
        }
        // At once is only where it is forced.
        Some(0) if !force => Some(1),
        Some(seconds) => Some(seconds),
        None if now => Some(1),
        None => force.then_some(0),
    };
    let filed = call.value("filename").is_some();
    let cascade = match kubectl.call.value("cascade").unwrap_or("background") {
        "background" | "true" => "Background",
        "orphan" | "false" => "Orphan",
        "foreground" => "Foreground",
        other => {
            return Err(Fault::error(format!(
                "invalid cascade value ({other}). Must be \"background\", \"foreground\", or \"orphan\""
            )));
        }
    };
    let picked = if filed { self::filed(kubectl).await? } else { pick(kubectl, 0, Unnamed::Asked).await? };
    if picked.is_empty() && kubectl.faults.is_empty() && !kubectl.call.on("ignore-not-found") {
        return kubectl.say("No resources found");
    }
    if force && dry == Dry::No {
        kubectl.warn(
            "Warning: Immediate deletion does not wait for confirmation that the running resource has been \
            terminated. The resource may continue to run on the cluster indefinitely.",
        )?;
    }
    let mut options = json!({"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": cascade});
    // The server looks for it here alone, as there is a body.
    if let (Some(options), Dry::Server) = (options.as_object_mut(), dry) {
        options.insert("dryRun".to_owned(), json!(["All"]));
    }
    if let (Some(options), Some(grace)) = (options.as_object_mut(), grace) {
        options.insert("gracePeriodSeconds".to_owned(), grace.into());
    }
    let mut gone = Vec::new();
    for one in picked {
        if dry != Dry::Client {
            match kubectl.api.send(Method::DELETE, &one.path(), "application/json", &options).await {
                Ok(_) => {}
                // A list is as old as its answer.
                Err(fault) if selects && fault.says.contains("(NotFound)") => continue,
                Err(fault) => {
                    kubectl.fail(&fault)?;
                    continue;
                }
            }
        }
        let how = if force { "force deleted" } else { "deleted" };
        kubectl.say(&format!("{} \"{}\" {how}{}", one.kind.one(), one.name(), dry.said()))?;
        kubectl.io.stdout.flush()?;
        gone.push(one);
    }
    if dry != Dry::No || kubectl.call.off("wait") || force {
        return Ok(());
    }
    let most = kubectl.call.span("timeout").filter(|most| !most.is_zero());
    for one in gone {
        await_gone(kubectl, &one, most).await?;
    }
    Ok(())
}

/// Comes back when this very object is gone.
async fn await_gone(kubectl: &mut Kubectl<'_>, one: &Picked, most: Option<Duration>) -> Done {
    let end = most.and_then(|most| Instant::now().checked_add(most));
    loop {
        match kubectl.api.get(&one.path()).await {
            Ok(now) if text(&now, "/metadata/uid") == text(&one.object, "/metadata/uid") => {}
            Err(fault) if !fault.says.contains("(NotFound)") => return Err(fault),
            _ => return Ok(()),
        }
        if end.is_some_and(|end| Instant::now() > end) {
            return Err(Fault::error(format!(
                "timed out waiting for the condition on {}/{}",
                one.kind.plural,
                one.name()
            )));
        }
        sleep(LOOK).await;
    }
}

pub async fn drain(kubectl: &mut Kubectl<'_>) -> Done {
    let dry = Dry::of(kubectl)?;
    let nodes = nodes(kubectl).await?;
    if !kubectl.faults.is_empty() {
        return Ok(());
    }
    for node in &nodes {
        close_node(kubectl, node, true).await?;
    }
    // A node that takes new pods would get them back.
    if !kubectl.faults.is_empty() {
        return Ok(());
    }
    let most = kubectl.call.span("timeout").filter(|most| !most.is_zero());
    let mut left: Vec<(String, String)> = Vec::new();
    for node in &nodes {
        let (pods, why) = evictable(kubectl, node).await?;
        if let Some(why) = why {
            left.push((node.name().to_owned(), why));
            continue;
        }
        match evict(kubectl, pods, dry, most).await {
            Ok(()) => kubectl.say(&format!("{} drained{}", node.said(), dry.said()))?,
            Err(fault) if fault.code == 141 => return Err(fault),
            Err(fault) => left.push((node.name().to_owned(), fault.says)),
        }
    }
    if left.is_empty() {
        return Ok(());
    }
    for (node, why) in &left {
        kubectl.warn(&format!(
            "error: unable to drain node \"{node}\" due to error: {why}, continuing command..."
        ))?;
    }
    kubectl.warn("There are pending nodes to be drained:")?;
    for (node, why) in &left {
        kubectl.warn(&format!(" {node}\n{why}"))?;
    }
    Err(Fault::code(1))
}

/// The pods of a node that go, and what stands against it.
async fn evictable(kubectl: &mut Kubectl<'_>, node: &Picked) -> Result<(Vec<Picked>, Option<String>), Fault> {
    let kind = kubectl.api.kind("pods").await?;
    let path = format!("{}?fieldSelector=spec.nodeName%3D{}", kind.path(None, None), escaped(node.name()));
    let (mut pods, mut daemons, mut local, mut alone) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for object in of_list(kubectl, &kind, &path).await? {
        let pod = Picked { kind: kind.clone(), object };
        let over = matches!(text(&pod.object, "/status/phase"), "Succeeded" | "Failed");
        let owner = list(&pod.object, "/metadata/ownerReferences")
            .iter()
            .find(|one| one.get("controller") == Some(&Value::Bool(true)));
        let named = format!("{}/{}", pod.namespace(), pod.name());
        let empty = list(&pod.object, "/spec/volumes").iter().any(|volume| volume.get("emptyDir").is_some());
        if pod.object.pointer("/metadata/annotations/kubernetes.io~1config.mirror").is_some() {
            continue;
        }
        if owner.is_some_and(|owner| text(owner, "/kind") == "DaemonSet") && !over {
            daemons.push(named);
            continue;
        }
        if empty && !over {
            local.push(named.clone());
        }
        if owner.is_none() && !over {
            alone.push(named);
        }
        pods.push(pod);
    }
    let mut why = Vec::new();
    for (names, option, what) in [
        (&daemons, "ignore-daemonsets", "DaemonSet-managed Pods (use --ignore-daemonsets to ignore)"),
        (&local, "delete-emptydir-data", "Pods with local storage (use --delete-emptydir-data to override)"),
        (&alone, "force", "Pods that declare no controller (use --force to override)"),
    ] {
        if !names.is_empty() && !kubectl.call.on(option) {
            why.push(format!("cannot delete {what}: {}", names.join(", ")));
        }
    }
    let why = match why.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        many => Some(format!("[{}]", many.join(", "))),
    };
    Ok((pods, why))
}

/// Evicts them all, waits where a budget allows no eviction now, and until they are gone.
async fn evict(kubectl: &mut Kubectl<'_>, pods: Vec<Picked>, dry: Dry, most: Option<Duration>) -> Done {
    let end = most.and_then(|most| Instant::now().checked_add(most));
    let grace = kubectl.call.number("grace-period").filter(|seconds| *seconds >= 0);
    let mut waiting = pods;
    let mut gone = Vec::new();
    for pod in &waiting {
        kubectl.say(&format!("evicting pod {}/{}{}", pod.namespace(), pod.name(), dry.said()))?;
    }
    if dry != Dry::No {
        return Ok(());
    }
    while !waiting.is_empty() {
        let mut again = Vec::new();
        for pod in waiting {
            let mut options = json!({});
            if let (Some(options), Some(grace)) = (options.as_object_mut(), grace) {
                options.insert("gracePeriodSeconds".to_owned(), grace.into());
            }
            let body = json!({"apiVersion": "policy/v1", "kind": "Eviction", "deleteOptions": options,
                "metadata": {"name": pod.name(), "namespace": pod.namespace()}});
            let path = format!("{}/eviction", pod.path());
            match kubectl.api.send(Method::POST, &path, "application/json", &body).await {
                Ok(_) => gone.push(pod),
                Err(fault) if fault.says.contains("(NotFound)") => gone.push(pod),
                Err(fault) if fault.says.contains("(TooManyRequests)") => {
                    let why = fault.says.trim_start_matches("Error from server (TooManyRequests): ");
                    let name = format!("\"{}\" -n \"{}\"", pod.name(), pod.namespace());
                    kubectl.warn(&format!("error when evicting pods/{name} (will retry after 5s): {why}"))?;
                    again.push(pod);
                }
                Err(fault) => return Err(fault),
            }
        }
        waiting = again;
        if !waiting.is_empty() {
            let next = Instant::now() + Duration::from_secs(5);
            if end.is_some_and(|end| next > end) {
                return Err(Fault::new(format!(
                    "error when evicting pods: global timeout reached: {most:?}"
                )));
            }
            sleep(Duration::from_secs(5)).await;
            for pod in &waiting {
                kubectl.say(&format!("evicting pod {}/{}", pod.namespace(), pod.name()))?;
            }
        }
    }
    for pod in gone {
        let left = end.map(|end| end.saturating_duration_since(Instant::now()));
        await_gone(kubectl, &pod, left).await?;
        kubectl.say(&format!("pod/{} evicted", pod.name()))?;
    }
    Ok(())
}
