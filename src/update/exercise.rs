//! What is played in a demo or a drill: its hints one by one, and backends that are broken on purpose.
use crate::domain::exercise::Backend;
use crate::domain::settings::{Action, Key, KeyCode};
use crate::model::Model;
use crate::model::msg::Effect;
use crate::model::overlay::Overlay;

pub fn open(model: &mut Model) {
    if model.exercise.is_some() {
        model.overlays.push(Overlay::Exercise { line: 0 });
    } else {
        model.say("this is no demo and no drill: `firedeck demo` is one", true);
    }
}

/// The first line gives the next hint; each below it breaks a backend, in one way after the other.
pub(super) fn key(model: &mut Model, key: Key, action: Option<Action>) -> Vec<Effect> {
    let (Some(exercise), Some(Overlay::Exercise { line })) = (&model.exercise, model.overlays.last_mut())
    else {
        return Vec::new();
    };
    match key.code {
        KeyCode::Up | KeyCode::Char('k') => *line = line.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => *line = (*line + 1).min(Backend::ALL.len()),
        KeyCode::Enter | KeyCode::Char(' ') => {
            match line.checked_sub(1).and_then(|at| Backend::ALL.get(at)) {
                Some(backend) => {
                    return vec![Effect::Break(*backend, exercise.faults.of(*backend).next())];
                }
                None => model.hints = (model.hints + 1).min(exercise.hints.len()),
            }
        }
        _ if matches!(action, Some(Action::Close | Action::Exercise)) => {
            model.overlays.pop();
        }
        _ => {}
    }
    Vec::new()
}
