//! Looks leave no trace in the shell that they ask, and never end it.
use std::time::{Duration, Instant};

use firedeck::commands::effect::Answer;
use firedeck::domain::approval::{QuestionId, Tier};
use firedeck::domain::shell::{Sent, Session, ShellCommand};
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News;

use super::bench::{Desk, wait};

async fn look(desk: &mut Desk, mut command: ShellCommand, looks: &[&str]) -> Vec<Option<Answer>> {
    command.looks = looks.iter().map(|look| Sent::new(*look)).collect();
    desk.question += 1;
    let id = QuestionId(desk.question);
    desk.runs.look(id, &command);
    match desk.until(|msg| matches!(msg, Msg::Answered(one, _) if *one == id)).await {
        Msg::Answered(_, answers) => answers,
        other => panic!("{other:?}"),
    }
}

fn said(answer: Option<&Answer>) -> (i32, &str, &str) {
    answer.map_or((-1, "", ""), |one| (one.code, one.out.as_str(), one.err.as_str()))
}

#[tokio::test]
async fn a_look_sees_the_shells_variables_and_disturbs_nothing() {
    let mut desk = Desk::new();
    desk.open("A=1; f() { echo f; }; trap 'echo bye' EXIT; trap 'echo err' ERR; sleep 300 & set -eu; P=$!; false || (exit 0)\n(exit 7) || B=$?; printf '%s %s %s %s\\n' \"$?\" \"$A\" \"$P\" \"$!\"; jobs -p; trap; case $- in *e*) echo e;; esac").await;
    let before = desk.command(0, Tier::Read, Session::New);
    let order = desk.run(before).await.order;
    let change = desk.command(1, Tier::Change, Session::Join(order.session.clone()));
    let looks = [
        "echo \"$A\"; f; A=2; exit 4",
        "echo \"it's ) bad\" >&2; false; echo $NONE; cat; locale 2>/dev/null | grep LC_ALL",
        "sleep 60 & trap '' TERM; kill $$ 2>/dev/null & echo on",
        "if",
    ];
    let answers = look(&mut desk, change.clone(), &looks[..2]).await;
    assert_eq!(said(answers[0].as_ref()), (4, "1\nf\n", ""));
    assert_eq!(said(answers[1].as_ref()), (0, "\nLC_ALL=C\n", "it's ) bad\n"));
    let answers = look(&mut desk, change.clone(), &[looks[3], "echo after"]).await;
    assert_eq!(answers[0].as_ref().map(|one| one.code != 0 && one.err.contains("syntax error")), Some(true));
    assert_eq!(said(answers[1].as_ref()), (0, "after\n", ""));
    let ended = desk.run(change).await;
    let out = desk.output(&ended.order);
    let lines: Vec<&str> = out.lines().collect();
    let words: Vec<&str> = lines[0].split(' ').collect();
    assert_eq!((words[0], words[1]), ("0", "1"), "{out}");
    assert_eq!(words[2], words[3], "`$!` is as it was: {out}");
    assert_eq!(lines[1], words[2], "its jobs are as they were: {out}");
    assert!(out.contains("echo bye") && out.contains("echo err") && lines.last() == Some(&"e"), "{out}");
}

#[tokio::test]
async fn what_the_statement_before_came_to_is_still_known_after_a_look() {
    for set in ["", "set -e; trap 'echo caught' ERR; "] {
        let mut desk = Desk::new();
        desk.open(&format!("{set}! true\necho \"came to $?\"")).await;
        let before = desk.command(0, Tier::Read, Session::New);
        let before = desk.run(before).await;
        assert_eq!(before.end, End::Exit(vec![1]));
        let change = desk.command(1, Tier::Change, Session::Join(before.order.session));
        let answers = look(&mut desk, change.clone(), &["false", "echo $?"]).await;
        assert_eq!(said(answers[0].as_ref()).0, 1);
        let ended = desk.run(change).await;
        assert_eq!((desk.output(&ended.order).as_str(), ended.verdict), ("came to 1\n", Verdict::Ok));
    }
}

#[tokio::test]
async fn a_look_that_hangs_is_gone_after_two_seconds_and_the_session_lives() {
    let mut desk = Desk::new();
    desk.open("A=1\necho \"$A\"").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let order = desk.run(first).await.order;
    let change = desk.command(1, Tier::Change, Session::Join(order.session));
    let began = Instant::now();
    let hangs = "trap '' TERM INT HUP; (sleep 301) & sleep 302; echo late";
    let answers = look(&mut desk, change.clone(), &["echo quick", hangs, "echo never asked"]).await;
    let took = began.elapsed();
    assert!(took >= Duration::from_millis(1900) && took < Duration::from_secs(5), "{took:?}");
    assert_eq!((said(answers[0].as_ref()).1, &answers[1], &answers[2]), ("quick\n", &None, &None));
    let sleeping = |desk: &Desk| {
        let line = |pid: &i32| std::fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        desk.processes().iter().any(|pid| line(pid).contains("sleep"))
    };
    wait(|| !sleeping(&desk)).await;
    let ended = desk.run(change).await;
    assert_eq!((desk.output(&ended.order).as_str(), ended.verdict), ("1\n", Verdict::Ok));
}

#[tokio::test]
async fn the_session_that_was_looked_in_is_the_one_that_is_used_or_it_ends_with_the_question() {
    let mut desk = Desk::new();
    desk.open("touch here").await;
    let command = desk.command(0, Tier::Change, Session::New);
    let answers = look(&mut desk, command.clone(), &["pwd"]).await;
    assert_eq!(said(answers[0].as_ref()).1.trim_end(), desk.root.path().to_str().expect("a path"));
    let approved = super::bench::answer(desk.question, command.clone());
    desk.runs.begin(approved, Vec::new());
    let order = desk.started().await;
    assert_eq!(order.statement, 2, "the look was the first");
    desk.ended().await;
    assert!(desk.root.path().join("here").exists());
    let count =
        |desk: &Desk| std::fs::read_dir(desk.root.path().join("state/sessions")).expect("there").count();
    assert_eq!(count(&desk), 1);
    look(&mut desk, command.clone(), &["pwd"]).await;
    assert_eq!(count(&desk), 2);
    let before = desk.processes().len();
    desk.runs.declined(QuestionId(desk.question));
    wait(|| desk.processes().len() < before).await;
}

#[tokio::test]
async fn a_long_answer_is_cut_and_its_end_is_still_found() {
    let mut desk = Desk::new();
    desk.open("echo").await;
    let command = desk.command(0, Tier::Change, Session::New);
    let answers = look(&mut desk, command, &["head -c 5000000 /dev/zero | tr '\\0' x; exit 5"]).await;
    let (code, out, _) = said(answers[0].as_ref());
    assert_eq!((code, out.len()), (5, 256 << 10));
}

#[tokio::test]
async fn where_no_session_can_be_begun_nothing_is_known_and_the_reason_is_said() {
    let mut desk = Desk::new();
    desk.open("echo").await;
    let mut command = desk.command(0, Tier::Change, Session::New);
    command.place.workdir = Some("/nowhere/at/all".into());
    let answers = look(&mut desk, command.clone(), &["pwd", "pwd"]).await;
    assert_eq!(answers, [None, None]);
    let says = |msg: &Msg| match msg {
        Msg::Ran(News::Trouble { why, .. }) => {
            why.contains("not looked at") && why.contains("/nowhere/at/all")
        }
        _ => false,
    };
    assert!(desk.heard.iter().any(says), "{:?}", desk.heard);
    let approved = super::bench::answer(desk.question, command);
    desk.runs.begin(approved, Vec::new());
    assert!(desk.not_started().await.contains("/nowhere/at/all"));
    assert_eq!(desk.count("step-started"), 0);
}

#[tokio::test]
async fn a_session_in_which_something_runs_is_not_looked_in() {
    let mut desk = Desk::new();
    desk.open("sleep 300\necho").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let order = desk.begin(first).await;
    let change = desk.command(1, Tier::Change, Session::Join(order.session.clone()));
    let began = Instant::now();
    assert_eq!(look(&mut desk, change, &["pwd"]).await, [None]);
    assert!(began.elapsed() < Duration::from_secs(1));
    desk.runs.stop(order);
    assert_eq!(desk.ended().await.verdict, Verdict::Stopped);
}
