//! From a key to a question: what is asked about, and what is refused before it.
use firedeck::domain::action::{Native, Verb};
use firedeck::domain::approval::{Plan, headline};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind};
use firedeck::domain::settings::Action;
use firedeck::model::Model;
use firedeck::model::msg::Effect;
use firedeck::model::overlay::{Ask, Overlay};

use super::{WORKER, deployments, said};
use crate::common::estate::{cockpit, feed, id, news, node, pod, press, type_text};

/// What the open question is about.
fn asked(model: &Model) -> Vec<Native> {
    model.questions.open.as_ref().map_or_else(Vec::new, |question| question.plan().actions().to_vec())
}

fn looks(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Look(..)])
}

/// Clears the line and types another value into it.
fn value(model: &mut Model, text: &str) -> Vec<Effect> {
    press(model, "Ctrl-U");
    type_text(model, text);
    press(model, "Enter")
}

#[test]
fn a_restart_of_a_pod_asks_about_its_deployment() {
    let mut model = cockpit(80, 24);
    assert!(looks(&press(&mut model, "j j R")));
    let asked = asked(&model);
    assert_eq!(asked[0].target, id(Kind::Deployment, "shop", "worker"));
    assert_eq!(asked[0].verb, Verb::Restart);
}

#[test]
fn deleting_marked_pods_names_every_one_of_them() {
    let mut model = cockpit(80, 24);
    let effects = press(&mut model, "Space Space Space D");
    let [Effect::Look(_, Plan::Native(natives))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(natives.len(), 3);
    assert_eq!(*natives, asked(&model));
    assert!(headline(&Plan::Native(natives.clone())).contains('3'));
    let text = crate::screens::picture(&model);
    for name in ["billing/rest-api-547bbd6c9f-fnwp2", "shop/indexer-7c9f6d5b8-x2x2x", WORKER] {
        assert!(text.contains(name), "{name} is not named:\n{text}");
    }
}

#[test]
fn marks_of_things_that_are_gone_go_with_them() {
    let mut model = cockpit(80, 24);
    press(&mut model, "Space Space");
    let gone = id(Kind::Pod, "billing", super::WORST);
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Gone(gone)])]);
    press(&mut model, "D");
    let asked = asked(&model);
    assert_eq!(asked.len(), 1);
    assert_eq!(&*asked[0].target.name, super::INDEXER);
}

#[test]
fn scaling_takes_a_number_and_refuses_what_is_none() {
    let mut model = deployments();
    press(&mut model, "+");
    assert!(matches!(model.overlays.last(), Some(Overlay::Line { ask: Ask::Value { title, .. }, input })
            if title.ends_with("now 3:") && input.text().is_empty()));
    for bad in ["", "many", "-1", "2.5", "3", "10001", "99999999999"] {
        assert!(value(&mut model, bad).is_empty(), "{bad}");
        assert!(model.questions.open.is_none() && said(&model).len() > 10, "{bad}: {}", said(&model));
        press(&mut model, "+");
    }
    assert!(looks(&value(&mut model, "5")));
    assert_eq!(asked(&model)[0].verb, Verb::Scale { from: 3, to: 5 });
}

#[test]
fn another_image_is_asked_for_by_container_and_name() {
    let mut model = deployments();
    press(&mut model, "I");
    assert!(value(&mut model, "app=registry.example.com/worker:7.3.0").is_empty());
    assert!(said(&model).contains("already"));
    press(&mut model, "I");
    assert!(value(&mut model, "app=two words").is_empty());
    press(&mut model, "I");
    assert!(looks(&value(&mut model, "app=registry.example.com/worker:7.2.9")));
    let asked = asked(&model);
    let Verb::SetImage { container, from, to } = &asked[0].verb else { panic!("{asked:?}") };
    assert_eq!((&**container, &**from), ("app", "registry.example.com/worker:7.3.0"));
    assert_eq!(&**to, "registry.example.com/worker:7.2.9");
}

#[test]
fn leaving_a_value_asks_nothing() {
    let mut model = deployments();
    assert!(press(&mut model, "+ Esc").is_empty());
    assert!(model.overlays.is_empty() && model.questions.open.is_none());
}

#[test]
fn cordon_turns_round_and_drain_is_of_nodes_alone() {
    let mut model = cockpit(80, 24);
    assert!(press(&mut model, "C").is_empty());
    assert!(said(&model).contains("nodes"), "{}", said(&model));
    press(&mut model, "F4");
    assert!(looks(&press(&mut model, "C")));
    assert_eq!(asked(&model)[0].verb, Verb::Cordon);
    press(&mut model, "Esc");
    let mut closed = node("node-2", None);
    if let Facts::Node(node) = &mut closed.facts {
        node.unschedulable = true;
    }
    news(&mut model, vec![News::Objects(feed(Kind::Node), vec![Seen::Is(closed)])]);
    press(&mut model, "C");
    assert_eq!(asked(&model)[0].verb, Verb::Uncordon);
    press(&mut model, "Esc X");
    assert!(matches!(asked(&model)[0].verb, Verb::Drain { force: false, .. }));
}

#[test]
fn a_shell_asks_which_container_only_when_there_are_several() {
    let mut model = cockpit(80, 24);
    assert!(looks(&press(&mut model, "j j s")));
    assert!(matches!(&asked(&model)[0].verb, Verb::Shell { container, .. } if &**container == "app"));
    press(&mut model, "Esc");
    let mut two = pod("shop", WORKER, "node-3");
    let mut second = two.containers[0].clone();
    second.name = "sidecar".into();
    two.containers = [two.containers[0].clone(), second].into();
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(two)])]);
    press(&mut model, "s");
    assert!(looks(&value(&mut model, "sidecar")));
    assert!(matches!(&asked(&model)[0].verb, Verb::Shell { container, .. } if &**container == "sidecar"));
}

#[test]
fn an_action_on_the_wrong_kind_says_which_kind_it_is_for() {
    let mut model = cockpit(80, 24);
    for key in ["+", "I", "X"] {
        assert!(press(&mut model, key).is_empty());
        assert!(said(&model).contains("works on"), "{key}: {}", said(&model));
    }
    let mut model = deployments();
    for key in ["D", "s", "C"] {
        assert!(press(&mut model, key).is_empty());
        assert!(said(&model).contains("works on"), "{key}: {}", said(&model));
    }
}

#[test]
fn read_only_refuses_every_change_and_says_how_to_allow_it() {
    for wall in [false, true] {
        for (place, keys) in [("pods", "R u D s"), ("deployments", "R u"), ("nodes", "C X")] {
            let mut model = match place {
                "pods" => cockpit(80, 24),
                "deployments" => deployments(),
                _ => nodes(),
            };
            (model.wall, model.settings.profile.read_only) = (wall, !wall);
            for key in keys.split(' ') {
                assert!(press(&mut model, key).is_empty(), "{key}");
                assert!(model.questions.open.is_none() && model.overlays.is_empty(), "{key}");
                assert!(wall || said(&model).contains("read-only"), "{key}: {}", said(&model));
            }
        }
    }
    let mut model = deployments();
    model.settings.profile.read_only = true;
    press(&mut model, "+");
    assert!(value(&mut model, "5").is_empty());
    assert!(said(&model).contains("read-only"));
    // Without a key of its own, it is in the palette.
    let mut model = cockpit(80, 24);
    model.settings.profile.read_only = true;
    press(&mut model, ":");
    type_text(&mut model, Action::ForceDelete.name());
    assert!(press(&mut model, "Enter").is_empty());
    assert!(said(&model).contains("read-only"), "{}", said(&model));
}

fn nodes() -> Model {
    let mut model = cockpit(80, 24);
    press(&mut model, "F4");
    model
}

#[test]
fn while_a_question_stands_no_key_reaches_the_board() {
    let mut model = cockpit(80, 24);
    press(&mut model, "j j D");
    let before = super::selected(&model);
    assert!(press(&mut model, "j k G l R z").is_empty());
    assert_eq!((super::selected(&model), asked(&model).len()), (before, 1));
    // Leaving it is told, to be recorded.
    let effects = press(&mut model, "Esc");
    assert!(matches!(&effects[..], [Effect::Declined(_)]), "{effects:?}");
    assert!(model.overlays.is_empty());
}
