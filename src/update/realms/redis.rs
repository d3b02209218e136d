//! What can be done to the rows of the redis pane.
use super::nothing;
use crate::domain::action::Native;
use crate::domain::object::Object;
use crate::domain::settings::Action;
use crate::model::Model;

pub fn native(_model: &Model, action: Action, object: &Object) -> Result<Native, String> {
    Err(nothing(action, object))
}
