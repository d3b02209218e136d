//! Services, autoscalers, secrets and config maps.
use serde_json::Value;

use super::super::api::{list, text};
use super::super::pick::{Picked, of_list};
use super::super::pods::selector;
use super::super::print::go;
use super::super::time::long;
use super::super::{Done, Kubectl};
use super::{Page, number, or};

pub async fn service(kubectl: &mut Kubectl<'_>, page: &mut Page, one: &Picked) -> Done {
    let service = &one.object;
    let strings = |name: &str| list(service, name).iter().map(go).collect::<Vec<String>>().join(",");
    page.head(service);
    page.signs(service);
    page.put(0, "Selector", selector(service).unwrap_or("<none>".to_owned()));
    page.put(0, "Type", text(service, "/spec/type"));
    page.put_some(0, "IP Family Policy", text(service, "/spec/ipFamilyPolicy"));
    page.put(0, "IP Families", or(&strings("/spec/ipFamilies"), "<none>"));
    page.put(0, "IP", text(service, "/spec/clusterIP"));
    page.put(0, "IPs", or(&strings("/spec/clusterIPs"), "<none>"));
    page.put_some(0, "External IPs", &strings("/spec/externalIPs"));
    page.put_some(0, "External Name", text(service, "/spec/externalName"));
    let kind = kubectl.api.kind("endpointslices.discovery.k8s.io").await?;
    let path = format!(
        "{}?labelSelector=kubernetes.io%2Fservice-name%3D{}",
        kind.path(Some(one.namespace()), None),
        one.name()
    );
    let slices = of_list(kubectl, &kind, &path).await?;
    for port in list(service, "/spec/ports") {
        let protocol = or(text(port, "/protocol"), "TCP");
        let name = text(port, "/name");
        page.put(0, "Port", format!("{}\t{}/{protocol}", or(name, "<unset>"), number(port, "/port")));
        page.put(
            0,
            "TargetPort",
            format!("{}/{protocol}", port.get("targetPort").map(go).unwrap_or_default()),
        );
        if number(port, "/nodePort") != 0 {
            page.put(
                0,
                "NodePort",
                format!("{}\t{}/{protocol}", or(name, "<unset>"), number(port, "/nodePort")),
            );
        }
        page.put(0, "Endpoints", endpoints(&slices, name));
    }
    page.put(0, "Session Affinity", or(text(service, "/spec/sessionAffinity"), "None"));
    page.put_some(0, "External Traffic Policy", text(service, "/spec/externalTrafficPolicy"));
    page.put_some(0, "Internal Traffic Policy", text(service, "/spec/internalTrafficPolicy"));
    Ok(())
}

/// The first three addresses behind a port, and how many more.
fn endpoints(slices: &[Value], name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let mut found = Vec::new();
    for slice in slices {
        for port in list(slice, "ports").iter().filter(|port| text(port, "/name") == name) {
            for end in list(slice, "endpoints")
                .iter()
                .filter(|end| end.pointer("/conditions/ready") != Some(&Value::Bool(false)))
            {
                found.extend(
                    list(end, "addresses")
                        .iter()
                        .map(|address| format!("{}:{}", go(address), number(port, "/port"))),
                );
            }
        }
    }
    let more = found.len().saturating_sub(3);
    found.truncate(3);
    if more > 0 { format!("{} + {more} more...", found.join(",")) } else { found.join(",") }
}

pub fn scaler(page: &mut Page, object: &Value) {
    page.head(object);
    page.signs(object);
    page.put(0, "CreationTimestamp", long(text(object, "/metadata/creationTimestamp")));
    let target = |name: &str| text(object, &format!("/spec/scaleTargetRef/{name}")).to_owned();
    page.put(0, "Reference", format!("{}/{}", target("kind"), target("name")));
    page.put(0, "Metrics", "( current / target )");
    for (at, metric) in list(object, "/spec/metrics").iter().enumerate() {
        let now = list(object, "/status/currentMetrics").get(at).unwrap_or(&Value::Null);
        let (name, share) = measured(metric, now);
        page.line(1, format!("{name}:\t{share}"));
    }
    page.put(0, "Min replicas", object.pointer("/spec/minReplicas").map_or("<unset>".to_owned(), go));
    page.put(0, "Max replicas", number(object, "/spec/maxReplicas"));
    let (now, wanted) =
        (number(object, "/status/currentReplicas"), number(object, "/status/desiredReplicas"));
    page.put(0, &format!("{} pods", target("kind")), format!("{now} current / {wanted} desired"));
    if !list(object, "/status/conditions").is_empty() {
        page.line(0, "Conditions:\n  Type\tStatus\tReason\tMessage\n  ----\t------\t------\t-------");
        for one in list(object, "/status/conditions") {
            let (reason, message) = (text(one, "/reason"), text(one, "/message"));
            page.line(1, format!("{}\t{}\t{reason}\t{message}", text(one, "/type"), text(one, "/status")));
        }
    }
}

/// A metric of an autoscaler: what it is, and how much of it there is of what is wanted.
fn measured(metric: &Value, now: &Value) -> (String, String) {
    let resource = metric.get("resource").unwrap_or(&Value::Null);
    let current = |name: &str| now.pointer(&format!("/resource/current/{name}")).map(go);
    let unknown = || "<unknown>".to_owned();
    let name = text(resource, "/name");
    match (text(metric, "/type"), resource.pointer("/target/averageUtilization")) {
        ("Resource", Some(wanted)) => {
            let share = match current("averageUtilization") {
                Some(share) => format!("{share}% ({})", current("averageValue").unwrap_or_else(unknown)),
                None => unknown(),
            };
            (
                format!("resource {name} on pods  (as a percentage of request)"),
                format!("{share} / {}%", go(wanted)),
            )
        }
        ("Resource", None) => {
            let wanted = text(resource, "/target/averageValue");
            (
                format!("resource {name} on pods"),
                format!("{} / {wanted}", current("averageValue").unwrap_or_else(unknown)),
            )
        }
        (other, _) => (format!("\"{}\" metric", other.to_lowercase()), "<unknown> / <unknown>".to_owned()),
    }
}

pub fn secret(page: &mut Page, object: &Value) {
    page.head(object);
    page.signs(object);
    page.line(0, format!("\nType:\t{}\n\nData\n====", text(object, "/type")));
    for (name, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
        let encoded = value.as_str().unwrap_or_default();
        let bytes = encoded.trim_end_matches('=').len() * 3 / 4;
        page.put(0, name, format!("{bytes} bytes"));
    }
}

pub fn configmap(page: &mut Page, object: &Value) {
    page.head(object);
    page.signs(object);
    page.line(0, "\nData\n====");
    for (name, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
        page.line(0, format!("{name}:\n----\n{}\n", value.as_str().unwrap_or_default()));
    }
    page.line(0, "\nBinaryData\n====");
    for (name, value) in object.get("binaryData").and_then(Value::as_object).into_iter().flatten() {
        let bytes = value.as_str().unwrap_or_default().trim_end_matches('=').len() * 3 / 4;
        page.line(0, format!("{name}: {bytes} bytes"));
    }
    page.line(0, "");
}
