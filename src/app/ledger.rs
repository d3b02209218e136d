//! The journals of this session: the day's, and while an incident is open the incident's, which then gets everything.
//! What other cockpits on this box write to the same ones is read on once a second.
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;

use crate::domain::time::Timestamp;
use crate::incident::event::{IncidentOpened, RunJoined, SessionClosed, SessionOpened};
use crate::incident::handover::SHIFT;
use crate::incident::state::unfinished;
use crate::incident::{Event, Keeping, What, day, name};
use crate::model::Journal as Recorded;
use crate::model::msg::Msg;
use crate::sources::now;
use crate::store::journal::Told;
use crate::store::{Follower, Journal, Setup, read};

/// How often it is looked for what others wrote.
const LOOK: Duration = Duration::from_secs(1);

pub(super) struct Ledger {
    /// The handle that everybody records by.
    pub(super) journal: Journal,
    setup: Setup,
    session: SessionOpened,
    /// Those that were opened here.
    incidents: BTreeMap<String, Journal>,
    told: Told,
    msgs: mpsc::Sender<Msg>,
    /// Says how it goes with the incident's journal.
    watching: Option<JoinHandle<()>>,
}

impl Ledger {
    /// Opens the day's journal, and begins to tell what is and was recorded.
    pub(super) fn open(
        setup: Setup,
        session: SessionOpened,
        msgs: mpsc::Sender<Msg>,
        cancel: CancellationToken,
    ) -> Ledger {
        let (told, heard) = mpsc::unbounded_channel();
        tokio::spawn(tell_on(heard, msgs.clone()));
        let follower = Follower::new(setup.places.clone(), &setup.writer());
        let follow = follow(setup.clone(), follower, msgs.clone());
        tokio::spawn(cancel.run_until_cancelled_owned(follow));
        let journal = Journal::open_told(setup.clone(), told.clone());
        tokio::spawn(watch(journal.clone(), msgs.clone()));
        Ledger { journal, setup, session, incidents: BTreeMap::new(), told, msgs, watching: None }
    }

    /// Opens an incident with a journal of its own. Only once its opening is on a disk does that get everything.
    pub(super) fn begin(&mut self, opened: IncidentOpened, joins: Vec<RunJoined>) {
        let at = now();
        let name = name::incident(at, &self.setup.writer(), &opened.title);
        let journal = self.incident(&name);
        let (day, msgs) = (self.journal.clone(), self.msgs.clone());
        let mut all = vec![What::SessionOpened(self.session.clone()), What::IncidentOpened(Box::new(opened))];
        all.extend(joins.into_iter().map(What::RunJoined));
        self.watch(async move {
            for what in all {
                if let Err(error) = journal.append(what, at).await {
                    let text = format!("the incident is not opened: {error}");
                    let _ = msgs.send(Msg::NotTakenUp(text)).await;
                    return;
                }
            }
            day.divert(Some(journal.clone()));
            let _ = msgs.send(Msg::TakenUp(name)).await;
            watch(journal, msgs).await;
        });
    }

    /// Goes on with an incident that is there: from now on its journal gets everything.
    pub(super) fn take_up(&mut self, name: String) {
        let known = self.incidents.contains_key(&name);
        let journal = self.incident(&name);
        self.journal.divert(Some(journal.clone()));
        let msgs = self.msgs.clone();
        let session = self.session.clone();
        self.watch(async move {
            let _ = msgs.send(Msg::TakenUp(name)).await;
            if !known && let Err(error) = journal.append(What::SessionOpened(session), now()).await {
                tracing::warn!(%error, "that the incident goes on here was not recorded");
            }
            watch(journal, msgs).await;
        });
    }

    /// Back to the day's journal.
    pub(super) fn leave(&mut self) {
        if let Some(watching) = self.watching.take() {
            watching.abort();
        }
        self.journal.divert(None);
        let (msgs, state) = (self.msgs.clone(), recorded(self.journal.state()));
        tokio::spawn(async move { msgs.send(Msg::Journal(state)).await });
    }

    /// Records the end of the session: these last words where everything goes, and in the day's journal besides.
    pub(super) async fn close(self, mut last: Vec<What>, how: &str) {
        last.push(What::SessionClosed(SessionClosed { how: how.to_owned() }));
        let end = last.last().cloned();
        for what in last {
            if let Err(error) = self.journal.append(what, now()).await {
                return tracing::warn!(%error, "the end was not recorded");
            }
        }
        if !self.incidents.is_empty() {
            self.journal.divert(None);
            if let Some(Err(error)) = match end {
                Some(what) => Some(self.journal.append(what, now()).await),
                None => None,
            } {
                tracing::warn!(%error, "the end was not recorded in the day's journal");
            }
        }
    }

    fn incident(&mut self, name: &str) -> Journal {
        let (setup, told) = (&self.setup, &self.told);
        let open = || {
            let setup = Setup { incident: name.to_owned(), ..setup.clone() };
            Journal::open_told(setup, told.clone())
        };
        self.incidents.entry(name.to_owned()).or_insert_with(open).clone()
    }

    fn watch(&mut self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(before) = self.watching.replace(tokio::spawn(task)) {
            before.abort();
        }
    }
}

/// Tells the model whether what happens can be recorded, now and whenever it changes.
async fn watch(journal: Journal, msgs: mpsc::Sender<Msg>) {
    let mut state = journal.watch();
    loop {
        let now = recorded(state.borrow_and_update().clone());
        if msgs.send(Msg::Journal(now)).await.is_err() || state.changed().await.is_err() {
            return;
        }
    }
}

fn recorded(keeping: Keeping) -> Recorded {
    match keeping {
        Keeping::Opening => Recorded::Opening,
        Keeping::Good(path) => Recorded::Good(path),
        Keeping::Moved { to, why } => Recorded::Moved { to, why },
        Keeping::Failed { why } => Recorded::Failed { why },
    }
}

/// What this session has written, in batches.
async fn tell_on(mut heard: mpsc::UnboundedReceiver<Event>, msgs: mpsc::Sender<Msg>) {
    while let Some(event) = heard.recv().await {
        let mut events = vec![event];
        while let Ok(more) = heard.try_recv() {
            events.push(more);
        }
        if msgs.send(Msg::Recorded(events)).await.is_err() {
            return;
        }
    }
}

/// First what is there of this shift and of all that is open, then what others add to it.
async fn follow(setup: Setup, follower: Follower, msgs: mpsc::Sender<Msg>) {
    let began = setup.started;
    let first = tokio::task::spawn_blocking(move || first(&setup, follower, began)).await;
    let Ok((mut eyes, events)) = first else { return };
    if msgs.send(Msg::RecordedBefore(events)).await.is_err() {
        return;
    }
    let mut clock = tokio::time::interval(LOOK);
    clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        clock.tick().await;
        let looked = tokio::task::spawn_blocking(move || {
            let events = eyes.look(now());
            (eyes, events)
        });
        let Ok((same, events)) = looked.await else { return };
        eyes = same;
        if !events.is_empty() && msgs.send(Msg::Heard(events)).await.is_err() {
            return;
        }
    }
}

/// Whoever has been writing to a day for longer is not heard.
const DAYS: i64 = 14 * 86_400_000;
/// In so many looks, those at what is over are one.
const SELDOM: u32 = 30;

/// Which journals are read on, and those that are over.
struct Eyes {
    follower: Follower,
    over: BTreeSet<String>,
    looks: u32,
}

impl Eyes {
    fn look(&mut self, now: Timestamp) -> Vec<Event> {
        let names = self.follower.names();
        let wanted: Vec<String> =
            names.into_iter().filter(|name| !self.over.contains(name) && is_near(name, now)).collect();
        let mut events: Vec<Event> = wanted.iter().flat_map(|name| self.follower.more(name)).collect();
        self.looks = (self.looks + 1) % SELDOM;
        if self.looks == 0 {
            events.extend(self.reopened());
        }
        events
    }

    /// Whoever goes on with what was over tells of all of it.
    fn reopened(&mut self) -> Vec<Event> {
        let follower = &mut self.follower;
        let again: Vec<String> =
            self.over.iter().filter(|name| !follower.more(name).is_empty()).cloned().collect();
        let mut events = Vec::new();
        for name in again {
            self.over.remove(&name);
            self.follower.forget(&name);
            events.extend(self.follower.more(&name));
        }
        events
    }
}

/// An incident, or a day to which somebody may still write: a cockpit writes to the day on which it was opened.
fn is_near(name: &str, now: Timestamp) -> bool {
    name.starts_with(name::INCIDENT) || name >= day(Timestamp(now.0 - DAYS)).as_str()
}

/// The days and the incidents of this shift, and those that nobody has closed.
fn first(setup: &Setup, mut follower: Follower, now: Timestamp) -> (Eyes, Vec<Event>) {
    let shift = Timestamp(now.0 - i64::try_from(SHIFT.as_millis()).unwrap_or(0));
    let (found, _) = read::journals(&setup.places);
    let fresh: BTreeSet<&str> = found
        .iter()
        .filter(|journal| journal.changed >= shift)
        .map(|journal| journal.name.as_str())
        .collect();
    let mut events = Vec::new();
    let mut over = BTreeSet::new();
    for journal in &found {
        let is_incident = journal.name.starts_with(name::INCIDENT);
        let is_fresh = fresh.contains(journal.name.as_str());
        if !is_fresh && !is_near(&journal.name, now) {
            continue;
        }
        let read = follower.more(&journal.name);
        if is_fresh {
            events.extend(read);
        } else if is_incident && unfinished(read.iter().cloned()).is_empty() {
            over.insert(journal.name.clone());
        } else if is_incident {
            events.extend(read);
        }
    }
    (Eyes { follower, over, looks: 0 }, events)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::incident::event::{Milestone, MilestoneSet, Note, OpenedFrom};
    use crate::store::Places;

    const HOUR: i64 = 3_600_000;

    fn setup(base: &std::path::Path, user: &str, incident: &str, started: Timestamp) -> Setup {
        let places = Places { first: base.join("state"), second: base.join("run") };
        let (host, user) = ("box".into(), user.into());
        Setup { places, incident: incident.into(), host, user, pid: 7, started }
    }

    async fn write(journal: &Journal, what: What) {
        journal.append(what, now()).await.expect("recorded");
    }

    fn note(text: &str) -> What {
        What::Note(Note { text: text.into() })
    }

    fn kinds(events: &[Event]) -> Vec<&str> {
        events.iter().map(|event| event.what.kind()).collect()
    }

    #[tokio::test]
    async fn a_cockpit_that_is_open_since_yesterday_is_heard() {
        let dir = tempfile::tempdir().expect("a directory");
        let started = now();
        let ann = setup(dir.path(), "ann", &day(started), started);
        let yesterday = day(Timestamp(started.0 - 30 * HOUR));
        let joe = Journal::open(setup(dir.path(), "joe", &yesterday, started));
        write(&joe, note("before")).await;
        let follower = Follower::new(ann.places.clone(), &ann.writer());
        let (mut eyes, events) = first(&ann, follower, started);
        assert_eq!(kinds(&events), ["note"]);
        write(&joe, note("since")).await;
        assert_eq!(kinds(&eyes.look(now())), ["note"]);
    }

    #[tokio::test]
    async fn an_incident_that_was_over_long_ago_is_told_whole_once_somebody_goes_on_with_it() {
        let dir = tempfile::tempdir().expect("a directory");
        let name = "inc-2026-01-01-0000-k7qd";
        let started = now();
        let set = |milestone| {
            What::MilestoneSet(MilestoneSet { milestone, at: now(), says: String::new(), by: "joe".into() })
        };
        let joe = Journal::open(setup(dir.path(), "joe", name, started));
        let opened = IncidentOpened {
            title: "full".into(),
            severity: None,
            scale: None,
            response: None,
            rto: None,
            review: None,
            from: OpenedFrom::Hand,
            detected: started,
            profile: String::new(),
            by: "joe".into(),
        };
        write(&joe, What::IncidentOpened(Box::new(opened))).await;
        write(&joe, set(Milestone::Closed)).await;
        let ann = setup(dir.path(), "ann", &day(started), started);
        let follower = Follower::new(ann.places.clone(), &ann.writer());
        // A shift later it is nobody's business any more.
        let (mut eyes, events) = first(&ann, follower, Timestamp(started.0 + 40 * HOUR));
        assert_eq!(kinds(&events), [""; 0]);
        write(&joe, set(Milestone::Reopened)).await;
        let heard: Vec<Event> = (0..SELDOM).flat_map(|_| eyes.look(now())).collect();
        assert_eq!(kinds(&heard), ["incident-opened", "milestone-set", "milestone-set"]);
        write(&joe, note("again")).await;
        assert_eq!(kinds(&eyes.look(now())), ["note"]);
    }
}
