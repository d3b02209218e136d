//! The embedded world in the real program: something goes wrong, its runbook heals it, by the keyboard alone and with
//! nothing installed but a shell.
mod story;

use std::path::Path;
use std::time::Duration;

use crate::common::terminal::{Cockpit, Start};

/// A world is built in a few seconds, and its page comes after some more.
const LONG: Duration = Duration::from_mins(2);

fn firedeck(home: &Path, arguments: &[&str]) -> Start {
    let mut start = Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.display().to_string())
        .env("XDG_STATE_HOME", home.join("state").display().to_string())
        .env("TMPDIR", home.display().to_string())
        // A shell and what is always beside it; no tool of a backend.
        .env("PATH", "/usr/bin:/bin")
        .env("LANG", "C.UTF-8")
        .size(120, 40);
    start.patience = LONG;
    arguments.iter().fold(start, |start, argument| start.arg(*argument))
}

/// Waits for the page, and opens the runbook of this name from the list of what fits.
fn taken_up(cockpit: &Cockpit, alert: &str, runbook: &str) {
    cockpit.wait_for(alert);
    cockpit.wait_for("Runbooks that fit");
    cockpit.press("r");
    cockpit.wait_for("Fits what is wrong now");
    cockpit.press("\r");
    cockpit.wait_for(&format!("{runbook}  shop:"));
}

/// Answers what is asked about the line here, as a person does: until the question is gone.
fn agreed(cockpit: &Cockpit) {
    cockpit.press("\r");
    cockpit.wait_for("run it");
    answered(cockpit);
}

/// What is pressed too early answers nothing.
fn answered(cockpit: &Cockpit) {
    loop {
        cockpit.press("y");
        std::thread::sleep(Duration::from_millis(400));
        if !cockpit.wait_until("a picture", |_| true).contains("y  run it") {
            return;
        }
    }
}

/// From wherever it is; said again where it asks, as something has not settled yet.
fn left(cockpit: &Cockpit) {
    let quit = || {
        cockpit.press(":");
        cockpit.wait_for("quit");
        cockpit.press("quit\r");
    };
    quit();
    let seen = cockpit.wait_until("the end, or a question", |screen| {
        let seen = screen.contents();
        seen.contains("again to leave") || seen.contains("  world  ")
    });
    if seen.contains("again to leave") {
        quit();
    }
}

#[test]
fn a_container_that_is_not_well_is_restarted_through_its_runbook() {
    let home = tempfile::tempdir().expect("a home");
    let mut cockpit = firedeck(home.path(), &["drill", "unhealthy-container"]).run();
    cockpit.wait_for("A container that is up and not well");
    taken_up(&cockpit, "ContainerUnhealthy", "The portal does not answer");
    cockpit.press("u");
    cockpit.wait_for("it says `unhealthy`");
    // That is what it was to find out: reading goes on, up to the restart.
    cockpit.wait_for("the next one asks");
    agreed(&cockpit);
    cockpit.wait_for("settling: healthy");
    left(&cockpit);
    let told = cockpit.wait_for("the api was restarted");
    assert!(told.contains("✓ the api was restarted"), "{told}");
    assert!(cockpit.exits().success());
    let kept = std::fs::read_to_string(home.path().join("state/firedeck/drills.jsonl")).expect("it is kept");
    assert!(kept.contains("\"unhealthy-container\"") && kept.contains("\"right\":1"), "{kept}");
    let left: Vec<_> =
        std::fs::read_dir(home.path()).expect("read").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left, ["state"], "nothing of the world is left");
}

#[test]
fn a_release_that_crashes_pages_and_the_built_in_kubectl_lists_the_nodes() {
    let home = tempfile::tempdir().expect("a home");
    let mut cockpit = firedeck(home.path(), &["demo"]).run();
    taken_up(&cockpit, "HighErrorRate", "The shop is down");
    cockpit.press("u");
    cockpit.wait_for("node-6");
    left(&cockpit);
    cockpit.wait_for("web 7.4.0 goes out");
    assert!(cockpit.exits().success());
}

#[test]
fn a_demo_can_be_seen_as_the_big_screen_shows_it() {
    let home = tempfile::tempdir().expect("a home");
    let mut wall = firedeck(home.path(), &["demo", "quiet-morning", "--wall"]).run();
    // Its clock is written in letters of several lines, whatever time it is.
    wall.wait_until("the big clock", |screen| {
        let seen = screen.contents();
        seen.lines().take(8).filter(|line| line.contains(['█', '▀'])).count() > 3
    });
    wall.wait_for("read-only");
    wall.press("q");
    assert!(wall.exits().success());
}

#[test]
fn only_a_demo_opens_ports_and_only_on_the_loopback() {
    let home = tempfile::tempdir().expect("a home");
    let plain = firedeck(home.path(), &[]).run();
    plain.wait_for("KUBECONFIG");
    assert_eq!(plain.listens(), Vec::<String>::new());
    let demo = firedeck(home.path(), &["demo", "quiet-morning"]).run();
    demo.wait_for("all as they should be");
    let open = demo.listens();
    assert!(open.len() > 5 && open.iter().all(|address| address.starts_with("0100007F:")), "{open:?}");
}

#[test]
fn what_cannot_be_shown_is_said_before_anything_begins() {
    let home = tempfile::tempdir().expect("a home");
    let run = |arguments: &[&str]| {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_firedeck"));
        command
            .env_clear()
            .env("HOME", home.path())
            .env("TMPDIR", home.path())
            .args(arguments)
            .output()
            .expect("ran")
    };
    let listed = run(&["demo", "--list"]);
    let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
    assert!(listed.lines().count() >= 8 && listed.contains("connections "), "{listed}");
    let piped = run(&["demo"]);
    assert!(!piped.status.success());
    assert!(String::from_utf8_lossy(&piped.stderr).contains("must be a terminal"));
    assert_eq!(std::fs::read_dir(home.path()).expect("read").count(), 0, "nothing is left behind");
}

#[test]
fn a_stand_in_gets_every_word_though_the_program_has_options_of_the_same_names() {
    for words in [["-p", "1"].as_slice(), &["-n", "0", "-p", "1"]] {
        let mut command = assert_cmd::Command::new(env!("CARGO_BIN_EXE_firedeck"));
        let ran = command.args(["tool", "redis-cli"]).args(words).arg("PING").output().expect("ran");
        let said = String::from_utf8_lossy(&ran.stderr).into_owned();
        assert_eq!(said, "Could not connect to Redis at 127.0.0.1:1: Connection refused\n");
    }
}
