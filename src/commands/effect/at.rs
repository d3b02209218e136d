//! One call, while it is asked about: its words, its place, and the questions that come of it.
use super::calls::{Found, Input, short};
use super::place::{Layer, Place};
use super::raw::{Arg, Marks, is_mark};
use super::{Look, Looks, MOST, SHOWN, Sort, Undo, push};
use crate::commands::tools::{Args, Tables};
use crate::commands::{Lang, Source, Statement};
use crate::domain::approval::Tier;

/// Longer than any question needs to be.
const WIDEST: usize = 32 * 1024;

/// One call, while it is asked about.
pub(super) struct At<'a> {
    pub tool: &'a str,
    pub found: &'a Found,
    pub args: Args<'a>,
    pub marks: &'a Marks,
    pub looks: &'a mut Looks,
    pub lang: Lang,
    /// The place of each operand among the words.
    pub operands: Vec<usize>,
}

impl<'a> At<'a> {
    pub fn new(
        tool: &'a str,
        found: &'a Found,
        args: Args<'a>,
        marks: &'a Marks,
        looks: &'a mut Looks,
    ) -> At<'a> {
        let taken = |at: usize| {
            args.options.iter().any(|option| option.at + 1 == at || option.two && option.at + 2 == at)
        };
        let last = found.words.len() - args.rest.len().min(found.words.len());
        let operands = (1..last)
            .filter(|at| !taken(*at) && found.words.get(*at).is_some_and(|word| word.text != "--"))
            .take(400)
            .collect();
        looks.calls += 1;
        At { tool, found, args, marks, looks, lang: Lang::Shell, operands }
    }

    /// What is typed into a console: nothing stands in front of it.
    pub fn console(
        tool: &'a str,
        lang: Lang,
        found: &'a Found,
        marks: &'a Marks,
        looks: &'a mut Looks,
    ) -> At<'a> {
        At { tool, found, args: Args::default(), marks, looks, lang, operands: Vec::new() }
    }

    /// What follows is a call of its own: whether it hits nothing is told apart.
    pub fn next(&mut self) {
        self.looks.calls += 1;
    }

    pub fn name(&self) -> String {
        // A value that is only known when it runs is none to name it by.
        let verb: String = self.args.operand(0).chars().map(|c| if is_mark(c) { '…' } else { c }).collect();
        short(&if verb.is_empty() { self.tool.to_owned() } else { format!("{} {verb}", self.tool) })
    }

    pub fn place(&self) -> &'a Place {
        &self.found.place
    }

    pub fn has(&self, names: &str) -> bool {
        self.args.has(names)
    }

    pub fn value(&self, names: &str) -> Option<&'a str> {
        self.args.value(names)
    }

    /// The operands from this one on, those behind `--` too.
    pub fn objects(&self, from: usize) -> Vec<&'a Arg> {
        let rest = self.found.words.len() - self.args.rest.len().min(self.found.words.len());
        let front = self.operands.iter().skip(from).copied();
        let behind = rest..self.found.words.len();
        front.chain(behind).filter_map(|at| self.found.words.get(at)).collect()
    }

    /// These options as they are written, with what they are given.
    pub fn options(&self, names: &str) -> String {
        let mut out = String::new();
        let mut last = usize::MAX;
        for option in self.args.all(names) {
            if option.at == last {
                continue;
            }
            last = option.at;
            let end = option.at + 1 + usize::from(option.two);
            for word in self.found.words.get(option.at + 1..=end).unwrap_or_default() {
                out.push(' ');
                out.push_str(&word.source);
            }
        }
        out
    }

    /// The operands from this one on, as they are written, a blank in front of each.
    pub fn sources(&self, from: usize) -> String {
        spaced(&self.objects(from))
    }

    /// A text as one word.
    pub fn quote(&self, text: &str) -> Option<String> {
        self.marks.quote(text)
    }

    /// The command as it is called, its path included.
    pub fn program(&self) -> &'a str {
        self.found.words.first().map_or("", |word| word.source.as_str())
    }

    pub fn unknown(&mut self, why: impl Into<String>) {
        let unknown = &mut self.looks.said.unknown;
        let why = why.into();
        if unknown.len() < SHOWN && !unknown.contains(&why) {
            unknown.push(why);
        }
    }

    /// Says so where there are more of them than are asked about.
    pub fn beyond(&mut self, count: usize, most: usize, what: &str) {
        if count > most {
            self.unknown(format!("only the first {most} of {count} {what} are looked at"));
        }
    }

    pub fn unlooked(&mut self) {
        self.unknown(format!("what `{}` would hit cannot be looked at", self.name()));
    }

    pub fn ask(&mut self, inner: &str, sort: Sort) {
        let place = self.found.place.clone();
        self.ask_in(&place, inner, sort);
    }

    /// Asks, if that only reads.
    pub fn ask_in(&mut self, place: &Place, inner: &str, sort: Sort) {
        let Some(ask) = place.render(inner, self.marks) else {
            return self.unknown(format!("`{}` cannot be asked in its place", self.name()));
        };
        if !only_reads(&ask, self.lang) {
            self.unknown(format!(
                "what `{}` would hit cannot be asked without changing something",
                self.name()
            ));
        } else if self.looks.looks.len() >= MOST {
            self.unknown("it would take more questions than are asked");
        } else if !self.looks.looks.iter().any(|look| look.ask == ask && look.sort == sort) {
            let (lang, call, repeated) = (self.lang, self.looks.calls, place.repeats());
            self.looks.looks.push(Look { ask, lang, sort, call, repeated });
        }
    }

    pub fn evidence(&mut self, inner: &str) {
        // What comes in by the way would be asked for once more each time.
        if self.found.place.repeats() {
            return;
        }
        let Some(ask) = self.found.place.render(inner, self.marks) else { return };
        let evidence = &mut self.looks.said.evidence;
        if evidence.len() < MOST && !evidence.contains(&ask) && only_reads(&ask, self.lang) {
            evidence.push(ask);
        }
    }

    /// A command that takes it back, in the same place.
    pub fn inverse(&self, inner: &str) -> Option<String> {
        self.found.place.render(inner, self.marks)
    }

    pub fn undo(&mut self, words: &str) {
        self.looks.said.undo.get_or_insert_with(|| Undo::Words(words.to_owned()));
    }

    pub fn drops(&mut self, words: impl Into<String>) {
        push(&mut self.looks.said.drops, &words.into());
    }
}

/// The place, in which nothing runs where all these words come to nothing: without a name, a question would be
/// about everything.
pub(super) fn filled(place: &Place, words: &[&Arg]) -> Place {
    let lone = |word: &Arg| word.splits && !word.source.is_empty() && word.text.chars().all(is_mark);
    if words.is_empty() || !words.iter().copied().all(lone) {
        return place.clone();
    }
    let sources: Vec<_> = words.iter().map(|word| word.source.as_str()).collect();
    place.around(Layer::Around(format!("test -n \"{}\" && ", sources.join("")), String::new()))
}

/// Words as they are written, a blank in front of each.
pub(super) fn spaced(words: &[&Arg]) -> String {
    let mut out = String::new();
    for word in words {
        out.push(' ');
        out.push_str(&word.source);
    }
    out
}

/// The default tables call it one statement that only reads, ends by itself and asks for nothing.
pub(super) fn only_reads(ask: &str, lang: Lang) -> bool {
    if ask.len() > WIDEST || ask.contains(text_of_nothing) {
        return false;
    }
    let lines = [1];
    let script = crate::commands::read(Source { text: ask, lines: &lines }, lang, &Tables::default());
    let plain = |one: &Statement| {
        let traits = one.traits;
        one.risk == Tier::Read
            && !(traits.interactive
                || traits.endless
                || traits.background
                || traits.writes_file
                || traits.opaque)
    };
    script.error.is_none() && !script.statements.is_empty() && script.statements.iter().all(plain)
}

fn text_of_nothing(letter: char) -> bool {
    is_mark(letter) || letter == '\0'
}

/// What comes in with a call.
impl<'a> At<'a> {
    pub fn input(&self) -> &'a Input {
        &self.found.input
    }

    /// The front of a pipe that brings the call's input.
    pub fn feed(&self) -> Option<String> {
        match self.input() {
            Input::From(producer) => Some(producer.clone()),
            Input::Text(text) => Some(format!("printf '%s\\n' {} | ", self.quote(text)?)),
            Input::Nothing | Input::Unseen => None,
        }
    }
}
