//! What was set for a while: told, offered, looked at, and taken back.
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::incident::event::{
    At, End, Ended, Findings, Order, QuestionAsked, Stands, StepEnded, StepStarted, Target, Tier, Verdict,
};
use firedeck::incident::{Event, What};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::Overlay;
use firedeck::model::run::Known;
use firedeck::model::shelf::Book;
use firedeck::runbook::execution::Run;

use super::said;
use crate::common::estate::{ago, cockpit, deployment, feed, id, news, press, say, type_text};
use crate::common::night::{Writer, open, pool, written};

#[test]
fn a_measure_is_told_with_its_due_time_and_ended_with_how() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    press(&mut model, "i m");
    for text in ["pool size", "20", "30", "psql -c 'alter system reset pool'"] {
        type_text(&mut model, text);
        press(&mut model, "Tab");
    }
    press(&mut model, "Tab");
    type_text(&mut model, "soon");
    assert!(press(&mut model, "Enter").is_empty());
    let Some(Overlay::Form(form)) = model.overlays.last() else { panic!("no form") };
    assert_eq!(form.says, "`soon` is not a time");
    press(&mut model, "Ctrl-U");
    type_text(&mut model, "2h");
    let effects = press(&mut model, "Enter");
    written(&mut model, &mut jane, effects);
    let state = model.incidents.state().expect("open");
    let measure = state.open_measures().next().expect("a measure");
    assert_eq!((measure.prior.as_str(), measure.now.as_str(), measure.owner.as_str()), ("20", "30", "jane"));
    assert_eq!(measure.due, Some(ago(-7_200)));
    press(&mut model, "x Tab");
    type_text(&mut model, "pool is as it was");
    let effects = press(&mut model, "Enter");
    written(&mut model, &mut jane, effects);
    let state = model.incidents.state().expect("open");
    assert_eq!(state.open_measures().count(), 0);
    assert_eq!(state.measures[0].closed.as_ref().map(|closed| closed.ended), Some(Ended::Reverted));
}

#[test]
fn whether_replicas_still_stand_is_read_from_the_pane_and_told_once() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    let worker = |desired| Seen::Is(deployment("shop", "worker", "worker:7.3.0", desired, desired));
    news(&mut model, vec![News::Objects(feed(Kind::Deployment), vec![worker(5)])]);
    let What::MeasureOpened(mut scaled) = pool(3_600) else { panic!("a measure") };
    scaled.what = "replicas".into();
    (scaled.prior, scaled.now) = ("3".into(), "5".into());
    scaled.target = Some(Target::new(&id(Kind::Deployment, "shop", "worker"), ""));
    let event = jane.tell(ago(60), What::MeasureOpened(scaled));
    say(&mut model, Msg::Recorded(vec![event]));
    let effects = say(&mut model, Msg::Tick(ago(-10)));
    let [Effect::Tell(what)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(&**what, What::MeasureSeen(seen) if seen.stands == Stands::Yes), "{what:?}");
    written(&mut model, &mut jane, effects);
    assert!(say(&mut model, Msg::Tick(ago(-20))).is_empty(), "nothing new is seen");
    news(&mut model, vec![News::Objects(feed(Kind::Deployment), vec![worker(3)])]);
    let effects = say(&mut model, Msg::Tick(ago(-30)));
    let [Effect::Tell(what)] = effects.as_slice() else { panic!("{effects:?}") };
    assert!(matches!(&**what, What::MeasureSeen(seen) if seen.stands == Stands::No), "{what:?}");
}

/// A command of a runbook has run here, and went well.
fn ran(model: &mut Model, jane: &mut Writer, title: &str, command: &str) {
    ran_after(model, jane, title, command, None);
}

/// The same after a question that has shown this.
fn ran_after(model: &mut Model, jane: &mut Writer, title: &str, command: &str, shown: Option<Findings>) {
    let text = format!(
        "# Shop\n\n### Runbook: Pool is full\n\n1. **{title}**\n\n   ```bash\n   {command}\n   ```\n"
    );
    let tables = firedeck::commands::tools::Tables::default();
    let document = std::sync::Arc::new(firedeck::runbook::catalogue::read("runbooks/030.md", &text, &tables));
    let runbook = document.runbooks[0].clone();
    let run = Run::new("r1", runbook.clone());
    say(model, Msg::RunKnown(Box::new(Known { run, book: Book { document, runbook } })));
    let at = At { run: "r1".into(), step: 0, command: Some(0) };
    let order = Order { session: "s1".into(), statement: 1 };
    let started = StepStarted {
        at: at.clone(),
        order: order.clone(),
        n: "1".into(),
        line: 8,
        end_line: 8,
        text: command.into(),
        edited: false,
        tier: Tier::Change,
        why: String::new(),
        host: "box".into(),
        workdir: String::new(),
        context: "prod-eu".into(),
        namespace: "shop".into(),
        namespace_origin: String::new(),
        question: shown.is_some().then_some(7),
        revision: 0,
        typed: None,
        reason: None,
        by: "jane".into(),
    };
    let ended = StepEnded {
        at,
        order,
        end: End::Exit(vec![0]),
        verdict: Verdict::Ok,
        says: String::new(),
        milliseconds: 5,
        output: Vec::new(),
    };
    let asked = shown.map(|findings| {
        let asked = QuestionAsked {
            question: 7,
            revision: 1,
            plan: vec![command.into()],
            tier: Tier::Change,
            targets: Vec::new(),
            findings: Some(findings),
        };
        jane.tell(ago(21), What::QuestionAsked(Box::new(asked)))
    });
    let mut events: Vec<Event> = asked.into_iter().collect();
    events.push(jane.tell(ago(20), What::StepStarted(Box::new(started))));
    events.push(jane.tell(ago(19), What::StepEnded(Box::new(ended))));
    say(model, Msg::Recorded(events));
}

#[test]
fn what_a_step_has_set_for_a_while_is_offered_as_a_measure_with_its_way_back() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    let command = "kubectl scale deployment/web --replicas=5 -n shop";
    ran(&mut model, &mut jane, "Scale up (temporary)", command);
    assert!(said(&model).contains("this is temporary"), "{}", said(&model));
    assert_eq!(model.incidents.state().expect("open").measures.len(), 0, "none is made unasked");
    press(&mut model, "i m Tab");
    type_text(&mut model, "3");
    let effects = press(&mut model, "Enter");
    let [Effect::Tell(what)] = effects.as_slice() else { panic!("{effects:?}") };
    let What::MeasureOpened(measure) = &**what else { panic!("{what:?}") };
    assert_eq!((measure.prior.as_str(), measure.now.as_str()), ("3", "5"));
    assert!(measure.what.contains("replicas") && measure.revert.contains("--replicas=3"), "{measure:?}");
    assert_eq!(
        measure.target.as_ref().map(|of| (of.kind.as_str(), of.name.as_str())),
        Some(("deployment", "web"))
    );
    assert_eq!(measure.made_by.as_ref().map(|at| at.run.as_str()), Some("r1"));
}

#[test]
fn what_is_only_known_to_be_meant_for_a_while_is_called_by_its_step() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    ran(&mut model, &mut jane, "Put up the maintenance page (temporary)", "touch /srv/maintenance");
    assert!(said(&model).ends_with("`Put up the maintenance page (temporary)`"), "{}", said(&model));
}

#[test]
fn what_the_question_has_shown_of_before_and_of_the_way_back_stands_in_the_form() {
    let mut model = cockpit(80, 24);
    let mut jane = open(&mut model, 462);
    let command = "kubectl set resources deployment/worker --limits=memory=512Mi -n shop";
    let undo = "kubectl set resources deployment/worker --limits=memory=256Mi -n shop";
    let effect = vec!["deployment/worker: memory limit: 256Mi → 512Mi".to_owned()];
    let shown = Findings { effect, undo: undo.into(), ..Findings::default() };
    ran_after(&mut model, &mut jane, "More memory (temporary)", command, Some(shown));
    press(&mut model, "i m");
    let Some(Overlay::Form(form)) = model.overlays.last() else { panic!("no form") };
    let text = |label: &str| form.text(label);
    assert_eq!([text("value now"), text("taken back by")], ["512Mi", undo], "{form:?}");
    assert_eq!(text("value before"), "256Mi");
}
