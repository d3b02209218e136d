//! Tests against real backends. `tests/services/run` starts them and says in the environment where they are;
//! whatever is absent is a failure, never a test left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test that cannot go on has failed, and a panic says so"
)]
mod acceptance;
mod alerts;
mod all_sources;
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../runner/bench.rs"]
mod bench;
mod by_hand;
mod certificates;
mod changes;
mod clients;
mod cluster;
mod cockpit;
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../common/mod.rs"]
mod common;
mod compose;
mod counts;
mod deeds;
mod docker;
mod doctor;
mod engines;
mod faults;
mod feeds;
mod hostile;
mod logs;
mod nodes;
mod objects;
mod outages;
mod own;
mod pictures;
mod pods;
mod postgres;
mod probes;
mod redis;
mod remote_runner;
mod suite;
mod taps;
mod world;
