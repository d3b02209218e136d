//! The one table.
use ratatui::buffer::Buffer;
use ratatui::style::Style;

use super::style::Paint;
use super::{chrome, wrap};
use crate::domain::level::Level;
use crate::domain::object::Realm;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::panes::layout::Area;
use crate::panes::things::{self, SIGNS, Things};
use crate::panes::{Column, Fact, Pane, Row, state};

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let kind = model.board.kind;
    let focused = model.board.focus == PaneKind::Things;
    let concerned = |feed: &_| things::fed_by(kind, feed);
    // The time line is our own.
    let ours = kind.realm() == Realm::Changes;
    let state = if ours { Fact::new("", Role::Dim) } else { state::state_of(model, concerned) };
    let mut facts = Things.facts(model);
    if let Some(old) = state::stale(model, concerned) {
        facts.insert(0, Fact::new(old, Role::Warning));
    }
    chrome::title(buffer, paint, area, &Things.name(model), &facts, &state, focused);
    let (columns, rows) = things::table(model, area.width);
    let first = things::first_row(model, area);
    for (y, line) in (area.y + 1..first.saturating_sub(1)).zip(things::head(model, area)) {
        let inner = Area { x: area.x + SIGNS, y, width: area.width.saturating_sub(SIGNS + 1), height: 1 };
        paint.facts(buffer, inner, &line, "");
    }
    let area = Area { y: first.saturating_sub(2), height: (area.bottom() + 2).saturating_sub(first), ..area };
    if area.height > 1 {
        heads(buffer, paint, model, area, &columns);
    }
    if let Some(why) = things::empty(model) {
        // Whoever sees no rows has only these words to go by: all of them.
        let room = area.width.saturating_sub(SIGNS + 1);
        let most = usize::from(area.height.saturating_sub(2));
        for (y, line) in (area.y + 2..area.bottom()).zip(wrap::wrap(&why, usize::from(room), most)) {
            paint.text(buffer, area.x + SIGNS, y, room, &line, Role::Dim);
        }
        return;
    }
    for (at, row) in (0u16..).zip(&rows) {
        let y = area.y + 2 + at;
        if y >= area.bottom() {
            break;
        }
        draw_row(buffer, paint, area, y, row, &columns, focused);
    }
}

fn heads(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    model: &Model,
    area: Area,
    columns: &[(&'static Column, u16)],
) {
    let sorted = things::sort_column(model.board.kind, model.board.sort());
    let mut x = area.x + SIGNS;
    for (column, width) in columns {
        let arrow = match (sorted == Some(column.title), model.board.sort().reverse, paint.ascii) {
            (false, _, _) => "",
            (true, false, false) => "↓",
            (true, true, false) => "↑",
            (true, false, true) => "v",
            (true, true, true) => "^",
        };
        let title = format!("{}{arrow}", column.title);
        let long = u16::try_from(title.chars().count()).unwrap_or(0);
        // The arrow may stand in the gap beside a title that fills its column.
        let room = *width + u16::from(long > *width);
        let start = if column.right {
            (x + width).saturating_sub(long.min(room))
        } else {
            x + column.number.saturating_sub(long)
        };
        let role = if arrow.is_empty() { Role::Dim } else { Role::Title };
        paint.text(buffer, start, area.y + 1, room, &title, role);
        x += width + 2;
    }
}

fn draw_row(
    buffer: &mut Buffer,
    paint: &Paint<'_>,
    area: Area,
    y: u16,
    row: &Row<'_>,
    columns: &[(&'static Column, u16)],
    focused: bool,
) {
    let under = |style: Style| match (row.here && focused, row.marked) {
        (true, _) => style.patch(paint.style(Role::Here)),
        (_, true) => style.patch(paint.style(Role::Marked)),
        _ => style,
    };
    if row.here && focused {
        let line = Area { y, height: 1, ..area };
        paint.blank(buffer, line, Role::Here);
    }
    let level = crate::panes::role(row.level);
    let here = if row.here { chrome::sign_here(paint, focused) } else { ' ' };
    let mark = if row.marked { paint.sign('◆', '*') } else { here };
    paint.styled(
        buffer,
        Area::new(area.x, y, 1, 1),
        &mark.to_string(),
        under(paint.style(Role::Focus)),
        crate::panes::Cut::End,
    );
    let sign = paint.level(row.level).to_string();
    paint.styled(
        buffer,
        Area::new(area.x + 1, y, 1, 1),
        &sign,
        under(paint.style(level)),
        crate::panes::Cut::End,
    );
    let end = area.x + area.width;
    let mut x = area.x + SIGNS;
    for (cell, (column, width)) in row.cells.iter().zip(columns) {
        let own = if row.level == Level::Done { Role::Dim } else { cell.role.unwrap_or(Role::Text) };
        let used = u16::try_from(unicode_width::UnicodeWidthStr::width(&*cell.text)).unwrap_or(u16::MAX);
        let indent = if column.right { width.saturating_sub(used) } else { 0 };
        let room = width.saturating_sub(indent).min(end.saturating_sub(x + indent));
        paint.styled(
            buffer,
            Area::new(x + indent, y, room, 1),
            &cell.text,
            under(paint.style(own)),
            cell.cut,
        );
        x += width + 2;
    }
}
