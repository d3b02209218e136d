//! Shells in containers of a Docker engine: asked for once, entered again without a question, ended by name.
use firedeck::domain::action::{Outcome, Verb};
use firedeck::domain::container::{Container, ContainerState};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{ActionId, News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::endpoint::Backend;
use firedeck::domain::settings::{Action, Endpoint, Key};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::Overlay;
use firedeck::update::keys;

use super::acting::{looked, performed, pressed, ready};
use super::said;
use crate::common::estate::{NOW, ago, news, press, say};

const API: &str = "api";

fn feed() -> Feed {
    Feed::Endpoint(Backend::Docker, "box".into())
}

fn api() -> ObjectRef {
    ObjectRef { context: "box".into(), kind: Kind::Container, namespace: "".into(), name: API.into() }
}

fn container(uid: &str, state: ContainerState) -> Object {
    let facts = Container { id: uid.into(), state, started: Some(ago(9 * 86_400)), ..Container::default() };
    Object {
        id: api(),
        uid: uid.into(),
        created: ago(9 * 86_400),
        deleting: false,
        owner: None,
        facts: Facts::Container(Box::new(facts)),
    }
}

fn seen(model: &mut Model, object: Object) {
    news(model, vec![News::Rows(feed(), Kind::Container, vec![Seen::Begin, Seen::Is(object), Seen::End])]);
}

/// The containers of one engine, with one of them, selected.
fn containers(state: ContainerState) -> Model {
    let mut model = ready(Model { now: NOW, ..Model::default() });
    model.settings.profile.endpoints =
        vec![Endpoint::new(Backend::Docker, "box", "unix:///var/run/docker.sock")];
    say(&mut model, Msg::Resized { columns: 100, rows: 24 });
    press(&mut model, "3");
    seen(&mut model, container("0af3", state));
    news(&mut model, vec![News::Feed(feed(), FeedState::Live)]);
    model
}

/// With a shell in it that was asked for, approved, and is open.
fn with_a_shell() -> (Model, ActionId) {
    let mut model = containers(ContainerState::Running);
    assert!(matches!(press(&mut model, "s")[..], [Effect::Look(..)]));
    assert_eq!(model.overlays, [Overlay::Question]);
    looked(&mut model);
    let (id, approved) = performed(pressed(&mut model, Key::char('y'), 900));
    let native = &approved.actions()[0].native;
    assert_eq!((&native.target, &*native.uid), (&api(), "0af3"));
    assert!(matches!(native.verb, Verb::Shell { .. }), "{native:?}");
    news(&mut model, vec![News::Acted(id, api(), Outcome::Progress { says: "open".into() })]);
    (model, id)
}

#[test]
fn a_shell_in_a_container_is_asked_for_and_entered_again_without_a_question() {
    let (mut model, id) = with_a_shell();
    let effects = press(&mut model, "s");
    assert!(matches!(effects[..], [Effect::Enter(entered)] if entered == id), "{effects:?}");
    assert!(model.overlays.is_empty());
}

#[test]
fn a_shell_in_a_container_is_ended_by_name_and_only_where_it_runs() {
    let (mut model, id) = with_a_shell();
    let effects = keys::perform(&mut model, Action::EndShell, Key::char(':'));
    assert!(matches!(effects[..], [Effect::EndShell(ended)] if ended == id), "{effects:?}");
    seen(&mut model, container("b771", ContainerState::Running));
    assert!(keys::perform(&mut model, Action::EndShell, Key::char(':')).is_empty());
    assert_eq!(said(&model), "no shell of ours runs in api");
}

#[test]
fn a_shell_that_ended_or_whose_container_was_made_anew_is_asked_for_anew() {
    let (mut ended, id) = with_a_shell();
    news(&mut ended, vec![News::Acted(id, api(), Outcome::Settled { says: "exit code 0".into() })]);
    let (mut anew, _) = with_a_shell();
    seen(&mut anew, container("b771", ContainerState::Running));
    for mut model in [ended, anew] {
        press(&mut model, "s");
        assert_eq!(model.overlays, [Overlay::Question]);
    }
}

#[test]
fn a_container_that_does_not_run_is_not_asked_about() {
    let mut model = containers(ContainerState::Exited);
    assert!(press(&mut model, "s").is_empty());
    assert!(model.overlays.is_empty() && said(&model).contains("does not run"), "{}", said(&model));
}

#[test]
fn leaving_with_a_shell_in_a_container_open_says_so_first() {
    let (mut model, _) = with_a_shell();
    assert!(press(&mut model, "Ctrl-C").is_empty());
    assert!(said(&model).contains("leaving ends them"), "{}", said(&model));
    assert!(matches!(press(&mut model, "Ctrl-C")[..], [Effect::Quit]));
}
