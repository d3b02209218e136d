//! Cockpits in real terminals: an incident outlives the one that opened it, and is the same in all of them.
use std::path::Path;

use firedeck::incident::What;
use firedeck::store::{Places, journal};
use rustix::process::Signal;

use crate::common::terminal::{Cockpit, Start};

fn cockpit(home: &Path, user: &str) -> Cockpit {
    let inside = |name: &str| home.join(name).display().to_string();
    let cockpit = Start::new(env!("CARGO_BIN_EXE_firedeck"))
        .env("HOME", home.display().to_string())
        .env("XDG_STATE_HOME", inside("state"))
        .env("XDG_CONFIG_HOME", inside("config"))
        .env("XDG_RUNTIME_DIR", inside("run"))
        .env("LANG", "C.UTF-8")
        .env("USER", user)
        .size(80, 24)
        .log(home.join("state/firedeck/firedeck.log"))
        .run();
    cockpit.wait_for("no pods here");
    cockpit
}

/// Opened by hand; until its clock runs.
fn open(cockpit: &Cockpit, title: &str) {
    // Before the journals are read it says so, and nothing opens.
    while !cockpit.screen().contains("open an incident") {
        cockpit.press("i");
        cockpit.wait_until("the form, or why not", |screen| {
            let text = screen.contents();
            text.contains("open an incident") || text.contains("being read")
        });
    }
    cockpit.press(title);
    cockpit.wait_for(title);
    cockpit.press("\r");
    cockpit.wait_for("#");
}

#[test]
fn an_incident_outlives_a_kill_and_is_the_same_in_two_cockpits() {
    let home = tempfile::tempdir().expect("a home");
    let mut jane = cockpit(home.path(), "jane");
    open(&jane, "nobody can log in");
    let joe = cockpit(home.path(), "joe");
    joe.wait_for("is open again (#");
    joe.press("n");
    joe.wait_for("note:");
    joe.press("the login service is down\r");
    joe.wait_for("noted in the incident's journal");
    jane.press("i");
    jane.wait_for("the login service is down");
    jane.press("A");
    joe.press("i");
    joe.wait_for("· acknowledged");
    jane.signal(Signal::KILL);
    assert!(!jane.exits().success());

    let again = cockpit(home.path(), "jane");
    again.wait_for("is open again (#");
    again.press("T");
    again.wait_for("the login service is down");
    again.press("i");
    again.press("M");
    again.wait_for("· mitigated");
    let state = home.path().join("state");
    let places = Places::new(|name| (name == "XDG_STATE_HOME").then(|| state.clone().into_os_string()));
    let (found, troubles) = firedeck::store::read::journals(&places);
    assert!(troubles.is_empty(), "{troubles:?}");
    let incidents: Vec<_> = found.iter().filter(|found| found.name.starts_with("inc-")).collect();
    let [incident] = incidents.as_slice() else { panic!("{incidents:?}") };
    let entries = journal::read(&places, &incident.name).entries;
    let opened = entries.iter().filter(|entry| matches!(entry.event.what, What::IncidentOpened(_))).count();
    let sessions = entries.iter().filter(|entry| matches!(entry.event.what, What::SessionOpened(_))).count();
    assert_eq!((opened, sessions), (1, 3));
}
