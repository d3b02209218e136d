//! A bounded look at the keys: a few hundred at a time, spread over many looks, never all at once.
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::{Pipeline, Value, cmd};
use tokio::time::Instant;

use super::answer::{Refusal, ask, ask_all, bytes, int, items, text};
use super::rights::Rights;
use crate::domain::redis::KeyGroup;
use crate::domain::redis::keys::{KeySample, Weighed};
use crate::domain::redis::node::RedisNode;
use crate::domain::redis::rates::Own;

/// Keys asked for in one step, steps in one look, steps in one pass: at most 5,000 keys or so.
const COUNT: usize = 100;
const STEPS_AT_ONCE: usize = 5;
const STEPS: usize = 50;
/// Of each step so many are weighed, by so many of their parts.
const WEIGHED: usize = 20;
const PARTS: usize = 5;
/// A pass that is done is good for this long.
const GOOD_FOR: Duration = Duration::from_mins(1);

#[derive(Debug, Default)]
pub(super) struct Sampler {
    db: Option<u32>,
    cursor: u64,
    steps: usize,
    sample: KeySample,
    done_at: Option<Instant>,
    /// What the last whole pass found; a new one shows nothing until it is done.
    groups: Vec<KeyGroup>,
    /// The fullest database, which we may not choose: the keys of our own are looked at.
    pub closed: Option<u32>,
    /// Whether the server counts how often keys are used, and whether we may not know it.
    counts_uses: bool,
    cold: bool,
    /// Lookups that this made since the server was started.
    pub own: Own,
}

impl Sampler {
    /// A new connection stands in the database of its address again.
    pub fn forget_connection(&mut self) {
        *self = Sampler { groups: std::mem::take(&mut self.groups), own: self.own, ..Sampler::default() };
    }

    pub fn groups(&self) -> &[KeyGroup] {
        &self.groups
    }

    /// A few steps further; the rows as far as they are known.
    pub async fn go_on(
        &mut self,
        con: &mut MultiplexedConnection,
        node: &RedisNode,
        rights: &Rights,
        own_db: i64,
    ) -> Result<(), Refusal> {
        if self.done_at.is_some_and(|at| at.elapsed() < GOOD_FOR) {
            return Ok(());
        }
        self.counts_uses = node.counts_uses();
        let open = |number: u32| self.closed.is_none() || i64::from(number) == own_db;
        let open = node.keyspace.iter().filter(|db| open(db.number));
        let Some(fullest) = open.max_by_key(|db| db.keys) else {
            self.groups.clear();
            return Ok(());
        };
        if self.done_at.take().is_some() || self.db.is_none_or(|db| db != fullest.number) {
            // The next look begins with our own.
            if !self.begin(con, fullest.number, own_db).await? {
                return Ok(());
            }
        }
        for _ in 0..STEPS_AT_ONCE {
            self.step(con, rights).await?;
            if self.cursor == 0 || self.steps >= STEPS {
                self.done_at = Some(Instant::now());
                break;
            }
        }
        if self.done_at.is_some() || self.groups.is_empty() || self.sample.seen() > self.shown() {
            self.groups = self.sample.groups(fullest.number, fullest.keys, node.memory.used);
        }
        Ok(())
    }

    fn shown(&self) -> u64 {
        self.groups.first().map_or(0, |group| group.sampled)
    }

    /// Whether it may.
    async fn begin(
        &mut self,
        con: &mut MultiplexedConnection,
        db: u32,
        own_db: i64,
    ) -> Result<bool, Refusal> {
        let stands_in = self.db.map_or(own_db, i64::from);
        if stands_in != i64::from(db) {
            match ask(con, cmd("SELECT").arg(db)).await {
                Err(why) if why.forbids() => {
                    self.closed = Some(db);
                    return Ok(false);
                }
                answer => answer?,
            };
        }
        if self.db != Some(db) {
            self.groups.clear();
        }
        (self.db, self.cursor, self.steps, self.sample) = (Some(db), 0, 0, KeySample::default());
        Ok(true)
    }

    async fn step(&mut self, con: &mut MultiplexedConnection, rights: &Rights) -> Result<(), Refusal> {
        let answer = ask(con, cmd("SCAN").arg(self.cursor).arg("COUNT").arg(COUNT)).await?;
        let [cursor, keys] = items(&answer) else {
            self.end();
            return Ok(());
        };
        let Some(cursor) = text(cursor).and_then(|cursor| cursor.parse().ok()) else {
            self.end();
            return Ok(());
        };
        self.cursor = cursor;
        self.steps += 1;
        let keys: Vec<&[u8]> = items(keys).iter().filter_map(bytes).collect();
        // Spread over the step, so that neighbours in a table do not speak for all.
        let every = keys.len().div_ceil(WEIGHED).max(1);
        let chosen: Vec<usize> = (0..keys.len()).step_by(every).collect();
        let heat = self.counts_uses && !self.cold;
        let (weighed, refused) =
            weigh(con, rights, heat, chosen.iter().filter_map(|at| keys.get(*at).copied())).await?;
        self.cold |= refused;
        // To ask how long a key lives counts as finding it, and so does how often it is used.
        let found = |one: &Weighed| usize::from(one.lasting.is_some()) + usize::from(one.heat.is_some());
        self.own.hits += u64::try_from(weighed.iter().map(found).sum::<usize>()).unwrap_or(0);
        let mut weighed = chosen.into_iter().zip(weighed).peekable();
        for (at, key) in keys.iter().enumerate() {
            let known =
                weighed.next_if(|(chosen, _)| *chosen == at).map(|(_, known)| known).unwrap_or_default();
            self.sample.take(key, known);
        }
        Ok(())
    }

    /// An answer that is none: the pass ends here.
    fn end(&mut self) {
        self.cursor = 0;
        self.steps = STEPS;
    }
}

/// What each of the keys is found to be; true where it may not be asked how often they are used.
async fn weigh(
    con: &mut MultiplexedConnection,
    rights: &Rights,
    heat: bool,
    keys: impl Iterator<Item = &[u8]>,
) -> Result<(Vec<Weighed>, bool), Refusal> {
    let keys: Vec<&[u8]> = keys.collect();
    if keys.is_empty() || !(rights.weigh || rights.ttl || heat) {
        return Ok((vec![Weighed::default(); keys.len()], false));
    }
    let mut pipeline = Pipeline::new();
    for key in &keys {
        // First, as the others are uses that would be counted.
        if heat {
            pipeline.cmd("OBJECT").arg("FREQ").arg(*key);
        }
        if rights.weigh {
            pipeline.cmd("MEMORY").arg("USAGE").arg(*key).arg("SAMPLES").arg(PARTS);
        }
        if rights.ttl {
            pipeline.cmd("TTL").arg(*key);
        }
    }
    let mut answers = ask_all(con, &mut pipeline).await?.into_iter();
    let mut refused = false;
    let mut next =
        |asked: bool| -> Option<Result<Value, Refusal>> { if asked { answers.next() } else { None } };
    let mut known = Vec::new();
    for _ in &keys {
        let used = next(heat);
        // Neither without the right nor after the policy was changed is it asked again.
        refused |= matches!(used, Some(Err(_)));
        let number = |answer: Option<Result<Value, Refusal>>| answer?.ok().as_ref().and_then(int);
        let bytes = number(next(rights.weigh)).and_then(|bytes| u64::try_from(bytes).ok());
        // -1 lives for ever, -2 is gone meanwhile.
        let lasting = number(next(rights.ttl)).filter(|ttl| *ttl != -2).map(|ttl| ttl == -1);
        let heat = number(used).and_then(|heat| u8::try_from(heat).ok());
        known.push(Weighed { bytes, lasting, heat });
    }
    Ok((known, refused))
}
