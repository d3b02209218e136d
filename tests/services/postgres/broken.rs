//! A database behind a proxy that breaks: it is said to be down, what was known stays, and it heals by itself.
use std::net::SocketAddr;

use firedeck::domain::feed::FeedState;
use firedeck::domain::object::Kind;

use super::watched::{Watched, app, url};
use crate::common::fault::{Fault, Proxy};

/// The server's address through a proxy; nobody else breaks it.
async fn through(mode: &str) -> (Proxy, String) {
    let url = url("COMMON", "watcher");
    let (login, server) = url.rsplit_once('@').expect("a login");
    let (server, database) = server.split_once('/').expect("a database");
    let proxy = Proxy::before(server.parse::<SocketAddr>().expect("an address")).await;
    let through = format!("{login}@{}/{database}?sslmode={mode}", proxy.address());
    (proxy, through)
}

/// Why it was said to be down.
async fn falls_and_heals(mode: &str, fault: Fault) -> String {
    let (proxy, url) = through(mode).await;
    let there = app("COMMON", "web", "there").await;
    let mut watched = Watched::of(&url, None, &[Kind::Session]);
    let live = |w: &Watched| (w.state == Some(FeedState::Live)).then_some(());
    watched.until("the session there", |w| live(w).and(w.session(there.pid).map(|_| ()))).await;
    proxy.set(fault).await;
    let why = watched
        .until("to be told that it is down", |w| match w.state.as_ref()? {
            FeedState::Down { why, .. } => Some(why.clone()),
            _ => None,
        })
        .await;
    assert!(watched.session(there.pid).is_some(), "what was known stays");
    assert!(watched.server().is_some(), "what was known stays");
    proxy.set(Fault::Pass).await;
    watched.until("it live again", live).await;
    let after = app("COMMON", "web", "after").await;
    watched.until("a session that came afterwards", |w| w.session(after.pid).map(|_| ())).await;
    why
}

/// How it is spoken to.
const MODES: [&str; 2] = ["disable", "require"];

#[tokio::test]
async fn a_database_that_hangs_is_down_and_heals() {
    for mode in MODES {
        let why = falls_and_heals(mode, Fault::BlackHole).await;
        assert!(why.contains("timed out") || why.contains("no answer"), "{why}");
    }
}

#[tokio::test]
async fn a_database_whose_connections_are_reset_is_down_and_heals() {
    for mode in MODES {
        let why = falls_and_heals(mode, Fault::Reset).await;
        assert!(why.contains("connection"), "{why}");
    }
}

#[tokio::test]
async fn a_database_that_refuses_connections_is_down_and_heals() {
    for mode in MODES {
        assert_eq!(falls_and_heals(mode, Fault::Refuse).await, "connection refused");
    }
}

#[tokio::test]
async fn a_database_that_talks_nonsense_is_down_and_heals() {
    for mode in MODES {
        assert!(!falls_and_heals(mode, Fault::Garbage).await.is_empty());
    }
}

#[tokio::test]
async fn a_database_whose_answers_break_off_is_down_and_heals() {
    for mode in MODES {
        assert!(!falls_and_heals(mode, Fault::Cut { after: 300 }).await.is_empty());
    }
}
