//! What a document says about itself: version, dates, owner, how it is reviewed.
use crate::runbook::document::inline::plain;
use crate::runbook::document::{Marker, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, gap, row};
use super::known::{Known, Name};
use super::page::{Page, Pair, Said};
use super::section::Part;

/// What a table or a list of such names is called.
const CONTROL: &str = "Document control";

pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    let front: Vec<Row> = page
        .blocks
        .front
        .iter()
        .filter(|entry| control(&Name::of(entry.name.as_str())) && !entry.values.is_empty())
        .map(|entry| named(entry.line, &entry.name, &entry.values.join(", ")))
        .collect();
    if let (Some(first), Some(last)) = (front.first(), front.last()) {
        let (line, end_line) = (first.line, last.line);
        facts.push(Fact { kind: "meta", title: "Front matter".to_owned(), line, end_line, rows: front });
    }
    for part in parts {
        let own = about(part);
        // Behind a rule, the heading above says nothing any more.
        let mut control_part = None;
        for seen in part.of(page) {
            let block = seen.block;
            let rows = match &block.what {
                What::Item { marker, .. } if own => {
                    let order = match marker {
                        Marker::Number(number) => number.to_string(),
                        Marker::Bullet => String::new(),
                    };
                    let text = seen.said.first().map_or(String::new(), |said| said.plain().to_string());
                    vec![row(block.line, [("text", text), ("order", order)])]
                }
                What::Paragraph(_) | What::Item { .. } => seen.said.iter().filter_map(control_line).collect(),
                What::Table(table) if table.header.len() != 2 => Vec::new(),
                What::Table(table) => table
                    .rows
                    .iter()
                    .filter_map(|cells| {
                        let name = Name::of(plain(cells.cells.first()?));
                        control(&name).then(|| {
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
                let mut line = rows.first().map_or(block.line, |row| row.line);
                let last = facts.iter().rev().take(4).find(|fact: &&Fact| fact.title == CONTROL);
                if let Some(last) = last.filter(|last| last.end_line + 3 >= block.line) {
                    line = last.line;
                }
                control_part = Some(Part { title: Name::of(CONTROL), line, ..part.clone() });
            }
            add(&mut facts, "meta", control_part.as_ref().unwrap_or(part), rows, block.end_line);
        }
    }
    facts
}

/// Whether a heading is about the document itself.
fn about(part: &Part<'_>) -> bool {
    let document =
        part.title.has(const { &Known::new(&["runbook*", "document*", "playbook*", "guide", "page"]) });
    let care = part.title.has(
        const {
            &Known::new(&[
                "update*",
                "maintenance",
                "history",
                "control",
                "review*",
                "revision*",
                "information",
                "metadata",
            ])
        },
    );
    let history = part.title.has(const { &Known::new(&["history", "changelog", "revision*"]) })
        && part
            .title
            .has(const { &Known::new(&["version*", "revision*", "change*", "changelog", "document*"]) });
    (document && care) || history
}

/// Names under which documents keep account of themselves.
pub fn control(name: &Name<'_>) -> bool {
    /// At least one of these is in each of them.
    const WORDS: &Known = &Known::new(&[
        "version",
        "owner*",
        "author*",
        "maint*",
        "review*",
        "revision",
        "date",
        "updated",
        "created",
        "approve*",
        "status",
        "classification",
        "effective",
        "expires*",
        "last*",
        "next",
        "document",
        "runbook",
    ]);
    if !name.has(WORDS) {
        return false;
    }
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
    let dated = name.has(const { &Known::new(&["last", "next", "document", "runbook", "review"]) });
    dated
        && name.has(
            const {
                &Known::new(&[
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
                ])
            },
        )
}

/// `**Document Version:** 1.0`, `Last Updated: 2024-01-23`.
fn control_line(said: &Said<'_>) -> Option<Row> {
    let text = said.text.trim_matches(['*', '_']);
    let own;
    let pair = if text.len() == said.text.len() || said.text.starts_with("**") {
        said.pair()
    } else {
        own = Pair::read(text);
        own.as_ref()
    }?;
    if pair.value.is_empty() || !pair.control() {
        return None;
    }
    let sure = !["status", "date", "classification"].iter().any(|word| pair.name.eq_ignore_ascii_case(word));
    sure.then(|| named(said.line, &pair.name, pair.plain()))
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
