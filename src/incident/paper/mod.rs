//! A report as a value: titles, facts, lists and tables, before it is Markdown, HTML or text for a terminal.
//!
//! Everything that is put on it is outside text: each way of writing makes it harmless in its own language.
mod html;
mod markdown;
mod text;

use crate::domain::level::Level;

/// A whole report.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Paper {
    pub title: String,
    /// What stands below the title: `Severity`, `P1`.
    pub facts: Vec<(&'static str, String)>,
    pub sections: Vec<Section>,
}

#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Section {
    pub title: &'static str,
    pub blocks: Vec<Block>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    Text(String),
    List(Vec<Item>),
    Table {
        head: Vec<&'static str>,
        rows: Vec<Vec<String>>,
    },
    /// For people to write: what they are asked.
    Empty(&'static str),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub level: Level,
    pub words: String,
    /// Said below it: a reason, a clock.
    pub more: Vec<String>,
    /// What it is for, and a command that can be copied.
    pub command: Option<(&'static str, String)>,
}

impl Item {
    pub fn new(level: Level, words: impl Into<String>) -> Item {
        Item { level, words: words.into(), more: Vec::new(), command: None }
    }

    #[must_use]
    pub fn and(mut self, more: impl Into<String>) -> Item {
        self.more.push(more.into());
        self
    }

    #[must_use]
    pub fn with_command(mut self, what: &'static str, command: impl Into<String>) -> Item {
        self.command = Some((what, command.into()));
        self
    }
}

impl Section {
    pub fn new(title: &'static str, blocks: Vec<Block>) -> Section {
        Section { title, blocks }
    }

    /// A list, or a sentence where there is nothing to list.
    pub fn list(title: &'static str, items: Vec<Item>, none: &str) -> Section {
        let block = if items.is_empty() { Block::Text(none.to_owned()) } else { Block::List(items) };
        Section::new(title, vec![block])
    }
}

impl Paper {
    pub fn markdown(&self) -> String {
        markdown::write(self)
    }

    /// One page without scripts, which loads nothing.
    pub fn html(&self) -> String {
        html::write(self)
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        text::write(self)
    }
}

/// How bad a line is, as a sign with a word: reports are read without colours.
fn sign(level: Level) -> &'static str {
    match level {
        Level::Bad => "✗ ",
        Level::Unknown => "? ",
        Level::Warn => "▲ ",
        Level::Fine | Level::Done => "",
    }
}

#[cfg(test)]
mod tests;
