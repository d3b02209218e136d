//! Single lines: how a text is cut into them, and what one of them looks like.
use std::borrow::Cow;

use super::Marker;
use super::defects::Defects;

/// Takes away what no editor shows: the byte order mark, and NULs, which no command can hold.
pub fn clean<'a>(text: &'a str, defects: &mut Defects) -> Cow<'a, str> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let Some(first) = memchr::memchr(0, text.as_bytes()) else { return Cow::Borrowed(text) };
    let line = memchr::memchr_iter(b'\n', text.as_bytes().get(..first).unwrap_or_default()).count();
    defects.note(line, "NUL characters were replaced");
    Cow::Owned(text.replace('\0', "\u{fffd}"))
}

/// Cuts at LF, CR LF and a lone CR; an empty end behind the last of them is no line.
pub fn split<'a>(text: &'a str, defects: &mut Defects) -> Vec<&'a str> {
    let bytes = text.as_bytes();
    let mut lines = Vec::with_capacity(memchr::memchr_iter(b'\n', bytes).count() + 1);
    let mut start = 0;
    let mut told = false;
    for at in memchr::memchr2_iter(b'\n', b'\r', bytes) {
        if at < start {
            continue;
        }
        lines.push(text.get(start..at).unwrap_or_default());
        let carriage = bytes.get(at) == Some(&b'\r');
        let pair = carriage && bytes.get(at + 1) == Some(&b'\n');
        if carriage && !told {
            told = true;
            let what =
                if pair { "lines end in CR LF; read as LF" } else { "a CR alone was read as a line's end" };
            defects.note(lines.len() - 1, what);
        }
        start = at + if pair { 2 } else { 1 };
    }
    if start < bytes.len() {
        lines.push(text.get(start..).unwrap_or_default());
    }
    lines
}

/// Characters that are on no screen and that editors leave behind at the start of lines.
pub fn invisible(c: char) -> bool {
    matches!(c, '\u{200b}' | '\u{2060}' | '\u{feff}' | '\u{200e}' | '\u{200f}')
}

/// Where a tab takes the column.
pub fn tab(column: usize) -> usize {
    column + 4 - column % 4
}

/// The columns of blank in front of the text, counted from `column`, and the text without them.
pub fn indent(text: &str, column: usize) -> (usize, &str) {
    // Blanks in front of a plain sign, or nothing: what most lines begin with.
    let blanks = text.bytes().take_while(|b| *b == b' ').count();
    if text.as_bytes().get(blanks).is_some_and(u8::is_ascii_graphic) {
        return (blanks, text.get(blanks..).unwrap_or_default());
    }
    let mut now = column;
    for (at, c) in text.char_indices() {
        match c {
            ' ' | '\u{a0}' => now += 1,
            '\t' => now = tab(now),
            c if invisible(c) => {}
            _ => return (now - column, text.get(at..).unwrap_or_default()),
        }
    }
    (now - column, "")
}

/// Takes up to `columns` of blank from the front; what a tab has too much of stays as blanks.
pub fn dedent(text: &str, columns: usize) -> Cow<'_, str> {
    let mut now = 0;
    for (at, c) in text.char_indices() {
        if now >= columns {
            let rest = text.get(at..).unwrap_or_default();
            return if now == columns {
                Cow::Borrowed(rest)
            } else {
                Cow::Owned(format!("{}{rest}", " ".repeat(now - columns)))
            };
        }
        match c {
            ' ' => now += 1,
            '\t' => now = tab(now),
            _ => return Cow::Borrowed(text.get(at..).unwrap_or_default()),
        }
    }
    Cow::Borrowed("")
}

/// A line without the `>` in front of it.
#[derive(Debug, Clone, Copy)]
pub struct Quoted<'a> {
    /// The columns in front of the first `>`, or of the text where there is none.
    pub outer: usize,
    /// How many `>` there are; the depth itself says nothing more.
    pub depth: usize,
    pub rest: &'a str,
}

/// Takes up to `most` of the `>` away, each with one blank behind it.
pub fn unquote(text: &str, most: usize) -> Quoted<'_> {
    let (outer, first) = indent(text, 0);
    if most == 0 || !first.starts_with('>') {
        return Quoted { outer, depth: 0, rest: text };
    }
    let mut rest = text;
    let mut depth = 0;
    while depth < most {
        let (blank, inner) = indent(rest, 0);
        // Behind the first mark, four columns of blank are code, and a `>` there belongs to it.
        let Some(after) = inner.strip_prefix('>').filter(|_| depth == 0 || blank < 4) else { break };
        depth += 1;
        rest = after.strip_prefix(' ').unwrap_or(after);
    }
    Quoted { outer, depth, rest }
}

/// `## Heading ##`, and `##Heading` where it cannot be anything else.
///
/// `alone` says that no line of text stands directly before or behind: a single `#` without a blank behind it
/// begins more tags and channels than headings.
pub fn heading(text: &str, alone: bool) -> Option<(u8, &str)> {
    let marks = text.bytes().take_while(|b| *b == b'#').count();
    let level = u8::try_from(marks).ok().filter(|level| (1..=6).contains(level))?;
    let rest = text.get(marks..)?;
    let glued = !rest.is_empty() && !rest.starts_with([' ', '\t', '\u{a0}']);
    if glued {
        let first = rest.chars().next()?;
        let clear = if level == 1 {
            alone && first.is_uppercase()
        } else {
            first.is_alphanumeric() || !first.is_ascii()
        };
        if !clear {
            return None;
        }
    }
    let rest = rest.trim();
    let bare = rest.trim_end_matches('#');
    let closed = bare.len() < rest.len() && (bare.is_empty() || bare.ends_with([' ', '\t']));
    Some((level, if closed { bare.trim_end() } else { rest }))
}

/// `---`, `***`, `_ _ _`.
pub fn rule(text: &str) -> bool {
    let Some(mark) = text.chars().next().filter(|c| matches!(c, '-' | '*' | '_')) else { return false };
    let mut marks = 0;
    for c in text.chars() {
        match c {
            ' ' | '\t' => {}
            c if c == mark => marks += 1,
            _ => return false,
        }
    }
    marks >= 3
}

/// The line under a heading: `====` is level 1, `----` is level 2.
pub fn underline(text: &str) -> Option<u8> {
    let text = text.trim_end();
    let first = text.bytes().next()?;
    let level = match first {
        b'=' => 1,
        b'-' => 2,
        _ => return None,
    };
    (text.len() >= 2 && text.bytes().all(|b| b == first)).then_some(level)
}

/// The mark of a list item and what stands behind it.
#[derive(Debug, Clone, Copy)]
pub struct Bullet<'a> {
    pub marker: Marker,
    /// `-`, `*`, `+`, `•`, or the sign behind the number.
    pub sign: char,
    /// Columns from the mark's start to the text's start.
    pub width: usize,
    pub rest: &'a str,
    /// `1.Text`, without a blank: an item only where a list is expected.
    pub glued: bool,
}

/// Reads the mark of a list item at the start of a text.
pub fn bullet(text: &str) -> Option<Bullet<'_>> {
    let first = text.chars().next()?;
    if matches!(first, '-' | '*' | '+' | '•') {
        return behind(text.get(first.len_utf8()..)?, Marker::Bullet, first, 1, false);
    }
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 9 {
        return None;
    }
    let number = text.get(..digits)?.parse().ok()?;
    let after = text.get(digits..)?;
    let sign = after.chars().next().filter(|c| matches!(c, '.' | ')'))?;
    let rest = after.get(1..)?;
    let glued = rest.starts_with(|c: char| c.is_uppercase() || c == '*');
    behind(rest, Marker::Number(number), sign, digits + 1, glued)
}

fn behind(rest: &str, marker: Marker, sign: char, mark: usize, glued: bool) -> Option<Bullet<'_>> {
    if glued {
        return Some(Bullet { marker, sign, width: mark, rest, glued });
    }
    if !rest.is_empty() && !rest.starts_with([' ', '\t', '\u{a0}']) {
        return None;
    }
    let (blank, text) = indent(rest, mark);
    // More than four columns are code inside the item for some readers; here they are only a wide mark.
    let width = mark + if text.is_empty() || blank > 4 { 1 } else { blank };
    Some(Bullet { marker, sign, width, rest: text, glued })
}

/// `[ ] text`, `[x] text`.
pub fn checkbox(text: &str) -> Option<(bool, &str)> {
    let rest = text.strip_prefix('[')?;
    let mut inside = rest.chars();
    let ticked = match inside.next()? {
        ' ' | '_' => false,
        'x' | 'X' | '✓' | '✔' => true,
        ']' => return rest.strip_prefix("] ").map(|text| (false, text.trim_start())),
        _ => return None,
    };
    let after = inside.as_str().strip_prefix(']')?;
    (after.is_empty() || after.starts_with([' ', '\t'])).then(|| (ticked, after.trim_start()))
}

/// `[label]: address`, which stands for nothing by itself. Footnotes (`[^1]: …`) are text.
pub fn definition(text: &str) -> bool {
    let Some(inside) = text.strip_prefix('[').filter(|rest| !rest.starts_with('^')) else { return false };
    let Some(end) = inside.find(']').filter(|end| *end > 0) else { return false };
    let Some(after) = inside.get(end + 1..).and_then(|rest| rest.strip_prefix(':')) else { return false };
    let mut words = after.split_whitespace();
    let address = words.next().unwrap_or_default();
    let title = words.next().is_none_or(|word| word.starts_with(['"', '\'', '(']));
    let place = address.contains(['/', '.', '#', ':', '@']) || address.starts_with('<');
    title && place
}

/// A sentence rather than code: it decides only where a fence that is never closed has to end.
pub fn prose(text: &str) -> bool {
    let text = text.trim();
    if text.starts_with("**") || text.starts_with("> ") || text.starts_with("| ") || text.starts_with('[') {
        return true;
    }
    if bullet(text).is_some_and(|bullet| !bullet.glued && bullet.rest.split_whitespace().nth(1).is_some()) {
        return true;
    }
    let Some(first) = text.chars().next() else { return false };
    let code = text.contains("$(") || text.contains(" | ") || text.contains(" --") || text.contains('=');
    let words = text.split_whitespace().take(4).count();
    first.is_uppercase() && !code && words >= 3 && (words >= 4 || text.ends_with(['.', ':', '!', '?']))
}
