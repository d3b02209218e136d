//! Reads, checks, merges and watches settings: config file, keymap, themes, profiles, environment, flags.
//!
//! Files are walked by hand, so that every mistake is told with its line, not the first alone; `merge`
//! keeps where each value came from.
mod check;
mod commands;
mod endpoints;
mod facts;
mod file;
mod keys;
mod meant;
mod merge;
mod options;
mod place;
mod problem;
mod profile;
mod profiles;
mod reader;
mod request;
mod secret;
mod settings;
pub mod starter;
pub mod theme;
mod watch;
mod web;

use std::path::Path;

pub use check::{check, check_file};
pub use merge::load;
pub use options::{Options, Target, View};
pub use place::{Env, speaks_utf8};
pub use problem::{Problem, Problems, Source};
pub use profiles::{BUILT_IN as PROFILES, names as profile_names};
pub use request::{Effective, Origin, Request, Shown};
pub use secret::{DEADLINE as SECRET_DEADLINE, SecretError, resolve as resolve_secret};
pub use watch::{Watch, watch};

/// The names of the `.toml` files in a directory, sorted; none when it cannot be listed.
fn listed(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| Some(entry.ok()?.file_name().to_str()?.strip_suffix(".toml")?.to_owned()))
        .filter(|name| profile::name_is_good(name))
        .take(1_000)
        .collect();
    names.sort();
    names
}

/// Whether these bytes are a config file without a mistake; used by tests that throw anything at it.
pub fn check_bytes(name: &str, bytes: Vec<u8>) -> Result<(), Problems> {
    let source = file::from_bytes(name.to_owned(), bytes).map_err(Problems::one)?;
    settings::parse(&source).map(drop)
}

/// The same for a profile's file.
pub fn check_profile(name: &str, source: &Source) -> Result<crate::domain::settings::Profile, Problems> {
    profiles::parse(name, source).map(merge::whole)
}
