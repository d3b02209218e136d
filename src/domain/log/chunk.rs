//! Lines in bulk: one string, a few bytes beside each line.
use std::sync::Arc;

use super::LogLevel;
use crate::domain::Text;
use crate::domain::text::Ink;
use crate::domain::time::Timestamp;

/// A chunk is sealed once its text is this long; one longer line may stand alone.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// Empty lines have no text, so lines are bounded as well.
pub const CHUNK_LINES: usize = 4_096;

/// Which line, for as long as one follow lasts. Later lines have higher numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct LineId(pub u64);

impl LineId {
    #[must_use]
    pub fn plus(self, lines: usize) -> LineId {
        LineId(self.0.saturating_add(lines as u64))
    }

    /// How many lines lie between; zero when `earlier` is later.
    pub fn since(self, earlier: LineId) -> u64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// Who wrote a line.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Stream {
    pub namespace: Text,
    pub pod: Text,
    pub container: Text,
}

/// Written by a container, or said by firedeck in its place in the flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum LineKind {
    #[default]
    Written,
    /// Lines are missing here, and nobody knows how many.
    Gap,
    /// Lines were left out here, and counted.
    Dropped,
    /// A container's lines begin here.
    Began,
    /// They end here.
    Ended,
    /// Anything else worth knowing here: why a container cannot be read.
    Note,
}

/// What is kept beside the text of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Line {
    /// Nanoseconds since the epoch, as the node wrote it.
    pub nanos: i64,
    start: u32,
    length: u32,
    stream: u16,
    pub level: LogLevel,
    pub kind: LineKind,
}

/// Lines that can still be added to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines {
    text: String,
    records: Vec<Line>,
    streams: Vec<Arc<Stream>>,
    /// Line, place in it, colour from there on.
    inks: Vec<(u32, u32, Ink)>,
    dropped: u64,
    gaps: u32,
}

/// One line, with everything about it.
#[derive(Debug, Clone, Copy)]
pub struct LineView<'c> {
    pub id: LineId,
    pub line: Line,
    pub text: &'c str,
    pub stream: &'c Arc<Stream>,
    inks: &'c [(u32, u32, Ink)],
}

impl LineView<'_> {
    pub fn time(&self) -> Timestamp {
        Timestamp(self.line.nanos.div_euclid(1_000_000))
    }

    /// Where its writer's colours change.
    pub fn inks(&self) -> impl Iterator<Item = (usize, Ink)> {
        self.inks.iter().map(|(_, at, ink)| (*at as usize, *ink))
    }
}

impl Lines {
    pub fn len(&self) -> usize {
        self.records.len()
    }

    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Whether it is time to seal.
    pub fn is_full(&self) -> bool {
        self.text.len() >= CHUNK_BYTES || self.records.len() >= CHUNK_LINES
    }

    /// Adds a line whose text `write` appends, with a place to tell the colours of it.
    /// `level` sees the finished text.
    pub fn add(
        &mut self,
        stream: &Arc<Stream>,
        nanos: i64,
        write: impl FnOnce(&mut String, &mut dyn FnMut(usize, Ink)),
        level: impl FnOnce(&str) -> LogLevel,
    ) {
        let start = self.text.len();
        let number = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        let inks = &mut self.inks;
        write(&mut self.text, &mut |at, ink| inks.push((number, u32::try_from(at).unwrap_or(u32::MAX), ink)));
        let level = level(self.text.get(start..).unwrap_or_default());
        self.push(stream, start, nanos, level, LineKind::Written);
    }

    /// Adds a line of our own.
    pub fn say(&mut self, stream: &Arc<Stream>, nanos: i64, kind: LineKind, text: &str) {
        let start = self.text.len();
        self.text.push_str(text);
        self.gaps += u32::from(kind == LineKind::Gap);
        self.push(stream, start, nanos, LogLevel::None, kind);
    }

    /// Adds the line that stands for `count` lines left out.
    pub fn drop_here(&mut self, stream: &Arc<Stream>, nanos: i64, count: u64, text: &str) {
        self.dropped += count;
        self.say(stream, nanos, LineKind::Dropped, text);
    }

    /// Copies a line of another chunk.
    pub fn copy(&mut self, from: &Lines, number: usize) {
        let Some(view) = from.view(number, LineId::default()) else { return };
        let start = self.text.len();
        self.text.push_str(view.text);
        let here = u32::try_from(self.records.len()).unwrap_or(u32::MAX);
        self.inks.extend(view.inks.iter().map(|(_, at, ink)| (here, *at, *ink)));
        self.gaps += u32::from(view.line.kind == LineKind::Gap);
        self.push(view.stream, start, view.line.nanos, view.line.level, view.line.kind);
    }

    fn push(&mut self, stream: &Arc<Stream>, start: usize, nanos: i64, level: LogLevel, kind: LineKind) {
        let stream = self.stream(stream);
        let length = u32::try_from(self.text.len() - start).unwrap_or(u32::MAX);
        let start = u32::try_from(start).unwrap_or(u32::MAX);
        self.records.push(Line { nanos, start, length, stream, level, kind });
    }

    fn stream(&mut self, stream: &Arc<Stream>) -> u16 {
        // The last one is nearly always the right one.
        let known = self.streams.iter().rposition(|s| Arc::ptr_eq(s, stream));
        let number = known.unwrap_or_else(|| {
            self.streams.push(Arc::clone(stream));
            self.streams.len() - 1
        });
        u16::try_from(number).unwrap_or(u16::MAX)
    }

    pub fn nanos(&self, number: usize) -> Option<i64> {
        self.records.get(number).map(|line| line.nanos)
    }

    fn view(&self, number: usize, first: LineId) -> Option<LineView<'_>> {
        let line = *self.records.get(number)?;
        let start = line.start as usize;
        let at = u32::try_from(number).ok()?;
        let from = self.inks.partition_point(|(n, ..)| *n < at);
        let to = self.inks.partition_point(|(n, ..)| *n <= at);
        Some(LineView {
            id: first.plus(number),
            line,
            text: self.text.get(start..start + line.length as usize)?,
            stream: self.streams.get(usize::from(line.stream))?,
            inks: self.inks.get(from..to)?,
        })
    }

    /// The length of the text and of what is kept beside it.
    pub fn bytes(&self) -> usize {
        self.text.len() + self.records.len() * size_of::<Line>()
    }

    pub fn dropped(&self) -> u64 {
        self.dropped
    }

    pub fn last_level(&self) -> LogLevel {
        self.records.last().map(|line| line.level).unwrap_or_default()
    }

    /// Nothing is added from here on.
    #[must_use]
    pub fn seal(mut self, first: LineId) -> LogChunk {
        self.text.shrink_to_fit();
        self.records.shrink_to_fit();
        LogChunk { first, lines: self }
    }
}

/// Up to 64 kB of lines, harmless and parsed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogChunk {
    first: LineId,
    lines: Lines,
}

impl LogChunk {
    pub fn first(&self) -> LineId {
        self.first
    }

    /// The id of the line after the last.
    pub fn end(&self) -> LineId {
        self.first.plus(self.len())
    }

    pub fn len(&self) -> usize {
        self.lines.len()
    }

    pub fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    pub fn line(&self, id: LineId) -> Option<LineView<'_>> {
        let number = usize::try_from(id.0.checked_sub(self.first.0)?).ok()?;
        self.lines.view(number, self.first)
    }

    pub fn views(&self) -> impl Iterator<Item = LineView<'_>> {
        (0..self.len()).filter_map(|number| self.lines.view(number, self.first))
    }

    /// The line records alone, which is all that many questions need.
    pub fn records(&self) -> &[Line] {
        &self.lines.records
    }

    /// How many lines were left out in here.
    pub fn dropped(&self) -> u64 {
        self.lines.dropped
    }

    /// How many places lines are missing at.
    pub fn gaps(&self) -> u32 {
        self.lines.gaps
    }

    /// The memory it holds, in bytes.
    pub fn resident(&self) -> usize {
        size_of::<LogChunk>()
            + self.lines.text.capacity()
            + self.lines.records.capacity() * size_of::<Line>()
            + self.lines.streams.capacity() * size_of::<Arc<Stream>>()
            + self.lines.inks.capacity() * size_of::<(u32, u32, Ink)>()
    }

    /// Takes in the chunk that follows this one if both together are still small. A quiet log would
    /// otherwise cost more in chunks than in lines.
    #[must_use]
    pub fn join(&mut self, next: &LogChunk) -> bool {
        let small = self.lines.text.len() + next.lines.text.len() <= CHUNK_BYTES
            && self.len() + next.len() <= CHUNK_LINES
            && self.end() == next.first;
        if small {
            for number in 0..next.len() {
                self.lines.copy(&next.lines, number);
            }
            self.lines.dropped += next.lines.dropped;
        }
        small
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunk(first: u64, texts: &[&str]) -> LogChunk {
        let stream = Arc::new(Stream::default());
        let mut lines = Lines::default();
        for text in texts {
            lines.add(&stream, 5, |out, _| out.push_str(text), LogLevel::read);
        }
        lines.seal(LineId(first))
    }

    #[test]
    fn small_neighbours_are_joined_and_keep_their_ids() {
        let mut a = chunk(7, &["one", "two ERROR"]);
        assert!(a.join(&chunk(9, &["three"])));
        assert_eq!(a.end(), LineId(10));
        assert_eq!(a.line(LineId(9)).map(|l| l.text), Some("three"));
        assert_eq!(a.line(LineId(8)).map(|l| l.line.level), Some(LogLevel::Error));
        assert!(!a.join(&chunk(20, &["elsewhere"])));
        assert!(!a.join(&chunk(10, &["x".repeat(CHUNK_BYTES).as_str()])));
    }

    #[test]
    fn colours_stay_with_their_line_when_it_is_copied() {
        let stream = Arc::new(Stream::default());
        let mut lines = Lines::default();
        lines.say(&stream, 0, LineKind::Note, "first");
        lines.add(
            &stream,
            1,
            |out, ink| {
                out.push_str("red");
                ink(0, Ink::Red);
            },
            |_| LogLevel::None,
        );
        let mut copy = Lines::default();
        copy.copy(&lines, 1);
        let copy = copy.seal(LineId(0));
        let inks: Vec<_> =
            copy.line(LineId(0)).into_iter().flat_map(|l| l.inks().collect::<Vec<_>>()).collect();
        assert_eq!(inks, [(0, Ink::Red)]);
    }
}
