//! A report as one page of HTML that loads nothing and runs nothing.
use std::fmt::Write;

use super::{Block, Item, Paper};
use crate::domain::level::Level;
use crate::domain::text::clean;

/// Forbids whatever a browser could fetch or run, should anything ever slip through.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1d232a;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem;border-bottom:1px solid #ccd2d9}
dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem}dt{font-weight:600}dd{margin:0}
table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.25rem .5rem;\
border-bottom:1px solid #e3e7eb;overflow-wrap:anywhere}
.bad{color:#a3161f}.warn{color:#8a5300}.unknown{color:#5a4a9c}.empty{color:#66707a;font-style:italic}
@media print{body{margin:0;max-width:none}}
@media (prefers-color-scheme:dark){body{color:#e4e8ec;background:#14181c}h2,th,td{border-color:#39424b}\
.bad{color:#ff8a8f}.warn{color:#f0b45a}.unknown{color:#b9a8ff}.empty{color:#9aa5af}}";

pub(super) fn write(paper: &Paper) -> String {
    let title = escape(&paper.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n\
         <meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<style>\n{STYLE}\n</style>\n</head>\n<body>\n<h1>{title}</h1>\n",
        escape(POLICY)
    );
    if !paper.facts.is_empty() {
        out.push_str("<dl>\n");
        for (name, value) in &paper.facts {
            let _ = writeln!(out, "<dt>{}</dt><dd>{}</dd>", escape(name), escape(value));
        }
        out.push_str("</dl>\n");
    }
    for section in &paper.sections {
        let _ = writeln!(out, "<h2>{}</h2>", escape(section.title));
        for block in &section.blocks {
            of_block(block, &mut out);
        }
    }
    out.push_str("</body>\n</html>\n");
    out
}

fn of_block(block: &Block, out: &mut String) {
    match block {
        Block::Text(words) => {
            let _ = writeln!(out, "<p>{}</p>", escape(words));
        }
        Block::Empty(asked) => {
            let _ = writeln!(out, "<p class=\"empty\">{}</p>", escape(asked));
        }
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                of_item(item, out);
            }
            out.push_str("</ul>\n");
        }
        Block::Table { head, rows } => {
            let row = |tag: &str, cells: &mut dyn Iterator<Item = &str>| {
                let cells: Vec<String> =
                    cells.map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
                format!("<tr>{}</tr>", cells.concat())
            };
            let _ =
                writeln!(out, "<table>\n<thead>{}</thead>\n<tbody>", row("th", &mut head.iter().copied()));
            for cells in rows {
                let _ = writeln!(out, "{}", row("td", &mut cells.iter().map(String::as_str)));
            }
            out.push_str("</tbody>\n</table>\n");
        }
    }
}

fn of_item(item: &Item, out: &mut String) {
    let class = match item.level {
        Level::Bad => " class=\"bad\"",
        Level::Warn => " class=\"warn\"",
        Level::Unknown => " class=\"unknown\"",
        Level::Fine | Level::Done => "",
    };
    let _ = write!(out, "<li{class}>{}{}", super::sign(item.level), escape(&item.words));
    for more in &item.more {
        let _ = write!(out, "<br>{}", escape(more));
    }
    if let Some((what, command)) = &item.command {
        let _ = write!(out, "<br>{}: <code>{}</code>", escape(what), escape(command));
    }
    out.push_str("</li>\n");
}

/// One line of text as itself, in elements and between double quotes.
fn escape(text: &str) -> String {
    let clean = clean(text);
    let mut out = String::with_capacity(clean.len());
    for c in clean.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '`' => out.push_str("&#96;"),
            c => out.push(c),
        }
    }
    out
}
