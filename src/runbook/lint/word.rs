//! One word of a shell text, with how its pieces are quoted.
//!
//! This reading is for lint alone: it is coarse, never fails, and takes `<pod-name>` for the placeholder that it
//! is.

/// How a piece stands in its word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quote {
    Bare,
    Single,
    Double,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Kind {
    Literal,
    /// `$X`, `${X…}`: its name, and whether it says what to do when it is empty (`:-`, `:?`).
    Variable {
        name: String,
        guarded: bool,
    },
    /// The text inside `$(…)`, backticks or `<(…)`.
    Command(String),
    /// `<pod-name>`
    Placeholder,
}

/// A piece of a word; its text is as written, without quotes and escapes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub quote: Quote,
    pub kind: Kind,
}

/// A word.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Word {
    /// Without quotes and escapes; what is expanded stands as it is written.
    pub text: String,
    pub pieces: Vec<Piece>,
    pub start: usize,
    pub end: usize,
}

impl Word {
    /// Nothing in it is known only when it runs.
    pub fn literal(&self) -> bool {
        self.pieces.iter().all(|piece| piece.kind == Kind::Literal)
    }

    /// Its variables' names.
    pub fn variables(&self) -> impl Iterator<Item = (&str, bool)> {
        self.pieces.iter().filter_map(|piece| match &piece.kind {
            Kind::Variable { name, guarded } => Some((name.as_str(), *guarded)),
            _ => None,
        })
    }

    /// Whether a bare piece of it has one of these characters.
    pub fn bare_has(&self, wanted: &[char]) -> bool {
        let bare = |piece: &&Piece| piece.quote == Quote::Bare && piece.kind == Kind::Literal;
        self.pieces.iter().filter(bare).any(|piece| piece.text.contains(wanted))
    }

    /// The word behind the first `n` bytes of its text: the value of an assignment or a long option.
    pub fn from(&self, n: usize) -> Word {
        let mut skip = n;
        let mut pieces = Vec::new();
        for piece in &self.pieces {
            let cut = skip.min(piece.text.len());
            skip -= cut;
            let text = piece.text.get(cut..).unwrap_or_default();
            if cut == 0 || !text.is_empty() {
                pieces.push(Piece { text: text.to_owned(), ..piece.clone() });
            }
        }
        let text = self.text.get(n..).unwrap_or_default().to_owned();
        Word { text, pieces, start: self.start, end: self.end }
    }

    fn push(&mut self, text: &str, quote: Quote, kind: Kind) {
        self.text.push_str(text);
        match self.pieces.last_mut() {
            Some(last) if last.quote == quote && last.kind == Kind::Literal && kind == Kind::Literal => {
                last.text.push_str(text);
            }
            _ => self.pieces.push(Piece { text: text.to_owned(), quote, kind }),
        }
    }
}

/// Reads the word that begins at `at`; it ends before a blank, a newline or an operator.
pub(super) fn read(text: &str, at: usize) -> Word {
    let mut word = Word { start: at, end: at, ..Word::default() };
    while let Some(c) = next(text, word.end) {
        let here = word.end;
        match c {
            '\'' => quoted(text, &mut word, here + 1),
            '"' => doubled(text, &mut word, here + 1),
            '\\' => escaped(text, &mut word, Quote::Bare),
            '$' | '`' => expansion(text, &mut word, Quote::Bare),
            '<' | '>' if next(text, here + 1) == Some('(') => {
                let close = closing(text, here + 2, ')');
                let inner = text.get(here + 2..close).unwrap_or_default();
                word.push(
                    text.get(here..(close + 1).min(text.len())).unwrap_or_default(),
                    Quote::Bare,
                    Kind::Command(inner.to_owned()),
                );
                word.end = (close + 1).min(text.len());
            }
            '<' => match placeholder(text, here) {
                Some(end) => {
                    word.push(text.get(here..end).unwrap_or_default(), Quote::Bare, Kind::Placeholder);
                    word.end = end;
                }
                None => return word,
            },
            // An array: `x=(a b)`.
            '(' if word.text.ends_with('=') => {
                let close = (closing(text, here + 1, ')') + 1).min(text.len());
                word.push(text.get(here..close).unwrap_or_default(), Quote::Bare, Kind::Literal);
                word.end = close;
            }
            ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '>' => return word,
            c => {
                word.push(c.encode_utf8(&mut [0; 4]), Quote::Bare, Kind::Literal);
                word.end += c.len_utf8();
            }
        }
        if word.end <= here {
            return word;
        }
    }
    word
}

/// A text read as if it stood in double quotes: an arithmetic expression, a here-document.
pub(super) fn inside(text: &str) -> Word {
    let mut word = Word::default();
    while let Some(c) = next(text, word.end) {
        piece_in_double(text, &mut word, c);
    }
    word
}

pub(super) fn next(text: &str, at: usize) -> Option<char> {
    text.get(at..).and_then(|rest| rest.chars().next())
}

fn quoted(text: &str, word: &mut Word, from: usize) {
    let rest = text.get(from..).unwrap_or_default();
    let length = rest.find('\'').unwrap_or(rest.len());
    word.push(rest.get(..length).unwrap_or_default(), Quote::Single, Kind::Literal);
    word.end = (from + length + 1).min(text.len());
}

fn doubled(text: &str, word: &mut Word, from: usize) {
    word.end = from;
    word.push("", Quote::Double, Kind::Literal);
    while let Some(c) = next(text, word.end) {
        if c == '"' {
            word.end += 1;
            return;
        }
        piece_in_double(text, word, c);
    }
}

fn piece_in_double(text: &str, word: &mut Word, c: char) {
    match c {
        '\\' => escaped(text, word, Quote::Double),
        '$' | '`' => expansion(text, word, Quote::Double),
        c => {
            word.push(c.encode_utf8(&mut [0; 4]), Quote::Double, Kind::Literal);
            word.end += c.len_utf8();
        }
    }
}

/// A backslash and what it protects; a continued line leaves nothing.
fn escaped(text: &str, word: &mut Word, quote: Quote) {
    let Some(c) = next(text, word.end + 1) else {
        word.push("\\", quote, Kind::Literal);
        word.end += 1;
        return;
    };
    let special = matches!(c, '$' | '`' | '"' | '\\' | '\n');
    if quote == Quote::Double && !special {
        word.push("\\", quote, Kind::Literal);
        word.end += 1;
        return;
    }
    if c != '\n' {
        // What was protected is as good as quoted.
        word.push(
            c.encode_utf8(&mut [0; 4]),
            if quote == Quote::Bare { Quote::Single } else { quote },
            Kind::Literal,
        );
    }
    word.end += 1 + c.len_utf8();
}

fn expansion(text: &str, word: &mut Word, quote: Quote) {
    let here = word.end;
    let (end, kind) = match (next(text, here), next(text, here + 1)) {
        (Some('`'), _) => {
            let close =
                text.get(here + 1..).and_then(|rest| rest.find('`')).map_or(text.len(), |n| here + 1 + n);
            (
                (close + 1).min(text.len()),
                Kind::Command(text.get(here + 1..close).unwrap_or_default().to_owned()),
            )
        }
        (_, Some('(')) => {
            let close = closing(text, here + 2, ')');
            let inner = text.get(here + 2..close).unwrap_or_default();
            let end = (close + 1).min(text.len());
            // `$((…))` computes; only what runs inside of it counts.
            let kind = if inner.starts_with('(') { Kind::Literal } else { Kind::Command(inner.to_owned()) };
            (end, kind)
        }
        (_, Some('{')) => {
            let close = closing(text, here + 2, '}');
            let inner = text.get(here + 2..close).unwrap_or_default();
            let bare = inner.trim_start_matches(['#', '!']);
            let name: String = bare.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            let rest = bare.get(name.len()..).unwrap_or_default();
            let guarded = [":-", ":?", ":=", "-", "?", "="].iter().any(|sign| rest.starts_with(sign));
            ((close + 1).min(text.len()), Kind::Variable { name, guarded })
        }
        (_, Some(c)) if c.is_alphabetic() || c == '_' => {
            let rest = text.get(here + 1..).unwrap_or_default();
            let name: String = rest.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            (here + 1 + name.len(), Kind::Variable { name, guarded: false })
        }
        (_, Some(c)) if c.is_ascii_digit() || matches!(c, '@' | '*' | '#' | '?' | '$' | '!') => {
            (here + 2, Kind::Variable { name: c.to_string(), guarded: false })
        }
        _ => (here + 1, Kind::Literal),
    };
    word.push(text.get(here..end).unwrap_or_default(), quote, kind);
    word.end = end;
}

/// Where the bracket closes that was opened before `from`; the text's end when it never does.
pub(super) fn closing(text: &str, from: usize, close: char) -> usize {
    let open = if close == ')' { '(' } else { '{' };
    let mut depth = 1_usize;
    let mut quote: Option<char> = None;
    let mut escaped = false;
    for (n, c) in text.get(from..).unwrap_or_default().char_indices() {
        if escaped {
            escaped = false;
            continue;
        }
        match (quote, c) {
            (Some('\''), '\'') | (Some('"'), '"') => quote = None,
            (Some('\''), _) => {}
            (_, '\\') => escaped = true,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(c),
            (_, c) if c == open => depth += 1,
            (_, c) if c == close => {
                depth -= 1;
                if depth == 0 {
                    return from + n;
                }
            }
            _ => {}
        }
    }
    text.len()
}

/// The end of a placeholder such as `<pod-name>`, if one begins here.
fn placeholder(text: &str, at: usize) -> Option<usize> {
    let rest = text.get(at + 1..)?;
    let close = rest.char_indices().take(60).take_while(|(_, c)| !matches!(c, '\n' | '<' | '\'' | '"' | '$'));
    let end = close.into_iter().find(|(_, c)| *c == '>').map(|(n, _)| n)?;
    let name = rest.get(..end)?;
    let named = name.chars().next()?.is_alphabetic() && name.chars().next_back()?.is_alphanumeric();
    let sane = name
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '-' | '_' | '.' | ' ' | '/' | ':' | '|' | ','));
    (named && sane).then_some(at + 1 + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn word(text: &str) -> Word {
        read(text, 0)
    }

    #[test]
    fn quotes_and_expansions_become_pieces() {
        let w = word("a'b c'\"d $X\"${Y:-z}$(echo \")\") e");
        assert_eq!(w.text, "ab cd $X${Y:-z}$(echo \")\")");
        assert_eq!(w.variables().collect::<Vec<_>>(), [("X", false), ("Y", true)]);
        assert!(!w.literal() && word("'$X'").literal());
        assert_eq!(word("<pod-name> -n").text, "<pod-name>");
        assert_eq!(word("--key=$V").from(6).text, "$V");
    }

    #[test]
    fn what_never_closes_ends_with_the_text() {
        for text in ["'abc", "\"abc $(", "${", "`x", "$(((", "<(", "a\\"] {
            assert_eq!(word(text).end, text.len(), "{text}");
        }
    }
}
