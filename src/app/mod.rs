//! The outside: the terminal.
pub mod clipboard;
pub mod full;
pub mod input;
mod keys;
pub mod screen;
pub mod signals;
pub mod terminal;
