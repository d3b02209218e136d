//! One writer's journal, step by step and blocking: writes, syncs, moves when a disk refuses, and moves back.
//!
//! Every place gets a new file, so no file is ever opened again to be changed. A line whose fate is unknown,
//! because the write failed and could not be taken back, is written again unchanged where the writer goes
//! next: a number never stands for two events.
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::disk::{Disk, Sheet};
use super::places::{self, Places};
use super::repair::{self, EXTENSION};
use crate::domain::time::Timestamp;
use crate::incident::bound::bound;
use crate::incident::event::{Event, EventId, JournalMoved, Output, Rest};
use crate::incident::line::{encode, sha256};
use crate::incident::{Keeping, What};

/// How long a place that refused is left alone.
const AGAIN: Duration = Duration::from_secs(30);

pub(super) struct Keeper {
    disk: Box<dyn Disk>,
    places: Places,
    incident: String,
    writer: String,
    /// The last event that is on a disk, and its hash.
    n: u64,
    head: String,
    spot: Spot,
    /// How many files were begun.
    files: u32,
    next_try: Timestamp,
    /// The line that the last place failed on; the next place gets it first.
    unsure: Option<Draft>,
}

enum Spot {
    Home(Open),
    Away(Open, String),
    Nowhere(String),
}

struct Open {
    sheet: Box<dyn Sheet>,
    dir: PathBuf,
    stem: String,
    length: u64,
}

/// A line and the files it refers to.
struct Draft {
    n: u64,
    line: String,
    beside: Vec<(String, String)>,
    /// Some place may hold it although the write failed.
    maybe: bool,
}

impl Open {
    fn path(&self) -> PathBuf {
        self.dir.join(format!("{}{EXTENSION}", self.stem))
    }

    /// Writes and syncs, or takes back what was written.
    fn write(&mut self, disk: &dyn Disk, draft: &mut Draft) -> io::Result<()> {
        for (file, text) in &draft.beside {
            disk.put(&self.dir.join(file), text.as_bytes())?;
        }
        let bytes = format!("{}\n", draft.line);
        match self.sheet.append(bytes.as_bytes()).and_then(|()| self.sheet.sync()) {
            Ok(()) => {
                self.length += bytes.len() as u64;
                Ok(())
            }
            Err(error) => {
                draft.maybe |= self.sheet.cut(self.length).is_err();
                Err(error)
            }
        }
    }
}

impl Keeper {
    /// Finds a place, then looks after what dead writers left. The state tells how that went.
    pub(super) fn open(
        disk: Box<dyn Disk>,
        places: Places,
        incident: &str,
        writer: &str,
        at: Timestamp,
    ) -> Keeper {
        let mut keeper = Keeper {
            disk,
            places,
            incident: incident.to_owned(),
            writer: places::name(writer, 120).replace('.', "-"),
            n: 0,
            head: String::new(),
            spot: Spot::Nowhere(String::new()),
            files: 0,
            next_try: at,
            unsure: None,
        };
        keeper.find_place(true, at);
        keeper.tidy(at);
        keeper
    }

    pub(super) fn state(&self) -> Keeping {
        match &self.spot {
            Spot::Home(open) => Keeping::Good(open.path().display().to_string()),
            Spot::Away(open, why) => {
                Keeping::Moved { to: open.path().display().to_string(), why: why.clone() }
            }
            Spot::Nowhere(why) => Keeping::Failed { why: why.clone() },
        }
    }

    /// Returns once the event is on a disk.
    pub(super) fn append(&mut self, what: What, at: Timestamp) -> Result<EventId, String> {
        self.prepare(at);
        self.record(what, at)
    }

    fn prepare(&mut self, at: Timestamp) {
        match &self.spot {
            Spot::Away(..) if at >= self.next_try => self.go_home(at),
            Spot::Home(_) | Spot::Away(..) => {}
            Spot::Nowhere(_) => self.find_place(true, at),
        }
    }

    /// Writes a file that a later event refers to.
    pub(super) fn keep(&mut self, label: &str, bytes: &[u8], at: Timestamp) -> Result<Output, String> {
        self.prepare(at);
        let (size, hash) = (bytes.len() as u64, sha256(bytes));
        let file = places::beside(&self.id(self.n + 1), &format!("{}-{label}", &hash[..8]));
        loop {
            let (Spot::Home(open) | Spot::Away(open, _)) = &self.spot else {
                return Err(self.why());
            };
            match self.disk.put(&open.dir.join(&file), bytes) {
                Ok(()) => return Ok(Output { file, size, sha256: hash }),
                Err(error) => self.leave(&error, None, at),
            }
        }
    }

    fn record(&mut self, what: What, at: Timestamp) -> Result<EventId, String> {
        let mut draft = self.draft(what, at)?;
        let id = self.id(draft.n);
        let (Spot::Home(open) | Spot::Away(open, _)) = &mut self.spot else {
            return Err(self.why());
        };
        match open.write(self.disk.as_ref(), &mut draft) {
            Ok(()) => self.written(&draft),
            Err(error) => self.leave(&error, Some(draft), at),
        }
        if self.n >= id.n { Ok(id) } else { Err(self.why()) }
    }

    fn draft(&self, what: What, at: Timestamp) -> Result<Draft, String> {
        let n = self.n + 1;
        let id = self.id(n);
        let bounded = bound(what).map_err(|error| format!("the event cannot be written down: {error}"))?;
        let mut beside = Vec::new();
        let mut rest = Vec::new();
        for (i, whole) in bounded.whole.into_iter().enumerate() {
            let file = places::beside(&id, &format!("{i}{}.txt", whole.of.replace('/', "-")));
            let (size, sha256) = (whole.text.len() as u64, sha256(whole.text.as_bytes()));
            rest.push(Rest { of: whole.of, output: Output { file: file.clone(), size, sha256 } });
            beside.push((file, whole.text));
        }
        let EventId { incident, writer, .. } = id;
        let event = Event { incident, writer, n, prev: self.head.clone(), at, what: bounded.what, rest };
        let line = encode(&event).map_err(|error| format!("the event cannot be written down: {error}"))?;
        Ok(Draft { n, line, beside, maybe: false })
    }

    fn id(&self, n: u64) -> EventId {
        EventId { incident: self.incident.clone(), writer: self.writer.clone(), n }
    }

    fn written(&mut self, draft: &Draft) {
        self.n = draft.n;
        self.head = sha256(draft.line.as_bytes());
    }

    fn why(&self) -> String {
        match &self.spot {
            Spot::Nowhere(why) | Spot::Away(_, why) => why.clone(),
            Spot::Home(_) => String::new(),
        }
    }

    /// The place in use failed. The line it failed on is the first that the next place gets.
    fn leave(&mut self, error: &io::Error, failed: Option<Draft>, at: Timestamp) {
        let (was_home, from) = match &self.spot {
            Spot::Home(open) => (true, open.path()),
            Spot::Away(open, _) => (false, open.path()),
            Spot::Nowhere(_) => return,
        };
        self.spot = Spot::Nowhere(format!("`{}` cannot be written: {error}", from.display()));
        self.next_try = at.plus(AGAIN);
        self.unsure = failed;
        if was_home {
            self.find_place(false, at);
        }
        if matches!(self.spot, Spot::Nowhere(_)) {
            // What is on no disk is forgotten, as its caller is told.
            self.unsure.take_if(|draft| !draft.maybe);
        }
    }

    /// Opens the first place that takes a file, and says in it that the writer moved.
    fn find_place(&mut self, home_too: bool, at: Timestamp) {
        let mut why = self.why();
        for home in [true, false] {
            if home && !home_too || !home && self.places.first == self.places.second {
                continue;
            }
            let fresh = home && self.n == 0 && why.is_empty();
            let from = why.clone();
            match self.begin(home) {
                Ok(mut open) => match self.arrive(&mut open, fresh, home, &from, at) {
                    Ok(()) => {
                        self.spot = if home { Spot::Home(open) } else { Spot::Away(open, from) };
                        return;
                    }
                    Err(error) => why = join(&why, &open.path(), &error),
                },
                Err(error) => why = join(&why, &self.base(home), &error),
            }
            self.next_try = at.plus(AGAIN);
        }
        self.spot = Spot::Nowhere(why);
    }

    fn base(&self, home: bool) -> PathBuf {
        if home { self.places.first.clone() } else { self.places.second.clone() }
    }

    fn begin(&mut self, home: bool) -> io::Result<Open> {
        let base = self.base(home);
        let dir = places::directory(&base, &self.incident);
        if home {
            self.disk.make_dir(&dir)?;
        } else {
            self.disk.make_own_dir(&base, &dir)?;
        }
        loop {
            let stem = match self.files {
                0 => self.writer.clone(),
                k => format!("{}.{k}", self.writer),
            };
            match self.disk.create(&dir.join(format!("{stem}{EXTENSION}"))) {
                Ok(sheet) => {
                    self.files += 1;
                    return Ok(Open { sheet, dir, stem, length: 0 });
                }
                // Two runs with one name; the chain of the other one is not ours to go on with.
                Err(error)
                    if error.kind() == io::ErrorKind::AlreadyExists
                        && (self.n, self.files, self.unsure.is_none()) == (0, 0, true)
                        && self.writer.len() < 150 =>
                {
                    self.writer.push('x');
                }
                Err(error) => {
                    self.files += 1;
                    return Err(error);
                }
            }
        }
    }

    /// The first lines in a new place: what may have been lost on the way, and why we are here.
    fn arrive(
        &mut self,
        open: &mut Open,
        fresh: bool,
        home: bool,
        why: &str,
        at: Timestamp,
    ) -> io::Result<()> {
        if let Some(mut draft) = self.unsure.take() {
            if let Err(error) = open.write(self.disk.as_ref(), &mut draft) {
                self.unsure = Some(draft);
                return Err(error);
            }
            self.written(&draft);
        }
        if fresh {
            return Ok(());
        }
        let moved = JournalMoved {
            from: self.base(!home).display().to_string(),
            to: open.dir.display().to_string(),
            why: why.to_owned(),
        };
        let mut draft = self.draft(What::JournalMoved(moved), at).map_err(io::Error::other)?;
        match open.write(self.disk.as_ref(), &mut draft) {
            Ok(()) => {
                self.written(&draft);
                Ok(())
            }
            Err(error) => {
                self.unsure = Some(draft).filter(|draft| draft.maybe);
                Err(error)
            }
        }
    }

    /// Tries the usual place again; whatever goes wrong, the present one goes on.
    fn go_home(&mut self, at: Timestamp) {
        self.next_try = at.plus(AGAIN);
        let Spot::Away(away, why) = std::mem::replace(&mut self.spot, Spot::Nowhere(String::new())) else {
            return;
        };
        let home = places::directory(&self.places.first, &self.incident);
        let lines = format!("{}{EXTENSION}", away.stem);
        // A copy of what was written meanwhile is also the proof that there is room.
        let copied = self.disk.make_dir(&home).and_then(|()| {
            let bytes = self.disk.get(&away.dir.join(&lines))?;
            self.disk.put(&home.join(&lines), &bytes)
        });
        let opened = copied.and_then(|()| {
            let mut open = self.begin(true)?;
            self.arrive(&mut open, false, true, "it can be written again", at)?;
            Ok(open)
        });
        match opened {
            Ok(open) => {
                let (dir, stem) = (away.dir.clone(), away.stem.clone());
                drop(away);
                self.spot = Spot::Home(open);
                // What cannot be carried now is brought home by the next start.
                let _ = repair::carry(self.disk.as_ref(), &dir, &home, &stem);
                self.tidy(at);
            }
            Err(_) => self.stay(away, why, at),
        }
    }

    /// A line that may have reached the usual place belongs to the present one too.
    fn stay(&mut self, mut away: Open, why: String, at: Timestamp) {
        match self.arrive(&mut away, self.unsure.is_none(), false, &why, at) {
            Ok(()) => self.spot = Spot::Away(away, why),
            Err(error) => self.spot = Spot::Nowhere(join(&why, &away.path(), &error)),
        }
    }

    /// Only where the journal belongs, and only what nobody holds.
    fn tidy(&mut self, at: Timestamp) {
        let Spot::Home(open) = &self.spot else { return };
        let (dir, own) = (open.dir.clone(), open.path());
        // What cannot be brought now stays where it is, and is tried again by the next start.
        let _ = repair::bring_home(self.disk.as_ref(), &self.places);
        for what in repair::sweep(self.disk.as_ref(), &dir, &own) {
            if self.record(what, at).is_err() {
                return;
            }
        }
    }
}

fn join(why: &str, path: &Path, error: &io::Error) -> String {
    let this = format!("`{}` cannot be written: {error}", path.display());
    if why.is_empty() { this } else { format!("{why}; {this}") }
}

#[cfg(test)]
mod tests;
