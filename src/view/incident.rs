//! Draws the screens of an incident, and the forms that are filled in for it.
use ratatui::buffer::Buffer;
use unicode_width::UnicodeWidthStr;

use super::chrome;
use super::style::Paint;
use super::wrap::wrap;
use crate::domain::settings::{Action, Role};
use crate::model::Model;
use crate::model::board::PaneKind;
use crate::model::form::{Field, Form};
use crate::panes::incident::{IncidentPane, lines};
use crate::panes::layout::Area;
use crate::panes::text::broken;
use crate::panes::{Cut, Fact};

/// Lines for the words of the chosen line of the time line, and the rule above them.
const FOOT: u16 = 4;
/// Choices of a form that are seen at once.
const CHOICES: u16 = 6;

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    if area.is_empty() {
        return;
    }
    let screen = &model.incidents.screen;
    let about = lines::about(model).filter(|_| area.height >= 3 * FOOT);
    let foot = if about.is_some() { FOOT } else { 0 };
    let (total, room) = (lines::count(model), usize::from(area.height.saturating_sub(1 + foot)));
    let focused = model.board.focus == PaneKind::Incident;
    // So that two thirds of the pane stand above the cursor: what is read comes from there.
    let top = screen.line.saturating_sub(room * 2 / 3).min(total.saturating_sub(room));
    let place = if total > room {
        Fact::new(format!("{}–{} of {total}", top + 1, (top + room).min(total)), Role::Dim)
    } else {
        Fact::new("", Role::Dim)
    };
    chrome::head(buffer, paint, model, area, &IncidentPane, &place);
    for ((at, line), y) in (top..).zip(lines::window(model, top, room)).zip(area.y + 1..) {
        let row = Area { y, height: 1, ..area };
        let here = at == screen.line;
        if here {
            chrome::here(buffer, paint, row, focused);
        }
        let end = (area.x + area.width).saturating_sub(1);
        let mut x = area.x + 2;
        for fact in &line.text {
            let width = u16::try_from(fact.text.width()).unwrap_or(u16::MAX).min(end.saturating_sub(x));
            paint.on_line(buffer, Area { x, width, ..row }, &fact.text, fact.role, Cut::End, here && focused);
            x += width;
        }
    }
    if let Some(words) = about {
        let y = area.bottom() - FOOT;
        chrome::rule(buffer, paint, Area { y, height: 1, ..area });
        let width = usize::from(area.width.saturating_sub(2));
        for (line, y) in wrap(&words, width, usize::from(FOOT) - 1).into_iter().zip(y + 1..) {
            paint.text(buffer, area.x + 1, y, area.width.saturating_sub(2), &line, Role::Text);
        }
    }
}

/// The form, at the top, where it covers least of what it is about; says where the cursor is.
pub fn form(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, form: &Form) -> Option<(u16, u16)> {
    let screen = buffer.area;
    let mut width = screen.width.min(wanted(form).clamp(super::help::USUAL, super::help::WIDEST));
    if screen.width - width < 6 {
        width = screen.width;
    }
    // What can be chosen is seen before one is there.
    let here = form.fields.get(form.at)?;
    let chosen = form.fields.iter().find(|field| !field.choices.is_empty());
    let field = if here.choices.is_empty() { chosen.unwrap_or(here) } else { here };
    let fields = u16::try_from(form.fields.len()).unwrap_or(u16::MAX);
    // More than a few would only cover what it is about: the chosen one is always among them.
    let choices = u16::try_from(field.choices.len()).unwrap_or(u16::MAX).min(CHOICES);
    let top = if screen.height < 16 { 0 } else { 2 };
    // The last two lines say how it is taken and left.
    let most = screen.height.saturating_sub(top + 2);
    let listed = if choices > 0 { choices.saturating_add(1) } else { 0 };
    let room = usize::from(width - 4);
    let details = details(field, field.chosen(), room);
    // The form keeps its height whichever is chosen.
    let told =
        (0..field.choices.len()).map(|at| self::details(field, Some(at), room).len()).max().unwrap_or(0);
    let told = u16::try_from(told).unwrap_or(u16::MAX);
    let height = fields.saturating_add(listed).saturating_add(told).saturating_add(3).min(most);
    if width < 24 || height < fields.saturating_add(2) {
        return None;
    }
    let area = Area::new((screen.width - width) / 2, top, width, height);
    paint.blank(buffer, area, Role::Text);
    paint.frame(buffer, area, form.title(), Role::Rule);
    let inner = Area::new(area.x + 2, area.y + 1, width - 4, height - 2);
    let label = form.fields.iter().map(|field| field.label.len()).max().unwrap_or_default();
    let before = u16::try_from(label + 2).unwrap_or(u16::MAX).min(inner.width / 2);
    let mut cursor = None;
    for ((at, field), y) in form.fields.iter().enumerate().zip(inner.y..) {
        let role = if at == form.at { Role::Key } else { Role::Dim };
        paint.text(buffer, inner.x, y, before, field.label, role);
        let column = typed(buffer, paint, field, Area::new(inner.x + before, y, inner.width - before, 1));
        if at == form.at {
            cursor = Some((column, y));
        }
    }
    let last = inner.bottom().saturating_sub(1);
    if last >= inner.y + fields {
        let (says, role) = match (form.says.as_str(), form.fields.len()) {
            ("", 2..) => (format!("{} goes to the next line", model.key(Action::Complete)), Role::Dim),
            (says, _) => (says.to_owned(), Role::Bad),
        };
        paint.text(buffer, inner.x, last, inner.width, &says, role);
    }
    let mut below = Area::new(inner.x, inner.y + fields, inner.width, last.saturating_sub(inner.y + fields));
    // The list needs a line and the gap above it.
    if told > 0 && below.height >= told.saturating_add(2) {
        below.height -= told;
        for (line, y) in details.iter().zip(below.bottom()..) {
            paint.text(buffer, inner.x + 2, y, inner.width - 2, line, Role::Dim);
        }
    }
    choose(buffer, paint, field, below);
    cursor
}

/// The width at which nothing that can be chosen is folded.
fn wanted(form: &Form) -> u16 {
    let each = form.fields.iter().map(|field| {
        let name = field.choices.iter().map(|(name, _)| name.width()).max().unwrap_or_default().min(28);
        field.choices.iter().map(|(_, more)| name + 4 + more.width()).max().unwrap_or_default()
    });
    u16::try_from(each.max().unwrap_or_default() + 4).unwrap_or(u16::MAX)
}

fn typed(buffer: &mut Buffer, paint: &Paint<'_>, field: &Field, area: Area) -> u16 {
    if field.input.is_empty() {
        paint.text(buffer, area.x, area.y, area.width, field.hint, Role::Dim);
        return area.x;
    }
    let room = area.width.saturating_sub(1);
    // The end of a long line is what is being typed.
    let column = u16::try_from(field.input.column()).unwrap_or(u16::MAX);
    let skip = usize::from(column.saturating_sub(room));
    let visible: String = field.input.text().chars().skip(skip).collect();
    paint.text(buffer, area.x, area.y, area.width, &visible, Role::Input);
    area.x + column.min(room)
}

/// All that is said of the chosen one, where its own line cannot hold it.
fn details(field: &Field, chosen: Option<usize>, room: usize) -> Vec<String> {
    let widest = field.choices.iter().map(|(name, _)| name.width()).max().unwrap_or_default().min(28);
    let Some((_, more)) = chosen.and_then(|at| field.choices.get(at)) else { return Vec::new() };
    if widest + 4 + more.width() <= room {
        return Vec::new();
    }
    broken(more, room.saturating_sub(2).max(16)).into_iter().take(4).map(str::to_owned).collect()
}

/// What can be chosen, the chosen one in sight.
fn choose(buffer: &mut Buffer, paint: &Paint<'_>, field: &Field, area: Area) {
    if field.choices.is_empty() || area.height < 2 {
        return;
    }
    let room = usize::from(area.height - 1);
    let chosen = field.chosen();
    let top = chosen.map_or(0, |at| (at + 1).saturating_sub(room));
    let widest = field.choices.iter().map(|(name, _)| name.width()).max().unwrap_or_default().min(28);
    let names = u16::try_from(widest + 2).unwrap_or(u16::MAX);
    for ((at, (name, more)), y) in field.choices.iter().enumerate().skip(top).take(room).zip(area.y + 1..) {
        let here = chosen == Some(at);
        let row = Area { y, height: 1, ..area };
        if here {
            paint.blank(buffer, row, Role::Here);
        }
        let sign = if here { paint.sign('▸', '>').to_string() } else { " ".to_owned() };
        paint.on_line(buffer, Area { width: 1, ..row }, &sign, Role::Focus, Cut::End, here);
        let x = row.x + 2;
        paint.on_line(buffer, Area { x, width: names, ..row }, name, Role::Text, Cut::End, here);
        let x = x + names;
        let width = (row.x + row.width).saturating_sub(x);
        paint.on_line(buffer, Area { x, width, ..row }, more, Role::Dim, Cut::End, here);
    }
}
