//! What changed, worked out from what the sources say: from what stood before, and from what tells of the last hour.
mod cluster;
pub mod deeds;
mod servers;

use std::collections::HashSet;
use std::time::Duration;

use super::table::lens;
use crate::domain::Text;
use crate::domain::alert::AlertFacts;
use crate::domain::change::{Change, ChangeKind};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::Seen;
use crate::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use crate::domain::time::Timestamp;
use crate::model::board::PaneKind;
use crate::model::listing::Listing;
use crate::model::msg::Effect;
use crate::model::{Dirty, Model};
use crate::panes::objects;
use crate::panes::things::{self, Lens};
pub use cluster::{comes_and_goes, deleted};
use cluster::{created, image, of_difference, of_event, rolled_out};

/// Nobody asks at three in the morning what changed the day before.
pub const HOUR: Duration = Duration::from_hours(1);
/// More lines than this are no time line.
const MOST: usize = 500;
const DELETED: &str = "deleted";

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
                facts => match old {
                    Some(old) => of_difference(model, old, object, facts),
                    None => created(model, object).into_iter().collect(),
                },
            }
        }
        Seen::Gone(id) => {
            let old = model.listing(id.kind).and_then(|listing| listing.get(id));
            old.and_then(|old| servers::ended(model.now, old, alerts)).into_iter().collect()
        }
        Seen::Begin | Seen::End => Vec::new(),
    }
}

/// Who cares for an alert, or no longer does.
pub fn acknowledged(
    model: &Model,
    alerts: &[ObjectRef],
    by: &str,
    no_longer: bool,
    at: Timestamp,
) -> Option<Found> {
    let first = alerts.first()?;
    let object = model.listing(first.kind).and_then(|listing| listing.get(first));
    let apart = match object.map(|object| &object.facts) {
        Some(Facts::Alerts(AlertFacts::Alert(alert))) => &*alert.apart,
        _ => "",
    };
    let others = match alerts.len() - 1 {
        0 => String::new(),
        n => format!(", and {n} more"),
    };
    let word = if no_longer { "no longer acknowledged by" } else { "acknowledged by" };
    let says = servers::with_labels(&format!("{word} {by}"), apart);
    Some(found_at(ChangeKind::Alert, first, at, format!("{says}{others}"), Level::Fine))
}

pub fn found_at(what: ChangeKind, target: &ObjectRef, at: Timestamp, says: String, level: Level) -> Found {
    let mut name = format!("{} {} {} {} {}", what.name(), target.context, target.kind, target, at.0);
    if matches!(what, ChangeKind::Scaling | ChangeKind::Node | ChangeKind::Configuration) {
        // Our clock ticks rarely: two edits of one thing are two lines.
        name = format!("{name} {says}");
    }
    Found {
        name,
        change: Change {
            at,
            what,
            target: target.clone(),
            says: says.into(),
            level,
            suspect: false,
            was: None,
        },
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
        let id = id_of(&change.target, name.into());
        let same = |known: &Object| repeats(known, &change) || told_by_event(known, &change);
        if listing.get(&id).is_some() || listing.all().any(same) {
            continue;
        }
        let facts = Facts::Change(Box::new(change.clone()));
        let at = model.recent.partition_point(|(other, _)| *other >= change.at);
        model.recent.insert(at, (change.at, id.clone()));
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
            model.recent.retain(|(_, id)| *id != oldest);
            listing.apply(&Feed::Changes, vec![Seen::Gone(oldest)], |object| objects::rank(&lens, object));
        }
    }
    if model.board.kind == Kind::Change || model.wall || shows_overview(model) {
        model.mark_dirty(Dirty::Soon);
    }
}

fn change(object: &Object) -> Option<&Change> {
    match &object.facts {
        Facts::Change(change) => Some(change),
        _ => None,
    }
}

fn id_of(target: &ObjectRef, name: Text) -> ObjectRef {
    ObjectRef { context: target.context.clone(), kind: Kind::Change, namespace: "".into(), name }
}

/// What happens to the same thing again and again is one line: a crash loop would fill the screen.
fn repeats(known: &Object, new: &Change) -> bool {
    const WITHIN: u64 = 10 * 60 * 1000;
    match &known.facts {
        // What is done twice was done twice.
        Facts::Change(old) => {
            new.what != ChangeKind::Deed
                && old.target == new.target
                && old.says == new.says
                && old.at.0.abs_diff(new.at.0) < WITHIN
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

/// Marks a change as a suspect, or takes that back; both are recorded.
pub fn suspect(model: &mut Model) -> Vec<Effect> {
    let Some(id) = things::selected(model).filter(|id| id.kind == Kind::Change) else { return Vec::new() };
    let Some(mut object) = model.listing(Kind::Change).and_then(|all| all.get(&id)).cloned() else {
        return Vec::new();
    };
    let Facts::Change(change) = &mut object.facts else { return Vec::new() };
    change.suspect = !change.suspect;
    let marked = Effect::Suspect { name: id.name.to_string(), change: change.clone() };
    put(model, object);
    model.mark_dirty(Dirty::Now);
    vec![marked]
}

/// The suspects that the journal has from before this start.
pub fn suspected(model: &mut Model, suspects: Vec<(String, Change)>) {
    for (name, change) in suspects {
        let id = id_of(&change.target, name.as_str().into());
        match model.listing(Kind::Change).and_then(|all| all.get(&id)).cloned() {
            // It was told of already.
            Some(mut object) => {
                if let Facts::Change(known) = &mut object.facts {
                    known.suspect = true;
                }
                put(model, object);
            }
            None => add(model, vec![Found { name, change }]),
        }
    }
}

/// Puts a line in the place of the one that is known by its name.
fn put(model: &mut Model, object: Object) {
    let lens = lens!(model, Kind::Change);
    let listing = model.objects.entry(Kind::Change).or_default();
    listing.apply(&Feed::Changes, vec![Seen::Is(object)], |object| objects::rank(&lens, object));
    model.mark_dirty(Dirty::Soon);
}

/// What is gone, as it was when it was seen last.
pub fn last_seen<'m>(model: &'m Model, target: &ObjectRef) -> Option<&'m Object> {
    let there = model.listing(target.kind).is_some_and(|all| all.get(target).is_some());
    let known = || crate::panes::changes::newest(model).filter(|change| change.target == *target);
    if there { None } else { known().find_map(|change| change.was.as_deref()) }
}
