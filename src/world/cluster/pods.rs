//! The status of a pod as its kubelet reports it.
use jiff::Timestamp;
use serde_json::{Value, json};

use super::kubelet::{Container, End, Life, State};
use super::value::{Dig, condition, mark, stamp};

pub(super) fn report(life: &Life, pod: &mut Value, now: Timestamp) {
    let flag = |on: bool| if on { "True" } else { "False" };
    let names: Vec<&str> = life
        .containers
        .iter()
        .filter(|one| !one.runs() || !life.ready)
        .map(|one| one.name.as_str())
        .collect();
    let why = match (life.ready, life.phase) {
        (true, _) => ("", String::new()),
        (_, "Succeeded") => ("PodCompleted", String::new()),
        (_, "Failed") => ("PodFailed", String::new()),
        _ => ("ContainersNotReady", format!("containers with unready status: [{}]", names.join(" "))),
    };
    pod.put("/status/phase", life.phase);
    condition(pod, now, "Initialized", "True", "", "");
    condition(pod, now, "Ready", flag(life.ready), why.0, &why.1);
    condition(pod, now, "ContainersReady", flag(life.ready), why.0, &why.1);
    pod.put("/status/startTime", stamp(life.started));
    let node = host(pod.text("/spec/nodeName"));
    pod.put("/status/hostIP", node);
    if life.phase != "Pending" {
        pod.put("/status/podIP", life.ip.as_str());
        pod.put("/status/podIPs", json!([{"ip": life.ip}]));
    }
    let all: Vec<Value> = life.containers.iter().map(|one| status(one, life.ready, &life.uid)).collect();
    pod.put("/status/containerStatuses", all);
}

/// The address of a node.
pub(super) fn host(node: &str) -> String {
    let mark = mark(node);
    format!("10.0.{}.{}", mark % 16, mark / 16 % 250 + 2)
}

/// So many hexadecimal digits as an identity has.
fn digits(of: &str) -> String {
    ["a", "b", "c", "d"].map(|salt| format!("{:016x}", mark(&[of, salt].concat()))).concat()
}

fn ended(end: &End) -> Value {
    json!({"terminated": {"exitCode": end.code, "reason": end.reason, "startedAt": stamp(end.began), "finishedAt": stamp(end.at)}})
}

fn status(one: &Container, ready: bool, uid: &str) -> Value {
    let state = match &one.state {
        State::Waiting(reason, message) if message.is_empty() => json!({"waiting": {"reason": reason}}),
        State::Waiting(reason, message) => json!({"waiting": {"reason": reason, "message": message}}),
        State::Running(since) => json!({"running": {"startedAt": stamp(*since)}}),
        State::Ended(end) => ended(end),
    };
    let begun = one.log.end() > 0 || one.restarts > 0;
    let name = one.image.rsplit_once(':').filter(|(_, tag)| !tag.contains('/'));
    let name = name.map_or(&*one.image, |(name, _)| name);
    let known = |id: String| if begun { id } else { String::new() };
    json!({
        "name": one.name, "image": one.image, "restartCount": one.restarts, "state": state,
        "lastState": one.last.as_ref().map_or_else(|| json!({}), ended),
        "ready": one.runs() && ready,
        "started": one.runs(),
        "imageID": known(format!("{name}@sha256:{}", digits(&one.image))),
        "containerID": known(format!("containerd://{}", digits(&format!("{uid}/{}/{}", one.name, one.restarts)))),
    })
}
