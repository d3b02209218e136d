//! The sessions of a place, as they are found after a restart.
use std::fs::TryLockError;
use std::io;
use std::path::{Path, PathBuf};

use super::event::{Child, Event};
use super::group;
use super::setup::{Files, Kept, options};

/// A session that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The name of its directory.
    pub name: String,
    pub dir: PathBuf,
    pub remote: Option<String>,
    pub full_terminal: bool,
    /// The number of the last statement that was started; 0 before the first.
    pub last: u64,
    pub state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Its runner waits for the next statement.
    Idle,
    Running(u64),
    /// It came to its end, which this says. Its runner may still write down what a child of it says.
    Over(Event),
    /// Its runner is dead, and what became of the statement is not known.
    Interrupted(Option<u64>),
    /// It was never begun, or its files cannot be read.
    Unknown(String),
}

/// Every session below `root`, by name. What is no session is passed over.
pub fn list(root: &Path) -> io::Result<Vec<Session>> {
    let entries = match std::fs::read_dir(root) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut found: Vec<Session> = entries.filter_map(|entry| session(&entry.ok()?.path())).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// `None` where there is no session.
pub fn session(dir: &Path) -> Option<Session> {
    let files = Files(dir.to_owned());
    let kept = match options().read(true).open(files.setup()).map(serde_json::from_reader::<_, Kept>) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return None,
        Err(error) => Err(error.to_string()),
        Ok(kept) => kept.map_err(|error| error.to_string()),
    };
    let held = is_held(dir);
    let (last, state) = match (&kept, held, events(dir)) {
        (Err(why), _, _) => (0, State::Unknown(why.clone())),
        (_, Err(error), _) | (_, _, Err(error)) => (0, State::Unknown(error.to_string())),
        (_, Ok(held), Ok(events)) => state(&events, held),
    };
    let (remote, full_terminal) = kept.map_or((None, false), |kept| (kept.remote, kept.full_terminal));
    Some(Session { name: files.name(), dir: dir.to_owned(), remote, full_terminal, last, state })
}

fn state(events: &[Event], held: bool) -> (u64, State) {
    let (mut last, mut running, mut over, mut ready) = (0, None, None, false);
    for event in events {
        match event {
            Event::Ready { .. } => ready = true,
            Event::Started { statement, .. } => (last, running) = (*statement, Some(*statement)),
            Event::Ended(_) => running = None,
            other if other.is_final() => over = Some(other.clone()),
            _ => {}
        }
    }
    let state = match (over, running, held) {
        (Some(event), _, _) => State::Over(event),
        (None, Some(statement), true) => State::Running(statement),
        (None, None, true) if ready => State::Idle,
        (None, None, true) => State::Unknown("it is only being begun".into()),
        (None, None, false) if !ready => State::Unknown("it was never begun".into()),
        (None, running, false) => State::Interrupted(running),
    };
    (last, state)
}

/// Whether a session's runner lives, or may live as far as can be told.
pub fn lives(dir: &Path) -> bool {
    is_held(dir).unwrap_or(true)
}

/// Whether the session's runner lives: it holds the lock as long as it does, and no longer.
pub(super) fn is_held(dir: &Path) -> io::Result<bool> {
    let lock = match options().read(true).open(Files(dir.to_owned()).lock()) {
        // It was never begun.
        Err(error) if error.kind() == io::ErrorKind::NotFound && dir.is_dir() => return Ok(false),
        lock => lock?,
    };
    match lock.try_lock_shared() {
        Ok(()) => Ok(false),
        Err(TryLockError::WouldBlock) => Ok(true),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What the runner wrote down. A line that was never finished is passed over.
pub(super) fn events(dir: &Path) -> io::Result<Vec<Event>> {
    let mut file = match options().read(true).open(Files(dir.to_owned()).events()) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        file => file?,
    };
    let mut bytes = Vec::new();
    io::Read::read_to_end(&mut file, &mut bytes)?;
    Ok(bytes.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect())
}

/// Processes of a session whose runner is dead that go on all the same. Only those that still bear its name in
/// their environment are known to be of it.
pub fn remains(dir: &Path) -> Vec<Child> {
    let name = Files(dir.to_owned()).name();
    if is_held(dir).unwrap_or(true) {
        return Vec::new();
    }
    let all = group::all().into_iter().filter(|pid| group::bears(*pid, &name));
    all.map(group::child).collect()
}
