//! What fires, on the overview and on the wall; the wall's pages, how they turn and how they are held.
use firedeck::domain::alert::{Alert, AlertFacts, AlertState};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::model::Model;
use firedeck::model::board::{Glance, PaneKind};
use firedeck::model::msg::Msg;
use firedeck::model::rota::Page;
use firedeck::panes::wall;

use super::{picture, snap};
use crate::common::estate::{NOW, ago, cockpit, deployment, feed, news, press, say};

fn alert(name: &str, severity: &str, apart: &str, minutes: i64) -> Object {
    let alert = Alert {
        name: name.into(),
        severity: severity.into(),
        apart: apart.into(),
        state: AlertState::Firing,
        since: Some(ago(minutes * 60)),
        ..Alert::default()
    };
    let id = ObjectRef {
        context: "alerts".into(),
        kind: Kind::Alert,
        namespace: "".into(),
        name: format!("{name}-5f3a{minutes:04}").into(),
    };
    let facts = Facts::Alerts(AlertFacts::Alert(Box::new(alert)));
    Object { id, uid: "".into(), created: ago(minutes * 60), deleting: false, owner: None, facts }
}

/// Pods in trouble, a new release and alerts; most of them fire for longer than the last hour.
fn system(columns: u16, rows: u16, more: i64) -> Model {
    let mut model = cockpit(columns, rows);
    let name = "am".to_owned();
    model.settings.profile.endpoints = vec![Endpoint::new(Backend::Alertmanager, name, "http://x:9093")];
    let deployments = |object: Object| News::Objects(feed(Kind::Deployment), vec![Seen::Is(object)]);
    news(&mut model, vec![deployments(deployment("shop", "worker", "r.io/worker:7.2.9", 3, 3))]);
    news(&mut model, vec![deployments(deployment("shop", "worker", "r.io/worker:7.3.0", 3, 3))]);
    let mut all = vec![
        alert("KubeNodeNotReady", "critical", "node-2", 190),
        alert("PodCrashLooping", "critical", "shop worker-5dc8f9b7d4-5rh92", 7),
        alert("CertificateExpiresSoon", "warning", "shop.example.com", 3_000),
    ];
    all.extend((0..more).map(|n| alert("QueueBacklog", "warning", &format!("queue-{n:02}"), 61 + n)));
    let rows = all.into_iter().map(Seen::Is).collect();
    let of = Feed::Endpoint(Backend::Alertmanager, "am".into());
    news(&mut model, vec![News::Feed(of, FeedState::Live), News::Rows(Feed::Alerts, Kind::Alert, rows)]);
    model
}

fn glance(columns: u16, rows: u16, more: i64) -> Model {
    let mut model = system(columns, rows, more);
    model.board.focus = PaneKind::Overview;
    model
}

#[test]
fn what_fires_for_hours_stands_on_the_overview_and_the_rest_is_counted() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        snap(&format!("overview_fires_{columns}x{rows}"), &glance(columns, rows, 20));
    }
    let text = picture(&glance(80, 24, 0));
    assert!(text.contains("CertificateExpiresSoon") && !text.contains("more"), "{text}");
}

#[test]
fn on_a_tall_screen_there_are_more_rows_of_everything_and_on_a_low_one_none_is_left_out() {
    // Twenty-three fire, and two pods beside the worst are in trouble.
    let tall = picture(&glance(120, 70, 20));
    assert!(!tall.contains(" more") && tall.contains("queue-19"), "{tall}");
    assert!(tall.contains("shop/worker-5dc8f9b7d4-5rh92") && tall.contains("billing/rest-api"), "{tall}");
    let low = picture(&glance(80, 24, 20));
    let changed = low.lines().skip_while(|line| !line.contains("Changed in the last hour"));
    assert!(changed.filter(|line| line.contains("deploy/shop/worker")).count() == 1, "{low}");
    let lower = picture(&glance(80, 18, 20));
    assert!(lower.contains("What fires") && lower.contains("deploy/shop/worker"), "{lower}");
}

#[test]
fn the_cursor_stands_on_what_else_is_in_trouble_and_enter_opens_it() {
    let mut model = glance(120, 70, 2);
    press(&mut model, "g j");
    assert!(matches!(model.board.glance, Some(Glance::Trouble(_))), "{:?}", model.board.glance);
    press(&mut model, "Enter");
    assert_eq!(model.detail.as_ref().map(|detail| detail.target.kind), Some(Kind::Pod));
}

#[test]
fn enter_leads_from_an_alert_to_it_and_from_the_count_to_all() {
    let mut model = glance(80, 24, 20);
    press(&mut model, "j j Enter");
    let target = model.detail.as_ref().map(|detail| detail.target.clone()).expect("opened");
    assert_eq!((target.kind, &*target.name), (Kind::Alert, "PodCrashLooping-5f3a0007"));
    let mut model = glance(80, 24, 20);
    for _ in 0..99 {
        if model.board.glance != Some(Glance::MoreFires) {
            press(&mut model, "j");
        }
    }
    press(&mut model, "Enter");
    assert_eq!((model.board.kind, model.board.focus), (Kind::Alert, PaneKind::Things));
}

fn on_the_wall(columns: u16, rows: u16) -> Model {
    let mut model = system(columns, rows, 20);
    model.wall = true;
    say(&mut model, Msg::Tick(NOW));
    model
}

/// Lets so many seconds pass, one by one.
fn pass(model: &mut Model, seconds: i64) {
    for _ in 0..seconds {
        let now = firedeck::domain::time::Timestamp(model.now.0 + 1_000);
        say(model, Msg::Tick(now));
        let alerts = Feed::Endpoint(Backend::Alertmanager, "am".into());
        let feeds = [alerts, feed(Kind::Pod)].into_iter().filter(|feed| model.feeds.contains_key(feed));
        let feeds: Vec<Feed> = feeds.collect();
        news(model, feeds.into_iter().map(|feed| News::Feed(feed, FeedState::Live)).collect());
    }
}

#[test]
fn the_wall_turns_to_what_fires_and_to_what_changed() {
    for (columns, rows) in [(80, 24), (120, 30)] {
        let mut model = on_the_wall(columns, rows);
        assert_eq!(wall::shown(&model).page, Page::Fires, "what begins to fire is turned to");
        snap(&format!("wall_fires_{columns}x{rows}"), &model);
        while wall::shown(&model).page != Page::Changed {
            pass(&mut model, 1);
        }
        snap(&format!("wall_changed_{columns}x{rows}"), &model);
    }
}

#[test]
fn each_page_stays_long_enough_to_be_read_and_then_goes_round() {
    let mut model = on_the_wall(120, 30);
    let mut turns = vec![(wall::shown(&model).page, 0)];
    for second in 1..=120 {
        pass(&mut model, 1);
        if turns.last().is_some_and(|(page, _)| *page != wall::shown(&model).page) {
            turns.push((wall::shown(&model).page, second));
        }
    }
    let seen: Vec<Page> = turns.iter().map(|(page, _)| *page).collect();
    assert!(seen.len() > 3 && wall::shown(&model).pages.iter().all(|page| seen.contains(page)), "{turns:?}");
    assert!(turns.windows(2).all(|pair| (12..=30).contains(&(pair[1].1 - pair[0].1))), "{turns:?}");
}

#[test]
fn nothing_bad_is_ever_turned_away_from() {
    let mut model = on_the_wall(80, 24);
    for _ in 0..120 {
        pass(&mut model, 1);
        let text = picture(&model);
        assert!(text.contains("KubeNodeNotReady") || text.contains("PodCrashLooping"), "{text}");
        assert!(text.contains("CrashLoopBackOff"), "{text}");
    }
}

#[test]
fn a_key_pins_a_page_and_another_turns_on() {
    let mut model = on_the_wall(120, 30);
    press(&mut model, "n p");
    let pinned = wall::shown(&model).page;
    assert_ne!(pinned, Page::Fires);
    pass(&mut model, 90);
    assert_eq!(wall::shown(&model).page, pinned);
    assert!(picture(&model).contains("pinned"), "{}", picture(&model));
    press(&mut model, "p");
    pass(&mut model, 31);
    assert_ne!(wall::shown(&model).page, pinned);
}

#[test]
fn a_wall_with_one_page_never_turns() {
    let mut model = cockpit(120, 30);
    model.wall = true;
    say(&mut model, Msg::Tick(NOW));
    model.dirty = firedeck::model::Dirty::No;
    let before = picture(&model);
    pass(&mut model, 9);
    assert_eq!((model.dirty, picture(&model)), (firedeck::model::Dirty::No, before));
}
