//! A line that finds its server full: what is offered, what is asked, and what is told of the answer.
use firedeck::domain::action::{Check, Findings, Looked, Native, Outcome, Verb};
use firedeck::domain::approval::{Plan, QuestionId, Tier};
use firedeck::domain::feed::{Feed, FeedState};
use firedeck::domain::news::{News, PlaceFacts};
use firedeck::domain::settings::{Backend, Endpoint};
use firedeck::domain::time::Timestamp;
use firedeck::incident::event::Verdict;
use firedeck::model::msg::{Effect, Msg};
use firedeck::model::run;
use firedeck::runbook::execution::State;
use firedeck::runbook::judge::{Judged, Named, Offer};

use crate::common::desk::Desk;
use crate::common::estate::{news, press, say, type_text};
use crate::screens::picture;

const PAGE: &str = "# Yard

## The ledger takes nobody in

1. Look
   ```bash
   psql -h ledger -d yard -c 'SELECT count(*) FROM pg_stat_activity'
   uptime
   ```
";

const OFFERED: &str = "the server is full: Q asks it over the session that firedeck holds";

/// The first line has failed, with these texts of it to be asked elsewhere.
fn failed(sql: &[&str], named: Named) -> Desk {
    let mut desk = Desk::open(PAGE);
    // Wide enough for every sentence to stand in one line.
    say(&mut desk.model, Msg::Resized { columns: 240, rows: 60 });
    desk.keys("Enter");
    let at = desk.last.clone().expect("it runs").0;
    desk.ends(Verdict::Failed);
    let offer = Offer::HeldSession { sql: sql.iter().map(|one| (*one).to_owned()).collect(), named };
    let judged = Judged {
        verdict: Verdict::Failed,
        says: "no slot is left (53300)".into(),
        warnings: Vec::new(),
        watch: None,
        offer: Some(offer),
    };
    say(&mut desk.model, Msg::Ran(run::News::Judged { at, judged }));
    desk
}

/// A database whose session is held.
fn holds(desk: &mut Desk, name: &str, place: &str) {
    let feed = Feed::Endpoint(Backend::Postgres, name.into());
    let facts = PlaceFacts { server: place.into(), identity: Some("ada".into()), ..PlaceFacts::default() };
    let endpoint = Endpoint::new(Backend::Postgres, name, format!("postgres://{place}"));
    desk.model.settings.profile.endpoints.push(endpoint);
    news(&mut desk.model, vec![News::Place(feed.clone(), facts), News::Feed(feed, FeedState::Live)]);
}

fn asked(desk: &mut Desk) -> Option<(QuestionId, Native)> {
    match press(&mut desk.model, "Q").as_slice() {
        [Effect::Look(id, Plan::Native(natives))] => Some((*id, natives[0].clone())),
        [] => None,
        other => panic!("{other:?}"),
    }
}

fn query(native: &Native) -> (&[String], Tier, &str) {
    match &native.verb {
        Verb::Query { sql, risk, meant } => (sql, *risk, meant),
        other => panic!("{other:?}"),
    }
}

/// The look answers, and the question is shown and read.
fn read(desk: &mut Desk, id: QuestionId, native: &Native) {
    let looked = Looked { native: native.clone(), generation: None, also: None };
    let found = Findings { actions: vec![looked], allowed: Check::Yes, ..Findings::default() };
    news(&mut desk.model, vec![News::Looked(id, Box::new(found))]);
    let revision = desk.model.questions.open.as_ref().expect("a question").revision();
    let at = Timestamp(desk.model.now.0 - 1_000);
    say(&mut desk.model, Msg::Shown { question: id, revision, at });
}

#[test]
fn a_failed_line_is_asked_over_the_session_that_is_held_and_its_answer_is_told() {
    let named = Named { host: Some("ledger".into()), database: Some("yard".into()), ..Named::default() };
    let mut desk = failed(&["SELECT count(*) FROM pg_stat_activity"], named);
    holds(&mut desk, "books", "books:5432/yard");
    holds(&mut desk, "main", "ledger:5432/yard");
    assert!(picture(&desk.model).contains(OFFERED), "{}", picture(&desk.model));
    let (id, native) = asked(&mut desk).expect("it is asked");
    assert_eq!(&*native.target.name, "main", "the one that the command names");
    assert_eq!(query(&native), (&["SELECT count(*) FROM pg_stat_activity".to_owned()][..], Tier::Read, ""));
    assert_eq!(desk.tier(), Some(Tier::Change), "it is always asked");
    read(&mut desk, id, &native);
    let text = picture(&desk.model);
    assert!(text.contains("SELECT count(*) FROM pg_stat_activity") && text.contains("as ada"), "{text}");
    assert!(text.contains("┌ read ─"), "{text}");
    let effects = press(&mut desk.model, "y");
    let [Effect::Perform(action, _)] = effects.as_slice() else { panic!("{effects:?}") };
    let says = "2 rows\nid   name\n───  ────\n1    crane\n100  belt".to_owned();
    let settled = Outcome::Settled { says };
    let effects = news(&mut desk.model, vec![News::Acted(*action, native.target.clone(), settled)]);
    assert_eq!(desk.flash(), "query main: 2 rows …");
    // Its line is done by that, and has the rows as what it wrote.
    desk.serve(effects);
    assert_eq!(desk.state(0, 0), State::Ok);
    let text = picture(&desk.model);
    for line in ["2 rows", "│ id   name", "│ 100  belt"] {
        assert!(text.lines().any(|own| own.contains(line)), "{line}: {text}");
    }
    assert!(!text.contains("the server is full"), "{text}");
    press(&mut desk.model, "o");
    let text = picture(&desk.model);
    assert!(text.contains("psql -h ledger") && text.contains("100  belt"), "{text}");
    press(&mut desk.model, "Esc");
    press(&mut desk.model, "a");
    let text = picture(&desk.model);
    for line in ["2 rows", "id   name", "1    crane", "100  belt"] {
        assert!(text.lines().any(|own| own.contains(line)), "{line}: {text}");
    }
}

#[test]
fn what_destroys_asks_for_the_name_of_the_server() {
    let mut desk = failed(&["SELECT 1", "DELETE FROM bookings"], Named::default());
    holds(&mut desk, "main", "ledger:5432/yard");
    let (id, native) = asked(&mut desk).expect("it is asked");
    assert_eq!((query(&native).1, desk.tier()), (Tier::Danger, Some(Tier::Danger)));
    read(&mut desk, id, &native);
    assert!(press(&mut desk.model, "y").is_empty());
    press(&mut desk.model, "Ctrl-U");
    type_text(&mut desk.model, "main");
    press(&mut desk.model, "Enter");
    let effects = press(&mut desk.model, "Enter");
    assert!(matches!(effects[..], [Effect::Perform(..)]), "{effects:?}");
}

#[test]
fn without_a_session_it_says_so_and_asks_nothing() {
    let mut desk = failed(&["SELECT 1"], Named::default());
    let none = "no database pane holds a session: name the server in the profile";
    assert!(picture(&desk.model).contains(none), "{}", picture(&desk.model));
    assert_eq!(asked(&mut desk), None);
    assert_eq!(desk.flash(), none);
    holds(&mut desk, "main", "ledger:5432/yard");
    let feed = Feed::Endpoint(Backend::Postgres, "main".into());
    let down = FeedState::Down { why: "the server is full".into(), next_try: None };
    news(&mut desk.model, vec![News::Feed(feed, down)]);
    assert_eq!(asked(&mut desk), None);
    assert!(desk.flash().contains("no database pane holds a session now"), "{}", desk.flash());
}

#[test]
fn another_server_than_the_command_names_is_said_in_the_question() {
    let named = Named { host: Some("replica".into()), ..Named::default() };
    let mut desk = failed(&["SELECT 1"], named);
    holds(&mut desk, "main", "ledger:5432/yard");
    let (id, native) = asked(&mut desk).expect("it is asked");
    assert_eq!(query(&native).2, "`replica`");
    read(&mut desk, id, &native);
    let text = picture(&desk.model);
    assert!(text.contains("the command names `replica`"), "{text}");

    let mut desk = failed(&["SELECT 1"], Named::default());
    holds(&mut desk, "books", "books:5432/yard");
    holds(&mut desk, "main", "ledger:5432/yard");
    let (_, native) = asked(&mut desk).expect("it is asked");
    assert_eq!(&*native.target.name, "books");
    assert!(desk.flash().contains("several databases are held: this is `books`"), "{}", desk.flash());
}

#[test]
fn what_is_no_statement_or_bears_a_secret_is_not_asked() {
    for (sql, why) in [
        ("\\d bookings", "psql itself"),
        ("COPY bookings FROM STDIN", "psql itself"),
        ("ALTER ROLE web PASSWORD 'hunter2'", "a secret"),
        ("SELECT * FROM logins WHERE token = (hidden)", "a secret"),
    ] {
        let mut desk = failed(&[sql], Named::default());
        holds(&mut desk, "main", "ledger:5432/yard");
        assert_eq!(asked(&mut desk), None, "{sql}");
        assert!(desk.flash().contains(why), "{sql}: {}", desk.flash());
    }
}

#[test]
fn a_line_that_did_not_fail_so_offers_nothing_by_itself() {
    let mut desk = failed(&["SELECT 1"], Named::default());
    holds(&mut desk, "main", "ledger:5432/yard");
    desk.keys("j");
    assert_eq!(asked(&mut desk), None, "no statement stands in it");
    // Begun again, it is not known yet.
    desk.keys("k Enter");
    assert!(!picture(&desk.model).contains(OFFERED));
    desk.ends(Verdict::Ok);
    assert!(!picture(&desk.model).contains(OFFERED));
}

#[test]
fn a_line_goes_over_the_held_session_without_having_failed_first() {
    let mut desk = failed(&["SELECT 1"], Named::default());
    holds(&mut desk, "main", "ledger:5432/yard");
    desk.keys("Enter");
    desk.ends(Verdict::Ok);
    desk.keys("k");
    let (_, native) = asked(&mut desk).expect("it is asked");
    let (sql, risk, meant) = query(&native);
    assert_eq!(
        (sql, risk, meant),
        (&["SELECT count(*) FROM pg_stat_activity".to_owned()][..], Tier::Read, "")
    );
}

#[test]
fn long_statements_are_read_to_their_end_in_the_question() {
    let sql = (0..60).map(|n| format!("SELECT {n} AS column_{n};\n")).collect::<Vec<_>>().concat();
    let mut desk = failed(&[&sql], Named::default());
    holds(&mut desk, "main", "ledger:5432/yard");
    let (id, native) = asked(&mut desk).expect("it is asked");
    read(&mut desk, id, &native);
    let first = picture(&desk.model);
    assert!(first.contains("column_0") && first.contains("more: Down shows them"), "{first}");
    for _ in 0..59 {
        press(&mut desk.model, "Down");
    }
    let last = picture(&desk.model);
    assert!(last.contains("column_59"), "{last}");
}
