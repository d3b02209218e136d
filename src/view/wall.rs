//! The wall: read from five metres. Nothing on it acts.
use ratatui::buffer::Buffer;
use ratatui::text::{Line, Span};
use ratatui::widgets::Widget;
use tui_big_text::{BigText, PixelSize};

use super::style::Paint;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::panes::layout::Area;
use crate::panes::wall::{self, Figure};
use crate::panes::{Cut, header};

/// Rows of a big figure, and columns of one of its characters.
const TALL: u16 = 4;
const BROAD: u16 = 8;

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model) {
    let screen = Area::new(0, 0, buffer.area.width, buffer.area.height);
    let inner = Area { x: 2, width: screen.width.saturating_sub(4), ..screen };
    paint.facts(buffer, Area { height: 1, ..inner }, &header::place(model), "");
    let mut y = 2;
    y += figures(buffer, paint, model, Area { y, height: screen.height.saturating_sub(y), ..inner });
    if y + 1 < screen.height {
        super::chrome::rule(buffer, paint, Area { y, height: 1, ..screen });
        y += 2;
    }
    rows(buffer, paint, model, Area { y, height: screen.height.saturating_sub(y + 2), ..inner });
    let foot = Area { y: screen.height.saturating_sub(1), height: 1, ..inner };
    paint.facts(buffer, foot, &wall::foot(model), "   ");
}

/// The clock and the counts, as large as they fit; says how many rows they took.
fn figures(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) -> u16 {
    let clock = model.now.clock(&model.zone);
    let clock =
        Figure { text: clock.chars().take(5).collect(), label: wall::say_when(model), level: Level::Fine };
    let mut x = area.x;
    let mut y = area.y;
    let mut bottom = y;
    for figure in std::iter::once(clock).chain(wall::figures(model)) {
        let chars = u16::try_from(figure.text.chars().count()).unwrap_or(0);
        let big = area.height > TALL + 1 && chars * BROAD <= area.width;
        let width = if big { chars * BROAD } else { chars };
        let width = width.max(u16::try_from(figure.label.chars().count()).unwrap_or(0)) + 4;
        if x > area.x && x + width > area.x + area.width + 4 {
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

/// What is in trouble, one thing to every second line.
fn rows(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    let step = if area.height >= 12 { 2 } else { 1 };
    let room = usize::from(area.height / step);
    let lines = wall::trouble(model, room);
    if lines.is_empty() {
        let (level, words) = wall::calm(model);
        paint.text(buffer, area.x, area.y, area.width, &words, crate::panes::role(level));
    }
    for (at, line) in (0u16..).zip(lines) {
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
