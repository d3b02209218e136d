//! What lies over the board. The topmost has the keys.
use super::checklist::Spot;
use super::input::Input;
use super::run::Stream;
use crate::domain::action::Native;
use crate::domain::settings::{Action, Scope};
use crate::incident::event::Order;

#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// All keys of the place below.
    Help {
        of: Scope,
        top: usize,
    },
    Palette(Palette),
    /// A line being typed at the foot of a pane.
    Line {
        ask: Ask,
        input: Input,
    },
    /// A few lines to fill in.
    Form(super::form::Form),
    /// What was done, newest first.
    Deeds {
        line: usize,
    },
    /// Columns to show.
    Columns {
        line: usize,
    },
    /// What is played: its hints, and what can be broken.
    Exercise {
        line: usize,
    },
    /// What a statement wrote.
    Output(Reading),
    /// The question that `model.questions` holds.
    Question,
}

/// A page of output that is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    pub order: Order,
    pub stream: Stream,
    /// The first line shown.
    pub top: usize,
    /// Where the pages before this one begin.
    pub before: Vec<u64>,
    /// Where a page that comes is shown from.
    pub land: Land,
    /// What is looked for.
    pub find: String,
    /// The operator chose the stream: another one is not shown because this one is empty.
    pub chosen: bool,
}

impl Reading {
    pub fn new(order: Order) -> Reading {
        let (before, find) = (Vec::new(), String::new());
        Reading { order, stream: Stream::Out, top: 0, before, land: Land::Top, find, chosen: false }
    }
}

/// Where a page is shown from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Land {
    Top,
    Bottom,
}

/// What a typed line is for.
#[derive(Debug, Clone, PartialEq)]
pub enum Ask {
    /// The filter of the table; takes effect while it is typed.
    Filter,
    /// Find in the log.
    Find,
    /// Show only log lines that match.
    Include,
    /// Hide log lines that match.
    Exclude,
    /// Find in a text.
    FindText,
    /// Find in what a statement wrote.
    FindOutput,
    /// Runbooks that these words find; takes effect while it is typed.
    Runbooks,
    /// A step of the open runbook to go to.
    Step,
    /// Something to be remembered.
    Note,
    /// Lines of the time line with these words; takes effect while it is typed.
    TimeLine,
    /// Why the incident is closed although so much is left.
    CloseIncident { left: String },
    /// A value that a command of the open runbook needs.
    RunValue {
        name: String,
        title: String,
        offered: String,
        origin: &'static str,
        /// What the panes know of this sort: Down and Up choose one.
        candidates: Vec<String>,
    },
    /// Why a step is skipped.
    SkipReason { step: usize },
    /// Why a run ends with so many steps left.
    CloseReason { left: usize },
    /// A command, in place of the one there or beside it.
    Command { at: Spot, beside: bool },
    /// A value that an action needs, such as a number of replicas.
    Value { title: String, action: Action, natives: Vec<Native> },
}

/// Actions and kinds by name.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Palette {
    pub input: Input,
    pub choices: Vec<Choice>,
    pub line: usize,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Choice {
    pub what: Chosen,
    pub title: String,
    pub help: String,
    /// Keys that do the same.
    pub keys: String,
    /// Positions in `title` that matched what was typed.
    pub hits: Vec<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chosen {
    Action(Action),
    Kind(crate::domain::object::Kind),
    /// A kind in one namespace.
    Within(crate::domain::object::Kind, String),
}

impl Overlay {
    pub fn scope(&self) -> Scope {
        match self {
            Overlay::Help { .. }
            | Overlay::Deeds { .. }
            | Overlay::Columns { .. }
            | Overlay::Exercise { .. }
            | Overlay::Output(_) => Scope::Help,
            Overlay::Palette(_) | Overlay::Line { .. } | Overlay::Form(_) => Scope::Input,
            Overlay::Question => Scope::Question,
        }
    }
}
