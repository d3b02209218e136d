//! The session's shell on this box: found, given a terminal, and started in a session of its own.
use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use rustix::fs::{Mode, OFlags};
use rustix::process::Signal;
use rustix::pty::OpenptFlags;
use rustix::termios::{QueueSelector, Winsize};
use tokio::net::unix::pipe::Receiver;
use tokio::process::Command;
use tokio::time::timeout;

use super::driver::{Kind, arguments};
use super::setup::{Files, Kept, shown};

/// A shell that takes longer to say what it is hangs.
const WITHIN: Duration = Duration::from_secs(5);

/// A program, and what kind of shell it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Found {
    pub(super) path: PathBuf,
    pub(super) kind: Kind,
}

/// The named shell, or `bash`, or `sh`.
pub(super) async fn find(named: Option<&Path>) -> Result<Found, String> {
    if let Some(path) = named {
        return ask(path).await;
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let usual = ["/bin", "/usr/bin", "/usr/local/bin"].map(PathBuf::from);
    let places: Vec<PathBuf> = std::env::split_paths(&path).chain(usual).collect();
    let mut why = None;
    for name in ["bash", "sh"] {
        let found =
            places.iter().map(|place| place.join(name)).find(|path| path.is_absolute() && path.is_file());
        let Some(path) = found else { continue };
        match ask(&path).await {
            Ok(found) => return Ok(found),
            Err(error) => why = why.or(Some(error)),
        }
    }
    Err(why.unwrap_or_else(|| "there is neither `bash` nor `sh` on this box".into()))
}

async fn ask(path: &Path) -> Result<Found, String> {
    let mut command = Command::new(path);
    command.args(["-c", "printf 'shell:%s' \"${BASH_VERSION-}\""]).stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(WITHIN, command.output()).await {
        Err(_) => return Err(format!("`{}` does not answer", shown(path))),
        Ok(Err(error)) => return Err(format!("`{}` cannot be started: {error}", shown(path))),
        Ok(Ok(output)) => output,
    };
    let kind = match output.stdout.strip_prefix(b"shell:") {
        Some([]) => Kind::Plain,
        Some(_) => Kind::Bash,
        None => return Err(format!("`{}` is no shell", shown(path))),
    };
    Ok(Found { path: path.to_owned(), kind })
}

/// Both ends of a terminal. The shell's end stays open here, so that reading never meets an end of its own.
#[derive(Debug)]
pub(super) struct Terminal {
    pub(super) ours: OwnedFd,
    /// The same end, for reading: a terminal is read like a pipe.
    pub(super) reading: Receiver,
    shells: OwnedFd,
}

impl Terminal {
    fn open(rows: u16, columns: u16) -> std::io::Result<Terminal> {
        let ours = rustix::pty::openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC)?;
        rustix::pty::grantpt(&ours)?;
        rustix::pty::unlockpt(&ours)?;
        let name = rustix::pty::ptsname(&ours, Vec::new())?;
        let shells =
            rustix::fs::open(&*name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty())?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        let reading = Receiver::from_file_unchecked(ours.try_clone()?.into())?;
        let terminal = Terminal { ours, reading, shells };
        terminal.resize(rows, columns)?;
        Ok(terminal)
    }

    /// Forgets what was typed and not read: it was meant for what ran then.
    pub(super) fn forget(&self) {
        let _ = rustix::termios::tcflush(&self.shells, QueueSelector::IFlush);
    }

    pub(super) fn resize(&self, rows: u16, columns: u16) -> std::io::Result<()> {
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        Ok(rustix::termios::tcsetwinsize(&self.ours, size)?)
    }
}

/// A shell that was started, and the ends of its streams.
#[derive(Debug)]
pub(super) struct Started {
    pub(super) child: tokio::process::Child,
    pub(super) terminal: Terminal,
    /// Both end in the terminal where these are missing.
    pub(super) pipes: Option<(OwnedFd, OwnedFd)>,
}

/// Starts `shell` by way of this very program, which becomes it in the end: [`become_shell`].
pub(super) fn start(shell: &Found, files: &Files, kept: &Kept) -> Result<Started, String> {
    let terminal =
        Terminal::open(kept.rows, kept.columns).map_err(|error| format!("no terminal: {error}"))?;
    let shells = || terminal.shells.try_clone().map_err(|error| format!("no terminal: {error}"));
    let mut command = Command::new(own_program()?);
    command.arg0("firedeck").arg("runner").arg(&files.0).arg("--parent").arg(std::process::id().to_string());
    command
        .arg("--")
        .arg(&shell.path)
        .args(arguments(shell.kind, files).iter().map(|word| OsStr::from_bytes(word)));
    if let Some(dir) = &kept.workdir {
        command.current_dir(dir);
    }
    command.stdin(shells()?);
    let pipes = if kept.full_terminal {
        command.stdout(shells()?).stderr(shells()?);
        None
    } else {
        let pipe = || std::io::pipe().map_err(|error| format!("no pipe: {error}"));
        let ((out, out_end), (err, err_end)) = (pipe()?, pipe()?);
        command.stdout(out_end).stderr(err_end);
        Some((OwnedFd::from(out), OwnedFd::from(err)))
    };
    let child =
        command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", shown(&shell.path)))?;
    Ok(Started { child, terminal, pipes })
}

/// This program, even where its file was replaced meanwhile.
pub(super) fn own_program() -> Result<PathBuf, String> {
    let own = PathBuf::from("/proc/self/exe");
    if own.exists() {
        return Ok(own);
    }
    std::env::current_exe().map_err(|error| format!("this program is not found: {error}"))
}

/// Makes this process the session's shell: in a session of its own, on the terminal that is its stdin, and dead as
/// soon as the runner is. Returns only what went wrong.
pub fn become_shell(parent: i32, program: &OsStr, arguments: &[OsString]) -> String {
    let leading = rustix::process::setsid().map(|_| ());
    let stdin = std::io::stdin();
    let done = leading.and_then(|()| rustix::process::ioctl_tiocsctty(stdin.as_fd()));
    if let Err(error) = done {
        return format!("no terminal: {error}");
    }
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::set_parent_process_death_signal(Some(Signal::KILL)) {
        return format!("the shell cannot be bound to its runner: {error}");
    }
    // It may have died before it could be bound.
    if rustix::process::getppid().map(|pid| pid.as_raw_nonzero().get()) != Some(parent) {
        return "the runner is gone".into();
    }
    let error = std::process::Command::new(program).args(arguments).exec();
    format!("`{}` cannot be started: {error}", shown(Path::new(program)))
}
