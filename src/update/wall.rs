//! Turns the pages of the wall: by the clock, by a key, and to what has just begun to fire.
use crate::domain::settings::Action;
use crate::model::rota::Page;
use crate::model::{Dirty, Model};
use crate::panes::wall::{Shown, reads_for, shown};

/// The next page once this one could be read. What is bad stands above every page, so that none turns away from it.
pub fn tick(model: &mut Model) {
    if !model.wall {
        return;
    }
    let worst = model.firing.first().cloned();
    let news = worst.is_some() && worst != model.rota.worst;
    model.rota.worst = worst;
    if model.rota.pinned {
        return;
    }
    let shown = shown(model);
    if news && shown.pages.contains(&Page::Fires) {
        turn(model, Page::Fires);
    } else if model.now.since(model.rota.since) >= reads_for(model, shown.page) {
        next(model, &shown);
    }
}

pub fn act(model: &mut Model, action: Action) {
    let shown = shown(model);
    match action {
        Action::Pin => {
            model.rota.pinned = !model.rota.pinned;
            // What was pinned is read once more before it goes.
            turn(model, shown.page);
        }
        Action::NextPage => next(model, &shown),
        _ => {}
    }
}

fn next(model: &mut Model, shown: &Shown) {
    let at = shown.pages.iter().position(|page| *page == shown.page).unwrap_or(0);
    if let Some(page) = shown.pages.get((at + 1) % shown.pages.len().max(1)) {
        turn(model, *page);
    }
}

fn turn(model: &mut Model, page: Page) {
    if model.rota.page != page {
        model.mark_dirty(Dirty::Soon);
    }
    (model.rota.page, model.rota.since) = (page, model.now);
}
