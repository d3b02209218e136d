//! How far each step and command has come, and how far the run.
use std::collections::BTreeMap;

use super::super::types::{Command, Step, StepKind};
use super::fence::At;
use super::record::{Attempt, Key};
use super::{Refusal, Run, may};
use crate::commands::Role;
use crate::domain::time::Timestamp;
use crate::incident::event::{End, StepSettled, Verdict};

/// Where a step or a command stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    ToDo,
    Running,
    Ok,
    NoMatches,
    /// It only read, and found something bad.
    Trouble,
    NoData,
    /// Done; whether it helped is not yet seen.
    Accepted {
        since: Timestamp,
    },
    Failed,
    Stopped,
    Lost,
    Interrupted,
    Skipped {
        reason: String,
    },
    /// Done by hand.
    Ticked,
    /// Another arm was chosen, or its condition does not hold.
    NotChosen,
    /// Not of this platform, or not yet built.
    Future,
}

impl State {
    /// Nothing of it is left to be done, and it did what it was to do; what it found may be bad.
    pub fn is_done(&self) -> bool {
        matches!(
            self,
            State::Ok
                | State::NoMatches
                | State::Trouble
                | State::Accepted { .. }
                | State::Skipped { .. }
                | State::Ticked
                | State::NotChosen
                | State::Future
        )
    }

    /// It ended in a way that somebody has to look at.
    pub fn is_bad(&self) -> bool {
        matches!(self, State::NoData | State::Failed | State::Stopped | State::Lost | State::Interrupted)
    }

    /// Of several commands the worst is the step's.
    fn rank(&self) -> u8 {
        match self {
            State::Future | State::NotChosen => 0,
            State::Skipped { .. } | State::Ticked | State::Ok => 1,
            State::NoMatches => 2,
            State::Trouble => 3,
            State::Accepted { .. } => 4,
            State::ToDo => 5,
            State::NoData => 6,
            State::Failed => 7,
            State::Stopped => 8,
            State::Lost => 9,
            State::Interrupted => 10,
            State::Running => 11,
        }
    }

    fn of(verdict: Verdict, since: Timestamp) -> State {
        match verdict {
            Verdict::Ok => State::Ok,
            Verdict::NoMatches => State::NoMatches,
            Verdict::Trouble => State::Trouble,
            Verdict::NoData => State::NoData,
            Verdict::Accepted => State::Accepted { since },
            Verdict::Failed => State::Failed,
            Verdict::Stopped => State::Stopped,
            Verdict::Lost => State::Lost,
            Verdict::Interrupted => State::Interrupted,
        }
    }
}

/// A command as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandView {
    pub state: State,
    /// Why so, or the result in a few words.
    pub says: String,
    /// How often it was started.
    pub times: usize,
    /// What ran at its last start, and whether the operator had changed it.
    pub text: String,
    pub edited: bool,
    /// The session of its last start.
    pub session: Option<String>,
    pub started: Option<Timestamp>,
    pub milliseconds: Option<u64>,
    /// Events contradict each other; the worse is shown.
    pub disputed: bool,
}

/// A step as it stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    pub state: State,
    /// Of its commands that would run, or its items.
    pub done: usize,
    pub all: usize,
    /// For each item whether it is ticked.
    pub ticks: Vec<bool>,
    /// Commands that the operator wrote there.
    pub own: usize,
}

/// How far the run has come. Alternatives count once, until one is chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// Without those that were skipped.
    pub done: usize,
    pub skipped: usize,
    /// Of those that are done: whether they helped is not yet seen.
    pub accepted: usize,
    pub all: usize,
    pub ticked: usize,
    pub items: usize,
    /// Of those that are done: they found something bad.
    pub trouble: usize,
    pub bad: usize,
    pub running: usize,
}

impl Progress {
    /// Neither done nor skipped.
    pub fn left(&self) -> usize {
        self.all.saturating_sub(self.done + self.skipped)
    }

    /// `3 of 12 done, 1 skipped, 1 found trouble, 1 went wrong`.
    pub fn says(&self) -> String {
        let mut parts = vec![format!("{} of {} done", self.done, self.all)];
        for (count, words) in [
            (self.skipped, "skipped"),
            (self.trouble, "found trouble"),
            (self.bad, "went wrong"),
            (self.running, "running"),
        ] {
            if count > 0 {
                parts.push(format!("{count} {words}"));
            }
        }
        parts.join(", ")
    }

    /// Nothing of it is left, and nothing has still to prove itself.
    pub fn is_finished(&self) -> bool {
        self.all > 0 && self.left() == 0 && self.running == 0 && self.accepted == 0
    }
}

/// What is done by hand in a step, one item a line.
pub fn items(step: &Step) -> impl Iterator<Item = &str> {
    step.text.lines().map(str::trim).filter(|line| !line.is_empty())
}

impl Run {
    /// How a command stands; none for one that the runbook does not have.
    pub fn command(&self, step: u32, command: u32) -> Option<CommandView> {
        let at = (step, command);
        self.command_of(at)?;
        let view = self.seen((step, Some(command)), self.command_state(at));
        let settled = self.settled(at).map(|body| body.says.clone());
        Some(CommandView { says: settled.unwrap_or(view.says), ..view })
    }

    /// What the last start of these came to, in this state.
    fn seen(&self, spot: (u32, Option<u32>), state: State) -> CommandView {
        let last = self.record.last(spot);
        let attempts = self.record.attempts.get(&spot);
        let ended = last.and_then(|(_, attempt)| attempt.ended.as_ref().map(|(_, body)| body));
        let started = last.and_then(|(_, attempt)| attempt.started.as_ref().map(|(_, body)| body));
        CommandView {
            state,
            text: started.map(|body| body.text.clone()).unwrap_or_default(),
            edited: started.is_some_and(|body| body.edited),
            says: ended.map(|body| body.says.clone()).unwrap_or_default(),
            times: attempts.map_or(0, BTreeMap::len),
            session: last.map(|(order, _)| order.session.clone()),
            started: last.and_then(|(_, attempt)| attempt.started.as_ref().map(|(key, _)| key.at)),
            milliseconds: ended.map(|body| body.milliseconds),
            disputed: attempts.is_some_and(|all| all.values().any(|attempt| attempt.disputed)),
        }
    }

    /// What the operator wrote last in a step, with how it stands.
    pub fn own(&self, step: u32) -> Option<(String, CommandView)> {
        let spot = (step, None);
        let (_, attempt) = self.record.last(spot)?;
        let (_, body) = attempt.started.as_ref()?;
        let ended = attempt.ended.as_ref();
        let state = ended.map_or(State::Running, |(key, body)| State::of(body.verdict, key.at));
        Some((body.text.clone(), self.seen(spot, state)))
    }

    pub(super) fn command_state(&self, at: At) -> State {
        let Some(command) = self.command_of(at) else { return State::ToDo };
        let spot = (at.0, Some(at.1));
        // Whatever else was told: what is in flight is running.
        let running =
            self.record.attempts.get(&spot).is_some_and(|all| all.values().any(Attempt::is_running));
        if running {
            return State::Running;
        }
        if let Some((key, body)) = self.record.last(spot).and_then(|(_, attempt)| attempt.ended.as_ref()) {
            let state = State::of(body.verdict, key.at);
            if body.end == End::NotStarted && body.verdict <= Verdict::Accepted {
                // It cannot have gone well without having begun.
                return State::Failed;
            }
            return match self.settled(at) {
                Some(settled) if body.verdict == Verdict::Accepted || settled.held => {
                    State::of(settled.verdict, key.at)
                }
                _ => state,
            };
        }
        // Nobody has to fail first: it may have gone over the session of a pane at once.
        if let Some((key, body)) = self.told(at).filter(|(_, body)| body.held) {
            return State::of(body.verdict, key.at);
        }
        if let Some(reason) = self.skipped(at.0) {
            return State::Skipped { reason: reason.to_owned() };
        }
        if command.future {
            return State::Future;
        }
        let closed = matches!(self.open(at.0), Err(Refusal::OtherChosen { .. }));
        let apart =
            matches!(self.condition(at, command), Err(Refusal::NotHolding(_) | Refusal::OtherChosen { .. }));
        if closed || apart { State::NotChosen } else { State::ToDo }
    }

    /// What became known of a command's last attempt after it was accepted; the later word counts.
    fn settled(&self, at: At) -> Option<&StepSettled> {
        let (key, body) = self.told(at)?;
        let began = self.record.last((at.0, Some(at.1))).and_then(|(_, attempt)| attempt.key());
        began.map_or(body.held, |began| key > began).then_some(body)
    }

    /// The last word on a command that is not the end of a start of it.
    fn told(&self, at: At) -> Option<(&Key, &StepSettled)> {
        self.record.settled.get(&(at.0, Some(at.1)))?.last_key_value()
    }

    /// Why a step is skipped, or the one that it is a part of.
    pub(super) fn skipped(&self, step: u32) -> Option<&str> {
        let own = |step: u32| {
            let (_, body) = self.record.skips.get(&step)?;
            (!body.no_longer).then_some(body.reason.as_str())
        };
        own(step).or_else(|| {
            let top = self.shape.top(step);
            if top == step { None } else { own(top) }
        })
    }

    /// How a step stands; none for one that the runbook does not have.
    pub fn view(&self, step: u32) -> Option<StepView> {
        let one = self.step(step)?;
        let ticks = self.ticks(step, one);
        let runs: Vec<State> = (0..)
            .zip(&one.commands)
            .filter(|(_, command)| counts(command))
            .map(|(number, _)| self.command_state((step, number)))
            .collect();
        let (done, all) = if runs.is_empty() {
            (ticks.iter().filter(|ticked| **ticked).count(), ticks.len().max(1))
        } else {
            (runs.iter().filter(|state| state.is_done()).count(), runs.len())
        };
        let own = self.record.attempts.get(&(step, None)).map_or(0, BTreeMap::len);
        let state = self.step_state(step, one, &runs, &ticks);
        Some(StepView { state, done, all, ticks, own })
    }

    fn step_state(&self, step: u32, one: &Step, runs: &[State], ticks: &[bool]) -> State {
        let worst = runs.iter().max_by_key(|state| state.rank()).cloned();
        if worst == Some(State::Running) {
            return State::Running;
        }
        if let Some(reason) = self.skipped(step) {
            return State::Skipped { reason: reason.to_owned() };
        }
        // A tick says that the step was done by hand: it stands above what had run before it, not after it.
        let ticked = self.record.ticks.get(&(step, None)).filter(|(_, body)| body.ticked);
        if let Some((key, _)) = ticked
            && self.last_end(step).is_none_or(|end| end < key)
        {
            return State::Ticked;
        }
        if matches!(self.open(step), Err(Refusal::OtherChosen { .. }))
            && worst.as_ref().is_none_or(|state| !state.is_bad())
        {
            return State::NotChosen;
        }
        match worst {
            Some(state) => state,
            None if one.commands.iter().any(|command| command.future) => State::Future,
            None if super::shape::asks_to_choose(one) => match self.arm(Some(step)) {
                Some(option) => self.arm_state(step, option),
                None => State::ToDo,
            },
            None if !ticks.is_empty() && ticks.iter().all(|ticked| *ticked) => State::Ticked,
            None => State::ToDo,
        }
    }

    /// A step that asks is as far as the arm that was chosen.
    fn arm_state(&self, asks: u32, option: u32) -> State {
        let inside = self.steps().skip(asks as usize + 1).take_while(|(at, _)| self.shape.top(*at) == asks);
        let inside = inside.filter(|(at, _)| {
            self.shape.gates(*at).iter().any(|gate| gate.asks == Some(asks) && gate.option == option)
        });
        let states = inside.filter_map(|(at, _)| self.view(at)).map(|view| view.state);
        states.max_by_key(State::rank).unwrap_or(State::ToDo)
    }

    fn last_end(&self, step: u32) -> Option<&Key> {
        let spots = self.record.attempts.range((step, Some(0))..=(step, Some(u32::MAX)));
        spots.flat_map(|(_, all)| all.values()).filter_map(|one| one.ended.as_ref()).map(|(key, _)| key).max()
    }

    /// Which items are ticked: the later word on an item or on the whole step counts. A document's own ticks do not:
    /// they are an example, or of another day.
    fn ticks(&self, step: u32, one: &Step) -> Vec<bool> {
        let whole = self.record.ticks.get(&(step, None));
        (0..)
            .zip(items(one))
            .map(|(item, _): (u32, _)| {
                let own = self.record.ticks.get(&(step, Some(item)));
                let later = own.into_iter().chain(whole).max_by_key(|(key, _)| key);
                later.is_some_and(|(_, body)| body.ticked)
            })
            .collect()
    }

    /// How far all of it has come.
    pub fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for choice in self.shape.choices() {
            let reachable = choice.asks.is_none_or(|asks| self.is_reachable(asks));
            if reachable && self.arm(choice.asks).is_none() {
                progress.all += 1;
            }
        }
        for (at, step) in self.steps().filter(|(_, step)| step.is_counted()) {
            let Some(view) = self.view(at) else { continue };
            // A step that asks is counted by its arms.
            if super::shape::asks_to_choose(step) {
                continue;
            }
            progress.bad += usize::from(view.state.is_bad());
            progress.running += usize::from(view.state == State::Running);
            let left_out = matches!(view.state, State::NotChosen | State::Future);
            if left_out || self.open(at).is_err() {
                continue;
            }
            let skipped = matches!(view.state, State::Skipped { .. });
            progress.all += 1;
            progress.skipped += usize::from(skipped);
            progress.done += usize::from(view.state.is_done() && !skipped);
            progress.accepted += usize::from(matches!(view.state, State::Accepted { .. }));
            progress.trouble += usize::from(view.state == State::Trouble);
            if step.kind == StepKind::Manual {
                progress.items += view.ticks.len();
                progress.ticked += view.ticks.iter().filter(|ticked| **ticked).count();
            }
        }
        progress
    }

    /// How far each phase has come, in the order of the runbook: its name, and its steps done and all.
    pub fn phases(&self) -> Vec<(Option<&str>, usize, usize)> {
        let mut phases: Vec<(Option<&str>, usize, usize)> = Vec::new();
        for (at, step) in self.steps().filter(|(at, step)| step.is_counted() && self.open(*at).is_ok()) {
            let Some(view) = self.view(at) else { continue };
            if matches!(view.state, State::NotChosen | State::Future) || super::shape::asks_to_choose(step) {
                continue;
            }
            let name = step.phase.as_deref();
            if phases.last().is_none_or(|(last, ..)| *last != name) {
                phases.push((name, 0, 0));
            }
            if let Some((_, done, all)) = phases.last_mut() {
                *done += usize::from(view.state.is_done());
                *all += 1;
            }
        }
        phases
    }

    /// No other arm was chosen above it.
    fn is_reachable(&self, step: u32) -> bool {
        self.shape
            .gates(step)
            .iter()
            .all(|gate| gate.asks == Some(step) || self.arm(gate.asks) == Some(gate.option))
    }
}

/// A command that a step needs to have run: not one that only speaks, is for another screen or not yet built.
fn counts(command: &Command) -> bool {
    may::never(command).is_none() && command.statement.role != Role::Narration
}
