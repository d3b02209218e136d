//! The database's source against `PostgreSQL` 12, 15 and 18.
mod broken;
mod bytes;
mod held;
mod kinds;
mod place;
pub(crate) mod watched;

use std::sync::Arc;

use firedeck::domain::action::{Check, Looked, Native, Outcome, Verb};
use firedeck::domain::database::{DatabaseFacts, FULL, ReplicaKind, State};
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;
use firedeck::domain::object::{Facts, Kind, Object};
use tokio_postgres::NoTls;

use crate::suite::{eventually, postgres_is_mine, postgres_versions};
use watched::{Watched, app, fill, in_database, url, usable};

#[tokio::test]
async fn the_gauge_counts_what_is_usable_on_every_version() {
    for version in postgres_versions() {
        let usable = usable(version);
        let _alone = postgres_is_mine(version).await;
        let idle = app(version, "web", "web").await;
        let mut watched = Watched::at(version, "watcher", &[Kind::Session, Kind::Database]).await;
        let pid = idle.pid;
        watched
            .until("the idle session", |w| w.session(pid).filter(|s| s.state == State::Idle).map(|_| ()))
            .await;
        let server = watched.server().expect("a server").clone();
        assert!(server.version.starts_with(version), "{server:?}");
        assert_eq!((server.usable(), server.max, server.standby), (usable, 25, false));
        assert!(server.used >= 2 && server.used < usable, "{server:?}");
        // Those of the test before may still be on their way out.
        watched
            .until("one session of the application", |w| {
                let share = w.server()?.by_application.iter().find(|share| &*share.name == "web")?;
                ((share.all, share.idle) == (1, 1)).then_some(())
            })
            .await;
        assert!(server.xid_age.is_some() && server.cache_hit.is_some() && server.deadlocks == Some(0));
        let own = watched.rows.values().filter(|object| match &object.facts {
            Facts::Database(DatabaseFacts::Session(session)) => {
                session.own && &*session.application == "firedeck"
            }
            _ => false,
        });
        assert_eq!(own.count(), 1, "one connection, which counts as every other");
        let rights = watched.place.rights.clone().unwrap_or_default();
        assert!(rights.contains("sees all sessions"), "{rights}");
        assert_eq!(rights.contains("without TLS"), version != "18", "{rights}");
        // From 16 on a slot can be kept for roles that may use it, and this one may not.
        let missing = watched.place.missing.join("; ");
        let hint = "no slot is kept for us when the server is full: GRANT pg_use_reserved_connections TO \"watcher\";";
        assert_eq!(missing, if version == "18" { hint } else { "" });
        assert_eq!(watched.place.server, url(version, "watcher").rsplit('@').next().unwrap());
        let size = watched
            .until("the size of the database", |w| {
                match &w.rows.get(&(Kind::Database, "postgres".into()))?.facts {
                    Facts::Database(DatabaseFacts::Database(database)) => database.bytes,
                    _ => None,
                }
            })
            .await;
        assert!(size > 1 << 20);
        assert!(watched.rows.contains_key(&(Kind::Database, "template0".to_owned())), "its age counts, too");
    }
}

#[tokio::test]
async fn a_session_that_is_not_tracked_is_not_known() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let mut watched = Watched::at(version, "watcher", &[Kind::Session]).await;
        let admin = app(version, "postgres", "untracked").await;
        admin.run("SET track_activities = off").await;
        let pid = admin.pid;
        let untracked = watched.until("the untracked session", |w| {
            w.session(pid).filter(|s| s.state == State::Disabled).cloned()
        });
        assert_eq!(untracked.await.level, Level::Unknown);
    }
}

#[tokio::test]
async fn killing_the_root_of_a_blocking_tree_frees_all_that_wait_and_that_is_seen() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let (root, middle, last) = (
            app(version, "web", "root").await,
            app(version, "web", "middle").await,
            app(version, "web", "last").await,
        );
        root.run("BEGIN; UPDATE stock SET n = n + 1 WHERE id = 1").await;
        middle.run("BEGIN; UPDATE stock SET n = n + 1 WHERE id = 2").await;
        let root_pid = root.pid;
        let middle = middle.hang("UPDATE stock SET n = n + 1 WHERE id = 1; COMMIT");
        let last = last.hang("UPDATE stock SET n = n + 1 WHERE id = 2");
        let mut watched = Watched::at(version, "watcher", &[Kind::Session]).await;
        watched
            .until("a tree of three", |w| {
                (w.session(root_pid)?.blocks() == 2 && w.server()?.blocked == 2).then_some(())
            })
            .await;
        let depth =
            |pid| watched.session(pid).unwrap().blocked.as_ref().map(|b| (b.place.root, b.place.depth));
        assert_eq!([root_pid, middle, last].map(depth), [0, 1, 2].map(|depth| Some((root_pid, depth))));
        assert_eq!(watched.session(last).unwrap().blocked.as_ref().unwrap().by, [middle]);

        let target = watched.rows[&(Kind::Session, last.to_string())].id.clone();
        let inspection = watched.backend.inspect(&target).await;
        let tree = inspection.owners.iter().filter(|branch| &*branch.kind == "Session");
        let names: Vec<&str> = tree.map(|branch| &*branch.name).collect();
        assert_eq!(names, [root_pid, middle, last].map(|pid| pid.to_string()), "the tree around it");
        let text = format!("{:?}", inspection.sections);
        assert!(text.contains("awaits") && text.contains("WHERE id = 2"), "{text}");

        let kill = watched.native(root_pid, Verb::Terminate { frees: 0 });
        let found = watched.look(&kill).await;
        assert_eq!(
            (&found.allowed, &found.drift, found.unchecked.len()),
            (&Check::Yes, &None, 0),
            "{found:?}"
        );
        assert_eq!(found.actions[0].native.verb, Verb::Terminate { frees: 2 });
        let effect = found.effect.join("\n");
        for word in
            ["web on postgres from 127.0.0.1, application root", "idle in tx", "frees 2", "ran last: "]
        {
            assert!(effect.contains(word), "{word}: {effect}");
        }
        let (outcome, said) = watched.act(found.actions[0].clone()).await;
        // On a busy box it is settled before those that waited are seen to go on, which is seen below.
        assert!(matches!(outcome, Outcome::Settled { .. }), "{outcome:?} after {said:?}");
        assert!(matches!(said[..], [Outcome::Accepted { .. }]));
        watched
            .until("the tree to be gone", |w| {
                (w.session(root_pid).is_none() && w.server()?.blocked == 0).then_some(())
            })
            .await;
    }
}

#[tokio::test]
async fn a_number_that_was_given_to_another_session_is_not_terminated() {
    let _alone = postgres_is_mine("15").await;
    let victim = app("15", "web", "innocent").await;
    let mut watched = Watched::at("15", "watcher", &[Kind::Session]).await;
    let pid = victim.pid;
    watched.until("the session", |w| w.session(pid).map(|_| ())).await;
    let mut native = watched.native(pid, Verb::Terminate { frees: 0 });
    native.uid = format!("{pid}@2020-01-01 00:00:00+00").into();
    let found = watched.look(&native).await;
    let drift = found.drift.expect("it is seen to be another");
    assert!(drift.contains("another session"), "{drift}");
    let (outcome, _) = watched.act(Looked { native, generation: None, also: None }).await;
    assert!(matches!(&outcome, Outcome::Refused { why } if why.contains("another")), "{outcome:?}");
    victim.run("SELECT 1").await;
}

#[tokio::test]
async fn cancelling_ends_the_query_that_was_shown_and_leaves_the_session() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let session = app(version, "web", "slow").await;
        let pid = session.pid;
        let (client, query) = (Arc::new(session.client), "SELECT pg_sleep(600)");
        let running = tokio::spawn({
            let client = client.clone();
            async move { client.batch_execute(query).await.map_err(|error| error.code().cloned()) }
        });
        let mut watched = Watched::at(version, "watcher", &[Kind::Session]).await;
        watched.until("the query", |w| (&*w.session(pid)?.query == query).then_some(())).await;
        let found = watched.look(&watched.native(pid, Verb::Cancel)).await;
        assert!(found.actions[0].generation.is_some() && found.warnings.is_empty(), "{found:?}");
        let mut other = found.actions[0].clone();
        other.generation = other.generation.map(|began| began - 1);
        let (outcome, _) = watched.act(other).await;
        assert!(matches!(outcome, Outcome::Refused { .. }), "another query was not shown: {outcome:?}");
        let unseen = Looked { generation: None, ..found.actions[0].clone() };
        let (outcome, _) = watched.act(unseen).await;
        assert!(matches!(&outcome, Outcome::Refused { why } if why.contains("was not seen")), "{outcome:?}");
        let (outcome, _) = watched.act(found.actions[0].clone()).await;
        assert!(matches!(outcome, Outcome::Settled { .. }), "{outcome:?}");
        let code = running.await.unwrap().expect_err("it was cancelled");
        assert_eq!(code.unwrap().code(), "57014");
        client.batch_execute("SELECT 1").await.expect("the session stays");
    }
}

#[tokio::test]
async fn without_pg_monitor_it_says_how_much_it_sees_and_what_to_grant() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let other = app(version, "web", "web").await;
        let pid = other.pid.to_string();
        let mut watched = Watched::at(version, "stranger", &[Kind::Session, Kind::Statement]).await;
        let rights =
            watched.until("the rights", |w| w.place.rights.clone().filter(|r| r.contains("sees"))).await;
        assert!(rights.starts_with("sees 1 of "), "{rights}");
        let missing = watched.place.missing.join("\n");
        assert!(missing.contains("GRANT pg_monitor TO \"stranger\";"), "{missing}");
        assert!(missing.contains("GRANT pg_signal_backend TO \"stranger\";"), "{missing}");
        let server = watched.server().unwrap();
        assert!(server.used >= 2 && server.hidden >= 1, "the others are counted: {server:?}");
        let hidden = watched
            .until("the hidden session", |w| {
                let row = w.rows.get(&(Kind::Session, pid.clone()))?;
                (&*row.status() == "hidden").then(|| row.clone())
            })
            .await;
        assert_eq!(hidden.level(), Level::Unknown);
        let native =
            Native { target: hidden.id.clone(), uid: hidden.uid.clone(), verb: Verb::Terminate { frees: 0 } };
        let found = watched.look(&native).await;
        let grant = |why: &str| why.contains("GRANT pg_monitor");
        assert!(matches!(&found.allowed, Check::No(why) if grant(why)), "{found:?}");
        let (outcome, _) = watched.act(found.actions[0].clone()).await;
        assert!(matches!(&outcome, Outcome::Refused { why } if grant(why)), "{outcome:?}");
    }
}

#[tokio::test]
async fn who_may_see_but_not_end_is_told_what_to_grant() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let other = app(version, "web", "web").await;
        let mut watched = Watched::at(version, "seer", &[Kind::Session]).await;
        let pid = other.pid;
        watched.until("the session", |w| w.session(pid).map(|_| ())).await;
        let found = watched.look(&watched.native(pid, Verb::Terminate { frees: 0 })).await;
        let grant = |why: &str| why.contains("GRANT pg_signal_backend TO \"seer\"");
        assert!(matches!(&found.allowed, Check::No(why) if grant(why)), "{found:?}");
        let (outcome, _) = watched.act(found.actions[0].clone()).await;
        assert!(
            matches!(&outcome, Outcome::Refused { why } if why.contains("pg_signal_backend")),
            "{outcome:?}"
        );
        other.run("SELECT 1").await;
    }
}

#[tokio::test]
async fn statements_tables_and_replication_are_read_on_every_version() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let session = app(version, "web", "web").await;
        session.run("SELECT count(*) FROM stock WHERE n >= 0").await;
        let kinds = [Kind::Statement, Kind::Relation, Kind::Replica];
        let mut watched = Watched::at(version, "watcher", &kinds).await;
        let statement = watched
            .until("the statement", |w| {
                w.rows.values().find_map(|object| match &object.facts {
                    Facts::Database(DatabaseFacts::Statement(s))
                        if s.query.contains("FROM stock WHERE n >=") =>
                    {
                        Some((object.id.clone(), (**s).clone()))
                    }
                    _ => None,
                })
            })
            .await;
        assert!(statement.1.total.calls >= 1 && &*statement.1.user == "web", "{statement:?}");
        session.run("SELECT count(*) FROM stock WHERE n >= 0").await;
        let calls = statement.1.total.calls;
        watched
            .until("what was added since", |w| {
                match &w.rows.get(&(Kind::Statement, statement.0.name.to_string()))?.facts {
                    Facts::Database(DatabaseFacts::Statement(s)) if s.total.calls > calls => s.lately,
                    _ => None,
                }
            })
            .await;
        let whole = watched.backend.inspect(&statement.0).await;
        assert!(format!("{:?}", whole.sections).contains("FROM stock WHERE n >="), "{whole:?}");
        let index = watched.rows[&(Kind::Relation, "public.stock_n".to_owned())].clone();
        let Facts::Database(DatabaseFacts::Relation(index)) = &index.facts else { panic!("{index:?}") };
        assert!(index.unused() && &*index.of == "stock", "{index:?}");
        assert!(watched.rows.contains_key(&(Kind::Relation, "public.stock".to_owned())));
        let admin = app(version, "postgres", "admin").await;
        admin.run("SELECT pg_create_physical_replication_slot('left_over', true)").await;
        let slot = watched
            .until("the slot", |w| match &w.rows.get(&(Kind::Replica, "slot left_over".into()))?.facts {
                Facts::Database(DatabaseFacts::Replica(replica)) => Some((**replica).clone()),
                _ => None,
            })
            .await;
        admin.run("SELECT pg_drop_replication_slot('left_over')").await;
        assert_eq!((slot.kind, &*slot.state), (ReplicaKind::Slot, "inactive"));
        assert_eq!(slot.wal_status.is_empty(), version == "12", "{slot:?}");
        assert!(slot.behind.is_some());
    }
}

#[tokio::test]
async fn a_table_that_is_locked_holds_nothing_up() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let holder = app(version, "postgres", "holder").await;
        holder.run("BEGIN; LOCK TABLE stock IN ACCESS EXCLUSIVE MODE").await;
        let mut watched = Watched::at(version, "watcher", &[Kind::Relation]).await;
        watched
            .until("the tables", |w| w.rows.get(&(Kind::Relation, "public.stock".to_owned())).map(|_| ()))
            .await;
        assert_eq!(watched.state, Some(FeedState::Live));
        holder.run("ROLLBACK").await;
    }
}

#[tokio::test]
async fn a_full_server_is_waited_for_and_an_open_connection_goes_on() {
    for version in postgres_versions() {
        let usable = usable(version);
        let _alone = postgres_is_mine(version).await;
        let mut before = Watched::at(version, "watcher", &[Kind::Session]).await;
        let all = fill(version).await;
        before.until("the full gauge", |w| w.server().filter(|s| s.used >= usable).map(|_| ())).await;
        assert_eq!(before.server().unwrap().level(), Level::Bad);

        let mut late = Watched::of(&url(version, "watcher"), None, &[Kind::Session]);
        let why = late
            .until("to be told that it is full", |w| match w.state.as_ref()? {
                FeedState::Down { why, .. } => Some(why.clone()),
                _ => None,
            })
            .await;
        assert!(why.contains("the server is full") && why.contains("emergency_url"), "{why}");

        let reserved = url(version, "postgres");
        let mut rescued = Watched::of(&url(version, "watcher"), Some(reserved), &[Kind::Session]);
        let why = rescued
            .until("to be told of the way in", |w| match w.state.as_ref()? {
                FeedState::Down { why, .. } => Some(why.clone()),
                _ => None,
            })
            .await;
        assert!(why.starts_with(FULL) && why.contains("when it is asked for"), "{why}");
        // Tried again and again, and never taken by itself.
        rescued
            .until("the third try", |w| {
                (w.states.iter().filter(|s| matches!(s, FeedState::Down { next_try: Some(_), .. })).count()
                    > 2)
                .then_some(())
            })
            .await;
        assert!(!rescued.states.contains(&FeedState::Live));
        rescued.backend.rescue(&"main".into());
        rescued.signals.retry.notify_waiters();
        rescued
            .until("the reserved role's way in", |w| (w.state == Some(FeedState::Live)).then_some(()))
            .await;
        let rights = rescued.until("its words", |w| w.place.rights.clone()).await;
        assert!(rights.contains("in as the reserved role `postgres`, the server is full"), "{rights}");

        // Two: the reserved role took a slot, too.
        let victims = rescued.rows.values().filter_map(|object| match &object.facts {
            Facts::Database(DatabaseFacts::Session(s)) if &*s.user == "web" => Some(s.pid),
            _ => None,
        });
        for victim in victims.take(2).collect::<Vec<_>>() {
            let found = rescued.look(&rescued.native(victim, Verb::Terminate { frees: 0 })).await;
            let (outcome, _) = rescued.act(found.actions[0].clone()).await;
            assert!(matches!(outcome, Outcome::Settled { .. }), "{outcome:?}");
        }
        late.until("the slot that came free", |w| (w.state == Some(FeedState::Live)).then_some(())).await;
        drop(all);
        rescued
            .until("the reserved slot given back", |w| {
                w.place.rights.clone().filter(|r| !r.contains("reserved role"))
            })
            .await;
    }
}

#[tokio::test]
async fn a_locked_catalog_is_said_and_the_connection_is_kept_until_it_is_free() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let mut watched = Watched::at(version, "watcher", &[Kind::Session]).await;
        let own = |w: &Watched| {
            w.rows.values().find(|row| row.status() == "active" && is_own(row)).map(|o| o.uid.clone())
        };
        let before = own(&watched).expect("our own session");
        let admin = app(version, "postgres", "admin").await;
        admin.run("BEGIN; LOCK TABLE pg_catalog.pg_database IN ACCESS EXCLUSIVE MODE").await;
        let why = watched
            .until("to be told what is locked", |w| match w.state.as_ref()? {
                FeedState::Down { why, .. } => Some(why.clone()),
                _ => None,
            })
            .await;
        assert!(why.contains("locked"), "{why}");
        admin.run("ROLLBACK").await;
        watched.until("recovery", |w| (w.state == Some(FeedState::Live)).then_some(())).await;
        assert_eq!(own(&watched), Some(before), "the slot was not given up");
    }
}

fn is_own(row: &Object) -> bool {
    matches!(&row.facts, Facts::Database(DatabaseFacts::Session(session)) if session.own)
}

/// Statistics of statements that take a minute to be read.
const SLOW: &str = "CREATE EXTENSION pg_stat_statements SCHEMA public;
    ALTER EXTENSION pg_stat_statements DROP VIEW pg_stat_statements;
    ALTER EXTENSION pg_stat_statements DROP FUNCTION pg_stat_statements(boolean);
    ALTER FUNCTION pg_stat_statements(boolean) RENAME TO counted;
    CREATE FUNCTION pg_stat_statements(boolean) RETURNS SETOF pg_stat_statements LANGUAGE sql
        AS 'SELECT pg_sleep(60); SELECT * FROM pg_stat_statements'";

/// How many seconds after the beginning of a poll that hangs an action is settled, by the server's clock.
async fn settled_after(version: &str, client: &tokio_postgres::Client) -> (f64, Watched) {
    let victim = app(version, "web", "victim").await;
    let mut watched = Watched::of(&in_database(version, "watcher", "slow"), None, &[Kind::Session]);
    let pid = victim.pid;
    watched.until("the session", |w| w.session(pid).map(|_| ())).await;
    let native = watched.native(pid, Verb::Terminate { frees: 0 });
    watched.backend.watch(&[Kind::Session, Kind::Statement]);
    let polls = "SELECT extract(epoch FROM query_start)::float8 FROM pg_stat_activity \
        WHERE application_name = 'firedeck' AND state = 'active' AND query LIKE '%pg_stat_statements(true)%' \
        AND pid <> pg_backend_pid() AND clock_timestamp() - query_start > interval '100 ms'";
    let poll =
        eventually("a poll that hangs", async || client.query_opt(polls, &[]).await.expect("an answer"));
    let began: f64 = poll.await.get(0);
    let found = watched.look(&native).await;
    let (outcome, _) = watched.act(found.actions[0].clone()).await;
    assert!(matches!(outcome, Outcome::Settled { .. }), "{outcome:?} after {found:?}");
    let now = "SELECT extract(epoch FROM clock_timestamp())::float8";
    let now: f64 = client.query_one(now, &[]).await.expect("an answer").get(0);
    (now - began, watched)
}

#[tokio::test]
async fn an_action_cancels_the_poll_that_is_in_its_way() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let admin = app(version, "postgres", "admin").await;
        admin.run("DROP DATABASE IF EXISTS slow").await;
        admin.run("CREATE DATABASE slow").await;
        let there = in_database(version, "postgres", "slow");
        let (client, connection) = tokio_postgres::connect(&there, NoTls).await.expect("a slot");
        tokio::spawn(async move { _ = connection.await });
        client.batch_execute(SLOW).await.expect("made");
        // Left alone, a poll is given up after three seconds. A busy box may itself take as long, now and then.
        let mut watched = None;
        for _ in 0..8 {
            let (after, source) = settled_after(version, &client).await;
            if after < 2.5 {
                watched = Some(source);
                break;
            }
        }
        let mut watched = watched.expect("an action that does not wait for the poll");
        let told = |w: &Watched| w.place.missing.iter().any(|what| what.contains("more than 3 s"));
        watched.until("to be told what takes too long", |w| told(w).then_some(())).await;
        assert_eq!(watched.states.iter().filter(|s| matches!(s, FeedState::Down { .. })).count(), 0);
    }
}
