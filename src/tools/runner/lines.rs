//! Output as lines for a screen: made harmless, its colours kept as inks.
use std::io;
use std::ops::Range;

use super::disk::Output;
use crate::domain::text::{Ink, append_line};

/// A line that is longer is shown as several.
const LONGEST: usize = 16 << 10;

/// Some lines of an output, one behind the other.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Page {
    /// Of which byte of the output it is the first; later than was asked for where bytes were dropped.
    pub from: u64,
    /// Where the next page begins.
    pub to: u64,
    /// The last line has no end yet. It stands here, and again at `to`, where it may be longer.
    pub open: bool,
    text: String,
    lines: Vec<Range<usize>>,
    /// Line, place in it, colour from there on.
    inks: Vec<(usize, usize, Ink)>,
}

impl Page {
    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// The text of a line and its colours, each with its place.
    pub fn line(&self, n: usize) -> Option<(&str, Vec<(usize, Ink)>)> {
        let text = self.text.get(self.lines.get(n)?.clone())?;
        let from = self.inks.partition_point(|(line, _, _)| *line < n);
        let inks = self.inks.get(from..)?.iter().take_while(|(line, _, _)| *line == n);
        Some((text, inks.map(|(_, at, ink)| (*at, *ink)).collect()))
    }

    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().filter_map(|line| self.text.get(line.clone()))
    }

    fn push(&mut self, bytes: &[u8]) {
        let (start, line) = (self.text.len(), self.lines.len());
        let inks = &mut self.inks;
        append_line(bytes, &mut self.text, &mut |at, ink| inks.push((line, at, ink)));
        self.lines.push(start..self.text.len());
    }
}

/// The lines that begin at `from`, from about `longest` bytes. A colour does not reach into the next line.
pub fn page(output: &mut Output, from: u64, longest: usize) -> io::Result<Page> {
    let piece = output.read(from, longest.max(LONGEST))?;
    let mut page = Page { from: piece.from, to: piece.from, ..Page::default() };
    let mut bytes = piece.bytes;
    let mut end = page.from + bytes.len() as u64;
    // A piece ends where its file does, which may be in the middle of a line.
    let mut is_cut = false;
    while bytes.len() < LONGEST && !bytes.is_empty() {
        let more = output.read(end, LONGEST)?;
        is_cut = more.from > end;
        if is_cut || more.bytes.is_empty() {
            break;
        }
        end += more.bytes.len() as u64;
        bytes.extend(more.bytes);
    }
    let mut rest = bytes.as_slice();
    while !rest.is_empty() {
        let near = rest.get(..LONGEST.min(rest.len())).unwrap_or_default();
        let (line, taken) = match memchr::memchr(b'\n', near) {
            Some(end) => (near.get(..end).unwrap_or_default(), end + 1),
            None if near.len() == LONGEST => (near, LONGEST),
            // Nothing of the rest of it is kept.
            None if is_cut => (near, near.len()),
            None => {
                // What is cut by the piece alone stands whole on the next page.
                let ends = page.to + rest.len() as u64 == output.total()?;
                if ends {
                    page.push(rest);
                    page.open = true;
                }
                break;
            }
        };
        page.push(line);
        page.to += taken as u64;
        rest = rest.get(taken..).unwrap_or_default();
    }
    Ok(page)
}

#[cfg(test)]
mod tests {
    use super::super::disk::Sheet;
    use super::super::event::Stream;
    use super::super::setup::Files;
    use super::*;

    /// Every line of an output, page by page, and how many bytes of it were passed.
    fn all_lines(output: &mut Output) -> (Vec<String>, u64) {
        let (mut lines, mut at) = (Vec::new(), 0);
        loop {
            let page = page(output, at, 100_000).expect("a page");
            lines.extend(page.lines().map(str::to_owned));
            if page.open || page.is_empty() {
                return (lines, page.to);
            }
            assert!(page.to > at, "it gets on");
            at = page.to;
        }
    }

    #[test]
    fn lines_go_on_where_one_file_ends_and_the_next_begins() {
        use super::super::disk::{HEAD, TAIL};
        let dir = tempfile::tempdir().expect("a directory");
        let mut sheet = Sheet::new(Files(dir.path().to_owned()).output(1, Stream::Out));
        let line = |n: u64| format!("{n:<98}.\n");
        let lines = (HEAD + TAIL + TAIL / 2) / 100;
        for n in 0..lines {
            sheet.append(line(n).as_bytes());
        }
        let mut output = Output::open(dir.path(), 1, Stream::Out).expect("open");
        let (found, passed) = all_lines(&mut output);
        assert_eq!(passed, sheet.total());
        let kept = output.dropped().expect("known").expect("some were dropped");
        let before = kept.start / 100;
        let first = kept.end.div_ceil(100);
        // Two ends of lines meet at the gap, and are not one line.
        let cut = |n: u64, range: std::ops::Range<u64>| {
            let at = |byte: u64| usize::try_from(byte - n * 100).expect("small");
            line(n)[at(range.start)..at(range.end)].trim_end_matches('\n').to_owned()
        };
        let expected = (0..before).map(|n| cut(n, n * 100..n * 100 + 100));
        let expected =
            expected.chain([cut(before, before * 100..kept.start), cut(first - 1, kept.end..first * 100)]);
        let expected = expected.chain((first..lines).map(|n| cut(n, n * 100..n * 100 + 100)));
        for (n, (found, expected)) in found.iter().zip(expected).enumerate() {
            assert_eq!(*found, expected, "line {n}");
        }
        assert_eq!(found.len() as u64, before + 2 + (lines - first));
    }

    #[test]
    fn lines_are_harmless_and_keep_their_colours_and_a_long_one_is_several() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut sheet = Sheet::new(Files(dir.path().to_owned()).output(3, Stream::Err));
        let long = "x".repeat(LONGEST + 5);
        sheet.append(format!("plain\n\x1b[31mred\x1b[0m\x1b[2J!\n\n{long}\nopen").as_bytes());
        let mut output = Output::open(dir.path(), 3, Stream::Err).expect("open");
        let (mut lines, mut at) = (Vec::new(), 0);
        let last = loop {
            let page = page(&mut output, at, 1).expect("a page");
            lines.extend(page.lines().map(str::to_owned));
            if page.from == 0 {
                assert_eq!(page.line(1), Some(("red!", vec![(0, Ink::Red), (3, Ink::Plain)])));
            }
            at = page.to;
            if page.open || page.is_empty() {
                break page;
            }
        };
        assert_eq!(lines.len(), 6);
        assert_eq!((lines[0].as_str(), lines[2].as_str(), lines[4].as_str()), ("plain", "", "xxxxx"));
        assert!(last.open && lines[5] == "open" && at == sheet.total() - 4);
    }
}
