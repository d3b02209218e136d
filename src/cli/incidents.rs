//! `firedeck incidents`: list, show, export.
use std::fmt::Write;
use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::books::Books;
use super::ink::Ink;
use super::out;
use super::runbooks::table::{Cell, Column, Fit, table};
use crate::config::{self, Request};
use crate::domain::level::Level;
use crate::domain::settings::Role;
use crate::incident::clock::Standing;
use crate::incident::handover::{clocks, measures};
use crate::incident::report::{Report, Sources};
use crate::incident::state::State;
use crate::incident::words;

/// So many of the last lines are shown; `export` has them all.
const LINES: usize = 20;

const JOURNAL: &str = "\
Incidents are read from the journal: $XDG_STATE_HOME/firedeck/journal, and what had to go to $XDG_RUNTIME_DIR. \
Reading takes no locks: a cockpit that is running goes on.";

#[derive(Debug, Subcommand)]
pub enum IncidentsCommand {
    /// List the incidents, the open ones first, each with its clock
    #[command(after_help = "\
Examples:
  firedeck incidents list
  firedeck incidents list --json | jq -r '.incidents[] | select(.open) | .name'

Exit status: 0 well, 1 the journal could not be read, or is damaged.", after_long_help = JOURNAL)]
    List {
        /// Only those that nobody has closed
        #[arg(long)]
        open: bool,
        /// For programs
        #[arg(long)]
        json: bool,
    },

    /// Show how an incident stands, with the last lines of its time line
    #[command(after_help = "\
Examples:
  firedeck incidents show last
  firedeck incidents show inc-2026-11-26-0312-k7qd
  firedeck incidents show 0312                part of the name, or words of the title

Exit status: 0 well, 1 when there is none, or more than one.", after_long_help = JOURNAL)]
    Show {
        /// Its name, a part of it, words of its title, or `last`
        #[arg(value_name = "NAME", required = true)]
        name: Vec<String>,
        /// For programs
        #[arg(long)]
        json: bool,
    },

    /// Write the draft of a post-mortem: summary, impact, time line, measures, follow-ups
    #[command(after_help = "\
Examples:
  firedeck incidents export last > post-mortem.md
  firedeck incidents export last --html > post-mortem.html
  firedeck incidents export last --json | jq .follow_ups

Secrets are masked. Exit status: 0 well, 1 when there is none, or more than one.", after_long_help = JOURNAL)]
    Export {
        /// Its name, a part of it, words of its title, or `last`
        #[arg(value_name = "NAME", required = true)]
        name: Vec<String>,
        /// For programs
        #[arg(long, conflicts_with_all = ["markdown", "html"])]
        json: bool,
        /// Markdown, which is also the default
        #[arg(long, conflicts_with = "html")]
        markdown: bool,
        /// One page of HTML that loads nothing
        #[arg(long)]
        html: bool,
    },
}

pub(super) fn run(what: &IncidentsCommand, request: &Request) -> ExitCode {
    let books = Books::open(None);
    match what {
        IncidentsCommand::List { open, json } => list(&books, request, *open, *json),
        IncidentsCommand::Show { name, json } => with(&books, name, |report| {
            if *json { out::json(report) } else { report.brief(books.zone(), LINES).text() }
        }),
        IncidentsCommand::Export { name, json, html, markdown: _ } => with(&books, name, |report| {
            let paper = || report.paper(books.zone());
            match (json, html) {
                (true, _) => out::json(report),
                (_, true) => paper().html(),
                _ => paper().markdown(),
            }
        }),
    }
}

/// Writes about the incident that is meant.
fn with(books: &Books, name: &[String], write: impl FnOnce(&Report) -> String) -> ExitCode {
    let state = match books.named(&name.join(" ")) {
        Ok(state) => state,
        Err(why) => return books.finish(out::complain(&why)),
    };
    let (timeline, troubles) = (books.timeline(&state), books.in_words());
    let report = Report::new(&Sources {
        now: books.now,
        calendar: &books.calendar,
        state: &state,
        timeline: &timeline,
        troubles: &troubles,
    });
    books.finish(out::print(write(&report).as_bytes()))
}

const COLUMNS: [Column; 7] = [
    Column { head: "INCIDENT", fit: Fit::Whole, right: false },
    Column { head: "SEVERITY", fit: Fit::Whole, right: false },
    Column { head: "STAGE", fit: Fit::Whole, right: false },
    Column { head: "SINCE", fit: Fit::Whole, right: false },
    Column { head: "CLOCK", fit: Fit::End(12), right: false },
    Column { head: "MEASURES", fit: Fit::Whole, right: true },
    Column { head: "TITLE", fit: Fit::End(20), right: false },
];

fn list(books: &Books, request: &Request, open: bool, json: bool) -> ExitCode {
    let mut states = books.incidents();
    states.retain(|state| !open || state.is_unfinished());
    if json {
        let listed: Vec<_> = states.iter().map(|state| programs(books, state)).collect();
        return books.finish(out::print(out::json(&json!({ "incidents": listed })).as_bytes()));
    }
    if states.is_empty() {
        let none = if open { "No incident is open.\n".to_owned() } else { books.none() + "\n" };
        return books.finish(out::print(none.as_bytes()));
    }
    // A mistake in the settings must not keep anybody from reading what happened.
    let settings = config::load(request).map(|effective| effective.settings).unwrap_or_default();
    let ink = Ink::of(&settings, request);
    let rows: Vec<[Cell; 7]> = states.iter().map(|state| row(books, state)).collect();
    let mut text = table(&ink, &COLUMNS, &rows);
    let unfinished = states.iter().filter(|state| state.is_unfinished()).count();
    let said = format!("{}, {unfinished} open", words::counted(states.len(), "incident"));
    let _ = writeln!(text, "\n{}", ink.paint(Role::Dim, &said));
    books.finish(out::print(text.as_bytes()))
}

fn programs(books: &Books, state: &State) -> serde_json::Value {
    json!({
        "name": state.name,
        "title": state.title,
        "severity": state.severity,
        "stage": state.stage(),
        "open": state.is_unfinished(),
        "detected": state.detected().rfc3339(),
        "milestones": state.milestones,
        "clocks": clocks(state, books.now, &books.calendar),
        "open_measures": measures(state, books.now).collect::<Vec<_>>(),
        "conflicts": state.conflicts(),
    })
}

fn row(books: &Books, state: &State) -> [Cell; 7] {
    let come = state.stage();
    let severity = state.severity.as_ref().map_or("–", |severity| severity.name.as_str());
    let (clock, level) = running(books, state);
    let open = state.open_measures().count();
    [
        Cell::new(Role::Text, state.name.as_str()),
        Cell::new(Role::Text, if severity.is_empty() { "–" } else { severity }),
        Cell::new(role(come.level()), come.name()),
        Cell::new(Role::Dim, words::minute(state.detected(), books.zone())),
        Cell::new(role(level), clock),
        Cell::new(if open > 0 { Role::Warning } else { Role::Dim }, open.to_string()),
        Cell::new(Role::Text, state.title.as_str()),
    ]
}

/// The clock that counts now: the first answer until there is one, then the recovery.
fn running(books: &Books, state: &State) -> (String, Level) {
    let (response, answered) = state.response(books.now, &books.calendar);
    let (recovery, recovered) = state.recovery(books.now, &books.calendar);
    let done = |standing: &Standing| matches!(standing, Standing::Met { .. } | Standing::Missed { .. });
    let unanswered = state.milestones.acknowledged.is_none() && !done(&answered);
    let (clock, standing) = if unanswered { (response, answered) } else { (recovery, recovered) };
    match &standing {
        Standing::Unknown { .. } => ("–".to_owned(), Level::Unknown),
        standing => (format!("{} {}", clock.what, standing.says()), standing.level()),
    }
}

fn role(level: Level) -> Role {
    match level {
        Level::Bad => Role::Bad,
        Level::Unknown => Role::Unknown,
        Level::Warn => Role::Warning,
        Level::Fine => Role::Good,
        Level::Done => Role::Dim,
    }
}
