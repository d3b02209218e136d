//! What is typed after `/` in a table: words that must all be there, `!` for words that must not, `=` for words that
//! must be there as a whole, `~` for patterns; and conditions on what has a name, written as Alertmanager writes
//! them. `age>10m` asks for an age.
use std::time::Duration;

use regex::{Regex, RegexBuilder};

use crate::domain::settings::limit::parse_span;

/// A pattern that takes more than this is no filter but an accident.
const PATTERN_BYTES: usize = 1 << 20;

/// A compiled filter; an empty one lets everything pass.
#[derive(Debug, Clone, Default)]
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

/// The terms are what the text says.
impl PartialEq for Filter {
    fn eq(&self, other: &Filter) -> bool {
        self.text == other.text
    }
}

impl Eq for Filter {}

#[derive(Debug, Clone)]
struct Term {
    test: Test,
    not: bool,
}

#[derive(Debug, Clone)]
enum Test {
    /// In lower case: stands in a word, or is one.
    Has(String),
    Is(String),
    Like(Regex),
    /// The value of what is called so: a word `name=value`. What is missing is empty, as Alertmanager has it.
    Named(String, Box<Test>),
    /// Is not read yet: nothing is taken away for it.
    Unread,
}

impl Filter {
    /// `web !running =shop ~"-[ab]$" status=~"Err.*|Crash.*" team!="web shop"`. Case does not matter.
    pub fn new(text: &str) -> Filter {
        let tokens = tokens(text);
        let ages = tokens.iter().filter_map(|token| Aged::parse(token)).collect();
        let words = tokens.iter().filter(|token| Aged::parse(token).is_none() && !Aged::begins(token));
        Filter { text: text.to_owned(), terms: words.filter_map(|token| Term::read(token)).collect(), ages }
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

    /// Whether any term asks for something by its name, so that the words have to say theirs.
    pub fn names(&self) -> bool {
        self.terms.iter().any(|term| match &term.test {
            Test::Named(..) => true,
            Test::Has(word) | Test::Is(word) => word.contains('='),
            Test::Like(_) | Test::Unread => false,
        })
    }

    /// Whether a pattern cannot be read, or not yet.
    pub fn is_unread(&self) -> bool {
        self.terms.iter().any(|term| match &term.test {
            Test::Named(_, test) => matches!(**test, Test::Unread),
            test => matches!(test, Test::Unread),
        })
    }

    /// Whether the words that describe a thing satisfy every term.
    pub fn passes<'a>(&self, words: &(impl Iterator<Item = &'a str> + Clone)) -> bool {
        self.terms.iter().all(|term| term.holds(words.clone()))
    }
}

/// What stands between blanks; a blank in quotes is one of the word's own.
fn tokens(text: &str) -> Vec<String> {
    let (mut all, mut token, mut quoted, mut escaped) = (Vec::new(), String::new(), false, false);
    for letter in text.chars() {
        if letter.is_whitespace() && !quoted {
            all.push(std::mem::take(&mut token));
            continue;
        }
        quoted ^= letter == '"' && !escaped;
        escaped = letter == '\\' && !escaped;
        token.push(letter);
    }
    all.push(token);
    all
}

/// A value without its quotes, and whether it had both: one that is still being typed has not.
fn unquoted(text: &str) -> (String, bool) {
    let Some(inner) = text.strip_prefix('"') else { return (text.to_owned(), false) };
    let (mut value, mut letters) = (String::new(), inner.chars());
    while let Some(letter) = letters.next() {
        match letter {
            '"' => return (value, true),
            // Only what would end the value is escaped: the rest is the pattern's own.
            '\\' if letters.as_str().starts_with(['"', '\\']) => value.extend(letters.next()),
            other => value.push(other),
        }
    }
    (value, false)
}

fn pattern(text: &str, whole: bool) -> Test {
    let text = if whole { format!("^(?:{text})$") } else { text.to_owned() };
    let built = RegexBuilder::new(&text).case_insensitive(true).size_limit(PATTERN_BYTES).build();
    built.map_or(Test::Unread, Test::Like)
}

impl Term {
    /// `None` where nothing is asked yet.
    fn read(token: &str) -> Option<Term> {
        if let Some(term) = Term::named(token) {
            return Some(term);
        }
        let (not, word) = token.strip_prefix('!').map_or((false, token), |rest| (true, rest));
        let (whole, word) = word.strip_prefix('=').map_or((false, word), |rest| (true, rest));
        let (like, word) = word.strip_prefix('~').map_or((false, word), |rest| (true, rest));
        let (word, _) = unquoted(word);
        if word.is_empty() {
            return None;
        }
        let test = match (like, whole) {
            (true, whole) => pattern(&word, whole),
            (false, true) => Test::Is(word.to_lowercase()),
            (false, false) => Test::Has(word.to_lowercase()),
        };
        Some(Term { test, not })
    }

    /// `name="value"`, `name!=value`, `name=~pattern`, `name!~pattern`. A value without quotes is only begun, as
    /// every word is that is typed here; in quotes it is meant as it stands.
    fn named(token: &str) -> Option<Term> {
        let (outside, bare) = token.strip_prefix('!').map_or((false, token), |rest| (true, rest));
        let at = bare.find(|c: char| !(c.is_alphanumeric() || "_-./:".contains(c))).filter(|at| *at > 0)?;
        let (name, rest) = bare.split_at(at);
        let signs = [("=~", true, false), ("!~", true, true), ("!=", false, true), ("=", false, false)];
        let (value, like, inside) =
            signs.into_iter().find_map(|(sign, like, not)| Some((rest.strip_prefix(sign)?, like, not)))?;
        let (value, closed) = unquoted(value);
        let name = name.to_lowercase();
        let test = match (like, closed) {
            (true, _) if value.is_empty() && !closed => Test::Named(name, Box::new(Test::Unread)),
            (true, _) => Test::Named(name, Box::new(pattern(&value, true))),
            (false, true) => Test::Named(name, Box::new(Test::Is(value.to_lowercase()))),
            // A long text may have it inside, too.
            (false, false) => Test::Has(format!("{name}={}", value.to_lowercase())),
        };
        Some(Term { test, not: outside != inside })
    }

    fn holds<'a>(&self, mut words: impl Iterator<Item = &'a str>) -> bool {
        let found = match &self.test {
            Test::Unread => return true,
            Test::Named(_, test) if matches!(**test, Test::Unread) => return true,
            Test::Named(name, test) => {
                let mut there = false;
                let found = words.any(|word| {
                    let value = value_of(word, name);
                    there |= value.is_some();
                    value.is_some_and(|value| test.is_in(value))
                });
                found || (!there && test.is_in(""))
            }
            test => words.any(|word| test.is_in(word)),
        };
        found != self.not
    }
}

/// The value of a word `name=value`, if it is called so.
fn value_of<'w>(word: &'w str, name: &str) -> Option<&'w str> {
    let (own, value) = word.split_once('=')?;
    same(own, name).then_some(value)
}

impl Test {
    fn is_in(&self, text: &str) -> bool {
        match self {
            Test::Has(word) => contains(text, word),
            Test::Is(word) => same(text, word),
            Test::Like(pattern) => pattern.is_match(text),
            Test::Named(..) | Test::Unread => true,
        }
    }
}

/// Whether a text is a word in lower case.
fn same(text: &str, word: &str) -> bool {
    text.eq_ignore_ascii_case(word) || (!text.is_ascii() && text.to_lowercase() == word)
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
    fn what_has_a_name_is_asked_for_as_alertmanager_asks() {
        let words = ["severity=critical", "team=Web Shop", "pod=web-1", "web-1", "Running"];
        let passes = |filter: &str| Filter::new(filter).passes(&words.into_iter());
        for (filter, does) in [
            ("severity=crit", true),
            ("severity=\"crit\"", false),
            ("severity=\"critical\"", true),
            ("team=\"web shop\"", true),
            ("team=\"web sh", true),
            ("team!=\"Web Shop\"", false),
            ("team!=\"Web\"", true),
            ("severity!=crit", false),
            ("severity=~crit", false),
            ("severity=~crit.*", true),
            ("severity=~\"warning|critical\"", true),
            ("severity!~\"warning|critical\"", false),
            ("!severity=~critical", false),
            ("!severity!=critical", true),
            ("pod=~web-\\d", true),
            ("node=~.+", false),
            ("node!~.+", true),
            ("node=\"\"", true),
            ("team=\"\"", false),
            ("~^web-[0-9]$", true),
            ("!~^web", false),
            ("=~web", false),
            ("=~web-.", true),
            ("\"b sh\"", true),
        ] {
            assert_eq!(passes(filter), does, "{filter}");
        }
    }

    #[test]
    fn what_is_still_being_typed_takes_nothing_away() {
        for filter in ["severity=~", "severity=~(", "severity!~(a", "~[", "~", "!~", "\"", "=\""] {
            assert!(Filter::new(filter).passes(&["web"].into_iter()), "{filter}");
        }
        assert!(Filter::new("a=~(").is_unread() && Filter::new("~[").is_unread());
        assert!(!Filter::new("a=~(b) web").is_unread());
    }

    #[test]
    fn a_filter_says_whether_it_needs_names() {
        assert!(Filter::new("a=b").names() && Filter::new("a!~b").names() && Filter::new("a=\"b\"").names());
        assert!(!Filter::new("=shop !web ~a").names());
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
