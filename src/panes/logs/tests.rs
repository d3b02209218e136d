//! What the window shows, and where it goes.
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::domain::log::{Follow, Lines, LogLevel, LogNews, Stream, Streams};
use crate::domain::text::append_line;
use crate::model::logs::{Pattern, Place, scan};

fn logs(texts: &[&str], size: (u16, u16)) -> Logs {
    let follow = Follow::Namespace { context: "c".into(), namespace: "shop".into() };
    let mut logs = Logs::with_capacity(10_000_000);
    logs.follow(Some(follow.clone()));
    logs.news(LogNews::Began(Arc::new(follow)));
    logs.size = size;
    arrive(&mut logs, texts);
    logs
}

fn arrive(logs: &mut Logs, texts: &[&str]) {
    let stream =
        Arc::new(Stream { namespace: "shop".into(), pod: "web-5dc8-vf6h8".into(), container: "web".into() });
    let mut lines = Lines::default();
    for text in texts {
        lines.add(&stream, 1, |out, ink| append_line(text.as_bytes(), out, ink), LogLevel::read);
    }
    logs.news(LogNews::Chunk(Arc::new(lines.seal(logs.ring.end()))));
}

fn seen_in(logs: &Logs, ascii: bool) -> Vec<String> {
    let zone = Zone::default();
    let frame = Frame { width: logs.size.0.into(), height: logs.size.1.into(), zone: &zone, ascii };
    let text =
        |row: Row| row.spans.into_iter().map(|span| span.text).collect::<String>().trim_end().to_owned();
    window(logs, &frame).into_iter().map(text).collect()
}

fn seen(logs: &Logs) -> Vec<String> {
    seen_in(logs, false)
}

#[test]
fn a_row_names_time_pod_and_level_before_the_message() {
    let logs = logs(&[r#"{"level":"error","msg":"timed out","took":"3s"}"#], (100, 5));
    assert_eq!(seen(&logs), ["  00:00:00 web-5dc8-vf6h8       E timed out took=3s"]);
}

#[test]
fn a_narrow_window_keeps_the_message() {
    let logs = logs(&["WARN full"], (20, 3));
    assert_eq!(seen(&logs), ["WARN full"]);
}

#[test]
fn the_newest_line_is_at_the_bottom_until_the_window_is_stopped() {
    let mut logs = logs(&["1", "2", "3", "4"], (20, 2));
    assert_eq!(seen(&logs), ["3", "4"]);
    logs.go(moved(&logs, -1));
    assert_eq!(seen(&logs), ["2", "3"]);
    arrive(&mut logs, &["5", "6"]);
    assert_eq!(seen(&logs), ["2", "3"]);
    logs.go(moved(&logs, -50));
    assert_eq!(seen(&logs), ["1", "2"]);
    logs.go(moved(&logs, 50));
    assert_eq!(logs.place, Place::Newest);
    assert_eq!(seen(&logs), ["5", "6"]);
}

#[test]
fn a_wrapped_line_is_scrolled_row_by_row() {
    let mut logs = logs(&["first", "aaaaabbbbbcccccddddd"], (5, 2));
    logs.wrap = true;
    assert_eq!(seen(&logs), ["ccccc", "ddddd"]);
    logs.go(moved(&logs, -2));
    assert_eq!(seen(&logs), ["aaaaa", "bbbbb"]);
    logs.go(moved(&logs, -1));
    assert_eq!(seen(&logs), ["first", "aaaaa"]);
}

#[test]
fn the_beginning_fills_the_window() {
    let mut logs = logs(&["1", "2", "3", "4"], (20, 3));
    logs.go(Place::At { line: LineId(0), row: 0 });
    assert_eq!(seen(&logs), ["1", "2", "3"]);
    logs.go(top(&logs));
    assert_eq!(seen(&logs), ["1", "2", "3"]);
    logs.go(around(&logs, LineId(2)));
    assert_eq!(seen(&logs), ["2", "3", "4"]);
}

#[test]
fn sideways_scrolling_moves_the_message_alone() {
    let mut logs = logs(&["0123456789"], (36, 1));
    logs.left = 4;
    assert_eq!(seen(&logs), ["    456789"]);
}

#[test]
fn gaps_and_marks_run_across() {
    let mut logs = logs(&["1"], (20, 5));
    let mut lines = Lines::default();
    lines.say(&Arc::default(), 0, LineKind::Gap, "lines may be missing here");
    logs.news(LogNews::Chunk(Arc::new(lines.seal(logs.ring.end()))));
    logs.marks.insert(LineId(0));
    assert_eq!(seen(&logs), ["1", "── mark 00:00:00", "── lines may be miss"]);
    assert_eq!(seen_in(&logs, true)[1], "-- mark 00:00:00");
}

#[test]
fn hits_stand_out_within_their_line() {
    let mut logs = logs(&["one two one"], (20, 1));
    logs.find = Pattern::new("one");
    let zone = Zone::default();
    let rows = window(&logs, &Frame { width: 20, height: 1, zone: &zone, ascii: false });
    let spans: Vec<_> = rows[0].spans.iter().map(|span| (span.text.as_str(), span.role)).collect();
    assert_eq!(spans, [("one", Role::Hit), (" two ", Role::Text), ("one", Role::Hit)]);
}

#[test]
fn the_title_says_what_is_missing() {
    let mut logs = logs(&["1"], (20, 1));
    logs.news(LogNews::Streams(Streams { following: 64, asked: 120, waiting: Vec::new() }));
    logs.find = Pattern::new("1[");
    let order = logs.look_anew().unwrap();
    logs.scanned(&scan(&order));
    logs.go(moved(&logs, -1));
    arrive(&mut logs, &["2", "3"]);
    let facts: Vec<_> = facts(&logs).into_iter().map(|span| span.text).collect();
    let expected =
        ["namespace shop", "64 of 120 streams", "paused, 2 new", "find 1[ (as plain text)", "0 hits", "0/s"];
    assert_eq!(facts, expected);
}

#[test]
fn an_empty_pane_says_why() {
    assert_eq!(empty(&Logs::default())[0], "nothing is followed");
    let mut logs = logs(&["1"], (20, 1));
    logs.include = Pattern::new("2");
    assert_eq!(empty(&logs), ["no line matches", "1 lines are kept"]);
}

proptest! {
    #[test]
    fn any_text_in_any_window_fills_it_as_far_as_there_are_rows(
        texts in prop::collection::vec("\\PC{0,40}", 1..12),
        size in (0_u16..80, 0_u16..12),
        wrap: bool,
        line in 0_u64..12,
        row in 0_usize..5,
        moves in prop::collection::vec(-8_isize..8, 0..6),
    ) {
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let mut logs = logs(&texts, size);
        logs.wrap = wrap;
        logs.go(Place::At { line: LineId(line), row });
        for rows in moves {
            logs.go(moved(&logs, rows));
        }
        let width = usize::from(size.0);
        let all: usize = logs.chunks().flat_map(|c| c.views()).map(|view| height(&logs, &view, width)).sum();
        let shown = seen(&logs);
        prop_assert!(shown.len() <= usize::from(size.1));
        if logs.place == Place::Newest || top_line(&logs).is_some() {
            prop_assert_eq!(shown.len(), all.min(usize::from(size.1)));
        }
    }
}
