//! The held connections, for those who look closer and who act: nobody opens a second one.
use std::collections::{BTreeMap, HashMap};
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
pub(super) struct Hub {
    nodes: Arc<Mutex<HashMap<Text, Nodes>>>,
    claims: Arc<Mutex<BTreeMap<usize, Claims>>>,
}

/// Which servers an endpoint sees, by their `run_id`, and whether they answer there.
#[derive(Clone, Default)]
struct Claims {
    endpoint: Text,
    seen: HashMap<Text, bool>,
}

impl Hub {
    pub fn hold(&self, endpoint: &Text, nodes: Nodes) {
        let mut all = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(endpoint.clone(), nodes);
    }

    /// What the endpoint of this place in the profile sees now.
    pub fn claim(&self, place: usize, endpoint: &Text, seen: HashMap<Text, bool>) {
        let mut all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(place, Claims { endpoint: endpoint.clone(), seen });
    }

    /// The other endpoint under which a server stands already: the first where it answers, or else the first.
    pub fn elsewhere(&self, place: usize, run_id: &Text) -> Option<Text> {
        if run_id.is_empty() {
            return None;
        }
        let all = self.claims.lock().unwrap_or_else(PoisonError::into_inner);
        let claims =
            all.iter().filter_map(|(at, claims)| Some((!claims.seen.get(run_id)?, *at, &claims.endpoint)));
        let (_, at, endpoint) = claims.min()?;
        (at != place).then(|| endpoint.clone())
    }

    /// The node that a thing is, or belongs to.
    pub fn of(&self, target: &ObjectRef) -> Result<Held, String> {
        let node = if target.kind == Kind::RedisNode { &target.name } else { &target.namespace };
        let all = self.nodes.lock().unwrap_or_else(PoisonError::into_inner);
        let held = all.get(&target.context).and_then(|nodes| nodes.get(node));
        held.cloned().ok_or_else(|| format!("{node} is not connected"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_that_two_endpoints_see_stands_under_one_of_them() {
        let hub = Hub::default();
        let seen =
            |answers: &[(&str, bool)]| answers.iter().map(|(id, yes)| (Text::from(*id), *yes)).collect();
        hub.claim(0, &"one".into(), seen(&[("a", true), ("b", false)]));
        hub.claim(1, &"two".into(), seen(&[("a", true), ("b", true), ("c", true)]));
        let of = |place, id: &str| hub.elsewhere(place, &id.into()).map(|name| name.to_string());
        assert_eq!((of(0, "a"), of(1, "a")), (None, Some("one".into())));
        assert_eq!((of(0, "b"), of(1, "b")), (Some("two".into()), None), "it stands where it answers");
        assert_eq!((of(1, "c"), of(0, "unheard"), of(0, "")), (None, None, None));
        hub.claim(0, &"one".into(), seen(&[]));
        assert_eq!(of(1, "a"), None, "nobody else sees it any more");
    }
}
