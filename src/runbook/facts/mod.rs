//! Severity scales, contacts, limits, alert rules, objectives, schedules and addresses of a document.
//!
//! Each kind has its file. All of them read blocks by what stands in them (a table's header, the names in a list,
//! the keys in a fence), and use headings and labels only to tell what is meant. Nothing is invented: a document
//! that names no severity has no scale.
mod build;
pub mod cadence;
mod columns;
mod contacts;
mod endpoints;
mod known;
pub mod level;
pub mod limit;
mod meta;
mod metric_alerts;
mod objectives;
mod page;
mod rules;
mod schedule;
mod section;
mod severity;
mod thresholds;

use super::document::Blocks;
use super::types::{Fact, Kind, Row, Runbook};
use page::Page;

/// All facts of a document, in the order of their lines.
pub fn read(blocks: &Blocks) -> Vec<Fact> {
    let joins = page::joins(blocks);
    let page = Page::new(blocks, &joins);
    let parts = section::parts(&page);
    let mut facts = severity::read(&page, &parts);
    let scales = Spans::of(&facts);
    // A time to answer is no limit of something that is measured.
    facts.extend(
        thresholds::read(&page, &parts)
            .into_iter()
            .filter(|fact| !scales.hold(fact.line) && !fact.rows.iter().any(|row| scales.hold(row.line))),
    );
    facts.extend(contacts::read(&page, &parts));
    facts.extend(rules::read(&page, &parts));
    facts.extend(objectives::read(&page, &parts));
    facts.extend(schedule::read(&page, &parts));
    facts.extend(meta::read(&page, &parts));
    facts.extend(endpoints::read(blocks));
    facts.sort_by_key(|fact| (fact.line, fact.end_line));
    facts
}

/// The lines of some facts: each first line with the last line of all that begin there or above.
struct Spans(Vec<(u32, u32)>);

impl Spans {
    fn of(facts: &[Fact]) -> Self {
        let mut spans: Vec<(u32, u32)> = facts.iter().map(|fact| (fact.line, fact.end_line)).collect();
        spans.sort_unstable();
        let mut end = 0;
        for span in &mut spans {
            end = end.max(span.1);
            span.1 = end;
        }
        Self(spans)
    }

    fn hold(&self, line: u32) -> bool {
        let above = self.0.partition_point(|(first, _)| *first <= line);
        above.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| line <= *last)
    }
}

/// What the document wants of each part that is recovered, in words: for a runbook that recovers something, and where
/// it speaks of parts at all.
pub fn objectives_for(facts: &[Fact], runbook: &Runbook) -> Vec<String> {
    if runbook.kind != Kind::Recovery {
        return Vec::new();
    }
    let rows = facts.iter().filter(|fact| fact.kind == "objectives").flat_map(|fact| &fact.rows);
    let words = rows.filter_map(|row| {
        let mut parts = Vec::new();
        for (name, value) in [("RPO", row.get("rpo")), ("RTO", row.get("rto"))] {
            parts.extend(value.map(|value| format!("{name} {value}")));
        }
        parts.extend(row.get("recovery_method").map(str::to_owned));
        Some(format!("{}: {}", row.get("component")?, parts.join(", ")))
    });
    words.take(MOST_OBJECTIVES).collect()
}

/// More parts would hide the steps.
const MOST_OBJECTIVES: usize = 12;

/// One level of the document's severity scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Level<'a> {
    pub name: &'a str,
    pub response_time: Option<&'a str>,
    pub line: u32,
}

/// The levels of the document's severity scales, in its order.
pub fn scale(facts: &[Fact]) -> impl Iterator<Item = Level<'_>> {
    let rows = facts.iter().filter(|fact| fact.kind == "severity").flat_map(|fact| &fact.rows);
    rows.filter_map(|row| {
        Some(Level { name: row.get("level")?, response_time: row.get("response_time"), line: row.line })
    })
}

/// The severity that the document's list of alerts gives to the first of these that it names; `*_Down` there stands for
/// all that end so.
pub fn severity_of<'a>(facts: &'a [Fact], alerts: &[String]) -> Option<&'a str> {
    let rows = || facts.iter().filter(|fact| fact.kind == "alert-rules").flat_map(|fact| &fact.rows);
    let named = |row: &Row, alert: &str| {
        row.get("alert").is_some_and(|name| match name.strip_prefix('*') {
            Some(end) => end.len() > 3 && alert.ends_with(end),
            None => name == alert,
        })
    };
    alerts.iter().find_map(|alert| rows().find(|row| named(row, alert))?.get("severity"))
}

/// The time within which the document wants a severity (`P0`, `P1 - Critical`, `SEV-2`) to be answered.
pub fn response_time_of<'a>(facts: &'a [Fact], severity: &str) -> Option<&'a str> {
    let wanted = level::read(severity.trim())?;
    let same = |level: &Level<'_>| level::read(level.name).is_some_and(|level| level.same(&wanted));
    scale(facts).filter(same).find_map(|level| level.response_time)
}
