//! The status of a pod as its kubelet reports it.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::kubelet::{Container, End, Life, State};
use super::value::{Dig, condition, mark, stamp};

pub(super) fn report(life: &Life, pod: &mut Value, now: Timestamp) {
    let flag = |on: bool| if on { "True" } else { "False" };
    let begun = life.phase != "Pending";
    let started = life.started.unwrap_or(now);
    let over = matches!(life.phase, "Succeeded" | "Failed");
    let waiting: Vec<&str> =
        life.containers.iter().filter(|one| !one.init && !one.runs()).map(|one| one.name.as_str()).collect();
    let why = match (life.ready, life.phase) {
        (true, _) => ("", String::new()),
        (_, "Succeeded") => ("PodCompleted", String::new()),
        (_, "Failed") => ("PodFailed", String::new()),
        _ => {
            let unready: Vec<&str> =
                life.containers.iter().filter(|one| !one.init).map(|one| one.name.as_str()).collect();
            let listed = if waiting.is_empty() { unready } else { waiting };
            ("ContainersNotReady", format!("containers with unready status: [{}]", listed.join(" ")))
        }
    };
    pod.put("/status/phase", life.phase);
    condition(pod, now, "PodReadyToStartContainers", flag(!over), "", "");
    let initialised = if life.phase == "Succeeded" { "PodCompleted" } else { "" };
    condition(
        pod,
        now,
        "Initialized",
        flag(begun || !life.containers.iter().any(|one| one.init)),
        initialised,
        "",
    );
    condition(pod, now, "Ready", flag(life.ready), why.0, &why.1);
    condition(pod, now, "ContainersReady", flag(life.ready), why.0, &why.1);
    pod.put("/status/startTime", stamp(started));
    let node = pod.text("/spec/nodeName").to_owned();
    pod.put("/status/hostIP", host(&node));
    pod.put("/status/hostIPs", json!([{"ip": host(&node)}]));
    if begun || life.containers.iter().any(Container::runs) {
        pod.put("/status/podIP", life.ip.clone());
        pod.put("/status/podIPs", json!([{"ip": life.ip}]));
    }
    if let Some((reason, message)) = &life.reason {
        pod.put("/status/reason", *reason);
        pod.put("/status/message", message.as_str());
    }
    for (list, init) in [("/status/initContainerStatuses", true), ("/status/containerStatuses", false)] {
        let all: Vec<Value> = life
            .containers
            .iter()
            .filter(|one| one.init == init)
            .map(|one| status(one, life.ready, &life.uid))
            .collect();
        if !all.is_empty() {
            pod.put(list, all);
        }
    }
}

/// The address of a node.
pub(super) fn host(node: &str) -> String {
    let mark = mark(node);
    format!("10.0.{}.{}", mark % 16, mark / 16 % 250 + 2)
}

fn id(uid: &str, one: &Container, run: u32) -> String {
    let part = |salt: &str| mark(&format!("{uid}/{}/{run}/{salt}", one.name));
    format!("containerd://{:016x}{:016x}{:016x}{:016x}", part("a"), part("b"), part("c"), part("d"))
}

fn digest(image: &str) -> String {
    let part = |salt: &str| mark(&format!("{image}/{salt}"));
    let name = image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/')).map_or(image, |(name, _)| name);
    format!("{name}@sha256:{:016x}{:016x}{:016x}{:016x}", part("a"), part("b"), part("c"), part("d"))
}

fn ended(end: &End, id: &str) -> Value {
    json!({"terminated": {"exitCode": end.code, "reason": end.reason, "startedAt": stamp(end.began), "finishedAt": stamp(end.at),
        "containerID": id}})
}

fn status(one: &Container, ready: bool, uid: &str) -> Value {
    let current = id(uid, one, one.restarts);
    let before = id(uid, one, one.restarts.saturating_sub(1));
    let state = match &one.state {
        State::Waiting(reason, message) if message.is_empty() => json!({"waiting": {"reason": reason}}),
        State::Waiting(reason, message) => json!({"waiting": {"reason": reason, "message": message}}),
        State::Running(since) => json!({"running": {"startedAt": stamp(*since)}}),
        State::Ended(end) => ended(end, &current),
    };
    let known = !matches!(
        one.state,
        State::Waiting("ContainerCreating" | "PodInitializing" | "ErrImagePull" | "ImagePullBackOff", _)
    );
    // While it waits for its next run the last one is the current.
    let last = one
        .last
        .as_ref()
        .map_or_else(|| json!({}), |end| ended(end, if one.runs() { &before } else { &current }));
    json!({
        "name": one.name, "image": one.image, "restartCount": one.restarts, "state": state, "lastState": last,
        "ready": if one.init { matches!(one.state, State::Ended(_)) } else { one.runs() && ready },
        "started": one.runs(),
        "imageID": if known { digest(&one.image) } else { String::new() },
        "containerID": if known { current } else { String::new() },
    })
}
