//! Working through a runbook: what the journal tells of runs, and what runs beside that.
mod evidence;
mod go;
mod hand;
pub mod output;
mod place;
mod settle;
mod values;

use super::table;
use crate::commands::effect::Answer;
use crate::domain::approval::QuestionId;
use crate::domain::object::Kind;
use crate::domain::settings::Action;
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::Event;
use crate::model::checklist::{Checklist, Mark};
use crate::model::msg::Effect;
use crate::model::run::{Known, News};
use crate::model::shelf::Book;
use crate::model::{Dirty, Model};
use crate::runbook::execution::State;

pub use go::{approved, closed};
pub use hand::event;
pub use values::{given, left, turned, typed};

/// What a key does to the open runbook; says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::RunStep => go::here(model),
        Action::RunOn => go::on(model),
        Action::EditStep => go::edit(model),
        Action::AdHoc => go::ad_hoc(model),
        Action::StopStep => go::stop(model),
        Action::StepTerminal => go::terminal(model),
        Action::Output => output::open(model),
        Action::TickStep => hand::tick(model),
        Action::SkipStep => hand::skip(model),
        Action::CloseRun => hand::close(model),
        Action::SetValue => values::anew(model),
        _ => return None,
    })
}

/// A run was opened, or found again.
pub fn known(model: &mut Model, known: Known) -> Vec<Effect> {
    let name = known.run.name().to_owned();
    let id = known.book.id();
    if let Some(open) = model.checklist.as_mut().filter(|open| open.run.is_none() && open.book.id() == id) {
        open.run = Some(name.clone());
        // Its steps are counted as they were then.
        open.book = known.book.clone();
    }
    model.runs.all.insert(name, known);
    model.mark_dirty(Dirty::Soon);
    go::wanted(model)
}

/// The run of a runbook that somebody is in the middle of.
pub fn unfinished(model: &Model, book: &Book) -> Option<String> {
    let mut open = model.runs.all.values().filter(|known| known.run.closed().is_none());
    open.find(|known| known.book.id() == book.id()).map(|known| known.run.name().to_owned())
}

/// An event is in the journal.
pub fn told(model: &mut Model, event: &Event) -> Vec<Effect> {
    let Some(name) = event.what.run() else { return Vec::new() };
    let Some(known) = model.runs.all.get_mut(name) else { return Vec::new() };
    known.run.take(event);
    if let What::StepStarted(started) = &event.what {
        let at = &started.at;
        model.runs.starting.remove(&(at.run.clone(), at.step, at.command));
    }
    model.mark_dirty(Dirty::Soon);
    let ours = model.checklist.as_ref().is_some_and(|open| open.run.as_deref() == Some(name));
    match &event.what {
        What::StepEnded(ended) if ours => go::ended(model, ended),
        What::RunClosed(_) if ours => {
            model.say("the run is closed; Enter begins another", false);
            if let Some(open) = &mut model.checklist {
                (open.run, open.wants) = (None, None);
            }
            Vec::new()
        }
        _ if ours => go::wanted(model),
        _ => Vec::new(),
    }
}

/// An event could not be written down: it did not happen.
pub fn untold(model: &mut Model, what: &What, why: &str) {
    if let Some(open) = &mut model.checklist {
        open.wants = None;
    }
    model.say(format!("not done, as it could not be recorded: {} ({why})", what.kind()), true);
}

/// The looks of a command have answered.
pub fn answered(model: &mut Model, question: QuestionId, answers: &[Option<Answer>]) {
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
        News::NotStarted { at, why } => {
            model.runs.starting.remove(&(at.run, at.step, at.command));
            if let Some(open) = &mut model.checklist {
                open.wants = None;
            }
            model.say(format!("not started: {why}"), true);
        }
        News::Judged { at, judged } => {
            if let Some(warning) = judged.warnings.first() {
                model.say(warning.clone(), false);
            }
            model.runs.judged.insert((at.run, at.step, at.command), judged);
            model.mark_dirty(Dirty::Soon);
        }
        News::Trouble { why, .. } => model.say(why, true),
        News::Page(page) => return output::came(model, page),
        News::NotFound(what) => model.say(format!("`{what}` is in nothing that follows"), false),
        News::WantsTerminal(order) => return vec![Effect::EnterSession(order.session)],
        News::Moved { session, context, namespace } => {
            model.say(format!("kubectl goes to `{context}` from here on in this block"), false);
            model.runs.moved.insert(session, (context, namespace));
            model.mark_dirty(Dirty::Soon);
        }
        News::Background { .. } => {}
    }
    Vec::new()
}

/// Seconds are counted for what runs and for what has to hold, and for nothing else.
pub fn tick(model: &mut Model, before: Timestamp) -> Vec<Effect> {
    let second = |at: Timestamp| at.0.div_euclid(1_000);
    if second(before) == second(model.now) {
        return Vec::new();
    }
    if open(model).is_some_and(|(_, known)| !known.run.in_flight().is_empty()) || budget_moved(model, before)
    {
        model.mark_dirty(Dirty::Soon);
    }
    settle::tick(model)
}

/// Whether another minute of a step's time is gone.
fn budget_moved(model: &Model, before: Timestamp) -> bool {
    let Some(list) = &model.checklist else { return false };
    let run = open(model).and_then(|(_, known)| known.run.opened_at());
    let since = model.incidents.open().map(crate::incident::state::State::detected).or(run);
    let Some(since) = since.filter(|_| list.book.runbook.steps.iter().any(|step| step.time_budget.is_some()))
    else {
        return false;
    };
    // Spans are shown as begun minutes.
    let minute = |at: Timestamp| (at.0 - since.0).div_euclid(1_000).div_euclid(60);
    minute(before) != minute(model.now)
}

/// Keeps up with what the open runbook asks of the panes, and has watched what it and its changes need.
pub fn keep_up(model: &mut Model) -> Vec<Effect> {
    evidence::refresh(model);
    let mut kinds: Vec<Kind> = settle::kinds(model).collect();
    kinds.extend(&model.runs.evidence.kinds);
    kinds.sort_unstable();
    kinds.dedup();
    if kinds == model.runs.watched {
        return Vec::new();
    }
    let before = table::watched(model);
    model.runs.watched = kinds;
    let now = table::watched(model);
    if now == before { Vec::new() } else { vec![Effect::Watch(now)] }
}

/// Writes something down of the run, which is opened first where there is none.
fn mark(model: &mut Model, mark: Mark) -> Vec<Effect> {
    let by = model.user.clone();
    let Some(open) = &mut model.checklist else { return Vec::new() };
    match &open.run {
        Some(run) => vec![Effect::Tell(Box::new(hand::event(run, &by, mark)))],
        None => begin(model, crate::model::checklist::Wants::Mark(mark)),
    }
}

/// Opens a run, with what is wanted of it as soon as it is there.
fn begin(model: &mut Model, wants: crate::model::checklist::Wants) -> Vec<Effect> {
    let Some(open) = &mut model.checklist else { return Vec::new() };
    if open.outdated {
        model.say("the file has changed since: open the runbook anew", true);
        return Vec::new();
    }
    let before = open.wants.replace(wants);
    let (book, alert) = (open.book.clone(), open.of.clone());
    if before.is_some() { Vec::new() } else { vec![Effect::OpenRun { book, alert }] }
}

/// The open checklist with its run.
fn open(model: &Model) -> Option<(&Checklist, &Known)> {
    let open = model.checklist.as_ref()?;
    let known = model.runs.all.get(open.run.as_ref()?)?;
    Some((open, known))
}

fn number(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Whether a command went so that the next may follow by itself.
fn went_well(state: &State) -> bool {
    matches!(state, State::Ok | State::NoMatches | State::Accepted { .. })
}
