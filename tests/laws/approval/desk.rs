//! A cockpit with nothing but a question, and the rules beside it.
use firedeck::domain::action::Looked;
use firedeck::domain::approval::{Approved, Place, Plan, QuestionId};
use firedeck::domain::settings::{Key, Keymap};
use firedeck::domain::time::Timestamp;
use firedeck::model::Journal;
use firedeck::model::questions::Questions;
use firedeck::update::question::{self as ask, Context, Did};
use proptest::prelude::*;

use super::rules::Rules;
use super::story::{ENTER, Event};

/// A cockpit with nothing but a question, and the rules beside it.
pub(super) struct Desk {
    pub(super) questions: Questions,
    pub(super) keymap: Keymap,
    pub(super) journal: Journal,
    pub(super) rules: Rules,
}

pub(super) fn context<'a>(keymap: &'a Keymap, journal: &'a Journal, rules: &Rules) -> Context<'a> {
    Context { keymap, protected: rules.protected, read_only: rules.read_only, journal }
}

impl Desk {
    pub(super) fn open(plan: &Plan, protected: bool) -> Desk {
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

    pub(super) fn current(&self) -> (QuestionId, u32, Vec<Looked>) {
        self.questions
            .open
            .as_ref()
            .map_or((QuestionId(0), 0, Vec::new()), |q| (q.id(), q.revision(), q.actions().to_vec()))
    }

    /// One read; what it approved, and whether the rules agree.
    pub(super) fn read(&mut self, keys: &[Key]) -> Result<Option<Approved>, TestCaseError> {
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

    pub(super) fn happens(&mut self, event: &Event) -> Result<Option<Approved>, TestCaseError> {
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

    pub(super) fn pastes(&mut self, text: &str) {
        let _ = ask::paste(&mut self.questions, text);
        if self.rules.named {
            self.rules.reason.push_str(&text.replace('\n', " "));
        }
    }

    pub(super) fn ground(&mut self, shifted: bool) {
        if shifted {
            self.rules.changed();
        }
        self.tick();
    }

    pub(super) fn tick(&mut self) {
        let context = context(&self.keymap, &self.journal, &self.rules);
        ask::tick(&mut self.questions, Timestamp(self.rules.now), &context);
        self.rules.late();
    }
}
