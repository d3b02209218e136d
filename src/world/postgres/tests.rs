//! The server as clients see it: what it answers, what it refuses, and what it does when it is full.
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::command::{Reply, split};
use super::*;

pub const START: i64 = 1_800_000_000;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(START + seconds).expect("a time")
}

fn pool(name: &str, size: usize, work: Work) -> Pool {
    Pool {
        name: name.into(),
        application: name.into(),
        user: "app".into(),
        database: "orders".into(),
        size,
        work,
        query: format!("UPDATE orders SET note = '{name}'"),
        age: 900.0,
        table: Some("orders".into()),
        ..Pool::default()
    }
}

/// A server of twenty slots with an application's database.
pub fn database() -> Database {
    let mut db = Database::new(7, at(0));
    db.setting("max_connections", "20");
    for (name, groups) in
        [("app", vec![]), ("plain", vec![]), ("mon", vec!["pg_monitor", "pg_signal_backend"])]
    {
        let member_of = groups.into_iter().map(str::to_owned).collect();
        db.role(Role { name: name.into(), member_of, ..Role::default() });
    }
    db.role(Role { name: "guarded".into(), password: Some("secret".into()), ..Role::default() });
    db.base("orders", "app", 1 << 20);
    db.base("mcp", "app", 1 << 20);
    for (name, second) in [("orders", ("note", "text")), ("stock", ("n", "int4"))] {
        let columns = &[("id", "int8"), second, ("created_at", "timestamptz")];
        let table = Table {
            database: "orders",
            name,
            columns,
            rows: 40,
            bytes: 1 << 20,
            dead: 9,
            bloat: 5,
            indexes: &[second.0],
            scans: 3,
        };
        db.table(&table);
    }
    db.replica(Replica {
        name: "copy".into(),
        client: "10.0.0.9".into(),
        state: Some("streaming".into()),
        slot: true,
        ..Replica::default()
    });
    db
}

pub fn ask(db: &mut Database, user: &str, sql: &str) -> String {
    db.query(user, "orders", sql, true).unwrap_or_else(|fault| fault).trim_end().to_owned()
}

/// The code of what a statement is refused with.
fn code(db: &mut Database, user: &str, sql: &str) -> &'static str {
    let said =
        [("user", user), ("database", "orders")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (pid, _) = db.connect(&BTreeMap::from(said), None, None).expect("a session");
    let answer =
        split(sql).and_then(|all| all.iter().try_for_each(|one| db.execute(pid, one, &[], &[]).map(|_| ())));
    db.disconnect(pid);
    answer.err().map_or("00000", |fault| fault.code)
}

#[test]
fn every_statement_that_the_cockpit_sends_is_understood() {
    let mut db = database();
    db.pool(pool("web", 3, Work::Active));
    db.tick(at(1));
    let said =
        [("user", "mon"), ("database", "orders")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (pid, _) = db.connect(&BTreeMap::from(said), None, None).expect("a session");
    for sql in include_str!("asked.sql").lines() {
        let tokens = split(sql).expect(sql).remove(0);
        let (params, columns) = db.describe(pid, &tokens, &[]).expect(sql);
        if !params.is_empty() {
            continue;
        }
        let answer = db.execute(pid, &tokens, &[], &[]).expect(sql);
        if let Reply::Rows { columns: given, .. } = answer.reply
            && !sql.starts_with("SHOW")
        {
            assert_eq!(Some(given), columns, "{sql}");
        }
    }
}

#[test]
fn what_runbooks_and_profiles_ask_is_answered() {
    let runbooks = [
        include_str!("../../../assets/runbooks/database-connections.md"),
        include_str!("../../../assets/runbooks/database-slow.md"),
        include_str!("../../../assets/runbooks/backup-and-restore.md"),
        include_str!("../../../assets/runbooks/leaked-key.md"),
        include_str!("../../../assets/runbooks/replication-lag.md"),
        include_str!("../../../assets/runbooks/region-failover.md"),
        include_str!("../../../assets/runbooks/shift.md"),
        include_str!("../../../assets/profiles/devops-mcp.toml"),
        include_str!("../../../assets/profiles/lego-mcp.toml"),
        include_str!("../../../assets/profiles/legal-platform.toml"),
    ]
    .concat();
    let mut db = database();
    for name in ["contexts", "vector_embeddings", "api_keys"] {
        let columns = &[("id", "int8"), ("expires_at", "timestamptz"), ("revoked_at", "timestamptz")];
        db.table(&Table {
            database: "orders",
            name,
            columns,
            rows: 9,
            bytes: 9,
            dead: 0,
            bloat: 0,
            indexes: &[],
            scans: 0,
        });
    }
    let starts = ["SELECT ", "ANALYZE ", "ALTER ROLE <"];
    let asked = runbooks.split('"').filter(|text| starts.iter().any(|start| text.starts_with(start)));
    let mut count = 0;
    for sql in asked {
        let mut sql = sql.to_owned();
        for (name, value) in [
            ("<pid>", "1"),
            ("<table-name>", "orders"),
            ("<time-column>", "created_at"),
            ("<role>", "app"),
            ("<backend-start>", "2026-01-01"),
            ("<changed-at>", "2026-01-01"),
            ("<timeout>", "30s"),
        ] {
            sql = sql.replace(name, value);
        }
        let answer = db.query("postgres", "orders", &sql, true);
        assert!(answer.is_ok(), "{sql}: {answer:?}");
        count += 1;
    }
    assert!(count > 40, "{count}");
}

#[test]
fn a_full_server_refuses_in_its_own_words_and_keeps_slots_for_superusers() {
    let mut db = database();
    db.pool(pool("web", 30, Work::Idle));
    db.tick(at(1));
    let facts = db.facts();
    assert_eq!((facts.used, facts.usable, facts.refused_total), (17, 17, 13));
    let reserved = "remaining connection slots are reserved for non-replication superuser connections";
    assert!(ask(&mut db, "mon", "SELECT 1").contains(reserved));
    assert_eq!(ask(&mut db, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"), "17");
    for _ in 0..3 {
        let said = BTreeMap::from([("user".to_owned(), "postgres".to_owned())]);
        db.connect(&said, None, None).expect("a reserved slot");
    }
    assert!(ask(&mut db, "postgres", "SELECT 1").contains("sorry, too many clients already"));
    db.pool(pool("web", 2, Work::Idle));
    db.tick(at(3));
    assert_eq!(ask(&mut db, "mon", "SELECT 1"), "1");
}

#[test]
fn what_leaked_stays_gone_and_what_is_missed_comes_back() {
    let mut db = database();
    db.pool(Pool { leak: true, ..pool("leaky", 5, Work::Idle) });
    db.pool(pool("web", 5, Work::Idle));
    db.tick(at(1));
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app' \
        AND state = 'idle' AND state_change < now() - interval '10 minutes'";
    assert_eq!(ask(&mut db, "mon", end), "10");
    let deeds = db.deeds();
    assert_eq!(
        (deeds.len(), deeds[0].what, deeds[0].pids.len(), &*deeds[0].user),
        (1, "terminate", 10, "mon")
    );
    db.tick(at(2));
    assert_eq!(db.facts().by_application, [("web".to_owned(), 5)]);
    assert_eq!(ask(&mut db, "mon", end), "0", "those that came back have just begun");
}

#[test]
fn those_that_wait_go_on_when_the_root_ends() {
    let mut db = database();
    db.pool(pool("batch", 1, Work::InTransaction));
    let busy = Work::Busy { takes: 1.0, pause: 0.0 };
    db.pool(Pool { waits_for: Some("batch".into()), ..pool("web", 3, busy) });
    db.tick(at(1));
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE cardinality(pg_blocking_pids(pid)) > 0 AND wait_event_type = 'Lock'";
    assert_eq!((ask(&mut db, "mon", waiting).as_str(), db.facts().blocked), ("3", 3));
    let victims =
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE application_name = 'web'";
    assert_eq!(ask(&mut db, "mon", victims), "3");
    db.tick(at(2));
    assert_eq!(ask(&mut db, "mon", waiting), "3", "it does not help to end those that wait");
    let locks = "SELECT count(*) FROM pg_locks w JOIN pg_locks h ON h.transactionid = w.transactionid AND h.granted WHERE NOT w.granted";
    assert_eq!(ask(&mut db, "mon", locks), "3");
    let root = "SELECT pid FROM pg_stat_activity WHERE application_name = 'batch'";
    let pid = ask(&mut db, "mon", root);
    ask(&mut db, "mon", &format!("SELECT pg_cancel_backend({pid})"));
    db.tick(at(2));
    assert_eq!(ask(&mut db, "mon", waiting), "3", "who runs nothing has nothing that is cancelled");
    ask(&mut db, "mon", &format!("SELECT pg_terminate_backend({pid})"));
    db.tick(at(3));
    assert_eq!(ask(&mut db, "mon", waiting), "0");
    let works = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'web' AND state = 'active'";
    assert_eq!(ask(&mut db, "mon", works), "3", "they work again");
    assert_ne!(ask(&mut db, "mon", root), pid, "its application is back with another session");
}

#[test]
fn a_role_sees_and_ends_what_it_may() {
    let mut db = database();
    db.pool(pool("web", 1, Work::Active));
    db.tick(at(1));
    let seen = "SELECT query FROM pg_stat_activity WHERE usename = 'app'";
    assert_eq!(ask(&mut db, "plain", seen), "<insufficient privilege>");
    assert!(ask(&mut db, "mon", seen).starts_with("UPDATE orders"));
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'";
    assert_eq!(code(&mut db, "plain", end), "42501");
    assert_eq!(code(&mut db, "plain", "SELECT * FROM orders"), "42501");
    let said = BTreeMap::from([("user".to_owned(), "postgres".to_owned())]);
    let (own, _) = db.connect(&said, None, None).expect("a session");
    assert_eq!(code(&mut db, "mon", &format!("SELECT pg_terminate_backend({own})")), "42501");
    assert_eq!(
        code(&mut db, "postgres", "GRANT SELECT ON orders TO plain; GRANT pg_signal_backend TO plain"),
        "00000"
    );
    assert_eq!(code(&mut db, "plain", "SELECT * FROM orders"), "00000");
    assert_eq!(ask(&mut db, "plain", end), "t");
}

#[test]
fn mistakes_have_the_codes_of_the_real_server() {
    let mut db = database();
    for (sql, wanted) in [
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nothing FROM orders", "42703"),
        ("SELECT nothing(1)", "42883"),
        ("SELECT 1 + true", "42883"),
        ("CHOOSE 1", "42601"),
        ("SELECT FROM WHERE", "42601"),
        ("SELECT 'x'::int", "22P02"),
        ("SELECT 1 / 0", "22012"),
        ("SELECT id, count(*) FROM orders", "42803"),
        ("SELECT 1 FROM orders a, orders b WHERE id = 1", "42702"),
        ("LISTEN x", "0A000"),
        ("SHOW nothing", "42704"),
        ("SET max_connections = 5", "55P02"),
        ("BEGIN; SELECT 1 / 0; SELECT 1", "22012"),
        ("BEGIN; VACUUM", "25001"),
        ("SET default_transaction_read_only = on; DELETE FROM stock", "25006"),
        ("INSERT INTO stock VALUES (1, 2, now())", "23505"),
        ("DROP DATABASE orders", "55006"),
        ("SELECT (SELECT id FROM orders)", "21000"),
    ] {
        assert_eq!(code(&mut db, "app", sql), wanted, "{sql}");
    }
}

#[test]
fn queries_are_worked_out_as_the_real_server_does() {
    let mut db = database();
    for (sql, wanted) in [
        (
            "SELECT 100.0 * 47 / 197, round(2.5), 10 / 4, 10 / 4.0",
            "23.8578680203045685|3|2|2.5000000000000000",
        ),
        (
            "SELECT avg(x), sum(x), string_agg(x::text, ',' ORDER BY x DESC) FROM (VALUES (1), (2)) t (x)",
            "1.5000000000000000|3|2,1",
        ),
        (
            "SELECT interval '90 minutes', interval '1 day' * 2.5, date '2024-01-31' + interval '1 month'",
            "01:30:00|2 days 12:00:00|2024-02-29 00:00:00",
        ),
        ("SELECT age(timestamp '2024-03-01', timestamp '2023-01-15 10:00')", "1 year 1 mon 16 days 14:00:00"),
        ("SELECT pg_size_pretty(10240::bigint), pg_size_pretty(123456789012::bigint)", "10 kB|115 GB"),
        (
            "SELECT a, count(*) FILTER (WHERE b > 1) FROM (VALUES ('x', 1), ('x', 2), ('y', 3)) t (a, b) GROUP BY a HAVING count(*) > 1",
            "x|1",
        ),
        ("WITH t AS (SELECT 1 AS a UNION ALL SELECT 2) SELECT sum(a), (SELECT max(a) FROM t) FROM t", "3|2"),
        ("SELECT t.n, s.x FROM (VALUES (1)) t (n), LATERAL (SELECT t.n * 10 AS x) s", "1|10"),
        (
            "SELECT array['a', 'b c', null], 2 = ANY ('{1,2}'), '{1,2}'::int[] || 3",
            "{a,\"b c\",NULL}|t|{1,2,3}",
        ),
        ("SELECT 'a' || null IS NULL, null AND false, 1 IS DISTINCT FROM null, 3 NOT IN (1, null)", "t|f|t|"),
        ("SELECT pg_wal_lsn_diff('1/0', '0/0'), '0/16B3748'::pg_lsn", "4294967296|0/16B3748"),
        ("SELECT count(*) FROM generate_series(1, 300000)", "300000"),
    ] {
        assert_eq!(ask(&mut db, "app", sql), wanted, "{sql}");
    }
    let table = db.query("app", "orders", "SELECT 1 AS n, 'a' AS word", false);
    assert_eq!(table.as_deref(), Ok(" n | word \n---+------\n 1 | a\n(1 row)\n\n"));
}

#[test]
fn what_is_written_stays_unless_it_is_undone() {
    let mut db = database();
    assert_eq!(ask(&mut db, "app", "UPDATE stock SET n = 5 WHERE id < 3"), "UPDATE 2");
    assert_eq!(ask(&mut db, "app", "BEGIN; DELETE FROM stock; ROLLBACK"), "BEGIN\nDELETE 40\nROLLBACK");
    assert_eq!(code(&mut db, "app", "DELETE FROM stock; SELECT 1 / 0"), "22012");
    assert_eq!(ask(&mut db, "app", "SELECT count(*), min(n) FILTER (WHERE id < 3) FROM stock"), "40|5");
    assert_eq!(
        ask(
            &mut db,
            "app",
            "CREATE TABLE t (id int PRIMARY KEY, x text); INSERT INTO t (x) VALUES ('a'), ('b')"
        ),
        "CREATE TABLE\nINSERT 0 2"
    );
    assert_eq!(ask(&mut db, "app", "SELECT * FROM t ORDER BY id DESC"), "2|b\n1|a");
    let dead = "SELECT n_dead_tup, last_vacuum IS NULL FROM pg_stat_user_tables WHERE relname = 'stock'";
    assert_eq!(ask(&mut db, "app", dead), "11|t");
    ask(&mut db, "app", "VACUUM ANALYZE stock");
    assert_eq!(ask(&mut db, "app", dead), "0|f");
}

#[test]
fn parameters_take_effect_when_the_real_server_would_let_them() {
    let mut db = database();
    let system = "ALTER SYSTEM SET max_connections = 30; ALTER SYSTEM SET idle_session_timeout = '10min'; SELECT pg_reload_conf()";
    ask(&mut db, "postgres", system);
    assert_eq!(ask(&mut db, "mon", "SHOW max_connections; SHOW idle_session_timeout"), "20\n10min");
    db.pool(Pool { leak: true, ..pool("leaky", 4, Work::Idle) });
    db.tick(at(1));
    db.tick(at(2));
    assert_eq!(
        ask(
            &mut db,
            "mon",
            "SELECT count(*) FROM pg_stat_activity WHERE now() - backend_start > '15min' AND usename = 'app'"
        ),
        "0",
        "what is idle for longer is ended"
    );
    ask(&mut db, "postgres", "ALTER ROLE app SET statement_timeout = '30s'");
    assert_eq!(ask(&mut db, "app", "SHOW statement_timeout"), "30s");
    let again = "SET statement_timeout = 1; SET work_mem = '1MB'; DISCARD ALL";
    let shown = ask(&mut db, "app", &format!("{again}; SHOW statement_timeout; SHOW work_mem"));
    assert_eq!(shown, "SET\nSET\nDISCARD ALL\n30s\n4MB", "what it came with is in force again");
    assert_eq!(
        ask(&mut db, "mon", "SELECT rolconfig FROM pg_roles WHERE rolname = 'app'"),
        "{statement_timeout=30s}"
    );
}

#[test]
fn a_server_that_starts_anew_has_nobody_and_what_waited_for_it() {
    let mut db = database();
    ask(&mut db, "postgres", "ALTER SYSTEM SET max_connections = 30");
    db.pool(Pool { leak: true, ..pool("web", 4, Work::Active) });
    db.tick(at(1));
    db.running(false);
    assert!(ask(&mut db, "mon", "SELECT 1").contains("the database system is starting up"));
    db.running(true);
    assert_eq!((db.facts().used, db.facts().max), (0, 30));
    db.tick(at(5));
    assert_eq!(db.facts().used, 4, "its clients come back");
}

#[test]
fn a_standby_that_is_told_of_again_stays_connected() {
    let mut db = database();
    let seen = "SELECT pid, state, replay_lag FROM pg_stat_replication";
    let before = ask(&mut db, "mon", seen);
    let copy =
        Replica { name: "copy".into(), state: Some("streaming".into()), slot: true, ..Replica::default() };
    db.replica(Replica { lag: 9.0, behind: 1 << 31, ..copy.clone() });
    assert_eq!(ask(&mut db, "mon", seen), format!("{before}00:00:09"));
    db.replica(Replica { state: None, ..copy });
    assert_eq!(ask(&mut db, "mon", seen), "");
    let slot = "SELECT active FROM pg_replication_slots";
    assert_eq!(ask(&mut db, "mon", slot), "f");
    assert_eq!(ask(&mut db, "postgres", "SELECT pg_drop_replication_slot('copy')"), "");
    assert_eq!(ask(&mut db, "mon", slot), "");
}

#[test]
fn a_standby_says_how_far_it_is_behind_until_it_is_promoted() {
    let mut db = database();
    db.standby(Some(90.0));
    let behind =
        "SELECT pg_is_in_recovery(), extract(epoch FROM now() - pg_last_xact_replay_timestamp())::int";
    assert_eq!(ask(&mut db, "mon", behind), "t|90");
    assert_eq!(code(&mut db, "app", "DELETE FROM stock"), "25006");
    assert_eq!(ask(&mut db, "postgres", "SELECT pg_promote()"), "t");
    assert_eq!(ask(&mut db, "mon", behind), "f|");
}

#[test]
fn no_statement_is_too_much() {
    let mut db = database();
    let chain = format!("SELECT {}1", "1 + ".repeat(100_000));
    let nested = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let doubled = (0..30)
        .fold("SELECT 'xxxxxxxx' AS a".to_owned(), |sql, _| format!("SELECT a || a AS a FROM ({sql}) t"));
    let crossed = "SELECT count(*) FROM pg_attribute a, pg_attribute b, pg_attribute c".to_owned();
    let liked = format!("SELECT 'a'{}", " LIKE 'a'".repeat(20_000));
    for sql in
        [chain, nested, liked, doubled, crossed, "SELECT * FROM generate_series(1, 9000000000)".to_owned()]
    {
        let code = code(&mut db, "app", &sql);
        assert!(["54001", "54000", "53400"].contains(&code), "{code}: {}", sql.get(..60).unwrap_or(&sql));
    }
}
