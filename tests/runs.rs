//! Runs of runbooks, worked through with real shells and a real journal.
mod back;
pub(crate) mod bench;
mod doubt;
mod looks;
mod places;
mod steps;
mod tidy;
