//! Runs of runbooks, worked through with real shells and a real journal.
mod bench;
mod looks;
mod steps;
