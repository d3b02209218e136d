//! The cockpit's side: starting a session, attaching to one, and giving it orders.
use std::collections::VecDeque;
use std::fs::{DirBuilder, File};
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::Command;
use tokio::time::{Instant, sleep, timeout};

use super::disk::Output;
use super::event::{Event, Stream};
use super::sessions::{events, is_held};
use super::setup::{Files, Kept, Setup, environment, options, refuse, shown};
use super::shell::own_program;
use super::wire::{Ask, Frames, LONGEST, Request, Said};

/// A runner that takes longer to say anything is not there.
const BEGINS: Duration = Duration::from_mins(1);
/// One that lives answers at once, unless its disk hangs.
const ANSWERS: Duration = Duration::from_secs(10);
/// Between its lock and its socket, and between its last word and its end.
const MOMENT: Duration = Duration::from_secs(2);
/// A connection that breaks again and again is not made more often than this.
const AGAIN: Duration = Duration::from_secs(1);

/// What the terminal shows is kept up to here while nobody takes it.
const MOST_TERMINAL: usize = 256 << 10;

/// One who is attached to a session. It may be dropped at any time; the session goes on.
#[derive(Debug)]
pub struct Handle {
    dir: PathBuf,
    /// None where the runner is dead already.
    link: Option<(Frames<OwnedReadHalf>, OwnedWriteHalf)>,
    waiting: VecDeque<Event>,
    /// Answers that the runner still owes, also to questions that were given up.
    owed: usize,
    /// Something was sent, and whether the runner got it is not known.
    in_doubt: bool,
    /// Part of a request was sent, and its rest never will be.
    half_sent: bool,
    /// Events that came by a connection, without those of output; after a new one so many are told again.
    heard: usize,
    told_again: usize,
    connected: Instant,
    /// The last statement that began, while it has not ended.
    running: Option<u64>,
    last: u64,
    over: bool,
}

/// Makes the session's directory, starts its runner, and waits until that takes orders. Where anything of it fails,
/// nothing was run and nothing goes on; the directory is left, with what was said.
pub async fn start(setup: &Setup) -> Result<Handle, String> {
    if let Some(why) = refuse(setup) {
        return Err(why);
    }
    // The runner stands elsewhere, and so would a path that begins here.
    let absolute =
        |path: &Path| std::path::absolute(path).map_err(|error| format!("`{}`: {error}", shown(path)));
    let files = Files(absolute(&setup.dir)?);
    let bad = |error: io::Error| format!("no session can be made in `{}`: {error}", shown(&files.0));
    let log = make(&files, setup).map_err(bad)?;
    let program = match &setup.program {
        Some(program) => absolute(program)?,
        None => own_program()?,
    };
    let mut command = Command::new(&program);
    command
        .arg0("firedeck")
        .arg("runner")
        .arg(&files.0)
        .env_clear()
        .envs(environment(std::env::vars_os(), setup));
    if let (None, Some(dir)) = (&setup.remote, &setup.workdir) {
        command.current_dir(dir);
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
    let mut child =
        command.spawn().map_err(|error| format!("`{}` cannot be started: {error}", shown(&program)))?;
    let mut line = String::new();
    let said = match child.stdout.take() {
        Some(stdout) => timeout(BEGINS, BufReader::new(stdout).read_line(&mut line)).await.is_ok(),
        None => false,
    };
    match line.trim_end() {
        "ready" => attach(&files.0).await,
        why if !why.is_empty() => Err(why.to_owned()),
        _ => {
            let _ = child.start_kill();
            let log = std::fs::read_to_string(files.log()).unwrap_or_default();
            let log = crate::domain::text::clean(log.trim()).into_owned();
            let how = if said { "ended at once" } else { "does not come up" };
            Err(format!("the runner `{}` {how}: {log}", shown(&program)))
        }
    }
}

/// The directory and what the runner reads in it. Returns where it complains.
fn make(files: &Files, setup: &Setup) -> io::Result<File> {
    let mut builder = DirBuilder::new();
    builder.mode(0o700);
    if let Some(above) = files.0.parent() {
        builder.recursive(true).create(above)?;
    }
    builder.recursive(false).create(&files.0)?;
    let mut kept = options().write(true).create_new(true).open(files.setup())?;
    kept.write_all(&serde_json::to_vec_pretty(&Kept::of(setup))?)?;
    kept.sync_all()?;
    options().append(true).create_new(true).open(files.log())
}

/// Attaches to a session, alive or not: everything that happened in it is told from the beginning.
pub async fn attach(dir: &Path) -> Result<Handle, String> {
    let mut handle = Handle {
        dir: dir.to_owned(),
        link: None,
        waiting: VecDeque::new(),
        owed: 0,
        in_doubt: false,
        half_sent: false,
        heard: 0,
        told_again: 0,
        connected: Instant::now(),
        running: None,
        last: 0,
        over: false,
    };
    let deadline = Instant::now() + MOMENT;
    loop {
        let held = is_held(dir).map_err(|error| format!("no session in `{}`: {error}", shown(dir)))?;
        if !held {
            break;
        }
        match connect(dir).await {
            Ok(stream) => {
                let (read, write) = stream.into_split();
                handle.link = Some((Frames::new(read), write));
                return Ok(handle);
            }
            Err(error) if Instant::now() >= deadline => {
                return Err(format!("the runner in `{}` does not answer: {error}", shown(dir)));
            }
            Err(_) => sleep(Duration::from_millis(20)).await,
        }
    }
    handle.waiting = events(dir).map_err(|error| format!("`{}`: {error}", shown(dir)))?.into();
    Ok(handle)
}

/// By way of the open directory: the path of a socket is short, that of the directory need not be.
async fn connect(dir: &Path) -> io::Result<UnixStream> {
    let open = File::open(dir)?;
    let short = PathBuf::from(format!("/proc/self/fd/{}", open.as_raw_fd()));
    let base = if short.exists() { &short } else { dir };
    UnixStream::connect(base.join("socket")).await
}

impl Handle {
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Gives the next statement. `expected` is the number it is to have: when another has taken it, this is refused.
    pub async fn order(&mut self, text: impl Into<Vec<u8>>, expected: u64) -> Result<(), String> {
        self.ask(&Request::Order { number: expected, text: text.into() }).await
    }

    /// Whether what was asked last, and failed, may be done all the same.
    pub fn in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Stops a statement, and with it the session: INT, then TERM, then KILL.
    pub async fn stop(&mut self, statement: u64) -> Result<(), String> {
        self.ask(&Request::Ask(Ask::Stop(statement))).await
    }

    /// Ends one that goes on behind the shell.
    pub async fn stop_child(&mut self, pid: i32) -> Result<(), String> {
        self.ask(&Request::Ask(Ask::StopChild(pid))).await
    }

    /// Types to whatever reads from the session's terminal, as long as the statement runs of which `next` told last. One
    /// who never asked for what happens types to whatever runs.
    pub async fn type_(&mut self, bytes: impl Into<Vec<u8>>) -> Result<(), String> {
        match self.last {
            0 => self.ask(&Request::Type(bytes.into())).await,
            number => self.ask(&Request::TypeTo { number, bytes: bytes.into() }).await,
        }
    }

    pub async fn resize(&mut self, rows: u16, columns: u16) -> Result<(), String> {
        self.ask(&Request::Ask(Ask::Resize { rows, columns })).await
    }

    /// Lets the shell exit, as when its terminal is closed; by force, ends everything of the session.
    pub async fn end(&mut self, force: bool) -> Result<(), String> {
        self.ask(&Request::Ask(Ask::End { force })).await
    }

    /// What happens next, from the beginning of the session on; `None` once all is told. May be dropped while it
    /// waits; nothing is lost by that.
    pub async fn next(&mut self) -> Option<Event> {
        let event = loop {
            if let Some(event) = self.waiting.pop_front() {
                break event;
            }
            let Some((frames, _)) = &mut self.link else { return self.last_word() };
            match frames.next().await {
                Some((kind, payload)) => self.heard(kind, &payload),
                None => self.cut().await,
            }
        };
        match &event {
            Event::Started { statement, .. } => (self.running, self.last) = (Some(*statement), *statement),
            Event::Ended(_) => self.running = None,
            other if other.is_final() => (self.running, self.over) = (None, true),
            _ => {}
        }
        Some(event)
    }

    /// A session whose runner died without a word.
    fn last_word(&mut self) -> Option<Event> {
        if self.over {
            return None;
        }
        self.over = true;
        Some(Event::Interrupted { statement: self.running.take() })
    }

    fn heard(&mut self, kind: u8, payload: &[u8]) {
        match Said::read(kind, payload) {
            Some(Said::Event(json)) => self.event(serde_json::from_slice(&json).ok()),
            Some(Said::Terminal(bytes)) => self.terminal(bytes),
            // An answer that nobody waits for any more.
            Some(Said::Done(_)) => self.owed = self.owed.saturating_sub(1),
            None => {}
        }
    }

    /// What the terminal shows waits for whoever looks, the end of it only: a screen shows no more.
    fn terminal(&mut self, bytes: Vec<u8>) {
        self.waiting.push_back(Event::Terminal(bytes));
        let size = |event: &Event| if let Event::Terminal(bytes) = event { bytes.len() } else { 0 };
        let mut held: usize = self.waiting.iter().map(size).sum();
        while held > MOST_TERMINAL {
            // The newest stays, however long it is.
            let old = self.waiting.len().saturating_sub(1);
            let first = self.waiting.iter().take(old).position(|event| size(event) > 0);
            let Some(gone) = first.and_then(|first| self.waiting.remove(first)) else { return };
            held -= size(&gone);
        }
    }

    /// Takes an event, unless it is told a second time.
    fn event(&mut self, event: Option<Event>) {
        let is_kept = !matches!(event, Some(Event::Output { .. }));
        if self.told_again > 0 {
            self.told_again -= usize::from(is_kept);
            return;
        }
        self.heard += usize::from(is_kept);
        self.waiting.extend(event);
    }

    /// The connection has ended. A runner that lives is asked for a new one; what a dead one wrote down is told too. May
    /// be dropped while it waits: then it begins again.
    async fn cut(&mut self) {
        let begun = Instant::now();
        let mut pause = Duration::from_millis(10);
        while is_held(&self.dir).unwrap_or(false) && !(self.over && begun.elapsed() > MOMENT) {
            if self.over || self.connected.elapsed() < AGAIN {
                sleep(pause).await;
            } else if let Ok(stream) = connect(&self.dir).await {
                let (read, write) = stream.into_split();
                self.link = Some((Frames::new(read), write));
                (self.owed, self.half_sent, self.told_again) = (0, false, self.heard);
                self.connected = Instant::now();
                return;
            } else {
                sleep(pause).await;
                pause = (pause * 2).min(AGAIN);
            }
        }
        self.link = None;
        if self.over {
            return;
        }
        let all = events(&self.dir).unwrap_or_default();
        let seen = |event: &Event| match event {
            Event::Ready { .. } | Event::Trouble { .. } => self.heard > 0,
            Event::Started { statement, .. } => *statement <= self.last,
            Event::Ended(ended) => ended.statement <= self.last && self.running != Some(ended.statement),
            _ => false,
        };
        self.waiting.extend(all.into_iter().filter(|event| !seen(event)));
    }

    async fn ask(&mut self, request: &Request) -> Result<(), String> {
        let frame = request.frame();
        if frame.len() > LONGEST {
            return Err(format!("{} bytes are too long for the runner", frame.len()));
        }
        self.in_doubt = false;
        let answer = async {
            if self.half_sent {
                // What follows would be taken for the rest of it.
                self.cut().await;
            }
            let (_, write) = self.link.as_mut()?;
            (self.half_sent, self.in_doubt) = (true, true);
            write.write_all(&frame).await.ok()?;
            self.half_sent = false;
            self.owed += 1;
            loop {
                let (frames, _) = self.link.as_mut()?;
                let (kind, payload) = frames.next().await?;
                if let (Some(Said::Done(done)), 1) = (Said::read(kind, &payload), self.owed) {
                    (self.owed, self.in_doubt) = (0, false);
                    return Some(done);
                }
                self.heard(kind, &payload);
            }
        };
        match timeout(ANSWERS, answer).await {
            Ok(Some(done)) => done,
            Ok(None) if !self.over && is_held(&self.dir).unwrap_or(false) => {
                Err("the connection to the runner broke; whether it heard that is not known".into())
            }
            Ok(None) => Err("the session is over: its runner is gone".into()),
            Err(_) => Err("the runner does not answer".into()),
        }
    }

    /// What a statement wrote, from anywhere.
    pub fn output(&self, statement: u64, stream: Stream) -> io::Result<Output> {
        Output::open(&self.dir, statement, stream)
    }
}
