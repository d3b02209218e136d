//! Containers of Docker engines as rows, with their projects counted above them.
use firedeck::domain::container::{Container, ContainerState, End, Health, Policy};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef, Realm};
use firedeck::domain::settings::endpoint::Backend;
use firedeck::domain::settings::{Endpoint, Settings};
use firedeck::model::Model;
use firedeck::model::msg::Msg;
use firedeck::panes::tables;

use super::{SIZES, snap};
use crate::common::estate::{NOW, ago, news, press, say};

fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(Backend::Docker, name, "unix:///var/run/docker.sock")
}

fn feed(engine: &str) -> Feed {
    Feed::Endpoint(Backend::Docker, engine.into())
}

/// A container of the service that it is called after.
fn container(engine: &str, project: &str, name: &str, facts: Container) -> Object {
    let facts = Container {
        id: format!("{name}0af3").as_str().into(),
        project: project.into(),
        service: if project.is_empty() { "".into() } else { name.trim_end_matches("-1").into() },
        image: "ghcr.io/example/devops-mcp:1.4.2".into(),
        version: "1.4.2".into(),
        ..facts
    };
    Object {
        id: ObjectRef {
            context: engine.into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: name.into(),
        },
        uid: facts.id.clone(),
        created: ago(9 * 86_400),
        deleting: false,
        owner: None,
        facts: Facts::Container(Box::new(facts)),
    }
}

fn well() -> Container {
    Container {
        state: ContainerState::Running,
        health: Some(Health::Healthy),
        restarts: Some(0),
        policy: Policy::Always,
        started: Some(ago(9 * 86_400)),
        cpu_percent: Some(1.2),
        memory: Some(48 << 20),
        memory_limit: Some(64 << 20),
        ..Container::default()
    }
}

fn ended(code: i64, oom: bool, seconds: i64) -> Container {
    let end = Some(End { code, oom, at: Some(ago(seconds)) });
    Container {
        state: ContainerState::Exited,
        end,
        restarts: Some(0),
        policy: Policy::Never,
        started: Some(ago(seconds + 60)),
        ..Container::default()
    }
}

fn estate(engine: &str) -> Vec<Object> {
    let sick = Container {
        health: Some(Health::Unhealthy),
        failing: 14,
        restarts: Some(6),
        started: Some(ago(95)),
        memory: Some(61 << 20),
        ..well()
    };
    let looping = Container {
        state: ContainerState::Restarting,
        health: None,
        restarts: Some(21),
        started: Some(ago(40)),
        policy: Policy::Always,
        ..ended(7, false, 38)
    };
    let unread = Container { state: ContainerState::Running, ..Container::default() };
    vec![
        container(engine, "devops-mcp", "mcp-server", well()),
        container(engine, "devops-mcp", "rest-api", sick),
        container(engine, "devops-mcp", "worker", looping),
        container(engine, "devops-mcp", "migrate", ended(0, false, 86_400)),
        container(engine, "devops-mcp", "indexer", ended(137, true, 125)),
        container(
            engine,
            "devops-mcp",
            "prometheus",
            Container { memory_limit: None, memory: Some(3 << 30), cpu_percent: Some(112.0), ..well() },
        ),
        container(engine, "devops-mcp", "dashboard", Container { state: ContainerState::Paused, ..well() }),
        container(engine, "billing", "billing-db-1", well()),
        container(
            engine,
            "billing",
            "billing-api-1",
            Container { health: Some(Health::Starting), started: Some(ago(12)), ..well() },
        ),
        container(engine, "", "debug-shell", unread),
    ]
}

fn cockpit(columns: u16, rows: u16, engines: &[&str]) -> Model {
    let mut settings = Settings::default();
    settings.profile.endpoints = engines.iter().map(|name| endpoint(name)).collect();
    let mut model = Model { now: NOW, settings, ..Model::default() };
    say(&mut model, Msg::Resized { columns, rows });
    say(&mut model, Msg::Tick(NOW));
    press(&mut model, "3");
    for engine in engines {
        let rows =
            [Seen::Begin].into_iter().chain(estate(engine).into_iter().map(Seen::Is)).chain([Seen::End]);
        news(
            &mut model,
            vec![
                News::Rows(feed(engine), Kind::Container, rows.collect()),
                News::Feed(feed(engine), FeedState::Live),
            ],
        );
    }
    model
}

#[test]
fn containers_live_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("containers_live_{columns}x{rows}"), &cockpit(columns, rows, &["box"]));
    }
}

#[test]
fn containers_of_two_engines_are_told_apart() {
    snap("containers_of_two_engines", &cockpit(160, 40, &["box", "edge"]));
}

#[test]
fn containers_of_an_engine_that_is_down_stay_with_the_reason() {
    let mut model = cockpit(100, 24, &["box"]);
    let why = "there is no socket `/var/run/docker.sock`: does the engine run?".into();
    news(&mut model, vec![News::Feed(feed("box"), FeedState::Down { why, next_try: Some(ago(-8)) })]);
    say(&mut model, Msg::Tick(ago(-45)));
    snap("containers_down", &model);
}

#[test]
fn containers_that_may_not_be_seen_say_what_is_needed() {
    let mut model = Model { now: NOW, ..Model::default() };
    model.settings.profile.endpoints = vec![endpoint("box")];
    say(&mut model, Msg::Resized { columns: 100, rows: 24 });
    press(&mut model, "3");
    snap("containers_never_seen", &model);
    let needs = "the group of the engine's socket, which is mostly `docker`, or root".into();
    news(&mut model, vec![News::Feed(feed("box"), FeedState::Forbidden { needs })]);
    snap("containers_forbidden", &model);
    let rows = vec![
        News::Rows(feed("box"), Kind::Container, vec![Seen::Begin, Seen::End]),
        News::Feed(feed("box"), FeedState::Live),
    ];
    news(&mut model, rows);
    snap("containers_empty", &model);
}

#[test]
fn a_deed_that_makes_no_sense_is_said_and_not_asked() {
    let mut model = cockpit(100, 24, &["box"]);
    press(&mut model, "G X");
    snap("containers_stop_of_what_is_done", &model);
}

/// What stands above the rows, as text.
fn head(model: &Model) -> Vec<String> {
    let tables = tables::of(Realm::Containers).expect("its tables");
    let lines = tables.head(model, Kind::Container);
    lines.iter().map(|line| line.iter().map(|fact| &*fact.text).collect()).collect()
}

#[test]
fn each_project_is_counted_the_worst_first() {
    let model = cockpit(120, 40, &["box"]);
    assert_eq!(
        head(&model),
        [
            "devops-mcp  2 of 6 up, 1 unhealthy, 1 restarting, 1 failed, 1 not running",
            "no project  1 of 1 up",
            "billing     2 of 2 up",
        ]
    );
    assert_eq!(
        head(&cockpit(80, 24, &["box"])),
        ["devops-mcp  2 of 6 up, 1 unhealthy, 1 restarting, 1 failed, 1 not running  +2, 2 well"]
    );
    let two = head(&cockpit(160, 40, &["box", "edge"]));
    assert_eq!(
        (two.len(), &*two[0], &*two[3]),
        (
            4,
            "box devops-mcp   2 of 6 up, 1 unhealthy, 1 restarting, 1 failed, 1 not running",
            "3 more, 3 well"
        )
    );
}

#[test]
fn the_lamp_counts_the_worst_and_the_worst_is_named() {
    let tables = tables::of(Realm::Containers).expect("its tables");
    let mut model = cockpit(120, 40, &["box"]);
    assert_eq!(tables.lamp(&model), (Level::Bad, "containers 3".into()));
    assert_eq!(
        tables.worst(&model),
        ("worker".into(), "restarting, exited 7, 21 restarts, last end 30s ago".into())
    );
    news(&mut model, vec![News::Feed(feed("box"), FeedState::Down { why: "gone".into(), next_try: None })]);
    assert_eq!(
        tables.lamp(&model),
        (Level::Bad, "containers".into()),
        "of rows that are old nothing is known"
    );
    let all = [Seen::Begin, Seen::Is(container("box", "billing", "db", well())), Seen::End];
    news(
        &mut model,
        vec![News::Rows(feed("box"), Kind::Container, all.into()), News::Feed(feed("box"), FeedState::Live)],
    );
    assert_eq!(tables.lamp(&model), (Level::Fine, "containers".into()));
    assert_eq!(tables.worst(&model), ("containers".into(), "1 of 1 up".into()));
}
