//! The pictures of the README are what the real program draws of a real cluster.
//!
//! `FIREDECK_PICTURES=assets/screens tests/services/run pictures` makes them anew; without the variable it is
//! only seen that they could be made.
use std::path::Path;

use crate::common::terminal::{Cockpit, Start};
use crate::picture::svg;
use crate::suite::{self, As};

fn open(arguments: &[&str], columns: u16, rows: u16) -> (Cockpit, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a directory");
    let mut start = Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.path().to_string_lossy())
        .env("KUBECONFIG", suite::kubeconfig(As::Admin).to_string_lossy())
        .env("TERM", "xterm-256color")
        .env("COLORTERM", "truecolor")
        .env("LANG", "C.UTF-8")
        .size(columns, rows);
    for argument in arguments {
        start = start.arg(*argument);
    }
    (start.run(), home)
}

fn keep(cockpit: &Cockpit, name: &str) {
    // A crashing pod runs for a moment between two crashes, so the picture waits for the trouble.
    let drawn = std::cell::RefCell::new(String::new());
    cockpit.wait_until("a screen that shows the trouble", |screen| {
        *drawn.borrow_mut() = svg(screen);
        drawn.borrow().contains("CrashLoop")
    });
    let picture = drawn.into_inner();
    if let Some(folder) = std::env::var_os("FIREDECK_PICTURES") {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder).join(name);
        std::fs::write(&path, picture).expect("a picture");
    }
}

#[tokio::test]
async fn the_board_shows_a_crashing_pod_above_its_log() {
    let _up = suite::server_stays_up().await;
    let (cockpit, _home) = open(&["--namespace", "all"], 120, 34);
    cockpit.wait_until("a crash loop, and the first picture whole", |screen| {
        let text = screen.contents();
        text.contains("CrashLoopBackOff") && text.contains("live")
    });
    cockpit.press("/crash");
    cockpit.wait_for("/crash");
    cockpit.press("\r");
    cockpit.press("j");
    cockpit.press("l");
    cockpit.wait_until("lines of the log", |screen| screen.contents().matches("seq=").count() > 4);
    cockpit.press("\t");
    cockpit.press("\x1b");
    cockpit.wait_until("all pods again", |screen| screen.contents().contains("Running"));
    keep(&cockpit, "pods.svg");
}

#[tokio::test]
async fn the_wall_shows_the_same_from_afar() {
    let _up = suite::server_stays_up().await;
    let (cockpit, _home) = open(&["wall", "--namespace", "all"], 120, 30);
    cockpit.wait_until("a crash loop, and the first picture whole", |screen| {
        let text = screen.contents();
        text.contains("CrashLoopBackOff") && text.contains("pods live")
    });
    keep(&cockpit, "wall.svg");
}
