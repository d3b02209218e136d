//! The documents, as they are.
use std::path::PathBuf;

use firedeck::commands::tools::Tables;
use firedeck::runbook::catalogue;
use firedeck::runbook::types::{Command, Document, Runbook};

use crate::common::desk::Desk;

/// Where the document of this number is: `000_….md` is document `000`.
pub fn path(number: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("FIREDECK_DOCUMENTS") else {
        println!("FIREDECK_DOCUMENTS is not set: the documents are left out");
        return None;
    };
    let files = std::fs::read_dir(folder).expect("FIREDECK_DOCUMENTS names a folder");
    let mut paths = files.flatten().map(|file| file.path());
    let path =
        paths.find(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with(number)));
    Some(path.expect("a document of that number"))
}

pub fn text(number: &str) -> Option<String> {
    path(number).map(|path| std::fs::read_to_string(path).expect("readable"))
}

/// Read as the cockpit reads it.
pub fn read(number: &str) -> Option<Document> {
    let path = path(number)?;
    let text = std::fs::read_to_string(&path).expect("readable");
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    Some(catalogue::read(&name, &text, &Tables::default()))
}

/// A cockpit with the document on its shelf and this runbook open.
pub fn desk(number: &str, title: &str) -> Option<Desk> {
    let mut desk = Desk::of(vec![read(number)?]);
    desk.opens(title);
    Some(desk)
}

/// Every command of a document, with its runbook, its step and its place there.
pub fn commands(document: &Document) -> impl Iterator<Item = (&Runbook, u32, u32, &Command)> {
    document.runbooks.iter().flat_map(|runbook| {
        (0..).zip(&runbook.steps).flat_map(move |(at, step)| {
            (0..).zip(&step.commands).map(move |(n, command)| (&**runbook, at, n, command))
        })
    })
}

/// The place of the command that stands at this line of the document.
pub fn spot(runbook: &Runbook, line: u32) -> (u32, u32) {
    let of = |at: u32, n: usize| (at, u32::try_from(n).expect("few"));
    let mut steps = (0..).zip(&runbook.steps);
    let found = steps.find_map(|(at, step)| {
        let own = |command: &Command| (command.statement.line..=command.statement.end_line).contains(&line);
        step.commands.iter().position(own).map(|n| of(at, n))
    });
    found.unwrap_or_else(|| panic!("no command at line {line} of {}", runbook.title))
}

#[test]
fn all_five_are_read() {
    for number in ["000", "001", "002", "003", "004"] {
        let Some(text) = text(number) else { return };
        let document = read(number).expect("a document");
        let runbook = document.runbooks.first().expect("a runbook");
        assert!(!text.is_empty() && desk(number, &runbook.title).is_some());
    }
}
