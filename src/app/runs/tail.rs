//! The last lines of what runs, and pages of what ran.
use std::borrow::Cow;
use std::collections::VecDeque;
use std::path::Path;
use std::time::Duration;

use tokio::time::Instant;

use super::Shared;
use crate::domain::known::Known;
use crate::domain::text::Ink;
use crate::incident::event::Order;
use crate::model::run::{Line, News, Page, Stream, Tail};
use crate::tools::runner::{self, Output};

/// Nobody reads faster.
const EVERY: Duration = Duration::from_millis(200);
const LINES: usize = Tail::LINES;
const BYTES: usize = Tail::BYTES;
/// A line of the end is cut there.
const LONGEST: usize = 2_000;
/// What is read at once.
const PIECE: u64 = 64 << 10;

impl From<Stream> for runner::Stream {
    fn from(stream: Stream) -> runner::Stream {
        match stream {
            Stream::Out => runner::Stream::Out,
            Stream::Err => runner::Stream::Err,
            Stream::Term => runner::Stream::Term,
        }
    }
}

/// The end of what a statement writes, as far as it was read.
#[derive(Debug)]
pub(super) struct Tailing {
    streams: Vec<Reading>,
    lines: VecDeque<Line>,
    bytes: usize,
    /// Something was written since, and when it is told.
    due: Option<Instant>,
    told: Option<Instant>,
}

#[derive(Debug)]
struct Reading {
    stream: runner::Stream,
    at: u64,
    total: u64,
    /// A line without its end.
    open: Option<Line>,
}

impl Tailing {
    pub(super) fn new(terminal: bool) -> Tailing {
        let all = if terminal {
            vec![runner::Stream::Term]
        } else {
            vec![runner::Stream::Out, runner::Stream::Err]
        };
        let streams = all.into_iter().map(|stream| Reading { stream, at: 0, total: 0, open: None }).collect();
        Tailing { streams, lines: VecDeque::new(), bytes: 0, due: None, told: None }
    }

    /// Something was written.
    pub(super) fn touch(&mut self) {
        let next = self.told.map_or_else(Instant::now, |told| (told + EVERY).max(Instant::now()));
        self.due.get_or_insert(next);
    }

    pub(super) fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Reads what is new. What cannot be read is shown as far as it was read.
    pub(super) fn read(&mut self, shared: &Shared, dir: &Path, statement: u64) -> Tail {
        (self.due, self.told) = (None, Some(Instant::now()));
        let known = shared.known();
        for reading in &mut self.streams {
            let Ok(mut output) = Output::open(dir, statement, reading.stream) else { continue };
            let Ok(total) = output.total() else { continue };
            reading.total = total;
            if reading.at >= total {
                continue;
            }
            // What came in between is on the disk.
            reading.at = reading.at.max(total.saturating_sub(PIECE));
            reading.open = None;
            while let Ok(page) = runner::page(&mut output, reading.at, BYTES) {
                if page.is_empty() {
                    break;
                }
                let err = reading.stream == runner::Stream::Err;
                let last = page.len() - 1;
                for n in 0..page.len() {
                    let Some((text, inks)) = page.line(n) else { continue };
                    let line = line(&known, text, inks, err, LONGEST);
                    if page.open && n == last {
                        reading.open = Some(line);
                    } else {
                        self.bytes += line.text.len();
                        self.lines.push_back(line);
                    }
                }
                reading.at = page.to;
                if page.open {
                    break;
                }
            }
            while self.lines.len() > LINES || self.bytes > BYTES {
                let Some(gone) = self.lines.pop_front() else { break };
                self.bytes -= gone.text.len();
            }
        }
        let open = self.streams.iter().filter_map(|reading| reading.open.clone());
        let bytes = self.streams.iter().map(|reading| reading.total).sum();
        Tail { lines: self.lines.iter().cloned().chain(open).collect(), bytes }
    }
}

/// A line without secrets; where one stood, its colours are gone.
fn line(known: &Known, text: &str, inks: Vec<(usize, Ink)>, err: bool, longest: usize) -> Line {
    let (mut text, mut inks) = match known.mask(text) {
        Cow::Borrowed(_) => (text.to_owned(), inks),
        Cow::Owned(masked) => (masked, Vec::new()),
    };
    if text.len() > longest {
        let end = (0..=longest).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        text.push('…');
        inks.retain(|(at, _)| *at < end);
    }
    Line { text, inks, err }
}

/// A page of what a statement wrote, wherever it ran.
pub(super) fn read(shared: &Shared, order: Order, stream: Stream, from: u64) -> Result<Page, String> {
    let bad = |error: std::io::Error| format!("what it wrote cannot be read: {error}");
    let dir = shared.dir_of(&order.session).ok_or("what it wrote is not on this box any more")?;
    let mut output = Output::open(&dir, order.statement, stream.into()).map_err(bad)?;
    let total = output.total().map_err(bad)?;
    let page = runner::page(&mut output, from, BYTES).map_err(bad)?;
    let err = stream == Stream::Err;
    let lines = (0..page.len()).filter_map(|n| page.line(n));
    let known = shared.known();
    let lines = lines.map(|(text, inks)| line(&known, text, inks, err, usize::MAX)).collect();
    let (from, to, open) = (page.from, page.to, page.open);
    Ok(Page { order, stream, lines, from, to, total, open, found: None })
}

/// The first page from there with this in it.
pub(super) fn find(
    shared: &Shared,
    order: &Order,
    stream: Stream,
    from: u64,
    what: &str,
) -> Result<News, String> {
    let mut at = from;
    loop {
        let mut page = read(shared, order.clone(), stream, at)?;
        page.found = page.lines.iter().position(|line| line.place(what).is_some());
        if page.found.is_some() {
            return Ok(News::Page(page));
        }
        if page.open || page.to <= at {
            return Ok(News::NotFound(what.to_owned()));
        }
        at = page.to;
    }
}
