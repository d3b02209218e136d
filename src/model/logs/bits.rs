//! A set of lines, one bit each: a million lines cost 125 kB, and the next one in it is found at once.
use std::collections::VecDeque;

use crate::domain::log::LineId;

const WIDTH: u64 = 64;

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Bits {
    /// Which word the first is.
    base: u64,
    words: VecDeque<u64>,
    count: u64,
}

impl Bits {
    pub fn count(&self) -> u64 {
        self.count
    }

    pub fn insert(&mut self, line: LineId) {
        let (word, bit) = (line.0 / WIDTH, 1 << (line.0 % WIDTH));
        if self.words.is_empty() {
            self.base = word;
        }
        // Nothing is looked for among lines that were let go.
        let Some(place) = word.checked_sub(self.base).and_then(|at| usize::try_from(at).ok()) else { return };
        if place >= self.words.len() {
            self.words.resize(place + 1, 0);
        }
        if let Some(word) = self.words.get_mut(place) {
            self.count += u64::from(*word & bit == 0);
            *word |= bit;
        }
    }

    pub fn contains(&self, line: LineId) -> bool {
        self.word(line.0 / WIDTH) >> (line.0 % WIDTH) & 1 == 1
    }

    /// The first at or after `from`.
    pub fn next(&self, from: LineId) -> Option<LineId> {
        let mut word = (from.0 / WIDTH).max(self.base);
        let mut mask = if word == from.0 / WIDTH { u64::MAX << (from.0 % WIDTH) } else { u64::MAX };
        while word < self.base + self.words.len() as u64 {
            let found = self.word(word) & mask;
            if found != 0 {
                return Some(LineId(word * WIDTH + u64::from(found.trailing_zeros())));
            }
            mask = u64::MAX;
            word += 1;
        }
        None
    }

    /// The last at or before `from`.
    pub fn prev(&self, from: LineId) -> Option<LineId> {
        let last = (self.base + self.words.len() as u64).checked_sub(1)?;
        let mut word = (from.0 / WIDTH).min(last);
        let mut mask =
            if word == from.0 / WIDTH { u64::MAX >> (WIDTH - 1 - from.0 % WIDTH) } else { u64::MAX };
        loop {
            let found = self.word(word) & mask;
            if found != 0 {
                return Some(LineId(word * WIDTH + WIDTH - 1 - u64::from(found.leading_zeros())));
            }
            if word <= self.base {
                return None;
            }
            mask = u64::MAX;
            word -= 1;
        }
    }

    /// How many lie in `from..to`.
    pub fn between(&self, from: LineId, to: LineId) -> u64 {
        if to <= from {
            return 0;
        }
        let (first, last) = (from.0 / WIDTH, (to.0 - 1) / WIDTH);
        let end = self.base + self.words.len() as u64;
        let inside = |word: u64| {
            let mut mask = u64::MAX;
            if word == first {
                mask &= u64::MAX << (from.0 % WIDTH);
            }
            if word == last {
                mask &= u64::MAX >> (WIDTH - 1 - (to.0 - 1) % WIDTH);
            }
            u64::from((self.word(word) & mask).count_ones())
        };
        (first.max(self.base)..(last + 1).min(end)).map(inside).sum()
    }

    /// Takes in another set.
    pub fn add(&mut self, other: &Bits) {
        let mut at = LineId(0);
        while let Some(line) = other.next(at) {
            self.insert(line);
            at = line.plus(1);
        }
    }

    /// Lines before this one were let go.
    pub fn forget_before(&mut self, line: LineId) {
        while self.base < line.0 / WIDTH {
            let Some(word) = self.words.pop_front() else { return };
            self.count -= u64::from(word.count_ones());
            self.base += 1;
        }
        let mask = u64::MAX << (line.0 % WIDTH);
        if self.base == line.0 / WIDTH
            && let Some(word) = self.words.front_mut()
        {
            self.count -= u64::from((*word & !mask).count_ones());
            *word &= mask;
        }
    }

    fn word(&self, word: u64) -> u64 {
        let place = word.checked_sub(self.base).and_then(|at| usize::try_from(at).ok());
        place.and_then(|at| self.words.get(at)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_answers_like_any_other_set(
            mut lines in prop::collection::vec(0_u64..400, 0..60),
            forget in 0_u64..400,
            from in 0_u64..450,
            to in 0_u64..450,
        ) {
            lines.sort_unstable();
            let (mut bits, mut set) = (Bits::default(), BTreeSet::new());
            for line in lines {
                bits.insert(LineId(line));
                set.insert(line);
            }
            bits.forget_before(LineId(forget));
            set.retain(|line| *line >= forget);
            prop_assert_eq!(bits.count(), set.len() as u64);
            prop_assert_eq!(bits.next(LineId(from)).map(|l| l.0), set.range(from..).next().copied());
            prop_assert_eq!(bits.prev(LineId(from)).map(|l| l.0), set.range(..=from).next_back().copied());
            prop_assert_eq!(bits.contains(LineId(from)), set.contains(&from));
            let between = if from < to { set.range(from..to).count() as u64 } else { 0 };
            prop_assert_eq!(bits.between(LineId(from), LineId(to)), between);
        }
    }
}
