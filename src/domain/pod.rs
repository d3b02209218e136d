//! A pod, and what is wrong with it.
mod verdict;

use super::Text;
use super::object::{ObjectRef, Owner};
use super::time::Timestamp;

/// A pod reduced to what the screen and the finders need; some 500 bytes of a 12 kB object.
#[derive(Debug, Clone, PartialEq)]
pub struct Pod {
    pub id: ObjectRef,
    pub uid: Text,
    pub created: Timestamp,
    pub owner: Option<Owner>,
    pub labels: Labels,
    pub node: Option<Text>,
    /// Its own address within the cluster.
    pub ip: Option<Text>,
    pub deleting: Option<Timestamp>,
    pub phase: Phase,
    /// `status.reason`: `Evicted`, `NodeLost`, `Preempting`.
    pub reason: Option<Text>,
    /// Why it has no node, or `status.message`.
    pub message: Option<Text>,
    /// The `Ready` condition.
    pub ready: Option<bool>,
    pub containers: Box<[Container]>,
}

/// Interned and shared: the pods of one template have the same labels.
pub type Labels = std::sync::Arc<[(Text, Text)]>;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    Pending,
    Running,
    Succeeded,
    Failed,
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Container {
    pub name: Text,
    pub role: ContainerRole,
    pub image: Text,
    pub ready: bool,
    pub restarts: u32,
    pub state: ContainerState,
    pub last: Option<Termination>,
    pub requests: Resources,
    pub limits: Resources,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContainerRole {
    Init,
    /// An init container that keeps running.
    Sidecar,
    Main,
    Ephemeral,
}

#[derive(Debug, Clone, PartialEq)]
pub enum ContainerState {
    Waiting {
        reason: Text,
        message: Option<Text>,
    },
    Running {
        since: Timestamp,
    },
    Terminated(Termination),
    /// The kubelet has not said.
    Unknown,
}

#[derive(Debug, Clone, PartialEq)]
pub struct Termination {
    /// `OOMKilled`, `Error`, `Completed`.
    pub reason: Text,
    pub code: i32,
    pub signal: Option<i32>,
    pub finished: Option<Timestamp>,
}

/// `None` where nothing is set, which is not zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resources {
    pub cpu_milli: Option<u64>,
    pub memory: Option<u64>,
}
