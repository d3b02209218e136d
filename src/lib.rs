//! A terminal incident cockpit.
pub mod app;
pub mod cli;
pub mod config;
pub mod domain;
pub mod incident;
pub mod model;
pub mod panes;
pub mod sources;
pub mod store;
pub mod update;
pub mod view;
