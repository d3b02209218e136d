//! A call's words told apart: options with their values, operands, and what belongs to a nested command.
use super::{Word, words};

/// Stands for a piece that is only known when the command runs.
pub(super) const UNKNOWN: char = '\u{FFFC}';

/// How many letters behind one dash are looked at.
const MOST_LETTERS: usize = 40;

/// How a tool reads its words.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::commands) struct Style {
    /// Options that take a value, under a verb path; the empty path holds everywhere.
    pub values: &'static [(&'static str, &'static str)],
    /// After so many operands under this path the rest belongs to a nested command.
    pub stops: &'static [(&'static str, usize)],
    /// Letters whose value stands glued to them or not at all: `-pWORD`, `-i.bak`.
    pub glued: &'static str,
    /// `-target=x` is one option, not letters (terraform, find, java tools).
    pub one_dash: bool,
}

/// One option as it stands.
#[derive(Debug, Clone, Copy)]
pub(in crate::commands) struct Opt<'a> {
    /// With its dashes.
    pub name: &'a str,
    pub short: Option<char>,
    pub value: Option<&'a str>,
    /// How many operands stood before it.
    pub after: usize,
    /// The word it stands in, counted from 0, and whether the next word is its value.
    pub at: usize,
    pub two: bool,
}

impl Opt<'_> {
    pub fn is(&self, name: &str) -> bool {
        match self.short {
            Some(letter) => {
                let mut letters = name.chars();
                letters.next() == Some('-') && letters.next() == Some(letter) && letters.next().is_none()
            }
            None => self.name == name,
        }
    }

    /// It goes by one of these names, blanks between them.
    pub fn is_one_of(&self, names: &str) -> bool {
        let mut all = names.as_bytes().split(u8::is_ascii_whitespace);
        match self.short.map(u8::try_from) {
            Some(Ok(letter)) => all.any(|name| matches!(name, [b'-', one] if *one == letter)),
            Some(Err(_)) => names.split_ascii_whitespace().any(|name| self.is(name)),
            None => all.any(|name| name == self.name.as_bytes()) && !self.name.is_empty(),
        }
    }
}

/// A call taken apart.
#[derive(Debug, Clone, Default)]
pub(in crate::commands) struct Args<'a> {
    pub operands: Vec<&'a Word>,
    pub options: Vec<Opt<'a>>,
    /// After `--` or a stop.
    pub rest: &'a [Word],
    /// `--` stood in front of `rest`.
    pub dashes: bool,
    /// The first operands, blanks between them.
    pub path: String,
}

impl<'a> Args<'a> {
    pub fn read(words: &'a [Word], style: Style) -> Self {
        let mut args = Args { operands: Vec::with_capacity(words.len()), ..Args::default() };
        let mut path = String::with_capacity(words.iter().map(|word| word.text.len() + 1).take(6).sum());
        let mut at = 0;
        while let Some(word) = words.get(at) {
            at += 1;
            let text = word.text.as_str();
            if text == "--" {
                args.rest = words.get(at..).unwrap_or_default();
                args.dashes = true;
                break;
            }
            if text.len() > 1 && text.starts_with('-') {
                let next = words.get(at).map(|word| word.text.as_str());
                at += usize::from(args.option((at - 1, text), next, &path, style));
                continue;
            }
            args.operands.push(word);
            if args.operands.len() <= 6 {
                if !path.is_empty() {
                    path.push(' ');
                }
                path.push_str(text);
            }
            let stops = style.stops.iter().any(|(verbs, more)| {
                let depth = || verbs.split_ascii_whitespace().count();
                args.operands.len() >= *more && args.operands.len() == depth() + more && under(&path, verbs)
            });
            if stops {
                args.rest = words.get(at..).unwrap_or_default();
                break;
            }
        }
        args.path = path;
        args
    }

    /// Takes one option; answers whether it took the next word as its value.
    fn option(
        &mut self,
        (at, text): (usize, &'a str),
        next: Option<&'a str>,
        path: &str,
        style: Style,
    ) -> bool {
        let after = self.operands.len();
        let takes = |name: &str| {
            style.values.iter().any(|(verbs, names)| words::one_of(names, name) && under(path, verbs))
        };
        if text.starts_with("--") || style.one_dash {
            let (name, value) = match text.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (text, None),
            };
            let wants = value.is_none() && takes(name);
            let value = if wants { next } else { value };
            let two = wants && next.is_some();
            self.options.push(Opt { name, short: None, value, after, at, two });
            return two;
        }
        let mut letters = text.char_indices().skip(1).take(MOST_LETTERS).peekable();
        let mut name = [b'-', 0];
        while let Some((_, letter)) = letters.next() {
            let rest = letters.peek().map(|(at, _)| text.get(*at..).unwrap_or_default());
            name[1] = u8::try_from(letter).unwrap_or(b'?');
            let wants = takes(std::str::from_utf8(&name).unwrap_or("-?"));
            if style.glued.contains(letter) {
                self.options.push(Opt {
                    name: text,
                    short: Some(letter),
                    value: rest,
                    after,
                    at,
                    two: false,
                });
                return false;
            }
            if wants {
                let value = rest.map(|rest| rest.strip_prefix('=').unwrap_or(rest)).or(next);
                let two = rest.is_none() && next.is_some();
                self.options.push(Opt { name: text, short: Some(letter), value, after, at, two });
                return two;
            }
            if let Some(value) = rest.and_then(|rest| rest.strip_prefix('=')) {
                self.options.push(Opt {
                    name: text,
                    short: Some(letter),
                    value: Some(value),
                    after,
                    at,
                    two: false,
                });
                return false;
            }
            self.options.push(Opt { name: text, short: Some(letter), value: None, after, at, two: false });
        }
        false
    }

    /// The option, by any of its names (blanks between them).
    pub fn get(&self, names: &str) -> Option<&Opt<'a>> {
        self.options.iter().rev().find(|option| option.is_one_of(names))
    }

    pub fn all<'s>(&'s self, names: &'s str) -> impl Iterator<Item = &'s Opt<'a>> {
        self.options.iter().filter(move |option| option.is_one_of(names))
    }

    /// It is given and not switched off.
    pub fn has(&self, names: &str) -> bool {
        self.get(names).is_some_and(|option| !matches!(option.value, Some("false" | "0" | "no" | "False")))
    }

    pub fn value(&self, names: &str) -> Option<&'a str> {
        self.get(names).and_then(|option| option.value)
    }

    pub fn operand(&self, at: usize) -> &'a str {
        self.operands.get(at).map_or("", |word| word.text.as_str())
    }
}

/// The path begins with these verbs. Each may have alternatives (`get|list`), and several paths may be given
/// (`status, repo list`); `^` is the place before any verb.
pub(super) fn under(path: &str, verbs: &str) -> bool {
    depth(path, verbs).is_some()
}

/// How many words of the path the verbs cover.
pub(super) fn depth(path: &str, verbs: &str) -> Option<usize> {
    match verbs.as_bytes() {
        [] => return Some(0),
        [b'^'] => return path.is_empty().then_some(0),
        // Most verbs are one word, and most of them another one than the path's.
        [first, rest @ ..]
            if path.as_bytes().first() != Some(first) && rest.iter().all(u8::is_ascii_lowercase) =>
        {
            return None;
        }
        _ => {}
    }
    // Every rule of a tool is held against every call: bytes are much faster than searches for letters.
    let covered = |one: &[u8]| {
        let mut words = path.as_bytes().split(|b| *b == b' ');
        let mut depth = 0;
        for verb in one.split(u8::is_ascii_whitespace).filter(|verb| !verb.is_empty()) {
            let word = words.next()?;
            if !verb.split(|b| *b == b'|').any(|alternative| alternative == word) {
                return None;
            }
            depth += 1;
        }
        Some(depth)
    };
    verbs.as_bytes().split(|b| *b == b',').filter_map(covered).max()
}
