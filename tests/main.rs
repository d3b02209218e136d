//! Tests that need nothing installed.
#![allow(clippy::expect_used, clippy::unwrap_used, clippy::panic)] // a test fails by panicking
mod common;
mod config;
mod laws;
mod screens;
