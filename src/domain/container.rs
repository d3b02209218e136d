//! A container of a Docker engine.
use std::borrow::Cow;

use super::Text;
use super::level::Level;
use super::time::Timestamp;

#[derive(Debug, Clone, PartialEq, Default)]
pub struct Container {
    /// The engine's id, whole.
    pub id: Text,
    pub project: Text,
    pub service: Text,
    pub image: Text,
    /// The image's own version label.
    pub version: Text,
    pub state: ContainerState,
    pub health: Option<Health>,
    pub restarts: u32,
    pub exit_code: Option<i64>,
    pub oom_killed: bool,
    pub started: Option<Timestamp>,
    pub finished: Option<Timestamp>,
    /// Hundredths of one core, and bytes; only while somebody looks.
    pub cpu_percent: Option<f32>,
    pub memory: Option<u64>,
    pub memory_limit: Option<u64>,
    pub ports: Text,
    /// What the engine says went wrong.
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

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    Starting,
    Healthy,
    Unhealthy,
}

impl Container {
    pub fn level(&self) -> Level {
        Level::Unknown
    }

    pub fn status(&self) -> Cow<'_, str> {
        "".into()
    }
}
