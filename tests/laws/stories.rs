//! Any story of messages: nothing panics, everything can be drawn, nothing runs that was not answered for.
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::action::{Check, Findings, Looked, Outcome};
use firedeck::domain::approval::{QuestionId, READING};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::{Lines, LogLevel, LogNews, Stream, Streams};
use firedeck::domain::news::{ActionId, News, Seen};
use firedeck::domain::object::{Facts, Hpa, Kind, Object, Usage};
use firedeck::domain::settings::values::Borders;
use firedeck::domain::settings::{Action, Key, KeyCode, Settings};
use firedeck::domain::time::Timestamp;
use firedeck::model::board::PaneKind;
use firedeck::model::logs::scan;
use firedeck::model::msg::{Effect, MouseDid, Msg};
use firedeck::model::overlay::Overlay;
use firedeck::model::{Journal, Model};
use firedeck::panes::{text, things};
use firedeck::update::update;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;

use crate::common::estate;
use crate::screens::picture;

/// What happens next.
#[derive(Debug, Clone)]
enum Event {
    Read(Vec<Key>),
    Typed(String),
    Paste(String),
    Mouse(u16, u16, MouseDid),
    Waits(i64),
    Resized(u16, u16),
    /// Which pod, and what became of it.
    Pod(usize, Fate),
    Object(Kind, usize, bool),
    Feed(usize, usize),
    Usage,
    Logs(Vec<String>),
    Inspected,
    /// The look at the open question ends, well or not.
    Looked(bool),
    /// The terminal has the open question, or an older picture of it.
    Shown(u32),
    /// Looked at, shown, read and answered with this key, or with its name typed.
    Answered(Key),
    /// A change is asked for from wherever we are.
    Asks(Key),
    /// Looked at, but answered too early, in a burst, or before it was shown.
    Hasty {
        shown: bool,
        after: i64,
        times: usize,
    },
    Acted(u64, usize),
    Settings {
        read_only: bool,
        protected: bool,
        ascii: bool,
    },
    Refused,
    Journal(bool),
    Open(Kind, usize),
}

#[derive(Debug, Clone, Copy)]
enum Fate {
    Well,
    Crashing,
    Pending,
    Gone,
    /// A full picture with nothing but this.
    Alone,
}

const NAMES: [&str; 5] = [
    "worker-5dc8f9b7d4-5rh92",
    "rest-api-547bbd6c9f-fnwp2",
    "a",
    "数据库-连接-👩‍🚒-x",
    "very-long-name-that-goes-on-and-on-and-on-and-on-and-on-5dc8f9b7d4-abcde",
];

fn keys() -> impl Strategy<Value = Key> {
    let all: Vec<Key> = Action::ALL
        .iter()
        .flat_map(|action| action.default_keys())
        .map(|text| Key::parse(text).expect("a key"))
        .collect();
    let acts = ["R", "D", "+", "u", "C", "X", "s", "y", "Enter", "Space", "F2", "F4", "l", "d", "Esc"];
    prop_oneof![
        5 => select(all),
        4 => select(acts.to_vec()).prop_map(|text| Key::parse(text).expect("a key")),
        1 => any::<char>().prop_map(|c| Key::plain(KeyCode::Char(c))),
    ]
}

fn events() -> impl Strategy<Value = Event> {
    let fate = select(vec![Fate::Well, Fate::Well, Fate::Crashing, Fate::Pending, Fate::Gone, Fate::Alone]);
    let sizes = prop_oneof![
        3 => (0..=500u16, 0..=200u16),
        2 => (0..=30u16, 0..=12u16),
        2 => select(vec![(80, 24), (120, 40), (240, 70)]),
    ];
    let mouse = select(vec![MouseDid::Click, MouseDid::WheelUp, MouseDid::WheelDown]);
    let answers = select(vec![Key::char('y'), Key::plain(KeyCode::Enter), Key::plain(KeyCode::Esc)]);
    let kinds = || select(Kind::ALL.to_vec());
    prop_oneof![
        20 => keys().prop_map(|key| Event::Read(vec![key])),
        4 => vec(keys(), 2..6).prop_map(Event::Read),
        2 => "[a-z0-9!/ ]{0,8}".prop_map(Event::Typed),
        2 => ".{0,20}".prop_map(Event::Paste),
        2 => (0..=500u16, 0..=200u16, mouse).prop_map(|(column, row, what)| Event::Mouse(column, row, what)),
        3 => select(vec![0, 1, 299, 1_000, 15_000, 90_000_000, -5_000]).prop_map(Event::Waits),
        4 => sizes.prop_map(|(columns, rows)| Event::Resized(columns, rows)),
        10 => (0..NAMES.len(), fate).prop_map(|(name, fate)| Event::Pod(name, fate)),
        5 => (kinds(), 0..NAMES.len(), any::<bool>()).prop_map(|(kind, name, gone)| Event::Object(kind, name, gone)),
        3 => (0..4usize, 0..6usize).prop_map(|(feed, state)| Event::Feed(feed, state)),
        1 => Just(Event::Usage),
        3 => vec(".{0,120}", 0..30).prop_map(Event::Logs),
        3 => Just(Event::Inspected),
        4 => prop::bool::weighted(0.8).prop_map(Event::Looked),
        3 => (0..3u32).prop_map(Event::Shown),
        6 => answers.prop_map(Event::Answered),
        6 => select(vec!['R', 'D', 'u']).prop_map(|c| Event::Asks(Key::char(c))),
        6 => (any::<bool>(), select(vec![0, 299, 400]), 1..3usize)
            .prop_map(|(shown, after, times)| Event::Hasty { shown, after, times }),
        2 => (0..4u64, 0..7usize).prop_map(|(id, outcome)| Event::Acted(id, outcome)),
        1 => (prop::bool::weighted(0.2), any::<bool>(), any::<bool>())
            .prop_map(|(read_only, protected, ascii)| Event::Settings { read_only, protected, ascii }),
        1 => Just(Event::Refused),
        1 => prop::bool::weighted(0.8).prop_map(Event::Journal),
        1 => (kinds(), 0..NAMES.len()).prop_map(|(kind, name)| Event::Open(kind, name)),
    ]
}

/// The cockpit with what the loop knows beside it.
struct Desk {
    model: Model,
    now: Timestamp,
    /// The last picture of a question that the terminal took.
    shown: Option<(QuestionId, u32, Timestamp)>,
}

impl Desk {
    fn new(wall: bool, read_only: bool) -> Desk {
        let mut model = estate::cockpit(80, 24);
        (model.wall, model.settings.profile.read_only) = (wall, read_only);
        update(&mut model, Msg::Journal(Journal::Good("journal".into())));
        Desk { model, now: estate::NOW, shown: None }
    }

    /// Says a message and holds what comes out of it against the law; a search answers at once.
    fn say(&mut self, msg: Msg) -> Result<(), TestCaseError> {
        let alone = matches!(&msg, Msg::Keys { keys, .. } if keys.len() == 1);
        let before = self.model.questions.open.as_ref().map(|question| {
            let read = self.shown.is_some_and(|(id, revision, at)| {
                (id, revision) == (question.id(), question.revision()) && self.now.since(at) >= READING
            });
            (question.id(), question.actions().to_vec(), read)
        });
        for effect in update(&mut self.model, msg) {
            let closed = self.model.wall || self.model.settings.profile.read_only;
            match effect {
                Effect::Perform(_, approved) => {
                    prop_assert!(!closed, "something runs although nothing may change");
                    prop_assert!(alone, "a burst or no key at all answered");
                    let Some((_, actions, read)) = &before else {
                        return Err(TestCaseError::fail("nothing was asked"));
                    };
                    prop_assert!(read, "it was answered before it could be read");
                    prop_assert_eq!(approved.actions(), actions);
                }
                Effect::Look(..) => {
                    prop_assert!(!closed, "a change is asked about although none may be made");
                }
                Effect::Scan(order) => {
                    update(&mut self.model, Msg::Scanned(scan(&order)));
                }
                _ => {}
            }
        }
        self.holds()
    }

    /// What is true after every message.
    fn holds(&self) -> Result<(), TestCaseError> {
        let model = &self.model;
        let questions = model.overlays.iter().filter(|overlay| **overlay == Overlay::Question).count();
        prop_assert_eq!(questions, usize::from(model.questions.open.is_some()), "{:?}", model.overlays);
        prop_assert!(questions == 0 || model.overlays.last() == Some(&Overlay::Question));
        prop_assert!(model.board.focus != PaneKind::Detail || model.detail.is_some());
        prop_assert!(model.pods.row().is_none_or(|row| row < model.pods.len()));
        prop_assert!(model.pods.offset() <= model.pods.len());
        prop_assert!(model.pods.len() <= model.pods.total());
        prop_assert!(model.pods.marked().iter().all(|id| model.pods.get(id).is_some()));
        if let Some(listing) = model.listing(model.board.kind) {
            prop_assert!(listing.row().is_none_or(|row| row < listing.len()));
            prop_assert!(listing.offset() <= listing.len());
        }
        if let Some(detail) = &model.detail {
            prop_assert!(detail.top < text::len(detail).max(1), "{} of {}", detail.top, text::len(detail));
        }
        for overlay in &model.overlays {
            match overlay {
                Overlay::Palette(palette) => {
                    prop_assert!(palette.line < palette.choices.len().max(1));
                }
                Overlay::Deeds { line } => prop_assert!(*line < model.deeds.len().max(1)),
                Overlay::Columns { line } => {
                    prop_assert!(*line < things::all_columns(model.board.kind).len());
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn pods(&mut self, batch: Vec<Seen<firedeck::domain::pod::Pod>>) -> Result<(), TestCaseError> {
        self.say(Msg::News(vec![News::Pods(estate::feed(Kind::Pod), batch)]))
    }

    fn keys(&mut self, keys: Vec<Key>) -> Result<(), TestCaseError> {
        self.say(Msg::Keys { keys, at: self.now })
    }

    fn looked(&mut self, well: bool) -> Result<(), TestCaseError> {
        let Some(question) = &self.model.questions.open else { return Ok(()) };
        let (id, actions) = (question.id(), question.plan().actions().to_vec());
        let findings = Findings {
            actions: actions
                .into_iter()
                .map(|native| Looked { native, generation: Some(3), also: None })
                .collect(),
            allowed: if well { Check::Yes } else { Check::No("needs patch".into()) },
            drift: (!well).then(|| "another one now".into()),
            undo: "again".into(),
            ..Findings::default()
        };
        self.say(Msg::News(vec![News::Looked(id, Box::new(findings))]))
    }

    fn shown(&mut self, older: u32) -> Result<(), TestCaseError> {
        let Some(question) = &self.model.questions.open else { return Ok(()) };
        let (id, revision) = (question.id(), question.revision().wrapping_sub(older));
        // An older picture shows nothing anew.
        if older == 0 && self.shown.is_none_or(|(old, at, _)| (old, at) != (id, revision)) {
            self.shown = Some((id, revision, self.now));
        }
        self.say(Msg::Shown { question: id, revision, at: self.now })
    }

    fn answered(&mut self, key: Key) -> Result<(), TestCaseError> {
        self.looked(true)?;
        self.shown(0)?;
        self.now = self.now.plus(Duration::from_millis(400));
        if let Some(question) = &self.model.questions.open
            && key.code == KeyCode::Enter
        {
            let name = firedeck::domain::approval::phrase(question.plan());
            for c in name.chars() {
                self.keys(vec![Key::plain(KeyCode::Char(c))])?;
            }
            self.keys(vec![key])?;
        }
        self.keys(vec![key])
    }

    fn happens(&mut self, event: Event) -> Result<(), TestCaseError> {
        match event {
            Event::Read(keys) => self.keys(keys),
            Event::Typed(text) => {
                text.chars().try_for_each(|c| self.keys(vec![Key::plain(KeyCode::Char(c))]))
            }
            Event::Paste(text) => self.say(Msg::Paste(text)),
            Event::Mouse(column, row, what) => self.say(Msg::Mouse { column, row, what }),
            Event::Waits(millis) => {
                self.now = Timestamp(self.now.0 + millis);
                self.say(Msg::Tick(self.now))
            }
            Event::Resized(columns, rows) => self.say(Msg::Resized { columns, rows }),
            Event::Pod(name, fate) => self.pod(NAMES[name], fate),
            Event::Object(kind, name, gone) => self.say(Msg::News(vec![object(kind, NAMES[name], gone)])),
            Event::Feed(feed, state) => self.say(Msg::News(vec![feed_state(feed, state)])),
            Event::Usage => {
                let id = |name: &str| estate::id(Kind::Pod, "shop", name);
                let usage = Usage { cpu_milli: 70, memory: 266 << 20 };
                let all = NAMES.iter().map(|name| (id(name), usage)).collect();
                self.say(Msg::News(vec![News::PodUsage("prod-eu".into(), all)]))
            }
            Event::Logs(lines) => self.logs(&lines),
            Event::Inspected => match &self.model.detail {
                Some(detail) => {
                    let found = estate::inspection(&detail.target);
                    self.say(Msg::News(vec![News::Inspected(Box::new(found))]))
                }
                None => Ok(()),
            },
            Event::Looked(well) => self.looked(well),
            Event::Shown(older) => self.shown(older),
            Event::Answered(key) => self.answered(key),
            Event::Asks(key) => {
                let way = ["Esc", "Esc", "Esc", "F1", "g"].map(|text| Key::parse(text).expect("a key"));
                way.into_iter().chain([key]).try_for_each(|key| self.keys(vec![key]))
            }
            Event::Hasty { shown, after, times } => {
                self.looked(true)?;
                if shown {
                    self.shown(0)?;
                }
                self.now = Timestamp(self.now.0 + after);
                self.keys(vec![Key::char('y'); times])
            }
            Event::Acted(id, outcome) => {
                let target = self.model.deeds.first().map(|deed| deed.native.target.clone());
                let target = target.unwrap_or_else(|| estate::id(Kind::Pod, "shop", NAMES[0]));
                self.say(Msg::News(vec![News::Acted(ActionId(id), target, became(outcome))]))
            }
            Event::Settings { read_only, protected, ascii } => {
                let mut settings = Settings::default();
                (settings.profile.read_only, settings.profile.protected) = (read_only, protected);
                settings.borders = if ascii { Borders::Ascii } else { Borders::Unicode };
                self.say(Msg::Settings(Box::new(settings)))
            }
            Event::Refused => self.say(Msg::SettingsRefused("config.toml:3: `theem`".into())),
            Event::Journal(good) => self.say(Msg::Journal(if good {
                Journal::Good("journal".into())
            } else {
                Journal::Failed { why: "the disk is full".into() }
            })),
            Event::Open(kind, name) => {
                self.say(Msg::Open { kind, namespace: Some("shop".into()), name: NAMES[name].into() })
            }
        }
    }

    fn pod(&mut self, name: &str, fate: Fate) -> Result<(), TestCaseError> {
        let pod = estate::pod("shop", name, "node-1");
        match fate {
            Fate::Well => self.pods(vec![Seen::Is(pod)]),
            Fate::Crashing => self.pods(vec![Seen::Is(estate::crashing(pod, "Error", 1, 7, 40))]),
            Fate::Pending => self.pods(vec![Seen::Is(estate::pending(pod))]),
            Fate::Gone => self.pods(vec![Seen::Gone(pod.id)]),
            Fate::Alone => self.pods(vec![Seen::Begin, Seen::Is(pod), Seen::End]),
        }
    }

    fn logs(&mut self, texts: &[String]) -> Result<(), TestCaseError> {
        let Some(follow) = self.model.logs.following.clone() else { return Ok(()) };
        let stream = Arc::new(Stream {
            namespace: "shop".into(),
            pod: NAMES[texts.len() % NAMES.len()].into(),
            container: "app".into(),
        });
        let mut lines = Lines::default();
        for line in texts {
            let write = |out: &mut String, ink: &mut dyn FnMut(usize, _)| {
                firedeck::domain::text::append_line(line.as_bytes(), out, ink);
            };
            lines.add(&stream, self.now.0.saturating_mul(1_000_000), write, LogLevel::read);
        }
        let mut batch = Vec::new();
        if texts.len().is_multiple_of(5) {
            batch.push(News::Logs(LogNews::Began(Arc::new(follow))));
        } else {
            let first = self.model.logs.ring.end();
            batch.push(News::Logs(LogNews::Chunk(Arc::new(lines.seal(first)))));
        }
        batch.push(News::Logs(LogNews::Streams(Streams { following: 1, asked: 2, waiting: Vec::new() })));
        self.say(Msg::News(batch))
    }
}

fn object(kind: Kind, name: &str, gone: bool) -> News {
    let target = estate::id(kind, if kind.namespaced() { "shop" } else { "" }, name);
    let seen = match kind {
        _ if gone => Seen::Gone(target),
        Kind::Node => Seen::Is(estate::node(name, Some(name.len() > 30))),
        Kind::Event => Seen::Is(estate::event(&target, true, "BackOff", "again and again", 3, 5)),
        Kind::Hpa => {
            Seen::Is(Object { facts: Facts::Hpa(Hpa::default()), ..like(estate::node(name, None), target) })
        }
        _ => Seen::Is(like(estate::deployment("shop", name, "app:1", 1, 3), target)),
    };
    News::Objects(estate::feed(kind), vec![seen])
}

fn like(object: Object, id: firedeck::domain::object::ObjectRef) -> Object {
    Object { id, ..object }
}

fn feed_state(feed: usize, state: usize) -> News {
    let feeds = [
        estate::feed(Kind::Pod),
        estate::feed(Kind::Deployment),
        Feed::Logs,
        Feed::Metrics("prod-eu".into()),
    ];
    let states = [
        FeedState::Connecting,
        FeedState::Loading,
        FeedState::Live,
        FeedState::Down { why: "refused".into(), next_try: Some(estate::ago(-8)) },
        FeedState::Forbidden { needs: "list pods".into() },
        FeedState::Absent { why: "no metrics API".into() },
    ];
    News::Feed(feeds[feed].clone(), states[state].clone())
}

fn became(outcome: usize) -> Outcome {
    let text = || "for some reason".to_owned();
    match outcome {
        0 => Outcome::Started,
        1 => Outcome::Accepted { says: text() },
        2 => Outcome::Progress { says: text() },
        3 => Outcome::Settled { says: text() },
        4 => Outcome::Refused { why: text() },
        5 => Outcome::Uncertain { why: text() },
        _ => Outcome::Failed { why: text() },
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 192, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_story_ends_with_a_picture_and_runs_only_what_was_answered_for(
        wall in prop::bool::weighted(0.15),
        read_only in prop::bool::weighted(0.15),
        story in vec(events(), 0..60),
    ) {
        let mut desk = Desk::new(wall, read_only);
        for event in story {
            desk.happens(event)?;
        }
        picture(&desk.model);
        for (columns, rows) in [(0, 0), (1, 1), (20, 5), (80, 24), (240, 70)] {
            desk.say(Msg::Resized { columns, rows })?;
            picture(&desk.model);
        }
    }
}

#[test]
fn stories_do_come_to_something() {
    // A law about what runs is worth something only if its stories run things at all.
    let mut desk = Desk::new(false, false);
    for event in [Event::Read(vec![Key::char('R')]), Event::Answered(Key::char('y'))] {
        assert!(desk.happens(event).is_ok());
    }
    assert_eq!(desk.model.deeds.len(), 1);
}
