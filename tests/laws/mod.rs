//! Properties that hold whatever happens.
mod approval;
mod journal;
mod quoting;
mod running;
mod stories;
