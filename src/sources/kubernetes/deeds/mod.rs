//! Looking at one object and acting on it: everything that is not a stream.
//!
//! Objects are handled as plain JSON, so that fields of any version pass through untouched and a kind
//! costs no generated types. What is shown is made harmless here; what is sent back is not altered.
mod act;
mod api;
mod describe;
mod drain;
mod facts;
mod inspect;
mod kept;
mod look;
mod orders;
mod pick;
mod revisions;
mod shell;
mod tree;
mod verify;
mod wrote;
mod yaml;

pub use act::{Report, act};
pub use inspect::inspect;
pub use kept::{keep, page};
pub use look::look;
pub use shell::shell;
