//! How many colours a terminal shows, and the nearest of those to the one that was meant.
use super::theme::{Colour, Depth, Look};

/// What the environment says of the terminal; read once, by `config`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Terminal<'a> {
    pub no_color: Option<&'a str>,
    pub colorterm: Option<&'a str>,
    pub term: Option<&'a str>,
    /// A theme was named on the command line, which is asked for more recently than `NO_COLOR`.
    pub theme_by_flag: bool,
}

impl Depth {
    /// `NO_COLOR` counts when it is not empty.
    pub fn detect(terminal: Terminal<'_>) -> Depth {
        let term = terminal.term.unwrap_or("");
        let refused = terminal.no_color.is_some_and(|value| !value.is_empty()) && !terminal.theme_by_flag;
        if refused || term.is_empty() || term == "dumb" || term.starts_with("vt1") || term.starts_with("vt2")
        {
            return Depth::None;
        }
        let direct = |name: &str| term.ends_with(name) || term.contains(&format!("{name}-"));
        if matches!(terminal.colorterm, Some("truecolor" | "24bit"))
            || direct("-direct")
            || direct("-truecolor")
            || ["alacritty", "xterm-kitty", "xterm-ghostty", "foot", "wezterm", "contour"]
                .iter()
                .any(|known| term.starts_with(known))
        {
            return Depth::True;
        }
        if term.contains("256") || term.starts_with("iterm") { Depth::TwoFiftySix } else { Depth::Sixteen }
    }

    pub fn name(self) -> &'static str {
        match self {
            Depth::None => "none",
            Depth::Sixteen => "16",
            Depth::TwoFiftySix => "256",
            Depth::True => "true",
        }
    }

    /// The nearest colour this terminal has.
    pub fn nearest(self, colour: Colour) -> Colour {
        match (self, colour) {
            (Depth::None, _) => Colour::Default,
            (Depth::TwoFiftySix, Colour::Rgb(r, g, b)) => Colour::Ansi(palette_256([r, g, b])),
            (Depth::Sixteen, Colour::Rgb(r, g, b)) => Colour::Ansi(palette_16([r, g, b])),
            _ => colour,
        }
    }

    /// A look with the colours this terminal has. Where the text would be as the ground behind it,
    /// the ground is given up for reverse.
    #[must_use]
    pub fn look(self, look: Look) -> Look {
        let mut near = Look { fg: self.nearest(look.fg), bg: self.nearest(look.bg), ..look };
        if near.fg == near.bg && look.bg != Colour::Default {
            near.bg = Colour::Default;
            near.reverse = true;
        }
        // Sixteen colours have no quiet ground: a grey one may be the terminal's own, or that of quiet words.
        if self == Depth::Sixteen
            && matches!(near.bg, Colour::Ansi(0 | 7 | 8 | 15))
            && look.fg == Colour::Default
        {
            near.bg = Colour::Default;
            near.reverse = true;
        }
        near
    }
}

/// The steps of each part of the 6×6×6 cube.
const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];

fn palette_256(rgb: [u8; 3]) -> u8 {
    let step = |part: u8| (0u8..6).min_by_key(|i| STEPS[usize::from(*i)].abs_diff(part)).unwrap_or(0);
    let cube = rgb.map(step);
    let in_cube = cube.map(|i| STEPS[usize::from(i)]);
    let mean = rgb.iter().map(|part| u16::from(*part)).sum::<u16>() / 3;
    // 24 greys: 8, 18, … 238.
    let grey = u8::try_from((mean.saturating_sub(3) / 10).min(23)).unwrap_or(23);
    let in_grey = [8 + grey * 10; 3];
    if distance(rgb, in_grey) < distance(rgb, in_cube) {
        232 + grey
    } else {
        16 + 36 * cube[0] + 6 * cube[1] + cube[2]
    }
}

/// The sixteen as most terminals draw them.
const SIXTEEN: [[u8; 3]; 16] = [
    [0, 0, 0],
    [205, 0, 0],
    [0, 205, 0],
    [205, 205, 0],
    [0, 0, 238],
    [205, 0, 205],
    [0, 205, 205],
    [229, 229, 229],
    [127, 127, 127],
    [255, 0, 0],
    [0, 255, 0],
    [255, 255, 0],
    [92, 92, 255],
    [255, 0, 255],
    [0, 255, 255],
    [255, 255, 255],
];

/// By hue first: a soft red stays a red, where plain distance would make it grey.
fn palette_16(rgb: [u8; 3]) -> u8 {
    let (low, high) = (rgb.iter().min().copied().unwrap_or(0), rgb.iter().max().copied().unwrap_or(0));
    let spread = high - low;
    if spread < 40 {
        return match high {
            0..64 => 0,
            64..176 => 8,
            176..224 => 7,
            _ => 15,
        };
    }
    let stretched = rgb.map(|part| {
        let full = u16::from(part - low) * 255 / u16::from(spread);
        u8::try_from(full).unwrap_or(255)
    });
    let bright = high >= 200;
    let candidates = if bright { 9..15u8 } else { 1..7u8 };
    candidates
        .min_by_key(|i| {
            let known = SIXTEEN[usize::from(*i)].map(|part| if part > 150 { 255 } else { 0 });
            distance(stretched, known)
        })
        .unwrap_or(7)
}

fn distance(a: [u8; 3], b: [u8; 3]) -> u32 {
    a.iter().zip(b).map(|(x, y)| u32::from(x.abs_diff(y)).pow(2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_tells_how_many_colours_there_are() {
        let depth = |no_color, colorterm, term, theme_by_flag| {
            Depth::detect(Terminal { no_color, colorterm, term: Some(term), theme_by_flag })
        };
        assert_eq!(depth(None, None, "xterm-256color", false), Depth::TwoFiftySix);
        assert_eq!(depth(None, Some("truecolor"), "xterm-256color", false), Depth::True);
        assert_eq!(depth(None, None, "xterm-direct", false), Depth::True);
        assert_eq!(depth(None, None, "xterm", false), Depth::Sixteen);
        assert_eq!(depth(None, None, "linux", false), Depth::Sixteen);
        assert_eq!(depth(None, Some("truecolor"), "dumb", false), Depth::None);
        assert_eq!(depth(Some("1"), Some("truecolor"), "xterm", false), Depth::None);
        assert_eq!(
            depth(Some(""), Some("truecolor"), "xterm", false),
            Depth::True,
            "an empty one does not count"
        );
        assert_eq!(depth(Some("1"), Some("truecolor"), "xterm", true), Depth::True, "a flag is more recent");
        assert_eq!(Depth::detect(Terminal::default()), Depth::None);
    }

    #[test]
    fn a_colour_becomes_the_nearest_the_terminal_has() {
        let rgb = Colour::Rgb(255, 0, 0);
        assert_eq!(Depth::True.nearest(rgb), rgb);
        assert_eq!(Depth::TwoFiftySix.nearest(rgb), Colour::Ansi(196));
        assert_eq!(Depth::TwoFiftySix.nearest(Colour::Rgb(8, 8, 8)), Colour::Ansi(232));
        assert_eq!(Depth::Sixteen.nearest(rgb), Colour::Ansi(9));
        assert_eq!(Depth::Sixteen.nearest(Colour::Rgb(240, 140, 130)), Colour::Ansi(9), "a soft red is red");
        assert_eq!(Depth::Sixteen.nearest(Colour::Rgb(125, 135, 148)), Colour::Ansi(8));
        assert_eq!(Depth::None.nearest(rgb), Colour::Default);
        assert_eq!(Depth::Sixteen.nearest(Colour::Default), Colour::Default);
    }

    #[test]
    fn text_never_takes_the_colour_of_its_ground() {
        let look = Look { fg: Colour::Rgb(10, 10, 10), bg: Colour::Rgb(20, 20, 20), ..Look::default() };
        let near = Depth::Sixteen.look(look);
        assert!(near.fg != near.bg && near.reverse);
    }
}
