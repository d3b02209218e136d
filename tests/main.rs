//! What holds without anything installed.
#[cfg(test)]
mod outages;
#[cfg(test)]
mod watches;
