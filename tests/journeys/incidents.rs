//! From something that is wrong to an incident that is closed.
use firedeck::domain::alert::{Alert, AlertFacts, AlertState};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object};
use firedeck::incident::event::{Milestone, OpenedFrom};
use firedeck::incident::state::Stage;
use firedeck::incident::{Event, What};
use firedeck::model::board::PaneKind;
use firedeck::model::incident::Page;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::Overlay;
use firedeck::model::{Dirty, Model};
use firedeck::panes::incident::clock;

use super::said;
use crate::common::estate::{NOW, ago, cockpit, feed, id, news, press, say, shelve, shelve_all, type_text};
use crate::common::night::{
    INCIDENT, SECOND, Writer, begun, milestone, note, open, opened, pool, session, written,
};

fn stage(model: &Model) -> Stage {
    model.incidents.state().expect("an incident").stage()
}

fn header(model: &Model) -> String {
    clock::facts(model, model.now).iter().map(|fact| fact.text.clone()).collect::<Vec<_>>().join("  ")
}

/// The estate with an alert that has fired for five minutes.
fn alerted() -> Model {
    let mut model = cockpit(120, 40);
    begun(&mut model);
    let alert = Alert {
        name: "WorkerCrashLooping".into(),
        apart: "shop worker".into(),
        labels: [("alertname".into(), "WorkerCrashLooping".into())].into_iter().collect(),
        state: AlertState::Firing,
        severity: "critical".into(),
        since: Some(ago(300)),
        ..Alert::default()
    };
    let object = Object {
        id: id(Kind::Alert, "", "WorkerCrashLooping-ab12"),
        uid: "".into(),
        created: ago(300),
        deleting: false,
        owner: None,
        facts: Facts::Alerts(AlertFacts::Alert(Box::new(alert))),
    };
    news(&mut model, vec![News::Objects(feed(Kind::Alert), vec![Seen::Is(object)])]);
    model
}

/// A document with a scale of its own.
fn scaled(model: &mut Model) {
    let text = "# Shop on call\n\n## Severities\n\n| Level | Criteria | Response time |\n|---|---|---|\n\
        | P1 (Critical) | nobody can buy | 15 minutes |\n| P2 (High) | some cannot | 1 hour |\n\n\
        ### Runbook: Worker keeps crashing\n\n**Alert:** WorkerCrashLooping\n\n1. Look\n\n   ```bash\n   \
        kubectl get pods\n   ```\n";
    let tables = firedeck::commands::tools::Tables::default();
    let document = firedeck::runbook::catalogue::read("runbooks/020-shop.md", text, &tables);
    shelve_all(model, vec![std::sync::Arc::new(document)]);
}

#[test]
fn from_an_alert_an_incident_is_opened_in_two_keys_on_the_scale_of_its_document() {
    let mut model = alerted();
    scaled(&mut model);
    press(&mut model, "4");
    press(&mut model, "i");
    let effects = press(&mut model, "Enter");
    let [Effect::OpenIncident { opened, joins }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(opened.title, "WorkerCrashLooping shop worker");
    assert_eq!(opened.severity.as_deref(), Some("P1 (Critical)"));
    assert_eq!(opened.response.as_deref(), Some("15 minutes"));
    assert_eq!(opened.scale.as_ref().map(|scale| scale.path.as_str()), Some("runbooks/020-shop.md"));
    assert_eq!((opened.detected, opened.by.as_str()), (ago(300), "jane"));
    assert!(matches!(&opened.from, OpenedFrom::Alert(target) if target.kind == "alert"), "{:?}", opened.from);
    assert!(joins.is_empty());
    // A second key does not open a second one.
    assert!(press(&mut model, "i").is_empty());
    assert_eq!(said(&model), "the incident is being opened");
}

#[test]
fn another_severity_is_chosen_from_the_scale_before_it_is_opened() {
    let mut model = alerted();
    scaled(&mut model);
    press(&mut model, "4 i Tab Down");
    let effects = press(&mut model, "Enter");
    let [Effect::OpenIncident { opened, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(opened.severity.as_deref(), Some("P2 (High)"));
    assert_eq!(opened.response.as_deref(), Some("1 hour"));
}

#[test]
fn by_hand_it_needs_a_title_and_takes_any_word_for_a_severity_where_no_document_has_a_scale() {
    let mut model = cockpit(80, 24);
    begun(&mut model);
    press(&mut model, "G i");
    assert!(press(&mut model, "Enter").is_empty());
    let Some(Overlay::Form(form)) = model.overlays.last() else { panic!("no form") };
    assert_eq!(form.says, "title is needed");
    type_text(&mut model, "nobody can log in");
    press(&mut model, "Tab");
    type_text(&mut model, "bad");
    let effects = press(&mut model, "Enter");
    let [Effect::OpenIncident { opened, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!((opened.title.as_str(), opened.severity.as_deref()), ("nobody can log in", Some("bad")));
    assert_eq!((&opened.from, opened.response.as_deref()), (&OpenedFrom::Hand, None));
}

#[test]
fn from_an_open_runbook_it_has_its_name_and_severity() {
    let mut model = cockpit(120, 40);
    begun(&mut model);
    shelve(&mut model);
    press(&mut model, "r Enter i");
    let effects = press(&mut model, "Enter");
    let [Effect::OpenIncident { opened, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(opened.title, "Worker keeps crashing");
    assert_eq!(opened.severity.as_deref(), Some("P1"));
}

#[test]
fn before_the_journals_are_read_none_is_opened_beside_one_that_may_be_open() {
    let mut model = cockpit(80, 24);
    assert!(press(&mut model, "i").is_empty());
    assert!(model.overlays.is_empty() && said(&model).contains("being read"), "{}", said(&model));
}

#[test]
fn the_clock_is_in_the_header_and_nothing_else_makes_it_draw() {
    let mut model = cockpit(80, 24);
    open(&mut model, 462);
    assert_eq!(header(&model), "P1  07:42 of 15:00  #k7qd");
    model.dirty = Dirty::No;
    say(&mut model, Msg::Tick(ago(-1)));
    assert_eq!((model.dirty, header(&model).as_str()), (Dirty::Soon, "P1  07:43 of 15:00  #k7qd"));
    // Without an incident a second that passes draws nothing.
    let mut quiet = cockpit(80, 24);
    quiet.dirty = Dirty::No;
    say(&mut quiet, Msg::Tick(ago(-1)));
    assert_eq!(quiet.dirty, Dirty::No);
}

#[test]
fn over_its_time_the_clock_is_red_and_once_it_is_mitigated_it_stands_still() {
    use firedeck::domain::settings::Role;
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 960);
    let facts = clock::facts(&model, model.now);
    assert_eq!((facts[1].text.as_str(), facts[1].role), ("16:00 of 15:00", Role::Bad));
    let acknowledged = jane.tell(NOW, milestone(Milestone::Acknowledged, 0, "jane"));
    say(&mut model, Msg::Recorded(vec![acknowledged]));
    assert_eq!(header(&model), "P1  16:00 of 4:00:00  #k7qd");
    let mitigated = jane.tell(NOW, milestone(Milestone::Mitigated, 0, "jane"));
    say(&mut model, Msg::Recorded(vec![mitigated]));
    assert_eq!(header(&model), "P1  mitigated  #k7qd");
    model.dirty = Dirty::No;
    say(&mut model, Msg::Tick(ago(-1)));
    assert_eq!(model.dirty, Dirty::No);
}

#[test]
fn each_milestone_is_one_key_and_the_draft_is_written_once_it_is_asked_for() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    press(&mut model, "i");
    for (key, reached) in [("A", Stage::Acknowledged), ("M", Stage::Mitigated), ("R", Stage::Resolved)] {
        let effects = press(&mut model, key);
        assert!(written(&mut model, &mut jane, effects).is_empty());
        assert_eq!(stage(&model), reached);
        assert!(press(&mut model, key).is_empty(), "said once");
    }
    let effects = press(&mut model, "C");
    let effects = written(&mut model, &mut jane, effects);
    assert_eq!(stage(&model), Stage::Closed);
    assert!(matches!(effects.as_slice(), [Effect::LeaveIncident]), "no file unasked: {effects:?}");
    assert!(
        said(&model).contains("to be looked back upon by Fri 27 Mar 12:00; w writes"),
        "{}",
        said(&model)
    );
    let effects = press(&mut model, "w");
    let [Effect::Write { name, text }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(name, &format!("{INCIDENT}.md"));
    assert!(text.starts_with("# Post-mortem: no connections left"), "{text}");
    assert!(clock::facts(&model, model.now).is_empty(), "its clock is gone");
    // It is not over after all: the same journal goes on.
    let effects = press(&mut model, "U");
    let [Effect::TakeUp(name), Effect::Tell(what)] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(name, INCIDENT);
    assert!(matches!(&**what, What::MilestoneSet(said) if said.milestone == Milestone::Reopened));
}

#[test]
fn closing_with_a_measure_that_is_not_taken_back_asks_why() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    let events =
        vec![jane.tell(ago(60), pool(3_600)), jane.tell(ago(30), milestone(Milestone::Resolved, 30, "jane"))];
    say(&mut model, Msg::Recorded(events));
    press(&mut model, "i C");
    assert!(press(&mut model, "Enter").is_empty(), "without a reason it stays open");
    assert_eq!(stage(&model), Stage::Resolved);
    press(&mut model, "C");
    type_text(&mut model, "joe takes it back tomorrow");
    let effects = press(&mut model, "Enter");
    let [Effect::Tell(what)] = effects.as_slice() else { panic!("{effects:?}") };
    let What::MilestoneSet(said) = &**what else { panic!("{what:?}") };
    assert_eq!(said.says, "joe takes it back tomorrow (`pool size` is not taken back)");
}

#[test]
fn of_two_scales_with_the_same_names_the_chosen_one_is_meant() {
    let mut model = cockpit(80, 24);
    begun(&mut model);
    let document = |path: &str, time: &str| {
        let text = format!(
            "# D\n\n## Severities\n\n| Level | Criteria | Response time |\n|---|---|---|\n| P1 | all | {time} |\n\
            | P2 | some | 9 hours |\n"
        );
        let tables = firedeck::commands::tools::Tables::default();
        std::sync::Arc::new(firedeck::runbook::catalogue::read(path, &text, &tables))
    };
    let both = vec![document("a.md", "15 minutes"), document("b.md", "1 hour")];
    shelve_all(&mut model, both);
    press(&mut model, "G i");
    type_text(&mut model, "x");
    press(&mut model, "Tab Down Down Down");
    let effects = press(&mut model, "Enter");
    let [Effect::OpenIncident { opened, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert_eq!(opened.severity.as_deref(), Some("P1"));
    assert_eq!(opened.response.as_deref(), Some("1 hour"));
    assert_eq!(opened.scale.as_ref().map(|scale| scale.path.as_str()), Some("b.md"));
}

#[test]
fn a_note_is_written_from_anywhere_and_says_where_it_is() {
    let mut model = cockpit(80, 24);
    begun(&mut model);
    press(&mut model, "n");
    type_text(&mut model, "disk of node-3 swapped");
    let effects = press(&mut model, "Enter");
    let mut day = Writer::new("day-2026-03-25", "jane");
    assert!(written(&mut model, &mut day, effects).is_empty());
    assert_eq!(said(&model), "noted in the day's journal");
    open(&mut model, 60);
    press(&mut model, "i n");
    type_text(&mut model, "[2Jhello");
    let effects = press(&mut model, "Enter");
    let mut jane = Writer::new(INCIDENT, "jane-2");
    written(&mut model, &mut jane, effects);
    assert_eq!(said(&model), "noted in the incident's journal");
    assert_eq!(model.incidents.state().expect("open").notes.len(), 1);
}

#[test]
fn what_nobody_has_closed_is_open_again_at_the_start_the_newest_first_and_the_others_named() {
    let mut model = cockpit(80, 24);
    let mut older = Writer::new(SECOND, "joe");
    let mut events = older.opening("certificates", 3_600);
    let mut newer = Writer::new(INCIDENT, "ann");
    events.extend(newer.opening("no connections left", 462));
    let effects = say(&mut model, Msg::RecordedBefore(events));
    assert!(matches!(effects.as_slice(), [Effect::TakeUp(name)] if name == INCIDENT), "{effects:?}");
    assert_eq!(said(&model), "“no connections left” is open again (#k7qd); 1 besides: “certificates”");
    say(&mut model, Msg::TakenUp(INCIDENT.into()));
    press(&mut model, "i");
    let effects = press(&mut model, "]");
    assert!(matches!(effects.as_slice(), [Effect::TakeUp(name)] if name == SECOND), "{effects:?}");
}

#[test]
fn what_was_closed_stays_closed() {
    let mut model = cockpit(80, 24);
    let mut jane = Writer::new(INCIDENT, "jane");
    let mut events = jane.opening("no connections left", 462);
    events.push(jane.tell(ago(60), milestone(Milestone::Closed, 60, "jane")));
    assert!(say(&mut model, Msg::RecordedBefore(events)).is_empty());
    assert!(header(&model).is_empty());
}

#[test]
fn what_another_cockpit_opens_and_writes_is_here_too() {
    let mut model = cockpit(80, 24);
    begun(&mut model);
    let mut joe = Writer::new(INCIDENT, "joe");
    let events = joe.opening("no connections left", 30);
    let effects = say(&mut model, Msg::Heard(events));
    assert!(matches!(effects.as_slice(), [Effect::TakeUp(name)] if name == INCIDENT), "{effects:?}");
    assert!(said(&model).starts_with("joe opened “no connections left”"), "{}", said(&model));
    say(&mut model, Msg::TakenUp(INCIDENT.into()));
    let more = vec![
        joe.tell(ago(20), note("I look at the pool")),
        joe.tell(ago(10), milestone(Milestone::Acknowledged, 10, "joe")),
    ];
    // Read again, as it stands in its chain: it is the same by its number.
    let again = more.iter().map(|event| Event { prev: "ab12".into(), ..event.clone() }).collect();
    say(&mut model, Msg::Heard(more));
    say(&mut model, Msg::Heard(again));
    let state = model.incidents.state().expect("open");
    assert_eq!((state.stage(), state.notes.len()), (Stage::Acknowledged, 1));
    let closed = joe.tell(NOW, milestone(Milestone::Closed, 0, "joe"));
    let effects = say(&mut model, Msg::Heard(vec![closed]));
    assert!(
        matches!(effects.as_slice(), [Effect::LeaveIncident]),
        "whoever closed it writes the draft: {effects:?}"
    );
}

#[test]
fn a_second_incident_of_somebody_else_takes_nothing_from_the_open_one() {
    let mut model = cockpit(80, 24);
    open(&mut model, 462);
    let mut joe = Writer::new(SECOND, "joe");
    let events = vec![joe.tell(ago(5), session("joe")), joe.tell(ago(5), opened("other", "joe", 5))];
    assert!(say(&mut model, Msg::Heard(events)).is_empty());
    assert_eq!(model.incidents.state().expect("open").name, INCIDENT);
}

#[test]
fn the_time_line_is_filtered_while_it_is_typed_and_a_line_is_pinned() {
    let mut model = cockpit(120, 40);
    let mut jane = open(&mut model, 462);
    let events = vec![jane.tell(ago(60), note("pool is full")), jane.tell(ago(50), note("restarted web"))];
    say(&mut model, Msg::Recorded(events));
    press(&mut model, "T");
    assert_eq!((model.board.focus, model.incidents.screen.page), (PaneKind::Incident, Page::TimeLine));
    press(&mut model, "/");
    type_text(&mut model, "note pool");
    let shown = |model: &Model| -> Vec<String> {
        model.incidents.screen.entries.iter().map(|entry| entry.words.clone()).collect()
    };
    assert_eq!(shown(&model), ["pool is full"]);
    press(&mut model, "Enter");
    let effects = press(&mut model, "p");
    written(&mut model, &mut jane, effects);
    press(&mut model, "Esc P");
    assert_eq!(shown(&model), ["pool is full"]);
    press(&mut model, "P");
    assert!(shown(&model).len() > 3);
}

#[test]
fn the_handover_is_written_down_and_copied_with_what_is_open() {
    let mut model = alerted();
    let mut jane = open(&mut model, 462);
    let event = jane.tell(ago(60), pool(3_600));
    say(&mut model, Msg::Recorded(vec![event]));
    press(&mut model, "H");
    let effects = press(&mut model, "w");
    let [Effect::Write { name, text, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(name.starts_with("handover-2026-03-25"), "{name}");
    for part in
        ["no connections left", "pool size: 20 → 30", "WorkerCrashLooping", "nobody has acknowledged it"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let effects = press(&mut model, "c");
    assert!(matches!(effects.as_slice(), [Effect::Copy(copied)] if copied == text));
}

#[test]
fn the_wall_shows_an_incident_and_never_writes() {
    let mut model = cockpit(120, 40);
    model.wall = true;
    let mut jane = Writer::new(INCIDENT, "jane");
    let events = jane.opening("no connections left", 462);
    assert!(say(&mut model, Msg::RecordedBefore(events)).is_empty());
    assert!(model.incidents.open().is_some());
}

#[test]
fn nothing_is_resolved_unasked_while_critical_alerts_fire() {
    let mut model = alerted();
    let mut jane = open(&mut model, 462);
    press(&mut model, "i");
    for key in ["A", "M"] {
        let effects = press(&mut model, key);
        written(&mut model, &mut jane, effects);
    }
    assert!(press(&mut model, "R").is_empty());
    assert!(said(&model).starts_with("1 critical alert fires: R again"), "{}", said(&model));
    let effects = press(&mut model, "R");
    written(&mut model, &mut jane, effects);
    assert_eq!(stage(&model), Stage::Resolved);
    let resolved = model.incidents.state().and_then(|state| state.milestones.resolved.clone());
    assert_eq!(resolved.map(|said| said.says).as_deref(), Some("1 critical alert fires"));
}

#[test]
fn leaving_an_open_incident_says_once_that_it_stays_open() {
    let mut model = cockpit(80, 24);
    open(&mut model, 462);
    assert!(press(&mut model, "Ctrl-C").is_empty());
    assert!(said(&model).starts_with("“no connections left” stays open (#k7qd)"), "{}", said(&model));
    assert!(matches!(press(&mut model, "Ctrl-C")[..], [Effect::Quit]));
}

#[test]
fn the_scales_of_what_firedeck_brings_along_are_never_offered() {
    let mut model = cockpit(80, 24);
    begun(&mut model);
    let text = "# Pods\n\n## Severities\n\n| Level | Criteria | Response time |\n|---|---|---|\n\
        | P1 (Critical) | all | 15 minutes |\n\n### Runbook: Pod crashes\n\n1. Look\n";
    let tables = firedeck::commands::tools::Tables::default();
    let document = firedeck::runbook::catalogue::read("models:pods.md", text, &tables);
    shelve_all(&mut model, vec![std::sync::Arc::new(document)]);
    press(&mut model, "G i");
    let Some(Overlay::Form(form)) = model.overlays.last() else { panic!("no form") };
    let names: Vec<&str> = form.fields[1].choices.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["critical", "high", "medium", "low"]);
}

#[test]
fn from_what_is_well_it_is_about_what_fires_and_the_first_letter_takes_the_place_of_what_was_offered() {
    let mut model = alerted();
    press(&mut model, "G i");
    let title = |model: &Model| match model.overlays.last() {
        Some(Overlay::Form(form)) => form.text("title"),
        _ => String::new(),
    };
    assert_eq!(title(&model), "WorkerCrashLooping shop worker");
    type_text(&mut model, "nobody can buy");
    assert_eq!(title(&model), "nobody can buy");
    press(&mut model, "Esc i End");
    type_text(&mut model, "!");
    assert_eq!(title(&model), "WorkerCrashLooping shop worker!", "who goes into it keeps it");
}
