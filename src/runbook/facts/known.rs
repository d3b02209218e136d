//! Words that tell what a name or a line is about, and a quick answer where none of them can be.
use std::borrow::Cow;
use std::ops::Deref;

/// Words in small letters; one that ends in `*` stands for all that begin like it.
#[derive(Debug)]
pub struct Known {
    words: &'static [&'static str],
    starts: u64,
}

impl Known {
    pub const fn new(words: &'static [&'static str]) -> Self {
        let (mut starts, mut rest) = (0, words);
        while let [word, more @ ..] = rest {
            starts |= match word.as_bytes() {
                // All letters may follow.
                [_, b'*'] => u64::MAX,
                [first, second, ..] => start(*first, *second),
                [first] => start(*first, b' '),
                [] => 0,
            };
            rest = more;
        }
        Self { words, starts }
    }

    fn holds(&self, word: &[u8]) -> bool {
        let first = word.first().map(u8::to_ascii_lowercase);
        let begins = |known: &&&str| known.as_bytes().first().copied() == first;
        self.words.iter().filter(begins).any(|known| match known.as_bytes() {
            [start @ .., b'*'] => {
                word.get(..start.len()).is_some_and(|word| word.eq_ignore_ascii_case(start))
            }
            all => word.eq_ignore_ascii_case(all),
        })
    }
}

/// Whether one of the words of a text is known, in any case.
pub fn has(text: &str, known: &Known) -> bool {
    let bytes = text.as_bytes();
    let found = starts(bytes).filter(|(_, start)| known.starts & start != 0);
    found.map(|(at, _)| bytes.get(at..).unwrap_or_default()).any(|rest| {
        let length = rest.iter().take_while(|b| is_letter(**b)).count();
        known.holds(rest.get(..length).unwrap_or_default())
    })
}

/// The places where words begin, each with the bit of its first two letters.
fn starts(bytes: &[u8]) -> impl Iterator<Item = (usize, u64)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while !is_letter(*bytes.get(at)?) {
            at += 1;
        }
        let begin = at;
        while bytes.get(at).is_some_and(|b| is_letter(*b)) {
            at += 1;
        }
        let second = if at > begin + 1 { *bytes.get(begin + 1)? } else { b' ' };
        Some((begin, start(*bytes.get(begin)?, second)))
    })
}

/// One of 64 bits for the two letters that a word begins with, in any case.
const fn start(first: u8, second: u8) -> u64 {
    let both = ((first & 31) as u32) << 5 | (second & 31) as u32;
    1 << (both.wrapping_mul(0x9e37_79b9) >> 26)
}

/// What words are made of.
fn is_letter(b: u8) -> bool {
    /// Every byte of every name is asked for: a table answers at once.
    const LETTER: [bool; 256] = {
        let mut table = [false; 256];
        let mut at: u8 = 0;
        loop {
            table[at as usize] = at.is_ascii_alphanumeric() || !at.is_ascii();
            if at == u8::MAX {
                break table;
            }
            at += 1;
        }
    };
    LETTER.get(usize::from(b)).copied().unwrap_or_default()
}

/// A text that is asked for many words: a heading, a label, the head of a column.
#[derive(Debug, Clone, Default)]
pub struct Name<'a> {
    text: Cow<'a, str>,
    /// How its words begin.
    starts: u64,
}

impl<'a> Name<'a> {
    pub fn of(text: impl Into<Cow<'a, str>>) -> Self {
        let text = text.into();
        let starts = starts(text.as_bytes()).fold(0, |all, (_, start)| all | start);
        Self { text, starts }
    }

    /// Whether one of its words is known, in any case.
    pub fn has(&self, known: &Known) -> bool {
        self.starts & known.starts != 0 && has(&self.text, known)
    }
}

impl Deref for Name<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_known_in_any_case_and_by_how_they_begin() {
        const KNOWN: &Known = &Known::new(&["rto", "metric*", "p"]);
        for text in ["RTO", "the (rto):", "Metrics", "key_metric", "P", "a p b"] {
            assert!(has(text, KNOWN), "{text}");
            assert!(Name::of(text).has(KNOWN), "{text}");
        }
        for text in ["", "rtos", "metr", "pp", "p1", "symmetric", "prto"] {
            assert!(!has(text, KNOWN), "{text}");
            assert!(!Name::of(text).has(KNOWN), "{text}");
        }
    }
}
