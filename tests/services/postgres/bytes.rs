//! Text that is of no encoding, in a database that takes any.
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;

use firedeck::domain::database::DatabaseFacts;
use firedeck::domain::feed::FeedState;
use firedeck::domain::object::{Facts, Kind};
use tokio::process::Command;

use super::watched::{Watched, app, in_database, url};
use crate::suite::{postgres_is_mine, postgres_versions};

#[tokio::test]
async fn bytes_of_no_encoding_are_shown_as_far_as_they_can_be() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let admin = app(version, "postgres", "admin").await;
        let _ = admin.client.batch_execute("DROP DATABASE IF EXISTS bytes").await;
        admin.run("CREATE DATABASE bytes ENCODING 'SQL_ASCII' TEMPLATE template0").await;
        let address = in_database(version, "watcher", "bytes");
        let query = OsStr::from_bytes(b"SELECT pg_sleep(60) /* caf\xe9 \xff */");
        let mut psql = Command::new("psql");
        psql.args(["-X", "-d", &in_database(version, "web", "bytes"), "-c"]).arg(query);
        let mut psql = psql.env("PGCLIENTENCODING", "SQL_ASCII").kill_on_drop(true).spawn().expect("psql");
        for address in [url(version, "watcher"), address] {
            let mut watched = Watched::of(&address, None, &[Kind::Session, Kind::Statement]);
            let query = watched
                .until("the query", |w| {
                    w.rows.values().find_map(|object| match &object.facts {
                        Facts::Database(DatabaseFacts::Session(s)) if s.query.contains("/* caf") => {
                            Some(s.query.clone())
                        }
                        _ => None,
                    })
                })
                .await;
            assert_eq!(&*query, "SELECT pg_sleep(60) /* caf\u{fffd} \u{fffd} */");
            watched.until("the feed to be live", |w| (w.state == Some(FeedState::Live)).then_some(())).await;
            if address.ends_with("/bytes") {
                let missing = watched.place.missing.join("\n");
                assert!(missing.contains("CREATE EXTENSION pg_stat_statements"), "{missing}");
            }
        }
        psql.kill().await.expect("it ends");
        // Its text would keep those of all others from being read; the server sleeps on without its client.
        admin.run("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'bytes'").await;
        admin.run("SELECT pg_stat_statements_reset()").await;
    }
}
