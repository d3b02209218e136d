//! Tools that live beside the cockpit: the runner, which owns the shell of a fence, and stand-ins for others' tools.
pub mod builtin;
pub mod runner;
