//! The runner with real shells: what it runs, what it survives, and how it ends.
mod bench;
mod driver;
mod ends;
mod life;
mod output;
mod stops;
mod terminal;
