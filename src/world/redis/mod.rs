//! A Redis: strings that applications fill and ask for, a limit and what happens at it, and what operators look at.
//! Commands stand in `table`, what goes on by itself in `life`, how clients are told in `reply`.
mod info;
mod life;
mod reply;
mod serve;
mod settings;
mod store;
mod table;
#[cfg(test)]
pub(super) mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

pub use self::serve::serve;
use self::store::Store;
use super::base::{Dice, seconds};

/// What it takes before there is a key.
const BASE: usize = 900_000;
const CLIENT_MEMORY: usize = 22_298;
const MOST_DEEDS: usize = 1_000;

/// An application that fills the server, a key for each value.
#[derive(Debug, Clone, Default)]
pub struct Writer {
    pub prefix: String,
    pub bytes_per_second: f64,
    pub value: usize,
    pub ttl: Option<f64>,
}

#[derive(Debug)]
struct Writing {
    plan: Writer,
    value: Bytes,
    due: f64,
    written: u64,
}

#[derive(Debug, Default)]
struct Client {
    address: String,
    name: String,
    since: Timestamp,
    last: Timestamp,
    command: &'static str,
    db: u8,
    resp3: bool,
    /// It has said the password, or needs none.
    known: bool,
    /// Told to the connection, which then closes.
    gone: Arc<AtomicBool>,
}

/// What somebody did, other than look.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub at: Timestamp,
    pub command: String,
}

/// What series and other parts are made from.
#[derive(Debug, Clone, PartialEq)]
pub struct Facts {
    pub up: bool,
    pub used: usize,
    pub max: usize,
    pub clients: usize,
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
    /// Writes that were refused because there was no room.
    pub refused: u64,
    expired: u64,
    commands: u64,
    /// Commands until the last tick, and of late in a second.
    before: u64,
    rate: f64,
    connections: u64,
    rejected: u64,
    peak: usize,
}

#[derive(Debug)]
pub struct Redis {
    now: Timestamp,
    started: Timestamp,
    dice: Dice,
    /// Of this run of the process.
    id: String,
    store: Store,
    clients: BTreeMap<u64, Client>,
    next_client: u64,
    settings: BTreeMap<&'static str, String>,
    counts: Counts,
    /// By the first word of the answer.
    errors: BTreeMap<String, u64>,
    writers: Vec<Writing>,
    lookups: (f64, f64),
    saved: Timestamp,
    saving: Option<Timestamp>,
    /// Since it was saved.
    changes: u64,
    up: bool,
    deeds: Vec<Deed>,
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
        let mut dice = Dice::new(seed);
        let id = [(); 3].map(|()| format!("{:016x}", dice.roll())).concat();
        Redis {
            now,
            started: now,
            dice,
            id: id.chars().take(40).collect(),
            store: Store::default(),
            clients: BTreeMap::new(),
            next_client: 3 + seed % 200,
            settings: settings::all().map(|(name, value)| (name, value.to_owned())).collect(),
            counts: Counts::default(),
            errors: BTreeMap::new(),
            writers: Vec::new(),
            lookups: (0.0, 0.0),
            saved: now,
            saving: None,
            changes: 0,
            up: true,
            deeds: Vec::new(),
        }
    }

    pub fn tick(&mut self, now: Timestamp) {
        let passed = seconds(self.now, now);
        self.now = self.now.max(now);
        if !self.up || passed <= 0.0 {
            return;
        }
        if self.saving.is_some_and(|until| until <= now) {
            (self.saving, self.saved, self.changes) = (None, now, 0);
        }
        self.counts.expired += self.store.tidy(self.millis());
        self.write(passed);
        self.look_up(passed);
        self.make_room();
        self.counts.peak = self.counts.peak.max(self.used());
        let rate = float(self.counts.commands.saturating_sub(self.counts.before)) / passed;
        self.counts.before = self.counts.commands;
        self.counts.rate += (rate - self.counts.rate) * (passed / 2.0).min(1.0);
    }

    fn millis(&self) -> i64 {
        self.now.as_millisecond()
    }

    // What a scenario says.

    pub fn writer(&mut self, plan: Writer) {
        self.clear_writer(&plan.prefix);
        let value = Bytes::from("x".repeat(plan.value.clamp(1, 8 << 20)));
        self.writers.push(Writing { plan, value, due: 0.0, written: 0 });
    }

    /// What it has written stays.
    pub fn clear_writer(&mut self, prefix: &str) {
        self.writers.retain(|writing| writing.plan.prefix != prefix);
    }

    /// Lets a writer have written so many already, at times spread over those that its keys live.
    pub fn stock(&mut self, prefix: &str, count: u64) {
        let Some(at) = self.writers.iter().position(|writing| writing.plan.prefix == prefix) else { return };
        let count = count.min(200_000);
        for n in 0..count {
            // Evenly, so that from the first second on as much goes as comes.
            let share = float(n + 1) / float(count);
            if !self.write_one(at, share) {
                break;
            }
        }
    }

    /// So many lookups a second; `share` of them ask for what the writers have written.
    pub fn lookups(&mut self, per_second: f64, share: f64) {
        self.lookups = (per_second, share);
    }

    /// False where there is no such setting, or no such value of it.
    pub fn setting(&mut self, name: &str, value: &str) -> bool {
        self.set_setting(name, value).is_ok()
    }

    /// The process ends; what it held is lost.
    fn stop(&mut self) {
        self.up = false;
        self.store.clear(None);
        for client in std::mem::take(&mut self.clients).into_values() {
            client.gone.store(true, Ordering::Relaxed);
        }
    }

    /// Whether old keys make room for new ones where it is full.
    pub fn evicts(&self) -> bool {
        self.settings.get("maxmemory-policy").is_some_and(|policy| policy != "noeviction")
    }

    pub fn facts(&self) -> Facts {
        Facts {
            up: self.up,
            used: self.used(),
            max: self.max(),
            clients: self.clients.len(),
            keys: self.store.len(),
            lasting: self.store.lasting(),
            counts: self.counts.clone(),
        }
    }

    /// What was done since they were last asked for.
    pub fn deeds(&mut self) -> Vec<Deed> {
        std::mem::take(&mut self.deeds)
    }

    // Whoever is connected.

    /// A place for a client, and what tells it that it has to go; the refusal's words where there is none.
    fn connect(&mut self, address: &str) -> Result<(u64, Arc<AtomicBool>), String> {
        if !self.up {
            return Err(String::new());
        }
        if self.clients.len() >= self.number("maxclients") {
            self.counts.rejected += 1;
            return Err("ERR max number of clients reached".into());
        }
        let (id, gone) = (self.next_client, Arc::new(AtomicBool::new(false)));
        self.next_client += 1;
        self.counts.connections += 1;
        let client = Client {
            address: address.to_owned(),
            since: self.now,
            last: self.now,
            command: "NULL",
            known: self.is_open(),
            gone: Arc::clone(&gone),
            ..Client::default()
        };
        self.clients.insert(id, client);
        Ok((id, gone))
    }

    fn leave(&mut self, id: u64) {
        self.clients.remove(&id);
    }
}
