//! Meanings and how they look. Nothing else in the program knows a colour.

macro_rules! roles {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Role { $($(#[$doc])* $variant,)* }
        impl Role {
            pub const ALL: &'static [Role] = &[$(Role::$variant,)*];
            /// As a theme file names it.
            pub fn name(self) -> &'static str { match self { $(Role::$variant => $name,)* } }
        }
    };
}

roles! {
    Text      "text",
    /// Less important words: units, labels, past things.
    Dim       "dim",
    /// Names of panes and columns.
    Title     "title",
    /// The thin rules.
    Rule      "rule",
    /// The pane that has the keys.
    Focus     "focus",
    /// The row where you are.
    Here      "here",
    /// A marked row.
    Marked    "marked",
    Good      "good",
    Warning   "warning",
    Bad       "bad",
    Unknown   "unknown",
    /// A question: about to act.
    Act       "act",
    /// A question about something dangerous.
    Danger    "danger",
    /// A key in the footer and the help.
    Key       "key",
    /// Text that matches a search.
    Hit       "hit",
    /// A line that is being typed.
    Input     "input",
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Colour {
    /// Whatever the terminal has.
    #[default]
    Default,
    /// One of the terminal's own: the sixteen, or of the 256.
    Ansi(u8),
    Rgb(u8, u8, u8),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Look {
    pub fg: Colour,
    pub bg: Colour,
    pub bold: bool,
    pub dim: bool,
    pub italic: bool,
    pub underline: bool,
    pub reverse: bool,
}

/// How many colours the terminal shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Depth {
    /// `NO_COLOR`, or a terminal without any.
    None,
    Sixteen,
    TwoFiftySix,
    #[default]
    True,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Theme {
    pub name: String,
    looks: Vec<Look>,
}

impl Theme {
    pub fn new(name: &str, look: impl Fn(Role) -> Look) -> Theme {
        Theme { name: name.to_owned(), looks: Role::ALL.iter().map(|role| look(*role)).collect() }
    }

    pub fn look(&self, role: Role) -> Look {
        self.looks.get(role as usize).copied().unwrap_or_default()
    }
}

impl Default for Theme {
    /// Bold, dim and reverse only: what any terminal can show.
    fn default() -> Self {
        Theme::new("mono", |role| {
            let look = Look::default();
            match role {
                Role::Dim | Role::Rule => Look { dim: true, ..look },
                Role::Title | Role::Focus | Role::Bad | Role::Key | Role::Act => Look { bold: true, ..look },
                Role::Here | Role::Danger | Role::Hit => Look { reverse: true, ..look },
                Role::Marked | Role::Warning => Look { underline: true, ..look },
                _ => look,
            }
        })
    }
}
