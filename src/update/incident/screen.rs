//! The screens of an incident: moving about in them, what they are made of, and writing them down.
use std::collections::BTreeMap;

use crate::domain::alert::AlertFacts;
use crate::domain::change::Change;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::level::Level;
use crate::domain::object::{Facts, Kind};
use crate::domain::settings::Action;
use crate::domain::time::Timestamp;
use crate::incident::clock::Calendar;
use crate::incident::handover::{ActiveAlert, Handover, Known, SHIFT, Sources};
use crate::incident::paper::{Paper, Section};
use crate::incident::report::{self, Report, Review};
use crate::incident::state::{self, State};
use crate::incident::timeline::{self, Entry};
use crate::incident::words;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::incident::{Page, Spot};
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::panes::incident::lines;
use crate::panes::layout::Layout;
use crate::panes::tables;
use crate::runbook::StepKind;
use crate::update::changes::deeds::STEP;
use crate::update::typing;

/// To one of the pages, as it is now.
pub(super) fn show(model: &mut Model, page: Page) {
    let screen = &mut model.incidents.screen;
    let is_new = screen.page != page || model.board.focus != PaneKind::Incident;
    if screen.page != page {
        (screen.page, screen.line, screen.spot) = (page, 0, None);
    }
    if model.board.focus != PaneKind::Incident {
        screen.from = model.board.focus;
    }
    model.board.focus = PaneKind::Incident;
    rebuild(model);
    if page == Page::TimeLine && is_new {
        // What happened last is what is asked for.
        go(model, usize::MAX);
    }
}

/// Makes the page anew that is shown, and finds its line again.
pub(super) fn rebuild(model: &mut Model) {
    if model.board.focus != PaneKind::Incident {
        return;
    }
    let at_end = model.incidents.screen.line + 1 >= lines::count(model);
    match model.incidents.screen.page {
        Page::Stand => model.incidents.screen.others = model.incidents.others(),
        Page::TimeLine => {
            let filter = model.incidents.screen.filter.clone();
            let mut entries = entries(model);
            entries.retain(|entry| filter.fits(entry));
            model.incidents.screen.entries = entries;
        }
        Page::Handover => {
            let handover = handover(model);
            model.incidents.screen.handover = Some(Box::new(handover));
        }
    }
    let count = lines::count(model);
    let screen = &model.incidents.screen;
    let line = match &screen.spot {
        // Whoever follows the end goes on with it.
        Some(Spot::Entry(_)) if at_end => count.saturating_sub(1),
        Some(spot) => lines::find(model, spot).unwrap_or(screen.line),
        None => screen.line,
    };
    go(model, line);
}

/// Back to the board; what is filtered is shown again first.
pub fn back(model: &mut Model) -> Vec<Effect> {
    let filter = &mut model.incidents.screen.filter;
    if model.incidents.screen.page == Page::TimeLine && (filter.pinned || !filter.words.is_empty()) {
        (filter.pinned, filter.words) = (false, String::new());
        rebuild(model);
        return Vec::new();
    }
    if model.incidents.screen.page != Page::Stand && model.incidents.open().is_some() {
        show(model, Page::Stand);
        return Vec::new();
    }
    // What is closed was looked at for the last time: the time line is the shift's again.
    if model.incidents.open().is_none() && model.incidents.wanted.is_none() {
        model.incidents.live = None;
    }
    model.board.focus = model.incidents.screen.from;
    Vec::new()
}

/// `/`: looks through the time line.
pub fn find(model: &mut Model) {
    show(model, Page::TimeLine);
    let words = model.incidents.screen.filter.words.clone();
    typing::ask(model, Ask::TimeLine, &words);
}

/// What the line where you are is about.
pub(super) fn spot(model: &Model) -> Option<Spot> {
    lines::spot(model, model.incidents.screen.line)
}

fn go(model: &mut Model, line: usize) {
    let line = line.min(lines::count(model).saturating_sub(1));
    let spot = lines::spot(model, line);
    let screen = &mut model.incidents.screen;
    (screen.line, screen.spot) = (line, spot);
}

/// The pane's size, as the layout gives it.
pub fn fit(model: &mut Model, places: &Layout) {
    let Some(area) = places.pane(PaneKind::Incident) else { return };
    let screen = &mut model.incidents.screen;
    let (width, height) =
        (usize::from(area.width.saturating_sub(3)), usize::from(area.height.saturating_sub(1)));
    if (screen.width, screen.height) != (width, height) {
        (screen.width, screen.height) = (width, height);
        rebuild(model);
    }
}

/// Moving, writing down; says whether the action was one of these.
pub(super) fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let screen = &model.incidents.screen;
    let (here, page) = (screen.line, screen.height.max(2));
    let to = match action {
        Action::Up => here.saturating_sub(1),
        Action::Down => here + 1,
        Action::HalfUp => here.saturating_sub(page / 2),
        Action::HalfDown => here + page / 2,
        Action::PageUp => here.saturating_sub(page),
        Action::PageDown => here + page,
        Action::Top => 0,
        Action::Bottom => usize::MAX,
        Action::OnlyPinned => {
            let filter = &mut model.incidents.screen.filter;
            filter.pinned = !filter.pinned;
            show(model, Page::TimeLine);
            return Some(Vec::new());
        }
        Action::WriteDown => return Some(write_down(model)),
        _ => return None,
    };
    go(model, to);
    Some(Vec::new())
}

/// Only lines with these words; takes effect while they are typed.
pub fn filter(model: &mut Model, words: &str) {
    words.clone_into(&mut model.incidents.screen.filter.words);
    rebuild(model);
}

/// The page as Markdown, to a file of its own.
fn write_down(model: &mut Model) -> Vec<Effect> {
    let at = model.now.rfc3339();
    let stamp = at.get(..16).unwrap_or(&at).replace(':', "").replace('T', "-");
    let name = model.incidents.state().map_or("day", |state| state.name.as_str());
    let (name, text) = match model.incidents.screen.page {
        Page::Stand if model.incidents.state().is_none() => {
            model.say("no incident is open: there is nothing to write down", true);
            return Vec::new();
        }
        Page::Stand => (format!("{name}.md"), post_mortem(model)),
        Page::TimeLine => (format!("{name}-time-line-{stamp}.md"), time_line(model).markdown()),
        Page::Handover => (format!("handover-{stamp}.md"), handover(model).paper(&model.zone).markdown()),
    };
    vec![Effect::Write { name, text }]
}

/// What is copied: the command that takes a measure back, a line, or the page as Markdown.
pub fn copied(model: &Model) -> Option<String> {
    match (model.incidents.screen.page, spot(model)) {
        (_, Some(Spot::Measure(name))) => {
            let measure = model.incidents.state()?.measures.iter().find(|known| known.measure == name)?;
            let revert = measure.revert.clone();
            Some(if revert.is_empty() { measure.what.clone() } else { revert })
        }
        (Page::Stand, _) => model.incidents.state().map(|_| post_mortem(model)),
        (Page::TimeLine, _) => Some(time_line(model).markdown()),
        (Page::Handover, _) => Some(handover(model).paper(&model.zone).markdown()),
    }
}

/// By when the incident has to be looked back upon.
pub(super) fn review_due(model: &Model) -> Option<String> {
    let state = model.incidents.live.as_ref()?.state();
    let due = Review::new(state, &Calendar::at(model.zone.clone())).due?;
    Some(words::weekday(due, &model.zone))
}

/// The draft of what is looked back upon.
fn post_mortem(model: &Model) -> String {
    let Some(live) = &model.incidents.live else { return String::new() };
    let calendar = Calendar::at(model.zone.clone());
    let timeline = entries(model);
    let sources = report::Sources {
        now: model.now,
        calendar: &calendar,
        state: live.state(),
        timeline: &timeline,
        troubles: &[],
    };
    Report::new(&sources).paper(&model.zone).markdown()
}

fn time_line(model: &Model) -> Paper {
    let entries = &model.incidents.screen.entries;
    let title = match model.incidents.state() {
        Some(state) => format!("Time line of {}: {}", state.name, state.title),
        None => "Time line".to_owned(),
    };
    let table = timeline::table(entries.iter(), &model.zone);
    let facts = vec![("Lines", entries.len().to_string())];
    Paper { title, facts, sections: vec![Section::new("What happened", vec![table])] }
}

/// What was seen to change since then, by the names that everybody knows.
fn changes(model: &Model, since: Timestamp) -> Vec<(String, Change)> {
    let all = model.listing(Kind::Change).into_iter().flat_map(crate::model::listing::Listing::all);
    let named = all.filter_map(|object| match &object.facts {
        Facts::Change(change) if change.at >= since => Some((object.id.name.to_string(), (**change).clone())),
        _ => None,
    });
    named.collect()
}

/// All lines of the incident; of this shift where none is open.
fn entries(model: &Model) -> Vec<Entry> {
    match &model.incidents.live {
        Some(live) => {
            let state = live.state();
            let changes = without_steps(changes(model, state.detected()));
            let events = state::events(&state.name, live.events());
            let end = state.is_unfinished().then_some(model.now);
            timeline::with_gaps(timeline::build(events, &changes, &steps(model)), None, end)
        }
        None => of_shift(model, &without_steps(changes(model, shift(model.now)))),
    }
}

/// What the steps of the runs are called that are known here.
fn steps(model: &Model) -> timeline::Steps {
    let named = model.runs.all.values().flat_map(|known| {
        let steps = (0..).zip(&known.run.runbook().steps);
        steps.map(|(at, step)| ((known.run.name().to_owned(), at), step.n.clone()))
    });
    named.filter(|(_, n)| n != "0").collect()
}

/// Those that the journal has not told as steps.
fn without_steps(mut changes: Vec<(String, Change)>) -> Vec<(String, Change)> {
    changes.retain(|(name, _)| !name.starts_with(STEP));
    changes
}

fn of_shift(model: &Model, changes: &[(String, Change)]) -> Vec<Entry> {
    let since = shift(model.now);
    let mut entries = timeline::build(model.incidents.known.iter(), changes, &steps(model));
    entries.retain(|entry| entry.at >= since);
    entries
}

fn shift(now: Timestamp) -> Timestamp {
    Timestamp(now.0.saturating_sub(i64::try_from(SHIFT.as_millis()).unwrap_or(0)))
}

/// What the next shift has to know, with what the panes have now.
fn handover(model: &Model) -> Handover {
    let states = state::all(&model.incidents.known);
    let since = shift(model.now);
    let began = model.incidents.began;
    let changes_seen = if began <= since {
        Ok(())
    } else {
        Err(format!("this cockpit has watched since {}", words::minute(began, &model.zone)))
    };
    Handover::new(&Sources {
        now: model.now,
        since,
        calendar: &Calendar::at(model.zone.clone()),
        states: &states,
        // What steps have changed stands among the changes there.
        timeline: &of_shift(model, &changes(model, since)),
        alerts: alerts(model),
        changes_seen,
        unticked: &unticked(model, &states),
        troubles: &[],
        by: &model.user,
    })
}

fn alerts(model: &Model) -> Known<Vec<ActiveAlert>> {
    let fed = |feed: &Feed| tables::fed_by(Kind::Alert, feed);
    let feeds: Vec<_> = model.feeds.iter().filter(|(feed, _)| fed(feed)).collect();
    let seen =
        model.listing(Kind::Alert).map(|listing| listing.all().collect::<Vec<_>>()).unwrap_or_default();
    if feeds.is_empty() && seen.is_empty() {
        return Known::NotSeen("no server of alerts is named in the profile".into());
    }
    let live = feeds.iter().any(|(_, status)| status.state == FeedState::Live);
    if seen.is_empty() && !live {
        let state = crate::panes::state::state_of(model, fed);
        return Known::NotSeen(state.text);
    }
    let active = seen.into_iter().filter_map(|object| match &object.facts {
        // One that is there to arrive, or that only tells, is no trouble to hand over.
        Facts::Alerts(AlertFacts::Alert(alert)) if alert.level() != Level::Fine => {
            let cares = model.acknowledged.get(&object.id).map(|said| (said.by.as_str(), said.at));
            Some(ActiveAlert::new(alert, cares))
        }
        _ => None,
    });
    Known::Seen(active.collect())
}

/// The steps that nobody did, ticked or skipped, by run.
fn unticked(model: &Model, states: &[State]) -> BTreeMap<String, Vec<String>> {
    let runs = states.iter().flat_map(State::open_runs);
    runs.filter_map(|run| Some((run.run.clone(), left_of(model, &run.run)?))).collect()
}

/// What is left of a run, on the ways that were chosen; none where its runbook is not known here.
pub(super) fn left_of(model: &Model, run: &str) -> Option<Vec<String>> {
    let run = &model.runs.all.get(run)?.run;
    let steps = (0..).zip(&run.runbook().steps);
    let to_do = steps.filter(|(_, step)| step.n != "0" && step.kind != StepKind::Note);
    let left = to_do.filter(|(at, _)| run.view(*at).is_some_and(|view| !view.state.is_done()));
    Some(left.map(|(_, step)| format!("{} {}", step.n, step.title)).collect())
}
