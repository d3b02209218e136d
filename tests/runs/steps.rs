//! From an order to its verdict, and what is on the disk when.
use firedeck::domain::approval::Tier;
use firedeck::domain::shell::{Sent, Session};
use firedeck::incident::event::{End, Verdict};
use firedeck::model::msg::Msg;
use firedeck::model::run::News;
use firedeck::runbook::execution::Shell;

use super::bench::{Desk, not_started, wait};

#[tokio::test]
async fn a_step_is_recorded_run_judged_and_kept_and_its_variables_live_on() {
    let mut desk = Desk::new();
    desk.open("CRANE=tall\necho \"it is $CRANE\"").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let order = desk.begin(first).await;
    assert_eq!(desk.count("step-started"), 1, "it is on the disk when it is told");
    let ended = desk.ended().await;
    assert_eq!((ended.end, ended.verdict), (End::Exit(vec![0]), Verdict::Ok));
    let second = desk.command(1, Tier::Read, Session::Join(order.session.clone()));
    let ended = desk.run(second).await;
    assert_eq!(ended.verdict, Verdict::Ok, "{}", ended.says);
    assert_eq!(desk.output(&ended.order), "it is tall\n");
    let kept = ended.output.first().expect("what it wrote");
    let bytes = firedeck::store::read::beside(
        &super::bench::places(&desk.root),
        &firedeck::incident::day(super::bench::now()),
        kept,
    );
    assert_eq!(bytes.expect("kept"), b"it is tall\n");
    let run = &desk.run.as_ref().expect("a run").run;
    assert_eq!(run.shell((0, 1)), Shell::Open(order.session));
    desk.until(|msg| matches!(msg, Msg::Ran(News::Judged { at, .. }) if at.command == Some(1))).await;
    let tail = desk.heard.iter().rev().find_map(|msg| match msg {
        Msg::Ran(News::Tail(_, tail)) => Some(tail.clone()),
        _ => None,
    });
    let tail = tail.expect("a tail");
    assert_eq!((tail.lines[0].text.as_str(), tail.bytes), ("it is tall", 11));
}

#[tokio::test]
async fn a_document_that_has_changed_since_is_not_opened() {
    let mut desk = Desk::new();
    desk.open("echo one").await;
    let text = std::fs::read_to_string(desk.document()).expect("read");
    let book = desk.book(&text);
    std::fs::write(desk.document(), text.replace("one", "two")).expect("written");
    desk.runs.open(book, None);
    let said = desk.until(|msg| matches!(msg, Msg::Ran(News::NotOpened { .. }))).await;
    assert!(
        matches!(&said, Msg::Ran(News::NotOpened { why }) if why.contains("has changed since")),
        "{said:?}"
    );
    assert_eq!(desk.count("run-opened"), 1);
}

#[tokio::test]
async fn a_variable_that_is_empty_starts_nothing() {
    let mut desk = Desk::new();
    desk.open("echo \"${POD}\"").await;
    let mut command = desk.command(0, Tier::Change, Session::New);
    command.probe = Some(Sent::new("[ -n \"${POD-}\" ]"));
    let approved = desk.approve(command);
    desk.runs.begin(approved, Vec::new());
    assert_eq!(desk.not_started().await, "`POD` is empty in this shell");
    assert_eq!(desk.count("step-started"), 0);
}

#[tokio::test]
async fn stopping_a_statement_is_told_and_its_fence_is_lost() {
    let mut desk = Desk::new();
    desk.open("echo begun; sleep 300; echo next").await;
    let command = desk.command(0, Tier::Read, Session::New);
    let order = desk.begin(command).await;
    wait(|| desk.output(&order).contains("begun")).await;
    desk.runs.stop(order.clone());
    let ended = desk.ended().await;
    assert_eq!((ended.end, ended.verdict), (End::Stopped, Verdict::Stopped));
    let run = &desk.run.as_ref().expect("a run").run;
    assert!(matches!(run.shell((0, 0)), Shell::Lost { end: End::Stopped, .. }));
    let again = desk.command(0, Tier::Read, Session::Join(order.session));
    let approved = desk.approve(again);
    desk.runs.begin(approved, Vec::new());
    assert!(desk.not_started().await.contains("session is"), "nothing goes on in a fresh shell");
    wait(|| desk.processes().is_empty()).await;
}

#[tokio::test]
async fn a_shell_that_ends_is_lost_with_the_statement() {
    let mut desk = Desk::new();
    desk.open("exit 3").await;
    let ended = desk.command(0, Tier::Read, Session::New);
    let ended = desk.run(ended).await;
    assert_eq!((ended.end, ended.verdict), (End::ShellGone, Verdict::Lost));
}

#[tokio::test]
async fn what_changes_something_is_not_started_where_the_journal_fails_and_what_reads_is() {
    let mut desk = Desk::new();
    desk.open("echo read\ntouch changed").await;
    let first = desk.command(0, Tier::Read, Session::New);
    let session = desk.run(first).await.order.session;
    // Neither place takes anything any more.
    break_journal(&desk);
    let change = desk.command(1, Tier::Change, Session::Join(session.clone()));
    let approved = desk.approve(change);
    desk.runs.begin(approved, Vec::new());
    let why = desk.not_started().await;
    assert!(why.contains("recorded first"), "{why}");
    assert!(!desk.root.path().join("changed").exists());
    let read = desk.command(0, Tier::Read, Session::Join(session));
    let approved = desk.approve(read);
    desk.runs.begin(approved, Vec::new());
    let msg = desk.until(|msg| super::bench::told(msg, "step-started") || not_started(msg)).await;
    let Msg::Told(event) = msg else { panic!("{msg:?}") };
    assert_eq!(event.writer, firedeck::app::runs::UNRECORDED);
    let ended = desk.ended().await;
    assert_eq!((ended.verdict, desk.output(&ended.order).as_str()), (Verdict::Ok, "read\n"));
    let says =
        |msg: &Msg| matches!(msg, Msg::Ran(News::Trouble { why, .. }) if why.contains("this screen alone"));
    assert!(desk.heard.iter().any(says), "{:?}", desk.heard);
}

/// Another journal, that can be written nowhere.
fn break_journal(desk: &Desk) {
    let file = desk.root.path().join("file");
    std::fs::write(&file, "").expect("written");
    let places = firedeck::store::Places { first: file.join("state"), second: file.join("run") };
    desk.writes.divert(Some(firedeck::store::Journal::open(firedeck::store::Setup {
        places,
        incident: "inc-1".into(),
        host: "box".into(),
        user: "ann".into(),
        pid: 1,
        started: super::bench::now(),
    })));
}

#[tokio::test]
async fn a_hundred_megabytes_are_bounded_on_disk_and_in_what_is_kept() {
    let mut desk = Desk::new();
    desk.open("head -c 100000000 /dev/zero | tr '\\0' x | fold -w 100").await;
    let command = desk.command(0, Tier::Read, Session::New);
    let ended = desk.run(command).await;
    assert_eq!(ended.end, End::Exit(vec![0, 0, 0]));
    let kept = ended.output.first().expect("kept");
    assert!(kept.size < 2 << 20, "{kept:?}");
    let dir = desk.root.path().join("state/sessions").join(&ended.order.session);
    let sizes = std::fs::read_dir(dir).expect("there").flatten();
    let all: u64 = sizes.filter_map(|file| file.metadata().ok()).map(|about| about.len()).sum();
    assert!(all < 70 << 20, "{all} bytes");
    for msg in &desk.heard {
        if let Msg::Ran(News::Tail(_, tail)) = msg {
            assert!(tail.lines.len() <= 402);
        }
    }
}

#[tokio::test]
async fn what_a_reader_of_a_result_should_know_is_written_down_beside_it() {
    let mut desk = Desk::new();
    desk.open("if echo unhealthy | grep -q healthy; then echo '✓ PASS'; else echo '✗ FAIL'; fi").await;
    let command = desk.command(0, Tier::Read, Session::New);
    let ended = desk.run(command).await;
    assert_eq!(ended.verdict, Verdict::Ok, "{}", ended.says);
    assert!(ended.says.contains("PASS; `grep` here lets `unhealthy` pass"), "{}", ended.says);
}
