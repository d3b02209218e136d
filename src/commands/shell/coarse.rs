//! What a text that no parser takes could run: words and signs, read without grammar.
//!
//! Everything that stands where a command could begin becomes one, so that nothing is missed.
use std::ops::Range;

use super::escape::{hides, unescaped};
use super::tree::{Assign, Form, Kind, Node, Piece, Redirect, Simple, Text, Variable, Way};
use super::walk::is_name;

/// Lines of one here-document that are looked for its end.
const LONGEST: usize = 2_000;

/// The commands of one piece of text; with `everything` also those that here-documents may hold.
pub fn nodes(text: &str, everything: bool) -> Vec<Node> {
    let mut reader = Reader {
        text,
        at: 0,
        out: Vec::new(),
        pipe: Vec::new(),
        now: Simple::default(),
        redirects: Vec::new(),
        start: 0,
        skipped: Vec::new(),
        everything,
    };
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
    /// Here-documents that were taken out, unless their lines are read as commands as well.
    skipped: Vec<Range<usize>>,
    everything: bool,
}

impl Reader<'_> {
    fn peek(&self, ahead: usize) -> u8 {
        self.text.as_bytes().get(self.at + ahead).copied().unwrap_or_default()
    }

    fn read(&mut self) {
        let mut skipped = 0;
        while self.at < self.text.len() {
            if let Some(range) = self.skipped.get(skipped)
                && range.start <= self.at
                && !self.everything
            {
                self.at = self.at.max(range.end);
                skipped += 1;
                self.end_command(false);
                continue;
            }
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
                b'\n' | b';' | b'&' | b'|' | b'(' | b')' | b'`' => {
                    self.at += 1;
                    self.end_command(false);
                    false
                }
                b'<' | b'>' => {
                    self.redirect();
                    false
                }
                b'0'..=b'9' if matches!(self.peek(1), b'<' | b'>') => {
                    self.at += 1;
                    false
                }
                _ => true,
            };
            if word_follows {
                let word = self.word();
                if is_brace(&word) {
                    self.end_command(false);
                } else if !self.now.words.is_empty() {
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
        let simple = declared(simple);
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
        let string = !write && double && self.peek(2) == b'<';
        self.at += 1 + usize::from(double) + usize::from(string);
        if self.peek(0) == b'&' {
            self.at += 1;
            while self.peek(0).is_ascii_digit() || self.peek(0) == b'-' {
                self.at += 1;
            }
            return;
        }
        while matches!(self.peek(0), b' ' | b'\t' | b'-' | b'|') {
            self.at += 1;
        }
        let before = self.at;
        let mut target = self.word();
        if self.at == before {
            return;
        }
        if !write && double && !string {
            let quoted = self.text.get(before..self.at).is_some_and(|word| word.contains(['\'', '"', '\\']));
            match self.document(&target) {
                Some(body) if quoted => {
                    target = Text { pieces: vec![Piece::Fixed { text: body, quoted: true }] }
                }
                Some(body) => {
                    target.pieces.clear();
                    in_double_quotes(&body, &mut target.pieces);
                }
                // Without an end the lines behind it are read as commands.
                None => return,
            }
        }
        let way = match (write, double) {
            (true, true) => Way::Append,
            (true, false) => Way::Write,
            (false, true) => Way::Document,
            (false, false) => Way::Read,
        };
        self.redirects.push(Redirect { way, fd: None, target });
    }

    /// The lines of a here-document up to its closing word, taken out of what is left to read.
    fn document(&mut self, word: &Text) -> Option<String> {
        let word: String = word
            .pieces
            .iter()
            .map(|piece| match piece {
                Piece::Fixed { text, .. } | Piece::Raw { text, .. } => text.as_str(),
                _ => "",
            })
            .collect();
        let start = match self.skipped.last() {
            // Several documents of one line follow each other.
            Some(last) if last.start > self.at => last.end,
            _ => self.at + memchr::memchr(b'\n', self.text.as_bytes().get(self.at..)?)? + 1,
        };
        let mut at = start;
        for line in self.text.get(start..)?.split_inclusive('\n').take(LONGEST) {
            if line.trim() == word && !word.is_empty() {
                let body = self.text.get(start..at)?.to_owned();
                self.skipped.push(start..at + line.len());
                return Some(body);
            }
            at += line.len();
        }
        None
    }

    /// One word; quotes that close take everything up to there along.
    fn word(&mut self) -> Text {
        let bytes = self.text.as_bytes();
        let mut pieces = Vec::new();
        let mut bare = String::new();
        while let Some(sign) = self.text.get(self.at..).and_then(|rest| rest.chars().next()) {
            match sign {
                ' ' | '\t' | '\r' | '\n' | ';' | '&' | '|' | '(' | ')' | '<' | '>' | '`' => break,
                '\\' => {
                    let next = self.text.get(self.at + 1..).and_then(|rest| rest.chars().next());
                    // Looked through quotes, an escape may be meant for a later shell.
                    if self.everything && matches!(next, Some('$' | '`')) {
                        self.at += 1;
                        continue;
                    }
                    bare.extend(next.filter(|next| *next != '\n'));
                    self.at += 1 + next.map_or(0, char::len_utf8);
                    continue;
                }
                '\'' | '"' => {
                    let body = bytes.get(self.at + 1..).unwrap_or_default();
                    // Where everything counts, quotes around a substitution are looked through.
                    let runs = |length: &usize| {
                        sign == '"'
                            && self.everything
                            && hides(self.text.get(self.at + 1..self.at + 1 + length).unwrap_or_default())
                    };
                    if let Some(length) = closes(body, sign).filter(|length| !runs(length)) {
                        flush(&mut bare, &mut pieces);
                        let from = self.at + 1;
                        let text = self.text.get(from..from + length).unwrap_or_default();
                        self.at = from + length + 1;
                        match sign {
                            '"' => in_double_quotes(text, &mut pieces),
                            _ => pieces.push(Piece::Fixed { text: text.to_owned(), quoted: true }),
                        }
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
        self.at += 1 + name.len() + usize::from(braced.is_some());
        // What an operator brings along is read on as if it stood alone: it may run something.
        if braced.is_some() && self.peek(0) == b'}' {
            self.at += 1;
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

/// What `export` and its like assign.
fn declared(mut simple: Simple) -> Simple {
    let declares = matches!(
        simple.words.first().map(|word| word.pieces.as_slice()),
        Some([Piece::Fixed { text, quoted: false }])
            if matches!(text.as_str(), "export" | "local" | "declare" | "readonly" | "typeset")
    );
    if declares {
        simple.declares = true;
        let words = std::mem::take(&mut simple.words);
        for word in words {
            match assignment(word) {
                Ok(assign) => simple.assigns.push(assign),
                Err(word) => simple.words.push(word),
            }
        }
    }
    simple
}

/// Where a quote closes.
fn closes(bytes: &[u8], quote: char) -> Option<usize> {
    if quote == '\'' {
        return memchr::memchr(b'\'', bytes);
    }
    let mut from = 0;
    loop {
        let at = from + memchr::memchr2(b'"', b'\\', bytes.get(from..)?)?;
        if bytes.get(at) == Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// A text in double quotes: its variables are told apart, and substitutions are left for another reading.
fn in_double_quotes(text: &str, out: &mut Vec<Piece>) {
    let mut from = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    let fixed = |from: usize, to: usize| Piece::Fixed {
        text: unescaped(text.get(from..to).unwrap_or_default(), true),
        quoted: true,
    };
    while let Some(byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied().unwrap_or_default();
        match (byte, next) {
            (b'\\', _) => {
                at += 2;
                while at < bytes.len() && !text.is_char_boundary(at) {
                    at += 1;
                }
            }
            (b'`', _) | (b'$', b'(') => {
                // What stands before it is part of the same word.
                out.push(fixed(from, at));
                out.push(Piece::Raw { text: text.get(at..).unwrap_or_default().to_owned(), quoted: true });
                return;
            }
            (b'$', _) => {
                let body = text.get(at + 1..).unwrap_or_default();
                let braced = body.strip_prefix('{');
                let name: String = braced
                    .unwrap_or(body)
                    .chars()
                    .take_while(|sign| sign.is_alphanumeric() || *sign == '_')
                    .collect();
                if name.is_empty() {
                    at += 1;
                    continue;
                }
                out.push(fixed(from, at));
                at += 1 + name.len() + usize::from(braced.is_some());
                if braced.is_some() && bytes.get(at) == Some(&b'}') {
                    at += 1;
                }
                from = at;
                out.push(Piece::Variable(Variable {
                    name,
                    quoted: true,
                    form: Form::Plain,
                    inside: Vec::new(),
                }));
            }
            _ => at += 1,
        }
    }
    out.push(fixed(from.min(text.len()), text.len()));
}

fn flush(bare: &mut String, pieces: &mut Vec<Piece>) {
    if !bare.is_empty() {
        pieces.push(Piece::Fixed { text: std::mem::take(bare), quoted: false });
    }
}

fn node(span: Range<usize>, kind: Kind, redirects: Vec<Redirect>) -> Node {
    Node { redirects, ..Node::plain(span, kind) }
}

/// A brace alone: a body begins or ends, wherever it stands.
fn is_brace(word: &Text) -> bool {
    matches!(word.pieces.as_slice(), [Piece::Fixed { text, quoted: false }] if text == "{" || text == "}")
}

/// Words that only hold a script together: a command may follow them.
fn is_keyword(word: &Text) -> bool {
    let [Piece::Fixed { text, quoted: false }] = word.pieces.as_slice() else {
        return word.pieces.is_empty();
    };
    matches!(
        text.as_str(),
        "if" | "then"
            | "else"
            | "elif"
            | "fi"
            | "while"
            | "until"
            | "do"
            | "done"
            | "esac"
            | "{"
            | "}"
            | "!"
            | "time"
            | "coproc"
            | "case"
            | "function"
    )
}
