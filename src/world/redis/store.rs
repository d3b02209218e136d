//! The keys themselves: what they hold, how long they live, what they weigh, and who goes first when there is no room.
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use crate::world::base::Dice;

/// More keys than any scenario has, and what they may hold of what clients sent.
pub const MOST_KEYS: usize = 200_000;
const MOST_SENT: usize = 64 << 20;

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Bytes,
    pub value: Bytes,
    /// In milliseconds, as all times here.
    pub until: Option<i64>,
    pub used: i64,
    pub uses: u64,
    /// By a client; what an application writes is one value, held once.
    pub sent: bool,
}

/// The number of a database, and where the key stands in it: by its hash, so that a cursor of SCAN is such a place
/// and every key that stays is met. Two keys of one place would be one key; 63 bits are enough for that never to be.
pub type Place = (u8, u64);

#[derive(Debug, Default)]
pub struct Store {
    all: BTreeMap<Place, Entry>,
    ends: BTreeSet<(i64, Place)>,
    size: usize,
    sent: usize,
}

pub fn place(db: u8, key: &[u8]) -> Place {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (db, hasher.finish() >> 1)
}

impl Entry {
    /// What MEMORY USAGE says.
    pub fn weight(&self) -> usize {
        (48 + self.key.len() + self.value.len()).div_ceil(8) * 8
    }

    fn sent(&self) -> usize {
        if self.sent { self.weight() } else { 0 }
    }
}

impl Store {
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether no client may send any more.
    pub fn is_full(&self) -> bool {
        self.all.len() >= MOST_KEYS || self.sent >= MOST_SENT
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn lasting(&self) -> usize {
        self.all.len() - self.ends.len()
    }

    /// How many of a database end by themselves, and the sum of what they have still.
    pub fn ending(&self, db: u8, now: i64) -> (usize, i64) {
        let own = self.ends.iter().filter(|(_, place)| place.0 == db);
        own.fold((0, 0), |(count, sum), (until, _)| (count + 1, sum + (until - now)))
    }

    /// All of a database from a place on.
    pub fn from(&self, place: Place) -> impl Iterator<Item = (&Place, &Entry)> {
        self.all.range(place..=(place.0, u64::MAX))
    }

    pub fn get(&self, place: Place) -> Option<&Entry> {
        self.all.get(&place)
    }

    /// The same, as a use of it.
    pub fn used(&mut self, place: Place, now: i64) -> Option<&Entry> {
        let entry = self.all.get_mut(&place)?;
        (entry.used, entry.uses) = (now, entry.uses + 1);
        Some(entry)
    }

    pub fn put(&mut self, place: Place, entry: Entry) {
        self.remove(place);
        self.size += entry.weight();
        self.sent += entry.sent();
        self.ends.extend(entry.until.map(|until| (until, place)));
        self.all.insert(place, entry);
    }

    /// Says when a key ends; false where there is none.
    pub fn expire(&mut self, place: Place, until: Option<i64>) -> bool {
        let entry = self.remove(place).map(|entry| Entry { until, ..entry });
        entry.map(|entry| self.put(place, entry)).is_some()
    }

    pub fn remove(&mut self, place: Place) -> Option<Entry> {
        let entry = self.all.remove(&place)?;
        self.size -= entry.weight();
        self.sent -= entry.sent();
        if let Some(until) = entry.until {
            self.ends.remove(&(until, place));
        }
        Some(entry)
    }

    /// Of one database, or of all.
    pub fn clear(&mut self, db: Option<u8>) {
        let own = self.all.keys().filter(|place| db.is_none_or(|db| place.0 == db));
        for place in own.copied().collect::<Vec<Place>>() {
            self.remove(place);
        }
    }

    /// Takes out whose time is over.
    pub fn tidy(&mut self, now: i64) -> u64 {
        let mut gone = 0;
        while let Some((_, place)) = self.ends.first().copied().filter(|(until, _)| *until <= now) {
            self.remove(place);
            gone += 1;
        }
        gone
    }

    /// Any key of a database.
    fn any(&self, db: u8, dice: &mut Dice) -> Option<Place> {
        let from = (db, dice.roll() >> 1);
        self.from(from).next().or_else(|| self.from((db, 0)).next()).map(|(place, _)| *place)
    }

    /// Who goes first by a policy: of a few that are looked at, as the original does it.
    pub fn victim(&self, policy: &str, dice: &mut Dice) -> Option<Place> {
        let db = self.all.keys().next()?.0;
        let (whose, which) = policy.split_once('-')?;
        let places: Vec<Place> = match whose {
            "allkeys" => (0..10).filter_map(|_| self.any(db, dice)).collect(),
            _ => self.ends.iter().take(16).map(|(_, place)| *place).collect(),
        };
        let rank = |place: &Place| self.all.get(place).map(|entry| (entry.uses, entry.used));
        match which {
            "lfu" => places.into_iter().min_by_key(rank),
            "lru" => places.into_iter().min_by_key(|place| rank(place).map(|(_, used)| used)),
            _ => places.first().copied(),
        }
    }
}
