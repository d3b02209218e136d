//! How fast and how far back to recover: RTO and RPO, in tables and lines.
use crate::runbook::document::inline::plain;
use crate::runbook::document::{Blocks, Table, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::columns::{Columns, cell, key};
use super::section::{Part, has, pair};

pub fn read(blocks: &Blocks, parts: &[Part]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for part in parts {
        for block in part.of(blocks) {
            let rows = match &block.what {
                What::Table(table) => of_table(table),
                What::Paragraph(lines) => {
                    lines.iter().filter_map(|line| of_line(&line.text, line.no)).collect()
                }
                What::Item { text, .. } => {
                    of_line(&super::section::joined(text), block.line).into_iter().collect()
                }
                _ => Vec::new(),
            };
            add(&mut facts, "objectives", part, rows, block.end_line);
        }
    }
    facts
}

fn name(title: &str) -> Option<&'static str> {
    let lower = title.to_lowercase();
    let (rto, rpo) = (has(title, &["rto"]), has(title, &["rpo"]));
    match () {
        () if (rto && !rpo) || lower.contains("recovery time") => Some("rto"),
        () if (rpo && !rto) || lower.contains("recovery point") => Some("rpo"),
        () => None,
    }
}

fn of_table(table: &Table) -> Vec<Row> {
    let columns = Columns::read(table, name);
    if !columns.has("rto") && !columns.has("rpo") {
        return of_rows(table);
    }
    let value = |cells, at, title: &str, name: Option<&str>| {
        let name = match (at, name) {
            (_, Some(name)) => name.to_owned(),
            (0, None) => "component".to_owned(),
            _ => key(title),
        };
        (name, cell(cells, at))
    };
    let rows = table.rows.iter().map(|cells| {
        let values = columns.all.iter().enumerate();
        row(cells.line, values.map(|(at, (title, name))| value(cells, at, title, *name)))
    });
    rows.collect()
}

/// A table whose rows, not whose columns, are the objectives.
fn of_rows(table: &Table) -> Vec<Row> {
    let found = table.rows.iter().filter_map(|cells| Some((name(&cell(cells, 0))?, cells)));
    found.map(|(name, cells)| row(cells.line, [(name, cell(cells, 1))])).collect()
}

/// `**RTO:** 4 hours`, `Recovery Point Objective (RPO): 1 hour`.
fn of_line(markdown: &str, line: u32) -> Option<Row> {
    if !has(markdown, &["rto", "rpo", "recovery"]) {
        return None;
    }
    let (label, value) = pair(markdown)?;
    let name = name(&label)?;
    let value = plain(&value);
    // Several on one line: `RTO: 4 hours, RPO: 1 hour`.
    let both = [", rpo", "; rpo", " / rpo", "| rpo"]
        .iter()
        .find_map(|cut| value.to_lowercase().find(cut).map(|at| (at, cut.len())));
    match both.filter(|_| name == "rto") {
        Some((at, size)) => {
            let rest = value.get(at + size..).unwrap_or_default().trim_start_matches([':', ' ', '=']);
            Some(row(
                line,
                [("rto", value.get(..at).unwrap_or_default().trim().to_owned()), ("rpo", rest.to_owned())],
            ))
        }
        None => Some(row(line, [(name, value)])).filter(|row| !row.values.is_empty()),
    }
}
