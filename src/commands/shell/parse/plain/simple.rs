//! Plain commands: assignments, words, redirections and here-documents.
use super::Reader;
use crate::commands::shell::escape::hides;
use crate::commands::shell::tree::{Assign, Kind, Node, Piece, Redirect, Simple, Text, Way};

impl Reader<'_> {
    /// A command of words, with its assignments and redirections.
    pub(super) fn simple(&mut self) -> Option<Node> {
        let start = self.at;
        let mut end = start;
        let mut simple = Simple::default();
        let mut redirects = Vec::new();
        let mut document_end = None;
        loop {
            self.blanks()?;
            match self.peek() {
                b'\n' | b';' | b'&' | b'|' | b'#' => break,
                0 if self.is_at_end() => break,
                b'<' | b'>' => redirects.push(self.redirect(None, &mut document_end)?),
                _ => {
                    let first = self.at;
                    if (simple.words.is_empty() || simple.declares) && self.assigns() {
                        simple.assigns.push(self.assign()?);
                    } else {
                        let text = self.word()?;
                        match (self.peek(), text.pieces.as_slice()) {
                            (b'<' | b'>', [Piece::Fixed { text: digits, quoted: false }]) => {
                                let fd = self.slice(first..self.at);
                                let fd =
                                    (fd == digits && fd.len() == 1).then(|| fd.parse().ok()).flatten()?;
                                redirects.push(self.redirect(Some(fd), &mut document_end)?);
                            }
                            (b'<' | b'>', _) => return None,
                            (_, [Piece::Fixed { text: name, quoted: false }]) if simple.words.is_empty() => {
                                simple.declares = declares(name)?;
                                simple.words.push(text);
                            }
                            (_, pieces) if simple.declares => {
                                let [Piece::Fixed { text: name, quoted: false }] = pieces else {
                                    return None;
                                };
                                is_name(name).then_some(())?;
                                simple.words.push(text);
                            }
                            _ => simple.words.push(text),
                        }
                    }
                }
            }
            end = self.at;
        }
        if simple.words.is_empty() && (simple.assigns.is_empty() || !redirects.is_empty()) {
            return None;
        }
        let span = start + self.base..self.token_end(start, end);
        if self.peek() == b'#' && hides(self.slice(self.at..span.end - self.base)) {
            return None;
        }
        Some(Node { document_end, redirects, ..Node::plain(span, Kind::Simple(simple)) })
    }

    /// Whether `NAME=` or `NAME+=` stands here.
    fn assigns(&mut self) -> bool {
        let start = self.at;
        let named = self.name().is_some();
        let append = usize::from(self.peek() == b'+');
        let assigns = named && self.ahead(append) == b'=';
        self.at = start;
        assigns
    }

    /// `NAME=WORD` or `NAME+=WORD`
    fn assign(&mut self) -> Option<Assign> {
        let name = self.name()?.to_owned();
        let append = self.peek() == b'+';
        self.at += 1 + usize::from(append);
        let mut text = self.value()?;
        if text.pieces.is_empty() {
            text.pieces.push(Piece::Fixed { text: String::new(), quoted: false });
        }
        let whole = !matches!(self.peek(), b'<' | b'>');
        whole.then(|| Assign { name, append, value: vec![text], array: false })
    }

    fn redirect(&mut self, fd: Option<i32>, document_end: &mut Option<usize>) -> Option<Redirect> {
        let (way, length) = match (self.peek(), self.ahead(1), self.ahead(2)) {
            (b'>', b'>', _) => (Way::Append, 2),
            (b'>', b'&', digit) if digit.is_ascii_digit() && fd.is_some() => (Way::Duplicate, 2),
            (b'<', b'<', _) => {
                self.at += 2;
                let target = self.document(document_end)?;
                return fd.is_none().then_some(Redirect { way: Way::Document, fd, target });
            }
            (b'>', b'&' | b'|' | b'(', _) | (b'<', b'&' | b'>' | b'(', _) => return None,
            (b'>', ..) => (Way::Write, 1),
            _ => (Way::Read, 1),
        };
        self.at += length;
        self.blanks()?;
        let target = self.word()?;
        let whole = !matches!(self.peek(), b'<' | b'>');
        whole.then_some(Redirect { way, fd, target })
    }

    /// What stands between the line at hand and the word that ends it; nothing in it is expanded.
    fn document(&mut self, document_end: &mut Option<usize>) -> Option<Text> {
        let quoted = self.peek() == b'\'';
        self.at += usize::from(quoted);
        let from = self.at;
        while self.peek().is_ascii_alphabetic() || self.peek() == b'_' {
            self.at += 1;
        }
        let word = self.slice(from..self.at);
        if word.is_empty() || (quoted && self.peek() != b'\'') || self.document.is_some() {
            return None;
        }
        self.at += usize::from(quoted);
        let line_end = self.at + memchr::memchr(b'\n', self.bytes.get(self.at..)?)?;
        let mut line = line_end + 1;
        loop {
            let rest = self.bytes.get(line..)?;
            let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
            if self.slice(line..line + length) == word {
                let body = self.slice(line_end + 1..line);
                let expands = !quoted && body.bytes().any(|byte| matches!(byte, b'$' | b'`' | b'\\'));
                if expands || body.is_empty() || hides(body) {
                    return None;
                }
                self.document = Some((line_end, line + length));
                *document_end = Some(line + self.base);
                return Some(Text { pieces: vec![Piece::Fixed { text: body.to_owned(), quoted: true }] });
            }
            if length == rest.len() {
                return None;
            }
            line += length + 1;
        }
    }
}

/// Whether the command sets what its words name; `None` where its words are more than that.
fn declares(name: &str) -> Option<bool> {
    match name {
        "export" => Some(true),
        // The first four take options, the others hold a script together.
        "declare" | "local" | "readonly" | "typeset" | "if" | "then" | "else" | "elif" | "fi" | "for"
        | "while" | "until" | "do" | "done" | "case" | "esac" | "in" | "select" | "time" | "coproc"
        | "function" | "repeat" | "foreach" | "always" => None,
        _ => Some(false),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
