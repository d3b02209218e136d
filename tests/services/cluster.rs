//! The suite itself: the estate is what the other tests take it for, and every user may do what is said and
//! no more.
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ContainerStatus, Node, Pod};
use kube::api::{Api, ListParams};

use crate::suite::{
    As, api, certificates_stay, client, eventually, kubectl, kubectl_says, nodes_stay, server_is_mine,
    server_stays_up, setting,
};

async fn containers(namespace: &str, app: &str) -> Vec<ContainerStatus> {
    let pods: Api<Pod> = Api::namespaced(client(As::Admin).await, namespace);
    let found = pods.list(&ListParams::default().labels(&format!("app={app}"))).await.expect("pods");
    found
        .into_iter()
        .filter_map(|pod| pod.status)
        .filter_map(|status| status.container_statuses)
        .flatten()
        .collect()
}

async fn waits_with(namespace: &str, app: &str, reason: &str) {
    eventually(&format!("`{reason}` on {namespace}/{app}"), || async {
        containers(namespace, app).await.into_iter().find(|container| {
            let waiting = container.state.as_ref().and_then(|state| state.waiting.as_ref());
            waiting.and_then(|waiting| waiting.reason.as_deref()) == Some(reason)
        })
    })
    .await;
}

fn refused(who: As, arguments: &[&str]) -> bool {
    let output = kubectl(who, arguments);
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        output.status.success() || said.contains("Forbidden"),
        "kubectl {arguments:?} as {who:?}: {said}"
    );
    !output.status.success()
}

#[tokio::test]
async fn six_nodes_are_ready_and_measured() {
    let _up = server_stays_up().await;
    let _nodes = nodes_stay().await;
    let nodes: Api<Node> = Api::all(client(As::Admin).await);
    assert_eq!(nodes.list(&ListParams::default()).await.expect("nodes").items.len(), 6);
    assert_eq!(kubectl_says(As::Admin, &["top", "nodes", "--no-headers"]).lines().count(), 6);
}

#[tokio::test]
async fn a_crashing_pod_backs_off() {
    let _up = server_stays_up().await;
    waits_with("shop", "cart", "CrashLoopBackOff").await;
}

#[tokio::test]
async fn an_image_that_is_not_there_is_not_pulled_while_the_old_pods_serve() {
    let _up = server_stays_up().await;
    waits_with("shop", "search", "ImagePullBackOff").await;
    assert_eq!(containers("shop", "search").await.iter().filter(|container| container.ready).count(), 2);
}

#[tokio::test]
async fn a_pod_over_its_memory_limit_is_killed_with_137() {
    let _up = server_stays_up().await;
    let ended = eventually("a killed container", || async {
        let all = containers("shop", "checkout").await;
        all.into_iter().find_map(|container| container.last_state.and_then(|state| state.terminated))
    })
    .await;
    assert_eq!((ended.reason.as_deref(), ended.exit_code), (Some("OOMKilled"), 137));
}

#[tokio::test]
async fn a_pod_that_fits_on_no_node_stays_pending_and_says_why() {
    let _up = server_stays_up().await;
    let pods: Api<Pod> = Api::namespaced(client(As::Admin).await, "billing");
    let why = eventually("an unschedulable pod", || async {
        let found = pods.list(&ListParams::default().labels("app=worker")).await.expect("pods");
        found.into_iter().find_map(|pod| {
            let conditions = pod.status.and_then(|status| status.conditions).unwrap_or_default();
            conditions.into_iter().find(|condition| condition.reason.as_deref() == Some("Unschedulable"))
        })
    })
    .await;
    // How many there were when it was tried last, with those that a test made for itself.
    let why = why.message.unwrap_or_default();
    assert!(why.starts_with("0/") && why.contains(" nodes are available"), "{why}");
}

#[tokio::test]
async fn a_quota_holds_a_rollout_at_two_of_four() {
    let _up = server_stays_up().await;
    let deployments: Api<Deployment> = Api::namespaced(client(As::Admin).await, "sandbox");
    eventually("the refusal of the quota", || async {
        let greedy = deployments.get("greedy").await.expect("the deployment").status.unwrap_or_default();
        let failure = greedy
            .conditions
            .unwrap_or_default()
            .into_iter()
            .find(|c| c.type_.as_deref() == Some("ReplicaFailure"))?;
        (greedy.replicas == Some(2) && failure.message?.contains("exceeded quota: two-pods")).then_some(())
    })
    .await;
}

#[tokio::test]
async fn one_job_completes_and_the_other_fails() {
    let _up = server_stays_up().await;
    for (job, condition) in [("invoices", "Complete"), ("nightly-export", "Failed")] {
        kubectl_says(
            As::Admin,
            &[
                "-n",
                "billing",
                "wait",
                &format!("job/{job}"),
                &format!("--for=condition={condition}"),
                "--timeout=80s",
            ],
        );
    }
}

#[tokio::test]
async fn two_certificates_stand_there_of_which_one_is_ready() {
    let _up = server_stays_up().await;
    let _certificates = certificates_stay().await;
    let path = "jsonpath={range .items[*]}{.metadata.name}={.status.conditions[0].status} {end}";
    let said = kubectl_says(As::View, &["-n", "platform", "get", "certificates.cert-manager.io", "-o", path]);
    assert_eq!(said.trim(), "dashboard-tls=False gateway-tls=True");
}

#[tokio::test]
async fn logs_are_read_and_a_shell_answers() {
    let _up = server_stays_up().await;
    eventually("ten lines of a log", || async {
        let said = kubectl_says(As::View, &["-n", "platform", "logs", "deployment/chatty", "--tail=10"]);
        (said.lines().count() == 10).then_some(())
    })
    .await;
    let said =
        kubectl_says(As::Admin, &["-n", "shop", "exec", "deploy/web", "--", "sh", "-c", "echo in; exit 0"]);
    assert_eq!(said.trim(), "in");
}

#[tokio::test]
async fn each_user_is_refused_what_is_not_theirs() {
    let _up = server_stays_up().await;
    let shop_pods = ["-n", "shop", "get", "pods"];
    let all_pods = ["get", "pods", "-A"];
    let billing_pods = ["-n", "billing", "get", "pods"];
    let nodes = ["get", "nodes"];
    let secrets = ["-n", "shop", "get", "secrets"];
    let usage = ["-n", "shop", "top", "pods"];
    let scale =
        ["-n", "shop", "patch", "deploy/web", "--dry-run=server", "-p", "{\"spec\":{\"replicas\":4}}"];
    let cordon = ["patch", "node/node-1", "--dry-run=server", "-p", "{\"spec\":{\"unschedulable\":true}}"];
    let table = [
        (As::View, [false, false, false, true, true, false, true, true]),
        (As::Operator, [false, false, false, false, false, false, false, true]),
        (As::Partial, [false, true, true, true, true, true, true, true]),
        (As::Token, [false, true, true, true, true, false, true, true]),
    ];
    let asked: [&[&str]; 8] =
        [&shop_pods, &all_pods, &billing_pods, &nodes, &secrets, &usage, &scale, &cordon];
    for (who, expected) in table {
        for (arguments, expected) in asked.iter().zip(expected) {
            assert_eq!(refused(who, arguments), expected, "{who:?}: {arguments:?}");
        }
    }
}

#[tokio::test]
async fn the_login_plugin_is_asked_again_when_its_token_is_over() {
    let _up = server_stays_up().await;
    let calls = || std::fs::read_to_string(setting("TOKEN_CALLS")).unwrap_or_default().lines().count();
    let before = calls();
    let pods: Api<Pod> = Api::default_namespaced(client(As::Token).await);
    eventually("a second call of the plugin by one client", || async {
        pods.list(&ListParams::default().limit(1)).await.expect("a token that is good");
        (calls() >= before + 2).then_some(())
    })
    .await;
}

#[tokio::test]
async fn the_api_server_comes_back_with_everything_it_had() {
    let _alone = server_is_mine().await;
    let before = kubectl_says(As::Admin, &["-n", "billing", "get", "deploy", "-o", "name"]);
    api("stop");
    assert!(!kubectl(As::Admin, &["get", "--raw", "/readyz", "--request-timeout=2s"]).status.success());
    api("start");
    assert_eq!(kubectl_says(As::Admin, &["-n", "billing", "get", "deploy", "-o", "name"]), before);
}
