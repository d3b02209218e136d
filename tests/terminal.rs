//! The real program in a real terminal: how it comes, behaves and goes.
use std::ffi::OsString;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use firedeck::domain::time::Timestamp;
use firedeck::incident::chain::Merged;
use firedeck::incident::{What, day};
use firedeck::store::{Places, journal};
use rustix::process::Signal;

use crate::common::terminal::{Cockpit, Start};

/// A home of its own, with nothing in it: no configuration, no cluster.
fn firedeck(home: &Path) -> Start {
    let inside = |name: &str| home.join(name).display().to_string();
    Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.display().to_string())
        .env("XDG_STATE_HOME", inside("state"))
        .env("XDG_CONFIG_HOME", inside("config"))
        .env("XDG_RUNTIME_DIR", inside("run"))
        .env("LANG", "C.UTF-8")
        .log(home.join("state/firedeck/firedeck.log"))
}

/// Open, with the first frame drawn.
fn open(home: &Path) -> Cockpit {
    let cockpit = firedeck(home).size(80, 24).run();
    cockpit.wait_until("a board", is_open);
    cockpit
}

fn is_open(screen: &vt100::Screen) -> bool {
    screen.alternate_screen() && screen.hide_cursor() && !screen.contents().trim().is_empty()
}

fn home() -> tempfile::TempDir {
    tempfile::tempdir().expect("a home")
}

fn journal_of(home: &Path, from: Timestamp) -> Merged {
    let state = home.join("state");
    let places = Places::new(|name| (name == "XDG_STATE_HOME").then(|| OsString::from(&state)));
    // The session may have opened before midnight and closed after it.
    let now = Timestamp(jiff::Timestamp::now().as_millisecond());
    let first = journal::read(&places, &day(from));
    if first.entries.is_empty() { journal::read(&places, &day(now)) } else { first }
}

fn now() -> Timestamp {
    Timestamp(jiff::Timestamp::now().as_millisecond())
}

#[test]
fn quitting_gives_the_terminal_back() {
    let home = home();
    let mut cockpit = open(home.path());
    cockpit.press("q");
    assert!(cockpit.exits().success());
    cockpit.gave_the_terminal_back();
    cockpit.asked_nothing();
}

#[test]
fn a_wrong_flag_is_told_on_the_plain_screen() {
    let home = home();
    let mut cockpit = firedeck(home.path()).arg("--no-such-flag").run();
    assert!(!cockpit.exits().success());
    assert!(cockpit.screen().contains("--no-such-flag"), "{}", cockpit.screen());
    assert!(!String::from_utf8_lossy(&cockpit.bytes(0)).contains("\x1b[?1049h"));
    cockpit.gave_the_terminal_back();
}

#[test]
fn a_signal_to_end_gives_the_terminal_back_and_closes_the_journal() {
    for (signal, name) in [(Signal::TERM, "SIGTERM"), (Signal::HUP, "SIGHUP")] {
        let (home, from) = (home(), now());
        let mut cockpit = open(home.path());
        cockpit.signal(signal);
        cockpit.exits();
        cockpit.gave_the_terminal_back();
        let journal = journal_of(home.path(), from);
        let kinds: Vec<&str> = journal.entries.iter().map(|entry| entry.event.what.kind()).collect();
        assert_eq!(kinds, ["session-opened", "session-closed"], "after {name}");
        let Some(What::SessionClosed(closed)) = journal.entries.last().map(|entry| &entry.event.what) else {
            panic!("{journal:?}");
        };
        assert_eq!(closed.how, name);
    }
}

#[test]
fn a_terminal_that_hangs_up_ends_the_program_and_closes_the_journal() {
    let (home, from) = (home(), now());
    let mut cockpit = open(home.path());
    cockpit.hang_up();
    cockpit.exits();
    let journal = journal_of(home.path(), from);
    assert!(
        matches!(journal.entries.last().map(|entry| &entry.event.what), Some(What::SessionClosed(_))),
        "{journal:?}"
    );
}

#[test]
fn ctrl_z_stops_the_job_and_fg_paints_it_anew() {
    let home = home();
    let directory = home.path().display().to_string();
    let mut shell = Start::new("/bin/bash")
        .arg("--norc")
        .arg("-i")
        .env("PS1", "ready> ")
        .env("HOME", directory.clone())
        .env("XDG_STATE_HOME", format!("{directory}/state"))
        .run();
    shell.wait_for("ready>");
    shell.press(format!("{}\r", env!("CARGO_BIN_EXE_firedeck")));
    shell.wait_until("a board", is_open);
    shell.press("\x1a");
    shell.wait_until("the shell's own screen", |screen| {
        !screen.alternate_screen() && !screen.hide_cursor() && screen.contents().contains("Stopped")
    });
    shell.press("fg\r");
    shell.wait_until("the board again", is_open);
    shell.press("q");
    // What is typed from here on is the shell's, and its screen goes on where it stopped.
    shell.wait_until("the shell again", |screen| !screen.alternate_screen());
    shell.press("echo back-$((40 + 2))\r");
    let screen = shell.wait_for("back-42");
    assert!(screen.starts_with("ready> /"), "the shell's first line was painted over:\n{screen}");
    let line = |what: &str| screen.lines().position(|line| line.contains(what)).expect(what);
    assert!(line("Stopped") < line("back-42"), "{screen}");
    shell.press("exit\r");
    shell.exits();
}

#[test]
fn a_storm_of_resizes_ends_with_a_whole_picture_of_the_last_size() {
    let home = home();
    let mut cockpit = open(home.path());
    for n in 0..60 {
        cockpit.resize(20 + n * 3, 5 + n % 40);
    }
    cockpit.resize(100, 30);
    cockpit.press("?");
    // The help reaches over more rows than any small size of the storm had.
    cockpit.wait_until("the last row in use", |screen| {
        screen.rows(0, 100).last().is_some_and(|row| !row.trim().is_empty())
    });
    cockpit.press("\x1b");
    cockpit.asked_nothing();
    cockpit.signal(Signal::TERM);
    cockpit.exits();
    cockpit.gave_the_terminal_back();
}

#[test]
fn a_paste_is_not_taken_for_keys() {
    let home = home();
    let mut cockpit = open(home.path());
    // As keys, the first of these would quit.
    cockpit.press("\x1b[200~qqq\rq\x1b[201~");
    cockpit.wait_for("pasted text does nothing here");
    cockpit.press("?");
    cockpit.wait_for("look inside");
    // Closed by a key that is none of an escape sequence.
    cockpit.press("?");
    cockpit.wait_until("the board", |screen| !screen.contents().contains("look inside"));
    cockpit.press("q");
    assert!(cockpit.exits().success());
}

#[test]
fn with_nothing_set_up_the_board_says_what_to_set() {
    let home = home();
    let cockpit = open(home.path());
    let screen = cockpit.wait_for("KUBECONFIG");
    assert!(screen.contains("no cluster"), "{screen}");
    cockpit.asked_nothing();
}

#[test]
fn a_server_that_says_nothing_delays_neither_the_first_picture_nor_the_last() {
    let home = home();
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let server = format!("https://{}", silent.local_addr().expect("its address"));
    let kubeconfig = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: silent\nclusters:\n- name: c\n  cluster: {{server: \"{server}\"}}\n\
         contexts:\n- name: silent\n  context: {{cluster: c, user: u, namespace: shop}}\nusers:\n- name: u\n  user: {{token: t}}\n"
    );
    let file = home.path().join("kubeconfig");
    std::fs::write(&file, kubeconfig).expect("written");
    let mut cockpit = firedeck(home.path()).env("KUBECONFIG", file.display().to_string()).run();
    cockpit.wait_until("a board", is_open);
    cockpit.wait_for("silent");
    cockpit.press("q");
    assert!(cockpit.exits().success());
    cockpit.gave_the_terminal_back();
}

#[test]
fn a_thing_that_cannot_be_opened_is_told_on_the_plain_screen() {
    for (target, why) in [("nosuch/x", "nosuch"), ("pod", "KIND/NAME"), ("pod/a b", "cannot be a name")] {
        let home = home();
        let mut cockpit = firedeck(home.path()).size(200, 24).arg("open").arg(target).run();
        assert_eq!(cockpit.exits().code(), Some(2), "{target}");
        assert!(cockpit.screen().contains(why), "{target}: {}", cockpit.screen());
        assert!(!String::from_utf8_lossy(&cockpit.bytes(0)).contains("\x1b[?1049h"));
    }
}

#[test]
fn the_wall_draws_and_only_leaves() {
    let home = home();
    let mut cockpit = firedeck(home.path()).size(120, 30).arg("wall").run();
    cockpit.wait_for("read-only");
    // Were the line of a filter open, `q` would be typed into it.
    cockpit.press("/");
    cockpit.press("q");
    assert!(cockpit.exits().success());
    cockpit.gave_the_terminal_back();
}

#[test]
fn a_screen_on_which_nothing_happens_costs_no_bytes() {
    let home = home();
    let cockpit = open(home.path());
    cockpit.wait_for("no kubeconfig");
    // What it reads at its start may come after the first picture.
    cockpit.falls_quiet(Duration::from_millis(500));
    // Longer than two beats of the clock.
    cockpit.stays_quiet(Duration::from_millis(2_500));
}

#[test]
fn a_terminal_that_takes_nothing_delays_neither_keys_nor_signals() {
    for how in ["quit", "SIGTERM"] {
        let (home, from) = (home(), now());
        let mut cockpit = open(home.path());
        cockpit.take_bytes(false);
        cockpit.press("?");
        cockpit.press("?");
        if how == "quit" {
            cockpit.press("q");
        } else {
            cockpit.signal(Signal::TERM);
        }
        cockpit.exits();
        let journal = journal_of(home.path(), from);
        let Some(What::SessionClosed(closed)) = journal.entries.last().map(|entry| &entry.event.what) else {
            panic!("{how}: {journal:?}");
        };
        assert_eq!(closed.how, how);
    }
}

#[test]
fn a_terminal_that_takes_bytes_again_gets_whole_pictures() {
    let home = home();
    let mut cockpit = open(home.path());
    cockpit.take_bytes(false);
    cockpit.press("?");
    cockpit.resize(100, 30);
    cockpit.press("?");
    cockpit.press("?");
    cockpit.take_bytes(true);
    cockpit.wait_until("the help over the last row", |screen| {
        screen.contents().contains("look inside")
            && screen.rows(0, 100).last().is_some_and(|row| !row.trim().is_empty())
    });
    cockpit.press("?");
    cockpit.press("q");
    cockpit.exits();
    cockpit.gave_the_terminal_back();
    let bytes = cockpit.bytes(0);
    let count = |mark: &[u8]| bytes.windows(mark.len()).filter(|window| *window == mark).count();
    // Giving the terminal back ends a picture once more, to be safe.
    assert_eq!(count(b"\x1b[?2026h") + 1, count(b"\x1b[?2026l"), "a picture is not whole");
}
