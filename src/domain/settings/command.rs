//! What the operator says of commands that the built-in tables do not know, or know otherwise.
use crate::domain::approval::Tier;

/// One rule: calls that begin with these words are this risky.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommandRule {
    /// The tool, and the words behind it that tell its uses apart: `flyctl`, `machine`, `destroy`.
    pub words: Vec<String>,
    pub risk: Tier,
    /// Why, in a few words; empty when nobody said.
    pub why: String,
    pub marks: Vec<Mark>,
}

macro_rules! marks {
    ($($(#[$doc:meta])* $variant:ident $name:literal,)*) => {
        /// What a command is like, beside its risk.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Mark { $($(#[$doc])* $variant,)* }
        impl Mark {
            pub const ALL: &'static [Mark] = &[$(Mark::$variant,)*];
            /// As the config file writes it.
            pub fn name(self) -> &'static str { match self { $(Mark::$variant => $name,)* } }
        }
    };
}

marks! {
    /// Needs a terminal.
    Interactive "interactive",
    /// Never ends by itself.
    Endless "endless",
    LongRunning "long_running",
    /// Reads, prints or carries secrets.
    Secret "secret",
    WritesFile "writes_file",
    /// A heavy read.
    Heavy "heavy",
}
