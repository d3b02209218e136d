//! Finds a profile: in the config file, in `profiles/NAME.toml` beside it, or built in.
use std::path::Path;

use super::problem::{Problem, Problems, Source};
use super::profile::{self, ProfileFile};
use super::reader::Reader;
use super::{file, meant};

/// Name and text of every profile that is built in.
pub const BUILT_IN: [(&str, &str); 5] = [
    ("lego-mcp", include_str!("../../assets/profiles/lego-mcp.toml")),
    ("devops-mcp", include_str!("../../assets/profiles/devops-mcp.toml")),
    ("dev-utilities", include_str!("../../assets/profiles/dev-utilities.toml")),
    ("alecs", include_str!("../../assets/profiles/alecs.toml")),
    ("legal-platform", include_str!("../../assets/profiles/legal-platform.toml")),
];

/// A profile with the file it stands in.
#[derive(Debug)]
pub(super) struct Found {
    pub file: ProfileFile,
    pub source: Source,
}

pub(super) fn parse(name: &str, source: &Source) -> Result<ProfileFile, Problems> {
    Reader::new(source).read(|table| profile::read(name, table))
}

/// `wanted_by` names the flag, variable or place that asked for it, for the error.
pub(super) fn find(
    name: &str,
    config: (&[ProfileFile], &Source),
    dir: Option<&Path>,
    wanted_by: &Problem,
) -> Result<Found, Problems> {
    if let Some(file) = config.0.iter().find(|profile| profile.name == name) {
        return Ok(Found { file: file.clone(), source: config.1.clone() });
    }
    if profile::name_is_good(name)
        && let Some(dir) = dir
        && let Some(source) =
            file::read(&dir.join("profiles").join(format!("{name}.toml"))).map_err(Problems::one)?
    {
        return Ok(Found { file: parse(name, &source)?, source });
    }
    if let Some(source) = built_in(name) {
        return Ok(Found { file: parse(name, &source)?, source });
    }
    let names = names(config.0.iter().map(|profile| profile.name.as_str()), dir);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Err(Problems::one(wanted_by.with_help(meant::help(name, &names))))
}

pub(super) fn built_in(name: &str) -> Option<Source> {
    let (_, text) = BUILT_IN.iter().find(|(known, _)| *known == name)?;
    Some(Source { name: format!("profile `{name}` (built in)"), text: (*text).to_owned() })
}

/// Every profile that can be named, each once.
pub fn names<'a>(in_config: impl Iterator<Item = &'a str>, dir: Option<&Path>) -> Vec<String> {
    let mut names: Vec<String> = in_config.map(str::to_owned).collect();
    names.extend(dir.map(|dir| super::listed(&dir.join("profiles"))).unwrap_or_default());
    names.extend(BUILT_IN.iter().map(|(name, _)| (*name).to_owned()));
    let mut seen = std::collections::BTreeSet::new();
    names.retain(|name| seen.insert(name.clone()));
    names
}
