//! How wide columns are: nothing is cut while there is room elsewhere, and no column moves with each value.
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::domain::time::Timestamp;
use firedeck::model::Model;
use firedeck::model::board::PaneKind;
use firedeck::model::msg::Msg;

use super::picture;
use crate::common::estate::{NOW, cockpit, deployment, feed, news, press, say};

/// The deployments of a cluster; one of them gets a new image.
fn deployments(columns: u16) -> Model {
    let mut model = cockpit(columns, 24);
    let all = [("shop", "worker", "r.io/worker:7.3.0"), ("billing", "quite-a-long-name", "r.io/rest:1")];
    let all = all.map(|(namespace, name, image)| Seen::Is(deployment(namespace, name, image, 3, 3)));
    let batch = [Seen::Begin].into_iter().chain(all).chain([Seen::End]).collect();
    news(&mut model, vec![News::Objects(feed(Kind::Deployment), batch)]);
    press(&mut model, ": d e p l o y Enter");
    model.board.focus = PaneKind::Things;
    model
}

fn release(model: &mut Model, image: &str) {
    let new = deployment("shop", "worker", image, 3, 3);
    news(model, vec![News::Objects(feed(Kind::Deployment), vec![Seen::Is(new)])]);
}

/// The line with the titles.
fn titles(model: &Model) -> String {
    let text = picture(model);
    text.lines().find(|line| line.contains("READY")).expect("titles").to_owned()
}

const LONG: &str = "r.io/worker:7.3.0-hotfix-night-2";

#[test]
fn a_column_grows_when_it_must_and_does_not_shrink_with_each_value() {
    let mut model = deployments(100);
    let before = titles(&model);
    release(&mut model, LONG);
    let wide = titles(&model);
    assert_ne!(before, wide);
    assert!(picture(&model).contains("worker:7.3.0-hotfix-night-2"), "{}", picture(&model));
    release(&mut model, "r.io/worker:7.4.0");
    assert_eq!(titles(&model), wide, "nothing moves back");
    // Another table, and some time, begin anew.
    let later = Timestamp(NOW.0 + 11 * 60_000);
    say(&mut model, Msg::Tick(later));
    assert_eq!(titles(&model), before);
}

#[test]
fn nothing_is_cut_while_there_is_room_elsewhere() {
    let mut model = deployments(120);
    release(&mut model, LONG);
    let text = picture(&model);
    let rows: Vec<&str> =
        text.lines().filter(|line| line.contains("  worker") || line.contains("billing")).collect();
    assert!(rows.len() == 2 && rows.iter().all(|row| !row.contains('…')), "{text}");
}
