//! Reads on in journals that other cockpits on this box write: only what is new, and without a lock.
use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::disk::{Disk, Local};
use super::places::{self, Places};
use super::repair::EXTENSION;
use crate::incident::event::Event;
use crate::incident::line::{decode, sha256};

/// So much of one file is read in one go; the rest waits for the next look.
const AT_ONCE: u64 = 64 << 20;

/// How far each file was read.
#[derive(Debug)]
pub struct Follower {
    places: Places,
    /// What this writer writes is known here already.
    own: String,
    files: BTreeMap<PathBuf, Mark>,
}

#[derive(Debug, Default)]
struct Mark {
    /// Bytes of whole, good lines.
    read: u64,
    /// The last of them, and its hash.
    n: u64,
    head: String,
    /// How long it was when it was found to be damaged: nothing behind that is believed.
    broken: Option<u64>,
}

impl Follower {
    pub fn new(places: Places, own: &str) -> Follower {
        Follower { places, own: own.to_owned(), files: BTreeMap::new() }
    }

    /// The names of the journals that are there.
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.bases().flat_map(|base| Local.names(&base.join("journal")).unwrap_or_default()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// What others have written to this journal since the last look.
    pub fn more(&mut self, name: &str) -> Vec<Event> {
        let dirs: Vec<PathBuf> = self.bases().map(|base| places::directory(base, name)).collect();
        let mut events = Vec::new();
        for dir in dirs {
            for file in Local.names(&dir).unwrap_or_default() {
                let path = dir.join(&file);
                if !file.ends_with(EXTENSION) || file.starts_with(&self.own) {
                    continue;
                }
                let length = match std::fs::symlink_metadata(&path) {
                    Ok(found) if found.is_file() => found.len(),
                    _ => continue,
                };
                let mark = self.files.entry(path.clone()).or_default();
                if length < mark.read {
                    // Another file by that name: what was read of it before is told again, and known by its number.
                    *mark = Mark::default();
                }
                if length > mark.read && mark.broken != Some(length) {
                    events.extend(read_on(&path, mark, length));
                }
            }
        }
        events
    }

    /// What was read of this journal is read again.
    pub fn forget(&mut self, name: &str) {
        let dirs: Vec<PathBuf> = self.bases().map(|base| places::directory(base, name)).collect();
        self.files.retain(|path, _| !dirs.iter().any(|dir| path.starts_with(dir)));
    }

    fn bases(&self) -> impl Iterator<Item = &Path> {
        let (first, second) = (self.places.first.as_path(), self.places.second.as_path());
        let second = (second != first && places::ours_alone(second).is_ok()).then_some(second);
        std::iter::once(first).chain(second)
    }
}

fn read_on(path: &Path, mark: &mut Mark, length: u64) -> Vec<Event> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|mut file| {
        file.seek(SeekFrom::Start(mark.read))?;
        file.take(AT_ONCE).read_to_end(&mut bytes)
    });
    if read.is_err() {
        return Vec::new();
    }
    if bytes.len() as u64 == AT_ONCE && !bytes.contains(&b'\n') {
        // No line is as long: it would be read again and again.
        mark.broken = Some(length);
        return Vec::new();
    }
    let mut events = Vec::new();
    // What has no line end yet is on its way.
    for line in bytes.split_inclusive(|byte| *byte == b'\n').filter(|line| line.ends_with(b"\n")) {
        let text = line.strip_suffix(b"\n").and_then(|line| std::str::from_utf8(line).ok());
        let Some((text, event)) = text.and_then(|text| Some((text, decode(text).ok()?))) else {
            mark.broken = Some(length);
            break;
        };
        if mark.n > 0 && (event.n != mark.n + 1 || event.prev != mark.head) {
            mark.broken = Some(length);
            break;
        }
        (mark.n, mark.head) = (event.n, sha256(text.as_bytes()));
        mark.read += line.len() as u64;
        events.push(event);
    }
    events
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::domain::time::Timestamp;
    use crate::incident::What;
    use crate::incident::event::Note;
    use crate::store::{Journal, Setup};

    fn setup(base: &Path, user: &str) -> Setup {
        Setup {
            places: Places { first: base.join("state"), second: base.join("run") },
            incident: "inc-1".into(),
            host: "box".into(),
            user: user.into(),
            pid: 7,
            started: Timestamp(1),
        }
    }

    async fn write(journal: &Journal, text: &str) {
        journal.append(What::Note(Note { text: text.into() }), Timestamp(1)).await.expect("recorded");
    }

    fn texts(events: Vec<Event>) -> Vec<String> {
        let text = |event: Event| match event.what {
            What::Note(note) => note.text,
            other => other.kind().to_owned(),
        };
        events.into_iter().map(text).collect()
    }

    #[tokio::test]
    async fn what_others_write_is_read_once_and_what_is_our_own_never() {
        let dir = tempfile::tempdir().expect("a directory");
        let (ann, joe) = (setup(dir.path(), "ann"), setup(dir.path(), "joe"));
        let mut follower = Follower::new(ann.places.clone(), &ann.writer());
        let (ours, theirs) = (Journal::open(ann), Journal::open(joe));
        write(&ours, "ours").await;
        write(&theirs, "one").await;
        assert_eq!(follower.names(), ["inc-1"]);
        assert_eq!(texts(follower.more("inc-1")), ["one"]);
        assert!(follower.more("inc-1").is_empty());
        write(&theirs, "two").await;
        write(&theirs, "three").await;
        assert_eq!(texts(follower.more("inc-1")), ["two", "three"]);
    }

    #[tokio::test]
    async fn half_a_line_is_waited_for_and_what_follows_damage_is_not_believed() {
        let dir = tempfile::tempdir().expect("a directory");
        let joe = setup(dir.path(), "joe");
        let file = dir.path().join("state/journal/inc-1").join(format!("{}.jsonl", joe.writer()));
        let mut follower = Follower::new(joe.places.clone(), "nobody");
        write(&Journal::open(joe), "one").await;
        assert_eq!(texts(follower.more("inc-1")), ["one"]);
        let mut raw = std::fs::OpenOptions::new().append(true).open(&file).expect("opened");
        raw.write_all(b"{\"half").expect("written");
        assert!(follower.more("inc-1").is_empty());
        raw.write_all(b"\": 1}\n").expect("written");
        assert!(follower.more("inc-1").is_empty());
        assert!(follower.files.values().all(|mark| mark.broken.is_some()));
    }

    #[test]
    fn a_file_without_an_end_of_a_line_is_not_read_again_and_again() {
        let dir = tempfile::tempdir().expect("a directory");
        let joe = setup(dir.path(), "joe");
        let journal = dir.path().join("state/journal/inc-1");
        std::fs::create_dir_all(&journal).expect("made");
        let file = File::create(journal.join("joe.jsonl")).expect("made");
        file.set_len(AT_ONCE + 1).expect("long");
        let mut follower = Follower::new(joe.places, "nobody");
        assert!(follower.more("inc-1").is_empty());
        assert!(follower.files.values().all(|mark| mark.broken.is_some()));
    }
}
