//! What is left of sessions goes once nobody needs it: the disk of the box that is to be mended must not be full of it.
//!
//! A session goes if its run is closed, or nobody has written of it for a month, and if it is older than a month or all
//! of them together are too large: the oldest first. One whose runner lives stays, and so does every one of a run that
//! belongs to an open incident. What the journal keeps of its output is not touched.
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use crate::domain::time::Timestamp;
use crate::incident::{What, name, state};
use crate::store::{Places, read};
use crate::tools::runner;

/// All sessions together may take so much of the disk.
pub(super) const MOST: u64 = 2 << 30;
/// Older ones go.
const OLD: i64 = 30 * 86_400_000;
/// What is younger may be only being begun.
const YOUNG: i64 = 3_600_000;
/// What is on its way out bears this before its name.
const GONE: &str = ".gone-";

/// A session that is over.
struct Left {
    dir: PathBuf,
    name: String,
    changed: i64,
    bytes: u64,
}

/// Removes what nobody needs; the names of the sessions that went. Blocking.
pub fn tidy(places: &Places, now: Timestamp, most: u64) -> Vec<String> {
    let mut left = Vec::new();
    let mut total = 0;
    for root in places.all_sessions() {
        for entry in fs::read_dir(&root).into_iter().flatten().flatten() {
            let (dir, name) = (entry.path(), entry.file_name().to_string_lossy().into_owned());
            if name.starts_with(GONE) {
                // Whoever began that did not come to its end.
                remove(&dir);
            } else if let Some(session) = name.strip_suffix(".kube") {
                unneeded(&root, session, &dir, now);
            } else if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                let (changed, bytes) = stand(&dir);
                total += bytes;
                left.push(Left { dir, name, changed, bytes });
            }
        }
    }
    left.retain(|one| now.0.saturating_sub(one.changed) > YOUNG && !runner::lives(&one.dir));
    left.sort_by(|a, b| a.changed.cmp(&b.changed).then_with(|| a.name.cmp(&b.name)));
    let is_old = |one: &Left| now.0.saturating_sub(one.changed) > OLD;
    if total <= most && !left.iter().any(is_old) {
        return Vec::new();
    }
    let Some(since) = left.iter().map(|one| one.changed).min() else { return Vec::new() };
    let runs = Runs::of(places, since, now);
    let mut gone = Vec::new();
    for one in left {
        if !(is_old(&one) || total > most) || runs.needs(&one.name, is_old(&one)) {
            continue;
        }
        let aside = one.dir.with_file_name(format!("{GONE}{}", one.name));
        // Nobody finds half a session; whoever was faster has done it.
        if runner::lives(&one.dir) || fs::rename(&one.dir, &aside).is_err() {
            continue;
        }
        remove(&aside);
        let _ = fs::remove_file(one.dir.with_file_name(format!("{}.kube", one.name)));
        total = total.saturating_sub(one.bytes);
        gone.push(one.name);
    }
    gone
}

fn remove(dir: &Path) {
    let done = if dir.is_dir() { fs::remove_dir_all(dir) } else { fs::remove_file(dir) };
    if let Err(error) = done.or_else(|error| match error.kind() {
        io::ErrorKind::NotFound => Ok(()),
        _ => Err(error),
    }) {
        tracing::warn!(%error, dir = %dir.display(), "an old session cannot be removed");
    }
}

/// The way to a cluster that a session had is of no use without it.
fn unneeded(root: &Path, session: &str, file: &Path, now: Timestamp) {
    let young = fs::symlink_metadata(file).is_ok_and(|found| now.0.saturating_sub(changed(&found)) <= YOUNG);
    let dir = root.join(session);
    let is_needed = dir.is_dir() && runner::lives(&dir);
    if !young && !is_needed {
        remove(file);
    }
}

/// When something in it was written last, and how much of the disk it takes.
fn stand(dir: &Path) -> (i64, u64) {
    let own = fs::symlink_metadata(dir).map_or(0, |found| changed(&found));
    let files = fs::read_dir(dir).into_iter().flatten().flatten().filter_map(|entry| entry.metadata().ok());
    files.fold((own, 0), |(last, bytes), found| (last.max(changed(&found)), bytes + found.blocks() * 512))
}

fn changed(found: &fs::Metadata) -> i64 {
    let since = found.modified().ok().and_then(|at| at.duration_since(UNIX_EPOCH).ok()).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// What the journals say of runs.
#[derive(Default)]
struct Runs {
    closed: BTreeSet<String>,
    /// Those of incidents that nobody has closed.
    open: BTreeSet<String>,
    /// Those of which something was written in the last month.
    lately: BTreeSet<String>,
}

impl Runs {
    /// From all journals of incidents, and those that were written to since then, one after the other.
    fn of(places: &Places, since: i64, now: Timestamp) -> Runs {
        let mut runs = Runs::default();
        let is_wanted = |one: &read::Found| one.name.starts_with(name::INCIDENT) || one.changed.0 >= since;
        for journal in read::journals(places).0.into_iter().filter(is_wanted) {
            let entries = read::journal(places, &journal.name).merged.entries;
            let mut own = BTreeMap::new();
            for event in entries.iter().map(|entry| &entry.event) {
                let Some(run) = event.what.run() else { continue };
                let last = own.entry(run.to_owned()).or_insert(event.at);
                *last = (*last).max(event.at);
                if matches!(event.what, What::RunClosed(_)) {
                    runs.closed.insert(run.to_owned());
                }
            }
            runs.lately.extend(
                own.iter().filter(|(_, at)| now.0.saturating_sub(at.0) <= OLD).map(|(run, _)| run.clone()),
            );
            let is_open = journal.name.starts_with(name::INCIDENT)
                && !state::unfinished(entries.into_iter().map(|entry| entry.event)).is_empty();
            if is_open {
                runs.open.extend(own.into_keys());
            }
        }
        runs
    }

    /// `RUN-PID-N`: whether somebody may go on with it, or look back at it.
    fn needs(&self, session: &str, is_old: bool) -> bool {
        let run = session.rsplitn(3, '-').nth(2).unwrap_or(session);
        let over = self.closed.contains(run) || is_old && !self.lately.contains(run);
        self.open.contains(run) || !over
    }
}
