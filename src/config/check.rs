//! `config check`: the config with everything beside it.
use std::path::PathBuf;

use super::merge::load;
use super::problem::Problems;
use super::request::Request;
use super::{file, profiles, theme};

/// Checks one file, or the config with every keymap, profile and theme beside it; says what was looked at.
pub fn check(request: &Request) -> Result<Vec<String>, Problems> {
    let mut problems = Problems::default();
    let mut looked: Vec<String> = Vec::new();
    match load(request) {
        Ok(effective) => {
            looked
                .extend(effective.shown.into_iter().filter(|row| row.name == "config").map(|row| row.value));
        }
        Err(found) => problems.0.extend(found.0),
    }
    let dir = request.config_dir();
    let each = |folder: &str| -> Vec<(PathBuf, String)> {
        let Some(dir) = dir.as_ref().map(|dir| dir.join(folder)) else { return Vec::new() };
        super::listed(&dir).into_iter().map(|name| (dir.join(format!("{name}.toml")), name)).collect()
    };
    for (folder, paths) in [("profiles", each("profiles")), ("themes", each("themes"))] {
        for (path, name) in paths {
            looked.push(path.display().to_string());
            let found = file::read(&path).map_err(Problems::one).and_then(|source| match source {
                Some(source) if folder == "profiles" => profiles::parse(&name, &source).map(drop),
                Some(source) => theme::parse(&name, &source).map(drop),
                None => Ok(()),
            });
            problems.0.extend(found.err().unwrap_or_default().0);
        }
    }
    problems.sort();
    problems.0.dedup();
    if problems.is_empty() { Ok(looked) } else { Err(problems) }
}
