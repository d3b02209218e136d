//! Stopping a statement: INT, then TERM, then KILL, and never the next command of it.
use std::time::{Duration, Instant};

use firedeck::tools::runner::Stream;

use super::bench::{Desk, wrap};

/// Runs until it has said `ready`, and is stopped.
async fn stopped(text: &str) -> (Desk, firedeck::tools::runner::Gone, Duration) {
    let mut desk = Desk::new().await;
    desk.run("kept=1").await;
    let statement = desk.start(text).await;
    desk.wrote(statement, Stream::Out, "ready").await;
    let began = Instant::now();
    desk.handle.stop(statement).await.expect("stopping");
    let gone = desk.lost().await;
    assert!(gone.stopped && gone.statement == Some(statement), "{gone:?}");
    assert_eq!(gone.variables, ["kept"]);
    assert_eq!(gone.background, []);
    desk.place.is_empty().await;
    assert!(!desk.text(statement, Stream::Out).contains("next"));
    (desk, gone, began.elapsed())
}

#[tokio::test]
async fn stopping_a_statement_ends_its_session_and_names_what_is_gone() {
    let (mut desk, _, took) = stopped("echo ready; sleep 300; echo next").await;
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert!(desk.handle.order("echo again", 3).await.is_err(), "nothing goes on in a fresh shell");
}

#[tokio::test]
async fn a_command_that_heeds_int_in_its_own_way_is_not_followed_by_the_next() {
    let (desk, ..) = stopped(
        "bash -c 'trap \"echo heeded; exit 0\" INT; echo ready; while :; do sleep 0.01; done'; echo next",
    )
    .await;
    assert!(desk.text(2, Stream::Out).contains("heeded"), "it had the time to");
}

#[tokio::test]
async fn a_command_that_ignores_int_is_told_term_and_then_killed() {
    stopped("sh -c 'trap \"\" INT; echo ready; while :; do sleep 300; done'; echo next").await;
    stopped("trap '' INT TERM HUP; echo ready; while :; do sleep 300; done; echo next").await;
    stopped("sh -c 'trap \"\" INT TERM HUP; echo ready; while :; do sleep 300; done' | cat; echo next").await;
}

#[tokio::test]
async fn traps_that_a_statement_set_do_not_let_its_next_command_run() {
    stopped("trap 'echo cleaning' INT TERM; echo ready; sleep 300; echo next").await;
    stopped("trap '' TERM; trap : INT; echo ready; sleep 300; echo next").await;
    // It has to be told TERM as well.
    stopped("trap : INT TERM; sh -c 'trap \"\" INT; echo ready; while :; do sleep 0.1; done'; echo next")
        .await;
}

#[tokio::test]
async fn a_trap_for_the_exit_runs_when_a_statement_is_stopped() {
    let (desk, ..) = stopped("trap 'echo bye' EXIT; trap : INT TERM; echo ready; sleep 300; echo next").await;
    assert!(desk.text(2, Stream::Out).contains("bye"));
}

#[tokio::test]
async fn children_in_groups_of_their_own_are_stopped_too() {
    stopped("set -m; sleep 304 & sh -c 'echo ready; exec sleep 305'; echo next").await;
}

#[tokio::test]
async fn a_stopped_process_is_ended_as_well() {
    stopped("echo ready; sh -c 'kill -STOP $$'; echo next").await;
}

#[tokio::test]
async fn a_stop_that_comes_too_late_stops_nothing() {
    let mut desk = Desk::new().await;
    desk.run("kept=1").await;
    let why = desk.handle.stop(1).await.expect_err("refused");
    assert!(why.contains("is not running"), "{why}");
    assert_eq!(desk.out("echo $kept").await, "1\n");
}

#[tokio::test]
async fn signals_that_the_cockpit_ignores_are_not_ignored_by_the_shell() {
    let mut desk = Desk::with(|setup| wrap(setup, "trap '' INT TERM HUP QUIT PIPE")).await;
    assert_eq!(desk.out("trap").await, "");
    let statement = desk.start("echo ready; sleep 306; echo next").await;
    desk.wrote(statement, Stream::Out, "ready").await;
    desk.handle.stop(statement).await.expect("stopping");
    assert!(desk.lost().await.stopped);
}
