//! From what a colour means to what this terminal can show.
use ratatui::style::{Color, Modifier, Style};

use crate::domain::settings::theme::{Colour, Depth};
use crate::domain::settings::{Look, Role, Theme};

/// The theme, and what of it the terminal can show; every view paints with it.
#[derive(Debug, Clone, Copy)]
pub struct Paint<'a> {
    pub theme: &'a Theme,
    pub depth: Depth,
    /// No borders and signs beyond ASCII.
    pub ascii: bool,
}

impl Paint<'_> {
    pub fn style(&self, role: Role) -> Style {
        style(self.theme.look(role), self.depth)
    }

    /// The same without a ground of its own, for thin things such as borders.
    pub fn line(&self, role: Role) -> Style {
        let look = self.theme.look(role);
        // Where a ground carries the meaning, the line is of its colour: the ink on it would be lost beside it.
        let fg = if look.bg == Colour::Default { look.fg } else { look.bg };
        style(Look { fg, bg: Colour::Default, reverse: false, ..look }, self.depth)
    }

    pub fn sign(&self, unicode: char, ascii: char) -> char {
        if self.ascii { ascii } else { unicode }
    }
}

/// A look on a terminal of this depth. What only a ground told is told by reverse where there are no colours.
pub fn style(look: Look, depth: Depth) -> Style {
    let look = depth.look(look);
    let mut style = Style::new();
    style.fg = colour(look.fg);
    style.bg = colour(look.bg);
    for (on, modifier) in [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underline, Modifier::UNDERLINED),
        (look.reverse, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// `None` leaves the terminal's own.
fn colour(colour: Colour) -> Option<Color> {
    match colour {
        Colour::Default => None,
        Colour::Ansi(n) => Some(SIXTEEN.get(usize::from(n)).copied().unwrap_or(Color::Indexed(n))),
        Colour::Rgb(r, g, b) => Some(Color::Rgb(r, g, b)),
    }
}

/// The sixteen by number.
const SIXTEEN: [Color; 16] = [
    Color::Black,
    Color::Red,
    Color::Green,
    Color::Yellow,
    Color::Blue,
    Color::Magenta,
    Color::Cyan,
    Color::Gray,
    Color::DarkGray,
    Color::LightRed,
    Color::LightGreen,
    Color::LightYellow,
    Color::LightBlue,
    Color::LightMagenta,
    Color::LightCyan,
    Color::White,
];

#[cfg(test)]
mod tests {
    use super::*;

    fn fg(fg: Colour) -> Look {
        Look { fg, ..Look::default() }
    }

    #[test]
    fn each_depth_shows_the_nearest_colour_it_has() {
        let orange = fg(Colour::Rgb(255, 135, 0));
        assert_eq!(style(orange, Depth::True).fg, Some(Color::Rgb(255, 135, 0)));
        assert_eq!(style(orange, Depth::TwoFiftySix).fg, Some(Color::Indexed(208)));
        assert_eq!(style(orange, Depth::Sixteen).fg, Some(Color::LightYellow));
        let coral = fg(Colour::Rgb(255, 138, 125));
        assert_eq!(style(coral, Depth::Sixteen).fg, Some(Color::LightRed), "a soft red is no grey");
        assert_eq!(style(orange, Depth::None).fg, None);
        let grey = fg(Colour::Rgb(118, 118, 118));
        assert_eq!(style(grey, Depth::TwoFiftySix).fg, Some(Color::Indexed(243)));
        assert_eq!(style(fg(Colour::Rgb(255, 0, 0)), Depth::Sixteen).fg, Some(Color::LightRed));
    }

    #[test]
    fn a_ground_becomes_reverse_where_there_are_no_colours() {
        let look = Look { bg: Colour::Ansi(1), ..Look::default() };
        assert!(style(look, Depth::None).add_modifier.contains(Modifier::REVERSED));
        assert!(!style(look, Depth::Sixteen).add_modifier.contains(Modifier::REVERSED));
    }

    #[test]
    fn text_never_has_the_colour_of_its_ground() {
        let look = Look { fg: Colour::Rgb(250, 0, 0), bg: Colour::Rgb(240, 0, 0), ..Look::default() };
        let style = style(look, Depth::Sixteen);
        assert_ne!(style.fg, style.bg);
    }
}
