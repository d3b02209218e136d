//! Following logs on the real server, whose pretend kubelet numbers its lines.
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::{Follow, LineKind};
use firedeck::domain::object::{Facts, Kind};
use firedeck::domain::pod::ContainerState;

use crate::common::fault::Fault;
use crate::feeds::{Feeds, number};
use crate::own::Own;
use crate::suite::{As, proxy, server_stays_up};

/// The first line came after `from`, and none is missing or comes twice.
pub(crate) fn unbroken(numbers: &[u64]) {
    let torn: Vec<_> = numbers.windows(2).filter(|pair| pair[1] != pair[0] + 1).collect();
    assert!(torn.is_empty(), "lost or doubled: {torn:?}");
}

/// Waits for running pods; their names.
async fn running(feeds: &mut Feeds, namespace: &str, count: usize) -> Vec<String> {
    let feed = feeds.pods_in(namespace);
    feeds
        .until(&format!("{count} running pods"), |feeds| {
            let runs = |state: &ContainerState| matches!(state, ContainerState::Running { .. });
            let pods = feeds.pods.of(&feed).filter(|pod| pod.containers.iter().all(|one| runs(&one.state)));
            let names: Vec<String> = pods.map(|pod| pod.id.name.to_string()).collect();
            (names.len() == count).then_some(names)
        })
        .await
}

async fn more_lines(feeds: &mut Feeds, pod: &str, more: usize) {
    let from = feeds.numbers(pod).len();
    feeds
        .until(&format!("{more} more lines of {pod}"), |feeds| {
            (feeds.numbers(pod).len() >= from + more).then_some(())
        })
        .await;
}

fn pod(feeds: &Feeds, namespace: &str, name: &str, previous: bool) -> Follow {
    Follow::Pod { pod: feeds.id(Kind::Pod, namespace, name), container: None, previous }
}

#[tokio::test]
async fn one_pod_is_followed_and_connections_that_break_lose_and_double_nothing() {
    let _up = server_stays_up().await;
    let own = Own::new("cut");
    own.deploy("web", 1, "fakelet/log-rate: \"100\"");
    let proxy = proxy(As::Admin).await;
    let mut feeds = Feeds::beside(&proxy, As::Admin, &[&own.name]);
    let name = running(&mut feeds, &own.name, 1).await.remove(0);
    let order = pod(&feeds, &own.name, &name, false);
    feeds.follow(order).await;
    more_lines(&mut feeds, &name, 50).await;
    for fault in [None, Some(Fault::Reset), Some(Fault::Cut { after: 2_000 }), Some(Fault::Refuse), None] {
        match fault {
            Some(fault) => {
                proxy.set(fault).await;
                let before = feeds.numbers(&name).len();
                if matches!(fault, Fault::Cut { .. }) {
                    more_lines(&mut feeds, &name, 1).await;
                } else {
                    let down = |state: &FeedState| matches!(state, FeedState::Down { .. });
                    feeds.state(&Feed::Logs, down).await;
                    assert!(feeds.numbers(&name).len() >= before);
                }
                proxy.set(Fault::Pass).await;
            }
            None => proxy.hang_up(),
        }
        more_lines(&mut feeds, &name, 150).await;
        feeds.live(&Feed::Logs).await;
    }
    unbroken(&feeds.numbers(&name));
    assert!(feeds.lines.iter().all(|line| line.kind != LineKind::Gap), "no gap where nothing was lost");
}

#[tokio::test]
async fn a_pod_that_joins_a_selector_is_followed_from_its_first_line() {
    let _up = server_stays_up().await;
    let own = Own::new("join");
    own.deploy("web", 1, "fakelet/log-rate: \"20\"");
    let mut feeds = Feeds::of(As::Admin, &[&own.name]);
    let first = running(&mut feeds, &own.name, 1).await.remove(0);
    let order = Follow::Selector {
        owner: feeds.id(Kind::Deployment, &own.name, "web"),
        labels: vec![("app".into(), "web".into())],
    };
    feeds.follow(order).await;
    more_lines(&mut feeds, &first, 10).await;
    own.kubectl(&["scale", "deployment/web", "--replicas=2"]);
    let second =
        running(&mut feeds, &own.name, 2).await.into_iter().find(|name| *name != first).expect("one more");
    more_lines(&mut feeds, &second, 20).await;
    assert_eq!(feeds.numbers(&second)[0], 0, "from its beginning on");
    more_lines(&mut feeds, &first, 20).await;
    unbroken(&feeds.numbers(&first));
    unbroken(&feeds.numbers(&second));
    feeds.until("two streams", |feeds| (feeds.streams.following == 2).then_some(())).await;
    own.kubectl(&["delete", "pod", &second, "--wait=false"]);
    feeds
        .until("the end of its lines", |feeds| {
            feeds.lines.iter().find(|line| *line.pod == *second && line.kind == LineKind::Ended).map(|_| ())
        })
        .await;
}

#[tokio::test]
async fn a_container_that_restarts_is_followed_into_its_next_life_with_its_last_words() {
    let _up = server_stays_up().await;
    let own = Own::new("again");
    let plan = "fakelet/behaviour: crashloop, fakelet/run-for: 3s, fakelet/backoff: 1s, fakelet/backoff-max: 1s, \
                fakelet/log-rate: \"20\"";
    own.deploy("cart", 1, plan);
    let mut feeds = Feeds::of(As::Admin, &[&own.name]);
    let name = running(&mut feeds, &own.name, 1).await.remove(0);
    let order = pod(&feeds, &own.name, &name, false);
    feeds.follow(order).await;
    let lives = |feeds: &Feeds| -> Vec<Vec<u64>> {
        let mut lives: Vec<Vec<u64>> = vec![Vec::new()];
        for number in feeds.numbers(&name) {
            if number == 0 {
                lives.push(Vec::new());
            }
            lives.last_mut().expect("one at least").push(number);
        }
        lives.retain(|life| !life.is_empty());
        lives
    };
    feeds.until("a third life", |feeds| (lives(feeds).len() >= 3).then_some(())).await;
    for life in lives(&feeds) {
        unbroken(&life);
    }
    let words =
        feeds.lines.iter().filter(|line| line.text.starts_with("panic: cannot reach database")).count();
    assert!(words >= 2, "the last words of each life: {words}");
    let order = pod(&feeds, &own.name, &name, true);
    feeds.follow(order).await;
    let before = feeds
        .until("the life before alone", |feeds| {
            let said = |text: &str| feeds.lines.iter().any(|line| line.text.starts_with(text));
            said("exit status").then(|| feeds.numbers(&name))
        })
        .await;
    assert_eq!(before.first(), Some(&0));
    unbroken(&before);
}

#[tokio::test]
async fn a_namespace_is_followed_with_all_its_containers() {
    let _up = server_stays_up().await;
    let mut feeds = Feeds::of(As::View, &["billing"]);
    let pods = feeds.pods_in("billing");
    feeds.live(&pods).await;
    let order = Follow::Namespace { context: feeds.context.clone(), namespace: "billing".into() };
    feeds.follow(order).await;
    feeds
        .until("lines of both workloads", |feeds| {
            let from = |name: &str| feeds.lines.iter().any(|line| line.pod.starts_with(name));
            (from("api-") && from("ledger-")).then_some(())
        })
        .await;
    feeds.until("more than four streams", |feeds| (feeds.streams.following >= 6).then_some(())).await;
    assert!(feeds.streams.waiting.iter().any(|why| why.contains("worker")), "{:?}", feeds.streams);
}

/// `Feeds` looks at every text that any source says.
#[tokio::test]
async fn nothing_that_could_act_on_a_terminal_comes_through_a_log() {
    let _up = server_stays_up().await;
    let mut feeds = Feeds::of(As::View, &["platform"]);
    let pods = feeds.pods_in("platform");
    let name = feeds
        .until("the dashboard", |feeds| {
            feeds.pods.names(&pods).into_iter().find(|name| name.starts_with("dashboard-"))
        })
        .await;
    let order = pod(&feeds, "platform", &name, false);
    feeds.follow(order).await;
    for text in [
        "red blinking then plain",
        "clipboard  write",
        "progress 100%",
        "invalid utf-8 ��",
        "Authorization: Bearer",
        "query  terminal",
        "wide 漢字かな",
    ] {
        feeds
            .until(&format!("`{text}`"), |feeds| {
                feeds.lines.iter().find(|line| line.text.starts_with(text)).map(|_| ())
            })
            .await;
    }
}

#[tokio::test]
async fn a_line_of_ten_megabytes_is_cut_and_those_around_it_come_whole() {
    let _up = server_stays_up().await;
    let own = Own::new("huge");
    own.deploy("web", 1, "fakelet/log-format: huge, fakelet/log-rate: \"25\"");
    let mut feeds = Feeds::of(As::Admin, &[&own.name]);
    let name = running(&mut feeds, &own.name, 1).await.remove(0);
    let order = pod(&feeds, &own.name, &name, false);
    feeds.follow(order).await;
    feeds
        .until("a line after a huge one", |feeds| {
            feeds.numbers(&name).into_iter().find(|number| *number > 101)
        })
        .await;
    unbroken(&feeds.numbers(&name));
    let huge = feeds.lines.iter().find(|line| number(&line.text) == Some(99)).expect("the huge line");
    assert!((1_000..2 << 20).contains(&huge.text.len()), "{}", huge.text.len());
    assert_eq!(feeds.was_ill(|feed| *feed == Feed::Logs), None);
}

#[tokio::test]
async fn hostile_messages_of_pods_events_and_annotations_come_harmless() {
    let _up = server_stays_up().await;
    let own = Own::new("hostile");
    let evil = r"a\u001b[2Jb\u001b]52;c;cm0=\u0007c\rd\u202ee\u200bf\u009b31mg\u0000h";
    let plan = format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"Pod\", \"metadata\": {{\"name\": \"evil\", \"annotations\": {{\"note\": \"{evil}\"}}}}, \
         \"spec\": {{\"nodeSelector\": {{\"nowhere\": \"true\"}}, \"containers\": [{{\"name\": \"a\", \"image\": \"a:{}\"}}]}}}}",
        "1.0"
    );
    own.apply(&plan);
    own.apply(&format!(
        "{{\"apiVersion\": \"v1\", \"kind\": \"Event\", \"metadata\": {{\"name\": \"evil\"}}, \"type\": \"Warning\", \
         \"involvedObject\": {{\"kind\": \"Pod\", \"name\": \"evil\", \"namespace\": \"{}\"}}, \"reason\": \"{evil}\", \
         \"message\": \"{evil}\", \"source\": {{\"component\": \"{evil}\"}}}}",
        own.name
    ));
    let status = format!(
        "{{\"status\": {{\"message\": \"{evil}\", \"reason\": \"{evil}\", \"containerStatuses\": [{{\"name\": \"a\", \
         \"image\": \"a\", \"imageID\": \"\", \"ready\": false, \"restartCount\": 0, \"state\": {{\"waiting\": \
         {{\"reason\": \"{evil}\", \"message\": \"{evil}\"}}}}}}]}}}}"
    );
    own.kubectl(&["patch", "pod", "evil", "--subresource=status", "--type=merge", "-p", &status]);
    let mut feeds = Feeds::of(As::Admin, &[&own.name]);
    feeds.handle.watch(vec![Kind::Event]);
    let (pods, events) = (feeds.pods_in(&own.name), feeds.objects_in(Kind::Event, &own.name));
    let waits = feeds
        .until("the pod that waits", |feeds| {
            feeds.pods.of(&pods).flat_map(|pod| pod.containers.iter()).find_map(|one| match &one.state {
                ContainerState::Waiting { reason, message } => Some((reason.clone(), message.clone()?)),
                _ => None,
            })
        })
        .await;
    assert!(waits.0.starts_with("ab") && waits.1.ends_with('h'), "{waits:?}");
    feeds
        .until("the event", |feeds| {
            feeds
                .objects
                .of(&events)
                .find(|object| match &object.facts {
                    Facts::Event(event) => &*object.id.name == "evil" && event.message.starts_with("ab"),
                    _ => false,
                })
                .map(|_| ())
        })
        .await;
}
