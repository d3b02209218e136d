//! Results as psql prints them: aligned or unaligned.
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::wire::{Column, Row};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Aligned,
    Unaligned,
}

#[derive(Debug, Clone)]
pub struct Shape {
    pub form: Form,
    pub tuples: bool,
    pub separator: String,
    /// Over the next table.
    pub title: Option<&'static str>,
}

/// The lines of a cell, with what cannot be printed made visible.
fn lines(cell: Option<&str>) -> Vec<String> {
    let shown = |line: &str| {
        let mut out = String::new();
        for sign in line.chars() {
            match sign {
                '\r' => out.push_str("\\r"),
                '\t' => out.extend(std::iter::repeat_n(' ', 8 - out.width() % 8)),
                sign if u32::from(sign) < 0x20 || sign == '\x7f' => {
                    let _ = write!(out, "\\x{:02X}", u32::from(sign));
                }
                sign if sign.is_control() => {
                    let _ = write!(out, "\\u{:04X}", u32::from(sign));
                }
                sign => out.push(sign),
            }
        }
        out
    };
    cell.unwrap_or_default().split('\n').map(shown).collect()
}

fn spaces(count: usize) -> String {
    " ".repeat(count)
}

pub fn printed(columns: &[Column], rows: &[Row], shape: &Shape) -> String {
    let mut out = String::new();
    if columns.is_empty() {
        if shape.form == Form::Aligned && !shape.tuples {
            out.push_str("--\n");
        }
        footer(rows.len(), shape, &mut out);
        out.push_str(if shape.form == Form::Aligned { "\n" } else { "" });
        return out;
    }
    let over = shape.title.filter(|_| !shape.tuples);
    if let Some(title) = over.filter(|_| shape.form == Form::Unaligned) {
        out.extend([title, "\n"]);
    }
    match shape.form {
        Form::Aligned => aligned(columns, rows, shape, &mut out),
        Form::Unaligned => {
            let mut line = |cells: &mut dyn Iterator<Item = &str>| {
                let cells: Vec<&str> = cells.collect();
                out.push_str(&cells.join(&shape.separator));
                out.push('\n');
            };
            if !shape.tuples {
                line(&mut columns.iter().map(|column| column.name.as_str()));
            }
            for row in rows {
                line(&mut row.iter().map(|cell| cell.as_deref().unwrap_or_default()));
            }
            footer(rows.len(), shape, &mut out);
        }
    }
    out
}

fn footer(count: usize, shape: &Shape, out: &mut String) {
    if !shape.tuples {
        let _ = writeln!(out, "({count} row{})", if count == 1 { "" } else { "s" });
    }
}

fn aligned(columns: &[Column], rows: &[Row], shape: &Shape, out: &mut String) {
    let cells: Vec<Vec<Vec<String>>> =
        rows.iter().map(|row| row.iter().map(|cell| lines(cell.as_deref())).collect()).collect();
    let mut widths: Vec<usize> = columns.iter().map(|column| column.name.width()).collect();
    for row in &cells {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.iter().map(|line| line.width()).chain([*width]).max().unwrap_or(0);
        }
    }
    if !shape.tuples {
        if let Some(title) = shape.title {
            let all = widths.iter().map(|width| width + 3).sum::<usize>().saturating_sub(1);
            out.extend([&spaces(all.saturating_sub(title.width()) / 2), title, "\n"]);
        }
        let head = columns.iter().zip(&widths).map(|(column, width)| {
            let free = width.saturating_sub(column.name.width());
            format!(" {}{}{} ", spaces(free / 2), column.name, spaces(free - free / 2))
        });
        out.push_str(&head.collect::<Vec<_>>().join("|"));
        let rule: Vec<String> = widths.iter().map(|width| "-".repeat(width + 2)).collect();
        let _ = write!(out, "\n{}\n", rule.join("+"));
    }
    for row in &cells {
        let height = row.iter().map(Vec::len).max().unwrap_or(1);
        for at in 0..height {
            for (index, (cell, (column, width))) in row.iter().zip(columns.iter().zip(&widths)).enumerate() {
                let last = index + 1 == columns.len();
                let (line, more) = (cell.get(at), at + 1 < cell.len());
                let text = line.map_or("", String::as_str);
                let free = width.saturating_sub(text.width());
                out.push_str(if index > 0 { "| " } else { " " });
                match (column.right && line.is_some(), last && !more) {
                    (true, _) => out.push_str(&(spaces(free) + text)),
                    (false, true) => out.push_str(text),
                    (false, false) => out.push_str(&(text.to_owned() + &spaces(free))),
                }
                out.push_str(if more {
                    "+"
                } else if last {
                    ""
                } else {
                    " "
                });
            }
            out.push('\n');
        }
    }
    footer(rows.len(), shape, out);
    out.push('\n');
}
