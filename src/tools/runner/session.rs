//! The life of a runner: from its lock to the last bytes of its shell.
use std::fs::File;
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until, timeout};

use super::driver::{self, Answer, Kind, ROUNDS, Statement};
use super::event::{Child, Ended, Event, Gone};
use super::record::{Record, now};
use super::server::{Asked, Board, Door};
use super::setup::{Files, Kept, options, shown};
use super::streams::{News, Streams};
use super::wire::{Ask, Request};
use super::{group, place};
use crate::domain::text::clean;

/// How often it is looked whether those that a shell left behind are gone.
const LOOK: Duration = Duration::from_millis(50);
/// How long a shell may take to come up; there is a network before one that is far away.
const NEAR: Duration = Duration::from_secs(20);
const FAR: Duration = Duration::from_secs(40);

/// Is the runner of the session in `dir`, to its end. What goes wrong before it takes orders is said on stdout, where
/// [`super::start`] listens.
pub fn run(dir: &Path) -> Result<(), String> {
    // It has no terminal, so that none can take it along. It may lead a session already.
    let _ = rustix::process::setsid();
    let begun = begin(dir).and_then(|begun| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map(|runtime| (runtime, begun)).map_err(|error| error.to_string())
    });
    let done = begun.and_then(|(runtime, (files, kept, lock))| {
        let done = runtime.block_on(live(files, kept));
        runtime.shutdown_background();
        drop(lock);
        done
    });
    if let Err(why) = &done {
        // Nobody may listen any more.
        let _ = writeln!(std::io::stdout(), "{}", why.replace('\n', " "));
    }
    done
}

fn begin(dir: &Path) -> Result<(Files, Kept, File), String> {
    let dir = dir.canonicalize().map_err(|error| format!("`{}`: {error}", shown(dir)))?;
    let files = Files(dir);
    let bad = |error: std::io::Error| format!("the session in `{}` cannot be begun: {error}", shown(&files.0));
    let lock = options().write(true).create(true).truncate(false).open(files.lock()).map_err(bad)?;
    lock.try_lock().map_err(|error| format!("the session in `{}` has a runner: {error}", shown(&files.0)))?;
    let kept = std::fs::read(files.setup()).map_err(bad)?;
    let mut kept: Kept = serde_json::from_slice(&kept).map_err(|error| bad(error.into()))?;
    if kept.remote.is_none() && kept.workdir.is_none() {
        kept.workdir = Some(std::env::current_dir().map_err(bad)?);
    }
    // The name of a socket is short, that of the directory need not be.
    std::env::set_current_dir(&files.0).map_err(bad)?;
    Ok((files, kept, lock))
}

async fn live(files: Files, kept: Kept) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("the session cannot be begun: {error}");
    let mut signals = [SignalKind::terminate(), SignalKind::interrupt(), SignalKind::hangup()]
        .map(signal)
        .into_iter()
        .collect::<Result<Vec<_>, _>>()
        .map_err(failed)?;
    let board = Board::new();
    let mut record = Record::open(&files, &board).map_err(failed)?;
    let (asking, mut asked) = mpsc::channel::<Asked>(16);
    let opened = place::open(&files, &kept).await?;
    let mut life = Life::new(opened, kept, &mut record, files.name());
    life.come_up().await?;
    let door = Door::open(&"socket".into(), &board, asking).map_err(failed)?;
    ready().map_err(failed)?;
    while !life.is_over() {
        let due = life.due();
        tokio::select! {
            news = life.streams.next() => life.hear(news).await,
            Some((request, reply)) = asked.recv() => life.serve(request, reply).await,
            () = sleep_until(due) => life.press(),
            Some(()) = any(&mut signals) => life.lose("the runner was told to end by a signal", true),
        }
    }
    door.close().await;
    Ok(())
}

async fn any(signals: &mut [tokio::signal::unix::Signal]) -> Option<()> {
    let waiting = signals.iter_mut().map(|signal| Box::pin(signal.recv()));
    futures::future::select_all(waiting).await.0
}

/// Tells whoever started it that orders are taken, and lets go of him.
fn ready() -> std::io::Result<()> {
    let mut out = std::io::stdout();
    // He may be gone already; the session stays.
    let _ = writeln!(out, "ready").and_then(|()| out.flush());
    let nothing = File::options().write(true).open("/dev/null")?;
    Ok(rustix::stdio::dup2_stdout(nothing)?)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Idle,
    Running,
    /// There is no shell any more; others of its session may still be there.
    Left,
    Over,
}

/// How hard the session is pressed to end, and when it is pressed harder.
#[derive(Debug, Clone, Copy)]
struct Press {
    next: Signal,
    at: Instant,
    /// The statement alone was to be stopped: when it has ended, all is well.
    statement: bool,
    killed: bool,
    /// The shell was halted, so that no further command of the statement starts while this one ends.
    halted: bool,
}

struct Life<'r> {
    streams: Streams,
    kind: Kind,
    shell: String,
    reader: Option<PathBuf>,
    host: Option<String>,
    record: &'r mut Record,
    name: String,
    kept: Kept,
    phase: Phase,
    press: Option<Press>,
    /// The statement was stopped by somebody.
    stopped: bool,
    /// Why the session was ended from here, if it was.
    lost: Option<String>,
    /// Its children may go on, if they want to.
    gentle: bool,
    /// What is told once nobody of the session is left.
    parting: Option<Gone>,
    /// Those that went on behind the statement before.
    background: Vec<i32>,
    /// What the shell's process runs, unless it was replaced.
    program: Option<PathBuf>,
    /// When the last look at those left behind was.
    looked: Instant,
    began: Instant,
    number: u64,
    /// Frames that this list of rounds has taken.
    rounds: u64,
    /// Answers of the driver to itself.
    own: u64,
    said: Vec<u8>,
    last: Answer,
    /// What the shell had before its first statement.
    first: Option<Answer>,
}

impl<'r> Life<'r> {
    fn new(opened: place::Opened, kept: Kept, record: &'r mut Record, name: String) -> Self {
        Life {
            streams: opened.streams,
            kind: opened.kind,
            shell: opened.shell,
            reader: opened.reader,
            host: kept.remote.clone(),
            record,
            name,
            kept,
            phase: Phase::Running,
            press: None,
            stopped: false,
            lost: None,
            gentle: false,
            parting: None,
            background: Vec::new(),
            program: None,
            looked: Instant::now(),
            began: Instant::now(),
            number: 0,
            rounds: 0,
            own: 1,
            said: Vec::new(),
            last: Answer::default(),
            first: None,
        }
    }

    fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Waits for the driver's first word.
    async fn come_up(&mut self) -> Result<(), String> {
        let patience = if self.host.is_some() { FAR } else { NEAR };
        let waiting = async {
            while self.first.is_none() && !matches!(self.phase, Phase::Left | Phase::Over) {
                let news = self.streams.next().await;
                self.hear(news).await;
            }
        };
        let came = timeout(patience, waiting).await;
        if came.is_ok() && self.first.is_some() {
            let event = Event::Ready { at: now(), shell: self.shell.clone(), full: self.kind == Kind::Bash };
            self.record.tell(&event);
            return Ok(());
        }
        group::signal_all(self.streams.pid, self.phase != Phase::Over, Signal::KILL);
        let said = self.complaint();
        let whose = self.host.as_ref().map_or(self.shell.clone(), |host| format!("ssh {host}"));
        let how = if came.is_err() { "does not come up" } else { "ended at once" };
        Err(if said.is_empty() { format!("`{whose}` {how}") } else { format!("`{whose}` {how}: {said}") })
    }

    /// The last line on stderr.
    fn complaint(&self) -> String {
        let text = std::fs::read(format!("{}.err", self.record.statement)).unwrap_or_default();
        let text = String::from_utf8_lossy(text.get(text.len().saturating_sub(1000)..).unwrap_or_default());
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        clean(line.unwrap_or_default().trim()).into_owned()
    }

    async fn hear(&mut self, news: News) {
        match news {
            News::Bytes(stream, bytes) => self.record.write(stream, &bytes),
            News::Answer(bytes) => {
                self.said.extend(bytes);
                loop {
                    match driver::answer(&mut self.said, self.number) {
                        Ok(None) => return,
                        Ok(Some(answer)) => self.answered(answer).await,
                        Err(why) => {
                            self.said.clear();
                            return self.lose(&why, true);
                        }
                    }
                    if self.said.is_empty() {
                        return;
                    }
                }
            }
            News::Gone(status) => self.gone(status).await,
        }
    }

    async fn drain(&mut self) {
        for (stream, bytes) in self.streams.drain().await {
            self.record.write(stream, &bytes);
        }
    }

    async fn answered(&mut self, answer: Answer) {
        if self.own > 0 {
            self.own -= 1;
            if self.first.is_none() {
                (self.phase, self.first, self.last) = (Phase::Idle, Some(answer.clone()), answer);
                self.program = group::program(self.streams.pid);
            }
            return;
        }
        if self.phase != Phase::Running {
            return self.lose("the shell answered although nothing was asked", true);
        }
        self.drain().await;
        let background = match &self.host {
            None => {
                let alive = group::background(self.streams.pid, answer.pid);
                // Where there is no `/proc`, what the shell says of its children has to do.
                if alive.is_empty() && !Path::new("/proc/self").exists() { jobs(&answer) } else { alive }
            }
            Some(_) => jobs(&answer),
        };
        self.background = background.iter().map(|child| child.pid).collect();
        self.phase = Phase::Idle;
        // A stop came too late, or the statement heeded it in its own way.
        self.press = self.press.filter(|press| !press.statement);
        self.stopped = false;
        self.record.tell(&Event::Ended(Ended {
            statement: self.number,
            status: answer.status,
            codes: answer.codes.clone(),
            background,
            workdir: clean(&answer.workdir).into_owned(),
            ms: self.ms(),
            bytes: self.record.totals(),
            unwritten: self.record.unwritten,
        }));
        let taken = answer.taken;
        self.last = answer;
        if taken {
            self.lose("the statement redefined `eval`, without which the shell can run nothing more", true);
        }
    }

    fn ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The shell itself is no more.
    async fn gone(&mut self, status: Option<ExitStatus>) {
        self.drain().await;
        if self.first.is_none() {
            self.phase = Phase::Over;
        }
        // Of a shell on another box this is the second time: first it ends, then the connection.
        if matches!(self.phase, Phase::Left | Phase::Over) {
            return;
        }
        let (mut code, signal) = (status.and_then(|s| s.code()), status.and_then(|s| s.signal()));
        let mut lost = self.lost.take();
        if let Some(host) = &self.host {
            // Only the other side can say that its shell ended; `ssh` alone ends when the connection does.
            code = self.streams.far_code();
            if code.is_none() && lost.is_none() {
                let said = self.complaint();
                lost = Some(format!("the connection to `{host}` broke; what ran there was told to end: {said}"));
            }
        }
        let running = self.phase == Phase::Running;
        let gone = Gone {
            statement: running.then_some(self.number),
            variables: new_names(self.first.as_ref().map(|a| &a.variables), &self.last.variables),
            functions: new_names(self.first.as_ref().map(|a| &a.functions), &self.last.functions),
            background: self.left(),
            code,
            signal,
            stopped: running && self.stopped,
            why: lost.clone().unwrap_or_else(|| if self.stopped { "stopped".into() } else { String::new() }),
            ms: if running { self.ms() } else { 0 },
            bytes: self.record.totals(),
        };
        let from_outside = lost.is_some() || self.stopped;
        self.phase = Phase::Left;
        self.looked = Instant::now();
        if !from_outside {
            // As when a terminal is closed: who wants to go on has said so, with `nohup`.
            self.signal(Signal::HUP);
            self.record.tell(&Event::ShellGone(gone));
        } else if self.gentle {
            self.press = None;
            self.signal(Signal::HUP);
            self.record.tell(&Event::Lost(gone));
        } else {
            self.parting = Some(gone);
            if self.press.is_none() {
                self.harder(Signal::TERM, false);
            }
        }
    }

    /// Tells how it ended, with whoever is left all the same.
    fn part(&mut self) {
        if let Some(mut gone) = self.parting.take() {
            gone.background = self.left();
            gone.bytes = self.record.totals();
            if gone.statement.is_some() {
                gone.ms = self.ms();
            }
            self.record.tell(&Event::Lost(gone));
        }
    }

    fn left(&self) -> Vec<Child> {
        if self.host.is_some() { Vec::new() } else { group::background(self.streams.pid, 0) }
    }

    fn due(&self) -> Instant {
        let far = || Instant::now() + Duration::from_hours(1);
        let press = self.press.map(|press| press.at);
        let halted = self.press.is_some_and(|press| press.halted);
        let look = (halted || self.phase == Phase::Left).then_some(self.looked + LOOK);
        press.into_iter().chain(look).min().unwrap_or_else(far)
    }

    /// Something is due: the next signal, or a look at who is left.
    fn press(&mut self) {
        if self.phase == Phase::Left {
            self.looked = Instant::now();
            let alone = self.host.is_some() || group::members(self.streams.pid).is_empty();
            if alone && (self.streams.are_closed() || self.press.is_some()) {
                self.part();
                self.phase = Phase::Over;
                return;
            }
        }
        if let Some(press) = self.press.as_mut().filter(|press| press.halted && self.phase == Phase::Running) {
            self.looked = Instant::now();
            let others = |pid: i32| pid != self.streams.pid && !self.background.contains(&pid);
            if !group::members(self.streams.pid).iter().any(|member| others(member.pid)) {
                press.halted = false;
                group::signal_one(self.streams.pid, Signal::TERM);
                group::signal_one(self.streams.pid, Signal::CONT);
            }
        }
        let Some(press) = self.press.filter(|press| press.at <= Instant::now()) else { return };
        if press.killed {
            // Not even that helped: it hangs in the kernel.
            self.part();
        }
        self.gentle = false;
        self.signal(press.next);
        self.harder(Signal::KILL, press.statement);
        if let Some(next) = &mut self.press {
            next.killed = press.next == Signal::KILL;
        }
    }

    fn harder(&mut self, next: Signal, statement: bool) {
        self.press = Some(Press { next, at: Instant::now() + self.kept.patience(), statement, killed: false, halted: false });
    }

    fn signal(&mut self, signal: Signal) {
        let is_there = matches!(self.phase, Phase::Idle | Phase::Running);
        let pid = self.streams.pid;
        if self.host.is_some() {
            let name = [(Signal::INT, "SINT"), (Signal::TERM, "STERM"), (Signal::HUP, "SHUP")]
                .into_iter()
                .find(|(known, _)| *known == signal)
                .map_or("SKILL", |(_, name)| name);
            self.streams.ask_far(name);
            // Nothing of it is here but `ssh`; the other end sees that it is gone, and ends what is there.
            if signal == Signal::KILL && self.streams.is_connected() {
                group::signal_one(pid, signal);
            }
        } else {
            group::signal_all(pid, is_there, signal);
            if signal == Signal::TERM {
                // One that was halted hears it only now.
                group::signal_all(pid, is_there, Signal::CONT);
            }
        }
    }

    /// Interrupts what runs. The shell itself is halted meanwhile: a command that heeds INT in its own way must not
    /// be followed by the statement's next one.
    fn interrupt(&mut self) {
        self.harder(Signal::TERM, true);
        if self.host.is_some() {
            return self.signal(Signal::INT);
        }
        let pid = self.streams.pid;
        // By `exec` it may be another program by now, which has to hear for itself.
        let halted = self.program.is_some() && group::program(pid) == self.program;
        if halted {
            group::signal_one(pid, Signal::STOP);
        }
        group::signal_front(pid, self.streams.terminal.as_ref().map(|terminal| &terminal.ours), Signal::INT);
        if let Some(press) = &mut self.press {
            press.halted = halted;
        }
        self.looked = Instant::now();
    }

    /// Ends the session, because of `why`.
    fn lose(&mut self, why: &str, force: bool) {
        if matches!(self.phase, Phase::Idle | Phase::Running) {
            self.lost.get_or_insert_with(|| why.to_owned());
        }
        self.signal(if force { Signal::TERM } else { Signal::HUP });
        self.harder(Signal::KILL, false);
    }

    async fn serve(&mut self, request: Request, reply: oneshot::Sender<Result<(), String>>) {
        let done = match request {
            Request::Order { number, text } => self.order(number, &text).await,
            Request::Type(bytes) => self.streams.type_(&bytes),
            Request::Ask(Ask::Stop(number)) => self.stop(number),
            Request::Ask(Ask::StopChild(pid)) => self.stop_child(pid),
            Request::Ask(Ask::Resize { rows, columns }) => match &self.streams.terminal {
                Some(terminal) => terminal.resize(rows, columns).map_err(|error| error.to_string()),
                None => Ok(()),
            },
            Request::Ask(Ask::End { force }) => self.end(force).await,
        };
        // Who asked may be gone; it is done all the same.
        let _ = reply.send(done);
    }

    async fn order(&mut self, number: u64, text: &[u8]) -> Result<(), String> {
        match self.phase {
            Phase::Left | Phase::Over => return Err("the session is over".into()),
            _ if self.lost.is_some() => return Err("the session is ending".into()),
            Phase::Idle if number == self.number + 1 => {}
            _ if number <= self.number => return Err(format!("statement {number} was started already")),
            Phase::Running => return Err(format!("statement {} is still running", self.number)),
            Phase::Idle => return Err(format!("the next statement is {}, not {number}", self.number + 1)),
        }
        if text.contains(&0) {
            return Err("a statement with a NUL in it cannot be given to a shell".into());
        }
        if text.len() > driver::LONGEST {
            return Err(format!("a statement of {} bytes is too long", text.len()));
        }
        let whole = self.kind == Kind::Bash && driver::ends_plainly(text) && self.is_whole(text).await;
        let (status, codes) = (self.last.status, self.last.codes.clone());
        let statement = Statement { number, text, whole, status, codes: &codes };
        let mut frame = Vec::new();
        if self.rounds + 1 >= ROUNDS {
            let text = driver::reading(self.kind, self.streams.driver().as_os_str());
            let again = Statement { number: 0, text: &text, whole: false, status, codes: &[] };
            frame.extend(again.frame(self.kind));
            (self.rounds, self.own) = (0, 1);
        }
        frame.extend(statement.frame(self.kind));
        self.rounds += 1;
        self.number = number;
        self.record.begin(number);
        (self.phase, self.began, self.stopped) = (Phase::Running, Instant::now(), false);
        if let Err(error) = self.streams.send(&frame).await {
            self.lose(&format!("the shell takes no statement: {error}"), true);
        }
        Ok(())
    }

    async fn is_whole(&self, text: &[u8]) -> bool {
        match &self.reader {
            Some(reader) => place::is_whole(reader, text).await,
            None => false,
        }
    }

    fn stop(&mut self, number: u64) -> Result<(), String> {
        match self.phase {
            Phase::Running if number == self.number => {
                self.stopped = true;
                // Twice INT means more than once INT to some programs; who asks again is already waiting.
                if self.press.is_none() {
                    self.interrupt();
                }
                Ok(())
            }
            Phase::Left if number == self.number => {
                self.lose("", true);
                Ok(())
            }
            _ => Err(format!("statement {number} is not running")),
        }
    }

    /// Only a child of this very session is ended.
    fn stop_child(&mut self, pid: i32) -> Result<(), String> {
        let ours = match &self.host {
            None => pid != self.streams.pid && group::members(self.streams.pid).iter().any(|one| one.pid == pid),
            Some(_) => self.last.jobs.contains(&pid),
        };
        match rustix::process::Pid::from_raw(pid) {
            Some(_) if ours && self.host.is_some() => self.streams.ask_far(&format!("K{pid}")),
            Some(pid) if ours => {
                rustix::process::kill_process(pid, Signal::TERM).map_err(|error| format!("process {pid:?}: {error}"))?;
            }
            _ => return Err(format!("process {pid} is not of the session `{}`", self.name)),
        }
        Ok(())
    }

    async fn end(&mut self, force: bool) -> Result<(), String> {
        if force {
            self.lose("the session was ended", true);
            return Ok(());
        }
        match self.phase {
            Phase::Running => Err(format!("statement {} is still running", self.number)),
            Phase::Left | Phase::Over => Ok(()),
            Phase::Idle => {
                self.lost = Some("the session was ended".into());
                self.gentle = true;
                let statement = Statement { number: 0, text: b"exit", whole: false, status: 0, codes: &[] };
                let frame = statement.frame(self.kind);
                if self.streams.send(&frame).await.is_err() {
                    self.signal(Signal::HUP);
                }
                // A trap for its exit may take its time, or never end.
                self.harder(Signal::TERM, false);
                Ok(())
            }
        }
    }
}

fn jobs(answer: &Answer) -> Vec<Child> {
    answer.jobs.iter().map(|pid| Child { pid: *pid, command: String::new() }).collect()
}

/// Names that the shell makes by itself.
const ITS_OWN: [&str; 8] = ["_", "__firedeck", "PIPESTATUS", "OLDPWD", "LINES", "COLUMNS", "FUNCNAME", "RANDOM"];
/// More names tell nobody anything.
const NAMES: usize = 200;

fn new_names(before: Option<&Vec<String>>, now: &[String]) -> Vec<String> {
    let before: std::collections::HashSet<&String> = before.into_iter().flatten().collect();
    let own = |name: &String| ITS_OWN.contains(&name.as_str()) || name.starts_with("BASH_");
    let new = now.iter().filter(|name| !before.contains(name) && !own(name));
    new.take(NAMES).map(|name| clean(name).into_owned()).collect()
}
