//! The plain case of a shell's text, read at once: commands, pipes, chains and loops of plain words.
//!
//! It makes the very tree that the parser's reading is lowered to, or leaves the whole text to the parser.
use std::ops::Range;

use crate::commands::shell::tree::{If, Kind, Loop, Node, Tree};

mod simple;
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
        let Some((end, after)) = self.document.take() else {
            self.at += 1;
            return Some(());
        };
        let here = self.at;
        self.at = after;
        (end == here).then_some(())
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
