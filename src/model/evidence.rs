//! What the panes say of the conditions of the open runbook, worked out when what they show has changed.
use std::collections::BTreeMap;
use std::sync::Arc;

use super::checklist::Spot;
use crate::domain::Text;
use crate::domain::level::Level;
use crate::domain::object::Kind;
use crate::domain::time::Timestamp;
use crate::runbook::Runbook;
use crate::runbook::execution::question::Question;

/// What the panes say to one condition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// How the thing that is asked about fares: in trouble, or as it should be, or not known.
    pub level: Level,
    /// Whether what the condition says is so, where that is known.
    pub fits: Option<bool>,
    /// `2 pods say so`, `accepting connections`.
    pub words: String,
}

#[derive(Debug, Default)]
pub struct Evidence {
    /// The runbook that the questions are of.
    pub of: Option<Arc<Runbook>>,
    /// The conditions of its arms, and of commands that stand under one, as far as they are questions.
    pub questions: Vec<(Spot, Question)>,
    pub answers: BTreeMap<Spot, Answer>,
    /// Kinds that have to be watched for an answer.
    pub kinds: Vec<Kind>,
    pub tally: Tally,
}

/// The pods, counted.
#[derive(Debug, Default)]
pub struct Tally {
    /// What it was counted from: the pods, and the reading of the metrics.
    pub of: (u64, Option<Timestamp>),
    /// By context and namespace.
    pub places: BTreeMap<(Text, Text), Counts>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counts {
    pub all: u32,
    pub failing: u32,
    pub doubtful: u32,
    pub unknown: u32,
    /// Start again and again.
    pub crashing: u32,
    pub starved: u32,
    /// Have no node.
    pub waiting: u32,
    /// Cannot have their image.
    pub imageless: u32,
    /// Run, so that they use something.
    pub running: u32,
    pub memory: Shares,
    pub cpu: Shares,
}

/// What pods use of what they may, in percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Shares {
    /// Of how many it is known.
    pub known: u32,
    pub least: u64,
    pub most: u64,
}
