//! Keys to actions, by place.
use std::collections::BTreeMap;

use super::{Action, Key, Scope};

#[derive(Debug, Clone, PartialEq)]
pub struct Keymap {
    keys: BTreeMap<(Scope, Key), Action>,
}

impl Default for Keymap {
    fn default() -> Self {
        let keys = Action::ALL
            .iter()
            .flat_map(|action| {
                action
                    .default_keys()
                    .iter()
                    .filter_map(|text| Some(((action.scope(), Key::parse(text)?), *action)))
            })
            .collect();
        Keymap { keys }
    }
}

impl Keymap {
    /// What `key` means in `scope`, or in the place around it.
    pub fn action(&self, scope: Scope, key: Key) -> Option<Action> {
        let mut place = Some(scope);
        while let Some(here) = place {
            if let Some(action) = self.keys.get(&(here, key)) {
                return Some(*action);
            }
            place = here.parent();
        }
        None
    }

    /// What `key` means in this very place.
    pub fn own(&self, scope: Scope, key: Key) -> Option<Action> {
        self.keys.get(&(scope, key)).copied()
    }

    /// Gives a key a meaning in a place; `None` takes it away, so that the place around decides.
    pub fn bind(&mut self, scope: Scope, key: Key, action: Option<Action>) {
        match action {
            Some(action) => self.keys.insert((scope, key), action),
            None => self.keys.remove(&(scope, key)),
        };
    }

    /// Every key with its place and meaning, by place.
    pub fn bindings(&self) -> impl Iterator<Item = (Scope, Key, Action)> {
        self.keys.iter().map(|((scope, key), action)| (*scope, *key, *action))
    }

    /// The keys of an action, in no special order.
    pub fn keys(&self, action: Action) -> Vec<Key> {
        self.keys.iter().filter(|(_, a)| **a == action).map(|((_, key), _)| *key).collect()
    }

    /// The key of an action for a sentence: its default one where that still holds, else any; without one its name.
    pub fn named(&self, action: Action) -> String {
        let keys = self.keys(action);
        let usual = action.default_keys().iter().filter_map(|text| Key::parse(text));
        let key = usual.into_iter().find(|key| keys.contains(key)).or_else(|| keys.first().copied());
        key.map_or_else(|| action.name().to_owned(), |key| key.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_default_key_can_be_read_and_no_place_uses_one_twice() {
        let written: usize = Action::ALL.iter().map(|a| a.default_keys().len()).sum();
        assert_eq!(Keymap::default().keys.len(), written);
    }
}
