//! What the panes say to the conditions of an open runbook.
use std::sync::Arc;
use std::time::Duration;

use firedeck::commands::tools::Tables;
use firedeck::domain::alert::{Alert, AlertFacts, AlertState};
use firedeck::domain::change::{Change, ChangeKind};
use firedeck::domain::database::{DatabaseFacts, Server};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::pod::Pod;
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::domain::time::Timestamp;
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::runbook::catalogue;

use crate::common::estate::{
    NOW, ago, cockpit, connected, feed, news, node, pod, pods, press, say, shelve_all,
};

pub const PAGE: &str = "# Yard

## The crane stands still

1. Choose
   - **If pods are crash-looping**
     ```bash
     kubectl get pods -n shop
     ```
   - **If it runs out of memory**
     ```bash
     kubectl top pods -n shop
     ```
   - **If the database is down**
     ```bash
     pg_isready
     ```
   - **If connections > 80%**
     ```bash
     psql -c 'select count(*) from pg_stat_activity'
     ```
   - **If a node is not ready**
     ```bash
     kubectl get nodes
     ```
   - **If it began with a recent deployment**
     ```bash
     kubectl rollout history deployment/worker -n shop
     ```
   - **If needed**
     ```bash
     uptime
     ```
2. Look closer
   ```bash
   case $KIND in
     crashloop)
       kubectl get pods -n shop
       ;;
     high_latency)
       uptime
       ;;
   esac
   ```
";

/// With the runbook open, for nothing in particular.
pub fn open(mut model: Model) -> Model {
    let document = catalogue::read("yard.md", PAGE, &Tables::default());
    shelve_all(&mut model, vec![Arc::new(document)]);
    press(&mut model, "G r Enter");
    model.checklist.as_mut().expect("open").of = None;
    later(&mut model, 1);
    model
}

/// A server of which so many of 97 connections are used.
pub fn database(model: &mut Model, used: u32) {
    let main = Feed::Endpoint(Backend::Postgres, "main".into());
    let server = Server { used, max: 100, reserved: 3, xid_age: Some(1_000), ..Server::default() };
    let id =
        ObjectRef { context: "main".into(), kind: Kind::Server, namespace: "".into(), name: "main".into() };
    let facts = Facts::Database(DatabaseFacts::Server(Box::new(server)));
    let object = Object { id, uid: "1".into(), created: ago(3_600), deleting: false, owner: None, facts };
    if model.settings.profile.endpoints.is_empty() {
        model.settings.profile.endpoints.push(Endpoint::new(Backend::Postgres, "main", "postgres://db/shop"));
    }
    let rows = vec![Seen::Begin, Seen::Is(object), Seen::End];
    news(model, vec![News::Rows(main.clone(), Kind::Server, rows), News::Feed(main, FeedState::Live)]);
}

/// These alerts fire, each since so many seconds.
pub fn fire(model: &mut Model, all: &[(&str, i64)]) {
    let row = |&(name, seconds): &(&str, i64)| {
        let alert = Alert {
            name: name.into(),
            severity: "critical".into(),
            state: AlertState::Firing,
            since: Some(ago(seconds)),
            ..Alert::default()
        };
        let id =
            ObjectRef { context: "am".into(), kind: Kind::Alert, namespace: "".into(), name: name.into() };
        let facts = Facts::Alerts(AlertFacts::Alert(Box::new(alert)));
        Seen::Is(Object { id, uid: "".into(), created: ago(seconds), deleting: false, owner: None, facts })
    };
    let rows = all.iter().map(row).collect();
    let am = Feed::Endpoint(Backend::Alertmanager, "am".into());
    model.settings.profile.endpoints.push(Endpoint::new(Backend::Alertmanager, "am", "http://x:9093"));
    news(model, vec![News::Feed(am, FeedState::Live), News::Rows(Feed::Alerts, Kind::Alert, rows)]);
}

/// The clock goes on, as it does by itself.
pub fn later(model: &mut Model, seconds: i64) -> Vec<Effect> {
    say(model, Msg::Tick(Timestamp(model.now.0 + seconds * 1_000)))
}

fn are(model: &mut Model, all: Vec<Pod>) {
    let all = std::iter::once(Seen::Begin).chain(all.into_iter().map(Seen::Is)).chain([Seen::End]);
    news(model, vec![News::Pods(feed(Kind::Pod), all.collect())]);
    later(model, 1);
}

/// What stands beside the arm with these words.
fn beside(model: &Model, arm: &str) -> String {
    let runbook = &model.checklist.as_ref().expect("open").book.runbook;
    let step =
        runbook.steps.iter().position(|step| step.branch.as_deref().is_some_and(|one| one.contains(arm)));
    let step = step.unwrap_or_else(|| panic!("no arm `{arm}` in {:?}", runbook.steps));
    let spot = firedeck::model::checklist::Spot { step, command: None };
    let answer = model.runs.evidence.answers.get(&spot);
    answer.map_or_else(String::new, |answer| {
        let sign = match answer.level {
            Level::Fine | Level::Done => '✓',
            level => level.sign(),
        };
        format!("{sign} {}", answer.words)
    })
}

#[test]
fn pods_that_crash_are_counted_and_none_is_only_said_where_all_are_known() {
    let mut model = open(cockpit(120, 40));
    assert_eq!(beside(&model, "crash-looping"), "✗ 2 pods say so");
    assert_eq!(beside(&model, "out of memory"), "✗ 1 pod says so");
    // They are well again; of the one on the silent node nothing is known.
    let well = |pods: Vec<Pod>| pods.into_iter().filter(|pod| pod.ready == Some(true)).collect::<Vec<_>>();
    are(&mut model, well(pods()));
    assert_eq!(beside(&model, "crash-looping"), "? nothing is known of 1 pod, no other says so");
    are(&mut model, vec![pod("shop", "dashboard-6c9d8b7f5-x8f6h", "node-1")]);
    assert_eq!(beside(&model, "crash-looping"), "✓ no pod says so");
    are(&mut model, Vec::new());
    assert_eq!(beside(&model, "crash-looping"), "? no pod is there to say so");
}

#[test]
fn a_runbook_that_was_opened_for_something_asks_where_that_is() {
    let mut model = open(cockpit(120, 40));
    let of = ObjectRef {
        context: "prod-eu".into(),
        kind: Kind::Pod,
        namespace: "billing".into(),
        name: "any".into(),
    };
    model.checklist.as_mut().expect("open").of = Some(of);
    later(&mut model, 1);
    assert_eq!(beside(&model, "crash-looping"), "✗ 1 pod says so");
    assert_eq!(beside(&model, "out of memory"), "▲ none in billing, 1 elsewhere");
}

#[test]
fn no_data_is_never_an_answer() {
    let mut model = open(cockpit(120, 40));
    let state = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut model, vec![News::Feed(feed(Kind::Pod), state)]);
    later(&mut model, 1);
    assert_eq!(beside(&model, "crash-looping"), "? nothing is known since 12:00");
    // The last rows still say that two crash; nobody knows that now.
    assert_eq!(model.pods.total(), 6);
    let mut model = open(cockpit(120, 40));
    later(&mut model, 120);
    assert_eq!(beside(&model, "crash-looping"), "? nothing is known since 12:00", "it fell silent");
    let model = open(connected(120, 40));
    assert_eq!(beside(&model, "crash-looping"), "? not known yet");
    assert_eq!(beside(&model, "database"), "? not looked at");
}

#[test]
fn a_database_that_answers_does_so_and_one_that_refuses_is_seen_to() {
    let mut model = open(cockpit(120, 40));
    database(&mut model, 40);
    later(&mut model, 1);
    assert_eq!(beside(&model, "database"), "✓ accepting connections");
    assert_eq!(beside(&model, "connections > 80%"), "✓ 41%");
    database(&mut model, 87);
    later(&mut model, 1);
    assert_eq!(beside(&model, "connections > 80%"), "✗ 89%");
    assert_eq!(beside(&model, "database"), "✓ accepting connections; 87 of 97 used");
    let main = Feed::Endpoint(Backend::Postgres, "main".into());
    let state = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut model, vec![News::Feed(main, state)]);
    later(&mut model, 1);
    assert_eq!(beside(&model, "database"), "✗ does not answer us since 12:00");
    assert_eq!(beside(&model, "connections > 80%"), "? nothing is known since 12:00");
}

#[test]
fn nodes_and_conditions_that_nobody_can_answer() {
    let mut model = open(cockpit(120, 40));
    assert_eq!(beside(&model, "node"), "? node-2: Unknown");
    let nodes = vec![Seen::Is(node("node-2", Some(false)))];
    news(&mut model, vec![News::Objects(feed(Kind::Node), nodes)]);
    later(&mut model, 1);
    assert_eq!(beside(&model, "node"), "✗ node-2: NotReady");
    assert_eq!(beside(&model, "needed"), "", "that is no question");
}

#[test]
fn the_ways_of_a_script_are_asked_about_where_they_are_questions() {
    let model = open(cockpit(120, 40));
    let ways = model.runs.evidence.answers.iter().filter(|(spot, _)| spot.command.is_some());
    let ways: Vec<&str> = ways.map(|(_, answer)| answer.words.as_str()).collect();
    assert_eq!(ways, ["2 pods say so", "not looked at"], "{:?}", model.runs.evidence.questions);
}

#[test]
fn a_recent_change_is_named_and_none_is_only_said_where_it_was_looked_for() {
    let mut model = cockpit(120, 40);
    let document = catalogue::read("yard.md", PAGE, &Tables::default());
    shelve_all(&mut model, vec![Arc::new(document)]);
    let effects = press(&mut model, "G r Enter");
    let watched = effects
        .iter()
        .any(|effect| matches!(effect, Effect::Watch(kinds) if kinds.contains(&Kind::Deployment)));
    assert!(watched, "{effects:?}");
    model.checklist.as_mut().expect("open").of = None;
    later(&mut model, 1);
    assert_eq!(beside(&model, "recent"), "? not looked at");
    let kinds = [Kind::Deployment, Kind::StatefulSet, Kind::DaemonSet, Kind::ReplicaSet, Kind::ConfigMap];
    let live = || kinds.map(|kind| News::Feed(feed(kind), FeedState::Live)).into_iter().collect();
    news(&mut model, live());
    later(&mut model, 1);
    assert_eq!(beside(&model, "recent"), "? none since 12:00; before that nobody looked");
    let change = Change {
        at: ago(720),
        what: ChangeKind::Rollout,
        target: ObjectRef {
            context: "prod-eu".into(),
            kind: Kind::Deployment,
            namespace: "shop".into(),
            name: "worker".into(),
        },
        says: "image 7.2.9 → 7.3.0".into(),
        level: Level::Fine,
        suspect: false,
        was: None,
    };
    say(&mut model, Msg::Suspected(vec![("a".into(), change.clone())]));
    later(&mut model, 1);
    assert_eq!(beside(&model, "recent"), "✗ deploy/worker image 7.2.9 → 7.3.0, 12m ago");
    // What was taken back is no release to take back.
    let back = Change { at: ago(180), says: "image 7.3.0 → 7.2.9, revision 4".into(), ..change };
    say(&mut model, Msg::Suspected(vec![("b".into(), back.clone())]));
    later(&mut model, 1);
    assert_eq!(beside(&model, "recent"), "✓ deploy/worker was taken back to 7.2.9, 3m ago");
    let again = Change { at: ago(60), says: "image 7.2.9 → 7.3.1, revision 5".into(), ..back };
    say(&mut model, Msg::Suspected(vec![("c".into(), again)]));
    later(&mut model, 1);
    assert_eq!(beside(&model, "recent"), "✗ deploy/worker image 7.2.9 → 7.3.1, revision 5, 1m ago");
}

#[test]
fn the_pods_are_counted_once_after_a_change_and_not_for_each_picture() {
    let mut model = open(cockpit(120, 40));
    let many = (0..30_000).map(|n| Seen::Is(pod("shop", &format!("web-{n}-aaaaa"), "node-1")));
    news(&mut model, vec![News::Pods(feed(Kind::Pod), many.collect())]);
    let counted = model.runs.evidence.tally.of;
    later(&mut model, 1);
    assert_ne!(model.runs.evidence.tally.of, counted);
    let counted = model.runs.evidence.tally.of;
    let begun = std::time::Instant::now();
    for _ in 0..200 {
        later(&mut model, 0);
    }
    assert_eq!(model.runs.evidence.tally.of, counted);
    assert!(begun.elapsed() < Duration::from_secs(2), "{:?}", begun.elapsed());
    assert!(model.now.since(NOW) < Duration::from_secs(10));
}
