//! Rows that are marked for an action on many.
use std::collections::BTreeSet;

use super::{Listing, Record};
use crate::domain::object::ObjectRef;

impl<R: Record> Listing<R> {
    pub fn marked(&self) -> &BTreeSet<ObjectRef> {
        &self.marked
    }

    pub fn toggle_mark(&mut self, id: &ObjectRef) {
        if self.by_id.contains_key(id) && !self.marked.remove(id) {
            self.marked.insert(id.clone());
        }
    }

    pub fn unmark(&mut self) {
        self.marked.clear();
    }

    /// Marks every row that passes the filter; where all of them are marked, takes those marks away.
    pub fn mark_shown(&mut self) {
        let shown = self.order.iter().filter_map(|slot| self.entry(*slot));
        let shown: BTreeSet<ObjectRef> = shown.map(|entry| entry.record.id().clone()).collect();
        if shown.is_subset(&self.marked) {
            self.marked.retain(|id| !shown.contains(id));
        } else {
            self.marked.extend(shown);
        }
    }

    /// How many are marked, and how many of those the filter hides.
    pub fn marks(&self) -> (usize, usize) {
        let hidden = |id: &&ObjectRef| {
            let entry = self.by_id.get(*id).and_then(|slot| self.entry(*slot));
            entry.is_some_and(|entry| !entry.rank.shown)
        };
        (self.marked.len(), self.marked.iter().filter(hidden).count())
    }
}
