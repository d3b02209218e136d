//! Where a statement ends, and where in it an error lies.
use std::fmt::Write;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Behind the semicolon that ends the first statement; strings, comments and brackets are passed over.
pub fn end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    let find = |from: usize, what: &str| text.get(from..)?.find(what).map(|found| from + found + what.len());
    while let Some(byte) = bytes.get(at) {
        let rest = text.get(at..).unwrap_or_default();
        at = match byte {
            b'\'' | b'"' => {
                let before = |back: usize| at.checked_sub(back).and_then(|at| bytes.get(at));
                let word = before(2).is_some_and(|sign| sign.is_ascii_alphanumeric() || *sign == b'_');
                let escapes = *byte == b'\'' && matches!(before(1), Some(b'E' | b'e')) && !word;
                let mut next = at + 1;
                while bytes.get(next)? != byte {
                    next += if escapes && bytes.get(next) == Some(&b'\\') { 2 } else { 1 };
                }
                next + 1
            }
            b'-' if rest.starts_with("--") => find(at, "\n")?,
            b'/' if rest.starts_with("/*") => at + comment(rest)?,
            b'$' => {
                let tag = rest.get(1..).and_then(|rest| rest.split_once('$')).map(|(tag, _)| tag);
                let name = |tag: &&str| tag.chars().all(|sign| sign.is_alphanumeric() || sign == '_');
                match tag.filter(name) {
                    Some(tag) => find(at + tag.len() + 2, &format!("${tag}$"))?,
                    None => at + 1,
                }
            }
            b';' if depth == 0 && !whole(text.get(..at).unwrap_or_default()) => return Some(at + 1),
            b'(' => {
                depth += 1;
                at + 1
            }
            b')' => {
                depth = depth.saturating_sub(1);
                at + 1
            }
            _ => at + 1,
        };
    }
    None
}

/// Behind the end of a comment; others may lie in it.
fn comment(text: &str) -> Option<usize> {
    let (mut at, mut depth) = (2, 1_usize);
    while depth > 0 {
        let rest = text.get(at..)?;
        let (open, close) = (rest.find("/*"), rest.find("*/")?);
        match open.filter(|open| *open < close) {
            Some(open) => (at, depth) = (at + open + 2, depth + 1),
            None => (at, depth) = (at + close + 2, depth - 1),
        }
    }
    Some(at)
}

/// Whether a semicolon ends nothing any more: it may stand in the body of a function.
fn whole(text: &str) -> bool {
    let words: Vec<&str> = text.split_whitespace().collect();
    words.windows(2).any(|two| {
        two.first().is_some_and(|word| word.eq_ignore_ascii_case("begin"))
            && two.get(1).is_some_and(|word| word.eq_ignore_ascii_case("atomic"))
    })
}

/// Whether the lines behind it may be data.
pub fn copies(text: &str) -> bool {
    let mut words = text.split_whitespace();
    words.next().is_some_and(|word| word.eq_ignore_ascii_case("copy"))
        && words.any(|word| word.trim_end_matches(';').eq_ignore_ascii_case("stdin"))
}

/// The line of a statement with a mark under the sign that an error points at (the first is 1).
pub fn pointed(text: &str, position: usize) -> String {
    /// So wide is what is shown of a line, and so much of it to the right of the mark.
    const WIDTH: usize = 60;
    const RIGHT: usize = 10;
    let before: Vec<char> = text.chars().take(position.saturating_sub(1)).collect();
    let number = before.iter().filter(|sign| **sign == '\n').count() + 1;
    let place = before.iter().rev().take_while(|sign| **sign != '\n').count();
    let line = text.split('\n').nth(number - 1).unwrap_or_default().trim_end_matches('\r');
    let line: Vec<char> = line.chars().map(|sign| if sign == '\t' { ' ' } else { sign }).collect();
    let mut sums = vec![0];
    for sign in &line {
        sums.push(sums.last().copied().unwrap_or(0) + sign.width().unwrap_or(0));
    }
    let column = |at: usize| sums.get(at).copied().unwrap_or(0);
    let (mut from, mut to) = (0, line.len());
    let place = place.min(to);
    if column(to) > WIDTH {
        if WIDTH < column(place) + RIGHT {
            while column(place) + RIGHT < column(to) {
                to -= 1;
            }
            while column(to) - column(from) > WIDTH {
                from += 1;
            }
        } else {
            while column(to) > WIDTH {
                to -= 1;
            }
        }
    }
    let head = format!("LINE {number}: {}", if from > 0 { "..." } else { "" });
    let tail = if to < line.len() { "..." } else { "" };
    let shown: String = line.get(from..to).unwrap_or_default().iter().collect();
    let mut out = format!("{head}{shown}{tail}\n");
    let _ = write!(out, "{}^", " ".repeat(head.width() + column(place) - column(from)));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_semicolon_in_a_string_a_comment_or_brackets_ends_nothing() {
        for text in ["a ';' \";\" -- ;\n/* ; */ $x$;$x$ (;) E'\\';' b;", "select 1;"] {
            assert_eq!(end(text), Some(text.len()), "{text}");
        }
        assert_eq!(end("do $$ ; $$"), None);
        assert_eq!(end("/* a /* b */ ; drop table x; */ select 1;").map(|end| end > 30), Some(true));
        assert_eq!(end("select DATE'\\'; select 2;"), Some(15));
        assert_eq!(end("create function f() begin atomic delete from a; delete from b; end;"), None);
        assert_eq!(end("it's; open"), None);
    }

    #[test]
    fn an_error_points_into_a_long_line_that_is_cut() {
        assert_eq!(pointed("select\n  x y", 12), "LINE 2:   x y\n            ^");
        let long = format!("select {} where no", "x".repeat(100));
        assert_eq!(pointed(&long, 115).lines().last().map(str::len), Some(70));
        assert!(pointed(&long, 115).starts_with("LINE 1: ...x"));
    }
}
