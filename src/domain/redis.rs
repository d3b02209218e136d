//! What a Redis or Valkey says: its memory, its clients, what is slow, what fills it.
use std::borrow::Cow;

use super::level::Level;

/// What the Redis pane has rows of.
#[derive(Debug, Clone, PartialEq)]
pub enum RedisFacts {}

impl RedisFacts {
    pub fn level(&self) -> Level {
        Level::Unknown
    }

    pub fn status(&self) -> Cow<'_, str> {
        "".into()
    }
}
