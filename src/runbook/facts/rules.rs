//! Alert rules of Prometheus in fences of YAML, with or without their groups.
//!
//! The lines are read one by one: a rule keeps its line, and one that is no valid YAML is still a rule.
use crate::runbook::document::{Fence, Line, Table, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::columns::{Columns, cell, key};
use super::known::{Known, Name};
use super::limit;
use super::metric_alerts;
use super::page::Page;
use super::section::Part;

pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for part in parts {
        for seen in part.of(page) {
            let rows = match &seen.block.what {
                // Cheap to ask before anything is read.
                What::Fence(fence) if fence.body.iter().any(|line| speaks(&line.text)) => {
                    let mut rows = of_fence(fence, part);
                    rows.extend(metric_alerts::of_fence(fence));
                    rows
                }
                What::Table(table) => of_table(table, seen.heads),
                _ => Vec::new(),
            };
            add(&mut facts, "alert-rules", part, rows, seen.block.end_line);
        }
    }
    facts
}

/// Whether a line has `alert` or `alarm` in it.
fn speaks(text: &str) -> bool {
    let bytes = text.as_bytes();
    memchr::memchr_iter(b'l', bytes).any(|at| {
        let word = at.checked_sub(1).and_then(|at| bytes.get(at..at + 5));
        matches!(word, Some(b"alert" | b"alarm"))
    })
}

/// The severity that the heading gives to rules which have none.
fn implied(part: &Part<'_>) -> Option<&'static str> {
    let name = |name: &Name<'_>| match () {
        () if name.has(const { &Known::new(&["critical", "page", "paging"]) }) => Some("critical"),
        () if name.has(const { &Known::new(&["warning", "warnings", "ticket"]) }) => Some("warning"),
        () if name.has(const { &Known::new(&["info", "informational"]) }) => Some("info"),
        () => None,
    };
    part.label.as_ref().and_then(name).or_else(|| name(&part.title))
}

/// A key of a mapping: its column, its name and what stands behind the colon.
struct Key<'a> {
    column: usize,
    /// It begins an item of a list.
    item: bool,
    name: &'a str,
    value: &'a str,
}

fn read_key(text: &str) -> Option<Key<'_>> {
    let mut column = text.len() - text.trim_start().len();
    let mut rest = text.trim_start();
    let mut item = false;
    while let Some(inner) = rest.strip_prefix("- ") {
        item = true;
        column += rest.len() - inner.trim_start().len();
        rest = inner.trim_start();
    }
    let (name, value) = rest.split_once(':')?;
    let word =
        !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/'));
    (word && (value.is_empty() || value.starts_with(' '))).then(|| Key {
        column,
        item,
        name,
        value: value.trim(),
    })
}

/// A rule while its lines are read.
#[derive(Default)]
struct Rule {
    column: usize,
    line: u32,
    named: bool,
    values: Vec<(String, String)>,
}

fn of_fence(fence: &Fence, part: &Part<'_>) -> Vec<Row> {
    let yaml = matches!(
        fence.lang.as_str(),
        "" | "yaml" | "yml" | "prometheus" | "promql" | "text" | "txt" | "bash" | "sh"
    );
    if !yaml
        || !fence
            .body
            .iter()
            .any(|line| line.text.trim_start().trim_start_matches("- ").starts_with("alert:"))
    {
        return Vec::new();
    }
    let implied = implied(part);
    let mut rows = Vec::new();
    let mut rule = Rule::default();
    let mut inside: Option<(usize, &str)> = None;
    let mut at = 0;
    while let Some(line) = fence.body.get(at) {
        at += 1;
        let Some(found) = read_key(&line.text).filter(|_| !line.text.trim_start().starts_with('#')) else {
            continue;
        };
        // An item at the rule's column or left of it ends the rule; so does a key left of it.
        if found.item && (!rule.named || found.column <= rule.column) || found.column < rule.column {
            rows.extend(finished(std::mem::take(&mut rule), implied));
            rule.column = found.column;
            inside = None;
        }
        let (value, next) = whole(&fence.body, at, &found);
        at = next;
        if found.column == rule.column {
            inside = None;
            match found.name {
                "alert" => {
                    if rule.named {
                        rows.extend(finished(std::mem::take(&mut rule), implied));
                        rule.column = found.column;
                    }
                    rule.named = true;
                    rule.line = line.no;
                    rule.values.push(("alert".to_owned(), value));
                }
                "labels" | "annotations" => {
                    inside = Some((found.column, found.name));
                    rule.values.extend(
                        flow(&value).into_iter().map(|(name, value)| (held(found.name, &name), value)),
                    );
                }
                "expr" | "for" | "keep_firing_for" => rule.values.push((found.name.to_owned(), value)),
                _ => {}
            }
        } else if let Some((_, map)) = inside.filter(|(column, _)| found.column > *column) {
            rule.values.push((held(map, found.name), value));
        }
    }
    rows.extend(finished(rule, implied));
    rows
}

/// The names of labels and annotations that have a place of their own; others say whose they are.
fn held(map: &str, name: &str) -> String {
    match name {
        "severity" | "summary" | "description" | "message" | "runbook_url" => name.to_owned(),
        "runbook" => "runbook_url".to_owned(),
        name if map == "labels" => format!("label_{name}"),
        name => format!("annotation_{name}"),
    }
}

/// The whole value of a key: quotes taken off, the lines of a block or of a continuation joined.
fn whole(body: &[Line], next: usize, found: &Key<'_>) -> (String, usize) {
    let block = found.value.starts_with(['|', '>']) && found.value.len() <= 2;
    let mut value = if block { String::new() } else { unquoted(found.value) };
    let mut at = next;
    let flow = found.value.starts_with('{') && !found.value.ends_with('}');
    while let Some(line) = body.get(at) {
        let text = line.text.trim();
        let column = line.text.len() - line.text.trim_start().len();
        let empty = text.is_empty();
        let deeper = column > found.column || (empty && block);
        let more = block || flow || (!found.value.is_empty() && (empty || read_key(&line.text).is_none()));
        if !deeper || !more || (!block && (empty || text.starts_with('#'))) {
            break;
        }
        if !value.is_empty() && !empty {
            value.push(' ');
        }
        value.push_str(text);
        at += 1;
    }
    (if block { value } else { unquoted(&value) }, at)
}

/// Takes quotes off, and a comment behind the value.
fn unquoted(value: &str) -> String {
    let value = value.trim();
    let Some(quote) = value.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return value.split(" #").next().unwrap_or_default().trim_end().to_owned();
    };
    let mut out = String::new();
    let mut inside = value.chars().skip(1).peekable();
    while let Some(c) = inside.next() {
        match c {
            '\\' if quote == '"' => out.extend(inside.next()),
            // Two quotes stand for one.
            c if c == quote && quote == '\'' && inside.peek() == Some(&quote) => out.extend(inside.next()),
            c if c == quote => {
                let rest: String = inside.collect();
                let ends = rest.is_empty() || rest.trim_start().starts_with('#');
                return if ends { out } else { value.to_owned() };
            }
            c => out.push(c),
        }
    }
    value.to_owned()
}

/// `{severity: page, team: "a"}`
fn flow(value: &str) -> Vec<(String, String)> {
    let Some(inner) = value.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) else {
        return Vec::new();
    };
    let pairs = inner.split(',').filter_map(|pair| pair.split_once(':'));
    pairs.map(|(name, value)| (name.trim().trim_matches('"').to_owned(), unquoted(value))).collect()
}

fn finished(rule: Rule, implied: Option<&str>) -> Option<Row> {
    if !rule.named {
        return None;
    }
    let mut values = rule.values;
    // The name comes first, wherever it stood.
    values.sort_by_key(|(name, _)| name != "alert");
    let get = |values: &[(String, String)], name: &str| {
        values.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    };
    if let Some(severity) = implied.filter(|_| get(&values, "severity").is_none()) {
        values.push(("severity".to_owned(), severity.to_owned()));
        values.push(("severity_from".to_owned(), "heading".to_owned()));
    }
    if let Some((sign, number)) = get(&values, "expr").as_deref().and_then(limit::of_expression) {
        values.push(("limit_op".to_owned(), sign.to_owned()));
        values.push(("limit_value".to_owned(), number));
    }
    Some(row(rule.line, values))
}

/// A table of alerts: their names with conditions, severities, runbooks.
fn of_table(table: &Table, heads: &[Name<'_>]) -> Vec<Row> {
    let column = |title: &Name<'_>| {
        Some(match () {
            () if title.has(const { &Known::new(&["alert", "alertname", "alerts", "rule"]) })
                && !title.has(const { &Known::new(&["threshold*", "condition*"]) }) =>
            {
                "alert"
            }
            () if title.has(
                const {
                    &Known::new(&[
                        "expr",
                        "expression",
                        "query",
                        "condition*",
                        "trigger*",
                        "threshold*",
                        "criteria",
                    ])
                },
            ) =>
            {
                "condition"
            }
            () if title.has(const { &Known::new(&["severity", "priority", "level"]) }) => "severity",
            () if title.has(const { &Known::new(&["for", "duration", "window"]) }) => "for",
            () if title.has(const { &Known::new(&["runbook", "playbook", "link"]) }) => "runbook_url",
            () => return None,
        })
    };
    let columns = Columns::read(heads, column);
    let named = matches!(columns.all.first(), Some((_, Some("alert"))));
    if !named || !["condition", "severity", "runbook_url"].iter().any(|name| columns.has(name)) {
        return Vec::new();
    }
    let rows = table.rows.iter().map(|cells| {
        let mut values = Vec::new();
        for (at, (title, name)) in columns.all.iter().enumerate() {
            let markdown = cells.cells.get(at).map_or("", String::as_str);
            let link = super::columns::link(markdown).filter(|_| *name == Some("runbook_url"));
            values.push((
                name.map_or_else(|| key(title), str::to_owned),
                link.unwrap_or_else(|| cell(cells, at)),
            ));
        }
        row(cells.line, values)
    });
    rows.filter(|row| row.get("alert").is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_with_their_columns() {
        let told = |text| {
            read_key(text).map(|key| (key.column, key.item, key.name.to_owned(), key.value.to_owned()))
        };
        assert_eq!(told("  - alert: A"), Some((4, true, "alert".to_owned(), "A".to_owned())));
        assert_eq!(told("  for: 5m"), Some((2, false, "for".to_owned(), "5m".to_owned())));
        assert_eq!(told("  rate(a[5m]) > 3"), None);
    }
}
