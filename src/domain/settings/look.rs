//! How a look is written down: `#ff7b72 on #101418 bold`.
use std::fmt;

use super::theme::{Colour, Look};

/// The sixteen by the names people know.
pub const COLOURS: [&str; 16] = [
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "white",
    "bright-black",
    "bright-red",
    "bright-green",
    "bright-yellow",
    "bright-blue",
    "bright-magenta",
    "bright-cyan",
    "bright-white",
];

/// What can be said besides colours.
pub const MODIFIERS: [&str; 5] = ["bold", "dim", "italic", "underline", "reverse"];

impl Colour {
    /// Reads `#rrggbb`, one of the sixteen names, or `default`.
    pub fn parse(text: &str) -> Option<Colour> {
        if text == "default" {
            return Some(Colour::Default);
        }
        if let Some(index) = COLOURS.iter().position(|name| *name == text) {
            return u8::try_from(index).ok().map(Colour::Ansi);
        }
        let digits = text.strip_prefix('#')?;
        if digits.len() != 6 || !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return None;
        }
        let part = |at: usize| digits.get(at..at + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        Some(Colour::Rgb(part(0)?, part(2)?, part(4)?))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Colour::Default => out.write_str("default"),
            Colour::Ansi(n) => match COLOURS.get(usize::from(*n)) {
                Some(name) => out.write_str(name),
                None => write!(out, "colour {n}"),
            },
            Colour::Rgb(r, g, b) => write!(out, "#{r:02x}{g:02x}{b:02x}"),
        }
    }
}

/// The word of a look that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadWord {
    pub word: String,
    pub why: &'static str,
}

impl Look {
    /// Reads colours and modifiers: the first colour is the text's, the one after `on` is behind it.
    pub fn parse(text: &str) -> Result<Look, BadWord> {
        let mut look = Look::default();
        let (mut behind, mut fg, mut bg) = (false, false, false);
        for word in text.split_whitespace() {
            let bad = |why| BadWord { word: word.to_owned(), why };
            match word {
                "on" if behind || bg => return Err(bad("comes twice")),
                "on" => behind = true,
                "bold" => look.bold = true,
                "dim" => look.dim = true,
                "italic" => look.italic = true,
                "underline" => look.underline = true,
                "reverse" => look.reverse = true,
                _ => {
                    let colour = Colour::parse(word).ok_or_else(|| bad("is no colour and no modifier"))?;
                    match (behind, fg, bg) {
                        (true, ..) => (look.bg, behind, bg) = (colour, false, true),
                        (false, false, _) => (look.fg, fg) = (colour, true),
                        _ => return Err(bad("is a second colour; the one behind the text comes after `on`")),
                    }
                }
            }
        }
        if behind {
            return Err(BadWord { word: "on".into(), why: "has no colour after it" });
        }
        Ok(look)
    }
}

impl fmt::Display for Look {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.fg)?;
        if self.bg != Colour::Default {
            write!(out, " on {}", self.bg)?;
        }
        let said = [self.bold, self.dim, self.italic, self.underline, self.reverse];
        for (name, _) in MODIFIERS.iter().zip(said).filter(|(_, on)| *on) {
            write!(out, " {name}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_reads_back_as_it_is_written() {
        for text in [
            "default",
            "#ff7b72 on #101418 bold",
            "bright-red underline",
            "default on blue",
            "default dim italic",
        ] {
            assert_eq!(Look::parse(text).expect(text).to_string(), text);
        }
        assert_eq!(Look::parse("bold").expect("bold").to_string(), "default bold");
    }

    #[test]
    fn the_wrong_word_of_a_look_is_named() {
        for (text, word) in [
            ("#ff7b7", "#ff7b7"),
            ("red blinking", "blinking"),
            ("red blue", "blue"),
            ("red on", "on"),
            ("on red on blue", "on"),
            ("#é12345", "#é12345"),
        ] {
            assert_eq!(Look::parse(text).expect_err(text).word, word);
        }
    }
}
