//! The wall: read from five metres. Nothing on it acts.
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_big_text::{BigText, PixelSize};

use super::style::Paint;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::rota::Page;
use crate::panes::layout::Area;
use crate::panes::wall::{self, Figure, Trouble};
use crate::panes::{Cut, header};

/// Rows of a big figure, and columns of one of its characters.
const TALL: u16 = 4;
const BROAD: u16 = 8;
/// Columns between two figures.
const GAP: u16 = 4;
/// From here on there is room for two rows of figures.
const ROOMY: u16 = 36;

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model) {
    let screen = Area::new(0, 0, buffer.area.width, buffer.area.height);
    let inner = Area { x: 2, width: screen.width.saturating_sub(4), ..screen };
    let clock = clock(model);
    let mut all = wall::figures(model);
    let wide: u16 = all.iter().chain([&clock]).map(broad).sum();
    let top = Area { height: 1, ..inner };
    if wide <= inner.width + GAP || screen.height >= ROOMY {
        paint.facts(buffer, top, &header::place(model), "");
        all.insert(0, clock);
    } else {
        // What is wrong needs the room more than the clock does.
        let words = format!("{}  {}", clock.text, clock.label);
        let width = u16::try_from(words.chars().count()).unwrap_or(u16::MAX).min(inner.width);
        let x = inner.x + inner.width - width;
        paint.facts(
            buffer,
            Area { width: (inner.width - width).saturating_sub(2), ..top },
            &header::place(model),
            "",
        );
        paint.text(buffer, x, top.y, width, &words, Role::Title);
    }
    let mut y = 2;
    y += figures(buffer, paint, &all, Area { y, height: screen.height.saturating_sub(y), ..inner });
    if y + 1 < screen.height {
        super::chrome::rule(buffer, paint, Area { y, height: 1, ..screen });
        y += 2;
    }
    let mut body = Area { y, height: screen.height.saturating_sub(y + 2), ..inner };
    let shown = wall::shown(model);
    let strip = &shown.strip;
    if !strip.is_empty() {
        // At least a heading and three lines are left to the page.
        let room = usize::from(body.height.saturating_sub(5)).min(strip.len());
        let above = Area { height: u16::try_from(room).unwrap_or(0), ..body };
        lines(buffer, paint, above, strip, 1);
        body = below(body, if room > 0 { above.height + 1 } else { 0 });
    }
    if shown.pages.len() > 1 {
        paint.facts(buffer, Area { height: 1, ..body }, &wall::heading(model, &shown), "   ");
        let gap = if body.height >= 12 { 2 } else { 1 };
        body = below(body, gap);
    }
    page(buffer, paint, model, shown.page, body);
    let foot = Area { y: screen.height.saturating_sub(1), height: 1, ..inner };
    paint.facts(buffer, foot, &wall::foot(model, &shown), "   ");
}

fn clock(model: &Model) -> Figure {
    let text = model.now.clock(&model.zone).chars().take(5).collect();
    Figure { text, label: wall::say_when(model), level: Level::Fine }
}

/// Columns that a figure takes when it is big, with the gap after it.
fn broad(figure: &Figure) -> u16 {
    let width = (figure.text.chars().count() * usize::from(BROAD)).max(figure.label.chars().count());
    u16::try_from(width).unwrap_or(u16::MAX - GAP).saturating_add(GAP)
}

/// The clock and the counts, as large as they fit; says how many rows they took.
fn figures(buffer: &mut Buffer, paint: &Paint<'_>, all: &[Figure], area: Area) -> u16 {
    let mut x = area.x;
    let mut y = area.y;
    let mut bottom = y;
    for figure in all {
        let chars = u16::try_from(figure.text.chars().count()).unwrap_or(0);
        let big = area.height > TALL + 1 && chars * BROAD <= area.width;
        let width = if big { chars * BROAD } else { chars };
        let width = width.max(u16::try_from(figure.label.chars().count()).unwrap_or(0)) + GAP;
        if x > area.x && x + width > area.x + area.width + GAP {
            x = area.x;
            y = bottom + 1;
        }
        let height = if big { TALL } else { 1 };
        if y + height + 1 > area.bottom() {
            break;
        }
        let role = if figure.level == Level::Fine { Role::Text } else { crate::panes::role(figure.level) };
        if big {
            let text = Line::from(Span::styled(figure.text.clone(), paint.style(role)));
            let place = ratatui::layout::Rect::new(x, y, (chars * BROAD).min(area.x + area.width - x), TALL);
            BigText::builder()
                .pixel_size(PixelSize::HalfHeight)
                .lines(vec![text])
                .build()
                .render(place, buffer);
        } else {
            paint.text(buffer, x, y, area.width, &figure.text, role);
        }
        paint.text(buffer, x, y + height, width, &figure.label, role);
        bottom = bottom.max(y + height + 1);
        x += width;
    }
    bottom - area.y + 1
}

/// What is left of an area below so many rows.
fn below(area: Area, rows: u16) -> Area {
    let rows = rows.min(area.height);
    Area { y: area.y + rows, height: area.height - rows, ..area }
}

/// What the page says, one thing to every second line where there is room.
fn page(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, page: Page, area: Area) {
    let whole = usize::from(area.height);
    let mut said = wall::body(model, page, whole);
    let step = if said.len() * 2 <= whole + 1 || area.height >= 12 { 2 } else { 1 };
    if said.len() * usize::from(step) > whole + 1 {
        said = wall::body(model, page, whole / usize::from(step));
    }
    if said.is_empty() && page == Page::Trouble && !area.is_empty() {
        let (level, words) = wall::calm(model);
        paint.text(buffer, area.x, area.y, area.width, &words, crate::panes::role(level));
    }
    lines(buffer, paint, area, &said, step);
}

fn lines(buffer: &mut Buffer, paint: &Paint<'_>, area: Area, all: &[Trouble], step: u16) {
    for (at, line) in (0u16..).zip(all) {
        let y = area.y + at * step;
        if y >= area.bottom() {
            break;
        }
        let role = crate::panes::role(line.level);
        paint.text(buffer, area.x, y, 2, &paint.level(line.level).to_string(), role);
        let name_width = area.width * 4 / 10;
        paint.styled(
            buffer,
            Area::new(area.x + 3, y, name_width, 1),
            &line.name,
            paint.style(Role::Title),
            Cut::Middle,
        );
        let x = area.x + 3 + name_width + 2;
        paint.text(buffer, x, y, (area.x + area.width).saturating_sub(x), &line.what, role);
    }
}
