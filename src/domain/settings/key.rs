//! A key as the program understands it, and how people write it down.
use std::fmt;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum KeyCode {
    Char(char),
    F(u8),
    Enter,
    Esc,
    Tab,
    BackTab,
    Backspace,
    Delete,
    Insert,
    Up,
    Down,
    Left,
    Right,
    Home,
    End,
    PageUp,
    PageDown,
}

/// Shift is part of the character: `R` is not `r`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    pub code: KeyCode,
    pub ctrl: bool,
    pub alt: bool,
}

impl Key {
    pub const fn plain(code: KeyCode) -> Key {
        Key { code, ctrl: false, alt: false }
    }
    pub const fn char(c: char) -> Key {
        Key::plain(KeyCode::Char(c))
    }
    pub const fn ctrl(c: char) -> Key {
        Key { code: KeyCode::Char(c), ctrl: true, alt: false }
    }

    /// Reads `q`, `Ctrl-D`, `Enter`, `F2`, `Alt-x`, `Space`.
    pub fn parse(text: &str) -> Option<Key> {
        let (mut ctrl, mut alt, mut rest) = (false, false, text);
        loop {
            let lower = rest.to_lowercase();
            if lower.starts_with("ctrl-") && rest.len() > 5 {
                (ctrl, rest) = (true, &rest[5..]);
            } else if lower.starts_with("alt-") && rest.len() > 4 {
                (alt, rest) = (true, &rest[4..]);
            } else {
                break;
            }
        }
        let mut chars = rest.chars();
        let code = match (chars.next(), chars.next()) {
            (Some(c), None) if !c.is_control() => {
                KeyCode::Char(if ctrl { c.to_ascii_lowercase() } else { c })
            }
            (Some(_), Some(_)) => match rest.to_lowercase().as_str() {
                "space" => KeyCode::Char(' '),
                name => {
                    let named = NAMES.iter().find(|(_, n)| n.to_lowercase() == name).map(|(code, _)| *code);
                    let function = || {
                        name.strip_prefix('f')?.parse().ok().filter(|n| (1..=24).contains(n)).map(KeyCode::F)
                    };
                    named.or_else(function)?
                }
            },
            _ => return None,
        };
        Some(Key { code, ctrl, alt })
    }
}

const NAMES: &[(KeyCode, &str)] = &[
    (KeyCode::Enter, "Enter"),
    (KeyCode::Esc, "Esc"),
    (KeyCode::Tab, "Tab"),
    (KeyCode::BackTab, "Shift-Tab"),
    (KeyCode::Backspace, "Backspace"),
    (KeyCode::Delete, "Delete"),
    (KeyCode::Insert, "Insert"),
    (KeyCode::Up, "Up"),
    (KeyCode::Down, "Down"),
    (KeyCode::Left, "Left"),
    (KeyCode::Right, "Right"),
    (KeyCode::Home, "Home"),
    (KeyCode::End, "End"),
    (KeyCode::PageUp, "PageUp"),
    (KeyCode::PageDown, "PageDown"),
];

impl fmt::Display for Key {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.ctrl {
            out.write_str("Ctrl-")?;
        }
        if self.alt {
            out.write_str("Alt-")?;
        }
        match self.code {
            KeyCode::Char(' ') => out.write_str("Space"),
            KeyCode::Char(c) if self.ctrl => write!(out, "{}", c.to_ascii_uppercase()),
            KeyCode::Char(c) => write!(out, "{c}"),
            KeyCode::F(n) => write!(out, "F{n}"),
            code => out.write_str(NAMES.iter().find(|(c, _)| *c == code).map_or("?", |(_, name)| name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_reads_back_as_it_is_written() {
        for text in ["q", "R", "Ctrl-D", "Alt-x", "Enter", "Space", "F12", "PageDown", "Shift-Tab", "-", ":"]
        {
            assert_eq!(Key::parse(text).expect(text).to_string(), text);
        }
        for text in ["", "F25", "Hyper-x", "Ctrl-", "enterr"] {
            assert_eq!(Key::parse(text), None, "{text}");
        }
    }
}
