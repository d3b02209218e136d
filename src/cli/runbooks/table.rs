//! Rows in columns that fit the screen.
use std::fmt::Write;

use crate::cli::ink::Ink;
use crate::domain::settings::Role;
use crate::view::wrap::{cut, middle, width};

/// What is left out where the screen is too narrow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Fit {
    Whole,
    /// The end; so many columns always stay.
    End(usize),
    /// The middle, because both ends tell things apart.
    Middle(usize),
}

#[derive(Debug, Clone, Copy)]
pub(in crate::cli) struct Column {
    pub head: &'static str,
    pub fit: Fit,
    pub right: bool,
}

#[derive(Debug)]
pub(in crate::cli) struct Cell {
    pub text: String,
    pub role: Role,
}

impl Cell {
    pub(in crate::cli) fn new(role: Role, text: impl Into<String>) -> Cell {
        Cell { text: text.into(), role }
    }
}

const GAP: &str = "  ";

/// A head and the rows below it; nothing without rows.
pub(in crate::cli) fn table<const N: usize>(ink: &Ink, columns: &[Column; N], rows: &[[Cell; N]]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let widths = widths(ink, columns, rows);
    let mut text = String::new();
    let mut put = |cells: [(&str, Role); N]| {
        let mut gap = String::new();
        for ((column, columns), (cell, role)) in columns.iter().zip(widths).zip(cells) {
            let shown = match column.fit {
                Fit::Middle(_) => middle(cell, columns),
                Fit::Whole | Fit::End(_) => cut(cell, columns),
            };
            let space = " ".repeat(columns.saturating_sub(width(&shown)));
            let painted = ink.paint(role, &shown);
            // What follows the last word of a row is not written.
            if column.right {
                let _ = write!(text, "{gap}{space}{painted}");
                GAP.clone_into(&mut gap);
            } else {
                let _ = write!(text, "{gap}{painted}");
                gap = space + GAP;
            }
        }
        text.push('\n');
    };
    put(columns.each_ref().map(|column| (column.head, Role::Title)));
    for row in rows {
        put(row.each_ref().map(|cell| (cell.text.as_str(), cell.role)));
    }
    text
}

fn widths<const N: usize>(ink: &Ink, columns: &[Column; N], rows: &[[Cell; N]]) -> [usize; N] {
    let mut widths = columns.map(|column| width(column.head));
    for row in rows {
        for (most, cell) in widths.iter_mut().zip(row) {
            *most = (*most).max(width(&cell.text));
        }
    }
    // A file or another program gets everything.
    if !ink.on {
        return widths;
    }
    let gaps = GAP.len() * N.saturating_sub(1);
    let mut over = (widths.iter().sum::<usize>() + gaps).saturating_sub(ink.width);
    while over > 0 {
        let least = |column: &Column| match column.fit {
            Fit::Whole => usize::MAX,
            Fit::End(least) | Fit::Middle(least) => least,
        };
        let can = widths.iter_mut().zip(columns).filter(|(width, column)| **width > least(column));
        let Some((widest, _)) = can.max_by_key(|(width, _)| **width) else { break };
        *widest -= 1;
        over -= 1;
    }
    widths
}
