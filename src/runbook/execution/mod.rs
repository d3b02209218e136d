//! One run of a runbook: what was done of it, what may run next, and why not.
//!
//! A [`Run`] is a runbook as it was and a fold over the journal's events, so that every cockpit that reads the journal
//! has the same state. It runs nothing: [`Run::may`] says how a command would run and what has to be asked before, or
//! why it does not run at all; [`Run::until`] lists what runs up to the next question; nothing runs twice by itself.
pub mod budget;
pub mod conditional;
pub mod fence;
mod may;
pub mod measure;
pub mod question;
mod record;
mod refusal;
pub mod shape;
mod state;
mod until;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::binding::{Origin, Value, Values};
use super::types::{Command, Runbook, Step};
use crate::domain::time::Timestamp;
use crate::incident::event::{End, Event, Order, RunOpened, StepStarted, Verdict};
use conditional::Test;
use fence::{At, Fences, Need};
use record::Record;
use shape::Shape;

pub use may::{Ask, Go, Kind, Place, Ran, Session, kind, probe};
pub use refusal::Refusal;
pub use state::{CommandView, Progress, State, StepView, items};
pub use until::{Stop, Until};

/// Arms in one step that are told apart.
const MOST_WAYS: usize = 64;

/// A runbook on its way.
#[derive(Debug, Clone)]
pub struct Run {
    runbook: Arc<Runbook>,
    shape: Shape,
    fences: Fences,
    /// Commands that are the test of an `if`.
    tests: BTreeMap<At, Test>,
    /// For each step the conditions of a script that its commands stand under.
    ways: BTreeMap<u32, Vec<String>>,
    record: Record,
}

/// What is known of a fence's shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shell {
    /// None of its commands has run.
    None,
    Open(String),
    /// It is gone, and what it held with it.
    Lost {
        session: String,
        end: End,
        gone: Vec<Need>,
    },
}

/// A start of a command that was accepted, and whose outcome is still open.
#[derive(Debug, Clone, Copy)]
pub struct Accepted<'a> {
    pub order: &'a Order,
    pub started: &'a StepStarted,
    pub began: Timestamp,
    pub ended: Timestamp,
}

impl Run {
    /// A run of this name, before any of its events.
    pub fn new(run: &str, runbook: Arc<Runbook>) -> Run {
        let shape = Shape::of(&runbook);
        let fences = Fences::of(&runbook);
        let mut tests = BTreeMap::new();
        let mut ways: BTreeMap<u32, Vec<String>> = BTreeMap::new();
        for (step, commands) in (0..).zip(runbook.steps.iter().map(|step| &step.commands)) {
            for (number, command) in (0..).zip(commands) {
                if let Some(test) = Test::of(&command.statement.text) {
                    tests.insert((step, number), test);
                }
                if let Some(condition) = &command.statement.condition {
                    let known = ways.entry(step).or_default();
                    if known.len() < MOST_WAYS && !known.contains(condition) {
                        known.push(condition.clone());
                    }
                }
            }
        }
        Run { runbook, shape, fences, tests, ways, record: Record::new(run) }
    }

    /// Takes an event in; true where it was one of this run. Each writer's events come in their own order.
    pub fn take(&mut self, event: &Event) -> bool {
        self.record.take(event, self.runbook.steps.len())
    }

    pub fn name(&self) -> &str {
        &self.record.run
    }

    pub fn runbook(&self) -> &Arc<Runbook> {
        &self.runbook
    }

    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    pub fn opened(&self) -> Option<&RunOpened> {
        self.record.opened.as_ref().map(|(_, body)| body)
    }

    /// Whether it was closed, and whether all was done then.
    pub fn closed(&self) -> Option<bool> {
        self.record.closed.as_ref().map(|(_, body)| body.done)
    }

    /// The values that the journal holds; those of secrets it does not hold.
    pub fn values(&self) -> Values {
        let mut values = Values::default();
        for (_, given) in self.record.values.values() {
            if given.secret {
                continue;
            }
            let origin = match given.origin.as_str() {
                "alert" => Origin::Label(given.name.clone()),
                "selection" => Origin::Row,
                "candidate" => Origin::Candidate,
                "environment" => Origin::Environment,
                "default" => Origin::Document,
                _ => Origin::Operator,
            };
            values.set(&given.name, Value { text: given.value.clone(), origin });
        }
        values
    }

    /// What is chosen at a place where one of several has to be.
    pub fn chosen(&self, asks: Option<u32>) -> Option<u32> {
        self.record.choice(asks).map(|body| body.chosen)
    }

    /// The conditions of a script that a step's commands stand under, in their order.
    pub fn ways(&self, step: u32) -> &[String] {
        self.ways.get(&step).map_or(&[], Vec::as_slice)
    }

    /// Everything that runs, with its step, its command and its order.
    pub fn in_flight(&self) -> Vec<(u32, Option<u32>, Order)> {
        let all = self.record.attempts.iter().flat_map(|((step, command), orders)| {
            let running = orders.iter().filter(|(_, attempt)| attempt.is_running());
            running.map(|(order, _)| (*step, *command, order.clone()))
        });
        all.collect()
    }

    /// The last order of a command; of those that the operator wrote in a step, where no command is named.
    pub fn last_order(&self, step: u32, command: Option<u32>) -> Option<Order> {
        self.record.last((step, command)).map(|(order, _)| order.clone())
    }

    /// The last start of a command that was accepted and of which nothing more is known; without a number, of those
    /// that the operator wrote in the step.
    pub fn accepted(&self, step: u32, command: Option<u32>) -> Option<Accepted<'_>> {
        let spot = (step, command);
        let (order, attempt) = self.record.last(spot)?;
        let (began, started) = attempt.started.as_ref()?;
        let (ended, _) = attempt.ended.as_ref().filter(|(_, body)| body.verdict == Verdict::Accepted)?;
        let known = self.record.settled.get(&spot).and_then(BTreeMap::last_key_value);
        let open = known.is_none_or(|(key, _)| key < began);
        open.then_some(Accepted { order, started, began: began.at, ended: ended.at })
    }

    /// What was started last of all: its step, its command unless it is the operator's own, and when.
    pub fn latest(&self) -> Option<(u32, Option<u32>, Timestamp)> {
        let all =
            self.record.attempts.iter().flat_map(|(spot, all)| all.values().map(move |one| (spot, one)));
        let latest = all.max_by_key(|(spot, one)| (one.key(), *spot));
        latest.and_then(|((step, command), one)| Some((*step, *command, one.key()?.at)))
    }

    /// What ran by this order.
    pub fn text_of(&self, order: &Order) -> Option<&str> {
        let attempt = self.record.attempts.values().find_map(|all| all.get(order))?;
        attempt.started.as_ref().map(|(_, body)| body.text.as_str())
    }

    /// When a command was started last; without a number, one of those that the operator wrote in the step.
    pub fn started_at(&self, step: u32, command: Option<u32>) -> Option<Timestamp> {
        self.record.last((step, command)).and_then(|(_, attempt)| attempt.key()).map(|key| key.at)
    }

    /// Which command of the runbook was started last.
    pub fn last_started(&self) -> Option<(u32, u32)> {
        let all =
            self.record.attempts.iter().flat_map(|(spot, all)| all.values().map(move |one| (spot, one)));
        let started =
            all.filter_map(|((step, command), one)| Some((one.started.as_ref()?.0.at, *step, (*command)?)));
        started.max().map(|(_, step, command)| (step, command))
    }

    /// Something of it was started after this was said of it.
    pub fn was_told(&self, words: &str) -> bool {
        let attempts = self.record.attempts.values().flat_map(BTreeMap::values);
        let mut started = attempts.filter_map(|attempt| attempt.started.as_ref());
        started.any(|(_, body)| body.why.contains(words))
    }

    /// When it was opened.
    pub fn opened_at(&self) -> Option<Timestamp> {
        self.record.opened.as_ref().map(|(key, _)| key.at)
    }

    /// A reason was given for something in it.
    pub fn has_reason(&self) -> bool {
        let attempts = self.record.attempts.values().flat_map(BTreeMap::values);
        let mut started = attempts.filter_map(|attempt| attempt.started.as_ref());
        started.any(|(_, body)| body.reason.as_ref().is_some_and(|reason| !reason.trim().is_empty()))
    }

    /// What is odd about this run: events that contradict each other, two shells for one fence.
    pub fn said(&self) -> Vec<String> {
        let mut said: Vec<String> = self.record.odd().map(str::to_owned).collect();
        if self.record.is_full() {
            said.push("more was written of this run than is kept: nothing more of it runs".to_owned());
        }
        for ((step, command), attempts) in &self.record.attempts {
            let named = self.named(*step, *command);
            if attempts.values().any(|attempt| attempt.disputed) {
                said.push(format!("{named} is told of in two ways: the worse counts"));
            }
            if attempts.values().filter(|attempt| attempt.is_running()).count() > 1 {
                said.push(format!("{named} was started twice, and both are running"));
            }
            if attempts.values().any(|attempt| attempt.started.is_none()) {
                said.push(format!("{named} has ended without a start in this journal"));
            }
        }
        for (asks, writers) in &self.record.choices {
            let mut last: Vec<u32> =
                writers.values().filter(|(_, body)| !body.no_longer).map(|(_, body)| body.chosen).collect();
            last.sort_unstable();
            last.dedup();
            if last.len() > 1 {
                let place = asks.map_or_else(|| "of the runbook".to_owned(), |step| self.named(step, None));
                said.push(format!("two have chosen differently {place}: the later choice counts"));
            }
        }
        said
    }

    /// The box on which a command ran last.
    pub fn host_of(&self, step: u32, command: u32) -> Option<&str> {
        let (_, attempt) = self.record.last((step, Some(command)))?;
        attempt.started.as_ref().map(|(_, body)| body.host.as_str())
    }

    fn named(&self, step: u32, command: Option<u32>) -> String {
        let n = self.step(step).map_or("?", |step| step.n.as_str());
        match command.and_then(|command| self.command_of((step, command))) {
            Some(command) => format!("line {} in step {n}", command.statement.line),
            None => format!("step {n}"),
        }
    }

    pub fn step(&self, step: u32) -> Option<&Step> {
        self.runbook.steps.get(step as usize)
    }

    fn command_of(&self, (step, command): At) -> Option<&Command> {
        self.step(step)?.commands.get(command as usize)
    }

    fn steps(&self) -> impl Iterator<Item = (u32, &Step)> {
        (0..).zip(&self.runbook.steps)
    }

    /// The shell of a fence, by what its commands tell of their sessions: the one that was begun last counts.
    pub fn shell(&self, at: (u32, u32)) -> Shell {
        let Some(stand) = self.fences.stand(at) else { return Shell::None };
        let mut last: Option<(&record::Key, &str)> = None;
        for ((step, command), orders) in &self.record.attempts {
            let Some(member) = command.map(|command| (*step, command)) else { continue };
            let own = self.fences.stand(member).is_some_and(|one| one.fence == stand.fence);
            if !own || self.is_apart(member) {
                continue;
            }
            // What was never started has opened no shell.
            let begun = orders
                .iter()
                .filter(|(_, one)| one.ended.as_ref().is_none_or(|(_, body)| body.end != End::NotStarted));
            for session in begun.map(|(order, _)| order.session.as_str()) {
                let first = self.record.sessions.get(session).and_then(|told| told.first.as_ref());
                if let Some(first) = first.filter(|first| last.is_none_or(|known| known < (*first, session)))
                {
                    last = Some((first, session));
                }
            }
        }
        let Some((_, session)) = last else { return Shell::None };
        match self.record.sessions.get(session).and_then(|told| told.lost.clone()) {
            None => Shell::Open(session.to_owned()),
            Some(end) => {
                Shell::Lost { session: session.to_owned(), end, gone: self.gone(stand.fence, session) }
            }
        }
    }

    /// What a lost session had set that commands of its fence use.
    fn gone(&self, fence: u32, session: &str) -> Vec<Need> {
        let mut gone = Vec::new();
        for member in self.fences.members(fence) {
            for needed in self.fences.stand(*member).map_or(&[][..], |stand| &stand.needs) {
                let had = needed.by.iter().any(|by| {
                    let orders = self.record.attempts.get(&(by.0, Some(by.1)));
                    orders.is_some_and(|orders| orders.keys().any(|order| order.session == session))
                });
                if had && !gone.contains(&needed.need) {
                    gone.push(needed.need.clone());
                }
            }
        }
        gone
    }

    /// A command with a shell of its own: one that goes on and needs nothing of its fence's.
    pub fn is_apart(&self, at: At) -> bool {
        let (Some(command), Some(stand)) = (self.command_of(at), self.fences.stand(at)) else { return false };
        may::kind(command) == Kind::Job && stand.needs.is_empty() && stand.inside.is_none()
    }
}
