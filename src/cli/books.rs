//! The journals that `incidents` and `report` read: what is in them, what is wrong with them, and whose clock it is.
use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use super::out;
use crate::commands::tools::Tables;
use crate::domain::text::clean;
use crate::domain::time::{Timestamp, Zone};
use crate::incident::clock::Calendar;
use crate::incident::clock::limit::{self, Limit};
use crate::incident::event::{Output, What};
use crate::incident::order::Ordered;
use crate::incident::state::{self, State};
use crate::incident::{name, timeline};
use crate::runbook::{StepKind, catalogue};
use crate::sources::now;
use crate::store::Places;
use crate::store::read::{self, Trouble};

/// Everything that was read.
#[derive(Debug)]
pub(super) struct Books {
    pub now: Timestamp,
    pub calendar: Calendar,
    pub events: Ordered,
    pub troubles: Vec<Trouble>,
    places: Places,
}

/// How far back: a span, or a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Since {
    Span(std::time::Duration),
    Time(Timestamp),
}

impl Since {
    pub(super) fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Since::Span(span) => {
                Timestamp(now.0.saturating_sub(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
            }
            Since::Time(at) => at,
        }
    }
}

/// `8h`, `90 min`, `2026-11-26T03:00:00Z`.
pub(super) fn since(text: &str) -> Result<Since, String> {
    if let Some(at) = Timestamp::parse(text) {
        return Ok(Since::Time(at));
    }
    match limit::read(text) {
        Some(Limit::Within { most, .. }) if !most.is_zero() => Ok(Since::Span(most)),
        _ => Err("write a span, `8h`, or a time, `2026-11-26T03:00:00Z`".to_owned()),
    }
}

impl Books {
    /// Reads all incidents, and the days that were written to after `since`; without it no day but those to which
    /// an incident points.
    pub(super) fn open(since: Option<Timestamp>) -> Books {
        let places = Places::new(|name| std::env::var_os(name));
        let (found, mut troubles) = read::journals(&places);
        let zone = Zone(jiff::tz::TimeZone::system());
        let (mut read, mut entries) = (BTreeSet::new(), Vec::new());
        let mut take = |name: &str, troubles: &mut Vec<Trouble>| {
            if !read.insert(name.to_owned()) {
                return Vec::new();
            }
            let book = read::journal(&places, name);
            troubles.extend(book.troubles);
            let events: Vec<_> = book.merged.entries.into_iter().map(|entry| entry.event).collect();
            events
        };
        for journal in &found {
            let fresh = since.is_some_and(|since| journal.changed >= since);
            if journal.name.starts_with(name::INCIDENT) || fresh {
                entries.extend(take(&journal.name, &mut troubles));
            }
        }
        let elsewhere = |what: &What| match what {
            What::RunJoined(said) if !said.journal.is_empty() => Some(said.journal.clone()),
            _ => None,
        };
        let joined: BTreeSet<String> = entries.iter().filter_map(|event| elsewhere(&event.what)).collect();
        for name in joined {
            entries.extend(take(&name, &mut troubles));
        }
        Books { now: now(), calendar: Calendar::at(zone), events: Ordered::of(entries), troubles, places }
    }

    pub(super) fn zone(&self) -> &Zone {
        &self.calendar.zone
    }

    /// Every incident, those that are open first, then the newest.
    pub(super) fn incidents(&self) -> Vec<State> {
        let mut states = state::all(&self.events);
        states.sort_by(|a, b| {
            let key = |state: &State| (!state.is_unfinished(), std::cmp::Reverse(state.detected()));
            key(a).cmp(&key(b)).then_with(|| a.name.cmp(&b.name))
        });
        states
    }

    /// The one that is meant: by its name, a part of it, words of its title, or `last`.
    pub(super) fn named(&self, wanted: &str) -> Result<State, String> {
        let states = self.incidents();
        if states.is_empty() {
            return Err(self.none());
        }
        let flat = wanted.to_lowercase();
        let fits = |state: &&State| {
            let title = state.title.to_lowercase();
            let words = !flat.trim().is_empty() && flat.split_whitespace().all(|word| title.contains(word));
            state.name.contains(&flat) || words
        };
        let found: Vec<&State> = match states.iter().find(|state| state.name == wanted) {
            Some(exactly) => vec![exactly],
            None if flat == "last" => {
                states.iter().max_by_key(|state| state.detected()).into_iter().collect()
            }
            None => states.iter().filter(fits).collect(),
        };
        match found.as_slice() {
            [one] => Ok((*one).clone()),
            several => {
                let how = match several.len() {
                    0 => format!("firedeck: there is no incident `{}`; these are there:", clean(wanted)),
                    count => format!("firedeck: `{}` can be one of {count}:", clean(wanted)),
                };
                let listed = if several.is_empty() { states.iter().collect() } else { several.to_vec() };
                let lines: Vec<String> = listed
                    .iter()
                    .take(10)
                    .map(|state| format!("  {}  {}", state.name, state.title))
                    .collect();
                let more = listed.len().saturating_sub(lines.len());
                let more = if more == 0 { String::new() } else { format!("\n  … and {more} more") };
                Err(format!("{how}\n{}{more}\n  = name one, or `last`", lines.join("\n")))
            }
        }
    }

    /// Says that there is none, where it would be, and how one is opened.
    pub(super) fn none(&self) -> String {
        format!(
            "firedeck: no incident is recorded in `{}`\n  \
             = one is opened in the cockpit: from an alert, from a runbook, or by hand; `firedeck keys` lists the keys",
            clean(&self.places.first.join("journal").display().to_string())
        )
    }

    /// The lines of an incident.
    pub(super) fn timeline(&self, incident: &State) -> Vec<timeline::Entry> {
        let events = state::events(&incident.name, &self.events);
        let end = incident.is_unfinished().then_some(self.now);
        timeline::with_gaps(timeline::build(events, &[], &timeline::Steps::new()), None, end)
    }

    /// What is wrong, in the words of a report.
    pub(super) fn in_words(&self) -> Vec<String> {
        let lost = self.troubles.iter().filter(|trouble| !trouble.passing);
        lost.map(|trouble| format!("{}: {}", trouble.path.display(), trouble.says)).collect()
    }

    /// The steps of a run that nobody did, ticked or skipped, by the document as it was kept. A run is missing where
    /// that cannot be told.
    pub(super) fn unticked(&self, states: &[State]) -> BTreeMap<String, Vec<String>> {
        let opened = self.events.events().filter_map(|event| match &event.what {
            What::RunOpened(said) => Some((said.run.as_str(), (event.incident.as_str(), said))),
            _ => None,
        });
        let opened: BTreeMap<_, _> = opened.collect();
        let mut found = BTreeMap::new();
        for run in states.iter().flat_map(State::open_runs) {
            let Some((journal, said)) = opened.get(run.run.as_str()) else { continue };
            let Some(kept) = &said.kept else { continue };
            let steps = self.steps(journal, kept, &said.path, said.line);
            let Some(steps) = steps else { continue };
            let left = steps.into_iter().filter(|(step, _)| !run.is_done(*step)).map(|(_, title)| title);
            found.insert(run.run.clone(), left.collect());
        }
        found
    }

    /// The steps of the runbook that begins on a line of a kept document, with their places.
    fn steps(&self, journal: &str, kept: &Output, path: &str, line: u32) -> Option<Vec<(u32, String)>> {
        let bytes = read::beside(&self.places, journal, kept).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let document = catalogue::read(path, &text, &Tables::default());
        let runbook = document.runbooks.iter().find(|runbook| runbook.line == line)?;
        let steps = (0..).zip(&runbook.steps);
        let to_do = steps.filter(|(_, step)| step.n != "0" && step.kind != StepKind::Note);
        Some(to_do.map(|(place, step)| (place, format!("{} {}", step.n, step.title))).collect())
    }

    /// Says on stderr what could not be read; the run has failed if something is lost.
    pub(super) fn finish(&self, code: ExitCode) -> ExitCode {
        let mut code = code;
        for trouble in &self.troubles {
            let path = trouble.path.display().to_string();
            let failed = out::complain(&format!("firedeck: {}: {}", clean(&path), clean(&trouble.says)));
            if !trouble.passing {
                code = failed;
            }
        }
        code
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn how_far_back_is_a_span_or_a_time() {
        let hours = |count| Ok(Since::Span(std::time::Duration::from_hours(count)));
        assert_eq!(since("8h"), hours(8));
        assert_eq!(since("2 days"), hours(48));
        assert_eq!(since("1970-01-01T00:00:01Z"), Ok(Since::Time(Timestamp(1_000))));
        assert!(since("yesterday").is_err() && since("").is_err() && since("0h").is_err());
        assert_eq!(Since::Span(std::time::Duration::from_secs(1)).before(Timestamp(5_000)), Timestamp(4_000));
    }
}
