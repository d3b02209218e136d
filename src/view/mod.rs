//! Draws the model; changes nothing.
pub mod books;
pub mod chrome;
pub mod help;
pub mod incident;
pub mod logs;
mod output;
pub mod overview;
pub mod paint;
pub mod palette;
pub mod question;
pub mod style;
pub mod table;
pub mod text;
pub mod wall;
pub mod wrap;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::approval::QuestionId;
use crate::domain::object::Kind;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::overlay::Overlay;
use crate::panes::layout::{Area, Layout, layout};
use crate::panes::things;
use style::Paint;

/// Draws everything. The cursor stands where something is being typed, and nowhere else.
///
/// Says which question, at which revision, is now to be read: the loop tells it back once the terminal has it.
pub fn draw(frame: &mut Frame<'_>, model: &Model) -> Option<(QuestionId, u32)> {
    let area = frame.area();
    // A resize may arrive between the model's size and the terminal's.
    if (area.width, area.height) != model.size || area.is_empty() {
        return None;
    }
    let paint = Paint::new(&model.settings);
    frame.buffer_mut().set_style(area, paint.style(Role::Text));
    if model.wall {
        wall::draw(frame.buffer_mut(), &paint, model);
        return None;
    }
    let places = layout(model);
    chrome::header(frame.buffer_mut(), &paint, model, places.header);
    chrome::lamps(frame.buffer_mut(), &paint, model, places.lamps);
    for (kind, area) in &places.panes {
        match kind {
            PaneKind::Things => table::draw(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Overview => overview::draw(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Detail => text::draw(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Runbooks => books::list(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Checklist => books::checklist(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Incident => incident::draw(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Logs => chrome::log(frame.buffer_mut(), &paint, model, *area),
        }
    }
    for rule in &places.rules {
        chrome::rule(frame.buffer_mut(), &paint, *rule);
    }
    for upright in &places.uprights {
        chrome::upright(frame.buffer_mut(), &paint, *upright);
    }
    // On the smallest screens what is typed and what just happened takes the place of the keys.
    let speaks = model.flash.is_some() || matches!(model.overlays.last(), Some(Overlay::Line { .. }));
    let small = places.says.is_empty() && speaks;
    let says = if small { places.keys } else { places.says };
    let cursor = chrome::says(frame.buffer_mut(), &paint, model, says);
    if !small {
        chrome::keys(frame.buffer_mut(), &paint, model, places.keys);
    }
    if let Some(position) = overlays(frame, &paint, model).or(cursor) {
        frame.set_cursor_position(position);
    }
    let body = places.panes.first().map_or(area, |(_, pane)| rect(*pane));
    let body = Rect { height: places.keys.y.saturating_sub(body.y).max(1), width: area.width, x: 0, ..body };
    question::draw(
        frame.buffer_mut(),
        body,
        beside(model, &places),
        &model.questions,
        &model.settings.keymap,
        &paint,
    )
}

/// The row that a question is about, which it must not cover.
fn beside(model: &Model, places: &Layout) -> Option<u16> {
    if model.board.focus == PaneKind::Checklist {
        return books::row(model, places.pane(PaneKind::Checklist)?);
    }
    let area = places.pane(PaneKind::Things)?;
    let row = match model.board.kind {
        Kind::Pod => model.pods.row()?.checked_sub(model.pods.offset())?,
        kind => {
            let listing = model.listing(kind)?;
            listing.row()?.checked_sub(listing.offset())?
        }
    };
    let y = things::first_row(model, area).checked_add(u16::try_from(row).ok()?)?;
    (y < area.bottom()).then_some(y)
}

fn overlays(frame: &mut Frame<'_>, paint: &Paint<'_>, model: &Model) -> Option<(u16, u16)> {
    let mut cursor = None;
    for overlay in &model.overlays {
        let buffer = frame.buffer_mut();
        match overlay {
            Overlay::Help { of, top } => help::draw(buffer, paint, model, *of, *top),
            Overlay::Palette(palette) => cursor = palette::draw(buffer, paint, palette),
            Overlay::Form(form) => cursor = incident::form(buffer, paint, model, form),
            Overlay::Deeds { line } => help::deeds(buffer, paint, model, *line),
            Overlay::Exercise { line } => help::exercise(buffer, paint, model, *line),
            Overlay::Columns { line } => help::columns(buffer, paint, model, *line),
            Overlay::Output(reading) => output::draw(buffer, paint, model, reading),
            Overlay::Line { .. } | Overlay::Question => {}
        }
    }
    cursor
}

pub fn rect(area: Area) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height)
}
