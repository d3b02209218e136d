//! Watches one kind in one place: a full picture first, then every change, resumed after each break.
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::stream::BoxStream;
use kube::Api;
use kube::runtime::watcher::{self, Event, watcher};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use super::errors::{failed, refused};
use super::intern::Interner;
use super::lean::{Lean, identity};
use super::link::Link;
use super::pulse::with_pulse;
use crate::domain::Text;
use crate::domain::feed::Feed;
use crate::domain::news::Seen;
use crate::domain::object::Kind;
use crate::sources::supervise::{Source, SourceError, Wire};

/// The server ends a watch after this long, so that one which the network swallowed is noticed.
const SECONDS: u32 = 30;
const PAGE: u32 = 500;
/// A full picture whose next piece takes longer than this has stopped half-way; kube would wait for ever for the
/// rest of a page. Longer than a whole watch, which ends by itself.
const STALLED: Duration = Duration::from_secs(45);
/// What arrives within this time travels together.
const TOGETHER: Duration = Duration::from_millis(20);
const BATCH: usize = 512;

/// The feed of one kind in one namespace, or in all.
pub(super) struct Watch<K: Lean> {
    link: Arc<Link>,
    /// Empty means all.
    namespace: Text,
    known: Interner,
    /// The server cannot stream its lists, so they are read in pages.
    paged: bool,
    open: Option<Open<K>>,
}

/// A watch under way; it outlives an outage, so that it resumes where it was.
struct Open<K> {
    events: BoxStream<'static, watcher::Result<Event<K>>>,
    heard: Arc<Notify>,
    generation: u64,
    progress: Progress,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    /// Nothing came yet.
    Opened,
    /// The first full picture is arriving.
    Filling,
    /// Complete once; only changes follow.
    Whole,
}

/// What to do after an event that is not a fact.
enum Next {
    Go,
    /// Begin anew, without a word to the operator.
    Anew,
    Stop(SourceError),
}

impl<K: Lean> Watch<K> {
    pub(super) fn new(link: Arc<Link>, namespace: Text) -> Watch<K> {
        Watch { link, namespace, known: Interner::default(), paged: false, open: None }
    }

    /// In the words of RBAC.
    fn needs(&self) -> String {
        let of = match K::KIND.group() {
            "" => String::new(),
            group => format!(".{group}"),
        };
        let place = match (&*self.namespace, K::KIND.namespaced()) {
            (_, false) => String::new(),
            ("", true) => " in all namespaces".into(),
            (namespace, true) => format!(" in namespace `{namespace}`"),
        };
        format!("list and watch {}{of}{place}", K::KIND.plural())
    }

    /// The watch that is under way, or a new one.
    async fn opened(&mut self) -> Result<&mut Open<K>, SourceError> {
        let cluster = self.link.cluster().await?;
        let kept = self.open.take().filter(|open| open.generation == cluster.generation);
        let open = kept.unwrap_or_else(|| {
            let heard = Arc::new(Notify::new());
            let client = with_pulse(cluster.client.clone(), heard.clone());
            let api: Api<K> = if self.namespace.is_empty() || !K::KIND.namespaced() {
                Api::all_with(client, &())
            } else {
                Api::namespaced_with(client, &self.namespace, &())
            };
            let config = watcher::Config::default().timeout(SECONDS);
            // What Helm keeps of its releases is large, and nobody edits it.
            let config =
                if K::KIND == Kind::Secret { config.fields("type!=helm.sh/release.v1") } else { config };
            let config = if self.paged { config.page_size(PAGE) } else { config.streaming_lists() };
            let events = watcher(api, config).boxed();
            Open { events, heard, generation: cluster.generation, progress: Progress::Opened }
        });
        Ok(self.open.insert(open))
    }

    /// One watch, until it breaks or has to begin anew.
    async fn follow(&mut self, wire: &mut Wire) -> Result<Next, SourceError> {
        let open = self.opened().await?;
        let (heard, mut progress) = (open.heard.clone(), open.progress);
        if progress != Progress::Whole {
            wire.loading().await?;
        }
        let mut batch = Batch::default();
        let mut heard_at = Instant::now();
        let next = loop {
            let Some(open) = &mut self.open else { break Next::Anew };
            tokio::select! {
                event = open.events.next() => {
                    heard_at = Instant::now();
                    let next = match event {
                        Some(Ok(event)) => self.seen(event, &mut progress, &mut batch),
                        Some(Err(error)) => self.broken(error, &mut progress).await,
                        None => Next::Stop(SourceError::Closed),
                    };
                    if let Some(open) = &mut self.open {
                        open.progress = progress;
                    }
                    if !matches!(next, Next::Go) {
                        break next;
                    }
                    if batch.is_due() {
                        batch.flush::<K>(wire).await?;
                    }
                    if batch.completed {
                        batch.flush::<K>(wire).await?;
                        batch.completed = false;
                        wire.live().await?;
                    }
                }
                () = heard.notified() => {
                    heard_at = Instant::now();
                    if progress == Progress::Whole {
                        batch.flush::<K>(wire).await?;
                        wire.live().await?;
                    }
                }
                () = sleep_until(batch.due), if batch.holds() => batch.flush::<K>(wire).await?,
                () = sleep_until(heard_at + STALLED), if progress != Progress::Whole => {
                    self.open = None;
                    let why = format!("nothing more came for {} s", STALLED.as_secs());
                    break Next::Stop(SourceError::Unreachable { why });
                }
            }
        };
        batch.flush::<K>(wire).await?;
        Ok(next)
    }

    fn seen(&mut self, event: Event<K>, progress: &mut Progress, batch: &mut Batch<K::Fact>) -> Next {
        let context = self.link.context();
        let fact = match event {
            Event::Init => {
                // The last picture never became whole: the server does not say when, or it takes longer than
                // a watch may last. In pages it will.
                if *progress == Progress::Filling && !self.paged {
                    self.paged = true;
                    return Next::Anew;
                }
                if *progress == Progress::Filling {
                    return Next::Stop(SourceError::Closed);
                }
                *progress = Progress::Filling;
                Seen::Begin
            }
            Event::InitDone => {
                *progress = Progress::Whole;
                batch.completed = true;
                Seen::End
            }
            Event::InitApply(object) | Event::Apply(object) => {
                Seen::Is(object.reduce(context, &mut self.known))
            }
            Event::Delete(object) => Seen::Gone(identity(K::KIND, object.meta(), context, &mut self.known)),
        };
        batch.push(fact);
        Next::Go
    }

    async fn broken(&mut self, error: watcher::Error, progress: &mut Progress) -> Next {
        let whole = *progress == Progress::Whole;
        if !whole {
            // kube begins the picture anew, which must not be taken for a second one in a row.
            *progress = Progress::Opened;
        }
        let needs = self.needs();
        let error = match error {
            // The window of changes was missed; kube begins anew by itself. Twice in a row is trouble.
            watcher::Error::WatchError(status) if status.code == 410 && whole => {
                return Next::Go;
            }
            watcher::Error::WatchError(status) => refused(&status, &needs),
            watcher::Error::NoResourceVersion => {
                SourceError::Unreachable { why: "the server's answer has no resource version".into() }
            }
            watcher::Error::WatchStartFailed(kube::Error::Api(status))
                if matches!(status.code, 400 | 422) && !self.paged =>
            {
                self.paged = true;
                return Next::Anew;
            }
            // The same as an answer's status; here kube would ask for the old version for ever.
            watcher::Error::WatchStartFailed(kube::Error::Api(status)) if status.code == 410 && whole => {
                return Next::Anew;
            }
            watcher::Error::WatchFailed(error) => {
                if matches!(error, kube::Error::SerdeError(_)) {
                    // An event was lost, so only a new picture can be trusted.
                    self.open = None;
                }
                failed(&error, &needs)
            }
            watcher::Error::InitialListFailed(error) | watcher::Error::WatchStartFailed(error) => {
                failed(&error, &needs)
            }
        };
        if let (SourceError::Unauthorized { .. }, Some(open)) = (&error, &self.open) {
            self.link.forget(open.generation).await;
            // Logins end; one that was good is renewed without a word. A new one that is refused is trouble.
            if whole {
                return Next::Anew;
            }
        }
        Next::Stop(error)
    }
}

impl<K: Lean> Source for Watch<K> {
    fn feed(&self) -> Feed {
        let context = self.link.context().clone();
        match K::KIND {
            Kind::Pod => Feed::Pods(context, self.namespace.clone()),
            kind => Feed::Objects(context, kind, self.namespace.clone()),
        }
    }

    async fn run(&mut self, wire: &mut Wire) -> Result<Infallible, SourceError> {
        loop {
            match self.follow(wire).await? {
                Next::Go => {}
                Next::Anew => self.open = None,
                Next::Stop(error) => return Err(error),
            }
        }
    }

    fn reset(&mut self) {
        self.open = None;
    }
}

/// What arrived together. The first fact after a pause leaves at once, so that it shows without delay.
struct Batch<F> {
    seen: Vec<Seen<F>>,
    due: Instant,
    /// The full picture is complete.
    completed: bool,
}

impl<F> Default for Batch<F> {
    fn default() -> Self {
        Batch { seen: Vec::new(), due: Instant::now(), completed: false }
    }
}

impl<F> Batch<F> {
    fn push(&mut self, seen: Seen<F>) {
        self.seen.push(seen);
    }

    /// A beginning alone is nothing to show and waits for the first fact.
    fn holds(&self) -> bool {
        self.seen.last().is_some_and(|last| !matches!(last, Seen::Begin))
    }

    fn is_due(&self) -> bool {
        self.seen.len() >= BATCH || (self.holds() && Instant::now() >= self.due)
    }

    async fn flush<K: Lean<Fact = F>>(&mut self, wire: &Wire) -> Result<(), SourceError> {
        if !self.seen.is_empty() {
            let seen = std::mem::take(&mut self.seen);
            wire.send(vec![K::news(wire.feed().clone(), seen)]).await?;
            self.due = Instant::now() + TOGETHER;
        }
        Ok(())
    }
}
