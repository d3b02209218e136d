//! The keys themselves: what they hold, how long they live, what they weigh, and who goes first when there is no room.
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use bytes::Bytes;

use crate::world::base::Dice;

/// More keys than any scenario has, and what they may hold of what clients sent.
pub const MOST_KEYS: usize = 200_000;
pub const MOST_GIVEN: usize = 64 << 20;
pub const WRONG_TYPE: &str = "WRONGTYPE Operation against a key holding the wrong kind of value";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    String,
    List,
    Set,
    Hash,
    Zset,
}

impl Kind {
    pub const ALL: [(Kind, &str); 5] = [
        (Kind::String, "string"),
        (Kind::List, "list"),
        (Kind::Set, "set"),
        (Kind::Hash, "hash"),
        (Kind::Zset, "zset"),
    ];

    pub fn word(self) -> &'static str {
        Kind::ALL.into_iter().find(|(kind, _)| *kind == self).map_or("none", |(_, word)| word)
    }
}

/// A set has members without values; a sorted set has their scores as values.
#[derive(Debug, Clone)]
pub enum Body {
    One(Bytes),
    Line(VecDeque<Bytes>),
    Named(BTreeMap<Bytes, Bytes>),
}

impl Body {
    pub fn one(&self) -> Option<Bytes> {
        if let Body::One(bytes) = self { Some(bytes.clone()) } else { None }
    }

    pub fn line(&self) -> Option<VecDeque<Bytes>> {
        if let Body::Line(all) = self { Some(all.clone()) } else { None }
    }

    pub fn named(&self) -> Option<BTreeMap<Bytes, Bytes>> {
        if let Body::Named(all) = self { Some(all.clone()) } else { None }
    }

    pub fn len(&self) -> usize {
        match self {
            Body::One(bytes) => bytes.len(),
            Body::Line(all) => all.len(),
            Body::Named(all) => all.len(),
        }
    }
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub key: Bytes,
    pub kind: Kind,
    pub body: Body,
    /// In milliseconds, as all times here.
    pub until: Option<i64>,
    pub used: i64,
    pub uses: u64,
    /// Of its parts, without what every key costs.
    pub size: usize,
    /// What of it clients sent; what an application writes is one value, held once.
    given: usize,
}

/// The number of a database, and where the key stands in it: by its hash, so that a cursor of SCAN is such a place
/// and every key that stays is met. Two keys of one place would be one key; 63 bits are enough for that never to be.
pub type Place = (u8, u64);

#[derive(Debug, Default)]
pub struct Store {
    all: BTreeMap<Place, Entry>,
    ends: BTreeSet<(i64, Place)>,
    size: usize,
    given: usize,
}

pub fn place(db: u8, key: &[u8]) -> Place {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    (db, hasher.finish() >> 1)
}

/// What a part of so many bytes takes.
pub fn part(kind: Kind, bytes: usize) -> usize {
    let beside = match kind {
        Kind::String => 0,
        Kind::List => 3,
        Kind::Set => 32,
        Kind::Hash => 40,
        Kind::Zset => 64,
    };
    bytes + beside
}

impl Entry {
    /// What MEMORY USAGE says.
    pub fn weight(&self) -> usize {
        (48 + self.key.len() + self.size).div_ceil(8) * 8
    }
}

impl Store {
    pub fn size(&self) -> usize {
        self.size
    }

    /// Whether a client may send still more.
    pub fn is_full(&self) -> bool {
        self.all.len() >= MOST_KEYS || self.given >= MOST_GIVEN
    }

    pub fn count(&self, db: u8) -> usize {
        self.from((db, 0)).count()
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

    pub fn used(&mut self, place: Place, now: i64) {
        if let Some(entry) = self.all.get_mut(&place) {
            (entry.used, entry.uses) = (now, entry.uses + 1);
        }
    }

    /// Changes what a key holds, which is made where it is not there and goes where nothing is left of it. `work`
    /// returns what it has to tell and by how much it grew or shrank.
    pub fn change<R>(
        &mut self,
        (place, key, kind): (Place, &Bytes, Kind),
        (now, given): (i64, bool),
        work: impl FnOnce(&mut Body) -> (R, isize),
    ) -> Result<R, String> {
        let empty = || Entry {
            key: key.clone(),
            kind,
            body: match kind {
                Kind::String => Body::One(Bytes::new()),
                Kind::List => Body::Line(VecDeque::new()),
                _ => Body::Named(BTreeMap::new()),
            },
            until: None,
            used: now,
            uses: 0,
            size: 0,
            given: 0,
        };
        let before = self.all.get(&place).map_or(0, Entry::weight);
        let parts = |body: &Body| if matches!(body, Body::One(_)) { 1 } else { body.len() };
        let parts_before = self.all.get(&place).map_or(0, |entry| parts(&entry.body));
        let entry = self.all.entry(place).or_insert_with(empty);
        if entry.kind != kind {
            return Err(WRONG_TYPE.into());
        }
        let (told, grown) = work(&mut entry.body);
        entry.size = entry.size.saturating_add_signed(grown);
        (entry.used, entry.uses) = (now, entry.uses + 1);
        self.size = (self.size + entry.weight()).saturating_sub(before);
        if given {
            // Small parts cost more than their bytes.
            let more = parts(&entry.body).cast_signed() - parts_before.cast_signed();
            let held = entry.given.saturating_add_signed(grown + more * 64);
            self.given = (self.given + held).saturating_sub(entry.given);
            entry.given = held;
        }
        if entry.kind != Kind::String && entry.body.len() == 0 {
            self.remove(place);
        }
        Ok(told)
    }

    pub fn expire(&mut self, place: Place, until: Option<i64>) {
        if let Some(entry) = self.all.get_mut(&place) {
            if let Some(old) = entry.until {
                self.ends.remove(&(old, place));
            }
            entry.until = until;
            self.ends.extend(until.map(|until| (until, place)));
        }
    }

    pub fn remove(&mut self, place: Place) -> Option<Entry> {
        let entry = self.all.remove(&place)?;
        self.size = self.size.saturating_sub(entry.weight());
        self.given = self.given.saturating_sub(entry.given);
        if let Some(until) = entry.until {
            self.ends.remove(&(until, place));
        }
        Some(entry)
    }

    /// Under another name; what stood there is gone.
    pub fn rename(&mut self, from: Place, to: Place, key: &Bytes) -> bool {
        let Some(mut entry) = self.remove(from) else { return false };
        self.remove(to);
        entry.key = key.clone();
        self.size += entry.weight();
        self.given += entry.given;
        self.ends.extend(entry.until.map(|until| (until, to)));
        self.all.insert(to, entry);
        true
    }

    pub fn clear(&mut self, db: Option<u8>) {
        let places: Vec<Place> =
            self.all.keys().filter(|place| db.is_none_or(|db| place.0 == db)).copied().collect();
        for place in places {
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
    pub fn any(&self, db: u8, dice: &mut Dice) -> Option<Place> {
        let from = (db, dice.roll() >> 1);
        self.from(from).next().or_else(|| self.from((db, 0)).next()).map(|(place, _)| *place)
    }

    /// Who goes first by a policy: of a few that are looked at, as the original does it.
    pub fn victim(&self, policy: &str, dice: &mut Dice) -> Option<Place> {
        let db = self.all.keys().next()?.0;
        let places: Vec<Place> = match policy.split_once('-') {
            Some(("allkeys", _)) => (0..10).filter_map(|_| self.any(db, dice)).collect(),
            Some(("volatile", "ttl")) => self.ends.iter().take(1).map(|(_, place)| *place).collect(),
            Some(("volatile", _)) => self.ends.iter().take(16).map(|(_, place)| *place).collect(),
            _ => Vec::new(),
        };
        let rank = |place: &Place| {
            let entry = self.all.get(place);
            entry
                .map(|entry| if policy.ends_with("lfu") { (entry.uses, entry.used) } else { (0, entry.used) })
        };
        if policy.ends_with("random") { places.first().copied() } else { places.into_iter().min_by_key(rank) }
    }
}
