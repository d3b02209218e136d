//! What is typed after `/` in a table: words that must all be there, `!` for words that must not, `=` for
//! words that must be there as a whole. `age>10m` asks for an age.
use std::time::Duration;

use crate::domain::settings::limit::parse_span;

/// A compiled filter; an empty one lets everything pass.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Filter {
    text: String,
    terms: Vec<Term>,
    ages: Vec<Aged>,
}

/// `age>10m`, `txn<1h`: which age, and how old.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Aged {
    name: &'static str,
    older: bool,
    than: Duration,
}

/// The ages that some kind knows.
const AGES: &[&str] = &["age", "txn", "idle"];

impl Aged {
    fn parse(word: &str) -> Option<Aged> {
        let (name, older, than) = match word.split_once('>') {
            Some((name, than)) => (name, true, than),
            None => word.split_once('<').map(|(name, than)| (name, false, than))?,
        };
        let name = AGES.iter().find(|known| known.eq_ignore_ascii_case(name))?;
        let than = parse_span(than.strip_prefix('=').unwrap_or(than))?;
        Some(Aged { name, older, than })
    }

    /// `age>1`: until it is typed to its end, it says nothing.
    fn begins(word: &str) -> bool {
        word.split_once(['>', '<']).is_some_and(|(name, than)| {
            let digits = than.strip_prefix('=').unwrap_or(than).bytes().all(|byte| byte.is_ascii_digit());
            digits && AGES.iter().any(|known| known.eq_ignore_ascii_case(name))
        })
    }
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
        let ages = text.split_whitespace().filter_map(Aged::parse).collect();
        let words = text.split_whitespace();
        let words = words.filter(|word| Aged::parse(word).is_none() && !Aged::begins(word));
        let terms = words.filter_map(|word| {
            let (not, word) = word.strip_prefix('!').map_or((false, word), |rest| (true, rest));
            let (whole, word) = word.strip_prefix('=').map_or((false, word), |rest| (true, rest));
            (!word.is_empty()).then(|| Term { word: word.to_lowercase(), not, whole })
        });
        Filter { text: text.to_owned(), terms: terms.collect(), ages }
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    pub fn is_empty(&self) -> bool {
        self.terms.is_empty() && self.ages.is_empty()
    }

    /// Whether the passing of time alone changes what passes.
    pub fn has_ages(&self) -> bool {
        !self.ages.is_empty()
    }

    /// Whether it is as old as is asked for; what has no such age does not pass.
    pub fn passes_age(&self, age: impl Fn(&str) -> Option<Duration>) -> bool {
        let passes = |wanted: &Aged| age(wanted.name).is_some_and(|age| (age >= wanted.than) == wanted.older);
        self.ages.iter().all(passes)
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

    #[test]
    fn an_age_is_asked_for_by_its_name_and_what_has_none_does_not_pass() {
        let minutes = |filter: &str, age: Option<u64>| {
            let filter = Filter::new(filter);
            filter.passes_age(|name| age.filter(|_| name == "age").map(Duration::from_mins))
        };
        assert!(minutes("age>10m", Some(10)) && minutes("AGE>=10m web", Some(11)) && minutes("", None));
        assert!(!minutes("age>10m", Some(9)) && !minutes("age>10m", None) && !minutes("txn>1s", Some(60)));
        assert!(minutes("age<90m", Some(89)) && !minutes("age<90m", Some(90)));
        assert!(minutes("age>10m age<1h", Some(30)) && !minutes("age>10m age<1h", Some(60)));
        // While it is typed it says nothing; what is no age is a word as any other.
        let all = |filter: &str| Filter::new(filter).is_empty();
        assert!(all("age>") && all("age>=1") && !all("age>10m") && !all("age>old") && !all("page>1"));
        assert!(Filter::new("age>10m").passes(&["x"].into_iter()) && Filter::new("age>10m").has_ages());
    }
}
