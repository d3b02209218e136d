//! A session to try things on, which leaves nothing behind.
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use firedeck::tools::runner::{Ended, Event, Gone, Handle, Output, Setup, Stream, attach, start};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Only reached when something is wrong.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// Starts the runner by way of a script that first does something to itself.
pub(crate) fn wrap(setup: &mut Setup, first: &str) {
    let wrapper = setup.dir.with_file_name("wrapper");
    let own = setup.program.take().expect("a program");
    let text = format!("#!/bin/bash\n{first}\nexec '{}' \"$@\"\n", own.display());
    std::fs::write(&wrapper, text).expect("written");
    std::fs::set_permissions(&wrapper, std::fs::Permissions::from_mode(0o700)).expect("set");
    setup.program = Some(wrapper);
}

/// A place for one session. Whatever is left of it when it is dropped is killed.
pub(crate) struct Place {
    pub(crate) root: TempDir,
}

impl Place {
    pub(crate) fn new() -> Place {
        Place { root: tempfile::Builder::new().prefix("runner-").tempdir().expect("a directory") }
    }

    /// Unique on this box, so that its processes can be told.
    pub(crate) fn dir(&self) -> PathBuf {
        let name = self.root.path().file_name().expect("a name").to_string_lossy().into_owned();
        self.root.path().join(format!("session-{name}"))
    }

    pub(crate) fn setup(&self) -> Setup {
        let mut setup = Setup::new(self.dir());
        setup.program = Some(env!("CARGO_BIN_EXE_firedeck").into());
        setup.workdir = Some(self.root.path().into());
        setup.patience = Duration::from_millis(300);
        setup
    }

    /// Processes that were started with the session's name, the runner first.
    pub(crate) fn processes(&self) -> Vec<(i32, String)> {
        let mark = format!("FIREDECK_SESSION={}", self.dir().file_name().expect("a name").display());
        let mut found = Vec::new();
        for entry in std::fs::read_dir("/proc").expect("processes").flatten() {
            let Ok(pid) = entry.file_name().to_string_lossy().parse::<i32>() else { continue };
            let environ = std::fs::read(entry.path().join("environ")).unwrap_or_default();
            if environ.split(|byte| *byte == 0).any(|one| one == mark.as_bytes()) {
                let line = std::fs::read(entry.path().join("cmdline")).unwrap_or_default();
                found.push((pid, String::from_utf8_lossy(&line).replace('\0', " ")));
            }
        }
        found.sort_by_key(|(pid, line)| (!line.contains(" runner "), *pid));
        found
    }

    pub(crate) fn runner(&self) -> i32 {
        let found = self.processes();
        found.iter().find(|(_, line)| line.contains(" runner ")).expect("a runner").0
    }

    /// Waits until nothing of the session is left.
    pub(crate) async fn is_empty(&self) {
        let empty = async {
            while !self.processes().is_empty() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        let empty = tokio::time::timeout(PATIENCE, empty).await;
        assert!(empty.is_ok(), "{:?} go on", self.processes());
    }
}

pub(crate) fn kill(pid: i32) {
    if let Some(pid) = Pid::from_raw(pid) {
        let _ = kill_process(pid, Signal::KILL);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        for (pid, _) in self.processes() {
            kill(pid);
        }
    }
}

/// A cockpit with one session.
pub(crate) struct Desk {
    pub(crate) handle: Handle,
    pub(crate) place: Place,
    pub(crate) next: u64,
}

/// What became of a statement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ran {
    pub(crate) ended: Ended,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Desk {
    pub(crate) async fn new() -> Desk {
        Desk::with(|_| ()).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut Setup)) -> Desk {
        let place = Place::new();
        let mut setup = place.setup();
        change(&mut setup);
        let mut handle = start(&setup).await.expect("a session");
        let ready = next(&mut handle).await;
        assert!(matches!(ready, Event::Ready { .. }), "{ready:?}");
        Desk { handle, place, next: 1 }
    }

    pub(crate) async fn attach(&self) -> Handle {
        attach(&self.place.dir()).await.expect("attached")
    }

    /// Starts the next statement and waits until it runs.
    pub(crate) async fn start(&mut self, text: impl AsRef<[u8]>) -> u64 {
        let statement = self.next;
        self.handle.order(text.as_ref(), statement).await.expect("taken");
        self.until(|event| matches!(event, Event::Started { .. })).await;
        self.next += 1;
        statement
    }

    pub(crate) async fn until(&mut self, is: impl Fn(&Event) -> bool) -> Event {
        loop {
            let event = next(&mut self.handle).await;
            if is(&event) {
                return event;
            }
            assert!(!event.is_final(), "{event:?}");
        }
    }

    pub(crate) async fn ended(&mut self) -> Ended {
        match self.until(|event| matches!(event, Event::Ended(_))).await {
            Event::Ended(ended) => ended,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn run(&mut self, text: impl AsRef<[u8]>) -> Ran {
        let statement = self.start(text).await;
        let ended = self.ended().await;
        assert_eq!(ended.statement, statement);
        Ran { out: self.text(statement, Stream::Out), err: self.text(statement, Stream::Err), ended }
    }

    /// What it wrote to stdout, of a statement that has to go well.
    pub(crate) async fn out(&mut self, text: &str) -> String {
        let ran = self.run(text).await;
        assert_eq!((ran.ended.status, ran.err.as_str()), (0, ""), "{text}: {ran:?}");
        ran.out
    }

    /// The end of the shell by itself.
    pub(crate) async fn shell_gone(&mut self) -> Gone {
        match self.until(Event::is_final).await {
            Event::ShellGone(gone) => gone,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn lost(&mut self) -> Gone {
        match self.until(Event::is_final).await {
            Event::Lost(gone) => gone,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) fn text(&self, statement: u64, stream: Stream) -> String {
        String::from_utf8_lossy(&bytes(&self.place.dir(), statement, stream)).into_owned()
    }

    /// Waits until a statement has written this.
    pub(crate) async fn wrote(&mut self, statement: u64, stream: Stream, text: &str) {
        while !self.text(statement, stream).contains(text) {
            self.until(|event| matches!(event, Event::Output { .. })).await;
        }
    }
}

pub(crate) async fn next(handle: &mut Handle) -> Event {
    let event = tokio::time::timeout(PATIENCE, handle.next()).await.expect("something happens");
    event.expect("the session is not over")
}

/// As much as there is now: what goes on writing may write faster than this reads.
pub(crate) fn bytes(dir: &Path, statement: u64, stream: Stream) -> Vec<u8> {
    kept(&mut Output::open(dir, statement, stream).expect("readable"), || ())
}

/// What is kept of it by now. What is written `meanwhile`, between two looks, is left out: whoever writes for ever may be
/// faster than this, and would fill the memory of the box.
pub(crate) fn kept(output: &mut Output, mut meanwhile: impl FnMut()) -> Vec<u8> {
    let end = output.total().expect("known");
    let (mut all, mut at) = (Vec::new(), 0);
    while at < end {
        let piece = output.read(at, usize::try_from(end - at).expect("fits").min(1 << 20)).expect("read");
        at = piece.from + piece.bytes.len() as u64;
        if piece.bytes.is_empty() {
            break;
        }
        all.extend(piece.bytes);
        meanwhile();
    }
    all
}
