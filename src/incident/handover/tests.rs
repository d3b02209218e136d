//! Tests of the handover: what is open is told, what was not looked at is not told as none.
use super::*;
use crate::domain::alert::AlertState;
use crate::domain::time::Zone;
use crate::incident::What;
use crate::incident::event::{ActionOutcome, Event, Milestone, Outcome, Stands, Verdict};
use crate::incident::order::Ordered;
use crate::incident::state;
use crate::incident::story::*;
use crate::incident::timeline;

struct Shift {
    states: Vec<State>,
    timeline: Vec<Entry>,
    unticked: BTreeMap<String, Vec<String>>,
    troubles: Vec<String>,
    alerts: Known<Vec<ActiveAlert>>,
    changes_seen: Result<(), String>,
    calendar: Calendar,
}

impl Shift {
    fn of(events: Vec<Event>) -> Shift {
        let events = Ordered::of(events);
        Shift {
            states: state::all(&events),
            timeline: timeline::build(events.iter(), &[], &timeline::Steps::new()),
            unticked: BTreeMap::new(),
            troubles: Vec::new(),
            alerts: Known::Seen(Vec::new()),
            changes_seen: Ok(()),
            calendar: Calendar::default(),
        }
    }

    fn handover(&self) -> Handover {
        Handover::new(&Sources {
            now: at(120),
            since: at(-360),
            calendar: &self.calendar,
            states: &self.states,
            timeline: &self.timeline,
            alerts: self.alerts.clone(),
            changes_seen: self.changes_seen.clone(),
            unticked: &self.unticked,
            troubles: &self.troubles,
            by: "ann",
        })
    }

    fn text(&self) -> String {
        self.handover().paper(&Zone::default()).text()
    }
}

fn night() -> Story {
    Story::default()
        .tell("ann", 0, session("ann"))
        .tell("ann", 1, opened("no connections left", "ann"))
        .tell("ann", 4, milestone(Milestone::Acknowledged, 4, "ann"))
        .tell("ann", 5, run("r1", "ann"))
        .tell("ann", 6, started("r1", 0, 1, "kubectl get pods"))
        .tell("ann", 7, ended("r1", 0, 1, Verdict::Failed))
        .tell("ann", 8, measure("m1", Some(60)))
        .tell("ann", 9, seen("m1", Stands::Yes))
        .tell("ann", 10, note("the pool is 30 for now"))
}

#[test]
fn a_handover_tells_all_that_is_open() {
    let mut shift = Shift::of(night().events);
    shift.unticked.insert("r1".into(), vec!["2 check the pool".into()]);
    let text = shift.text();
    for part in [
        "P1 no connections left: acknowledged, since 2026-11-26 03:00",
        "response (15 minutes): met after 4 min, due Thu 26 Nov 03:15",
        "recovery (4 hours): 2 h left, due Thu 26 Nov 07:00",
        "no role is filled",
        "▲ Connections exhausted",
        "☐ 2 check the pool",
        "✗ pool size of deployment shop/api in prod: 10 → 30; stands (at 2026-11-26 03:09); joe, OVERDUE since",
        "take back: kubectl set env deploy/api POOL=10",
        "2026-11-26 03:10 ann: the pool is 30 for now",
        "1 temporary measure overdue",
        "step 1: failed",
    ] {
        let part = part.replace("▲ Connections", "✗ Connections");
        assert!(text.contains(&part), "{part}\n{text}");
    }
}

#[test]
fn what_was_not_looked_at_is_not_told_as_none() {
    let mut shift = Shift::of(night().events);
    shift.alerts = Known::NotSeen("no Alertmanager is configured".into());
    shift.changes_seen = Err("the cluster was down".into());
    let text = shift.text();
    assert!(text.contains("? not known: no Alertmanager is configured"), "{text}");
    assert!(text.contains("? there may be more: the cluster was down"), "{text}");
    assert!(!text.contains("None is active"), "{text}");
    assert!(text.contains("which steps are left is not known here"), "{text}");
    let seen = Shift::of(night().events).text();
    assert!(seen.contains("None is active."), "{seen}");
}

#[test]
fn an_alert_says_who_cares_for_it() {
    let alert = |name: &str, state, stale| Alert { name: name.into(), state, stale, ..Alert::default() };
    let mut shift = Shift::of(Vec::new());
    shift.alerts = Known::Seen(vec![
        ActiveAlert::new(&alert("Full", AlertState::Firing, false), None),
        ActiveAlert::new(&alert("Slow", AlertState::Firing, false), Some(("joe", at(3)))),
        ActiveAlert::new(&alert("Old", AlertState::Firing, true), None),
    ]);
    let text = shift.text();
    assert!(text.contains("✗ Full: firing; nobody has acknowledged it"), "{text}");
    assert!(text.contains("▲ Slow: firing; joe cares, since 2026-11-26 03:03"), "{text}");
    assert!(text.contains("? Old: firing, as it was: nobody tells of it now"), "{text}");
}

#[test]
fn a_measure_outlives_the_incident_that_it_was_set_in() {
    let closed = night().tell("ann", 100, milestone(Milestone::Closed, 100, "ann"));
    let handover = Shift::of(closed.events).handover();
    assert!(handover.incidents.is_empty());
    assert_eq!((handover.measures.len(), handover.runs.len()), (1, 1));
    // What nobody closed in an incident that has long been over is no news.
    let story =
        Story::default().tell("ann", -9_000, opened("old", "ann")).tell("ann", -9_000, run("r1", "ann"));
    let old = story.tell("ann", -8_999, measure("m1", None)).tell(
        "ann",
        -8_998,
        milestone(Milestone::Closed, -8_998, "ann"),
    );
    let handover = Shift::of(old.events).handover();
    assert_eq!((handover.measures.len(), handover.runs.len()), (1, 0));
}

#[test]
fn what_is_wrong_with_the_journal_is_an_anomaly() {
    let mut shift = Shift::of(night().events);
    shift.troubles = vec!["w.jsonl: event 3 is not as it was written".into()];
    let anomalies = shift.handover().anomalies;
    assert_eq!(anomalies[0].level, Level::Bad);
    assert!(anomalies[0].says.contains("event 3"), "{anomalies:?}");
}

#[test]
fn what_was_accepted_and_came_well_is_no_anomaly() {
    let outcome = |outcome| {
        let target = target("deployment", "api");
        What::ActionOutcome(ActionOutcome { action: 1, target, outcome, says: String::new() })
    };
    let odd = |story: Story| -> Vec<String> {
        let all = Shift::of(story.events).handover().anomalies.into_iter().map(|one| one.says);
        all.filter(|says| says.contains("deployment")).collect()
    };
    let accepted = night().tell("ann", 110, outcome(Outcome::Accepted));
    assert_eq!(odd(accepted.clone()), ["2026-11-26 04:50 deployment shop/api in prod: accepted"]);
    assert!(odd(accepted.clone().tell("ann", 112, outcome(Outcome::Settled))).is_empty());
    assert_eq!(odd(accepted.tell("ann", 112, outcome(Outcome::Failed))).len(), 2);
    // A step of the same number in another run says nothing of this one.
    let steps = night().tell("ann", 110, ended("r1", 2, 1, Verdict::Accepted)).tell(
        "ann",
        112,
        ended("r2", 2, 1, Verdict::Ok),
    );
    let all = Shift::of(steps.events).handover().anomalies;
    assert!(all.iter().any(|one| one.says.contains(": accepted")), "{all:?}");
}

#[test]
fn an_hour_without_a_record_is_odd_only_while_an_incident_is_open() {
    let story = night().tell("ann", 110, note("still calm"));
    let mut shift = Shift::of(story.events);
    shift.timeline = timeline::with_gaps(shift.timeline, Some(at(-360)), Some(at(120)));
    let gaps: Vec<String> = shift.handover().anomalies.into_iter().map(|one| one.says).collect();
    let quiet: Vec<&String> = gaps.iter().filter(|says| says.contains("nothing was recorded")).collect();
    assert_eq!(quiet, ["2026-11-26 03:10 nothing was recorded for 1 h 40 min"]);
}

#[test]
fn a_quiet_shift_says_that_nothing_is_open() {
    let text = Shift::of(Vec::new()).text();
    assert_eq!(text.matches("None is open.").count(), 2, "{text}");
    assert!(text.contains("None is under way."), "{text}");
}

#[test]
fn ten_thousand_lines_leave_a_handover_short() {
    let story =
        (0..10_000).fold(Story::default(), |story, n| story.tell("ann", 1, note(&format!("note {n}"))));
    let mut events = story.events;
    events.extend(Story::default().tell("joe", 0, opened("t", "joe")).events);
    let text = Shift::of(events).text();
    assert!(text.lines().count() < 300, "{}", text.lines().count());
    assert!(text.contains("9900 earlier ones are in the time line"), "{text}");
}

#[test]
fn a_handover_as_json_has_times_that_programs_read() {
    let json = serde_json::to_value(Shift::of(night().events).handover()).expect("json");
    assert_eq!(json["incidents"][0]["detected"], "2026-11-26T03:00:00.000Z");
    assert_eq!(json["measures"][0]["stands"], "yes");
    assert_eq!(json["alerts"]["seen"], serde_json::json!([]));
}

#[test]
fn what_is_worked_through_is_under_way_no_more() {
    let mut shift = Shift::of(night().events);
    shift.unticked.insert("r1".into(), Vec::new());
    assert!(shift.text().contains("None is under way."), "{}", shift.text());
}
