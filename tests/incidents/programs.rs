//! `firedeck incidents` and `firedeck report` as a user types them, over a journal that a cockpit wrote.
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::{
    IncidentOpened, MeasureOpened, Milestone, MilestoneSet, Note, OpenedFrom, RunJoined, RunOpened,
    SessionOpened, StepTicked, What,
};
use firedeck::store::{Journal, Places, Setup};
use serde_json::Value;

const INCIDENT: &str = "inc-2026-11-26-0312-k7qd";
const DOCUMENT: &str = "\
# Yard operations

## Crane does not lift

1. **Look at the pods**

   ```bash
   kubectl get pods -n yard
   ```

2. **Ask the foreman**
3. **Write it down**
";

/// A home of its own, with a journal in it.
struct World(tempfile::TempDir);

struct Ran {
    code: i32,
    out: String,
    err: String,
}

impl World {
    fn new() -> World {
        World(tempfile::tempdir().expect("a directory"))
    }

    fn places(&self) -> Places {
        Places { first: self.0.path().join("state/firedeck"), second: self.0.path().join("run/firedeck") }
    }

    fn journal(&self, incident: &str, started: i64) -> Journal {
        Journal::open(Setup {
            places: self.places(),
            incident: incident.into(),
            host: "box".into(),
            user: "ann".into(),
            pid: 7,
            started: Timestamp(started),
        })
    }

    fn files(&self, incident: &str) -> Vec<PathBuf> {
        let dir = self.places().first.join("journal").join(incident);
        let all = fs::read_dir(dir).expect("a journal").map(|entry| entry.expect("an entry").path());
        all.filter(|path| path.extension().is_some_and(|extension| extension == "jsonl")).collect()
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
        command
            .env_clear()
            .env("HOME", self.0.path())
            .env("USER", "ann")
            .env("XDG_STATE_HOME", self.0.path().join("state"))
            .env("XDG_RUNTIME_DIR", self.0.path().join("run"))
            .env("TERM", "xterm-256color")
            .env("TZ", "UTC")
            .current_dir(self.0.path());
        let output = command.args(arguments).output().expect("run");
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        let code = output.status.code().expect("ended by itself");
        Ran { code, out: text(&output.stdout), err: text(&output.stderr) }
    }
}

impl Ran {
    fn good(self) -> String {
        assert_eq!((self.code, self.err.as_str()), (0, ""), "{}", self.out);
        self.out
    }

    fn json(self) -> Value {
        serde_json::from_str(&self.good()).expect("JSON")
    }
}

fn now() -> Timestamp {
    firedeck::sources::now()
}

fn opened(title: &str) -> What {
    What::IncidentOpened(Box::new(IncidentOpened {
        title: title.into(),
        severity: Some("P1".into()),
        scale: None,
        response: Some("15 minutes".into()),
        rto: None,
        review: None,
        from: OpenedFrom::Hand,
        detected: now(),
        profile: "yard".into(),
        by: "ann".into(),
    }))
}

fn session() -> What {
    What::SessionOpened(SessionOpened {
        version: "1".into(),
        host: "box".into(),
        user: "ann".into(),
        pid: 7,
        profile: "yard".into(),
        contexts: Vec::new(),
        read_only: false,
    })
}

fn closed() -> What {
    let milestone = Milestone::Closed;
    What::MilestoneSet(MilestoneSet { milestone, at: now(), says: String::new(), by: "ann".into() })
}

fn measure() -> What {
    What::MeasureOpened(Box::new(MeasureOpened {
        measure: "m1".into(),
        what: "pool size".into(),
        target: None,
        prior: "10".into(),
        now: "30".into(),
        revert: "kubectl set env deploy/api POOL=10".into(),
        owner: "joe".into(),
        due: None,
        made_by: None,
        by: "ann".into(),
    }))
}

async fn write(journal: &Journal, events: impl IntoIterator<Item = What>) {
    for what in events {
        journal.append(what, now()).await.expect("recorded");
    }
}

async fn one_incident() -> (World, Journal) {
    let world = World::new();
    let journal = world.journal(INCIDENT, 1);
    let note = What::Note(Note { text: "token=hunter2 is in the log".into() });
    write(&journal, [session(), opened("crane does not lift"), note, measure()]).await;
    (world, journal)
}

#[tokio::test]
async fn an_incident_is_listed_and_shown_while_its_cockpit_writes_on() {
    let (world, journal) = one_incident().await;
    let list = world.run(&["incidents", "list"]).good();
    assert!(list.contains(INCIDENT) && list.contains("crane does not lift"), "{list}");
    assert!(list.contains("response 1") && list.contains("1 incident, 1 open"), "{list}");
    let shown = world.run(&["incidents", "show", "last"]).good();
    assert!(shown.contains("pool size: 10 → 30; nobody has looked whether it stands"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
    write(&journal, [closed()]).await;
    assert_eq!(world.run(&["incidents", "list", "--open"]).good(), "No incident is open.\n");
    let json = world.run(&["incidents", "list", "--json"]).json();
    assert_eq!(json["incidents"][0]["stage"], "closed");
    assert_eq!(json["incidents"][0]["open_measures"][0]["owner"], "joe");
}

#[tokio::test]
async fn a_draft_is_written_in_three_ways_and_shows_no_secret_in_any() {
    let (world, _journal) = one_incident().await;
    for (arguments, begins) in [
        (vec!["incidents", "export", "crane", "lift"], "# Post-mortem: crane does not lift\n"),
        (vec!["incidents", "export", "last", "--html"], "<!DOCTYPE html>\n"),
        (vec!["incidents", "export", "k7qd", "--json"], "{\n"),
    ] {
        let text = world.run(&arguments).good();
        assert!(text.starts_with(begins), "{text}");
        assert!(text.contains("(hidden)") && !text.contains("hunter2"), "{text}");
    }
}

#[tokio::test]
async fn the_handover_names_the_steps_that_are_left_by_the_document_as_it_was() {
    let (world, journal) = one_incident().await;
    let kept = journal.keep("cranes.md", DOCUMENT.into(), now()).await.expect("kept");
    let opened = What::RunOpened(Box::new(RunOpened {
        run: "r1".into(),
        path: "docs/cranes.md".into(),
        document: "Yard operations".into(),
        runbook: "Crane does not lift".into(),
        line: 3,
        kept: Some(kept),
        host: "box".into(),
        alert: None,
        by: "ann".into(),
    }));
    let ticked = What::StepTicked(StepTicked {
        run: "r1".into(),
        step: 1,
        item: None,
        ticked: true,
        by: "ann".into(),
    });
    write(&journal, [opened, ticked]).await;
    let text = world.run(&["report", "handover"]).good();
    assert!(text.contains("☐ 1 Look at the pods") && text.contains("☐ 3 Write it down"), "{text}");
    assert!(!text.contains("Ask the foreman"), "{text}");
    assert!(text.contains("no backend was asked"), "{text}");
    let json = world.run(&["report", "handover", "--json"]).json();
    assert_eq!(json["runs"][0]["unticked"].as_array().expect("steps").len(), 2);
    assert!(json["alerts"]["not-seen"].is_string(), "{json}");
}

#[tokio::test]
async fn a_run_that_began_in_the_journal_of_a_day_is_shown_with_the_incident_that_it_joined() {
    let (world, journal) = one_incident().await;
    let day = world.journal("day-2020-01-01", 1);
    let opened = What::RunOpened(Box::new(RunOpened {
        run: "r1".into(),
        path: "docs/cranes.md".into(),
        document: "Yard operations".into(),
        runbook: "Crane does not lift".into(),
        line: 3,
        kept: None,
        host: "box".into(),
        alert: None,
        by: "ann".into(),
    }));
    write(&day, [opened]).await;
    let joined =
        RunJoined { run: "r1".into(), journal: "day-2020-01-01".into(), steps: Some(3), by: "ann".into() };
    write(&journal, [What::RunJoined(joined)]).await;
    let text = world.run(&["incidents", "show", "last"]).good();
    assert!(text.contains("Crane does not lift (docs/cranes.md:3) by ann: 0 of 3 steps"), "{text}");
}

#[tokio::test]
async fn the_time_line_is_filtered_and_says_what_kinds_there_are() {
    let (world, _journal) = one_incident().await;
    let day = world.journal("day-2026-11-26", 1);
    write(&day, [What::Note(Note { text: "of no incident".into() })]).await;
    let all = world.run(&["report", "timeline"]).good();
    assert!(all.contains("of no incident") && all.contains("opened: crane does not lift, P1"), "{all}");
    let one = world.run(&["report", "timeline", "--incident", "last", "--kind", "note", "--json"]).json();
    assert_eq!(one["entries"].as_array().expect("lines").len(), 1);
    let markdown = world.run(&["report", "timeline", "--who", "ann", "--markdown"]).good();
    assert!(markdown.contains("| Time | Kind | Who | What |"), "{markdown}");
    let wrong = world.run(&["report", "timeline", "--kind", "weather"]);
    assert!(wrong.code == 2 && wrong.err.contains("incident, alert, change"), "{}", wrong.err);
    let since = world.run(&["report", "timeline", "--since", "yesterday"]);
    assert!(since.code == 2 && since.err.contains("write a span, `8h`"), "{}", since.err);
}

#[test]
fn where_there_is_no_incident_it_says_where_it_looked_and_how_one_is_opened() {
    let world = World::new();
    let shown = world.run(&["incidents", "show", "last"]);
    assert_eq!(shown.code, 1);
    assert!(shown.err.contains("state/firedeck/journal`"), "{}", shown.err);
    assert!(shown.err.contains("from an alert, from a runbook, or by hand"), "{}", shown.err);
    let list = world.run(&["incidents", "list"]).good();
    assert!(list.contains("no incident is recorded"), "{list}");
    assert_eq!(world.run(&["incidents", "list", "--json"]).json()["incidents"], serde_json::json!([]));
    assert!(world.run(&["report", "handover"]).good().contains("None is open."));
}

#[tokio::test]
async fn a_name_that_fits_none_or_several_is_answered_with_those_that_are_there() {
    let (world, _journal) = one_incident().await;
    let other = world.journal("inc-2026-11-27-0312-aaaa", 1);
    write(&other, [opened("crane swings")]).await;
    for name in ["weather", "crane"] {
        let ran = world.run(&["incidents", "show", name]);
        assert_eq!((ran.code, ran.out.as_str()), (1, ""));
        assert!(ran.err.contains(INCIDENT) && ran.err.contains("crane swings"), "{}", ran.err);
    }
    assert!(world.run(&["incidents", "show", "swings"]).good().contains("crane swings"));
}

#[tokio::test]
async fn a_torn_end_is_told_and_a_changed_byte_fails_with_the_file_and_the_event() {
    let (world, journal) = one_incident().await;
    drop(journal);
    let file = world.files(INCIDENT).remove(0);
    let whole = fs::read(&file).expect("the lines");
    fs::write(&file, &whole[..whole.len() - 5]).expect("written");
    let torn = world.run(&["incidents", "show", "last"]);
    assert_eq!(torn.code, 0, "{}", torn.err);
    assert!(torn.err.contains("its last line is not whole"), "{}", torn.err);
    let mut changed = whole.clone();
    let at = changed.windows(4).position(|bytes| bytes == b"pool").expect("the measure");
    changed[at] = b'P';
    fs::write(&file, &changed).expect("written");
    let broken = world.run(&["incidents", "export", "last"]);
    assert_eq!(broken.code, 1);
    let name = Path::new(&file).file_name().expect("a name").to_string_lossy().into_owned();
    assert!(broken.err.contains(&name) && broken.err.contains("event 4"), "{}", broken.err);
    assert!(broken.out.contains("Something may be missing here"), "{}", broken.out);
    assert!(broken.out.contains("crane does not lift"), "{}", broken.out);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_is_told_and_fails() {
    let (world, _journal) = one_incident().await;
    // Not even the administrator reads a directory as a file.
    let file = world.files(INCIDENT).remove(0);
    fs::remove_file(&file).expect("removed");
    fs::create_dir(&file).expect("made");
    let ran = world.run(&["incidents", "list"]);
    assert_eq!(ran.code, 1);
    assert!(ran.err.contains("cannot be read"), "{}", ran.err);
}

#[tokio::test]
async fn a_broken_config_file_keeps_nobody_from_reading_what_happened() {
    let (world, _journal) = one_incident().await;
    fs::create_dir_all(world.0.path().join(".config/firedeck")).expect("made");
    fs::write(world.0.path().join(".config/firedeck/config.toml"), "theme = [").expect("written");
    assert!(world.run(&["incidents", "list"]).good().contains(INCIDENT));
}
