//! Where a statement ends, and where in it an error lies.
use unicode_width::UnicodeWidthStr;

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
        let opens = open.is_some_and(|open| open < close);
        at += if opens { open.unwrap_or(close) } else { close } + 2;
        depth = if opens { depth + 1 } else { depth - 1 };
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
    let before: Vec<char> = text.chars().take(position.saturating_sub(1)).collect();
    let number = before.iter().filter(|sign| **sign == '\n').count() + 1;
    let place: String = before.iter().rev().take_while(|sign| **sign != '\n').collect();
    let line = text.split('\n').nth(number - 1).unwrap_or_default().trim_end_matches('\r');
    let head = format!("LINE {number}: ");
    format!(
        "{head}{}\n{}^",
        line.replace('\t', " "),
        " ".repeat(head.width() + place.replace('\t', " ").width())
    )
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
    fn an_error_points_into_its_line() {
        assert_eq!(pointed("select\n  x y", 12), "LINE 2:   x y\n            ^");
    }
}
