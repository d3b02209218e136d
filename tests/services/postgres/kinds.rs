//! Every kind of a database's rows on every version: groups, long operations, prepared transactions, slots.
use firedeck::domain::database::{DatabaseFacts, Group, Operation, Replica, Server, Session};
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;
use firedeck::domain::object::{Facts, Kind, ObjectRef};

use super::watched::{Watched, app};
use crate::suite::{postgres_is_mine, postgres_versions};

const ALL: &[Kind] = &[
    Kind::Session,
    Kind::SessionGroup,
    Kind::Server,
    Kind::Replica,
    Kind::Statement,
    Kind::Relation,
    Kind::Database,
    Kind::Operation,
];

fn facts<'w>(watched: &'w Watched, kind: Kind, name: &str) -> Option<&'w DatabaseFacts> {
    match &watched.rows.get(&(kind, name.to_owned()))?.facts {
        Facts::Database(facts) => Some(facts),
        _ => None,
    }
}

fn group<'w>(watched: &'w Watched, name: &str) -> Option<&'w Group> {
    match facts(watched, Kind::SessionGroup, name)? {
        DatabaseFacts::Group(group) => Some(group),
        _ => None,
    }
}

fn operation(watched: &Watched, pid: i32) -> Option<&Operation> {
    match facts(watched, Kind::Operation, &pid.to_string())? {
        DatabaseFacts::Operation(operation) => Some(operation),
        _ => None,
    }
}

fn slot<'w>(watched: &'w Watched, name: &str) -> Option<&'w Replica> {
    match facts(watched, Kind::Replica, name)? {
        DatabaseFacts::Replica(replica) => Some(replica),
        _ => None,
    }
}

fn id(kind: Kind, name: &str) -> ObjectRef {
    ObjectRef { context: "main".into(), kind, namespace: "".into(), name: name.into() }
}

#[tokio::test]
async fn every_kind_is_read_on_every_version() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let number: u32 = version.parse().expect("a number");
        let admin = app(version, "postgres", "admin").await;
        let _ = admin.client.batch_execute("SELECT pg_drop_replication_slot('kept')").await;
        admin.run("SELECT pg_create_physical_replication_slot('kept', true)").await;
        let worker = app(version, "web", "My Worker".replace(' ', "%20").as_str()).await;
        worker.run("SELECT n FROM stock WHERE id = 7").await;
        let mut watched = Watched::at(version, "watcher", ALL).await;
        let kept = watched.until("the slot", |w| slot(w, "slot kept").cloned()).await;
        assert_eq!((kept.inactive.is_some(), &*kept.invalid), (number >= 17, ""), "{kept:?}");
        let mine = watched.until("the group", |w| group(w, "application My Worker").cloned()).await;
        assert_eq!((mine.all, mine.limit), (1, None));
        watched
            .until("the statements", |w| {
                w.rows.keys().any(|(kind, _)| *kind == Kind::Statement).then_some(())
            })
            .await;
        let unread = |what: &&String| {
            !what.contains("pg_use_reserved_connections") && !what.contains("alone are seen")
        };
        assert_eq!(watched.place.missing.iter().find(unread), None);

        let server = watched.backend.inspect(&id(Kind::Server, "main")).await;
        let titles: Vec<&str> = server.sections.iter().map(|section| section.title.as_str()).collect();
        let wal = (number >= 14).then_some("write-ahead log");
        let io = (number >= 16).then_some("input and output");
        let expected: Vec<&str> =
            ["server"].into_iter().chain(wal).chain(["checkpoints", "archive"]).chain(io).collect();
        assert_eq!((titles, server.missing), (expected, Vec::new()));

        let pid = worker.pid;
        watched.until("its session", |w| w.session(pid).map(|_| ())).await;
        let session = watched.backend.inspect(&id(Kind::Session, &pid.to_string())).await;
        assert_eq!(session.missing, Vec::<String>::new());
        let statement = session.owners.iter().find(|branch| &*branch.kind == "Statement");
        assert_eq!(statement.is_some(), number >= 14, "{:?}", session.sections);
        if let Some(row) = statement {
            let target = row.target.clone().expect("a way there");
            let name = target.name.to_string();
            watched.until("its row", |w| w.rows.get(&(Kind::Statement, name.clone())).map(|_| ())).await;
        }
        admin.run("SELECT pg_drop_replication_slot('kept')").await;
    }
}

#[tokio::test]
async fn a_role_at_its_own_limit_is_trouble_although_the_server_has_room() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let admin = app(version, "postgres", "admin").await;
        let _ =
            admin.client.batch_execute("CREATE ROLE tight LOGIN PASSWORD 'suite' CONNECTION LIMIT 2").await;
        let _held = [app(version, "tight", "a").await, app(version, "tight", "b").await];
        let mut watched = Watched::at(version, "watcher", &[Kind::SessionGroup]).await;
        let full = watched.until("the role at its limit", |w| {
            group(w, "user tight").filter(|g| g.limit == Some(2)).cloned()
        });
        let full = full.await;
        assert_eq!((full.level(), &*full.status()), (Level::Bad, "2 of 2 connections"));
        let said = watched.until("the server's word", |w| w.server()?.tight.clone()).await;
        assert_eq!((said.0, &*said.1), (Level::Bad, "role tight: 2 of 2 connections"));
        assert_eq!(watched.server().map(Server::level), Some(Level::Bad));
    }
}

#[tokio::test]
async fn a_prepared_transaction_that_holds_others_up_is_named_with_its_owner() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let web = app(version, "web", "web").await;
        for gid in ["it''s forgotten", "harmless"] {
            let _ = web.client.batch_execute(&format!("ROLLBACK PREPARED '{gid}'")).await;
        }
        web.run("BEGIN; UPDATE stock SET n = 1 WHERE id = 50; PREPARE TRANSACTION 'it''s forgotten'").await;
        web.run("BEGIN; UPDATE stock SET n = 1 WHERE id = 51; PREPARE TRANSACTION 'harmless'").await;
        let waits = app(version, "web", "waits").await.hang("UPDATE stock SET n = 2 WHERE id = 50");
        let mut watched = Watched::at(version, "watcher", &[Kind::Session]).await;
        let row = |w: &Watched, name: &str| match facts(w, Kind::Session, name)? {
            DatabaseFacts::Session(session) => Some((**session).clone()),
            _ => None,
        };
        let forgotten = watched
            .until("who holds it up", |w| row(w, "prepared it's forgotten").filter(|s| s.blocks() == 1))
            .await;
        assert_eq!((&*forgotten.user, &*forgotten.database, forgotten.pid), ("web", "postgres", 0));
        assert!(
            forgotten.transaction.is_some()
                && forgotten.query.contains("ROLLBACK PREPARED 'it''s forgotten'")
        );
        let harmless = row(&watched, "prepared harmless").expect("the other");
        assert_eq!((harmless.blocks(), harmless.root()), (0, None));
        assert_eq!(watched.session(waits).and_then(Session::root), Some(0));
        for gid in ["it''s forgotten", "harmless"] {
            web.run(&format!("ROLLBACK PREPARED '{gid}'")).await;
        }
        watched.until("them to be gone", |w| row(w, "prepared harmless").is_none().then_some(())).await;
    }
}

#[tokio::test]
async fn a_long_operation_says_how_far_it_is_and_whom_it_waits_for() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let admin = app(version, "postgres", "admin").await;
        admin.run("DROP TABLE IF EXISTS growing; CREATE TABLE growing (n int)").await;
        let writer = app(version, "postgres", "writer").await;
        writer.run("BEGIN; INSERT INTO growing VALUES (1)").await;
        let builds = app(version, "postgres", "builder")
            .await
            .hang("CREATE INDEX CONCURRENTLY growing_n ON growing (n)");
        let mut watched = Watched::at(version, "watcher", &[Kind::Session, Kind::Operation]).await;
        let seen = watched
            .until("the new index", |w| operation(w, builds).filter(|o| !o.notes.is_empty()).cloned())
            .await;
        assert_eq!(
            (&*seen.what, &*seen.on, &*seen.database),
            ("CREATE INDEX CONCURRENTLY", "growing", "postgres")
        );
        assert_eq!((&*seen.phase, seen.level()), ("waiting for writers before build", Level::Warn));
        assert_eq!((&*seen.notes, seen.percent()), (format!("waits for {}", writer.pid).as_str(), Some(0)));
        assert!(seen.since.is_some());
        writer.run("COMMIT").await;
        watched.until("its end", |w| operation(w, builds).is_none().then_some(())).await;
        assert_eq!(watched.state, Some(FeedState::Live));
        // A stranger sees that there is one, and not what.
        writer.run("BEGIN; INSERT INTO growing VALUES (1)").await;
        let builds = app(version, "postgres", "builder")
            .await
            .hang("CREATE INDEX CONCURRENTLY growing_m ON growing (n)");
        let mut stranger = Watched::at(version, "stranger", &[Kind::Operation]).await;
        let hidden = stranger.until("the hidden one", |w| operation(w, builds).cloned()).await;
        assert_eq!((hidden.level(), &*hidden.status()), (Level::Unknown, "hidden"));
        writer.run("COMMIT").await;
    }
}
