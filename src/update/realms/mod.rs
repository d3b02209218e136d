//! From a key on a row to what would be done, for every realm but Kubernetes.
mod alerts;
mod containers;
mod database;
mod redis;
pub mod vitals;

use crate::domain::action::Native;
use crate::domain::object::{Object, ObjectRef, Realm};
use crate::domain::settings::Action;
use crate::model::Model;

/// What `action` would do to `target`; an error says what it is for.
pub fn native(model: &Model, action: Action, target: &ObjectRef) -> Result<Native, String> {
    let object = model.listing(target.kind).and_then(|listing| listing.get(target));
    let object = object.ok_or_else(|| format!("{} {target} is gone", target.kind))?;
    match target.kind.realm() {
        Realm::Containers => containers::native(model, action, object),
        Realm::Alerts => alerts::native(model, action, object),
        Realm::Database => database::native(model, action, object),
        Realm::Redis => redis::native(model, action, object),
        Realm::Kubernetes | Realm::Vitals | Realm::Changes => Err(nothing(action, object)),
    }
}

/// What has to be typed before it can be asked: the title of the line, and what stands in it.
pub fn value(model: &Model, action: Action, natives: &[Native]) -> Option<(String, String)> {
    match natives.first()?.target.kind.realm() {
        Realm::Alerts => alerts::value(model, action, natives),
        _ => None,
    }
}

/// Takes the typed value in.
pub fn typed(native: &mut Native, action: Action, text: &str) -> Result<(), String> {
    match native.target.kind.realm() {
        Realm::Alerts => alerts::typed(native, action, text),
        _ => Ok(()),
    }
}

/// What is said of a key that means nothing for a row.
fn nothing(action: Action, object: &Object) -> String {
    format!("{} does nothing to a {}", action.name().replace('-', " "), object.id.kind)
}
