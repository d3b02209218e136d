//! How a pod reads to a client: its status, its usage and its events.
use super::plan::Behaviour;
use super::{CState, Pod, Run, Stage};
use crate::clock::{hash, mix, secs};
use serde_json::{Value, json};

const ZERO: &str = "0000000000000000";

impl Pod {
    fn ended(r: &Run, uid: &str) -> Value {
        json!({"terminated": {
            "exitCode": r.exit, "reason": r.reason,
            "startedAt": secs(r.start), "finishedAt": secs(r.end.unwrap_or(r.start)),
            "containerID": cid(uid, r.seed),
        }})
    }

    pub fn status(&self) -> Value {
        let g = self.generation;
        let done = self.phase == "Succeeded" || self.phase == "Failed";
        let t = self.target();
        let cond = |k: &str, v: bool, at: i64, why: Option<(&str, String)>| {
            let mut c = json!({"type": k, "status": if v {"True"} else {"False"}, "observedGeneration": g,
                "lastProbeTime": null, "lastTransitionTime": secs(at)});
            // A null clears what an earlier patch may have left under the same condition type.
            c["reason"] = why.as_ref().map_or(Value::Null, |w| json!(w.0));
            c["message"] = why.as_ref().map_or(Value::Null, |w| json!(w.1));
            c
        };
        let bad: Vec<&str> = self
            .ctrs
            .iter()
            .enumerate()
            .filter(|(i, c)| !self.ready && (*i == t || !matches!(c.state, CState::Running)))
            .map(|(_, c)| c.name.as_str())
            .collect();
        let why = (!self.ready).then(|| {
            if self.phase == "Succeeded" {
                ("PodCompleted", String::new())
            } else if self.phase == "Failed" {
                ("PodFailed", String::new())
            } else {
                ("ContainersNotReady", format!("containers with unready status: [{}]", bad.join(" ")))
            }
        });
        let conds = json!([
            cond("PodScheduled", true, self.created, None),
            cond("PodReadyToStartContainers", !done && self.phase != "Pending", self.started, None),
            cond("Initialized", true, self.started, None),
            cond("ContainersReady", self.ready, self.ready_since, why.clone()),
            cond("Ready", self.ready, self.ready_since, why),
        ]);
        let cs: Vec<Value> = self
            .ctrs
            .iter()
            .enumerate()
            .map(|(i, c)| {
                let state = match &c.state {
                    CState::Waiting(r, m) if m.is_empty() => json!({"waiting": {"reason": r}}),
                    CState::Waiting(r, m) => json!({"waiting": {"reason": r, "message": m}}),
                    CState::Running => json!({"running": {"startedAt": c.run.as_ref().map(|r| secs(r.start))}}),
                    CState::Exited => c.run.as_ref().map_or(json!({}), |r| Self::ended(r, &self.uid)),
                };
                let last = match &c.state {
                    CState::Waiting(..) => c.run.as_ref().filter(|r| r.end.is_some()).or(c.prev.as_ref()),
                    _ => c.prev.as_ref(),
                };
                let running = matches!(c.state, CState::Running);
                let live = c.run.as_ref();
                json!({
                    "name": c.name, "image": c.image,
                    "imageID": if live.is_some() { format!("docker.io/test/{}@sha256:{:016x}{ZERO}{ZERO}{ZERO}", c.name, hash(&c.image)) } else { String::new() },
                    "containerID": live.map_or(String::new(), |r| cid(&self.uid, r.seed)),
                    "restartCount": c.restarts,
                    "ready": running && (self.ready || i != t),
                    "started": running,
                    "state": state,
                    "lastState": last.map_or(json!({}), |r| Self::ended(r, &self.uid)),
                })
            })
            .collect();
        let inits: Vec<Value> = self
            .inits
            .iter()
            .map(|(n, img)| {
                let at = secs(self.started);
                json!({"name": n, "image": img, "imageID": "", "ready": true, "restartCount": 0, "started": false,
                    "containerID": cid(&self.uid, hash(n)), "lastState": {},
                    "state": {"terminated": {"exitCode": 0, "reason": "Completed", "startedAt": at, "finishedAt": at, "containerID": cid(&self.uid, hash(n))}}})
            })
            .collect();
        let mut s = json!({
            "phase": self.phase, "observedGeneration": g, "conditions": conds,
            "hostIP": "127.0.0.1", "hostIPs": [{"ip": "127.0.0.1"}],
            "startTime": secs(self.started), "containerStatuses": cs,
        });
        if self.stage != Stage::Creating && self.stage != Stage::New {
            s["podIP"] = json!(self.ip);
            s["podIPs"] = json!([{"ip": self.ip}]);
        }
        if !inits.is_empty() {
            s["initContainerStatuses"] = json!(inits);
        }
        if let Some((r, m)) = &self.phase_reason {
            s["containerStatuses"] = json!([]); // an evicted pod no longer speaks of its containers
            s["reason"] = json!(r);
            s["message"] = json!(m);
        }
        json!({"metadata": {"uid": self.uid}, "status": s})
    }

    /// (cpu in millicores, memory in MiB) of container `i` now.
    pub fn usage(&self, i: usize, now: i64) -> (f64, f64) {
        let c = &self.ctrs[i];
        let Some(r) = c.run.as_ref().filter(|_| matches!(c.state, CState::Running)) else {
            return (0.0, 0.0);
        };
        let h = mix(r.seed ^ 7);
        let wob =
            ((now as f64 / 1000.0 / (20.0 + (h % 40) as f64) + (h % 628) as f64 / 100.0).sin() + 1.0) / 2.0;
        let cpu = self.plan.cpu_milli.unwrap_or(4.0 + (h % 90) as f64) * (0.7 + 0.6 * wob);
        let room = c.mem_limit.map_or(f64::MAX, |l| l * 0.7);
        let base = self.plan.mem_mi.unwrap_or((40.0 + (h >> 8 & 127) as f64).min(room));
        let mem = match (self.plan.what, self.exit_at) {
            (Behaviour::Oom, Some(x)) if i == self.target() => {
                let top = c.mem_limit.unwrap_or(base * 3.0);
                let p = ((now - r.start) as f64 / (x - r.start).max(1) as f64).clamp(0.0, 1.0);
                top * (0.35 + 0.64 * p)
            }
            _ => base * (0.96 + 0.08 * wob),
        };
        (cpu, mem)
    }

    /// The pending events as (object name, body, count); a repeat becomes a count on the first one.
    pub fn drain_events(&mut self, now: i64) -> Vec<(String, Value, bool)> {
        let evs = std::mem::take(&mut self.events);
        evs.into_iter()
            .map(|e| {
                let key = format!("{}|{}|{}", e.reason, e.msg, e.container.as_deref().unwrap_or(""));
                let at = secs(now);
                if let Some((name, n)) = self.event_log.get_mut(&key) {
                    *n += 1;
                    return (name.clone(), json!({"count": n, "lastTimestamp": at}), false);
                }
                let name = format!("{}.{:016x}", self.name, mix(hash(&key) ^ now as u64));
                self.event_log.insert(key, (name.clone(), 1));
                let mut o = json!({"kind": "Pod", "apiVersion": "v1", "namespace": self.ns, "name": self.name, "uid": self.uid});
                if let Some(c) = &e.container {
                    o["fieldPath"] = json!(format!("spec.containers{{{c}}}"));
                }
                let b = json!({"apiVersion": "v1", "kind": "Event", "metadata": {"name": name, "namespace": self.ns},
                    "involvedObject": o, "reason": e.reason, "message": e.msg, "type": e.kind,
                    "source": {"component": "kubelet", "host": self.node}, "reportingComponent": "kubelet", "reportingInstance": self.node,
                    "firstTimestamp": at, "lastTimestamp": at, "count": 1, "eventTime": null});
                (name, b, true)
            })
            .collect()
    }
}

fn cid(uid: &str, n: u64) -> String {
    let a = mix(hash(uid) ^ n);
    format!("containerd://{a:016x}{:016x}{:016x}{:016x}", mix(a), mix(a ^ 1), mix(a ^ 2))
}
