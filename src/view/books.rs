//! Draws the list of runbooks, and the one that is open.
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::chrome;
use super::style::Paint;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::checklist::Checklist;
use crate::model::shelf::Book;
use crate::panes::checklist::{self, ChecklistPane};
use crate::panes::layout::Area;
use crate::panes::runbooks::{self, Line, RunbooksPane};
use crate::panes::widths::{halves, widest};
use crate::panes::{Cut, Fact};

/// Cells for a runbook's place.
const PLACE: u16 = 12;
/// With less, there is room for the command alone.
const NARROW: u16 = 40;

pub fn list(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    let Some(list) = model.shelf.list.as_ref().filter(|_| !area.is_empty()) else { return };
    let focused = model.board.focus == PaneKind::Runbooks;
    chrome::head(buffer, paint, model, area, &RunbooksPane, &Fact::new("", Role::Dim));
    let lines = runbooks::lines(&model.shelf);
    let here = runbooks::here(list, &lines);
    let room = usize::from(area.height.saturating_sub(2));
    let top = above(here.unwrap_or(0), room, lines.len());
    let title = titles(&lines, area.width);
    for ((at, line), y) in lines.iter().enumerate().skip(top).take(room).zip(area.y + 2..) {
        let row = Area { y, height: 1, ..area };
        let chosen = Some(at) == here;
        if chosen {
            chrome::here(buffer, paint, row, focused);
        }
        entry(buffer, paint, row, line, chosen && focused, title);
    }
}

/// The first line shown, so that a third of the pane stands above the cursor.
fn above(here: usize, room: usize, all: usize) -> usize {
    here.saturating_sub(room / 3).min(all.saturating_sub(room))
}

/// How wide the titles are.
fn titles(lines: &[Line], width: u16) -> u16 {
    let texts = |line: &Line| match line {
        Line::Book { book, why } => {
            let about = why.as_ref().map_or_else(|| runbooks::summary(book).width(), |why| why.width());
            Some((book.runbook.title.width(), about + 2 + runbooks::place(book).width()))
        }
        _ => None,
    };
    let usual = (width.saturating_sub(PLACE + 4)) * 11 / 20;
    halves(width.saturating_sub(4), usual, widest(lines.iter().filter_map(texts)))
}

/// What is to be said of a runbook, from `x` on, and where it stands, at the end of the line: in full where there is
/// room for both.
pub(super) fn book(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    row: Area,
    x: u16,
    (about, role): (&str, Role),
    book: &Book,
    chosen: bool,
) {
    let end = (row.x + row.width).saturating_sub(1);
    let room = end.saturating_sub(x);
    let free = usize::from(room).saturating_sub(about.width() + 2);
    let whole = Some(runbooks::whole_place(book)).filter(|whole| whole.width() <= free);
    let place = whole.unwrap_or_else(|| runbooks::place(book));
    let width = u16::try_from(place.width()).unwrap_or(PLACE).min(room);
    paint.on_line(buffer, Area { x: end - width, width, ..row }, &place, Role::Dim, Cut::End, chosen);
    let rest = Area { x, width: room.saturating_sub(width + 1), ..row };
    paint.on_line(buffer, rest, about, role, Cut::End, chosen);
}

fn entry(buffer: &mut Buffer, paint: &Paint<'_>, row: Area, line: &Line, chosen: bool, title: u16) {
    let end = row.x + row.width;
    let put = |buffer: &mut Buffer, x: u16, width: u16, text: &str, role: Role| {
        let width = width.min(end.saturating_sub(x));
        paint.on_line(buffer, Area { x, width, ..row }, text, role, Cut::End, chosen);
    };
    match line {
        Line::Blank => {}
        Line::Words { text, role } => put(buffer, row.x + 1, row.width, text, *role),
        Line::Heading { text, tail } => {
            let wide = u16::try_from(text.width()).unwrap_or(u16::MAX);
            put(buffer, row.x + 1, row.width, text, Role::Title);
            let x = (row.x + 3).saturating_add(wide);
            if x < end {
                let rest = Area { x, width: end - x, ..row };
                paint.on_line(buffer, rest, tail, Role::Dim, Cut::Middle, chosen);
            }
        }
        Line::Book { book, why } => {
            put(buffer, row.x + 3, title, &book.runbook.title, Role::Text);
            let x = row.x + 5 + title;
            let about = why.clone().unwrap_or_else(|| runbooks::summary(book));
            let role = if why.is_some() { Role::Good } else { Role::Dim };
            self::book(buffer, paint, row, x, (&about, role), book, chosen);
        }
    }
}

pub fn checklist(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    let Some(open) = model.checklist.as_ref().filter(|_| !area.is_empty()) else { return };
    let focused = model.board.focus == PaneKind::Checklist;
    chrome::head(buffer, paint, model, area, &ChecklistPane, &checklist::progress(model, open));
    let about = about(area);
    let room = usize::from(area.height.saturating_sub(2 + about));
    let lines = checklist::lines(model, open, usize::from(area.width.saturating_sub(1)), room);
    let of = |line: &checklist::Line| line.spot == Some(open.here);
    let first = first(&lines, open);
    let top = top(open, first, room, lines.len());
    for (line, y) in lines.iter().skip(top).take(room).zip(area.y + 2..) {
        let row = Area { y, height: 1, ..area };
        let here = of(line);
        if here && line.first {
            chrome::here(buffer, paint, row, focused);
        } else if here && focused {
            paint.blank(buffer, row, Role::Here);
        }
        put_line(buffer, paint, row, line, here && focused, &open.find);
    }
    if about > 0 {
        foot(buffer, paint, area, &checklist::about(model, open));
    }
}

/// What is selected is told at the foot: two lines that never move.
fn about(area: Area) -> u16 {
    if area.height >= 9 { 3 } else { 0 }
}

fn first(lines: &[checklist::Line], open: &Checklist) -> usize {
    lines.iter().position(|line| line.first && line.spot == Some(open.here)).unwrap_or(0)
}

/// The first line shown: of what stands above all steps nothing is cut off while the cursor is at the first of them.
fn top(open: &Checklist, first: usize, room: usize, lines: usize) -> usize {
    let begins = checklist::spots(&open.book.runbook).next() == Some(open.here);
    if begins && first + 4 <= room { 0 } else { above(first, room, lines) }
}

/// The row of the screen in which the cursor stands.
pub fn row(model: &Model, area: Area) -> Option<u16> {
    let open = model.checklist.as_ref()?;
    let room = usize::from(area.height.saturating_sub(2 + about(area)));
    let lines = checklist::lines(model, open, usize::from(area.width.saturating_sub(1)), room);
    let first = first(&lines, open);
    let below = first - top(open, first, room, lines.len());
    Some(area.y + 2 + u16::try_from(below).ok()?)
}

fn put_line(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    row: Area,
    line: &checklist::Line,
    here: bool,
    find: &str,
) {
    let end = (row.x + row.width).saturating_sub(1);
    let mut x = row.x + line.indent;
    let hit = !find.is_empty() && line.text.iter().any(|fact| fact.text.to_lowercase().contains(find));
    for fact in &line.text {
        let role = if hit { Role::Hit } else { fact.role };
        let width = u16::try_from(fact.text.width()).unwrap_or(u16::MAX).min(end.saturating_sub(x));
        paint.on_line(buffer, Area { x, width, ..row }, &fact.text, role, Cut::End, here);
        x += width;
    }
    if let Some(tail) = line.tail.as_ref().filter(|_| row.width >= NARROW) {
        let width = u16::try_from(tail.text.width()).unwrap_or(0).min(row.width);
        let x = end.saturating_sub(width);
        paint.on_line(buffer, Area { x, width, ..row }, &tail.text, tail.role, Cut::End, here);
    }
}

fn foot(buffer: &mut Buffer, paint: &Paint<'_>, area: Area, about: &[Vec<Fact>; 2]) {
    let y = area.bottom() - 3;
    chrome::rule(buffer, paint, Area { y, height: 1, ..area });
    for (facts, y) in about.iter().zip(y + 1..) {
        let row = Area { x: area.x + 1, y, width: area.width.saturating_sub(2), height: 1 };
        paint.facts(buffer, row, facts, "");
    }
}
