//! The life of a pod on its node: started, ready, failing, restarted, ended.
use jiff::Timestamp;
use serde_json::Value;

use super::behaviour::{Behaviour, What};
use super::events::From;
use super::kinds::PODS;
use super::lines::Log;
use super::store::Key;
use super::value::{Dig, amount, float, later, leaves, mark, name, namespace, quantity, uid};
use super::{Cluster, facts};
use crate::world::base::Dice;

#[derive(Debug, Clone)]
pub enum State {
    Waiting(&'static str, String),
    Running(Timestamp),
    Ended(End),
}

#[derive(Debug, Clone)]
pub struct End {
    pub reason: &'static str,
    pub code: i64,
    pub began: Timestamp,
    pub at: Timestamp,
}

#[derive(Debug)]
pub struct Container {
    pub name: String,
    pub image: String,
    pub init: bool,
    pub restarts: u32,
    pub state: State,
    pub last: Option<End>,
    pub log: Log,
    pub before: Option<Log>,
    due_lines: f64,
}

impl Container {
    pub fn runs(&self) -> bool {
        matches!(self.state, State::Running(_))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    New,
    Creating,
    Running,
    Exited,
    Backoff,
    PullFailed,
    PullBackoff,
    Finished,
    Stopping,
}

/// What a kubelet says: the reason, the message and the container it is about.
pub(super) type Said = (&'static str, String, Option<usize>);

#[derive(Debug)]
pub struct Life {
    pub(super) uid: String,
    pub(super) title: String,
    pub(super) apps: Vec<String>,
    pub(super) seen: (String, u64),
    pub(super) plan: Behaviour,
    pub(super) stage: Stage,
    pub(super) due: Option<Timestamp>,
    pub(super) ready_at: Option<Timestamp>,
    pub(super) exit_at: Option<Timestamp>,
    pub(super) probe_at: Option<Timestamp>,
    pub(super) policy: String,
    pub(super) ready: bool,
    pub(super) phase: &'static str,
    pub(super) reason: Option<(&'static str, String)>,
    pub(super) started: Option<Timestamp>,
    pub(super) ip: String,
    pub(super) exits: u32,
    pub(super) containers: Vec<Container>,
    pub(super) target: usize,
    pub(super) cpu: f64,
    pub(super) memory: f64,
    pub(super) base: (f64, f64),
    pub(super) limit: Option<f64>,
    pub(super) dice: Dice,
    pub(super) dirty: bool,
    pub(super) said: Vec<Said>,
}

impl Cluster {
    /// One step of every pod whose kubelet is alive.
    pub(super) fn live(&mut self) {
        let store = &self.store;
        self.lives.retain(|key, life| store.get(key).is_some_and(|pod| uid(pod) == life.uid));
        for pod in self.store.all(PODS, "").cloned().collect::<Vec<_>>() {
            let (key, node) = (Key::of(PODS, &pod), pod.text("/spec/nodeName"));
            if !self.beats.get(node).is_some_and(super::nodes::Beat::is_alive) {
                continue;
            }
            let mut life = match self.lives.remove(&key) {
                Some(life) => life,
                None if !super::deployments::serves(&pod) => continue,
                None => Life::new(&pod, self.store.dice().roll(), self.lives.len()),
            };
            let seen = pod.text("/metadata/resourceVersion");
            if life.seen.0 != seen || life.seen.1 != self.epoch {
                life.seen = (seen.to_owned(), self.epoch);
                life.look(&pod, self.behaviour(&pod), self.now);
            }
            let usage = |app: &String| self.usages.get(&(key.namespace.clone(), app.clone())).copied();
            life.spend(self.now, self.passed, life.apps.iter().find_map(usage));
            let gone = (0..4).any(|_| life.step(self.now));
            for (reason, message, at) in std::mem::take(&mut life.said) {
                let container = at.and_then(|at| life.containers.get(at)).map_or("", |one| &one.name);
                self.event(&pod, From { component: "kubelet", host: node }, reason, &message, container);
            }
            if gone {
                self.store.take(&key);
                self.orphaned = true;
                continue;
            }
            if std::mem::take(&mut life.dirty) {
                let now = self.now;
                self.store.edit(&key, |object| super::pods::report(&life, object, now));
            }
            self.lives.insert(key, life);
        }
    }

    /// The pods of a node must be reported anew, for example since it has come back.
    pub(super) fn report_all(&mut self, node: &str) {
        for (key, life) in &mut self.lives {
            if self.store.get(key).is_some_and(|pod| pod.text("/spec/nodeName") == node) {
                life.dirty = true;
            }
        }
    }
}

impl Life {
    fn new(pod: &Value, seed: u64, place: usize) -> Life {
        let container = |one: &Value, init: bool| Container {
            name: one.text("/name").into(),
            image: one.text("/image").into(),
            init,
            restarts: 0,
            state: State::Waiting(if init { "PodInitializing" } else { "ContainerCreating" }, String::new()),
            last: None,
            log: Log::default(),
            before: None,
            due_lines: 0.0,
        };
        let inits = pod.list("/spec/initContainers").iter().map(|one| container(one, true));
        let all = pod.list("/spec/containers");
        let sum = |place: &str| all.iter().filter_map(|one| quantity(one.pointer(place))).sum::<f64>();
        let first = all.first().unwrap_or(&Value::Null);
        let (cpu, memory) = (sum("/resources/requests/cpu") * 1000.0, sum("/resources/requests/memory"));
        let mut dice = Dice::new(seed);
        let lot = 0.3 + 0.3 * dice.share();
        let asked = |asked: f64, usual: f64| if asked > 0.0 { asked } else { usual };
        let base = (asked(cpu, 20.0) * lot, asked(memory, 48e6) * (0.4 + lot));
        Life {
            uid: uid(pod).into(),
            title: format!("{}_{}({})", name(pod), namespace(pod), uid(pod)),
            apps: facts::apps(pod).map(str::to_owned).collect(),
            seen: (String::new(), 0),
            plan: Behaviour::default(),
            stage: Stage::New,
            due: None,
            ready_at: None,
            exit_at: None,
            probe_at: None,
            policy: pod.text("/spec/restartPolicy").into(),
            ready: false,
            phase: "Pending",
            reason: None,
            started: None,
            ip: format!("10.244.{}.{}", mark(pod.text("/spec/nodeName")) % 200, place % 250 + 2),
            exits: 0,
            containers: inits.chain(all.iter().map(|one| container(one, false))).collect(),
            target: 0,
            cpu: 0.0,
            memory: 0.0,
            base,
            limit: first.at("/resources/limits/memory").and_then(|limit| amount(limit.as_str()?)),
            dice,
            dirty: true,
            said: Vec::new(),
        }
    }

    pub fn is_of(&self, app: &str, pod: &str) -> bool {
        pod == app || self.apps.iter().any(|one| one == app)
    }

    pub fn say(&mut self, now: Timestamp, line: &str) {
        if let Some(one) = self.containers.get_mut(self.target).filter(|one| one.runs()) {
            one.log.push(now, line);
        }
    }

    pub(super) fn tell(&mut self, reason: &'static str, message: impl Into<String>, at: usize) {
        self.said.push((reason, message.into(), Some(at)));
    }

    /// Takes a newer version of the object.
    fn look(&mut self, pod: &Value, plan: Behaviour, now: Timestamp) {
        let mains = self.containers.iter_mut().filter(|one| !one.init);
        for (one, spec) in mains.zip(pod.list("/spec/containers")) {
            one.image = spec.text("/image").into();
        }
        let named = self.containers.iter().position(|one| Some(&one.name) == plan.container.as_ref());
        self.target = named.or_else(|| self.containers.iter().position(|one| !one.init)).unwrap_or(0);
        let other = plan.what != self.plan.what || plan.run_for != self.plan.run_for;
        self.plan = plan;
        if leaves(pod) && self.stage != Stage::Stopping {
            self.stage = Stage::Stopping;
            let grace = float(pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(30));
            let wish = self.plan.stop_delay.unwrap_or(1.2);
            // Whoever never ends outlives what it is given: a node that has lost touch.
            self.due = Some(later(now, if wish >= 1e9 { wish } else { wish.min(grace) }));
            for (at, one) in self.containers.iter().enumerate().filter(|(_, one)| one.runs()) {
                self.said.push(("Killing", format!("Stopping container {}", one.name), Some(at)));
            }
        } else if other {
            match self.stage {
                Stage::Running => self.arm(now),
                Stage::New | Stage::Finished | Stage::Stopping => {}
                Stage::Creating if self.due.is_some() => {}
                _ => self.due = Some(now),
            }
        }
    }

    /// Sets the timers of a running pod.
    pub(super) fn arm(&mut self, now: Timestamp) {
        let (since, run_for) = (self.since(now), self.plan.run_for);
        let after = |most: f64| Some(later(since, run_for.unwrap_or(most)).max(later(now, 0.3)));
        (self.probe_at, self.exit_at) = (None, None);
        let usual = if self.plan.what == What::Slow { 15.0 } else { 0.8 };
        self.ready_at = (!self.ready).then(|| later(now, self.plan.ready_delay.unwrap_or(usual)));
        match self.plan.what {
            What::Crash | What::Fail => {
                self.exit_at = after(6.0);
                // What fails at its start was never ready, unless it is said when it is.
                self.ready_at = self.ready_at.filter(|_| self.plan.ready_delay.is_some());
            }
            What::Complete | What::Evicted => self.exit_at = after(8.0),
            What::ImagePull => self.exit_at = Some(now),
            What::Unready => {
                self.ready_at = None;
                self.set_ready(false);
                self.probe_at = Some(later(now, 1.0));
            }
            What::Flap => self.probe_at = Some(later(now, self.plan.run_for.unwrap_or(15.0))),
            _ => {}
        }
        self.timer();
    }

    /// Since when it runs.
    pub(super) fn since(&self, now: Timestamp) -> Timestamp {
        match self.containers.get(self.target).map(|one| &one.state) {
            Some(State::Running(since)) => *since,
            _ => now,
        }
    }

    pub(super) fn timer(&mut self) {
        self.due = [self.ready_at, self.exit_at, self.probe_at].into_iter().flatten().min();
    }

    pub(super) fn set_ready(&mut self, ready: bool) {
        self.dirty |= self.ready != ready;
        self.ready = ready;
    }

    /// Uses CPU and memory and writes lines, as long as it runs.
    fn spend(&mut self, now: Timestamp, passed: f64, usage: Option<(f64, f64)>) {
        if self.stage != Stage::Running {
            (self.cpu, self.memory) = (0.0, 0.0);
            return;
        }
        let own = (self.plan.cpu_milli.unwrap_or(self.base.0), self.plan.memory.unwrap_or(self.base.1));
        let (cpu, memory) = usage.unwrap_or(own);
        let moved = |tau: f64| 1.0 - (-passed / tau).exp();
        self.cpu += (cpu * (0.94 + 0.12 * self.dice.share()) - self.cpu) * moved(6.0);
        let most = self.limit.unwrap_or(256e6);
        if self.plan.what == What::Oom {
            self.memory += most * passed / self.plan.run_for.unwrap_or(45.0);
        } else {
            self.memory += (memory * (0.99 + 0.02 * self.dice.share()) - self.memory) * moved(12.0);
        }
        if self.memory > most && (self.limit.is_some() || self.plan.what == What::Oom) {
            self.exit_at = Some(now);
            self.due = Some(now);
        }
        let rate = self.plan.log_rate.unwrap_or(0.5);
        let bad = matches!(self.plan.what, What::Crash | What::Oom | What::Unready);
        let errors = self.plan.errors.unwrap_or(if bad { 20 } else { 1 });
        let format = self.plan.log_format.clone().unwrap_or_default();
        for one in self.containers.iter_mut().filter(|one| one.runs()) {
            one.due_lines = (one.due_lines + rate * passed).min(if passed > 60.0 { 20.0 } else { 200.0 });
            let apart = passed.min(one.due_lines / rate.max(1e-3)) / one.due_lines.max(1.0);
            while one.due_lines >= 1.0 {
                one.due_lines -= 1.0;
                one.log.write(later(now, -one.due_lines.floor() * apart), &mut self.dice, &format, errors);
            }
        }
    }
}
