//! From the rows of a server to what they mean.
use std::time::Duration;

use tokio_postgres::Row;

use super::value::{count, flag, moment, number, pid, raw, small, word};
use crate::domain::Text;
use crate::domain::database::{
    Counted, Database, Operation, PREPARED, PREPARED_BACKEND, Relation, Replica, ReplicaKind, Session, State,
    Waits, query_line,
};
use crate::domain::level::Level;
use crate::domain::text::clean_to;
use crate::domain::time::Timestamp;

pub fn session(row: &Row) -> Session {
    let (backend, database) = (word(row, 2), word(row, 4));
    let hidden = flag(row, 16);
    let state = raw(row, 7);
    // Of what is hidden the kind is, too; what is in no database is no client.
    let backend =
        if hidden && backend.is_empty() && database.is_empty() { "background".into() } else { backend };
    let wait = Some((word(row, 11), word(row, 12))).filter(|(kind, _)| !kind.is_empty());
    let session = Session {
        pid: pid(row, 0),
        began: word(row, 1),
        // A background process has no state to hide.
        hidden: hidden && &*backend != "background",
        backend,
        user: word(row, 3),
        database,
        application: word(row, 5),
        client: word(row, 6),
        state: State::parse(state.as_deref()),
        since: moment(row, 8),
        transaction: moment(row, 9),
        query_began: moment(row, 10),
        wait,
        xmin_age: number(row, 13),
        query_id: number(row, 18),
        query: query_line(&raw(row, 14).unwrap_or_default()).into(),
        blocked: None,
        own: flag(row, 15),
        level: Level::Fine,
    };
    if session.own { our_own(session) } else { session }
}

/// What we do at the moment of asking is to ask: it changes at every look, and tells nothing.
fn our_own(session: Session) -> Session {
    Session {
        state: State::Active,
        since: None,
        transaction: None,
        query_began: None,
        wait: None,
        xmin_age: None,
        query_id: None,
        query: "firedeck itself".into(),
        ..session
    }
}

pub fn waits(rows: &[Row]) -> Waits {
    Waits::new(rows.iter().map(|row| {
        let by = row.try_get::<_, Option<Vec<i32>>>(1).ok().flatten().unwrap_or_default();
        (pid(row, 0), by)
    }))
}

/// What the server is now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Gauge {
    pub max: u32,
    pub reserved: u32,
    pub standby: bool,
    pub started: Timestamp,
    pub clock: Timestamp,
    /// Of a standby; asked for beside the others.
    pub lag: Option<Duration>,
    /// Whether there may be transactions without a session.
    pub prepares: bool,
}

pub fn gauge(row: &Row) -> Gauge {
    Gauge {
        max: small(row, 0),
        reserved: small(row, 1),
        standby: flag(row, 2),
        started: moment(row, 3).unwrap_or_default(),
        clock: moment(row, 4).unwrap_or_default(),
        lag: None,
        prepares: small(row, 5) > 0,
    }
}

/// What a standby says of how far behind it is.
pub fn lag(row: &Row, at: usize) -> Option<Duration> {
    number(row, at).map(|lag| Duration::from_millis(u64::try_from(lag).unwrap_or(0)))
}

/// A transaction without a session, and whether others wait for it.
pub fn prepared(row: &Row) -> (Session, bool) {
    let gid = raw(row, 0).unwrap_or_default();
    let ends = format!("ROLLBACK PREPARED '{}' or COMMIT PREPARED ends it", gid.replace('\'', "''"));
    let session = Session {
        pid: PREPARED,
        began: word(row, 0),
        backend: PREPARED_BACKEND.into(),
        user: word(row, 2),
        database: word(row, 3),
        application: word(row, 0),
        client: "".into(),
        state: State::Unknown,
        since: moment(row, 1),
        transaction: moment(row, 1),
        query_began: None,
        wait: None,
        xmin_age: number(row, 4),
        query_id: None,
        query: clean_to(&ends, 300).into_owned().into(),
        blocked: None,
        hidden: false,
        own: false,
        level: Level::Fine,
    };
    (session, flag(row, 5))
}

pub fn operation(row: &Row) -> (Text, Operation) {
    let operation = Operation {
        pid: pid(row, 0),
        // Of what is hidden only the number and the database are told.
        what: if raw(row, 5).is_some() { word(row, 1) } else { "".into() },
        user: word(row, 2),
        database: word(row, 3),
        on: word(row, 4),
        phase: word(row, 5),
        done: number(row, 6).and_then(|n| u64::try_from(n).ok()),
        total: number(row, 7).and_then(|n| u64::try_from(n).ok()),
        unit: word(row, 8),
        since: moment(row, 9),
        notes: word(row, 10),
    };
    (operation.pid.to_string().into(), operation)
}

pub fn database(row: &Row) -> (Text, Database) {
    let (hit, read) = (number(row, 6), number(row, 7));
    let database = Database {
        bytes: None,
        connections: small(row, 3),
        limit: number(row, 1).and_then(|limit| u32::try_from(limit).ok()),
        xid_age: number(row, 2),
        deadlocks: number(row, 4),
        temp_bytes: number(row, 5),
        cache_hit: hit.zip(read).and_then(|(hit, read)| share(hit, read)),
        commits: number(row, 8),
        rollbacks: number(row, 9),
    };
    (word(row, 0), database)
}

/// In percent of both; `None` of nothing.
pub fn share(hit: i64, read: i64) -> Option<f32> {
    let tenths = hit.saturating_mul(1000).checked_div(hit.saturating_add(read))?;
    Some(f32::from(u16::try_from(tenths).ok()?) / 10.0)
}

pub fn sender(row: &Row) -> (Text, Replica) {
    let (application, client) = (word(row, 2), word(row, 1));
    let replica = Replica {
        client,
        state: word(row, 3),
        mode: word(row, 4),
        behind: number(row, 5).map(|bytes| u64::try_from(bytes).unwrap_or(0)),
        lag: lag(row, 6),
        write_lag: lag(row, 7),
        flush_lag: lag(row, 8),
        ..Replica::new(ReplicaKind::Sender)
    };
    (format!("{application} {}", pid(row, 0)).into(), replica)
}

pub fn slot(row: &Row) -> (Text, Replica) {
    let name = word(row, 0);
    let replica = Replica {
        client: word(row, 5),
        state: if flag(row, 2) { "active" } else { "inactive" }.into(),
        mode: word(row, 1),
        behind: number(row, 3).map(|bytes| u64::try_from(bytes).unwrap_or(0)),
        wal_status: word(row, 4),
        slot: name.clone(),
        left: number(row, 6),
        inactive: moment(row, 7),
        invalid: word(row, 8),
        ..Replica::new(ReplicaKind::Slot)
    };
    (format!("slot {name}").into(), replica)
}

pub fn receiver(row: &Row, lag: Option<Duration>) -> (Text, Replica) {
    let replica = Replica {
        client: word(row, 1),
        state: word(row, 0),
        mode: "receives".into(),
        lag,
        slot: word(row, 2),
        ..Replica::new(ReplicaKind::Receiver)
    };
    ("this standby".into(), replica)
}

pub fn relation(row: &Row) -> (Text, Relation) {
    let kind = raw(row, 2).unwrap_or_default();
    let relation = Relation {
        what: match kind.as_str() {
            "i" => "index",
            "m" => "materialized view",
            _ => "table",
        }
        .into(),
        of: word(row, 3),
        bytes: count(row, 4),
        live: number(row, 5),
        dead: number(row, 6),
        vacuumed: moment(row, 7),
        analyzed: moment(row, 8),
        scans: number(row, 9),
        index_scans: number(row, 10),
        unique: flag(row, 11),
        valid: flag(row, 12),
        xid_age: number(row, 13),
    };
    (format!("{}.{}", word(row, 0), word(row, 1)).into(), relation)
}

/// What it is called, whose it is and what is counted of it; `None` of what is hidden from us.
pub struct Counts {
    pub name: Text,
    pub id: i64,
    pub database: Text,
    pub user: Text,
    pub query: Text,
    pub counted: Counted,
}

pub fn statement(row: &Row) -> Option<Counts> {
    let id = number(row, 0)?;
    let (database, user) = (word(row, 1), word(row, 2));
    Some(Counts {
        name: format!("{id}@{database}/{user}").into(),
        id,
        database,
        user,
        query: query_line(&raw(row, 3).unwrap_or_default()).into(),
        counted: Counted {
            calls: count(row, 4),
            time: count(row, 5),
            rows: count(row, 6),
            hit: count(row, 7),
            read: count(row, 8),
        },
    })
}
