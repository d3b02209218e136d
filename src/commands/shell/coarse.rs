//! What a text that no parser takes could run: words and signs, read without grammar.
//!
//! Everything that stands where a command could begin becomes one, so that nothing is missed.
use std::ops::Range;

use super::walk::is_name;
use super::tree::{Assign, Form, Kind, Node, Piece, Redirect, Simple, Text, Variable, Way};

/// The commands of one piece of text.
pub fn nodes(text: &str) -> Vec<Node> {
    let mut reader = Reader { text, at: 0, out: Vec::new(), pipe: Vec::new(), now: Simple::default(), redirects: Vec::new(), start: 0 };
    reader.read();
    reader.out
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    out: Vec<Node>,
    /// The commands of a pipe that is not finished.
    pipe: Vec<Node>,
    now: Simple,
    redirects: Vec<Redirect>,
    start: usize,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or_default()
    }

    fn read(&mut self) {
        while self.at < self.text.len() {
            let word_follows = match self.peek(0) {
                b' ' | b'\t' | b'\r' => {
                    self.at += 1;
                    false
                }
                b'\\' if self.peek(1) == b'\n' => {
                    self.at += 2;
                    false
                }
                b'#' => {
                    self.at += memchr::memchr(b'\n', self.text.as_bytes().get(self.at..).unwrap_or_default())
                        .unwrap_or(self.text.len());
                    false
                }
                b'|' if self.peek(1) != b'|' => {
                    self.at += 1 + usize::from(self.peek(1) == b'&');
                    self.end_command(true);
                    false
                }
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' => {
                    self.at += 1;
                    self.end_command(false);
                    false
                }
                b'<' | b'>' => {
                    self.redirect();
                    false
                }
                _ => true,
            };
            if word_follows {
                let word = self.word();
                if !self.now.words.is_empty() {
                    self.now.words.push(word);
                } else if !is_keyword(&word) {
                    match assignment(word) {
                        Ok(assign) => self.now.assigns.push(assign),
                        Err(word) => self.now.words.push(word),
                    }
                }
            }
        }
        self.end_command(false);
    }

    fn end_command(&mut self, piped: bool) {
        let simple = std::mem::take(&mut self.now);
        let redirects = std::mem::take(&mut self.redirects);
        let span = self.start..self.at.min(self.text.len());
        self.start = span.end;
        if !simple.words.is_empty() || !simple.assigns.is_empty() || !redirects.is_empty() {
            self.pipe.push(node(span.clone(), Kind::Simple(simple), redirects));
        }
        if !piped && !self.pipe.is_empty() {
            let mut pipe = std::mem::take(&mut self.pipe);
            match (pipe.len(), pipe.pop()) {
                (1, Some(one)) => self.out.push(one),
                (_, Some(last)) => {
                    pipe.push(last);
                    self.out.push(node(span, Kind::Pipe(pipe), Vec::new()));
                }
                (_, None) => {}
            }
        }
    }

    fn redirect(&mut self) {
        let write = self.peek(0) == b'>';
        let double = self.peek(1) == self.peek(0);
        self.at += 1 + usize::from(double);
        if self.peek(0) == b'&' {
            self.at += 1;
            return;
        }
        while matches!(self.peek(0), b' ' | b'\t' | b'-' | b'|') {
            self.at += 1;
        }
        let before = self.at;
        let target = self.word();
        if self.at == before {
            return;
        }
        let way = match (write, double) {
            (true, true) => Way::Append,
            (true, false) => Way::Write,
            // The lines behind it are read as commands: a document may be fed to a shell.
            (false, true) => return,
            (false, false) => Way::Read,
        };
        self.redirects.push(Redirect { way, fd: None, target });
    }

    /// One word; quotes that close take everything up to there along.
    fn word(&mut self) -> Text {
        let bytes = self.text.as_bytes();
        let mut pieces = Vec::new();
        let mut bare = String::new();
        while let Some(sign) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            match sign {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' => break,
                '\\' => {
                    let next = self.text.get(self.at + 1..).and_then(|rest| rest.chars().next());
                    bare.extend(next.filter(|next| *next != '\n'));
                    self.at += 1 + next.map_or(0, char::len_utf8);
                    continue;
                }
                '`' => {
                    self.at += 1;
                    if bare.is_empty() && pieces.is_empty() {
                        continue;
                    }
                    break;
                }
                '\'' | '"' => {
                    let body = bytes.get(self.at + 1..).unwrap_or_default();
                    if let Some(length) = memchr::memchr(sign as u8, body) {
                        flush(&mut bare, &mut pieces);
                        let from = self.at + 1;
                        let text = self.text.get(from..from + length).unwrap_or_default().to_owned();
                        self.at = from + length + 1;
                        let hides = sign == '"' && (text.contains('$') || text.contains('`'));
                        pieces.push(if hides {
                            Piece::Raw { text, quoted: true }
                        } else {
                            Piece::Fixed { text, quoted: true }
                        });
                        continue;
                    }
                }
                '$' => {
                    if let Some(name) = self.name() {
                        flush(&mut bare, &mut pieces);
                        let form = Form::Plain;
                        let inside = Vec::new();
                        pieces.push(Piece::Variable(Variable { name, quoted: false, form, inside }));
                        continue;
                    }
                }
                _ => bare.push(sign),
            }
            self.at += sign.len_utf8();
        }
        flush(&mut bare, &mut pieces);
        Text { pieces }
    }

    /// The name behind a `$`; moves past it.
    fn name(&mut self) -> Option<String> {
        let rest = self.text.get(self.at + 1..)?;
        let braced = rest.strip_prefix('{');
        let body = braced.unwrap_or(rest);
        let name: String = body.chars().take_while(|sign| sign.is_alphanumeric() || *sign == '_').collect();
        if name.is_empty() {
            return None;
        }
        self.at += 1 + name.len();
        if braced.is_some() {
            let tail = body.get(name.len()..).and_then(|tail| tail.bytes().take(256).position(|byte| byte == b'}'));
            self.at += 1 + tail.map_or(0, |tail| tail + 1);
            while !self.text.is_char_boundary(self.at) {
                self.at += 1;
            }
        }
        Some(name)
    }
}

/// `NAME=value` as an assignment; any other word as it is.
fn assignment(mut word: Text) -> Result<Assign, Text> {
    let Some(Piece::Fixed { text, quoted: false }) = word.pieces.first() else { return Err(word) };
    let Some((name, rest)) = text.split_once('=') else { return Err(word) };
    if !is_name(name) {
        return Err(word);
    }
    let (name, rest) = (name.to_owned(), rest.to_owned());
    if let Some(first) = word.pieces.first_mut() {
        *first = Piece::Fixed { text: rest, quoted: false };
    }
    Ok(Assign { name, append: false, value: vec![word], array: false })
}

fn flush(bare: &mut String, pieces: &mut Vec<Piece>) {
    if !bare.is_empty() {
        pieces.push(Piece::Fixed { text: std::mem::take(bare), quoted: false });
    }
}

fn node(span: Range<usize>, kind: Kind, redirects: Vec<Redirect>) -> Node {
    Node { span, document_end: None, kind, redirects, background: false }
}

/// Words that only hold a script together: a command may follow them.
fn is_keyword(word: &Text) -> bool {
    let [Piece::Fixed { text, quoted: false }] = word.pieces.as_slice() else { return word.pieces.is_empty() };
    matches!(
        text.as_str(),
        "if" | "then" | "else" | "elif" | "fi" | "while" | "until" | "do" | "done" | "esac" | "{" | "}" | "!"
            | "time" | "coproc" | "case" | "function"
    )
}
