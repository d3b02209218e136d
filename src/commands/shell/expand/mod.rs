//! Words as a shell would make them: variables put in, fields split, every possibility kept.
use std::cell::Cell;
use std::rc::Rc;

use super::tree::{Form, Piece, Text, Variable};
use super::values::{UNKNOWN, Value, Values, is_known, known, unknown};
use super::{escape, mask};
use crate::commands::tools::Word;

mod braces;
mod said;

use braces::braces;
pub use said::output;

/// Possibilities of one call that are looked at.
const MOST: usize = 128;
/// Bytes that all possibilities of one call may take together.
const LONGEST: usize = 2 << 20;
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
        match &mut self.open {
            Some(word) => {
                word.text.push_str(text);
                word.known &= is_known;
                word.bare &= bare;
            }
            None => self.open = Some(Word { text: text.to_owned(), known: is_known, bare }),
        }
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
    let mut all = vec![Fields { done: Vec::with_capacity(words.len()), open: None }];
    for text in words {
        if let [Piece::Fixed { text, quoted: false }] = text.pieces.as_slice() {
            if !text.is_empty() && text.bytes().all(|byte| matches!(byte, b' '..=b'z')) {
                // Most words are just their letters.
                for fields in &mut all {
                    fields.push(text, true, true);
                    fields.end();
                }
                continue;
            }
            let text = mask::unmask(text);
            if let Some(list) = braces(&text) {
                for fields in &mut all {
                    for word in &list {
                        fields.push(word, true, true);
                        fields.end();
                    }
                }
                continue;
            }
            fixed(&text, false, &mut all);
        } else {
            put(text, scope, depth, false, &mut all);
        }
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
            Piece::Fixed { text, quoted } => fixed(&mask::unmask(text), *quoted, all),
            Piece::Raw { text, quoted } => {
                let text = escape::unescaped(&mask::unmask(text), *quoted);
                push(all, &text, false, false);
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
                push(all, &UNKNOWN.to_string(), false, false);
            }
        }
    }
}

/// Puts a text that stands there as it is.
fn fixed(text: &str, quoted: bool, all: &mut [Fields]) {
    // Zero-width signs alone make no word.
    if quoted || !text.is_empty() {
        push(all, text, is_known(text), !quoted);
    }
}

/// Puts a text to each possibility so far.
fn push(all: &mut [Fields], text: &str, is_known: bool, bare: bool) {
    for fields in all {
        fields.push(text, is_known, bare);
    }
}

/// Each possibility so far with each of these values.
fn multiply(all: &mut Vec<Fields>, options: &[Value], quoted: bool, list: bool, scope: Scope<'_>) {
    let size: usize = all.iter().map(Fields::size).sum();
    let too_long = size.saturating_mul(options.len()) > LONGEST;
    if let ([only], _) | ([only, ..], true) = (options, too_long) {
        scope.overflow.set(scope.overflow.get() || options.len() > 1);
        for fields in all {
            add(fields, only, quoted, list);
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
    } else if is_placeholder(&one.text) {
        // What stands in its place is one word, whatever blanks its name has.
        fields.push(&one.text, false, false);
    } else {
        split(fields, &one);
    }
}

/// `<the name>` as a whole.
fn is_placeholder(text: &str) -> bool {
    text.strip_prefix('<')
        .and_then(|text| text.strip_suffix('>'))
        .is_some_and(|name| !name.is_empty() && !name.contains(['<', '>', ';', '|', '&', '$', '`', '\n']))
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
        fields.push(part, is_known(part), word.bare);
    }
    if text.ends_with(char::is_whitespace) {
        fields.end();
    }
}

fn joined(words: &[Word]) -> Word {
    if let [one] = words {
        return one.clone();
    }
    let text = words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ");
    Word { text, known: words.iter().all(|word| word.known), bare: false }
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
