//! Bytes on their way to the terminal: written by a thread of its own, in order.
//!
//! A terminal may stay connected and take nothing: stopped output, an SSH session that stalls. Whoever waits
//! in `write` then hears no signal, so only this thread does. The loop asks whether everything was taken and
//! makes no new picture before; nothing is ever thrown away in the middle of one.
use std::io;
use std::os::fd::BorrowedFd;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags};
use rustix::io::Errno;
use tokio::sync::Notify;

/// The way to one terminal.
#[derive(Debug)]
pub(super) struct Writer {
    orders: Sender<Vec<u8>>,
    progress: Arc<Progress>,
}

#[derive(Debug, Default)]
struct Progress {
    state: Mutex<State>,
    changed: Condvar,
    told: Notify,
}

#[derive(Debug, Default)]
struct State {
    /// Bytes that the terminal has not taken yet.
    waiting: usize,
    /// Why it takes no more at all.
    lost: Option<Lost>,
}

#[derive(Debug, Clone)]
struct Lost(io::ErrorKind, String);

impl Writer {
    pub(super) fn start(to: BorrowedFd<'static>) -> io::Result<Writer> {
        let (orders, inbox) = channel();
        let progress = Arc::new(Progress::default());
        let told = Arc::clone(&progress);
        std::thread::Builder::new().name("terminal".into()).spawn(move || write_all(to, &inbox, &told))?;
        Ok(Writer { orders, progress })
    }

    /// Hands bytes over and returns at once.
    pub(super) fn put(&self, bytes: Vec<u8>) -> io::Result<()> {
        let mut state = self.progress.lock();
        state.check()?;
        state.waiting += bytes.len();
        // Within the lock, so that what is counted first is written first.
        self.orders.send(bytes).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// How many bytes the terminal has not taken yet.
    pub(super) fn waiting(&self) -> usize {
        self.progress.lock().waiting
    }

    /// Until the terminal has taken everything. Can be dropped while it waits.
    pub(super) async fn taken(&self) -> io::Result<()> {
        loop {
            let told = self.progress.told.notified();
            {
                let state = self.progress.lock();
                state.check()?;
                if state.waiting == 0 {
                    return Ok(());
                }
            }
            told.await;
        }
    }

    /// The same for those who cannot await, and not for longer than this.
    pub(super) fn wait(&self, patience: Duration) -> io::Result<()> {
        let end = Instant::now() + patience;
        let mut state = self.progress.lock();
        loop {
            state.check()?;
            if state.waiting == 0 {
                return Ok(());
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(io::Error::new(io::ErrorKind::TimedOut, "the terminal takes no bytes"));
            }
            let waited = self.progress.changed.wait_timeout(state, left);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

impl Progress {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn check(&self) -> io::Result<()> {
        self.lost.as_ref().map_or(Ok(()), |Lost(kind, why)| Err(io::Error::new(*kind, why.clone())))
    }
}

fn write_all(to: BorrowedFd<'_>, inbox: &Receiver<Vec<u8>>, progress: &Progress) {
    for bytes in inbox {
        let written = write_to(to, &bytes);
        let mut state = progress.lock();
        match written {
            Ok(()) => state.waiting = state.waiting.saturating_sub(bytes.len()),
            // What it did not take goes on waiting, so that whoever waits for it hears why.
            Err(error) => state.lost = Some(Lost(error.kind(), error.to_string())),
        }
        let over = state.lost.is_some();
        drop(state);
        progress.changed.notify_all();
        progress.told.notify_waiters();
        if over {
            return;
        }
    }
}

/// Writes everything, however often the terminal takes only a part or nothing.
fn write_to(to: BorrowedFd<'_>, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(to, bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => bytes = &bytes[written..],
            Err(Errno::INTR) => {}
            // Somebody who shares the terminal made it non-blocking.
            Err(Errno::AGAIN) => wait_for_room(to)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn wait_for_room(to: BorrowedFd<'_>) -> io::Result<()> {
    match rustix::event::poll(&mut [PollFd::from_borrowed_fd(to, PollFlags::OUT)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{PipeWriter, Read};
    use std::os::fd::AsFd;

    /// A pipe that nobody drops, as standard output.
    fn pipe() -> (std::io::PipeReader, &'static PipeWriter) {
        let (read, write) = std::io::pipe().expect("a pipe");
        (read, Box::leak(Box::new(write)))
    }

    #[test]
    fn a_terminal_that_takes_little_at_a_time_gets_everything() {
        let (mut read, write) = std::io::pipe().expect("a pipe");
        rustix::io::ioctl_fionbio(&write, true).expect("set");
        let bytes: Vec<u8> = (0..300_000u32).map(|n| n.to_le_bytes()[0]).collect();
        let sent = bytes.clone();
        let writer = std::thread::spawn(move || write_to(write.as_fd(), &sent));
        let mut got = Vec::new();
        read.read_to_end(&mut got).expect("read");
        writer.join().expect("joined").expect("written");
        assert_eq!(got, bytes);
    }

    #[test]
    fn a_terminal_that_is_gone_is_an_error() {
        let (read, write) = pipe();
        drop(read);
        let writer = Writer::start(write.as_fd()).expect("started");
        writer.put(vec![b'x']).expect("handed over");
        let error = writer.wait(Duration::from_secs(20)).expect_err("nobody reads");
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
        assert!(writer.put(vec![b'x']).is_err());
    }

    #[test]
    fn a_terminal_that_takes_nothing_holds_up_only_the_thread() {
        let (mut read, write) = pipe();
        let writer = Writer::start(write.as_fd()).expect("started");
        let much = vec![b'x'; 1 << 20];
        writer.put(much.clone()).expect("handed over");
        writer.put(b"end".to_vec()).expect("handed over");
        let late = writer.wait(Duration::ZERO).expect_err("nobody reads yet");
        assert_eq!((late.kind(), writer.waiting()), (io::ErrorKind::TimedOut, much.len() + 3));
        let mut got = vec![0; much.len() + 3];
        read.read_exact(&mut got).expect("read");
        assert!(got.ends_with(b"xend"));
        writer.wait(Duration::from_secs(20)).expect("taken");
        assert_eq!(writer.waiting(), 0);
    }
}
