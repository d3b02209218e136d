//! Which labels tell an alert from the others of its name.
use std::collections::{HashMap, HashSet};

use crate::domain::alert::Alert;
use crate::domain::text::clean_to;

/// What people look for first; these are told by their value alone.
const TELLING: &[&str] = &[
    "namespace",
    "service",
    "app",
    "deployment",
    "statefulset",
    "daemonset",
    "job_name",
    "pod",
    "container",
    "instance",
    "node",
    "device",
    "mountpoint",
    "database",
    "datname",
    "queue",
    "job",
];
/// What names a thing that somebody else measures, and what such a measurer says of itself.
const MEASURED: &[&str] =
    &["deployment", "statefulset", "daemonset", "job_name", "node", "database", "datname", "queue"];
const MEASURER: &[&str] = &["service", "pod", "container", "instance", "endpoint", "job"];
/// So many fit into a row.
const MOST: usize = 6;
const LONGEST: usize = 200;

/// How a label behaves among the alerts of one name.
#[derive(Default)]
struct Seen<'a> {
    first: &'a str,
    count: usize,
    differs: bool,
}

pub(super) fn tell(alerts: &mut [Alert]) {
    let mut groups: HashMap<&str, (usize, HashMap<&str, Seen<'_>>)> = HashMap::new();
    for alert in alerts.iter() {
        let (size, labels) = groups.entry(&alert.name).or_default();
        *size += 1;
        for (name, value) in alert.labels.iter() {
            let seen = labels.entry(name).or_default();
            if seen.count == 0 {
                seen.first = value;
            }
            seen.count += 1;
            seen.differs |= seen.first != &**value;
        }
    }
    let told: Vec<String> = alerts
        .iter()
        .map(|alert| {
            let group = groups.get(&*alert.name);
            let differs = |name: &str| {
                group.is_some_and(|(size, labels)| {
                    labels.get(name).is_some_and(|seen| seen.differs || seen.count < *size)
                })
            };
            one(alert, differs)
        })
        .collect();
    for (alert, apart) in alerts.iter_mut().zip(told) {
        alert.apart = apart.into();
    }
}

/// Whether a label is of who measures, and not of what the alert is about: an exporter's own labels stand beside those
/// of what it speaks of, and its pods are called like its job.
fn of_measurer(alert: &Alert, label: &str) -> bool {
    let of = |name: &str| alert.labels.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value);
    let Some(job) = of("job").filter(|job| !job.is_empty()) else { return false };
    let itself =
        ["service", "pod", "container"].iter().any(|name| of(name).is_some_and(|own| own.starts_with(job)));
    let speaks = itself && MEASURED.iter().any(|name| of(name).is_some());
    // A node is in no namespace: that is of the measurer as well.
    speaks && (MEASURER.contains(&label) || (label == "namespace" && of("node").is_some()))
}

fn one(alert: &Alert, differs: impl Fn(&str) -> bool) -> String {
    let mut labels: Vec<(bool, bool, usize, &str, &str)> = alert
        .labels
        .iter()
        .filter(|(name, value)| !matches!(&**name, "alertname" | "severity") && !value.is_empty())
        .map(|(name, value)| {
            let rank = TELLING.iter().position(|telling| *telling == &**name).unwrap_or(TELLING.len());
            (of_measurer(alert, name), !differs(name), rank, &**name, &**value)
        })
        .collect();
    labels.sort_unstable();
    // What was told is not told again: an app and its deployment mostly have one name.
    let mut told = HashSet::new();
    labels.retain(|(_, _, rank, _, value)| *rank >= TELLING.len() || told.insert(*value));
    let words = labels.into_iter().take(MOST).map(|(_, _, rank, name, value)| {
        let value = short(value);
        if rank < TELLING.len() { value } else { format!("{name}={value}") }
    });
    clean_to(&words.collect::<Vec<_>>().join(" "), LONGEST).into_owned()
}

/// A long name loses its middle: its end tells the pods of one deployment apart.
fn short(value: &str) -> String {
    const HEAD: usize = 10;
    const TAIL: usize = 6;
    let count = value.chars().count();
    if count <= HEAD + TAIL + 3 {
        return value.to_owned();
    }
    let head: String = value.chars().take(HEAD).collect();
    let tail: String = value.chars().skip(count - TAIL).collect();
    format!("{head}…{tail}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_keeps_the_end_that_tells_it_from_others() {
        assert_eq!(short("rest-api-547bbd6c9f-fnwp2"), "rest-api-5…-fnwp2");
        assert_eq!(short("worker-5dc8-5rh92"), "worker-5dc8-5rh92");
    }
}
