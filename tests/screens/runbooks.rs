//! The list of runbooks and an open one, beside the live panes.
use firedeck::model::Model;
use firedeck::model::board::PaneKind;
use firedeck::model::msg::Msg;
use firedeck::model::shelf::{Reading, Shelved};
use firedeck::runbook::suggest::Index;

use super::{SIZES, picture, snap};
use crate::common::estate::{cockpit, press, say, shelve, type_text};

/// The estate with its runbooks read, and the list open on a crashing pod.
fn list(columns: u16, rows: u16) -> Model {
    let mut model = cockpit(columns, rows);
    shelve(&mut model);
    press(&mut model, "r");
    model
}

/// One of them open, a command chosen.
fn open(columns: u16, rows: u16) -> Model {
    let mut model = list(columns, rows);
    press(&mut model, "Enter ]");
    model
}

#[test]
fn the_list_of_runbooks_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("runbooks_{columns}x{rows}"), &list(columns, rows));
    }
}

#[test]
fn an_open_runbook_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("runbook_open_{columns}x{rows}"), &open(columns, rows));
    }
}

#[test]
fn an_open_runbook_stays_beside_the_panes_that_are_worked_in() {
    let mut model = open(160, 45);
    press(&mut model, "Esc");
    assert_eq!(model.board.focus, PaneKind::Things);
    snap("runbook_beside_160x45", &model);
}

#[test]
fn what_a_search_finds() {
    let mut model = list(80, 24);
    press(&mut model, "/");
    type_text(&mut model, "disk");
    snap("runbooks_found_80x24", &model);
    type_text(&mut model, " zebra quagga");
    assert!(picture(&model).contains("nothing is found for “disk zebra quagga”"), "{}", picture(&model));
}

#[test]
fn nobody_said_where_they_are_they_are_being_read_or_could_not_be() {
    let mut model = cockpit(80, 24);
    press(&mut model, "r");
    snap("runbooks_unnamed_80x24", &model);
    model.shelf.reading = Reading::First;
    assert!(picture(&model).contains("reading the documents"), "{}", picture(&model));
    let shelved = Shelved {
        documents: Vec::new(),
        failed: vec![("runbooks/a.md".into(), "permission denied".into())],
        notes: vec!["runbooks/big: more than 20,000 documents; the rest is not read".into()],
        index: Index::new(&[]).into(),
    };
    say(&mut model, Msg::Shelved(Box::new(shelved)));
    snap("runbooks_not_read_80x24", &model);
}

#[test]
fn the_overview_names_the_runbooks_that_fit() {
    let mut model = cockpit(80, 24);
    shelve(&mut model);
    press(&mut model, "0");
    snap("runbooks_that_fit_80x24", &model);
}
