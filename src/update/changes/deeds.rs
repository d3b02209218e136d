//! What was done from here, on the time line beside what came of it.
use super::{add, change, found_at, id_of, put};
use crate::domain::action::{Outcome, Verb};
use crate::domain::change::ChangeKind;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::text::first_line;
use crate::domain::time::Timestamp;
use crate::model::{Deed, Model};

/// A line for each thing that something was done to, at the time it was done; how it went on replaces what it said.
pub fn tell(model: &mut Model, deed: &Deed) {
    let target = &deed.native.target;
    let (says, level) = match &deed.outcome {
        Outcome::Started => return,
        Outcome::Accepted { .. } | Outcome::Progress { .. } => ("accepted".to_owned(), Level::Fine),
        Outcome::Settled { says } => (first_line(says).into_owned(), Level::Fine),
        Outcome::Refused { why } => (format!("refused: {why}"), Level::Warn),
        Outcome::Uncertain { why } => (format!("may have happened: {why}"), Level::Unknown),
        Outcome::Failed { why } => (format!("failed: {why}"), Level::Bad),
    };
    let says = format!("{}: {says}", words(&deed.native.verb));
    let name = format!("deed {} {} {} {target}", deed.id.0, target.context, target.kind);
    // What was refused changed nothing.
    let refused = matches!(deed.outcome, Outcome::Refused { .. });
    if !refused || is_told(model, &name, target) {
        put_of(model, name, target, deed.began, says, level);
    }
}

/// How the names begin of what steps have changed: the journal has them too.
pub const STEP: &str = "step";

fn is_told(model: &Model, name: &str, target: &ObjectRef) -> bool {
    let id = id_of(target, name.into());
    model.listing(Kind::Change).is_some_and(|all| all.get(&id).is_some())
}

/// A line of this name, in the place of the one that is known by it.
pub fn put_of(
    model: &mut Model,
    name: String,
    target: &ObjectRef,
    at: Timestamp,
    says: String,
    level: Level,
) {
    let mut found = found_at(ChangeKind::Deed, target, at, says, level);
    found.name = name;
    let id = id_of(target, found.name.as_str().into());
    let known = model.listing(Kind::Change).and_then(|all| all.get(&id)).cloned();
    match known {
        Some(mut object) => {
            let suspect = change(&object).is_some_and(|known| known.suspect);
            object.facts = Facts::Change(Box::new(found.change));
            if let Facts::Change(change) = &mut object.facts {
                change.suspect = suspect;
            }
            put(model, object);
        }
        None => add(model, vec![found]),
    }
}

/// `scale 3 → 5`
fn words(verb: &Verb) -> String {
    let name = verb.name();
    match verb {
        Verb::Scale { from, to } => format!("{name} {from} → {to}"),
        Verb::Undo { to: Some(revision) } => format!("{name} to revision {revision}"),
        Verb::SetImage { from, to, .. } => {
            super::image(from, to).map_or_else(|| name.to_owned(), |change| format!("{name}, {change}"))
        }
        _ => name.to_owned(),
    }
}
