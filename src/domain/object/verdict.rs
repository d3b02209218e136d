//! How each kind is doing, in a word and a level.
use std::borrow::Cow;

use super::{Certificate, Condition, Event, Facts, Hpa, Job, Node, Object, Workload};
use crate::domain::level::Level;

impl Object {
    pub fn level(&self) -> Level {
        let level = self.facts.level();
        // What is going away is not as it should be, but nothing is broken by that.
        if self.deleting && level == Level::Fine { Level::Warn } else { level }
    }

    /// What a status column says.
    pub fn status(&self) -> Cow<'_, str> {
        if self.deleting { "Terminating".into() } else { self.facts.status() }
    }
}

impl Facts {
    pub fn level(&self) -> Level {
        match self {
            Facts::Workload(workload) => workload.level(),
            Facts::Job(job) => job.level(),
            Facts::CronJob(_) | Facts::Configuration(_) => Level::Fine,
            Facts::Hpa(hpa) => hpa.level(),
            Facts::Node(node) => node.level(),
            Facts::Event(event) => event.level(),
            Facts::Certificate(certificate) => certificate.level(),
            Facts::Namespace { phase } => match &**phase {
                "Active" => Level::Fine,
                "Terminating" => Level::Warn,
                _ => Level::Unknown,
            },
            Facts::Volume(volume) => match &*volume.phase {
                "Bound" | "Available" => Level::Fine,
                // It holds data that nobody has claimed since.
                "Released" | "Pending" => Level::Warn,
                "Failed" => Level::Bad,
                _ => Level::Unknown,
            },
            Facts::Alerts(facts) => facts.level(),
            Facts::Database(facts) => facts.level(),
            Facts::Redis(facts) => facts.level(),
            Facts::Container(container) => container.level(),
            Facts::Vital(vital) => vital.level(),
            Facts::Change(change) => change.level(),
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self {
            Facts::Workload(workload) => workload.status(),
            Facts::Job(job) => job.status(),
            Facts::CronJob(cron) if cron.suspended => "Suspended".into(),
            Facts::CronJob(cron) if cron.active > 0 => "Active".into(),
            Facts::CronJob(_) => "Scheduled".into(),
            Facts::Hpa(hpa) => hpa.status(),
            Facts::Node(node) => node.status(),
            Facts::Event(event) => (&*event.reason).into(),
            Facts::Certificate(certificate) => certificate.status(),
            Facts::Namespace { phase } if phase.is_empty() => "Unknown".into(),
            Facts::Namespace { phase } => (&**phase).into(),
            Facts::Volume(volume) if volume.phase.is_empty() => "Unknown".into(),
            Facts::Volume(volume) => (&*volume.phase).into(),
            Facts::Configuration(held) if held.keys.len() == 1 => "1 key".into(),
            Facts::Configuration(held) => format!("{} keys", held.keys.len()).into(),
            Facts::Alerts(facts) => facts.status(),
            Facts::Database(facts) => facts.status(),
            Facts::Redis(facts) => facts.status(),
            Facts::Container(container) => container.status(),
            Facts::Vital(vital) => vital.status(),
            Facts::Change(change) => change.status(),
        }
    }
}

fn find<'c>(conditions: &'c [Condition], kind: &str) -> Option<&'c Condition> {
    conditions.iter().find(|condition| &*condition.kind == kind)
}

impl Workload {
    /// Every replica that is asked for runs what is asked for, and the controller has seen the wish.
    pub fn is_settled(&self) -> bool {
        self.observed >= self.generation
            && self.updated >= self.desired
            && self.current == self.desired
            && self.available >= self.desired
    }

    /// The controller has given up on the rollout, or cannot make pods at all.
    pub fn stuck(&self) -> Option<&Condition> {
        let quota = find(&self.conditions, "ReplicaFailure").filter(|condition| condition.met == Some(true));
        quota.or_else(|| {
            find(&self.conditions, "Progressing").filter(|condition| condition.met == Some(false))
        })
    }

    pub fn level(&self) -> Level {
        if self.stuck().is_some() || (self.desired > 0 && self.available == 0 && self.ready == 0) {
            Level::Bad
        } else if self.is_settled() && self.available >= self.desired {
            Level::Fine
        } else {
            Level::Warn
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        if let Some(stuck) = self.stuck() {
            return if stuck.reason.is_empty() { "Stuck".into() } else { (&*stuck.reason).into() };
        }
        if self.paused {
            return "Paused".into();
        }
        if self.desired == 0 && self.current == 0 {
            return "ScaledToZero".into();
        }
        if self.is_settled() {
            return "Ready".into();
        }
        if self.observed < self.generation || self.updated < self.desired || self.current != self.desired {
            return format!("Progressing {}/{}", self.updated.min(self.desired), self.desired).into();
        }
        format!("Unavailable {}/{}", self.desired.saturating_sub(self.available), self.desired).into()
    }
}

impl Job {
    fn ended(&self, kind: &str) -> bool {
        find(&self.conditions, kind).is_some_and(|condition| condition.met == Some(true))
    }

    pub fn level(&self) -> Level {
        if self.ended("Failed") {
            Level::Bad
        } else if self.ended("Complete") {
            Level::Done
        } else if self.failed > 0 || self.suspended {
            Level::Warn
        } else {
            Level::Fine
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        if self.ended("Failed") {
            "Failed".into()
        } else if self.ended("Complete") {
            "Complete".into()
        } else if self.suspended {
            "Suspended".into()
        } else {
            format!("Running {}/{}", self.succeeded, self.wanted).into()
        }
    }
}

impl Hpa {
    /// Why it does not do its work: it has no metric, or may not scale.
    pub fn stuck(&self) -> Option<&Condition> {
        let off = |kind| find(&self.conditions, kind).filter(|condition| condition.met == Some(false));
        // Scaling that is switched off by zero replicas is a wish, not a fault.
        let active = off("ScalingActive").filter(|condition| &*condition.reason != "ScalingDisabled");
        off("AbleToScale").or(active)
    }

    /// It wants more than it may.
    pub fn is_limited(&self) -> bool {
        let limited =
            find(&self.conditions, "ScalingLimited").is_some_and(|condition| condition.met == Some(true));
        limited && self.max > 0 && self.desired >= self.max
    }

    pub fn level(&self) -> Level {
        if self.stuck().is_some() {
            Level::Bad
        } else if self.is_limited() || self.current != self.desired {
            Level::Warn
        } else {
            Level::Fine
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self.stuck() {
            Some(stuck) if !stuck.reason.is_empty() => (&*stuck.reason).into(),
            Some(_) => "Stuck".into(),
            None if self.is_limited() => "AtMaximum".into(),
            None if self.current != self.desired => {
                format!("Scaling {} → {}", self.current, self.desired).into()
            }
            None => "Ready".into(),
        }
    }
}

impl Node {
    pub fn level(&self) -> Level {
        let pressed = self.conditions.iter().any(|condition| &*condition.kind != "Ready");
        match self.ready {
            Some(false) => Level::Bad,
            // Its kubelet is silent: whatever we last knew of it may be wrong.
            None => Level::Unknown,
            Some(true) if pressed || self.unschedulable => Level::Warn,
            Some(true) => Level::Fine,
        }
    }

    /// As kubectl says it, with the pressures that are on.
    pub fn status(&self) -> Cow<'_, str> {
        let ready = match self.ready {
            Some(true) => "Ready",
            Some(false) => "NotReady",
            None => "Unknown",
        };
        let pressures =
            self.conditions.iter().map(|condition| &*condition.kind).filter(|kind| *kind != "Ready");
        let cordoned = self.unschedulable.then_some("SchedulingDisabled");
        let rest: Vec<&str> = cordoned.into_iter().chain(pressures).collect();
        if rest.is_empty() { ready.into() } else { format!("{ready},{}", rest.join(",")).into() }
    }
}

impl Event {
    pub fn level(&self) -> Level {
        if self.warning { Level::Warn } else { Level::Fine }
    }
}

impl Certificate {
    pub fn level(&self) -> Level {
        match self.ready {
            Some(true) => Level::Fine,
            Some(false) => Level::Bad,
            None => Level::Unknown,
        }
    }

    pub fn status(&self) -> Cow<'_, str> {
        match self.ready {
            Some(true) => "Ready".into(),
            Some(false) if !self.reason.is_empty() => (&*self.reason).into(),
            Some(false) => "NotReady".into(),
            None => "Unknown".into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::time::Timestamp;

    fn condition(kind: &str, met: Option<bool>, reason: &str) -> Condition {
        Condition { kind: kind.into(), met, reason: reason.into(), message: "".into(), since: None }
    }

    fn workload(desired: u32, updated: u32, available: u32) -> Workload {
        Workload { desired, current: desired, updated, ready: available, available, ..Workload::default() }
    }

    fn told(facts: &Facts) -> (String, Level) {
        (facts.status().into_owned(), facts.level())
    }

    #[test]
    fn a_workload_tells_a_rollout_from_a_fault() {
        let mut unseen = workload(3, 3, 3);
        unseen.generation = 2;
        let mut dead = workload(3, 1, 2);
        dead.conditions = vec![condition("Progressing", Some(false), "ProgressDeadlineExceeded")];
        for (workload, status, level) in [
            (workload(3, 3, 3), "Ready", Level::Fine),
            (workload(3, 1, 3), "Progressing 1/3", Level::Warn),
            (workload(3, 3, 2), "Unavailable 1/3", Level::Warn),
            (workload(3, 3, 0), "Unavailable 3/3", Level::Bad),
            (workload(0, 0, 0), "ScaledToZero", Level::Fine),
            (unseen, "Progressing 3/3", Level::Warn),
            (dead, "ProgressDeadlineExceeded", Level::Bad),
        ] {
            assert_eq!(told(&Facts::Workload(workload)), (status.into(), level));
        }
    }

    #[test]
    fn a_workload_without_quota_says_so() {
        let mut starved = workload(3, 1, 1);
        starved.conditions = vec![
            condition("Progressing", Some(true), "NewReplicaSet"),
            condition("ReplicaFailure", Some(true), "FailedCreate"),
        ];
        assert_eq!(told(&Facts::Workload(starved)), ("FailedCreate".into(), Level::Bad));
    }

    #[test]
    fn a_job_that_is_over_is_done_or_bad() {
        let job = |conditions, failed| Facts::Job(Job { wanted: 2, failed, conditions, ..Job::default() });
        let complete = vec![condition("Complete", Some(true), "")];
        let failed = vec![condition("Failed", Some(true), "BackoffLimitExceeded")];
        assert_eq!(told(&job(complete, 1)), ("Complete".into(), Level::Done));
        assert_eq!(told(&job(failed, 4)), ("Failed".into(), Level::Bad));
        assert_eq!(told(&job(vec![], 1)), ("Running 0/2".into(), Level::Warn));
    }

    #[test]
    fn an_autoscaler_without_its_metric_is_broken_and_one_at_its_maximum_warns() {
        let hpa = |desired, conditions| {
            Facts::Hpa(Hpa { max: 8, current: 8, desired, conditions, ..Hpa::default() })
        };
        let blind = vec![condition("ScalingActive", Some(false), "FailedGetResourceMetric")];
        let off = vec![condition("ScalingActive", Some(false), "ScalingDisabled")];
        let limited = vec![condition("ScalingLimited", Some(true), "TooManyReplicas")];
        assert_eq!(told(&hpa(8, blind)), ("FailedGetResourceMetric".into(), Level::Bad));
        assert_eq!(told(&hpa(8, off)), ("Ready".into(), Level::Fine));
        assert_eq!(told(&hpa(8, limited)), ("AtMaximum".into(), Level::Warn));
        assert_eq!(told(&hpa(5, vec![])), ("Scaling 8 → 5".into(), Level::Warn));
    }

    #[test]
    fn a_silent_node_is_unknown_and_a_pressed_or_cordoned_one_warns() {
        let node = |ready, unschedulable, conditions: Vec<Condition>| {
            Facts::Node(Node { ready, conditions, unschedulable, ..Node::default() })
        };
        let pressed = vec![condition("MemoryPressure", Some(true), "")];
        assert_eq!(told(&node(Some(true), false, vec![])), ("Ready".into(), Level::Fine));
        assert_eq!(told(&node(Some(true), true, vec![])), ("Ready,SchedulingDisabled".into(), Level::Warn));
        assert_eq!(told(&node(Some(true), false, pressed)), ("Ready,MemoryPressure".into(), Level::Warn));
        assert_eq!(told(&node(Some(false), false, vec![])), ("NotReady".into(), Level::Bad));
        let silent = vec![condition("Ready", None, "NodeStatusUnknown")];
        assert_eq!(told(&node(None, false, silent)), ("Unknown".into(), Level::Unknown));
    }

    #[test]
    fn a_certificate_of_which_nothing_is_known_is_not_green() {
        let cert = |ready, reason: &str| {
            Facts::Certificate(Certificate { ready, reason: reason.into(), ..Certificate::default() })
        };
        assert_eq!(told(&cert(None, "")), ("Unknown".into(), Level::Unknown));
        assert_eq!(told(&cert(Some(false), "Expired")), ("Expired".into(), Level::Bad));
        assert_eq!(told(&cert(Some(true), "Ready")), ("Ready".into(), Level::Fine));
    }

    #[test]
    fn what_is_going_away_says_so() {
        let id = crate::domain::object::ObjectRef {
            context: "lab".into(),
            kind: crate::domain::object::Kind::Deployment,
            namespace: "shop".into(),
            name: "web".into(),
        };
        let facts = Facts::Workload(workload(1, 1, 1));
        let (uid, created) = ("u".into(), Timestamp(0));
        let object = Object { id, uid, created, deleting: true, owner: None, facts };
        assert_eq!((object.status(), object.level()), ("Terminating".into(), Level::Warn));
    }
}
