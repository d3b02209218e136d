//! Working through a runbook: what the journal tells of runs, and what runs beside that.
mod beside;
mod done;
mod evidence;
pub mod go;
mod hand;
pub mod held;
pub mod output;
mod own;
mod place;
mod settle;
mod values;

use super::table;
use crate::commands::effect::Answer;
use crate::domain::Text;
use crate::domain::approval::QuestionId;
use crate::domain::object::Kind;
use crate::domain::settings::Action;
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::{Event, Order};
use crate::model::checklist::{Checklist, Mark};
use crate::model::msg::Effect;
use crate::model::run::{Known, News};
use crate::model::shelf::{Book, Fit};
use crate::model::{Dirty, Model};
use crate::panes::checklist;
use crate::runbook::execution::State;
use crate::runbook::judge::is_full;
use crate::runbook::order::findings;

pub use go::{approved, closed};
pub use hand::event;
pub use values::{given, left, turned, typed};

/// What a key does to the open runbook; says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    Some(match action {
        Action::RunStep => go::here(model),
        Action::RunOn => go::on(model),
        Action::EditStep => own::edit(model),
        Action::AdHoc => own::ad_hoc(model),
        Action::StopStep => go::stop(model),
        Action::StepTerminal => go::terminal(model),
        Action::Output => output::open(model),
        Action::TickStep => hand::tick(model),
        Action::SkipStep => hand::skip(model),
        Action::CloseRun => hand::close(model),
        Action::SetValue => values::anew(model),
        Action::HeldSession => held::ask(model),
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
    let mut known = known;
    // What others wrote between the reading of the journal and now was heard already.
    let heard = model.incidents.known.events().filter(|event| event.what.run() == Some(&*name));
    for event in heard {
        known.run.take(event);
    }
    let closed = known.run.closed().is_some();
    if !closed {
        settle::resume(&mut model.runs, &known);
    }
    model.runs.all.insert(name.clone(), known);
    model.mark_dirty(Dirty::Soon);
    if closed {
        over(model, &name);
    } else {
        go::stand(model);
    }
    go::wanted(model)
}

/// What others did in a run. Those that they have begun since this start are looked for.
pub fn heard(model: &mut Model, event: &Event) -> Vec<Effect> {
    let Some(name) = event.what.run() else { return Vec::new() };
    let Some(known) = model.runs.all.get_mut(name) else {
        let begun = matches!(event.what, What::StepStarted(_)) && !model.wall;
        let new = begun && model.runs.sought.insert(name.to_owned());
        return if new { vec![Effect::FindRuns] } else { Vec::new() };
    };
    known.run.take(event);
    model.mark_dirty(Dirty::Soon);
    let ours = model.checklist.as_ref().is_some_and(|open| open.run.as_deref() == Some(name));
    match &event.what {
        What::RunClosed(said) => {
            over(model, name);
            if ours {
                let by = crate::domain::text::one_line(&said.by);
                let key = model.key(Action::RunStep);
                model.say(format!("{by} closed the run; {key} begins another"), false);
            }
            Vec::new()
        }
        What::StepEnded(ended) if ours => go::ended(model, ended),
        _ => Vec::new(),
    }
}

/// A run is closed: what was kept for it goes, and its checklist may begin another.
fn over(model: &mut Model, run: &str) {
    let runs = &mut model.runs;
    let own = |session: &str| session.strip_prefix(run).is_some_and(|rest| rest.starts_with('-'));
    runs.tails.retain(|order, _| !own(&order.session));
    runs.judged.retain(|(of, ..), _| of != run);
    runs.settling.retain(|(of, ..), _| of != run);
    runs.held.retain(|(of, ..), _| of != run);
    runs.secrets.remove(run);
    if let Some(open) = model.checklist.as_mut().filter(|open| open.run.as_deref() == Some(run)) {
        (open.run, open.wants) = (None, None);
    }
}

/// The run of a runbook that somebody is in the middle of.
pub fn unfinished(model: &Model, book: &Book) -> Option<String> {
    let mut open = model.runs.all.values().filter(|known| known.run.closed().is_none());
    open.find(|known| known.book.id() == book.id()).map(|known| known.run.name().to_owned())
}

/// The runbooks that somebody is in the middle of, the one that was begun last first.
pub fn begun(model: &Model) -> Vec<Fit> {
    let open = model.runs.all.values().filter(|known| known.run.closed().is_none());
    let mut begun: Vec<&Known> = open.collect();
    begun.sort_by_key(|known| std::cmp::Reverse(known.run.opened_at()));
    let fit = |known: &Known| {
        // As the list has it: its file may have changed since.
        let book = model.shelf.book(&known.book.id())?;
        let progress = known.run.progress();
        let why = format!("in progress: {} of {} done", progress.done, progress.all);
        Some(Fit { book, why, score: 0, of: None })
    };
    begun.into_iter().filter_map(fit).collect()
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
    done::told(model, event);
    let ours = model.checklist.as_ref().is_some_and(|open| open.run.as_deref() == Some(name));
    match &event.what {
        What::StepEnded(ended) if ours => go::ended(model, ended),
        What::RunClosed(_) => {
            over(model, name);
            if ours {
                let key = model.key(Action::RunStep);
                model.say(format!("the run is closed; {key} begins another"), false);
            }
            Vec::new()
        }
        What::ShellEnded(said) => {
            model.runs.behind.remove(&said.session);
            if ours { go::wanted(model) } else { Vec::new() }
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
    let (mut findings, evidence) = findings(&looking.looks, answers, looking.lang);
    looking.evidence = evidence.behind(&looking.before);
    // What would be typed and answered for nothing has a better way.
    if answers.iter().flatten().any(|answer| is_full(&answer.err))
        && checklist::held::live(model).next().is_some()
    {
        let key = model.key(Action::HeldSession);
        findings.warnings.push(format!(
            "the server is full, this would not get in: Esc, then {key} asks it over the session that firedeck holds"
        ));
    }
    super::act::looked(model, question, findings);
}

pub fn ran(model: &mut Model, news: News) -> Vec<Effect> {
    match news {
        News::Tail(order, tail) => {
            model.runs.tails.insert(order, tail);
            fewer_tails(model);
            model.mark_dirty(Dirty::Soon);
        }
        News::NotStarted { at, why } => {
            model.runs.starting.remove(&(at.run, at.step, at.command));
            if let Some(open) = &mut model.checklist {
                open.wants = None;
            }
            model.say(format!("not started: {why}"), true);
        }
        News::NotOpened { why } => {
            if let Some(open) = model.checklist.as_mut().filter(|open| open.run.is_none()) {
                open.wants = None;
            }
            model.say(format!("not opened: {why}"), true);
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
        News::Background { session, children } => behind(model, session, children),
        News::Moved { session, context, namespace } => {
            model.say(format!("kubectl goes to `{context}` from here on in this block"), false);
            model.runs.moved.insert(session, (context, namespace));
            model.mark_dirty(Dirty::Soon);
        }
    }
    Vec::new()
}

/// Of runs that go on for days, the last lines of the newest commands alone are kept.
fn fewer_tails(model: &mut Model) {
    const MOST: usize = 200;
    if model.runs.tails.len() <= MOST {
        return;
    }
    let running: Vec<Order> =
        model.runs.all.values().flat_map(|known| known.run.in_flight()).map(|(_, _, order)| order).collect();
    // Names of sessions begin with the time of their run.
    let old = model.runs.tails.keys().find(|order| !running.contains(order)).cloned();
    if let Some(old) = old {
        model.runs.tails.remove(&old);
    }
}

/// What a statement has left behind its shell is said once, and stands beside it.
fn behind(model: &mut Model, session: String, children: Vec<(i32, Text)>) {
    let before = model.runs.behind.remove(&session).unwrap_or_default();
    let new: Vec<&(i32, Text)> = children.iter().filter(|child| !before.contains(child)).collect();
    if let Some((pid, line)) = new.first() {
        let line = crate::domain::text::clean_to(&crate::domain::text::one_line(line), 60).into_owned();
        let more = if new.len() > 1 { format!(", and {} more", new.len() - 1) } else { String::new() };
        let key = model.key(Action::StopStep);
        model.say(format!("goes on behind its shell: {line} ({pid}){more}; {key} stops it"), false);
    }
    if !children.is_empty() {
        model.runs.behind.insert(session, children);
    }
    model.mark_dirty(Dirty::Soon);
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
