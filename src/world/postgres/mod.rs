//! The database of the world: a `PostgreSQL` of version 15 as its clients see it, with everything that they hold.
//!
//! `state`, `pool` and `table` are what it is; `command`, `utility`, `select`, `expr` and what these use work out
//! statements over it; `serve` speaks the protocol.
mod admin;
mod aggregate;
mod cast;
mod catalog;
mod code;
mod command;
mod expr;
mod extended;
mod fault;
mod form;
mod from;
mod function;
mod login;
mod names;
mod operator;
mod parameter;
mod part;
mod pool;
mod select;
mod serve;
mod state;
mod statement;
mod table;
mod text;
mod title;
mod utility;
mod value;
mod views;
mod wire;
mod write;

#[cfg(test)]
mod tests;

pub use pool::{Facts, Pool, Work};
pub use serve::serve;
pub use state::{Database, Deed, Replica, Role};
pub use table::Table;
