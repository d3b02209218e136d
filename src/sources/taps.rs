//! How a log is tapped where there is no Kubernetes: what the source of logs asks, and an engine answers.
use std::pin::Pin;

use futures::AsyncBufRead;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::domain::Text;
use crate::domain::vital::LinesAsked;

/// The containers of every engine, and the way to their logs.
pub trait Taps: Send + Sync + 'static {
    /// The containers of an engine as they are now; an error where it is not connected.
    fn containers(&self, engine: &str) -> Result<Vec<Tapped>, String>;

    /// Moves whenever an engine's containers changed; `None` where nothing is called so.
    fn changes(&self, engine: &str) -> Option<watch::Receiver<u64>>;

    /// Follows the log of one container by its id: lines with their times in RFC 3339 before them.
    fn open(&self, engine: &str, id: &str, from: From) -> BoxFuture<'static, Result<Tap, NoLog>>;
}

/// An open log. It ends when the container's run does.
pub type Tap = Pin<Box<dyn AsyncBufRead + Send>>;

/// Where reading begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum From {
    /// So many lines before now.
    Tail(i64),
    /// A second since the epoch.
    Since(i64),
    Beginning,
}

/// Why there is nothing to be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoLog {
    /// The container is gone.
    Gone,
    Forbidden {
        needs: String,
    },
    /// It is kept elsewhere; trying again brings nothing.
    Elsewhere {
        why: String,
    },
    /// Anything else; it may work again.
    Broken {
        why: String,
    },
}

/// One container of an engine.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tapped {
    pub id: Text,
    /// When its run began; `None` where it never did. Its log goes on from run to run.
    pub run: Option<i64>,
    pub name: Text,
    pub project: Text,
    pub service: Text,
    pub running: bool,
    /// It did its work and ended well; nobody waits for it to run again.
    pub done: bool,
    pub restarts: u32,
    /// How its last run ended: `137 (OOMKilled)`.
    pub ended: Option<Text>,
    /// What it does, in a word.
    pub word: Text,
}

/// Who reads logs once and counts what is found in them.
pub trait Counts: Send + Sync + 'static {
    /// An error where nothing of it could be read.
    fn count<'a>(&'a self, asked: &'a LinesAsked) -> BoxFuture<'a, Result<Counted, String>>;
}

/// Lines that have a word.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    pub lines: u64,
    /// The last of them with their times before them, each with where it is from; the newest last.
    pub last: Vec<(String, String)>,
    /// Containers that were read.
    pub read: usize,
    /// What was left out: then there may be more lines.
    pub missed: Vec<String>,
}
