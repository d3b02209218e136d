//! A line that is typed at the foot of a pane: a filter, a search, a value.
use super::{act, detail, incident, lines, run, shelf, table};
use crate::domain::settings::{Action, Key, KeyCode};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::input::Input;
use crate::model::msg::Effect;
use crate::model::overlay::{Ask, Overlay};

pub fn ask(model: &mut Model, ask: Ask, text: &str) {
    model.overlays.push(Overlay::Line { ask, input: Input::with(text) });
}

/// `/` in this pane.
pub fn open_line(model: &mut Model) {
    match model.board.focus {
        PaneKind::Things => {
            let text = model.board.filter.text().to_owned();
            ask(model, Ask::Filter, &text);
        }
        PaneKind::Overview => {
            let (filter, enter) = (model.key(Action::Filter), model.key(Action::Enter));
            model.say(format!("`{filter}` looks through a table: {enter} opens one"), false);
        }
        PaneKind::Detail | PaneKind::Checklist => ask(model, Ask::FindText, ""),
        PaneKind::Logs => ask(model, Ask::Find, ""),
        PaneKind::Incident => incident::find(model),
        PaneKind::Runbooks => {
            let words = model.shelf.list.as_ref().map_or_else(String::new, |list| list.words.clone());
            ask(model, Ask::Runbooks, &words);
        }
    }
}

/// Edits a line; says whether the key was one that edits.
pub fn edit(input: &mut Input, key: Key) -> bool {
    match (key.code, key.ctrl) {
        (KeyCode::Char('u'), true) => input.clear(),
        (KeyCode::Char('w'), true) => input.delete_word(),
        (KeyCode::Char('a'), true) | (KeyCode::Home, _) => input.home(),
        (KeyCode::Char('e'), true) | (KeyCode::End, _) => input.end(),
        (KeyCode::Char('h'), true) | (KeyCode::Backspace, _) => input.backspace(),
        (KeyCode::Delete, _) => input.delete(),
        (KeyCode::Left, _) => input.left(),
        (KeyCode::Right, _) => input.right(),
        (KeyCode::Char(c), false) if !key.alt => input.insert(c.encode_utf8(&mut [0; 4])),
        _ => return false,
    }
    true
}

pub fn key(model: &mut Model, key: Key, action: Option<Action>) -> Vec<Effect> {
    match action {
        Some(Action::Accept) => {
            let Some(Overlay::Line { ask, input }) = model.overlays.pop() else { return Vec::new() };
            return accepted(model, ask, input.text());
        }
        Some(Action::Cancel) => {
            return match model.overlays.pop() {
                Some(Overlay::Line { ask: Ask::Filter, .. }) => {
                    table::filter(model, "");
                    Vec::new()
                }
                Some(Overlay::Line { ask: ask @ (Ask::Find | Ask::Include | Ask::Exclude), .. }) => {
                    lines::typed(model, &ask, "")
                }
                Some(Overlay::Line { ask: Ask::RunValue { .. }, .. }) => {
                    run::left(model);
                    Vec::new()
                }
                Some(Overlay::Line { ask: Ask::TimeLine, .. }) => {
                    incident::filter(model, "");
                    Vec::new()
                }
                Some(Overlay::Line { ask: Ask::Runbooks, .. }) => {
                    shelf::typed(model, "");
                    Vec::new()
                }
                _ => Vec::new(),
            };
        }
        _ => {}
    }
    if matches!(key.code, KeyCode::Down | KeyCode::Up) && run::turned(model, key.code == KeyCode::Down) {
        return Vec::new();
    }
    if let Some(Overlay::Line { input, .. }) = model.overlays.last_mut()
        && edit(input, key)
    {
        return typed(model);
    }
    Vec::new()
}

/// A filter takes effect while it is typed.
pub fn typed(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Line { ask, input }) = model.overlays.last() else { return Vec::new() };
    let (ask, text) = (ask.clone(), input.text().to_owned());
    match ask {
        Ask::Filter => {
            table::filter(model, &text);
            Vec::new()
        }
        Ask::Find | Ask::Include | Ask::Exclude => lines::typed(model, &ask, &text),
        Ask::Runbooks => {
            shelf::typed(model, &text);
            Vec::new()
        }
        Ask::TimeLine => {
            incident::filter(model, &text);
            Vec::new()
        }
        Ask::FindText
        | Ask::FindOutput
        | Ask::Step
        | Ask::Note
        | Ask::CloseIncident { .. }
        | Ask::Value { .. }
        | Ask::RunValue { .. }
        | Ask::SkipReason { .. }
        | Ask::CloseReason { .. }
        | Ask::Command { .. } => Vec::new(),
    }
}

fn accepted(model: &mut Model, ask: Ask, text: &str) -> Vec<Effect> {
    match ask {
        Ask::Filter => {
            table::filter(model, text);
            Vec::new()
        }
        Ask::FindText => {
            match model.board.focus {
                PaneKind::Checklist => shelf::find(model, text),
                _ => detail::find(model, text, false),
            }
            Vec::new()
        }
        Ask::FindOutput => run::output::find(model, text),
        Ask::Runbooks => {
            shelf::typed(model, text);
            Vec::new()
        }
        Ask::TimeLine => {
            incident::filter(model, text);
            Vec::new()
        }
        Ask::Note => incident::note(model, text),
        Ask::CloseIncident { left } => incident::close_with(model, &left, text),
        Ask::Step => {
            shelf::jump(model, text);
            Vec::new()
        }
        Ask::Find => {
            let mut effects = lines::typed(model, &ask, text);
            effects.extend(lines::found(model));
            effects
        }
        Ask::Include | Ask::Exclude => lines::typed(model, &ask, text),
        Ask::RunValue { .. } => run::given(model, &ask, text),
        Ask::SkipReason { .. } | Ask::CloseReason { .. } | Ask::Command { .. } => {
            run::typed(model, &ask, text)
        }
        Ask::Value { action, natives, .. } => act::valued(model, action, natives, text),
    }
}
