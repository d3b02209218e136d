//! A runbook that was opened, and where you are in it.
use super::shelf::Book;
use crate::domain::object::ObjectRef;

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
    /// The run of it, once anything was done.
    pub run: Option<String>,
    /// What it was opened for.
    pub of: Option<ObjectRef>,
    /// What is done as soon as what stands before it is.
    pub wants: Option<Wants>,
}

/// What the operator asked for while something had to come first: the run's beginning, a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wants {
    /// Run this line.
    Run(Spot),
    /// Run what only reads, from here on.
    Until(Spot),
    /// Run this text in place of the line, or beside it.
    Own { at: Spot, text: String, beside: bool },
    /// Write this down, of the run that is being opened.
    Mark(Mark),
}

/// What is written down without running anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Mark {
    Tick { step: usize, item: Option<u32>, ticked: bool },
    Skip { step: usize, reason: String, no_longer: bool },
    Choose { asks: Option<u32>, chosen: u32, no_longer: bool },
    Value { name: String, value: String, origin: &'static str },
    Close { done: bool, why: String },
}

impl Checklist {
    pub fn new(book: Book) -> Checklist {
        Checklist {
            book,
            here: Spot::default(),
            top: 0,
            outdated: false,
            find: String::new(),
            run: None,
            of: None,
            wants: None,
        }
    }
}
