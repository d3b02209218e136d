//! `config check`: the config with everything beside it.
use std::path::{Path, PathBuf};

use super::merge::load;
use super::problem::{Problem, Problems, Source};
use super::request::Request;
use super::{file, profiles, settings, theme};

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
    // It was read with the config.
    looked.extend(
        dir.iter()
            .map(|dir| dir.join("keys.toml"))
            .filter(|path| path.is_file())
            .map(|path| path.display().to_string()),
    );
    let each = |folder: &str| -> Vec<(PathBuf, String)> {
        let Some(dir) = dir.as_ref().map(|dir| dir.join(folder)) else { return Vec::new() };
        super::listed(&dir).into_iter().map(|name| (dir.join(format!("{name}.toml")), name)).collect()
    };
    for (folder, paths) in [("profiles", each("profiles")), ("themes", each("themes"))] {
        for (path, name) in paths {
            looked.push(path.display().to_string());
            let found = file::read(&path).map_err(Problems::one).and_then(|source| match source {
                Some(source) => one(folder, &name, &source, dir.as_deref()),
                None => Ok(()),
            });
            problems.0.extend(found.err().unwrap_or_default().0);
        }
    }
    problems.sort();
    problems.0.dedup();
    if problems.is_empty() { Ok(looked) } else { Err(problems) }
}

/// One file alone. What it is to be is told by where it lies: a profile, a theme, a keymap, else a config.
pub fn check_file(request: &Request, path: &Path) -> Result<Vec<String>, Problems> {
    let shown = path.display().to_string();
    let Some(source) = file::read(path).map_err(Problems::one)? else {
        return Err(Problems::one(Problem::of(shown, "there is no such file", "")));
    };
    let part = |part: Option<&std::ffi::OsStr>| part.map(|text| text.to_string_lossy().into_owned());
    let folder = part(path.parent().and_then(Path::file_name)).unwrap_or_default();
    let name = part(path.file_stem()).unwrap_or_default();
    match if name == "keys" { "keys" } else { &folder } {
        known @ ("profiles" | "themes" | "keys") => {
            one(known, &name, &source, request.config_dir().as_deref())?;
        }
        _ => drop(load(&Request { config: Some(path.to_owned()), ..request.clone() })?),
    }
    Ok(vec![shown])
}

/// `dir` is where a profile's theme may be.
fn one(folder: &str, name: &str, source: &Source, dir: Option<&Path>) -> Result<(), Problems> {
    match folder {
        "profiles" => match profiles::parse(name, source)?.theme {
            Some(theme) => theme::named(&theme, source, dir).map(drop),
            None => Ok(()),
        },
        "themes" => theme::parse(name, source).map(drop),
        _ => settings::parse_keys(source).map(drop),
    }
}
