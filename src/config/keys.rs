//! The keymap file and the `[keys.…]` tables: what the operator's keys mean.
use std::collections::BTreeMap;

use super::meant;
use super::reader::{Located, Table};
use crate::domain::settings::{Action, Key, Keymap, Scope};

/// One line of a keymap: `None` takes the key away.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Binding {
    pub scope: Scope,
    pub key: Key,
    pub action: Option<Action>,
    pub line: usize,
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
                all.push(Binding { scope: *scope, key, action, line });
            }
        }
        check(&keys, *scope, &all);
    }
    all
}

fn action(keys: &Table<'_, '_>, scope: Scope, value: &Located<String>) -> Result<Option<Action>, ()> {
    if value.value == "none" {
        return Ok(None);
    }
    let fits = |action: &Action| action.scope() == scope || Some(action.scope()) == scope.parent();
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

/// What would make the cockpit unsafe or impossible to leave.
fn check(keys: &Table<'_, '_>, scope: Scope, bindings: &[Binding]) {
    let map = apply(Keymap::default(), bindings);
    for action in WAYS_OUT.iter().filter(|action| action.scope() == scope && map.keys(**action).is_empty()) {
        let what = format!("`{}` ({}) has no key left", action.name(), action.help());
        keys.reader.fault(&keys.head(), what, "leave it one, or give it another");
    }
    for key in map.keys(Action::Yes) {
        let asks = [Scope::Table, Scope::Logs, Scope::Text]
            .iter()
            .filter_map(|place| map.action(*place, key))
            .find(|action| ASKING.contains(action));
        let what = match asks {
            Some(action) => {
                format!("`{key}` asks for `{}`, so it cannot also be the `yes` to it", action.name())
            }
            None if key == Key::plain(crate::domain::settings::KeyCode::Enter) => {
                "`Enter` opens things and asks questions, so it cannot also be the `yes` to them".into()
            }
            None => continue,
        };
        if matches!(scope, Scope::Question | Scope::Table | Scope::Board) {
            keys.reader.fault(&keys.head(), what, "choose another key for `yes`");
        }
    }
}

/// The keymap with these lines in it.
fn apply(mut map: Keymap, bindings: &[Binding]) -> Keymap {
    for binding in bindings {
        map.bind(binding.scope, binding.key, binding.action);
    }
    map
}
