//! The keymap file and the `[keys.…]` tables: what the operator's keys mean.
use std::collections::BTreeMap;
use std::ops::Range;

use super::meant;
use super::reader::{Located, Table};
use crate::domain::settings::{Action, Key, KeyCode, Keymap, Scope};

/// One line of a keymap: `None` takes the key away.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub scope: Scope,
    pub key: Key,
    pub action: Option<Action>,
    pub line: usize,
    span: Range<usize>,
}

/// Actions that raise a question. Their keys must never answer it.
const ASKING: [Action; 9] = [
    Action::Shell,
    Action::Restart,
    Action::Scale,
    Action::Undo,
    Action::SetImage,
    Action::Delete,
    Action::ForceDelete,
    Action::Cordon,
    Action::Drain,
];

/// Ways out that must keep a key, or the cockpit could not be left.
const WAYS_OUT: [Action; 5] = [Action::Quit, Action::No, Action::Accept, Action::Cancel, Action::Close];

/// Reads the tables of a keymap, one for each place.
pub(super) fn read(table: &Table<'_, '_>) -> Vec<Binding> {
    let mut all = Vec::new();
    for scope in Scope::ALL {
        let Some(keys) = table.table(scope.name()) else { continue };
        let mut seen: BTreeMap<Key, String> = BTreeMap::new();
        for (name, value) in keys.free_texts() {
            let Some(key) = Key::parse(&name.value) else {
                keys.reader.fault(
                    &name.span,
                    format!("`{}` is no key", name.value),
                    "keys are written `q`, `R`, `Ctrl-D`, `Alt-x`, `Enter`, `Space`, `F2`, `PageDown`, `Shift-Tab`",
                );
                continue;
            };
            // Without this, a letter could no longer be typed.
            if *scope == Scope::Input
                && matches!(key, Key { code: KeyCode::Char(_), ctrl: false, alt: false })
            {
                let what = format!("`{}` is typed here, so it cannot be a key", name.value);
                keys.reader.fault(&name.span, what, "take one with `Ctrl-` or `Alt-`, or a named one");
                continue;
            }
            if let Some(other) = seen.insert(key, name.value.clone()) {
                let what = format!(
                    "`{}` is the same key as `{other}`, which has a meaning here already",
                    name.value
                );
                keys.reader.fault(&name.span, what, "keep one of the two");
                continue;
            }
            if let Ok(action) = action(&keys, *scope, &value) {
                let line = keys.reader.source.place(name.span.start).0;
                all.push(Binding { scope: *scope, key, action, line, span: name.span });
            }
        }
    }
    for danger in dangers(&apply(Keymap::default(), &all)) {
        // The line that did it: the one of this key, or the first of the place that lost its keys.
        let guilty = |binding: &&Binding| match danger.key {
            Some(key) => binding.key == key && binding.action.is_some(),
            None => binding.scope == danger.scope,
        };
        let span = all.iter().rfind(guilty).map_or(table.head(), |binding| binding.span.clone());
        table.reader.fault(&span, danger.what, danger.help);
    }
    all
}

fn action(keys: &Table<'_, '_>, scope: Scope, value: &Located<String>) -> Result<Option<Action>, ()> {
    if value.value == "none" {
        return Ok(None);
    }
    let fits = |action: &Action| {
        std::iter::successors(Some(scope), |place| place.parent()).any(|place| place == action.scope())
    };
    let Some(action) = Action::ALL.iter().find(|action| action.name() == value.value) else {
        let mut names: Vec<&str> = Action::ALL.iter().filter(|a| fits(a)).map(|a| a.name()).collect();
        names.push("none");
        let help = match meant::meant(&value.value, names) {
            Some(word) => format!("did you mean `{word}`? `firedeck keys` lists all"),
            None => "`firedeck keys` lists all; `none` takes a key away".into(),
        };
        keys.reader.fault(&value.span, format!("unknown action `{}`", value.value), help);
        return Err(());
    };
    if !fits(action) {
        let what = format!("`{}` is no action of this place", action.name());
        keys.reader.fault(&value.span, what, format!("it belongs in `[keys.{}]`", action.scope().name()));
        return Err(());
    }
    Ok(Some(*action))
}

/// What makes a keymap unsafe, or the cockpit impossible to leave.
#[derive(Debug, PartialEq)]
pub(super) struct Danger {
    scope: Scope,
    key: Option<Key>,
    pub what: String,
    pub help: String,
}

pub(super) fn dangers(map: &Keymap) -> Vec<Danger> {
    let lost = WAYS_OUT.iter().filter(|action| map.keys(**action).is_empty()).map(|action| Danger {
        scope: action.scope(),
        key: None,
        what: format!("`{}` ({}) has no key left", action.name(), action.help()),
        help: "leave it one, or give it another".into(),
    });
    let answering = map.keys(Action::Yes).into_iter().filter_map(|key| {
        let asks = Scope::ALL
            .iter()
            .filter(|place| Scope::parent(**place).is_some())
            .filter_map(|place| map.action(*place, key))
            .find(|action| ASKING.contains(action));
        let what = match asks {
            Some(action) => {
                format!("`{key}` asks for `{}`, so it cannot also be the `yes` to it", action.name())
            }
            None if key.code == KeyCode::Enter => {
                "`Enter` opens things and asks questions, so it cannot also be the `yes` to them".into()
            }
            None => return None,
        };
        let help = "choose another key for `yes`".into();
        Some(Danger { scope: Scope::Question, key: Some(key), what, help })
    });
    lost.chain(answering).collect()
}

/// The keymap with these lines in it.
fn apply(mut map: Keymap, bindings: &[Binding]) -> Keymap {
    for binding in bindings {
        map.bind(binding.scope, binding.key, binding.action);
    }
    map
}
