//! Everything the screen can show.
pub mod logs;
pub mod msg;
pub mod questions;

use crate::domain::settings::{Keymap, Profile, Theme};

/// What was set, checked and merged from defaults, file and flags.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    pub profile: Profile,
    pub theme: Theme,
    pub keymap: Keymap,
}

/// Whether what happens can be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Journal {
    #[default]
    Opening,
    /// Where it is.
    Good(String),
    /// The usual place refused; it goes here until it can be moved back.
    Moved { to: String, why: String },
    /// Nowhere: changes are refused.
    Failed { why: String },
}
