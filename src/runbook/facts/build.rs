//! Rows and facts put together.
use crate::runbook::document::inline::plain;
use crate::runbook::types::{Fact, Row};

use super::section::Part;

/// A row with its named values; empty ones are left out.
pub fn row<N: Into<String>>(line: u32, values: impl IntoIterator<Item = (N, String)>) -> Row {
    let values = values.into_iter().map(|(name, value)| (name.into(), value));
    Row { line, values: values.filter(|(_, value)| !value.is_empty()).collect() }
}

/// Adds rows to the fact of this kind under this heading, or begins one.
pub fn add(facts: &mut Vec<Fact>, kind: &'static str, part: &Part<'_>, rows: Vec<Row>, end: u32) {
    if rows.is_empty() {
        return;
    }
    let line = part.line;
    // Parts come in order, so the fact of this heading is one of the last.
    match facts.iter_mut().rev().take(4).find(|fact| fact.kind == kind && fact.line == line) {
        Some(fact) => {
            fact.end_line = fact.end_line.max(end);
            fact.rows.extend(rows);
        }
        None => facts.push(Fact { kind, title: part.title.to_string(), line, end_line: end, rows }),
    }
}

/// Whether a value is a gap that its author meant to fill in: `[Phone]`, `TBD`, `xxx`, `<name>`, nothing.
pub fn gap(markdown: &str) -> bool {
    let text = plain(markdown);
    let text = text.trim();
    let lower = text.to_lowercase();
    let bracketed = [('[', ']'), ('<', '>'), ('{', '}')]
        .iter()
        .any(|(open, close)| text.starts_with(*open) && text.ends_with(*close) && !text.contains("]("));
    let word = matches!(
        lower.trim_matches(['(', ')', '.', ' ']),
        "" | "tbd"
            | "tba"
            | "tbc"
            | "todo"
            | "fixme"
            | "n/a"
            | "na"
            | "none"
            | "unknown"
            | "not set"
            | "not filled in"
            | "to be defined"
            | "to be determined"
            | "to be filled"
            | "to be filled in"
            | "fill in"
            | "placeholder"
            | "???"
            | "?"
            | "changeme"
            | "change me"
            | "pending"
    );
    let blank = text.chars().all(|c| matches!(c, '-' | '_' | '–' | '—' | '.' | '?' | '…' | ' '));
    // `xxx`, `XXX-XXXX`, `+1-XXX-XXX-XXXX`
    let crosses = lower.matches('x').count() >= 3
        && lower
            .chars()
            .all(|c| matches!(c, 'x' | '-' | '+' | '(' | ')' | ' ' | '.' | '@') || c.is_ascii_digit());
    bracketed || word || blank || crosses || lower.starts_with("your-") || lower.starts_with("todo:")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_are_told_from_values() {
        for text in [
            "[Pager/Phone]",
            "TBD",
            "xxx",
            "+1-XXX-XXX-XXXX",
            "**TODO**",
            "",
            "—",
            "<name>",
            "`[Contact]`",
            "???",
        ] {
            assert!(gap(text), "{text}");
        }
        for text in ["ops@example.test", "PagerDuty", "[guide](x.md)", "555-1234", "Fox", "None of the below"]
        {
            assert!(!gap(text), "{text}");
        }
    }
}
