//! A Compose project as one: its merged logs, its containers marked together, and the question about them.
use std::sync::Arc;

use firedeck::domain::action::{Check, Findings, Looked};
use firedeck::domain::container::{Container, ContainerState, End, Health, Need, Policy};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::log::{Follow, LineId, LineKind, Lines, LogLevel, LogNews, Stream, Streams};
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::endpoint::Backend;
use firedeck::domain::settings::{Endpoint, Settings};
use firedeck::domain::text::append_line;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::{Journal, Model};

use super::snap;
use crate::common::estate::{NOW, ago, news, press, say};

fn feed() -> Feed {
    Feed::Endpoint(Backend::Docker, "box".into())
}

fn container(service: &str, needs: &str) -> Object {
    let name = format!("devops-mcp-{service}-1");
    let done = service == "migrate";
    let facts = Container {
        id: format!("{name}0af3").as_str().into(),
        project: "devops-mcp".into(),
        service: service.into(),
        needs: Need::read(needs),
        image: "ghcr.io/example/devops-mcp:1.4.2".into(),
        version: "1.4.2".into(),
        state: if done { ContainerState::Exited } else { ContainerState::Running },
        health: (!done).then_some(Health::Healthy),
        end: done.then(|| End { at: Some(ago(86_400)), ..End::default() }),
        restarts: Some(0),
        policy: if done { Policy::Never } else { Policy::Always },
        started: Some(ago(9 * 86_400)),
        ..Container::default()
    };
    Object {
        id: ObjectRef {
            context: "box".into(),
            kind: Kind::Container,
            namespace: "".into(),
            name: name.as_str().into(),
        },
        uid: facts.id.clone(),
        created: ago(9 * 86_400),
        deleting: false,
        owner: None,
        facts: Facts::Container(Box::new(facts)),
    }
}

fn cockpit(columns: u16, rows: u16) -> Model {
    let mut settings = Settings::default();
    settings.profile.endpoints = vec![Endpoint::new(Backend::Docker, "box", "unix:///var/run/docker.sock")];
    let mut model =
        Model { now: NOW, settings, journal: Journal::Good("journal".into()), ..Model::default() };
    say(&mut model, Msg::Resized { columns, rows });
    say(&mut model, Msg::Tick(NOW));
    press(&mut model, "3");
    let estate = [
        container("api", "db:service_healthy:false,cache:service_started:false"),
        container("cache", "db:service_healthy:false"),
        container("dashboard", "api:service_healthy:true"),
        container("db", ""),
        container("migrate", "db:service_healthy:false"),
    ];
    let rows = [Seen::Begin].into_iter().chain(estate.map(Seen::Is)).chain([Seen::End]).collect();
    news(&mut model, vec![News::Rows(feed(), Kind::Container, rows), News::Feed(feed(), FeedState::Live)]);
    model
}

fn stream(pod: &str) -> Arc<Stream> {
    Arc::new(Stream { namespace: "devops-mcp".into(), pod: pod.into(), container: "".into() })
}

#[test]
fn the_logs_of_a_project_are_one_flow_with_who_wrote_it() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = cockpit(columns, rows);
        let effects = press(&mut model, "L");
        let [Effect::Follow(Some(follow))] = &effects[..] else { panic!("{effects:?}") };
        assert!(matches!(follow, Follow::Compose { service: None, .. }), "{follow:?}");
        let follow = Arc::new(follow.clone());
        let streams = Streams { following: 4, asked: 5, waiting: vec!["cache-1: exited 3".into()] };
        let mut lines = Lines::default();
        let nanos = |seconds: i64| ago(seconds).0 * 1_000_000;
        for (from, seconds, text) in [
            ("db-1", 9, "LOG:  database system is ready to accept connections"),
            ("api-1", 8, r#"{"level":"info","msg":"GET /orders","took":"3ms"}"#),
            ("dashboard-1", 7, "level=warn msg=\"upstream is slow\" took=4s"),
            ("api-1", 6, "ERROR could not connect to db:5432"),
        ] {
            let from = stream(from);
            lines.add(
                &from,
                nanos(seconds),
                |out, ink| append_line(text.as_bytes(), out, ink),
                LogLevel::read,
            );
        }
        lines.say(&stream("api-2"), nanos(5), LineKind::Began, "joined");
        let chunk = Arc::new(lines.seal(LineId(0)));
        news(
            &mut model,
            vec![
                News::Logs(LogNews::Began(follow)),
                News::Logs(LogNews::Streams(streams)),
                News::Feed(Feed::Logs, FeedState::Live),
                News::Logs(LogNews::Chunk(chunk)),
            ],
        );
        snap(&format!("compose_logs_{columns}x{rows}"), &model);
        press(&mut model, "p");
        let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
        assert!(said.starts_with("an engine keeps one log for all runs"), "{said}");
    }
}

#[test]
fn a_whole_project_is_restarted_by_one_question_that_names_the_order() {
    for (columns, rows) in [(80, 24), (120, 40)] {
        let mut model = cockpit(columns, rows);
        press(&mut model, "V");
        snap(&format!("compose_marked_{columns}x{rows}"), &model);
        let effects = press(&mut model, "R");
        let [Effect::Look(id, plan)] = &effects[..] else { panic!("{effects:?}") };
        let names: Vec<&str> = plan.actions().iter().map(|native| &*native.target.name).collect();
        assert_eq!(
            names,
            ["devops-mcp-db-1", "devops-mcp-cache-1", "devops-mcp-api-1", "devops-mcp-dashboard-1"]
        );
        let findings = Findings {
            actions: plan
                .actions()
                .iter()
                .map(|native| Looked { native: native.clone(), generation: Some(1), also: None })
                .collect(),
            allowed: Check::Yes,
            effect: vec![
                "one after another; none further once one fails".into(),
                "devops-mcp-db-1: db of devops-mcp, devops-mcp:1.4.2: healthy, up for 9d".into(),
                "devops-mcp-cache-1: cache of devops-mcp, devops-mcp:1.4.2: healthy, up for 9d".into(),
                "devops-mcp-api-1: api of devops-mcp, devops-mcp:1.4.2: healthy, up for 9d".into(),
                "devops-mcp-dashboard-1: dashboard of devops-mcp, devops-mcp:1.4.2: healthy, up for 9d"
                    .into(),
                "gets SIGTERM, and KILL after 10 s; then begins again with the same image and settings"
                    .into(),
            ],
            undo: "none: what it held in memory is gone".into(),
            ..Findings::default()
        };
        let id = *id;
        news(&mut model, vec![News::Looked(id, Box::new(findings))]);
        snap(&format!("compose_restart_{columns}x{rows}"), &model);
    }
}

#[test]
fn what_ends_goes_the_other_way_round_and_what_makes_no_sense_is_left_out_aloud() {
    let mut model = cockpit(100, 30);
    press(&mut model, "V");
    let effects = press(&mut model, "X");
    let [Effect::Look(_, plan)] = &effects[..] else { panic!("{effects:?}") };
    let names: Vec<&str> = plan.actions().iter().map(|native| &*native.target.name).collect();
    assert_eq!(
        names,
        ["devops-mcp-dashboard-1", "devops-mcp-api-1", "devops-mcp-cache-1", "devops-mcp-db-1"]
    );
    press(&mut model, "Esc");
    // With what is done marked by hand, only that can be started.
    press(&mut model, "G Space u");
    let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
    assert!(said.starts_with("left out: ") && said.contains("runs already"), "{said}");
    assert!(model.questions.open.as_ref().is_some_and(|question| question.plan().actions().len() == 1));
}

#[test]
fn marked_containers_are_followed_together_and_all_of_a_project_as_one() {
    let mut model = cockpit(100, 30);
    press(&mut model, "g Space Space");
    let effects = press(&mut model, "l");
    let [Effect::Follow(Some(Follow::Marked { things, .. }))] = &effects[..] else { panic!("{effects:?}") };
    assert_eq!(things.len(), 2);
    press(&mut model, "Esc Backspace V");
    let effects = press(&mut model, "l");
    assert!(
        matches!(&effects[..], [Effect::Follow(Some(Follow::Compose { service: None, .. }))]),
        "{effects:?}"
    );
    press(&mut model, "Esc Backspace");
    let effects = press(&mut model, "S");
    assert!(
        matches!(&effects[..], [Effect::Follow(Some(Follow::Compose { service: Some(_), .. }))]),
        "{effects:?}"
    );
    assert!(model.listing(Kind::Container).is_some_and(|listing| listing.count(Level::Fine) == 4));
}
