//! What is left of sessions goes once nobody needs it, and nothing else does.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use firedeck::app::runs::tidy;
use firedeck::incident::What;
use firedeck::incident::event::{IncidentOpened, OpenedFrom, RunClosed, RunJoined};
use firedeck::store::{Journal, Places, Setup};
use tempfile::TempDir;

use super::bench::now;

const DAY: u64 = 86_400;

struct Box {
    dir: TempDir,
}

impl Box {
    fn new() -> Box {
        Box { dir: tempfile::tempdir().expect("a directory") }
    }

    fn places(&self) -> Places {
        Places { first: self.dir.path().join("state"), second: self.dir.path().join("run") }
    }

    fn sessions(&self) -> PathBuf {
        self.dir.path().join("state/sessions")
    }

    /// A session of a run that was written to so many seconds ago, with so much of output.
    fn session(&self, run: &str, age: u64, bytes: usize) -> String {
        let name = format!("{run}-7-1");
        let dir = self.sessions().join(&name);
        fs::create_dir_all(&dir).expect("made");
        for (file, bytes) in [("setup.json", 2), ("1.out", bytes), ("lock", 0)] {
            fs::write(dir.join(file), vec![b'x'; bytes]).expect("written");
            aged(&dir.join(file), age);
        }
        aged(&dir, age);
        name
    }

    async fn tell(&self, journal: &str, all: Vec<What>) {
        let (host, user) = ("box".into(), "ann".into());
        let places = self.places();
        let setup = Setup { places, incident: journal.into(), host, user, pid: 7, started: now() };
        let journal = Journal::open(setup);
        for what in all {
            journal.append(what, now()).await.expect("recorded");
        }
    }

    async fn closed(&self, runs: &[&str]) {
        let close = |run: &&str| {
            let (done, why, by) = (true, String::new(), "ann".into());
            What::RunClosed(RunClosed { run: (*run).into(), done, why, by })
        };
        self.tell("day-2026-11-01", runs.iter().map(close).collect()).await;
    }

    fn tidy(&self, most: u64) -> Vec<String> {
        tidy(&self.places(), now(), most)
    }

    fn has(&self, name: &str) -> bool {
        self.sessions().join(name).exists()
    }
}

fn aged(path: &Path, seconds: u64) {
    let at = SystemTime::now() - Duration::from_secs(seconds);
    File::open(path).expect("there").set_modified(at).expect("set");
}

#[tokio::test]
async fn what_is_older_than_a_month_goes_unless_its_run_is_open_or_belongs_to_an_open_incident() {
    let place = Box::new();
    let old = place.session("run-2026-10-01-0300-closed", 31 * DAY, 9);
    let unknown = place.session("run-2026-10-01-0300-nobody", 31 * DAY, 9);
    let open = place.session("run-2026-10-01-0300-opened", 31 * DAY, 9);
    let joined = place.session("run-2026-10-01-0300-joined", 31 * DAY, 9);
    let young = place.session("run-2026-10-01-0300-younger", 29 * DAY, 9);
    place.closed(&["run-2026-10-01-0300-closed", "run-2026-10-01-0300-joined"]).await;
    place.closed(&["run-2026-10-01-0300-younger"]).await;
    let ticked = firedeck::incident::event::StepTicked {
        run: "run-2026-10-01-0300-opened".into(),
        step: 0,
        item: None,
        ticked: true,
        by: "ann".into(),
    };
    place.tell("day-2026-11-02", vec![What::StepTicked(ticked)]).await;
    let opened = IncidentOpened {
        title: "full".into(),
        severity: None,
        scale: None,
        response: None,
        rto: None,
        review: None,
        from: OpenedFrom::Hand,
        detected: now(),
        profile: String::new(),
        by: "ann".into(),
    };
    let joins = RunJoined {
        run: "run-2026-10-01-0300-joined".into(),
        journal: "day-2026-11-01".into(),
        steps: None,
        by: "ann".into(),
    };
    place
        .tell(
            "inc-2026-10-01-0300-k7qd",
            vec![What::IncidentOpened(std::boxed::Box::new(opened)), What::RunJoined(joins)],
        )
        .await;
    assert_eq!(place.tidy(1 << 30), [old.clone(), unknown]);
    assert!(!place.has(&old) && place.has(&open) && place.has(&joined) && place.has(&young));
    assert!(place.tidy(1 << 30).is_empty());
}

#[tokio::test]
async fn where_all_take_too_much_the_oldest_of_closed_runs_go_until_they_fit() {
    let place = Box::new();
    let first = place.session("run-2026-10-01-0300-first", 9 * DAY, 100_000);
    let open = place.session("run-2026-10-01-0300-opened", 8 * DAY, 100_000);
    let second = place.session("run-2026-10-01-0300-second", 7 * DAY, 100_000);
    let third = place.session("run-2026-10-01-0300-third", 6 * DAY, 100_000);
    let just = place.session("run-2026-10-01-0300-just", 5, 100_000);
    let closed = ["first", "second", "third", "just"].map(|one| format!("run-2026-10-01-0300-{one}"));
    place.closed(&closed.each_ref().map(String::as_str)).await;
    assert!(place.tidy(1 << 20).is_empty(), "there is room");
    assert_eq!(place.tidy(400_000), [first, second]);
    assert_eq!(place.tidy(0), [third], "what was begun a moment ago stays");
    assert!(place.has(&open) && place.has(&just));
}

#[tokio::test]
async fn a_session_whose_runner_lives_stays_with_its_way_to_the_cluster() {
    let place = Box::new();
    let lives = place.session("run-2026-10-01-0300-lives", 90 * DAY, 9);
    let dead = place.session("run-2026-10-01-0300-dead", DAY, 9);
    place.closed(&["run-2026-10-01-0300-lives"]).await;
    let lock = File::open(place.sessions().join(&lives).join("lock")).expect("there");
    lock.lock().expect("held");
    let way = |name: &str, age: u64| {
        let path = place.sessions().join(format!("{name}.kube"));
        fs::write(&path, "{}").expect("written");
        aged(&path, age);
        path
    };
    let (kept, gone) = (way(&lives, 90 * DAY), way(&dead, DAY));
    let (of_none, begun) = (way("run-x-7-9", DAY), way("run-x-7-10", 5));
    assert!(place.tidy(0).is_empty());
    assert!(place.has(&lives) && kept.exists() && begun.exists());
    assert!(!gone.exists() && !of_none.exists(), "nobody needs them without their sessions");
    drop(lock);
    assert_eq!(place.tidy(0), [lives]);
    assert!(!kept.exists());
}

#[test]
fn links_and_strange_files_are_never_followed() {
    let place = Box::new();
    let outside = place.dir.path().join("outside");
    fs::create_dir_all(&outside).expect("made");
    fs::write(outside.join("setup.json"), "{}").expect("written");
    fs::create_dir_all(place.sessions()).expect("made");
    std::os::unix::fs::symlink(&outside, place.sessions().join("run-a-7-1")).expect("linked");
    let half = place.sessions().join(".gone-run-b-7-1");
    fs::create_dir(&half).expect("made");
    std::os::unix::fs::symlink(&outside, half.join("1.out")).expect("linked");
    assert!(place.tidy(0).is_empty());
    assert!(outside.join("setup.json").exists());
    assert!(!half.exists(), "what was half gone goes");
}
