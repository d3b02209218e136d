//! Keeps every source alive: the only back-off in the program.
use std::convert::Infallible;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::{Outbox, now};
use crate::defect;
use crate::domain::feed::{Feed, FeedState};
use crate::domain::news::News;

/// The first pause after a failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// What the server refuses or does not have is rarely granted within a minute.
const SLOW_PAUSE: Duration = Duration::from_mins(1);
/// A source must have been live this long before its failures count from one again.
const HEALTHY_AFTER: Duration = Duration::from_secs(5);

/// Why a source stopped.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// No answer, or none that could be understood.
    #[error("{why}")]
    Unreachable { why: String },
    /// The server does not know us: credentials expired, or never were good.
    #[error("not logged in: {why}")]
    Unauthorized { why: String },
    /// The server knows us and says no. `needs` is what would have to be granted.
    #[error("forbidden: needs {needs}")]
    Forbidden { needs: String },
    /// There is nothing to watch: no such API, no configuration.
    #[error("{why}")]
    Absent { why: String },
    /// The server asks to be left alone.
    #[error("the server is busy")]
    Busy { wait: Option<Duration> },
    /// The stream ended although it should not have.
    #[error("closed by the server")]
    Closed,
    /// The cockpit is going away; nobody listens.
    #[error("the cockpit no longer listens")]
    Unheard,
    /// A defect of ours, kept away from the rest of the program.
    #[error("firedeck failed here: {0}")]
    Panicked(String),
}

/// One stream of facts.
pub trait Source: Send + 'static {
    fn feed(&self) -> Feed;

    /// Runs until something breaks; the supervisor starts it again. What is kept in `self` lives on, so a
    /// source can resume where it was.
    fn run(&mut self, wire: &mut Wire) -> impl Future<Output = Result<Infallible, SourceError>> + Send;

    /// Forgets what a panic may have left half-done.
    fn reset(&mut self) {}
}

/// How a source speaks.
#[derive(Debug)]
pub struct Wire {
    feed: Feed,
    out: Outbox,
    live_since: Option<Instant>,
    healthy: bool,
}

impl Wire {
    pub fn new(feed: Feed, out: Outbox) -> Wire {
        Wire { feed, out, live_since: None, healthy: false }
    }

    pub fn feed(&self) -> &Feed {
        &self.feed
    }

    /// Waits while the cockpit is busy.
    pub async fn send(&self, news: Vec<News>) -> Result<(), SourceError> {
        self.out.send(news).await.map_err(|_| SourceError::Unheard)
    }

    /// Connected; the first full picture may still be on its way.
    pub async fn loading(&mut self) -> Result<(), SourceError> {
        self.live_since = None;
        self.state(FeedState::Loading).await
    }

    /// All is well, or: still here. Say it whenever the far side was heard from.
    pub async fn live(&mut self) -> Result<(), SourceError> {
        let since = *self.live_since.get_or_insert_with(Instant::now);
        self.healthy |= since.elapsed() >= HEALTHY_AFTER;
        self.state(FeedState::Live).await
    }

    async fn state(&self, state: FeedState) -> Result<(), SourceError> {
        self.send(vec![News::Feed(self.feed.clone(), state)]).await
    }

    /// Whether the run that just ended had been well for a while.
    fn take_health(&mut self) -> bool {
        let lived = self.live_since.take().is_some_and(|since| since.elapsed() >= HEALTHY_AFTER);
        std::mem::take(&mut self.healthy) || lived
    }
}

/// What reaches every supervisor from outside.
#[derive(Debug, Clone, Default)]
pub struct Signals {
    /// Wakes all who sleep before their next try.
    pub retry: Arc<Notify>,
    pub cancel: CancellationToken,
}

impl Signals {
    /// The same retry, with an end of its own.
    #[must_use]
    pub fn child(&self) -> Signals {
        Signals { retry: self.retry.clone(), cancel: self.cancel.child_token() }
    }
}

/// Runs a source until it is cancelled, whatever happens to it.
pub async fn supervise<S: Source>(mut source: S, out: Outbox, signals: Signals) {
    let keep = keep(&mut source, out, &signals.retry);
    signals.cancel.run_until_cancelled(keep).await;
}

async fn keep<S: Source>(source: &mut S, out: Outbox, retry: &Notify) {
    let mut wire = Wire::new(source.feed(), out);
    if wire.state(FeedState::Connecting).await.is_err() {
        return;
    }
    let mut failures = 0;
    loop {
        let error = attempt(source, &mut wire).await;
        failures = if wire.take_health() { 1 } else { failures + 1 };
        tracing::info!(feed = ?wire.feed(), failures, "{error}");
        let pause = pause(&error, wire.feed(), failures);
        let Some(state) = state(&error, pause) else { return };
        let was_down = matches!(state, FeedState::Down { .. });
        if wire.state(state).await.is_err() {
            return;
        }
        // Either way it is time to try again.
        let _ = timeout(pause, retry.notified()).await;
        if was_down {
            let trying = FeedState::Down { why: error.to_string(), next_try: None };
            if wire.state(trying).await.is_err() {
                return;
            }
        }
    }
}

async fn attempt<S: Source>(source: &mut S, wire: &mut Wire) -> SourceError {
    let part: Arc<str> = format!("{:?}", wire.feed()).into();
    if let Some(said) = defect::failed(&part) {
        return SourceError::Panicked(super::reason::brief(&said));
    }
    match AssertUnwindSafe(defect::part(part, source.run(wire))).catch_unwind().await {
        Ok(Err(error)) => error,
        Err(panic) => {
            let said = panic.downcast_ref::<&str>().map(|s| (*s).to_owned());
            let said = said.or_else(|| panic.downcast_ref::<String>().cloned());
            source.reset();
            SourceError::Panicked(super::reason::brief(&said.unwrap_or_else(|| "panic".into())))
        }
    }
}

/// What the cockpit is told; `None` when there is no one left to tell.
fn state(error: &SourceError, pause: Duration) -> Option<FeedState> {
    Some(match error {
        SourceError::Unheard => return None,
        SourceError::Forbidden { needs } => FeedState::Forbidden { needs: needs.clone() },
        SourceError::Absent { why } => FeedState::Absent { why: why.clone() },
        other => FeedState::Down { why: other.to_string(), next_try: Some(now().plus(pause)) },
    })
}

/// How long to wait before trying again.
fn pause(error: &SourceError, feed: &Feed, failures: u32) -> Duration {
    let longest = match error {
        SourceError::Forbidden { .. } | SourceError::Absent { .. } => {
            return jitter(SLOW_PAUSE, feed, failures);
        }
        // The server knows best, within reason.
        SourceError::Busy { wait: Some(wait), .. } => (*wait).clamp(FIRST_PAUSE, SLOW_PAUSE),
        _ => Duration::ZERO,
    };
    let doubled = FIRST_PAUSE * 2_u32.pow(failures.saturating_sub(1).min(6));
    jitter(doubled.min(LONGEST_PAUSE), feed, failures).max(longest)
}

/// Between three quarters and the whole of `span`, so that feeds that fell together rise apart.
fn jitter(span: Duration, feed: &Feed, failures: u32) -> Duration {
    let mut hasher = DefaultHasher::new();
    (feed, failures, std::process::id()).hash(&mut hasher);
    let parts = u32::try_from(hasher.finish() % 256).unwrap_or(0);
    span * 3 / 4 + span / 4 * parts / 256
}
