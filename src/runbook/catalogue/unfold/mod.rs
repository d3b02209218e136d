//! Blocks that write a list in another form, as the blocks that they stand for: what is drawn in a fence, and what
//! is numbered inside of a sentence.
mod drawn;
mod marks;
pub mod spoken;

use std::borrow::Cow;

use super::super::document::{Block, What};
use super::outline::named;

/// A block to be, and the one of its own run that it stands in.
#[derive(Debug, Clone)]
struct Piece {
    line: u32,
    end_line: u32,
    below: Option<usize>,
    what: What,
}

/// What stands above a block.
#[derive(Debug, Clone, Copy, Default)]
struct Above {
    level: u8,
    /// The heading says that it is a runbook by itself.
    named: bool,
}

/// The blocks of a document with those unfolded that stand for several.
pub fn unfolded(blocks: &[Block]) -> Cow<'_, [Block]> {
    let mut above = Above::default();
    let mut found: Vec<(usize, Vec<Piece>)> = Vec::new();
    for (at, block) in blocks.iter().enumerate() {
        if block.quote.is_some() {
            continue;
        }
        let pieces = match &block.what {
            What::Heading { level, text } if block.item.is_none() => {
                above = Above { level: *level, named: named(text).is_some() };
                None
            }
            What::Fence(fence) => drawn::pieces(fence, above),
            What::Paragraph(lines) => spoken::paragraph(lines),
            What::Item { marker, checkbox, text } => spoken::item(*marker, *checkbox, text),
            _ => None,
        };
        if let Some(mut pieces) = pieces.filter(|pieces| !pieces.is_empty()) {
            if let Some(last) = pieces.last_mut() {
                last.end_line = last.end_line.max(block.end_line);
            }
            // The phases of a drawing end with it.
            if matches!(block.what, What::Fence(_)) && block.item.is_none() {
                pieces.push(Piece {
                    line: block.end_line,
                    end_line: block.end_line,
                    below: None,
                    what: What::Rule,
                });
            }
            found.push((at, pieces));
        }
    }
    if found.is_empty() {
        return Cow::Borrowed(blocks);
    }
    let more: usize = found.iter().map(|(_, pieces)| pieces.len()).sum();
    let mut all: Vec<Block> = Vec::with_capacity(blocks.len() + more);
    let mut places: Vec<usize> = Vec::with_capacity(blocks.len());
    let mut found = found.into_iter().peekable();
    for (at, block) in blocks.iter().enumerate() {
        let first = all.len();
        places.push(first);
        let item = block.item.and_then(|item| places.get(item).copied());
        let Some((_, pieces)) = found.next_if(|(own, _)| *own == at) else {
            all.push(Block { item, ..block.clone() });
            continue;
        };
        all.extend(pieces.into_iter().map(|piece| Block {
            line: piece.line,
            end_line: piece.end_line,
            item: piece.below.map(|below| first + below).or(item),
            quote: None,
            what: piece.what,
        }));
    }
    Cow::Owned(all)
}
