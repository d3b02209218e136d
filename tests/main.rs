//! Tests that need nothing installed: `cargo test` alone runs them.
#[cfg(test)]
mod acceptance;
#[cfg(test)]
mod common;
#[cfg(test)]
mod config;
#[cfg(test)]
mod deeds;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod documents;
#[cfg(test)]
mod effects;
#[cfg(test)]
mod execution;
#[cfg(test)]
mod fault;
#[cfg(test)]
mod incidents;
#[cfg(test)]
mod journeys;
#[cfg(test)]
mod judging;
#[cfg(test)]
mod laws;
#[cfg(test)]
mod layers;
#[cfg(test)]
mod manners;
#[cfg(test)]
mod outages;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod runbooks;
#[cfg(test)]
mod runner;
#[cfg(test)]
mod runs;
#[cfg(test)]
mod screens;
#[cfg(test)]
mod shells;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod watches;
