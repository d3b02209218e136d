//! The command palette.
use ratatui::buffer::Buffer;

use super::style::Paint;
use crate::domain::settings::Role;
use crate::model::overlay::Palette;
use crate::panes::Cut;
use crate::panes::layout::Area;

/// Draws it at the top, where the eye goes; says where the cursor is.
pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, palette: &Palette) -> Option<(u16, u16)> {
    let mut width = buffer.area.width.min(super::help::WIDEST);
    if buffer.area.width - width < 6 {
        width = buffer.area.width;
    }
    // Where there is little room it begins at the very top.
    let top = if buffer.area.height < 12 { 0 } else { 2 };
    let height = buffer.area.height.saturating_sub(top).min(16);
    if width < 8 || height < 3 {
        return None;
    }
    let area = Area::new((buffer.area.width - width) / 2, top, width, height);
    paint.blank(buffer, area, Role::Text);
    paint.frame(buffer, area, "", Role::Rule);
    let inner = Area::new(area.x + 2, area.y + 1, width - 4, height - 2);
    paint.text(buffer, inner.x, inner.y, 1, ":", Role::Key);
    paint.text(buffer, inner.x + 1, inner.y, inner.width - 1, palette.input.text(), Role::Input);
    let rows = usize::from(inner.height.saturating_sub(1));
    let top = (palette.line + 1).saturating_sub(rows);
    for (at, choice) in palette.choices.iter().enumerate().skip(top).take(rows) {
        let y = inner.y + 1 + u16::try_from(at - top).unwrap_or(0);
        let here = at == palette.line;
        if here {
            paint.blank(buffer, Area::new(area.x + 1, y, width - 2, 1), Role::Here);
        }
        let patch = |role: Role| {
            if here { paint.style(role).patch(paint.style(Role::Here)) } else { paint.style(role) }
        };
        let mut x = inner.x;
        for (n, c) in (0u32..).zip(choice.title.chars()) {
            let role = if choice.hits.contains(&n) { Role::Hit } else { Role::Text };
            x += paint.styled(
                buffer,
                Area::new(x, y, 24, 1),
                c.encode_utf8(&mut [0; 4]),
                patch(role),
                Cut::End,
            );
        }
        let help_x = inner.x + 24.min(inner.width / 2);
        let keys = u16::try_from(choice.keys.chars().count()).unwrap_or(0);
        let room = (inner.x + inner.width).saturating_sub(help_x + keys + 1);
        paint.styled(buffer, Area::new(help_x, y, room, 1), &choice.help, patch(Role::Dim), Cut::End);
        let at = Area::new(inner.x + inner.width - keys.min(inner.width), y, keys, 1);
        paint.styled(buffer, at, &choice.keys, patch(Role::Key), Cut::End);
    }
    if palette.choices.is_empty() {
        paint.text(buffer, inner.x, inner.y + 1, inner.width, "nothing has that name", Role::Dim);
    }
    let column = u16::try_from(palette.input.column()).unwrap_or(u16::MAX).min(inner.width.saturating_sub(2));
    Some((inner.x + 1 + column, inner.y))
}
