//! The database of the world: a `PostgreSQL` of version 15 as its clients see it, with everything that they hold.
//!
//! `state` and `pool` are what it is; `command`, `setting`, `select`, `expr` and what these use work out statements
//! over it; `serve` speaks the protocol.
mod catalog;
mod code;
mod command;
mod expr;
mod extended;
mod function;
mod login;
mod pool;
mod select;
mod serve;
mod setting;
mod state;
mod statement;
mod value;
mod wire;

#[cfg(test)]
pub(super) mod tests;

pub use pool::{Facts, Pool, Work};
pub use serve::serve;
pub use state::{Database, Role, Table};
