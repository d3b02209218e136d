//! Placeholders with signs around them: `<pod name>`, `{{name}}`, `{name}`, `[name]`.
use super::super::words::Words;
use super::{Found, Quoting, Shape};
use crate::commands::Lang;

/// What stands in angle brackets and is no value to fill in.
static FIXED: Words = Words::new(
    "none nil null unknown invalid pending unset empty missing defunct root default html head body br div \
    span p a li ul ol td tr table b i pre code title script eof error no-value memory nobody anonymous",
);

pub(super) fn find(text: &str, shape: &Shape, lang: Lang, found: &mut Vec<Found>) {
    angles(text, shape, found);
    if lang != Lang::Query {
        braces(text, shape, found);
    }
    if lang == Lang::Shell {
        marked(text, "@@", found);
        marked(text, "%", found);
        brackets(text, shape, found);
    }
}

fn push(found: &mut Vec<Found>, text: &str, name: &str, start: usize) {
    found.push(Found {
        text: text.to_owned(),
        name: name.trim().to_owned(),
        start,
        end: start + text.len(),
        default: None,
    });
}

fn angles(text: &str, shape: &Shape, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memchr(b'<', rest)).map(|i| from + i) {
        from = at + 1;
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        if matches!(before, b'<' | b'\\') || shape.at(at).is_some_and(|piece| piece.comment) {
            continue;
        }
        let window = text.get(at + 1..).map(|rest| rest.chars().take(80).map(char::len_utf8).sum::<usize>());
        let Some(inner) = window.and_then(|length| text.get(at + 1..at + 1 + length)) else { continue };
        let close = inner.find(['>', '<', '\n']);
        let Some(close) = close.filter(|at| inner.get(*at..).is_some_and(|rest| rest.starts_with('>')))
        else {
            unclosed(inner, before, at, found);
            continue;
        };
        let Some(name) = inner.get(..close) else { continue };
        if is_name(name, before) {
            if let Some(whole) = text.get(at..at + close + 2) {
                push(found, whole, name.trim_matches(['[', ']', '{', '}', '$', '#']), at);
            }
            from = at + close + 2;
        }
    }
}

/// `<repo_path show-ref`: the author forgot the second sign.
fn unclosed(inner: &str, before: u8, at: usize, found: &mut Vec<Found>) {
    let length = inner.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    let Some(name) = inner.get(..length) else { return };
    let ends = inner.get(length..).is_none_or(|rest| rest.is_empty() || rest.starts_with([' ', '\n']));
    let worded = name.contains('_') && name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.len() > 3;
    if ends && worded && before.is_ascii_whitespace() {
        push(found, &format!("<{name}"), name, at);
    }
}

fn is_name(name: &str, before: u8) -> bool {
    let begins = name.starts_with(|c: char| c.is_alphabetic() || matches!(c, '[' | '{' | '#' | '$'));
    let ends = name.ends_with(|c: char| {
        c.is_alphanumeric() || matches!(c, ']' | '}' | ')' | '.' | '?' | '*' | '#' | '\'' | '_')
    });
    let signs = name.chars().all(|c| c.is_alphanumeric() || " -_./|:,'[](){}#@+*=?$&".contains(c));
    let redirected = name.rsplit_once(' ').is_some_and(|(_, last)| last.bytes().all(|b| b.is_ascii_digit()));
    // `a<b and c>d` compares.
    let compares = before.is_ascii_alphanumeric() && name.contains(' ');
    let shell = name.contains("&&") || name.contains("$(") || name.contains("||");
    let fixed = FIXED.contains(&name.to_lowercase().replace(' ', "-"));
    let mail = name.contains('@') && name.contains('.') && !name.contains("your");
    let address = name.contains("://");
    !address && begins && ends && signs && !redirected && !compares && !shell && !fixed && !mail
}

fn braces(text: &str, shape: &Shape, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memchr(b'{', rest)).map(|i| from + i) {
        from = at + 1;
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        let Some(piece) = shape.at(at) else { continue };
        if piece.comment || matches!(before, b'$' | b'%' | b'\\' | b'@' | b'#' | b'{') {
            continue;
        }
        let double = bytes.get(at + 1) == Some(&b'{');
        let start = at + if double { 2 } else { 1 };
        let rest = text.get(start..).unwrap_or_default();
        let length = rest
            .bytes()
            .take(64)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ' | b'.'))
            .count();
        let Some(inner) = rest.get(..length) else { continue };
        let closed = rest
            .get(length..)
            .is_some_and(|tail| if double { tail.starts_with("}}") } else { tail.starts_with('}') });
        let name = inner.trim();
        if !closed || !name.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let end = start + length + if double { 2 } else { 1 };
        let wanted = if double {
            !is_template(name)
        } else {
            is_single(inner, piece.quoting, text.get(end..).unwrap_or_default())
        };
        if wanted {
            if let Some(whole) = text.get(at..end) {
                push(found, whole, name, at);
            }
            from = end;
        }
    }
}

/// Words of Go's and Jinja's templates.
fn is_template(name: &str) -> bool {
    const WORDS: [&str; 14] = [
        "range", "end", "if", "else", "json", "printf", "len", "index", "with", "template", "define",
        "block", "not", "raw",
    ];
    let mut all = name.split_whitespace();
    let first = all.next().unwrap_or_default();
    WORDS.contains(&first) || all.next().is_some_and(|second| second.starts_with('.'))
}

/// `{name}`, but no brace expansion, awk block, or JSON.
fn is_single(inner: &str, quoting: Quoting, after: &str) -> bool {
    let word = !inner.contains([' ', '.']) && inner.len() > 1;
    let several = inner.contains(['-', '_']);
    let block = matches!(inner, "print" | "next" | "exit" | "items" | "range" | "end");
    let quoted = quoting.is_literal() && quoting != Quoting::HeredocQuoted;
    word && !block && (!quoted || several) && !after.starts_with('}')
}

/// `@@TOKEN@@`, `%TICKET%`: capitals between two signs.
fn marked(text: &str, sign: &str, found: &mut Vec<Found>) {
    // A text without the sign's first byte, as nearly all are, is done at once.
    if sign.bytes().next().is_none_or(|first| memchr::memchr(first, text.as_bytes()).is_none()) {
        return;
    }
    let finder = memchr::memmem::Finder::new(sign);
    let mut from = 0;
    while let Some(at) = text.get(from..).and_then(|rest| finder.find(rest.as_bytes())).map(|i| from + i) {
        from = at + sign.len();
        let rest = text.get(from..).unwrap_or_default();
        let length = rest
            .bytes()
            .take(48)
            .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_')
            .count();
        let Some(name) = rest.get(..length).filter(|name| name.len() > 2) else { continue };
        if rest.get(length..).is_some_and(|tail| tail.starts_with(sign)) {
            let end = from + length + sign.len();
            if let Some(whole) = text.get(at..end) {
                push(found, whole, name, at);
            }
            from = end;
        }
    }
}

/// `[pod-name]`, bare; a glob of letters is none.
fn brackets(text: &str, shape: &Shape, found: &mut Vec<Found>) {
    let bytes = text.as_bytes();
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| memchr::memchr(b'[', rest)).map(|i| from + i) {
        from = at + 1;
        let before = at.checked_sub(1).and_then(|i| bytes.get(i)).copied().unwrap_or(b' ');
        let bare = shape.at(at).is_some_and(|piece| !piece.comment && piece.quoting == Quoting::Bare);
        if !bare || !(before.is_ascii_whitespace() || matches!(before, b'=' | b'/' | b':')) {
            continue;
        }
        let rest = text.get(at + 1..).unwrap_or_default();
        let length = rest
            .bytes()
            .take(64)
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b' ' | b'|'))
            .count();
        let Some(name) = rest.get(..length) else { continue };
        let closed = rest.get(length..).is_some_and(|tail| tail.starts_with(']') && !tail.starts_with("]]"));
        let parts = name.split(['-', '_', ' ', '|']);
        let worded = name.len() > 3
            && parts
                .clone()
                .all(|part| part.len() > 1 && part.starts_with(|c: char| c.is_ascii_alphabetic()));
        if closed && worded {
            if let Some(whole) = text.get(at..at + length + 2) {
                push(found, whole, name, at);
            }
            from = at + length + 2;
        }
    }
}
