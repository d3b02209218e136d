//! Everything that was read, and reading anew only what has changed since.
use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::SystemTime;

use tokio_util::sync::CancellationToken;

use super::decode::decode;
use super::file::{self, Stamp};
use super::walk::{Found, is_markdown, walk};
use super::{Entry, Limits, models};
use crate::commands::tools::Tables;
use crate::defect;
use crate::runbook::{Document, Note, catalogue};

/// More threads than this wait for the same disk.
const MOST_THREADS: usize = 8;
/// A thread is not worth fewer files than this.
const FEW: usize = 8;

/// What has changed between two looks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Batch {
    /// New, read anew, or no longer to be read; in the order of the paths.
    pub changed: Vec<Entry>,
    /// The paths of documents that are no longer there.
    pub gone: Vec<String>,
}

impl Batch {
    pub fn is_empty(&self) -> bool {
        self.changed.is_empty() && self.gone.is_empty()
    }
}

/// The documents below some paths.
#[derive(Debug)]
pub struct Library {
    paths: Vec<PathBuf>,
    /// Those of the paths that mean models, and no files.
    models: Vec<PathBuf>,
    tables: Arc<Tables>,
    limits: Limits,
    known: BTreeMap<PathBuf, Known>,
    /// The order in which they were found.
    order: Vec<PathBuf>,
    notes: Vec<String>,
    directories: Vec<PathBuf>,
}

#[derive(Debug, Clone)]
struct Known {
    entry: Entry,
    seen: Option<Seen>,
}

/// What it was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Seen {
    stamp: Stamp,
    hash: u64,
    /// The stamp tells whether it is still the same.
    settled: bool,
}

/// What became of one file of a look.
enum Fate {
    Same(Seen),
    New(Known),
    /// It went away between the walk and the reading.
    Gone,
}

/// What stands where a document was to be read.
const DEFECT: &str = "firedeck failed here: this is a defect of firedeck";

impl Library {
    pub fn new(paths: Vec<PathBuf>, tables: Arc<Tables>, limits: Limits) -> Library {
        let (models, paths) = paths.into_iter().partition(|path| models::is_named(path));
        Library {
            paths,
            models,
            tables,
            limits,
            known: BTreeMap::new(),
            order: Vec::new(),
            notes: Vec::new(),
            directories: Vec::new(),
        }
    }

    /// The files and directories that were named.
    pub fn paths(&self) -> &[PathBuf] {
        &self.paths
    }

    /// All that is known, in the order of the paths that were named.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.order.iter().filter_map(|path| self.known.get(path)).map(|known| &known.entry)
    }

    /// Those of them that could be read.
    pub fn documents(&self) -> impl Iterator<Item = &Arc<Document>> {
        self.entries().filter_map(|entry| entry.read.as_ref().ok())
    }

    /// What was left out, and why.
    pub fn notes(&self) -> &[String] {
        &self.notes
    }

    /// Where a change can make another look come to something else.
    pub fn directories(&self) -> &[PathBuf] {
        &self.directories
    }

    /// Walks, and reads what is new or changed. `None` when it was cancelled: then nothing is known but what was
    /// known before.
    pub fn look(&mut self, cancel: &CancellationToken) -> Option<Batch> {
        let walked = walk(&self.paths, is_markdown, self.limits, cancel)?;
        let fates = self.read(&walked.files, cancel)?;
        let before = std::mem::take(&mut self.known);
        let mut batch = Batch::default();
        self.order.clear();
        for (found, fate) in walked.files.into_iter().zip(fates) {
            let known = match fate {
                Fate::Gone => continue,
                Fate::New(known) => {
                    // Other bytes are a change, whatever is made of them.
                    if known.entry.read.is_ok()
                        || before.get(&found.path).is_none_or(|old| old.entry != known.entry)
                    {
                        batch.changed.push(known.entry.clone());
                    }
                    known
                }
                Fate::Same(seen) => match before.get(&found.path) {
                    Some(old) => Known { seen: Some(seen), ..old.clone() },
                    None => continue,
                },
            };
            self.order.push(found.path.clone());
            self.known.insert(found.path, known);
        }
        for (path, why) in walked.failed {
            let entry = Entry { path: path.display().to_string(), read: Err(why) };
            if before.get(&path).is_none_or(|old| old.entry != entry) {
                batch.changed.push(entry.clone());
            }
            self.order.push(path.clone());
            self.known.insert(path, Known { entry, seen: None });
        }
        for (path, known) in self.of_models(&before) {
            if self.known.contains_key(&path) {
                continue;
            }
            if !before.contains_key(&path) {
                batch.changed.push(known.entry.clone());
            }
            self.order.push(path.clone());
            self.known.insert(path, known);
        }
        let gone = before.iter().filter(|(path, _)| !self.known.contains_key(*path));
        batch.gone = gone.map(|(_, known)| known.entry.path.clone()).collect();
        batch.changed.sort_by(|a, b| a.path.cmp(&b.path));
        self.notes = walked.notes;
        self.directories = walked.directories;
        Some(batch)
    }

    /// The models that were named; they never change.
    fn of_models(&self, before: &BTreeMap<PathBuf, Known>) -> Vec<(PathBuf, Known)> {
        let named = self.models.iter().flat_map(|path| models::named(path));
        let known = named.map(|(path, text)| {
            let known = before.get(&path).cloned().unwrap_or_else(|| {
                let name = path.display().to_string();
                let read = text.and_then(|text| self.parse(&name, text.as_bytes(), &[]));
                Known { entry: Entry { path: name, read }, seen: None }
            });
            (path, known)
        });
        known.collect()
    }

    /// The fate of each file, in their order.
    fn read(&self, files: &[Found], cancel: &CancellationToken) -> Option<Vec<Fate>> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let helpers = cores.min(MOST_THREADS).min(files.len().div_ceil(FEW)).saturating_sub(1);
        let next = AtomicUsize::new(0);
        let work = || {
            let mut mine = Vec::new();
            while let Some((at, found)) = files.get(next.load(Ordering::Relaxed)).and_then(|_| {
                let at = next.fetch_add(1, Ordering::Relaxed);
                Some((at, files.get(at)?))
            }) {
                if cancel.is_cancelled() {
                    break;
                }
                mine.push((at, self.one(found)));
            }
            mine
        };
        let mut done = thread::scope(|scope| {
            let helpers: Vec<_> = (0..helpers)
                .filter_map(|_| {
                    thread::Builder::new().name("documents".into()).spawn_scoped(scope, work).ok()
                })
                .collect();
            let mut all = work();
            for helper in helpers {
                all.extend(helper.join().unwrap_or_default());
            }
            all
        });
        if cancel.is_cancelled() {
            return None;
        }
        done.sort_by_key(|(at, _)| *at);
        Some(done.into_iter().map(|(_, fate)| fate).collect())
    }

    fn one(&self, found: &Found) -> Fate {
        let before = self.known.get(&found.path).and_then(|known| known.seen);
        if let Some(seen) = before.filter(|seen| seen.settled && seen.stamp == found.stamp) {
            return Fate::Same(seen);
        }
        let path = found.path.display().to_string();
        let now = SystemTime::now();
        let content = match file::read(&found.path, self.limits.bytes) {
            Ok(content) => content,
            Err(error) if error.kind() == ErrorKind::NotFound && !found.named => return Fate::Gone,
            Err(error) => {
                return Fate::New(Known { entry: Entry { path, read: Err(file::why(&error)) }, seen: None });
            }
        };
        let seen = Seen { stamp: content.stamp, hash: content.hash, settled: content.stamp.is_settled(now) };
        if before.is_some_and(|before| before.hash == content.hash) {
            return Fate::Same(seen);
        }
        let read = self.parse(&path, &content.bytes, &content.defects);
        Fate::New(Known { entry: Entry { path, read }, seen: Some(seen) })
    }

    /// A defect of the reading costs one document, not the others.
    fn parse(&self, path: &str, bytes: &[u8], defects: &[Note]) -> Result<Arc<Document>, String> {
        let (text, notes) = decode(bytes);
        if defect::failed(path).is_some() {
            return Err(DEFECT.to_owned());
        }
        let read = || defect::within(&path.into(), || catalogue::read(path, &text, &self.tables));
        let mut document = catch_unwind(AssertUnwindSafe(read)).map_err(|_| DEFECT.to_owned())?;
        document.defects.extend(notes.into_iter().chain(defects.iter().cloned()));
        document.defects.sort_by_key(|note| note.line);
        Ok(Arc::new(document))
    }
}
