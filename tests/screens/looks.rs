//! Every look of the three panes: live, stale, down, forbidden, empty, never seen.
use std::sync::Arc;

use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::{Follow, LineKind, Lines, LogLevel, LogNews, Stream, Streams};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::domain::settings::values::Borders;
use firedeck::domain::text::append_line;
use firedeck::model::Model;
use firedeck::model::msg::Msg;

use super::{SIZES, picture, snap};
use crate::common::estate::{
    NOW, ago, cockpit, connected, feed, id, inspection, news, press, say, type_text,
};

fn state(model: &mut Model, feed: Feed, state: FeedState) {
    news(model, vec![News::Feed(feed, state)]);
}

fn down() -> FeedState {
    FeedState::Down { why: "connection refused".into(), next_try: Some(ago(-8)) }
}

#[test]
fn pods_empty_and_connecting() {
    let mut model = connected(80, 24);
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Begin, Seen::End])]);
    state(&mut model, feed(Kind::Pod), FeedState::Live);
    snap("pods_empty_80x24", &model);
    let mut model = connected(80, 24);
    state(&mut model, feed(Kind::Pod), FeedState::Connecting);
    say(&mut model, Msg::Tick(ago(-30)));
    snap("pods_connecting_80x24", &model);
}

#[test]
fn pods_down_from_the_start() {
    let mut model = connected(80, 24);
    state(&mut model, feed(Kind::Pod), down());
    say(&mut model, Msg::Tick(ago(-20)));
    snap("pods_down_from_the_start_80x24", &model);
}

#[test]
fn pods_without_trouble_and_only_trouble() {
    let mut model = cockpit(80, 24);
    press(&mut model, "z");
    snap("pods_only_trouble_80x24", &model);
    press(&mut model, "z / ");
    type_text(&mut model, "shop !crash");
    press(&mut model, "Enter Space Space o");
    snap("pods_filtered_sorted_marked_80x24", &model);
}

#[test]
fn pods_in_ascii() {
    let mut model = cockpit(80, 24);
    model.settings.borders = Borders::Ascii;
    press(&mut model, "Space");
    let text = picture(&model);
    snap("pods_ascii_80x24", &model);
    assert!(text.is_ascii(), "{text}");
    for keys in ["?", "? :", "Esc a", "Esc W", "Esc Enter", "t", "Esc l"] {
        press(&mut model, keys);
        let text = picture(&model);
        assert!(text.is_ascii(), "after {keys}:\n{text}");
    }
}

/// Following a deployment of three pods.
pub(super) fn following(columns: u16, rows: u16) -> Model {
    let mut model = cockpit(columns, rows);
    press(&mut model, "j j l");
    let pod = id(Kind::Pod, "shop", "worker-5dc8f9b7d4-5rh92");
    let follow = Arc::new(Follow::Pod { pod, container: None, previous: false });
    let streams = Streams { following: 1, asked: 1, waiting: Vec::new() };
    news(&mut model, vec![News::Logs(LogNews::Began(follow)), News::Logs(LogNews::Streams(streams))]);
    model
}

fn lines(model: &mut Model) {
    let stream = |container: &str| {
        Arc::new(Stream {
            namespace: "shop".into(),
            pod: "worker-5dc8f9b7d4-5rh92".into(),
            container: container.into(),
        })
    };
    let (app, proxy) = (stream("app"), stream("proxy"));
    let mut lines = Lines::default();
    let nanos = |seconds: i64| ago(seconds).0 * 1_000_000;
    for (from, seconds, text) in [
        (&app, 9, r#"{"level":"info","msg":"began","took":"3ms"}"#),
        (&app, 8, "WARN heap at 93 % of 512 MiB"),
        (&proxy, 7, "level=info msg=\"GET /orders\" status=200"),
        (
            &app,
            6,
            "ERROR java.lang.OutOfMemoryError: Java heap space, while sorting 1,203,441 orders of the shop",
        ),
        (&app, 6, "\tat com.example.Orders.sort(Orders.java:89)"),
        (&app, 5, "\u{1b}[31mred\u{1b}[0m and \u{202e}turned\u{202c} 数据"),
    ] {
        lines.add(from, nanos(seconds), |out, ink| append_line(text.as_bytes(), out, ink), LogLevel::read);
    }
    lines.say(&app, nanos(4), LineKind::Gap, "connection lost for 2 s; what was written then follows");
    lines.drop_here(&app, nanos(3), 1_200, "1,200 lines left out");
    let first = model.logs.ring.end();
    news(model, vec![News::Logs(LogNews::Chunk(Arc::new(lines.seal(first))))]);
    state(model, Feed::Logs, FeedState::Live);
}

#[test]
fn logs_live_at_every_size() {
    for (columns, rows) in SIZES {
        let mut model = following(columns, rows);
        lines(&mut model);
        snap(&format!("logs_live_{columns}x{rows}"), &model);
    }
}

#[test]
fn logs_in_every_other_look() {
    let never = following(80, 24);
    snap("logs_never_seen_80x24", &never);
    let mut nothing = cockpit(80, 24);
    press(&mut nothing, "2");
    snap("logs_nothing_followed_80x24", &nothing);
    let mut empty = following(80, 24);
    state(&mut empty, Feed::Logs, FeedState::Live);
    snap("logs_empty_80x24", &empty);
    let mut forbidden = following(80, 24);
    state(
        &mut forbidden,
        Feed::Logs,
        FeedState::Forbidden { needs: "get on pods/log in namespace `shop`".into() },
    );
    snap("logs_forbidden_80x24", &forbidden);
    let mut stale = following(80, 24);
    lines(&mut stale);
    state(&mut stale, Feed::Logs, down());
    say(&mut stale, Msg::Tick(ago(-45)));
    snap("logs_down_with_lines_80x24", &stale);
    let mut down_at_once = following(80, 24);
    state(&mut down_at_once, Feed::Logs, down());
    snap("logs_down_80x24", &down_at_once);
    let mut paused = following(80, 24);
    lines(&mut paused);
    press(&mut paused, "F w t");
    snap("logs_paused_wrapped_without_times_80x24", &paused);
}

pub(super) fn opened(columns: u16, rows: u16) -> Model {
    let mut model = cockpit(columns, rows);
    press(&mut model, "j j Enter");
    let target = id(Kind::Pod, "shop", "worker-5dc8f9b7d4-5rh92");
    news(&mut model, vec![News::Inspected(Box::new(inspection(&target)))]);
    model
}

#[test]
fn detail_live_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("detail_describe_{columns}x{rows}"), &opened(columns, rows));
    }
}

#[test]
fn detail_in_every_tab_and_look() {
    let mut model = cockpit(80, 24);
    press(&mut model, "j j Enter");
    snap("detail_never_seen_80x24", &model);
    let mut model = opened(80, 24);
    for (key, tab) in [("e", "events"), ("y", "yaml"), ("t", "owners")] {
        press(&mut model, key);
        snap(&format!("detail_{tab}_80x24"), &model);
    }
    let target = id(Kind::Pod, "shop", "worker-5dc8f9b7d4-5rh92");
    let mut found = inspection(&target);
    (found.sections, found.events, found.owners) = (Vec::new(), Vec::new(), Vec::new());
    found.yaml = String::new();
    found.missing = vec!["describe: needs get on pods in namespace `shop`".into()];
    news(&mut model, vec![News::Inspected(Box::new(found))]);
    for (key, tab) in [("d", "describe"), ("e", "events"), ("y", "yaml"), ("t", "owners")] {
        press(&mut model, key);
        snap(&format!("detail_forbidden_{tab}_80x24"), &model);
    }
    assert_eq!(model.now, NOW);
}

#[test]
fn three_panes_side_by_side() {
    let mut model = opened(240, 70);
    press(&mut model, "1 l");
    let pod = id(Kind::Pod, "shop", "worker-5dc8f9b7d4-5rh92");
    let follow = Arc::new(Follow::Pod { pod, container: None, previous: false });
    news(&mut model, vec![News::Logs(LogNews::Began(follow))]);
    lines(&mut model);
    snap("three_panes_240x70", &model);
}
