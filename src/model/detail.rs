//! One thing, opened.
use crate::domain::news::Inspection;
use crate::domain::object::ObjectRef;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Tab {
    #[default]
    Describe,
    Events,
    Yaml,
    Owners,
}

impl Tab {
    pub const ALL: [Tab; 4] = [Tab::Describe, Tab::Events, Tab::Yaml, Tab::Owners];

    pub fn title(self) -> &'static str {
        match self {
            Tab::Describe => "describe",
            Tab::Events => "events",
            Tab::Yaml => "yaml",
            Tab::Owners => "owners",
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub struct Detail {
    pub target: ObjectRef,
    pub tab: Tab,
    /// `None` until the first answer.
    pub inspection: Option<Inspection>,
    /// First line shown.
    pub top: usize,
    pub shift: usize,
    /// The line where you are, in the tree of owners.
    pub line: usize,
    /// What was typed to find a line.
    pub find: String,
    /// It is to be read from what its document says, once that is known.
    pub to_passage: bool,
    /// Things opened on the way here.
    pub before: Vec<ObjectRef>,
    /// Lines the pane can show; set by `update` from the layout.
    pub height: usize,
    /// Columns the pane can show, from the same place; 0 until then, and lines stay as they are.
    pub width: usize,
}

impl Detail {
    pub fn new(target: ObjectRef, tab: Tab) -> Detail {
        Detail {
            target,
            tab,
            inspection: None,
            top: 0,
            shift: 0,
            line: 0,
            find: String::new(),
            to_passage: false,
            before: Vec::new(),
            height: 0,
            width: 0,
        }
    }
}
