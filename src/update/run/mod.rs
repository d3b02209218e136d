//! Working through a runbook: what the journal tells of runs, and what runs beside that.
use crate::domain::approval::QuestionId;
use crate::incident::What;
use crate::incident::event::Event;
use crate::model::msg::Effect;
use crate::model::run::{Known, News};
use crate::model::{Dirty, Model};

/// A run was opened, or found again.
pub fn known(model: &mut Model, known: Known) -> Vec<Effect> {
    let name = known.run.name().to_owned();
    model.runs.all.insert(name, known);
    model.mark_dirty(Dirty::Soon);
    Vec::new()
}

/// An event is in the journal.
pub fn told(model: &mut Model, event: &Event) -> Vec<Effect> {
    if let Some(known) = event.what.run().and_then(|run| model.runs.all.get_mut(run)) {
        known.run.take(event);
        model.mark_dirty(Dirty::Soon);
    }
    Vec::new()
}

/// An event could not be written down: it did not happen.
pub fn untold(model: &mut Model, what: &What, why: &str) {
    model.say(format!("not recorded, so not done: {} ({why})", what.kind()), true);
}

/// The looks of a command have answered.
pub fn answered(
    model: &mut Model,
    question: QuestionId,
    answers: &[Option<crate::commands::effect::Answer>],
) {
    let Some(looking) = model.runs.looking.as_mut().filter(|looking| looking.question == question) else {
        return;
    };
    let (findings, evidence) = crate::runbook::order::findings(&looking.looks, answers, looking.lang);
    looking.evidence = evidence;
    super::act::looked(model, question, findings);
}

pub fn ran(model: &mut Model, news: News) -> Vec<Effect> {
    match news {
        News::Tail(order, tail) => {
            model.runs.tails.insert(order, tail);
            model.mark_dirty(Dirty::Soon);
        }
        News::NotStarted { why, .. } => model.say(format!("not started: {why}"), true),
        News::Judged { at, judged } => {
            model.runs.judged.insert((at.run, at.command, at.step), judged);
            model.mark_dirty(Dirty::Soon);
        }
        News::Trouble { why, .. } => model.say(why, true),
        News::Page(_) | News::WantsTerminal(_) | News::Background { .. } => {}
    }
    Vec::new()
}
