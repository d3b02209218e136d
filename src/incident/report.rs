//! The draft of a post-mortem: what the journal knows, and headings for what only people know.
use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::clock::{Calendar, Clock};
use super::event::{OpenedFrom, Outcome};
use super::handover::{self, OpenMeasure, ToldClock, measure_items, note_items, told_clock};
use super::paper::{Block, Item, Paper, Section};
use super::state::{
    Conflict, Measure, Milestones, Noted, Progress, Run, Said, Severity, Stage, State, Touched,
};
use super::timeline::{Entry, Kind, table};
use super::words::{self, counted, plain, stamp, stamp_option};
use crate::domain::level::Level;
use crate::domain::time::{Timestamp, Zone};

/// Within this time of its end an incident is looked back upon, where its document says nothing.
const REVIEW: Duration = Duration::from_hours(48);
/// Notes that begin so are work that is left.
const WORK: [&str; 3] = ["todo", "follow-up", "followup"];

/// What a report is made of.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    pub now: Timestamp,
    pub calendar: &'a Calendar,
    pub state: &'a State,
    pub timeline: &'a [Entry],
    pub troubles: &'a [String],
}

/// A post-mortem as far as the journal can write it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    pub incident: String,
    pub title: String,
    pub severity: Option<Severity>,
    pub stage: Stage,
    pub profile: String,
    pub opened_by: String,
    pub from: String,
    #[serde(serialize_with = "stamp")]
    pub detected: Timestamp,
    pub milestones: Milestones,
    pub clocks: Vec<ToldClock>,
    pub people: Vec<String>,
    pub roles: BTreeMap<String, String>,
    pub impact: Impact,
    pub review: Review,
    pub runs: Vec<ToldRun>,
    pub open_measures: Vec<OpenMeasure>,
    pub closed_measures: Vec<Measure>,
    pub notes: Vec<Noted>,
    /// Two that did not know of each other.
    pub conflicts: Vec<String>,
    pub follow_ups: Vec<String>,
    pub timeline: Vec<Entry>,
    /// What is wrong with the journal: what may be missing here.
    pub troubles: Vec<String>,
}

/// What is known of what it did. What it cost its users is not in any journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Impact {
    #[serde(serialize_with = "stamp")]
    pub from: Timestamp,
    /// When it no longer hurt; none while it does.
    #[serde(serialize_with = "stamp_option")]
    pub to: Option<Timestamp>,
    pub seconds: u64,
    pub reopened: usize,
    /// What was changed, with what came of it.
    pub touched: Vec<String>,
}

/// When it has to be looked back upon.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Review {
    /// None while it is not over, or where the document's words are no time.
    #[serde(serialize_with = "stamp_option")]
    pub due: Option<Timestamp>,
    /// The rule, and where it is from.
    pub rule: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldRun {
    pub run: String,
    pub runbook: String,
    pub place: String,
    pub by: String,
    pub progress: Progress,
    pub closed: bool,
}

impl Review {
    pub fn new(state: &State, calendar: &Calendar) -> Review {
        let marks = &state.milestones;
        let over = marks.resolved.as_ref().or(marks.closed.as_ref()).map(|said| said.at);
        let words = state.opened.as_ref().and_then(|opened| opened.review.as_deref());
        let usual = format!("within {} h of the end", REVIEW.as_secs() / 3_600);
        let Some(words) = words else {
            return Review { due: over.map(|at| at.plus(REVIEW)), rule: usual };
        };
        let clock = Clock::new("review", Some(words), over.unwrap_or_default(), calendar);
        match (clock.due(), over) {
            (Some(due), Some(_)) => {
                let rule = clock.rule().map(|rule| format!("; {rule}")).unwrap_or_default();
                Review { due: Some(due), rule: format!("the document says: {}{rule}", clock.words) }
            }
            (Some(_), None) => Review { due: None, rule: format!("the document says: {}", clock.words) },
            // Words that are no time must not lose the date.
            (None, _) => {
                let rule = format!("{usual}; the document's `{}` is not a time", clock.words);
                Review { due: over.map(|at| at.plus(REVIEW)), rule }
            }
        }
    }
}

impl Report {
    pub fn new(from: &Sources<'_>) -> Report {
        let state = from.state;
        let opened = state.opened.as_ref();
        let marks = &state.milestones;
        let to = [&marks.mitigated, &marks.resolved, &marks.closed]
            .into_iter()
            .flatten()
            .map(|said| said.at)
            .min();
        let detected = state.detected();
        let measures: Vec<OpenMeasure> = handover::measures(state, from.now).collect();
        let clocks = handover::clocks(state, from.now, from.calendar);
        Report {
            incident: state.name.clone(),
            title: if state.title.is_empty() { state.name.clone() } else { state.title.clone() },
            severity: state.severity.clone(),
            stage: state.stage(),
            profile: opened.map(|opened| opened.profile.clone()).unwrap_or_default(),
            opened_by: opened.map(|opened| opened.by.clone()).unwrap_or_default(),
            from: opened.map(|opened| origin(&opened.from)).unwrap_or_default(),
            detected,
            milestones: marks.clone(),
            people: state.people.iter().cloned().collect(),
            roles: state.roles.iter().map(|(role, held)| (role.clone(), held.person.clone())).collect(),
            impact: Impact {
                from: detected,
                to,
                seconds: to.unwrap_or(from.now).since(detected).as_secs(),
                reopened: marks.reopened.len(),
                touched: state
                    .touched
                    .iter()
                    .map(|(name, touched)| touched_in_words(name, touched))
                    .collect(),
            },
            review: Review::new(state, from.calendar),
            runs: state.runs.iter().map(told_run).collect(),
            follow_ups: follow_ups(state, &measures, &clocks, from.troubles),
            open_measures: measures,
            clocks,
            closed_measures: state
                .measures
                .iter()
                .filter(|measure| measure.closed.is_some())
                .cloned()
                .collect(),
            notes: state.notes.clone(),
            conflicts: state.conflicts().iter().map(Conflict::says).collect(),
            timeline: from.timeline.to_vec(),
            troubles: from.troubles.iter().map(|trouble| plain(trouble)).collect(),
        }
    }

    pub fn paper(&self, zone: &Zone) -> Paper {
        Paper {
            title: format!("Post-mortem: {}", self.title),
            facts: self.facts(zone),
            sections: vec![
                self.summary(zone),
                self.impact(zone),
                Section::new("Key moments", vec![table(self.key_moments(), zone)]),
                Section::list("Temporary measures", self.measure_items(zone), "None was recorded."),
                Section::list("Runbooks", self.run_items(), "None was opened."),
                Section::list("Notes", note_items(&self.notes, zone), "There are none."),
                Section::new("What went well", vec![Block::Empty("(to be written)")]),
                Section::new("What went badly", vec![Block::Empty("(to be written)")]),
                Section::new("Causes", vec![Block::Empty("(to be written)")]),
                self.follow_up_section(),
                Section::new("Time line", vec![table(&self.timeline, zone)]),
            ],
        }
    }

    /// How it stands, with the last lines of its time line.
    pub fn brief(&self, zone: &Zone, last: usize) -> Paper {
        let lines = self.timeline.iter().skip(self.timeline.len().saturating_sub(last));
        let mut sections = vec![
            self.summary(zone),
            Section::list("Temporary measures", self.measure_items(zone), "None was recorded."),
            Section::list("Runbooks", self.run_items(), "None was opened."),
            Section::list("Notes", note_items(&self.notes, zone), "There are none."),
        ];
        if !self.conflicts.is_empty() {
            let items = self.conflicts.iter().map(|says| Item::new(Level::Bad, says)).collect();
            sections.insert(1, Section::list("Conflicts", items, ""));
        }
        sections.push(Section::new("Last lines", vec![table(lines, zone)]));
        Paper { title: self.title.clone(), facts: self.facts(zone), sections }
    }

    fn facts(&self, zone: &Zone) -> Vec<(&'static str, String)> {
        let when = |at: Timestamp| format!("{} {}", words::minute(at, zone), words::zone_name(at, zone));
        let said = |said: &Option<Said>| match said {
            Some(said) => format!("{} by {}", when(said.at), said.by),
            None => "not said".to_owned(),
        };
        let severity = match &self.severity {
            Some(Severity { name, scale: Some(scale), .. }) if !name.is_empty() => {
                format!("{name} ({scale})")
            }
            Some(Severity { name, .. }) if !name.is_empty() => name.clone(),
            _ => "not given".to_owned(),
        };
        let due = match self.review.due {
            Some(due) => format!("{} ({})", when(due), self.review.rule),
            None => format!("once it is over ({})", self.review.rule),
        };
        let roles = self.roles.iter().map(|(role, person)| format!("{role}: {person}")).collect::<Vec<_>>();
        let list = |names: &[String]| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        vec![
            ("Incident", self.incident.clone()),
            ("Severity", severity),
            ("Stage", self.stage.name().to_owned()),
            ("Detected", format!("{}{}", when(self.detected), self.from)),
            ("Acknowledged", said(&self.milestones.acknowledged)),
            ("Mitigated", said(&self.milestones.mitigated)),
            ("Resolved", said(&self.milestones.resolved)),
            ("Closed", said(&self.milestones.closed)),
            ("Review due", due),
            ("People", list(&self.people)),
            ("Roles", list(&roles)),
        ]
    }

    fn summary(&self, zone: &Zone) -> Section {
        let over = match self.impact.to {
            Some(_) => format!("It lasted {}.", words::span(Duration::from_secs(self.impact.seconds))),
            None => "It is not said to be over.".to_owned(),
        };
        let by = if self.opened_by.is_empty() { String::new() } else { format!(" by {}", self.opened_by) };
        let since = words::minute(self.detected, zone);
        let mut blocks = vec![Block::Text(format!("{}. Opened{by}, detected {since}. {over}", self.title))];
        blocks.push(Block::List(
            self.clocks.iter().map(|clock| Item::new(clock.level, told_clock(clock, zone))).collect(),
        ));
        if !self.troubles.is_empty() {
            blocks.push(Block::Text("Something may be missing here:".to_owned()));
            blocks.push(Block::List(self.troubles.iter().map(|why| Item::new(Level::Bad, why)).collect()));
        }
        Section::new("Summary", blocks)
    }

    fn impact(&self, zone: &Zone) -> Section {
        let to = self.impact.to.map_or_else(|| "now".to_owned(), |to| words::minute(to, zone));
        let span = words::span(Duration::from_secs(self.impact.seconds));
        let mut items = vec![Item::new(
            Level::Fine,
            format!("from {} to {to}: {span}", words::minute(self.impact.from, zone)),
        )];
        if self.impact.reopened > 0 {
            let times = counted(self.impact.reopened, "time");
            items.push(Item::new(Level::Warn, format!("reopened {times}: it was not over in between")));
        }
        items.extend(
            self.impact.touched.iter().map(|what| Item::new(Level::Fine, format!("changed: {what}"))),
        );
        Section::new(
            "Impact",
            vec![
                Block::List(items),
                Block::Empty("(who was hit, how many, and what it cost them: to be written)"),
            ],
        )
    }

    /// What was pinned, what was changed, and what every incident turns on.
    fn key_moments(&self) -> impl Iterator<Item = &Entry> {
        self.timeline.iter().filter(|entry| {
            entry.pinned
                || entry.changes
                || matches!(entry.kind, Kind::Incident | Kind::Measure | Kind::Handover)
        })
    }

    fn measure_items(&self, zone: &Zone) -> Vec<Item> {
        let mut items = measure_items(&self.open_measures, zone);
        items.extend(self.closed_measures.iter().filter_map(|measure| {
            let closed = measure.closed.as_ref()?;
            let how = match closed.ended {
                super::event::Ended::Reverted => "taken back",
                super::event::Ended::Dismissed => "may stay",
            };
            let why =
                if closed.why.is_empty() { String::new() } else { format!(", because: {}", closed.why) };
            let (when, by) = (words::minute(closed.at, zone), &closed.by);
            Some(Item::new(Level::Fine, format!("{}: {how} {when} by {by}{why}", measure.what)))
        }));
        items
    }

    fn run_items(&self) -> Vec<Item> {
        let item = |run: &ToldRun| {
            let left = if run.closed { "" } else { "; not closed" };
            let ToldRun { runbook, place, by, progress, .. } = run;
            Item::new(Level::Fine, format!("{runbook} ({place}) by {by}: {}{left}", progress.says()))
        };
        self.runs.iter().map(item).collect()
    }

    fn follow_up_section(&self) -> Section {
        let items = self.follow_ups.iter().map(|what| Item::new(Level::Fine, format!("☐ {what}")));
        let list = Block::List(items.collect());
        let ask = Block::Empty("(what keeps it from coming back, with an owner and a date: to be written)");
        let known =
            if self.follow_ups.is_empty() { Block::Text("None was recorded.".to_owned()) } else { list };
        Section::new("Follow-ups", vec![known, ask])
    }
}

fn origin(from: &OpenedFrom) -> String {
    match from {
        OpenedFrom::Alert(alert) => format!(", from {}", words::target(alert)),
        OpenedFrom::Run(run) => format!(", from run {}", plain(run)),
        OpenedFrom::Hand => String::new(),
    }
}

fn touched_in_words(name: &str, touched: &Touched) -> String {
    let outcome = match touched.outcome {
        None => "nothing is known of the outcome",
        Some(Outcome::Started | Outcome::Progress) => "under way",
        Some(Outcome::Accepted) => "accepted",
        Some(Outcome::Settled) => "settled",
        Some(Outcome::Refused) => "refused",
        Some(Outcome::Uncertain) => "may have been done",
        Some(Outcome::Failed) => "failed",
    };
    let times = if touched.actions > 1 { format!(", {} actions", touched.actions) } else { String::new() };
    let verb = if touched.verb.is_empty() { String::new() } else { format!("{}: ", touched.verb) };
    format!("{name} ({verb}{outcome}{times})")
}

fn told_run(run: &Run) -> ToldRun {
    ToldRun {
        run: run.run.clone(),
        runbook: if run.runbook.is_empty() { run.run.clone() } else { run.runbook.clone() },
        place: format!("{}:{}", run.path, run.line),
        by: run.by.clone(),
        progress: run.progress(),
        closed: run.closed.is_some(),
    }
}

/// The work that the journal itself knows of.
fn follow_ups(
    state: &State,
    measures: &[OpenMeasure],
    clocks: &[ToldClock],
    troubles: &[String],
) -> Vec<String> {
    let mut found = Vec::new();
    for measure in measures {
        let owner = if measure.owner.is_empty() { "nobody owns it" } else { &measure.owner };
        found.push(format!("take back or keep: {} ({owner})", measure.what));
    }
    for run in state.runs.iter().filter(|run| run.closed.is_none()) {
        found.push(format!("finish or close the run of {}: {}", run.runbook, run.progress().says()));
    }
    for run in &state.runs {
        let progress = run.progress();
        if progress.failed > 0 {
            let steps = counted(progress.failed as usize, "step");
            found.push(format!("look at the {steps} of {} that failed", run.runbook));
        }
        found.extend(run.skipped().map(|(step, why)| {
            format!("step at place {} of {} was skipped: {why}", u64::from(step) + 1, run.runbook)
        }));
    }
    for clock in clocks.iter().filter(|clock| matches!(clock.level, Level::Bad | Level::Warn)) {
        found.push(format!("{} time: {}", clock.clock, clock.says));
    }
    let is_work = |noted: &&Noted| {
        let text = noted.text.to_lowercase();
        WORK.iter().any(|word| text.starts_with(word))
    };
    found.extend(state.notes.iter().filter(is_work).map(|noted| noted.text.clone()));
    found.extend(state.conflicts().iter().map(Conflict::says));
    if !troubles.is_empty() {
        found.push("the journal is damaged: say what is missing".to_owned());
    }
    found
}

#[cfg(test)]
mod tests;
