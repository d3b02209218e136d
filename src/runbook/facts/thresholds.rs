//! Limits of what is measured: tables of indicators, and lines such as `CPU usage: target < 70%`.
use crate::runbook::document::inline::{bare, code_spans};
use crate::runbook::document::{Marker, Table, TableRow, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::columns::{Columns, cell, key};
use super::known::{Known, Name, has};
use super::limit::{self, Limit};
use super::page::{Page, Said, Seen};
use super::section::Part;

pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    for part in parts {
        let mut metrics = Vec::new();
        let about = measured(&part.title) || part.label.as_ref().is_some_and(measured);
        let asked = part.title.has(const { &Known::new(&["metric*", "indicator*", "kpi*", "signals"]) });
        // The limits that stand below the name of what they limit, by the item that names it.
        let mut below: Vec<(usize, Row)> = Vec::new();
        let mut last = part.line;
        for seen in part.of(page) {
            let end = seen.block.end_line;
            if take_below(page, seen, &mut below) {
                last = end;
                continue;
            }
            let rows = match &seen.block.what {
                What::Table(table) if capacity(table) => {
                    add(&mut facts, "capacity", part, capacities(table, seen.heads), end);
                    Vec::new()
                }
                What::Table(table) => of_table(table, seen.heads),
                _ => of_block(part, seen, about),
            };
            add(&mut facts, "thresholds", part, rows, end);
            metrics.extend(asked.then(|| metric(seen)).flatten());
        }
        add(&mut facts, "thresholds", part, below.into_iter().map(|(_, row)| row).collect(), last);
        let end = metrics.last().map_or(part.line, |row: &Row| row.line);
        add(&mut facts, "metrics", part, metrics, end);
    }
    facts
}

/// What a column of limits is for.
fn column(title: &Name<'_>) -> Option<&'static str> {
    Some(match () {
        () if title.has(
            const { &Known::new(&["critical", "crit", "page", "emergency", "severe", "danger", "red"]) },
        ) =>
        {
            "critical"
        }
        () if title.has(
            const { &Known::new(&["warning", "warn", "alert", "alarm", "yellow", "amber", "degraded"]) },
        ) =>
        {
            "warning"
        }
        () if title.has(
            const {
                &Known::new(&[
                    "target",
                    "normal",
                    "healthy",
                    "ok",
                    "expected",
                    "goal",
                    "objective",
                    "slo",
                    "good",
                    "acceptable",
                    "green",
                    "baseline",
                ])
            },
        ) =>
        {
            "target"
        }
        () if title.has(const { &Known::new(&["threshold*", "limit*"]) }) => "limit",
        () if title.has(
            const {
                &Known::new(&[
                    "metric*",
                    "indicator*",
                    "kpi*",
                    "sli",
                    "signal",
                    "measure",
                    "measurement",
                    "check",
                    "parameter",
                ])
            },
        ) =>
        {
            "metric"
        }
        () if title
            .has(const { &Known::new(&["resource", "component", "service", "name", "item", "what"]) }) =>
        {
            "thing"
        }
        () => return None,
    })
}

fn of_table(table: &Table, heads: &[Name<'_>]) -> Vec<Row> {
    let columns = Columns::read(heads, column);
    let limits = ["critical", "warning", "target", "limit"].iter().filter(|name| columns.has(name)).count();
    let metric = columns.find("metric").or_else(|| columns.find("thing")).or((limits > 1).then_some(0));
    let Some(metric) = metric.filter(|at| limits > 0 && !limits_at(&columns, *at)) else { return Vec::new() };
    // One column of targets that hold no number is no table of limits; nor is one of times to respond or recover.
    let numbers = table.rows.iter().filter(|cells| {
        let mut all = columns.all.iter().enumerate();
        all.any(|(at, (_, name))| is_limit(*name) && limit::cell(&cell(cells, at)).is_some())
    });
    let times = table.header.iter().any(|title| {
        has(title, const { &Known::new(&["rto", "rpo", "response", "severity", "priority"]) })
            && column(&Name::of(title)).is_none_or(|name| name == "metric" || name == "thing")
    });
    let alerts = columns
        .all
        .first()
        .is_some_and(|(title, _)| title.has(const { &Known::new(&["alert*", "alertname"]) }));
    if alerts || times || numbers.count() * 2 < table.rows.len() {
        return Vec::new();
    }
    table.rows.iter().map(|cells| of_row(&columns, metric, cells)).collect()
}

fn is_limit(name: Option<&str>) -> bool {
    matches!(name, Some("critical" | "warning" | "target" | "limit"))
}

fn limits_at(columns: &Columns<'_, '_, &'static str>, at: usize) -> bool {
    columns.all.get(at).is_some_and(|(_, name)| is_limit(*name))
}

fn of_row(columns: &Columns<'_, '_, &'static str>, metric: usize, cells: &TableRow) -> Row {
    let mut values = vec![("metric".to_owned(), cell(cells, metric))];
    let mut parts = Vec::new();
    for (at, (title, name)) in columns.all.iter().enumerate().filter(|(at, _)| *at != metric) {
        let value = cell(cells, at);
        let name = match name {
            Some(name) if is_limit(Some(name)) && !values.iter().any(|(key, _)| key == name) => {
                (*name).to_owned()
            }
            _ => key(title),
        };
        if let Some(limit) = limit::cell(&value).filter(|_| is_limit(Some(&name))) {
            parts.extend(limit::values(&name, &limit));
        }
        values.push((name, value));
    }
    values.extend(parts);
    row(cells.line, values)
}

/// Plans of sizes: what there is now and what there shall be.
fn capacity(table: &Table) -> bool {
    let now =
        table.header.iter().any(|title| has(title, const { &Known::new(&["current", "today", "now"]) }));
    let then = table.header.iter().filter(|title| {
        has(
            title,
            const { &Known::new(&["month*", "year*", "quarter*", "planned", "projected", "forecast"]) },
        )
    });
    now && then.count() > 0
}

fn capacities(table: &Table, heads: &[Name<'_>]) -> Vec<Row> {
    let titles: Vec<String> = heads.iter().map(|title| key(title)).collect();
    let rows = table.rows.iter().map(|cells| {
        let values = titles.iter().enumerate().map(|(at, title)| {
            let name = if at == 0 { "component" } else { title.as_str() };
            (name.to_owned(), cell(cells, at))
        });
        row(cells.line, values)
    });
    rows.collect()
}

/// A title under which things are measured.
fn measured(title: &Name<'_>) -> bool {
    const WORDS: &Known = &Known::new(&[
        "metric*",
        "kpi*",
        "indicator*",
        "threshold*",
        "limit*",
        "slo*",
        "sli*",
        "target*",
        "monitor*",
        "signals",
    ]);
    title.has(WORDS)
}

/// The limits in the lines of an item or a paragraph.
fn of_block(part: &Part<'_>, seen: Seen<'_, '_>, about: bool) -> Vec<Row> {
    let bold = |said: &&Said<'_>| said.text.starts_with("**") || said.text.starts_with("__");
    match &seen.block.what {
        // A numbered step may speak of a limit without being one.
        What::Item { marker: Marker::Number(_), .. } if !about => Vec::new(),
        What::Item { .. } => seen.said.iter().filter_map(|said| of_line(part, said, about)).collect(),
        What::Paragraph(_) => {
            seen.said.iter().filter(bold).filter_map(|said| of_line(part, said, about)).collect()
        }
        _ => Vec::new(),
    }
}

/// `Warning: > 3%` below an item that names a metric belongs to that one's row; false when it is something else.
fn take_below(page: &Page<'_>, seen: Seen<'_, '_>, rows: &mut Vec<(usize, Row)>) -> bool {
    let (Some(above), What::Item { .. }, [said]) = (seen.block.item, &seen.block.what, seen.said) else {
        return false;
    };
    let Some(pair) = said.full().filter(|pair| !pair.name.contains(' ')) else { return false };
    let Some(level) = column(&pair.name).filter(|name| is_limit(Some(name))) else { return false };
    let Some(limit) = limit::by_sign(pair.plain()).or_else(|| limit::by_word(pair.plain())) else {
        return false;
    };
    let named = page.at(above).and_then(|seen| match seen.said {
        [said] => Some(said.lead().map_or_else(|| said.plain().to_string(), |lead| lead.bold.to_string())),
        _ => None,
    });
    let Some(metric) = named.filter(|name| !name.is_empty() && name.split_whitespace().count() <= 6) else {
        return false;
    };
    let mut values = vec![(level.to_owned(), pair.plain().to_owned())];
    values.extend(limit::values(level, &limit));
    match rows.last_mut().filter(|(item, _)| *item == above) {
        Some((_, row)) if row.get(level).is_none() => row.values.extend(values),
        _ => {
            values.insert(0, ("metric".to_owned(), metric.trim_end_matches(':').to_owned()));
            rows.push((above, row(said.line, values)));
        }
    }
    true
}

/// One line: `**CPU Usage**: Target < 70%`, `Memory: > 80% warning, > 90% critical`, `CPU > 70% for 10 minutes`.
fn of_line(part: &Part<'_>, said: &Said<'_>, about: bool) -> Option<Row> {
    // Nothing is compared without a number; without a sign, it takes a name or a heading that says so.
    let bytes = said.text.as_bytes();
    let sign = || bytes.iter().any(|b| matches!(b, b'<' | b'>' | b'&')) || said.text.contains(['≤', '≥']);
    if !bytes.iter().any(u8::is_ascii_digit) || !(about || memchr::memchr(b':', bytes).is_some() || sign()) {
        return None;
    }
    if first_lasts(said.plain()) {
        return None;
    }
    let unnamed = Name::default();
    let (name, value) = match said.full() {
        Some(pair) => (&pair.name, pair.plain()),
        None => (&unnamed, said.plain().as_ref()),
    };
    let first =
        limit::by_sign(value).or_else(|| if about || spoken(name) { limit::by_word(value) } else { None })?;
    let query = name.has(const { &Known::new(&["query", "promql", "expr", "expression"]) });
    // A name of a field (`Trigger`) is none of a metric: that stands in front of the comparison, or is the heading.
    let metric = match () {
        () if query => part.title.to_string(),
        () if name.is_empty() || spoken(name) => bare(&without_level(&first.before)).to_owned(),
        () => name.to_string(),
    };
    let metric = if metric.is_empty() && !name.is_empty() { part.title.to_string() } else { metric };
    if metric.is_empty() || metric.split_whitespace().count() > 6 || metric.ends_with(['.', '?']) {
        return None;
    }
    let mut values = vec![("metric".to_owned(), bare(metric.trim_matches('"')).to_owned())];
    if query {
        values.push(("query".to_owned(), value.to_owned()));
    }
    let mut parts = Vec::new();
    for limit in limits(value) {
        let name = level_of(&limit, &values);
        parts.extend(limit::values(name, &limit));
        values.push((name.to_owned(), limit.text()));
        values.extend(
            lasting(&limit.after)
                .filter(|_| !values.iter().any(|(name, _)| name == "for"))
                .map(|time| ("for".to_owned(), time)),
        );
    }
    values.extend(parts);
    values.push(("text".to_owned(), said.plain().to_string()));
    Some(row(said.line, values))
}

/// The names of fields whose value holds the metric as well.
fn spoken(name: &Name<'_>) -> bool {
    const WORDS: &Known = &Known::new(&[
        "trigger*",
        "threshold*",
        "condition*",
        "when",
        "alert*",
        "symptom*",
        "limit*",
        "criteria",
        "severity",
        "priority",
        "monitoring",
        "note",
    ]);
    name.has(WORDS)
}

/// All comparisons of a line, up to four: no line says more.
fn limits(text: &str) -> Vec<Limit> {
    let mut found = Vec::new();
    let mut rest = text.to_owned();
    while found.len() < 4 {
        let Some(limit) = limit::by_sign(&rest).or_else(|| limit::by_word(&rest)) else { break };
        behind_time(&limit.after).clone_into(&mut rest);
        found.push(limit);
    }
    found
}

/// What follows `for 5 minutes`, `for > 5 minutes` or `over 1 hour`: how long it has to hold is no limit of its own.
fn behind_time(text: &str) -> &str {
    let trimmed = text.trim_start();
    let time = ["for ", "over ", "within ", "during "].iter().find_map(|word| trimmed.strip_prefix(word));
    let Some(limit) = time.and_then(limit::at_start).filter(Limit::is_time) else { return text };
    trimmed.get(trimmed.trim_end().len().saturating_sub(limit.after.len())..).unwrap_or_default()
}

/// `Pods down for > 5 minutes`: it compares how long, and nothing else.
fn first_lasts(text: &str) -> bool {
    limit::by_sign(text).is_some_and(|limit| limit.before.ends_with(" for") && limit.is_time())
}

/// Whether a limit is a target, a warning or critical: by the word next to it.
fn level_of(limit: &Limit, taken: &[(String, String)]) -> &'static str {
    let next: String =
        limit.after.chars().take_while(|c| !matches!(c, ',' | ';' | '/' | '<' | '>')).collect();
    let level = |text: &str| column(&Name::of(text)).filter(|name| is_limit(Some(name)));
    let name = level(limit.before.rsplit([',', ';', '/']).next().unwrap_or_default())
        .or_else(|| level(&next))
        .unwrap_or("limit");
    let free = |name: &str| !taken.iter().any(|(key, _)| key == name);
    if free(name) {
        name
    } else {
        ["warning", "critical", "target"].into_iter().find(|name| free(name)).unwrap_or("more")
    }
}

/// `Target`, `Alert if`: words of a level in front of a comparison are no name.
fn without_level(text: &str) -> String {
    let word = |word: &&str| {
        column(&Name::of(*word)).is_none_or(|name| !is_limit(Some(name)))
            && !matches!(word.to_ascii_lowercase().as_str(), "if" | "when" | "is" | "at")
    };
    text.split_whitespace().filter(word).collect::<Vec<_>>().join(" ")
}

/// `sustained for 10 minutes`
fn lasting(text: &str) -> Option<String> {
    let limit = match text.trim_start().strip_prefix("over ") {
        Some(time) => limit::at_start(time).filter(Limit::is_time)?,
        None => limit::cell(text.split_once("for ")?.1)?,
    };
    (!limit.unit.is_empty()).then(|| format!("{} {}", limit.number, limit.unit))
}

/// A metric behind whose name its query stands as code: a metric and how it is asked for, without a limit.
fn metric(seen: Seen<'_, '_>) -> Option<Row> {
    let (What::Item { .. }, [said]) = (&seen.block.what, seen.said) else { return None };
    let pair = said.pair()?;
    match code_spans(&pair.value).as_slice() {
        [(range, query)] if range.start == 0 && range.end == pair.value.trim_end().len() => {
            Some(row(seen.block.line, [("metric", pair.name.to_string()), ("query", query.clone())]))
        }
        _ => None,
    }
}
