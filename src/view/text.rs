//! One opened thing as text.
use ratatui::buffer::Buffer;

use super::chrome;
use super::style::Paint;
use crate::domain::settings::Role;
use crate::model::Model;
use crate::panes::Fact;
use crate::panes::layout::Area;
use crate::panes::text::{self, TextPane};

pub fn draw(buffer: &mut Buffer, paint: &Paint<'_>, model: &Model, area: Area) {
    let Some(detail) = &model.detail else { return };
    if area.is_empty() {
        return;
    }
    let (total, height) = (text::len(detail), usize::from(area.height.saturating_sub(1)));
    let place = if total > height {
        Fact::new(format!("{}–{} of {total}", detail.top + 1, (detail.top + height).min(total)), Role::Dim)
    } else {
        Fact::new("", Role::Dim)
    };
    chrome::head(buffer, paint, model, area, &TextPane, &place);
    for (y, line) in (area.y + 1..area.bottom()).zip(text::lines(model, detail, height)) {
        let mut skip = detail.shift;
        let mut x = area.x + 1;
        let end = (area.x + area.width).saturating_sub(1);
        let hit = !detail.find.is_empty()
            && line.iter().any(|fact| fact.text.to_lowercase().contains(&detail.find));
        for fact in line {
            let shown: String = fact.text.chars().skip(skip).collect();
            skip = skip.saturating_sub(fact.text.chars().count());
            let role = if hit { Role::Hit } else { fact.role };
            x += paint.text(buffer, x, y, end.saturating_sub(x), &shown, role);
        }
    }
}
