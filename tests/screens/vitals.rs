//! The facts that documents ask for, with their limits.
use std::time::Duration;

use firedeck::domain::alert::{Alert, AlertFacts};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{Inspection, News, Section, SectionLine, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef, Owner, Volume};
use firedeck::domain::settings::endpoint::Backend;
use firedeck::domain::settings::limit::{Bound, Fact, FactSource, Limit, Lines};
use firedeck::domain::time::Timestamp;
use firedeck::domain::vital::{Answer, Heard, Vital};
use firedeck::model::Model;
use firedeck::model::board::PaneKind;
use firedeck::model::msg::{Effect, Msg};

use super::{picture, snap};
use crate::common::estate::{NOW, ago, cockpit, deployment, event, feed, id, inspection, news, press, say};

fn object(vital: Vital) -> Object {
    Object {
        id: ObjectRef {
            context: "".into(),
            kind: Kind::Vital,
            namespace: vital.document.clone(),
            name: vital.name.clone(),
        },
        uid: "".into(),
        created: vital.at.unwrap_or_default(),
        deleting: false,
        owner: None,
        facts: Facts::Vital(Box::new(vital)),
    }
}

fn fact(source: FactSource, query: &str) -> Fact {
    Fact {
        name: "a fact".into(),
        source,
        query: query.into(),
        on: None,
        unit: None,
        pick: None,
        every: Duration::from_secs(30),
        ok: None,
        warning: None,
        critical: None,
    }
}

/// A question of a document, before it is asked.
fn asked(order: u32, name: &str, source: FactSource, unit: &str, line: u32, bounds: [&str; 3]) -> Vital {
    let [ok, warning, critical] = bounds.map(|bound| Bound::parse(bound).ok());
    let query = match source {
        FactSource::Kubernetes => "usage memory -n alecs",
        _ => "https://lego-mcp.example.com/health",
    };
    let fact = fact(source, query);
    let fact = Fact { name: name.into(), unit: Some(unit.into()), ok, warning, critical, ..fact };
    let document = if (4..=8).contains(&order) { "003" } else { "000" };
    let limit =
        Limit { fact, document: document.into(), lines: vec![Lines { from: line, to: line }], why: None };
    Vital::new(order, &limit.fact, Some(&limit))
}

fn heard(mut vital: Vital, took: u32, heard: Heard) -> Vital {
    vital.hear(Heard { took_ms: Some(took), ..heard }, NOW);
    vital
}

fn over(values: &[f64]) -> Vec<(Timestamp, f64)> {
    (1..)
        .zip(values.iter().rev())
        .map(|(n, value)| (ago(30 * n), *value))
        .collect::<Vec<_>>()
        .into_iter()
        .rev()
        .collect()
}

fn facts() -> Vec<Vital> {
    let health = ["= healthy", "", "!= healthy"];
    let usage = ["< 70", "> 80", "> 90"];
    let series = Heard {
        past: over(&[0.2, 0.3, 0.2, 0.8, 1.4, 3.2, 3.3, 3.1, 3.4, 3.3, 3.3, 3.4]),
        ..Heard::value(3.4)
    };
    let chain = Heard {
        floor: Some(Level::Bad),
        ..Heard::value(12.0).note("not for lego-mcp.example.com but for old.example.com")
    };
    vec![
        heard(
            asked(0, "dashboard health", FactSource::Http, "", 30, health),
            34,
            Heard::of(Answer::Word("unhealthy".into())),
        ),
        heard(
            asked(1, "certificate days left", FactSource::Tls, "days", 297, ["> 30", "<= 30", ""]),
            81,
            chain,
        ),
        heard(
            asked(
                2,
                "PostgreSQL accepts connections",
                FactSource::Tcp,
                "",
                50,
                ["= accepting", "", "!= accepting"],
            ),
            2,
            Heard::text("accepting").note("10.0.0.7:5432"),
        ),
        heard(
            asked(3, "equipment status", FactSource::Http, "", 39, ["", "", ""]),
            0,
            Heard::error("host name not found from here"),
        ),
        heard(
            asked(4, "response time, p95", FactSource::Promql, "s", 52, ["< 0.5", "> 1", "> 3 for 5m"]),
            12,
            series,
        ),
        heard(
            asked(5, "cache hit rate", FactSource::Promql, "%", 54, ["> 80", "< 70", "< 50 for 10m"]),
            9,
            Heard {
                past: over(&[97.0, 96.0, 97.0, 95.0, 96.0]),
                ..Heard::value(97.2).note("{pod=\"alecs-1\"}, of 3")
            },
        ),
        heard(
            asked(6, "error rate", FactSource::Promql, "%", 53, ["< 0.1", "> 0.5", "> 1 for 2m"]),
            9,
            Heard { past: over(&[0.2, 0.3]), ..Heard::value(0.3) },
        ),
        asked(7, "memory usage", FactSource::Kubernetes, "%", 55, usage),
        asked(8, "uptime", FactSource::None, "%", 51, [">= 99.9", "< 99.5", "< 99"]),
        asked(9, "HSM health", FactSource::Http, "", 224, health),
    ]
}

fn vitals(columns: u16, rows: u16, all: Vec<Vital>) -> Model {
    let mut model = cockpit(columns, rows);
    // A profile that asks at all has the pane in view.
    model.settings.profile.probes = vec![fact(FactSource::Http, "https://lego-mcp.example.com/health")];
    model.board.kind = Kind::Vital;
    let all = all.into_iter().map(object).map(Seen::Is);
    let all = [Seen::Begin].into_iter().chain(all).chain([Seen::End]).collect();
    news(
        &mut model,
        vec![News::Rows(Feed::Vitals, Kind::Vital, all), News::Feed(Feed::Vitals, FeedState::Live)],
    );
    model
}

#[test]
fn vitals_at_every_size() {
    for (columns, rows) in super::SIZES {
        snap(&format!("vitals_{columns}x{rows}"), &vitals(columns, rows, facts()));
    }
}

/// The overview tells the worst of them as a person would.
#[test]
fn the_overview_names_the_worst_vital_and_the_line_that_is_crossed() {
    let mut model = vitals(80, 24, facts());
    model.board.focus = PaneKind::Overview;
    snap("overview_with_vitals_80x24", &model);
    let drawn = picture(&model);
    let line = drawn.lines().find(|line| line.contains("vitals") && line.contains("says"));
    let line = line.unwrap_or_else(|| panic!("{drawn}"));
    assert!(line.contains("dashboard health"), "{line}");
    assert!(line.contains("says \"unhealthy\", 000:30 wants"), "{line}");
    assert!(drawn.contains("✗ vitals 2"), "{drawn}");
}

/// A question in the words of a tool, about what another pane shows.
fn about(order: u32, source: FactSource, query: &str, bounds: [&str; 3]) -> Vital {
    let vital = asked(order, query, source, "", 10 + order, bounds);
    let (ok, warning, critical) = (vital.ok.clone(), vital.warning.clone(), vital.critical.clone());
    Vital::new(order, &Fact { name: query.into(), ok, warning, critical, ..fact(source, query) }, None)
}

#[test]
fn what_other_panes_know_is_answered_and_no_longer_once_they_do_not() {
    let kubernetes = |order, query, bounds| about(order, FactSource::Kubernetes, query, bounds);
    let none = ["", "", ""];
    let all = vec![
        kubernetes(0, "pods -n shop", ["= Running", "", "!= Running"]),
        kubernetes(1, "pods -n shop OOMKilled", ["= 0", "> 0", ""]),
        kubernetes(2, "usage memory -n shop", ["< 70", "> 80", "> 90"]),
        kubernetes(3, "pods -n nowhere", none),
        kubernetes(4, "hpa -n shop", none),
        kubernetes(5, "networkpolicies -n shop", none),
        about(6, FactSource::Alertmanager, "severity=\"critical\"", ["= 0", "", "> 0"]),
        about(7, FactSource::Docker, "ps not Up", ["= 0", "", "> 0"]),
    ];
    let mut model = vitals(120, 24, all);
    news(&mut model, vec![News::Feed(Feed::Metrics("prod-eu".into()), FeedState::Live)]);
    say(&mut model, Msg::Tick(ago(-10)));
    snap("vitals_of_other_panes_120x24", &model);
    let down = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut model, vec![News::Feed(feed(Kind::Pod), down)]);
    say(&mut model, Msg::Tick(ago(-20)));
    snap("vitals_of_a_pane_that_is_down_120x24", &model);
}

fn told(model: &Model, name: &str) -> (Answer, Level) {
    let row = model.listing(Kind::Vital).expect("vitals").all().find(|row| &*row.id.name == name);
    match &row.expect(name).facts {
        Facts::Vital(vital) => (vital.answer.clone(), vital.level),
        _ => panic!("a vital"),
    }
}

fn unknown(why: &str) -> (Answer, Level) {
    (Answer::Error { why: why.into(), broken: false }, Level::Unknown)
}

#[test]
fn what_is_not_in_view_is_not_none() {
    let elsewhere = "pods -n production OOMKilled";
    let all = vec![about(0, FactSource::Kubernetes, elsewhere, ["= 0", "> 0", ""])];
    let mut model = vitals(120, 24, all.clone());
    say(&mut model, Msg::Tick(ago(-10)));
    assert_eq!(told(&model, elsewhere), (Answer::Value(0.0), Level::Fine), "every namespace is in view");
    let mut model = vitals(120, 24, all);
    let status = model.feeds.remove(&feed(Kind::Pod)).expect("the feed of all pods");
    model.feeds.insert(Feed::Pods("prod-eu".into(), "shop".into()), status);
    say(&mut model, Msg::Tick(ago(-10)));
    assert_eq!(told(&model, elsewhere), unknown("the namespace `production` is not in view"));
}

#[test]
fn usage_that_nobody_measures_any_more_is_not_green() {
    let usage = "usage memory -n shop";
    let mut model = vitals(120, 24, vec![about(0, FactSource::Kubernetes, usage, ["< 70", "> 80", ""])]);
    let metrics = Feed::Metrics("prod-eu".into());
    news(&mut model, vec![News::Feed(metrics.clone(), FeedState::Live)]);
    say(&mut model, Msg::Tick(ago(-10)));
    assert_eq!(told(&model, usage).1, Level::Fine);
    let down = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut model, vec![News::Feed(metrics, down)]);
    say(&mut model, Msg::Tick(ago(-20)));
    assert_eq!(told(&model, usage), unknown("there are no metrics of now"));
}

#[test]
fn alerts_of_one_server_are_those_that_it_tells_of() {
    let on = |order, name: &str, on: &str| {
        let fact = fact(FactSource::Alertmanager, "severity=\"critical\"");
        let on = Some(on.to_owned()).filter(|on| !on.is_empty());
        Vital::new(order, &Fact { name: name.into(), on, ..fact }, None)
    };
    let mut model = vitals(120, 24, vec![on(0, "any", ""), on(1, "a", "am-a"), on(2, "b", "am-b")]);
    let rows = [("one", vec!["am-a"]), ("two", vec!["am-a", "am-b"])].map(|(name, seen_by)| {
        let alert = Alert {
            name: name.into(),
            labels: [("severity".into(), "critical".into())].into_iter().collect(),
            seen_by: seen_by.into_iter().map(Into::into).collect(),
            ..Alert::default()
        };
        let id = ObjectRef { context: "".into(), kind: Kind::Alert, namespace: "".into(), name: name.into() };
        let facts = Facts::Alerts(AlertFacts::Alert(Box::new(alert)));
        Seen::Is(Object { id, uid: name.into(), created: NOW, deleting: false, owner: None, facts })
    });
    let of = |name: &str| Feed::Endpoint(Backend::Alertmanager, name.into());
    let rows = [Seen::Begin].into_iter().chain(rows).chain([Seen::End]).collect();
    let live = |name| News::Feed(of(name), FeedState::Live);
    news(&mut model, vec![live("am-a"), live("am-b"), News::Rows(Feed::Alerts, Kind::Alert, rows)]);
    say(&mut model, Msg::Tick(ago(-10)));
    let counted = ["any", "a", "b"].map(|name| told(&model, name).0);
    assert_eq!(counted, [2.0, 2.0, 1.0].map(Answer::Value));
    let down = FeedState::Down { why: "connection refused".into(), next_try: None };
    news(&mut model, vec![News::Feed(of("am-b"), down)]);
    say(&mut model, Msg::Tick(ago(-20)));
    assert_eq!(told(&model, "a").0, Answer::Value(2.0), "it is not its fault");
    assert_eq!(told(&model, "b"), unknown("alerts: connection refused"));
}

#[test]
fn vitals_that_nobody_answers_are_not_green() {
    let unasked = facts().into_iter().filter(|vital| vital.at.is_none()).collect();
    snap("vitals_unanswered_80x24", &vitals(80, 24, unasked));
}

#[test]
fn events_revisions_and_volumes_are_counted_as_the_documents_ask() {
    let kubernetes = |order, query: &str, bounds| about(order, FactSource::Kubernetes, query, bounds);
    let scheduling = "events -n shop FailedScheduling|Unhealthy";
    let (released, history) = ("pv status.phase=Released", "rollout history deployment/web -n shop");
    let all = vec![
        kubernetes(0, scheduling, ["= 0", "> 0", ""]),
        kubernetes(1, "events -n shop", ["", "", ""]),
        kubernetes(2, released, ["= 0", "> 0", ""]),
        kubernetes(3, history, ["", "", ""]),
        kubernetes(4, "events -n billing", ["= 0", "> 0", ""]),
    ];
    let mut model = vitals(120, 24, all);
    let about = |name: &str| id(Kind::Pod, "shop", name);
    let events = vec![
        event(&about("web-0"), true, "Unhealthy", "Readiness probe failed", 3, 40),
        event(&about("web-1"), false, "Pulled", "image is there", 1, 20),
    ];
    let volume = |name: &str, phase: &str| {
        let facts = Facts::Volume(Volume { phase: phase.into(), ..Volume::default() });
        Object {
            id: ObjectRef { namespace: "".into(), ..id(Kind::Volume, "", name) },
            facts,
            ..events[0].clone()
        }
    };
    let volumes = vec![volume("pv-1", "Bound"), volume("pv-2", "Released")];
    let mut web = deployment("shop", "web", "registry.example.com/shop/web:7.3.0", 2, 2);
    let mut set = Object { id: id(Kind::ReplicaSet, "shop", "web-6c9d"), ..web.clone() };
    set.owner = Some(Owner { kind: "Deployment".into(), name: "web".into(), uid: web.uid.clone() });
    for (object, revision) in [(&mut web, 7), (&mut set, 6)] {
        if let Facts::Workload(workload) = &mut object.facts {
            workload.revision = Some(revision);
        }
    }
    for (kind, rows) in [
        (Kind::Event, events),
        (Kind::Volume, volumes),
        (Kind::Deployment, vec![web]),
        (Kind::ReplicaSet, vec![set]),
    ] {
        let rows =
            [Seen::Begin].into_iter().chain(rows.into_iter().map(Seen::Is)).chain([Seen::End]).collect();
        news(&mut model, vec![News::Objects(feed(kind), rows), News::Feed(feed(kind), FeedState::Live)]);
    }
    say(&mut model, Msg::Tick(ago(-10)));
    assert_eq!(told(&model, scheduling), (Answer::Value(1.0), Level::Warn));
    assert_eq!(told(&model, "events -n shop"), (Answer::Value(2.0), Level::Fine));
    assert_eq!(told(&model, "events -n billing"), (Answer::Value(0.0), Level::Fine));
    assert_eq!(told(&model, released), (Answer::Value(1.0), Level::Warn));
    assert_eq!(told(&model, history), (Answer::Text("revision 7".into()), Level::Fine));
    let drawn = picture(&model);
    for says in ["Unhealthy pod/web-0", "web:7.3.0; before: 6", "pv-2"] {
        assert!(drawn.contains(says), "{says}:\n{drawn}");
    }
}

#[test]
fn what_the_profile_asks_of_a_cluster_is_watched_whatever_is_looked_at() {
    let mut model = cockpit(120, 24);
    let asks = |query: &str| fact(FactSource::Kubernetes, query);
    model.settings.profile.probes = vec![
        asks("certificates -n shop"),
        asks("persistentvolumes status.phase=Released"),
        asks("rollout history deployment/web -n shop"),
        asks("usage memory -n shop"),
        asks("networkpolicies -n shop"),
    ];
    model.board.kind = Kind::Alert;
    let watched = firedeck::update::table::watched(&model);
    for kind in [Kind::Certificate, Kind::Volume, Kind::Deployment, Kind::ReplicaSet] {
        assert!(watched.contains(&kind), "{kind}: {watched:?}");
    }
    assert!(!watched.contains(&Kind::Pod), "it always is: {watched:?}");
}

#[test]
fn a_key_leads_to_what_the_document_says() {
    let mut model = vitals(80, 24, facts());
    let effects = press(&mut model, "b");
    let target = effects.iter().find_map(|effect| match effect {
        Effect::Inspect(Some(target)) => Some(target.clone()),
        _ => None,
    });
    let target = target.expect("it is read");
    let section = |title: &str, count: u32| Section {
        title: title.into(),
        lines: (1..=count)
            .map(|n| SectionLine {
                label: n.to_string(),
                value: "curl -s https://lego-mcp.example.com/health | jq".into(),
                level: Level::Fine,
                indent: 0,
            })
            .collect(),
    };
    let sections = vec![section("Answer", 12), section("Document 000: Daily Health Check", 30)];
    let read = Inspection { sections, ..inspection(&target) };
    news(&mut model, vec![News::Inspected(Box::new(read))]);
    let drawn = picture(&model);
    let line = drawn.lines().nth(3).unwrap_or_default();
    let first = drawn.lines().position(|line| line.contains("Document 000: Daily Health Check"));
    assert!(first.is_some_and(|at| at <= 4), "{line}\n{drawn}");
    press(&mut model, "g b");
    assert!(picture(&model).contains("Document 000: Daily Health Check"));
}

#[test]
fn what_no_document_names_leads_nowhere_and_says_so() {
    let mut model = vitals(80, 24, vec![about(0, FactSource::Docker, "ps not Up", ["", "", ""])]);
    assert!(press(&mut model, "b").is_empty());
    assert!(picture(&model).contains("no document names it"), "{}", picture(&model));
}

#[test]
fn who_has_no_source_says_why() {
    let mut fact = fact(FactSource::None, "");
    fact.name = "errors by endpoint".into();
    let limit = Limit {
        fact: fact.clone(),
        document: "003".into(),
        lines: vec![Lines { from: 1380, to: 1380 }],
        why: Some("a search in Splunk".into()),
    };
    let drawn = picture(&vitals(120, 24, vec![Vital::new(0, &fact, Some(&limit))]));
    assert!(drawn.contains("a search in Splunk") && drawn.contains("003:1380 "), "{drawn}");
}

#[test]
fn who_opens_what_another_pane_answers_reads_that_answer() {
    let query = "pods -n shop OOMKilled";
    let mut model = vitals(80, 24, vec![about(0, FactSource::Kubernetes, query, ["= 0", "> 0", ""])]);
    say(&mut model, Msg::Tick(ago(-10)));
    let effects = press(&mut model, "Enter");
    let target = effects.iter().find_map(|effect| match effect {
        Effect::Inspect(Some(target)) => Some(target.clone()),
        _ => None,
    });
    let line = SectionLine {
        label: "answer".into(),
        value: "not asked here: see pods".into(),
        level: Level::Done,
        indent: 0,
    };
    let sections = vec![Section { title: "Answer".into(), lines: vec![line] }];
    let read = Inspection { sections, ..inspection(&target.expect("it is read")) };
    news(&mut model, vec![News::Inspected(Box::new(read))]);
    let drawn = picture(&model);
    assert!(!drawn.contains("not asked here") && drawn.contains("asked at"), "{drawn}");
    assert!(drawn.contains("History"), "{drawn}");
}
