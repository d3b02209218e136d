//! Document 000 against a real `PostgreSQL`: the connections are counted, shown by whose they are, and ended.
use firedeck::domain::approval::Tier;
use firedeck::incident::event::Verdict;
use firedeck::model::msg::Msg;
use firedeck::model::run::News;
use firedeck::runbook::judge::Offer;

use super::shells::Shells;
use crate::postgres::watched::{app, fill, url};
use crate::suite::{cockpit, postgres_is_mine};

/// A role as the document has it, which sees a part of the sessions as if they had rested for twenty minutes: nobody
/// waits that long.
const ROLE: &[&str] = &[
    "CREATE ROLE lego_mcp LOGIN PASSWORD 'suite' IN ROLE pg_monitor, pg_signal_backend",
    "CREATE SCHEMA aged",
    "CREATE VIEW aged.pg_stat_activity AS SELECT datid, datname, pid, usesysid, usename, application_name, client_addr, \
     client_hostname, client_port, backend_start, xact_start, query_start - CASE WHEN application_name = 'aged' THEN \
     interval '20 minutes' ELSE interval '0' END AS query_start, state_change, wait_event_type, wait_event, state, \
     backend_xid, backend_xmin, query, backend_type FROM pg_catalog.pg_stat_activity",
    "GRANT USAGE ON SCHEMA aged TO lego_mcp",
    "GRANT SELECT ON aged.pg_stat_activity TO lego_mcp",
    "ALTER ROLE lego_mcp SET search_path = aged, pg_catalog, public",
];

/// `kubectl exec … -- psql …`, where the pod's server is the suite's.
fn kubectl(version: &str) -> String {
    let url = url(version, "lego_mcp");
    let server = url.rsplit('@').next().expect("a server").split('/').next().expect("an address").to_owned();
    let (host, port) = server.rsplit_once(':').expect("a port");
    format!(
        "export PGHOST={host} PGPORT={port} PGPASSWORD=suite PGDATABASE=postgres\n\
         [ \"$1\" = exec ] || exit 1\nwhile [ \"$1\" != -- ]; do shift; done\nshift\nexec \"$@\""
    )
}

async fn role(version: &str) {
    let admin = app(version, "postgres", "acceptance").await;
    let there = admin.client.query("SELECT 1 FROM pg_roles WHERE rolname = 'lego_mcp'", &[]).await;
    if there.expect("an answer").is_empty() {
        for sql in ROLE {
            admin.run(sql).await;
        }
    }
}

fn number(text: &str) -> u32 {
    let found = text.lines().find_map(|line| line.trim().parse().ok());
    found.unwrap_or_else(|| panic!("no number: {text}"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a000_04_connections_are_counted_shown_by_client_and_those_that_rest_are_ended_by_name() {
    let version = "15";
    let _alone = postgres_is_mine(version).await;
    role(version).await;
    let tool = kubectl(version);
    let Some(mut shells) = Shells::open("000", "Database Connection", &[("kubectl", &tool)]).await else {
        return;
    };
    let mut aged = Vec::new();
    for _ in 0..3 {
        aged.push(app(version, "web", "aged").await);
    }
    let fresh = app(version, "web", "fresh").await;
    let counted = shells.runs(189).await;
    assert_eq!(counted.verdict, Verdict::Ok, "{}", counted.says);
    assert!(number(&shells.desk.output(&counted.order)) >= 5);
    let sources = shells.runs(195).await;
    let out = shells.desk.output(&sources.order);
    assert_eq!(sources.verdict, Verdict::Ok, "{}", sources.says);
    assert!(out.contains("client_addr") && out.contains("127.0.0.1"), "{out}");

    let ordered = shells.ordered(201);
    assert_eq!((ordered.command.line, ordered.command.tier), (201, Tier::Danger));
    let found = shells.looks(&ordered).await;
    let effect = found.effect.join("\n");
    assert!(effect.contains("3 connections would be ended"), "{found:#?}");
    assert!(effect.contains("web") && effect.contains("127.0.0.1"), "{found:#?}");
    let approved = shells.typed(ordered.command, found);
    shells.desk.runs.begin(approved, Vec::new());
    shells.desk.started().await;
    let ended = shells.desk.ended().await;
    assert!(matches!(ended.verdict, Verdict::Ok | Verdict::Accepted), "{ended:?}");
    assert!(ended.says.contains("3 of 3 ended"), "{}", ended.says);
    for one in &aged {
        assert!(one.client.simple_query("SELECT 1").await.is_err(), "{} lives", one.pid);
    }
    fresh.run("SELECT 1").await;
    let admin = app(version, "postgres", "acceptance").await;
    let left = "SELECT count(*) FROM aged.pg_stat_activity WHERE state = 'idle' AND query_start < now() - interval '10 minutes'";
    let left: i64 = admin.client.query_one(left, &[]).await.expect("an answer").get(0);
    assert_eq!(left, 0);
    // Once more there is nothing to end, and the question says so.
    let again = shells.ordered(201);
    let found = shells.looks(&again).await;
    assert!(found.effect.iter().any(|line| line.contains("nothing would be hit")), "{found:#?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a000_12_the_connections_are_shown_and_a_full_server_is_said_to_be_full() {
    let version = "15";
    let _alone = postgres_is_mine(version).await;
    role(version).await;
    let address = url(version, "watcher").replace(":suite@", "@");
    let first = app(version, "web", "pool").await;
    let (screen, _home) = cockpit(&["--postgres", &address]);
    screen.press("5");
    screen.wait_until("how many of how many", |screen| {
        let text = screen.contents();
        text.contains(" of 22 used") && text.contains("pool")
    });
    // Twice more, to the clients.
    screen.press("bbb");
    screen.wait_until("the clients", |screen| {
        screen.contents().lines().any(|line| line.contains("client") && line.contains("127.0.0.1"))
    });
    screen.press("\x03");
    drop(screen);
    let mut all = vec![first.client];
    all.extend(fill(version).await);
    let (screen, _home) = cockpit(&["--postgres", &address]);
    screen.press("5");
    let seen = screen.wait_for("the server is full");
    assert!(!seen.contains("panicked") && !seen.contains("internal error"), "{seen}");
    screen.press("\x03");
    // The document's own step says the same, and offers the session that is held.
    let tool = kubectl(version);
    let Some(mut shells) = Shells::open("000", "Database Connection", &[("kubectl", &tool)]).await else {
        return;
    };
    let counted = shells.runs(189).await;
    assert_eq!(counted.verdict, Verdict::Failed);
    assert!(counted.says.contains("no connection slot left"), "{}", counted.says);
    let judged = shells.desk.until(|msg| matches!(msg, Msg::Ran(News::Judged { .. }))).await;
    let Msg::Ran(News::Judged { judged, .. }) = judged else { panic!("{judged:?}") };
    assert!(matches!(&judged.offer, Some(Offer::HeldSession { sql, .. }) if sql.len() == 1), "{judged:?}");
    drop(all);
}
