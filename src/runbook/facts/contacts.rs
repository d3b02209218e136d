//! Whom to call: tables and lists of contacts, and the ladder of an escalation.
use crate::runbook::document::inline::{bare, lead, links, plain};
use crate::runbook::document::{Block, Blocks, Marker, Table, TableRow, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, gap, row};
use super::columns::{Columns, cell, key};
use super::level;
use super::section::{Part, first_of_heading, has, pair, text};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Column {
    Role,
    Name,
    Contact,
    /// Phone, mail, chat: ways to reach somebody, each under its own name.
    Way,
    Escalation,
    Hours,
}

const ABOUT: &[&str] =
    &["contact*", "escalat*", "oncall", "vendor*", "pager*", "stakeholder*", "rota", "rotation*", "hotline*"];

pub fn read(blocks: &Blocks, parts: &[Part]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        for block in part.of(blocks) {
            if let What::Table(table) = &block.what {
                add(&mut facts, "contacts", part, of_table(table, about(part)), block.end_line);
            }
        }
        if about(part) && !times(part) {
            let ladder = ladder(parts, at);
            let (rows, end) = of_list(blocks, part, ladder);
            add(&mut facts, "contacts", part, rows, end);
        }
    }
    facts
}

/// Whether the part is about people: its heading or its label says so, in words that are no order to do something.
fn about(part: &Part) -> bool {
    let says = |text: &str| {
        let on_call = text.to_lowercase().contains("on-call") || text.to_lowercase().contains("on call");
        has(text, ABOUT) || on_call
    };
    says(&part.title) || part.label.as_deref().is_some_and(says)
}

/// Levels and their response times are no people.
fn times(part: &Part) -> bool {
    has(part.name(), &["severity", "response", "priority"])
}

/// Whether the order of the list is the order of calling.
fn ladder(parts: &[Part], at: usize) -> bool {
    parts.get(at).is_some_and(|part| match &part.label {
        Some(label) => has(label, &["escalat*", "order", "chain", "ladder"]),
        None => has(&part.title, &["escalat*", "chain", "ladder"]) && first_of_heading(parts, at),
    })
}

fn column(title: &str) -> Option<Column> {
    Some(match () {
        () if has(title, &["escalat*", "after", "when", "trigger"]) => Column::Escalation,
        () if has(title, &["hours", "availability", "timezone", "coverage", "schedule", "available"]) => {
            Column::Hours
        }
        () if has(
            title,
            &[
                "phone",
                "mobile",
                "email",
                "mail",
                "slack",
                "pagerduty",
                "pager",
                "chat",
                "teams",
                "telephone",
                "opsgenie",
            ],
        ) || has(title, &["channel", "handle", "e"]) && has(title, &["channel", "handle", "mail"]) =>
        {
            Column::Way
        }
        () if has(title, &["contact*", "reach", "how", "method"]) => Column::Contact,
        () if has(
            title,
            &[
                "role",
                "team",
                "level",
                "position",
                "title",
                "function",
                "vendor",
                "provider",
                "responsibility",
                "service",
                "who",
                "tier",
            ],
        ) =>
        {
            Column::Role
        }
        () if has(title, &["name", "person", "owner", "primary", "engineer"]) => Column::Name,
        () => return None,
    })
}

fn of_table(table: &Table, about: bool) -> Vec<Row> {
    let columns = Columns::read(table, column);
    let person = columns.has(Column::Role) || columns.has(Column::Name);
    let reach = columns.has(Column::Contact) || columns.has(Column::Way);
    // A table of services with their channels is about people only where the heading says so.
    let first = matches!(columns.all.first(), Some((_, Some(Column::Role | Column::Name))));
    let named = about || (columns.has(Column::Contact) && first);
    if !person || !named || !(reach || (about && columns.has(Column::Name))) {
        return Vec::new();
    }
    table.rows.iter().filter_map(|cells| of_row(&columns, cells)).collect()
}

fn of_row(columns: &Columns<Column>, cells: &TableRow) -> Option<Row> {
    let both = columns.has(Column::Role);
    let mut values: Vec<(String, String)> = Vec::new();
    let mut ways: Vec<String> = Vec::new();
    for (at, (title, column)) in columns.all.iter().enumerate() {
        let value = cell(cells, at);
        let taken = |name: &str| values.iter().any(|(key, _)| key == name);
        let name = match column {
            Some(Column::Role) if !taken("role") => "role".to_owned(),
            Some(Column::Name) => if both { "name" } else { "role" }.to_owned(),
            Some(Column::Contact) if !taken("contact") => "contact".to_owned(),
            Some(Column::Escalation) => "escalation".to_owned(),
            Some(Column::Hours) => "hours".to_owned(),
            _ => key(title),
        };
        if matches!(column, Some(Column::Way | Column::Contact)) {
            ways.push(value.clone());
        }
        values.push((name, value));
    }
    values.first().filter(|(_, value)| !value.is_empty())?;
    let filled = ways.iter().any(|way| !gap(way))
        || (ways.is_empty() && values.iter().skip(1).any(|(_, value)| !gap(value)));
    if !values.iter().any(|(name, _)| name == "contact") {
        values.extend(ways.into_iter().find(|way| !gap(way)).map(|way| ("contact".to_owned(), way)));
    }
    Some(row(cells.line, marked(values, filled)))
}

/// Says that nobody has filled the row in.
fn marked(mut values: Vec<(String, String)>, filled: bool) -> Vec<(String, String)> {
    if !filled {
        values.push(("filled".to_owned(), "no".to_owned()));
    }
    values
}

/// The rows of a list, and its last line.
fn of_list(blocks: &Blocks, part: &Part, ladder: bool) -> (Vec<Row>, u32) {
    let mut rows: Vec<Row> = Vec::new();
    let mut end = part.line;
    let mut order = 0;
    for block in part.of(blocks) {
        let numbered = match &block.what {
            What::Item { marker, .. } => matches!(marker, Marker::Number(_)),
            What::Paragraph(lines)
                if lines.iter().all(|line| lead(&line.text).is_some_and(|lead| lead.colon)) =>
            {
                let people = |text: &str| lead(text).is_some_and(|lead| !super::meta::control(&lead.bold));
                for line in lines.iter().filter(|line| people(&line.text)) {
                    rows.extend(one(&line.text, line.no, None, false));
                    end = end.max(line.no);
                }
                continue;
            }
            _ => continue,
        };
        if block.item.is_some() {
            below(block, &mut rows);
            end = end.max(block.end_line);
            continue;
        }
        let Some(markdown) = text(block) else { continue };
        let climbs = ladder || (numbered && has(part.name(), &["escalat*"]));
        let rank = climbs.then_some(order + 1);
        if let Some(found) = one(&markdown, block.line, rank, climbs) {
            order += 1;
            rows.push(found);
            end = end.max(block.end_line);
        }
    }
    (rows, end)
}

/// One entry of a list: `**Role**: contact`, `Role - contact`, `Role`.
fn one(markdown: &str, line: u32, order: Option<u32>, ladder: bool) -> Option<Row> {
    let plain_text = plain(markdown);
    if level::read(&plain_text).is_some_and(|level| level.code.is_some()) && !ladder {
        return None;
    }
    let order = ("order", order.map_or(String::new(), |order| order.to_string()));
    if let Some((role, value)) = parted(markdown) {
        let reach = address(&value);
        let filled = !gap(&value);
        let values = vec![("role".to_owned(), role), ("contact".to_owned(), reach)];
        let mut values = marked(values, filled);
        values.insert(2, (order.0.to_owned(), order.1));
        return Some(row(line, values));
    }
    // A bare name is a contact on a ladder; elsewhere it has to hold an address.
    let reach = reachable(markdown);
    let short = plain_text.split_whitespace().count() <= 8;
    match reach {
        _ if ladder && short => Some(row(line, [("role", bare(&plain_text).to_owned()), order])),
        Some(_) => Some(row(line, [("contact", plain_text), order])),
        None if ladder => Some(row(line, [("role", plain_text), order])),
        None => None,
    }
}

fn parted(markdown: &str) -> Option<(String, String)> {
    if let Some((role, value)) = pair(markdown).filter(|(_, value)| !value.is_empty()) {
        return Some((role, value));
    }
    if let Some((role, value)) = pair(markdown) {
        return lead(markdown).filter(|lead| lead.colon).map(|_| (role, value));
    }
    if let Some(lead) = lead(markdown) {
        return (!lead.rest.is_empty() && lead.rest.starts_with(['(', '-', '–', '—']))
            .then(|| (lead.bold, lead.rest.trim_start_matches(['-', '–', '—', ' ']).to_owned()));
    }
    let sign = [" - ", " – ", " — ", " → ", " -> "].into_iter().find(|sign| markdown.contains(sign))?;
    let (role, value) = markdown.split_once(sign)?;
    (role.split_whitespace().count() <= 6).then(|| (plain(role), value.trim().to_owned()))
}

/// A value as it is shown: a link's text with the address it leads to.
fn address(value: &str) -> String {
    let text = plain(value);
    match links(value).as_slice() {
        [(label, url)] if !text.contains(url.as_str()) => {
            let url = url.strip_prefix("mailto:").unwrap_or(url);
            if url == label { text } else { format!("{text} ({url})") }
        }
        _ => text,
    }
}

/// A way to reach somebody in a text: a mail, a channel, a handle, a number, a link.
fn reachable(markdown: &str) -> Option<String> {
    let text = plain(markdown);
    let word = text.split_whitespace().find(|word| {
        let word = word.trim_matches(['(', ')', ',', '.', ';', '"']);
        let mail = word.split_once('@').is_some_and(|(_, host)| host.contains('.') || word.starts_with('@'));
        let channel =
            word.strip_prefix('#').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()));
        let digits = word.bytes().filter(u8::is_ascii_digit).count();
        mail || channel || digits >= 7 || word.starts_with("http")
    });
    word.map(str::to_owned)
}

/// An entry below an entry: `Phone: …` below the name of a team.
fn below(block: &Block, rows: &mut [Row]) {
    let Some(last) = rows.last_mut() else { return };
    let Some((name, value)) = text(block).and_then(|markdown| pair(&markdown)) else { return };
    if !value.is_empty() && last.values.len() < 64 {
        let filled = !gap(&value);
        last.values.push((key(&name), address(&value)));
        if filled {
            last.values.retain(|(name, _)| name != "filled");
        }
    }
}
