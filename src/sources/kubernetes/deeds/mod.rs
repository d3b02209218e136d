//! Looking at one object and acting on it: everything that is not a stream.
//!
//! Objects are handled as plain JSON, so that fields of any version pass through untouched and a kind
//! costs no generated types. What is shown is made harmless here; what is sent back is not altered.
mod api;
mod describe;
mod facts;
mod inspect;
mod look;
mod pick;
mod revisions;
mod tree;
mod yaml;

pub use inspect::inspect;
pub use look::look;
