//! Lists of words, written in one text and looked up by hash.
use std::collections::HashSet;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// Words between blanks.
#[derive(Debug)]
pub struct Words {
    text: &'static str,
    set: OnceLock<HashSet<&'static str, BuildHasherDefault<Quick>>>,
}

/// A short hash: the words are our own, so nobody can make them collide.
#[derive(Debug, Default)]
struct Quick(u64);

impl Hasher for Quick {
    fn write(&mut self, bytes: &[u8]) {
        let (eights, rest) = bytes.as_chunks::<8>();
        for eight in eights {
            self.mix(u64::from_le_bytes(*eight));
        }
        self.mix(rest.iter().fold(0, |all, b| all << 8 | u64::from(*b)));
    }

    // What closes a text says nothing.
    fn write_u8(&mut self, _: u8) {}

    fn finish(&self) -> u64 {
        self.0
    }
}

impl Quick {
    fn mix(&mut self, word: u64) {
        self.0 = (self.0 ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 ^= self.0 >> 29;
    }
}

impl Words {
    pub const fn new(text: &'static str) -> Self {
        Self { text, set: OnceLock::new() }
    }

    pub fn contains(&self, word: &str) -> bool {
        let fill = || {
            // About as many as there are: a set that grows hashes its words again and again.
            let mut set =
                HashSet::with_capacity_and_hasher(self.text.len() / 6, BuildHasherDefault::default());
            set.extend(self.text.split_ascii_whitespace());
            set
        };
        self.set.get_or_init(fill).contains(word)
    }

    /// The same for a word in any case, where the list is in small letters.
    pub fn contains_in_any_case(&self, word: &str) -> bool {
        let small = |b: u8| b.is_ascii() && !b.is_ascii_uppercase();
        if word.bytes().all(small) { self.contains(word) } else { self.contains(&word.to_lowercase()) }
    }
}

/// Which two bytes follow each other in a text, by their last five bits, so in any case: a look at them is much
/// cheaper than a search, and most words are not in most texts.
pub struct Pairs([u32; 32]);

impl Pairs {
    pub fn of(text: &str) -> Self {
        let mut pairs = [0; 32];
        for [first, second] in text.as_bytes().array_windows() {
            if let Some(row) = pairs.get_mut(usize::from(first & 31)) {
                *row |= 1 << (second & 31);
            }
        }
        Self(pairs)
    }

    /// Whether the word could be in the text; it could as well not be.
    pub fn may_hold(&self, word: &str) -> bool {
        word.as_bytes().array_windows().all(|[first, second]| {
            self.0.get(usize::from(first & 31)).is_some_and(|row| row >> (second & 31) & 1 == 1)
        })
    }
}
