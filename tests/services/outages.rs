//! What breaks between the feeds and the real server: each says so, keeps its rows, and heals by itself,
//! while a context beside it does not notice.
use std::collections::BTreeSet;
use std::time::Duration;

use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::Follow;
use firedeck::domain::object::Kind;
use firedeck::domain::time::Timestamp;

use crate::common::fault::http::Answer;
use crate::common::fault::{Fault, Proxy};
use crate::feeds::{BROKEN, Feeds};
use crate::logs::unbroken;
use crate::own::Own;
use crate::suite::{As, api, proxy, server_is_mine, server_stays_up};

/// Pods and deployments of two namespaces through a proxy, and the same beside it; all of them live.
async fn stage(proxy: &Proxy) -> Feeds {
    let mut feeds = Feeds::beside(proxy, As::Admin, &["shop", "billing"]);
    feeds.handle.watch(vec![Kind::Deployment]);
    for namespace in ["shop", "billing"] {
        for feed in [feeds.pods_in(namespace), feeds.objects_in(Kind::Deployment, namespace)] {
            feeds.live(&feed).await;
        }
    }
    let beside = beside(&feeds, "shop");
    feeds.live(&beside).await;
    feeds
}

/// The same pods of the context that goes without the proxy.
fn beside(feeds: &Feeds, namespace: &str) -> Feed {
    let context = feeds.handle.contexts().into_iter().find(|name| &**name != BROKEN).expect("two contexts");
    Feed::Pods(context, namespace.into())
}

fn deployments(feeds: &Feeds) -> BTreeSet<String> {
    feeds.objects.names(&feeds.objects_in(Kind::Deployment, "shop"))
}

/// The context beside did not notice.
fn assert_alone(feeds: &Feeds) {
    assert_eq!(feeds.was_ill(|feed| feed.context().is_some_and(|context| &**context != BROKEN)), None);
}

/// Every feed of the broken context goes down, keeps what it had, and comes back when the fault ends.
async fn falls_and_heals(fault: Fault) -> String {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Admin).await;
    let mut feeds = stage(&proxy).await;
    let (pods, others) = (feeds.pods_in("shop"), feeds.objects_in(Kind::Deployment, "shop"));
    let (before, known) = (deployments(&feeds), feeds.pods.names(&pods));
    proxy.set(fault).await;
    proxy.hang_up();
    let why = feeds.down(&pods).await;
    feeds.down(&others).await;
    assert_eq!(deployments(&feeds), before, "the last good rows stay");
    assert!(feeds.pods.names(&pods).is_superset(&known), "the last good rows stay");
    assert_alone(&feeds);
    proxy.set(Fault::Pass).await;
    feeds.live(&pods).await;
    feeds.live(&others).await;
    assert_eq!(deployments(&feeds), before);
    assert_alone(&feeds);
    why
}

#[tokio::test]
async fn connections_that_are_reset_show_and_heal() {
    let why = falls_and_heals(Fault::Reset).await;
    assert!(why.contains("connection reset") || why.contains("connection closed"), "{why}");
}

#[tokio::test]
async fn a_server_that_refuses_connections_shows_and_heals() {
    assert_eq!(falls_and_heals(Fault::Refuse).await, "connection refused");
}

#[tokio::test]
async fn answers_that_break_off_half_way_show_and_heal() {
    let why = falls_and_heals(Fault::Cut { after: 200 }).await;
    assert!(why.contains("half-way") || why.contains("closed") || why.contains("reset"), "{why}");
}

#[tokio::test]
async fn random_bytes_show_and_heal() {
    let why = falls_and_heals(Fault::Garbage).await;
    assert!(!why.is_empty());
}

#[tokio::test]
async fn a_partition_that_drops_packets_shows_without_a_word_from_the_network_and_heals() {
    let _up = server_stays_up().await;
    let own = Own::new("split");
    own.deploy("web", 1, "fakelet/log-rate: \"20\"");
    let proxy = proxy(As::Admin).await;
    let mut feeds = Feeds::beside(&proxy, As::Admin, &[&own.name]);
    let pods = feeds.pods_in(&own.name);
    let name = feeds.until("the pod", |feeds| feeds.pods.names(&pods).into_iter().next()).await;
    let order = Follow::Pod { pod: feeds.id(Kind::Pod, &own.name, &name), container: None, previous: false };
    feeds.follow(order).await;
    feeds.until("its lines", |feeds| (feeds.numbers(&name).len() > 10).then_some(())).await;
    proxy.set(Fault::BlackHole).await;
    let why = feeds.down(&pods).await;
    assert!(why.contains("no answer") || why.contains("timed out"), "{why}");
    assert!(feeds.pods.names(&pods).contains(&name));
    assert_alone(&feeds);
    feeds.down(&Feed::Logs).await;
    // What happens behind the partition is there afterwards.
    own.kubectl(&["scale", "deployment/web", "--replicas=2"]);
    let before = feeds.numbers(&name).len();
    proxy.set(Fault::Pass).await;
    feeds.until("the second pod", |feeds| (feeds.pods.names(&pods).len() == 2).then_some(())).await;
    feeds.live(&pods).await;
    feeds.until("lines again", |feeds| (feeds.numbers(&name).len() > before + 10).then_some(())).await;
    feeds.live(&Feed::Logs).await;
    unbroken(&feeds.numbers(&name));
}

#[tokio::test]
async fn answers_that_trickle_are_waited_for_and_nothing_else_waits() {
    let _up = server_stays_up().await;
    let proxy = proxy(As::Admin).await;
    proxy.set(Fault::Slow { bytes_per_second: 2_000 }).await;
    let mut feeds = Feeds::beside(&proxy, As::Admin, &["shop"]);
    let (pods, well) = (feeds.pods_in("shop"), beside_soon(&mut feeds, "shop").await);
    feeds.live(&well).await;
    feeds.until("the first rows", |feeds| (feeds.pods.of(&pods).count() > 1).then_some(())).await;
    assert_eq!(feeds.heard(&pods), 0, "it is not whole yet");
    assert_eq!(feeds.was_ill(|feed| *feed == pods), None);
    proxy.set(Fault::Pass).await;
    feeds.live(&pods).await;
    assert_eq!(feeds.pods.names(&pods), feeds.pods.names(&well));
}

/// The same, before it is known that there are two.
async fn beside_soon(feeds: &mut Feeds, namespace: &str) -> Feed {
    feeds.until("both contexts", |feeds| (feeds.handle.contexts().len() == 2).then_some(())).await;
    beside(feeds, namespace)
}

/// One feed's requests are answered wrongly; the others of the same context stay live.
async fn one_feed(answer: Answer) -> (FeedState, Feeds, Proxy) {
    let proxy = proxy(As::Admin).await;
    let mut feeds = stage(&proxy).await;
    let pods = feeds.pods_in("shop");
    let known = feeds.pods.names(&pods);
    proxy.answer("/namespaces/shop/pods?", answer);
    proxy.hang_up();
    let planned = |state: &FeedState| matches!(state, FeedState::Down { next_try: Some(_), .. });
    let down = feeds.state(&pods, planned).await;
    assert!(feeds.pods.names(&pods).is_superset(&known), "the last good rows stay");
    for feed in [feeds.pods_in("billing"), feeds.objects_in(Kind::Deployment, "shop")] {
        feeds.live(&feed).await;
    }
    (down, feeds, proxy)
}

fn words(state: &FeedState) -> (&str, Timestamp) {
    let FeedState::Down { why, next_try: Some(next) } = state else { panic!("not down: {state:?}") };
    (why, *next)
}

#[tokio::test]
async fn garbage_in_place_of_json_is_the_trouble_of_one_feed() {
    let _up = server_stays_up().await;
    let (down, mut feeds, proxy) =
        one_feed(Answer::body(200, "{\"kind\": \"PodList\", <html> \u{1b}[2J\n")).await;
    assert!(words(&down).0.contains("makes no sense"), "{down:?}");
    proxy.forget_answers();
    let pods = feeds.pods_in("shop");
    feeds.live(&pods).await;
    assert_alone(&feeds);
}

#[tokio::test]
async fn an_error_of_the_server_is_shown_in_its_words() {
    let _up = server_stays_up().await;
    let (down, mut feeds, proxy) = one_feed(Answer::status(500, "InternalError")).await;
    assert!(words(&down).0.contains("the server answered 500"), "{down:?}");
    proxy.forget_answers();
    let pods = feeds.pods_in("shop");
    feeds.live(&pods).await;
}

#[tokio::test]
async fn a_busy_server_is_asked_again_when_it_said_and_not_before() {
    let _up = server_stays_up().await;
    let busy = Answer::status(429, "TooManyRequests").header("retry-after", "40");
    let asked = firedeck::sources::now();
    let (down, mut feeds, proxy) = one_feed(busy).await;
    let (why, next) = words(&down);
    assert_eq!(why, "the server is busy");
    assert!(next.since(asked) >= Duration::from_secs(39), "{next:?}");
    proxy.forget_answers();
    // The operator's key does not wait.
    feeds.handle.retry();
    let pods = feeds.pods_in("shop");
    feeds.live(&pods).await;
    assert!(firedeck::sources::now() < next, "it was live before the time the server gave");
    assert_alone(&feeds);
}

/// The server tells in the stream, or as the answer's own status.
#[tokio::test]
async fn a_version_that_is_gone_means_a_new_picture_and_no_alarm() {
    let _up = server_stays_up().await;
    let gone = r#"{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","metadata":{},"status":"Failure",
        "message":"too old resource version","reason":"Expired","code":410}}"#;
    for answer in [Answer::body(200, gone.replace('\n', " ") + "\n"), Answer::status(410, "Expired")] {
        let proxy = proxy(As::Admin).await;
        let mut feeds = stage(&proxy).await;
        let pods = feeds.pods_in("shop");
        // Only what resumes can be too old; a picture from the start never is.
        proxy.answer(
            "/namespaces/shop/pods?&watch=true&timeoutSeconds=30&allowWatchBookmarks=true&resourceVersion=",
            answer,
        );
        proxy.hang_up();
        feeds.until("a second picture", |feeds| (feeds.pods.begun(&pods) >= 2).then_some(())).await;
        proxy.forget_answers();
        let heard = feeds.heard(&pods);
        feeds.until("it whole", |feeds| (feeds.heard(&pods) > heard).then_some(())).await;
        assert_eq!(feeds.was_ill(|feed| *feed == pods), None);
    }
}

#[tokio::test]
async fn an_api_server_that_restarts_is_down_and_then_all_goes_on_where_it_was() {
    let alone = server_is_mine().await;
    let own = Own::new("restart");
    own.deploy("web", 1, "fakelet/log-rate: \"20\"");
    let proxy = proxy(As::Admin).await;
    let mut feeds = Feeds::beside(&proxy, As::Admin, &[&own.name]);
    feeds.handle.watch(vec![Kind::Deployment]);
    let (split, well) = (feeds.pods_in(&own.name), beside_soon(&mut feeds, &own.name).await);
    let name = feeds.until("the pod", |feeds| feeds.pods.names(&split).into_iter().next()).await;
    let whole =
        Feed::Objects(well.context().expect("one").clone(), Kind::Deployment, own.name.as_str().into());
    for feed in [&split, &well, &whole] {
        feeds.live(feed).await;
    }
    let straight = firedeck::domain::object::ObjectRef {
        context: well.context().expect("one").clone(),
        ..feeds.id(Kind::Pod, &own.name, &name)
    };
    let order = Follow::Pod { pod: straight, container: None, previous: false };
    feeds.follow(order).await;
    feeds.until("its lines", |feeds| (feeds.numbers(&name).len() > 10).then_some(())).await;
    // One context is cut off while things change, so that what it knows is too old for the new server.
    proxy.set(Fault::Refuse).await;
    feeds.down(&split).await;
    own.kubectl(&["scale", "deployment/web", "--replicas=2"]);
    feeds.until("the second pod", |feeds| (feeds.pods.names(&well).len() == 2).then_some(())).await;
    api("stop");
    for feed in [&well, &whole, &Feed::Logs] {
        let why = feeds.down(feed).await;
        assert!(why.contains("connection"), "{why}");
    }
    assert_eq!(feeds.pods.names(&well).len(), 2, "the last good rows stay");
    api("start");
    let before = feeds.numbers(&name).len();
    proxy.set(Fault::Pass).await;
    for feed in [&split, &well, &whole, &Feed::Logs] {
        feeds.live(feed).await;
    }
    feeds
        .until("one picture again", |feeds| {
            (feeds.pods.names(&split) == feeds.pods.names(&well)).then_some(())
        })
        .await;
    feeds.until("lines again", |feeds| (feeds.numbers(&name).len() > before + 10).then_some(())).await;
    unbroken(&feeds.numbers(&name));
    drop(own);
    drop(alone);
}
