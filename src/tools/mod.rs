//! Tools that live beside the cockpit: the runner, which owns the shell of a fence.
pub mod runner;
