//! Text for a terminal in the theme's colours, and plain text for everything else.
use std::io::IsTerminal;

use crate::config::Request;
use crate::domain::approval::Tier;
use crate::domain::settings::theme::{Colour, Depth};
use crate::domain::settings::{Look, Role, Settings, Theme};

/// Where lines are broken when nobody sees them on a screen.
const UNSEEN: usize = 100;
/// Narrower than this nothing can be laid out.
const NARROWEST: usize = 40;

/// How words are painted on stdout.
#[derive(Debug)]
pub(super) struct Ink {
    theme: Theme,
    depth: Depth,
    /// Signs beyond ASCII.
    ascii: bool,
    /// stdout is a terminal that understands more than letters.
    pub on: bool,
    /// How many columns stdout has.
    pub width: usize,
}

impl Ink {
    pub(super) fn of(settings: &Settings, request: &Request) -> Ink {
        let terminal = std::io::stdout().is_terminal();
        let able = !matches!(request.env.get("TERM"), None | Some("" | "dumb"));
        let size = if terminal { rustix::termios::tcgetwinsize(std::io::stdout()).ok() } else { None };
        let columns = size.map(|size| usize::from(size.ws_col)).filter(|columns| *columns > 0);
        Ink {
            theme: settings.theme.clone(),
            depth: settings.depth,
            ascii: settings.ascii(),
            on: terminal && able,
            width: columns.unwrap_or(UNSEEN).max(NARROWEST),
        }
    }

    pub(super) fn paint(&self, role: Role, text: &str) -> String {
        if self.on && !text.is_empty() {
            painted(text, self.depth, self.theme.look(role))
        } else {
            text.to_owned()
        }
    }

    pub(super) fn sign(&self, unicode: char, ascii: char) -> char {
        if self.ascii { ascii } else { unicode }
    }

    /// The sign of a risk, and how it is painted.
    pub(super) fn risk(&self, tier: Tier) -> (char, Role) {
        match tier {
            Tier::Read => (self.sign('·', '.'), Role::Dim),
            Tier::Change => (self.sign('▲', '!'), Role::Warning),
            Tier::Danger => (self.sign('✗', 'x'), Role::Bad),
        }
    }
}

/// The word in its look; what this terminal has no colour for is left out.
pub(super) fn painted(word: &str, depth: Depth, look: Look) -> String {
    let look = depth.look(look);
    let mut codes: Vec<String> =
        [(look.bold, "1"), (look.dim, "2"), (look.italic, "3"), (look.underline, "4"), (look.reverse, "7")]
            .iter()
            .filter(|(on, _)| *on)
            .map(|(_, code)| (*code).to_owned())
            .collect();
    for (colour, base) in [(look.fg, 38), (look.bg, 48)] {
        match colour {
            Colour::Default => {}
            Colour::Ansi(n) => codes.push(format!("{base};5;{n}")),
            Colour::Rgb(r, g, b) => codes.push(format!("{base};2;{r};{g};{b}")),
        }
    }
    if codes.is_empty() { word.to_owned() } else { format!("\u{1b}[{}m{word}\u{1b}[0m", codes.join(";")) }
}
