//! The clock of the open incident, for the header, and what is due next.
use std::time::Duration;

use super::super::Fact;
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::domain::time::Timestamp;
use crate::incident::clock::{Calendar, Clock, Standing};
use crate::incident::state::{Stage, State};
use crate::incident::words;
use crate::model::Model;
use crate::model::incident::short;
use crate::runbook::facts::level;

/// `P1`, `07:42 of 15:00`, `#k7qd`, as it is at this time.
pub fn facts(model: &Model, now: Timestamp) -> Vec<Fact> {
    let Some(state) = model.incidents.open() else { return Vec::new() };
    let mut facts = Vec::new();
    if let Some(severity) = state.severity.as_ref().filter(|severity| !severity.name.is_empty()) {
        facts.push(Fact::new(code(&severity.name), Role::Title));
    }
    facts.push(face(model, state, now));
    facts.push(Fact::new(format!("#{}", short(&state.name)), Role::Dim));
    facts
}

/// `P1` of `P1 - Critical`: what there is room for.
fn code(name: &str) -> String {
    let short = level::read(name).and_then(|level| name.get(..level.length));
    short.unwrap_or(name).chars().take(12).collect()
}

fn face(model: &Model, state: &State, now: Timestamp) -> Fact {
    let come = state.stage();
    if come >= Stage::Mitigated {
        return Fact::new(come.name(), super::super::role(come.level()));
    }
    let (clock, standing) = running(model, state, now);
    let gone = elapsed(now.since(clock.since));
    match (clock.due(), &standing) {
        (Some(due), Standing::Running { .. } | Standing::Ending { .. } | Standing::Overdue { .. }) => {
            let whole = elapsed(due.since(clock.since));
            Fact::new(format!("{gone} of {whole}"), role(standing.level()))
        }
        // No time is named: it is neither in time nor late.
        _ => Fact::new(gone, Role::Text),
    }
}

/// For the wall: how long it goes on, in words what that is of, and how bad that is.
pub fn figure(model: &Model) -> Option<(String, String, Level)> {
    /// More would push the counts aside.
    const TITLE: usize = 24;
    let state = model.incidents.open()?;
    let (clock, standing) = running(model, state, model.now);
    let mut label = state.severity.as_ref().map(|severity| code(&severity.name)).unwrap_or_default();
    let come = state.stage();
    let over = come >= Stage::Mitigated;
    if let Some(due) = clock.due().filter(|_| !over) {
        label = format!("{label} of {}", elapsed(due.since(clock.since)));
    }
    let title: String = state.title.chars().take(TITLE).collect();
    let label = format!("{label}  {title}").trim().to_owned();
    if over {
        return Some((come.name().to_owned(), label, come.level()));
    }
    let level = match standing.level() {
        // An open incident is never well.
        Level::Fine | Level::Done | Level::Unknown => Level::Warn,
        level => level,
    };
    Some((elapsed(model.now.since(clock.since)), label, level))
}

/// The clock that counts now: the first answer until there is one, then the recovery.
fn running(model: &Model, state: &State, now: Timestamp) -> (Clock, Standing) {
    let calendar = Calendar::at(model.zone.clone());
    if state.stage() == Stage::Open {
        return state.response(now, &calendar);
    }
    state.recovery(now, &calendar)
}

fn role(level: Level) -> Role {
    match level {
        Level::Bad => Role::Bad,
        Level::Warn => Role::Warning,
        _ => Role::Text,
    }
}

/// `07:42`, `1:07:42`, `2d 03:59`.
fn elapsed(span: Duration) -> String {
    let seconds = span.as_secs();
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) => format!("{minutes:02}:{:02}", seconds % 60),
        (0, _) => format!("{hours}:{minutes:02}:{:02}", seconds % 60),
        _ => format!("{days}d {hours:02}:{minutes:02}"),
    }
}

/// What has to be done first, and by when: an answer, a recovery, a measure to be taken back.
pub fn due(model: &Model) -> Option<Vec<Fact>> {
    let state = model.incidents.open()?;
    let calendar = Calendar::at(model.zone.clone());
    let mut all: Vec<(Timestamp, String)> = Vec::new();
    let running = |(clock, standing): (Clock, Standing), what: &str| {
        let runs =
            matches!(standing, Standing::Running { .. } | Standing::Ending { .. } | Standing::Overdue { .. });
        clock.due().filter(|_| runs).map(|due| (due, what.to_owned()))
    };
    all.extend(running(state.response(model.now, &calendar), "answer"));
    all.extend(running(state.recovery(model.now, &calendar), "recovery"));
    let measures = state.open_measures().filter_map(|measure| Some((measure.due?, measure)));
    all.extend(measures.map(|(due, measure)| {
        (due, format!("{} taken back", set(&measure.what, &measure.prior, &measure.now)))
    }));
    let (due, what) = all.into_iter().min()?;
    let at: String = words::weekday(due, &model.zone)
        .chars()
        .rev()
        .take(5)
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect();
    let (tail, role) = if model.now > due {
        (format!("overdue by {}", words::span(model.now.since(due))), Role::Bad)
    } else {
        let left = due.since(model.now);
        // Seconds stand in the clock alone.
        let left =
            if left < Duration::from_mins(1) { "less than a minute".into() } else { words::span(left) };
        (format!("in {left}"), Role::Text)
    };
    Some(vec![
        Fact::new("due next  ", Role::Dim),
        Fact::new(what, Role::Text),
        Fact::new(format!("  {at}  "), Role::Dim),
        Fact::new(tail, role),
    ])
}

/// `pool size 20 → 30`.
pub(super) fn set(what: &str, prior: &str, now: &str) -> String {
    match (prior, now) {
        ("", "") => what.to_owned(),
        ("", now) => format!("{what} → {now}"),
        (prior, now) => format!("{what} {prior} → {now}"),
    }
}
