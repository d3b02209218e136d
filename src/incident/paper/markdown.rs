//! A report as Markdown. No text in it can make a heading, a link, a list, a table or HTML.
use std::fmt::Write;

use super::{Block, Item, Paper, sign};
use crate::domain::text::clean;

pub(super) fn write(paper: &Paper) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "# {}", escape(&paper.title, false));
    if !paper.facts.is_empty() {
        out.push('\n');
    }
    for (name, value) in &paper.facts {
        let _ = writeln!(out, "- **{}:** {}", escape(name, false), escape(value, false));
    }
    for section in &paper.sections {
        let _ = writeln!(out, "\n## {}", escape(section.title, false));
        for block in &section.blocks {
            out.push('\n');
            of_block(block, &mut out);
        }
    }
    out
}

fn of_block(block: &Block, out: &mut String) {
    match block {
        Block::Text(words) => {
            let _ = writeln!(out, "{}", escape(words, false));
        }
        Block::Empty(asked) => {
            let _ = writeln!(out, "_{}_", escape(asked, false));
        }
        Block::List(items) => {
            for item in items {
                of_item(item, out);
            }
        }
        Block::Table { head, rows } => {
            let cells = |cells: Vec<String>| format!("| {} |", cells.join(" | "));
            let _ = writeln!(out, "{}", cells(head.iter().map(|cell| escape(cell, true)).collect()));
            let _ = writeln!(out, "{}", cells(head.iter().map(|_| "---".to_owned()).collect()));
            for row in rows {
                let _ = writeln!(out, "{}", cells(row.iter().map(|cell| escape(cell, true)).collect()));
            }
        }
    }
}

fn of_item(item: &Item, out: &mut String) {
    let _ = writeln!(out, "- {}{}", sign(item.level), escape(&item.words, false));
    for more in &item.more {
        let _ = writeln!(out, "  - {}", escape(more, false));
    }
    if let Some((what, command)) = &item.command {
        let _ = write!(out, "  - {}: ", escape(what, false));
        code(clean(command).trim(), false, out);
        out.push('\n');
    }
}

/// One line of text as itself. Words that readers turn into links by themselves stand as code, where nothing is
/// read; `in_cell` keeps the bars of a table.
fn escape(text: &str, in_cell: bool) -> String {
    let clean = clean(text);
    let mut out = String::with_capacity(clean.len() + 8);
    for (nth, word) in clean.split_whitespace().enumerate() {
        if nth > 0 {
            out.push(' ');
        }
        if makes_link(word) {
            code(word, in_cell, &mut out);
        } else {
            plain(word, &mut out);
        }
    }
    out
}

fn makes_link(word: &str) -> bool {
    let flat = word.to_ascii_lowercase();
    flat.contains("://") || flat.contains("www.") || flat.contains('@') || flat.contains("mailto:")
}

/// Every sign that Markdown could read is taken as itself.
fn plain(word: &str, out: &mut String) {
    for c in word.chars() {
        let last = out.chars().next_back();
        let means_nothing = match c {
            ',' | ';' | '/' | '?' | '\'' | '"' | '%' | '^' | '(' => true,
            ':' => last.is_some(),
            '-' | '=' | '+' => last.is_some_and(char::is_alphanumeric),
            // After nothing but digits they would begin a list.
            '.' | ')' => !out.bytes().all(|byte| byte.is_ascii_digit()),
            c => !c.is_ascii_punctuation(),
        };
        if !means_nothing {
            out.push('\\');
        }
        out.push(c);
    }
}

/// Between more backticks than stand in it. A bar would end a cell even there, so it stands between two pieces.
fn code(word: &str, in_cell: bool, out: &mut String) {
    let pieces: Vec<&str> = if in_cell { word.split('|').collect() } else { vec![word] };
    for (nth, piece) in pieces.into_iter().enumerate() {
        if nth > 0 {
            out.push_str("\\|");
        }
        if piece.is_empty() {
            continue;
        }
        let longest = piece.split(|c| c != '`').map(str::len).max().unwrap_or_default();
        let fence = "`".repeat(longest + 1);
        let pad = if piece.starts_with('`') || piece.ends_with('`') { " " } else { "" };
        let _ = write!(out, "{fence}{pad}{piece}{pad}{fence}");
    }
}
