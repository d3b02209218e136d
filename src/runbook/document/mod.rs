//! The blocks of a Markdown file: headings, paragraphs, lists, tables, fences, with their lines.
//!
//! Tolerant: a fence that is never closed loses nothing that follows it, and text in any encoding is read.
mod defects;
mod fence;
mod front;
mod html;
mod info;
pub mod inline;
mod line;
mod mark;
mod reader;
mod stack;
mod table;
mod walk;

use super::types::Note;

/// A file cut into blocks, in the order of their lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Blocks {
    pub front: Vec<FrontEntry>,
    pub blocks: Vec<Block>,
    /// How many lines the file has.
    pub lines: u32,
    /// What was wrong in its form.
    pub defects: Vec<Note>,
}

/// A top-level entry of the front matter; a list's values are several.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FrontEntry {
    pub line: u32,
    pub name: String,
    pub values: Vec<String>,
}

/// A line of text with its number in the file, counted from 1.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Line {
    pub no: u32,
    pub text: String,
}

/// One block.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Block {
    pub line: u32,
    /// Its last line; of an item the last line of its own text.
    pub end_line: u32,
    /// The list item that it stands in, as an index into [`Blocks::blocks`]: always an [`What::Item`].
    pub item: Option<usize>,
    /// It stands in a quote (`>`), an admonition (`!!! warning`, `:::note`, `> [!WARNING]`) of this kind, in lower
    /// case: `quote`, `note`, `tip`, `important`, `warning`, `caution`, `danger`.
    pub quote: Option<String>,
    pub what: What,
}

/// What a block is. Texts are Markdown as written, without the block's own marks and indentation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// ATX and setext. Front-matter titles are not headings.
    Heading {
        level: u8,
        text: String,
    },
    /// Its lines, also those of a lazy continuation.
    Paragraph(Vec<Line>),
    /// A list item: its marker and its first paragraph; what else it holds follows as blocks of their own
    /// whose `item` is this one.
    Item {
        marker: Marker,
        /// Behind `[ ]`, `[x]`.
        checkbox: Option<bool>,
        text: Vec<Line>,
    },
    Fence(Fence),
    /// Code by indentation alone; the indentation taken away.
    Indented(Vec<Line>),
    Table(Table),
    /// `<!-- … -->`, without its marks.
    Comment(String),
    /// `---`
    Rule,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Marker {
    Bullet,
    Number(u32),
}

/// A fenced block of code. The lines of the fence itself are the block's `line` and, when closed, `end_line`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Fence {
    /// The first word of the info string, in lower case; empty when there is none.
    pub lang: String,
    /// The whole info string.
    pub info: String,
    /// `{name=drain risk=danger}`, `{"name":"drain"}`, also from Runme and the like; unknown keys are kept here.
    pub attributes: Vec<(String, String)>,
    /// The fence's own indentation is taken away from each line.
    pub body: Vec<Line>,
    pub closed: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    pub header: Vec<String>,
    pub rows: Vec<TableRow>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableRow {
    pub line: u32,
    /// As Markdown; as many as the header has.
    pub cells: Vec<String>,
}

/// Cuts a file into blocks; whatever the text, it answers, in linear time.
pub fn read(text: &str) -> Blocks {
    let mut defects = defects::Defects::default();
    let text = line::clean(text, &mut defects);
    let lines = line::split(&text, &mut defects);
    let (front, start) = front::read(&lines, &mut defects);
    let blocks = reader::read(&lines, start, &mut defects);
    let count = u32::try_from(lines.len()).unwrap_or(u32::MAX);
    Blocks { front, blocks, lines: count, defects: defects.done() }
}
