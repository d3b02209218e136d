//! Reads journals and holds nothing: whoever writes the same files meanwhile never waits, and loses no line.
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use super::disk::{Disk, Local};
use super::places::{self, Places};
use super::repair::EXTENSION;
use crate::domain::time::Timestamp;
use crate::incident::chain::{self, End, Merged, merge};
use crate::incident::event::Output;
use crate::incident::line::sha256;

/// A longer file is none of ours; output is kept beside the lines.
const LONGEST: u64 = 512 << 20;

/// A journal that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// The incident's name, or the day's.
    pub name: String,
    /// When a line was last written to it, as the file system says.
    pub changed: Timestamp,
}

/// What could not be read, or is not as it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trouble {
    pub path: PathBuf,
    pub says: String,
    /// Nothing is lost yet: a line may be on its way this very moment.
    pub passing: bool,
}

/// All that could be read of a journal, and what could not.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Book {
    pub merged: Merged,
    pub troubles: Vec<Trouble>,
}

impl Trouble {
    fn new(path: &Path, says: impl Into<String>) -> Trouble {
        Trouble { path: path.to_owned(), says: says.into(), passing: false }
    }
}

/// The journals in both places, by name. That there are none is no trouble.
pub fn journals(places: &Places) -> (Vec<Found>, Vec<Trouble>) {
    let (mut found, mut troubles) = (BTreeMap::new(), Vec::new());
    for base in bases(places, &mut troubles) {
        let dir = base.join("journal");
        let names = match Local.names(&dir) {
            Ok(names) => names,
            Err(error) if is_absent(&error) => continue,
            Err(error) => {
                troubles.push(Trouble::new(&dir, format!("cannot be listed: {error}")));
                continue;
            }
        };
        for name in names {
            let changed = match changed(&dir.join(&name)) {
                Ok(Some(changed)) => changed,
                Ok(None) => continue,
                Err(error) if is_absent(&error) => continue,
                Err(error) => {
                    troubles.push(Trouble::new(&dir.join(&name), format!("cannot be listed: {error}")));
                    continue;
                }
            };
            let known = found.entry(name).or_insert(changed);
            *known = changed.max(*known);
        }
    }
    (found.into_iter().map(|(name, changed)| Found { name, changed }).collect(), troubles)
}

/// One journal, all its writers, in both places. A file counts as far as it is good.
pub fn journal(places: &Places, name: &str) -> Book {
    let mut book = Book::default();
    let mut entries = Vec::new();
    for base in bases(places, &mut book.troubles) {
        let dir = places::directory(base, name);
        let files = match Local.names(&dir) {
            Ok(files) => files,
            Err(error) if is_absent(&error) => continue,
            Err(error) => {
                book.troubles.push(Trouble::new(&dir, format!("cannot be listed: {error}")));
                continue;
            }
        };
        for path in files.iter().filter(|file| file.ends_with(EXTENSION)).map(|file| dir.join(file)) {
            let bytes = match bounded(&path) {
                Ok(bytes) => bytes,
                // Brought home by another cockpit between the listing and now.
                Err(error) if is_absent(&error) => continue,
                Err(error) => {
                    book.troubles.push(Trouble::new(&path, format!("cannot be read: {error}")));
                    continue;
                }
            };
            let chain = chain::read(&bytes);
            book.troubles.extend(ending(&path, &chain.end));
            entries.extend(chain.entries);
        }
    }
    book.merged = merge(entries);
    let dir = places::directory(&places.first, name);
    for id in &book.merged.forks {
        let says = format!("number {} of `{}` stands for two events; both are shown", id.n, id.writer);
        book.troubles.push(Trouble::new(&dir, says));
    }
    for id in &book.merged.loose {
        let says =
            format!("event {} of `{}` does not follow: what was before it is missing", id.n, id.writer);
        book.troubles.push(Trouble::new(&dir, says));
    }
    book
}

/// A file beside the journal, if it is still the one that was kept.
pub fn beside(places: &Places, name: &str, kept: &Output) -> io::Result<Vec<u8>> {
    // The name is from a file: it stays in its directory.
    let file = places::name(&kept.file, 255);
    let mut last = io::Error::from(io::ErrorKind::NotFound);
    for base in bases(places, &mut Vec::new()) {
        let path = places::directory(base, name).join(&file);
        match bounded(&path) {
            Ok(bytes) if sha256(&bytes) == kept.sha256 => return Ok(bytes),
            Ok(_) => last = io::Error::other(format!("`{}` is not as it was kept", path.display())),
            Err(error) if is_absent(&error) => {}
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Both places; the second only where nobody else can have put something there. It comes before the first: what is
/// brought home meanwhile is whole there before it leaves here, and so is seen at least once.
fn bases<'p>(places: &'p Places, troubles: &mut Vec<Trouble>) -> Vec<&'p Path> {
    let mut bases = Vec::new();
    let second = places.second.as_path();
    if second != places.first.as_path() {
        match places::ours_alone(second) {
            Ok(()) => bases.push(second),
            Err(error) if is_absent(&error) => {}
            Err(error) => troubles.push(Trouble::new(second, format!("is not read: {error}"))),
        }
    }
    bases.push(places.first.as_path());
    bases
}

fn is_absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// When a file of lines in this directory last changed; `None` where there is none.
fn changed(dir: &Path) -> io::Result<Option<Timestamp>> {
    let files = Local.names(dir)?;
    let times = files.iter().filter(|file| file.ends_with(EXTENSION)).filter_map(|file| {
        let changed = fs::symlink_metadata(dir.join(file)).ok()?.modified().ok()?;
        let since = changed.duration_since(UNIX_EPOCH).unwrap_or_default();
        Some(Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX)))
    });
    Ok(times.max())
}

fn bounded(path: &Path) -> io::Result<Vec<u8>> {
    let found = fs::symlink_metadata(path)?;
    if !found.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    if found.len() > LONGEST {
        return Err(io::Error::other(format!("it has {} MiB", found.len() >> 20)));
    }
    Local.get(path)
}

fn ending(path: &Path, end: &End) -> Option<Trouble> {
    match end {
        End::Good => None,
        End::Cut => Some(Trouble {
            passing: true,
            ..Trouble::new(path, "its last line is not whole: it is being written, or it was torn")
        }),
        End::Broken { n, why } => Some(Trouble::new(
            path,
            format!("event {n} is not as it was written: {why}; nothing behind it is read"),
        )),
        End::Fork { n } => {
            Some(Trouble::new(path, format!("number {n} stands for two events; nothing behind it is read")))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use crate::incident::What;
    use crate::incident::event::Note;
    use crate::store::{Journal, Setup};

    fn setup(base: &Path, incident: &str) -> Setup {
        Setup {
            places: Places { first: base.join("state"), second: base.join("run") },
            incident: incident.into(),
            host: "box".into(),
            user: "ann".into(),
            pid: 7,
            started: Timestamp(1),
        }
    }

    async fn write(journal: &Journal, text: &str) {
        let what = What::Note(Note { text: text.into() });
        journal.append(what, Timestamp(1)).await.expect("recorded");
    }

    fn file(base: &Path, incident: &str) -> PathBuf {
        base.join("state/journal").join(incident).join("box-ann-7-1.jsonl")
    }

    #[tokio::test]
    async fn a_journal_is_read_while_its_writer_goes_on() {
        let dir = tempfile::tempdir().expect("a directory");
        let setup = setup(dir.path(), "inc-1");
        let journal = Journal::open(setup.clone());
        for n in 1..=20 {
            write(&journal, "x").await;
            let book = super::journal(&setup.places, "inc-1");
            assert_eq!((book.merged.entries.len(), book.troubles.as_slice()), (n, &[][..]));
        }
        let (found, troubles) = journals(&setup.places);
        assert_eq!(found.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["inc-1"]);
        assert!(troubles.is_empty() && found[0].changed.0 > 0);
    }

    #[tokio::test]
    async fn a_torn_end_is_passing_and_a_flipped_byte_is_not() {
        let dir = tempfile::tempdir().expect("a directory");
        let setup = setup(dir.path(), "inc-1");
        let journal = Journal::open(setup.clone());
        for text in ["one", "two", "three"] {
            write(&journal, text).await;
        }
        let path = file(dir.path(), "inc-1");
        let whole = fs::read(&path).expect("the lines");
        fs::write(&path, &whole[..whole.len() - 10]).expect("written");
        let torn = super::journal(&setup.places, "inc-1");
        assert_eq!((torn.merged.entries.len(), torn.troubles.len()), (2, 1));
        assert!(torn.troubles[0].passing, "{:?}", torn.troubles);
        let mut flipped = whole.clone();
        let at = whole.iter().position(|byte| *byte == b'\n').expect("a line") + 50;
        flipped[at] ^= 1;
        fs::write(&path, &flipped).expect("written");
        let broken = super::journal(&setup.places, "inc-1");
        assert_eq!((broken.merged.entries.len(), broken.troubles.len()), (1, 1));
        let trouble = &broken.troubles[0];
        assert!(!trouble.passing && trouble.path == path && trouble.says.contains("event 2"), "{trouble:?}");
    }

    #[test]
    fn where_there_is_no_journal_there_is_no_trouble() {
        let dir = tempfile::tempdir().expect("a directory");
        let places = setup(dir.path(), "x").places;
        assert_eq!(journals(&places), (Vec::new(), Vec::new()));
        assert_eq!(super::journal(&places, "inc-1"), Book::default());
    }

    #[test]
    fn an_emergency_place_that_others_could_write_is_not_read_and_that_is_said() {
        let dir = tempfile::tempdir().expect("a directory");
        let places = setup(dir.path(), "x").places;
        fs::create_dir_all(places.second.join("journal/inc-evil")).expect("made");
        fs::write(places.second.join("journal/inc-evil/w.jsonl"), "{}\n").expect("written");
        fs::set_permissions(&places.second, fs::Permissions::from_mode(0o777)).expect("set");
        let (found, troubles) = journals(&places);
        assert!(found.is_empty());
        assert!(troubles[0].says.contains("open to other users"), "{troubles:?}");
        let book = super::journal(&places, "inc-evil");
        assert!(book.merged.entries.is_empty());
        assert!(book.troubles[0].says.contains("open to other users"), "{book:?}");
    }

    #[test]
    fn a_journal_that_cannot_be_looked_into_is_not_passed_over() {
        let dir = tempfile::tempdir().expect("a directory");
        let places = setup(dir.path(), "x").places;
        let journal = places.first.join("journal");
        fs::create_dir_all(&journal).expect("made");
        std::os::unix::fs::symlink("inc-loop", journal.join("inc-loop")).expect("linked");
        let (found, troubles) = journals(&places);
        assert_eq!((found.len(), troubles.len()), (0, 1), "{troubles:?}");
        assert!(troubles[0].path.ends_with("inc-loop"), "{troubles:?}");
    }

    #[tokio::test]
    async fn a_journal_that_is_brought_home_meanwhile_is_never_missed() {
        let dir = tempfile::tempdir().expect("a directory");
        let setup = setup(dir.path(), "inc-1");
        let journal = Journal::open(setup.clone());
        write(&journal, "x").await;
        drop(journal);
        let home = file(dir.path(), "inc-1");
        let whole = fs::read(&home).expect("the lines");
        fs::create_dir_all(setup.places.second.join("journal/inc-1")).expect("made");
        fs::set_permissions(&setup.places.second, fs::Permissions::from_mode(0o700)).expect("set");
        let away = setup.places.second.join("journal/inc-1/box-ann-7-1.jsonl");
        for _ in 0..300 {
            fs::write(&away, &whole).expect("written");
            fs::remove_file(&home).expect("removed");
            let bringing = std::thread::spawn({
                let (home, away, whole) = (home.clone(), away.clone(), whole.clone());
                move || {
                    // Whole in one place before it leaves the other.
                    fs::write(home.with_extension("part"), whole).expect("written");
                    fs::rename(home.with_extension("part"), &home).expect("there");
                    fs::remove_file(away).expect("removed");
                }
            });
            while !bringing.is_finished() {
                let book = super::journal(&setup.places, "inc-1");
                assert_eq!((book.merged.entries.len(), book.troubles.as_slice()), (1, &[][..]));
            }
            bringing.join().expect("brought");
        }
    }

    #[tokio::test]
    async fn a_kept_file_is_given_only_as_it_was_kept() {
        let dir = tempfile::tempdir().expect("a directory");
        let setup = setup(dir.path(), "inc-1");
        let journal = Journal::open(setup.clone());
        let kept = journal.keep("oncall.md", b"# Oncall".to_vec(), Timestamp(1)).await.expect("kept");
        assert_eq!(beside(&setup.places, "inc-1", &kept).expect("there"), b"# Oncall");
        fs::write(dir.path().join("state/journal/inc-1").join(&kept.file), "# Other").expect("written");
        let error = beside(&setup.places, "inc-1", &kept).expect_err("refused");
        assert!(error.to_string().contains("is not as it was kept"), "{error}");
        let outside = Output { file: "../../../etc/passwd".into(), ..kept };
        assert!(beside(&setup.places, "inc-1", &outside).is_err());
    }
}
