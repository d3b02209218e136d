//! Which runbooks fit an alert, a pod in trouble, or some words, and why.
//!
//! [`Index`] is made once for a catalogue. A wrong runbook costs more at night than none: what fits by words
//! alone has to fit well.
mod alert;
mod coverage;
mod fuzzy;
mod index;
mod named;
mod pod;
mod rules;
mod score;
pub mod slug;
mod words;

use std::sync::Arc;

use super::types::Document;

pub use coverage::{Coverage, Covered, Dead, coverage};
pub use index::Index;
pub use rules::{AlertRule, RulesError, rules};

/// An alert, as far as runbooks are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Alert {
    pub name: String,
    pub labels: Vec<(String, String)>,
    pub annotations: Vec<(String, String)>,
    pub runbook_url: Option<String>,
}

/// From this score on a runbook is for this very alert: it names it, and no other app than the alert's.
pub const SURE: u32 = 5_000;
/// Above what words reach; between the two it names the alert, but for other apps.
pub const NAMED: u32 = 1_200;

pub use alert::names_what;

/// A pod that is not well.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodTrouble {
    pub namespace: String,
    /// The deployment or other owner, or the pod's own name.
    pub workload: String,
    /// As the pods pane says it: `CrashLoopBackOff`, `OOMKilled 137`, `Pending`, `Evicted`, `node-2 not Ready`.
    pub reason: String,
}

/// A runbook that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hit {
    /// Index of the document, and of the runbook in it.
    pub document: usize,
    pub runbook: usize,
    /// Comparable within one answer; the first hit has the highest.
    pub score: u32,
    /// The text that matched: a title, a step, a command.
    pub text: String,
    /// Which of its characters matched, counted from 0, in order.
    pub positions: Vec<u32>,
    /// The document's line of that text.
    pub line: u32,
    /// Where and why it matched, in a few words.
    pub reason: String,
}

/// The words of a text that say something; words that mean the same are the same.
pub fn meanings(text: &str) -> Vec<String> {
    let read = words::Names::new().read(text);
    read.into_iter().filter(|word| !word.weak()).map(|word| word.name).collect()
}

/// Searches titles, sections, steps, commands, alerts, tags and symptoms; the best hit first.
pub fn search(documents: &[Arc<Document>], query: &str) -> Vec<Hit> {
    Index::new(documents).search(query)
}

/// The runbooks that fit an alert; the best one first.
pub fn for_alert(documents: &[Arc<Document>], alert: &Alert) -> Vec<Hit> {
    Index::new(documents).for_alert(alert)
}

/// The runbooks that fit a pod in trouble; the best one first.
pub fn for_pod(documents: &[Arc<Document>], trouble: &PodTrouble) -> Vec<Hit> {
    Index::new(documents).for_pod(trouble)
}
