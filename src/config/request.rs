//! What was asked for, and what came of it: the two ends of a merge.
use std::fmt;
use std::path::{Path, PathBuf};

use super::place::Env;
use crate::domain::settings::values::LogLevel;
use crate::domain::settings::{Backend, Settings};

/// What was asked for on the command line, and what the environment said. Kept, so that a changed file
/// is merged with the same flags again.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Request {
    pub config: Option<PathBuf>,
    pub profile: Option<String>,
    pub contexts: Vec<String>,
    pub namespaces: Vec<String>,
    pub read_only: bool,
    /// The big screen: read-only, and in the theme of its name.
    pub wall: bool,
    pub theme: Option<String>,
    pub log_level: Option<LogLevel>,
    pub kubeconfig: Vec<PathBuf>,
    /// Servers named on the command line; they stand in place of the profile's of the same kind.
    pub endpoints: Vec<(Backend, String)>,
    pub env: Env,
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Origin {
    #[default]
    Default,
    File {
        name: String,
        line: usize,
    },
    Env(&'static str),
    Flag(&'static str),
}

impl fmt::Display for Origin {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Origin::Default => out.write_str("default"),
            Origin::File { name, line } => write!(out, "{name}:{line}"),
            Origin::Env(name) => write!(out, "${name}"),
            Origin::Flag(name) => write!(out, "{name}"),
        }
    }
}

/// One line of `config show`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    pub name: String,
    pub value: String,
    pub origin: Origin,
}

/// The settings of this run, how they came about, and the directories whose change matters.
#[derive(Debug, Clone, PartialEq)]
pub struct Effective {
    pub settings: Settings,
    pub shown: Vec<Shown>,
    pub directories: Vec<PathBuf>,
}

impl Request {
    /// The config file, whether somebody named it, and who.
    pub(super) fn config_path(&self) -> Option<(PathBuf, Origin)> {
        if let Some(path) = &self.config {
            return Some((path.clone(), Origin::Flag("--config")));
        }
        if let Some(path) = self.env.given("FIREDECK_CONFIG") {
            return Some((PathBuf::from(path), Origin::Env("FIREDECK_CONFIG")));
        }
        self.env.config_dir().map(|dir| (dir.join("config.toml"), Origin::Default))
    }

    /// The config file, whether it is there or not.
    pub fn config_file(&self) -> Option<PathBuf> {
        self.config_path().map(|(path, _)| path)
    }

    /// Where themes, profiles and the keymap are: beside the config file that is used.
    pub fn config_dir(&self) -> Option<PathBuf> {
        let path = self.config_path()?.0;
        match path.parent() {
            Some(dir) if dir.as_os_str().is_empty() => Some(PathBuf::from(".")),
            dir => dir.map(Path::to_owned),
        }
    }
}
