//! Draws the model; changes nothing.
pub mod chrome;
pub mod help;
pub mod paint;
pub mod palette;
pub mod style;
pub mod table;
pub mod text;
pub mod wall;

use ratatui::Frame;
use ratatui::layout::Rect;

use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::overlay::Overlay;
use crate::panes::layout::{Area, layout};
use paint::Paint;

/// Draws everything. The cursor stands where something is being typed, and nowhere else.
pub fn draw(frame: &mut Frame<'_>, model: &Model) {
    let area = frame.area();
    // A resize may arrive between the model's size and the terminal's.
    if (area.width, area.height) != model.size || area.is_empty() {
        return;
    }
    let paint = Paint::new(&model.settings);
    frame.buffer_mut().set_style(area, paint.style(Role::Text));
    if model.wall {
        wall::draw(frame.buffer_mut(), &paint, model);
        return;
    }
    let places = layout(model);
    chrome::header(frame.buffer_mut(), &paint, model, places.header);
    chrome::lamps(frame.buffer_mut(), &paint, model, places.lamps);
    for (kind, area) in &places.panes {
        match kind {
            PaneKind::Things => table::draw(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Detail => text::draw(frame.buffer_mut(), &paint, model, *area),
            PaneKind::Logs => {}
        }
    }
    for rule in &places.rules {
        chrome::rule(frame.buffer_mut(), &paint, *rule);
    }
    for upright in &places.uprights {
        chrome::upright(frame.buffer_mut(), &paint, *upright);
    }
    let cursor = chrome::says(frame.buffer_mut(), &paint, model, places.says);
    chrome::keys(frame.buffer_mut(), &paint, model, places.keys);
    if let Some(position) = overlays(frame, &paint, model).or(cursor) {
        frame.set_cursor_position(position);
    }
}

fn overlays(frame: &mut Frame<'_>, paint: &Paint<'_>, model: &Model) -> Option<(u16, u16)> {
    let mut cursor = None;
    for overlay in &model.overlays {
        let buffer = frame.buffer_mut();
        match overlay {
            Overlay::Help { of, top } => help::draw(buffer, paint, model, *of, *top),
            Overlay::Palette(palette) => cursor = palette::draw(buffer, paint, palette),
            Overlay::Deeds { line } => help::deeds(buffer, paint, model, *line),
            Overlay::Columns { line } => help::columns(buffer, paint, model, *line),
            Overlay::Line { .. } | Overlay::Question => {}
        }
    }
    cursor
}

pub fn rect(area: Area) -> Rect {
    Rect::new(area.x, area.y, area.width, area.height)
}
