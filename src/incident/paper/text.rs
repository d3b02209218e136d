//! A report for a terminal.
use std::fmt::Write;

use unicode_width::UnicodeWidthStr;

use super::{Block, Paper, sign};
use crate::domain::text::clean;

pub(super) fn write(paper: &Paper) -> String {
    let mut out = format!("{}\n", clean(&paper.title));
    if !paper.facts.is_empty() {
        out.push('\n');
    }
    let widest = paper.facts.iter().map(|(name, _)| name.width()).max().unwrap_or_default();
    for (name, value) in &paper.facts {
        let gap = " ".repeat(widest.saturating_sub(name.width()) + 2);
        let _ = writeln!(out, "  {name}{gap}{}", clean(value));
    }
    for section in &paper.sections {
        let _ = writeln!(out, "\n{}", section.title);
        for block in &section.blocks {
            of_block(block, &mut out);
        }
    }
    out
}

fn of_block(block: &Block, out: &mut String) {
    match block {
        Block::Text(words) => {
            let _ = writeln!(out, "  {}", clean(words));
        }
        Block::Empty(asked) => {
            let _ = writeln!(out, "  {asked}");
        }
        Block::List(items) => {
            for item in items {
                let sign = if sign(item.level).is_empty() { "  " } else { sign(item.level) };
                let _ = writeln!(out, "  {sign}{}", clean(&item.words));
                for more in &item.more {
                    let _ = writeln!(out, "      {}", clean(more));
                }
                if let Some((what, command)) = &item.command {
                    let _ = writeln!(out, "      {what}: {}", clean(command));
                }
            }
        }
        Block::Table { head, rows } => {
            let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
            let rows: Vec<Vec<String>> =
                rows.iter().map(|row| row.iter().map(|cell| clean(cell).into_owned()).collect()).collect();
            let widths: Vec<usize> = (0..head.len())
                .map(|at| {
                    let cells = rows.iter().chain([&head]).filter_map(|row| row.get(at));
                    cells.map(|cell| cell.width()).max().unwrap_or_default()
                })
                .collect();
            for row in [&head].into_iter().chain(&rows) {
                let mut line = String::new();
                for (cell, width) in row.iter().zip(&widths) {
                    let _ = write!(line, "  {cell}{}", " ".repeat(width.saturating_sub(cell.width())));
                }
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
    }
}
