//! JSON objects as the facts of the domain, as far as the deeds need them.
use serde_json::Value;

use super::pick::{
    annotation, controller, count, flag, items, label, milli, name, number, pairs, text, time, uid, whole,
};
use crate::domain::Text;
use crate::domain::object::{Condition, Event, Facts, Kind, Object, ObjectRef, Owner, Workload};
use crate::domain::pod::{Container, ContainerRole, ContainerState, Phase, Pod, Resources, Termination};
use crate::domain::rollout::NodeReady;
use crate::domain::time::Timestamp;

/// Which object this is.
pub(super) fn id(context: &Text, kind: Kind, object: &Value) -> ObjectRef {
    let namespace = if kind.namespaced() { text(object, "/metadata/namespace") } else { "" };
    ObjectRef { context: context.clone(), kind, namespace: namespace.into(), name: name(object).into() }
}

pub(super) fn workload_object(context: &Text, kind: Kind, object: &Value) -> Object {
    wrap(context, kind, object, Facts::Workload(workload(kind, object)))
}

fn wrap(context: &Text, kind: Kind, object: &Value, facts: Facts) -> Object {
    Object {
        id: id(context, kind, object),
        uid: uid(object).into(),
        created: time(object, "/metadata/creationTimestamp").unwrap_or_default(),
        deleting: object.pointer("/metadata/deletionTimestamp").is_some(),
        owner: owner(object),
        facts,
    }
}

fn owner(object: &Value) -> Option<Owner> {
    let (kind, name, uid) = controller(object)?;
    Some(Owner { kind: kind.into(), name: name.into(), uid: uid.into() })
}

/// A deployment, replica set, stateful set or daemon set.
pub(super) fn workload(kind: Kind, object: &Value) -> Workload {
    let status = |field: &str| count(object, &format!("/status/{field}"));
    let seen = Workload {
        generation: number(object, "/metadata/generation").unwrap_or(0),
        observed: number(object, "/status/observedGeneration").unwrap_or(0),
        paused: flag(object, "/spec/paused"),
        revision: revision(object),
        images: containers(object, "/spec/template/spec")
            .map(|(_, c)| (text(c, "/name").into(), text(c, "/image").into()))
            .collect(),
        selector: pairs(object, "/spec/selector/matchLabels")
            .into_iter()
            .map(|(k, v)| (k.into(), v.into()))
            .collect(),
        conditions: conditions(object),
        strategy: strategy(object).into(),
        deadline_seconds: number(object, "/spec/progressDeadlineSeconds").and_then(|s| u32::try_from(s).ok()),
        ..Workload::default()
    };
    if kind == Kind::DaemonSet {
        return Workload {
            desired: status("desiredNumberScheduled"),
            current: status("currentNumberScheduled"),
            updated: status("updatedNumberScheduled"),
            ready: status("numberReady"),
            available: status("numberAvailable"),
            unavailable: status("numberUnavailable"),
            ..seen
        };
    }
    let desired = number(object, "/spec/replicas").map_or(1, |n| u32::try_from(n).unwrap_or(0));
    let available =
        if kind == Kind::StatefulSet { status("readyReplicas") } else { status("availableReplicas") };
    Workload {
        desired,
        current: status("replicas"),
        updated: status("updatedReplicas"),
        ready: status("readyReplicas"),
        available,
        unavailable: desired.saturating_sub(available),
        ..seen
    }
}

fn revision(object: &Value) -> Option<u64> {
    annotation(object, "deployment.kubernetes.io/revision").parse().ok()
}

fn strategy(object: &Value) -> &str {
    match text(object, "/spec/strategy/type") {
        "" => text(object, "/spec/updateStrategy/type"),
        kind => kind,
    }
}

/// Init containers first, each with what it is.
pub(super) fn containers<'v>(
    object: &'v Value,
    spec: &str,
) -> impl Iterator<Item = (ContainerRole, &'v Value)> + use<'v> {
    let list = |field: &str| items(object, &format!("{spec}/{field}")).iter();
    let init = list("initContainers").map(|c| {
        let keeps_running = text(c, "/restartPolicy") == "Always";
        (if keeps_running { ContainerRole::Sidecar } else { ContainerRole::Init }, c)
    });
    init.chain(list("containers").map(|c| (ContainerRole::Main, c)))
        .chain(list("ephemeralContainers").map(|c| (ContainerRole::Ephemeral, c)))
}

pub(super) fn conditions(object: &Value) -> Vec<Condition> {
    items(object, "/status/conditions")
        .iter()
        .map(|c| Condition {
            kind: text(c, "/type").into(),
            met: met(c),
            reason: text(c, "/reason").into(),
            message: text(c, "/message").into(),
            since: time(c, "/lastTransitionTime"),
        })
        .collect()
}

fn met(condition: &Value) -> Option<bool> {
    match text(condition, "/status") {
        "True" => Some(true),
        "False" => Some(false),
        _ => None,
    }
}

pub(super) fn pod(context: &Text, object: &Value) -> Pod {
    let scheduled = items(object, "/status/conditions").iter().find(|c| text(c, "/type") == "PodScheduled");
    let unscheduled = scheduled.filter(|c| met(c) == Some(false)).map(|c| text(c, "/message"));
    let some = |pointer: &str| Some(text(object, pointer)).filter(|t| !t.is_empty());
    Pod {
        id: id(context, Kind::Pod, object),
        uid: uid(object).into(),
        created: time(object, "/metadata/creationTimestamp").unwrap_or_default(),
        owner: owner(object),
        labels: pairs(object, "/metadata/labels").into_iter().map(|(k, v)| (k.into(), v.into())).collect(),
        node: some("/spec/nodeName").map(Text::from),
        ip: some("/status/podIP").map(Text::from),
        deleting: time(object, "/metadata/deletionTimestamp"),
        phase: match text(object, "/status/phase") {
            "Pending" => Phase::Pending,
            "Running" => Phase::Running,
            "Succeeded" => Phase::Succeeded,
            "Failed" => Phase::Failed,
            _ => Phase::Unknown,
        },
        reason: some("/status/reason")
            .or_else(|| unscheduled.and(scheduled).map(|c| text(c, "/reason")).filter(|r| !r.is_empty()))
            .map(Text::from),
        message: unscheduled.or_else(|| some("/status/message")).filter(|m| !m.is_empty()).map(Text::from),
        ready: items(object, "/status/conditions").iter().find(|c| text(c, "/type") == "Ready").and_then(met),
        containers: containers(object, "/spec").map(|(role, c)| container(object, role, c)).collect(),
    }
}

/// What the kubelet says of a container, by its name.
pub(super) fn container_status<'v>(object: &'v Value, role: ContainerRole, name: &str) -> Option<&'v Value> {
    let field = match role {
        ContainerRole::Init | ContainerRole::Sidecar => "initContainerStatuses",
        ContainerRole::Main => "containerStatuses",
        ContainerRole::Ephemeral => "ephemeralContainerStatuses",
    };
    items(object, &format!("/status/{field}")).iter().find(|status| text(status, "/name") == name)
}

fn container(object: &Value, role: ContainerRole, spec: &Value) -> Container {
    let status = container_status(object, role, text(spec, "/name")).unwrap_or(&Value::Null);
    let resources = |kind: &str| Resources {
        cpu_milli: milli(text(spec, &format!("/resources/{kind}/cpu"))),
        memory: whole(text(spec, &format!("/resources/{kind}/memory"))),
    };
    Container {
        name: text(spec, "/name").into(),
        role,
        image: text(spec, "/image").into(),
        ready: flag(status, "/ready"),
        restarts: count(status, "/restartCount"),
        state: state(status),
        last: status.pointer("/lastState/terminated").map(termination),
        requests: resources("requests"),
        limits: resources("limits"),
    }
}

fn state(status: &Value) -> ContainerState {
    if let Some(waiting) = status.pointer("/state/waiting") {
        let message = Some(text(waiting, "/message")).filter(|m| !m.is_empty());
        return ContainerState::Waiting {
            reason: text(waiting, "/reason").into(),
            message: message.map(Text::from),
        };
    }
    if let Some(end) = status.pointer("/state/terminated") {
        return ContainerState::Terminated(termination(end));
    }
    match time(status, "/state/running/startedAt") {
        Some(since) => ContainerState::Running { since },
        None => ContainerState::Unknown,
    }
}

fn termination(end: &Value) -> Termination {
    let small = |pointer: &str| number(end, pointer).and_then(|n| i32::try_from(n).ok());
    Termination {
        reason: text(end, "/reason").into(),
        code: small("/exitCode").unwrap_or(-1),
        signal: small("/signal").filter(|s| *s != 0),
        finished: time(end, "/finishedAt"),
    }
}

pub(super) fn event(context: &Text, object: &Value) -> Object {
    let first = time(object, "/firstTimestamp").or_else(|| time(object, "/eventTime"));
    let created = time(object, "/metadata/creationTimestamp").unwrap_or_default();
    let last = time(object, "/series/lastObservedTime").or_else(|| time(object, "/lastTimestamp")).or(first);
    let from = match text(object, "/source/component") {
        "" => text(object, "/reportingComponent"),
        component => component,
    };
    let times = count(object, "/series/count").max(count(object, "/count")).max(1);
    let facts = Event {
        warning: text(object, "/type") == "Warning",
        reason: text(object, "/reason").into(),
        message: text(object, "/message").trim().into(),
        about_kind: text(object, "/involvedObject/kind").into(),
        about: text(object, "/involvedObject/name").into(),
        about_uid: text(object, "/involvedObject/uid").into(),
        count: times,
        first: first.unwrap_or(created),
        last: last.unwrap_or(created),
        from: from.into(),
    };
    wrap(context, Kind::Event, object, Facts::Event(facts))
}

pub(super) fn node_ready(object: &Value) -> NodeReady {
    let ready = items(object, "/status/conditions").iter().find(|c| text(c, "/type") == "Ready");
    // Eviction counts from the taint, which comes after the condition.
    let tainted = items(object, "/spec/taints")
        .iter()
        .filter(|t| text(t, "/effect") == "NoExecute")
        .find_map(|t| time(t, "/timeAdded"));
    NodeReady {
        name: name(object).into(),
        ready: ready.and_then(met),
        since: tainted.or_else(|| ready.and_then(|c| time(c, "/lastTransitionTime"))),
    }
}

/// Seconds that pods of this template or pod stay on a node that is gone; `None` is for ever.
pub(super) fn patience(object: &Value, spec: &str) -> Option<u64> {
    let gone = "node.kubernetes.io/unreachable";
    let tolerations = items(object, &format!("{spec}/tolerations"));
    let found = tolerations.iter().find(|t| matches!(text(t, "/key"), key if key == gone || key.is_empty()));
    match found {
        Some(toleration) => number(toleration, "/tolerationSeconds").and_then(|s| u64::try_from(s).ok()),
        // Admission adds five minutes to pods that say nothing.
        None => Some(300),
    }
}

/// The number of a `ControllerRevision`.
pub(super) fn revision_of_history(object: &Value) -> Option<u64> {
    number(object, "/revision").and_then(|n| u64::try_from(n).ok())
}

/// `app=web,tier=front`, for a query.
pub(super) fn selector(object: &Value) -> Option<String> {
    let labels = pairs(object, "/spec/selector/matchLabels");
    let expressions = items(object, "/spec/selector/matchExpressions");
    let mut parts: Vec<String> = labels.into_iter().map(|(key, value)| format!("{key}={value}")).collect();
    for expression in expressions {
        let key = text(expression, "/key");
        let values: Vec<&str> = items(expression, "/values").iter().filter_map(Value::as_str).collect();
        parts.push(match text(expression, "/operator") {
            "In" => format!("{key} in ({})", values.join(",")),
            "NotIn" => format!("{key} notin ({})", values.join(",")),
            "Exists" => key.to_owned(),
            "DoesNotExist" => format!("!{key}"),
            _ => return None,
        });
    }
    (!parts.is_empty()).then(|| parts.join(","))
}

/// What a selector of a disruption budget says of a pod's labels.
pub(super) fn selects(selector: &Value, pod: &Value) -> bool {
    let matches = pairs(selector, "/matchLabels").into_iter().all(|(key, value)| label(pod, key) == value);
    let has = |key: &str| pod.pointer("/metadata/labels").is_some_and(|labels| labels.get(key).is_some());
    let expressions = items(selector, "/matchExpressions").iter().all(|expression| {
        let key = text(expression, "/key");
        let named = items(expression, "/values").iter().any(|v| v.as_str() == Some(label(pod, key)));
        match text(expression, "/operator") {
            "In" => has(key) && named,
            "NotIn" => !has(key) || !named,
            "Exists" => has(key),
            "DoesNotExist" => !has(key),
            _ => false,
        }
    });
    matches && expressions
}

/// Youngest last.
pub(super) fn by_time(events: &mut [Object]) {
    let last = |object: &Object| match &object.facts {
        Facts::Event(event) => event.last,
        _ => Timestamp::default(),
    };
    events.sort_by_key(last);
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_pod_on_a_crashing_image_keeps_its_last_end() {
        let pod = pod(
            &"c".into(),
            &json!({
                "metadata": {"name": "w", "namespace": "n", "uid": "u"},
                "spec": {"containers": [{"name": "w", "image": "i", "resources": {"limits": {"memory": "64Mi"}}}]},
                "status": {"phase": "Running", "containerStatuses": [{
                    "name": "w", "restartCount": 4, "ready": false,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137}},
                }]},
            }),
        );
        let container = &pod.containers[0];
        assert_eq!(container.last.as_ref().map(|l| (l.code, &*l.reason)), Some((137, "OOMKilled")));
        assert_eq!((container.restarts, container.limits.memory), (4, Some(64 << 20)));
    }

    #[test]
    fn selectors_with_expressions_choose_the_pods_that_the_server_would() {
        let selector = json!({"matchLabels": {"app": "web"}, "matchExpressions": [
            {"key": "tier", "operator": "NotIn", "values": ["back"]}, {"key": "old", "operator": "DoesNotExist"}]});
        let pod = |labels: Value| json!({"metadata": {"labels": labels}});
        assert!(selects(&selector, &pod(json!({"app": "web"}))));
        assert!(!selects(&selector, &pod(json!({"app": "web", "tier": "back"}))));
        assert!(!selects(&selector, &pod(json!({"app": "web", "old": ""}))));
        assert!(!selects(&selector, &pod(json!({"app": "api"}))));
    }

    #[test]
    fn garbage_gives_facts_without_meaning_but_never_ends_the_program() {
        for garbage in [json!(null), json!([1]), json!({"spec": 3, "status": "x", "metadata": []})] {
            let _ = pod(&"c".into(), &garbage);
            let _ = workload(Kind::Deployment, &garbage);
            let _ = event(&"c".into(), &garbage);
            let _ = node_ready(&garbage);
        }
    }
}
