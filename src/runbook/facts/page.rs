//! What the blocks of a document say, each thing worked out once for all who read facts.
use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::Range;

use crate::runbook::document::inline::{Lead, bare, lead, plain};
use crate::runbook::document::{Block, Blocks, Line, What};

use super::known::Name;

/// A document with what its lines and tables say.
pub struct Page<'a> {
    pub blocks: &'a Blocks,
    /// Where the lines and heads of each block begin, and behind the last block where they end.
    starts: Vec<(usize, usize)>,
    said: Vec<Said<'a>>,
    heads: Vec<Name<'a>>,
}

/// A block with its lines and heads.
#[derive(Clone, Copy)]
pub struct Seen<'p, 'a> {
    pub block: &'a Block,
    /// The lines of a paragraph, or the one of an item.
    pub said: &'p [Said<'a>],
    /// The heads of a table's columns, without their marks.
    pub heads: &'p [Name<'a>],
}

/// The texts of the items that stand on several lines, by their blocks.
pub fn joins(blocks: &Blocks) -> Vec<(usize, String)> {
    let items = blocks.blocks.iter().enumerate().filter_map(|(at, block)| match &block.what {
        What::Item { text, .. } if text.len() > 1 => Some((at, joined(text))),
        _ => None,
    });
    items.collect()
}

impl<'a> Page<'a> {
    pub fn new(blocks: &'a Blocks, joins: &'a [(usize, String)]) -> Self {
        let mut joins = joins.iter().peekable();
        let count = blocks.blocks.len();
        let (mut starts, mut said) = (Vec::with_capacity(count + 1), Vec::with_capacity(count));
        let mut heads = Vec::new();
        for (at, block) in blocks.blocks.iter().enumerate() {
            starts.push((said.len(), heads.len()));
            match &block.what {
                What::Paragraph(lines) => {
                    said.extend(lines.iter().map(|line| Said::new(line.no, &line.text)));
                }
                What::Item { text, .. } => {
                    let joined = joins.next_if(|(item, _)| *item == at).map(|(_, text)| text.as_str());
                    let first = || text.first().map_or("", |line| line.text.as_str());
                    said.push(Said::new(block.line, joined.unwrap_or_else(first)));
                }
                What::Table(table) => heads.extend(table.header.iter().map(|cell| Name::of(plain(cell)))),
                _ => {}
            }
        }
        starts.push((said.len(), heads.len()));
        Self { blocks, starts, said, heads }
    }

    pub fn at(&self, at: usize) -> Option<Seen<'_, 'a>> {
        let block = self.blocks.blocks.get(at)?;
        let ((said, heads), (said_end, heads_end)) = (*self.starts.get(at)?, *self.starts.get(at + 1)?);
        Some(Seen {
            block,
            said: self.said.get(said..said_end).unwrap_or_default(),
            heads: self.heads.get(heads..heads_end).unwrap_or_default(),
        })
    }

    pub fn range(&self, range: Range<usize>) -> impl Iterator<Item = Seen<'_, 'a>> {
        range.map_while(|at| self.at(at))
    }
}

impl<'a> Seen<'_, 'a> {
    /// The text of an item or a paragraph as one line of Markdown.
    pub fn whole(&self) -> Option<Cow<'a, str>> {
        match (self.said, &self.block.what) {
            ([], _) => None,
            ([only], _) => Some(Cow::Borrowed(only.text)),
            (_, What::Paragraph(lines)) => Some(Cow::Owned(joined(lines))),
            _ => None,
        }
    }
}

fn joined(lines: &[Line]) -> String {
    let mut out = String::new();
    for line in lines {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(&line.text);
    }
    out
}

/// A line of Markdown, and what many want to know of it.
pub struct Said<'a> {
    pub line: u32,
    pub text: &'a str,
    lead: OnceCell<Option<Lead<'a>>>,
    pair: OnceCell<Option<Pair<'a>>>,
    plain: OnceCell<Cow<'a, str>>,
}

impl<'a> Said<'a> {
    fn new(line: u32, text: &'a str) -> Self {
        Self { line, text, lead: OnceCell::new(), pair: OnceCell::new(), plain: OnceCell::new() }
    }

    /// What it begins with in bold.
    pub fn lead(&self) -> Option<&Lead<'a>> {
        self.lead.get_or_init(|| lead(self.text)).as_ref()
    }

    /// `Name: value`, in bold or plain.
    pub fn pair(&self) -> Option<&Pair<'a>> {
        let read = || match self.lead() {
            Some(lead) => Pair::of_lead(lead),
            None => Pair::of_plain(self.text),
        };
        self.pair.get_or_init(read).as_ref()
    }

    /// A pair whose value says something.
    pub fn full(&self) -> Option<&Pair<'a>> {
        self.pair().filter(|pair| !pair.value.is_empty())
    }

    /// What it says without its marks.
    pub fn plain(&self) -> &Cow<'a, str> {
        self.plain.get_or_init(|| plain(self.text))
    }
}

/// `Name: value`; a name is a few words.
pub struct Pair<'a> {
    pub name: Name<'a>,
    /// Markdown.
    pub value: Cow<'a, str>,
    plain: OnceCell<Cow<'a, str>>,
    control: OnceCell<bool>,
}

impl<'a> Pair<'a> {
    pub fn read(markdown: &'a str) -> Option<Self> {
        match lead(markdown) {
            Some(lead) => Self::of_lead(&lead),
            None => Self::of_plain(markdown),
        }
    }

    /// The value without its marks.
    pub fn plain(&self) -> &str {
        self.plain.get_or_init(|| match &self.value {
            Cow::Borrowed(value) => plain(value),
            Cow::Owned(value) => Cow::Owned(plain(value).into_owned()),
        })
    }

    /// Whether the document keeps account of itself under this name.
    pub fn control(&self) -> bool {
        *self.control.get_or_init(|| super::meta::control(&self.name))
    }

    fn new(name: Cow<'a, str>, value: Cow<'a, str>) -> Self {
        Self { name: Name::of(name), value, plain: OnceCell::new(), control: OnceCell::new() }
    }

    fn of_lead(lead: &Lead<'a>) -> Option<Self> {
        let rest = lead.rest.trim_start_matches(['-', '–', '—', ' ']);
        let apart = lead.colon || rest.len() < lead.rest.len() || rest.is_empty();
        apart.then(|| Self::new(lead.bold.clone(), Cow::Borrowed(rest)))
    }

    fn of_plain(markdown: &'a str) -> Option<Self> {
        // A colon in an address or a time ends no name.
        let bytes = markdown.as_bytes();
        let ends = |at: usize| !bytes.get(at + 1).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'/');
        if !memchr::memchr_iter(b':', bytes).any(ends) {
            return None;
        }
        match plain(markdown) {
            Cow::Borrowed(text) => {
                let (name, value) = parted(text)?;
                Some(Self::new(Cow::Borrowed(name), Cow::Borrowed(value)))
            }
            Cow::Owned(text) => {
                let (name, value) = parted(&text)?;
                Some(Self::new(Cow::Owned(name.to_owned()), Cow::Owned(value.to_owned())))
            }
        }
    }
}

/// The name in front of the first colon, and the value behind it.
fn parted(text: &str) -> Option<(&str, &str)> {
    let at = memchr::memchr(b':', text.as_bytes())?;
    let (name, value) = (text.get(..at)?, text.get(at + 1..)?);
    let apart = value.is_empty() || value.starts_with(' ');
    let few = !name.is_empty() && name.len() <= 60 && name.split_whitespace().count() <= 6;
    (apart && few).then(|| (bare(name), value.trim()))
}
