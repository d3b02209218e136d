//! Everything that can be tested with nothing installed.
#[cfg(test)]
mod common;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod manners;
