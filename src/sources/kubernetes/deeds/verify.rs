//! Looking again until an accepted change has done what it was meant to do, or is seen to fail.
use std::time::Duration;

use serde_json::Value;
use tokio::time::{Instant, sleep};

use super::act::{Report, Sent, tell};
use super::api::{self, Fault};
use super::facts::{self, containers};
use super::inspect::{Surroundings, scene, surroundings};
use super::orders::is_cordoned;
use super::pick::{controller, harmless, number, text, uid};
use crate::domain::action::{Looked, Outcome, Verb};
use crate::domain::object::Workload;
use crate::domain::rollout::{Cause, Progress, causes, progress};
use crate::sources::kubernetes::connect::Cluster;
use crate::sources::now;

const EVERY: Duration = Duration::from_secs(1);
/// The reasons of a standstill cost several requests, so they are asked for less often.
const REASONS_EVERY: Duration = Duration::from_secs(5);
const LONGEST: Duration = Duration::from_mins(10);
/// A reason that has lasted so long is the end of it.
const LASTING: Duration = Duration::from_secs(15);
/// Pods that start and then crash look ready for a while, so what was reached must hold.
const HOLD: Duration = Duration::from_mins(1);
/// A pod may stay this long beyond the time it was given to stop.
const OVERDUE: Duration = Duration::from_mins(2);

pub(super) async fn settle(cluster: &Cluster, looked: &Looked, sent: &Sent, report: &Report) -> Outcome {
    match &looked.native.verb {
        Verb::Delete { grace_seconds, .. } => gone(cluster, looked, sent, *grace_seconds, report).await,
        Verb::Cordon => cordoned(cluster, looked, true).await,
        Verb::Uncordon => cordoned(cluster, looked, false).await,
        _ => rolled(cluster, looked, report).await,
    }
}

async fn cordoned(cluster: &Cluster, looked: &Looked, on: bool) -> Outcome {
    let word =
        if on { "unschedulable: no new pods come here" } else { "schedulable: new pods may come here" };
    match api::read(&cluster.client, &api::path(&looked.native.target)).await {
        Ok(node) if is_cordoned(&node) == on => Outcome::Settled { says: word.into() },
        Ok(_) => Outcome::Failed { why: "accepted, but somebody has set it back already".into() },
        Err(fault) => Outcome::Uncertain { why: fault.says("accepted, but looking again failed") },
    }
}

async fn gone(
    cluster: &Cluster,
    looked: &Looked,
    sent: &Sent,
    grace: Option<u32>,
    report: &Report,
) -> Outcome {
    let grace = grace
        .map(u64::from)
        .or_else(|| number(&sent.object, "/metadata/deletionGracePeriodSeconds")?.try_into().ok())
        .unwrap_or(30);
    let until = Instant::now() + Duration::from_secs(grace) + OVERDUE;
    let successor = match controller(&sent.object) {
        Some((kind, name, _)) => format!("gone; {kind} `{name}` sees to a new one"),
        None => "gone".into(),
    };
    let mut said = false;
    loop {
        let overdue = match api::read(&cluster.client, &api::path(&looked.native.target)).await {
            Err(Fault::Gone) => return Outcome::Settled { says: successor },
            Ok(pod) if uid(&pod) != &*looked.native.uid => {
                return Outcome::Settled { says: "gone; a new one of the same name is there".into() };
            }
            Ok(pod) => {
                let node = text(&pod, "/spec/nodeName");
                let why = format!(
                    "still terminating after its {grace} s; is its node `{node}` alive? force removes it"
                );
                Outcome::Failed { why }
            }
            // What cannot be seen has not failed.
            Err(fault) => Outcome::Uncertain { why: fault.says("accepted, but looking again failed") },
        };
        if !said {
            said = true;
            tell(report, Outcome::Progress { says: format!("terminating, has {grace} s to stop") }).await;
        }
        if Instant::now() >= until {
            return overdue;
        }
        sleep(EVERY).await;
    }
}

/// What is remembered between two looks at a rollout.
struct Watch {
    said: String,
    /// When reasons were asked for last.
    asked: Instant,
    why: Vec<String>,
    /// The first and the latest sight of a reason that does not go away by waiting.
    doomed: Option<(Instant, Instant)>,
    /// Since when everything is as it was meant to be.
    reached: Option<Instant>,
}

impl Watch {
    fn saw(&mut self, found: &[Cause]) {
        let now = Instant::now();
        self.asked = now;
        self.why = found.iter().filter(|cause| **cause != Cause::Unseen).map(Cause::to_string).collect();
        if found.iter().any(Cause::is_lasting) {
            let first = self.doomed.map_or(now, |(first, _)| first);
            self.doomed = Some((first, now));
        } else if self.doomed.is_some_and(|(_, latest)| latest.elapsed() >= HOLD) {
            self.doomed = None;
        }
    }

    /// It was bad for long enough, and is bad now.
    fn is_over(&self) -> bool {
        self.doomed
            .is_some_and(|(first, latest)| first.elapsed() >= LASTING && latest.elapsed() < REASONS_EVERY)
    }
}

async fn rolled(cluster: &Cluster, looked: &Looked, report: &Report) -> Outcome {
    let target = &looked.native.target;
    let began = Instant::now();
    let mut watch = Watch { said: String::new(), asked: began, why: Vec::new(), doomed: None, reached: None };
    loop {
        let mut longest = LONGEST;
        match api::read(&cluster.client, &api::path(target)).await {
            Ok(object) => {
                if uid(&object) != &*looked.native.uid {
                    let why = "it was deleted and made anew while this went on".into();
                    return Outcome::Failed { why };
                }
                let workload = facts::workload(target.kind, &object);
                if let Some(seconds) = workload.deadline_seconds {
                    longest = longest.max(Duration::from_secs(u64::from(seconds) + 30));
                }
                if let Some(outcome) = judged(cluster, looked, &object, &workload, &mut watch, report).await {
                    return outcome;
                }
            }
            Err(Fault::Gone) => return Outcome::Failed { why: "it was deleted while this went on".into() },
            Err(fault) => say(&mut watch, report, fault.says("cannot look")).await,
        }
        if began.elapsed() >= longest {
            let why = if watch.why.is_empty() { watch.said.clone() } else { watch.why.join("; ") };
            let minutes = longest.as_secs() / 60;
            return Outcome::Failed { why: format!("not settled after {minutes} min: {why}") };
        }
        sleep(EVERY).await;
    }
}

async fn judged(
    cluster: &Cluster,
    looked: &Looked,
    object: &Value,
    workload: &Workload,
    watch: &mut Watch,
    report: &Report,
) -> Option<Outcome> {
    let kind = looked.native.target.kind;
    if &*workload.strategy == "OnDelete" && !matches!(looked.native.verb, Verb::Scale { .. }) {
        let says = "taken over; its pods are replaced when they are deleted (OnDelete)".into();
        return Some(Outcome::Settled { says });
    }
    if let Some(why) = overruled(&looked.native.verb, object, workload) {
        return Some(Outcome::Failed { why });
    }
    match progress(kind, workload) {
        Progress::Done => {
            let reached = *watch.reached.get_or_insert_with(Instant::now);
            let says = done(&looked.native.verb, workload);
            if reached.elapsed() >= hold(&looked.native.verb) {
                return Some(Outcome::Settled { says });
            }
            say(watch, report, format!("{says}; it must hold {} s", HOLD.as_secs())).await;
            return None;
        }
        Progress::TimedOut => {
            let found = reasons(cluster, looked, object).await;
            let why: Vec<String> = found.iter().map(Cause::to_string).collect();
            return Some(Outcome::Failed { why: why.join("; ") });
        }
        Progress::Going(says) => {
            watch.reached = None;
            let says = if watch.why.is_empty() { says } else { format!("{says}: {}", watch.why.join("; ")) };
            say(watch, report, says).await;
        }
    }
    if watch.asked.elapsed() >= REASONS_EVERY {
        let found = reasons(cluster, looked, object).await;
        watch.saw(&found);
    }
    watch.is_over().then(|| Outcome::Failed { why: watch.why.join("; ") })
}

/// Fewer pods cannot crash later; new ones can.
fn hold(verb: &Verb) -> Duration {
    match verb {
        Verb::Scale { from, to } if to <= from => Duration::ZERO,
        _ => HOLD,
    }
}

/// Somebody else set back what was asked for.
fn overruled(verb: &Verb, object: &Value, workload: &Workload) -> Option<String> {
    match verb {
        Verb::Scale { to, .. } if workload.desired != *to => {
            Some(format!("replicas were set to {} by somebody else, not {to}", workload.desired))
        }
        Verb::SetImage { container, to, .. } => {
            let mut all = containers(object, "/spec/template/spec");
            let is = all.find(|(_, c)| text(c, "/name") == &**container).map(|(_, c)| text(c, "/image"))?;
            (is != &**to).then(|| format!("the image of `{container}` was set to {is} by somebody else"))
        }
        _ => None,
    }
}

fn done(verb: &Verb, workload: &Workload) -> String {
    let pods = |n: u32| if n == 1 { "1 pod".to_owned() } else { format!("{n} pods") };
    match verb {
        Verb::Scale { to: 0, .. } => "0 replicas: nothing runs".into(),
        Verb::Scale { to, .. } => format!("{to} of {to} replicas ready"),
        _ => format!("{} replaced and ready", pods(workload.desired)),
    }
}

async fn reasons(cluster: &Cluster, looked: &Looked, object: &Value) -> Vec<Cause> {
    let target = &looked.native.target;
    let mut object = object.clone();
    harmless(&mut object);
    let around: Surroundings = surroundings(&cluster.client, target, &object, &mut Vec::new()).await;
    scene(target, &object, &around, &[], now(), causes).unwrap_or_default()
}

async fn say(watch: &mut Watch, report: &Report, says: String) {
    if says != watch.said {
        watch.said.clone_from(&says);
        tell(report, Outcome::Progress { says }).await;
    }
}
