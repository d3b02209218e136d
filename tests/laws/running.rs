//! Any story beside an open runbook: no command goes to a shell that was not shown, read and agreed to as it runs,
//! unless it only reads; none goes twice; none with a value that is not filled in.
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use firedeck::commands::tools::Tables;
use firedeck::commands::{self, Lang, Source};
use firedeck::domain::approval::{Approved, QuestionId, READING, Tier};
use firedeck::domain::news::{ClusterFacts, News};
use firedeck::domain::settings::{Key, KeyCode, Settings};
use firedeck::domain::shell::ShellCommand;
use firedeck::domain::time::Timestamp;
use firedeck::incident::What;
use firedeck::incident::event::{At, End, Event, EventId, Order, StepEnded, ValueGiven, Verdict};
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::run::{Known, News as Told};
use firedeck::model::{Journal, Model};
use firedeck::runbook::catalogue;
use firedeck::runbook::execution::{Run, State};
use firedeck::update::update;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::test_runner::TestRunner;

use crate::common::desk::started;
use crate::common::estate;
use crate::screens::picture;

const PAGE: &str = "# Yard

## The crane stands still

1. Look
   ```bash
   uptime
   kubectl get pods -n yard
   kubectl describe pod <pod-name> -n yard
   WHO=crane
   echo \"$WHO\" > /tmp/who
   ```
2. Mend it
   ```bash
   kubectl rollout restart deployment/crane -n yard
   kubectl scale deployment/crane --replicas=<count> -n yard
   kubectl delete namespace yard
   rm -rf /srv/yard/<directory>
   ```
3. Tell the harbour master
4. Choose
   - If the belt is torn
     ```bash
     kubectl rollout undo deployment/belt -n yard
     ```
   - If the motor is hot
     ```bash
     kubectl delete pod motor-0 -n yard
     ```
";

/// What happens next.
#[derive(Debug, Clone)]
enum Happens {
    Read(Vec<Key>),
    Typed(String),
    Paste(String),
    Waits(i64),
    /// The looks of the open question answer.
    Looked,
    /// The terminal has the open question, or an older picture of it.
    Shown(u32),
    /// Everything as it should be, and then this key.
    Answered(Key),
    /// The name and a reason are typed.
    Named,
    Context(usize),
    Settings {
        read_only: bool,
        protected: bool,
    },
    Journal(bool),
    /// What waits for its shell gets one, or not.
    Began(bool),
    Ended(Verdict),
    /// Somebody else starts a line, or gives a value.
    Other {
        step: u32,
        command: u32,
    },
    Value(&'static str),
    Resized,
}

fn keys() -> impl Strategy<Value = Key> {
    let often = [
        "j", "j", "k", "Enter", "Enter", "Enter", "y", "u", "x", "Space", "Esc", "e", "!", "s", "v", "o",
        "t", "D", "G", "g", "Ctrl-U",
    ];
    prop_oneof![
        12 => select(often.to_vec()).prop_map(|text| Key::parse(text).expect("a key")),
        1 => any::<char>().prop_map(|c| Key::plain(KeyCode::Char(c))),
    ]
}

fn happens() -> impl Strategy<Value = Happens> {
    let typed = select(vec![
        "crane-0",
        "3",
        "a b; rm -rf /",
        "$(reboot)",
        "-n",
        "<what>",
        "kubectl get pods",
        "rm -rf /",
        "ticket 42",
    ]);
    let verdicts =
        select(vec![Verdict::Ok, Verdict::Ok, Verdict::Failed, Verdict::NoMatches, Verdict::Accepted]);
    prop_oneof![
        24 => keys().prop_map(|key| Happens::Read(vec![key])),
        3 => vec(keys(), 2..6).prop_map(Happens::Read),
        4 => typed.clone().prop_map(|text| Happens::Typed(text.to_owned())),
        2 => typed.prop_map(|text| Happens::Paste(format!("{text}\n"))),
        3 => select(vec![0, 1, 299, 400, 3_000]).prop_map(Happens::Waits),
        4 => Just(Happens::Looked),
        3 => (0..3u32).prop_map(Happens::Shown),
        10 => select(vec![Key::char('y'), Key::plain(KeyCode::Enter)]).prop_map(Happens::Answered),
        6 => Just(Happens::Named),
        2 => (0..3usize).prop_map(Happens::Context),
        1 => (prop::bool::weighted(0.2), any::<bool>())
            .prop_map(|(read_only, protected)| Happens::Settings { read_only, protected }),
        1 => prop::bool::weighted(0.7).prop_map(Happens::Journal),
        8 => prop::bool::weighted(0.9).prop_map(Happens::Began),
        8 => verdicts.prop_map(Happens::Ended),
        2 => (0..2u32, 0..4u32).prop_map(|(step, command)| Happens::Other { step, command }),
        1 => select(vec!["pod-name", "count", "directory"]).prop_map(Happens::Value),
        1 => Just(Happens::Resized),
    ]
}

/// The cockpit with what the loop and the engine know beside it.
struct Desk {
    model: Model,
    now: Timestamp,
    n: u64,
    shown: Option<(QuestionId, u32, Timestamp)>,
    /// Went out, and has no shell yet; has one, and has not ended.
    pending: Vec<ShellCommand>,
    running: Vec<(At, Order)>,
    ran: [usize; 3],
}

/// What stood in the question before a message.
struct Before {
    command: ShellCommand,
    read: bool,
}

impl Desk {
    fn new() -> Desk {
        let mut model = estate::cockpit(120, 40);
        model.user = "ada".into();
        model.journal = Journal::Good("here".into());
        let document = catalogue::read("yard.md", PAGE, &Tables::default());
        estate::shelve_all(&mut model, vec![Arc::new(document)]);
        for key in ["G", "r", "Enter"] {
            estate::press(&mut model, key);
        }
        assert!(model.checklist.is_some(), "the runbook is open");
        let (pending, running) = (Vec::new(), Vec::new());
        Desk { model, now: estate::NOW, n: 0, shown: None, pending, running, ran: [0; 3] }
    }

    fn say(&mut self, msg: Msg) -> Result<(), TestCaseError> {
        let alone = matches!(&msg, Msg::Keys { keys, .. } if keys.len() == 1);
        let before = self.model.questions.open.as_ref().and_then(|question| {
            let read = self.shown.is_some_and(|(id, revision, at)| {
                (id, revision) == (question.id(), question.revision()) && self.now.since(at) >= READING
            });
            Some(Before { command: question.plan().shell()?.clone(), read })
        });
        let effects = update(&mut self.model, msg);
        for effect in effects {
            match effect {
                Effect::Start { approved, .. } => self.starts(approved, before.as_ref(), alone)?,
                Effect::OpenRun { book, .. } => {
                    let known = Known { run: Run::new("r1", book.runbook.clone()), book };
                    self.say(Msg::RunKnown(Box::new(known)))?;
                }
                Effect::Tell(what) => self.tell(*what)?,
                _ => {}
            }
        }
        Ok(())
    }

    /// The law.
    fn starts(
        &mut self,
        approved: Approved,
        before: Option<&Before>,
        alone: bool,
    ) -> Result<(), TestCaseError> {
        let (tier, reason, revision) = (approved.tier(), approved.reason().to_owned(), approved.revision());
        let command = approved.into_command().expect("for a shell");
        let text = command.text.expose();
        for sign in ["<pod-name>", "<count>", "<directory>"] {
            prop_assert!(!text.contains(sign), "not filled in: {text}");
        }
        let spot = (command.step, command.command);
        let twice = self.pending.iter().any(|one| (one.step, one.command) == spot && one.command.is_some());
        prop_assert!(!twice, "it waits for its shell already: {text}");
        let known = &self.model.runs.all["r1"];
        if let Some(index) = command.command {
            let state = known.run.command(command.step, index).map(|view| view.state);
            prop_assert!(state != Some(State::Running), "it runs already: {text}");
        }
        // What it does is read once more, from the text itself.
        let source = Source { text, lines: &[1] };
        let script = commands::read(source, Lang::Shell, &Tables::default());
        let risk = script.statements.iter().map(|one| one.risk).max().unwrap_or(Tier::Read);
        prop_assert!(command.risk >= risk, "read too low: {text}");
        self.ran[tier as usize] += 1;
        if tier == Tier::Read {
            prop_assert!(risk == Tier::Read, "nobody was asked: {text}");
            let contexts: Vec<&str> = self.model.clusters.keys().map(AsRef::as_ref).collect();
            prop_assert!(contexts.contains(&command.place.context.as_str()), "{contexts:?}");
        } else {
            let closed = self.model.settings.profile.read_only || self.model.wall;
            prop_assert!(!closed, "something runs although nothing may change");
            prop_assert!(matches!(self.model.journal, Journal::Good(_)), "nothing is recorded");
            prop_assert!(alone, "a burst or no key at all answered");
            let Some(before) = before else { return Err(TestCaseError::fail("nothing was asked")) };
            prop_assert!(before.read, "it was answered before it could be read: {text}");
            prop_assert!(self.shown.is_some_and(|(_, shown, _)| shown == revision));
            prop_assert_eq!(&command, &before.command);
            let why = tier == Tier::Danger && (command.needs_reason || self.model.settings.profile.protected);
            prop_assert!(!why || !reason.trim().is_empty(), "no reason was given: {text}");
        }
        self.pending.push(command);
        Ok(())
    }

    fn tell(&mut self, what: What) -> Result<(), TestCaseError> {
        self.n += 1;
        let id = EventId { incident: "day".into(), writer: "here".into(), n: self.n };
        self.say(Msg::Told(Box::new(Event::known(id, self.now, what))))
    }

    /// What another cockpit wrote down.
    fn heard(&mut self, what: What) -> Result<(), TestCaseError> {
        self.n += 1;
        let id = EventId { incident: "day".into(), writer: "there".into(), n: self.n };
        self.say(Msg::Heard(vec![Event::known(id, self.now, what)]))
    }

    fn keys(&mut self, keys: Vec<Key>) -> Result<(), TestCaseError> {
        self.say(Msg::Keys { keys, at: self.now })
    }

    fn types(&mut self, text: &str) -> Result<(), TestCaseError> {
        text.chars().try_for_each(|c| self.keys(vec![Key::plain(KeyCode::Char(c))]))
    }

    fn looked(&mut self) -> Result<(), TestCaseError> {
        let Some(question) = &self.model.questions.open else { return Ok(()) };
        let looks = question.plan().shell().map_or(0, |command| command.looks.len());
        self.say(Msg::Answered(question.id(), vec![None; looks]))
    }

    fn shown(&mut self, older: u32) -> Result<(), TestCaseError> {
        let Some(question) = &self.model.questions.open else { return Ok(()) };
        let (id, revision) = (question.id(), question.revision().wrapping_sub(older));
        if older == 0 && self.shown.is_none_or(|(old, at, _)| (old, at) != (id, revision)) {
            self.shown = Some((id, revision, self.now));
        }
        self.say(Msg::Shown { question: id, revision, at: self.now })
    }

    fn reads(&mut self) -> Result<(), TestCaseError> {
        self.looked()?;
        self.shown(0)?;
        self.now = self.now.plus(Duration::from_millis(400));
        Ok(())
    }

    fn named(&mut self) -> Result<(), TestCaseError> {
        self.reads()?;
        let Some(question) = &self.model.questions.open else { return Ok(()) };
        let name = firedeck::domain::approval::phrase(question.plan());
        self.keys(vec![Key::ctrl('u')])?;
        self.types(&name)?;
        self.keys(vec![Key::plain(KeyCode::Enter)])?;
        if self.model.questions.open.is_some() {
            self.types("the harbour waits")?;
            self.keys(vec![Key::plain(KeyCode::Enter)])?;
        }
        Ok(())
    }

    fn began(&mut self, well: bool) -> Result<(), TestCaseError> {
        if self.pending.is_empty() {
            return Ok(());
        }
        let command = self.pending.remove(0);
        let at = At { run: command.run.clone(), step: command.step, command: command.command };
        if !well {
            return self.say(Msg::Ran(Told::NotStarted { at, why: "no shell".into() }));
        }
        self.n += 1;
        let order = Order { session: "s1".into(), statement: self.n };
        self.running.push((at.clone(), order.clone()));
        self.tell(What::StepStarted(Box::new(started(at, order, "as it was", "ada"))))
    }

    fn ended(&mut self, verdict: Verdict) -> Result<(), TestCaseError> {
        let Some((at, order)) = self.running.pop() else { return Ok(()) };
        let end = End::Exit(vec![i32::from(verdict > Verdict::Accepted)]);
        let (says, output) = (String::new(), Vec::new());
        let ended = StepEnded { at, order, end, verdict, says, milliseconds: 400, output };
        self.tell(What::StepEnded(Box::new(ended)))
    }

    fn happens(&mut self, event: Happens) -> Result<(), TestCaseError> {
        match event {
            Happens::Read(keys) => self.keys(keys),
            Happens::Typed(text) => {
                self.types(&text)?;
                self.keys(vec![Key::plain(KeyCode::Enter)])
            }
            Happens::Paste(text) => self.say(Msg::Paste(text)),
            Happens::Waits(millis) => {
                self.now = Timestamp(self.now.0 + millis);
                self.say(Msg::Tick(self.now))
            }
            Happens::Looked => self.looked(),
            Happens::Shown(older) => self.shown(older),
            Happens::Answered(key) => {
                self.reads()?;
                self.keys(vec![key])
            }
            Happens::Named => self.named(),
            Happens::Context(which) => {
                let context = ["prod-eu", "a-lab", "prod-us"][which];
                let facts = ClusterFacts {
                    own_namespace: String::new(),
                    context: context.into(),
                    server: format!("https://{context}:6443"),
                    version: None,
                    identity: None,
                    namespaces: vec!["yard".into()],
                    namespace_origin: "kubeconfig".into(),
                    rights: None,
                };
                self.say(Msg::News(vec![News::Cluster(facts)]))
            }
            Happens::Settings { read_only, protected } => {
                let mut settings = Settings::default();
                (settings.profile.read_only, settings.profile.protected) = (read_only, protected);
                self.say(Msg::Settings(Box::new(settings)))
            }
            Happens::Journal(good) => self.say(Msg::Journal(if good {
                Journal::Good("journal".into())
            } else {
                Journal::Failed { why: "the disk is full".into() }
            })),
            Happens::Began(well) => self.began(well),
            Happens::Ended(verdict) => self.ended(verdict),
            Happens::Other { step, command } => {
                if !self.model.runs.all.contains_key("r1") {
                    return Ok(());
                }
                self.n += 1;
                let at = At { run: "r1".into(), step, command: Some(command) };
                let order = Order { session: "s2".into(), statement: self.n };
                self.heard(What::StepStarted(Box::new(started(at, order, "as it was", "bob"))))
            }
            Happens::Value(name) => self.heard(What::ValueGiven(ValueGiven {
                run: "r1".into(),
                name: name.into(),
                value: "from bob; reboot".into(),
                secret: false,
                origin: "operator".into(),
                by: "bob".into(),
            })),
            Happens::Resized => self.say(Msg::Resized { columns: 80, rows: 24 }),
        }
    }
}

/// So many stories; `FIREDECK_STORIES` asks for more.
fn cases() -> u32 {
    std::env::var("FIREDECK_STORIES").ok().and_then(|n| n.parse().ok()).unwrap_or(192)
}

#[test]
fn no_story_of_a_runbook_runs_what_was_not_shown_read_and_agreed_to() {
    let ran = Cell::new([0; 3]);
    let config = ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() };
    let told = TestRunner::new(config).run(&vec(happens(), 20..120), |story| {
        let mut desk = Desk::new();
        for event in story {
            desk.happens(event)?;
        }
        picture(&desk.model);
        let mut sum = ran.get();
        (0..3).for_each(|tier| sum[tier] += desk.ran[tier]);
        ran.set(sum);
        Ok(())
    });
    assert!(told.is_ok(), "{told:?}");
    // A law about what runs that never sees anything run proves nothing.
    assert!(ran.get().iter().all(|count| *count > 0), "read, change, danger: {ran:?}");
}
