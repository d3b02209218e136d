//! What is wrong with a pod, worked out from what its kubelet says.
use std::borrow::Cow;

use super::{Container, ContainerRole, ContainerState, Phase, Pod, Resources, Termination};
use crate::domain::level::Level;
use crate::domain::time::Timestamp;

impl Pod {
    /// What the status column says, in the words that `kubectl get pods` uses.
    ///
    /// One word is ours: a pod that no node takes is `Unschedulable`, where others say only `Pending`.
    pub fn status(&self) -> Cow<'_, str> {
        if self.deleting.is_some() && !self.is_over() {
            return if self.is_lost() { "Unknown".into() } else { "Terminating".into() };
        }
        if let (Phase::Failed, Some(reason)) = (self.phase, &self.reason) {
            // Why the pod as a whole was ended tells more than how its containers took it.
            return (&**reason).into();
        }
        let mut status: Cow<'_, str> = self.reason.as_deref().unwrap_or(self.phase.name()).into();
        if let Some(initializing) = self.initializing() {
            return initializing;
        }
        let mut running = false;
        for container in self.of_role(ContainerRole::Main).rev() {
            match &container.state {
                ContainerState::Waiting { reason, .. } if !reason.is_empty() => status = (&**reason).into(),
                ContainerState::Terminated(end) => status = end.says(),
                ContainerState::Running { .. } => running |= container.ready,
                _ => {}
            }
        }
        // One container is done and another goes on: the pod runs.
        match &*status {
            "Completed" if running && self.ready == Some(true) => "Running".into(),
            "Completed" if running => "NotReady".into(),
            // Its containers are well and yet it gets no traffic: a gate, or its node was silent.
            "Running" if self.ready == Some(false) && self.all_ready() => "NotReady".into(),
            _ => status,
        }
    }

    /// How bad it is. `node_ready` is `None` when nothing is known of its node, because it has none or nodes may
    /// not be seen; a node whose kubelet has fallen silent is `Some(false)`.
    pub fn level(&self, node_ready: Option<bool>) -> Level {
        match self.phase {
            Phase::Succeeded => return Level::Done,
            Phase::Failed => return Level::Bad,
            Phase::Unknown => return Level::Unknown,
            Phase::Pending | Phase::Running => {}
        }
        // What a dead node last said of its pods is not true any more.
        if self.is_lost() || (self.node.is_some() && node_ready == Some(false)) {
            return Level::Unknown;
        }
        if self.deleting.is_some() {
            return Level::Warn;
        }
        // A debugging container that failed says nothing about the pod.
        let mut own = self.containers.iter().filter(|container| container.role != ContainerRole::Ephemeral);
        if own.any(Container::is_broken) || self.reason.as_deref() == Some(UNSCHEDULABLE) {
            return Level::Bad;
        }
        match (self.phase, self.ready) {
            (Phase::Running, Some(true)) => Level::Fine,
            _ => Level::Warn,
        }
    }

    fn all_ready(&self) -> bool {
        let (ready, all) = self.ready_count();
        ready == all
    }

    /// Ready containers of all that have to be; sidecars count, other init containers do not.
    pub fn ready_count(&self) -> (u32, u32) {
        let mut count = (0, 0);
        for container in self.lasting() {
            let running = matches!(container.state, ContainerState::Running { .. });
            count.0 += u32::from(container.ready && running);
            count.1 += 1;
        }
        count
    }

    /// Restarts of the containers that last; of all init containers while those still run.
    pub fn restarts(&self) -> u32 {
        if self.initializing().is_some() {
            let init = |container: &&Container| {
                matches!(container.role, ContainerRole::Init | ContainerRole::Sidecar)
            };
            return self.containers.iter().filter(init).map(|container| container.restarts).sum();
        }
        self.lasting().map(|container| container.restarts).sum()
    }

    /// When a container was last restarted.
    pub fn last_restart(&self) -> Option<Timestamp> {
        let restarted = self.containers.iter().filter(|container| container.restarts > 0);
        restarted.filter_map(|container| container.last.as_ref()?.finished).max()
    }

    /// The end of a container that tells most: out of memory before any other failure, a failure before an end
    /// without one, the newest first.
    pub fn last_end(&self) -> Option<(&Container, &Termination)> {
        let ends = self.containers.iter().flat_map(|container| {
            let now = match &container.state {
                // An init container that did its work is no news.
                ContainerState::Terminated(end)
                    if !(end.is_clean() && container.role == ContainerRole::Init) =>
                {
                    Some(end)
                }
                _ => None,
            };
            now.into_iter().chain(&container.last).map(move |end| (container, end))
        });
        ends.max_by_key(|(_, end)| (&*end.reason == OOM_KILLED, !end.is_clean(), end.finished))
    }

    /// What all containers that last ask for together; `None` where one of them sets nothing.
    pub fn requests(&self) -> Resources {
        self.sum(|container| container.requests)
    }

    /// What they may use at most; `None` where one of them is not limited.
    pub fn limits(&self) -> Resources {
        self.sum(|container| container.limits)
    }

    fn sum(&self, of: impl Fn(&Container) -> Resources) -> Resources {
        let all: Vec<Resources> = self.lasting().map(of).collect();
        if all.is_empty() {
            return Resources::default();
        }
        Resources {
            cpu_milli: all.iter().map(|each| each.cpu_milli).sum(),
            memory: all.iter().map(|each| each.memory).sum(),
        }
    }

    /// It will never run again.
    fn is_over(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// Its node was given up by the cluster.
    fn is_lost(&self) -> bool {
        self.reason.as_deref() == Some("NodeLost")
    }

    fn of_role(&self, role: ContainerRole) -> impl DoubleEndedIterator<Item = &Container> {
        self.containers.iter().filter(move |container| container.role == role)
    }

    /// The containers that are meant to run as long as the pod does.
    fn lasting(&self) -> impl Iterator<Item = &Container> {
        self.containers
            .iter()
            .filter(|container| matches!(container.role, ContainerRole::Main | ContainerRole::Sidecar))
    }

    /// `Init:0/2` and the like, while the init containers are not through.
    fn initializing(&self) -> Option<Cow<'_, str>> {
        let init = || {
            self.containers.iter().filter(|c| matches!(c.role, ContainerRole::Init | ContainerRole::Sidecar))
        };
        // Once a main container was started the init containers are through, whatever became of a sidecar.
        let begun =
            |c: &Container| matches!(c.state, ContainerState::Running { .. } | ContainerState::Terminated(_));
        if self.is_over() || self.of_role(ContainerRole::Main).any(|c| begun(c) || c.restarts > 0) {
            return None;
        }
        // Before the kubelet has said anything there is nothing to count.
        if init().all(|container| container.state == ContainerState::Unknown) {
            return None;
        }
        for (done, container) in init().enumerate() {
            return Some(match &container.state {
                ContainerState::Terminated(end) if end.code == 0 => continue,
                ContainerState::Running { .. } if container.role == ContainerRole::Sidecar => continue,
                ContainerState::Terminated(end) => format!("Init:{}", end.says()).into(),
                ContainerState::Waiting { reason, .. }
                    if !reason.is_empty() && &**reason != "PodInitializing" =>
                {
                    format!("Init:{reason}").into()
                }
                _ => format!("Init:{done}/{}", init().count()).into(),
            });
        }
        None
    }
}

/// The reason of a pod that no node takes.
const UNSCHEDULABLE: &str = "Unschedulable";
const OOM_KILLED: &str = "OOMKilled";

impl Container {
    /// Broken now, as far as its kubelet says: it failed, or it waits for something that does not come.
    pub fn is_broken(&self) -> bool {
        match &self.state {
            ContainerState::Waiting { reason, .. } => {
                !matches!(&**reason, "" | "ContainerCreating" | "PodInitializing")
            }
            ContainerState::Terminated(end) => !end.is_clean(),
            ContainerState::Running { .. } | ContainerState::Unknown => false,
        }
    }
}

impl Termination {
    pub fn is_clean(&self) -> bool {
        self.code == 0 && self.signal.is_none()
    }

    /// Its reason, or what stands for one: `Signal:9`, `ExitCode:3`.
    pub fn says(&self) -> Cow<'_, str> {
        match self.signal {
            _ if !self.reason.is_empty() => (&*self.reason).into(),
            Some(signal) => format!("Signal:{signal}").into(),
            None => format!("ExitCode:{}", self.code).into(),
        }
    }
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::Pending => "Pending",
            Phase::Running => "Running",
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Unknown => "Unknown",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::object::{Kind, ObjectRef};

    fn pod(phase: Phase, containers: Vec<Container>) -> Pod {
        let id = ObjectRef {
            context: "lab".into(),
            kind: Kind::Pod,
            namespace: "shop".into(),
            name: "api".into(),
        };
        Pod {
            id,
            uid: "u".into(),
            created: Timestamp(0),
            owner: None,
            labels: Vec::new().into(),
            node: Some("n1".into()),
            ip: None,
            deleting: None,
            phase,
            reason: None,
            message: None,
            ready: Some(phase == Phase::Running),
            containers: containers.into(),
        }
    }

    fn container(role: ContainerRole, state: ContainerState) -> Container {
        Container {
            name: "c".into(),
            role,
            image: "i:1".into(),
            ready: matches!(state, ContainerState::Running { .. }),
            restarts: 0,
            state,
            last: None,
            requests: Resources::default(),
            limits: Resources::default(),
        }
    }

    fn waiting(reason: &str) -> ContainerState {
        ContainerState::Waiting { reason: reason.into(), message: None }
    }

    fn ended(reason: &str, code: i32) -> ContainerState {
        ContainerState::Terminated(end(reason, code, 0))
    }

    fn end(reason: &str, code: i32, at: i64) -> Termination {
        Termination { reason: reason.into(), code, signal: None, finished: Some(Timestamp(at)) }
    }

    const RUNNING: ContainerState = ContainerState::Running { since: Timestamp(0) };
    use ContainerRole::{Init, Main, Sidecar};

    #[test]
    fn a_status_says_what_is_wrong_in_the_words_people_know() {
        for (phase, state, status, level) in [
            (Phase::Running, RUNNING, "Running", Level::Fine),
            (Phase::Running, waiting("CrashLoopBackOff"), "CrashLoopBackOff", Level::Bad),
            (Phase::Pending, waiting("ImagePullBackOff"), "ImagePullBackOff", Level::Bad),
            (Phase::Pending, waiting("ContainerCreating"), "ContainerCreating", Level::Warn),
            (Phase::Pending, waiting("CreateContainerConfigError"), "CreateContainerConfigError", Level::Bad),
            (Phase::Running, ended("OOMKilled", 137), "OOMKilled", Level::Bad),
            (Phase::Failed, ended("Error", 1), "Error", Level::Bad),
            (Phase::Failed, ended("", 3), "ExitCode:3", Level::Bad),
            (Phase::Succeeded, ended("Completed", 0), "Completed", Level::Done),
            (Phase::Pending, ContainerState::Unknown, "Pending", Level::Warn),
        ] {
            let pod = pod(phase, vec![container(Main, state)]);
            assert_eq!((&*pod.status(), pod.level(Some(true))), (status, level));
        }
    }

    #[test]
    fn init_containers_are_counted_until_they_are_through() {
        let creating = || container(Main, waiting("PodInitializing"));
        for (states, status, level) in [
            ([RUNNING, waiting("PodInitializing")], "Init:0/2", Level::Warn),
            ([ended("Completed", 0), RUNNING], "Init:1/2", Level::Warn),
            ([waiting("CrashLoopBackOff"), waiting("PodInitializing")], "Init:CrashLoopBackOff", Level::Bad),
            ([ended("Error", 2), waiting("PodInitializing")], "Init:Error", Level::Bad),
            ([ended("Completed", 0), ended("Completed", 0)], "PodInitializing", Level::Warn),
        ] {
            let mut all: Vec<Container> = states.into_iter().map(|state| container(Init, state)).collect();
            all.push(creating());
            let pod = pod(Phase::Pending, all);
            assert_eq!((&*pod.status(), pod.level(None)), (status, level));
        }
    }

    #[test]
    fn a_sidecar_counts_as_ready_and_holds_nothing_up() {
        let pod = pod(
            Phase::Running,
            vec![
                container(Sidecar, RUNNING),
                container(Init, ended("Completed", 0)),
                container(Main, RUNNING),
                container(Main, waiting("CrashLoopBackOff")),
            ],
        );
        assert_eq!((pod.ready_count(), &*pod.status()), ((2, 3), "CrashLoopBackOff"));
    }

    #[test]
    fn a_pod_on_a_dead_node_is_unknown_whatever_it_last_said() {
        let fine = pod(Phase::Running, vec![container(Main, RUNNING)]);
        assert_eq!(fine.level(Some(false)), Level::Unknown);
        assert_eq!(fine.level(None), Level::Fine);
        let done = pod(Phase::Succeeded, vec![container(Main, ended("Completed", 0))]);
        assert_eq!(done.level(Some(false)), Level::Done);
    }

    #[test]
    fn a_pod_that_goes_is_terminating_and_one_on_a_lost_node_is_unknown() {
        let mut pod = pod(Phase::Running, vec![container(Main, RUNNING)]);
        pod.deleting = Some(Timestamp(9));
        assert_eq!((&*pod.status(), pod.level(Some(true))), ("Terminating", Level::Warn));
        pod.reason = Some("NodeLost".into());
        assert_eq!((&*pod.status(), pod.level(None)), ("Unknown", Level::Unknown));
    }

    #[test]
    fn evicted_and_unschedulable_are_said_and_bad() {
        let mut evicted = pod(Phase::Failed, vec![container(Main, ended("Error", 137))]);
        evicted.reason = Some("Evicted".into());
        assert_eq!((&*evicted.status(), evicted.level(None)), ("Evicted", Level::Bad));
        let mut homeless = pod(Phase::Pending, vec![container(Main, ContainerState::Unknown)]);
        homeless.node = None;
        homeless.reason = Some(UNSCHEDULABLE.into());
        assert_eq!((&*homeless.status(), homeless.level(None)), ("Unschedulable", Level::Bad));
    }

    #[test]
    fn running_but_not_ready_is_a_warning() {
        let mut pod = pod(Phase::Running, vec![container(Main, RUNNING)]);
        for ready in [Some(false), None] {
            pod.ready = ready;
            assert_eq!(pod.level(Some(true)), Level::Warn);
        }
        // Why it is one: that all its containers are ready is no reason.
        pod.ready = Some(false);
        assert_eq!(pod.status(), "NotReady");
        pod.containers[0].ready = false;
        assert_eq!(pod.status(), "Running");
    }

    #[test]
    fn a_debugging_container_that_failed_does_not_make_the_pod_bad() {
        let debug = container(ContainerRole::Ephemeral, ended("Error", 127));
        assert_eq!(pod(Phase::Running, vec![container(Main, RUNNING), debug]).level(None), Level::Fine);
    }

    #[test]
    fn one_container_done_beside_one_that_runs_is_running() {
        let mut pod =
            pod(Phase::Running, vec![container(Main, ended("Completed", 0)), container(Main, RUNNING)]);
        assert_eq!(pod.status(), "Running");
        pod.ready = Some(false);
        assert_eq!(pod.status(), "NotReady");
    }

    #[test]
    fn restarts_are_those_of_the_containers_that_last() {
        let mut init = container(Init, ended("Completed", 0));
        init.restarts = 5;
        let mut main = container(Main, RUNNING);
        main.restarts = 2;
        main.last = Some(end("Error", 1, 70));
        let up = pod(Phase::Running, vec![init.clone(), main]);
        assert_eq!((up.restarts(), up.last_restart()), (2, Some(Timestamp(70))));
        init.state = waiting("CrashLoopBackOff");
        let stuck = pod(Phase::Pending, vec![init, container(Main, waiting("PodInitializing"))]);
        assert_eq!(stuck.restarts(), 5);
    }

    #[test]
    fn out_of_memory_is_the_most_telling_end() {
        let mut worker = container(Main, waiting("CrashLoopBackOff"));
        worker.last = Some(end(OOM_KILLED, 137, 10));
        let mut other = container(Main, RUNNING);
        other.last = Some(end("Error", 1, 99));
        let pod = pod(Phase::Running, vec![container(Init, ended("Completed", 0)), other, worker]);
        assert_eq!(pod.last_end().map(|(_, end)| (&*end.reason, end.code)), Some((OOM_KILLED, 137)));
    }

    #[test]
    fn an_init_container_that_did_its_work_is_no_end_to_tell_of() {
        let pod = pod(Phase::Running, vec![container(Init, ended("Completed", 0)), container(Main, RUNNING)]);
        assert_eq!(pod.last_end(), None);
    }

    #[test]
    fn a_sum_with_something_unset_in_it_is_unset() {
        let set = Resources { cpu_milli: Some(100), memory: Some(64) };
        let mut one = container(Main, RUNNING);
        (one.requests, one.limits) = (set, set);
        let mut two = one.clone();
        two.limits.memory = None;
        let pod = pod(Phase::Running, vec![one, two]);
        assert_eq!(pod.requests(), Resources { cpu_milli: Some(200), memory: Some(128) });
        assert_eq!(pod.limits(), Resources { cpu_milli: Some(200), memory: None });
    }
}
