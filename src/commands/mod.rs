//! What a command means: shell text becomes statements, each with its risk and the reason for it.
//!
//! Text is parsed, never matched with regular expressions. [`shell`] cuts a text into statements and walks
//! everything that would run in each of them; [`tools`] says what one call of one tool does; [`effect`]
//! says how to find out, without changing anything, what a statement would hit.
pub mod console;
pub mod effect;
mod layout;
pub mod shell;
pub mod statement;
pub mod tools;

pub use statement::{Lang, Role, Script, Source, Statement, Traits};

/// Reads a text in this language; whatever the bytes, it answers, in linear time.
pub fn read(source: Source<'_>, lang: Lang, tables: &tools::Tables) -> Script {
    match lang {
        Lang::Shell => shell::read(source, tables),
        Lang::Sql | Lang::Redis | Lang::PowerShell | Lang::Query => console::read(source, lang, tables),
    }
}
