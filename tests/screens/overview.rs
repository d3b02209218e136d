//! The overview: what is worst in each source, what changed, and where its lines lead.
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::model::Model;
use firedeck::model::board::{Glance, PaneKind};
use firedeck::model::msg::{Effect, Msg};

use super::{SIZES, picture, snap};
use crate::common::estate::{ago, cockpit, deployment, event, feed, id, news, node, press, say};

fn endpoint(backend: Backend) -> Endpoint {
    Endpoint::new(backend, backend.name(), "x://y")
}

/// A system with a cluster, a database that refuses, a Redis that was never heard of, and a night of changes.
fn system(columns: u16, rows: u16) -> Model {
    let mut model = cockpit(columns, rows);
    model.settings.profile.endpoints = vec![endpoint(Backend::Postgres), endpoint(Backend::Redis)];
    model.board.focus = PaneKind::Overview;
    let of = |backend: Backend| Feed::Endpoint(backend, backend.name().into());
    let down = FeedState::Down { why: "connection refused".into(), next_try: Some(ago(-8)) };
    news(
        &mut model,
        vec![News::Feed(of(Backend::Postgres), down), News::Feed(of(Backend::Redis), FeedState::Connecting)],
    );
    night(&mut model);
    model
}

/// A new release, a scaling, a node that went, and what was told of it by events.
fn night(model: &mut Model) {
    let deployments = |objects: Vec<Object>| {
        News::Objects(feed(Kind::Deployment), objects.into_iter().map(Seen::Is).collect())
    };
    news(model, vec![deployments(vec![deployment("shop", "worker", "r.io/worker:7.2.9", 3, 3)])]);
    say(model, Msg::Tick(ago(-60)));
    let mut new = deployment("shop", "worker", "r.io/worker:7.3.0", 3, 6);
    if let Facts::Workload(workload) = &mut new.facts {
        workload.revision = Some(14);
    }
    news(model, vec![deployments(vec![new])]);
    say(model, Msg::Tick(ago(-120)));
    news(model, vec![News::Objects(feed(Kind::Node), vec![Seen::Is(node("node-1", Some(false)))])]);
    let about = id(Kind::Hpa, "shop", "web");
    let rescale = event(&about, false, "SuccessfulRescale", "New size: 6; reason: cpu above target", 1, 1500);
    news(model, vec![News::Objects(feed(Kind::Event), vec![Seen::Is(rescale)])]);
}

#[test]
fn everything_at_a_glance_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("overview_{columns}x{rows}"), &system(columns, rows));
    }
}

#[test]
fn the_time_line_with_a_suspect() {
    let mut model = system(120, 40);
    press(&mut model, "8");
    press(&mut model, "S");
    snap("changes_with_a_suspect_120x40", &model);
    press(&mut model, "S");
    assert!(!picture(&model).lines().any(|line| line.ends_with("suspect")));
}

#[test]
fn enter_leads_from_a_line_to_what_it_is_about() {
    let mut model = system(80, 24);
    // Pods and the database are in trouble, Redis is unknown: then come the changes.
    for _ in 0..3 {
        press(&mut model, "j");
    }
    let effects = press(&mut model, "Enter");
    assert_eq!(model.detail.as_ref().map(|detail| detail.target.kind), Some(Kind::Node));
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Inspect(Some(_)))), "{effects:?}");
}

#[test]
fn trouble_that_comes_above_the_cursor_is_not_what_enter_opens() {
    let mut model = cockpit(80, 24);
    model.settings.profile.endpoints = vec![endpoint(Backend::Postgres)];
    model.board.focus = PaneKind::Overview;
    let down = FeedState::Down { why: "connection refused".into(), next_try: Some(ago(-8)) };
    news(
        &mut model,
        vec![News::Feed(Feed::Endpoint(Backend::Postgres, Backend::Postgres.name().into()), down)],
    );
    say(&mut model, Msg::Tick(ago(-1)));
    let held = model.board.glance.clone();
    assert!(matches!(held, Some(Glance::Source(_))), "{held:?}");
    // What was chosen and is gone is not replaced by what stands there now.
    model.board.glance = Some(Glance::Fire(id(Kind::Alert, "", "gone")));
    assert!(press(&mut model, "Enter").is_empty());
    assert_eq!(model.board.focus, PaneKind::Overview);
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("gone")), "{}", picture(&model));
    press(&mut model, "j");
    assert!(matches!(model.board.glance, Some(Glance::Source(_))));
    // A notice goes with its place.
    model.say("this is done by hand", true);
    press(&mut model, "1");
    assert_eq!(model.flash, None);
}

#[test]
fn a_change_that_was_told_twice_is_one_line() {
    let mut model = system(80, 24);
    let lines =
        |model: &Model| model.listing(Kind::Change).map_or(0, firedeck::model::listing::Listing::total);
    let before = lines(&model);
    assert_eq!(before, 4, "{}", picture(&model));
    let gone = event(
        &id(Kind::Node, "", "node-1"),
        true,
        "NodeNotReady",
        "Node node-1 status is now: NodeNotReady",
        1,
        -110,
    );
    news(&mut model, vec![News::Objects(feed(Kind::Event), vec![Seen::Is(gone)])]);
    assert_eq!(lines(&model), before);
}
