//! `rollout`: how far a change of a workload has come, and the way back.
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::api::text;
use super::change::{JSON, STRATEGIC, done, nested, send};
use super::pick::{Picked, Unnamed, pick};
use super::pods::{below, condition};
use super::table::align;
use super::{Done, Fault, Kubectl};

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const CAUSE: &str = "/metadata/annotations/kubernetes.io~1change-cause";
const LOOK: Duration = Duration::from_millis(300);

pub async fn rollout(kubectl: &mut Kubectl<'_>) -> Done {
    let verb = kubectl.call.verb.trim_start_matches("rollout ");
    let unnamed =
        if matches!(verb, "restart" | "status" | "history") { Unnamed::All } else { Unnamed::Asked };
    for one in pick(kubectl, 0, unnamed).await? {
        let result = match (verb, text(&one.object, "/kind")) {
            ("restart", "Deployment" | "StatefulSet" | "DaemonSet") => restart(kubectl, &one).await,
            ("status", "Deployment") => status(kubectl, &one).await,
            ("history", "Deployment") => history(kubectl, &one).await,
            ("undo", "Deployment") => undo(kubectl, &one).await,
            ("pause", "Deployment") => pause(kubectl, &one, true).await,
            ("resume", "Deployment") => pause(kubectl, &one, false).await,
            _ => {
                let (kind, name) = (one.kind.full(), one.name());
                Err(Fault::error(format!(
                    "the built-in kubectl has no {} of {kind} \"{name}\"",
                    kubectl.call.verb
                )))
            }
        };
        if let Err(fault) = result {
            kubectl.fail(&fault)?;
        }
    }
    Ok(())
}

/// What is said of it, and whether it is over.
fn progress(object: &Value, name: &str) -> Result<(String, bool), Fault> {
    let n = |pointer: &str| object.pointer(pointer).and_then(Value::as_i64).unwrap_or_default();
    if n("/metadata/generation") > n("/status/observedGeneration") {
        return Ok(("Waiting for deployment spec update to be observed...".to_owned(), false));
    }
    if condition(object, "Progressing").map(|one| text(one, "/reason")) == Some("ProgressDeadlineExceeded") {
        return Err(Fault::error(format!("deployment \"{name}\" exceeded its progress deadline")));
    }
    let (wanted, updated) = (n("/spec/replicas"), n("/status/updatedReplicas"));
    let (all, free) = (n("/status/replicas"), n("/status/availableReplicas"));
    let why = if updated < wanted {
        format!("{updated} out of {wanted} new replicas have been updated")
    } else if all > updated {
        format!("{} old replicas are pending termination", all - updated)
    } else if free < updated {
        format!("{free} of {updated} updated replicas are available")
    } else {
        return Ok((format!("deployment \"{name}\" successfully rolled out"), true));
    };
    Ok((format!("Waiting for deployment \"{name}\" rollout to finish: {why}..."), false))
}

async fn status(kubectl: &mut Kubectl<'_>, one: &Picked) -> Done {
    let end = kubectl
        .call
        .span("timeout")
        .filter(|most| !most.is_zero())
        .and_then(|most| Instant::now().checked_add(most));
    let (mut object, mut said) = (one.object.clone(), String::new());
    loop {
        let (text, over) = progress(&object, one.name())?;
        if text != said {
            kubectl.say(&text)?;
            kubectl.io.stdout.flush()?;
            said = text;
        }
        if over || kubectl.call.off("watch") {
            return Ok(());
        }
        if end.is_some_and(|end| Instant::now() + LOOK > end) {
            return Err(Fault::error("timed out waiting for the condition"));
        }
        sleep(LOOK).await;
        object = kubectl.api.get(&one.path()).await?;
    }
}

/// The revisions of a deployment, oldest first.
async fn revisions(kubectl: &mut Kubectl<'_>, one: &Picked) -> Result<Vec<(i64, Value)>, Fault> {
    let found = below(kubectl, one, "replicasets.apps").await?;
    let number = |object: &Value| text(object, REVISION).parse().unwrap_or(0);
    let mut all: Vec<(i64, Value)> = found.into_iter().map(|object| (number(&object), object)).collect();
    all.sort_by_key(|(number, _)| *number);
    Ok(all)
}

async fn history(kubectl: &mut Kubectl<'_>, one: &Picked) -> Done {
    let mut out = "REVISION\tCHANGE-CAUSE\n".to_owned();
    for (number, object) in revisions(kubectl, one).await? {
        let cause = text(&object, CAUSE);
        let _ = writeln!(out, "{number}\t{}", if cause.is_empty() { "<none>" } else { cause });
    }
    kubectl.say(&format!("{} \n{}", one.said(), align(&out, 0, 2)))
}

async fn undo(kubectl: &mut Kubectl<'_>, one: &Picked) -> Done {
    let name = one.name();
    if one.object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        let hint = "resume it first with 'kubectl rollout resume' and try again";
        return Err(Fault::error(format!("you cannot rollback a paused deployment; {hint}")));
    }
    let all = revisions(kubectl, one).await?;
    let wanted = kubectl.call.number("to-revision").unwrap_or(0);
    let found = match wanted {
        0 => all.iter().rev().nth(1),
        wanted => all.iter().find(|(number, _)| *number == wanted),
    };
    let (number, found) = found.ok_or_else(|| match wanted {
        0 => Fault::error(format!("no rollout history found for deployment \"{name}\"")),
        wanted => Fault::error(format!("unable to find specified revision {wanted} in history")),
    })?;
    if all.last().is_some_and(|(last, _)| last == number) {
        return kubectl.say(&format!(
            "{} skipped rollback (current template already matches revision {number})",
            one.said()
        ));
    }
    let mut template = found.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    let mut patch = vec![json!({"op": "replace", "path": "/spec/template", "value": template})];
    if let Some(cause) =
        found.pointer(CAUSE).filter(|_| one.object.pointer("/metadata/annotations").is_some())
    {
        patch.push(json!({"op": "add", "path": CAUSE, "value": cause}));
    }
    let after = send(kubectl, one, JSON, &patch.into(), "").await?;
    done(kubectl, &after, "rolled back")
}

async fn restart(kubectl: &mut Kubectl<'_>, one: &Picked) -> Done {
    if one.object.pointer("/spec/paused") == Some(&Value::Bool(true)) {
        let why = "can't restart paused deployment (run rollout resume first)";
        return Err(Fault::error(format!("{} \"{}\" {why}", one.kind.full(), one.name())));
    }
    let now = jiff::Zoned::now().strftime("%Y-%m-%dT%H:%M:%S%:z").to_string().replace("+00:00", "Z");
    let marks = json!({"metadata": {"annotations": {"kubectl.kubernetes.io/restartedAt": now}}});
    let after = send(kubectl, one, STRATEGIC, &nested(&["spec", "template"], marks), "").await?;
    done(kubectl, &after, "restarted")
}

async fn pause(kubectl: &mut Kubectl<'_>, one: &Picked, pause: bool) -> Done {
    let paused = one.object.pointer("/spec/paused") == Some(&Value::Bool(true));
    if paused == pause {
        let why = if pause { "is already paused" } else { "is not paused" };
        return Err(Fault::error(format!("{} \"{}\" {why}", one.kind.full(), one.name())));
    }
    let after = send(kubectl, one, STRATEGIC, &json!({"spec": {"paused": pause}}), "").await?;
    done(kubectl, &after, if pause { "paused" } else { "resumed" })
}
