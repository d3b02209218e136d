//! What the columns of a table are for, told by their headers.
use crate::runbook::document::TableRow;
use crate::runbook::document::inline::{links, plain};

use super::known::Name;

/// The columns of a table, in its order, each with its header and what it is for.
pub struct Columns<'p, 'a, N> {
    pub all: Vec<(&'p Name<'a>, Option<N>)>,
}

impl<'p, 'a, N: Copy + PartialEq> Columns<'p, 'a, N> {
    pub fn read(heads: &'p [Name<'a>], name: impl Fn(&Name<'_>) -> Option<N>) -> Self {
        Self { all: heads.iter().map(|title| (title, name(title))).collect() }
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
    row.cells.get(column).map(|cell| plain(cell).into_owned()).unwrap_or_default()
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
