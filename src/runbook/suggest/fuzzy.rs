//! Fuzzy search: each word of the query has to match somewhere in the runbook.
use nucleo_matcher::pattern::{Atom, AtomKind, CaseMatching, Normalization};
use nucleo_matcher::{Config, Matcher};

use super::Hit;
use super::index::{Field, Index, Place, letters};

/// More words than that are no search.
const WORDS: usize = 12;

/// How many hits anybody reads.
const HITS: usize = 200;

/// One word of the query.
struct Part {
    /// Letters may be left out between: only in short texts.
    fuzzy: Atom,
    plain: Atom,
    letters: u64,
    length: usize,
}

impl Part {
    fn new(word: &str) -> Part {
        let atom = |kind| Atom::new(word, CaseMatching::Ignore, Normalization::Smart, kind, false);
        let normal = word.is_ascii();
        Part {
            fuzzy: atom(AtomKind::Fuzzy),
            plain: atom(AtomKind::Substring),
            letters: if normal { letters(word) } else { 0 },
            length: word.chars().count(),
        }
    }

    /// Letters may be left out in what people have read and remember.
    fn loose(&self, place: Place) -> bool {
        let wordy =
            matches!(place, Place::Title | Place::Section | Place::Document | Place::Alert | Place::Step);
        wordy && self.length > 2
    }

    fn atom(&self, place: Place) -> &Atom {
        if self.loose(place) { &self.fuzzy } else { &self.plain }
    }

    /// How well it matches a text, if it does: letters strewn over a sentence are no match.
    fn score(&self, field: &Field, matcher: &mut Matcher) -> Option<u32> {
        if self.letters & !field.letters != 0 {
            return None;
        }
        let score = u32::from(self.atom(field.place).score(field.text.slice(..), matcher)?);
        let dense = u32::try_from(self.length).unwrap_or(u32::MAX).saturating_mul(20);
        if self.loose(field.place) && score < dense { None } else { Some(score) }
    }
}

/// Where a word counts how much, in percent.
fn favour(place: Place) -> u32 {
    match place {
        Place::Title => 200,
        Place::Alert => 190,
        Place::Symptom | Place::Tag => 150,
        Place::Section | Place::Branch | Place::Trigger | Place::Purpose => 120,
        Place::Step => 110,
        Place::Document => 90,
        Place::Command => 80,
    }
}

impl Index {
    /// Searches titles, sections, steps, commands, alerts, tags and symptoms; the best hit first.
    pub fn search(&self, query: &str) -> Vec<Hit> {
        let parts: Vec<Part> = query.split_whitespace().take(WORDS).map(Part::new).collect();
        if parts.is_empty() {
            return Vec::new();
        }
        let mut matcher = Matcher::new(Config::DEFAULT);
        let mut found: Vec<(u32, usize, usize)> = (0..self.entries.len())
            .filter_map(|entry| {
                self.best(entry, &parts, &mut matcher).map(|(score, field)| (score, entry, field))
            })
            .collect();
        found.sort_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        found.truncate(HITS);
        found
            .into_iter()
            .filter_map(|(score, _, field)| self.hit(score, field, &parts, &mut matcher))
            .collect()
    }

    /// The entry's score, and the field that shows best why; nothing when a word is not in it.
    fn best(&self, entry: usize, parts: &[Part], matcher: &mut Matcher) -> Option<(u32, usize)> {
        let (from, to) = self.entries.get(entry)?.fields;
        let mut best = vec![0_u32; parts.len()];
        let mut shown = (0_u32, from);
        for at in from..to {
            let field = self.fields.get(at)?;
            let mut sum = 0;
            for (part, best) in parts.iter().zip(&mut best) {
                if let Some(score) = part.score(field, matcher) {
                    let score = score * favour(field.place) / 100;
                    sum += score;
                    *best = (*best).max(score);
                }
            }
            if sum > shown.0 {
                shown = (sum, at);
            }
        }
        if best.contains(&0) {
            return None;
        }
        // Words that stand together say more than words strewn over a runbook.
        Some((best.iter().sum::<u32>() + shown.0, shown.1))
    }

    fn hit(&self, score: u32, field: usize, parts: &[Part], matcher: &mut Matcher) -> Option<Hit> {
        let field = self.fields.get(field)?;
        let entry = self.entries.get(field.entry)?;
        let mut positions = Vec::new();
        for part in parts {
            if part.score(field, matcher).is_some() {
                part.atom(field.place).indices(field.text.slice(..), matcher, &mut positions);
            }
        }
        positions.sort_unstable();
        positions.dedup();
        let text = field.text.to_string();
        Some(Hit {
            document: entry.document,
            runbook: entry.runbook,
            score,
            text,
            positions,
            line: field.line,
            reason: place(field),
        })
    }
}

fn place(field: &Field) -> String {
    match field.place {
        Place::Title => "its title".to_owned(),
        Place::Alert => "an alert".to_owned(),
        Place::Symptom => "a symptom".to_owned(),
        Place::Tag => "a tag".to_owned(),
        Place::Trigger => "its trigger".to_owned(),
        Place::Purpose => "its purpose".to_owned(),
        Place::Section => "its section".to_owned(),
        Place::Document => "its document".to_owned(),
        Place::Branch => format!("a branch, step {}", field.step),
        Place::Step => format!("step {}", field.step),
        Place::Command => format!("a command, line {}", field.line),
    }
}
