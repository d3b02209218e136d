//! What the five documents need to be served, statement by statement: each test bears the number of its document and
//! of its statement. `FIREDECK_DOCUMENTS` says where the documents are; where it is not set, they are left out.
//! What needs a real backend stands in the services suite, under the same numbers.
mod alecs;
mod devops;
#[allow(dead_code, reason = "the other binary uses all of it")]
mod engine;
mod general;
mod hand;
mod hands;
mod legal;
mod lego;
mod lego_night;
mod lives;
mod paper;
#[allow(dead_code, reason = "the services suite uses the rest of it")]
mod shells;
mod utilities;

use crate::runs::bench;
