//! Everything about one row: a session with its whole query, its locks and the tree around it; of all else what
//! is known.
use std::time::Duration;

use tokio_postgres::types::{ToSql, Type};

use super::Server;
use super::link::{Fault, Session as Held};
use super::look::{find, find_all, tree};
use super::value::{count, flag, raw, text};
use crate::domain::Text;
use crate::domain::database::{self, DatabaseFacts, PREPARED, Session, Tree, without_passwords};
use crate::domain::level::Level;
use crate::domain::news::{Branch, Inspection, Section, SectionLine};
use crate::domain::object::{Facts, Kind, ObjectRef};
use crate::domain::text::{clean_lines, clean_to, grouped};
use crate::domain::time::{Age, Timestamp};
use crate::sources::backend::unreadable;
use crate::sources::now;

const QUERY: &str = "SELECT query FROM pg_catalog.pg_stat_activity WHERE pid = $1";
/// Names are there for what is in this database or in all of them.
const LOCKS: &str = "SELECT l.granted, l.mode, l.locktype, coalesce(c.relname::text, l.relation::text, \
    l.transactionid::text, l.virtualxid, l.objid::text, '') FROM pg_catalog.pg_locks l \
    LEFT JOIN pg_catalog.pg_class c ON c.oid = l.relation AND l.database IN \
    (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())) \
    WHERE l.pid = $1 ORDER BY l.granted, 4, 2 LIMIT 80";

pub async fn inspect(server: &Server, target: &ObjectRef) -> Inspection {
    let seen = match (target.kind, target.name.parse::<i32>()) {
        (Kind::Session, Ok(pid)) if pid != PREPARED => session(server, target, pid).await,
        _ => known(server, target).await,
    };
    seen.unwrap_or_else(|fault| unreadable(target, fault.words()))
}

fn line(label: &str, value: impl Into<String>) -> SectionLine {
    SectionLine { label: label.into(), value: value.into(), level: Level::Fine, indent: 0 }
}

fn section(title: &str, lines: Vec<SectionLine>) -> Section {
    let lines = lines.into_iter().filter(|line| !line.value.is_empty()).collect();
    Section { title: title.into(), lines }
}

async fn session(server: &Server, target: &ObjectRef, pid: i32) -> Result<Inspection, Fault> {
    let turn = server.link.first().await?;
    let held = turn.as_ref().ok_or_else(|| Fault::Lost("not connected".into()))?;
    let Some(mut session) = find(held, pid).await? else {
        return Ok(unreadable(target, format!("session {pid} is gone")));
    };
    let mut inspection = unreadable(target, "");
    inspection.missing.clear();
    let query = held.ask(QUERY, &[(&pid, Type::INT4)]).await?;
    let query = query.first().and_then(|row| raw(row, 0)).unwrap_or_default();
    session.level = session.judge(now());
    inspection.uid = Some(session.uid().into());
    inspection.sections.push(section("session", about(&session, now())));
    inspection.sections.push(section("query", whole(&query)));
    match tree(held).await {
        Ok(tree) => {
            inspection.sections.extend(waits(&tree, pid));
            inspection.owners = branches(held, target, &tree, pid).await?;
        }
        Err(fault) => inspection.missing.push(format!("who waits for whom: {}", fault.words())),
    }
    match held.ask(LOCKS, &[(&pid, Type::INT4)]).await {
        Ok(rows) => {
            let locks = rows.iter().map(|row| {
                let held = flag(row, 0);
                let value = format!("{} on {} {}", text(row, 1), text(row, 2), text(row, 3));
                let level = if held { Level::Fine } else { Level::Warn };
                SectionLine { level, ..line(if held { "holds" } else { "awaits" }, value.trim_end()) }
            });
            inspection.sections.push(section("locks", locks.collect()));
        }
        Err(fault @ Fault::Said { .. }) => inspection.missing.push(format!("its locks: {}", fault.words())),
        Err(fault) => return Err(fault),
    }
    if let Some(id) = session.query_id {
        match counted(held, target, id, &session).await {
            Ok(Some((section, branch))) => {
                inspection.sections.push(section);
                inspection.owners.push(branch);
            }
            // Where nothing is counted, the statements' own table says so.
            Ok(None) => {}
            Err(fault @ Fault::Said { .. }) => {
                inspection.missing.push(format!("its statement: {}", fault.words()));
            }
            Err(fault) => return Err(fault),
        }
    }
    if session.hidden {
        let user = super::sql::name(&held.greeting.user);
        inspection.missing.push(format!("what it does is hidden: GRANT pg_monitor TO {user};"));
    }
    Ok(inspection)
}

fn about(session: &Session, now: Timestamp) -> Vec<SectionLine> {
    let age = |at: Option<Timestamp>| at.map_or_else(String::new, |at| Age(now.since(at)).to_string());
    let wait = session.wait.as_ref().map_or_else(String::new, |(kind, name)| format!("{kind}: {name}"));
    vec![
        line("pid", session.pid.to_string()),
        line("began", session.began.to_string()),
        line("backend", session.backend.to_string()),
        line("user", session.user.to_string()),
        line("database", session.database.to_string()),
        line("application", session.application.to_string()),
        line("client", session.client.to_string()),
        SectionLine { level: session.level, ..line("state", session.status()) },
        line("in this state for", age(session.since)),
        line("transaction open for", age(session.transaction)),
        line("query began", age(session.query_began)),
        line("waits for", wait),
        line("xmin age", session.xmin_age.map_or_else(String::new, |n| n.to_string())),
        line("statement", session.query_id.map_or_else(String::new, |id| id.to_string())),
    ]
}

/// A query line by line, without its passwords.
fn whole(query: &str) -> Vec<SectionLine> {
    let text = without_passwords(query);
    clean_lines(&text).lines().take(400).map(|row| line("", row)).collect()
}

fn waits(tree: &Tree, pid: i32) -> Option<Section> {
    let place = tree.place(pid)?;
    let by: Vec<String> = tree.blockers(pid).iter().map(ToString::to_string).collect();
    let mut lines = vec![line("blocked by", by.join(", "))];
    if place.blocks > 0 {
        lines.push(line("blocks", place.blocks.to_string()));
    }
    if place.root != pid {
        lines.push(SectionLine { level: Level::Warn, ..line("all wait for", place.root.to_string()) });
    }
    Some(section("waits", lines))
}

/// The tree around a session, from its root down.
async fn branches(held: &Held, target: &ObjectRef, tree: &Tree, pid: i32) -> Result<Vec<Branch>, Fault> {
    let mut branches = Vec::new();
    let Some(place) = tree.place(pid) else { return Ok(branches) };
    let members: Vec<(i32, u8)> = tree.members(place.root).into_iter().take(60).collect();
    let pids: Vec<i32> = members.iter().map(|(pid, _)| *pid).collect();
    let sessions = find_all(held, &pids).await?;
    for (member, depth) in members {
        let session = sessions.iter().find(|session| session.pid == member);
        let status = session.map_or_else(
            || "a prepared transaction, or gone".to_owned(),
            |session| format!("{} {}: {}", session.user, session.status(), session.query),
        );
        let name: Text = member.to_string().into();
        branches.push(Branch {
            depth,
            kind: "Session".into(),
            target: session.map(|_| target.sibling(Kind::Session, name.clone())),
            name,
            status: clean_to(&status, 160).into_owned(),
            level: if depth == 0 { Level::Bad } else { Level::Warn },
        });
    }
    Ok(branches)
}

/// What its statement cost so far, and the way to its row.
async fn counted(
    held: &Held,
    target: &ObjectRef,
    id: i64,
    session: &Session,
) -> Result<Option<(Section, Branch)>, Fault> {
    let found = held.ask(super::sql::EXTENSION, &[]).await?;
    let Some(extension) = found.first() else { return Ok(None) };
    let ask = super::sql::one_statement(&text(extension, 0), &text(extension, 1));
    let (user, database) = (&*session.user, &*session.database);
    let values = [(&id as &(dyn ToSql + Sync), Type::INT8), (&database, Type::TEXT), (&user, Type::TEXT)];
    let rows = match held.ask(&ask, &values).await {
        // It is not loaded.
        Err(fault) if fault.has_code("55000") => return Ok(None),
        other => other?,
    };
    let Some(row) = rows.first() else { return Ok(None) };
    let (calls, time) = (count(row, 0), count(row, 1));
    let mean = time.checked_div(calls).unwrap_or(0);
    let lines = vec![
        line("number", id.to_string()),
        line("calls", grouped(calls)),
        line("mean", format!("{} µs", grouped(mean))),
        line("total", format!("{} ms", grouped(time / 1000))),
        line("rows", grouped(count(row, 2))),
    ];
    let name: Text = format!("{id}@{database}/{user}").into();
    let branch = Branch {
        depth: 0,
        kind: "Statement".into(),
        target: Some(target.sibling(Kind::Statement, name.clone())),
        name,
        status: format!("{} calls, {} µs each", grouped(calls), grouped(mean)),
        level: Level::Fine,
    };
    Ok(Some((section("its statement so far", lines), branch)))
}

/// Of anything else: what the last look said, and the whole text of a statement.
async fn known(server: &Server, target: &ObjectRef) -> Result<Inspection, Fault> {
    let object = server.board.lock().ok().and_then(|board| board.get(target).cloned());
    let Some(object) = object else {
        let why = match target.kind {
            // It is among them from the next look on.
            Kind::Statement => "the statements are not read yet: try again in a moment",
            _ => "it is gone",
        };
        return Ok(unreadable(target, why));
    };
    let Facts::Database(facts) = &object.facts else { return Ok(unreadable(target, "it is gone")) };
    let mut inspection = unreadable(target, "");
    inspection.missing.clear();
    inspection.uid = Some(object.uid.clone());
    inspection.sections.push(section(&target.kind.to_string(), facts_of(facts, now())));
    if target.kind == Kind::Server {
        let turn = server.link.first().await?;
        let held = turn.as_ref().ok_or_else(|| Fault::Lost("not connected".into()))?;
        let (sections, missing) = super::writes::sections(held).await?;
        inspection.sections.extend(sections);
        inspection.missing.extend(missing);
    }
    if target.kind == Kind::Statement {
        let turn = server.link.first().await?;
        let held = turn.as_ref().ok_or_else(|| Fault::Lost("not connected".into()))?;
        match statement(held, &object.uid).await {
            Ok(query) => inspection.sections.push(section("query", whole(&query))),
            Err(fault) => inspection.missing.push(format!("its whole text: {}", fault.words())),
        }
    }
    Ok(inspection)
}

async fn statement(held: &Held, id: &str) -> Result<String, Fault> {
    let found = held.ask(super::sql::EXTENSION, &[]).await?;
    let schema = found.first().map(|row| text(row, 0)).unwrap_or_default();
    let ask = format!(
        "SELECT query FROM {}.pg_stat_statements WHERE queryid = $1::text::int8 LIMIT 1",
        super::sql::name(&schema)
    );
    let rows = held.ask(&ask, &[(&id, Type::TEXT)]).await?;
    Ok(rows.first().and_then(|row| raw(row, 0)).unwrap_or_default())
}

fn facts_of(facts: &DatabaseFacts, now: Timestamp) -> Vec<SectionLine> {
    let n = |n: Option<i64>| n.map_or_else(|| "–".to_owned(), |n| grouped(u64::try_from(n).unwrap_or(0)));
    let big = |n: Option<u64>| n.map_or_else(|| "–".to_owned(), grouped);
    let ago = |at: Option<Timestamp>| at.map_or_else(|| "never".into(), |at| Age(now.since(at)).past());
    let span = |lag: Option<Duration>| lag.map_or_else(String::new, |lag| format!("{} ms", lag.as_millis()));
    let n_of = |n: i64| grouped(u64::try_from(n).unwrap_or(0));
    match facts {
        DatabaseFacts::Server(server) => of_server(server, now),
        DatabaseFacts::Session(session) => about(session, now),
        DatabaseFacts::Replica(replica) => vec![
            SectionLine { level: replica.level(), ..line("state", replica.status()) },
            line("client or database", replica.client.to_string()),
            line("mode", replica.mode.to_string()),
            line("bytes behind or kept", big(replica.behind)),
            line("applied there after", span(replica.lag)),
            line("WAL", replica.wal_status.to_string()),
            line("slot", replica.slot.to_string()),
            line("written there after", span(replica.write_lag)),
            line("safe there after", span(replica.flush_lag)),
            line(
                "left until it is lost",
                replica.left.map_or_else(String::new, |n| format!("{} bytes", n_of(n))),
            ),
            line(
                "not read for",
                replica.inactive.map_or_else(String::new, |at| Age(now.since(at)).to_string()),
            ),
            SectionLine { level: Level::Bad, ..line("of no use", replica.invalid.to_string()) },
        ],
        DatabaseFacts::Group(group) => vec![
            line("by", group.by.word()),
            line("name", group.value.to_string()),
            SectionLine { level: group.level(), ..line("connections", group.all.to_string()) },
            line("limit", group.limit.map_or_else(|| "none of its own".into(), |limit| limit.to_string())),
        ],
        DatabaseFacts::Operation(operation) => vec![
            line("what", operation.what.to_string()),
            line("table", operation.on.to_string()),
            line("phase", operation.phase.to_string()),
        ],
        DatabaseFacts::Statement(statement) => vec![
            line("database", statement.database.to_string()),
            line("user", statement.user.to_string()),
            line("calls", grouped(statement.total.calls)),
            line("total", format!("{} ms", grouped(statement.total.time / 1000))),
            line(
                "mean",
                statement.total.mean().map_or_else(|| "–".into(), |mean| format!("{} µs", grouped(mean))),
            ),
            line("rows", grouped(statement.total.rows)),
            line("blocks in memory", grouped(statement.total.hit)),
            line("blocks read", grouped(statement.total.read)),
            line("calls/min lately", big(statement.calls_per_minute())),
        ],
        DatabaseFacts::Relation(relation) => vec![
            line("what", relation.what.to_string()),
            line("of table", relation.of.to_string()),
            line("bytes", grouped(relation.bytes)),
            line("rows", n(relation.live)),
            SectionLine { level: relation.level(), ..line("dead rows", n(relation.dead)) },
            line("vacuumed", ago(relation.vacuumed)),
            line("analyzed", ago(relation.analyzed)),
            line("scans", n(relation.scans)),
            line("index scans", n(relation.index_scans)),
            line("xid age", n(relation.xid_age)),
        ],
        DatabaseFacts::Database(database) => vec![
            line("bytes", big(database.bytes)),
            line("connections", database.connections.to_string()),
            line("limit", database.limit.map_or_else(|| "none of its own".into(), |limit| limit.to_string())),
            SectionLine { level: database.level(), ..line("xid age", n(database.xid_age)) },
            line("deadlocks", n(database.deadlocks)),
            line("temporary bytes", n(database.temp_bytes)),
            line("cache hit", database.cache_hit.map_or_else(|| "–".into(), |hit| format!("{hit:.1} %"))),
            line("commits", n(database.commits)),
            line("rollbacks", n(database.rollbacks)),
        ],
    }
}

fn of_server(server: &database::Server, now: Timestamp) -> Vec<SectionLine> {
    let n = |n: Option<i64>| n.map_or_else(|| "–".to_owned(), |n| grouped(u64::try_from(n).unwrap_or(0)));
    let ago = |at: Timestamp| Age(now.since(at)).past();

    let names = |shares: &[database::Share]| {
        let all = shares.iter().map(|s| {
            let name = if s.name.is_empty() { "unnamed" } else { &*s.name };
            format!("{name} {} ({} idle, {} in tx)", s.all, s.idle, s.in_transaction)
        });
        all.collect::<Vec<_>>().join(", ")
    };
    vec![
        line("version", server.version.to_string()),
        line("role", server.status()),
        line("started", ago(server.started)),
        SectionLine {
            level: server.gauge_level(),
            ..line(
                "connections",
                format!("{} of {} ({} reserved)", server.used, server.usable(), server.reserved),
            )
        },
        line("by application", names(&server.by_application)),
        line("by user", names(&server.by_user)),
        line("by client", names(&server.by_client)),
        line("by database", names(&server.by_database)),
        line("transactions/s", server.commits_per_second.map_or_else(|| "–".into(), |n| n.to_string())),
        line("rollbacks/s", server.rollbacks_per_second.map_or_else(|| "–".into(), |n| n.to_string())),
        line("cache hit", server.cache_hit.map_or_else(|| "–".into(), |hit| format!("{hit:.1} %"))),
        line("deadlocks", n(server.deadlocks)),
        line("temporary bytes", n(server.temp_bytes)),
        line("oldest xid age", n(server.xid_age)),
        SectionLine {
            level: server.lag_level(),
            ..line(
                "lag",
                match server.lag {
                    Some(lag) => format!("{} s", lag.as_secs()),
                    None if server.standby => "unknown".into(),
                    None => "not a replica".into(),
                },
            )
        },
        line(
            "lately",
            server.event.as_ref().map_or_else(String::new, |(at, what)| format!("{what}, {}", ago(*at))),
        ),
    ]
}
