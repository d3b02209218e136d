//! The log buffer: what is kept of a follow, where in it the operator is, and what is looked for.
mod bits;
mod found;
mod rate;
mod ring;
mod scan;

use std::time::Duration;

pub use bits::Bits;
pub use found::Found;
pub use rate::Rate;
pub use ring::Ring;
pub use scan::{Pattern, SaveOrder, Scan, ScanOrder, scan};

use crate::domain::log::{Follow, LineId, LineView, LogChunk, LogNews, Streams};
use crate::domain::time::Timestamp;

/// Where the window stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// The newest line is at the bottom.
    #[default]
    Newest,
    /// This row of this line is at the bottom, whatever arrives.
    At { line: LineId, row: usize },
}

/// Everything about the logs pane.
#[derive(Debug, Default)]
pub struct Logs {
    pub following: Option<Follow>,
    /// The source has begun with what is followed; before that, chunks are of an earlier order.
    begun: bool,
    pub ring: Ring,
    pub streams: Streams,
    pub place: Place,
    /// The end of the buffer when the window was stopped.
    pub stopped_at: LineId,
    /// The line that was jumped to.
    pub here: Option<LineId>,
    /// A rule stands behind each of these.
    pub marks: std::collections::BTreeSet<LineId>,
    pub wrap: bool,
    pub times: Times,
    /// Columns scrolled to the right.
    pub left: usize,
    /// Lines around each hit that are shown as well.
    pub context: u64,
    pub find: Option<Pattern>,
    pub include: Option<Pattern>,
    pub exclude: Option<Pattern>,
    pub found: Found,
    pub range: Option<Duration>,
    /// The first line within the range.
    pub since: LineId,
    pub rate: Rate,
    /// Columns and rows of the window; the layout says so.
    pub size: (u16, u16),
}

/// Whether lines begin with their time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Times {
    #[default]
    Shown,
    Hidden,
}

impl Logs {
    /// A buffer of so many bytes.
    pub fn with_capacity(bytes: usize) -> Logs {
        Logs { ring: Ring::new(bytes), ..Logs::default() }
    }

    /// From now on this is followed; what was kept of before goes.
    pub fn follow(&mut self, follow: Option<Follow>) {
        let fresh = Logs {
            following: follow,
            ring: Ring::new(self.ring.capacity()),
            wrap: self.wrap,
            times: self.times,
            size: self.size,
            ..Logs::default()
        };
        // An answer to a search of the old buffer must not be taken for one of the new.
        let found = Found::after(&self.found);
        *self = Logs { found, ..fresh };
    }

    /// Takes in what the source says; true if anything of it can be seen.
    pub fn news(&mut self, news: LogNews) -> bool {
        match news {
            LogNews::Began(follow) => {
                self.begun = self.following.as_ref() == Some(&*follow);
                if self.begun {
                    let (include, exclude, find) =
                        (self.include.take(), self.exclude.take(), self.find.take());
                    let (range, context) = (self.range, self.context);
                    self.follow(self.following.clone());
                    self.begun = true;
                    (self.include, self.exclude, self.find) = (include, exclude, find);
                    (self.range, self.context) = (range, context);
                }
                self.begun
            }
            _ if !self.begun => false,
            LogNews::Chunk(chunk) => {
                self.rate.saw(chunk.len());
                self.ring.push(chunk);
                let first = self.ring.first();
                self.found.forget_before(first);
                if self.marks.first().is_some_and(|mark| *mark < first) {
                    self.marks = self.marks.split_off(&first);
                }
                true
            }
            LogNews::Streams(streams) => {
                self.streams = streams;
                true
            }
        }
    }

    /// The clock moved; true if that changes what can be seen.
    pub fn tick(&mut self, now: Timestamp) -> bool {
        let since = match self.range {
            Some(range) => self.ring.at(Timestamp(now.0.saturating_sub_unsigned(millis(range)))),
            None => LineId(0),
        };
        let moved = std::mem::replace(&mut self.since, since) != since;
        self.rate.step(now) || moved
    }

    /// The first line that may be shown.
    pub fn first(&self) -> LineId {
        self.ring.first().max(self.since)
    }

    pub fn line(&self, id: LineId) -> Option<LineView<'_>> {
        self.ring.line(id)
    }

    pub fn chunks(&self) -> impl Iterator<Item = &std::sync::Arc<LogChunk>> {
        self.ring.chunks()
    }

    /// The shown line at or after `from`.
    pub fn shown_from(&self, from: LineId) -> Option<LineId> {
        let from = from.max(self.first());
        let line = match self.found.filter() {
            None => from,
            Some(shown) => {
                let hit = shown.next(LineId(from.0.saturating_sub(self.context)))?;
                from.max(LineId(hit.0.saturating_sub(self.context)))
            }
        };
        (line < self.ring.end()).then_some(line)
    }

    /// The shown line at or before `from`.
    pub fn shown_to(&self, from: LineId) -> Option<LineId> {
        let from = from.min(LineId(self.ring.end().0.checked_sub(1)?));
        let line = match self.found.filter() {
            None => from,
            Some(shown) => {
                let hit = shown.prev(LineId(from.0.saturating_add(self.context)))?;
                from.min(LineId(hit.0.saturating_add(self.context)))
            }
        };
        (line >= self.first()).then_some(line)
    }

    /// How many shown lines have arrived since the window was stopped.
    pub fn newer(&self) -> u64 {
        match (self.place, self.found.filter()) {
            (Place::Newest, _) => 0,
            (_, None) => self.ring.end().since(self.stopped_at),
            (_, Some(shown)) => shown.between(self.stopped_at, self.ring.end()),
        }
    }

    /// Stops the window at this row, or lets it follow the newest line.
    pub fn go(&mut self, place: Place) {
        if self.place == Place::Newest && place != Place::Newest {
            self.stopped_at = self.ring.end();
        }
        self.place = place;
    }

    /// Whether something other than everything is shown.
    pub fn is_filtered(&self) -> bool {
        self.include.is_some() || self.exclude.is_some()
    }

    /// The patterns changed: all is looked through anew. What was found before is shown until then.
    pub fn look_anew(&mut self) -> Option<ScanOrder> {
        let looks = self.is_filtered() || self.find.is_some();
        self.found.restart(looks, self.is_filtered(), self.ring.end());
        self.look_on()
    }

    /// The next part that was not looked through, unless one is on its way.
    pub fn look_on(&mut self) -> Option<ScanOrder> {
        let (id, from) = self.found.order(self.ring.end())?;
        let chunks = self.ring.part(from);
        Some(ScanOrder {
            id,
            from,
            chunks,
            find: self.find.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
        })
    }

    /// What a search found; true if it was asked for.
    pub fn scanned(&mut self, scan: &Scan) -> bool {
        let taken = self.found.take(scan);
        self.found.forget_before(self.ring.first());
        taken
    }

    /// Everything that is shown, to be written to a file.
    pub fn save(&self) -> SaveOrder {
        SaveOrder {
            chunks: self.ring.chunks().cloned().collect(),
            only: self.found.filter().cloned(),
            from: self.first(),
            several: self.several(),
        }
    }

    /// Whether lines must say who wrote them.
    pub fn several(&self) -> bool {
        self.streams.asked > 1 || self.following.as_ref().is_some_and(Follow::is_of_many)
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests;
