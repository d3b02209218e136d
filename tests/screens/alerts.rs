//! Alerts, silences and targets as they are seen: what is told, what is held back, who does not answer.
mod work;

use firedeck::domain::Text;
use firedeck::domain::action::{Check, Findings};
use firedeck::domain::alert::{Alert, AlertFacts, AlertState, Matcher, Silence, Target};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::domain::time::Timestamp;
use firedeck::model::msg::Msg;
use firedeck::model::{Journal, Model};
use firedeck::panes::tables;

use super::{picture, snap};
use crate::common::estate::{NOW, ago, news, press, say, type_text};

fn texts(all: &[&str]) -> Vec<Text> {
    all.iter().map(|text| (*text).into()).collect()
}

fn row(
    kind: Kind,
    context: &str,
    namespace: &str,
    name: &str,
    since: Option<Timestamp>,
    facts: AlertFacts,
) -> Object {
    let id = ObjectRef { context: context.into(), kind, namespace: namespace.into(), name: name.into() };
    let created = since.unwrap_or_default();
    Object { id, uid: name.into(), created, deleting: false, owner: None, facts: Facts::Alerts(facts) }
}

fn alert(
    name: &str,
    severity: &str,
    apart: &str,
    state: AlertState,
    seconds: i64,
    value: Option<&str>,
) -> Alert {
    Alert {
        fingerprint: format!("{name}{apart}").into(),
        name: name.into(),
        labels: [("alertname", name), ("severity", severity)]
            .map(|(name, value)| (name.into(), value.into()))
            .into(),
        apart: apart.into(),
        severity: severity.into(),
        state,
        since: Some(ago(seconds)),
        value: value.map(Into::into),
        receivers: texts(&["ops-pager"]),
        seen_by: texts(&["am-a", "am-b", "prom"]),
        ..Alert::default()
    }
}

fn alerts() -> Vec<Alert> {
    use AlertState::{Firing, Inhibited, Pending, Silenced};
    let mut half = alert("QueueBacklog", "critical", "shop orders", Firing, 300, Some("18423"));
    (half.seen_by, half.not_seen_by) = (texts(&["am-a"]), texts(&["am-b"]));
    let mut held = alert("DiskAlmostFull", "critical", "node-3 /var/lib", Silenced, 7_200, Some("0.97"));
    (held.silenced_by, held.silenced_until) = (texts(&["5b2c"]), Some(ago(-4_800)));
    let mut pending = alert("HighLatencyP95", "warning", "shop web", Pending, 20, Some("0.512"));
    (pending.receivers, pending.seen_by) = (Vec::new(), texts(&["prom"]));
    vec![
        alert(
            "PodCrashLooping",
            "critical",
            "worker-5dc8…-5rh92 shop app cluster=eu",
            Firing,
            420,
            Some("6"),
        ),
        alert(
            "PodCrashLooping",
            "critical",
            "rest-api-5…-fnwp2 billing app cluster=eu",
            Firing,
            95,
            Some("4"),
        ),
        half,
        alert("RedisMemoryFull", "warning", "cache-0 evil \u{fffd}label", Firing, 3_700, Some("NaN")),
        pending,
        held,
        alert("MemoryNearLimit", "warning", "shop worker-5dc8…-5rh92", Inhibited, 900, Some("0.93")),
        alert("Watchdog", "none", "", Firing, 900_000, Some("1")),
    ]
}

fn named(backend: Backend, name: &str) -> Endpoint {
    Endpoint::new(backend, name, "http://x:9093")
}

fn feed(backend: Backend, name: &str) -> Feed {
    Feed::Endpoint(backend, name.into())
}

const SERVERS: [(Backend, &str); 3] =
    [(Backend::Alertmanager, "am-a"), (Backend::Alertmanager, "am-b"), (Backend::Prometheus, "prom")];

/// Two Alertmanagers and a Prometheus, of which nothing was heard yet.
fn named_only(columns: u16, rows: u16) -> Model {
    let mut model = Model { now: NOW, ..Model::default() };
    model.settings.profile.endpoints = SERVERS.iter().map(|(backend, name)| named(*backend, name)).collect();
    say(&mut model, Msg::Resized { columns, rows });
    for (backend, name) in SERVERS {
        news(&mut model, vec![News::Feed(feed(backend, name), FeedState::Connecting)]);
    }
    press(&mut model, "4");
    model
}

fn full(kind: Kind, rows: Vec<Object>) -> News {
    let rows = rows.into_iter().map(Seen::Is);
    News::Rows(Feed::Alerts, kind, std::iter::once(Seen::Begin).chain(rows).chain([Seen::End]).collect())
}

fn live(columns: u16, rows: u16) -> Model {
    let mut model = named_only(columns, rows);
    let alerts = alerts().into_iter().map(|alert| {
        let name = format!("{}-{}", alert.name, alert.apart);
        row(Kind::Alert, "am-a+am-b", "", &name, alert.since, AlertFacts::Alert(Box::new(alert)))
    });
    let silence = |id: &str, matchers: Vec<Matcher>, ends: i64, holds, comment: &str| {
        let silence = Silence {
            id: id.into(),
            matchers,
            starts: Some(ago(3_600)),
            ends: Some(ago(-ends)),
            by: "jane@bastion".into(),
            comment: comment.into(),
            state: "active".into(),
            holds,
            ends_soon: ends < 900,
            seen_by: texts(&["am-a", "am-b"]),
        };
        row(Kind::Silence, "am-a+am-b", "", id, silence.starts, AlertFacts::Silence(Box::new(silence)))
    };
    let odd = Matcher { name: "pod".into(), value: "web-.*".into(), regex: true, equal: false };
    let silences = vec![
        silence("5b2c", vec![Matcher::equals("alertname", "DiskAlmostFull")], 4_800, 1, "disk ordered"),
        silence("77aa", vec![Matcher::equals("namespace", "shop"), odd], 300, 4, "deploying 7.3.0"),
    ];
    let target = |instance: &str, up, error: &str| {
        let target = Target {
            job: "node".into(),
            instance: instance.into(),
            url: format!("http://{instance}/metrics").into(),
            up,
            error: error.into(),
            last: up.map(|_| ago(12)),
            took_ms: 31,
        };
        row(Kind::Target, "prom", "node", instance, None, AlertFacts::Target(Box::new(target)))
    };
    let targets = vec![
        target("10.0.0.1:9100", Some(true), ""),
        target("10.0.0.2:9100", Some(false), "connection refused"),
        target("10.0.0.3:9100", None, ""),
    ];
    let missing =
        vec!["alert Broken cannot be evaluated: vector cannot contain metrics with the same labelset".into()];
    let place = PlaceFacts { missing, ..PlaceFacts::default() };
    news(
        &mut model,
        vec![
            full(Kind::Alert, alerts.collect()),
            full(Kind::Silence, silences),
            full(Kind::Target, targets),
            News::Place(feed(Backend::Prometheus, "prom"), place),
        ],
    );
    for (backend, name) in SERVERS {
        news(&mut model, vec![News::Feed(feed(backend, name), FeedState::Live)]);
    }
    model
}

fn head(model: &Model, kind: Kind) -> Vec<String> {
    let tables = tables::of(Realm::Alerts).expect("the alerts");
    let lines = tables.head(model, kind);
    lines.iter().map(|line| line.iter().map(|fact| &*fact.text).collect()).collect()
}

#[test]
fn alerts_silences_and_targets_live() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = live(columns, rows);
        snap(&format!("alerts_live_{columns}x{rows}"), &model);
        press(&mut model, "]");
        snap(&format!("silences_live_{columns}x{rows}"), &model);
        press(&mut model, "]");
        snap(&format!("targets_live_{columns}x{rows}"), &model);
    }
}

#[test]
fn alerts_never_heard_of_are_not_said_to_be_none() {
    snap("alerts_never_seen_80x24", &named_only(80, 24));
}

#[test]
fn one_alertmanager_down_leaves_the_rows_and_says_who() {
    let mut model = live(120, 40);
    let down = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut model, vec![News::Feed(feed(Backend::Alertmanager, "am-b"), down)]);
    snap("alerts_one_down_120x40", &model);
    assert!(head(&model, Kind::Alert)[0].starts_with("not heard: am-b"), "{:?}", head(&model, Kind::Alert));
}

#[test]
fn the_line_above_counts_what_is_told_and_what_is_held_back() {
    let model = live(120, 40);
    assert_eq!(
        head(&model, Kind::Alert),
        [
            "3 critical · 1 warning · 1 rule cannot be evaluated · 1 pending · 1 silenced · 1 inhibited · am-b does not know 1",
            "prom: alert Broken cannot be evaluated: vector cannot contain metrics with the same labelset"
        ]
    );
    assert_eq!(head(&live(80, 24), Kind::Alert).len(), 1, "a small screen has room for one line");
    assert_eq!(head(&model, Kind::Silence), ["2 active, 5 alerts held back · 1 ending within 15 min"]);
    assert_eq!(head(&model, Kind::Target)[0], "1 down · 1 not scraped yet · 1 up");
}

#[test]
fn the_lamp_and_the_worst_of_it() {
    let tables = tables::of(Realm::Alerts).expect("the alerts");
    let mut model = live(80, 24);
    assert_eq!(tables.lamp(&model), (Level::Bad, "alerts 3".into()));
    let worst = tables.worst(&model);
    assert_eq!(worst.0, "PodCrashLooping");
    assert!(worst.1.starts_with("critical for 1m  rest-api-5…-fnwp2 billing"), "{}", worst.1);
    news(&mut model, vec![full(Kind::Alert, Vec::new())]);
    assert_eq!(tables.lamp(&model).0, Level::Warn, "what cannot be evaluated cannot fire");
    assert_eq!(tables.worst(&model).1, "1 rule cannot be evaluated");
    news(&mut model, vec![News::Place(feed(Backend::Prometheus, "prom"), PlaceFacts::default())]);
    assert_eq!(tables.lamp(&model).0, Level::Fine);
    let down = FeedState::Down { why: "timed out".into(), next_try: None };
    news(&mut model, vec![News::Feed(feed(Backend::Alertmanager, "am-b"), down)]);
    assert_eq!(tables.lamp(&model).0, Level::Warn, "who does not answer may have something to tell");
    assert_eq!(tables.worst(&model).1, "not heard: am-b");
}

#[test]
fn a_watchdog_that_is_missing_is_the_worst() {
    let mut model = live(120, 40);
    let mut lost = alert("Watchdog", "none", "", AlertState::Firing, 60, None);
    (lost.missing_watchdog, lost.not_seen_by) = (true, texts(&["am-a", "am-b"]));
    let lost = row(Kind::Alert, "am-a+am-b", "", "Watchdog-", lost.since, AlertFacts::Alert(Box::new(lost)));
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Is(lost)])]);
    let tables = tables::of(Realm::Alerts).expect("the alerts");
    assert_eq!(tables.worst(&model), ("Watchdog".into(), "missing for 1m".into()));
    assert!(head(&model, Kind::Alert)[0].starts_with("the watchdog is missing"));
    let text = picture(&model);
    let line = text.lines().find(|line| line.contains("Watchdog")).expect("a row");
    assert!(line.contains('✗') && line.contains("missing") && line.contains("not am-a"), "{line}");
}

#[test]
fn a_filter_takes_a_label_with_its_value() {
    let mut model = live(120, 40);
    press(&mut model, "/");
    type_text(&mut model, "severity=warning !pending");
    let text = picture(&model);
    assert!(text.contains("RedisMemoryFull") && text.contains("MemoryNearLimit"), "{text}");
    assert!(!text.contains("PodCrashLooping") && !text.contains("HighLatencyP95"), "{text}");
}

#[test]
fn silencing_asks_for_a_span_and_a_reason_first() {
    let mut model = live(80, 24);
    press(&mut model, "S");
    let text = picture(&model);
    assert!(text.contains("silence for how long, and why"), "{text}");
    model.journal = Journal::Good("here".into());
    type_text(&mut model, "being looked at");
    press(&mut model, "Enter");
    let question = model.questions.open.as_ref().expect("a question");
    let (id, actions) = (question.id(), question.actions().to_vec());
    let found = Findings {
        actions,
        allowed: Check::Yes,
        effect: vec![
            "hits 2 of 14 alerts now, 2 of them critical, by am-a".into(),
            "PodCrashLooping (critical) namespace=billing pod=rest-api-547bbd6c9f-fnwp2".into(),
            "PodCrashLooping (critical) namespace=shop pod=worker-5dc8f9b7d4-5rh92".into(),
            "its comment: being looked at".into(),
        ],
        warnings: vec!["1 of them silenced already by joe@bastion for 1h 20m: known".into()],
        undo: "expire the silence".into(),
        identity: Some("jane@bastion".into()),
        ..Findings::default()
    };
    news(&mut model, vec![News::Looked(id, Box::new(found))]);
    snap("alerts_silence_80x24", &model);
}
