//! What was found so far, while lines go on arriving.
use super::bits::Bits;
use super::scan::Scan;
use crate::domain::log::LineId;

#[derive(Debug, Clone, Default)]
struct Seen {
    /// Lines that pass the filters; `None` when there are none.
    shown: Option<Bits>,
    hits: Bits,
    /// Everything before was looked at.
    to: LineId,
}

/// Two results: the one that can be seen, and the one that takes its place once it has caught up.
#[derive(Debug, Default)]
pub struct Found {
    /// Of the newest order; an answer with another is late.
    id: u64,
    /// An order is on its way.
    looking: bool,
    /// There is nothing to look for.
    idle: Idle,
    seen: Seen,
    next: Option<(Seen, LineId)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Idle {
    #[default]
    Yes,
    No,
}

impl Found {
    /// For a new buffer.
    pub fn after(before: &Found) -> Found {
        Found { id: before.id + 1, ..Found::default() }
    }

    pub(super) fn restart(&mut self, looks: bool, filters: bool, end: LineId) {
        self.id += 1;
        self.looking = false;
        self.idle = if looks { Idle::No } else { Idle::Yes };
        self.next = looks.then(|| {
            let shown = filters.then(Bits::default);
            (Seen { shown, ..Seen::default() }, end)
        });
        if !looks {
            self.seen = Seen::default();
        }
    }

    /// The id of the next order and where it begins, if there is anything to look through.
    pub(super) fn order(&mut self, end: LineId) -> Option<(u64, LineId)> {
        let from = self.next.as_ref().map_or(self.seen.to, |(next, _)| next.to);
        if self.looking || self.idle == Idle::Yes {
            return None;
        }
        if from >= end {
            self.settle();
            return None;
        }
        self.looking = true;
        Some((self.id, from))
    }

    pub(super) fn take(&mut self, scan: &Scan) -> bool {
        if scan.id != self.id || !self.looking {
            return false;
        }
        self.looking = false;
        let result = self.next.as_mut().map_or(&mut self.seen, |(next, _)| next);
        if let Some(shown) = &mut result.shown {
            shown.add(&scan.shown);
        }
        result.hits.add(&scan.hits);
        result.to = result.to.max(scan.to);
        self.settle();
        true
    }

    /// The new result is seen once it knows all that was there when it was asked for.
    fn settle(&mut self) {
        if let Some((next, _)) = self.next.take_if(|(next, until)| next.to >= *until) {
            self.seen = next;
        }
    }

    pub(super) fn forget_before(&mut self, line: LineId) {
        let results = [Some(&mut self.seen), self.next.as_mut().map(|(next, _)| next)];
        for result in results.into_iter().flatten() {
            if let Some(shown) = &mut result.shown {
                shown.forget_before(line);
            }
            result.hits.forget_before(line);
        }
    }

    /// Lines that pass the filters; `None` when all do.
    pub fn filter(&self) -> Option<&Bits> {
        self.seen.shown.as_ref()
    }

    pub fn hits(&self) -> &Bits {
        &self.seen.hits
    }

    /// Whether a new search has not been through the buffer yet.
    pub fn is_looking(&self) -> bool {
        self.next.is_some()
    }
}
