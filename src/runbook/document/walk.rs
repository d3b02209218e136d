//! One walk through a text of Markdown that finds its marks, and what it says without them.
use std::ops::Range;

use super::html;
use super::inline::code_spans;

/// What a byte can be. Every byte of every line is asked for: a table answers at once.
#[derive(Clone, Copy)]
enum Byte {
    Text,
    Mark,
    /// A mark only beside certain others.
    Perhaps,
}

const BYTES: [Byte; 256] = {
    let mut table = [Byte::Text; 256];
    let (marks, others) = (b"*[]\n`", b"\\_~!<&:h\xe2\xef");
    let mut at = 0;
    while at < marks.len() {
        table[marks[at] as usize] = Byte::Mark;
        at += 1;
    }
    at = 0;
    while at < others.len() {
        table[others[at] as usize] = Byte::Perhaps;
        at += 1;
    }
    table
};

/// Where the next mark could stand, from a place on; all in front of it is text.
pub fn next_mark(text: &str, from: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let rest = bytes.get(from..).unwrap_or_default();
    let places = rest.iter().enumerate().map(|(at, b)| (from + at, *b));
    let mut marks = places.filter(|(at, b)| match BYTES.get(usize::from(*b)) {
        Some(Byte::Mark) => true,
        Some(Byte::Perhaps) => is_mark(bytes, *at, *b),
        Some(Byte::Text) | None => false,
    });
    marks.next().map(|(at, _)| at)
}

/// Whether a sign can be a mark where it stands: most colons end a word, and most `_` are part of a name.
fn is_mark(bytes: &[u8], at: usize, sign: u8) -> bool {
    let before = at.checked_sub(1).and_then(|at| bytes.get(at)).copied().unwrap_or(b' ');
    let next = bytes.get(at + 1).copied().unwrap_or(b' ');
    match sign {
        b'h' => bytes.get(at..).is_some_and(|rest| rest.starts_with(b"http")),
        b'\\' => next.is_ascii_punctuation(),
        b'_' => !(before.is_ascii_alphanumeric() && next.is_ascii_alphanumeric()),
        b'~' => next == b'~',
        b'!' => next == b'[',
        b'<' => next != b' ',
        b'&' => next.is_ascii_alphabetic() || next == b'#',
        b':' => {
            !before.is_ascii_alphanumeric()
                && (next.is_ascii_alphanumeric() || matches!(next, b'_' | b'+' | b'-'))
        }
        // What no screen shows.
        0xe2 => matches!((next, bytes.get(at + 2)), (0x80, Some(0x8b | 0x8e | 0x8f)) | (0x81, Some(0xa0))),
        0xef => next == 0xbb && bytes.get(at + 2) == Some(&0xbf),
        _ => true,
    }
}

/// Marks are written like text and struck out once their other half is found.
pub struct Walk<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// What is struck out of `out`.
    struck: Vec<Range<usize>>,
    /// Whether links are kept.
    linked: bool,
    links: Vec<(String, String)>,
    spans: std::iter::Peekable<std::vec::IntoIter<(Range<usize>, String)>>,
    /// Open brackets: where they stand in `out`, and how long they are (`![` is two).
    brackets: Vec<(usize, usize)>,
    /// Open emphasis of `*`, `_` and `~`: where it stands in `out`.
    emphasis: [Vec<Range<usize>>; 3],
    /// How many bytes may still be looked at ahead; a hostile text runs out of it, and keeps its brackets.
    ahead: usize,
}

impl<'a> Walk<'a> {
    /// A walk through a text whose first mark is known.
    pub fn new(text: &'a str, first: usize) -> Self {
        let mut out = String::with_capacity(text.len());
        out.push_str(text.get(..first).unwrap_or_default());
        Self {
            text,
            at: first,
            out,
            struck: Vec::new(),
            linked: false,
            links: Vec::new(),
            spans: code_spans(text).into_iter().peekable(),
            brackets: Vec::new(),
            emphasis: Default::default(),
            ahead: text.len() * 4 + 4096,
        }
    }

    /// The links in the text.
    pub fn links(mut self) -> Vec<(String, String)> {
        self.linked = true;
        self.run();
        self.links
    }

    /// What the text says.
    pub fn text(mut self) -> String {
        self.run();
        let mut text = if self.struck.is_empty() { self.out } else { without(&self.out, self.struck) };
        text.truncate(text.trim_end().len());
        let start = text.len() - text.trim_start().len();
        if start > 0 { text.split_off(start) } else { text }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        while let Some(sign) = self.text.as_bytes().get(self.at) {
            match sign {
                b'`' => self.code(),
                b'\\' => self.escape(),
                b'*' | b'_' | b'~' => self.mark(char::from(*sign)),
                b'!' => self.bracket(2),
                b'[' => self.bracket(1),
                b']' => self.close(),
                b'<' => self.angle(),
                b'&' => self.entity(),
                b':' => self.emoji(),
                b'h' => self.address(),
                b'\n' => self.put(' '),
                0xe2 | 0xef => self.at += 3,
                // The walk stands at marks only.
                _ => {}
            }
            let next = next_mark(self.text, self.at).unwrap_or(self.text.len());
            self.out.push_str(self.text.get(self.at..next).unwrap_or_default());
            self.at = next;
        }
    }

    /// A piece of code is taken as it stands.
    fn code(&mut self) {
        match self.spans.next_if(|(span, _)| span.start == self.at) {
            Some((span, code)) => {
                self.out.push_str(&code);
                self.at = span.end;
            }
            None => self.put('`'),
        }
    }

    fn put(&mut self, c: char) {
        self.out.push(c);
        // A line's end is written as a blank, and both are one byte.
        self.at += c.len_utf8();
    }

    fn escape(&mut self) {
        match self.rest().chars().nth(1) {
            Some(c) if c.is_ascii_punctuation() => {
                self.out.push(c);
                self.at += 2;
            }
            _ => self.put('\\'),
        }
    }

    fn before(&self) -> Option<char> {
        self.text.get(..self.at)?.chars().next_back()
    }

    /// A run of emphasis: struck out with the run that it closes, or open for one that follows.
    fn mark(&mut self, sign: char) {
        let run = self.rest().bytes().take_while(|b| char::from(*b) == sign).count();
        let before = self.before();
        let after = self.text.get(self.at + run..).and_then(|rest| rest.chars().next());
        let start = self.out.len();
        self.out.push_str(self.rest().get(..run).unwrap_or_default());
        self.at += run;
        let solid = |c: Option<char>| c.is_some_and(|c| !c.is_whitespace());
        let word = |c: Option<char>| c.is_some_and(char::is_alphanumeric);
        let (mut opens, mut closes) = (solid(after), solid(before));
        match sign {
            '_' => {
                opens &= !word(before);
                closes &= !word(after);
            }
            '~' if run != 2 => return,
            // `*.log` and `/*` are names.
            _ => opens &= after != Some('.') && before != Some('/'),
        }
        let slot = usize::from(sign == '_') + 2 * usize::from(sign == '~');
        let Some(open) = self.emphasis.get_mut(slot) else { return };
        let mut mine = start..start + run;
        while closes && !mine.is_empty() {
            let Some(mut other) = open.pop() else { break };
            let size = other.len().min(mine.len());
            self.struck.push(other.end - size..other.end);
            self.struck.push(mine.start..mine.start + size);
            other.end -= size;
            mine.start += size;
            if !other.is_empty() {
                open.push(other);
            }
        }
        if opens && !mine.is_empty() {
            open.push(mine);
        }
    }

    fn bracket(&mut self, length: usize) {
        self.brackets.push((self.out.len(), length));
        self.out.push_str(self.rest().get(..length).unwrap_or_default());
        self.at += length;
    }

    fn close(&mut self) {
        let open = self.brackets.pop();
        let rest = self.rest().get(1..).unwrap_or_default();
        let Some((start, length)) = open else { return self.put(']') };
        let label = self.out.get(start + length..).unwrap_or_default();
        if label.starts_with('^') && length == 1 {
            self.struck.push(start..self.out.len());
            self.at += 1;
            return;
        }
        let target = match rest.bytes().next() {
            Some(b'(') => self.target(rest),
            Some(b'[') => rest.find(']').filter(|end| *end < 200).map(|end| ("", end + 1)),
            _ => None,
        };
        let Some((address, size)) = target else { return self.put(']') };
        self.struck.push(start..start + length);
        if self.linked && length == 1 && !address.is_empty() {
            let label = self.out.get(start + length..).unwrap_or_default();
            self.links.push((label.trim().to_owned(), address.to_owned()));
        }
        self.at += 1 + size;
    }

    /// The address behind a link's text, and the length of its brackets.
    fn target(&mut self, rest: &'a str) -> Option<(&'a str, usize)> {
        let mut depth = 0_usize;
        for (at, b) in rest.bytes().enumerate().take(2000.min(self.ahead)) {
            match b {
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    let inside = rest.get(1..at)?.trim();
                    let address = inside.split_whitespace().next().unwrap_or_default();
                    return Some((address.trim_matches(['<', '>']), at + 1));
                }
                b')' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
        }
        self.ahead = self.ahead.saturating_sub(rest.len().min(2000));
        None
    }

    /// An address that is its own text.
    fn link(&mut self, address: &str) {
        if self.linked {
            self.links.push((address.to_owned(), address.to_owned()));
        }
    }

    fn angle(&mut self) {
        let rest = self.rest();
        if let Some((size, _)) = html::tag(rest) {
            self.at += size;
            return;
        }
        if rest.starts_with("<!--") && self.ahead > 0 {
            if let Some(end) = rest.find("-->") {
                self.at += end + 3;
                return;
            }
            self.ahead = 0;
        }
        let end = rest.bytes().take(2000.min(self.ahead)).position(|b| matches!(b, b'>' | b' ' | b'\n'));
        let inside =
            end.filter(|end| rest.as_bytes().get(*end) == Some(&b'>')).and_then(|end| rest.get(1..end));
        let known = |inside: &&str| inside.contains("://") || (inside.contains('@') && inside.contains('.'));
        if let Some(address) = inside.filter(known) {
            self.link(address);
            self.out.push_str(address);
            self.at += address.len() + 2;
        } else {
            self.ahead = self.ahead.saturating_sub(end.unwrap_or(2000));
            self.put('<');
        }
    }

    fn entity(&mut self) {
        let rest = self.rest();
        let end = rest.bytes().take(12).position(|b| b == b';');
        let known = end.and_then(|end| Some((decode(rest.get(1..end)?)?, end)));
        match known {
            Some((c, end)) => {
                self.out.push(c);
                self.at += end + 1;
            }
            None => self.put('&'),
        }
    }

    /// `:warning:`, with the blank behind it.
    fn emoji(&mut self) {
        let rest = self.rest().get(1..).unwrap_or_default();
        let length =
            rest.bytes().take(40).take_while(|b| b.is_ascii_alphanumeric() || b"_+-".contains(b)).count();
        let name = rest.get(..length).unwrap_or_default();
        let free = self.before().is_none_or(|c| c.is_whitespace() || ":*_|([".contains(c));
        let letters =
            name.bytes().filter(u8::is_ascii_lowercase).count() >= 2 || name == "+1" || name == "-1";
        let behind = rest.get(length..).unwrap_or_default();
        let after = behind.strip_prefix(':').filter(|_| free && letters);
        match after
            .filter(|after| after.is_empty() || after.starts_with(|c: char| !c.is_alphanumeric() && c != '/'))
        {
            Some(after) => {
                self.at += length + 2 + usize::from(after.starts_with(' '));
            }
            None => self.put(':'),
        }
    }

    /// An address that stands alone in the text.
    fn address(&mut self) {
        let rest = self.rest();
        let known = rest.starts_with("http://") || rest.starts_with("https://");
        if !known || self.before().is_some_and(char::is_alphanumeric) {
            return self.put('h');
        }
        let end = rest.find(|c: char| c.is_whitespace() || "<>\"'`|*\\^".contains(c)).unwrap_or(rest.len());
        let mut address = rest.get(..end).unwrap_or_default();
        // A bracket that was opened before the address closes behind it.
        if let Some(at) = address.find([')', ']', '}']).filter(|at| {
            let before = address.get(..*at).unwrap_or_default();
            !before.contains(['(', '[', '{'])
        }) {
            address = address.get(..at).unwrap_or_default();
        }
        address = address.trim_end_matches(['.', ',', ';', ':', '!', '?', '_']);
        if address.len() > 8 {
            self.link(address);
        }
        self.out.push_str(address);
        self.at += address.len().max(1);
        if address.is_empty() {
            self.out.push('h');
        }
    }
}

/// A text without some of its ranges.
fn without(text: &str, mut struck: Vec<Range<usize>>) -> String {
    struck.sort_by_key(|range| range.start);
    let mut out = String::with_capacity(text.len());
    let mut from = 0;
    for range in &struck {
        out.push_str(text.get(from..range.start).unwrap_or_default());
        from = range.end.max(from);
    }
    out.push_str(text.get(from..).unwrap_or_default());
    out
}

fn decode(name: &str) -> Option<char> {
    if let Some(number) = name.strip_prefix('#') {
        let code = match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok()?,
            None => number.parse().ok()?,
        };
        return char::from_u32(code).filter(|c| !c.is_control());
    }
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => ' ',
        "le" => '≤',
        "ge" => '≥',
        "ne" => '≠',
        "ndash" => '–',
        "mdash" => '—',
        "rarr" => '→',
        "larr" => '←',
        "hellip" => '…',
        "times" => '×',
        "bull" => '•',
        "middot" => '·',
        "copy" => '©',
        "deg" => '°',
        _ => return None,
    })
}
