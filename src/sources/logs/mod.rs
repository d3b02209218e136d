//! Follows logs: one pod, what a selector matches, a namespace, what Compose keeps together, or what was marked.
//!
//! ```text
//! pods, engines (which containers) ─► session ─► stream ×64 (read, split, parse, resume)
//!                              ▲            │
//!                 merge (by time) ◄─────────┘
//!                   │
//!                 deliver (newest first to arrive, the rest counted) ─► the cockpit
//! ```
mod count;
mod deliver;
mod engines;
mod lines;
mod merge;
mod pods;
mod resume;
mod scope;
mod session;
mod stamp;
mod stream;
mod watching;
mod words;

use std::sync::Arc;

pub use count::{Counter, InView};

use tokio::sync::watch;

use super::Outbox;
use super::supervise::Signals;
use super::taps::Taps;
use crate::domain::log::{Follow, Lines};
use crate::domain::time::Timestamp;

/// The client of a context, as it is now; a new login replaces it.
pub type Clients = Arc<dyn Fn(&str) -> Option<kube::Client> + Send + Sync>;

/// Where logs are read: through the client of a context, or from an engine.
#[derive(Clone)]
struct Ways {
    clients: Clients,
    taps: Option<Arc<dyn Taps>>,
}

/// Parses the log of one container as it would be while it is followed.
pub fn parse(bytes: &[u8]) -> Vec<Lines> {
    let mut parser = lines::Parser::new(Arc::default());
    parser.feed(bytes);
    parser.ended();
    parser.take()
}

#[derive(Debug, Clone, Default)]
struct Order {
    follow: Option<Arc<Follow>>,
    since: Option<Timestamp>,
    /// How many containers are read at once.
    most: usize,
}

/// Tells the source what to follow. One thing at a time; the last word counts.
#[derive(Debug)]
pub struct Handle {
    orders: watch::Sender<Order>,
}

impl Handle {
    /// Follows from the last lines on, anew even if it is the same as before; `None` stops.
    ///
    /// Of many containers at most so many are read at once, each over a connection of its own.
    pub fn follow(&self, follow: Option<Follow>, most: usize) {
        let most = most.clamp(1, session::MOST);
        self.orders.send_replace(Order { follow: follow.map(Arc::new), since: None, most });
    }

    /// The same again, from an earlier time on.
    pub fn since(&self, since: Timestamp) {
        self.orders.send_modify(|order| order.since = Some(since));
    }
}

/// Starts the source; it ends with `signals`, or when the handle is gone.
pub fn start(clients: Clients, taps: Option<Arc<dyn Taps>>, out: Outbox, signals: Signals) -> Handle {
    let (orders, heard) = watch::channel(Order::default());
    tokio::spawn(serve(heard, Ways { clients, taps }, out, signals));
    Handle { orders }
}

async fn serve(mut orders: watch::Receiver<Order>, ways: Ways, out: Outbox, signals: Signals) {
    let cancel = signals.cancel.clone();
    loop {
        let order = orders.borrow_and_update().clone();
        // A new order drops the session, and with it every connection it held.
        let session = session::follow(order, ways.clone(), out.clone(), signals.child());
        tokio::select! {
            () = cancel.cancelled() => return,
            changed = orders.changed() => if changed.is_err() { return },
            () = async { session.await; std::future::pending().await } => {}
        }
    }
}

#[cfg(test)]
mod tests;
