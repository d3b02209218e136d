//! What holds without anything installed.
mod outages;
