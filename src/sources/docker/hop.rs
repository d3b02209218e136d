//! A hop over SSH: the box's own `ssh` carries an engine's socket here, as a socket that only we can open.
//!
//! One process and one login for everything: each request opens a channel of it, not a session, so a server that
//! allows few sessions does not matter. The far side ends with us, however we end: its stdin is ours.
use std::fs::DirBuilder;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdin, Command};
use tokio::time::timeout;

use super::way::Remote;
use crate::sources::reason::brief;

/// For the name, the connection, the login and the first word from there.
const WITHIN: Duration = Duration::from_secs(10);
/// What the far side says when the way is open.
const OPEN: &str = "firedeck-is-here";

static NUMBER: AtomicU32 = AtomicU32::new(0);

/// Open until it is dropped.
#[derive(Debug)]
pub(super) struct Hop {
    place: Place,
    /// Killed when it is dropped; the far side ends with its stdin.
    _child: Child,
    _stdin: Option<ChildStdin>,
    said: Arc<Mutex<String>>,
}

/// A directory of ours alone, for one socket.
#[derive(Debug)]
struct Place(PathBuf);

impl Place {
    fn make() -> std::io::Result<Place> {
        let above = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from).filter(|dir| dir.is_dir());
        let above = above.unwrap_or_else(std::env::temp_dir);
        let pid = std::process::id();
        let mut last = std::io::Error::other("no name is free");
        for _ in 0..100 {
            let path = above.join(format!("firedeck-{pid}-{}", NUMBER.fetch_add(1, Ordering::Relaxed)));
            match DirBuilder::new().mode(0o700).create(&path) {
                Ok(()) => return Ok(Place(path)),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    fn socket(&self) -> PathBuf {
        self.0.join("docker.sock")
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Hop {
    pub(super) async fn open(to: &Remote) -> Result<Hop, String> {
        let place = Place::make().map_err(|error| format!("no place for a socket: {error}"))?;
        let mut child = command(to, &place.socket())
            .spawn()
            .map_err(|error| format!("`ssh` cannot be started: {error}"))?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        let said = Arc::new(Mutex::new(String::new()));
        if let Some(stderr) = stderr {
            tokio::spawn(listen(stderr, said.clone()));
        }
        let hop = Hop { place, _stdin: child.stdin.take(), _child: child, said };
        let Some(stdout) = stdout else { return Err("`ssh` has no output".into()) };
        let mut lines = BufReader::new(stdout).lines();
        let opened = async {
            // What a login script prints comes before it.
            while let Ok(Some(line)) = lines.next_line().await {
                if line.trim() == OPEN {
                    return true;
                }
            }
            false
        };
        match timeout(WITHIN, opened).await {
            Ok(true) => {
                // What was said on the way in is no reason for what fails later.
                hop.said.lock().unwrap_or_else(PoisonError::into_inner).clear();
                Ok(hop)
            }
            Ok(false) => {
                let why = hop.complaint().await.unwrap_or("it closed at once".into());
                Err(format!("ssh to `{}`: {why}", to.shown()))
            }
            Err(_) => Err(format!("ssh to `{}` gave no answer within {} s", to.shown(), WITHIN.as_secs())),
        }
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.place.socket()
    }

    /// What `ssh` complains of, which may come a moment after what it did.
    pub(super) async fn complaint(&self) -> Option<String> {
        for _ in 0..10 {
            if let Some(said) = self.says() {
                return Some(said);
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
        None
    }

    /// What it said last.
    fn says(&self) -> Option<String> {
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        (!said.is_empty()).then(|| said.clone())
    }
}

fn command(to: &Remote, socket: &Path) -> Command {
    let mut command = Command::new("ssh");
    // Nothing may be asked: the terminal is ours. A connection that others share is not ours to end.
    for option in [
        "BatchMode=yes",
        "ConnectTimeout=10",
        "ExitOnForwardFailure=yes",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        "StreamLocalBindUnlink=yes",
        "ControlMaster=no",
        "ControlPath=none",
        "ForwardAgent=no",
        "ForwardX11=no",
    ] {
        command.args(["-o", option]);
    }
    if let Some(port) = to.port {
        command.arg("-p").arg(port.to_string());
    }
    if let Some(user) = &to.user {
        command.arg("-l").arg(user);
    }
    command.arg("-T").arg("-L").arg(format!("{}:{}", socket.display(), to.socket));
    command.arg("--").arg(&to.host).arg(format!("echo {OPEN}; exec cat >/dev/null"));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    // A group of its own: Ctrl-C in the terminal is not meant for it.
    command.process_group(0).kill_on_drop(true);
    command
}

async fn listen(stderr: tokio::process::ChildStderr, said: Arc<Mutex<String>>) {
    let mut lines = BufReader::new(stderr).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if !line.trim().is_empty() {
            *said.lock().unwrap_or_else(PoisonError::into_inner) = brief(&line);
        }
    }
}
