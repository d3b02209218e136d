//! Nodes, jobs, autoscalers, events, certificates, namespaces and volumes.
use serde_json::Value;

use super::{Around, Draft, ago, conditions, either, list, since};
use crate::domain::level::Level;
use crate::domain::news::Section;
use crate::domain::text::counted;
use crate::domain::time::Timestamp;
use crate::sources::kubernetes::deeds::facts;
use crate::sources::kubernetes::deeds::pick::{
    bytes, cores, count, flag, items, milli, number, pairs, text, time, whole,
};

pub(super) fn node(object: &Value, around: &Around<'_>, now: Timestamp) -> Vec<Section> {
    let ready = facts::node_ready(object);
    let mut status = Draft::new("Status");
    let since = ready.since.map(|at| since(at, now)).unwrap_or_default();
    match ready.ready {
        Some(true) => status.line("in words", "ready"),
        Some(false) => status.graded("in words", format!("not ready{since}"), Level::Bad),
        None => {
            status.graded("in words", format!("unknown: its kubelet has not spoken{since}"), Level::Unknown)
        }
    };
    if flag(object, "/spec/unschedulable") {
        status.graded("cordoned", "no new pods come here", Level::Warn);
    }
    for taint in items(object, "/spec/taints") {
        let value = text(taint, "/value");
        let value = if value.is_empty() { String::new() } else { format!("={value}") };
        status.graded(
            "taint",
            format!("{}{value}: {}", text(taint, "/key"), text(taint, "/effect")),
            Level::Warn,
        );
    }
    status.line("address", items(object, "/status/addresses").first().map_or("", |a| text(a, "/address")));
    status.line("roles", roles(object));
    status
        .line("zone", crate::sources::kubernetes::deeds::pick::label(object, "topology.kubernetes.io/zone"));
    status.line("version", text(object, "/status/nodeInfo/kubeletVersion"));
    status.line("system", text(object, "/status/nodeInfo/osImage"));
    status.line("runtime", text(object, "/status/nodeInfo/containerRuntimeVersion"));
    vec![status.done(), allocated(object, around), conditions(&facts::conditions(object), now)]
}

fn roles(object: &Value) -> String {
    let labels = pairs(object, "/metadata/labels").into_iter();
    labels.filter_map(|(key, _)| key.strip_prefix("node-role.kubernetes.io/")).collect::<Vec<_>>().join(", ")
}

/// What the pods on it asked for, against what it can give.
fn allocated(object: &Value, around: &Around<'_>) -> Section {
    let mut draft = Draft::new("Capacity");
    let can = |what: &str| text(object, &format!("/status/allocatable/{what}"));
    let Some(pods) = around.pods else {
        draft.line("cpu", milli(can("cpu")).map(cores).unwrap_or_default());
        draft.line("memory", whole(can("memory")).map(bytes).unwrap_or_default());
        draft.line("pods", can("pods"));
        return draft.done();
    };
    let running = |pod: &&Value| !matches!(text(pod, "/status/phase"), "Succeeded" | "Failed");
    let running: Vec<&Value> = pods.iter().filter(running).collect();
    let asked = |what: &str, read: fn(&str) -> Option<u64>| -> u64 {
        let containers = running.iter().flat_map(|pod| items(pod, "/spec/containers"));
        containers.filter_map(|c| read(text(c, &format!("/resources/requests/{what}")))).sum()
    };
    let mut share = |label: &str, used: u64, all: Option<u64>, show: fn(u64) -> String| {
        let Some(all) = all.filter(|all| *all > 0) else { return };
        let percent = used.saturating_mul(100) / all;
        let level = if percent >= 95 { Level::Warn } else { Level::Fine };
        draft.graded(label, format!("{} of {} asked for ({percent}%)", show(used), show(all)), level);
    };
    share("cpu", asked("cpu", milli), milli(can("cpu")), cores);
    share("memory", asked("memory", whole), whole(can("memory")), bytes);
    share("pods", running.len() as u64, whole(can("pods")), |n| n.to_string());
    draft.done()
}

pub(super) fn job(object: &Value, now: Timestamp) -> Vec<Section> {
    let mut draft = Draft::new("Status");
    let all = facts::conditions(object);
    let is = |kind: &str| all.iter().find(|c| &*c.kind == kind && c.met == Some(true));
    if let Some(failed) = is("Failed") {
        draft.graded("in words", format!("failed: {}: {}", failed.reason, failed.message), Level::Bad);
    } else if is("Complete").is_some() {
        draft.graded("in words", "complete", Level::Done);
    } else if flag(object, "/spec/suspend") {
        draft.graded("in words", "suspended", Level::Warn);
    } else {
        draft.line("in words", "runs");
    }
    let counts = |field: &str| count(object, &format!("/status/{field}"));
    let wanted = number(object, "/spec/completions").unwrap_or(1);
    let (active, done, failed) = (counts("active"), counts("succeeded"), counts("failed"));
    let level = if failed > 0 { Level::Warn } else { Level::Fine };
    draft.graded("pods", format!("{done} of {wanted} done, {active} running, {failed} failed"), level);
    draft.line("retries", format!("{failed} of {}", number(object, "/spec/backoffLimit").unwrap_or(6)));
    draft.line("started", ago(time(object, "/status/startTime"), now));
    draft.line("finished", ago(time(object, "/status/completionTime"), now));
    let limit = number(object, "/spec/activeDeadlineSeconds");
    draft.line("deadline", limit.map(|s| format!("{s} s")).unwrap_or_default());
    vec![draft.done(), conditions(&all, now)]
}

pub(super) fn cron_job(object: &Value, now: Timestamp) -> Vec<Section> {
    let mut draft = Draft::new("Status");
    if flag(object, "/spec/suspend") {
        draft.graded("in words", "suspended: nothing is started", Level::Warn);
    }
    draft.line("schedule", text(object, "/spec/schedule"));
    draft.line("time zone", text(object, "/spec/timeZone"));
    draft.line("running", items(object, "/status/active").len().to_string());
    let (last, good) = (time(object, "/status/lastScheduleTime"), time(object, "/status/lastSuccessfulTime"));
    draft.line("last started", ago(last, now));
    let level = if good < last { Level::Warn } else { Level::Fine };
    let said = if good.is_none() && last.is_some() { "never".into() } else { ago(good, now) };
    draft.graded("last success", said, level);
    draft.line("overlap", text(object, "/spec/concurrencyPolicy"));
    for container in items(object, "/spec/jobTemplate/spec/template/spec/containers") {
        draft.line("image", text(container, "/image"));
    }
    vec![draft.done()]
}

pub(super) fn hpa(object: &Value, now: Timestamp) -> Vec<Section> {
    let mut draft = Draft::new("Status");
    let target = format!(
        "{} {}",
        text(object, "/spec/scaleTargetRef/kind"),
        text(object, "/spec/scaleTargetRef/name")
    );
    draft.line("scales", target);
    let min = number(object, "/spec/minReplicas").unwrap_or(1);
    let max = number(object, "/spec/maxReplicas").unwrap_or(0);
    let (is, wants) = (count(object, "/status/currentReplicas"), count(object, "/status/desiredReplicas"));
    let level = if i64::from(wants) >= max { Level::Warn } else { Level::Fine };
    let full = if level == Level::Warn { ": no room upwards" } else { "" };
    draft.graded("replicas", format!("{is}, wants {wants}, {min} to {max}{full}"), level);
    for (n, metric) in items(object, "/spec/metrics").iter().enumerate() {
        draft.line(if n == 0 { "metrics" } else { "" }, hpa_metric(object, metric, n));
    }
    vec![draft.done(), conditions(&facts::conditions(object), now)]
}

/// `cpu 43% of 70%`; `–` where the server knows no value.
fn hpa_metric(object: &Value, metric: &Value, n: usize) -> String {
    let part = match text(metric, "/type") {
        "Resource" => "resource",
        "ContainerResource" => "containerResource",
        "Pods" => "pods",
        "Object" => "object",
        _ => "external",
    };
    let name = match text(metric, &format!("/{part}/name")) {
        "" => text(metric, &format!("/{part}/metric/name")),
        name => name,
    };
    let current =
        object.pointer(&format!("/status/currentMetrics/{n}/{part}/current")).unwrap_or(&Value::Null);
    let wanted = metric.pointer(&format!("/{part}/target")).unwrap_or(&Value::Null);
    let show = |from: &Value| {
        if let Some(percent) = number(from, "/averageUtilization") {
            return format!("{percent}%");
        }
        let raw = either(from.get("averageValue").or_else(|| from.get("value")));
        if raw.is_empty() { "–".into() } else { raw }
    };
    format!("{name} {} of {}", show(current), show(wanted))
}

pub(super) fn event(object: &Value, now: Timestamp) -> Vec<Section> {
    let object = facts::event(&"".into(), object);
    let crate::domain::object::Facts::Event(event) = &object.facts else { return Vec::new() };
    let mut draft = Draft::new("Event");
    let level = if event.warning { Level::Warn } else { Level::Fine };
    draft.graded("what", &*event.reason, level);
    draft.graded("says", &*event.message, level);
    draft.line("about", format!("{} {}", event.about_kind, event.about));
    draft.line("times", event.count.to_string());
    draft.line("first", ago(Some(event.first), now));
    draft.line("last", ago(Some(event.last), now));
    draft.line("from", &*event.from);
    vec![draft.done()]
}

pub(super) fn certificate(object: &Value, now: Timestamp) -> Vec<Section> {
    let all = facts::conditions(object);
    let mut draft = Draft::new("Status");
    let ready = all.iter().find(|c| &*c.kind == "Ready");
    match ready.and_then(|c| c.met) {
        Some(true) => draft.line("in words", "valid"),
        Some(false) => {
            let why = ready.map(|c| format!("not ready: {}: {}", c.reason, c.message)).unwrap_or_default();
            draft.graded("in words", why, Level::Bad)
        }
        None => draft.graded("in words", "nothing has judged it yet", Level::Unknown),
    };
    if let Some(end) = time(object, "/status/notAfter") {
        let days = end.since(now).as_secs() / 86_400;
        let left = || format!("{} left", counted(days, "day"));
        let (words, level) = match days {
            _ if end <= now => (format!("ended {}", ago(Some(end), now)), Level::Bad),
            0..7 => (left(), Level::Bad),
            7..21 => (left(), Level::Warn),
            _ => (left(), Level::Fine),
        };
        draft.graded("ends", words, level);
    }
    draft.line("renewed", ago(time(object, "/status/renewalTime"), now));
    draft.line("names", list(items(object, "/spec/dnsNames")));
    draft.line("secret", text(object, "/spec/secretName"));
    draft.line("issuer", text(object, "/spec/issuerRef/name"));
    vec![draft.done(), conditions(&all, now)]
}

pub(super) fn namespace(object: &Value) -> Vec<Section> {
    let mut draft = Draft::new("Status");
    let phase = text(object, "/status/phase");
    draft.graded("phase", phase, if phase == "Active" { Level::Fine } else { Level::Warn });
    for condition in items(object, "/status/conditions") {
        draft.graded(text(condition, "/type"), text(condition, "/message"), Level::Warn);
    }
    vec![draft.done()]
}

pub(super) fn volume(object: &Value) -> Vec<Section> {
    let phase = text(object, "/status/phase");
    let mut status = Draft::new("Status");
    match phase {
        "Bound" | "Available" => status.line("phase", phase),
        "Released" => {
            status.graded("phase", "Released: its claim is gone, its data may still be there", Level::Warn)
        }
        phase => status.graded("phase", phase, Level::Bad),
    };
    status.graded("message", text(object, "/status/message"), Level::Warn);
    let mut volume = Draft::new("Volume");
    volume.line("size", text(object, "/spec/capacity/storage"));
    let (namespace, name) = (text(object, "/spec/claimRef/namespace"), text(object, "/spec/claimRef/name"));
    volume.line("claim", if name.is_empty() { String::new() } else { format!("{namespace}/{name}") });
    volume.line("class", text(object, "/spec/storageClassName"));
    volume.line("when its claim is gone", text(object, "/spec/persistentVolumeReclaimPolicy"));
    let modes = items(object, "/spec/accessModes").iter().filter_map(Value::as_str);
    volume.line("access", modes.collect::<Vec<_>>().join(", "));
    volume.line("driver", text(object, "/spec/csi/driver"));
    volume.line("path", text(object, "/spec/hostPath/path"));
    vec![status.done(), volume.done()]
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_node_shows_what_was_asked_for_against_what_it_has() {
        let node = json!({"status": {"allocatable": {"cpu": "2", "memory": "4Gi", "pods": "110"},
            "conditions": [{"type": "Ready", "status": "True"}]}});
        let pods = [
            json!({"spec": {"containers": [{"resources": {"requests": {"cpu": "500m", "memory": "1Gi"}}}]},
            "status": {"phase": "Running"}}),
            json!({"status": {"phase": "Succeeded"}}),
        ];
        let around = Around { pods: Some(&pods), ..Around::default() };
        let sections = super::node(&node, &around, Timestamp(0));
        let lines: Vec<&str> = sections[1].lines.iter().map(|l| l.value.as_str()).collect();
        assert_eq!(
            lines,
            ["500m of 2 asked for (25%)", "1 GiB of 4 GiB asked for (25%)", "1 of 110 asked for (0%)"]
        );
    }

    #[test]
    fn a_metric_without_a_value_is_a_dash_and_never_zero() {
        let hpa = json!({"spec": {"maxReplicas": 5, "metrics": [{"type": "Resource",
            "resource": {"name": "cpu", "target": {"averageUtilization": 70}}}]}});
        let sections = super::hpa(&hpa, Timestamp(0));
        assert!(sections[0].lines.iter().any(|l| l.value == "cpu – of 70%"), "{sections:?}");
    }
}
