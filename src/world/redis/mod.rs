//! A Redis: keys that applications fill and ask for, a limit and what happens at it, clients, users, and all that
//! operators look at. What its clients are told is in `keys` and `admin`, how they are told it in `reply`.
mod admin;
mod clients;
mod info;
mod keys;
mod life;
mod reply;
mod serve;
mod store;
mod table;
#[cfg(test)]
mod tests;
mod users;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use self::admin::settings;
pub use self::reply::Reply;
pub use self::serve::serve;
use self::store::{Kind, Store};
use self::users::User;
use super::base::{Dice, seconds};

/// What it takes before there is a key.
const BASE: usize = 900_000;
const CLIENT_MEMORY: usize = 22_298;
const MOST_DEEDS: usize = 1_000;
const MOST_CLIENTS: usize = 10_000;

/// An application that fills the server. Strings and hashes go to a key each, other kinds to the one of the prefix.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    pub prefix: String,
    pub bytes_per_second: f64,
    pub value: usize,
    pub ttl: Option<f64>,
    /// `string`, `hash`, `list`, `set` or `zset`.
    pub kind: &'static str,
}

#[derive(Debug)]
struct Writing {
    plan: Writer,
    kind: Kind,
    value: Bytes,
    due: f64,
    written: u64,
}

/// Connections of one application; whoever is killed comes back with nothing in its buffers.
#[derive(Debug, Clone, Default)]
pub struct Crowd {
    pub name: String,
    pub user: String,
    pub host: String,
    pub count: usize,
    pub memory: usize,
    pub command: &'static str,
}

#[derive(Debug, Default)]
struct Client {
    address: String,
    name: String,
    library: [String; 2],
    user: Option<String>,
    since: Timestamp,
    last: Timestamp,
    command: String,
    db: u8,
    resp3: bool,
    memory: usize,
    /// The crowd it belongs to; none for one that is really connected.
    crowd: Option<String>,
    /// Told to the connection, which then closes.
    gone: Arc<AtomicBool>,
}

#[derive(Debug, Clone)]
struct Slow {
    id: u64,
    at: Timestamp,
    micros: u64,
    words: Vec<Bytes>,
    address: String,
    name: String,
}

#[derive(Debug, Default)]
struct Calls {
    done: u64,
    refused: u64,
    failed: u64,
}

/// What somebody did, other than look.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub at: Timestamp,
    pub user: String,
    pub command: String,
}

/// What series and other parts are made from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub up: bool,
    pub busy: bool,
    pub loading: bool,
    pub used: usize,
    pub max: usize,
    pub clients: usize,
    pub max_clients: usize,
    pub keys: usize,
    pub lasting: usize,
    pub counts: Counts,
}

/// Since it was started.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counts {
    pub hits: u64,
    pub misses: u64,
    pub evicted: u64,
    pub expired: u64,
    /// Writes that were refused because there was no room.
    pub refused: u64,
    pub ops: u64,
    /// Commands a second, of late.
    pub rate: f64,
    errors: u64,
    connections: u64,
    rejected: u64,
    read: u64,
    written: u64,
    changes: u64,
    peak: usize,
    /// Commands until the last tick.
    before: u64,
}

/// The dice of a server that is not begun yet are those of any.
#[derive(Debug)]
struct Seeded(Dice);

impl Default for Seeded {
    fn default() -> Seeded {
        Seeded(Dice::new(0))
    }
}

#[derive(Debug, Default)]
pub struct Redis {
    now: Timestamp,
    started: Timestamp,
    dice: Seeded,
    id: String,
    store: Store,
    users: Vec<User>,
    clients: BTreeMap<u64, Client>,
    next_client: u64,
    settings: BTreeMap<&'static str, String>,
    slow: VecDeque<Slow>,
    next_slow: u64,
    spikes: VecDeque<(Timestamp, u64)>,
    counts: Counts,
    calls: BTreeMap<&'static str, Calls>,
    errors: BTreeMap<String, u64>,
    writers: Vec<Writing>,
    lookups: (f64, f64),
    crowds: Vec<Crowd>,
    replicas: Vec<(String, u16, u64)>,
    /// A script runs since, and until, then.
    busy: Option<(Timestamp, Timestamp)>,
    loading: Option<(Timestamp, Timestamp)>,
    saved: Timestamp,
    saving: Option<Timestamp>,
    up: bool,
    deeds: VecDeque<Deed>,
}

fn later(now: Timestamp, seconds: f64) -> Timestamp {
    jiff::SignedDuration::try_from_secs_f64(seconds.clamp(0.0, 1e9)).map_or(now, |span| now + span)
}

/// Without what stands behind the point.
fn whole(number: f64) -> u64 {
    Duration::try_from_secs_f64(number).map_or(0, |span| span.as_secs())
}

fn float(number: impl TryInto<u32>) -> f64 {
    f64::from(number.try_into().unwrap_or(u32::MAX))
}

impl Redis {
    pub fn new(seed: u64, now: Timestamp) -> Redis {
        let mut redis = Redis {
            now,
            started: now,
            dice: Seeded(Dice::new(seed)),
            users: vec![User::first()],
            next_client: 3 + seed % 200,
            settings: settings().map(|(name, value)| (name, value.to_owned())).collect(),
            saved: now,
            up: true,
            ..Redis::default()
        };
        redis.id = redis.hex();
        redis
    }

    fn hex(&mut self) -> String {
        let all: Vec<String> = (0..3).map(|_| format!("{:016x}", self.dice.0.roll())).collect();
        all.concat().chars().take(40).collect()
    }

    pub fn tick(&mut self, now: Timestamp) {
        let passed = seconds(self.now, now);
        self.now = self.now.max(now);
        if !self.up || passed <= 0.0 {
            return;
        }
        if let Some((since, _)) = self.busy.filter(|(_, until)| *until <= now) {
            self.end_script(since);
        }
        self.loading = self.loading.filter(|(_, until)| *until > now);
        if self.saving.is_some_and(|until| until <= now) {
            (self.saving, self.saved, self.counts.changes) = (None, now, 0);
        }
        self.counts.expired += self.store.tidy(self.millis());
        self.crowd();
        if self.busy.is_none() && self.loading.is_none() {
            self.write(passed);
            self.look_up(passed);
        }
        self.make_room();
        self.counts.peak = self.counts.peak.max(self.used());
        let rate = float(self.counts.ops.saturating_sub(self.counts.before)) / passed;
        self.counts.before = self.counts.ops;
        self.counts.rate += (rate - self.counts.rate) * (passed / 2.0).min(1.0);
    }

    fn millis(&self) -> i64 {
        self.now.as_millisecond()
    }

    // What a scenario says.

    pub fn writer(&mut self, plan: Writer) {
        self.clear_writer(&plan.prefix);
        let kind = Kind::ALL.into_iter().find(|(_, word)| *word == plan.kind);
        let kind = kind.map_or(Kind::String, |(kind, _)| kind);
        let value = Bytes::from("x".repeat(plan.value.clamp(1, 8 << 20)));
        self.writers.push(Writing { plan, kind, value, due: 0.0, written: 0 });
    }

    /// What it has written stays.
    pub fn clear_writer(&mut self, prefix: &str) {
        self.writers.retain(|writing| writing.plan.prefix != prefix);
    }

    /// Lets a writer have written so many already, at times spread over those that its keys live.
    pub fn stock(&mut self, prefix: &str, count: u64) {
        let Some(at) = self.writers.iter().position(|writing| writing.plan.prefix == prefix) else { return };
        for _ in 0..count.min(200_000) {
            let share = 1.0 - self.dice.0.share() * 0.98;
            if !self.write_one(at, share) {
                break;
            }
        }
        self.counts.ops = 0;
    }

    /// So many lookups a second; `share` of them ask for what the writers have written.
    pub fn lookups(&mut self, per_second: f64, share: f64) {
        self.lookups = (per_second, share);
    }

    pub fn client(&mut self, crowd: &Crowd) {
        self.crowds.retain(|other| other.name != crowd.name);
        for client in self.clients.values().filter(|client| client.crowd.as_ref() == Some(&crowd.name)) {
            client.gone.store(true, Ordering::Relaxed);
        }
        self.clients.retain(|_, client| client.crowd.as_ref() != Some(&crowd.name));
        self.crowds.push(crowd.clone());
        (0..crowd.count).for_each(|_| self.join(crowd, crowd.memory));
    }

    /// False where there is no such setting, or no such value of it.
    pub fn setting(&mut self, name: &str, value: &str) -> bool {
        self.set_setting(name, value).is_ok()
    }

    /// A user with rules as ACL SETUSER reads them.
    pub fn user(&mut self, name: &str, rules: &[&str]) -> bool {
        rules.iter().all(|rule| self.set_user(name, rule).is_ok())
    }

    pub fn replica(&mut self, address: &str, port: u16, lag_seconds: u64) {
        self.replicas.retain(|(host, own, _)| (host.as_str(), *own) != (address, port));
        self.replicas.push((address.to_owned(), port, lag_seconds));
    }

    /// A script keeps it busy for so long, or until it is killed.
    pub fn block(&mut self, seconds: f64) {
        self.busy = Some((self.now, later(self.now, seconds)));
    }

    /// It reads its data for so long.
    pub fn load(&mut self, seconds: f64) {
        self.loading = Some((self.now, later(self.now, seconds)));
    }

    /// A call that took long, for the slow log.
    pub fn slow(&mut self, micros: u64, command: &str) {
        let words = command.split_whitespace().map(|word| Bytes::from(word.to_owned())).collect();
        let client = self.clients.values().find(|client| client.crowd.is_some());
        let from = client.map(|client| (client.address.clone(), client.name.clone()));
        self.note_slow(micros, words, from);
    }

    /// The process ends; what it held is lost.
    pub fn stop(&mut self) {
        self.up = false;
        self.store.clear(None);
        for client in self.clients.values() {
            client.gone.store(true, Ordering::Relaxed);
        }
        self.clients.clear();
        (self.busy, self.loading, self.saving) = (None, None, None);
    }

    /// A new process.
    pub fn start(&mut self) {
        self.up = true;
        (self.started, self.id) = (self.now, self.hex());
        (self.counts, self.spikes, self.slow) = (Counts::default(), VecDeque::new(), VecDeque::new());
        (self.calls, self.errors) = (BTreeMap::new(), BTreeMap::new());
        for writing in &mut self.writers {
            (writing.written, writing.due) = (0, 0.0);
        }
    }

    pub fn facts(&self) -> Facts {
        Facts {
            up: self.up,
            busy: self.busy.is_some(),
            loading: self.loading.is_some(),
            used: self.used(),
            max: self.max(),
            clients: self.clients.len(),
            max_clients: self.number("maxclients"),
            keys: self.store.len(),
            lasting: self.store.lasting(),
            counts: self.counts.clone(),
        }
    }

    /// What was done since they were last asked for.
    pub fn deeds(&mut self) -> Vec<Deed> {
        self.deeds.drain(..).collect()
    }

    fn note_deed(&mut self, user: String, command: String) {
        if self.deeds.len() < MOST_DEEDS {
            self.deeds.push_back(Deed { at: self.now, user, command });
        }
    }
}
