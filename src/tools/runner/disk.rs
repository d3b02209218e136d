//! What a statement wrote, on disk: its first bytes and its last ones, so that no output fills the box.
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::event::Stream;
use super::setup::{Files, options};

/// So many bytes from the beginning are kept.
pub const HEAD: u64 = 16 << 20;
/// So many from the end, in a ring beside them.
pub const TAIL: u64 = 48 << 20;
/// The ring's file begins with how many bytes there were in all.
const MARK: u64 = 8;
/// So many bytes are written at most before that is said again. The ring has room for them beside the bytes that are
/// kept, so that neither a reader nor a writer's death finds newer bytes in the place of older ones.
const STEP: usize = 64 << 10;
const RING: u64 = TAIL + STEP as u64;

/// One stream of one statement, being written.
#[derive(Debug)]
pub(super) struct Sheet {
    path: PathBuf,
    head: Option<File>,
    tail: Option<File>,
    total: u64,
}

impl Sheet {
    pub(super) fn new(path: PathBuf) -> Sheet {
        Sheet { path, head: None, tail: None, total: 0 }
    }

    /// Bytes that are on the disk, or were before later ones took their place.
    pub(super) fn total(&self) -> u64 {
        self.total
    }

    /// Appends what the disk takes of it: how many bytes it did not, and why.
    pub(super) fn append(&mut self, bytes: &[u8]) -> (usize, Option<io::Error>) {
        let mut taken = 0;
        for step in bytes.chunks(STEP) {
            let (lost, error) = self.step(step);
            taken += step.len() - lost;
            if error.is_some() {
                return (bytes.len() - taken, error);
            }
        }
        (0, None)
    }

    fn step(&mut self, mut bytes: &[u8]) -> (usize, Option<io::Error>) {
        while !bytes.is_empty() {
            match self.write(bytes) {
                Ok(0) => return (bytes.len(), Some(io::ErrorKind::WriteZero.into())),
                Ok(written) => {
                    bytes = bytes.get(written..).unwrap_or_default();
                    self.total += written as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return (bytes.len(), Some(error)),
            }
        }
        let marked = match &self.tail {
            Some(tail) => tail.write_all_at(&self.total.to_le_bytes(), 0),
            None => Ok(()),
        };
        (0, marked.err())
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.total < HEAD {
            let room = usize::try_from(HEAD - self.total).unwrap_or(usize::MAX);
            let part = bytes.get(..room.min(bytes.len())).unwrap_or_default();
            return create(&mut self.head, &self.path)?.write_at(part, self.total);
        }
        let at = (self.total - HEAD) % RING;
        let room = usize::try_from(RING - at).unwrap_or(usize::MAX);
        let part = bytes.get(..room.min(bytes.len())).unwrap_or_default();
        create(&mut self.tail, &tail_of(&self.path))?.write_at(part, MARK + at)
    }
}

fn create<'f>(file: &'f mut Option<File>, path: &Path) -> io::Result<&'f File> {
    match file {
        Some(file) => Ok(file),
        none => Ok(none.insert(options().write(true).create_new(true).open(path)?)),
    }
}

fn tail_of(path: &Path) -> PathBuf {
    path.with_added_extension("tail")
}

/// One stream of one statement, for reading; it may still grow.
#[derive(Debug)]
pub struct Output {
    head: Option<File>,
    tail: Option<File>,
    path: PathBuf,
}

/// Bytes, and where they stand. They begin behind what was asked for where that was dropped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    pub from: u64,
    pub bytes: Vec<u8>,
}

impl Output {
    /// Nothing was written yet where there is no file.
    pub fn open(dir: &Path, statement: u64, stream: Stream) -> io::Result<Output> {
        let path = Files(dir.to_owned()).output(statement, stream);
        let mut output = Output { head: None, tail: None, path };
        output.look()?;
        Ok(output)
    }

    /// Removes what a statement wrote that nobody may read again.
    pub fn forget(dir: &Path, statement: u64, stream: Stream) {
        let path = Files(dir.to_owned()).output(statement, stream);
        for path in [tail_of(&path), path] {
            // There is no second part of most, and a directory that is gone has taken both along.
            let _ = std::fs::remove_file(path);
        }
    }

    fn look(&mut self) -> io::Result<()> {
        let open = |path: &Path| match options().read(true).open(path) {
            Ok(file) => Ok(Some(file)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        };
        if self.head.is_none() {
            self.head = open(&self.path)?;
        }
        if self.tail.is_none() && self.head.is_some() {
            self.tail = open(&tail_of(&self.path))?;
        }
        Ok(())
    }

    /// How many bytes there are by now, those that were dropped among them.
    pub fn total(&mut self) -> io::Result<u64> {
        self.look()?;
        let Some(head) = &self.head else { return Ok(0) };
        if let Some(tail) = &self.tail {
            let mut mark = [0; 8];
            match tail.read_exact_at(&mut mark, 0) {
                Ok(()) => return Ok(u64::from_le_bytes(mark).max(HEAD)),
                Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(HEAD),
                Err(error) => return Err(error),
            }
        }
        Ok(head.metadata()?.len().min(HEAD))
    }

    /// What is not kept any more.
    pub fn dropped(&mut self) -> io::Result<Option<Range<u64>>> {
        Ok(dropped_of(self.total()?))
    }

    /// At most `longest` bytes from `from` on; empty at the end.
    pub fn read(&mut self, from: u64, longest: usize) -> io::Result<Piece> {
        loop {
            let total = self.total()?;
            let from = match dropped_of(total) {
                Some(gone) if gone.contains(&from) => gone.end,
                _ => from.min(total),
            };
            let (file, at, end) = if from < HEAD {
                (&self.head, from, total.min(HEAD))
            } else {
                let at = (from - HEAD) % RING;
                (&self.tail, MARK + at, total.min(from.saturating_add(RING - at)))
            };
            let length = usize::try_from(end - from).unwrap_or(usize::MAX).min(longest);
            let mut bytes = vec![0; length];
            let Some(file) = file.as_ref().filter(|_| length > 0) else {
                return Ok(Piece { from, bytes: Vec::new() });
            };
            let read = file.read_at(&mut bytes, at)?;
            bytes.truncate(read);
            // The writer may have come round meanwhile, and what was read is of two times.
            if !self.dropped()?.is_some_and(|gone| gone.contains(&from)) {
                return Ok(Piece { from, bytes });
            }
        }
    }
}

/// What is not kept of so many bytes.
fn dropped_of(total: u64) -> Option<Range<u64>> {
    let start = total.saturating_sub(TAIL);
    (start > HEAD).then_some(HEAD..start)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(output: &mut Output) -> Vec<u8> {
        let (mut bytes, mut at) = (Vec::new(), 0);
        loop {
            let piece = output.read(at, 1 << 20).expect("read");
            if piece.bytes.is_empty() {
                return bytes;
            }
            at = piece.from + piece.bytes.len() as u64;
            bytes.extend(piece.bytes);
        }
    }

    #[test]
    fn the_first_and_the_last_of_much_output_are_kept_and_the_middle_is_counted() {
        let dir = tempfile::tempdir().expect("a directory");
        let mut output = Output::open(dir.path(), 1, Stream::Out).expect("nothing yet");
        assert_eq!((output.total().expect("known"), output.read(9, 9).expect("read").bytes), (0, Vec::new()));
        let mut sheet = Sheet::new(Files(dir.path().to_owned()).output(1, Stream::Out));
        let total = HEAD + TAIL + TAIL / 2 + 12_345;
        let byte = |at: u64| (at.wrapping_mul(2_654_435_761) >> 13).to_le_bytes()[0];
        let mut at = 0;
        while at < total {
            let end = total.min(at + 99_991);
            let chunk: Vec<u8> = (at..end).map(byte).collect();
            assert!(matches!(sheet.append(&chunk), (0, None)));
            at = end;
        }
        let dropped = HEAD..total - TAIL;
        assert_eq!(output.total().expect("known"), total);
        assert_eq!(output.dropped().expect("known"), Some(dropped.clone()));
        let expected: Vec<u8> = (0..HEAD).chain(dropped.end..total).map(byte).collect();
        assert!(all(&mut output) == expected);
        assert_eq!(output.read(HEAD + 5, 10).expect("read").from, dropped.end);
    }

    #[test]
    fn a_writer_that_died_before_it_said_how_much_it_wrote_spoils_nothing() {
        let dir = tempfile::tempdir().expect("a directory");
        let path = Files(dir.path().to_owned()).output(1, Stream::Out);
        let mut sheet = Sheet::new(path.clone());
        let chunk = |n: u64| vec![(n % 251).to_le_bytes()[0]; 1 << 16];
        let chunks = (HEAD + TAIL + TAIL / 2) >> 16;
        for n in 0..chunks {
            sheet.append(&chunk(n));
        }
        let tail = options().read(true).write(true).open(tail_of(&path)).expect("open");
        let mut mark = [0; 8];
        tail.read_exact_at(&mut mark, 0).expect("read");
        sheet.append(&chunk(chunks));
        tail.write_all_at(&mark, 0).expect("as before");
        let mut output = Output::open(dir.path(), 1, Stream::Out).expect("open");
        let oldest = output.dropped().expect("known").expect("some").end;
        let piece = output.read(oldest, 1 << 16).expect("read");
        assert_eq!((piece.from, piece.bytes), (oldest, chunk(oldest >> 16)));
    }
}
