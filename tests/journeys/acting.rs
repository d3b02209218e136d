//! From a question to its outcome: what answers, and what is told of it.
use std::time::Duration;

use firedeck::domain::action::{Check, Findings, Looked, Outcome};
use firedeck::domain::approval::{Approved, Tier, phrase};
use firedeck::domain::news::{ActionId, News};
use firedeck::domain::settings::Key;
use firedeck::domain::time::Timestamp;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::{Journal, Model};

use super::{deployments, quits, said};
use crate::common::estate::{NOW, cockpit, news, press, say, type_text};

pub(super) fn ready(mut model: Model) -> Model {
    say(&mut model, Msg::Journal(Journal::Good("journal".into())));
    model
}

/// The look finds all well, and the question is on the screen.
pub(super) fn looked(model: &mut Model) {
    let question = model.questions.open.as_ref().expect("a question");
    let id = question.id();
    let actions = question.plan().actions().iter().cloned();
    let findings = Findings {
        actions: actions.map(|native| Looked { native, generation: Some(14), also: None }).collect(),
        allowed: Check::Yes,
        undo: "again".into(),
        ..Findings::default()
    };
    news(model, vec![News::Looked(id, Box::new(findings))]);
    shown(model, NOW);
}

fn shown(model: &mut Model, at: Timestamp) {
    let question = model.questions.open.as_ref().expect("a question");
    let (question, revision) = (question.id(), question.revision());
    say(model, Msg::Shown { question, revision, at });
}

pub(super) fn performed(effects: Vec<Effect>) -> (ActionId, Approved) {
    match effects.into_iter().next() {
        Some(Effect::Perform(id, approved)) => (id, approved),
        other => panic!("{other:?}"),
    }
}

pub(super) fn pressed(model: &mut Model, key: Key, after: u64) -> Vec<Effect> {
    say(model, Msg::Keys { keys: vec![key], at: NOW.plus(Duration::from_millis(after)) })
}

#[test]
fn a_yes_that_was_read_first_runs_exactly_what_was_shown() {
    let mut model = ready(cockpit(80, 24));
    press(&mut model, "j j R");
    looked(&mut model);
    let plan = model.questions.open.as_ref().expect("open").plan().clone();
    assert!(pressed(&mut model, Key::char('y'), 200).is_empty(), "too early to have been read");
    let (id, approved) = performed(pressed(&mut model, Key::char('y'), 400));
    let natives: Vec<_> = approved.actions().iter().map(|looked| looked.native.clone()).collect();
    assert_eq!(natives, plan.actions());
    assert_eq!(model.deeds.len(), 1);
    assert!(model.overlays.is_empty() && model.questions.open.is_none());
    let target = natives[0].target.clone();
    news(&mut model, vec![News::Acted(id, target, Outcome::Settled { says: "3 of 3 pods replaced".into() })]);
    assert!(said(&model).contains("3 of 3 pods replaced"));
    assert!(model.deeds[0].outcome.is_final());
}

#[test]
fn a_yes_in_a_burst_or_before_it_is_shown_or_recorded_answers_nothing() {
    let mut model = ready(cockpit(80, 24));
    press(&mut model, "j j R");
    assert!(pressed(&mut model, Key::char('y'), 900).is_empty(), "not looked at");
    looked(&mut model);
    let burst = vec![Key::char('y'), Key::char('y')];
    assert!(say(&mut model, Msg::Keys { keys: burst, at: NOW.plus(Duration::from_secs(1)) }).is_empty());
    // The journal fails while it stands: it has to be read anew, and then cannot be answered.
    say(&mut model, Msg::Journal(Journal::Failed { why: "the disk is full".into() }));
    say(&mut model, Msg::Tick(NOW));
    shown(&mut model, NOW);
    assert!(pressed(&mut model, Key::char('y'), 900).is_empty());
    say(&mut model, Msg::Journal(Journal::Good("journal".into())));
    say(&mut model, Msg::Tick(NOW));
    assert!(pressed(&mut model, Key::char('y'), 900).is_empty(), "this revision was not shown");
    shown(&mut model, NOW);
    performed(pressed(&mut model, Key::char('y'), 900));
}

#[test]
fn a_drain_wants_the_name_typed() {
    let mut model = ready(cockpit(80, 24));
    press(&mut model, "F4 X");
    looked(&mut model);
    let question = model.questions.open.as_ref().expect("open");
    assert_eq!(question.tier(), Tier::Danger);
    let name = phrase(question.plan());
    assert!(pressed(&mut model, Key::char('y'), 900).is_empty());
    press(&mut model, "Ctrl-U");
    type_text(&mut model, "node-x");
    assert!(press(&mut model, "Enter").is_empty(), "another name");
    press(&mut model, "Ctrl-U");
    type_text(&mut model, &name);
    assert!(press(&mut model, "Enter").is_empty(), "the reason comes next");
    performed(press(&mut model, "Enter"));
}

#[test]
fn marks_go_once_their_action_runs() {
    let mut model = ready(cockpit(80, 24));
    press(&mut model, "Space Space D");
    looked(&mut model);
    let question = model.questions.open.as_ref().expect("open");
    let (tier, name) = (question.tier(), phrase(question.plan()));
    let (_, approved) = if tier == Tier::Danger {
        type_text(&mut model, &name);
        press(&mut model, "Enter");
        performed(press(&mut model, "Enter"))
    } else {
        performed(pressed(&mut model, Key::char('y'), 900))
    };
    assert_eq!(approved.actions().len(), 2);
    assert!(model.pods.marked().is_empty());
    assert_eq!(model.deeds.len(), 2);
}

#[test]
fn quitting_over_what_has_not_settled_asks_twice() {
    let mut model = ready(deployments());
    press(&mut model, "R");
    looked(&mut model);
    let (id, _) = performed(pressed(&mut model, Key::char('y'), 900));
    assert!(!quits(&press(&mut model, "Ctrl-C")));
    assert!(said(&model).contains("not yet settled"));
    assert!(said(&model).contains("half-way"), "it has no answer yet, so the cluster may not have it");
    assert!(quits(&press(&mut model, "Ctrl-C")));
    let target = model.deeds[0].native.target.clone();
    news(&mut model, vec![News::Acted(id, target, Outcome::Refused { why: "quota".into() })]);
    assert!(said(&model).contains("refused: quota"));
    model.flash = None;
    assert!(quits(&press(&mut model, "Ctrl-C")));
}

#[test]
fn an_outcome_of_something_else_changes_no_deed() {
    let mut model = ready(deployments());
    press(&mut model, "R");
    looked(&mut model);
    let (ActionId(id), approved) = performed(pressed(&mut model, Key::char('y'), 900));
    let target = approved.actions()[0].native.target.clone();
    let settled = || Outcome::Settled { says: "done".into() };
    news(&mut model, vec![News::Acted(ActionId(id + 1), target, settled())]);
    news(&mut model, vec![News::Acted(ActionId(id), super::worker(), settled())]);
    assert_eq!(model.deeds[0].outcome, Outcome::Started);
}
