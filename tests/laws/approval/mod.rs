//! No story of keys, pastes, looks and clocks runs what was not shown, read and agreed to.
mod desk;
mod rules;
mod story;

use std::cell::Cell;

use firedeck::domain::action::{Check, Findings, Looked, Native, Verb};
use firedeck::domain::approval::{Approved, Hint, Place, Plan, Question, QuestionId, Tier};
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::domain::settings::theme::Depth;
use firedeck::domain::settings::{Key, Keymap, Theme};
use firedeck::domain::time::Timestamp;
use firedeck::model::Journal;
use firedeck::model::questions::Questions;
use firedeck::update::question::{self as ask, Context, Did};
use firedeck::view::question::draw;
use firedeck::view::style::Paint;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use desk::Desk;
use story::{ENTER, Event, keys, plans, stories};

fn config(cases: u32) -> ProptestConfig {
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

#[test]
fn no_story_runs_what_was_not_shown_read_and_agreed_to() {
    let (approvals, dangers) = (Cell::new(0), Cell::new(0));
    let told = TestRunner::new(config(256)).run(&stories(), |(plan, protected, story)| {
        let mut desk = Desk::open(&plan, protected);
        for event in &story {
            if let Some(approved) = desk.happens(event)? {
                approvals.set(approvals.get() + 1);
                dangers.set(dangers.get() + usize::from(approved.tier() == Tier::Danger));
                prop_assert!(desk.questions.open.is_none());
                break;
            }
        }
        Ok(())
    });
    assert!(told.is_ok(), "{told:?}");
    // A law about approvals that never sees one proves nothing.
    assert!(approvals.get() > dangers.get() && dangers.get() > 0, "{approvals:?} {dangers:?}");
}

fn all_well(plan: &Plan) -> Findings {
    Findings {
        actions: plan
            .actions()
            .iter()
            .map(|a| Looked { native: a.clone(), generation: None, also: None })
            .collect(),
        allowed: Check::Yes,
        undo: "in some way".into(),
        ..Findings::default()
    }
}

/// A question that needs nothing any more but the right key.
fn answerable(plan: &Plan, protected: bool) -> Desk {
    let mut desk = Desk::open(plan, protected);
    let ready = [
        Event::Looked(Box::new(all_well(plan))),
        Event::Shown { older: 0, stranger: false },
        Event::Waits { millis: 300, ticks: true },
    ];
    for event in &ready {
        assert!(matches!(desk.happens(event), Ok(None)));
    }
    desk
}

proptest! {
    #![proptest_config(config(128))]

    #[test]
    fn a_burst_never_answers(plan in plans(), protected: bool, burst in vec(keys(), 2..8), named: bool) {
        let mut desk = answerable(&plan, protected);
        if named {
            desk.happens(&Event::TypesName { at_once: true })?;
        }
        prop_assert!(desk.read(&burst)?.is_none());
    }

    #[test]
    fn a_paste_never_answers_and_never_names(plan in plans(), text in "(y|\n|\r|[a-z/ ]){0,12}") {
        let mut desk = answerable(&plan, true);
        desk.happens(&Event::PastesName)?;
        desk.happens(&Event::Paste(text))?;
        let empty = |open: &Question| open.typed().is_empty() && open.reason().is_empty();
        prop_assert!(desk.questions.open.as_deref().is_some_and(empty));
        prop_assert!(desk.read(&[ENTER])?.is_none());
    }

    #[test]
    fn a_key_before_it_was_read_never_answers(plan in plans(), early in 0..300i64, key in keys()) {
        let mut desk = answerable(&plan, false);
        // The window was resized, so that it has to be shown and read again.
        desk.happens(&Event::Resized)?;
        prop_assert!(desk.read(&[key])?.is_none());
        desk.happens(&Event::Shown { older: 0, stranger: false })?;
        desk.happens(&Event::Waits { millis: early, ticks: true })?;
        prop_assert!(desk.read(&[key])?.is_none());
    }

    #[test]
    fn a_name_typed_under_an_older_revision_does_not_count(plan in plans(), named: bool) {
        let mut desk = answerable(&plan, true);
        desk.happens(&Event::TypesName { at_once: true })?;
        if named {
            desk.read(&[ENTER])?;
            desk.happens(&Event::Paste("ticket 42".into()))?;
        }
        desk.happens(&Event::Looked(Box::new(all_well(&plan))))?;
        desk.happens(&Event::Shown { older: 0, stranger: false })?;
        desk.happens(&Event::Waits { millis: 300, ticks: true })?;
        prop_assert!(desk.read(&[ENTER])?.is_none());
        prop_assert!(desk.read(&[ENTER])?.is_none());
    }

    #[test]
    fn what_is_right_runs(plan in plans(), protected: bool, at_once: bool) {
        let mut desk = answerable(&plan, protected);
        let mut approved = desk.read(&[Key::char('y')])?;
        if approved.is_none() {
            desk.read(&[Key::ctrl('u')])?;
            desk.happens(&Event::TypesName { at_once })?;
            desk.read(&[ENTER])?;
            desk.happens(&Event::Paste("ticket 42".into()))?;
            approved = desk.read(&[ENTER])?;
            prop_assert_eq!(approved.as_ref().map(Approved::reason), Some("ticket 42"));
        }
        prop_assert!(approved.is_some());
        prop_assert!(desk.read(&[Key::char('y')]).is_ok_and(|again| again.is_none()), "answered once");
    }

    #[test]
    fn drawing_never_panics_and_never_leaves_its_place(
        (plan, protected, story) in stories(),
        (columns, rows) in (0..=500u16, 0..=200u16),
        (left, top) in (0..40u16, 0..20u16),
        beside in prop::option::of(0..200u16),
        ascii: bool,
    ) {
        let mut desk = Desk::open(&plan, protected);
        for event in &story {
            desk.happens(event)?;
        }
        let (columns, rows) = if ascii { (columns / 6, rows / 8) } else { (columns, rows) };
        let whole = Rect::new(0, 0, columns, rows);
        let mut buf = Buffer::filled(whole, ratatui::buffer::Cell::new("#"));
        // Larger than the screen, as while a window shrinks.
        let area = Rect::new(left, top, columns, rows);
        let theme = Theme::default();
        let paint = Paint { theme: &theme, depth: Depth::Sixteen, ascii };
        let shown = draw(&mut buf, area, beside, &desk.questions, &desk.keymap, &paint);
        for y in 0..rows {
            for x in 0..columns {
                let within = x >= left && y >= top;
                prop_assert!(within || buf[(x, y)].symbol() == "#", "{x},{y}");
            }
        }
        let open = desk.questions.open.as_ref().map(|open| (open.id(), open.revision()));
        prop_assert!(shown.is_none() || shown == open);
    }
}

#[test]
fn read_only_asks_nothing() {
    let mut questions = Questions::default();
    let (keymap, journal) = (Keymap::default(), Journal::Good("j".into()));
    let context = Context { keymap: &keymap, protected: false, read_only: true, journal: &journal };
    let target = ObjectRef {
        context: "prod".into(),
        kind: Kind::Deployment,
        namespace: "yard".into(),
        name: "crane".into(),
    };
    let plan = Plan::Native(vec![Native { target, uid: "u".into(), verb: Verb::Restart }]);
    let refused = ask::open(&mut questions, plan, Place::default(), None, Timestamp(0), &context);
    assert!(refused.is_err_and(|why| why.starts_with("read-only: `restart`")));
    assert!(questions.open.is_none());
}

#[test]
fn the_key_that_asked_never_answers_even_when_it_is_bound_to_yes() {
    let mut questions = Questions::default();
    let (keymap, journal) = (Keymap::default(), Journal::Good("j".into()));
    let context = Context { keymap: &keymap, protected: false, read_only: false, journal: &journal };
    let crane = ObjectRef {
        context: "prod".into(),
        kind: Kind::Deployment,
        namespace: "yard".into(),
        name: "crane".into(),
    };
    let plan = Plan::Native(vec![Native { target: crane, uid: "u".into(), verb: Verb::Restart }]);
    let yes = Key::char('y');
    let opened = ask::open(&mut questions, plan.clone(), Place::default(), Some(yes), Timestamp(0), &context);
    assert!(opened.is_ok());
    let second = ask::open(&mut questions, plan.clone(), Place::default(), None, Timestamp(0), &context);
    assert!(second.is_err_and(|why| why.contains("a question is open already")));
    let current = |questions: &Questions| questions.open.as_ref().map(|open| (open.id(), open.revision()));
    let (id, _) = current(&questions).unwrap_or((QuestionId(0), 0));
    assert!(ask::looked(&mut questions, id, all_well(&plan)));
    let (id, revision) = current(&questions).unwrap_or((QuestionId(0), 0));
    ask::shown(&mut questions, id, revision, Timestamp(0));
    let did = ask::keys(&mut questions, &[yes], Timestamp(500), &context);
    assert!(matches!(did, Did::Changed), "{did:?}");
    assert_eq!(questions.hint, Some(Hint::Asker));
}

/// What changes every second beside what is wanted is no other thing.
#[test]
fn a_look_may_fill_in_when_a_silence_ends_and_correct_who_waits() {
    let one = |kind, verb| {
        let target = ObjectRef { context: "c".into(), kind, namespace: "".into(), name: "x".into() };
        Plan::Native(vec![Native { target, uid: "u-1".into(), verb }])
    };
    let later = |seconds, until| one(Kind::Silence, Verb::Extend { seconds, until });
    let ends = |frees| one(Kind::Session, Verb::Terminate { frees });
    let asks = |sql: &str, risk| {
        one(Kind::Server, Verb::Query { sql: vec![sql.into()], risk, meant: String::new() })
    };
    for (planned, seen, runs) in [
        (later(3_600, None), later(3_600, Some(firedeck::domain::time::Timestamp(5))), true),
        (later(3_600, None), later(7_200, Some(firedeck::domain::time::Timestamp(5))), false),
        (ends(2), ends(9), true),
        (ends(2), one(Kind::Session, Verb::Cancel), false),
        (asks("SELECT 1", Tier::Read), asks("SELECT 1", Tier::Read), true),
        (asks("SELECT 1", Tier::Read), asks("DELETE FROM x", Tier::Read), false),
        (asks("DELETE FROM x", Tier::Danger), asks("DELETE FROM x", Tier::Read), false),
    ] {
        let mut desk = Desk::open(&planned, false);
        let (id, ..) = desk.current();
        assert!(ask::looked(&mut desk.questions, id, all_well(&seen)));
        let open = desk.questions.open.as_deref().expect("a question");
        assert_eq!(open.obstacle().is_none(), runs, "{planned:?} seen as {seen:?}");
    }
}

#[test]
fn a_look_may_fill_in_an_identity_that_was_not_known_but_never_swap_one() {
    let target = ObjectRef {
        context: "c".into(),
        kind: Kind::Deployment,
        namespace: "shop".into(),
        name: "web".into(),
    };
    let planned = |uid: &str| {
        Plan::Native(vec![Native { target: target.clone(), uid: uid.into(), verb: Verb::Restart }])
    };
    let seen = all_well(&planned("u-1"));
    for (known, runs) in [("", true), ("u-1", true), ("u-2", false)] {
        let mut desk = Desk::open(&planned(known), false);
        let (id, ..) = desk.current();
        assert!(ask::looked(&mut desk.questions, id, seen.clone()));
        let open = desk.questions.open.as_deref().expect("a question");
        assert_eq!(open.obstacle().is_none(), runs, "planned with `{known}`");
        if runs {
            assert_eq!(&*open.actions()[0].native.uid, "u-1");
        }
    }
}
