//! Where the facts come from. A source says [`News`]; it never sees the model.
pub mod alerts;
pub mod backend;
pub mod docker;
pub mod documents;
pub mod http;
pub mod kubernetes;
pub mod logs;
pub mod postgres;
pub mod probes;
pub mod prometheus;
pub mod reason;
pub mod redis;
pub mod shell;
pub mod supervise;
pub mod taps;

use std::time::{SystemTime, UNIX_EPOCH};

use tokio::sync::mpsc;

use crate::domain::news::News;
use crate::domain::time::Timestamp;

/// Bounded: a source waits when the cockpit is busy, and logs count what they drop meanwhile.
pub type Outbox = mpsc::Sender<Vec<News>>;

/// The one clock of the sources; everything above them is told the time.
pub fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
