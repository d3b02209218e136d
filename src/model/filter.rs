//! What is typed after `/` in a table: words that must all be there, `!` for words that must not, `=` for
//! words that must be there as a whole.

/// A compiled filter; an empty one lets everything pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Term {
    word: String,
    not: bool,
    whole: bool,
}

impl Filter {
    /// `web !running =shop`: has `web`, has no `running`, and a word that is `shop`. Case does not matter.
    pub fn new(text: &str) -> Filter {
        let terms = text.split_whitespace().filter_map(|word| {
            let (not, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
            let (whole, word) = word.strip_prefix('=').map_or((false, word), |rest| (true, rest));
            (!word.is_empty()).then(|| Term { word: word.to_lowercase(), not, whole })
        });
        Filter { text: text.to_owned(), terms: terms.collect() }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty()
    }

    /// Whether the words that describe a thing satisfy every term.
    pub fn passes<'a>(&self, words: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
        self.terms.iter().all(|term| words.clone().any(|word| term.is_in(word)) != term.not)
    }
}

impl Term {
    fn is_in(&self, text: &str) -> bool {
        if self.whole {
            return text.eq_ignore_ascii_case(&self.word)
                || (!text.is_ascii() && text.to_lowercase() == self.word);
        }
        contains(text, &self.word)
    }
}

/// Whether `needle`, in lower case, stands in `text`; without a copy for plain text.
fn contains(text: &str, needle: &str) -> bool {
    if !text.is_ascii() {
        return text.to_lowercase().contains(needle);
    }
    let (text, needle) = (text.as_bytes(), needle.as_bytes());
    text.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_counts_and_a_mark_inverts_it() {
        let passes =
            |filter: &str| Filter::new(filter).passes(&["shop", "Web-1", "Running", "app=Öl"].into_iter());
        assert!(passes(""));
        assert!(passes("web shop"));
        assert!(passes("web !crash"));
        assert!(passes("öl"));
        assert!(!passes("web !running"));
        assert!(!passes("web crash"));
        assert!(passes("!"));
        assert!(passes("=web-1") && passes("=SHOP !=web") && passes("=app=öl") && passes("="));
        assert!(!passes("=web") && !passes("!=shop"));
    }
}
