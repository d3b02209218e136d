//! The team's runbooks: what was read, what fits what is wrong now, and the list to choose from.
use std::sync::Arc;

use crate::domain::Text;
use crate::domain::object::ObjectRef;
use crate::domain::settings::Profile;
use crate::runbook::suggest::{Hit, Index};
use crate::runbook::{Document, Runbook};

/// How far the reading is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Reading {
    /// Nobody said where they are.
    #[default]
    Unnamed,
    /// The first look is on its way.
    First,
    Done,
}

/// What the documents are now; the whole of it, as it is small and seldom changes.
#[derive(Debug, Clone)]
pub struct Shelved {
    pub documents: Vec<Arc<Document>>,
    /// Files that could not be read, with the reason, and what else is to be known of the reading.
    pub failed: Vec<(Text, String)>,
    pub notes: Vec<String>,
    pub index: Arc<Index>,
}

/// One runbook, as it was when it was taken from the shelf.
#[derive(Debug, Clone)]
pub struct Book {
    pub document: Arc<Document>,
    pub runbook: Arc<Runbook>,
}

/// Which runbook it is, for a cursor that outlives a change of the file.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BookId {
    pub path: String,
    pub title: String,
    pub line: u32,
}

impl Book {
    pub fn id(&self) -> BookId {
        BookId {
            path: self.document.path.clone(),
            title: self.runbook.title.clone(),
            line: self.runbook.line,
        }
    }
}

/// A runbook that fits something, and why.
#[derive(Debug, Clone)]
pub struct Fit {
    pub book: Book,
    pub why: String,
    pub score: u32,
    /// What it fits.
    pub of: Option<ObjectRef>,
}

/// The list of runbooks, open.
#[derive(Debug, Clone, Default)]
pub struct List {
    /// What the runbooks were looked for, first of all.
    pub of: Option<ObjectRef>,
    pub fits: Vec<Fit>,
    /// Those that somebody is in the middle of, and how far.
    pub begun: Vec<Fit>,
    /// Only those that these words find.
    pub words: String,
    pub found: Vec<Fit>,
    pub here: Option<At>,
}

/// A line of the list: a runbook that fits stands in it twice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct At {
    pub id: BookId,
    /// Among those that fit.
    pub fits: bool,
}

/// Whether it came with firedeck, and tells of no system in particular.
pub fn is_model(document: &Document) -> bool {
    document.path.starts_with("models:")
}

#[derive(Debug, Default)]
pub struct Shelf {
    pub reading: Reading,
    pub documents: Vec<Arc<Document>>,
    pub failed: Vec<(Text, String)>,
    pub notes: Vec<String>,
    pub index: Option<Arc<Index>>,
    /// What fits what is wrong now, the best first.
    pub fits: Vec<Fit>,
    /// What they were worked out from; nothing where they are to be worked out anew.
    pub fits_of: Vec<(ObjectRef, String)>,
    pub list: Option<List>,
    /// A runbook to open, asked for at the start.
    pub wanted: Option<String>,
}

impl Shelf {
    pub fn take(&mut self, shelved: Shelved) {
        let Shelved { documents, failed, notes, index } = shelved;
        (self.documents, self.failed, self.notes) = (documents, failed, notes);
        self.index = Some(index);
        self.reading = Reading::Done;
        self.fits_of.clear();
    }

    /// This system's own documents: those that its profile names, else all but the models that firedeck brings along.
    pub fn own(&self, profile: &Profile) -> Vec<&Arc<Document>> {
        let named: Vec<_> =
            self.documents.iter().filter(|document| profile.hint(&document.path).is_some()).collect();
        if !named.is_empty() {
            return named;
        }
        self.documents.iter().filter(|document| !is_model(document)).collect()
    }

    /// All of them, in the order of the documents.
    pub fn books(&self) -> impl Iterator<Item = Book> + '_ {
        self.documents.iter().flat_map(|document| {
            let book = |runbook: &Arc<Runbook>| Book { document: document.clone(), runbook: runbook.clone() };
            document.runbooks.iter().map(book)
        })
    }

    /// What a question to the index found.
    pub fn fit(&self, hit: Hit, of: Option<&ObjectRef>) -> Option<Fit> {
        let document = self.documents.get(hit.document)?;
        let runbook = document.runbooks.get(hit.runbook)?;
        let book = Book { document: document.clone(), runbook: runbook.clone() };
        Some(Fit { book, why: hit.reason, score: hit.score, of: of.cloned() })
    }

    /// The runbook of this name as the documents are now; a line that moved is forgiven.
    pub fn book(&self, id: &BookId) -> Option<Book> {
        let of = |book: &Book| book.document.path == id.path && book.runbook.title == id.title;
        self.books().filter(of).min_by_key(|book| book.runbook.line.abs_diff(id.line))
    }
}
