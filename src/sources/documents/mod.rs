//! Reads the team's documents from disk: files, directories and git checkouts of Markdown.
//!
//! [`walk`] finds the files, [`decode`] makes text of their bytes, [`Library`] reads what is new in parallel, and
//! [`watch()`] says what has changed. Nothing that is wrong with one file touches another. [`models`] are runbooks
//! of our own, which need no disk.
pub mod decode;
mod file;
mod library;
pub mod models;
mod rules;
pub mod walk;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use crate::runbook::Document;

pub use file::{bytes, text};
pub use library::{Batch, Library};
pub use rules::{Text, rules};
pub use watch::{Watch, watch};

/// Where the runbooks are: where the settings say, else where teams keep them.
pub fn places(named: &[PathBuf]) -> Vec<PathBuf> {
    if !named.is_empty() {
        return named.to_vec();
    }
    let usual = ["runbooks", "docs/runbooks"].into_iter().map(PathBuf::from);
    usual.filter(|path| path.is_dir()).take(1).collect()
}

/// How much is read; whoever has more is told so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    pub documents: usize,
    /// Files and directories that are looked at to find them.
    pub entries: usize,
    /// Of one file.
    pub bytes: u64,
    /// Of all of them together: what is read is kept.
    pub together: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { documents: 20_000, entries: 1_000_000, bytes: 16 << 20, together: 512 << 20 }
    }
}

/// A file, and what became of reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// As it was reached: below the path that was named.
    pub path: String,
    /// The document, or why it could not be read.
    pub read: Result<Arc<Document>, String>,
}
