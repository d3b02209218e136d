//! Looks after the files of writers that are gone: torn ends are kept aside, files in the emergency place
//! are brought home.
use std::io;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::places::{self, Places};
use crate::incident::What;
use crate::incident::chain::{self, Chain, End};
use crate::incident::event::{JournalDamaged, JournalRepaired, Output};
use crate::incident::line::sha256;

pub(super) const EXTENSION: &str = ".jsonl";

/// Repairs what dead writers left in `dir`, and says what it found. Good bytes are never touched.
pub(super) fn sweep(disk: &dyn Disk, dir: &Path, own: &Path) -> Vec<What> {
    let mut found = Vec::new();
    let mut told = Vec::new();
    for file in disk.names(dir).unwrap_or_default() {
        let path = dir.join(&file);
        if !file.ends_with(EXTENSION) || path == own {
            continue;
        }
        // Whoever holds the lock is alive, and its last line may be on its way.
        let Ok(mut sheet) = disk.open(&path) else { continue };
        let Ok(bytes) = sheet.read() else { continue };
        let chain = chain::read(&bytes);
        told.extend(chain.entries.iter().filter_map(|entry| match &entry.event.what {
            What::JournalDamaged(damage) => Some(damage.clone()),
            _ => None,
        }));
        match &chain.end {
            End::Good => {}
            End::Cut => {
                let kept = keep_torn(disk, dir, &file, &bytes[chain.good..]);
                // Without a copy the torn bytes stay where they are; every reader steps over them.
                if let Ok(torn) = kept
                    && sheet.cut(chain.good as u64).is_ok()
                {
                    found.push(What::JournalRepaired(JournalRepaired { file, last: chain.last(), torn }));
                }
            }
            End::Broken { n, why } => found.push(damaged(file, *n, why.clone())),
            End::Fork { n } => found.push(damaged(file, *n, "it stands for two events".into())),
        }
    }
    // Said once is enough, whoever said it.
    found.retain(|what| !matches!(what, What::JournalDamaged(damage) if told.contains(damage)));
    found
}

fn damaged(file: String, n: u64, why: String) -> What {
    What::JournalDamaged(JournalDamaged { file, n, why })
}

fn keep_torn(disk: &dyn Disk, dir: &Path, file: &str, torn: &[u8]) -> io::Result<Output> {
    let names = disk.names(dir)?;
    let free =
        (1..=u32::MAX).map(|i| if i == 1 { format!("{file}.torn") } else { format!("{file}.torn.{i}") });
    let Some(name) = free.into_iter().find(|name| !names.contains(name)) else {
        return Err(io::ErrorKind::AlreadyExists.into());
    };
    disk.put(&dir.join(&name), torn)?;
    Ok(Output { file: name, size: torn.len() as u64, sha256: sha256(torn) })
}

/// Brings home what dead writers had to leave in the emergency place, which a reboot would empty.
pub(super) fn bring_home(disk: &dyn Disk, places: &Places) -> io::Result<()> {
    let away = places.second.join("journal");
    if places.first == places.second || places::ours_alone(&places.second).is_err() {
        return Ok(());
    }
    let Ok(incidents) = disk.names(&away) else { return Ok(()) };
    for incident in incidents {
        let (from, to) = (away.join(&incident), places.first.join("journal").join(&incident));
        for file in disk.names(&from).unwrap_or_default() {
            if let Some(writer) = file.strip_suffix(EXTENSION)
                && disk.open(&from.join(&file)).is_ok()
            {
                carry(disk, &from, &to, writer)?;
            }
        }
    }
    Ok(())
}

/// Moves a writer's file and what lies beside it. Every file is whole in one place before it leaves the other.
pub(super) fn carry(disk: &dyn Disk, from: &Path, to: &Path, stem: &str) -> io::Result<()> {
    let names = disk.names(from)?;
    let lines = format!("{stem}{EXTENSION}");
    // A file beside is named after its writer, which may have had several files.
    let writer = stem.split('.').next().unwrap_or(stem);
    let beside = names.iter().filter(|name| {
        name.strip_prefix(writer).is_some_and(|rest| rest.starts_with('.')) && !name.ends_with(EXTENSION)
    });
    disk.make_dir(to)?;
    // The lines go last: until they are there, nothing points at the files.
    for name in beside.chain([&lines]) {
        let (source, target): (PathBuf, PathBuf) = (from.join(name), to.join(name));
        disk.put(&target, &disk.get(&source)?)?;
        disk.remove(&source)?;
    }
    Ok(())
}

/// All files of an incident in both places, each as far as it is good.
pub(super) fn read_all(disk: &dyn Disk, places: &Places, incident: &str) -> Vec<(PathBuf, Chain)> {
    let mut chains = Vec::new();
    for base in [&places.first, &places.second] {
        let dir = places::directory(base, incident);
        for file in disk.names(&dir).unwrap_or_default() {
            if file.ends_with(EXTENSION)
                && let Ok(bytes) = disk.get(&dir.join(&file))
            {
                chains.push((dir.join(&file), chain::read(&bytes)));
            }
        }
    }
    chains
}
