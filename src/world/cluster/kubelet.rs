//! The life of a pod on its node: started, ready, failing, restarted, ended.
use jiff::Timestamp;
use serde_json::Value;

use super::Cluster;
use super::behaviour::{Behaviour, What};
use super::lines::Log;
use super::store::Key;
use super::value::{Dig, float, later, leaves, mark, quantity, serves, uid, whole};
use crate::world::base::{Dice, seconds};

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
    pub restarts: u32,
    pub state: State,
    pub last: Option<End>,
    pub log: Log,
    pub before: Option<Log>,
}

impl Container {
    pub fn runs(&self) -> bool {
        matches!(self.state, State::Running(_))
    }
}

/// What there is to do when the time has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Creating,
    Running,
    Exited,
    Backoff,
    Finished,
    Stopping,
}

/// The first container behaves as the plan says; the others only run.
#[derive(Debug)]
pub struct Life {
    pub(super) uid: String,
    /// The object's version and the scenario's, as they were seen last.
    seen: (String, u64),
    plan: Behaviour,
    stage: Stage,
    due: Timestamp,
    policy: String,
    pub(super) ready: bool,
    pub(super) phase: &'static str,
    pub(super) started: Timestamp,
    pub(super) ip: String,
    exits: u32,
    pub(super) containers: Vec<Container>,
    pub(super) cpu: f64,
    pub(super) memory: f64,
    base: (f64, f64),
    pub(super) limit: Option<f64>,
    /// Lines that are not quite due.
    lines: f64,
    probed: Timestamp,
    dice: Dice,
    pub(super) dirty: bool,
    /// Reasons and messages that are to be told.
    said: Vec<(&'static str, String)>,
}

impl Cluster {
    /// One step of every pod whose kubelet is alive.
    pub(super) fn live(&mut self) {
        let store = &self.store;
        self.lives.retain(|key, life| store.get(key).is_some_and(|pod| uid(pod) == life.uid));
        for pod in self.store.list("Pod") {
            let (key, node) = (Key::of(&pod), pod.text("/spec/nodeName"));
            if !self.beats.get(node).is_some_and(super::nodes::Beat::is_alive) {
                continue;
            }
            let mut life = match self.lives.remove(&key) {
                Some(life) => life,
                None if !serves(&pod) => continue,
                None => Life::new(&pod, self.store.dice.roll(), self.now),
            };
            let version = pod.text("/metadata/resourceVersion");
            if life.seen.0 != version || life.seen.1 != self.epoch {
                life.seen = (version.to_owned(), self.epoch);
                life.look(&pod, self.behaviour(&pod), self.now);
            }
            let app = (key.namespace.clone(), super::facts::app(&pod).to_owned());
            life.spend(self.now, self.passed, self.usages.get(&app).copied());
            let gone = (0..4).any(|_| life.step(self.now));
            for (reason, message) in std::mem::take(&mut life.said) {
                self.event(&pod, ("kubelet", node), reason, &message);
            }
            if gone {
                self.store.take(&key);
                continue;
            }
            if std::mem::take(&mut life.dirty) {
                let now = self.now;
                self.store.edit(&key, |object| super::pods::report(&life, object, now));
            }
            self.lives.insert(key, life);
        }
    }
}

impl Life {
    fn new(pod: &Value, seed: u64, now: Timestamp) -> Life {
        let all = pod.list("/spec/containers");
        let container = |one: &Value| Container {
            name: one.text("/name").into(),
            image: one.text("/image").into(),
            restarts: 0,
            state: State::Waiting("ContainerCreating", String::new()),
            last: None,
            log: Log::default(),
            before: None,
        };
        let sum = |what: &str, usual: f64| {
            let place = format!("/resources/requests/{what}");
            let asked = all.iter().map(|one| quantity(one.pointer(&place))).sum::<f64>();
            if asked > 0.0 { asked } else { usual }
        };
        let mut dice = Dice::new(seed);
        let lot = 0.3 + 0.3 * dice.share();
        Life {
            uid: uid(pod).into(),
            seen: (String::new(), 0),
            plan: Behaviour::default(),
            stage: Stage::Creating,
            due: later(now, 0.5 + 0.7 * dice.share()),
            policy: pod.text("/spec/restartPolicy").into(),
            ready: false,
            phase: "Pending",
            started: now,
            ip: format!("10.244.{}.{}", mark(pod.text("/spec/nodeName")) % 200, seed % 250 + 2),
            exits: 0,
            containers: all.iter().map(container).collect(),
            cpu: 0.0,
            memory: 0.0,
            base: (sum("cpu", 0.02) * 1000.0 * lot, sum("memory", 48e6) * (0.4 + lot)),
            limit: pod.at("/spec/containers/0/resources/limits/memory").map(|limit| quantity(Some(limit))),
            lines: 0.0,
            probed: now,
            dice,
            dirty: true,
            said: Vec::new(),
        }
    }

    pub fn say(&mut self, now: Timestamp, line: &str) {
        if let Some(one) = self.containers.first_mut().filter(|one| one.runs()) {
            one.log.push(now, line);
        }
    }

    fn tell(&mut self, reason: &'static str, message: impl Into<String>) {
        self.said.push((reason, message.into()));
    }

    /// Takes a newer version of the object.
    fn look(&mut self, pod: &Value, plan: Behaviour, now: Timestamp) {
        for (one, spec) in self.containers.iter_mut().zip(pod.list("/spec/containers")) {
            one.image = spec.text("/image").into();
        }
        let other = plan.what != self.plan.what;
        self.plan = plan;
        if leaves(pod) && self.stage != Stage::Stopping {
            self.stage = Stage::Stopping;
            let grace = float(pod.count("/metadata/deletionGracePeriodSeconds"));
            let wish = self.plan.stop_delay.unwrap_or(1.2);
            // Whoever never ends outlives what it is given: a node that has lost touch.
            self.due = later(now, if wish >= 1e9 { wish } else { wish.min(grace) });
            for at in 0..self.containers.len() {
                let name = self.containers.get(at).map(|one| one.name.clone()).unwrap_or_default();
                self.tell("Killing", format!("Stopping container {name}"));
            }
        } else if other && self.stage == Stage::Creating {
            self.due = later(now, self.plan.what.times().0);
            if self.plan.what == What::Stuck {
                self.tell(
                    "!FailedMount",
                    r#"MountVolume.SetUp failed for volume "config" : configmap "app-config" not found"#,
                );
            }
        } else if other {
            self.due = now;
        }
    }

    fn set_ready(&mut self, ready: bool) {
        self.dirty |= self.ready != ready;
        self.ready = ready;
    }

    /// Uses CPU and memory and writes lines, as long as it runs.
    fn spend(&mut self, now: Timestamp, passed: f64, usage: Option<(f64, f64)>) {
        if self.stage != Stage::Running {
            (self.cpu, self.memory) = (0.0, 0.0);
            return;
        }
        let (cpu, mut memory) = usage.unwrap_or(self.base);
        if self.plan.what == What::Oom {
            memory = self.limit.unwrap_or(256e6) * 1.2;
        }
        let moved = |tau: f64| 1.0 - (-passed / tau).exp();
        self.cpu += (cpu * (0.94 + 0.12 * self.dice.share()) - self.cpu) * moved(6.0);
        self.memory += (memory * (0.99 + 0.02 * self.dice.share()) - self.memory) * moved(12.0);
        let rate = self.plan.log_rate.unwrap_or(0.5);
        let bad = matches!(self.plan.what, What::Crash | What::Oom | What::Unready);
        self.lines = (self.lines + rate * passed).min(if passed > 60.0 { 20.0 } else { 200.0 });
        let apart = passed.min(self.lines / rate.max(1e-3)) / self.lines.max(1.0);
        while self.lines >= 1.0 {
            self.lines -= 1.0;
            let at = later(now, -self.lines.floor() * apart);
            for one in self.containers.iter_mut().filter(|one| one.runs()) {
                one.log.write(at, &mut self.dice, &self.plan.log_format, if bad { 20 } else { 1 });
            }
        }
    }

    /// What is to be done now; true when the pod is gone.
    fn step(&mut self, now: Timestamp) -> bool {
        match self.stage {
            Stage::Running => self.run(now),
            Stage::Finished => {}
            _ if now < self.due => {}
            Stage::Stopping => return true,
            Stage::Creating if self.plan.what == What::ImagePull => self.pull(now),
            Stage::Exited if self.exits > 1 => self.back_off(now),
            _ => {
                let again = self.stage != Stage::Creating;
                for at in 0..self.containers.len() {
                    self.start(at, now, again);
                }
                (self.stage, self.phase, self.memory) = (Stage::Running, "Running", self.base.1 * 0.4);
            }
        }
        false
    }

    fn start(&mut self, at: usize, now: Timestamp, again: bool) {
        let took = 300 + self.dice.below(600);
        let Some(one) = self.containers.get_mut(at).filter(|one| !one.runs()) else { return };
        let (name, image) = (one.name.clone(), one.image.clone());
        if again {
            one.restarts += 1;
            one.before = Some(std::mem::take(&mut one.log));
        }
        if let State::Ended(end) = &one.state {
            one.last = Some(end.clone());
        }
        one.state = State::Running(now);
        one.log.push(now, &format!("{now:.3} INFO  starting {name} ({image})"));
        let pulled = if again {
            format!("Container image \"{image}\" already present on machine")
        } else {
            format!("Successfully pulled image \"{image}\" in {took}ms ({took}ms including waiting)")
        };
        self.tell("Pulled", pulled);
        self.tell("Created", format!("Container created: {name}"));
        self.tell("Started", format!("Container started: {name}"));
        self.dirty = true;
    }

    /// An image that is not there: in turn it is looked for and waited.
    fn pull(&mut self, now: Timestamp) {
        let wait = self.wait();
        let Some(one) = self.containers.first_mut() else { return };
        let image = one.image.clone();
        let failed = matches!(one.state, State::Waiting("ErrImagePull", _));
        let (state, why) = if failed {
            ("ImagePullBackOff", format!("Back-off pulling image \"{image}\""))
        } else {
            self.exits += 1;
            (
                "ErrImagePull",
                format!(
                    "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": not found"
                ),
            )
        };
        one.state = State::Waiting(state, why.clone());
        self.due = later(now, if failed { wait } else { 4.0 });
        let says = if failed { why } else { format!("Failed to pull image \"{image}\": {why}") };
        self.tell(if failed { "BackOff" } else { "!Failed" }, says);
        self.tell("!Failed", format!("Error: {state}"));
        self.dirty = true;
    }

    /// Before the next try: doubling from ten seconds to five minutes.
    fn wait(&self) -> f64 {
        (10.0 * f64::from(1_u32 << self.exits.saturating_sub(2).min(20))).min(300.0)
    }

    fn back_off(&mut self, now: Timestamp) {
        let wait = self.wait();
        let Some(one) = self.containers.first_mut() else { return };
        let (minutes, rest) = (whole(wait) / 60, whole(wait) % 60);
        let human = if minutes > 0 { format!("{minutes}m{rest}s") } else { format!("{rest}s") };
        if let State::Ended(end) = &one.state {
            one.last = Some(end.clone());
        }
        let name = one.name.clone();
        let why = format!("back-off {human} restarting failed container={name}");
        one.state = State::Waiting("CrashLoopBackOff", why);
        self.tell("!BackOff", format!("Back-off restarting failed container {name}"));
        (self.stage, self.due, self.dirty) = (Stage::Backoff, later(now, wait), true);
    }

    fn run(&mut self, now: Timestamp) {
        let Some(State::Running(since)) = self.containers.first().map(|one| one.state.clone()) else {
            return;
        };
        let (ran, (_, ready, ends)) = (seconds(since, now), self.plan.what.times());
        let killed = self.memory > self.limit.unwrap_or(256e6)
            && (self.limit.is_some() || self.plan.what == What::Oom);
        if killed || ends.is_some_and(|ends| ran >= self.plan.run_for.unwrap_or(ends)) {
            return self.exit(now, killed, ran);
        }
        self.set_ready(ready.is_some_and(|ready| self.ready || ran >= ready));
        if self.plan.what == What::Unready && seconds(self.probed, now) >= 10.0 {
            self.probed = now;
            self.tell("!Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503");
        }
    }

    fn exit(&mut self, now: Timestamp, killed: bool, ran: f64) {
        let (reason, code) = match self.plan.what {
            _ if killed => ("OOMKilled", 137),
            What::Complete => ("Completed", 0),
            _ => ("Error", self.plan.exit_code.unwrap_or(1)),
        };
        // Who ran for ten minutes begins with short waits again.
        self.exits = if ran > 600.0 { 1 } else { self.exits + 1 };
        let ends = self.policy == "Never" || (self.policy == "OnFailure" && code == 0);
        for (at, one) in self.containers.iter_mut().enumerate().filter(|(at, _)| *at == 0 || ends) {
            let State::Running(began) = one.state else { continue };
            for word in last_words(now, reason, &self.plan.words).iter().filter(|_| at == 0) {
                one.log.push(now, word);
            }
            one.state = State::Ended(End { reason, code, began, at: now });
        }
        self.ready = false;
        self.dirty = true;
        (self.stage, self.due) = (Stage::Exited, later(now, 1.5));
        if ends {
            self.stage = Stage::Finished;
            self.phase = if code == 0 { "Succeeded" } else { "Failed" };
        }
    }
}

/// What a run that fails writes at its end.
fn last_words(now: Timestamp, reason: &str, own: &[String]) -> Vec<String> {
    let refused = "dial tcp 127.0.0.1:5432: connect: connection refused";
    let error = |line: &String| format!("{now:.3} ERROR {line}");
    match reason {
        "Completed" => Vec::new(),
        "OOMKilled" => {
            vec![format!("{now:.3} WARN  heap at 98% of limit, allocation of 67108864 bytes pending")]
        }
        _ if !own.is_empty() => own.iter().map(error).collect(),
        _ => vec![
            error(&format!("startup check failed: {refused}")),
            format!("panic: cannot reach database: {refused}"),
        ],
    }
}
