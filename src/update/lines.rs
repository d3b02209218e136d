//! The logs pane in the board: its keys, its news, its place.
use crate::domain::log::LogNews;
use crate::domain::object::ObjectRef;
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::logs::Scan;
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::panes::layout::Layout;

pub fn news(_model: &mut Model, _news: LogNews) -> Vec<Effect> {
    Vec::new()
}

pub fn scanned(_model: &mut Model, _scan: Scan) -> Vec<Effect> {
    Vec::new()
}

pub fn fit(_model: &mut Model, _places: &Layout) {}

pub fn tick(_model: &mut Model) -> Vec<Effect> {
    Vec::new()
}
pub fn act(_model: &mut Model, _action: Action) -> Option<Vec<Effect>> {
    None
}
pub fn back(_model: &mut Model) -> Option<Vec<Effect>> {
    None
}
pub fn copied(_model: &Model) -> Option<String> {
    None
}
pub fn follow(_model: &mut Model, _target: &ObjectRef, _previous: bool) -> Vec<Effect> {
    Vec::new()
}
pub fn pattern(_model: &Model, _ask: Ask) -> String {
    String::new()
}
pub fn typed(_model: &mut Model, _ask: &Ask, _text: &str) -> Vec<Effect> {
    Vec::new()
}
