//! `PostgreSQL` and Redis: the same conditions counted, and why they hit nothing.
use firedeck::commands::Lang;
use firedeck::commands::effect::Undo;

use super::{asks, effect, effect_of, failed, looked, looked_in, ok, says};

const TERMINATE: &str = "psql -h db -U admin shop -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' AND query_start < now() - interval '10 minutes'\"";

#[test]
fn connections_are_counted_by_client_state_and_user() {
    let groups = "12|10.0.0.7|idle|shop|web\n3|local|idle|report|\n";
    let found = effect(
        TERMINATE,
        &[
            ("GROUP BY 2", ok(groups)),
            ("FILTER (WHERE (state", ok("20|15|0|15|0|15|0|15|0\n")),
            ("UNION ALL", ok("")),
        ],
    );
    says(&found.hits, "15 connections would be ended");
    says(&found.hits, "12 of user shop, application web, from 10.0.0.7, idle");
    says(&found.hits, "3 of user report, from local, idle");
    assert_eq!(found.zero, None);
    let asked = &looked(TERMINATE).looks[0].ask;
    let start = "psql -XAtqw -v ON_ERROR_STOP=1 -h db -U admin shop -c 'BEGIN READ ONLY' -c 'SET LOCAL statement_timeout = 1500' -c ";
    assert!(asked.starts_with(start), "{asked}");
    assert!(asked.contains("pid <> pg_backend_pid()"), "{asked}");
}

#[test]
fn nothing_hit_says_which_condition_shuts_out_and_what_the_next_looser_would_hit() {
    let found = effect(
        TERMINATE,
        &[
            ("GROUP BY 2, 3, 4, 5 ORDER", ok("")),
            ("FILTER (WHERE (state", ok("17|15|0|0|0|0|17|15|15\n")),
            ("UNION ALL", ok("1|15|10.0.0.7|idle|shop|web\n1|2|10.0.0.9|idle|report|nightly\n")),
        ],
    );
    let zero = found.zero.expect("a reason");
    assert!(zero.starts_with("17 client connections, none matches"), "{zero}");
    assert!(zero.contains("is NULL for all 15 that match the rest"), "{zero}");
    assert!(
        zero.contains("it would hit 15 of user shop, application web, from 10.0.0.7, idle, and 2 others"),
        "{zero}"
    );
    assert!(found.hits.is_empty());
}

#[test]
fn one_connection_is_looked_at_by_its_number_and_an_unknown_form_is_not_counted() {
    let one = asks("psql -c 'SELECT pg_cancel_backend(4711)'");
    assert!(one[0].contains("WHERE (pid = 4711)"), "{one:#?}");
    for text in [
        "psql -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'x' LIMIT 5\"",
        "psql -c \"SELECT pg_terminate_backend(a.pid) FROM pg_stat_activity a JOIN pg_locks l ON l.pid = a.pid WHERE NOT l.granted\"",
        "psql -c \"SELECT pg_terminate_backend(pid) FROM idle_clients()\"",
    ] {
        let found = looked(text);
        assert!(found.looks.is_empty(), "{text}: {found:#?}");
        says(&found.said.unknown, "nothing is counted");
    }
}

#[test]
fn a_key_that_is_set_shows_what_it_holds_and_one_that_is_not_there_is_taken_away_again() {
    let key = |there: &str, holds: &str| {
        let answers = [("EXISTS flag", ok(there)), ("MEMORY", ok("72\n")), ("GET flag", ok(holds))];
        effect("redis-cli -h cache SET flag on", &answers)
    };
    let there = key("1\n", "off\n");
    assert_eq!((there.old_new[0].old.as_str(), there.old_new[0].new.as_str()), ("off", "on"));
    assert_eq!(there.undo, Some(Undo::Command("redis-cli -h cache SET flag off".to_owned())));
    let new = key("0\n", "\n");
    says(&new.hits, "key flag is not there: it is made");
    assert_eq!(new.zero, None);
    assert_eq!(new.undo, Some(Undo::Command("redis-cli -h cache DEL flag".to_owned())));
    let other = key("1\n", "WRONGTYPE Operation against a key holding the wrong kind of value\n");
    says(&other.unknown, "key flag holds something else than a text");
}

#[test]
fn a_range_is_one_condition_and_an_or_keeps_all_together() {
    let range = looked(
        "psql -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid BETWEEN 1 AND 9 AND state = 'idle' AND pid <> pg_backend_pid()\"",
    );
    let why = &range.looks[1].ask;
    assert!(why.contains("(pid BETWEEN 1 AND 9)") && why.contains("(state = "), "{why}");
    let either = looked(
        "psql -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle' OR usename = 'x'\"",
    );
    assert!(either.looks[1].ask.contains("OR usename = "), "{either:#?}");
}

#[test]
fn rows_are_counted_by_the_same_condition_with_a_limit_in_a_transaction_that_only_reads() {
    let text = "kubectl exec db-0 -n shop -- psql -U app -d shop -c \"DELETE FROM public.jobs j WHERE j.done AND j.at < now() - interval '7 days'\"";
    let asked = asks(text);
    assert!(
        asked[0].starts_with(
            "kubectl exec db-0 -n shop -- psql -XAtqw -v ON_ERROR_STOP=1 -U app -d shop -c 'BEGIN READ ONLY'"
        ),
        "{asked:#?}"
    );
    assert!(
        asked[0].contains("SELECT count(*) FROM (SELECT 1 FROM public.jobs j WHERE j.done AND j.at < now()"),
        "{asked:#?}"
    );
    assert!(asked[0].contains("LIMIT 100001"), "{asked:#?}");
    let found = effect(
        text,
        &[
            ("SELECT count", ok("1203\n")),
            ("pg_constraint", ok("key|lines|c\ntrigger|audit|\nkey|notes|a\n")),
        ],
    );
    says(&found.hits, "1,203 rows of public.jobs");
    says(&found.drops, "1,203 rows of public.jobs");
    says(&found.hits, "rows of lines that refer to public.jobs are deleted as well");
    says(&found.hits, "trigger audit may run on public.jobs");
    let many = effect(text, &[("SELECT count", ok("100001\n"))]);
    says(&many.hits, "more than 100,000 rows");
    let none = effect(text, &[("SELECT count", ok("0\n"))]);
    assert_eq!(none.zero.as_deref(), Some("no row of public.jobs matches"));
    let alone = effect(text, &[("SELECT count", ok("0\n")), ("pg_constraint", ok("key|lines|c\n"))]);
    assert!(alone.hits.is_empty() && alone.drops.is_empty(), "{alone:#?}");
    let slow =
        effect(text, &[("SELECT count", failed(1, "ERROR:  canceling statement due to statement timeout"))]);
    says(&slow.unknown, "statement timeout");
    assert_eq!(slow.zero, None);
}

#[test]
fn an_update_shows_the_values_that_it_overwrites() {
    let text = "psql shop -c \"UPDATE orders SET state = 'open' WHERE state = 'stuck'\"";
    let found = effect(text, &[("SELECT count(*) FROM", ok("7\n")), ("left(state::text", ok("7|stuck\n"))]);
    assert_eq!((found.old_new[0].old.as_str(), found.old_new[0].new.as_str()), ("stuck", "'open'"));
    says(&found.hits, "7 rows of orders");
    let other =
        looked("psql shop -c \"UPDATE orders o SET state = 'x' FROM customers c WHERE c.id = o.customer\"");
    assert!(other.looks.is_empty(), "{other:#?}");
}

#[test]
fn tables_that_go_or_are_rewritten_show_size_users_and_who_waits() {
    let size = ok("120000|73400320|4\n");
    let drop = effect(
        "psql shop -c 'DROP TABLE IF EXISTS old.orders CASCADE'",
        &[("pg_total_relation_size", size.clone())],
    );
    says(&drop.drops, "old.orders: about 120,000 rows, 70.0 MB");
    says(&drop.drops, "everything that hangs on it (CASCADE)");
    says(&drop.hits, "4 connections use old.orders now");
    let key = effect(
        "psql shop -c 'DROP TABLE orders'",
        &[("pg_constraint", ok("key|lines|c\nview|open_orders|\n"))],
    );
    says(&key.hits, "lines refers to orders: without CASCADE it refuses");
    says(&key.hits, "view open_orders is made of orders: without CASCADE it refuses");
    let emptied = effect("psql shop -c 'TRUNCATE orders CASCADE'", &[("pg_constraint", ok("key|lines|c\n"))]);
    says(&emptied.drops, "every row of lines");
    let vacuum = effect("psql shop -c 'VACUUM FULL orders'", &[("pg_total_relation_size", size.clone())]);
    says(&vacuum.hits, "orders: readers and writers wait until it ends");
    let index =
        effect("psql shop -c 'CREATE INDEX i ON orders (at)'", &[("pg_total_relation_size", size.clone())]);
    says(&index.hits, "orders: writers wait until it ends");
    let database = effect("dropdb -h db shop", &[("pg_database_size", ok("0|1073741824|3\n"))]);
    says(&database.drops, "database shop: 1.0 GB");
    says(&database.hits, "3 connections");
}

#[test]
fn a_setting_shows_old_and_new_whether_it_waits_for_a_restart_and_how_it_is_undone() {
    let text = "psql -c \"ALTER SYSTEM SET max_connections = '200'\"";
    let found = effect(
        text,
        &[("pg_settings", ok("max_connections|100|postmaster|f|/etc/postgresql/postgresql.conf\n"))],
    );
    assert_eq!((found.old_new[0].old.as_str(), found.old_new[0].new.as_str()), ("100", "200"));
    says(&found.hits, "max_connections counts from the next restart of the server on");
    assert_eq!(found.undo, Some(Undo::Command("psql -c 'ALTER SYSTEM RESET max_connections'".to_owned())));
    let again = effect(
        text,
        &[(
            "pg_settings",
            ok("max_connections|100|postmaster|t|/var/lib/postgresql/data/postgresql.auto.conf\n"),
        )],
    );
    assert_eq!(
        again.undo,
        Some(Undo::Command(r"psql -c 'ALTER SYSTEM SET max_connections = '\''100'\'''".to_owned()))
    );
    let hidden = looked("psql -c \"ALTER SYSTEM SET ssl_passphrase_command = 'x'\"");
    assert!(hidden.looks.iter().all(|look| !look.ask.contains("current_setting")), "{hidden:#?}");
}

#[test]
fn what_is_typed_into_a_console_is_asked_there() {
    let sql = looked_in("DELETE FROM jobs WHERE done;", Lang::Sql);
    assert_eq!(sql.looks[0].lang, Lang::Sql);
    assert!(sql.looks[0].ask.starts_with("SELECT count(*) FROM"), "{sql:#?}");
    let redis = looked_in("FLUSHALL", Lang::Redis);
    assert_eq!((redis.looks[0].lang, redis.looks[0].ask.as_str()), (Lang::Redis, "INFO keyspace"));
    let document = asks("psql -d shop <<'EOF'\nDELETE FROM jobs WHERE done;\nEOF");
    assert!(document[0].starts_with("psql -XAtqw -v ON_ERROR_STOP=1 -d shop -c"), "{document:#?}");
}

#[test]
fn flushing_says_how_many_keys_of_which_database_are_gone() {
    let info = "# Keyspace\r\ndb0:keys=1203441,expires=1200,avg_ttl=0\r\ndb2:keys=7,expires=0,avg_ttl=0\r\n";
    let all = effect(
        "redis-cli FLUSHALL",
        &[("INFO keyspace", ok(info)), ("INFO replication", ok("role:master\r\nconnected_slaves:2\r\n"))],
    );
    says(&all.drops, "database 0: 1,203,441 keys (1,200 of them expire by themselves)");
    says(&all.drops, "database 2: 7 keys");
    says(&all.hits, "2 replicas follow it, and lose the same keys");
    let one = effect("redis-cli -n 2 FLUSHDB", &[("INFO keyspace", ok(info))]);
    assert!(one.drops.iter().all(|line| !line.contains("database 0")), "{one:#?}");
    let empty = effect("redis-cli -n 5 FLUSHDB", &[("INFO keyspace", ok(info))]);
    assert_eq!(empty.zero.as_deref(), Some("database 5 holds no key"));
    let refused = effect("redis-cli FLUSHALL", &[("INFO keyspace", ok("NOAUTH Authentication required.\n"))]);
    assert_eq!(refused.zero, None);
    says(&refused.unknown, "NOAUTH");
}

#[test]
fn keys_are_looked_for_by_name_and_a_pattern_is_told() {
    let found = effect("redis-cli DEL session:1 session:2", &[("EXISTS session:1 session:2", ok("1\n"))]);
    says(&found.drops, "1 key of 2: session:1, session:2");
    let pattern = effect("redis-cli DEL 'session:*'", &[("EXISTS 'session:*'", ok("0\n"))]);
    says(&[pattern.zero.unwrap_or_default()], "the server takes a pattern for a name");
    let scanned = asks("redis-cli --scan --pattern 'session:*' | xargs redis-cli UNLINK");
    assert_eq!(scanned, ["redis-cli --scan --pattern 'session:*' | xargs -r redis-cli EXISTS"]);
}

#[test]
fn a_setting_of_redis_shows_old_and_new_and_what_a_lower_limit_evicts() {
    let memory = "used_memory:4294967296\r\nmaxmemory_policy:allkeys-lru\r\n";
    let found = effect(
        "redis-cli CONFIG SET maxmemory 2gb",
        &[("CONFIG GET maxmemory", ok("maxmemory\n8589934592\n")), ("INFO memory", ok(memory))],
    );
    assert_eq!((found.old_new[0].old.as_str(), found.old_new[0].new.as_str()), ("8589934592", "2gb"));
    says(&found.drops, "about 2.0 GB of keys");
    assert_eq!(found.undo, Some(Undo::Command("redis-cli CONFIG SET maxmemory 8589934592".to_owned())));
    let full = effect(
        "redis-cli CONFIG SET maxmemory 2gb",
        &[("INFO memory", ok("used_memory:4294967296\r\nmaxmemory_policy:noeviction\r\n"))],
    );
    says(&full.hits, "every write is refused");
    let secret = looked("redis-cli CONFIG SET requirepass new");
    assert!(secret.looks.iter().all(|look| !look.ask.contains("CONFIG GET")), "{secret:#?}");
}

#[test]
fn clients_that_are_cut_off_are_named() {
    let list = "id=3 addr=10.0.0.7:5001 name=web idle=10 user=default cmd=get\nid=4 addr=10.0.0.8:5001 name= idle=1 user=default cmd=client\n";
    let found = effect("redis-cli CLIENT KILL ID 3", &[("CLIENT LIST", ok(list))]);
    says(&found.hits, "client 3 web from 10.0.0.7:5001");
    assert_eq!(found.hits.len(), 1);
    let none = effect("redis-cli CLIENT KILL ADDR 10.0.0.9:1", &[("CLIENT LIST", ok(list))]);
    assert_eq!(none.zero.as_deref(), Some("none of 2 clients is meant"));
    let looks = looked("redis-cli CLIENT KILL TYPE normal");
    says(&effect_of(&looks, &[("CLIENT LIST", ok(list))]).unknown, "filter by type is not applied");
}

#[test]
fn a_condition_that_may_act_is_never_asked() {
    for text in [
        "psql shop -c \"DELETE FROM jobs WHERE archive(id)\"",
        "psql shop -c \"DELETE FROM jobs WHERE pg_sleep(60) IS NULL\"",
        "psql shop -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE note_it(pid)\"",
        "psql shop -c \"UPDATE jobs SET a = 1 WHERE id = nextval('s')\"",
    ] {
        let found = looked(text);
        assert!(found.looks.is_empty(), "{text}: {found:#?}");
        assert!(!found.said.unknown.is_empty(), "{text}");
    }
    let plain =
        looked("psql shop -c \"DELETE FROM jobs WHERE lower(name) = 'x' AND at < date_trunc('day', now())\"");
    assert!(plain.looks[0].ask.contains("SELECT count"), "{plain:#?}");
}
