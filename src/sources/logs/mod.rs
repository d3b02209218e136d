//! Logs.
mod lines;
mod resume;
mod stamp;
