//! What the variables of a script may hold, as far as its text says.
//!
//! Order is not followed: a variable may hold every value that it is given anywhere. So a loop or a function
//! that sets it late hides nothing.
use std::collections::HashMap;

use crate::commands::tools::Word;

/// Values of one variable that are kept apart.
const MOST: usize = 64;
/// Bytes of one value, and of all.
const LONGEST: usize = 100_000;
const ALL: usize = 4 << 20;
/// What stands for a piece that is not known.
pub const UNKNOWN: char = '\u{fffc}';

/// A value: one word, or the elements of an array.
pub type Value = Vec<Word>;

#[derive(Debug, Default)]
struct Held {
    values: Vec<Value>,
    /// More than are kept.
    overflows: bool,
}

#[derive(Debug, Default)]
pub struct Values {
    held: HashMap<String, Held>,
    /// Bytes that are held.
    size: usize,
}

impl Values {
    /// Adds one value that a variable may have.
    pub fn add(&mut self, name: &str, value: Value) {
        let held = self.held.entry(name.to_owned()).or_default();
        let size = value.iter().map(|word| word.text.len() + 8).sum::<usize>();
        if held.overflows || held.values.contains(&value) {
            return;
        }
        if held.values.len() < MOST && size < LONGEST && self.size + size < ALL {
            self.size += size;
            held.values.push(value);
        } else {
            held.overflows = true;
        }
    }

    /// What `+=` makes of each value; the piece may also stand alone.
    pub fn append(&mut self, name: &str, value: &Value, array: bool) {
        if self.overflows(name) {
            return;
        }
        let before: Vec<Value> = self.held.get(name).map(|held| held.values.clone()).unwrap_or_default();
        self.add(name, value.clone());
        for mut longer in before {
            match (array, longer.last_mut(), value.first()) {
                (false, Some(last), Some(more)) => {
                    last.text.push_str(&more.text);
                    last.known &= more.known;
                }
                _ => longer.extend(value.iter().cloned()),
            }
            self.add(name, longer);
        }
    }

    /// All values that it may hold; nothing if the script never sets it.
    pub fn of(&self, name: &str) -> &[Value] {
        self.held.get(name).map_or(&[], |held| held.values.as_slice())
    }

    pub fn overflows(&self, name: &str) -> bool {
        self.held.get(name).is_some_and(|held| held.overflows)
    }
}

/// A word of which nothing is known.
pub fn unknown() -> Word {
    Word { text: UNKNOWN.to_string(), known: false, bare: false }
}

/// A word that is all text.
pub fn known(text: &str, bare: bool) -> Word {
    Word { text: text.to_owned(), known: is_known(text), bare }
}

/// Nothing in it is unknown.
pub fn is_known(text: &str) -> bool {
    text.is_ascii() || !text.contains(UNKNOWN)
}
