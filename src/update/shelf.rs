//! The team's runbooks: the list, what fits, and moving about in the one that is open.
mod fits;

use super::{overview, typing};
use crate::domain::object::{Kind, ObjectRef, Realm};
use crate::domain::settings::Action;
use crate::model::board::{Glance, PaneKind};
use crate::model::checklist::{Checklist, Spot};
use crate::model::msg::Effect;
use crate::model::overlay::Ask;
use crate::model::shelf::{Book, Fit, List, Reading, Shelf, Shelved};
use crate::model::{Dirty, Model};
use crate::panes::layout::layout;
use crate::panes::runbooks::{Line, here, lines};
use crate::panes::{checklist, things};
use crate::runbook::suggest::Alert;

pub(super) use fits::fits_of;
pub use fits::refit;

/// Of those that a search finds.
const FOUND: usize = 200;

/// Documents were read, or read anew.
pub fn shelved(model: &mut Model, shelved: Shelved) {
    model.shelf.take(shelved);
    if let Some(open) = &mut model.checklist {
        let now = model.shelf.book(&open.book.id());
        open.outdated = now.is_none_or(|now| *now.runbook != *open.book.runbook);
        if open.outdated {
            model.say("the open runbook's file has changed: it goes on as it was", false);
        }
    }
    refit(model);
    look_again(model);
    land(model);
    model.mark_dirty(Dirty::Soon);
}

/// A runbook to open, at the start; it waits for the documents.
pub fn wanted(model: &mut Model, words: String) {
    if model.shelf.reading == Reading::Unnamed {
        model.say("no runbooks are named in the settings: `runbooks = [\"/path\"]`", true);
        return;
    }
    model.shelf.wanted = Some(words);
    land(model);
}

fn land(model: &mut Model) {
    let (Some(index), Some(words)) = (&model.shelf.index, &model.shelf.wanted) else { return };
    let words = words.clone();
    let hits = if words.contains("://") {
        index.for_alert(&Alert { runbook_url: Some(words.clone()), ..Alert::default() })
    } else {
        index.search(&words)
    };
    model.shelf.wanted = None;
    let shown = crate::domain::text::clean_to(&words, 80).into_owned();
    let found: Vec<Fit> = hits.into_iter().take(FOUND).filter_map(|hit| model.shelf.fit(hit, None)).collect();
    match found.as_slice() {
        [] => {
            list(model);
            model.say(format!("no runbook is found for `{shown}`"), true);
        }
        [one] => {
            open(model, one.book.clone());
        }
        // The very title, or the best of several, with the others one key away.
        [first, ..] => {
            let exact = |fit: &&Fit| fit.book.runbook.title.eq_ignore_ascii_case(&words);
            let book = found.iter().find(exact).unwrap_or(first).book.clone();
            model.shelf.list = Some(List { words, found, ..List::default() });
            open(model, book);
        }
    }
}

/// `r`: the list, beginning with what fits the thing that is meant here; in the list, back to the open runbook.
pub fn list(model: &mut Model) -> Vec<Effect> {
    if model.board.focus == PaneKind::Runbooks && model.checklist.is_some() {
        model.board.focus = PaneKind::Checklist;
        return Vec::new();
    }
    let of = match model.board.focus {
        PaneKind::Things => things::selected(model),
        PaneKind::Detail => model.detail.as_ref().map(|detail| detail.target.clone()),
        PaneKind::Overview => match &model.board.glance {
            Some(Glance::Fire(id) | Glance::Trouble(id) | Glance::Change(_, id)) => Some(id.clone()),
            _ => None,
        },
        _ => None,
    };
    let fits = of.as_ref().map_or_else(Vec::new, |of| fits_of(model, of));
    // That none fits is said of what is often in trouble; of anything else, what is wrong elsewhere says more.
    let asked =
        |of: &ObjectRef| matches!(of.kind, Kind::Alert | Kind::Pod) || of.kind.realm() == Realm::Database;
    let of = of.filter(|of| asked(of) || !fits.is_empty());
    let begun = super::run::begun(model);
    model.shelf.list = Some(List { of, fits, begun, ..List::default() });
    hold(model);
    model.board.focus = PaneKind::Runbooks;
    Vec::new()
}

/// The first one stays selected, whatever comes to fit while the list is open.
fn hold(model: &mut Model) {
    let first = lines(&model.shelf).iter().find_map(Line::at);
    if let Some(list) = model.shelf.list.as_mut().filter(|list| list.here.is_none()) {
        list.here = first;
    }
}

/// Moving in the list, and opening; says whether the action was one of these.
pub fn act(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let lines = lines(&model.shelf);
    let list = model.shelf.list.as_ref()?;
    let at = here(list, &lines);
    let stops: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].at().is_some()).collect();
    let nth = at.and_then(|at| stops.iter().position(|stop| *stop == at)).unwrap_or(0);
    if action == Action::OpenRunbook {
        let Some(Line::Book { book, .. }) = at.map(|at| lines[at].clone()) else {
            if list.here.is_some() {
                model.say("the selected runbook is gone: choose again", true);
            }
            return Some(Vec::new());
        };
        return Some(open(model, book));
    }
    let to = moved(model, PaneKind::Runbooks, action, nth, stops.len())?;
    let chosen = stops.get(to).and_then(|at| lines[*at].at());
    if let Some(list) = &mut model.shelf.list {
        list.here = chosen;
    }
    Some(Vec::new())
}

/// Where an action that moves leads among so many.
fn moved(model: &Model, pane: PaneKind, action: Action, nth: usize, count: usize) -> Option<usize> {
    let rows = layout(model).pane(pane).map_or(10, |area| usize::from(area.height.saturating_sub(2))).max(2);
    let last = count.saturating_sub(1);
    Some(match action {
        Action::Up => nth.saturating_sub(1),
        Action::Down => (nth + 1).min(last),
        Action::HalfUp => nth.saturating_sub(rows / 2),
        Action::HalfDown => (nth + rows / 2).min(last),
        Action::PageUp => nth.saturating_sub(rows),
        Action::PageDown => (nth + rows).min(last),
        Action::Top => 0,
        Action::Bottom => last,
        _ => return None,
    })
}

pub fn open(model: &mut Model, book: Book) -> Vec<Effect> {
    let same = model.checklist.as_ref().is_some_and(|open| open.book.id() == book.id() && !open.outdated);
    if !same {
        let run = super::run::unfinished(model, &book);
        // A run goes on with the document that it began with: its steps are counted as they were then.
        let begun = run.as_ref().and_then(|run| model.runs.all.get(run)).map(|known| known.book.clone());
        let outdated = begun.as_ref().is_some_and(|begun| begun.runbook != book.runbook);
        let book = begun.unwrap_or(book);
        let here = checklist::spots(&book.runbook).next().unwrap_or_default();
        let of = model.shelf.list.as_ref().and_then(|list| list.of.clone());
        model.checklist = Some(Checklist { here, outdated, run, of, ..Checklist::new(book) });
        super::run::go::stand(model);
    }
    model.board.focus = PaneKind::Checklist;
    Vec::new()
}

/// Closes the list: to the open runbook, or to the panes.
pub fn back(model: &mut Model) -> Vec<Effect> {
    if model.shelf.list.as_ref().is_some_and(|list| !list.words.is_empty()) {
        typed(model, "");
        return Vec::new();
    }
    model.shelf.list = None;
    leave(model)
}

/// To the panes beside it.
pub fn leave(model: &mut Model) -> Vec<Effect> {
    model.board.focus = PaneKind::Things;
    if crate::panes::tables::others_in_view(model) { overview::show(model) } else { Vec::new() }
}

/// Moving in the open runbook; says whether the action was one of these.
pub fn read(model: &mut Model, action: Action) -> Option<Vec<Effect>> {
    let open = model.checklist.as_ref()?;
    let spots: Vec<Spot> = checklist::spots(&open.book.runbook).collect();
    let here = open.here;
    let nth = spots.iter().position(|spot| *spot == here).unwrap_or(0);
    let to = match action {
        Action::NextStep => spots.iter().position(|spot| spot.step > here.step).unwrap_or(nth),
        Action::PrevStep => {
            let before = spots.iter().rev().find(|spot| spot.step < here.step).map_or(0, |spot| spot.step);
            spots.iter().position(|spot| spot.step >= before).unwrap_or(0)
        }
        Action::Jump => {
            typing::ask(model, Ask::Step, "");
            return Some(Vec::new());
        }
        action => moved(model, PaneKind::Checklist, action, nth, spots.len())?,
    };
    go(model, spots.get(to).copied());
    Some(Vec::new())
}

fn go(model: &mut Model, to: Option<Spot>) {
    if let (Some(open), Some(to)) = (&mut model.checklist, to) {
        open.here = to;
    }
}

/// To the step of this number.
pub fn jump(model: &mut Model, text: &str) {
    let Some(open) = &model.checklist else { return };
    let wanted = text.trim();
    let at = open.book.runbook.steps.iter().position(|step| step.n.eq_ignore_ascii_case(wanted));
    let spot = at.and_then(|at| checklist::spots(&open.book.runbook).find(|spot| spot.step >= at));
    match spot {
        Some(_) => go(model, spot),
        None if wanted.is_empty() => {}
        None => model.say(format!("there is no step `{}`", crate::domain::text::clean(wanted)), true),
    }
}

/// To the next place in which these words stand, from here on and round.
pub fn find(model: &mut Model, text: &str) {
    if let Some(open) = &mut model.checklist {
        open.find = text.to_lowercase();
    }
    let Some(open) = model.checklist.as_ref().filter(|open| !open.find.is_empty()) else { return };
    let lines = checklist::lines(model, open, usize::MAX, 0);
    let holds = |line: &checklist::Line| {
        let text: String = line.text.iter().map(|fact| fact.text.to_lowercase()).collect();
        text.contains(&open.find)
    };
    let hits: Vec<Spot> = lines.iter().filter(|line| holds(line)).filter_map(|line| line.spot).collect();
    let next = hits.iter().find(|spot| **spot > open.here).or(hits.first()).copied();
    match next {
        Some(_) => go(model, next),
        None => model.say(format!("`{}` is not in this runbook", crate::domain::text::clean(text)), true),
    }
}

/// Words typed to search the runbooks.
pub fn typed(model: &mut Model, words: &str) {
    let found = search(&model.shelf, words);
    if let Some(list) = &mut model.shelf.list {
        words.clone_into(&mut list.words);
        list.found = found;
        list.here = None;
    }
    if words.is_empty() {
        hold(model);
    }
}

fn search(shelf: &Shelf, words: &str) -> Vec<Fit> {
    let Some(index) = shelf.index.as_ref().filter(|_| !words.trim().is_empty()) else { return Vec::new() };
    index.search(words).into_iter().take(FOUND).filter_map(|hit| shelf.fit(hit, None)).collect()
}

/// The list is of the documents as they are now.
fn look_again(model: &mut Model) {
    let Some(list) = &model.shelf.list else { return };
    let (of, words) = (list.of.clone(), list.words.clone());
    let fits = of.as_ref().map_or_else(Vec::new, |of| fits_of(model, of));
    let found = search(&model.shelf, &words);
    let begun = super::run::begun(model);
    if let Some(list) = &mut model.shelf.list {
        (list.fits, list.found, list.begun) = (fits, found, begun);
    }
    hold(model);
}

/// What is copied: the command as it is written, or the step's title.
pub fn copied(model: &Model) -> Option<String> {
    let open = model.checklist.as_ref()?;
    let step = open.book.runbook.steps.get(open.here.step)?;
    Some(match checklist::command(&open.book.runbook, open.here) {
        Some(command) => command.statement.text.clone(),
        None => step.title.clone(),
    })
}

/// What is copied of the list: the runbook's place.
pub fn place(model: &Model) -> Option<String> {
    let lines = lines(&model.shelf);
    let list = model.shelf.list.as_ref()?;
    match lines.get(here(list, &lines)?)? {
        Line::Book { book, .. } => Some(format!("{}:{}", book.document.path, book.runbook.line)),
        _ => None,
    }
}
