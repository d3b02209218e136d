//! A pod: what is wrong with it in words, its containers, where it runs and what it carries.
use serde_json::Value;

use super::{Around, Draft, ago, conditions, container};
use crate::domain::level::Level;
use crate::domain::news::Section;
use crate::domain::pod::{ContainerRole, ContainerState, Phase, Pod};
use crate::domain::text::counted;
use crate::domain::time::Timestamp;
use crate::sources::kubernetes::deeds::facts::{self, container_status, containers};
use crate::sources::kubernetes::deeds::pick::{controller, flag, items, number, text, time};

pub(super) fn describe(object: &Value, around: &Around<'_>, now: Timestamp) -> Vec<Section> {
    let pod = facts::pod(&"".into(), object);
    let mut sections = vec![status(object, &pod, around, now)];
    for (known, (role, spec)) in pod.containers.iter().zip(containers(object, "/spec")) {
        let said = container_status(object, role, &known.name);
        let wrote = around.wrote.iter().find(|wrote| wrote.container == *known.name);
        sections.push(container::describe(known, spec, said, wrote, now).done());
    }
    sections.push(place(object, now));
    sections.push(volumes(object));
    sections.push(conditions(&facts::conditions(object), now));
    sections
}

fn status(object: &Value, pod: &Pod, around: &Around<'_>, now: Timestamp) -> Section {
    let mut draft = Draft::new("Status");
    for (n, (says, level)) in troubles(object, pod, around, now).into_iter().enumerate() {
        draft.graded(if n == 0 { "in words" } else { "" }, says, level);
    }
    let main =
        pod.containers.iter().filter(|c| matches!(c.role, ContainerRole::Main | ContainerRole::Sidecar));
    let (all, ready) = main.fold((0, 0), |(all, ready), c| (all + 1, ready + u32::from(c.ready)));
    draft.line("phase", text(object, "/status/phase"));
    draft.line("ready", format!("{ready} of {all} containers"));
    draft.done()
}

/// Everything that is wrong, the worst first; one calm sentence when nothing is.
fn troubles(object: &Value, pod: &Pod, around: &Around<'_>, now: Timestamp) -> Vec<(String, Level)> {
    let mut out = Vec::new();
    if let Some(node) = around.node {
        let ready = facts::node_ready(node);
        if ready.ready != Some(true) {
            let words =
                format!("unknown: its node {} stopped being ready {}", ready.name, ago(ready.since, now));
            out.push((words, Level::Unknown));
        }
    }
    let homeless = pod.phase == Phase::Pending && pod.node.is_none();
    if let Some(reason) = pod.reason.as_ref().filter(|_| !homeless) {
        let message = pod.message.as_deref().map(|m| format!(": {m}")).unwrap_or_default();
        out.push((format!("{reason}{message}"), Level::Bad));
    }
    if homeless {
        let message = pod.message.as_deref().unwrap_or("the scheduler has not said why");
        out.push((format!("no node yet: {message}"), Level::Bad));
    }
    if let Some(at) = pod.deleting {
        let overdue = now.since(at).as_secs();
        let (words, level) = if overdue > 30 {
            (
                format!("should have been gone {}: its node or a finalizer holds it", ago(Some(at), now)),
                Level::Bad,
            )
        } else {
            ("is being deleted".to_owned(), Level::Warn)
        };
        out.push((words, level));
    }
    for container in &pod.containers {
        out.extend(trouble(container, now));
    }
    let unready = pod.ready == Some(false) && pod.phase == Phase::Running;
    if out.is_empty() && unready {
        let gates = items(object, "/status/conditions").iter();
        let gate = gates.filter(|c| text(c, "/status") == "False").find_map(|c| {
            let waits_for = items(object, "/spec/readinessGates").iter();
            waits_for.map(|g| text(g, "/conditionType")).find(|kind| *kind == text(c, "/type"))
        });
        let words = gate.map_or_else(|| "not ready".to_owned(), |gate| format!("waits for the gate {gate}"));
        out.push((words, Level::Warn));
    }
    if out.is_empty() {
        out.push(match pod.phase {
            Phase::Running => ("runs as it should".into(), Level::Fine),
            Phase::Succeeded => ("completed".into(), Level::Done),
            Phase::Pending => ("is being started".into(), Level::Warn),
            Phase::Failed => ("failed".into(), Level::Bad),
            Phase::Unknown => ("not known".into(), Level::Unknown),
        });
    }
    out.sort_by_key(|(_, level)| *level);
    out
}

fn trouble(container: &crate::domain::pod::Container, now: Timestamp) -> Option<(String, Level)> {
    let name = &container.name;
    let last = container.last.as_ref().map(|end| container::ended(end, now));
    match &container.state {
        ContainerState::Waiting { reason, message } => {
            let message = message.as_deref().unwrap_or_default();
            match &**reason {
                "ContainerCreating" | "PodInitializing" => None,
                "CrashLoopBackOff" => {
                    let last = last.map(|l| format!("; it ended with {l}")).unwrap_or_default();
                    let times = counted(container.restarts.into(), "restart");
                    Some((format!("`{name}` crashes again and again ({times}){last}"), Level::Bad))
                }
                "ImagePullBackOff" | "ErrImagePull" | "InvalidImageName" => {
                    let image = &container.image;
                    Some((format!("`{name}`: image `{image}` cannot be pulled: {message}"), Level::Bad))
                }
                other => Some((format!("`{name}` cannot start: {other} {message}"), Level::Bad)),
            }
        }
        ContainerState::Terminated(end) if end.code != 0 => {
            Some((format!("`{name}` ended: {}", container::ended(end, now)), Level::Bad))
        }
        ContainerState::Running { .. } if container.restarts > 0 && container.role != ContainerRole::Init => {
            let last = last?;
            let times = counted(container.restarts.into(), "time");
            Some((format!("`{name}` was restarted {times}; last: {last}"), Level::Warn))
        }
        ContainerState::Running { .. } if !container.ready && container.role == ContainerRole::Main => {
            Some((format!("`{name}` runs but is not ready"), Level::Warn))
        }
        _ => None,
    }
}

fn place(object: &Value, now: Timestamp) -> Section {
    let mut draft = Draft::new("Place");
    let node = text(object, "/spec/nodeName");
    draft.line("node", if node.is_empty() { "none" } else { node });
    draft.line("address", text(object, "/status/podIP"));
    if let Some((kind, name, _)) = controller(object) {
        draft.line("owner", format!("{kind} {name}"));
    } else {
        draft.graded("owner", "none: when it is gone, nothing brings it back", Level::Warn);
    }
    draft.line("started", ago(time(object, "/status/startTime"), now));
    draft.line("quality", text(object, "/status/qosClass"));
    draft.line("priority", text(object, "/spec/priorityClassName"));
    draft.line("account", text(object, "/spec/serviceAccountName"));
    draft.line("restarts", text(object, "/spec/restartPolicy"));
    let grace = number(object, "/spec/terminationGracePeriodSeconds").unwrap_or(30);
    draft.line("time to stop", format!("{grace} s"));
    for toleration in items(object, "/spec/tolerations") {
        // These two are added to every pod and tell nothing.
        let key = text(toleration, "/key");
        let usual = matches!(key, "node.kubernetes.io/not-ready" | "node.kubernetes.io/unreachable")
            && number(toleration, "/tolerationSeconds") == Some(300);
        if !usual {
            let key = if key.is_empty() { "everything" } else { key };
            let (value, effect) = (text(toleration, "/value"), text(toleration, "/effect"));
            let value = if value.is_empty() { String::new() } else { format!("={value}") };
            draft.line("tolerates", format!("{key}{value} {effect}").trim().to_owned());
        }
    }
    draft.done()
}

fn volumes(object: &Value) -> Section {
    let mut draft = Draft::new("Volumes");
    for volume in items(object, "/spec/volumes") {
        let name = text(volume, "/name");
        // The token that every pod gets.
        if name.starts_with("kube-api-access-") {
            continue;
        }
        let part = |at: &str| text(volume, at);
        let says = match volume
            .as_object()
            .into_iter()
            .flatten()
            .map(|(key, _)| key.as_str())
            .find(|k| *k != "name")
        {
            Some("configMap") => format!("config map {}", part("/configMap/name")),
            Some("secret") => format!("secret {}", part("/secret/secretName")),
            Some("persistentVolumeClaim") => {
                let only = if flag(volume, "/persistentVolumeClaim/readOnly") { " (read only)" } else { "" };
                format!("claim {}{only}", part("/persistentVolumeClaim/claimName"))
            }
            Some("emptyDir") => "empty at start, lost with the pod".into(),
            Some("hostPath") => format!("{} of the node", part("/hostPath/path")),
            Some(other) => other.to_owned(),
            None => String::new(),
        };
        draft.line(name, says);
    }
    draft.done()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::sources::kubernetes::deeds::wrote::Wrote;

    fn first_words(object: &Value) -> String {
        let sections = describe(object, &Around::default(), Timestamp::from_seconds(1_000));
        sections[0].lines[0].value.clone()
    }

    #[test]
    fn the_first_line_says_in_words_what_is_wrong_and_why() {
        let pod = json!({
            "spec": {"nodeName": "n1", "containers": [{"name": "w", "image": "x:1"}]},
            "status": {"phase": "Running", "containerStatuses": [{
                "name": "w", "restartCount": 6, "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                "lastState": {"terminated": {"reason": "OOMKilled", "exitCode": 137, "finishedAt": "1970-01-01T00:16:00Z"}}}]},
        });
        assert_eq!(
            first_words(&pod),
            "`w` crashes again and again (6 restarts); it ended with OOMKilled, exit code 137 \
             (out of memory: it used more than its limit), 40s ago"
        );
    }

    #[test]
    fn a_pod_without_a_node_repeats_the_scheduler() {
        let pod = json!({"status": {"phase": "Pending", "conditions": [
            {"type": "PodScheduled", "status": "False", "message": "0/6 nodes are available"}]}});
        assert_eq!(first_words(&pod), "no node yet: 0/6 nodes are available");
    }

    #[test]
    fn values_of_secrets_are_never_described() {
        let pod = json!({"spec": {"containers": [{"name": "w", "env": [
            {"name": "DB_PASSWORD", "value": "PLANTED"}, {"name": "URL", "value": "http://a:PLANTED@b"}],
            "args": ["--token=PLANTED"]}]}, "status": {"phase": "Running"}});
        let all = format!("{:?}", describe(&pod, &Around::default(), Timestamp(0)));
        assert!(!all.contains("PLANTED") && all.contains("DB_PASSWORD"), "{all}");
    }

    #[test]
    fn what_a_crashing_container_wrote_last_stands_by_its_end() {
        let pod = serde_json::from_str(
            r#"{"metadata":{"name":"web-1"},"spec":{"containers":[{"name":"app"},{"name":"side"}]},
            "status":{"phase":"Running","containerStatuses":[
              {"name":"app","restartCount":6,"state":{"waiting":{"reason":"CrashLoopBackOff"}},
               "lastState":{"terminated":{"exitCode":1,"reason":"Error"}}}]}}"#,
        )
        .unwrap();
        let lines = |lines| vec![Wrote { container: "app".into(), lines }];
        let told = |wrote| {
            let sections = describe(&pod, &Around { wrote, ..Around::default() }, Timestamp(0));
            let app = sections.into_iter().find(|section| section.title == "Container app").unwrap();
            let first = app.lines.iter().position(|line| line.label == "wrote last").unwrap();
            let ended = app.lines.iter().position(|line| line.label == "ended before").unwrap();
            assert!(ended < first && app.lines[first + 1..].iter().any(|line| line.label == "restarts"));
            app.lines[first..].iter().map(|line| line.value.clone()).take(2).collect::<Vec<_>>()
        };
        let two = Ok(vec!["cannot open /config".into(), "giving up".into()]);
        assert_eq!(told(lines(two)), ["cannot open /config", "giving up"]);
        assert_eq!(told(lines(Ok(Vec::new())))[0], "nothing");
        assert_eq!(
            told(lines(Err("forbidden: needs get pods/log".into())))[0],
            "not known: forbidden: needs get pods/log"
        );
    }
}
