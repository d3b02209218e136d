//! Everything that needs nothing installed.
mod laws;
mod screens;
