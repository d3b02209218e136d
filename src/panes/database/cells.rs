//! What stands in each column of a database's rows, and what the column sorts by.
use std::time::Duration;

use super::super::pods::bytes;
use super::super::tables::ago;
use super::super::{Cell, order, role};
use super::more;
use crate::domain::database::{
    Database, DatabaseFacts, Relation, Replica, ReplicaKind, Server, Session, State, Statement,
};
use crate::domain::level::Level;
use crate::domain::object::Object;
use crate::domain::settings::Role;
use crate::domain::time::{Age, Timestamp};
use crate::model::Model;
use crate::model::listing::SortKey;

pub fn cell<'m>(
    model: &'m Model,
    object: &'m Object,
    facts: &'m DatabaseFacts,
    level: Level,
    column: &str,
) -> Cell<'m> {
    match (facts, column) {
        (DatabaseFacts::Group(group), _) => more::of_group(model, group, level, column),
        (DatabaseFacts::Operation(operation), _) => more::of_operation(model, operation, level, column),
        (_, "NAME") => Cell::middle(&*object.id.name),
        (DatabaseFacts::Session(session), _) => of_session(model, session, level, column),
        (DatabaseFacts::Server(server), _) => of_server(model, server, column),
        (DatabaseFacts::Replica(replica), _) => of_replica(model, replica, level, column),
        (DatabaseFacts::Statement(statement), _) => of_statement(statement, level, column),
        (DatabaseFacts::Relation(relation), _) => of_relation(model, relation, level, column),
        (DatabaseFacts::Database(database), _) => of_database(database, level, column),
    }
}

/// A text that may be missing.
pub(super) fn or_dash(text: &str) -> Cell<'_> {
    if text.is_empty() { Cell::new("–").role(Role::Dim) } else { Cell::new(text) }
}

fn number(n: Option<i64>) -> Cell<'static> {
    n.map_or_else(|| Cell::new("–").role(Role::Dim), |n| Cell::new(short(u64::try_from(n).unwrap_or(0))))
}

/// `12.3k`: at most five characters.
pub(super) fn short(n: u64) -> String {
    for (unit, size) in [("T", 1_000_000_000_000), ("G", 1_000_000_000), ("M", 1_000_000), ("k", 1_000)] {
        if n >= size * 10 {
            return format!("{}{unit}", n / size);
        }
        if n >= size {
            return format!("{}.{}{unit}", n / size, n % size * 10 / size);
        }
    }
    n.to_string()
}

/// Microseconds as people read them.
fn span(micros: u64) -> String {
    match micros {
        0..1_000 => format!("{micros}µs"),
        1_000..10_000 => format!("{}.{}ms", micros / 1_000, micros % 1_000 / 100),
        10_000..10_000_000 => format!("{}ms", micros / 1_000),
        10_000_000..3_600_000_000 => format!("{}s", micros / 1_000_000),
        _ => format!("{}h", micros / 3_600_000_000),
    }
}

/// A number of a session, moved to the right for each that it waits for.
fn pid(session: &Session, ascii: bool) -> String {
    let depth = session.blocked.as_ref().map_or(0, |blocked| blocked.place.depth);
    if session.pid == 0 {
        return "prepared".into();
    }
    let bend = if ascii { "`" } else { "└" };
    match depth {
        0 => session.pid.to_string(),
        depth => format!("{:indent$}{bend}{}", "", session.pid, indent = usize::from(depth.min(3) - 1)),
    }
}

/// Nothing is asked of it now, or not by a client of others.
fn quiet(session: &Session) -> bool {
    session.state == State::Idle || session.own || !session.is_client()
}

/// A client is waited for by whoever is idle; that says nothing.
fn wait(session: &Session) -> String {
    match &session.wait {
        Some((_, name)) if session.awaits_lock() => format!("lock: {name}"),
        Some((kind, name)) if &**kind != "Client" && !quiet(session) => format!("{kind}: {name}"),
        _ => String::new(),
    }
}

fn of_session<'m>(model: &Model, session: &'m Session, level: Level, column: &str) -> Cell<'m> {
    let quiet = quiet(session);
    let dim = |cell: Cell<'m>| if quiet { cell.role(Role::Dim) } else { cell };
    match column {
        "PID" => dim(Cell::new(pid(session, model.settings.ascii()))),
        "USER" => dim(or_dash(&session.user)),
        "DB" => dim(or_dash(&session.database)),
        "APP" => dim(or_dash(&session.application)),
        "CLIENT" => dim(if session.client.is_empty() { or_dash("") } else { Cell::middle(&*session.client) }),
        "STATE" if quiet => Cell::new(session.status()).role(Role::Dim),
        "STATE" => Cell::new(session.status()).role(role(level)),
        "AGE" => dim(Cell::new(ago(model, session.since))),
        "TXN" => dim(Cell::new(ago(model, session.transaction))),
        "WAIT" if session.awaits_lock() => Cell::new(wait(session)).role(role(level)),
        "WAIT" => Cell::new(wait(session)),
        "BLOCKS" => blocks(session, level),
        "XMIN AGE" => dim(number(session.xmin_age)),
        _ => {
            dim(if session.hidden { Cell::new("hidden from this role") } else { Cell::new(&*session.query) })
        }
    }
}

fn blocks(session: &Session, level: Level) -> Cell<'static> {
    let Some(blocked) = &session.blocked else { return Cell::new("") };
    match (blocked.by.first(), blocked.place.blocks) {
        (None, n) => Cell::new(format!("blocks {n}")).role(role(level)),
        (Some(by), _) if blocked.by.len() == 1 => Cell::new(format!("by {by}")),
        (Some(by), _) => Cell::new(format!("by {by} +{}", blocked.by.len() - 1)),
    }
}

fn of_server<'m>(model: &Model, server: &'m Server, column: &str) -> Cell<'m> {
    let bad = |level: Level, text: String| Cell::new(text).role(role(level));
    match column {
        "VERSION" => Cell::new(&*server.version),
        "ROLE" => Cell::new(server.status()),
        "USED" => bad(server.gauge_level(), format!("{}/{}", server.used, server.usable())),
        "%" => bad(server.gauge_level(), format!("{}%", server.percent())),
        "GROWTH" => Cell::new(server.growth.map_or_else(|| "–".into(), |n| format!("{n:+}/m"))),
        "ACTIVE" => Cell::new(server.active.to_string()),
        "IDLE" => Cell::new(server.idle.to_string()),
        "IN TX" => Cell::new(server.in_transaction.to_string()),
        "BLOCKED" if server.blocked > 0 => bad(Level::Warn, server.blocked.to_string()),
        "BLOCKED" => Cell::new("0"),
        "TPS" => number(server.commits_per_second.map(i64::from)),
        "CACHE" => share(server.cache_hit),
        "LAG" => match server.lag {
            Some(lag) => bad(server.lag_level(), Age(lag).to_string()),
            None if server.standby => bad(server.lag_level(), "?".into()),
            None => Cell::new("not a replica").role(Role::Dim),
        },
        "XID" => number(server.xid_age),
        "DEADLOCKS" => number(server.deadlocks),
        _ => Cell::new(Age(model.now.since(server.started)).to_string()).role(Role::Dim),
    }
}

fn share(percent: Option<f32>) -> Cell<'static> {
    percent.map_or_else(|| Cell::new("–").role(Role::Dim), |percent| Cell::new(format!("{percent:.1}%")))
}

fn lag(lag: Option<Duration>) -> Cell<'static> {
    let micros = lag.map(|lag| u64::try_from(lag.as_micros()).unwrap_or(u64::MAX));
    micros.map_or_else(|| or_dash(""), |micros| Cell::new(span(micros)))
}

fn what(replica: &Replica) -> &'static str {
    match replica.kind {
        ReplicaKind::Sender => "standby",
        ReplicaKind::Slot => "slot",
        ReplicaKind::Receiver => "receiver",
    }
}

fn of_replica<'m>(model: &Model, replica: &'m Replica, level: Level, column: &str) -> Cell<'m> {
    match column {
        "WHAT" => Cell::new(what(replica)),
        "STATE" => Cell::new(replica.status()).role(role(level)),
        "MODE" => or_dash(&replica.mode),
        "CLIENT" => or_dash(&replica.client),
        "BEHIND" => replica.behind.map_or_else(|| or_dash(""), |n| Cell::new(bytes(n))),
        "WRITE" => lag(replica.write_lag),
        "FLUSH" => lag(replica.flush_lag),
        "LAG" => lag(replica.lag),
        "LEFT" => replica.left.map_or_else(
            || or_dash(""),
            |n| Cell::new(bytes(u64::try_from(n).unwrap_or(0))).role(role(level)),
        ),
        "UNREAD" => Cell::new(ago(model, replica.inactive)),
        _ => or_dash(&replica.wal_status),
    }
}

/// Of the blocks it needed, how many were in memory, in percent.
fn hit(statement: &Statement) -> Option<u64> {
    let total = &statement.total;
    total.hit.saturating_mul(100).checked_div(total.hit.saturating_add(total.read))
}

fn of_statement<'m>(statement: &'m Statement, level: Level, column: &str) -> Cell<'m> {
    let total = &statement.total;
    match column {
        "LOAD" => match statement.load() {
            Some(load) => Cell::new(format!("{}.{}%", load / 10, load % 10)).role(role(level)),
            None => or_dash(""),
        },
        "CALLS/M" => statement.calls_per_minute().map_or_else(|| or_dash(""), |n| Cell::new(short(n))),
        "MEAN" => total.mean().map_or_else(|| or_dash(""), |mean| Cell::new(span(mean))),
        "TOTAL" => Cell::new(span(total.time)),
        "CALLS" => Cell::new(short(total.calls)),
        "ROWS" => Cell::new(short(total.rows)),
        "HIT" => hit(statement).map_or_else(|| or_dash(""), |percent| Cell::new(format!("{percent}%"))),
        "DB" => or_dash(&statement.database),
        "USER" => or_dash(&statement.user),
        _ => or_dash(&statement.query),
    }
}

fn of_relation<'m>(model: &Model, relation: &'m Relation, level: Level, column: &str) -> Cell<'m> {
    match column {
        "WHAT" => Cell::new(&*relation.what),
        "SIZE" => Cell::new(bytes(relation.bytes)),
        "ROWS" => number(relation.live),
        "DEAD" => number(relation.dead),
        "DEAD%" => relation.dead_share().map_or_else(|| or_dash(""), |n| Cell::new(format!("{n}%"))),
        "VACUUM" => Cell::new(ago(model, relation.vacuumed)),
        "ANALYZE" => Cell::new(ago(model, relation.analyzed)),
        "SEQ" if &*relation.what == "index" => or_dash(""),
        "SEQ" => number(relation.scans),
        "INDEX" if &*relation.what == "index" => number(relation.scans),
        "INDEX" => number(relation.index_scans),
        "XID" => number(relation.xid_age),
        _ => Cell::new(relation.status()).role(role(level)),
    }
}

fn of_database<'m>(database: &'m Database, level: Level, column: &str) -> Cell<'m> {
    match column {
        "SIZE" => database.bytes.map_or_else(|| or_dash(""), |n| Cell::new(bytes(n))),
        "USED" => Cell::new(match database.limit {
            Some(limit) => format!("{}/{limit}", database.connections),
            None => database.connections.to_string(),
        }),
        "XID" => number(database.xid_age),
        "CACHE" => share(database.cache_hit),
        "COMMITS" => number(database.commits),
        "ROLLBACKS" => number(database.rollbacks),
        "DEADLOCKS" => number(database.deadlocks),
        "TEMP" => database
            .temp_bytes
            .map_or_else(|| or_dash(""), |n| Cell::new(bytes(u64::try_from(n).unwrap_or(0)))),
        _ => Cell::new(database.status()).role(role(level)),
    }
}

/// The lowest share first: that is what is looked for.
#[expect(clippy::cast_possible_truncation, reason = "it saturates")]
fn least(percent: Option<f32>) -> SortKey {
    percent.map_or(SortKey::Missing, |percent| SortKey::Number((f64::from(percent) * 1_000.0) as i64))
}

/// The most, the oldest or the longest first; words in order.
pub fn key(facts: &DatabaseFacts, column: &str) -> SortKey {
    let most = |n: Option<i64>| n.map_or(SortKey::Missing, |n| SortKey::Number(n.saturating_neg()));
    let many = |n: u64| SortKey::Number(-i64::try_from(n).unwrap_or(i64::MAX));
    let text = |text: &str| if text.is_empty() { SortKey::Missing } else { SortKey::Text(text.into()) };
    let oldest = |at: Option<Timestamp>| at.map_or(SortKey::Missing, |at| SortKey::Number(at.0));
    let longest = |lag: Option<Duration>| most(lag.and_then(|lag| i64::try_from(lag.as_micros()).ok()));
    match (facts, column) {
        (DatabaseFacts::Group(group), _) => more::group_key(group, column),
        (DatabaseFacts::Operation(operation), _) => more::operation_key(operation, column),
        (DatabaseFacts::Session(session), _) => match column {
            "PID" => SortKey::Number(session.pid.into()),
            "USER" => text(&session.user),
            "DB" => text(&session.database),
            "APP" => text(&session.application),
            "CLIENT" => text(&session.client),
            "STATE" if session.status() == State::Unknown.word() => SortKey::Missing,
            "STATE" => text(&session.status()),
            "AGE" => oldest(session.since),
            "TXN" => oldest(session.transaction),
            "XMIN AGE" => most(session.xmin_age),
            "WAIT" => text(&wait(session)),
            // Those that hold up the most, then those that wait.
            "BLOCKS" => session.blocked.as_ref().map_or(SortKey::Missing, |blocked| {
                let by = blocked.by.first().map(|by| SortKey::Number(i64::from(*by).saturating_add(1)));
                by.unwrap_or_else(|| many(blocked.place.blocks.into()))
            }),
            _ => text(&session.query),
        },
        (DatabaseFacts::Server(server), _) => match column {
            "VERSION" => order::version(&server.version),
            "ROLE" => text(&server.status()),
            "USED" => many(server.used.into()),
            "%" => many(server.percent().into()),
            "GROWTH" => most(server.growth.map(i64::from)),
            "ACTIVE" => many(server.active.into()),
            "IDLE" => many(server.idle.into()),
            "IN TX" => many(server.in_transaction.into()),
            "BLOCKED" => many(server.blocked.into()),
            "TPS" => most(server.commits_per_second.map(i64::from)),
            "CACHE" => least(server.cache_hit),
            "LAG" => most(server.lag.and_then(|lag| i64::try_from(lag.as_secs()).ok())),
            "XID" => most(server.xid_age),
            "DEADLOCKS" => most(server.deadlocks),
            _ => order::newest(server.started),
        },
        (DatabaseFacts::Replica(replica), _) => match column {
            "STATE" => text(&replica.status()),
            "MODE" => text(&replica.mode),
            "CLIENT" => text(&replica.client),
            "BEHIND" => replica.behind.map_or(SortKey::Missing, many),
            "WHAT" => text(what(replica)),
            "LAG" => longest(replica.lag),
            "WRITE" => longest(replica.write_lag),
            "FLUSH" => longest(replica.flush_lag),
            // What has the least left comes first.
            "LEFT" => replica.left.map_or(SortKey::Missing, SortKey::Number),
            "UNREAD" => oldest(replica.inactive),
            _ => text(&replica.wal_status),
        },
        (DatabaseFacts::Statement(statement), _) => match column {
            "LOAD" => statement.load().map_or(SortKey::Missing, |load| many(load.into())),
            "CALLS/M" => statement.calls_per_minute().map_or(SortKey::Missing, many),
            "MEAN" => statement.total.mean().map_or(SortKey::Missing, many),
            "TOTAL" => many(statement.total.time),
            "CALLS" => many(statement.total.calls),
            "ROWS" => many(statement.total.rows),
            // The lowest first: that is what is looked for.
            "HIT" => hit(statement).map_or(SortKey::Missing, |n| most(i64::try_from(n).ok().map(|n| -n))),
            "DB" => text(&statement.database),
            "USER" => text(&statement.user),
            _ => text(&statement.query),
        },
        (DatabaseFacts::Relation(relation), _) => match column {
            "SIZE" => many(relation.bytes),
            "ROWS" => most(relation.live),
            "DEAD" => most(relation.dead),
            "DEAD%" => most(relation.dead_share()),
            "VACUUM" => oldest(relation.vacuumed),
            "ANALYZE" => oldest(relation.analyzed),
            "SEQ" if &*relation.what == "index" => SortKey::Missing,
            "SEQ" => most(relation.scans),
            "INDEX" if &*relation.what == "index" => most(relation.scans),
            "INDEX" => most(relation.index_scans),
            "XID" => most(relation.xid_age),
            "WHAT" => text(&relation.what),
            _ => text(&relation.status()),
        },
        (DatabaseFacts::Database(database), _) => match column {
            "SIZE" => database.bytes.map_or(SortKey::Missing, many),
            "USED" => many(database.connections.into()),
            "XID" => most(database.xid_age),
            "CACHE" => least(database.cache_hit),
            "COMMITS" => most(database.commits),
            "ROLLBACKS" => most(database.rollbacks),
            "DEADLOCKS" => most(database.deadlocks),
            "TEMP" => most(database.temp_bytes),
            // The fullest first, then who has another trouble.
            _ => database.crowded().map_or_else(|| text(&database.status()), many),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_times_are_short() {
        for (n, text) in [(0, "0"), (999, "999"), (1_000, "1.0k"), (12_345, "12k"), (3_400_000, "3.4M")] {
            assert_eq!(short(n), text);
        }
        for (n, text) in
            [(7, "7µs"), (1_250, "1.2ms"), (250_000, "250ms"), (90_000_000, "90s"), (7_200_000_000, "2h")]
        {
            assert_eq!(span(n), text);
        }
    }
}
