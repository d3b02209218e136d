//! Each reason, from a small scene of our own.
use super::*;
use crate::domain::object::{Condition, Kind, ObjectRef, Owner};
use crate::domain::pod::{ContainerRole, Resources};

fn id(kind: Kind, name: &str) -> ObjectRef {
    ObjectRef { context: "c".into(), kind, namespace: "n".into(), name: name.into() }
}

fn object(kind: Kind, name: &str, facts: Facts) -> Object {
    let uid = format!("uid-{name}").as_str().into();
    Object { id: id(kind, name), uid, created: Timestamp(0), deleting: false, owner: None, facts }
}

fn set(name: &str, revision: u64) -> Object {
    let facts = Workload { revision: Some(revision), ..Workload::default() };
    object(Kind::ReplicaSet, name, Facts::Workload(facts))
}

fn pod(name: &str, set: &str, state: ContainerState) -> Pod {
    let uid = format!("uid-{set}").as_str().into();
    Pod {
        id: id(Kind::Pod, name),
        uid: name.into(),
        created: Timestamp(0),
        owner: Some(Owner { kind: "ReplicaSet".into(), name: set.into(), uid }),
        labels: std::sync::Arc::new([]),
        node: Some("node-1".into()),
        ip: None,
        deleting: None,
        phase: Phase::Running,
        reason: None,
        message: None,
        ready: Some(false),
        containers: Box::new([Container {
            name: "web".into(),
            role: ContainerRole::Main,
            image: "x:7.3.0".into(),
            ready: false,
            restarts: 3,
            state,
            last: Some(Termination { reason: "OOMKilled".into(), code: 137, signal: None, finished: None }),
            requests: Resources::default(),
            limits: Resources::default(),
        }]),
    }
}

fn waits(reason: &str) -> ContainerState {
    ContainerState::Waiting { reason: reason.into(), message: None }
}

fn why(workload: &Workload, pods: &[Pod], nodes: &[NodeReady], events: &[Object]) -> Vec<String> {
    let of = object(Kind::Deployment, "web", Facts::Workload(workload.clone()));
    let sets = [set("old", 13), set("new", 14)];
    let now = Timestamp::from_seconds(1_000);
    why_stuck(&Scene { workload, of: &of, sets: &sets, pods, nodes, events, patience: Some(300), now })
}

fn stuck() -> Workload {
    Workload { desired: 3, current: 4, updated: 1, available: 3, revision: Some(14), ..Workload::default() }
}

#[test]
fn an_image_that_cannot_be_pulled_is_named() {
    let pods = [pod("a", "new", waits("ImagePullBackOff")), pod("b", "new", waits("ImagePullBackOff"))];
    assert_eq!(why(&stuck(), &pods, &[], &[]), ["image `x:7.3.0` cannot be pulled (ImagePullBackOff)"]);
}

#[test]
fn crashes_of_new_pods_are_told_and_those_of_old_ones_are_not() {
    let new = [pod("a", "new", waits("CrashLoopBackOff"))];
    assert_eq!(why(&stuck(), &new, &[], &[]), ["1 new pod crashes in `web`: OOMKilled 137"]);
    let old = [pod("a", "old", waits("CrashLoopBackOff"))];
    assert!(why(&stuck(), &old, &[], &[]).is_empty());
}

#[test]
fn pods_on_dead_nodes_say_when_they_are_evicted() {
    let pods = [
        pod("a", "new", ContainerState::Running { since: Timestamp(0) }),
        pod("b", "old", ContainerState::Running { since: Timestamp(0) }),
    ];
    let mut pods = pods.map(|mut pod| {
        pod.containers[0].restarts = 0;
        pod
    });
    let node = NodeReady { name: "node-1".into(), ready: None, since: Some(Timestamp::from_seconds(793)) };
    let nodes = [node];
    assert_eq!(
        why(&stuck(), &pods, &nodes, &[]),
        ["2 pods wait for dead node node-1; they are evicted in 93 s"]
    );
    pods[0].deleting = Some(Timestamp(1));
    assert_eq!(why(&stuck(), &pods, &nodes, &[]).len(), 2);
}

#[test]
fn a_used_up_quota_is_named_with_its_numbers() {
    let mut workload = stuck();
    workload.conditions.push(Condition {
        kind: "ReplicaFailure".into(),
        met: Some(true),
        reason: "FailedCreate".into(),
        message: "pods \"x\" is forbidden: exceeded quota: compute, requested: pods=1, used: pods=4, limited: pods=4"
            .into(),
        since: None,
    });
    assert_eq!(
        why(&workload, &[], &[], &[]),
        ["quota `compute` is used up: requested pods=1, used pods=4, limited pods=4"]
    );
}

#[test]
fn pods_without_a_node_repeat_what_the_scheduler_says() {
    let mut lost = pod("a", "new", ContainerState::Unknown);
    (lost.phase, lost.node) = (Phase::Pending, None);
    lost.message = Some("0/6 nodes are available: 6 Insufficient cpu. preemption: 0/6 nodes".into());
    let text = "no node fits 1 pod: 0/6 nodes are available: 6 Insufficient cpu";
    assert_eq!(why(&stuck(), &[lost], &[], &[]), [text]);
}

#[test]
fn a_failing_readiness_probe_is_told_from_its_latest_event() {
    let mut unready = pod("a", "new", ContainerState::Running { since: Timestamp(0) });
    unready.containers[0].restarts = 0;
    let event = Event {
        warning: true,
        reason: "Unhealthy".into(),
        message: "Readiness probe failed: HTTP 503".into(),
        about_kind: "Pod".into(),
        about: "a".into(),
        about_uid: "a".into(),
        count: 4,
        first: Timestamp::from_seconds(900),
        last: Timestamp::from_seconds(990),
        from: "kubelet".into(),
    };
    let events = [object(Kind::Event, "a.1", Facts::Event(event))];
    assert_eq!(why(&stuck(), &[unready], &[], &events), ["a readiness probe fails: HTTP 503"]);
}

#[test]
fn a_pause_and_a_passed_deadline_are_told() {
    let mut workload = Workload { paused: true, deadline_seconds: Some(600), ..stuck() };
    workload.conditions.push(Condition {
        kind: "Progressing".into(),
        met: Some(false),
        reason: "ProgressDeadlineExceeded".into(),
        message: "".into(),
        since: None,
    });
    assert_eq!(
        why(&workload, &[], &[], &[]),
        ["paused: nothing moves until it is resumed", "the deadline of 600 s passed"]
    );
}

#[test]
fn a_finished_rollout_has_no_reasons() {
    let done = Workload { desired: 1, current: 1, updated: 1, available: 1, ..Workload::default() };
    let pods = [pod("a", "new", waits("CrashLoopBackOff"))];
    assert!(why(&done, &pods, &[], &[]).is_empty());
}
