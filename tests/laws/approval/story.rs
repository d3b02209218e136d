//! Stories: what can happen while a question stands.
use firedeck::domain::action::{Check, Findings, Looked, Native, Verb};
use firedeck::domain::approval::Plan;
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::domain::settings::{Key, KeyCode};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

pub(super) const ENTER: Key = Key::plain(KeyCode::Enter);

/// What can happen while a question stands.
#[derive(Debug, Clone)]
pub(super) enum Event {
    /// One read of the terminal.
    Read(Vec<Key>),
    /// The name that is asked for, typed key by key, or all in one read.
    TypesName {
        at_once: bool,
    },
    Paste(String),
    PastesName,
    /// The whole way of a danger: clear, name, Enter, reason.
    Follows,
    /// The current revision is shown and read.
    Reads,
    /// The terminal took a revision: the current one, or one that is so much older.
    Shown {
        older: u32,
        stranger: bool,
    },
    Looked(Box<Findings>),
    /// Milliseconds pass; the clock is told or not.
    Waits {
        millis: i64,
        ticks: bool,
    },
    Journal(bool),
    Protected(bool),
    ReadOnly(bool),
    Resized,
}

pub(super) fn plans() -> impl Strategy<Value = Plan> {
    let verb = select(vec![
        Verb::Restart,
        Verb::Scale { from: 3, to: 5 },
        Verb::Scale { from: 3, to: 0 },
        Verb::Undo { to: None },
        Verb::SetImage { container: "app".into(), from: "a:1".into(), to: "a:2".into() },
        Verb::Delete { grace_seconds: None, force: false },
        Verb::Delete { grace_seconds: Some(0), force: true },
        Verb::Cordon,
        Verb::Drain { grace_seconds: None, force: false },
        Verb::Shell { container: "app".into(), command: vec!["sh".into()] },
    ]);
    (verb, prop_oneof![6 => Just(1usize), 2 => 2..4usize, 1 => 11..13usize]).prop_map(|(verb, count)| {
        let kind = match verb {
            Verb::Delete { .. } | Verb::Shell { .. } => Kind::Pod,
            Verb::Cordon | Verb::Drain { .. } => Kind::Node,
            _ => Kind::Deployment,
        };
        let namespace = if kind.namespaced() { "yard" } else { "" };
        let action = |n: usize| Native {
            target: ObjectRef {
                context: "prod".into(),
                kind,
                namespace: namespace.into(),
                name: format!("y{n}").into(),
            },
            uid: format!("uid-{n}").into(),
            verb: verb.clone(),
        };
        Plan::Native((0..count).map(action).collect())
    })
}

/// What a look may find: mostly all is well.
pub(super) fn findings(plan: Plan) -> impl Strategy<Value = Findings> {
    let allowed = prop_oneof![
        8 => Just(Check::Yes),
        1 => Just(Check::No("needs patch deployments".to_owned())),
        1 => Just(Check::NotChecked),
    ];
    let rare = |text: &'static str| prop_oneof![8 => Just(None), 1 => Just(Some(text.to_owned()))];
    let flaw = prop_oneof![8 => Just(Flaw::None), 1 => select(vec![Flaw::Uid, Flaw::Missing, Flaw::Verb, Flaw::More])];
    (allowed, rare("another pod now"), rare("dry run: no answer"), any::<bool>(), flaw).prop_map(
        move |(allowed, drift, unchecked, undo, flaw)| {
            let mut actions: Vec<Looked> = plan
                .actions()
                .iter()
                .map(|native| Looked { native: native.clone(), generation: Some(3), also: None })
                .collect();
            match (flaw, actions.first().cloned()) {
                (Flaw::Uid, _) => actions[0].native.uid = "made-anew".into(),
                (Flaw::Verb, _) => actions[0].native.verb = Verb::Uncordon,
                (Flaw::Missing, _) => drop(actions.remove(0)),
                (Flaw::More, Some(mut more)) => {
                    more.native.target.name = "stowaway".into();
                    actions.push(more);
                }
                _ => {}
            }
            for action in &mut actions {
                if action.native.verb == (Verb::Undo { to: None }) {
                    action.native.verb = Verb::Undo { to: Some(7) };
                }
            }
            Findings {
                actions,
                allowed,
                drift,
                unchecked: unchecked.into_iter().collect(),
                undo: if undo { "in some way".into() } else { String::new() },
                ..Findings::default()
            }
        },
    )
}

#[derive(Debug, Clone, Copy)]
pub(super) enum Flaw {
    None,
    Uid,
    Missing,
    Verb,
    More,
}

pub(super) fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => Just(Key::char('y')),
        4 => Just(ENTER),
        1 => Just(Key::ctrl('u')),
        1 => Just(Key::plain(KeyCode::Backspace)),
        1 => select(vec!['a', 'c', 'j', '/', '1']).prop_map(Key::char),
    ]
}

pub(super) fn events(plan: Plan) -> impl Strategy<Value = Event> {
    let shown = (prop_oneof![5 => Just(0u32), 1 => 1..3u32], prop::bool::weighted(0.1));
    prop_oneof![
        12 => keys().prop_map(|key| Event::Read(vec![key])),
        2 => vec(keys(), 2..4).prop_map(Event::Read),
        4 => any::<bool>().prop_map(|at_once| Event::TypesName { at_once }),
        4 => Just(Event::Follows),
        8 => Just(Event::Reads),
        1 => select(vec!["y", "y\n", "\n", "because"]).prop_map(|text| Event::Paste(text.into())),
        1 => Just(Event::PastesName),
        8 => shown.prop_map(|(older, stranger)| Event::Shown { older, stranger }),
        3 => findings(plan).prop_map(|found| Event::Looked(Box::new(found))),
        8 => (select(vec![1, 299, 300, 400, 2_000]), any::<bool>())
            .prop_map(|(millis, ticks)| Event::Waits { millis, ticks }),
        1 => prop::bool::weighted(0.9).prop_map(Event::Journal),
        1 => prop::bool::weighted(0.3).prop_map(Event::Protected),
        1 => prop::bool::weighted(0.1).prop_map(Event::ReadOnly),
        1 => Just(Event::Resized),
    ]
}

pub(super) fn stories() -> impl Strategy<Value = (Plan, bool, Vec<Event>)> {
    plans().prop_flat_map(|plan| {
        let good = findings(plan.clone()).prop_map(|found| Event::Looked(Box::new(found)));
        // Most looks answer at once, so that most stories come to something.
        let opening = prop_oneof![3 => good.prop_map(|first| vec![first]), 1 => Just(Vec::new())];
        let story = (opening, vec(events(plan.clone()), 0..40)).prop_map(|(mut first, rest)| {
            first.extend(rest);
            first
        });
        (Just(plan), any::<bool>(), story)
    })
}
