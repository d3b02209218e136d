//! Text inside a block: what it says without its marks, the code in it, its links.
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use super::line::invisible;
use super::walk::{Walk, next_mark};

/// The code in a text: where each stands with its backticks, and what it says without them.
pub fn code_spans(markdown: &str) -> Vec<(Range<usize>, String)> {
    let runs = runs(markdown);
    if runs.len() < 2 {
        return Vec::new();
    }
    let closes = closers(&runs);
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(open) = runs.get(at) {
        let Some((to, close)) = closes.get(at).copied().flatten().and_then(|to| Some((to, runs.get(to)?)))
        else {
            at += 1;
            continue;
        };
        let inside = markdown.get(open.end..close.start).unwrap_or_default();
        let padded = inside.len() > 2
            && inside.starts_with([' ', '\n'])
            && inside.ends_with([' ', '\n'])
            && !inside.trim().is_empty();
        let inside = if padded { inside.get(1..inside.len() - 1).unwrap_or_default() } else { inside };
        spans.push((open.start..close.end, inside.replace('\n', " ")));
        at = to + 1;
    }
    spans
}

/// The next run of the same length, for each of them.
fn closers(runs: &[Range<usize>]) -> Vec<Option<usize>> {
    // Most texts have so few that a look at each is quicker than a table.
    if runs.len() <= 8 {
        let next = |(at, run): (usize, &Range<usize>)| {
            let behind = runs.get(at + 1..)?.iter().position(|other| other.len() == run.len())?;
            Some(at + 1 + behind)
        };
        return runs.iter().enumerate().map(next).collect();
    }
    // Found from the end.
    let mut next: HashMap<usize, usize> = HashMap::new();
    let mut closes = vec![None; runs.len()];
    for (at, (run, closer)) in runs.iter().zip(closes.iter_mut()).enumerate().rev() {
        *closer = next.insert(run.len(), at);
    }
    closes
}

/// The runs of backticks; one behind a backslash is no mark.
fn runs(text: &str) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in memchr::memchr_iter(b'`', text.as_bytes()) {
        match runs.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\\') => {}
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// What a text begins with in bold, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead<'a> {
    /// Without its marks and without a colon at its end.
    pub bold: Cow<'a, str>,
    /// Markdown, without the colon in front.
    pub rest: &'a str,
    /// A colon ends the bold text or follows it.
    pub colon: bool,
}

/// Reads `**Key:** value`, `**Key**: value`, `__Key__ value`, `**1. Title** (0-5 min)`.
pub fn lead(markdown: &str) -> Option<Lead<'_>> {
    // Most texts begin with a letter.
    if markdown.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let text = trimmed(markdown);
    let sign = match text.as_bytes() {
        [sign @ (b'*' | b'_'), second, ..] if sign == second => *sign,
        _ => return None,
    };
    let inside = text.get(2..)?;
    if inside.starts_with([' ', '\t']) {
        return None;
    }
    let end = closing(inside, sign)?;
    let bold = inside.get(..end)?.trim_matches(['*', '_']);
    let rest = inside.get(end + 2..)?.trim_start_matches(['*', '_']).trim_start();
    let inner = bold.trim_end().strip_suffix([':', '：']);
    let outer = rest.strip_prefix([':', '：']);
    Some(Lead {
        bold: plain(inner.unwrap_or(bold)),
        rest: outer.unwrap_or(rest).trim(),
        colon: inner.is_some() || outer.is_some(),
    })
}

/// Where the two marks stand that end a bold text: behind something, and not behind a blank.
fn closing(inside: &str, sign: u8) -> Option<usize> {
    let bytes = inside.as_bytes();
    let mut from = 0;
    loop {
        let at = from + memchr::memchr(sign, bytes.get(from..)?)?;
        if bytes.get(at + 1) != Some(&sign) {
            from = at + 1;
            continue;
        }
        if inside.get(..at).is_some_and(|before| !before.ends_with(' ') && !before.trim().is_empty()) {
            return Some(at);
        }
        from = at + 2;
    }
}

/// The bold text at the start without marks and colon, and what follows it.
pub fn bold_lead(markdown: &str) -> Option<(Cow<'_, str>, &str)> {
    lead(markdown).map(|lead| (lead.bold, lead.rest))
}

/// Takes pictures, ticks and blanks from both ends: `🚨 Emergency`, `- ✅ done`.
pub fn bare(text: &str) -> &str {
    let picture = |c: char| {
        c.is_whitespace()
            || invisible(c)
            || matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{fe0e}')
            || matches!(u32::from(c), 0x2190..=0x21ff | 0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x1f000..=0x1faff | 0xe0020..=0xe007f)
    };
    // Most texts begin and end with a letter or a sign that no picture is made of.
    let solid = |b: Option<&u8>| b.is_some_and(u8::is_ascii_graphic);
    if solid(text.as_bytes().first()) && solid(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(picture)
}

/// The links in a text, with their addresses: `[text](address)`, `<address>`, and addresses that stand alone.
pub fn links(markdown: &str) -> Vec<(String, String)> {
    next_mark(markdown, 0).map_or_else(Vec::new, |first| Walk::new(markdown, first).links())
}

/// What a text says without its marks: emphasis, code, links, images, tags, entities, emoji codes.
pub fn plain(markdown: &str) -> Cow<'_, str> {
    match next_mark(markdown, 0) {
        Some(first) => Cow::Owned(Walk::new(markdown, first).text()),
        // Most lines and words have no marks at all.
        None => Cow::Borrowed(trimmed(markdown)),
    }
}

/// A text without blanks around it; most have none.
pub fn trimmed(text: &str) -> &str {
    let solid = |b: Option<&u8>| b.is_some_and(u8::is_ascii_graphic);
    if solid(text.as_bytes().first()) && solid(text.as_bytes().last()) { text } else { text.trim() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_without_marks_is_not_copied() {
        for text in ["Check it: 3 < 5, a_b ~ c & d!", "the htop", "naïve — “so”", "C:\\dir 5:30"] {
            assert!(matches!(plain(text), Cow::Borrowed(said) if said == text), "{text}");
        }
        for (text, said) in [
            ("**a** _b_ `c`", "a b c"),
            ("a\u{200b}b", "ab"),
            ("\\*a\\*", "*a*"),
            (":bell: go", "go"),
            ("x &lt; y", "x < y"),
        ] {
            assert_eq!(plain(text), said, "{text}");
        }
    }

    #[test]
    fn codes_are_told_apart_by_the_length_of_their_backticks() {
        let codes = |text| code_spans(text).into_iter().map(|(_, code)| code).collect::<Vec<_>>();
        assert_eq!(codes("`a` ``b ` c`` ` d"), ["a", "b ` c"]);
        let many = format!("{} ``b ` c`` ` d", "`a` ".repeat(6));
        assert_eq!(codes(&many), ["a", "a", "a", "a", "a", "a", "b ` c"]);
    }
}
