//! A shell in a container: asked for once, entered again without a question, ended by name.
use firedeck::domain::action::{Native, Outcome, Verb};
use firedeck::domain::news::{ActionId, News};
use firedeck::domain::object::{Kind, ObjectRef};
use firedeck::domain::settings::{Action, Key};
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::Overlay;
use firedeck::model::{Deed, Model};
use firedeck::update::{act, keys, table};

use crate::common::estate::{NOW, cockpit, id, news, say};

const NAME: &str = "dashboard-6c9d8b7f5-x8f6h";

fn pod() -> ObjectRef {
    id(Kind::Pod, "shop", NAME)
}

/// A cockpit with a shell that goes on, in the pod that is selected.
fn with_a_shell(uid: &str) -> Model {
    let mut model = cockpit(80, 24);
    table::select(&mut model, pod());
    let verb = Verb::Shell { container: "app".into(), command: Vec::new() };
    let native = Native { target: pod(), uid: uid.into(), verb };
    model.deeds.push(Deed { id: ActionId(7), native, began: NOW, changed: NOW, outcome: Outcome::Started });
    news(&mut model, vec![News::Acted(ActionId(7), pod(), Outcome::Progress { says: "open".into() })]);
    model
}

fn press(model: &mut Model, key: &str) -> Vec<Effect> {
    let key = Key::parse(key).expect("a key");
    say(model, Msg::Keys { keys: vec![key], at: NOW })
}

#[test]
fn a_shell_that_goes_on_is_entered_again_without_a_question() {
    let mut model = with_a_shell("uid-dashboard-6c9d8b7f5-x8f6h");
    let effects = press(&mut model, "s");
    assert!(matches!(effects[..], [Effect::Enter(ActionId(7))]), "{effects:?}");
    assert!(model.overlays.is_empty());
}

#[test]
fn from_the_description_the_same_key_does_the_same() {
    let mut model = with_a_shell("uid-dashboard-6c9d8b7f5-x8f6h");
    press(&mut model, "d");
    let effects = press(&mut model, "s");
    assert!(matches!(effects[..], [Effect::Enter(ActionId(7))]), "{effects:?}");
}

#[test]
fn a_shell_that_ended_or_was_in_another_pod_of_that_name_is_asked_for_anew() {
    let mut ended = with_a_shell("uid-dashboard-6c9d8b7f5-x8f6h");
    let outcome = Outcome::Settled { says: "exit code 0".into() };
    news(&mut ended, vec![News::Acted(ActionId(7), pod(), outcome)]);
    for mut model in [ended, with_a_shell("another")] {
        press(&mut model, "s");
        assert_eq!(model.overlays, [Overlay::Question]);
    }
}

#[test]
fn read_only_neither_opens_nor_enters_a_shell() {
    for wall in [true, false] {
        let mut model = with_a_shell("uid-dashboard-6c9d8b7f5-x8f6h");
        (model.wall, model.settings.profile.read_only) = (wall, !wall);
        let effects = press(&mut model, "s");
        assert!(effects.is_empty() && model.overlays.is_empty(), "{effects:?}");
        // The wall has no keys for this at all, so it says nothing either.
        assert_eq!(model.flash.is_some_and(|flash| flash.text.contains("read-only")), !wall);
    }
}

#[test]
fn a_shell_is_ended_by_name_and_only_where_one_runs() {
    let mut model = with_a_shell("uid-dashboard-6c9d8b7f5-x8f6h");
    let effects = keys::perform(&mut model, Action::EndShell, Key::char(':'));
    assert!(matches!(effects[..], [Effect::EndShell(ActionId(7))]), "{effects:?}");
    let other = id(Kind::Pod, "shop", "mcp-server-58d4c6b9f7-cqxmb");
    assert!(act::ask(&mut model, Action::EndShell, &other).is_empty());
}

#[test]
fn leaving_with_a_shell_open_says_so_first() {
    let mut model = with_a_shell("uid-dashboard-6c9d8b7f5-x8f6h");
    assert!(press(&mut model, "q").is_empty());
    assert!(model.flash.as_ref().is_some_and(|flash| flash.text.contains("leaving ends them")));
    assert!(matches!(press(&mut model, "q")[..], [Effect::Quit]));
}
