//! The few things the journal asks of a file system, behind a trait so that tests can make each of them fail.
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;

use super::places;

pub(super) trait Disk: Send {
    /// Makes a directory and those above it, for this user alone.
    fn make_dir(&self, dir: &Path) -> io::Result<()>;
    /// The same where others may write too: what is there already must be ours.
    fn make_own_dir(&self, base: &Path, dir: &Path) -> io::Result<()>;
    /// Makes a file to append to, which must not exist yet, and locks it.
    fn create(&self, path: &Path) -> io::Result<Box<dyn Sheet>>;
    /// Opens a file that exists, if nobody holds it.
    fn open(&self, path: &Path) -> io::Result<Box<dyn Sheet>>;
    /// Writes a whole file, synced; there is never half of it under its name.
    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    fn get(&self, path: &Path) -> io::Result<Vec<u8>>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    fn names(&self, dir: &Path) -> io::Result<Vec<String>>;
}

/// An open, locked file.
pub(super) trait Sheet: Send {
    fn read(&mut self) -> io::Result<Vec<u8>>;
    fn append(&mut self, bytes: &[u8]) -> io::Result<()>;
    fn sync(&mut self) -> io::Result<()>;
    /// Takes off everything after `length`.
    fn cut(&mut self, length: u64) -> io::Result<()>;
}

/// The file system of this box.
#[derive(Debug)]
pub(super) struct Local;

impl Disk for Local {
    fn make_dir(&self, dir: &Path) -> io::Result<()> {
        if dir.is_dir() {
            return Ok(());
        }
        DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
        // The new names must outlive a power cut as well as what is in them.
        for made in [dir.parent(), dir.parent().and_then(Path::parent)].into_iter().flatten() {
            sync_dir(made)?;
        }
        Ok(())
    }

    fn make_own_dir(&self, base: &Path, dir: &Path) -> io::Result<()> {
        match DirBuilder::new().mode(0o700).create(base) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => places::ours_alone(base)?,
        }
        self.make_dir(dir)
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn Sheet>> {
        let file = options().read(true).append(true).create_new(true).open(path)?;
        match file.try_lock() {
            // Some network file systems have no locks. A writer's name is its own, so it can do without.
            Ok(()) | Err(TryLockError::Error(_)) => {}
            Err(TryLockError::WouldBlock) => return Err(io::ErrorKind::WouldBlock.into()),
        }
        path.parent().map_or(Ok(()), sync_dir)?;
        Ok(Box::new(file))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn Sheet>> {
        let file = options().read(true).append(true).open(path)?;
        file.try_lock()?;
        Ok(Box::new(file))
    }

    fn put(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let part = path.with_added_extension("part");
        let mut file = options().write(true).create(true).truncate(true).open(&part)?;
        let written = file.write_all(bytes).and_then(|()| file.sync_all());
        if let Err(error) = written.and_then(|()| fs::rename(&part, path)) {
            // Half a file would only take the room that is missing.
            let _ = fs::remove_file(&part);
            return Err(error);
        }
        path.parent().map_or(Ok(()), sync_dir)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn get(&self, path: &Path) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        options().read(true).open(path)?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn names(&self, dir: &Path) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(dir)? {
            names.extend(entry?.file_name().into_string());
        }
        names.sort();
        Ok(names)
    }
}

impl Sheet for File {
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        self.seek(SeekFrom::Start(0))?;
        self.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes)
    }

    fn sync(&mut self) -> io::Result<()> {
        self.sync_data()
    }

    fn cut(&mut self, length: u64) -> io::Result<()> {
        self.set_len(length)?;
        self.sync_data()
    }
}

/// Never through a link, never for others to read.
fn options() -> OpenOptions {
    let mut options = OpenOptions::new();
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    options.mode(0o600).custom_flags(i32::try_from(flags.bits()).unwrap_or(0));
    options
}

fn sync_dir(dir: &Path) -> io::Result<()> {
    match File::open(dir)?.sync_all() {
        // Some file systems cannot sync a directory; they are no worse for it than without us.
        Err(error) if matches!(error.kind(), io::ErrorKind::InvalidInput | io::ErrorKind::Unsupported) => {
            Ok(())
        }
        done => done,
    }
}
