//! The plain case of a shell's text, read at once: commands, pipes, chains and loops of plain words.
//!
//! It makes the very tree that the parser's reading is lowered to, or leaves the whole text to the parser.
use std::ops::Range;

use crate::commands::shell::escape::hides;
use crate::commands::shell::tree::{Assign, If, Kind, Loop, Node, Piece, Redirect, Simple, Text, Tree, Way};

mod word;

/// Up to here neither the parser's fuel nor its limits of a chain are ever reached.
const LONGEST: usize = 1_500;
/// Loops in loops.
const DEPTH: u8 = 6;

/// Reads a text that stands at `base` in a longer one; `None` where anything in it is not plain.
pub fn read(text: &str, base: usize) -> Option<Tree> {
    if text.len() > LONGEST {
        return None;
    }
    let mut reader =
        Reader { text, bytes: text.as_bytes(), at: 0, base, comments: Vec::new(), document: None };
    let nodes = reader.list(&[], 0)?;
    Some(Tree { nodes, comments: reader.comments })
}

struct Reader<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    base: usize,
    comments: Vec<Range<usize>>,
    /// The end of the line on which a here-document was announced, and where the text goes on behind it.
    document: Option<(usize, usize)>,
}

impl<'a> Reader<'a> {
    /// The byte at hand; 0 at the end.
    fn peek(&self) -> u8 {
        self.ahead(0)
    }

    fn ahead(&self, by: usize) -> u8 {
        self.bytes.get(self.at + by).copied().unwrap_or_default()
    }

    fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(range).unwrap_or_default()
    }

    fn is_at_end(&self) -> bool {
        self.at >= self.bytes.len()
    }

    /// Passes over blanks and joined lines.
    fn blanks(&mut self) -> Option<()> {
        loop {
            match self.peek() {
                b' ' | b'\t' => self.at += 1,
                b'\\' if self.ahead(1) == b'\n' && self.document.is_none() => self.at += 2,
                b'\\' => return None,
                _ => return Some(()),
            }
        }
    }

    /// Passes over one line's end, and the here-document behind it.
    fn line_end(&mut self) -> Option<()> {
        match self.document.take() {
            Some((end, after)) => {
                let here = self.at;
                self.at = after;
                (end == here).then_some(())
            }
            None => {
                self.at += 1;
                Some(())
            }
        }
    }

    /// Passes over blanks and empty lines; behind an operator no comment is plain.
    fn lines(&mut self) -> Option<()> {
        loop {
            self.blanks()?;
            match self.peek() {
                b'\n' => self.line_end()?,
                b'#' => return None,
                _ => return Some(()),
            }
        }
    }

    /// Passes over everything between two commands.
    fn gap(&mut self) -> Option<()> {
        loop {
            self.blanks()?;
            match self.peek() {
                b'\n' => self.line_end()?,
                b'#' => {
                    let rest = self.bytes.get(self.at..).unwrap_or_default();
                    let length = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                    let start = self.at + self.base;
                    self.comments.push(start..start + length);
                    self.at += length;
                }
                _ => return Some(()),
            }
        }
    }

    /// Where the parser has a command end that began at `start` and whose last word ends at `last`: where the next
    /// sign does, but for blanks.
    fn token_end(&self, start: usize, last: usize) -> usize {
        let length = match (self.peek(), self.ahead(1)) {
            (b'#', _) => memchr::memchr(b'\n', self.bytes.get(self.at..).unwrap_or_default()),
            (b'&', b'&') | (b'|', b'|') => Some(2),
            _ if self.is_at_end() => None,
            _ => Some(1),
        };
        let end = length.map_or(last, |length| self.at + length);
        self.base + start + self.slice(start..end).trim_end().len()
    }

    /// The word of letters at hand, if a delimiter follows it.
    fn letters(&self) -> &'a str {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let length = rest.iter().take_while(|byte| byte.is_ascii_lowercase()).count();
        match rest.get(length) {
            None | Some(b' ' | b'\t' | b'\n' | b';' | b'&' | b'|') => self.slice(self.at..self.at + length),
            Some(_) => "",
        }
    }

    fn keyword(&mut self, word: &str) -> Option<()> {
        let here = self.letters() == word;
        self.at += word.len();
        here.then_some(())
    }

    /// Commands up to one of these words, which is left, or up to the end.
    fn list(&mut self, ends: &[&str], depth: u8) -> Option<Vec<Node>> {
        let mut nodes = Vec::new();
        loop {
            self.gap()?;
            if self.is_at_end() {
                return ends.is_empty().then_some(nodes);
            }
            if !ends.is_empty() && ends.contains(&self.letters()) {
                return (!nodes.is_empty()).then_some(nodes);
            }
            let mut node = self.chain(depth)?;
            self.blanks()?;
            match (self.peek(), self.ahead(1)) {
                (b';', next) if !matches!(next, b';' | b'&' | b'|') => {
                    self.at += 1;
                    let end = self.at + self.base;
                    self.gap()?;
                    // The parser passes over the `;` before a word that ends the list.
                    if self.is_at_end() || !ends.contains(&self.letters()) {
                        node.span.end = end;
                    }
                }
                (b'&', next) if !matches!(next, b'>' | b'|' | b'!') => {
                    self.at += 1;
                    node.span.end = self.at + self.base;
                    node.background = true;
                }
                (b'\n' | b'#', _) => {}
                _ if self.is_at_end() => {}
                _ => return None,
            }
            nodes.push(node);
        }
    }

    /// Pipes with `&&` and `||` between them.
    fn chain(&mut self, depth: u8) -> Option<Node> {
        let first = self.pipe(depth)?;
        let mut more = Vec::new();
        loop {
            self.blanks()?;
            if !matches!((self.peek(), self.ahead(1)), (b'&', b'&') | (b'|', b'|')) {
                let end = first.span.end;
                return Some(joined(first, more, end, Kind::Sequence));
            }
            self.at += 2;
            self.lines()?;
            more.push(self.pipe(depth)?);
        }
    }

    /// Commands with `|` between them.
    fn pipe(&mut self, depth: u8) -> Option<Node> {
        let first = self.command(depth)?;
        let mut more = Vec::new();
        loop {
            self.blanks()?;
            match (self.peek(), self.ahead(1)) {
                (b'|', b'&') => return None,
                (b'|', next) if next != b'|' => {
                    self.at += 1;
                    self.lines()?;
                    more.push(self.command(depth)?);
                }
                _ => {
                    let end = self.token_end(first.span.start - self.base, 0);
                    return Some(joined(first, more, end, Kind::Pipe));
                }
            }
        }
    }

    fn command(&mut self, depth: u8) -> Option<Node> {
        let start = self.at;
        let word = self.letters();
        let kind = match word {
            _ if depth > DEPTH => return None,
            "for" => self.each(depth + 1)?,
            "while" | "until" => self.repeat(depth + 1)?,
            "if" => self.choice(depth + 1)?,
            _ => return self.simple(),
        };
        let mut end = self.at + self.base;
        if word != "for" {
            let last = self.at;
            self.blanks()?;
            end = self.token_end(start, last);
        }
        let document_end = super::inner_end(&kind);
        Some(Node { document_end, ..Node::plain(start + self.base..end, kind) })
    }

    /// `for NAME in WORDS; do …; done`
    fn each(&mut self, depth: u8) -> Option<Kind> {
        self.keyword("for")?;
        self.blanks()?;
        let variable = Some(self.name()?.to_owned());
        self.blanks()?;
        self.keyword("in")?;
        let mut words = Vec::new();
        loop {
            self.blanks()?;
            match self.peek() {
                b'\n' => break,
                b';' => {
                    self.at += 1;
                    break;
                }
                _ => words.push(self.word()?),
            }
        }
        self.lines()?;
        self.keyword("do")?;
        let body = self.list(&["done"], depth)?;
        self.keyword("done")?;
        let whole = !words.is_empty();
        whole.then_some(Kind::Loop(Loop { variable, words, condition: Vec::new(), body, asks: false }))
    }

    /// `while …; do …; done`
    fn repeat(&mut self, depth: u8) -> Option<Kind> {
        self.at += "while".len();
        let condition = self.list(&["do"], depth)?;
        self.keyword("do")?;
        let body = self.list(&["done"], depth)?;
        self.keyword("done")?;
        Some(Kind::Loop(Loop { variable: None, words: Vec::new(), condition, body, asks: false }))
    }

    /// `if …; then …; elif …; then …; else …; fi`
    fn choice(&mut self, depth: u8) -> Option<Kind> {
        let mut one = If { arms: Vec::new(), otherwise: None };
        self.keyword("if")?;
        loop {
            let condition = self.list(&["then"], depth)?;
            self.keyword("then")?;
            let body = self.list(&["elif", "else", "fi"], depth)?;
            one.arms.push((condition, body));
            match self.letters() {
                "elif" => self.at += 4,
                "else" => {
                    self.at += 4;
                    one.otherwise = Some(self.list(&["fi"], depth)?);
                    break;
                }
                _ => break,
            }
        }
        self.keyword("fi")?;
        Some(Kind::If(one))
    }

    fn simple(&mut self) -> Option<Node> {
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
                    if (simple.words.is_empty() || simple.declares)
                        && let Some(assign) = self.assign()?
                    {
                        simple.assigns.push(assign);
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
        Some(Node { redirects, document_end, ..Node::plain(span, Kind::Simple(simple)) })
    }

    /// `NAME=WORD` or `NAME+=WORD`, if it stands here.
    fn assign(&mut self) -> Option<Option<Assign>> {
        let start = self.at;
        let name = self.name().unwrap_or_default();
        let append = self.peek() == b'+';
        if name.is_empty() || self.ahead(usize::from(append)) != b'=' {
            self.at = start;
            return Some(None);
        }
        self.at += 1 + usize::from(append);
        let mut text = self.value()?;
        if text.pieces.is_empty() {
            text.pieces.push(Piece::Fixed { text: String::new(), quoted: false });
        }
        let value = vec![text];
        let whole = !matches!(self.peek(), b'<' | b'>');
        whole.then(|| Some(Assign { name: name.to_owned(), append, value, array: false }))
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

/// One command, or several as one.
fn joined(first: Node, more: Vec<Node>, end: usize, kind: fn(Vec<Node>) -> Kind) -> Node {
    let Some(last) = more.last() else { return first };
    let span = first.span.start..last.span.end.max(end);
    let mut nodes = Vec::with_capacity(more.len() + 1);
    nodes.push(first);
    nodes.extend(more);
    let kind = kind(nodes);
    Node { document_end: super::inner_end(&kind), ..Node::plain(span, kind) }
}

/// Whether the command sets what its words name; `None` where its words are more than that.
fn declares(name: &str) -> Option<bool> {
    match name {
        "export" => Some(true),
        "declare" | "local" | "readonly" | "typeset" => None,
        // Words that hold a script together.
        "if" | "then" | "else" | "elif" | "fi" | "for" | "while" | "until" | "do" | "done" | "case"
        | "esac" | "in" | "select" | "time" | "coproc" | "function" | "repeat" | "foreach" | "always" => None,
        _ => Some(false),
    }
}

fn is_name(text: &str) -> bool {
    text.starts_with(|sign: char| sign.is_ascii_alphabetic() || sign == '_')
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
