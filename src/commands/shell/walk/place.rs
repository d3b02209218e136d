//! Where a command stands, and what it reads.
use std::rc::Rc;

use crate::commands::shell::expand::Arguments;
use crate::commands::shell::tree::Node;
use crate::commands::tools::{Input, Word};

/// What a command reads.
#[derive(Debug, Clone, Default)]
pub enum Stdin {
    #[default]
    Nothing,
    Unseen,
    Text(Rc<str>),
}

impl Stdin {
    pub fn as_input(&self) -> Input<'_> {
        match self {
            Stdin::Nothing => Input::Nothing,
            Stdin::Unseen => Input::Unseen,
            Stdin::Text(text) => Input::Text(text),
        }
    }

    pub fn of(words: Vec<Word>) -> Stdin {
        let mut words = words.into_iter().map(|word| word.text).filter(|text| text.as_str() != "\u{fffc}");
        let Some(first) = words.next() else { return Stdin::Unseen };
        let text = words.fold(first, |text, more| text + "\n" + &more);
        Stdin::Text(text.into())
    }
}

/// Where a command stands.
#[derive(Debug, Clone, Default)]
pub struct Place {
    pub depth: u8,
    /// Its place among the calls of the statement, once an outer call has one.
    pub order: Option<u32>,
    /// It runs where another tool takes it.
    pub elsewhere: bool,
    /// It is stopped in time by what stands around it.
    pub bounded: bool,
    /// Only danger in it counts: it is a doubtful reading beside the likely one.
    pub doubtful: bool,
    /// How many second readings it stands in.
    pub again: u8,
    /// Its variables are not those of the statement: another shell's, or a function's own.
    pub apart: bool,
    pub arguments: Option<Rc<Arguments>>,
    pub input: Stdin,
}

/// Something that is left to look at.
pub enum Todo {
    Shell(String),
    /// Taken as it stands: nothing in it is a placeholder.
    Exact(String),
    Body(Rc<Node>),
}
