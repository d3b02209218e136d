//! Statements over the session that is held, while the server gives nobody another one.
use firedeck::domain::action::{Check, Native, Outcome, Verb};
use firedeck::domain::approval::Tier;
use firedeck::domain::object::{Kind, ObjectRef};
use tokio_postgres::NoTls;

use super::watched::{Watched, fill, url};
use crate::suite::{postgres_is_mine, postgres_versions};

fn native(sql: &[&str], risk: Tier) -> Native {
    let target =
        ObjectRef { context: "main".into(), kind: Kind::Server, namespace: "".into(), name: "main".into() };
    let sql = sql.iter().map(|one| (*one).to_owned()).collect();
    Native { target, uid: "".into(), verb: Verb::Query { sql, risk, meant: String::new() } }
}

/// Looks, and sends what the look left.
async fn query(watched: &Watched, sql: &[&str], risk: Tier) -> Outcome {
    let found = watched.look(&native(sql, risk)).await;
    assert_eq!((&found.allowed, &found.drift, found.unchecked.len()), (&Check::Yes, &None, 0), "{found:?}");
    watched.act(found.actions[0].clone()).await.0
}

fn settled(outcome: Outcome) -> String {
    match outcome {
        Outcome::Settled { says } => says,
        other => panic!("{other:?}"),
    }
}

const PID: &str = "SELECT pg_backend_pid() AS pid";

#[tokio::test]
async fn a_full_server_answers_over_the_session_that_is_held() {
    for version in postgres_versions() {
        let _alone = postgres_is_mine(version).await;
        let watched = Watched::at(version, "web", &[Kind::Session]).await;
        let all = fill(version).await;
        assert!(tokio_postgres::connect(&url(version, "web"), NoTls).await.is_err(), "nobody else comes in");

        let found = watched.look(&native(&["SELECT 1"], Tier::Read)).await;
        assert_eq!(found.identity.as_deref(), Some("web"));
        assert!(found.effect.concat().contains("as `web` on database `postgres`"), "{found:?}");
        let pid = settled(query(&watched, &[PID], Tier::Read).await);
        let says = settled(
            query(&watched, &["SELECT id, null AS n FROM stock ORDER BY id LIMIT 3"], Tier::Read).await,
        );
        assert_eq!(says, "3 rows\nid  n\n──  ────\n1   null\n2   null\n3   null");
        let many = "SELECT g FROM generate_series(1, 300000) g";
        let says = settled(query(&watched, &[many, "SELECT 7 AS seven"], Tier::Read).await);
        assert!(says.starts_with("300,000 rows, the first 200 are shown; seven = 7 (1 row)\n"), "{says}");

        let why = query(&watched, &["SELECT 1; SELECT * FROM nowhere"], Tier::Read).await;
        assert!(
            matches!(&why, Outcome::Failed { why } if why.contains("nowhere") && why.contains("(42P01)")),
            "{why:?}"
        );
        let why = query(&watched, &["SELECT FROM WHERE"], Tier::Change).await;
        assert!(matches!(&why, Outcome::Refused { why } if why.contains("(42601)")), "{why:?}");
        let why = query(&watched, &["DELETE FROM stock"], Tier::Read).await;
        assert!(
            matches!(&why, Outcome::Refused { why } if why.contains("(25006)")),
            "what was read as reading only reads: {why:?}"
        );
        let copy = native(&["COPY stock FROM STDIN"], Tier::Change);
        assert!(matches!(&watched.look(&copy).await.allowed, Check::No(why) if why.contains("psql itself")));

        // What it does is done, and what is not committed is not.
        let done = settled(query(&watched, &["UPDATE stock SET n = 5 WHERE id < 3"], Tier::Change).await);
        assert_eq!(done, "done, 2 rows");
        let open =
            "BEGIN; SET work_mem = '77MB'; SET statement_timeout = 1; UPDATE stock SET n = 9 WHERE id < 3";
        let open = settled(query(&watched, &[open, "SET search_path = nowhere"], Tier::Change).await);
        assert!(
            open.lines()
                .next()
                .is_some_and(|first| first.ends_with("a transaction was left open: it was undone")),
            "{open}"
        );
        let set = "SET work_mem = '77MB'; SET search_path = nowhere; CREATE TEMP TABLE mine (n int); SET ROLE web; \
            SELECT pg_advisory_lock(7)";
        settled(query(&watched, &[set], Tier::Change).await);
        let left = "SELECT current_setting('work_mem') = '77MB' AS big, current_setting('search_path') LIKE '%nowhere%' AS lost, \
            to_regclass('pg_temp.mine') AS own, (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory') AS locks, \
            current_setting('TimeZone') AS zone, (SELECT min(n) FROM stock WHERE id < 3) AS n";
        let left = settled(query(&watched, &[left], Tier::Read).await);
        let values: Vec<&str> = left.lines().last().expect("a row").split_whitespace().collect();
        assert_eq!(values, ["f", "f", "null", "0", "UTC", "5"], "{left}");
        settled(query(&watched, &["UPDATE stock SET n = 0 WHERE id < 3"], Tier::Change).await);
        assert_eq!(settled(query(&watched, &[PID], Tier::Read).await), pid, "it is the same session");
        drop(all);
    }
}

#[tokio::test]
async fn what_takes_too_long_is_ended_and_the_session_is_kept() {
    let _alone = postgres_is_mine("18").await;
    let watched = Watched::at("18", "web", &[Kind::Session]).await;
    let pid = settled(query(&watched, &[PID], Tier::Read).await);
    let long = query(&watched, &["SELECT pg_sleep(60)"], Tier::Read).await;
    assert!(matches!(&long, Outcome::Refused { why } if why.contains("more than 20 s")), "{long:?}");
    let longer = query(&watched, &["SET statement_timeout = 0; SELECT pg_sleep(60)"], Tier::Change).await;
    assert!(matches!(&longer, Outcome::Uncertain { why } if why.contains("cancelled")), "{longer:?}");
    assert_eq!(settled(query(&watched, &[PID], Tier::Read).await), pid, "it is the same session");
}

#[tokio::test]
async fn what_was_shown_of_one_session_is_not_sent_over_another() {
    let _alone = postgres_is_mine("15").await;
    let watched = Watched::at("15", "web", &[Kind::Session]).await;
    let mut looked = watched.look(&native(&["SELECT 1"], Tier::Read)).await.actions[0].clone();
    looked.also.as_mut().expect("which session it is")[0] = "admin".into();
    let (outcome, _) = watched.act(looked).await;
    assert!(matches!(&outcome, Outcome::Refused { why } if why.contains("another session")), "{outcome:?}");
}
