//! The life of a pod on its node: started, ready, failing, restarted, ended.
use jiff::Timestamp;
use serde_json::Value;

use super::behaviour::{Behaviour, What};
use super::events::From;
use super::kinds::PODS;
use super::lines::Log;
use super::store::Key;
use super::value::{Dig, amount, later, leaves, mark, name, namespace, quantity, uid, whole};
use super::{Cluster, facts};
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
    pub init: bool,
    pub restarts: u32,
    pub state: State,
    pub last: Option<End>,
    pub log: Log,
    pub before: Option<Log>,
    due_lines: f64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
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
type Said = (&'static str, String, Option<usize>);

#[derive(Debug)]
pub struct Life {
    pub uid: String,
    title: String,
    apps: Vec<String>,
    seen: (String, u64),
    plan: Behaviour,
    stage: Stage,
    due: Option<Timestamp>,
    ready_at: Option<Timestamp>,
    exit_at: Option<Timestamp>,
    probe_at: Option<Timestamp>,
    policy: String,
    pub ready: bool,
    pub phase: &'static str,
    pub reason: Option<(&'static str, String)>,
    pub started: Option<Timestamp>,
    pub ip: String,
    exits: u32,
    pub containers: Vec<Container>,
    target: usize,
    pub cpu: f64,
    pub memory: f64,
    base: (f64, f64),
    pub limit: Option<f64>,
    dice: Dice,
    dirty: bool,
    said: Vec<Said>,
}

impl Cluster {
    /// One step of every pod whose kubelet is alive.
    pub(super) fn live(&mut self) {
        let store = &self.store;
        self.lives.retain(|key, life| store.get(key).is_some_and(|pod| uid(pod) == life.uid));
        let pods: Vec<_> = self.store.all(PODS, "").cloned().collect();
        for pod in pods {
            let (key, node) = (Key::of(PODS, &pod), pod.text("/spec/nodeName").to_owned());
            if node.is_empty() || !self.beats.get(&node).is_some_and(super::nodes::Beat::is_alive) {
                continue;
            }
            let over = matches!(pod.text("/status/phase"), "Succeeded" | "Failed");
            let mut life = match self.lives.remove(&key) {
                Some(life) => life,
                None if over => continue,
                None => {
                    let seed = self.store.dice().roll();
                    Life::new(&pod, seed, self.lives.len())
                }
            };
            let seen = pod.text("/metadata/resourceVersion");
            if life.seen.0 != seen || life.seen.1 != self.epoch {
                life.seen = (seen.to_owned(), self.epoch);
                let plan = self.behaviour(&pod);
                life.look(&pod, plan, self.now);
            }
            let usage = life
                .apps
                .iter()
                .find_map(|app| self.usages.get(&(key.namespace.clone(), app.clone())))
                .copied();
            life.spend(self.now, self.passed, usage);
            let mut gone = false;
            for _ in 0..4 {
                gone = life.step(self.now);
                if gone || life.due.is_none_or(|due| due > self.now) {
                    break;
                }
            }
            let from = From { component: "kubelet", host: &node };
            for (reason, message, at) in std::mem::take(&mut life.said) {
                let container =
                    at.and_then(|at| life.containers.get(at)).map(|one| one.name.clone()).unwrap_or_default();
                self.event(&pod, from, reason, &message, &container);
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
        let base = (
            if cpu > 0.0 { cpu * lot } else { 20.0 * lot },
            if memory > 0.0 { memory * (0.4 + lot) } else { 48e6 * (0.5 + lot) },
        );
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
        if let Some(one) =
            self.containers.get_mut(self.target).filter(|one| matches!(one.state, State::Running(_)))
        {
            one.log.push(now, line);
        }
    }

    /// Takes a newer version of the object.
    fn look(&mut self, pod: &Value, plan: Behaviour, now: Timestamp) {
        for (one, spec) in
            self.containers.iter_mut().filter(|one| !one.init).zip(pod.list("/spec/containers"))
        {
            one.image = spec.text("/image").into();
        }
        let named = self.containers.iter().position(|one| Some(&one.name) == plan.container.as_ref());
        self.target = named.or_else(|| self.containers.iter().position(|one| !one.init)).unwrap_or(0);
        let other = plan.what != self.plan.what || plan.run_for != self.plan.run_for;
        self.plan = plan;
        if leaves(pod) && self.stage != Stage::Stopping {
            self.stage = Stage::Stopping;
            #[expect(clippy::cast_precision_loss, reason = "seconds")]
            let grace = pod.int("/metadata/deletionGracePeriodSeconds").unwrap_or(30) as f64;
            let wish = self.plan.stop_delay.unwrap_or(1.2);
            // Whoever never ends outlives what it is given: a node that has lost touch.
            self.due = Some(later(now, if wish >= 1e9 { wish } else { wish.min(grace) }));
            let running = |one: &Container| matches!(one.state, State::Running(_));
            let stopping = self.containers.iter().enumerate().filter(|(_, one)| running(one));
            let said: Vec<Said> = stopping
                .map(|(at, one)| ("Killing", format!("Stopping container {}", one.name), Some(at)))
                .collect();
            self.said.extend(said);
        } else if other {
            match self.stage {
                Stage::Running => self.arm(now),
                Stage::Backoff | Stage::Exited | Stage::PullFailed | Stage::PullBackoff => {
                    self.due = Some(now)
                }
                Stage::Creating if self.due.is_none() => self.due = Some(now),
                _ => {}
            }
        }
    }

    /// Sets the timers of a running pod.
    fn arm(&mut self, now: Timestamp) {
        let since = self.containers.get(self.target).and_then(|one| match one.state {
            State::Running(since) => Some(since),
            _ => None,
        });
        let after = |most: f64| {
            Some(later(since.unwrap_or(now), self.plan.run_for.unwrap_or(most)).max(later(now, 0.3)))
        };
        (self.probe_at, self.exit_at) = (None, None);
        self.ready_at = (!self.ready).then(|| later(now, self.plan.ready_delay.unwrap_or(0.8)));
        match self.plan.what {
            What::Crash | What::Fail => self.exit_at = after(6.0),
            What::Complete | What::Evicted => self.exit_at = after(8.0),
            What::ImagePull => self.exit_at = Some(now),
            What::Unready => {
                self.ready_at = None;
                self.set_ready(false);
                self.probe_at = Some(later(now, 1.0));
            }
            What::Flap => self.probe_at = Some(later(now, self.plan.run_for.unwrap_or(15.0))),
            What::Slow if !self.ready => {
                self.ready_at = Some(later(now, self.plan.ready_delay.unwrap_or(15.0)))
            }
            _ => {}
        }
        self.timer();
    }

    fn timer(&mut self) {
        self.due = [self.ready_at, self.exit_at, self.probe_at].into_iter().flatten().min();
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
        for one in self.containers.iter_mut().filter(|one| matches!(one.state, State::Running(_))) {
            one.due_lines = (one.due_lines + rate * passed).min(if passed > 60.0 { 20.0 } else { 200.0 });
            let count = one.due_lines.floor();
            one.due_lines -= count;
            for at in 0..whole(count) {
                #[expect(clippy::cast_precision_loss, reason = "at most 200")]
                let before = (count - at as f64 - 1.0) * passed.min(count / rate.max(1e-3)) / count;
                one.log.write(later(now, -before), &mut self.dice, &format, errors);
            }
        }
    }

    /// The next thing whose time has come; true when the pod is gone.
    fn step(&mut self, now: Timestamp) -> bool {
        if self.stage != Stage::New && self.due.is_none_or(|due| due > now) {
            return false;
        }
        self.due = None;
        let stuck = self.plan.what == What::Stuck;
        match self.stage {
            Stage::New => {
                self.started = Some(now);
                self.stage = Stage::Creating;
                self.dirty = true;
                let usual = if self.plan.what == What::Slow { 20.0 } else { 0.5 + 0.7 * self.dice.share() };
                self.due = Some(later(now, self.plan.start_delay.unwrap_or(usual)));
                let pulling = |(at, one): (usize, &Container)| {
                    ("Pulling", format!("Pulling image \"{}\"", one.image), Some(at))
                };
                let said: Vec<Said> = self.containers.iter().enumerate().map(pulling).collect();
                self.said.extend(said);
            }
            Stage::Creating if stuck => {
                let why =
                    "MountVolume.SetUp failed for volume \"config\" : configmap \"app-config\" not found";
                self.said.push(("!FailedMount", why.into(), None));
                self.due = Some(later(now, 30.0));
            }
            Stage::Creating | Stage::PullFailed | Stage::PullBackoff if self.plan.what == What::ImagePull => {
                self.pull(now)
            }
            Stage::Creating | Stage::PullFailed | Stage::PullBackoff => {
                for at in 0..self.containers.len() {
                    self.start(at, now);
                }
                self.stage = Stage::Running;
                self.phase = "Running";
                self.arm(now);
            }
            Stage::Running => self.run(now),
            Stage::Exited if self.exits > 1 => self.back_off(now),
            Stage::Exited | Stage::Backoff => {
                if let Some(one) = self.containers.get_mut(self.target) {
                    one.restarts += 1;
                }
                self.start(self.target, now);
                self.stage = Stage::Running;
                self.arm(now);
            }
            Stage::Finished => {}
            Stage::Stopping => return true,
        }
        false
    }

    fn start(&mut self, at: usize, now: Timestamp) {
        let took = 300 + self.dice.below(600);
        let Some(one) = self.containers.get_mut(at).filter(|one| !matches!(one.state, State::Running(_)))
        else {
            return;
        };
        let (name, image) = (one.name.clone(), one.image.clone());
        if let State::Ended(end) = &one.state {
            one.last = Some(end.clone());
        }
        if one.restarts > 0 {
            one.before = Some(std::mem::take(&mut one.log));
        }
        one.state = State::Running(now);
        if one.init {
            one.state = State::Ended(End { reason: "Completed", code: 0, began: now, at: now });
            one.log.push(now, "done");
        } else {
            one.log.push(now, &format!("{now:.3} INFO  starting {name} ({image})"));
        }
        let pulled = if one.restarts > 0 {
            format!("Container image \"{image}\" already present on machine")
        } else {
            format!(
                "Successfully pulled image \"{image}\" in {took}ms ({took}ms including waiting). Image size: 48234496 bytes."
            )
        };
        self.said.push(("Pulled", pulled, Some(at)));
        self.said.push(("Created", format!("Container created: {name}"), Some(at)));
        self.said.push(("Started", format!("Container started: {name}"), Some(at)));
        self.memory = self.base.1 * 0.4;
        self.dirty = true;
    }

    fn pull(&mut self, now: Timestamp) {
        let at = self.target;
        let Some(one) = self.containers.get_mut(at) else { return };
        let image = one.image.clone();
        self.dirty = true;
        if self.stage == Stage::PullFailed {
            let why = format!("Back-off pulling image \"{image}\"");
            one.state = State::Waiting("ImagePullBackOff", why.clone());
            self.said.push(("BackOff", why, Some(at)));
            self.said.push(("!Failed", "Error: ImagePullBackOff".into(), Some(at)));
            self.stage = Stage::PullBackoff;
            self.due = Some(later(now, self.wait(self.exits)));
            return;
        }
        let why = format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
        );
        one.state = State::Waiting("ErrImagePull", why.clone());
        self.said.push(("!Failed", format!("Failed to pull image \"{image}\": {why}"), Some(at)));
        self.said.push(("!Failed", "Error: ErrImagePull".into(), Some(at)));
        self.exits += 1;
        self.stage = Stage::PullFailed;
        self.due = Some(later(now, 4.0));
    }

    /// Before try number `exits`: doubling from the first wait up to the longest.
    fn wait(&self, exits: u32) -> f64 {
        let doubled = self.plan.backoff.unwrap_or(10.0) * f64::from(1_u32 << exits.saturating_sub(1).min(20));
        doubled.min(self.plan.backoff_most.unwrap_or(300.0))
    }

    fn back_off(&mut self, now: Timestamp) {
        let (at, wait) = (self.target, self.wait(self.exits - 1));
        let Some(one) = self.containers.get_mut(at) else { return };
        let seconds = whole(wait);
        let human =
            if seconds >= 60 { format!("{}m{}s", seconds / 60, seconds % 60) } else { format!("{seconds}s") };
        let why = format!("restarting failed container={} pod={}", one.name, self.title);
        if let State::Ended(end) = &one.state {
            one.last = Some(end.clone());
        }
        self.said.push((
            "!BackOff",
            format!("Back-off restarting failed container {} in pod {}", one.name, self.title),
            Some(at),
        ));
        one.state = State::Waiting("CrashLoopBackOff", format!("back-off {human} {why}"));
        self.stage = Stage::Backoff;
        self.dirty = true;
        self.due = Some(later(now, wait));
    }

    fn run(&mut self, now: Timestamp) {
        if self.exit_at.is_some_and(|at| at <= now) {
            self.exit(now);
            return;
        }
        if self.ready_at.is_some_and(|at| at <= now) {
            self.ready_at = None;
            self.set_ready(true);
        }
        if self.probe_at.is_some_and(|at| at <= now) {
            let (flaps, at) = (self.plan.what == What::Flap, self.target);
            if flaps {
                self.set_ready(!self.ready);
                self.ready_at = None;
            }
            if !self.ready {
                let why = if flaps {
                    "context deadline exceeded"
                } else {
                    "HTTP probe failed with statuscode: 503"
                };
                self.said.push(("!Unhealthy", format!("Readiness probe failed: {why}"), Some(at)));
            }
            let again = if flaps { self.plan.run_for.unwrap_or(15.0) } else { 10.0 };
            self.probe_at = Some(later(now, again));
        }
        self.timer();
    }

    fn exit(&mut self, now: Timestamp) {
        let killed = self.memory > self.limit.unwrap_or(256e6);
        let (reason, code) = match self.plan.what {
            _ if killed => ("OOMKilled", 137),
            What::Complete => ("Completed", 0),
            What::Evicted => ("Error", 137),
            What::ImagePull => ("Error", 143),
            _ => ("Error", self.plan.exit_code.unwrap_or(1)),
        };
        let ran = match self.containers.get(self.target).map(|one| &one.state) {
            Some(State::Running(since)) => seconds(*since, now),
            _ => 0.0,
        };
        // Who ran for ten minutes begins with short waits again.
        self.exits = if ran > 600.0 { 1 } else { self.exits + 1 };
        self.stop(self.target, now, reason, code);
        self.set_ready(false);
        (self.exit_at, self.ready_at, self.probe_at) = (None, None, None);
        let ends = self.policy == "Never" || (self.policy == "OnFailure" && code == 0);
        if self.plan.what == What::ImagePull {
            self.stage = Stage::Creating;
            self.due = Some(later(now, 0.5));
        } else if self.plan.what == What::Evicted || ends {
            for at in 0..self.containers.len() {
                self.stop(at, now, "Completed", 0);
            }
            self.phase = if code == 0 { "Succeeded" } else { "Failed" };
            if self.plan.what == What::Evicted {
                let name = self.containers.get(self.target).map(|one| one.name.clone()).unwrap_or_default();
                let why = format!(
                    "The node was low on resource: memory. Threshold quantity: 100Mi, available: 84512Ki. Container {name} was using 1893412Ki, request is 128Mi, has larger consumption of memory. "
                );
                self.said.push(("!Evicted", why.clone(), None));
                self.reason = Some(("Evicted", why));
            }
            self.stage = Stage::Finished;
        } else {
            self.stage = Stage::Exited;
            self.due = Some(later(now, 1.5));
        }
    }

    fn stop(&mut self, at: usize, now: Timestamp, reason: &'static str, code: i64) {
        let words = std::mem::take(&mut self.plan.words);
        if let Some(one) = self.containers.get_mut(at)
            && let State::Running(began) = one.state
        {
            for word in last_words(now, reason, code, &words) {
                one.log.push(now, &word);
            }
            one.state = State::Ended(End { reason, code, began, at: now });
            self.dirty = true;
        }
        self.plan.words = words;
    }
}

/// What a run that fails writes at its end.
fn last_words(now: Timestamp, reason: &str, code: i64, own: &[String]) -> Vec<String> {
    match (reason, code) {
        (_, 0) => Vec::new(),
        ("OOMKilled", _) => {
            vec![format!("{now:.3} WARN  heap at 98% of limit, allocation of 67108864 bytes pending")]
        }
        _ if !own.is_empty() => own.iter().map(|line| format!("{now:.3} ERROR {line}")).collect(),
        _ => vec![
            format!(
                "{now:.3} ERROR startup check failed: dial tcp 127.0.0.1:5432: connect: connection refused"
            ),
            "panic: cannot reach database: dial tcp 127.0.0.1:5432: connect: connection refused".into(),
            String::new(),
            "goroutine 1 [running]:".into(),
            "main.mustConnect(0xc0000b2000, 0x2a)".into(),
            "\t/app/main.go:87 +0x1d4".into(),
            format!("exit status {code}"),
        ],
    }
}
