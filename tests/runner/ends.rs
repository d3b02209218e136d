//! How a shell ends by itself, and what goes on beside it.
use std::time::Duration;

use firedeck::tools::runner::{Event, State, Stream, session};

use super::bench::Desk;

#[tokio::test]
async fn a_statement_that_ends_the_shell_says_how_and_what_is_gone() {
    for (text, code, signal) in [
        ("exit 3", Some(3), None),
        ("exec sh -c 'exit 4'", Some(4), None),
        ("set -e; false; echo not here", Some(1), None),
        ("set -u; echo \"$nowhere\"; echo not here", Some(127), None),
        ("echo ${nowhere:?gone}", Some(127), None),
        ("kill $$", None, Some(15)),
        ("kill -9 $$; sleep 9", None, Some(9)),
        ("set -n", Some(0), None),
        ("ulimit -n 3; true", Some(0), None),
    ] {
        let mut desk = Desk::new().await;
        desk.run("mine=1; also=2; help() { :; }").await;
        let statement = desk.start(text).await;
        let gone = desk.shell_gone().await;
        assert_eq!(
            (gone.statement, gone.code, gone.signal),
            (Some(statement), code, signal),
            "{text}: {gone:?}"
        );
        assert_eq!(gone.variables, ["also", "mine"], "{text}");
        assert_eq!(gone.functions, ["help"], "{text}");
        assert!(!desk.text(statement, Stream::Out).contains("not here"));
        let why = desk.handle.order("echo again", statement + 1).await.expect_err("refused");
        assert!(why.contains("over"), "{why}");
        desk.place.is_empty().await;
        let found = session(&desk.place.dir()).expect("a session");
        assert!(matches!(found.state, State::Over(Event::ShellGone(_))), "{found:?}");
    }
}

#[tokio::test]
async fn set_e_alone_ends_nothing() {
    let mut desk = Desk::new().await;
    desk.run("set -e").await;
    let ran = desk.run("if false; then :; fi; [ 1 = 2 ] && echo no").await;
    assert_eq!(ran.ended.status, 1);
    assert_eq!(desk.out("echo $?").await, "1\n");
}

#[tokio::test]
async fn a_trap_for_the_exit_runs_when_the_session_is_ended() {
    let mut desk = Desk::new().await;
    desk.run("trap 'echo bye' EXIT").await;
    desk.handle.end(false).await.expect("ended");
    let gone = desk.lost().await;
    assert_eq!((gone.why.as_str(), gone.statement), ("the session was ended", None));
    assert_eq!(desk.text(1, Stream::Out), "bye\n");
    desk.place.is_empty().await;
}

#[tokio::test]
async fn a_session_is_not_ended_softly_while_a_statement_runs() {
    let mut desk = Desk::new().await;
    desk.start("sleep 300").await;
    let why = desk.handle.end(false).await.expect_err("refused");
    assert!(why.contains("still running"), "{why}");
    desk.handle.end(true).await.expect("ended");
    let gone = desk.lost().await;
    assert_eq!((gone.statement, gone.stopped), (Some(1), false));
    desk.place.is_empty().await;
}

#[tokio::test]
async fn what_goes_on_in_the_background_is_listed_and_ended_by_its_number() {
    let mut desk = Desk::new().await;
    let ran = desk.run("sleep 301 & (sleep 302 &)").await;
    let mut commands: Vec<&str> = ran.ended.background.iter().map(|child| child.command.as_str()).collect();
    commands.sort_unstable();
    assert_eq!(commands, ["sleep 301", "sleep 302"]);
    let why = desk.handle.stop_child(desk.place.runner()).await.expect_err("not ours");
    assert!(why.contains("is not of the session"), "{why}");
    for child in &ran.ended.background {
        desk.handle.stop_child(child.pid).await.expect("told to end");
    }
    let mut left = ran.ended.background;
    while !left.is_empty() {
        left = desk.run("true").await.ended.background;
    }
}

#[tokio::test]
async fn what_goes_on_is_told_without_its_secrets_and_not_without_end() {
    let mut desk = Desk::new().await;
    let ran = desk.run("bash -c 'sleep 308; :' x --password hunter2 DB_PASSWORD=hunter2 &").await;
    let commands: Vec<&str> = ran.ended.background.iter().map(|child| child.command.as_str()).collect();
    assert!(commands.iter().any(|command| command.contains("--password (hidden)")), "{commands:?}");
    let events = std::fs::read_to_string(desk.place.dir().join("events")).expect("read");
    assert!(!events.contains("hunter2"), "{events}");
}

#[tokio::test]
async fn a_child_that_was_told_to_outlive_its_terminal_goes_on_and_is_still_heard() {
    let mut desk = Desk::new().await;
    let goes_on = "nohup sh -c 'echo up; while [ ! -e go ]; do sleep 0.01; done; echo late' & sleep 303 &";
    desk.run(goes_on).await;
    desk.wrote(1, Stream::Out, "up").await;
    let mut other = desk.attach().await;
    desk.handle.end(false).await.expect("ended");
    let gone = desk.lost().await;
    assert!(gone.background.iter().any(|child| child.command.contains("while")), "{gone:?}");
    std::fs::write(desk.place.root.path().join("go"), "").expect("told");
    desk.place.is_empty().await;
    assert!(desk.text(1, Stream::Out).contains("late"));
    let told =
        tokio::time::timeout(Duration::from_secs(9), async { while other.next().await.is_some() {} }).await;
    assert!(told.is_ok(), "whoever is attached hears the end");
}
