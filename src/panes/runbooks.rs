//! The team's runbooks: those that fit what is wrong first, then all of them, by document.
use std::borrow::Cow;

use super::{Fact, Pane};
use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::settings::{Action, Role};
use crate::domain::text::{clean, grouped};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::shelf::{At, Book, Fit, List, Reading, Shelf};
use crate::runbook::{Command, Document, Mode, Status};

/// One line of the list.
#[derive(Debug, Clone)]
pub enum Line {
    Blank,
    Heading {
        text: String,
        tail: String,
    },
    Words {
        text: String,
        role: Role,
    },
    /// A runbook; where it fits something, why.
    Book {
        book: Book,
        why: Option<String>,
    },
}

impl Line {
    /// What the cursor would hold on to here.
    pub fn at(&self) -> Option<At> {
        match self {
            Line::Book { book, why } => Some(At { id: book.id(), fits: why.is_some() }),
            _ => None,
        }
    }
}

pub struct RunbooksPane;

impl Pane for RunbooksPane {
    fn kind(&self) -> PaneKind {
        PaneKind::Runbooks
    }

    fn name(&self, _: &Model) -> Cow<'static, str> {
        "runbooks".into()
    }

    fn fed_by(&self, _: &Feed, _: &Model) -> bool {
        false
    }

    fn facts(&self, model: &Model) -> Vec<Fact> {
        let books = &model.shelf;
        let mut facts = Vec::new();
        if books.reading == Reading::Done {
            facts.push(Fact::new(grouped(books.books().count() as u64), Role::Text));
            let of = match books.documents.len() {
                1 => "1 document".to_owned(),
                n => format!("{} documents", grouped(n as u64)),
            };
            facts.push(Fact::new(of, Role::Dim));
        }
        if let Some(list) = books.list.as_ref().filter(|list| !list.words.is_empty()) {
            facts.push(Fact::new(format!("/{}", list.words), Role::Hit));
        }
        match books.failed.len() {
            0 => {}
            n => facts.push(Fact::new(format!("▲ {n} not read"), Role::Warning)),
        }
        facts
    }

    fn lamp(&self, _: &Model) -> (Level, String) {
        (Level::Fine, String::new())
    }

    fn keys(&self, _: &Model) -> Vec<Action> {
        vec![Action::OpenRunbook, Action::Back, Action::Filter, Action::Copy]
    }
}

/// Names the key of the list behind the first one, where there are runbooks.
pub fn offer(model: &Model, keys: &mut Vec<Action>) {
    if model.shelf.reading != Reading::Unnamed {
        keys.insert(1.min(keys.len()), Action::Runbooks);
    }
}

/// `000:89`: the document's number, or its name, and the line.
pub fn place(book: &Book) -> String {
    place_in(&book.document.path, book.runbook.line)
}

/// Why a command is not in use.
pub fn not_in_use(document: &Document, command: &Command) -> Option<String> {
    match command.elsewhere {
        Some(line) => Some(format!("not the current platform ({})", place_in(&document.path, line))),
        None => command.future.then(|| "not in use yet".to_owned()),
    }
}

/// The same of any line.
pub(super) fn place_in(path: &str, line: u32) -> String {
    format!("{}:{line}", clean(&shortened(name_in(path))))
}

/// `000:89`, with the whole name where the document has no number.
pub fn whole_place(book: &Book) -> String {
    format!("{}:{}", clean(name_in(&book.document.path)), book.runbook.line)
}

/// The number of a document, else its name.
fn name_in(path: &str) -> &str {
    let file = path.rsplit('/').next().unwrap_or(path);
    let stem = file.split('.').next().unwrap_or(file);
    let digits = stem.bytes().take_while(u8::is_ascii_digit).count();
    let after = stem.as_bytes().get(digits);
    if digits > 0 && matches!(after, None | Some(b'-' | b'_')) { &stem[..digits] } else { stem }
}

/// A name that tells a document apart and leaves room for the rest.
fn shortened(name: &str) -> String {
    const LONGEST: usize = 18;
    match name.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

/// What is to be known of a runbook before it is opened, in columns.
pub fn summary(book: &Book) -> String {
    let runbook = &book.runbook;
    let risk = runbook.highest().map_or_else(|| "by hand".to_owned(), |tier| tier.to_string());
    let mut words = format!("{:<11} {:>3}  {risk}", runbook.kind.name(), runbook.counted_steps());
    if runbook.mode == Mode::Menu {
        words.push_str(", choose one");
    }
    if runbook.status == Status::Aspirational {
        words.push_str(", not in use");
    }
    words
}

/// All lines of the list.
pub fn lines(shelf: &Shelf) -> Vec<Line> {
    let mut lines = Vec::new();
    match shelf.reading {
        Reading::Unnamed => return unnamed(),
        Reading::First => return vec![words("reading the documents", Role::Dim)],
        Reading::Done => {}
    }
    let Some(list) = &shelf.list else { return lines };
    if list.words.is_empty() {
        fitting(shelf, list, &mut lines);
        all(shelf, &mut lines);
    } else {
        lines.extend(list.found.iter().map(book));
        if list.found.is_empty() {
            lines.push(words(&format!("nothing is found for “{}”", list.words), Role::Dim));
        }
    }
    if !shelf.failed.is_empty() || !shelf.notes.is_empty() {
        gap(&mut lines);
        lines.push(heading("Not read", ""));
        let failed = shelf.failed.iter().map(|(path, why)| format!("{path}: {why}"));
        lines.extend(failed.chain(shelf.notes.iter().cloned()).map(|text| words(&text, Role::Warning)));
    }
    lines
}

fn unnamed() -> Vec<Line> {
    [
        "no runbooks are named",
        "write  runbooks = [\"/path/to/runbooks\"]  into the config file:",
        "directories of Markdown, or files; they are read as they are",
    ]
    .map(|text| words(text, Role::Dim))
    .into()
}

fn fitting(shelf: &Shelf, list: &List, lines: &mut Vec<Line>) {
    let (fits, of) = match &list.of {
        Some(of) => (&list.fits, super::overview::thing(of)),
        None => (&shelf.fits, "what is wrong now".to_owned()),
    };
    // What somebody is in the middle of stands before what fits anything, and among what fits the thing that is meant.
    let is = |fit: &&Fit, other: &Fit| fit.book.id() == other.book.id();
    let rest = |fit: &&Fit| list.of.is_some() || !list.begun.iter().any(|begun| is(fit, begun));
    let begun = list.begun.iter().filter(|begun| list.of.is_none() || !fits.iter().any(|fit| is(begun, fit)));
    let begun: Vec<Line> = begun.map(book).collect();
    let add = |lines: &mut Vec<Line>| {
        if !begun.is_empty() {
            lines.push(heading("In progress", ""));
            lines.extend(begun.iter().cloned());
            lines.push(Line::Blank);
        }
    };
    if list.of.is_none() {
        add(lines);
    }
    let marked = |fit: &Fit| match list.begun.iter().find(|begun| is(begun, fit)) {
        Some(begun) => book(&Fit { why: begun.why.clone(), ..fit.clone() }),
        None => book(fit),
    };
    let fits: Vec<&Fit> = fits.iter().filter(rest).collect();
    match (fits.is_empty(), list.of.is_some()) {
        (false, _) => {
            lines.push(heading(&format!("Fits {of}"), ""));
            lines.extend(fits.into_iter().map(marked));
            lines.push(Line::Blank);
        }
        (true, true) => {
            lines.push(words(&format!("none fits {of}"), Role::Dim));
            lines.push(Line::Blank);
        }
        (true, false) => {}
    }
    if list.of.is_some() {
        add(lines);
    }
}

fn all(shelf: &Shelf, lines: &mut Vec<Line>) {
    for document in shelf.documents.iter().filter(|document| !document.runbooks.is_empty()) {
        gap(lines);
        lines.push(heading(&clean(&document.title), &clean(&document.path)));
        for runbook in &document.runbooks {
            let book = Book { document: document.clone(), runbook: runbook.clone() };
            lines.push(Line::Book { book, why: None });
        }
        for planned in &document.planned {
            let place = place_in(&document.path, planned.line);
            lines.push(words(&format!("not in use: {}  {place}", planned.text), Role::Dim));
        }
    }
    if lines.is_empty() {
        lines.push(words("no runbook stands in the documents", Role::Dim));
    }
}

fn gap(lines: &mut Vec<Line>) {
    if lines.last().is_some_and(|line| !matches!(line, Line::Blank)) {
        lines.push(Line::Blank);
    }
}

fn book(fit: &Fit) -> Line {
    Line::Book { book: fit.book.clone(), why: Some(fit.why.clone()) }
}

fn heading(text: &str, tail: &str) -> Line {
    Line::Heading { text: text.into(), tail: tail.into() }
}

fn words(text: &str, role: Role) -> Line {
    Line::Words { text: clean(text).into_owned(), role }
}

/// Where the cursor stands: on the chosen one, wherever that went; while nobody chose, on the first.
pub fn here(list: &List, lines: &[Line]) -> Option<usize> {
    let Some(chosen) = &list.here else { return lines.iter().position(|line| line.at().is_some()) };
    let held = lines.iter().position(|line| line.at().as_ref() == Some(chosen));
    held.or_else(|| lines.iter().position(|line| line.at().is_some_and(|at| at.id == chosen.id)))
}
