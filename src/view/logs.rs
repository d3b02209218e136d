//! Paints the rows of the logs pane.
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;

use crate::domain::settings::Role;
use crate::domain::time::Zone;
use crate::model::logs::Logs;
use crate::panes::logs::{Frame, Ground, Row, empty, window};

/// How meanings look; whoever knows the theme says so.
pub type Look<'l> = &'l dyn Fn(Role) -> Style;

/// Draws the lines that fit into `area`; title and borders are not its business.
pub fn draw(buffer: &mut Buffer, area: Rect, logs: &Logs, zone: &Zone, ascii: bool, look: Look<'_>) {
    let area = area.intersection(buffer.area);
    if area.is_empty() {
        return;
    }
    let frame = Frame { width: area.width.into(), height: area.height.into(), zone, ascii };
    let rows = window(logs, &frame);
    if rows.is_empty() {
        nothing(buffer, area, logs, look);
        return;
    }
    for (row, y) in rows.iter().zip(area.top()..area.bottom()) {
        paint(buffer, Rect { y, height: 1, ..area }, row, ascii, look);
    }
}

fn paint(buffer: &mut Buffer, line: Rect, row: &Row, ascii: bool, look: Look<'_>) {
    let mut x = line.x;
    for span in &row.spans {
        let room = usize::from(line.right() - x);
        x = buffer.set_stringn(x, line.y, &span.text, room, look(span.role)).0;
    }
    match row.ground {
        Ground::Plain => {}
        Ground::Here => buffer.set_style(line, look(Role::Here)),
        Ground::Rule => {
            let dash = if ascii { "-" } else { "─" };
            let style = row.spans.last().map(|span| look(span.role)).unwrap_or_default();
            for x in x..line.right() {
                buffer.set_string(x, line.y, dash, style);
            }
        }
    }
}

/// Why there is nothing to see, in the middle of the pane.
fn nothing(buffer: &mut Buffer, area: Rect, logs: &Logs, look: Look<'_>) {
    let lines = empty(logs);
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).min(area.height);
    let top = area.y + (area.height - height) / 2;
    for (text, y) in lines.iter().zip(top..top + height) {
        let width = u16::try_from(text.chars().count()).unwrap_or(u16::MAX).min(area.width);
        let x = area.x + (area.width - width) / 2;
        buffer.set_stringn(x, y, text, area.width.into(), look(Role::Dim));
    }
}
