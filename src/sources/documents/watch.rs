//! Says which documents changed, as soon as they have been written.
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use notify::event::{CreateKind, ModifyKind};
use notify::{EventKind, RecommendedWatcher, RecursiveMode, Watcher};
use tokio_util::sync::CancellationToken;

use super::walk::is_markdown;
use super::{Batch, Library};

/// A save is several events, and a checkout thousands.
const QUIET: Duration = Duration::from_millis(200);
/// A directory that never falls quiet must not keep a change from being told.
const MOST_NOISE: Duration = Duration::from_secs(2);
/// How often it is looked where the system does not tell of changes.
const UNTOLD: Duration = Duration::from_secs(10);

/// Watches until it is dropped.
#[derive(Debug)]
pub struct Watch {
    stop: mpsc::Sender<Heard>,
    cancel: CancellationToken,
}

#[derive(Debug)]
enum Heard {
    Changed,
    Stop,
}

impl Drop for Watch {
    fn drop(&mut self) {
        self.cancel.cancel();
        let _ = self.stop.send(Heard::Stop);
    }
}

/// Calls `tell` with what has changed since the library's last look, and with the library as it is then.
/// Directories are watched, not files: editors replace a file by a rename, and then the old one never changes again.
pub fn watch(library: Library, tell: impl FnMut(Batch, &Library) + Send + 'static) -> notify::Result<Watch> {
    let (send, heard) = mpsc::channel();
    let events = send.clone();
    let named: Vec<OsString> =
        library.paths().iter().filter_map(|path| path.file_name()).map(OsStr::to_owned).collect();
    let watcher = notify::recommended_watcher(move |event: notify::Result<notify::Event>| {
        if event.is_ok_and(|event| !matters(&event, &named)) {
            return;
        }
        let _ = events.send(Heard::Changed);
    })?;
    let cancel = CancellationToken::new();
    let mut watching = Watching { watcher, watched: BTreeSet::new(), untold: false };
    watching.keep(library.directories());
    let token = cancel.clone();
    thread::Builder::new()
        .name("documents".into())
        .spawn(move || run(library, &heard, watching, &token, tell))
        .map_err(notify::Error::io)?;
    Ok(Watch { stop: send, cancel })
}

/// Whether another look can come to something else. A log beside the documents changes all the time, and reading
/// is an event too.
fn matters(event: &notify::Event, named: &[OsString]) -> bool {
    let known = |path: &PathBuf| {
        let name = path.file_name().unwrap_or_default();
        let text = name.to_string_lossy();
        is_markdown(&text) || text.ends_with("ignore") || named.iter().any(|named| named == name)
    };
    match event.kind {
        EventKind::Access(_) => false,
        EventKind::Modify(ModifyKind::Data(_)) | EventKind::Create(CreateKind::File) => {
            event.paths.iter().any(known)
        }
        _ => true,
    }
}

fn run(
    mut library: Library,
    heard: &Receiver<Heard>,
    mut watching: Watching,
    cancel: &CancellationToken,
    mut tell: impl FnMut(Batch, &Library),
) {
    // What changed between the library's look and the watch's beginning.
    let mut first = true;
    loop {
        let begins = std::mem::take(&mut first);
        if !begins && !changed(heard, watching.untold) {
            return;
        }
        let Some(batch) = library.look(cancel) else { return };
        watching.keep(library.directories());
        // The first look is told even where it found nothing: somebody waits for it.
        if begins || !batch.is_empty() {
            tell(batch, &library);
        }
    }
}

/// Waits for a change and for the quiet after it; false when it is over.
fn changed(heard: &Receiver<Heard>, untold: bool) -> bool {
    let first =
        if untold { heard.recv_timeout(UNTOLD) } else { heard.recv().map_err(RecvTimeoutError::from) };
    match first {
        Ok(Heard::Changed) | Err(RecvTimeoutError::Timeout) => {}
        Ok(Heard::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
    }
    let since = Instant::now();
    while since.elapsed() < MOST_NOISE {
        match heard.recv_timeout(QUIET) {
            Ok(Heard::Changed) => {}
            Ok(Heard::Stop) | Err(RecvTimeoutError::Disconnected) => return false,
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    true
}

struct Watching {
    watcher: RecommendedWatcher,
    watched: BTreeSet<PathBuf>,
    /// Some directory cannot be watched: the system watches only so many.
    untold: bool,
}

impl Watching {
    /// Watches these directories, and for one that is not there the nearest above it.
    fn keep(&mut self, directories: &[PathBuf]) {
        let wanted: BTreeSet<PathBuf> = directories.iter().filter_map(|dir| nearest(dir)).collect();
        for gone in self.watched.difference(&wanted) {
            let _ = self.watcher.unwatch(gone);
        }
        self.untold = false;
        // Watched again even if they were before: the name may be another directory by now.
        for dir in &wanted {
            match self.watcher.watch(dir, RecursiveMode::NonRecursive) {
                Ok(()) => {}
                // It went away meanwhile; the one above it tells when it is back.
                Err(error) if matches!(error.kind, notify::ErrorKind::PathNotFound) => {}
                Err(error) => {
                    if !std::mem::replace(&mut self.untold, true) {
                        let every = UNTOLD.as_secs();
                        tracing::warn!(%error, "documents are looked at every {every} s");
                    }
                }
            }
        }
        self.watched = wanted;
    }
}

/// The directory itself, or the first above it that is there.
fn nearest(dir: &Path) -> Option<PathBuf> {
    let here = |dir: &Path| if dir.as_os_str().is_empty() { PathBuf::from(".") } else { dir.to_owned() };
    dir.ancestors().map(here).find(|dir| dir.is_dir())
}
