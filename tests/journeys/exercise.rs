//! A demo or a drill: its clock, hints when they are asked for, and backends broken by a key.
use std::sync::Arc;

use firedeck::domain::exercise::{Backend, Exercise, Fault, Faults};
use firedeck::domain::time::Timestamp;
use firedeck::model::Model;
use firedeck::model::msg::Effect;

use crate::common::estate::{cockpit, press};
use crate::screens::picture;

fn drill(columns: u16, rows: u16) -> Model {
    let mut model = cockpit(columns, rows);
    model.exercise = Some(Exercise {
        word: "DRILL".into(),
        title: "The cache is full".into(),
        brief: "Writes are refused, and nobody has looked at the cache for a year.".into(),
        hints: vec!["What says that it is full?".into(), "Some of its keys never end.".into()],
        built_in: vec!["redis-cli".into()],
        began: Timestamp(model.now.0 - 125_000),
        faults: Faults::default(),
        quiet: false,
        keys: Arc::default(),
        over: Arc::default(),
    });
    model
}

#[test]
fn hints_come_one_by_one_and_a_backend_is_broken_and_mended_by_the_same_key() {
    let mut model = drill(80, 24);
    press(&mut model, "Ctrl-E");
    assert!(picture(&model).contains("hint 1 of 2") && !picture(&model).contains("What says"));
    press(&mut model, "Enter");
    let seen = picture(&model);
    assert!(seen.contains("What says that it is full?") && !seen.contains("never end"), "{seen}");
    press(&mut model, "Enter Enter");
    assert!(picture(&model).contains("never end") && picture(&model).contains("all hints are below"));
    let effects = press(&mut model, "Down Down Enter");
    assert!(matches!(effects.as_slice(), [Effect::Break(Backend::Database, Fault::Slow)]), "{effects:?}");
    let faults = model.exercise.as_ref().expect("a drill").faults.clone();
    faults.set(Backend::Database, Fault::Garbage);
    let effects = press(&mut model, "Enter");
    assert!(matches!(effects.as_slice(), [Effect::Break(Backend::Database, Fault::None)]), "{effects:?}");
    insta::assert_snapshot!(picture(&model));
    press(&mut model, "Esc");
    assert!(model.overlays.is_empty());
}

#[test]
fn that_it_is_a_drill_and_for_how_long_stands_first_at_every_size() {
    for (columns, rows) in [(40, 10), (80, 24), (240, 70)] {
        let seen = picture(&drill(columns, rows));
        let first = seen.lines().find(|line| line.contains("DRILL")).unwrap_or_else(|| panic!("{seen}"));
        assert!(first.trim_start_matches([' ', '0']).starts_with("DRILL 2m"), "{seen}");
        assert_eq!(first.contains("The cache is full"), columns >= 110, "{seen}");
    }
}

#[test]
fn outside_of_a_demo_there_is_nothing_to_break() {
    let mut model = cockpit(80, 24);
    assert!(press(&mut model, "Ctrl-E").is_empty() && model.overlays.is_empty());
    press(&mut model, "?");
    assert!(!picture(&model).contains("Ctrl-E"));
}
