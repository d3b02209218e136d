//! Tests that need nothing installed: `cargo test` alone runs them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed, and a panic says so"
)]
mod common;
mod config;
mod deeds;
mod doctor;
mod fault;
mod laws;
mod layers;
mod manners;
mod outages;
mod screens;
mod shells;
mod watches;
