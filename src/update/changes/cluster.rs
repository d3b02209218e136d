//! What changed in a cluster: told from how an object differs from what stood before, from events, and from the
//! replica sets of the last hour.
use super::{DELETED, Found, HOUR, change, found_at};
use crate::domain::Text;
use crate::domain::change::ChangeKind;
use crate::domain::level::Level;
use crate::domain::object::{Configuration, Event, Facts, Hpa, Kind, Node, Object, Workload};
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::listing::Listing;

pub(super) fn of_difference(model: &Model, old: &Object, new: &Object, facts: &Facts) -> Vec<Found> {
    match (&old.facts, facts) {
        (Facts::Workload(was), Facts::Workload(is)) if new.id.kind != Kind::ReplicaSet => {
            of_workload(model, new, was, is)
        }
        (Facts::Hpa(was), Facts::Hpa(is)) => of_hpa(model.now, new, was, is).into_iter().collect(),
        (Facts::Node(was), Facts::Node(is)) => of_node(model.now, new, was, is),
        (Facts::Configuration(was), Facts::Configuration(is)) => {
            of_configuration(model.now, new, was, is).into_iter().collect()
        }
        _ => Vec::new(),
    }
}

fn of_workload(model: &Model, object: &Object, was: &Workload, is: &Workload) -> Vec<Found> {
    let mut found = Vec::new();
    let images = images(&was.images, &is.images);
    let turned = was.revision.is_some() && is.revision != was.revision;
    if !images.is_empty() || turned {
        // The template changes first; its revision is counted a moment later, and then it is one line, not two.
        let revision = if turned { is.revision } else { is.revision.map(|revision| revision + 1) };
        found.push(rollout(object, images, revision, model.now));
    }
    if was.desired != is.desired {
        // What an autoscaler holds is scaled by it, as far as anybody can see.
        let named = format!("{}/{}", object.id.kind, object.id.name);
        let holds = |hpa: &&Object| {
            let scales = |hpa: &Hpa| hpa.target.eq_ignore_ascii_case(&named);
            hpa.id.namespace == object.id.namespace && matches!(&hpa.facts, Facts::Hpa(hpa) if scales(hpa))
        };
        let hpas = model.listing(Kind::Hpa);
        let holder = hpas.and_then(|all| all.all().find(holds)).map_or(&object.id, |hpa| &hpa.id);
        let level = if is.desired == 0 { Level::Warn } else { Level::Fine };
        let says = format!("{} → {} replicas", was.desired, is.desired);
        found.push(found_at(ChangeKind::Scaling, holder, model.now, says, level));
    }
    found
}

/// The kinds whose coming and going is told: what runs, and what says how much of it.
pub fn comes_and_goes(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet | Kind::DaemonSet | Kind::Hpa)
}

fn kind_of(object: &Object) -> ChangeKind {
    if object.id.kind == Kind::Hpa { ChangeKind::Scaling } else { ChangeKind::Rollout }
}

/// What was made within the hour.
pub(super) fn created(model: &Model, object: &Object) -> Option<Found> {
    if !comes_and_goes(object.id.kind) || model.now.since(object.created) >= HOUR {
        return None;
    }
    let known = model.listing(Kind::Change).into_iter().flat_map(Listing::all);
    let deleted = known.filter_map(change).any(|old| old.target == object.id && &*old.says == DELETED);
    if object.id.kind == Kind::Deployment && !deleted {
        // Its first replica set tells the same.
        return Some(rollout(object, vec!["created".into()], Some(1), object.created));
    }
    let again = if deleted { "created again" } else { "created" };
    let says = match &object.facts {
        Facts::Hpa(hpa) => format!("{again}: {} to {} replicas of {}", hpa.min, hpa.max, hpa.target),
        _ => again.to_owned(),
    };
    let mut found = found_at(kind_of(object), &object.id, object.created, says, Level::Fine);
    // It may be made anew within the moment in which it was deleted.
    found.name.push_str(" made");
    Some(found)
}

/// What is no longer there, whether its end was seen or not.
pub fn deleted(now: Timestamp, was: Object) -> Found {
    let mut found = found_at(kind_of(&was), &was.id, now, DELETED.into(), Level::Warn);
    found.name.push_str(" deleted");
    found.change.was = Some(Box::new(was));
    found
}

/// Within which bounds it scales, and what.
fn of_hpa(now: Timestamp, object: &Object, was: &Hpa, is: &Hpa) -> Option<Found> {
    let mut says = Vec::new();
    for (name, was, is) in [("min", was.min, is.min), ("max", was.max, is.max)] {
        if was != is {
            says.push(format!("{name} {was} → {is}"));
        }
    }
    if was.target != is.target {
        says.push(format!("scales {} → {}", was.target, is.target));
    }
    let any = !says.is_empty();
    any.then(|| found_at(ChangeKind::Scaling, &object.id, now, says.join(", "), Level::Fine))
}

fn of_node(now: Timestamp, object: &Object, was: &Node, is: &Node) -> Vec<Found> {
    let mut found = Vec::new();
    let mut tell =
        |says: &str, level| found.push(found_at(ChangeKind::Node, &object.id, now, says.into(), level));
    match (was.ready, is.ready) {
        (Some(true), Some(false) | None) => tell("no longer ready", Level::Bad),
        (Some(false) | None, Some(true)) => tell("ready again", Level::Fine),
        _ => {}
    }
    match (was.unschedulable, is.unschedulable) {
        (false, true) => tell("cordoned", Level::Warn),
        (true, false) => tell("uncordoned", Level::Fine),
        _ => {}
    }
    found
}

fn of_configuration(
    now: Timestamp,
    object: &Object,
    was: &Configuration,
    is: &Configuration,
) -> Option<Found> {
    let differs =
        |(key, value): &&(Text, u64)| !was.keys.iter().any(|(old, same)| old == key && same == value);
    let gone = |(key, _): &&(Text, u64)| !is.keys.iter().any(|(new, _)| new == key);
    let edited = is.keys.iter().filter(differs).map(|(key, _)| key.to_string());
    let taken = was.keys.iter().filter(gone).map(|(key, _)| format!("without {key}"));
    let keys: Vec<String> = edited.chain(taken).collect();
    let says = format!("edited: {}", keys.join(", "));
    (!keys.is_empty()).then(|| found_at(ChangeKind::Configuration, &object.id, now, says, Level::Fine))
}

/// Events that tell of a change; most tell of trouble, which the pods show better.
const TELLING: &[(&str, ChangeKind, Level)] = &[
    ("NodeNotReady", ChangeKind::Node, Level::Bad),
    ("NodeReady", ChangeKind::Node, Level::Fine),
    ("NodeNotSchedulable", ChangeKind::Node, Level::Warn),
    ("NodeSchedulable", ChangeKind::Node, Level::Fine),
    ("RegisteredNode", ChangeKind::Node, Level::Fine),
    ("RemovingNode", ChangeKind::Node, Level::Warn),
    ("Rebooted", ChangeKind::Node, Level::Warn),
    ("NodeHasDiskPressure", ChangeKind::Node, Level::Bad),
    ("NodeHasInsufficientMemory", ChangeKind::Node, Level::Bad),
    ("SystemOOM", ChangeKind::Node, Level::Bad),
    ("SuccessfulRescale", ChangeKind::Scaling, Level::Fine),
];

pub(super) fn of_event(model: &Model, object: &Object, event: &Event) -> Option<Found> {
    let (_, what, level) = TELLING.iter().find(|(reason, ..)| *reason == &*event.reason)?;
    if model.now.since(event.last) >= HOUR {
        return None;
    }
    let kind = Kind::of_api(&event.about_kind)?;
    let target = object.id.sibling(kind, event.about.clone());
    let says = match &*event.reason {
        "SuccessfulRescale" => event.message.to_string(),
        reason => spaced(reason),
    };
    let mut found = found_at(*what, &target, event.last, says, *level);
    found.name = format!("event {} {}", object.uid, event.count);
    // What was seen to happen is not told again by the event that follows it.
    let mut told = model.listing(Kind::Change).into_iter().flat_map(Listing::all);
    let already = told.any(|known| match &known.facts {
        Facts::Change(known) => {
            known.what == *what && known.target == target && known.at.0.abs_diff(event.last.0) < 60_000
        }
        _ => false,
    });
    (!already).then_some(found)
}

/// `NodeNotReady` → `node not ready`.
fn spaced(reason: &str) -> String {
    let mut words = String::with_capacity(reason.len() + 4);
    let mut upper = true;
    for c in reason.chars() {
        if c.is_uppercase() && !upper {
            words.push(' ');
        }
        upper = c.is_uppercase();
        words.extend(c.to_lowercase());
    }
    words
}

/// A revision that was made within the hour, and how it differs from the one before.
pub(super) fn rolled_out(model: &Model, set: &Object) -> Option<Found> {
    let Facts::Workload(new) = &set.facts else { return None };
    let (revision, owner) = (new.revision?, set.owner.as_ref()?);
    if model.now.since(set.created) >= HOUR {
        return None;
    }
    let of = |object: &&Object| object.owner.as_ref().is_some_and(|other| other.uid == owner.uid);
    let workload = |object: &'_ Object| match &object.facts {
        Facts::Workload(workload) => Some((workload.revision?, workload.images.clone())),
        _ => None,
    };
    let siblings = model.listing(Kind::ReplicaSet)?.all().filter(of).filter_map(workload);
    let before = siblings.filter(|(other, _)| *other < revision).max_by_key(|(other, _)| *other);
    let says = match before {
        Some((_, was)) => images(&was, &new.images),
        None if revision == 1 => vec!["created".into()],
        None => Vec::new(),
    };
    let target = set.id.sibling(Kind::Deployment, owner.name.clone());
    let deployment = Object { id: target, ..set.clone() };
    Some(rollout(&deployment, says, Some(revision), set.created))
}

fn rollout(object: &Object, mut says: Vec<String>, revision: Option<u64>, at: Timestamp) -> Found {
    says.extend(revision.map(|revision| format!("revision {revision}")));
    let mut found = found_at(ChangeKind::Rollout, &object.id, at, says.join(", "), Level::Fine);
    if let Some(revision) = revision {
        found.name = format!("rollout {} {} revision {revision}", object.id.context, object.id);
    }
    found
}

/// How images differ, without what is the same: the registry says the least, the tag says the most.
fn images(was: &[(Text, Text)], is: &[(Text, Text)]) -> Vec<String> {
    let differs = is.iter().filter_map(|(container, new)| {
        let old = was.iter().find(|(name, _)| name == container).map(|(_, old)| old)?;
        image(old, new)
    });
    differs.collect()
}

/// The same for one.
pub(super) fn image(old: &str, new: &str) -> Option<String> {
    if old == new {
        return None;
    }
    let last = |image: &str| image.rsplit('/').next().unwrap_or(image).to_owned();
    let (old, new) = (last(old), last(new));
    Some(match (old.split_once(':'), new.split_once(':')) {
        (Some((name, from)), Some((same, to))) if name == same => format!("image {from} → {to}"),
        _ => format!("image {old} → {new}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_differ_by_what_is_not_the_same() {
        let one = |image: &str| vec![(Text::from("app"), Text::from(image))];
        assert_eq!(images(&one("r.io/web:7.2.9"), &one("r.io/web:7.3.0")), ["image 7.2.9 → 7.3.0"]);
        assert_eq!(images(&one("r.io/web:1"), &one("r.io/site:2")), ["image web:1 → site:2"]);
        assert!(images(&one("r.io/web:1"), &one("r.io/web:1")).is_empty());
        assert_eq!(spaced("NodeNotReady"), "node not ready");
        assert_eq!(spaced("SystemOOM"), "system oom");
    }
}
