//! What those attached ask of a session.
use rustix::process::Signal;
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::driver::{self, Kind, ROUNDS, Statement};
use super::life::{Life, Phase};
use super::wire::{Ask, Request};
use super::{group, place};

impl Life<'_> {
    pub(super) async fn serve(&mut self, request: Request, reply: oneshot::Sender<Result<(), String>>) {
        let done = match request {
            Request::Order { number, text } => {
                let frames = self.order(number, &text).await;
                let (done, frames) = frames.map_or_else(|why| (Err(why), Vec::new()), |all| (Ok(()), all));
                // It is begun; a shell that is slow to take it is no reason to doubt that.
                let _ = reply.send(done);
                return self.send(frames).await;
            }
            Request::Type(_) | Request::TypeTo { .. } if self.phase != Phase::Running => {
                Err("no statement is running that could read it".into())
            }
            Request::TypeTo { number, .. } if number != self.number => {
                Err(format!("statement {number} is not running any more"))
            }
            Request::Type(bytes) | Request::TypeTo { bytes, .. } => self.streams.type_(&bytes),
            Request::Ask(Ask::Stop(number)) => {
                self.catch_up().await;
                self.stop(number)
            }
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

    /// Begins a statement. What it returns is to be sent to the shell.
    async fn order(&mut self, number: u64, text: &[u8]) -> Result<Vec<Vec<u8>>, String> {
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
        let mut frames = Vec::new();
        if self.rounds + 1 >= ROUNDS {
            let text = driver::reading(self.kind, self.streams.driver().as_os_str());
            let again = Statement { number: 0, text: &text, whole: false, status, codes: &[] };
            frames.push(again.frame(self.kind));
            (self.rounds, self.own) = (0, 1);
        }
        frames.push(statement.frame(self.kind));
        self.rounds += 1;
        self.number = number;
        self.record.begin(number);
        if let Some(terminal) = &self.streams.terminal {
            terminal.forget();
        }
        (self.phase, self.began, self.stopped) = (Phase::Running, Instant::now(), false);
        Ok(frames)
    }

    async fn send(&mut self, frames: Vec<Vec<u8>>) {
        for frame in frames {
            if let Err(error) = self.streams.send(&frame).await {
                return self.lose(&format!("the shell takes no statement: {error}"), true);
            }
        }
    }

    pub(super) async fn is_whole(&self, text: &[u8]) -> bool {
        match &self.reader {
            Some(reader) => place::is_whole(reader, text).await,
            None => false,
        }
    }

    pub(super) fn stop(&mut self, number: u64) -> Result<(), String> {
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
    pub(super) fn stop_child(&mut self, pid: i32) -> Result<(), String> {
        let ours = match &self.host {
            None => {
                let leader = self.streams.pid;
                let left = matches!(self.phase, Phase::Left | Phase::Over);
                let found = if left { group::left(leader) } else { group::members(leader) };
                pid != leader && found.iter().any(|member| member.pid == pid)
            }
            Some(_) => self.last.jobs.contains(&pid),
        };
        match rustix::process::Pid::from_raw(pid) {
            Some(_) if ours && self.host.is_some() => self.streams.ask_far(&format!("K{pid}")),
            Some(pid) if ours => {
                rustix::process::kill_process(pid, Signal::TERM)
                    .map_err(|error| format!("process {pid:?}: {error}"))?;
            }
            _ => return Err(format!("process {pid} is not of the session `{}`", self.name)),
        }
        Ok(())
    }

    pub(super) async fn end(&mut self, force: bool) -> Result<(), String> {
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
