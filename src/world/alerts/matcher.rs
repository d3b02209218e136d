//! Matchers as they are written in filters, silences and routes, and what they match.
use std::collections::BTreeMap;

use regex::{Regex, RegexBuilder};

pub type Labels = BTreeMap<String, String>;

/// No pattern of a client may compile to more.
const LARGEST: usize = 1 << 18;

#[derive(Debug, Clone)]
pub struct Matcher {
    pub name: String,
    pub value: String,
    pub equal: bool,
    pattern: Option<Regex>,
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Matcher) -> bool {
        let of = |one: &Matcher| (one.equal, one.is_regex());
        self.name == other.name && self.value == other.value && of(self) == of(other)
    }
}

impl Matcher {
    pub fn new(name: &str, value: &str, equal: bool, regex: bool) -> Result<Matcher, String> {
        let pattern = if regex { Some(whole(value)?) } else { None };
        Ok(Matcher { name: name.to_owned(), value: value.to_owned(), equal, pattern })
    }

    /// Reads `name="value"`, with or without the quotes, and with `!=`, `=~` and `!~`.
    pub fn parse(text: &str) -> Result<Matcher, String> {
        let bad = || format!("bad matcher format: {text}");
        let at = text.find(['=', '!']).ok_or_else(bad)?;
        let (name, rest) = (text.get(..at).unwrap_or_default().trim(), text.get(at..).unwrap_or_default());
        let forms = [("=~", true, true), ("!~", false, true), ("!=", false, false), ("=", true, false)];
        let form =
            forms.iter().find_map(|(sign, equal, regex)| Some((rest.strip_prefix(sign)?, equal, regex)));
        let (value, equal, regex) = form.ok_or_else(bad)?;
        let fine = |c: char| c.is_alphanumeric() || "_:-./".contains(c);
        if name.is_empty() || !name.chars().all(fine) {
            return Err(bad());
        }
        Matcher::new(name, &unquoted(value.trim())?, *equal, *regex)
    }

    pub fn is_regex(&self) -> bool {
        self.pattern.is_some()
    }

    /// A label that is not there is an empty one.
    pub fn hits(&self, labels: &Labels) -> bool {
        self.takes(labels.get(&self.name).map_or("", String::as_str))
    }

    pub fn takes(&self, value: &str) -> bool {
        let same = self.pattern.as_ref().map_or(self.value == value, |pattern| pattern.is_match(value));
        same == self.equal
    }
}

pub fn all(matchers: &[Matcher], labels: &Labels) -> bool {
    matchers.iter().all(|matcher| matcher.hits(labels))
}

/// A pattern that has to match a value from its beginning to its end.
fn whole(pattern: &str) -> Result<Regex, String> {
    let built = RegexBuilder::new(&format!("^(?:{pattern})$")).size_limit(LARGEST).build();
    built.map_err(|error| {
        let why = error.to_string();
        let why = why.lines().last().unwrap_or_default().trim_start_matches("error: ");
        format!("error parsing regexp: {why}: `{pattern}`")
    })
}

fn unquoted(text: &str) -> Result<String, String> {
    if !text.starts_with('"') {
        return Ok(text.to_owned());
    }
    serde_json::from_str(text).map_err(|_| format!("matcher value contains unescaped double quote: {text}"))
}
