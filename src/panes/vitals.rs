//! Facts with their limits as rows.
use std::borrow::Cow;

use super::tables::{self, ON, Tables, left};
use super::{Cell, Column, Fact, Width};
use crate::domain::level::Level;
use crate::domain::object::{Kind, Object, Realm};
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::listing::SortKey;

pub struct Vitals;

const COLUMNS: &[Column] = &[ON, left("NAME", Width::Share(16, 4), 20)];

impl Tables for Vitals {
    fn realm(&self) -> Realm {
        Realm::Vitals
    }

    fn name(&self) -> &'static str {
        "vitals"
    }

    fn kinds(&self) -> &'static [Kind] {
        &[Kind::Vital]
    }

    fn columns(&self, _kind: Kind) -> &'static [Column] {
        COLUMNS
    }

    fn key(&self, _object: &Object, _column: Option<&str>) -> SortKey {
        SortKey::Missing
    }

    fn cell<'m>(&self, _model: &'m Model, object: &'m Object, _level: Level, column: &str) -> Cell<'m> {
        match column {
            "ON" => Cell::new(&*object.id.context),
            _ => Cell::middle(&*object.id.name),
        }
    }

    fn words<'o>(&self, _object: &'o Object) -> Vec<Cow<'o, str>> {
        Vec::new()
    }

    fn head(&self, _model: &Model, _kind: Kind) -> Vec<Vec<Fact>> {
        Vec::new()
    }

    fn lamp(&self, model: &Model) -> (Level, String) {
        if let Some(lamp) = tables::feed_lamp(model, self) {
            return lamp;
        }
        match tables::count(model, self.kinds()[0]) {
            Some((level, n)) => (level, format!("{} {n}", self.name())),
            None => (Level::Fine, self.name().into()),
        }
    }

    fn worst(&self, _model: &Model) -> (String, String) {
        (String::new(), String::new())
    }

    fn keys(&self, _kind: Kind) -> &'static [Action] {
        &[Action::Open, Action::Filter, Action::NextKind, Action::Palette]
    }

    fn remedy(&self) -> &'static str {
        "no fact is named: `[[probes]]` and `[[limits]]` in the profile"
    }
}
