//! What the panes say beside the conditions of a runbook, and how far a change is from having helped.
use firedeck::incident::What;
use firedeck::incident::event::{BranchChosen, Event, EventId};
use firedeck::model::Model;
use firedeck::model::msg::Msg;
use firedeck::model::run::Known;
use firedeck::runbook::execution::Run;

use super::{picture, snap};
use crate::common::estate::{cockpit, say};
use crate::journeys::answers::{database, later, open};
use crate::journeys::settling::{BOTH, Mended, crane, restarted};

fn asked(columns: u16, rows: u16) -> Model {
    let mut model = open(cockpit(columns, rows));
    database(&mut model, 87);
    later(&mut model, 1);
    model
}

#[test]
fn the_answers_beside_the_arms() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        snap(&format!("answers_{columns}x{rows}"), &asked(columns, rows));
    }
}

#[test]
fn an_arm_that_was_not_chosen_is_asked_no_more() {
    let mut model = asked(120, 40);
    // Of the arm, and of a way of the script.
    let said = |model: &Model| picture(model).matches("it fits: 2 pods say so").count();
    assert_eq!(said(&model), 2, "{}", picture(&model));
    let book = model.checklist.as_ref().expect("open").book.clone();
    let known = Known { run: Run::new("r1", book.runbook.clone()), book };
    say(&mut model, Msg::RunKnown(Box::new(known)));
    let chosen =
        BranchChosen { run: "r1".into(), step: Some(0), chosen: 3, by: "ada".into(), no_longer: false };
    let id = EventId { incident: "day".into(), writer: "here".into(), n: 1 };
    let event = Event::known(id, model.now, What::BranchChosen(chosen));
    say(&mut model, Msg::Told(Box::new(event)));
    assert_eq!(said(&model), 1, "{}", picture(&model));
    assert!(picture(&model).contains("accepting connections"), "{}", picture(&model));
}

#[test]
fn a_restart_on_its_way() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut mended = Mended::new(columns, rows, restarted());
        mended.sees(crane(2, 3)).wait(5, BOTH);
        snap(&format!("settling_{columns}x{rows}"), &mended.model);
        mended.sees(crane(3, 3)).wait(25, BOTH);
        snap(&format!("settling_holds_{columns}x{rows}"), &mended.model);
    }
}
