//! `firedeck report`: the handover of a shift, and the time line.
use std::process::ExitCode;

use clap::{Args, Subcommand};
use serde_json::json;

use super::books::{Books, Since, since};
use super::out;
use crate::domain::time::Timestamp;
use crate::incident::handover::{Handover, Known, SHIFT, Sources};
use crate::incident::paper::{Paper, Section};
use crate::incident::state::State;
use crate::incident::timeline::{self, Entry, Filter, Kind};
use crate::incident::words;

const UNASKED: &str = "no backend was asked, the journal alone was read; the cockpit has the alerts";
const UNWATCHED: &str = "the journal alone was read, which has what was done from here and what was marked";

#[derive(Debug, Subcommand)]
pub enum ReportCommand {
    /// What the next shift has to know: open incidents, measures, steps that are left, notes
    #[command(after_help = "\
Examples:
  firedeck report handover
  firedeck report handover --since 12h --markdown > handover.md

Alerts and changes are asked of no backend here; the cockpit's own handover has them.
Exit status: 0 well, 1 the journal could not be read, or is damaged.")]
    Handover(Wanted),

    /// What happened, line by line: of an incident, or of the last hours
    #[command(after_help = "\
Examples:
  firedeck report timeline                    the last 8 hours
  firedeck report timeline --incident last
  firedeck report timeline --since 2d --kind note,measure --who ann
  firedeck report timeline --since 2026-11-26T03:00:00Z --json | jq -r '.entries[].words'

Exit status: 0 well, 1 the journal could not be read, or is damaged.")]
    Timeline {
        #[command(flatten)]
        wanted: Wanted,
        /// Only lines of these kinds; several with commas
        #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = kind)]
        kind: Vec<Kind>,
        /// Only what somebody did
        #[arg(long, value_name = "NAME", default_value = "", hide_default_value = true)]
        who: String,
        /// Only lines with all these words
        #[arg(long, value_name = "WORDS", default_value = "", hide_default_value = true)]
        filter: String,
        /// Only what was pinned
        #[arg(long)]
        pinned: bool,
    },
}

#[derive(Debug, Args)]
pub struct Wanted {
    /// One incident alone: its name, a part of it, words of its title, or `last`
    #[arg(long, value_name = "NAME")]
    pub incident: Option<String>,
    /// How far back: a span, `8h`, or a time, `2026-11-26T03:00:00Z`
    #[arg(long, value_name = "TIME", value_parser = since)]
    pub since: Option<Since>,
    /// For programs
    #[arg(long, conflicts_with = "markdown")]
    pub json: bool,
    /// As Markdown
    #[arg(long)]
    pub markdown: bool,
}

fn kind(text: &str) -> Result<Kind, String> {
    Kind::ALL.iter().copied().find(|kind| kind.name() == text).ok_or_else(|| {
        let names: Vec<&str> = Kind::ALL.iter().map(|kind| kind.name()).collect();
        format!("it is one of {}", names.join(", "))
    })
}

pub(super) fn run(what: &ReportCommand) -> ExitCode {
    match what {
        ReportCommand::Handover(wanted) => handover(wanted),
        ReportCommand::Timeline { wanted, kind, who, filter, pinned } => {
            let filter = Filter {
                kinds: kind.clone(),
                who: who.clone(),
                words: filter.clone(),
                pinned: *pinned,
                since: None,
            };
            lines(wanted, filter)
        }
    }
}

fn open(wanted: &Wanted) -> (Books, Timestamp) {
    let begin = |now: Timestamp| wanted.since.unwrap_or(Since::Span(SHIFT)).before(now);
    let books = Books::open(Some(begin(crate::sources::now())));
    let since = begin(books.now);
    (books, since)
}

fn handover(wanted: &Wanted) -> ExitCode {
    let (books, since) = open(wanted);
    let states: Vec<State> = match &wanted.incident {
        None => books.incidents(),
        Some(name) => match books.named(name) {
            Ok(state) => vec![state],
            Err(why) => return books.finish(out::complain(&why)),
        },
    };
    let timeline = match states.as_slice() {
        [one] if wanted.incident.is_some() => books.timeline(one),
        _ => all(&books, since),
    };
    let (unticked, troubles) = (books.unticked(&states), books.in_words());
    let by = std::env::var("USER").unwrap_or_default();
    let handover = Handover::new(&Sources {
        now: books.now,
        since,
        calendar: &books.calendar,
        states: &states,
        timeline: &timeline,
        alerts: Known::NotSeen(UNASKED.to_owned()),
        changes_seen: Err(UNWATCHED.to_owned()),
        unticked: &unticked,
        troubles: &troubles,
        by: &by,
    });
    write(&books, wanted, || out::json(&handover), || handover.paper(books.zone()))
}

/// Every line of every journal since then.
fn all(books: &Books, since: Timestamp) -> Vec<Entry> {
    let mut entries = timeline::build(books.events.iter(), &[], &timeline::Steps::new());
    entries.retain(|entry| entry.at >= since);
    timeline::with_gaps(entries, Some(since), Some(books.now))
}

fn lines(wanted: &Wanted, filter: Filter) -> ExitCode {
    let (books, since) = open(wanted);
    let (title, entries, from) = match &wanted.incident {
        None => ("Time line".to_owned(), all(&books, since), Some(since)),
        Some(name) => match books.named(name) {
            Ok(state) => {
                let from = wanted.since.map(|_| since);
                (format!("Time line of {}: {}", state.name, state.title), books.timeline(&state), from)
            }
            Err(why) => return books.finish(out::complain(&why)),
        },
    };
    let filter = Filter { since: from, ..filter };
    let entries: Vec<Entry> = entries.into_iter().filter(|entry| filter.fits(entry)).collect();
    let programs = || out::json(&json!({ "since": from.map(Timestamp::rfc3339), "entries": entries }));
    let paper = || {
        let zone = books.zone();
        let begin = from.or_else(|| entries.first().map(|entry| entry.at)).unwrap_or(books.now);
        let facts = vec![
            ("Since", format!("{} {}", words::minute(begin, zone), words::zone_name(begin, zone))),
            ("Lines", entries.len().to_string()),
        ];
        let table = timeline::table(entries.iter(), zone);
        Paper { title: title.clone(), facts, sections: vec![Section::new("What happened", vec![table])] }
    };
    write(&books, wanted, programs, paper)
}

fn write(
    books: &Books,
    wanted: &Wanted,
    programs: impl FnOnce() -> String,
    paper: impl FnOnce() -> Paper,
) -> ExitCode {
    let text = match (wanted.json, wanted.markdown) {
        (true, _) => programs(),
        (_, true) => paper().markdown(),
        _ => paper().text(),
    };
    books.finish(out::print(text.as_bytes()))
}
