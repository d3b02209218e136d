//! What goes on by itself: applications that write and look up, what goes when there is no room, clients that return.
use bytes::Bytes;
use jiff::Timestamp;

use super::store::{Body, Kind, MOST_KEYS, part, place};
use super::{BASE, CLIENT_MEMORY, Crowd, Redis, Slow, float, whole};
use crate::world::base::seconds;

/// So many writes of an application are done in one tick; what is more is counted.
const MOST_AT_ONCE: u64 = 2_000;
/// More than any queue of a scenario holds.
const MOST_PARTS: usize = 500_000;

impl Redis {
    pub(super) fn used(&self) -> usize {
        BASE + self.store.size() + self.client_memory()
    }

    pub(super) fn client_memory(&self) -> usize {
        self.clients.values().map(|client| client.memory).sum()
    }

    pub(super) fn max(&self) -> usize {
        self.number("maxmemory")
    }

    pub(super) fn number(&self, name: &str) -> usize {
        self.settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// Whether there is room now, after whatever may go is gone.
    pub(super) fn make_room(&mut self) -> bool {
        let max = self.max();
        while max > 0 && self.used() > max {
            let policy = self.settings.get("maxmemory-policy").map_or("", String::as_str);
            let Some(victim) = self.store.victim(policy, &mut self.dice.0) else { return false };
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
        let (now, Some(writing)) = (self.millis(), self.writers.get_mut(at)) else { return false };
        writing.written += 1;
        let (kind, value, written) = (writing.kind, writing.value.clone(), writing.written);
        let own = matches!(kind, Kind::String | Kind::Hash);
        let key = if own { format!("{}{written}", writing.plan.prefix) } else { writing.plan.prefix.clone() };
        let key = Bytes::from(key);
        let ttl = writing.plan.ttl.map(|ttl| whole(ttl * share * 1000.0));
        let at = place(0, &key);
        if self.store.get(at).is_some_and(|entry| !own && entry.body.len() >= MOST_PARTS) {
            return false;
        }
        let _ = self.store.change((at, &key, kind), (now, false), |body| {
            let before = body.len();
            let number = Bytes::from(written.to_string());
            let quarter = |name: &'static str| (Bytes::from(name), value.slice(..value.len() / 4));
            let parts = match kind {
                Kind::Hash => ["id", "body", "state", "at"].map(quarter).to_vec(),
                Kind::Zset => vec![(number.clone(), number)],
                _ => vec![(number, Bytes::new())],
            };
            let mut grown = 0;
            match body {
                Body::One(held) => (*held, grown) = (value.clone(), part(kind, value.len())),
                Body::Line(all) => {
                    all.push_back(value.clone());
                    grown = part(kind, value.len());
                }
                Body::Named(all) => {
                    for (name, content) in parts {
                        grown += part(kind, name.len() + content.len());
                        all.insert(name, content);
                    }
                }
            }
            ((), if before == 0 || !own { grown.cast_signed() } else { 0 })
        });
        self.store.expire(at, ttl.map(|ttl| now.saturating_add_unsigned(ttl)));
        self.counts.changes += 1;
        true
    }

    pub(super) fn write(&mut self, passed: f64) {
        for at in 0..self.writers.len() {
            let Some(writing) = self.writers.get_mut(at) else { continue };
            writing.due += writing.plan.bytes_per_second * passed / float(writing.value.len().max(1));
            let due = whole(writing.due);
            writing.due -= float(due);
            let mut left = due.min(MOST_AT_ONCE);
            self.counts.ops += due;
            while left > 0 && self.write_one(at, 1.0) {
                left -= 1;
            }
            if left > 0 {
                self.counts.refused += left;
                self.counts.errors += left;
                *self.errors.entry("OOM".into()).or_default() += left;
                self.calls.entry("set").or_default().refused += left;
            }
            self.calls.entry("set").or_default().done += due.saturating_sub(left);
        }
    }

    /// A few of the lookups are really done, and stand for the others.
    pub(super) fn look_up(&mut self, passed: f64) {
        let (per_second, share) = self.lookups;
        let count = whole(per_second * passed + self.dice.0.share());
        let tried = count.min(200);
        let (mut hits, now) = (0, self.millis());
        for _ in 0..tried {
            let which = self.dice.0.below(self.writers.len() as u64);
            let Some(writing) = usize::try_from(which).ok().and_then(|at| self.writers.get(at)) else {
                break;
            };
            // Of what should still be there: a key that was evicted is asked for like all others.
            let live = writing.plan.ttl.map(|ttl| {
                whole(ttl * writing.plan.bytes_per_second / float(writing.value.len().max(1))).max(1)
            });
            let live = live.unwrap_or(u64::MAX).min(writing.written);
            let number = writing.written.saturating_sub(self.dice.0.below(live));
            let key = match writing.kind {
                Kind::String | Kind::Hash => format!("{}{number}", writing.plan.prefix),
                _ => writing.plan.prefix.clone(),
            };
            let at = place(0, key.as_bytes());
            if self.dice.0.share() < share && self.store.get(at).is_some() {
                self.store.used(at, now);
                hits += 1;
            }
        }
        let hits = (hits * count).checked_div(tried).unwrap_or(0);
        self.counts.hits += hits;
        self.counts.misses += count - hits;
        self.counts.ops += count;
        self.calls.entry("get").or_default().done += count;
    }

    pub(super) fn crowd(&mut self) {
        for crowd in self.crowds.clone() {
            let there = self.clients.values().filter(|client| client.crowd.as_ref() == Some(&crowd.name));
            let missing = crowd.count.saturating_sub(there.count());
            (0..missing).for_each(|_| self.join(&crowd, CLIENT_MEMORY));
        }
        let now = self.now;
        for client in self.clients.values_mut().filter(|client| client.crowd.is_some()) {
            if self.dice.0.share() < 0.5 {
                client.last = now;
            }
        }
    }

    pub(super) fn join(&mut self, crowd: &Crowd, memory: usize) {
        let address = format!("{}:{}", crowd.host, 32_768 + self.dice.0.below(28_000));
        if let Ok((id, _)) = self.connect(&address)
            && let Some(client) = self.clients.get_mut(&id)
        {
            client.name.clone_from(&crowd.name);
            client.user = Some(crowd.user.clone());
            client.crowd = Some(crowd.name.clone());
            crowd.command.clone_into(&mut client.command);
            client.memory = memory;
        }
    }

    pub(super) fn end_script(&mut self, since: Timestamp) {
        self.busy = None;
        let micros = whole(seconds(since, self.now) * 1e6);
        let words = ["EVAL", "while true do end", "0"].map(|word| Bytes::from_static(word.as_bytes()));
        self.note_slow(micros, words.to_vec(), None);
    }

    pub(super) fn note_slow(&mut self, micros: u64, words: Vec<Bytes>, from: Option<(String, String)>) {
        let (address, name) = from.unwrap_or_else(|| ("127.0.0.1:0".into(), String::new()));
        self.slow.push_front(Slow { id: self.next_slow, at: self.now, micros, words, address, name });
        self.next_slow += 1;
        self.slow.truncate(self.number("slowlog-max-len").min(1_000));
        let threshold = u64::try_from(self.number("latency-monitor-threshold")).unwrap_or(0);
        if threshold > 0 && micros / 1000 >= threshold {
            self.spikes.push_back((self.now, micros / 1000));
            self.spikes.drain(..self.spikes.len().saturating_sub(160));
        }
    }
}
