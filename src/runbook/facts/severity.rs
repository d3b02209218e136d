//! Severity scales: their levels with criteria and response times, from tables, lists and headings.
use std::collections::HashMap;

use crate::runbook::document::inline::plain;
use crate::runbook::document::{Block, Blocks, Marker, Table, What};
use crate::runbook::types::{Fact, Row};

use super::build::{add, row};
use super::level::{self, Level};
use super::section::{Part, has, pair, text};

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
pub fn read(blocks: &Blocks, parts: &[Part]) -> Vec<Fact> {
    let mut facts = Vec::new();
    // Lists of one heading, joined by their levels.
    let mut lists: Vec<(usize, Vec<Step>)> = Vec::new();
    for (at, part) in parts.iter().enumerate() {
        for block in part.of(blocks) {
            if let What::Table(table) = &block.what {
                let steps = of_table(table);
                finish(&mut facts, part, steps, block.end_line);
            }
        }
        let steps = of_list(blocks, part);
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
    of_headings(blocks, &mut facts);
    facts
}

/// A scale has two levels at least, each once.
fn finish(facts: &mut Vec<Fact>, part: &Part, steps: Vec<Step>, end: u32) {
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
fn name_of(header: &str) -> String {
    if has(header, &["response", "respond", "react*", "answer*", "acknowledge*", "ack", "mtta"]) {
        return if has(header, &["resol*", "mttr"]) { "resolution_time" } else { "response_time" }.to_owned();
    }
    if has(header, &["resol*", "fix", "mttr", "recovery"]) {
        return "resolution_time".to_owned();
    }
    if has(
        header,
        &[
            "definition",
            "description",
            "criteria",
            "criterion",
            "impact",
            "mean*",
            "example*",
            "condition*",
            "symptoms",
        ],
    ) {
        return "criteria".to_owned();
    }
    header.to_lowercase().replace(' ', "_")
}

fn of_table(table: &Table) -> Vec<Step> {
    let header: Vec<String> = table.header.iter().map(|cell| plain(cell)).collect();
    let named = |cell: &String| has(cell, &["severity", "level", "priority", "sev", "class", "p"]);
    let Some(column) = header.iter().position(named).filter(|column| *column < 2).or(Some(0)) else {
        return Vec::new();
    };
    let explicit = header.get(column).is_some_and(named);
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
        let mut step = Step { line: cells.line, end: cells.line, name, ..Step::default() };
        for (at, (title, cell)) in header.iter().zip(&cells.cells).enumerate().filter(|(at, _)| *at != column)
        {
            let value = plain(cell);
            match name_of(title).as_str() {
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
fn of_list(blocks: &Blocks, part: &Part) -> Vec<Step> {
    let about = has(&part.title, &["sever*", "priorit*", "classification"])
        || has(part.name(), &["sever*", "priorit*", "response", "sla*", "classification"]);
    let times = has(part.name(), &["response", "sla*", "respond"]);
    let mut steps: Vec<Step> = Vec::new();
    let mut levels: Vec<Level> = Vec::new();
    // The level to which each item below it belongs.
    let mut of: HashMap<usize, usize> = HashMap::new();
    for at in part.blocks.clone() {
        let Some(block) = blocks.blocks.get(at) else { continue };
        if let Some(under) = block.item
            && let Some(index) = of.get(&under).copied()
        {
            if let Some(step) = steps.get_mut(index) {
                below(step, block);
            }
            // Whatever stands deeper belongs to the same level.
            of.insert(at, index);
            continue;
        }
        let What::Item { .. } = &block.what else { continue };
        let Some(markdown) = text(block) else { continue };
        let Some((name, value)) = named(&markdown) else { continue };
        let Some(level) = level::read(&name).filter(|level| level.code.is_some() || about) else { continue };
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

/// The name and the rest of an item: `**P0 (Critical)**: text`, `P0: text`, `P0 - text`.
fn named(markdown: &str) -> Option<(String, String)> {
    if let Some((name, value)) = pair(markdown) {
        return Some((name, plain(&value)));
    }
    if let Some(lead) = crate::runbook::document::inline::lead(markdown) {
        return Some((lead.bold, plain(&lead.rest).trim_start_matches(['-', '–', '—', ' ']).to_owned()));
    }
    let text = plain(markdown);
    let length = level::read(&text)?.length;
    let rest = text.get(length..)?;
    let cut = [" - ", " – ", " — ", " = "].iter().find_map(|sign| rest.find(sign).map(|at| (at, sign.len())));
    let (at, size) = cut?;
    Some((text.get(..length + at)?.to_owned(), rest.get(at + size..)?.trim().to_owned()))
}

/// What stands below a level: its response time, other named values, and criteria.
fn below(step: &mut Step, block: &Block) {
    let Some(markdown) = text(block) else { return };
    step.end = step.end.max(block.end_line);
    match pair(&markdown) {
        Some((name, value))
            if !value.is_empty() && (markdown.starts_with("**") || name_of(&name) == "response_time") =>
        {
            let value = plain(&value);
            match name_of(&name).as_str() {
                "response_time" if step.response.is_none() => step.response = Some((block.line, value)),
                "criteria" => step.criteria.push(value),
                name => step.others.push((name.to_owned(), value)),
            }
        }
        Some((_, value)) if value.is_empty() => {}
        _ => step.criteria.push(plain(&markdown)),
    }
}

/// Whether a text says a length of time and little else.
fn is_time(text: &str) -> bool {
    let time = has(
        text,
        &["minute*", "min", "mins", "hour*", "hr", "hrs", "h", "day*", "immediate*", "asap", "week*"],
    );
    let digits =
        text.chars().any(|c| c.is_ascii_digit()) || has(text, &["immediate*", "next", "same", "asap"]);
    time && digits && text.split_whitespace().count() <= 8
}

/// Lists whose levels are the same are one scale, told in two pieces: criteria here, times there.
fn joined(parts: &[Part], lists: Vec<(usize, Vec<Step>)>) -> Vec<(usize, Vec<Step>)> {
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
    title: String,
    own: &'a [Block],
}

fn heads(blocks: &Blocks) -> Vec<Head<'_>> {
    let mut heads: Vec<Head<'_>> = Vec::new();
    let mut first = 0;
    for (at, block) in blocks.blocks.iter().enumerate() {
        let What::Heading { level, text } = &block.what else { continue };
        if let Some(last) = heads.last_mut() {
            last.own = blocks.blocks.get(first..at).unwrap_or_default();
        }
        first = at + 1;
        heads.push(Head { depth: *level, line: block.line, title: plain(text), own: &[] });
    }
    if let Some(last) = heads.last_mut() {
        last.own = blocks.blocks.get(first..).unwrap_or_default();
    }
    heads
}

/// Headings that are levels, each with its criteria below: `#### SEV-1 (Critical)`.
fn of_headings(blocks: &Blocks, facts: &mut Vec<Fact>) {
    let heads = heads(blocks);
    let mut at = 0;
    while let Some(first) = heads.get(at) {
        let above = heads.get(..at).unwrap_or_default().last().filter(|above| above.depth < first.depth);
        let about =
            above.is_some_and(|above| has(&above.title, &["sever*", "priorit*", "classification", "level*"]));
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
                    name: head.title.clone(),
                    ..Step::default()
                });
            }
            // Commands and numbered steps make a runbook of it.
            if head.own.iter().any(does) {
                steps.clear();
                break;
            }
            if let Some(step) = steps.last_mut() {
                head.own.iter().for_each(|block| below(step, block));
            }
            next += 1;
        }
        if steps.len() > 1 {
            let (line, title) =
                above.map_or((first.line, String::new()), |above| (above.line, above.title.clone()));
            let part = Part {
                section: 0,
                title: title.into(),
                line,
                label: None,
                label_line: 0,
                ruled: false,
                blocks: 0..0,
            };
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
        level::read(word).is_some() || has(word, &["severity", "priority", "incident*", "impact", "issue*"])
    })
}

fn does(block: &Block) -> bool {
    matches!(block.what, What::Fence(_) | What::Item { marker: Marker::Number(_), .. })
}
