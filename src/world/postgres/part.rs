//! What there is on the server: sessions, roles, databases, tables, standbys, and what was counted or done.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::task::Waker;

use jiff::Timestamp;

use super::value::{Oid, Row};

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
    /// Connected anew by its application: what its pool was stuck in it is not.
    pub fresh: bool,
    pub signal: Option<Signal>,
    pub waker: Option<Waker>,
    pub settings: BTreeMap<String, String>,
    /// What it came with, and what is in force again after a reset.
    pub initial: BTreeMap<String, String>,
    /// Tables as they were when its transaction began, once it has changed some.
    pub before: Option<Vec<Relation>>,
    pub logged_in: String,
    /// In a transaction that a client began; true when an error ended it.
    pub block: Option<bool>,
}

#[derive(Debug, Clone, Default)]
pub struct Role {
    pub oid: Oid,
    pub name: String,
    pub superuser: bool,
    pub login: bool,
    pub replication: bool,
    pub limit: i64,
    /// In clear, or as the client made it of one; without it everybody may be this role.
    pub password: Option<String>,
    pub member_of: Vec<String>,
    pub settings: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default)]
pub struct Base {
    pub oid: Oid,
    pub name: String,
    pub owner: String,
    pub limit: i64,
    /// Bytes beside those of its tables.
    pub bytes: i64,
    pub counts: Counts,
}

#[derive(Debug, Clone, Default)]
pub struct Counts {
    pub commits: i64,
    pub rollbacks: i64,
    pub hit: i64,
    pub read: i64,
    pub returned: i64,
    pub changed: i64,
    pub temp_bytes: i64,
    pub deadlocks: i64,
    pub killed: i64,
}

#[derive(Debug, Clone)]
pub struct Index {
    pub oid: Oid,
    pub name: String,
    pub columns: Vec<String>,
    pub unique: bool,
    pub primary: bool,
    pub bytes: i64,
    pub scans: i64,
    pub valid: bool,
}

#[derive(Debug, Clone, Default)]
pub struct Relation {
    pub oid: Oid,
    pub database: String,
    pub schema: String,
    pub name: String,
    pub owner: String,
    pub columns: Vec<(String, Oid)>,
    pub rows: Arc<Vec<Row>>,
    /// Of the whole table without what is dead in it.
    pub bytes: i64,
    pub dead: i64,
    pub bloat: i64,
    pub indexes: Vec<Index>,
    pub scans: [i64; 2],
    pub changes: [i64; 3],
    pub vacuumed: [Option<i64>; 2],
    pub analyzed: [Option<i64>; 2],
    pub readers: Vec<(String, String)>,
}

impl Relation {
    pub fn size(&self) -> i64 {
        self.bytes.saturating_add(self.bloat)
    }

    pub fn total(&self) -> i64 {
        self.indexes.iter().fold(self.size(), |sum, index| sum.saturating_add(index.bytes))
    }
}

/// A standby as the primary sees it, with the slot that is kept for it.
#[derive(Debug, Clone, Default)]
pub struct Replica {
    pub name: String,
    pub client: String,
    /// `None` when it is not connected: only its slot is left.
    pub state: Option<String>,
    pub sync: bool,
    pub behind: i64,
    /// Seconds until what is written here is applied there.
    pub lag: f64,
    pub slot: bool,
}

/// What was counted of one statement.
#[derive(Debug, Clone)]
pub struct Statement {
    pub id: i64,
    pub user: String,
    pub database: String,
    pub text: String,
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
    pub user: String,
    pub text: String,
    pub pids: Vec<i32>,
}
