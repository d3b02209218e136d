//! Redis and Valkey: every node of every endpoint, over one held connection each.
mod answer;
mod connect;
mod deeds;
mod hub;
mod inspect;
mod member;
mod poll;
mod rights;
mod rows;
mod sample;
mod script;

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::watch;

use self::hub::Hub;
use self::member::Watched;
use self::poll::Poll;
use crate::domain::action::{Findings, Looked, Native, Outcome};
use crate::domain::news::Inspection;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::time::Timestamp;
use crate::sources::Outbox;
use crate::sources::backend::{Access, Backend, Report};
use crate::sources::supervise::{Signals, supervise};

struct Redis {
    hub: Hub,
    watched: watch::Sender<Watched>,
}

/// Begins to poll every endpoint.
pub fn start(access: Vec<Access>, out: &Outbox, signals: &Signals) -> Arc<dyn Backend> {
    let hub = Hub::default();
    let (watched, watching) = watch::channel(Watched::default());
    for (at, access) in access.into_iter().enumerate() {
        let poll = Poll::new(at, access, watching.clone(), hub.clone());
        tokio::spawn(supervise(poll, out.clone(), signals.clone()));
    }
    Arc::new(Redis { hub, watched })
}

impl Backend for Redis {
    fn watch(&self, kinds: &[Kind]) {
        let now = Watched {
            any: kinds.iter().any(|kind| kind.realm() == Kind::RedisNode.realm()),
            clients: kinds.contains(&Kind::Client),
            slow: kinds.contains(&Kind::SlowCall),
            keys: kinds.contains(&Kind::KeyGroup),
        };
        self.watched.send_if_modified(|before| std::mem::replace(before, now) != now);
    }

    fn look<'a>(&'a self, natives: &'a [Native]) -> BoxFuture<'a, Findings> {
        Box::pin(deeds::look(&self.hub, natives))
    }

    fn act<'a>(&'a self, looked: Looked, now: Timestamp, report: &'a Report) -> BoxFuture<'a, Outcome> {
        Box::pin(deeds::act(&self.hub, looked, now, report))
    }

    fn inspect<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Inspection> {
        Box::pin(inspect::inspect(&self.hub, target))
    }
}
