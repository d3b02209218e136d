//! Lists of words, written in one text and looked up by hash.
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// Words between blanks.
#[derive(Debug)]
pub struct Words {
    text: &'static str,
    set: OnceLock<Set>,
}

#[derive(Debug)]
struct Set {
    words: HashSet<&'static str, BuildHasherDefault<Quick>>,
    /// How long the words are that begin with a byte, one bit each: most words that are asked for are none of ours.
    lengths: [u32; 32],
}

impl Set {
    fn of(text: &'static str) -> Self {
        let mut lengths = [0; 32];
        for word in text.split_whitespace() {
            if let Some((length, slot)) = length(word).zip(slot(&mut lengths, word)) {
                *slot |= length;
            }
        }
        Self { words: text.split_whitespace().collect(), lengths }
    }

    fn contains(&self, word: &str) -> bool {
        let first = word.as_bytes().first().map_or(0, |first| usize::from(first & 31));
        self.lengths.get(first).zip(length(word)).is_some_and(|(lengths, one)| lengths & one != 0)
            && self.words.contains(word)
    }
}

/// The bit of a word's length; there is none for nothing.
fn length(word: &str) -> Option<u32> {
    (!word.is_empty()).then(|| 1 << word.len().min(31))
}

fn slot<'a>(lengths: &'a mut [u32; 32], word: &str) -> Option<&'a mut u32> {
    lengths.get_mut(usize::from(word.as_bytes().first()? & 31))
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
        self.set.get_or_init(|| Set::of(self.text)).contains(word)
    }

    /// The same for a word in any case, where the list is in small letters.
    pub fn contains_in_any_case(&self, word: &str) -> bool {
        let small = |b: u8| b.is_ascii() && !b.is_ascii_uppercase();
        if word.bytes().all(small) { self.contains(word) } else { self.contains(&word.to_lowercase()) }
    }
}

/// Words of several lists, each with the lists it is in, one bit for each.
#[derive(Debug)]
pub struct Lexicon<const N: usize> {
    lists: [&'static str; N],
    bits: OnceLock<HashMap<&'static str, u8, BuildHasherDefault<Quick>>>,
}

impl<const N: usize> Lexicon<N> {
    /// Up to eight lists.
    pub const fn new(lists: [&'static str; N]) -> Self {
        Self { lists, bits: OnceLock::new() }
    }

    /// The lists that the word is in: bit 0 is the first of them.
    pub fn lists(&self, word: &str) -> u8 {
        let read = || {
            let mut bits = HashMap::default();
            for (bit, list) in self.lists.iter().enumerate().take(8) {
                for word in list.split_whitespace() {
                    *bits.entry(word).or_default() |= 1 << bit;
                }
            }
            bits
        };
        self.bits.get_or_init(read).get(word).copied().unwrap_or_default()
    }
}

/// A text in small letters; one that has no others is not copied.
pub fn lower(text: &str) -> Cow<'_, str> {
    let small = |b: u8| b.is_ascii() && !b.is_ascii_uppercase();
    if text.bytes().all(small) { Cow::Borrowed(text) } else { Cow::Owned(text.to_lowercase()) }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_is_found_in_all_the_lists_that_hold_it_and_in_no_other() {
        static LISTS: Lexicon<2> = Lexicon::new(["drain node", "node pod"]);
        assert_eq!([LISTS.lists("drain"), LISTS.lists("node"), LISTS.lists("pod")], [0b01, 0b11, 0b10]);
        assert_eq!([LISTS.lists(""), LISTS.lists("nod"), LISTS.lists("Node")], [0, 0, 0]);
    }

    #[test]
    fn a_word_of_another_length_or_another_first_letter_is_none_of_a_list() {
        static LIST: Words = Words::new("drain a-word-that-is-longer-than-thirty-one-bytes 2");
        for word in ["drain", "a-word-that-is-longer-than-thirty-one-bytes", "2"] {
            assert!(LIST.contains(word), "{word}");
        }
        for word in ["", "drai", "drains", "train", "a-word-that-is-longer-than-thirty-two-bytes", "r"] {
            assert!(!LIST.contains(word), "{word}");
        }
        assert!(LIST.contains_in_any_case("DRAIN"));
    }

    #[test]
    fn small_letters_are_not_copied() {
        assert!(matches!(lower("drain 2"), Cow::Borrowed("drain 2")));
        assert_eq!(lower("Ärger UND"), "ärger und");
    }
}
