//! What was marked as seen stays so when the program was left and is started again.
use serde_json::json;

use super::desk::calm;
use super::post;
use crate::common::terminal::{Cockpit, Start};
use crate::suite::setting;

#[tokio::test(flavor = "multi_thread")]
async fn what_was_marked_as_seen_is_seen_still_after_a_restart() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _calm = calm().await;
    let server = setting("ALERTMANAGER_D");
    post(&server, json!({"alertname": "SeenBefore", "severity": "critical"}), 600).await;
    let home = tempfile::tempdir().expect("a home");
    let start = || {
        Start::new(env!("CARGO_BIN_EXE_firedeck"))
            .env("HOME", home.path().to_string_lossy())
            .env("LANG", "C.UTF-8")
            .log(home.path().join(".local/state/firedeck/firedeck.log"))
            .size(150, 40)
            .arg("--alertmanager")
            .arg(format!("http://{server}"))
            .run()
    };
    let seen = |screen: &Cockpit| {
        screen.press("4");
        screen.wait_for("SeenBefore");
        screen.press("/SeenBefore\r");
        screen.wait_until("it alone", |screen| {
            screen.contents().contains("1 of ") || screen.contents().contains("alerts  1")
        });
    };
    let marked = |screen: &Cockpit| {
        screen.wait_until("who has seen it", |screen| {
            screen.contents().lines().any(|line| line.contains("SeenBefore") && line.contains("seen by "))
        });
    };
    let screen = start();
    seen(&screen);
    screen.press("A");
    marked(&screen);
    drop(screen);
    let screen = start();
    seen(&screen);
    marked(&screen);
}
