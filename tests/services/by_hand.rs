//! What is done by the keys of the real program to real servers that are no cluster: alerts, sessions, clients.
use crate::common::terminal::Cockpit;
use crate::postgres::watched::{app, url};
use crate::redis::server::Server;
use crate::suite::{asks, asks_by, cockpit, eventually, says_yes, setting, types_name};

/// Leaves only the row with this word, and waits until it is the only one.
fn only(screen: &Cockpit, word: &str, not: &str) {
    screen.press(format!("/{word}\r"));
    screen.wait_until("it alone", |screen| {
        let text = screen.contents();
        text.contains(word) && !text.contains(not)
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn an_alert_is_marked_as_seen_silenced_and_told_again() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _calm = crate::alerts::calm().await;
    let server = setting("ALERTMANAGER_D");
    crate::alerts::post(&server, serde_json::json!({"alertname": "ByHand", "severity": "critical"}), 600)
        .await;
    crate::alerts::post(&server, serde_json::json!({"alertname": "Beside", "severity": "critical"}), 600)
        .await;
    let (screen, _home) = cockpit(&["--alertmanager", &format!("http://{server}")]);
    screen.press("4");
    screen.wait_for("Beside");
    only(&screen, "ByHand", "Beside");
    screen.press("A");
    screen.wait_until("who has seen it", |screen| {
        screen.contents().lines().any(|line| line.contains("ByHand") && line.contains("seen by "))
    });
    let asked = asks_by(&screen, || {
        screen.press("S");
        screen.wait_for("silence for how long, and why");
        screen.press("being looked at\r");
    });
    assert!(asked.contains("hits 1 of ") && asked.contains("its comment: being looked at"), "{asked}");
    says_yes(&screen);
    screen.wait_until("it held back", |screen| {
        screen.contents().lines().any(|line| line.contains("ByHand") && line.contains("silenced"))
    });
    // On to the silences, and this one ends.
    screen.press("]");
    screen.wait_for("being looked at");
    let asked = asks(&screen, "-");
    assert!(asked.contains("ends now"), "{asked}");
    says_yes(&screen);
    screen.press("[");
    screen.wait_until("it told again", |screen| {
        let text = screen.contents();
        text.lines()
            .any(|line| line.contains("ByHand") && line.contains("critical") && !line.contains("silenced"))
    });
}

#[tokio::test(flavor = "multi_thread")]
async fn the_root_of_a_blocking_tree_is_ended_and_those_that_waited_go_on() {
    let (root, waits) =
        (app("COMMON", "web", "by-hand-root").await, app("COMMON", "web", "by-hand-waits").await);
    root.run("BEGIN; UPDATE stock SET n = n + 1 WHERE id = 77").await;
    let root_pid = root.pid;
    let waiting =
        tokio::spawn(
            async move { waits.client.batch_execute("UPDATE stock SET n = n + 1 WHERE id = 77").await },
        );
    let (screen, _home) = cockpit(&["--postgres", &url("COMMON", "watcher").replace(":suite@", "@")]);
    screen.press("5");
    screen.wait_for("blocks 1");
    screen.press("/by-hand-waits\r");
    screen.wait_for("sessions  1 of ");
    let asked = asks(&screen, "X");
    assert!(asked.contains(&format!("terminate session {root_pid}")), "{asked}");
    assert!(asked.contains("frees 1 that wait for it"), "{asked}");
    types_name(&screen, &root_pid.to_string());
    waiting.await.expect("it ends").expect("it went on");
    let gone = root.client.batch_execute("SELECT 1").await;
    assert!(gone.is_err(), "the root is still there");
    screen.wait_for(&format!("terminate {root_pid}: gone"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_ended_by_its_name_and_not_by_a_key_alone() {
    let victim = app("COMMON", "web", "by-hand-idle").await;
    let (screen, _home) = cockpit(&["--postgres", &url("COMMON", "watcher").replace(":suite@", "@")]);
    screen.press("5");
    screen.wait_for("by-hand-idle");
    only(&screen, "by-hand-idle", "checkpointer");
    let asked = asks(&screen, "K");
    assert!(asked.contains(&format!("terminate session {}", victim.pid)), "{asked}");
    if asked.contains("danger") {
        types_name(&screen, &victim.pid.to_string());
    } else {
        says_yes(&screen);
    }
    eventually("its end", || async { victim.client.batch_execute("SELECT 1").await.err() }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_of_a_redis_is_disconnected() {
    let server = Server::start("7.0", &[]).await;
    let _waits = server.client(&["client setname by-hand", "blpop queue 0"]);
    let (screen, _home) = cockpit(&["--redis", &server.url()]);
    screen.press("6");
    // Alone under its endpoint, it is called as that.
    screen.wait_for("primary");
    screen.press("]");
    screen.wait_for("BLPOP");
    only(&screen, "blpop", "no such word");
    let asked = asks(&screen, "K");
    assert!(asked.contains("disconnect client") && asked.contains("called by-hand"), "{asked}");
    says_yes(&screen);
    eventually("its end", || async {
        (!server.cli(&["client", "list"]).contains("name=by-hand")).then_some(())
    })
    .await;
}
