//! What the tables are made of, and how a call is held against them.
use std::borrow::Cow;

use super::args::{Args, Style, UNKNOWN};
use super::tables::Row;
use super::words;
use super::{Call, Input, Meaning, Nested, Through, Word};
use crate::commands::Traits;
use crate::domain::approval::Tier;

pub(super) const R: Tier = Tier::Read;
pub(super) const C: Tier = Tier::Change;
pub(super) const D: Tier = Tier::Danger;

/// Marks of a rule, added up.
pub(super) mod mark {
    pub const NONE: u16 = 0;
    /// Interactive.
    pub const I: u16 = 1;
    /// Endless.
    pub const E: u16 = 2;
    /// Long-running.
    pub const L: u16 = 4;
    pub const SECRET: u16 = 8;
    pub const WRITES: u16 = 16;
    pub const HEAVY: u16 = 32;
    pub const OPAQUE: u16 = 64;
    pub const REMOTE: u16 = 128;
}

/// Verbs (`get|describe`, `rollout undo`), how risky they are, why, and their marks.
pub(super) type Rule = (&'static str, Tier, &'static str, u16);

/// Under these verbs, one of these options (of this value, when one is named: `=0`) raises to a tier, for a
/// reason, and adds marks.
pub(super) type Rider = (&'static str, &'static str, Tier, &'static str, u16);

/// What a verb is that no rule names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Otherwise {
    /// `change`, or `danger` when a word of it destroys.
    #[default]
    ByWords,
    /// The whole tool only reads.
    Reads,
    /// The tool's own judge knows.
    Change(&'static str),
}

type Judge = fn(&Seen<'_>, &mut Meaning);

/// One tool.
#[derive(Debug, Clone, Copy)]
pub(super) struct Tool {
    /// Blanks between them.
    pub names: &'static str,
    pub style: Style,
    pub rules: &'static [Rule],
    pub riders: &'static [Rider],
    /// Options under which a verb only pretends (`--dry-run`), with their verbs.
    pub pretends: &'static [(&'static str, &'static str)],
    pub otherwise: Otherwise,
    pub judge: Option<Judge>,
}

impl Tool {
    pub const fn new(names: &'static str) -> Self {
        Tool {
            names,
            style: Style { values: &[], stops: &[], glued: "", one_dash: false },
            rules: &[],
            riders: &[],
            pretends: &[],
            otherwise: Otherwise::ByWords,
            judge: None,
        }
    }

    pub const fn values(mut self, values: &'static [(&'static str, &'static str)]) -> Self {
        self.style.values = values;
        self
    }

    pub const fn stops(mut self, stops: &'static [(&'static str, usize)]) -> Self {
        self.style.stops = stops;
        self
    }

    pub const fn glued(mut self, letters: &'static str) -> Self {
        self.style.glued = letters;
        self
    }

    pub const fn one_dash(mut self) -> Self {
        self.style.one_dash = true;
        self
    }

    pub const fn rules(mut self, rules: &'static [Rule]) -> Self {
        self.rules = rules;
        self
    }

    pub const fn riders(mut self, riders: &'static [Rider]) -> Self {
        self.riders = riders;
        self
    }

    pub const fn pretends(mut self, pretends: &'static [(&'static str, &'static str)]) -> Self {
        self.pretends = pretends;
        self
    }

    pub const fn otherwise(mut self, otherwise: Otherwise) -> Self {
        self.otherwise = otherwise;
        self
    }

    pub const fn judge(mut self, judge: Judge) -> Self {
        self.judge = Some(judge);
        self
    }
}

/// A call as a tool's own judge sees it.
pub(super) struct Seen<'a> {
    pub tool: &'a str,
    pub words: &'a [Word],
    pub input: Input<'a>,
    pub args: Args<'a>,
    /// The operands behind the verbs of the rule that matched.
    pub depth: usize,
}

impl<'a> Seen<'a> {
    /// Operands behind the verbs.
    pub fn objects(&self) -> impl Iterator<Item = &'a Word> + '_ {
        self.args.operands.iter().skip(self.depth).copied()
    }

    pub fn object(&self, at: usize) -> &'a str {
        self.args.operand(self.depth + at)
    }

    pub fn verb(&self) -> &'a str {
        self.args.operand(0)
    }

    /// The words from this operand on, options included; without it, those behind the dashes.
    pub fn from(&self, operand: usize) -> &'a [Word] {
        let Some(first) = self.args.operands.get(operand) else { return self.args.rest };
        let at = self.words.iter().position(|word| std::ptr::eq(word, *first));
        at.and_then(|at| self.words.get(at..)).unwrap_or_default()
    }

    /// The verb, which is then the call's subcommand.
    pub fn take_verb(&self, meaning: &mut Meaning) -> &'a str {
        let verb = self.verb();
        meaning.subcommand = (!verb.is_empty()).then(|| verb.to_owned());
        verb
    }

    /// One of these words stands in the call.
    pub fn has_word(&self, list: &str) -> bool {
        self.words.iter().any(|word| words::one_of(list, &word.text))
    }

    /// All words, blanks between them.
    pub fn text(&self) -> String {
        self.words.iter().map(|word| word.text.as_str()).collect::<Vec<_>>().join(" ")
    }
}

impl Meaning {
    pub(super) fn new(risk: Tier, why: impl Into<Cow<'static, str>>, marks: u16) -> Self {
        let mut meaning = Meaning {
            subcommand: None,
            risk,
            why: why.into(),
            traits: Traits::default(),
            nested: Vec::new(),
            through: Through::Here,
            known: true,
        };
        meaning.mark(marks);
        meaning
    }

    pub(super) fn mark(&mut self, marks: u16) {
        let traits = &mut self.traits;
        traits.interactive |= marks & mark::I != 0;
        traits.endless |= marks & mark::E != 0;
        traits.long_running |= marks & (mark::L | mark::E) != 0;
        traits.secret |= marks & mark::SECRET != 0;
        traits.writes_file |= marks & mark::WRITES != 0;
        traits.heavy |= marks & mark::HEAVY != 0;
        traits.opaque |= marks & mark::OPAQUE != 0;
        traits.remote |= marks & mark::REMOTE != 0;
    }

    /// At least this risky; the reason of the greater risk stands.
    pub(super) fn raise(&mut self, risk: Tier, why: impl Into<Cow<'static, str>>) {
        if risk > self.risk {
            self.risk = risk;
            self.why = why.into();
        }
    }

    /// What it is, whatever the table said, its marks included.
    pub(super) fn is(&mut self, risk: Tier, why: &'static str, marks: u16) {
        let verb = self.subcommand.take();
        *self = Meaning::new(risk, why, marks);
        self.subcommand = verb;
    }

    /// What it is, whatever the table said.
    pub(super) fn set(&mut self, risk: Tier, why: impl Into<Cow<'static, str>>) {
        self.risk = risk;
        self.why = why.into();
    }

    pub(super) fn runs(&mut self, words: &[Word], through: Through) {
        if !words.is_empty() {
            self.nested.push(Nested::Argv(words.to_vec()));
        }
        self.through = through;
    }
}

/// A call taken apart, before it is held against the rules.
pub(super) fn seen<'a>(name: &'a str, call: Call<'a>, tool: &Tool) -> Seen<'a> {
    let words = call.words.get(1..).unwrap_or_default();
    Seen { tool: name, words, input: call.input, args: Args::read(words, tool.style), depth: 0 }
}

/// Holds a call against its tool.
pub(super) fn judge(name: &str, call: Call<'_>, row: &Row) -> Meaning {
    let tool = row.tool;
    let words = call.words.get(1..).unwrap_or_default();
    let args = Args::read(words, tool.style);
    let path = args.path.as_str();
    let (mut meaning, depth) = rule(&args, path, row);
    let riders = (!args.options.is_empty()).then(|| row.riders(path));
    for (verbs, options, risk, why, marks) in riders.into_iter().flatten() {
        // A rider that only marks counts its options behind the verb: `compose -f FILE logs` follows nothing.
        let from = || if *risk == R && why.is_empty() { verbs.split_ascii_whitespace().count() } else { 0 };
        if given(&args, options, from()) {
            if why.is_empty() {
                meaning.raise(*risk, meaning.why.clone());
            } else {
                meaning.raise(*risk, *why);
            }
            meaning.mark(*marks);
        }
    }
    let seen = Seen { tool: name, words, input: call.input, args, depth };
    if let Some(own) = tool.judge {
        own(&seen, &mut meaning);
    }
    let pretends = |(verbs, options): &(&str, &str)| {
        pretended(&seen.args, options) && super::args::under(&seen.args.path, verbs)
    };
    if !seen.args.options.is_empty() && tool.pretends.iter().any(pretends) {
        let (verb, secret) = (meaning.subcommand.take(), meaning.traits.secret);
        meaning =
            Meaning::new(R, "only says what it would do", if secret { mark::SECRET } else { mark::NONE });
        meaning.subcommand = verb;
    }
    if meaning.nested.is_empty()
        && (seen.args.has("--help") || seen.args.operands.is_empty() && seen.args.has("--version"))
    {
        let known = meaning.known;
        meaning = Meaning {
            subcommand: meaning.subcommand,
            known,
            ..Meaning::new(R, "shows its help", mark::NONE)
        };
    }
    meaning
}

/// The option is there and does not say that it is off.
fn pretended(args: &Args<'_>, options: &str) -> bool {
    args.all(options).last().is_some_and(|option| {
        !matches!(option.value, Some("false" | "none" | "no" | "0" | "" | "False" | "None"))
            && !option.value.is_some_and(|value| value.contains(UNKNOWN))
    })
}

/// `-f --follow` or, for one value, `--replicas=0`.
fn given(args: &Args<'_>, options: &str, from: usize) -> bool {
    options.split_ascii_whitespace().any(|option| {
        let wanted = memchr::memchr(b'=', option.as_bytes()).and_then(|_| option.split_once('='));
        match wanted {
            Some((name, wanted)) => args.all(name).any(|option| option.value == Some(wanted)),
            None => args.has(option) && args.get(option).is_some_and(|option| option.after >= from),
        }
    })
}

/// The longest rule whose verbs the operands begin with.
fn rule(args: &Args<'_>, path: &str, row: &Row) -> (Meaning, usize) {
    let tool = row.tool;
    let mut best: Option<(usize, &Rule)> = None;
    for (depth, rule) in row.rules(path) {
        if best.is_none_or(|(most, _)| depth > most) {
            best = Some((depth, rule));
        }
    }
    if let Some((depth, (_, risk, why, marks))) = best {
        let mut meaning = Meaning::new(*risk, *why, *marks);
        if depth > 0 {
            let end = memchr::memchr_iter(b' ', path.as_bytes()).nth(depth - 1);
            meaning.subcommand = Some(path.get(..end.unwrap_or(path.len())).unwrap_or(path).to_owned());
        }
        return (meaning, depth);
    }
    let verb = args.operands.first();
    if tool.rules.is_empty() && tool.judge.is_some() && tool.otherwise == Otherwise::ByWords {
        return (Meaning::new(C, "not known", mark::NONE), 0);
    }
    let meaning = match (tool.otherwise, verb) {
        // Without verbs the words are objects.
        (Otherwise::Change(why), _) if tool.rules.is_empty() => Meaning::new(C, why, mark::NONE),
        (Otherwise::Reads, _) => Meaning::new(R, "only reads", mark::NONE),
        (_, Some(word)) if word.text.contains(UNKNOWN) => {
            by_words(args, "what it does is only known when it runs", mark::OPAQUE)
        }
        (Otherwise::Change(why), _) => Meaning::new(C, why, mark::NONE),
        (Otherwise::ByWords, _) => by_words(args, "not a known use of this tool", mark::NONE),
    };
    (meaning, 0)
}

/// `danger` when one of the words destroys.
fn by_words(args: &Args<'_>, why: &'static str, marks: u16) -> Meaning {
    let texts = args.operands.iter().take(6).map(|word| word.text.as_str());
    let mut meaning = match texts.into_iter().find(|text| words::destroys(text)) {
        Some(verb) => Meaning::new(D, format!("`{verb}` takes something away for good"), marks),
        None => Meaning::new(C, why, marks),
    };
    meaning.subcommand = args.operands.first().filter(|word| word.known).map(|word| word.text.clone());
    meaning
}
