//! What a pod should do, as its annotations or its image tag say.
use super::object::SpecCtr;
use crate::clock::span;
use std::collections::BTreeMap;

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Behaviour {
    Ok,
    Fast,
    Slow,
    Stuck,
    ImagePull,
    Crashloop,
    Oom,
    Unready,
    Flap,
    Complete,
    Fail,
    Evicted,
}

impl Behaviour {
    fn parse(s: &str) -> Behaviour {
        use Behaviour::*;
        match s {
            "fast" => Fast,
            "slow" => Slow,
            "pending" | "stuck" => Stuck,
            "imagepull" => ImagePull,
            "crashloop" => Crashloop,
            "oom" => Oom,
            "unready" => Unready,
            "flap" => Flap,
            "complete" => Complete,
            "fail" => Fail,
            "evicted" => Evicted,
            _ => Ok,
        }
    }
}

/// Everything an annotation can tune; a change of any of it on a live pod takes effect at once.
#[derive(Clone, PartialEq)]
pub struct Plan {
    pub what: Behaviour,
    pub target: Option<String>,
    pub start_delay: Option<i64>,
    pub ready_delay: Option<i64>,
    pub run_for: Option<i64>,
    pub backoff: i64,
    pub backoff_max: i64,
    pub term_delay: Option<i64>,
    pub exit_code: i64,
    pub log_rate: Option<f64>,
    pub log_format: String,
    pub cpu_milli: Option<f64>,
    pub mem_mi: Option<f64>,
}

impl Plan {
    /// Annotations first; without `fakelet/behaviour`, an image tag such as `web:1.4-crashloop` decides.
    pub fn read(a: &BTreeMap<String, String>, ctrs: &[SpecCtr]) -> Plan {
        let g = |k: &str| a.get(&format!("fakelet/{k}")).map(String::as_str);
        let target = g("container").and_then(|t| ctrs.iter().find(|c| c.name == t)).or(ctrs.first());
        let tag = target
            .and_then(|c| c.image.rsplit_once(':'))
            .and_then(|(_, t)| t.rsplit_once('-'))
            .map(|(_, k)| k);
        let t = |k: &str| g(k).and_then(span);
        let f = |k: &str| g(k).and_then(|v| v.parse::<f64>().ok());
        Plan {
            what: Behaviour::parse(g("behaviour").or(tag).unwrap_or("ok")),
            target: g("container").map(str::to_string),
            start_delay: t("start-delay"),
            ready_delay: t("ready-delay"),
            run_for: t("run-for"),
            backoff: t("backoff").unwrap_or(10_000),
            backoff_max: t("backoff-max").unwrap_or(300_000),
            term_delay: match g("term-delay") {
                Some("never") => Some(i64::MAX / 4),
                _ => t("term-delay"),
            },
            exit_code: g("exit-code").and_then(|v| v.parse().ok()).unwrap_or(1),
            log_rate: f("log-rate"),
            log_format: g("log-format").unwrap_or("plain").to_string(),
            cpu_milli: f("cpu-m"),
            mem_mi: f("mem-mi"),
        }
    }
}

/// A Kubernetes memory quantity in MiB.
pub fn mebi(q: &str) -> Option<f64> {
    let cut = q.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(q.len());
    let v: f64 = q[..cut].parse().ok()?;
    let m = match &q[cut..] {
        "" => 1.0 / 1_048_576.0,
        "Ki" => 1.0 / 1024.0,
        "Mi" => 1.0,
        "Gi" => 1024.0,
        "k" => 1e3 / 1_048_576.0,
        "M" => 1e6 / 1_048_576.0,
        "G" => 1e9 / 1_048_576.0,
        _ => return None,
    };
    Some(v * m)
}
