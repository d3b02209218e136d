//! What is done to a node and to many pods at once, on the real server: seen to work, and nothing else hit.
use std::time::Duration;

use firedeck::domain::action::{Native, Outcome, Verb};
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::sources::now;
use k8s_openapi::api::core::v1::Node;
use kube::api::{Api, Patch, PatchParams, PostParams};
use serde_json::json;
use tokio::task::AbortHandle;

use crate::deeds::{Place, only};
use crate::suite::{As, client, eventually, kubectl, kubectl_says, nodes_are_mine, server_stays_up};

/// A node without a kubelet, to which nothing comes that does not ask for it; gone with the test.
struct Spare(&'static str, AbortHandle);

impl Spare {
    async fn new(name: &'static str) -> Spare {
        let nodes: Api<Node> = Api::all(client(As::Admin).await);
        let node = json!({
            "metadata": {"name": name, "labels": {"spare": name}},
            "spec": {"taints": [{"key": "spare", "effect": "NoSchedule"}]},
        });
        let node = serde_json::from_value(node).expect("a node");
        nodes.create(&PostParams::default(), &node).await.expect("made");
        beat(&nodes, name).await.expect("it takes a status");
        // A node that falls silent is no longer ready, and its pods are moved away.
        let beating = tokio::spawn(async move {
            loop {
                tokio::time::sleep(Duration::from_secs(5)).await;
                let _ = beat(&nodes, name).await;
            }
        });
        Spare(name, beating.abort_handle())
    }

    fn unschedulable(&self) -> bool {
        let path = "jsonpath={.spec.unschedulable}";
        kubectl_says(As::Admin, &["get", "node", self.0, "-o", path]) == "true"
    }
}

async fn beat(nodes: &Api<Node>, name: &str) -> kube::Result<Node> {
    let room = json!({"cpu": "4", "memory": "8Gi", "pods": "50"});
    let ready =
        json!({"type": "Ready", "status": "True", "reason": "Test", "lastHeartbeatTime": now().rfc3339()});
    let status = json!({"status": {"conditions": [ready], "allocatable": room, "capacity": room}});
    nodes.patch_status(name, &PatchParams::default(), &Patch::Strategic(status)).await
}

impl Drop for Spare {
    fn drop(&mut self) {
        self.1.abort();
        let _ = kubectl(As::Admin, &["delete", "node", self.0, "--wait=false"]);
    }
}

impl Place {
    fn node(&self, name: &str) -> ObjectRef {
        ObjectRef { namespace: "".into(), ..self.target(Kind::Node, name) }
    }

    /// Pods that come to this node only; the server removes them as soon as they are told to go.
    async fn pods_on(&self, name: &str, node: &str, replicas: usize) -> Vec<String> {
        self.apply(&format!(
            "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}}}, spec: {{replicas: {replicas}, \
             selector: {{matchLabels: {{app: {name}}}}}, template: {{metadata: {{labels: {{app: {name}}}}}, spec: \
             {{terminationGracePeriodSeconds: 0, nodeSelector: {{spare: {node}}}, tolerations: [{{key: spare, \
             operator: Exists}}], containers: [{{name: a, image: \"registry.lab/x/web:1.0.0\"}}]}}}}}}}}"
        ));
        let pods = eventually("pods on the node", || async {
            let on = self.on(node);
            (on.len() == replicas).then_some(on)
        })
        .await;
        // What a kubelet would say; no budget is asked for a pod that never ran.
        let status = "{\"status\": {\"phase\": \"Running\", \"conditions\": [{\"type\": \"Ready\", \"status\": \"True\"}]}}";
        for pod in &pods {
            self.kubectl(&["patch", "pod", pod, "--subresource=status", "-p", status]);
        }
        pods
    }

    /// The pods of this place that are on a node.
    fn on(&self, node: &str) -> Vec<String> {
        let selector = format!("--field-selector=spec.nodeName={node}");
        let said = self.kubectl(&["get", "pods", &selector, "-o", "jsonpath={.items[*].metadata.name}"]);
        said.split_whitespace().map(str::to_owned).collect()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_is_cordoned_and_uncordoned_and_its_pods_stay() {
    let _up = server_stays_up().await;
    let _alone = nodes_are_mine().await;
    let node = Spare::new("spare-cordon").await;
    let place = Place::new("nodes-cordon").await;
    let pods = place.pods_on("web", node.0, 2).await;
    let target = place.node(node.0);
    let cordon = place.native(&target, Verb::Cordon).await;
    let end = place.act(only(&place.look(&cordon).await)).await;
    assert_eq!(end, Outcome::Settled { says: "unschedulable: no new pods come here".into() });
    assert!(node.unschedulable());
    assert_eq!(place.on(node.0), pods);
    // Who asks again is told that there is nothing to do.
    let again = place.look(&cordon).await;
    assert!(again.effect.iter().any(|line| line.contains("is cordoned already")), "{again:#?}");
    let uncordon = Native { verb: Verb::Uncordon, ..cordon };
    let end = place.act(only(&place.look(&uncordon).await)).await;
    assert_eq!(end, Outcome::Settled { says: "schedulable: new pods may come here".into() });
    assert!(!node.unschedulable());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_names_its_pods_evicts_them_and_waits_for_a_budget() {
    let _up = server_stays_up().await;
    let _alone = nodes_are_mine().await;
    let node = Spare::new("spare-drain").await;
    let place = Place::new("nodes-drain").await;
    let pods = place.pods_on("web", node.0, 3).await;
    // Owned by nothing, and lost by force only.
    place.apply(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: lone}}, spec: {{nodeName: {}, terminationGracePeriodSeconds: \
         0, containers: [{{name: a, image: \"registry.lab/x/web:1.0.0\"}}]}}}}",
        node.0
    ));
    place.apply(
        "{apiVersion: policy/v1, kind: PodDisruptionBudget, metadata: {name: web}, spec: {minAvailable: 3, \
         selector: {matchLabels: {app: web}}}}",
    );
    let target = place.node(node.0);
    let drain = place.native(&target, Verb::Drain { grace_seconds: None, force: false }).await;
    let found = eventually("a budget that allows none", || async {
        let found = place.look(&drain).await;
        found.warnings.iter().any(|warning| warning.contains("PDB `web` allows none now")).then_some(found)
    })
    .await;
    let text = found.effect.join("\n");
    assert!(text.contains("cordoned, then 3 pods evicted"), "{found:#?}");
    for pod in &pods {
        assert!(text.contains(&format!("evicts nodes-drain/{pod}")), "{found:#?}");
    }
    assert!(!text.contains("evicts nodes-drain/lone"), "{found:#?}");
    let lone = found.warnings.iter().any(|warning| warning.contains("nodes-drain/lone is owned by nothing"));
    assert!(lone, "{found:#?}");
    assert!(!node.unschedulable(), "a look changes nothing");
    let looked = only(&found);
    let evicting = tokio::spawn({
        let cluster = place.cluster();
        async move { crate::deeds::act(&cluster, looked).await }
    });
    eventually("the cordon", || async { node.unschedulable().then_some(()) }).await;
    assert!(place.on(node.0).iter().any(|pod| pod.starts_with("web-")), "the budget holds them");
    place.kubectl(&["delete", "pdb", "web"]);
    let end = evicting.await.expect("it ends");
    let Outcome::Settled { says } = &end else { panic!("{end:?}") };
    assert!(says.starts_with("3 pods evicted") && says.contains("owned by nothing"), "{says}");
    assert_eq!(place.on(node.0), ["lone"]);
    let force = Native { verb: Verb::Drain { grace_seconds: None, force: true }, ..drain };
    let found = place.look(&force).await;
    assert!(found.effect.iter().any(|line| line.contains("lone (lost: owned by nothing)")), "{found:#?}");
    let end = place.act(only(&found)).await;
    assert!(matches!(end, Outcome::Settled { .. }), "{end:?}");
    assert_eq!(place.on(node.0), [""; 0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_hangs_on_a_dead_node_is_forgotten_by_force() {
    let _up = server_stays_up().await;
    let _alone = nodes_are_mine().await;
    let node = Spare::new("spare-dead").await;
    let place = Place::new("nodes-dead").await;
    place.apply(&format!(
        "{{apiVersion: v1, kind: Pod, metadata: {{name: stuck}}, spec: {{nodeName: {}, \
         terminationGracePeriodSeconds: 600, containers: [{{name: a, image: \"registry.lab/x/web:1.0.0\"}}]}}}}",
        node.0
    ));
    place.kubectl(&["delete", "pod", "stuck", "--wait=false"]);
    // No kubelet says that it has ended.
    assert_eq!(place.on(node.0), ["stuck"]);
    let pod = place.target(Kind::Pod, "stuck");
    let force = place.native(&pod, Verb::Delete { grace_seconds: Some(0), force: true }).await;
    let found = place.look(&force).await;
    assert!(found.warnings.iter().any(|warning| warning.contains("by force")), "{found:#?}");
    let end = place.act(only(&found)).await;
    assert!(matches!(&end, Outcome::Settled { says } if says.starts_with("gone")), "{end:?}");
    assert_eq!(place.on(node.0), [""; 0]);
}
