//! Severity scales: their levels with criteria and response times, from tables, lists and headings.
use std::borrow::Cow;
use std::collections::HashMap;
use std::ops::Range;

use crate::runbook::document::inline::plain;
use crate::runbook::document::{Block, Marker, Table, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::known::{Known, Name, has};
use super::level::{self, Level};
use super::page::{Page, Pair, Said, Seen};
use super::section::Part;

/// One level of a scale, while it is being put together.
#[derive(Debug, Clone, Default)]
struct Step {
    line: u32,
    end: u32,
    name: String,
    criteria: Vec<String>,
    response: Option<(u32, String)>,
    others: Vec<(String, String)>,
}

/// Finds the scales of a document.
pub fn read(page: &Page<'_>, parts: &[Part<'_>]) -> Vec<Fact> {
    let mut facts = Vec::new();
    // Lists of one heading, joined by their levels.
    let mut lists: Vec<(usize, Vec<Step>)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        for seen in part.of(page) {
            if let What::Table(table) = &seen.block.what {
                let steps = of_table(table, seen.heads);
                finish(&mut facts, part, steps, seen.block.end_line);
            }
        }
        let steps = of_list(page, part);
        if !steps.is_empty() {
            lists.push((at, steps));
        }
    }
    for (first, steps) in joined(parts, lists) {
        if let Some(part) = parts.get(first) {
            let end = steps.iter().map(|step| step.end).max().unwrap_or(part.line);
            finish(&mut facts, part, steps, end);
        }
    }
    of_headings(page, &mut facts);
    facts
}

/// A scale has two levels at least, each once.
fn finish(facts: &mut Vec<Fact>, part: &Part<'_>, steps: Vec<Step>, end: u32) {
    if steps.len() < 2 || steps.iter().all(|step| step.criteria.is_empty() && step.response.is_none()) {
        return;
    }
    let rows: Vec<Row> = steps.into_iter().map(made).collect();
    add(facts, "severity", part, rows, end);
}

fn made(step: Step) -> Row {
    let (line, response) =
        step.response.map_or((String::new(), String::new()), |(line, text)| (line.to_string(), text));
    let mut values = vec![
        ("level".to_owned(), step.name),
        ("criteria".to_owned(), step.criteria.join("; ")),
        ("response_time".to_owned(), response),
        ("response_line".to_owned(), line),
    ];
    values.extend(step.others);
    row(step.line, values)
}

/// The name under which a column, or a `**Name**: value` below a level, is kept; `None` for the level itself.
fn name_of(header: &Name<'_>) -> Cow<'static, str> {
    if header.has(
        const { &Known::new(&["response", "respond", "react*", "answer*", "acknowledge*", "ack", "mtta"]) },
    ) {
        return if header.has(const { &Known::new(&["resol*", "mttr"]) }) {
            "resolution_time"
        } else {
            "response_time"
        }
        .into();
    }
    if header.has(const { &Known::new(&["resol*", "fix", "mttr", "recovery"]) }) {
        return "resolution_time".into();
    }
    if header.has(
        const {
            &Known::new(&[
                "definition",
                "description",
                "criteria",
                "criterion",
                "impact",
                "mean*",
                "example*",
                "condition*",
                "symptoms",
            ])
        },
    ) {
        return "criteria".into();
    }
    header.to_lowercase().replace(' ', "_").into()
}

fn of_table(table: &Table, header: &[Name<'_>]) -> Vec<Step> {
    let named = |cell: &Name<'_>| {
        cell.has(const { &Known::new(&["severity", "level", "priority", "sev", "class", "p"]) })
    };
    let column = header.iter().position(named).filter(|column| *column < 2).unwrap_or(0);
    let explicit = header.get(column).is_some_and(named);
    let titles: Vec<Cow<'static, str>> = header.iter().map(name_of).collect();
    let mut steps: Vec<Step> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    for cells in &table.rows {
        let name = cells.cells.get(column).map(|cell| plain(cell)).unwrap_or_default();
        let Some(level) = level::read(&name).filter(|level| explicit || level.code.is_some()) else {
            return Vec::new();
        };
        // A severity that comes again belongs to a list of alerts, not to a scale.
        if levels.iter().any(|other| other.same(&level)) {
            return Vec::new();
        }
        levels.push(level);
        let mut step = Step { line: cells.line, end: cells.line, name: name.into_owned(), ..Step::default() };
        for (at, (title, cell)) in titles.iter().zip(&cells.cells).enumerate().filter(|(at, _)| *at != column)
        {
            let value = plain(cell).into_owned();
            match title.as_ref() {
                _ if value.is_empty() => {}
                "response_time" if step.response.is_none() => step.response = Some((cells.line, value)),
                "criteria" => step.criteria.push(value),
                "name" | "label" if at == column + 1 && step.name.len() < 12 => {
                    step.name = format!("{} ({value})", step.name);
                }
                name => step.others.push((name.to_owned(), value)),
            }
        }
        steps.push(step);
    }
    // Without a column that says what a level means, it is a table of something else.
    let times = steps.iter().any(|step| step.response.is_some());
    if times || steps.iter().all(|step| !step.criteria.is_empty()) { steps } else { Vec::new() }
}

/// The levels of a list: the items that begin with a severity, with what stands below each.
fn of_list(page: &Page<'_>, part: &Part<'_>) -> Vec<Step> {
    let graded = const { &Known::new(&["sever*", "priorit*", "classification"]) };
    let answered = const { &Known::new(&["response", "sla*"]) };
    let about = part.title.has(graded) || part.name().has(graded) || part.name().has(answered);
    let times = part.name().has(const { &Known::new(&["response", "sla*", "respond"]) });
    let mut steps: Vec<Step> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    // The level to which each item below it belongs.
    let mut of: HashMap<usize, usize> = HashMap::new();
    // The level whose paragraph stands above the list.
    let mut under: Option<usize> = None;
    for at in part.blocks.clone() {
        let Some(seen) = page.at(at) else { continue };
        let block = seen.block;
        if let Some(under) = block.item.filter(|_| !of.is_empty())
            && let Some(index) = of.get(&under).copied()
        {
            if let Some(step) = steps.get_mut(index) {
                below(step, seen);
            }
            // Whatever stands deeper belongs to the same level.
            of.insert(at, index);
            continue;
        }
        // `**P1 - Critical**: all is down` with bullets below it, which are about the same level.
        let heads = matches!(block.what, What::Paragraph(_)) && block.item.is_none();
        let ([said], true) = (seen.said, heads || matches!(block.what, What::Item { .. })) else {
            under = under.filter(|_| !heads);
            continue;
        };
        let found = named(said, about)
            .filter(|(_, level, _)| !heads || level.code.is_some() && said.lead().is_some());
        let Some((name, level, value)) = found else {
            under = under.filter(|_| !heads);
            if let Some(step) = under.and_then(|index: usize| steps.get_mut(index)) {
                below(step, seen);
            }
            continue;
        };
        under = heads.then_some(steps.len());
        if levels.iter().any(|other| other.same(&level)) {
            continue;
        }
        levels.push(level);
        let mut step = Step { line: block.line, end: block.end_line, name, ..Step::default() };
        if !value.is_empty() {
            if times || (is_time(&value) && !value.contains(',')) {
                step.response = Some((block.line, value));
            } else {
                step.criteria.push(value);
            }
        }
        of.insert(at, steps.len());
        steps.push(step);
    }
    if steps.len() < 2 { Vec::new() } else { steps }
}

/// The name, its level and the rest of an item: `**P0 (Critical)**: text`, `P0: text`, `P0 - text`. A word alone
/// is a level only where levels are spoken of.
fn named(said: &Said<'_>, about: bool) -> Option<(String, Level, String)> {
    let level = |name: &str| level::read(name).filter(|level| level.code.is_some() || about);
    if let Some(pair) = said.pair() {
        return Some((pair.name.to_string(), level(&pair.name)?, pair.plain().to_owned()));
    }
    if let Some(lead) = said.lead() {
        let level = level(&lead.bold)?;
        let rest = plain(lead.rest).trim_start_matches(['-', '–', '—', ' ']).to_owned();
        return Some((lead.bold.to_string(), level, rest));
    }
    let text = said.plain();
    let length = level::read(text)?.length;
    let rest = text.get(length..)?;
    let cut = [" - ", " – ", " — ", " = "].iter().find_map(|sign| rest.find(sign).map(|at| (at, sign.len())));
    let (at, size) = cut?;
    let name = text.get(..length + at)?.to_owned();
    Some((level(&name)?, name, rest.get(at + size..)?.trim().to_owned()))
        .map(|(level, name, rest)| (name, level, rest))
}

/// What stands below a level: its response time, other named values, and criteria.
fn below(step: &mut Step, seen: Seen<'_, '_>) {
    let Some(markdown) = seen.whole() else { return };
    step.end = step.end.max(seen.block.end_line);
    match seen.said {
        [only] => detail(step, seen.block.line, &markdown, only.pair()),
        _ => detail(step, seen.block.line, &markdown, Pair::read(&markdown).as_ref()),
    }
}

fn detail(step: &mut Step, line: u32, markdown: &str, pair: Option<&Pair<'_>>) {
    let Some(pair) = pair else { return step.criteria.push(plain(markdown).into_owned()) };
    if pair.value.is_empty() {
        return;
    }
    let value = pair.plain().to_owned();
    match name_of(&pair.name).as_ref() {
        "response_time" if step.response.is_none() => step.response = Some((line, value)),
        name if name != "response_time" && !markdown.starts_with("**") => {
            step.criteria.push(plain(markdown).into_owned());
        }
        "criteria" => step.criteria.push(value),
        name => step.others.push((name.to_owned(), value)),
    }
}

/// Whether a text says a length of time and little else.
fn is_time(text: &str) -> bool {
    let time = has(
        text,
        const {
            &Known::new(&[
                "minute*",
                "min",
                "mins",
                "hour*",
                "hr",
                "hrs",
                "h",
                "day*",
                "immediate*",
                "asap",
                "week*",
            ])
        },
    );
    let digits = text.chars().any(|c| c.is_ascii_digit())
        || has(text, const { &Known::new(&["immediate*", "next", "same", "asap"]) });
    time && digits && text.split_whitespace().count() <= 8
}

/// Lists whose levels are the same are one scale, told in two pieces: criteria here, times there.
fn joined(parts: &[Part<'_>], lists: Vec<(usize, Vec<Step>)>) -> Vec<(usize, Vec<Step>)> {
    let mut out: Vec<(usize, Vec<Step>)> = Vec::new();
    for (at, steps) in lists {
        let section = |at: usize| parts.get(at).map_or(0, |part| part.section);
        let near = out.last_mut().filter(|(first, have)| {
            section(at) <= section(*first) + 2
                && have.iter().any(|step| steps.iter().any(|other| matches(step, other)))
        });
        let Some((_, have)) = near else {
            out.push((at, steps));
            continue;
        };
        for step in steps {
            let Some(mine) = have.iter_mut().find(|mine| matches(mine, &step)) else {
                have.push(step);
                continue;
            };
            mine.end = mine.end.max(step.end);
            mine.response = mine.response.take().or(step.response);
            if mine.criteria.is_empty() {
                mine.criteria = step.criteria;
            }
            if mine.name.len() < step.name.len() {
                mine.name = step.name;
            }
            mine.others.extend(step.others);
        }
    }
    out
}

fn matches(one: &Step, other: &Step) -> bool {
    level::read(&one.name).zip(level::read(&other.name)).is_some_and(|(one, other)| one.same(&other))
}

/// A heading and the blocks up to the next one.
struct Head<'a> {
    depth: u8,
    line: u32,
    title: Name<'a>,
    own: Range<usize>,
}

fn heads<'a>(page: &Page<'a>) -> Vec<Head<'a>> {
    let blocks = &page.blocks.blocks;
    let mut heads: Vec<Head<'_>> = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        let What::Heading { level, text } = &block.what else { continue };
        if let Some(last) = heads.last_mut() {
            last.own.end = at;
        }
        let own = at + 1..blocks.len();
        heads.push(Head { depth: *level, line: block.line, title: Name::of(plain(text)), own });
    }
    heads
}

/// Headings that are levels, each with its criteria below: `#### SEV-1 (Critical)`.
fn of_headings(page: &Page<'_>, facts: &mut Vec<Fact>) {
    let heads = heads(page);
    let mut at = 0;
    while let Some(first) = heads.get(at) {
        let above = heads.get(..at).unwrap_or_default().last().filter(|above| above.depth < first.depth);
        let graded = const { &Known::new(&["sever*", "priorit*", "classification", "level*"]) };
        let about = above.is_some_and(|above| above.title.has(graded));
        let mut steps: Vec<Step> = Vec::new();
        let mut next = at;
        for head in heads.iter().skip(at).take_while(|head| head.depth >= first.depth) {
            if head.depth == first.depth {
                let Some(level) = level::read(&head.title).filter(|level| about || alone(&head.title, level))
                else {
                    break;
                };
                if steps.iter().any(|step| level::read(&step.name).is_some_and(|other| other.same(&level))) {
                    break;
                }
                steps.push(Step {
                    line: head.line,
                    end: head.line,
                    name: head.title.to_string(),
                    ..Step::default()
                });
            }
            // Commands and numbered steps make a runbook of it.
            if page.range(head.own.clone()).any(|seen| does(seen.block)) {
                steps.clear();
                break;
            }
            if let Some(step) = steps.last_mut() {
                page.range(head.own.clone()).for_each(|seen| below(step, seen));
            }
            next += 1;
        }
        if steps.len() > 1 {
            let line = above.map_or(first.line, |above| above.line);
            let title = above.map(|above| above.title.clone()).unwrap_or_default();
            let part = Part { title, line, ..Part::default() };
            let end = steps.iter().map(|step| step.end).max().unwrap_or(line);
            finish(facts, &part, steps, end);
        }
        at = next.max(at + 1);
    }
}

/// Whether a heading says a severity and nothing else: `P1 - Critical`, `SEV-2 (High)`.
fn alone(title: &str, level: &Level) -> bool {
    let rest = title.get(level.length..).unwrap_or_default();
    rest.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).all(|word| {
        level::read(word).is_some()
            || has(word, const { &Known::new(&["severity", "priority", "incident*", "impact", "issue*"]) })
    })
}

fn does(block: &Block) -> bool {
    matches!(block.what, What::Fence(_) | What::Item { marker: Marker::Number(_), .. })
}
