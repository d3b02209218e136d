//! Rollouts: how far one is, why one does not move, and how two revisions differ.
mod cause;
mod differ;
mod progress;
mod scene;

pub use cause::{Cause, Eviction};
pub use differ::{differ, images};
pub use progress::{Progress, progress};
pub use scene::{NodeReady, Scene, causes, why_stuck};
