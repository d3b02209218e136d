//! Asks the questions of a profile, each at its own pace, and judges the answers by their limits.
//!
//! One scheduler asks at most eight at once; a server that several questions go to is asked one at a time, over
//! one connection; those that failed may take half of the places, so that the dead never hold up the living.
mod ask;
mod board;
mod held;
mod host;
mod inspect;
mod lines;
mod net;
mod promql;
mod redis;
mod schedule;
mod servers;
mod sql;
mod tls;
mod web;

use std::convert::Infallible;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use self::ask::Asked;
use self::board::Board;
use self::schedule::Schedule;
pub use self::servers::Reach;
use self::servers::Servers;
use super::backend::{Backend, Report, unreadable};
use super::supervise::{Signals, Source, SourceError, Wire, supervise};
use super::{Outbox, now};
use crate::defect;
use crate::domain::action::{Findings, Looked, Native, Outcome};
use crate::domain::feed::Feed;
use crate::domain::news::{Inspection, News, Seen};
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::settings::limit::{Fact, Limit};
use crate::domain::time::Timestamp;

/// How often it is said that somebody is still asking, when nothing is due for long.
const HEARTBEAT: Duration = Duration::from_secs(20);

/// Asks everything that a profile wants to know.
pub fn start(
    probes: Vec<Fact>,
    limits: Vec<Limit>,
    reach: Reach,
    out: Outbox,
    signals: &Signals,
) -> Arc<dyn Backend> {
    let board = Arc::new(Board::new(probes, limits));
    let round =
        Round { board: board.clone(), servers: Arc::new(Servers::new(reach)), retry: signals.retry.clone() };
    tokio::spawn(supervise(round, out, signals.clone()));
    Arc::new(Probes { board })
}

struct Round {
    board: Arc<Board>,
    servers: Arc<Servers>,
    retry: Arc<Notify>,
}

impl Round {
    /// One question, which cannot harm the others: not by taking long, and not by a defect of ours.
    fn ask(&self, nth: usize) -> BoxFuture<'static, (usize, Asked)> {
        let (fact, first) = self.board.question(nth);
        let servers = self.servers.clone();
        let part: Arc<str> = format!("question {nth}").into();
        let failed = || Asked::failed("firedeck failed here");
        let known = defect::failed(&part).is_some();
        let asking = async move {
            match fact {
                Some(_) if known => failed(),
                Some(fact) => ask::ask(&fact, &servers, first).await,
                None => Asked::failed("there is no such question"),
            }
        };
        AssertUnwindSafe(defect::part(part, asking))
            .catch_unwind()
            .map(move |asked| (nth, asked.unwrap_or_else(|_| failed())))
            .boxed()
    }
}

impl Source for Round {
    fn feed(&self) -> Feed {
        Feed::Vitals
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        let feed = wire.feed().clone();
        let rows = self.board.objects().into_iter().map(Seen::Is);
        let all = [Seen::Begin].into_iter().chain(rows).chain([Seen::End]).collect();
        wire.send(vec![News::Rows(feed.clone(), Kind::Vital, all)]).await?;
        wire.live().await?;
        let began = Instant::now();
        let mut schedule = Schedule::new(self.board.turns());
        let mut asking = FuturesUnordered::new();
        let mut beat = began + HEARTBEAT;
        let retry = self.retry.clone();
        let mut wanted = pin!(retry.notified());
        loop {
            while let Some(nth) = schedule.next(began.elapsed()) {
                asking.push(self.ask(nth));
            }
            let wakes = schedule.wakes().map_or(beat, |due| (began + due).min(beat));
            tokio::select! {
                Some((nth, asked)) = asking.next() => {
                    schedule.done(nth, began.elapsed(), asked.heard.failed());
                    if let Some(row) = self.board.hear(nth, asked, now()) {
                        wire.send(vec![News::Rows(feed.clone(), Kind::Vital, vec![Seen::Is(row)])]).await?;
                    }
                }
                () = &mut wanted => {
                    wanted.set(retry.notified());
                    schedule.hurry(began.elapsed());
                }
                () = sleep_until(wakes) => {
                    if Instant::now() >= beat {
                        beat = Instant::now() + HEARTBEAT;
                        wire.live().await?;
                    }
                }
            }
        }
    }
}

/// What was asked, and what came of it last.
struct Probes {
    board: Arc<Board>,
}

impl Backend for Probes {
    /// A lamp needs every answer, looked at or not.
    fn watch(&self, _kinds: &[Kind]) {}

    fn look<'a>(&'a self, _natives: &'a [Native]) -> BoxFuture<'a, Findings> {
        let drift = Some("a vital is only read: there is nothing to do to it".into());
        Box::pin(async move { Findings { drift, ..Findings::default() } })
    }

    fn act<'a>(&'a self, _looked: Looked, _now: Timestamp, _report: &'a Report) -> BoxFuture<'a, Outcome> {
        let why = "a vital is only read: there is nothing to do to it".into();
        Box::pin(async move { Outcome::Refused { why } })
    }

    fn inspect<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Inspection> {
        let read = self.board.inspect(target);
        Box::pin(async move {
            read.unwrap_or_else(|| unreadable(target, "the profile no longer asks this question"))
        })
    }
}
