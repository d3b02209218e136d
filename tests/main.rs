//! Tests that need nothing installed: `cargo test` alone runs them.
mod common;
mod fault;
