//! One container: what it was made from, how it is, and what it does as time passes.
use std::collections::VecDeque;

use jiff::{SignedDuration, Timestamp};

use super::Event;
use super::script::LOUD;
use crate::world::base::{Dice, seconds};

const MOST_LINES: usize = 4_000;
const MOST_CHECKS: usize = 5;
const LONGEST_LINE: usize = 16_384;
/// An engine doubles its pause between starts up to a minute, and forgets it after a run of ten seconds.
const FIRST_PAUSE: f64 = 0.1;
const LONGEST_PAUSE: f64 = 60.0;
const STEADY: f64 = 10.0;
const RETRIES: u32 = 3;
/// Of cores, for whatever runs.
pub const LOAD: f64 = 0.05;

/// What a container is made from.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// Both empty for one that no Compose project has.
    pub project: String,
    pub service: String,
    pub name: String,
    pub image: String,
    pub command: Vec<String>,
    /// As Compose labels it: `redis:service_healthy:false,db:service_started:false`.
    pub needs: String,
    /// `no`, `always`, `unless-stopped`, `on-failure`.
    pub policy: String,
    /// Inside, and on the box.
    pub ports: Vec<(u16, u16)>,
    /// From where on the box, to where, and whether it may be written.
    pub mounts: Vec<(String, String, bool)>,
    pub env: Vec<String>,
    /// Its output is a terminal's.
    pub tty: bool,
    /// Seconds that it is given to end by itself; `None` where nothing is said.
    pub grace: Option<u64>,
    /// It does not hear that it should end, and is killed.
    pub deaf: bool,
    pub labels: Vec<(String, String)>,
    /// The health check's command; none: it has no check.
    pub check: Vec<String>,
    /// Seconds between two checks.
    pub every: f64,
    pub memory_limit: u64,
    /// What it takes when it is well, in bytes.
    pub memory: u64,
    /// Lines a second, and what they say; `{n}` counts them.
    pub rate: f64,
    pub says: Vec<String>,
    /// What it says when it starts.
    pub first: Vec<String>,
    /// Its work is done after so long, with 0; for ever where it is nothing.
    pub done_after: f64,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub enum Behaviour {
    #[default]
    Ok,
    /// Its check fails with these words.
    Unhealthy {
        says: String,
    },
    /// Each run ends after so many seconds, with a code and last words.
    Crash {
        after: f64,
        code: i64,
        says: String,
    },
    /// Each run runs out of memory after so many seconds.
    Oom {
        after: f64,
    },
    Noisy {
        lines_per_second: f64,
        says: String,
    },
    Leak {
        bytes_per_second: f64,
    },
}

/// What mends a behaviour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Heals {
    Restart,
    #[default]
    Nothing,
    /// A start of this service of the same project.
    StartOf(String),
    /// A container made anew from another image.
    OtherImage,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum State {
    #[default]
    Created,
    Running,
    Paused,
    Restarting,
    Exited,
}

#[derive(Debug, Clone)]
pub struct Line {
    pub number: u64,
    pub at: Timestamp,
    pub error: bool,
    pub text: String,
}

#[derive(Debug, Clone)]
pub struct Check {
    pub at: Timestamp,
    pub code: i64,
    pub says: String,
}

#[derive(Debug, Clone, Default)]
pub struct Container {
    pub id: String,
    pub image_id: String,
    pub spec: Spec,
    pub created: Timestamp,
    pub state: State,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    pub code: i64,
    pub oom: bool,
    pub restarts: u64,
    pub pid: u64,
    pub health: &'static str,
    pub streak: u32,
    pub checks: VecDeque<Check>,
    pub lines: VecDeque<Line>,
    pub behaviour: Behaviour,
    pub heals: Heals,
    /// Of processor time, in nanoseconds.
    pub used: u64,
    pub memory: u64,
    wrote: u64,
    due: f64,
    next_check: Timestamp,
    pause: f64,
    again_at: Option<Timestamp>,
}

pub(super) fn after(at: Timestamp, seconds: f64) -> Timestamp {
    SignedDuration::try_from_secs_f64(seconds.clamp(0.0, 1e9)).map_or(at, |span| at + span)
}

/// Without what stands behind the point.
pub(super) fn whole(number: f64) -> u64 {
    std::time::Duration::try_from_secs_f64(number).map_or(0, |span| span.as_secs())
}

fn float(bytes: u64) -> f64 {
    f64::from(u32::try_from(bytes >> 10).unwrap_or(u32::MAX)) * 1024.0
}

impl Container {
    pub fn new(spec: Spec, id: String, image_id: String, now: Timestamp) -> Container {
        Container { id, image_id, spec, created: now, pause: FIRST_PAUSE, ..Container::default() }
    }

    pub fn is_up(&self) -> bool {
        matches!(self.state, State::Running | State::Paused)
    }

    pub fn word(&self) -> &'static str {
        match self.state {
            State::Created => "created",
            State::Running => "running",
            State::Paused => "paused",
            State::Restarting => "restarting",
            State::Exited => "exited",
        }
    }

    /// `Up 4 minutes (healthy)`
    pub fn status(&self, now: Timestamp) -> String {
        let up = || span(self.started, now);
        let health = if self.health == "starting" { "health: starting" } else { self.health };
        match self.state {
            State::Created => "Created".into(),
            State::Running if health.is_empty() => format!("Up {}", up()),
            State::Running => format!("Up {} ({health})", up()),
            State::Paused => format!("Up {} (Paused)", up()),
            State::Restarting => format!("Restarting ({}) {} ago", self.code, span(self.finished, now)),
            State::Exited => format!("Exited ({}) {} ago", self.code, span(self.finished, now)),
        }
    }

    pub fn say(&mut self, now: Timestamp, error: bool, text: &str) {
        let number = self.wrote;
        self.wrote += 1;
        // Lines of one instant stand in their order.
        let at = after(now, f64::from(u32::try_from(number % 1_000).unwrap_or(0)) * 1e-6);
        let text = text.chars().take(LONGEST_LINE).collect();
        self.lines.push_back(Line { number, at, error, text });
        if self.lines.len() > MOST_LINES {
            self.lines.pop_front();
        }
    }

    pub fn start(&mut self, now: Timestamp, dice: &mut Dice) {
        (self.state, self.started, self.oom, self.again_at) = (State::Running, Some(now), false, None);
        (self.code, self.pid) = (0, 2_000 + dice.below(60_000));
        (self.health, self.streak) = (if self.spec.check.is_empty() { "" } else { "starting" }, 0);
        self.checks.clear();
        (self.memory, self.due) = (self.spec.memory / 2, 0.0);
        self.next_check = after(now, self.spec.every);
        for text in self.spec.first.clone() {
            self.says(now, &text);
        }
    }

    /// The process is gone; whether it comes again is another question.
    pub fn end(&mut self, now: Timestamp, code: i64) {
        (self.state, self.finished, self.code, self.pid) = (State::Exited, Some(now), code, 0);
        (self.memory, self.again_at) = (0, None);
        // An engine leaves the last word of a check that is no more.
        if !self.health.is_empty() {
            self.health = "unhealthy";
        }
    }

    /// A while passes.
    pub fn tick(&mut self, now: Timestamp, passed: f64, dice: &mut Dice) -> Vec<Event> {
        let mut events = Vec::new();
        if self.again_at.is_some_and(|at| at <= now) {
            self.restarts += 1;
            self.start(now, dice);
            events.push(Event::of("start", self));
        }
        if self.state != State::Running {
            return events;
        }
        let up = self.started.map_or(0.0, |at| seconds(at, now));
        let load = LOAD * (0.7 + 0.6 * dice.share());
        self.used += whole(load * passed * 1e9);
        self.grow(passed, dice);
        self.write(now, passed);
        let ends = match &self.behaviour {
            Behaviour::Crash { after, code, says } if up >= *after => Some((*code, false, says.clone())),
            Behaviour::Oom { after } if up >= *after => Some((137, true, String::new())),
            _ if self.spec.memory_limit > 0 && self.memory > self.spec.memory_limit => {
                Some((137, true, String::new()))
            }
            _ if self.spec.done_after > 0.0 && up >= self.spec.done_after => Some((0, false, String::new())),
            _ => None,
        };
        if let Some((code, oom, says)) = ends {
            if !says.is_empty() {
                self.say(now, true, &says);
            }
            events.extend(oom.then(|| Event::of("oom", self)));
            self.end(now, code);
            self.oom = oom;
            events.push(Event::of("die", self).with("exitCode", &code.to_string()));
            self.pause = if up >= STEADY { FIRST_PAUSE } else { (self.pause * 2.0).min(LONGEST_PAUSE) };
            let again = match self.spec.policy.as_str() {
                "always" | "unless-stopped" => true,
                "on-failure" => code != 0,
                _ => false,
            };
            if again {
                (self.state, self.again_at) = (State::Restarting, Some(after(now, self.pause)));
            }
            return events;
        }
        if !self.spec.check.is_empty() && self.next_check <= now {
            self.next_check = after(now, self.spec.every);
            events.extend(self.check(now));
        }
        events
    }

    fn grow(&mut self, passed: f64, dice: &mut Dice) {
        let wobble = self.spec.memory / 50;
        if let Behaviour::Leak { bytes_per_second } = self.behaviour {
            self.memory += whole(bytes_per_second * passed);
        } else if let Behaviour::Oom { after } = self.behaviour {
            self.memory += whole(float(self.spec.memory_limit) * passed / after.max(1.0));
        } else if self.memory < self.spec.memory {
            self.memory += (self.spec.memory / 20).max(1);
        } else {
            self.memory = self.spec.memory + dice.below(wobble.max(1));
        }
    }

    pub(super) fn write(&mut self, now: Timestamp, passed: f64) {
        let (rate, says) = match &self.behaviour {
            Behaviour::Noisy { lines_per_second, says } => (*lines_per_second, vec![says.clone()]),
            _ => (self.spec.rate, self.spec.says.clone()),
        };
        self.due += rate * passed;
        let due = whole(self.due);
        self.due -= f64::from(u32::try_from(due).unwrap_or(u32::MAX));
        for _ in 0..due.min(1_000) {
            let at = usize::try_from(self.wrote).unwrap_or(0).checked_rem(says.len()).unwrap_or(0);
            let Some(text) = says.get(at) else { return };
            self.says(now, &text.replace("{n}", &self.wrote.to_string()));
        }
    }

    fn says(&mut self, now: Timestamp, text: &str) {
        let error = text.contains("level=error") || text.starts_with(LOUD);
        self.say(now, error, text.trim_start_matches(LOUD));
    }

    fn check(&mut self, now: Timestamp) -> Option<Event> {
        let (code, says) = match &self.behaviour {
            Behaviour::Unhealthy { says } => (1, says.clone()),
            _ => (0, "ok".into()),
        };
        self.checks.push_back(Check { at: now, code, says });
        self.checks.drain(..self.checks.len().saturating_sub(MOST_CHECKS));
        self.streak = if code == 0 { 0 } else { self.streak + 1 };
        let health = match code {
            0 => "healthy",
            _ if self.streak >= RETRIES => "unhealthy",
            _ => self.health,
        };
        let changed = health != self.health;
        self.health = health;
        changed.then(|| Event::of(&format!("health_status: {health}"), self))
    }
}

/// A span as the engine says it.
pub(super) fn span(from: Option<Timestamp>, now: Timestamp) -> String {
    let seconds = from.map_or(0, |from| whole(seconds(from, now)));
    let (minutes, hours) = (seconds / 60, (seconds + 1_800) / 3_600);
    match seconds {
        0 => "Less than a second".into(),
        1 => "1 second".into(),
        2..60 => format!("{seconds} seconds"),
        60..120 => "About a minute".into(),
        120..3_600 => format!("{minutes} minutes"),
        _ if hours == 1 => "About an hour".into(),
        _ if hours < 48 => format!("{hours} hours"),
        _ => format!("{} days", hours / 24),
    }
}
