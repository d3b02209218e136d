//! What each event is in the words of the time line.
use std::collections::{BTreeMap, BTreeSet};

use super::{Entry, Kind, Steps, name};
use crate::domain::change::{Change, ChangeKind};
use crate::domain::level::Level;
use crate::domain::secret::HIDDEN;
use crate::domain::text::first_line;
use crate::domain::time::Timestamp;
use crate::incident::What;
use crate::incident::event::{
    ActionOutcome, At, End, Ended, Event, IncidentOpened, MeasureOpened, MilestoneSet, OpenedFrom, Outcome,
    Stands, StepEnded, StepStarted, Target, Tier, ValueGiven,
};
use crate::incident::order::Rank;
use crate::incident::state::run::{level, verdict};
use crate::incident::words::{self, command, plain};

/// So many names are told of a list; the rest is a number.
const NAMES: usize = 5;

/// What has to be remembered from one event to the next.
#[derive(Debug, Default)]
pub(super) struct Teller {
    /// Who is behind a writer.
    writers: BTreeMap<String, String>,
    /// What a step is called in its document, by run, step and command.
    steps: Steps,
    /// What a measure is about, by its name.
    measures: BTreeMap<String, String>,
    pub pinned: BTreeSet<String>,
    /// When something was done here, by target.
    done: BTreeMap<String, Vec<Timestamp>>,
}

/// A line without what all lines have.
struct Line {
    kind: Kind,
    who: String,
    words: String,
    level: Level,
}

fn line(kind: Kind, who: &str, words: String) -> Line {
    Line { kind, who: plain(who), words, level: Level::Fine }
}

impl Line {
    fn level(self, level: Level) -> Line {
        Line { level, ..self }
    }
}

impl Teller {
    /// With the names of steps that are known, or that a later event tells: a way is chosen before it is gone.
    pub(super) fn of<'e>(steps: &Steps, events: impl Iterator<Item = &'e Event>) -> Teller {
        let mut teller = Teller { steps: steps.clone(), ..Teller::default() };
        for event in events {
            if let What::StepStarted(said) = &event.what {
                let at = (said.at.run.clone(), said.at.step);
                teller.steps.entry(at).or_insert_with(|| plain(&said.n));
            }
        }
        teller
    }

    pub(super) fn tell(&mut self, rank: &Rank, event: &Event) -> Option<Entry> {
        let by = self.writers.get(&event.writer).cloned().unwrap_or_else(|| plain(&event.writer));
        let told = self
            .of_the_incident(event)
            .or_else(|| self.of_work(event, &by))
            .or_else(|| of_a_run(self, event));
        let told = told.or_else(|| self.of_the_journal(event, &by))?;
        // A milestone stands where it was reached, not where somebody found the time to say so.
        let at = match &event.what {
            What::MilestoneSet(said) => said.at,
            _ => rank.at,
        };
        let changes = match &event.what {
            What::ActionStarted(said) => said.tier > Tier::Read,
            What::StepStarted(said) => said.tier > Tier::Read,
            _ => false,
        };
        let command = |at: &At| format!("{}/{}/{:?}", at.run, at.step, at.command);
        let of = match &event.what {
            What::ActionOutcome(said) => format!("{} {}", said.action, words::target(&said.target)),
            What::StepEnded(said) => command(&said.at),
            What::StepSettled(said) => command(&said.at),
            _ => String::new(),
        };
        let Line { kind, who, words, level } = told;
        let (entry, words, pinned) = (name(event), plain(&words), false);
        Some(Entry { entry, at, kind, who, words, of, level, changes, pinned })
    }

    /// Whether the journal has what was seen as a change.
    pub(super) fn has_done(&self, change: &Change, within: i64) -> bool {
        let target = || words::target(&Target::new(&change.target, ""));
        let near = |at: &Timestamp| at.0.abs_diff(change.at.0) <= within.unsigned_abs();
        change.what == ChangeKind::Deed
            && self.done.get(&target()).is_some_and(|times| times.iter().any(near))
    }

    fn of_the_incident(&mut self, event: &Event) -> Option<Line> {
        Some(match &event.what {
            What::IncidentOpened(said) => opened(said),
            What::SeveritySet(said) => {
                let why = because(&said.why);
                line(Kind::Incident, &said.by, format!("severity is {}{why}", said.severity))
            }
            What::MilestoneSet(said) => milestone(said, event.at),
            What::RoleSet(said) if said.person.is_empty() => {
                line(Kind::Incident, &said.by, format!("nobody is {} any more", said.role))
            }
            What::RoleSet(said) => {
                line(Kind::Incident, &said.by, format!("{} is {}", said.person, said.role))
            }
            What::MeasureOpened(said) => {
                self.measures.insert(said.measure.clone(), said.what.clone());
                measure(said)
            }
            What::MeasureClosed(said) => {
                let how = match said.ended {
                    Ended::Reverted => "taken back",
                    Ended::Dismissed => "may stay",
                };
                let why = because(&said.why);
                line(
                    Kind::Measure,
                    &said.by,
                    format!("temporary measure {how}: {}{why}", self.measure(&said.measure)),
                )
            }
            What::MeasureSeen(said) => {
                let (how, level) = match said.stands {
                    Stands::Yes => ("stands", Level::Warn),
                    Stands::No => ("no longer stands", Level::Fine),
                    Stands::Unknown => ("cannot be seen", Level::Unknown),
                };
                let says = colon(&said.says);
                line(
                    Kind::Measure,
                    "",
                    format!("temporary measure {how}: {}{says}", self.measure(&said.measure)),
                )
                .level(level)
            }
            What::HandedOver(said) => {
                let says = colon(&said.says);
                line(Kind::Handover, &said.by, format!("handed over to {}{says}", said.to))
            }
            What::EntryPinned(said) => {
                if said.no_longer {
                    self.pinned.remove(&said.entry);
                } else {
                    self.pinned.insert(said.entry.clone());
                }
                return None;
            }
            _ => return None,
        })
    }

    fn of_work(&mut self, event: &Event, by: &str) -> Option<Line> {
        Some(match &event.what {
            What::Note(said) => line(Kind::Note, by, said.text.clone()),
            What::AlertsAcknowledged(said) => {
                let names = list(said.alerts.iter().map(|alert| words::alert(&alert.name)));
                let how = if said.no_longer { "no longer cares for" } else { "acknowledged" };
                line(Kind::Alert, &said.by, format!("{how} {names}"))
            }
            What::SuspectMarked(said) => {
                let target = words::target(&said.target);
                let how =
                    if said.no_longer { "no longer holds for the cause" } else { "holds for the cause" };
                line(Kind::Change, &said.by, format!("{how}: {} of {target}: {}", said.what, said.says))
            }
            What::ActionStarted(said) => {
                self.was_done(&said.target, event.at);
                let reason = because(said.reason.as_deref().unwrap_or_default());
                let plan = command(&said.plan);
                line(Kind::Action, by, format!("{plan} ({}, from {}){reason}", tier(said.tier), said.host))
            }
            What::ActionOutcome(said) => {
                self.was_done(&said.target, event.at);
                outcome(said)?
            }
            What::QuestionDeclined(said) => {
                line(Kind::Action, by, format!("declined: {}", list(said.plan.iter().map(String::as_str))))
            }
            What::EvidenceKept(said) => {
                let target = match &*said.target.kind {
                    "step" => format!("before {}", words::target(&said.target)),
                    // As it was written before: what had to be typed, which need not name anything.
                    "target" => format!("before a change ({})", plain(&said.target.name)),
                    _ => format!("of {}", words::target(&said.target)),
                };
                let files = words::counted(said.files.len(), "file");
                let kept = line(Kind::Evidence, by, format!("kept {target}: {files}"));
                if said.missing.is_empty() {
                    kept
                } else {
                    let missing = list(said.missing.iter().map(String::as_str));
                    let words = format!("{}; missing: {missing}", kept.words);
                    Line { words, ..kept }.level(Level::Warn)
                }
            }
            _ => return None,
        })
    }

    fn of_the_journal(&mut self, event: &Event, by: &str) -> Option<Line> {
        Some(match &event.what {
            What::SessionOpened(said) => {
                self.writers.insert(event.writer.clone(), plain(&said.user));
                let profile = if said.profile.is_empty() {
                    String::new()
                } else {
                    format!(", profile {}", said.profile)
                };
                let only = if said.read_only { ", read-only" } else { "" };
                line(Kind::Session, &said.user, format!("opened a cockpit on {}{profile}{only}", said.host))
            }
            What::SessionClosed(said) => line(Kind::Session, by, format!("closed a cockpit: {}", said.how)),
            What::JournalMoved(said) => {
                line(Kind::Journal, by, format!("the journal goes on in `{}`: {}", said.to, said.why))
                    .level(Level::Warn)
            }
            What::JournalRepaired(said) => {
                let (file, last) = (&said.file, said.last);
                line(Kind::Journal, by, format!("`{file}` was torn after event {last}; the torn end is kept"))
                    .level(Level::Warn)
            }
            What::JournalDamaged(said) => {
                let (file, n, why) = (&said.file, said.n, &said.why);
                line(Kind::Journal, by, format!("`{file}` is not as it was written from event {n} on: {why}"))
                    .level(Level::Bad)
            }
            What::Other(said) => {
                line(Kind::Other, by, format!("`{}`, which a later version wrote", said.kind))
                    .level(Level::Unknown)
            }
            _ => return None,
        })
    }

    fn was_done(&mut self, target: &Target, at: Timestamp) {
        self.done.entry(words::target(target)).or_default().push(at);
    }

    fn measure<'t>(&'t self, name: &'t str) -> &'t str {
        self.measures.get(name).map_or(name, String::as_str)
    }

    fn step(&self, run: &str, step: u32) -> String {
        // Without its document only its place is known.
        let known = self.steps.get(&(run.to_owned(), step)).filter(|n| !n.is_empty());
        known.map_or_else(|| format!("step at place {}", u64::from(step) + 1), |n| format!("step {n}"))
    }
}

fn opened(said: &IncidentOpened) -> Line {
    let severity = said.severity.as_deref().map(|name| format!(", {name}")).unwrap_or_default();
    let from = match &said.from {
        OpenedFrom::Alert(alert) => format!(" from {}", words::target(alert)),
        OpenedFrom::Run(run) => format!(" from run {run}"),
        OpenedFrom::Hand => String::new(),
    };
    line(Kind::Incident, &said.by, format!("opened{from}: {}{severity}", said.title)).level(Level::Bad)
}

fn milestone(said: &MilestoneSet, told: Timestamp) -> Line {
    let late = told.since(said.at);
    let late = match late.as_secs() {
        0..60 => String::new(),
        _ => format!(" (said {} later)", words::span(late)),
    };
    line(Kind::Incident, &said.by, format!("{}{}{late}", said.milestone.name(), colon(&said.says)))
}

fn measure(said: &MeasureOpened) -> Line {
    let target =
        said.target.as_ref().map(|target| format!(" of {}", words::target(target))).unwrap_or_default();
    let (prior, now) = (words::value(&said.what, &said.prior), words::value(&said.what, &said.now));
    let value = match (prior.as_str(), now.as_str()) {
        ("", "") => String::new(),
        ("", now) => format!(": {now}"),
        (prior, now) => format!(": {prior} → {now}"),
    };
    let owner = if said.owner.is_empty() { "nobody".to_owned() } else { said.owner.clone() };
    let words = format!("temporary measure: {}{target}{value}; {owner} takes it back", said.what);
    line(Kind::Measure, &said.by, words).level(Level::Warn)
}

fn outcome(said: &ActionOutcome) -> Option<Line> {
    let (how, level) = match said.outcome {
        // The time line has the beginning, and then what came of it.
        Outcome::Started | Outcome::Progress => return None,
        Outcome::Accepted => ("accepted", Level::Unknown),
        Outcome::Settled => ("settled", Level::Fine),
        Outcome::Refused => ("refused", Level::Warn),
        Outcome::Uncertain => ("may have been done", Level::Unknown),
        Outcome::Failed => ("failed", Level::Bad),
    };
    let target = words::target(&said.target);
    Some(line(Kind::Action, "", format!("{target}: {how}{}", colon(&first_line(&said.says)))).level(level))
}

fn of_a_run(teller: &mut Teller, event: &Event) -> Option<Line> {
    Some(match &event.what {
        What::RunOpened(said) => {
            let words = format!("opened `{}` ({}:{}) for {}", said.runbook, said.path, said.line, said.host);
            line(Kind::Run, &said.by, words)
        }
        What::RunJoined(said) => line(Kind::Run, &said.by, format!("run {} belongs to this", said.run)),
        What::RunClosed(said) => {
            let how = if said.done { "worked through" } else { "left" };
            line(Kind::Run, &said.by, format!("run {} {how}{}", said.run, because(&said.why)))
        }
        What::ValueGiven(said) => value(said),
        What::StepStarted(said) => started(teller, said),
        What::StepEnded(said) => ended(teller, said),
        What::StepSettled(said) => {
            let step = teller.step(&said.at.run, said.at.step);
            let words = format!("{step}: {}{}", verdict(said.verdict), colon(&said.says));
            line(Kind::Step, "", words).level(level(said.verdict, Level::Unknown))
        }
        What::ShellEnded(said) => {
            let how = match said.end {
                End::Exit(_) | End::ShellGone | End::NotStarted => "has ended",
                End::Stopped => "was stopped",
                End::Interrupted => "is gone",
            };
            let words = format!("a shell of run {} {how}, with what it held{}", said.run, colon(&said.says));
            line(Kind::Run, "", words).level(Level::Unknown)
        }
        What::StepTicked(said) => {
            let how = if said.ticked { "ticked" } else { "no longer ticked" };
            let item = said.item.map(|item| format!(", item {}", u64::from(item) + 1)).unwrap_or_default();
            line(Kind::Step, &said.by, format!("{}{item} {how}", teller.step(&said.run, said.step)))
        }
        What::StepSkipped(said) => {
            let how = if said.no_longer { "no longer skipped" } else { "skipped" };
            let words = format!("{} {how}{}", teller.step(&said.run, said.step), because(&said.reason));
            line(Kind::Step, &said.by, words)
        }
        What::BranchChosen(said) => {
            let how = if said.no_longer { "no longer chosen" } else { "chosen" };
            let chosen = match said.step {
                // Ways within a step are counted in it; ways that are steps come after the one that asks.
                Some(step) if said.chosen <= step => {
                    format!("{}: way {}", teller.step(&said.run, step), u64::from(said.chosen) + 1)
                }
                _ => teller.step(&said.run, said.chosen),
            };
            line(Kind::Step, &said.by, format!("{chosen} {how}"))
        }
        _ => return None,
    })
}

fn value(said: &ValueGiven) -> Line {
    let value = if said.secret { HIDDEN.to_owned() } else { words::value(&said.name, &said.value) };
    line(Kind::Run, &said.by, format!("{} = {value} (from {})", said.name, said.origin))
}

fn started(teller: &mut Teller, said: &StepStarted) -> Line {
    teller.steps.insert((said.at.run.clone(), said.at.step), plain(&said.n));
    let step = teller.step(&said.at.run, said.at.step);
    let edited = if said.edited { ", edited" } else { "" };
    let reason = because(said.reason.as_deref().unwrap_or_default());
    let text = command(&said.text);
    let words =
        format!("{step} (line {}, {}{edited}, on {}): {text}{reason}", said.line, tier(said.tier), said.host);
    line(Kind::Step, &said.by, words)
}

fn ended(teller: &Teller, said: &StepEnded) -> Line {
    let step = teller.step(&said.at.run, said.at.step);
    let end = match &said.end {
        End::Exit(codes) => {
            let told: Vec<String> = codes.iter().take(NAMES).map(ToString::to_string).collect();
            match told.first() {
                None => "ended".to_owned(),
                Some(first) if told.iter().all(|code| code == first) => format!("exit {first}"),
                _ => format!("exits {} in its pipe", told.join(", ")),
            }
        }
        End::Stopped => "stopped".to_owned(),
        End::ShellGone => "its shell ended".to_owned(),
        End::Interrupted => "its runner is dead".to_owned(),
        End::NotStarted => "never started".to_owned(),
    };
    let took = match said.milliseconds {
        short @ 0..1_000 => format!("{short} ms"),
        long => words::span(std::time::Duration::from_millis(long)),
    };
    let words = format!("{step}: {} ({end}, {took}){}", verdict(said.verdict), colon(&said.says));
    line(Kind::Step, "", words).level(level(said.verdict, Level::Unknown))
}

fn tier(tier: Tier) -> &'static str {
    match tier {
        Tier::Read => "read",
        Tier::Change => "change",
        Tier::Danger => "danger",
    }
}

fn because(why: &str) -> String {
    if why.trim().is_empty() { String::new() } else { format!(", because: {why}") }
}

fn colon(says: &str) -> String {
    if says.trim().is_empty() { String::new() } else { format!(": {says}") }
}

/// `a, b, c and 4 more`.
fn list<'t>(names: impl ExactSizeIterator<Item = &'t str>) -> String {
    let count = names.len();
    let first: Vec<&str> = names.take(NAMES).collect();
    let more = count.saturating_sub(first.len());
    let told = first.join(", ");
    if more == 0 { told } else { format!("{told} and {more} more") }
}
