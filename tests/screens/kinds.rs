//! Kinds other than pods, and the lists that lie over the board.
use std::time::Duration;

use firedeck::domain::action::{Native, Outcome, Verb};
use firedeck::domain::feed::FeedState;
use firedeck::domain::news::{ActionId, News, Seen};
use firedeck::domain::object::{Certificate, Condition, Facts, Hpa, Kind, Object};
use firedeck::model::msg::Msg;
use firedeck::model::{Deed, Model};

use super::{SIZES, snap};
use crate::common::estate::{
    NOW, ago, cockpit, deployment, event, feed, id, news, node, press, say, type_text,
};

fn with(kind: Kind, key: &str, columns: u16, rows: u16, all: Vec<Object>) -> Model {
    let mut model = cockpit(columns, rows);
    press(&mut model, key);
    let all = [Seen::Begin].into_iter().chain(all.into_iter().map(Seen::Is)).chain([Seen::End]).collect();
    news(&mut model, vec![News::Objects(feed(kind), all), News::Feed(feed(kind), FeedState::Live)]);
    model
}

fn like(kind: Kind, namespace: &str, name: &str, facts: Facts) -> Object {
    Object { id: id(kind, namespace, name), facts, ..node(name, None) }
}

fn deployments() -> Vec<Object> {
    let mut stuck = deployment("shop", "worker", "registry.example.com/shop/worker:7.3.0", 1, 3);
    if let Facts::Workload(workload) = &mut stuck.facts {
        workload.updated = 1;
        workload.conditions[0].met = Some(false);
        workload.conditions[0].reason = "ProgressDeadlineExceeded".into();
    }
    vec![
        stuck,
        deployment("shop", "dashboard", "registry.example.com/shop/dashboard:7.2.9", 2, 2),
        deployment(
            "billing",
            "rest-api",
            "registry.example.com/billing/rest-api@sha256:5d41402abc4b2a76b9719d911017c592",
            11,
            12,
        ),
    ]
}

#[test]
fn deployments_at_every_size() {
    for (columns, rows) in SIZES {
        let model = with(Kind::Deployment, "F2", columns, rows, deployments());
        snap(&format!("deployments_{columns}x{rows}"), &model);
    }
}

fn nodes() -> Vec<Object> {
    let mut pressed = node("node-3", Some(true));
    if let Facts::Node(node) = &mut pressed.facts {
        node.unschedulable = true;
        node.conditions = vec![Condition {
            kind: "MemoryPressure".into(),
            met: Some(true),
            reason: "KubeletHasInsufficientMemory".into(),
            message: "".into(),
            since: Some(ago(400)),
        }];
    }
    vec![node("node-1", Some(true)), node("node-2", None), pressed, node("node-4", Some(false))]
}

fn hpas() -> Vec<Object> {
    let web = Hpa {
        target: "deployment/web".into(),
        min: 2,
        max: 6,
        current: 6,
        desired: 6,
        metrics: vec!["cpu 143% of 70%".into()],
        conditions: Vec::new(),
    };
    let idle =
        Hpa { target: "deployment/idle".into(), min: 1, max: 3, current: 1, desired: 1, ..Hpa::default() };
    vec![like(Kind::Hpa, "shop", "web", Facts::Hpa(web)), like(Kind::Hpa, "shop", "idle", Facts::Hpa(idle))]
}

fn events() -> Vec<Object> {
    let pod = id(Kind::Pod, "shop", "worker-5dc8f9b7d4-5rh92");
    vec![
        event(
            &pod,
            true,
            "BackOff",
            "Back-off restarting failed container app in pod worker-5dc8f9b7d4-5rh92_shop",
            17,
            30,
        ),
        event(&pod, true, "FailedScheduling", "0/4 nodes are available: 4 Insufficient memory.", 1, 240),
        event(&pod, false, "Pulled", "Container image is already present on the machine", 1, 640),
    ]
}

fn certificates() -> Vec<Object> {
    let certificate = |ready: Option<bool>, days: i64, reason: &str| {
        Facts::Certificate(Certificate {
            ready,
            reason: reason.into(),
            message: "".into(),
            secret: "shop-tls".into(),
            names: vec!["shop.example.com".into(), "www.shop.example.com".into()],
            not_after: Some(NOW.plus(Duration::from_hours(24 * u64::try_from(days).unwrap_or(0)))),
            renewal: None,
        })
    };
    vec![
        like(Kind::Certificate, "shop", "shop-tls", certificate(Some(true), 61, "Ready")),
        like(Kind::Certificate, "shop", "api-tls", certificate(Some(true), 5, "Ready")),
        like(Kind::Certificate, "billing", "billing-tls", certificate(Some(false), 0, "Failed")),
    ]
}

#[test]
fn the_other_kinds() {
    for (kind, key, all) in [
        (Kind::Node, "F4", nodes()),
        (Kind::Hpa, "F3", hpas()),
        (Kind::Event, "F5", events()),
        (Kind::Certificate, "F6", certificates()),
    ] {
        for (columns, rows) in [(80, 24), (120, 40)] {
            let model = with(kind, key, columns, rows, all.clone());
            snap(&format!("{}_{columns}x{rows}", kind.plural()), &model);
        }
    }
    let mut model = cockpit(80, 24);
    press(&mut model, "F6");
    let why = "cert-manager is not installed".to_owned();
    news(&mut model, vec![News::Feed(feed(Kind::Certificate), FeedState::Absent { why })]);
    snap("certificates_absent_80x24", &model);
}

#[test]
fn every_word_of_why_an_action_failed_can_be_read() {
    let held = |n: u32| {
        format!(
            "shop/web-{n}: Cannot evict pod as it would violate the pod's disruption budget `web-{n}-pdb`"
        )
    };
    let why = format!("cordoned, but held after 2 min: {}", (1..5).map(held).collect::<Vec<_>>().join("; "));
    let mut model = cockpit(80, 24);
    for (at, why) in (0u64..).zip([why, "the object has changed".into()]) {
        model.deeds.push(Deed {
            id: ActionId(at),
            native: Native { target: id(Kind::Node, "", "node-1"), uid: "uid".into(), verb: Verb::Restart },
            began: ago(60),
            changed: NOW,
            outcome: Outcome::Failed { why },
        });
    }
    press(&mut model, "a");
    for (columns, rows) in [(80, 24), (120, 40), (60, 20)] {
        say(&mut model, Msg::Resized { columns, rows });
        press(&mut model, "Down");
        let text = super::picture(&model).replace('│', " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        assert!(words.join(" ").contains("disruption budget `web-4-pdb`"), "{}", super::picture(&model));
        press(&mut model, "Up");
    }
}

#[test]
fn what_was_done_with_every_outcome() {
    let mut model = cockpit(80, 24);
    let says = || "2 of 3 pods replaced".to_owned();
    let outcomes = [
        Outcome::Started,
        Outcome::Accepted { says: "the server took it".into() },
        Outcome::Progress { says: says() },
        Outcome::Settled { says: "3 of 3 pods replaced".into() },
        Outcome::Refused { why: "the object has changed".into() },
        Outcome::Uncertain { why: "no answer within 10 s".into() },
        Outcome::Failed { why: "the new pods do not start".into() },
    ];
    for (at, outcome) in (0u64..).zip(outcomes) {
        let target = id(Kind::Deployment, "shop", "worker");
        model.deeds.push(Deed {
            id: ActionId(at),
            native: Native { target, uid: "uid".into(), verb: Verb::Restart },
            began: ago(60),
            changed: NOW,
            outcome,
        });
    }
    snap("a_deed_is_under_way_80x24", &model);
    press(&mut model, "a");
    for (columns, rows) in [(80, 24), (120, 40), (60, 15)] {
        say(&mut model, Msg::Resized { columns, rows });
        snap(&format!("deeds_{columns}x{rows}"), &model);
    }
    model.deeds.clear();
    say(&mut model, Msg::Resized { columns: 80, rows: 24 });
    snap("deeds_none_80x24", &model);
}

#[test]
fn columns_and_lines_that_are_typed() {
    let mut model = cockpit(80, 24);
    press(&mut model, "W j j j Space");
    snap("columns_80x24", &model);
    press(&mut model, "q F2");
    let all = deployments().into_iter().map(Seen::Is).collect();
    news(
        &mut model,
        vec![News::Objects(feed(Kind::Deployment), all), News::Feed(feed(Kind::Deployment), FeedState::Live)],
    );
    press(&mut model, "+");
    snap("scale_80x24", &model);
    type_text(&mut model, "x");
    press(&mut model, "Enter");
    snap("a_bad_value_80x24", &model);
    let mut model = cockpit(80, 24);
    press(&mut model, "l ?");
    snap("help_of_logs_80x24", &model);
    let mut model = cockpit(20, 5);
    press(&mut model, "?");
    snap("help_20x5", &model);
    press(&mut model, "? :");
    snap("palette_20x5", &model);
    press(&mut model, "Esc /");
    type_text(&mut model, "a-long-filter-that-goes-on");
    snap("filter_20x5", &model);
}
