//! Rollouts: how far one is, why one does not move, and how two revisions differ.
mod cause;
mod differ;
mod progress;

pub use cause::{Cause, NodeReady, Scene, causes, why_stuck};
pub use differ::{differ, images};
pub use progress::{Progress, progress};
