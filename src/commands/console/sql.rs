//! SQL as it is typed into a database's console.
use std::ops::Range;

use super::{Cuts, Piece, inside, lines};
use crate::commands::Role;
use crate::commands::tools::{SqlMeaning, judge_sql};

/// Words that begin a statement, for one that stands behind another without its `;`.
const BEGINS: &[&str] = &[
    "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "CREATE", "ALTER", "DROP", "TRUNCATE", "VACUUM",
    "ANALYZE", "REINDEX", "EXPLAIN", "SHOW", "SET", "GRANT", "REVOKE", "CALL", "COPY", "BEGIN", "COMMIT",
];

pub(super) fn cut(text: &str) -> Cuts {
    let (comments, parts) = survey(text);
    let mut pieces = Vec::new();
    for part in parts {
        let body = text.get(part.clone()).unwrap_or_default();
        pieces.extend(judge_sql(body).into_iter().map(|meaning| piece(meaning, text, part.start)));
    }
    Cuts { pieces, comments, sign: &['-', '*', '/'] }
}

fn piece(meaning: SqlMeaning, text: &str, base: usize) -> Piece {
    let (start, mut end) = (meaning.start + base, meaning.end + base);
    // Its `;` belongs to it.
    let rest = text.get(end..).unwrap_or_default();
    let after = rest.trim_start();
    if after.starts_with(';') {
        end += rest.len() - after.len() + 1;
    }
    Piece {
        range: start..end,
        risk: meaning.risk,
        why: meaning.why.into_owned(),
        tool: "psql".to_owned(),
        subcommand: Some(meaning.verb).filter(|verb| !verb.is_empty()),
        traits: meaning.traits,
        role: Role::Action,
        shell: meaning.shell,
    }
}

/// The comments of a text, and the parts that are judged by themselves: a blank line and a verb behind it end a
/// statement that lacks its `;`.
fn survey(text: &str) -> (Vec<Range<usize>>, Vec<Range<usize>>) {
    let mut comments = Vec::new();
    let mut parts = Vec::new();
    let (mut start, mut blank, mut open) = (0, false, Open::default());
    for (at, line) in lines(text) {
        let code = line.trim_start();
        if !open.is_any() {
            if code.is_empty() {
                blank = true;
                continue;
            }
            if code.starts_with("--") {
                comments.push(inside(at, line));
                continue;
            }
            let verb = code.split(|sign: char| !sign.is_ascii_alphabetic()).next().unwrap_or_default();
            if blank && BEGINS.iter().any(|begin| begin.eq_ignore_ascii_case(verb)) {
                parts.push(start..at);
                start = at;
            }
        }
        blank = false;
        if let Some(from) = open.line(line) {
            comments.push(inside(at + from, line.get(from..).unwrap_or_default()));
        }
    }
    parts.push(start..text.len());
    (comments, parts)
}

/// What is open at the end of a line.
#[derive(Default)]
struct Open {
    quote: Option<u8>,
    comment: bool,
    dollar: bool,
    brackets: usize,
}

impl Open {
    fn is_any(&self) -> bool {
        self.quote.is_some() || self.comment || self.dollar || self.brackets > 0
    }

    /// Reads a line; answers where a `--` comment behind its code begins.
    fn line(&mut self, line: &str) -> Option<usize> {
        let bytes = line.as_bytes();
        let mut at = 0;
        while let Some(byte) = bytes.get(at).copied() {
            let next = bytes.get(at + 1).copied().unwrap_or_default();
            at += 1;
            match (self.quote, byte, next) {
                (Some(quote), _, _) if byte == quote => self.quote = None,
                (Some(_), _, _) => {}
                (None, b'*', b'/') if self.comment => {
                    self.comment = false;
                    at += 1;
                }
                _ if self.comment => {}
                (None, b'$', b'$') => {
                    self.dollar = !self.dollar;
                    at += 1;
                }
                _ if self.dollar => {}
                (None, b'\'' | b'"', _) => self.quote = Some(byte),
                (None, b'/', b'*') => {
                    self.comment = true;
                    at += 1;
                }
                (None, b'-', b'-') => return Some(at - 1),
                (None, b'(', _) => self.brackets += 1,
                (None, b')', _) => self.brackets = self.brackets.saturating_sub(1),
                (None, b';', _) => self.brackets = 0,
                _ => {}
            }
        }
        None
    }
}
