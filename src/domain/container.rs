//! A container of a Docker engine: what is known of it, and what that means.
mod order;
mod usage;

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use super::Text;
use super::level::Level;
use super::time::Timestamp;

pub use order::{Need, by_need};
pub use usage::{Sample, cpu_percent, memory_used};

/// An engine begins a container that ends again and again at most a minute apart: who has run for longer than this
/// has come through.
const SETTLED: Duration = Duration::from_mins(2);

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Container {
    /// The engine's id, whole.
    pub id: Text,
    /// Of Compose; empty for what was started by hand.
    pub project: Text,
    pub service: Text,
    /// Services of its project that Compose starts before it.
    pub needs: Vec<Need>,
    pub image: Text,
    /// The image's own version label, or its tag.
    pub version: Text,
    pub state: ContainerState,
    /// `None` where no check is defined.
    pub health: Option<Health>,
    /// Checks that failed in a row.
    pub failing: u32,
    /// What the engine started again by itself, since it was last started by hand; `None` while it is not read.
    pub restarts: Option<u32>,
    pub policy: Policy,
    /// The end of the run that is over, or of the one before the run that goes on.
    pub end: Option<End>,
    /// Memory ran out for one of its processes in this run, and it lives on.
    pub starved: bool,
    pub started: Option<Timestamp>,
    /// It was started again by the engine a short while ago; nobody knows whether it will stay.
    pub shaky: bool,
    /// Hundredths of one core, and bytes; only while somebody looks.
    pub cpu_percent: Option<f32>,
    pub memory: Option<u64>,
    /// `None` where it may take all there is.
    pub memory_limit: Option<u64>,
    pub ports: Text,
    /// What the engine says went wrong when it was to start.
    pub error: Text,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContainerState {
    Created,
    Running,
    Paused,
    Restarting,
    Removing,
    Exited,
    Dead,
    #[default]
    Unknown,
}

impl ContainerState {
    /// As engines write it; what a newer engine adds is unknown.
    pub fn parse(text: &str) -> ContainerState {
        match text {
            "created" => ContainerState::Created,
            "paused" => ContainerState::Paused,
            "restarting" => ContainerState::Restarting,
            // What is being stopped runs until it has ended.
            "running" | "stopping" => ContainerState::Running,
            "removing" => ContainerState::Removing,
            // Podman tells what was stopped from what ended by itself.
            "exited" | "stopped" => ContainerState::Exited,
            "dead" => ContainerState::Dead,
            _ => ContainerState::Unknown,
        }
    }

    /// It runs, or the engine is about to run it again.
    pub fn is_up(self) -> bool {
        matches!(self, ContainerState::Running | ContainerState::Restarting | ContainerState::Paused)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Starting,
    Healthy,
    Unhealthy,
}

impl Health {
    pub fn parse(text: &str) -> Option<Health> {
        match text {
            "starting" => Some(Health::Starting),
            "healthy" => Some(Health::Healthy),
            "unhealthy" => Some(Health::Unhealthy),
            _ => None,
        }
    }

    /// Of the words `Up 3 hours (unhealthy)`, which are all that a list of older engines says.
    pub fn of_status(status: &str) -> Option<Health> {
        let inside = status.rsplit_once('(')?.1.strip_suffix(')')?;
        Health::parse(inside.strip_prefix("health: ").unwrap_or(inside))
    }

    pub fn name(self) -> &'static str {
        match self {
            Health::Starting => "starting",
            Health::Healthy => "healthy",
            Health::Unhealthy => "unhealthy",
        }
    }
}

/// What the engine does when a container ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Policy {
    #[default]
    Unknown,
    Never,
    OnFailure,
    Always,
    UnlessStopped,
}

impl Policy {
    pub fn parse(text: &str) -> Policy {
        match text {
            "" | "no" => Policy::Never,
            "on-failure" => Policy::OnFailure,
            "always" => Policy::Always,
            "unless-stopped" => Policy::UnlessStopped,
            _ => Policy::Unknown,
        }
    }

    /// As it is written in a Compose file.
    pub fn name(self) -> &'static str {
        match self {
            Policy::Unknown => "not known",
            Policy::Never => "no",
            Policy::OnFailure => "on-failure",
            Policy::Always => "always",
            Policy::UnlessStopped => "unless-stopped",
        }
    }

    /// What is meant to run for ever: when it is down, something is.
    fn lasts(self) -> bool {
        matches!(self, Policy::Always | Policy::UnlessStopped)
    }
}

/// How one run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct End {
    pub code: i64,
    pub oom: bool,
    pub at: Option<Timestamp>,
}

impl End {
    /// What the number means where shells and kernels agree on it.
    pub fn meaning(&self) -> Option<&'static str> {
        if self.oom {
            return Some("OOMKilled");
        }
        Some(match self.code {
            126 => "cannot be executed",
            127 => "command not found",
            134 => "aborted",
            137 => "killed",
            139 => "segmentation fault",
            143 => "terminated",
            _ => return None,
        })
    }
}

/// `137 (OOMKilled)`
impl fmt::Display for End {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}", self.code)?;
        self.meaning().map_or(Ok(()), |meaning| write!(out, " ({meaning})"))
    }
}

impl Container {
    pub fn level(&self) -> Level {
        match self.state {
            ContainerState::Running => match self.health {
                Some(Health::Unhealthy) => Level::Bad,
                Some(Health::Starting) => Level::Warn,
                _ if self.shaky || self.starved => Level::Warn,
                _ => Level::Fine,
            },
            ContainerState::Paused | ContainerState::Removing => Level::Warn,
            ContainerState::Created if self.error.is_empty() => Level::Warn,
            ContainerState::Restarting | ContainerState::Dead | ContainerState::Created => Level::Bad,
            ContainerState::Exited => match self.end {
                _ if !self.error.is_empty() => Level::Bad,
                Some(End { code: 0, oom: false, .. }) if self.policy.lasts() => Level::Warn,
                Some(End { code: 0, oom: false, .. }) => Level::Done,
                Some(_) => Level::Bad,
                None => Level::Unknown,
            },
            ContainerState::Unknown => Level::Unknown,
        }
    }

    /// `unhealthy, 6 restarts`; `exited 137 (OOMKilled)`; `done`.
    pub fn status(&self) -> Cow<'_, str> {
        let tells = match self.state {
            ContainerState::Running | ContainerState::Restarting => true,
            ContainerState::Exited => self.error.is_empty() && self.level() == Level::Bad,
            _ => false,
        };
        match self.restarts {
            Some(1) if tells => format!("{}, 1 restart", self.word()).into(),
            Some(n) if tells && n > 1 => format!("{}, {n} restarts", self.word()).into(),
            _ => self.word(),
        }
    }

    /// The same without the number of restarts, which has a column of its own.
    pub fn word(&self) -> Cow<'_, str> {
        let failed = |what: &str| format!("{what}: {}", self.error).into();
        match (self.state, self.end) {
            (ContainerState::Running, _) => {
                let word = self.health.map_or("running", Health::name);
                if self.starved { format!("{word}, a process OOMKilled").into() } else { word.into() }
            }
            (ContainerState::Restarting, Some(end)) => format!("restarting, exited {end}").into(),
            (ContainerState::Restarting, None) => "restarting".into(),
            (ContainerState::Created | ContainerState::Exited, _) if !self.error.is_empty() => {
                failed("not started")
            }
            (ContainerState::Created, _) => "created, not started".into(),
            (ContainerState::Paused, _) => "paused".into(),
            (ContainerState::Removing, _) => "being removed".into(),
            (ContainerState::Dead, _) if !self.error.is_empty() => failed("dead"),
            (ContainerState::Dead, _) => "dead".into(),
            (ContainerState::Unknown, _) => "unknown".into(),
            (ContainerState::Exited, Some(End { code: 0, oom: false, .. })) => {
                if self.policy.lasts() {
                    "stopped".into()
                } else {
                    "done".into()
                }
            }
            (ContainerState::Exited, Some(end)) => format!("exited {end}").into(),
            (ContainerState::Exited, None) => "exited".into(),
        }
    }

    /// Whether it was started by the engine itself so lately that it may end again.
    pub fn is_shaky(&self, now: Timestamp) -> bool {
        let young = self.started.is_some_and(|started| now.since(started) < SETTLED);
        self.state == ContainerState::Running && self.restarts.is_some_and(|n| n > 0) && young
    }

    /// Hundredths of what it may take; `None` where it may take all, or nothing was measured.
    pub fn memory_percent(&self) -> Option<u64> {
        let limit = self.memory_limit.filter(|limit| *limit > 0)?;
        Some(self.memory?.saturating_mul(100) / limit)
    }

    /// `2 of 3 up` counts it: what is done is no part of it.
    pub fn counts(&self) -> bool {
        self.level() != Level::Done
    }
}

/// How many of one Compose project run, of how many, and what ails the others.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    pub up: usize,
    pub all: usize,
    pub unhealthy: usize,
    pub restarting: usize,
    pub ended: usize,
    pub unknown: usize,
    pub other: usize,
}

impl Tally {
    pub fn of<'c>(containers: impl IntoIterator<Item = &'c Container>) -> Tally {
        let mut tally = Tally::default();
        for container in containers.into_iter().filter(|container| container.counts()) {
            tally.all += 1;
            let level = container.level();
            match (container.state, container.health) {
                (ContainerState::Running, Some(Health::Unhealthy)) => tally.unhealthy += 1,
                (ContainerState::Running, _) => tally.up += 1,
                (ContainerState::Restarting, _) => tally.restarting += 1,
                _ if level == Level::Unknown => tally.unknown += 1,
                _ if level == Level::Bad => tally.ended += 1,
                _ => tally.other += 1,
            }
        }
        tally
    }

    pub fn level(&self) -> Level {
        if self.unhealthy + self.restarting + self.ended > 0 {
            Level::Bad
        } else if self.unknown > 0 {
            Level::Unknown
        } else if self.up < self.all {
            Level::Warn
        } else {
            Level::Fine
        }
    }
}

/// `7 of 8 up, 1 unhealthy`
impl fmt::Display for Tally {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} of {} up", self.up, self.all)?;
        let parts = [
            (self.unhealthy, "unhealthy"),
            (self.restarting, "restarting"),
            (self.ended, "failed"),
            (self.unknown, "unknown"),
            (self.other, "not running"),
        ];
        parts.into_iter().filter(|(n, _)| *n > 0).try_for_each(|(n, word)| write!(out, ", {n} {word}"))
    }
}

#[cfg(test)]
mod tests;
