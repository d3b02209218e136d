//! Docker engines: what runs in them, how it is, and what can be done about it.
//!
//! ```text
//! way (which socket or host) ─► hop (ssh, where needed) ─► client (HTTP with deadlines)
//!                                                             │
//!    engine (list, events, inspect, stats ─► rows)  deeds  inspect  logs  exec
//! ```
mod api;
mod client;
mod engine;
mod events;
mod facts;
mod hop;
mod way;

use std::sync::Arc;

use tokio::sync::watch;

use crate::domain::object::Kind;
use crate::sources::Outbox;
use crate::sources::backend::Access;
use crate::sources::supervise::{Signals, supervise};

use engine::{Engine, Watching};

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

    pub fn watch(&self, kinds: &[Kind]) {
        let wanted = kinds.contains(&Kind::Container);
        self.watched.send_if_modified(|watched| std::mem::replace(watched, wanted) != wanted);
    }
}
