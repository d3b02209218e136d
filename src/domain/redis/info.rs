//! The text that INFO answers with: sections of `name:value`, of which every version has more.
use std::collections::HashMap;

use crate::domain::text::clean_to;

/// No server says more; whoever does is not one.
const MOST_LINES: usize = 4_000;
const LONGEST: usize = 400;

/// What was said, by name; what a server does not have is simply not there.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Info {
    sections: Vec<(String, Vec<String>)>,
    values: HashMap<String, String>,
}

impl Info {
    pub fn parse(text: &str) -> Info {
        let mut info = Info::default();
        for line in text.lines().take(MOST_LINES) {
            if let Some(title) = line.strip_prefix('#') {
                info.sections.push((clean_to(title.trim(), LONGEST).into_owned(), Vec::new()));
            } else if let Some((name, value)) = line.split_once(':') {
                let name = clean_to(name, LONGEST).into_owned();
                if info.sections.is_empty() {
                    info.sections.push((String::new(), Vec::new()));
                }
                if let Some((_, names)) = info.sections.last_mut() {
                    names.push(name.clone());
                }
                info.values.insert(name, clean_to(value.trim(), LONGEST).into_owned());
            }
        }
        info
    }

    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub fn number(&self, name: &str) -> Option<u64> {
        self.text(name)?.parse().ok()
    }

    /// Some counts are -1 where there is nothing to count.
    pub fn signed(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    pub fn ratio(&self, name: &str) -> Option<f64> {
        self.text(name)?.trim_end_matches('%').parse().ok().filter(|value: &f64| value.is_finite())
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.text(name)? {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        }
    }

    /// `ok` or anything else.
    pub fn ok(&self, name: &str) -> Option<bool> {
        self.text(name).map(|said| said == "ok")
    }

    /// The names that begin so, in the order of the text, with what follows and the value: `db0` by `db`.
    pub fn beginning<'a>(&'a self, with: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.sections.iter().flat_map(|(_, names)| names).filter_map(move |name| {
            let rest = name.strip_prefix(with)?;
            Some((rest, self.text(name)?))
        })
    }

    /// As it was said, section by section, in a form that can be searched and copied.
    pub fn yaml(&self) -> String {
        let mut out = String::new();
        for (title, names) in &self.sections {
            out.extend([if title.is_empty() { "Info" } else { title }, ":\n"]);
            for name in names {
                out.extend(["  ", name, ": ", self.text(name).unwrap_or("''"), "\n"]);
            }
        }
        out
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_found_by_its_name_and_what_is_not_said_is_nothing() {
        let info = Info::parse(
            "# Memory\r\nused_memory:1024\r\nmaxmemory_policy:noeviction\r\nmem_fragmentation_ratio:1.25\r\n\r\n# Keyspace\r\ndb0:keys=5,expires=2,avg_ttl=100\r\n",
        );
        assert_eq!(info.number("used_memory"), Some(1024));
        assert_eq!(info.text("maxmemory_policy"), Some("noeviction"));
        assert_eq!(info.ratio("mem_fragmentation_ratio"), Some(1.25));
        assert_eq!(info.number("maxmemory"), None);
        assert_eq!(info.beginning("db").collect::<Vec<_>>(), [("0", "keys=5,expires=2,avg_ttl=100")]);
    }

    #[test]
    fn what_is_no_number_is_not_taken_for_one() {
        let info = Info::parse("a:-1\nb:nan\nc:inf\nd:\ne:99999999999999999999\nf:7.5%");
        assert_eq!((info.number("a"), info.signed("a")), (None, Some(-1)));
        assert_eq!(
            (info.ratio("b"), info.ratio("c"), info.text("d"), info.number("e")),
            (None, None, None, None)
        );
        assert_eq!(info.ratio("f"), Some(7.5));
    }

    #[test]
    fn a_hostile_answer_stays_small_and_harmless() {
        let text = format!("a:\u{1b}[2J{}\n{}", "x".repeat(100_000), "y:1\n".repeat(10_000));
        let info = Info::parse(&text);
        let said = info.text("a").unwrap_or_default();
        assert!(said.len() < 500 && !said.contains('\u{1b}'), "{said}");
        assert!(Info::parse("no colon at all").is_empty());
    }
}
