//! What a command means: shell text becomes statements, each with its risk and the reason for it.
//!
//! Text is parsed, never matched with regular expressions. [`shell`] cuts a text into statements and walks
//! everything that would run in each of them; [`tools`] says what one call of one tool does.
pub mod shell;
pub mod statement;
pub mod tools;

pub use statement::{Lang, Role, Script, Source, Statement, Traits};
