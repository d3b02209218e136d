//! Everything that was set, merged and checked: what `model` keeps and `config` makes.
use std::path::PathBuf;

use super::theme::Depth;
use super::{CommandRule, Keymap, Profile, Theme};

/// The effective settings of this run.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// With the flags applied: its contexts, namespaces and guards are those of this run.
    pub profile: Profile,
    pub theme: Theme,
    /// Instead of that one while a context of this name is in view; empty where a theme was asked for by a flag.
    pub context_themes: Vec<(String, Theme)>,
    pub keymap: Keymap,
    pub depth: Depth,
    /// Merged in this order; empty means the usual place, or the pod we run in.
    pub kubeconfig: Vec<PathBuf>,
    pub namespaces_from: NamespacesFrom,
    pub logs: LogLimits,
    /// What is known of commands besides the built-in tables.
    pub commands: Vec<CommandRule>,
    pub mouse: bool,
    pub borders: Borders,
    pub clipboard: Clipboard,
    pub log_level: LogLevel,
}

impl Settings {
    /// Whether borders and signs keep to ASCII.
    pub fn ascii(&self) -> bool {
        self.borders == Borders::Ascii
    }
}

/// Where the namespaces in view come from, as a question shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum NamespacesFrom {
    /// Nobody named one: the kubeconfig decides.
    #[default]
    Kubeconfig,
    Config,
    Profile,
    Flag,
}

impl NamespacesFrom {
    pub fn name(self) -> &'static str {
        match self {
            NamespacesFrom::Kubeconfig => "kubeconfig",
            NamespacesFrom::Config => "config",
            NamespacesFrom::Profile => "profile",
            NamespacesFrom::Flag => "flag",
        }
    }
}

/// How much of the logs is kept and followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogLimits {
    pub buffer_bytes: usize,
    pub streams: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        LogLimits { buffer_bytes: 64 << 20, streams: 64 }
    }
}

macro_rules! choices {
    ($($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident $text:literal,)* })*) => {
        $($(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
        pub enum $name { $($(#[$vdoc])* $variant,)* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];
            /// As the config file writes it.
            pub fn name(self) -> &'static str { match self { $($name::$variant => $text,)* } }
        })*
    };
}

choices! {
    Borders {
        #[default]
        Unicode "unicode",
        Ascii "ascii",
    }
    /// Where a copied text goes.
    Clipboard {
        /// Through the terminal (OSC 52) and through the desktop's own program.
        #[default]
        Both "both",
        Terminal "terminal",
        Local "local",
        Off "off",
    }
    LogLevel {
        Off "off",
        Error "error",
        Warn "warn",
        #[default]
        Info "info",
        Debug "debug",
        Trace "trace",
    }
}
