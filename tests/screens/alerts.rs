//! Alerts, silences and targets as they are seen: what is told, what is held back, who does not answer.
use firedeck::domain::Text;
use firedeck::domain::action::{Check, Findings, Native, Verb};
use firedeck::domain::alert::{Alert, AlertFacts, AlertState, Matcher, Silence, Target};
use firedeck::domain::approval::Plan;
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::domain::time::Timestamp;
use firedeck::model::msg::{Effect, Msg};
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
    Endpoint {
        backend,
        name: name.into(),
        url: "http://x:9093".into(),
        username: None,
        password: None,
        token: None,
        emergency_url: None,
        project: None,
    }
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

fn groups(model: &Model) -> Vec<String> {
    let rows = picture(model);
    rows.lines().filter(|line| line.contains("  +  ") || line.contains("  -  ")).map(str::to_owned).collect()
}

#[test]
fn alerts_stand_in_groups_that_fold_and_unfold() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = live(columns, rows);
        press(&mut model, "v");
        snap(&format!("alerts_grouped_{columns}x{rows}"), &model);
        type_text(&mut model, "g");
        press(&mut model, "Enter");
        snap(&format!("alerts_unfolded_{columns}x{rows}"), &model);
    }
    let mut model = live(120, 40);
    press(&mut model, "v");
    let folded = groups(&model);
    assert_eq!(folded.len(), 1, "one is no group: {folded:#?}");
    assert!(folded[0].contains("+   2 PodCrashLooping") && folded[0].contains("2 firing"));
    press(&mut model, "x");
    let whole = picture(&model);
    assert!(whole.contains("-   2 PodCrashLooping") && whole.contains("rest-api-5…-fnwp2 billing"));
    press(&mut model, "x");
    press(&mut model, "v");
    assert!(picture(&model).contains("PodCrashLooping worker-5dc8…-5rh92"), "one by one again");
}

#[test]
fn a_group_holds_what_the_filter_lets_through_and_stays_with_its_kind() {
    let mut model = live(120, 40);
    press(&mut model, "v");
    type_text(&mut model, "/severity=\"critical\" state=~firing|missing");
    press(&mut model, "Enter");
    let shown = groups(&model);
    assert_eq!(shown.len(), 1, "{shown:#?}");
    assert!(picture(&model).contains("3 of 8 · 1 group by alertname"), "{}", picture(&model));
    // Elsewhere and back: still in groups, without the filter.
    press(&mut model, "]");
    press(&mut model, "[");
    assert_eq!(groups(&model).len(), 1, "{:#?}", groups(&model));
    assert!(!picture(&model).contains(" of 8"), "{}", picture(&model));
}

#[test]
fn by_another_label_there_are_other_groups_and_one_that_nobody_has_is_refused() {
    let mut model = live(120, 40);
    press(&mut model, "V");
    type_text(&mut model, "severity");
    press(&mut model, "Enter");
    let shown = groups(&model);
    assert_eq!(shown.len(), 2, "{shown:#?}");
    assert!(shown[0].contains("+   4 critical") && shown[0].contains("3/4 firing"), "{shown:#?}");
    press(&mut model, "V");
    type_text(&mut model, "x");
    press(&mut model, "Enter");
    assert!(
        model.flash.as_ref().is_some_and(|flash| flash.bad && flash.text.contains("no alert has a label"))
    );
    assert_eq!(groups(&model).len(), 2);
}

#[test]
fn what_is_done_to_a_group_is_done_to_its_members() {
    let mut model = live(120, 40);
    press(&mut model, "v");
    type_text(&mut model, "g");
    let effects = press(&mut model, "A");
    let Some(Effect::Acknowledge { alerts, no_longer: false }) = effects.into_iter().next() else {
        panic!("not asked for")
    };
    assert_eq!(alerts.len(), 2);
    say(&mut model, Msg::Acknowledged { alerts, by: "jane".into(), no_longer: false });
    assert!(groups(&model)[0].contains("all seen"), "{:#?}", groups(&model));
    press(&mut model, "Space");
    assert_eq!(model.objects[&Kind::Alert].marked().len(), 2);
    snap("alerts_group_marked_and_seen_120x40", &model);
    press(&mut model, "Backspace");
    assert!(model.objects[&Kind::Alert].marked().is_empty());
    type_text(&mut model, "gS");
    assert!(picture(&model).contains("silence for how long"));
    type_text(&mut model, "looked at");
    let effects = press(&mut model, "Enter");
    let Some(Effect::Look(_, Plan::Native(natives))) = effects.into_iter().next() else {
        panic!("not asked")
    };
    let [Native { verb: Verb::Silence { matchers, .. }, .. }] = &*natives else { panic!("{natives:?}") };
    let matchers: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    assert_eq!(matchers, ["alertname=\"PodCrashLooping\"", "severity=\"critical\""]);
}

#[test]
fn matchers_are_edited_before_the_span_is_asked_for_and_a_mistake_loses_nothing() {
    let mut model = live(120, 40);
    press(&mut model, "M");
    snap("alerts_matchers_typed_120x40", &model);
    type_text(&mut model, " pod=~(");
    press(&mut model, "Enter");
    assert!(picture(&model).contains("pod=~("), "what was typed stands");
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("regular expression")));
    type_text(&mut model, "web.*)");
    press(&mut model, "Enter");
    assert!(picture(&model).contains("silence for how long"), "{}", picture(&model));
}

#[test]
fn from_an_alert_to_what_holds_it_back_and_from_there_to_what_it_holds() {
    let mut model = live(120, 40);
    type_text(&mut model, "/DiskAlmost");
    press(&mut model, "Enter");
    press(&mut model, "h");
    assert_eq!(model.board.kind, Kind::Silence);
    let selected = |model: &Model, kind| model.objects[&kind].selected().expect("a row").name.to_string();
    assert_eq!(selected(&model, Kind::Silence), "5b2c");
    press(&mut model, "h");
    assert_eq!((model.board.kind, model.objects[&Kind::Alert].len()), (Kind::Alert, 1));
    assert!(selected(&model, Kind::Alert).starts_with("DiskAlmostFull"));
    press(&mut model, "+");
    assert!(picture(&model).contains("let it hold how much longer"), "{}", picture(&model));
}

#[test]
fn a_silence_that_ended_stands_below_with_when_it_ended() {
    let mut model = live(120, 40);
    let over = Silence {
        id: "9f00".into(),
        matchers: vec![Matcher::equals("alertname", "QueueBacklog")],
        starts: Some(ago(9_000)),
        ends: Some(ago(1_800)),
        by: "joe@bastion".into(),
        comment: "drained by hand".into(),
        state: "expired".into(),
        seen_by: texts(&["am-a", "am-b"]),
        ..Silence::default()
    };
    let row = row(Kind::Silence, "am-a+am-b", "", "9f00", over.starts, AlertFacts::Silence(Box::new(over)));
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Silence, vec![Seen::Is(row)])]);
    press(&mut model, "]");
    snap("silences_ended_120x40", &model);
    type_text(&mut model, "G-");
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("ended already")));
    press(&mut model, "S");
    assert!(picture(&model).contains("2h drained by hand"));
}

#[test]
fn what_was_seen_before_the_start_is_seen_still_unless_it_began_anew() {
    let mut model = live(120, 40);
    let of = |name: &str| {
        model.objects[&Kind::Alert]
            .all()
            .map(|row| row.id.clone())
            .find(|id| id.name.starts_with(name))
            .expect(name)
    };
    let (redis, queue) = (of("RedisMemoryFull"), of("QueueBacklog"));
    let said =
        vec![(redis.clone(), "jane".to_owned(), ago(3_500)), (queue.clone(), "joe".into(), ago(3_000))];
    say(&mut model, Msg::AcknowledgedBefore(said));
    assert!(model.acknowledged.contains_key(&redis), "it fires since before that");
    assert!(!model.acknowledged.contains_key(&queue), "it began later");
    let screen = picture(&model);
    assert!(screen.contains("seen 58m ago") && screen.contains("1 seen 58m ago"), "{screen}");
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Gone(redis.clone())])]);
    assert!(model.acknowledged.is_empty());
}

#[test]
fn the_address_of_the_runbook_is_copied() {
    let mut model = live(120, 40);
    press(&mut model, "B");
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("no runbook")));
    let mut alert = alert("Down", "critical", "x", AlertState::Firing, 1, None);
    alert.runbook = Some("https://runbooks/down".into());
    let row = row(Kind::Alert, "am-a+am-b", "", "Down-x", alert.since, AlertFacts::Alert(Box::new(alert)));
    news(&mut model, vec![News::Rows(Feed::Alerts, Kind::Alert, vec![Seen::Is(row)])]);
    press(&mut model, "g");
    let effects = press(&mut model, "B");
    assert!(
        matches!(effects.as_slice(), [Effect::Copy(text)] if text == "https://runbooks/down"),
        "{effects:?}"
    );
}
