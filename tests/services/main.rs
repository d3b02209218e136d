//! Tests against real backends. `tests/services/run` starts them and says in the environment where they are;
//! whatever is absent is a failure, never a test left out.
mod cluster;
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../common/mod.rs"]
mod common;
mod faults;
mod suite;
