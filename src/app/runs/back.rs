//! Coming back: runs that the journal tells of are taken up again, and what goes on in their sessions is followed.
//!
//! A statement whose starter lives is that starter's: it is followed, and recorded only by whoever began it. Where the
//! starter is gone, whoever comes back records how it ended, unless another one did already.
use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::alive::Here;
use super::follow::Judging;
use super::session::{About, By, Pending, Pinned, Session};
use super::{Shared, lock, open};
use crate::incident::event::{At, End, Event, Order, ShellEnded, StepEnded, StepStarted, Verdict};
use crate::incident::{What, name, state};
use crate::model::msg::Msg;
use crate::model::run::Known;
use crate::model::shelf::Book;
use crate::runbook::Runbook;
use crate::runbook::execution::Run;
use crate::sources::now;
use crate::store::read;
use crate::tools::runner::{self, State};

const DAY: i64 = 86_400_000;
/// Nobody goes on with an incident that was last told of before that.
const INCIDENTS: i64 = 30 * DAY;
/// How soon it is looked again whether another one has recorded an end, and how seldom at last.
const SOON: Duration = Duration::from_millis(500);
const SELDOM: Duration = Duration::from_secs(30);

/// A run that goes on.
struct Found {
    known: Known,
    /// What its journals say of it.
    events: Vec<Event>,
}

/// Takes up what was left.
pub(super) async fn come_back(shared: &Arc<Shared>) {
    // Nothing is taken up twice.
    let _coming = shared.coming.lock().await;
    let reading = {
        let shared = shared.clone();
        tokio::task::spawn_blocking(move || look(&shared)).await
    };
    let Ok((found, troubles)) = reading else {
        return shared
            .trouble("", "the runs of before cannot be read: this is a defect of firedeck".into())
            .await;
    };
    for why in troubles {
        shared.trouble("", why).await;
    }
    for Found { known, events } in found {
        let runbook = known.run.runbook().clone();
        lock(&shared.books).insert(known.run.name().to_owned(), known.book.clone());
        let run = known.run.name().to_owned();
        let _attaching = shared.attaching.lock().await;
        shared.send(Msg::RunKnown(Box::new(known))).await;
        for (session, told) in sessions(&events) {
            take_up(shared, &run, &runbook, session, told).await;
        }
    }
}

/// Runs that are not closed and of which something was begun.
fn look(shared: &Shared) -> (Vec<Found>, Vec<String>) {
    let places = &shared.options.places;
    let (mut found, mut troubles) = (Vec::new(), Vec::new());
    let mut runs: BTreeMap<String, Vec<Event>> = BTreeMap::new();
    for event in events(shared) {
        if let Some(run) = event.what.run() {
            runs.entry(run.to_owned()).or_default().push(event);
        }
    }
    for (run, events) in runs {
        let closed = events.iter().any(|event| matches!(event.what, What::RunClosed(_)));
        let begun = events.iter().any(|event| is_begun(&event.what));
        let opened = events.iter().find_map(|event| match &event.what {
            What::RunOpened(body) => Some((event, body)),
            _ => None,
        });
        let Some((event, body)) = opened.filter(|_| begun && !closed) else { continue };
        if lock(&shared.books).contains_key(&run) {
            continue;
        }
        let kept = body.kept.as_ref().ok_or_else(|| "its document was not kept".to_owned());
        let bytes = kept.and_then(|kept| {
            read::beside(places, &event.incident, kept).map_err(|error| format!("its document: {error}"))
        });
        let book = bytes.and_then(|bytes| {
            let document = Arc::new(open::read(&body.path, &bytes, &shared.options.tables));
            let same = |one: &&Arc<Runbook>| one.line == body.line && one.title == body.runbook;
            let runbook = document.runbooks.iter().find(same).cloned();
            let runbook = runbook.ok_or("this version of firedeck reads its document in another way")?;
            Ok(Book { document, runbook })
        });
        match book {
            Ok(book) => {
                let mut known = Run::new(&run, book.runbook.clone());
                for event in &events {
                    known.take(event);
                }
                found.push(Found { known: Known { run: known, book }, events });
            }
            Err(why) => troubles.push(format!("`{}` cannot be taken up again: {why}", body.runbook)),
        }
    }
    (found, troubles)
}

/// Something was done of it, if only by hand.
fn is_begun(what: &What) -> bool {
    matches!(
        what,
        What::StepStarted(_)
            | What::StepTicked(_)
            | What::StepSkipped(_)
            | What::BranchChosen(_)
            | What::ValueGiven(_)
    )
}

/// What the journals of unfinished incidents hold, and those of the days to which somebody still writes, or from which
/// a run came into an incident, in its order.
fn events(shared: &Shared) -> Vec<Event> {
    let (places, at) = (&shared.options.places, now());
    let journal = |name: &str| {
        let entries = read::journal(places, name).merged.entries;
        entries.into_iter().map(|entry| entry.event).collect::<Vec<_>>()
    };
    let (of_incidents, of_days): (Vec<_>, Vec<_>) =
        read::journals(places).0.into_iter().partition(|one| one.name.starts_with(name::INCIDENT));
    let within = |one: &read::Found, time: i64| at.0.saturating_sub(one.changed.0) < time;
    let recent = of_incidents.iter().filter(|one| within(one, INCIDENTS));
    let incidents: Vec<Event> = recent.flat_map(|one| journal(&one.name)).collect();
    let open: BTreeSet<String> =
        state::unfinished(incidents.iter().cloned()).into_iter().map(|incident| incident.name).collect();
    let mut all: Vec<Event> = incidents.into_iter().filter(|event| open.contains(&event.incident)).collect();
    // A cockpit that is open for days writes to the day on which it was opened.
    let mut days: BTreeSet<String> =
        of_days.into_iter().filter(|one| within(one, 2 * DAY)).map(|one| one.name).collect();
    days.extend(all.iter().filter_map(|event| match &event.what {
        What::RunJoined(body) if !open.contains(&body.journal) => Some(body.journal.clone()),
        _ => None,
    }));
    for day in days {
        all.extend(journal(&day));
    }
    let ordered = crate::incident::order::Ordered::of(all);
    ordered.events().cloned().collect()
}

/// What the journals tell of one session.
#[derive(Default)]
struct Told {
    /// What was begun there, each with the writer and its journal.
    started: BTreeMap<u64, (By, StepStarted)>,
    ended: BTreeSet<u64>,
    lost: bool,
}

fn sessions(events: &[Event]) -> BTreeMap<String, Told> {
    let mut all: BTreeMap<String, Told> = BTreeMap::new();
    for event in events {
        match &event.what {
            What::StepStarted(body) => {
                let told = all.entry(body.order.session.clone()).or_default();
                let by = By { writer: event.writer.clone(), journal: event.incident.clone() };
                told.started.entry(body.order.statement).or_insert((by, body.as_ref().clone()));
            }
            What::StepEnded(body) => {
                let told = all.entry(body.order.session.clone()).or_default();
                told.ended.insert(body.order.statement);
                told.lost |= !matches!(body.end, End::Exit(_) | End::NotStarted);
            }
            What::ShellEnded(body) => all.entry(body.session.clone()).or_default().lost = true,
            _ => {}
        }
    }
    all
}

async fn take_up(shared: &Arc<Shared>, run: &str, runbook: &Arc<Runbook>, name: String, told: Told) {
    let here = Here::new(&shared.options.host);
    // A session on another box is that box's.
    if told.lost || !told.started.values().all(|(by, _)| here.is_here(&by.writer)) {
        return;
    }
    let found = shared.dir_of(&name).and_then(|dir: PathBuf| runner::session(&dir));
    end_what_never_began(shared, &name, &told, found.as_ref()).await;
    let Some(found) = found else {
        let ours = !told.started.values().any(|(by, _)| here.lives(&by.writer));
        return over(shared, run, &name, ours, "its session is not on this box any more").await;
    };
    let about = about(shared, run, runbook, told, &found);
    match runner::attach(&found.dir).await {
        Ok(handle) => drop(Session::follow(shared, name, handle, about)),
        Err(why) => shared.trouble(&name, format!("a session cannot be followed: {why}")).await,
    }
}

/// Records of what never came to its shell that it has ended; of what nobody knows any more, that too.
async fn end_what_never_began(
    shared: &Arc<Shared>,
    session: &str,
    told: &Told,
    found: Option<&runner::Session>,
) {
    let here = Here::new(&shared.options.host);
    for (statement, (by, body)) in &told.started {
        let last = found.map(|found| found.last);
        if told.ended.contains(statement) || is_pending(&here, last, *statement, by) {
            continue;
        }
        let (end, verdict, says) = if found.is_some() {
            (End::NotStarted, Verdict::Failed, "it was never given to its shell")
        } else {
            (End::Interrupted, Verdict::Interrupted, "its session is not on this box any more")
        };
        let order = Order { session: session.to_owned(), statement: *statement };
        record_unless_known(shared, by, end_of(body.at.clone(), order, end, verdict, says)).await;
    }
}

/// Whether its shell has a statement, or will get it: whoever is about to give it will do so.
fn is_pending(here: &Here, last: Option<u64>, statement: u64, by: &By) -> bool {
    last.is_some_and(|last| statement <= last || here.lives(&by.writer))
}

/// What the journals tell of a session that is there.
fn about(shared: &Shared, run: &str, runbook: &Arc<Runbook>, told: Told, found: &runner::Session) -> About {
    let here = Here::new(&shared.options.host);
    // On another box nothing has a terminal, and what kubectl sees there nobody has pinned.
    let found_here = found.remote.is_none();
    let pinned = told.started.values().last().filter(|_| found_here).map(|(_, body)| Pinned {
        remote: None,
        context: Some(body.context.clone()),
        namespace: Some(body.namespace.clone()),
    });
    let ours = !told.started.values().any(|(by, _)| here.lives(&by.writer));
    let shape = Run::new(run, runbook.clone());
    let is_apart = |body: &StepStarted| body.at.command.is_none_or(|one| shape.is_apart((body.at.step, one)));
    let apart = !told.started.is_empty() && told.started.values().all(|(_, body)| is_apart(body));
    let mut pending = BTreeMap::new();
    for (statement, (by, body)) in told.started {
        if told.ended.contains(&statement) || !is_pending(&here, Some(found.last), statement, &by) {
            continue;
        }
        let own = body.at.command.filter(|_| !body.edited);
        let step = runbook.steps.get(body.at.step as usize);
        let command = body.at.command.and_then(|command| step?.commands.get(command as usize));
        let terminal = command.is_some_and(|one| one.statement.traits.interactive) && found_here;
        let tables = &shared.options.tables;
        let judging = Judging::by(runbook, body.at.step, own, body.at.command, &body.text, terminal, tables)
            .shown_as(&body.n);
        pending.insert(statement, Pending { at: body.at, judging, by: Some(by) });
    }
    let busy = if let State::Running(statement) = found.state { Some(statement) } else { None };
    let place = Pinned { remote: found.remote.clone(), ..pinned.unwrap_or_default() };
    About { run: run.to_owned(), next: found.last + 1, busy, ours, apart, used: true, place, pending }
}

/// What there is to know of a session that somebody else has begun since this program's start.
pub(super) async fn known(shared: &Arc<Shared>, found: &runner::Session) -> Option<About> {
    let (looking, name) = (shared.clone(), found.name.clone());
    let reading = tokio::task::spawn_blocking(move || {
        let own = events(&looking).into_iter().filter(|event| session_of(event) == Some(&name));
        let own: Vec<Event> = own.collect();
        let run = own.iter().find_map(|event| event.what.run())?.to_owned();
        Some((run, sessions(&own).remove(&name)?))
    });
    let (run, told) = reading.await.ok().flatten()?;
    let runbook = lock(&shared.books).get(&run).map(|book| book.runbook.clone())?;
    end_what_never_began(shared, &found.name, &told, Some(found)).await;
    Some(about(shared, &run, &runbook, told, found))
}

fn session_of(event: &Event) -> Option<&String> {
    match &event.what {
        What::StepStarted(body) => Some(&body.order.session),
        What::StepEnded(body) => Some(&body.order.session),
        What::ShellEnded(body) => Some(&body.session),
        _ => None,
    }
}

/// Says that a session is over, where nobody else will.
async fn over(shared: &Shared, run: &str, session: &str, ours: bool, says: &str) {
    if ours {
        let what = What::ShellEnded(ShellEnded {
            run: run.to_owned(),
            session: session.to_owned(),
            end: End::Interrupted,
            says: says.to_owned(),
        });
        shared.record_or_say(session, what).await;
    }
}

fn end_of(at: At, order: Order, end: End, verdict: Verdict, says: &str) -> StepEnded {
    StepEnded { at, order, end, verdict, says: says.to_owned(), milliseconds: 0, output: Vec::new() }
}

/// Records an end that nobody else has recorded, and nobody else will.
async fn record_unless_known(shared: &Arc<Shared>, by: &By, ended: StepEnded) {
    if Here::new(&shared.options.host).lives(&by.writer) {
        return;
    }
    let session = ended.order.session.clone();
    shared.record_or_say(&session, What::StepEnded(Box::new(ended))).await;
}

/// Waits for whoever began a statement to say how it ended. `None` if he is gone without a word.
pub(super) async fn told_by_another(shared: &Arc<Shared>, by: &By, order: &Order) -> Option<Event> {
    let mut wait = SOON;
    loop {
        // First this: who dies in between has said it before.
        let lives = Here::new(&shared.options.host).lives(&by.writer);
        let (looking, by, order) = (shared.clone(), by.clone(), order.clone());
        let said = tokio::task::spawn_blocking(move || said(&looking, &by, &order)).await.ok().flatten();
        if said.is_some() || !lives {
            return said;
        }
        tokio::time::sleep(wait).await;
        wait = (wait * 2).min(SELDOM);
    }
}

fn said(shared: &Shared, by: &By, order: &Order) -> Option<Event> {
    let is = |event: &Event| matches!(&event.what, What::StepEnded(body) if body.order == *order);
    lately(shared, by).find(is)
}

/// Whether another writer has told of the same start, which then is his.
pub(super) async fn begun_by_another(shared: &Arc<Shared>, by: &By, order: &Order, at: &At) -> bool {
    let (shared, by, order, at) = (shared.clone(), by.clone(), order.clone(), at.clone());
    let looking = tokio::task::spawn_blocking(move || {
        lately(&shared, &by).any(|event| match &event.what {
            What::StepStarted(body) => body.order == order && body.at == at && event.writer != by.writer,
            _ => false,
        })
    });
    looking.await.unwrap_or(false)
}

/// What was written in the last day, in whatever journal: a cockpit may go on in another one.
fn lately(shared: &Shared, by: &By) -> impl Iterator<Item = Event> {
    let (at, places) = (now(), shared.options.places.clone());
    let recent = read::journals(&places).0.into_iter().filter(|one| at.0.saturating_sub(one.changed.0) < DAY);
    let own = (!by.journal.is_empty()).then(|| by.journal.clone());
    let names: BTreeSet<String> = recent.map(|one| one.name).chain(own).collect();
    let entries = names.into_iter().flat_map(move |name| read::journal(&places, &name).merged.entries);
    entries.map(|entry| entry.event)
}
