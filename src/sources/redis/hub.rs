//! The held connections, for those who look closer and who act: nobody opens a second one.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use ::redis::aio::MultiplexedConnection;

use crate::domain::Text;
use crate::domain::object::{Kind, ObjectRef};
use crate::domain::redis::info::Info;
use crate::domain::redis::node::RedisNode;
use crate::domain::redis::{KeyGroup, SlowCall};

/// A node as the last look left it.
#[derive(Clone)]
pub(super) struct Held {
    pub con: MultiplexedConnection,
    pub node: RedisNode,
    pub info: Info,
    /// The number of our own connection.
    pub own: Option<u64>,
    /// Who we are there.
    pub user: String,
    /// Whether scripts, and functions, may be ended.
    pub ends: [Option<bool>; 2],
    pub slow: Vec<SlowCall>,
    pub groups: Vec<KeyGroup>,
}

type Nodes = HashMap<Text, Held>;

/// By endpoint and node.
#[derive(Clone, Default)]
pub(super) struct Hub(Arc<Mutex<HashMap<Text, Nodes>>>);

impl Hub {
    pub fn hold(&self, endpoint: &Text, nodes: Nodes) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(endpoint.clone(), nodes);
    }

    /// The node that a thing is, or belongs to.
    pub fn of(&self, target: &ObjectRef) -> Result<Held, String> {
        let node = if target.kind == Kind::RedisNode { &target.name } else { &target.namespace };
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(&target.context).and_then(|nodes| nodes.get(node));
        held.cloned().ok_or_else(|| format!("{node} is not connected"))
    }
}
