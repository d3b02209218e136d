//! Blocks of data that show what a server answers: nothing to write, and nothing to run.
use super::super::document::{Line, What};
use super::code::Code;
use super::outline::Outline;
use super::text::{plain, words};

/// Words of a line above data that is to be written somewhere.
const WRITTEN: &[&str] = &[
    "config",
    "configuration",
    "file",
    "policy",
    "save",
    "create",
    "add",
    "edit",
    "set",
    "change",
    "update",
    "apply",
    "write",
];
/// Words of a line above an answer that nobody wants.
const WRONG: &[&str] = &[
    "failure",
    "failed",
    "fail",
    "error",
    "errors",
    "degraded",
    "unhealthy",
    "down",
    "bad",
    "not",
    "wrong",
    "unavailable",
];

/// What a block of data shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    Good,
    /// What comes when something is wrong.
    Bad,
}

impl Outline<'_> {
    /// Whether a block shows what a server answers: the line above it says so, or a request stands before it.
    pub fn answer(&self, at: usize) -> Option<Answer> {
        let What::Fence(fence) = &self.blocks.get(at)?.what else { return None };
        let begins = fence.body.iter().map(|line| line.text.trim()).find(|text| !text.is_empty())?;
        let data =
            begins.starts_with(['{', '[', '<']) && matches!(self.code(at)?, Code::Snippet | Code::Output);
        let What::Paragraph(lines) = &self.blocks.get(at.checked_sub(1)?)?.what else { return None };
        let text = plain(&lines.last()?.text);
        // `Success (no errors)`: what stands in front decides.
        let front = words(text.split('(').next().unwrap_or_default());
        let says = |known: &[&str]| front.iter().any(|word| known.contains(&word.as_str()));
        let told = says(&["response", "responses", "answer", "returns", "output", "result"]);
        if !data || says(WRITTEN) || !(told || self.is_asked(at)) {
            return None;
        }
        Some(if says(WRONG) { Answer::Bad } else { Answer::Good })
    }

    /// A request stands before it in its section.
    fn is_asked(&self, at: usize) -> bool {
        let before = self.blocks.get(at.saturating_sub(12)..at).unwrap_or_default().iter().enumerate().rev();
        for (back, block) in before {
            if matches!(block.what, What::Heading { .. }) {
                return false;
            }
            if let Some(Code::Commands(parts)) = self.code(at.saturating_sub(12) + back) {
                let asks = |line: &Line| {
                    ["curl ", "wget ", "http "].iter().any(|tool| line.text.trim_start().starts_with(tool))
                };
                return parts.iter().any(|part| part.lines.iter().any(asks));
            }
        }
        false
    }
}
