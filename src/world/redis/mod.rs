//! A Redis: keys that applications fill and ask for, a limit and what happens at it, clients, users, and all that
//! operators look at. What its clients are told is in `commands` and `admin`, how they are told it in `reply`.
mod admin;
mod commands;
mod info;
mod reply;
mod serve;
mod store;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use jiff::Timestamp;

use self::admin::{SETTINGS, User};
pub use self::reply::Reply;
pub use self::serve::serve;
use self::store::{Kind, Store, part, place};
use super::base::{Dice, seconds};

/// What it takes before there is a key.
const BASE: usize = 900_000;
const CLIENT_MEMORY: usize = 22_298;
const MOST_DEEDS: usize = 1_000;
const MOST_CLIENTS: usize = 10_000;
/// So many writes and lookups of an application are done in one tick; what is more is counted.
const MOST_AT_ONCE: u64 = 2_000;

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

#[derive(Debug)]
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
    calls: u64,
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
    pub hits: u64,
    pub misses: u64,
    pub evicted: u64,
    pub expired: u64,
    /// Writes that were refused because there was no room.
    pub refused: u64,
    pub ops: u64,
    pub ops_per_second: f64,
}

#[derive(Debug, Default)]
struct Counts {
    hits: u64,
    misses: u64,
    evicted: u64,
    expired: u64,
    refused: u64,
    ops: u64,
    errors: u64,
    connections: u64,
    rejected: u64,
    read: u64,
    written: u64,
    changes: u64,
    peak: usize,
    /// Of the whole time, at the last tick, and a second's worth of it.
    before: u64,
    rate: f64,
}

#[derive(Debug)]
pub struct Redis {
    now: Timestamp,
    started: Timestamp,
    dice: Dice,
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
        let mut dice = Dice::new(seed);
        let mut redis = Redis {
            now,
            started: now,
            id: String::new(),
            store: Store::default(),
            users: vec![User::first()],
            clients: BTreeMap::new(),
            next_client: 3 + dice.below(200),
            settings: SETTINGS.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
            slow: VecDeque::new(),
            next_slow: 0,
            spikes: VecDeque::new(),
            counts: Counts::default(),
            calls: BTreeMap::new(),
            errors: BTreeMap::new(),
            writers: Vec::new(),
            lookups: (0.0, 0.0),
            crowds: Vec::new(),
            replicas: Vec::new(),
            busy: None,
            loading: None,
            saved: now,
            saving: None,
            up: true,
            deeds: VecDeque::new(),
            dice,
        };
        redis.id = redis.hex();
        redis
    }

    fn hex(&mut self) -> String {
        let all: String = (0..3).map(|_| format!("{:016x}", self.dice.roll())).collect();
        all.chars().take(40).collect()
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
            let share = 1.0 - self.dice.share() * 0.98;
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

    pub fn client(&mut self, crowd: Crowd) {
        self.crowds.retain(|other| other.name != crowd.name);
        for client in self.clients.values().filter(|client| client.crowd.as_ref() == Some(&crowd.name)) {
            client.gone.store(true, Ordering::Relaxed);
        }
        self.clients.retain(|_, client| client.crowd.as_ref() != Some(&crowd.name));
        self.crowds.push(crowd.clone());
        (0..crowd.count).for_each(|_| self.join(&crowd, crowd.memory));
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
        let (address, name) = client.map_or_else(
            || ("127.0.0.1:0".into(), String::new()),
            |client| (client.address.clone(), client.name.clone()),
        );
        self.note_slow(micros, words, address, name);
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
            hits: self.counts.hits,
            misses: self.counts.misses,
            evicted: self.counts.evicted,
            expired: self.counts.expired,
            refused: self.counts.refused,
            ops: self.counts.ops,
            ops_per_second: self.counts.rate,
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

    // What goes on by itself.

    fn used(&self) -> usize {
        BASE + self.store.size() + self.client_memory()
    }

    fn client_memory(&self) -> usize {
        self.clients.values().map(|client| client.memory).sum()
    }

    fn max(&self) -> usize {
        self.number("maxmemory")
    }

    fn number(&self, name: &str) -> usize {
        self.settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// Whether there is room now, after whatever may go is gone.
    fn make_room(&mut self) -> bool {
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
    fn write_one(&mut self, at: usize, share: f64) -> bool {
        if !self.make_room() || self.store.len() >= store::MOST_KEYS {
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
        let _ = self.store.change((at, &key, kind), (now, false), |body| {
            let before = body.len();
            let parts: Vec<(Bytes, Bytes)> = match kind {
                Kind::Hash => {
                    let field = |name: &'static str| {
                        (Bytes::from_static(name.as_bytes()), value.slice(..value.len() / 4))
                    };
                    ["id", "body", "state", "at"].into_iter().map(field).collect()
                }
                Kind::Zset => vec![(Bytes::from(written.to_string()), Bytes::from(written.to_string()))],
                _ => vec![(Bytes::from(written.to_string()), Bytes::new())],
            };
            let mut grown = 0;
            match body {
                store::Body::One(held) => (*held, grown) = (value.clone(), part(kind, value.len())),
                store::Body::Line(all) => {
                    all.push_back(value.clone());
                    grown = part(kind, value.len());
                }
                store::Body::Named(all) => {
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

    fn write(&mut self, passed: f64) {
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
            self.calls.entry("set").or_default().calls += due.saturating_sub(left);
        }
    }

    /// A few of the lookups are really done, and stand for the others.
    fn look_up(&mut self, passed: f64) {
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
            let live = writing.plan.ttl.map(|ttl| {
                whole(ttl * writing.plan.bytes_per_second / float(writing.value.len().max(1))).max(1)
            });
            let live = live.unwrap_or(u64::MAX).min(writing.written);
            let number = writing.written.saturating_sub(self.dice.below(live));
            let key = match writing.kind {
                Kind::String | Kind::Hash => format!("{}{number}", writing.plan.prefix),
                _ => writing.plan.prefix.clone(),
            };
            let at = place(0, key.as_bytes());
            if self.dice.share() < share && self.store.get(at).is_some() {
                self.store.used(at, now);
                hits += 1;
            }
        }
        let hits = (hits * count).checked_div(tried).unwrap_or(0);
        self.counts.hits += hits;
        self.counts.misses += count - hits;
        self.counts.ops += count;
        self.calls.entry("get").or_default().calls += count;
    }

    fn crowd(&mut self) {
        for crowd in self.crowds.clone() {
            let there = self.clients.values().filter(|client| client.crowd.as_ref() == Some(&crowd.name));
            let missing = crowd.count.saturating_sub(there.count());
            (0..missing).for_each(|_| self.join(&crowd, CLIENT_MEMORY));
        }
        let now = self.now;
        for client in self.clients.values_mut().filter(|client| client.crowd.is_some()) {
            if self.dice.share() < 0.5 {
                client.last = now;
            }
        }
    }

    fn join(&mut self, crowd: &Crowd, memory: usize) {
        let address = format!("{}:{}", crowd.host, 32_768 + self.dice.below(28_000));
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

    fn end_script(&mut self, since: Timestamp) {
        self.busy = None;
        let micros = whole(seconds(since, self.now) * 1e6);
        let words = ["EVAL", "while true do end", "0"].map(|word| Bytes::from_static(word.as_bytes()));
        self.note_slow(micros, words.to_vec(), "127.0.0.1:0".into(), String::new());
    }

    fn note_slow(&mut self, micros: u64, words: Vec<Bytes>, address: String, name: String) {
        self.slow.push_front(Slow { id: self.next_slow, at: self.now, micros, words, address, name });
        self.next_slow += 1;
        self.slow.truncate(self.number("slowlog-max-len").min(1_000));
        let threshold = u64::try_from(self.number("latency-monitor-threshold")).unwrap_or(0);
        if threshold > 0 && micros / 1000 >= threshold {
            self.spikes.push_back((self.now, micros / 1000));
            self.spikes.drain(..self.spikes.len().saturating_sub(160));
        }
    }

    // Connections.

    /// A place for a client, and what tells it that it has to go; the refusal's words where there is none.
    pub fn connect(&mut self, address: &str) -> Result<(u64, Arc<AtomicBool>), String> {
        if !self.up {
            return Err(String::new());
        }
        if self.clients.len() >= self.number("maxclients").min(MOST_CLIENTS) {
            self.counts.rejected += 1;
            return Err("ERR max number of clients reached".into());
        }
        let (id, gone) = (self.next_client, Arc::new(AtomicBool::new(false)));
        self.next_client += 1;
        self.counts.connections += 1;
        let open = self.users.first().is_some_and(User::is_open);
        let client = Client {
            address: address.to_owned(),
            name: String::new(),
            library: [String::new(), String::new()],
            user: open.then(|| "default".to_owned()),
            since: self.now,
            last: self.now,
            command: "NULL".into(),
            db: 0,
            resp3: false,
            memory: CLIENT_MEMORY,
            crowd: None,
            gone: Arc::clone(&gone),
        };
        self.clients.insert(id, client);
        Ok((id, gone))
    }

    pub fn leave(&mut self, id: u64) {
        self.clients.remove(&id);
    }

    /// One command and its answer, as bytes.
    pub fn answer(&mut self, id: u64, words: &[Bytes]) -> Vec<u8> {
        let mut out = Vec::new();
        let reply = self.ask(id, words);
        let resp3 = self.clients.get(&id).is_some_and(|client| client.resp3);
        reply.encode(resp3, &mut out);
        self.counts.read += words.iter().map(|word| word.len() as u64 + 5).sum::<u64>();
        self.counts.written += out.len() as u64;
        out
    }

    /// `redis-cli` as it runs within a pod, without a terminal: its words without the program's name.
    pub fn run(&mut self, user: &str, argv: &[&str]) -> String {
        let (mut rest, mut db, mut login, mut scan, mut pattern) = (argv, None, None, false, "*");
        let mut name = None;
        loop {
            rest = match rest {
                ["-h" | "-p" | "-i" | "-t" | "--count", _, rest @ ..] => rest,
                ["-a" | "--pass", password, rest @ ..] => {
                    login = Some(*password);
                    rest
                }
                ["--user", user, rest @ ..] => {
                    name = Some(*user);
                    rest
                }
                ["-n", number, rest @ ..] => {
                    db = Some(*number);
                    rest
                }
                ["--pattern", given, rest @ ..] => {
                    pattern = given;
                    rest
                }
                ["--scan", rest @ ..] => {
                    scan = true;
                    rest
                }
                ["--no-auth-warning" | "--raw", rest @ ..] => rest,
                [unknown, ..] if unknown.starts_with('-') => {
                    return format!("Unrecognized option or bad number of args for: '{unknown}'\n");
                }
                _ => break,
            };
        }
        let id = match self.connect("127.0.0.1:0") {
            Ok((id, _)) => id,
            Err(why) if why.is_empty() => {
                return "Could not connect to Redis at 127.0.0.1:6379: Connection refused\n".into();
            }
            Err(why) => return format!("Error: {why}\n"),
        };
        if user != "default"
            && let Some(client) = self.clients.get_mut(&id)
        {
            client.user = Some(user.to_owned());
        }
        let mut say = |words: &[&str]| {
            let words: Vec<Bytes> =
                words.iter().map(|word| Bytes::copy_from_slice(word.as_bytes())).collect();
            self.ask(id, &words)
        };
        let mut out = String::new();
        if let Some(password) = login
            && let Reply::Error(why) = say(&["AUTH", name.unwrap_or("default"), password])
        {
            out = format!("AUTH failed: {why}\n");
        }
        if let Some(db) = db {
            say(&["SELECT", db]);
        }
        if scan {
            if let Reply::List(all) = say(&["SCAN", "0", "MATCH", pattern, "COUNT", "100000"])
                && let Some(Reply::List(keys)) = all.get(1)
            {
                keys.iter().for_each(|key| out.extend([key.raw(), "\n".into()]));
            }
        } else {
            out.push_str(&say(rest).raw());
            out.push('\n');
        }
        self.leave(id);
        out
    }
}
