//! Several cockpits on one journal: what others do in a runbook is here too, once, and is said as it is.
use firedeck::domain::time::Timestamp;
use firedeck::incident::What;
use firedeck::incident::event::{
    At, End, Event, EventId, Order, RunClosed, ShellEnded, StepEnded, StepStarted, StepTicked, Verdict,
};
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::run::{Line, News, Tail};
use firedeck::runbook::execution::State;

use super::said;
use crate::common::desk::{Desk, started as begun};
use crate::common::estate::{cockpit, press, say};
use crate::common::night::{INCIDENT, Writer, note};

const PAGE: &str = "# Yard

## The crane stands still

1. Look
   ```bash
   uptime
   kubectl port-forward svc/crane 8080:80 &
   ```
2. Tell the harbour master
";

fn at(run: &str) -> At {
    At { run: run.into(), step: 0, command: Some(0) }
}

fn started(run: &str, session: &str) -> What {
    let step = begun(at(run), Order { session: session.into(), statement: 1 }, "uptime", "joe");
    What::StepStarted(Box::new(StepStarted { line: 7, end_line: 7, ..step }))
}

fn ended(run: &str, session: &str) -> What {
    What::StepEnded(Box::new(StepEnded {
        at: at(run),
        order: Order { session: session.into(), statement: 1 },
        end: End::Exit(vec![0]),
        verdict: Verdict::Ok,
        says: String::new(),
        milliseconds: 4,
        output: Vec::new(),
    }))
}

/// What somebody else on this box wrote.
fn heard(desk: &mut Desk, n: u64, what: What) -> Vec<Effect> {
    let id = EventId { incident: "day".into(), writer: "there".into(), n };
    let at = Timestamp(desk.model.now.0 + i64::try_from(n).expect("few"));
    say(&mut desk.model, Msg::Heard(vec![Event::known(id, at, what)]))
}

fn tail(session: &str) -> (Order, Tail) {
    let line = Line { text: "up".into(), ..Line::default() };
    (Order { session: session.into(), statement: 1 }, Tail { lines: vec![line], bytes: 3 })
}

#[test]
fn a_run_that_somebody_else_closes_is_over_here_too_and_enter_begins_another() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    let closed = RunClosed { run: "r1".into(), done: true, why: String::new(), by: "joe".into() };
    heard(&mut desk, 1, What::RunClosed(closed));
    assert_eq!(desk.model.checklist.as_ref().expect("open").run, None);
    assert_eq!(desk.flash(), "joe closed the run; Enter begins another");
    let effects = press(&mut desk.model, "Enter");
    assert!(matches!(effects.as_slice(), [Effect::OpenRun { .. }]), "{effects:?}");
}

#[test]
fn a_run_that_somebody_else_has_begun_is_looked_for_once() {
    let mut desk = Desk::open(PAGE);
    let effects = heard(&mut desk, 1, started("r9", "r9-7-1"));
    assert!(matches!(effects.as_slice(), [Effect::FindRuns]), "{effects:?}");
    assert!(heard(&mut desk, 2, ended("r9", "r9-7-1")).is_empty());
    assert!(heard(&mut desk, 3, started("r9", "r9-7-2")).is_empty());
}

#[test]
fn what_was_heard_of_a_run_before_it_was_found_is_not_lost() {
    let mut desk = Desk::open(PAGE);
    heard(&mut desk, 1, started("r1", "r1-7-1"));
    heard(&mut desk, 2, ended("r1", "r1-7-1"));
    // The journal was read before that was written.
    desk.keys("j j Space");
    assert_eq!(desk.state(0, 0), State::Ok);
}

#[test]
fn what_somebody_else_has_run_lets_this_cockpit_go_on_where_it_waits() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Space");
    heard(&mut desk, 1, started("r1", "s1"));
    desk.keys("[ u");
    assert!(desk.sent.is_empty(), "it runs already");
    heard(&mut desk, 2, ended("r1", "s1"));
    assert_eq!(desk.state(0, 0), State::Ok);
    assert!(desk.model.checklist.as_ref().expect("open").wants.is_none(), "it waits for nothing any more");
}

#[test]
fn a_run_that_could_not_be_opened_is_opened_by_the_next_key() {
    let mut desk = Desk::open(PAGE);
    let opens = |effects: &[Effect]| matches!(effects, [Effect::OpenRun { .. }]);
    assert!(opens(&press(&mut desk.model, "Enter")));
    assert!(!opens(&press(&mut desk.model, "Enter")), "it is on its way");
    say(&mut desk.model, Msg::Ran(News::NotOpened { why: "the disk is full".into() }));
    assert_eq!(desk.flash(), "not opened: the disk is full");
    assert!(opens(&press(&mut desk.model, "Enter")));
}

#[test]
fn what_goes_on_behind_a_shell_is_said_shown_and_stopped_by_its_key() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    let (_, order) = desk.last.clone().expect("it runs");
    desk.ends(Verdict::Ok);
    desk.keys("k");
    let children = vec![(4_711, "kubectl port-forward svc/crane".into())];
    let news = News::Background { session: order.session.clone(), children };
    say(&mut desk.model, Msg::Ran(news));
    assert!(desk.flash().contains("kubectl port-forward svc/crane (4711)"), "{}", desk.flash());
    desk.model.flash = None;
    let picture = crate::screens::picture(&desk.model);
    assert!(picture.contains("goes on behind its shell: kubectl port-forward"), "{picture}");
    assert!(press(&mut desk.model, "s").is_empty());
    let effects = press(&mut desk.model, "s");
    assert!(matches!(effects.as_slice(), [Effect::Stop(one)] if *one == order), "{effects:?}");
    desk.model.flash = None;
    let picture = crate::screens::picture(&desk.model);
    assert!(!picture.contains("goes on behind its shell"), "{picture}");
}

#[test]
fn nothing_goes_on_behind_a_shell_that_has_ended_unless_that_is_told() {
    let mut desk = Desk::open(PAGE);
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    let children = vec![(4_711, "sleep 300".into())];
    say(&mut desk.model, Msg::Ran(News::Background { session: "s1".into(), children }));
    let says = "the session was ended".into();
    desk.tell(What::ShellEnded(ShellEnded {
        run: "r1".into(),
        session: "s1".into(),
        end: End::ShellGone,
        says,
    }));
    assert!(desk.model.runs.behind.is_empty());
}

#[test]
fn what_is_kept_of_output_for_the_screen_has_a_limit_and_goes_with_its_run() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Space");
    for n in 0..500 {
        let (order, tail) = tail(&format!("r1-7-{n}"));
        say(&mut desk.model, Msg::Ran(News::Tail(order, tail)));
    }
    assert!((1..=200).contains(&desk.model.runs.tails.len()), "{}", desk.model.runs.tails.len());
    desk.tell(What::RunClosed(RunClosed {
        run: "r1".into(),
        done: true,
        why: String::new(),
        by: "ada".into(),
    }));
    assert!(desk.model.runs.tails.is_empty());
}

#[test]
fn the_wall_does_not_say_of_an_open_incident_that_it_is_open_again() {
    let mut model = cockpit(120, 40);
    model.wall = true;
    let mut jane = Writer::new(INCIDENT, "jane");
    let events = jane.opening("no connections left", 462);
    say(&mut model, Msg::RecordedBefore(events));
    model.flash = None;
    let more = jane.tell(model.now, note("I look at the pool"));
    say(&mut model, Msg::Heard(vec![more]));
    assert_eq!(said(&model), "");
}

#[test]
fn ticks_of_others_stand_here_at_once() {
    let mut desk = Desk::open(PAGE);
    desk.keys("] Space");
    let ticked = StepTicked { run: "r1".into(), step: 1, item: None, ticked: false, by: "joe".into() };
    heard(&mut desk, 90, What::StepTicked(ticked));
    let view = desk.model.runs.all["r1"].run.view(1).expect("a step");
    assert_eq!(view.state, State::ToDo);
}
