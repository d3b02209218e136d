//! What can be done to the rows of the alerts pane.
use super::nothing;
use crate::domain::action::Native;
use crate::domain::object::Object;
use crate::domain::settings::Action;
use crate::model::Model;

pub fn native(_model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    Err(nothing(action, object))
}

pub fn value(_model: &Model, _action: Action, _natives: &[Native]) -> Option<(String, String)> {
    None
}

pub fn typed(_native: &mut Native, _action: Action, _text: &str) -> Result<(), String> {
    Ok(())
}
