//! One container's log: opened, read, opened again where it broke off, until the container is over.
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use futures::{AsyncBufReadExt, FutureExt};
use kube::api::LogParams;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::lines::Parser;
use super::pods::{Container, Name};
use super::words::{Trouble, refused};
use super::{Ways, engines};
use crate::domain::Text;
use crate::domain::log::{LineKind, Lines, Stream};
use crate::sources::now;
use crate::sources::reason::reason;
use crate::sources::taps::{From, Tap};

/// Lines that arrive within this time travel together.
const TOGETHER: Duration = Duration::from_millis(20);
/// What was written before we came has arrived when nothing came for this long.
const SETTLE: Duration = Duration::from_millis(150);
/// A node answers an open request only when its container writes, so silence there is no failure.
const SETTLE_OPENING: Duration = Duration::from_millis(600);
/// A connection that was silent for longer may be dead without our knowing, so a new one is opened.
const QUIET: Duration = Duration::from_secs(150);
/// Data younger than this proves a connection.
const FRESH: Duration = Duration::from_secs(5);
/// After its container is gone a stream has this long to bring the rest.
const LAST_WORDS: Duration = Duration::from_secs(3);
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(15);

/// Where reading begins.
#[derive(Debug, Clone, Copy)]
pub(super) enum Start {
    /// So many lines before now.
    Tail(i64),
    /// A second since the epoch.
    Since(i64),
    /// The container's first line; it has just begun.
    Beginning,
    /// The same for a container of an engine, whose log holds its runs before too: the second its run began in.
    Run(i64),
}

/// What the director hears.
#[derive(Debug)]
pub(super) enum Said {
    Lines(Vec<Lines>),
    /// What was there before we came has arrived.
    Settled,
    Is(Standing),
    /// Nothing more will come.
    Over,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Standing {
    Open,
    /// The container does not run; why.
    Waits(Text),
    Troubled(Trouble),
}

pub(super) struct Job {
    pub(super) number: u64,
    pub(super) ways: Ways,
    /// It is a container of an engine, not of a pod.
    pub(super) of_engine: bool,
    pub(super) context: Text,
    pub(super) name: Name,
    /// What its lines are marked with.
    pub(super) who: Text,
    /// Only the instance before.
    pub(super) previous: bool,
    pub(super) start: Start,
    pub(super) container: watch::Receiver<Container>,
    /// Moves when connections that brought nothing lately may be dead.
    pub(super) doubt: watch::Receiver<u64>,
    pub(super) out: mpsc::Sender<(u64, Said)>,
}

/// How one connection ended.
enum End {
    Finished,
    /// Too quiet to be trusted.
    Quiet,
    Failed(Trouble),
    /// The director is gone.
    Unheard,
}

struct Reading {
    job: Job,
    parser: Parser,
    settled: bool,
    trouble: Option<Trouble>,
    failures: u32,
    /// The last connection did not end by itself.
    broken: bool,
    /// The instance that was opened last, and its number.
    opened: Option<(Text, u32)>,
}

/// Reads until the container is over, or nobody listens.
pub(super) async fn run(job: Job) {
    let (namespace, _, _, container) = job.name.clone();
    let stream = Arc::new(Stream { namespace, pod: job.who.clone(), container });
    let mut reading = Reading {
        job,
        parser: Parser::new(stream),
        settled: false,
        trouble: None,
        failures: 0,
        broken: false,
        opened: None,
    };
    if matches!(reading.job.start, Start::Beginning | Start::Run(_)) {
        reading.remark(LineKind::Began, "joined");
    }
    // Only a director that is gone stops it early, and then nobody is left to tell.
    if reading.follow().await.is_some() {
        let _ = reading.job.out.send((reading.job.number, Said::Over)).await;
    }
}

impl Reading {
    async fn say(&self, said: Said) -> Option<()> {
        self.job.out.send((self.job.number, said)).await.ok()
    }

    async fn flush(&mut self) -> Option<()> {
        if self.parser.is_empty() {
            return Some(());
        }
        let lines = self.parser.take();
        self.say(Said::Lines(lines)).await
    }

    async fn settle(&mut self) -> Option<()> {
        if std::mem::replace(&mut self.settled, true) {
            return Some(());
        }
        self.flush().await?;
        self.say(Said::Settled).await
    }

    fn remark(&mut self, kind: LineKind, text: &str) {
        self.parser.say(kind, text, now());
    }

    async fn follow(&mut self) -> Option<()> {
        if self.job.previous {
            return self.read_before().await;
        }
        // The instance that was read to its end.
        let mut finished: Option<Text> = None;
        loop {
            let container = self.job.container.borrow_and_update().clone();
            let Some(instance) = container.instance.clone().filter(|id| finished.as_ref() != Some(id)) else {
                self.settle().await?;
                if container.last {
                    let how = container.ended.map(|how| format!(": {how}")).unwrap_or_default();
                    self.remark(LineKind::Ended, &format!("ended{how}"));
                    return self.flush().await;
                }
                let why = container.waiting.or(container.ended).unwrap_or_else(|| "not started".into());
                self.say(Said::Is(Standing::Waits(why))).await?;
                self.job.container.changed().await.ok()?;
                continue;
            };
            let renewed = self.mind_restarts(&instance, &container).await?;
            match self.read(false, renewed).await {
                End::Unheard => return None,
                End::Quiet => self.broken = true,
                End::Finished => {
                    if self.is_over(&instance).await {
                        self.parser.ended();
                        self.broken = false;
                        finished = Some(instance);
                        self.flush().await?;
                    } else {
                        self.pause(None).await?;
                    }
                }
                End::Failed(Trouble::Gone) if self.job.container.borrow().last => {
                    finished = Some(instance);
                }
                End::Failed(trouble) => {
                    self.broken = true;
                    self.trouble(trouble).await?;
                }
            }
        }
    }

    /// Reads the instance before, once, if lines may be missing otherwise; true if the container is a new one.
    async fn mind_restarts(&mut self, instance: &Text, container: &Container) -> Option<bool> {
        let before = self.opened.replace((instance.clone(), container.restarts));
        let Some((known, number)) = before.filter(|(known, _)| known != instance) else { return Some(false) };
        tracing::debug!(%known, %instance, "the container was restarted");
        if self.job.of_engine {
            return Some(self.mind_run(&known, instance, container));
        }
        let missed = container.restarts.saturating_sub(number);
        let unread = missed.saturating_sub(1) + u32::from(self.broken);
        if unread > 0 && matches!(self.read(true, missed > 1).await, End::Unheard) {
            return None;
        }
        if unread > 1 {
            self.remark(
                LineKind::Gap,
                "lines are missing here: the container restarted faster than it could be read",
            );
        }
        self.parser.ended();
        let how = container.ended.as_deref().map(|how| format!(" after {how}")).unwrap_or_default();
        self.remark(LineKind::Began, &format!("restarted{how}, {} times so far", container.restarts));
        Some(true)
    }

    /// An engine keeps one log for all runs of a container: nothing of it has to be read elsewhere. True if the
    /// container is a new one.
    fn mind_run(&mut self, known: &str, now: &str, container: &Container) -> bool {
        let anew = engines::container(known) != engines::container(now);
        self.parser.ended();
        let how = container.ended.as_deref().map(|how| format!(" after exit code {how}")).unwrap_or_default();
        let text = if anew { "made anew".to_owned() } else { format!("started again{how}") };
        self.remark(LineKind::Began, &text);
        anew
    }

    async fn read_before(&mut self) -> Option<()> {
        match self.read(true, false).await {
            End::Unheard => return None,
            End::Failed(trouble) => self.remark(LineKind::Note, &trouble.words()),
            End::Finished | End::Quiet => self.parser.ended(),
        }
        self.flush().await?;
        self.settle().await
    }

    /// A stream that ends tells nothing of why: the container may be over, or a server went away.
    async fn is_over(&mut self, instance: &Text) -> bool {
        let over = |c: &Container| c.last || !c.running || c.instance.as_ref() != Some(instance);
        let wait = self.job.container.wait_for(over);
        timeout(Duration::from_secs(1), wait).await.is_ok()
    }

    async fn trouble(&mut self, trouble: Trouble) -> Option<()> {
        self.settle().await?;
        if self.failures == 0 && matches!(trouble, Trouble::Broken { .. }) {
            // A connection that is back at once has lost nothing, and nobody needs to know.
            return self.pause(None).await;
        }
        if self.trouble.as_ref() != Some(&trouble) {
            self.remark(LineKind::Note, &trouble.words());
            self.flush().await?;
            self.trouble = Some(trouble.clone());
        }
        self.say(Said::Is(Standing::Troubled(trouble.clone()))).await?;
        self.pause(Some(&trouble)).await
    }

    /// Until the next try: longer each time, but not past any news of the container.
    async fn pause(&mut self, trouble: Option<&Trouble>) -> Option<()> {
        self.failures += 1;
        let doubled = FIRST_PAUSE * 2_u32.pow(self.failures.saturating_sub(1).min(8));
        // Streams that fell together rise apart.
        let parts = u32::try_from(self.job.number * 37 % 64).unwrap_or(0);
        let jittered = doubled.min(LONGEST_PAUSE) * (64 + parts) / 128;
        let pause = match trouble {
            Some(Trouble::Busy { wait }) => jittered.max(*wait),
            Some(Trouble::Forbidden { .. }) => jittered.max(LONGEST_PAUSE),
            _ => jittered,
        };
        tokio::select! {
            () = sleep(pause) => Some(()),
            changed = self.job.container.changed() => changed.ok(),
            changed = self.job.doubt.changed() => changed.ok(),
        }
    }

    fn request(&self, previous: bool) -> Result<http::Request<Vec<u8>>, Trouble> {
        let (namespace, pod, _, container) = &self.job.name;
        let mut params = LogParams {
            container: Some(container.to_string()).filter(|name| !name.is_empty()),
            follow: !previous,
            previous,
            timestamps: true,
            ..LogParams::default()
        };
        let start = self.parser.since().map_or(self.job.start, Start::Since);
        match start {
            Start::Tail(lines) => params.tail_lines = Some(lines),
            // A whole second, so that nothing rounds it up past a line.
            Start::Since(second) | Start::Run(second) => {
                params.since_time = k8s_openapi::jiff::Timestamp::from_second(second).ok();
            }
            Start::Beginning => {}
        }
        let path = format!("/api/v1/namespaces/{namespace}/pods");
        let request = kube::core::Request::new(path).logs(pod, &params);
        request.map_err(|error| Trouble::Broken { why: reason(&error) })
    }

    /// Asks for the log, wherever it is.
    fn opening(&self, previous: bool) -> Result<BoxFuture<'static, Result<Tap, Trouble>>, Trouble> {
        let context = &self.job.context;
        if self.job.of_engine {
            let broken = || Trouble::Broken { why: format!("no engine is called `{context}`") };
            let taps = self.job.ways.taps.as_ref().ok_or_else(broken)?;
            let instance = self.opened.as_ref().map_or("", |(instance, _)| instance);
            let from = match self.parser.since().map_or(self.job.start, Start::Since) {
                Start::Tail(lines) => From::Tail(lines),
                Start::Since(second) | Start::Run(second) => From::Since(second),
                Start::Beginning => From::Beginning,
            };
            let opening = taps.open(context, engines::container(instance), from);
            return Ok(async move { opening.await.map_err(engines::trouble) }.boxed());
        }
        let broken = || Trouble::Broken { why: format!("context `{context}` is not connected") };
        let client = (self.job.ways.clients)(context).ok_or_else(broken)?;
        let (request, namespace) = (self.request(previous)?, self.job.name.0.clone());
        let opening = async move {
            match client.request_stream(request).await {
                Ok(reader) => Ok(Box::pin(reader) as Tap),
                Err(error) => Err(refused(&error, &namespace)),
            }
        };
        Ok(opening.boxed())
    }

    /// One connection, from its opening to its end.
    async fn read(&mut self, previous: bool, renewed: bool) -> End {
        let mut opening = match self.opening(previous) {
            Ok(opening) => opening,
            Err(trouble) => return End::Failed(trouble),
        };
        self.parser.reopened(renewed);
        let quiet = Instant::now() + QUIET;
        // What was over before it was asked for is answered at once; only what ends meanwhile may leave us waiting.
        let over = self.job.container.borrow().last;
        let mut reader = loop {
            tokio::select! {
                opened = &mut opening => match opened {
                    Ok(reader) => break reader,
                    Err(trouble) => return End::Failed(trouble),
                },
                () = sleep(SETTLE_OPENING), if !self.settled => {
                    if self.opened_quietly().await.is_none() {
                        return End::Unheard;
                    }
                }
                () = sleep_until(quiet) => return End::Quiet,
                changed = self.job.doubt.changed() => return if changed.is_ok() { End::Quiet } else { End::Unheard },
                () = gone(&mut self.job.container, None), if !over => return End::Finished,
            }
        };
        self.failures = 0;
        self.trouble = None;
        if self.say(Said::Is(Standing::Open)).await.is_none() {
            return End::Unheard;
        }
        let mut heard = Instant::now();
        let mut unsent: Option<Instant> = None;
        let mut leaving: Option<Instant> = None;
        loop {
            let run = self.opened.as_ref().filter(|_| self.job.of_engine).map(|(run, _)| run.clone());
            let flush_at = unsent.unwrap_or(heard) + TOGETHER;
            let until = leaving.unwrap_or(heard + QUIET);
            let told = tokio::select! {
                biased;
                read = reader.fill_buf() => {
                    let length = match read {
                        Ok([]) => return self.last_words(End::Finished).await,
                        Ok(bytes) => {
                            self.parser.feed(bytes);
                            bytes.len()
                        }
                        Err(error) => {
                            let trouble = Trouble::Broken { why: reason(&error) };
                            return self.last_words(End::Failed(trouble)).await;
                        }
                    };
                    reader.consume_unpin(length);
                    heard = Instant::now();
                    let first = *unsent.get_or_insert(heard);
                    if heard >= first + TOGETHER || self.parser.has_full() {
                        unsent = None;
                        self.flush().await
                    } else {
                        Some(())
                    }
                }
                () = sleep_until(flush_at), if unsent.is_some() => {
                    unsent = None;
                    self.flush().await
                }
                () = sleep(SETTLE), if !self.settled => self.settle().await,
                () = sleep_until(until) => {
                    let end = if leaving.is_some() { End::Finished } else { End::Quiet };
                    return self.last_words(end).await;
                }
                changed = self.job.doubt.changed() => {
                    if changed.is_ok() && heard.elapsed() > FRESH {
                        return self.last_words(End::Quiet).await;
                    }
                    changed.ok()
                }
                () = gone(&mut self.job.container, run.as_deref()), if leaving.is_none() => {
                    let container = self.job.container.borrow().clone();
                    if let Some(now) = container.instance.clone().filter(|_| !container.last) {
                        // An engine that came back was asked before it was known that this is another run.
                        let before = self.opened.replace((now.clone(), container.restarts));
                        let known = before.map_or_else(Text::default, |(known, _)| known);
                        self.mind_run(&known, &now, &container);
                        self.flush().await
                    } else {
                        leaving = Some(Instant::now() + LAST_WORDS);
                        Some(())
                    }
                }
            };
            if told.is_none() {
                return End::Unheard;
            }
        }
    }

    async fn opened_quietly(&mut self) -> Option<()> {
        self.settle().await?;
        self.say(Said::Is(Standing::Open)).await
    }

    async fn last_words(&mut self, end: End) -> End {
        let told = async {
            self.flush().await?;
            self.settle().await
        };
        if told.await.is_some() { end } else { End::Unheard }
    }
}

/// Until the pod is over, or the engine's container is in another run than `run`; a director that is gone is noticed
/// when something is said to it.
async fn gone(container: &mut watch::Receiver<Container>, run: Option<&str>) {
    let another = |now: &str, run: &str| now != run && engines::container(now) == engines::container(run);
    let over = |container: &Container| {
        let now = container.instance.as_deref();
        container.last || now.zip(run).is_some_and(|(now, run)| another(now, run))
    };
    if container.wait_for(over).await.is_err() {
        std::future::pending::<()>().await;
    }
}
