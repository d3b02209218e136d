//! The lamp of the pods and the words beside it: no trouble is ever hidden behind a green sign.
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::model::Model;

use super::picture;
use crate::common::estate::{connected, feed, news, node, pending, pod};

fn lamp(model: &Model) -> String {
    picture(model).lines().nth(1).unwrap_or_default().split("   ").next().unwrap_or_default().to_owned()
}

fn title(model: &Model) -> String {
    picture(model).lines().nth(3).unwrap_or_default().to_owned()
}

/// Two pods that run, the second on a node of which this is known.
fn two(ready: Option<bool>) -> Model {
    let mut model = connected(120, 40);
    let nodes = vec![Seen::Is(node("node-1", Some(true))), Seen::Is(node("node-2", ready))];
    let pods = vec![Seen::Is(pod("shop", "web-a-1", "node-1")), Seen::Is(pod("shop", "web-a-2", "node-2"))];
    news(
        &mut model,
        vec![
            News::Objects(feed(Kind::Node), nodes),
            News::Pods(feed(Kind::Pod), pods),
            News::Feed(feed(Kind::Pod), FeedState::Live),
        ],
    );
    model
}

#[test]
fn pods_on_a_silent_node_are_no_green_lamp() {
    assert_eq!(lamp(&two(Some(true))), " ✓ pods 2");
    assert_eq!(lamp(&two(None)), " ? pods 1");
}

#[test]
fn pods_that_are_not_ready_are_no_green_lamp() {
    let mut model = two(Some(true));
    let mut waiting = pod("shop", "web-a-3", "node-1");
    waiting.ready = Some(false);
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(waiting)])]);
    assert_eq!(lamp(&model), " ▲ pods 1");
}

#[test]
fn a_namespace_that_may_not_be_seen_does_not_hide_what_fails_in_the_others() {
    let mut model = two(Some(true));
    let hidden = Feed::Pods("prod-eu".into(), "billing".into());
    let needs = "list and watch pods in namespace `billing`".into();
    news(&mut model, vec![News::Feed(hidden, FeedState::Forbidden { needs })]);
    assert_eq!(lamp(&model), " ▲ pods");
    let stuck = pending(pod("shop", "web-a-3", "node-1"));
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(stuck)])]);
    assert_eq!(lamp(&model), " ✗ pods 1");
}

#[test]
fn a_permission_that_is_missing_for_numbers_and_nodes_is_said_where_they_would_be() {
    let mut model = two(Some(true));
    let metrics = Feed::Metrics("prod-eu".into());
    let needs = "list pods.metrics.k8s.io in all namespaces".into();
    news(&mut model, vec![News::Feed(metrics.clone(), FeedState::Forbidden { needs })]);
    assert!(title(&model).contains("no metrics: needs list pods.metrics.k8s.io"), "{}", title(&model));
    let why = "no metrics: the server has no metrics.k8s.io".into();
    news(&mut model, vec![News::Feed(metrics.clone(), FeedState::Absent { why })]);
    assert!(title(&model).contains(" · no metrics"), "{}", title(&model));
    news(&mut model, vec![News::Feed(metrics, FeedState::Live)]);
    assert!(!title(&model).contains("metrics"), "{}", title(&model));
    let needs = "list and watch nodes".into();
    news(&mut model, vec![News::Feed(feed(Kind::Node), FeedState::Forbidden { needs })]);
    assert!(title(&model).contains("dead nodes not told: needs list and watch nodes"), "{}", title(&model));
}
