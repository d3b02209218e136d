//! Shares what repeats: thousands of pods have a handful of images, nodes and label sets.
use std::collections::HashSet;

use crate::domain::Text;
use crate::domain::pod::Labels;
use crate::domain::text::clean;

/// When a feed has seen this many different strings, sharing starts anew; what was given out lives on.
const MOST_TEXTS: usize = 1 << 16;
const MOST_LABELS: usize = 1 << 14;
/// Longer than any name may be.
const LONGEST_NAME: usize = 1 << 10;
const LONGEST_MESSAGE: usize = 1 << 12;

/// Owned by one feed's task, so nothing is locked.
#[derive(Debug, Default)]
pub(super) struct Interner {
    texts: HashSet<Text>,
    labels: HashSet<Labels>,
}

impl Interner {
    /// A shared, harmless copy.
    pub(super) fn text(&mut self, text: &str) -> Text {
        let text = clean(cut(text, LONGEST_NAME));
        if let Some(known) = self.texts.get(&*text) {
            return known.clone();
        }
        if self.texts.len() >= MOST_TEXTS {
            self.texts.clear();
        }
        let text: Text = text.into();
        self.texts.insert(text.clone());
        text
    }

    pub(super) fn some(&mut self, text: Option<&str>) -> Option<Text> {
        text.filter(|text| !text.is_empty()).map(|text| self.text(text))
    }

    /// The whole set at once: the pods of one template share it.
    pub(super) fn labels<'a>(&mut self, pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Labels {
        let set: Vec<(Text, Text)> = pairs.map(|(key, value)| (self.text(key), self.text(value))).collect();
        if let Some(known) = self.labels.get(&*set) {
            return known.clone();
        }
        if self.labels.len() >= MOST_LABELS {
            self.labels.clear();
        }
        let set: Labels = set.into();
        self.labels.insert(set.clone());
        set
    }
}

/// A harmless copy of what hardly ever repeats: names, uids.
pub(super) fn own(text: &str) -> Text {
    clean(cut(text, LONGEST_NAME)).into()
}

/// The same for what people wrote.
pub(super) fn message(text: Option<&str>) -> Option<Text> {
    text.filter(|text| !text.is_empty()).map(|text| clean(cut(text, LONGEST_MESSAGE)).into())
}

fn cut(text: &str, most: usize) -> &str {
    if text.len() <= most { text } else { &text[..text.floor_char_boundary(most)] }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_and_label_sets_are_kept_once() {
        let mut interner = Interner::default();
        assert!(Text::ptr_eq(&interner.text("nginx:1.29"), &interner.text("nginx:1.29")));
        let set = [("app", "web"), ("tier", "front")];
        assert!(Labels::ptr_eq(&interner.labels(set.into_iter()), &interner.labels(set.into_iter())));
    }

    #[test]
    fn a_feed_of_endless_names_does_not_grow_for_ever() {
        let mut interner = Interner::default();
        for n in 0..=MOST_TEXTS {
            interner.text(&n.to_string());
        }
        assert!(interner.texts.len() <= MOST_TEXTS);
    }

    #[test]
    fn hostile_and_endless_text_is_made_harmless() {
        assert!(!own("a\u{1b}[2Jb").contains('\u{1b}'));
        assert!(message(Some(&"é".repeat(1 << 20))).unwrap().len() <= LONGEST_MESSAGE);
    }
}
