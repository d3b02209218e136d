//! The config file that `config init` writes.
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};

use super::problem::Problem;

/// Everything that can be set, as comments with the usual values.
pub const TEXT: &str = include_str!("starter.toml");

/// Writes it to `path`; what is there already is never touched.
pub fn write(path: &Path) -> Result<PathBuf, Problem> {
    let name = path.display().to_string();
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => Problem::of(
            &name,
            "is there already, and is not overwritten",
            "move it away, or name another file",
        ),
        _ => Problem::of(&name, format!("cannot be written: {error}"), ""),
    };
    if let Some(dir) = path.parent().filter(|dir| !dir.as_os_str().is_empty()) {
        fs::create_dir_all(dir).map_err(cannot)?;
    }
    let mut file = OpenOptions::new().write(true).create_new(true).open(path).map_err(cannot)?;
    file.write_all(TEXT.as_bytes()).and_then(|()| file.sync_all()).map_err(cannot)?;
    Ok(path.to_owned())
}
