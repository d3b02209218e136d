//! Documents, runbooks and their steps, read from Markdown as teams have written it.
//!
//! [`document`] finds the blocks of a file, [`catalogue`] the runbooks and steps in them, [`placeholder`] the
//! values to fill in, [`facts`] the tables and lists around them. [`suggest`] ranks a catalogue for an alert,
//! [`lint`] says what an author should mend. [`binding`] puts values in, [`execution`] keeps one run of a runbook,
//! [`order`] makes of a command what is asked and sent, [`judge`] says what it came to.
pub mod binding;
pub mod by_hand;
pub mod catalogue;
pub mod document;
pub mod execution;
pub mod facts;
pub mod json;
pub mod judge;
pub mod lint;
pub mod order;
pub mod placeholder;
pub mod suggest;
pub mod types;
mod words;

pub use types::{Command, Document, Fact, Kind, Mode, Note, Row, Runbook, Status, Step, StepKind};
