//! A fact worth watching, with its limits and the answer to it.
use std::borrow::Cow;

use super::level::Level;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Vital {}

impl Vital {
    pub fn level(&self) -> Level {
        Level::Unknown
    }

    pub fn status(&self) -> Cow<'_, str> {
        "".into()
    }
}
