//! A set of things kept sorted and filtered while it changes, with a cursor that holds on to an identity.
//!
//! Every entry carries the rank it was sorted by, so a change costs a binary search, not a sort; a big batch
//! costs one merge. Drawing asks for a window and touches nothing else.
mod rank;

use std::cmp::Ordering;
use std::collections::{BTreeSet, HashMap};

use crate::domain::feed::Feed;
use crate::domain::level::Level;
use crate::domain::news::Seen;
use crate::domain::object::{Object, ObjectRef};
use crate::domain::pod::Pod;

pub use rank::{Rank, Sort, SortKey};

/// A thing that can stand in a listing.
pub trait Record {
    fn id(&self) -> &ObjectRef;
}

impl Record for Pod {
    fn id(&self) -> &ObjectRef {
        &self.id
    }
}

impl Record for Object {
    fn id(&self) -> &ObjectRef {
        &self.id
    }
}

#[derive(Debug)]
struct Entry<R> {
    record: R,
    rank: Rank,
    feed: u32,
    round: u32,
    moved: bool,
}

/// The part of a batch that matters to the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Touched {
    /// A row of the window changed, or rows came into it or left it.
    pub window: bool,
    /// The numbers in the title changed.
    pub counts: bool,
}

#[derive(Debug)]
pub struct Listing<R> {
    entries: Vec<Option<Entry<R>>>,
    free: Vec<u32>,
    by_id: HashMap<ObjectRef, u32>,
    /// Slots that are shown, in order.
    order: Vec<u32>,
    feeds: Vec<(Feed, u32)>,
    counts: [usize; 5],
    sort: Sort,
    cursor: Cursor,
    marked: BTreeSet<ObjectRef>,
    revision: u64,
}

/// Where the operator is: an identity, never a row number.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Cursor {
    selected: Option<ObjectRef>,
    /// Somebody chose; until then the first row is the selected one.
    chosen: bool,
    /// Where it was last seen, to go on from there when it is gone.
    last: usize,
    offset: usize,
    height: usize,
}

impl<R> Default for Listing<R> {
    fn default() -> Self {
        Listing {
            entries: Vec::new(),
            free: Vec::new(),
            by_id: HashMap::new(),
            order: Vec::new(),
            feeds: Vec::new(),
            counts: [0; 5],
            sort: Sort::default(),
            cursor: Cursor::default(),
            marked: BTreeSet::new(),
            revision: 0,
        }
    }
}

/// From this many changes on, one pass over everything is cheaper than a search for each.
const BULK: usize = 48;

impl<R: Record> Listing<R> {
    /// How many there are, shown or not.
    pub fn total(&self) -> usize {
        self.by_id.len()
    }

    /// How many pass the filter.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    pub fn count(&self, level: Level) -> usize {
        self.counts[level as usize]
    }

    pub fn sort(&self) -> Sort {
        self.sort
    }

    pub fn get(&self, id: &ObjectRef) -> Option<&R> {
        self.entry(*self.by_id.get(id)?).map(|entry| &entry.record)
    }

    pub fn rank(&self, id: &ObjectRef) -> Option<&Rank> {
        self.entry(*self.by_id.get(id)?).map(|entry| &entry.rank)
    }

    pub fn all(&self) -> impl Iterator<Item = &R> {
        self.entries.iter().flatten().map(|entry| &entry.record)
    }

    /// The same, each with where it belongs.
    pub fn ranked(&self) -> impl Iterator<Item = (&R, &Rank)> {
        self.entries.iter().flatten().map(|entry| (&entry.record, &entry.rank))
    }

    /// Another number after each change, for what is worked out from all of it.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The rows of the window, from the cursor's offset on.
    pub fn window(&self) -> impl Iterator<Item = (&R, &Rank)> {
        let slots = self.order.iter().skip(self.cursor.offset).take(self.cursor.height);
        slots.filter_map(|slot| self.entry(*slot).map(|entry| (&entry.record, &entry.rank)))
    }

    /// The first rows in order, whatever the window.
    pub fn first(&self, n: usize) -> impl Iterator<Item = (&R, &Rank)> {
        self.order
            .iter()
            .take(n)
            .filter_map(|slot| self.entry(*slot).map(|entry| (&entry.record, &entry.rank)))
    }

    fn entry(&self, slot: u32) -> Option<&Entry<R>> {
        self.entries.get(slot as usize)?.as_ref()
    }

    fn entry_mut(&mut self, slot: u32) -> Option<&mut Entry<R>> {
        self.entries.get_mut(slot as usize)?.as_mut()
    }

    /// Takes a batch in. `rank` says where each belongs.
    pub fn apply(&mut self, feed: &Feed, batch: Vec<Seen<R>>, rank: impl Fn(&R) -> Rank) -> Touched {
        let feed = self.feed_index(feed);
        self.revision += 1;
        let counts = self.counts;
        let (before, offset) = (self.order.len(), self.cursor.offset);
        let bulk = batch.len() >= BULK;
        let mut touched = Touched::default();
        let mut moved = Vec::new();
        for seen in batch {
            match seen {
                Seen::Begin => self.feeds[feed as usize].1 += 1,
                Seen::Is(record) => {
                    let rank = rank(&record);
                    let (slot, window) = self.put(feed, record, rank, bulk);
                    touched.window |= window;
                    if bulk {
                        moved.push(slot);
                    }
                }
                Seen::Gone(id) => touched.window |= self.remove(&id),
                Seen::End => touched.window |= self.sweep(feed),
            }
        }
        if bulk {
            self.merge(moved);
            touched.window = true;
        }
        self.settle();
        touched.window |= offset != self.cursor.offset;
        touched.counts = counts != self.counts || before != self.order.len();
        touched
    }

    /// Works the ranks of some entries out anew, because something they depend on changed.
    pub fn rerank(&mut self, concerned: impl Fn(&R) -> bool, rank: impl Fn(&R) -> Rank) -> bool {
        let slots: Vec<u32> = (0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX))
            .filter(|slot| self.entry(*slot).is_some_and(|entry| concerned(&entry.record)))
            .collect();
        let mut changed = Vec::new();
        for slot in slots {
            let Some(entry) = self.entry(slot) else { continue };
            let new = rank(&entry.record);
            if new != entry.rank {
                let old = entry.rank.level;
                self.counts[old as usize] -= 1;
                self.counts[new.level as usize] += 1;
                if let Some(entry) = self.entry_mut(slot) {
                    (entry.rank, entry.moved) = (new, true);
                }
                changed.push(slot);
            }
        }
        let any = !changed.is_empty();
        self.revision += u64::from(any);
        self.merge(changed);
        self.settle();
        any
    }

    /// Sorts or filters everything anew: the operator asked for another order or filter.
    pub fn reorder(&mut self, sort: Sort, rank: impl Fn(&R) -> Rank) {
        self.sort = sort;
        self.order.clear();
        self.rerank(|_| true, rank);
        let all: Vec<u32> = (0..u32::try_from(self.entries.len()).unwrap_or(u32::MAX)).collect();
        self.order.clear();
        self.merge(all);
        self.settle();
    }

    fn feed_index(&mut self, feed: &Feed) -> u32 {
        let at = self.feeds.iter().position(|(known, _)| known == feed).unwrap_or_else(|| {
            self.feeds.push((feed.clone(), 0));
            self.feeds.len() - 1
        });
        u32::try_from(at).unwrap_or(u32::MAX)
    }

    /// Puts a record in its place; says its slot and whether the window shows the difference.
    fn put(&mut self, feed: u32, record: R, rank: Rank, bulk: bool) -> (u32, bool) {
        let round = self.feeds[feed as usize].1;
        self.counts[rank.level as usize] += 1;
        let mut window = false;
        let slot = if let Some(slot) = self.by_id.get(record.id()).copied() {
            if let Some((old, moved)) = self.entry(slot).map(|entry| (entry.rank.clone(), entry.moved)) {
                self.counts[old.level as usize] -= 1;
                if old == rank || (bulk && moved) {
                    // It stays where it is, or is on its way already.
                    window = !bulk && self.position(slot).is_some_and(|at| self.cursor.shows(at));
                    if let Some(entry) = self.entry_mut(slot) {
                        (entry.record, entry.rank, entry.feed, entry.round) = (record, rank, feed, round);
                    }
                    return (slot, window);
                }
            }
            if !bulk {
                window |= self.unplace(slot);
            }
            self.entries[slot as usize] = Some(Entry { record, rank, feed, round, moved: bulk });
            slot
        } else {
            let id = record.id().clone();
            let entry = Some(Entry { record, rank, feed, round, moved: bulk });
            let slot = if let Some(slot) = self.free.pop() {
                self.entries[slot as usize] = entry;
                slot
            } else {
                self.entries.push(entry);
                u32::try_from(self.entries.len() - 1).unwrap_or(u32::MAX)
            };
            self.by_id.insert(id, slot);
            slot
        };
        if !bulk {
            window |= self.place(slot);
        }
        (slot, window)
    }

    fn place(&mut self, slot: u32) -> bool {
        if !self.entry(slot).is_some_and(|entry| entry.rank.shown) {
            return false;
        }
        let at = self.order.partition_point(|other| self.compare(*other, slot) == Ordering::Less);
        self.order.insert(at, slot);
        self.cursor.reaches(at)
    }

    fn unplace(&mut self, slot: u32) -> bool {
        let Some(at) = self.position(slot) else { return false };
        self.order.remove(at);
        self.cursor.reaches(at)
    }

    fn remove(&mut self, id: &ObjectRef) -> bool {
        let Some(slot) = self.by_id.get(id).copied() else { return false };
        let window = self.unplace(slot);
        self.by_id.remove(id);
        if let Some(entry) = self.entries[slot as usize].take() {
            self.counts[entry.rank.level as usize] -= 1;
        }
        self.free.push(slot);
        self.marked.remove(id);
        window
    }

    /// Removes what the full picture that just ended did not name.
    fn sweep(&mut self, feed: u32) -> bool {
        let round = self.feeds[feed as usize].1;
        let stale = self.entries.iter().flatten().filter(|entry| entry.feed == feed && entry.round != round);
        let stale: Vec<ObjectRef> = stale.map(|entry| entry.record.id().clone()).collect();
        let mut window = false;
        for id in &stale {
            window |= self.remove(id);
        }
        window
    }

    /// Takes the given slots out of the order and merges them back in where they belong.
    fn merge(&mut self, mut slots: Vec<u32>) {
        if slots.is_empty() {
            return;
        }
        let entries = &self.entries;
        let there = |slot: &u32| entries.get(*slot as usize).and_then(Option::as_ref);
        self.order.retain(|slot| there(slot).is_some_and(|entry| !entry.moved));
        slots.retain(|slot| there(slot).is_some_and(|entry| entry.rank.shown));
        slots.sort_unstable_by(|a, b| self.compare(*a, *b).then(a.cmp(b)));
        slots.dedup();
        let mut merged = Vec::with_capacity(self.order.len() + slots.len());
        let mut new = slots.iter().copied().peekable();
        for old in &self.order {
            while let Some(slot) = new.next_if(|slot| self.compare(*slot, *old) == Ordering::Less) {
                merged.push(slot);
            }
            merged.push(*old);
        }
        merged.extend(new);
        self.order = merged;
        for entry in self.entries.iter_mut().flatten() {
            entry.moved = false;
        }
    }

    /// Where a slot stands, found by its rank.
    fn position(&self, slot: u32) -> Option<usize> {
        let at = self.order.partition_point(|other| self.compare(*other, slot) == Ordering::Less);
        (self.order.get(at) == Some(&slot)).then_some(at)
    }

    fn compare(&self, a: u32, b: u32) -> Ordering {
        let (Some(a), Some(b)) = (self.entry(a), self.entry(b)) else { return a.cmp(&b) };
        self.sort.compare(&a.rank, &b.rank).then_with(|| a.record.id().cmp(b.record.id()))
    }

    /// Takes a whole picture in an order of its own; the cursor and the marks stay on what is still there.
    pub fn replace(&mut self, all: Vec<(R, Level)>) {
        self.sort = Sort { column: Some(0), reverse: false };
        self.free.clear();
        self.counts = [0; 5];
        self.order = (0..u32::try_from(all.len()).unwrap_or(u32::MAX)).collect();
        self.by_id =
            all.iter().zip(&self.order).map(|((record, _), slot)| (record.id().clone(), *slot)).collect();
        self.marked.retain(|id| self.by_id.contains_key(id));
        self.entries.clear();
        for (at, (record, level)) in (0_i64..).zip(all) {
            self.counts[level as usize] += 1;
            let rank = Rank { level, key: SortKey::Number(at), shown: true };
            self.entries.push(Some(Entry { record, rank, feed: 0, round: 0, moved: false }));
        }
        self.settle();
    }
}

impl<R: Record> Listing<R> {
    pub fn offset(&self) -> usize {
        self.cursor.offset
    }

    pub fn selected(&self) -> Option<&ObjectRef> {
        self.cursor.selected.as_ref()
    }

    /// The selected record, if it still exists.
    pub fn current(&self) -> Option<&R> {
        self.get(self.cursor.selected.as_ref()?)
    }

    /// Where the selected record stands among the shown ones.
    pub fn row(&self) -> Option<usize> {
        self.position(*self.by_id.get(self.cursor.selected.as_ref()?)?)
    }

    /// The selection vanished: whoever acts now must choose again.
    pub fn lost(&self) -> Option<&ObjectRef> {
        self.cursor.selected.as_ref().filter(|id| !self.by_id.contains_key(*id))
    }

    pub fn select(&mut self, id: ObjectRef) {
        self.cursor.selected = Some(id);
        self.cursor.chosen = true;
        self.settle();
        self.follow();
    }

    pub fn step(&mut self, by: isize) {
        let from = match self.row() {
            Some(row) => row.saturating_add_signed(by),
            // What was selected is gone: the first key only puts the cursor where it was.
            None => self.cursor.last,
        };
        self.go(from);
    }

    pub fn go(&mut self, row: usize) {
        let row = row.min(self.order.len().saturating_sub(1));
        let there =
            self.order.get(row).and_then(|slot| self.entry(*slot)).map(|entry| entry.record.id().clone());
        self.cursor.chosen = there.is_some();
        self.cursor.selected = there;
        self.settle();
        self.follow();
    }

    pub fn set_height(&mut self, height: usize) {
        self.cursor.height = height;
        self.settle();
        self.follow();
    }

    pub fn height(&self) -> usize {
        self.cursor.height
    }

    /// From now on the selection stays where it is, whatever comes before it.
    pub fn hold(&mut self) {
        self.cursor.chosen = self.cursor.selected.is_some();
    }

    /// Keeps the offset sane, and what was chosen in the window; until somebody chooses, the first row is the selected one.
    fn settle(&mut self) {
        if !self.cursor.chosen
            && let Some(entry) = self.order.first().and_then(|slot| self.entry(*slot))
        {
            self.cursor.selected = Some(entry.record.id().clone());
        }
        if let Some(row) = self.row() {
            self.cursor.last = row;
        }
        self.cursor.offset = self.cursor.offset.min(self.order.len().saturating_sub(self.cursor.height));
        // What was chosen is what a key acts on: it never leaves the window, however the rows are sorted.
        if self.cursor.chosen && self.cursor.height > 0 {
            self.follow();
        }
    }

    /// Scrolls as little as it takes to show the selected row.
    fn follow(&mut self) {
        if let Some(row) = self.row() {
            let lowest = (row + 1).saturating_sub(self.cursor.height);
            self.cursor.offset = self.cursor.offset.clamp(lowest, row.max(lowest));
        }
    }
}

impl Cursor {
    fn shows(&self, row: usize) -> bool {
        (self.offset..self.offset + self.height).contains(&row)
    }

    /// Whether a row that came or went there moves anything in the window.
    fn reaches(&self, row: usize) -> bool {
        row < self.offset + self.height
    }
}

mod marks;
#[cfg(test)]
mod tests;
