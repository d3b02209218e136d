//! Feeds that are said to be live and have fallen silent.
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::News;
use firedeck::domain::object::Kind;
use firedeck::domain::time::Timestamp;
use firedeck::model::msg::Msg;
use firedeck::model::{Dirty, Model};

use super::picture;
use crate::common::estate::{NOW, ago, cockpit, feed, news, say};

/// So many seconds later, and nothing was heard.
fn silent_for(seconds: i64) -> Model {
    let mut model = cockpit(80, 24);
    say(&mut model, Msg::Tick(ago(-seconds)));
    model
}

fn title(model: &Model) -> String {
    picture(model).lines().nth(3).unwrap_or_default().trim_end().to_owned()
}

fn lamps(model: &Model) -> String {
    picture(model).lines().nth(1).unwrap_or_default().to_owned()
}

#[test]
fn pods_that_fell_silent_keep_their_rows_and_are_not_known_any_more() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.bind(|| insta::assert_snapshot!("pods_stale", picture(&silent_for(57))));
}

#[test]
fn the_wall_does_not_call_old_numbers_of_now() {
    let mut model = silent_for(57);
    (model.wall, model.size) = (true, (80, 24));
    let shown = picture(&model);
    assert!(shown.contains("as of ") && shown.contains("pods stale 50s"), "{shown}");
}

#[test]
fn a_quiet_feed_is_live_until_it_missed_its_sign_of_life() {
    assert!(title(&silent_for(45)).ends_with("live"));
    assert!(lamps(&silent_for(45)).starts_with(" ✗ pods"));
    assert!(title(&silent_for(46)).ends_with("stale 40s"));
    assert!(lamps(&silent_for(46)).starts_with(" ? pods"));
    assert!(title(&silent_for(200)).ends_with("stale 3m"));
}

#[test]
fn the_age_of_silence_moves_in_steps_of_ten_seconds() {
    assert_eq!(title(&silent_for(51)), title(&silent_for(59)));
    assert_ne!(title(&silent_for(51)), title(&silent_for(61)));
}

#[test]
fn falling_silent_and_being_heard_again_are_drawn_without_waiting_for_a_step() {
    let mut model = silent_for(45);
    model.dirty = Dirty::No;
    say(&mut model, Msg::Tick(ago(-46)));
    assert_eq!(model.dirty, Dirty::Soon);
    model.dirty = Dirty::No;
    news(&mut model, vec![News::Feed(feed(Kind::Pod), FeedState::Live)]);
    assert_eq!(model.dirty, Dirty::Soon);
    assert!(title(&model).ends_with("live"));
}

#[test]
fn a_sign_of_life_that_changes_nothing_draws_nothing() {
    let mut model = silent_for(30);
    model.dirty = Dirty::No;
    news(&mut model, vec![News::Feed(feed(Kind::Pod), FeedState::Live)]);
    assert_eq!(model.dirty, Dirty::No);
}

#[test]
fn old_metrics_say_so_beside_pods_that_are_live() {
    let mut model = cockpit(120, 40);
    news(&mut model, vec![News::Feed(Feed::Metrics("prod-eu".into()), FeedState::Live)]);
    let later: Timestamp = ago(-41);
    say(&mut model, Msg::Tick(later));
    news(&mut model, vec![News::Feed(feed(Kind::Pod), FeedState::Live)]);
    let title = title(&model);
    assert!(title.contains("metrics stale 40s") && title.ends_with("live"), "{title}");
    assert!(later > NOW);
}
