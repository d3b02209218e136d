//! SQL cut into statements and words, whatever its engine; comments and quotes hide nothing that would run.

/// Which quoting rules hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::commands) enum Dialect {
    Postgres,
    MySql,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) enum Kind {
    /// A bare word, in capitals.
    Word,
    /// A quoted identifier, as it stands.
    Quoted,
    Text,
    Number,
    Sign(char),
    /// A psql command with its arguments: `\copy …`.
    Meta,
    /// The body of a dollar-quoted text.
    Dollar,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::commands) struct Token {
    pub kind: Kind,
    pub text: String,
    pub start: usize,
    pub end: usize,
    /// How many brackets are open around it.
    pub depth: usize,
}

impl Token {
    pub fn is(&self, word: &str) -> bool {
        self.kind == Kind::Word && self.text == word
    }

    pub fn sign(&self, sign: char) -> bool {
        self.kind == Kind::Sign(sign)
    }
}

/// One statement's tokens.
#[derive(Debug, Clone, Default)]
pub(in crate::commands) struct Cut {
    pub tokens: Vec<Token>,
    pub start: usize,
    pub end: usize,
    /// A quote, a comment or a bracket in it never ends.
    pub open: bool,
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    depth: usize,
    dialect: Dialect,
    now: Cut,
    cuts: Vec<Cut>,
}

/// Cuts a text into statements, in linear time.
pub(in crate::commands) fn cut(text: &str, dialect: Dialect) -> Vec<Cut> {
    let mut lexer = Lexer {
        text,
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
        dialect,
        now: Cut::default(),
        cuts: Vec::new(),
    };
    lexer.run();
    lexer.cuts
}

fn letter(byte: u8) -> bool {
    byte.is_ascii_alphabetic() || byte == b'_' || byte >= 0x80
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn slice(&self, start: usize, end: usize) -> &str {
        self.text.get(start..end.min(self.text.len())).unwrap_or_default()
    }

    fn push(&mut self, kind: Kind, text: String, start: usize) {
        let token = Token { kind, text, start, end: self.at, depth: self.depth };
        self.now.tokens.push(token);
    }

    fn finish(&mut self) {
        let mut cut = std::mem::take(&mut self.now);
        cut.open |= self.depth > 0;
        self.depth = 0;
        if let (Some(first), Some(last)) = (cut.tokens.first(), cut.tokens.last()) {
            (cut.start, cut.end) = (first.start, last.end);
            self.cuts.push(cut);
        }
    }

    fn run(&mut self) {
        while self.at < self.bytes.len() {
            let start = self.at;
            let byte = self.peek(0);
            match byte {
                b' ' | b'\t' | b'\r' | b'\n' | 0x0b | 0x0c => self.at += 1,
                b'-' if self.peek(1) == b'-' && self.is_comment() => self.line(),
                b'#' if self.dialect == Dialect::MySql => self.line(),
                b'/' if self.peek(1) == b'*' => self.comment(),
                // The end of a comment whose inside runs (MySQL).
                b'*' if self.peek(1) == b'/' && self.dialect == Dialect::MySql => self.at += 2,
                b'\'' => self.quoted(b'\'', Kind::Text, self.dialect == Dialect::MySql),
                b'"' => self.quoted(b'"', Kind::Quoted, self.dialect == Dialect::MySql),
                b'`' if self.dialect == Dialect::MySql => self.quoted(b'`', Kind::Quoted, false),
                b'$' if self.dialect == Dialect::Postgres => self.dollar(),
                b'\\' => self.meta(),
                b'0'..=b'9' => {
                    while self.peek(0).is_ascii_alphanumeric() || self.peek(0) == b'.' {
                        self.at += 1;
                    }
                    self.push(Kind::Number, String::new(), start);
                }
                _ if letter(byte) => self.word(),
                b';' => {
                    self.at += 1;
                    self.finish();
                }
                b'(' => {
                    self.at += 1;
                    self.push(Kind::Sign('('), String::new(), start);
                    self.depth += 1;
                }
                b')' => {
                    self.at += 1;
                    self.depth = self.depth.saturating_sub(1);
                    self.push(Kind::Sign(')'), String::new(), start);
                }
                _ => {
                    self.at += 1;
                    self.push(Kind::Sign(char::from(byte)), String::new(), start);
                }
            }
        }
        self.finish();
    }

    /// `MySQL` wants a blank behind `--`.
    fn is_comment(&self) -> bool {
        self.dialect == Dialect::Postgres || matches!(self.peek(2), 0 | b' ' | b'\t' | b'\n' | b'\r')
    }

    fn line(&mut self) {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        self.at += memchr::memchr(b'\n', rest).map_or(rest.len(), |at| at + 1);
    }

    fn comment(&mut self) {
        if self.dialect == Dialect::MySql && self.peek(2) == b'!' {
            self.at += 3;
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            return;
        }
        self.at += 2;
        let mut open = 1_usize;
        while self.at < self.bytes.len() {
            match (self.peek(0), self.peek(1)) {
                (b'*', b'/') => {
                    self.at += 2;
                    open -= 1;
                    if open == 0 {
                        return;
                    }
                }
                (b'/', b'*') if self.dialect == Dialect::Postgres => {
                    self.at += 2;
                    open += 1;
                }
                _ => self.at += 1,
            }
        }
        self.now.open = true;
    }

    fn quoted(&mut self, quote: u8, kind: Kind, backslash: bool) {
        let start = self.at;
        self.at += 1;
        let mut closed = false;
        while self.at < self.bytes.len() {
            let byte = self.peek(0);
            let doubled = byte == quote && self.peek(1) == quote;
            if doubled || byte == b'\\' && backslash {
                self.at += 2;
            } else if byte == quote {
                self.at += 1;
                closed = true;
                break;
            } else {
                self.at += 1;
            }
        }
        self.at = self.at.min(self.bytes.len());
        self.now.open |= !closed;
        let end = if closed { self.at - 1 } else { self.at };
        let text = self.slice(start + 1, end).to_owned();
        self.push(kind, text, start);
    }

    /// `$$…$$`, `$tag$…$tag$`; `$1` is a parameter.
    fn dollar(&mut self) {
        let start = self.at;
        let mut end = self.at + 1;
        while self
            .bytes
            .get(end)
            .is_some_and(|byte| letter(*byte) || (byte.is_ascii_digit() && end > start + 1))
        {
            end += 1;
        }
        if self.bytes.get(end) != Some(&b'$') {
            self.at += 1;
            while self.peek(0).is_ascii_digit() {
                self.at += 1;
            }
            self.push(Kind::Number, String::new(), start);
            return;
        }
        let tag = self.bytes.get(start..=end).unwrap_or_default();
        let body = end + 1;
        let rest = self.bytes.get(body..).unwrap_or_default();
        let close = memchr::memmem::find(rest, tag);
        let last = close.map_or(self.bytes.len(), |at| body + at);
        self.now.open |= close.is_none();
        let text = self.slice(body, last).to_owned();
        self.at = close.map_or(self.bytes.len(), |at| body + at + tag.len());
        self.push(Kind::Dollar, text, start);
    }

    fn word(&mut self) {
        let start = self.at;
        while letter(self.peek(0)) || self.peek(0).is_ascii_digit() || self.peek(0) == b'$' {
            self.at += 1;
        }
        let word = self.slice(start, self.at).to_uppercase();
        // `E'…'` has escapes; `U&"…"` hides letters, so that it is not looked into.
        if self.peek(0) == b'\'' && matches!(word.as_str(), "E" | "N" | "B" | "X") {
            self.quoted(b'\'', Kind::Text, word == "E" || self.dialect == Dialect::MySql);
            return;
        }
        self.push(Kind::Word, word, start);
    }

    /// A command of psql ends with its line, or with `\\`; it stands for itself.
    fn meta(&mut self) {
        let start = self.at;
        let rest = self.bytes.get(start..).unwrap_or_default();
        if self.peek(1) == b'\\' {
            self.at += 2;
            return;
        }
        let line = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let two =
            memchr::memmem::find(rest.get(1..line).unwrap_or_default(), b"\\\\").map_or(line, |at| at + 1);
        self.at = start + two;
        let text = self.slice(start, self.at).trim_end().to_owned();
        // `\g`, `\gx`, `\G` send the statement before them; the others are statements of their own.
        let name = text.split_whitespace().next().unwrap_or_default().trim_end_matches(';');
        let sends = matches!(
            name,
            "\\g" | "\\gx" | "\\G" | "\\gset" | "\\gdesc" | "\\gexec" | "\\crosstabview" | "\\watch"
        );
        if !sends {
            self.finish();
        }
        self.push(Kind::Meta, text, start);
        self.finish();
    }
}
