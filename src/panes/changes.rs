//! What changed lately, the newest first.
use std::borrow::Cow;

use super::overview::thing;
use super::tables::{Tables, left, right};
use super::{Cell, Column, Fact, Width, order, role};
use crate::domain::change::Change;
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, Object, Realm};
use crate::domain::settings::{Action, Role};
use crate::domain::time::Age;
use crate::model::Model;
use crate::model::listing::SortKey;

pub struct Changes;

const COLUMNS: &[Column] = &[
    right("AGO", 4, 13),
    left("AT", Width::Fixed(8), 9),
    left("WHAT", Width::Fixed(13), 8),
    left("WHERE", Width::Share(10, 2), 5),
    left("THING", Width::Share(18, 4), 12),
    left("CHANGE", Width::Fill(24), 20),
    left("", Width::Fixed(7), 11),
];

fn change(object: &Object) -> Option<&Change> {
    match &object.facts {
        Facts::Change(change) => Some(change),
        _ => None,
    }
}

/// Its namespace, or the server.
fn place(change: &Change) -> &str {
    if change.target.namespace.is_empty() { &change.target.context } else { &change.target.namespace }
}

/// The newest first.
pub fn newest(model: &Model) -> impl Iterator<Item = &Change> {
    let rows = model.recent.iter().filter_map(|(_, id)| model.listing(Kind::Change)?.get(id));
    rows.filter_map(change)
}

impl Tables for Changes {
    fn realm(&self) -> Realm {
        Realm::Changes
    }

    fn name(&self) -> &'static str {
        "changes"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Change]
    }

    fn columns(&self, _kind: Kind) -> &'static [Column] {
        COLUMNS
    }

    fn key(&self, object: &Object, column: Option<&str>) -> SortKey {
        let Some(change) = change(object) else { return SortKey::Missing };
        match column {
            Some("WHAT") => SortKey::Text(change.what.name().into()),
            Some("WHERE") => order::text(place(change)),
            Some("THING") => SortKey::Text(thing(&change.target).into()),
            Some("CHANGE") => SortKey::Text(change.says.clone()),
            Some("") if !change.suspect => SortKey::Missing,
            Some("") => SortKey::Number(0),
            _ => order::newest(change.at),
        }
    }

    fn cell<'m>(&self, model: &'m Model, object: &'m Object, _level: Level, column: &str) -> Cell<'m> {
        let Some(change) = change(object) else { return Cell::new("") };
        match column {
            "AGO" => Cell::new(Age(model.now.since(change.at)).to_string()).role(Role::Dim),
            "AT" => Cell::new(change.at.clock(&model.zone)).role(Role::Dim),
            "WHAT" => Cell::new(change.what.name()),
            "WHERE" => Cell::new(place(change)),
            "THING" => Cell::middle(thing(&change.target)),
            "CHANGE" => Cell::new(&*change.says).role(role(change.level)),
            _ => Cell::new(if change.suspect { "suspect" } else { "" }).role(Role::Warning),
        }
    }

    fn words<'o>(&self, object: &'o Object) -> Vec<Cow<'o, str>> {
        change(object).map_or_else(Vec::new, |change| {
            vec![
                thing(&change.target).into(),
                Cow::from(&*change.says),
                Cow::from(&*change.target.namespace),
                Cow::from(&*change.target.context),
            ]
        })
    }

    fn head(&self, _model: &Model, _kind: Kind) -> Vec<Vec<Fact>> {
        Vec::new()
    }

    fn lamp(&self, _model: &Model) -> (Level, String) {
        (Level::Done, self.name().into())
    }

    fn worst(&self, model: &Model) -> (String, String) {
        newest(model)
            .next()
            .map_or_else(Default::default, |change| (thing(&change.target), change.says.to_string()))
    }

    fn keys(&self, _kind: Kind) -> &'static [Action] {
        &[Action::Open, Action::Suspect, Action::Filter, Action::Overview, Action::Palette]
    }

    fn remedy(&self) -> &'static str {
        "nothing changed that firedeck could see: rollouts, scaling, nodes, alerts, containers and servers are told here"
    }
}
