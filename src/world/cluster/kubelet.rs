//! The life of a pod on its node: started, ready, failing, restarted, ended, as its annotations, its image or the
//! scenario says.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Cluster;
use super::facts::app;
use super::lines::Log;
use super::store::Key;
use super::value::{
    Dig, condition, float, later, leaves, mark, namespace, quantity, serves, stamp, uid, whole,
};
use crate::world::base::{Dice, seconds};

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum What {
    #[default]
    Ok,
    ImagePull,
    /// Fails at its start, before it is ready.
    Crash,
    /// Its memory grows until it is killed.
    Oom,
    Unready,
    /// Ready and unready in turn.
    Flap,
    Complete,
    Fail,
}

/// Durations are seconds.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Behaviour {
    pub what: What,
    /// How long it runs until it ends, if it does.
    pub run_for: Option<f64>,
    /// How long it waits before it is started again, at first and at most.
    pub backoff: Option<f64>,
    pub backoff_most: Option<f64>,
    pub exit_code: Option<i64>,
    /// Lines a second.
    pub log_rate: Option<f64>,
    /// `plain`, `json` or `logfmt`.
    pub log_format: String,
    /// What it writes before it fails.
    pub words: Vec<String>,
}

/// By their words: how many seconds pass from the start until they are ready, and until they end.
const WHATS: [(&str, What, Option<f64>, Option<f64>); 8] = [
    ("ok", What::Ok, Some(0.8), None),
    ("imagepull", What::ImagePull, Some(0.8), None),
    ("crashloop", What::Crash, None, Some(6.0)),
    ("oom", What::Oom, Some(0.8), None),
    ("unready", What::Unready, None, None),
    ("flap", What::Flap, Some(0.8), None),
    ("complete", What::Complete, Some(0.8), Some(8.0)),
    ("fail", What::Fail, None, Some(6.0)),
];

impl What {
    pub fn parse(text: &str) -> Option<What> {
        WHATS.iter().find(|(word, ..)| *word == text).map(|(_, what, ..)| *what)
    }

    pub(super) fn times(self) -> (Option<f64>, Option<f64>) {
        let found = WHATS.iter().find(|(_, what, ..)| *what == self);
        found.map_or((None, None), |(_, _, ready, end)| (*ready, *end))
    }
}

impl From<What> for Behaviour {
    fn from(what: What) -> Behaviour {
        Behaviour { what, ..Behaviour::default() }
    }
}

impl Cluster {
    /// How this pod behaves now: by the scenario's word for its app, by its annotations such as `demo/run-for`, or
    /// by the tag of its image, which may end with a word such as `-crashloop`.
    pub(super) fn behaviour(&self, pod: &Value) -> Behaviour {
        let said = |key: &str| pod.text(&format!("/metadata/annotations/demo~1{key}"));
        let seconds = |key: &str| {
            said(key).trim_end_matches('s').parse().ok().filter(|seconds| (0.0..=1e9).contains(seconds))
        };
        let tag = pod.text("/spec/containers/0/image").rsplit_once('-').map_or("", |(_, tag)| tag);
        let what = What::parse(said("behaviour")).or_else(|| What::parse(tag));
        let told = self.apps.get(&(namespace(pod).to_owned(), app(pod).to_owned()));
        let base = told.cloned().unwrap_or_else(|| what.unwrap_or_default().into());
        Behaviour {
            run_for: base.run_for.or_else(|| seconds("run-for")),
            backoff: base.backoff.or_else(|| seconds("backoff")),
            backoff_most: base.backoff_most.or_else(|| seconds("backoff-max")),
            exit_code: base.exit_code.or_else(|| said("exit-code").parse().ok()),
            log_rate: base.log_rate.or_else(|| seconds("log-rate")),
            log_format: said("log-format").to_owned(),
            ..base
        }
    }
}

#[derive(Debug, Default)]
pub struct Container {
    /// As its pod's status tells of it.
    pub status: Value,
    pub log: Log,
    pub before: Option<Log>,
}

impl Container {
    pub fn runs(&self) -> bool {
        self.status.at("/state/running").is_some()
    }

    fn turn(&mut self, state: &str, about: &Value) {
        if let Some(ended) = self.status.cut("/state/terminated") {
            self.status.put("/lastState", json!({"terminated": ended}));
        }
        self.status.put("/state", json!({state: about}));
        self.status.put("/started", state == "running");
    }
}

/// What there is to do when the time has come.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Stage {
    #[default]
    Creating,
    Running,
    Exited,
    Backoff,
    Finished,
    Stopping,
}

/// The first container behaves as the plan says; the others only run.
#[derive(Debug, Default)]
pub struct Life {
    uid: String,
    plan: Behaviour,
    stage: Stage,
    due: Timestamp,
    policy: String,
    pub(super) ready: bool,
    phase: &'static str,
    started: Timestamp,
    ip: String,
    exits: u32,
    pub(super) containers: Vec<Container>,
    pub(super) cpu: f64,
    pub(super) memory: f64,
    base: (f64, f64),
    pub(super) limit: Option<f64>,
    /// Lines that are not quite due.
    lines: f64,
    probed: Timestamp,
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
            if node.is_empty() || self.is_silent(node) {
                continue;
            }
            let mut life = match self.lives.remove(&key) {
                Some(life) => life,
                None if !serves(&pod) => continue,
                None => Life::new(&pod, &mut self.store.dice, self.now),
            };
            life.look(&pod, self.behaviour(&pod), self.now);
            let app = (key.namespace.clone(), super::facts::app(&pod).to_owned());
            life.spend(self.now, self.passed, self.usages.get(&app).copied(), &mut self.store.dice);
            let gone = (0..4).any(|_| life.step(self.now));
            for (reason, message) in std::mem::take(&mut life.said) {
                self.event(&pod, ("kubelet", node), reason, &message);
            }
            if gone {
                self.store.take(&key);
                continue;
            }
            let now = self.now;
            self.store.edit(&key, |pod| life.report(pod, now));
            self.lives.insert(key, life);
        }
    }
}

impl Life {
    fn new(pod: &Value, dice: &mut Dice, now: Timestamp) -> Life {
        let all = pod.list("/spec/containers");
        let container = |one: &Value| Container {
            status: json!({"name": one.text("/name"), "image": one.text("/image"), "restartCount": 0, "ready": false, "started": false,
                "state": {"waiting": {"reason": "ContainerCreating"}}, "lastState": {}, "imageID": "", "containerID": ""}),
            ..Container::default()
        };
        let sum = |what: &str, usual: f64| {
            let place = format!("/resources/requests/{what}");
            let asked = all.iter().map(|one| quantity(one.pointer(&place))).sum::<f64>();
            if asked > 0.0 { asked } else { usual }
        };
        let lot = 0.3 + 0.3 * dice.share();
        Life {
            uid: uid(pod).into(),
            due: later(now, 0.5 + 0.7 * dice.share()),
            policy: pod.text("/spec/restartPolicy").into(),
            phase: "Pending",
            started: now,
            ip: format!("10.244.{}.{}", mark(pod.text("/spec/nodeName")) % 200, dice.below(250) + 2),
            containers: all.iter().map(container).collect(),
            base: (sum("cpu", 0.02) * 1000.0 * lot, sum("memory", 48e6) * (0.4 + lot)),
            limit: pod.at("/spec/containers/0/resources/limits/memory").map(|limit| quantity(Some(limit))),
            ..Life::default()
        }
    }

    pub fn say(&mut self, now: Timestamp, line: &str) {
        if let Some(one) = self.containers.first_mut().filter(|one| one.runs()) {
            one.log.push(now, line);
        }
    }

    /// Takes a newer version of the object.
    fn look(&mut self, pod: &Value, plan: Behaviour, now: Timestamp) {
        for (one, spec) in self.containers.iter_mut().zip(pod.list("/spec/containers")) {
            one.status.put("/image", spec.text("/image"));
        }
        let other = plan.what != self.plan.what;
        self.plan = plan;
        if leaves(pod) && self.stage != Stage::Stopping {
            self.stage = Stage::Stopping;
            let grace = float(pod.count("/metadata/deletionGracePeriodSeconds"));
            self.due = later(now, grace.min(1.2));
            for one in &self.containers {
                self.said.push(("Killing", format!("Stopping container {}", one.status.text("/name"))));
            }
        } else if other {
            self.due = now;
        }
    }

    /// Uses CPU and memory and writes lines, as long as it runs.
    fn spend(&mut self, now: Timestamp, passed: f64, usage: Option<(f64, f64)>, dice: &mut Dice) {
        if self.stage != Stage::Running {
            (self.cpu, self.memory) = (0.0, 0.0);
            return;
        }
        let (cpu, mut memory) = usage.unwrap_or(self.base);
        if self.plan.what == What::Oom {
            memory = self.limit.unwrap_or(256e6) * 1.2;
        }
        let moved = |tau: f64| 1.0 - (-passed / tau).exp();
        self.cpu += (cpu * (0.94 + 0.12 * dice.share()) - self.cpu) * moved(6.0);
        self.memory += (memory * (0.99 + 0.02 * dice.share()) - self.memory) * moved(12.0);
        let rate = self.plan.log_rate.unwrap_or(0.5);
        let bad = matches!(self.plan.what, What::Crash | What::Oom | What::Unready);
        self.lines = (self.lines + rate * passed).min(if passed > 60.0 { 20.0 } else { 200.0 });
        let apart = passed.min(self.lines / rate.max(1e-3)) / self.lines.max(1.0);
        while self.lines >= 1.0 {
            self.lines -= 1.0;
            let at = later(now, -self.lines.floor() * apart);
            for one in self.containers.iter_mut().filter(|one| one.runs()) {
                one.log.write(at, dice, &self.plan.log_format, if bad { 20 } else { 1 });
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
                self.start(now, again);
                (self.stage, self.phase, self.memory) = (Stage::Running, "Running", self.base.1 * 0.4);
            }
        }
        false
    }

    /// Starts what does not run.
    fn start(&mut self, now: Timestamp, again: bool) {
        for one in self.containers.iter_mut().filter(|one| !one.runs()) {
            let (name, image) = (one.status.text("/name").to_owned(), one.status.text("/image").to_owned());
            if again {
                one.status.put("/restartCount", one.status.count("/restartCount") + 1);
                one.before = Some(std::mem::take(&mut one.log));
            }
            one.turn("running", &json!({"startedAt": stamp(now)}));
            let id = |of: &str| {
                ["a", "b", "c", "d"].map(|salt| format!("{:016x}", mark(&[of, salt].concat()))).concat()
            };
            one.status.put("/imageID", format!("{image}@sha256:{}", id(&image)));
            let this = id(&format!("{}{name}{now}", self.uid));
            one.status.put("/containerID", format!("containerd://{this}"));
            one.log.push(now, &format!("{now:.3} INFO  starting {name} ({image})"));
            self.said.extend([
                ("Pulled", format!("Container image \"{image}\" present on machine")),
                ("Created", format!("Container created: {name}")),
                ("Started", format!("Container started: {name}")),
            ]);
        }
    }

    /// The first container waits, for a reason.
    fn wait_for(&mut self, reason: &str, why: &str, due: Timestamp) {
        if let Some(one) = self.containers.first_mut() {
            one.turn("waiting", &json!({"reason": reason, "message": why}));
        }
        self.due = due;
    }

    /// The first container's field.
    fn first(&self, place: &str) -> String {
        self.containers.first().map(|one| one.status.text(place).to_owned()).unwrap_or_default()
    }

    /// An image that is not there: in turn it is looked for and waited.
    fn pull(&mut self, now: Timestamp) {
        let image = self.first("/image");
        if self.first("/state/waiting/reason") == "ErrImagePull" {
            let why = format!("Back-off pulling image \"{image}\"");
            self.wait_for("ImagePullBackOff", &why, later(now, self.wait()));
            return self.said.push(("BackOff", why));
        }
        self.exits += 1;
        let why = format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": not found"
        );
        self.wait_for("ErrImagePull", &why, later(now, 4.0));
        self.said.push(("!Failed", format!("Failed to pull image \"{image}\": {why}")));
    }

    /// Before the next try: doubling from the first wait up to the longest.
    fn wait(&self) -> f64 {
        let doubled =
            self.plan.backoff.unwrap_or(10.0) * f64::from(1_u32 << self.exits.saturating_sub(2).min(20));
        doubled.min(self.plan.backoff_most.unwrap_or(300.0))
    }

    fn back_off(&mut self, now: Timestamp) {
        let (wait, name) = (self.wait(), self.first("/name"));
        let why = format!("back-off {}s restarting failed container={name}", whole(wait));
        self.wait_for("CrashLoopBackOff", &why, later(now, wait));
        self.said.push(("!BackOff", format!("Back-off restarting failed container {name}")));
        self.stage = Stage::Backoff;
    }

    fn run(&mut self, now: Timestamp) {
        let ran = seconds(self.first("/state/running/startedAt").parse().unwrap_or(now), now);
        let (what, (ready, ends)) = (self.plan.what, self.plan.what.times());
        let killed =
            self.memory > self.limit.unwrap_or(if what == What::Oom { 256e6 } else { f64::INFINITY });
        if killed || ends.is_some_and(|ends| ran >= self.plan.run_for.unwrap_or(ends)) {
            return self.exit(now, killed, ran);
        }
        let flaps = what == What::Flap && whole(ran / self.plan.run_for.unwrap_or(15.0)) % 2 == 1;
        let ready = !flaps && ready.is_some_and(|ready| self.ready || ran >= ready);
        self.ready = ready;
        if !ready && matches!(what, What::Unready | What::Flap) && seconds(self.probed, now) >= 10.0 {
            self.probed = now;
            let why = "Readiness probe failed: HTTP probe failed with statuscode: 503";
            self.said.push(("!Unhealthy", why.into()));
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
        for one in self.containers.iter_mut().take(if ends { usize::MAX } else { 1 }).filter(|one| one.runs())
        {
            for word in last_words(now, reason, &self.plan.words) {
                one.log.push(now, &word);
            }
            let began = one.status.text("/state/running/startedAt").to_owned();
            let end =
                json!({"exitCode": code, "reason": reason, "startedAt": began, "finishedAt": stamp(now)});
            one.turn("terminated", &end);
        }
        self.ready = false;
        (self.stage, self.due) = (Stage::Exited, later(now, 1.5));
        if ends {
            self.stage = Stage::Finished;
            self.phase = if code == 0 { "Succeeded" } else { "Failed" };
        }
    }

    /// Writes the status of the pod as its kubelet sees it.
    fn report(&self, pod: &mut Value, now: Timestamp) {
        let all = || self.containers.iter();
        let names: Vec<&str> = all().map(|one| one.status.text("/name")).collect();
        let (reason, why) = match self.phase {
            _ if self.ready => ("", String::new()),
            "Succeeded" => ("PodCompleted", String::new()),
            _ => ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" "))),
        };
        let is = if self.ready { "True" } else { "False" };
        pod.put("/status/phase", self.phase);
        condition(pod, now, "Initialized", "True", "", "");
        condition(pod, now, "Ready", is, reason, &why);
        condition(pod, now, "ContainersReady", is, reason, &why);
        pod.put("/status/startTime", stamp(self.started));
        if self.phase != "Pending" {
            pod.put("/status/podIP", self.ip.as_str());
        }
        let status = |one: &Container| {
            let mut status = one.status.clone();
            status.put("/ready", one.runs() && self.ready);
            status
        };
        pod.put("/status/containerStatuses", all().map(status).collect::<Vec<_>>());
    }
}

/// What a run that fails writes at its end.
fn last_words(now: Timestamp, reason: &str, own: &[String]) -> Vec<String> {
    let error = |line: &str| format!("{now:.3} ERROR {line}");
    match reason {
        "Completed" => Vec::new(),
        "OOMKilled" => vec![error("heap at 98% of limit, allocation of 67108864 bytes pending")],
        _ if own.is_empty() => {
            vec![error("startup check failed: dial tcp 127.0.0.1:5432: connect: connection refused")]
        }
        _ => own.iter().map(|line| error(line)).collect(),
    }
}
