//! Registers the pretend nodes, keeps their leases fresh and their conditions current.
//! Annotations on a Node steer it: `fakelet/down: "true"` silences it, `fakelet/pressure: MemoryPressure,DiskPressure`
//! raises those conditions.
use crate::api::Failure;
use crate::clock::{hash, micros, now_ms, secs};
use crate::hub::Hub;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

pub struct Shape {
    pub cpu: u32,
    pub mem_gi: u32,
    pub pods: u32,
    pub port: u16,
}

const PRESSURES: [(&str, &str, &str, &str, &str); 3] = [
    (
        "MemoryPressure",
        "KubeletHasInsufficientMemory",
        "kubelet has insufficient memory available",
        "KubeletHasSufficientMemory",
        "kubelet has sufficient memory available",
    ),
    (
        "DiskPressure",
        "KubeletHasDiskPressure",
        "kubelet has disk pressure",
        "KubeletHasNoDiskPressure",
        "kubelet has no disk pressure",
    ),
    (
        "PIDPressure",
        "KubeletHasInsufficientPID",
        "kubelet has insufficient PID available",
        "KubeletHasSufficientPID",
        "kubelet has sufficient PID available",
    ),
];

fn status(shape: &Shape, name: &str, since: i64, pressure: &str) -> Value {
    let now = secs(now_ms());
    let mut conds: Vec<Value> = PRESSURES
        .iter()
        .map(|(k, bad_r, bad_m, ok_r, ok_m)| {
            let on = pressure.split(',').any(|p| p.trim() == *k);
            json!({"type": k, "status": if on {"True"} else {"False"}, "reason": if on {bad_r} else {ok_r},
                "message": if on {bad_m} else {ok_m}, "lastHeartbeatTime": now, "lastTransitionTime": secs(since)})
        })
        .collect();
    conds.push(json!({"type": "Ready", "status": "True", "reason": "KubeletReady", "message": "kubelet is posting ready status",
        "lastHeartbeatTime": now, "lastTransitionTime": secs(since)}));
    let cap = json!({"cpu": shape.cpu.to_string(), "memory": format!("{}Gi", shape.mem_gi), "pods": shape.pods.to_string(), "ephemeral-storage": "100Gi"});
    let id = hash(name);
    json!({"status": {
        "capacity": cap, "allocatable": cap, "conditions": conds,
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}, {"type": "Hostname", "address": name}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": shape.port}},
        "declaredFeatures": ["ExtendWebSocketsToKubelet"],
        "nodeInfo": {"architecture": "amd64", "operatingSystem": "linux", "osImage": "Linux (pretend)", "kernelVersion": "6.1.0",
            "kubeletVersion": "v1.36.2-fakelet", "kubeProxyVersion": "", "containerRuntimeVersion": "fakelet://0.1.0",
            "machineID": format!("{id:032x}"), "systemUUID": format!("{id:032x}"), "bootID": format!("{since:032x}")},
    }})
}

pub async fn keep(hub: Arc<Hub>, name: String, index: usize, shape: Arc<Shape>) {
    let zone = ["zone-a", "zone-b", "zone-c"][index % 3];
    let node = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {
        "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64", 
        "topology.kubernetes.io/zone": zone, "node-role.kubernetes.io/worker": ""}},
        "spec": {"podCIDR": format!("10.{}.{}.0/24", 244 + (index >> 8), index & 255)}});
    let since = now_ms();
    let path = format!("/api/v1/nodes/{name}");
    let lease_path = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases";
    loop {
        match hub.api.post("/api/v1/nodes", &node).await {
            Ok(_) | Err(Failure::Retry(_)) if hub.api.get(&path).await.is_ok() => break,
            Err(Failure::Fatal(e)) => eprintln!("node {name}: {e}"),
            _ => {}
        }
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let mut uid = String::new();
    let (mut pressure, mut beat) = (String::new(), 0u32);
    loop {
        let mut full = beat % 12 == 0;
        if let Ok(n) = hub.api.get(&path).await {
            uid = n["metadata"]["uid"].as_str().unwrap_or("").to_string();
            let a = &n["metadata"]["annotations"];
            let want_down = a["fakelet/down"] == "true";
            let was_down = hub.is_down(&name);
            if want_down != was_down {
                let mut d = hub.down.lock().unwrap();
                if want_down {
                    d.insert(name.clone());
                } else {
                    d.remove(&name);
                }
                drop(d);
                println!("node {name} is now {}", if want_down { "silent" } else { "back" });
                full = true;
                if !want_down {
                    hub.resync_node(&name);
                }
            }
            let p = a["fakelet/pressure"].as_str().unwrap_or("");
            full |= p != pressure;
            pressure = p.to_string();
        }
        if !hub.is_down(&name) {
            if full {
                if let Err(Failure::Fatal(e) | Failure::Retry(e)) = hub
                    .api
                    .strategic(&format!("{path}/status"), &status(&shape, &name, since, &pressure))
                    .await
                {
                    eprintln!("node {name}: {e}");
                }
            }
            let renew = json!({"spec": {"holderIdentity": name, "leaseDurationSeconds": 40, "renewTime": micros(now_ms())}});
            if let Err(Failure::Gone) = hub.api.merge(&format!("{lease_path}/{name}"), &renew).await {
                let mut l = renew;
                l["apiVersion"] = json!("coordination.k8s.io/v1");
                l["kind"] = json!("Lease");
                l["metadata"] = json!({"name": name, "namespace": "kube-node-lease",
                    "ownerReferences": [{"apiVersion": "v1", "kind": "Node", "name": name, "uid": uid}]});
                let _ = hub.api.post(lease_path, &l).await;
            }
        }
        beat += 1;
        tokio::time::sleep(Duration::from_millis(5000)).await;
    }
}
