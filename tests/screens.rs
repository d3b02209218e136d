//! Every look of every pane and overlay, as pictures in text.
mod alerts;
mod answers;
mod before;
mod compose;
mod containers;
mod database;
mod incidents;
mod kinds;
mod lamps;
mod looks;
mod overview;
mod question;
mod redis;
mod rows;
mod runbooks;
mod sorting;
mod stale;
mod styles;
mod vitals;
mod wall;
mod widths;

use firedeck::domain::feed::FeedState;
use firedeck::domain::news::News;
use firedeck::domain::object::Kind;
use firedeck::model::Model;
use firedeck::model::msg::Msg;
use firedeck::view;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use crate::common::estate::{NOW, ago, cockpit, connected, feed, news, press, say, type_text};

/// The screen as text, without what is blank at the end of a line.
pub fn picture(model: &Model) -> String {
    let (columns, rows) = model.size;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows)).expect("a test terminal");
    terminal.draw(|frame| _ = view::draw(frame, model)).expect("a drawing");
    let buffer = terminal.backend().buffer();
    let mut out = String::new();
    for y in 0..rows {
        let mut line = String::new();
        let mut skip = 0;
        for x in 0..columns {
            let symbol = buffer[(x, y)].symbol();
            if skip == 0 {
                line.push_str(symbol);
                skip = unicode_width::UnicodeWidthStr::width(symbol).max(1);
            }
            skip -= 1;
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

/// Every size that a live pane is looked at in.
const SIZES: [(u16, u16); 5] = [(80, 24), (120, 40), (240, 70), (60, 15), (20, 5)];

/// Holds a picture against the accepted one of this name.
fn snap(name: &str, model: &Model) {
    insta::assert_snapshot!(name, picture(model));
}

#[test]
fn pods_live_at_every_size() {
    for (columns, rows) in SIZES {
        insta::assert_snapshot!(format!("pods_live_{columns}x{rows}"), picture(&cockpit(columns, rows)));
    }
}

#[test]
fn pods_never_seen() {
    insta::assert_snapshot!(picture(&connected(80, 24)));
}

#[test]
fn pods_down_keep_their_rows_and_say_why_and_since_when() {
    let mut model = cockpit(80, 24);
    let state = FeedState::Down { why: "connection refused".into(), next_try: Some(ago(-8)) };
    news(&mut model, vec![News::Feed(feed(Kind::Pod), state)]);
    say(&mut model, Msg::Tick(ago(-45)));
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn pods_forbidden() {
    let mut model = connected(80, 24);
    let needs = "list and watch on pods in namespace `shop`".into();
    news(&mut model, vec![News::Feed(feed(Kind::Pod), FeedState::Forbidden { needs })]);
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn pods_filtered_to_nothing() {
    let mut model = cockpit(80, 24);
    press(&mut model, "/");
    type_text(&mut model, "nosuch");
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn nothing_is_configured() {
    let mut model = Model { now: NOW, ..Model::default() };
    say(&mut model, Msg::Resized { columns: 80, rows: 24 });
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn the_wall_is_read_from_five_metres() {
    for (columns, rows) in [(120, 30), (80, 24)] {
        let mut model = cockpit(columns, rows);
        model.wall = true;
        insta::assert_snapshot!(format!("wall_{columns}x{rows}"), picture(&model));
    }
}

#[test]
fn help_lists_the_keys_of_this_place() {
    let mut model = cockpit(80, 24);
    press(&mut model, "?");
    insta::assert_snapshot!(picture(&model));
}

#[test]
fn the_palette_finds_a_kind_by_its_short_name() {
    let mut model = cockpit(80, 24);
    press(&mut model, ":");
    type_text(&mut model, "deploy");
    insta::assert_snapshot!(picture(&model));
}
