//! Where it is not known whether something was done: nothing is told that may be wrong, and nothing is done twice.
use firedeck::domain::approval::Tier;
use firedeck::domain::shell::{Sent, Session};
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News;
use rustix::process::{Pid, Signal, kill_process};

use super::bench::{Desk, not_started, wait};

fn runner(desk: &Desk) -> Pid {
    let line = |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let is_runner = |pid: &i32| line(pid).windows(8).any(|part| part == b"\0runner\0");
    let pid = desk.processes().into_iter().find(is_runner).expect("a runner");
    Pid::from_raw(pid).expect("a process")
}

#[tokio::test]
async fn a_runner_that_is_slow_to_answer_may_have_begun_and_is_not_told_to_have_refused() {
    let mut desk = Desk::new();
    desk.open("A=1\necho \"$A\" >>said\necho after").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let order = desk.run(first).await.order;
    let runner = runner(&desk);
    kill_process(runner, Signal::STOP).expect("it stands still");
    let second = desk.command(1, Tier::Change, Session::Join(order.session.clone()));
    let approved = desk.approve(second);
    desk.runs.begin(approved, Vec::new());
    desk.started().await;
    let in_doubt =
        |msg: &Msg| matches!(msg, Msg::Ran(News::Trouble { why, .. }) if why.contains("not known yet"));
    desk.until(in_doubt).await;
    let third = desk.command(2, Tier::Read, Session::Join(order.session.clone()));
    let approved = desk.approve(third.clone());
    desk.runs.begin(approved, Vec::new());
    assert_eq!(desk.not_started().await, "statement 2 is still running in its shell");
    kill_process(runner, Signal::CONT).expect("it goes on");
    let ended = desk.ended().await;
    assert_eq!((ended.order.statement, ended.end, ended.verdict), (2, End::Exit(vec![0]), Verdict::Ok));
    assert_eq!(std::fs::read_to_string(desk.root.path().join("said")).expect("said"), "1\n");
    assert_eq!(desk.run(third).await.verdict, Verdict::Ok);
    assert_eq!((desk.count("step-started"), desk.count("step-ended")), (3, 3));
}

#[tokio::test]
async fn of_two_things_of_one_name_the_evidence_of_both_is_kept() {
    let mut desk = Desk::new();
    desk.open("echo >one\necho >two").await;
    let first = desk.command(0, Tier::Change, Session::New);
    let approved = desk.approve(first);
    desk.runs.begin(approved, vec![Sent::new("echo of one")]);
    let order = desk.ended().await.order;
    let second = desk.command(1, Tier::Change, Session::Join(order.session));
    let approved = desk.approve(second);
    desk.runs.begin(approved, vec![Sent::new("echo of the other")]);
    desk.ended().await;
    assert_eq!(desk.count("evidence-kept"), 2);
}

#[tokio::test]
async fn what_a_statement_leaves_behind_its_shell_is_told_and_can_be_stopped() {
    let mut desk = Desk::new();
    desk.open("sleep 300 &\necho on").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let order = desk.run(first).await.order;
    let children = |msg: &Msg| match msg {
        Msg::Ran(News::Background { children, .. }) => Some(children.len()),
        _ => None,
    };
    desk.until(|msg| children(msg) == Some(1)).await;
    desk.runs.stop(order.clone());
    let sleeps = |desk: &Desk| {
        let line = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        desk.processes().iter().any(|pid| line(pid).starts_with("sleep"))
    };
    wait(|| !sleeps(&desk)).await;
    let second = desk.command(1, Tier::Read, Session::Join(order.session));
    assert_eq!(desk.run(second).await.verdict, Verdict::Ok, "its shell lives");
    desk.until(|msg| children(msg) == Some(0)).await;
    assert!(!desk.heard.iter().any(not_started));
}
