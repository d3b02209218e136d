//! Roles to what the terminal library understands.
use ratatui::style::Style;

use crate::domain::settings::theme::Depth;
use crate::domain::settings::{Role, Theme};

pub fn style(theme: &Theme, role: Role, _depth: Depth) -> Style {
    let _ = theme.look(role);
    Style::new()
}
