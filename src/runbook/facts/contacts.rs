//! Whom to call: tables and lists of contacts, and the ladder of an escalation.
use crate::runbook::document::inline::{bare, links, plain};
use crate::runbook::document::{Marker, Table, TableRow, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, gap, row};
use super::columns::{Columns, cell, key};
use super::known::{Known, Name};
use super::level;
use super::page::{Page, Pair, Said, Seen};
use super::section::{Part, first_of_heading};

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

const ABOUT: &Known = &Known::new(&[
    "contact*",
    "escalat*",
    "oncall",
    "vendor*",
    "pager*",
    "stakeholder*",
    "rota",
    "rotation*",
    "hotline*",
]);

pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        let about = about(part);
        for seen in part.of(page) {
            if let What::Table(table) = &seen.block.what {
                let rows = of_table(table, seen.heads, about);
                add(&mut facts, "contacts", part, rows, seen.block.end_line);
            }
        }
        let one = by_label(page, part);
        if let Some((row, end)) = one.filter(|_| !times(part)) {
            add(&mut facts, "contacts", part, vec![row], end);
        } else if (about || reached(page, part)) && !times(part) {
            let ladder = ladder(parts, at);
            let (rows, end) = of_list(page, part, ladder);
            add(&mut facts, "contacts", part, rows, end);
        }
    }
    facts
}

/// Whether the part is about people: its heading or its label says so, in words that are no order to do something.
fn about(part: &Part<'_>) -> bool {
    let on_call = |text: &str| {
        let bytes = text.as_bytes();
        let calls = |at: usize| bytes.get(at + 1).is_some_and(|b| b.eq_ignore_ascii_case(&b'c'));
        memchr::memchr2_iter(b'-', b' ', bytes).any(calls)
            && ["on-call", "on call"].iter().any(|word| text.to_lowercase().contains(word))
    };
    let says = |name: &Name<'_>| name.has(ABOUT) || on_call(name);
    says(&part.title) || part.label.as_ref().is_some_and(says)
}

/// `**Level 1 - Administration:**` above `- Email: …`: one contact, whose ways to be reached stand below it.
fn by_label(page: &Page<'_>, part: &Part<'_>) -> Option<(Row, u32)> {
    let people = const {
        &Known::new(&[
            "level",
            "tier",
            "team",
            "lead",
            "manager",
            "engineer*",
            "admin*",
            "support",
            "vendor",
            "officer",
        ])
    };
    let label = part.label.as_ref().filter(|label| label.has(people))?;
    let mut values = vec![("role".to_owned(), label.to_string()), ("contact".to_owned(), String::new())];
    let mut end = part.label_line;
    for seen in part.of(page) {
        let (What::Item { .. }, None, [said]) = (&seen.block.what, seen.block.item, seen.said) else {
            return None;
        };
        let pair = said.full()?;
        if matches!(column(&pair.name), Some(Column::Way)) && reachable(pair.plain()).is_some() {
            let (_, contact) = values.get_mut(1)?;
            if contact.is_empty() {
                *contact = address(&pair.value);
            }
        }
        values.push((key(&pair.name), address(&pair.value)));
        end = seen.block.end_line;
    }
    let reached = values.get(1).is_some_and(|(_, contact)| !contact.is_empty());
    (reached && values.len() < 16).then(|| (row(part.label_line, values), end))
}

/// `External Support`, `Teams`: about people where all that is listed there can be reached.
fn reached(page: &Page<'_>, part: &Part<'_>) -> bool {
    let people = const { &Known::new(&["support", "team", "teams", "people", "help", "helpdesk"]) };
    let mut items = part
        .of(page)
        .filter(|seen| matches!(seen.block.what, What::Item { .. }) && seen.block.item.is_none());
    let can = |seen: Seen<'_, '_>| match seen.said {
        [said] => {
            said.full().is_some_and(|pair| reachable(pair.plain()).is_some_and(|word| word.contains('@')))
        }
        _ => false,
    };
    let mut any = false;
    part.name().has(people)
        && items.all(|seen| {
            any = true;
            can(seen)
        })
        && any
}

/// Levels and their response times are no people.
fn times(part: &Part<'_>) -> bool {
    part.name().has(const { &Known::new(&["severity", "response", "priority"]) })
}

/// Whether the order of the list is the order of calling.
fn ladder(parts: &[Part<'_>], at: usize) -> bool {
    parts.get(at).is_some_and(|part| match &part.label {
        Some(label) => label.has(const { &Known::new(&["escalat*", "order", "chain", "ladder"]) }),
        None => {
            part.title.has(const { &Known::new(&["escalat*", "chain", "ladder"]) })
                && first_of_heading(parts, at)
        }
    })
}

fn column(title: &Name<'_>) -> Option<Column> {
    Some(
        match () {
            () if title.has(const { &Known::new(&["escalat*", "after", "when", "trigger"]) }) => {
                Column::Escalation
            }
            ()
                if title.has(
                    const {
                        &Known::new(&[
                            "hours",
                            "availability",
                            "timezone",
                            "coverage",
                            "schedule",
                            "available",
                        ])
                    },
                ) =>
            {
                Column::Hours
            }
            () if title.has(
                const {
                    &Known::new(&[
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
                    ])
                },
            ) || title.has(const { &Known::new(&["channel", "handle", "e"]) })
                && title.has(const { &Known::new(&["channel", "handle", "mail"]) }) =>
            {
                Column::Way
            }
            () if title.has(const { &Known::new(&["contact*", "reach", "how", "method"]) }) => {
                Column::Contact
            }
            () if title.has(
                const {
                    &Known::new(&[
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
                    ])
                },
            ) =>
            {
                Column::Role
            }
            () if title.has(const { &Known::new(&["name", "person", "owner", "primary", "engineer"]) }) => {
                Column::Name
            }
            () => return None,
        },
    )
}

fn of_table(table: &Table, heads: &[Name<'_>], about: bool) -> Vec<Row> {
    let columns = Columns::read(heads, column);
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

fn of_row(columns: &Columns<'_, '_, Column>, cells: &TableRow) -> Option<Row> {
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
fn of_list(page: &Page<'_>, part: &Part<'_>, ladder: bool) -> (Vec<Row>, u32) {
    let mut rows: Vec<Row> = Vec::new();
    let mut end = part.line;
    let mut order = 0;
    for seen in part.of(page) {
        let block = seen.block;
        let numbered = match &block.what {
            What::Item { marker, .. } => matches!(marker, Marker::Number(_)),
            What::Paragraph(_) if seen.said.iter().all(|said| said.lead().is_some_and(|lead| lead.colon)) => {
                let control = |bold: &str| super::meta::control(&Name::of(bold));
                let people = |said: &&Said<'_>| said.lead().is_some_and(|lead| !control(&lead.bold));
                for said in seen.said.iter().filter(people) {
                    rows.extend(one(said, None, false));
                    end = end.max(said.line);
                }
                continue;
            }
            _ => continue,
        };
        if block.item.is_some() {
            below(seen, &mut rows);
            end = end.max(block.end_line);
            continue;
        }
        let [said] = seen.said else { continue };
        let climbs = ladder || (numbered && part.name().has(const { &Known::new(&["escalat*"]) }));
        let rank = climbs.then_some(order + 1);
        if let Some(found) = one(said, rank, climbs) {
            order += 1;
            rows.push(found);
            end = end.max(block.end_line);
        }
    }
    (rows, end)
}

/// One entry of a list: `**Role**: contact`, `Role - contact`, `Role`.
fn one(said: &Said<'_>, order: Option<u32>, ladder: bool) -> Option<Row> {
    let (plain_text, line) = (said.plain(), said.line);
    if level::read(plain_text).is_some_and(|level| level.code.is_some()) && !ladder {
        return None;
    }
    let order = ("order", order.map_or(String::new(), |order| order.to_string()));
    if let Some((role, value)) = parted(said) {
        let reach = address(&value);
        let filled = !gap(&value);
        let values = vec![("role".to_owned(), role), ("contact".to_owned(), reach)];
        let mut values = marked(values, filled);
        values.insert(2, (order.0.to_owned(), order.1));
        return Some(row(line, values));
    }
    // A bare name is a contact on a ladder; elsewhere it has to hold an address.
    let reach = reachable(plain_text);
    let short = plain_text.split_whitespace().count() <= 8;
    match reach {
        _ if ladder && short => Some(row(line, [("role", bare(plain_text).to_owned()), order])),
        Some(_) => Some(row(line, [("contact", plain_text.to_string()), order])),
        None if ladder => Some(row(line, [("role", plain_text.to_string()), order])),
        None => None,
    }
}

fn parted(said: &Said<'_>) -> Option<(String, String)> {
    if let Some(pair) = said.pair() {
        let told = !pair.value.is_empty() || said.lead().is_some_and(|lead| lead.colon);
        return told.then(|| (pair.name.to_string(), pair.value.to_string()));
    }
    if let Some(lead) = said.lead() {
        let rest = lead.rest.trim_start_matches(['-', '–', '—', ' ']);
        return lead.rest.starts_with(['(', '-', '–', '—']).then(|| (lead.bold.to_string(), rest.to_owned()));
    }
    let sign = [" - ", " – ", " — ", " → ", " -> "].into_iter().find(|sign| said.text.contains(sign))?;
    let (role, value) = said.text.split_once(sign)?;
    (role.split_whitespace().count() <= 6).then(|| (plain(role).into_owned(), value.trim().to_owned()))
}

/// A value as it is shown: a link's text with the address it leads to.
fn address(value: &str) -> String {
    let text = plain(value);
    match links(value).as_slice() {
        [(label, url)] if !text.contains(url.as_str()) => {
            let url = url.strip_prefix("mailto:").unwrap_or(url);
            if url == label { text.into_owned() } else { format!("{text} ({url})") }
        }
        _ => text.into_owned(),
    }
}

/// A way to reach somebody in a text: a mail, a channel, a handle, a number, a link.
fn reachable(text: &str) -> Option<String> {
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
fn below(seen: Seen<'_, '_>, rows: &mut [Row]) {
    let Some(last) = rows.last_mut() else { return };
    match seen.said {
        [] => {}
        [only] => detail(last, only.pair()),
        _ => detail(last, seen.whole().as_deref().and_then(Pair::read).as_ref()),
    }
}

fn detail(row: &mut Row, pair: Option<&Pair<'_>>) {
    let Some(pair) = pair.filter(|pair| !pair.value.is_empty() && row.values.len() < 64) else { return };
    let filled = !gap(&pair.value);
    row.values.push((key(&pair.name), address(&pair.value)));
    if filled {
        row.values.retain(|(name, _)| name != "filled");
    }
}
