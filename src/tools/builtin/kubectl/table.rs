//! Columns: what the server has put in a table, and text with tabs between its cells.
use serde_json::Value;
use std::fmt::Write as _;

use super::api::{list, text};

/// Puts cells that end in a tab under each other, as far as lines follow one another that have them.
pub fn align(text: &str, least: usize, gap: usize) -> String {
    let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split('\t').collect()).collect();
    let most = lines.iter().map(Vec::len).max().unwrap_or_default();
    let mut widths: Vec<Vec<usize>> = lines.iter().map(|line| vec![0; line.len()]).collect();
    for column in 0..most {
        let mut start = 0;
        while start < lines.len() {
            let run = lines.iter().skip(start).take_while(|line| line.len() > column + 1);
            let (count, width) = run.fold((0, least), |(count, width), line| {
                let length = line.get(column).map_or(0, |cell| cell.chars().count());
                (count + 1, width.max(length + gap))
            });
            for line in widths.iter_mut().skip(start).take(count) {
                if let Some(cell) = line.get_mut(column) {
                    *cell = width;
                }
            }
            start += count.max(1);
        }
    }
    let mut out = String::new();
    for (line, widths) in lines.iter().zip(&widths) {
        for (cell, width) in line.iter().zip(widths) {
            let _ = write!(out, "{cell:width$}");
        }
        out.push('\n');
    }
    out
}

/// A table that grows while it is shown: the widths stay.
#[derive(Debug, Default)]
pub struct Table {
    pub head: Vec<String>,
    pub rows: Vec<Vec<String>>,
    /// No column but the last is narrower, if it is more than six.
    least: usize,
    widths: Vec<usize>,
}

impl Table {
    pub fn of(rows: &[Vec<String>], least: usize) -> Table {
        Table { rows: rows.to_vec(), least, ..Table::default() }
    }

    /// What is in it, which is forgotten; the head is shown once.
    pub fn take(&mut self) -> String {
        let mut rows = Vec::new();
        if !self.head.is_empty() {
            rows.push(std::mem::take(&mut self.head));
        }
        rows.append(&mut self.rows);
        for row in &rows {
            self.widths.resize(self.widths.len().max(row.len()), self.least.max(6));
            // The last cell of a line is not padded, and makes no column wide.
            for (cell, width) in row.iter().take(row.len().saturating_sub(1)).zip(&mut self.widths) {
                *width = (*width).max(cell.chars().count() + 3);
            }
        }
        let mut out = String::new();
        for row in &rows {
            for (at, (cell, width)) in row.iter().zip(&self.widths).enumerate() {
                let width = if at + 1 == row.len() { 0 } else { *width };
                let _ = write!(out, "{cell:width$}");
            }
            out.push('\n');
        }
        harmless(&out)
    }
}

/// How a table of the server is shown.
#[derive(Debug, Default, Clone)]
pub struct Look {
    pub wide: bool,
    pub namespaces: bool,
    pub labels: bool,
    /// What stands before each name: `pod/`.
    pub prefix: String,
}

impl Look {
    fn shown<'a>(&self, columns: &'a [Value]) -> impl Iterator<Item = (usize, &'a Value)> {
        let wide = self.wide;
        let first = move |column: &Value| column.get("priority").and_then(Value::as_i64).unwrap_or(0) == 0;
        columns.iter().enumerate().filter(move |(_, column)| wide || first(column))
    }

    pub fn head(&self, table: &Value) -> Vec<String> {
        let columns =
            self.shown(list(table, "columnDefinitions")).map(|(_, one)| text(one, "/name").to_uppercase());
        let namespace = self.namespaces.then(|| "NAMESPACE".to_owned());
        let mut head: Vec<String> = namespace.into_iter().chain(columns).collect();
        head.extend(self.labels.then(|| "LABELS".to_owned()));
        head
    }

    pub fn row(&self, columns: &[Value], row: &Value) -> Vec<String> {
        let mut cells = Vec::new();
        if self.namespaces {
            cells.push(text(row, "/object/metadata/namespace").to_owned());
        }
        let given = list(row, "cells");
        for (at, _) in self.shown(columns) {
            let text = given.get(at).map(cell).unwrap_or_default();
            cells.push(if at == 0 { format!("{}{text}", self.prefix) } else { text });
        }
        let labels = row.pointer("/object/metadata/labels");
        cells.extend(self.labels.then(|| joined(labels)));
        cells
    }
}

/// `a=1,b=2`
pub fn joined(labels: Option<&Value>) -> String {
    let pairs = labels.and_then(Value::as_object).into_iter().flatten();
    let pairs: Vec<String> =
        pairs.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
    if pairs.is_empty() { "<none>".to_owned() } else { pairs.join(",") }
}

/// One cell: a single line.
fn cell(value: &Value) -> String {
    let text = match value {
        Value::String(text) => text.clone(),
        Value::Null => "<none>".to_owned(),
        other => super::print::go(other),
    };
    let line = text.split(['\n', '\r', '\u{c}']).next().unwrap_or_default();
    let more = if line.len() < text.len() { "..." } else { "" };
    line.replace('\t', " ") + more
}

/// Without the signs that move a terminal's cursor or begin its orders.
pub fn harmless(text: &str) -> String {
    text.replace('\u{1b}', "^[").replace('\r', "\\r")
}
