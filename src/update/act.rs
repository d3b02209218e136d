//! Asking before acting, and what became of what was done.
use crate::domain::action::{Findings, Native, Outcome};
use crate::domain::approval::QuestionId;
use crate::domain::news::ActionId;
use crate::domain::object::ObjectRef;
use crate::domain::settings::{Action, Key};
use crate::domain::time::Timestamp;
use crate::model::Model;
use crate::model::msg::Effect;
use crate::model::overlay::Ask;

use super::plan::{self, Draft};

pub use super::plan::marked;

/// An action on the marked things, or on the one that is meant.
pub fn ask(model: &mut Model, action: Action, target: &ObjectRef) -> Vec<Effect> {
    let marked = marked(model);
    let targets = if marked.is_empty() { vec![target.clone()] } else { marked };
    match plan::draft(model, action, &targets) {
        Err(why) => {
            model.say(why, true);
            Vec::new()
        }
        Ok(Draft::Ready(natives)) => question(model, natives),
        Ok(Draft::Value { title, prefilled, natives }) => {
            super::keys::ask(model, Ask::Value { title, action, natives }, &prefilled);
            Vec::new()
        }
    }
}

/// A value was typed for an action.
pub fn valued(model: &mut Model, action: Action, natives: Vec<Native>, text: &str) -> Vec<Effect> {
    match plan::with_value(action, natives, text) {
        Ok(natives) => question(model, natives),
        Err(why) => {
            model.say(why, true);
            Vec::new()
        }
    }
}

fn question(_model: &mut Model, _natives: Vec<Native>) -> Vec<Effect> {
    Vec::new()
}

pub fn key(_: &mut Model, _: Key, _: Option<Action>, _: Timestamp, _: bool) -> Vec<Effect> {
    Vec::new()
}

pub fn paste(_: &mut Model, _: &str) {}

pub fn shown(_: &mut Model, _: QuestionId, _: u32, _: Timestamp) {}

pub fn looked(_: &mut Model, _: QuestionId, _: Findings) {}

pub fn tick(_: &mut Model) -> Vec<Effect> {
    Vec::new()
}

pub fn acted(_: &mut Model, _: ActionId, _: &ObjectRef, _: Outcome) {}
