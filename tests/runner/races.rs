//! Two things at once: whichever comes first, nothing hangs and nothing untrue is told.
use std::time::Duration;

use firedeck::tools::runner::{Event, Stream, session, start};
use rustix::process::{Pid, Signal, kill_process};

use super::bench::{Desk, PATIENCE, Place, kill, next};

fn signal(pid: i32, signal: Signal) {
    kill_process(Pid::from_raw(pid).expect("a number"), signal).expect("it is there");
}

/// The number of the shell, and those of the driver's child that waits in it.
fn shells(desk: &Desk) -> Vec<i32> {
    let found = desk.place.processes();
    let is_shell = |line: &str| line.contains("--noprofile") && line.contains("/driver");
    found.into_iter().filter(|(_, line)| is_shell(line)).map(|(pid, _)| pid).collect()
}

/// A statement that has ended and was answered for, which its runner has not heard of yet: it is halted.
async fn ended_unheard(desk: &mut Desk) -> (u64, i32) {
    let go = desk.place.root.path().join("go");
    let statement = desk.start("while [ ! -e go ]; do :; done").await;
    let runner = desk.place.runner();
    signal(runner, Signal::STOP);
    std::fs::write(go, "").expect("told");
    let sleeps = |pid: i32| {
        std::fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| stat.contains(") S "))
    };
    let waiting = async {
        let mut seen = 0;
        // It sleeps for a moment in between as well.
        while seen < 10 {
            let shells = shells(desk);
            seen = if shells.len() == 2 && shells.into_iter().all(sleeps) { seen + 1 } else { 0 };
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    tokio::time::timeout(PATIENCE, waiting).await.expect("the driver waits");
    (statement, runner)
}

#[tokio::test]
async fn a_stop_that_meets_the_end_of_its_statement_leaves_no_shell_halted() {
    for _ in 0..6 {
        let mut desk = Desk::new().await;
        let (statement, runner) = ended_unheard(&mut desk).await;
        let (_, ()) = tokio::join!(desk.handle.stop(statement), async { signal(runner, Signal::CONT) });
        assert_eq!(desk.ended().await.status, 0);
        if desk.handle.order("echo on", statement + 1).await.is_ok() {
            desk.until(|event| event.is_final() || matches!(event, Event::Ended(_))).await;
        }
    }
}

#[tokio::test]
async fn a_statement_that_ended_before_its_shell_died_has_ended() {
    for _ in 0..6 {
        let mut desk = Desk::new().await;
        let (statement, runner) = ended_unheard(&mut desk).await;
        kill(shells(&desk)[0]);
        signal(runner, Signal::CONT);
        assert_eq!(desk.ended().await.statement, statement);
        let gone = desk.shell_gone().await;
        assert_eq!((gone.statement, gone.signal), (None, Some(9)));
    }
}

#[tokio::test]
async fn whoever_looks_for_sessions_hinders_none_from_being_begun() {
    for _ in 0..4 {
        let place = Place::new();
        let (dir, done) = (place.dir(), std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false)));
        let lookers: Vec<_> = (0..2)
            .map(|_| {
                let (dir, done) = (dir.clone(), std::sync::Arc::clone(&done));
                std::thread::spawn(move || {
                    while !done.load(std::sync::atomic::Ordering::Relaxed) {
                        let _ = session(&dir);
                    }
                })
            })
            .collect();
        let begun = start(&place.setup()).await;
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        for looker in lookers {
            looker.join().expect("looked");
        }
        begun.expect("a session");
    }
}

#[tokio::test]
async fn what_is_typed_for_one_statement_does_not_reach_the_next() {
    let mut desk = Desk::new().await;
    let mut other = desk.attach().await;
    desk.start("while [ ! -e go ]; do sleep 0.01; done").await;
    std::fs::write(desk.place.root.path().join("go"), "").expect("told");
    while !matches!(next(&mut other).await, Event::Ended(_)) {}
    other.order("read -t 2 -r line; echo \"[$line]\"", 2).await.expect("taken");
    while !matches!(next(&mut other).await, Event::Started { .. }) {}
    // To this cockpit it is still the first that runs.
    let why = desk.handle.type_("yes\n").await.expect_err("refused");
    assert!(why.contains("statement 1 is not running"), "{why}");
    while !matches!(next(&mut other).await, Event::Ended(_)) {}
    assert_eq!(desk.text(2, Stream::Out), "[]\n");
}

#[tokio::test]
async fn a_statement_that_was_begun_is_said_to_be_although_its_shell_is_slow_to_take_it() {
    let mut desk = Desk::new().await;
    for shell in shells(&desk) {
        signal(shell, Signal::STOP);
    }
    let text = format!(": '{}'", "x".repeat(300_000));
    desk.handle.order(text, 1).await.expect("it was begun");
    desk.until(|event| matches!(event, Event::Started { .. })).await;
    for shell in shells(&desk) {
        signal(shell, Signal::CONT);
    }
    assert_eq!(desk.ended().await.status, 0);
}

#[tokio::test]
async fn a_shell_that_says_much_while_it_is_told_much_holds_up_nobody() {
    let mut desk = Desk::new().await;
    desk.run("for i in {1..9000}; do eval \"a_name_that_is_long_$i=1\"; done").await;
    // The last of a list of rounds has the shell read the driver again, and answer for that.
    let text = format!(": '{}'", "x".repeat(300_000));
    for n in 0..51 {
        let text = if (45..50).contains(&n) { &*text } else { "true" };
        assert_eq!(desk.run(text).await.ended.status, 0);
    }
}
