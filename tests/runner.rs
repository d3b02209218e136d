//! The runner with real shells: what it runs, what it survives, and how it ends.
mod bench;
mod driver;
mod ends;
mod far;
mod life;
mod links;
mod output;
mod races;
mod stops;
mod terminal;
