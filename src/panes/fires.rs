//! What fires, the most urgent first, for the overview and the wall.
use crate::domain::alert::{Alert, AlertFacts, urgency};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, ObjectRef};
use crate::domain::time::Age;
use crate::model::Model;

/// One alert in a line.
#[derive(Debug, Clone, PartialEq)]
pub struct Fire {
    pub level: Level,
    /// For how long: `3h`.
    pub age: String,
    pub name: String,
    /// How urgent, what tells it from others of its name, and who cares.
    pub says: String,
    pub target: ObjectRef,
}

/// Its place among those that fire: the worst, the most urgent, the newest; nothing where it does not.
pub fn place(object: &Object) -> Option<(Level, u8, i64)> {
    let alert = alert(object).filter(|alert| alert.fires())?;
    let urgent = if alert.missing_watchdog { 0 } else { urgency(&alert.severity) };
    Some((alert.level(), urgent, -alert.since.map_or(0, |at| at.0)))
}

/// The first few of them.
pub fn first(model: &Model, room: usize) -> impl Iterator<Item = Fire> + '_ {
    let rows = model.firing.iter().filter_map(|id| model.listing(Kind::Alert)?.get(id));
    rows.filter_map(|object| fire(model, object)).take(room)
}

fn alert(object: &Object) -> Option<&Alert> {
    match &object.facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => Some(alert),
        _ => None,
    }
}

fn fire(model: &Model, object: &Object) -> Option<Fire> {
    let alert = alert(object)?;
    let urgent = match (alert.missing_watchdog, alert.stale, &*alert.severity) {
        (true, ..) => "is missing".to_owned(),
        (_, true, severity) => format!("{severity}, stale").trim_start_matches(", ").to_owned(),
        (.., "") => "firing".to_owned(),
        (.., severity) => severity.to_owned(),
    };
    let seen = model.acknowledged.get(&object.id).map(|seen| format!("seen by {}", seen.by));
    let apart = Some(alert.apart.to_string()).filter(|apart| !apart.is_empty());
    let words: Vec<String> = [Some(urgent), seen, apart].into_iter().flatten().collect();
    Some(Fire {
        level: alert.level(),
        age: alert.since.map_or_else(|| "–".into(), |at| Age(model.now.since(at)).to_string()),
        name: alert.name.to_string(),
        says: words.join(", "),
        target: object.id.clone(),
    })
}
