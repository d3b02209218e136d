//! Words as a shell would make them: variables put in, fields split, every possibility kept.
use std::cell::Cell;
use std::rc::Rc;

use super::tree::{Form, Kind, Node, Piece, Simple, Text, Variable};
use super::values::{UNKNOWN, Value, Values, known, unknown};
use super::{mask, parse, tree};
use crate::commands::tools::Word;

/// Possibilities of one call that are looked at.
const MOST: usize = 128;
/// Bytes that all possibilities of one call may take together.
const LONGEST: usize = 2 << 20;
/// Words that one braces' list may make.
const BRACES: usize = 64;
/// How deep defaults in defaults are followed.
const DEPTH: u8 = 8;

/// The positional arguments of a function that is being called.
#[derive(Debug, Default)]
pub struct Arguments {
    pub words: Vec<Word>,
    /// A `shift` was met: each argument may stand in each place.
    pub shifted: Cell<bool>,
}

/// What is known where a word stands.
#[derive(Clone, Copy)]
pub struct Scope<'a> {
    pub values: &'a Values,
    pub arguments: Option<&'a Rc<Arguments>>,
    pub overflow: &'a Cell<bool>,
}

#[derive(Debug, Clone, Default)]
struct Fields {
    done: Vec<Word>,
    open: Option<Word>,
}

impl Fields {
    fn push(&mut self, text: &str, is_known: bool, bare: bool) {
        let word = self.open.get_or_insert_with(|| Word { text: String::new(), known: true, bare: true });
        word.text.push_str(text);
        word.known &= is_known;
        word.bare &= bare;
    }

    fn size(&self) -> usize {
        self.done.iter().chain(&self.open).map(|word| word.text.len() + 16).sum()
    }

    fn end(&mut self) {
        self.done.extend(self.open.take());
    }
}

/// All argument lists that these words may become.
pub fn calls(words: &[Text], scope: Scope<'_>) -> Vec<Vec<Word>> {
    calls_in(words, scope, 0)
}

fn calls_in(words: &[Text], scope: Scope<'_>, depth: u8) -> Vec<Vec<Word>> {
    let mut all = vec![Fields::default()];
    for text in words {
        if let [Piece::Fixed { text, quoted: false }] = text.pieces.as_slice()
            && let Some(list) = braces(&mask::unmask(text))
        {
            for fields in &mut all {
                for word in &list {
                    fields.push(word, true, true);
                    fields.end();
                }
            }
            continue;
        }
        put(text, scope, depth, false, &mut all);
        all.iter_mut().for_each(Fields::end);
    }
    all.into_iter().map(|fields| fields.done).collect()
}

/// All texts that this one may become, as in quotes.
pub fn texts(text: &Text, scope: Scope<'_>) -> Vec<Word> {
    let mut all = vec![Fields::default()];
    put(text, scope, 0, true, &mut all);
    all.into_iter()
        .map(|mut fields| {
            fields.end();
            joined(&fields.done)
        })
        .collect()
}

/// All values that an assignment may give.
pub fn assigned(text: &Text, scope: Scope<'_>) -> Vec<Value> {
    texts(text, scope).into_iter().map(|word| vec![word]).collect()
}

/// `whole` keeps blanks as they are, as in an assignment.
fn put(text: &Text, scope: Scope<'_>, depth: u8, whole: bool, all: &mut Vec<Fields>) {
    for piece in &text.pieces {
        match piece {
            Piece::Fixed { text, quoted } => {
                let text = mask::unmask(text);
                let is_known = !text.contains(UNKNOWN);
                // Zero-width signs alone make no word.
                if *quoted || !text.is_empty() {
                    all.iter_mut().for_each(|fields| fields.push(&text, is_known, !quoted));
                }
            }
            Piece::Raw { text, quoted } => {
                let text = parse::unescaped(&mask::unmask(text), *quoted);
                all.iter_mut().for_each(|fields| fields.push(&text, false, false));
            }
            Piece::Variable(one) => {
                let options = variable(one, scope, depth);
                multiply(all, &options, one.quoted || whole, one.form == Form::All, scope);
            }
            Piece::Output { body, quoted } => {
                let said = output(body, scope, depth);
                let options: Vec<Value> = match said {
                    Some(texts) => texts.into_iter().map(|text| vec![trimmed(text)]).collect(),
                    None => vec![vec![unknown()]],
                };
                multiply(all, &options, *quoted || whole, false, scope);
            }
            Piece::Process(_) | Piece::Unknown { .. } => {
                all.iter_mut().for_each(|fields| fields.push(&UNKNOWN.to_string(), false, false));
            }
        }
    }
}

/// Each possibility so far with each of these values.
fn multiply(all: &mut Vec<Fields>, options: &[Value], quoted: bool, list: bool, scope: Scope<'_>) {
    if let [only] = options {
        all.iter_mut().for_each(|fields| add(fields, only, quoted, list));
        return;
    }
    let size: usize = all.iter().map(Fields::size).sum();
    if size.saturating_mul(options.len()) > LONGEST {
        scope.overflow.set(true);
        if let Some(first) = options.first() {
            all.iter_mut().for_each(|fields| add(fields, first, quoted, list));
        }
        return;
    }
    let mut out = Vec::with_capacity(all.len().saturating_mul(options.len()).min(MOST));
    for option in options {
        for fields in all.iter() {
            if out.len() >= MOST {
                scope.overflow.set(true);
                break;
            }
            let mut fields = fields.clone();
            add(&mut fields, option, quoted, list);
            out.push(fields);
        }
    }
    *all = out;
}

fn add(fields: &mut Fields, value: &[Word], quoted: bool, list: bool) {
    if list {
        for (at, word) in value.iter().enumerate() {
            if at > 0 {
                fields.end();
            }
            if quoted {
                fields.push(&word.text, word.known, false);
            } else {
                split(fields, word);
            }
        }
        return;
    }
    let one = joined(value);
    if quoted {
        fields.push(&one.text, one.known, false);
    } else {
        split(fields, &one);
    }
}

/// Puts a value in where it stands bare: blanks in it end words.
fn split(fields: &mut Fields, word: &Word) {
    let text = &word.text;
    if text.starts_with(char::is_whitespace) {
        fields.end();
    }
    for (at, part) in text.split_whitespace().enumerate() {
        if at > 0 {
            fields.end();
        }
        fields.push(part, !part.contains(UNKNOWN), word.bare);
    }
    if text.ends_with(char::is_whitespace) {
        fields.end();
    }
}

fn joined(words: &[Word]) -> Word {
    match words {
        [one] => one.clone(),
        _ => {
            let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
            Word { text, known: words.iter().all(|word| word.known), bare: false }
        }
    }
}

fn trimmed(mut word: Word) -> Word {
    word.text.truncate(word.text.trim_end_matches('\n').len());
    word
}

/// The values that an expansion may have.
fn variable(one: &Variable, scope: Scope<'_>, depth: u8) -> Vec<Value> {
    if depth > DEPTH {
        return vec![vec![unknown()]];
    }
    let held = || named(&one.name, one.form, scope);
    let inside = || -> Vec<Value> {
        let texts = one.inside.iter().flat_map(|text| {
            let mut all = vec![Fields::default()];
            put(text, scope, depth + 1, true, &mut all);
            all
        });
        texts
            .map(|mut fields| {
                fields.end();
                vec![joined(&fields.done)]
            })
            .collect()
    };
    let nothing = || vec![vec![unknown()]];
    let mut out = match one.form {
        Form::Plain | Form::All | Form::Element => held(),
        Form::Default => {
            let mut out = held();
            out.extend(inside());
            out
        }
        Form::Replacement => {
            let mut out = inside();
            out.push(vec![known("", false)]);
            out
        }
        Form::Changed => {
            let mut out = nothing();
            // What it was before is closer than nothing at all.
            out.extend(
                named(&one.name, Form::Plain, scope)
                    .into_iter()
                    .filter(|value| value.iter().all(|w| w.known)),
            );
            out.extend(inside().into_iter().filter(|value| value.iter().any(|word| !word.text.is_empty())));
            out
        }
        Form::Indirect => {
            let names = named(&one.name, Form::Plain, scope);
            let mut out: Vec<Value> =
                names.iter().flatten().flat_map(|word| scope.values.of(&word.text).to_vec()).collect();
            if out.is_empty() {
                out = nothing();
            }
            out
        }
        Form::About => nothing(),
    };
    if out.is_empty() {
        out = nothing();
    }
    out
}

fn named(name: &str, form: Form, scope: Scope<'_>) -> Vec<Value> {
    if let Some(place) = place(name) {
        return positional(place, scope);
    }
    if matches!(name, "@" | "*") {
        return arguments(scope);
    }
    let mut values = scope.values.of(name);
    if scope.values.overflows(name) {
        // The worst is assumed then: one value is as good as all.
        scope.overflow.set(true);
        values = values.get(..1).unwrap_or_default();
    }
    match form {
        Form::All => values.to_vec(),
        Form::Element => values.iter().flatten().map(|word| vec![word.clone()]).collect(),
        _ => values.iter().map(|value| value.iter().take(1).cloned().collect()).collect(),
    }
}

/// `1` for `$1`.
pub fn place(name: &str) -> Option<usize> {
    name.parse().ok().filter(|place| (1..=99).contains(place))
}

fn positional(place: usize, scope: Scope<'_>) -> Vec<Value> {
    let mut lists = scope.values.of("@").to_vec();
    let mut shifted = false;
    if let Some(arguments) = scope.arguments {
        lists.push(arguments.words.clone());
        shifted = arguments.shifted.get();
    }
    let mut out: Vec<Value> = Vec::new();
    for list in &lists {
        let from = place - 1;
        let until = if shifted { list.len() } else { place };
        out.extend(list.iter().take(until).skip(from).map(|word| vec![word.clone()]));
        if list.len() < place {
            out.push(vec![known("", false)]);
        }
    }
    out
}

fn arguments(scope: Scope<'_>) -> Vec<Value> {
    let mut out = scope.values.of("@").to_vec();
    if let Some(arguments) = scope.arguments {
        let words = &arguments.words;
        let most = if arguments.shifted.get() { words.len().min(6) } else { 0 };
        out.extend((0..=most).map(|from| words.iter().skip(from).cloned().collect::<Value>()));
    }
    out
}

/// What these commands print, when that is text of the script itself.
pub fn output(body: &[Node], scope: Scope<'_>, depth: u8) -> Option<Vec<Word>> {
    let mut all = vec![known("", false)];
    if body.is_empty() || body.len() > 64 || depth > DEPTH {
        return None;
    }
    for node in body {
        let said = said_by(node, scope, depth + 1)?;
        let mut out = Vec::new();
        for start in &all {
            for more in &said {
                if out.len() >= MOST {
                    scope.overflow.set(true);
                    break;
                }
                let text = format!("{}{}", start.text, more.text);
                out.push(Word { known: start.known && more.known, text, bare: false });
            }
        }
        all = out;
    }
    Some(all)
}

fn said_by(node: &Node, scope: Scope<'_>, depth: u8) -> Option<Vec<Word>> {
    // What goes into a file is not printed.
    if node
        .redirects
        .iter()
        .any(|one| matches!(one.way, tree::Way::Write | tree::Way::Append) && one.fd != Some(2))
    {
        return Some(vec![known("", false)]);
    }
    match &node.kind {
        Kind::Simple(simple) => said_by_simple(simple, node, scope, depth),
        Kind::Sequence(nodes) => output(nodes, scope, depth),
        Kind::Pipe(nodes) => {
            let (last, before) = nodes.split_last()?;
            let Kind::Simple(simple) = &last.kind else { return None };
            let name = calls_in(simple.words.get(..1)?, scope, depth).into_iter().flatten().next()?;
            let passes =
                matches!(name.text.as_str(), "tee" | "cat" | "envsubst" | "sort" | "uniq" | "tail" | "head");
            if passes && !before.is_empty() {
                // Only the last before it prints into it.
                let from = before.len() - 1;
                return output(before.get(from..)?, scope, depth);
            }
            None
        }
        _ => None,
    }
}

fn said_by_simple(simple: &Simple, node: &Node, scope: Scope<'_>, depth: u8) -> Option<Vec<Word>> {
    if simple.words.is_empty() {
        return Some(vec![known("", false)]);
    }
    let mut out = Vec::new();
    for call in calls_in(&simple.words, scope, depth) {
        let (name, words) = call.split_first()?;
        match name.text.as_str() {
            "echo" => out.push(echo(words)),
            "printf" => out.push(printf(words)),
            "cat" | "tee" if words.iter().all(|word| word.text == "-") => {
                let document = node.redirects.iter().rev().find(|one| one.way == tree::Way::Document)?;
                out.extend(texts(&document.target, scope));
            }
            "true" | ":" | "cd" | "set" | "sleep" => out.push(known("", false)),
            _ => return None,
        }
    }
    Some(out)
}

fn echo(words: &[Word]) -> Word {
    let option = |word: &&Word| {
        word.text
            .strip_prefix('-')
            .is_some_and(|rest| !rest.is_empty() && rest.chars().all(|sign| matches!(sign, 'n' | 'e' | 'E')))
    };
    let options = words.iter().take_while(option).count();
    let escapes = words.iter().take(options).any(|word| word.text.contains('e'));
    let mut said = joined(words.get(options..).unwrap_or_default());
    if escapes {
        said.text = unescape(&said.text);
    }
    said.text.push('\n');
    said
}

/// The format with its arguments put in; those that it does not take stand behind it, each on a line.
fn printf(words: &[Word]) -> Word {
    let words = match words {
        [first, rest @ ..] if first.text == "--" => rest,
        _ => words,
    };
    let Some((format, rest)) = words.split_first() else { return known("", false) };
    let mut rest = rest.iter();
    let mut out = String::new();
    let text = unescape(&format.text);
    let mut signs = text.chars().peekable();
    while let Some(sign) = signs.next() {
        if sign != '%' {
            out.push(sign);
            continue;
        }
        let mut kind = signs.next();
        while kind.is_some_and(|kind| !kind.is_ascii_alphabetic() && kind != '%') {
            kind = signs.next();
        }
        match kind {
            Some('%') => out.push('%'),
            Some('b') => out.push_str(&unescape(rest.next().map_or("", |word| &word.text))),
            _ => out.push_str(rest.next().map_or("", |word| &word.text)),
        }
    }
    for word in rest {
        out.push('\n');
        out.push_str(&word.text);
    }
    Word { text: out, known: words.iter().all(|word| word.known), bare: false }
}

fn unescape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut signs = text.chars();
    while let Some(sign) = signs.next() {
        if sign != '\\' {
            out.push(sign);
            continue;
        }
        match signs.next() {
            Some('n') => out.push('\n'),
            Some('t') => out.push('\t'),
            Some('r') => out.push('\r'),
            Some('\\') | None => out.push('\\'),
            Some('x') => {
                let mut digits =
                    signs.clone().take(2).take_while(char::is_ascii_hexdigit).collect::<String>();
                if let Ok(code) = u8::from_str_radix(&digits, 16) {
                    out.push(char::from(code));
                    digits.drain(..).for_each(|_| {
                        signs.next();
                    });
                }
            }
            Some(digit @ '0'..='7') => {
                let mut code = digit.to_digit(8).unwrap_or_default();
                while let Some(more) = signs.clone().next().and_then(|sign| sign.to_digit(8)) {
                    if code > 0o77 {
                        break;
                    }
                    code = code * 8 + more;
                    signs.next();
                }
                out.extend(char::from_u32(code));
            }
            Some(other) => {
                out.push('\\');
                out.push(other);
            }
        }
    }
    out
}

/// `a{b,c}` as `ab` and `ac`; `None` if there is nothing to expand.
fn braces(text: &str) -> Option<Vec<String>> {
    if !text.contains('{') || !text.contains(',') {
        return None;
    }
    let mut out = vec![text.to_owned()];
    for _ in 0..4 {
        let mut next = Vec::new();
        let mut changed = false;
        for word in out {
            match once(&word) {
                Some(words) if next.len() + words.len() <= BRACES => {
                    next.extend(words);
                    changed = true;
                }
                _ => next.push(word),
            }
        }
        out = next;
        if !changed {
            break;
        }
    }
    (out.len() > 1).then_some(out)
}

/// Expands the first list in braces that holds no other.
fn once(text: &str) -> Option<Vec<String>> {
    let mut open = None;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'{' => open = Some(at),
            b'}' => {
                let Some(start) = open.take() else { continue };
                let body = text.get(start + 1..at)?;
                if body.contains(',') && body.len() < 400 {
                    let (before, after) = (text.get(..start)?, text.get(at + 1..)?);
                    return Some(body.split(',').map(|part| format!("{before}{part}{after}")).collect());
                }
            }
            _ => {}
        }
    }
    None
}
