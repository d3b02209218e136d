//! What is done by hand: ticks, skipped steps, ways that are chosen, the end of a run.
use super::{mark, number, open};
use crate::incident::What;
use crate::incident::event::{BranchChosen, RunClosed, StepSkipped, StepTicked, ValueGiven};
use crate::model::Model;
use crate::model::checklist::{Mark, Wants};
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::update::typing;

/// The event that a mark is written down as.
pub fn event(run: &str, by: &str, mark: Mark) -> What {
    let (run, by) = (run.to_owned(), by.to_owned());
    match mark {
        Mark::Tick { step, item, ticked } => {
            What::StepTicked(StepTicked { run, step: number(step), item, ticked, by })
        }
        Mark::Skip { step, reason, no_longer } => {
            What::StepSkipped(StepSkipped { run, step: number(step), reason, by, no_longer })
        }
        Mark::Choose { asks, chosen, no_longer } => {
            What::BranchChosen(BranchChosen { run, step: asks, chosen, by, no_longer })
        }
        Mark::Value { name, value, origin } => {
            let secret =
                crate::domain::secret::looks_secret(&name) || crate::domain::secret::carries_password(&value);
            let value = if secret { String::new() } else { value };
            What::ValueGiven(ValueGiven { run, name, value, secret, origin: origin.to_owned(), by })
        }
        Mark::Close { done, why } => What::RunClosed(RunClosed { run, done, why, by }),
    }
}

/// The next item of a step that is done by hand; where all are ticked, the ticks go.
pub(super) fn tick(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let step = checklist.here.step;
    let items = checklist
        .book
        .runbook
        .steps
        .get(step)
        .map_or(0, |step| crate::runbook::execution::items(step).count());
    let ticks = open(model).and_then(|(_, known)| known.run.view(number(step))).map(|view| view.ticks);
    let ticks = ticks.unwrap_or_else(|| vec![false; items]);
    let whole = open(model)
        .and_then(|(_, known)| known.run.view(number(step)))
        .is_some_and(|view| view.state == crate::runbook::execution::State::Ticked);
    let next = ticks.iter().position(|ticked| !ticked);
    let tick = match next {
        // A step with commands, or of one item, is ticked as a whole.
        _ if ticks.len() < 2 => Mark::Tick { step, item: None, ticked: !whole },
        Some(item) if !whole => Mark::Tick { step, item: Some(number(item)), ticked: true },
        _ => Mark::Tick { step, item: None, ticked: false },
    };
    mark(model, tick)
}

/// Skips the step, with a reason; takes that back where it is skipped.
pub(super) fn skip(model: &mut Model) -> Vec<Effect> {
    let Some(checklist) = &model.checklist else { return Vec::new() };
    let step = checklist.here.step;
    let skipped = open(model).and_then(|(_, known)| known.run.view(number(step)));
    if skipped.is_some_and(|view| matches!(view.state, crate::runbook::execution::State::Skipped { .. })) {
        return mark(model, Mark::Skip { step, reason: String::new(), no_longer: true });
    }
    typing::ask(model, Ask::SkipReason { step }, "");
    Vec::new()
}

/// Ends the run. What is left undone is said, and why is asked for.
pub(super) fn close(model: &mut Model) -> Vec<Effect> {
    let Some((_, known)) = open(model) else {
        model.say("nothing was begun here", false);
        return Vec::new();
    };
    let progress = known.run.progress();
    if progress.running > 0 {
        model.say("something is still running here: stop it first", true);
        return Vec::new();
    }
    if progress.left() == 0 {
        return mark(model, Mark::Close { done: true, why: String::new() });
    }
    typing::ask(model, Ask::CloseReason { left: progress.left() }, "");
    Vec::new()
}

/// The wish that waited for the run's beginning.
pub(super) fn wanted(model: &mut Model, wish: Mark) -> Vec<Effect> {
    if let Some(open) = &mut model.checklist
        && open.wants == Some(Wants::Mark(wish.clone()))
    {
        open.wants = None;
    }
    mark(model, wish)
}
