//! The runbooks that fit an alert.
use std::collections::HashMap;

use super::index::{Index, Place};
use super::score::{Asked, Fit};
use super::words::split;
use super::{Alert, Hit};
use crate::runbook::types::Runbook;

/// How many hits are worth showing.
const HITS: usize = 8;

/// Below this share of the best one, a hit is noise.
const NOISE: f32 = 0.55;

/// Labels that say what the alert is about.
const ABOUT: &[&str] = &[
    "service",
    "app",
    "application",
    "component",
    "deployment",
    "statefulset",
    "daemonset",
    "job",
    "workload",
    "product",
];

/// Labels whose values stand in commands.
const NAMES: &[&str] = &[
    "namespace",
    "service",
    "app",
    "deployment",
    "statefulset",
    "daemonset",
    "container",
    "workload",
    "cluster",
];

/// Annotations that speak of the alert, with what a word in them counts.
const SPEAKING: &[(&str, f32)] = &[("summary", 0.6), ("message", 0.5), ("title", 0.6), ("description", 0.4)];

impl Index {
    /// The runbooks that fit an alert; the best one first.
    pub fn for_alert(&self, alert: &Alert) -> Vec<Hit> {
        let url = alert.runbook_url.as_deref().or_else(|| value(&alert.annotations, "runbook_url"));
        let mut hits: HashMap<usize, Hit> = HashMap::new();
        for found in self.ways(&alert.name, url) {
            let score = found.way.score();
            let better = hits.get(&found.entry).is_none_or(|hit| hit.score < score);
            if let Some(hit) =
                better.then(|| self.certain(found.entry, score, found.line, found.way.reason())).flatten()
            {
                hits.insert(found.entry, hit);
            }
        }
        let certain = !hits.is_empty();
        let asked = self.asked(alert);
        let mut fits: Vec<(usize, Fit)> =
            self.fits(&asked).into_iter().filter(|(_, fit)| self.good(fit, &asked)).collect();
        let labels: Vec<&str> = NAMES.iter().filter_map(|name| value(&alert.labels, name)).collect();
        let best = fits.iter().map(|(_, fit)| fit.score()).fold(0.0, f32::max);
        // Beside what is certain, only what fits very well helps.
        let least = if certain { best.max(0.8) * 0.9 } else { best * NOISE };
        fits.retain(|(_, fit)| fit.score() >= least);
        for (entry, fit) in fits {
            let named = labels.iter().find(|label| self.commands_name(entry, label)).copied();
            let grave = self.same_gravity(entry, alert);
            let bonus = if named.is_some() { 80 } else { 0 } + if grave { 20 } else { 0 };
            match hits.get_mut(&entry) {
                Some(hit) => hit.score += points(fit.score()) + bonus,
                None => {
                    if let Some(hit) = self.fitting(entry, &fit, &asked, named, bonus) {
                        hits.insert(entry, hit);
                    }
                }
            }
        }
        order(hits.into_values().collect())
    }

    /// What the alert says, as words.
    fn asked(&self, alert: &Alert) -> Vec<Asked> {
        let mut out: Vec<Asked> = Vec::new();
        let mut ask = |text: &str, weight: f32, core: bool| {
            for word in self.names.read(text) {
                if !out.iter().any(|old| old.word.name == word.name) {
                    out.push(Asked { word, weight, core });
                }
            }
        };
        ask(&alert.name, 1.0, true);
        for label in ABOUT {
            if let Some(text) = value(&alert.labels, label) {
                ask(text, 0.5, false);
            }
        }
        for (name, weight) in SPEAKING {
            if let Some(text) = value(&alert.annotations, name) {
                ask(text, *weight, false);
            }
        }
        out
    }

    /// Whether words alone make it a hit: most of the alert's name, or a good part of it beside most of the title.
    fn good(&self, fit: &Fit, asked: &[Asked]) -> bool {
        let core = self.strong(fit, asked).filter(|m| asked.get(m.asked).is_some_and(|ask| ask.core)).count();
        let all = self.strong(fit, asked).count();
        match core {
            0 => all >= 2 && fit.rest >= 0.5 && fit.title >= 0.75,
            _ => {
                fit.core >= 0.6
                    || (fit.core >= 0.4 && fit.title >= 0.5)
                    || (fit.core >= 0.3 && fit.title >= 0.8)
            }
        }
    }

    fn certain(&self, entry: usize, score: u32, line: u32, reason: &str) -> Option<Hit> {
        let (_, runbook) = self.runbook_of(entry)?;
        let own = self.entries.get(entry)?;
        Some(Hit {
            document: own.document,
            runbook: own.runbook,
            score,
            text: runbook.title.clone(),
            positions: Vec::new(),
            line,
            reason: reason.to_owned(),
        })
    }

    /// A hit by words: its best field, the words in it, and in short why.
    pub(super) fn fitting(
        &self,
        entry: usize,
        fit: &Fit,
        asked: &[Asked],
        named: Option<&str>,
        bonus: u32,
    ) -> Option<Hit> {
        let own = self.entries.get(entry)?;
        let mut matched: Vec<_> = self.strong(fit, asked).collect();
        if matched.is_empty() {
            matched = fit.matched.iter().collect();
        }
        matched.sort_by(|a, b| b.worth.total_cmp(&a.worth));
        let best = self.fields.get(matched.first()?.field)?;
        let text = best.text.to_string();
        let names: Vec<&str> =
            fit.matched.iter().filter_map(|m| Some(asked.get(m.asked)?.word.name.as_str())).collect();
        let mut reasons = Vec::new();
        if fit.core >= 0.6 {
            reasons.push("the alert's name".to_owned());
        } else {
            let words: Vec<&str> = matched
                .iter()
                .filter(|m| self.fields.get(m.field).is_some_and(|field| field.place == Place::Title))
                .filter_map(|m| Some(asked.get(m.asked)?.word.written.as_str()))
                .take(3)
                .collect();
            match words.as_slice() {
                [] => {}
                [one] => reasons.push(format!("the word \"{one}\"")),
                many => reasons.push(format!("the words \"{}\"", many.join("\", \""))),
            }
        }
        for m in &matched {
            let Some(field) = self.fields.get(m.field) else { continue };
            let said = said(field.place, &field.text.to_string());
            if let Some(said) = said.filter(|said| reasons.len() < 3 && !reasons.contains(said)) {
                reasons.push(said);
            }
        }
        if let Some(named) = named {
            reasons.push(format!("its commands name {named}"));
        }
        if reasons.is_empty() {
            reasons.push("its words".to_owned());
        }
        Some(Hit {
            document: own.document,
            runbook: own.runbook,
            score: points(fit.score()) + bonus,
            positions: self.marked(&text, &names),
            line: best.line,
            text,
            reason: reasons.join(", "),
        })
    }

    /// The characters of a text that belong to words of these names.
    fn marked(&self, text: &str, names: &[&str]) -> Vec<u32> {
        let chars: Vec<char> = text.chars().collect();
        let mut out = Vec::new();
        let mut from = 0;
        for part in chars.split(|c| !c.is_alphanumeric()) {
            let word: String = part.iter().collect();
            if self.names.read(&word).iter().any(|meant| names.contains(&meant.name.as_str())) {
                out.extend((from..from + part.len()).filter_map(|at| u32::try_from(at).ok()));
            }
            from += part.len() + 1;
        }
        out
    }

    /// Whether a command of the runbook names it as a word of its own.
    pub(super) fn commands_name(&self, entry: usize, name: &str) -> bool {
        let commands = self.steps(entry).iter().flat_map(|step| &step.commands);
        commands.into_iter().any(|command| holds(&command.statement.text, name))
    }

    /// An alert that pages, and a runbook for what pages.
    fn same_gravity(&self, entry: usize, alert: &Alert) -> bool {
        let severity = value(&alert.labels, "severity").or_else(|| value(&alert.labels, "priority"));
        let own = |runbook: &Runbook| runbook.severity.clone().unwrap_or_default().to_lowercase();
        let (Some(severity), Some((_, runbook))) = (severity, self.runbook_of(entry)) else { return false };
        let severity = severity.to_lowercase();
        let own = own(runbook);
        let top = |text: &str| {
            split(text).iter().any(|w| matches!(w.as_str(), "critical" | "p0" | "p1" | "sev1" | "page"))
        };
        !own.is_empty() && (own.contains(&severity) || (top(&own) && top(&severity)))
    }
}

fn value<'a>(pairs: &'a [(String, String)], name: &str) -> Option<&'a str> {
    pairs.iter().find(|(key, value)| key == name && !value.trim().is_empty()).map(|(_, value)| value.as_str())
}

/// Whether a word stands in a text: nothing that could belong to a name stands beside it.
pub(super) fn holds(text: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    !name.is_empty()
        && text.match_indices(name).any(|(at, _)| {
            let before = text.get(..at).and_then(|t| t.chars().next_back());
            let after = text.get(at + name.len()..).and_then(|t| t.chars().next());
            !before.is_some_and(part) && !after.is_some_and(part)
        })
}

/// Why a field other than the title speaks for a runbook.
fn said(place: Place, text: &str) -> Option<String> {
    let short = short(text);
    match place {
        Place::Symptom => Some(format!("a symptom: {short}")),
        Place::Branch => Some(format!("a branch: {short}")),
        Place::Trigger => Some(format!("its trigger: {short}")),
        Place::Purpose => Some(format!("its purpose: {short}")),
        Place::Tag => Some(format!("its tag {short}")),
        Place::Alert => Some(format!("its alert {short}")),
        _ => None,
    }
}

fn short(text: &str) -> String {
    let text = text.trim().trim_matches(['"', '*', '`', ':', '.']);
    let mut out: String = text.chars().take(40).collect();
    if text.chars().count() > 40 {
        out = out.trim_end().to_owned() + "…";
    }
    out
}

/// A fit of 1 is a thousand points.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1000")]
fn points(fit: f32) -> u32 {
    (fit.clamp(0.0, 1.0) * 1000.0) as u32
}

pub(super) fn order(mut hits: Vec<Hit>) -> Vec<Hit> {
    hits.sort_by(|a, b| b.score.cmp(&a.score).then(a.document.cmp(&b.document)).then(a.line.cmp(&b.line)));
    hits.truncate(HITS);
    hits
}
