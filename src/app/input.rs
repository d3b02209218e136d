//! The keyboard: one thread reads it, and what was there at once is one read.
//!
//! A read is the unit that tells typing from a burst, so it is taken before anything is decoded. The same
//! thread hands over plain bytes while the terminal is lent to another program, so no byte is ever lost
//! between two readers.
use std::io::{self, PipeReader, PipeWriter};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec};
use rustix::io::Errno;
use tokio::sync::mpsc;
use tokio::time::Instant;

use super::keys::{Decoder, Typed};
use super::terminal;
use crate::domain::settings::Key;
use crate::domain::time::Timestamp;
use crate::model::msg::{MouseDid, Msg};

/// The most that one read holds; more waits for the next.
const READ: usize = 64 << 10;
/// How long the rest of an escape sequence may be on its way.
const SETTLE: Timespec = Timespec { tv_sec: 0, tv_nsec: 15_000_000 };
/// How long the rest of a paste may be: longer than a bad line stalls, shorter than a keyboard seems dead.
const PASTE_SETTLE: Timespec = Timespec { tv_sec: 10, tv_nsec: 0 };

/// What one read brought.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Read {
    pub pastes: Vec<String>,
    pub keys: Vec<Key>,
    mouse: Vec<(u16, u16, MouseDid)>,
}

impl Read {
    fn new(typed: Vec<Typed>) -> Read {
        let mut read = Read::default();
        for typed in typed {
            match typed {
                Typed::Key(key) => read.keys.push(key),
                Typed::Paste(text) => read.pastes.push(text),
                Typed::Mouse { column, row, what } => read.mouse.push((column, row, what)),
            }
        }
        if !read.pastes.is_empty() && read.keys.len() == 1 {
            // One key beside a paste would look as if it were typed alone, and could answer a question.
            read.keys.clear();
        }
        read
    }

    /// How many keys that were.
    pub fn pressed(&self) -> u64 {
        self.keys.len() as u64
    }

    /// In the words of the program. The keys of a read stay together.
    pub fn into_msgs(self, at: Timestamp) -> Vec<Msg> {
        let mut msgs: Vec<Msg> = self.pastes.into_iter().map(Msg::Paste).collect();
        if !self.keys.is_empty() {
            msgs.push(Msg::Keys { keys: self.keys, at });
        }
        msgs.extend(self.mouse.into_iter().map(|(column, row, what)| Msg::Mouse { column, row, what }));
        msgs
    }
}

enum Got {
    /// With the instant at which its bytes were there, however late the loop takes it.
    Read(Read, Instant),
    Bytes(Vec<u8>),
}

/// The keyboard of this terminal.
#[derive(Debug)]
pub struct Input {
    inbox: mpsc::Receiver<Got>,
    /// When the keys of the last read were pressed, as far as that can be known.
    read_at: Instant,
    plain: Arc<AtomicBool>,
    /// Dropping it ends the thread.
    _stop: PipeWriter,
}

impl Input {
    /// The terminal should be in raw mode already.
    pub fn start() -> io::Result<Input> {
        Input::from(terminal::keyboard()?)
    }

    fn from(keyboard: OwnedFd) -> io::Result<Input> {
        let (stopped, stop) = io::pipe()?;
        let (outbox, inbox) = mpsc::channel(64);
        let plain = Arc::new(AtomicBool::new(false));
        let reader = Reader {
            keyboard,
            stopped,
            outbox,
            plain: Arc::clone(&plain),
            decoder: Decoder::default(),
            typed: Vec::new(),
            began: None,
        };
        std::thread::Builder::new().name("keyboard".into()).spawn(move || reader.run())?;
        Ok(Input { inbox, read_at: Instant::now(), plain, _stop: stop })
    }

    /// The next read; `None` when the terminal is gone. Can be dropped while it waits without losing a key.
    pub async fn next(&mut self) -> Option<Read> {
        loop {
            // Bytes meant for a program that is no longer there are not keys for us.
            if let Got::Read(read, at) = self.inbox.recv().await? {
                self.read_at = at;
                return Some(read);
            }
        }
    }

    /// When the last read was read. A loop that was busy meanwhile must not make a hasty key look patient.
    pub(super) fn read_at(&self) -> Instant {
        self.read_at
    }

    /// From here on, bytes as they come, or keys again.
    pub(super) fn set_plain(&mut self, plain: bool) {
        self.plain.store(plain, Ordering::SeqCst);
    }

    pub(super) async fn bytes(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Got::Bytes(bytes) = self.inbox.recv().await? {
                return Some(bytes);
            }
        }
    }
}

struct Reader {
    keyboard: OwnedFd,
    stopped: PipeReader,
    outbox: mpsc::Sender<Got>,
    plain: Arc<AtomicBool>,
    decoder: Decoder,
    /// Whole, but in one read with something that is not: it would look as if it were typed alone.
    typed: Vec<Typed>,
    /// When the first bytes of what is not given yet were there.
    began: Option<Instant>,
}

enum Woken {
    Keys,
    Nothing,
    Stop,
}

impl Reader {
    fn run(mut self) {
        loop {
            let patience = match (self.decoder.waits(), self.decoder.pasting()) {
                (false, _) => None,
                (true, false) => Some(SETTLE),
                (true, true) => Some(PASTE_SETTLE),
            };
            match self.wait(patience) {
                Woken::Stop => return,
                Woken::Nothing => {
                    self.decoder.settle(&mut self.typed);
                    if !self.give() {
                        return;
                    }
                }
                Woken::Keys => {
                    let Some(bytes) = self.read() else { return };
                    if !self.take(bytes) {
                        return;
                    }
                }
            }
        }
    }

    /// `false` when nobody listens any more.
    fn take(&mut self, bytes: Vec<u8>) -> bool {
        if self.plain.load(Ordering::SeqCst) {
            self.decoder = Decoder::default();
            self.typed.clear();
            self.began = None;
            return self.outbox.blocking_send(Got::Bytes(bytes)).is_ok();
        }
        self.began.get_or_insert_with(Instant::now);
        self.decoder.feed(&bytes, &mut self.typed);
        self.decoder.waits() || self.give()
    }

    fn give(&mut self) -> bool {
        let read = Read::new(std::mem::take(&mut self.typed));
        let at = self.began.take().unwrap_or_else(Instant::now);
        read == Read::default() || self.outbox.blocking_send(Got::Read(read, at)).is_ok()
    }

    fn wait(&self, patience: Option<Timespec>) -> Woken {
        loop {
            let mut fds = [
                PollFd::from_borrowed_fd(self.keyboard.as_fd(), PollFlags::IN),
                PollFd::from_borrowed_fd(self.stopped.as_fd(), PollFlags::IN),
            ];
            match rustix::event::poll(&mut fds, patience.as_ref()) {
                Ok(0) => return Woken::Nothing,
                Ok(_) if !fds[1].revents().is_empty() => return Woken::Stop,
                Ok(_) => return Woken::Keys,
                Err(Errno::INTR) => {}
                Err(_) => return Woken::Stop,
            }
        }
    }

    /// Everything that is there now; `None` when the terminal is gone.
    fn read(&self) -> Option<Vec<u8>> {
        let mut bytes = vec![0; READ];
        let mut length = 0;
        while length < bytes.len() {
            match rustix::io::read(&self.keyboard, &mut bytes[length..]) {
                Ok(0) if length == 0 => return None,
                Ok(0) | Err(Errno::AGAIN) => break,
                Ok(read) => length += read,
                Err(Errno::INTR) => {}
                Err(_) if length > 0 => break,
                Err(_) => return None,
            }
            if !matches!(self.wait(Some(Timespec { tv_sec: 0, tv_nsec: 0 })), Woken::Keys) {
                break;
            }
        }
        bytes.truncate(length);
        Some(bytes)
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn keyboard() -> (Input, PipeWriter) {
        let (read, write) = io::pipe().expect("a pipe");
        (Input::from(read.into()).expect("started"), write)
    }

    fn keys(text: &str) -> Vec<Key> {
        text.chars().map(Key::char).collect()
    }

    #[tokio::test]
    async fn what_was_there_at_once_is_one_read() {
        let (mut input, mut write) = keyboard();
        write.write_all(b"yes").expect("typed");
        assert_eq!(input.next().await.expect("a read").keys, keys("yes"));
        write.write_all(b"y").expect("typed");
        assert_eq!(input.next().await.expect("a read").keys, keys("y"));
    }

    #[tokio::test]
    async fn a_key_beside_a_paste_is_not_taken_for_one_typed_alone() {
        let (mut input, mut write) = keyboard();
        write.write_all(b"\x1b[200~a\nb\x1b[201~y").expect("typed");
        let msgs = input.next().await.expect("a read").into_msgs(Timestamp(1));
        assert!(matches!(msgs.as_slice(), [Msg::Paste(text)] if text == "a\nb"), "{msgs:?}");
    }

    #[tokio::test]
    async fn a_key_never_looks_alone_because_its_neighbour_was_not_whole() {
        let (mut input, mut write) = keyboard();
        write.write_all(b"y\x1b").expect("typed");
        assert_eq!(input.next().await.expect("a read").keys.len(), 2);
        write.write_all(b"y\x1b[200~half").expect("typed");
        write.write_all(b" a paste\x1b[201~").expect("typed");
        let read = input.next().await.expect("a read");
        assert_eq!((read.keys, read.pastes), (vec![], vec!["half a paste".to_owned()]));
    }

    #[tokio::test]
    async fn a_key_was_pressed_when_it_was_read_however_late_it_is_taken() {
        let (mut input, mut write) = keyboard();
        write.write_all(b"y").expect("typed");
        while input.inbox.is_empty() {
            tokio::task::yield_now().await;
        }
        let there = Instant::now();
        assert_eq!(input.next().await.expect("a read").keys, keys("y"));
        assert!(input.read_at() <= there);
    }

    #[tokio::test]
    async fn an_escape_is_a_key_once_nothing_follows_it() {
        let (mut input, mut write) = keyboard();
        write.write_all(b"\x1b").expect("typed");
        assert_eq!(input.next().await.expect("a read").keys, [Key::parse("Esc").expect("a key")]);
    }

    #[tokio::test]
    async fn a_terminal_that_is_gone_ends_the_keys() {
        let (mut input, write) = keyboard();
        drop(write);
        assert_eq!(input.next().await, None);
    }

    #[tokio::test]
    async fn bytes_for_another_program_are_not_decoded() {
        let (mut input, mut write) = keyboard();
        input.set_plain(true);
        write.write_all(b"\x1b[A\x1d").expect("typed");
        assert_eq!(input.bytes().await.expect("bytes"), b"\x1b[A\x1d");
        input.set_plain(false);
        write.write_all(b"q").expect("typed");
        assert_eq!(input.next().await.expect("a read").keys, keys("q"));
    }
}
