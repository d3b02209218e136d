//! What is done again and again: recurring checklists, and the times at which jobs and checks run.
use crate::runbook::document::inline::plain;
use crate::runbook::document::{Block, Blocks, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::cadence::{self, Cadence};
use super::columns::{Columns, cell, key};
use super::section::{Part, has, joined, pair};

pub fn read(blocks: &Blocks, parts: &[Part]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for part in parts {
        if care_of_document(part) {
            continue;
        }
        if let Some(found) = named(part, blocks) {
            let line = if part.label.is_some() { part.label_line } else { part.line };
            let tasks = tasks(blocks, part);
            let end = part.of(blocks).last().map_or(line, |block| block.end_line);
            let rows = vec![made(line, title(part), part.name(), &found, tasks)];
            add(&mut facts, "schedule", part, rows, end);
        }
        for block in part.of(blocks) {
            let rows = of_block(part, block);
            add(&mut facts, "schedule", part, rows, block.end_line);
        }
    }
    facts
}

/// When the document itself is reviewed is no work of its readers.
fn care_of_document(part: &Part) -> bool {
    has(&part.title, &["runbook*", "document*"])
        && has(&part.title, &["update*", "maintenance", "review*", "history"])
}

/// The cadence in the name of a part that has something to do: `Daily`, `Weekly Maintenance Tasks`.
fn named(part: &Part, blocks: &Blocks) -> Option<Cadence> {
    let found = cadence::read(part.name())?;
    let does = part
        .of(blocks)
        .iter()
        .any(|block| matches!(block.what, What::Fence(_) | What::Item { .. } | What::Indented(_)));
    does.then_some(found)
}

/// A label may be a sentence about the heading's work: `Run every Sunday at 2:00 AM:`.
fn title(part: &Part) -> &str {
    if orders(part.name()) && part.name().split_whitespace().count() > 3 { &part.title } else { part.name() }
}

/// Whether a text begins like one that says when to do something.
fn orders(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    matches!(
        first.trim_matches(':'),
        "run"
            | "runs"
            | "perform"
            | "performed"
            | "execute"
            | "executed"
            | "repeat"
            | "do"
            | "schedule"
            | "scheduled"
            | "every"
            | "check"
            | "review"
    )
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
fn tasks(blocks: &Blocks, part: &Part) -> String {
    let items = part.of(blocks).iter().filter_map(|block| match &block.what {
        What::Item { text, .. } if block.item.is_none() => Some(plain(&joined(text))),
        _ => None,
    });
    items.collect::<Vec<_>>().join("; ")
}

fn of_block(part: &Part, block: &Block) -> Vec<Row> {
    match &block.what {
        What::Paragraph(lines) => {
            lines.iter().filter_map(|line| of_line(part, &line.text, line.no)).collect()
        }
        What::Item { text, .. } => of_line(part, &joined(text), block.line).into_iter().collect(),
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
            let column = |title: &str| {
                has(title, &["frequency", "cadence", "schedule", "when", "interval", "how"]).then_some(())
            };
            let columns = Columns::read(table, column);
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
fn of_line(part: &Part, markdown: &str, line: u32) -> Option<Row> {
    if let Some((name, value)) = pair(markdown).filter(|(_, value)| !value.is_empty()) {
        if super::meta::control(&name) {
            return None;
        }
        let field = has(
            &name,
            &[
                "frequency",
                "schedule",
                "scheduled",
                "cadence",
                "when",
                "interval",
                "runs",
                "recurrence",
                "run",
            ],
        );
        if !field {
            return None;
        }
        let value = plain(&value);
        // What does not fit into a cadence is kept in its own words.
        let found = cadence::read(&value).or_else(|| {
            has(&name, &["frequency", "cadence", "schedule"])
                .then(|| Cadence { every: value.clone(), at: None })
        });
        return found.map(|found| made(line, &part.title, &value, &found, String::new()));
    }
    if !orders(markdown.trim_start_matches(['*', '_'])) || markdown.len() > 200 {
        return None;
    }
    let text = plain(markdown);
    let found = cadence::read(&text)?;
    Some(made(line, &part.title, text.trim_end_matches(':'), &found, String::new()))
}
