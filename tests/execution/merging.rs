//! The journal of several writers gives one state, however their lines were mixed.
use firedeck::incident::event::{End, Event, Other, Verdict, What};
use firedeck::runbook::execution::{Run, State};

use super::{RUN, Story, at, book, ended, event, opened, settled, skipped, started, ticked};

const CHECK: &str = "\
### Crane check

1. Look

   ```bash
   uptime
   ```

2. Restart it

   ```bash
   kubectl rollout restart deployment/crane -n yard
   ```

3. By hand
   - Call the yard
   - Write it down
";

fn run(events: &[Event]) -> Run {
    let mut run = Run::new(RUN, book(CHECK));
    for event in events {
        run.take(event);
    }
    run
}

fn states(run: &Run) -> Vec<(State, Vec<bool>)> {
    (0..3).filter_map(|step| run.view(step)).map(|view| (view.state, view.ticks)).collect()
}

/// All ways to mix two writers' events, each in its own order.
fn mixed(one: &[Event], other: &[Event]) -> Vec<Vec<Event>> {
    match (one.split_first(), other.split_first()) {
        (None, _) => vec![other.to_vec()],
        (_, None) => vec![one.to_vec()],
        (Some((a, rest)), Some((b, others))) => {
            let first = mixed(rest, other).into_iter().map(|tail| [vec![a.clone()], tail].concat());
            let second = mixed(one, others).into_iter().map(|tail| [vec![b.clone()], tail].concat());
            first.chain(second).collect()
        }
    }
}

#[test]
fn any_mixture_of_two_writers_gives_the_same_state() {
    // The second's clock is behind, and it tells of the end of what the first began.
    let one = [
        event("one", 1, 10_000, What::RunOpened(Box::new(opened()))),
        event("one", 2, 11_000, started((0, 0), "s1", 1, "jump-1")),
        event("one", 3, 12_000, started((1, 0), "s2", 1, "jump-1")),
        event("one", 4, 13_000, ended((1, 0), "s2", 1, End::Exit(vec![0]), Verdict::Accepted)),
        event("one", 5, 14_000, ticked(2, Some(0), true)),
    ];
    let other = [
        event("two", 1, 9_000, ended((0, 0), "s1", 1, End::Exit(vec![0]), Verdict::Ok)),
        event("two", 2, 9_500, ticked(2, None, true)),
        event("two", 3, 15_000, settled((1, 0), Verdict::Ok)),
        event("two", 4, 14_500, ticked(2, Some(1), false)),
    ];
    let all = mixed(&one, &other);
    assert_eq!(all.len(), 126);
    let first = states(&run(&all[0]));
    assert_eq!(first[0].0, State::Ok);
    assert_eq!(first[1].0, State::Ok);
    assert_eq!(first[2].1, [true, false]);
    let said = run(&all[0]).said();
    for events in &all {
        let run = run(events);
        assert_eq!(states(&run), first, "{events:#?}");
        assert_eq!(run.said(), said);
    }
}

#[test]
fn of_two_ends_the_worse_counts_and_it_is_said() {
    let story = [
        event("one", 1, 1, started((0, 0), "s1", 1, "jump-1")),
        event("one", 2, 2, ended((0, 0), "s1", 1, End::Exit(vec![0]), Verdict::Ok)),
        event("two", 1, 3, ended((0, 0), "s1", 1, End::Interrupted, Verdict::Interrupted)),
    ];
    for order in [[0, 1, 2], [2, 0, 1], [0, 2, 1]] {
        let run = run(&order.map(|at| story[at].clone()));
        let view = run.command(0, 0).expect("a command");
        assert_eq!((view.state, view.disputed), (State::Interrupted, true));
        assert!(run.said().iter().any(|said| said.contains("two ways")), "{:?}", run.said());
    }
}

#[test]
fn two_cockpits_that_start_one_step_at_once_are_seen_and_the_last_end_is_waited_for() {
    let mut story = Story::of(CHECK);
    let spot = story.at("uptime");
    story.tell_by("one", started(spot, "s1", 1, "jump-1"));
    story.tell_by("two", started(spot, "s2", 1, "jump-1"));
    story.tell_by("one", ended(spot, "s1", 1, End::Exit(vec![0]), Verdict::Ok));
    assert_eq!(story.state("uptime"), State::Running);
    story.tell_by("two", ended(spot, "s2", 1, End::Exit(vec![1]), Verdict::Failed));
    assert_eq!(story.state("uptime"), State::Failed);
    assert_eq!(story.run.command(spot.0, spot.1).expect("a command").times, 2);
}

#[test]
fn events_that_nobody_understands_change_nothing_and_break_nothing() {
    let mut story = Story::of(CHECK);
    let before = states(&story.run);
    let other = What::Other(Other { kind: "step-paused".into(), body: serde_json::json!({ "run": RUN }) });
    let mut strange = at((0, 0));
    strange.run = "another".into();
    let foreign = What::StepSettled(firedeck::incident::event::StepSettled {
        at: strange,
        verdict: Verdict::Failed,
        says: String::new(),
        held: false,
    });
    for what in [
        other,
        foreign,
        started((u32::MAX, u32::MAX), "", 0, ""),
        started((0, 77), "s1", 1, ""),
        settled((0, 0), Verdict::Ok),
        ticked(9_999, Some(u32::MAX), true),
        skipped(u32::MAX, "", false),
        super::chosen_by(Some(0), u32::MAX),
        super::chosen_by(None, 0),
    ] {
        story.tell(what);
    }
    assert_eq!(states(&story.run), before);
    assert!(story.run.said().iter().any(|said| said.contains("does not have")), "{:?}", story.run.said());
    assert!(story.may("uptime").is_ok());
}

#[test]
fn an_accepted_change_is_good_only_once_it_has_settled_and_a_later_start_begins_anew() {
    let mut story = Story::of(CHECK);
    let restart = "kubectl rollout restart";
    let spot = story.at(restart);
    story.ran(restart, "s1", 1, Verdict::Accepted);
    assert!(matches!(story.state(restart), State::Accepted { since } if since.0 > 0));
    story.tell(settled(spot, Verdict::Failed));
    assert_eq!(story.state(restart), State::Failed);
    story.tell(settled(spot, Verdict::Ok));
    assert_eq!(story.state(restart), State::Ok);
    story.ran(restart, "s1", 2, Verdict::Accepted);
    assert!(matches!(story.state(restart), State::Accepted { .. }));
    // What never began cannot have gone well.
    story.start(restart, "s1", 3);
    story.end(restart, "s1", 3, End::NotStarted, Verdict::Ok);
    assert_eq!(story.state(restart), State::Failed);
}

#[test]
fn ticks_and_skips_are_kept_and_can_be_taken_back() {
    let mut story = Story::of(CHECK);
    let hand = story.step("By hand");
    story.tell(ticked(hand, Some(0), true));
    assert_eq!(story.run.view(hand).map(|view| (view.state, view.done, view.all)), Some((State::ToDo, 1, 2)));
    story.tell(ticked(hand, Some(1), true));
    assert_eq!(story.run.view(hand).expect("a step").state, State::Ticked);
    story.tell(ticked(hand, None, false));
    assert_eq!(story.run.view(hand).expect("a step").ticks, [false, false]);
    story.tell(skipped(0, "seen in the panes", false));
    assert_eq!(
        story.run.view(0).expect("a step").state,
        State::Skipped { reason: "seen in the panes".into() }
    );
    assert!(story.may("uptime").is_err());
    story.tell(skipped(0, "", true));
    assert!(story.may("uptime").is_ok());
}

#[test]
fn a_tick_after_a_failure_is_the_operators_word_and_a_failure_after_a_tick_is_seen() {
    let mut story = Story::of(CHECK);
    story.ran("uptime", "s1", 1, Verdict::Failed);
    story.tell(ticked(0, None, true));
    assert_eq!(story.run.view(0).expect("a step").state, State::Ticked);
    story.ran("uptime", "s1", 2, Verdict::Failed);
    assert_eq!(story.run.view(0).expect("a step").state, State::Failed);
}
