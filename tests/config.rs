//! Settings from outside in: every mistake says exactly what it should, and every sub-command works.
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use firedeck::config::{self, Env, Request, Source};
use firedeck::domain::settings::limit::FactSource;
use firedeck::domain::settings::{Action, Key, Scope};
use proptest::prelude::*;

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/bad-config")
}

/// The program in an empty world: nothing of the one who tests has a say.
fn firedeck(home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_firedeck"));
    command.env_clear().env("HOME", home).env("TERM", "xterm-256color").current_dir(home);
    command
}

fn stdout(command: &mut Command) -> String {
    String::from_utf8(command.assert().success().get_output().stdout.clone()).expect("UTF-8")
}

fn stderr(command: &mut Command, code: i32) -> String {
    String::from_utf8(command.assert().code(code).get_output().stderr.clone()).expect("UTF-8")
}

/// Every `.toml` below a directory, by its path from there.
fn tomls(dir: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for folder in ["", "profiles", "themes"] {
        let entries = fs::read_dir(dir.join(folder)).expect("a directory of fixtures");
        let names = entries.map(|entry| Path::new(folder).join(entry.expect("an entry").file_name()));
        all.extend(names.filter(|path| path.extension().is_some_and(|end| end == "toml")));
    }
    all.sort();
    all
}

/// `FIREDECK_BLESS=1` writes what is said now; it is read by a person before it is kept.
#[test]
fn every_bad_file_says_exactly_what_is_wrong() {
    let home = tempfile::tempdir().expect("a directory");
    let dir = fixtures();
    let all = tomls(&dir);
    assert!(all.len() > 40, "the fixtures are gone");
    let mut wrong = Vec::new();
    for path in all {
        let mut command = firedeck(home.path());
        command.current_dir(&dir).args(["config", "check"]).arg(&path);
        let said = stderr(&mut command, 1);
        let expected = dir.join(path.with_extension("stderr"));
        if std::env::var_os("FIREDECK_BLESS").is_some() {
            fs::write(&expected, &said).expect("written");
        }
        if fs::read_to_string(&expected).unwrap_or_default() != said {
            wrong.push(format!("{}:\n{said}", path.display()));
        }
        assert!(!said.contains("hunter2"), "a secret is shown:\n{said}");
    }
    assert!(wrong.is_empty(), "these say something else now:\n\n{}", wrong.join("\n"));
}
