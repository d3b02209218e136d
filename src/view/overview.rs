//! Draws the overview.
use ratatui::buffer::Buffer;

use super::chrome;
use super::style::Paint;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::panes::layout::Area;
use crate::panes::overview::{self, Line, Overview};
use crate::panes::widths::halves;
use crate::panes::{Cut, Fact};

/// Cells for the names of sources.
const SOURCE: u16 = 12;

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let focused = model.board.focus == PaneKind::Overview;
    chrome::head(buffer, paint, model, area, &Overview, &Fact::new("", Role::Dim));
    let lines = overview::lines(model);
    let here = overview::here(model, &lines);
    let room = usize::from(area.height.saturating_sub(2));
    let top = (here.unwrap_or(0) + 1).saturating_sub(room);
    let halves = Halves::of(model, &lines, area.width);
    for (at, line) in lines.iter().enumerate().skip(top).take(room) {
        let Ok(down) = u16::try_from(at - top) else { break };
        let row = Area { y: area.y + 2 + down, height: 1, ..area };
        let chosen = focused && Some(at) == here;
        if chosen {
            chrome::here(buffer, paint, row, true);
        }
        draw_line(buffer, paint, row, line, chosen, &halves);
    }
}

/// How wide the names are: of the sources, and of what stands below them.
struct Halves {
    sources: u16,
    rest: u16,
}

impl Halves {
    fn of(model: &Model, lines: &[Line], width: u16) -> Halves {
        let usual = |room: u16| (room * 2 / 5).clamp(10, 34);
        let now = overview::needs(lines);
        let needs = |at: usize| now[at].1.max(model.board.widest_glance.of(now[at].0));
        let room = width.saturating_sub(3 + SOURCE);
        let below = width.saturating_sub(10);
        Halves {
            sources: halves(room, usual(room), (needs(0), needs(1))),
            rest: halves(below, usual(below), (needs(2), needs(3))),
        }
    }
}

fn draw_line(buffer: &mut Buffer, paint: &Paint<'_>, row: Area, line: &Line, chosen: bool, halves: &Halves) {
    let end = row.x + row.width;
    let put = |buffer: &mut Buffer, x: u16, width: u16, text: &str, role: Role| {
        let width = width.min(end.saturating_sub(x));
        paint.on_line(buffer, Area { x, width, ..row }, text, role, Cut::End, chosen);
    };
    match line {
        Line::Blank => {}
        Line::Heading(words) => put(buffer, row.x + 1, row.width, words, Role::Title),
        Line::Words(words) => put(buffer, row.x + 3, row.width, words, Role::Dim),
        Line::Source { level, name, worst, says, .. } => {
            let (sign, role) = match level {
                Level::Fine => (if paint.ascii { '+' } else { '✓' }, Role::Good),
                level => (paint.level(*level), crate::panes::role(*level)),
            };
            put(buffer, row.x + 1, 1, &sign.to_string(), role);
            put(buffer, row.x + 3, SOURCE, name, Role::Title);
            let x = row.x + 3 + SOURCE;
            let width = halves.sources;
            let words = if *level == Level::Fine { Role::Dim } else { role };
            if worst.is_empty() {
                put(buffer, x, row.width, says, words);
            } else {
                let wide = Area { x, width: width.min(end.saturating_sub(x)), ..row };
                paint.on_line(buffer, wide, worst, Role::Text, Cut::Middle, chosen);
                put(buffer, x + width + 2, row.width, says, words);
            }
        }
        Line::Trouble { level, name, says, .. } => {
            let role = crate::panes::role(*level);
            put(buffer, row.x + 1, 1, &paint.level(*level).to_string(), role);
            let x = row.x + 3 + SOURCE;
            let wide = Area { x, width: halves.sources.min(end.saturating_sub(x)), ..row };
            paint.on_line(buffer, wide, name, Role::Text, Cut::Middle, chosen);
            put(buffer, x + halves.sources + 2, row.width, says, role);
        }
        Line::Fire(fire) => {
            let role = crate::panes::role(fire.level);
            put(buffer, row.x + 1, 1, &paint.level(fire.level).to_string(), role);
            put(buffer, row.x + 3, 5, &format!("{:>5}", fire.age), Role::Dim);
            let width = halves.rest;
            let wide = Area { x: row.x + 10, width: width.min(end.saturating_sub(row.x + 10)), ..row };
            paint.on_line(buffer, wide, &fire.name, Role::Text, Cut::Middle, chosen);
            put(buffer, row.x + 12 + width, row.width, &fire.says, role);
        }
        Line::Book(fit) => {
            let width = halves.rest;
            put(buffer, row.x + 3, width + 7, &fit.book.runbook.title, Role::Text);
            let x = row.x + 12 + width;
            super::books::book(buffer, paint, row, x, (&fit.why, Role::Dim), &fit.book, chosen);
        }
        Line::More(n) => put(buffer, row.x + 10, row.width, &format!("+{n} more"), Role::Dim),
        Line::Change { at, what, says, level, suspect, .. } => {
            put(buffer, row.x + 3, 5, at, Role::Dim);
            let width = halves.rest;
            let wide = Area { x: row.x + 10, width: width.min(end.saturating_sub(row.x + 10)), ..row };
            paint.on_line(buffer, wide, what, Role::Text, Cut::Middle, chosen);
            let tail = if *suspect { 9 } else { 0 };
            let x = row.x + 12 + width;
            put(buffer, x, end.saturating_sub(x + tail), says, crate::panes::role(*level));
            if *suspect {
                put(buffer, end.saturating_sub(8), 8, "suspect", Role::Warning);
            }
        }
    }
}
