//! Makes a text fit for a shell's parser without moving a byte, so that its words can be given back.
//!
//! `<pod-name>` is a redirection and `{{ a | b }}` a pipe to a shell. Their signs become control characters,
//! which are letters to a parser; [`unmask`] turns them back in every word that is read.

use std::borrow::Cow;

/// Longest placeholder that is looked for.
const LONGEST: usize = 120;
/// Each sign that is hidden and the control character that stands for it.
const SIGNS: [(char, char); 15] = [
    ('<', '\u{1}'),
    ('>', '\u{2}'),
    (' ', '\u{3}'),
    ('|', '\u{4}'),
    ('(', '\u{5}'),
    (')', '\u{6}'),
    ('\'', '\u{7}'),
    ('&', '\u{e}'),
    ('$', '\u{f}'),
    ('#', '\u{10}'),
    ('*', '\u{11}'),
    ('?', '\u{13}'),
    ('!', '\u{14}'),
    ('{', '\u{15}'),
    ('}', '\u{16}'),
];
/// Stands for bytes that mean nothing, as the rest of a wide character; words lose it.
const NOTHING: char = '\u{12}';

/// A text to parse, as long as its source.
#[derive(Debug)]
pub struct Masked {
    pub text: String,
    /// Something was hidden that could be a command after all: the source has to be looked at as well.
    pub doubtful: bool,
}

/// Hides placeholders and signs that cannot be meant.
pub fn mask(source: &str) -> Masked {
    if is_clean(source) {
        return Masked { text: source.to_owned(), doubtful: false };
    }
    let mut out = String::with_capacity(source.len());
    let mut doubtful = false;
    let mut rest = source;
    while let Some(first) = rest.chars().next() {
        let plain_length = rest.bytes().take_while(|byte| is_plain(*byte)).count();
        if plain_length > 0 {
            let (clean, after) = rest.split_at(plain_length);
            out.push_str(clean);
            rest = after;
            continue;
        }
        let hidden = match first {
            '<' if !out.ends_with('<') => angle(rest),
            '{' => double_brace(rest),
            _ => None,
        };
        if let Some(length) = hidden {
            let (body, after) = rest.split_at(length);
            doubtful |= body.contains([' ', '|', '&', '(', '\'', '#']);
            // A variable inside angle brackets is one still.
            let keeps = |sign: char| first == '<' && matches!(sign, '$' | '{' | '}');
            out.extend(body.chars().map(|sign| if keeps(sign) { sign } else { hide(sign) }));
            rest = after;
            continue;
        }
        let after = rest.get(first.len_utf8()..).unwrap_or_default();
        match first {
            '\\' if broken(&out, after) => {
                doubtful = true;
                rest = join(after, &mut out);
                continue;
            }
            '\\' if after.starts_with('\n') => {
                out.push_str("\\\n");
                rest = after.get(1..).unwrap_or_default();
                if !on_comment(&out) && rest.trim_start_matches([' ', '\t']).starts_with('#') {
                    doubtful = true;
                    rest = skip_comment(rest, &mut out);
                }
                continue;
            }
            // Escapes stay as they are: `\<` is a letter already.
            '\\' => {
                out.push('\\');
                if let Some(next) = after.chars().next() {
                    out.push(plain(next));
                    rest = after.get(next.len_utf8()..).unwrap_or_default();
                    continue;
                }
            }
            '\u{a0}' => out.extend([' ', NOTHING]),
            '\u{ad}' => out.extend([NOTHING; 2]),
            '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}' => out.extend([NOTHING; 3]),
            _ => out.push(plain(first)),
        }
        rest = after;
    }
    Masked { text: out, doubtful }
}

/// A sign that is only copied, wherever it stands.
fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\n' | b'\t' | b'\r' | 0x20..=0x7f) && !matches!(byte, b'<' | b'{' | b'\\')
}

/// Nothing in it needs to be hidden or looked at twice, as in most commands.
pub fn is_clean(source: &str) -> bool {
    let bytes = source.as_bytes();
    let other = |byte: &u8| !matches!(byte, b'\n' | b'\t' | b'\r' | b' '..=b';' | b'='..=b'[' | b']'..=0x7f);
    // Without a way out in the middle, many bytes are looked at at once.
    bytes.chunks(64).all(|chunk| chunk.iter().fold(0, |all, byte| all | u8::from(other(byte))) == 0)
        && memchr::memchr_iter(b'{', bytes).all(|at| bytes.get(at + 1) != Some(&b'{'))
}

/// The words as they were written.
pub fn unmask(text: &str) -> Cow<'_, str> {
    if !text.bytes().any(|byte| byte < 0x17 && !matches!(byte, b'\n' | b'\t' | b'\r')) {
        return text.into();
    }
    let show =
        |sign: char| SIGNS.iter().find(|(_, hidden)| *hidden == sign).map_or(sign, |(shown, _)| *shown);
    text.chars().filter(|sign| *sign != NOTHING).map(show).collect()
}

/// The text with the quotes and dashes of a word processor made into those of a shell; `None` if it has none.
pub fn straighten(source: &str) -> Option<String> {
    let curly = ['\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{2013}', '\u{2014}'];
    if !source.contains(curly) {
        return None;
    }
    let mut out = String::with_capacity(source.len());
    for sign in source.chars() {
        match sign {
            '\u{201c}' | '\u{201d}' => out.push('"'),
            '\u{2018}' | '\u{2019}' => out.push('\''),
            '\u{2013}' => out.push('-'),
            '\u{2014}' => out.push_str("--"),
            _ => out.push(sign),
        }
    }
    Some(out)
}

/// The text with each `<name` hidden that may be a placeholder without its end; `None` if it has none.
pub fn unclosed(masked: &str) -> Option<String> {
    let mut out = String::with_capacity(masked.len());
    let mut last = 0;
    for (at, _) in masked.match_indices(" <") {
        let name = masked.get(at + 2..).unwrap_or_default();
        let length = name.find(|sign: char| !(sign.is_ascii_alphanumeric() || matches!(sign, '_' | '-')));
        let rest = length.filter(|length| *length > 0).and_then(|length| name.get(length..));
        if rest.is_some_and(|rest| rest.starts_with(' ')) {
            out.push_str(masked.get(last..=at).unwrap_or_default());
            out.push(hide('<'));
            last = at + 2;
        }
    }
    out.push_str(masked.get(last..).unwrap_or_default());
    (last > 0).then_some(out)
}

/// The text with the apostrophes of its prose hidden, as in `don't`; `None` if it has none.
pub fn apostrophes(masked: &str) -> Option<String> {
    memchr::memchr(b'\'', masked.as_bytes())?;
    let mut out = String::with_capacity(masked.len());
    let mut changed = false;
    for line in masked.split_inclusive('\n') {
        let quotes = memchr::memchr_iter(b'\'', line.as_bytes()).count();
        let hidden = if quotes % 2 == 1 { without_apostrophes(line) } else { None };
        changed |= hidden.is_some();
        out.push_str(hidden.as_deref().unwrap_or(line));
    }
    changed.then_some(out)
}

/// A line whose quotes are in order once its apostrophes are hidden.
fn without_apostrophes(line: &str) -> Option<String> {
    let mut out = String::with_capacity(line.len());
    let mut before = ' ';
    for (at, sign) in line.char_indices() {
        let after = line.get(at + 1..).unwrap_or_default();
        let ending = after.split(|sign: char| !sign.is_alphanumeric()).next().unwrap_or_default();
        let short = matches!(ending, "s" | "t" | "re" | "ll" | "ve" | "d" | "m");
        out.push(if sign == '\'' && before.is_alphabetic() && short { hide(sign) } else { sign });
        before = sign;
    }
    out.matches('\'').count().is_multiple_of(2).then_some(out)
}

fn hide(sign: char) -> char {
    SIGNS.iter().find(|(shown, _)| *shown == sign).map_or(sign, |(_, hidden)| *hidden)
}

/// Control characters of the source itself must not be taken for ours.
fn plain(sign: char) -> char {
    if sign < '\u{20}' && !matches!(sign, '\n' | '\t' | '\r') { '?' } else { sign }
}

/// The length of an angle-bracket placeholder at the start of `text`.
fn angle(text: &str) -> Option<usize> {
    let body = text.get(1..)?;
    let first = body.chars().next()?;
    if !(first.is_alphanumeric() || matches!(first, '[' | '{' | '_' | '.' | '/' | '$' | '%' | '#')) {
        return None;
    }
    let mut depth = 0_i32;
    let mut last = ' ';
    for (at, sign) in body.char_indices() {
        if at > LONGEST {
            return None;
        }
        match sign {
            '>' => {
                let after = body.get(at + 1..).and_then(|after| after.chars().next());
                let redirects = matches!(after, Some('>' | '&' | '(' | '|'));
                // `</dev/null 2>` are two redirections.
                let path = first == '/' && body.get(..at).is_some_and(|inside| inside.contains(' '));
                let whole = depth == 0 && last != ' ' && !redirects && !path;
                return whole.then_some(at + 2);
            }
            '(' if last == '$' => return None,
            '(' => depth += 1,
            ')' => depth -= 1,
            '|' | '&' if last == sign => return None,
            _ if sign.is_alphanumeric() || " -_./:,|[]{}+@=#?*&'~%!^$".contains(sign) => {}
            _ => return None,
        }
        if depth < 0 {
            return None;
        }
        last = sign;
    }
    None
}

/// The length of a `{{ … }}` at the start of `text`.
fn double_brace(text: &str) -> Option<usize> {
    let body = text.strip_prefix("{{")?;
    let mut last = ' ';
    for (at, sign) in body.char_indices() {
        match sign {
            '}' if last == '}' => return Some(at + 3),
            '\n' | '`' | '\'' | '"' | ';' | '&' | '<' | '>' | '\\' | '{' => return None,
            '(' if last == '$' => return None,
            _ if at > LONGEST => return None,
            _ => last = sign,
        }
    }
    None
}

/// Whether only blanks stand between a backslash and the end of its line, and another line follows.
fn broken(before: &str, after: &str) -> bool {
    let line = after.trim_start_matches([' ', '\t']);
    line.len() < after.len()
        && line.strip_prefix('\n').is_some_and(|next| !next.trim_start_matches([' ', '\t']).starts_with('\n'))
        && !on_comment(before)
}

/// Moves the backslash behind its blanks.
fn join<'a>(after: &'a str, out: &mut String) -> &'a str {
    let rest = after.trim_start_matches([' ', '\t']);
    let blanks = after.len() - rest.len();
    out.extend(std::iter::repeat_n(' ', blanks));
    out.push('\\');
    rest
}

/// A comment line behind a backslash becomes blanks that go on with the line.
fn skip_comment<'a>(text: &'a str, out: &mut String) -> &'a str {
    let end = text.find('\n').unwrap_or(text.len());
    let (line, rest) = text.split_at(end);
    if rest.len() < 2 {
        out.push_str(line);
        return rest;
    }
    out.extend(std::iter::repeat_n(' ', line.len().saturating_sub(1)));
    out.push('\\');
    rest
}

/// Whether the last line that was written is a comment.
fn on_comment(out: &str) -> bool {
    let text = out.strip_suffix("\\\n").unwrap_or(out);
    let line = text.rsplit('\n').next().unwrap_or_default();
    line.trim_start().starts_with('#')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_placeholder_is_hidden_and_given_back_and_no_byte_moves() {
        for text in [
            "kubectl get pod <pod-name> -n <the name's space>",
            "x {{ .Values.name | quote }} y",
            "a\u{a0}b\u{200b}c",
            "rm <a|b|c>",
        ] {
            let masked = mask(text);
            assert_eq!(masked.text.len(), text.len(), "{text}");
            assert!(!masked.text.contains(['<', '>']) && !masked.text.contains("{{"), "{text}");
        }
        assert_eq!(unmask(&mask("<the name's space>").text), "<the name's space>");
        assert_eq!(unmask(&mask("a\u{200b}b").text), "ab");
    }

    #[test]
    fn a_redirection_stays_one() {
        for text in [
            "cat <<EOF > x",
            "cmd < in > out",
            "cmd <in >out",
            "diff <(a) <(b)",
            "a <in>>out",
            "[ 1 <b && c> 2 ]",
            "x <<< y > z",
        ] {
            assert_eq!(mask(text).text, text);
        }
    }

    #[test]
    fn an_apostrophe_of_prose_opens_no_quote() {
        let hidden = apostrophes("don't wait, it's late, and that's all\n").unwrap_or_default();
        assert!(!hidden.contains('\''));
        assert_eq!(unmask(&hidden), "don't wait, it's late, and that's all\n");
        assert_eq!(apostrophes("echo 'it' 's'"), None);
        assert_eq!(apostrophes("echo 'a\nb'"), None);
    }

    #[test]
    fn a_backslash_with_blanks_or_a_comment_behind_it_joins_the_lines() {
        assert_eq!(mask("a \\  \n  --b").text, "a   \\\n  --b");
        let masked = mask("a \\\n  # why\n  --b");
        assert_eq!((masked.text.as_str(), masked.doubtful), ("a \\\n      \\\n  --b", true));
        assert_eq!(mask("# a \\\n# b\nc").text, "# a \\\n# b\nc");
    }
}
