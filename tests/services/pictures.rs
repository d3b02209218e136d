//! The pictures of the README are what the real program draws of a real cluster.
//!
//! `FIREDECK_PICTURES=assets/screens tests/services/run pictures` makes them anew; without the variable it is
//! only seen that they could be made.
use std::path::Path;
use std::time::Duration;

use crate::common::picture::svg;
use crate::common::terminal::{Cockpit, Start};
use crate::docker::ENGINE;
use crate::suite::{self, As};

/// A server may be slow to answer, and a crash loop slow to become one.
const PATIENCE: Duration = Duration::from_secs(150);

fn open(arguments: &[&str], columns: u16, rows: u16) -> (Cockpit, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a directory");
    let mut start = Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.path().to_string_lossy())
        .env("KUBECONFIG", suite::kubeconfig(As::Admin).to_string_lossy())
        .env("TERM", "xterm-256color")
        .env("COLORTERM", "truecolor")
        .env("LANG", "C.UTF-8")
        .env("PGPASSWORD", "suite")
        .size(columns, rows);
    for argument in arguments {
        start = start.arg(*argument);
    }
    start.patience = PATIENCE;
    (start.run(), home)
}

/// Every server of the suite, as flags.
fn servers() -> Vec<String> {
    let of = |name: &str| {
        std::env::var(name).unwrap_or_else(|_| panic!("`{name}` is not set: tests/services/run sets it"))
    };
    // The password comes by its own variable, as it should.
    let postgres = of("FIREDECK_TEST_POSTGRES_COMMON").replace(":suite@", "@");
    [
        ("--postgres", postgres),
        ("--redis", of("FIREDECK_TEST_REDIS")),
        ("--alertmanager", format!("http://{}", of("FIREDECK_TEST_ALERTMANAGER_A"))),
        ("--prometheus", format!("http://{}", of("FIREDECK_TEST_PROMETHEUS"))),
        ("--docker", format!("unix://{}", of("FIREDECK_TEST_DOCKER_SOCKET"))),
    ]
    .into_iter()
    .flat_map(|(flag, address)| [flag.to_owned(), address])
    .collect()
}

fn keep(cockpit: &Cockpit, name: &str) {
    // A crashing pod runs for a moment between two crashes, so the picture waits for the trouble.
    keep_when(cockpit, name, |picture| picture.contains("CrashLoop"));
}

fn keep_when(cockpit: &Cockpit, name: &str, shows: impl Fn(&str) -> bool) {
    let drawn = std::cell::RefCell::new(String::new());
    cockpit.wait_until("a screen that shows it", |screen| {
        *drawn.borrow_mut() = svg(screen);
        shows(&drawn.borrow())
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
    // By its name: what it says of itself changes with every crash.
    cockpit.press("/cart");
    cockpit.wait_for("/cart");
    cockpit.press("\r");
    cockpit.wait_until("its pods alone", |screen| {
        let text = screen.contents();
        text.contains("cart-") && !text.contains("web-")
    });
    cockpit.press("j");
    cockpit.press("l");
    cockpit.wait_until("lines of the log", |screen| screen.contents().matches("seq=").count() > 4);
    cockpit.press("\t");
    cockpit.press("\x1b");
    cockpit.wait_until("all pods again", |screen| screen.contents().contains("Running"));
    keep(&cockpit, "pods.svg");
}

#[tokio::test]
async fn everything_at_a_glance_shows_the_worst_of_every_server() {
    let _up = suite::server_stays_up().await;
    let _engine = ENGINE.read().await;
    let servers = servers();
    let mut arguments = vec!["--namespace", "all"];
    arguments.extend(servers.iter().map(String::as_str));
    let (cockpit, _home) = open(&arguments, 110, 30);
    cockpit.wait_until("every server has answered", |screen| {
        let text = screen.contents();
        let known = ["db", "redis", "alerts", "containers"].iter().all(|name| text.contains(name));
        known && text.contains("Changed in") && !text.contains("connecting")
    });
    // The slots of the database, or what a test beside this one does to it.
    keep_when(&cockpit, "overview.svg", |text| text.contains(" used") || text.contains("session "));
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
