//! Runs of runbooks: opens them, gives their commands to sessions, follows, judges and records what becomes of them.
//!
//! ```text
//! Runs ── open ──► the document, kept beside the journal
//!   └─ look, start, stop ──► a task for each session ── Handle ──► its runner
//!                               └─► journal, then Msg: Told, Ran, Answered
//! ```
//!
//! Nothing here knows the screen: whoever gives the channel, the cockpit or a plain terminal, gets all that happens as
//! [`Msg`]. Nothing is run that is no [`Approved`], nothing is repeated, and what changes something is on a disk as
//! begun before its shell gets it.
mod alive;
mod ask;
mod back;
mod begin;
mod behind;
mod enter;
mod follow;
mod learn;
mod open;
mod pin;
mod session;
mod start;
mod tail;
mod tell;
mod tidy;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;

use crate::commands::tools::Tables;
use crate::domain::approval::{Approved, QuestionId};
use crate::domain::known::Known;
use crate::domain::object::ObjectRef;
use crate::domain::settings::Settings;
use crate::domain::shell::{Sent, ShellCommand};
use crate::domain::time::Timestamp;
use crate::incident::event::Order;
use crate::model::msg::Msg;
use crate::model::run::{News, Page, Stream};
use crate::model::shelf::Book;
use crate::store::{Journal, Places, Setup};
use begin::Prepared;
use session::Session;

pub use tell::UNRECORDED;
pub use tidy::tidy;

/// How long leaving may take for sessions that nothing runs in.
const FAREWELL: Duration = Duration::from_secs(2);

/// What all runs have in common.
#[derive(Debug, Clone)]
pub struct Options {
    pub journal: Journal,
    pub places: Places,
    /// This box, and whoever sits at it.
    pub host: String,
    pub user: String,
    /// As the journal names its writer.
    pub pid: u32,
    pub started: Timestamp,
    /// How commands are read.
    pub tables: Arc<Tables>,
    /// The program that becomes a runner; this one, if none is named.
    pub program: Option<PathBuf>,
    /// Where the kubeconfig is; empty for the usual places.
    pub kubeconfig: Vec<PathBuf>,
    /// Columns and rows of the screen, for new sessions.
    pub size: fn() -> (u16, u16),
}

impl Options {
    /// As the writer of this journal, under these settings.
    pub fn of(settings: &Settings, setup: &Setup, journal: Journal) -> Options {
        Options {
            journal,
            places: setup.places.clone(),
            host: setup.host.clone(),
            user: setup.user.clone(),
            pid: setup.pid,
            started: setup.started,
            tables: Arc::new(Tables { rules: settings.commands.clone() }),
            program: None,
            kubeconfig: settings.kubeconfig.clone(),
            size: super::terminal::size,
        }
    }
}

/// All runs of this program. Its clones are the same.
#[derive(Debug, Clone)]
pub struct Runs {
    shared: Arc<Shared>,
}

/// What the tasks of all sessions share.
#[derive(Debug)]
struct Shared {
    out: mpsc::Sender<Msg>,
    options: Options,
    /// Makes names unique.
    count: AtomicU64,
    /// The document of each run, as it was when it was opened.
    books: Mutex<BTreeMap<String, Book>>,
    sessions: Mutex<BTreeMap<String, Session>>,
    /// Held by whoever attaches to a session, so that nobody does so twice.
    attaching: tokio::sync::Mutex<()>,
    /// Held by whoever looks for runs that others have begun.
    coming: tokio::sync::Mutex<()>,
    /// Sessions that were begun for a question which is not answered yet.
    prepared: Mutex<BTreeMap<QuestionId, Prepared>>,
    /// Targets that a run has changed already, or is about to: the evidence of before is kept.
    touched: Mutex<BTreeSet<(String, String)>>,
    /// Secrets that shells hold, which no output shows.
    known: Mutex<Arc<Known>>,
}

impl Runs {
    /// All that comes out goes to `out`.
    pub fn start(options: Options, out: mpsc::Sender<Msg>) -> Runs {
        let shared = Shared {
            out,
            options,
            count: AtomicU64::new(0),
            books: Mutex::default(),
            sessions: Mutex::default(),
            attaching: tokio::sync::Mutex::default(),
            coming: tokio::sync::Mutex::default(),
            prepared: Mutex::default(),
            touched: Mutex::default(),
            known: Mutex::new(Arc::new(learn::inherited())),
        };
        Runs { shared: Arc::new(shared) }
    }

    /// Takes up the runs that the journal tells of: `Msg::RunKnown` for each, and what became of it meanwhile.
    pub fn come_back(&self) {
        let shared = self.shared.clone();
        tokio::spawn(async move { back::come_back(&shared).await });
    }

    /// Removes what is left of sessions that nobody needs any more.
    pub fn tidy(&self) {
        let places = self.shared.options.places.clone();
        tokio::task::spawn_blocking(move || {
            let gone = tidy::tidy(&places, crate::sources::now(), tidy::MOST);
            if !gone.is_empty() {
                tracing::info!(count = gone.len(), "old sessions were removed");
            }
        });
    }

    /// Keeps the document and opens a run: `Msg::RunKnown`, or `News::NotOpened`.
    pub fn open(&self, book: Book, alert: Option<ObjectRef>) {
        let shared = self.shared.clone();
        tokio::spawn(async move {
            if let Err(why) = open::open(&shared, book, alert).await {
                shared.say(News::NotOpened { why }).await;
            }
        });
    }

    /// Asks, read-only, what a command would hit: `Msg::Answered`.
    pub fn look(&self, question: QuestionId, command: &ShellCommand) {
        let (shared, command) = (self.shared.clone(), command.clone());
        shared.forget_prepared(Some(question));
        let prepared = shared.prepare(question, &command);
        tokio::spawn(async move {
            let answers = begin::look(&shared, prepared, &command).await;
            shared.send(Msg::Answered(question, answers)).await;
        });
    }

    /// The question was left unanswered: what was begun for it ends.
    pub fn declined(&self, question: QuestionId) {
        if lock(&self.shared.prepared).contains_key(&question) {
            self.shared.forget_prepared(None);
        }
    }

    /// Records that a command begins, then gives it to its shell.
    pub fn begin(&self, approved: Approved, evidence: Vec<Sent>) {
        let shared = self.shared.clone();
        let prepared = lock(&shared.prepared).remove(&approved.question());
        tokio::spawn(async move { begin::begin(&shared, approved, evidence, prepared).await });
    }

    /// Stops a statement, and with it its session.
    pub fn stop(&self, order: Order) {
        let shared = self.shared.clone();
        tokio::spawn(async move {
            if let Err(why) = shared.stop(&order).await {
                shared.trouble(&order.session, format!("not stopped: {why}")).await;
            }
        });
    }

    /// A page of what a statement wrote: `News::Page`.
    pub fn read(&self, order: Order, stream: Stream, from: u64, find: Option<String>) {
        let runs = self.clone();
        tokio::spawn(async move {
            let session = order.session.clone();
            let read = runs.off(move |shared| match find {
                Some(find) => tail::find(shared, &order, stream, from, &find),
                None => tail::read(shared, order, stream, from).map(News::Page),
            });
            match read.await {
                Ok(news) => runs.shared.say(news).await,
                Err(why) => runs.shared.trouble(&session, why).await,
            }
        });
    }

    /// The same for whoever waits for it.
    pub async fn page(&self, order: Order, stream: Stream, from: u64) -> Result<Page, String> {
        self.off(move |shared| tail::read(shared, order, stream, from)).await
    }

    /// Reads from the disk, beside everything that waits for nothing.
    async fn off<T: Send + 'static>(
        &self,
        read: impl FnOnce(&Shared) -> Result<T, String> + Send + 'static,
    ) -> Result<T, String> {
        let shared = self.shared.clone();
        let read = tokio::task::spawn_blocking(move || read(&shared)).await;
        read.unwrap_or_else(|error| Err(error.to_string()))
    }

    /// Ends sessions in which nothing runs; the others go on.
    pub async fn close(&self) {
        self.shared.forget_prepared(None);
        let sessions: Vec<Session> = lock(&self.shared.sessions).values().cloned().collect();
        let all = futures::future::join_all(sessions.iter().map(Session::leave));
        let _ = tokio::time::timeout(FAREWELL, all).await;
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
