//! Tests of the time line: its words, its order, its gaps, and what is left out.
use super::*;
use crate::domain::object::{Kind as Thing, ObjectRef};
use crate::incident::What;
use crate::incident::event::{
    ActionOutcome, ActionStarted, AlertsAcknowledged, End, EntryPinned, EvidenceKept, JournalDamaged,
    Milestone, Other, Outcome, ShellEnded, Stands, Tier, ValueGiven, Verdict,
};
use crate::incident::order::Ordered;
use crate::incident::story::*;

fn lines(story: Story, changes: &[(String, Change)]) -> Vec<Entry> {
    let events = Ordered::of(story.events);
    build(events.iter(), changes, &Steps::new())
}

fn told(story: Story) -> Vec<String> {
    lines(story, &[])
        .into_iter()
        .map(|entry| format!("{} {}: {}", entry.kind.name(), entry.who, entry.words))
        .collect()
}

fn one(what: What) -> Entry {
    lines(Story::default().tell("ann", 1, what), &[]).remove(0)
}

fn change(what: ChangeKind, minutes: i64) -> Change {
    let target = ObjectRef {
        context: "prod".into(),
        kind: Thing::Deployment,
        namespace: "shop".into(),
        name: "api".into(),
    };
    let says = "image 7.2.9 → 7.3.0".into();
    Change { at: at(minutes), what, target, says, level: Level::Fine, suspect: true, was: None }
}

fn action(text: &str) -> What {
    What::ActionStarted(Box::new(ActionStarted {
        action: 1,
        target: target("deployment", "api"),
        verb: "restart".into(),
        plan: text.into(),
        host: "box".into(),
        namespace_origin: String::new(),
        identity: None,
        tier: Tier::Change,
        reason: Some("it leaks".into()),
        typed: None,
        question: 1,
        revision: 0,
    }))
}

fn outcome(outcome: Outcome) -> What {
    let target = target("deployment", "api");
    What::ActionOutcome(ActionOutcome { action: 1, target, outcome, says: "3 of 3 ready".into() })
}

#[test]
fn each_line_has_its_time_its_kind_its_person_and_its_words() {
    let story = Story::default()
        .tell("ann", 0, session("ann"))
        .tell("ann", 1, opened("no connections left", "ann"))
        .tell("ann", 2, milestone(Milestone::Acknowledged, 2, "ann"))
        .tell("ann", 3, run("r1", "ann"))
        .tell("ann", 4, started("r1", 2, 1, "kubectl get pods"))
        .tell("ann", 5, ended("r1", 2, 1, Verdict::NoMatches))
        .tell("ann", 6, action("restart deployment api"))
        .tell("ann", 7, outcome(Outcome::Settled))
        .tell("ann", 8, measure("m1", None))
        .tell("ann", 9, note("looks better"));
    assert_eq!(
        told(story),
        [
            "session ann: opened a cockpit on box, profile shop",
            "incident ann: opened from alert shop/DatabaseFull in prod: no connections left, P1",
            "incident ann: acknowledged",
            "run ann: opened `Connections exhausted` (docs/oncall.md:40) for box",
            "step ann: step 3 (line 52, read, on box): kubectl get pods",
            "step : step 3: no matches (exit 0, 1 s)",
            "action ann: restart deployment api (change, from box), because: it leaks",
            "action : deployment shop/api in prod: settled: 3 of 3 ready",
            "measure ann: temporary measure: pool size of deployment shop/api in prod: 10 → 30; joe takes it back",
            "note ann: looks better",
        ]
    );
}

#[test]
fn what_is_not_known_to_have_gone_well_is_not_fine() {
    for (what, level) in [
        (ended("r", 0, 1, Verdict::Ok), Level::Fine),
        (ended("r", 0, 1, Verdict::NoData), Level::Unknown),
        (ended("r", 0, 1, Verdict::Accepted), Level::Unknown),
        (ended("r", 0, 1, Verdict::Interrupted), Level::Unknown),
        (ended("r", 0, 1, Verdict::Failed), Level::Bad),
        (outcome(Outcome::Accepted), Level::Unknown),
        (outcome(Outcome::Uncertain), Level::Unknown),
        (outcome(Outcome::Failed), Level::Bad),
        (seen("m", Stands::Unknown), Level::Unknown),
        (What::Other(Other { kind: "blessing".into(), body: serde_json::Value::Null }), Level::Unknown),
        (
            What::JournalDamaged(JournalDamaged { file: "w.jsonl".into(), n: 3, why: "torn".into() }),
            Level::Bad,
        ),
    ] {
        assert_eq!(one(what.clone()).level, level, "{what:?}");
    }
}

#[test]
fn no_line_shows_a_secret_or_moves_a_cursor() {
    let secret = "redis-cli -a hunter2 ping\u{1b}[2J\npostgres://app:hunter2@db/x";
    let value = What::ValueGiven(ValueGiven {
        run: "r".into(),
        name: "DB_PASSWORD".into(),
        value: "hunter2".into(),
        secret: false,
        origin: "operator".into(),
        by: "ann".into(),
    });
    let mut secret_measure = measure("m1", None);
    if let What::MeasureOpened(said) = &mut secret_measure {
        (said.what, said.prior, said.now) = ("DB_PASSWORD".into(), "hunter2".into(), "hunter22".into());
    }
    let kept = What::EvidenceKept(EvidenceKept {
        target: target("pod", "postgres://app:hunter2@db/x"),
        files: Vec::new(),
        missing: vec!["token=hunter2".into()],
    });
    for what in [
        note("token=hunter2 and password='hunter2'"),
        started("r", 0, 1, secret),
        action(secret),
        secret_measure,
        value,
        kept,
    ] {
        let words = one(what).words;
        assert!(!words.contains("hunter2") && !words.contains('\u{1b}') && !words.contains('\n'), "{words}");
    }
}

#[test]
fn a_milestone_stands_where_it_was_reached_and_says_when_it_was_told() {
    let story = Story::default().tell("ann", 10, note("in between")).tell(
        "ann",
        30,
        milestone(Milestone::Mitigated, 5, "ann"),
    );
    let entries = lines(story, &[]);
    assert_eq!(entries[0].at, at(5));
    assert_eq!(entries[0].words, "mitigated (said 25 min later)");
}

#[test]
fn changes_stand_between_the_events_and_what_was_done_here_stands_once() {
    let changes = [
        ("rollout 14".to_owned(), change(ChangeKind::Rollout, 2)),
        ("deed 1".to_owned(), change(ChangeKind::Deed, 6)),
        ("deed 2".to_owned(), change(ChangeKind::Deed, 60)),
    ];
    let story = Story::default().tell("ann", 1, note("x")).tell("ann", 5, action("restart"));
    let entries = lines(story, &changes);
    let names: Vec<&str> = entries.iter().map(|entry| entry.entry.as_str()).collect();
    let own = format!("{INCIDENT}/box-ann-1-0");
    assert_eq!(names, [&format!("{own}/1"), "change/rollout 14", &format!("{own}/2"), "change/deed 2"]);
    assert!(entries[1].words.ends_with("image 7.2.9 → 7.3.0 (suspect)"), "{}", entries[1].words);
}

#[test]
fn a_pin_marks_its_line_until_it_is_taken_back() {
    let pin = |no_longer| {
        let entry = format!("{INCIDENT}/box-ann-1-0/1");
        What::EntryPinned(EntryPinned { entry, by: "ann".into(), no_longer })
    };
    let story =
        || Story::default().tell("ann", 1, note("x")).tell("ann", 2, note("y")).tell("ann", 3, pin(false));
    let pinned = |story| lines(story, &[]).iter().map(|entry| entry.pinned).collect::<Vec<_>>();
    assert_eq!(pinned(story()), [true, false]);
    assert_eq!(pinned(story().tell("ann", 4, pin(true))), [false, false]);
    let only = Filter { pinned: true, ..Filter::default() };
    assert_eq!(lines(story(), &[]).iter().filter(|entry| only.fits(entry)).count(), 1);
}

#[test]
fn lines_are_filtered_by_kind_person_words_and_time() {
    let story = Story::default()
        .tell("ann", 0, session("ann"))
        .tell("joe", 1, session("Joe"))
        .tell("ann", 2, note("the pool is full"))
        .tell("joe", 3, note("the Pool is drained"))
        .tell("joe", 4, milestone(Milestone::Mitigated, 4, "Joe"));
    let entries = lines(story, &[]);
    let count = |filter: &Filter| entries.iter().filter(|entry| filter.fits(entry)).count();
    assert_eq!(count(&Filter::default()), 5);
    assert_eq!(count(&Filter { kinds: vec![Kind::Note], ..Filter::default() }), 2);
    assert_eq!(count(&Filter { who: "joe".into(), ..Filter::default() }), 3);
    assert_eq!(count(&Filter { words: "pool DRAINED".into(), ..Filter::default() }), 1);
    assert_eq!(count(&Filter { since: Some(at(3)), ..Filter::default() }), 2);
}

#[test]
fn an_hour_in_which_nothing_was_recorded_is_said() {
    let story =
        Story::default().tell("ann", 0, note("a")).tell("ann", 59, note("b")).tell("ann", 150, note("c"));
    let entries = with_gaps(lines(story, &[]), Some(at(-90)), Some(at(215)));
    let words: Vec<&str> = entries.iter().map(|entry| entry.words.as_str()).collect();
    let quiet = |span| format!("nothing was recorded for {span}");
    assert_eq!(words, [&quiet("1 h 30 min"), "a", "b", &quiet("1 h 31 min"), "c", &quiet("1 h 5 min")]);
    assert_eq!(entries[0].level, Level::Unknown);
    assert!(Filter::default().fits(&entries[0]));
    assert!(!Filter { words: "recorded".into(), ..Filter::default() }.fits(&entries[0]));
    assert_eq!(with_gaps(Vec::new(), Some(at(0)), Some(at(60))).len(), 1);
}

#[test]
fn a_long_list_is_told_by_its_first_names_and_a_number() {
    let alerts = (0..40).map(|n| target("alert", &format!("A{n}"))).collect();
    let what = What::AlertsAcknowledged(AlertsAcknowledged { alerts, by: "ann".into(), no_longer: false });
    assert_eq!(one(what).words, "acknowledged A0, A1, A2, A3, A4 and 35 more");
}

#[test]
fn a_shell_that_is_gone_is_told_with_its_run() {
    let what = What::ShellEnded(ShellEnded {
        run: "r1".into(),
        session: "r1-7-1".into(),
        end: End::Interrupted,
        says: "its runner is dead".into(),
    });
    let entry = one(what);
    assert_eq!((entry.kind, entry.level), (Kind::Run, Level::Unknown));
    assert_eq!(entry.words, "a shell of run r1 is gone, with what it held: its runner is dead");
}

#[test]
fn nothing_is_said_twice_and_nothing_by_its_place_that_has_a_name() {
    let mut alert = change(ChangeKind::Alert, 2);
    alert.target.kind = Thing::Alert;
    (alert.target.namespace, alert.target.name) = ("".into(), "SessionsBlocked-e9936ec9".into());
    alert.says = "no longer fires".into();
    let entries = lines(Story::default(), &[("alert 1".to_owned(), alert)]);
    assert_eq!(entries[0].words, "alert SessionsBlocked in prod: no longer fires (suspect)");
    let chosen = |step, chosen| {
        let run = "r1".to_owned();
        What::BranchChosen(crate::incident::event::BranchChosen {
            run,
            step,
            chosen,
            by: "ann".into(),
            no_longer: false,
        })
    };
    // It is chosen before it begins.
    let story = Story::default().tell("ann", 1, chosen(Some(0), 2)).tell("ann", 2, started("r1", 2, 1, "x"));
    assert_eq!(lines(story, &[])[0].words, "step 3 chosen");
    assert_eq!(one(chosen(Some(4), 1)).words, "step at place 5: way 2 chosen");
}

#[test]
fn the_codes_of_a_pipe_are_one_where_they_are_the_same() {
    let end = |codes: &[i32]| {
        let mut what = ended("r1", 2, 1, Verdict::Ok);
        if let What::StepEnded(said) = &mut what {
            said.end = End::Exit(codes.to_vec());
        }
        one(what).words
    };
    assert!(end(&[0, 0]).contains("(exit 0, "), "{}", end(&[0, 0]));
    assert!(end(&[1, 0]).contains("(exits 1, 0 in its pipe, "), "{}", end(&[1, 0]));
}

#[test]
fn what_was_kept_before_a_step_names_the_step() {
    let kept = |kind: &str, name: &str| {
        let target = crate::incident::event::Target {
            kind: kind.into(),
            namespace: String::new(),
            ..target("x", name)
        };
        one(What::EvidenceKept(EvidenceKept { target, files: Vec::new(), missing: Vec::new() })).words
    };
    assert_eq!(kept("step", "3c"), "kept before step 3c in prod: 0 files");
    assert_eq!(kept("target", "256mb"), "kept before a change (256mb): 0 files");
    assert_eq!(kept("pod", "web-1"), "kept of pod web-1 in prod: 0 files");
}
