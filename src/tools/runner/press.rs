//! How a session is made to end: signals, one harder than the other, and looks at who is left.
use std::time::Duration;

use rustix::process::Signal;
use tokio::time::Instant;

use super::group;
use super::life::{Life, Phase};

/// How soon it is looked whether others of the session are gone; after each look it takes twice as long to the next.
pub(super) const SOON: Duration = Duration::from_millis(20);
/// One that goes on for days costs nothing.
const SELDOM: Duration = Duration::from_secs(1);

/// Ends a shell that was halted. A trap for INT or TERM would make it go on with the next command of the statement; for
/// this signal nobody sets one, and `bash` runs a trap for its exit all the same.
const LAST: Signal = Signal::VTALARM;

/// So long a runner stays that could not write down how its session ended.
const WAITS: Duration = Duration::from_hours(1);

/// How hard the session is pressed to end, and when it is pressed harder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Press {
    pub(super) next: Signal,
    pub(super) at: Instant,
    /// The statement alone was to be stopped: when it has ended, all is well.
    pub(super) statement: bool,
    pub(super) killed: bool,
    /// The shell was halted, so that no further command of the statement starts while this one ends.
    pub(super) halted: bool,
}

impl Life<'_> {
    pub(super) fn due(&self) -> Instant {
        let far = || Instant::now() + Duration::from_hours(1);
        let press = self.press.map(|press| press.at);
        let halted = self.press.is_some_and(|press| press.halted);
        let look = (halted || self.phase == Phase::Left).then_some(self.look);
        press.into_iter().chain(look).chain(self.record.again()).min().unwrap_or_else(far)
    }

    /// Something is due: the next signal, or a look at who is left.
    pub(super) async fn press(&mut self) {
        self.record.retry();
        if self.phase == Phase::Left && self.looks() {
            let alone = self.host.is_some() || group::left(self.streams.pid).is_empty();
            // The master of shared connections may hold what was the connection's stderr as long as it likes.
            let is_cut = self.host.is_some() && !self.streams.is_connected();
            if alone && (self.streams.are_closed() || self.press.is_some() || is_cut) {
                self.drain().await;
                self.part();
                // A disk that is full may be no more in a while, and how it ended is not to be lost.
                if self.record.again().is_none() || self.forced || self.ended.elapsed() > WAITS {
                    self.phase = Phase::Over;
                }
                return;
            }
        }
        if self.press.is_some_and(|press| press.halted) && self.phase == Phase::Running && self.looks() {
            let others = |pid: i32| pid != self.streams.pid && !self.background.contains(&pid);
            if !group::members(self.streams.pid).iter().any(|member| others(member.pid)) {
                self.press = self.press.map(|press| Press { halted: false, ..press });
                group::signal_one(self.streams.pid, LAST);
                group::signal_one(self.streams.pid, Signal::CONT);
            }
        }
        let Some(press) = self.press.filter(|press| press.at <= Instant::now()) else { return };
        if press.killed {
            // Not even that helped: it hangs in the kernel.
            self.part();
        }
        self.gentle = false;
        let spared = press.halted && press.next == Signal::TERM && self.phase == Phase::Running;
        if spared {
            group::signal_others(self.streams.pid, Signal::TERM);
            group::signal_others(self.streams.pid, Signal::CONT);
        } else {
            self.signal(press.next);
        }
        self.harder(Signal::KILL, press.statement);
        if let Some(next) = &mut self.press {
            (next.killed, next.halted) = (press.next == Signal::KILL, spared);
        }
    }

    /// Whether it is time to look again.
    fn looks(&mut self) -> bool {
        let now = Instant::now();
        let due = self.look <= now;
        if due {
            self.wait = (self.wait * 2).min(SELDOM);
            self.look = now + self.wait;
        }
        due
    }

    /// Looks soon, and often at first.
    pub(super) fn look_soon(&mut self) {
        self.wait = SOON;
        self.look = Instant::now() + SOON;
    }

    pub(super) fn harder(&mut self, next: Signal, statement: bool) {
        self.press = Some(Press {
            next,
            at: Instant::now() + self.kept.patience(),
            statement,
            killed: false,
            halted: false,
        });
    }

    pub(super) fn signal(&mut self, signal: Signal) {
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
    pub(super) fn interrupt(&mut self) {
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
        self.look_soon();
    }

    /// Ends the session, because of `why`.
    pub(super) fn lose(&mut self, why: &str, force: bool) {
        if matches!(self.phase, Phase::Idle | Phase::Running) {
            self.lost.get_or_insert_with(|| why.to_owned());
        }
        self.forced |= force && self.phase == Phase::Left;
        self.signal(if force { Signal::TERM } else { Signal::HUP });
        self.harder(Signal::KILL, false);
    }
}
