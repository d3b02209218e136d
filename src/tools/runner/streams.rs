//! Everything that comes from a shell, as one flow.
use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use tokio::net::unix::pipe::{self, Receiver, Sender};
use tokio::time::timeout;

use super::event::Stream;
use super::remote::Demux;
use super::setup::Files;
use super::shell::{Started, Terminal};

const CHUNK: usize = 64 << 10;
/// A shell that waits reads even the longest statement in a few seconds.
const TAKES: Duration = Duration::from_secs(30);

/// The ends of a shell's streams.
#[derive(Debug)]
pub(super) struct Streams {
    pub(super) child: tokio::process::Child,
    pub(super) terminal: Option<Terminal>,
    out: Option<Receiver>,
    err: Option<Receiver>,
    answers: Answers,
    orders: Option<Sender>,
    /// Where the driver's text is, on the box of the shell.
    driver: PathBuf,
    /// The shell's number, which is also that of its session and its group; on a remote box, that of `ssh` here.
    pub(super) pid: i32,
    /// Of answers that came while something was sent.
    early: Vec<u8>,
    ended: bool,
}

/// Where answers come from.
#[derive(Debug)]
enum Answers {
    Fifo(Receiver),
    /// Among what `ssh` writes.
    Among(Box<Demux>),
}

#[derive(Debug)]
pub(super) enum News {
    Bytes(Stream, Vec<u8>),
    /// Some of an answer. What was written before it has come already, or is taken with `drain`.
    Answer(Vec<u8>),
    Gone(Option<ExitStatus>),
}

fn number(child: &tokio::process::Child) -> i32 {
    child.id().and_then(|id| i32::try_from(id).ok()).unwrap_or(0)
}

impl Streams {
    pub(super) fn here(started: Started, fifos: (Sender, Receiver), driver: PathBuf) -> io::Result<Streams> {
        let (out, err) = match started.pipes {
            Some((out, err)) => (Some(Receiver::from_owned_fd(out)?), Some(Receiver::from_owned_fd(err)?)),
            None => (None, None),
        };
        Ok(Streams {
            pid: number(&started.child),
            child: started.child,
            terminal: Some(started.terminal),
            out,
            err,
            answers: Answers::Fifo(fifos.1),
            orders: Some(fifos.0),
            driver,
            early: Vec::new(),
            ended: false,
        })
    }

    pub(super) fn there(
        child: tokio::process::Child,
        ends: [OwnedFd; 3],
        demux: Demux,
        driver: PathBuf,
    ) -> io::Result<Streams> {
        let [orders, out, err] = ends;
        Ok(Streams {
            pid: number(&child),
            child,
            terminal: None,
            out: Some(Receiver::from_owned_fd(out)?),
            err: Some(Receiver::from_owned_fd(err)?),
            answers: Answers::Among(Box::new(demux)),
            orders: Some(Sender::from_owned_fd(orders)?),
            driver,
            early: Vec::new(),
            ended: false,
        })
    }

    /// What was started here has not been seen to end.
    pub(super) fn is_connected(&self) -> bool {
        !self.ended
    }

    /// Nobody writes to the pipes any more.
    pub(super) fn are_closed(&self) -> bool {
        self.out.is_none() && self.err.is_none()
    }

    pub(super) async fn next(&mut self) -> News {
        if !self.early.is_empty() {
            return News::Answer(std::mem::take(&mut self.early));
        }
        loop {
            if let Answers::Among(demux) = &mut self.answers
                && let Some(news) = demux.next()
            {
                return news;
            }
            let (stream, bytes) = tokio::select! {
                bytes = read(&mut self.out) => (Stream::Out, bytes),
                bytes = read(&mut self.err) => (Stream::Err, bytes),
                bytes = read_terminal(self.terminal.as_ref()) => (Stream::Term, bytes),
                bytes = answer(&mut self.answers) => return News::Answer(bytes),
                status = self.child.wait(), if !self.ended => {
                    self.ended = true;
                    return News::Gone(status.ok());
                }
            };
            match &mut self.answers {
                Answers::Among(demux) => demux.take(stream, &bytes),
                Answers::Fifo(_) if bytes.is_empty() => {}
                Answers::Fifo(_) => return News::Bytes(stream, bytes),
            }
        }
    }

    /// What was written up to now and not read yet: a bounded part of what a child may go on writing.
    pub(super) async fn drain(&mut self) -> Vec<(Stream, Vec<u8>)> {
        let mut all = Vec::new();
        for (stream, end) in [(Stream::Out, &self.out), (Stream::Err, &self.err)] {
            let Some(end) = end else { continue };
            let mut left = rustix::io::ioctl_fionread(end).unwrap_or(0);
            while left > 0 {
                let mut bytes = vec![0; usize::try_from(left).unwrap_or(CHUNK).min(CHUNK)];
                let Ok(read @ 1..) = end.try_read(&mut bytes) else { break };
                bytes.truncate(read);
                left = left.saturating_sub(read as u64);
                all.push((stream, bytes));
            }
        }
        if let Answers::Among(demux) = &mut self.answers {
            for (stream, bytes) in std::mem::take(&mut all) {
                demux.take(stream, &bytes);
            }
            while let Some(news) = demux.next() {
                if let News::Bytes(stream, bytes) = news {
                    all.push((stream, bytes));
                }
            }
        }
        // A terminal's bytes pass through the kernel's own queue, and may come a moment after they were written.
        let moment = Duration::from_millis(if self.out.is_none() { 20 } else { 1 });
        for _ in 0..64 {
            let Ok(bytes) = timeout(moment, read_terminal(self.terminal.as_ref())).await else {
                break;
            };
            all.push((Stream::Term, bytes));
        }
        all
    }

    /// Sends a frame to the driver. Whoever waits reads it whole, so this ends.
    pub(super) async fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        if !matches!(self.answers, Answers::Among(_)) {
            return self.send_raw(frame).await;
        }
        let done = self.send_raw(&[b"O", frame].concat()).await;
        if done.is_err() {
            // What is said next would be taken for the rest of a statement that is half sent.
            self.orders = None;
        }
        done
    }

    /// Some of an answer that has come already.
    pub(super) fn answer_now(&mut self) -> Option<Vec<u8>> {
        if !self.early.is_empty() {
            return Some(std::mem::take(&mut self.early));
        }
        let Answers::Fifo(fifo) = &self.answers else { return None };
        let mut bytes = vec![0; CHUNK];
        let read = fifo.try_read(&mut bytes).ok().filter(|read| *read > 0)?;
        bytes.truncate(read);
        Some(bytes)
    }

    pub(super) async fn send_raw(&mut self, bytes: &[u8]) -> io::Result<()> {
        // We hold both ends of it, so a shell that dies meanwhile is no error of writing.
        let Some(orders) = &mut self.orders else { return Err(io::ErrorKind::BrokenPipe.into()) };
        let sending = async {
            let mut rest = bytes;
            while !rest.is_empty() {
                tokio::select! {
                    ready = orders.writable() => {
                        ready?;
                        match orders.try_write(rest) {
                            Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                            Err(error) => return Err(error),
                        }
                    }
                    // A shell that has more to say than its pipe holds takes nothing before it has said it.
                    bytes = answer(&mut self.answers) => self.early.extend(bytes),
                }
            }
            Ok(())
        };
        timeout(TAKES, sending).await.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
    }

    /// Asks the other box to signal. It fits a pipe that is read; one that is not read belongs to a connection that
    /// hangs, which `ssh` ends by itself.
    pub(super) fn ask_far(&mut self, what: &str) {
        if let Some(orders) = &mut self.orders {
            let _ = orders.try_write(format!("{what}\0").as_bytes());
        }
    }

    pub(super) fn driver(&self) -> &Path {
        &self.driver
    }

    /// How the shell on another box ended, if it is known.
    pub(super) fn far_code(&self) -> Option<i32> {
        match &self.answers {
            Answers::Among(demux) => demux.code,
            Answers::Fifo(_) => None,
        }
    }

    /// What is typed reaches whatever reads from the terminal; a program that does not read may fill it.
    pub(super) fn type_(&self, mut bytes: &[u8]) -> Result<(), String> {
        let Some(terminal) = &self.terminal else {
            return Err("a remote session has no terminal to type to".into());
        };
        while !bytes.is_empty() {
            match rustix::io::write(&terminal.ours, bytes) {
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
                Err(rustix::io::Errno::INTR) => {}
                Err(rustix::io::Errno::AGAIN) => return Err("what is typed is not being read".into()),
                Err(error) => return Err(format!("the terminal takes nothing: {error}")),
            }
        }
        Ok(())
    }
}

/// Never returns for an end that is closed; says nothing, once, for one that closes now.
async fn read(end: &mut Option<Receiver>) -> Vec<u8> {
    let Some(receiver) = end else { return std::future::pending().await };
    if let Some(bytes) = read_some(receiver).await {
        return bytes;
    }
    *end = None;
    Vec::new()
}

async fn answer(answers: &mut Answers) -> Vec<u8> {
    if let Answers::Fifo(fifo) = answers
        && let Some(bytes) = read_some(fifo).await
    {
        return bytes;
    }
    // We hold it open ourselves, so it has no end.
    std::future::pending().await
}

/// `None` at the end. Room is made only once there is something to read.
async fn read_some(receiver: &Receiver) -> Option<Vec<u8>> {
    loop {
        receiver.readable().await.ok()?;
        let mut bytes = vec![0; CHUNK];
        match receiver.try_read(&mut bytes) {
            Ok(0) => return None,
            Ok(read) => {
                bytes.truncate(read);
                return Some(bytes);
            }
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
            Err(_) => return None,
        }
    }
}

async fn read_terminal(terminal: Option<&Terminal>) -> Vec<u8> {
    if let Some(terminal) = terminal
        && let Some(bytes) = read_some(&terminal.reading).await
    {
        return bytes;
    }
    // A terminal of which we hold both ends has no end.
    std::future::pending().await
}

/// The FIFOs between the runner and its driver, made and opened at both ends, so that neither is ever closed.
pub(super) fn fifos(files: &Files) -> io::Result<(Sender, Receiver)> {
    let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
    for path in [files.orders(), files.answers()] {
        rustix::fs::mkfifoat(rustix::fs::CWD, &path, mode)?;
    }
    let mut options = pipe::OpenOptions::new();
    options.read_write(true);
    Ok((options.open_sender(files.orders())?, options.open_receiver(files.answers())?))
}
