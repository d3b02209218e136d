//! One pretend pod: where it is in doing what it should.
mod advance;
mod object;
mod plan;
mod report;
mod run;

use crate::clock::{hash, mix, parse};
pub use object::PodObj;
use object::StatusCtr;
use plan::mebi;
pub use plan::{Behaviour, Plan};
pub use run::Run;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

#[derive(Clone)]
pub enum CState {
    Waiting(&'static str, String),
    Running,
    Exited,
}

pub struct Ctr {
    pub name: String,
    pub image: String,
    pub mem_limit: Option<f64>,
    pub restarts: i64,
    pub state: CState,
    pub run: Option<Run>,
    pub prev: Option<Run>,
}

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Stage {
    New,
    Creating,
    Running,
    Exited,
    Backoff,
    PullErr,
    PullBackoff,
    Stuck,
    Finished,
    Stopping,
    Gone,
}

pub struct Ev {
    pub kind: &'static str,
    pub reason: &'static str,
    pub msg: String,
    pub container: Option<String>,
}

pub struct Pod {
    pub ns: String,
    pub name: String,
    pub uid: String,
    pub node: String,
    pub ip: String,
    pub labels: BTreeMap<String, String>,
    pub created: i64,
    pub started: i64,
    pub generation: i64,
    pub plan: Plan,
    pub policy: String,
    pub inits: Vec<(String, String)>,
    pub ctrs: Vec<Ctr>,
    pub stage: Stage,
    pub phase: &'static str,
    pub phase_reason: Option<(&'static str, String)>,
    pub ready: bool,
    pub ready_since: i64,
    pub exits: i64,
    pub pulls: i64,
    pub next: Option<i64>,
    pub ready_at: Option<i64>,
    pub exit_at: Option<i64>,
    pub probe_at: Option<i64>,
    pub deleting: bool,
    pub dirty: bool,
    pub delete_now: bool,
    pub syncing: bool,
    pub events: Vec<Ev>,
    pub event_log: HashMap<String, (String, i64)>,
}

impl Pod {
    pub fn new(o: PodObj, ip: String, now: i64, default_rate: f64) -> Pod {
        let plan = Plan::read(&o.metadata.annotations, &o.spec.containers);
        let mut p = Pod {
            ctrs: o
                .spec
                .containers
                .iter()
                .map(|c| Ctr {
                    name: c.name.clone(),
                    image: c.image.clone(),
                    mem_limit: c.resources.limits.get("memory").and_then(|q| mebi(q)),
                    restarts: 0,
                    state: CState::Waiting("ContainerCreating", String::new()),
                    run: None,
                    prev: None,
                })
                .collect(),
            inits: o.spec.init_containers.iter().map(|c| (c.name.clone(), c.image.clone())).collect(),
            ns: o.metadata.namespace,
            name: o.metadata.name,
            uid: o.metadata.uid,
            node: o.spec.node_name,
            ip: if o.status.pod_ip.is_empty() { ip } else { o.status.pod_ip.clone() },
            labels: o.metadata.labels,
            created: o.metadata.creation_timestamp.as_deref().and_then(parse).unwrap_or(now),
            started: o.status.start_time.as_deref().and_then(parse).unwrap_or(now),
            generation: o.metadata.generation,
            plan,
            policy: o.spec.restart_policy,
            stage: Stage::New,
            phase: "Pending",
            phase_reason: None,
            ready: false,
            ready_since: now,
            exits: 0,
            pulls: 0,
            next: Some(now),
            ready_at: None,
            exit_at: None,
            probe_at: None,
            deleting: false,
            dirty: false,
            delete_now: false,
            syncing: false,
            events: vec![],
            event_log: HashMap::new(),
        };
        match o.status.phase.as_str() {
            "Succeeded" | "Failed" => {
                p.stage = Stage::Finished;
                p.phase = if o.status.phase == "Failed" { "Failed" } else { "Succeeded" };
                p.next = None;
            }
            "Running" => p.adopt(&o.status.container_statuses, now, default_rate),
            _ => {}
        }
        p
    }

    /// Takes over a pod that an earlier run of this program already brought up.
    fn adopt(&mut self, seen: &[StatusCtr], now: i64, default_rate: f64) {
        let mut down = false;
        let rate = self.plan.log_rate.unwrap_or(default_rate);
        let uid = hash(&self.uid);
        for c in &mut self.ctrs {
            let Some(s) = seen.iter().find(|s| s.name == c.name) else { continue };
            c.restarts = s.restart_count;
            let at = |v: &Value, k: &str| v[k].as_str().and_then(parse);
            let mk = |start: i64, n: i64| Run {
                seed: mix(uid ^ hash(&c.name) ^ n as u64),
                start,
                end: None,
                failed: false,
                exit: 0,
                reason: "Completed",
                rate,
                rate_since: start,
                rate_base: 0,
            };
            let last = &s.last_state["terminated"];
            if last.is_object() {
                let mut r = mk(at(last, "startedAt").unwrap_or(now), s.restart_count - 1);
                r.end = at(last, "finishedAt");
                r.exit = last["exitCode"].as_i64().unwrap_or(1);
                r.failed = r.exit != 0;
                r.reason = match last["reason"].as_str() {
                    Some("OOMKilled") => "OOMKilled",
                    Some("Completed") => "Completed",
                    _ => "Error",
                };
                c.prev = Some(r);
            }
            if let Some(t) = at(&s.state["running"], "startedAt") {
                c.run = Some(mk(t, s.restart_count));
                c.state = CState::Running;
            } else {
                down = true;
            }
        }
        self.exits = self.ctrs.iter().map(|c| c.restarts).max().unwrap_or(0);
        self.phase = "Running";
        if down {
            self.exits += 1;
            self.stage = Stage::Backoff;
            self.next = Some(now + 3000);
        } else {
            self.stage = Stage::Running;
            self.ready = seen.iter().all(|s| s.ready);
            self.arm(now);
        }
    }

    pub fn rate(&self, default_rate: f64) -> f64 {
        self.plan.log_rate.unwrap_or(default_rate)
    }

    fn target(&self) -> usize {
        self.plan.target.as_ref().and_then(|t| self.ctrs.iter().position(|c| &c.name == t)).unwrap_or(0)
    }

    fn ev(&mut self, kind: &'static str, reason: &'static str, msg: String, c: Option<usize>) {
        if self.plan.what != Behaviour::Fast {
            let container = c.map(|i| self.ctrs[i].name.clone());
            self.events.push(Ev { kind, reason, msg, container });
        }
    }

    /// Applies a newer version of the object. Returns true when something has to be looked at.
    pub fn update(&mut self, o: PodObj, now: i64, default_rate: f64) -> bool {
        self.labels = o.metadata.labels;
        self.generation = o.metadata.generation;
        let plan = Plan::read(&o.metadata.annotations, &o.spec.containers);
        let mut woken = false;
        for (c, s) in self.ctrs.iter_mut().zip(&o.spec.containers) {
            if c.image != s.image {
                c.image = s.image.clone();
            }
        }
        if o.metadata.deletion_timestamp.is_some() && !self.deleting {
            self.deleting = true;
            self.stage = Stage::Stopping;
            let grace = o.metadata.deletion_grace_period_seconds.unwrap_or(30) * 1000;
            let wish = match plan.what {
                Behaviour::Fast => 0,
                _ => plan.term_delay.unwrap_or(1200),
            };
            // "never" outlives the grace period on purpose: a node that has lost touch.
            let wait = if wish > 86_400_000 { wish } else { wish.min(grace) };
            self.next = Some(now.saturating_add(wait));
            for i in 0..self.ctrs.len() {
                if matches!(self.ctrs[i].state, CState::Running) {
                    self.ev(
                        "Normal",
                        "Killing",
                        format!("Stopping container {}", self.ctrs[i].name),
                        Some(i),
                    );
                }
            }
            self.plan = plan;
            return true;
        }
        if plan != self.plan {
            let changed = plan.what != self.plan.what || plan.run_for != self.plan.run_for;
            self.plan = plan;
            let rate = self.rate(default_rate);
            for c in &mut self.ctrs {
                if let Some(r) = c.run.as_mut().filter(|r| r.end.is_none()) {
                    r.set_rate(rate, now);
                }
            }
            if changed && !self.deleting {
                woken = true;
                match self.stage {
                    Stage::Running => self.arm(now),
                    Stage::Backoff | Stage::Exited if self.plan.what != Behaviour::ImagePull => {
                        self.next = Some(now)
                    }
                    Stage::PullErr | Stage::PullBackoff | Stage::Stuck => {
                        self.stage = Stage::Creating;
                        self.next = Some(now);
                    }
                    _ => {}
                }
            }
        }
        woken
    }

    /// Sets the timers of a running pod from its plan.
    fn arm(&mut self, now: i64) {
        use Behaviour::*;
        let t = self.target();
        let since = self.ctrs.get(t).and_then(|c| c.run.as_ref()).map_or(now, |r| r.start);
        self.probe_at = None;
        self.exit_at = None;
        self.ready_at = (!self.ready).then_some(now);
        let run = |d: i64| Some((since + self.plan.run_for.unwrap_or(d)).max(now + 300));
        match self.plan.what {
            Crashloop | Fail => self.exit_at = run(6000),
            Oom => self.exit_at = run(45_000),
            Complete | Evicted => self.exit_at = run(8000),
            Unready => {
                self.ready_at = None;
                if self.ready {
                    self.set_ready(false, now);
                }
                self.probe_at = Some(now + 1000);
            }
            Flap => self.probe_at = Some(now + self.plan.run_for.unwrap_or(15_000)),
            ImagePull => self.exit_at = Some(now),
            _ => {}
        }
        self.schedule();
    }

    fn schedule(&mut self) {
        self.next = [self.ready_at, self.exit_at, self.probe_at].into_iter().flatten().min();
    }

    fn set_ready(&mut self, v: bool, now: i64) {
        if self.ready != v {
            self.ready = v;
            self.ready_since = now;
            self.dirty = true;
        }
    }

    fn start_ctr(&mut self, i: usize, now: i64, rate: f64, first: bool) {
        let seed = mix(hash(&self.uid) ^ hash(&self.ctrs[i].name) ^ self.ctrs[i].restarts as u64);
        let c = &mut self.ctrs[i];
        if let Some(r) = c.run.take() {
            c.prev = Some(r);
        }
        c.run = Some(Run {
            seed,
            start: now,
            end: None,
            failed: false,
            exit: 0,
            reason: "Completed",
            rate,
            rate_since: now,
            rate_base: 0,
        });
        c.state = CState::Running;
        let img = c.image.clone();
        if first {
            let ms = 200 + seed % 1900;
            self.ev("Normal", "Pulled", format!("Successfully pulled image \"{img}\" in {ms}ms ({ms}ms including waiting). Image size: 48211345 bytes."), Some(i));
        } else {
            self.ev(
                "Normal",
                "Pulled",
                format!(
                    "Container image \"{img}\" already present on machine and can be accessed by the pod"
                ),
                Some(i),
            );
        }
        self.ev("Normal", "Created", "Container created".into(), Some(i));
        self.ev("Normal", "Started", "Container started".into(), Some(i));
    }

    fn stop_ctr(&mut self, i: usize, now: i64, reason: &'static str, exit: i64) {
        let c = &mut self.ctrs[i];
        if let Some(r) = c.run.as_mut().filter(|r| r.end.is_none()) {
            r.end = Some(now);
            r.exit = exit;
            r.reason = reason;
            r.failed = exit != 0;
        }
        c.state = CState::Exited;
    }
}
