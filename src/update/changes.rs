//! What changed, worked out from what the sources say: from what stood before, and from what tells of the last hour.
mod servers;

use std::collections::HashSet;
use std::time::Duration;

use super::table::lens;
use crate::domain::Text;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::Seen;
use crate::domain::object::{
    Configuration, Event, Facts, Hpa, Kind, Node, Object, ObjectRef, Realm, Workload,
};
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::listing::Listing;
use crate::model::{Dirty, Model};
use crate::panes::objects;
use crate::panes::things::{self, Lens};

/// Nobody asks at three in the morning what changed the day before.
const HOUR: Duration = Duration::from_hours(1);
/// More lines than this are no time line.
const MOST: usize = 500;

/// A change with the name that makes it one: told twice, it stays one.
pub struct Found {
    pub name: String,
    pub change: Change,
}

/// What a batch tells, before it is taken in: `model` still has what stood before.
pub fn before(model: &Model, batch: &[Seen<Object>]) -> Vec<Found> {
    let alerts = servers::names(batch);
    batch.iter().flat_map(|seen| told(model, seen, &alerts)).collect()
}

/// Of a container that goes, the image is remembered: another one of its name mostly comes a moment later.
pub fn remember(model: &mut Model, batch: &[Seen<Object>]) {
    for seen in batch {
        match seen {
            Seen::Gone(id) => {
                let old = model.listing(id.kind).and_then(|listing| listing.get(id));
                let Some(Facts::Container(was)) = old.map(|old| &old.facts) else { continue };
                let image = was.image.clone();
                if model.gone.len() >= MOST {
                    model.gone.pop_first();
                }
                model.gone.insert(id.clone(), image);
            }
            Seen::Is(object) => _ = model.gone.remove(&object.id),
            Seen::Begin | Seen::End => {}
        }
    }
}

/// The rollouts of the last hour. They can be told only once everything has come: a revision beside the one before
/// it. Those that begin from then on are seen in their deployments.
pub fn rollouts(model: &Model) -> Vec<Found> {
    let sets = model.listing(Kind::ReplicaSet);
    sets.into_iter().flat_map(Listing::all).filter_map(|set| rolled_out(model, set)).collect()
}

fn told(model: &Model, seen: &Seen<Object>, alerts: &HashSet<Text>) -> Vec<Found> {
    match seen {
        Seen::Is(object) => {
            let old = model.listing(object.id.kind).and_then(|listing| listing.get(&object.id));
            match &object.facts {
                Facts::Event(event) => of_event(model, object, event).into_iter().collect(),
                _ if object.id.kind.realm() != Realm::Kubernetes => {
                    servers::told(model.now, old, model.gone.get(&object.id), object)
                }
                facts => old.map_or_else(Vec::new, |old| of_difference(model, old, object, facts)),
            }
        }
        Seen::Gone(id) => {
            let old = model.listing(id.kind).and_then(|listing| listing.get(id));
            old.and_then(|old| servers::ended(model.now, old, alerts)).into_iter().collect()
        }
        Seen::Begin | Seen::End => Vec::new(),
    }
}

fn of_difference(model: &Model, old: &Object, new: &Object, facts: &Facts) -> Vec<Found> {
    match (&old.facts, facts) {
        (Facts::Workload(was), Facts::Workload(is)) if new.id.kind != Kind::ReplicaSet => {
            of_workload(model, new, was, is)
        }
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

fn of_event(model: &Model, object: &Object, event: &Event) -> Option<Found> {
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
fn rolled_out(model: &Model, set: &Object) -> Option<Found> {
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
fn image(old: &str, new: &str) -> Option<String> {
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

pub fn found_at(what: ChangeKind, target: &ObjectRef, at: Timestamp, says: String, level: Level) -> Found {
    let name = format!("{} {} {} {} {}", what.name(), target.context, target.kind, target, at.0);
    Found {
        name,
        change: Change { at, what, target: target.clone(), says: says.into(), level, suspect: false },
    }
}

/// Takes what was found into the time line.
pub fn add(model: &mut Model, found: Vec<Found>) {
    if found.is_empty() {
        return;
    }
    let lens = lens!(model, Kind::Change);
    let listing = model.objects.entry(Kind::Change).or_default();
    // Of a storm the newest are kept anyway.
    let skip = found.len().saturating_sub(MOST);
    for Found { name, change } in found.into_iter().skip(skip) {
        let id = ObjectRef {
            context: change.target.context.clone(),
            kind: Kind::Change,
            namespace: Text::default(),
            name: name.into(),
        };
        let same = |known: &Object| repeats(known, &change) || told_by_event(known, &change);
        if listing.get(&id).is_some() || listing.all().any(same) {
            continue;
        }
        let facts = Facts::Change(Box::new(change.clone()));
        let object =
            Object { id, uid: Text::default(), created: change.at, deleting: false, owner: None, facts };
        listing.apply(&Feed::Changes, vec![Seen::Is(object)], |object| objects::rank(&lens, object));
        while listing.total() > MOST {
            // What set a storm of alerts off is kept longer than the alerts, and suspects longest.
            let spare = |object: &&Object| match &object.facts {
                Facts::Change(change) => (change.suspect, change.what != ChangeKind::Alert, change.at),
                _ => (false, false, Timestamp(0)),
            };
            let oldest = listing.all().min_by_key(spare).map(|object| object.id.clone());
            let Some(oldest) = oldest else { break };
            listing.apply(&Feed::Changes, vec![Seen::Gone(oldest)], |object| objects::rank(&lens, object));
        }
    }
    if model.board.kind == Kind::Change || shows_overview(model) {
        model.mark_dirty(Dirty::Soon);
    }
}

/// What happens to the same thing again and again is one line: a crash loop would fill the screen.
fn repeats(known: &Object, new: &Change) -> bool {
    const WITHIN: u64 = 10 * 60 * 1000;
    match &known.facts {
        Facts::Change(old) => {
            old.target == new.target && old.says == new.says && old.at.0.abs_diff(new.at.0) < WITHIN
        }
        _ => false,
    }
}

/// What an event told already is not told again by the difference that is seen a moment later.
fn told_by_event(known: &Object, new: &Change) -> bool {
    match &known.facts {
        Facts::Change(old) if known.id.name.starts_with("event ") => {
            old.what == new.what && old.target == new.target && old.at.0.abs_diff(new.at.0) < 60_000
        }
        _ => false,
    }
}

fn shows_overview(model: &Model) -> bool {
    crate::panes::layout::layout(model).pane(PaneKind::Overview).is_some()
}

/// Marks a change as a suspect, or takes that back.
pub fn suspect(model: &mut Model) {
    let Some(id) = things::selected(model).filter(|id| id.kind == Kind::Change) else { return };
    let lens = lens!(model, Kind::Change);
    let listing = model.objects.entry(Kind::Change).or_default();
    let Some(mut object) = listing.get(&id).cloned() else { return };
    if let Facts::Change(change) = &mut object.facts {
        change.suspect = !change.suspect;
    }
    listing.apply(&Feed::Changes, vec![Seen::Is(object)], |object| objects::rank(&lens, object));
    model.mark_dirty(Dirty::Now);
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
