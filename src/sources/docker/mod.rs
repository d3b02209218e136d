//! Docker engines: what runs in them, how it is, and what can be done about it.
//!
//! ```text
//! way (which socket or host) ─► hop (ssh, where needed) ─► client (HTTP with deadlines)
//!                                                             │
//!    engine (list, events, inspect, stats ─► rows)  deeds  inspect  logs  exec
//! ```
mod act;
mod api;
mod client;
mod engine;
mod events;
pub mod exec;
mod facts;
mod frames;
mod hop;
mod inspect;
mod logs;
mod look;
mod rights;
mod stats;
mod way;

use std::sync::Arc;

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use crate::domain::action::{Findings, Looked, Native, Outcome};
use crate::domain::news::Inspection;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::time::Timestamp;
use crate::sources::Outbox;
use crate::sources::backend::{Access, Backend, Report};
use crate::sources::supervise::{Signals, supervise};

use engine::{Engine, Watching};

pub use rights::May;

/// Every engine of a profile.
#[derive(Debug)]
pub struct Docker {
    engines: Vec<Arc<Engine>>,
    watched: watch::Sender<bool>,
}

/// Starts a source for each engine; they end with `signals`.
pub fn start(access: Vec<Access>, out: &Outbox, signals: &Signals) -> Arc<Docker> {
    let (watched, heard) = watch::channel(false);
    let engines: Vec<Arc<Engine>> = access.into_iter().map(|access| Arc::new(Engine::new(access))).collect();
    for engine in &engines {
        let source = Watching::new(engine.clone(), heard.clone());
        tokio::spawn(supervise(source, out.clone(), signals.clone()));
    }
    Arc::new(Docker { engines, watched })
}

impl Docker {
    fn engine(&self, name: &str) -> Result<&Arc<Engine>, String> {
        let engine = self.engines.iter().find(|engine| &*engine.name == name);
        engine.ok_or_else(|| format!("no engine is called `{name}`"))
    }
}

impl Backend for Docker {
    fn watch(&self, kinds: &[Kind]) {
        let wanted = kinds.contains(&Kind::Container);
        self.watched.send_if_modified(|watched| std::mem::replace(watched, wanted) != wanted);
    }

    fn look<'a>(&'a self, natives: &'a [Native]) -> BoxFuture<'a, Findings> {
        self.find_out(natives).boxed()
    }

    fn act<'a>(&'a self, looked: Looked, _: Timestamp, report: &'a Report) -> BoxFuture<'a, Outcome> {
        async move { self.perform(looked, report).await }.boxed()
    }

    fn inspect<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Inspection> {
        self.describe(target).boxed()
    }
}
