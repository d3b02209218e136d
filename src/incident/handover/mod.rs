//! The handover of a shift: what is open, what burns, what is half done, what has to be taken back.
mod written;

use std::collections::BTreeMap;
use std::time::Duration;

use serde::Serialize;

use super::clock::Calendar;
use super::event::Stands;
use super::state::{Noted, State};
use super::timeline::{Entry, Kind};
use super::words::{self, counted, plain, stamp, stamp_option};
use crate::domain::alert::{Alert, AlertState};
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

pub(super) use written::{measure_items, note_items, told_clock};

/// How far a shift looks back, unless somebody says otherwise.
pub const SHIFT: Duration = Duration::from_hours(8);
/// More of one sort is for the time line.
const MOST: usize = 100;

/// Something that was seen, or the reason why it was not: what was not seen is never "none".
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Known<T> {
    Seen(T),
    NotSeen(String),
}

/// An alert that fires, and who cares for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ActiveAlert {
    pub alert: String,
    pub severity: String,
    pub state: &'static str,
    #[serde(serialize_with = "stamp_option")]
    pub since: Option<Timestamp>,
    /// Nobody who told of it answers any more.
    pub stale: bool,
    pub acknowledged: Option<Acknowledged>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acknowledged {
    pub by: String,
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
}

impl ActiveAlert {
    pub fn new(alert: &Alert, acknowledged: Option<(&str, Timestamp)>) -> ActiveAlert {
        let name = format!("{} {}", alert.name, alert.apart);
        ActiveAlert {
            alert: plain(&name),
            severity: plain(&alert.severity),
            state: match alert.state {
                AlertState::Firing => "firing",
                AlertState::Pending => "pending",
                AlertState::Silenced => "silenced",
                AlertState::Inhibited => "inhibited",
                AlertState::Muted => "muted",
            },
            since: alert.since,
            stale: alert.stale,
            acknowledged: acknowledged.map(|(by, at)| Acknowledged { by: plain(by), at }),
        }
    }
}

/// What a handover is made of.
#[derive(Debug, Clone)]
pub struct Sources<'a> {
    pub now: Timestamp,
    pub since: Timestamp,
    pub calendar: &'a Calendar,
    pub states: &'a [State],
    /// Everything since then.
    pub timeline: &'a [Entry],
    pub alerts: Known<Vec<ActiveAlert>>,
    /// Whether changes were watched all the time; if not, why.
    pub changes_seen: Result<(), String>,
    /// The titles of the steps that were not yet done, by run; a run that is missing here is only counted.
    pub unticked: &'a BTreeMap<String, Vec<String>>,
    /// What is wrong with the journal.
    pub troubles: &'a [String],
    /// Who hands over.
    pub by: &'a str,
}

/// A shift as it is handed over.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Handover {
    #[serde(serialize_with = "stamp")]
    pub at: Timestamp,
    #[serde(serialize_with = "stamp")]
    pub since: Timestamp,
    pub by: String,
    pub incidents: Vec<OpenIncident>,
    pub alerts: Known<Vec<ActiveAlert>>,
    pub runs: Vec<OpenRun>,
    pub measures: Vec<OpenMeasure>,
    pub notes: Vec<Noted>,
    pub changes: Vec<Entry>,
    /// Why more may have changed than was seen.
    pub changes_unseen: Option<String>,
    pub anomalies: Vec<Anomaly>,
}

#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OpenIncident {
    pub name: String,
    pub title: String,
    pub severity: String,
    pub stage: &'static str,
    pub level: Level,
    #[serde(serialize_with = "stamp")]
    pub detected: Timestamp,
    pub clocks: Vec<ToldClock>,
    pub roles: BTreeMap<String, String>,
}

/// A clock, as it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ToldClock {
    pub clock: String,
    /// The document's words.
    pub words: String,
    pub says: String,
    pub level: Level,
    #[serde(serialize_with = "stamp_option")]
    pub due: Option<Timestamp>,
    /// The rule that the due time rests on.
    pub rule: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenRun {
    pub incident: String,
    pub run: String,
    pub runbook: String,
    pub place: String,
    pub by: String,
    pub progress: String,
    pub level: Level,
    /// `None` where the runbook could not be looked at.
    pub unticked: Option<Vec<String>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenMeasure {
    pub incident: String,
    pub measure: String,
    pub what: String,
    pub target: Option<String>,
    pub prior: String,
    pub now: String,
    pub revert: String,
    pub owner: String,
    #[serde(serialize_with = "stamp_option")]
    pub due: Option<Timestamp>,
    pub overdue: bool,
    pub stands: Option<Stands>,
    pub standing: String,
    /// When that was seen.
    #[serde(serialize_with = "stamp_option")]
    pub seen: Option<Timestamp>,
    pub level: Level,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anomaly {
    pub level: Level,
    pub says: String,
}

impl OpenRun {
    fn is_through(&self) -> bool {
        self.unticked.as_ref().is_some_and(Vec::is_empty)
    }
}

/// The clocks of an incident, the first answer before the recovery.
pub fn clocks(state: &State, now: Timestamp, calendar: &Calendar) -> Vec<ToldClock> {
    [state.response(now, calendar), state.recovery(now, calendar)]
        .into_iter()
        .map(|(clock, standing)| ToldClock {
            says: standing.says(),
            level: standing.level(),
            due: clock.due(),
            rule: clock.rule().map(str::to_owned),
            clock: clock.what,
            words: clock.words,
        })
        .collect()
}

/// An open measure of an incident, as it stands.
pub fn measures(state: &State, now: Timestamp) -> impl Iterator<Item = OpenMeasure> + '_ {
    state.open_measures().map(move |measure| OpenMeasure {
        incident: state.name.clone(),
        measure: measure.measure.clone(),
        what: measure.what.clone(),
        target: measure.target.clone(),
        prior: measure.prior.clone(),
        now: measure.now.clone(),
        revert: words::command(&measure.revert),
        owner: measure.owner.clone(),
        due: measure.due,
        overdue: measure.is_overdue(now),
        stands: measure.seen.as_ref().map(|seen| seen.stands),
        standing: measure.standing(),
        seen: measure.seen.as_ref().map(|seen| seen.at),
        level: measure.level(now),
    })
}

impl Handover {
    pub fn new(from: &Sources<'_>) -> Handover {
        let open = || from.states.iter().filter(|state| state.is_unfinished());
        let fresh = |noted: &&Noted| noted.at >= from.since;
        let runs = from.states.iter().filter(|state| is_alive(state, from.since));
        // What is worked through is under way no more, though nobody has ended it.
        let runs = runs.flat_map(|state| open_runs(state, from.unticked)).filter(|run| !run.is_through());
        // A measure outlives its incident.
        let measures = from.states.iter().flat_map(|state| measures(state, from.now));
        let told = |kinds: &[Kind]| -> Vec<Entry> {
            let fits = |entry: &&Entry| entry.at >= from.since && kinds.contains(&entry.kind);
            from.timeline.iter().filter(fits).cloned().collect()
        };
        let mut notes: Vec<Noted> =
            from.states.iter().flat_map(|state| state.notes.iter()).filter(fresh).cloned().collect();
        notes.sort_by_key(|noted| noted.at);
        Handover {
            at: from.now,
            since: from.since,
            by: plain(from.by),
            incidents: open().map(|state| open_incident(state, from)).collect(),
            alerts: from.alerts.clone(),
            runs: runs.collect(),
            measures: measures.collect(),
            notes,
            changes: told(&[Kind::Change, Kind::Action]),
            changes_unseen: from.changes_seen.as_ref().err().cloned(),
            anomalies: anomalies(from),
        }
    }
}

/// It is open, or something was told of it in this shift.
fn is_alive(state: &State, since: Timestamp) -> bool {
    state.is_unfinished() || state.last.is_some_and(|last| last >= since)
}

fn open_incident(state: &State, from: &Sources<'_>) -> OpenIncident {
    let come = state.stage();
    OpenIncident {
        name: state.name.clone(),
        title: state.title.clone(),
        severity: state.severity.as_ref().map(|severity| severity.name.clone()).unwrap_or_default(),
        stage: come.name(),
        level: come.level(),
        detected: state.detected(),
        clocks: clocks(state, from.now, from.calendar),
        roles: state.roles.iter().map(|(role, held)| (role.clone(), held.person.clone())).collect(),
    }
}

pub(super) fn open_runs<'a>(
    state: &'a State,
    unticked: &'a BTreeMap<String, Vec<String>>,
) -> impl Iterator<Item = OpenRun> + 'a {
    state.open_runs().map(move |run| {
        let progress = run.progress();
        OpenRun {
            incident: state.name.clone(),
            run: run.run.clone(),
            runbook: if run.runbook.is_empty() { run.run.clone() } else { run.runbook.clone() },
            place: format!("{}:{}", run.path, run.line),
            by: run.by.clone(),
            level: match () {
                () if progress.failed > 0 => Level::Bad,
                () if progress.unknown > 0 => Level::Unknown,
                () => Level::Warn,
            },
            progress: progress.says(),
            unticked: unticked.get(&run.run).map(|steps| steps.iter().map(|step| plain(step)).collect()),
        }
    })
}

fn anomalies(from: &Sources<'_>) -> Vec<Anomaly> {
    let mut found: Vec<Anomaly> = Vec::new();
    let mut say = |level, says: String| found.push(Anomaly { level, says });
    for trouble in from.troubles {
        say(Level::Bad, plain(trouble));
    }
    for state in from.states {
        let alive = is_alive(state, from.since);
        for conflict in state.conflicts().into_iter().filter(|_| alive) {
            say(Level::Bad, format!("{}: {}", state.name, conflict.says()));
        }
        if state.is_unfinished() {
            let late = clocks(state, from.now, from.calendar);
            for clock in late.iter().filter(|clock| clock.level == Level::Bad) {
                say(Level::Bad, format!("{}: {} is {}", state.name, clock.clock, clock.says));
            }
        }
        let overdue = state.open_measures().filter(|measure| measure.is_overdue(from.now)).count();
        if overdue > 0 {
            say(Level::Bad, format!("{}: {} overdue", state.name, counted(overdue, "temporary measure")));
        }
    }
    let kinds = [Kind::Step, Kind::Action, Kind::Change, Kind::Journal, Kind::Gap];
    let odd = from.timeline.iter().enumerate().filter(|(at, entry)| {
        let odd = match entry.kind {
            // A night without an incident may be quiet.
            Kind::Gap => from.states.iter().any(|state| state.was_open(entry.at)),
            _ => matches!(entry.level, Level::Bad | Level::Unknown),
        };
        odd && entry.at >= from.since && kinds.contains(&entry.kind) && !came_well(from.timeline, *at)
    });
    let all: Vec<&Entry> = odd.map(|(_, entry)| entry).collect();
    let over = all.len().saturating_sub(MOST);
    if over > 0 {
        say(Level::Unknown, format!("{over} earlier ones are in the time line"));
    }
    for entry in all.into_iter().skip(over) {
        let zone = &from.calendar.zone;
        say(entry.level, format!("{} {}", words::minute(entry.at, zone), entry.words));
    }
    found
}

/// Nothing was known yet of what was done here, and later it was well: `step 2: accepted`, then `step 2: ok`.
fn came_well(timeline: &[Entry], at: usize) -> bool {
    let Some((entry, later)) = timeline.get(at..).and_then(<[Entry]>::split_first) else { return false };
    if entry.of.is_empty() || entry.level != Level::Unknown {
        return false;
    }
    let last = later.iter().rfind(|later| later.of == entry.of);
    last.is_some_and(|last| matches!(last.level, Level::Fine | Level::Done))
}

#[cfg(test)]
mod tests;
