//! Keys on the logs pane.
use std::sync::Arc;

use super::*;
use crate::domain::log::{Lines, LogLevel, Stream};
use crate::domain::object::{Kind, ObjectRef};
use crate::model::logs::scan;

fn pod(previous: bool) -> Follow {
    let pod =
        ObjectRef { context: "c".into(), kind: Kind::Pod, namespace: "shop".into(), name: "web-1".into() };
    Follow::Pod { pod, container: None, previous }
}

fn logs(texts: &[&str]) -> Logs {
    let mut logs = Logs::default();
    follow(&mut logs, Some(pod(false)));
    news(&mut logs, LogNews::Began(Arc::new(pod(false))));
    logs.size = (80, 3);
    arrive(&mut logs, texts);
    logs
}

fn arrive(logs: &mut Logs, texts: &[&str]) -> Vec<Effect> {
    let stream = Arc::new(Stream::default());
    let mut lines = Lines::default();
    for text in texts {
        lines.add(&stream, 60_000_000_000, |out, _| out.push_str(text), LogLevel::read);
    }
    news(logs, LogNews::Chunk(Arc::new(lines.seal(logs.ring.end())))).1
}

/// Performs searches as `app` would.
fn perform(logs: &mut Logs, effects: Vec<Effect>) {
    let mut effects = effects;
    while let Some(Effect::Scan(order)) = effects.pop() {
        effects = scanned(logs, &scan(&order)).1;
    }
}

fn press(logs: &mut Logs, action: Action) -> Vec<Effect> {
    act(logs, action, Timestamp(60_000))
}

fn here(logs: &Logs) -> Option<&str> {
    logs.here.and_then(|line| logs.line(line)).map(|view| view.text)
}

#[test]
fn next_error_and_next_hit_go_through_their_lines() {
    let mut logs = logs(&["ERROR 1", "x", "ERROR 2", "x", "x", "x", "x"]);
    press(&mut logs, Action::PrevError);
    assert_eq!(here(&logs), Some("ERROR 2"));
    press(&mut logs, Action::PrevError);
    assert_eq!(here(&logs), Some("ERROR 1"));
    press(&mut logs, Action::PrevError);
    assert_eq!(here(&logs), Some("ERROR 1"));
    let effects = typed(&mut logs, Action::Find, "error 2");
    perform(&mut logs, effects);
    press(&mut logs, Action::NextHit);
    assert_eq!(here(&logs), Some("ERROR 2"));
    assert_ne!(logs.place, Place::Newest);
}

#[test]
fn a_hidden_error_is_passed_over() {
    let mut logs = logs(&["ERROR keep", "ERROR hide", "x"]);
    let effects = typed(&mut logs, Action::Exclude, "hide");
    perform(&mut logs, effects);
    press(&mut logs, Action::PrevError);
    assert_eq!(here(&logs), Some("ERROR keep"));
}

#[test]
fn lines_that_arrive_are_searched_too() {
    let mut logs = logs(&["one"]);
    let effects = typed(&mut logs, Action::Find, "two");
    perform(&mut logs, effects);
    let effects = arrive(&mut logs, &["two"]);
    perform(&mut logs, effects);
    assert_eq!(logs.found.hits().count(), 1);
}

#[test]
fn the_key_of_following_stops_and_starts() {
    let mut logs = logs(&["1", "2", "3", "4"]);
    press(&mut logs, Action::Follow);
    arrive(&mut logs, &["5"]);
    assert_eq!(logs.newer(), 1);
    press(&mut logs, Action::Follow);
    assert_eq!((logs.place, logs.newer()), (Place::Newest, 0));
}

#[test]
fn going_back_takes_the_search_then_the_filters_then_the_range() {
    let mut logs = logs(&["1"]);
    for (what, text) in [(Action::Find, "a"), (Action::Include, "b")] {
        let effects = typed(&mut logs, what, text);
        perform(&mut logs, effects);
    }
    press(&mut logs, Action::Range1m);
    let effects = back(&mut logs).unwrap();
    perform(&mut logs, effects);
    assert!(logs.find.is_none() && logs.include.is_some());
    assert!(back(&mut logs).is_some() && logs.include.is_none());
    assert!(back(&mut logs).is_some() && logs.range.is_none());
    assert!(back(&mut logs).is_none());
}

#[test]
fn a_range_older_than_the_buffer_is_asked_for() {
    let mut logs = logs(&["1"]);
    assert!(press(&mut logs, Action::Range1m).iter().any(|e| matches!(e, Effect::FollowSince(Timestamp(0)))));
    let mut logs = logs_with_old_lines();
    assert!(press(&mut logs, Action::Range1m).is_empty());
}

fn logs_with_old_lines() -> Logs {
    let mut logs = logs(&[]);
    let mut lines = Lines::default();
    lines.add(&Arc::default(), 0, |out, _| out.push_str("old"), LogLevel::read);
    news(&mut logs, LogNews::Chunk(Arc::new(lines.seal(LineId(0)))));
    logs
}

#[test]
fn what_is_copied_and_saved_is_the_line_as_it_came() {
    let mut logs = logs(&[r#"{"msg":"x"}"#, "y"]);
    assert!(matches!(&*press(&mut logs, Action::Copy), [Effect::Copy(text)] if text == "y"));
    let effects = press(&mut logs, Action::Save);
    let [Effect::Save { name, text }] = &*effects else { panic!("{effects:?}") };
    assert_eq!(name, "web-1-1970-01-01T00-01-00.000Z.log");
    let all: String = text.chunks.iter().map(|chunk| text.text(chunk)).collect();
    assert_eq!(all, "1970-01-01T00:01:00.000Z {\"msg\":\"x\"}\n1970-01-01T00:01:00.000Z y\n");
}

#[test]
fn the_same_mark_again_takes_it_away() {
    let mut logs = logs(&["1"]);
    press(&mut logs, Action::MarkLine);
    assert_eq!(logs.marks.len(), 1);
    press(&mut logs, Action::MarkLine);
    assert!(logs.marks.is_empty());
}

#[test]
fn the_containers_before_are_one_key_away_and_back() {
    let mut logs = logs(&["1"]);
    let effects = press(&mut logs, Action::Previous);
    assert!(matches!(&*effects, [Effect::Follow(Some(follow))] if *follow == pod(true)));
    assert!(logs.ring.is_empty());
}
