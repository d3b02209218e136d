//! A document cut into parts: what stands under one heading, and there under one label (`**Levels:**`).
use std::ops::Range;
use std::rc::Rc;

use crate::runbook::document::inline::{bare, lead, plain};
use crate::runbook::document::{Block, Blocks, Line, What};

/// Blocks that stand together under a heading and a label.
#[derive(Debug, Clone)]
pub struct Part {
    /// Which heading: parts of one heading bear one number.
    pub section: usize,
    /// The heading's text without its marks; empty above the first heading.
    pub title: Rc<str>,
    /// The heading's line, or that of the first block where there is no heading.
    pub line: u32,
    /// The text of the label, without its colon.
    pub label: Option<String>,
    pub label_line: u32,
    /// A rule stands between it and its heading.
    pub ruled: bool,
    pub blocks: Range<usize>,
}

impl Part {
    /// The label, or else the heading.
    pub fn name(&self) -> &str {
        self.label.as_deref().unwrap_or(&self.title)
    }

    pub fn of<'a>(&self, blocks: &'a Blocks) -> &'a [Block] {
        blocks.blocks.get(self.blocks.clone()).unwrap_or_default()
    }
}

/// Cuts a document into its parts.
pub fn parts(blocks: &Blocks) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    let mut now = Part {
        section: 0,
        title: "".into(),
        line: blocks.blocks.first().map_or(1, |block| block.line),
        label: None,
        label_line: 0,
        ruled: false,
        blocks: 0..0,
    };
    for (at, block) in blocks.blocks.iter().enumerate() {
        let next = match &block.what {
            What::Heading { text, .. } => Part {
                section: now.section + 1,
                title: short(bare(&plain(text))).into(),
                line: block.line,
                label: None,
                label_line: 0,
                ruled: false,
                blocks: at + 1..at + 1,
            },
            What::Rule => Part { label: None, ruled: true, blocks: at + 1..at + 1, ..now.clone() },
            What::Paragraph(lines) if block.item.is_none() => {
                let Some(label) = label(lines) else {
                    now.blocks.end = at + 1;
                    continue;
                };
                Part { label: Some(label), label_line: block.line, blocks: at + 1..at + 1, ..now.clone() }
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

/// As much of a title as anybody wants to read: it is repeated in rows.
fn short(title: &str) -> &str {
    title.get(..title.floor_char_boundary(200)).unwrap_or(title)
}

/// The text of a paragraph that is only there to name what follows: all bold, or short and with a colon at its end.
fn label(lines: &[Line]) -> Option<String> {
    let [only] = lines else { return None };
    if let Some(lead) = lead(&only.text) {
        return lead.rest.is_empty().then(|| short(bare(&lead.bold)).to_owned());
    }
    let text = only.text.strip_suffix(':')?;
    (text.len() <= 80 && text.split_whitespace().count() <= 8).then(|| bare(&plain(text)).to_owned())
}

/// The text of an item or a paragraph as one line of Markdown.
pub fn text(block: &Block) -> Option<String> {
    match &block.what {
        What::Item { text: lines, .. } | What::Paragraph(lines) => Some(joined(lines)),
        _ => None,
    }
}

pub fn joined(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&line.text);
    }
    out
}

/// `Name: value`, in bold or plain; a name is a few words.
pub fn pair(markdown: &str) -> Option<(String, String)> {
    if let Some(lead) = lead(markdown) {
        let rest = lead.rest.trim_start_matches(['-', '–', '—', ' ']).to_owned();
        return (lead.colon || rest.len() < lead.rest.len() || rest.is_empty()).then_some((lead.bold, rest));
    }
    // A colon in an address or a time ends no name.
    let ends =
        |at: usize| !markdown.as_bytes().get(at + 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'/');
    if !memchr::memchr_iter(b':', markdown.as_bytes()).any(ends) {
        return None;
    }
    let text = plain(markdown);
    let (name, value) =
        text.split_once(':').filter(|(_, value)| value.is_empty() || value.starts_with(' '))?;
    let few = name.split_whitespace().count() <= 6 && name.len() <= 60 && !name.is_empty();
    few.then(|| (bare(name).to_owned(), value.trim().to_owned()))
}

/// The words of a text in lower case, without punctuation around them.
pub fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect()
}

/// Whether one of the words is among these, in any case, or begins like one that ends in `*`. The known ones are
/// in small letters.
pub fn has(text: &str, known: &[&str]) -> bool {
    /// Every byte of every line is asked for: a table answers at once.
    const LETTER: [bool; 256] = {
        let mut table = [false; 256];
        let mut at: u8 = 0;
        loop {
            table[at as usize] = at.is_ascii_alphanumeric() || !at.is_ascii();
            if at == u8::MAX {
                break table;
            }
            at += 1;
        }
    };
    let part = |b: &u8| !LETTER.get(usize::from(*b)).copied().unwrap_or_default();
    let words = text.as_bytes().split(part);
    let bit = |letter: u8| 1_u32 << (letter & 31);
    let firsts = known.iter().filter_map(|known| known.bytes().next()).fold(0, |all, b| all | bit(b));
    let words = words.filter_map(|word| Some((word, word.first()?.to_ascii_lowercase())));
    words.filter(|(_, first)| firsts & bit(*first) != 0).any(|(word, first)| {
        let begins = |known: &&&str| known.as_bytes().first() == Some(&first);
        known.iter().filter(begins).any(|known| match known.as_bytes() {
            [start @ .., b'*'] => {
                word.get(..start.len()).is_some_and(|word| word.eq_ignore_ascii_case(start))
            }
            all => word.eq_ignore_ascii_case(all),
        })
    })
}

/// Whether this is the first part of its heading.
pub fn first_of_heading(parts: &[Part], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| parts.get(before));
    before.zip(parts.get(at)).is_none_or(|(before, part)| before.section != part.section)
}
