//! What holds without anything installed.
#[cfg(test)]
mod deeds;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod watches;
