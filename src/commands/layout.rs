//! Where the lines and comments of a text stand, whatever its language.
use std::collections::HashMap;
use std::ops::Range;

use crate::commands::Source;
use crate::commands::statement::Comment;

#[derive(Debug)]
pub struct Layout<'a> {
    /// The text as it was written.
    text: &'a str,
    starts: Vec<usize>,
    /// Comments that stand alone, by their line.
    alone: HashMap<usize, String>,
}

impl<'a> Layout<'a> {
    pub fn new(text: &'a str) -> Layout<'a> {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text.as_bytes()).map(|at| at + 1));
        Layout { text, starts: starts.collect(), alone: HashMap::new() }
    }

    /// The line of a byte, counted from 0.
    pub fn line(&self, at: usize) -> usize {
        self.starts.partition_point(|start| *start <= at).saturating_sub(1)
    }

    pub fn text(&self, start: usize, end: usize) -> &'a str {
        self.text.get(start..end.max(start)).unwrap_or_default()
    }

    fn line_range(&self, line: usize) -> Range<usize> {
        let start = self.starts.get(line).copied().unwrap_or(self.text.len());
        let end = self.starts.get(line + 1).map_or(self.text.len(), |next| next - 1);
        start..end.max(start)
    }

    /// The end of the line on which a byte stands.
    pub fn line_end(&self, at: usize) -> usize {
        self.line_range(self.line(at)).end
    }

    /// The end of the line on which a byte stands, a comment behind it left out.
    pub fn text_line_end(&self, at: usize) -> usize {
        let end = self.line_end(at);
        let rest = self.text(at, end);
        rest.find(" #").map_or(end, |comment| at + comment)
    }

    /// Where the first word of the byte's line stands.
    pub fn line_start_of_word(&self, at: usize) -> usize {
        let line = self.line_range(self.line(at));
        let text = self.text(line.start, line.end);
        line.start + (text.len() - text.trim_start().len())
    }

    /// Makes a comment of its bytes, without `sign`, and remembers it if nothing else stands on its line.
    pub fn comment(&mut self, range: &Range<usize>, sign: &[char], source: &Source<'_>) -> Comment {
        let line = self.line(range.start);
        let before = self.text(self.line_range(line).start, range.start);
        let text = self.text(range.start, range.end).trim_start_matches(sign).trim().to_owned();
        let alone = before.trim().is_empty();
        if alone {
            self.alone.insert(line, text.clone());
        }
        Comment { line: source.line(line), text, alone, indent: before.chars().count() }
    }

    /// The comment that stands directly above a line; several lines of it are joined.
    pub fn label(&self, line: usize) -> Option<String> {
        let mut lines = Vec::new();
        for above in (0..line).rev().take(12) {
            match self.alone.get(&above) {
                Some(text) if !text.is_empty() => lines.push(text.as_str()),
                _ => break,
            }
        }
        let mut lines = lines.into_iter().rev();
        let mut out = lines.next()?.to_owned();
        for next in lines {
            let goes_on = next.starts_with(char::is_lowercase);
            out.push_str(if goes_on { " " } else { " / " });
            out.push_str(next);
        }
        Some(out)
    }
}
