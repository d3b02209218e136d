//! Where a session's shell runs: on this box, or behind `ssh`.
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::driver::{self, Kind};
use super::setup::{Files, Kept, options, shown};
use super::streams::{Streams, fifos};
use super::{remote, shell};

/// A shell that was started. Whether it lives is not yet known.
#[derive(Debug)]
pub(super) struct Opened {
    pub(super) streams: Streams,
    pub(super) kind: Kind,
    pub(super) shell: String,
    /// A `bash` on this box, which can tell whether a statement is complete.
    pub(super) reader: Option<PathBuf>,
}

pub(super) async fn open(files: &Files, kept: &Kept) -> Result<Opened, String> {
    if let Some(target) = &kept.remote {
        let reader =
            shell::find(None).await.ok().filter(|found| found.kind == Kind::Bash).map(|found| found.path);
        let streams = remote::open(target, kept).await?;
        return Ok(Opened { streams, kind: Kind::Bash, shell: format!("bash on {target}"), reader });
    }
    let found = shell::find(kept.shell.as_deref()).await?;
    let bad = |error: std::io::Error| format!("the session cannot be begun: {error}");
    let text = driver::text(found.kind, files.orders().as_os_str(), files.answers().as_os_str());
    let driver = options().write(true).create_new(true).open(files.driver());
    driver.and_then(|mut file| file.write_all(&text)).map_err(bad)?;
    let fifos = fifos(files).map_err(bad)?;
    let started = shell::start(&found, files, kept)?;
    let streams = Streams::here(started, fifos, files.driver()).map_err(bad)?;
    let reader = (found.kind == Kind::Bash).then(|| found.path.clone());
    Ok(Opened { streams, kind: found.kind, shell: shown(&found.path), reader })
}

/// Whether `text` is complete: `bash` reads it without running anything of it, and has nothing to say. Then a line
/// put behind it is a line of its own.
pub(super) async fn is_whole(reader: &Path, text: &[u8]) -> bool {
    let mut command = Command::new(reader);
    command.args(["--noprofile", "--norc", "-n"]).env("LC_ALL", "C").kill_on_drop(true);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let reading = async {
        let mut child = command.spawn().ok()?;
        let mut stdin = child.stdin.take()?;
        let write = async move { stdin.write_all(text).await.is_ok() };
        let (written, output) = tokio::join!(write, child.wait_with_output());
        output.ok().map(|output| written && output.status.success() && output.stderr.is_empty())
    };
    timeout(Duration::from_secs(2), reading).await.ok().flatten().unwrap_or(false)
}
