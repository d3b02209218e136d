//! Where the facts come from. A source says [`News`]; it never sees the model.
pub mod kubernetes;
pub mod logs;
pub mod supervise;

use tokio::sync::mpsc;

use crate::domain::news::News;

/// Bounded: a source waits when the cockpit is busy, and logs count what they drop meanwhile.
pub type Outbox = mpsc::Sender<Vec<News>>;
