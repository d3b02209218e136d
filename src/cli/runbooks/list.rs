//! `runbooks list`: a row for each runbook.
use std::fmt::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use super::shelf::Shelf;
use super::table::{Cell, Column, Fit, table};
use super::words::{counted, line};
use crate::cli::out;
use crate::config::Request;
use crate::domain::approval::Tier;
use crate::domain::settings::Role;
use crate::runbook::{Document, Kind, Runbook, json};
use crate::sources::documents::Entry;

const COLUMNS: [Column; 6] = [
    Column { head: "WHERE", fit: Fit::Middle(20), right: false },
    Column { head: "RUNBOOK", fit: Fit::End(24), right: false },
    Column { head: "KIND", fit: Fit::Whole, right: false },
    Column { head: "SEVERITY", fit: Fit::End(8), right: false },
    Column { head: "STEPS", fit: Fit::Whole, right: true },
    Column { head: "RISK", fit: Fit::Whole, right: false },
];

/// Which runbooks are wanted.
#[derive(Debug)]
pub(super) struct Wanted<'a> {
    pub filter: Option<&'a str>,
    pub kinds: &'a [Kind],
    pub risks: &'a [Tier],
}

impl Wanted<'_> {
    pub(super) fn fits(&self, document: &Document, runbook: &Runbook) -> bool {
        let kind = self.kinds.is_empty() || self.kinds.contains(&runbook.kind);
        let risk = self.risks.is_empty() || runbook.highest().is_some_and(|risk| self.risks.contains(&risk));
        let words = self.filter.is_none_or(|filter| {
            let text = format!("{} {} {}", runbook.title, runbook.section, document.path).to_lowercase();
            filter.to_lowercase().split_whitespace().all(|word| text.contains(word))
        });
        kind && risk && words
    }

    pub(super) fn everything(&self) -> bool {
        self.filter.is_none() && self.kinds.is_empty() && self.risks.is_empty()
    }
}

pub(super) fn list(request: &Request, paths: &[PathBuf], wanted: &Wanted<'_>, as_json: bool) -> ExitCode {
    let shelf = match Shelf::open(request, paths) {
        Ok(shelf) => shelf,
        Err(code) => return code,
    };
    let text = if as_json { programs(&shelf, wanted) } else { people(&shelf, wanted) };
    shelf.finish(out::print(text.as_bytes()))
}

fn programs(shelf: &Shelf, wanted: &Wanted<'_>) -> String {
    let entry = |entry: &Entry| match &entry.read {
        Err(why) => json::unread(&entry.path, why),
        Ok(document) if wanted.everything() => json::document(document),
        Ok(document) => {
            let mut fitting = Document::clone(document);
            fitting.runbooks.retain(|runbook| wanted.fits(document, runbook));
            json::document(&fitting)
        }
    };
    out::json(&json::list(shelf.entries().map(entry).collect()))
}

fn people(shelf: &Shelf, wanted: &Wanted<'_>) -> String {
    let ink = &shelf.ink;
    let all: Vec<(&Document, &Runbook)> = shelf.runbooks().collect();
    let fitting = all.iter().filter(|(document, runbook)| wanted.fits(document, runbook));
    let rows: Vec<[Cell; 6]> = fitting.map(|(document, runbook)| row(shelf, document, runbook)).collect();
    let mut text = table(ink, &COLUMNS, &rows);
    let mut planned = shelf
        .documents()
        .filter(|_| wanted.everything())
        .flat_map(|document| document.planned.iter().map(move |planned| (document, planned)))
        .peekable();
    if planned.peek().is_some() {
        text.push('\n');
    }
    for (document, planned) in planned {
        let said = format!("not in use: {}:{}  {}", line(&document.path), planned.line, line(&planned.text));
        let _ = writeln!(text, "{}", ink.paint(Role::Dim, &said));
    }
    let documents = counted(shelf.documents().count(), "document");
    let said = if wanted.everything() {
        format!("{} in {documents}", counted(all.len(), "runbook"))
    } else {
        format!("{} of {} in {documents}", rows.len(), counted(all.len(), "runbook"))
    };
    let gap = if rows.is_empty() { "" } else { "\n" };
    let _ = writeln!(text, "{gap}{}", ink.paint(Role::Dim, &said));
    text
}

fn row(shelf: &Shelf, document: &Document, runbook: &Runbook) -> [Cell; 6] {
    let risk = match runbook.highest() {
        Some(tier) => {
            let (sign, role) = shelf.ink.risk(tier);
            Cell::new(role, format!("{sign} {tier}"))
        }
        None => Cell::new(Role::Dim, "–"),
    };
    [
        Cell::new(Role::Dim, format!("{}:{}", line(&document.path), runbook.line)),
        Cell::new(Role::Text, line(&runbook.title)),
        Cell::new(Role::Text, runbook.kind.name()),
        Cell::new(Role::Text, runbook.severity.as_deref().map_or("–".into(), line)),
        Cell::new(Role::Text, runbook.counted_steps().to_string()),
        risk,
    ]
}
