//! What the columns of a table are for, told by their headers.
use crate::runbook::document::inline::{links, plain};
use crate::runbook::document::{Table, TableRow};

/// The columns of a table, in its order, each with its header and what it is for.
pub struct Columns<N> {
    pub all: Vec<(String, Option<N>)>,
}

impl<N: Copy + PartialEq> Columns<N> {
    pub fn read(table: &Table, name: impl Fn(&str) -> Option<N>) -> Self {
        let header = table.header.iter().map(|cell| plain(cell));
        Self { all: header.map(|title| (title.clone(), name(&title))).collect() }
    }

    pub fn find(&self, name: N) -> Option<usize> {
        self.all.iter().position(|(_, column)| *column == Some(name))
    }

    pub fn has(&self, name: N) -> bool {
        self.find(name).is_some()
    }
}

/// A cell's text without its marks.
pub fn cell(row: &TableRow, column: usize) -> String {
    row.cells.get(column).map(|cell| plain(cell)).unwrap_or_default()
}

/// A header as the name of a value: lower case, with `_` for blanks.
pub fn key(title: &str) -> String {
    let mut key = String::new();
    for word in super::section::words(title) {
        if !key.is_empty() {
            key.push('_');
        }
        key.push_str(&word);
    }
    key
}

/// Where the link of a cell leads to.
pub fn link(markdown: &str) -> Option<String> {
    links(markdown).into_iter().next().map(|(_, url)| url)
}
