//! Where a journal may be: the usual place, and the one for when that refuses.
use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::disk::{Disk, Local};
use crate::incident::event::EventId;

/// Two directories that hold `journal/<incident>/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub first: PathBuf,
    pub second: PathBuf,
}

impl Places {
    /// `var` reads the environment.
    pub fn new(var: impl Fn(&str) -> Option<OsString>) -> Places {
        let absolute = |name| var(name).map(PathBuf::from).filter(|path| path.is_absolute());
        let shared = || PathBuf::from(format!("/tmp/firedeck-{}", rustix::process::getuid().as_raw()));
        let second = absolute("XDG_RUNTIME_DIR").map_or_else(shared, |run| run.join("firedeck"));
        let state = absolute("XDG_STATE_HOME").or_else(|| Some(absolute("HOME")?.join(".local/state")));
        // A user without a home keeps the journal where the emergency one would be.
        let first = state.map_or_else(shared, |state| state.join("firedeck"));
        Places { first, second }
    }

    /// Where sessions are: in the usual place, else in the emergency one. It is made, for this user alone.
    pub fn sessions(&self) -> std::io::Result<PathBuf> {
        let home = self.first.join(SESSIONS);
        let Err(error) = Local.make_dir(&home) else { return Ok(home) };
        let away = self.second.join(SESSIONS);
        if self.second == self.first || Local.make_own_dir(&self.second, &away).is_err() {
            return Err(std::io::Error::other(format!("`{}`: {error}", home.display())));
        }
        Ok(away)
    }

    /// Both places of sessions; the second only where nobody else can have put something there.
    pub fn all_sessions(&self) -> Vec<PathBuf> {
        let second = (self.second != self.first && ours_alone(&self.second).is_ok()).then_some(&self.second);
        std::iter::once(&self.first).chain(second).map(|base| base.join(SESSIONS)).collect()
    }
}

/// Beside `journal`.
const SESSIONS: &str = "sessions";

pub(super) fn directory(base: &Path, incident: &str) -> PathBuf {
    base.join("journal").join(name(incident, 120))
}

/// A name from outside as one harmless path component of its own.
pub(super) fn name(text: &str, longest: usize) -> String {
    let clean: String = text
        .chars()
        .take(longest)
        .map(|c| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '_' })
        .collect();
    match clean.trim_start_matches('.') {
        "" => "_".into(),
        rest => rest.into(),
    }
}

/// A file beside the journal that belongs to an event.
pub(super) fn beside(id: &EventId, label: &str) -> String {
    format!("{}.{}.{}", id.writer, id.n, name(label, 80))
}

/// A directory that others could have made before us must be ours alone.
pub(super) fn ours_alone(dir: &Path) -> std::io::Result<()> {
    let found = fs::symlink_metadata(dir)?;
    let why = if found.file_type().is_symlink() {
        "is a link"
    } else if !found.is_dir() {
        "is not a directory"
    } else if found.uid() != rustix::process::getuid().as_raw() {
        "belongs to another user"
    } else if found.mode() & 0o077 != 0 {
        "is open to other users; run `chmod 700` on it"
    } else {
        return Ok(());
    };
    Err(std::io::Error::other(format!("`{}` {why}", dir.display())))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn the_places_follow_the_environment_and_ignore_relative_paths() {
        let env = |pairs: &'static [(&str, &str)]| {
            Places::new(move |name| pairs.iter().find(|(n, _)| *n == name).map(|(_, value)| value.into()))
        };
        let uid = rustix::process::getuid().as_raw();
        let places = env(&[("XDG_STATE_HOME", "/s"), ("HOME", "/h"), ("XDG_RUNTIME_DIR", "/run/u")]);
        assert_eq!(places, Places { first: "/s/firedeck".into(), second: "/run/u/firedeck".into() });
        let places = env(&[("XDG_STATE_HOME", "relative"), ("HOME", "/h")]);
        let second = PathBuf::from(format!("/tmp/firedeck-{uid}"));
        assert_eq!(places, Places { first: "/h/.local/state/firedeck".into(), second });
    }

    #[test]
    fn no_name_leaves_its_directory() {
        assert_eq!(name("../../etc/passwd", 99), "_.._etc_passwd");
        assert_eq!(name("..", 99), "_");
        assert_eq!(name("INC-42", 99), "INC-42");
        assert_eq!(name("a\nb\u{202e}", 99), "a_b_");
    }

    #[test]
    fn a_directory_that_another_could_read_or_swap_is_refused() {
        let dir = tempfile::tempdir().expect("a directory");
        let (open, link, own) = (dir.path().join("open"), dir.path().join("link"), dir.path().join("own"));
        for made in [&open, &own] {
            fs::create_dir(made).expect("made");
        }
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("set");
        fs::set_permissions(&own, fs::Permissions::from_mode(0o700)).expect("set");
        std::os::unix::fs::symlink(&own, &link).expect("linked");
        assert!(ours_alone(&own).is_ok());
        assert!(ours_alone(&open).is_err() && ours_alone(&link).is_err());
    }
}
