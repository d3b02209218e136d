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
        let fg = if look.fg == Colour::Default { look.bg } else { look.fg };
        style(Look { fg, bg: Colour::Default, reverse: false, ..look }, self.depth)
    }

    pub fn sign(&self, unicode: char, ascii: char) -> char {
        if self.ascii { ascii } else { unicode }
    }
}

/// A look on a terminal of this depth. What only a ground told is told by reverse where there are no colours.
pub fn style(look: Look, depth: Depth) -> Style {
    let (fg, bg) = (colour(look.fg, depth), colour(look.bg, depth));
    let mut style = Style::new();
    // Two shades that fall together would hide the text.
    style.fg = if fg.is_some() && fg == bg { None } else { fg };
    style.bg = bg;
    let grounded = look.bg != Colour::Default && bg.is_none();
    for (on, modifier) in [
        (look.bold, Modifier::BOLD),
        (look.dim, Modifier::DIM),
        (look.italic, Modifier::ITALIC),
        (look.underline, Modifier::UNDERLINED),
        (look.reverse || grounded, Modifier::REVERSED),
    ] {
        if on {
            style = style.add_modifier(modifier);
        }
    }
    style
}

/// The nearest colour there is; `None` leaves the terminal's own.
fn colour(colour: Colour, depth: Depth) -> Option<Color> {
    match (colour, depth) {
        (Colour::Default, _) | (_, Depth::None) => None,
        (Colour::Ansi(n), _) => Some(SIXTEEN[usize::from(n % 16)].0),
        (Colour::Rgb(r, g, b), Depth::True) => Some(Color::Rgb(r, g, b)),
        (Colour::Rgb(r, g, b), Depth::TwoFiftySix) => Some(Color::Indexed(indexed([r, g, b]))),
        (Colour::Rgb(r, g, b), Depth::Sixteen) => {
            SIXTEEN.iter().min_by_key(|(_, shade)| distance([r, g, b], *shade)).map(|(name, _)| *name)
        }
    }
}

/// The sixteen as xterm paints them.
const SIXTEEN: [(Color, [u8; 3]); 16] = [
    (Color::Black, [0, 0, 0]),
    (Color::Red, [205, 0, 0]),
    (Color::Green, [0, 205, 0]),
    (Color::Yellow, [205, 205, 0]),
    (Color::Blue, [0, 0, 238]),
    (Color::Magenta, [205, 0, 205]),
    (Color::Cyan, [0, 205, 205]),
    (Color::Gray, [229, 229, 229]),
    (Color::DarkGray, [127, 127, 127]),
    (Color::LightRed, [255, 0, 0]),
    (Color::LightGreen, [0, 255, 0]),
    (Color::LightYellow, [255, 255, 0]),
    (Color::LightBlue, [92, 92, 255]),
    (Color::LightMagenta, [255, 0, 255]),
    (Color::LightCyan, [0, 255, 255]),
    (Color::White, [255, 255, 255]),
];

/// The steps of the 6 × 6 × 6 cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// The nearest of the cube and of the 24 greys.
fn indexed(shade: [u8; 3]) -> u8 {
    let step = |value: u8| (0u8..6).min_by_key(|n| STEPS[usize::from(*n)].abs_diff(value)).unwrap_or(0);
    let [r, g, b] = shade.map(step);
    let cube = [r, g, b].map(|n| STEPS[usize::from(n)]);
    let grey = |n: u8| [8 + 10 * n; 3];
    let ramp = (0u8..24).min_by_key(|n| distance(shade, grey(*n))).unwrap_or(0);
    if distance(shade, grey(ramp)) < distance(shade, cube) { 232 + ramp } else { 16 + 36 * r + 6 * g + b }
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(a, b)| u32::from(a.abs_diff(b)).pow(2)).sum()
}

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
        assert_eq!(style(orange, Depth::Sixteen).fg, Some(Color::Yellow));
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
