//! An effect is never told smaller than it is.
use super::{effect, failed, looked, ok, says};

#[test]
fn nothing_is_hit_only_where_everything_was_looked_at() {
    let text = "rm /srv/yard/old.log; ./wipe.sh";
    let gone = "ls: cannot access '/srv/yard/old.log': No such file or directory";
    let seen = effect(text, &[("ls -ld", failed(2, gone))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
    says(&seen.hits, "no such file");
    assert!(!seen.unknown.is_empty(), "{seen:#?}");
    let seen = effect("rm /srv/yard/old.log", &[("ls -ld", failed(2, gone))]);
    assert!(seen.zero.is_some(), "{seen:#?}");
    let both = format!("{gone}\nls: cannot access '/root/b': Permission denied");
    let seen = effect("rm /srv/yard/old.log /root/b", &[("ls -ld", failed(2, &both))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
    says(&seen.unknown, "Permission denied");
}

#[test]
fn an_object_that_may_not_be_seen_is_not_missing() {
    let err = "Error from server (NotFound): deployments.apps \"a\" not found\nError from server (Forbidden): secrets \"b\" is forbidden";
    let seen = effect("kubectl delete deploy/a secret/b", &[("kubectl get", failed(1, err))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
    says(&seen.unknown, "Forbidden");
}

#[test]
fn more_than_is_looked_at_is_said() {
    for (text, words) in [
        ("kubectl drain n1 n2 n3 n4 n5 n6", "first 4 of 6 nodes"),
        ("kubectl delete ns a b c d", "first 3 of 4 namespaces"),
        ("psql -c 'TRUNCATE a, b, c, d, e, f, g, h, i, j'", "first 8"),
        ("psql -c 'DROP TABLE a, b, c, d, e, f, g, h, i, j'", "first 8"),
        ("cp a b c d e f g /srv/yard", "first 6 of 7 files"),
        ("helm uninstall a b c d e", "first 4 of 5 releases"),
    ] {
        says(&looked(text).said.unknown, words);
    }
}

#[test]
fn of_many_groups_of_connections_not_all_are_counted() {
    let text = "psql -c \"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle'\"";
    let rows = (0..20).map(|at| format!("2|10.0.0.{at}|idle|yard|crane")).collect::<Vec<_>>().join("\n");
    says(&effect(text, &[("GROUP BY 2", ok(&rows))]).hits, "at least 40 connections");
    let seen = effect(text, &[("GROUP BY 2", ok("what is this\n"))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
}

#[test]
fn a_table_that_was_never_counted_does_not_look_empty() {
    let text = "psql -c 'DROP TABLE crane'";
    let seen = effect(text, &[("reltuples", ok("-1|1073741824|0\n"))]);
    says(&seen.drops, "not counted");
    assert!(!seen.drops.iter().any(|line| line.contains("0 rows")), "{seen:#?}");
    let seen = effect(text, &[("reltuples", ok("a notice\n"))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
}

#[test]
fn the_database_that_was_selected_is_the_one_that_is_emptied() {
    let text = "redis-cli <<EOF\nSELECT 2\nFLUSHDB\nEOF";
    let keyspace = "# Keyspace\ndb0:keys=1,expires=0,avg_ttl=0\ndb2:keys=700,expires=0,avg_ttl=0\n";
    says(&effect(text, &[("INFO keyspace", ok(keyspace))]).drops, "database 2: 700 keys");
}

#[test]
fn what_a_server_says_instead_of_an_answer_is_no_empty_one() {
    let seen =
        effect("redis-cli FLUSHALL", &[("INFO keyspace", ok("DENIED Redis is running in protected mode\n"))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
    let seen = effect("redis-cli CLIENT KILL 10.0.0.7:1234", &[("CLIENT LIST", ok("DENIED\n"))]);
    assert_eq!(seen.zero, None, "{seen:#?}");
}

#[test]
fn a_line_that_is_not_looked_at_is_said() {
    let many = format!("redis-cli <<EOF\n{}FLUSHALL\nEOF", "GET a\n".repeat(14));
    says(&looked(&many).said.unknown, "first 12 of 15 lines");
    let quoted = "redis-cli <<EOF\nDEL a\nDEL \"b c\"\nEOF";
    says(&looked(quoted).said.unknown, "quotes");
    assert_eq!(effect(quoted, &[("EXISTS", ok("0\n"))]).zero, None);
}

#[test]
fn a_loop_that_asks_more_often_than_is_read_says_so() {
    let text = "for t in $(cat tables); do psql -c \"DELETE FROM $t WHERE old\"; done";
    let looks = looked(text);
    if looks.looks.iter().any(|look| look.ask.contains("count(*)")) {
        let rows = "1\n".repeat(60);
        says(&effect(text, &[("count(*)", ok(&rows))]).unknown, "more often");
    }
}

#[test]
fn with_its_definition_all_objects_of_a_kind_go() {
    let cells = ["CustomResourceDefinition", "<none>", "cranes.yard.io"];
    let row = cells.into_iter().chain(std::iter::repeat_n("<none>", 13)).collect::<Vec<_>>().join("   ");
    let seen = effect("kubectl delete crd cranes.yard.io", &[("kubectl get", ok(&format!("{row}\n")))]);
    says(&seen.drops, "every object of its kind");
}

#[test]
fn what_stands_on_a_disk_is_gone_with_it() {
    let disk = "brw-rw---- 1 root disk 8, 0 Jan  5 10:00 /dev/sda\n";
    for text in ["dd if=yard.img of=/dev/sda", "cat yard.img > /dev/sda"] {
        says(&effect(text, &[("ls -ld", ok(disk))]).drops, "everything on /dev/sda");
    }
    assert!(super::asks("rm crane.log > /dev/null").iter().all(|ask| !ask.contains("/dev/null")));
}

#[test]
fn a_look_starts_no_program_that_a_dry_run_would() {
    for text in [
        "rsync -a --rsync-path 'reboot; rsync' a/ host:b/",
        "rsync -a -e './tunnel.sh' a/ host:b/",
        "helm upgrade shop ./chart --post-renderer ./change.sh",
    ] {
        assert!(super::asks(text).iter().all(|ask| !ask.contains("--dry-run")), "{text}");
    }
    assert!(super::asks("rsync -a -e 'ssh -p 22' a/ host:b/").iter().any(|ask| ask.contains("--dry-run")));
}
