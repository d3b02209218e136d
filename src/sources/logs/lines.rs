//! Bytes of one container into clean, parsed lines, whatever pieces they arrive in.
use std::sync::Arc;

use super::resume::{Resume, Verdict};
use super::stamp;
use crate::domain::log::{LineKind, Lines, LogLevel, Stream, level};
use crate::domain::time::Timestamp;
use crate::domain::{secret, text};

/// A longer line is cut, and says so.
pub(super) const LONGEST: usize = 64 * 1024;
/// Room for the stamp before it.
const STAMP: usize = 64;

/// Splits, stamps, cleans and judges the lines of one container.
#[derive(Debug)]
pub(super) struct Parser {
    stream: Arc<Stream>,
    /// The beginning of a line whose end has not arrived.
    part: Vec<u8>,
    /// How much of it was not kept.
    beyond: u64,
    level: LogLevel,
    nanos: i64,
    resume: Resume,
    lines: Lines,
    full: Vec<Lines>,
}

impl Parser {
    pub(super) fn new(stream: Arc<Stream>) -> Parser {
        Parser {
            stream,
            part: Vec::new(),
            beyond: 0,
            level: LogLevel::None,
            nanos: 0,
            resume: Resume::default(),
            lines: Lines::default(),
            full: Vec::new(),
        }
    }

    pub(super) fn since(&self) -> Option<i64> {
        self.resume.since()
    }

    /// The stream was opened again. The part of a line that was left comes again, whole.
    pub(super) fn reopened(&mut self, renewed: bool) {
        self.part.clear();
        self.beyond = 0;
        self.resume.reopened(renewed);
    }

    /// The container will write no more: what has no line end is a line too.
    pub(super) fn ended(&mut self) {
        if !self.part.is_empty() {
            self.finish_part();
        }
    }

    /// Puts a line of our own into the flow. It stands where the stream is, or at `now` before there was any line.
    pub(super) fn say(&mut self, kind: LineKind, text: &str, now: Timestamp) {
        let now = now.0.saturating_mul(1_000_000);
        let nanos = if kind == LineKind::Ended && self.nanos > 0 { self.nanos } else { now.max(self.nanos) };
        self.lines.say(&self.stream, nanos, kind, text);
    }

    pub(super) fn has_full(&self) -> bool {
        !self.full.is_empty()
    }

    pub(super) fn feed(&mut self, bytes: &[u8]) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr(b'\n', rest) {
            let (line, after) = rest.split_at(end);
            rest = after.get(1..).unwrap_or_default();
            if self.part.is_empty() && line.len() <= LONGEST {
                self.line(line, 0);
            } else {
                self.keep(line);
                self.finish_part();
            }
        }
        self.keep(rest);
    }

    /// Whether anything waits to be taken.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty() && self.full.is_empty()
    }

    pub(super) fn take(&mut self) -> Vec<Lines> {
        let mut out = std::mem::take(&mut self.full);
        if !self.lines.is_empty() {
            out.push(std::mem::take(&mut self.lines));
        }
        out
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = (LONGEST + STAMP).saturating_sub(self.part.len()).min(bytes.len());
        let (kept, beyond) = bytes.split_at(room);
        self.part.extend_from_slice(kept);
        self.beyond += beyond.len() as u64;
    }

    fn finish_part(&mut self) {
        let part = std::mem::take(&mut self.part);
        let beyond = std::mem::take(&mut self.beyond);
        self.line(&part, beyond);
        self.part = part;
        self.part.clear();
        // One long line must not hold its memory for ever.
        self.part.shrink_to(4_096);
    }

    fn line(&mut self, bytes: &[u8], beyond: u64) {
        let (nanos, skip) = stamp::read(bytes).unwrap_or((self.nanos, 0));
        let stamped = skip > 0;
        // A line without a stamp is the server's own word; it cannot have been seen before.
        match if stamped { self.resume.judge(nanos) } else { Verdict::New } {
            Verdict::Seen => return,
            Verdict::NewAfterGap => {
                let text = "lines may be missing here: the log was rotated while the connection was down";
                self.lines.say(&self.stream, nanos, LineKind::Gap, text);
            }
            Verdict::New => {}
        }
        self.nanos = nanos;
        let content = bytes.get(skip..).unwrap_or_default();
        let (content, cut) = cut(content, beyond);
        // Here, once: the screen, the search, a copy and a file all show what is kept.
        let content = secret::mask(content);
        let before = self.level;
        self.lines.add(
            &self.stream,
            nanos,
            |out, ink| {
                text::append_line(&content, out, ink);
                if cut > 0 {
                    out.push_str(" … cut, ");
                    out.push_str(&text::grouped(cut));
                    out.push_str(" bytes more");
                }
            },
            |text| if level::continues(text) { before } else { LogLevel::read(text) },
        );
        self.level = self.lines.last_level();
        if self.lines.is_full() {
            self.full.push(std::mem::take(&mut self.lines));
        }
    }
}

/// At most the longest line, never half a letter, and how many bytes are left out.
fn cut(content: &[u8], beyond: u64) -> (&[u8], u64) {
    if content.len() <= LONGEST && beyond == 0 {
        return (content, 0);
    }
    let mut end = content.len().min(LONGEST);
    while end > 0 && end + 4 > LONGEST && content.get(end).is_some_and(|b| b & 0xc0 == 0x80) {
        end -= 1;
    }
    let kept = content.get(..end).unwrap_or_default();
    (kept, beyond + (content.len() - end) as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::log::LineId;

    fn texts(parser: &mut Parser) -> Vec<String> {
        let chunks = parser.take().into_iter().map(|lines| lines.seal(LineId(0)));
        chunks.flat_map(|c| c.views().map(|v| v.text.to_owned()).collect::<Vec<_>>()).collect()
    }

    fn parse(pieces: &[&[u8]]) -> Vec<String> {
        let mut parser = Parser::new(Arc::default());
        for piece in pieces {
            parser.feed(piece);
        }
        parser.ended();
        texts(&mut parser)
    }

    #[test]
    fn a_line_of_ten_megabytes_is_cut_and_counted() {
        let mut bytes = b"2026-01-02T03:04:05Z ".to_vec();
        bytes.extend(std::iter::repeat_n(b'x', 10_000_000));
        bytes.extend_from_slice(b"\n2026-01-02T03:04:06Z next\n");
        let lines = parse(&bytes.chunks(8_192).collect::<Vec<_>>());
        let expected = format!("{} … cut, 9,934,464 bytes more", "x".repeat(LONGEST));
        assert!(
            lines == [expected, "next".to_owned()],
            "{:?}",
            lines.iter().map(String::len).collect::<Vec<_>>()
        );
    }

    #[test]
    fn a_cut_never_leaves_half_a_letter() {
        let bytes = format!("{}é{}\n", "x".repeat(LONGEST - 1), "y".repeat(100));
        assert!(parse(&[bytes.as_bytes()]).concat().ends_with("x … cut, 102 bytes more"));
    }

    #[test]
    fn a_password_in_a_line_goes_no_further() {
        let line = b"2026-01-02T03:04:05Z dial postgres://app:hunter2@db, token=hunter2\n".as_slice();
        assert_eq!(parse(&[line]), ["dial postgres://app:(hidden)@db, token=(hidden)"]);
    }

    #[test]
    fn a_stack_trace_has_the_level_of_its_first_line() {
        let mut parser = Parser::new(Arc::default());
        parser.feed(
            b"2026-01-02T03:04:05Z ERROR x\n2026-01-02T03:04:05Z \tat y\n2026-01-02T03:04:05Z INFO z\n",
        );
        let chunk = parser.take().remove(0).seal(LineId(0));
        let levels: Vec<_> = chunk.records().iter().map(|line| line.level).collect();
        assert_eq!(levels, [LogLevel::Error, LogLevel::Error, LogLevel::Info]);
    }

    #[test]
    fn half_a_line_is_shown_only_once_it_is_whole_or_final() {
        let mut parser = Parser::new(Arc::default());
        parser.feed(b"2026-01-02T03:04:05Z one\n2026-01-02T03:04:06Z tw");
        assert_eq!(texts(&mut parser), ["one"]);
        parser.reopened(false);
        parser.feed(b"2026-01-02T03:04:05Z one\n2026-01-02T03:04:06Z two\n2026-01-02T03:04:07Z three");
        assert_eq!(texts(&mut parser), ["two"]);
        parser.ended();
        assert_eq!(texts(&mut parser), ["three"]);
    }

    #[test]
    fn a_word_of_the_server_without_a_stamp_is_a_line_too() {
        assert_eq!(parse(&[b"unable to retrieve container logs\n"]), ["unable to retrieve container logs"]);
    }

    proptest! {
        #[test]
        fn the_pieces_bytes_arrive_in_change_nothing(
            lines in prop::collection::vec("(2026-01-02T03:04:0[0-9]Z )?[ -~\\t\\r\u{1b}é]{0,30}", 0..20),
            cuts in prop::collection::vec(0_usize..800, 0..10),
        ) {
            let bytes = lines.join("\n").into_bytes();
            let mut cuts: Vec<usize> = cuts.into_iter().map(|c| c.min(bytes.len())).collect();
            cuts.sort_unstable();
            cuts.push(bytes.len());
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(bytes.get(from..cut).unwrap());
                from = cut;
            }
            prop_assert_eq!(parse(&pieces), parse(&[&bytes]));
        }
    }
}
