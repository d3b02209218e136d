//! A small Kubernetes: objects, the controllers that act on them, and nodes whose kubelets only pretend.
//!
//! `Cluster` is the state and does no I/O; `serve` is the API server before it. Scenarios write objects with
//! [`Cluster::apply`] and say how pods behave; everything else follows from what the operator does.
mod api;
mod behaviour;
mod change;
mod check;
mod daemons;
mod defaults;
mod deployments;
mod discovery;
mod events;
mod exec;
mod facts;
mod jobs;
mod kinds;
mod kubelet;
mod life;
mod lines;
mod nodes;
mod patch;
mod pods;
mod refusal;
mod rights;
mod scaling;
mod schedule;
mod select;
mod serve;
mod serve_exec;
mod serve_log;
#[cfg(test)]
mod serve_tests;
mod serve_watch;
mod store;
mod sweep;
mod table;
#[cfg(test)]
mod tests;
mod value;
mod wire;
mod write;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;

pub use self::behaviour::{Behaviour, What};
pub use self::facts::{Deed, DeploymentFact, NodeFact, PodFact};
pub use self::nodes::NodeState;
pub use self::rights::User;
pub use self::serve::{serve, serve_as};

use self::kubelet::Life;
use self::nodes::Beat;
use self::store::{Key, Store};
use self::value::{Dig, later};
use self::write::Part;

const MOST_EVENTS: usize = 1_000;
const MOST_DEEDS: usize = 1_000;

/// What runs a command in a pod: standard output, standard error and the exit code; `None` when it knows no such
/// command.
pub type Exec = Arc<dyn Fn(&PodFact, &[String], &str) -> Option<(String, String, i32)> + Send + Sync>;

pub struct Cluster {
    store: Store,
    now: Timestamp,
    /// Seconds since the tick before.
    passed: f64,
    users: Vec<User>,
    /// What the kubelets know of their pods.
    lives: BTreeMap<Key, Life>,
    beats: BTreeMap<String, Beat>,
    /// How pods behave whose image ends with this.
    images: Vec<(String, Behaviour)>,
    /// How the pods of an app behave, whatever else is said.
    apps: BTreeMap<(String, String), Behaviour>,
    /// CPU in thousandths and bytes of memory that pods of an app come to use.
    usages: BTreeMap<(String, String), (f64, f64)>,
    /// Counts what changes how pods behave.
    epoch: u64,
    /// Something was deleted that may have owned something.
    orphaned: bool,
    /// What changed since the controllers looked last; `None` is anything.
    touched: Option<BTreeSet<Key>>,
    /// The version up to which the controllers have seen everything, and when they looked at all of it.
    settled: (u64, Timestamp),
    scaled: Timestamp,
    /// What each autoscaler wanted lately.
    wishes: BTreeMap<Key, VecDeque<(Timestamp, i64)>>,
    deeds: VecDeque<Deed>,
    exec: Option<Exec>,
    /// Who is told the version after each change, as long as they listen.
    wakes: Vec<Box<dyn Fn(u64) -> bool + Send>>,
}

impl Cluster {
    pub fn new(seed: u64, now: Timestamp) -> Cluster {
        let mut cluster = Cluster {
            store: Store::new(seed),
            now,
            passed: 0.0,
            users: Vec::new(),
            lives: BTreeMap::new(),
            beats: BTreeMap::new(),
            images: behaviour::of_images(),
            apps: BTreeMap::new(),
            usages: BTreeMap::new(),
            epoch: 0,
            orphaned: false,
            touched: None,
            settled: (0, now),
            scaled: now,
            wishes: BTreeMap::new(),
            deeds: VecDeque::new(),
            exec: None,
            wakes: Vec::new(),
        };
        for namespace in ["default", "kube-system", "kube-public", "kube-node-lease"] {
            let object =
                serde_json::json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
            let _ = cluster.apply(object);
        }
        for object in rights::objects() {
            let _ = cluster.apply(object);
        }
        cluster.users = rights::users(cluster.store.dice());
        cluster
    }

    /// Everything that happens by itself until `now`.
    pub fn tick(&mut self, now: Timestamp) {
        self.passed = crate::world::base::seconds(self.now, now);
        self.now = self.now.max(now);
        self.beat();
        self.live();
        let due = crate::world::base::seconds(self.settled.1, self.now) >= 2.0;
        // A change of one controller is the cause of another's; they settle in a few rounds.
        for round in 0..8 {
            let version = self.store.version();
            self.touched = if due && round == 0 { None } else { self.store.touched(self.settled.0) };
            if self.touched.as_ref().is_some_and(BTreeSet::is_empty) {
                break;
            }
            self.settled.0 = version;
            if due {
                self.settled.1 = self.now;
            }
            self.sweep();
            self.deploy();
            self.daemons();
            self.jobs();
            self.scale();
            self.schedule();
        }
        self.woken();
    }

    /// Lets time pass quickly, so that an estate is as old as its objects say.
    pub fn settle(&mut self, until: Timestamp) {
        for _ in 0..240 {
            self.tick(later(self.now, 0.5).min(until));
        }
        while self.now < until {
            let left = crate::world::base::seconds(self.now, until);
            let step = if left > 660.0 {
                600.0
            } else if left > 60.0 {
                left - 60.0
            } else {
                1.0
            };
            self.tick(later(self.now, step).min(until));
        }
    }

    /// Writes an object as a scenario's author says it, its status included.
    pub fn apply(&mut self, object: Value) -> Result<(), String> {
        let mut at = self.store.kind_of(&object);
        if at.is_none()
            && let Some(definition) = kinds::definition_for(&object)
        {
            self.apply(definition)?;
            at = self.store.kind_of(&object);
        }
        let at = at.ok_or_else(|| {
            format!("no kind `{}` in `{}`", object.text("/kind"), object.text("/apiVersion"))
        })?;
        let mut object = object;
        let namespaced = self.store.kind(at).is_some_and(|kind| kind.namespaced);
        if namespaced {
            object.fill("/metadata/namespace", "default");
        }
        let key = Key::of(at, &object);
        let written = match self.store.get(&key) {
            Some(old) => {
                if object.at("/status").is_none()
                    && let Some(status) = old.get("status")
                {
                    object.put("/status", status.clone());
                }
                self.update(&key, object, Part::Whole, false)
            }
            None => self.create(at, &key.namespace, object, Part::Whole, false),
        };
        self.woken();
        written.map(|_| ()).map_err(|refusal| refusal.message)
    }

    /// Takes an object away; false when there is none.
    pub fn remove(&mut self, api_version: &str, kind: &str, namespace: &str, name: &str) -> bool {
        let asked = serde_json::json!({"apiVersion": api_version, "kind": kind});
        let Some(at) = self.store.kind_of(&asked) else { return false };
        let done = self.delete(&Key::new(at, namespace, name), &Value::Null, false).is_ok();
        self.woken();
        done
    }

    /// How pods behave whose image ends with one of these; the first that fits counts.
    pub fn images(&mut self, rules: Vec<(String, Behaviour)>) {
        self.images = rules;
        self.epoch += 1;
    }

    /// How the pods of an app behave from now on; `None` is as they say themselves.
    pub fn behave(&mut self, namespace: &str, app: &str, behaviour: Option<Behaviour>) {
        let key = (namespace.to_owned(), app.to_owned());
        match behaviour {
            Some(behaviour) => self.apps.insert(key, behaviour),
            None => self.apps.remove(&key),
        };
        self.epoch += 1;
    }

    /// What each pod of an app comes to use; above its limit of memory it is killed.
    pub fn usage(&mut self, namespace: &str, app: &str, cpu_milli: f64, memory: f64) {
        self.usages.insert((namespace.to_owned(), app.to_owned()), (cpu_milli, memory));
    }

    /// A line in the logs of an app's pods.
    pub fn say(&mut self, namespace: &str, app: &str, line: &str) {
        let now = self.now;
        for (key, life) in &mut self.lives {
            if key.namespace == namespace && life.is_of(app, &key.name) {
                life.say(now, line);
            }
        }
        self.woken();
    }

    /// Who runs commands that the pods' own little shell does not know.
    pub fn exec(&mut self, exec: Exec) {
        self.exec = Some(exec);
    }

    /// Who may come in.
    pub fn users(&self) -> &[User] {
        &self.users
    }

    /// The objects of a kind that may have something to do: they changed, or what they own did.
    fn busy(&self, kind: usize) -> Vec<Arc<Value>> {
        let busy = |key: &Key| self.touched.as_ref().is_none_or(|touched| touched.contains(key));
        let all = self.store.all(kind, "").filter(|one| !value::leaves(one) && busy(&Key::of(kind, one)));
        all.cloned().collect()
    }

    /// The same of those that depend on the pods around them.
    fn beside_pods(&self, kind: usize) -> Vec<Arc<Value>> {
        let busy = |key: &Key| {
            let Some(touched) = &self.touched else { return true };
            let near = Key::new(kinds::PODS, &key.namespace, "");
            touched.contains(key)
                || touched
                    .range(near..)
                    .next()
                    .is_some_and(|one| one.kind == kinds::PODS && one.namespace == key.namespace)
        };
        self.store.all(kind, "").filter(|one| busy(&Key::of(kind, one))).cloned().collect()
    }

    fn woken(&mut self) {
        let version = self.store.version();
        self.wakes.retain(|wake| wake(version));
    }
}
