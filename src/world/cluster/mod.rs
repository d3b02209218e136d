//! A small Kubernetes: objects, the controllers that act on them, and nodes whose kubelets only pretend.
//!
//! `Cluster` is the state and does no I/O; `serve` is the API server before it. Scenarios write objects with
//! [`Cluster::apply`] and say how pods behave; everything else follows from what the operator does.
mod api;
mod defaults;
mod facts;
mod follow;
mod kinds;
mod kubelet;
mod lines;
mod nodes;
mod patch;
mod refusal;
mod rights;
mod select;
mod serve;
mod serve_exec;
mod serve_log;
mod shell;
mod store;
mod table;
#[cfg(test)]
pub(super) mod tests;
mod value;
mod wire;
mod workloads;
mod write;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

pub use self::facts::{Deed, DeploymentFact, NodeFact, PodFact};
pub use self::kubelet::{Behaviour, What};
pub use self::nodes::NodeState;
pub use self::serve::serve_as;

use self::kubelet::Life;
use self::store::{Key, Store};
use self::value::{Dig, later};
use self::write::Part;
use crate::world::base::seconds;

const MOST_EVENTS: usize = 1_000;
const MOST_DEEDS: usize = 1_000;

/// What runs a command in a pod: standard output, standard error and the exit code; `None` when it knows no such
/// command.
pub type Exec = Arc<dyn Fn(&PodFact, &[String], &str) -> Option<shell::Said> + Send + Sync>;

pub struct Cluster {
    store: Store,
    now: Timestamp,
    /// Seconds since the tick before.
    passed: f64,
    /// What the kubelets know of their pods.
    lives: BTreeMap<Key, Life>,
    /// How nodes are, and since when.
    states: BTreeMap<String, (NodeState, Timestamp)>,
    /// How the pods of an app behave, whatever else is said, by namespace and name.
    apps: BTreeMap<(String, String), Behaviour>,
    /// CPU in thousandths and bytes of memory that pods of an app come to use.
    usages: BTreeMap<(String, String), (f64, f64)>,
    /// The version up to which the controllers have seen everything, and when they looked at what time changes.
    settled: (u64, Timestamp),
    /// What each autoscaler wanted lately.
    wishes: BTreeMap<Key, VecDeque<(Timestamp, i64)>>,
    deeds: VecDeque<Deed>,
    exec: Option<Exec>,
}

impl Cluster {
    pub fn new(seed: u64, now: Timestamp) -> Cluster {
        let mut cluster = Cluster {
            store: Store::new(seed),
            now,
            passed: 0.0,
            lives: BTreeMap::new(),
            states: BTreeMap::new(),
            apps: BTreeMap::new(),
            usages: BTreeMap::new(),
            settled: (0, now),
            wishes: BTreeMap::new(),
            deeds: VecDeque::new(),
            exec: None,
        };
        let namespace = |name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        for object in write::NAMESPACES.map(namespace).into_iter().chain(rights::objects()) {
            let _ = cluster.apply(object);
        }
        cluster
    }

    /// Everything that happens by itself until `now`.
    pub fn tick(&mut self, now: Timestamp) {
        self.passed = seconds(self.now, now);
        self.now = self.now.max(now);
        self.beat();
        self.live();
        if seconds(self.settled.1, self.now) >= 2.0 {
            self.settled = (0, self.now);
            self.age();
        }
        // A change of one controller is the cause of another's; they settle in a few rounds.
        for _ in 0..8 {
            if self.settled.0 == self.store.version() {
                break;
            }
            self.settled.0 = self.store.version();
            self.control();
        }
    }

    fn control(&mut self) {
        self.sweep();
        self.store.list("Deployment").iter().for_each(|one| self.roll(one));
        for kind in workloads::KINDS {
            self.store.list(kind).iter().for_each(|set| self.keep_up(set));
        }
        self.store.list("HorizontalPodAutoscaler").iter().for_each(|one| self.autoscale(one));
        self.store.list("PodDisruptionBudget").iter().for_each(|one| self.budget(one));
        self.store.list("Service").iter().for_each(|one| self.endpoints(one));
        self.schedule();
    }

    /// Lets time pass quickly, so that an estate is as old as its objects say: in small steps until its pods run,
    /// then in large ones.
    pub fn settle(&mut self, until: Timestamp) {
        for _ in 0..240 {
            self.tick(later(self.now, 0.5).min(until));
        }
        while self.now < until {
            let left = seconds(self.now, until);
            let step = if left > 60.0 { (left - 60.0).min(3600.0) } else { 1.0 };
            self.tick(later(self.now, step).min(until));
        }
    }

    /// Writes an object as a scenario's author says it, its status included.
    pub fn apply(&mut self, mut object: Value) -> Result<(), String> {
        let kind = kinds::titled(object.text("/kind"))
            .filter(|kind| kind.api_version() == object.text("/apiVersion"));
        let kind = kind.ok_or_else(|| {
            format!("no kind `{}` in `{}`", object.text("/kind"), object.text("/apiVersion"))
        })?;
        if kind.is("namespaced") {
            object.fill("/metadata/namespace", "default");
        }
        let key = Key::of(&object);
        let written = match self.store.get(&key) {
            Some(old) => {
                object.fill("/status", old.get("status").cloned().unwrap_or_default());
                self.update(&key, object, Part::Whole, false)
            }
            None => self.create(&key, object, Part::Whole, false),
        };
        written.map(drop).map_err(|refusal| refusal.message)
    }

    /// How the pods of an app behave from now on; `None` is as they say themselves.
    pub fn behave(&mut self, namespace: &str, app: &str, behaviour: Option<Behaviour>) {
        let key = (namespace.to_owned(), app.to_owned());
        match behaviour {
            Some(behaviour) => drop(self.apps.insert(key, behaviour)),
            None => drop(self.apps.remove(&key)),
        }
    }

    /// What each pod of an app comes to use; above its limit of memory it is killed.
    pub fn usage(&mut self, namespace: &str, app: &str, cpu_milli: f64, memory: f64) {
        self.usages.insert((namespace.to_owned(), app.to_owned()), (cpu_milli, memory));
    }

    /// A line in the logs of an app's pods.
    pub fn say(&mut self, namespace: &str, app: &str, line: &str) {
        for pod in self.store.pods(namespace, |pod| facts::app(pod) == app) {
            if let Some(life) = self.lives.get_mut(&Key::of(&pod)) {
                life.say(self.now, line);
            }
        }
    }

    /// Who runs commands that the pods' own little shell does not know.
    pub fn exec(&mut self, exec: Exec) {
        self.exec = Some(exec);
    }
}
