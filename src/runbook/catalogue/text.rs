//! Reading words of Markdown: emphasis, links, code spans, labels, and marks at the start of a line.

/// A code span: what it holds, and where it stands in the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span<'a> {
    pub code: &'a str,
    pub start: usize,
    pub end: usize,
}

/// `**Name:** rest`, `**Name**: rest`, or a line that is bold as a whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Label<'a> {
    pub name: &'a str,
    pub rest: &'a str,
    /// A colon stands behind or in it.
    pub colon: bool,
}

/// Code spans of a text, in order.
pub fn spans(text: &str) -> Vec<Span<'_>> {
    let mut found = Vec::new();
    let bytes = text.as_bytes();
    let mut at = 0;
    // How many runs may still be looked for in vain: keeps a line of countless backticks linear.
    let mut tries = 64;
    while let Some(open) = bytes.get(at..).and_then(|rest| memchr::memchr(b'`', rest)).map(|i| at + i) {
        let run = count(bytes, open, b'`');
        let from = open + run;
        let mut search = from;
        let mut closed = None;
        while let Some(i) = bytes.get(search..).and_then(|rest| memchr::memchr(b'`', rest)) {
            let here = search + i;
            let length = count(bytes, here, b'`');
            if length == run {
                closed = Some(here);
                break;
            }
            search = here + length;
        }
        if let Some(close) = closed {
            if let Some(code) = text.get(from..close) {
                found.push(Span { code: code.trim(), start: open, end: close + run });
            }
            at = close + run;
        } else {
            tries -= 1;
            if tries == 0 {
                break;
            }
            at = from;
        }
    }
    found
}

fn count(bytes: &[u8], from: usize, sign: u8) -> usize {
    bytes.get(from..).map_or(0, |rest| rest.iter().take_while(|b| **b == sign).count())
}

/// A text without emphasis, code marks, links' addresses, HTML tags, anchors, and emoji in front of it.
pub fn plain(text: &str) -> String {
    let text = without_anchor(text.trim());
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let tail = rest.get(c.len_utf8()..).unwrap_or_default();
        match c {
            '\\' if tail.starts_with(|n: char| n.is_ascii_punctuation()) => {
                let n = tail.chars().next().unwrap_or('\\');
                out.push(n);
                rest = tail.get(n.len_utf8()..).unwrap_or_default();
            }
            '*' | '`' => rest = tail,
            '_' if rest.starts_with("__") => rest = rest.get(2..).unwrap_or_default(),
            '!' if tail.starts_with('[') => match link(tail) {
                Some((_, after)) => rest = after,
                None => {
                    out.push('!');
                    rest = tail;
                }
            },
            '[' => match link(rest) {
                Some((name, after)) => {
                    out.push_str(&name.replace(['*', '`'], ""));
                    rest = after;
                }
                None => {
                    out.push('[');
                    rest = tail;
                }
            },
            '<' => match tag(rest) {
                Some(after) => rest = after,
                None => {
                    out.push('<');
                    rest = tail;
                }
            },
            _ => {
                out.push(c);
                rest = tail;
            }
        }
    }
    let out = without_emoji(out.trim()).trim();
    let out = out.strip_prefix('_').and_then(|t| t.strip_suffix('_')).unwrap_or(out);
    out.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `[name](address)` or `[name][ref]`: its name and what follows.
fn link(text: &str) -> Option<(&str, &str)> {
    let close = text.get(..text.len().min(300)).or(Some(text)).and_then(|t| t.find(']'))?;
    let name = text.get(1..close)?;
    let after = text.get(close + 1..)?;
    let (open, shut) = if after.starts_with('(') { ('(', ')') } else { ('[', ']') };
    if !after.starts_with(open) {
        return None;
    }
    let end = after.find(shut)?;
    Some((name, after.get(end + 1..)?))
}

/// Behind an HTML tag such as `<a name="x">`, `</a>`, `<br/>`; a placeholder in angle brackets is none.
fn tag(text: &str) -> Option<&str> {
    const TAGS: [&str; 14] =
        ["a", "br", "b", "i", "em", "strong", "code", "kbd", "sup", "sub", "span", "details", "summary", "img"];
    let end = text.find('>')?;
    let inner = text.get(1..end)?;
    let name = inner.trim_start_matches('/');
    let name = name.split(|c: char| !c.is_ascii_alphanumeric()).next()?;
    TAGS.contains(&name.to_ascii_lowercase().as_str()).then(|| text.get(end + 1..).unwrap_or_default())
}

/// Without `{#id}` at its end.
fn without_anchor(text: &str) -> &str {
    match text.rfind("{#") {
        Some(at) if text.ends_with('}') => text.get(..at).unwrap_or(text).trim_end(),
        _ => text,
    }
}

/// Without pictographs, ticks, `:emoji:` names and blanks in front.
pub fn without_emoji(text: &str) -> &str {
    let mut rest = text.trim_start();
    loop {
        let next = rest.trim_start_matches(|c: char| is_emoji(c) || c.is_whitespace());
        let next = emoji_name(next).unwrap_or(next);
        if next.len() == rest.len() {
            return rest;
        }
        rest = next;
    }
}

fn emoji_name(text: &str) -> Option<&str> {
    let inner = text.strip_prefix(':')?;
    let end = inner.find(':')?;
    let name = inner.get(..end)?;
    let word = name.len() > 1 && name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit());
    word.then(|| inner.get(end + 1..).unwrap_or_default())
}

/// A pictograph, a tick, a variation sign.
pub fn is_emoji(c: char) -> bool {
    matches!(u32::from(c), 0x2300..=0x23FF | 0x25A0..=0x27BF | 0x2B00..=0x2BFF | 0x1F000..=0x1FAFF | 0xFE0F | 0x200D | 0x20E3)
}

/// The label at the start of a line.
pub fn label(line: &str) -> Option<Label<'_>> {
    let line = without_emoji(line.trim());
    for sign in ["**", "__", "*", "_"] {
        let Some(inner) = line.strip_prefix(sign) else { continue };
        let Some(end) = inner.find(sign) else { continue };
        let bold = inner.get(..end)?.trim();
        let after = inner.get(end + sign.len()..)?.trim();
        if bold.is_empty() || bold.len() > 120 || bold.starts_with(['*', ' ']) {
            return None;
        }
        if let Some(name) = bold.strip_suffix(':') {
            return Some(Label { name: name.trim_end(), rest: after, colon: true });
        }
        if let Some(rest) = after.strip_prefix(':') {
            return Some(Label { name: bold, rest: rest.trim(), colon: true });
        }
        if sign.len() == 2 && after.is_empty() {
            return Some(Label { name: bold, rest: after, colon: false });
        }
        return None;
    }
    None
}

/// `Name: rest` without emphasis, when the name is short and has no sentence in it.
pub fn bare_label(line: &str) -> Option<Label<'_>> {
    let line = line.trim();
    let at = line.find(':')?;
    let name = line.get(..at)?;
    let rest = line.get(at + 1..)?;
    let short = name.len() <= 40 && name.split_whitespace().count() <= 4;
    let worded = name.starts_with(|c: char| c.is_alphabetic()) && !name.contains(['`', '/', '.', ',']);
    (short && worded && (rest.is_empty() || rest.starts_with(' ')))
        .then(|| Label { name: name.trim(), rest: rest.trim(), colon: true })
}

/// The words of a text in lower case, without signs around them.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !(c.is_alphanumeric() || c == '\'')).filter(|w| !w.is_empty()).map(str::to_lowercase).collect()
}

/// A number with its sign at the start: `1.`, `2)`, `Step 3:`; and what follows.
pub fn number(text: &str) -> Option<(u32, &str)> {
    let text = text.trim_start();
    let stepped = strip_word(text, "step").or_else(|| strip_word(text, "phase"));
    let from = stepped.unwrap_or(text);
    let digits = from.bytes().take_while(u8::is_ascii_digit).count();
    if digits == 0 || digits > 3 {
        return None;
    }
    let value = from.get(..digits)?.parse().ok()?;
    let rest = from.get(digits..)?;
    let signed = rest.strip_prefix(['.', ')', ':']).or_else(|| rest.trim_start().strip_prefix(['-', '–', '—', ':']));
    match signed {
        Some(after) if after.is_empty() || after.starts_with(|c: char| c.is_whitespace()) => Some((value, after.trim())),
        None if stepped.is_some() && (rest.is_empty() || rest.starts_with(' ')) => Some((value, rest.trim())),
        _ => None,
    }
}

fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let head = text.get(..word.len())?;
    let rest = text.get(word.len()..)?;
    (head.eq_ignore_ascii_case(word) && rest.starts_with([' ', '#'])).then(|| rest.trim_start_matches([' ', '#']))
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
        assert_eq!((inside.name, inside.rest), ("Severity", "P1"));
        let outside = label("**Note**: mind the gap").expect("a label");
        assert_eq!((outside.name, outside.rest), ("Note", "mind the gap"));
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

    #[test]
    fn code_spans_are_found_and_endless_backticks_end() {
        let found = spans("run `a b` or ``c`d``");
        assert_eq!(found.iter().map(|s| s.code).collect::<Vec<_>>(), ["a b", "c`d"]);
        assert!(spans(&"`".repeat(100_000)).len() < 2);
    }
}
