//! How far a runbook is, in signs and words: what was done beside what is written.
use super::held;
use crate::domain::secret::HIDDEN;
use crate::domain::settings::{Action, Role};
use crate::domain::text::one_line;
use crate::domain::time::Timestamp;
use crate::incident::event::Order;
use crate::model::checklist::{Checklist, Spot};
use crate::model::evidence::Answer;
use crate::model::run::{Known, Tail};
use crate::model::{Model, run::Runs};
use crate::panes::Fact;
use crate::runbook::Command;
use crate::runbook::binding::{Wanted, wanted};
use crate::runbook::execution::budget::{Budget, Left};
use crate::runbook::execution::{CommandView, State, StepView};

/// What is said where no pane shows whether a change has helped.
pub const NOBODY: &str = "nobody sees from here whether it helped";

/// What is known beside the document while its checklist is drawn.
#[derive(Clone, Copy)]
pub struct Stand<'a> {
    known: Option<&'a Known>,
    model: &'a Model,
    runs: &'a Runs,
    now: Timestamp,
    /// From when on the times of its steps count: from the incident, else from the run.
    since: Option<Timestamp>,
}

impl<'a> Stand<'a> {
    pub fn of(model: &'a Model, list: &Checklist) -> Stand<'a> {
        let known = list.run.as_ref().and_then(|run| model.runs.all.get(run));
        let since = model.incidents.open().map(crate::incident::state::State::detected);
        let since = since.or(known.and_then(|known| known.run.opened_at()));
        Stand { known, model, runs: &model.runs, now: model.now, since }
    }

    pub fn step(&self, step: usize) -> Option<StepView> {
        self.known?.run.view(u32::try_from(step).ok()?)
    }

    /// How much of a step's time is left, while it is not done.
    pub fn left(&self, step: usize, time: &str) -> Option<(String, Role)> {
        let budget = Budget::read(time)?;
        let gone = self.now.since(self.since?);
        if self.step(step).is_some_and(|view| view.state.is_done()) {
            return None;
        }
        // Minutes alone, so that nothing ticks.
        let minutes = |span: std::time::Duration| span.as_secs().div_ceil(60);
        Some(match budget.left(gone) {
            Left::Before(span) => (format!("in {} min", minutes(span)), Role::Dim),
            Left::Within(span) if span.as_secs() < 60 => {
                ("less than a minute left".to_owned(), Role::Warning)
            }
            Left::Within(span) => (format!("{} min left", minutes(span)), Role::Text),
            Left::Over(span) => (format!("{} min over", minutes(span)), Role::Bad),
        })
    }

    pub fn command(&self, spot: Spot) -> Option<CommandView> {
        self.known?.run.command(u32::try_from(spot.step).ok()?, u32::try_from(spot.command?).ok()?)
    }

    /// What the operator wrote last in a step.
    pub fn own(&self, step: usize) -> Option<(String, CommandView)> {
        self.known?.run.own(u32::try_from(step).ok()?)
    }

    fn order(&self, spot: Spot) -> Option<Order> {
        let command = spot.command.and_then(|command| u32::try_from(command).ok());
        self.runs.order(self.known?, u32::try_from(spot.step).ok()?, command)
    }

    /// Where something was written last.
    pub fn latest(&self) -> Option<Spot> {
        let (step, command) = self.runs.latest(self.known?)?;
        Some(Spot { step: step as usize, command: command.map(|command| command as usize) })
    }

    /// The key of an action, as it is named in a sentence.
    pub fn key(&self, action: Action) -> String {
        self.model.key(action)
    }

    /// The values of a command: `<pid> = 495` of those that are given, and those that are not.
    pub fn values(&self, command: &Command) -> (Vec<String>, Vec<String>) {
        let (mut given, mut missing) = (Vec::new(), Vec::new());
        let all = self.wanted(command);
        for one in &command.placeholders {
            let text = one_line(&one.text);
            match self.value(&all, &one.text) {
                Some(value) => given.push(format!("{text} = {}", one_line(&value))),
                None => missing.push(text),
            }
        }
        (given, missing)
    }

    /// What the runbook asks for, where this command asks for anything.
    fn wanted(&self, command: &Command) -> Vec<Wanted> {
        let known = self.known.filter(|_| !command.placeholders.is_empty());
        known.map_or_else(Vec::new, |known| wanted(known.run.runbook()))
    }

    /// What a placeholder stands for in this run; of a secret only that it is given.
    fn value(&self, all: &[Wanted], text: &str) -> Option<String> {
        let known = self.known?;
        let one = all.iter().find(|one| one.texts.iter().any(|own| own == text))?;
        if self.runs.secrets.get(known.run.name()).is_some_and(|all| all.get(&one.name).is_some()) {
            return Some(HIDDEN.to_owned());
        }
        known.run.values().get(&one.name).map(|value| value.text.clone())
    }

    /// What ran in place of what stands here: it was edited, or had other values.
    pub fn other(&self, command: &Command, view: &CommandView) -> Option<String> {
        let has = |value: &String| value == HIDDEN || view.text.contains(value.as_str());
        let all = self.wanted(command);
        let mut values = command.placeholders.iter().filter_map(|one| self.value(&all, &one.text));
        let other = view.edited || !values.all(|value| has(&value));
        (other && !view.text.is_empty()).then(|| one_line(&view.text))
    }

    pub fn tail(&self, spot: Spot) -> Option<&'a Tail> {
        self.runs.tails.get(&self.order(spot)?)
    }

    /// What goes on behind the shell in which a command ran.
    pub fn behind(&self, spot: Spot) -> Option<String> {
        let children = self.runs.behind.get(&self.order(spot)?.session)?;
        let lines: Vec<String> =
            children.iter().take(3).map(|(pid, line)| format!("{} ({pid})", one_line(line))).collect();
        let more = children.len().saturating_sub(lines.len());
        let more = if more > 0 { format!(", and {more} more") } else { String::new() };
        Some(format!("goes on behind its shell: {}{more}", lines.join(", ")))
    }

    /// What the panes say to a condition.
    pub fn answer(&self, spot: Spot) -> Option<&'a Answer> {
        self.runs.evidence.answers.get(&spot)
    }

    /// What a reader of the result should know.
    pub fn warnings(&self, spot: Spot, view: &CommandView) -> &'a [String] {
        let number = |at: usize| u32::try_from(at).ok();
        let key = self.known.zip(number(spot.step)).zip(spot.command.and_then(number));
        let key = key.map(|((known, step), command)| (known.run.name().to_owned(), step, Some(command)));
        let judged = key.and_then(|key| self.runs.judged.get(&key));
        // It is of the start before, while another one is under way.
        judged.filter(|_| view.state != State::Running).map_or(&[], |judged| judged.warnings.as_slice())
    }

    /// How far that is which was accepted; nothing where the operator has ticked it.
    pub fn settling(&self, spot: Spot, view: &CommandView) -> Option<String> {
        let State::Accepted { .. } = view.state else { return None };
        if self.step(spot.step).is_some_and(|step| step.state == State::Ticked) {
            return None;
        }
        let number = |at: usize| u32::try_from(at).ok();
        let (step, command) = (number(spot.step)?, number(spot.command?)?);
        let key = (self.known?.run.name().to_owned(), step, Some(command));
        let known = self.runs.settling.get(&key).map(|settling| settling.says.as_str());
        // Until the first look; what came back with its journal is watched by nobody.
        let watched = self.runs.judged.get(&key).is_some_and(|judged| judged.watch.is_some());
        let says = known.unwrap_or(if watched { "settling" } else { NOBODY });
        Some(if says == NOBODY {
            format!("{says}: {} ticks it", self.key(Action::TickStep))
        } else {
            says.to_owned()
        })
    }

    /// What can be done where the server had no slot left.
    pub fn full(&self, spot: Spot, view: &CommandView) -> Option<String> {
        let number = |at: usize| u32::try_from(at).ok();
        let at = (self.known?.run.name().to_owned(), number(spot.step)?, Some(number(spot.command?)?));
        held::offered(self.model, &at, &view.state)?;
        Some(held::words(self.model))
    }

    /// `3 of 12 done`, with what went wrong.
    pub fn progress(&self) -> Option<Vec<Fact>> {
        let progress = self.known?.run.progress();
        let mut facts = vec![Fact::new(format!("{} of {} done", progress.done, progress.all), Role::Dim)];
        if progress.is_finished() {
            let key = self.key(Action::CloseRun);
            facts.push(Fact::new(format!("finished: {key} ends it"), Role::Good));
        } else if progress.left() == 0 && progress.accepted > 0 {
            facts.push(Fact::new(format!("{} accepted", progress.accepted), Role::Warning));
        }
        if progress.skipped > 0 {
            facts.push(Fact::new(format!("{} skipped", progress.skipped), Role::Dim));
        }
        if progress.trouble > 0 {
            facts.push(Fact::new(format!("{} found trouble", progress.trouble), Role::Warning));
        }
        if progress.bad > 0 {
            facts.push(Fact::new(format!("{} went wrong", progress.bad), Role::Bad));
        }
        if progress.running > 0 {
            facts.push(Fact::new(format!("{} running", progress.running), Role::Focus));
        }
        let run = self.known?.run.name();
        let own = |session: &String| session.strip_prefix(run).is_some_and(|rest| rest.starts_with('-'));
        let behind: usize =
            self.runs.behind.iter().filter(|(session, _)| own(session)).map(|(_, all)| all.len()).sum();
        if behind > 0 {
            facts.push(Fact::new(format!("{behind} behind a shell"), Role::Warning));
        }
        Some(facts)
    }

    /// The words at the right edge of a command that was started.
    pub fn words(&self, view: &CommandView) -> Option<Fact> {
        let (_, role) = sign(&view.state);
        let whole = || view.milliseconds.map_or_else(String::new, took);
        let words = match &view.state {
            State::ToDo | State::NotChosen | State::Future | State::Skipped { .. } => return None,
            State::Running => {
                let since = view.started.map_or(0, |started| self.now.since(started).as_secs());
                let since = if since < 60 { format!("{since} s") } else { took(since * 1_000) };
                format!("running {since}")
            }
            State::Ok => whole(),
            State::NoMatches => "no matches".to_owned(),
            State::Trouble => "found trouble".to_owned(),
            State::NoData => "no data".to_owned(),
            State::Accepted { .. } => "accepted".to_owned(),
            State::Failed => "failed".to_owned(),
            State::Stopped => "stopped".to_owned(),
            State::Lost => "lost".to_owned(),
            State::Interrupted => "interrupted".to_owned(),
            State::Ticked => "by hand".to_owned(),
        };
        Some(Fact::new(words, role))
    }
}

/// `0.4 s`, `12 s`, `3:07`.
fn took(milliseconds: u64) -> String {
    let seconds = milliseconds / 1_000;
    match seconds {
        0..=9 => format!("{seconds}.{} s", milliseconds % 1_000 / 100),
        10..=59 => format!("{seconds} s"),
        _ => format!("{}:{:02}", seconds / 60, seconds % 60),
    }
}

/// The sign of a state, and what it means.
pub fn sign(state: &State) -> (char, Role) {
    match state {
        State::ToDo => (' ', Role::Text),
        State::Running => ('●', Role::Focus),
        State::Ok | State::Ticked => ('✓', Role::Good),
        State::NoMatches | State::Skipped { .. } => ('–', Role::Dim),
        State::Accepted { .. } | State::Trouble => ('▲', Role::Warning),
        State::NoData | State::Interrupted => ('?', Role::Unknown),
        State::Failed | State::Stopped | State::Lost => ('✗', Role::Bad),
        State::NotChosen | State::Future => ('·', Role::Dim),
    }
}

/// So many lines of what it wrote stand below a command.
pub fn shown(state: &State, here: bool) -> usize {
    match state {
        State::ToDo | State::NotChosen | State::Future | State::Skipped { .. } | State::Ticked => 0,
        _ if here => 8,
        State::Running | State::Trouble | State::Failed | State::NoData => 3,
        _ => 0,
    }
}

/// What a step has to say beside its title: why it was skipped.
pub fn says(view: &StepView) -> Option<String> {
    match &view.state {
        State::Skipped { reason } if reason.is_empty() => Some("skipped".to_owned()),
        State::Skipped { reason } => Some(format!("skipped: {}", one_line(reason))),
        _ => None,
    }
}
