//! Everything that can be tested with nothing installed.
#[cfg(test)]
mod laws;
