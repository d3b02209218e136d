//! What others write into alerts, queries and keys never reaches the terminal as a command to it.
use serde_json::json;

use crate::common::terminal::Cockpit;
use crate::postgres::watched::{app, url};
use crate::redis::server::Server;
use crate::suite::{cockpit, setting};

/// A title, the clipboard, a colour by one byte, a line that overwrites itself, letters without width, and one that
/// turns the order round.
const EVIL: &str = "pwned\u{1b}]0;title\u{7}\u{1b}]52;c;cHduZWQ=\u{1b}\\\u{9b}31m\u{90}q\rover\u{200b}\u{2066}\u{202e}\u{7f}";

/// Nothing of it was written as it was.
fn is_harmless(screen: &Cockpit) {
    let bytes = screen.bytes(0);
    let text = String::from_utf8(bytes).expect("text");
    for evil in ["\u{1b}]0;title", "\u{1b}]52;", "\u{0}", "\u{200b}", "\u{2066}", "\u{202e}", "\u{7f}"] {
        assert!(!text.contains(evil), "{evil:?} was written");
    }
    assert!(
        !text.contains(|c| ('\u{80}'..='\u{9f}').contains(&c)),
        "a control character of one byte was written"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_labels_queries_and_keys_are_shown_and_do_nothing() {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let _calm = crate::alerts::calm().await;
    let alerts = setting("ALERTMANAGER_D");
    let labels = json!({"alertname": "Evil", "severity": "critical", "service": format!("{EVIL}\u{0}end")});
    crate::alerts::post(&alerts, labels, 600).await;
    let session = app("COMMON", "web", "evil").await;
    let pid = session.hang(Box::leak(format!("SELECT pg_sleep(600) /* {EVIL} */").into_boxed_str()));
    let redis = Server::start("8.0", &[]).await;
    for n in 0..300 {
        redis.cli(&["set", &format!("{EVIL}:{n}"), "1"]);
    }
    let (screen, _home) = cockpit(&[
        "--alertmanager",
        &format!("http://{alerts}"),
        "--postgres",
        &url("COMMON", "watcher").replace(":suite@", "@"),
        "--redis",
        &redis.url(),
    ]);
    for key in ["4", "5"] {
        screen.press(key);
        screen.press("/pwned\r");
        screen.wait_until("the row", |screen| {
            screen.contents().lines().skip(4).any(|row| row.contains("pwned"))
        });
        screen.press("d");
        screen.wait_until("its description", |screen| screen.contents().contains("[describe]"));
        is_harmless(&screen);
        screen.press("\x1b");
    }
    screen.press("6");
    for _ in 0..8 {
        screen.press("]");
        if screen.wait_for("redis").contains("keys  ") {
            break;
        }
    }
    screen.wait_until("the family of keys", |screen| screen.contents().contains("pwned"));
    is_harmless(&screen);
    // It would sleep on without its client.
    app("COMMON", "postgres", "admin").await.run(&format!("SELECT pg_terminate_backend({pid})")).await;
}
