//! The server as clients see it: what it answers, what it refuses, and what it does when it is full.
use std::collections::BTreeMap;

use jiff::Timestamp;

use super::command::split;
use super::value::kind::{INT4, INT8, INTS, NAME, TEXT};
use super::value::shown;
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
    for name in ["orders", "mcp"] {
        db.base(name, "app", 1 << 20);
    }
    let dated = [("id", "int8"), ("expires_at", "timestamptz"), ("revoked_at", "timestamptz")];
    for (name, columns) in [
        ("orders", &[("id", "int8"), ("note", "text"), ("created_at", "timestamptz")]),
        ("stock", &[("id", "int8"), ("n", "int4"), ("created_at", "timestamptz")]),
        ("contexts", &dated),
        ("vector_embeddings", &dated),
        ("api_keys", &dated),
    ] {
        let indexes = &[columns[1].0];
        let (rows, bytes) = (40, 1 << 20);
        db.table(&Table {
            database: "orders",
            name,
            columns,
            rows,
            bytes,
            dead: 9,
            bloat: 5,
            indexes,
            scans: 3,
        });
    }
    db
}

/// What every statement of a text answers, as lines of cells, or the first refusal.
fn asked(db: &mut Database, user: &str, sql: &str) -> Result<String, (&'static str, String)> {
    let said =
        [("user", user), ("database", "orders")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let refused = |fault: value::Fault| (fault.code, fault.message);
    let (pid, _) = db.connect(&BTreeMap::from(said), None, None).map_err(refused)?;
    db.begin(pid, sql);
    let mut lines = Vec::new();
    let done = split(sql).and_then(|all| {
        all.iter().try_for_each(|one| {
            let answer = db.execute(pid, one, &[], &[])?;
            match answer.found {
                None => lines.push(answer.tag),
                Some((columns, rows)) => {
                    let cells = |row: &Vec<_>| {
                        row.iter().zip(&columns).map(|(value, (_, ty))| shown(value, *ty)).collect::<Vec<_>>()
                    };
                    lines.extend(rows.iter().map(|row| cells(row).join("|")));
                }
            }
            Ok(())
        })
    });
    db.finish(pid);
    db.disconnect(pid);
    done.map(|()| lines.join("\n")).map_err(refused)
}

pub fn ask(db: &mut Database, user: &str, sql: &str) -> String {
    asked(db, user, sql).unwrap_or_else(|(_, message)| message)
}

/// The code of what a statement is refused with.
fn code(db: &mut Database, user: &str, sql: &str) -> &'static str {
    asked(db, user, sql).err().map_or("00000", |(code, _)| code)
}

#[test]
fn every_statement_that_the_cockpit_sends_is_understood() {
    let mut db = database();
    db.pool(pool("web", 3, Work::Active));
    db.tick(at(1));
    let said =
        [("user", "mon"), ("database", "orders")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    let (pid, _) = db.connect(&BTreeMap::from(said), None, None).expect("a session");
    let parameters = [
        ("queryid = $1 AND", vec![INT8, NAME, NAME]),
        ("pid = ANY($1)", vec![INTS]),
        ("(extract(epoch FROM query_start) * 1000000)::int8 = $3", vec![INT4, TEXT, INT8]),
        ("backend_start = $2", vec![INT4, TEXT]),
        ("pid = $1", vec![INT4]),
        ("= $1::text::int8", vec![TEXT]),
        ("$1, false)", vec![TEXT]),
    ];
    for sql in include_str!("asked.sql").lines() {
        let tokens = split(sql).expect(sql).remove(0);
        let types =
            parameters.iter().find(|(part, _)| sql.contains(part)).map_or(vec![], |(_, types)| types.clone());
        let columns = db.describe(pid, &tokens, &types).expect(sql);
        if types.is_empty()
            && let Some((found, _)) = db.execute(pid, &tokens, &[], &[]).expect(sql).found
        {
            assert_eq!(Some(found), columns, "{sql}");
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
        include_str!("../../../assets/scenarios/shop.md"),
    ]
    .concat();
    let mut db = database();
    let starts = ["SELECT ", "ANALYZE ", "ALTER ROLE <"];
    let sent = runbooks.split('"').filter(|text| starts.iter().any(|start| text.starts_with(start)));
    // A slot is kept for a standby, and there is none.
    let sent: Vec<&str> = sent.filter(|sql| !sql.contains("pg_drop_replication_slot")).collect();
    for sql in &sent {
        let mut sql = (*sql).to_owned();
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
        let answer = asked(&mut db, "postgres", &sql);
        assert!(answer.is_ok(), "{sql}: {answer:?}");
    }
    assert!(sent.len() > 40, "{}", sent.len());
}

#[test]
fn a_full_server_refuses_in_its_own_words_and_keeps_slots_for_superusers() {
    let mut db = database();
    db.pool(pool("web", 30, Work::Idle));
    db.tick(at(1));
    let facts = db.facts();
    assert_eq!((facts.used, facts.usable, facts.refused_total), (17, 17, 13));
    let reserved = "remaining connection slots are reserved for non-replication superuser connections";
    assert_eq!(asked(&mut db, "mon", "SELECT 1"), Err(("53300", reserved.to_owned())));
    assert_eq!(ask(&mut db, "postgres", "SELECT count(*) FROM pg_stat_activity WHERE usename = 'app'"), "17");
    for _ in 0..3 {
        let said = BTreeMap::from([("user".to_owned(), "postgres".to_owned())]);
        db.connect(&said, None, None).expect("a reserved slot");
    }
    assert_eq!(ask(&mut db, "postgres", "SELECT 1"), "sorry, too many clients already");
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
    db.tick(at(901));
    let end = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE usename = 'app' \
        AND state = 'idle' AND state_change < now() - interval '10 minutes'";
    assert_eq!(ask(&mut db, "mon", end), "10");
    let deeds = db.deeds();
    assert_eq!((deeds.len(), deeds[0].what, &*deeds[0].text), (1, "terminate", end));
    db.tick(at(902));
    assert_eq!(db.facts().by_application, [("web".to_owned(), 5)]);
    assert_eq!(ask(&mut db, "mon", end), "0", "those that came back have just begun");
}

#[test]
fn those_that_wait_go_on_when_the_root_ends() {
    let mut db = database();
    db.pool(Pool { leak: true, ..pool("batch", 1, Work::InTransaction) });
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
    assert_eq!(ask(&mut db, "mon", root), "", "it is gone for good");
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
    assert_eq!(ask(&mut db, "mon", end), "t");
}

#[test]
fn mistakes_have_the_codes_of_the_real_server() {
    let mut db = database();
    for (sql, wanted) in [
        ("SELECT * FROM nowhere", "42P01"),
        ("SELECT nothing FROM orders", "42703"),
        ("SELECT nothing(1)", "42883"),
        ("SELECT 1 + true", "42883"),
        ("SELECT pid = 'a' OR pid = true FROM pg_locks", "42883"),
        ("CHOOSE 1", "42601"),
        ("SELECT FROM WHERE", "42601"),
        ("SELECT 'x'::int", "22P02"),
        ("SELECT 1 / 0", "22012"),
        ("SELECT id, count(*) FROM orders", "42803"),
        ("SELECT 1 FROM orders a, orders b WHERE id = 1", "42702"),
        ("LISTEN x", "0A000"),
        ("CREATE TABLE x (id int)", "0A000"),
        ("UPDATE stock SET n = 1", "0A000"),
        ("SHOW nothing", "42704"),
        ("SET max_connections = 5", "55P02"),
        ("BEGIN; SELECT 1 / 0; SELECT 1", "22012"),
        ("BEGIN; VACUUM", "25001"),
        ("BEGIN; DISCARD ALL", "25001"),
        ("SET default_transaction_read_only = on; DELETE FROM stock", "25006"),
        ("BEGIN READ ONLY; DELETE FROM stock", "25006"),
        ("SELECT (SELECT id FROM orders)", "21000"),
    ] {
        assert_eq!(code(&mut db, "app", sql), wanted, "{sql}");
    }
}

#[test]
fn queries_are_worked_out_as_the_real_server_does() {
    let mut db = database();
    for (sql, wanted) in [
        ("SELECT 100.0 * 3 / 8, round(2.5), 10 / 4, 10 / 4.0", "37.5|3|2|2.5"),
        ("SELECT sum(n), min(n), max(n), count(DISTINCT n > 500) FROM stock WHERE id <= 3", "222|37|111|1"),
        ("SELECT interval '90 minutes', interval '1 day' + interval '12:00:00'", "01:30:00|1 day 12:00:00"),
        ("SELECT pg_size_pretty(10239::bigint), pg_size_pretty(123456789012::bigint)", "10239 bytes|115 GB"),
        (
            "SELECT n > 70, count(*) FILTER (WHERE id > 1) FROM stock WHERE id < 4 GROUP BY 1 ORDER BY 1",
            "f|0\nt|2",
        ),
        ("SELECT n > 70 AS x FROM stock WHERE id < 4 GROUP BY n > 70 HAVING count(*) > 1", "t"),
        ("SELECT id FROM stock ORDER BY id DESC LIMIT 2", "40\n39"),
        ("SELECT 1 UNION ALL SELECT 2", "1\n2"),
        (
            "SELECT s.id, o.id FROM stock s LEFT JOIN orders o ON o.id = s.id AND o.id > 1 WHERE s.id < 3",
            "1|\n2|2",
        ),
        (
            "SELECT 2 = ANY (pg_blocking_pids(1)), 3 IN (1, 3), 'ab' LIKE 'a%', 'AB' ~* '^a', 2 BETWEEN 1 AND 3",
            "f|t|t|t|t",
        ),
        ("SELECT 'a' || null IS NULL, null AND false, 3 NOT IN (1, null)", "t|f|"),
        (
            "SELECT now() - interval '1 hour', '2027-01-15 08:00:01.5+00'::timestamptz",
            "2027-01-15 07:00:00+00|2027-01-15 08:00:01.5+00",
        ),
        (
            "SELECT CASE WHEN 1 > 2 THEN 'a' ELSE left('word', 3) END, coalesce(null, 3), nullif(1, 1)",
            "wor|3|",
        ),
    ] {
        assert_eq!(ask(&mut db, "app", sql), wanted, "{sql}");
    }
}

#[test]
fn parameters_hold_as_long_as_the_real_server_lets_them() {
    let mut db = database();
    ask(&mut db, "postgres", "ALTER ROLE app SET statement_timeout = '30s'");
    assert_eq!(ask(&mut db, "app", "SHOW statement_timeout"), "30s");
    let again = "SET statement_timeout = 1; SET work_mem = '1MB'; DISCARD ALL";
    let shown = ask(&mut db, "app", &format!("{again}; SHOW statement_timeout; SHOW work_mem"));
    assert_eq!(shown, "SET\nSET\nDISCARD ALL\n30s\n4MB", "what it came with is in force again");
    let local = "BEGIN; SET LOCAL work_mem = '1MB'; SHOW work_mem; COMMIT; SHOW work_mem";
    assert_eq!(ask(&mut db, "app", local), "BEGIN\nSET\n1MB\nCOMMIT\n4MB");
    let kept = "SELECT rolconfig FROM pg_roles WHERE rolname = 'app'";
    assert_eq!(ask(&mut db, "mon", kept), "{statement_timeout=30s}");
}

#[test]
fn a_table_that_is_cared_for_says_so() {
    let mut db = database();
    let dead = "SELECT n_dead_tup, last_vacuum IS NULL FROM pg_stat_user_tables WHERE relname = 'stock'";
    assert_eq!(ask(&mut db, "app", dead), "9|t");
    ask(&mut db, "app", "VACUUM ANALYZE stock");
    assert_eq!(ask(&mut db, "app", dead), "0|f");
    assert_eq!(code(&mut db, "plain", "VACUUM stock"), "42501");
}

#[test]
fn no_statement_is_too_much() {
    let mut db = database();
    let chain = format!("SELECT {}1", "1 + ".repeat(100_000));
    let nested = format!("SELECT {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let crossed = "SELECT count(*) FROM orders a, orders b, orders c, orders d".to_owned();
    let liked = format!("SELECT 'a'{}", " LIKE 'a'".repeat(20_000));
    let inside = format!("SELECT 1{}", " FROM (SELECT 1".repeat(500));
    for sql in [chain, nested, crossed, liked, inside] {
        let code = code(&mut db, "app", &sql);
        assert!(["54001", "53400"].contains(&code), "{code}: {}", sql.get(..60).unwrap_or(&sql));
    }
}
