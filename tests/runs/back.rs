//! Coming back: what went on meanwhile is followed, judged and recorded, by one cockpit and once.
use std::sync::Arc;

use firedeck::domain::approval::Tier;
use firedeck::domain::shell::Session;
use firedeck::incident::event::{End, Order, Verdict};
use firedeck::model::msg::Msg;
use firedeck::runbook::execution::{Run, Shell};
use firedeck::tools::runner::{State, session};

use super::bench::{Desk, Root, kill, told, wait};

const WAITS: &str = "echo begun; while [ ! -e go ]; do sleep 0.01; done; echo finished";

/// The number of a process that is gone.
fn dead() -> u32 {
    let mut child = std::process::Command::new("true").spawn().expect("started");
    child.wait().expect("gone");
    child.id()
}

/// A cockpit that is killed while a statement runs, as far as its sessions and its journal can tell.
fn killed(lines: &str, run_first: bool) -> (Arc<Root>, Order) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (root, order) = runtime.block_on(async {
        let mut desk = Desk::at(Root::new(), dead());
        desk.open(lines).await;
        let command = desk.command(0, Tier::Read, Session::New);
        let order = if run_first { desk.run(command).await.order } else { desk.begin(command).await };
        if !run_first {
            wait(|| desk.output(&order).contains("begun")).await;
        }
        (desk.root.clone(), order)
    });
    runtime.shutdown_background();
    (root, order)
}

async fn back(root: &Arc<Root>) -> Desk {
    let mut desk = Desk::at(root.clone(), std::process::id());
    desk.runs.come_back();
    match desk.until(|msg| matches!(msg, Msg::RunKnown(_))).await {
        Msg::RunKnown(known) => desk.run = Some(*known),
        other => panic!("{other:?}"),
    }
    desk
}

fn run(desk: &Desk) -> &Run {
    &desk.run.as_ref().expect("a run").run
}

fn state(root: &Root, order: &Order) -> State {
    session(&root.path().join("state/sessions").join(&order.session)).expect("a session").state
}

fn on<F: Future>(what: F) -> F::Output {
    tokio::runtime::Runtime::new().expect("a runtime").block_on(what)
}

#[test]
fn what_runs_is_followed_and_recorded_once_and_its_shell_can_be_joined() {
    let (root, order) = killed(&format!("{WAITS}\necho more"), false);
    on(async {
        let mut desk = back(&root).await;
        assert_eq!(desk.count("step-ended"), 0);
        std::fs::write(root.path().join("go"), "").expect("told");
        let ended = desk.ended().await;
        assert_eq!((&ended.order, ended.verdict), (&order, Verdict::Ok));
        let next = desk.command(1, Tier::Read, Session::Join(order.session.clone()));
        assert_eq!(desk.run(next).await.verdict, Verdict::Ok);
        let mut third = back(&root).await;
        let last = third.command(1, Tier::Read, Session::Join(order.session.clone()));
        assert_eq!(third.run(last).await.verdict, Verdict::Ok);
        assert_eq!(third.count("step-ended"), 3);
        assert_eq!(run(&third).said(), Vec::<String>::new());
    });
}

#[test]
fn what_ended_meanwhile_is_judged_and_recorded() {
    let (root, order) = killed(&WAITS.replace("echo finished", "false"), false);
    std::fs::write(root.path().join("go"), "").expect("told");
    on(async {
        wait(|| state(&root, &order) == State::Idle).await;
        let mut desk = back(&root).await;
        let ended = desk.ended().await;
        assert_eq!((ended.end, ended.verdict), (End::Exit(vec![1]), Verdict::Failed));
        assert_eq!(ended.output.len(), 1, "what it wrote is kept");
    });
}

#[test]
fn a_dead_runner_is_interrupted() {
    let (root, order) = killed(WAITS, false);
    on(async {
        let runner = |desk: &Desk| {
            let line = |pid: &i32| std::fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            desk.processes().into_iter().find(|pid| line(pid).windows(8).any(|part| part == b"\0runner\0"))
        };
        let mut desk = back(&root).await;
        kill(runner(&desk).expect("a runner"));
        let ended = desk.ended().await;
        assert_eq!((ended.order, ended.end, ended.verdict), (order, End::Interrupted, Verdict::Interrupted));
        drop(desk);
        let desk = back(&root).await;
        assert_eq!(desk.count("step-ended"), 1);
        assert!(matches!(run(&desk).shell((0, 0)), Shell::Lost { end: End::Interrupted, .. }));
    });
}

#[test]
fn a_session_that_died_while_nothing_ran_is_known_to_be_lost() {
    let (root, order) = killed("A=1", true);
    on(async {
        let mut desk = back(&root).await;
        assert_eq!(run(&desk).shell((0, 0)), Shell::Open(order.session.clone()));
        for pid in desk.processes() {
            kill(pid);
        }
        desk.until(|msg| told(msg, "shell-ended")).await;
        assert!(matches!(run(&desk).shell((0, 0)), Shell::Lost { .. }));
        assert_eq!(desk.count("shell-ended"), 1);
    });
}

#[test]
fn what_a_living_cockpit_began_is_followed_and_left_to_it_to_record() {
    on(async {
        let mut first = Desk::new();
        first.open(WAITS).await;
        let command = first.command(0, Tier::Read, Session::New);
        let order = first.begin(command).await;
        let mut second = back(&first.root).await;
        std::fs::write(first.root.path().join("go"), "").expect("told");
        assert_eq!(first.ended().await.order, order);
        assert_eq!(second.ended().await.order, order);
        assert_eq!(second.count("step-ended"), 1);
        assert!(matches!(run(&second).shell((0, 0)), Shell::Open(_)));
        // The one that leaves takes only its own along.
        second.runs.close().await;
        assert_eq!(state(&first.root, &order), State::Idle);
    });
}

#[test]
fn leaving_ends_what_is_idle_and_lets_what_runs_go_on() {
    on(async {
        let mut desk = Desk::new();
        desk.open("A=1\n\nsleep 300").await;
        let first = desk.command(0, Tier::Read, Session::New);
        let idle = desk.run(first).await.order;
        let second = desk.command(1, Tier::Read, Session::New);
        let running = desk.begin(second).await;
        desk.runs.close().await;
        desk.until(|msg| told(msg, "shell-ended")).await;
        assert!(matches!(state(&desk.root, &idle), State::Over(_)));
        assert_eq!(state(&desk.root, &running), State::Running(1));
    });
}

#[test]
fn of_two_cockpits_that_start_one_step_at_once_one_does_and_nothing_is_disputed() {
    on(async {
        let mut first = Desk::new();
        first.open("A=1\nprintf x >>count; sleep 0.2").await;
        let command = first.command(0, Tier::Read, Session::New);
        let session = first.run(command).await.order.session;
        let mut second = back(&first.root).await;
        let ordered = |desk: &mut Desk| {
            let command = desk.command(1, Tier::Change, Session::Join(session.clone()));
            desk.approve(command)
        };
        let (one, two) = (ordered(&mut first), ordered(&mut second));
        first.runs.begin(one, Vec::new());
        second.runs.begin(two, Vec::new());
        let ends = |msg: &Msg| told(msg, "step-ended") || super::bench::not_started(msg);
        let (one, two) = tokio::join!(first.until(ends), second.until(ends));
        let refused = [one, two].iter().filter(|msg| super::bench::not_started(msg)).count();
        assert_eq!(refused, 1);
        assert_eq!(std::fs::read_to_string(first.root.path().join("count")).expect("counted"), "x");
        let mut third = Run::new(run(&first).name(), run(&first).runbook().clone());
        let events = first.journal();
        for event in &events {
            third.take(event);
        }
        assert_eq!((third.said(), first.count("step-ended")), (Vec::new(), 2));
    });
}

#[test]
fn a_run_in_the_journal_of_a_day_long_ago_to_which_its_cockpit_still_wrote_is_taken_up() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (root, order) = runtime.block_on(async {
        let mut desk = Desk::of(Root::new(), dead(), |options, _| {
            options.journal = firedeck::store::Journal::open(firedeck::store::Setup {
                places: options.places.clone(),
                incident: "day-2026-01-01".into(),
                host: "box".into(),
                user: "ann".into(),
                pid: options.pid,
                started: options.started,
            });
        });
        desk.open("A=1\necho \"$A\"").await;
        let command = desk.command(0, Tier::Read, Session::New);
        let order = desk.run(command).await.order;
        (desk.root.clone(), order)
    });
    runtime.shutdown_background();
    on(async {
        let mut desk = back(&root).await;
        let next = desk.command(1, Tier::Read, Session::Join(order.session.clone()));
        assert_eq!(desk.run(next).await.verdict, Verdict::Ok);
    });
}

#[test]
fn what_was_typed_beside_the_runbook_is_over_with_its_command_and_not_told_to_be_lost() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (root, order) = runtime.block_on(async {
        let mut desk = Desk::at(Root::new(), dead());
        desk.open("echo one").await;
        let mut command = desk.command(0, Tier::Read, Session::Apart);
        (command.command, command.edited) = (None, true);
        let order = desk.run(command).await.order;
        wait(|| matches!(state(&desk.root, &order), State::Over(_))).await;
        (desk.root.clone(), order)
    });
    runtime.shutdown_background();
    on(async {
        let mut desk = back(&root).await;
        let next = desk.command(0, Tier::Read, Session::New);
        assert_eq!(desk.run(next).await.verdict, Verdict::Ok);
        let told = |msg: &Msg| matches!(msg, Msg::Ran(firedeck::model::run::News::Trouble { .. }));
        assert!(!desk.heard.iter().any(told), "{:?} {:?}", order, desk.heard);
        assert_eq!(desk.count("shell-ended"), 0);
    });
}

#[test]
fn what_somebody_began_after_this_start_is_recorded_here_once_he_is_gone() {
    let first = tokio::runtime::Runtime::new().expect("a runtime");
    let root = Root::new();
    let mut one = first.block_on(async {
        let mut one = Desk::at(root.clone(), dead());
        one.open(&format!("echo one\n{WAITS}")).await;
        let command = one.command(0, Tier::Read, Session::New);
        one.run(command).await;
        one
    });
    on(async {
        let mut two = back(&root).await;
        let order = tokio::task::spawn_blocking(move || {
            let order = first.block_on(async {
                let command = one.command(1, Tier::Read, Session::New);
                let order = one.begin(command).await;
                wait(|| one.output(&order).contains("begun")).await;
                order
            });
            first.shutdown_background();
            order
        });
        let order = order.await.expect("begun");
        two.runs.stop(order.clone());
        let ended = two.ended().await;
        assert_eq!((ended.order, ended.verdict), (order, Verdict::Stopped));
    });
}

#[test]
fn a_shell_that_somebody_else_pinned_takes_nothing_that_was_shown_for_another_cluster() {
    on(async {
        let root = Root::new();
        let path = root.path().join("config");
        std::fs::write(
            &path,
            "clusters: [{name: one, cluster: {server: 'https://127.0.0.1:1'}}]\nusers: [{name: ann, user: {}}]\n\
             contexts: [{name: a, context: {cluster: one, user: ann}}, {name: b, context: {cluster: one, user: ann}}]\n",
        )
        .expect("written");
        let desk =
            |pid: u32| Desk::of(root.clone(), pid, |options, _| options.kubeconfig = vec![path.clone()]);
        let mut one = desk(std::process::id());
        one.open("echo one").await;
        let first = one.command(0, Tier::Read, Session::New);
        one.run(first.clone()).await;
        let mut two = desk(std::process::id());
        two.runs.come_back();
        let Msg::RunKnown(known) = two.until(|msg| matches!(msg, Msg::RunKnown(_))).await else { panic!() };
        two.run = Some(*known);
        let mut there = first.clone();
        there.place.context = "a".into();
        let order = one.run(there).await.order;
        let mut other = first;
        (other.session, other.place.context) = (Session::Join(order.session), "b".into());
        let why = loop {
            let approved = two.approve(other.clone());
            two.runs.begin(approved, Vec::new());
            let why = two.not_started().await;
            // The end of what ran there may not have been heard yet.
            if !why.contains("still running") {
                break why;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        };
        assert_eq!(why, "it was shown for context `b`, and its shell has `a`");
    });
}
