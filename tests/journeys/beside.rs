//! Values that the panes beside a runbook know: the row that is selected, or the one that stands out.
use firedeck::domain::container::{Container, ContainerState, Health};
use firedeck::domain::database::{Blocked, DatabaseFacts, Session, State, Tree, Waits};
use firedeck::domain::feed::Feed;
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::incident::event::Verdict;
use firedeck::model::overlay::{Ask, Overlay};
use firedeck::update::update;

use crate::common::desk::Desk;
use crate::common::estate::{ago, crashing, feed, news, pod};
use firedeck::model::msg::Msg;

const PAGE: &str = "# Yard

## The ledger is slow

1. Look at it
   ```bash
   psql -c \"SELECT query FROM pg_stat_activity WHERE pid = <pid>\"
   ```
2. When did it begin
   ```bash
   psql -c \"SELECT 1 FROM pg_stat_activity WHERE pid = <pid> AND backend_start = '<backend-start>'\"
   ```
3. Look at the process
   ```bash
   ps -o args= -p <pid>
   ```
4. Look at its container
   ```bash
   docker inspect <container>
   docker compose logs <service>
   ```
5. Look at the pod
   ```bash
   kubectl describe pod <pod-name> -n yard
   ```
";

fn row(context: &str, kind: Kind, name: &str, facts: Facts) -> Seen<Object> {
    let id = ObjectRef { context: context.into(), kind, namespace: "".into(), name: name.into() };
    Seen::Is(Object { id, uid: name.into(), created: ago(60), deleting: false, owner: None, facts })
}

fn session(pid: i32, tree: &Tree) -> Seen<Object> {
    let blocked = tree.place(pid).map(|place| Blocked { place, by: tree.blockers(pid) });
    let session = Session {
        pid,
        began: format!("2026-03-25 11:00:{:02}+00", pid % 60).into(),
        backend: "client backend".into(),
        user: "yard".into(),
        database: "yard".into(),
        application: "crane".into(),
        client: "10.0.3.17".into(),
        state: State::Idle,
        since: Some(ago(60)),
        transaction: None,
        query_began: None,
        wait: None,
        xmin_age: None,
        query_id: None,
        query: "COMMIT".into(),
        level: if blocked.is_some() { Level::Bad } else { Level::Fine },
        blocked,
        hidden: false,
        own: false,
    };
    row("main", Kind::Session, &pid.to_string(), Facts::Database(DatabaseFacts::Session(Box::new(session))))
}

/// The sessions 100 to 109, of which the last ones wait for 104.
fn sessions(desk: &mut Desk) {
    let tree = Tree::new(Waits::new([(107, vec![104]), (108, vec![104, 107])]));
    let rows = (100..110).map(|pid| session(pid, &tree)).collect();
    desk.model.settings.profile.endpoints.push(Endpoint::new(
        Backend::Postgres,
        "main",
        "postgres://db/yard",
    ));
    news(
        &mut desk.model,
        vec![News::Rows(Feed::Endpoint(Backend::Postgres, "main".into()), Kind::Session, rows)],
    );
}

fn container(name: &str, health: Health) -> Seen<Object> {
    let container = Container {
        id: name.into(),
        project: "yard".into(),
        service: name.trim_end_matches("-1").trim_start_matches("yard-").into(),
        state: ContainerState::Running,
        health: Some(health),
        ..Container::default()
    };
    row("box", Kind::Container, name, Facts::Container(Box::new(container)))
}

/// What is asked for, and what stands there.
fn asked(desk: &Desk) -> (String, String) {
    match desk.model.overlays.last() {
        Some(Overlay::Line { ask: Ask::RunValue { title, .. }, input }) => {
            (title.clone(), input.text().to_owned())
        }
        other => panic!("{other:?} {}", desk.flash()),
    }
}

#[test]
fn the_session_that_all_others_wait_for_is_offered_with_its_start_and_runs_nothing_by_itself() {
    let mut desk = Desk::open(PAGE);
    sessions(&mut desk);
    desk.keys("Enter");
    let (title, text) = asked(&desk);
    assert_eq!((title.as_str(), text.as_str()), ("<pid> (2 wait for it, in sessions):", "104"));
    assert!(desk.sent.is_empty(), "it is only offered");
    // What is typed takes its place.
    desk.keys("1 0 8 Enter");
    assert!(desk.sent[0].contains("pid = 108"), "{:?}", desk.sent);
    desk.ends(Verdict::Ok);
    desk.keys("Enter");
    let (title, text) = asked(&desk);
    assert_eq!(
        (title.as_str(), text.as_str()),
        ("<backend-start> (of session 108):", "2026-03-25 11:00:48+00")
    );
}

#[test]
fn the_row_that_somebody_went_to_is_meant_before_the_one_that_stands_out() {
    let mut desk = Desk::open(PAGE);
    sessions(&mut desk);
    desk.keys("5 G");
    let row = desk.model.listing(Kind::Session).and_then(|rows| rows.selected().cloned()).expect("a row");
    desk.keys("Esc Enter");
    let (title, text) = asked(&desk);
    assert_eq!(text, *row.name, "{title}");
    assert!(title.contains("selected in sessions"), "{title}");
}

#[test]
fn a_process_of_the_box_is_no_session() {
    let mut desk = Desk::open(PAGE);
    sessions(&mut desk);
    desk.keys("] ] Enter");
    assert_eq!(asked(&desk), ("<pid>:".to_owned(), String::new()));
}

#[test]
fn the_only_container_that_is_not_well_is_offered_and_its_service() {
    let mut desk = Desk::open(PAGE);
    let rows = vec![
        container("yard-belt-1", Health::Healthy),
        container("yard-crane-1", Health::Unhealthy),
        container("yard-db-1", Health::Healthy),
    ];
    let of = Feed::Endpoint(Backend::Docker, "box".into());
    news(&mut desk.model, vec![News::Rows(of.clone(), Kind::Container, rows)]);
    desk.keys("] ] ] Enter");
    let (title, text) = asked(&desk);
    assert_eq!(
        (title.as_str(), text.as_str()),
        ("<container> (the only one in trouble of containers):", "yard-crane-1")
    );
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    desk.keys("Enter");
    assert_eq!(asked(&desk).1, "crane");
    // Of two in trouble none stands out.
    let mut desk = Desk::open(PAGE);
    let two = vec![container("yard-belt-1", Health::Unhealthy), container("yard-crane-1", Health::Unhealthy)];
    news(&mut desk.model, vec![News::Rows(of, Kind::Container, two)]);
    desk.keys("] ] ] Enter");
    assert_eq!(asked(&desk).1, "");
}

#[test]
fn the_only_pod_of_its_namespace_that_crashes_is_offered() {
    let mut desk = Desk::open(PAGE);
    let pods = vec![
        Seen::Is(pod("yard", "belt-6c9d8b7f5-aaaaa", "node-1")),
        Seen::Is(crashing(pod("yard", "crane-6c9d8b7f5-bbbbb", "node-1"), "Error", 1, 9, 30)),
    ];
    update(&mut desk.model, Msg::News(vec![News::Pods(feed(Kind::Pod), pods)]));
    desk.keys("] ] ] ] Enter");
    let (title, text) = asked(&desk);
    assert_eq!(text, "crane-6c9d8b7f5-bbbbb", "{title}");
    assert!(title.contains("in trouble of pods"), "{title}");
}
