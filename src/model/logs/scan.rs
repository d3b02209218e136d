//! Looking through the buffer: what is looked for, the order to look, and the looking itself, which `app`
//! does on another thread.
use std::sync::Arc;

use regex::{Regex, RegexBuilder};

use super::bits::Bits;
use crate::domain::log::{LineId, LineKind, LogChunk};

/// A pattern that would take more memory than this to compile is taken literally.
const BIGGEST: usize = 4 * 1024 * 1024;

/// What is looked for: a regular expression, or what could not be one taken literally. Case counts once
/// the pattern has a capital letter.
#[derive(Debug, Clone)]
pub struct Pattern {
    text: String,
    regex: Regex,
    literal: bool,
}

impl Pattern {
    /// `None` when nothing is looked for.
    pub fn new(text: &str) -> Option<Pattern> {
        if text.is_empty() {
            return None;
        }
        let build = |pattern: &str| {
            let small = !has_capital(pattern);
            RegexBuilder::new(pattern).case_insensitive(small).size_limit(BIGGEST).build().ok()
        };
        let (regex, literal) = match build(text) {
            Some(regex) => (regex, false),
            None => (build(&regex::escape(text))?, true),
        };
        Some(Pattern { text: text.to_owned(), regex, literal })
    }

    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it could not be read as a regular expression.
    pub fn is_literal(&self) -> bool {
        self.literal
    }

    pub fn regex(&self) -> &Regex {
        &self.regex
    }
}

/// Letters after a backslash are classes, not text.
fn has_capital(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let capital = !escaped && c.is_uppercase();
        escaped = c == '\\' && !escaped;
        capital
    })
}

/// An order to search chunks; the answer bears its id.
#[derive(Debug)]
pub struct ScanOrder {
    pub id: u64,
    pub(super) chunks: Vec<Arc<LogChunk>>,
    pub(super) from: LineId,
    pub(super) find: Option<Pattern>,
    pub(super) include: Option<Pattern>,
    pub(super) exclude: Option<Pattern>,
}

/// What a search found.
#[derive(Debug)]
pub struct Scan {
    pub id: u64,
    /// Everything before this line was looked at.
    pub(super) to: LineId,
    pub(super) shown: Bits,
    pub(super) hits: Bits,
}

/// Looks through the lines of an order. Pure, but as long as the buffer is big.
pub fn scan(order: &ScanOrder) -> Scan {
    let mut found = Scan { id: order.id, to: order.from, shown: Bits::default(), hits: Bits::default() };
    let matches = |pattern: &Option<Pattern>, text: &str| pattern.as_ref().map(|p| p.regex.is_match(text));
    let filters = order.include.is_some() || order.exclude.is_some();
    for chunk in &order.chunks {
        for view in chunk.views().filter(|view| view.id >= order.from) {
            // What is missing is never hidden.
            let shown = matches!(view.line.kind, LineKind::Gap | LineKind::Dropped)
                || matches(&order.include, view.text) != Some(false)
                    && matches(&order.exclude, view.text) != Some(true);
            if shown && filters {
                found.shown.insert(view.id);
            }
            if shown && view.line.kind == LineKind::Written && matches(&order.find, view.text) == Some(true) {
                found.hits.insert(view.id);
            }
        }
        found.to = found.to.max(chunk.end());
    }
    found
}

/// Which lines to write to a file, chunk by chunk.
#[derive(Debug)]
pub struct SaveOrder {
    pub chunks: Vec<Arc<LogChunk>>,
    /// Only these; everything when `None`.
    pub(super) only: Option<Bits>,
    pub(super) from: LineId,
    pub(super) several: bool,
}

impl SaveOrder {
    /// The text of one of the chunks, ready to be written: time, who wrote it, the line as it came.
    pub fn text(&self, chunk: &LogChunk) -> String {
        let mut out = String::new();
        for view in chunk.views().filter(|view| view.id >= self.from) {
            if self.only.as_ref().is_some_and(|only| !only.contains(view.id)) {
                continue;
            }
            out.push_str(&view.time().rfc3339());
            out.push(' ');
            if self.several {
                out.push_str(&view.stream.pod);
                out.push(' ');
                out.push_str(&view.stream.container);
                out.push(' ');
            }
            if view.line.kind != LineKind::Written {
                out.push_str("-- ");
            }
            out.push_str(view.text);
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_counts_once_a_capital_is_written() {
        let matches = |pattern: &str, text: &str| Pattern::new(pattern).unwrap().regex().is_match(text);
        assert!(matches("error", "ERROR x"));
        assert!(!matches("Error", "ERROR x"));
        assert!(matches(r"\Serror", "xERROR"));
    }

    #[test]
    fn what_is_no_regular_expression_is_taken_literally_and_says_so() {
        let pattern = Pattern::new("a[b").unwrap();
        assert!(pattern.is_literal() && pattern.regex().is_match("xa[by"));
        assert!(!Pattern::new("a.b").unwrap().is_literal());
        assert!(Pattern::new("").is_none());
    }
}
