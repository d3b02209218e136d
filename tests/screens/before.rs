//! Several pods followed at once: those that were marked, and the containers before those of a workload.
use std::sync::Arc;

use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::log::{Follow, LogNews, Streams};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::model::msg::Effect;

use super::snap;
use crate::common::estate::{cockpit, deployment, feed, news, press};

#[test]
fn of_a_workload_the_containers_before_are_asked_for_and_what_there_is_none_of_is_said() {
    let mut model = cockpit(80, 24);
    press(&mut model, "F2");
    let rows = vec![Seen::Begin, Seen::Is(deployment("shop", "worker", "worker:7.3.0", 1, 3)), Seen::End];
    news(&mut model, vec![News::Objects(feed(Kind::Deployment), rows)]);
    let effects = press(&mut model, "p");
    let [Effect::Follow(Some(Follow::Before(now)))] = &effects[..] else { panic!("{effects:?}") };
    assert!(matches!(&**now, Follow::Selector { owner, .. } if &*owner.name == "worker"), "{now:?}");
    let follow = Arc::new(Follow::Before(now.clone()));
    let none = "none of 3 containers was restarted: there is none before them".to_owned();
    news(
        &mut model,
        vec![
            News::Logs(LogNews::Began(follow)),
            News::Logs(LogNews::Streams(Streams { following: 0, asked: 0, waiting: vec![none] })),
            News::Feed(Feed::Logs, FeedState::Live),
        ],
    );
    snap("logs_before_without_a_restart_80x24", &model);
    // Back to those of now, and there again.
    let effects = press(&mut model, "p");
    assert!(matches!(&effects[..], [Effect::Follow(Some(Follow::Selector { .. }))]), "{effects:?}");
    let effects = press(&mut model, "p");
    assert!(matches!(&effects[..], [Effect::Follow(Some(Follow::Before(_)))]), "{effects:?}");
}

#[test]
fn marked_pods_are_followed_together_and_one_alone_as_itself() {
    let mut model = cockpit(80, 24);
    press(&mut model, "Space Space Space");
    let effects = press(&mut model, "l");
    let [Effect::Follow(Some(Follow::Marked { things, .. }))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(things.len(), 3);
    press(&mut model, "Esc");
    let effects = press(&mut model, "p");
    assert!(
        matches!(&effects[..], [Effect::Follow(Some(Follow::Before(now)))] if matches!(**now, Follow::Marked { .. })),
        "{effects:?}"
    );
    press(&mut model, "Esc Backspace Space");
    let effects = press(&mut model, "l");
    assert!(matches!(&effects[..], [Effect::Follow(Some(Follow::Pod { .. }))]), "{effects:?}");
}
