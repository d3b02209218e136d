//! Lines of logs counted for a vital: of pods on the real server, whose pretend kubelet numbers its lines, and of
//! containers of a real engine.
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::vital::LinesAsked;
use firedeck::sources::docker;
use firedeck::sources::logs::{Counter, InView};
use firedeck::sources::supervise::Signals;
use firedeck::sources::taps::{Counted, Counts};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep};

use crate::docker::{ENGINE, access, socket};
use crate::feeds::Feeds;
use crate::own::Own;
use crate::suite::{As, server_stays_up};

/// A bound for a test that fails, not a measure.
const LONGEST: Duration = Duration::from_mins(1);

/// Asks until the answer is so.
async fn until(
    counter: &Counter,
    query: &str,
    so: impl Fn(&Result<Counted, String>) -> bool,
) -> Result<Counted, String> {
    let asked = LinesAsked::parse(query).expect("words");
    let deadline = Instant::now() + LONGEST;
    loop {
        let found = counter.count(&asked).await;
        if so(&found) {
            return found;
        }
        assert!(Instant::now() < deadline, "{query}: {found:?}");
        sleep(Duration::from_millis(200)).await;
    }
}

#[tokio::test]
async fn lines_with_a_word_are_counted_of_the_pods_of_a_label_and_of_a_workload() {
    let _up = server_stays_up().await;
    let own = Own::new("count");
    own.deploy("web", 2, "fakelet/log-rate: \"20\"");
    let feeds = Feeds::of(As::Admin, &[&own.name]);
    let kube = feeds.handle.clone();
    let contexts = Arc::new(move || {
        let all = kube.contexts().into_iter().filter_map(|context| {
            let cluster = kube.cluster(&context)?;
            Some((context, cluster.client, cluster.namespaces))
        });
        all.collect::<Vec<InView>>()
    });
    let counter = Counter { contexts, taps: None, engines: Vec::new() };
    let whole = |counted: &Result<Counted, String>| {
        counted.as_ref().is_ok_and(|counted| counted.read == 2 && counted.lines > 20)
    };
    for query in ["-l app=web seq=", &format!("-n {} deployment/web seq=", own.name)] {
        let found = until(&counter, query, whole).await.expect("counted");
        assert!(found.missed.is_empty(), "{found:?}");
        assert!(found.last.iter().all(|(from, line)| from.starts_with("web-") && line.contains("seq=")));
        let times: Vec<&str> = found.last.iter().filter_map(|(_, line)| line.split(' ').next()).collect();
        assert!(times.is_sorted(), "the newest last: {times:?}");
    }
    let none = |query: &str| LinesAsked::parse(query).expect("words");
    let no_hit = counter.count(&none("-l app=web no-such-word")).await.expect("counted");
    assert_eq!((no_hit.lines, no_hit.read), (0, 2));
    let gone = counter.count(&none(&format!("-n {} deployment/api error", own.name))).await;
    assert!(gone.as_ref().is_err_and(|why| why.contains("there is no deployment api")), "{gone:?}");
    let nobody = counter.count(&none("-l app=nobody error")).await;
    assert!(nobody.is_err(), "{nobody:?}");
}

#[tokio::test]
async fn lines_with_a_word_are_counted_of_a_container_that_goes_on_writing() {
    let _up = ENGINE.read().await;
    let _ = rustls::crypto::ring::default_provider().install_default();
    let signals = Signals::default();
    let (rows, mut unread) = mpsc::channel(64);
    tokio::spawn(async move { while unread.recv().await.is_some() {} });
    let docker = docker::start(vec![access(&socket(), None)], &rows, &signals);
    let counter = Counter { contexts: Arc::new(Vec::new), taps: Some(docker), engines: vec!["box".into()] };
    let some = |counted: &Result<Counted, String>| counted.as_ref().is_ok_and(|counted| counted.lines > 0);
    let found = until(&counter, "mcp-server -- level=info", some).await.expect("counted");
    assert_eq!((found.read, found.missed.len()), (1, 0), "{found:?}");
    signals.cancel.cancel();
}
