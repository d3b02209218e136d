//! What an action hits: the thing that is meant, wherever the key is pressed.
use firedeck::domain::action::Verb;
use firedeck::domain::feed::FeedState;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::Kind;
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};

use super::{WORKER, WORST, said, selected, worker};
use crate::common::estate::{
    cockpit, connected, deployment, feed, id, inspection, news, node, pod, press, say, type_text,
};

/// The names of what the open question is about.
fn asked(model: &firedeck::model::Model) -> Vec<String> {
    let question = model.questions.open.as_ref();
    question.map_or_else(Vec::new, |question| {
        question.plan().actions().iter().map(|native| native.target.name.to_string()).collect()
    })
}

#[test]
fn an_action_in_an_opened_thing_is_of_that_thing_whatever_is_marked_in_the_table() {
    let mut model = cockpit(80, 24);
    press(&mut model, "Space Space Enter");
    let opened = model.detail.as_ref().expect("open").target.clone();
    assert_eq!(&*opened.name, WORKER);
    press(&mut model, "D");
    assert_eq!(asked(&model), [WORKER]);
    press(&mut model, "Esc Esc D");
    assert_eq!(asked(&model).len(), 2, "in the table the marks are meant");
}

#[test]
fn a_workload_that_was_reached_through_the_tree_can_be_acted_on() {
    let mut model = cockpit(80, 24);
    press(&mut model, "Enter");
    news(&mut model, vec![News::Inspected(Box::new(inspection(&id(Kind::Pod, "billing", WORST))))]);
    let effects = press(&mut model, "t k k k Enter");
    let watched = effects.iter().any(|effect| matches!(effect, Effect::Watch(k) if k == &[Kind::Deployment]));
    assert!(watched, "what is looked at is watched: {effects:?}");
    press(&mut model, "R");
    assert!(!said(&model).contains("is gone"), "not read yet is not gone: {}", said(&model));
    let seen = vec![
        Seen::Begin,
        Seen::Is(deployment("billing", "rest-api", "registry.example.com/rest-api:2", 1, 3)),
        Seen::End,
    ];
    let feed = feed(Kind::Deployment);
    news(&mut model, vec![News::Objects(feed.clone(), seen), News::Feed(feed, FeedState::Live)]);
    press(&mut model, "R");
    assert_eq!(asked(&model), ["rest-api"], "{}", said(&model));
    press(&mut model, "Esc +");
    type_text(&mut model, "5");
    press(&mut model, "Enter");
    let question = model.questions.open.as_ref().expect("asked");
    assert_eq!(question.plan().actions()[0].verb, Verb::Scale { from: 3, to: 5 });
    press(&mut model, "Esc");
    let effects = press(&mut model, "Esc");
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Watch(k) if k.is_empty())), "{effects:?}");
}

#[test]
fn a_thing_that_only_begins_like_what_was_asked_for_waits_until_all_are_there() {
    let mut model = connected(80, 24);
    say(&mut model, Msg::Open { kind: Kind::Pod, namespace: None, name: "web-1".into() });
    let likely = vec![Seen::Begin, Seen::Is(pod("billing", "web-10", "node-1"))];
    assert!(news(&mut model, vec![News::Pods(feed(Kind::Pod), likely)]).is_empty(), "it may yet come");
    let exact = vec![Seen::Is(pod("shop", "web-1", "node-1")), Seen::End];
    news(&mut model, vec![News::Pods(feed(Kind::Pod), exact)]);
    assert_eq!(selected(&model), "web-1");
}

#[test]
fn pods_of_a_node_that_went_while_nobody_could_see_it_are_not_known() {
    let mut model = cockpit(80, 24);
    let level = |model: &firedeck::model::Model| {
        let found = model.pods.first(99).find(|(pod, _)| pod.id == id(Kind::Pod, "shop", super::DASHBOARD));
        found.map(|(_, rank)| rank.level)
    };
    assert_eq!(level(&model), Some(firedeck::domain::level::Level::Fine));
    // The watch was down; the new picture does not name node-1 any more.
    let nodes = ["node-2", "node-3", "node-4"];
    let all = std::iter::once(Seen::Begin)
        .chain(nodes.iter().map(|name| Seen::Is(node(name, Some(true)))))
        .chain([Seen::End]);
    news(&mut model, vec![News::Objects(feed(Kind::Node), all.collect())]);
    assert_eq!(level(&model), Some(firedeck::domain::level::Level::Unknown));
    assert_eq!(model.node_ready(&"prod-eu".into(), Some(&"node-2".into())), Some(true));
    assert!(model.pods.get(&worker()).is_some());
}

#[test]
fn a_context_that_comes_into_view_brings_its_theme() {
    use firedeck::domain::settings::{Look, Theme};
    let mut model = Model::default();
    let theme = |name: &str| Theme::new(name, |_| Look::default());
    model.settings.theme = theme("night");
    model.settings.context_themes = vec![("prod-eu".into(), theme("contrast"))];
    let cluster = |context: &str| {
        News::Cluster(firedeck::domain::news::ClusterFacts { context: context.into(), ..Default::default() })
    };
    news(&mut model, vec![cluster("lab")]);
    assert_eq!(model.settings.theme.name, "night");
    news(&mut model, vec![cluster("prod-eu")]);
    assert_eq!(model.settings.theme.name, "contrast");
    let again = firedeck::model::Settings { theme: theme("day"), ..model.settings.clone() };
    say(&mut model, Msg::Settings(Box::new(again)));
    assert_eq!(model.settings.theme.name, "contrast", "new settings change nothing of that");
}
