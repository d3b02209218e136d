//! From the blocks of a document to its runbooks and their steps.
//!
//! `unfold` turns lists that are drawn or spoken into the blocks of one, `outline` makes a tree of the headings,
//! `pick` says which parts are runbooks, `steps` walks the blocks of one of them, `rows` a table of troubles,
//! `script` the code in a block, `finish` puts the runbook together.
mod about;
mod answer;
mod aside;
mod code;
mod coded;
mod console;
mod finish;
mod given;
mod instruct;
mod items;
mod kind;
mod look;
mod outline;
mod parts;
mod pick;
mod platform;
mod quotes;
mod rows;
mod script;
mod sentences;
mod session;
mod speech;
mod steps;
mod text;
mod titles;
mod unfold;
mod verbs;
mod vocabulary;

use std::sync::Arc;

use super::document::{self, Block, Blocks, What};
use super::facts;
use super::types::{Document, Note, Runbook};
use crate::commands::tools::Tables;
use finish::Around;
use outline::Outline;

/// Reads one document; whatever the text, it answers, in linear time.
pub fn read(path: &str, text: &str, tables: &Tables) -> Document {
    let blocks = document::read(text);
    let title = title_of(&blocks, path);
    let unfolded = unfold::unfolded(&blocks.blocks);
    let outline = Outline::new(&unfolded);
    let plans = pick::plans(&outline, &title);
    let platform = platform::Platform::of(&blocks);
    let facts = facts::read(&blocks);
    let single = plans.len() == 1;
    let mut runbooks: Vec<Arc<Runbook>> = Vec::with_capacity(plans.len());
    for plan in &plans {
        let mut built = steps::build(&outline, plan, tables);
        if single {
            built.about.take_front(&blocks.front);
        }
        let end = end_of(plan, &unfolded);
        let runbook = finish::finish(plan, built, &Around { platform: &platform, facts: &facts, end });
        if !finish::is_empty(&runbook) {
            runbooks.push(Arc::new(runbook));
        }
    }
    Document {
        path: path.into(),
        title,
        lines: blocks.lines,
        runbooks,
        planned: planned(&outline, &plans),
        facts,
        tags: tags(&blocks),
        defects: blocks.defects,
    }
}

/// Sections that are not there yet, by their titles; those that are runbooks all the same say it themselves.
fn planned(outline: &Outline<'_>, plans: &[pick::Plan]) -> Vec<Note> {
    let is_planned = |section: &&outline::Section| {
        pick::is_future(&section.title) && plans.iter().all(|plan| plan.line != section.line)
    };
    let sections = outline.sections.iter().filter(|section| section.level > 1).filter(is_planned);
    sections.map(|section| Note { line: section.line, text: section.title.clone() }).collect()
}

/// The last line of the blocks of a plan.
fn end_of(plan: &pick::Plan, blocks: &[Block]) -> u32 {
    let lines = plan.slices.iter().flat_map(|slice| blocks.get(slice.blocks.clone()).unwrap_or_default());
    lines
        .filter(|block| block.what != What::Rule)
        .map(|block| block.end_line)
        .max()
        .unwrap_or(plan.line)
        .max(plan.line)
}

/// The first heading of level 1, the front matter's title, or the file's name.
fn title_of(blocks: &Blocks, path: &str) -> String {
    let first = blocks.blocks.iter().find_map(|block| match &block.what {
        What::Heading { level: 1, text } if block.item.is_none() && block.quote.is_none() => {
            Some(text::plain(text).into_owned()).filter(|title| !pick::is_template(title))
        }
        _ => None,
    });
    let front = || {
        let entry = blocks.front.iter().find(|entry| entry.name.eq_ignore_ascii_case("title"))?;
        entry.values.first().cloned().filter(|title| !title.trim().is_empty())
    };
    let name = || {
        let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
        name.split_once('.').map_or(name, |(stem, _)| stem).to_owned()
    };
    first.filter(|title| !title.is_empty()).or_else(front).unwrap_or_else(name)
}

fn tags(blocks: &Blocks) -> Vec<String> {
    blocks
        .front
        .iter()
        .filter(|entry| entry.name.eq_ignore_ascii_case("tags"))
        .flat_map(|entry| entry.values.clone())
        .collect()
}
