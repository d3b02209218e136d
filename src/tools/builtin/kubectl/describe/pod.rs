//! Pods.
use serde_json::Value;

use super::super::api::{list, text};
use super::super::print::go;
use super::super::time::{ago, long};
use super::{Page, number, or};

pub fn pod(page: &mut Page, pod: &Value) {
    page.head(pod);
    page.put(0, "Priority", number(pod, "/spec/priority"));
    page.put(0, "Service Account", text(pod, "/spec/serviceAccountName"));
    match text(pod, "/spec/nodeName") {
        "" => page.put(0, "Node", "<none>"),
        node => page.put(0, "Node", format!("{node}/{}", text(pod, "/status/hostIP"))),
    }
    match text(pod, "/status/startTime") {
        "" => {}
        time => page.put(0, "Start Time", long(time)),
    }
    page.signs(pod);
    match text(pod, "/metadata/deletionTimestamp") {
        "" => page.put(0, "Status", text(pod, "/status/phase")),
        time => page.put(0, "Status", format!("Terminating (lasts {})", ago(time))),
    }
    page.put_some(0, "Reason", text(pod, "/status/reason"));
    page.put_some(0, "Message", text(pod, "/status/message"));
    page.put(0, "IP", text(pod, "/status/podIP"));
    let owners = list(pod, "/metadata/ownerReferences");
    if let Some(owner) = owners.iter().find(|one| one.get("controller") == Some(&Value::Bool(true))) {
        page.put(0, "Controlled By", format!("{}/{}", text(owner, "/kind"), text(owner, "/name")));
    }
    for (name, part, states) in [
        ("Init Containers", "/spec/initContainers", "/status/initContainerStatuses"),
        ("Containers", "/spec/containers", "/status/containerStatuses"),
    ] {
        containers(page, name, list(pod, part), list(pod, states));
    }
    page.line(0, "Conditions:\n  Type\tStatus");
    for one in list(pod, "/status/conditions") {
        page.line(1, format!("{} \t{} ", text(one, "/type"), text(one, "/status")));
    }
    volumes(page, list(pod, "/spec/volumes"));
    page.put(0, "QoS Class", text(pod, "/status/qosClass"));
    placing(page, pod.get("spec").unwrap_or(&Value::Null));
}

/// Where it may run.
fn placing(page: &mut Page, spec: &Value) {
    page.labels("Node-Selectors", spec.get("nodeSelector"));
    let said = |one: &Value| {
        let exists = if text(one, "/operator") == "Exists" { " op=Exists" } else { "" };
        let until = one.get("tolerationSeconds").map_or(String::new(), |seconds| format!(" for {seconds}s"));
        format!("{}{exists}{until}", taint(one))
    };
    let mut tolerations: Vec<String> = list(spec, "tolerations").iter().map(said).collect();
    tolerations.sort();
    page.under("Tolerations", &tolerations);
}

/// `key=value:effect`
pub fn taint(one: &Value) -> String {
    let part = |sign: &str, name: &str| match text(one, name) {
        "" => String::new(),
        text => format!("{sign}{text}"),
    };
    format!("{}{}{}", text(one, "/key"), part("=", "/value"), part(":", "/effect"))
}

fn containers(page: &mut Page, name: &str, all: &[Value], states: &[Value]) {
    if !all.is_empty() {
        page.line(0, format!("{name}:"));
    }
    for one in all {
        let name = text(one, "/name");
        page.line(1, format!("{name}:"));
        container(page, one, states.iter().find(|state| text(state, "/name") == name));
    }
}

fn container(page: &mut Page, one: &Value, state: Option<&Value>) {
    let said = |pointer: &str| state.map_or("", |state| text(state, pointer));
    page.put_some(2, "Container ID", said("/containerID"));
    page.put(2, "Image", text(one, "/image"));
    page.put_some(2, "Image ID", said("/imageID"));
    let port =
        |port: &Value| format!("{}/{}", number(port, "/containerPort"), or(text(port, "/protocol"), "TCP"));
    let ports: Vec<String> = list(one, "ports").iter().map(port).collect();
    page.put(2, if ports.len() > 1 { "Ports" } else { "Port" }, or(&ports.join(", "), "<none>"));
    for (name, words) in [("Command", list(one, "command")), ("Args", list(one, "args"))] {
        if !words.is_empty() {
            page.line(2, format!("{name}:"));
            let lines = words.iter().flat_map(|word| word.as_str().unwrap_or_default().split('\n'));
            lines.for_each(|line| page.line(3, line));
        }
    }
    if let Some(state) = state {
        self::state(page, "State", state.get("state"));
        if state.pointer("/lastState/terminated").is_some() {
            self::state(page, "Last State", state.get("lastState"));
        }
        let ready = state.get("ready") == Some(&Value::Bool(true));
        page.put(2, "Ready", if ready { "True" } else { "False" });
        page.put(2, "Restart Count", number(state, "/restartCount"));
    }
    for (name, part) in [("Limits", "/resources/limits"), ("Requests", "/resources/requests")] {
        page.amounts(2, name, one.pointer(part));
    }
    for (name, part) in
        [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
    {
        if let Some(found) = one.get(part) {
            page.put(2, name, probe(found));
        }
    }
    for from in list(one, "envFrom").iter().filter_map(Value::as_object).flatten() {
        let (sort, from) = from;
        page.put(2, "Environment Variables from", format!("{} ({sort})", text(from, "/name")));
    }
    page.line(2, if list(one, "env").is_empty() { "Environment:\t<none>" } else { "Environment:" });
    for variable in list(one, "env") {
        environment(page, variable);
    }
    let mut mounts: Vec<&Value> = list(one, "volumeMounts").iter().collect();
    mounts.sort_by_key(|mount| text(mount, "/mountPath"));
    page.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let mode = if mount.get("readOnly") == Some(&Value::Bool(true)) { "ro" } else { "rw" };
        page.line(3, format!("{} from {} ({mode})", text(mount, "/mountPath"), text(mount, "/name")));
    }
}

fn environment(page: &mut Page, variable: &Value) {
    let said = match variable.get("valueFrom") {
        None => text(variable, "/value").replace('\n', "\n\t"),
        Some(from) => match (from.get("secretKeyRef"), from.get("configMapKeyRef")) {
            (Some(key), _) => {
                format!("<set to the key '{}' in secret '{}'>", text(key, "/key"), text(key, "/name"))
            }
            (_, Some(key)) => {
                format!("<set to the key '{}' of config map '{}'>", text(key, "/key"), text(key, "/name"))
            }
            _ => format!(" ({})", text(from, "/fieldRef/fieldPath")),
        },
    };
    page.put(3, text(variable, "/name"), said);
}

fn state(page: &mut Page, name: &str, state: Option<&Value>) {
    let part = |part: &str| state.and_then(|state| state.get(part));
    if let Some(running) = part("running") {
        page.put(2, name, "Running");
        page.put(3, "Started", long(text(running, "/startedAt")));
    } else if let Some(ended) = part("terminated") {
        page.put(2, name, "Terminated");
        page.put_some(3, "Reason", text(ended, "/reason"));
        page.put_some(3, "Message", text(ended, "/message"));
        page.put(3, "Exit Code", number(ended, "/exitCode"));
        page.put(3, "Started", long(text(ended, "/startedAt")));
        page.put(3, "Finished", long(text(ended, "/finishedAt")));
    } else {
        page.put(2, name, "Waiting");
        page.put_some(3, "Reason", part("waiting").map_or("", |waiting| text(waiting, "/reason")));
    }
}

fn probe(probe: &Value) -> String {
    let whole = |name: &str, usual: i64| probe.get(name).and_then(Value::as_i64).unwrap_or(usual);
    let port = |of: &Value| of.get("port").map(go).unwrap_or_default();
    let how = if let Some(exec) = probe.get("exec") {
        format!("exec {}", exec.get("command").map(go).unwrap_or_default())
    } else if let Some(http) = probe.get("httpGet") {
        let scheme = or(text(http, "/scheme"), "HTTP").to_lowercase();
        format!("http-get {scheme}://{}:{}{}", text(http, "/host"), port(http), text(http, "/path"))
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp-socket {}:{}", text(tcp, "/host"), port(tcp))
    } else {
        "unknown".to_owned()
    };
    let (delay, wait) = (whole("initialDelaySeconds", 0), whole("timeoutSeconds", 1));
    let (period, good, bad) =
        (whole("periodSeconds", 10), whole("successThreshold", 1), whole("failureThreshold", 3));
    format!("{how} delay={delay}s timeout={wait}s period={period}s #success={good} #failure={bad}")
}

fn volumes(page: &mut Page, all: &[Value]) {
    page.line(0, format!("Volumes:{}", if all.is_empty() { "\t<none>" } else { "" }));
    for one in all {
        page.line(1, format!("{}:", text(one, "/name")));
        for (sort, source) in one.as_object().into_iter().flatten().filter(|(name, _)| *name != "name") {
            page.put(2, "Type", super::titled(sort));
            super::plain(page, 2, source, sort);
        }
    }
}
