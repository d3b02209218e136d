//! What a PostgreSQL server says: its sessions, who waits for whom, what is slow, what grows.
use std::borrow::Cow;

use super::level::Level;

/// What the database pane has rows of.
#[derive(Debug, Clone, PartialEq)]
pub enum DatabaseFacts {}

impl DatabaseFacts {
    pub fn level(&self) -> Level {
        Level::Unknown
    }

    pub fn status(&self) -> Cow<'_, str> {
        "".into()
    }
}
