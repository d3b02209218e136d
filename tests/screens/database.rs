//! The database pane: full, blocked, hidden from us, down, and the question before a session is ended.
use std::time::Duration;

use firedeck::domain::action::{Check, Findings, Looked, Verb};
use firedeck::domain::database::{
    Blocked, By, Counted, DatabaseFacts, Group, Operation, Server, Session, State, Statement, Tree, Waits,
    groups,
};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, PlaceFacts, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::update::update;

use super::{SIZES, snap};
use crate::common::estate::{NOW, ago, connected, news, press, say};

fn main() -> Feed {
    Feed::Endpoint(Backend::Postgres, "main".into())
}

fn object(kind: Kind, name: &str, uid: &str, facts: DatabaseFacts) -> Object {
    let id = ObjectRef { context: "main".into(), kind, namespace: "".into(), name: name.into() };
    let facts = Facts::Database(facts);
    Object { id, uid: uid.into(), created: ago(3_600), deleting: false, owner: None, facts }
}

fn session(pid: i32, application: &str, state: State, since: i64, query: &str) -> Session {
    Session {
        pid,
        began: "2026-03-25 11:00:00+00".into(),
        backend: "client backend".into(),
        user: application.split('-').next().unwrap_or_default().into(),
        database: "shop".into(),
        application: application.into(),
        client: "10.0.3.17".into(),
        state,
        since: Some(ago(since)),
        transaction: (state != State::Idle).then(|| ago(since + 60)),
        query_began: Some(ago(since)),
        wait: None,
        xmin_age: None,
        query_id: None,
        query: query.into(),
        blocked: None,
        hidden: false,
        own: false,
        level: Level::Fine,
    }
}

/// 87 of 97: a transaction that was left open, two that wait for it, and those that do nothing.
fn sessions() -> Vec<Session> {
    let mut all = vec![
        session(4711, "worker", State::InTransaction, 400, "UPDATE stock SET n = n - 1 WHERE id = 17"),
        session(4802, "web", State::Active, 340, "UPDATE stock SET n = n - 2 WHERE id = 17"),
        session(4990, "rest-api", State::Active, 45, "SELECT * FROM stock WHERE id = 17 FOR UPDATE"),
        session(
            5100,
            "report",
            State::Active,
            2_000,
            "SELECT date_trunc('day', at), sum(total) FROM orders GROUP BY 1",
        ),
        session(5200, "migrate", State::Aborted, 100, "ALTER TABLE orders ADD COLUMN note text"),
        session(6001, "", State::Unknown, 0, ""),
    ];
    all[5] = Session { hidden: true, user: "admin".into(), since: None, transaction: None, ..all[5].clone() };
    all.extend((0..80).map(|n| session(7000 + n, "web", State::Idle, 20 + i64::from(n) * 7, "COMMIT")));
    all.push(Session { own: true, ..session(9000, "firedeck", State::Active, 0, "SELECT pid") });
    let tree = Tree::new(Waits::new([(4802, vec![4711]), (4990, vec![4802, 4711])]));
    for session in &mut all {
        if let Some(place) = tree.place(session.pid) {
            session.blocked = Some(Blocked { place, by: tree.blockers(session.pid) });
        }
        if session.blocked.as_ref().is_some_and(|blocked| !blocked.by.is_empty()) {
            session.wait = Some(("Lock".into(), "transactionid".into()));
        }
        session.level = session.judge(NOW);
    }
    let worst = all.iter().filter(|one| one.blocked.is_some()).map(|one| one.level).min().unwrap();
    for session in all.iter_mut().filter(|one| one.blocked.is_some()) {
        session.level = worst;
    }
    all
}

fn server(sessions: &[Session]) -> Server {
    let mut server = Server {
        version: "15.18".into(),
        started: ago(9 * 86_400),
        used: 87,
        max: 100,
        reserved: 3,
        growth: Some(4),
        full_in: Some(Duration::from_mins(3)),
        xid_age: Some(123_456_789),
        cache_hit: Some(99.2),
        deadlocks: Some(2),
        commits_per_second: Some(312),
        ..Server::default()
    };
    server.count(sessions);
    server
}

fn endpoint(name: &str) -> Endpoint {
    Endpoint::new(Backend::Postgres, name, "postgres://db/shop")
}

fn whole(kind: Kind, rows: Vec<Object>) -> News {
    let rows = std::iter::once(Seen::Begin).chain(rows.into_iter().map(Seen::Is)).chain([Seen::End]);
    News::Rows(main(), kind, rows.collect())
}

fn model(columns: u16, rows: u16) -> Model {
    let mut model = connected(columns, rows);
    model.settings.profile.endpoints.push(endpoint("main"));
    press(&mut model, "5");
    model
}

fn live(columns: u16, rows: u16, sessions: &[Session]) -> Model {
    let mut model = model(columns, rows);
    let server = DatabaseFacts::Server(Box::new(server(sessions)));
    let of = |one: &Session| {
        object(Kind::Session, &one.pid.to_string(), &one.uid(), DatabaseFacts::Session(Box::new(one.clone())))
    };
    let place = PlaceFacts {
        server: "db:5432/shop".into(),
        version: Some("PostgreSQL 15.18".into()),
        identity: Some("watcher".into()),
        rights: Some("sees 86 of 87 sessions".into()),
        missing: vec!["what other roles' sessions do is hidden: GRANT pg_monitor TO \"watcher\";".into()],
    };
    let all = vec![
        News::Place(main(), place),
        whole(Kind::Server, vec![object(Kind::Server, "main", "1", server)]),
        whole(Kind::Session, sessions.iter().map(of).collect()),
        News::Feed(main(), FeedState::Live),
    ];
    news(&mut model, all);
    model
}

#[test]
fn sessions_at_every_size() {
    for (columns, rows) in SIZES {
        snap(&format!("sessions_{columns}x{rows}"), &live(columns, rows, &sessions()));
    }
}

fn grouped(columns: u16, rows: u16) -> Model {
    let mut model = live(columns, rows, &sessions());
    press(&mut model, "b");
    let limit = |by, name: &str| (by == By::User && name == "web").then_some(100);
    let of = |group: Group| {
        let name = format!("{} {}", group.by.word(), group.value);
        object(Kind::SessionGroup, &name, &name, DatabaseFacts::Group(Box::new(group)))
    };
    let groups = groups(&sessions(), limit).into_iter().map(of).collect();
    news(&mut model, vec![whole(Kind::SessionGroup, groups)]);
    model
}

#[test]
fn sessions_are_grouped_by_one_key_and_a_group_leads_to_its_own() {
    let mut model = grouped(80, 24);
    snap("groups_by_application_80x24", &model);
    press(&mut model, "b");
    snap("groups_by_user_80x24", &model);
    press(&mut model, "Enter");
    assert_eq!((model.board.kind, model.board.filter.text()), (Kind::Session, "=user=web "));
    assert_eq!(model.listing(Kind::Session).unwrap().len(), 81);
    // Of the states one has blanks in its name.
    press(&mut model, "b b b b");
    assert_eq!(model.board.filter.text(), "=by=state ");
    let mut names = model.listing(Kind::SessionGroup).unwrap().first(9);
    let at = names.position(|(row, _)| &*row.id.name == "state idle in tx").unwrap();
    drop(names);
    press(&mut model, &format!("g {} Enter", "j ".repeat(at)));
    assert_eq!(model.board.filter.text(), "=state=idle_in_tx ");
    assert_eq!(model.listing(Kind::Session).unwrap().len(), 1);
    press(&mut model, "Esc");
    assert_eq!(model.listing(Kind::Session).unwrap().len(), 87, "Esc shows the others again");
    snap("groups_120x40", &{
        let mut all = grouped(120, 40);
        press(&mut all, "Esc");
        all
    });
}

#[test]
fn all_that_the_filter_shows_is_marked_and_ended_at_once_and_our_own_is_left_out() {
    let mut model = live(80, 24, &sessions());
    press(&mut model, "/ i d l e space ! t x Enter *");
    assert_eq!(model.listing(Kind::Session).unwrap().marks(), (80, 0));
    snap("all_that_is_shown_is_marked_80x24", &model);
    // What is hidden later stays marked, and is told.
    press(&mut model, "/ Ctrl-U 7 0 7 9 Enter");
    assert_eq!(model.listing(Kind::Session).unwrap().marks(), (80, 79));
    snap("marked_and_hidden_80x24", &model);
    press(&mut model, "* /");
    press(&mut model, "Ctrl-U Enter");
    assert_eq!(model.listing(Kind::Session).unwrap().marks(), (79, 0), "the shown one is no longer marked");
    press(&mut model, "* C");
    let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
    assert!(said.contains("of 87 marked left out"), "{said}");
}

#[test]
fn sessions_of_an_age_are_asked_for_and_come_of_age_while_one_looks() {
    let mut model = live(80, 24, &sessions());
    press(&mut model, "/ a g e > 3 0 m Enter");
    let shown = |model: &Model| model.listing(Kind::Session).unwrap().len();
    assert_eq!(shown(&model), 1, "the report alone");
    press(&mut model, "/ Ctrl-U t x n > 6 m space a g e < 1 0 m Enter");
    assert_eq!(shown(&model), 2);
    press(&mut model, "/ Ctrl-U a g e > 3 5 m Enter");
    assert_eq!(shown(&model), 0);
    say(&mut model, Msg::Tick(ago(-200)));
    assert_eq!(shown(&model), 1, "nothing came but time");
}

#[test]
fn a_full_server_offers_the_reserved_role_by_one_key_and_takes_it_only_then() {
    let mut model = live(80, 24, &sessions());
    assert!(press(&mut model, "!").is_empty(), "nothing is full");
    model.settings.profile.endpoints[0].emergency_url = Some("postgres://rescue:pw@db/shop".into());
    let why =
        "the server is full: sorry, too many clients already; `emergency_url` gets in when it is asked for";
    let state = FeedState::Down { why: why.into(), next_try: Some(ago(-8)) };
    let effects = news(&mut model, vec![News::Feed(main(), state)]);
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Rescue(_))));
    snap("a_full_server_offers_a_way_in_80x24", &model);
    let effects = press(&mut model, "!");
    assert!(matches!(&effects[..], [Effect::Rescue(name)] if &**name == "main"), "{effects:?}");
    let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
    assert_eq!(said, "asking for a reserved slot of main as `rescue`");
}

#[test]
fn long_operations_say_how_far_they_are_and_replicas_that_there_are_none() {
    let mut model = live(120, 40, &sessions());
    press(&mut model, "] ]");
    snap("no_replicas_120x40", &model);
    let operation = |pid: i32, what: &str, phase: &str, done, total, unit: &str, notes: &str| {
        let operation = Operation {
            pid,
            what: what.into(),
            user: "web".into(),
            database: "shop".into(),
            on: "orders".into(),
            phase: phase.into(),
            done,
            total,
            unit: unit.into(),
            since: Some(ago(2_000)),
            notes: notes.into(),
        };
        object(
            Kind::Operation,
            &pid.to_string(),
            &pid.to_string(),
            DatabaseFacts::Operation(Box::new(operation)),
        )
    };
    let phase = "waiting for writers before build";
    let rows = vec![
        operation(5100, "VACUUM", "scanning heap", Some(123_456), Some(400_000), "blocks", ""),
        operation(5200, "CREATE INDEX CONCURRENTLY", phase, Some(0), Some(2), "locks", "waits for 4711"),
        operation(5300, "COPY FROM", "pipe", Some(3 << 30), None, "bytes", "1200000 rows"),
    ];
    press(&mut model, "] ] ] ]");
    assert_eq!(model.board.kind, Kind::Operation);
    news(&mut model, vec![whole(Kind::Operation, rows)]);
    snap("operations_120x40", &model);
    say(&mut model, Msg::Resized { columns: 80, rows: 24 });
    snap("operations_80x24", &model);
    let effects = press(&mut model, "j K");
    assert!(looked_for(&effects).is_some(), "its session is asked about");
}

#[test]
fn a_quiet_database() {
    let quiet =
        [session(1, "web", State::Idle, 30, "COMMIT"), session(2, "web", State::Active, 1, "SELECT 1")];
    let mut model = live(80, 24, &quiet);
    let calm = Server { used: 12, growth: Some(0), full_in: None, ..server(&quiet) };
    news(
        &mut model,
        vec![whole(
            Kind::Server,
            vec![object(Kind::Server, "main", "1", DatabaseFacts::Server(Box::new(calm)))],
        )],
    );
    snap("a_quiet_database_80x24", &model);
    press(&mut model, "0");
    snap("a_quiet_database_at_a_glance_80x24", &model);
}

#[test]
fn a_database_whose_sessions_are_hidden_is_not_called_well() {
    let hidden = Session {
        hidden: true,
        since: None,
        transaction: None,
        level: Level::Unknown,
        ..session(1, "web", State::Unknown, 0, "")
    };
    let mut model = live(80, 24, std::slice::from_ref(&hidden));
    let calm = Server { used: 12, growth: None, full_in: None, ..server(&[hidden]) };
    let row = object(Kind::Server, "main", "1", DatabaseFacts::Server(Box::new(calm)));
    news(&mut model, vec![whole(Kind::Server, vec![row])]);
    press(&mut model, "0");
    snap("a_database_whose_sessions_are_hidden_80x24", &model);
}

#[test]
fn a_full_database_at_a_glance() {
    let mut model = live(80, 24, &sessions());
    press(&mut model, "0");
    snap("a_full_database_at_a_glance_80x24", &model);
}

#[test]
fn a_database_that_is_down_keeps_its_rows() {
    let mut model = live(80, 24, &sessions());
    let why = "the server is full: sorry, too many clients already; `emergency_url` in the profile would get in as a reserved role";
    let state = FeedState::Down { why: why.into(), next_try: Some(ago(-8)) };
    news(&mut model, vec![News::Feed(main(), state)]);
    snap("a_database_that_is_down_80x24", &model);
}

#[test]
fn a_database_that_was_never_reached() {
    let mut model = model(80, 24);
    let state = FeedState::Down { why: "connection refused".into(), next_try: Some(ago(-8)) };
    news(&mut model, vec![News::Feed(main(), state)]);
    snap("a_database_that_was_never_reached_80x24", &model);
}

#[test]
fn the_servers_and_their_statements_have_tables_of_their_own() {
    let mut model = live(120, 40, &sessions());
    press(&mut model, "]");
    snap("servers_120x40", &model);
    press(&mut model, "] ]");
    let statement = |name: &str, query: &str, calls, time, lately| {
        let statement = Statement {
            database: "shop".into(),
            user: "web".into(),
            query: query.into(),
            total: Counted { calls, time, rows: calls * 3, hit: 9_000, read: 1_000 },
            lately,
        };
        object(Kind::Statement, name, name, DatabaseFacts::Statement(Box::new(statement)))
    };
    let lately = Counted { calls: 90, time: 12_000_000, ..Counted::default() };
    let rows = vec![
        statement("1", "SELECT * FROM stock WHERE id = $1", 4_000_000, 91_000_000, None),
        statement(
            "2",
            "SELECT sum(total) FROM orders",
            900,
            360_000_000,
            Some((lately, Duration::from_secs(10))),
        ),
    ];
    news(&mut model, vec![whole(Kind::Statement, rows)]);
    snap("statements_120x40", &model);
}

/// The looks that the last keys asked for.
fn looked_for(effects: &[Effect]) -> Option<firedeck::domain::approval::QuestionId> {
    effects.iter().find_map(|effect| match effect {
        Effect::Look(question, _) => Some(*question),
        _ => None,
    })
}

#[test]
fn killing_the_root_asks_about_the_one_that_all_wait_for() {
    let mut model = live(80, 24, &sessions());
    // The second row waits; what would be ended is the first.
    let effects = press(&mut model, "j X");
    let question = looked_for(&effects).expect("a look");
    let target = model.listing(Kind::Session).and_then(|l| l.all().find(|o| &*o.id.name == "4711")).unwrap();
    let native = firedeck::domain::action::Native {
        target: target.id.clone(),
        uid: target.uid.clone(),
        verb: Verb::Terminate { frees: 2 },
    };
    let findings = Findings {
        actions: vec![Looked { native, generation: None, also: None }],
        allowed: Check::Yes,
        effect: vec![
            "worker on shop from 10.0.3.17, application worker".into(),
            "idle in tx for 6m, transaction open for 7m".into(),
            "ran last: UPDATE stock SET n = n - 1 WHERE id = 17".into(),
            "frees 2 that wait for it: 4802, 4990".into(),
        ],
        identity: Some("watcher".into()),
        ..Findings::default()
    };
    news(&mut model, vec![News::Looked(question, Box::new(findings))]);
    snap("killing_the_root_80x24", &model);
}

#[test]
fn a_session_without_a_query_has_none_to_be_cancelled_and_our_own_is_left_alone() {
    let mut model = live(80, 24, &sessions());
    press(&mut model, "C");
    let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
    assert_eq!(said, "session 4711 runs no query: it is idle in tx");
    press(&mut model, "G K");
    let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
    assert_eq!(said, "that is firedeck's own session");
    press(&mut model, "k X");
    let said = model.flash.as_ref().map(|flash| flash.text.clone()).unwrap_or_default();
    assert!(said.starts_with("nobody waits for session"), "{said}");
    let _ = update;
}
