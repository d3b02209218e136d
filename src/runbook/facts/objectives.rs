//! How fast and how far back to recover: RTO and RPO, in tables and lines.
use crate::runbook::document::{Table, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::columns::{Columns, cell, key};
use super::known::{Known, Name, has};
use super::page::{Page, Said};
use super::section::Part;

pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for part in parts {
        for seen in part.of(page) {
            let block = seen.block;
            let rows = match &block.what {
                What::Table(table) => of_table(table, seen.heads),
                What::Paragraph(_) | What::Item { .. } => seen.said.iter().filter_map(of_line).collect(),
                _ => Vec::new(),
            };
            add(&mut facts, "objectives", part, rows, block.end_line);
        }
    }
    facts
}

fn name(title: &Name<'_>) -> Option<&'static str> {
    let (rto, rpo) = (title.has(const { &Known::new(&["rto"]) }), title.has(const { &Known::new(&["rpo"]) }));
    let recovery = title.bytes().any(|b| matches!(b, b'v' | b'V')) && title.contains(' ');
    let lower = if recovery { title.to_lowercase() } else { String::new() };
    match () {
        () if (rto && !rpo) || lower.contains("recovery time") => Some("rto"),
        () if (rpo && !rto) || lower.contains("recovery point") => Some("rpo"),
        () => None,
    }
}

fn of_table(table: &Table, heads: &[Name<'_>]) -> Vec<Row> {
    let columns = Columns::read(heads, name);
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
    let found = table.rows.iter().filter_map(|cells| Some((name(&Name::of(cell(cells, 0)))?, cells)));
    found.map(|(name, cells)| row(cells.line, [(name, cell(cells, 1))])).collect()
}

/// `**RTO:** 4 hours`, `Recovery Point Objective (RPO): 1 hour`.
fn of_line(said: &Said<'_>) -> Option<Row> {
    let pair = said.pair()?;
    let name = name(&pair.name)?;
    if !has(said.text, const { &Known::new(&["rto", "rpo", "recovery"]) }) {
        return None;
    }
    let (line, value) = (said.line, pair.plain());
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
        None => Some(row(line, [(name, value.to_owned())])).filter(|row| !row.values.is_empty()),
    }
}
