//! What goes on by itself: applications that write and look up, and what goes when there is no room.
use bytes::Bytes;

use super::store::{Entry, MOST_KEYS, Place, place};
use super::{BASE, CLIENT_MEMORY, Redis, Writing, float, whole};

/// So many writes of an application are done in one tick; what is more is counted.
const MOST_AT_ONCE: u64 = 2_000;

impl Writing {
    fn key(&self, number: u64) -> (Place, Bytes) {
        let key = format!("{}{number}", self.plan.prefix);
        (place(0, key.as_bytes()), Bytes::from(key))
    }

    /// How many values it writes in so many seconds.
    fn in_time(&self, seconds: f64) -> f64 {
        self.plan.bytes_per_second * seconds / float(self.value.len())
    }
}

impl Redis {
    pub(super) fn used(&self) -> usize {
        BASE + self.store.size() + self.clients.len() * CLIENT_MEMORY
    }

    pub(super) fn max(&self) -> usize {
        self.number("maxmemory")
    }

    /// Whether there is room now, after whatever may go is gone.
    pub(super) fn make_room(&mut self) -> bool {
        let max = self.max();
        while max > 0 && self.used() > max {
            let policy = self.settings.get("maxmemory-policy").map_or("", String::as_str);
            let Some(victim) = self.store.victim(policy, &mut self.dice) else { return false };
            self.store.remove(victim);
            self.counts.evicted += 1;
        }
        true
    }

    /// One value of a writer; `share` of its time to live is still to come. False where it is refused.
    pub(super) fn write_one(&mut self, at: usize, share: f64) -> bool {
        if !self.make_room() || self.store.len() >= MOST_KEYS {
            return false;
        }
        let (used, Some(writing)) = (self.millis(), self.writers.get_mut(at)) else { return false };
        writing.written += 1;
        let (place, key) = writing.key(writing.written);
        let ttl = writing.plan.ttl.map(|ttl| whole(ttl * share * 1000.0));
        let until = ttl.map(|ttl| used.saturating_add_unsigned(ttl));
        let value = writing.value.clone();
        self.store.put(place, Entry { key, value, until, used, uses: 0, sent: false });
        self.changes += 1;
        true
    }

    pub(super) fn write(&mut self, passed: f64) {
        for at in 0..self.writers.len() {
            let Some(writing) = self.writers.get_mut(at) else { continue };
            writing.due += writing.in_time(passed);
            let due = whole(writing.due);
            writing.due -= float(due);
            let mut left = due.min(MOST_AT_ONCE);
            self.counts.commands += due;
            while left > 0 && self.write_one(at, 1.0) {
                left -= 1;
            }
            if left > 0 {
                self.counts.refused += left;
                *self.errors.entry("OOM".into()).or_default() += left;
            }
        }
    }

    /// A few of the lookups are really done, and stand for the others.
    pub(super) fn look_up(&mut self, passed: f64) {
        let (per_second, share) = self.lookups;
        let count = whole(per_second * passed + self.dice.share());
        let tried = count.min(200);
        let (mut hits, now) = (0, self.millis());
        for _ in 0..tried {
            let which = self.dice.below(self.writers.len() as u64);
            let Some(writing) = usize::try_from(which).ok().and_then(|at| self.writers.get(at)) else {
                break;
            };
            // Of what should still be there: a key that was evicted is asked for like all others.
            let live = writing.plan.ttl.map_or(u64::MAX, |ttl| whole(writing.in_time(ttl)).max(1));
            let newest = writing.written;
            let (place, _) = writing.key(newest.saturating_sub(self.dice.below(live.min(newest))));
            if self.dice.share() < share && self.store.used(place, now).is_some() {
                hits += 1;
            }
        }
        let hits = (hits * count).checked_div(tried).unwrap_or(0);
        self.counts.hits += hits;
        self.counts.misses += count - hits;
        self.counts.commands += count;
    }
}
