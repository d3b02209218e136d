//! A runbook that was opened, and where you are in it.
use super::shelf::Book;

/// A place in a checklist.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Spot {
    /// Which step of the runbook, counted from 0.
    pub step: usize,
    /// Which command of it; the step itself where none is meant.
    pub command: Option<usize>,
}

#[derive(Debug, Clone)]
pub struct Checklist {
    pub book: Book,
    pub here: Spot,
    /// The first line shown.
    pub top: usize,
    /// The file says something else by now.
    pub outdated: bool,
    /// What was typed to find a line.
    pub find: String,
}

impl Checklist {
    pub fn new(book: Book) -> Checklist {
        Checklist { book, here: Spot::default(), top: 0, outdated: false, find: String::new() }
    }
}
