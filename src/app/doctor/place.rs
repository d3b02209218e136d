//! This box: settings, terminal, and where the journal goes.
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::json;

use super::report::{Finding, Section, Status};
use crate::app::clipboard;
use crate::config::{Options, speaks_utf8};
use crate::domain::settings::theme::Depth;
use crate::domain::settings::values::Clipboard;
use crate::store::Places;

/// A file system that does not answer is as good as none.
const WITHIN: Duration = Duration::from_secs(3);
/// A journal of a bad night, with evidence, takes a few megabytes.
const ROOM: u64 = 100 << 20;

fn var(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

pub(super) fn settings(options: &Options) -> Section {
    let settings = &options.effective.settings;
    let config = match options.request.config_file() {
        None => Finding::new("config", Status::Warning, "no place for a config file: $HOME is not set")
            .remedy("name a file with --config"),
        Some(path) if path.exists() => {
            Finding::new("config", Status::Good, path.display().to_string()).data(json!({"path": path}))
        }
        Some(path) => {
            let says = format!("{} is not there; the defaults hold", path.display());
            Finding::new("config", Status::Plain, says).remedy("firedeck config init")
        }
    };
    let profile = &settings.profile;
    let named = if profile.name.is_empty() { "none" } else { &profile.name };
    let mut says = named.to_owned();
    for (on, word) in [(profile.protected, "protected"), (profile.read_only, "read-only")] {
        if on {
            says = format!("{says}, {word}");
        }
    }
    let profile = Finding::new("profile", Status::Good, says).data(json!({
        "name": profile.name, "protected": profile.protected, "read_only": profile.read_only,
    }));
    let log = match &options.log {
        Ok(path) => Finding::new("log", Status::Good, path.display().to_string()).data(json!({"path": path})),
        Err(why) => Finding::new("log", Status::Warning, format!("not written: {why}")),
    };
    Section::new("settings", vec![config, profile, log])
}

/// Whether text beyond ASCII may be printed.
pub(super) fn utf8(options: &Options) -> bool {
    options.request.env.locale().is_some_and(|(_, locale)| speaks_utf8(locale))
}

pub(super) fn terminal(options: &Options) -> Section {
    let size = match rustix::termios::tcgetwinsize(rustix::stdio::stdout()) {
        Ok(size) if size.ws_col > 0 => {
            let (columns, rows) = (size.ws_col, size.ws_row);
            let roomy = columns >= 80 && rows >= 24;
            let finding = Finding::new(
                "size",
                if roomy { Status::Good } else { Status::Warning },
                format!("{columns} columns, {rows} rows"),
            );
            let finding = finding.data(json!({"columns": columns, "rows": rows}));
            if roomy { finding } else { finding.remedy("make the window 80 columns by 24 rows or larger") }
        }
        _ => Finding::new("size", Status::Plain, "stdout is no terminal"),
    };
    let locale = match options.request.env.locale() {
        Some((name, value)) if speaks_utf8(value) => {
            Finding::new("locale", Status::Good, format!("{value} (${name})"))
        }
        found => {
            let says = found.map_or("none is set".into(), |(name, value)| format!("{value} (${name})"));
            let so = if options.effective.settings.ascii() {
                "so signs are ASCII"
            } else {
                "so signs may be garbled"
            };
            Finding::new("locale", Status::Warning, format!("{says}: not UTF-8, {so}"))
                .remedy("export LANG=C.UTF-8")
                .remedy("or in the config file: borders = \"ascii\"")
        }
    };
    Section::new("terminal", vec![term(), size, colours(options), locale, clipboard_ways(options)])
}

fn term() -> Finding {
    let inside: Vec<&str> = [("TMUX", "tmux"), ("STY", "screen"), ("SSH_CONNECTION", "SSH")]
        .into_iter()
        .filter_map(|(name, word)| var(name).map(|_| word))
        .collect();
    let inside_of = if inside.is_empty() { String::new() } else { format!(", in {}", inside.join(", ")) };
    match var("TERM") {
        Some(term) => Finding::new("term", Status::Good, format!("{term}{inside_of}"))
            .data(json!({"term": term, "inside": inside})),
        None => {
            Finding::new("term", Status::Warning, "$TERM is not set").remedy("export TERM=xterm-256color")
        }
    }
}

fn colours(options: &Options) -> Finding {
    let env = &options.request.env;
    let depth = options.effective.settings.depth;
    let says = |name: &str| env.given(name).map(|value| format!("{name}={value}"));
    let why = match depth {
        Depth::None => says("NO_COLOR"),
        Depth::True => env
            .given("COLORTERM")
            .filter(|value| matches!(*value, "truecolor" | "24bit"))
            .and_then(|_| says("COLORTERM")),
        Depth::Sixteen | Depth::TwoFiftySix => None,
    };
    let why = why.or_else(|| says("TERM")).unwrap_or_else(|| "TERM is not set".into());
    let finding = Finding::new("colours", Status::Good, format!("{}, by {why}", depth.name()))
        .data(json!({"depth": depth.name(), "why": why}));
    match depth {
        Depth::Sixteen | Depth::TwoFiftySix => {
            finding.remedy("where the terminal has all colours: export COLORTERM=truecolor")
        }
        Depth::None | Depth::True => finding,
    }
}

fn clipboard_ways(options: &Options) -> Finding {
    let way = options.effective.settings.clipboard;
    let mut ways: Vec<String> = Vec::new();
    if matches!(way, Clipboard::Both | Clipboard::Terminal) {
        ways.push("through the terminal (OSC 52)".into());
    }
    if matches!(way, Clipboard::Both | Clipboard::Local) {
        let programs = clipboard::program(|name| std::env::var_os(name));
        let there = programs.iter().filter_map(|program| program.first()).filter(|name| on_path(name));
        ways.extend(there.map(|name| format!("with {name}")));
    }
    if ways.is_empty() {
        return Finding::new("clipboard", Status::Warning, "no way to copy")
            .remedy("in the config file: clipboard = \"both\"");
    }
    let finding = Finding::new("clipboard", Status::Good, ways.join(", ")).data(json!({"ways": ways}));
    if var("TMUX").is_some() {
        finding.remedy("tmux passes it on with: set -g set-clipboard on")
    } else {
        finding
    }
}

fn on_path(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|dir| dir.join(program).is_file())
}

/// Whether the journal can be written; without one nothing may be changed.
pub(super) async fn files(_: &Options) -> Section {
    let places = Places::new(|name| std::env::var_os(name));
    let (first, second) = tokio::join!(writable(places.first.clone()), writable(places.second.clone()));
    let (at, instead) = (places.first.display(), places.second.display());
    let free = format!("make {at} writable: it has to be a directory of your own with mode 700");
    let journal = match (first, second) {
        (Ok(room), _) if room < ROOM => {
            Finding::new("journal", Status::Warning, format!("{at}: only {} MiB are left", room >> 20))
                .remedy("free some space")
                .data(json!({"path": places.first, "writable": true, "free_bytes": room}))
        }
        (Ok(room), _) => Finding::new("journal", Status::Good, at.to_string())
            .data(json!({"path": places.first, "writable": true, "free_bytes": room})),
        (Err(why), Ok(_)) => {
            Finding::new("journal", Status::Warning, format!("{at}: {why}; it would go to {instead}"))
                .remedy(free)
                .data(json!({"path": places.second, "writable": true}))
        }
        (Err(why), Err(second)) => {
            let says = format!("{at}: {why}; {instead}: {second}: nothing can be changed from here");
            Finding::new("journal", Status::Wrong, says)
                .remedy(free)
                .data(json!({"path": places.first, "writable": false}))
        }
    };
    Section::new("files", vec![journal])
}

/// Writes, syncs and removes a file there; the bytes that are free.
async fn writable(dir: PathBuf) -> Result<u64, String> {
    let trying = tokio::task::spawn_blocking(move || try_out(&dir).map_err(|error| error.to_string()));
    match tokio::time::timeout(WITHIN, trying).await {
        Ok(Ok(tried)) => tried,
        Ok(Err(panic)) => Err(panic.to_string()),
        Err(_) => Err(format!("the disk did not answer within {} s", WITHIN.as_secs())),
    }
}

fn try_out(dir: &Path) -> std::io::Result<u64> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    let path = dir.join(format!(".doctor.{}", std::process::id()));
    let mut file = std::fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
    let written = file.write_all(b"written by firedeck doctor\n").and_then(|()| file.sync_all());
    std::fs::remove_file(&path)?;
    written?;
    let space = rustix::fs::statvfs(dir)?;
    Ok(space.f_bavail.saturating_mul(space.f_frsize))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_can_be_written_is_left_as_it_was() {
        let home = tempfile::tempdir().expect("a directory");
        assert!(try_out(home.path()).expect("writable") > 0);
        assert_eq!(std::fs::read_dir(home.path()).expect("read").count(), 0);
        let file = home.path().join("file");
        std::fs::write(&file, "").expect("written");
        assert!(try_out(&file).is_err());
    }
}
