//! Limits as people write them: `< 500ms`, `above 80 %`, `at least 3 replicas`, `99.9%`.
use crate::runbook::words::Pairs;

/// A comparison with a number.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Limit {
    /// What stands in front of the comparison.
    pub before: String,
    /// `<`, `<=`, `>`, `>=`, `==`, `!=`; empty when the text is only a number.
    pub sign: &'static str,
    pub number: String,
    pub unit: String,
    /// What stands behind it.
    pub after: String,
}

impl Limit {
    /// Of a length of time that something may last: milliseconds are a measurement.
    pub fn is_time(&self) -> bool {
        const UNITS: [&str; 10] = ["s", "sec", "second", "m", "min", "minute", "h", "hr", "hour", "day"];
        let unit = self.unit.to_ascii_lowercase();
        UNITS.contains(&unit.as_str()) || unit.strip_suffix('s').is_some_and(|one| UNITS.contains(&one))
    }

    /// The comparison alone, as it was written but for its blanks.
    pub fn text(&self) -> String {
        let tight = self.unit.is_empty() || self.unit.starts_with('%') || self.unit.len() <= 2;
        let unit = if tight { self.unit.clone() } else { format!(" {}", self.unit) };
        format!("{} {}{unit}", self.sign, self.number).trim().to_owned()
    }
}

/// Words that compare, longest first.
const WORDS: &[(&str, &str)] = &[
    ("greater than or equal to", ">="),
    ("less than or equal to", "<="),
    ("greater than", ">"),
    ("lower than", "<"),
    ("fewer than", "<"),
    ("more than", ">"),
    ("less than", "<"),
    ("at least", ">="),
    ("at most", "<="),
    ("no more than", "<="),
    ("up to", "<="),
    ("exceeding", ">"),
    ("exceeds", ">"),
    ("exceed", ">"),
    ("above", ">"),
    ("below", "<"),
    ("under", "<"),
    ("over", ">"),
];

/// The first comparison in a plain text, by a sign.
pub fn by_sign(text: &str) -> Option<Limit> {
    let mut from = 0;
    while let Some(at) = next_sign(text, from) {
        let rest = text.get(at..)?;
        let (sign, size) = sign(rest)?;
        let (before, behind) = (text.get(..at)?, rest.get(size..)?);
        // `->`, `=>`, `2>&1`, `name=3` compare nothing.
        let spaced = before.is_empty() || before.ends_with([' ', '(', ')', '%', '"', '*', '`', ':']);
        if let Some(limit) = number(behind.trim_start()).filter(|_| spaced && !sign.is_empty()) {
            return Some(Limit { before: tidy(before), sign, ..limit });
        }
        from = at + size;
    }
    None
}

/// Where the next sign begins that may compare.
fn next_sign(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let wide = |at: usize| bytes.get(at + 1) == Some(&0x89) && matches!(bytes.get(at + 2), Some(0xa4 | 0xa5));
    let mut places = bytes.iter().enumerate().skip(from);
    let sign = places.find(|(at, b)| matches!(b, b'<' | b'>' | b'=' | b'!') || **b == 0xe2 && wide(*at));
    sign.map(|(at, _)| at)
}

/// The first comparison in a plain text, by a word.
pub fn by_word(text: &str) -> Option<Limit> {
    if !text.bytes().any(|b| b.is_ascii_digit()) {
        return None;
    }
    let lower = text.to_ascii_lowercase();
    let pairs = Pairs::of(&lower);
    let found = WORDS.iter().filter(|(word, _)| pairs.may_hold(word)).filter_map(|(word, sign)| {
        let at = lower.find(word)?;
        let apart = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
        let before = text.get(..at)?;
        let behind = text.get(at + word.len()..)?;
        if !apart(before.chars().next_back()) || !apart(behind.chars().next()) {
            return None;
        }
        let limit = number(behind.trim_start())?;
        Some((at, Limit { before: tidy(before), sign, ..limit }))
    });
    found.min_by_key(|(at, _)| *at).map(|(_, limit)| limit)
}

/// The value of a cell: a comparison, or a number alone.
pub fn cell(text: &str) -> Option<Limit> {
    by_sign(text).or_else(|| by_word(text)).or_else(|| {
        let limit = number(text.trim().trim_start_matches(['~', '≈']))?;
        limit.after.split_whitespace().nth(3).is_none().then_some(limit)
    })
}

/// The number that a text begins with, with or without a sign in front.
pub fn at_start(text: &str) -> Option<Limit> {
    let text = text.trim_start();
    number(text.trim_start_matches(['<', '>', '=', '≤', '≥']).trim_start())
}

/// The comparison that ends an expression of a query language: `… > 0.05`.
pub fn of_expression(text: &str) -> Option<(&'static str, String)> {
    let text = text.trim();
    let start = text.rfind(['<', '>', '='])? + 1;
    let mut value = text.get(start..)?.trim();
    value = value.strip_prefix("bool ").unwrap_or(value).trim().trim_end_matches(')');
    value.parse::<f64>().ok()?;
    let head = text.get(..start)?;
    let sign = ["==", "!=", ">=", "<=", ">", "<"].into_iter().find(|sign| head.ends_with(sign))?;
    Some((sign, value.to_owned()))
}

fn sign(text: &str) -> Option<(&'static str, usize)> {
    let first = text.chars().next()?;
    Some(match first {
        '≤' => ("<=", first.len_utf8()),
        '≥' => (">=", first.len_utf8()),
        _ => ["<=", ">=", "==", "!=", "=>", "->", "<", ">"]
            .into_iter()
            .find(|sign| text.starts_with(sign))
            .map_or(("", first.len_utf8()), |sign| {
                (if matches!(sign, "=>" | "->") { "" } else { sign }, sign.len())
            }),
    })
}

/// A number at the start of a text, its unit, and what follows.
fn number(text: &str) -> Option<Limit> {
    let text = text.trim_start_matches(['~', '≈', '$', ' ']);
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let end = text.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ',' | '_')).unwrap_or(text.len());
    let digits = text.get(..end)?.trim_end_matches(['.', ',', '_']);
    let rest = text.get(digits.len()..)?;
    // `2024-01-15`, `10.0.0.1` and `5xx` are no amounts.
    if rest.starts_with(['-', ':']) && rest.get(1..)?.starts_with(|c: char| c.is_ascii_digit())
        || digits.matches('.').count() > 1
    {
        return None;
    }
    let glued = !rest.starts_with(' ');
    let trimmed = rest.trim_start();
    let size = trimmed
        .find(|c: char| !c.is_alphabetic() && !matches!(c, '%' | '/' | '°' | 'µ'))
        .unwrap_or(trimmed.len());
    let word = trimmed.get(..size)?;
    let unit = if known(word) || (glued && word.len() <= 3 && word != "xx") { word } else { "" };
    let after = if unit.is_empty() { trimmed } else { trimmed.get(size..)? };
    if unit.is_empty() && glued && !word.is_empty() {
        return None;
    }
    Some(Limit {
        number: digits.replace([',', '_'], ""),
        unit: unit.to_owned(),
        after: after.trim().to_owned(),
        ..Limit::default()
    })
}

/// Units that may stand apart from their number.
fn known(word: &str) -> bool {
    let first = word.split('/').next().unwrap_or_default();
    matches!(
        first.to_ascii_lowercase().as_str(),
        "%" | "ms"
            | "µs"
            | "us"
            | "s"
            | "sec"
            | "secs"
            | "second"
            | "seconds"
            | "m"
            | "min"
            | "mins"
            | "minute"
            | "minutes"
            | "h"
            | "hr"
            | "hrs"
            | "hour"
            | "hours"
            | "d"
            | "day"
            | "days"
            | "week"
            | "weeks"
            | "month"
            | "months"
            | "b"
            | "kb"
            | "mb"
            | "gb"
            | "tb"
            | "kib"
            | "mib"
            | "gib"
            | "tib"
            | "ki"
            | "mi"
            | "gi"
            | "bytes"
            | "percent"
            | "rps"
            | "qps"
            | "req"
            | "reqs"
            | "requests"
            | "errors"
            | "messages"
            | "connections"
            | "replicas"
            | "pods"
            | "nodes"
            | "cores"
            | "items"
            | "rows"
            | "queries"
            | "x"
    ) || (word.contains('/') && word.len() > 1)
}

fn tidy(text: &str) -> String {
    text.trim().trim_end_matches(['(', ':', '-', '–', ',', '*', '`']).trim().to_owned()
}

/// The values of a row that say a limit once more, in its parts: `target_op`, `target_value`, `target_unit`.
pub fn values(name: &str, limit: &Limit) -> Vec<(String, String)> {
    let parts = [("op", limit.sign), ("value", limit.number.as_str()), ("unit", limit.unit.as_str())];
    let given = parts.into_iter().filter(|(_, value)| !value.is_empty());
    given.map(|(part, value)| (format!("{name}_{part}"), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(limit: Option<Limit>) -> String {
        limit.map_or_else(String::new, |limit| {
            format!("{}|{}|{}|{}|{}", limit.before, limit.sign, limit.number, limit.unit, limit.after)
        })
    }

    #[test]
    fn limits_are_read_by_their_signs() {
        assert_eq!(told(by_sign("CPU usage < 70%")), "CPU usage|<|70|%|");
        assert_eq!(told(by_sign("> 80 %")), "|>|80|%|");
        assert_eq!(told(by_sign("p95 ≥ 1,500 ms for 5m")), "p95|>=|1500|ms|for 5m");
        assert_eq!(told(by_sign("lag (>= 60s)")), "lag|>=|60|s|)");
        assert_eq!(told(by_sign("queue > 1000 messages/s waiting")), "queue|>|1000|messages/s|waiting");
        assert_eq!(told(by_sign("a -> 3, b => 4, c=5, 2>1, <pod-name>")), "");
        assert_eq!(told(by_sign("errors > 5xx")), "");
    }

    #[test]
    fn limits_are_read_by_words() {
        assert_eq!(told(by_word("Memory above 80 percent")), "Memory|>|80|percent|");
        assert_eq!(told(by_word("Alert when it exceeds 5%")), "Alert when it|>|5|%|");
        assert_eq!(told(by_word("recovery 5")), "");
    }

    #[test]
    fn a_cell_may_be_a_number_alone() {
        assert_eq!(told(cell("99.9%")), "||99.9|%|");
        assert_eq!(told(cell("< 500ms")), "|<|500|ms|");
        assert_eq!(told(cell("2024-01-15")), "");
        assert_eq!(told(cell("none")), "");
    }

    #[test]
    fn an_expression_ends_in_its_limit() {
        assert_eq!(of_expression("rate(a{b=~\"5..\"}[5m]) > 0.05"), Some((">", "0.05".to_owned())));
        assert_eq!(of_expression("up{job=\"a\"} == 0"), Some(("==", "0".to_owned())));
        assert_eq!(of_expression("absent(up)"), None);
        assert_eq!(of_expression("a > bool 3)"), Some((">", "3".to_owned())));
    }
}
