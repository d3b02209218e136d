//! Text inside a block: what it says without its marks, the code in it, its links.
use std::collections::HashMap;
use std::ops::Range;

use super::html;
use super::line::invisible;

/// The code in a text: where each stands with its backticks, and what it says without them.
pub fn code_spans(markdown: &str) -> Vec<(Range<usize>, String)> {
    let runs = runs(markdown);
    // The next run of the same length, found from the end.
    let mut next: HashMap<usize, usize> = HashMap::new();
    let mut closes = vec![None; runs.len()];
    for (at, (run, closer)) in runs.iter().zip(closes.iter_mut()).enumerate().rev() {
        *closer = next.insert(run.len(), at);
    }
    let mut spans = Vec::new();
    let mut at = 0;
    while let Some(open) = runs.get(at) {
        let Some((to, close)) = closes.get(at).copied().flatten().and_then(|to| Some((to, runs.get(to)?)))
        else {
            at += 1;
            continue;
        };
        let inside = markdown.get(open.end..close.start).unwrap_or_default().replace('\n', " ");
        let padded =
            inside.len() > 2 && inside.starts_with(' ') && inside.ends_with(' ') && !inside.trim().is_empty();
        let text =
            if padded { inside.get(1..inside.len() - 1).unwrap_or_default().to_owned() } else { inside };
        spans.push((open.start..close.end, text));
        at = to + 1;
    }
    spans
}

/// The runs of backticks; one behind a backslash is no mark.
fn runs(text: &str) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for at in memchr::memchr_iter(b'`', text.as_bytes()) {
        match runs.last_mut() {
            Some(last) if last.end == at => last.end = at + 1,
            _ if at > 0 && text.as_bytes().get(at - 1) == Some(&b'\\') => {}
            _ => runs.push(at..at + 1),
        }
    }
    runs
}

/// What a text begins with in bold, and what follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lead {
    /// Without its marks and without a colon at its end.
    pub bold: String,
    /// Markdown, without the colon in front.
    pub rest: String,
    /// A colon ends the bold text or follows it.
    pub colon: bool,
}

/// Reads `**Key:** value`, `**Key**: value`, `__Key__ value`, `**1. Title** (0-5 min)`.
pub fn lead(markdown: &str) -> Option<Lead> {
    // Most texts begin with a letter.
    if markdown.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric()) {
        return None;
    }
    let text = markdown.trim();
    let mark = ["**", "__"].into_iter().find(|mark| text.starts_with(mark))?;
    let inside = text.get(2..)?;
    if inside.starts_with([' ', '\t']) {
        return None;
    }
    let end = memchr::memmem::find_iter(inside.as_bytes(), mark.as_bytes()).find(|end| {
        inside.get(..*end).is_some_and(|before| !before.trim().is_empty() && !before.ends_with(' '))
    })?;
    let bold = inside.get(..end)?.trim_matches(['*', '_']);
    let rest = inside.get(end + 2..)?.trim_start_matches(['*', '_']).trim_start();
    let inner = bold.trim_end().strip_suffix([':', '：']);
    let outer = rest.strip_prefix([':', '：']);
    Some(Lead {
        bold: plain(inner.unwrap_or(bold)),
        rest: outer.unwrap_or(rest).trim().to_owned(),
        colon: inner.is_some() || outer.is_some(),
    })
}

/// The bold text at the start without marks and colon, and what follows it.
pub fn bold_lead(markdown: &str) -> Option<(String, String)> {
    lead(markdown).map(|lead| (lead.bold, lead.rest))
}

/// Takes pictures, ticks and blanks from both ends: `🚨 Emergency`, `- ✅ done`.
pub fn bare(text: &str) -> &str {
    let picture = |c: char| {
        c.is_whitespace()
            || invisible(c)
            || matches!(c, '\u{200d}' | '\u{fe0f}' | '\u{fe0e}')
            || matches!(u32::from(c), 0x2190..=0x21ff | 0x2300..=0x23ff | 0x2600..=0x27bf | 0x2b00..=0x2bff | 0x1f000..=0x1faff | 0xe0020..=0xe007f)
    };
    // Most texts begin and end with a letter or a sign that no picture is made of.
    let solid = |b: Option<&u8>| b.is_some_and(u8::is_ascii_graphic);
    if solid(text.as_bytes().first()) && solid(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(picture)
}

/// The links in a text, with their addresses: `[text](address)`, `<address>`, and addresses that stand alone.
pub fn links(markdown: &str) -> Vec<(String, String)> {
    let mut walk = Walk::new(markdown);
    walk.run();
    walk.links
}

/// What a text says without its marks: emphasis, code, links, images, tags, entities, emoji codes.
pub fn plain(markdown: &str) -> String {
    // Most lines and words have no marks at all; `h` may begin an address.
    let bytes = markdown.as_bytes();
    let marked = |at: usize| bytes.get(at) != Some(&b'h') || bytes.get(at + 1) == Some(&b't');
    let mut specials = bytes.iter().enumerate().filter(|(_, b)| is_special(**b));
    if !specials.any(|(at, _)| marked(at)) {
        return markdown.trim().to_owned();
    }
    let mut walk = Walk::new(markdown);
    walk.run();
    walk.text()
}

/// A byte that could begin a mark, or that is part of a longer character.
#[inline]
fn is_special(b: u8) -> bool {
    /// Every byte of every line is asked for: a table answers at once.
    const SPECIAL: [bool; 256] = {
        let mut table = [false; 256];
        let signs = b"\\*_~![]<&:h\n`";
        let mut at = 0;
        while at < signs.len() {
            table[signs[at] as usize] = true;
            at += 1;
        }
        let mut wide = 0x80;
        while wide < table.len() {
            table[wide] = true;
            wide += 1;
        }
        table
    };
    SPECIAL.get(usize::from(b)).copied().unwrap_or_default()
}

/// One walk through a text. Marks are written like text and struck out once their other half is found.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    out: String,
    /// What is struck out of `out`.
    struck: Vec<Range<usize>>,
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
    fn new(text: &'a str) -> Self {
        Self {
            text,
            at: 0,
            out: String::with_capacity(text.len()),
            struck: Vec::new(),
            links: Vec::new(),
            spans: code_spans(text).into_iter().peekable(),
            brackets: Vec::new(),
            emphasis: Default::default(),
            ahead: text.len() * 4 + 4096,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn run(&mut self) {
        while let Some(c) = self.rest().chars().next() {
            if self.spans.peek().is_some_and(|(span, _)| span.start == self.at)
                && let Some((span, code)) = self.spans.next()
            {
                self.out.push_str(&code);
                self.at = span.end;
                continue;
            }
            match c {
                '\\' => self.escape(),
                '*' | '_' | '~' => self.mark(c),
                '!' if self.rest().starts_with("![") => self.bracket(2),
                '[' => self.bracket(1),
                ']' => self.close(),
                '<' => self.angle(),
                '&' => self.entity(),
                ':' => self.emoji(),
                'h' if self.rest().starts_with("http") => self.address(),
                '\n' => self.put(' '),
                c if invisible(c) => self.at += c.len_utf8(),
                c => self.letters(c),
            }
        }
    }

    /// Takes all up to the next byte that could be a mark, or this character.
    fn letters(&mut self, c: char) {
        let rest = self.rest();
        let length = rest.bytes().take_while(|b| !is_special(*b)).count();
        match rest.get(..length) {
            Some(run) if length > 0 => {
                self.out.push_str(run);
                self.at += length;
            }
            _ => self.put(c),
        }
    }

    fn text(mut self) -> String {
        self.struck.sort_by_key(|range| range.start);
        let mut text = String::with_capacity(self.out.len());
        let mut from = 0;
        for range in &self.struck {
            text.push_str(self.out.get(from..range.start).unwrap_or_default());
            from = range.end.max(from);
        }
        text.push_str(self.out.get(from..).unwrap_or_default());
        text.trim().to_owned()
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
        let label = self.out.get(start + length..).unwrap_or_default().to_owned();
        if label.starts_with('^') && length == 1 {
            self.struck.push(start..self.out.len());
            self.at += 1;
            return;
        }
        let target = match rest.chars().next() {
            Some('(') => self.target(rest),
            Some('[') => rest.find(']').filter(|end| *end < 200).map(|end| (String::new(), end + 1)),
            _ => None,
        };
        let Some((address, size)) = target else { return self.put(']') };
        self.struck.push(start..start + length);
        if length == 1 && !address.is_empty() {
            self.links.push((label.trim().to_owned(), address));
        }
        self.at += 1 + size;
    }

    /// The address behind a link's text, and the length of its brackets.
    fn target(&mut self, rest: &str) -> Option<(String, usize)> {
        let mut depth = 0_usize;
        for (at, b) in rest.bytes().enumerate().take(2000.min(self.ahead)) {
            match b {
                b'(' => depth += 1,
                b')' if depth == 1 => {
                    let inside = rest.get(1..at)?.trim();
                    let address = inside.split_whitespace().next().unwrap_or_default();
                    return Some((address.trim_matches(['<', '>']).to_owned(), at + 1));
                }
                b')' => depth -= 1,
                b'\n' => break,
                _ => {}
            }
        }
        self.ahead = self.ahead.saturating_sub(rest.len().min(2000));
        None
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
            self.links.push((address.to_owned(), address.to_owned()));
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
            self.links.push((address.to_owned(), address.to_owned()));
        }
        self.out.push_str(address);
        self.at += address.len().max(1);
        if address.is_empty() {
            self.out.push('h');
        }
    }
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
