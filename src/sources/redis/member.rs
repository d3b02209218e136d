//! One node: its connection, which is held, and what it said last.
use std::time::Duration;

use ::redis::aio::MultiplexedConnection;
use ::redis::cmd;
use secrecy::SecretString;
use tokio::time::Instant;

use super::answer::{Refusal, RefusalKind, ask, bytes, int, items, text, words};
use super::connect::Door;
use super::rights::{Rights, introduce};
use super::sample::Sampler;
use crate::domain::redis::info::Info;
use crate::domain::redis::node::{Mode, RedisNode, Role};
use crate::domain::redis::rates::{History, Own, Sample};
use crate::domain::redis::topology::{self, Spot};
use crate::domain::redis::trouble::Trouble;
use crate::domain::redis::{RedisClient, SlowCall};
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;
use crate::sources::now;

const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A connection over which nothing has come for this long is made anew.
const DEAF_AFTER: Duration = Duration::from_secs(30);
/// How often each is asked for, while it is looked at.
const CLIENTS: Duration = Duration::from_secs(3);
const SLOW_CALLS: Duration = Duration::from_secs(5);
const CLUSTER: Duration = Duration::from_secs(10);
/// A long list is long to make and to read.
const MANY: usize = 1_000;
const SLOWEST: usize = 128;

/// What somebody looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Watched {
    pub any: bool,
    pub clients: bool,
    pub slow: bool,
    pub keys: bool,
}

#[derive(Debug)]
pub(super) struct Member {
    pub spot: Spot,
    pub con: Option<MultiplexedConnection>,
    pub rights: Option<Rights>,
    /// What it said last, with its trouble since.
    pub node: RedisNode,
    pub info: Info,
    pub clients: Vec<RedisClient>,
    pub slow: Vec<SlowCall>,
    pub sampler: Sampler,
    /// Whom it names beside itself.
    pub names: Vec<Spot>,
    /// Why we cannot reach what its primary calls online.
    aside: Option<(Option<Trouble>, Option<Timestamp>)>,
    history: History,
    heard: Instant,
    pause: Duration,
    retry_at: Option<Instant>,
    clients_at: Option<Instant>,
    slow_at: Option<Instant>,
    cluster_at: Option<Instant>,
    cluster: (Option<crate::domain::Text>, Vec<Spot>),
}

impl Member {
    pub fn new(spot: Spot) -> Member {
        Member {
            node: RedisNode { at: spot.clone(), ..RedisNode::default() },
            spot,
            con: None,
            rights: None,
            info: Info::default(),
            clients: Vec::new(),
            slow: Vec::new(),
            sampler: Sampler::default(),
            names: Vec::new(),
            aside: None,
            history: History::default(),
            heard: Instant::now(),
            pause: FIRST_PAUSE,
            retry_at: None,
            clients_at: None,
            slow_at: None,
            cluster_at: None,
            cluster: (None, Vec::new()),
        }
    }

    /// Whether it answered at all, be it with a no that says what is wrong.
    pub fn answers(&self) -> bool {
        !matches!(
            self.node.trouble,
            Some(
                Trouble::Down { .. }
                    | Trouble::Silent
                    | Trouble::NotLoggedIn { .. }
                    | Trouble::NoPermission { .. }
                    | Trouble::OutOfClients
            )
        )
    }

    /// It was known once, and does not answer since less than `span`.
    pub fn is_missed(&self, now: Timestamp, span: Duration) -> bool {
        !self.node.run_id.is_empty() && !self.answers() && !self.is_over(now, span)
    }

    /// It has not answered for `span`.
    pub fn is_over(&self, now: Timestamp, span: Duration) -> bool {
        !self.answers() && self.node.trouble_since.is_some_and(|at| now.since(at) >= span)
    }

    /// Of a node that we never heard its primary's word counts, while it gives it.
    pub fn vouch(&mut self, online: bool) {
        if online && matches!(self.node.trouble, Some(Trouble::Down { .. })) {
            let since = self.aside.take().and_then(|(_, since)| since).or(self.node.trouble_since);
            self.aside = Some((self.node.trouble.take(), since));
            self.node.trouble_since = None;
            self.node.role = Role::Replica;
        } else if !online && let Some((trouble, since)) = self.aside.take() {
            self.node.role = Role::Unknown;
            (self.node.replication.lag_bytes, self.node.replication.lag_seconds) = (None, None);
            self.node.trouble = self.node.trouble.take().or(trouble);
            self.node.trouble_since = since;
        }
    }

    /// Whether the next look makes a connection.
    pub fn connects(&self, patient: bool) -> bool {
        self.con.is_none() && !(patient && self.retry_at.is_some_and(|at| Instant::now() < at))
    }

    /// Looks once. `patient`: others answer, so a node that does not is tried again less and less often.
    pub async fn look(
        &mut self,
        door: &Door,
        password: &Result<Option<SecretString>, String>,
        watched: Watched,
        patient: bool,
    ) {
        if self.con.is_none() && !self.connects(patient) {
            return;
        }
        match self.try_look(door, password, watched).await {
            Ok(()) => {
                self.heard = Instant::now();
                self.pause = FIRST_PAUSE;
                self.retry_at = None;
            }
            Err(trouble) => self.fall_into(trouble),
        }
    }

    fn fall_into(&mut self, trouble: Trouble) {
        if matches!(trouble, Trouble::Down { .. }) || self.heard.elapsed() > DEAF_AFTER {
            self.hang_up();
        }
        if self.con.is_none() {
            self.retry_at = Some(Instant::now() + self.pause);
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        } else if trouble != Trouble::Silent {
            self.heard = Instant::now();
        }
        self.set_trouble(Some(trouble));
    }

    /// The same trouble goes on since it began, whatever its numbers say meanwhile.
    fn set_trouble(&mut self, trouble: Option<Trouble>) {
        let kind = |trouble: &Option<Trouble>| trouble.as_ref().map(std::mem::discriminant);
        if kind(&trouble) != kind(&self.node.trouble) {
            self.node.trouble_since = trouble.as_ref().map(|_| now());
        }
        self.node.trouble = trouble;
    }

    fn hang_up(&mut self) {
        self.con = None;
        self.rights = None;
        self.sampler.forget_connection();
    }

    async fn try_look(
        &mut self,
        door: &Door,
        password: &Result<Option<SecretString>, String>,
        watched: Watched,
    ) -> Result<(), Trouble> {
        let refused = |why: &Refusal, grant: &str| why.trouble(door.user(), grant);
        let mut con = match self.con.take() {
            Some(con) => con,
            None => self.connect(door, password).await?,
        };
        self.con = Some(con.clone());
        let asked = Instant::now();
        match ask(&mut con, &cmd("PING")).await {
            Ok(_) => self.history.ping(asked.elapsed()),
            Err(why) if why.kind != RefusalKind::Answered => return Err(refused(&why, "+ping")),
            Err(_) => {}
        }
        let said = ask(&mut con, &cmd("INFO")).await.map_err(|why| refused(&why, "+info"))?;
        self.take_info(&text(&said).unwrap_or_default());
        if self.rights.is_none() && self.node.trouble.is_none() {
            let rights = introduce(&mut con, door.user(), selectors(&self.info))
                .await
                .map_err(|why| refused(&why, "+ping"))?;
            // It asked for a key that is not there.
            self.sampler.own.misses += u64::from(rights.ttl);
            self.rights = Some(rights);
        }
        // What is asked for beside does not decide how the node is: it is looked at again the next time.
        if let Err(why) = self.look_further(&mut con, watched, (door.db(), door.user())).await
            && why.kind == RefusalKind::Dropped
        {
            return Err(refused(&why, ""));
        }
        Ok(())
    }

    async fn connect(
        &mut self,
        door: &Door,
        password: &Result<Option<SecretString>, String>,
    ) -> Result<MultiplexedConnection, Trouble> {
        let password = password.as_ref().map_err(|why| Trouble::NotLoggedIn { why: why.as_str().into() })?;
        let down = |why: String| Trouble::Down { why: why.into() };
        let trouble = |why: Refusal| match why.kind {
            RefusalKind::Silent => down("timed out".into()),
            _ => why.trouble(door.user(), "+hello +ping"),
        };
        match door.open(&self.spot, password.as_ref()).await.map_err(down)? {
            Ok(con) => Ok(con),
            Err(error) => {
                let why = Refusal::of(&error);
                // A sentinel mostly has no password of its own, and refuses one.
                if password.is_some() && why.detail.contains("without any password") {
                    return door
                        .open(&self.spot, None)
                        .await
                        .map_err(down)?
                        .map_err(|error| trouble(Refusal::of(&error)));
                }
                Err(trouble(why))
            }
        }
    }

    fn take_info(&mut self, text: &str) {
        let at = now();
        let before = std::mem::replace(&mut self.info, Info::parse(text));
        self.aside = None;
        if self.info.text("run_id") != Some(&*self.node.run_id) || set_back(&before, &self.info) {
            self.sampler.own = Own::default();
        }
        self.history.push(Sample::of(&self.info, at, self.sampler.own));
        let (trouble, since) = (self.node.trouble.take(), self.node.trouble_since.take());
        let mut node = RedisNode::of(self.spot.clone(), &self.info, at, &self.history);
        let loading = node.trouble.take();
        node.cluster.clone_from(&self.cluster.0);
        (node.trouble, node.trouble_since) = (trouble, since);
        self.node = node;
        self.set_trouble(loading);
        self.names =
            topology::named_by(&self.node).into_iter().chain(self.cluster.1.iter().cloned()).collect();
    }

    async fn look_further(
        &mut self,
        con: &mut MultiplexedConnection,
        watched: Watched,
        (own_db, user): (i64, &str),
    ) -> Result<(), Refusal> {
        // What was refused once is not asked again over this connection: each refusal stands in a log.
        let rights = self.rights.clone().unwrap_or_default();
        if self.node.mode == Mode::Cluster && !rights.no_cluster && due(self.cluster_at, CLUSTER) {
            self.cluster_at = Some(Instant::now());
            self.look_at_cluster(con, user).await?;
        }
        let every = if self.clients.len() > MANY { CLIENTS * 4 } else { CLIENTS };
        if watched.clients && rights.clients && due(self.clients_at, every) {
            self.clients_at = Some(Instant::now());
            self.look_at_clients(con).await?;
        }
        if watched.slow && rights.slow && due(self.slow_at, SLOW_CALLS) {
            self.slow_at = Some(Instant::now());
            let said = ask(con, cmd("SLOWLOG").arg("GET").arg(SLOWEST)).await?;
            self.slow = items(&said).iter().filter_map(slow_call).collect();
        }
        if watched.keys && rights.scan && self.node.mode != Mode::Sentinel {
            self.sampler.go_on(con, &self.node, &rights, own_db).await?;
            if let (Some(db), Some(rights)) = (self.sampler.closed, &mut self.rights) {
                rights.miss_database(db, user);
            }
        }
        Ok(())
    }

    async fn look_at_cluster(&mut self, con: &mut MultiplexedConnection, user: &str) -> Result<(), Refusal> {
        let mut said = [String::new(), String::new()];
        for (said, what) in said.iter_mut().zip(["NODES", "INFO"]) {
            match ask(con, &words(&["CLUSTER", what])).await {
                Ok(answer) => *said = text(&answer).unwrap_or_default(),
                Err(why) if why.kind != RefusalKind::Answered => return Err(why),
                Err(why) => {
                    if let Some(rights) = self.rights.as_mut().filter(|_| why.forbids()) {
                        rights.miss_cluster(user);
                    }
                }
            }
        }
        let [nodes, state] = said;
        self.cluster = (topology::cluster_state(&state), topology::of_cluster(&nodes));
        self.node.cluster.clone_from(&self.cluster.0);
        self.names.extend(self.cluster.1.iter().cloned());
        Ok(())
    }

    async fn look_at_clients(&mut self, con: &mut MultiplexedConnection) -> Result<(), Refusal> {
        let said = ask(con, &words(&["CLIENT", "LIST"])).await?;
        let own = self.rights.as_ref().and_then(|rights| rights.id);
        let fresh = RedisClient::list(&text(&said).unwrap_or_default(), now(), own);
        let before: std::collections::HashMap<u64, RedisClient> =
            std::mem::take(&mut self.clients).into_iter().map(|client| (client.id, client)).collect();
        self.clients = fresh
            .into_iter()
            .map(|client| {
                let known = before.get(&client.id);
                client.steadied(known)
            })
            .collect();
        Ok(())
    }

    /// When the server was started, or when it was first heard.
    pub fn started(&self) -> Timestamp {
        self.node.started.unwrap_or_default()
    }
}

/// Whether the counters of lookups were set back in between.
fn set_back(before: &Info, now: &Info) -> bool {
    let less = |name: &str| before.number(name).zip(now.number(name)).is_some_and(|(then, now)| now < then);
    less("keyspace_hits") || less("keyspace_misses")
}

/// Whether its rules for a user can stand in brackets of their own, apart from his other rights.
fn selectors(info: &Info) -> bool {
    let major = info.text("redis_version").and_then(|version| version.split('.').next()?.parse::<u32>().ok());
    info.text("dragonfly_version").is_none() && major.is_some_and(|major| major >= 7)
}

fn due(last: Option<Instant>, every: Duration) -> bool {
    last.is_none_or(|at| at.elapsed() >= every)
}

/// An entry: number, second, microseconds, the call, and since Redis 4 the client's address and name.
pub(super) fn slow_call(value: &::redis::Value) -> Option<SlowCall> {
    let entry = items(value);
    let count = |at: usize| entry.get(at).and_then(int);
    let words: Vec<&[u8]> = items(entry.get(3)?).iter().filter_map(bytes).collect();
    let mut call = SlowCall::new(
        u64::try_from(count(0)?).ok()?,
        count(1)?,
        u64::try_from(count(2)?).unwrap_or(0),
        &words,
    );
    let said = |at: usize| entry.get(at).and_then(text).map(|text| clean_to(&text, 200).into_owned().into());
    call.client = said(4).unwrap_or_default();
    call.client_name = said(5).unwrap_or_default();
    Some(call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_lookups_are_forgotten_when_the_counters_are_set_back() {
        let mut member = Member::new(Spot::new("a", 1));
        let own = Own { hits: 50, misses: 1 };
        member.take_info("run_id:a\nkeyspace_hits:100\nkeyspace_misses:9");
        member.sampler.own = own;
        member.take_info("run_id:a\nkeyspace_hits:120\nkeyspace_misses:9");
        assert_eq!(member.sampler.own, own);
        member.take_info("run_id:a\nkeyspace_hits:3\nkeyspace_misses:0");
        assert_eq!(member.sampler.own, Own::default());
    }

    #[test]
    fn brackets_are_offered_to_servers_that_know_them() {
        for (text, known) in [
            ("redis_version:7.0.15", true),
            ("redis_version:8.0.2", true),
            ("redis_version:7.2.4\nvalkey_version:9.1.2", true),
            ("redis_version:6.2.9", false),
            ("redis_version:7.4.0\ndragonfly_version:df-v1.30", false),
            ("", false),
        ] {
            assert_eq!(selectors(&Info::parse(text)), known, "{text}");
        }
    }
}
