//! No story of keys, pastes, looks and clocks runs what was not shown, read and agreed to.
//!
//! The rules are written down here once more, on their own, and every story is judged by both.
use std::cell::Cell;

use firedeck::domain::action::{Check, Findings, Looked, Native, Verb};
use firedeck::domain::approval::{Approved, Hint, Place, Plan, Question, QuestionId, Tier};
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::domain::settings::theme::Depth;
use firedeck::domain::settings::{Key, KeyCode, Keymap, Theme};
use firedeck::domain::time::Timestamp;
use firedeck::model::Journal;
use firedeck::model::questions::Questions;
use firedeck::update::question::{self as ask, Context, Did};
use firedeck::view::question::draw;
use firedeck::view::style::Paint;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

const ENTER: Key = Key::plain(KeyCode::Enter);

/// What can happen while a question stands.
#[derive(Debug, Clone)]
enum Event {
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

fn plans() -> impl Strategy<Value = Plan> {
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
fn findings(plan: Plan) -> impl Strategy<Value = Findings> {
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
                .map(|native| Looked { native: native.clone(), generation: Some(3) })
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
enum Flaw {
    None,
    Uid,
    Missing,
    Verb,
    More,
}

fn keys() -> impl Strategy<Value = Key> {
    prop_oneof![
        4 => Just(Key::char('y')),
        4 => Just(ENTER),
        1 => Just(Key::ctrl('u')),
        1 => Just(Key::plain(KeyCode::Backspace)),
        1 => select(vec!['a', 'c', 'j', '/', '1']).prop_map(Key::char),
    ]
}

fn events(plan: Plan) -> impl Strategy<Value = Event> {
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

fn stories() -> impl Strategy<Value = (Plan, bool, Vec<Event>)> {
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

/// What the operator must have seen and done, kept by the test alone.
struct Rules {
    plan: Plan,
    now: i64,
    found: Option<Findings>,
    missed: bool,
    /// Since when what is now in the question is on the screen.
    seen: Option<i64>,
    protected: bool,
    read_only: bool,
    journal: bool,
    /// A question that could be answered never asks for less.
    danger: bool,
    name: String,
    reason: String,
    /// Enter has ended the name.
    named: bool,
}

impl Rules {
    fn changed(&mut self) {
        self.seen = None;
        self.name.clear();
        self.named = false;
        self.danger |= (self.found.is_some() || self.missed) && self.dangerous();
    }

    fn late(&mut self) {
        if self.found.is_none() && !self.missed && self.now >= 2_000 {
            self.missed = true;
            self.changed();
        }
    }

    fn unchecked(&self) -> bool {
        match &self.found {
            None => self.missed,
            Some(found) => {
                !found.unchecked.is_empty()
                    || found.allowed == Check::NotChecked
                    || self.plan.actions().iter().any(|planned| {
                        !found.actions.iter().any(|looked| looked.native.target == planned.target)
                    })
            }
        }
    }

    fn dangerous(&self) -> bool {
        let actions = self.plan.actions();
        let by_nature = actions.iter().any(|action| match &action.verb {
            Verb::Drain { .. } | Verb::Scale { to: 0, .. } | Verb::Delete { force: true, .. } => true,
            Verb::Delete { .. } => {
                actions.len() > 1 || self.found.as_ref().is_some_and(|f| f.undo.is_empty())
            }
            _ => false,
        });
        by_nature || actions.len() > 10 || self.protected || self.unchecked()
    }

    fn hindered(&self) -> bool {
        let bad = |found: &Findings| {
            found.drift.is_some()
                || matches!(found.allowed, Check::No(_))
                || self.plan.actions().iter().any(|planned| {
                    let same = |looked: &&Looked| looked.native.target == planned.target;
                    found.actions.iter().find(same).is_some_and(|looked| {
                        looked.native.uid != planned.uid || looked.native.verb == Verb::Uncordon
                    })
                })
        };
        self.read_only || !self.journal || self.found.as_ref().is_some_and(bad)
    }

    fn ready(&self) -> bool {
        let looked = self.found.is_some() || self.missed;
        looked && !self.hindered() && self.seen.is_some_and(|seen| self.now - seen >= 300)
    }

    fn wanted(&self) -> String {
        match self.plan.actions() {
            [one] if one.target.namespace.is_empty() => one.target.name.to_string(),
            [one] => format!("{}/{}", one.target.namespace, one.target.name),
            many => {
                let noun = match many[0].target.kind {
                    Kind::Pod => "pods",
                    Kind::Node => "nodes",
                    _ => "deployments",
                };
                format!("{} {} {noun}", many[0].verb.name(), many.len())
            }
        }
    }

    /// Takes one read, and says whether it may approve.
    fn read(&mut self, keys: &[Key]) -> bool {
        self.late();
        if let [key] = keys
            && (!self.danger || *key == ENTER)
        {
            return self.ready() && self.answers(*key);
        }
        for key in keys.iter().filter(|_| self.danger) {
            let ready = self.ready();
            let line = if self.named { &mut self.reason } else { &mut self.name };
            match (key.code, key.ctrl) {
                (KeyCode::Char('u'), true) => line.clear(),
                (KeyCode::Backspace, _) => drop(line.pop()),
                (KeyCode::Char(c), false) if ready => line.push(c),
                // The rest of a read goes nowhere once one of its keys was refused.
                _ => break,
            }
        }
        false
    }

    fn answers(&mut self, key: Key) -> bool {
        if !self.danger {
            return key == Key::char('y');
        }
        if self.name.trim() != self.wanted() {
            self.named = false;
            return false;
        }
        std::mem::replace(&mut self.named, true) && !(self.protected && self.reason.trim().is_empty())
    }
}

/// A cockpit with nothing but a question, and the rules beside it.
struct Desk {
    questions: Questions,
    keymap: Keymap,
    journal: Journal,
    rules: Rules,
}

fn context<'a>(keymap: &'a Keymap, journal: &'a Journal, rules: &Rules) -> Context<'a> {
    Context { keymap, protected: rules.protected, read_only: rules.read_only, journal }
}

impl Desk {
    fn open(plan: &Plan, protected: bool) -> Desk {
        let rules = Rules {
            plan: plan.clone(),
            now: 0,
            found: None,
            missed: false,
            seen: None,
            protected,
            read_only: false,
            journal: true,
            danger: false,
            name: String::new(),
            reason: String::new(),
            named: false,
        };
        let mut desk = Desk {
            questions: Questions::default(),
            keymap: Keymap::default(),
            journal: Journal::Good("journal".into()),
            rules,
        };
        let context = context(&desk.keymap, &desk.journal, &desk.rules);
        let opened =
            ask::open(&mut desk.questions, plan.clone(), Place::default(), None, Timestamp(0), &context);
        assert!(opened.is_ok(), "{opened:?}");
        desk
    }

    fn current(&self) -> (QuestionId, u32, Vec<Looked>) {
        self.questions
            .open
            .as_ref()
            .map_or((QuestionId(0), 0, Vec::new()), |q| (q.id(), q.revision(), q.actions().to_vec()))
    }

    /// One read; what it approved, and whether the rules agree.
    fn read(&mut self, keys: &[Key]) -> Result<Option<Approved>, TestCaseError> {
        let shown = self.current().2;
        let open = self.questions.open.is_some();
        let allowed = self.rules.read(keys);
        let context = context(&self.keymap, &self.journal, &self.rules);
        let did = ask::keys(&mut self.questions, keys, Timestamp(self.rules.now), &context);
        let Did::Run(_, approved) = did else {
            prop_assert!(!allowed || !open, "{keys:?} were refused although every rule held");
            return Ok(None);
        };
        prop_assert!(allowed, "{keys:?} approved against the rules");
        prop_assert_eq!(keys.len(), 1);
        prop_assert_eq!(approved.actions(), shown.as_slice());
        let targets: Vec<_> = approved.actions().iter().map(|a| &a.native.target).collect();
        let planned: Vec<_> = self.rules.plan.actions().iter().map(|a| &a.target).collect();
        prop_assert_eq!(targets, planned);
        Ok(Some(approved))
    }

    fn happens(&mut self, event: &Event) -> Result<Option<Approved>, TestCaseError> {
        if self.questions.open.is_none() {
            return Ok(None);
        }
        let (id, revision, _) = self.current();
        let now = Timestamp(self.rules.now);
        match event {
            Event::Read(keys) => return self.read(keys),
            Event::TypesName { at_once } => {
                let keys: Vec<Key> = self.rules.wanted().chars().map(Key::char).collect();
                if *at_once {
                    return self.read(&keys);
                }
                for key in keys {
                    if let Some(approved) = self.read(&[key])? {
                        return Ok(Some(approved));
                    }
                }
            }
            Event::Follows => {
                let steps = [
                    Event::Read(vec![Key::ctrl('u')]),
                    Event::TypesName { at_once: true },
                    Event::Read(vec![ENTER]),
                    Event::Paste("ticket 42".into()),
                ];
                for step in &steps {
                    if let Some(approved) = self.happens(step)? {
                        return Ok(Some(approved));
                    }
                }
            }
            Event::Reads => {
                self.happens(&Event::Shown { older: 0, stranger: false })?;
                self.happens(&Event::Waits { millis: 300, ticks: false })?;
            }
            Event::Paste(text) => self.pastes(text),
            Event::PastesName => self.pastes(&self.rules.wanted()),
            Event::Shown { older, stranger } => {
                let id = if *stranger { QuestionId(77) } else { id };
                ask::shown(&mut self.questions, id, revision.wrapping_sub(*older), now);
                if *older == 0 && !stranger {
                    self.rules.seen = self.rules.seen.or(Some(self.rules.now));
                }
            }
            Event::Looked(found) => {
                prop_assert!(ask::looked(&mut self.questions, id, (**found).clone()));
                self.rules.found = Some((**found).clone());
                self.rules.changed();
            }
            Event::Waits { millis, ticks } => {
                self.rules.now += millis;
                if *ticks {
                    self.tick();
                }
            }
            Event::Journal(good) => {
                self.journal =
                    if *good { Journal::Good("j".into()) } else { Journal::Failed { why: "full".into() } };
                let shifted = std::mem::replace(&mut self.rules.journal, *good) != *good;
                self.ground(shifted);
            }
            Event::Protected(protected) => {
                let shifted = std::mem::replace(&mut self.rules.protected, *protected) != *protected;
                self.ground(shifted);
            }
            Event::ReadOnly(read_only) => {
                let shifted = std::mem::replace(&mut self.rules.read_only, *read_only) != *read_only;
                self.ground(shifted);
            }
            Event::Resized => {
                ask::resized(&mut self.questions);
                self.rules.seen = None;
            }
        }
        Ok(None)
    }

    fn pastes(&mut self, text: &str) {
        let _ = ask::paste(&mut self.questions, text);
        if self.rules.named {
            self.rules.reason.push_str(&text.replace('\n', " "));
        }
    }

    fn ground(&mut self, shifted: bool) {
        if shifted {
            self.rules.changed();
        }
        self.tick();
    }

    fn tick(&mut self) {
        let context = context(&self.keymap, &self.journal, &self.rules);
        ask::tick(&mut self.questions, Timestamp(self.rules.now), &context);
        self.rules.late();
    }
}

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
        actions: plan.actions().iter().map(|a| Looked { native: a.clone(), generation: None }).collect(),
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
