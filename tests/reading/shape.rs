//! Blocks written as short lines, so that a test can say what a text has to become.
use std::fmt::Write as _;

use firedeck::runbook::document::{Block, Blocks, Marker, What, read};

/// One line for each block: its line, its kind and text, `<n` for the line of the item it stands in.
pub fn shape(text: &str) -> Vec<String> {
    shapes(&read(text))
}

pub fn shapes(blocks: &Blocks) -> Vec<String> {
    blocks.blocks.iter().map(|block| one(blocks, block)).collect()
}

fn one(blocks: &Blocks, block: &Block) -> String {
    let mut out = format!("{} {}", block.line, what(&block.what));
    if let Some(quote) = &block.quote {
        let _ = write!(out, " [{quote}]");
    }
    if let Some(item) = block.item {
        let _ = write!(out, " <{}", blocks.blocks[item].line);
    }
    out
}

fn what(what: &What) -> String {
    let join = |lines: &[firedeck::runbook::document::Line]| {
        lines.iter().map(|line| line.text.as_str()).collect::<Vec<_>>().join(" / ")
    };
    match what {
        What::Heading { level, text } => format!("h{level} {text}"),
        What::Paragraph(lines) => format!("p {}", join(lines)),
        What::Item { marker, checkbox, text } => {
            let marker = match marker {
                Marker::Bullet => "-".to_owned(),
                Marker::Number(number) => format!("{number}."),
            };
            let tick = match checkbox {
                Some(true) => " [x]",
                Some(false) => " [ ]",
                None => "",
            };
            format!("{marker}{tick} {}", join(text)).trim_end().to_owned()
        }
        What::Fence(fence) => {
            let open = if fence.closed { "" } else { " open" };
            format!("f({}){open} {}", fence.lang, join(&fence.body)).trim_end().to_owned()
        }
        What::Indented(lines) => format!("code {}", join(lines)),
        What::Table(table) => format!("t {} + {} rows", table.header.join(" | "), table.rows.len()),
        What::Comment(text) => format!("comment {}", text.replace('\n', " / ")),
        What::Rule => "rule".to_owned(),
    }
}
