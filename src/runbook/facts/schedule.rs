//! What is done again and again: recurring checklists, and the times at which jobs and checks run.
use crate::runbook::document::What;
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::cadence::{self, Cadence};
use super::columns::{Columns, cell, key};
use super::known::{Known, Name};
use super::page::{Page, Said, Seen};
use super::section::Part;

pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for part in parts {
        if care_of_document(part) {
            continue;
        }
        if let Some(found) = named(part, page) {
            let line = if part.label.is_some() { part.label_line } else { part.line };
            let tasks = tasks(page, part);
            let end = part.of(page).last().map_or(line, |seen| seen.block.end_line);
            let rows = vec![made(line, title(part), part.name(), &found, tasks)];
            add(&mut facts, "schedule", part, rows, end);
        }
        for seen in part.of(page) {
            add(&mut facts, "schedule", part, of_block(part, seen), seen.block.end_line);
        }
    }
    facts
}

/// When the document itself is reviewed is no work of its readers.
fn care_of_document(part: &Part<'_>) -> bool {
    part.title.has(const { &Known::new(&["runbook*", "document*"]) })
        && part.title.has(const { &Known::new(&["update*", "maintenance", "review*", "history"]) })
}

/// The cadence in the name of a part that has something to do: `Daily`, `Weekly Maintenance Tasks`.
fn named(part: &Part<'_>, page: &Page<'_>) -> Option<Cadence> {
    let found = cadence::read(part.name())?;
    let does = part
        .of(page)
        .any(|seen| matches!(seen.block.what, What::Fence(_) | What::Item { .. } | What::Indented(_)));
    does.then_some(found)
}

/// A label may be a sentence about the heading's work: `Run every Sunday at 2:00 AM:`.
fn title<'p>(part: &'p Part<'_>) -> &'p str {
    if orders(part.name()) && part.name().split_whitespace().count() > 3 { &part.title } else { part.name() }
}

/// Whether a text begins like one that says when to do something.
fn orders(text: &str) -> bool {
    const WORDS: [&str; 13] = [
        "run",
        "runs",
        "perform",
        "performed",
        "execute",
        "executed",
        "repeat",
        "do",
        "schedule",
        "scheduled",
        "every",
        "check",
        "review",
    ];
    // Most texts begin with another letter.
    let begins = |b: u8| {
        matches!(b.to_ascii_lowercase(), b'r' | b'p' | b'e' | b'd' | b's' | b'c') || !b.is_ascii_alphabetic()
    };
    if !text.bytes().next().is_some_and(begins) {
        return false;
    }
    let first = text.split_whitespace().next().unwrap_or_default().trim_matches(':');
    WORDS.iter().any(|word| word.eq_ignore_ascii_case(first))
}

fn made(line: u32, title: &str, text: &str, found: &Cadence, tasks: String) -> Row {
    let values = [
        ("title", title.to_owned()),
        ("cadence", found.every.clone()),
        ("at", found.at.clone().unwrap_or_default()),
        ("text", text.to_owned()),
        ("tasks", tasks),
    ];
    row(line, values)
}

/// The items of a checklist, in one line.
fn tasks(page: &Page<'_>, part: &Part<'_>) -> String {
    let items = part.of(page).filter_map(|seen| match (&seen.block.what, seen.said) {
        (What::Item { .. }, [said]) if seen.block.item.is_none() => Some(said.plain().as_ref()),
        _ => None,
    });
    items.collect::<Vec<_>>().join("; ")
}

fn of_block(part: &Part<'_>, seen: Seen<'_, '_>) -> Vec<Row> {
    match &seen.block.what {
        What::Paragraph(_) | What::Item { .. } => {
            seen.said.iter().filter_map(|said| of_line(part, said)).collect()
        }
        What::Fence(fence) => {
            let cron =
                |line: &&crate::runbook::document::Line| line.text.trim_start().starts_with("schedule:");
            let found = fence.body.iter().filter(cron).filter_map(|line| {
                let found = cadence::read(&line.text)?;
                Some(made(line.no, &part.title, line.text.trim(), &found, String::new()))
            });
            found.collect()
        }
        What::Table(table) => {
            let column = |title: &Name<'_>| {
                title.has(const { &Known::new(&["frequency", "cadence", "schedule", "when", "interval", "how"]) }).then_some(())
            };
            let columns = Columns::read(seen.heads, column);
            let Some(at) = columns.find(()).filter(|at| *at > 0) else { return Vec::new() };
            let rows = table.rows.iter().filter_map(|cells| {
                let text = cell(cells, at);
                let found = cadence::read(&text)?;
                let mut row = made(cells.line, &cell(cells, 0), &text, &found, String::new());
                let others =
                    columns.all.iter().enumerate().filter(|(column, _)| *column != 0 && *column != at);
                row.values.extend(others.map(|(at, (title, _))| (key(title), cell(cells, at))));
                Some(row)
            });
            rows.collect()
        }
        _ => Vec::new(),
    }
}

/// `**Frequency:** Weekly`, `Run daily at 9:00 AM`.
fn of_line(part: &Part<'_>, said: &Said<'_>) -> Option<Row> {
    let line = said.line;
    if let Some(pair) = said.full() {
        let name = &pair.name;
        if pair.control() {
            return None;
        }
        let field = name.has(
            const {
                &Known::new(&[
                    "frequency",
                    "schedule",
                    "scheduled",
                    "cadence",
                    "when",
                    "interval",
                    "runs",
                    "recurrence",
                    "run",
                ])
            },
        );
        if !field {
            return None;
        }
        let value = pair.plain();
        // What does not fit into a cadence is kept in its own words.
        let found = cadence::read(value).or_else(|| {
            name.has(const { &Known::new(&["frequency", "cadence", "schedule"]) })
                .then(|| Cadence { every: value.to_owned(), at: None })
        });
        return found.map(|found| made(line, &part.title, value, &found, String::new()));
    }
    if said.text.len() > 200 || !orders(said.text.trim_start_matches(['*', '_'])) {
        return None;
    }
    let text = said.plain();
    let found = cadence::read(text)?;
    Some(made(line, &part.title, text.trim_end_matches(':'), &found, String::new()))
}
