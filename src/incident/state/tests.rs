//! Tests of the fold: what each event changes, and that nobody sees another incident than the others.
use proptest::prelude::*;

use super::*;
use crate::incident::What;
use crate::incident::event::{
    Event, HandedOver, Milestone, RoleSet, RunJoined, SeveritySet, Stands, Verdict,
};
use crate::incident::order::Ordered;
use crate::incident::story::*;

fn fold(story: Story) -> State {
    of(INCIDENT, &Ordered::of(story.events))
}

fn begun() -> Story {
    Story::default().tell("ann", 0, session("ann")).tell("ann", 1, opened("no connections left", "ann"))
}

#[test]
fn an_incident_comes_as_far_as_somebody_says() {
    let mut story = begun();
    assert_eq!(of(INCIDENT, &Ordered::of(story.events.clone())).stage(), Stage::Open);
    let come = [
        (Milestone::Acknowledged, Stage::Acknowledged),
        (Milestone::Mitigated, Stage::Mitigated),
        (Milestone::Resolved, Stage::Resolved),
        (Milestone::Closed, Stage::Closed),
        (Milestone::Reopened, Stage::Acknowledged),
    ];
    for (minutes, (reached, stage)) in (2..).zip(come) {
        story = story.tell("ann", minutes, milestone(reached, minutes, "ann"));
        let state = of(INCIDENT, &Ordered::of(story.events.clone()));
        assert_eq!(state.stage(), stage, "{reached:?}");
        assert_eq!(state.is_unfinished(), stage != Stage::Closed);
    }
}

#[test]
fn who_acknowledges_second_has_not_answered_later() {
    let state = fold(begun().tell("joe", 4, milestone(Milestone::Acknowledged, 4, "joe")).tell(
        "ann",
        20,
        milestone(Milestone::Acknowledged, 20, "ann"),
    ));
    let said = state.milestones.acknowledged.clone().expect("acknowledged");
    assert_eq!((said.by.as_str(), said.at), ("joe", at(4)));
    let (_, standing) = state.response(at(60), &Calendar::default());
    assert_eq!(standing.says(), "met after 4 min");
}

#[test]
fn of_the_other_milestones_the_last_word_stands() {
    let state = fold(begun().tell("ann", 20, milestone(Milestone::Mitigated, 20, "ann")).tell(
        "joe",
        50,
        milestone(Milestone::Mitigated, 45, "joe"),
    ));
    assert_eq!(state.milestones.mitigated.map(|said| said.at), Some(at(45)));
}

#[test]
fn the_clocks_of_an_incident_are_its_documents() {
    let state = fold(begun());
    let now = at(14);
    let (response, standing) = state.response(now, &Calendar::default());
    assert_eq!((response.words.as_str(), standing.level()), ("15 minutes", Level::Warn));
    assert_eq!(state.recovery(now, &Calendar::default()).1.level(), Level::Fine);
    assert_eq!(state.response(at(16), &Calendar::default()).1.level(), Level::Bad);
}

#[test]
fn an_incident_that_came_back_has_its_recovery_before_it_again() {
    let story = begun().tell("ann", 20, milestone(Milestone::Mitigated, 20, "ann")).tell(
        "ann",
        600,
        milestone(Milestone::Reopened, 600, "ann"),
    );
    let (_, standing) = fold(story).recovery(at(610), &Calendar::default());
    assert_eq!(standing.says(), "3 h 50 min left");
}

#[test]
fn without_a_scale_no_clock_is_green() {
    let mut story = begun();
    if let What::IncidentOpened(said) = &mut story.events[1].what {
        (said.severity, said.response, said.rto) = (None, None, None);
    }
    let state = fold(story);
    assert_eq!(state.severity, None);
    assert_eq!(state.response(at(1), &Calendar::default()).1.level(), Level::Unknown);
    assert_eq!(state.recovery(at(1), &Calendar::default()).1.level(), Level::Unknown);
}

#[test]
fn another_severity_brings_its_own_clock() {
    let judged = What::SeveritySet(SeveritySet {
        severity: "P3".into(),
        scale: Some(crate::incident::event::Place { path: "docs/oncall.md".into(), line: 12 }),
        response: Some("4 hours".into()),
        rto: None,
        why: "one user".into(),
        by: "ann".into(),
    });
    let state = fold(begun().tell("ann", 5, judged));
    let severity = state.severity.clone().expect("a severity");
    assert_eq!((severity.name.as_str(), severity.scale.as_deref()), ("P3", Some("docs/oncall.md:12")));
    assert_eq!(state.response(at(60), &Calendar::default()).1.level(), Level::Fine);
    assert_eq!(state.recovery(at(60), &Calendar::default()).1.level(), Level::Unknown);
}

#[test]
fn a_role_without_a_person_is_nobodys() {
    let role = |person: &str| {
        What::RoleSet(RoleSet { role: "Commander".into(), person: person.into(), by: "ann".into() })
    };
    let state = fold(begun().tell("ann", 2, role("joe")));
    assert_eq!(state.roles.get("commander").map(|held| held.person.as_str()), Some("joe"));
    assert!(state.people.contains("joe") && state.people.contains("ann"));
    assert!(fold(begun().tell("ann", 2, role("joe")).tell("ann", 3, role(""))).roles.is_empty());
}

#[test]
fn a_measure_is_open_until_it_is_taken_back_and_never_fine_meanwhile() {
    let story = || begun().tell("ann", 5, measure("m1", Some(60)));
    let level = |story: Story, minutes| fold(story).measures[0].level(at(minutes));
    assert_eq!(level(story(), 6), Level::Unknown);
    assert_eq!(level(story().tell("ann", 7, seen("m1", Stands::Yes)), 8), Level::Warn);
    assert_eq!(level(story().tell("ann", 7, seen("m1", Stands::No)), 8), Level::Warn);
    assert_eq!(level(story().tell("ann", 7, seen("m1", Stands::Unknown)), 8), Level::Unknown);
    assert_eq!(level(story().tell("ann", 7, seen("m1", Stands::Yes)), 61), Level::Bad);
    let closed = fold(story().tell("ann", 9, taken_back("m1", "ann")));
    assert_eq!(closed.open_measures().count(), 0);
    assert_eq!(closed.measures[0].level(at(61)), Level::Done);
}

#[test]
fn a_measure_that_was_taken_back_by_a_clock_that_is_behind_is_closed() {
    let state = fold(begun().tell("joe", 3, taken_back("m1", "joe")).tell("ann", 5, measure("m1", None)));
    assert_eq!((state.measures.len(), state.open_measures().count()), (1, 0));
    assert_eq!(state.measures[0].what, "pool size");
}

#[test]
fn a_runs_steps_are_counted_once_by_the_worst_of_their_commands() {
    let joined = What::RunJoined(RunJoined {
        run: "r1".into(),
        journal: String::new(),
        steps: Some(7),
        by: "ann".into(),
    });
    let state = fold(
        begun()
            .tell("ann", 2, run("r1", "ann"))
            .tell("ann", 2, joined)
            .tell("ann", 3, started("r1", 0, 1, "kubectl get pods"))
            .tell("ann", 3, ended("r1", 0, 1, Verdict::Failed))
            .tell("ann", 4, started("r1", 0, 2, "kubectl get pods"))
            .tell("ann", 4, ended("r1", 0, 2, Verdict::Ok))
            .tell("ann", 5, started("r1", 1, 3, "psql -c 'select 1'"))
            .tell("ann", 5, ended("r1", 1, 3, Verdict::NoData))
            .tell("ann", 6, started("r1", 2, 4, "sleep 100"))
            .tell("ann", 7, ticked("r1", 3, true))
            .tell("ann", 8, skipped("r1", 4, "no replica here"))
            .tell("ann", 9, ticked("r1", 5, true))
            .tell("ann", 9, ticked("r1", 5, false)),
    );
    let run = &state.runs[0];
    let progress = run.progress();
    assert_eq!(progress.says(), "5 of 7 steps: 1 running, 1 not known, 1 ok, 1 ticked, 1 skipped");
    assert_eq!(progress.left, Some(2));
    assert_eq!((0..7).filter(|step| run.is_done(*step)).collect::<Vec<_>>(), [0, 3, 4]);
    assert_eq!(run.skipped().collect::<Vec<_>>(), [(4, "no replica here")]);
}

#[test]
fn two_open_runs_of_one_runbook_are_a_conflict_and_one_after_the_other_are_none() {
    let two = || begun().tell("ann", 2, run("r1", "ann")).tell("joe", 3, run("r2", "joe"));
    let says: Vec<String> = fold(two()).conflicts().iter().map(Conflict::says).collect();
    assert_eq!(says, ["`Connections exhausted` is being worked through 2 times: ann, joe"]);
    assert!(fold(two().tell("ann", 9, run_closed("r1", "ann"))).conflicts().is_empty());
}

#[test]
fn an_incident_that_was_opened_twice_keeps_the_first_title_and_says_so() {
    let state = fold(begun().tell("joe", 2, opened("other", "joe")));
    assert_eq!((state.title.as_str(), state.openings), ("no connections left", 2));
    assert_eq!(state.conflicts(), [Conflict::OpenedTwice { times: 2 }]);
}

#[test]
fn a_run_that_began_before_its_incident_belongs_to_it_with_all_its_events() {
    let day = "day-2026-11-26";
    let joined = |journal: &str| {
        What::RunJoined(RunJoined {
            run: "r1".into(),
            journal: journal.into(),
            steps: None,
            by: "ann".into(),
        })
    };
    let story = |journal| {
        Story::default()
            .in_journal(day, "ann", 0, run("r1", "ann"))
            .in_journal(day, "ann", 0, run("r2", "ann"))
            .in_journal(day, "ann", 0, note("not of the incident"))
            .in_journal(day, "ann", 0, started("r1", 0, 1, "true"))
            .tell("ann", 1, opened("t", "ann"))
            .tell("ann", 2, joined(journal))
            .in_journal(day, "ann", 3, ended("r1", 0, 1, Verdict::Ok))
    };
    let state = fold(story(day));
    assert_eq!((state.runs.len(), state.notes.len()), (1, 0));
    assert_eq!(state.runs[0].progress().says(), "1 step: 1 ok");
    let elsewhere = fold(story("day-2026-11-25"));
    assert_eq!((elsewhere.runs.len(), elsewhere.runs[0].opened), (1, None));
    assert_eq!(all(&Ordered::of(story(day).events)).first(), Some(&state));
    let mut live = Live::new(INCIDENT, Vec::new());
    story(day).events.into_iter().for_each(|event| live.add(event));
    assert_eq!(live.state(), &state);
}

#[test]
fn what_is_unfinished_is_found_among_all_journals_the_newest_first() {
    let mut later = opened("later", "joe");
    if let What::IncidentOpened(said) = &mut later {
        said.detected = at(30);
    }
    let story = begun()
        .in_journal("day-2026-11-26", "ann", 0, note("a day is no incident"))
        .in_journal("inc-a", "ann", 3, opened("over", "ann"))
        .in_journal("inc-a", "joe", 4, milestone(Milestone::Closed, 4, "joe"))
        .in_journal("inc-b", "joe", 30, later);
    let names: Vec<String> = unfinished(story.events).into_iter().map(|state| state.name).collect();
    assert_eq!(names, ["inc-b", INCIDENT]);
}

#[test]
fn a_note_is_by_whoever_opened_the_session_that_wrote_it() {
    let state = fold(begun().tell("ann", 3, note("x")).tell("joe", 4, note("y")));
    let by: Vec<&str> = state.notes.iter().map(|noted| noted.by.as_str()).collect();
    assert_eq!(by, ["ann", "box-joe-1-0"]);
}

#[test]
fn what_goes_to_the_screen_is_harmless_and_without_secrets() {
    let hostile = "x\u{1b}[2J postgres://app:hunter2@db/x";
    let handed =
        What::HandedOver(HandedOver { to: hostile.into(), says: hostile.into(), by: hostile.into() });
    let state = fold(
        begun().tell("ann", 2, opened(hostile, hostile)).tell("ann", 2, note(hostile)).tell("ann", 3, handed),
    );
    let shown = serde_json::to_string(&state).expect("json");
    assert!(!shown.contains("hunter2") && !shown.contains("\\u001b"), "{shown}");
}

/// A story in which people contradict each other with clocks that disagree.
fn contradictions() -> impl Strategy<Value = Vec<Event>> {
    let what = (0..13_u8, 0..40_i64, 0..3_usize);
    prop::collection::vec((0..3_usize, 0..40_i64, what), 1..40).prop_map(|told| {
        let people = ["ann", "joe", "kim"];
        told.into_iter()
            .fold(Story::default(), |story, (who, minutes, (what, when, which))| {
                let by = people[who];
                let run_name = ["r1", "r2", "r3"][which];
                let measure_name = ["m1", "m2", "m3"][which];
                let step = u32::try_from(which).unwrap_or_default();
                let what = match what {
                    0 => opened(by, by),
                    1 => session(by),
                    2 => milestone(Milestone::Acknowledged, when, by),
                    3 => milestone(Milestone::Mitigated, when, by),
                    4 => milestone(Milestone::Closed, when, by),
                    5 => milestone(Milestone::Reopened, when, by),
                    6 => note(by),
                    7 => measure(measure_name, Some(when)),
                    8 => taken_back(measure_name, by),
                    9 => run(run_name, by),
                    10 => started(run_name, step, 1, "true"),
                    11 => ended(run_name, step, 1, Verdict::Ok),
                    _ => ticked(run_name, step, when % 2 == 0),
                };
                story.tell(by, minutes, what)
            })
            .events
    })
}

proptest! {
    /// Each writer's own order is kept; who is read first is chance.
    #[test]
    fn any_interleaving_of_the_writers_folds_to_the_same_state(
        events in contradictions(),
        turns in prop::collection::vec(0..3_usize, 0..80),
    ) {
        let whole = of(INCIDENT, &Ordered::of(events.clone()));
        let writer = |at: usize| ["box-ann-1-0", "box-joe-1-0", "box-kim-1-0"][at];
        let mut queues: Vec<std::collections::VecDeque<Event>> = (0..3)
            .map(|at| events.iter().filter(|event| event.writer == writer(at)).cloned().collect())
            .collect();
        let mut order = Vec::new();
        for turn in turns.into_iter().chain((0..3).cycle().take(300)) {
            order.extend(queues[turn].pop_front());
        }
        prop_assert_eq!(order.len(), events.len());
        prop_assert_eq!(&of(INCIDENT, &Ordered::of(order.clone())), &whole);
        let mut live = Live::new(INCIDENT, Vec::new());
        for event in order {
            live.add(event.clone());
            live.add(event);
        }
        prop_assert_eq!(live.state(), &whole);
    }
}
