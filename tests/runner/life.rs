//! What outlives what: cockpits come and go, and the death of a runner is seen.
use std::path::PathBuf;

use firedeck::tools::runner::{Event, State, Stream, attach, list, remains, session, start};

use super::bench::{Desk, PATIENCE, Place, kill, next};

#[tokio::test]
async fn a_second_cockpit_reads_all_from_the_start_and_hears_what_follows() {
    let mut desk = Desk::new().await;
    desk.run("echo one").await;
    desk.run("echo two >&2; false").await;
    let mut other = desk.attach().await;
    let mut told = Vec::new();
    while told.len() < 7 {
        told.push(next(&mut other).await);
    }
    let kinds: Vec<String> = told
        .iter()
        .map(|event| match event {
            Event::Ready { .. } => "ready".into(),
            Event::Started { statement, .. } => format!("{statement} started"),
            Event::Output { statement, stream, from, len } => format!("{statement} {stream:?} {from} {len}"),
            Event::Ended(ended) => format!("{} ended {}", ended.statement, ended.status),
            other => format!("{other:?}"),
        })
        .collect();
    let expected = ["ready", "1 started", "1 Out 0 4", "1 ended 0", "2 started", "2 Err 0 4", "2 ended 1"];
    assert_eq!(kinds, expected);
    other.order("echo three", 3).await.expect("taken");
    desk.until(|event| matches!(event, Event::Ended(ended) if ended.statement == 3)).await;
    assert_eq!(desk.text(3, Stream::Out), "three\n");
}

#[tokio::test]
async fn of_two_cockpits_that_start_one_statement_only_one_does() {
    let desk = Desk::new().await;
    let (mut one, mut two) = (desk.attach().await, desk.attach().await);
    let text = "echo ran >>count; sleep 0.2";
    let (a, b) = tokio::join!(one.order(text, 1), two.order(text, 1));
    let why = match (a, b) {
        (Ok(()), Err(why)) | (Err(why), Ok(())) => why,
        both => panic!("{both:?}"),
    };
    assert_eq!(why, "statement 1 was started already");
    let mut other = desk.attach().await;
    let why = other.order(text, 3).await.expect_err("refused");
    assert!(why == "statement 1 is still running" || why == "the next statement is 2, not 3", "{why}");
    while !matches!(next(&mut other).await, Event::Ended(_)) {}
    let count = std::fs::read_to_string(desk.place.root.path().join("count")).expect("counted");
    assert_eq!(count, "ran\n");
}

/// A cockpit of its own, to be killed: it starts a session and a statement, and waits.
#[test]
#[ignore = "a process that other tests start"]
fn cockpit() {
    let Some(root) = std::env::var_os("RUNNER_TEST_ROOT").map(PathBuf::from) else { return };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let name = root.file_name().expect("a name").to_string_lossy().into_owned();
        let mut setup = firedeck::tools::runner::Setup::new(root.join(format!("session-{name}")));
        setup.program = Some(env!("CARGO_BIN_EXE_firedeck").into());
        setup.workdir = Some(root.clone());
        let mut handle = start(&setup).await.expect("a session");
        let text = "echo begun; while [ ! -e go ]; do sleep 0.01; done; echo finished";
        handle.order(text, 1).await.expect("taken");
        std::fs::write(root.join("started"), "").expect("told");
        while handle.next().await.is_some() {}
    });
}

async fn exists(path: PathBuf) {
    let waiting = async {
        while !path.exists() {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("it comes");
}

const COCKPIT: [&str; 3] = ["--ignored", "--exact", "runner::life::cockpit"];

/// Lets the statement of a cockpit that is gone finish, and sees that nothing of it is lost.
async fn goes_on(place: &Place) {
    let found = session(&place.dir()).expect("a session");
    assert_eq!((found.state, found.last), (State::Running(1), 1));
    let mut handle = attach(&place.dir()).await.expect("attached");
    std::fs::write(place.root.path().join("go"), "").expect("told");
    while !matches!(next(&mut handle).await, Event::Ended(ended) if ended.status == 0) {}
    let out = super::bench::bytes(&place.dir(), 1, Stream::Out);
    assert_eq!(String::from_utf8_lossy(&out), "begun\nfinished\n");
    assert_eq!(session(&place.dir()).expect("a session").state, State::Idle);
}

#[tokio::test]
async fn killing_the_cockpit_loses_nothing() {
    let place = Place::new();
    let mut cockpit = std::process::Command::new(std::env::current_exe().expect("this program"))
        .args(COCKPIT)
        .env("RUNNER_TEST_ROOT", place.root.path())
        .stdout(std::process::Stdio::null())
        .spawn()
        .expect("a cockpit");
    exists(place.root.path().join("started")).await;
    cockpit.kill().expect("killed");
    cockpit.wait().expect("gone");
    goes_on(&place).await;
}

#[tokio::test]
async fn losing_the_cockpits_terminal_loses_nothing() {
    let place = Place::new();
    let (pty, pts) = pty_process::blocking::open().expect("a terminal");
    let mut cockpit = pty_process::blocking::Command::new(std::env::current_exe().expect("this program"))
        .args(COCKPIT)
        .env("RUNNER_TEST_ROOT", place.root.path())
        .spawn(pts)
        .expect("a cockpit");
    exists(place.root.path().join("started")).await;
    drop(pty);
    let status = cockpit.wait().expect("gone");
    assert!(!status.success(), "the terminal took it along");
    goes_on(&place).await;
}

#[tokio::test]
async fn killing_the_runner_is_seen_and_its_shell_does_not_go_on() {
    let mut desk = Desk::new().await;
    desk.run("mine=1").await;
    let statement = desk.start("trap '' HUP; (echo begun; exec sleep 300); echo next >>next").await;
    desk.wrote(statement, Stream::Out, "begun").await;
    kill(desk.place.runner());
    let event = desk.until(Event::is_final).await;
    assert_eq!(event, Event::Interrupted { statement: Some(statement) });
    assert!(desk.handle.next().await.is_none());
    assert!(desk.handle.order("echo again", statement + 1).await.is_err());
    let found = session(&desk.place.dir()).expect("a session");
    assert_eq!((found.state, found.last), (State::Interrupted(Some(statement)), statement));
    let mut other = desk.attach().await;
    let mut last = None;
    while let Some(event) = other.next().await {
        last = Some(event);
    }
    assert_eq!(last, Some(Event::Interrupted { statement: Some(statement) }));
    // One that ignores the hang-up goes on, and is known.
    let waiting = async {
        while !matches!(remains(&desk.place.dir()).as_slice(), [child] if child.command == "sleep 300") {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the sleep alone is left");
    kill(remains(&desk.place.dir())[0].pid);
    desk.place.is_empty().await;
    assert!(!desk.place.root.path().join("next").exists());
}

#[tokio::test]
async fn killing_an_idle_runner_leaves_nothing() {
    let desk = Desk::new().await;
    kill(desk.place.runner());
    desk.place.is_empty().await;
    // A process that dies lets go of its memory first, and of its lock a moment later.
    let known = async {
        while session(&desk.place.dir()).expect("a session").state != State::Interrupted(None) {
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(PATIENCE, known).await.expect("it is known to be dead");
}

#[tokio::test]
async fn the_sessions_of_a_place_are_found_with_their_states() {
    let mut desk = Desk::new().await;
    let root = desk.place.root.path().to_owned();
    std::fs::create_dir(root.join("another")).expect("made");
    std::fs::create_dir(root.join("broken")).expect("made");
    std::fs::write(root.join("broken/setup.json"), "{").expect("written");
    let never = root.join("never");
    let mut setup = desk.place.setup();
    (setup.dir, setup.shell) = (never.clone(), Some("/nowhere".into()));
    assert!(start(&setup).await.is_err());
    assert_eq!(session(&never).expect("a session").state, State::Unknown("it was never begun".into()));
    desk.run("true").await;
    let states = |sessions: Vec<firedeck::tools::runner::Session>| -> Vec<(String, u64, bool)> {
        let is_known = |state: &State| !matches!(state, State::Unknown(_));
        sessions.iter().map(|one| (one.name.clone(), one.last, is_known(&one.state))).collect()
    };
    let name = desk.place.dir().file_name().expect("a name").to_string_lossy().into_owned();
    let found = list(&root).expect("listed");
    assert_eq!(
        states(found),
        [("broken".to_owned(), 0, false), ("never".to_owned(), 0, false), (name, 1, true)]
    );
    assert_eq!(list(&root.join("nowhere")).expect("none"), []);
}

#[tokio::test]
async fn a_session_is_for_this_user_alone_and_none_takes_the_place_of_another() {
    use std::os::unix::fs::MetadataExt;
    let desk = Desk::new().await;
    assert_eq!(std::fs::metadata(desk.place.dir()).expect("made").mode() & 0o777, 0o700);
    for file in std::fs::read_dir(desk.place.dir()).expect("files").flatten() {
        let mode = file.metadata().expect("known").mode() & 0o077;
        assert!(mode == 0 || file.file_name() == "socket", "{:?} {mode:o}", file.file_name());
    }
    let why = start(&desk.place.setup()).await.expect_err("refused");
    assert!(why.contains("File exists"), "{why}");
}

#[tokio::test]
async fn a_long_path_is_no_hindrance() {
    let long = "d".repeat(120);
    let mut desk = Desk::with(|setup| {
        setup.dir = setup.dir.with_file_name(long).join(setup.dir.file_name().unwrap_or_default());
    })
    .await;
    desk.handle.order("echo here", 1).await.expect("taken");
    let ended = desk.ended().await;
    assert_eq!(ended.bytes, [5, 0, 0]);
}
