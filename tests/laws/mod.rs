//! Properties that hold whatever happens.
mod journal;
