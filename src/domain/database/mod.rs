//! What a database server says: its sessions, who waits for whom, what is slow, what grows.
mod group;
mod operation;
mod server;
mod session;
mod statement;
mod stored;
mod tree;

use std::borrow::Cow;

use super::level::Level;

pub use group::{By, Group, groups, pairs};
pub use operation::Operation;
pub use server::{GAUGE_BAD, GAUGE_WARN, Server, Share, Trend, shares};
pub use session::{Blocked, PREPARED_BACKEND, Session, State, order, query_line, without_passwords};
pub use statement::{Counted, Deltas, Statement};
pub use stored::{Database, Relation, Replica, ReplicaKind};
pub use tree::{PREPARED, Place, Tree, Waits};

/// What the database pane has rows of.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseFacts {
    Server(Box<Server>),
    Session(Box<Session>),
    Replica(Box<Replica>),
    Statement(Box<Statement>),
    Relation(Box<Relation>),
    Database(Box<Database>),
    Group(Box<Group>),
    Operation(Box<Operation>),
}

impl DatabaseFacts {
    pub fn level(&self) -> Level {
        match self {
            DatabaseFacts::Server(server) => server.level(),
            DatabaseFacts::Session(session) => session.level,
            DatabaseFacts::Replica(replica) => replica.level(),
            DatabaseFacts::Statement(statement) => statement.level(),
            DatabaseFacts::Relation(relation) => relation.level(),
            DatabaseFacts::Database(database) => database.level(),
            DatabaseFacts::Group(group) => group.level(),
            DatabaseFacts::Operation(operation) => operation.level(),
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self {
            DatabaseFacts::Server(server) => server.status(),
            DatabaseFacts::Session(session) => session.status(),
            DatabaseFacts::Replica(replica) => replica.status(),
            DatabaseFacts::Statement(_) => "".into(),
            DatabaseFacts::Relation(relation) => relation.status(),
            DatabaseFacts::Database(database) => database.status(),
            DatabaseFacts::Group(group) => group.status(),
            DatabaseFacts::Operation(operation) => operation.status(),
        }
    }
}

/// How the reason begins when a server has no slot left for us.
pub const FULL: &str = "the server is full";

/// How near a role or a database is to its own limit.
fn crowded(used: u32, limit: Option<u32>) -> Level {
    let Some(limit) = limit else { return Level::Fine };
    match u64::from(used).saturating_mul(100).checked_div(u64::from(limit)).unwrap_or(100) {
        95.. => Level::Bad,
        80.. => Level::Warn,
        _ => Level::Fine,
    }
}

/// From here on the age of the oldest transaction number is worth a look: four times what starts a forced vacuum.
const XID_WARN: i64 = 800_000_000;
/// From here on the server gives up everything else for vacuuming; at 2.1 thousand million it stops.
const XID_BAD: i64 = 1_600_000_000;

/// How bad the age of a transaction number is.
fn xid_level(age: Option<i64>) -> Level {
    match age {
        Some(XID_BAD..) => Level::Bad,
        Some(XID_WARN..) => Level::Warn,
        _ => Level::Fine,
    }
}
