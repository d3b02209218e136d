//! Shell variables that a script reads and does not set: they have to come from somebody.
use std::collections::{HashMap, HashSet};

use super::super::words::Words;
use super::{Found, Quoting, Shape, shape};
use crate::commands::{Lang, Statement};

/// Set by every shell or login.
static KNOWN: Words = Words::new(
    "HOME PWD OLDPWD USER LOGNAME SHELL PATH HOSTNAME HOSTTYPE OSTYPE MACHTYPE UID EUID GID PPID TMPDIR \
    TERM LANG LC_ALL RANDOM SECONDS LINENO IFS EDITOR KUBECONFIG SUDO_USER PIPESTATUS FUNCNAME REPLY \
    OPTARG OPTIND BASHPID BASH_SOURCE BASH_VERSION BASH DISPLAY COLUMNS LINES SHLVL EPOCHSECONDS SRANDOM \
    BASH_REMATCH MAPFILE XDG_RUNTIME_DIR XDG_CONFIG_HOME SSH_AUTH_SOCK GOPATH VISUAL PAGER NF NR",
);

/// Whether every shell or login sets it.
pub(super) fn is_known(name: &str) -> bool {
    KNOWN.contains(name)
}

/// What the script has set so far.
#[derive(Debug, Clone, Default)]
pub struct Scope {
    set: HashSet<String>,
    /// Variables that took a positional argument, with its default.
    bound: HashMap<String, Option<String>>,
}

impl Scope {
    /// Takes in what a statement sets for those after it.
    pub fn learn(&mut self, statement: &Statement) {
        if statement.lang != Lang::Shell {
            return;
        }
        let text = statement.text.as_str();
        for name in &statement.sets {
            self.set.insert(name.clone());
        }
        if !may_set(text) {
            return;
        }
        let function = is_function(text);
        for one in assignments(text, &shape(text)) {
            match one.argument {
                Some((_, default)) if !function => {
                    self.set.remove(&one.name);
                    self.bound.insert(one.name, default);
                }
                // `VERSION=${VERSION}` leaves the question open.
                _ if one.itself && self.bound.contains_key(&one.name) => {}
                _ => {
                    self.bound.remove(&one.name);
                    self.set.insert(one.name);
                }
            }
        }
    }

    fn is_set(&self, name: &str) -> bool {
        self.set.contains(name) && !self.bound.contains_key(name)
    }
}

fn may_set(text: &str) -> bool {
    memchr::memchr(b'=', text.as_bytes()).is_some()
        || text.contains("read")
        || text.contains("for ")
        || text.contains("select ")
        || text.contains("mapfile")
}

/// `name() {` or `function name`.
pub(super) fn is_function(text: &str) -> bool {
    let head = text.trim_start();
    if head.starts_with("function ") {
        return true;
    }
    let length = head.bytes().take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-')).count();
    length > 0 && head.get(length..).is_some_and(|rest| rest.trim_start().starts_with("()"))
}

#[derive(Debug)]
struct Assignment {
    name: String,
    /// Where its value begins.
    start: usize,
    /// From here on it holds.
    from: usize,
    /// It takes `$1`, with a default.
    argument: Option<(String, Option<String>)>,
    /// Its value is only its own old one.
    itself: bool,
}

/// `NAME=…`, `for NAME in`, `read NAME …`.
fn assignments(text: &str, shape: &Shape) -> Vec<Assignment> {
    let mut all = Vec::new();
    let mut reads = false;
    let mut loops = false;
    for piece in &shape.pieces {
        if piece.comment || piece.quoting != Quoting::Bare {
            continue;
        }
        let Some(bare) = text.get(piece.start..piece.end) else { continue };
        let mut start = 0;
        let ascii = bare.is_ascii();
        loop {
            let rest = bare.get(start..).unwrap_or_default();
            let end = if ascii { rest.bytes().position(ends_word_byte) } else { rest.find(ends_word) };
            let at = start + end.unwrap_or(rest.len());
            let sign = bare.get(at..).and_then(|rest| rest.chars().next()).unwrap_or(' ');
            let word = bare.get(start..at).unwrap_or_default();
            let here = piece.start + start;
            start = at + sign.len_utf8();
            let ends = matches!(sign, ';' | '|' | '&' | ')' | '\n');
            if loops && is_variable(word) {
                all.push(Assignment {
                    name: word.to_owned(),
                    start: here,
                    from: here,
                    argument: None,
                    itself: false,
                });
                loops = false;
            } else if reads && is_variable(word) {
                all.push(Assignment {
                    name: word.to_owned(),
                    start: here,
                    from: here,
                    argument: None,
                    itself: false,
                });
            } else if let Some((name, value)) = word.split_once('=') {
                let name = name.trim_end_matches('+');
                if is_variable(name) {
                    all.push(assignment(text, shape, name, value, here + word.len() - value.len()));
                }
            }
            match word {
                "read" | "mapfile" | "readarray" => reads = true,
                "for" | "select" => loops = true,
                _ => {}
            }
            if ends {
                reads = false;
            }
            if end.is_none() {
                break;
            }
        }
    }
    all
}

/// A sign that ends a word outside of quotes.
fn ends_word(sign: char) -> bool {
    sign.is_whitespace() || matches!(sign, ';' | '|' | '&' | '(' | ')' | '`')
}

/// The same in a text without wide characters.
fn ends_word_byte(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | b';' | b'|' | b'&' | b'(' | b')' | b'`')
}

fn assignment(text: &str, shape: &Shape, name: &str, value: &str, at: usize) -> Assignment {
    let from = value_end(text, shape, at);
    let whole = text.get(at..from).unwrap_or(value).trim_matches('"');
    let inner =
        whole.strip_prefix("${").and_then(|v| v.strip_suffix('}')).or_else(|| whole.strip_prefix('$'));
    let argument = inner.and_then(|inner| {
        let digits = inner.bytes().take_while(u8::is_ascii_digit).count();
        let place = inner.get(..digits).filter(|d| !d.is_empty() && *d != "0")?;
        let rest = inner.get(digits..)?;
        let default =
            rest.strip_prefix(":-").or_else(|| rest.strip_prefix('-')).or_else(|| rest.strip_prefix(":="));
        (rest.is_empty() || default.is_some() || rest.starts_with(":?") || rest.starts_with('?'))
            .then(|| (place.to_owned(), default.map(|d| d.trim_matches(['"', '\'']).to_owned())))
    });
    Assignment { name: name.to_owned(), start: at, from, argument, itself: inner == Some(name) }
}

/// Where the word that begins at `at` ends.
fn value_end(text: &str, shape: &Shape, at: usize) -> usize {
    let rest = text.get(at..).unwrap_or_default();
    let mut depth = 0_u32;
    for (i, c) in rest.char_indices().take(4096) {
        let bare = || shape.at(at + i).is_some_and(|piece| piece.quoting == Quoting::Bare);
        match c {
            '(' if bare() => depth += 1,
            ')' if depth > 0 && bare() => depth -= 1,
            _ if depth == 0 && (c.is_whitespace() || matches!(c, ';' | '&' | '|' | ')')) && bare() => {
                return at + i;
            }
            _ => {}
        }
    }
    text.len()
}

fn is_variable(name: &str) -> bool {
    !name.is_empty()
        && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        && !name.starts_with(|c: char| c.is_ascii_digit())
}

pub(super) fn find(text: &str, shape: &Shape, scope: &Scope, found: &mut Vec<Found>) {
    if !text.contains('$') {
        return;
    }
    let function = is_function(text);
    let own = if may_set(text) { assignments(text, shape) } else { Vec::new() };
    let mut first: HashMap<&str, usize> = HashMap::new();
    for one in own.iter().filter(|one| function || one.argument.is_none() && !one.itself) {
        first.entry(one.name.as_str()).or_insert(one.from);
    }
    for piece in &shape.pieces {
        if piece.comment || piece.quoting.is_literal() {
            continue;
        }
        let Some(part) = text.get(piece.start..piece.end) else { continue };
        let mut from = 0;
        while let Some(at) =
            part.as_bytes().get(from..).and_then(|rest| memchr::memchr(b'$', rest)).map(|i| from + i)
        {
            from = at + 1;
            let escaped = part
                .as_bytes()
                .get(..at)
                .is_some_and(|b| b.iter().rev().take_while(|b| **b == b'\\').count() % 2 == 1);
            if escaped {
                continue;
            }
            let Some(one) = variable(text.get(piece.start + at + 1..).unwrap_or_default()) else { continue };
            from = at + 1 + one.length;
            let start = piece.start + at;
            let end = piece.start + from;
            let positional = one.name.bytes().all(|b| b.is_ascii_digit());
            if positional {
                if !function && one.name != "0" {
                    let name = own.iter().find(|a| a.argument.is_some() && a.start <= start && end <= a.from);
                    let name = name.map_or_else(|| one.name.clone(), |a| a.name.clone());
                    found.push(Found {
                        text: format!("${}", one.name),
                        name,
                        start,
                        end,
                        default: one.default,
                    });
                }
                continue;
            }
            let own_before = first.get(one.name.as_str()).is_some_and(|set| *set <= start);
            if KNOWN.contains(&one.name) || own_before || scope.is_set(&one.name) {
                continue;
            }
            // A default such as `your-name` is itself what has to be filled in.
            if one
                .default
                .as_deref()
                .is_some_and(|default| super::marks::is_yours(&default.to_ascii_lowercase()))
            {
                continue;
            }
            let default = one.default.or_else(|| scope.bound.get(&one.name).cloned().flatten());
            found.push(Found { text: format!("${}", one.name), name: one.name, start, end, default });
        }
    }
}

struct Variable {
    name: String,
    length: usize,
    default: Option<String>,
}

/// Behind a `$`: `NAME`, `{NAME}`, `{NAME:-default}`, `1`.
fn variable(rest: &str) -> Option<Variable> {
    if let Some(inner) = rest.strip_prefix('{') {
        let inner_bytes = inner.as_bytes();
        let close =
            memchr::memchr(b'}', inner_bytes.get(..inner_bytes.len().min(400)).unwrap_or(inner_bytes))?;
        let body = inner.get(..close)?;
        let body = body.strip_prefix(['#', '!']).unwrap_or(body);
        let length = body.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
        let name = body
            .get(..length)
            .filter(|n| is_variable(n) || (!n.is_empty() && n.bytes().all(|b| b.is_ascii_digit())))?;
        let tail = body.get(length..).unwrap_or_default();
        if tail.starts_with('.') {
            // `${group.id}` is no variable of a shell.
            return Some(Variable { name: format!("{{{body}}}"), length: close + 2, default: None });
        }
        let default = [":-", "-", ":=", "="].iter().find_map(|sign| tail.strip_prefix(sign));
        let default = default.map(|d| d.trim_matches(['"', '\'']).to_owned());
        return Some(Variable { name: name.to_owned(), length: close + 2, default });
    }
    let digit = rest.bytes().next().filter(u8::is_ascii_digit);
    if let Some(digit) = digit {
        return Some(Variable { name: char::from(digit).to_string(), length: 1, default: None });
    }
    let length = rest.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    let name = rest.get(..length).filter(|n| is_variable(n))?;
    Some(Variable { name: name.to_owned(), length, default: None })
}
