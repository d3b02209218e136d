//! Tests that need nothing installed.
mod common;
mod screens;
