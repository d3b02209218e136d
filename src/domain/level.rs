//! How bad something is: one scale, one sign and one role for every pane.
use serde::{Deserialize, Serialize};

/// From the worst to the calmest, which is also the order of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Broken now.
    Bad,
    /// We cannot know, so it is not fine.
    Unknown,
    /// Not broken, but not as it should be.
    Warn,
    /// As it should be.
    #[default]
    Fine,
    /// Over, and well: a completed job.
    Done,
}

impl Level {
    /// The sign that goes before a row, so that colour is never alone.
    pub fn sign(self) -> char {
        match self {
            Level::Bad => '✗',
            Level::Unknown => '?',
            Level::Warn => '▲',
            Level::Fine | Level::Done => ' ',
        }
    }

    /// The same for terminals without Unicode.
    pub fn ascii(self) -> char {
        match self {
            Level::Bad => 'x',
            Level::Unknown => '?',
            Level::Warn => '!',
            Level::Fine | Level::Done => ' ',
        }
    }
}
