//! What each pane says, where it stands and what it can do. How it is painted is `view`'s business.
pub mod alerts;
pub mod answers;
pub mod changes;
pub mod checklist;
pub mod containers;
pub mod database;
pub mod fires;
pub mod gone;
pub mod header;
pub mod incident;
pub mod keys;
pub mod layout;
pub mod log_pane;
pub mod logs;
pub mod objects;
pub mod order;
pub mod overview;
pub mod pods;
pub mod redis;
pub mod runbooks;
pub mod state;
pub mod tables;
pub mod text;
pub mod things;
pub mod vitals;
pub mod wall;
pub mod widths;

use std::borrow::Cow;

use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::settings::{Action, Role};
use crate::domain::text::Ink;
use crate::model::Model;
use crate::model::board::PaneKind;

/// One pane: a name, its feeds, a title and the keys worth naming at the foot of the screen.
pub trait Pane: Sync {
    fn kind(&self) -> PaneKind;
    /// As people call it.
    fn name(&self, model: &Model) -> Cow<'static, str>;
    /// Whether a feed's fate is this pane's.
    fn fed_by(&self, feed: &Feed, model: &Model) -> bool;
    /// Counts and the like, between the name and the state.
    fn facts(&self, model: &Model) -> Vec<Fact>;
    /// For the lamp in the second line: how bad, and a few words.
    fn lamp(&self, model: &Model) -> (Level, String);
    /// The keys shown at the foot, the most useful first.
    fn keys(&self, model: &Model) -> Vec<Action>;
}

/// Every pane. Adding one is a line here, a file beside this one, and a source.
pub static PANES: &[&dyn Pane] = &[
    &overview::Overview,
    &things::Things,
    &log_pane::LogPane,
    &text::TextPane,
    &runbooks::RunbooksPane,
    &checklist::ChecklistPane,
    &incident::IncidentPane,
];

/// A few words of a title in one role.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    pub text: String,
    pub role: Role,
}

impl Fact {
    pub fn new(text: impl Into<String>, role: Role) -> Fact {
        Fact { text: text.into(), role }
    }
}

/// What a colour that a program chose means here; `plain` where it chose none.
pub fn ink_role(ink: Ink, plain: Role) -> Role {
    match ink {
        Ink::Plain => plain,
        Ink::Bold => Role::Title,
        Ink::Dim => Role::Dim,
        Ink::Red => Role::Bad,
        Ink::Yellow => Role::Warning,
        Ink::Green => Role::Good,
    }
}

/// A line as its writer coloured it.
pub fn inked(text: &str, inks: &[(usize, Ink)], plain: Role) -> Vec<Fact> {
    let mut facts = Vec::with_capacity(inks.len() + 1);
    let (mut from, mut role) = (0, plain);
    for (at, ink) in inks {
        let Some(piece) = text.get(from..*at) else { continue };
        if !piece.is_empty() {
            facts.push(Fact::new(piece, role));
        }
        (from, role) = (*at, ink_role(*ink, plain));
    }
    facts.push(Fact::new(text.get(from..).unwrap_or_default(), role));
    facts
}

/// One column of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    pub title: &'static str,
    pub width: Width,
    /// Numbers stand at the right.
    pub right: bool,
    /// How wide a number is that the column begins with; its title stands over that. Mostly 0.
    pub number: u16,
    /// The higher, the longer it stays when the screen is narrow.
    pub keep: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Width {
    Fixed(u16),
    /// Shares what is left, at least this much, and never so much that the eye loses the row; the number
    /// after is its weight.
    Share(u16, u16),
    /// Everything that the others leave, at least this much.
    Fill(u16),
}

/// What stands in a column of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell<'a> {
    pub text: Cow<'a, str>,
    /// `None`: the role of the row.
    pub role: Option<Role>,
    pub cut: Cut,
}

/// Which part goes when there is no room: never the one that tells two rows apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Cut {
    #[default]
    End,
    Middle,
}

impl<'a> Cell<'a> {
    pub fn new(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell { text: text.into(), role: None, cut: Cut::End }
    }

    pub fn middle(text: impl Into<Cow<'a, str>>) -> Cell<'a> {
        Cell { text: text.into(), role: None, cut: Cut::Middle }
    }

    #[must_use]
    pub fn role(mut self, role: Role) -> Cell<'a> {
        self.role = Some(role);
        self
    }
}

/// A row of a table, ready to paint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row<'a> {
    pub level: Level,
    pub here: bool,
    pub marked: bool,
    pub cells: Vec<Cell<'a>>,
}

/// How bad something is, as a role.
pub fn role(level: Level) -> Role {
    match level {
        Level::Bad => Role::Bad,
        Level::Unknown => Role::Unknown,
        Level::Warn => Role::Warning,
        Level::Fine => Role::Text,
        Level::Done => Role::Dim,
    }
}

/// The pane of a kind.
pub fn pane(kind: PaneKind) -> Option<&'static dyn Pane> {
    PANES.iter().copied().find(|pane| pane.kind() == kind)
}
