//! One order to follow: which containers are read, and what of it goes to the cockpit when.
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::deliver::Delivery;
use super::merge::Merger;
use super::pods::{Container, Name, Table};
use super::stream::{Job, Said, Standing, Start, run};
use super::watching::{self, Watching};
use super::words::Trouble;
use super::{Order, Ways, engines};
use crate::domain::Text;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::log::{Follow, LogNews, Streams};
use crate::domain::news::News;
use crate::sources::Outbox;
use crate::sources::supervise::Signals;

/// Each is a connection of its own; the settings may ask for fewer.
pub(super) const MOST: usize = 64;
/// Lines that all streams together begin with.
const TAIL: i64 = 10_000;
/// How long the first lines wait for the slowest of many streams.
const SETTLE: Duration = Duration::from_millis(1_500);
/// Changes of many pods are looked at together.
const LOOK: Duration = Duration::from_millis(60);
/// Names of waiting containers that are told.
const NAMES: usize = 5;

struct Following {
    number: u64,
    container: watch::Sender<Container>,
    standing: Option<Standing>,
    settled: bool,
}

pub(super) struct Session {
    follow: Arc<Follow>,
    since: Option<i64>,
    most: usize,
    ways: Ways,
    streams: BTreeMap<Name, Following>,
    names: BTreeMap<u64, Name>,
    /// Containers that were read to their end, and the instance that this was.
    over: BTreeMap<Name, Option<Text>>,
    asked: usize,
    waiting: Vec<String>,
    next: u64,
    doubt: watch::Sender<u64>,
    reports: mpsc::Sender<(u64, Said)>,
    tasks: JoinSet<()>,
    merger: Merger,
    delivery: Delivery,
    /// Until the lines of before are together; `None` when they are, or before anything is known.
    gathering: Option<Instant>,
    begun: bool,
    /// How each watch is.
    watched: Vec<FeedState>,
    told: (Option<FeedState>, Option<Streams>),
}

/// Follows until it is cancelled or nobody listens.
pub(super) async fn follow(order: Order, ways: Ways, out: Outbox, signals: Signals) {
    let Some(follow) = order.follow else { return };
    let began = vec![News::Logs(LogNews::Began(Arc::clone(&follow)))];
    if out.send(began).await.is_err() {
        return;
    }
    let (reports, heard) = mpsc::channel(256);
    let mut tasks = JoinSet::new();
    let Watching { tables, said, states } = watching::start(&follow, &ways, &signals, &mut tasks);
    let session = Session {
        follow,
        since: order.since.map(|time| time.0.div_euclid(1_000)),
        most: order.most,
        ways,
        streams: BTreeMap::new(),
        names: BTreeMap::new(),
        over: BTreeMap::new(),
        asked: 0,
        waiting: Vec::new(),
        next: 0,
        doubt: watch::Sender::new(0),
        reports,
        tasks,
        merger: Merger::default(),
        delivery: Delivery::default(),
        gathering: None,
        begun: false,
        watched: states,
        told: (None, None),
    };
    session.run(tables, said, heard, out, &signals.retry).await;
}

impl Session {
    async fn run(
        mut self,
        mut tables: watch::Receiver<Option<Table>>,
        mut watches: mpsc::Receiver<(usize, Vec<News>)>,
        mut heard: mpsc::Receiver<(u64, Said)>,
        out: Outbox,
        retry: &Notify,
    ) {
        let mut look: Option<Instant> = None;
        loop {
            let release = self.gathering.or_else(|| self.merger.due());
            let far = Instant::now() + Duration::from_hours(1);
            tokio::select! {
                Some((number, said)) = heard.recv() => self.hear(number, said),
                changed = tables.changed(), if look.is_none() => match changed {
                    Ok(()) => look = Some(Instant::now() + if self.begun { LOOK } else { Duration::ZERO }),
                    Err(_) => return,
                },
                () = sleep_until(look.unwrap_or(far)), if look.is_some() => {
                    look = None;
                    let table = tables.borrow_and_update();
                    if let Some(table) = table.as_ref() {
                        self.adjust(table);
                    }
                }
                Some((number, news)) = watches.recv() => self.watch_said(number, news),
                // Asked for by hand: what sleeps wakes, what brought nothing lately is opened anew.
                () = retry.notified() => self.doubt.send_modify(|times| *times += 1),
                () = sleep_until(release.unwrap_or(far)), if release.is_some() => self.pump(true),
                permit = out.reserve(), if !self.delivery.is_empty() || self.has_news() => match permit {
                    Ok(permit) => permit.send(self.news()),
                    Err(_) => return,
                },
                // A task that ended has said so itself; one that panicked must not take a slot for ever.
                Some(Err(error)) = self.tasks.join_next() => {
                    tracing::error!(%error, "a log stream failed");
                    self.lost();
                }
            }
        }
    }

    fn lost(&mut self) {
        let dead: Vec<u64> =
            self.streams.values().filter(|s| s.container.is_closed()).map(|s| s.number).collect();
        for number in dead {
            self.hear(number, Said::Over);
        }
    }

    fn hear(&mut self, number: u64, said: Said) {
        let Some(name) = self.names.get(&number) else { return };
        match said {
            Said::Lines(chunks) => {
                let now = Instant::now();
                for lines in chunks {
                    self.merger.push(number, lines, now);
                }
                self.pump(false);
            }
            Said::Settled => {
                if let Some(stream) = self.streams.get_mut(name) {
                    stream.settled = true;
                }
                self.pump(false);
            }
            Said::Is(standing) => {
                if let Some(stream) = self.streams.get_mut(name) {
                    stream.standing = Some(standing);
                }
            }
            Said::Over => {
                let name = name.clone();
                self.names.remove(&number);
                let read = self.streams.remove(&name);
                let instance = read.and_then(|stream| stream.container.borrow().instance.clone());
                self.over.insert(name, instance);
                // It was read to its end: nothing more is asked for.
                self.asked = self.asked.saturating_sub(1);
                self.pump(false);
            }
        }
    }

    /// Lets lines go on: all of them while there is one stream, else what has waited long enough.
    fn pump(&mut self, due: bool) {
        if let Some(until) = self.gathering {
            if Instant::now() < until && self.streams.values().any(|stream| !stream.settled) {
                return;
            }
            self.gathering = None;
            self.send_all();
        } else if self.streams.len() <= 1 {
            self.send_all();
        } else if due || self.merger.held() > 0 {
            for lines in self.merger.release(Instant::now()) {
                self.delivery.push(lines);
            }
        }
    }

    fn send_all(&mut self) {
        for lines in self.merger.flush() {
            self.delivery.push(lines);
        }
    }

    /// Brings the streams in line with the containers there are.
    fn adjust(&mut self, table: &Table) {
        // What was done may run again; what was before now stays read.
        let before = self.follow.is_before();
        self.over.retain(|name, read| {
            let now = table.get(name);
            now.is_some_and(|now| before || (now.last && now.instance == *read))
        });
        for (name, stream) in &self.streams {
            let gone = || Container { last: true, running: false, ..stream.container.borrow().clone() };
            let now = table.get(name).cloned().unwrap_or_else(gone);
            stream.container.send_if_modified(|known| {
                let changed = *known != now;
                *known = now;
                changed
            });
        }
        let mut wanted: Vec<_> =
            table.iter().filter(|(name, container)| self.wants(name, container)).collect();
        // What runs now tells more than what is over.
        wanted.sort_by_key(|(name, container)| (!self.streams.contains_key(*name), !container.running));
        // A container that has just ended may still bring its last lines.
        let leaving = self.streams.keys().filter(|name| !table.contains_key(*name)).count();
        self.asked = wanted.len() + leaving;
        self.waiting = wanted
            .iter()
            .filter(|(_, container)| container.instance.is_none())
            .take(NAMES)
            .map(|(name, c)| self.waits(name, c.waiting.as_deref().unwrap_or("not started")))
            .collect();
        if let Follow::Before(_) = &*self.follow {
            self.waiting.extend(none_before(table));
        }
        let started: Vec<_> = wanted.into_iter().filter(|(_, c)| c.instance.is_some()).collect();
        let first = !std::mem::replace(&mut self.begun, true);
        let count = i64::try_from(started.len().clamp(1, self.most)).unwrap_or(1);
        let tail = Start::Tail((TAIL / count).clamp(100, 2_000));
        for (name, container) in started {
            if self.streams.len() >= self.most {
                break;
            }
            if !self.streams.contains_key(name) {
                let start = self.start(container, first, tail);
                self.open(name.clone(), container.clone(), start);
            }
        }
        if first && self.streams.len() > 1 {
            self.gathering = Some(Instant::now() + SETTLE);
        }
    }

    fn wants(&self, name: &Name, container: &Container) -> bool {
        let wanted = match &*self.follow {
            Follow::Pod { container: Some(only), .. } if *only != name.3 => false,
            Follow::Pod { previous, .. } => {
                !previous || container.restarts > 0 || container.instance.is_some()
            }
            Follow::Before(_) => !is_first(name, container),
            // Of a whole namespace only what lives is of interest.
            Follow::Namespace { .. } if container.last => false,
            Follow::Namespace { .. }
                if container.instance.is_some() && !container.running && container.waiting.is_none() =>
            {
                self.streams.contains_key(name)
            }
            _ => true,
        };
        wanted && !self.over.contains_key(name)
    }

    /// Where a container begins to be read.
    fn start(&self, container: &Container, first: bool, tail: Start) -> Start {
        // A container that was there before but had to wait for a place begins with its last lines; so does a pod
        // that was marked, whenever its watch tells of it.
        let joins = !first && self.asked <= self.most;
        let began = container.instance.as_deref().and_then(engines::began);
        match (self.since, began) {
            // What it wrote in runs before has been read, or was written before anybody asked.
            (_, Some(began)) if joins && self.follow.is_of_engine() => Start::Run(began),
            (_, _) if joins && !matches!(&*self.follow, Follow::Marked { .. }) => Start::Beginning,
            (Some(second), _) => Start::Since(second),
            (None, _) => tail,
        }
    }

    /// Who waits, and for what.
    fn waits(&self, name: &Name, why: &str) -> String {
        match (engines::short(&self.follow, &name.1), &*name.3) {
            (who, "") => format!("{who}: {why}"),
            (pod, container) => format!("{pod} {container}: {why}"),
        }
    }

    fn open(&mut self, name: Name, container: Container, start: Start) {
        let number = self.next;
        self.next += 1;
        let (sender, receiver) = watch::channel(container);
        let who = engines::short(&self.follow, &name.1).into();
        let job = Job {
            number,
            ways: self.ways.clone(),
            of_engine: self.follow.is_of_engine(),
            context: self.follow.context().clone(),
            name: name.clone(),
            who,
            previous: self.follow.is_before(),
            start,
            container: receiver,
            doubt: self.doubt.subscribe(),
            out: self.reports.clone(),
        };
        self.tasks.spawn(run(job));
        self.names.insert(number, name.clone());
        self.streams.insert(name, Following { number, container: sender, standing: None, settled: false });
    }

    fn watch_said(&mut self, number: usize, news: Vec<News>) {
        let Some(watched) = self.watched.get_mut(number) else { return };
        for news in news {
            if let News::Feed(_, state) = news {
                let was_down = matches!(watched, FeedState::Down { .. });
                *watched = state;
                if was_down && *watched == FeedState::Live {
                    // What brought nothing since may have died with the watch.
                    self.doubt.send_modify(|times| *times += 1);
                }
            }
        }
    }

    /// The worst that is true of the whole.
    fn state(&self) -> FeedState {
        if let Some(watched) = self.watched.iter().find(|watched| **watched != FeedState::Live) {
            return watched.clone();
        }
        let standings = || self.streams.values().filter_map(|stream| stream.standing.as_ref());
        if standings().any(|standing| *standing == Standing::Open) {
            return FeedState::Live;
        }
        let trouble = standings().find_map(|standing| match standing {
            Standing::Troubled(trouble) => Some(trouble),
            _ => None,
        });
        match trouble {
            Some(Trouble::Forbidden { needs }) => FeedState::Forbidden { needs: needs.clone() },
            Some(Trouble::NotYet { .. } | Trouble::Gone) | None => FeedState::Live,
            Some(trouble) => FeedState::Down { why: trouble.words(), next_try: None },
        }
    }

    fn streams(&self) -> Streams {
        let open = self.streams.values().filter(|s| s.standing == Some(Standing::Open)).count();
        let mut waiting = self.waiting.clone();
        for (name, stream) in &self.streams {
            if let Some(Standing::Waits(why)) = &stream.standing
                && waiting.len() < NAMES
            {
                waiting.push(self.waits(name, why));
            }
        }
        Streams { following: open, asked: self.asked, waiting }
    }

    fn has_news(&self) -> bool {
        self.told.0.as_ref() != Some(&self.state()) || self.told.1.as_ref() != Some(&self.streams())
    }

    /// Everything there is to say.
    fn news(&mut self) -> Vec<News> {
        let mut news = Vec::new();
        let (state, streams) = (self.state(), self.streams());
        if self.told.0.as_ref() != Some(&state) {
            news.push(News::Feed(Feed::Logs, state.clone()));
            self.told.0 = Some(state);
        }
        if self.told.1.as_ref() != Some(&streams) {
            news.push(News::Logs(LogNews::Streams(streams.clone())));
            self.told.1 = Some(streams);
        }
        news.extend(self.delivery.take());
        news
    }
}

/// It was never restarted, so there is none before it. Of a pod that could not be listed nobody knows.
fn is_first(name: &Name, container: &Container) -> bool {
    container.restarts == 0 && !name.2.is_empty()
}

/// Says why less is read than was asked for.
fn none_before(table: &Table) -> Option<String> {
    let first = table.iter().filter(|(name, container)| is_first(name, container)).count();
    match (first, table.len() - first) {
        (0, _) => None,
        (1, 0) => Some("the container was never restarted: there is none before it".into()),
        (n, 0) => Some(format!("none of {n} containers was restarted: there is none before them")),
        (1, _) => Some("1 other was never restarted".into()),
        (n, _) => Some(format!("{n} others were never restarted")),
    }
}
