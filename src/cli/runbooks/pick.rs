//! Which runbook is meant: by its name, a part of it, or a line of its document.
use std::path::{Path, PathBuf};

use super::words::bare;
use crate::runbook::{Document, Runbook};
use crate::sources::documents::models;

/// `PATH:LINE`, a path that is there, or a model's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spot {
    pub path: PathBuf,
    pub line: Option<u32>,
}

impl Spot {
    /// What is not the place of a file is a name.
    pub(super) fn parse(text: &str) -> Option<Spot> {
        let there = |path: &str| Path::new(path).is_file();
        let path = |path: &str| models::whole(Path::new(path)).unwrap_or_else(|| path.into());
        if let Some((place, line)) = text.rsplit_once(':')
            && let Ok(line) = line.parse()
            && !place.is_empty()
        {
            return Some(Spot { path: path(place), line: Some(line) });
        }
        (there(text) || models::is_named(Path::new(text))).then(|| Spot { path: path(text), line: None })
    }

    /// Whether a document is the one that is meant: its path, or the end of it.
    pub(super) fn is_of(&self, document: &Document) -> bool {
        Path::new(&document.path).ends_with(self.path.strip_prefix(".").unwrap_or(&self.path))
    }

    /// It names where it is, so that nothing else has to be read.
    pub(super) fn is_there(&self) -> bool {
        self.path.is_file() || models::is_named(&self.path)
    }

    /// The innermost runbook around the line; without a line, every one.
    pub(super) fn pick<'a>(&self, document: &'a Document) -> Vec<&'a Runbook> {
        let all = document.runbooks.iter().map(AsRef::as_ref);
        match self.line {
            None => all.collect(),
            Some(line) => {
                let around = all.filter(|book| (book.line..=book.end_line.max(book.line)).contains(&line));
                around.max_by_key(|book| book.line).into_iter().collect()
            }
        }
    }
}

/// Those that are meant by a name: called so, else with all its words in the title.
pub(super) fn named<'a>(
    all: impl Iterator<Item = (&'a Document, &'a Runbook)>,
    name: &str,
) -> Vec<(&'a Document, &'a Runbook)> {
    let wanted = bare(name);
    let words: Vec<String> = name.split_whitespace().map(bare).filter(|word| !word.is_empty()).collect();
    let (mut exact, mut partly) = (Vec::new(), Vec::new());
    for (document, runbook) in all {
        let title = bare(&runbook.title);
        if title == wanted {
            exact.push((document, runbook));
        } else if !words.is_empty() && words.iter().all(|word| title.contains(word.as_str())) {
            partly.push((document, runbook));
        }
    }
    if exact.is_empty() { partly } else { exact }
}
