//! The fault proxy before the real API server: a client of the suite sees what the proxy plays.
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, ListParams};

use crate::common::fault::Fault;
use crate::common::fault::http::Answer;
use crate::suite::{As, client_through, eventually, kubectl_through, proxy, server_stays_up};

#[tokio::test]
async fn pods_and_a_shell_come_through_a_proxy_that_does_nothing() {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Admin).await;
    let client = client_through(&proxy, As::Admin).await;
    let pods: Api<Pod> = Api::namespaced(client, "shop");
    assert!(pods.list(&ListParams::default()).await.expect("pods").items.len() >= 9);
    let said =
        kubectl_through(&proxy, As::Admin, &["-n", "shop", "exec", "deploy/web", "--", "echo", "in"]).await;
    assert_eq!(said, Ok("in\n".to_owned()));
}

#[tokio::test]
async fn a_token_reaches_the_server_when_the_proxy_has_no_identity_of_its_own() {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Token).await;
    let client = client_through(&proxy, As::Token).await;
    Api::<Pod>::namespaced(client.clone(), "shop").list(&ListParams::default()).await.expect("its namespace");
    let refused = Api::<Pod>::namespaced(client, "billing").list(&ListParams::default()).await;
    assert!(matches!(refused, Err(kube::Error::Api(status)) if status.code == 403));
}

#[tokio::test]
async fn a_server_that_is_busy_a_version_that_is_gone_and_broken_json_are_played() {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Admin).await;
    let pods: Api<Pod> = Api::namespaced(client_through(&proxy, As::Admin).await, "shop");
    for (code, reason) in [(410, "Expired"), (401, "Unauthorized"), (500, "InternalError")] {
        proxy.answer_times("/namespaces/shop/pods", 1, Answer::status(code, reason));
        let failed = pods.list(&ListParams::default()).await;
        assert!(matches!(failed, Err(kube::Error::Api(status)) if status.code == code), "{code}");
    }
    proxy.answer("/namespaces/shop/pods", Answer::status(429, "TooManyRequests").header("retry-after", "1"));
    let failed = pods.list(&ListParams::default()).await;
    assert!(matches!(failed, Err(kube::Error::Api(status)) if status.code == 429));
    proxy.answer("/namespaces/shop/pods", Answer::body(200, "{\"kind\": \"PodList\", \"items\": [{"));
    assert!(matches!(pods.list(&ListParams::default()).await, Err(kube::Error::SerdeError(_))));
    proxy.forget_answers();
    pods.list(&ListParams::default()).await.expect("healed");
}

#[tokio::test]
async fn every_fault_fails_a_request_and_is_healed() {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Admin).await;
    for fault in [Fault::Reset, Fault::Refuse, Fault::Cut { after: 500 }, Fault::Garbage, Fault::BlackHole] {
        proxy.set(fault).await;
        let said =
            kubectl_through(&proxy, As::Admin, &["-n", "shop", "get", "pods", "--request-timeout=2s"]).await;
        assert!(said.is_err(), "{fault:?}: {said:?}");
        proxy.set(Fault::Pass).await;
        eventually("the healed server", || async {
            kubectl_through(&proxy, As::Admin, &["-n", "shop", "get", "pods"]).await.ok()
        })
        .await;
    }
}
