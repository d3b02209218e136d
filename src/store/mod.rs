//! What the program keeps on disk.
mod disk;
pub mod follow;
pub mod journal;
mod keeper;
mod places;
pub mod read;
mod repair;

pub use follow::Follower;
pub use journal::{Journal, JournalError, Setup};
pub use places::Places;
