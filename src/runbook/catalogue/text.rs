//! Reading lines of Markdown: labels, numbers, parentheses.

use std::borrow::Cow;

use super::super::document::inline;

/// `**Name:** rest`, `**Name**: rest`, or a line that is bold as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label<'a> {
    pub name: Cow<'a, str>,
    pub rest: &'a str,
    /// A colon stands behind or in it.
    pub colon: bool,
}

/// What a text says without its marks, and without pictures around it.
pub fn plain(text: &str) -> Cow<'_, str> {
    let text = inline::bare(text);
    let text = match text.ends_with('}').then(|| text.rfind("{#")).flatten() {
        Some(at) => text.get(..at).unwrap_or(text).trim_end(),
        None => text,
    };
    let plain = inline::plain(text);
    if is_tidy(&plain) {
        return plain;
    }
    let mut out = String::with_capacity(plain.len());
    for word in inline::bare(&plain).split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
    }
    Cow::Owned(out)
}

/// Nothing but signs with single blanks between them, and a plain one at both ends.
fn is_tidy(text: &str) -> bool {
    let bytes = text.as_bytes();
    let ends = |b: Option<&u8>| b.is_some_and(u8::is_ascii_graphic);
    // To the end without a stop: several bytes at once.
    let odd = bytes.iter().fold(0, |odd, b| odd | u8::from(!matches!(b, b' '..=b'~')));
    let two = |(a, b): (&u8, &u8)| u8::from(*a == b' ') & u8::from(*b == b' ');
    let apart = bytes.iter().zip(bytes.iter().skip(1)).fold(0, |apart, both| apart | two(both));
    ends(bytes.first())
        && ends(bytes.last())
        && apart == 0
        && (odd == 0 || !text.chars().any(|c| c.is_control() || c.is_whitespace() && c != ' '))
}

/// The label at the start of a line.
pub fn label(line: &str) -> Option<Label<'_>> {
    let line = inline::bare(line);
    // `*Name:* rest` in italics as well.
    let italic = !line.starts_with("**") && line.starts_with(['*', '_']) && !line.starts_with("__");
    if italic {
        let sign = line.get(..1)?;
        let (name, rest) = line.get(1..)?.split_once(sign)?;
        let inner = name.strip_suffix(':');
        let outer = rest.strip_prefix(':');
        return (inner.is_some() || outer.is_some()).then(|| Label {
            name: Cow::Borrowed(inner.unwrap_or(name).trim()),
            rest: outer.unwrap_or(rest).trim(),
            colon: true,
        });
    }
    let lead = inline::lead(line)?;
    // `**Name** (0-5 minutes):`
    if let Some(inside) = lead.rest.strip_prefix('(').and_then(|rest| rest.strip_suffix("):"))
        && !lead.colon
        && lead.bold.len() + inside.len() <= 120
    {
        let name = Cow::Owned(format!("{} ({inside})", bared(lead.bold)));
        return Some(Label { name, rest: "", colon: true });
    }
    let fits = !lead.bold.is_empty() && lead.bold.len() <= 120 && (lead.colon || lead.rest.is_empty());
    fits.then(|| Label { name: bared(lead.bold), rest: lead.rest, colon: lead.colon })
}

/// A text without pictures around it.
fn bared(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(inline::bare(text)),
        Cow::Owned(text) if inline::bare(&text).len() == text.len() => Cow::Owned(text),
        Cow::Owned(text) => Cow::Owned(inline::bare(&text).to_owned()),
    }
}

/// `Name: rest` without emphasis, when the name is short and has no sentence in it.
pub fn bare_label(line: &str) -> Option<Label<'_>> {
    memchr::memchr(b':', line.as_bytes())?;
    let line = inline::trimmed(line);
    let at = memchr::memchr(b':', line.as_bytes())?;
    let (name, rest) = (line.get(..at)?, line.get(at + 1..)?);
    if !(rest.is_empty() || rest.starts_with(' ')) {
        return None;
    }
    let short = name.len() <= 40 && name.split_whitespace().count() <= 4;
    let worded = name.starts_with(char::is_alphabetic) && !name.contains(['`', '/', '.', ',', '*']);
    (short && worded).then(|| Label { name: Cow::Borrowed(name.trim()), rest: rest.trim(), colon: true })
}

/// The words of a text in lower case, without signs around them.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !is_letter(c)).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// What words are made of.
pub fn is_letter(c: char) -> bool {
    c.is_alphanumeric() || c == '\''
}

/// A number with its sign at the start: `1.`, `2)`, `Step 3:`; and what follows.
pub fn number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    // Most texts begin with another letter.
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, 's' | 'S' | 'p' | 'P')) {
        return None;
    }
    let stepped = strip_word(text, "step").or_else(|| strip_word(text, "phase"));
    let from = stepped.unwrap_or(text);
    let digits = from.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 3 {
        return None;
    }
    let value = from.get(..digits)?.parse().ok()?;
    let rest = from.get(digits..)?;
    let signed =
        rest.strip_prefix(['.', ')', ':']).or_else(|| rest.trim_start().strip_prefix(['-', '–', '—', ':']));
    match signed {
        Some(after) if after.is_empty() || after.starts_with(|c: char| c.is_whitespace()) => {
            Some((value, after.trim()))
        }
        None if stepped.is_some() && (rest.is_empty() || rest.starts_with(' ')) => Some((value, rest.trim())),
        _ => None,
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    (head.eq_ignore_ascii_case(word) && rest.starts_with([' ', '#']))
        .then(|| rest.trim_start_matches([' ', '#']))
}

/// What stands in parentheses at the end, and what is before them.
pub fn parenthesis(text: &str) -> Option<(&str, &str)> {
    let text = text.trim().trim_end_matches(':').trim_end();
    let inner = text.strip_suffix(')')?;
    let open = inner.rfind('(')?;
    Some((inner.get(..open)?.trim(), inner.get(open + 1..)?.trim()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_is_bold_with_its_colon_inside_or_outside() {
        let inside = label("**Severity:** P1").expect("a label");
        assert_eq!((inside.name.as_ref(), inside.rest), ("Severity", "P1"));
        let outside = label("**Note**: mind the gap").expect("a label");
        assert_eq!((outside.name.as_ref(), outside.rest), ("Note", "mind the gap"));
        assert!(label("**bold** and on").is_none());
    }

    #[test]
    fn plain_text_loses_marks_links_and_emoji() {
        assert_eq!(plain("🚨 **Act** on [pods](http://x) `now` <a name=\"x\"></a>{#id}"), "Act on pods now");
        assert_eq!(plain("restart <pod-name>"), "restart <pod-name>");
    }

    #[test]
    fn numbers_stand_with_a_sign_or_behind_the_word_step() {
        assert_eq!(number("2. Drain"), Some((2, "Drain")));
        assert_eq!(number("Step 3: Wait"), Some((3, "Wait")));
        assert_eq!(number("2024 was long"), None);
        assert_eq!(number("1.7.5"), None);
    }
}
