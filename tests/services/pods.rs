//! The feeds of pods, nodes and metrics against the real server: what they show, and to whom.
use std::collections::BTreeSet;

use firedeck::domain::feed::Feed;
use firedeck::domain::object::Kind;
use firedeck::domain::pod::Phase;

use crate::feeds::Feeds;
use crate::own::Own;
use crate::suite::{As, kubeconfig, kubectl_says, nodes_stay, server_stays_up};

fn names_as_the_server_says(namespace: &str) -> BTreeSet<String> {
    let said = kubectl_says(As::Admin, &["-n", namespace, "get", "pods", "-o", "name"]);
    said.lines().filter_map(|line| line.strip_prefix("pod/")).map(str::to_owned).collect()
}

#[tokio::test]
async fn the_first_picture_holds_every_pod_of_every_namespace() {
    let _up = server_stays_up().await;
    let _nodes = nodes_stay().await;
    let mut feeds = Feeds::of(As::Admin, &["*"]);
    let all = feeds.pods_in("");
    feeds.live(&all).await;
    for namespace in ["shop", "billing", "platform", "sandbox"] {
        let expected = names_as_the_server_says(namespace);
        assert!(!expected.is_empty());
        feeds
            .until(&format!("the pods of {namespace}"), |feeds| {
                let pods = feeds.pods.of(&all).filter(|pod| &*pod.id.namespace == namespace);
                (pods.map(|pod| pod.id.name.to_string()).collect::<BTreeSet<_>>() == expected).then_some(())
            })
            .await;
    }
    let (nodes, metrics) = (feeds.nodes(), feeds.metrics());
    feeds.live(&nodes).await;
    assert_eq!(feeds.objects.names(&nodes).len(), 6);
    feeds.live(&metrics).await;
    assert_eq!(feeds.node_usage.len(), 6);
    assert!(feeds.pod_usage.iter().any(|(pod, usage)| &*pod.namespace == "shop" && usage.memory > 0));
}

#[tokio::test]
async fn new_pods_changed_pods_and_deleted_pods_are_seen() {
    let _up = server_stays_up().await;
    let own = Own::new("changes");
    let mut feeds = Feeds::of(As::Admin, &[&own.name]);
    let here = feeds.pods_in(&own.name);
    feeds.live(&here).await;
    assert_eq!(feeds.pods.of(&here).count(), 0);
    own.deploy("web", 2, "");
    let running = |feeds: &Feeds, count: usize| {
        let all = feeds.pods.of(&here).count();
        let well = |phase: Phase, ready: Option<bool>| phase == Phase::Running && ready == Some(true);
        let running = feeds.pods.of(&here).filter(|pod| well(pod.phase, pod.ready)).count();
        (all == count && running == count).then(|| feeds.pods.names(&here))
    };
    let two = feeds.until("two running pods", |feeds| running(feeds, 2)).await;
    own.kubectl(&["scale", "deployment/web", "--replicas=3"]);
    let three = feeds.until("a third", |feeds| running(feeds, 3)).await;
    assert!(three.is_superset(&two), "{two:?} {three:?}");
    let gone = two.first().expect("a pod").clone();
    own.kubectl(&["delete", "pod", &gone, "--wait=false"]);
    feeds
        .until("another pod in its place", |feeds| running(feeds, 3).filter(|names| !names.contains(&gone)))
        .await;
    assert_eq!(feeds.pods.begun(&here), 1, "one picture, and changes to it");
    assert_eq!(feeds.was_ill(|feed| *feed == here), None);
}

#[tokio::test]
async fn each_namespace_is_a_feed_of_its_own_and_no_other_is_seen() {
    let _up = server_stays_up().await;
    let mut feeds = Feeds::of(As::Admin, &["shop", "billing"]);
    for namespace in ["shop", "billing"] {
        let feed = feeds.pods_in(namespace);
        feeds.live(&feed).await;
        assert!(feeds.pods.of(&feed).count() > 0);
        assert!(feeds.pods.of(&feed).all(|pod| &*pod.id.namespace == namespace));
    }
    assert!(!feeds.states.keys().any(|feed| matches!(feed, Feed::Pods(_, name) if &**name == "platform")));
}

#[tokio::test]
async fn a_viewer_sees_all_pods_and_their_usage_and_is_told_what_the_nodes_need() {
    let _up = server_stays_up().await;
    let mut feeds = Feeds::of(As::View, &["*"]);
    let (pods, nodes, metrics) = (feeds.pods_in(""), feeds.nodes(), feeds.metrics());
    feeds.live(&pods).await;
    feeds.live(&metrics).await;
    assert!(!feeds.pod_usage.is_empty(), "the nodes' numbers are missing, not the pods'");
    assert_eq!(feeds.forbidden(&nodes).await, "list and watch nodes");
    assert_eq!(feeds.was_ill(|feed| *feed != nodes), None);
}

#[tokio::test]
async fn one_namespace_of_three_is_live_while_the_others_say_what_they_need() {
    let _up = server_stays_up().await;
    let mut feeds = Feeds::of(As::Partial, &["shop", "billing", "platform"]);
    feeds.handle.watch(vec![Kind::Deployment, Kind::Hpa]);
    for namespace in ["billing", "platform"] {
        let feed = feeds.pods_in(namespace);
        let needs = feeds.forbidden(&feed).await;
        assert_eq!(needs, format!("list and watch pods in namespace `{namespace}`"));
        let feed = feeds.objects_in(Kind::Deployment, namespace);
        let needs = feeds.forbidden(&feed).await;
        assert_eq!(needs, format!("list and watch deployments.apps in namespace `{namespace}`"));
    }
    let (nodes, metrics) = (feeds.nodes(), feeds.metrics());
    assert_eq!(feeds.forbidden(&nodes).await, "list and watch nodes");
    let needs = feeds.forbidden(&metrics).await;
    assert_eq!(needs, "list pods.metrics.k8s.io in namespaces `billing`, `platform`, `shop`");
    let hpas = feeds.objects_in(Kind::Hpa, "shop");
    let needs = feeds.forbidden(&hpas).await;
    assert_eq!(needs, "list and watch horizontalpodautoscalers.autoscaling in namespace `shop`");
    for feed in [feeds.pods_in("shop"), feeds.objects_in(Kind::Deployment, "shop")] {
        feeds.live(&feed).await;
        assert_eq!(feeds.was_ill(|other| *other == feed), None);
    }
}

#[tokio::test]
async fn a_token_that_ends_is_renewed_without_a_word_and_the_watch_goes_on() {
    let _up = server_stays_up().await;
    let mut feeds = Feeds::of(As::Token, &["shop"]);
    let pods = feeds.pods_in("shop");
    // The server ends each watch after half a minute; a token of twenty seconds is over by then.
    feeds.until("the watch opened anew", |feeds| (feeds.heard(&pods) >= 2).then_some(())).await;
    let crashing = |feeds: &Feeds| -> u32 {
        let cart = feeds.pods.of(&pods).filter(|pod| pod.id.name.starts_with("cart-"));
        cart.flat_map(|pod| pod.containers.iter()).map(|container| container.restarts).sum()
    };
    let before = crashing(&feeds);
    feeds.until("a restart that came later", |feeds| (crashing(feeds) > before).then_some(())).await;
    assert_eq!(feeds.was_ill(|feed| *feed == pods), None);
    assert_eq!(feeds.pods.begun(&pods), 1, "it went on where it was");
}

/// To a client whose clock is an hour slow a token seems good for an hour longer than it is.
#[tokio::test]
async fn a_token_that_only_seems_good_because_the_clocks_differ_is_replaced() {
    let _up = server_stays_up().await;
    let dir = tempfile::tempdir().expect("a directory");
    let text = std::fs::read_to_string(kubeconfig(As::Token)).expect("the suite's kubeconfig");
    let command =
        text.lines().find_map(|line| line.trim().strip_prefix("command: ")).expect("a plugin").to_owned();
    let late = dir.path().join("late");
    let script = format!(
        "#!/bin/sh\n'{command}' \"$@\" | sed 's/\"expirationTimestamp\":\"[^\"]*\"/\"expirationTimestamp\":\"2999-01-01T00:00:00Z\"/'\n"
    );
    std::fs::write(&late, script).expect("written");
    let executable = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&late, executable).expect("executable");
    let text = text.replace(&command, &late.display().to_string());
    let mut feeds = Feeds::open(&text, &["shop"], Vec::new());
    let pods = feeds.pods_in("shop");
    feeds.live(&pods).await;
    let first = feeds.handle.cluster(&feeds.context.clone()).expect("connected").generation;
    let handle = feeds.handle.clone();
    let context = feeds.context.clone();
    feeds
        .until("another login", |_| handle.cluster(&context).filter(|cluster| cluster.generation > first))
        .await;
    let again = feeds.heard(&pods);
    feeds.until("the pods heard again", |feeds| (feeds.heard(&pods) > again).then_some(())).await;
    assert_eq!(feeds.was_ill(|feed| *feed == pods), None);
}
