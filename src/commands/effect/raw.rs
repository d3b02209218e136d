//! A simple command's words as they are written, so that they can be written again in the same place.
//!
//! What the shell would put in (`$ID`, `$(…)`) stays what it is: it stands in a word's text as a mark, one sign
//! that no text holds, and comes back as its source when the word is quoted again.
use crate::domain::text;

/// The first sign that is used as a mark, and how many there are.
const FIRST: u32 = 0xF_0000;
const MOST: usize = 4_000;
/// Words of one command that are looked at.
const WORDS: usize = 2_000;

/// What stands behind the marks.
#[derive(Debug, Default)]
pub(super) struct Marks {
    list: Vec<Mark>,
    /// Whose text is being taken apart: how many shells have read it before.
    pub level: usize,
}

#[derive(Debug, Clone)]
struct Mark {
    source: String,
    /// It means the same inside double quotes.
    quotable: bool,
    level: usize,
}

pub(super) fn is_mark(letter: char) -> bool {
    (FIRST..FIRST + 0x1_0000).contains(&u32::from(letter))
}

/// Only known when it runs.
pub(super) fn is_open(text: &str) -> bool {
    !text.is_ascii() && text.chars().any(is_mark)
}

impl Marks {
    fn add(&mut self, source: &str, quotable: bool) -> Option<char> {
        if self.list.len() >= MOST {
            return None;
        }
        let at = u32::try_from(self.list.len()).ok()?;
        self.list.push(Mark { source: source.to_owned(), quotable, level: self.level });
        char::from_u32(FIRST + at)
    }

    /// The same for a variable that the text names in a place that has no words.
    pub fn variable(&mut self, name: &str) -> Option<char> {
        self.add(&format!("${{{name}}}"), true)
    }

    fn of(&self, letter: char) -> Option<&Mark> {
        self.list.get(usize::try_from(u32::from(letter).checked_sub(FIRST)?).ok()?)
    }

    /// The variables of one shell whose values stand in a text; `None` if something else does.
    pub fn variables(&self, text: &str, level: usize) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for mark in text.chars().filter(|letter| is_mark(*letter)) {
            let source = self.of(mark).filter(|mark| mark.level == level)?.source.as_str();
            let name = source.strip_prefix('$')?;
            let name = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(name);
            let plain = name.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
                && name.chars().all(|sign| sign.is_ascii_alphanumeric() || sign == '_');
            if !plain {
                return None;
            }
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
        }
        Some(names)
    }

    /// A word that the shell of its place reads as this text; `None` where that cannot be written.
    pub fn quote(&self, word: &str) -> Option<String> {
        if !is_open(word) {
            return Some(text::quoted(word));
        }
        let mut out = String::with_capacity(word.len() + 8);
        out.push('"');
        for letter in word.chars() {
            if is_mark(letter) {
                let mark = self.of(letter).filter(|mark| mark.quotable)?;
                out.push_str(&mark.source);
            } else {
                if matches!(letter, '"' | '$' | '`' | '\\') {
                    out.push('\\');
                }
                out.push(letter);
            }
        }
        out.push('"');
        Some(out)
    }

    /// A command's text with every mark as it was written.
    pub fn resolve(&self, text: &str) -> String {
        let mut out = text.to_owned();
        // What stands behind a mark may hold marks of the text around it.
        for _ in 0..16 {
            if !is_open(&out) {
                break;
            }
            let mut next = String::with_capacity(out.len());
            for letter in out.chars() {
                match self.of(letter).filter(|_| is_mark(letter)) {
                    Some(mark) => next.push_str(&mark.source),
                    None => next.push(letter),
                }
            }
            out = next;
        }
        out
    }
}

/// One word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Arg {
    /// What the command gets, marks for what is only known when it runs.
    pub text: String,
    /// As it is written.
    pub source: String,
    /// Without quotes and backslashes.
    pub bare: bool,
    /// A pattern, braces or a tilde that the shell makes other words of.
    pub glob: bool,
    /// It may become several words, or none.
    pub splits: bool,
}

impl Arg {
    /// It is one word and known.
    pub fn is_plain(&self) -> bool {
        !is_open(&self.text) && !self.glob
    }
}

/// A redirection: where to, and whether it adds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Out {
    pub sign: String,
    pub target: Arg,
}

#[derive(Debug, Default)]
pub(super) struct Parts {
    pub words: Vec<Arg>,
    pub outs: Vec<Out>,
}

/// Takes a simple command apart; `None` where that cannot be done for sure.
pub(super) fn split(text: &str, marks: &mut Marks) -> Option<Parts> {
    let mut reader = Reader { text, at: 0, marks };
    let mut parts = Parts::default();
    while parts.words.len() + parts.outs.len() < WORDS {
        reader.blanks();
        match reader.peek() {
            None | Some('\n' | ';' | '|' | ')' | '(') => return Some(parts),
            Some('&') if !reader.rest().starts_with("&>") => return Some(parts),
            Some('<' | '>') if !reader.process() => parts.outs.push(reader.redirect()?),
            Some('&') => parts.outs.push(reader.redirect()?),
            _ => {
                let word = reader.word()?;
                let number = word.bare && word.text.bytes().all(|byte| byte.is_ascii_digit());
                if number && matches!(reader.peek(), Some('<' | '>')) {
                    parts.outs.push(reader.redirect()?);
                } else {
                    parts.words.push(word);
                }
            }
        }
    }
    None
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    marks: &'a mut Marks,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn next(&mut self) -> Option<char> {
        let letter = self.peek()?;
        self.at += letter.len_utf8();
        Some(letter)
    }

    fn process(&self) -> bool {
        self.rest().starts_with("<(") || self.rest().starts_with(">(")
    }

    fn blanks(&mut self) {
        loop {
            let rest = self.rest();
            if rest.starts_with([' ', '\t', '\r']) {
                self.at += 1;
            } else if rest.starts_with("\\\n") {
                self.at += 2;
            } else if rest.starts_with('#') {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else {
                return;
            }
        }
    }

    fn redirect(&mut self) -> Option<Out> {
        let signs = ["&>>", "<<<", "<<-", "&>", ">>", ">|", ">&", "<<", "<&", "<>", ">", "<"];
        let sign = signs.into_iter().find(|sign| self.rest().starts_with(sign))?;
        self.at += sign.len();
        self.blanks();
        let target = self.word()?;
        Some(Out { sign: sign.to_owned(), target })
    }

    fn word(&mut self) -> Option<Arg> {
        let start = self.at;
        let mut arg = Arg { bare: true, ..Arg::default() };
        if self.process() {
            let length = closing(self.rest().get(1..)?, '(', ')')? + 1;
            self.mark(length, &mut arg, false)?;
            arg.splits = true;
        }
        arg.glob |= self.peek() == Some('~');
        while let Some(letter) = self.peek() {
            match letter {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\\' => {
                    self.next();
                    arg.bare = false;
                    match self.next() {
                        Some('\n') => {}
                        Some(escaped) => arg.text.push(escaped),
                        None => arg.text.push('\\'),
                    }
                }
                '\'' => {
                    let inner = self.rest().get(1..)?;
                    let length = inner.find('\'')?;
                    arg.text.push_str(inner.get(..length)?);
                    arg.bare = false;
                    self.at += length + 2;
                }
                '"' => {
                    self.next();
                    arg.bare = false;
                    self.double(&mut arg)?;
                }
                '$' if self.rest().starts_with("$'") || self.rest().starts_with("$\"") => return None,
                '$' | '`' => {
                    arg.splits |= self.expansion(&mut arg)?;
                }
                letter => {
                    arg.glob |= matches!(letter, '*' | '?' | '[' | '{');
                    arg.text.push(letter);
                    self.next();
                }
            }
        }
        self.text.get(start..self.at)?.clone_into(&mut arg.source);
        (!arg.source.is_empty()).then_some(arg)
    }

    fn double(&mut self, arg: &mut Arg) -> Option<()> {
        loop {
            match self.peek()? {
                '"' => {
                    self.next();
                    return Some(());
                }
                '\\' => {
                    self.next();
                    match self.next()? {
                        '\n' => {}
                        escaped @ ('"' | '$' | '`' | '\\') => arg.text.push(escaped),
                        other => arg.text.extend(['\\', other]),
                    }
                }
                '$' | '`' => {
                    self.expansion(arg)?;
                }
                letter => {
                    arg.text.push(letter);
                    self.next();
                }
            }
        }
    }

    /// Takes what begins with `$` or a backtick; answers whether it is put in at all.
    fn expansion(&mut self, arg: &mut Arg) -> Option<bool> {
        let rest = self.rest();
        let behind = rest.get(1..)?;
        let length = if rest.starts_with('`') {
            let mut from = 0;
            loop {
                let at = from + behind.get(from..)?.find('`')?;
                if !behind.get(..at)?.ends_with('\\') {
                    break at + 2;
                }
                from = at + 1;
            }
        } else {
            match behind.chars().next() {
                Some('(') => closing(behind, '(', ')')? + 1,
                Some('{') => closing(behind, '{', '}')? + 1,
                Some('@' | '*' | '#' | '?' | '$' | '!' | '-') => 2,
                Some(digit) if digit.is_ascii_digit() => 2,
                Some(letter) if letter.is_ascii_alphabetic() || letter == '_' => {
                    let name = |sign: char| sign.is_ascii_alphanumeric() || sign == '_';
                    1 + behind.find(|sign| !name(sign)).unwrap_or(behind.len())
                }
                _ => {
                    arg.text.push('$');
                    self.at += 1;
                    return Some(false);
                }
            }
        };
        self.mark(length, arg, true)?;
        Some(true)
    }

    fn mark(&mut self, length: usize, arg: &mut Arg, quotable: bool) -> Option<()> {
        let source = self.rest().get(..length)?;
        let mark = self.marks.add(source, quotable)?;
        arg.text.push(mark);
        self.at += length;
        Some(())
    }
}

/// The length of a text up to the bracket that closes its first one, that bracket included; quotes are passed over.
fn closing(text: &str, open: char, close: char) -> Option<usize> {
    let mut depth = 0_usize;
    let mut quote = None;
    let mut signs = text.char_indices();
    while let Some((at, sign)) = signs.next() {
        match (quote, sign) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => {
                signs.next();
            }
            (None, '\'' | '"') => quote = Some(sign),
            (None, sign) if sign == open => depth += 1,
            (None, sign) if sign == close => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(at + sign.len_utf8());
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut marks = Marks::default();
        let parts = split(text, &mut marks).expect("parts");
        parts.words.iter().map(|word| marks.resolve(&word.text)).collect()
    }

    #[test]
    fn words_lose_their_quotes_and_keep_their_source() {
        assert_eq!(
            words(r#"a 'b c' "d \" $X" e\ f "$(g "h i")"j"#),
            ["a", "b c", "d \" $X", "e f", "$(g \"h i\")j"]
        );
        let mut marks = Marks::default();
        let parts = split("kubectl get \"$POD\" 2>/dev/null >out.txt # why", &mut marks).expect("parts");
        assert_eq!(parts.words.last().expect("a word").source, "\"$POD\"");
        assert_eq!(parts.outs.len(), 2);
        assert_eq!(parts.outs.last().expect("one").target.text, "out.txt");
    }

    #[test]
    fn a_text_with_a_variable_is_quoted_so_that_only_the_variable_is_put_in() {
        let mut marks = Marks::default();
        let parts = split(r#"psql -c "a '$ID' \$x `id` \"q\"""#, &mut marks).expect("parts");
        let word = parts.words.last().expect("a word");
        assert_eq!(marks.quote(&word.text).expect("quotable"), r#""a '$ID' \$x `id` \"q\"""#);
        assert_eq!(marks.variables(&word.text, 0), None);
        assert_eq!(marks.quote("it's").expect("quotable"), r"'it'\''s'");
    }

    #[test]
    fn what_never_ends_is_not_taken_apart() {
        for text in ["a 'b", "a \"b", "a $(b", "a ${b", "a `b", "a $'b'", "a >"] {
            assert!(split(text, &mut Marks::default()).is_none(), "{text}");
        }
    }
}
