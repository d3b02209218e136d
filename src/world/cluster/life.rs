//! What happens to a pod when a time has come: pulled, started, ready, failed, restarted, ended.
use jiff::Timestamp;

use super::behaviour::What;
use super::kubelet::{End, Life, Stage, State};
use super::value::{later, whole};
use crate::world::base::seconds;

impl Life {
    /// The next thing whose time has come; true when the pod is gone.
    pub(super) fn step(&mut self, now: Timestamp) -> bool {
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
                for (at, one) in self.containers.iter().enumerate() {
                    self.said.push(("Pulling", format!("Pulling image \"{}\"", one.image), Some(at)));
                }
            }
            Stage::Creating if stuck => {
                let why =
                    r#"MountVolume.SetUp failed for volume "config" : configmap "app-config" not found"#;
                self.said.push(("!FailedMount", why.into(), None));
                self.due = Some(later(now, 30.0));
            }
            Stage::Creating | Stage::PullFailed | Stage::PullBackoff => {
                if self.plan.what == What::ImagePull {
                    self.pull(now);
                    return false;
                }
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
        let Some(one) = self.containers.get_mut(at).filter(|one| !one.runs()) else { return };
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
        self.tell("Pulled", pulled, at);
        self.tell("Created", format!("Container created: {name}"), at);
        self.tell("Started", format!("Container started: {name}"), at);
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
            self.tell("BackOff", why, at);
            self.tell("!Failed", "Error: ImagePullBackOff", at);
            self.stage = Stage::PullBackoff;
            self.due = Some(later(now, self.wait(self.exits)));
            return;
        }
        let why = format!(
            "rpc error: code = NotFound desc = failed to pull and unpack image \"{image}\": failed to resolve reference \"{image}\": {image}: not found"
        );
        one.state = State::Waiting("ErrImagePull", why.clone());
        self.tell("!Failed", format!("Failed to pull image \"{image}\": {why}"), at);
        self.tell("!Failed", "Error: ErrImagePull", at);
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
        let (minutes, rest) = (whole(wait) / 60, whole(wait) % 60);
        let human = if minutes > 0 { format!("{minutes}m{rest}s") } else { format!("{rest}s") };
        let name = one.name.clone();
        if let State::Ended(end) = &one.state {
            one.last = Some(end.clone());
        }
        let why = format!("back-off {human} restarting failed container={name} pod={}", self.title);
        one.state = State::Waiting("CrashLoopBackOff", why);
        self.tell(
            "!BackOff",
            format!("Back-off restarting failed container {name} in pod {}", self.title),
            at,
        );
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
                let code = "HTTP probe failed with statuscode: 503";
                let why = if flaps { "context deadline exceeded" } else { code };
                self.tell("!Unhealthy", format!("Readiness probe failed: {why}"), at);
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
        let ran = seconds(self.since(now), now);
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
