//! What runs up to the next question, and where to go next.
use super::super::binding::Values;
use super::super::types::{Step, StepKind};
use super::fence::At;
use super::may::{Ask, Assumed, Go, never};
use super::shape::asks_to_choose;
use super::{Refusal, Run, State};

/// Why it goes no further by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// This command asks first.
    Asks { step: u32, command: u32, asks: Vec<Ask> },
    /// This one may not run now.
    Refused { step: u32, command: u32, why: Refusal },
    /// This one is running.
    Running { step: u32, command: u32 },
    /// This one ended in a way that somebody has to look at.
    Bad { step: u32, command: u32, state: State },
    /// This step is done by hand.
    ByHand(u32),
    /// One of several has to be chosen.
    Choose(Option<u32>),
    /// Nothing more is left.
    End,
}

/// What runs without a question, in order, and what comes then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Until {
    /// One after another; before each, [`Run::may`] is asked again, and after one that did not go well nothing more
    /// runs.
    pub run: Vec<Go>,
    pub stop: Stop,
}

impl Run {
    /// The commands from this step on that run without a question: they only read, are not heavy, not secret, end by
    /// themselves and need no terminal. What has ended before is passed over; nothing runs twice by this.
    pub fn until(&self, from: u32, values: &Values) -> Until {
        self.until_from((from, 0), values)
    }

    /// The same from a command on: what went wrong before it was seen, and left behind.
    pub fn until_from(&self, from: At, values: &Values) -> Until {
        let mut run = Vec::new();
        let mut assumed = Assumed::new();
        let stop = self.stop(from, values, &mut run, &mut assumed);
        Until { run, stop }
    }

    fn stop(&self, from: At, values: &Values, run: &mut Vec<Go>, assumed: &mut Assumed) -> Stop {
        for (at, step) in self.steps().skip(from.0 as usize) {
            match self.open(at) {
                Ok(()) => {}
                Err(Refusal::NotChosen { asks, .. }) => return Stop::Choose(asks),
                Err(_) => continue,
            }
            if self.skipped(at).is_some() || step.kind == StepKind::Note && step.commands.is_empty() {
                continue;
            }
            if asks_to_choose(step) && self.shape.choice(Some(at)).is_some() && self.arm(Some(at)).is_none() {
                return Stop::Choose(Some(at));
            }
            let Some(view) = self.view(at) else { continue };
            if view.state == State::Ticked {
                continue;
            }
            let runs = step.commands.iter().any(|command| never(command).is_none());
            if step.kind == StepKind::Manual && !runs && step.is_counted() && !view.state.is_done() {
                return Stop::ByHand(at);
            }
            let passed = if at == from.0 { from.1 } else { 0 };
            for number in (0..).zip(&step.commands).map(|(number, _)| number).skip_while(|at| *at < passed) {
                if let Some(stop) = self.one((at, number), values, run, assumed) {
                    return stop;
                }
            }
        }
        Stop::End
    }

    fn one(&self, at: At, values: &Values, run: &mut Vec<Go>, assumed: &mut Assumed) -> Option<Stop> {
        let (step, command) = at;
        if self.command_of(at).is_none_or(|command| never(command).is_some()) {
            return None;
        }
        let state = self.command_state(at);
        match state {
            State::ToDo => {}
            State::Running => return Some(Stop::Running { step, command }),
            state if state.is_bad() => return Some(Stop::Bad { step, command, state }),
            _ => return None,
        }
        match self.allowed(at, values, assumed, false) {
            // Not under a condition that turned out false; the arms of others are passed over as well.
            Err(Refusal::NotHolding(_) | Refusal::OtherChosen { .. }) => None,
            Err(why) => Some(Stop::Refused { step, command, why }),
            Ok(go) if go.asks.is_empty() && go.ran.is_none() => {
                run.push(go);
                assumed.insert(at);
                None
            }
            Ok(go) => Some(Stop::Asks { step, command, asks: go.asks }),
        }
    }

    /// The first step from here on that is not done; after the last one, from the first on.
    pub fn next(&self, from: u32) -> Option<u32> {
        let left = |at: &u32| {
            let counted = self.step(*at).is_some_and(Step::is_counted);
            let open = !matches!(self.open(*at), Err(Refusal::OtherChosen { .. }));
            counted && open && self.view(*at).is_some_and(|view| !view.state.is_done())
        };
        let all = u32::try_from(self.runbook.steps.len()).unwrap_or(u32::MAX);
        (from.min(all)..all).find(left).or_else(|| (0..from.min(all)).find(left))
    }

    /// The step before this one that can be gone to, and the one behind it.
    pub fn beside(&self, step: u32) -> (Option<u32>, Option<u32>) {
        let shown = |at: &u32| {
            let kept = self.step(*at).is_some_and(|step| step.n != "0" || !step.commands.is_empty());
            kept && !matches!(self.open(*at), Err(Refusal::OtherChosen { .. }))
        };
        let all = u32::try_from(self.runbook.steps.len()).unwrap_or(u32::MAX);
        let before = (0..step.min(all)).rev().find(shown);
        let behind = (step.saturating_add(1)..all).find(shown);
        (before, behind)
    }

    /// The command that comes next in a step, if any of it is left.
    pub fn command_in(&self, step: u32) -> Option<u32> {
        let commands = (0..).zip(&self.step(step)?.commands);
        let mut left = commands.filter(|(number, command)| {
            never(command).is_none() && matches!(self.command_state((step, *number)), State::ToDo)
        });
        left.next().map(|(number, _)| number)
    }
}
