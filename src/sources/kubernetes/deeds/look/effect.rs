//! What each action would do, worked out from the objects it hits.
use serde_json::Value;

use super::drain;
use crate::domain::Text;
use crate::domain::action::{Native, Verb};
use crate::domain::object::{Kind, Workload};
use crate::domain::rollout::{differ, images};
use crate::sources::kubernetes::deeds::facts::{self, containers};
use crate::sources::kubernetes::deeds::pick::{
    annotation, controller, count, flag, items, label, name, number, text, uid,
};
use crate::sources::kubernetes::deeds::revisions::{Revision, choose};

/// What was read around the target; `None` where it could not be.
#[derive(Debug, Default)]
pub(super) struct Ground {
    pub revisions: Option<Vec<Revision>>,
    pub pods: Option<Vec<Value>>,
    pub budgets: Option<Vec<Value>>,
    pub owner: Option<Value>,
}

/// What is told of one action. `verb` carries what the look filled in.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Told {
    pub verb: Option<Verb>,
    pub effect: Vec<String>,
    pub warnings: Vec<String>,
    pub undo: String,
    /// What else it hits, by identity.
    pub also: Option<Vec<Text>>,
    /// It cannot be done at all.
    pub refuse: Option<String>,
}

impl Told {
    fn refuse(why: impl Into<String>) -> Told {
        Told { refuse: Some(why.into()), ..Told::default() }
    }
}

/// Why this verb has no meaning for this kind.
pub(in crate::sources::kubernetes::deeds) fn unfit(native: &Native) -> Option<String> {
    let kind = native.target.kind;
    let rolls = matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet);
    let fits = match &native.verb {
        Verb::Restart | Verb::Undo { .. } | Verb::SetImage { .. } => rolls,
        Verb::Scale { .. } => matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::ReplicaSet),
        Verb::Delete { .. } | Verb::Shell { .. } => kind == Kind::Pod,
        Verb::Cordon | Verb::Uncordon | Verb::Drain { .. } => kind == Kind::Node,
        _ => false,
    };
    let hint = match &native.verb {
        Verb::Restart if kind == Kind::Pod => ": restart what owns it, or delete it",
        Verb::Scale { .. } if kind == Kind::DaemonSet => ": it runs one pod on every node",
        _ => "",
    };
    (!fits).then(|| format!("there is no {} for a {kind}{hint}", native.verb.name()))
}

/// Tells the effect of one action on the object as it is now.
pub(super) fn tell(native: &Native, object: &Value, ground: &Ground) -> Told {
    let kind = native.target.kind;
    let mut told = match &native.verb {
        Verb::Restart => restart(kind, object),
        Verb::Scale { from, to } => scale(kind, object, *from, *to),
        Verb::Undo { to } => undo(kind, object, *to, ground),
        Verb::SetImage { container, from, to } => set_image(kind, object, container, from, to),
        Verb::Delete { grace_seconds, force } => delete(object, *grace_seconds, *force, ground),
        Verb::Cordon => cordon(object, ground),
        Verb::Uncordon => uncordon(object),
        Verb::Drain { force, .. } => drained(object, *force, ground),
        Verb::Shell { container, command } => shell(object, container, command),
        // Of no cluster: `unfit` has refused them.
        _ => Told::default(),
    };
    if matches!(native.verb, Verb::Restart | Verb::Undo { .. } | Verb::SetImage { .. }) {
        told.warnings.extend(rolling_warnings(kind, object));
    }
    told
}

fn restart(kind: Kind, object: &Value) -> Told {
    Told {
        effect: vec![replaced(kind, object)],
        undo: "a restart cannot be taken back".into(),
        ..Told::default()
    }
}

/// `3 pods replaced, at most 1 unavailable`
fn replaced(kind: Kind, object: &Value) -> String {
    let workload = facts::workload(kind, object);
    let pods = pods(workload.desired);
    match (&*workload.strategy, kind) {
        ("OnDelete", _) => format!("nothing yet: {pods} are replaced only when they are deleted (OnDelete)"),
        ("Recreate", _) => format!("{pods} replaced, all of them stopped first (Recreate)"),
        (_, Kind::StatefulSet) => format!("{pods} replaced one by one, the highest number first"),
        _ => {
            let away = unavailable(kind, object, &workload);
            let away = if away == 0 { "none".to_owned() } else { format!("at most {away}") };
            format!("{pods} replaced, {away} unavailable at a time")
        }
    }
}

/// What the strategy allows to be away, worked out as the controller does.
fn unavailable(kind: Kind, object: &Value, workload: &Workload) -> u32 {
    let path = if kind == Kind::DaemonSet { "/spec/updateStrategy" } else { "/spec/strategy" };
    let read = |what: &str, up: bool| {
        share(object.pointer(&format!("{path}/rollingUpdate/{what}")), workload.desired, up)
    };
    let default = if kind == Kind::DaemonSet {
        1
    } else {
        share(Some(&"25%".into()), workload.desired, false).unwrap_or(0)
    };
    // A percentage of a daemon set is rounded up, that of a deployment down.
    let away = read("maxUnavailable", kind == Kind::DaemonSet).unwrap_or(default);
    if away == 0 && kind == Kind::Deployment && read("maxSurge", true) == Some(0) { 1 } else { away }
}

fn share(value: Option<&Value>, of: u32, up: bool) -> Option<u32> {
    match value? {
        Value::Number(number) => u32::try_from(number.as_u64()?).ok(),
        Value::String(text) => {
            let percent: u32 = text.strip_suffix('%')?.parse().ok()?;
            let whole = u64::from(of) * u64::from(percent);
            u32::try_from(if up { whole.div_ceil(100) } else { whole / 100 }).ok()
        }
        _ => None,
    }
}

fn scale(kind: Kind, object: &Value, from: u32, to: u32) -> Told {
    let is = facts::workload(kind, object).desired;
    let mut warnings = Vec::new();
    if is != from {
        warnings.push(format!("replicas are {is} now; they were {from} when this was asked"));
    }
    if let Some((owner, name, _)) = controller(object) {
        warnings.push(format!("owned by {owner} `{name}`, which will set the number back"));
    }
    let effect = match to {
        0 => format!("{is} → 0 replicas: nothing will serve"),
        to => format!("{is} → {to} replicas"),
    };
    let mut effect = vec![effect];
    if is == to {
        effect.push("nothing changes: it has that number already".into());
    }
    if kind == Kind::StatefulSet && to < is {
        let numbers = if is - to == 1 { to.to_string() } else { format!("{} down to {to}", is - 1) };
        effect.push(format!("the highest numbers go: `{}` {numbers}", name(object)));
    }
    Told {
        verb: Some(Verb::Scale { from: is, to }),
        effect,
        warnings,
        undo: format!("scale back to {is}"),
        ..Told::default()
    }
}

fn undo(kind: Kind, object: &Value, to: Option<u64>, ground: &Ground) -> Told {
    let Some(revisions) = &ground.revisions else {
        // Not known is not the same as not there, and a check that is late never stands in the way.
        let back = to.map_or_else(|| "the one before".to_owned(), |number| number.to_string());
        return Told {
            effect: vec![
                format!("back to revision {back}; what differs could not be read"),
                replaced(kind, object),
            ],
            undo: "undo again".into(),
            ..Told::default()
        };
    };
    let (now, then) = match choose(kind, object, revisions, to) {
        Ok(chosen) => chosen,
        Err(why) => return Told::refuse(why),
    };
    let current = object.pointer("/spec/template").unwrap_or(&Value::Null);
    let (from, back) = (now.map_or_else(|| "?".into(), |n| n.to_string()), then.number);
    let mut differences = differ(current, &then.template);
    if differences.is_empty() {
        differences.push("nothing differs".into());
    }
    if let Some(first) = differences.first_mut() {
        *first = format!("{first} (revision {from} → {back})");
    }
    differences.push(replaced(kind, object));
    Told {
        verb: Some(Verb::Undo { to: Some(back) }),
        effect: differences,
        undo: now.map(|now| format!("undo again, to revision {now}")).unwrap_or_default(),
        ..Told::default()
    }
}

fn set_image(kind: Kind, object: &Value, container: &str, from: &str, to: &str) -> Told {
    let found = containers(object, "/spec/template/spec").find(|(_, c)| text(c, "/name") == container);
    let Some((_, found)) = found else {
        return Told::refuse(format!("there is no container `{container}` in its template"));
    };
    let is = text(found, "/image");
    let mut warnings = Vec::new();
    if is != from {
        warnings.push(format!("the image is `{is}` now; it was `{from}` when this was asked"));
    }
    let (old, new) = images(is, to);
    let mut effect = vec![format!("`{container}` image {old} → {new}"), replaced(kind, object)];
    if is == to {
        effect = vec![format!("nothing changes: `{container}` has the image {to} already")];
    }
    Told {
        verb: Some(Verb::SetImage { container: container.into(), from: is.into(), to: to.into() }),
        effect,
        warnings,
        undo: format!("set it back to {is}, or undo"),
        ..Told::default()
    }
}

fn delete(object: &Value, grace: Option<u32>, force: bool, ground: &Ground) -> Told {
    let mut warnings = Vec::new();
    let what = match controller(object) {
        _ if !annotation(object, "kubernetes.io/config.mirror").is_empty() => {
            "a pod of the kubelet itself: the kubelet brings it back".to_owned()
        }
        Some(("StatefulSet", owner, _)) => {
            format!("owned by StatefulSet `{owner}`: a new one of the same name comes")
        }
        Some(("Job", owner, _)) => {
            format!("owned by Job `{owner}`: it starts another one if it may still retry")
        }
        Some((kind, owner, _)) => format!("owned by {kind} `{owner}`: a new one comes"),
        None => {
            warnings.push("it will not come back: nothing makes a new one".into());
            "owned by nothing".to_owned()
        }
    };
    let wait =
        grace.map(i64::from).or_else(|| number(object, "/spec/terminationGracePeriodSeconds")).unwrap_or(30);
    let mut effect = vec![what];
    if force {
        effect.push("removed at once, without waiting for its node".into());
        warnings.push("by force: its process may go on, and a stateful set may then run it twice".into());
    } else {
        effect.push(format!("it has {wait} s to stop"));
    }
    if let Some(owner) = &ground.owner
        && count(owner, "/spec/replicas") == 1
    {
        warnings.push("one replica only: nothing serves until the new one is ready".into());
    }
    for budget in ground.budgets.iter().flatten() {
        if budget.pointer("/spec/selector").is_some_and(|selector| facts::selects(selector, object))
            && count(budget, "/status/disruptionsAllowed") == 0
        {
            warnings
                .push(format!("PDB `{}` allows no disruption now; a delete does not ask it", name(budget)));
        }
    }
    if items(object, "/spec/volumes").iter().any(|volume| volume.get("emptyDir").is_some()) {
        effect.push("data in its emptyDir volumes is lost".into());
    }
    // An empty `undo` is what says that nothing brings it back, and asks for more than a `y`.
    let undo = match controller(object) {
        None if annotation(object, "kubernetes.io/config.mirror").is_empty() => "",
        Some(("Job", ..)) => "its job starts another one, if it may still retry",
        _ => "not needed: a new one comes",
    };
    Told { effect, warnings, undo: undo.into(), ..Told::default() }
}

fn cordon(object: &Value, ground: &Ground) -> Told {
    let stay = match &ground.pods {
        Some(all) => {
            format!("{} stay, new ones go elsewhere", pods(u32::try_from(all.len()).unwrap_or(u32::MAX)))
        }
        None => "its pods stay, new ones go elsewhere".into(),
    };
    let mut effect = vec![stay];
    if flag(object, "/spec/unschedulable") {
        effect.push("nothing changes: it is cordoned already".into());
    }
    Told { effect, undo: "uncordon".into(), ..Told::default() }
}

fn uncordon(object: &Value) -> Told {
    let mut effect = vec!["new pods may come here again".to_owned()];
    if !flag(object, "/spec/unschedulable") {
        effect.push("nothing changes: it is not cordoned".into());
    }
    Told { effect, undo: "cordon".into(), ..Told::default() }
}

fn drained(object: &Value, force: bool, ground: &Ground) -> Told {
    let Some(pods) = &ground.pods else {
        return Told {
            effect: vec!["cordoned, then its pods evicted; which ones could not be read".into()],
            undo: "uncordon; the pods do not move back by themselves".into(),
            ..Told::default()
        };
    };
    let budgets = ground.budgets.as_deref().unwrap_or_default();
    let fates = drain::fates(pods, budgets, force);
    let (effect, mut warnings) = drain::lines(&fates);
    if facts::node_ready(object).ready != Some(true) {
        warnings.push(
            "the node is not ready: evicted pods stay until it is back or they are deleted by force".into(),
        );
    }
    let also = fates.iter().filter(|fate| fate.goes()).map(|fate| fate.uid.as_str().into()).collect();
    Told {
        effect,
        warnings,
        undo: "uncordon; the pods do not move back by themselves".into(),
        also: Some(also),
        ..Told::default()
    }
}

fn shell(object: &Value, container: &str, command: &[String]) -> Told {
    let known = containers(object, "/spec").any(|(_, c)| text(c, "/name") == container);
    if !known {
        return Told::refuse(format!("there is no container `{container}` in this pod"));
    }
    let runs = if command.is_empty() { "a shell".to_owned() } else { format!("`{}`", command.join(" ")) };
    Told {
        effect: vec![format!("{runs} in `{container}`; what is typed there is not checked")],
        ..Told::default()
    }
}

/// What makes replacing pods worse than usual.
fn rolling_warnings(kind: Kind, object: &Value) -> Vec<String> {
    let workload = facts::workload(kind, object);
    let mut out = Vec::new();
    if workload.paused {
        out.push("its rollout is paused: nothing is replaced until it is resumed".into());
    }
    if workload.observed >= workload.generation && workload.updated < workload.desired && workload.desired > 0
    {
        out.push(format!(
            "a rollout is under way: {} of {} pods replaced",
            workload.updated, workload.desired
        ));
    }
    let away = kind == Kind::StatefulSet
        || &*workload.strategy == "Recreate"
        || unavailable(kind, object, &workload) > 0;
    if workload.desired == 1 && away && kind != Kind::DaemonSet {
        out.push("one replica only: nothing serves until the new one is ready".into());
    }
    let owner = label(object, "app.kubernetes.io/managed-by");
    if let Some((kind, name, _)) = controller(object).filter(|_| owner != "Helm") {
        out.push(format!("owned by {kind} `{name}`, which may put the old state back"));
    }
    out
}

fn pods(count: u32) -> String {
    if count == 1 { "1 pod".into() } else { format!("{count} pods") }
}

/// The object was seen to be another one than was shown.
pub(in crate::sources::kubernetes::deeds) fn drift(native: &Native, object: &Value) -> Option<String> {
    let target = &native.target;
    (uid(object) != &*native.uid)
        .then(|| format!("{} `{target}` was deleted and made anew since it was shown", target.kind))
}

#[cfg(test)]
mod tests;
