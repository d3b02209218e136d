//! From a key on a row to what would be done, for every realm but Kubernetes.
mod alerts;
mod compose;
mod containers;
pub mod database;
mod redis;
pub mod vitals;

pub use compose::Part;

use super::{changes, groups, table};
use crate::domain::action::Native;
use crate::domain::alert::AlertFacts;
use crate::domain::log::Follow;
use crate::domain::news::Seen;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::settings::Action;
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::msg::Effect;
use crate::model::{Acknowledged, Dirty, Model};

/// What `action` would do to `target`; an error says what it is for.
pub fn native(model: &Model, action: Action, target: &ObjectRef) -> Result<Native, String> {
    let object = model.listing(target.kind).and_then(|listing| listing.get(target));
    let object = object.ok_or_else(|| format!("{} {target} is gone", target.kind))?;
    match target.kind.realm() {
        Realm::Containers => containers::native(model, action, object),
        Realm::Alerts => alerts::native(model, action, object),
        Realm::Database => database::native(model, action, object),
        Realm::Redis => redis::native(model, action, object),
        Realm::Kubernetes | Realm::Vitals | Realm::Changes => Err(nothing(action, object)),
    }
}

/// What is meant by these rows, where an action is of something else than what is selected.
pub fn meant(model: &Model, action: Action, targets: Vec<ObjectRef>) -> Result<Vec<ObjectRef>, String> {
    match targets.first().map(|target| target.kind.realm()) {
        Some(Realm::Alerts) => alerts::meant(model, action, targets),
        _ => Ok(targets),
    }
}

/// What was said before this start stands, where the alert it was said of still does.
pub fn acknowledged_before(model: &mut Model, all: Vec<(ObjectRef, String, Timestamp)>) {
    for (alert, by, at) in all {
        let said = Acknowledged { by, at, before: true };
        let began = model.listing(Kind::Alert).and_then(|listing| listing.get(&alert)).and_then(began);
        if !is_of_another(&said, began, model.now) {
            let recent = model.now.since(said.at) < changes::HOUR;
            let told = changes::acknowledged(model, std::slice::from_ref(&alert), &said.by, false, said.at);
            changes::add(model, told.filter(|_| recent).into_iter().collect());
            model.acknowledged.entry(alert).or_insert(said);
        }
    }
    groups::rebuild(model);
    model.mark_dirty(Dirty::Soon);
}

fn began(object: &Object) -> Option<Timestamp> {
    match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => alert.since,
        _ => None,
    }
}

/// One that fires again is another alert, of which nothing was said. An Alertmanager that was not told when one began
/// says that it begins when it ends: that tells nothing.
fn is_of_another(said: &Acknowledged, began: Option<Timestamp>, now: Timestamp) -> bool {
    said.before && began.is_some_and(|began| began > said.at && began <= now)
}

/// What is heard of alerts, before it is taken in: those that ended, or began anew, are cared for by nobody.
pub fn forget_ended(model: &mut Model, batch: &[Seen<Object>]) {
    for seen in batch {
        match seen {
            Seen::Gone(id) => {
                model.acknowledged.remove(id);
            }
            Seen::Is(object) => {
                if model
                    .acknowledged
                    .get(&object.id)
                    .is_some_and(|said| is_of_another(said, began(object), model.now))
                {
                    model.acknowledged.remove(&object.id);
                }
            }
            Seen::Begin | Seen::End => {}
        }
    }
}

/// From an alert to the silences that hold it back, or to the alert that does; from a silence to what it holds.
pub fn held(model: &mut Model, target: &ObjectRef) -> Vec<Effect> {
    if target.kind == Kind::Silence {
        let Some(filter) = alerts::what_it_holds(model, target) else { return Vec::new() };
        let effects = table::show(model, Kind::Alert);
        table::filter(model, &filter);
        return effects;
    }
    let holding = alerts::holding(model, std::slice::from_ref(target));
    let [first, ..] = holding.as_slice() else {
        let members = groups::members(model, target);
        let inhibitor = members.iter().find_map(|alert| alerts::inhibitor(model, alert));
        let says = match &inhibitor {
            Some(_) => "this alert holds it back".to_owned(),
            None => format!("nothing that is in view holds {target} back"),
        };
        if let Some(other) = inhibitor {
            table::select(model, other);
        }
        model.say(says, false);
        return Vec::new();
    };
    let (first, many) = (first.clone(), holding.len() > 1);
    let effects = table::show(model, Kind::Silence);
    if many {
        let ids: Vec<&str> = holding.iter().map(|id| &*id.name).collect();
        table::filter(model, &format!("id=~\"{}\"", ids.join("|")));
    }
    table::select(model, first);
    effects
}

/// The things that an action makes sense for, where it does for any of several, and what is said of the others.
pub fn fitting(model: &Model, action: Action, targets: Vec<ObjectRef>) -> (Vec<ObjectRef>, Option<String>) {
    if targets.len() < 2 || targets.iter().any(|target| target.kind != Kind::Container) {
        return (targets, None);
    }
    containers::fitting(model, action, targets)
}

/// Puts what is done one after another into its order.
pub fn order(model: &Model, natives: Vec<Native>) -> Vec<Native> {
    match natives.first().map(|native| native.target.kind) {
        Some(Kind::Container) => compose::order(model, natives),
        _ => natives,
    }
}

/// Marks all that belongs together, or takes these marks away.
pub fn mark(model: &mut Model, target: &ObjectRef, part: Part) -> Vec<Effect> {
    let (text, bad) = match compose::mark(model, target, part) {
        Ok(did) => (did, false),
        Err(why) => (why, true),
    };
    model.say(text, bad);
    Vec::new()
}

/// The logs of all that belongs together.
pub fn together(model: &Model, target: &ObjectRef, part: Part) -> Result<Follow, String> {
    compose::follow(model, target, part)
}

/// The logs of what is marked.
pub fn of_marked(model: &Model, things: Vec<ObjectRef>) -> Follow {
    compose::follow_marked(model, things)
}

/// What has to be typed before it can be asked: the title of the line, and what stands in it.
pub fn value(model: &Model, action: Action, natives: &[Native]) -> Option<(String, String)> {
    match natives.first()?.target.kind.realm() {
        Realm::Alerts => alerts::value(model, action, natives),
        _ => None,
    }
}

/// Takes the typed value in.
pub fn typed(native: &mut Native, action: Action, text: &str) -> Result<(), String> {
    match native.target.kind.realm() {
        Realm::Alerts => alerts::typed(native, action, text),
        _ => Ok(()),
    }
}

/// Asks that the marked alerts, or this one, are recorded as cared for; once more takes it back.
pub fn acknowledge(model: &mut Model, target: &ObjectRef) -> Vec<Effect> {
    if groups::marking(target.kind) != Kind::Alert {
        model.say(format!("acknowledge works on alerts, not on a {}", target.kind), true);
        return Vec::new();
    }
    // What was opened is what is read: marks that stand in the table behind it are not meant.
    let opened = model.board.focus == PaneKind::Detail;
    let mut marked = if opened { Vec::new() } else { super::act::marked(model) };
    marked.retain(|id| id.kind == Kind::Alert);
    let alerts = if marked.is_empty() { groups::members(model, target) } else { marked };
    let no_longer = alerts.iter().all(|alert| model.acknowledged.contains_key(alert));
    vec![Effect::Acknowledge { alerts, no_longer }]
}

/// It is on disk.
pub fn acknowledged(model: &mut Model, alerts: Vec<ObjectRef>, by: &str, no_longer: bool) {
    let (n, at) = (alerts.len(), model.now);
    let told = changes::acknowledged(model, &alerts, by, no_longer, at);
    changes::add(model, told.into_iter().collect());
    for alert in alerts {
        if no_longer {
            model.acknowledged.remove(&alert);
        } else {
            model.acknowledged.insert(alert, Acknowledged { by: by.to_owned(), at, before: false });
        }
    }
    groups::rebuild(model);
    let alerts = if n == 1 { "alert".to_owned() } else { format!("{n} alerts") };
    model.say(
        if no_longer {
            format!("{alerts} no longer acknowledged")
        } else {
            format!("{alerts} acknowledged by {by}; nothing is silenced, pager not told")
        },
        false,
    );
}

/// The address of an alert's runbook, to be copied.
pub fn runbook(model: &mut Model, target: &ObjectRef) -> Vec<Effect> {
    let members = groups::members(model, target);
    let found = members.iter().find_map(|id| match &model.listing(id.kind)?.get(id)?.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => alert.runbook.clone(),
        _ => None,
    });
    let Some(address) = found else {
        model.say(
            format!("{} {target} names no runbook: it has no annotation `runbook_url`", target.kind),
            false,
        );
        return Vec::new();
    };
    vec![Effect::Copy(address.to_string())]
}

/// The address of what an alert comes from, to be copied.
pub fn source(model: &mut Model, target: &ObjectRef) -> Vec<Effect> {
    let object = model.listing(target.kind).and_then(|listing| listing.get(target));
    let address = match object.map(|object| &object.facts) {
        Some(Facts::Alerts(AlertFacts::Alert(alert))) => alert.generator.clone(),
        Some(Facts::Alerts(AlertFacts::Target(target))) => Some(target.url.clone()),
        _ => None,
    };
    let Some(address) = address else {
        model.say(format!("{} {target} names no source", target.kind), false);
        return Vec::new();
    };
    vec![Effect::Copy(address.to_string())]
}

/// What is said of a key that means nothing for a row.
fn nothing(action: Action, object: &Object) -> String {
    format!("{} does nothing to a {}", action.name().replace('-', " "), object.id.kind)
}
