//! A demo or a drill: what it is about, and which backends are broken in it on purpose.
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};

use super::time::Timestamp;

/// What can be broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Backend {
    Kubernetes,
    Database,
    Redis,
    Prometheus,
    Alertmanager,
    Docker,
    Sites,
}

impl Backend {
    pub const ALL: [Backend; 7] = [
        Backend::Kubernetes,
        Backend::Database,
        Backend::Redis,
        Backend::Prometheus,
        Backend::Alertmanager,
        Backend::Docker,
        Backend::Sites,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Backend::Kubernetes => "Kubernetes",
            Backend::Database => "database",
            Backend::Redis => "Redis",
            Backend::Prometheus => "Prometheus",
            Backend::Alertmanager => "Alertmanager",
            Backend::Docker => "Docker",
            Backend::Sites => "health pages",
        }
    }
}

/// How it is broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    #[default]
    None,
    /// Every answer comes late.
    Slow,
    /// Connections are taken, and nothing is ever answered.
    Silent,
    /// Connections are cut, new ones too.
    Cut,
    /// What is answered makes no sense.
    Garbage,
}

impl Fault {
    const ALL: [Fault; 5] = [Fault::None, Fault::Slow, Fault::Silent, Fault::Cut, Fault::Garbage];

    pub fn says(self) -> &'static str {
        match self {
            Fault::None => "as it is",
            Fault::Slow => "slow: every answer comes two seconds late",
            Fault::Silent => "silent: takes connections and never answers",
            Fault::Cut => "cut: every connection is closed",
            Fault::Garbage => "garbage: its answers make no sense",
        }
    }

    #[must_use]
    pub fn next(self) -> Fault {
        let at = Fault::ALL.iter().position(|one| *one == self).unwrap_or_default();
        Fault::ALL.get(at + 1).copied().unwrap_or_default()
    }
}

/// What is broken at this moment. Its clones are the same.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<[AtomicU8; Backend::ALL.len()]>);

impl Faults {
    pub fn set(&self, backend: Backend, fault: Fault) {
        if let Some(own) = self.0.get(backend as usize) {
            own.store(fault as u8, Ordering::Relaxed);
        }
    }

    pub fn of(&self, backend: Backend) -> Fault {
        let own = self.0.get(backend as usize).map_or(0, |own| own.load(Ordering::Relaxed));
        Fault::ALL.get(usize::from(own)).copied().unwrap_or_default()
    }
}

/// What is played.
#[derive(Debug, Clone, Default)]
pub struct Exercise {
    /// Said in front of everything else: `DRILL`.
    pub word: String,
    pub title: String,
    pub brief: String,
    /// One after the other, for whoever asks.
    pub hints: Vec<String>,
    /// Tools that its shells have from firedeck itself.
    pub built_in: Vec<String>,
    pub began: Timestamp,
    pub faults: Faults,
    /// Keys that were pressed in it.
    pub keys: Arc<AtomicU64>,
    /// Nothing goes wrong in it: it is over once a runbook was worked through.
    pub quiet: bool,
    /// What went wrong is over, and has been for a while.
    pub over: Arc<AtomicBool>,
}

impl Exercise {
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Relaxed)
    }
}

impl PartialEq for Exercise {
    fn eq(&self, other: &Exercise) -> bool {
        Arc::ptr_eq(&self.keys, &other.keys)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_comes_round_and_is_of_one_backend_alone() {
        let faults = Faults::default();
        let mut seen = Vec::new();
        for _ in 0..Fault::ALL.len() {
            faults.set(Backend::Redis, faults.of(Backend::Redis).next());
            seen.push(faults.of(Backend::Redis));
        }
        assert_eq!(seen, [Fault::Slow, Fault::Silent, Fault::Cut, Fault::Garbage, Fault::None]);
        faults.clone().set(Backend::Docker, Fault::Cut);
        assert_eq!((faults.of(Backend::Docker), faults.of(Backend::Database)), (Fault::Cut, Fault::None));
    }
}
