//! What pods do once they are started: as their annotations, their image or the scenario says.
use serde_json::Value;

use super::Cluster;
use super::value::{Dig, annotation, label};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum What {
    #[default]
    Ok,
    /// Twenty seconds until it starts, fifteen more until it is ready.
    Slow,
    /// Its volume never comes.
    Stuck,
    ImagePull,
    /// Fails at its start, before it is ready unless `ready_delay` says otherwise.
    Crash,
    /// Its memory grows until it is killed.
    Oom,
    Unready,
    /// Ready and unready in turn.
    Flap,
    Complete,
    Fail,
    Evicted,
}

/// Durations are seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviour {
    pub what: What,
    pub run_for: Option<f64>,
    pub start_delay: Option<f64>,
    pub ready_delay: Option<f64>,
    /// How long it takes to end; longer than it is given is as long as it is given.
    pub stop_delay: Option<f64>,
    pub backoff: Option<f64>,
    pub backoff_most: Option<f64>,
    pub exit_code: Option<i64>,
    /// Which container behaves so; the first where nothing is said.
    pub container: Option<String>,
    /// Lines a second.
    pub log_rate: Option<f64>,
    /// `plain`, `json` or `logfmt`.
    pub log_format: Option<String>,
    /// How many lines of a hundred are errors.
    pub errors: Option<u64>,
    pub cpu_milli: Option<f64>,
    pub memory: Option<f64>,
    /// What it writes before it fails.
    pub words: Vec<String>,
}

impl What {
    pub fn parse(text: &str) -> Option<What> {
        Some(match text {
            "ok" => What::Ok,
            "slow" => What::Slow,
            "pending" => What::Stuck,
            "imagepull" => What::ImagePull,
            "crashloop" => What::Crash,
            "oom" => What::Oom,
            "unready" => What::Unready,
            "flap" => What::Flap,
            "complete" => What::Complete,
            "fail" => What::Fail,
            "evicted" => What::Evicted,
            _ => return None,
        })
    }
}

impl From<What> for Behaviour {
    fn from(what: What) -> Behaviour {
        Behaviour { what, ..Behaviour::default() }
    }
}

/// A tag such as `1.4-crashloop` says what its image is good for.
pub(super) fn of_images() -> Vec<(String, Behaviour)> {
    let words = [
        "slow",
        "pending",
        "imagepull",
        "crashloop",
        "oom",
        "unready",
        "flap",
        "complete",
        "fail",
        "evicted",
    ];
    words.iter().filter_map(|word| Some((format!("-{word}"), What::parse(word)?.into()))).collect()
}

/// Seconds of `90`, `1.5s`, `2m` or `1h`; `never` is longer than anything.
fn span(text: &str) -> Option<f64> {
    let factors = [("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0)];
    if text == "never" {
        return Some(1e9);
    }
    let found = factors.iter().find_map(|(unit, factor)| Some((text.strip_suffix(unit)?, factor)));
    let (number, factor) = found.unwrap_or((text, &1.0));
    number.parse::<f64>().ok().map(|number| number * factor).filter(|seconds| (0.0..=1e9).contains(seconds))
}

impl Cluster {
    /// How this pod behaves now.
    pub(super) fn behaviour(&self, pod: &Value) -> Behaviour {
        let named = self.apps.iter().find(|((namespace, app), _)| {
            namespace == super::value::namespace(pod) && super::facts::apps(pod).any(|one| one == app)
        });
        let said = |key: &str| Some(annotation(pod, &format!("demo/{key}"))).filter(|text| !text.is_empty());
        let number = |key: &str| said(key).and_then(super::value::amount);
        let image = pod.list("/spec/containers").iter().map(|one| one.text("/image"));
        let mut by_image =
            image.filter_map(|image| self.images.iter().find(|(end, _)| image.ends_with(end.as_str())));
        let base = match (named, said("behaviour").and_then(What::parse)) {
            (Some((_, behaviour)), _) => behaviour.clone(),
            (None, Some(what)) => what.into(),
            (None, None) => by_image.next().map(|(_, behaviour)| behaviour.clone()).unwrap_or_default(),
        };
        Behaviour {
            run_for: base.run_for.or_else(|| said("run-for").and_then(span)),
            start_delay: base.start_delay.or_else(|| said("start-delay").and_then(span)),
            ready_delay: base.ready_delay.or_else(|| said("ready-delay").and_then(span)),
            stop_delay: base.stop_delay.or_else(|| said("term-delay").and_then(span)),
            backoff: base.backoff.or_else(|| said("backoff").and_then(span)),
            backoff_most: base.backoff_most.or_else(|| said("backoff-max").and_then(span)),
            exit_code: base.exit_code.or_else(|| said("exit-code")?.parse().ok()),
            container: base.container.or_else(|| said("container").map(str::to_owned)),
            log_rate: base.log_rate.or_else(|| number("log-rate")),
            log_format: base.log_format.or_else(|| said("log-format").map(str::to_owned)),
            errors: base.errors.or_else(|| said("errors")?.parse().ok()),
            cpu_milli: base.cpu_milli.or_else(|| number("cpu-m")),
            memory: base.memory.or_else(|| number("mem-mi").map(|mebi| mebi * 1_048_576.0)),
            words: if base.words.is_empty() {
                said("words").map(str::to_owned).into_iter().collect()
            } else {
                base.words
            },
            what: base.what,
        }
    }
}

/// What a pod is called by those who speak of its app.
pub(super) fn names(pod: &Value) -> [&str; 3] {
    ["app", "app.kubernetes.io/name", "k8s-app"].map(|key| label(pod, key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read() {
        assert_eq!(
            ["90", "1.5s", "2m", "1h", "250ms", "x", "-1s"].map(span),
            [Some(90.0), Some(1.5), Some(120.0), Some(3600.0), Some(0.25), None, None]
        );
    }
}
