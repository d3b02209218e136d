//! A document as the rules look at it: each statement with its calls, its fence and what stands above it.
use std::collections::HashMap;

use super::Context;
use super::call::Call;
use super::known::Known;
use super::through;
use crate::commands::statement::{Lang, Role};
use crate::runbook::document::{self, Block, Blocks, Fence, What};
use crate::runbook::types::{Command, Document, Runbook, Step};

/// A statement in its place.
pub(super) struct Line<'a> {
    /// Index of its runbook, and of its step in it.
    pub runbook: usize,
    pub step_at: usize,
    pub owner: &'a Runbook,
    pub step: &'a Step,
    pub command: &'a Command,
    /// What it calls; empty when it is no shell text.
    pub calls: Vec<Call>,
    /// The block of its fence.
    pub fence: Option<usize>,
    /// The comment above it or above its neighbour, else the step's title.
    pub heading: String,
}

impl Line<'_> {
    pub fn text(&self) -> &str {
        &self.command.statement.text
    }

    pub fn lines(&self) -> (u32, u32) {
        (self.command.statement.line, self.command.statement.end_line)
    }

    /// The lines of a call in it.
    pub fn at(&self, call: &Call) -> (u32, u32) {
        let before = self.text().get(..call.start).unwrap_or_default();
        let down = u32::try_from(before.matches('\n').count()).unwrap_or(u32::MAX);
        let line = self.lines().0.saturating_add(down).min(self.lines().1);
        if down == 0 { self.lines() } else { (line, line) }
    }

    /// It does something, rather than speak or prepare.
    pub fn acts(&self) -> bool {
        matches!(self.command.statement.role, Role::Action | Role::Query)
    }
}

/// A document as the rules look at it.
pub(super) struct Scene<'a> {
    pub document: &'a Document,
    pub exists: Option<&'a dyn Fn(&str) -> bool>,
    pub blocks: Blocks,
    pub lines: Vec<Line<'a>>,
    /// Every variable that any statement sets, with the statements that set it.
    pub sets: HashMap<&'a str, Vec<usize>>,
    /// What each runbook's variables are, in the order of [`Scene::runbooks`].
    known: Vec<Known>,
    /// How many statements of each fence do something.
    pub acting: HashMap<usize, usize>,
    /// All prose in lower case, with its lines.
    pub prose: Vec<(u32, String)>,
}

impl<'a> Scene<'a> {
    pub fn new(document: &'a Document, context: &Context<'a>) -> Scene<'a> {
        let blocks = context.text.map(document::read).unwrap_or_default();
        let mut fences: Vec<(u32, u32, usize)> = Vec::new();
        for (at, block) in blocks.blocks.iter().enumerate() {
            if matches!(block.what, What::Fence(_) | What::Indented(_)) {
                fences.push((block.line, block.end_line, at));
            }
        }
        let fence_of = |line: u32| {
            let after = fences.partition_point(|(from, _, _)| *from <= line);
            let (_, to, at) = fences.get(after.checked_sub(1)?)?;
            (line <= *to).then_some(*at)
        };
        let mut lines: Vec<Line<'a>> = Vec::new();
        for (runbook, owner) in document.runbooks.iter().enumerate() {
            for (step_at, step) in owner.steps.iter().enumerate() {
                let mut above: Option<(u32, &str)> = None;
                for command in &step.commands {
                    let statement = &command.statement;
                    let near = above.filter(|(end, _)| statement.line <= end + 1).map(|(_, label)| label);
                    let label = statement.label.as_deref().or(near);
                    above = label.map(|label| (statement.end_line, label));
                    let shell = statement.lang == Lang::Shell;
                    lines.push(Line {
                        runbook,
                        step_at,
                        owner,
                        step,
                        command,
                        calls: if shell { through::read(&statement.text) } else { Vec::new() },
                        fence: fence_of(statement.line),
                        heading: label.unwrap_or(&step.title).to_owned(),
                    });
                }
            }
        }
        let mut sets: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, line) in lines.iter().enumerate() {
            for name in &line.command.statement.sets {
                sets.entry(name.as_str()).or_default().push(at);
            }
        }
        let known = lines.chunk_by(|a, b| a.runbook == b.runbook).map(Known::of).collect();
        let mut acting: HashMap<usize, usize> = HashMap::new();
        for fence in lines.iter().filter(|line| line.acts()).filter_map(|line| line.fence) {
            *acting.entry(fence).or_default() += 1;
        }
        let prose = prose(&blocks);
        Scene { document, exists: context.exists, blocks, lines, sets, known, acting, prose }
    }

    /// The statements of each runbook, and what is known of its variables.
    pub fn runbooks(&self) -> impl Iterator<Item = (&[Line<'a>], &Known)> {
        self.lines.chunk_by(|a, b| a.runbook == b.runbook).zip(&self.known)
    }

    /// The statements of each step.
    pub fn steps(&self) -> impl Iterator<Item = &[Line<'a>]> {
        self.lines.chunk_by(|a, b| (a.runbook, a.step_at) == (b.runbook, b.step_at))
    }

    pub fn fences(&self) -> impl Iterator<Item = (&Block, &Fence)> {
        self.blocks.blocks.iter().filter_map(|block| match &block.what {
            What::Fence(fence) => Some((block, fence)),
            _ => None,
        })
    }

    /// All calls with their statements.
    pub fn calls(&self) -> impl Iterator<Item = (&Line<'a>, &Call)> {
        self.lines.iter().flat_map(|line| line.calls.iter().map(move |call| (line, call)))
    }

    /// Whether any prose of the document has one of these, in lower case.
    pub fn says(&self, words: &[&str]) -> bool {
        self.prose.iter().any(|(_, text)| words.iter().any(|word| text.contains(word)))
    }
}

fn prose(blocks: &Blocks) -> Vec<(u32, String)> {
    let mut out = Vec::new();
    for block in &blocks.blocks {
        match &block.what {
            What::Heading { text, .. } | What::Comment(text) => out.push((block.line, text.to_lowercase())),
            What::Paragraph(lines) | What::Item { text: lines, .. } => {
                out.extend(lines.iter().map(|line| (line.no, line.text.to_lowercase())));
            }
            What::Table(table) => {
                out.extend(table.rows.iter().map(|row| (row.line, row.cells.join(" | ").to_lowercase())));
            }
            What::Fence(_) | What::Indented(_) | What::Rule => {}
        }
    }
    out
}

/// Whether a text has a word, whole, in lower case; a part of a name in dashes or underscores counts as a word.
pub(super) fn has_word(text: &str, word: &str) -> bool {
    let alone = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        alone(text.get(..at).and_then(|t| t.chars().next_back()))
            && alone(text.get(at + word.len()..).and_then(|t| t.chars().next()))
    })
}

pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| has_word(text, word))
}
