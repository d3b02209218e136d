//! Turns the pages of the wall: by the clock, by a key, and to what has just begun to fire.
use crate::domain::settings::Action;
use crate::model::rota::Page;
use crate::model::{Dirty, Model};
use crate::panes::wall::{page, pages, reads_for};

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
    if news && pages(model).contains(&Page::Fires) {
        turn(model, Page::Fires);
    } else if model.now.since(model.rota.since) >= reads_for(model) {
        next(model);
    }
}

pub fn act(model: &mut Model, action: Action) {
    match action {
        Action::Pin => {
            model.rota.pinned = !model.rota.pinned;
            // What was pinned is read once more before it goes.
            let shown = page(model);
            turn(model, shown);
        }
        Action::NextPage => next(model),
        _ => {}
    }
}

fn next(model: &mut Model) {
    let all = pages(model);
    let shown = page(model);
    let at = all.iter().position(|page| *page == shown).unwrap_or(0);
    if let Some(page) = all.get((at + 1) % all.len().max(1)) {
        turn(model, *page);
    }
}

fn turn(model: &mut Model, page: Page) {
    if model.rota.page != page {
        model.mark_dirty(Dirty::Soon);
    }
    (model.rota.page, model.rota.since) = (page, model.now);
}
