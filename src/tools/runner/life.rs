//! The life of a session's shell: from its first answer, statement by statement, to whatever ends it.
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::{Instant, timeout};

use super::driver::{self, Answer, Kind};
use super::event::{Child, Ended, Event, Gone};
use super::press::{Press, SOON};
use super::record::{Record, now};
use super::setup::Kept;
use super::streams::{News, Streams};
use super::{group, place};
use crate::domain::secret::mask;
use crate::domain::text::clean;

/// How long a shell may take to come up; there is a network before one that is far away.
const NEAR: Duration = Duration::from_secs(20);
const FAR: Duration = Duration::from_secs(40);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    Idle,
    Running,
    /// There is no shell any more; others of its session may still be there.
    Left,
    Over,
}

pub(super) struct Life<'r> {
    pub(super) streams: Streams,
    pub(super) kind: Kind,
    pub(super) shell: String,
    pub(super) reader: Option<PathBuf>,
    pub(super) host: Option<String>,
    pub(super) record: &'r mut Record,
    pub(super) name: String,
    pub(super) kept: Kept,
    pub(super) phase: Phase,
    pub(super) press: Option<Press>,
    /// The statement was stopped by somebody.
    pub(super) stopped: bool,
    /// Why the session was ended from here, if it was.
    pub(super) lost: Option<String>,
    /// Its children may go on, if they want to.
    pub(super) gentle: bool,
    /// What is told once nobody of the session is left.
    pub(super) parting: Option<Gone>,
    /// Those that went on behind the statement before.
    pub(super) background: Vec<i32>,
    /// What the shell's process runs, unless it was replaced.
    pub(super) program: Option<PathBuf>,
    /// When others of the session are looked for next, and how long that took to come.
    pub(super) look: Instant,
    pub(super) wait: Duration,
    pub(super) began: Instant,
    /// When there was no shell any more.
    pub(super) ended: Instant,
    /// It was told to end even then.
    pub(super) forced: bool,
    pub(super) number: u64,
    /// Frames that this list of rounds has taken.
    pub(super) rounds: u64,
    /// Answers of the driver to itself.
    pub(super) own: u64,
    pub(super) said: Vec<u8>,
    pub(super) last: Answer,
    /// What the shell had before its first statement.
    pub(super) first: Option<Answer>,
}

impl<'r> Life<'r> {
    pub(super) fn new(opened: place::Opened, kept: Kept, record: &'r mut Record, name: String) -> Self {
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
            look: Instant::now(),
            wait: SOON,
            began: Instant::now(),
            ended: Instant::now(),
            forced: false,
            number: 0,
            rounds: 0,
            own: 1,
            said: Vec::new(),
            last: Answer::default(),
            first: None,
        }
    }

    pub(super) fn is_over(&self) -> bool {
        self.phase == Phase::Over
    }

    /// Waits for the driver's first word.
    pub(super) async fn come_up(&mut self) -> Result<(), String> {
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
    pub(super) fn complaint(&self) -> String {
        let text = std::fs::read(format!("{}.err", self.record.statement)).unwrap_or_default();
        let text = String::from_utf8_lossy(text.get(text.len().saturating_sub(1000)..).unwrap_or_default());
        let line = text.lines().rev().find(|line| !line.trim().is_empty());
        let line = mask(line.unwrap_or_default().trim().as_bytes());
        clean(&String::from_utf8_lossy(&line)).into_owned()
    }

    pub(super) async fn hear(&mut self, news: News) {
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
            News::Gone(status) => {
                self.catch_up().await;
                self.gone(status).await;
            }
        }
    }

    /// Hears what the driver has said already: whatever else happened came after it.
    pub(super) async fn catch_up(&mut self) {
        while let Some(bytes) = self.streams.answer_now() {
            Box::pin(self.hear(News::Answer(bytes))).await;
        }
    }

    pub(super) async fn drain(&mut self) {
        for (stream, bytes) in self.streams.drain().await {
            self.record.write(stream, &bytes);
        }
    }

    pub(super) async fn answered(&mut self, answer: Answer) {
        if self.own > 0 {
            self.own -= 1;
            if self.first.is_none() {
                (self.phase, self.first, self.last) = (Phase::Idle, Some(answer.clone()), answer);
                self.program = group::program(self.streams.pid);
            }
            return;
        }
        if matches!(self.phase, Phase::Left | Phase::Over) {
            return;
        }
        if self.phase != Phase::Running {
            return self.lose("the shell answered although nothing was asked", true);
        }
        let interrupted =
            self.press.is_some_and(|press| press.statement && (press.halted || self.host.is_some()));
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
        if interrupted {
            // The driver's child may have been interrupted as well, and the shell stands still.
            self.lose("the statement ended while it was being stopped", true);
        } else if taken {
            self.lose("the statement redefined `eval`, without which the shell can run nothing more", true);
        }
    }

    pub(super) fn ms(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// The shell itself is no more.
    pub(super) async fn gone(&mut self, status: Option<ExitStatus>) {
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
                lost =
                    Some(format!("the connection to `{host}` broke; what ran there was told to end: {said}"));
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
            unwritten: self.record.unwritten,
        };
        let from_outside = lost.is_some() || self.stopped;
        (self.phase, self.ended) = (Phase::Left, Instant::now());
        self.look_soon();
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
    pub(super) fn part(&mut self) {
        if let Some(mut gone) = self.parting.take() {
            gone.background = self.left();
            (gone.bytes, gone.unwritten) = (self.record.totals(), self.record.unwritten);
            if gone.statement.is_some() {
                gone.ms = self.ms();
            }
            self.record.tell(&Event::Lost(gone));
        }
    }

    pub(super) fn left(&self) -> Vec<Child> {
        if self.host.is_some() { Vec::new() } else { group::children(group::left(self.streams.pid)) }
    }
}

fn jobs(answer: &Answer) -> Vec<Child> {
    answer.jobs.iter().map(|pid| Child { pid: *pid, command: String::new() }).collect()
}

/// Names that the shell makes by itself.
const ITS_OWN: [&str; 8] =
    ["_", "__firedeck", "PIPESTATUS", "OLDPWD", "LINES", "COLUMNS", "FUNCNAME", "RANDOM"];
/// More names tell nobody anything.
const NAMES: usize = 200;

fn new_names(before: Option<&Vec<String>>, now: &[String]) -> Vec<String> {
    let before: std::collections::HashSet<&String> = before.into_iter().flatten().collect();
    let own = |name: &String| ITS_OWN.contains(&name.as_str()) || name.starts_with("BASH_");
    let new = now.iter().filter(|name| !before.contains(name) && !own(name));
    new.take(NAMES).map(|name| clean(name).into_owned()).collect()
}
