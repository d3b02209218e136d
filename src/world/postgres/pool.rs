//! Sessions that applications hold: they come and go with the pools that hold them, and take slots as real ones do.
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::state::{Database, Doing, Session, Signal};
use super::value::{Fault, Res, SECOND, float, whole};

/// Sessions of one application from one place.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pool {
    /// Of the pool itself: the one who holds it, a pod for example.
    pub name: String,
    pub application: String,
    pub user: String,
    pub client: String,
    pub database: String,
    /// How many sessions it wants.
    pub size: usize,
    pub work: Work,
    pub query: String,
    /// Nobody gives them back, and nobody misses them: who ends one is rid of it.
    pub leak: bool,
    /// The pool whose first session holds what these wait for.
    pub waits_for: Option<String>,
    /// The table that its transactions change.
    pub table: Option<String>,
}

/// What a session waits for while another holds the row.
const LOCK: Option<(&str, &str)> = Some(("Lock", "transactionid"));

/// Where a pool is that says nothing of it.
const NOWHERE: &str = "10.42.0.1";

/// What the sessions of a pool do.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub enum Work {
    #[default]
    Idle,
    /// Statements that take so many seconds, with so many between them.
    Busy {
        takes: f64,
        pause: f64,
    },
    /// One statement that goes on.
    Active,
    InTransaction,
}

#[derive(Debug)]
pub struct Crowd {
    pool: Pool,
    /// Of what leaked, how many were ended for good.
    gone: usize,
    retry: i64,
}

/// What is told to others about the server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub used: usize,
    pub usable: usize,
    pub refused_total: u64,
    pub by_state: Vec<(String, usize)>,
    pub by_application: Vec<(String, usize)>,
    /// Seconds that the oldest transaction is open.
    pub longest: f64,
    pub blocked: usize,
    /// Name, bytes behind, seconds behind, whether it is connected.
    pub replicas: Vec<(String, i64, f64, bool)>,
}

fn micros(seconds: f64) -> i64 {
    whole(seconds * 1e6)
}

fn seconds(micros: i64) -> f64 {
    float(micros) / 1e6
}

impl Database {
    /// Adds a pool, or changes the one of this name; its sessions come with the next tick.
    pub fn pool(&mut self, pool: Pool) {
        let name = pool.name.clone();
        let kind = |pool: &Pool| Pool { size: 0, ..pool.clone() };
        if let Some(crowd) = self.crowds.get_mut(&name)
            && kind(&crowd.pool) == kind(&pool)
        {
            if pool.size < crowd.pool.size {
                crowd.gone = 0;
            }
            crowd.pool = pool;
            return;
        }
        self.remove_pool(&name);
        self.crowds.insert(name, Crowd { pool, gone: 0, retry: 0 });
    }

    /// The application is gone, and its sessions with it.
    pub fn remove_pool(&mut self, name: &str) {
        self.crowds.remove(name);
        self.sessions.retain(|_, one| one.pool.as_deref() != Some(name));
    }

    /// Whether one more of this role may come in, in the server's own words if not.
    pub fn admit(&mut self, user: &str) -> Res<()> {
        let (taken, max) = (self.clients().count(), self.number("max_connections"));
        let superuser = self.role_named(user).is_some_and(|role| role.superuser);
        let why = if taken >= max {
            "sorry, too many clients already"
        } else if !superuser && taken + self.number("superuser_reserved_connections") >= max {
            "remaining connection slots are reserved for non-replication superuser connections"
        } else {
            return Ok(());
        };
        self.refused = self.refused.saturating_add(1);
        Err(Fault::fatal("53300", why))
    }

    /// Time goes on: pools grow and shrink, statements end and begin, counters rise.
    pub fn tick(&mut self, now: Timestamp) {
        let before = self.now;
        self.now = self.now.max(now.as_microsecond());
        let passed = seconds(self.now - before);
        let names: Vec<String> = self.crowds.keys().cloned().collect();
        for name in &names {
            self.resize(name);
        }
        // Whoever waits does so only as long as somebody holds what it waits for.
        for name in &names {
            self.work(name, passed);
        }
        self.wal = self.wal.saturating_add(micros(passed) / 40);
    }

    fn resize(&mut self, name: &str) {
        let now = self.now;
        let own: Vec<i32> = self.held(name).map(|one| one.pid).collect();
        let Some(crowd) = self.crowds.get_mut(name) else { return };
        let wanted = crowd.pool.size.saturating_sub(crowd.gone).min(20_000);
        for pid in own.iter().skip(wanted) {
            self.sessions.remove(pid);
        }
        if own.len() >= wanted || crowd.retry > now {
            return;
        }
        let pool = crowd.pool.clone();
        for missing in own.len()..wanted {
            if self.admit(&pool.user).is_err() {
                // Each that is missing is tried again and again; one of them has been counted.
                let others = u64::try_from(wanted - missing).unwrap_or(1) - 1;
                self.refused = self.refused.saturating_add(others);
                if let Some(crowd) = self.crowds.get_mut(name) {
                    crowd.retry = now + SECOND;
                }
                return;
            }
            self.join(&pool);
        }
    }

    fn join(&mut self, pool: &Pool) {
        let (pid, now) = (self.pid(), self.now);
        let mut session = Session {
            pid,
            port: 32_768 + i32::try_from(self.dice.below(28_000)).unwrap_or(0),
            user: pool.user.clone(),
            database: pool.database.clone(),
            application: pool.application.clone(),
            client: Some(if pool.client.is_empty() { NOWHERE } else { &pool.client }.to_owned()),
            query: pool.query.clone(),
            pool: Some(pool.name.clone()),
            ..self.blank()
        };
        rest(&mut session, now);
        if matches!(pool.work, Work::Active | Work::InTransaction) {
            (session.transaction, session.holds) = (Some(now), pool.table.clone());
            session.doing = Doing::InTransaction;
        }
        if pool.work == Work::Active {
            (session.doing, session.wait) = (Doing::Active, None);
        }
        self.sessions.insert(pid, session);
    }

    fn held<'d>(&'d self, pool: &'d str) -> impl Iterator<Item = &'d Session> {
        self.sessions.values().filter(move |one| one.pool.as_deref() == Some(pool))
    }

    /// The session of a pool that holds what others wait for.
    fn holder(&self, pool: &str) -> Option<i32> {
        self.held(pool).find(|one| one.transaction.is_some()).map(|one| one.pid)
    }

    fn work(&mut self, name: &str, passed: f64) {
        let Some(pool) = self.crowds.get(name).map(|crowd| crowd.pool.clone()) else { return };
        let is_held = pool.waits_for.as_ref().is_some_and(|other| self.holder(other).is_some());
        let (now, mut ended) = (self.now, 0.0);
        for one in self.sessions.values_mut().filter(|one| one.pool.as_deref() == Some(name)) {
            // Whoever is new wants the same row.
            if is_held {
                if one.doing != Doing::Active {
                    (one.doing, one.transaction, one.asked, one.changed) =
                        (Doing::Active, Some(now), Some(now), now);
                    one.holds.clone_from(&pool.table);
                }
                one.wait = LOCK;
                continue;
            }
            if one.wait == LOCK {
                ended += 1.0;
                rest(one, now);
            }
            if let Work::Busy { takes, pause } = pool.work {
                ended += passed / (takes + pause);
                let active = self.dice.share() < takes / (takes + pause);
                let since = now - micros(if active { takes } else { pause } * self.dice.share());
                rest(one, since.max(one.began));
                if active {
                    (one.doing, one.transaction, one.wait) = (Doing::Active, one.asked, None);
                }
            }
        }
        if ended > 0.0 {
            let takes = if let Work::Busy { takes, .. } = pool.work { takes } else { 0.5 };
            self.count(&pool.user, &pool.database, &pool.query, ended, takes, ended);
        }
    }

    /// Ends a session or what it runs, as far as nobody else has to do so.
    pub fn strike(&mut self, pid: i32, signal: Signal) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&pid) else { return };
        let active = session.doing == Doing::Active;
        let Some(name) = session.pool.clone() else {
            // The one who serves it does the rest.
            if signal == Signal::Terminate || active {
                session.signal = Some(signal);
                if let Some(waker) = session.waker.take() {
                    waker.wake();
                }
            }
            return;
        };
        if signal == Signal::Terminate {
            self.sessions.remove(&pid);
            if let Some(crowd) = self.crowds.get_mut(&name)
                && crowd.pool.leak
            {
                crowd.gone += 1;
            }
        } else if active {
            rest(session, now);
        }
    }

    /// Whom a session waits for.
    pub fn blockers(&self, pid: i32) -> Vec<i32> {
        let waits = self.sessions.get(&pid).filter(|one| one.wait == LOCK);
        let pool = waits.and_then(|one| self.crowds.get(one.pool.as_deref()?)?.pool.waits_for.as_deref());
        pool.and_then(|pool| self.holder(pool)).into_iter().collect()
    }

    /// What the server is now.
    pub fn facts(&self) -> Facts {
        let counted = |name: fn(&Session) -> &str| {
            let mut all = BTreeMap::<String, usize>::new();
            for one in self.clients() {
                *all.entry(name(one).to_owned()).or_default() += 1;
            }
            all.into_iter().collect()
        };
        let reserved = self.number("superuser_reserved_connections");
        let oldest = self.clients().filter_map(|one| one.transaction).min();
        Facts {
            used: self.clients().count(),
            usable: self.number("max_connections").saturating_sub(reserved),
            refused_total: self.refused,
            by_state: counted(|one| one.doing.word()),
            by_application: counted(|one| &one.application),
            longest: oldest.map_or(0.0, |at| seconds(self.now - at)),
            blocked: self.clients().filter(|one| !self.blockers(one.pid).is_empty()).count(),
            replicas: Vec::new(),
        }
    }
}

/// It has done what it was asked, and waits for its client.
fn rest(one: &mut Session, since: i64) {
    (one.doing, one.transaction, one.asked, one.changed) = (Doing::Idle, None, Some(since), since);
    (one.wait, one.holds) = (Some(("Client", "ClientRead")), None);
}
