//! What pods do once they are started: as their annotations, their image or the scenario says.
use serde_json::Value;

use super::Cluster;
use super::facts::app;
use super::value::{Dig, namespace};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum What {
    #[default]
    Ok,
    ImagePull,
    /// Fails at its start, before it is ready.
    Crash,
    /// Its memory grows until it is killed.
    Oom,
    Unready,
    /// Ready and unready in turn.
    Flap,
    Complete,
    Fail,
}

/// Durations are seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviour {
    pub what: What,
    /// How long it runs until it ends, if it does.
    pub run_for: Option<f64>,
    /// How long it waits before it is started again, at first and at most.
    pub backoff: Option<f64>,
    pub backoff_most: Option<f64>,
    pub exit_code: Option<i64>,
    /// Lines a second.
    pub log_rate: Option<f64>,
    /// `plain`, `json` or `logfmt`.
    pub log_format: String,
    /// What it writes before it fails.
    pub words: Vec<String>,
}

/// By their words: how many seconds pass from the start until they are ready, and until they end.
const WHATS: [(&str, What, Option<f64>, Option<f64>); 8] = [
    ("ok", What::Ok, Some(0.8), None),
    ("imagepull", What::ImagePull, Some(0.8), None),
    ("crashloop", What::Crash, None, Some(6.0)),
    ("oom", What::Oom, Some(0.8), None),
    ("unready", What::Unready, None, None),
    ("flap", What::Flap, Some(0.8), None),
    ("complete", What::Complete, Some(0.8), Some(8.0)),
    ("fail", What::Fail, None, Some(6.0)),
];

impl What {
    pub fn parse(text: &str) -> Option<What> {
        WHATS.iter().find(|(word, ..)| *word == text).map(|(_, what, ..)| *what)
    }

    pub(super) fn times(self) -> (Option<f64>, Option<f64>) {
        let found = WHATS.iter().find(|(_, what, ..)| *what == self);
        found.map_or((None, None), |(_, _, ready, end)| (*ready, *end))
    }
}

impl From<What> for Behaviour {
    fn from(what: What) -> Behaviour {
        Behaviour { what, ..Behaviour::default() }
    }
}

impl Cluster {
    /// How this pod behaves now: by the scenario's word for its app, by its annotations such as `demo/run-for`, or
    /// by the tag of its image, which may end with a word such as `-crashloop`.
    pub(super) fn behaviour(&self, pod: &Value) -> Behaviour {
        let said = |key: &str| pod.text(&format!("/metadata/annotations/demo~1{key}"));
        let seconds = |key: &str| {
            said(key).trim_end_matches('s').parse().ok().filter(|seconds| (0.0..=1e9).contains(seconds))
        };
        let tag = pod.text("/spec/containers/0/image").rsplit_once('-').map_or("", |(_, tag)| tag);
        let what = What::parse(said("behaviour")).or_else(|| What::parse(tag));
        let told = self.apps.get(&(namespace(pod).to_owned(), app(pod).to_owned()));
        let base = told.cloned().unwrap_or_else(|| what.unwrap_or_default().into());
        Behaviour {
            run_for: base.run_for.or_else(|| seconds("run-for")),
            backoff: base.backoff.or_else(|| seconds("backoff")),
            backoff_most: base.backoff_most.or_else(|| seconds("backoff-max")),
            exit_code: base.exit_code.or_else(|| said("exit-code").parse().ok()),
            log_rate: base.log_rate.or_else(|| seconds("log-rate")),
            log_format: said("log-format").to_owned(),
            ..base
        }
    }
}
