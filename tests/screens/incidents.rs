//! The incident: being opened, how it stands, its time line, the handover, and what the header says of it.
use firedeck::incident::event::{Milestone, Stands};
use firedeck::model::Model;
use firedeck::model::msg::Msg;

use super::{SIZES, picture, snap};
use crate::common::estate::{ago, cockpit, press, say, shelve, type_text};
use crate::common::night::{Writer, begun, milestone, note, open, pool, role, seen};

/// In the middle of it.
fn night(columns: u16, rows: u16) -> (Model, Writer) {
    let mut model = cockpit(columns, rows);
    let mut jane = open(&mut model, 462);
    let events = vec![
        jane.tell(ago(400), milestone(Milestone::Acknowledged, 400, "jane")),
        jane.tell(ago(380), role("commander", "joe")),
        jane.tell(ago(300), note("87 of 97 connections, 61 of them idle from web")),
        jane.tell(ago(200), pool(7_200)),
        jane.tell(ago(190), seen(Stands::Yes, "30")),
        jane.tell(ago(100), note("the pool has room again; web still restarts every few minutes")),
    ];
    say(&mut model, Msg::Recorded(events));
    (model, jane)
}

#[test]
fn the_form_of_a_new_incident() {
    for (columns, rows) in SIZES {
        let mut model = cockpit(columns, rows);
        begun(&mut model);
        shelve(&mut model);
        press(&mut model, "i");
        snap(&format!("incident_form_{columns}x{rows}"), &model);
    }
}

#[test]
fn how_it_stands_at_every_size() {
    for (columns, rows) in SIZES {
        let (mut model, _) = night(columns, rows);
        press(&mut model, "i");
        snap(&format!("incident_{columns}x{rows}"), &model);
    }
}

#[test]
fn its_clock_and_what_is_due_next_stand_over_and_under_every_pane() {
    let mut model = cockpit(80, 24);
    open(&mut model, 462);
    snap("incident_clock_80x24", &model);
    let mut late = cockpit(80, 24);
    let mut jane = open(&mut late, 1_000);
    let overdue = jane.tell(ago(900), pool(-60));
    say(&mut late, Msg::Recorded(vec![overdue]));
    snap("incident_overdue_80x24", &late);
}

#[test]
fn the_time_line() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let (mut model, _) = night(columns, rows);
        press(&mut model, "T");
        snap(&format!("incident_time_line_{columns}x{rows}"), &model);
    }
}

#[test]
fn the_handover() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let (mut model, _) = night(columns, rows);
        press(&mut model, "H");
        snap(&format!("incident_handover_{columns}x{rows}"), &model);
    }
}

#[test]
fn the_wall_shows_its_clock_before_the_counts() {
    for (columns, rows) in [(120, 30), (80, 24)] {
        let (mut model, _) = night(columns, rows);
        model.wall = true;
        snap(&format!("incident_wall_{columns}x{rows}"), &model);
    }
}

#[test]
fn a_measure_is_filled_in() {
    let (mut model, _) = night(80, 24);
    press(&mut model, "i m");
    type_text(&mut model, "maintenance page");
    snap("incident_measure_80x24", &model);
}

#[test]
fn none_is_open() {
    let mut model = cockpit(80, 24);
    begun(&mut model);
    press(&mut model, "T");
    snap("incident_none_time_line_80x24", &model);
    press(&mut model, "H");
    assert!(picture(&model).contains("None is open."), "{}", picture(&model));
}

#[test]
fn it_is_seen_beside_an_open_runbook_and_beside_everything_else() {
    for (columns, rows) in [(100, 70), (120, 40), (240, 70)] {
        let text = "# Shop\n\n### Runbook: Stock\n\n1. Look\n\n```bash\nkubectl get pods\n```\n";
        let tables = firedeck::commands::tools::Tables::default();
        let document = firedeck::runbook::catalogue::read("shop.md", text, &tables);
        for with_book in [false, true] {
            let mut desk = crate::common::desk::Desk::of(vec![document.clone()]);
            crate::common::estate::say(&mut desk.model, firedeck::model::msg::Msg::Resized { columns, rows });
            open(&mut desk.model, 60);
            if with_book {
                desk.opens("Stock");
            }
            press(&mut desk.model, "i");
            let seen = crate::screens::picture(&desk.model);
            assert!(seen.contains("nobody has said") || seen.contains("not yet"), "{with_book}: {seen}");
        }
    }
}
