//! Sessions that applications hold: they come and go with the pools that hold them, and take slots as real ones do.
use jiff::Timestamp;

use super::fault::{Fault, Res};
use super::state::{Database, Doing, SECOND, Session, Signal};
use super::value::{Value, rounded};

/// Sessions of one application from one place.
#[derive(Debug, Clone, PartialEq)]
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
    /// How many seconds its first sessions have been doing this.
    pub age: f64,
    /// Nobody gives them back, and nobody misses them: who ends one is rid of it.
    pub leak: bool,
    /// The pool whose first session holds what these wait for.
    pub waits_for: Option<String>,
    /// The table that its transactions change.
    pub table: Option<String>,
}

/// What a session waits for while another holds the row.
const LOCK: Option<(&str, &str)> = Some(("Lock", "transactionid"));

/// What the sessions of a pool do.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Work {
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

impl Default for Pool {
    fn default() -> Pool {
        Pool {
            name: String::new(),
            application: String::new(),
            user: "postgres".into(),
            client: "10.42.0.1".into(),
            database: "postgres".into(),
            size: 1,
            work: Work::Idle,
            query: "SELECT 1".into(),
            age: 0.0,
            leak: false,
            waits_for: None,
            table: None,
        }
    }
}

#[derive(Debug)]
pub struct Crowd {
    pub pool: Pool,
    /// Of what leaked, how many were ended for good.
    gone: usize,
    /// Those that come later come without a past.
    begun: bool,
    retry: i64,
}

/// What is told to others about the server.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    pub used: usize,
    pub max: usize,
    pub usable: usize,
    pub refused_total: u64,
    pub by_state: Vec<(String, usize)>,
    pub by_application: Vec<(String, usize)>,
    /// Seconds that the oldest transaction is open.
    pub longest: f64,
    pub blocked: usize,
    /// Name, bytes, sessions, commits, rollbacks, deadlocks, blocks found, blocks read.
    pub databases: Vec<(String, i64, usize, [i64; 5])>,
    pub size: i64,
    /// Name, bytes behind, seconds behind, whether it is connected.
    pub replicas: Vec<(String, i64, f64, bool)>,
}

fn micros(seconds: f64) -> i64 {
    i64::try_from(rounded(&Value::Float(seconds), 6)).unwrap_or(0)
}

fn seconds(micros: i64) -> f64 {
    Value::Int(micros).float() / 1e6
}

impl Database {
    /// Adds a pool, or changes the one of this name; its sessions come with the next tick.
    pub fn pool(&mut self, pool: Pool) {
        if let Some(crowd) = self.crowds.get_mut(&pool.name) {
            if pool.size < crowd.pool.size {
                crowd.gone = 0;
            }
            // How long it has been so is said of the beginning alone.
            let kind = |pool: &Pool| Pool { size: 0, age: 0.0, ..pool.clone() };
            let changed = kind(&pool) != kind(&crowd.pool);
            let name = pool.name.clone();
            crowd.pool = pool;
            if changed {
                self.sessions.retain(|_, one| one.pool.as_deref() != Some(&name));
                if let Some(crowd) = self.crowds.get_mut(&name) {
                    (crowd.begun, crowd.gone, crowd.retry) = (false, 0, 0);
                }
            }
            return;
        }
        self.crowds.insert(pool.name.clone(), Crowd { pool, gone: 0, begun: false, retry: 0 });
    }

    /// The application is gone, and its sessions with it.
    pub fn remove_pool(&mut self, name: &str) {
        self.crowds.remove(name);
        self.sessions.retain(|_, one| one.pool.as_deref() != Some(name));
    }

    /// Stops the server, or starts it: nobody is left then, and what waited for a start is in force.
    pub fn running(&mut self, runs: bool) {
        if runs && self.down {
            self.started = self.now;
            let pending = std::mem::take(&mut self.pending);
            self.settings.extend(pending);
        }
        self.down = !runs;
        let clients = self.sessions.values().filter(|one| one.backend == "client backend");
        for pid in clients.map(|one| one.pid).collect::<Vec<_>>() {
            self.end(pid);
        }
    }

    /// Whether one more of this role may come in, in the server's own words if not.
    pub fn admit(&mut self, user: &str, database: &str) -> Res<()> {
        if self.down {
            return Err(Fault::fatal("57P03", "the database system is starting up"));
        }
        let clients = || self.sessions.values().filter(|one| one.backend == "client backend");
        let (taken, max) = (clients().count(), self.number("max_connections"));
        let superuser = self.role_named(user).is_some_and(|role| role.superuser);
        let reserved = self.number("superuser_reserved_connections");
        let of = |limit: Option<i64>, held: usize| {
            limit.and_then(|limit| usize::try_from(limit).ok()).is_some_and(|limit| held >= limit)
        };
        let why = if taken >= max {
            "sorry, too many clients already".to_owned()
        } else if !superuser && taken + reserved >= max {
            "remaining connection slots are reserved for non-replication superuser connections".to_owned()
        } else if !superuser
            && of(self.role_named(user).map(|role| role.limit), clients().filter(|s| s.user == user).count())
        {
            format!("too many connections for role \"{user}\"")
        } else if !superuser
            && of(
                self.base_named(database).map(|base| base.limit),
                clients().filter(|s| s.database == database).count(),
            )
        {
            format!("too many connections for database \"{database}\"")
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
        self.expire();
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
        let (pool, old) = (crowd.pool.clone(), !crowd.begun);
        crowd.begun = true;
        for missing in own.len()..wanted {
            if self.admit(&pool.user, &pool.database).is_err() {
                // Each that is missing is tried again and again; one of them has been counted.
                let others = u64::try_from(wanted - missing).unwrap_or(1) - 1;
                self.refused = self.refused.saturating_add(others);
                if let Some(crowd) = self.crowds.get_mut(name) {
                    crowd.retry = now + SECOND;
                }
                return;
            }
            self.join(&pool, old);
        }
    }

    fn join(&mut self, pool: &Pool, old: bool) {
        let pid = self.pid();
        let age = if old { micros(pool.age) } else { 0 };
        let age = age + i64::try_from(self.dice.below(u64::try_from(age / 5).unwrap_or(0))).unwrap_or(0);
        let since = self.now - age;
        let port = 32_768 + i32::try_from(self.dice.below(28_000)).unwrap_or(0);
        let mut session = Session {
            pid,
            port,
            user: pool.user.clone(),
            database: pool.database.clone(),
            application: pool.application.clone(),
            client: Some(pool.client.clone()),
            began: since - if old { 41 * SECOND } else { 0 },
            asked: Some(since),
            changed: since,
            query: pool.query.clone(),
            pool: Some(pool.name.clone()),
            fresh: !old,
            wait: Some(("Client", "ClientRead")),
            ..self.blank()
        };
        if old || pool.leak {
            (session.doing, session.transaction, session.wait) = match pool.work {
                _ if pool.waits_for.is_some() => (Doing::Active, Some(since), None),
                Work::Active => (Doing::Active, Some(since), None),
                Work::InTransaction => (Doing::InTransaction, Some(since - 40_000), session.wait),
                _ => (Doing::Idle, None, session.wait),
            };
            session.fresh = false;
            session.holds = session.transaction.and(pool.table.clone());
        }
        self.sessions.insert(pid, session);
    }

    pub fn held<'d>(&'d self, pool: &'d str) -> impl Iterator<Item = &'d Session> {
        self.sessions.values().filter(move |one| one.pool.as_deref() == Some(pool))
    }

    fn work(&mut self, name: &str, passed: f64) {
        let Some(pool) = self.crowds.get(name).map(|crowd| crowd.pool.clone()) else { return };
        let holder = pool.waits_for.as_ref().and_then(|other| {
            self.held(other).find(|one| !one.fresh && one.transaction.is_some()).map(|one| one.pid)
        });
        let now = self.now;
        let mut ended = 0.0;
        let busy = match pool.work {
            Work::Busy { takes, pause } => Some((takes.max(0.000_1), pause)),
            _ => None,
        };
        let mut dice = self.dice.clone();
        for one in self.sessions.values_mut().filter(|one| one.pool.as_deref() == Some(name)) {
            // Whoever is new wants the same row.
            if holder.is_some() {
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
            if let Some((takes, pause)) = busy {
                ended += passed / (takes + pause);
                let active = dice.share() < takes / (takes + pause);
                let since = now - micros(if active { takes } else { pause } * dice.share());
                rest(one, since.max(one.began));
                if active {
                    (one.doing, one.transaction, one.wait) = (Doing::Active, one.asked, None);
                }
            }
        }
        self.dice = dice;
        if ended > 0.0 {
            let takes = busy.map_or(0.5, |(takes, _)| takes);
            self.count(&pool.user, &pool.database, &pool.query, ended, takes, ended);
        }
    }

    /// Ends a session without anybody's will.
    fn end(&mut self, pid: i32) {
        if self.sessions.get(&pid).is_some_and(|one| one.pool.is_some()) {
            self.sessions.remove(&pid);
        } else {
            self.strike(pid, Signal::Terminate);
        }
    }

    /// Ends a session or what it runs, as far as nobody else has to do so.
    pub fn strike(&mut self, pid: i32, signal: Signal) {
        let now = self.now;
        let Some(session) = self.sessions.get_mut(&pid) else { return };
        let Some(name) = session.pool.clone() else {
            // The one who serves it does the rest.
            if signal == Signal::Terminate || session.doing == Doing::Active {
                session.signal = Some(signal);
                if let Some(waker) = session.waker.take() {
                    waker.wake();
                }
            }
            return;
        };
        let (database, active) = (session.database.clone(), session.doing == Doing::Active);
        match signal {
            Signal::Cancel => {
                if active {
                    rest(session, now);
                    session.fresh = true;
                }
            }
            Signal::Terminate => {
                self.sessions.remove(&pid);
                if let Some(crowd) = self.crowds.get_mut(&name)
                    && crowd.pool.leak
                {
                    crowd.gone += 1;
                }
            }
        }
        if let Some(base) = self.bases.iter_mut().find(|base| base.name == database) {
            base.counts.killed += i64::from(signal == Signal::Terminate);
            base.counts.rollbacks += i64::from(active);
        }
    }

    /// Ends sessions that are idle for longer than the server allows.
    fn expire(&mut self) {
        for (setting, doing) in [
            ("idle_session_timeout", Doing::Idle),
            ("idle_in_transaction_session_timeout", Doing::InTransaction),
        ] {
            let over: Vec<i32> = self
                .sessions
                .values()
                .filter(|one| one.doing == doing && one.backend == "client backend")
                .filter(|one| {
                    let limit =
                        super::parameter::milliseconds(&self.current(one.pid, setting).unwrap_or_default());
                    limit.is_some_and(|limit| limit > 0 && one.changed + limit * 1000 < self.now)
                })
                .map(|one| one.pid)
                .collect();
            for pid in over {
                self.end(pid);
            }
        }
    }

    /// Whom a session waits for.
    pub fn blockers(&self, pid: i32) -> Vec<i32> {
        let waits = self.sessions.get(&pid).filter(|one| one.wait == LOCK);
        let pool = waits.and_then(|one| self.crowds.get(one.pool.as_deref()?)?.pool.waits_for.as_deref());
        let holder =
            pool.and_then(|pool| self.held(pool).find(|one| !one.fresh && one.transaction.is_some()));
        holder.map(|one| one.pid).into_iter().collect()
    }

    /// What the server is now.
    pub fn facts(&self) -> Facts {
        let clients: Vec<&Session> =
            self.sessions.values().filter(|one| one.backend == "client backend").collect();
        let counted = |name: fn(&Session) -> String| {
            let mut all = std::collections::BTreeMap::<String, usize>::new();
            for one in &clients {
                *all.entry(name(one)).or_default() += 1;
            }
            all.into_iter().collect()
        };
        let max = self.number("max_connections");
        let oldest = clients.iter().filter_map(|one| one.transaction).min();
        Facts {
            used: clients.len(),
            max,
            usable: max.saturating_sub(self.number("superuser_reserved_connections")),
            refused_total: self.refused,
            by_state: counted(|one| one.doing.word().to_owned()),
            by_application: counted(|one| one.application.clone()),
            longest: oldest.map_or(0.0, |at| seconds(self.now - at)),
            blocked: clients.iter().filter(|one| !self.blockers(one.pid).is_empty()).count(),
            databases: self
                .bases
                .iter()
                .map(|base| {
                    let sessions = clients.iter().filter(|one| one.database == base.name).count();
                    let c = &base.counts;
                    (
                        base.name.clone(),
                        self.size(&base.name),
                        sessions,
                        [c.commits, c.rollbacks, c.deadlocks, c.hit, c.read],
                    )
                })
                .collect(),
            size: self.bases.iter().fold(0, |sum, base| sum.saturating_add(self.size(&base.name))),
            replicas: self
                .replicas
                .iter()
                .map(|one| (one.name.clone(), one.behind, one.lag, one.state.is_some()))
                .collect(),
        }
    }
}

/// It has done what it was asked, and waits for its client.
fn rest(one: &mut Session, since: i64) {
    (one.doing, one.transaction, one.asked, one.changed) = (Doing::Idle, None, Some(since), since);
    (one.wait, one.holds) = (Some(("Client", "ClientRead")), None);
}
