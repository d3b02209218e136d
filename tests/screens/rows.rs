//! What a row and its pane say of trouble: the reason stands in it, whole, and nothing is called well too soon.
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Hpa, Kind, Object, ObjectRef, Usage};
use firedeck::domain::pod::{ContainerState, Phase, Pod};
use firedeck::model::Model;
use firedeck::model::msg::Msg;

use super::picture;
use crate::common::estate::{
    ago, cockpit, connected, crashing, event, feed, id, news, node, pod, press, say,
};

fn with(pods: Vec<Pod>, columns: u16, rows: u16) -> Model {
    let mut model = connected(columns, rows);
    let pods = pods.into_iter().map(Seen::Is).collect();
    news(&mut model, vec![News::Pods(feed(Kind::Pod), pods), News::Feed(feed(Kind::Pod), FeedState::Live)]);
    model
}

fn line(model: &Model, of: &str) -> String {
    let text = picture(model);
    text.lines().find(|line| line.contains(of)).unwrap_or_default().to_owned()
}

/// Killed a moment ago for the twelfth time, and running again.
fn between_two_crashes() -> Pod {
    let mut pod = crashing(pod("shop", "checkout-6db44b8b58-fdhf7", "node-1"), "OOMKilled", 137, 12, 10);
    pod.ready = Some(true);
    pod.containers[0].ready = true;
    pod.containers[0].state = ContainerState::Running { since: ago(9) };
    pod
}

#[test]
fn a_pod_that_was_killed_just_now_is_not_well_because_it_runs_again() {
    let mut model =
        with(vec![pod("billing", "api-78467df975-tgdrm", "node-1"), between_two_crashes()], 120, 40);
    let first =
        |model: &Model| model.pods.first(1).next().map(|(pod, rank)| (pod.id.name.to_string(), rank.level));
    assert_eq!(first(&model), Some(("checkout-6db44b8b58-fdhf7".into(), Level::Warn)));
    assert!(line(&model, "pods  2").contains("1 to watch · 1 running"), "{}", line(&model, "pods  2"));
    // Ten minutes without another end, and without any news, it is well.
    for seconds in (10..=600).step_by(10) {
        say(&mut model, Msg::Tick(ago(-seconds)));
    }
    assert_eq!(first(&model), Some(("api-78467df975-tgdrm".into(), Level::Fine)));
}

#[test]
fn what_a_pod_waits_for_stands_in_its_row() {
    let mut homeless = crate::common::estate::pending(pod("shop", "indexer-7c9f6d5b8-x2x2x", ""));
    homeless.message = Some(
        "0/6 nodes are available: 1 node(s) had untolerated taint {gpu: yes}, 5 Insufficient memory. preemption: \
         0/6 nodes are available"
            .into(),
    );
    let waits = |name: &str, reason: &str, message: Option<&str>| {
        let mut pod = pod("shop", name, "node-1");
        (pod.phase, pod.ready) = (Phase::Pending, Some(false));
        pod.containers[0].state =
            ContainerState::Waiting { reason: reason.into(), message: message.map(Into::into) };
        pod
    };
    let model = with(
        vec![
            homeless,
            waits("search-69fb5b6d89-t8zzh", "ImagePullBackOff", Some("Back-off pulling image \"x\"")),
            waits("config-69fb5b6d89-aaaaa", "CreateContainerConfigError", Some("secret \"db\" not found")),
            waits("young-69fb5b6d89-bbbbb", "ContainerCreating", None),
        ],
        240,
        40,
    );
    assert!(line(&model, "indexer").contains("needs memory"), "{}", line(&model, "indexer"));
    assert!(line(&model, "search").contains(" search:7.2.9"), "{}", line(&model, "search"));
    assert!(line(&model, "config-69").contains("secret \"db\" not found"), "{}", line(&model, "config-69"));
    let young = line(&model, "young");
    assert!(young.contains("ContainerCreating") && !young.contains("young:7"), "{young}");
}

#[test]
fn the_message_of_an_event_has_the_room_and_a_number_is_never_cut_in_half() {
    let mut model = cockpit(120, 40);
    press(&mut model, "F5");
    let about = id(Kind::Pod, "shop", "cart-b44f75c7c-prc87");
    let one = event(&about, true, "BackOff", "Back-off restarting failed container", 19, 5);
    news(
        &mut model,
        vec![
            News::Objects(feed(Kind::Event), vec![Seen::Is(one)]),
            News::Feed(feed(Kind::Event), FeedState::Live),
        ],
    );
    assert!(picture(&model).contains("Back-off restarting failed container"), "{}", picture(&model));
    press(&mut model, "F3");
    let hpa = Hpa {
        target: "deployment/web".into(),
        min: 3,
        max: 6,
        current: 3,
        desired: 3,
        metrics: vec!["cpu 158% of 900%".into()],
        conditions: Vec::new(),
    };
    let hpa = Object { id: id(Kind::Hpa, "shop", "web"), facts: Facts::Hpa(hpa), ..node("web", None) };
    let feed = feed(Kind::Hpa);
    news(
        &mut model,
        vec![News::Objects(feed.clone(), vec![Seen::Is(hpa)]), News::Feed(feed, FeedState::Live)],
    );
    let text = picture(&model);
    assert!(text.contains("cpu 158% of 900%") && text.contains("deployment/web"), "{text}");
}

#[test]
fn every_namespace_that_may_not_be_seen_is_named() {
    let mut model = with(vec![pod("shop", "web-a-1", "node-1")], 120, 40);
    for namespace in ["billing", "platform"] {
        let needs = format!("list and watch pods in namespace `{namespace}`");
        let hidden = Feed::Pods("prod-eu".into(), namespace.into());
        news(&mut model, vec![News::Feed(hidden, FeedState::Forbidden { needs })]);
    }
    let title = line(&model, "pods  1");
    assert!(title.ends_with("billing, platform forbidden: needs list and watch pods"), "{title}");
    for namespace in ["sandbox", "tools"] {
        let state = FeedState::Forbidden { needs: "list and watch pods in namespace `x`".into() };
        news(&mut model, vec![News::Feed(Feed::Pods("prod-eu".into(), namespace.into()), state)]);
    }
    let title = line(&model, "pods  1");
    assert!(
        title.ends_with("billing, platform, sandbox and 1 more forbidden: needs list and watch pods"),
        "{title}"
    );
}

#[test]
fn the_wall_says_of_a_pod_that_is_not_ready_just_that() {
    let mut unready = pod("shop", "web-a-1", "node-1");
    unready.ready = Some(false);
    let mut model = with(vec![unready, between_two_crashes()], 120, 30);
    model.wall = true;
    let text = picture(&model);
    assert!(text.contains("runs, but is not ready") && !text.contains("1 of 1"), "{text}");
    assert!(text.contains("runs again, OOMKilled 137, 12 restarts, last 10s ago"), "{text}");
}

#[test]
fn the_help_uses_the_screen_and_says_how_the_rest_is_seen() {
    let last = |model: &Model| picture(model).lines().rev().nth(1).unwrap_or_default().to_owned();
    let mut model = cockpit(80, 24);
    press(&mut model, "?");
    assert!(last(&model).contains("j down: ") && last(&model).contains(" more below"), "{}", last(&model));
    for _ in 0..20 {
        press(&mut model, "PageDown");
    }
    assert!(last(&model).contains("k up") && !last(&model).contains("more below"), "{}", picture(&model));
    for (columns, rows) in [(140, 50), (200, 40)] {
        let mut model = cockpit(columns, rows);
        press(&mut model, "?");
        let text = picture(&model);
        assert!(text.contains("board") && !text.contains("more below") && !text.contains('…'), "{text}");
        assert!(text.contains("leave firedeck") && text.contains("go to the next pane"), "{text}");
    }
}

#[test]
fn the_way_out_is_named_where_there_is_room_and_never_before_the_help() {
    let foot = |model: &Model| picture(model).lines().last().unwrap_or_default().to_owned();
    let mut model = cockpit(120, 40);
    assert!(foot(&model).ends_with("? keys   q leave"), "{}", foot(&model));
    press(&mut model, "]");
    assert!(foot(&model).ends_with("? keys   q back"), "{}", foot(&model));
    let mut model = cockpit(80, 24);
    assert!(foot(&model).contains("? keys"), "{}", foot(&model));
    // Where the key has another meaning, the one that leaves is named.
    let key = firedeck::domain::settings::Key::parse("q").expect("a key");
    model.settings.keymap.bind(firedeck::domain::settings::Scope::Board, key, None);
    firedeck::update::update(&mut model, Msg::Resized { columns: 160, rows: 40 });
    assert!(foot(&model).ends_with("Ctrl-C leave"), "{}", foot(&model));
}

#[test]
fn the_help_is_whole_and_so_is_what_is_said_where_a_question_has_no_room() {
    let mut model = cockpit(80, 24);
    press(&mut model, "?");
    for _ in 0..9 {
        assert!(!picture(&model).contains("… "), "{}", picture(&model));
        press(&mut model, "PageDown");
    }
    let mut model = cockpit(20, 5);
    press(&mut model, "D");
    let text = picture(&model);
    assert!(text.contains("enlarge, or Esc"), "{text}");
}

#[test]
fn what_is_used_is_held_against_the_limit_and_against_what_was_asked_for() {
    let mut bounded = pod("shop", "a-1-1", "node-1");
    let mut asked = pod("shop", "b-1-1", "node-1");
    for (pod, limited) in [(&mut bounded, true), (&mut asked, false)] {
        let container = &mut pod.containers[0];
        container.requests.cpu_milli = Some(200);
        container.requests.memory = Some(100 << 20);
        container.limits.cpu_milli = Some(1000).filter(|_| limited);
        container.limits.memory = Some(400 << 20).filter(|_| limited);
    }
    let usage = Usage { cpu_milli: 300, memory: 120 << 20 };
    let used: Vec<(ObjectRef, Usage)> = [&bounded, &asked].map(|pod| (pod.id.clone(), usage)).into();
    let mut model = with(vec![bounded, asked], 200, 30);
    news(&mut model, vec![News::PodUsage("prod-eu".into(), used)]);
    let text = picture(&model);
    let row = |name: &str| {
        let line = text.lines().find(|line| line.contains(name)).expect(name);
        line.split_whitespace().filter(|word| word.contains('%')).map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(row("a-1-1"), ["30%", "30%", "150%", "120%"], "{text}");
    assert_eq!(row("b-1-1"), ["150%", "120%", "150%", "120%"], "{text}");
    let asked = text.lines().find(|line| line.contains("b-1-1")).expect("b");
    assert_eq!(asked.matches(" req ").count(), 2, "{text}");
}
