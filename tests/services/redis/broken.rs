//! A Redis behind a proxy that breaks: it is said to be down, its row stays, and it heals by itself.
use firedeck::domain::feed::FeedState;
use firedeck::domain::level::Level;

use super::server::{Cockpit, Server};
use crate::common::fault::{Fault, Proxy};

/// Why it was said to be down, by a server of this version.
async fn falls_and_heals(version: &'static str, fault: Fault) -> String {
    let server = Server::start(version, &[]).await;
    let proxy = Proxy::before(server.name().parse().expect("an address")).await;
    let name = proxy.address().to_string();
    let cockpit = Cockpit::of(&format!("redis://{name}"));
    let is = |words: &'static str| {
        let name = name.clone();
        move |known: &super::server::Known| {
            let (node, object) = known.node(&name)?;
            object.status().contains(words).then_some((node, object))
        }
    };
    cockpit.until("it well", is("ok")).await;
    cockpit.live().await;
    proxy.set(fault).await;
    let why = cockpit
        .until("to be told that it is down", |known| match known.state.as_ref()? {
            FeedState::Down { why, .. } => Some(why.clone()),
            _ => None,
        })
        .await;
    let (node, object) = cockpit
        .until("its row ill", |known| known.node(&name).filter(|(_, row)| !row.status().contains("ok")))
        .await;
    assert!(matches!(object.level(), Level::Bad | Level::Unknown), "{}", object.status());
    assert!(
        node.memory.used.is_some() && node.trouble_since.is_some(),
        "the last numbers stay, with their age"
    );
    proxy.set(Fault::Pass).await;
    cockpit.live().await;
    let (healed, _) = cockpit.until("it well again", is("ok")).await;
    // What is told from now on is of now.
    for n in 0..8 {
        server.put(&format!("bulk:{n}"), 1_000_000);
    }
    let more = healed.memory.used.map(|used| used + 6_000_000);
    cockpit.until("new numbers", |known| (known.node(&name)?.0.memory.used > more).then_some(())).await;
    why
}

/// An old one and the youngest of the other line.
const VERSIONS: [&str; 2] = ["6.2", "valkey"];

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_behind_a_line_that_hangs_is_down_and_heals() {
    for version in VERSIONS {
        let why = falls_and_heals(version, Fault::BlackHole).await;
        assert!(why.contains("no answer") || why.contains("timed out"), "{why}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_whose_connections_are_reset_or_refused_is_down_and_heals() {
    for version in VERSIONS {
        for fault in [Fault::Reset, Fault::Refuse] {
            let why = falls_and_heals(version, fault).await;
            assert!(why.contains("connection"), "{why}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_talks_nonsense_or_breaks_off_is_down_and_heals() {
    for version in VERSIONS {
        for fault in [Fault::Garbage, Fault::Cut { after: 300 }] {
            assert!(!falls_and_heals(version, fault).await.is_empty(), "{fault:?}");
        }
    }
}
