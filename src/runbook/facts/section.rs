//! A document cut into parts: what stands under one heading, and there under one label (`**Levels:**`).
use std::borrow::Cow;
use std::ops::Range;

use crate::runbook::document::What;
use crate::runbook::document::inline::{bare, plain};

use super::known::Name;
use super::page::{Page, Said, Seen};

/// Blocks that stand together under a heading and a label.
#[derive(Debug, Clone, Default)]
pub struct Part<'a> {
    /// Which heading: parts of one heading bear one number.
    pub section: usize,
    /// The heading's text without its marks; empty above the first heading.
    pub title: Name<'a>,
    /// The heading's line, or that of the first block where there is no heading.
    pub line: u32,
    /// The text of the label, without its colon.
    pub label: Option<Name<'a>>,
    pub label_line: u32,
    /// A rule stands between it and its heading.
    pub ruled: bool,
    pub blocks: Range<usize>,
}

impl<'a> Part<'a> {
    /// The label, or else the heading.
    pub fn name(&self) -> &Name<'a> {
        self.label.as_ref().unwrap_or(&self.title)
    }

    pub fn of<'p, 'b>(&self, page: &'p Page<'b>) -> impl Iterator<Item = Seen<'p, 'b>> {
        page.range(self.blocks.clone())
    }
}

/// Cuts a document into its parts.
pub fn parts<'a>(page: &Page<'a>) -> Vec<Part<'a>> {
    let blocks = &page.blocks.blocks;
    let mut parts: Vec<Part<'a>> = Vec::new();
    let mut now = Part { line: blocks.first().map_or(1, |block| block.line), ..Part::default() };
    for (at, block) in blocks.iter().enumerate() {
        let next = match &block.what {
            What::Heading { text, .. } => Part {
                section: now.section + 1,
                title: Name::of(cut(plain(text), |text| short(bare(text)))),
                line: block.line,
                blocks: at + 1..at + 1,
                ..Part::default()
            },
            What::Rule => Part { label: None, ruled: true, blocks: at + 1..at + 1, ..now.clone() },
            What::Paragraph(_) if block.item.is_none() => {
                let Some(label) = page.at(at).and_then(|seen| label(seen.said)) else {
                    now.blocks.end = at + 1;
                    continue;
                };
                let label = Some(Name::of(label));
                Part { label, label_line: block.line, blocks: at + 1..at + 1, ..now.clone() }
            }
            _ => {
                now.blocks.end = at + 1;
                continue;
            }
        };
        parts.push(std::mem::replace(&mut now, next));
    }
    parts.push(now);
    parts.retain(|part| !part.blocks.is_empty());
    parts
}

/// A piece of a text, copied only where the text is a copy itself.
fn cut(text: Cow<'_, str>, piece: impl Fn(&str) -> &str) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(piece(text)),
        Cow::Owned(text) => Cow::Owned(piece(&text).to_owned()),
    }
}

/// As much of a title as anybody wants to read: it is repeated in rows.
fn short(title: &str) -> &str {
    title.get(..title.floor_char_boundary(200)).unwrap_or(title)
}

/// The text of a paragraph that is only there to name what follows: all bold, or short and with a colon at its end.
fn label<'a>(said: &[Said<'a>]) -> Option<Cow<'a, str>> {
    let [only] = said else { return None };
    if let Some(lead) = only.lead() {
        return lead.rest.is_empty().then(|| cut(lead.bold.clone(), |text| short(bare(text))));
    }
    let text = only.text.strip_suffix(':')?;
    (text.len() <= 80 && text.split_whitespace().count() <= 8).then(|| cut(plain(text), bare))
}

/// The words of a text in lower case, without punctuation around them.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Whether this is the first part of its heading.
pub fn first_of_heading(parts: &[Part<'_>], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| parts.get(before));
    before.zip(parts.get(at)).is_none_or(|(before, part)| before.section != part.section)
}
