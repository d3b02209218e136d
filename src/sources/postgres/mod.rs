//! `PostgreSQL`, versions 12 to 18: one held connection for each server, whose poll an action cancels.
mod act;
pub(super) mod address;
mod board;
mod effect;
mod inspect;
mod kinds;
pub(super) mod link;
mod look;
mod poll;
mod query;
mod read;
mod rounds;
mod rows;
mod shown;
mod sql;
pub(super) mod tls;
mod value;
mod writes;

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::BoxFuture;
use tokio::sync::watch;

use super::Outbox;
use super::backend::{Access, Backend, Report, unreadable};
use super::supervise::{Signals, supervise};
use crate::domain::Text;
use crate::domain::action::{Findings, Looked, Native, Outcome};
use crate::domain::database::Tree;
use crate::domain::news::Inspection;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::time::Timestamp;
use board::Board;
use link::Link;
use poll::Poll;

/// What the poll of a server and the actions on it share.
struct Server {
    link: Link,
    board: Mutex<Board>,
    /// Who waits for whom, as last seen.
    tree: Mutex<Tree>,
    /// A person wants the reserved role's way in, until there is room again.
    rescue: AtomicBool,
}

struct Postgres {
    servers: Vec<Arc<Server>>,
    watch: watch::Sender<Vec<Kind>>,
}

/// Connects to every server and keeps looking at it.
pub fn start(access: Vec<Access>, out: &Outbox, signals: &Signals) -> Arc<dyn Backend> {
    let (watch, watched) = watch::channel(Vec::new());
    let begin = |access| {
        let server = Arc::new(Server {
            link: Link::new(access),
            board: Mutex::default(),
            tree: Mutex::default(),
            rescue: AtomicBool::new(false),
        });
        let poll = Poll::new(server.clone(), watched.clone());
        tokio::spawn(supervise(poll, out.clone(), signals.clone()));
        server
    };
    let servers = access.into_iter().map(begin).collect();
    Arc::new(Postgres { servers, watch })
}

impl Postgres {
    fn server(&self, name: &Text) -> Option<Arc<Server>> {
        self.servers.iter().find(|server| server.link.name == *name).cloned()
    }
}

impl Backend for Postgres {
    fn watch(&self, kinds: &[Kind]) {
        self.watch.send_if_modified(|watched| {
            let changed = watched != kinds;
            *watched = kinds.to_vec();
            changed
        });
    }

    fn look<'a>(&'a self, natives: &'a [Native]) -> BoxFuture<'a, Findings> {
        look::look(|name| self.server(name), natives).boxed()
    }

    fn act<'a>(&'a self, looked: Looked, _: Timestamp, report: &'a Report) -> BoxFuture<'a, Outcome> {
        let server = self.server(&looked.native.target.context);
        async move {
            match server {
                Some(server) => act::act(&server, looked, report).await,
                None => Outcome::Refused { why: "no such server is named".into() },
            }
        }
        .boxed()
    }

    fn rescue(&self, endpoint: &Text) {
        if let Some(server) = self.server(endpoint) {
            server.rescue.store(true, Ordering::Release);
        }
    }

    fn inspect<'a>(&'a self, target: &'a ObjectRef) -> BoxFuture<'a, Inspection> {
        let server = self.server(&target.context);
        async move {
            match server {
                Some(server) => inspect::inspect(&server, target).await,
                None => unreadable(target, "no such server is named"),
            }
        }
        .boxed()
    }
}
