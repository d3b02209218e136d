//! The incident: opened, shown, brought forward, closed, and taken up again.
mod forms;
mod grades;
mod measures;
mod screen;
mod suggest;

use crate::domain::alert::{AlertFacts, urgency};
use crate::domain::object::{Facts, Kind};
use crate::domain::settings::Action;
use crate::incident::event::{
    EntryPinned, Event, IncidentOpened, Milestone, MilestoneSet, Note, RunJoined, What,
};
use crate::incident::state::Stage;
use crate::incident::words::counted;
use crate::model::board::PaneKind;
use crate::model::incident::{Page, Spot, short};
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::model::{Dirty, Model};
use crate::panes::incident::clock;

use super::typing;
pub use forms::{formed, key, pasted};
pub use screen::{back, copied, filter, find, fit};

/// What was there before this start: what nobody has closed goes on at once.
pub fn before(model: &mut Model, events: Vec<Event>) -> Vec<Effect> {
    model.incidents.read = true;
    model.incidents.began = model.now;
    model.incidents.take(events);
    screen::rebuild(model);
    if model.incidents.live.is_some() || model.incidents.wanted.is_some() {
        return Vec::new();
    }
    let others = model.incidents.others();
    let Some(newest) = others.first() else { return Vec::new() };
    let more = match others.len() - 1 {
        0 => String::new(),
        // The others are named: which of them matters is not for us to say.
        more => {
            let names: Vec<String> =
                others.iter().skip(1).take(3).map(|state| format!("“{}”", state.title)).collect();
            format!("; {more} besides: {}", names.join(", "))
        }
    };
    let says = format!("“{}” is open again (#{}){more}", newest.title, short(&newest.name));
    let effects = take_up(model, newest.name.clone());
    model.say(says, false);
    effects
}

/// These are in a journal now, as this session wrote them.
pub fn recorded(model: &mut Model, events: Vec<Event>) -> Vec<Effect> {
    let ended = events.iter().rev().find_map(|event| match &event.what {
        What::StepEnded(ended) => Some(ended.order.clone()),
        _ => None,
    });
    let effects = take(model, events);
    if let Some(what) = ended.filter(|_| model.incidents.taken).and_then(|order| suggest::told(model, &order))
    {
        let keys = format!("{}, then {}", model.key(Action::Incident), model.key(Action::AddMeasure));
        model.say(format!("{keys} keeps in mind that this is temporary: `{what}`"), false);
    }
    effects
}

fn take(model: &mut Model, events: Vec<Event>) -> Vec<Effect> {
    let was_open = model.incidents.open().map(|state| state.name.clone());
    if !model.incidents.take(events) {
        return Vec::new();
    }
    screen::rebuild(model);
    model.mark_dirty(Dirty::Soon);
    closed(model, was_open.as_deref())
}

/// The same of other cockpits on this box.
pub fn heard(model: &mut Model, events: Vec<Event>) -> Vec<Effect> {
    let opened: Vec<(String, String, String)> = events
        .iter()
        .filter_map(|event| match &event.what {
            What::IncidentOpened(said) => Some((event.incident.clone(), said.title.clone(), said.by.clone())),
            _ => None,
        })
        .collect();
    let was_closed = model.incidents.state().is_some_and(|state| !state.is_unfinished());
    let of_runs: Vec<Event> = events.iter().filter(|event| event.what.run().is_some()).cloned().collect();
    let mut effects = take(model, events);
    for event in &of_runs {
        effects.extend(super::run::heard(model, event));
    }
    // Whoever has none open works on what the others on this box work on.
    let idle = model.incidents.open().is_none() && model.incidents.wanted.is_none() && model.incidents.read;
    let again = model.incidents.open().filter(|_| !model.incidents.taken).map(|state| state.name.clone());
    let may = was_closed && model.incidents.read && model.incidents.wanted.is_none();
    if let Some(name) = again.filter(|_| may) {
        model.say("somebody says that it is not over", true);
        effects.extend(take_up(model, name));
    }
    let theirs = opened.into_iter().next_back();
    if let Some((name, title, by)) = theirs.filter(|_| idle)
        && model.incidents.others().iter().any(|state| state.name == name)
    {
        effects.extend(take_up(model, name.clone()));
        model.say(format!("{by} opened “{title}” (#{}): it is open here too", short(&name)), false);
    }
    effects
}

/// Goes on with this incident. The wall shows it and writes nothing.
fn take_up(model: &mut Model, name: String) -> Vec<Effect> {
    model.incidents.show(&name);
    screen::rebuild(model);
    model.mark_dirty(Dirty::Soon);
    if model.wall {
        return Vec::new();
    }
    model.incidents.wanted = Some(name.clone());
    vec![Effect::TakeUp(name)]
}

/// Its journal gets everything from now on.
pub fn taken_up(model: &mut Model, name: &str) {
    let incidents = &mut model.incidents;
    incidents.wanted = None;
    incidents.taken = true;
    if incidents.state().is_none_or(|state| state.name != name) {
        incidents.show(name);
    }
    screen::rebuild(model);
    model.mark_dirty(Dirty::Soon);
}

pub fn not_taken_up(model: &mut Model, why: String) {
    model.incidents.wanted = None;
    model.say(why, true);
}

/// What was open and is closed now: the day's journal goes on, and the key is named that writes the draft of what is
/// looked back upon.
fn closed(model: &mut Model, was_open: Option<&str>) -> Vec<Effect> {
    let Some(state) = model.incidents.state().filter(|state| Some(state.name.as_str()) == was_open) else {
        return Vec::new();
    };
    if state.is_unfinished() {
        return Vec::new();
    }
    let (name, title) = (state.name.clone(), state.title.clone());
    let by = state.milestones.closed.as_ref().map(|said| said.by.clone()).unwrap_or_default();
    if !model.incidents.taken {
        return Vec::new();
    }
    model.incidents.taken = false;
    let effects = vec![Effect::LeaveIncident];
    if by == model.user {
        let due = screen::review_due(model)
            .map(|due| format!(", to be looked back upon by {due}"))
            .unwrap_or_default();
        // What is written down is this page: nobody finds a file that he has not asked for.
        if model.board.focus == PaneKind::Incident {
            screen::show(model, Page::Stand);
            let key = model.key(Action::WriteDown);
            model.say(format!("closed{due}; {key} writes the draft of the post-mortem"), false);
        } else {
            let way = format!("firedeck incidents export {}", short(&name));
            model.say(format!("closed{due}; `{way}` writes the draft of the post-mortem"), false);
        }
    } else {
        model.say(format!("{by} closed “{title}”"), false);
    }
    effects
}

/// Said once it is recorded, where nothing else on the screen shows it.
pub fn told(model: &mut Model, event: &Event) {
    match &event.what {
        What::Note(_) => {
            let where_to = if event.incident.starts_with(crate::incident::name::INCIDENT) {
                "in the incident's journal"
            } else {
                "in the day's journal"
            };
            model.say(format!("noted {where_to}"), false);
        }
        What::HandedOver(said) => model.say(format!("handed over to {}", said.to), false),
        _ => {}
    }
}

/// Actions that mean the same in every pane.
pub fn everywhere(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::Incident => {
            if model.incidents.open().is_some() {
                screen::show(model, Page::Stand);
            } else if model.incidents.wanted.is_some() {
                model.say("the incident is being opened", false);
            } else {
                forms::open(model);
            }
        }
        Action::TimeLine => screen::show(model, Page::TimeLine),
        Action::Handover => screen::show(model, Page::Handover),
        Action::Note => typing::ask(model, Ask::Note, ""),
        _ => return None,
    }
    Some(Vec::new())
}

pub fn note(model: &mut Model, text: &str) -> Vec<Effect> {
    let text = text.trim();
    if text.is_empty() {
        model.say("nothing was noted", false);
        return Vec::new();
    }
    vec![Effect::Tell(Box::new(What::Note(Note { text: text.to_owned() })))]
}

/// What a key does on the screens of an incident.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    if let Some(effects) = screen::act(model, action) {
        return Some(effects);
    }
    match action {
        Action::SetAcknowledged => Some(reached(model, Milestone::Acknowledged)),
        Action::SetMitigated => Some(reached(model, Milestone::Mitigated)),
        Action::SetResolved => Some(reached(model, Milestone::Resolved)),
        Action::ReopenIncident => Some(reopen(model)),
        Action::CloseIncident => Some(close(model)),
        Action::OtherIncident => Some(other(model)),
        Action::PinLine => Some(pin(model)),
        Action::SetSeverity
        | Action::SetRole
        | Action::AddMeasure
        | Action::EditMeasure
        | Action::EndMeasure
        | Action::HandOver => {
            if is_here(model) {
                forms::ask(model, action);
            }
            Some(Vec::new())
        }
        _ => None,
    }
}

/// Whether there is an incident to write to; says so where there is none.
fn is_here(model: &mut Model) -> bool {
    let Some(state) = model.incidents.state() else {
        model.say(format!("no incident is open: `{}` opens one", model.key(Action::Incident)), true);
        return false;
    };
    let (open, taken) = (state.is_unfinished(), model.incidents.taken);
    match (open, taken) {
        (true, true) => return true,
        (true, false) => model.say("the incident's journal is not open yet", true),
        (false, _) => model.say(
            format!(
                "the incident is closed: `{}` says that it is not over",
                model.key(Action::ReopenIncident)
            ),
            true,
        ),
    }
    false
}

fn reached(model: &mut Model, milestone: Milestone) -> Vec<Effect> {
    if !is_here(model) {
        return Vec::new();
    }
    let stage = model.incidents.state().map(crate::incident::state::State::stage);
    let known = match (milestone, stage) {
        (Milestone::Acknowledged, Some(stage)) => stage >= Stage::Acknowledged,
        (Milestone::Mitigated, Some(stage)) => stage >= Stage::Mitigated,
        (Milestone::Resolved, Some(stage)) => stage >= Stage::Resolved,
        _ => false,
    };
    if known {
        let key = model.key(Action::ReopenIncident);
        model.say(format!("it is {} already: `{key}` says that it is not over", milestone.name()), false);
        return Vec::new();
    }
    let mut says = String::new();
    if milestone == Milestone::Resolved
        && let Some(fires) = critical(model)
    {
        let warned = model.flash.as_ref().is_some_and(|flash| flash.text.ends_with(STILL_FIRES));
        if !warned {
            let key = model.key(Action::SetResolved);
            model.say(format!("{fires}: {key} {STILL_FIRES}"), true);
            return Vec::new();
        }
        says = fires;
    }
    vec![set(model, milestone, &says)]
}

const STILL_FIRES: &str = "again says that it is over all the same";

/// `2 critical alerts fire`; none where none does.
fn critical(model: &Model) -> Option<String> {
    let alerts = model.listing(Kind::Alert)?;
    let facts = model.firing.iter().filter_map(|id| Some(&alerts.get(id)?.facts));
    let critical = facts.filter(|facts| match facts {
        Facts::Alerts(AlertFacts::Alert(alert)) => urgency(&alert.severity) == 0,
        _ => false,
    });
    match critical.count() {
        0 => None,
        1 => Some("1 critical alert fires".to_owned()),
        several => Some(format!("{several} critical alerts fire")),
    }
}

fn set(model: &Model, milestone: Milestone, says: &str) -> Effect {
    let (at, by) = (model.now, model.user.clone());
    let set = MilestoneSet { milestone, at, says: says.to_owned(), by };
    Effect::Tell(Box::new(What::MilestoneSet(set)))
}

/// What was mitigated, resolved or closed is not over after all.
fn reopen(model: &mut Model) -> Vec<Effect> {
    let Some(state) = model.incidents.state() else {
        model.say(format!("no incident is open: `{}` opens one", model.key(Action::Incident)), true);
        return Vec::new();
    };
    let (come, name) = (state.stage(), state.name.clone());
    match come {
        Stage::Open | Stage::Acknowledged => {
            model.say("it is open: nobody has said that it is over", false);
            Vec::new()
        }
        Stage::Mitigated | Stage::Resolved => {
            if is_here(model) {
                vec![set(model, Milestone::Reopened, "")]
            } else {
                Vec::new()
            }
        }
        Stage::Closed => {
            model.incidents.wanted = Some(name.clone());
            vec![Effect::TakeUp(name), set(model, Milestone::Reopened, "")]
        }
    }
}

/// Closes it at once where nothing is left; else says what is, and asks why.
fn close(model: &mut Model) -> Vec<Effect> {
    if !is_here(model) {
        return Vec::new();
    }
    let Some(state) = model.incidents.state() else { return Vec::new() };
    let mut left = Vec::new();
    let measures: Vec<&str> = state.open_measures().map(|measure| measure.what.as_str()).collect();
    match measures.as_slice() {
        [] => {}
        [one] => left.push(format!("`{one}` is not taken back")),
        several => left.push(format!("{} are not taken back", counted(several.len(), "measure"))),
    }
    // One that is worked through has nothing left.
    let runs =
        state.open_runs().filter(|run| screen::left_of(model, &run.run).is_none_or(|left| !left.is_empty()));
    let runs = runs.count();
    let key = model.key(Action::CloseRun);
    if runs > 0 {
        left.push(format!("{} not ended ({key} in it)", counted(runs, "runbook")));
    }
    if state.stage() < Stage::Mitigated {
        left.push("nobody said that it is over".into());
    }
    if left.is_empty() {
        return vec![set(model, Milestone::Closed, "")];
    }
    typing::ask(model, Ask::CloseIncident { left: left.join(", ") }, "");
    if runs > 0 {
        model.say(format!("Esc, and {key} in its checklist, ends a runbook"), true);
    }
    Vec::new()
}

/// The reason was typed.
pub fn close_with(model: &mut Model, left: &str, why: &str) -> Vec<Effect> {
    if why.trim().is_empty() {
        model.say("not closed: what is left needs a reason", true);
        return Vec::new();
    }
    if !is_here(model) {
        return Vec::new();
    }
    vec![set(model, Milestone::Closed, &format!("{} ({left})", why.trim()))]
}

/// To the next of the others that are open.
fn other(model: &mut Model) -> Vec<Effect> {
    let others = model.incidents.others();
    let now = model.incidents.state().map(|state| state.name.clone()).unwrap_or_default();
    // Round, in the order of their names.
    let mut names: Vec<String> = others.iter().map(|state| state.name.clone()).collect();
    names.sort();
    let Some(next) = names.iter().find(|name| **name > now).or(names.first()) else {
        model.say("no other incident is open on this box", false);
        return Vec::new();
    };
    let effects = take_up(model, next.clone());
    let title = model.incidents.state().map(|state| state.title.clone()).unwrap_or_default();
    model.say(format!("now “{title}”: what is recorded goes there"), false);
    effects
}

fn pin(model: &mut Model) -> Vec<Effect> {
    let Some(Spot::Entry(entry)) = screen::spot(model) else {
        model.say(
            format!("a line of the time line is pinned: `{}` shows it", model.key(Action::TimeLine)),
            false,
        );
        return Vec::new();
    };
    if !is_here(model) {
        return Vec::new();
    }
    let no_longer = model.incidents.screen.entries.iter().any(|known| known.entry == entry && known.pinned);
    let by = model.user.clone();
    vec![Effect::Tell(Box::new(What::EntryPinned(EntryPinned { entry, by, no_longer })))]
}

/// Runs of the day that are under way belong to the incident that is opened now.
fn joins(model: &Model) -> Vec<RunJoined> {
    let journal = |run: &str| {
        let opened = model.incidents.known.events().find(|event| match &event.what {
            What::RunOpened(said) => said.run == run,
            _ => false,
        });
        opened.map(|event| event.incident.clone())
    };
    let open = model.runs.all.values().filter(|known| known.run.closed().is_none());
    let joined = open.filter_map(|known| {
        let run = known.run.name().to_owned();
        // One of another incident is that one's.
        let journal = journal(&run).filter(|name| !name.starts_with(crate::incident::name::INCIDENT))?;
        let steps = u32::try_from(known.book.runbook.counted_steps()).ok();
        Some(RunJoined { run, journal, steps, by: model.user.clone() })
    });
    joined.collect()
}

fn open_with(model: &mut Model, opened: IncidentOpened) -> Vec<Effect> {
    let joins = joins(model);
    model.incidents.wanted = Some(String::new());
    vec![Effect::OpenIncident { opened: Box::new(opened), joins }]
}

/// The clock. Only the cells of an open incident's clock may change every second.
pub fn tick(model: &mut Model, before: crate::domain::time::Timestamp) -> Vec<Effect> {
    /// What drifts is read so often.
    const STEP: i64 = 10_000;
    if model.incidents.open().is_none() {
        return Vec::new();
    }
    if clock::facts(model, before) != clock::facts(model, model.now) {
        model.mark_dirty(Dirty::Soon);
    }
    if before.0.div_euclid(STEP) == model.now.0.div_euclid(STEP) {
        return Vec::new();
    }
    screen::rebuild(model);
    measures::look(model)
}
