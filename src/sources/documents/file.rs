//! Reads one file as far as it may be read, and knows it again when it has not changed.
use std::fs::{File, Metadata};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::super::reason::brief;
use super::decode::decode;
use crate::runbook::Note;

/// A file system may count time in steps of this much: what was changed within the step of its reading can have
/// changed again without a sign.
const STEP: Duration = Duration::from_secs(2);

/// What a file looks like from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
    identity: (u64, u64),
}

impl Stamp {
    pub(super) fn of(about: &Metadata) -> Stamp {
        Stamp {
            size: about.size(),
            modified: (about.mtime(), about.mtime_nsec()),
            changed: (about.ctime(), about.ctime_nsec()),
            identity: (about.dev(), about.ino()),
        }
    }

    /// Whether a file that still looks like this, read now, must be the same.
    pub(super) fn is_settled(&self, now: SystemTime) -> bool {
        let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        let latest = self.modified.0.max(self.changed.0);
        u64::try_from(latest).is_ok_and(|latest| latest + STEP.as_secs() < since.as_secs())
    }
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Content {
    pub bytes: Vec<u8>,
    pub hash: u64,
    pub stamp: Stamp,
    pub defects: Vec<Note>,
}

/// Reads at most `most` bytes, up to the end of a line.
pub(super) fn read(path: &Path, most: u64) -> io::Result<Content> {
    // What was a file when it was found may be a pipe by now, and opening one waits for its other end.
    let nonblock = i32::try_from(rustix::fs::OFlags::NONBLOCK.bits()).unwrap_or(0);
    let file = File::options().read(true).custom_flags(nonblock).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(io::Error::new(ErrorKind::InvalidInput, not_a_file(&about)));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.size().min(most)).unwrap_or(0));
    let mut defects = Vec::new();
    let mut file = file.take(most);
    file.read_to_end(&mut bytes)?;
    if about.size() > most && bytes.len() as u64 == most {
        let whole = memchr::memrchr(b'\n', &bytes).map_or(bytes.len(), |at| at + 1);
        bytes.truncate(whole);
        let line = u32::try_from(memchr::memchr_iter(b'\n', &bytes).count()).unwrap_or(u32::MAX);
        let text = format!("is larger than {} MB: what follows this line was not read", most >> 20);
        defects.push(Note { line, text });
    }
    let mut hasher = DefaultHasher::new();
    hasher.write(&bytes);
    Ok(Content { hash: hasher.finish(), stamp: Stamp::of(&about), bytes, defects })
}

/// The bytes of a document, as far as it is read, or why there are none.
pub fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    if let Some(text) = super::models::text(path) {
        return Ok(text.as_bytes().to_vec());
    }
    read(path, super::Limits::default().bytes).map(|content| content.bytes).map_err(|error| why(&error))
}

/// The text of a document, for whoever needs more of it than its runbooks.
pub fn text(path: &Path) -> Option<String> {
    if let Some(text) = super::models::text(path) {
        return Some(text.to_owned());
    }
    let content = read(path, super::Limits::default().bytes).ok()?;
    Some(decode(&content.bytes).0.into_owned())
}

pub(super) fn not_a_file(about: &Metadata) -> &'static str {
    if about.is_dir() { "is a directory, not a file" } else { "is not a plain file" }
}

/// The reason without the number that the system appends.
pub(super) fn why(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::PermissionDenied => "permission denied".into(),
        ErrorKind::NotFound => "there is no such file".into(),
        _ => brief(&error.to_string()),
    }
}
