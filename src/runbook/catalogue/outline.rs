//! The sections of a document: its headings as a tree, and what each holds itself.
use std::ops::Range;

use super::super::document::{Block, Marker, What};
use super::code::{self, Code};
use super::instruct;
use super::text::{number, plain};
use super::verbs::is_imperative;
use super::vocabulary;

/// A heading and what stands below it up to the next heading. The first one has no heading.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// Without marks; a prefix such as `Runbook:` is kept.
    pub title: String,
    pub level: u8,
    pub line: u32,
    /// Its own blocks, its heading left out.
    pub blocks: Range<usize>,
    pub parent: Option<usize>,
    pub children: Vec<usize>,
    /// The last section below it, this one included.
    pub last: usize,
    pub holds: Holds,
    /// A section directly below it holds code that runs.
    pub runs_below: bool,
    /// Its title says that it is a runbook by itself.
    pub named: bool,
}

/// What stands in a run of blocks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Holds {
    /// Code that runs.
    pub runs: bool,
    /// Configuration that is written or applied by hand.
    pub snippet: bool,
    /// A list that tells what to do.
    pub procedure: bool,
    /// A sentence that tells to run something.
    pub told: bool,
    /// A numbered list of anything.
    pub listed: bool,
}

impl Holds {
    pub fn acts(self) -> bool {
        self.runs || self.procedure || self.told
    }

    pub fn and(self, other: Self) -> Self {
        Self {
            runs: self.runs || other.runs,
            snippet: self.snippet || other.snippet,
            procedure: self.procedure || other.procedure,
            told: self.told || other.told,
            listed: self.listed || other.listed,
        }
    }
}

/// A document's sections, with the code in its blocks read.
#[derive(Debug)]
pub struct Outline<'a> {
    pub blocks: &'a [Block],
    pub sections: Vec<Section>,
    /// What the fences and indented blocks hold, by the index of their block.
    pub code: Vec<Option<Code>>,
    /// The commands that the sentences of each block tell to run.
    told: Vec<Vec<instruct::Told>>,
    /// The numbered items that tell to do something.
    imperative: Vec<bool>,
}

impl<'a> Outline<'a> {
    pub fn new(blocks: &'a [Block]) -> Self {
        let code = blocks.iter().map(read_code).collect();
        let told = blocks.iter().map(told).collect();
        let imperative = blocks.iter().map(tells).collect();
        let mut outline = Outline { blocks, sections: sections(blocks), code, told, imperative };
        for at in 0..outline.sections.len() {
            let range = outline.sections.get(at).map(|section| section.blocks.clone()).unwrap_or_default();
            let holds = outline.holds(range);
            let Some(section) = outline.sections.get_mut(at) else { continue };
            section.holds = holds;
            let parent = section.parent.filter(|_| holds.runs);
            if let Some(parent) = parent.and_then(|i| outline.sections.get_mut(i)) {
                parent.runs_below = true;
            }
        }
        outline
    }

    /// What a section and all below it hold.
    pub fn below(&self, at: usize) -> Holds {
        let last = self.sections.get(at).map_or(at, |section| section.last);
        self.sections
            .get(at..=last)
            .unwrap_or_default()
            .iter()
            .fold(Holds::default(), |all, one| all.and(one.holds))
    }

    pub fn code(&self, block: usize) -> Option<&Code> {
        self.code.get(block).and_then(Option::as_ref)
    }

    /// The commands that the sentences of a block tell to run.
    pub fn told(&self, block: usize) -> &[instruct::Told] {
        self.told.get(block).map(Vec::as_slice).unwrap_or_default()
    }

    pub fn holds(&self, range: Range<usize>) -> Holds {
        let mut holds = Holds::default();
        let mut numbered = (0, 0);
        let mut ticks = 0;
        for at in range {
            let Some(block) = self.blocks.get(at) else { break };
            match self.code(at) {
                Some(Code::Commands(_) | Code::Embedded(_)) => holds.runs = true,
                Some(Code::Prose(_)) => holds.procedure = true,
                Some(Code::Snippet) => holds.snippet |= self.answer(at).is_none(),
                _ => {}
            }
            match &block.what {
                What::Item { marker, checkbox, text } => {
                    let first = text.first().map(|line| line.text.as_str()).unwrap_or_default();
                    holds.told |= !self.told(at).is_empty();
                    let imperative = self.imperative.get(at).copied().unwrap_or_default();
                    ticks += usize::from(checkbox.is_some() || is_tick(first));
                    if block.item.is_none() {
                        let counts = usize::from(matches!(marker, Marker::Number(_)));
                        numbered = (numbered.0 + counts, numbered.1 + counts * usize::from(imperative));
                    }
                }
                What::Table(table) => holds.runs |= instruct::column(table).is_some(),
                What::Paragraph(_) => holds.told |= !self.told(at).is_empty(),
                _ => {}
            }
        }
        holds.listed = numbered.0 >= 1;
        holds.procedure |= ticks >= 2 || numbered.0 >= 2 && numbered.1 * 10 >= numbered.0 * 6;
        holds
    }
}

/// `✅ do it`, `☐ do it`.
pub fn is_tick(text: &str) -> bool {
    text.trim_start().starts_with(['✅', '☑', '☐', '✔', '⬜', '❏', '□'])
}

fn told(block: &Block) -> Vec<instruct::Told> {
    match &block.what {
        What::Item { text, .. } | What::Paragraph(text) => instruct::commands(text),
        _ => Vec::new(),
    }
}

/// A numbered item, not inside another one, that tells to do something.
fn tells(block: &Block) -> bool {
    match &block.what {
        What::Item { marker: Marker::Number(_), text, .. } if block.item.is_none() => {
            let lines: Vec<&str> = text.iter().map(|line| line.text.as_str()).collect();
            is_imperative(&lines.join(" "))
        }
        _ => false,
    }
}

fn read_code(block: &Block) -> Option<Code> {
    match &block.what {
        What::Fence(fence) => Some(code::read(fence)),
        What::Indented(lines) => Some(code::read_indented(lines)),
        _ => None,
    }
}

fn sections(blocks: &[Block]) -> Vec<Section> {
    let mut all = vec![Section { line: 1, ..Section::default() }];
    // The open sections, from the outermost on.
    let mut open: Vec<usize> = vec![0];
    for (at, block) in blocks.iter().enumerate() {
        let What::Heading { level, text } = &block.what else { continue };
        if block.item.is_some() || block.quote.is_some() {
            continue;
        }
        let title = plain(text);
        if title.is_empty() {
            continue;
        }
        if let Some(before) = all.last_mut() {
            before.blocks.end = at;
        }
        while open.len() > 1
            && open.last().and_then(|i| all.get(*i)).is_some_and(|section| section.level >= *level)
        {
            open.pop();
        }
        let parent = open.last().copied();
        let index = all.len();
        if let Some(parent) = parent.and_then(|i| all.get_mut(i)) {
            parent.children.push(index);
        }
        all.push(Section {
            named: named(&title).is_some(),
            title: title.into_owned(),
            level: *level,
            line: block.line,
            blocks: at + 1..blocks.len(),
            parent,
            last: index,
            ..Section::default()
        });
        open.push(index);
    }
    if all.len() == 1
        && let Some(only) = all.first_mut()
    {
        only.blocks = 0..blocks.len();
    }
    for at in (1..all.len()).rev() {
        let Some((last, parent)) = all.get(at).map(|section| (section.last, section.parent)) else {
            continue;
        };
        if let Some(parent) = parent.and_then(|i| all.get_mut(i)) {
            parent.last = parent.last.max(last);
        }
    }
    all
}

/// A title that says that it is a runbook by itself: `Runbook: X`, `Issue: X`; and what follows.
pub fn named(title: &str) -> Option<(&str, &str)> {
    const NAMES: [&str; 11] = [
        "runbook",
        "playbook",
        "issue",
        "problem",
        "alert",
        "incident",
        "scenario",
        "procedure",
        "sop",
        "symptom",
        "error",
    ];
    let title = number(title).map_or(title, |(_, rest)| rest);
    // Most titles have none of these signs.
    if !title.bytes().any(|b| matches!(b, b':' | b'-' | 0x80..)) {
        return None;
    }
    let (name, rest) = title
        .split_once(':')
        .or_else(|| title.split_once(" - "))
        .or_else(|| title.split_once(" – "))
        .or_else(|| title.split_once(" — "))?;
    let name = name.trim();
    let word = name.trim_end_matches(|c: char| c.is_ascii_digit() || matches!(c, ' ' | '#' | '-'));
    let rest = rest.trim();
    (!rest.is_empty() && NAMES.contains(&word.to_lowercase().as_str())).then_some((name, rest))
}

/// Names of alerts: `KubePodCrashLooping`, one word of several humps.
pub fn is_alert_name(title: &str) -> bool {
    let word = title.trim();
    let humps = word.chars().filter(char::is_ascii_uppercase).count();
    word.len() >= 8
        && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
        && word.starts_with(|c: char| c.is_ascii_alphabetic())
        && humps >= 2
        && humps * 2 < word.len()
}

/// `How to drain a node`, `Drain a node`.
pub fn is_howto(title: &str) -> bool {
    let lower = title.to_lowercase();
    lower.starts_with("how to ") || lower.starts_with("how do i ") || lower.starts_with("howto") || {
        is_imperative(title) && title.split_whitespace().count() >= 2 && vocabulary::part(title).is_none()
    }
}
