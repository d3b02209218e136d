//! Where a server is and what becomes of it: over TLS or not, restarted, a standby that is promoted.
use std::process::Command;

use firedeck::domain::database::{DatabaseFacts, ReplicaKind};
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;
use firedeck::domain::object::{Facts, Kind};

use super::watched::{Watched, url};
use crate::suite::{postgres_is_mine, postgres_stays, setting};

/// Restarts a server, or makes a standby; what it prints.
async fn server(words: &'static [&'static str]) -> String {
    let run = move || Command::new(setting("POSTGRES_SERVER")).args(words).output().expect("the script runs");
    let output = tokio::task::spawn_blocking(run).await.expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn a_server_that_restarts_is_found_again_and_said_to_have_restarted() {
    let version = "15";
    let _alone = postgres_is_mine(version).await;
    let mut watched = Watched::at(version, "watcher", &[Kind::Session]).await;
    let restarting = tokio::spawn(server(&["restart", "15"]));
    let event = watched.until("what befell it", |w| w.server()?.event.clone()).await;
    assert_eq!(&*event.1, "restarted");
    restarting.await.expect("it restarts");
    watched.until("the feed to be live again", |w| (w.state == Some(FeedState::Live)).then_some(())).await;
}

/// What the first word of it is.
async fn first_word(url: &str) -> Result<String, String> {
    let mut watched = Watched::of(url, None, &[Kind::Session]);
    watched
        .until("an answer", |w| match w.state.as_ref()? {
            FeedState::Live => Some(Ok(w.place.rights.clone().unwrap_or_default())),
            FeedState::Down { why, .. } => Some(Err(why.clone())),
            _ => None,
        })
        .await
}

#[tokio::test]
async fn an_address_gets_as_much_tls_as_it_asks_for_and_never_less_unsaid() {
    let _alone = postgres_is_mine("18").await;
    // Asked for what it does not have.
    let _other = postgres_stays("15").await;
    let (with, ca) = (url("18", "watcher"), setting("POSTGRES_CA"));
    let named = with.replace("127.0.0.1", "localhost");
    for (address, answer) in [
        (format!("{with}?sslmode=require"), Ok("sees all sessions")),
        (format!("{with}?sslmode=disable"), Ok("sees all sessions, without TLS")),
        (with.clone(), Ok("sees all sessions")),
        (format!("{with}?sslmode=verify-ca&sslrootcert={ca}"), Ok("sees all sessions")),
        (format!("{named}?sslmode=verify-full&sslrootcert={ca}"), Ok("sees all sessions")),
        (format!("{with}?sslmode=verify-full&sslrootcert={ca}"), Err("certificate is for another name")),
        (format!("{with}?sslmode=verify-ca"), Err("certificate signed by an authority we do not trust")),
        (format!("{with}?sslmode=verify-full&sslrootcert=/none.crt"), Err("`/none.crt` cannot be read")),
    ] {
        let said = first_word(&address).await;
        match (&said, answer) {
            (Ok(rights), Ok(wanted)) => assert_eq!(rights, wanted, "{address}"),
            (Err(why), Err(wanted)) => assert!(why.contains(wanted), "{address}: {why}"),
            _ => panic!("{address}: {said:?}"),
        }
    }
    let without = format!("{}?sslmode=require", url("15", "watcher"));
    let why = first_word(&without).await.expect_err("it has no TLS");
    assert!(why.contains("TLS"), "{why}");
    let wrong = url("15", "watcher").replace(":suite@", ":wrong@");
    let why = first_word(&wrong).await.expect_err("the password is wrong");
    assert!(why.contains("not logged in") && why.contains("password"), "{why}");
}

#[tokio::test]
async fn a_standby_that_is_promoted_says_so_and_its_primary_lists_it_until_then() {
    let _alone = postgres_is_mine("15").await;
    let port = server(&["standby"]).await;
    let primary = url("15", "watcher");
    let standby = url("15", "watcher");
    let standby =
        standby.rsplit_once(':').map(|(before, _)| format!("{before}:{port}/postgres")).expect("a port");
    let mut there = Watched::of(&standby, None, &[Kind::Session, Kind::Replica]);
    there.until("the standby", |w| w.server().filter(|s| s.standby && s.lag.is_some()).map(|_| ())).await;
    there
        .until("what it receives", |w| w.rows.get(&(Kind::Replica, "this standby".to_owned())).map(|_| ()))
        .await;
    let mut here = Watched::of(&primary, None, &[Kind::Replica]);
    let sender = here
        .until("the standby's stream", |w| {
            w.rows.values().find_map(|object| match &object.facts {
                Facts::Database(DatabaseFacts::Replica(replica)) if replica.kind == ReplicaKind::Sender => {
                    (&*replica.state == "streaming").then(|| (**replica).clone())
                }
                _ => None,
            })
        })
        .await;
    assert_eq!((sender.level(), &*sender.client), (Level::Fine, "127.0.0.1"));
    assert!(sender.behind.is_some(), "{sender:?}");
    // Without pg_monitor the numbers are hidden, and that is not well.
    let mut stranger = Watched::of(&url("15", "stranger"), None, &[Kind::Replica]);
    let seen = stranger
        .until("the hidden stream", |w| {
            let replica = |object: &&_| matches!(object, firedeck::domain::object::Object { id, .. } if id.kind == Kind::Replica);
            w.rows.values().find(replica).map(|object| (object.level(), object.status().into_owned()))
        })
        .await;
    assert_eq!(seen, (Level::Unknown, "hidden".to_owned()));

    let promote = standby.replace("//watcher:", "//postgres:");
    let (client, connection) = tokio_postgres::connect(&promote, tokio_postgres::NoTls).await.expect("in");
    tokio::spawn(async move { _ = connection.await });
    // A standby that has lost its primary gets nothing new, and is not up to date by that.
    for statement in ["ALTER SYSTEM SET primary_conninfo = ''", "SELECT pg_reload_conf()"] {
        client.batch_execute(statement).await.expect("done");
    }
    let lost = |w: &Watched| {
        w.server().filter(|s| s.standby && s.lag.is_none()).map(firedeck::domain::database::Server::lag_level)
    };
    assert_eq!(there.until("the lost primary", lost).await, Level::Unknown);
    client.batch_execute("SELECT pg_promote()").await.expect("promoted");
    let event = there.until("what befell it", |w| w.server()?.event.clone()).await;
    assert_eq!(&*event.1, "promoted: it was a standby");
    assert!(!there.server().expect("a server").standby);
}
