//! Lists of words, written in one text and looked up by hash.
use std::collections::HashSet;
use std::sync::OnceLock;

/// Words between blanks.
#[derive(Debug)]
pub struct Words {
    text: &'static str,
    set: OnceLock<HashSet<&'static str>>,
}

impl Words {
    pub const fn new(text: &'static str) -> Self {
        Self { text, set: OnceLock::new() }
    }

    pub fn contains(&self, word: &str) -> bool {
        self.set.get_or_init(|| self.text.split_whitespace().collect()).contains(word)
    }
}
