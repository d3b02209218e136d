//! What the five documents say must be so against real backends, under the numbers of their statements.
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../runs/bench.rs"]
mod bench;
mod devops;
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../acceptance/engine.rs"]
mod engine;
mod lego;
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../acceptance/paper.rs"]
mod paper;
#[allow(dead_code, reason = "this binary uses a part of it; the other one tests all of it")]
#[path = "../acceptance/shells.rs"]
mod shells;
mod utilities;
