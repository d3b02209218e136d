//! The log file: one a day, written beside the program, its level changed while it runs.
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_appender::rolling::{Builder, Rotation};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::prelude::*;
use tracing_subscriber::{Registry, reload};

use crate::domain::settings::values::LogLevel;

/// A week of logs tells what happened since the last shift, and fills no disk.
const KEPT: usize = 7;

/// The subscriber is the process's own, and so is the way to its filter.
static LEVEL: OnceLock<reload::Handle<Targets, Registry>> = OnceLock::new();

/// Libraries at `trace` write the bytes of connections, secrets among them.
fn filter(level: LogLevel) -> Targets {
    let own = match level {
        LogLevel::Off => LevelFilter::OFF,
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(LevelFilter::WARN).with_target("firedeck", own)
}

/// From now on, so much is written. A log that was off at the start stays off.
pub fn set_level(level: LogLevel) {
    if let Some(handle) = LEVEL.get()
        && let Err(error) = handle.reload(filter(level))
    {
        tracing::warn!(%error, "the level of the log was not changed");
    }
}

/// The log is written as long as the guard lives.
pub struct Log {
    pub path: Result<PathBuf, String>,
    pub guard: Option<WorkerGuard>,
}

/// Logs into `firedeck.DATE.log` in `dir`; `firedeck.log` leads to today's.
pub fn start(dir: Option<&Path>, level: LogLevel) -> Log {
    let nowhere = |why: String| Log { path: Err(why), guard: None };
    let Some(dir) = dir else {
        return nowhere("neither $XDG_STATE_HOME nor $HOME is set".into());
    };
    if level == LogLevel::Off {
        return nowhere("the log is off".into());
    }
    // The appender would print on the screen if the directory were missing.
    if let Err(error) = DirBuilder::new().recursive(true).mode(0o700).create(dir) {
        return nowhere(format!("`{}` cannot be made: {error}", dir.display()));
    }
    let file = Builder::new()
        .rotation(Rotation::DAILY)
        .filename_prefix("firedeck")
        .filename_suffix("log")
        .latest_symlink("firedeck.log")
        .max_log_files(KEPT)
        .build(dir);
    let file = match file {
        Ok(file) => file,
        Err(error) => return nowhere(format!("`{}` cannot be written: {error}", dir.display())),
    };
    // A slow disk must not hold up the cockpit: what does not fit is dropped and counted.
    let (writer, guard) = tracing_appender::non_blocking(file);
    let layer = tracing_subscriber::fmt::layer().with_writer(writer).with_ansi(false);
    let (filter, handle) = reload::Layer::new(filter(level));
    let _ = LEVEL.set(handle);
    match tracing_subscriber::registry().with(filter).with(layer).try_init() {
        Ok(()) => Log { path: Ok(dir.join("firedeck.log")), guard: Some(guard) },
        Err(error) => nowhere(format!("the log cannot be set up: {error}")),
    }
}
