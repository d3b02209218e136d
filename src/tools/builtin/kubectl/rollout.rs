//! `rollout`: how far a change of a workload has come, and the way back.
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::api::text;
use super::change::{JSON, STRATEGIC, done, nested, send};
use super::describe;
use super::pick::{Picked, Unnamed, pick};
use super::pods::condition;
use super::{Done, Fault, Kubectl};

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";
const CAUSE: &str = "/metadata/annotations/kubernetes.io~1change-cause";
const LOOK: Duration = Duration::from_millis(300);

pub async fn rollout(kubectl: &mut Kubectl<'_>) -> Done {
    let picked = pick(kubectl, 0, Unnamed::All).await?;
    for one in picked {
        let kind = text(&one.object, "/kind");
        let known: &[&str] = match kubectl.call.verb {
            "rollout pause" | "rollout resume" => &["Deployment"],
            _ => &["Deployment", "StatefulSet", "DaemonSet"],
        };
        let result = match (kubectl.call.verb, known.contains(&kind)) {
            (verb, false) => {
                let what = verb
                    .trim_start_matches("rollout ")
                    .replace("restart", "restarting")
                    .replace("pause", "pausing");
                Err(Fault::error(format!("{} \"{}\" {what} is not supported", one.kind.full(), one.name())))
            }
            ("rollout status", _) => status(kubectl, &one).await,
            ("rollout history", _) => history(kubectl, &one).await,
            ("rollout undo", _) => undo(kubectl, &one).await,
            ("rollout restart", _) => restart(kubectl, &one).await,
            ("rollout pause", _) => pause(kubectl, &one, true).await,
            _ => pause(kubectl, &one, false).await,
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
    let behind = n("/metadata/generation") > n("/status/observedGeneration");
    match text(object, "/kind") {
        "Deployment" => {
            let wait = |why: String| {
                Ok((format!("Waiting for deployment \"{name}\" rollout to finish: {why}..."), false))
            };
            let (wanted, updated) = (n("/spec/replicas"), n("/status/updatedReplicas"));
            let (all, free) = (n("/status/replicas"), n("/status/availableReplicas"));
            if behind {
                return Ok(("Waiting for deployment spec update to be observed...".to_owned(), false));
            }
            let why = condition(object, "Progressing").map(|one| text(one, "/reason"));
            if why == Some("ProgressDeadlineExceeded") {
                return Err(Fault::error(format!("deployment \"{name}\" exceeded its progress deadline")));
            }
            if updated < wanted {
                wait(format!("{updated} out of {wanted} new replicas have been updated"))
            } else if all > updated {
                wait(format!("{} old replicas are pending termination", all - updated))
            } else if free < updated {
                wait(format!("{free} of {updated} updated replicas are available"))
            } else {
                Ok((format!("deployment \"{name}\" successfully rolled out"), true))
            }
        }
        "StatefulSet" => {
            let (wanted, updated, ready) =
                (n("/spec/replicas"), n("/status/updatedReplicas"), n("/status/readyReplicas"));
            let part = n("/spec/updateStrategy/rollingUpdate/partition");
            let (now, next) =
                (text(object, "/status/currentRevision"), text(object, "/status/updateRevision"));
            if behind {
                Ok(("Waiting for statefulset spec update to be observed...".to_owned(), false))
            } else if ready < wanted {
                Ok((format!("Waiting for {} pods to be ready...", wanted - ready), false))
            } else if object.pointer("/spec/updateStrategy/rollingUpdate/partition").is_some() {
                if updated < wanted - part {
                    let of = wanted - part;
                    Ok((
                        format!(
                            "Waiting for partitioned roll out to finish: \
                            {updated} out of {of} new pods have been updated..."
                        ),
                        false,
                    ))
                } else {
                    Ok((
                        format!("partitioned roll out complete: {updated} new pods have been updated..."),
                        true,
                    ))
                }
            } else if now != next {
                let why = format!("{updated} pods at revision {next}");
                Ok((format!("waiting for statefulset rolling update to complete {why}..."), false))
            } else {
                let all = n("/status/currentReplicas");
                Ok((format!("statefulset rolling update complete {all} pods at revision {now}..."), true))
            }
        }
        _ => {
            let (updated, wanted) =
                (n("/status/updatedNumberScheduled"), n("/status/desiredNumberScheduled"));
            let free = n("/status/numberAvailable");
            let wait = |why: String| {
                Ok((format!("Waiting for daemon set \"{name}\" rollout to finish: {why}..."), false))
            };
            if behind {
                Ok(("Waiting for daemon set spec update to be observed...".to_owned(), false))
            } else if updated < wanted {
                wait(format!("{updated} out of {wanted} new pods have been updated"))
            } else if free < wanted {
                wait(format!("{free} of {wanted} updated pods are available"))
            } else {
                Ok((format!("daemon set \"{name}\" successfully rolled out"), true))
            }
        }
    }
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

/// The revisions of a workload, oldest first: the number, and the object with its template.
async fn revisions(kubectl: &mut Kubectl<'_>, one: &Picked) -> Result<Vec<(i64, Value)>, Fault> {
    let sets = text(&one.object, "/kind") == "Deployment";
    let kind = if sets { "replicasets.apps" } else { "controllerrevisions.apps" };
    let found = describe::below(kubectl, one, kind).await?;
    let number = |object: &Value| {
        if sets {
            text(object, REVISION).parse().unwrap_or(0)
        } else {
            object.get("revision").and_then(Value::as_i64).unwrap_or(0)
        }
    };
    let mut all: Vec<(i64, Value)> = found.into_iter().map(|object| (number(&object), object)).collect();
    all.sort_by_key(|(number, _)| *number);
    Ok(all)
}

/// The template that a revision holds.
fn template(revision: &Value) -> Value {
    let found = revision.pointer("/spec/template").or_else(|| revision.pointer("/data/spec/template"));
    found.cloned().unwrap_or_default()
}

async fn history(kubectl: &mut Kubectl<'_>, one: &Picked) -> Done {
    let all = revisions(kubectl, one).await?;
    let wanted = kubectl.call.number("revision").unwrap_or(0);
    if wanted > 0 {
        let (_, found) = all
            .iter()
            .find(|(number, _)| *number == wanted)
            .ok_or_else(|| Fault::error("unable to find the specified revision"))?;
        kubectl.say(&format!("{} with revision #{wanted}", one.said()))?;
        let mut template = template(found);
        let cause = text(found, CAUSE);
        if let Some(marks) =
            template.pointer_mut("/metadata").and_then(Value::as_object_mut).filter(|_| !cause.is_empty())
        {
            let marks = marks.entry("annotations").or_insert_with(|| json!({}));
            if let Some(marks) = marks.as_object_mut() {
                marks.insert("kubernetes.io/change-cause".to_owned(), cause.into());
            }
        }
        return kubectl.say(&describe::template(&template));
    }
    let mut out = format!("{} \nREVISION\tCHANGE-CAUSE\n", one.said());
    for (number, object) in &all {
        let cause = text(object, CAUSE);
        let _ = writeln!(out, "{number}\t{}", if cause.is_empty() { "<none>" } else { cause });
    }
    let (first, rest) = out.split_once('\n').unwrap_or_default();
    kubectl.say(&format!("{first}\n{}", super::table::align(rest, 0, 2)))
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
    let kind = text(&one.object, "/kind").to_lowercase();
    let (number, found) = found.ok_or_else(|| match wanted {
        0 => Fault::error(format!("no rollout history found for {kind} \"{name}\"")),
        wanted => Fault::error(format!("unable to find specified revision {wanted} in history")),
    })?;
    if all.last().is_some_and(|(last, _)| last == number) {
        return kubectl.say(&format!(
            "{} skipped rollback (current template already matches revision {number})",
            one.said()
        ));
    }
    let mut template = template(found);
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.remove("pod-template-hash");
    }
    if let Some(template) = template.as_object_mut() {
        template.remove("$patch");
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
