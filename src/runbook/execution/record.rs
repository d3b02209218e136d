//! What the journal's events say of one run, the same whatever way the writers' lines were mixed.
//!
//! Nothing here depends on the order of events of different writers: attempts are found by their session and
//! statement, and of two words on one thing the later counts, by a clock that never goes back within a writer. Where
//! two events contradict each other, the worse counts, and it is said.
use std::collections::{BTreeMap, BTreeSet};

use crate::domain::time::Timestamp;
use crate::incident::event::{
    BranchChosen, End, Event, Order, RunClosed, RunOpened, StepEnded, StepSettled, StepSkipped, StepStarted,
    StepTicked, ValueGiven, Verdict, What,
};

/// More than any honest run writes; beyond, nothing more may run.
const MOST: usize = 20_000;
/// What became known of one command, and words about what was odd, are kept up to here.
const FEW: usize = 16;

/// A place among the events: of two, the later one counts.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Key {
    /// Never before that of an earlier event of the same writer.
    pub at: Timestamp,
    pub writer: String,
    pub n: u64,
}

/// A command of a step; without a number, one that the operator wrote there.
pub type Spot = (u32, Option<u32>);

/// One order to a shell and what became of it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Attempt {
    pub started: Option<(Key, StepStarted)>,
    pub ended: Option<(Key, StepEnded)>,
    /// Two events say different things of it.
    pub disputed: bool,
}

impl Attempt {
    pub fn key(&self) -> Option<&Key> {
        self.started.as_ref().map(|(key, _)| key).or(self.ended.as_ref().map(|(key, _)| key))
    }

    pub fn is_running(&self) -> bool {
        self.ended.is_none()
    }
}

/// A session as its statements tell of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Told {
    /// Its first statement that is known.
    pub first: Option<Key>,
    /// How it was lost.
    pub lost: Option<End>,
}

/// Everything that was said of one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Record {
    pub run: String,
    pub opened: Option<(Key, RunOpened)>,
    pub closed: Option<(Key, RunClosed)>,
    pub values: BTreeMap<String, (Key, ValueGiven)>,
    pub attempts: BTreeMap<Spot, BTreeMap<Order, Attempt>>,
    pub settled: BTreeMap<Spot, BTreeMap<Key, StepSettled>>,
    /// Of a step's item, or of the whole step.
    pub ticks: BTreeMap<Spot, (Key, StepTicked)>,
    pub skips: BTreeMap<u32, (Key, StepSkipped)>,
    /// The last word of each writer on each choice.
    pub choices: BTreeMap<Option<u32>, BTreeMap<String, (Key, BranchChosen)>>,
    pub sessions: BTreeMap<String, Told>,
    /// Which writers are known, each with its latest time.
    clocks: BTreeMap<String, Timestamp>,
    odd: BTreeSet<String>,
    kept: usize,
}

impl Record {
    pub fn new(run: &str) -> Record {
        Record { run: run.to_owned(), ..Record::default() }
    }

    /// More was written than is kept.
    pub fn is_full(&self) -> bool {
        self.kept >= MOST
    }

    /// What was odd about the events themselves.
    pub fn odd(&self) -> impl Iterator<Item = &str> {
        self.odd.iter().map(String::as_str)
    }

    /// Takes an event in; true where it was one of this run.
    pub fn take(&mut self, event: &Event, steps: usize) -> bool {
        if run_of(&event.what) != Some(self.run.as_str()) {
            return false;
        }
        if self.is_full() {
            return true;
        }
        self.kept += 1;
        let clock = self.clocks.entry(event.writer.clone()).or_insert(event.at);
        *clock = (*clock).max(event.at);
        let key = Key { at: *clock, writer: event.writer.clone(), n: event.n };
        if let Some(step) = step_of(&event.what).filter(|step| *step as usize >= steps) {
            self.say(format!("an event names step {step}, which the runbook does not have"));
            return true;
        }
        self.note(key, &event.what);
        true
    }

    fn note(&mut self, key: Key, what: &What) {
        match what {
            What::RunOpened(body) => {
                if self.opened.as_ref().is_some_and(|(_, before)| before != body.as_ref()) {
                    self.say("the run was opened twice".to_owned());
                }
                if self.opened.as_ref().is_none_or(|(before, _)| key < *before) {
                    self.opened = Some((key, body.as_ref().clone()));
                }
            }
            What::RunClosed(body) => later(&mut self.closed, key, body),
            What::ValueGiven(body) => later_in(&mut self.values, body.name.clone(), key, body),
            What::StepStarted(body) => self.started(key, body),
            What::StepEnded(body) => self.ended(key, body),
            What::StepSettled(body) => {
                let all = self.settled.entry((body.at.step, body.at.command)).or_default();
                all.insert(key, body.clone());
                while all.len() > FEW {
                    all.pop_first();
                }
            }
            What::ShellEnded(body) => self.seen(&body.session, &key, Some(body.end.clone())),
            What::StepTicked(body) => later_in(&mut self.ticks, (body.step, body.item), key, body),
            What::StepSkipped(body) => later_in(&mut self.skips, body.step, key, body),
            What::BranchChosen(body) => {
                let writer = key.writer.clone();
                later_in(self.choices.entry(body.step).or_default(), writer, key, body);
            }
            _ => {}
        }
    }

    fn started(&mut self, key: Key, body: &StepStarted) {
        self.seen(&body.order.session, &key, None);
        let spot = (body.at.step, body.at.command);
        let attempt = self.attempts.entry(spot).or_default().entry(body.order.clone()).or_default();
        attempt.disputed |= attempt.started.as_ref().is_some_and(|(_, before)| before.text != body.text);
        if attempt.started.as_ref().is_none_or(|(before, _)| key < *before) {
            attempt.started = Some((key, body.clone()));
        }
    }

    fn ended(&mut self, key: Key, body: &StepEnded) {
        let lost = !matches!(body.end, End::Exit(_) | End::NotStarted);
        self.seen(&body.order.session, &key, lost.then(|| body.end.clone()));
        let spot = (body.at.step, body.at.command);
        let attempt = self.attempts.entry(spot).or_default().entry(body.order.clone()).or_default();
        attempt.disputed |= attempt.ended.as_ref().is_some_and(|(_, before)| before.verdict != body.verdict);
        // The worse counts; of two alike the first.
        let wins = attempt.ended.as_ref().is_none_or(|(before, known)| {
            (badness(body.verdict), std::cmp::Reverse(&key))
                > (badness(known.verdict), std::cmp::Reverse(before))
        });
        if wins {
            attempt.ended = Some((key, body.clone()));
        }
    }

    fn seen(&mut self, session: &str, key: &Key, lost: Option<End>) {
        let told = self.sessions.entry(session.to_owned()).or_default();
        if told.first.as_ref().is_none_or(|first| key < first) {
            told.first = Some(key.clone());
        }
        let rank = |end: &End| match end {
            End::Interrupted => 3,
            End::ShellGone => 2,
            End::Stopped => 1,
            End::Exit(_) | End::NotStarted => 0,
        };
        if lost.as_ref().map_or(0, rank) > told.lost.as_ref().map_or(0, rank) {
            told.lost = lost;
        }
    }

    fn say(&mut self, words: String) {
        if self.odd.len() < FEW {
            self.odd.insert(words);
        }
    }

    /// What was chosen last, and by whom else otherwise.
    pub fn choice(&self, asks: Option<u32>) -> Option<&BranchChosen> {
        let all = self.choices.get(&asks)?.values();
        all.max_by_key(|(key, _)| key).map(|(_, body)| body).filter(|body| !body.no_longer)
    }

    /// The last attempt of a command.
    pub fn last(&self, spot: Spot) -> Option<(&Order, &Attempt)> {
        self.attempts.get(&spot)?.iter().max_by(|(a, one), (b, other)| (one.key(), a).cmp(&(other.key(), b)))
    }
}

/// How bad a verdict is: knowing nothing is worse than not having seen the effect yet.
fn badness(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Ok => 0,
        Verdict::NoMatches => 1,
        Verdict::Accepted => 2,
        Verdict::Trouble => 3,
        Verdict::NoData => 4,
        Verdict::Failed => 5,
        Verdict::Stopped => 6,
        Verdict::Lost => 7,
        Verdict::Interrupted => 8,
    }
}

/// Keeps the later of two.
fn later<T: Clone>(slot: &mut Option<(Key, T)>, key: Key, body: &T) {
    if slot.as_ref().is_none_or(|(before, _)| *before < key) {
        *slot = Some((key, body.clone()));
    }
}

fn later_in<K: Ord, T: Clone>(map: &mut BTreeMap<K, (Key, T)>, name: K, key: Key, body: &T) {
    match map.get_mut(&name) {
        Some(known) if known.0 < key => *known = (key, body.clone()),
        Some(_) => {}
        None => {
            map.insert(name, (key, body.clone()));
        }
    }
}

fn run_of(what: &What) -> Option<&str> {
    Some(match what {
        What::RunOpened(body) => &body.run,
        What::RunClosed(body) => &body.run,
        What::ValueGiven(body) => &body.run,
        What::StepStarted(body) => &body.at.run,
        What::StepEnded(body) => &body.at.run,
        What::StepSettled(body) => &body.at.run,
        What::ShellEnded(body) => &body.run,
        What::StepTicked(body) => &body.run,
        What::StepSkipped(body) => &body.run,
        What::BranchChosen(body) => &body.run,
        _ => return None,
    })
}

fn step_of(what: &What) -> Option<u32> {
    match what {
        What::StepStarted(body) => Some(body.at.step),
        What::StepEnded(body) => Some(body.at.step),
        What::StepSettled(body) => Some(body.at.step),
        What::StepTicked(body) => Some(body.step),
        What::StepSkipped(body) => Some(body.step),
        What::BranchChosen(body) => body.step,
        _ => None,
    }
}
