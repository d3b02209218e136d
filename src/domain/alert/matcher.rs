//! Conditions on labels: written, read, and held against an alert as Alertmanager holds them.
use std::fmt;

use regex::Regex;

use crate::domain::Text;

/// One condition on a label.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Matcher {
    pub name: Text,
    pub value: Text,
    pub regex: bool,
    pub equal: bool,
}

/// `name="value"`, as Alertmanager writes it.
impl fmt::Display for Matcher {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match (self.equal, self.regex) {
            (true, false) => "=",
            (false, false) => "!=",
            (true, true) => "=~",
            (false, true) => "!~",
        };
        let value = self.value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
        write!(out, "{}{sign}\"{value}\"", self.name)
    }
}

impl Matcher {
    pub fn equals(name: impl Into<Text>, value: impl Into<Text>) -> Matcher {
        Matcher { name: name.into(), value: value.into(), regex: false, equal: true }
    }

    /// Whether it holds where the label is missing, so that alone it would hit everything without the label.
    fn holds_of_nothing(&self) -> bool {
        Held::new(std::slice::from_ref(self)).is_ok_and(|held| held.hits(|_| None))
    }
}

/// Why these cannot be the matchers of a silence: each alone would also hold of an alert without labels.
pub fn too_wide(matchers: &[Matcher]) -> Option<String> {
    if matchers.is_empty() {
        return Some(
            "no label is common to all of them: a silence without matchers would hit everything".into(),
        );
    }
    matchers
        .iter()
        .all(Matcher::holds_of_nothing)
        .then(|| "at least one matcher must need a label: these would hit everything".into())
}

/// Reads `a="b"`, `a=b,c=~"d|e"`, `{a!="b"}`; commas or blanks stand between.
pub fn parse(text: &str) -> Result<Vec<Matcher>, String> {
    let mut rest = text.trim();
    rest = rest.strip_prefix('{').map_or(rest, |inner| inner.strip_suffix('}').unwrap_or(inner));
    let mut all = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
        if rest.is_empty() {
            return Ok(all);
        }
        let sign =
            rest.find(['=', '!']).ok_or_else(|| format!("`{rest}` is no matcher: write name=\"value\""))?;
        let (name, after) = rest.split_at(sign);
        let signs = [("=~", true, true), ("!~", true, false), ("!=", false, false), ("=", false, true)];
        let found =
            signs.into_iter().find_map(|(s, regex, equal)| Some((after.strip_prefix(s)?, regex, equal)));
        let (after, regex, equal) = found.ok_or_else(|| format!("`{rest}` has no =, !=, =~ or !~"))?;
        let name = name.trim().trim_matches('"');
        if name.is_empty() {
            return Err(format!("`{rest}` names no label"));
        }
        let (value, after) = value(after.trim_start())?;
        all.push(Matcher { name: name.into(), value: value.into(), regex, equal });
        rest = after;
    }
}

/// A value in quotes, or bare up to a comma or a blank; and what comes after.
fn value(text: &str) -> Result<(String, &str), String> {
    let Some(inner) = text.strip_prefix('"') else {
        let end = text.find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text.len());
        let (bare, rest) = text.split_at(end);
        return Ok((bare.to_owned(), rest));
    };
    let mut value = String::new();
    let mut letters = inner.char_indices();
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, inner.get(at + 1..).unwrap_or_default())),
            '\\' => match letters.next() {
                Some((_, 'n')) => value.push('\n'),
                Some((_, other)) => value.push(other),
                None => break,
            },
            other => value.push(other),
        }
    }
    Err(format!("`{text}` has no closing quote"))
}

/// Matchers ready to be held against many alerts.
#[derive(Debug)]
pub struct Held<'m> {
    tests: Vec<(&'m str, Test<'m>, bool)>,
}

#[derive(Debug)]
enum Test<'m> {
    Is(&'m str),
    Like(Box<Regex>),
}

impl<'m> Held<'m> {
    pub fn new(matchers: &'m [Matcher]) -> Result<Held<'m>, String> {
        let test = |matcher: &'m Matcher| {
            let test = if matcher.regex {
                // The whole value has to match, as Alertmanager wants it.
                let regex = Regex::new(&format!("^(?:{})$", matcher.value));
                Test::Like(Box::new(
                    regex.map_err(|_| format!("`{matcher}` is not a regular expression we can read"))?,
                ))
            } else {
                Test::Is(&matcher.value)
            };
            Ok((&*matcher.name, test, matcher.equal))
        };
        Ok(Held { tests: matchers.iter().map(test).collect::<Result<_, String>>()? })
    }

    /// Whether all hold. A label that is missing is an empty one.
    pub fn hits<'l>(&self, label: impl Fn(&str) -> Option<&'l str>) -> bool {
        self.tests.iter().all(|(name, test, equal)| {
            let value = label(name).unwrap_or_default();
            let holds = match test {
                Test::Is(wanted) => value == *wanted,
                Test::Like(regex) => regex.is_match(value),
            };
            holds == *equal
        })
    }
}

/// The labels that all have with the same value, as matchers.
pub fn common<'l>(mut all: impl Iterator<Item = &'l [(Text, Text)]>) -> Vec<Matcher> {
    let mut common: Vec<&(Text, Text)> = all.next().map_or_else(Vec::new, |first| first.iter().collect());
    for labels in all {
        common.retain(|label| labels.contains(label));
    }
    let common = common.into_iter().filter(|(_, value)| !value.is_empty());
    common.map(|(name, value)| Matcher::equals(name.clone(), value.clone())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hits(matchers: &str, labels: &[(&str, &str)]) -> bool {
        let matchers = parse(matchers).expect(matchers);
        let held = Held::new(&matchers).expect("matchers");
        held.hits(|name| labels.iter().find(|(key, _)| *key == name).map(|(_, value)| *value))
    }

    #[test]
    fn matchers_hold_as_alertmanager_holds_them() {
        let labels = [("alertname", "Down"), ("pod", "web-1"), ("zone", "eu\nwest")];
        for (text, holds) in [
            ("alertname=Down", true),
            ("alertname=\"Down\", pod=~\"web-.*\"", true),
            ("{pod=~web}", false),
            ("pod=~\"a|web-1\"", true),
            ("pod!=web-1", false),
            ("pod!~\"api-.+\"", true),
            ("team=\"\"", true),
            ("team!=web", true),
            ("zone=\"eu\\nwest\"", true),
            ("alertname=Down pod=web-2", false),
        ] {
            assert_eq!(hits(text, &labels), holds, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let all = parse(r#"a="b",c!="d\"e\\",f=~"g|h.*",i!~"j""#).expect("matchers");
        let written: Vec<String> = all.iter().map(ToString::to_string).collect();
        assert_eq!(written, [r#"a="b""#, r#"c!="d\"e\\""#, r#"f=~"g|h.*""#, r#"i!~"j""#]);
        assert_eq!(parse(&written.join(", ")), Ok(all));
    }

    #[test]
    fn what_is_no_matcher_is_said_to_be_none() {
        for text in ["word", "=x", "a!x", "a=\"open"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(Held::new(&parse("a=~\"(\"").expect("read")).is_err());
    }

    #[test]
    fn matchers_that_would_hit_everything_are_refused() {
        for text in ["", "a=\"\"", "a=~\".*\"", "a!=b", "a!~\"b\"", "a=~\"x|\", b!=c"] {
            assert!(too_wide(&parse(text).expect(text)).is_some(), "{text}");
        }
        assert_eq!(too_wide(&parse("a!=b, c=d").expect("read")), None);
    }

    #[test]
    fn several_alerts_have_in_common_what_all_say() {
        let labels = |pod: &str| -> Vec<(Text, Text)> {
            vec![("alertname".into(), "Down".into()), ("pod".into(), pod.into())]
        };
        let (a, b) = (labels("a"), labels("b"));
        assert_eq!(common([&*a, &*b].into_iter()), [Matcher::equals("alertname", "Down")]);
        assert_eq!(common([&*a].into_iter()).len(), 2);
        assert!(common(std::iter::empty()).is_empty());
    }
}
