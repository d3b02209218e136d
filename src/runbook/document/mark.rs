//! Every line of a file that may open or close a fence, with what lies ahead of it.
use super::info;
use super::line::{bullet, indent, invisible, unquote};

/// What a line of backticks or tildes can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Nothing behind it: opens or closes.
    Bare,
    /// An info string, or it stands behind the mark of a list item: opens.
    Open,
    /// A sentence behind it: closes; opens when nothing is open.
    Tail,
}

#[derive(Debug, Clone, Copy)]
pub struct Mark<'a> {
    /// The index of its line.
    pub line: usize,
    pub sign: char,
    pub run: usize,
    pub kind: Kind,
    /// The columns in front of it, behind the `>` of a quote.
    pub column: usize,
    pub quoted: bool,
    /// How many `>` stand in front of it.
    pub depth: usize,
    /// It stands behind the mark of a list item.
    pub item: bool,
    /// What stands behind it.
    pub info: &'a str,
    /// The index of the line that ends what it stands in: its quote, or the file.
    pub limit: usize,
}

impl Mark<'_> {
    /// Marks of one class can close each other: the same sign, both inside a quote or both outside.
    fn class(&self) -> usize {
        usize::from(self.sign == '~') * 2 + usize::from(self.quoted)
    }

    pub fn same(&self, other: &Self) -> bool {
        self.class() == other.class()
    }
}

/// Reads one line as a mark.
pub fn read(text: &str, line: usize) -> Option<Mark<'_>> {
    // Most lines begin with a sign that neither is a mark nor can stand in front of one.
    let first = indent(text, 0).1.bytes().next()?;
    if first.is_ascii() && !matches!(first, b'`' | b'~' | b'>' | b'-' | b'*' | b'+' | b'0'..=b'9') {
        return None;
    }
    memchr::memchr2(b'`', b'~', text.as_bytes())?;
    let quote = unquote(text, usize::MAX);
    let (mut column, mut rest) = indent(quote.rest, 0);
    let mut item = false;
    // Only so many list marks in front of one fence: more is nobody's document.
    for _ in 0..16 {
        let Some(found) = bullet(rest).filter(|found| !found.glued && !found.rest.is_empty()) else { break };
        column += found.width;
        rest = found.rest;
        item = true;
    }
    let rest = rest.trim_start_matches(invisible);
    let sign = rest.chars().next().filter(|c| matches!(c, '`' | '~'))?;
    let run = rest.bytes().take_while(|b| char::from(*b) == sign).count();
    let info = rest.get(run..)?.trim();
    // Backticks behind backticks are code inside a line of text; so are tildes behind tildes struck out.
    if run < 3 || (sign == '`' && info.contains('`')) || info.contains("~~") {
        return None;
    }
    let kind = match info {
        "" if item => Kind::Open,
        "" => Kind::Bare,
        info if item || info::plausible(info) => Kind::Open,
        _ => Kind::Tail,
    };
    Some(Mark {
        line,
        sign,
        run,
        kind,
        column,
        quoted: quote.depth > 0,
        depth: quote.depth,
        item,
        info,
        limit: usize::MAX,
    })
}

/// The marks in the order of their lines, each with its limit.
fn collect<'a>(lines: &[&'a str], start: usize) -> Vec<Mark<'a>> {
    let mut all: Vec<Mark<'a>> = Vec::new();
    let mut quote_ends = lines.len();
    for (at, text) in lines.iter().enumerate().skip(start).rev() {
        let quoted = indent(text, 0).1.starts_with('>');
        if !quoted {
            quote_ends = at;
        }
        all.extend(
            read(text, at).map(|mark| Mark { limit: if quoted { quote_ends } else { lines.len() }, ..mark }),
        );
    }
    all.reverse();
    all
}

/// All marks of a file. What lies ahead of each is found once, from the end, so that no search repeats.
#[derive(Debug, Default)]
pub struct Marks<'a> {
    pub all: Vec<Mark<'a>>,
    /// The next mark of the class that is at least as long: what it would meet first as an open fence.
    meets: Vec<Option<usize>>,
    /// The next mark of the class, however long.
    next: Vec<Option<usize>>,
    /// How many marks that can close stand from here to the next that can only open.
    closers: Vec<usize>,
}

impl<'a> Marks<'a> {
    pub fn find(lines: &[&'a str], start: usize) -> Self {
        let all = collect(lines, start);
        let mut marks = Self { meets: vec![None; all.len()], next: vec![None; all.len()], ..Self::default() };
        marks.closers = vec![0; all.len()];
        let mut waiting: [Vec<(usize, usize)>; 4] = Default::default();
        let mut last = [None; 4];
        let mut count = [0; 4];
        for (at, mark) in all.iter().enumerate().rev() {
            let class = mark.class();
            let Some(((waiting, last), count)) =
                waiting.get_mut(class).zip(last.get_mut(class)).zip(count.get_mut(class))
            else {
                continue;
            };
            while waiting.last().is_some_and(|(run, _)| *run < mark.run) {
                waiting.pop();
            }
            *count = if mark.kind == Kind::Open { 0 } else { *count + 1 };
            for (list, value) in
                [(&mut marks.meets, waiting.last().map(|(_, at)| *at)), (&mut marks.next, *last)]
            {
                if let Some(slot) = list.get_mut(at) {
                    *slot = value;
                }
            }
            if let Some(slot) = marks.closers.get_mut(at) {
                *slot = *count;
            }
            waiting.push((mark.run, at));
            *last = Some(at);
        }
        marks.all = all;
        marks
    }

    pub fn get(&self, at: usize) -> Option<&Mark<'a>> {
        self.all.get(at)
    }

    pub fn meets(&self, at: usize) -> Option<usize> {
        self.meets.get(at).copied().flatten()
    }

    pub fn next(&self, at: usize) -> Option<usize> {
        self.next.get(at).copied().flatten()
    }

    pub fn closers(&self, at: usize) -> usize {
        self.closers.get(at).copied().unwrap_or_default()
    }
}
