//! Keys of the overview: moving over its lines, and going where they lead.
use super::{detail, table};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::settings::Action;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::detail::Tab;
use crate::model::msg::Effect;
use crate::panes::layout::layout;
use crate::panes::overview::{Line, beside, here, lines, sources};

/// Says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let lines = lines(model);
    let Some(here) = here(model, &lines) else { return again(model, action, &lines) };
    let leads: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].leads()).collect();
    let nth = leads.iter().position(|at| *at == here).unwrap_or(0);
    let last = leads.len().saturating_sub(1);
    let to = match action {
        Action::Up => nth.saturating_sub(1),
        Action::Down => (nth + 1).min(last),
        Action::Top | Action::PageUp | Action::HalfUp => 0,
        Action::Bottom | Action::PageDown | Action::HalfDown => last,
        Action::Enter => return Some(open(model, &lines[here])),
        _ => return None,
    };
    model.board.glance = leads.get(to).and_then(|at| lines[*at].glance());
    Some(Vec::new())
}

/// What was selected is gone: the first key only puts the cursor somewhere, and Enter opens nothing.
fn again(model: &mut Model, action: Action, lines: &[Line]) -> Option<Vec<Effect>> {
    use Action::{Bottom, Down, HalfDown, HalfUp, PageDown, PageUp, Top, Up};
    let next = lines.get(beside(model, lines)?)?.glance();
    match action {
        Action::Enter => model.say("what was selected here is gone: choose again", true),
        Up | Down | Top | Bottom | HalfUp | HalfDown | PageUp | PageDown => model.board.glance = next,
        _ => return None,
    }
    Some(Vec::new())
}

/// Trouble that was seen at the top stays selected when worse comes above it, though nobody moved the cursor: Enter
/// opens what the eye has read.
pub fn hold(model: &mut Model) {
    if model.board.glance.is_some() || layout(model).pane(PaneKind::Overview).is_none() {
        return;
    }
    let first = sources(model).into_iter().next();
    if let Some(line @ Line::Source { level: Level::Bad | Level::Warn, .. }) = &first {
        model.board.glance = line.glance();
    }
}

fn open(model: &mut Model, line: &Line) -> Vec<Effect> {
    match line {
        Line::Source { realm, .. } => table::realm(model, *realm),
        Line::Change { target, .. } | Line::Trouble { target, .. } => land(model, target.clone()),
        Line::Fire(fire) => land(model, fire.target.clone()),
        Line::Book(fit) => super::shelf::open(model, fit.book.clone()),
        Line::More(_) => table::show(model, Kind::Alert),
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
    if target.kind == Kind::Change {
        let key = model.key(Action::Outcomes);
        model.say(format!("no pane shows what that was done to: `{key}` says how it went"), false);
        return Vec::new();
    }
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
