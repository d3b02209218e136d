//! The ways to a real Docker engine, and what is seen when it goes away, hangs and comes back.
use std::time::Duration;

use firedeck::domain::action::Verb;
use firedeck::domain::feed::FeedState;

use crate::docker::{Cockpit, ENGINE, engine, says};
use crate::suite::{eventually, setting};

/// Why it is down.
async fn words(cockpit: &Cockpit) -> String {
    eventually("words", || async {
        match cockpit.state() {
            Some(FeedState::Down { why, .. }) => Some(why),
            _ => None,
        }
    })
    .await
}

#[tokio::test]
async fn an_engine_is_reached_over_tls_by_those_who_have_a_certificate() {
    let _up = ENGINE.read().await;
    let certificates = setting("DOCKER_TLS");
    let cockpit = Cockpit::of(&format!("{certificates}/client"), Some("devops-mcp"));
    cockpit.live().await;
    cockpit.until("mcp-server", "healthy", |c| c.status() == "healthy").await;
    let place = cockpit.known.lock().unwrap().place.clone().unwrap();
    assert!(place.server.starts_with("tcp://127.0.0.1:") && place.server.ends_with(" (TLS)"), "{place:?}");
    // The directory above has the authority and no certificate of a client.
    let why = words(&Cockpit::of(&certificates, None)).await;
    assert!(why.contains("ertificate"), "{why}");
    let why = words(&Cockpit::of(certificates.split('?').next().unwrap(), None)).await;
    assert!(!why.is_empty(), "{why}");
}

#[tokio::test]
async fn an_engine_is_reached_through_ssh() {
    let _up = ENGINE.read().await;
    let cockpit = Cockpit::of(&format!("{}/docker.sock", setting("DOCKER_SSH")), Some("devops-mcp"));
    cockpit.live().await;
    cockpit.until("mcp-server", "healthy", |c| c.status() == "healthy").await;
    let shell =
        Verb::Shell { container: "for-shell".into(), command: vec!["echo".into(), "from afar".into()] };
    let mut terminal =
        cockpit.docker.exec(&cockpit.native("for-shell", shell).await, (80, 24)).await.expect("a terminal");
    says(&mut terminal, &mut String::new(), "from afar").await;
    let elsewhere = Cockpit::of(&format!("{}/no.sock", setting("DOCKER_SSH")), None);
    let why = words(&elsewhere).await;
    assert!(why.contains("/no.sock` cannot be opened on `127.0.0.1:"), "{why}");
}

#[tokio::test]
async fn a_hop_that_hangs_ends_and_says_so() {
    let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = silent.accept().await {
            held.push(stream);
        }
    });
    let began = std::time::Instant::now();
    let why = words(&Cockpit::of(&format!("ssh://127.0.0.1:{port}"), None)).await;
    assert!(why.starts_with(&format!("ssh to `127.0.0.1:{port}`")), "{why}");
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_engine_that_is_not_there_is_named() {
    let cockpit = Cockpit::of("unix:///nowhere/docker.sock", None);
    assert_eq!(words(&cockpit).await, "there is no socket `/nowhere/docker.sock`: does the engine run?");
}

#[tokio::test]
async fn an_engine_that_goes_and_comes_back_is_followed_by_itself() {
    let _alone = ENGINE.write().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    cockpit.until("mcp-server", "healthy", |c| c.status() == "healthy").await;
    engine("stop");
    eventually("it to be down", || async {
        matches!(cockpit.state(), Some(FeedState::Down { .. })).then_some(())
    })
    .await;
    assert!(cockpit.row("mcp-server").is_some(), "the last rows stay");
    let restart = cockpit.native("mcp-server", Verb::Restart).await;
    let findings = cockpit.look(&restart).await;
    assert!(findings.drift.is_none() && findings.unchecked.len() == 1, "{findings:?}");
    engine("start");
    cockpit.live().await;
    cockpit.until("mcp-server", "back", |c| c.status() == "healthy").await;
    assert_eq!(cockpit.known.lock().unwrap().pictures, (2, 2));
}

#[tokio::test]
async fn an_engine_that_hangs_is_down_with_words_and_well_when_it_goes_on() {
    let _alone = ENGINE.write().await;
    let cockpit = Cockpit::here();
    cockpit.live().await;
    engine("freeze");
    let why = words(&cockpit).await;
    engine("thaw");
    assert!(why.starts_with("no answer within"), "{why}");
    cockpit.live().await;
}
