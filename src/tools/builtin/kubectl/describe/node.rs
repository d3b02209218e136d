//! Nodes with the pods on them.
use serde_json::Value;

use super::super::api::{escaped, list, text};
use super::super::pick::{Picked, of_list};
use super::super::print::go;
use super::super::quantity::Quantity;
use super::super::time::{ago, long};
use super::super::{Done, Kubectl};
use super::{Page, or};

pub async fn node(kubectl: &mut Kubectl<'_>, page: &mut Page, one: &Picked) -> Done {
    let node = &one.object;
    page.put(0, "Name", one.name());
    let labels = node.pointer("/metadata/labels").and_then(Value::as_object).into_iter().flatten();
    let roles = labels.filter_map(|(name, _)| name.strip_prefix("node-role.kubernetes.io/"));
    page.put(0, "Roles", or(&roles.collect::<Vec<&str>>().join(","), "<none>"));
    page.signs(node);
    page.put(0, "CreationTimestamp", long(text(node, "/metadata/creationTimestamp")));
    let taints = list(node, "/spec/taints").iter().map(taint).collect::<Vec<String>>();
    page.under("", "Taints", &taints);
    page.put(0, "Unschedulable", node.pointer("/spec/unschedulable") == Some(&Value::Bool(true)));
    if let Ok(kind) = kubectl.api.kind("leases.coordination.k8s.io").await {
        let lease =
            kubectl.api.get(&kind.path(Some("kube-node-lease"), Some(one.name()))).await.unwrap_or_default();
        page.line(0, "Lease:");
        page.put(1, "HolderIdentity", or(text(&lease, "/spec/holderIdentity"), "<unset>"));
        page.put(1, "AcquireTime", long(text(&lease, "/spec/acquireTime")));
        page.put(1, "RenewTime", long(text(&lease, "/spec/renewTime")));
    }
    let conditions = list(node, "/status/conditions");
    if !conditions.is_empty() {
        let head = ["Type", "Status", "LastHeartbeatTime", "LastTransitionTime", "Reason", "Message"];
        page.line(0, format!("Conditions:\n  {}", head.join("\t")));
        page.line(1, head.map(|name| "-".repeat(name.len())).join("\t"));
        for one in conditions {
            let (beat, change) =
                (long(text(one, "/lastHeartbeatTime")), long(text(one, "/lastTransitionTime")));
            let (reason, message) = (text(one, "/reason"), text(one, "/message"));
            page.line(
                1,
                format!(
                    "{} \t{} \t{beat} \t{change} \t{reason} \t{message}",
                    text(one, "/type"),
                    text(one, "/status")
                ),
            );
        }
    }
    page.line(0, "Addresses:");
    for one in list(node, "/status/addresses") {
        page.put(1, text(one, "/type"), text(one, "/address"));
    }
    for name in ["Capacity", "Allocatable"] {
        let amounts = node.pointer(&format!("/status/{}", name.to_lowercase())).and_then(Value::as_object);
        if let Some(amounts) = amounts {
            page.line(0, format!("{name}:"));
            amounts.iter().for_each(|(name, amount)| page.put(1, name, go(amount)));
        }
    }
    page.line(0, "System Info:");
    for (name, field) in [
        ("Machine ID", "machineID"),
        ("System UUID", "systemUUID"),
        ("Boot ID", "bootID"),
        ("Kernel Version", "kernelVersion"),
        ("OS Image", "osImage"),
        ("Operating System", "operatingSystem"),
        ("Architecture", "architecture"),
        ("Container Runtime Version", "containerRuntimeVersion"),
        ("Kubelet Version", "kubeletVersion"),
        ("Kube-Proxy Version", "kubeProxyVersion"),
    ] {
        page.put(1, name, text(node, &format!("/status/nodeInfo/{field}")));
    }
    page.put_some(0, "PodCIDR", text(node, "/spec/podCIDR"));
    let ranges: Vec<&str> = list(node, "/spec/podCIDRs").iter().filter_map(Value::as_str).collect();
    page.put_some(0, "PodCIDRs", &ranges.join(","));
    page.put_some(0, "ProviderID", text(node, "/spec/providerID"));
    let kind = kubectl.api.kind("pods").await?;
    let fields = format!("spec.nodeName={},status.phase!=Failed,status.phase!=Succeeded", one.name());
    let path = format!("{}?fieldSelector={}&limit=500", kind.path(None, None), escaped(&fields));
    let pods = of_list(kubectl, &kind, &path).await?;
    allocated(page, node, &pods);
    Ok(())
}

pub fn taint(one: &Value) -> String {
    let value = text(one, "/value");
    let value = if value.is_empty() { String::new() } else { format!("={value}") };
    format!("{}{value}:{}", text(one, "/key"), text(one, "/effect"))
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
    let of = |name: &str| {
        let amount = node.pointer(&format!("/status/allocatable/{name}")).map(go);
        amount.and_then(|text| Quantity::read(&text)).unwrap_or_default()
    };
    let said = |amount: Quantity, name: &str| format!("{amount} ({}%)", amount.share(of(name)));
    page.put(0, "Non-terminated Pods", format!("({} in total)", pods.len()));
    page.line(1, "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge");
    page.line(1, "---------\t----\t\t------------\t----------\t---------------\t-------------\t---");
    for pod in pods {
        let amounts = EACH.map(|(part, name)| said(asked(pod, part, name), name)).join("\t");
        let (space, name) = (text(pod, "/metadata/namespace"), text(pod, "/metadata/name"));
        page.line(
            1,
            format!("{space}\t{name}\t\t{amounts}\t{}", ago(text(pod, "/metadata/creationTimestamp"))),
        );
    }
    page.line(0, "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)");
    page.line(1, "Resource\tRequests\tLimits\n  --------\t--------\t------");
    for name in ["cpu", "memory", "ephemeral-storage"] {
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
