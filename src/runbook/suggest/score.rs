//! How well the words of a question fit each runbook.
use std::collections::HashMap;

use super::index::{Index, Place};
use super::words::Meant;
use crate::runbook::types::Kind;

/// A word of the question.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub word: Meant,
    pub weight: f32,
    /// It is a word of the question's name, not of what surrounds it.
    pub core: bool,
}

/// A word of the question that a runbook has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Matched {
    /// Index into the question, and into the index's fields.
    pub asked: usize,
    pub field: usize,
    pub worth: f32,
}

/// How well a runbook fits.
#[derive(Debug, Clone, Default)]
pub(super) struct Fit {
    /// How likely it is meant for the place in question; 0 stands for 1.
    pub place: f32,
    /// Which part of the question's core it has, 0 to 1.
    pub core: f32,
    /// The same, wherever the words stand.
    pub plain: f32,
    /// What else of the question it has, 0 to 1.
    pub rest: f32,
    /// Which part of its own title was asked for, 0 to 1.
    pub title: f32,
    pub matched: Vec<Matched>,
}

impl Fit {
    pub fn score(&self) -> f32 {
        let place = if self.place > 0.0 { self.place } else { 1.0 };
        (self.core * 0.65 + self.rest * 0.2 + self.title * 0.15) * place
    }
}

impl Index {
    /// What a word is worth: a rare one much, one of which the catalogue is full little.
    pub(super) fn worth(&self, word: &Meant) -> f32 {
        let all = count(self.entries.len()) + 1.0;
        let having = count(self.postings.get(&word.name).map_or(0, Vec::len));
        let rare = (1.0 + all / (having + 1.0)).ln();
        // An alert's word that no runbook knows must not outweigh all others.
        let rare = if having == 0.0 { rare.min(2.0) } else { rare };
        if word.weak() { rare * 0.15 } else { rare }
    }

    /// How well each runbook fits that has any of the words.
    pub(super) fn fits(&self, asked: &[Asked]) -> HashMap<usize, Fit> {
        let mut fits: HashMap<usize, Fit> = HashMap::new();
        let (mut core, mut rest) = (0.0_f32, 0.0_f32);
        for (at, ask) in asked.iter().enumerate() {
            let worth = self.worth(&ask.word) * ask.weight;
            if ask.core {
                core += worth;
            } else {
                rest += worth;
            }
            for field in self.postings.get(&ask.word.name).into_iter().flatten() {
                let Some(there) = self.fields.get(*field) else { continue };
                let bare = worth;
                let worth = worth * there.place.weight();
                let fit = fits.entry(there.entry).or_default();
                fit.matched.push(Matched { asked: at, field: *field, worth });
                if ask.core {
                    fit.core += worth;
                    fit.plain += bare;
                } else {
                    fit.rest += worth;
                }
            }
        }
        for (entry, fit) in &mut fits {
            fit.core /= core.max(0.01);
            fit.plain /= core.max(0.01);
            // Long descriptions have many words; three that count are enough.
            fit.rest = (fit.rest / rest.clamp(0.01, 4.0)).min(1.0);
            fit.title = self.title_asked(*entry, asked);
        }
        fits
    }

    /// Which part of a runbook's title was asked for.
    fn title_asked(&self, entry: usize, asked: &[Asked]) -> f32 {
        let words = self.entries.get(entry).map(|entry| entry.title.as_slice()).unwrap_or_default();
        let (mut all, mut hit) = (0.0_f32, 0.0_f32);
        for word in words {
            let worth = self.worth(word);
            all += worth;
            if asked.iter().any(|ask| ask.word.name == word.name) {
                hit += worth;
            }
        }
        if all > 0.0 { hit / all } else { 0.0 }
    }

    /// Whether words alone make a hit for trouble. Most of the question's name has to be there; what is missing
    /// of it has to be made up for by the title. `near` is a runbook that names the troubled thing in its
    /// commands.
    pub(super) fn good(&self, entry: usize, fit: &Fit, asked: &[Asked], near: bool) -> bool {
        let has =
            |m: &Matched, ask: &Asked| asked.get(m.asked).is_some_and(|own| own.word.name == ask.word.name);
        let core = |m: &&Matched| asked.get(m.asked).is_some_and(|ask| ask.core);
        let hits = self.strong(fit, asked).filter(core).count();
        let all = asked.iter().filter(|ask| ask.core && !ask.word.weak()).count();
        let kind = self.runbook_of(entry).map(|(_, runbook)| runbook.kind).unwrap_or_default();
        if hits == 0 {
            return false;
        }
        if hits >= all {
            return fit.core >= 0.45 || fit.plain >= 0.9;
        }
        // Of a redis' full memory, another program's runbook on memory says nothing, where redis is known.
        let missing = |ask: &&Asked| ask.core && !ask.word.weak() && !fit.matched.iter().any(|m| has(m, ask));
        let known = asked.iter().filter(missing).any(|ask| self.postings.contains_key(&ask.word.name));
        if hits == 1 && known && !near {
            return false;
        }
        // A runbook that is there for another purpose has to be meant by its name.
        let other =
            matches!(kind, Kind::Scaling | Kind::Backup | Kind::Deployment | Kind::Daily | Kind::Reference);
        let (least, title) = match (near, other) {
            (true, _) => (0.35, 0.3),
            (false, true) => (0.75, 0.5),
            (false, false) => (0.5, 0.5),
        };
        // A runbook near at hand that has it for a symptom is meant.
        let symptom =
            |m: &Matched| self.fields.get(m.field).is_some_and(|field| field.place == Place::Symptom);
        let suffers = near && self.strong(fit, asked).filter(core).any(symptom);
        fit.core >= 0.7 && !other || (fit.core >= least && (fit.title >= title || hits >= 2 || suffers))
    }

    /// How likely a runbook is meant for a namespace: one whose commands all name others is not.
    pub(super) fn placed(&self, entry: usize, namespace: &str) -> f32 {
        let named = self.entries.get(entry).map(|entry| entry.namespaces.as_slice()).unwrap_or_default();
        match (named.is_empty() || namespace.is_empty(), named.iter().any(|name| name == namespace)) {
            (true, _) => 1.0,
            (false, true) => 1.2,
            (false, false) => 0.6,
        }
    }

    /// The words that count and stand where a runbook says what it is for.
    pub(super) fn strong<'a>(
        &'a self,
        fit: &'a Fit,
        asked: &'a [Asked],
    ) -> impl Iterator<Item = &'a Matched> {
        fit.matched.iter().filter(move |matched| {
            let place = self.fields.get(matched.field).map(|field| field.place);
            let speaks =
                place.is_some_and(|place| !matches!(place, Place::Section | Place::Document | Place::Step));
            speaks && asked.get(matched.asked).is_some_and(|ask| !ask.word.weak())
        })
    }
}

/// Counts are small.
fn count(n: usize) -> f32 {
    f32::from(u16::try_from(n).unwrap_or(u16::MAX))
}
