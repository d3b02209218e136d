//! Keys in, model and effects out: what an operator does, without a terminal and without a cluster.
mod acting;
mod aiming;
pub mod answers;
mod asking;
mod beside;
mod changes;
mod containers;
mod exercise;
mod heeding;
mod held;
mod incidents;
mod measures;
mod output;
mod runbooks;
pub mod settling;
mod together;
mod working;

use firedeck::domain::feed::FeedState;
use firedeck::domain::log::Follow;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::{Scope, Settings};
use firedeck::model::board::PaneKind;
use firedeck::model::detail::Tab;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::overlay::{Chosen, Overlay};
use firedeck::model::{Dirty, Model};
use firedeck::panes::things;

use crate::common::estate::{
    NOW, ago, cockpit, connected, crashing, deployment, feed, id, inspection, news, pod, press, say,
    type_text,
};

const WORST: &str = "rest-api-547bbd6c9f-fnwp2";
const INDEXER: &str = "indexer-7c9f6d5b8-x2x2x";
const WORKER: &str = "worker-5dc8f9b7d4-5rh92";
const DASHBOARD: &str = "dashboard-6c9d8b7f5-x8f6h";

fn selected(model: &Model) -> String {
    things::selected(model).map_or_else(String::new, |target| target.name.to_string())
}

fn shown(model: &Model) -> Vec<String> {
    model.pods.first(99).map(|(pod, _)| pod.id.name.to_string()).collect()
}

fn said(model: &Model) -> &str {
    model.flash.as_ref().map_or("", |flash| &flash.text)
}

fn worker() -> ObjectRef {
    id(Kind::Pod, "shop", WORKER)
}

/// With the deployments of the estate arrived and shown.
fn deployments() -> Model {
    let mut model = cockpit(80, 24);
    let effects = press(&mut model, "F2");
    assert!(matches!(effects.as_slice(), [Effect::Watch(kinds)] if kinds == &[Kind::Deployment]));
    let all = vec![
        Seen::Begin,
        Seen::Is(deployment("shop", "worker", "registry.example.com/worker:7.3.0", 1, 3)),
        Seen::Is(deployment("shop", "dashboard", "registry.example.com/dashboard:7.2.9", 2, 2)),
        Seen::End,
    ];
    news(
        &mut model,
        vec![News::Objects(feed(Kind::Deployment), all), News::Feed(feed(Kind::Deployment), FeedState::Live)],
    );
    model
}

#[test]
fn the_worst_is_selected_until_somebody_moves() {
    let mut model = connected(80, 24);
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(pod("shop", DASHBOARD, "node-1"))])]);
    assert_eq!(selected(&model), DASHBOARD);
    let bad = crashing(pod("shop", WORKER, "node-3"), "OOMKilled", 137, 6, 40);
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(bad)])]);
    assert_eq!(selected(&model), WORKER);
}

#[test]
fn keys_move_by_rows_pages_and_to_the_ends() {
    let mut model = cockpit(80, 24);
    for (keys, name) in [
        ("j", INDEXER),
        ("Down", WORKER),
        ("k", INDEXER),
        ("G", "mcp-server-58d4c6b9f7-cqxmb"),
        ("g", WORST),
        ("PageDown", "mcp-server-58d4c6b9f7-cqxmb"),
        ("PageUp k k", WORST),
    ] {
        press(&mut model, keys);
        assert_eq!(selected(&model), name, "{keys}");
    }
}

#[test]
fn the_selection_stays_on_its_thing_while_rows_move() {
    let mut model = cockpit(80, 24);
    press(&mut model, "j j");
    let worse = crashing(pod("a-first", "aaa-6c9d8b7f5-x8f6h", "node-1"), "Error", 1, 2, 5);
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(worse)])]);
    assert_eq!((selected(&model).as_str(), model.pods.row()), (WORKER, Some(3)));
}

#[test]
fn acting_on_a_row_that_is_gone_says_so_and_does_nothing() {
    let mut model = cockpit(80, 24);
    press(&mut model, "j j");
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Gone(worker())])]);
    for key in ["D", "R", "s", "l", "d"] {
        assert!(press(&mut model, key).is_empty(), "{key}");
        assert!(said(&model).contains("gone"), "{key}: {}", said(&model));
        assert!(model.overlays.is_empty() && model.questions.open.is_none(), "{key}");
    }
    assert!(press(&mut model, "Enter").is_empty());
    // The first key that moves only puts the cursor back where it was.
    press(&mut model, "j");
    assert_eq!(selected(&model), "gateway-864c5f7d9b-4bgqz");
}

#[test]
fn coming_back_to_a_kind_whose_selected_row_went_selects_the_first() {
    let mut model = cockpit(80, 24);
    press(&mut model, "j j F2");
    news(&mut model, vec![News::Pods(feed(Kind::Pod), vec![Seen::Gone(worker())])]);
    press(&mut model, "F1");
    assert_eq!(selected(&model), WORST);
}

#[test]
fn an_action_where_there_are_no_rows_says_that_and_not_that_one_is_gone() {
    let mut model = connected(80, 24);
    for key in ["D", "l", "d"] {
        assert!(press(&mut model, key).is_empty());
        assert_eq!(said(&model), "there is no row here to do that to", "{key}");
    }
}

fn namespace(name: &str) -> Seen<Object> {
    let mut object = deployment("", name, "", 0, 0);
    object.id = id(Kind::Namespace, "", name);
    object.facts = Facts::Namespace { phase: "Active".into() };
    Seen::Is(object)
}

#[test]
fn entering_a_namespace_shows_its_pods_and_esc_those_of_all() {
    let mut model = cockpit(80, 24);
    press(&mut model, ":");
    type_text(&mut model, "ns");
    press(&mut model, "Enter");
    let all = vec![Seen::Begin, namespace("billing"), namespace("shop"), namespace("sho"), Seen::End];
    news(&mut model, vec![News::Objects(feed(Kind::Namespace), all)]);
    press(&mut model, "G Enter");
    assert_eq!((model.board.kind, model.board.filter.text()), (Kind::Pod, "=shop "));
    assert!(model.pods.first(99).all(|(pod, _)| &*pod.id.namespace == "shop") && !model.pods.is_empty());
    press(&mut model, "Esc");
    assert_eq!(shown(&model).len(), 6);
    // Only the whole name counts.
    press(&mut model, ":");
    type_text(&mut model, "ns sho");
    press(&mut model, "Enter");
    assert!(shown(&model).is_empty());
}

#[test]
fn a_namespace_that_is_not_in_view_says_how_to_see_it() {
    let mut model = cockpit(80, 24);
    for cluster in model.clusters.values_mut() {
        cluster.namespaces = vec!["shop".into()];
    }
    press(&mut model, ":");
    type_text(&mut model, "deploy billing");
    press(&mut model, "Enter");
    assert!(said(&model).contains("--namespace billing"), "{}", said(&model));
    assert_eq!(model.board.kind, Kind::Pod);
}

#[test]
fn a_filter_takes_effect_while_it_is_typed_and_a_mark_inverts_it() {
    let mut model = cockpit(80, 24);
    press(&mut model, "/");
    type_text(&mut model, "shop !crashloop");
    assert_eq!(shown(&model), [INDEXER, DASHBOARD, "mcp-server-58d4c6b9f7-cqxmb"]);
    press(&mut model, "Enter");
    assert_eq!(model.scope(), Scope::Table);
    assert_eq!(shown(&model).len(), 3);
    press(&mut model, "Esc");
    assert_eq!(shown(&model).len(), 6);
}

#[test]
fn leaving_the_filter_line_takes_the_filter_away() {
    let mut model = cockpit(80, 24);
    press(&mut model, "/");
    type_text(&mut model, "q!");
    assert_eq!(model.board.filter.text(), "q!");
    press(&mut model, "Esc");
    assert!(model.board.filter.is_empty() && model.overlays.is_empty());
}

#[test]
fn only_trouble_is_one_key_on_and_off() {
    let mut model = cockpit(80, 24);
    press(&mut model, "z");
    assert_eq!(shown(&model), [WORST, INDEXER, WORKER, "gateway-864c5f7d9b-4bgqz"]);
    press(&mut model, "z");
    assert_eq!(shown(&model).len(), 6);
}

#[test]
fn sorting_goes_through_the_columns_and_back_to_trouble_first() {
    let mut model = cockpit(80, 24);
    press(&mut model, "o");
    assert_eq!(things::sort_column(Kind::Pod, model.board.sort()), Some("NAMESPACE"));
    press(&mut model, "o o o o");
    assert_eq!(things::sort_column(Kind::Pod, model.board.sort()), Some("RESTARTS"));
    assert_eq!(shown(&model)[..2], [WORKER, WORST]);
    press(&mut model, "O");
    assert_eq!(shown(&model)[4..], [WORST, WORKER]);
    for _ in 0..99 {
        if model.board.sort().column.is_none() {
            break;
        }
        press(&mut model, "o");
    }
    assert_eq!(shown(&model)[0], WORST);
}

#[test]
fn kinds_turn_both_ways_and_are_watched_only_while_they_are_shown() {
    let mut model = cockpit(80, 24);
    assert!(matches!(&press(&mut model, "]")[..], [Effect::Watch(kinds)] if kinds == &[Kind::Deployment]));
    assert!(matches!(&press(&mut model, "[")[..], [Effect::Watch(kinds)] if kinds.is_empty()));
    assert!(matches!(&press(&mut model, "F5")[..], [Effect::Watch(kinds)] if kinds == &[Kind::Event]));
    assert_eq!(model.board.kind, Kind::Event);
    assert!(matches!(&press(&mut model, "Esc")[..], [Effect::Watch(kinds)] if kinds.is_empty()));
    assert_eq!(model.board.kind, Kind::Pod);
}

#[test]
fn the_palette_finds_kinds_and_actions_by_their_short_names() {
    let mut model = cockpit(80, 24);
    press(&mut model, ":");
    type_text(&mut model, "hpa");
    let Some(Overlay::Palette(palette)) = model.overlays.last() else { panic!("{:?}", model.overlays) };
    assert_eq!(palette.choices[0].what, Chosen::Kind(Kind::Hpa));
    press(&mut model, "Enter");
    assert_eq!((model.board.kind, model.overlays.len()), (Kind::Hpa, 0));
    press(&mut model, ":");
    type_text(&mut model, "zoom");
    press(&mut model, "Enter");
    assert!(model.board.zoomed);
    press(&mut model, ": Esc");
    assert!(model.overlays.is_empty());
}

#[test]
fn help_is_of_the_place_where_it_was_asked_and_closes_by_the_same_key() {
    let mut model = cockpit(80, 24);
    press(&mut model, "?");
    assert_eq!(model.overlays, [Overlay::Help { of: Scope::Table, top: 0 }]);
    // A key of the board does nothing in it.
    assert!(press(&mut model, "D").is_empty());
    press(&mut model, "?");
    assert!(model.overlays.is_empty());
    press(&mut model, "l ?");
    assert_eq!(model.overlays, [Overlay::Help { of: Scope::Logs, top: 0 }]);
}

#[test]
fn a_thing_opens_reads_scrolls_and_goes_back_the_way_it_came() {
    let mut model = cockpit(80, 24);
    let target = id(Kind::Pod, "billing", WORST);
    assert!(matches!(&press(&mut model, "Enter")[..], [Effect::Inspect(Some(read))] if *read == target));
    news(&mut model, vec![News::Inspected(Box::new(inspection(&target)))]);
    press(&mut model, "y G");
    let detail = model.detail.as_ref().expect("open");
    assert!(detail.tab == Tab::Yaml && detail.top > 0, "{detail:?}");
    // The tree leads on, Esc leads back, and then out.
    let effects = press(&mut model, "t k k k Enter");
    let owner = id(Kind::Deployment, "billing", "rest-api");
    assert!(matches!(&effects[..], [Effect::Inspect(Some(read)), _] if *read == owner), "{effects:?}");
    assert!(matches!(&press(&mut model, "Esc")[..], [Effect::Inspect(Some(read)), _] if *read == target));
    assert!(matches!(&press(&mut model, "Esc")[..], [Effect::Inspect(None)]));
    assert!(model.detail.is_none() && model.board.focus == PaneKind::Things);
    assert_eq!(selected(&model), WORST);
}

#[test]
fn an_answer_about_another_thing_is_not_shown() {
    let mut model = cockpit(80, 24);
    press(&mut model, "Enter");
    news(&mut model, vec![News::Inspected(Box::new(inspection(&worker())))]);
    assert!(model.detail.as_ref().is_some_and(|detail| detail.inspection.is_none()));
}

#[test]
fn logs_follow_the_selected_pod_and_stop_when_they_are_left() {
    let mut model = cockpit(80, 24);
    let effects = press(&mut model, "j j l");
    let [Effect::Follow(Some(Follow::Pod { pod, previous: false, .. }))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!(*pod, worker());
    assert_eq!(model.board.focus, PaneKind::Logs);
    assert!(matches!(&press(&mut model, "Esc")[..], [Effect::Follow(None)]));
    assert!(model.board.focus == PaneKind::Things && model.logs.following.is_none());
    let effects = press(&mut model, "p");
    assert!(matches!(&effects[..], [Effect::Follow(Some(Follow::Pod { previous: true, .. }))]));
}

#[test]
fn logs_of_a_deployment_follow_its_selector() {
    let mut model = deployments();
    let effects = press(&mut model, "l");
    let [Effect::Follow(Some(Follow::Selector { owner, labels }))] = &effects[..] else {
        panic!("{effects:?}")
    };
    assert_eq!((&*owner.name, labels.len()), ("worker", 1));
}

#[test]
fn only_q_and_ctrl_c_leave_and_q_only_where_nothing_else_can_be_left() {
    let mut model = cockpit(80, 24);
    assert!(press(&mut model, "Esc Esc Esc").is_empty());
    assert!(!quits(&press(&mut model, "Enter q")));
    assert!(model.detail.is_none());
    assert!(!quits(&press(&mut model, "/ q Enter q")));
    assert!(quits(&press(&mut model, "q")));
    assert!(quits(&press(&mut cockpit(80, 24), "Ctrl-C")));
}

fn quits(effects: &[Effect]) -> bool {
    effects.iter().any(|effect| matches!(effect, Effect::Quit))
}

#[test]
fn settings_that_were_refused_leave_the_old_ones_and_say_why() {
    let mut model = cockpit(80, 24);
    let mut settings = Settings::default();
    settings.profile.protected = true;
    say(&mut model, Msg::Settings(Box::new(settings.clone())));
    say(&mut model, Msg::SettingsRefused("config.toml:3: `theem` is no setting".into()));
    assert_eq!(model.settings, settings);
    assert!(model.refused.as_ref().is_some_and(|why| why.contains("theem")));
    say(&mut model, Msg::Settings(Box::default()));
    assert!(model.refused.is_none() && !model.settings.profile.protected);
}

#[test]
fn settings_that_change_are_taken_up_where_they_hold() {
    let mut model = cockpit(80, 24);
    let mut settings = Settings { mouse: true, ..Settings::default() };
    settings.logs.buffer_bytes = 3 << 20;
    let effects = say(&mut model, Msg::Settings(Box::new(settings.clone())));
    assert!(matches!(&effects[..], [Effect::SetMouse(true)]) && model.board.mouse, "{effects:?}");
    assert_eq!(model.logs.ring.capacity(), 3 << 20);
    // The operator's own word stands until the file says something new.
    model.board.mouse = false;
    assert!(say(&mut model, Msg::Settings(Box::new(settings))).is_empty());
    assert!(!model.board.mouse);
}

#[test]
fn opening_a_thing_lands_on_it_once_it_is_seen() {
    let mut model = connected(80, 24);
    say(&mut model, Msg::Open { kind: Kind::Pod, namespace: Some("shop".into()), name: "worker".into() });
    let others = vec![Seen::Is(pod("billing", "worker-5dc8f9b7d4-00000", "node-1"))];
    assert!(news(&mut model, vec![News::Pods(feed(Kind::Pod), others)]).is_empty());
    let it = vec![Seen::Is(pod("shop", WORKER, "node-1"))];
    let whole = News::Feed(feed(Kind::Pod), FeedState::Live);
    let effects = news(&mut model, vec![News::Pods(feed(Kind::Pod), it), whole]);
    assert!(matches!(&effects[..], [Effect::Inspect(Some(read))] if *read == worker()), "{effects:?}");
    assert_eq!(selected(&model), WORKER);
}

#[test]
fn a_thing_that_never_comes_is_said_to_be_missing() {
    let mut model = connected(80, 24);
    let effects =
        say(&mut model, Msg::Open { kind: Kind::Deployment, namespace: None, name: "nosuch".into() });
    assert!(matches!(&effects[..], [Effect::Watch(kinds)] if kinds == &[Kind::Deployment]));
    say(&mut model, Msg::Tick(ago(-20)));
    assert_eq!(said(&model), "there is no deployment `nosuch` in view");
    assert!(model.landing.is_none());
}

#[test]
fn the_wall_has_no_key_but_those_that_leave_and_look_again() {
    let mut model = cockpit(120, 30);
    model.wall = true;
    for action in firedeck::domain::settings::Action::ALL {
        for key in action.default_keys() {
            let effects = press(&mut model, key);
            let harmless = |effect: &Effect| {
                matches!(effect, Effect::Quit | Effect::Suspend | Effect::Redraw | Effect::Retry)
            };
            assert!(effects.iter().all(harmless), "{key}: {effects:?}");
            assert!(model.overlays.is_empty() && model.detail.is_none(), "{key} opened something unseen");
        }
    }
    assert!(quits(&press(&mut model, "q")));
}

#[test]
fn a_paste_is_text_where_a_line_is_typed_and_nothing_elsewhere() {
    let mut model = cockpit(80, 24);
    assert!(say(&mut model, Msg::Paste("qD\ry".into())).is_empty());
    assert!(model.overlays.is_empty());
    press(&mut model, "/");
    say(&mut model, Msg::Paste("wor\nker".into()));
    assert_eq!(shown(&model), [WORKER]);
}

#[test]
fn columns_can_be_taken_away_and_brought_back_but_never_the_name() {
    let mut model = cockpit(120, 40);
    let titles = |model: &Model| -> Vec<&str> {
        things::columns(model, 120).iter().map(|(column, _)| column.title).collect()
    };
    assert!(titles(&model).contains(&"NAME"));
    press(&mut model, "W j j Space");
    assert!(titles(&model).contains(&"NAME"));
    press(&mut model, "j Space");
    assert!(!titles(&model).contains(&"READY"));
    press(&mut model, "Space q");
    assert!(titles(&model).contains(&"READY") && model.overlays.is_empty());
}

#[test]
fn copying_takes_the_name_without_its_namespace() {
    let mut model = cockpit(80, 24);
    let effects = press(&mut model, "c");
    assert!(matches!(&effects[..], [Effect::Copy(text)] if text == WORST), "{effects:?}");
}

#[test]
fn the_clock_alone_draws_only_when_an_age_could_have_moved() {
    use firedeck::model::Dirty;
    let mut model = cockpit(80, 24);
    model.dirty = Dirty::No;
    say(&mut model, Msg::Tick(ago(-4)));
    assert_eq!(model.dirty, Dirty::No);
    say(&mut model, Msg::Tick(ago(-11)));
    assert_eq!(model.dirty, Dirty::Soon);
    assert!(model.now > NOW);
}

#[test]
fn the_first_rows_are_drawn_at_once_and_later_ones_at_the_next_beat() {
    let mut model = connected(80, 24);
    model.dirty = Dirty::No;
    let seen = |name| vec![News::Pods(feed(Kind::Pod), vec![Seen::Is(pod("shop", name, "node-1"))])];
    news(&mut model, seen("web-6c9d8b7f5-x8f6h"));
    assert_eq!(model.dirty, Dirty::Now);
    model.dirty = Dirty::No;
    news(&mut model, seen("web-6c9d8b7f5-aaaaa"));
    assert_eq!(model.dirty, Dirty::Soon);
}
