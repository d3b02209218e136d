//! A catalogue prepared for questions: its texts, and where each word stands.
use std::collections::HashMap;
use std::sync::Arc;

use nucleo_matcher::Utf32String;

use super::slug::{Link, link};
use super::words::{Meant, Names, squash};
use crate::runbook::types::{Document, Runbook, Step};

/// What kind of text it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Title,
    Alert,
    Symptom,
    Tag,
    Trigger,
    Purpose,
    Branch,
    Step,
    Section,
    Document,
    Command,
}

impl Place {
    /// How much a word counts that stands there.
    pub fn weight(self) -> f32 {
        match self {
            Place::Title | Place::Alert => 1.0,
            Place::Symptom => 0.9,
            Place::Tag => 0.8,
            Place::Trigger | Place::Purpose => 0.7,
            Place::Branch => 0.6,
            Place::Step => 0.45,
            Place::Section => 0.35,
            Place::Document => 0.3,
            Place::Command => 0.0,
        }
    }
}

/// A piece of text of a runbook.
#[derive(Debug)]
pub(super) struct Field {
    pub entry: usize,
    pub place: Place,
    /// The step's number, where it belongs to one.
    pub step: String,
    pub line: u32,
    pub text: Utf32String,
    /// Which letters it has; a query with others cannot match.
    pub letters: u64,
}

/// A runbook.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub document: usize,
    pub runbook: usize,
    /// Its fields, as a range of [`Index::fields`].
    pub fields: (usize, usize),
    /// The words of its title.
    pub title: Vec<Meant>,
    /// The Kubernetes namespaces that its commands name.
    pub namespaces: Vec<String>,
}

/// A catalogue prepared for questions.
#[derive(Debug)]
pub struct Index {
    pub(super) documents: Vec<Arc<Document>>,
    /// Each document's own path, read like a link to it.
    pub(super) paths: Vec<Link>,
    pub(super) entries: Vec<Entry>,
    pub(super) fields: Vec<Field>,
    /// Each word's fields, each entry's best one only.
    pub(super) postings: HashMap<String, Vec<usize>>,
    /// Documents by the last part of their path.
    pub(super) stems: HashMap<String, Vec<usize>>,
    /// Runbooks by a title or an alert's name, its marks taken away.
    pub(super) titles: HashMap<String, Vec<usize>>,
    pub(super) alerts: HashMap<String, Vec<usize>>,
    /// Documents by the alerts that their own rules define.
    pub(super) defined: HashMap<String, Vec<usize>>,
    pub(super) names: Names,
}

impl Index {
    pub fn new(documents: &[Arc<Document>]) -> Index {
        let mut index = Index {
            documents: documents.to_vec(),
            paths: Vec::with_capacity(documents.len()),
            entries: Vec::new(),
            fields: Vec::new(),
            postings: HashMap::new(),
            stems: HashMap::new(),
            titles: HashMap::new(),
            alerts: HashMap::new(),
            defined: HashMap::new(),
            names: Names::new(),
        };
        for (at, document) in documents.iter().enumerate() {
            index.document(at, document);
        }
        index
    }

    fn document(&mut self, at: usize, document: &Document) {
        let path = link(&document.path);
        if let Some(stem) = path.path.last() {
            self.stems.entry(squash(stem)).or_default().push(at);
        }
        self.paths.push(path);
        for fact in document.facts.iter().filter(|fact| fact.kind == "alert-rules") {
            for row in &fact.rows {
                if let Some(name) = row.get("alert").or_else(|| row.get("name")) {
                    self.defined.entry(squash(name)).or_default().push(at);
                }
            }
        }
        for (n, runbook) in document.runbooks.iter().enumerate() {
            self.runbook(at, n, document, runbook);
        }
    }

    fn runbook(&mut self, document: usize, n: usize, owner: &Document, runbook: &Runbook) {
        let entry = self.entries.len();
        let from = self.fields.len();
        self.titles.entry(squash(&runbook.title)).or_default().push(entry);
        for alert in &runbook.alerts {
            self.alerts.entry(squash(alert)).or_default().push(entry);
        }
        let mut add = |place, step: &str, line, text: &str| {
            let text = text.split('\n').next().unwrap_or_default();
            if !text.trim().is_empty() {
                let field = Field {
                    entry,
                    place,
                    step: step.to_owned(),
                    line,
                    text: text.into(),
                    letters: letters(text),
                };
                self.fields.push(field);
            }
        };
        let line = runbook.line;
        add(Place::Title, "", line, &runbook.title);
        for (place, texts) in
            [(Place::Alert, &runbook.alerts), (Place::Symptom, &runbook.symptoms), (Place::Tag, &owner.tags)]
        {
            for text in texts {
                add(place, "", line, text);
            }
        }
        for (place, text) in [(Place::Trigger, &runbook.trigger), (Place::Purpose, &runbook.purpose)] {
            if let Some(text) = text {
                add(place, "", line, text);
            }
        }
        for step in &runbook.steps {
            step.branch.iter().for_each(|text| add(Place::Branch, &step.n, step.line, text));
            add(Place::Step, &step.n, step.line, &step.title);
            for command in &step.commands {
                let statement = &command.statement;
                statement.text.lines().for_each(|text| add(Place::Command, &step.n, statement.line, text));
            }
        }
        add(Place::Section, "", line, &runbook.section);
        if squash(&owner.title) != squash(&runbook.title) {
            add(Place::Document, "", 1, &owner.title);
        }
        self.entries.push(Entry {
            document,
            runbook: n,
            fields: (from, self.fields.len()),
            title: self.names.read(&runbook.title),
            namespaces: namespaces(runbook),
        });
        self.post(from);
    }

    /// Enters the words of an entry's fields, each word at its weightiest place.
    fn post(&mut self, from: usize) {
        let mut best: HashMap<String, usize> = HashMap::new();
        for at in from..self.fields.len() {
            let Some(field) = self.fields.get(at).filter(|field| field.place != Place::Command) else {
                continue;
            };
            for word in self.names.read(&field.text.to_string()) {
                let old = best.get(&word.name).and_then(|old| self.fields.get(*old));
                if old.is_none_or(|old| old.place.weight() < field.place.weight()) {
                    best.insert(word.name, at);
                }
            }
        }
        for (word, field) in best {
            self.postings.entry(word).or_default().push(field);
        }
    }

    pub(super) fn runbook_of(&self, entry: usize) -> Option<(&Document, &Runbook)> {
        let entry = self.entries.get(entry)?;
        let document = self.documents.get(entry.document)?;
        Some((document, document.runbooks.get(entry.runbook)?))
    }

    /// The runbooks of a document.
    pub(super) fn of(&self, document: usize) -> impl Iterator<Item = (usize, &Entry)> {
        let first = self.entries.partition_point(|entry| entry.document < document);
        self.entries.iter().enumerate().skip(first).take_while(move |(_, entry)| entry.document == document)
    }

    /// The steps of a runbook.
    pub(super) fn steps(&self, entry: usize) -> &[Step] {
        self.runbook_of(entry).map_or(&[], |(_, runbook)| &runbook.steps)
    }
}

/// The namespaces that the commands of a runbook name, those with variables left out.
fn namespaces(runbook: &Runbook) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for command in runbook.steps.iter().flat_map(|step| &step.commands) {
        let mut words = command.statement.text.split_whitespace();
        while let Some(word) = words.next() {
            let value = match word {
                "--" => break,
                "-n" | "--namespace" => words.next(),
                word => word.strip_prefix("--namespace="),
            };
            let sane =
                |value: &&str| !value.is_empty() && value.chars().all(|c| c.is_alphanumeric() || c == '-');
            if let Some(value) = value.filter(sane)
                && out.len() < 20
                && !out.iter().any(|old| old == value)
            {
                out.push(value.to_owned());
            }
        }
    }
    out
}

/// One bit for each letter and digit of a text; all others share one.
pub(super) fn letters(text: &str) -> u64 {
    text.chars().fold(0, |bits, c| bits | bit(c))
}

/// Nothing for what is not ASCII, as a matcher may take it for its plain letter.
fn bit(c: char) -> u64 {
    match c.to_ascii_lowercase() {
        c @ 'a'..='z' => 1 << (u32::from(c) - u32::from('a')),
        c @ '0'..='9' => 1 << (26 + u32::from(c) - u32::from('0')),
        _ => 0,
    }
}
