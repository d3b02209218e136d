//! What a runbook's statements tell of its variables, gathered once.
use std::collections::{HashMap, HashSet};

use super::call::Call;
use super::health::flag;
use super::scene::Line;
use super::word::Word;

/// An assignment.
pub(super) struct Setter {
    /// The line that it stands in.
    pub line: u32,
    pub value: Word,
}

/// What is known of a runbook's variables.
#[derive(Default)]
pub(super) struct Known {
    /// The last assignment of each.
    setters: HashMap<String, Setter>,
    /// Asked for emptiness or form, or given a value where it is empty.
    asked: HashSet<String>,
    /// Compared with these words.
    compared: HashMap<String, HashSet<String>>,
    /// Set by `for`, `read`, `select`.
    looped: HashSet<String>,
    /// The statements that set each, as indexes into the runbook's own.
    places: HashMap<String, Vec<usize>>,
    /// `set -u`: an empty one stops the script.
    pub strict: bool,
    /// `set -o pipefail`: a failing producer is seen.
    pub pipefail: bool,
    /// The number of arguments is looked at.
    pub counted: bool,
}

impl Known {
    pub fn of(lines: &[Line<'_>]) -> Known {
        let mut known = Known::default();
        for (at, line) in lines.iter().enumerate() {
            for name in &line.command.statement.sets {
                known.places.entry(name.clone()).or_default().push(at);
            }
            for call in &line.calls {
                known.call(line, call);
            }
        }
        known
    }

    fn call(&mut self, line: &Line<'_>, call: &Call) {
        for (name, value) in &call.assigns {
            self.settled(value);
            self.setters.insert(name.clone(), Setter { line: line.at(call).0, value: value.clone() });
        }
        call.words.iter().for_each(|word| self.settled(word));
        match call.tool() {
            "[" | "[[" | "test" | "((" => self.test(call),
            "case" => self.asked.extend(names(call)),
            "for" | "read" | "select" => {
                self.looped.extend(call.words.iter().skip(1).map(|word| word.text.clone()));
            }
            "set" => {
                self.strict |= flag(call, 'u');
                self.pipefail |= call.words.iter().any(|word| word.text == "pipefail");
            }
            _ => {}
        }
    }

    fn settled(&mut self, word: &Word) {
        self.asked.extend(word.variables().filter(|(_, guarded)| *guarded).map(|(name, _)| name.to_owned()));
    }

    fn test(&mut self, call: &Call) {
        self.counted |= call.words.iter().any(|word| word.text.contains("$#") || word.text.contains("$1"));
        if call.words.iter().any(|word| matches!(word.text.as_str(), "-z" | "-n" | "=~")) {
            self.asked.extend(names(call));
        }
        for name in names(call) {
            let words = call.words.iter().filter(|word| word.literal()).map(|word| word.text.clone());
            self.compared.entry(name).or_default().extend(words.take(8));
        }
    }

    /// The last assignment of a variable.
    pub fn setter(&self, name: &str) -> Option<&Setter> {
        self.setters.get(name)
    }

    pub fn looped(&self, name: &str) -> bool {
        self.looped.contains(name)
    }

    /// Whether the runbook looks at what is in a variable before it uses it.
    pub fn guarded(&self, name: &str) -> bool {
        self.asked.contains(name)
    }

    /// Whether a variable is compared with one of these.
    pub fn compares(&self, name: &str, words: &[&str]) -> bool {
        self.compared.get(name).is_some_and(|set| words.iter().any(|word| set.contains(*word)))
    }

    /// The statements that set a variable.
    pub fn places(&self, name: &str) -> &[usize] {
        self.places.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}

fn names(call: &Call) -> impl Iterator<Item = String> {
    call.words.iter().flat_map(Word::variables).map(|(name, _)| name.to_owned())
}
