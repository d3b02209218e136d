//! The keeper on disks that fail in every way.
use std::fs;
use std::sync::{Arc, Mutex};

use super::*;
use crate::incident::chain::{self, Chain, End, Merged, merge};
use crate::incident::event::Note;
use crate::store::disk::Local;

/// The real disk, until a place is told to refuse.
#[derive(Clone)]
struct Faulty {
    faults: Arc<Mutex<Vec<Fault>>>,
}

#[derive(Clone)]
struct Fault {
    under: PathBuf,
    /// Bytes that still fit; a write that does not leaves its beginning behind.
    room: usize,
    cut: bool,
    sync: bool,
    code: rustix::io::Errno,
}

impl Fault {
    fn full(under: &Path, room: usize) -> Fault {
        Fault { under: under.into(), room, cut: true, sync: true, code: rustix::io::Errno::NOSPC }
    }
}

impl Faulty {
    fn new(faults: &[Fault]) -> Faulty {
        Faulty { faults: Arc::new(Mutex::new(faults.to_vec())) }
    }

    fn heal(&self) {
        self.faults.lock().expect("unpoisoned").clear();
    }

    fn with<T>(&self, path: &Path, ask: impl FnOnce(&mut Fault) -> T) -> Option<T> {
        let mut faults = self.faults.lock().expect("unpoisoned");
        faults.iter_mut().find(|fault| path.starts_with(&fault.under)).map(ask)
    }
}

struct FaultySheet {
    disk: Faulty,
    path: PathBuf,
    sheet: Box<dyn Sheet>,
}

impl Disk for Faulty {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        Local.make_dir(dir)
    }
    fn make_own_dir(&self, base: &Path, dir: &Path) -> io::Result<()> {
        Local.make_own_dir(base, dir)
    }
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sheet>> {
        let sheet = Local.create(path)?;
        Ok(Box::new(FaultySheet { disk: self.clone(), path: path.into(), sheet }))
    }
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sheet>> {
        Local.open(path)
    }
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        match self.with(path, |fault| (fault.room, fault.code)) {
            Some((room, code)) if room < bytes.len() => Err(code.into()),
            _ => Local.put(path, bytes),
        }
    }
    fn get(&self, path: &Path) -> io::Result<Vec<u8>> {
        Local.get(path)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        Local.remove(path)
    }
    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        Local.names(dir)
    }
}

impl Sheet for FaultySheet {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        self.sheet.read()
    }
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let fits = self.disk.with(&self.path, |fault| {
            let fits = fault.room.min(bytes.len());
            fault.room -= fits;
            (fits, fault.code)
        });
        match fits {
            Some((fits, code)) if fits < bytes.len() => {
                self.sheet.append(&bytes[..fits])?;
                Err(code.into())
            }
            _ => self.sheet.append(bytes),
        }
    }
    fn sync(&mut self) -> io::Result<()> {
        match self.disk.with(&self.path, |fault| fault.sync) {
            Some(false) => Err(rustix::io::Errno::IO.into()),
            _ => self.sheet.sync(),
        }
    }
    fn cut(&mut self, length: u64) -> io::Result<()> {
        match self.disk.with(&self.path, |fault| fault.cut) {
            Some(false) => Err(rustix::io::Errno::IO.into()),
            _ => self.sheet.cut(length),
        }
    }
}

struct AtBox {
    _dir: tempfile::TempDir,
    places: Places,
}

fn a_box() -> AtBox {
    let dir = tempfile::tempdir().expect("a directory");
    let places = Places { first: dir.path().join("state"), second: dir.path().join("run") };
    AtBox { _dir: dir, places }
}

fn note(text: &str) -> What {
    What::Note(Note { text: text.into() })
}

fn open(disk: &Faulty, places: &Places) -> Keeper {
    Keeper::open(Box::new(disk.clone()), places.clone(), "INC-1", "box-ann-7-1", Timestamp(0))
}

fn files(places: &Places) -> Vec<(PathBuf, Chain)> {
    repair::read_all(&Local, places, "INC-1")
}

fn all(places: &Places) -> Merged {
    merge(files(places).into_iter().flat_map(|(_, chain)| chain.entries))
}

fn kinds(merged: &Merged) -> Vec<&str> {
    merged.entries.iter().map(|entry| entry.event.what.kind()).collect()
}

fn notes(merged: &Merged) -> Vec<&str> {
    merged
        .entries
        .iter()
        .filter_map(|entry| match &entry.event.what {
            What::Note(note) => Some(note.text.as_str()),
            _ => None,
        })
        .collect()
}

#[test]
fn a_disk_that_fills_up_anywhere_in_a_line_loses_nothing() {
    for room in (0..580).step_by(3) {
        let at_box = a_box();
        let disk = Faulty::new(&[Fault::full(&at_box.places.first, room)]);
        let mut keeper = open(&disk, &at_box.places);
        for text in ["one", "two", "three"] {
            keeper.append(note(text), Timestamp(1)).expect("recorded");
        }
        assert!(
            matches!(keeper.state(), Keeping::Moved { ref why, .. } if why.contains("No space left")),
            "{room}"
        );
        let found = all(&at_box.places);
        assert_eq!(notes(&found), ["one", "two", "three"], "{room}");
        assert!(kinds(&found).contains(&"journal-moved"));
        assert!(found.forks.is_empty() && found.loose.is_empty(), "{room}: {found:?}");
    }
}

#[test]
fn a_half_line_that_cannot_be_taken_back_is_written_again_elsewhere() {
    for sync in [true, false] {
        for room in [100, 250, usize::MAX] {
            let at_box = a_box();
            let fault = Fault { cut: false, sync, ..Fault::full(&at_box.places.first, room) };
            let disk = Faulty::new(&[fault]);
            let mut keeper = open(&disk, &at_box.places);
            keeper.append(note("one"), Timestamp(1)).expect("recorded");
            keeper.append(note("two"), Timestamp(2)).expect("recorded");
            let found = all(&at_box.places);
            assert_eq!(notes(&found), ["one", "two"], "{room}");
            assert!(found.forks.is_empty() && found.loose.is_empty(), "{found:?}");
        }
    }
}

#[test]
fn the_journal_goes_home_when_it_can_be_written_again() {
    let at_box = a_box();
    let disk = Faulty::new(&[Fault { cut: false, ..Fault::full(&at_box.places.first, 250) }]);
    let mut keeper = open(&disk, &at_box.places);
    for text in ["one", "two"] {
        keeper.append(note(text), Timestamp(1)).expect("recorded");
    }
    let long = "x".repeat(9000);
    keeper.append(note(&long), Timestamp(2)).expect("recorded");
    keeper.append(note("still full"), Timestamp(60_000)).expect("recorded");
    assert!(matches!(keeper.state(), Keeping::Moved { .. }));
    disk.heal();
    keeper.append(note("too soon to try"), Timestamp(61_000)).expect("recorded");
    assert!(matches!(keeper.state(), Keeping::Moved { .. }));
    keeper.append(note("home"), Timestamp(120_000)).expect("recorded");
    assert!(matches!(keeper.state(), Keeping::Good(_)), "{:?}", keeper.state());
    let found = all(&at_box.places);
    assert!(found.forks.is_empty() && found.loose.is_empty(), "{found:?}");
    assert_eq!(notes(&found), ["one", "two", &long[..4096], "still full", "too soon to try", "home"]);
    assert!(kinds(&found).contains(&"journal-repaired"), "the torn half line is kept: {:?}", kinds(&found));
    let home = places::directory(&at_box.places.first, "INC-1");
    assert!(
        files(&at_box.places).iter().all(|(path, chain)| path.starts_with(&home) && chain.end == End::Good)
    );
    let cut = found.entries.iter().find(|entry| !entry.event.rest.is_empty()).expect("a long note");
    assert_eq!(fs::read_to_string(home.join(&cut.event.rest[0].output.file)).expect("the whole"), long);
}

#[test]
fn with_no_place_left_nothing_is_said_to_be_recorded() {
    for cut in [true, false] {
        let at_box = a_box();
        let faults = [&at_box.places.first, &at_box.places.second]
            .map(|place| Fault { cut, ..Fault::full(place, 400) });
        let disk = Faulty::new(&faults);
        let mut keeper = open(&disk, &at_box.places);
        let mut recorded = Vec::new();
        let texts: Vec<String> = (0..20).map(|n| format!("note {n}")).collect();
        for text in &texts {
            if keeper.append(note(text), Timestamp(1)).is_ok() {
                recorded.push(text.as_str());
            }
        }
        assert!(matches!(keeper.state(), Keeping::Failed { .. }));
        disk.heal();
        keeper.append(note("back"), Timestamp(2)).expect("recorded");
        assert!(matches!(keeper.state(), Keeping::Good(_)));
        let found = all(&at_box.places);
        assert!(found.forks.is_empty() && found.loose.is_empty(), "{found:?}");
        assert_eq!(notes(&found).last(), Some(&"back"));
        assert!(recorded.iter().all(|text| notes(&found).contains(text)));
        // One that may have reached a disk is not hidden either; it was never said to be there.
        assert!(notes(&found).len() <= recorded.len() + 1 + usize::from(!cut));
    }
}

#[test]
fn a_usual_place_that_is_no_directory_is_left_for_the_other() {
    let at_box = a_box();
    fs::write(&at_box.places.first, "a file").expect("written");
    let mut keeper = open(&Faulty::new(&[]), &at_box.places);
    keeper.append(note("one"), Timestamp(1)).expect("recorded");
    assert!(matches!(keeper.state(), Keeping::Moved { .. }));
    assert_eq!(kinds(&all(&at_box.places)), ["journal-moved", "note"]);
}

#[test]
fn an_emergency_place_that_others_can_reach_is_not_used() {
    let at_box = a_box();
    fs::write(&at_box.places.first, "a file").expect("written");
    std::os::unix::fs::symlink("/tmp", &at_box.places.second).expect("linked");
    let mut keeper = open(&Faulty::new(&[]), &at_box.places);
    let refused = keeper.append(note("one"), Timestamp(1)).expect_err("nowhere to write");
    assert!(refused.contains("is a link"), "{refused}");
}

#[test]
fn two_runs_of_one_name_keep_two_journals() {
    let at_box = a_box();
    let disk = Faulty::new(&[]);
    let (mut one, mut two) = (open(&disk, &at_box.places), open(&disk, &at_box.places));
    one.append(note("one"), Timestamp(1)).expect("recorded");
    two.append(note("two"), Timestamp(2)).expect("recorded");
    let found = all(&at_box.places);
    assert_eq!(notes(&found), ["one", "two"]);
    assert!(found.forks.is_empty() && found.loose.is_empty());
}

#[test]
fn what_a_dead_run_left_in_the_emergency_place_is_brought_home() {
    let at_box = a_box();
    let disk = Faulty::new(&[Fault::full(&at_box.places.first, 0)]);
    let mut keeper = open(&disk, &at_box.places);
    keeper.append(note("before the crash"), Timestamp(1)).expect("recorded");
    drop(keeper);
    disk.heal();
    drop(open(&disk, &at_box.places));
    let home = places::directory(&at_box.places.first, "INC-1");
    assert!(files(&at_box.places).iter().all(|(path, _)| path.starts_with(&home)));
    assert_eq!(notes(&all(&at_box.places)), ["before the crash"]);
}

#[test]
fn damage_is_told_once_and_left_alone() {
    let at_box = a_box();
    let disk = Faulty::new(&[]);
    let mut keeper = open(&disk, &at_box.places);
    for text in ["one", "two", "three"] {
        keeper.append(note(text), Timestamp(1)).expect("recorded");
    }
    drop(keeper);
    let path = files(&at_box.places)[0].0.clone();
    let bytes = fs::read_to_string(&path).expect("lines").replace("two", "2wo");
    fs::write(&path, &bytes).expect("damaged");
    for _ in 0..3 {
        drop(open(&disk, &at_box.places));
    }
    let told = kinds(&all(&at_box.places)).iter().filter(|kind| **kind == "journal-damaged").count();
    assert_eq!(told, 1);
    assert_eq!(fs::read_to_string(&path).expect("lines"), bytes);
    assert!(matches!(chain::read(bytes.as_bytes()).end, End::Broken { n: 2, .. }));
}

#[test]
fn the_journal_is_for_its_user_alone() {
    use std::os::unix::fs::MetadataExt;
    let at_box = a_box();
    let mut keeper = open(&Faulty::new(&[]), &at_box.places);
    keeper.append(note(&"x".repeat(9000)), Timestamp(1)).expect("recorded");
    let dir = places::directory(&at_box.places.first, "INC-1");
    assert_eq!(fs::metadata(&dir).expect("there").mode() & 0o777, 0o700);
    let modes: Vec<u32> = fs::read_dir(&dir)
        .expect("there")
        .map(|entry| entry.and_then(|entry| entry.metadata()).expect("there").mode() & 0o777)
        .collect();
    assert_eq!(modes, [0o600, 0o600]);
}
