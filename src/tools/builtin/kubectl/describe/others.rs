//! Secrets and nodes.
use serde_json::Value;

use super::super::api::{escaped, list, text};
use super::super::pick::{Picked, of_list};
use super::super::print::go;
use super::super::quantity::Quantity;
use super::super::time::{ago, long};
use super::super::{Done, Kubectl};
use super::{Page, or, plain, pod};

/// Of what is secret only the length is shown.
pub fn secret(page: &mut Page, object: &Value) {
    page.head(object);
    page.signs(object);
    page.line(0, format!("\nType:\t{}\n\nData\n====", text(object, "/type")));
    for (name, value) in object.get("data").and_then(Value::as_object).into_iter().flatten() {
        let bytes = value.as_str().unwrap_or_default().trim_end_matches('=').len() * 3 / 4;
        page.put(0, name, format!("{bytes} bytes"));
    }
}

pub async fn node(kubectl: &mut Kubectl<'_>, page: &mut Page, one: &Picked) -> Done {
    let node = &one.object;
    page.put(0, "Name", one.name());
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let roles = labels.filter_map(|(name, _)| name.strip_prefix("node-role.kubernetes.io/"));
    page.put(0, "Roles", or(&roles.collect::<Vec<&str>>().join(","), "<none>"));
    page.signs(node);
    page.put(0, "CreationTimestamp", long(text(node, "/metadata/creationTimestamp")));
    page.under("Taints", &list(node, "/spec/taints").iter().map(pod::taint).collect::<Vec<String>>());
    page.put(0, "Unschedulable", node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)));
    let head = ["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"];
    page.line(0, format!("Conditions:\n  {}", head.join("\t")));
    page.line(1, head.map(|name| "-".repeat(name.len())).join("\t"));
    for one in list(node, "/status/conditions") {
        let of = |name: &str| text(one, name);
        let (beat, change) = (long(of("/lastHeartbeatTime")), long(of("/lastTransitionTime")));
        let (sort, status, reason) = (of("/type"), of("/status"), of("/reason"));
        page.line(1, format!("{sort} \t{status} \t{beat} \t{change} \t{reason} \t{}", of("/message")));
    }
    page.line(0, "Addresses:");
    for one in list(node, "/status/addresses") {
        page.put(1, text(one, "/type"), text(one, "/address"));
    }
    for name in ["Capacity", "Allocatable"] {
        page.amounts(0, name, node.pointer(&format!("/status/{}", name.to_lowercase())));
    }
    page.line(0, "System Info:");
    plain(page, 1, node.pointer("/status/nodeInfo").unwrap_or(&Value::Null), "");
    let kind = kubectl.api.kind("pods").await?;
    let fields = format!("spec.nodeName={},status.phase!=Failed,status.phase!=Succeeded", one.name());
    let path = format!("{}?fieldSelector={}&limit=500", kind.path(None, None), escaped(&fields));
    let pods = of_list(kubectl, &kind, &path).await?;
    allocated(page, node, &pods);
    Ok(())
}

/// What a pod asks for of one thing: its containers together, or the largest of those that start it.
fn asked(pod: &Value, part: &str, name: &str) -> Quantity {
    let amount = |one: &Value| one.pointer(&format!("/resources/{part}/{name}")).map(go);
    let amount = |one: &Value| amount(one).and_then(|text| Quantity::read(&text)).unwrap_or_default();
    let mut sum = Quantity::default();
    for one in list(pod, "/spec/containers") {
        sum.add(amount(one));
    }
    let start = list(pod, "/spec/initContainers").iter().map(amount).max_by_key(|amount| amount.parts);
    start.filter(|start| start.parts > sum.parts).unwrap_or(sum)
}

fn allocated(page: &mut Page, node: &Value, pods: &[Value]) {
    const EACH: [(&str, &str); 4] =
        [("requests", "cpu"), ("limits", "cpu"), ("requests", "memory"), ("limits", "memory")];
    let said = |amount: Quantity, name: &str| {
        let all = node.pointer(&format!("/status/allocatable/{name}")).map(go);
        let all = all.and_then(|text| Quantity::read(&text)).unwrap_or_default();
        format!("{amount} ({}%)", amount.share(all))
    };
    page.put(0, "Non-terminated Pods", format!("({} in total)", pods.len()));
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for pod in pods {
        let amounts = EACH.map(|(part, name)| said(asked(pod, part, name), name)).join("\t");
        let (space, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
        let age = ago(text(pod, "/metadata/creationTimestamp"));
        page.line(1, format!("{space}\t{name}\t\t{amounts}\t{age}"));
    }
    page.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line(1, "Resource\tRequests\tLimits\n  --------\t--------\t------");
    for name in ["cpu", "memory"] {
        let sum = |part: &str| {
            let mut sum = Quantity::default();
            for pod in pods {
                sum.add(asked(pod, part, name));
            }
            said(sum, name)
        };
        page.line(1, format!("{name}\t{}\t{}", sum("requests"), sum("limits")));
    }
}
