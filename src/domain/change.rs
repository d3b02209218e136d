//! What changed lately: one line of the time line.
use std::borrow::Cow;

use super::Text;
use super::level::Level;
use super::object::{Object, ObjectRef};
use super::time::Timestamp;

#[derive(Debug, Clone, PartialEq)]
pub struct Change {
    pub at: Timestamp,
    pub what: ChangeKind,
    /// What it happened to; where Enter leads.
    pub target: ObjectRef,
    /// `image 7.2.9 → 7.3.0, revision 14`.
    pub says: Text,
    pub level: Level,
    /// Somebody holds it for the cause.
    pub suspect: bool,
    /// What is gone, as it was when it was seen last.
    pub was: Option<Box<Object>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ChangeKind {
    Rollout,
    Scaling,
    Node,
    Container,
    Alert,
    Silence,
    Database,
    Redis,
    Configuration,
    /// What was done from here.
    Deed,
}

impl ChangeKind {
    pub const ALL: &'static [ChangeKind] = &[
        ChangeKind::Rollout,
        ChangeKind::Scaling,
        ChangeKind::Node,
        ChangeKind::Container,
        ChangeKind::Alert,
        ChangeKind::Database,
        ChangeKind::Redis,
        ChangeKind::Configuration,
        ChangeKind::Deed,
    ];

    pub fn name(self) -> &'static str {
        match self {
            ChangeKind::Rollout => "rollout",
            ChangeKind::Scaling => "scaling",
            ChangeKind::Node => "node",
            ChangeKind::Container => "container",
            ChangeKind::Alert => "alert",
            ChangeKind::Silence => "silence",
            ChangeKind::Database => "database",
            ChangeKind::Redis => "redis",
            ChangeKind::Configuration => "configuration",
            ChangeKind::Deed => "done here",
        }
    }
}

impl Change {
    /// A time line is in the order of time: how bad a line is shows in its words alone.
    pub fn level(&self) -> Level {
        Level::Fine
    }

    pub fn status(&self) -> Cow<'_, str> {
        self.what.name().into()
    }
}
