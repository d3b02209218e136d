//! The timers of a pod, and what happens when one is due.
use super::plan::Behaviour;
use super::{CState, Pod, Stage};
use crate::clock::hash;

impl Pod {
    /// Moves on to the next state if its time has come.
    pub fn advance(&mut self, now: i64, default_rate: f64) {
        use Behaviour::*;
        if self.next.is_none_or(|t| t > now) {
            return;
        }
        let rate = self.rate(default_rate);
        let t = self.target();
        let jitter = (hash(&self.uid) % 700) as i64;
        match self.stage {
            Stage::New => {
                self.started = now;
                if self.plan.what == Fast {
                    for i in 0..self.ctrs.len() {
                        self.start_ctr(i, now, rate, true);
                    }
                    self.stage = Stage::Running;
                    self.phase = "Running";
                    self.set_ready(true, now);
                    self.next = None;
                    return;
                }
                self.stage = Stage::Creating;
                self.dirty = true;
                let d = if self.plan.what == Slow { 20_000 } else { 500 + jitter };
                self.next = Some(now + self.plan.start_delay.unwrap_or(d));
                for i in 0..self.ctrs.len() {
                    let m = format!("Pulling image \"{}\"", self.ctrs[i].image);
                    self.ev("Normal", "Pulling", m, Some(i));
                }
            }
            Stage::Creating | Stage::PullBackoff if self.plan.what == ImagePull => {
                let img = self.ctrs[t].image.clone();
                for i in 0..self.ctrs.len() {
                    if i != t && !matches!(self.ctrs[i].state, CState::Running) {
                        self.start_ctr(i, now, rate, true);
                    }
                }
                let why = format!(
                    "failed to pull and unpack image \"{img}\": failed to resolve reference \"{img}\": {img}: not found"
                );
                self.ctrs[t].state =
                    CState::Waiting("ErrImagePull", format!("rpc error: code = NotFound desc = {why}"));
                self.ev(
                    "Warning",
                    "Failed",
                    format!("Failed to pull image \"{img}\": rpc error: code = NotFound desc = {why}"),
                    Some(t),
                );
                self.ev("Warning", "Failed", "Error: ErrImagePull".into(), Some(t));
                self.pulls += 1;
                self.stage = Stage::PullErr;
                self.dirty = true;
                self.next = Some(now + 4000);
            }
            Stage::PullErr if self.plan.what == ImagePull => {
                let img = self.ctrs[t].image.clone();
                let why = format!("Back-off pulling image \"{img}\"");
                self.ctrs[t].state = CState::Waiting("ImagePullBackOff", why.clone());
                self.ev("Normal", "BackOff", why, Some(t));
                self.ev("Warning", "Failed", "Error: ImagePullBackOff".into(), Some(t));
                self.stage = Stage::PullBackoff;
                self.dirty = true;
                self.next = Some(now + self.step(self.pulls));
            }
            Stage::Creating | Stage::Stuck if self.plan.what == Stuck => {
                self.stage = Stage::Stuck;
                self.ev(
                    "Warning",
                    "FailedMount",
                    "MountVolume.SetUp failed for volume \"config\" : configmap \"app-config\" not found"
                        .into(),
                    None,
                );
                self.next = Some(now + 30_000);
            }
            Stage::Creating | Stage::PullErr | Stage::PullBackoff | Stage::Stuck => {
                for i in 0..self.ctrs.len() {
                    if !matches!(self.ctrs[i].state, CState::Running) {
                        self.start_ctr(i, now, rate, true);
                    }
                }
                self.stage = Stage::Running;
                self.phase = "Running";
                self.dirty = true;
                self.arm(now);
                if self.ready_at.is_some() {
                    let d = if self.plan.what == Slow { 15_000 } else { 600 + jitter };
                    self.ready_at = Some(now + self.plan.ready_delay.unwrap_or(d));
                }
                self.schedule();
            }
            Stage::Running => self.run_on(now, t),
            Stage::Exited if self.exits == 1 => self.restart(now, t, rate),
            Stage::Exited => {
                let wait = self.step(self.exits - 1);
                let human = if wait >= 60_000 {
                    format!("{}m{}s", wait / 60_000, wait / 1000 % 60)
                } else {
                    format!("{}s", wait / 1000)
                };
                let tail = format!(
                    "restarting failed container={} pod={}_{}({})",
                    self.ctrs[t].name, self.name, self.ns, self.uid
                );
                self.ctrs[t].state = CState::Waiting("CrashLoopBackOff", format!("back-off {human} {tail}"));
                self.ev(
                    "Warning",
                    "BackOff",
                    format!(
                        "Back-off restarting failed container {} in pod {}_{}({})",
                        self.ctrs[t].name, self.name, self.ns, self.uid
                    ),
                    Some(t),
                );
                self.stage = Stage::Backoff;
                self.dirty = true;
                self.next = Some(now + wait);
            }
            Stage::Backoff => self.restart(now, t, rate),
            Stage::Stopping => {
                for i in 0..self.ctrs.len() {
                    if matches!(self.ctrs[i].state, CState::Running) {
                        self.stop_ctr(i, now, "Completed", 0);
                    }
                }
                if self.plan.what != Fast {
                    self.set_ready(false, now);
                    self.dirty = true;
                }
                self.stage = Stage::Gone;
                self.delete_now = true;
                self.next = None;
            }
            Stage::Finished | Stage::Gone => self.next = None,
        }
    }

    /// Back-off before attempt `n + 1`: doubling from the base up to the cap.
    fn step(&self, n: i64) -> i64 {
        let p = (n - 1).clamp(0, 20) as u32;
        self.plan.backoff.saturating_mul(1 << p).min(self.plan.backoff_max)
    }

    fn restart(&mut self, now: i64, t: usize, rate: f64) {
        self.ctrs[t].restarts += 1;
        self.start_ctr(t, now, rate, false);
        self.stage = Stage::Running;
        self.dirty = true;
        self.arm(now);
        if self.ready_at.is_some() {
            self.ready_at = Some(now + self.plan.ready_delay.unwrap_or(1200));
        }
        self.schedule();
    }

    fn run_on(&mut self, now: i64, t: usize) {
        use Behaviour::*;
        if self.exit_at.is_some_and(|x| x <= now) {
            self.exit_at = None;
            self.ready_at = None;
            let (reason, code) = match self.plan.what {
                Oom => ("OOMKilled", 137),
                Complete => ("Completed", 0),
                Evicted => ("Error", 137),
                ImagePull => ("Error", 143),
                _ => ("Error", self.plan.exit_code),
            };
            self.stop_ctr(t, now, reason, code);
            self.set_ready(false, now);
            self.dirty = true;
            self.exits += 1;
            let ends = self.policy == "Never" || (self.policy == "OnFailure" && code == 0);
            if self.plan.what == ImagePull {
                self.stage = Stage::Creating;
                self.next = Some(now + 500);
            } else if self.plan.what == Evicted || ends {
                for i in 0..self.ctrs.len() {
                    if matches!(self.ctrs[i].state, CState::Running) {
                        self.stop_ctr(i, now, "Completed", 0);
                    }
                }
                self.phase = if code == 0 { "Succeeded" } else { "Failed" };
                if self.plan.what == Evicted {
                    let m = format!(
                        "The node was low on resource: memory. Threshold quantity: 100Mi, available: 84512Ki. Container {} was using 1893412Ki, request is 128Mi, has larger consumption of memory. ",
                        self.ctrs[t].name
                    );
                    self.ev("Warning", "Evicted", m.clone(), None);
                    self.phase_reason = Some(("Evicted", m));
                }
                self.stage = Stage::Finished;
                self.next = None;
            } else {
                self.stage = Stage::Exited;
                self.next = Some(now + 1500);
            }
            return;
        }
        if self.ready_at.is_some_and(|x| x <= now) {
            self.ready_at = None;
            self.set_ready(true, now);
        }
        if self.probe_at.is_some_and(|x| x <= now) {
            match self.plan.what {
                Flap => {
                    let to = !self.ready;
                    self.set_ready(to, now);
                    if !to {
                        self.ev("Warning", "Unhealthy", "Readiness probe failed: Get \"http://10.244.0.9:8080/ready\": context deadline exceeded (Client.Timeout exceeded while awaiting headers)".into(), Some(t));
                    }
                    self.ready_at = None;
                    self.probe_at = Some(now + self.plan.run_for.unwrap_or(15_000));
                }
                Unready => {
                    self.ev(
                        "Warning",
                        "Unhealthy",
                        "Readiness probe failed: HTTP probe failed with statuscode: 503".into(),
                        Some(t),
                    );
                    self.probe_at = Some(now + 10_000);
                }
                _ => self.probe_at = None,
            }
        }
        self.schedule();
    }
}
