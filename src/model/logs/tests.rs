//! The buffer, its window and its searches.
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::log::{Lines, LogLevel, Stream};
use crate::domain::object::{Kind, ObjectRef};

fn pod() -> Follow {
    let pod =
        ObjectRef { context: "c".into(), kind: Kind::Pod, namespace: "shop".into(), name: "web-1".into() };
    Follow::Pod { pod, container: None, previous: false }
}

fn chunk(first: u64, texts: &[String]) -> LogNews {
    let stream = Arc::new(Stream::default());
    let mut lines = Lines::default();
    for (n, text) in texts.iter().enumerate() {
        let nanos = i64::try_from(first).unwrap() * 1_000_000_000 + i64::try_from(n).unwrap();
        lines.add(&stream, nanos, |out, _| out.push_str(text), LogLevel::read);
    }
    LogNews::Chunk(Arc::new(lines.seal(LineId(first))))
}

fn following() -> Logs {
    let mut logs = Logs::with_capacity(100_000);
    logs.follow(Some(pod()));
    logs.news(LogNews::Began(Arc::new(pod())));
    logs
}

fn arrive(logs: &mut Logs, texts: &[&str]) {
    let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
    logs.news(chunk(logs.ring.end().0, &texts));
}

/// Searches as `app` would, until nothing is left to look through.
fn look(logs: &mut Logs, order: Option<ScanOrder>) {
    let mut order = order;
    while let Some(now) = order {
        logs.scanned(&scan(&now));
        order = logs.look_on();
    }
}

fn shown(logs: &Logs) -> Vec<&str> {
    let mut out = Vec::new();
    let mut at = logs.shown_from(LineId(0));
    while let Some(line) = at {
        out.push(logs.line(line).unwrap().text);
        at = logs.shown_from(line.plus(1));
    }
    out
}

#[test]
fn chunks_of_an_earlier_order_are_not_taken_for_the_new_one() {
    let mut logs = Logs::default();
    logs.follow(Some(pod()));
    arrive(&mut logs, &["old"]);
    assert!(logs.ring.is_empty());
    logs.news(LogNews::Began(Arc::new(pod())));
    arrive(&mut logs, &["new"]);
    assert_eq!(shown(&logs), ["new"]);
}

#[test]
fn the_buffer_stays_within_its_bytes_and_counts_what_went() {
    let mut logs = following();
    for n in 0..50 {
        logs.news(chunk(n * 100, &vec!["x".repeat(100); 100]));
    }
    assert!(logs.ring.resident() <= 100_000, "{}", logs.ring.resident());
    assert_eq!(logs.ring.gone() + logs.ring.end().since(logs.ring.first()), 5_000);
}

#[test]
fn filters_show_and_hide_and_what_arrives_is_filtered_too() {
    let mut logs = following();
    arrive(&mut logs, &["alpha", "beta", "alphabet", "gamma"]);
    logs.include = Pattern::new("alpha");
    logs.exclude = Pattern::new("bet");
    let order = logs.look_anew();
    assert_eq!(shown(&logs).len(), 4, "what was shown stays until the search is through");
    look(&mut logs, order);
    assert_eq!(shown(&logs), ["alpha"]);
    arrive(&mut logs, &["beta", "alpha again"]);
    let order = logs.look_on();
    look(&mut logs, order);
    assert_eq!(shown(&logs), ["alpha", "alpha again"]);
    logs.context = 1;
    assert_eq!(shown(&logs), ["alpha", "beta", "beta", "alpha again"]);
    (logs.include, logs.exclude) = (None, None);
    assert!(logs.look_anew().is_none());
    assert_eq!(shown(&logs).len(), 6);
}

#[test]
fn a_late_answer_to_an_old_search_changes_nothing() {
    let mut logs = following();
    arrive(&mut logs, &["one", "two"]);
    logs.include = Pattern::new("one");
    let old = logs.look_anew().unwrap();
    logs.include = Pattern::new("two");
    let order = logs.look_anew();
    assert!(!logs.scanned(&scan(&old)));
    look(&mut logs, order);
    assert_eq!(shown(&logs), ["two"]);
}

#[test]
fn what_is_missing_is_never_hidden_by_a_filter() {
    let mut logs = following();
    let stream = Arc::new(Stream::default());
    let mut lines = Lines::default();
    lines.drop_here(&stream, 0, 7, "7 lines left out");
    lines.say(&stream, 0, crate::domain::log::LineKind::Gap, "lines may be missing");
    logs.news(LogNews::Chunk(Arc::new(lines.seal(LineId(0)))));
    logs.include = Pattern::new("nothing");
    let order = logs.look_anew();
    look(&mut logs, order);
    assert_eq!(shown(&logs).len(), 2);
    assert_eq!((logs.ring.dropped(), logs.ring.gaps()), (7, 1));
}

#[test]
fn a_range_moves_with_the_clock() {
    let mut logs = following();
    logs.news(chunk(0, &["at 0".into()]));
    logs.news(chunk(1, &["at 1".into()]));
    logs.range = Some(Duration::from_secs(10));
    logs.tick(Timestamp(10_500));
    assert_eq!(shown(&logs), ["at 1"]);
    logs.tick(Timestamp(60_000));
    assert!(shown(&logs).is_empty());
}

proptest! {
    #[test]
    fn a_stopped_window_stays_where_it_is_and_counts_what_came(
        before in 1_usize..50,
        at in 0_u64..50,
        arrivals in prop::collection::vec(1_usize..20, 0..10),
    ) {
        let mut logs = following();
        arrive(&mut logs, &vec!["x"; before]);
        let line = LineId(at % before as u64);
        logs.go(Place::At { line, row: 0 });
        for count in &arrivals {
            arrive(&mut logs, &vec!["y"; *count]);
        }
        prop_assert_eq!(logs.place, Place::At { line, row: 0 });
        prop_assert_eq!(logs.newer(), arrivals.iter().sum::<usize>() as u64);
        prop_assert_eq!(logs.line(line).map(|l| l.text), Some("x"));
    }
}
