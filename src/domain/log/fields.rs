//! JSON and logfmt lines taken apart, as little as is needed and without copies.
use std::borrow::Cow;
use std::fmt::Write as _;

use crate::domain::text;

/// Values of a field that are shown; what is longer is cut.
const VALUE: usize = 1_024;
const MESSAGE: usize = 32 * 1_024;

/// A line with a structure: its message first, then what else it says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Structured<'t> {
    pub message: Cow<'t, str>,
    pub fields: Vec<(Cow<'t, str>, Cow<'t, str>)>,
}

/// Takes a line apart if it is JSON or logfmt; level and time are left out, as they have their own columns.
pub fn read(line: &str) -> Option<Structured<'_>> {
    let trimmed = line.trim_start();
    if trimmed.starts_with('{') {
        let parts: Vec<_> = json(trimmed).collect();
        return (!parts.is_empty()).then(|| structured(parts, unescape));
    }
    let parts: Vec<_> = logfmt(trimmed).collect();
    let known = parts.iter().any(|(key, _)| is_message(key) || is_level(key));
    (parts.len() > 1 && known).then(|| structured(parts, unescape))
}

fn structured<'t>(
    parts: Vec<(&'t str, &'t str)>,
    value: impl Fn(&'t str, usize) -> Cow<'t, str>,
) -> Structured<'t> {
    let mut message = Cow::Borrowed("");
    let mut fields = Vec::with_capacity(parts.len());
    for (key, raw) in parts {
        if is_message(key) && message.is_empty() {
            message = value(raw, MESSAGE);
        } else if !is_level(key) && !is_time(key) {
            fields.push((Cow::Borrowed(key), value(raw, VALUE)));
        }
    }
    Structured { message, fields }
}

pub fn is_level(key: &str) -> bool {
    matches!(key.len(), 3 | 5 | 8 | 9)
        && matches_any(key, &["level", "lvl", "severity", "levelname", "log.level", "loglevel"])
}

fn is_message(key: &str) -> bool {
    matches_any(key, &["msg", "message", "event", "log", "@message"])
}

fn is_time(key: &str) -> bool {
    matches_any(key, &["time", "ts", "timestamp", "@timestamp", "t", "asctime", "@t", "datetime"])
}

fn matches_any(key: &str, names: &[&str]) -> bool {
    names.iter().any(|name| key.eq_ignore_ascii_case(name))
}

/// The quotes taken away, nothing else.
pub fn bare(raw: &str) -> &str {
    raw.strip_prefix('"').map_or(raw, |rest| rest.strip_suffix('"').unwrap_or(rest))
}

/// Keys and raw values of the outermost object, until it ends or makes no sense any more.
pub fn json(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line.trim_start().strip_prefix('{').unwrap_or_default();
    std::iter::from_fn(move || {
        rest = rest.trim_start_matches([' ', ',']);
        let key_end = string_end(rest)?;
        let key = rest.get(1..key_end - 1)?;
        rest = rest.get(key_end..)?.trim_start_matches(' ').strip_prefix(':')?.trim_start_matches(' ');
        let end = value_end(rest)?;
        let value = rest.get(..end)?;
        rest = rest.get(end..)?;
        Some((key, value.trim_end()))
    })
}

/// Just behind the string that `text` begins with.
fn string_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    if bytes.first() != Some(&b'"') {
        return None;
    }
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', bytes.get(at..)?)?;
        match bytes.get(at) {
            Some(b'"') => return Some(at + 1),
            _ => at += 2,
        }
    }
}

fn value_end(text: &str) -> Option<usize> {
    match text.as_bytes().first()? {
        b'"' => string_end(text),
        b'{' | b'[' => nested_end(text),
        _ => text.bytes().position(|b| matches!(b, b',' | b'}')),
    }
}

fn nested_end(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        match bytes.get(at)? {
            b'"' => at += string_end(text.get(at..)?)?,
            b'{' | b'[' => {
                depth += 1;
                at += 1;
            }
            b'}' | b']' => {
                depth = depth.checked_sub(1)?;
                at += 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => at += 1,
        }
    }
}

/// `key=value` pairs; words between them are passed over, unless the line does not begin with a pair.
pub fn logfmt(line: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = line;
    let mut first = true;
    std::iter::from_fn(move || {
        loop {
            rest = rest.trim_start_matches(' ');
            let key_end = rest.bytes().position(|b| !(b.is_ascii_alphanumeric() || b"_.-@/".contains(&b)));
            match key_end.filter(|end| *end > 0 && rest.as_bytes().get(*end) == Some(&b'=')) {
                Some(end) => {
                    first = false;
                    let key = rest.get(..end)?;
                    let value = rest.get(end + 1..)?;
                    let stop = string_end(value)
                        .unwrap_or_else(|| value.bytes().position(|b| b == b' ').unwrap_or(value.len()));
                    rest = value.get(stop..)?;
                    return Some((key, value.get(..stop)?));
                }
                None if first => return None,
                None => {
                    let next = rest.bytes().position(|b| b == b' ')?;
                    rest = rest.get(next..)?;
                }
            }
        }
    })
}

/// A value as people read it. What its escapes stood for is made harmless again.
fn unescape(raw: &str, most: usize) -> Cow<'_, str> {
    let inner = bare(raw);
    if !raw.starts_with('"') || !inner.contains('\\') {
        return text::clean_to(inner, most);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        if c != '\\' {
            out.push(c);
            continue;
        }
        match chars.next() {
            // A line break inside a value, as stack traces have them.
            Some('n') => out.push_str(" ⏎ "),
            Some('r') => {}
            Some('t') => out.push(' '),
            Some('b' | 'f') => out.push(char::REPLACEMENT_CHARACTER),
            Some('u') => unicode(&mut chars, &mut out),
            Some(other) => out.push(other),
            None => out.push('\\'),
        }
    }
    Cow::Owned(text::clean_to(&out, most).into_owned())
}

fn unicode(chars: &mut std::str::Chars<'_>, out: &mut String) {
    let Some(high) = hex4(chars) else {
        out.push(char::REPLACEMENT_CHARACTER);
        return;
    };
    if !(0xd800..0xdc00).contains(&high) {
        out.push(char::from_u32(high).unwrap_or(char::REPLACEMENT_CHARACTER));
        return;
    }
    let mut ahead = chars.clone();
    let low = (ahead.next() == Some('\\') && ahead.next() == Some('u')).then(|| hex4(&mut ahead)).flatten();
    match low.filter(|low| (0xdc00..0xe000).contains(low)) {
        Some(low) => {
            *chars = ahead;
            let c = 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
            out.push(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        None => out.push(char::REPLACEMENT_CHARACTER),
    }
}

fn hex4(chars: &mut std::str::Chars<'_>) -> Option<u32> {
    let digits = chars.as_str().get(..4)?;
    let value = u32::from_str_radix(digits, 16).ok()?;
    chars.nth(3);
    Some(value)
}

impl Structured<'_> {
    /// As one line: the message, then the fields.
    pub fn line(&self) -> String {
        let mut out = self.message.to_string();
        for (key, value) in &self.fields {
            // Writing to a string cannot fail.
            let _ = write!(out, "{}{key}={value}", if out.is_empty() { "" } else { " " });
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_message_of_a_json_line_comes_first() {
        let line = r#"{"ts":1.5,"level":"info","msg":"took \"it\"","n":3,"in":{"a":["}"]},"s":"x y"}"#;
        let read = read(line).unwrap();
        assert_eq!(read.line(), r#"took "it" n=3 in={"a":["}"]} s=x y"#);
    }

    #[test]
    fn the_message_of_a_logfmt_line_comes_first() {
        let read = read(r#"ts=2026-01-02T03:04:05Z caller=main.go:7 level=warn msg="slow query" took=1.5s"#)
            .unwrap();
        assert_eq!(read.line(), "slow query caller=main.go:7 took=1.5s");
    }

    #[test]
    fn a_plain_line_is_not_taken_apart() {
        for line in ["GET /?a=1&b=2 200", "x=1", "just words", "{not json", "{}"] {
            assert_eq!(read(line), None, "{line}");
        }
    }

    #[test]
    fn what_an_escape_stood_for_is_made_harmless() {
        let read = read(r#"{"msg":"a\u001b[31mb\u202e\n\ud83d\ude00\ud800c"}"#).unwrap();
        assert_eq!(read.message, "ab� ⏎ 😀�c");
    }

    proptest! {
        #[test]
        fn any_text_can_be_read_and_what_comes_out_is_harmless(line in r#"\{?("[a-z\\"]{0,5}"|[:={},\[\] ]|\\u00[01][0-9a-f]|\PC){0,30}"#) {
            if let Some(read) = read(&text::clean(&line)) {
                prop_assert!(read.line().chars().all(|c| !c.is_control()));
            }
        }
    }
}
