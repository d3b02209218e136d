//! Document 000: what stays for a while, how a night ends, and who is told; the connections of its database.
use std::sync::Arc;
use std::time::Duration;

use firedeck::domain::alert::{Alert, AlertFacts, AlertState};
use firedeck::domain::database::{By, DatabaseFacts, FULL, Server, Session, State, groups};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::level::Level;
use firedeck::domain::news::{News, Seen};
use firedeck::domain::object::{Facts, Kind, Object, ObjectRef};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::incident::What;
use firedeck::incident::event::{
    At, End, Ended, Milestone, Order, RunOpened, StepEnded, StepStarted, StepTicked, Tier, Verdict,
};
use firedeck::model::Model;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::run::Known;
use firedeck::model::shelf::Book;
use firedeck::runbook::execution::Run;

use super::hand::spot;
use super::paper;
use crate::common::estate::{
    NOW, ago, cockpit, connected, feed, id, news, press, say, shelve_all, type_text,
};
use crate::common::night::{Writer, milestone, open, written};
use crate::screens::picture;

/// A run of a runbook of the document is known here.
fn begin(model: &mut Model, jane: &mut Writer, name: &str, title: &str) -> Option<Book> {
    let document = Arc::new(paper::read("000")?);
    shelve_all(model, vec![document.clone()]);
    let runbook =
        document.runbooks.iter().find(|one| one.title.starts_with(title)).expect("a runbook").clone();
    let book = Book { document, runbook };
    let run = Run::new(name, book.runbook.clone());
    say(model, Msg::RunKnown(Box::new(Known { run, book: book.clone() })));
    let opened = What::RunOpened(Box::new(RunOpened {
        run: name.into(),
        path: book.document.path.clone(),
        document: book.document.title.clone(),
        runbook: book.runbook.title.clone(),
        line: book.runbook.line,
        kept: None,
        host: "box".into(),
        alert: None,
        by: "jane".into(),
    }));
    tell(model, jane, opened);
    Some(book)
}

fn tell(model: &mut Model, jane: &mut Writer, what: What) {
    let event = jane.tell(NOW, what);
    say(model, Msg::Recorded(vec![event.clone()]));
    say(model, Msg::Told(Box::new(event)));
}

/// The command at this line has run there, and went well.
fn ran(model: &mut Model, jane: &mut Writer, run: &str, book: &Book, line: u32) {
    let (step, command) = spot(&book.runbook, line);
    let one = &book.runbook.steps[step as usize].commands[command as usize].statement;
    let at = At { run: run.into(), step, command: Some(command) };
    let order = Order { session: format!("s{line}"), statement: 1 };
    let started = StepStarted {
        at: at.clone(),
        order: order.clone(),
        n: "1".into(),
        line,
        end_line: one.end_line,
        text: one.text.clone(),
        edited: false,
        tier: Tier::Change,
        why: String::new(),
        host: "box".into(),
        workdir: String::new(),
        context: "prod-eu".into(),
        namespace: "lego-mcp".into(),
        namespace_origin: String::new(),
        question: None,
        revision: 0,
        typed: None,
        reason: None,
        by: "jane".into(),
    };
    let ended = StepEnded {
        at,
        order,
        end: End::Exit(vec![0]),
        verdict: Verdict::Ok,
        says: String::new(),
        milliseconds: 5,
        output: Vec::new(),
    };
    tell(model, jane, What::StepStarted(Box::new(started)));
    tell(model, jane, What::StepEnded(Box::new(ended)));
}

#[test]
fn a000_10_fallback_pool_and_quarantine_stay_listed_until_they_are_taken_back_or_dismissed() {
    let mut model = cockpit(120, 40);
    let mut jane = open(&mut model, 462);
    let lines = [("HSM Unavailable", 247), ("Database Connection", 208), ("Security Incident", 481)];
    for (n, (title, line)) in lines.iter().enumerate() {
        let run = format!("r{n}");
        let Some(book) = begin(&mut model, &mut jane, &run, title) else { return };
        model.flash = None;
        ran(&mut model, &mut jane, &run, &book, *line);
        let flash = model.flash.as_ref().map_or("", |flash| flash.text.as_str()).to_owned();
        assert!(flash.contains("this is temporary"), "{title}: {flash}");
        press(&mut model, "i m");
        let effects = press(&mut model, "Enter");
        assert!(
            matches!(effects.as_slice(), [Effect::Tell(what)] if matches!(**what, What::MeasureOpened(_))),
            "{title}: {effects:?} {}",
            picture(&model)
        );
        written(&mut model, &mut jane, effects);
    }
    let names = |model: &Model| -> Vec<String> {
        let state = model.incidents.state().expect("open");
        state.open_measures().map(|measure| format!("{} {}", measure.what, measure.now)).collect()
    };
    let all = names(&model);
    assert_eq!(all.len(), 3, "{all:?}");
    assert!(all[0].contains("HSM_FALLBACK_ENABLED") && all[0].ends_with("true"), "{all:?}");
    assert!(all[1].contains("DB_POOL_SIZE") && all[1].ends_with("30"), "{all:?}");
    assert!(all[2].to_lowercase().contains("quarantine"), "{all:?}");
    // They are still there when the cockpit comes back, and at the end something is left.
    press(&mut model, "i");
    let seen = picture(&model);
    assert!(seen.contains("3 open"), "{seen}");
    tell(&mut model, &mut jane, milestone(Milestone::Resolved, 0, "jane"));
    press(&mut model, "C");
    assert!(picture(&model).contains("not taken back"), "{}", picture(&model));
    press(&mut model, "Esc");
    for (at, ended) in [(0, Ended::Reverted), (1, Ended::Dismissed)] {
        let first =
            model.incidents.state().expect("open").open_measures().next().expect("one").measure.clone();
        let close = What::MeasureClosed(firedeck::incident::event::MeasureClosed {
            measure: first,
            ended,
            why: "done".into(),
            by: "jane".into(),
        });
        tell(&mut model, &mut jane, close);
        assert_eq!(names(&model).len(), 2 - at);
    }
}

fn alerted(model: &mut Model) {
    let alert = Alert {
        name: "DashboardDown".into(),
        apart: "lego-mcp".into(),
        state: AlertState::Firing,
        severity: "critical".into(),
        since: Some(ago(300)),
        ..Alert::default()
    };
    let object = Object {
        id: id(Kind::Alert, "", "DashboardDown-ab12"),
        uid: "".into(),
        created: ago(300),
        deleting: false,
        owner: None,
        facts: Facts::Alerts(AlertFacts::Alert(Box::new(alert))),
    };
    news(model, vec![News::Objects(feed(Kind::Alert), vec![Seen::Is(object)])]);
}

#[test]
fn a000_11_the_handover_knows_what_is_open_and_closing_writes_the_time_line_and_a_date() {
    let mut model = cockpit(120, 60);
    let mut jane = open(&mut model, 462);
    alerted(&mut model);
    let Some(book) = begin(&mut model, &mut jane, "r1", "Service Outage") else { return };
    tell(
        &mut model,
        &mut jane,
        What::StepTicked(StepTicked {
            run: "r1".into(),
            step: 0,
            item: None,
            ticked: true,
            by: "jane".into(),
        }),
    );
    ran(&mut model, &mut jane, "r1", &book, 110);
    // Whoever hands the shift over reads what the document lists, filled in.
    press(&mut model, "H");
    let handover = model.incidents.screen.handover.clone().expect("a handover");
    let seen = picture(&model);
    for words in ["DashboardDown", "no connections left", "Service Outage"] {
        assert!(seen.contains(words), "{words}: {seen}");
    }
    let unticked = handover.runs[0].unticked.clone().expect("its steps");
    let last = &book.runbook.steps.last().expect("a step").title;
    assert!(unticked.iter().any(|step| step.contains(last.as_str())), "{unticked:?}");
    assert!(!unticked.iter().any(|step| step.starts_with("1 ")), "{unticked:?}");
    press(&mut model, "i");
    for key in ["A", "M", "R"] {
        let effects = press(&mut model, key);
        written(&mut model, &mut jane, effects);
    }
    press(&mut model, "C");
    type_text(&mut model, "the rest is for the day");
    let effects = press(&mut model, "Enter");
    let effects = written(&mut model, &mut jane, effects);
    assert!(matches!(effects.as_slice(), [Effect::LeaveIncident]), "{effects:?}");
    let says = model.flash.as_ref().map_or("", |flash| &flash.text).to_owned();
    let effects = press(&mut model, "w");
    let [Effect::Write { text, .. }] = effects.as_slice() else { panic!("{effects:?}") };
    // Two days behind its end, to the minute.
    assert!(says.contains("to be looked back upon by Fri 27 Mar 12:00"), "{says}");
    assert!(text.contains("line 110") && text.contains("kubectl get pods"), "{text}");
}

fn database(columns: u16, rows: u16) -> Model {
    let mut model = connected(columns, rows);
    model.settings.profile.endpoints.push(Endpoint::new(Backend::Postgres, "main", "postgres://db/lego"));
    press(&mut model, "5");
    model
}

fn main() -> Feed {
    Feed::Endpoint(Backend::Postgres, "main".into())
}

fn row(kind: Kind, name: &str, facts: DatabaseFacts) -> Object {
    let id = ObjectRef { context: "main".into(), kind, namespace: "".into(), name: name.into() };
    Object {
        id,
        uid: name.into(),
        created: ago(3_600),
        deleting: false,
        owner: None,
        facts: Facts::Database(facts),
    }
}

fn session(pid: i32, client: &str, idle: i64) -> Session {
    Session {
        pid,
        began: "2026-03-25 11:00:00+00".into(),
        backend: "client backend".into(),
        user: "lego_mcp".into(),
        database: "lego_mcp".into(),
        application: "dashboard".into(),
        client: client.into(),
        state: State::Idle,
        since: Some(ago(idle)),
        transaction: None,
        query_began: Some(ago(idle)),
        wait: None,
        xmin_age: None,
        query_id: None,
        query: "COMMIT".into(),
        blocked: None,
        hidden: false,
        own: false,
        level: Level::Fine,
    }
}

fn live(model: &mut Model, sessions: &[Session]) {
    let whole = |kind, rows: Vec<Object>| {
        let rows = std::iter::once(Seen::Begin).chain(rows.into_iter().map(Seen::Is)).chain([Seen::End]);
        News::Rows(main(), kind, rows.collect())
    };
    let mut server = Server {
        version: "15.18".into(),
        started: ago(9 * 86_400),
        used: u32::try_from(sessions.len()).expect("few"),
        max: 100,
        reserved: 3,
        ..Server::default()
    };
    server.count(sessions);
    let all = groups(sessions, |_, _| None).into_iter();
    let groups = all.map(|group| {
        let name = format!("{} {}", group.by.word(), group.value);
        row(Kind::SessionGroup, &name, DatabaseFacts::Group(Box::new(group)))
    });
    let groups = groups.collect();
    let of = |one: &Session| {
        row(Kind::Session, &one.pid.to_string(), DatabaseFacts::Session(Box::new(one.clone())))
    };
    let batch = vec![
        whole(Kind::Server, vec![row(Kind::Server, "main", DatabaseFacts::Server(Box::new(server)))]),
        whole(Kind::Session, sessions.iter().map(of).collect()),
        whole(Kind::SessionGroup, groups),
        News::Feed(main(), FeedState::Live),
    ];
    news(model, batch);
}

#[test]
fn a000_12_the_connections_show_how_many_whose_and_who_is_idle_for_ten_minutes() {
    let mut model = database(160, 40);
    let mut all: Vec<Session> = (0..5).map(|n| session(100 + n, "10.0.3.17", 900)).collect();
    all.extend((0..3).map(|n| session(200 + n, "10.0.3.18", 30)));
    live(&mut model, &all);
    let seen = picture(&model);
    assert!(seen.contains("8 of 97 used"), "{seen}");
    assert!(seen.contains("5 idle over 10 min"), "{seen}");
    // By the address of the client, as the document counts them.
    press(&mut model, "b b b");
    let seen = picture(&model);
    let line =
        |client: &str| seen.lines().find(|line| line.contains(client) && line.contains(By::Client.word()));
    assert!(line("10.0.3.17").is_some_and(|line| line.contains('5')), "{seen}");
    assert!(line("10.0.3.18").is_some_and(|line| line.contains('3')), "{seen}");
    assert!(Duration::from_mins(10) < Duration::from_mins(15));
}

#[test]
fn a000_12_a_full_server_is_the_servers_trouble_and_not_ours() {
    let mut model = database(160, 40);
    let why = format!("{FULL}: sorry, too many clients already");
    news(&mut model, vec![News::Feed(main(), FeedState::Down { why, next_try: Some(ago(-8)) })]);
    let seen = picture(&model);
    assert!(seen.contains(FULL) && seen.contains("too many"), "{seen}");
    assert!(!seen.contains("error"), "{seen}");
}
