//! Keys of the overview: moving over its lines, and going where they lead.
use super::{detail, table};
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::detail::Tab;
use crate::model::msg::Effect;
use crate::panes::overview::{Line, lines};

/// Says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let last = lines(model).iter().filter(|line| line.leads()).count().saturating_sub(1);
    let here = model.board.glance.min(last);
    model.board.glance = match action {
        Action::Up => here.saturating_sub(1),
        Action::Down => (here + 1).min(last),
        Action::Top | Action::PageUp | Action::HalfUp => 0,
        Action::Bottom | Action::PageDown | Action::HalfDown => last,
        Action::Open => return Some(open(model, here)),
        _ => return None,
    };
    Some(Vec::new())
}

fn open(model: &mut Model, here: usize) -> Vec<Effect> {
    match lines(model).into_iter().filter(Line::leads).nth(here) {
        Some(Line::Source { realm, .. }) => table::realm(model, realm),
        Some(Line::Change { target, .. }) => land(model, target),
        _ => Vec::new(),
    }
}

/// From a line of the time line to what it happened to.
pub fn follow(model: &mut Model, change: &ObjectRef) -> Vec<Effect> {
    let object = model.listing(Kind::Change).and_then(|listing| listing.get(change));
    match object.map(|object| &object.facts) {
        Some(Facts::Change(change)) => {
            let target = change.target.clone();
            land(model, target)
        }
        _ => Vec::new(),
    }
}

fn land(model: &mut Model, target: ObjectRef) -> Vec<Effect> {
    let mut effects = table::show(model, target.kind);
    table::select(model, target.clone());
    effects.extend(detail::open(model, target, Tab::Describe));
    effects
}

/// To the overview, from anywhere.
pub fn show(model: &mut Model) -> Vec<Effect> {
    let before = table::watched(model);
    model.board.focus = PaneKind::Overview;
    let now = table::watched(model);
    if now == before { Vec::new() } else { vec![Effect::Watch(now)] }
}
