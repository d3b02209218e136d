//! The runbooks that fit an alert.
use std::collections::HashMap;

use super::index::{Index, Place};
use super::named::{Found, Way};
use super::score::{Asked, Fit};
use super::words::{Meant, split};
use super::{Alert, Hit};
use crate::runbook::types::{Kind, Runbook};

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

/// Kinds before the name of a workload, and labels before that of an app, in commands.
const WORKLOADS: &[&str] = &[
    "deployment",
    "deployments",
    "deployment.apps",
    "deploy",
    "statefulset",
    "statefulsets",
    "sts",
    "daemonset",
    "daemonsets",
    "ds",
];
const APP_LABELS: &[&str] = &["app", "app.kubernetes.io/name", "-lapp"];

/// What naming the alert's own app counts, and what naming only others takes away: less than any certain way.
const OWN: u32 = 200;
const OTHERS: u32 = 5_000;

/// Whether a label of this name says which app, server or database an alert is about.
pub fn names_what(label: &str) -> bool {
    let more = ["container", "database", "datname"];
    ABOUT.contains(&label) && label != "product" || more.contains(&label)
}

impl Alert {
    /// Which app, server or database it is about, as far as its labels say; the most telling first.
    pub(super) fn abouts(&self) -> impl Iterator<Item = &str> {
        let rank = |label: &str| ABOUT.iter().position(|known| *known == label).unwrap_or(usize::MAX);
        let mut all: Vec<(usize, &str)> = self
            .labels
            .iter()
            .filter(|(label, value)| names_what(label) && !value.trim().is_empty())
            .map(|(label, value)| (rank(label), value.as_str()))
            .collect();
        all.sort_by_key(|(rank, _)| *rank);
        all.into_iter().map(|(_, value)| value)
    }

    /// The first of these.
    pub fn about(&self) -> Option<&str> {
        self.abouts().next()
    }
}

/// Annotations that speak of the alert, with what a word in them counts.
const SPEAKING: &[(&str, f32)] = &[("summary", 0.6), ("message", 0.5), ("title", 0.6), ("description", 0.4)];

impl Index {
    /// The runbooks that fit an alert; the best one first.
    pub fn for_alert(&self, alert: &Alert) -> Vec<Hit> {
        let url = alert.runbook_url.as_deref().or_else(|| value(&alert.annotations, "runbook_url"));
        let mut hits: HashMap<usize, Hit> = HashMap::new();
        for found in self.ways(&alert.name, url) {
            let (score, reason) = self.weighed(&found, alert);
            let better = hits.get(&found.entry).is_none_or(|hit| hit.score < score);
            let hit = better.then(|| self.certain(found.entry, score, found.line, &reason)).flatten();
            hits.extend(hit.map(|hit| (found.entry, hit)));
        }
        let certain = !hits.is_empty();
        let defining = self.defining(&alert.name);
        let asked = self.asked(alert);
        for (entry, fit, named) in self.likely(alert, &asked, &defining, certain) {
            let grave = self.same_gravity(entry, alert);
            let bonus = if named.is_some() { 80 } else { 0 } + if grave { 20 } else { 0 };
            if let Some(hit) = hits.get_mut(&entry) {
                hit.score += points(fit.score()) + bonus;
            } else {
                let hit = self.fitting(entry, &fit, &asked, named, bonus);
                hits.extend(hit.map(|hit| (entry, hit)));
            }
        }
        // The document that defines the alert is better than nothing.
        if hits.is_empty() {
            for document in defining {
                let entry = self.emergency(document);
                let hit = entry.and_then(|entry| {
                    let line = self.runbook_of(entry)?.1.line;
                    self.certain(entry, 300, line, "its document defines the alert")
                });
                hits.extend(entry.zip(hit));
            }
        }
        order(hits.into_values().collect())
    }

    /// What a certain way counts. Many apps have an alert of one name: a runbook that names it and this app is the
    /// one, and one whose commands name other apps alone is not, unless the alert itself links to it.
    fn weighed(&self, found: &Found, alert: &Alert) -> (u32, String) {
        let (score, mut reason) = (found.way.score(), found.way.reason().to_owned());
        if found.way == Way::Alert {
            let of = alert.about().map_or_else(String::new, |app| format!(" of {app}"));
            reason = format!("it names {}{of}", alert.name);
        }
        let about: Vec<&str> = alert.abouts().collect();
        if about.is_empty() || !matches!(found.way, Way::Alert | Way::Title | Way::File) {
            return (score, reason);
        }
        if about
            .iter()
            .any(|name| self.commands_name(found.entry, name) || self.texts_name(found.entry, name))
        {
            return (score + OWN, reason);
        }
        match self.apps(found.entry).first() {
            Some(other) => {
                (score.saturating_sub(OTHERS), format!("it names {}, but for {other}", alert.name))
            }
            None => (score, reason),
        }
    }

    /// Whether its title, a symptom or a step names it as a word of its own.
    fn texts_name(&self, entry: usize, name: &str) -> bool {
        let (from, to) = self.entries.get(entry).map_or((0, 0), |entry| entry.fields);
        let fields = self.fields.get(from..to).unwrap_or_default().iter();
        let told = fields.filter(|field| {
            !matches!(field.place, Place::Command | Place::Alert | Place::Document | Place::Section)
        });
        let name = name.to_lowercase();
        told.into_iter().any(|field| holds(&field.text.to_string().to_lowercase(), &name))
    }

    /// The workloads that the commands of a runbook name: `deploy/worker`, `-l app=worker`.
    fn apps(&self, entry: usize) -> Vec<String> {
        let mut out: Vec<String> = Vec::new();
        for command in self.steps(entry).iter().flat_map(|step| &step.commands) {
            let mut words = command.statement.text.split_whitespace().peekable();
            while let Some(word) = words.next() {
                let word = word.strip_prefix("--selector=").unwrap_or(word);
                let app = match word.split_once(['/', '=']) {
                    Some((kind, app)) if WORKLOADS.contains(&kind) || APP_LABELS.contains(&kind) => Some(app),
                    None if WORKLOADS.contains(&word) => words.peek().copied(),
                    _ => None,
                };
                let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
                let named =
                    |app: &&str| app.starts_with(|c: char| c.is_ascii_lowercase()) && app.chars().all(plain);
                if let Some(app) = app.filter(named).filter(|app| !out.iter().any(|old| old == app)) {
                    out.push(app.to_owned());
                }
            }
        }
        out
    }

    /// The runbooks whose words fit well enough.
    fn likely<'a>(
        &self,
        alert: &'a Alert,
        asked: &[Asked],
        defining: &[usize],
        certain: bool,
    ) -> Vec<(usize, Fit, Option<&'a str>)> {
        let labels: Vec<&str> = NAMES.iter().filter_map(|name| value(&alert.labels, name)).collect();
        let namespace = value(&alert.labels, "namespace").unwrap_or_default();
        let mut out = Vec::new();
        for (entry, mut fit) in self.fits(asked) {
            if !self.good(entry, &fit, asked, true) {
                continue;
            }
            let own = self.entries.get(entry).is_some_and(|entry| defining.contains(&entry.document));
            let named = labels.iter().find(|label| self.commands_name(entry, label)).copied();
            fit.place = self.placed(entry, namespace);
            if !defining.is_empty() {
                fit.place *= if own { 1.2 } else { 0.7 };
            }
            if self.good(entry, &fit, asked, named.is_some() || own) {
                out.push((entry, fit, named));
            }
        }
        let best = out.iter().map(|(_, fit, _)| fit.score()).fold(0.0, f32::max);
        // Beside what is certain, only what fits very well helps.
        let least = if certain { best.max(0.8) * 0.9 } else { best * NOISE };
        out.retain(|(_, fit, _)| fit.score() >= least);
        out
    }

    /// The runbook of a document for when everything burns.
    fn emergency(&self, document: usize) -> Option<usize> {
        let incident =
            |entry: usize| self.runbook_of(entry).is_some_and(|(_, runbook)| runbook.kind == Kind::Incident);
        self.of(document).map(|(entry, _)| entry).find(|entry| incident(*entry))
    }

    /// What the alert says, as words.
    fn asked(&self, alert: &Alert) -> Vec<Asked> {
        let mut out: Vec<Asked> = Vec::new();
        let mut ask = |text: &str, weight: f32, core: bool| {
            for word in self.read(text) {
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

    /// The words of a name, those joined that the catalogue writes as one: `Open`, `Search` as `opensearch`.
    fn read(&self, text: &str) -> Vec<Meant> {
        let mut out: Vec<Meant> = Vec::new();
        for word in self.names.read(text) {
            let joined = out.last().map(|last| format!("{}{}", last.written, word.written));
            let one = joined.filter(|one| !one.contains(' ') && self.postings.contains_key(one));
            match (one, out.last_mut()) {
                (Some(one), Some(last)) => *last = Meant { name: one.clone(), written: one },
                _ => out.push(word),
            }
        }
        out
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
        let first = self.fields.get(matched.first()?.field)?;
        let text = first.text.to_string();
        let all: Vec<&str> =
            fit.matched.iter().filter_map(|m| Some(asked.get(m.asked)?.word.name.as_str())).collect();
        let mut reasons = Vec::new();
        if fit.core >= 0.6 || fit.plain >= 0.8 {
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
        let mut places = Vec::new();
        for m in &matched {
            let field = self.fields.get(m.field).filter(|field| !places.contains(&field.place));
            let Some(field) = field else { continue };
            places.push(field.place);
            let said = said(field.place, &field.text.to_string());
            if let Some(said) = said.filter(|said| reasons.len() < 2 && !reasons.contains(said)) {
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
            positions: self.marked(&text, &all),
            line: first.line,
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
    let mut out: String = text.chars().take(32).collect();
    if text.chars().count() > 32 {
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
