//! Pods, and what a template says of them.
use serde_json::Value;
use std::fmt::Write as _;

use super::super::api::{list, text};
use super::super::print::go;
use super::super::time::long;
use super::{Page, number, or};

pub fn pod(page: &mut Page, pod: &Value) {
    page.head(pod);
    page.put(0, "Priority", number(pod, "/spec/priority"));
    page.put_some(0, "Priority Class Name", text(pod, "/spec/priorityClassName"));
    page.put_some(0, "Runtime Class Name", text(pod, "/spec/runtimeClassName"));
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
        time => {
            page.put(0, "Status", format!("Terminating (lasts {})", super::time::ago(time)));
            page.put(
                0,
                "Termination Grace Period",
                format!("{}s", number(pod, "/metadata/deletionGracePeriodSeconds")),
            );
        }
    }
    page.put_some(0, "Reason", text(pod, "/status/reason"));
    page.put_some(0, "Message", text(pod, "/status/message"));
    page.put(0, "IP", text(pod, "/status/podIP"));
    match list(pod, "/status/podIPs") {
        [] => page.put(0, "IPs", "<none>"),
        ips => {
            page.line(0, "IPs:");
            for one in ips {
                page.put(1, "IP", text(one, "/ip"));
            }
        }
    }
    page.owner(pod);
    page.put_some(0, "NominatedNodeName", text(pod, "/status/nominatedNodeName"));
    for (name, part, states) in [
        ("Init Containers", "/spec/initContainers", "/status/initContainerStatuses"),
        ("Containers", "/spec/containers", "/status/containerStatuses"),
        ("Ephemeral Containers", "/spec/ephemeralContainers", "/status/ephemeralContainerStatuses"),
    ] {
        containers(page, "", name, list(pod, part), list(pod, states));
    }
    if !list(pod, "/status/conditions").is_empty() {
        page.line(0, "Conditions:\n  Type\tStatus");
        for one in list(pod, "/status/conditions") {
            page.line(1, format!("{} \t{} ", text(one, "/type"), text(one, "/status")));
        }
    }
    volumes(page, "", list(pod, "/spec/volumes"));
    page.put(0, "QoS Class", text(pod, "/status/qosClass"));
    placing(page, "", pod.get("spec").unwrap_or(&Value::Null));
}

pub fn template(page: &mut Page, template: &Value) {
    page.line(0, "Pod Template:");
    page.labels("  ", "Labels", template.pointer("/metadata/labels"));
    let annotated = template.pointer("/metadata/annotations").and_then(Value::as_object);
    if annotated.is_some_and(|all| !all.is_empty()) {
        page.annotations("  ", template);
    }
    page.put_some(1, "Service Account", text(template, "/spec/serviceAccountName"));
    for (name, part) in [("Init Containers", "/spec/initContainers"), ("Containers", "/spec/containers")] {
        containers(page, "  ", name, list(template, part), &[]);
    }
    volumes(page, "  ", list(template, "/spec/volumes"));
    placing(page, "  ", template.get("spec").unwrap_or(&Value::Null));
}

/// Where it may run.
fn placing(page: &mut Page, indent: &str, spec: &Value) {
    page.labels(indent, "Node-Selectors", spec.get("nodeSelector"));
    let mut tolerations: Vec<&Value> = list(spec, "tolerations").iter().collect();
    tolerations.sort_by_key(|one| text(one, "/key"));
    let said = |one: &&Value| {
        let mut out = text(one, "/key").to_owned();
        for (sign, part) in [("=", text(one, "/value")), (":", text(one, "/effect"))] {
            if !part.is_empty() {
                out.extend([sign, part]);
            }
        }
        if text(one, "/operator") == "Exists" && text(one, "/value").is_empty() {
            out.push_str(if out.is_empty() { "op=Exists" } else { " op=Exists" });
        }
        if let Some(seconds) = one.get("tolerationSeconds") {
            let _ = write!(out, " for {seconds}s");
        }
        out
    };
    page.under(indent, "Tolerations", &tolerations.iter().map(said).collect::<Vec<String>>());
}

fn containers(page: &mut Page, indent: &str, name: &str, all: &[Value], states: &[Value]) {
    if all.is_empty() {
        return;
    }
    page.line(0, format!("{indent}{name}:"));
    for one in all {
        let name = text(one, "/name");
        page.line(0, format!("  {}{name}:", if indent.is_empty() { "" } else { " " }));
        let state = states.iter().find(|state| text(state, "/name") == name);
        container(page, one, state);
    }
}

fn container(page: &mut Page, one: &Value, state: Option<&Value>) {
    if let Some(state) = state {
        page.put(2, "Container ID", text(state, "/containerID"));
    }
    page.put(2, "Image", text(one, "/image"));
    if let Some(state) = state {
        page.put(2, "Image ID", text(state, "/imageID"));
    }
    let ports = list(one, "ports");
    let many = if ports.len() > 1 { "s" } else { "" };
    for (name, pointer) in [("Port", "/containerPort"), ("Host Port", "/hostPort")] {
        let each = ports
            .iter()
            .map(|port| format!("{}/{}", number(port, pointer), or(text(port, "/protocol"), "TCP")));
        let each: Vec<String> = each.collect();
        page.put(2, &format!("{name}{many}"), or(&each.join(", "), "<none>"));
    }
    for (name, words) in [("Command", list(one, "command")), ("Args", list(one, "args"))] {
        if !words.is_empty() {
            page.line(2, format!("{name}:"));
            words
                .iter()
                .flat_map(|word| word.as_str().unwrap_or_default().split('\n'))
                .for_each(|line| page.line(3, line));
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
        let amounts = one.pointer(part).and_then(Value::as_object).filter(|all| !all.is_empty());
        if let Some(amounts) = amounts {
            page.line(2, format!("{name}:"));
            amounts.iter().for_each(|(name, amount)| page.put(3, name, go(amount)));
        }
    }
    for (name, part) in
        [("Liveness", "livenessProbe"), ("Readiness", "readinessProbe"), ("Startup", "startupProbe")]
    {
        if let Some(found) = one.get(part) {
            page.put(2, name, probe(found));
        }
    }
    if !list(one, "envFrom").is_empty() {
        page.line(2, "Environment Variables from:");
        for from in list(one, "envFrom") {
            let (sort, from) = match from.get("secretRef") {
                Some(secret) => ("Secret", secret),
                None => ("ConfigMap", from.get("configMapRef").unwrap_or(&Value::Null)),
            };
            page.line(3, format!("{}\t{sort}\tOptional: {}", text(from, "/name"), optional(from)));
        }
    }
    if list(one, "env").is_empty() {
        page.line(2, "Environment:\t<none>");
    } else {
        page.line(2, "Environment:");
        for variable in list(one, "env") {
            environment(page, variable);
        }
    }
    let mut mounts: Vec<&Value> = list(one, "volumeMounts").iter().collect();
    mounts.sort_by_key(|mount| text(mount, "/mountPath"));
    page.line(2, if mounts.is_empty() { "Mounts:\t<none>" } else { "Mounts:" });
    for mount in mounts {
        let mode = if mount.get("readOnly") == Some(&Value::Bool(true)) { "ro" } else { "rw" };
        let path = text(mount, "/subPath");
        let path = if path.is_empty() { String::new() } else { format!(",path=\"{path}\"") };
        page.line(3, format!("{} from {} ({mode}{path})", text(mount, "/mountPath"), text(mount, "/name")));
    }
}

fn optional(from: &Value) -> bool {
    from.get("optional") == Some(&Value::Bool(true))
}

fn environment(page: &mut Page, variable: &Value) {
    let name = text(variable, "/name");
    let from = variable.get("valueFrom").unwrap_or(&Value::Null);
    if let Some(field) = from.get("fieldRef") {
        page.line(3, format!("{name}:\t ({}:{})", text(field, "/apiVersion"), text(field, "/fieldPath")));
    } else if let Some(key) = from.get("secretKeyRef") {
        let said = format!("<set to the key '{}' in secret '{}'>", text(key, "/key"), text(key, "/name"));
        page.line(3, format!("{name}:\t{said}\tOptional: {}", optional(key)));
    } else if let Some(key) = from.get("configMapKeyRef") {
        let said = format!("<set to the key '{}' of config map '{}'>", text(key, "/key"), text(key, "/name"));
        page.line(3, format!("{name}:\t{said}\tOptional: {}", optional(key)));
    } else if let Some(amount) = from.get("resourceFieldRef") {
        page.line(3, format!("{name}:\t ({})", text(amount, "/resource")));
    } else {
        for (at, line) in text(variable, "/value").split('\n').enumerate() {
            page.line(3, if at == 0 { format!("{name}:\t{line}") } else { format!("\t{line}") });
        }
    }
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
        if number(ended, "/signal") > 0 {
            page.put(3, "Signal", number(ended, "/signal"));
        }
        page.put(3, "Started", long(text(ended, "/startedAt")));
        page.put(3, "Finished", long(text(ended, "/finishedAt")));
    } else {
        page.put(2, name, "Waiting");
        page.put_some(3, "Reason", text(part("waiting").unwrap_or(&Value::Null), "/reason"));
    }
}

fn probe(probe: &Value) -> String {
    let whole = |name: &str, usual: i64| probe.get(name).and_then(Value::as_i64).unwrap_or(usual);
    let port = |of: &Value| of.get("port").map(go).unwrap_or_default();
    let how = if let Some(exec) = probe.get("exec") {
        format!("exec {}", go(exec.get("command").unwrap_or(&Value::Null)))
    } else if let Some(http) = probe.get("httpGet") {
        let scheme = or(text(http, "/scheme"), "HTTP").to_lowercase();
        format!("http-get {scheme}://{}:{}{}", text(http, "/host"), port(http), text(http, "/path"))
    } else if let Some(tcp) = probe.get("tcpSocket") {
        format!("tcp-socket {}:{}", text(tcp, "/host"), port(tcp))
    } else if let Some(grpc) = probe.get("grpc") {
        format!("grpc <pod>:{} {}", port(grpc), text(grpc, "/service"))
    } else {
        "unknown".to_owned()
    };
    let (delay, wait) = (whole("initialDelaySeconds", 0), whole("timeoutSeconds", 1));
    let (period, good, bad) =
        (whole("periodSeconds", 10), whole("successThreshold", 1), whole("failureThreshold", 3));
    format!("{how} delay={delay}s timeout={wait}s period={period}s #success={good} #failure={bad}")
}

fn volumes(page: &mut Page, indent: &str, all: &[Value]) {
    if all.is_empty() {
        page.line(0, format!("{indent}Volumes:\t<none>"));
        return;
    }
    page.line(0, format!("{indent}Volumes:"));
    for one in all {
        page.line(0, format!("  {}{}:", if indent.is_empty() { "" } else { " " }, text(one, "/name")));
        volume(page, one);
    }
}

fn volume(page: &mut Page, one: &Value) {
    let read_only = |of: &Value| of.get("readOnly") == Some(&Value::Bool(true));
    if let Some(secret) = one.get("secret") {
        page.put(2, "Type", "Secret (a volume populated by a Secret)");
        page.put(2, "SecretName", text(secret, "/secretName"));
        page.put(2, "Optional", optional(secret));
    } else if let Some(map) = one.get("configMap") {
        page.put(2, "Type", "ConfigMap (a volume populated by a ConfigMap)");
        page.put(2, "Name", text(map, "/name"));
        page.put(2, "Optional", optional(map));
    } else if let Some(empty) = one.get("emptyDir") {
        page.put(2, "Type", "EmptyDir (a temporary directory that shares a pod's lifetime)");
        page.put(2, "Medium", text(empty, "/medium"));
        page.put(2, "SizeLimit", or(text(empty, "/sizeLimit"), "<unset>"));
    } else if let Some(host) = one.get("hostPath") {
        page.put(2, "Type", "HostPath (bare host directory volume)");
        page.put(2, "Path", text(host, "/path"));
        page.put(2, "HostPathType", text(host, "/type"));
    } else if let Some(claim) = one.get("persistentVolumeClaim") {
        page.put(
            2,
            "Type",
            "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        );
        page.put(2, "ClaimName", text(claim, "/claimName"));
        page.put(2, "ReadOnly", read_only(claim));
    } else if let Some(projected) = one.get("projected") {
        page.put(2, "Type", "Projected (a volume that contains injected data from multiple sources)");
        for source in list(projected, "sources") {
            let unset = |of: &Value| of.get("optional").map_or("<nil>".to_owned(), go);
            if let Some(secret) = source.get("secret") {
                page.put(2, "SecretName", text(secret, "/name"));
                page.put(2, "SecretOptionalName", unset(secret));
            } else if source.get("downwardAPI").is_some() {
                page.put(2, "DownwardAPI", true);
            } else if let Some(map) = source.get("configMap") {
                page.put(2, "ConfigMapName", text(map, "/name"));
                page.put(2, "ConfigMapOptional", unset(map));
            } else if let Some(token) = source.get("serviceAccountToken") {
                page.put(2, "TokenExpirationSeconds", number(token, "/expirationSeconds"));
            }
        }
    } else {
        page.put(2, "Type", "<unknown>");
    }
}
