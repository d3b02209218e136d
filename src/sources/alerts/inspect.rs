//! Everything about one alert, silence or target: from what was heard last, with who says what.
use std::fmt::Write as _;

use super::Alerts;
use super::hub::State;
use super::silence::span;
use crate::domain::Text;
use crate::domain::alert::matcher::Held;
use crate::domain::alert::merge::{Told, Word};
use crate::domain::alert::{Alert, AlertState, Silence, Target};
use crate::domain::level::Level;
use crate::domain::news::{Inspection, Section, SectionLine};
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::secret::{HIDDEN, carries_password};
use crate::domain::time::{Age, Timestamp};
use crate::sources::backend::unreadable;
use crate::sources::now;

/// So many others are named.
const NAMED: usize = 20;

pub(super) async fn inspect(alerts: &Alerts, target: &ObjectRef) -> Inspection {
    let state = alerts.hub.state().await;
    let found = match target.kind {
        Kind::Alert => {
            let known = state.alerts.iter().find(|alert| is_called(alert, &target.name));
            known.map(|alert| (alert.fingerprint.clone(), alert_sections(&state, alert), yaml(alert)))
        }
        Kind::Silence => {
            let known = state.silences.iter().find(|silence| silence.id == target.name);
            known.map(|silence| (silence.id.clone(), silence_sections(&state, silence), String::new()))
        }
        _ => {
            let mut own =
                state.words.iter().zip(&state.targets).filter(|(word, _)| word.endpoint == target.context);
            let known = own.find_map(|(_, all)| {
                let named = |one: &&Target| one.job == target.namespace && one.instance == target.name;
                all.iter().find(|one| one.url == target.name).or_else(|| all.iter().find(named))
            });
            known.map(|one| (one.url.clone(), target_sections(one), String::new()))
        }
    };
    let Some((uid, mut sections, yaml)) = found else {
        return unreadable(target, format!("{} {target} is gone", target.kind));
    };
    sections.retain(|section| !section.lines.is_empty());
    Inspection {
        target: target.clone(),
        uid: Some(uid),
        sections,
        yaml,
        events: Vec::new(),
        owners: Vec::new(),
        missing: state
            .words
            .iter()
            .filter(|word| !word.live)
            .map(|word| format!("{} does not answer", word.endpoint))
            .collect(),
    }
}

/// Whether a row of this name is this alert's: its name ends in the beginning of the fingerprint, or in all of it.
fn is_called(alert: &Alert, name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(called, print)| {
        print.len() >= 8
            && alert.fingerprint.starts_with(print)
            && (alert.name.starts_with(called) || alert.name.is_empty() || called.ends_with('…'))
    })
}

struct Draft(Section);

impl Draft {
    fn new(title: &str) -> Draft {
        Draft(Section { title: title.into(), lines: Vec::new() })
    }

    /// Left out when there is nothing to say.
    fn line(&mut self, label: &str, value: impl Into<String>, level: Level) {
        let value = value.into();
        if !value.is_empty() {
            self.0.lines.push(SectionLine { label: label.into(), value, level, indent: 0 });
        }
    }
}

fn alert_sections(state: &State, alert: &Alert) -> Vec<Section> {
    let now = now();
    let mut what = Draft::new("Alert");
    what.line("state", format!("{} {}", alert.severity, alert.status()).trim(), alert.level());
    if alert.missing_watchdog {
        what.line("means", "it should fire always: what tells of alerts may be broken", Level::Bad);
    }
    what.line("since", ago(alert.since, now), Level::Fine);
    what.line("value", alert.value.as_deref().unwrap_or_default(), Level::Fine);
    what.line("expression", alert.expression.as_deref().unwrap_or_default(), Level::Fine);
    what.line("runbook", alert.runbook.as_deref().map(address).unwrap_or_default(), Level::Fine);
    what.line("source", alert.generator.as_deref().map(address).unwrap_or_default(), Level::Fine);
    let mut held = Draft::new("Held back by");
    for id in &alert.silenced_by {
        let known = state.silences.iter().find(|silence| silence.id == *id);
        held.line(
            "silence",
            known.map_or_else(|| id.to_string(), |silence| silence_words(silence, now)),
            Level::Fine,
        );
    }
    for print in &alert.inhibited_by {
        let by = state.alerts.iter().find(|other| other.fingerprint == *print);
        let words = by
            .map_or_else(|| format!("{print}, which is not seen"), |by| format!("{} {}", by.name, by.apart));
        held.line("inhibited by", words, Level::Fine);
    }
    for interval in &alert.muted_by {
        held.line("time interval", &**interval, Level::Fine);
    }
    let mut told = Draft::new("Told to");
    for receiver in &alert.receivers {
        told.line("receiver", &**receiver, Level::Fine);
    }
    if alert.receivers.is_empty() && !alert.missing_watchdog {
        told.line("receiver", "nobody: no Alertmanager tells of it", Level::Warn);
    }
    vec![
        what.0,
        held.0,
        told.0,
        pairs("Annotations", &alert.annotations),
        pairs("Labels", &alert.labels),
        servers(state, alert, now),
    ]
}

fn pairs(title: &str, pairs: &[(Text, Text)]) -> Section {
    let mut draft = Draft::new(title);
    for (name, value) in pairs {
        draft.line(name, address(value), Level::Fine);
    }
    draft.0
}

/// What each server says of it.
fn servers(state: &State, alert: &Alert, now: Timestamp) -> Section {
    let mut draft = Draft::new("What each server says");
    for word in &state.words {
        let late = if word.live { "" } else { " (does not answer now)" };
        if let Some(told) = said(word, alert) {
            let silenced = if told.silenced_by.is_empty() { "" } else { ", silenced" };
            let words = format!("{}{silenced} since {}{late}", state_word(told.state), ago(told.since, now));
            draft.line(&word.endpoint, words, Level::Fine);
        } else if alert.seen_by.contains(&word.endpoint) {
            draft.line(&word.endpoint, format!("tells of it, without the labels it adds{late}"), Level::Fine);
        } else {
            let due = alert.not_seen_by.contains(&word.endpoint);
            draft.line(
                &word.endpoint,
                format!("does not tell of it{late}"),
                if due { Level::Warn } else { Level::Done },
            );
        }
    }
    draft.0
}

fn said<'w>(word: &'w Word, alert: &Alert) -> Option<&'w Told> {
    let print = u64::from_str_radix(&alert.fingerprint, 16).ok()?;
    word.alerts.iter().find(|told| told.print == print)
}

fn state_word(state: AlertState) -> &'static str {
    Alert { state, ..Alert::default() }.status()
}

fn silence_words(silence: &Silence, now: Timestamp) -> String {
    let left = silence.ends.map_or_else(|| "–".into(), |ends| span(ends.since(now)));
    format!("{}: {} ({}, ends in {left})", silence.by, silence.comment, silence.id)
}

fn silence_sections(state: &State, silence: &Silence) -> Vec<Section> {
    let now = now();
    let mut what = Draft::new("Silence");
    what.line("state", &*silence.state, silence.level());
    for matcher in &silence.matchers {
        what.line("matcher", matcher.to_string(), Level::Fine);
    }
    what.line("by", &*silence.by, Level::Fine);
    what.line("comment", &*silence.comment, Level::Fine);
    what.line("began", ago(silence.starts, now), Level::Fine);
    if silence.is_over() {
        what.line("ended", ago(silence.ends, now), Level::Fine);
    } else {
        let left = silence.ends.map_or_else(|| "–".into(), |ends| format!("in {}", span(ends.since(now))));
        what.line("ends", left, Level::Fine);
    }
    what.line("id", &*silence.id, Level::Fine);
    let on: Vec<&str> = silence.seen_by.iter().map(|name| &**name).collect();
    what.line("on", on.join(", "), Level::Fine);
    // Nobody keeps what one held back; what it would hold now is the nearest to it.
    let mut holds = Draft::new(if silence.is_over() { "Would hold back now" } else { "Holds back" });
    let matchers = Held::new(&silence.matchers).ok().filter(|_| silence.is_over());
    let would = |alert: &Alert| {
        matchers
            .as_ref()
            .is_some_and(|matchers| matchers.hits(|name| alert.label(name).map(|value| &**value)))
    };
    let held: Vec<&Alert> =
        state.alerts.iter().filter(|alert| alert.silenced_by.contains(&silence.id) || would(alert)).collect();
    for alert in held.iter().take(NAMED) {
        holds.line(&alert.name, format!("{} {}", alert.severity, alert.apart).trim(), Level::Fine);
    }
    if held.len() > NAMED {
        holds.line("and", format!("{} more", held.len() - NAMED), Level::Fine);
    }
    if held.is_empty() {
        holds.line("now", "nothing", Level::Fine);
    }
    vec![what.0, holds.0]
}

fn target_sections(target: &Target) -> Vec<Section> {
    let now = now();
    let mut what = Draft::new("Target");
    what.line("state", target.status(), target.level());
    what.line("error", &*target.error, Level::Bad);
    what.line("job", &*target.job, Level::Fine);
    what.line("instance", &*target.instance, Level::Fine);
    what.line("address", &*target.url, Level::Fine);
    what.line("last scrape", ago(target.last, now), Level::Fine);
    what.line(
        "took",
        target.last.map_or_else(|| "–".into(), |_| format!("{} ms", target.took_ms)),
        Level::Fine,
    );
    vec![what.0]
}

fn ago(at: Option<Timestamp>, now: Timestamp) -> String {
    at.map_or_else(|| "–".into(), |at| format!("{} ({} ago)", at.rfc3339(), Age(now.since(at))))
}

/// A value without the password that may stand in it.
fn address(value: &str) -> String {
    if carries_password(value) { HIDDEN.into() } else { value.to_owned() }
}

/// Labels and annotations, as a rule's file would have them.
fn yaml(alert: &Alert) -> String {
    let mut out = String::new();
    for (title, pairs) in [("labels", &alert.labels), ("annotations", &alert.annotations)] {
        let _ = writeln!(out, "{title}:");
        for (name, value) in pairs.iter() {
            // A string of JSON is one of YAML too.
            let _ = writeln!(out, "  {}: {}", name, serde_json::Value::from(address(value)));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_is_found_by_the_name_of_its_row() {
        let alert = Alert { name: "Down".into(), fingerprint: "0123456789abcdef".into(), ..Alert::default() };
        assert!(is_called(&alert, "Down-01234567") && is_called(&alert, "Down-0123456789abcdef"));
        assert!(
            !is_called(&alert, "Down-89abcdef")
                && !is_called(&alert, "Up-01234567")
                && !is_called(&alert, "Down-")
        );
    }

    #[test]
    fn a_password_in_an_annotation_is_not_shown() {
        let annotations = [("dsn".into(), "postgres://app:hunter2@db/app".into())];
        let alert = Alert { annotations: annotations.into(), ..Alert::default() };
        assert!(!yaml(&alert).contains("hunter2"));
        assert_eq!(pairs("x", &alert.annotations).lines[0].value, HIDDEN);
    }
}
