//! Performing one approved action: sent once, never repeated, then watched until it is seen to have worked.
use serde_json::Value;
use tokio::sync::mpsc;

use super::api::{self, Fault};
use super::look::effect;
use super::orders;
use super::revisions::{choose, revisions};
use super::{drain, verify};
use crate::domain::action::{Looked, Outcome, Verb};
use crate::domain::object::ObjectRef;
use crate::domain::time::Timestamp;
use crate::sources::kubernetes::connect::Cluster;

/// Where progress goes. Nobody listening is no reason to stop half-way.
pub type Report = mpsc::Sender<Outcome>;

/// Performs an action and follows it to its end, which is returned; everything before goes to `report`.
///
/// `now` is written into the object where the action leaves its time there.
pub async fn act(cluster: &Cluster, looked: Looked, now: Timestamp, report: &Report) -> Outcome {
    if let Some(why) = effect::unfit(&looked.native) {
        return Outcome::Refused { why };
    }
    if let Some(why) = nameless(&looked) {
        return Outcome::Refused { why };
    }
    tell(report, Outcome::Started).await;
    let done = match &looked.native.verb {
        Verb::Drain { grace_seconds, force } => {
            drain::drain(cluster, &looked, *grace_seconds, *force, report).await
        }
        _ => match send(cluster, &looked, now).await {
            Ok(sent) => {
                tell(report, Outcome::Accepted { says: sent.says.clone() }).await;
                verify::settle(cluster, &looked, &sent, report).await
            }
            Err(outcome) => outcome,
        },
    };
    done.harmless()
}

/// Without an identity the request would carry no condition, and hit whatever bears the name by then.
fn nameless(looked: &Looked) -> Option<String> {
    let target = &looked.native.target;
    looked.native.uid.is_empty().then(|| {
        let kind = target.kind;
        format!("nobody could say in time which {kind} `{target}` is; nothing was sent: ask again")
    })
}

pub(super) async fn tell(report: &Report, outcome: Outcome) {
    // A closed channel only means that nobody shows it.
    let _ = report.send(outcome.harmless()).await;
}

/// The server took it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Sent {
    pub says: String,
    /// The object as the server left it.
    pub object: Value,
}

async fn send(cluster: &Cluster, looked: &Looked, now: Timestamp) -> Result<Sent, Outcome> {
    let target = &looked.native.target;
    let path = api::path(target);
    let actions = &cluster.actions;
    let answer = match &looked.native.verb {
        Verb::Restart => {
            let object = again(cluster, looked).await?;
            api::patch(actions, &path, &orders::restart(looked, &object, now)).await
        }
        Verb::Scale { from, to } => {
            api::patch(actions, &format!("{path}/scale"), &orders::scale(looked, *from, *to)).await
        }
        Verb::Undo { to } => {
            let object = again(cluster, looked).await?;
            let template = earlier(cluster, target, &object, *to).await?;
            api::patch(actions, &path, &orders::undo(looked, &template)).await
        }
        Verb::SetImage { container, from, to } => {
            let object = again(cluster, looked).await?;
            let order = orders::set_image(looked, &object, container, from, to)
                .map_err(|why| Outcome::Refused { why })?;
            api::patch(actions, &path, &order).await
        }
        Verb::Delete { grace_seconds, force } => {
            api::delete(actions, &path, &orders::delete(&looked.native.uid, *grace_seconds, *force)).await
        }
        Verb::Cordon => api::patch(actions, &path, &orders::cordon(looked, true)).await,
        Verb::Uncordon => api::patch(actions, &path, &orders::cordon(looked, false)).await,
        _ => {
            return Err(Outcome::Refused {
                why: format!("a {} is not one request", looked.native.verb.name()),
            });
        }
    };
    match answer {
        Ok(object) => Ok(Sent { says: accepted(&looked.native.verb), object }),
        Err(fault) => Err(judge(cluster, looked, fault).await),
    }
}

fn accepted(verb: &Verb) -> String {
    match verb {
        Verb::Restart => "restart accepted".into(),
        Verb::Scale { from, to } => format!("{from} → {to} replicas accepted"),
        Verb::Undo { to: Some(to) } => format!("going back to revision {to}"),
        Verb::Undo { to: None } => "going back one revision".into(),
        Verb::SetImage { to, .. } => format!("image {to} accepted"),
        Verb::Delete { force: true, .. } => "removed by force".into(),
        Verb::Delete { .. } => "asked to stop".into(),
        Verb::Cordon => "cordoned".into(),
        Verb::Uncordon => "uncordoned".into(),
        _ => String::new(),
    }
}

/// Reads the object once more where the request is made from what is in it.
async fn again(cluster: &Cluster, looked: &Looked) -> Result<Value, Outcome> {
    let target = &looked.native.target;
    let object = api::read(&cluster.client, &api::path(target)).await.map_err(|fault| Outcome::Refused {
        why: match fault {
            Fault::Gone => format!("{} `{target}` is gone; nothing was sent", target.kind),
            other => format!("{}; nothing was sent", other.says(&format!("looking again at `{target}`"))),
        },
    })?;
    match orders::changed(looked, &object) {
        Some(what) => Err(Outcome::Refused { why: format!("changed since it was shown: {what}") }),
        None => Ok(object),
    }
}

async fn earlier(
    cluster: &Cluster,
    target: &ObjectRef,
    object: &Value,
    to: Option<u64>,
) -> Result<Value, Outcome> {
    let all = revisions(&cluster.client, target, object).await.map_err(|fault| Outcome::Refused {
        why: format!("{}; nothing was sent", fault.says("its revisions")),
    })?;
    let (_, revision) = choose(target.kind, object, &all, to).map_err(|why| Outcome::Refused { why })?;
    Ok(revision.template.clone())
}

/// What a failure means for the target: refused only when nothing can have been done.
pub(super) async fn judge(cluster: &Cluster, looked: &Looked, fault: Fault) -> Outcome {
    let target = &looked.native.target;
    match fault {
        Fault::Gone => Outcome::Refused { why: format!("{} `{target}` is gone", target.kind) },
        Fault::Forbidden(why) => Outcome::Refused {
            why: format!("forbidden: grant {}: {why}", needs(&looked.native.verb, target)),
        },
        Fault::NotSent(why) => Outcome::Refused { why: format!("not sent: {why}") },
        Fault::Busy { why, .. } => {
            Outcome::Refused { why: format!("the server is busy: {why}; nothing was changed") }
        }
        Fault::Said { code: 500.., why } => Outcome::Uncertain { why: format!("the server failed: {why}") },
        Fault::Said { code, why } => Outcome::Refused { why: format!("{why} ({code})") },
        Fault::Lost(why) => {
            Outcome::Uncertain { why: format!("no answer after it was sent: {why}; it may have been done") }
        }
        Fault::Changed(why) => {
            let seen = api::read(&cluster.client, &api::path(target)).await;
            let what = match seen {
                Ok(object) => orders::changed(looked, &object),
                Err(Fault::Gone) => Some(format!("{} `{target}` is gone", target.kind)),
                Err(_) => None,
            };
            match what {
                Some(what) => Outcome::Refused { why: format!("changed since it was shown: {what}") },
                None => Outcome::Refused { why },
            }
        }
    }
}

/// `patch deployments/scale in lego-mcp`
fn needs(verb: &Verb, target: &ObjectRef) -> String {
    let resource = target.kind.plural();
    let what = match verb {
        Verb::Scale { .. } => format!("patch {resource}/scale"),
        Verb::Delete { .. } => format!("delete {resource}"),
        Verb::Shell { .. } => format!("create {resource}/exec"),
        _ => format!("patch {resource}"),
    };
    if target.namespace.is_empty() { what } else { format!("{what} in `{}`", target.namespace) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::action::Native;
    use crate::domain::object::Kind;

    #[test]
    fn what_has_no_identity_is_never_sent() {
        let target = ObjectRef {
            context: "c".into(),
            kind: Kind::Deployment,
            namespace: "shop".into(),
            name: "web".into(),
        };
        let native = Native { target, uid: "".into(), verb: Verb::Restart };
        let mut looked = Looked { native, generation: None, also: None };
        let why = nameless(&looked).expect("refused");
        assert!(why.contains("shop/web") && why.contains("nothing was sent"), "{why}");
        looked.native.uid = "u".into();
        assert_eq!(nameless(&looked), None);
    }
}
