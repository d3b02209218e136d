//! What a document says about itself: version, dates, owner, how it is reviewed.
use crate::runbook::document::inline::plain;
use crate::runbook::document::{Blocks, Marker, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, gap, row};
use super::section::{Part, has, pair, text};

pub fn read(blocks: &Blocks, parts: &[Part]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let front: Vec<Row> = blocks
        .front
        .iter()
        .filter(|entry| control(&entry.name) && !entry.values.is_empty())
        .map(|entry| named(entry.line, &entry.name, &entry.values.join(", ")))
        .collect();
    if let (Some(first), Some(last)) = (front.first(), front.last()) {
        let (line, end_line) = (first.line, last.line);
        facts.push(Fact { kind: "meta", title: "Front matter".to_owned(), line, end_line, rows: front });
    }
    for part in parts {
        let own = about(part);
        // Behind a rule, the heading above says nothing any more.
        let mut control_part = part.clone();
        for block in part.of(blocks) {
            let rows = match &block.what {
                What::Paragraph(lines) => {
                    lines.iter().filter_map(|line| control_line(&line.text, line.no)).collect()
                }
                What::Item { marker, .. } if own => {
                    let order = match marker {
                        Marker::Number(number) => number.to_string(),
                        Marker::Bullet => String::new(),
                    };
                    let said = text(block).map(|markdown| plain(&markdown)).unwrap_or_default();
                    vec![row(block.line, [("text", said), ("order", order)])]
                }
                What::Item { .. } => {
                    text(block).and_then(|text| control_line(&text, block.line)).into_iter().collect()
                }
                What::Table(table) => table
                    .rows
                    .iter()
                    .filter_map(|cells| {
                        let name = plain(cells.cells.first()?);
                        (control(&name) && table.header.len() == 2).then(|| {
                            named(cells.line, &name, &plain(cells.cells.get(1).map_or("", String::as_str)))
                        })
                    })
                    .collect(),
                _ => Vec::new(),
            };
            if rows.is_empty() {
                continue;
            }
            if !own || part.ruled {
                control_part.title = "Document control".into();
                control_part.line = rows.first().map_or(block.line, |row| row.line);
                let last = facts.iter().rev().take(4).find(|fact: &&Fact| fact.title == *control_part.title);
                if let Some(last) = last.filter(|last| last.end_line + 3 >= block.line) {
                    control_part.line = last.line;
                }
            }
            add(&mut facts, "meta", &control_part, rows, block.end_line);
        }
    }
    facts
}

/// Whether a heading is about the document itself.
fn about(part: &Part) -> bool {
    let document = has(&part.title, &["runbook*", "document*", "playbook*", "guide", "page"]);
    let care = has(
        &part.title,
        &["update*", "maintenance", "history", "control", "review*", "revision*", "information", "metadata"],
    );
    let history = has(&part.title, &["history", "changelog", "revision*"])
        && has(&part.title, &["version*", "revision*", "change*", "changelog", "document*"]);
    (document && care) || history
}

/// Names under which documents keep account of themselves.
pub fn control(name: &str) -> bool {
    let lower = name.to_lowercase();
    let lower = lower.trim();
    if matches!(
        lower,
        "version"
            | "owner"
            | "owners"
            | "author"
            | "authors"
            | "maintainer"
            | "maintainers"
            | "reviewers"
            | "reviewer"
            | "revision"
            | "date"
            | "updated"
            | "created"
            | "approved by"
            | "approver"
            | "maintained by"
            | "status"
            | "classification"
            | "effective date"
            | "expires_at"
            | "last_updated"
            | "last_reviewed"
            | "reviewed"
    ) {
        return true;
    }
    let dated = has(lower, &["last", "next", "document", "runbook", "review"]);
    dated
        && has(
            lower,
            &[
                "updated",
                "reviewed",
                "review",
                "version",
                "revised",
                "modified",
                "owner",
                "tested",
                "frequency",
                "cycle",
                "date",
                "verified",
            ],
        )
}

/// `**Document Version:** 1.0`, `Last Updated: 2024-01-23`.
fn control_line(markdown: &str, line: u32) -> Option<Row> {
    let text = markdown.trim_matches(['*', '_']);
    let source = if markdown.starts_with("**") { markdown } else { text };
    let (name, value) = pair(source)?;
    let sure = !matches!(name.to_lowercase().as_str(), "status" | "date" | "classification");
    (control(&name) && sure && !value.is_empty()).then(|| named(line, &name, &plain(&value)))
}

fn named(line: u32, name: &str, value: &str) -> Row {
    let filled = if gap(value) { "no" } else { "" };
    let text = format!("{name} {value}");
    row(
        line,
        [
            ("text", text),
            ("name", name.to_owned()),
            ("value", value.to_owned()),
            ("filled", filled.to_owned()),
        ],
    )
}
