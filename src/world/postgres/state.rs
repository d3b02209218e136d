//! The server's state: who is there, what it holds, and what was done to it.
use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;

use super::catalog;
use super::fault::{Fault, Res};
pub use super::part::{
    Base, Counts, Deed, Doing, Index, Relation, Replica, Role, Session, Signal, Statement,
};
use super::pool::Crowd;
use super::value::{Oid, Row};
use crate::world::base::Dice;

pub const SECOND: i64 = 1_000_000;
pub const VERSION: &str =
    "PostgreSQL 15.18 on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit";
/// Roles that are there from the beginning, and what they are members of.
const GROUPS: [(&str, &[&str]); 7] = [
    ("pg_monitor", &["pg_read_all_settings", "pg_read_all_stats", "pg_stat_scan_tables"]),
    ("pg_read_all_settings", &[]),
    ("pg_read_all_stats", &[]),
    ("pg_stat_scan_tables", &[]),
    ("pg_signal_backend", &[]),
    ("pg_read_all_data", &[]),
    ("pg_write_all_data", &[]),
];
/// Of everything that clients can make more and more of.
const MOST: usize = 1_000;

/// The whole server.
#[derive(Debug)]
pub struct Database {
    pub dice: Dice,
    pub now: i64,
    pub started: i64,
    pub sessions: BTreeMap<i32, Session>,
    pub crowds: BTreeMap<String, Crowd>,
    pub roles: Vec<Role>,
    pub bases: Vec<Base>,
    pub relations: Vec<Relation>,
    pub replicas: Vec<Replica>,
    pub statements: Vec<Statement>,
    pub settings: BTreeMap<String, String>,
    /// Set for the time after the next start.
    pub pending: BTreeMap<String, String>,
    pub extensions: Vec<String>,
    pub refused: u64,
    /// Nobody comes in: it is stopped, or comes up.
    pub down: bool,
    /// How far the log of changes is.
    pub wal: i64,
    /// On a standby: how old is what it has applied, in microseconds.
    pub standby: Option<i64>,
    pub deeds: VecDeque<Deed>,
    pub next_pid: i32,
    pub next_oid: Oid,
}

impl Database {
    /// A server of version 15 that has run for some weeks, with nothing in it but `postgres`.
    pub fn new(seed: u64, now: Timestamp) -> Database {
        let now = now.as_microsecond();
        let mut database = Database {
            dice: Dice::new(seed),
            now,
            started: now - 19 * 86_400 * SECOND,
            sessions: BTreeMap::new(),
            crowds: BTreeMap::new(),
            roles: Vec::new(),
            bases: Vec::new(),
            relations: Vec::new(),
            replicas: Vec::new(),
            statements: Vec::new(),
            settings: catalog::settings().map(|one| (one.name.to_owned(), one.value.to_owned())).collect(),
            pending: BTreeMap::new(),
            extensions: vec!["plpgsql".into(), "pg_stat_statements".into()],
            refused: 0,
            down: false,
            wal: 0x2a_4c00_0000,
            standby: None,
            deeds: VecDeque::new(),
            next_pid: 412,
            next_oid: 16_384,
        };
        database.role(Role {
            name: "postgres".into(),
            superuser: true,
            replication: true,
            ..Role::default()
        });
        for (name, of) in GROUPS {
            let member_of = of.iter().map(|name| (*name).to_owned()).collect();
            database.role(Role { name: name.into(), member_of, ..Role::default() });
        }
        for name in ["postgres", "template1", "template0"] {
            database.base(name, "postgres", 7_500_000);
        }
        for backend in [
            "checkpointer",
            "background writer",
            "walwriter",
            "autovacuum launcher",
            "logical replication launcher",
        ] {
            let pid = database.pid();
            let session = Session { backend, pid, began: database.started, ..database.blank() };
            database.sessions.insert(pid, session);
        }
        database
    }

    pub fn oid(&mut self) -> Oid {
        self.next_oid = self.next_oid.wrapping_add(1);
        self.next_oid
    }

    pub fn pid(&mut self) -> i32 {
        loop {
            let step = i32::try_from(self.dice.below(3)).unwrap_or(0) + 1;
            self.next_pid = if self.next_pid > 4_000_000 { 412 } else { self.next_pid + step };
            if !self.sessions.contains_key(&self.next_pid) {
                return self.next_pid;
            }
        }
    }

    /// A role of this name, or another one for it; groups cannot log in.
    pub fn role(&mut self, role: Role) {
        let login = role.login || !role.name.starts_with("pg_");
        let limit = if role.limit == 0 { -1 } else { role.limit };
        let oid = self.roles.iter().find(|one| one.name == role.name).map(|one| one.oid);
        let oid = oid.unwrap_or_else(|| if role.name == "postgres" { 10 } else { self.oid() });
        self.roles.retain(|one| one.oid != oid);
        self.roles.push(Role { oid, login, limit, ..role });
    }

    /// A database with so many bytes beside its tables.
    pub fn base(&mut self, name: &str, owner: &str, bytes: i64) {
        if self.bases.iter().any(|base| base.name == name) || self.bases.len() >= MOST {
            return;
        }
        let oid = match name {
            "template1" => 1,
            "template0" => 4,
            "postgres" => 5,
            _ => self.oid(),
        };
        let counts = Counts {
            commits: 4_310_000,
            rollbacks: 2_100,
            hit: 88_000_000,
            read: 640_000,
            ..Counts::default()
        };
        let counts = if oid < 6 { Counts::default() } else { counts };
        self.bases.push(Base { oid, name: name.into(), owner: owner.into(), limit: -1, bytes, counts });
    }

    /// Sets a parameter, as if it stood in the server's file when it started.
    pub fn setting(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// A standby and its slot, added or changed.
    pub fn replica(&mut self, replica: Replica) {
        self.replicas.retain(|one| one.name != replica.name);
        let own = |one: &Session| one.backend == "walsender" && one.application == replica.name;
        if replica.state.is_none() {
            self.sessions.retain(|_, one| !own(one));
        } else if !self.sessions.values().any(own) {
            let (pid, port) = (self.pid(), 32_768 + i32::try_from(self.dice.below(28_000)).unwrap_or(0));
            let session = Session {
                backend: "walsender",
                pid,
                port,
                application: replica.name.clone(),
                client: Some(replica.client.clone()),
                user: "replicator".into(),
                query: "START_REPLICATION".into(),
                wait: Some(("Activity", "WalSenderMain")),
                doing: Doing::Active,
                ..self.blank()
            };
            self.sessions.insert(pid, session);
        }
        self.replicas.push(replica);
    }

    /// As a standby that is so many seconds behind, or as the primary.
    pub fn standby(&mut self, behind: Option<f64>) {
        self.standby =
            behind.map(|seconds| i64::try_from(super::value::rounded(&seconds.into(), 6)).unwrap_or(0));
        self.setting("in_hot_standby", if self.standby.is_some() { "on" } else { "off" });
    }

    /// What operators did since this was last asked.
    pub fn deeds(&mut self) -> Vec<Deed> {
        self.deeds.drain(..).collect()
    }

    pub fn deed(&mut self, what: &'static str, pid: i32, pids: Vec<i32>) {
        let Some(session) = self.sessions.get(&pid) else { return };
        let (user, mut text) = (session.user.clone(), session.query.clone());
        // What comes after this word is nobody else's.
        if let Some(at) = text.to_ascii_lowercase().find("password") {
            text.truncate(at + 8);
        }
        // Several sessions that one statement ends are one deed.
        if let Some(last) = self.deeds.back_mut()
            && last.at.as_microsecond() == self.now
            && (last.what, &last.text, &last.user) == (what, &text, &user)
        {
            last.pids.extend(pids);
            return;
        }
        if self.deeds.len() >= MOST {
            self.deeds.pop_front();
        }
        let at = Timestamp::from_microsecond(self.now).unwrap_or_default();
        self.deeds.push_back(Deed { at, what, user, text, pids });
    }

    /// A process that does nothing yet.
    pub fn blank(&self) -> Session {
        let (began, changed) = (self.now, self.now);
        Session { backend: "client backend", port: -1, began, changed, fresh: true, ..Session::default() }
    }

    pub fn role_named(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    pub fn base_named(&self, name: &str) -> Option<&Base> {
        self.bases.iter().find(|base| base.name == name)
    }

    /// Whether a role has what another has: it is that one, a member of it, or a superuser.
    pub fn has(&self, user: &str, role: &str) -> bool {
        let mut all = vec![user.to_owned()];
        let mut at = 0;
        while let Some(name) = all.get(at).cloned() {
            let Some(one) = self.role_named(&name) else { return false };
            if one.superuser || name == role {
                return true;
            }
            let new: Vec<String> = one.member_of.iter().filter(|name| !all.contains(name)).cloned().collect();
            all.extend(new);
            at += 1;
        }
        false
    }

    pub fn user(&self, pid: i32) -> &str {
        self.sessions.get(&pid).map_or("", |session| &session.user)
    }

    pub fn is_superuser(&self, pid: i32) -> bool {
        self.role_named(self.user(pid)).is_some_and(|role| role.superuser)
    }

    pub fn database(&self, pid: i32) -> &str {
        self.sessions.get(&pid).map_or("", |session| &session.database)
    }

    /// A parameter as a session sees it.
    pub fn current(&self, pid: i32, name: &str) -> Option<String> {
        let own = self.sessions.get(&pid).and_then(|session| {
            session
                .settings
                .iter()
                .find(|(one, _)| one.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        });
        let all = || {
            self.settings
                .iter()
                .find(|(one, _)| one.eq_ignore_ascii_case(name))
                .map(|(_, value)| value.clone())
        };
        match name.to_lowercase().as_str() {
            "is_superuser" => Some(if self.is_superuser(pid) { "on" } else { "off" }.into()),
            "session_authorization" => self.sessions.get(&pid).map(|session| session.logged_in.clone()),
            "role" => own.or_else(|| Some("none".into())),
            "application_name" => self.sessions.get(&pid).map(|session| session.application.clone()),
            "transaction_read_only" => own.or_else(|| self.current(pid, "default_transaction_read_only")),
            _ => own.or_else(all),
        }
    }

    pub fn number(&self, name: &str) -> usize {
        self.settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// A table by its name as a session means it.
    pub fn relation(&self, pid: i32, schema: Option<&str>, name: &str) -> Res<&Relation> {
        let database = self.database(pid);
        let mut all = self.relations.iter().filter(|one| one.database == database && one.name == name);
        let found = all.find(|one| schema.map_or(one.schema == "public", |schema| one.schema == schema));
        found.ok_or_else(|| {
            let name = schema.map_or_else(|| name.to_owned(), |schema| format!("{schema}.{name}"));
            Fault::new("42P01", format!("relation \"{name}\" does not exist"))
        })
    }

    /// The rows of a table, which is counted as read through.
    pub fn scanned(&mut self, oid: Oid) -> Vec<Row> {
        let Some(relation) = self.relations.iter_mut().find(|one| one.oid == oid) else { return Vec::new() };
        relation.scans[0] += 1;
        relation.scans[1] += i64::try_from(relation.rows.len()).unwrap_or(0);
        relation.rows.to_vec()
    }

    pub fn may(&self, pid: i32, relation: &Relation, what: &str) -> Res<()> {
        let user = self.user(pid);
        let all = if what == "SELECT" { "pg_read_all_data" } else { "pg_write_all_data" };
        let granted = |(role, right): &(String, String)| {
            (right == what || right == "ALL") && (role == "public" || self.has(user, role))
        };
        if self.has(user, &relation.owner) || self.has(user, all) || relation.readers.iter().any(granted) {
            return Ok(());
        }
        Err(Fault::new("42501", format!("permission denied for table {}", relation.name)))
    }

    pub fn room_beside<T>(all: &[T]) -> Res<()> {
        if all.len() < MOST {
            Ok(())
        } else {
            Err(Fault::new("53400", "there are too many of these already"))
        }
    }

    /// Bytes of a database with everything in it.
    pub fn size(&self, name: &str) -> i64 {
        let tables = self.relations.iter().filter(|one| one.database == name);
        let base = self.base_named(name).map_or(0, |base| base.bytes);
        tables.fold(base, |sum, one| sum.saturating_add(one.total()))
    }
}
