//! The server's state: who is there, what it holds, and what was done to it.
use std::collections::{BTreeMap, VecDeque};
use std::task::Waker;

use jiff::Timestamp;

use super::catalog;
use super::code::Env;
use super::pool::Crowd;
use super::value::kind::{BOOL, INT4, INT8, TEXT, TIMESTAMPTZ};
use super::value::{Fault, Oid, Res, Row, SECOND, Value, named};
use crate::world::base::Dice;

pub const VERSION: &str =
    "PostgreSQL 15.18 on x86_64-pc-linux-gnu, compiled by gcc (Debian 12.2.0-14) 12.2.0, 64-bit";
/// The number of the transaction that comes next.
pub const XID_NOW: i64 = 48_211_907;
/// Roles that are there from the beginning, and what they are members of.
const GROUPS: [(&str, &[&str]); 4] = [
    ("pg_monitor", &["pg_read_all_settings", "pg_read_all_stats"]),
    ("pg_read_all_settings", &[]),
    ("pg_read_all_stats", &[]),
    ("pg_signal_backend", &[]),
];
const PROCESSES: [(&str, &str); 5] = [
    ("checkpointer", "CheckpointerMain"),
    ("background writer", "BgWriterHibernate"),
    ("walwriter", "WalWriterMain"),
    ("autovacuum launcher", "AutoVacuumMain"),
    ("logical replication launcher", "LogicalLauncherMain"),
];
const MOST_DEEDS: usize = 1_000;
const MOST_ROWS: usize = 100_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Doing {
    #[default]
    Idle,
    Active,
    InTransaction,
    /// After an error in a transaction, until it is rolled back.
    Aborted,
}

impl Doing {
    pub fn word(self) -> &'static str {
        match self {
            Doing::Idle => "idle",
            Doing::Active => "active",
            Doing::InTransaction => "idle in transaction",
            Doing::Aborted => "idle in transaction (aborted)",
        }
    }
}

/// What reaches a session from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Cancel,
    Terminate,
}

/// One process of the server; those of clients are held by real ones or by pools.
#[derive(Debug, Clone, Default)]
pub struct Session {
    pub pid: i32,
    pub secret: i32,
    pub backend: &'static str,
    pub user: String,
    pub database: String,
    pub application: String,
    pub client: Option<String>,
    pub port: i32,
    pub began: i64,
    pub transaction: Option<i64>,
    pub asked: Option<i64>,
    pub changed: i64,
    pub doing: Doing,
    pub query: String,
    pub wait: Option<(&'static str, &'static str)>,
    /// The table that its transaction has changed.
    pub holds: Option<String>,
    pub pool: Option<String>,
    pub signal: Option<Signal>,
    pub waker: Option<Waker>,
    pub settings: BTreeMap<String, String>,
    /// Those of this transaction alone.
    pub local: BTreeMap<String, String>,
    /// What it came with, and what is in force again after a reset.
    pub initial: BTreeMap<String, String>,
    /// In a transaction that a client began; true when an error ended it.
    pub block: Option<bool>,
}

#[derive(Debug, Clone, Default)]
pub struct Role {
    pub oid: Oid,
    pub name: String,
    pub superuser: bool,
    /// Without one everybody may be this role.
    pub password: Option<String>,
    pub member_of: Vec<String>,
    pub settings: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
pub struct Base {
    pub oid: Oid,
    pub name: String,
    pub owner: String,
    /// Bytes beside those of its tables.
    pub bytes: i64,
    pub commits: i64,
    pub rollbacks: i64,
    pub hit: i64,
    pub read: i64,
}

/// A table to begin with. Its rows are made up: numbers count on, moments lie an hour apart.
#[derive(Debug, Clone)]
pub struct Table<'t> {
    pub database: &'t str,
    pub name: &'t str,
    /// Names with their types; the first one is the key.
    pub columns: &'t [(&'t str, &'t str)],
    pub rows: usize,
    pub bytes: i64,
    pub dead: i64,
    /// Bytes that nothing stands in.
    pub bloat: i64,
    /// Names of columns with an index of their own.
    pub indexes: &'t [&'t str],
    /// Read through from end to end, so many times already.
    pub scans: i64,
}

/// A table, or an index of one.
#[derive(Debug, Clone)]
pub struct Relation {
    pub oid: Oid,
    pub database: String,
    pub name: String,
    pub owner: String,
    /// The table that it is an index of.
    pub of: Option<Oid>,
    pub columns: Vec<(String, Oid)>,
    pub rows: usize,
    pub bytes: i64,
    pub dead: i64,
    pub scans: i64,
    pub vacuumed: Option<i64>,
    pub analyzed: Option<i64>,
    /// When the server itself has last done both.
    pub cared: Option<i64>,
}

/// What was counted of one statement.
#[derive(Debug, Clone, Copy, Default)]
pub struct Counted {
    pub calls: f64,
    /// In milliseconds.
    pub total: f64,
    pub slowest: f64,
    pub rows: f64,
}

/// Something that an operator did.
#[derive(Debug, Clone, PartialEq)]
pub struct Deed {
    pub at: Timestamp,
    pub what: &'static str,
    pub text: String,
}

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
    /// By role, database and text.
    pub statements: BTreeMap<(String, String, String), Counted>,
    pub settings: BTreeMap<String, String>,
    pub refused: u64,
    /// How far the log of changes is.
    pub wal: i64,
    deeds: VecDeque<Deed>,
    next_pid: i32,
    next_oid: Oid,
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
            statements: BTreeMap::new(),
            settings: catalog::settings().map(|one| (one.name.to_owned(), one.value.to_owned())).collect(),
            refused: 0,
            wal: 0x2a_4c00_0000,
            deeds: VecDeque::new(),
            next_pid: 412,
            next_oid: 16_384,
        };
        database.role(Role { name: "postgres".into(), superuser: true, ..Role::default() });
        for (name, of) in GROUPS {
            let member_of = of.iter().map(|name| (*name).to_owned()).collect();
            database.role(Role { name: name.into(), member_of, ..Role::default() });
        }
        for name in ["postgres", "template1", "template0"] {
            database.base(name, "postgres", 7_500_000);
        }
        for (backend, event) in PROCESSES {
            let (pid, began) = (database.pid(), database.started);
            let wait = Some(("Activity", event));
            let session = Session { pid, backend, began, wait, ..database.blank() };
            database.sessions.insert(pid, session);
        }
        database
    }

    fn oid(&mut self) -> Oid {
        self.next_oid = self.next_oid.wrapping_add(1);
        self.next_oid
    }

    pub fn pid(&mut self) -> i32 {
        let step = i32::try_from(self.dice.below(3)).unwrap_or(0) + 1;
        self.next_pid = self.next_pid.wrapping_add(step);
        self.next_pid
    }

    /// A role of this name, or another one for it.
    pub fn role(&mut self, role: Role) {
        let oid = if role.name == "postgres" { 10 } else { self.oid() };
        self.roles.retain(|one| one.name != role.name);
        self.roles.push(Role { oid, ..role });
    }

    /// A database with so many bytes beside its tables.
    pub fn base(&mut self, name: &str, owner: &str, bytes: i64) {
        if self.base_named(name).is_some() {
            return;
        }
        let (oid, name, owner) = (self.oid(), name.to_owned(), owner.to_owned());
        let (commits, rollbacks, hit, read) = (4_310_000, 2_100, 88_000_000, 640_000);
        self.bases.push(Base { oid, name, owner, bytes, commits, rollbacks, hit, read });
    }

    /// Sets a parameter, as if it stood in the server's file when it started.
    pub fn setting(&mut self, name: &str, value: &str) {
        self.settings.insert(name.to_owned(), value.to_owned());
    }

    /// Adds a table to a database.
    pub fn table(&mut self, table: &Table<'_>) {
        let typed = |(name, ty): &(&str, &str)| ((*name).to_owned(), named(ty).unwrap_or(TEXT));
        let relation = Relation {
            oid: self.oid(),
            database: table.database.to_owned(),
            name: table.name.to_owned(),
            owner: self.base_named(table.database).map(|base| base.owner.clone()).unwrap_or_default(),
            of: None,
            columns: table.columns.iter().map(typed).collect(),
            rows: table.rows.min(MOST_ROWS),
            bytes: table.bytes.saturating_add(table.bloat),
            dead: table.dead,
            scans: table.scans,
            vacuumed: None,
            analyzed: None,
            cared: Some(self.now - 5_400 * SECOND),
        };
        let key =
            relation.columns.iter().take(1).map(|column| (format!("{}_pkey", table.name), column, 912_000));
        let others = relation.columns.iter().filter(|(name, _)| table.indexes.contains(&name.as_str()));
        // The first is used, the others are less and less.
        let others = others.zip(0_i64..).map(|(column, nth)| {
            (format!("{}_{}_idx", table.name, column.0), column, 40_000 / (1 + nth * nth * 40_001))
        });
        for (name, column, scans) in key.chain(others) {
            let (oid, bytes, columns) = (self.oid(), (table.bytes / 6).max(8192), vec![column.clone()]);
            let (of, rows, cared) = (Some(relation.oid), 0, None);
            let table = relation.clone();
            self.relations.push(Relation { oid, name, of, columns, rows, bytes, scans, cared, ..table });
        }
        self.relations.push(relation);
    }

    /// What operators did since this was last asked.
    pub fn deeds(&mut self) -> Vec<Deed> {
        self.deeds.drain(..).collect()
    }

    pub fn deed(&mut self, what: &'static str, pid: i32) {
        let at = Timestamp::from_microsecond(self.now).unwrap_or_default();
        let text = self.sessions.get(&pid).map(|one| one.query.clone()).unwrap_or_default();
        let deed = Deed { at, what, text };
        // Several sessions that one statement ends are one deed.
        if self.deeds.back() != Some(&deed) && self.deeds.len() < MOST_DEEDS {
            self.deeds.push_back(deed);
        }
    }

    /// A process that does nothing yet.
    pub fn blank(&self) -> Session {
        let (began, changed) = (self.now, self.now);
        Session { backend: "client backend", port: -1, began, changed, ..Session::default() }
    }

    /// Processes that clients hold.
    pub fn clients(&self) -> impl Iterator<Item = &Session> {
        self.sessions.values().filter(|one| one.backend == "client backend")
    }

    pub fn role_named(&self, name: &str) -> Option<&Role> {
        self.roles.iter().find(|role| role.name == name)
    }

    pub fn base_named(&self, name: &str) -> Option<&Base> {
        self.bases.iter().find(|base| base.name == name)
    }

    /// Whether a role has what another has: it is that one, a member of it, or a superuser.
    pub fn has(&self, user: &str, role: &str) -> bool {
        self.role_named(user).is_some_and(|one| {
            one.superuser || one.name == role || one.member_of.iter().any(|of| self.has(of, role))
        })
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

    /// A parameter as a session sees it, by the name that the catalog has for it.
    pub fn current(&self, pid: i32, name: &str) -> Option<String> {
        let one = self.sessions.get(&pid)?;
        if name == "application_name" {
            return Some(one.application.clone());
        }
        let own = one.local.get(name).or_else(|| one.settings.get(name));
        if own.is_none() && name == "transaction_read_only" {
            return self.current(pid, "default_transaction_read_only");
        }
        own.or_else(|| self.settings.get(name)).cloned()
    }

    /// A parameter of the whole server that is a number.
    pub fn number(&self, name: &str) -> usize {
        self.settings.get(name).and_then(|value| value.parse().ok()).unwrap_or(0)
    }

    /// A table by its name as a session means it.
    pub fn relation(&self, pid: i32, name: &str) -> Res<&Relation> {
        let (database, bare) = (self.database(pid), name.replace('"', ""));
        let bare = bare.strip_prefix("public.").unwrap_or(&bare);
        let found = self.relations.iter().find(|one| one.database == database && one.name == bare);
        found.ok_or_else(|| Fault::missing("42P01", "relation", name))
    }

    pub fn numbered(&self, oid: i64) -> Option<&Relation> {
        self.relations.iter().find(|one| i64::from(one.oid) == oid)
    }

    /// Bytes of a table with its indexes.
    pub fn total(&self, one: &Relation) -> i64 {
        let parts = self.relations.iter().filter(|part| part.oid == one.oid || part.of == Some(one.oid));
        parts.fold(0, |sum, part| sum.saturating_add(part.bytes))
    }

    /// Bytes of a database with everything in it.
    pub fn size(&self, name: &str) -> i64 {
        let tables = self.relations.iter().filter(|one| one.database == name);
        let base = self.base_named(name).map_or(0, |base| base.bytes);
        tables.fold(base, |sum, one| sum.saturating_add(one.bytes))
    }
}

impl Env<'_> {
    /// The rows of a table, which is counted as read through.
    pub fn scanned(&mut self, oid: Oid) -> Res<Vec<Row>> {
        let now = self.db.now;
        let Some(one) = self.db.relations.iter_mut().find(|one| one.oid == oid) else {
            return Ok(Vec::new());
        };
        one.scans += 1;
        let row = |n: i64| one.columns.iter().map(|(name, ty)| made_up(n, name, *ty, now)).collect();
        let rows: Vec<Row> = (1..).take(one.rows).map(row).collect();
        self.step(rows.len())?;
        Ok(rows)
    }
}

fn made_up(n: i64, name: &str, ty: Oid, now: i64) -> Value {
    match ty {
        BOOL => (n % 7 != 0).into(),
        INT4 | INT8 if name == "id" => n.into(),
        INT4 | INT8 => (n * 37 % 1_000).into(),
        TIMESTAMPTZ => (now - n * 3_600 * SECOND).into(),
        _ => format!("{name}-{n}").into(),
    }
}
